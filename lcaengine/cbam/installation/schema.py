"""The shape of an installation document (marshmallow). Error texts are problem codes: see ``problems.toml``.

All amounts are positive; a direction says in or out. Factor units are texts such as ``t CO2/TJ``: see `lcaengine.cbam.quantities`.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields, validate

from lcaengine.bom.schema import LocalText, Number, PeriodSchema, QuantitySchema, Strict, Text, quantity

MAX_ROWS = 500
NON_CBAM = "non_cbam"
ELECTRICITY_SOURCES = (
    "grid_default", "alternative_default", "direct_link", "power_purchase", "own_generation", "mix",
)  # fmt: skip


def _one_of(*values: str) -> validate.OneOf:
    return validate.OneOf(values, error="cbam_choice")


def _list(schema: type[Strict], **options: Any) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), validate=validate.Length(max=MAX_ROWS, error="too_many"), **options)


def _share() -> Number:
    return Number(validate=validate.Range(0, 1, error="share"))


def _country() -> fields.String:
    return fields.String(validate=validate.Regexp(r"^([A-Z]{2}|unknown)$", error="country_code"))


def _date() -> fields.Date:
    return fields.Date(required=True, error_messages={"invalid": "not_a_date"})


def _coordinate(limit: float) -> fields.Float:
    return fields.Float(
        validate=validate.Range(-limit, limit, error="cbam_coordinate"), error_messages={"invalid": "not_a_number"}
    )


class InstallationSchema(Strict):
    name = LocalText(required=True)
    operator = Text()
    registration_number = Text()
    registry_id = Text()
    unlocode = Text()
    address = Text()
    country = fields.String(required=True, validate=validate.Regexp(r"^[A-Z]{2}$", error="country_code"))
    latitude = _coordinate(90)
    longitude = _coordinate(180)
    representative = Text()
    email = Text()
    telephone = Text()
    economic_activity = Text()


class ReasonedPeriodSchema(PeriodSchema):
    reason = Text()


class VerificationSchema(Strict):
    """A report of an accredited verifier, and the production period that it covers."""

    verifier = Text(required=True)
    report = Text(required=True)
    start = _date()
    end = _date()
    accreditation = Text()
    note = Text()


class Emitting(Strict):
    id = Text(required=True)
    name = Text()
    biomass_fraction = _share()
    zero_rating = Text(metadata={"description": "evidence for Art. 29 of Directive (EU) 2018/2001"})
    attribution = fields.Dict(
        keys=Text(), values=_share(), metadata={"description": "shares of processes, heat units and non_cbam; sum 1"}
    )
    note = Text()


class SourceStreamSchema(Emitting):
    method = fields.String(required=True, validate=_one_of("combustion", "process", "mass_balance"))
    direction = fields.String(validate=_one_of("in", "out"))
    amount = Number(required=True)
    unit = Text(required=True)
    ncv = quantity()
    emission_factor = quantity()
    carbon_content = quantity()
    standard_factor = Text()
    oxidation_factor = _share()
    conversion_factor = _share()


class MeasuredSchema(Emitting):
    gas = fields.String(required=True, validate=_one_of("CO2", "N2O"))
    concentration = quantity()
    flow = quantity()
    hours = Number(validate=validate.Range(0, 8784, error="cbam_hours"))
    hourly = fields.List(
        fields.List(Number(), validate=validate.Length(equal=2, error="cbam_hourly")),
        validate=validate.Length(1, 8784, error="cbam_hourly"),
        metadata={"description": "concentration in g/Nm3 and flow in Nm3/h, hour by hour"},
    )


class PfcSchema(Emitting):
    method = fields.String(required=True, validate=_one_of("slope", "overvoltage"))
    technology = Text()
    production = quantity(required=True)
    frequency = Number(metadata={"description": "anode effects per cell-day"})
    duration = Number(metadata={"description": "minutes per anode effect"})
    sef_cf4 = Number(metadata={"description": "(kg CF4/t Al)/(AE-min/cell-day)"})
    anode_effect_overvoltage = Number(metadata={"description": "mV"})
    current_efficiency_pct = Number(validate=validate.Range(1, 100, error="cbam_percent"))
    ovc = Number(metadata={"description": "(kg CF4/t Al)/mV"})
    f_c2f6 = Number(metadata={"description": "t C2F6 per t CF4"})
    collection_efficiency = _share()


class Co2TransferSchema(Strict):
    id = Text(required=True)
    direction = fields.String(required=True, validate=_one_of("in", "out"))
    amount = Number(required=True)
    unit = Text(required=True)
    purpose = fields.String(required=True, validate=_one_of("geological_storage", "permanently_bound"))
    counterpart = Text(required=True)
    evidence = Text(required=True, metadata={"description": "over the whole chain, for what is stored or bound"})
    source = Text(metadata={"description": "the source stream or measured source that it was captured from"})
    process = Text(metadata={"description": "where no source is named, and for what is received"})
    fossil_fraction = _share()
    stored_fraction = _share()
    counted_at_origin = Text(metadata={"description": "evidence that received CO2 counts where it came from"})
    note = Text()


class HeatUnitSchema(Strict):
    id = Text(required=True)
    name = Text()
    kind = fields.String(required=True, validate=_one_of("boiler", "chp", "power_plant", "bought", "exothermic"))
    produced = quantity()
    electricity_produced = quantity()
    reference_efficiency_heat = _share()
    reference_efficiency_electricity = _share()
    reference_fuel = Text(metadata={"description": "S1 … O14 of 2025/2547 Annex III part C"})
    built = fields.Integer(
        strict=True, validate=validate.Range(1900, 2100, error="year"), error_messages={"invalid": "year"}
    )
    heat_medium = fields.String(validate=_one_of("hot_water", "steam", "exhaust_gas"))
    flue_gas_cleaning = quantity()
    emission_factor = quantity()
    sold = quantity()
    losses = quantity()
    non_cbam = quantity()
    electricity_sold = quantity()
    electricity_non_cbam = quantity()
    note = Text()


class EnergyFlowSchema(Strict):
    amount = Number(required=True)
    unit = Text(required=True)
    ncv = quantity()
    emission_factor = quantity()
    from_ = Text(data_key="from")
    to = Text()
    evidence = Text()
    note = Text()


class ElectricityFlowSchema(EnergyFlowSchema):
    source = fields.String(validate=_one_of(*ELECTRICITY_SOURCES))
    supplier = Text()
    country = _country()


class HeatFlowsSchema(Strict):
    imported = _list(EnergyFlowSchema)
    exported = _list(EnergyFlowSchema)


class ElectricityFlowsSchema(Strict):
    consumed = _list(ElectricityFlowSchema)
    exported = _list(ElectricityFlowSchema)
    sources_evidence = Text(metadata={"description": "Art. 9(2): why the process's own sources count for it"})


class ProductionSchema(QuantitySchema):
    route = Text()


class MolarCoProductSchema(QuantitySchema):
    name = Text(required=True)
    molar_mass = Number(required=True, metadata={"description": "g/mol"})


class GoodSchema(Strict):
    cn_code = Text(required=True)
    name = Text()
    amount = Number()
    unit = Text()
    route = Text()
    clinker_fraction = _share()
    nitrogen_fraction = _share()
    parameters = fields.Dict(keys=Text(), metadata={"description": "Annex IV point 2"})
    note = Text()


class DeliverySchema(QuantitySchema):
    process = Text(required=True)


class ProductionProcessSchema(Strict):
    id = Text(required=True)
    name = LocalText()
    category = Text(required=True)
    includes = fields.List(Text())
    production = _list(ProductionSchema, required=True)
    clinker_fraction = _share()
    nitrogen_fraction = _share()
    goods = _list(GoodSchema)
    direct_emissions = quantity()
    heat = fields.Nested(HeatFlowsSchema)
    waste_gas = fields.Nested(HeatFlowsSchema)
    electricity = fields.Nested(ElectricityFlowsSchema)
    to_market = quantity()
    to_processes = _list(DeliverySchema)
    to_non_cbam = quantity()
    molar_mass = Number(metadata={"description": "g/mol of the product, where co-products share by equation (43)"})
    co_products = _list(MolarCoProductSchema)
    note = Text()


class PrecursorSchema(Strict):
    id = Text(required=True)
    name = Text()
    cn_code = Text()
    category = Text()
    country = _country()
    route = Text()
    description = Text(metadata={"description": "which row of the default values: Grey clinker"})
    clinker_fraction = _share()
    nitrogen_fraction = _share()
    purchased = quantity(required=True)
    consumed = _list(DeliverySchema, required=True)
    consumed_elsewhere = quantity()
    evidence = fields.String(required=True, validate=_one_of("actual", "default"))
    see_direct = quantity()
    see_indirect = quantity()
    see_per = fields.String(validate=_one_of("functional_unit", "tonne"))
    electricity = quantity()
    electricity_factor = quantity()
    indirect_in_scope = quantity()
    default_share = _share()
    free_allocation = quantity(
        metadata={"description": "specific embedded free allocation of the supplier's verified report, t CO2e/t"}
    )
    subset_evidence = Text(metadata={"description": "Art. 14(3): why this installation's own value is used"})
    period = fields.Nested(PeriodSchema)
    period_evidence = Text(metadata={"description": "Art. 13: evidence for another period than the document's"})
    verification = fields.Nested(VerificationSchema)
    operator = Text()
    installation = Text()
    registry_id = Text()
    boundary = Text(metadata={"description": "of a PCF: refused"})
    gwp = Text(metadata={"description": "of a PCF: refused"})
    supplier_footprint = fields.Dict(metadata={"description": "a PCF: refused"})
    note = Text()


class NonCbamSchema(Strict):
    direct_emissions = quantity()
    note = Text()


class BalanceSchema(Strict):
    """What enters and leaves the processes from and to elsewhere."""

    from_outside = quantity()
    produced = quantity()
    to_outside = quantity()
    non_cbam = quantity()
    losses = quantity()
    flared = quantity()


class BalancesSchema(Strict):
    heat = fields.Nested(BalanceSchema)
    waste_gas = fields.Nested(BalanceSchema)
    electricity = fields.Nested(BalanceSchema)


class DocumentSchema(Strict):
    """One installation in one reporting period."""

    installation = fields.Nested(InstallationSchema, required=True)
    period = fields.Nested(ReasonedPeriodSchema, required=True)
    verification = fields.Nested(VerificationSchema)
    source_streams = _list(SourceStreamSchema)
    measured = _list(MeasuredSchema)
    pfc = _list(PfcSchema)
    co2_transfers = _list(Co2TransferSchema)
    heat = _list(HeatUnitSchema)
    processes = _list(ProductionProcessSchema, required=True)
    precursors = _list(PrecursorSchema)
    non_cbam = fields.Nested(NonCbamSchema)
    balances = fields.Nested(BalancesSchema)
    sub_metering = fields.Boolean(
        metadata={"description": "direct_emissions are sub-metered: reconciled by equations (41) and (42)"}
    )
    note = Text()
