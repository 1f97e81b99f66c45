"""The PACT v3 host: ``/3/footprints`` and ``/3/events``, in PACT's own form, over HTTPS alone.

Behind a proxy that ends TLS the server must be told to trust it (docs/pact.md); then ``request.is_secure`` is the proxy's word.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from flask import Response, request, url_for
from flask.views import MethodView
from flask_smorest import Blueprint
from marshmallow import Schema, fields
from sqlalchemy.exc import IntegrityError

from lcaengine.bom.reading import json_document
from lcaengine.pact.events import take
from lcaengine.pact.filters import filters_of
from lcaengine.pact.issue import EXTENSION_PATH, EXTENSION_SCHEMA
from lcaengine.pact.schema import PRODUCT_FOOTPRINT
from lcaengine.problems import Malformed, Problem
from lcaengine.store.credentials import Forbidden
from lcaengine.store.pact import visible, visible_one
from lcaengine.store.transaction import together

from . import schemas
from .context import courier, receivers, services

blueprint = Blueprint("pact_host", __name__, description="PACT v3 host 数据交换")

LIMIT, MOST = 100, 1000
CODES = {401: "BadRequest", 403: "AccessDenied", 404: "NotFound", 500: "InternalError"}
EVENT_TYPE = "application/cloudevents+json"
TRIES = 5
EVENT_BODY = {"required": True, "content": {EVENT_TYPE: {"schema": {"type": "object", "description": "a CloudEvent"}}}}


class PactError(Schema):
    """PACT's form of an error."""

    code = fields.String()
    message = fields.String()


class ListQuery(Schema):
    """What is asked for; read by `lcaengine.pact.filters`, where it is the same for request events."""

    productId = fields.List(fields.String(), metadata={"description": "URNs; several: any of them; also `productId[]`"})
    companyId = fields.List(fields.String())
    geography = fields.List(fields.String(), metadata={"description": "country, subdivision or UN region"})
    classification = fields.List(fields.String())
    validOn = fields.String(metadata={"description": "moment or day"})
    validAfter = fields.String(metadata={"description": "validity starts after"})
    validBefore = fields.String(metadata={"description": "validity ends before"})
    status = fields.String(metadata={"description": "Active or Deprecated"})
    limit = fields.String(metadata={"description": f"0 to {MOST}; default {LIMIT}"})
    after = fields.String(metadata={"description": "the last footprint of the page before"})


def error(status: int, description: str) -> Any:
    return blueprint.alt_response(status, schema=PactError, content_type="application/json", description=description)


def is_pact(path: str) -> bool:
    return path == "/3" or path.startswith("/3/")


