"""A workbook whose every text is a text: formats, cells, print setup. `xlsx_statement` and `xlsx_report` fill it."""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from lcaengine.problems import Problem, Refused
from lcaengine.statements.xlsx_numbers import (
    Exact,
    Languages,
    exact_format,
    exponent,
    number_format,
    rounded,
    share_format,
)

Cells = Any  # a worksheet of XlsxWriter, which has no types

FONT = "Microsoft YaHei"  # has Latin and Chinese, on Windows and with Office for Mac; LibreOffice takes a Noto CJK font
BLUE, BAND, PALE, LINE = "#1F4E79", "#DDEBF7", "#F2F2F2", "#BFBFBF"
DATES = {"zh": 'yyyy"年"m"月"d"日"', "en": "[$-409]d mmm yyyy", "both": "yyyy-mm-dd"}
A4 = 9
LONGEST = 32_000  # UTF-16 units; a cell holds 32,767
BASE = {"font_name": FONT, "font_size": 10, "valign": "top", "bottom": 1, "bottom_color": "#E7E6E6"}
NUMBER = {"align": "right", "indent": 1}
LINE_HEIGHT = 13.5  # points of a line of type
HIGHEST = 400.0  # points; a row has at most 409
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def shown(text: Mapping[str, Any] | str | None, language: Languages) -> str:
    """A text in the language asked for (Chinese above English for both); the other one where it is missing."""
    if text is None or isinstance(text, str):
        return text or ""
    wanted = ("zh", "en") if language == "both" else (language,)
    found = [str(text[k]) for k in wanted if text.get(k)] or [str(v) for v in text.values() if v][:1]
    return "\n".join(dict.fromkeys(found))


