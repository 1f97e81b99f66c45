"""Why a footprint is what it is: which rule id decided what, per line; what was given, what assumed, what weighs most."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcaengine.footprint.hotspots import carbon_name
from lcaengine.footprint.solve import Footprint
from lcaengine.inventory import Exchange
from lcaengine.rules import Rule

ACTIVITIES: Mapping[str, Mapping[str, str]] = {
    "material": {"zh": "物料本身", "en": "the material itself"},
    "inbound_transport": {"zh": "入厂运输", "en": "transport to the site"},
    "end_of_life": {"zh": "生命末期", "en": "end of life"},
    "release": {"zh": "使用处的释放", "en": "release where it is used"},
    "biogenic_carbon": {"zh": "生物碳平衡", "en": "biogenic carbon balance"},
    "co_product": {"zh": "联产品", "en": "co-product"},
}


def explanation(footprint: Footprint, assumptions: list[dict[str, Any]]) -> dict[str, Any]:
    """Lines with the decisions behind them, rule ids with their texts, and the assumptions by weight; JSON-ready.

    ``assumptions`` as in the answer, each with its ``swing`` (how far its range moves the total), largest first: the first
    that was not given weighs most.
    """
    s = footprint.system
    rule = s.inventory.rule
    values = footprint.exchange_scores[:, s.headline]
    names = s.release.catalogue.names(e.target for e in s.exchanges if e.kind in ("product", "waste"))
    given = {a["parameter"] for a in assumptions if a["status"] == "given"}
    lines: dict[str, dict[str, Any]] = {}
    for e, value in zip(s.exchanges, values.tolist(), strict=True):
        shown = s.inventory.lines.get(e.line)
        entry = lines.setdefault(
            e.line,
            {"line": e.line, "name": dict(shown.name) if shown else carbon_name(), "value": 0.0, "decisions": []},
        )
        entry["value"] += value
        entry["decisions"].append(_decision(e, value, names, given, rule))
    texts = rule_texts(rule)
    used = dict.fromkeys(d["rule_id"] for entry in lines.values() for d in entry["decisions"] if d["rule_id"])
    what = {d["rule_id"]: [d["what"]] for entry in lines.values() for d in entry["decisions"]}  # for ids without a text
    assumed = [a for a in assumptions if a["status"] != "given"]
    return {
        "total": {"value": footprint.value, "unit": "kg CO2e"},
        "rule": rule.about(),
        "choices": dict(s.inventory.choices),
        "lines": sorted(lines.values(), key=lambda entry: -abs(entry["value"])),
        "rule_ids": {rule_id: texts.get(rule_id) or what[rule_id] for rule_id in sorted(used)},
        "given": [a for a in assumptions if a["status"] == "given"],
        "assumed": assumed,
        "weighs_most": assumed[0] if assumed and assumed[0]["swing"] else None,
    }


def rule_texts(rule: Rule) -> dict[str, list[dict[str, str]]]:
    """What each rule id says: texts of requirements, names of what bears the id."""
    found: dict[str, list[dict[str, str]]] = {}
    said = [(need.rule_id, need.text) for need in rule.requirements]
    said += [(left_out.rule_id, left_out.text) for left_out in rule.cut_offs]
    said += [(told.rule_id, told.text) for told in rule.disclosures]
    for rule_id, text in said:
        found.setdefault(rule_id, []).append(dict(text))
    named = (
        rule.parameters.values(),
        rule.roles.values(),
        rule.processes,
        rule.exchanges,
        rule.guardrails,
        rule.modules,
    )
    for part in (part for parts in named for part in parts):
        texts = found.setdefault(part.rule_id, [])
        if dict(part.name) not in texts:
            texts.append(dict(part.name))
    return found


def _decision(
    e: Exchange, value: float, names: Mapping[str, Mapping[str, str]], given: set[str], rule: Rule
) -> dict[str, Any]:
    """One exchange: what, how much, by which rule id, on which parameters."""
    stage = next((dict(s.name) for s in rule.stages if s.id == e.stage), {})
    return {
        "rule_id": e.rule_id, "what": dict(ACTIVITIES.get(e.activity, stage)), "stage": e.stage, "kind": e.kind,
        "target": e.target, "name": dict(names.get(e.target, {"zh": e.target, "en": e.target})),
        "amount": {"amount": e.amount, "unit": e.unit}, "value": value, "data": e.data, "matched_by": e.matched_by,
        "parameters": [{"parameter": p, "status": "given" if p in given else "default"} for p in e.parameters],
    }  # fmt: skip
