"""A small rule that the tests of the rule language change: a widget of steel, written as YAML in a folder of its own."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.footprint import Footprint, calculate
from lcaengine.rules import find_rule

Json = dict[str, Any]
GATE, GRAVE = "cradle_to_gate", "cradle_to_grave"
HEADLINE = "gwp100_excluding_biogenic_uptake"
REMOVE = object()  # in place of a value: take the entry away


def named(text: str) -> Json:
    return {"zh": f"中文 {text}", "en": text}


def parameter(default: float | None, unit: str = "", /, **other: Any) -> Json:
    found = {"rule_id": "W-10", "name": named("a figure"), "unit": unit, "min": 0, "max": 1000, "status": "estimate",
             "source": "book", "note": "for the test", **other}  # fmt: skip
    return found if default is None else {**found, "default": default}


WIDGET: Json = {
    "id": "widget", "version": "1.0.0", "status": "draft", "categories": ["widget", "小件"], "hs_codes": [],
    "title": named("Widget"), "notice": named("For tests only."), "declared_unit": {"amount": 1, "unit": "piece"},
    "also_per": [], "indicator": HEADLINE, "electricity_headline": "location_based", "default_boundary": GRAVE,
    "boundaries": {GATE: "making", GRAVE: "ending"}, "shared_allocation": "output", "shared_rule_id": "W-01",
    "end_of_life_process": "ending", "end_of_life_factor": "1", "inbound_modes": {"road": "lorry-heavy-diesel-cn"},
    "sources": {"book": {"title": "A book", "read_in": "a library", "status": "published"}},
    "stages": [{"id": s, "name": named(s)} for s in ("materials", "making", "end_of_life")],
    "requirements": [{"rule_id": "W-01", "source": "book", "text": named("Everything counts.")}],
    "parameters": {},
    "processes": [
        {"id": "making", "rule_id": "W-02", "stage": "making", "unit": "piece", "name": named("Making")},
        {"id": "ending", "rule_id": "W-03", "stage": "end_of_life", "unit": "piece", "name": named("End"),
         "inputs": [{"process": "making", "amount": "declared"}]},
    ],
    "roles": {
        "body": {"rule_id": "W-04", "process": "making", "stage": "materials", "unit": "kg", "name": named("Body"),
                 "target": "steel-hot-rolled-cn"},
        "other": {"rule_id": "W-05", "process": "making", "stage": "materials", "unit": "kg", "name": named("Other")},
    },
    "activities": {
        "electricity": {
            "rule_id": "W-06", "process": "making", "stage": "making", "unit": "kWh", "default_kind": "grid",
            "unclaimed": "electricity-residual-cn",
            "kinds": {
                "grid": {"name": named("grid"), "target": "electricity-cn", "market": "electricity-residual-cn"},
                "certificate_wind": {"name": named("wind"), "target": "electricity-cn", "needs_evidence": True,
                                     "market": "electricity-wind-certificate-cn"},
                "onsite_pv": {"name": named("roof"), "target": "electricity-pv-onsite-cn"},
            },
        },
    },
    "inbound": {}, "end_of_life": {}, "exchanges": [], "co_products": {}, "guardrails": [],
}  # fmt: skip

BILL: Json = {
    "product": {"id": "w", "name": "Widget", "category": "widget", "declared_unit": {"amount": 1, "unit": "piece"}},
    "site": {"country": "CN"},
    "basis": "declared_unit",
    "lines": [{"id": "body", "amount": 2, "unit": "kg", "role": "body", "transport": []}],
    "activities": {"electricity": [{"id": "power", "amount": 3, "unit": "kWh"}]},
}


def changed(document: Json, changes: Mapping[str, Any]) -> Json:
    """A copy with values at JSON pointers changed, added (``-`` is the end of a list) or taken away."""
    document = copy.deepcopy(document)
    for place, new in changes.items():
        *path, last = place.split("/")[1:]
        value = new if new is REMOVE else copy.deepcopy(new)
        owner: Any = document
        for key in path:
            owner = owner[int(key)] if isinstance(owner, list) else owner.setdefault(key, {})
        if isinstance(owner, list):
            owner.append(value) if last == "-" else owner.__setitem__(int(last), value)
        elif value is REMOVE:
            del owner[last]
        else:
            owner[last] = value
    return document


def publish(root: Path, document: Json) -> Path:
    """The rule as a file where ``LCAENGINE_RULES`` = root finds it."""
    path = root / document["id"] / document["version"] / "rule.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    without_aliases = json.loads(json.dumps(document))
    path.write_text(yaml.safe_dump(without_aliases, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return path


def footprint(bill: Json, release: Release, boundary: str | None = None) -> Footprint:
    """The whole way, from the rule that the bill's category finds."""
    return calculate(bom_of(bill), find_rule(bill["product"]["category"]), release, boundary)


def score(release: Release, code: str, indicator: str = HEADLINE) -> float:
    """kg CO2e per unit: of making it, or of treating it."""
    product = release.find(code)
    return float(release.scores[product, release.column_index[indicator]] * release.production[product])
