"""JSON Schema (draft 2020-12) of a rule file, made from the dataclasses that read it."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from lcaengine.rules.template import Rule

Json = dict[str, Any]
GIVEN_BY_US = frozenset({"sha256", "overrides"})
OWN_KEY = ("id", "section")  # repeats the key of its mapping

SCALARS: Mapping[Any, Json] = {
    str: {"type": ["string", "number"]}, float: {"type": "number"}, int: {"type": "integer"}, bool: {"type": "boolean"},
}  # fmt: skip


def rule_schema() -> Json:
    """The schema of a rule file; one that extends another may leave out, take away (null) and remove entries."""
    definitions: Json = {}
    whole, laid_over = _object(Rule, definitions, "", ""), _object(Rule, definitions, "Over", "")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lcaengine:rule",
        "title": "lcaengine product category rule",
        "description": "docs/rules/writing-a-rule.md",
        "type": "object",
        "if": {"required": ["extends"], "properties": {"extends": {"type": "string"}}},
        "then": laid_over,
        "else": whole,
        "$defs": definitions,
    }


def _object(kind: Any, definitions: Json, prefix: str, key: str) -> Json:
    """A reference to the schema of a dataclass; ``key`` is the field that its mapping's key fills in."""
    name = f"{prefix}{kind.__name__}{'Entry' if key else ''}"
    if name not in definitions:
        definitions[name] = {}  # stands while its fields are described
        definitions[name] = _described(kind, definitions, prefix, key)
    return {"$ref": f"#/$defs/{name}"}


def _described(kind: Any, definitions: Json, prefix: str, key: str) -> Json:
    hints = typing.get_type_hints(kind)
    fields = [f for f in dataclasses.fields(kind) if f.name not in GIVEN_BY_US]
    properties = {f.name: _type(hints[f.name], definitions, prefix) for f in fields}
    needed = [f.name for f in fields if _required(f) and f.name != key]
    if prefix:
        needed = ["id", "version", "status", "title", "notice", "categories", "hs_codes"] if kind is Rule else []
        properties["remove"] = {"const": True}
        properties = {n: p if n in needed else {"anyOf": [p, {"type": "null"}]} for n, p in properties.items()}
        if kind is Rule:
            del properties["remove"]
    described = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    doc = (kind.__doc__ or "").strip()
    return described if doc.startswith(f"{kind.__name__}(") else {"description": doc, **described}


def _required(field: Any) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _type(expected: Any, definitions: Json, prefix: str) -> Json:
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in arguments if a is not type(None)]
        return {"anyOf": [_type(inner[0], definitions, prefix), {"type": "null"}]}
    if dataclasses.is_dataclass(expected):
        return _object(expected, definitions, prefix, "")
    if origin is tuple:
        return {"type": "array", "items": _type(arguments[0], definitions, prefix)}
    if origin is not None and issubclass(origin, Mapping):
        return _mapping(arguments[1], definitions, prefix)
    return dict(SCALARS[expected])


def _mapping(item: Any, definitions: Json, prefix: str) -> Json:
    """Entries by name; the name is their id, so they need not repeat it."""
    key = ""
    if dataclasses.is_dataclass(item):
        key = next((f.name for f in dataclasses.fields(item) if f.name in OWN_KEY), "")
    entry = _object(item, definitions, prefix, key) if key else _type(item, definitions, prefix)
    return {"type": "object", "additionalProperties": {"anyOf": [entry, {"type": "null"}]} if prefix else entry}
