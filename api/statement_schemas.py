"""Shapes of statements and of what is asked of them, for OpenAPI. The body itself: docs/statements.md."""

from __future__ import annotations

from marshmallow import Schema, ValidationError, fields, validate

from lcaengine.statements.content import DEPTHS

from .schemas import CreatedQuery, LocalText, Page, Words, order


class StatementsQuery(CreatedQuery):
    sort = order("created", "customer", "valid_until")
    status = fields.String(
        validate=validate.OneOf(["issued", "superseded", "revoked"]), metadata={"description": "what it is now"}
    )
    customer = Words("part of the customer's name")
    product = Words("part of the product's name, in Chinese or English")
    footprint = Words("id of the footprint")
    valid_on = fields.Date(metadata={"description": "in force on this day"})


class CbamAsked(Schema):
    """The CBAM answer to stand beside the footprint."""

    on = fields.Date(metadata={"description": "day; default today"})
    quarter = fields.String(validate=validate.Regexp(r"^20[2-9][0-9]-Q[1-4]$", error="Use a quarter such as 2026-Q2."))
    price = fields.Float(validate=validate.Range(0, 10_000), metadata={"description": "EUR per t CO2e"})
    installations = fields.List(fields.String(), metadata={"description": "ids of stored installations"})


class StatementOrder(Schema):
    footprint = fields.String(required=True, metadata={"description": "id of a stored footprint"})
    customer = fields.String(required=True, metadata={"example": "Example Imports GmbH"})
    depth = fields.String(
        load_default="stages",
        validate=validate.OneOf(DEPTHS),
        metadata={"description": "what the customer may see: the total, stages, or lines (without amounts)"},
    )
    issuer = fields.String(metadata={"description": "name of the issuer; default the name of the site"})
    valid_until = fields.Date(metadata={"description": "default and at most three years after the period of the data"})
    reasons = fields.Dict(
        keys=fields.String(),
        values=fields.Dict(keys=fields.String(), values=fields.String()),
        metadata={"description": "item of the checklist: why it does not apply, in zh and en"},
    )
    cbam = fields.Nested(CbamAsked, allow_none=True, metadata={"description": "default: asked today"})
    supersedes = fields.String(metadata={"description": "id of the statement whose place it takes"})
    why = fields.String(metadata={"description": "why it takes that place"})


class DocumentForm(Schema):
    form = fields.String(load_default="pdf", validate=validate.OneOf(["pdf", "xlsx", "html", "json"]))
    lang = fields.String(load_default="both", validate=validate.OneOf(["zh", "en", "both"]))


class Signature(Schema):
    """Flattened JWS with detached payload: the canonical JSON (RFC 8785) of the statement."""

    protected = fields.String(metadata={"description": "alg EdDSA and kid, base64url"})
    signature = fields.String()


class SignedStatement(Schema):
    statement = fields.Dict(required=True, metadata={"description": "docs/statements.md"})
    signature = fields.Nested(Signature, required=True)


class StatementEvent(Schema):
    at = fields.DateTime()
    event = fields.String(metadata={"description": "issued, superseded or revoked"})
    why = fields.String()


class StatementEntry(Schema):
    id = fields.UUID()
    created = fields.DateTime()
    footprint = fields.String()
    customer = fields.String()
    product = fields.Nested(LocalText)
    depth = fields.String()
    valid_until = fields.Date()
    status = fields.String(metadata={"description": "issued, superseded or revoked"})
    superseded_by = fields.String(allow_none=True)
    revoked_at = fields.DateTime(allow_none=True)
    reason = fields.String(allow_none=True)
    links = fields.Dict()


class Statement(StatementEntry):
    events = fields.List(fields.Nested(StatementEvent))
    document = fields.Nested(SignedStatement, metadata={"description": "the signed statement: save it as a file"})


class StatementPage(Page):
    items = fields.List(fields.Nested(StatementEntry))


def _reason(text: str) -> None:
    """1 to 1,000 characters, one of them to be seen; PostgreSQL takes no NUL."""
    if len(text) > 1000 or not text.strip() or "\0" in text:
        raise ValidationError("reason")


class Revocation(Schema):
    reason = fields.String(required=True, validate=_reason, metadata={"minLength": 1, "maxLength": 1000})


class Verification(Schema):
    recompute = fields.Boolean(
        load_default=False, metadata={"description": "solve again from the recorded inputs; every figure must come out"}
    )


class Verdict(Schema):
    outcome = fields.String(
        metadata={"description": "valid, altered, unknown_key, not_reproduced, revoked, superseded or expired"}
    )
    id = fields.String(allow_none=True)
    kid = fields.String(allow_none=True)
    superseded_by = fields.String(allow_none=True)
    status_checked = fields.Boolean(metadata={"description": "whether this server knows the statement"})
    recomputed = fields.Boolean(allow_none=True)
    covers = fields.String(metadata={"description": "json, or attachment: of a PDF only the JSON in it is signed"})
    findings = fields.List(fields.Dict())
    differences = fields.List(fields.Dict(), metadata={"description": "pointer, stated, found"})


class Jwk(Schema):
    kty = fields.String()
    crv = fields.String()
    x = fields.String()
    kid = fields.String(metadata={"description": "RFC 7638 thumbprint"})
    alg = fields.String()
    use = fields.String()


class Jwks(Schema):
    keys = fields.List(fields.Nested(Jwk))
