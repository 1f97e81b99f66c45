"""Attributing an installation's emissions to its production processes: IR (EU) 2025/2547 Annex III, equations (41) to (56)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lcaengine.cbam.installation.emissions import Emitted, emitted
from lcaengine.cbam.installation.energy import (
    CARRIERS,
    EXPORTED_WASTE_GAS,
    NATURAL_GAS,
    Closing,
    Supply,
    closings,
    electricity_factor,
    factor_problems,
    heat_factor,
    supplies,
)
from lcaengine.cbam.installation.model import Flow, Installation, Process
from lcaengine.cbam.installation.schema import NON_CBAM
from lcaengine.cbam.installation.transfers import Movement, movements
from lcaengine.problems import Problem, Refused

WHOLE_TONNES = 1.0  # emissions of a period are reported in whole tonnes (Annex II A.1 point 6)


@dataclass(frozen=True, slots=True)
class Attributed:
    """Attributed emissions of one process, t CO2e, term by term of equation (55); ``floored`` where it fell below zero."""

    process: Process
    terms: Mapping[str, float]
    indirect: float
    electricity: float

    @property
    def before_floor(self) -> float:
        return sum(self.terms.values())

    @property
    def direct(self) -> float:
        """Equation (55): never below zero."""
        return max(0.0, self.before_floor)

    @property
    def floored(self) -> bool:
        return self.before_floor < 0.0


@dataclass(frozen=True, slots=True)
class Attribution:
    """The installation's sources, supplies, balances and processes."""

    sources: tuple[Emitted, ...]
    supplies: Mapping[str, Supply]
    closings: tuple[Closing, ...]
    movements: tuple[Movement, ...]
    processes: tuple[Attributed, ...]
    transferred: float
    non_cbam: float
    reconciliation: float
    flue_gas_cleaning: float = 0.0

    @property
    def direct(self) -> float:
        """Equation (4), less CO2 delivered for storage or bound for good: t CO2e."""
        return sum(e.fossil for e in self.sources) + self.flue_gas_cleaning - self.transferred

    @property
    def biogenic(self) -> float:
        return sum(e.biogenic for e in self.sources)


def attribute(installation: Installation) -> Attribution:
    """Emissions and their attribution; raises `Refused` with every balance that does not close."""
    problems: list[Problem] = []
    sources = emitted(installation)
    made = supplies(installation, sources, problems)
    balances = closings(installation, made)
    problems.extend(_open_balances(balances))
    problems.extend(factor_problems(installation))
    moved = movements(installation, sources, problems)
    transferred = sum(m.deducted - m.added for m in moved)
    direct, factor = _direct(installation, sources, moved, made, problems)
    mean = electricity_mean(installation, made)
    processes = tuple(_attributed(p, direct[p.id], mean, made, problems) for p in installation.processes)
    if problems:
        raise Refused(problems)
    other = installation.non_cbam or sum(e.fossil * e.attribution.get(NON_CBAM, 0.0) for e in sources)
    cleaning = sum(u.flue_gas_cleaning for u in installation.heat)
    return Attribution(sources, made, balances, moved, processes, transferred, other, factor, cleaning)


def _open_balances(balances: Sequence[Closing]) -> Iterator[Problem]:
    for b in balances:
        if not b.closes:
            supplied, used = sum(b.supplied.values()), sum(b.used.values())
            values = {"carrier": CARRIERS[b.carrier], "supplied": supplied, "used": used, "unit": b.unit}
            yield Problem("cbam_balance", b.where, values)


def _direct(
    installation: Installation,
    sources: Sequence[Emitted],
    moved: Sequence[Movement],
    made: Mapping[str, Supply],
    problems: list[Problem],
) -> tuple[dict[str, float], float]:
    """DirEm* of every process, from attributed sources or as given; the reconciliation factor of (41)."""
    given = {p.id: p.direct for p in installation.processes if p.direct is not None}
    if not given:
        found = {p.id: sum(e.fossil * e.attribution.get(p.id, 0.0) for e in sources) for p in installation.processes}
        for m in moved:
            for process, share in m.shares.items():
                if process in found:
                    found[process] += share * (m.added - m.deducted)
        return found, 1.0
    total = sum(e.fossil for e in sources) + sum(m.added - m.deducted for m in moved)
    away = {*made, NON_CBAM}
    elsewhere = installation.non_cbam or 0.0
    elsewhere += sum(e.fossil * share for e in sources for k, share in e.attribution.items() if k in away)
    stated = {k: v or 0.0 for k, v in given.items()}
    factor = _reconciliation(total - elsewhere, sum(stated.values()), installation, bool(sources), problems)
    return {k: v * factor for k, v in stated.items()}, factor


def _reconciliation(
    measured: float, stated: float, installation: Installation, sourced: bool, problems: list[Problem]
) -> float:
    """Equation (41), where the direct emissions are sub-metered; else both must agree to the whole tonne."""
    if not sourced:
        return 1.0
    if installation.sub_metering and stated > 0:
        return measured / stated
    if abs(measured - stated) > WHOLE_TONNES:
        problems.append(Problem("cbam_direct_balance", "/processes", {"installation": measured, "processes": stated}))
    return 1.0


def _attributed(
    process: Process, direct: float, mean: float | None, made: Mapping[str, Supply], problems: list[Problem]
) -> Attributed:
    """Equations (55) and (56), and (43) where chemical co-products share."""
    share = process.molar_share

    def heat(flows: Sequence[Flow]) -> float:
        return share * sum(f.amount * heat_factor(f, made, problems) for f in flows)

    terms = {
        "direct": share * direct,
        "heat_imported": heat(process.heat_in),
        "heat_exported": -heat(process.heat_out),
        "waste_gas_imported": share * NATURAL_GAS * sum(f.amount for f in process.gas_in),
        "waste_gas_exported": -share * NATURAL_GAS * EXPORTED_WASTE_GAS * sum(f.amount for f in process.gas_out if f.evidence),
        "electricity_produced": -share * sum(f.amount * electricity_factor(f, made, problems) for f in process.electricity_out),
    }  # fmt: skip
    consumed = sum(f.amount for f in process.electricity)
    own = sum(f.amount * electricity_factor(f, made, problems) for f in process.electricity)
    indirect = own if process.sources_evidence or mean is None else consumed * mean
    return Attributed(process, terms, share * indirect, share * consumed)


def electricity_mean(installation: Installation, made: Mapping[str, Supply]) -> float | None:
    """Art. 9(1): the factor of all electricity of the installation, weighted by its sources; None where none is consumed."""
    flows = [f for p in installation.processes for f in p.electricity]
    whole = sum(f.amount for f in flows)
    return sum(f.amount * electricity_factor(f, made, []) for f in flows) / whole if whole else None
