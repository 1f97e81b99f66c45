"""Shapes of CBAM answers and queries, for OpenAPI. The installation document: `lcaengine.cbam.installation.schema`."""

from __future__ import annotations

import re

from marshmallow import Schema, fields, validate

from .schemas import CreatedQuery, LocalText, PageQuery, Words, order

_QUARTER = validate.Regexp(r"^20[2-9][0-9]-Q[1-4]$", error="Use a quarter such as 2026-Q2.")
_COUNTRY = validate.Regexp(r"^([A-Z]{2}|unknown)$", error="Use an ISO 3166 code such as CN, or unknown.")
_CODE = validate.Regexp(re.compile(r"^[0-9 .]{4,15}$", re.A), error="Use a CN code such as 73181588.")


class CbamQuery(CreatedQuery):
    sort = order("created", "name")
    name = Words("part of the name of the product or installation")


class Act(Schema):
    id = fields.String(metadata={"example": "2025/2547"})
    title = fields.Nested(LocalText)
    dated = fields.String()
    status = fields.String()
    text_read = fields.String(metadata={"description": "whether its text was read for this program"})


class ScreeningQuery(Schema):
    on = fields.Date(metadata={"description": "day; default today"})
    annual_mass = fields.Float(
        validate=validate.Range(0, 1e12),
        metadata={"description": "the importer's net mass of the calendar year over all goods of the four sectors, t"},
    )


