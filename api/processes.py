"""Processes of the background release."""

from __future__ import annotations

from typing import Any

from flask import Response, json
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.background.describe import find_processes, process_body, process_entry

from . import schemas
from .context import services
from .etags import tagged
from .paging import listed, part_of
from .tables import PROCESSES

blueprint = Blueprint("processes", __name__, url_prefix="/v1/processes", description="Background processes 背景过程")


@blueprint.route("")
class Processes(MethodView):
    @blueprint.doc(operationId="listProcesses")
    @blueprint.arguments(schemas.ProcessQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    @schemas.problem(blueprint, 422, "a query parameter is not valid")
    def get(self, query: dict[str, Any]) -> Response:
        """Processes, all or by name in Chinese or English, with their scores per unit."""
        release, text = services().release, query.pop("q")
        found = find_processes(release, text, query["sort"])
        return listed(
            lambda page: part_of(found, page, _code), query, lambda hit: process_entry(release, hit), PROCESSES
        )


def _code(found: Any) -> str:
    return str(found.code)


@blueprint.route("/<string:code>")
class OneProcess(MethodView):
    @blueprint.doc(operationId="getProcess")
    @blueprint.response(200, schemas.Process)
    @blueprint.alt_response(404, schema=schemas.ProblemDetails, content_type="application/problem+json")
    def get(self, code: str) -> Response:
        """A process: scores, inputs, emissions and where each figure comes from."""
        body = process_body(services().release, code)
        return tagged(Response(json.dumps(body, ensure_ascii=False), mimetype="application/json"))
