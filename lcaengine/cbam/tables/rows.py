"""One row of each legal table, as read; every row says in which act and annex it stands, in which state, and where it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

Text = Mapping[str, str]
OTHER = "other"  # the table "Other countries and territories"
UNKNOWN = "unknown"  # unknown origin of a precursor: Annex IV
PRECURSORS = "annex_viii_precursors"  # table of the proposal that makes scrap a precursor, not a good


@dataclass(frozen=True, slots=True)
class Act:
    """A legal act or a draft of one. ``status``: in force, draft, proposal; ``text_read``: yes, no, second-hand."""

    id: str
    title_zh: str
    title_en: str
    dated: str
    status: str
    in_force_since: str
    text_read: str
    note: str

    def as_dict(self) -> dict[str, object]:
        title = {"zh": self.title_zh, "en": self.title_en}
        return {"id": self.id, "title": title, "dated": self.dated, "status": self.status, "text_read": self.text_read}


@dataclass(frozen=True, slots=True)
class ReadIn:
    """A publication in which rows were read."""

    id: str
    title: str
    publisher: str
    year: int
    licence: str


@dataclass(frozen=True, slots=True)
class Country:
    """A country of origin. ``status``: listed (has a table of default values), exempt, eu; ``name_former`` by ``|``."""

    iso2: str
    name_en: str
    name_zh: str
    name_former: str
    status: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class Sector:
    sector: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Heading:
    """A four-digit heading; the Chinese name is our translation."""

    heading: str
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Good:
    """A good of Annex I. ``ex``: only what this text says; ``also_category``: a second category that goods of the code may have."""

    cn_code: str
    description: str
    sector: str
    category: str
    also_category: str
    gases: tuple[str, ...]
    ex: str
    valid_from: date
    valid_to: date | None
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class Category:
    """An aggregated goods category. ``annex_ii``: direct emissions only; ``functional_unit``: t, t_clinker, kg_n, MWh."""

    category: str
    name_zh: str
    name_en: str
    template_label: str
    sector: str
    annex_ii: bool
    functional_unit: str
    gases: tuple[str, ...]
    multifunctional: bool
    route_relevant: bool
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class Route:
    """A production route of the Commission's template; ``name_en`` is its label, letter for letter."""

    category: str
    route: str
    name_zh: str
    name_en: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class PrecursorOf:
    """A category that may go into another. ``basis``: law, or template (narrower)."""

    category: str
    precursor: str
    basis: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class StandardFactor:
    """A standard factor; ``ncv`` GJ/t, ``carbon_content`` t C/t. ``emission_factor`` None where the act gives none."""

    id: str
    table: str
    kind: str
    name_zh: str
    name_en: str
    emission_factor: float | None
    emission_factor_unit: str
    ncv: float | None
    ncv_unit: str
    carbon_content: float | None
    note: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class ReferenceEfficiency:
    """Efficiency of separate production (IR 2025/2547 Annex III part C) for a plant built in or after a year.

    ``product``: electricity, hot_water, steam (condensate return counted) or exhaust_gas (at 250 °C or more).
    """

    fuel: str
    name_zh: str
    name_en: str
    product: str
    built_from: int
    efficiency: float
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class Markup:
    """The share added to the total of a default value from a year on."""

    sector: str
    year_from: int
    markup: float
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class DefaultRow:
    """A printed row, t CO2e per t of good, without mark-up; ``country`` empty in Annex IV; None = no value."""

    country: str
    cn_code: str
    description: str
    direct: float | None
    indirect: float | None
    total: float | None
    route: str
    sector: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class DefaultValue:
    """A row that applies, t CO2e per t of good, without mark-up. ``table``: country, other, highest; ``why`` it applies.

    ``route`` is the letter that selects the benchmark ("C/F": one of two); None: none is printed, or none was read (``why`` says).
    """

    country: str
    cn_code: str
    description: str
    direct: float | None
    indirect: float | None
    total: float
    route: str | None
    sector: str
    state: str
    act: str
    annex: str
    read_in: str
    table: str
    why: tuple[Text, ...]

    @property
    def looked_up(self) -> tuple[str, ...]:
        return tuple(reason["en"] for reason in self.why)


@dataclass(frozen=True, slots=True)
class Defect:
    """A row of the table of default values that cannot be used as it stands; README.md explains the kinds."""

    country: str
    cn_code: str
    description: str
    kind: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A benchmark, t CO2e per t of good. ``column`` A: process only, with actual data; B: with precursors, with default values.

    ``years`` is the span of production years that the act prints ("2026-2027"), or empty.
    """

    cn_code: str
    column: str
    group: str
    value: float
    route: str | None
    years: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class CbamFactor:
    """The share of free allocation that remains in a year."""

    year: int
    factor: float
    basis: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class CorrectionFactor:
    """The cross-sectoral correction factor of a year; ``assumed`` where none was read."""

    year: int
    factor: float
    assumed: bool
    act: str
    annex: str
    state: str
    read_in: str

    @property
    def value(self) -> float:
        return self.factor


@dataclass(frozen=True, slots=True)
class Price:
    """EUR per certificate. ``status``: official, or unverified, which must not be used as the price of the act."""

    period: str
    price_eur: float
    published: date | None
    status: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """A row of the proposal COM(2025) 989, which is not law; ``excludes`` are codes inside it that stay out."""

    cn_code: str
    table: str
    ex: bool
    description: str
    excludes: tuple[str, ...]
    proposed_from: date
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class ReplacedCode:
    """A code of the list of goods whose values stand under others."""

    cn_code: str
    replaced_by: str
    act: str
    annex: str
    state: str
    read_in: str


@dataclass(frozen=True, slots=True)
class TaricCode:
    """A ten-digit code that chooses among the rows of its CN code: those whose description begins so."""

    taric: str
    cn_code: str
    begins: str
    description: str
    act: str
    annex: str
    state: str
    read_in: str
