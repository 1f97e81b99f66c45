"""Footprints shared with another organisation, as deep as their owner allows."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import Response, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.store import Record
from lcaengine.store.sharing import (
    Share,
    end_share,
    get_share,
    received_shares,
    share_footprint,
    shares_of,
    shown_record,
)

from . import organisation_schemas as shapes
from . import schemas, tables
from .context import organisation, services
from .organisations import answer, json_body
from .paging import listed
from .posted import posted

blueprint = Blueprint("shares", __name__, url_prefix="/v1/footprints", description="Sharing 共享")


@blueprint.route("/<string:identifier>/shares")
class Shares(MethodView):
    @blueprint.doc(requestBody=json_body(shapes.NewShare), operationId="postShare")
    @blueprint.response(201, shapes.Share)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such footprint")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, identifier: str) -> Response:
        """Share a footprint with another organisation at the depth total, stages or lines; in place of what it saw before."""
        given = posted(shapes.NewShare())
        share = share_footprint(services().store, organisation(), identifier, given["organisation"], given["depth"])
        response = answer(entry(share), 201)
        response.headers["Location"] = url_for("shares.OneShare", identifier=identifier, share=share.id)
        return response

    @blueprint.doc(operationId="listShares")
    @blueprint.response(200, shapes.Shares)
    @schemas.problem(blueprint, 404, "no such footprint")
    def get(self, identifier: str) -> Response:
        """Who sees a footprint of one's own, and who saw it."""
        found = [entry(s) for s in shares_of(services().store, organisation(), identifier)]
        return answer({"items": found, "count": len(found)})


@blueprint.route("/<string:identifier>/shares/<string:share>")
class OneShare(MethodView):
    @blueprint.doc(operationId="getShare")
    @blueprint.response(200, shapes.Share)
    @schemas.problem(blueprint, 404, "no such share")
    def get(self, identifier: str, share: str) -> Response:
        """One share of a footprint of one's own."""
        return answer(entry(get_share(services().store, organisation(), identifier, share)))

    @blueprint.doc(operationId="deleteShare")
    @blueprint.response(200, shapes.Share)
    @schemas.problem(blueprint, 404, "no such share")
    def delete(self, identifier: str, share: str) -> Response:
        """The other organisation sees the footprint no more."""
        return answer(entry(end_share(services().store, organisation(), identifier, share)))


@blueprint.route("/shared")
class Received(MethodView):
    @blueprint.doc(operationId="listSharedFootprints")
    @blueprint.arguments(shapes.SharedQuery, location="query")
    @blueprint.response(200, shapes.SharedPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """Footprints that other organisations share with one's own, each as deep as its owner allows, newest first."""
        return listed(partial(received_shares, services().store, organisation()), query, _received, tables.SHARED)


def _received(found: tuple[Share, Record]) -> dict[str, Any]:
    share, record = found
    return {"share": entry(share), "footprint": shown_record(record, share)}


def entry(share: Share) -> dict[str, Any]:
    base = f"/v1/footprints/{share.footprint_id}"
    return {**share.as_dict(), "links": {"self": f"{base}/shares/{share.id}", "footprint": base}}
