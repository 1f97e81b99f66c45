"""The shape of a bill of materials (marshmallow). Error texts are problem codes: see ``problems.toml``."""

from __future__ import annotations

import math
from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields, validate

MAX_LINES = 5000
MAX_TEXT = 500


class Number(fields.Float):
    """A finite number that is not a text, not negative."""

    default_error_messages = {
        "invalid": "not_a_number",
        "special": "not_finite",
        "too_large": "not_finite",
        "negative": "negative",
    }

    def _validated(self, value: Any) -> float:
        if isinstance(value, (bool, str)):
            raise self.make_error("invalid")
        try:
            number = float(super()._validated(value) or 0.0)
        except OverflowError as error:
            raise self.make_error("special") from error
        if not math.isfinite(number):
            raise self.make_error("special")
        if number < 0:
            raise self.make_error("negative")
        return number


class Text(fields.String):
    """A text of bounded length."""

    def __init__(self, **options: Any) -> None:
        super().__init__(validate=validate.Length(1, MAX_TEXT, error="text_length"), **options)


class Strict(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "unknown_field", "type": "not_an_object"}


class QuantitySchema(Strict):
    amount = Number(required=True)
    unit = Text(required=True)


def quantity(**options: Any) -> fields.Nested:
    return fields.Nested(QuantitySchema, **options)


class LocalText(fields.Field[Any]):
    """A text, or ``{"zh": …, "en": …}``."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str]:
        if isinstance(value, str) and 0 < len(value) <= MAX_TEXT:
            return {"zh": value, "en": value}
        if not isinstance(value, dict) or not value or not set(value) <= {"zh", "en"}:
            raise ValidationError("local_text")
        if not all(isinstance(text, str) and 0 < len(text) <= MAX_TEXT for text in value.values()):
            raise ValidationError("local_text")
        first = next(iter(value.values()))
        return {"zh": value.get("zh", first), "en": value.get("en", first)}


class ProductSchema(Strict):
    id = Text()
    name = LocalText(required=True, metadata={"description": "text, or {zh, en}"})
    category = Text(required=True, metadata={"description": "product category = id of a rule: beer"})
    declared_unit = quantity(required=True)
    pack = quantity(metadata={"description": "content of one sales pack, for the result per pack"})
    gtin = Text()
    hs_code = Text()
    brand = Text()


class SiteSchema(Strict):
    country = fields.String(
        required=True,
        validate=validate.Regexp(r"^[A-Z]{2}$", error="country_code"),
        metadata={"example": "CN"},
    )
    region = fields.String(validate=validate.Regexp(r"^[A-Z]{2}-[A-Z0-9]{1,3}$", error="region_code"))
    name = Text()


class PeriodSchema(Strict):
    start = fields.Date(required=True, error_messages={"invalid": "not_a_date"})
    end = fields.Date(required=True, error_messages={"invalid": "not_a_date"})


class LegSchema(Strict):
    mode = Text(required=True, metadata={"description": "road, rail, sea, inland_waterway"})
    distance = quantity(required=True)


def _rating() -> Number:
    return Number(required=True, validate=validate.Range(1, 5, error="rating"))


class DqiSchema(Strict):
    """PACT's data quality indicators, 1 (best) to 5."""

    technologicalDQR = _rating()
    geographicalDQR = _rating()
    temporalDQR = _rating()


class SupplierFootprintSchema(Strict):
    value = Number(required=True)
    unit = Text(required=True, metadata={"example": "kg CO2e/kg"})
    boundary = Text(required=True, metadata={"example": "cradle_to_gate"})
    gwp = Text(required=True, metadata={"example": "AR6"})
    year = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(1990, 2100, error="year"),
        error_messages={"invalid": "year"},
    )
    verification = Text()
    biogenic_carbon = quantity()
    primary_data_share = Number(
        validate=validate.Range(0, 1, error="share"),
        metadata={"description": "part that rests on the supplier's own data; all where it is not said"},
    )
    dqi = fields.Nested(DqiSchema)
    pact = Text(metadata={"description": "id of a received PACT footprint (docs/pact.md); over HTTP enough by itself"})


