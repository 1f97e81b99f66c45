"""The JSON Schema (2020-12) of the reports, for those who read them by machine."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
STATUSES = ("value", "missing", "not_applicable")


def report_schema() -> Json:
    """Schema of a full or summary report."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Operator's emissions report or summary by (EU) 2025/2547 Annex IV",
        "type": "object",
        "required": ["type", "schema", "kind", "title", "act", "installation", "operator", "period", "example", "items", "counts", "missing", "notes", "acts", "engine"],
        "properties": {
            "id": {"type": "string"}, "created": {"type": "string"}, "links": {"type": "object"},
            "type": {"const": "cbam_operator_report"}, "schema": {"const": 1}, "kind": {"enum": ["full", "summary"]},
            "title": _ref("text"), "act": {"type": "object"}, "installation": _ref("text"), "operator": {"type": ["string", "null"]},
            "period": _object({"start": {"type": "string", "format": "date"}, "end": {"type": "string", "format": "date"}}),
            "example": {"type": "boolean"}, "items": _array("item"), "addendum": _array("item"),
            "counts": _object({status: {"type": "integer", "minimum": 0} for status in STATUSES}),
            "missing": {"type": "array", "items": _object({"item": {"type": "string"}, "text": _ref("text"), "reason": _ref("text")})},
            "notes": _array("text"), "contact_persons": {"type": "array", "items": {"type": "object"}},
            "acts": {"type": "array", "items": {"type": "object"}}, "engine": _object({"version": {"type": "string"}}),
        },
        "additionalProperties": False,
        "$defs": {"text": _object({"zh": {"type": "string"}, "en": {"type": "string"}}), "item": _item(), "table": _table(), "cell": _cell()},
    }  # fmt: skip


def _item() -> Json:
    """An item: what is not applicable, or introduces others, has no value; what has none says why."""
    item = _object({
        "item": {"type": "string", "description": "as the act numbers it; 15(e)-2 is the second dash under 15(e)"},
        "level": {"enum": [1, 2, 3]}, "heading": {"type": "boolean", "description": "introduces others; worst status of those"},
        "title": {"anyOf": [_ref("text"), {"type": "null"}]}, "text": _ref("text"), "status": {"enum": list(STATUSES)},
        "value": {"anyOf": [_ref("cell"), _ref("table")], "description": "of a missing item: null, or the table as far as it is known"},
        "unit": {"type": ["string", "null"]}, "reason": {"anyOf": [_ref("text"), {"type": "null"}]},
    })  # fmt: skip
    unanswered = {"properties": {"heading": {"const": False}, "status": {"enum": ["missing", "not_applicable"]}}}
    return item | {"if": unanswered, "then": {"properties": {"reason": _ref("text")}}}


def _table() -> Json:
    column = _object({"key": {"type": "string"}, "name": _ref("text"), "unit": {"type": ["string", "null"]}})
    rows = {"type": "array", "items": {"type": "object", "additionalProperties": _ref("cell")}}
    return _object({"columns": {"type": "array", "items": column}, "rows": rows})


def _cell() -> Json:
    return {"anyOf": [{"type": ["string", "number", "boolean", "null"]}, _ref("text")]}


def _object(properties: Json) -> Json:
    return {"type": "object", "required": list(properties), "properties": properties, "additionalProperties": False}


def _array(name: str) -> Json:
    return {"type": "array", "items": _ref(name)}


def _ref(name: str) -> Json:
    return {"$ref": f"#/$defs/{name}"}
