"""A rule as people and programs read it."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

from lcaengine.rules.library import state_of
from lcaengine.rules.template import Rule

SECOND_HAND = re.compile(r"second.?hand|二手", re.I)
PARTS = (
    "stages", "requirements", "roles", "activities", "exchanges", "co_products", "guardrails", "end_of_life", "overrides",
    "choices", "circularity", "per", "modules", "benchmarks", "disclosures", "sources",
)  # fmt: skip


def rule_entry(rule: Rule) -> dict[str, Any]:
    """One line of a list of rules; ``state`` is null where nobody recorded one."""
    return {
        **rule.about(),
        "status": rule.status,
        "state": state_of(rule),
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
    return {
        **rule_entry(rule),
        "notice": dict(rule.notice),
        "extends": rule.extends,
        "abstract": rule.abstract,
        "effective": rule.effective,
        "changes": dict(rule.changes),
        "parameters": parameters,
        **{part: [dataclasses.asdict(v) for v in _values(getattr(rule, part))] for part in PARTS},
        "cut_offs": [dataclasses.asdict(c) for c in rule.cut_offs],
        "cut_off_limit": rule.cut_off_limit,
        "to_check": list(to_check(rule)),
    }


def to_check(rule: Rule) -> Iterator[dict[str, Any]]:
    """What to check with the standard in hand: every estimate, and whatever was read at second hand."""
    for section in ("parameters", "requirements", "guardrails", "choices", "circularity", "cut_offs", "benchmarks"):
        for entry in _values(getattr(rule, section)):
            source = rule.sources[entry.source]
            estimate = getattr(entry, "status", "") == "estimate"
            if estimate or SECOND_HAND.search(f"{source.title} {source.read_in}"):
                yield {
                    "section": section, "id": getattr(entry, "id", entry.rule_id), "rule_id": entry.rule_id,
                    "reason": "estimate" if estimate else "second_hand", "source": source.title,
                    "read_in": source.read_in, "locator": getattr(entry, "locator", ""), "note": getattr(entry, "note", ""),
                }  # fmt: skip


def _values(part: Any) -> Any:
    return part.values() if isinstance(part, dict) else part
