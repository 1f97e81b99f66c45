"""From the rows of a workbook to the installation document, with the cell of every JSON pointer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lcaengine.bom.reading import pointer
from lcaengine.cbam.workbook.layout import (
    EMITTING,
    FIRST_ROW,
    NESTED,
    Column,
    Nested,
    Path_,
    Sheet,
    form_rows,
    parameter_column,
    sheets,
)
from lcaengine.problems import Problem

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a sheet as read: values by column key, and the letter of every column that the sheet has."""

    title: str
    number: int
    values: Mapping[str, Any]
    letters: Mapping[str, str]

    def at(self, key: str) -> str:
        """The cell of a column, or the first cell of the row."""
        return f"{self.title}!{self.letters.get(key, next(iter(self.letters.values()), 'A'))}{self.number}"


@dataclass
class Assembly:
    """The document under construction; ``places`` maps JSON pointers to cells."""

    document: Json = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    titles: Mapping[str, str] = field(default_factory=dict)

    def add(self, lines: Mapping[str, Sequence[Line]]) -> None:
        """All rows of all sheets: entries first, then what belongs to them."""
        for name, sheet in sheets().items():
            if name in lines and sheet.shape in _ADDERS:
                _ADDERS[sheet.shape](self, sheet, lines[name])
        for name, sheet in sheets().items():
            if name in lines and sheet.shape in _BELONGING:
                _BELONGING[sheet.shape](self, sheet, lines[name])
        self._place_containers()

    def _place_containers(self) -> None:
        for where, cell in list(self.places.items()):
            while where := where.rpartition("/")[0]:
                self.places.setdefault(where, cell)
        for name, title in self.titles.items():
            if sheets()[name].shape in {"rows", "processes"}:
                self.places.setdefault(pointer(name), f"{title}!A{FIRST_ROW}")

    # -- entries of the document

    def add_form(self, sheet: Sheet, lines: Iterable[Line]) -> None:
        fields = {key: (value, unit) for key, value, unit in form_rows(sheet)}
        for line in lines:
            value, unit = fields[line.values["key"]]
            for column, key in ((value, "value"), (unit, "unit")):
                if column is not None:
                    self.places[pointer(*column.path)] = line.at(key)
                    if key in line.values:
                        _put(self.document, column.path, line.values[key])
        _merge_names(self.document, sheet.columns)

    def add_rows(self, sheet: Sheet, lines: Iterable[Line]) -> None:
        for line in lines:
            self._append(sheet, sheet.columns, line)

    def _append(self, sheet: Sheet, columns: Sequence[Column], line: Line) -> Json:
        found: list[Json] = self.document.setdefault(sheet.id, [])
        entry: Json = {}
        where = pointer(sheet.id, len(found))
        self._fill(entry, columns, line, where)
        found.append(entry)
        return entry

    def _fill(self, entry: Json, columns: Sequence[Column], line: Line, where: str) -> None:
        self.places.setdefault(where, line.at(columns[0].key))
        for column in columns:
            if column.key in line.letters:
                self.places[where + pointer(*column.path)] = line.at(column.key)
            if column.key in line.values:
                _put(entry, column.path, line.values[column.key])
        _merge_names(entry, columns)

    def add_processes(self, sheet: Sheet, lines: Iterable[Line]) -> None:
        """A row that repeats the id of a process, or has none, adds a route to it."""
        own = [c for c in sheet.columns if c.path[0] != "production"]
        route = [c for c in sheet.columns if c.path[0] == "production"]
        previous: Any = None
        for line in lines:
            identifier = line.values.get("id", previous if not _given(own, line) else None)
            known = _position(self.document.get(sheet.id, []), identifier)
            if known is None:
                self._append(sheet, own, line)
                known = len(self.document[sheet.id]) - 1
            elif extra := _given(own[1:], line):
                values = {"id": identifier, "field": extra[0].key}
                self.problems.append(Problem("cbam_workbook_repeated", line.at(extra[0].key), values))
            self._add_route(self.document[sheet.id][known], route, line, pointer(sheet.id, known))
            previous = identifier

    def _add_route(self, process: Json, columns: Sequence[Column], line: Line, where: str) -> None:
        parts: list[Json] = process.setdefault("production", [])
        if not _given(columns, line):
            if not parts:
                del process["production"]
                self.places.setdefault(where + "/production", line.at(columns[0].key))
            return
        at = f"{where}/production/{len(parts)}"
        self.places.setdefault(at, line.at(columns[0].key))
        part: Json = {}
        for column in columns:
            if column.key in line.letters:
                self.places[at + pointer(*column.path[1:])] = line.at(column.key)
            if column.key in line.values:
                _put(part, column.path[1:], line.values[column.key])
        parts.append(part)

    # -- what belongs to an entry

    def add_nested(self, sheet: Sheet, lines: Iterable[Line]) -> None:
        nested = NESTED[sheet.id]
        for line in lines:
            owner = self._owner(line, nested.id_column, (nested.owner,))
            path = self._path(nested, line)
            if owner is None or path is None:
                continue
            entry, where = self._place_for(*owner, path, line, nested)
            if entry is not None:
                columns = [c for c in sheet.columns if c.key not in {nested.id_column, "flow"}]
                columns += [parameter_column(k) for k in line.letters if k not in sheet.by_key]
                self.places[where] = line.at(nested.id_column)
                self._fill(entry, columns, line, where)

    def _place_for(self, owner: Json, where: str, path: Path_, line: Line, nested: Nested) -> tuple[Json | None, str]:
        """A new object at the path: appended to its list, or the only one of its kind."""
        for part in path[:-1]:
            owner = owner.setdefault(part, {})
        where += pointer(*path)
        entry: Json = {}
        if path[-1] not in nested.single:
            found = owner.setdefault(path[-1], [])
            found.append(entry)
            return entry, f"{where}/{len(found) - 1}"
        if path[-1] in owner:
            values = {"id": line.values[nested.id_column], "field": path[-1]}
            self.problems.append(Problem("cbam_workbook_repeated", line.at("flow"), values))
            return None, where
        owner[path[-1]] = entry
        return entry, where

    def _path(self, nested: Nested, line: Line) -> Path_ | None:
        flow = line.values.get("flow", "")
        if flow not in nested.paths:
            values = {"value": flow, "known": list(nested.paths)}
            self.problems.append(Problem("cbam_workbook_choice", line.at("flow"), values))
            return None
        return nested.paths[flow]

    def _owner(self, line: Line, column: str, sections: Sequence[str]) -> tuple[Json, str] | None:
        """The entry whose id a row names, with its pointer."""
        identifier = line.values.get(column)
        for section in sections:
            position = _position(self.document.get(section, []), identifier)
            if position is not None:
                return self.document[section][position], pointer(section, position)
        known = [e["id"] for s in sections for e in self.document.get(s, []) if "id" in e]
        names = [self.titles.get(s, sheets()[s].en) for s in sections]
        values = {"id": identifier or "", "sheets": names, "known": known[:20]}
        self.problems.append(Problem("cbam_workbook_orphan", line.at(column), values))
        return None

    def add_hourly(self, _: Sheet, lines: Iterable[Line]) -> None:
        for line in lines:
            owner = self._owner(line, "source_id", ("measured",))
            if owner is not None:
                found = owner[0].setdefault("hourly", [])
                at = f"{owner[1]}/hourly/{len(found)}"
                found.append([line.values.get(key) for key in ("concentration", "flow")])
                self.places |= {
                    at: line.at("source_id"),
                    at + "/0": line.at("concentration"),
                    at + "/1": line.at("flow"),
                }

    def add_attribution(self, _: Sheet, lines: Iterable[Line]) -> None:
        for line in lines:
            owner = self._owner(line, "source_id", EMITTING)
            lacking = [key for key in ("target", "share") if key not in line.values]
            self.problems += [Problem("required", line.at(key), {"field": key}) for key in lacking]
            if owner is None or lacking:
                continue
            shares, target = owner[0].setdefault("attribution", {}), line.values["target"]
            if target in shares:
                values = {"id": line.values["source_id"], "field": target}
                self.problems.append(Problem("cbam_workbook_repeated", line.at("target"), values))
            shares[target] = line.values["share"]
            self.places[f"{owner[1]}/attribution{pointer(target)}"] = line.at("share")


_ADDERS = {"form": Assembly.add_form, "rows": Assembly.add_rows, "processes": Assembly.add_processes}
_BELONGING = {"nested": Assembly.add_nested, "hourly": Assembly.add_hourly, "attribution": Assembly.add_attribution}


def _given(columns: Iterable[Column], line: Line) -> list[Column]:
    return [c for c in columns if c.key in line.values]


def _position(entries: Sequence[Json], identifier: Any) -> int | None:
    return next((i for i, e in enumerate(entries) if identifier is not None and e.get("id") == identifier), None)


def _put(owner: Json, path: Path_, value: Any) -> None:
    for part in path[:-1]:
        owner = owner.setdefault(part, {})
    owner[path[-1]] = value


def _merge_names(owner: Json, columns: Iterable[Column]) -> None:
    """A name that is the same in both languages is one text."""
    for path in dict.fromkeys(c.path[:-1] for c in columns if c.path[-1] in {"zh", "en"}):
        holder: Any = owner
        for part in path[:-1]:
            holder = holder.get(part, {})
        name = holder.get(path[-1])
        if isinstance(name, dict) and len(set(name.values())) == 1 and len(name) == 2:
            holder[path[-1]] = name["zh"]