class CbamScreening(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    on = fields.Date()
    answer = fields.Nested(LocalText, metadata={"description": "two plain sentences"})
    obligation_today = fields.Raw(metadata={"description": "true, false or depends"})
    reasons = fields.List(fields.Dict())
    product = fields.Dict()
    origin = fields.Dict()
    threshold = fields.Dict()
    lines = fields.List(
        fields.Dict(), metadata={"description": "what each line would be if imported under its own code"}
    )
    unknown = fields.List(fields.Dict(), metadata={"description": "lines without a CN code"})  # type: ignore[assignment]
    counts = fields.Dict()
    tyres = fields.List(fields.Dict(), allow_none=True)
    next_steps = fields.List(fields.Dict())
    notes = fields.List(fields.Nested(LocalText))
    limits = fields.List(fields.Nested(LocalText))
    law_known_until = fields.Date(metadata={"description": "the last day whose law the tables hold"})
    acts = fields.List(fields.Nested(Act))
    links = fields.Dict()


class CbamInstallation(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    installation = fields.Dict()
    period = fields.Dict()
    verification = fields.Dict(allow_none=True)
    acts = fields.List(fields.Nested(Act))
    engine = fields.Dict()
    emissions = fields.Dict(metadata={"description": "of the installation, t CO2e, by source"})
    electricity = fields.Dict(allow_none=True)
    co2_transfers = fields.List(fields.Dict())
    balances = fields.List(fields.Dict())
    heat_units = fields.List(fields.Dict())
    processes = fields.List(
        fields.Dict(), metadata={"description": "activity level, attributed emissions, inputs, SEE"}
    )
    precursors = fields.List(fields.Dict())
    goods = fields.List(
        fields.Dict(), metadata={"description": "SEE by CN code: as given, indicative, declarable; exact and reported"}
    )
    rounding = fields.Nested(LocalText)
    notes = fields.List(fields.Nested(LocalText))
    template = fields.Dict(
        allow_none=True, metadata={"description": "what a filled communication template says beside"}
    )
    links = fields.Dict()


class WorkbookQuery(Schema):
    lang = fields.String(load_default="zh", validate=validate.OneOf(["zh", "en"]))


class AnswerQuery(Schema):
    on = fields.Date(metadata={"description": "day; default today"})
    installation = fields.List(
        fields.String(), load_default=list, validate=validate.Length(max=20),
        metadata={"description": "ids of stored installations whose SEE are the evidence"},
    )  # fmt: skip
    quarter = fields.String(validate=_QUARTER, metadata={"description": "of importation, for the official price"})
    price = fields.Float(
        validate=validate.Range(0, 10_000), metadata={"description": "your own assumption, EUR per t CO2e"}
    )


class CbamAnswer(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    on = fields.Date()
    pcf = fields.Dict(
        allow_none=True,
        metadata={"description": "the footprint of the same lines; never mixed with embedded emissions"},
    )
    product = fields.Dict()
    screening = fields.Dict()
    goods = fields.Dict(allow_none=True, metadata={"description": "the product itself, where it is a good of Annex I"})
    lines = fields.List(fields.Dict(), metadata={"description": "SEE beside the PCF, hypothetical costs, savings"})
    difference = fields.List(fields.Nested(LocalText), metadata={"description": "why SEE and PCF differ"})
    notes = fields.List(fields.Nested(LocalText))
    acts = fields.List(fields.Nested(Act))
    links = fields.Dict()


class CbamReport(Schema):
    """An operator's report; its JSON Schema: ``lcaengine cbam report --schema``."""

    id = fields.UUID()
    created = fields.DateTime()
    type = fields.String(metadata={"example": "cbam_operator_report"})
    schema = fields.Integer()
    kind = fields.String(metadata={"example": "summary"})
    title = fields.Nested(LocalText)
    act = fields.Dict()
    installation = fields.Nested(LocalText)
    operator = fields.String(allow_none=True)
    period = fields.Dict()
    example = fields.Boolean()
    items = fields.List(
        fields.Dict(),
        metadata={"description": "item, text, status (value, missing, not_applicable), value, unit, reason"},
    )
    counts = fields.Dict()
    missing = fields.List(fields.Dict())
    notes = fields.List(fields.Nested(LocalText))
    contact_persons = fields.List(fields.Dict(), metadata={"description": "full only"})
    addendum = fields.List(fields.Dict(), metadata={"description": "full only: point 1.1.1"})
    acts = fields.List(fields.Nested(Act))
    engine = fields.Dict()
    links = fields.Dict()


class DefaultQuery(Schema):
    cn_code = fields.String(required=True, validate=_CODE, metadata={"example": "72083600"})
    country = fields.String(required=True, validate=_COUNTRY, metadata={"example": "CN"})
    first_year = fields.Integer(load_default=2026, validate=validate.Range(2026, 2040))
    last_year = fields.Integer(load_default=2034, validate=validate.Range(2026, 2040))
    route = fields.String(validate=validate.Length(1, 10), metadata={"description": "letter of the act: C, D, E …"})
    description = fields.String(validate=validate.Length(1, 200), metadata={"description": "which row: grey, white"})
    mass = fields.Float(validate=validate.Range(0, 1e12), metadata={"description": "t"})
    pieces = fields.Integer(validate=validate.Range(1, 10**12))
    unit_mass = fields.Float(validate=validate.Range(0, 1e9), metadata={"description": "kg a piece"})
    quarter = fields.String(validate=_QUARTER)
    price = fields.Float(
        validate=validate.Range(0, 10_000), metadata={"description": "your assumption, EUR per t CO2e"}
    )
    paid = fields.Float(
        validate=validate.Range(0, 1000),
        metadata={
            "description": "carbon price paid abroad (Art. 9), t CO2e per t; the Commission's default price, from 2027"
        },
    )
    paid_year = fields.Integer(validate=validate.Range(2026, 2040))
    paid_evidence = fields.String(validate=validate.Length(1, 500))
    paid_not_applicable = fields.String(validate=validate.Length(1, 500), metadata={"description": "the reason"})
    proposals = fields.Boolean(load_default=False, metadata={"description": "COM(2026) 616, apart; not law"})


class CbamDefault(Schema):
    """The default path of a good: never mixed with a footprint."""

    path = fields.String()
    cn_code = fields.String()
    country = fields.Raw()
    sector = fields.String(allow_none=True)
    categories = fields.List(fields.String())
    obligation = fields.Dict(metadata={"description": "whether CBAM applies to the shipment, and why not"})
    unit = fields.String()
    shipment = fields.Dict()
    carbon_price_paid = fields.Dict()
    default_value = fields.Raw(metadata={"description": "the row of the table, with its source"})
    rounding = fields.Nested(LocalText)
    law = fields.Boolean()
    by_year = fields.List(fields.Dict(), metadata={"description": "mark-up, free allocation, certificates and cost"})
    proposals = fields.Raw(metadata={"description": "apart, if asked for; not law"})
    notes = fields.List(fields.Nested(LocalText))
    acts = fields.List(fields.Nested(Act))


class GoodsQuery(PageQuery):
    sort = order("cn_code", default="cn_code")
    q = fields.String(
        load_default="",
        validate=validate.Length(max=200),
        metadata={"description": "CN code or words", "example": "7318"},
    )
