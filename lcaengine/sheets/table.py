"""A table, declared once and written as CSV (RFC 4180, UTF-8 with byte-order mark) or as a sheet of a workbook.

Headers and bilingual texts come in Chinese, in English, or in both. Figures are unrounded numbers. A text that a
spreadsheet would take for a formula stays a text: in CSV behind an apostrophe, in a workbook as a text cell.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

Languages = tuple[Literal["zh", "en"], ...]
Row = Mapping[str, Any]

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how what a spreadsheet would calculate begins
LONGEST = 32_000  # UTF-16 units; a cell holds 32,767
WIDEST = 60
FORMATS = {"share": "0.0%", "moment": "yyyy-mm-dd hh:mm"}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: ``path`` leads from a row to the value (``total.value``); the unit stands in the header."""

    path: str
    zh: str
    en: str
    unit: str = ""
    kind: Literal["", "share", "moment"] = ""

    def title(self, languages: Languages, between: str = " ") -> str:
        names = between.join(getattr(self, language) for language in languages)
        return f"{names} ({self.unit})" if self.unit else names


@dataclass(frozen=True, slots=True)
class Table:
    """Columns under a title; ``name`` is that of the file."""

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]

    def title(self, languages: Languages) -> str:
        return " ".join(getattr(self, language) for language in languages)


@dataclass(frozen=True, slots=True)
class Filled:
    """A table with its rows, and what has to be said of them."""

    table: Table
    rows: Sequence[Row]
    notes: Sequence[Mapping[str, str]] = ()


def value_of(row: Any, path: str, languages: Languages) -> Any:
    """What stands in a row under a path: a number, a text (of both languages where they differ), or None."""
    for part in path.split("."):
        row = row.get(part) if isinstance(row, Mapping) else None
    return _plain(row, languages)


def _plain(value: Any, languages: Languages) -> Any:
    match value:
        case bool():
            return " ".join({"zh": "否是", "en": ("no", "yes")}[language][value] for language in languages)
        case Mapping():
            texts = [str(value[k]) for k in languages if value.get(k)] or [str(v) for v in value.values() if v][:1]
            return " / ".join(dict.fromkeys(texts)) or None
        case list() | tuple():
            return "; ".join(str(_plain(v, languages)) for v in value) or None
        case _:
            return value


def as_csv(filled: Filled, languages: Languages) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([c.title(languages) for c in filled.table.columns])
    for row in filled.rows:
        writer.writerow([_in_csv(value_of(row, c.path, languages)) for c in filled.table.columns])
    return b"\xef\xbb\xbf" + text.getvalue().encode("utf-8", "replace")


