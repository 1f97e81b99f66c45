"""The JSON Schema (2020-12) of a signed statement, for whoever reads it by machine."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
TEXT = {"type": "object", "properties": {"zh": {"type": "string"}, "en": {"type": "string"}}, "required": ["zh", "en"]}
NUMBER = {"type": "number"}
STRING = {"type": "string"}
OPTIONAL_NUMBER = {"type": ["number", "null"]}


def _object(required: Json, **optional: Any) -> Json:
    return {"type": "object", "properties": {**required, **optional}, "required": list(required)}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _stated() -> Json:
    """A value, missing, or not applicable with its reason."""
    status = {"enum": ["value", "missing", "not_applicable"]}
    return _object({"status": status}, value=OPTIONAL_NUMBER, reason={"anyOf": [TEXT, {"type": "null"}]})


def statement_schema() -> Json:
    """The schema of ``{"statement": …, "signature": …}`` (docs/statements.md)."""
    quantity = _object({"amount": NUMBER, "unit": STRING})
    valued = _object({"name": TEXT, "value": NUMBER}, share=OPTIONAL_NUMBER)
    body = _object(
        {
            "type": {"const": "footprint_statement"}, "schema": {"const": 1}, "id": STRING, "issued": STRING, "valid_until": STRING,
            "issuer": _object({"organisation": STRING, "name": STRING}), "customer": _object({"name": STRING}),
            "depth": {"enum": ["total", "stages", "lines"]}, "product": _object({"name": TEXT, "category": STRING}),
            "declared_unit": quantity, "boundary": _object({"id": STRING, "name": TEXT}),
            "prepared_with_reference_to": _list(_object({"standard": STRING})),
            "total": _object({"value": NUMBER, "unit": STRING, "indicator": STRING, "digits": {"type": "integer"}}),
            "indicators": _list(_object({"id": STRING, "name": TEXT, "value": NUMBER, "unit": STRING})),
            "biogenic_carbon": _object({"value": NUMBER, "unit": STRING}), "land_use_change": _stated(), "aircraft": _stated(),
            "electricity": _object({"location_based": NUMBER, "market_based": NUMBER, "headline": STRING}),
            "stages": {"anyOf": [_list(_object({"stage": STRING, "name": TEXT, "value": NUMBER})), {"type": "null"}]},
            "gases": _list(_object({"gas": STRING, "value": NUMBER})),
            "lines": {"anyOf": [_list(valued), {"type": "null"}]}, "hotspots": _list(valued),
            "data_quality": {"type": "object"}, "assumptions": _list({"type": "object"}), "allocation": {"type": "object"},
            "cut_off": {"type": "object"}, "limits_of_use": _list(TEXT), "warnings": _list({"type": "object"}),
            "cbam": {"anyOf": [_object({"answer": TEXT, "lines": _list({"type": "object"}), "acts": _list({"type": "object"})}), {"type": "null"}]},
            "checklist": _list(_object({"item": STRING, "text": TEXT, "status": {"enum": ["present", "missing", "not_applicable"]}})),
            "provenance": _object({"footprint": STRING, "document_sha256": STRING, "rule": {"type": "object"}, "background": {"type": "object"},
                                   "engine": _object({"version": STRING})}),
        }
    )  # fmt: skip
    signature = _object({"protected": STRING, "signature": STRING})
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:lcaengine:footprint-statement:1",
        "title": "Signed footprint statement", **_object({"statement": body, "signature": signature}),
    }  # fmt: skip
