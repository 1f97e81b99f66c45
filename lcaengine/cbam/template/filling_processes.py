"""Sheets A and D of a template filled: production processes."""

from __future__ import annotations

from collections.abc import Sequence

from lcaengine.bom.reading import pointer
from lcaengine.cbam.template.page import Page, Row, name_of
from lcaengine.cbam.template.places import At
from lcaengine.problems import Problem, Refused

NATURAL_GAS, WASTE_GAS_EFFICIENCY = 56.1, 0.667  # t CO2/TJ and its share, equations (53) and (54)


class ProcessWriter:
    """One block of sheet D for each process."""

    def __init__(self, page: Page) -> None:
        self.page, self.known = page, page.known

    def write(self) -> None:
        self.page.each("processes", self._process)

    def _process(self, i: int, row: Row, where: str) -> None:
        table, form = self.known.tables["processes"], self.known.processes
        self.page.put_label(
            table.at(i, "category"), "category", self.page.take(row, "category", where), where + "/category"
        )
        self.page.take(row, "name", where)
        self.page.put(table.at(i, "name"), name_of(row))
        self._includes(i, row, where)
        total = self._production(i, row, where)
        given = self.page.amount(row, "direct_emissions", "t", where)
        direct = self.page.direct.get(row["id"], given)
        if direct is None:
            values = {"what": f"DirEm* ({name_of(row)})"}
            raise Refused(Problem("cbam_template_value_needed", where + "/direct_emissions", values))
        self.page.put(form.at(i, "direct_emissions"), direct)
        self._deliveries(i, row, total, where)
        attributed = (
            direct + self._heat(i, row, where) + self._waste_gas(i, row, where) - self._electricity(i, row, where)
        )
        if attributed < 0:
            below = {"process": name_of(row), "value": attributed}
            self.page.remarks.append(Problem("cbam_template_no_floor", where, below))

    def _includes(self, i: int, row: Row, where: str) -> None:
        table, included = self.known.tables["processes"], self.page.take(row, "includes", where) or ()
        room = len(table.columns) - 2
        if len(included) > room:
            values = {"what": "includes", "count": len(included), "capacity": room}
            raise Refused(Problem("cbam_template_overflow", where + "/includes", values))
        if not included:
            self.page.put(table.at(i, "included_1"), self.known.raw["only_direct"])
        for j, category in enumerate(included, 1):
            self.page.put_label(table.at(i, f"included_{j}"), "category", category, f"{where}/includes")

    def _production(self, i: int, row: Row, where: str) -> float:
        """Amounts by route; the workbook wants a number in every row that has one."""
        cells = self.known.processes.list(i, "production")
        unit = "MWh" if row["category"] == "electricity" else "t"
        amounts = dict.fromkeys(range(len(self.known.routes(row["category"]))), 0.0)
        for j, part in enumerate(self.page.take(row, "production", where)):
            place = where + pointer("production", j)
            amounts[self.page.route_row(row["category"], part.get("route"), place)] += self.page.converted(
                part, unit, place
            )
        for j, amount in amounts.items():
            self.page.put(cells[j], amount)
        return sum(amounts.values())

    def _deliveries(self, i: int, row: Row, total: float, where: str) -> None:
        """What is not said to have gone elsewhere went to market."""
        form, gone = self.known.processes, 0.0
        others = [k for k in range(form.count) if k != i]
        inside: dict[At, float] = {}
        for j, part in enumerate(self.page.take(row, "to_processes", where) or ()):
            at = form.list(i, "to_processes")[others.index(self.page.order[part["process"]])]
            amount = self.page.converted(part, "t", where + pointer("to_processes", j))
            inside[at] = inside.get(at, 0.0) + amount
            gone += amount
        self.page.values.update(inside)
        elsewhere = self.page.amount(row, "to_non_cbam", "t", where) or 0.0
        self.page.put(form.at(i, "to_non_cbam"), elsewhere)
        market = self.page.amount(row, "to_market", "t", where)
        self.page.put(form.at(i, "to_market"), total - gone - elsewhere if market is None else market)

    def _heat(self, i: int, row: Row, where: str) -> float:
        """t CO2 of heat imported less exported."""
        flows, net = row.get("heat", {}), 0.0
        form = self.known.processes
        self.page.put(form.at(i, "heat_applicable"), any(flows.values()))
        for way, sign in (("imported", 1), ("exported", -1)):
            amount, factor = self.page.mixed(flows.get(way, ()), "TJ", f"{where}/heat/{way}", needed=True)
            if any(flows.values()):
                self.page.put(form.at(i, f"heat_{way}"), amount)
                self.page.put(form.at(i, f"heat_{way}_factor"), factor or 0.0)
            net += sign * amount * (factor or 0.0)
        return net

    def _waste_gas(self, i: int, row: Row, where: str) -> float:
        """t CO2 by equations (53) and (54), as the workbook has it; it does not look at the factors."""
        flows, form, amounts = row.get("waste_gas", {}), self.known.processes, []
        self.page.put(form.at(i, "waste_gas_applicable"), any(flows.values()))
        for way in ("imported", "exported"):
            places = [(flow, f"{where}/waste_gas/{way}/{j}") for j, flow in enumerate(flows.get(way, ()))]
            amounts.append(sum(self.page.energy(flow, "TJ", place) for flow, place in places))
            if any(flows.values()):
                self.page.put(form.at(i, f"waste_gas_{way}"), amounts[-1])
        return NATURAL_GAS * (amounts[0] - amounts[1] * WASTE_GAS_EFFICIENCY)

    def _electricity(self, i: int, row: Row, where: str) -> float:
        """t CO2 of electricity exported; what is consumed goes into one row with the weighted factor (Art. 9)."""
        flows, form = row.get("electricity", {}), self.known.processes
        consumed, place = flows.get("consumed", ()), f"{where}/electricity/consumed"
        if consumed:
            amount, factor = self.page.mixed(consumed, "MWh", place)
            self.page.put(form.at(i, "electricity"), amount)
            self.page.put(form.at(i, "electricity_factor"), factor)
            if factor is None:
                self.page.by_hand("Emission factor of the electricity", form.at(i, "electricity_factor"))
            self.page.put(form.at(i, "electricity_source"), self._source(consumed, place))
        amount, factor = self.page.mixed(flows.get("exported", ()), "MWh", f"{where}/electricity/exported", needed=True)
        self.page.put(form.at(i, "electricity_exported"), amount)
        self.page.put(form.at(i, "electricity_exported_factor"), factor if amount else None)
        return amount * (factor or 0.0)

    def _source(self, flows: Sequence[Row], where: str) -> str | None:
        labels = {self._source_label(flow) for flow in flows}
        self.page.used |= {f"{where}/{j}/source" for j in range(len(flows))}
        return labels.pop() if len(labels) == 1 else self.known.label_of("electricity_source", "mix")

    def _source_label(self, flow: Row) -> str | None:
        chp = {unit["id"] for unit in self.page.document.get("heat", ()) if unit["kind"] == "chp"}
        cogeneration = self.known.raw["cogeneration"]
        if flow.get("source") == "own_generation" and (flow.get("note") == cogeneration or flow.get("from") in chp):
            return str(cogeneration)
        return self.known.label_of("electricity_source", flow.get("source", ""))
