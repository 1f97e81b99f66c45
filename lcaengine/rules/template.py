"""What a rule says, as values (docs/rules.md). Every requirement has a rule id and a source, every default an evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from lcaengine.units import Quantity

Texts = Mapping[str, str]
NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Source:
    """A document that the rule rests on."""

    id: str
    title: str
    read_in: str
    status: str


@dataclass(frozen=True, slots=True)
class Stage:
    id: str
    name: Texts


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure with a default; ``unit`` is empty for a plain number. Outside ``min`` … ``max`` it warns, never clips."""

    id: str
    rule_id: str
    name: Texts
    unit: str
    default: float
    min: float
    max: float
    status: str
    source: str
    note: str = ""
    locator: str = ""


@dataclass(frozen=True, slots=True)
class ForegroundInput:
    """An input of one foreground process from another; ``amount`` is a formula."""

    process: str
    amount: str


@dataclass(frozen=True, slots=True)
class ProcessTemplate:
    """A foreground unit process. ``amount`` (formula) is what one run makes.

    ``biogenic_carbon``: formula for the carbon in the product of one run, or ``inputs``: the product keeps all that
    comes in. What does not leave otherwise leaves as biogenic CO2.
    """

    id: str
    rule_id: str
    name: Texts
    stage: str
    unit: str
    amount: str = "declared"
    inputs: tuple[ForegroundInput, ...] = ()
    biogenic_carbon: str = "inputs"


@dataclass(frozen=True, slots=True)
class Recycled:
    """Recycled content by cut-off: a mix of a virgin process and one that holds the share ``at``."""

    share: str
    virgin: str
    recycled: str
    at: float = 1.0


@dataclass(frozen=True, slots=True)
class PieceMass:
    """The usual mass of one piece: outside it prompts a review."""

    rule_id: str
    min: float
    max: float
    unit: str
    source: str


@dataclass(frozen=True, slots=True)
class Role:
    """What a BOM line can be: the foreground process that takes it and the background process behind it.

    ``flows``: what the material itself emits per unit where it is used (purchased CO2).
    """

    id: str
    rule_id: str
    name: Texts
    process: str
    stage: str
    unit: str
    target: str | None = None
    recycled: Recycled | None = None
    accepts: tuple[str, ...] = ()
    uses: str | None = None
    groups: tuple[str, ...] = ()
    inbound: str | None = None
    end_of_life: str | None = None
    piece_mass: PieceMass | None = None
    flows: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind within an activity section: a supply, a fuel, a treatment or a gas."""

    name: Texts | None = None
    target: str | None = None
    market: str | None = None
    unit: str = ""
    energy_content: str | None = None
    flows: Mapping[str, float] = field(default_factory=dict)
    needs_evidence: bool = False


@dataclass(frozen=True, slots=True)
class ActivityTemplate:
    """A section of activities and the kinds it knows."""

    section: str
    rule_id: str
    process: str
    stage: str
    unit: str
    kinds: Mapping[str, Kind]
    default_kind: str | None = None
    unclaimed: str | None = None


@dataclass(frozen=True, slots=True)
class DefaultLeg:
    mode: str
    distance: str


@dataclass(frozen=True, slots=True)
class Inbound:
    """Transport to the site where a line does not say: legs of a mode over a distance parameter."""

    rule_id: str
    legs: tuple[DefaultLeg, ...]
    abroad: tuple[DefaultLeg, ...]


@dataclass(frozen=True, slots=True)
class Route:
    target: str
    share: str


@dataclass(frozen=True, slots=True)
class EndOfLife:
    rule_id: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class ExchangeTemplate:
    """An input that the rule adds by formula (per run of its process)."""

    id: str
    rule_id: str
    name: Texts
    process: str
    stage: str
    target: str
    unit: str
    amount: str
    waste: bool = False


@dataclass(frozen=True, slots=True)
class CoProductTemplate:
    """``allocation: none``: takes no burden; its carbon leaves physically."""

    id: str
    rule_id: str
    name: Texts
    process: str
    allocation: str
    biogenic_carbon: str


@dataclass(frozen=True, slots=True)
class Guardrail:
    """A range that prompts a review; ``quantity`` is a formula in ``unit``."""

    rule_id: str
    name: Texts
    quantity: str
    unit: str
    source: str
    min: float | None = None
    max: float | None = None


@dataclass(frozen=True, slots=True)
class Requirement:
    """A text of the rule, and what a BOM must give for it: ``role``, ``group``, ``activity`` or ``one of`` activities."""

    rule_id: str
    text: Texts
    source: str
    role: str | None = None
    group: str | None = None
    activities: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Period:
    """How long the data period is, and how old it may be when the background is released (so that a result never changes)."""

    rule_id: str
    days: float
    max_age_years: float


@dataclass(frozen=True, slots=True)
class Rule:
    """A product category rule, one version of it."""

    id: str
    version: str
    sha256: str
    status: str
    title: Texts
    notice: Texts
    categories: tuple[str, ...]
    hs_codes: tuple[str, ...]
    declared_unit: Quantity
    also_per: tuple[Quantity, ...]
    indicator: str
    electricity_headline: str
    default_boundary: str
    boundaries: Mapping[str, str]
    shared_allocation: str
    shared_rule_id: str
    end_of_life_process: str
    end_of_life_factor: str
    inbound_modes: Mapping[str, str]
    sources: Mapping[str, Source]
    stages: tuple[Stage, ...]
    parameters: Mapping[str, Parameter]
    processes: tuple[ProcessTemplate, ...]
    roles: Mapping[str, Role]
    activities: Mapping[str, ActivityTemplate]
    inbound: Mapping[str, Inbound]
    end_of_life: Mapping[str, EndOfLife]
    exchanges: tuple[ExchangeTemplate, ...]
    co_products: Mapping[str, CoProductTemplate]
    guardrails: tuple[Guardrail, ...]
    requirements: tuple[Requirement, ...]
    period: Period | None = None
    home_countries: tuple[str, ...] = ("CN",)

    def groups(self) -> tuple[str, ...]:
        """Every group that a role names, in order."""
        return tuple(dict.fromkeys(group for role in self.roles.values() for group in role.groups))

    def about(self) -> dict[str, str]:
        return {"id": self.id, "version": self.version, "sha256": self.sha256}
