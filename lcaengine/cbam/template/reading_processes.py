"""Sheets A, D and E of a template read: production processes and purchased precursors."""

from __future__ import annotations

from lcaengine.bom.reading import pointer
from lcaengine.cbam.template.form import Form, Json, quantity
from lcaengine.cbam.template.places import At
from lcaengine.problems import Problem

PER_TONNE = "t CO2e/t"


class ProcessReader:
    """Production processes, then the precursors that they consume."""

    def __init__(self, form: Form) -> None:
        self.form, self.cells, self.known = form, form.cells, form.known

    def processes(self) -> list[Json]:
        table = self.known.tables["processes"]
        found = [i for i in range(len(table)) if self.cells.filled(*table.row(i))]
        for n, i in enumerate(found):
            self.form.processes[i] = self._process(i, pointer("processes", n))
        for n, i in enumerate(found):
            self._deliveries(i, pointer("processes", n))
        return list(self.form.processes.values())

    def _process(self, i: int, where: str) -> Json:
        table, cells, form, row = self.known.tables["processes"], self.cells, self.known.processes, Json(id=f"P{i + 1}")
        self.form.places[where] = str(table.at(i, "category"))
        category = self.form.required_label(table.at(i, "category"), "category", "category")
        self.form.put(row, "name", cells.text(table.at(i, "name")), table.at(i, "name"), where)
        self.form.put(row, "category", category or "", table.at(i, "category"), where)
        self.form.put(row, "includes", self._includes(i) or None, table.at(i, "included_1"), where)
        row["production"] = self._by_route(category, form.list(i, "production"), f"{where}/production")
        direct = quantity(cells.number(form.at(i, "direct_emissions")), "t")
        self.form.put(row, "direct_emissions", direct, form.at(i, "direct_emissions"), where)
        for key, unit in (("heat", "TJ"), ("waste_gas", "TJ")):
            cells.truth(form.at(i, f"{key}_applicable"))
            flows = {
                way: self._flow(i, f"{key}_{way}", unit, f"{where}/{key}/{way}/0") for way in ("imported", "exported")
            }
            self.form.put(
                row, key, {w: [f] for w, f in flows.items() if f} or None, form.at(i, f"{key}_applicable"), where
            )
        self.form.put(row, "electricity", self._electricity(i, where) or None, form.at(i, "electricity"), where)
        for key in ("to_market", "to_non_cbam"):
            amount = cells.number(form.at(i, key))
            moved = None if key == "to_non_cbam" and not amount else quantity(amount, self._unit(category))
            self.form.put(row, key, moved, form.at(i, key), where)
        return row

    def _unit(self, category: str | None) -> str:
        return "MWh" if category == "electricity" else "t"

    def _includes(self, i: int) -> list[str]:
        table, included = self.known.tables["processes"], []
        for name in list(table.columns)[1:-1]:
            at = table.at(i, name)
            if (self.cells.text(at) or "").casefold() == self.known.raw["only_direct"].casefold():
                continue
            if category := self.cells.label(at, "category"):
                included.append(category)
        return included

    def _by_route(self, category: str | None, cells: tuple[At, ...], where: str) -> list[Json]:
        """Amounts by route. The workbook asks for a zero in every other row: those say nothing."""
        self.form.places[where] = str(cells[0])
        routes = self.known.routes(category or "")
        rows: list[Json] = []
        for j, at in enumerate(cells):
            amount = self.cells.number(at)
            if amount is None:
                continue
            if j >= len(routes):
                if amount:
                    self.cells.bad("cbam_template_no_route", at, value=amount, known=[label for label, _ in routes])
                continue
            route = routes[j][1]
            self.form.places[f"{where}/{len(rows)}"] = str(at)
            rows.append({"amount": amount, "unit": self._unit(category), **({"route": route} if route else {})})
        return [row for row in rows if row["amount"]] or rows[:1]

    def _flow(self, i: int, name: str, unit: str, where: str) -> Json | None:
        """An amount of energy with its factor; zero and blank mean none."""
        form, cells = self.known.processes, self.cells
        at, factor_at = form.at(i, name), form.at(i, f"{name}_factor")
        amount = cells.number(at)
        flow: Json = {"amount": amount, "unit": unit}
        if name.startswith("waste_gas"):  # the workbook itself takes 56.1 t/TJ and 0.667, whatever stands there
            return flow if amount else None
        factor = quantity(cells.number(factor_at), f"t CO2/{unit}")
        if not amount:
            if factor and factor["amount"]:
                cells.used.discard(factor_at)
            return None
        self.form.put(flow, "emission_factor", factor, factor_at, where)
        self.form.places[where] = str(at)
        return flow

    def _electricity(self, i: int, where: str) -> Json:
        form, cells, power = self.known.processes, self.cells, Json()
        if flow := self._flow(i, "electricity", "MWh", f"{where}/electricity/consumed/0"):
            at = form.at(i, "electricity_source")
            self.form.put(flow, "source", cells.label(at, "electricity_source"), at, f"{where}/electricity/consumed/0")
            if cells.text(at) == self.known.raw["cogeneration"]:
                flow["note"] = self.known.raw["cogeneration"]
            power["consumed"] = [flow]
        if flow := self._flow(i, "electricity_exported", "MWh", f"{where}/electricity/exported/0"):
            power["exported"] = [flow]
        return power

    def _deliveries(self, i: int, where: str) -> None:
        """The rows for deliveries name the other processes in their order."""
        others = [k for k in range(self.known.processes.count) if k != i]
        cells = self.known.processes.list(i, "to_processes")
        rows = self._to_processes(list(zip(others, cells, strict=True)), f"{where}/to_processes")
        if rows:
            self.form.processes[i]["to_processes"] = rows

    def _to_processes(self, cells: list[tuple[int, At]], where: str) -> list[Json]:
        rows: list[Json] = []
        for k, at in cells:
            amount = self.cells.number(at)
            if not amount:
                continue
            if k not in self.form.processes:
                self.cells.bad("cbam_template_no_process", at, value=amount, process=f"P{k + 1}")
                continue
            self.form.places[f"{where}/{len(rows)}"] = str(at)
            rows.append({"process": f"P{k + 1}", "amount": amount, "unit": "t"})
        return rows

    def precursors(self) -> list[Json]:
        table = self.known.tables["precursors"]
        rows: list[Json] = []
        for i in range(len(table)):
            if self.cells.filled(*table.row(i)):
                rows.append(self._precursor(i, pointer("precursors", len(rows))))
        return rows

    def _precursor(self, i: int, where: str) -> Json:
        table, cells, form, row = (
            self.known.tables["precursors"],
            self.cells,
            self.known.precursors,
            Json(id=f"PP{i + 1}"),
        )
        self.form.places[where] = str(table.at(i, "category"))
        category = self.form.required_label(table.at(i, "category"), "category", "category")
        self.form.put(row, "name", cells.text(table.at(i, "name")), table.at(i, "name"), where)
        self.form.put(row, "category", category or "", table.at(i, "category"), where)
        code = cells.text(table.at(i, "country"))
        country = self.form.iso(self._listed_code(code), table.at(i, "country"), code) if code else "unknown"
        self.form.put(row, "country", country, table.at(i, "country"), where)
        self._purchased(row, category, i, where)
        row["consumed"] = self._to_processes(list(enumerate(form.list(i, "consumed"))), f"{where}/consumed")
        self.form.places[f"{where}/consumed"] = str(form.list(i, "consumed")[0])
        elsewhere = quantity(cells.number(form.at(i, "consumed_elsewhere")) or None, "t")
        self.form.put(row, "consumed_elsewhere", elsewhere, form.at(i, "consumed_elsewhere"), where)
        self._embedded(row, i, where)
        return row

    def _listed_code(self, code: str) -> str | None:
        return code.upper() if code.upper() in self.cells.listed("country_codes") else None

    def _purchased(self, row: Json, category: str | None, i: int, where: str) -> None:
        """All that was purchased. Several routes stay in the report: a precursor of a document has one."""
        cells = self.known.precursors.list(i, "purchased")
        bought = self._by_route(category, cells, f"{where}/purchased")
        total = quantity(sum(part["amount"] for part in bought), "t") if bought else None
        self.form.put(row, "purchased", total, cells[0], where)
        listed = [at for at in self.known.tables["precursors"].row(i)[2:-1] if self.cells.text(at)]
        routes = [part.get("route", "") for part in bought]
        if len(routes) == 1 and routes[0]:
            row["route"] = routes[0]
        elif len(routes) > 1:
            self.cells.used -= {at for at in cells if self.cells.filled(at)}
        for at in listed:
            if self.form.route_id(category or "", self.cells.text(at)) not in routes[:1] or len(routes) > 1:
                self.cells.used.discard(at)

    def _embedded(self, row: Json, i: int, where: str) -> None:
        cells, form = self.cells, self.known.precursors
        source = form.at(i, "see_direct_source")
        evidence = self.form.required_label(source, "evidence", "source")
        self.form.put(row, "evidence", evidence, source, where)
        if (cells.text(source) or "").casefold() == "unknown":
            self.form.remarks.append(
                Problem("cbam_template_unknown_source", str(source), {"precursor": row.get("name", row["id"])})
            )
        see = cells.number(form.at(i, "see_direct"))
        self.form.put(row, "see_direct", quantity(see, PER_TONNE), form.at(i, "see_direct"), where)
        row["see_per"] = "tonne"
        for key, unit in (("electricity", "MWh/t"), ("electricity_factor", "t CO2/MWh")):
            self.form.put(row, key, quantity(cells.number(form.at(i, key)), unit), form.at(i, key), where)
        second = form.at(i, "electricity_source")
        if self.cells.label(second, "evidence") != evidence:
            cells.used.discard(second)
