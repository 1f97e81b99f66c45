"""The circular footprint formula: the vector of the research notes, both forms, and roles that use it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from foregrounds import HEADLINE
from hypothesis import given
from hypothesis import strategies as st

from lcaengine.background import default_release
from lcaengine.bom import bom_of
from lcaengine.data import folder
from lcaengine.footprint import body, calculate
from lcaengine.inventory.circular import terms
from lcaengine.rules import Rule
from lcaengine.rules.schema import rule_of
from lcaengine.rules.template import Circularity, Route

BEER = folder("product_rules") / "beer" / "1.0.0" / "rule.yaml"
FACTORS = {"virgin": 2.0, "recycled": 0.5, "landfill": 0.02}


def material(**figures: str) -> Circularity:
    texts = {"A": "0.2", "R1": "0.3", "R2": "0.8046", **figures}
    return Circularity("steel", "X-1", "x", **texts, ev="virgin", erec="recycled", disposal=(Route("landfill", "1"),))


def total(c: Circularity, gate: bool = False, modular: bool = False) -> float:
    found = terms(c, float, float, None, gate, modular)
    return sum(term.amount * FACTORS[term.process] for term in found)


def test_the_vector_of_the_research_notes() -> None:
    c = material()
    assert total(c) == pytest.approx(0.94448 + 0.003908, rel=1e-12)
    assert total(c, gate=True) == pytest.approx(0.7 * 2 + 0.3 * 0.5, rel=1e-12)


@given(*(st.floats(low, high) for low, high in ((0.2, 0.8), (0, 1), (0, 1), (0.1, 1))))
def test_both_forms_have_the_same_sum(a: float, r1: float, r2: float, quality: float) -> None:
    c = material(A=repr(a), R1=repr(r1), R2=repr(r2), quality_in=repr(quality), quality_out=repr(quality))
    bought = (1 - r1) * 2.0 + r1 * 0.5
    for gate in (False, True):
        assert bought + total(c, gate, modular=True) == pytest.approx(total(c, gate), abs=1e-12)


def rule_with(role: dict[str, Any], **figures: str) -> Rule:
    """The beer rule with another PET bottle."""
    document = copy.deepcopy(yaml.safe_load(Path(BEER).read_text(encoding="utf-8")))
    bottle = document["roles"]["bottle_pet"]
    del bottle["target"], bottle["end_of_life"]
    bottle |= role
    disposal = [{"target": "landfill-plastic-cn", "share": "1"}]
    document["circularity"] = {
        "pet": {"rule_id": "X-1", "source": "annex-c", "disposal": disposal, "A": "0.5", "R1": "0", "R2": "0.4"}
        | figures
    }
    return rule_of(document, "x")


def bottle(rule: Rule, boundary: str) -> float:
    given = {
        "product": {"name": "x", "category": "beer", "declared_unit": {"amount": 1, "unit": "hl"}},
        "site": {"country": "CN"}, "basis": "declared_unit",
        "lines": [{"id": "malt", "amount": 15, "unit": "kg", "role": "malt", "transport": []},
                  {"id": "bottle", "amount": 5, "unit": "kg", "role": "bottle_pet", "transport": []}],
        "activities": {"electricity": [{"id": "power", "amount": 10, "unit": "kWh"}],
                       "fuels": [{"id": "gas", "amount": 4, "unit": "m3", "fuel": "natural_gas"}],
                       "water": [{"id": "water", "amount": 0.5, "unit": "m3"}]},
    }  # fmt: skip
    shown = body(calculate(bom_of(given), rule, default_release(), boundary))
    return float(sum(line["value"] for line in shown["lines"] if line["line"] == "bottle"))


def per_kg(code: str) -> float:
    release = default_release()
    return float(release.scores[release.find(code), release.columns.index(HEADLINE)])


def test_a_material_is_bought_once() -> None:
    rule = rule_with({"circular": "pet"}, ev="pet-resin-cn", erec="pet-recycled-resin-cn")
    assert bottle(rule, "cradle_to_gate") == pytest.approx(5 * per_kg("pet-resin-cn"))


def test_a_formed_product_keeps_its_forming() -> None:
    rule = rule_with(
        {"circular": "pet", "target": "pet-bottle-cn"}, ev="pet-resin-cn", erec="pet-recycled-resin-cn",
        quality_out="0.9",
    )  # fmt: skip
    assert bottle(rule, "cradle_to_gate") == pytest.approx(5 * per_kg("pet-bottle-cn"))
    credit = 0.5 * 0.4 * (per_kg("pet-recycled-resin-cn") - 0.9 * per_kg("pet-resin-cn"))
    disposal = 0.6 * abs(per_kg("landfill-plastic-cn"))
    expected = 1.02 * 5 * (per_kg("pet-bottle-cn") + credit + disposal)
    assert bottle(rule, "cradle_to_grave") == pytest.approx(expected)
