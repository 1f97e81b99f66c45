"""An installation in one reporting period, as values in the units of the act: t, TJ, MWh, t CO2(e)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Stream:
    """A source stream of equations (5) to (15); ``basis`` is ``t`` or ``1000 Nm3``, factors are per that."""

    id: str
    name: str
    method: str
    sign: int
    activity: float
    basis: str
    ncv: float | None = None
    ef_energy: float | None = None
    ef_amount: float | None = None
    carbon: float | None = None
    oxidation: float = 1.0
    conversion: float = 1.0
    biomass: float = 0.0
    zero_rated: bool = False
    standard_factor: str | None = None
    attribution: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    where: str = ""


@dataclass(frozen=True, slots=True)
class Measured:
    """A measured source, equation (16): t of gas in the period."""

    id: str
    name: str
    gas: str
    tonnes: float
    biomass: float
    zero_rated: bool
    attribution: Mapping[str, float]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Pfc:
    """PFC of one line of cells, equations (20) to (26): t of either gas, before collection efficiency."""

    id: str
    name: str
    cf4: float
    c2f6: float
    collection_efficiency: float
    attribution: Mapping[str, float]
    where: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """CO2 received or delivered for geological storage, or bound for good in products."""

    id: str
    direction: str
    tonnes: float
    purpose: str
    counterpart: str
    evidence: str
    source: str | None
    process: str | None
    fossil: float | None
    stored: float
    counted_at_origin: str
    where: str = ""


@dataclass(frozen=True, slots=True)
class HeatUnit:
    """A boiler, CHP plant, power plant, heat bought or heat of reaction; TJ and MWh."""

    id: str
    name: str
    kind: str
    produced: float | None
    electricity: float | None
    reference_heat: float | None
    reference_electricity: float | None
    flue_gas_cleaning: float
    factor: float | None
    sold: float
    losses: float
    non_cbam: float
    electricity_sold: float
    electricity_non_cbam: float
    where: str = ""


@dataclass(frozen=True, slots=True)
class Flow:
    """Energy into or out of a process: TJ, or MWh of electricity. ``factor`` in t CO2 per unit, if given."""

    amount: float
    factor: float | None = None
    other: str | None = None
    source: str | None = None
    evidence: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True)
class Good:
    """A good of one CN code; ``content`` is functional units per tonne."""

    cn_code: str
    name: str
    content: float
    route: str | None = None
    amount: float | None = None
    parameters: Mapping[str, Any] = field(default_factory=lambda: EMPTY)
    where: str = ""


@dataclass(frozen=True, slots=True)
class Process:
    """A production process. ``production`` in t by route; ``content`` is functional units per tonne."""

    id: str
    name: Mapping[str, str]
    category: str
    includes: tuple[str, ...]
    production: Mapping[str, float]
    content: float
    goods: tuple[Good, ...] = ()
    direct: float | None = None
    heat_in: tuple[Flow, ...] = ()
    heat_out: tuple[Flow, ...] = ()
    gas_in: tuple[Flow, ...] = ()
    gas_out: tuple[Flow, ...] = ()
    electricity: tuple[Flow, ...] = ()
    electricity_out: tuple[Flow, ...] = ()
    sources_evidence: str = ""
    to_market: float = 0.0
    to_processes: Mapping[str, float] = field(default_factory=lambda: EMPTY)
    to_non_cbam: float = 0.0
    molar_share: float = 1.0
    where: str = ""

    @property
    def mass(self) -> float:
        """Tonnes produced."""
        return sum(self.production.values())

    @property
    def activity_level(self) -> float:
        """Functional units produced (Art. 4)."""
        return self.mass * self.content


@dataclass(frozen=True, slots=True)
class Span:
    """A production period, both days included."""

    start: date
    end: date

    def covers(self, other: Span) -> bool:
        return self.start <= other.start and other.end <= self.end


@dataclass(frozen=True, slots=True)
class Verification:
    """A report of an accredited verifier."""

    verifier: str
    report: str
    span: Span
    accreditation: str = ""


@dataclass(frozen=True, slots=True)
class Precursor:
    """A good of Annex I bought in. SEE in t CO2e per tonne of the good; consumption in t, as it enters a process."""

    id: str
    name: str
    category: str
    cn_code: str | None
    country: str
    purchased: float
    consumed: Mapping[str, float]
    evidence: str
    direct: float | None
    indirect: float | None
    indirect_in_scope: float | None
    default_share: float
    period: Span
    verification: Verification | None
    consumed_elsewhere: float = 0.0
    route: str | None = None
    description: str | None = None
    subset_evidence: str = ""
    period_evidence: str = ""
    free_allocation: float | None = None
    origin: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    where: str = ""


@dataclass(frozen=True, slots=True)
class Balance:
    """Terms of a balance that are not flows of a process; None where they are not given."""

    from_outside: float | None = None
    produced: float | None = None
    to_outside: float | None = None
    non_cbam: float | None = None
    losses: float | None = None
    flared: float | None = None


@dataclass(frozen=True, slots=True)
class Installation:
    """One installation in one reporting period."""

    about: Mapping[str, Any]
    period: Span
    reason: str
    verification: Verification | None
    streams: tuple[Stream, ...]
    measured: tuple[Measured, ...]
    pfc: tuple[Pfc, ...]
    transfers: tuple[Transfer, ...]
    heat: tuple[HeatUnit, ...]
    processes: tuple[Process, ...]
    precursors: tuple[Precursor, ...]
    non_cbam: float | None
    balances: Mapping[str, Balance]
    sub_metering: bool = False

    @property
    def year(self) -> int:
        return self.period.start.year
