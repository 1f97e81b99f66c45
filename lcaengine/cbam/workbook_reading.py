"""Reading the workbook of an installation: its package within limits, its cells by the type of their column."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from lcaengine.bom.reading import MAX_BYTES
from lcaengine.cbam.workbook_document import Assembly, Line
from lcaengine.cbam.workbook_layout import (
    FORM_KEYS,
    GUIDE,
    LABEL,
    LISTS,
    PARAMETERS,
    Column,
    Sheet,
    choices,
    form_rows,
    parameter_column,
    sheets,
    tab_title,
)
from lcaengine.problems import Malformed, Problem, Refused, TooLarge

MAX_PARTS = 500
MAX_UNPACKED = 60_000_000
MAX_CELLS = 400_000
KEY_ROWS = 15  # how far down the machine keys are looked for: somebody may have inserted rows above
SAFE_DIGITS = 10**15  # beyond it a spreadsheet has rounded what somebody typed as a number
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.I)
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)|\0")
_SEPARATOR = re.compile("[;；]")
_YES_NO = {"yes": True, "no": False, "true": True, "false": False, "是": True, "否": False}

Place = tuple[int, int]
Json = dict[str, Any]


def read_cells(data: bytes) -> Assembly:
    """The document in a workbook with the cell of every pointer; raises `Malformed`, `TooLarge`, `Refused` with cells."""
    _check_package(data)
    book = _load(data, stored=False)
    tabs = {tab.title: _cells(tab) for tab in book.worksheets}
    if any(c.data_type == "f" for cells in tabs.values() for c in cells.values()):
        stored = {tab.title: _cells(tab, blank=True) for tab in _load(data, stored=True).worksheets}
    else:
        stored = tabs
    return _assembled(tabs, stored)


# -- the package


def _check_package(data: bytes) -> None:
    """Size, number of parts, unpacked size, number of cells and XML declarations, before anything is parsed."""
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
                _too_much(unpacked, len(parts))
            texts = [(p.filename, package.read(p)) for p in parts if p.filename.lower().endswith((".xml", ".rels"))]
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise _unreadable(error) from error
    if any(_DECLARATION.search(text) for _, text in texts):
        raise Malformed(Problem("cbam_workbook_unreadable", "", {"why": "DOCTYPE"}))
    cells = sum(len(_CELL.findall(text)) for name, text in texts if _SHEET.fullmatch(name))
    if cells > MAX_CELLS:
        _too_much(cells, len(parts))


def _too_much(found: int, parts: int) -> None:
    values = {"found": found, "parts": parts, "limit": MAX_UNPACKED, "most": MAX_PARTS, "cells": MAX_CELLS}
    raise TooLarge(Problem("cbam_workbook_too_large", "", values))


def _unreadable(error: Exception) -> Malformed:
    return Malformed(Problem("cbam_workbook_unreadable", "", {"why": f"{type(error).__name__}: {str(error)[:120]}"}))


def _load(data: bytes, *, stored: bool) -> Any:
    """The workbook with formulas, or with what they last gave. Anything may be wrong in a file that only looks like one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of parts that it skips; nothing is saved from here
            return load_workbook(io.BytesIO(data), data_only=stored, keep_links=False)
    except Exception as error:
        raise _unreadable(error) from error


def _cells(tab: Any, *, blank: bool = False) -> dict[Place, Any]:
    """Cells that hold something, by row and column; blank texts count only as results of formulas."""
    cells = ((c.row, c.column, c) for row in tab.iter_rows() for c in row if c.value is not None)
    return {(row, column): c for row, column, c in cells if blank or not _is_blank(c.value)}


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


# -- sheets


def _assembled(tabs: Mapping[str, dict[Place, Any]], stored: Mapping[str, dict[Place, Any]]) -> Assembly:
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


def _known(tabs: Mapping[str, dict[Place, Any]], problems: list[Problem]) -> dict[str, str]:
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

    def __init__(
        self, sheet: Sheet, title: str, cells: dict[Place, Any], stored: dict[Place, Any], problems: list[Problem]
    ) -> None:
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
            key = str(cell.value).strip() if row == head else ""
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
            key = str(self.cells[row, numbers["key"]].value).strip() if (row, numbers["key"]) in self.cells else ""
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
            if _is_blank(cell.value):
                return None
        if cell.data_type == "e":
            self._problem("cbam_workbook_error_value", place, {"value": cell.value})
            return None
        code, value = _typed(column, cell)
        if code:
            self._problem(code, place, {"value": cell.value, "field": column.key, "known": list(_YES_NO)[:2]})
        return value


def _is_parameter(key: str) -> bool:
    return key.startswith(PARAMETERS) and len(key) > len(PARAMETERS)


def _typed(column: Column, cell: Any) -> tuple[str, Any]:
    """Problem code, if any, and the value."""
    value = cell.value
    match column.kind:
        case "number" | "signed" | "share" | "percent":
            return _number(column, cell)
        case "date":
            return _date(value)
        case "yes_no":
            known = value if isinstance(value, bool) else _YES_NO.get(_plain(value).lower())
            return ("", known) if known is not None else ("cbam_workbook_choice", None)
        case "any" if isinstance(value, (int, float)):
            return "", value
        case _:
            return _text(column, value)


def _number(column: Column, cell: Any) -> tuple[str, Any]:
    if isinstance(cell.value, bool) or not isinstance(cell.value, (int, float)):
        return "cbam_workbook_number", None
    if column.kind == "percent" and "%" in cell.number_format:
        return "cbam_workbook_percent", None
    return "", cell.value


def _date(value: Any) -> tuple[str, Any]:
    """A date cell, or a text in its form; the schema judges the text."""
    if isinstance(value, datetime):
        return "", value.date().isoformat()
    if isinstance(value, date):
        return "", value.isoformat()
    return ("", value.strip()) if isinstance(value, str) else ("cbam_workbook_date", None)


def _text(column: Column, value: Any) -> tuple[str, Any]:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= SAFE_DIGITS:
        return "cbam_workbook_digits", None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (date, datetime)):
        value = _date(value)[1]
    text = str(value).strip()
    if column.kind == "choice" or (column.kind == "list" and text):
        parts = [_choice(column.choices, part) for part in (_SEPARATOR.split(text) if column.kind == "list" else [text])]
        return "", [p for p in parts if p] if column.kind == "list" else parts[0]
    if column.key == "flow":
        return "", _plain(text)
    return "", text


def _plain(value: Any) -> str:
    """The machine value of a drop-down entry, without its label."""
    return str(value).split(LABEL)[0].strip()


def _choice(name: str, text: str) -> str:
    """The machine value; a label alone stands for it when it is exactly one of the list."""
    plain = _plain(text)
    entries = choices(name)
    if plain in entries:
        return plain
    return next((k for k, labels in entries.items() if plain.casefold() in {x.casefold() for x in labels}), plain)
