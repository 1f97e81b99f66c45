"""A bill of materials as values: one product in one pack (docs/bom.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from lcaengine.units import Quantity

EMPTY: Mapping[str, Any] = MappingProxyType({})
KIND_FIELD: Mapping[str, str] = MappingProxyType({
    "electricity": "supply", "fuels": "fuel", "heat": "supply", "water": "supply", "wastewater": "treatment",
    "waste": "treatment", "refrigerants": "gas", "direct_emissions": "flow",
})  # fmt: skip
SECTIONS = tuple(KIND_FIELD)
SECTION_NAMES: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "electricity": {"zh": "电力", "en": "Electricity"}, "fuels": {"zh": "燃料", "en": "Fuel"},
    "heat": {"zh": "热力", "en": "Heat"}, "water": {"zh": "用水", "en": "Water"},
    "wastewater": {"zh": "废水", "en": "Waste water"}, "waste": {"zh": "废物", "en": "Waste"},
    "refrigerants": {"zh": "制冷剂", "en": "Refrigerant"}, "direct_emissions": {"zh": "直接排放", "en": "Direct emission"},
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of a transport."""

    mode: str
    distance: Quantity


@dataclass(frozen=True, slots=True)
class SupplierFootprint:
    """A supplier's figure: kg CO2e per ``per`` (a unit), without a split.

    ``primary_data_share``: how much of it rests on the supplier's own data, all where it is not said. ``dqi``: the
    supplier's own ratings, technological, geographical and temporal, 1 (best) to 5. ``pact``: id of the PACT footprint
    on record that it was read from.
    """

    value: float
    per: str
    boundary: str
    gwp: str
    year: int
    verification: str = ""
    biogenic_carbon: Quantity | None = None
    primary_data_share: float = 1.0
    dqi: tuple[float, float, float] | None = None
    pact: str | None = None


@dataclass(frozen=True, slots=True)
class EmbeddedEmissions:
    """A supplier's specific embedded emissions under CBAM, t CO2e per tonne; never a PCF, and never used in one."""

    direct: float
    indirect: float | None
    year: int
    installation: str = ""
    verification: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A material, packaging or component; ``where`` is its place in the input."""

    id: str
    name: str
    quantity: Quantity
    where: str = ""
    unit_mass: Quantity | None = None
    role: str | None = None
    process: str | None = None
    origin: str | None = None
    basis: str | None = None
    transport: tuple[Leg, ...] | None = None
    recycled_content: float | None = None
    supplier_footprint: SupplierFootprint | None = None
    cn_code: str | None = None
    cas: str | None = None
    mass_basis: str | None = None
    embedded_emissions: EmbeddedEmissions | None = None


@dataclass(frozen=True, slots=True)
class Activity:
    """Energy, water, waste or direct emissions of the site; ``kind`` is the supply, fuel, treatment or gas."""

    section: str
    id: str
    quantity: Quantity
    where: str = ""
    name: str = ""
    kind: str | None = None
    process: str | None = None
    evidence: str = ""
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class CoProduct:
    """Another product of the same site."""

    id: str
    quantity: Quantity
    where: str = ""
    price: Quantity | None = None
    biogenic_carbon: Quantity | None = None
    basis: str | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """Totals of a plant that makes several products, with the output of each; the rule allocates them."""

    outputs: Mapping[str, Quantity]
    lines: tuple[Line, ...] = ()
    activities: tuple[Activity, ...] = ()
    co_products: tuple[CoProduct, ...] = ()


@dataclass(frozen=True, slots=True)
class Bom:
    """One product, per declared unit or for a period."""

    product_id: str
    name: Mapping[str, str]
    category: str
    declared_unit: Quantity
    basis: str
    boundary: str | None = None
    pack: Quantity | None = None
    country: str = "CN"
    region: str | None = None
    start: date | None = None
    end: date | None = None
    output: Quantity | None = None
    lines: tuple[Line, ...] = ()
    activities: tuple[Activity, ...] = ()
    co_products: tuple[CoProduct, ...] = ()
    shared: Shared | None = None
    parameters: Mapping[str, float | Quantity] = field(default_factory=lambda: EMPTY)
    choices: Mapping[str, str] = field(default_factory=lambda: EMPTY)
    identifiers: Mapping[str, str] = field(default_factory=lambda: EMPTY)
