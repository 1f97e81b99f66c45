"""Statements: issue one for a stored footprint, revoke it, verify one; and the public keys for that."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from flask import Response, request, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.problems import Problem
from lcaengine.statements.bundle import bundle_of, check_bundle
from lcaengine.statements.differences import Difference
from lcaengine.statements.formats import MEDIA_TYPES, statement_as
from lcaengine.statements.issuing import CbamRequest, Order, issue, recompute
from lcaengine.statements.signing import KeyStore
from lcaengine.statements.verifying import verify
from lcaengine.store import StatementRecord

from . import schemas, statement_schemas
from .boms import UnsupportedMedia
from .context import language, organisation, services
from .etags import check_seen, tagged
from .paging import listed
from .posted import posted
from .tables import STATEMENTS

blueprint = Blueprint("statements", __name__, description="Signed statements 签名声明")

PATH = "/v1/statements"
IF_MATCH = {
    "in": "header", "name": "If-Match", "required": True, "schema": {"type": "string"},
    "description": "ETag of the statement as the writer has seen it",
}  # fmt: skip
FORMS = {media: {"schema": {} if media == "application/json" else {"type": "string"}} for media in MEDIA_TYPES.values()}
PDF = "application/pdf"
ZIP = "application/zip"
ORDER_BODY = {"required": True, "content": {"application/json": {"schema": statement_schemas.StatementOrder}}}
REVOKE_BODY = {"required": True, "content": {"application/json": {"schema": statement_schemas.Revocation}}}
VERIFY_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": statement_schemas.SignedStatement},
        PDF: {"schema": {"type": "string", "format": "binary", "description": "with the JSON attached"}},
        ZIP: {"schema": {"type": "string", "format": "binary", "description": "a verifier's bundle"}},
    },
}


@blueprint.route(PATH)
class Statements(MethodView):
    @blueprint.doc(requestBody=ORDER_BODY, operationId="postStatement")
    @blueprint.response(201, statement_schemas.Statement)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such footprint")
    @schemas.problem(blueprint, 409, "the rule's file changed, or the statement to supersede is not in force")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "required content is missing, or out of date")
    def post(self) -> Response:
        """Issue, sign and keep a statement for a stored footprint.

        What the checklist requires and is missing is named, item by item, and nothing is issued then.
        """
        asked = posted(statement_schemas.StatementOrder())
        record = issue(services().store, organisation(), _order(asked), release=services().release)
        response = _json(_body(record), 201)
        response.set_etag(record.state)
        response.headers["Location"] = url_for("statements.OneStatement", identifier=record.id)
        return response

    @blueprint.doc(operationId="listStatements")
    @blueprint.arguments(statement_schemas.StatementsQuery, location="query")
    @blueprint.response(200, statement_schemas.StatementPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The statements kept, newest first or in the order asked for."""
        return listed(partial(services().store.list_statements, organisation()), query, _entry, STATEMENTS)


@blueprint.route(PATH + "/<string:identifier>")
class OneStatement(MethodView):
    @blueprint.doc(operationId="getStatement")
    @blueprint.response(200, statement_schemas.Statement)
    @schemas.problem(blueprint, 404, "no such statement")
    def get(self, identifier: str) -> Response:
        """One statement: the signed document, and what became of it since."""
        record = services().store.get_statement(organisation(), identifier)
        return tagged(_json(_body(record)), record.state)


@blueprint.route(PATH + "/<string:identifier>/document")
class StatementDocument(MethodView):
    @blueprint.doc(operationId="getStatementDocument", responses={200: {"content": FORMS}})
    @blueprint.arguments(statement_schemas.DocumentForm, location="query")
    @blueprint.response(200)
    @schemas.problem(blueprint, 404, "no such statement")
    @schemas.problem(blueprint, 422, "cannot be used")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """A statement as the customer reads it: PDF (the signed JSON attached), workbook, page, or the signed JSON alone."""
        signed = json.loads(services().store.get_statement(organisation(), identifier).document)
        languages = ("zh", "en") if query["lang"] == "both" else (query["lang"],)
        response = Response(statement_as(query["form"], signed, languages), mimetype=MEDIA_TYPES[query["form"]])
        response.headers["Content-Disposition"] = f'attachment; filename="statement-{identifier}.{query["form"]}"'
        return response


