"""Writing the workbook of an installation: sheets, drop-down lists, guide."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from lcaengine.cbam.workbook_guide import write_guide
from lcaengine.cbam.workbook_layout import (
    FIRST_ROW,
    FORM_KEYS,
    GUIDE,
    HEADER_ROW,
    HELP_ROW,
    KEY_ROW,
    LISTS,
    TITLE_ROW,
    Column,
    Sheet,
    choices,
    entry,
    form_rows,
    sheets,
    tab_title,
    units,
)
from lcaengine.cbam.workbook_rows import Entry, Row, columns_of, rows_of
from lcaengine.problems import Language, Problem, Refused

EMPTY_ROWS = 15  # coloured for input below the last row
LIST_ROWS = 600  # as far down as the drop-down lists reach
OPEN_LISTS = ("routes", "technologies")  # the document takes others, too
MAX_TEXT = 32_000  # what a cell can hold
FIRST_DAY = date(1901, 1, 1)  # earlier ones are texts: spreadsheets count 29 February 1900
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # a spreadsheet reads _x0041_ as A
_FORMULA = ("=", "+", "-", "@", "\t")

BLUE, GREY, YELLOW, LINE = "1F4E79", "F2F2F2", "FFF8E1", "BFBFBF"
THIN = Side(style="thin", color=LINE)
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
INPUT = PatternFill("solid", fgColor=YELLOW)
HEAD = PatternFill("solid", fgColor=BLUE)
PALE = PatternFill("solid", fgColor=GREY)
WRAP = Alignment(wrap_text=True, vertical="top")
CENTRE = Alignment(wrap_text=True, vertical="center", horizontal="center")
WIDTHS = {"number": 14, "signed": 14, "share": 13, "percent": 13, "date": 13, "unit": 15, "choice": 24, "yes_no": 14,
          "reference": 18, "any": 16, "list": 26, "text": 22}  # fmt: skip
FORM_WIDTHS = (38, 44, 15, 64, 34)
FORM_HEADERS = {
    "item": ("项目", "Item"), "value": ("数值", "Value"), "unit": ("单位", "Unit"), "about": ("说明", "Explanation"),
    "key": ("键（请勿改动）", "Key (do not change)"),
}  # fmt: skip


def written(document: Mapping[str, Any], language: Language) -> bytes:
    """The bytes of the workbook; raises `Refused` with every value that cannot be written."""
    rows = rows_of(document)
    writer = _Writer(language)
    for sheet in sheets().values():
        writer.write(sheet, rows[sheet.id])
    if writer.problems:
        raise Refused(writer.problems)
    write_guide(writer.guide, language)
    writer.hide_lists()
    out = io.BytesIO()
    writer.book.save(out)
    return out.getvalue()


class _Writer:
    def __init__(self, language: Language) -> None:
        self.language = language
        self.problems: list[Problem] = []
        self.book = Workbook()
        self.book.properties.creator = "lcaengine"
        self.book.properties.title = "CBAM installation workbook"
        self.guide = self.book.active
        self.guide.title = tab_title(GUIDE, language)
        self.lists = self.book.create_sheet(tab_title(LISTS, language))
        self.ranges: dict[tuple[str, ...], str] = {}

    def write(self, sheet: Sheet, rows: Sequence[Row]) -> None:
        tab = self.book.create_sheet(sheet.title(self.language), len(self.book.sheetnames) - 1)
        tab.sheet_properties.tabColor = "2E7D32" if sheet.shape == "form" else BLUE
        tab.sheet_view.showGridLines = False
        if sheet.shape == "form":
            self._form(tab, sheet, rows[0] if rows else {})
        else:
            self._table(tab, sheet, rows)
        self._print(tab)

    # -- parts of a sheet

    def _heading(self, tab: Any, sheet: Sheet, width: int) -> None:
        titles = (sheet.zh, sheet.en) if self.language == "zh" else (sheet.en, sheet.zh)
        tab.cell(TITLE_ROW, 1, "  ".join(titles)).font = Font(bold=True, size=14, color=BLUE)
        texts = (sheet.help_zh, sheet.help_en) if self.language == "zh" else (sheet.help_en, sheet.help_zh)
        note = tab.cell(HELP_ROW, 1, "\n".join(texts))
        note.alignment, note.font = WRAP, Font(size=9, color="555555")
        tab.merge_cells(start_row=HELP_ROW, end_row=HELP_ROW, start_column=1, end_column=max(2, min(width, 8)))
        tab.row_dimensions[HELP_ROW].height = 56
        tab.row_dimensions[HEADER_ROW].height = 48
        tab.row_dimensions[KEY_ROW].height = 12

    def _header(self, tab: Any, number: int, names: tuple[str, str], key: str, *, required: bool = False) -> None:
        lines = names if self.language == "zh" else names[::-1]
        head = tab.cell(HEADER_ROW, number, "\n".join(lines) + (" *" if required else ""))
        head.fill, head.font, head.alignment, head.border = HEAD, Font(bold=True, color="FFFFFF"), CENTRE, BOX
        mark = tab.cell(KEY_ROW, number, key)
        mark.fill, mark.font, mark.border = PALE, Font(size=7, italic=True, color="808080"), BOX

    def _form(self, tab: Any, sheet: Sheet, row: Row) -> None:
        self._heading(tab, sheet, len(FORM_KEYS))
        for number, (key, width) in enumerate(zip(FORM_KEYS, FORM_WIDTHS, strict=True), start=1):
            self._header(tab, number, FORM_HEADERS[key], key)
            tab.column_dimensions[get_column_letter(number)].width = width
        for at, (key, value, unit) in enumerate(form_rows(sheet), start=FIRST_ROW):
            lines = (value.zh, value.en) if self.language == "zh" else (value.en, value.zh)
            item = tab.cell(at, 1, "\n".join(lines) + (" *" if value.required else ""))
            item.alignment, item.font, item.border = WRAP, Font(bold=True), BOX
            self._input(tab, at, 2, value, row.get(value.key))
            self._validate(tab, value, f"B{at}")
            if unit is not None:
                self._input(tab, at, 3, unit, row.get(unit.key))
                self._validate(tab, unit, f"C{at}")
            about = tab.cell(at, 4, f"{self._help(value)} [{value.law}]")
            about.alignment, about.font, about.border = WRAP, Font(size=9, color="555555"), BOX
            mark = tab.cell(at, 5, key)
            mark.fill, mark.font, mark.border = PALE, Font(size=7, italic=True, color="808080"), BOX
            tab.row_dimensions[at].height = 32
        tab.freeze_panes = tab.cell(FIRST_ROW, 2)

    def _table(self, tab: Any, sheet: Sheet, rows: Sequence[Row]) -> None:
        columns = columns_of(sheet, rows)
        self._heading(tab, sheet, len(columns))
        for number, column in enumerate(columns, start=1):
            self._header(tab, number, (column.zh, column.en), column.key, required=column.required)
            letter = get_column_letter(number)
            tab.column_dimensions[letter].width = WIDTHS[column.kind]
            self._validate(tab, column, f"{letter}{FIRST_ROW}:{letter}{max(LIST_ROWS, FIRST_ROW + len(rows))}")
            for at in range(FIRST_ROW, FIRST_ROW + len(rows) + EMPTY_ROWS):
                row = rows[at - FIRST_ROW] if at - FIRST_ROW < len(rows) else {}
                self._input(tab, at, number, column, row.get(column.key))
        tab.freeze_panes = tab.cell(FIRST_ROW, 2)

    def _print(self, tab: Any) -> None:
        tab.page_setup.orientation, tab.page_setup.paperSize = "landscape", tab.PAPERSIZE_A4
        tab.page_setup.fitToWidth, tab.page_setup.fitToHeight = 1, 0
        tab.sheet_properties.pageSetUpPr.fitToPage = True
        tab.print_title_rows = f"{HEADER_ROW}:{HEADER_ROW}"

    # -- cells

    def _input(self, tab: Any, row: int, number: int, column: Column, given: Entry | None) -> None:
        cell = tab.cell(row, number)
        cell.fill, cell.border = INPUT, BOX
        cell.alignment = Alignment(vertical="top", wrap_text=column.kind in {"text", "list"})
        cell.number_format = {"date": "yyyy-mm-dd", "text": "@", "reference": "@"}.get(column.kind, "General")
        if given is not None:
            self._set(cell, column, given)

    def _set(self, cell: Any, column: Column, given: Entry) -> None:
        value = _cell_value(column, given.value, self.language)
        if isinstance(value, Problem):
            self.problems.append(Problem(value.code, given.where, value.values))
            return
        cell.value = value
        if isinstance(value, str):
            cell.data_type = "s"  # a text that looks like a formula stays a text
            cell.quotePrefix = value.startswith(_FORMULA)

    def _help(self, column: Column) -> str:
        return column.help_zh if self.language == "zh" else column.help_en

    def _validate(self, tab: Any, column: Column, cells: str) -> None:
        rule = self._rule(column)
        if rule is None:
            return
        rule.promptTitle, rule.prompt = (column.zh if self.language == "zh" else column.en)[:32], self._help(column)[:250]
        rule.showInputMessage = rule.showErrorMessage = rule.allow_blank = True
        rule.add(cells)
        tab.add_data_validation(rule)

    def _rule(self, column: Column) -> DataValidation | None:
        match column.kind:
            case "choice":
                listed = tuple(entry(k, v, self.language) for k, v in choices(column.choices).items())
                style = "information" if column.choices in OPEN_LISTS else "stop"
                return DataValidation(type="list", formula1=self._range(column.choices, listed), errorStyle=style)
            case "yes_no":
                listed = tuple(entry(k, v, self.language) for k, v in choices("yes_no").items())
                return DataValidation(type="list", formula1=self._range("yes_no", listed), errorStyle="stop")
            case "unit":
                return DataValidation(
                    type="list", formula1=self._range("", units(column.choices)), errorStyle="information"
                )
            case "reference":
                other = quote_sheetname(sheets()[column.sheet].title(self.language))
                area = f"{other}!$A${FIRST_ROW}:$A${LIST_ROWS}"
                return DataValidation(type="list", formula1=area, errorStyle="warning")
            case "share":
                return DataValidation(type="decimal", operator="between", formula1="0", formula2="1", errorStyle="stop")
            case "percent":
                return DataValidation(type="decimal", operator="between", formula1="1", formula2="100", errorStyle="stop")
            case "number":
                return DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0", errorStyle="stop")
            case "signed":
                return DataValidation(type="decimal", operator="between", formula1="-180", formula2="180", errorStyle="stop")
            case "date":
                return DataValidation(type="date", operator="greaterThan", formula1="36526", errorStyle="stop")
            case _:
                return DataValidation()  # only its prompt

    def _range(self, name: str, listed: tuple[str, ...]) -> str:
        """The range of the hidden sheet that holds a drop-down list."""
        if listed not in self.ranges:
            number = len(self.ranges) + 1
            self.lists.cell(1, number, name or "units").font = Font(bold=True)
            for row, text in enumerate(listed, start=2):
                self.lists.cell(row, number, text)
            letter = get_column_letter(number)
            self.ranges[listed] = f"{quote_sheetname(self.lists.title)}!${letter}$2:${letter}${len(listed) + 1}"
        return self.ranges[listed]

    def hide_lists(self) -> None:
        self.lists.sheet_state = "hidden"
        self.book.active = 0


def _cell_value(column: Column, value: Any, language: str) -> Any:
    """What stands in the cell, or the problem why nothing can."""
    if column.kind == "list" and isinstance(value, list):
        if any(not isinstance(v, str) or re.search("[;；]", v) for v in value):
            return Problem("cbam_workbook_no_place", values={"field": column.key})
        value = "; ".join(_labelled("choice", column.choices, v, language) for v in value)
    if isinstance(value, bool):
        return ("yes", "no")[not value] if column.kind == "yes_no" else value
    if isinstance(value, (int, float)):
        return value if math.isfinite(value) else Problem("not_finite", values={"value": value})
    if not isinstance(value, str):
        return Problem("cbam_workbook_no_place", values={"field": column.key})
    if column.kind == "date" and (day := _day(value)):
        return day
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROL.search(text) or len(text) > MAX_TEXT:
        return Problem("cbam_workbook_character", values={"field": column.key})
    flow = "choice" if column.key == "flow" and column.kind == "choice" else column.kind
    return _ESCAPE.sub("_x005F_", _labelled(flow, column.choices, text, language))


def _labelled(kind: str, name: str, value: str, language: str) -> str:
    """An enumeration with its label."""
    if kind == "choice" and value in choices(name):
        return entry(value, choices(name)[value], language)
    return value


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= FIRST_DAY and day.isoformat() == text else None