class EmbeddedEmissionsSchema(Strict):
    """Specific embedded emissions under CBAM, of an installation; not a PCF."""

    direct = Number(required=True)
    indirect = Number()
    unit = fields.String(required=True, validate=validate.Equal("t CO2e/t", error="embedded_unit"))
    year = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(2023, 2100, error="year"),
        error_messages={"invalid": "year"},
    )
    installation = Text()
    verification = Text(metadata={"description": "verifier's report that covers the year of production"})


_BASIS = validate.OneOf(["declared_unit", "period"], error="basis")


class LineSchema(Strict):
    id = Text(required=True)
    name = Text()
    amount = Number(required=True)
    unit = Text(required=True)
    unit_mass = quantity()
    role = Text()
    process = Text()
    origin = Text()
    basis = fields.String(validate=_BASIS)
    transport = fields.List(fields.Nested(LegSchema), validate=validate.Length(max=20, error="too_many"))
    recycled_content = Number(validate=validate.Range(0, 1, error="share"))
    supplier_footprint = fields.Nested(SupplierFootprintSchema)
    cn_code = Text()
    mass_basis = fields.String(
        validate=validate.OneOf(["gross", "net"], error="mass_basis"),
        metadata={"description": "gross: what enters the process, before cutting; net: what is in the product"},
    )
    embedded_emissions = fields.Nested(EmbeddedEmissionsSchema)
    cas = fields.String(
        validate=validate.Regexp(r"^[0-9]{2,7}-[0-9]{2}-[0-9]$", error="cas_number"), metadata={"example": "75-28-5"}
    )
    note = Text()


class ActivitySchema(Strict):
    id = Text()
    name = Text()
    amount = Number(required=True)
    unit = Text(required=True)
    process = Text()
    evidence = Text()
    basis = fields.String(validate=_BASIS)
    note = Text()


class ElectricitySchema(ActivitySchema):
    supply = Text(
        metadata={"description": "grid (default), certificate_wind, certificate_pv, certificate_hydro, onsite_pv"}
    )


class FuelSchema(ActivitySchema):
    fuel = Text()


class HeatSchema(ActivitySchema):
    supply = Text()


class WaterSchema(ActivitySchema):
    supply = Text()


class WastewaterSchema(ActivitySchema):
    treatment = Text()


class WasteSchema(ActivitySchema):
    treatment = Text()


class RefrigerantSchema(ActivitySchema):
    gas = Text()


class DirectEmissionSchema(ActivitySchema):
    flow = Text()


def _activities(schema: type[ActivitySchema]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), validate=validate.Length(max=MAX_LINES, error="too_many"))


class ActivitiesSchema(Strict):
    electricity = _activities(ElectricitySchema)
    fuels = _activities(FuelSchema)
    heat = _activities(HeatSchema)
    water = _activities(WaterSchema)
    wastewater = _activities(WastewaterSchema)
    waste = _activities(WasteSchema)
    refrigerants = _activities(RefrigerantSchema)
    direct_emissions = _activities(DirectEmissionSchema)


class CoProductSchema(Strict):
    id = Text(required=True)
    amount = Number(required=True)
    unit = Text(required=True)
    price = quantity()
    biogenic_carbon = quantity()
    basis = fields.String(validate=_BASIS)
    note = Text()


class SharedSchema(Strict):
    outputs = fields.Dict(keys=Text(), values=quantity(), required=True)
    lines = fields.List(fields.Nested(LineSchema), validate=validate.Length(max=MAX_LINES, error="too_many"))
    activities = fields.Nested(ActivitiesSchema)
    co_products = fields.List(fields.Nested(CoProductSchema))


class BomSchema(Strict):
    """A bill of materials: one product in one pack."""

    product = fields.Nested(ProductSchema, required=True)
    site = fields.Nested(SiteSchema, required=True)
    boundary = fields.String(
        validate=validate.OneOf(["cradle_to_gate", "cradle_to_grave"], error="boundary"),
        metadata={"description": "default: the rule's"},
    )
    basis = fields.String(required=True, validate=_BASIS)
    period = fields.Nested(PeriodSchema)
    output = quantity()
    lines = fields.List(
        fields.Nested(LineSchema), required=True, validate=validate.Length(max=MAX_LINES, error="too_many")
    )
    activities = fields.Nested(ActivitiesSchema)
    co_products = fields.List(fields.Nested(CoProductSchema))
    shared = fields.Nested(SharedSchema)
    parameters = fields.Dict(keys=Text(), metadata={"description": "number in the rule's unit, or {amount, unit}"})
    note = Text()
