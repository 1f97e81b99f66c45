"""Writing the workbook of a bill of materials: the template of a rule, empty or filled in from a document.

Units, roles and kinds are drop-down lists of what the rule takes. What has no place in the workbook is refused, not dropped.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from lcaengine.bom.model import SECTIONS
from lcaengine.bom.workbook.choices import Choices
from lcaengine.bom.workbook.guide import write_guide
from lcaengine.bom.workbook.layout import (
    CHINESE,
    ENGLISH,
    EXAMPLES,
    FIELDS,
    FORM,
    FORM_KEYS,
    GUIDE,
    LISTS,
    NOTE,
    SELDOM,
    TITLES,
    Field,
    columns_of,
    title,
)
from lcaengine.bom.workbook.rows import Row, entries_of, field_value, unplaced
from lcaengine.problems import Problem, Refused
from lcaengine.rules import Rule
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
from lcaengine.sheets.table import Languages

TITLE_ROW, HEADER_ROW, KEY_ROW, FIRST_ROW = 1, 2, 3, 4
EMPTY_ROWS = 20  # coloured for input below the last row
LIST_ROWS = 5000  # as far down as the drop-down lists reach
WIDTHS = {"id": 20, "name": 30, "role": 30, "kind": 32, "process": 26, "transport": 26, "note": 40, "evidence": 30,
          "supplier_footprint": 20, "(name)": 40, "(source)": 70, "(default)": 28, "(range)": 20, "shared": 14}  # fmt: skip
FORM_WIDTHS = (34, 40, 14, 44, 24)
FORM_HEADERS = {"(item)": ("项目", "Item"), "value": ("值", "Value"), "unit": ("单位", "Unit"), "(about)": ("说明", "About"),
                "key": ("键（请勿改动）", "Key (do not change)")}  # fmt: skip
NUMBERS = ("amount", "recycled_content", "embedded_indirect", "footprint_primary_data_share")


def write_workbook(rule: Rule, languages: Languages = ("zh", "en"), document: Mapping[str, Any] | None = None) -> bytes:
    """XLSX bytes of the template of a rule, or of a document of its category; raises `Refused` for what has no cell."""
    given = document or {}
    if problems := [Problem("workbook_no_place", where, {"field": where}) for where in unplaced(given)]:
        raise Refused(problems)
    writer = _Writer(rule, languages)
    writer.write_form(given, empty=document is None)
    for section in _sections(rule, given):
        writer.write_table(section, entries_of(section, given, rule, languages, empty=document is None))
    write_guide(writer.guide, rule, languages)
    return writer.saved()


def _sections(rule: Rule, document: Mapping[str, Any]) -> list[str]:
    """The sheets: what the rule knows, and what the document has."""
    shared = document.get("shared", {})
    used = {*document.get("activities", {}), *shared.get("activities", {})}
    activities = [s for s in SECTIONS if s in rule.activities or s in used]
    co_products = ["co_products"] if rule.co_products or "co_products" in document or "co_products" in shared else []
    return ["lines", *activities, *co_products, "parameters", "outputs"]


class _Writer:
    def __init__(self, rule: Rule, languages: Languages) -> None:
        self.rule, self.languages = rule, languages
        self.choices = Choices(rule, languages)
        self.book = Workbook()
        self.book.properties.creator = "lcaengine"
        self.book.properties.title = f"{rule.id}@{rule.version}"
        self.guide = self.book.active
        self.guide.title = title(GUIDE, languages)
        self.lists = self.book.create_sheet(title(LISTS, languages))
        self.ranges: dict[tuple[str, ...], str] = {}

    def saved(self) -> bytes:
        self.lists.sheet_state = "hidden"
        self.book.active = 0
        out = io.BytesIO()
        self.book.save(out)
        return out.getvalue()

    def _names(self, zh: str, en: str, between: str = "\n") -> str:
        return between.join({"zh": zh, "en": en}[language] for language in self.languages)

    def _tab(self, section: str, keys: Sequence[str], widths: Sequence[float]) -> Any:
        tab = self.book.create_sheet(title(section, self.languages), len(self.book.sheetnames) - 1)
        tab.sheet_properties.tabColor = GREEN if section == FORM else BLUE
        tab.sheet_view.showGridLines = False
        tab.cell(TITLE_ROW, 1, self._names(*TITLES[section], "  ")).font = font(14, bold=True, color=BLUE)
        for number, (key, width) in enumerate(zip(keys, widths, strict=True), start=1):
            put_header(tab.cell(HEADER_ROW, number), self._header(section, key))
            put_key(tab.cell(KEY_ROW, number), key)
            tab.column_dimensions[get_column_letter(number)].width = width
        tab.row_dimensions[HEADER_ROW].height = 48
        tab.row_dimensions[KEY_ROW].height = 12
        tab.freeze_panes = tab.cell(FIRST_ROW, 2)
        fit_to_page(tab, HEADER_ROW)
        return tab

    def _header(self, section: str, key: str) -> str:
        if section == FORM:
            return self._names(*FORM_HEADERS[key])
        star = " *" if key in ("id", "amount", "unit") and section != "parameters" else ""
        example = f"\n{EXAMPLES[key]}" if key in EXAMPLES else ""
        return self._names(CHINESE[key] + star, ENGLISH[key] + star) + example

    # -- the form

    def write_form(self, document: Mapping[str, Any], *, empty: bool) -> None:
        tab = self._tab(FORM, FORM_KEYS, FORM_WIDTHS)
        for at, field in enumerate(FIELDS, start=FIRST_ROW):
            star = " *" if field.required else ""
            put(tab.cell(at, 1), self._names(field.zh + star, field.en + star), bold=True)
            value, unit = self._given(field, document, empty)
            self._input(tab.cell(at, 2), value, text=not field.quantity)
            if field.quantity:
                self._input(tab.cell(at, 3), unit, text=True)
                self._offer(tab, f"C{at}", self.choices.units((self.rule.declared_unit.unit,)), strict=False)
            else:
                put(tab.cell(at, 3), None, fill=PALE)
            put(tab.cell(at, 4), self._names(field.about_zh, field.about_en), size=9, color="555555")
            put_key(tab.cell(at, 5), field.key)
            tab.row_dimensions[at].height = height([(tab.cell(at, n).value, FORM_WIDTHS[n - 1]) for n in (1, 2, 4)])
            if field.listed:
                self._offer(tab, f"B{at}", self.choices.of_field(field.key))

    def _given(self, field: Field, document: Mapping[str, Any], empty: bool) -> tuple[Any, Any]:
        """Value and unit of a field; in the empty template what follows from the rule."""
        if empty and field.key == "product.category":
            return self.rule.id, None
        if empty and field.key == "product.declared_unit":
            return self.rule.declared_unit.amount, self.rule.declared_unit.unit
        return field_value(field, document)

    # -- tables

    def write_table(self, section: str, rows: Sequence[Row]) -> None:
        keys = columns_of(section)
        widths = [WIDTHS.get(key, 14) for key in keys]
        tab = self._tab(section, keys, widths)
        last = FIRST_ROW + len(rows) + (0 if section == "parameters" else EMPTY_ROWS)
        for at in range(FIRST_ROW, last):
            row = rows[at - FIRST_ROW] if at - FIRST_ROW < len(rows) else {}
            for number, key in enumerate(keys, start=1):
                self._cell(tab.cell(at, number), key, row.get(key))
            texts = [(row.get(key), width) for key, width in zip(keys, widths, strict=True)]
            tab.row_dimensions[at].height = height(texts)
        if section == "lines":
            self._fold(tab, keys, rows)
        for number, key in enumerate(keys, start=1):
            if listed := self.choices.of_column(section, key):
                letter = get_column_letter(number)
                self._offer(tab, f"{letter}{FIRST_ROW}:{letter}{LIST_ROWS}", listed, strict=key != "unit")
        if section == "parameters":
            for at, row in enumerate(rows, start=FIRST_ROW):
                if listed := self.choices.options(str(row["id"])):
                    self._offer(tab, f"C{at}", listed)

    def _fold(self, tab: Any, keys: Sequence[str], rows: Sequence[Row]) -> None:
        """Columns that few need are folded away, unless they are filled in: a click on the + above them shows them."""
        for number, key in enumerate(keys, start=1):
            if key in SELDOM:
                column = tab.column_dimensions[get_column_letter(number)]
                column.outlineLevel, column.hidden = 1, not any(row.get(key) is not None for row in rows)

    def _cell(self, cell: Any, key: str, value: Any) -> None:
        if key.startswith(NOTE):
            put(cell, value, size=9, color="555555", fill=PALE)
        else:
            self._input(cell, self.choices.labelled(key, value), text=key not in NUMBERS)

    def _input(self, cell: Any, value: Any, *, text: bool) -> None:
        cell.fill, cell.border, cell.font, cell.alignment = INPUT, BOX, font(), WRAP
        if text:
            cell.number_format = "@"  # a number that is a name keeps its zeros
        if value is not None:
            put_value(cell, value)

    def _offer(self, tab: Any, cells: str, listed: Iterable[str], *, strict: bool = True) -> None:
        """A drop-down list; where it is not strict, another entry is only remarked on."""
        entries = tuple(listed)
        if entries not in self.ranges:
            number = len(self.ranges) + 1
            for row, entry in enumerate(entries, start=1):
                put_value(self.lists.cell(row, number), entry)
            letter = get_column_letter(number)
            self.ranges[entries] = f"{quote_sheetname(self.lists.title)}!${letter}$1:${letter}${len(entries)}"
        rule = DataValidation(type="list", formula1=self.ranges[entries], allow_blank=True)
        rule.errorStyle, rule.showErrorMessage = ("stop" if strict else "information"), True
        rule.add(cells)
        tab.add_data_validation(rule)