@blueprint.route(PATH + "/<string:identifier>/bundle")
class StatementBundle(MethodView):
    @blueprint.doc(operationId="getStatementBundle")
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type=ZIP)
    @schemas.problem(blueprint, 404, "no such statement")
    @schemas.problem(blueprint, 409, "what it rests on was changed or is gone")
    def get(self, identifier: str) -> Response:
        """Everything a verifier needs to follow a statement, amounts included, as one zip with a signed manifest."""
        data = bundle_of(services().store, organisation(), identifier, release=services().release)
        response = Response(data, mimetype=ZIP)
        response.headers["Content-Disposition"] = f'attachment; filename="bundle-{identifier}.zip"'
        return response


@blueprint.route(PATH + "/<string:identifier>/revoke")
class RevokeStatement(MethodView):
    @blueprint.doc(requestBody=REVOKE_BODY, operationId="revokeStatement", parameters=[IF_MATCH])
    @blueprint.response(200, statement_schemas.Statement)
    @schemas.problem(blueprint, 412, "changed meanwhile")
    @schemas.problem(blueprint, 428, "If-Match is missing")
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such statement")
    @schemas.problem(blueprint, 409, "it is revoked already")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, identifier: str) -> Response:
        """Take a statement back, for a reason; whoever verifies it here is told.

        `If-Match` names the ETag of the statement as it was seen.
        """
        why = posted(statement_schemas.Revocation())["reason"]
        record = services().store.revoke_statement(organisation(), identifier, why, lambda now: check_seen(now.state))
        return tagged(_json(_body(record)), record.state)


@blueprint.route(PATH + "/verify")
class VerifyStatement(MethodView):
    @blueprint.doc(requestBody=VERIFY_BODY, operationId="verifyStatement")
    @blueprint.arguments(statement_schemas.Verification, location="query")
    @blueprint.response(200, statement_schemas.Verdict)
    @schemas.problem(blueprint, 400, "no statement")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, query: dict[str, Any]) -> Response:
        """Is a statement (JSON, a PDF with it attached, or a bundle) what this server signed, and does it still hold?"""
        if request.mimetype not in ("application/json", PDF, ZIP):
            raise UnsupportedMedia(Problem("media_type", "", {"value": request.mimetype or "–"}))
        store, own, release = services().store, organisation(), services().release
        data, jwks = request.get_data(), KeyStore().jwks()

        def status(identifier: str) -> StatementRecord | None:
            return store.known_statement(own, identifier)

        def again(statement: dict[str, Any]) -> Sequence[Difference]:
            return recompute(store, own, statement, release)

        if request.mimetype == ZIP:
            found = check_bundle(data, jwks, status, release, recompute=query["recompute"])
        else:
            found = verify(data, jwks, status, again if query["recompute"] else None)
        return _json(found.as_dict(language()))


@blueprint.route("/.well-known/jwks.json")
class PublicKeys(MethodView):
    @blueprint.doc(operationId="getJwks")
    @blueprint.response(200, statement_schemas.Jwks)
    def get(self) -> Response:
        """The public keys that statements are checked with (RFC 7517); retired ones are not among them."""
        return _json(KeyStore().jwks())


def _order(asked: dict[str, Any]) -> Order:
    cbam = asked.pop("cbam", {})
    on = datetime.now(UTC).date()
    if cbam is not None:
        cbam = CbamRequest(**{"on": on, **cbam, "installations": tuple(cbam.get("installations", ()))})
    return Order(**asked, cbam=cbam)


def _entry(record: StatementRecord) -> dict[str, Any]:
    statement = json.loads(record.document)["statement"]
    return {
        "id": record.id, "created": record.created.isoformat(timespec="milliseconds"), "footprint": record.footprint_id,
        "customer": statement["customer"]["name"], "product": statement["product"]["name"], "depth": statement["depth"],
        "valid_until": statement["valid_until"], "status": record.status, "superseded_by": record.superseded_by,
        "revoked_at": record.revoked_at and record.revoked_at.isoformat(timespec="milliseconds"), "reason": record.reason,
        "links": {"self": f"{PATH}/{record.id}", "footprint": f"/v1/footprints/{record.footprint_id}", "revoke": f"{PATH}/{record.id}/revoke"},
    }  # fmt: skip


def _body(record: StatementRecord) -> dict[str, Any]:
    events = services().store.statement_events(organisation(), record.id)
    return {
        **_entry(record),
        "events": [{"at": e.at.isoformat(timespec="milliseconds"), "event": e.event, "why": e.why} for e in events],
        "document": json.loads(record.document),
    }


def _json(body: dict[str, Any], status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/json")
