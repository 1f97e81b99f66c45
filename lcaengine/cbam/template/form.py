"""One template being read: cells by type, what has to be said of them, and where each value of the document stood."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lcaengine.bom.reading import pointer
from lcaengine.cbam.template.cells import Cells, shifted
from lcaengine.cbam.template.places import At
from lcaengine.problems import Problem

Json = dict[str, Any]
Row = Callable[[str], At]
NEEDS_EVIDENCE = ("combustion", "measured")


def quantity(amount: float | None, unit: str) -> Json | None:
    return None if amount is None else {"amount": amount, "unit": unit}


class Form:
    """What the readers of the sheets share; rows keep the workbook's own numbers (P3 stays P3 when P2 is empty)."""

    def __init__(self, cells: Cells) -> None:
        self.cells = cells
        self.known = cells.known
        self.remarks: list[Problem] = []
        self.places: dict[str, str] = {}
        self.processes: dict[int, Json] = {}

    def put(self, target: Json, key: str, value: Any, at: At, where: str) -> None:
        """Sets a value that is there; the place is remembered even if not, so that its absence can be shown."""
        self.places[f"{where}/{key}"] = str(at)
        if value is not None:
            target[key] = value

    def rows(self, name: str, read: Callable[[Row, str, int], Json]) -> list[Json]:
        table = self.known.tables[name]
        rows: list[Json] = []
        for i in range(len(table)):
            if self.cells.filled(*table.row(i)):
                where = pointer(name, len(rows))
                self.places[where] = str(table.at(i, next(iter(table.columns))))
                rows.append(read(lambda column, i=i: table.at(i, column), where, i + 1))  # type: ignore[misc]
        return rows

    def required_label(self, at: At, kind: str, what: str) -> str | None:
        if not self.cells.filled(at):
            self.cells.missing(at, what)
        return self.cells.label(at, kind)

    def biomass(self, row: Json, at: At, where: str) -> None:
        """The template has no field for the evidence that biomass as fuel and in flue gas needs to count zero."""
        share = self.cells.percent(at)
        self.put(row, "biomass_fraction", share or None, at, where)
        if share and row.get("method", "measured") in NEEDS_EVIDENCE:
            self.remarks.append(Problem("cbam_template_zero_rating", str(at), {"share": shifted(share, 2)}))

    def route_id(self, category: str, label: str | None) -> str:
        return dict(self.known.routes(category)).get(label or "") or ""

    def iso(self, code: str | None, at: At, given: str) -> str | None:
        found = self.known.country(code) if code else None
        if found is None:
            self.cells.unknown(at, given, ["CN = China", "TR = Türkiye", "c_CodeLists"])
        return found
