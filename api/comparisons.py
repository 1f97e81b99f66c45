"""Footprints side by side; nothing is kept."""

from __future__ import annotations

import json
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.footprint import comparison
from lcaengine.store.sharing import shown_record, visible_footprint

from . import schemas, tables
from .context import organisation, services
from .etags import tagged

blueprint = Blueprint(
    "comparisons", __name__, url_prefix="/v1/comparisons", description="Footprints side by side 足迹对照"
)


@blueprint.route("")
class Comparison(MethodView):
    @blueprint.doc(operationId="compareFootprints")
    @blueprint.arguments(schemas.ComparisonQuery, location="query")
    @blueprint.response(200, schemas.Comparison)
    @schemas.problem(blueprint, 404, "no such footprint")
    @schemas.problem(blueprint, 422, "fewer than 2 footprints, or more than 10")
    def get(self, query: dict[str, Any]) -> Response:
        """Footprints of the caller, or shared with it, beside the first of them, per the first's declared unit.

        What makes them not comparable is said with each; it is no comparative claim. Nothing is kept.
        """
        found = comparison([_shown(identifier) for identifier in query["footprint"]])
        text = json.dumps(found, ensure_ascii=False)
        return tagged(tables.answered(text, lambda: found, tables.comparison_tables))


def _shown(identifier: str) -> dict[str, Any]:
    """A footprint as the caller may see it."""
    record, share = visible_footprint(services().store, organisation(), identifier)
    found: dict[str, Any] = json.loads(record.body) if share is None else shown_record(record, share)
    return found
