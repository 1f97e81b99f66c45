"""Inheritance: a rule that ``extends`` another is the other's document with its own laid over it.

Objects are merged key by key; ``null`` takes a key away. Lists of entries are merged by their ``id`` (else their
``rule_id``): an entry of the same name is merged into the base's, ``{id: x, remove: true}`` takes it away, others are added
behind. Any other list replaces the base's. What differs is recorded, so that a rule shows where it departs from its base.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from lcaengine.rules.template import Override

OWN = frozenset({
    "id", "version", "status", "extends", "abstract", "title", "notice", "categories", "hs_codes", "effective", "changes",
})  # fmt: skip
LONGEST = 300


def merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[Override, ...]]:
    """The document of a rule over that of its base, and every place where something of the base was changed or taken away."""
    overrides: list[Override] = []
    inherited = {key: value for key, value in base.items() if key not in OWN}
    kept = {key: own[key] for key in own if key in OWN}
    laid = _merge(inherited, {key: value for key, value in own.items() if key not in OWN}, "", overrides)
    return {**laid, **kept}, tuple(overrides)


def _merge(base: Any, own: Any, where: str, overrides: list[Override]) -> Any:
    if isinstance(base, dict) and isinstance(own, dict):
        return _merge_objects(base, own, where, overrides)
    if isinstance(base, list) and isinstance(own, list) and (key := _key(base, own)):
        return _merge_lists(base, own, key, where, overrides)
    if base != own:
        overrides.append(Override(where, _shown(base), _shown(own)))
    return own


def _merge_objects(base: dict[str, Any], own: dict[str, Any], where: str, overrides: list[Override]) -> dict[str, Any]:
    found = dict(base)
    for key, value in own.items():
        if value is None and key in found:
            overrides.append(Override(f"{where}/{key}", _shown(found.pop(key)), "–"))
        elif key in found:
            found[key] = _merge(found[key], value, f"{where}/{key}", overrides)
        else:
            found[key] = value
    return found


def _merge_lists(base: list[Any], own: list[Any], key: str, where: str, overrides: list[Override]) -> list[Any]:
    found = {entry[key]: entry for entry in base}
    for entry in own:
        name = entry[key]
        if entry.get("remove") is True and name in found:  # else the field "remove" is unknown: a slip of the pen
            overrides.append(Override(f"{where}/{name}", _shown(found.pop(name)), "–"))
        elif name in found:
            found[name] = _merge(found[name], entry, f"{where}/{name}", overrides)
        else:
            found[name] = entry
    return list(found.values())


def _key(base: list[Any], own: list[Any]) -> str | None:
    """The field by which entries of both lists are told apart, if there is one."""
    entries = [*base, *own]
    for key in ("id", "rule_id"):
        if entries and all(isinstance(e, dict) and isinstance(e.get(key), str) for e in entries):
            names = [[e[key] for e in side] for side in (base, own)]
            if all(len(set(side)) == len(side) for side in names):
                return key
    return None


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
