"""Shapes of organisations, users, credentials, shares and the audit log, for OpenAPI and for reading."""

from __future__ import annotations

from marshmallow import Schema, fields, validate

from lcaengine.store.credentials import DEFAULT_DAYS, MAX_DAYS, MAX_OVERLAP_HOURS
from lcaengine.store.roles import SCOPES
from lcaengine.store.sharing import DEPTHS

from .schemas import CreatedQuery, Page, PageQuery, Words, order

TEXT = validate.Length(max=300)
TEXTS = validate.Length(max=100)


class OrganisationChanges(Schema):
    name = fields.String(validate=TEXT)
    country = fields.String(validate=TEXT, allow_none=True, metadata={"description": "ISO 3166-1, two letters"})
    company_ids = fields.List(
        fields.String(validate=TEXT), validate=TEXTS, metadata={"description": "URNs, told to PACT partners"}
    )
    roles = fields.List(
        fields.String(validate=TEXT),
        validate=TEXTS,
        metadata={"description": "manufacturer, association, exporter; set by the server's operator"},
    )
    categories = fields.List(
        fields.String(validate=TEXT),
        validate=TEXTS,
        metadata={"description": "whose rules an association keeps; set by the operator"},
    )
    active = fields.Boolean(metadata={"description": "set by the operator; without it no credential works"})


class NewPerson(Schema):
    email = fields.String(required=True, validate=TEXT)
    name = fields.String(required=True, validate=TEXT)


class NewUser(NewPerson):
    roles = fields.List(fields.String(validate=TEXT), required=True, validate=TEXTS)


class NewOrganisation(Schema):
    id = fields.String(
        required=True, validate=TEXT, metadata={"description": "a-z, 0-9 and hyphens", "example": "haier"}
    )
    name = fields.String(required=True, validate=TEXT)
    country = fields.String(validate=TEXT, allow_none=True, load_default=None)
    company_ids = fields.List(fields.String(validate=TEXT), validate=TEXTS, load_default=list)
    roles = fields.List(fields.String(validate=TEXT), required=True, validate=TEXTS)
    categories = fields.List(fields.String(validate=TEXT), validate=TEXTS, load_default=list)
    administrator = fields.Nested(NewPerson, required=True)


class Organisation(OrganisationChanges):
    id = fields.String()
    created = fields.DateTime(allow_none=True, metadata={"description": "null for the local one, which was never made"})
    links = fields.Dict()


class OrganisationsQuery(PageQuery):
    sort = order("id", "name", "created", default="id")
    name = Words("part of the name")
    active = fields.Boolean(metadata={"description": "whether it is active"})


class OrganisationPage(Page):
    items = fields.List(fields.Nested(Organisation))


class Deletion(Schema):
    confirm = fields.String(required=True, validate=TEXT, metadata={"description": "the organisation's id once more"})
    reason = fields.String(load_default="", validate=TEXT)
    despite_retention = fields.Boolean(
        load_default=False, metadata={"description": "also evidence that is still to be kept; needs a reason"}
    )


class Deleted(Schema):
    id = fields.String()
    removed = fields.Dict(keys=fields.String(), values=fields.Integer(), metadata={"description": "rows by table"})


class UserChanges(Schema):
    roles = fields.List(fields.String(validate=TEXT), validate=TEXTS)
    active = fields.Boolean()


class User(UserChanges):
    id = fields.UUID()
    email = fields.String()
    name = fields.String()
    created = fields.DateTime()
    links = fields.Dict()


class UsersQuery(PageQuery):
    sort = order("email", "created", default="email")
    email = Words("part of the e-mail address")
    active = fields.Boolean(metadata={"description": "whether he may do anything"})


class UserPage(Page):
    items = fields.List(fields.Nested(User))


class Invited(User):
    welcome = fields.String(metadata={"description": "path of the link that works once, for a day; shown only now"})


class NewOrganisationAnswer(Organisation):
    administrator = fields.Nested(Invited)


class NewKey(Schema):
    name = fields.String(required=True, validate=TEXT, metadata={"example": "ERP"})
    scopes = fields.List(
        fields.String(validate=TEXT),
        required=True,
        validate=TEXTS,
        metadata={"description": "of " + ", ".join(sorted(SCOPES)), "example": ["footprints:read", "footprints:write"]},
    )
    kind = fields.String(
        load_default="key",
        validate=validate.OneOf(["key", "client"]),
        metadata={"description": "key: an API key; client: OAuth2 client credentials"},
    )
    days = fields.Integer(load_default=DEFAULT_DAYS, metadata={"description": f"until it expires, at most {MAX_DAYS}"})


class Rotation(Schema):
    overlap_hours = fields.Integer(
        load_default=24, metadata={"description": f"how long the old one works on, at most {MAX_OVERLAP_HOURS}"}
    )


class Key(Schema):
    id = fields.String(metadata={"description": "of a client: its client_id"})
    kind = fields.String()
    name = fields.String()
    user = fields.String(allow_none=True)
    scopes = fields.List(fields.String())
    created = fields.DateTime()
    expires = fields.DateTime()
    last_used = fields.DateTime(allow_none=True, metadata={"description": "to a minute"})
    revoked = fields.DateTime(allow_none=True)
    rotated_to = fields.String(allow_none=True)
    links = fields.Dict()


class KeyWithSecret(Key):
    secret = fields.String(metadata={"description": "the key, or the client_secret; shown only now"})


class KeysQuery(PageQuery):
    sort = order("created", "expires", "name")
    kind = fields.String(
        validate=validate.OneOf(["key", "client"]), metadata={"description": "API key or OAuth2 client"}
    )
    name = Words("part of the name")
    user = Words("id of the user whose it is")


class KeyPage(Page):
    items = fields.List(fields.Nested(Key))


class Me(Schema):
    organisation = fields.Nested(Organisation)
    user = fields.Nested(User, allow_none=True)
    credential = fields.String(allow_none=True)
    roles = fields.List(fields.String())
    scopes = fields.List(fields.String())


class AuditEntry(Schema):
    id = fields.Integer()
    at = fields.DateTime()
    actor = fields.String()
    action = fields.String(metadata={"description": "operation id"})
    target = fields.String()
    status = fields.Integer()
    request_id = fields.String()


class AuditQuery(CreatedQuery):
    actor = Words("who did it")
    action = Words("operationId of what was done")
    target = Words("part of the path asked for or made")
    status = fields.Integer(validate=validate.Range(100, 599), metadata={"description": "what was answered"})


class AuditPage(Page):
    items = fields.List(fields.Nested(AuditEntry))


class NewShare(Schema):
    organisation = fields.String(required=True, validate=TEXT, metadata={"description": "id of who may see it"})
    depth = fields.String(
        load_default="total",
        validate=validate.OneOf(DEPTHS),
        metadata={"description": "total, stages, or lines (without amounts)"},
    )


class Share(Schema):
    id = fields.UUID()
    footprint = fields.String()
    owner = fields.String()
    organisation = fields.String()
    depth = fields.String()
    created = fields.DateTime()
    ended = fields.DateTime(allow_none=True)
    links = fields.Dict()


class Shares(Schema):
    items = fields.List(fields.Nested(Share))
    count = fields.Integer()


class SharedFootprint(Schema):
    share = fields.Nested(Share)
    footprint = fields.Dict(metadata={"description": "as deep as it is shared"})


class SharedQuery(CreatedQuery):
    owner = Words("id of the organisation that shares it")
    depth = fields.String(validate=validate.OneOf(DEPTHS), metadata={"description": "how deep it is shared"})


class SharedPage(Page):
    items = fields.List(fields.Nested(SharedFootprint))
