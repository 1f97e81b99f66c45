"""Reading the workbook of a bill of materials: its sheets, found by name, and their rows, found by keys or headers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from lcaengine.bom.sheet import HEADERS, At, Sheet, add_row
from lcaengine.bom.workbook.layout import (
    FIELDS,
    FORM,
    FORM_KEYS,
    GUIDE,
    KEY_ROWS,
    LABEL,
    LISTS,
    NOTE,
    TITLES,
    Field,
    columns_of,
    known_titles,
    pointer_of,
)
from lcaengine.problems import Malformed, Problem
from lcaengine.sheets.package import Cells, Tabs, is_blank, read_tabs

SAFE_DIGITS = 10**15  # beyond it a spreadsheet has rounded what somebody typed as a number
_TEXT_COLUMNS = frozenset({"id", "name", "cn_code", "cas", "evidence", "process", "embedded_installation", "note"})
_LISTED = frozenset({"role", "kind", "basis", "shared", "mass_basis", "unit", "amount"})
_FIELDS = {field.key: field for field in FIELDS}


class TabRow(At):
    """A row of a sheet as a place: ``Lines!D7``."""

    def __init__(self, title: str, number: int, letters: Mapping[str, str]) -> None:
        super().__init__(number)
        self.title, self.letters = title, letters

    def __call__(self, column: str = "") -> str:
        letter = self.letters.get(column) or next(iter(self.letters.values()), "A")
        return f"{self.title}!{letter}{self.number}"


def read_workbook(data: bytes) -> Sheet:
    """The document in a workbook, and the cell of everything in it.

    Raises `Malformed` with every cell that cannot be read, or for what is no such workbook; `TooLarge`.
    """
    tabs = read_tabs(data)
    known = known_titles()
    ours = {title: known[name] for title in tabs.typed if (name := title.strip().casefold()) in known}
    if not ours:
        raise Malformed(Problem("workbook_no_bom", "", {"found": list(tabs.typed)[:20]}))
    sheet = Sheet()
    for title, cells in tabs.typed.items():
        if title not in ours and cells:  # a sheet of one's own would be lost
            names = [f"{zh}/{en}" for zh, en in TITLES.values()]
            sheet.problems.append(Problem("workbook_sheet", title, {"sheet": title, "known": names}))
    for title, section in ours.items():
        if section not in (GUIDE, LISTS):
            _Tab(sheet, section, title, tabs).read()
    if sheet.problems:
        raise Malformed(sheet.problems)
    return sheet


class _Tab:
    """One sheet of the workbook."""

    def __init__(self, sheet: Sheet, section: str, title: str, tabs: Tabs) -> None:
        self.sheet, self.section, self.title = sheet, section, title
        self.cells: Cells = tabs.typed[title]
        self.stored: Cells = tabs.stored.get(title, {})
        self.merged = tabs.merged[title]

    def read(self) -> None:
        head = self._header()
        if head is None:
            if self.cells:
                self._problem("workbook_header", self.title, sheet=self.title)
            return
        self._check_merged(head)
        columns = self._columns(head)
        if self.section != FORM:
            self.sheet.places.setdefault(pointer_of(self.section), f"{self.title}!A{head}")
        letters = {key: _letter(number) for number, key in columns.items()}
        add = self._add_field if self.section == FORM else self._add_entry
        for number in sorted({row for row, column in self.cells if row > head and column in columns}):
            at = TabRow(self.title, number, letters)
            texts = {key: text for column, key in columns.items() if (text := self._text(key, number, column, at))}
            if texts:
                add(at, texts)

    def _header(self) -> int | None:
        """The row of keys, or of column names in Chinese or English: the one with most of them."""
        known = {*columns_of(self.section), *HEADERS} if self.section != FORM else set(FORM_KEYS)
        counts: dict[int, int] = {}
        for (row, _), cell in self.cells.items():
            if row <= KEY_ROWS and isinstance(cell.value, str) and cell.value.strip().lower() in known:
                counts[row] = counts.get(row, 0) + 1
        best = max(counts, key=lambda row: (counts[row], row), default=None)
        return best if best is not None and counts[best] > 1 else None

    def _columns(self, head: int) -> dict[int, str]:
        """Column number → key; every one known, none twice, and none with data but without a key."""
        found: dict[int, str] = {}
        notes: set[int] = set()
        for (row, column), cell in sorted(self.cells.items()):
            name = str(cell.value).strip().lower() if row == head else ""
            at = f"{self.title}!{_letter(column)}{row}"
            if row == head and name.startswith(NOTE):
                notes.add(column)
            elif row == head:
                key = name if name in FORM_KEYS and self.section == FORM else HEADERS.get(name, "")
                if key in found.values():
                    self._problem("duplicate_key", at, key=key, first=f"{self.title}!{head}")
                elif not key:
                    self._problem("unknown_column", at, column=cell.value)
                found[column] = key
            elif row > head and column not in found and column not in notes:
                self._problem("unknown_column", at, column="")
                notes.add(column)
        return {column: key for column, key in found.items() if key and key != "section"}

    def _check_merged(self, head: int) -> None:
        """A merged cell belongs to several rows, or columns: which, cannot be told."""
        from openpyxl.utils.cell import range_boundaries

        for area in self.merged:
            if range_boundaries(area)[3] >= head:
                self._problem("workbook_merged", f"{self.title}!{area.split(':')[0]}", cells=area)

    def _add_entry(self, at: TabRow, texts: dict[str, str]) -> None:
        if self.section == "parameters" and "amount" not in texts:
            return  # the template's row of a parameter that keeps its default
        add_row(self.sheet, at, self.section, texts)

    def _add_field(self, at: TabRow, texts: dict[str, str]) -> None:
        key = texts.get("key", "")
        field = _FIELDS.get(key)
        if field is None:
            self._problem("workbook_key", at("key"), key=key, known=list(_FIELDS))
            return
        if "value" in texts:
            self._enter(field, at, texts)
        path = field.pointer
        while path:  # what is missing is told here, too
            self.sheet.places.setdefault(path, at("value"))
            path = path.rpartition("/")[0]

    def _enter(self, field: Field, at: TabRow, texts: dict[str, str]) -> None:
        section, _, name = field.key.partition(".")
        if field.listed:
            texts["value"] = _plain(texts["value"])
        row = {"amount": texts["value"], "unit": texts.get("unit", "")} if field.quantity else {"name": texts["value"]}
        add_row(self.sheet, FieldRow(at), section, {"id": name, **{k: v for k, v in row.items() if v}})

    # -- cells

    def _text(self, key: str, row: int, column: int, at: TabRow) -> str:
        """What a cell says, as in CSV; empty, with a problem, where that cannot be told."""
        cell = self.cells.get((row, column))
        if cell is not None and cell.data_type == "f":
            cell = self.stored.get((row, column))
            if cell is None:
                self._problem("workbook_formula", at(key), field=key)
        if cell is None or is_blank(cell.value):
            return ""
        if cell.data_type == "e":
            self._problem("workbook_error_value", at(key), value=cell.value)
            return ""
        if key in _TEXT_COLUMNS and isinstance(cell.value, (int, float)) and abs(cell.value) >= SAFE_DIGITS:
            self._problem("workbook_digits", at(key), field=key, value=cell.value)
        text = _as_text(cell.value, number=key not in _TEXT_COLUMNS)
        return _plain(text) if key in _LISTED else text

    def _problem(self, code: str, where: str, **values: Any) -> None:
        self.sheet.problems.append(Problem(code, where, values))


class FieldRow(At):
    """A row of the form: its value stands in the column ``value``, whatever it is called in the document."""

    def __init__(self, at: TabRow) -> None:
        super().__init__(at.number)
        self.at = at

    def __call__(self, column: str = "") -> str:
        return self.at("unit" if column == "unit" else "value")


def _as_text(value: Any, *, number: bool) -> str:
    """A value of a cell as CSV has it: numbers to the last digit, days as ISO 8601."""
    match value:
        case bool():
            return "yes" if value else "no"
        case float() if value.is_integer() and not number:
            return str(int(value))
        case int() | float():
            return repr(value)
        case datetime() if value.time() == datetime.min.time():
            return value.date().isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value).strip()


def _plain(text: str) -> str:
    """An entry of a drop-down list without its label."""
    return text.split(LABEL, maxsplit=1)[0].strip()


def _letter(number: int) -> str:
    from openpyxl.utils import get_column_letter

    return str(get_column_letter(number))
