"""A new category written by docs/rules/writing-a-rule.md alone: soft drinks, from the YAML text to figures on paper."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lcaengine.background import default_release
from lcaengine.bom import bom_of
from lcaengine.footprint import body, calculate
from lcaengine.problems import Refused
from lcaengine.rules import Rule, find_rule
from lcaengine.upkeep.linting import lint_file
from lcaengine.upkeep.testing import run_tests

Json = dict[str, Any]

RULE = """\
id: soft-drink
version: 1.0.0
status: proposal
categories: [soft-drink, 碳酸饮料]
hs_codes: ["220210"]
title: {zh: 碳酸饮料（练习）, en: Carbonated soft drinks (exercise)}
notice: {zh: 仅用于检查编写说明, en: Made to check the page on writing rules; rests on no document.}
declared_unit: {amount: 1, unit: hl}
also_per: [{amount: 1, unit: L}]
indicator: gwp100_excluding_biogenic_uptake
electricity_headline: location_based
default_boundary: cradle_to_grave
boundaries: {cradle_to_gate: filling, cradle_to_grave: consumption}
shared_allocation: output
shared_rule_id: SOFT-04
end_of_life_process: consumption
end_of_life_factor: "1"

sources:
  guess: {title: Estimates of the exercise, read_in: "–", status: estimate}

stages:
  - {id: raw_materials, name: {zh: 原料, en: Raw materials}}
  - {id: packaging, name: {zh: 包装, en: Packaging}}
  - {id: making, name: {zh: 生产, en: Making}}
  - {id: distribution, name: {zh: 分销, en: Distribution}}
  - {id: use, name: {zh: 冷藏, en: Cooling}}
  - {id: end_of_life, name: {zh: 生命末期, en: End of life}}

requirements:
  - {rule_id: SOFT-01, source: guess, role: sugar, text: {zh: 须给出糖。, en: Sugar must be given.}}
  - {rule_id: SOFT-02, source: guess, group: container, text: {zh: 须给出瓶或罐。, en: A bottle or a can must be given.}}
  - {rule_id: SOFT-03, source: guess, activities: [electricity], text: {zh: 须给出用电量。, en: Electricity must be given.}}
  - {rule_id: SOFT-04, source: guess, text: {zh: 共用投入按体积分摊。, en: What several drinks share is allocated by volume.}}

choices:
  sale:
    rule_id: SOFT-10
    name: {zh: 销售方式, en: How it is sold}
    default: chilled
    options: {chilled: {zh: 冷藏销售, en: chilled}, ambient: {zh: 常温销售, en: ambient}}
    source: guess

parameters:
  density: {rule_id: SOFT-11, name: {zh: 密度, en: Density}, unit: kg/L, default: 1.04, min: 1, max: 1.1, status: estimate, source: guess, note: "About 10 % sugar."}
  cooling: {rule_id: SOFT-12, name: {zh: 冷藏电耗, en: Electricity for cooling}, unit: kWh/L, default: 0.1, min: 0, max: 1, uncertainty: 2, status: estimate, source: guess, note: "Round figure."}
  inbound_road: {rule_id: SOFT-13, name: {zh: 入厂运距, en: Inbound by road}, unit: km, default: 200, min: 0, max: 3000, status: estimate, source: guess, note: "Round figure."}
  abroad_sea: {rule_id: SOFT-13, name: {zh: 海运距离, en: By sea}, unit: km, default: 10000, min: 0, max: 25000, status: estimate, source: guess, note: "Round figure."}
  distribution_road: {rule_id: SOFT-14, name: {zh: 分销运距, en: Distribution by road}, unit: km, default: 300, min: 0, max: 5000, status: estimate, source: guess, note: "Round figure."}
  filler_loss: {rule_id: SOFT-15, name: {zh: 灌装损耗, en: Loss at the filler}, unit: "", default: 0.02, min: 0, max: 0.2, status: estimate, source: guess, note: "Round figure."}
  can_recycled_content: {rule_id: SOFT-16, name: {zh: 再生铝比例, en: Recycled content of cans}, unit: "", default: 0, min: 0, max: 0.7, status: estimate, source: guess, note: "Least favourable."}
  recycling: {rule_id: SOFT-17, name: {zh: 回收率, en: Recycling rate}, unit: "", default: 0.6, min: 0, max: 1, status: estimate, source: guess, note: "Round figure."}
  gas_heating_value: {rule_id: SOFT-18, name: {zh: 天然气低位热值, en: Net calorific value of gas}, unit: MJ/m3, default: 38.931, min: 30, max: 42, status: estimate, source: guess, note: "As the beer rule."}

