"""One template being filled: the cells to write, what of the document went into them, and what did not fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from lcaengine.bom.reading import pointer
from lcaengine.cbam.quantities import amount_in, factor_in, problem_at
from lcaengine.cbam.template.cells import Cells, shifted
from lcaengine.cbam.template.places import At
from lcaengine.cbam.template.workbook import Value
from lcaengine.problems import Problem, Refused
from lcaengine.units import same_dimension

Row = Mapping[str, Any]
UNROUTED = ("all_production_routes", "unknown_production_routes")


class Page:
    """What the writers of the sheets share; ``used`` holds the pointers of what was written."""

    def __init__(self, cells: Cells, document: Row, direct: Mapping[str, float], computed: Mapping[str, float]) -> None:
        self.cells, self.known = cells, cells.known
        self.document, self.direct, self.computed = document, direct, computed
        self.values: dict[At, Value] = {}
        self.problems: list[Problem] = []
        self.remarks: list[Problem] = []
        self.used: set[str] = set()
        self.hand: dict[str, list[At]] = {}
        self.order = {row["id"]: i for i, row in enumerate(document["processes"])}

    def each(self, section: str, write: Callable[[int, Row, str], None]) -> None:
        """Writes every row of a section; what does not fit in one does not keep the others from being checked."""
        for i, row in enumerate(self.document.get(section, ())):
            where = pointer(section, i)
            try:
                write(i, row, where)
            except Refused as refused:
                first = refused.problems[0]
                self.problems.append(first if first.where else problem_at(refused, where))

    def take(self, row: Row, key: str, where: str) -> Any:
        self.used.add(f"{where}/{key}")
        return row.get(key)

    def put(self, at: At, value: Value | None) -> None:
        if value is not None and value != "":
            self.values[at] = value

    def put_label(self, at: At, kind: str, identifier: str | None, where: str) -> None:
        """The label of one of our ids; a problem if the template has none for it."""
        if identifier is None:
            return
        label = self.known.label_of(kind, identifier)
        if label is None:
            values = {"value": identifier, "known": list(self.known.raw["labels"][kind].values())}
            self.problems.append(Problem("cbam_template_label", where, values))
        self.put(at, label)

    def converted(self, value: Row, unit: str, where: str) -> float:
        return located(lambda: amount_in(value, unit), where)

    def amount(self, row: Row, key: str, unit: str, where: str) -> float | None:
        value = self.take(row, key, where)
        return None if value is None else self.converted(value, unit, f"{where}/{key}")

    def factor(self, row: Row, key: str, unit: str, where: str) -> float | None:
        value = self.take(row, key, where)
        return None if value is None else located(lambda: factor_in(value, unit), f"{where}/{key}")

    def percent(self, at: At, row: Row, key: str, where: str) -> None:
        if (share := self.take(row, key, where)) is not None:
            self.put(at, shifted(share, 2))

    def mixed(self, flows: Sequence[Row], unit: str, where: str, *, needed: bool = False) -> tuple[float, float | None]:
        """The sum of flows and their weighted factor; without all factors none, or a problem where one is needed."""
        amounts, factors = [], []
        for j, flow in enumerate(flows):
            place = f"{where}/{j}"
            amounts.append(self.energy(flow, unit, place))
            factor = self.factor(flow, "emission_factor", f"t/{unit}", place)
            factors.append(self.computed.get(place) if factor is None else factor)
            if factors[-1] is None and needed and amounts[-1]:
                values = {"what": f"t CO2/{unit}"}
                self.problems.append(Problem("cbam_template_value_needed", place + "/emission_factor", values))
        total = sum(amounts)
        if len(flows) == 1:
            return total, factors[0]
        if None in factors or not total:
            return total, None
        return total, sum(a * f for a, f in zip(amounts, factors, strict=True) if f is not None) / total

    def energy(self, flow: Row, unit: str, where: str) -> float:
        """TJ or MWh; a gas may be given by volume or mass with its net calorific value."""
        self.used |= {f"{where}/{key}" for key in ("amount", "unit", "ncv")}
        if "ncv" not in flow:
            return self.converted(flow, unit, where)
        basis = "t" if same_dimension(flow["unit"], "t") else "m3"
        return located(lambda: amount_in(flow, basis) * factor_in(flow["ncv"], f"{unit}/{basis}"), where)

    def unknown_country(self, code: str, where: str) -> None:
        self.problems.append(
            Problem("cbam_template_label", where, {"value": code, "known": ["CN", "TR", "c_CodeLists"]})
        )

    def by_hand(self, label: str, at: At) -> None:
        """Remembers a cell that only a person can fill."""
        self.hand.setdefault(label, []).append(at)

    def route_label(self, category: str, route: str | None) -> str | None:
        """The label of a route of a category with several; None where there is but one for all."""
        routes = self.known.routes(category)
        wanted = None if route in UNROUTED else route
        return next((label for label, known in routes if known == wanted), None) if len(routes) > 1 else None

    def route_row(self, category: str, route: str | None, where: str) -> int:
        ids = [known for _, known in self.known.routes(category)]
        wanted = None if route in UNROUTED else route
        if wanted not in ids:
            known = [known for known in ids if known]
            raise Refused(Problem("cbam_template_label", where + "/route", {"value": route, "known": known}))
        return ids.index(wanted)


def located(calculate: Any, where: str) -> float:
    """A converted value; a problem of its unit bears its place."""
    try:
        return float(calculate())
    except Refused as refused:
        raise type(refused)(problem_at(refused, where)) from None


def names_of(name: Any) -> tuple[str, str | None]:
    """English, and local name if there is another."""
    if isinstance(name, Mapping):
        return name.get("en") or name["zh"], name.get("zh")
    return str(name), None


def name_of(row: Row) -> str:
    return names_of(row.get("name", row["id"]))[0]