def pact_error(problems: tuple[Problem, ...], status: int) -> Response:
    """An error in PACT's form: what cannot be read or used is one and the same for it."""
    code = "TokenExpired" if problems[0].code == "token_expired" else CODES.get(min(status, 500), "BadRequest")
    if status == 405 or problems[0].code == "pact_odata":
        code = "NotImplemented"
    status = 400 if status in (409, 413, 415, 422, 428) else status
    message = "; ".join(f"{p.where}: {p.message('en')}" if p.where else p.message("en") for p in problems[:5])
    response = _json({"code": code, "message": message}, status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="lcaengine"'
    return response


def only_https() -> None:
    """Plain HTTP serves nothing of PACT, whoever asks; before anybody reads a token. Raises `Forbidden`."""
    if is_pact(request.path) and not request.is_secure:
        raise Forbidden(Problem("pact_plain_http", ""))


@blueprint.route("/3/footprints")
class ListFootprints(MethodView):
    @blueprint.doc(operationId="listPactV3Footprints", parameters=[
        {"in": "query", "name": name, "schema": {"type": "array", "items": {"type": "string"}} if isinstance(field, fields.List) else {"type": "string"},
         "description": field.metadata.get("description", "")}
        for name, field in ListQuery().fields.items()
    ])  # fmt: skip
    @blueprint.response(200, {"type": "object", "properties": {"data": {"type": "array", "items": PRODUCT_FOOTPRINT}}})
    @error(400, "a filter that cannot be read; `$filter`")
    @error(401, "no valid token")
    @error(403, "plain HTTP, or not allowed")
    @error(404, "`after` is nothing that you may see")
    def get(self) -> Response:
        """The footprints published to the caller, oldest first; `Link` with `rel="next"` names the next page, and stays valid."""
        given = request.args.to_dict(flat=False)
        if "$filter" in given:
            raise Malformed(Problem("pact_odata", "/$filter"))
        filters, limit = filters_of(given), _limit(given.get("limit", [str(LIMIT)])[-1])
        candidates = visible(services().store, receivers(), given.get("after", [None])[-1])
        found = list(islice((f for f in candidates if filters.match(f.as_pact())), limit + 1)) if limit else []
        response = _json({"data": [f.as_pact() for f in found[:limit]]})
        if len(found) > limit:
            query = {**{k: v for k, v in given.items() if k != "after"}, "after": [found[limit - 1].id]}
            address = url_for("pact_host.ListFootprints", _external=True) + "?" + urlencode(query, doseq=True)
            response.headers["Link"] = f'<{address}>; rel="next"'
        return response


@blueprint.route("/3/footprints/<string:identifier>")
class GetFootprint(MethodView):
    @blueprint.doc(operationId="getPactV3Footprint")
    @blueprint.response(200, {"type": "object", "properties": {"data": PRODUCT_FOOTPRINT}})
    @error(401, "no valid token")
    @error(403, "plain HTTP, or not allowed")
    @error(404, "not published to you")
    def get(self, identifier: str) -> Response:
        """One footprint published to the caller."""
        return _json({"data": visible_one(services().store, receivers(), identifier.lower()).as_pact()})


@blueprint.route("/3/events")
class PostEvent(MethodView):
    @blueprint.doc(requestBody=EVENT_BODY, operationId="postPactV3Event")
    @blueprint.response(200, description="taken, or known already")
    @error(400, "no event of PACT v3")
    @error(401, "no valid token")
    @error(403, "plain HTTP, or the source is not a registered partner's")
    def post(self) -> Response:
        """Take an event of a registered partner; answers go to its registered address, later."""
        if request.mimetype not in (EVENT_TYPE, "application/json"):
            raise Malformed(Problem("media_type", "", {"value": request.mimetype or "–"}))
        event, store = json_document(request.get_data()), services().store
        for last in (*[False] * (TRIES - 1), True):
            try:
                with together(store.engine):
                    take(store, receivers(), event)
                break
            except IntegrityError:  # the same event at the same moment
                if last:
                    raise
        response = Response(status=200)
        response.call_on_close(courier().wake)
        return response


@blueprint.route("/.well-known/openid-configuration")
class OpenIdConfiguration(MethodView):
    @blueprint.doc(operationId="getOpenIdConfiguration")
    @blueprint.response(200, {"type": "object"})
    @schemas.problem(blueprint, 403, "plain HTTP")
    def get(self) -> Response:
        """Where a PACT client gets its token."""
        if not request.is_secure:
            raise Forbidden(Problem("pact_plain_http", ""))
        address = request.host_url.rstrip("/")
        return _json({
            "issuer": address, "token_endpoint": address + "/auth/token", "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        })  # fmt: skip


@blueprint.route(EXTENSION_PATH)
class Extension(MethodView):
    @blueprint.doc(operationId="getPactExtension")
    @blueprint.response(200, {"type": "object"})
    def get(self) -> Response:
        """The JSON Schema of what our footprints say beyond PACT."""
        return _json(EXTENSION_SCHEMA)


def _limit(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise Malformed(Problem("pact_bad_filter", "/limit", {"field": "limit", "value": text}))
    return min(int(text), MOST)


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
