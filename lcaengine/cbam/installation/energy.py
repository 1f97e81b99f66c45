"""Heat, waste gas and electricity: IR (EU) 2025/2547 Annex II, equations (32) to (54), and their balances."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from lcaengine.cbam.installation.emissions import Emitted
from lcaengine.cbam.installation.model import Balance, Flow, HeatUnit, Installation, Process
from lcaengine.problems import Problem

NATURAL_GAS = 56.1  # t CO2/TJ, Table 1; waste gas counts with it, equations (53) and (54)
EXPORTED_WASTE_GAS = 0.667  # equation (54)
BOILER_EFFICIENCY = 0.7  # equation (32), where heat is not measured
CHP_HEAT_EFFICIENCY, CHP_POWER_EFFICIENCY = 0.55, 0.25  # where neither is measured
CARRIERS: Mapping[str, Mapping[str, str]] = {
    "heat": {"zh": "热量", "en": "heat"}, "waste_gas": {"zh": "废气", "en": "waste gas"}, "electricity": {"zh": "电力", "en": "electricity"},
}  # fmt: skip
_PAIRED = (
    ("heat", "heat_out", "heat_in"), ("waste_gas", "gas_out", "gas_in"), ("electricity", "electricity_out", "electricity"),
)  # fmt: skip
CLOSES = 1e-3  # of the larger side; ours, the act gives no tolerance (docs/cbam/law.md)


@dataclass(frozen=True, slots=True)
class Supply:
    """What a heat unit delivers: TJ and MWh, and t CO2 per TJ and per MWh."""

    unit: HeatUnit
    fuel: float
    emissions: float
    heat: float
    heat_factor: float
    electricity: float = 0.0
    electricity_factor: float = 0.0
    heat_share: float = 1.0


@dataclass(frozen=True, slots=True)
class Closing:
    """One balance: what came in, what went out, term by term."""

    carrier: str
    where: str
    unit: str
    supplied: Mapping[str, float]
    used: Mapping[str, float]

    @property
    def difference(self) -> float:
        return sum(self.supplied.values()) - sum(self.used.values())

    @property
    def closes(self) -> bool:
        return abs(self.difference) <= CLOSES * max(sum(self.supplied.values()), sum(self.used.values()))


def supplies(installation: Installation, sources: Sequence[Emitted], problems: list[Problem]) -> dict[str, Supply]:
    """Every heat unit with its factors; what is wrong is added to ``problems``."""
    found = {}
    for unit in installation.heat:
        shares = [(e, e.attribution.get(unit.id, 0.0)) for e in sources]
        gas = [f for p in installation.processes for f in p.gas_out if f.other == unit.id]
        fuel = sum(e.energy * share for e, share in shares) + sum(f.amount for f in gas)
        emissions = sum(e.fossil * share for e, share in shares) + unit.flue_gas_cleaning
        emissions += sum(f.amount * min(NATURAL_GAS, f.factor or NATURAL_GAS) for f in gas)  # Annex III A.2.2
        make = {"boiler": _boiler, "chp": _chp, "power_plant": _power_plant}.get(unit.kind, _without_fuel)
        found[unit.id] = _with_losses(make(unit, fuel, emissions, problems))
    return found


def _with_losses(s: Supply) -> Supply:
    """Annex III A.2.2: losses are added in proportion to the processes that use the heat, none of them to what is sold."""
    used = s.heat - s.unit.losses - s.unit.sold
    if s.unit.losses <= 0 or used <= 0:
        return s
    return replace(s, heat_factor=s.heat_factor * (1.0 + s.unit.losses / used))


def _boiler(unit: HeatUnit, fuel: float, emissions: float, problems: list[Problem]) -> Supply:
    """Equations (44) and (45): EF_mix · Q / η with Q = η · E_in is all that its fuels emit."""
    heat = unit.produced if unit.produced is not None else BOILER_EFFICIENCY * fuel
    if heat <= 0 or fuel <= 0:
        problems.append(Problem("cbam_heat_unit", unit.where, {"unit": unit.id}))
        return Supply(unit, fuel, emissions, 0.0, 0.0)
    return Supply(unit, fuel, emissions, heat, emissions / heat)


def _chp(unit: HeatUnit, fuel: float, emissions: float, problems: list[Problem]) -> Supply:
    """Equations (46) to (52): what a CHP plant emits, split by efficiencies against separate production."""
    heat = unit.produced if unit.produced is not None else CHP_HEAT_EFFICIENCY * fuel
    power = unit.electricity if unit.electricity is not None else CHP_POWER_EFFICIENCY * fuel / 0.0036
    if fuel <= 0 or heat <= 0 or power <= 0:
        problems.append(Problem("cbam_heat_unit", unit.where, {"unit": unit.id}))
        return Supply(unit, fuel, emissions, 0.0, 0.0)
    if not unit.reference_heat or not unit.reference_electricity:
        problems.append(Problem("cbam_chp_reference", unit.where, {"unit": unit.id}))
        return Supply(unit, fuel, emissions, heat, 0.0)
    by_heat = heat / fuel / unit.reference_heat
    by_power = power * 0.0036 / fuel / unit.reference_electricity
    share = by_heat / (by_heat + by_power)
    return Supply(
        unit, fuel, emissions, heat, emissions * share / heat, power, emissions * (1.0 - share) / power, share
    )


def _power_plant(unit: HeatUnit, fuel: float, emissions: float, problems: list[Problem]) -> Supply:
    """Equation (38): own generation without heat."""
    if not unit.electricity or fuel <= 0:
        problems.append(Problem("cbam_heat_unit", unit.where, {"unit": unit.id}))
        return Supply(unit, fuel, emissions, 0.0, 0.0)
    return Supply(unit, fuel, emissions, 0.0, 0.0, unit.electricity, emissions / unit.electricity, 0.0)


def _without_fuel(unit: HeatUnit, fuel: float, emissions: float, problems: list[Problem]) -> Supply:
    """Heat bought with its factor; heat of reaction counts zero."""
    if unit.produced is None or (unit.kind == "bought" and unit.factor is None):
        field = "produced" if unit.produced is None else "emission_factor"
        problems.append(Problem("required", f"{unit.where}/{field}", {"field": field}))
    factor = unit.factor or 0.0 if unit.kind == "bought" else 0.0
    return Supply(unit, fuel, emissions, unit.produced or 0.0, factor)


def heat_factor(flow: Flow, made: Mapping[str, Supply], problems: list[Problem]) -> float:
    """t CO2/TJ of heat into or out of a process: of its unit, or as given."""
    return _factor(flow, {k: s.heat_factor for k, s in made.items()}, problems)


def electricity_factor(flow: Flow, made: Mapping[str, Supply], problems: list[Problem]) -> float:
    """t CO2/MWh: of the CHP plant that it comes from, or as given (grid factors are the user's to enter)."""
    return _factor(flow, {k: s.electricity_factor for k, s in made.items() if s.electricity}, problems)


def _factor(flow: Flow, by_unit: Mapping[str, float], problems: list[Problem]) -> float:
    if flow.other is not None and flow.other in by_unit:
        if flow.factor is not None:
            problems.append(Problem("cbam_two_factors", flow.where + "/emission_factor", {"field": "emission_factor"}))
        return by_unit[flow.other]
    if flow.factor is None:
        problems.append(Problem("cbam_energy_factor", flow.where, {"other": flow.other or "–"}))
    return flow.factor or 0.0


# -- balances


def closings(installation: Installation, made: Mapping[str, Supply]) -> tuple[Closing, ...]:
    """Every balance that the document lets us draw: each heat unit, each pair of processes, the whole by carrier."""
    return (*_units(installation, made), *_pairs(installation), *_wholes(installation, made))


def _units(installation: Installation, made: Mapping[str, Supply]) -> Iterator[Closing]:
    for s in made.values():
        used = {p.id: sum(f.amount for f in p.heat_in if f.other == s.unit.id) for p in installation.processes}
        used |= {"sold": s.unit.sold, "losses": s.unit.losses, "non_cbam": s.unit.non_cbam}
        if s.heat:
            yield Closing("heat", s.unit.where, "TJ", {"produced": s.heat}, _given(used))
        if s.electricity:
            power = {p.id: sum(f.amount for f in p.electricity if f.other == s.unit.id) for p in installation.processes}
            power |= {"sold": s.unit.electricity_sold, "non_cbam": s.unit.electricity_non_cbam}
            yield Closing("electricity", s.unit.where, "MWh", {"produced": s.electricity}, _given(power))


def _given(terms: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in terms.items() if value}


def _pairs(installation: Installation) -> Iterator[Closing]:
    """What one process says it gave another must be what that one says it took."""
    for carrier, out, into in _PAIRED:
        for giver in installation.processes:
            for taker in installation.processes:
                gave = [f for f in getattr(giver, out) if f.other == taker.id]
                took = [f for f in getattr(taker, into) if f.other == giver.id]
                if gave or took:
                    where = (gave or took)[0].where
                    yield Closing(
                        carrier, where, "MWh" if carrier == "electricity" else "TJ", {giver.id: sum(f.amount for f in gave)},
                        {taker.id: sum(f.amount for f in took)},
                    )  # fmt: skip


def factor_problems(installation: Installation) -> Iterator[Problem]:
    """Energy that one process gives another has one factor on both sides: nothing is left out or counts twice."""
    for carrier, out, into in _PAIRED:
        if carrier == "waste_gas":  # its factors are the act's
            continue
        for giver in installation.processes:
            for taker in installation.processes:
                gave = {f.factor for f in getattr(giver, out) if f.other == taker.id}
                took = [f for f in getattr(taker, into) if f.other == giver.id]
                for f in took:
                    if gave and {f.factor} != gave:
                        values = {"giver": giver.id, "taker": taker.id, "carrier": CARRIERS[carrier]}
                        yield Problem("cbam_factors_differ", f.where + "/emission_factor", values)


def _wholes(installation: Installation, made: Mapping[str, Supply]) -> Iterator[Closing]:
    """A carrier over the whole installation, where ``balances`` gives what is outside the processes."""
    flows = {
        "heat": ("heat_out", "heat_in"),
        "waste_gas": ("gas_out", "gas_in"),
        "electricity": ("electricity_out", "electricity"),
    }
    for carrier, balance in installation.balances.items():
        out, into = flows[carrier]
        supplied = {p.id: _sum(p, out) for p in installation.processes}
        supplied |= {"from_outside": balance.from_outside or 0.0, "produced": balance.produced or 0.0}
        units = {"heat": lambda s: s.heat, "electricity": lambda s: s.electricity}.get(carrier)
        if units:
            supplied |= {f"unit {k}": units(s) for k, s in made.items()}
        used = {p.id: _sum(p, into) for p in installation.processes} | _outside(balance)
        if carrier == "heat":
            used |= {f"unit {k}": s.unit.sold + s.unit.losses + s.unit.non_cbam for k, s in made.items()}
        elif carrier == "electricity":
            used |= {f"unit {k}": s.unit.electricity_sold + s.unit.electricity_non_cbam for k, s in made.items()}
        unit = "MWh" if carrier == "electricity" else "TJ"
        yield Closing(carrier, f"/balances/{carrier}", unit, _given(supplied), _given(used))


def _sum(process: Process, kind: str) -> float:
    flows: tuple[Flow, ...] = getattr(process, kind)
    return sum(f.amount for f in flows)


def _outside(balance: Balance) -> dict[str, float]:
    names = ("to_outside", "non_cbam", "losses", "flared")
    return {name: getattr(balance, name) or 0.0 for name in names}
