"""Footprints: post a bill of materials, read the result, its hotspots and its tree."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from flask import Response, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.bom import Bom
from lcaengine.footprint import Footprint, body, calculate, contributions, explain, hotspots, trace
from lcaengine.pact.lines import line_warnings
from lcaengine.rules import find_rule
from lcaengine.store import Record, solved_again
from lcaengine.store.sharing import check_depth, hotspots_at, shown_record, visible_footprint
from lcaengine.store.versions import add_version, recalculated, successor_of, versions_of

from . import schemas, tables
from .boms import BOM_BODY, posted_bom
from .context import organisation, services
from .etags import tagged
from .paging import listed

blueprint = Blueprint(
    "footprints", __name__, url_prefix="/v1/footprints", description="Product carbon footprints 产品碳足迹"
)


@blueprint.route("")
class Footprints(MethodView):
    @blueprint.doc(requestBody=BOM_BODY, operationId="postFootprint")
    @blueprint.arguments(schemas.FootprintQuery, location="query")
    @blueprint.response(201, schemas.Footprint)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such rule, or no such footprint before it")
    @schemas.problem(blueprint, 409, "the footprint before has a next version already")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, query: dict[str, Any]) -> Response:
        """Calculate and keep the footprint of a bill of materials.

        JSON or CSV. Every problem is answered with its place, a code and the next action; nothing is stored then.
        `previous` names the footprint of the same product that this one is the next version of.
        """
        document, bom = posted_bom()
        store, allowed = services().store, query["impact"] == "yes"
        before = store.get(organisation(), query["previous"]) if query["previous"] else None
        result = footprint_of(document, bom)
        if before is None:
            return created(store.add(organisation(), document, result, allowed))
        return created(add_version(store, organisation(), before, document, result, allowed))

    @blueprint.doc(operationId="listFootprints")
    @blueprint.arguments(schemas.FootprintsQuery, location="query")
    @blueprint.response(200, schemas.FootprintPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The footprints kept, newest first or in the order asked for."""
        return listed(partial(services().store.list, organisation()), query, _entry, tables.FOOTPRINTS)


@blueprint.route("/<string:identifier>")
class OneFootprint(MethodView):
    @blueprint.doc(operationId="getFootprint")
    @blueprint.response(200, schemas.Footprint)
    @blueprint.alt_response(404, schema=schemas.ProblemDetails, content_type="application/problem+json")
    def get(self, identifier: str) -> Response:
        """One footprint, as it was answered; one that is shared with the caller as deep as it is shared.

        `links.successor` is its next version, once there is one.
        """
        record, share = visible_footprint(services().store, organisation(), identifier)
        if share is not None:
            text = json.dumps(shown_record(record, share), ensure_ascii=False)
        else:
            text = _with_successor(record, successor_of(services().store, organisation(), record))
        return tagged(tables.answered(text, lambda: json.loads(text), tables.footprint_tables))


@blueprint.route("/<string:identifier>/recalculate")
class Recalculation(MethodView):
    @blueprint.doc(operationId="recalculateFootprint")
    @blueprint.arguments(schemas.RecalculationQuery, location="query")
    @blueprint.response(201, schemas.Footprint)
    @schemas.problem(blueprint, 404, "no such footprint, rule or background")
    @schemas.problem(blueprint, 409, "it has a next version already")
    @schemas.problem(blueprint, 422, "the rule named cannot use the document")
    def post(self, query: dict[str, Any], identifier: str) -> Response:
        """The same document under today's rule and background, or the ones named, kept as the next version.

        The version before stays as it is. `changes` says what differs: rule, background, engine and the total.
        """
        return created(
            recalculated(
                services().store, organisation(), identifier, services().release, query["rule"], query["background"]
            )
        )


@blueprint.route("/<string:identifier>/versions")
class FootprintVersions(MethodView):
    @blueprint.doc(operationId="listFootprintVersions")
    @blueprint.response(200, schemas.FootprintVersions)
    @schemas.problem(blueprint, 404, "no such footprint")
    def get(self, identifier: str) -> Response:
        """All versions of the footprint, oldest first, each with what changed."""
        items = [_version_entry(record) for record in versions_of(services().store, organisation(), identifier)]
        return _json(json.dumps({"items": items, "count": len(items)}, ensure_ascii=False))


