"""A rule as people and programs read it."""

from __future__ import annotations

import dataclasses
from typing import Any

from lcaengine.rules.template import Rule


def rule_entry(rule: Rule) -> dict[str, Any]:
    """One line of a list of rules."""
    return {
        **rule.about(),
        "status": rule.status,
        "title": dict(rule.title),
        "declared_unit": rule.declared_unit.as_dict(),
        "categories": list(rule.categories),
        "hs_codes": list(rule.hs_codes),
        "boundaries": list(rule.boundaries),
    }


def rule_body(rule: Rule) -> dict[str, Any]:
    """The whole rule, its sources written out beside each parameter."""
    parameters = [
        {**dataclasses.asdict(p), "source": dataclasses.asdict(rule.sources[p.source])}
        for p in rule.parameters.values()
    ]
    parts = (
        "stages",
        "requirements",
        "roles",
        "activities",
        "exchanges",
        "co_products",
        "guardrails",
        "end_of_life",
    )
    return {
        **rule_entry(rule),
        "notice": dict(rule.notice),
        "parameters": parameters,
        **{part: [dataclasses.asdict(v) for v in _values(getattr(rule, part))] for part in parts},
    }


def _values(part: Any) -> Any:
    return part.values() if isinstance(part, dict) else part
