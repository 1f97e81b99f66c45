"""From a YAML document to a `Rule`: field by field against the dataclasses of `lcaengine.rules.template`.

The dataclasses *are* the schema: a field without a default is required, a field that they do not name is unknown.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import Any

from lcaengine.problems import Problem, Refused
from lcaengine.rules import template
from lcaengine.units import Quantity


def rule_of(document: Any, sha256: str, overrides: tuple[template.Override, ...] = ()) -> template.Rule:
    """The rule in a parsed document; raises `Refused` with every problem of shape."""
    problems: list[Problem] = []
    if not isinstance(document, dict):
        raise Refused(Problem("not_an_object", ""))
    if "overrides" in document:
        raise Refused(Problem("unknown_field", "/overrides", {"field": "overrides"}))
    shown = [dataclasses.asdict(o) for o in overrides]
    rule = _read(template.Rule, {**document, "sha256": sha256, "overrides": shown}, "", problems)
    if problems:
        raise Refused(problems)
    return typing.cast(template.Rule, rule)


def _read(expected: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    """``value`` as the type ``expected``; problems are collected, and None stands for what could not be read."""
    origin, arguments = typing.get_origin(expected), typing.get_args(expected)
    if origin in (typing.Union, types.UnionType):
        inner = [a for a in arguments if a is not type(None)]
        return None if value is None else _read(inner[0], value, where, problems)
    if dataclasses.is_dataclass(expected):
        return _read_object(expected, value, where, problems)
    if origin is tuple:
        return _read_list(arguments[0], value, where, problems)
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(arguments[1], value, where, problems)
    return _read_scalar(expected, value, where, problems)


def _read_object(expected: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    if not isinstance(value, dict):
        return _wrong(where, "not_an_object", value, problems)
    hints = typing.get_type_hints(expected)
    known = {f.name: f for f in dataclasses.fields(expected)}
    for key in value:
        if key not in known:
            problems.append(Problem("unknown_field", f"{where}/{key}", {"field": key}))
    found: dict[str, Any] = {}
    before = len(problems)
    for name, spec in known.items():
        if name in value:
            found[name] = _read(hints[name], value[name], f"{where}/{name}", problems)
        elif spec.default is dataclasses.MISSING and spec.default_factory is dataclasses.MISSING:
            problems.append(Problem("required", f"{where}/{name}", {"field": name}))
    return None if len(problems) > before else _made(expected, found, where, problems)


def _made(expected: Any, found: dict[str, Any], where: str, problems: list[Problem]) -> Any:
    try:
        return expected(**found)
    except Refused:
        return _wrong(where, "not_finite", None, problems)


def _read_list(item: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    if not isinstance(value, list):
        return _wrong(where, "not_a_list", value, problems)
    return tuple(_read(item, v, f"{where}/{i}", problems) for i, v in enumerate(value))


def _read_mapping(item: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    if not isinstance(value, dict) or not all(isinstance(k, str) for k in value):
        return _wrong(where, "not_an_object", value, problems)
    own_key = _own_key(item)
    return {
        key: _read(item, {own_key: key, **v} if own_key and isinstance(v, dict) else v, f"{where}/{key}", problems)
        for key, v in value.items()
    }


def _own_key(item: Any) -> str | None:
    """The field that repeats the key of its mapping: ``id`` or ``section``."""
    if not dataclasses.is_dataclass(item):
        return None
    return next((f.name for f in dataclasses.fields(item) if f.name in {"id", "section"}), None)


def _read_scalar(expected: Any, value: Any, where: str, problems: list[Problem]) -> Any:
    if expected is float and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if expected is bool and isinstance(value, bool):
        return value
    if expected is int and isinstance(value, int) and not isinstance(value, bool):
        return value
    if expected is str and isinstance(value, (str, int, float)) and not isinstance(value, bool):
        return str(value)
    return _wrong(where, "not_a_text" if expected is str else "not_a_number", value, problems)


def _wrong(where: str, code: str, value: Any, problems: list[Problem]) -> None:
    problems.append(Problem(code, where, {"value": value, "field": where.rpartition("/")[2]}))


__all__ = ["Quantity", "rule_of"]