@blueprint.route("/<string:identifier>/hotspots")
class FootprintHotspots(MethodView):
    @blueprint.doc(operationId="getHotspots")
    @blueprint.arguments(schemas.HotspotQuery, location="query")
    @blueprint.response(200, schemas.Hotspots)
    @blueprint.alt_response(404, schema=schemas.ProblemDetails, content_type="application/problem+json")
    @blueprint.alt_response(409, schema=schemas.ProblemDetails, content_type="application/problem+json")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """Lines, stages and processes, ranked by absolute contribution; of a shared one as deep as it is shared."""
        record, share = visible_footprint(services().store, organisation(), identifier)
        found = hotspots(solved_again(record, services().release), query["limit"])
        return _answered(found if share is None else hotspots_at(found, share.depth), tables.hotspot_tables)


@blueprint.route("/<string:identifier>/contributions")
class FootprintContributions(MethodView):
    @blueprint.doc(operationId="getContributions")
    @blueprint.arguments(schemas.ContributionsQuery, location="query")
    @blueprint.response(200, schemas.Contributions)
    @schemas.problem(blueprint, 404, "no such footprint, or not shared so deep")
    @schemas.problem(blueprint, 409, "the rule's file changed")
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """All members of one partition, which add up to the total: by stage, line, process, gas or PACT category.

        Of a shared footprint: gases and categories at any depth, stages and lines as deep as it is shared, processes never.
        """
        record, share = visible_footprint(services().store, organisation(), identifier)
        if share is not None:
            check_depth(share, query["by"])
        return _answered(
            contributions(solved_again(record, services().release), query["by"]), tables.contribution_tables
        )


@blueprint.route("/<string:identifier>/explanation")
class FootprintExplanation(MethodView):
    @blueprint.doc(operationId="getExplanation")
    @blueprint.arguments(schemas.ExplanationQuery, location="query")
    @blueprint.response(200, schemas.Explanation)
    @schemas.problem(blueprint, 404, "no such footprint")
    @schemas.problem(blueprint, 409, "the rule's file changed")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """Which rule id decided what per line, what was given, what assumed, and which assumption weighs most."""
        return _answered(explain(_again(identifier)), partial(tables.explanation_tables, first=query["table"]))


@blueprint.route("/<string:identifier>/tree")
class FootprintTree(MethodView):
    @blueprint.doc(operationId="getTree")
    @blueprint.arguments(schemas.TreeQuery, location="query")
    @blueprint.response(200, schemas.Tree)
    @blueprint.alt_response(404, schema=schemas.ProblemDetails, content_type="application/problem+json")
    @blueprint.alt_response(409, schema=schemas.ProblemDetails, content_type="application/problem+json")
    def get(self, query: dict[str, Any], identifier: str) -> Response:
        """The supply chain, best first: nodes in order, each with its parent."""
        tree = trace(_again(identifier), query["cutoff"], query["max_nodes"], query["max_depth"])
        return _answered(tree.as_dict(), tables.tree_tables)


def footprint_of(document: dict[str, Any], bom: Bom) -> dict[str, Any]:
    """The answer for a bill of materials under the rule in force, with what must be said of its PACT lines."""
    result = body(calculate(bom, find_rule(bom.category), services().release))
    result["warnings"] += line_warnings(document, services().store, organisation())
    return result


def _again(identifier: str) -> Footprint:
    """A stored footprint of the caller, solved again."""
    return solved_again(services().store.get(organisation(), identifier), services().release)


def _answered(answer: dict[str, Any], tables_of: Callable[[Any], Any]) -> Response:
    """What is the same for a stored footprint whenever it is asked for."""
    text = json.dumps(answer, ensure_ascii=False)
    return tagged(tables.answered(text, lambda: answer, tables_of))


def _entry(record: Record) -> dict[str, Any]:
    answer = json.loads(record.body)
    keys = ("id", "created", "product", "declared_unit", "boundary", "total", "links")
    return {**{key: answer[key] for key in keys}, "category": record.category, "impact_allowed": record.impact_allowed}


def _version_entry(record: Record) -> dict[str, Any]:
    answer = json.loads(record.body)
    versions = {"version": record.version, "previous": record.previous, "changes": answer.get("changes")}
    return {**versions, **{key: answer[key] for key in ("id", "created", "rule", "background", "total", "links")}}


def _with_successor(record: Record, successor: str | None) -> str:
    """The body as it is kept; where there is a next version, with the link to it."""
    if successor is None:
        return record.body
    answer = json.loads(record.body)
    answer["links"]["successor"] = f"/v1/footprints/{successor}"
    return json.dumps(answer, ensure_ascii=False)


def created(record: Record) -> Response:
    """The answer to what kept a footprint."""
    response = _json(record.body, 201)
    response.headers["Location"] = url_for("footprints.OneFootprint", identifier=record.id)
    return response


def _json(text: str, status: int = 200) -> Response:
    return Response(text, status, mimetype="application/json")
