"""Emissions of source streams, measured sources and PFC: IR (EU) 2025/2547 Annex II, equations (4) to (26)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lcaengine.cbam.installation.model import EMPTY, Installation, Measured, Pfc, Stream
from lcaengine.cbam.quantities import amount_in, factor_in, problem_at
from lcaengine.cbam.tables import StandardFactor, pfc_factor, standard_factor
from lcaengine.problems import Problem, Refused
from lcaengine.units import same_dimension

CARBON_TO_CO2 = 3.664  # t CO2 per t C, equation (12): the act's own figure, not 44/12
GWP: Mapping[str, float] = {"CO2": 1.0, "N2O": 265.0, "CF4": 6630.0, "C2F6": 11100.0}  # Table 6, fixed by law
Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Emitted:
    """What one source emits: t CO2e fossil (or not zero-rated), t CO2 zero-rated, fuel energy in TJ."""

    id: str
    name: str
    kind: str
    gas: str
    fossil: float
    biogenic: float
    energy: float
    attribution: Mapping[str, float]
    where: str


def emitted(installation: Installation) -> tuple[Emitted, ...]:
    """Every source of an installation; equation (4) is their sum."""
    return tuple(_all(installation, _outputs_zero_rated(installation.streams)))


def _outputs_zero_rated(streams: Sequence[Stream]) -> float:
    """The zero-rated share of what leaves the mass balances (Annex II B.3.2).

    Zero-rated carbon of the outputs is not lower than that of the inputs, as far as there is carbon in them: charcoal in pig
    iron does not make its fossil emissions negative. An output with evidence of its own keeps its own share.
    """
    balanced = [s for s in streams if s.method == "mass_balance"]
    came = sum(s.activity * (s.carbon or 0.0) * s.biomass for s in balanced if s.sign > 0 and s.zero_rated)
    left = sum(s.activity * (s.carbon or 0.0) for s in balanced if s.sign < 0 and not s.zero_rated)
    return min(1.0, came / left) if left else 0.0


def _all(installation: Installation, outputs: float) -> Iterator[Emitted]:
    for s in installation.streams:
        fossil, biogenic = stream_emissions(s)
        if s.method == "mass_balance" and s.sign < 0 and not s.zero_rated:
            fossil, biogenic = fossil * (1.0 - outputs), biogenic + fossil * outputs
        yield Emitted(s.id, s.name, s.method, "CO2", fossil, biogenic, stream_energy(s), s.attribution, s.where)
    for m in installation.measured:
        fossil, biogenic = measured_emissions(m)
        yield Emitted(m.id, m.name, "measured", m.gas, fossil, biogenic, 0.0, m.attribution, m.where)
    for p in installation.pfc:
        yield Emitted(p.id, p.name, "pfc", "PFC", pfc_emissions(p), 0.0, 0.0, p.attribution, p.where)


def stream_emissions(s: Stream) -> tuple[float, float]:
    """t CO2 fossil and zero-rated of a source stream: equations (5), (6), (11), (12) with (10) and (15).

    Combustion ``AD · EF · OF``, process ``AD · EF · CF``, mass balance ``f · AD · CC`` with outputs negative.
    """
    if s.method == "mass_balance":
        total = s.sign * s.activity * CARBON_TO_CO2 * (s.carbon or 0.0)
    else:
        ad = s.activity * (s.ncv or 0.0) if s.ef_energy is not None else s.activity
        factor = s.ef_energy if s.ef_energy is not None else s.ef_amount or 0.0
        total = ad * factor * (s.oxidation if s.method == "combustion" else s.conversion)
    rated = s.biomass if s.zero_rated else 0.0
    return total * (1.0 - rated), total * rated


def stream_energy(s: Stream) -> float:
    """TJ of a fuel, equation (33); zero for what is no fuel."""
    return s.sign * s.activity * s.ncv if s.ncv is not None and s.method != "process" else 0.0


def measured_emissions(m: Measured) -> tuple[float, float]:
    """t CO2e fossil and zero-rated of a measured source."""
    rated = m.biomass if m.zero_rated else 0.0
    total = m.tonnes * GWP[m.gas]
    return total * (1.0 - rated), total * rated


def pfc_emissions(p: Pfc) -> float:
    """t CO2e, equations (20) and (26)."""
    return (p.cf4 * GWP["CF4"] + p.c2f6 * GWP["C2F6"]) / p.collection_efficiency


# -- reading


def stream_of(row: Json, where: str) -> Stream:
    """A source stream from its row; a standard factor fills what is not given. Raises `Refused`."""
    standard = _standard(row, where)
    mass = _same(row["unit"], "t", where)
    if not mass and not _same(row["unit"], "m3", where):
        raise Refused(Problem("cbam_tonnes_required", where + "/unit", {"unit": row["unit"]}))
    basis, unit = ("t", "t") if mass else ("1000 Nm3", "m3")
    activity = _converted(lambda: amount_in(row, unit), where) / (1.0 if mass else 1000.0)
    scale = 1.0 if mass else 1000.0  # factors per m3 become per 1000 m3
    get = {key: _factor(row, key, where) for key in ("ncv", "emission_factor", "carbon_content")}
    ncv, carbon = (
        get[key] and get[key](f"{top}/{unit}") * scale for key, top in (("ncv", "TJ"), ("carbon_content", "t"))
    )
    per_energy = "emission_factor" in row and "TJ" in row["emission_factor"]["unit"].upper().replace("GJ", "TJ")
    given = get["emission_factor"]
    ef_energy = given("t/TJ") if given and per_energy else None
    ef_amount = given(f"t/{unit}") * scale if given and not per_energy else None
    if standard is not None:
        ncv = standard.ncv / 1000.0 if ncv is None and standard.ncv is not None and mass else ncv
        carbon = standard.carbon_content if carbon is None else carbon
        if given is None and "TJ" in standard.emission_factor_unit:
            ef_energy = standard.emission_factor
        elif given is None and mass:
            ef_amount = standard.emission_factor
    stream = Stream(
        row["id"], row.get("name", row["id"]), row["method"], -1 if row.get("direction") == "out" else 1, activity, basis,
        ncv, ef_energy, ef_amount, _carbon(carbon, ef_energy, ef_amount, ncv), row.get("oxidation_factor", 1.0),
        row.get("conversion_factor", 1.0), row.get("biomass_fraction", 0.0), zero_rated(row), row.get("standard_factor"),
        row.get("attribution", EMPTY), where,
    )  # fmt: skip
    if problems := list(_stream_problems(stream)):
        raise Refused(problems)
    return stream


def zero_rated(row: Json) -> bool:
    """Biomass counts zero as process input (Q&A 4.27), as fuel or reducing agent only with evidence (B.3.2, B.3.3)."""
    return row["method"] == "process" or "zero_rating" in row


def _carbon(carbon: float | None, energy: float | None, amount: float | None, ncv: float | None) -> float | None:
    """Carbon content, equations (13) and (14)."""
    if carbon is not None:
        return carbon
    if energy is not None and ncv is not None:
        return energy * ncv / CARBON_TO_CO2
    return amount / CARBON_TO_CO2 if amount is not None else None


def _stream_problems(s: Stream) -> Iterator[Problem]:
    """What the method needs and lacks."""
    if s.method == "mass_balance":
        if s.carbon is None:
            yield Problem("cbam_factor_missing", s.where, {"field": "carbon_content", "method": s.method})
        return
    if s.sign < 0:
        yield Problem("cbam_direction", s.where + "/direction", {"method": s.method})
    if s.ef_energy is None and s.ef_amount is None:
        yield Problem("cbam_factor_missing", s.where, {"field": "emission_factor", "method": s.method})
    if s.ef_energy is not None and s.ncv is None:
        yield Problem("cbam_factor_missing", s.where, {"field": "ncv", "method": s.method})


def measured_tonnes(row: Json, where: str) -> float:
    """Tonnes of the gas, equation (16): hour by hour, or means times hours."""
    if "hourly" in row:
        return float(sum(c * v for c, v in row["hourly"])) * 1e-6
    lacking = [key for key in ("concentration", "flow", "hours") if key not in row]
    if lacking:
        raise Refused([Problem("required", f"{where}/{key}", {"field": key}) for key in lacking])
    concentration: float = _converted(lambda: factor_in(row["concentration"], "g/m3"), where + "/concentration")
    flow: float = _converted(lambda: factor_in(row["flow"], "m3/h"), where + "/flow")
    return concentration * flow * float(row["hours"]) * 1e-6


def pfc_tonnes(row: Json, where: str) -> tuple[float, float]:
    """t CF4 and C2F6, equations (21) to (25); factors of the technology (B.7 Tables 2 and 3) where none are given."""
    names = {"slope": ("frequency", "duration", "sef_cf4"),
             "overvoltage": ("anode_effect_overvoltage", "current_efficiency_pct", "ovc")}[row["method"]]  # fmt: skip
    values = {key: row.get(key) for key in (*names, "f_c2f6")}
    for key in (names[-1], "f_c2f6"):
        if values[key] is None:
            values[key] = pfc_factor(row["method"], key, row.get("technology"))
    if lacking := [key for key, value in values.items() if value is None]:
        raise Refused([Problem("cbam_pfc_lacks", f"{where}/{key}", {"field": key}) for key in lacking])
    aluminium: float = _converted(lambda: amount_in(row["production"], "t"), where + "/production")
    first, second, factor, ratio = (float(value or 0.0) for value in values.values())
    cf4 = (first * second if row["method"] == "slope" else first / second) * factor / 1000.0 * aluminium
    return cf4, cf4 * ratio


def _standard(row: Json, where: str) -> StandardFactor | None:
    if "standard_factor" not in row:
        return None
    try:
        return standard_factor(row["standard_factor"])
    except Refused as refused:
        raise Refused([Problem(p.code, where + "/standard_factor", p.values) for p in refused.problems]) from None


def _same(unit: str, needed: str, where: str) -> bool:
    return bool(_converted(lambda: same_dimension(unit, needed), where))


def _factor(row: Json, key: str, where: str) -> Any:
    """A converter to a unit for a factor that is given; None for one that is not."""
    if key not in row:
        return None
    return lambda needed: _converted(lambda: factor_in(row[key], needed), f"{where}/{key}")


def _converted(convert: Any, where: str) -> Any:
    try:
        return convert()
    except Refused as refused:
        raise Refused(problem_at(refused, where)) from None
