"""Processes of the background release."""

from __future__ import annotations

from typing import Any

from flask import Response, json
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.background import describe

from . import schemas
from .context import services
from .paging import page

blueprint = Blueprint("processes", __name__, url_prefix="/v1/processes", description="Background processes 背景过程")


@blueprint.route("")
class Processes(MethodView):
    @blueprint.doc(operationId="listProcesses")
    @blueprint.arguments(schemas.ProcessQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    def get(self, query: dict[str, Any]) -> Response:
        """Processes, all or by name in Chinese or English, with their scores per unit."""
        items, count = describe.find_processes(services().release, query["q"], query["limit"], query["offset"])
        return page(items, count, query)


@blueprint.route("/<string:code>")
class OneProcess(MethodView):
    @blueprint.doc(operationId="getProcess")
    @blueprint.response(200, schemas.Process)
    @blueprint.alt_response(404, schema=schemas.ProblemDetails, content_type="application/problem+json")
    def get(self, code: str) -> Response:
        """A process: scores, inputs, emissions and where each figure comes from."""
        body = describe.process_body(services().release, code)
        return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")
