"""Writing the workbook of an installation: sheets, drop-down lists, guide."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from lcaengine.cbam.workbook.cells import cell_value
from lcaengine.cbam.workbook.guide import write_guide
from lcaengine.cbam.workbook.layout import (
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
from lcaengine.cbam.workbook.rows import Entry, Row, columns_of, rows_of
from lcaengine.problems import Language, Problem, Refused
from lcaengine.sheets.style import (
    BLUE,
    BOX,
    GREEN,
    INPUT,
    PALE,
    WRAP,
    fit_to_page,
    font,
    height,
    put,
    put_header,
    put_key,
    put_value,
)

EMPTY_ROWS = 15  # coloured for input below the last row
LIST_ROWS = 600  # as far down as the drop-down lists reach
OPEN_LISTS = ("routes", "technologies")  # the document takes others, too

WIDTHS = {"number": 14, "signed": 14, "share": 13, "percent": 13, "date": 13, "unit": 15, "choice": 26, "yes_no": 14,
          "reference": 18, "any": 16, "list": 28, "text": 26}  # fmt: skip
WRAPPED = ("text", "list", "choice", "any")
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
        tab.sheet_properties.tabColor = GREEN if sheet.shape == "form" else BLUE
        tab.sheet_view.showGridLines = False
        if sheet.shape == "form":
            self._form(tab, sheet, rows[0] if rows else {})
        else:
            self._table(tab, sheet, rows)
        tab.freeze_panes = tab.cell(FIRST_ROW, 2)
        fit_to_page(tab, HEADER_ROW)

    # -- parts of a sheet

    def _two(self, zh: str, en: str, between: str = "\n") -> str:
        """Both languages, that of the workbook first."""
        return between.join((zh, en) if self.language == "zh" else (en, zh))

    def _heading(self, tab: Any, sheet: Sheet, widths: Sequence[float]) -> None:
        tab.cell(TITLE_ROW, 1, self._two(sheet.zh, sheet.en, "  ")).font = font(14, bold=True, color=BLUE)
        note = tab.cell(HELP_ROW, 1, self._two(sheet.help_zh, sheet.help_en))
        note.alignment, note.font = WRAP, font(9, color="555555")
        width = max(2, min(len(widths), 7))
        tab.merge_cells(start_row=HELP_ROW, end_row=HELP_ROW, start_column=1, end_column=width)
        tab.row_dimensions[HELP_ROW].height = height([(note.value, sum(widths[:width]))], least=3)
        tab.row_dimensions[HEADER_ROW].height = 58
        tab.row_dimensions[KEY_ROW].height = 12
        for number, each in enumerate(widths, start=1):
            tab.column_dimensions[get_column_letter(number)].width = each

    def _header(self, tab: Any, number: int, names: tuple[str, str], key: str, *, required: bool = False) -> None:
        star = " *" if required else ""
        put_header(tab.cell(HEADER_ROW, number), self._two(*(name + star for name in names)))
        put_key(tab.cell(KEY_ROW, number), key)

    def _form(self, tab: Any, sheet: Sheet, row: Row) -> None:
        self._heading(tab, sheet, FORM_WIDTHS)
        for number, key in enumerate(FORM_KEYS, start=1):
            self._header(tab, number, FORM_HEADERS[key], key)
        for at, (key, value, unit) in enumerate(form_rows(sheet), start=FIRST_ROW):
            star = " *" if value.required else ""
            put(tab.cell(at, 1), self._two(value.zh + star, value.en + star), bold=True)
            self._input(tab, at, 2, value, row.get(value.key))
            self._validate(tab, value, f"B{at}")
            if unit is None:
                put(tab.cell(at, 3), None, fill=PALE)
            else:
                self._input(tab, at, 3, unit, row.get(unit.key))
                self._validate(tab, unit, f"C{at}")
            put(tab.cell(at, 4), f"{self._two(value.help_zh, value.help_en)}  [{value.law}]", size=9, color="555555")
            put_key(tab.cell(at, 5), key)
            cells = [(tab.cell(at, n).value, width) for n, width in enumerate(FORM_WIDTHS[:4], start=1)]
            tab.row_dimensions[at].height = height(cells, least=2)

    def _table(self, tab: Any, sheet: Sheet, rows: Sequence[Row]) -> None:
        columns = columns_of(sheet, rows)
        widths = [WIDTHS[c.kind] for c in columns]
        self._heading(tab, sheet, widths)
        for number, column in enumerate(columns, start=1):
            self._header(tab, number, (column.zh, column.en), column.key, required=column.required)
            letter = get_column_letter(number)
            self._validate(tab, column, f"{letter}{FIRST_ROW}:{letter}{max(LIST_ROWS, FIRST_ROW + len(rows))}")
        for at in range(FIRST_ROW, FIRST_ROW + len(rows) + EMPTY_ROWS):
            row = rows[at - FIRST_ROW] if at - FIRST_ROW < len(rows) else {}
            for number, column in enumerate(columns, start=1):
                self._input(tab, at, number, column, row.get(column.key))
            if row:
                texts = [
                    (tab.cell(at, n).value, w)
                    for n, (c, w) in enumerate(zip(columns, widths, strict=True), 1)
                    if c.kind in WRAPPED
                ]
                tab.row_dimensions[at].height = height(texts)

    # -- cells

    def _input(self, tab: Any, row: int, number: int, column: Column, given: Entry | None) -> None:
        cell = tab.cell(row, number)
        cell.fill, cell.border, cell.font = INPUT, BOX, font()
        cell.alignment = Alignment(vertical="top", wrap_text=column.kind in WRAPPED)
        cell.number_format = {"date": "yyyy-mm-dd", "text": "@", "reference": "@", "signed": "0.000000"}.get(
            column.kind, "General"
        )
        if given is not None:
            self._set(cell, column, given)

    def _set(self, cell: Any, column: Column, given: Entry) -> None:
        value = cell_value(column, given.value, self.language)
        if isinstance(value, Problem):
            self.problems.append(Problem(value.code, given.where, value.values))
            return
        put_value(cell, value)

    def _help(self, column: Column) -> str:
        return column.help_zh if self.language == "zh" else column.help_en

    def _validate(self, tab: Any, column: Column, cells: str) -> None:
        rule = self._rule(column)
        if rule is None:
            return
        rule.promptTitle, rule.prompt = (
            (column.zh if self.language == "zh" else column.en)[:32],
            self._help(column)[:250],
        )
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
                return DataValidation(
                    type="decimal", operator="between", formula1="1", formula2="100", errorStyle="stop"
                )
            case "number":
                return DataValidation(type="decimal", operator="greaterThanOrEqual", formula1="0", errorStyle="stop")
            case "signed":
                return DataValidation(
                    type="decimal", operator="between", formula1="-180", formula2="180", errorStyle="stop"
                )
            case "date":
                return DataValidation(type="date", operator="greaterThan", formula1="36526", errorStyle="stop")
            case _:
                return DataValidation()  # only its prompt

    def _range(self, name: str, listed: tuple[str, ...]) -> str:
        """The range of the hidden sheet that holds a drop-down list."""
        if listed not in self.ranges:
            number = len(self.ranges) + 1
            self.lists.cell(1, number, name or "units").font = font(bold=True)
            for row, text in enumerate(listed, start=2):
                self.lists.cell(row, number, text)
            letter = get_column_letter(number)
            self.ranges[listed] = f"{quote_sheetname(self.lists.title)}!${letter}$2:${letter}${len(listed) + 1}"
        return self.ranges[listed]

    def hide_lists(self) -> None:
        self.lists.sheet_state = "hidden"
        self.book.active = 0