def clean(text: str) -> str:
    """What a cell can hold: no lone surrogates, not longer than a cell (and it says so)."""
    text = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if len(text.encode("utf-16-le")) // 2 <= LONGEST:
        return text
    return text[: LONGEST // 2] + f" … [{len(text) - LONGEST // 2}]"


class Book:
    """One workbook in one language or both; texts are given as ``{"zh", "en"}`` or as they are."""

    def __init__(self, language: Languages, digits: int = 3) -> None:
        """Raises `Refused` where XlsxWriter (extra ``documents``) is not installed."""
        try:
            import xlsxwriter
        except ImportError as error:
            raise Refused(Problem("statement_no_typesetter", "", {"library": "XlsxWriter"})) from error
        self.language, self.digits = language, digits
        self._out = io.BytesIO()
        options = {"in_memory": True, "default_format_properties": {"font_name": FONT, "font_size": 10}}
        self._book = xlsxwriter.Workbook(self._out, options)
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}
        self._sheets: list[Sheet] = []

    def close(self) -> bytes:
        for sheet in self._sheets:
            sheet.fit_rows()
        self._book.close()
        return self._out.getvalue()

    def style(self, **properties: Any) -> Any:
        """A cell format, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(BASE | properties)
        return self._formats[key]

    def show(self, text: Mapping[str, Any] | str | None) -> str:
        return shown(text, self.language)

    def properties(self, title: str, author: str, identifier: str, created: str) -> None:
        """Title, author and day of issue; without a day the file would hold the time of writing and never be the same twice."""
        texts = {"title": title, "author": author, "company": author, "keywords": identifier, "comments": "lcaengine"}
        moment = moment_of(created) or datetime(2026, 1, 1, tzinfo=UTC)
        self._book.set_properties(
            {k: _printable(v)[:255] for k, v in texts.items()} | {"created": moment.replace(tzinfo=None)}
        )

    def name(self, name: str, place: str) -> None:
        """A defined name for a place such as ``='Stages'!$C$5``."""
        self._book.define_name(name, "=" + place)

    def bar_chart(self) -> Any:
        return self._book.add_chart({"type": "bar"})

    def sheet(self, title: Mapping[str, str], widths: Sequence[float], identifier: str, *, landscape: bool) -> Sheet:
        """A sheet for A4, as wide as the page, with the identifier and page numbers below."""
        name = self.show(title).replace("\n", " ")
        cells = self._book.add_worksheet(name)
        for column, width in enumerate(widths):
            cells.set_column(column, column, width, self.style(bottom=0))
        cells.set_paper(A4)
        cells.fit_to_pages(1, 0)
        cells.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        if landscape:
            cells.set_landscape()
        cells.hide_gridlines(2)
        cells.set_footer(f"&L&8 {_printable(identifier)[:100].replace('&', '&&')}&R&8 &P / &N")
        self._sheets.append(Sheet(self, cells, name, widths))
        return self._sheets[-1]


class Sheet:
    """Cells by row and column, both from 0."""

    def __init__(self, book: Book, cells: Cells, name: str, widths: Sequence[float]) -> None:
        self.book, self.cells, self.name, self.widths = book, cells, name, widths
        self.heights: dict[int, float] = {}  # of rows, in points

    def fit_rows(self) -> None:
        """Rows as high as their texts; not all spreadsheet programs do so by themselves."""
        for row, height in self.heights.items():
            self.cells.set_row(row, min(height, HIGHEST))

    def _fit(self, row: int, text: str, width: float) -> None:
        lines = sum(max(1, math.ceil(extent(part) / (width - 1))) for part in text.split("\n"))
        tall = 1.0 if text.isascii() else 1.12  # Chinese type needs more room
        self.heights[row] = max(self.heights.get(row, 0.0), lines * LINE_HEIGHT * tall + 1)

    def letter(self, column: int) -> str:
        from xlsxwriter.utility import xl_col_to_name

        return str(xl_col_to_name(column))

    def place(self, row: int, column: int, last_row: int | None = None) -> str:
        """An absolute address with the sheet's name, for defined names."""
        from xlsxwriter.utility import quote_sheetname, xl_range_abs, xl_rowcol_to_cell

        at = xl_rowcol_to_cell(row, column, row_abs=True, col_abs=True)
        if last_row is not None:
            at = xl_range_abs(row, column, last_row, column)
        return f"{quote_sheetname(self.name)}!{at}"

    def text(self, row: int, column: int, text: Mapping[str, Any] | str | None, **properties: Any) -> None:
        """A text, never a formula, a link or markup: also when somebody edits the cell."""
        value = clean(self.book.show(text))
        if self.book.language == "both" and extent(value) < self.widths[column]:
            value = value.replace("\n", "  ")
        if not value:
            self.cells.write_blank(row, column, None, self.book.style(**properties))
            return
        if properties.get("text_wrap", True) and not properties.pop("merged", False):
            self._fit(row, value, self.widths[column])
        style = self.book.style(
            **{"text_wrap": True, **properties}, **({"quote_prefix": True} if value.startswith(_FORMULA) else {})
        )
        if value.startswith("<r>") and value.endswith("</r>"):  # XlsxWriter would take it for markup of its own
            self.cells.write_rich_string(row, column, value[0], value[1], value[2:], style)
        else:
            self.cells.write_string(row, column, value, style)

    def merged(self, row: int, first: int, last: int, text: Mapping[str, Any] | str, **properties: Any) -> None:
        """A text over several columns."""
        self.cells.merge_range(row, first, row, last, None, self.book.style(text_wrap=True, **properties))
        self.text(row, first, text, merged=True, **properties)
        self._fit(row, self.book.show(text), sum(self.widths[first : last + 1]))

    def number(self, row: int, column: int, value: float | None, **properties: Any) -> None:
        """A figure in as many digits as the book allows, or in the ``num_format`` given; the unrounded one stands in the cell."""
        if value is None:
            self.cells.write_blank(row, column, None, self.book.style(**properties))
            return
        digits = self.book.digits
        if "num_format" not in properties and value and exponent(value, digits) >= digits:
            places = digits - 1 - exponent(value, digits)
            self.formula(row, column, f"=ROUND({value!r},{places})", rounded(value, digits), **properties)
            return
        properties = {"num_format": number_format(value, digits, self.book.language)} | NUMBER | properties
        self.cells.write_number(row, column, Exact(value), self.book.style(**properties))

    def exact(self, row: int, column: int, value: float, formula: str = "", **properties: Any) -> None:
        """What is calculated with: the unrounded value or a formula for it, in a column that is folded away."""
        properties = (
            {"num_format": exact_format(value, self.book.digits), "font_color": "#595959"} | NUMBER | properties
        )
        if formula:
            self.cells.write_formula(row, column, formula, self.book.style(**properties), value)
        else:
            self.cells.write_number(row, column, Exact(value), self.book.style(**properties))

    def rounded(self, row: int, column: int, cell: str, value: float, **properties: Any) -> None:
        """Another cell, rounded by a formula to the digits that the book allows."""
        formula = f"=IF({cell}=0,0,ROUND({cell},digits-1-INT(LOG10(ABS({cell})))))"
        self.formula(row, column, formula, rounded(value, self.book.digits), **properties)

    def share(self, row: int, column: int, value: float | None, **properties: Any) -> None:
        self.number(row, column, value, **({"num_format": share_format(value or 0.0, self.book.digits)} | properties))

    def formula(self, row: int, column: int, formula: str, value: float | None, **properties: Any) -> None:
        """A formula with the value that it has now; None where it gives an empty text."""
        form = number_format(value or 0.0, self.book.digits, self.book.language)
        style = self.book.style(**({"num_format": form} | NUMBER | properties))
        self.cells.write_formula(row, column, formula, style, "" if value is None else value)

    def fold(self, first: int, last: int) -> None:
        """Columns folded away: a click on the + above them shows them."""
        for column in range(first, last + 1):
            width = self.widths[column]
            self.cells.set_column(column, column, width, self.book.style(bottom=0), {"level": 1, "hidden": True})
        self.cells.set_column(last + 1, last + 1, 9, self.book.style(bottom=0), {"collapsed": True})

    def day(self, row: int, column: int, text: str, **properties: Any) -> None:
        """A date in the form of the language; a text where it is no date. A time of day is said to be UTC."""
        moment = moment_of(text)
        if moment is None:
            return self.text(row, column, text, **properties)
        form = DATES[self.book.language] + (' hh:mm "UTC"' if "T" in text else "")
        style = self.book.style(**{"align": "left", "num_format": form, **properties})
        self.cells.write_datetime(row, column, moment.replace(tzinfo=None), style)
        return None

    def head(self, title: Mapping[str, Any] | str, note: Mapping[str, Any] | str) -> None:
        """Title and note in rows 0 and 1, as wide as the sheet."""
        self.text(
            0, 0, _one_line(self.book.show(title)), bold=True, font_size=14, font_color=BLUE, text_wrap=False, bottom=0
        )
        self.heights[0] = 24.0
        self.merged(1, 0, len(self.widths) - 1, note, font_color="#595959", bottom=0)

    def header(
        self, row: int, labels: Sequence[Mapping[str, Any] | str], right: Iterable[int] = (), *, freeze: bool = True
    ) -> None:
        """The header of a table: repeated on every page, kept in sight; ``right`` are the columns of numbers."""
        style = {
            "bold": True,
            "font_color": "#FFFFFF",
            "bg_color": BLUE,
            "border": 1,
            "border_color": LINE,
            "valign": "vcenter",
        }
        for column, label in enumerate(labels):
            self.text(row, column, label, **style, **(NUMBER if column in right else {"align": "left"}))
        if freeze:
            self.cells.freeze_panes(row + 1, 0)
            self.cells.repeat_rows(row)

    def band(self, row: int, label: Mapping[str, Any] | str, columns: int) -> None:
        """The heading of a group of rows."""
        for column in range(columns):
            self.text(
                row,
                column,
                _one_line(self.book.show(label)) if column == 0 else None,
                bold=True,
                bg_color=BAND,
                text_wrap=False,
            )


def moment_of(text: str) -> datetime | None:
    """A date or moment of ISO 8601, in UTC."""
    try:
        found = (
            datetime.fromisoformat(text)
            if "T" in text
            else datetime.combine(date.fromisoformat(text), datetime.min.time())
        )
    except ValueError:
        return None
    return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)


def extent(text: str) -> int:
    """Columns of type: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _one_line(text: str) -> str:
    return text.replace("\n", "  ")


def _printable(text: str) -> str:
    """For properties and footers, where a control character would break the file."""
    return "".join(c for c in clean(text) if c.isprintable())
