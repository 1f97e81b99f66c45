"""The rows of a part as columns: what they say, apart from how much.

Every cell is a *shape* (an integer: which text, which unit, which modes of transport) and up to some *numbers*. Bills whose rows
have the same shapes, one after the other, have the same structure, and differ in numbers only.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.bom.reading import LONE_SURROGATE
from lcaengine.bom.schema import MAX_TEXT
from lcaengine.bom.sheet import leg_parts, number_of, quantity_parts

Array = NDArray[np.float64]
Codes = NDArray[np.int32]

BOM = "bom"
NUMBERS = ("amount", "recycled_content", "embedded_indirect")
QUANTITIES = ("unit_mass", "price", "biogenic_carbon", "supplier_footprint", "embedded_emissions")
REMARKS = ("note", "evidence", "embedded_verification", "embedded_installation")
OWN_NAMES = ("name", "id", "gtin", "brand")  # what a product is called: told, never calculated with
_PRODUCT = frozenset({"product", "产品"})
MISSING = -1
SPILLED = ""  # the column of cells beyond the last heading

NONE: Array = np.zeros((0, 0))
NUMBER = ()  # the shape of a number: no text is like it

Parsed = tuple[Any, tuple[float, ...]]


@dataclass(frozen=True)
class Column:
    """One column of n rows: ``codes`` into ``texts`` (or −1), or plain ``values`` (NaN in a row without)."""

    codes: Codes
    texts: Sequence[str] = ()
    values: Array | None = None

    def text(self, row: int) -> str:
        """The cell as a table on paper would have it."""
        if self.codes[row] == MISSING:
            return ""
        return repr(float(self.values[row])) if self.values is not None else self.texts[self.codes[row]]


@dataclass(frozen=True)
class Cells:
    """Shapes (n,) of a column, its numbers (k, n), and what each shape is, the same in every part."""

    shapes: Codes
    numbers: Array
    meanings: Sequence[Any]


@dataclass(frozen=True)
class Part:
    """The rows of some bills of materials, those of one bill together: ``starts`` (b + 1,) in rows.

    ``row`` is the place of the first row in the file, as its reader counts.
    """

    columns: Mapping[str, Column]
    names: Sequence[str]
    starts: NDArray[np.int64]
    row: int

    @cached_property
    def cells(self) -> dict[str, Cells]:
        return {name: self._cells(name, column) for name, column in self.columns.items()}

    def rows(self, bill: int) -> range:
        return range(int(self.starts[bill]), int(self.starts[bill + 1]))

    def table(self, bill: int) -> list[list[str]]:
        """Header and rows of one bill, as a sheet has them."""
        columns = sorted(self.columns, key=lambda name: name == SPILLED)  # what is beyond the headings has none
        rows = ([self.columns[name].text(row) for name in columns] for row in self.rows(bill))
        return [[name for name in columns if name != SPILLED], *rows]

    def key(self, bill: int) -> bytes:
        """The structure of a bill, the same in every part and file."""
        rows = slice(int(self.starts[bill]), int(self.starts[bill + 1]))
        told = []
        for name, cells in sorted(self.cells.items()):
            shapes = cells.shapes[rows].tolist()
            if any(shape != MISSING for shape in shapes):
                told.append((name, [None if shape == MISSING else (cells.meanings[shape],) for shape in shapes]))
        return hashlib.sha256(repr((rows.stop - rows.start, told)).encode()).digest()

    def unreadable(self) -> NDArray[np.bool_]:
        """Bills that hold a character which no database keeps, (b,)."""
        bad = np.zeros(int(self.starts[-1]), dtype=bool)
        for column in self.columns.values():
            texts = np.array([bool(LONE_SURROGATE.search(text)) for text in (*column.texts, "")], dtype=bool)
            if texts.any():
                bad |= texts[column.codes]
        return np.logical_or.reduceat(bad, self.starts[:-1])

    def structures(self) -> Iterator[NDArray[np.int64]]:
        """The bills of each structure, by numbers drawn at random for this process: nobody can make two structures alike."""
        rng = np.random.default_rng()
        drawn = np.zeros(int(self.starts[-1]), dtype=np.uint64)
        for cells in self.cells.values():
            drawn += rng.integers(0, 2**64, int(cells.shapes.max(initial=0)) + 2, np.uint64)[cells.shapes]
        drawn ^= drawn >> np.uint64(31)
        counts = np.diff(self.starts)
        place = np.arange(len(drawn)) - np.repeat(self.starts[:-1], counts)
        drawn *= (rng.integers(0, 2**64, int(counts.max(initial=0)) + 1, np.uint64) | np.uint64(1))[place]
        drawn ^= drawn >> np.uint64(29)
        drawn *= np.uint64(0x9E3779B97F4A7C15)
        keys = np.add.reduceat(drawn, self.starts[:-1])
        _, where = np.unique(keys, return_inverse=True)
        order = np.argsort(where, kind="stable")
        yield from np.split(order, np.flatnonzero(np.diff(where[order])) + 1)

    def _cells(self, name: str, column: Column) -> Cells:
        if column.values is not None:
            return Cells(np.where(column.codes == MISSING, MISSING, 0), column.values[None], [NUMBER])
        if name in NUMBERS:
            return _parsed(column, _number)
        if name in QUANTITIES:
            return _parsed(column, quantity_parts)
        if name == "transport":
            return _parsed(column, leg_parts)
        if name in REMARKS:
            return _parsed(column, _remark)
        if name == "name":
            return Cells(
                np.where(self._own_names & (column.codes != MISSING), len(column.texts), column.codes),
                NONE,
                [*column.texts, None],
            )
        return Cells(column.codes, NONE, column.texts)

    @cached_property
    def _own_names(self) -> NDArray[np.bool_]:
        """Rows whose ``name`` only says what the product is called, (n,)."""
        section, identifier, name = (self.columns.get(key) for key in ("section", "id", "name"))
        if section is None or identifier is None or name is None:
            return np.zeros(int(self.starts[-1]), dtype=bool)
        short = np.array([len(text) <= MAX_TEXT for text in (*name.texts, "")], dtype=bool)
        named: NDArray[np.bool_] = short[name.codes]
        return (
            named & _among(section, lambda text: text.lower() in _PRODUCT) & _among(identifier, OWN_NAMES.__contains__)
        )


def _among(column: Column, wanted: Callable[[str], bool]) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = np.array([*map(wanted, column.texts), False], dtype=bool)[column.codes]
    return found


def _parsed(column: Column, parse: Callable[[str], Parsed]) -> Cells:
    """Every distinct text is parsed once."""
    known: dict[Any, int] = {}
    parsed = [parse(text) for text in column.texts]
    shapes = np.array([known.setdefault(shape, len(known)) for shape, _ in parsed] + [MISSING], dtype=np.int32)
    width = max((len(numbers) for _, numbers in parsed), default=0)
    numbers = np.zeros((width, len(parsed) + 1))
    for i, (_, found) in enumerate(parsed):
        numbers[: len(found), i] = found
    return Cells(shapes[column.codes], numbers[:, column.codes], list(known))


def _number(text: str) -> Parsed:
    found = number_of(text)
    return (text, ()) if found is None else (NUMBER, (found,))


def _remark(text: str) -> Parsed:
    return (None if len(text) <= MAX_TEXT else text), ()
