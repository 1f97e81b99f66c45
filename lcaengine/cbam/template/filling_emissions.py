"""Sheet B of a template filled: source streams, measured sources and PFC."""

from __future__ import annotations

import re

from lcaengine.cbam.quantities import amount_in, factor_in
from lcaengine.cbam.template.cells import shifted
from lcaengine.cbam.template.page import Page, Row, located
from lcaengine.cbam.template.places import At
from lcaengine.problems import Problem, Refused
from lcaengine.units import same_dimension

THOUSAND = re.compile(r"/\s*1[ ,]?000\s*")


class EmissionsWriter:
    """Factors in the template's units: GJ and t CO2 or t C per tonne or per 1000 Nm3, t CO2/TJ."""

    def __init__(self, page: Page) -> None:
        self.page, self.known = page, page.known

    def write(self) -> None:
        self.page.each("source_streams", self._stream)
        self.page.each("measured", self._measured)
        self.page.each("pfc", self._pfc)

    def _stream(self, i: int, row: Row, where: str) -> None:
        table = self.known.tables["source_streams"]
        gas = not same_dimension(row["unit"], "t")
        if gas and not same_dimension(row["unit"], "m3"):
            values = {"what": row.get("name", row["id"]), "unit": row["unit"]}
            raise Refused(Problem("cbam_template_no_unit", where + "/unit", values))
        self.page.put_label(table.at(i, "method"), "method", self.page.take(row, "method", where), where + "/method")
        self.page.put(table.at(i, "name"), self.page.take(row, "name", where) or row["id"])
        self.page.used |= {f"{where}/amount", f"{where}/unit"}
        amount = shifted(amount_in(row, "m3"), -3) if gas else amount_in(row, "t")
        self.page.put(table.at(i, "amount"), -amount if self.page.take(row, "direction", where) == "out" else amount)
        self.page.put(table.at(i, "unit"), "1000Nm3" if gas else "t")
        self._stream_factors(i, row, "m3" if gas else "t", where)
        for key in ("oxidation_factor", "conversion_factor"):
            self.page.percent(table.at(i, key), row, key, where)
        self._biomass(table.at(i, "biomass_fraction"), row, where)

    def _stream_factors(self, i: int, row: Row, basis: str, where: str) -> None:
        """Factors per tonne or per 1000 Nm3; those of a standard factor where the document leaves them to it."""
        table, standard = self.known.tables["source_streams"], _calculated(row, where)
        self.page.take(row, "standard_factor", where)
        ncv = self._per(row, "ncv", "GJ", basis, where)
        self.page.put(table.at(i, "ncv"), standard.get("ncv") if ncv is None else ncv)
        carbon = self._per(row, "carbon_content", "t", basis, where)
        self.page.put(table.at(i, "carbon_content"), standard.get("carbon") if carbon is None else carbon)
        factor, unit = self._emission_factor(row, basis, where)
        if factor is None and standard:
            unit = "tCO2/TJ" if "ef_energy" in standard else {"t": "tCO2/t"}.get(basis, "tCO2/1000Nm3")
            factor = standard.get("ef_energy", standard.get("ef_amount"))
        self.page.put(table.at(i, "emission_factor"), factor)
        self.page.put(table.at(i, "emission_factor_unit"), unit if factor is not None else None)

    def _emission_factor(self, row: Row, basis: str, where: str) -> tuple[float | None, str]:
        value = self.page.take(row, "emission_factor", where)
        if value is None:
            return None, ""
        if _per_energy(value["unit"]):
            return located(lambda: factor_in(value, "t/TJ"), where + "/emission_factor"), "tCO2/TJ"
        return self._per(row, "emission_factor", "t", basis, where), "tCO2/t" if basis == "t" else "tCO2/1000Nm3"

    def _per(self, row: Row, key: str, unit: str, basis: str, where: str) -> float | None:
        """A factor per tonne, or per 1000 m3 of gas."""
        value = self.page.take(row, key, where)
        if value is None or basis == "t":
            return None if value is None else located(lambda: factor_in(value, f"{unit}/t"), f"{where}/{key}")
        one, thousands = THOUSAND.subn("/", value["unit"])
        found = located(lambda: factor_in({**value, "unit": one}, f"{unit}/m3"), f"{where}/{key}")
        return found if thousands else shifted(found, 3)

    def _biomass(self, at: At, row: Row, where: str) -> None:
        """Biomass that is not proven to be zero-rated counts as fossil, also in the workbook."""
        share = self.page.take(row, "biomass_fraction", where)
        rated = "zero_rating" in row or row.get("method", "combustion") != "combustion"
        if share and not rated:
            values = {"share": shifted(share, 2)}
            self.page.remarks.append(Problem("cbam_template_unrated", where + "/biomass_fraction", values))
        self.page.put(at, None if share is None else shifted(share, 2) if rated else 0)

    def _measured(self, i: int, row: Row, where: str) -> None:
        table = self.known.tables["measured"]
        if "hourly" in row:
            values = {"what": f"{row.get('name', row['id'])}: concentration, flow, hours"}
            raise Refused(Problem("cbam_template_value_needed", where + "/hourly", values))
        self.page.put(table.at(i, "name"), self.page.take(row, "name", where) or row["id"])
        self.page.put_label(table.at(i, "gas"), "gas", self.page.take(row, "gas", where), where + "/gas")
        self.page.put(table.at(i, "concentration"), self.page.factor(row, "concentration", "g/m3", where))
        flow = self.page.factor(row, "flow", "m3/h", where)
        self.page.put(table.at(i, "flow"), None if flow is None else shifted(flow, -3))
        self.page.put(table.at(i, "hours"), self.page.take(row, "hours", where))
        self._biomass(table.at(i, "biomass_fraction"), row, where)

    def _pfc(self, i: int, row: Row, where: str) -> None:
        table = self.known.tables["pfc"]
        self.page.put_label(
            table.at(i, "method"), "pfc_method", self.page.take(row, "method", where), where + "/method"
        )
        self.page.put(table.at(i, "production"), self.page.amount(row, "production", "t", where))
        for key in table.columns:
            if key not in ("method", "production"):
                self.page.put(table.at(i, key), self.page.take(row, key, where))


def _per_energy(unit: str) -> bool:
    """Whether a factor is per TJ rather than per tonne or volume."""
    try:
        factor_in({"amount": 1.0, "unit": unit}, "t/TJ")
    except Refused:
        return False
    return True


def _calculated(row: Row, where: str) -> dict[str, float]:
    """What the document leaves to a standard factor or to equations (13) and (14): GJ and t per basis, t/TJ."""
    balance = row["method"] == "mass_balance"
    if "standard_factor" not in row and not (balance and "carbon_content" not in row):
        return {}
    from lcaengine.cbam.installation.emissions import stream_of

    s = stream_of(dict(row), where)
    if balance:
        return {} if s.carbon is None else {"carbon": s.carbon}
    found = {"ncv": None if s.ncv is None else shifted(s.ncv, 3), "ef_energy": s.ef_energy, "ef_amount": s.ef_amount}
    return {key: value for key, value in found.items() if value is not None}
