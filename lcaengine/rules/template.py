"""What a rule says, as values (docs/rules.md). Every requirement has a rule id and a source, every default an evidence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lcaengine.units import Quantity

Texts = Mapping[str, str]


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
class Dated:
    """A default that holds for data periods that end on or after ``since`` (ISO date)."""

    since: str
    default: float
    status: str
    source: str
    note: str = ""
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A figure with a default; ``unit`` is empty for a plain number. Outside ``min`` … ``max`` it warns, never clips.

    The default is a number, or a ``formula`` of other parameters; ``dated`` defaults replace it from a day on.
    ``uncertainty``: GSD² of the default.
    """

    id: str
    rule_id: str
    name: Texts
    unit: str
    min: float
    max: float
    status: str
    source: str
    default: float | None = None
    formula: str | None = None
    dated: tuple[Dated, ...] = ()
    uncertainty: float | None = None
    note: str = ""
    locator: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several named options (a market); formulas see ``<choice>_<option>`` as 1 or 0."""

    id: str
    rule_id: str
    name: Texts
    default: str
    options: Mapping[str, Texts]
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class ForegroundInput:
    """An input of one foreground process from another; ``amount`` is a formula."""

    process: str
    amount: str


@dataclass(frozen=True, slots=True)
class ProcessTemplate:
    """A foreground unit process. ``amount`` (formula) is what one run makes.

    ``biogenic_carbon``: formula for the carbon in the product of one run, or ``inputs``: the product keeps all that
    comes in. What does not leave otherwise leaves as biogenic CO2. ``key``: what the product of one run counts where
    co-products share the burden.
    """

    id: str
    rule_id: str
    name: Texts
    stage: str
    unit: str
    amount: str = "declared"
    inputs: tuple[ForegroundInput, ...] = ()
    biogenic_carbon: str = "inputs"
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Route:
    target: str
    share: str


@dataclass(frozen=True, slots=True)
class Circularity:
    """One material under the circular footprint formula (PEFCR Guidance v6.3, eq. 18); every figure is a formula.

    ``ev``, ``erec``, ``erec_eol``, ``ev_star``: background processes per kg; ``erec_eol`` and ``ev_star`` default to ``erec``
    and ``ev``. ``energy``: treatment that recovers energy, ``heat`` and ``power`` what it replaces, with the heating value
    ``lhv`` and efficiencies ``x_heat`` and ``x_power``; ``disposal``: routes that share the rest. ``quality_out`` drops out
    where ``ev_star`` is another material.
    """

    id: str
    rule_id: str
    source: str
    A: str
    R1: str
    R2: str
    ev: str
    erec: str
    disposal: tuple[Route, ...]
    R3: str = "0"
    B: str = "0"
    quality_in: str = "1"
    quality_out: str = "1"
    erec_eol: str | None = None
    ev_star: str | None = None
    energy: str | None = None
    heat: str | None = None
    power: str | None = None
    lhv: str = "0"
    x_heat: str = "0"
    x_power: str = "0"


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

    ``flows``: what the material itself emits per unit where it is used (purchased CO2). ``circular``: the material of the
    circular footprint formula, in place of ``target``, ``recycled`` and ``end_of_life``; with ``target`` or ``recycled``, in
    its modular form (the material of what is bought). ``loss``: a parameter; what goes in
    is the amount over 1 − loss. ``required`` and ``most`` bound how many lines have the role.
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
    circular: str | None = None
    loss: str | None = None
    required: bool = False
    most: int | None = None


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
    emission: bool = False


@dataclass(frozen=True, slots=True)
class CoProductTemplate:
    """``allocation``: ``none`` (takes no burden), ``subdivision`` (its inputs are kept out of the BOM), ``physical`` or
    ``economic`` (shares the burden of its process by ``key``). Its carbon leaves physically, whatever its share.

    ``key``: formula of what the co-product counts; by default its mass (physical) or mass × price (economic). What the main
    product counts is the ``key`` of the process.
    """

    id: str
    rule_id: str
    name: Texts
    process: str
    allocation: str
    biogenic_carbon: str
    key: str | None = None


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
    """A text of the rule, and what a BOM must give for it: ``role``, ``group``, ``activity`` or ``one of`` activities.

    ``when``: formula; where it is 0 (an option not chosen) the BOM need not give it.
    """

    rule_id: str
    text: Texts
    source: str
    role: str | None = None
    group: str | None = None
    activities: tuple[str, ...] = ()
    when: str | None = None


@dataclass(frozen=True, slots=True)
class Per:
    """The result per another measure, ``amount`` of ``unit``: total × amount over a formula (per kg of a tyre, per 1 000 km)."""

    id: str
    rule_id: str
    name: Texts
    divisor: str
    unit: str
    amount: float = 1.0


@dataclass(frozen=True, slots=True)
class Module:
    """A part of the life cycle that is reported apart and never in the total: its final process."""

    id: str
    rule_id: str
    name: Texts
    process: str


@dataclass(frozen=True, slots=True)
class CutOff:
    """What the rule leaves out, with its share of the result as far as known."""

    rule_id: str
    text: Texts
    share: float
    source: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A published result that the rule shows beside its own, for one boundary, kg CO2e per declared unit.

    ``modules``: parts reported apart that the published result includes; they are added to ours for the comparison.
    """

    rule_id: str
    name: Texts
    value: float
    boundary: str
    source: str
    note: str = ""
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disclosure:
    """What a result must tell; ``field``: pointer into the BOM that must be there."""

    rule_id: str
    text: Texts
    source: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class QualityNeed:
    """What the data must reach; otherwise the result warns."""

    rule_id: str
    source: str
    max_dqr: float | None = None
    min_primary_share: float | None = None


@dataclass(frozen=True, slots=True)
class Override:
    """Where a rule differs from the one it extends: a pointer, what stood there and what stands now (as JSON text)."""

    path: str
    base: str
    own: str


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
    abstract: bool = False
    extends: str | None = None
    overrides: tuple[Override, ...] = ()
    effective: str | None = None
    changes: Texts = field(default_factory=dict)
    choices: Mapping[str, Choice] = field(default_factory=dict)
    circularity: Mapping[str, Circularity] = field(default_factory=dict)
    per: tuple[Per, ...] = ()
    modules: tuple[Module, ...] = ()
    cut_offs: tuple[CutOff, ...] = ()
    cut_off_limit: float | None = None
    benchmarks: tuple[Benchmark, ...] = ()
    disclosures: tuple[Disclosure, ...] = ()
    data_quality: QualityNeed | None = None

    def groups(self) -> tuple[str, ...]:
        """Every group that a role names, in order."""
        return tuple(dict.fromkeys(group for role in self.roles.values() for group in role.groups))

    def indicators_of_choices(self) -> dict[str, tuple[str, str]]:
        """``market_cn`` → (market, CN): the 1-or-0 names that formulas may use."""
        return {f"{c.id}_{option.lower()}": (c.id, option) for c in self.choices.values() for option in c.options}

    def about(self) -> dict[str, str]:
        return {"id": self.id, "version": self.version, "sha256": self.sha256}
