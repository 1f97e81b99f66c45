"""Sheet B of a template read: source streams, measured sources and PFC."""

from __future__ import annotations

from lcaengine.cbam.template.cells import shifted
from lcaengine.cbam.template.form import Form, Json, Row, quantity

FACTOR_BASES = {"t": "t", "Nm3": "1000 m3"}
MAX_HOURS = 8784


class EmissionsReader:
    """Equations (5) to (26) of 2025/2547 are not calculated here: their terms are read."""

    def __init__(self, form: Form) -> None:
        self.form, self.cells, self.known = form, form.cells, form.known

    def sections(self) -> dict[str, list[Json]]:
        return {
            "source_streams": self.form.rows("source_streams", self._stream),
            "measured": self.form.rows("measured", self._measured),
            "pfc": self.form.rows("pfc", self._pfc),
        }

    def _stream(self, at: Row, where: str, number: int) -> Json:
        cells, row = self.cells, Json(id=f"S{number}")
        method = self.form.required_label(at("method"), "method", "method")
        self.form.put(row, "name", cells.text(at("name")), at("name"), where)
        self.form.put(row, "method", method, at("method"), where)
        amount = cells.number(at("amount"), None if method == "mass_balance" else 0)
        unit = self.form.required_label(at("unit"), "unit", "unit")
        if amount is not None and method == "mass_balance":
            row["direction"] = "out" if amount < 0 else "in"
        if amount is not None:
            amount = abs(shifted(amount, 3) if unit == "Nm3" else amount)
        self.form.put(row, "amount", amount, at("amount"), where)
        self.form.put(row, "unit", unit, at("unit"), where)
        self._stream_factors(row, at, FACTOR_BASES.get(unit or "t", "t"), where)
        return row

    def _stream_factors(self, row: Json, at: Row, basis: str, where: str) -> None:
        cells = self.cells
        self.form.put(row, "ncv", quantity(cells.number(at("ncv")), f"GJ/{basis}"), at("ncv"), where)
        factor = cells.number(at("emission_factor"))
        unit = cells.label(at("emission_factor_unit"), "emission_factor_unit")
        if factor is not None and not cells.filled(at("emission_factor_unit")):
            cells.missing(at("emission_factor_unit"), "emission_factor_unit")
        self.form.put(row, "emission_factor", quantity(factor, unit or ""), at("emission_factor"), where)
        carbon = quantity(cells.number(at("carbon_content")), f"t C/{basis}")
        self.form.put(row, "carbon_content", carbon, at("carbon_content"), where)
        for name in ("oxidation_factor", "conversion_factor"):
            self.form.put(row, name, cells.percent(at(name)), at(name), where)
        self.form.biomass(row, at("biomass_fraction"), where)

    def _measured(self, at: Row, where: str, number: int) -> Json:
        cells, row = self.cells, Json(id=f"M{number}")
        self.form.put(row, "name", cells.text(at("name")), at("name"), where)
        self.form.put(row, "gas", self.form.required_label(at("gas"), "gas", "gas"), at("gas"), where)
        concentration = quantity(cells.number(at("concentration")), "g/m3")
        self.form.put(row, "concentration", concentration, at("concentration"), where)
        flow = cells.number(at("flow"))
        self.form.put(row, "flow", quantity(flow and shifted(flow, 3), "m3/h"), at("flow"), where)
        self.form.put(row, "hours", cells.number(at("hours"), 0, MAX_HOURS), at("hours"), where)
        self.form.biomass(row, at("biomass_fraction"), where)
        return row

    def _pfc(self, at: Row, where: str, number: int) -> Json:
        cells, row = self.cells, Json(id=f"PFC{number}")
        self.form.put(
            row, "method", self.form.required_label(at("method"), "pfc_method", "method"), at("method"), where
        )
        self.form.put(row, "technology", cells.text(at("technology")), at("technology"), where)
        self.form.put(row, "production", quantity(cells.number(at("production")), "t"), at("production"), where)
        for name in list(self.known.tables["pfc"].columns)[3:]:
            high = {"collection_efficiency": 1, "current_efficiency_pct": 100}.get(name)
            self.form.put(row, name, cells.number(at(name), 0, high), at(name), where)
        return row
