"""Bills of materials: reading a posted one, and what its lines could mean."""

from __future__ import annotations

from typing import Any

from flask import Response, json, request
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.bom import Bom, read_document
from lcaengine.bom.matching import match_bom
from lcaengine.bom.schema import BomSchema
from lcaengine.pact.lines import resolved
from lcaengine.problems import Problem, Refused
from lcaengine.sheets import CSV, XLSX
from lcaengine.upkeep.inventories import template

from . import schemas, tables
from .context import organisation, services

blueprint = Blueprint("boms", __name__, url_prefix="/v1/boms", description="Bills of materials 物料清单")

MEDIA_TYPES = ("application/json", CSV, XLSX)
BOM_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": BomSchema},
        CSV: {"schema": {"type": "string", "description": "docs/bom.md"}},
        XLSX: {"schema": {"type": "string", "format": "binary", "description": "the workbook of /v1/boms/template"}},
    },
}


class UnsupportedMedia(Refused):
    """A content type that nobody reads."""

    status = 415


def posted_bom() -> tuple[dict[str, Any], Bom]:
    """The document and the BOM of the request; raises `Refused` with every problem found."""
    if request.mimetype not in MEDIA_TYPES:
        raise UnsupportedMedia(Problem("media_type", "", {"value": request.mimetype or "–"}))
    data, store = request.get_data(), services().store
    return read_document(data, request.mimetype, lambda document: resolved(document, store, organisation()))


@blueprint.route("/match")
class MatchLines(MethodView):
    @blueprint.doc(requestBody=BOM_BODY, operationId="matchBom")
    @blueprint.arguments(schemas.MatchQuery, location="query")
    @blueprint.response(200, schemas.Matches)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, query: dict[str, Any]) -> Response:
        """What every line of a bill of materials means: taken by name, or candidates with score and reasons.

        Nothing is stored. Works without a rule for the category, too.
        """
        _, bom = posted_bom()
        found = match_bom(bom, services().release, query["limit"])
        return tables.answered(json.dumps(found, ensure_ascii=False), lambda: found, tables.match_tables)


@blueprint.route("/template")
class Template(MethodView):
    @blueprint.doc(operationId="getBomTemplate")
    @blueprint.arguments(schemas.TemplateQuery, location="query")
    @blueprint.response(200, {"type": "string", "format": "binary"}, content_type=XLSX)
    @schemas.problem(blueprint, 404, "no such category, or no worked inventory of it")
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The workbook that a bill of materials of a category is filled in, with its units, roles and kinds as drop-down lists."""
        data = template(query["category"], query["lang"], example=query["example"])
        response = Response(data, mimetype=XLSX)
        response.headers["Content-Disposition"] = 'attachment; filename="bill-of-materials.xlsx"'
        return response