processes:
  - {id: making, rule_id: SOFT-20, stage: making, unit: hl, name: {zh: 生产, en: Making}}
  - {id: filling, rule_id: SOFT-21, stage: packaging, unit: hl, name: {zh: 灌装, en: Filling}, inputs: [{process: making, amount: declared}]}
  - {id: consumption, rule_id: SOFT-22, stage: use, unit: hl, name: {zh: 消费, en: Consumption}, biogenic_carbon: 0*density*declared, inputs: [{process: filling, amount: declared}]}

inbound_modes: {road: lorry-heavy-diesel-cn, sea: ship-container}
inbound:
  general: {rule_id: SOFT-13, legs: [{mode: road, distance: inbound_road}], abroad: [{mode: road, distance: inbound_road}, {mode: sea, distance: abroad_sea}]}

roles:
  sugar: {rule_id: SOFT-01, process: making, stage: raw_materials, unit: kg, target: sugar-cane-cn, accepts: [glucose-syrup-cn], inbound: general, name: {zh: 糖, en: Sugar}}
  co2: {rule_id: SOFT-23, process: making, stage: raw_materials, unit: kg, target: co2-liquid-cn, flows: {co2_fossil: 1}, inbound: general, name: {zh: 二氧化碳, en: CO2}}
  bottle_pet: {rule_id: SOFT-02, process: filling, stage: packaging, unit: kg, target: pet-bottle-cn, loss: filler_loss, groups: [packaging, container], inbound: general, end_of_life: pet, piece_mass: {rule_id: SOFT-30, min: 10, max: 120, unit: g, source: guess}, name: {zh: PET 瓶, en: PET bottle}}
  can: {rule_id: SOFT-02, process: filling, stage: packaging, unit: kg, recycled: {share: can_recycled_content, virgin: aluminium-can-cn, recycled: aluminium-can-recycled-cn, at: 0.7}, groups: [packaging, container], inbound: general, end_of_life: metal, name: {zh: 铝罐, en: Aluminium can}}
  closure: {rule_id: SOFT-02, process: filling, stage: packaging, unit: kg, target: pe-closure-cn, groups: [packaging], inbound: general, end_of_life: polyethylene, name: {zh: 瓶盖, en: Closure}}
  label: {rule_id: SOFT-02, process: filling, stage: packaging, unit: kg, target: label-paper-cn, groups: [packaging], inbound: general, most: 1, name: {zh: 标签, en: Label}}
  other: {rule_id: SOFT-23, process: making, stage: raw_materials, unit: kg, inbound: general, name: {zh: 其他, en: Other}}

activities:
  electricity:
    rule_id: SOFT-03
    process: making
    stage: making
    unit: kWh
    default_kind: grid
    kinds: {grid: {name: {zh: 电网, en: grid}, target: electricity-cn, market: electricity-residual-cn}}
  fuels:
    rule_id: SOFT-24
    process: making
    stage: making
    unit: ""
    kinds: {natural_gas: {name: {zh: 天然气, en: natural gas}, target: natural-gas-burned-boiler-cn, unit: m3, energy_content: gas_heating_value}}
  water: {rule_id: SOFT-25, process: making, stage: making, unit: m3, default_kind: tap, kinds: {tap: {name: {zh: 自来水, en: tap water}, target: tap-water-cn}}}

end_of_life:
  pet: {rule_id: SOFT-17, routes: [{target: recycling-plastic-pet-cn, share: recycling}, {target: landfill-plastic-cn, share: 1 - recycling}]}
  polyethylene: {rule_id: SOFT-17, routes: [{target: recycling-plastic-pe-cn, share: recycling}, {target: landfill-plastic-cn, share: 1 - recycling}]}
  metal: {rule_id: SOFT-17, routes: [{target: recycling-aluminium-cn, share: recycling}, {target: landfill-metal-cn, share: 1 - recycling}]}

exchanges:
  - {id: outbound_road, rule_id: SOFT-14, process: consumption, stage: distribution, target: lorry-heavy-diesel-cn, unit: t*km, amount: (density*declared + mass_packaging)*distribution_road, name: {zh: 分销, en: Distribution}}
  - {id: fridge, rule_id: SOFT-12, process: consumption, stage: use, target: electricity-cn, unit: kWh, amount: sale_chilled*cooling*declared, name: {zh: 冷藏, en: Cooling}}

co_products: {}
guardrails:
  - {rule_id: SOFT-31, source: guess, quantity: sum_water/declared, unit: m3/hl, max: 0.6, name: {zh: 用水量, en: Water}}
cut_offs:
  - {rule_id: SOFT-32, share: 0.01, source: guess, text: {zh: 纸箱, en: Cartons}}
