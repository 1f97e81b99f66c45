"""Reading the workbook of an installation: its sheets, found by name, and their rows, found by machine keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from openpyxl.utils import get_column_letter

from lcaengine.cbam.workbook.cells import text_of, typed
from lcaengine.cbam.workbook.document import Assembly, Line
from lcaengine.cbam.workbook.layout import (
    FORM_KEYS,
    GUIDE,
    LISTS,
    PARAMETERS,
    Column,
    Sheet,
    form_rows,
    parameter_column,
    sheets,
    tab_title,
)
from lcaengine.problems import Malformed, Problem, Refused
from lcaengine.sheets.package import Cells, is_blank, read_tabs

KEY_ROWS = 15  # how far down the machine keys are looked for: somebody may have inserted rows above
Json = dict[str, Any]


def read_cells(data: bytes) -> Assembly:
    """The document in a workbook with the cell of every pointer; raises `Malformed`, `TooLarge`, `Refused` with cells."""
    tabs = read_tabs(data)
    return _assembled(tabs.typed, tabs.stored)


def _assembled(tabs: Mapping[str, Cells], stored: Mapping[str, Cells]) -> Assembly:
    problems: list[Problem] = []
    known = _known(tabs, problems)
    if not known:
        raise Malformed(Problem("cbam_workbook_not_ours", "", {"found": list(tabs)[:20]}))
    assembly = Assembly(titles=known)
    lines = {
        name: list(_Table(sheets()[name], title, tabs[title], stored[title], problems).lines())
        for name, title in known.items()
    }
    assembly.add(lines)
    if problems := [*problems, *assembly.problems]:
        raise Refused(problems)
    return assembly


def _known(tabs: Mapping[str, Cells], problems: list[Problem]) -> dict[str, str]:
    """Sheet id → title. The guide and the lists are for the reader; a sheet of one's own would be lost."""
    names = {sheet.title(lang).casefold(): sheet.id for sheet in sheets().values() for lang in ("zh", "en")}
    ours = {tab_title(pair, lang).casefold() for pair in (GUIDE, LISTS) for lang in ("zh", "en")}
    found: dict[str, str] = {}
    others = []
    for title, cells in tabs.items():
        identifier = names.get(title.strip().casefold())
        if identifier is not None and identifier not in found:
            found[identifier] = title
        elif cells and title.strip().casefold() not in ours:
            others.append(title)
    values = {"known": [s.en for s in sheets().values()]}
    problems += [Problem("cbam_workbook_sheet", t, {"sheet": t, **values}) for t in others]
    return found


class _Table:
    """One sheet: where its keys stand, and its rows with values of the right type."""

    def __init__(self, sheet: Sheet, title: str, cells: Cells, stored: Cells, problems: list[Problem]) -> None:
        self.sheet, self.title, self.cells, self.stored, self.problems = sheet, title, cells, stored, problems
        self.form = sheet.shape == "form"

    def lines(self) -> Iterator[Line]:
        anchor = "key" if self.form else self.sheet.columns[0].key
        head = next((row for (row, _), c in sorted(self.cells.items()) if row <= KEY_ROWS and c.value == anchor), None)
        if head is None:
            if self.cells:
                self._problem("cbam_workbook_key_row", self.title, {"sheet": self.title, "key": anchor})
            return
        columns = self._columns(head)
        rows = sorted({row for row, column in self.cells if row > head and column in columns})
        letters = {key: get_column_letter(number) for number, key in columns.items()}
        yield from (self._form_lines if self.form else self._table_lines)(rows, columns, letters)

    def _columns(self, head: int) -> dict[int, str]:
        """Column number → key; every key known, none twice, and no column of data without one."""
        known = set(FORM_KEYS) if self.form else set(self.sheet.by_key)
        found: dict[int, str] = {}
        for (row, number), cell in sorted(self.cells.items()):
            key = text_of(cell.value) if row == head else ""
            place = f"{self.title}!{get_column_letter(number)}{row}"
            if row == head and key not in known and not (self.sheet.id == "goods" and _is_parameter(key)):
                self._problem("cbam_workbook_column", place, {"column": key, "known": sorted(known)})
                found[number] = ""
            elif row == head and key in found.values():
                self._problem("cbam_workbook_column_twice", place, {"column": key})
                found[number] = ""
            elif row == head:
                found[number] = key
            elif row > head and number not in found:
                self._problem("cbam_workbook_column", place, {"column": "", "known": sorted(known)})
                found[number] = ""
        return {number: key for number, key in found.items() if key}

    def _table_lines(self, rows: list[int], columns: dict[int, str], letters: dict[str, str]) -> Iterator[Line]:
        types = {key: self.sheet.by_key.get(key) or parameter_column(key) for key in columns.values()}
        for row in rows:
            values = {}
            for number, key in columns.items():
                if (row, number) in self.cells:
                    value = self._value(types[key], row, number)
                    if value is not None:
                        values[key] = value
            if values:
                yield Line(self.title, row, values, letters)

    def _form_lines(self, rows: list[int], columns: dict[int, str], letters: dict[str, str]) -> Iterator[Line]:
        numbers = {key: number for number, key in columns.items()}
        fields = {key: (value, unit) for key, value, unit in form_rows(self.sheet)}
        seen: set[str] = set()
        for row in rows:
            given = [k for k in ("value", "unit") if (row, numbers.get(k, 0)) in self.cells]
            key = text_of(self.cells[row, numbers["key"]].value) if (row, numbers["key"]) in self.cells else ""
            place = f"{self.title}!{letters['key']}{row}"
            if key not in fields or key in seen:
                if given:
                    code = "cbam_workbook_column_twice" if key in seen else "cbam_workbook_row"
                    self._problem(code, place, {"column": key, "key": key})
                continue
            seen.add(key)
            types = dict(zip(("value", "unit"), fields[key], strict=True))
            values: Json = {"key": key}
            for name in given:
                column = types[name]
                if column is None:
                    at = f"{self.title}!{letters[name]}{row}"
                    self._problem("cbam_workbook_no_unit", at, {"key": key})
                elif (value := self._value(column, row, numbers[name])) is not None:
                    values[name] = value
            yield Line(self.title, row, values, letters)

    def _problem(self, code: str, where: str, values: Json) -> None:
        self.problems.append(Problem(code, where, values))

    # -- cells

    def _value(self, column: Column, row: int, number: int) -> Any:
        """The value of a cell; None, with a problem, where it has another type than its column."""
        cell = self.cells[row, number]
        place = f"{self.title}!{get_column_letter(number)}{row}"
        if cell.data_type == "f":
            cell = self.stored.get((row, number))
            if cell is None:
                self._problem("cbam_workbook_formula", place, {"field": column.key})
                return None
            if is_blank(cell.value):
                return None
        if cell.data_type == "e":
            self._problem("cbam_workbook_error_value", place, {"value": cell.value})
            return None
        code, value = typed(column, cell)
        if code:
            self._problem(code, place, {"value": cell.value, "field": column.key, "known": ["yes", "no"]})
        return value


def _is_parameter(key: str) -> bool:
    return key.startswith(PARAMETERS) and len(key) > len(PARAMETERS)
