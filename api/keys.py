"""API keys and OAuth2 clients: made, rotated and revoked by whom they belong to, or by an administrator."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.store.credentials import (
    Credential,
    add_credential,
    get_credential,
    list_credentials,
    revoke_credential,
    rotate_credential,
)

from . import organisation_schemas as shapes
from . import schemas, tables
from .context import caller, services
from .organisations import answer, json_body
from .paging import listed
from .posted import posted

blueprint = Blueprint("keys", __name__, url_prefix="/v1/keys", description="API keys and clients API 密钥与客户端")


@blueprint.route("")
class Keys(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.NewKey), operationId="postKey")
    @blueprint.response(201, shapes.KeyWithSecret)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self) -> Response:
        """A new API key, or a client for OAuth2, with scopes of one's own at most. Its secret is shown once."""
        given = posted(shapes.NewKey())
        return _with_secret(*add_credential(services().store, caller(), **given))

    @blueprint.doc(operationId="listKeys")
    @blueprint.arguments(shapes.KeysQuery, location="query")
    @blueprint.response(200, shapes.KeyPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """One's keys and clients, newest first; an administrator's: the organisation's."""
        return listed(partial(list_credentials, services().store, caller()), query, entry, tables.KEYS)


@blueprint.route("/<string:identifier>")
class OneKey(MethodView):
    @blueprint.doc(operationId="getKey")
    @blueprint.response(200, shapes.Key)
    @schemas.problem(blueprint, 404, "no such key")
    def get(self, identifier: str) -> Response:
        """One key or client: scopes, when it expires, when it was last used."""
        return answer(entry(get_credential(services().store, caller(), identifier)))

    @blueprint.doc(operationId="deleteKey")
    @blueprint.response(200, shapes.Key)
    @schemas.problem(blueprint, 404, "no such key")
    def delete(self, identifier: str) -> Response:
        """Revoke a key or client: it works no more from now on, and neither do its access tokens."""
        return answer(entry(revoke_credential(services().store, caller(), identifier)))


@blueprint.route("/<string:identifier>/rotate")
class RotateKey(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.Rotation), operationId="rotateKey")
    @blueprint.response(201, shapes.KeyWithSecret)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such key")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used, or it is over already")
    def post(self, identifier: str) -> Response:
        """A new key in place of one, which works on for some hours."""
        given = posted(shapes.Rotation())
        return _with_secret(*rotate_credential(services().store, caller(), identifier, given["overlap_hours"]))


def _with_secret(made: Credential, secret: str) -> Response:
    response = answer({**entry(made), "secret": secret}, 201)
    response.headers["Location"] = url_for("keys.OneKey", identifier=made.id)
    response.headers["Cache-Control"] = "no-store"
    return response


def entry(found: Credential) -> dict[str, Any]:
    base = f"/v1/keys/{found.id}"
    return {**found.as_dict(), "links": {"self": base, "rotate": base + "/rotate"}}