cut_off_limit: 0.02
"""

BOM: Json = {
    "product": {"name": "Cola", "category": "soft-drink", "declared_unit": {"amount": 1, "unit": "hl"}},
    "site": {"country": "CN"},
    "basis": "declared_unit",
    "lines": [
        {"id": "sugar", "amount": 10.5, "unit": "kg", "role": "sugar"},
        {"id": "gas", "amount": 0.8, "unit": "kg", "role": "co2"},
        {
            "id": "bottle",
            "amount": 200,
            "unit": "piece",
            "unit_mass": {"amount": 24, "unit": "g"},
            "role": "bottle_pet",
        },
        {"id": "cap", "amount": 0.5, "unit": "kg", "role": "closure"},
        {"id": "label", "amount": 0.1, "unit": "kg", "role": "label"},
    ],
    "activities": {
        "electricity": [{"id": "power", "amount": 5, "unit": "kWh"}],
        "fuels": [{"id": "boiler", "amount": 38.931, "unit": "MJ", "fuel": "natural_gas"}],
        "water": [{"id": "water", "amount": 0.25, "unit": "m3"}],
    },
}

BESIDE = """\
- name: cooling
  why: 100 L × 0.1 kWh/L × 0.5777
  boundary: cradle_to_grave
  input:
    bom:
      product: {name: Cola, category: soft-drink, declared_unit: {amount: 1, unit: hl}}
      site: {country: CN}
      basis: declared_unit
      lines: [{id: sugar, amount: 10, unit: kg, role: sugar}, {id: can, amount: 4, unit: kg, role: can, recycled_content: 0.7}]
      activities: {electricity: [{id: power, amount: 5, unit: kWh}], water: [{id: water, amount: 0.2, unit: m3}]}
  output:
    stages: {use: 5.777}
    lines: {power: 2.8885}
    total: {min: 20, max: 100}
    warnings: []
"""


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The rule in a folder of the user's own."""
    found = tmp_path / "soft-drink" / "1.0.0" / "rule.yaml"
    (found.parent / "tests").mkdir(parents=True)
    found.write_text(RULE, encoding="utf-8")
    (found.parent / "tests" / "by_hand.yaml").write_text(BESIDE, encoding="utf-8")
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path))
    return found


def shown(rule: Rule, boundary: str = "cradle_to_grave", **parameters: Any) -> Json:
    return body(calculate(bom_of({**BOM, "parameters": parameters}), rule, default_release(), boundary))


def line(answer: Json, name: str) -> float:
    return float(sum(entry["value"] for entry in answer["lines"] if entry["line"] == name))


def test_the_rule_is_found_and_lints_clean(path: Path) -> None:
    assert find_rule("碳酸饮料") == find_rule("soft-drink")
    assert lint_file(path, default_release()) == []


def test_figures_on_paper(path: Path) -> None:
    answer = shown(find_rule("soft-drink"))
    # electricity-cn 0.5777 kg CO2e/kWh, lorry-heavy-diesel-cn 0.0978 kg CO2e/(t km): both published
    assert line(answer, "power") == pytest.approx(5 * 0.5777)
    assert line(answer, "fridge") == pytest.approx(0.1 * 100 * 0.5777)
    # 100 L × 1.04 kg/L + 200 × 24 g + 0.5 kg + 0.1 kg of packaging as filled, over 300 km
    assert line(answer, "outbound_road") == pytest.approx((104 + 4.8 + 0.5 + 0.1) / 1000 * 300 * 0.0978)
    assert answer["warnings"] == []
    parts = sum(stage["value"] for stage in answer["stages"])
    assert parts == pytest.approx(answer["total"]["value"])


def test_what_the_page_says_about_roles_and_choices(path: Path) -> None:
    rule = find_rule("soft-drink")
    release = default_release()
    factor = {c: float(release.scores[release.find(c), 0]) for c in ("pet-bottle-cn", "co2-liquid-cn")}
    gate = shown(rule, "cradle_to_gate")
    freight = 0.2 * 0.0978  # kg CO2e per kg over the default 200 km
    assert line(gate, "bottle") == pytest.approx(4.8 / 0.98 * (factor["pet-bottle-cn"] + freight))  # the loss enlarges
    assert line(gate, "gas") == pytest.approx(0.8 * (factor["co2-liquid-cn"] + 1 + freight))  # purchased CO2 is emitted
    assert line(shown(rule, sale="ambient"), "fridge") == 0
    with pytest.raises(Refused) as caught:
        shown(rule, sale="frozen")
    assert [p.code for p in caught.value.problems] == ["unknown_option"]


def test_the_tests_beside_it_run(path: Path) -> None:
    results = run_tests(find_rule("soft-drink"), path, default_release())
    assert results
    assert all(result.passed for result in results), results
