"""The shape of the operator data (marshmallow): what a report asks for and no calculation knows. docs/cbam/reports.md."""

from __future__ import annotations

import math
from typing import Any

from marshmallow import ValidationError, fields, validate

from lcaengine.bom.schema import MAX_TEXT, LocalText, Number, QuantitySchema, Strict, Text
from lcaengine.cbam.installation.schema import ELECTRICITY_SOURCES

MAX_ROWS = 500


def _one_of(*values: str) -> validate.OneOf:
    return validate.OneOf(values, error="cbam_choice")


def _list(schema: type[Strict]) -> fields.List[Any]:
    return fields.List(fields.Nested(schema), validate=validate.Length(max=MAX_ROWS, error="too_many"))


def _boolean(about: str) -> fields.Boolean:
    return fields.Boolean(
        error_messages={"invalid": "report_boolean"}, truthy={True}, falsy={False}, metadata={"description": about}
    )


def _share() -> Number:
    return Number(validate=validate.Range(0, 1, error="share"))


def _country() -> fields.String:
    return fields.String(validate=validate.Regexp(r"^[A-Z]{2}$", error="country_code"))


class Scalar(fields.Field[Any]):
    """A parameter's value: a text, or a finite number."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> Any:
        if isinstance(value, str) and 0 < len(value) <= MAX_TEXT:
            return value
        if isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value):
            return value
        raise ValidationError("report_scalar")


class ReportOperatorSchema(Strict):
    registration_number = Text(metadata={"description": "corporate or activity registration number"})
    address = Text(metadata={"description": "full address in English"})


class ReportInstallationSchema(Strict):
    registry_id = Text(metadata={"description": "unique identifier in the CBAM Registry"})
    address = Text(metadata={"description": "full address in English transcript"})


class ContactSchema(Strict):
    name = Text(required=True)
    role = Text()
    email = Text()
    telephone = Text()


class MonitoringPlanSchema(Strict):
    reference = Text(metadata={"description": "its title and version"})
    non_cbam_processes = fields.List(LocalText(), metadata={"description": "empty: there are none"})
    zero_rating = LocalText(metadata={"description": "how zero-rating of fuels is demonstrated"})
    attribution = LocalText(metadata={"description": "what to add on how emissions were attributed"})


class ElectricitySupplierSchema(Strict):
    source = fields.String(required=True, validate=_one_of(*ELECTRICITY_SOURCES))
    name = Text(metadata={"description": "of the supplier or installation"})
    country = _country()
    address = Text()


class ReportElectricitySchema(Strict):
    suppliers = _list(ElectricitySupplierSchema)
    generation = fields.String(validate=_one_of("fossil", "renewable", "mixed"))
    actual_share = Number(
        validate=validate.Range(0, 1, error="share"),
        metadata={"description": "of indirect emissions, by actual values; for a source given as mix"},
    )
    criteria_met = _boolean("point 6 of Annex IV to 2023/956")
    evidence_submitted = _boolean("elements of point D.4.3 were submitted to the verifier")
    factor_information = LocalText(metadata={"description": "on the factor by actual values"})
    power_purchase = LocalText(metadata={"description": "on the factor of the power purchase agreement"})


class CounterpartSchema(Strict):
    name = Text(required=True)
    direction = fields.String(required=True, validate=_one_of("in", "out"))
    address = Text()


class RecipientSchema(Strict):
    transfer = Text(required=True, metadata={"description": "id of the CO2 transfer"})
    name = Text(required=True)
    contact = Text(required=True, metadata={"description": "responsible person"})
    email = Text()
    telephone = Text()
    address = Text()


class NonCbamGoodSchema(QuantitySchema):
    process = Text(required=True)
    name = LocalText(required=True)


class DataGapSchema(Strict):
    what = LocalText(required=True)
    period = Text(required=True)
    estimate = LocalText(required=True, metadata={"description": "how the gap was filled"})


class PrecursorOriginSchema(Strict):
    precursor = Text(required=True, metadata={"description": "id of the precursor"})
    operator = Text()
    installation = Text()
    registry_id = Text()
    address = Text()


class OperatorDataSchema(Strict):
    """What only the operator knows. A list that is empty says that there is nothing; one that is not given says nothing."""

    note = Text()
    example = _boolean("marks a worked example on every page")
    operator = fields.Nested(ReportOperatorSchema)
    installation = fields.Nested(ReportInstallationSchema)
    contact_persons = _list(ContactSchema)
    monitoring_plan = fields.Nested(MonitoringPlanSchema)
    new_installation_months = fields.Integer(
        strict=True, validate=validate.Range(1, 12, error="report_months"), error_messages={"invalid": "report_months"}
    )
    electricity = fields.Nested(ReportElectricitySchema)
    heat_counterparts = _list(CounterpartSchema)
    waste_gas_counterparts = _list(CounterpartSchema)
    co2_recipients = _list(RecipientSchema)
    non_cbam_goods = _list(NonCbamGoodSchema)
    data_gaps = _list(DataGapSchema)
    other_methods = LocalText()
    precursors = _list(PrecursorOriginSchema)
    parameters = fields.Dict(
        keys=Text(),
        values=fields.Dict(keys=Text(), values=Scalar()),
        metadata={"description": "Annex IV point 2, by CN code; adds to the installation's"},
    )
    benchmarks_confirmed = _boolean("the applicable benchmarks were used (1.2, 4(f))")
    withhold = fields.List(
        Text(), metadata={"description": "items of the summary that do not go to the importer: 16, 13(e)"}
    )


class ReportRequestSchema(Strict):
    """What ``POST /v1/cbam/reports`` takes."""

    installation = Text(required=True, metadata={"description": "id of a stored installation"})
    operator = fields.Nested(OperatorDataSchema)
    kind = fields.String(required=True, validate=_one_of("full", "summary"))
