"""Bills of materials that are kept: posted, listed, read again, and a footprint calculated from one."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

from flask import Response, url_for
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.bom import bom_of
from lcaengine.rules import find_rule
from lcaengine.sheets import XLSX
from lcaengine.store.boms import BomRecord, add_bom, get_bom, list_boms, next_bom

from . import schemas, tables
from .boms import BOM_BODY, posted_bom
from .context import organisation, services
from .etags import tagged
from .footprints import created, footprint_of
from .paging import listed

blueprint = Blueprint(
    "kept-boms", __name__, url_prefix="/v1/boms", description="Bills of materials that are kept 已保存的物料清单"
)
FORMS = {
    tables.JSON: {"schema": schemas.KeptBom},
    XLSX: {"schema": {"type": "string", "format": "binary"}},
}


@blueprint.route("")
class Boms(MethodView):
    @blueprint.doc(requestBody=BOM_BODY, operationId="postBom")
    @blueprint.arguments(schemas.BomQuery, location="query")
    @blueprint.response(201, schemas.KeptBom)
    @schemas.problem(blueprint, 400, "cannot be read")
    @schemas.problem(blueprint, 404, "no such bill of materials before it")
    @schemas.problem(blueprint, 409, "the one before has a next version already")
    @schemas.problem(blueprint, 413, "too large")
    @schemas.problem(blueprint, 415, "wrong type")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, query: dict[str, Any]) -> Response:
        """Keep a bill of materials as it is read; nothing is calculated, and no rule is needed.

        JSON, CSV or a workbook. Every problem is answered with its place, a code and the next action; nothing is kept then.
        A record never changes: a changed bill of materials is posted with `previous`, as the next version of the one before.
        """
        document, _ = posted_bom()
        store, previous = services().store, query["previous"]
        before = get_bom(store, organisation(), previous) if previous else None
        record = add_bom(store, organisation(), document, before)
        response = Response(_text(record), 201, mimetype=tables.JSON)
        response.headers["Location"] = url_for("kept-boms.OneBom", identifier=record.id)
        return response

    @blueprint.doc(operationId="listBoms")
    @blueprint.arguments(schemas.BomsQuery, location="query")
    @blueprint.response(200, schemas.BomPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """The bills of materials kept, newest first or in the order asked for."""
        return listed(partial(list_boms, services().store, organisation()), query, _entry, tables.BOMS)


@blueprint.route("/<string:identifier>")
class OneBom(MethodView):
    @blueprint.doc(operationId="getBom", responses={200: {"content": FORMS}})
    @blueprint.response(200, schemas.KeptBom)
    @schemas.problem(blueprint, 404, "no such bill of materials; for the workbook, no rule for its category")
    @schemas.problem(blueprint, 406, "neither JSON nor XLSX is accepted")
    @schemas.problem(blueprint, 422, "something in it has no place in the workbook")
    def get(self, identifier: str) -> Response:
        """One bill of materials, as it was read; `Accept` XLSX: as the workbook of its category, to be changed and posted.

        `links.successor` is its next version, once there is one.
        """
        record = get_bom(services().store, organisation(), identifier)
        if tables.wanted(tables.JSON, XLSX) == XLSX:
            return tagged(_workbook(record))
        text = _text(record, next_bom(services().store, organisation(), record))
        return tagged(tables.varied(Response(text, mimetype=tables.JSON)))


@blueprint.route("/<string:identifier>/footprints")
class BomFootprints(MethodView):
    @blueprint.doc(operationId="postBomFootprint")
    @blueprint.arguments(schemas.BomFootprintQuery, location="query")
    @blueprint.response(201, schemas.Footprint)
    @schemas.problem(blueprint, 404, "no such bill of materials, or no rule for its category")
    @schemas.problem(blueprint, 422, "cannot be used")
    def post(self, query: dict[str, Any], identifier: str) -> Response:
        """Calculate and keep the footprint of a bill of materials that is kept, as `POST /v1/footprints` does."""
        document = json.loads(get_bom(services().store, organisation(), identifier).document)
        result = footprint_of(document, bom_of(document))
        return created(services().store.add(organisation(), document, result, query["impact"] == "yes"))


def _entry(record: BomRecord) -> dict[str, Any]:
    """A line of the list."""
    base = f"/v1/boms/{record.id}"
    return {
        "id": record.id, "created": record.created.isoformat(timespec="milliseconds"), "category": record.category,
        "product": json.loads(record.document)["product"], "version": record.version, "previous": record.previous,
        "links": {"self": base, "footprints": base + "/footprints"},
    }  # fmt: skip


def _text(record: BomRecord, successor: str | None = None) -> str:
    answer = {**_entry(record), "document": json.loads(record.document)}
    if successor is not None:
        answer["links"]["successor"] = f"/v1/boms/{successor}"
    return json.dumps(answer, ensure_ascii=False)


def _workbook(record: BomRecord) -> Response:
    from lcaengine.bom.workbook import write_workbook

    data = write_workbook(find_rule(record.category), tables.languages(), json.loads(record.document))
    response = Response(data, mimetype=XLSX)
    response.headers["Content-Disposition"] = 'attachment; filename="bill-of-materials.xlsx"'
    return tables.varied(response)
