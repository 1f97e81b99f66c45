"""The JSON of a request, read by its schema."""

from __future__ import annotations

from typing import Any

from flask import request
from marshmallow import Schema, ValidationError

from lcaengine.bom.reading import json_document, schema_problems
from lcaengine.problems import Problem, Refused

from .boms import UnsupportedMedia


def posted(schema: Schema) -> dict[str, Any]:
    """The JSON of the request by its schema; raises `Refused` with every problem found."""
    if request.mimetype != "application/json":
        raise UnsupportedMedia(Problem("media_type", "", {"value": request.mimetype or "–"}))
    document = json_document(request.get_data())
    try:
        loaded: dict[str, Any] = schema.load(document)
    except ValidationError as error:
        raise Refused(
            [
                p if p.code in _TEXTS else Problem("bad_query", p.where, _shown(p))
                for p in schema_problems(error.messages, document)
            ]
        ) from None
    return loaded


_TEXTS = frozenset({"required", "unknown_field", "not_a_list", "not_an_object", "null", "not_a_text"})


def _shown(problem: Problem) -> dict[str, Any]:
    return {"field": problem.values["field"], "value": problem.values["value"]}
