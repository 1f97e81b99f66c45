"""From an installation document to the rows of its workbook, and what of it has no place there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lcaengine.bom.reading import pointer
from lcaengine.cbam.workbook.layout import (
    EMITTING,
    NESTED,
    PARAMETERS,
    Column,
    Nested,
    Path_,
    Sheet,
    parameter_column,
    sheets,
)
from lcaengine.problems import Problem, Refused

Json = Mapping[str, Any]
LANGUAGES = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Entry:
    """A value of the document with its JSON pointer."""

    value: Any
    where: str


Row = dict[str, Entry]


def rows_of(document: Json) -> dict[str, list[Row]]:
    """Sheet id → rows, by column key (of a form: one row). Raises `Refused` where something would be lost."""
    problems = list(_id_problems(document))
    rows = {name: list(_rows(sheet, document)) for name, sheet in sheets().items()}
    covered = {entry.where for found in rows.values() for row in found for entry in row.values()}
    problems += [Problem("cbam_workbook_no_place", leaf, {"field": leaf}) for leaf in _leaves(document, covered)]
    if problems:
        raise Refused(problems)
    return rows


def columns_of(sheet: Sheet, rows: Sequence[Row]) -> tuple[Column, ...]:
    """The columns of a sheet, with those of parameters that only these rows have, before the note."""
    known = sheet.by_key
    added = dict.fromkeys(key for row in rows for key in row if key not in known)
    own = list(sheet.columns)
    own[-1:-1] = [parameter_column(key) for key in added]
    return tuple(own)


def _rows(sheet: Sheet, document: Json) -> Iterator[Row]:
    match sheet.shape:
        case "form":
            yield _row(sheet.columns, document, "")
        case "rows":
            for where, entry in _section(document, sheet.id):
                yield _row(sheet.columns, entry, where)
        case "processes":
            for where, entry in _section(document, sheet.id):
                yield from _process_rows(sheet, entry, where)
        case "nested":
            nested = NESTED[sheet.id]
            for where, entry in _section(document, nested.owner):
                yield from _nested_rows(sheet, nested, entry, where)
        case "hourly":
            for where, entry in _section(document, "measured"):
                yield from _hourly_rows(entry, where)
        case "attribution":
            for section in EMITTING:
                for where, entry in _section(document, section):
                    yield from _attribution_rows(entry, where)


def _section(document: Json, name: str) -> Iterator[tuple[str, Json]]:
    found = document.get(name)
    for i, entry in enumerate(found if isinstance(found, list) else ()):
        if isinstance(entry, Mapping):
            yield pointer(name, i), entry


def _row(columns: Sequence[Column], entry: Json, where: str) -> Row:
    """The values of an object by column; a name in one text stands for both languages."""
    row = {}
    for column in columns:
        value, place = _found(entry, column.path, where)
        if value is not None:
            row[column.key] = Entry(value, place)
    return row


def _found(owner: Any, path: Path_, where: str) -> tuple[Any, str]:
    for part in path:
        if isinstance(owner, str) and part in LANGUAGES:
            return owner, where
        if not isinstance(owner, Mapping) or part not in owner:
            return None, where
        owner, where = owner[part], where + pointer(part)
    return owner, where


def _process_rows(sheet: Sheet, entry: Json, where: str) -> Iterator[Row]:
    """A process with its first route; further routes repeat its id."""
    made = entry.get("production")
    parts = [_production(sheet, part, f"{where}/production/{i}") for i, part in enumerate(_listed(made))]
    yield _row([c for c in sheet.columns if c.path[0] != "production"], entry, where) | (parts[0] if parts else {})
    for part in parts[1:]:
        yield {"id": Entry(entry.get("id"), where + "/id")} | part


def _production(sheet: Sheet, part: Any, where: str) -> Row:
    return {
        c.key: Entry(part[c.path[1]], f"{where}/{c.path[1]}")
        for c in sheet.columns
        if c.path[0] == "production" and isinstance(part, Mapping) and part.get(c.path[1]) is not None
    }


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _nested_rows(sheet: Sheet, nested: Nested, owner: Json, where: str) -> Iterator[Row]:
    for flow, path in nested.paths.items():
        value, place = _found(owner, path, where)
        entries = (
            [(place, value)] if flow in nested.single else [(f"{place}/{i}", v) for i, v in enumerate(_listed(value))]
        )
        for at, entry in entries:
            if not isinstance(entry, Mapping) or not entry:
                continue
            row = {nested.id_column: Entry(owner.get("id"), where + "/id")}
            if flow:
                row["flow"] = Entry(flow, at)
            yield row | _row(_plain(sheet, entry), entry, at)


def _plain(sheet: Sheet, entry: Json) -> list[Column]:
    """The columns of a nested object, with a column for each further parameter of a good."""
    known = sheet.by_key
    columns = [c for c in sheet.columns if c.key not in {"process_id", "precursor_id", "flow"}]
    given = entry.get("parameters") if sheet.id == "goods" else None
    more = (
        [PARAMETERS + key for key in given or {} if PARAMETERS + key not in known] if isinstance(given, Mapping) else []
    )
    return columns + [parameter_column(key) for key in more]


def _hourly_rows(owner: Json, where: str) -> Iterator[Row]:
    for i, pair in enumerate(_listed(owner.get("hourly"))):
        if isinstance(pair, list) and len(pair) == 2:
            at = f"{where}/hourly/{i}"
            yield {"source_id": Entry(owner.get("id"), where + "/id"), "concentration": Entry(pair[0], at + "/0"),
                   "flow": Entry(pair[1], at + "/1")}  # fmt: skip


def _attribution_rows(owner: Json, where: str) -> Iterator[Row]:
    shares = owner.get("attribution")
    for target, share in (shares if isinstance(shares, Mapping) else {}).items():
        at = f"{where}/attribution{pointer(target)}"
        yield {
            "source_id": Entry(owner.get("id"), where + "/id"),
            "target": Entry(target, at),
            "share": Entry(share, at),
        }


# -- what would be lost


def _leaves(value: Any, covered: set[str], where: str = "") -> Iterator[str]:
    """Pointers of values that no cell holds; null and empty parts hold nothing."""
    if where in covered:
        if isinstance(value, Mapping) and value:
            yield from (leaf for key, part in value.items() for leaf in _leaves(part, covered, where + pointer(key)))
        return
    if isinstance(value, Mapping):
        for key, part in value.items():
            yield from _leaves(part, covered, where + pointer(key))
    elif isinstance(value, list):
        for i, part in enumerate(value):
            yield from _leaves(part, covered, f"{where}/{i}")
    elif value is not None:
        yield where


def _id_problems(document: Json) -> Iterator[Problem]:
    """Rows of other sheets find their entry by its id: each needs one of its own."""
    for section in ("processes", "precursors", *EMITTING):
        group = EMITTING if section in EMITTING else (section,)
        others = [e.get("id") for name in group for _, e in _section(document, name)]
        for where, entry in _section(document, section):
            identifier = entry.get("id")
            if not isinstance(identifier, str) or not identifier.strip() or others.count(identifier) > 1:
                yield Problem("cbam_workbook_id", where + "/id", {"id": identifier})
