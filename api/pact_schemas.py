"""Shapes of the PACT endpoints of ``/v1``. Those of ``/3`` are PACT's own: `lcaengine.pact.schema`."""

from __future__ import annotations

from marshmallow import RAISE, Schema, fields, validate

from lcaengine.bom.schema import QuantitySchema, Text

from . import schemas


class Strict(Schema):
    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "unknown_field", "type": "not_an_object"}  # noqa: RUF012 - as marshmallow has it


def _texts(most: int = 50, **options: object) -> fields.List[str]:
    return fields.List(Text(), validate=validate.Length(max=most), **options)  # type: ignore[arg-type]


class Publisher(Strict):
    """How the organisation presents itself."""

    company_name = Text(required=True)
    company_ids = _texts(required=True, metadata={"description": "URNs", "example": ["urn:pact:example.com:company:1"]})
    domain = fields.String(
        load_default="", metadata={"description": "makes URNs of own product ids", "example": "example.com"}
    )
    address = Text(
        required=True, metadata={"description": "this server as partners see it", "example": "https://pcf.example.com"}
    )


class NewPactFootprint(Strict):
    footprint = Text(required=True, metadata={"description": "id of a footprint on record"})
    receivers = fields.List(
        Text(),
        required=True,
        metadata={"description": "ids of organisations of this server, or of their OAuth clients"},
    )
    mass = fields.Nested(
        QuantitySchema,
        metadata={"description": "product without packaging per declared unit; needed unless that is a mass"},
    )
    fossil_carbon = fields.Nested(
        QuantitySchema, metadata={"description": "fossil carbon in the product per declared unit; 0 if there is none"}
    )
    product_ids = _texts(load_default=list, metadata={"description": "further URNs, beside the GTIN"})
    classifications = _texts(load_default=list, metadata={"description": "further URNs, beside the HS code"})
    product_name = fields.String(load_default="", validate=validate.Length(max=500))
    description = fields.String(load_default="", validate=validate.Length(max=2000))
    comment = fields.String(load_default="", validate=validate.Length(max=2000))
    valid_until = fields.Date(load_default=None, metadata={"description": "default: three years after the period"})
    follows = fields.String(load_default=None, metadata={"description": "id of the published footprint it replaces"})


class PactFootprint(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    footprint = fields.String()
    status = fields.String(metadata={"description": "Active or Deprecated"})
    receivers = fields.List(fields.String())
    document = fields.Dict(metadata={"description": "the ProductFootprint"})
    links = fields.Dict()


class PactFootprintPage(schemas.Page):
    items = fields.List(fields.Nested(PactFootprint))


class PactFootprintsQuery(schemas.PageQuery):
    status = fields.String(validate=validate.OneOf(["Active", "Deprecated"]))


class ReceivedQuery(schemas.PageQuery):
    partner = schemas.Words("id of the partner")
    pf_id = schemas.Words("id that the supplier gave it")


class PactEventsQuery(schemas.PageQuery):
    direction = fields.String(validate=validate.OneOf(["in", "out"]))
    state = schemas.Words("what became of it", 20)


class NewPartner(Strict):
    name = Text(required=True)
    signs_in_as = Text(
        required=True, metadata={"description": "organisation or client id under which it signs in here"}
    )
    base_url = Text(required=True, metadata={"example": "https://pcf.supplier.example"})
    client_id = Text(required=True, metadata={"description": "ours there"})
    client_secret = fields.String(required=True, load_only=True, validate=validate.Length(1, 2000))
    auth_url = fields.String(
        load_default="", metadata={"description": "its token endpoint, where that is on another host"}
    )


class Partner(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    name = fields.String()
    signs_in_as = fields.String()
    base_url = fields.String()
    auth_url = fields.String()
    client_id = fields.String()
    links = fields.Dict()


class Partners(Schema):
    items = fields.List(fields.Nested(Partner))
    count = fields.Integer()


class Asked(Strict):
    """Which footprints of a partner; the names are PACT's."""

    productId = _texts()
    companyId = _texts()
    geography = _texts()
    classification = _texts()
    validOn = Text()
    validAfter = Text()
    validBefore = Text()
    status = Text()


class Request(Asked):
    comment = Text()


class Received(Schema):
    id = fields.UUID(metadata={"description": "as a line of a bill of materials names it"})
    created = fields.DateTime()
    partner = fields.String()
    pf_id = fields.UUID()
    product = fields.Dict()
    value = fields.String(metadata={"description": "kg CO2e per declared unit, without biogenic uptake"})
    declared_unit = fields.Dict()
    status = fields.String()
    valid_until = fields.Date()
    warnings = fields.List(fields.Nested(schemas.ErrorEntry))
    document = fields.Dict(metadata={"description": "the ProductFootprint as it came; not in lists"})
    links = fields.Dict()


class Fetched(Schema):
    items = fields.List(fields.Nested(Received))
    count = fields.Integer()


class ReceivedPage(schemas.Page):
    items = fields.List(fields.Nested(Received))


class PactEvent(Schema):
    id = fields.String()
    direction = fields.String(metadata={"description": "in or out"})
    partner = fields.String()
    created = fields.DateTime()
    type = fields.String()
    state = fields.String(
        metadata={"description": "in: recorded; out: waiting, sent, failed; a request of ours: fulfilled, rejected"}
    )
    attempts = fields.Integer()
    due = fields.DateTime(metadata={"description": "when it is tried next"})
    error = fields.String()


class PactEventPage(schemas.Page):
    items = fields.List(fields.Nested(PactEvent))
