"""A bill of materials whose numbers are those of many bills: the first one as read, with every number replaced by lanes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from lcaengine.batch.rows import Part
from lcaengine.bom import Bom, CoProduct, Leg, Line
from lcaengine.bom.sheet import Sheet
from lcaengine.lanes import Lanes, Recording
from lcaengine.units import Quantity

Array = NDArray[np.float64]
FIRST_ROW = 2  # of a bill's own table, below its header


class Numbers:
    """The numbers of the rows of L bills of one structure: for a column of n rows, (k, n, L)."""

    def __init__(self, part: Part, bills: NDArray[np.int64]) -> None:
        self.lanes = len(bills)
        self._part = part
        first = part.rows(int(bills[0]))
        self._rows = part.starts[bills][None, :] + np.arange(len(first))[:, None]
        self._given = {name: cells.shapes[first.start : first.stop] >= 0 for name, cells in part.cells.items()}
        self._columns: dict[str, Array] = {}

    def column(self, name: str) -> Array:
        if name not in self._columns:
            self._columns[name] = self._part.cells[name].numbers[:, self._rows]
        return self._columns[name]

    def at(self, place: Place) -> Array:
        """The number in a row's column (its k-th), (L,)."""
        column, k, row = place
        numbers: Array = self.column(column)[k, row]
        return numbers

    def plain(self) -> NDArray[np.bool_]:
        """Lanes in which all that is given is finite, not negative, and where it is a share at most one, (L,)."""
        found = np.ones(self._rows.shape[1], dtype=bool)
        for name, cells in self._part.cells.items():
            if len(cells.numbers) and self._given[name].any():
                numbers = self.column(name)[:, self._given[name]]
                most = 1.0 if name == "recycled_content" else np.finfo(float).max
                found &= ((numbers >= 0) & (numbers <= most)).all(axis=(0, 1))
        return found


Place = tuple[str, int, int]


class Given:
    """The lanes that bills of one structure give, and where: they can be filled from other bills of the structure."""

    def __init__(self, numbers: Numbers) -> None:
        self.recording = Recording()
        self._numbers = numbers
        self._lanes: list[tuple[Lanes, Place]] = []

    def at(self, where: str, column: str, k: int = 0) -> float:
        """Lanes for the number in a row's column (its k-th), for code that takes a float."""
        place = (column, k, row_of(where))
        lanes = Lanes(self._numbers.at(place), self.recording)
        self._lanes.append((lanes, place))
        return cast(float, lanes)

    def fill(self, numbers: Numbers) -> None:
        self._numbers = numbers
        for lanes, place in self._lanes:
            lanes.values = numbers.at(place)

    def forget(self) -> None:
        """Give the numbers back; where they come from is kept."""
        del self._numbers
        for lanes, _ in self._lanes:
            lanes.values = None
        self.recording.forget()


def row_of(where: str) -> int:
    """The row of a bill (from 0) that a place in its own table names: ``row 5, column unit``."""
    return int(where.removeprefix("row ").partition(",")[0]) - FIRST_ROW


def filled(bom: Bom, sheet: Sheet, numbers: Given) -> Bom:
    """The bill with lanes for numbers. What it gives no number for stays as it is."""
    places = sheet.places
    given = {name: places[f"/parameters/{name}"] for name in bom.parameters}
    return replace(
        bom,
        declared_unit=_quantity(bom.declared_unit, numbers.at(places["/product/declared_unit"], "amount")),
        pack=bom.pack and _quantity(bom.pack, numbers.at(places["/product/pack"], "amount")),
        output=bom.output and _quantity(bom.output, numbers.at(places["/output"], "amount")),
        lines=tuple(_line(line, numbers) for line in bom.lines),
        activities=tuple(_amount(activity, numbers) for activity in bom.activities),
        co_products=tuple(_co_product(co_product, numbers) for co_product in bom.co_products),
        parameters=_parameters(bom.parameters, given, numbers),
    )


def _quantity(quantity: Quantity, amount: float) -> Quantity:
    return Quantity(amount, quantity.unit)


def _parameters(
    values: Mapping[str, float | Quantity], places: Mapping[str, str], numbers: Given
) -> dict[str, float | Quantity]:
    amounts = {name: numbers.at(place, "amount") for name, place in places.items()}
    return {
        name: _quantity(value, amounts[name]) if isinstance(value, Quantity) else amounts[name]
        for name, value in values.items()
    }


def _amount(entry: Any, numbers: Given) -> Any:
    return replace(entry, quantity=_quantity(entry.quantity, numbers.at(entry.where, "amount")))


def _line(line: Line, numbers: Given) -> Line:
    found: dict[str, Any] = {"quantity": _quantity(line.quantity, numbers.at(line.where, "amount"))}
    if line.unit_mass:
        found["unit_mass"] = _quantity(line.unit_mass, numbers.at(line.where, "unit_mass"))
    if line.transport is not None:
        legs = enumerate(line.transport)
        found["transport"] = tuple(
            Leg(leg.mode, _quantity(leg.distance, numbers.at(line.where, "transport", k))) for k, leg in legs
        )
    if line.recycled_content is not None:
        found["recycled_content"] = numbers.at(line.where, "recycled_content")
    if line.supplier_footprint:
        found["supplier_footprint"] = replace(
            line.supplier_footprint, value=numbers.at(line.where, "supplier_footprint")
        )
    return replace(line, **found)


def _co_product(co_product: CoProduct, numbers: Given) -> CoProduct:
    found: dict[str, Any] = {}
    for name in ("price", "biogenic_carbon"):
        if quantity := getattr(co_product, name):
            found[name] = _quantity(quantity, numbers.at(co_product.where, name))
    return replace(cast(CoProduct, _amount(co_product, numbers)), **found)
