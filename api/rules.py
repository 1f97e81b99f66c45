"""Product category rules."""

from __future__ import annotations

from typing import Any

from flask import Response, json
from flask.views import MethodView
from flask_smorest import Blueprint

from lcaengine.rules import find_rule, list_rules
from lcaengine.rules.shown import rule_body, rule_entry

from . import schemas
from .paging import page

blueprint = Blueprint("rules", __name__, url_prefix="/v1/rules", description="Product category rules 产品种类规则")


@blueprint.route("")
class Rules(MethodView):
    @blueprint.doc(operationId="listRules")
    @blueprint.arguments(schemas.PageQuery, location="query")
    @blueprint.response(200, schemas.ItemPage)
    def get(self, query: dict[str, Any]) -> Response:
        """The rules and their versions."""
        rules = [rule_entry(rule) for rule in list_rules()]
        return page(rules[query["offset"] : query["offset"] + query["limit"]], len(rules), query)


@blueprint.route("/<string:identifier>")
class OneRule(MethodView):
    @blueprint.doc(operationId="getRule")
    @blueprint.response(200, schemas.Rule)
    @blueprint.alt_response(404, schema=schemas.ProblemDetails, content_type="application/problem+json")
    def get(self, identifier: str) -> Response:
        """A rule: requirements, parameters with evidence, roles, activities, guardrails."""
        body = rule_body(find_rule(identifier))
        return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")