def _in_csv(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(FORMULA):
        return "'" + value
    return repr(value) if isinstance(value, float) else value


def as_xlsx(tables: Sequence[Filled], languages: Languages) -> bytes:
    """A workbook with one sheet per table: title, notes, header that stays in sight, rows."""
    from openpyxl import Workbook

    book = Workbook(write_only=False)
    book.remove(book.active)
    book.properties.creator = "lcaengine"
    for filled in tables:
        _write(book.create_sheet(_tab(filled.table.title(languages), book.sheetnames)), filled, languages)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _tab(title: str, taken: Iterable[str]) -> str:
    name = "".join(c for c in title if c not in "[]:*?/\\")[:31]
    assert name not in taken, name
    return name


def _write(tab: Any, filled: Filled, languages: Languages) -> None:
    from openpyxl.utils import get_column_letter

    from lcaengine.sheets.style import BLUE, WRAP, extent, fit_to_page, font, height, put_header

    tab.sheet_view.showGridLines = False
    columns = filled.table.columns
    values = [[_in_cell(value_of(row, c.path, languages), c) for c in columns] for row in filled.rows]
    shown = [[_shown(value, c) for value, c in zip(row, columns, strict=True)] for row in values]
    headers = [c.title(languages, "\n") for c in columns]
    widths = [_width(headers[i], (row[i] for row in shown), extent) for i in range(len(columns))]
    tab.cell(1, 1, filled.table.title(languages)).font = font(14, bold=True, color=BLUE)
    row = 2
    for note in filled.notes:
        cell = tab.cell(row, 1)
        cell.value, cell.data_type = str(_plain(note, languages)), "s"
        cell.font, cell.alignment = font(9, color="555555"), WRAP
        tab.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(columns))
        tab.row_dimensions[row].height = height([(cell.value, sum(widths))])
        row += 1
    for number, (header, width) in enumerate(zip(headers, widths, strict=True), start=1):
        put_header(tab.cell(row, number), header)
        tab.column_dimensions[get_column_letter(number)].width = width
    tab.row_dimensions[row].height = height(zip(headers, widths, strict=True)) + 4
    tab.freeze_panes = tab.cell(row + 1, 2)
    if values:
        tab.auto_filter.ref = f"A{row}:{get_column_letter(len(columns))}{row + len(values)}"
    fit_to_page(tab, row)
    looks: dict[tuple[str, bool], Any] = {}
    for at, entries in enumerate(values, start=row + 1):
        for number, (value, column) in enumerate(zip(entries, columns, strict=True), start=1):
            _put(tab.cell(at, number), value, column, looks)
        tab.row_dimensions[at].height = height(zip(shown[at - row - 1], widths, strict=True))


def _in_cell(value: Any, column: Column) -> Any:
    """A moment as a date (UTC, without a zone, as spreadsheets have it); a text as long as a cell holds."""
    if column.kind == "moment" and isinstance(value, str):
        return datetime.fromisoformat(value).astimezone(UTC).replace(tzinfo=None)
    if isinstance(value, str):
        value = "".join(c if c >= " " or c in "\n\t" else "\ufffd" for c in value)
        value = value.encode("utf-16-le", "replace").decode("utf-16-le")
        return value if len(value) <= LONGEST // 2 else f"{value[: LONGEST // 2]} … [{len(value) - LONGEST // 2}]"
    return value


def _shown(value: Any, column: Column) -> str:
    """About as wide as it is shown."""
    if isinstance(value, float):
        return f"{value:.1%}" if column.kind == "share" else f"{value:.5g}"
    return "" if value is None else str(value)


def _width(header: str, texts: Iterable[str], extent: Any) -> float:
    """As wide as the header's lines and, up to a limit, the texts."""
    longest = max((extent(line) for text in (header, *texts) for line in text.split("\n")), default=0)
    return float(min(max(longest + 3, 9), WIDEST))


def _put(cell: Any, value: Any, column: Column, looks: dict[tuple[str, bool], Any]) -> None:
    """A value in its cell; cells that look alike share one style, which is most of the time that a table takes."""
    from openpyxl.styles import Alignment

    from lcaengine.sheets.style import BOX, font, put_value

    quoted = isinstance(value, str) and value.startswith(FORMULA)
    form = (FORMATS.get(column.kind) or number_format(value)) if isinstance(value, (float, datetime)) else "General"
    look = (form, quoted)
    if look in looks:
        cell._style = looks[look]
    else:
        cell.font, cell.border, cell.number_format = font(), BOX, form
        cell.alignment = Alignment(vertical="top", wrap_text=True)
        cell.quotePrefix = quoted
        looks[look] = cell._style
    put_value(cell, value)


def number_format(value: float | datetime) -> str:
    """Five digits are shown; all of them stand in the cell."""
    if isinstance(value, datetime):
        return "yyyy-mm-dd"
    if value == 0 or not 1e-4 <= abs(value) < 1e9:
        return "0.0000E+00" if value else "General"
    whole = len(str(int(abs(value))))
    return "#,##0" if whole >= 5 else "#,##0." + "0" * (5 - whole if abs(value) >= 1 else 6)
