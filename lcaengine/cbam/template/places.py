"""Where what stands in the Commission's communication template: the map of ``communication_template.yaml``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from openpyxl.utils import range_boundaries
from openpyxl.utils.cell import coordinate_from_string, get_column_letter


class At(NamedTuple):
    """A cell of a sheet."""

    sheet: str
    cell: str

    def __str__(self) -> str:
        return f"{self.sheet}!{self.cell}"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of one kind under each other; ``index`` counts from 0."""

    sheet: str
    first: int
    last: int
    columns: Mapping[str, str]

    def __len__(self) -> int:
        return self.last - self.first + 1

    def at(self, index: int, name: str) -> At:
        return At(self.sheet, f"{self.columns[name]}{self.first + index}")

    def row(self, index: int) -> list[At]:
        return [self.at(index, name) for name in self.columns]


@dataclass(frozen=True, slots=True)
class Blocks:
    """A form that repeats downwards; ``index`` counts from 0."""

    sheet: str
    stride: int
    count: int
    cells: Mapping[str, str]
    lists: Mapping[str, tuple[str, ...]]

    def at(self, index: int, name: str) -> At:
        return self._moved(index, self.cells[name])

    def list(self, index: int, name: str) -> tuple[At, ...]:
        return tuple(self._moved(index, cell) for cell in self.lists[name])

    def _moved(self, index: int, cell: str) -> At:
        column, row = coordinate_from_string(cell)
        return At(self.sheet, f"{column}{row + index * self.stride}")


@dataclass(frozen=True, slots=True)
class TemplateMap:
    """Every input cell of the template by name, and the labels of its lists."""

    raw: Mapping[str, Any]
    cells: Mapping[str, At]
    tables: Mapping[str, Table]
    processes: Blocks
    precursors: Blocks
    inputs: Mapping[At, str] = field(repr=False)

    def id_of(self, kind: str, label: str) -> str | None:
        """Ours for a label of the workbook, which compares without regard to case; None if it is not in the list."""
        return _folded(self.raw["labels"][kind]).get(_key(label))

    def label_of(self, kind: str, identifier: str) -> str | None:
        """The label exactly as the workbook compares it; the first of several with one meaning."""
        return next((label for label, known in self.raw["labels"][kind].items() if known == identifier), None)

    def known(self, kind: str) -> list[str]:
        return list(self.raw["labels"][kind])

    def routes(self, category: str) -> list[tuple[str, str | None]]:
        """Label and id of a category's routes, in the order of the rows for amounts; id None: not known, or one for all."""
        return list(self.raw["routes"].get(category, self.raw["all_routes"]).items())

    def country(self, code: str) -> str | None:
        """ISO 3166 code behind a code of the workbook's list; None for what is no country."""
        return None if code in self.raw["no_country"] else self.raw["countries"].get(code, code)


def _key(label: str) -> str:
    return label.strip().casefold()


def _folded(labels: Mapping[str, str]) -> dict[str, str]:
    return {_key(label): identifier for label, identifier in labels.items()}


@cache
def template_map() -> TemplateMap:
    """The map of edition en_20241213."""
    text = (Path(__file__).parent / "communication_template.yaml").read_text(encoding="utf-8")
    raw = yaml.safe_load(text)
    sheets = raw["sheets"]
    cells = {n: At(sheet, ref) for sheet, part in sheets.items() for n, ref in part.get("cells", {}).items()}
    tables = {n: _table(sheet, t) for sheet, part in sheets.items() for n, t in part.get("tables", {}).items()}
    blocks = {sheet: _blocks(sheet, part["blocks"]) for sheet, part in sheets.items() if "blocks" in part}
    inputs = dict(_inputs(cells, tables, blocks.values()))
    return TemplateMap(raw, cells, tables, blocks["D_Processes"], blocks["E_PurchPrec"], inputs)


def _table(sheet: str, raw: Mapping[str, Any]) -> Table:
    first, last = raw["rows"]
    return Table(sheet, first, last, raw["columns"])


def _blocks(sheet: str, raw: Mapping[str, Any]) -> Blocks:
    lists = {
        name: tuple(f"{part['column']}{row}" for row in range(part["rows"][0], part["rows"][1] + 1))
        for name, part in raw["lists"].items()
    }
    return Blocks(sheet, raw["stride"], raw["count"], raw["cells"], lists)


def _inputs(cells: Mapping[str, At], tables: Mapping[str, Table], blocks: Any) -> Iterator[tuple[At, str]]:
    yield from ((at, name) for name, at in cells.items())
    for title, table in tables.items():
        for i in range(len(table)):
            yield from ((table.at(i, name), f"{title}.{name}") for name in table.columns)
    for block in blocks:
        for i in range(block.count):
            yield from ((block.at(i, name), name) for name in block.cells)
            yield from ((at, name) for name in block.lists for at in block.list(i, name))


def cells_of(ranges: Sequence[str]) -> Iterator[str]:
    """The cells of ranges such as ``J21:L21``."""
    for text in ranges:
        left, top, right, bottom = range_boundaries(text)
        for row in range(int(top or 1), int(bottom or 1) + 1):
            for column in range(int(left or 1), int(right or 1) + 1):
                yield f"{get_column_letter(column)}{row}"
