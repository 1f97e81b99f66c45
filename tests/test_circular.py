"""The circular footprint formula: the Guidance's example, both of its forms, and whole rules by hand from the scores."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_rules import BILL, GATE, GRAVE, WIDGET, changed, footprint, named, parameter, publish, score

from lcaengine import formulas
from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.data import folder as data_folder
from lcaengine.footprint import calculate
from lcaengine.inventory.circular import terms
from lcaengine.problems import Refused
from lcaengine.rules import Rule, find_rule, load_rule
from lcaengine.rules.template import Circularity, Route
from lcaengine.upkeep.linting import lint_file

Json = dict[str, Any]
near = pytest.approx
EV, EREC, LANDFILL = "steel-hot-rolled-cn", "steel-hot-rolled-eaf-cn", "landfill-metal-cn"

# -- the formula alone: PEFCR Guidance v6.3, eq. 18, with made-up scores per kg

GUIDANCE = {
    "R1": 0.3,
    "R2": 0.8046,
    "R3": 0.0,
    "A": 0.2,
    "B": 0.0,
    "Qin": 1.0,
    "Qout": 1.0,
    "Xh": 0.0,
    "Xp": 0.0,
    "LHV": 0.0,
}
UNIT = {"ev": 2.0, "ev_star": 2.0, "erec": 0.5, "erec_eol": 0.5, "er": 0.0, "heat": 0.0, "power": 0.0, "dump": 0.02}
ALL = Circularity(
    "x", "X-1", "book", A="A", R1="R1", R2="R2", R3="R3", B="B", ev="ev", erec="erec", erec_eol="erec_eol",
    quality_in="Qin", quality_out="Qout", disposal=(Route("dump", "1"),), energy="er", heat="heat", power="power",
    lhv="LHV", x_heat="Xh", x_power="Xp",
)  # fmt: skip


def parts(
    c: Circularity, v: Mapping[str, float], e: Mapping[str, float], R1: float | None = None, gate: bool = False
) -> tuple[float, float, float]:
    """Scores per kg of what belongs to production, of what is replaced or reprocessed, of what is handed over."""

    def value(text: str) -> float:
        return formulas.evaluate(text, v)

    found = list(terms(c, value, value, R1, gate))
    production = sum(t.amount * e[t.process] for t in found if not t.end_of_life)
    recovered = sum(t.amount * e[t.process] for t in found if t.end_of_life and not t.waste)
    handed_over = sum(t.amount * e[t.process] for t in found if t.waste)
    return production, recovered, handed_over


def test_the_example_of_the_guidance() -> None:
    # material 1.4 + 0.3·(0.1 + 1.6) − 0.8·0.8046·1.5 = 1.4 + 0.51 − 0.96552; disposal 0.1954·0.02
    production, recovered, disposal = parts(ALL, GUIDANCE, UNIT)
    assert production + recovered == near(0.94448, rel=1e-12)
    assert disposal == near(0.003908, rel=1e-12)
    assert production + recovered + disposal == near(0.948388, rel=1e-12)


def test_the_modules_of_the_example() -> None:
    # cradle to gate 0.7·2 + 0.3·0.5; burden of the recycled input 0.3·0.8·1.5; credit of the output; disposal
    gate = sum(parts(ALL, GUIDANCE, UNIT, gate=True))
    production, recovered, disposal = parts(ALL, GUIDANCE, UNIT)
    assert (gate, production - gate, recovered, disposal) == near((1.55, 0.36, -0.96552, 0.003908), rel=1e-12)


def cff(v: Mapping[str, float], e: Mapping[str, float]) -> float:
    R1, R2, R3, A, B = v["R1"], v["R2"], v["R3"], v["A"], v["B"]
    material = (1 - R1) * e["ev"] + R1 * (A * e["erec"] + (1 - A) * e["ev"] * v["Qin"])
    material += (1 - A) * R2 * (e["erec_eol"] - e["ev_star"] * v["Qout"])
    energy = (1 - B) * R3 * (e["er"] - v["LHV"] * v["Xh"] * e["heat"] - v["LHV"] * v["Xp"] * e["power"])
    return material + energy + (1 - R2 - R3) * e["dump"]


def cff_m(v: Mapping[str, float], e: Mapping[str, float]) -> float:
    production = (1 - v["R1"]) * e["ev"] + v["R1"] * e["erec"]
    secondary_input = -(1 - v["A"]) * v["R1"] * (e["erec"] - e["ev"] * v["Qin"])
    secondary_output = (1 - v["A"]) * v["R2"] * (e["erec_eol"] - e["ev_star"] * v["Qout"])
    replaced = v["LHV"] * (v["Xh"] * e["heat"] + v["Xp"] * e["power"])
    recovery = (1 - v["B"]) * v["R3"] * (e["er"] - replaced)
    return production + secondary_input + secondary_output + recovery + (1 - v["R2"] - v["R3"]) * e["dump"]


share = st.floats(0, 1)
recovery = st.tuples(share, share).map(lambda p: (p[0], p[1] * (1 - p[0])))  # R2 + R3 no more than all
figures = st.builds(
    lambda v, R: {**v, "R2": R[0], "R3": R[1]},
    st.fixed_dictionaries({"R1": share, "A": st.floats(0.2, 0.8), "B": share, "Qin": share, "Qout": share, "Xh": share,
                           "Xp": share, "LHV": st.floats(0, 50)}),
    recovery,
)  # fmt: skip
scores = st.fixed_dictionaries(dict.fromkeys(UNIT, st.floats(0, 30))).map(lambda e: e | {"ev_star": e["ev"]})


@given(figures, scores)
def test_both_forms_of_the_formula_give_the_same_sum(v: dict[str, float], e: dict[str, float]) -> None:
    found = sum(parts(ALL, v, e))
    scale = 1 + 40 * sum(e.values())
    assert found == near(cff(v, e), abs=1e-12 * scale * 50)
    assert found == near(cff_m(v, e), abs=1e-12 * scale * 50)


@given(figures, scores)
def test_at_the_gate_a_is_one_and_nothing_comes_after(v: dict[str, float], e: dict[str, float]) -> None:
    nothing = {**v, "A": 1.0, "R2": 0.0, "R3": 0.0}
    assert sum(parts(ALL, v, e, gate=True)) == near(cff(nothing, {**e, "dump": 0.0}), rel=1e-12, abs=1e-12)


@given(figures, scores, share)
def test_a_recycled_content_that_is_given_stands_for_r1(v: dict[str, float], e: dict[str, float], R1: float) -> None:
    assert sum(parts(ALL, v, e, R1)) == near(sum(parts(ALL, {**v, "R1": R1}, e)), rel=1e-12, abs=1e-12)


# -- whole rules, on the embedded release

STEEL: Json = {"rule_id": "W-60", "source": "book", "A": "A", "R1": "R1", "R2": "R2", "ev": EV, "erec": EREC,
               "disposal": [{"target": LANDFILL, "share": "1"}]}  # fmt: skip
PLASTIC: Json = STEEL | {
    "R3": "R3", "B": "B", "quality_in": "Qin", "quality_out": "Qout", "ev": "pet-resin-cn", "erec": "pet-recycled-resin-cn",
    "erec_eol": "pp-recycled-resin-cn", "energy": "incineration-plastic-pet-cn", "heat": "heat-district-cn",
    "power": "electricity-cn", "lhv": "LHV", "x_heat": "Xh", "x_power": "Xp",
    "disposal": [{"target": "landfill-plastic-cn", "share": "0.4"}, {"target": "incineration-plastic-ps-cn", "share": "0.6"}],
}  # fmt: skip
CIRCULAR = changed(WIDGET, {
    "/circularity": {"steel": STEEL, "plastic": PLASTIC},
    "/roles/body/circular": "steel",
    "/roles/shell": WIDGET["roles"]["body"] | {"rule_id": "W-61", "name": named("Shell"), "circular": "plastic"},
    "/parameters": {name: parameter(value, "MJ/kg" if name == "LHV" else "") for name, value in GUIDANCE.items()},
    "/parameters/end_factor": parameter(1),
    "/end_of_life_factor": "end_factor",
})  # fmt: skip
for role in ("body", "shell"):
    del CIRCULAR["roles"][role]["target"]
BODY = changed(BILL, {"/activities": {}})
SHELL = changed(BODY, {"/lines/0": {"id": "shell", "amount": 2, "unit": "kg", "role": "shell", "transport": []}})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("rules")
    publish(root, CIRCULAR)
    return root


@pytest.fixture
def circular(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rule as it stands above."""
    monkeypatch.setenv("LCAENGINE_RULES", str(folder))


@pytest.fixture
def alter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[Json], Path]:
    """The rule with changes in its place; gives the file."""
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path))
    return lambda changes: publish(tmp_path, changed(CIRCULAR, changes))


def steel(release: Release) -> dict[str, float]:
    codes = {"ev": EV, "ev_star": EV, "erec": EREC, "erec_eol": EREC, "dump": LANDFILL}
    return UNIT | {key: score(release, code) for key, code in codes.items()}


def plastic(release: Release) -> dict[str, float]:
    """Scores of PET per kg; heat and power per MJ, since the formula's LHV is in MJ."""
    codes = {"ev": "pet-resin-cn", "ev_star": "pet-resin-cn", "erec": "pet-recycled-resin-cn",
             "erec_eol": "pp-recycled-resin-cn", "er": "incineration-plastic-pet-cn", "heat": "heat-district-cn",
             "power": "electricity-cn"}  # fmt: skip
    found = {key: score(release, code) for key, code in codes.items()}
    found["dump"] = 0.4 * score(release, "landfill-plastic-cn") + 0.6 * score(release, "incineration-plastic-ps-cn")
    return found | {"power": found["power"] / 3.6}


def stages(bill: Json, release: Release, boundary: str = GRAVE) -> dict[str, float]:
    found = footprint(bill, release, boundary)
    return dict(zip(found.system.stages, found.stages[:, found.system.headline].tolist(), strict=True))


def test_two_kilograms_of_steel_to_the_grave(circular: None, release: Release) -> None:
    e = steel(release)
    made = 0.7 * e["ev"] + 0.3 * (0.2 * e["erec"] + 0.8 * e["ev"])
    after = 0.8 * 0.8046 * (e["erec"] - e["ev"]) + 0.1954 * e["dump"]
    assert stages(BODY, release) == {"materials": near(2 * made), "end_of_life": near(2 * after)}


def test_two_kilograms_of_steel_to_the_gate(circular: None, release: Release) -> None:
    e = steel(release)
    assert stages(BODY, release, GATE) == {"materials": near(2 * (0.7 * e["ev"] + 0.3 * e["erec"]))}


def test_the_lines_recycled_content_replaces_r1(circular: None, release: Release) -> None:
    bill = changed(BODY, {"/lines/0/recycled_content": 0.6})
    assert footprint(bill, release).value == near(2 * cff({**GUIDANCE, "R1": 0.6}, steel(release)))


def test_the_lines_process_replaces_ev(circular: None, release: Release) -> None:
    bill = changed(BODY, {"/lines/0/process": "steel-plate-cn"})
    plate = score(release, "steel-plate-cn")
    assert footprint(bill, release).value == near(2 * cff(GUIDANCE, steel(release) | {"ev": plate, "ev_star": plate}))


def test_the_lines_process_and_recycled_content_go_together(circular: None, release: Release) -> None:
    bill = changed(BODY, {"/lines/0/process": "steel-plate-cn", "/lines/0/recycled_content": 0.6})
    plate = score(release, "steel-plate-cn")
    expected = cff({**GUIDANCE, "R1": 0.6}, steel(release) | {"ev": plate, "ev_star": plate})
    assert footprint(bill, release).value == near(2 * expected)


@pytest.fixture(scope="module")
def formed(tmp_path_factory: pytest.TempPathFactory) -> Rule:
    """The same plastic, bought as a mix of what is formed of virgin and of recycled material."""
    mix = {"share": "R1", "virgin": "pet-resin-cn", "recycled": "pet-recycled-resin-cn"}
    return load_rule(publish(tmp_path_factory.mktemp("formed"), changed(CIRCULAR, {"/roles/shell/recycled": mix})))


@settings(max_examples=30)
@given(figures, st.none() | share)
def test_a_formed_product_without_forming_is_its_material(
    folder: Path, formed: Rule, release: Release, v: dict[str, float], R1: float | None
) -> None:
    told = {} if R1 is None else {"/lines/0/recycled_content": R1}
    bom, plain = bom_of(changed(SHELL, {"/parameters": v} | told)), load_rule(folder / "widget/1.0.0/rule.yaml")
    for boundary in (GATE, GRAVE):
        once, twice = (calculate(bom, rule, release, boundary).value for rule in (plain, formed))
        assert twice == near(once, rel=1e-9, abs=1e-9)


def test_a_formed_product_by_hand(alter: Callable[[Json], Path], release: Release) -> None:
    # 2 kg of bottle are bought; the formula moves 0.8·0.3 kg/kg of resin for recycled resin, and the end of life
    alter({"/roles/shell/target": "pet-bottle-cn"})
    e, bottle = plastic(release), score(release, "pet-bottle-cn")
    after = 0.8 * 0.8046 * (e["erec_eol"] - e["ev"]) + 0.1954 * e["dump"]
    expected = {"materials": near(2 * (bottle - 0.24 * (e["erec"] - e["ev"]))), "end_of_life": near(2 * after)}
    assert stages(SHELL, release) == expected
    assert stages(SHELL, release, GATE) == {"materials": near(2 * bottle)}


@pytest.mark.parametrize(
    "how", [{"target": "pet-bottle-cn"}, {"recycled": {"share": "R1", "virgin": "pet-resin-cn", "recycled": EREC}}]
)
def test_a_named_product_says_itself_what_it_holds(alter: Callable[[Json], Path], release: Release, how: Json) -> None:
    alter({f"/roles/shell/{key}": value for key, value in how.items()})
    bill = changed(SHELL, {"/lines/0/process": "pet-bottle-cn", "/lines/0/recycled_content": 0.5})
    with pytest.raises(Refused) as caught:
        footprint(bill, release)
    assert [(p.code, p.where) for p in caught.value.problems] == [
        ("recycled_content_unused", "/lines/0/recycled_content")
    ]


def test_a_suppliers_footprint_stands_for_the_production_terms_only(circular: None, release: Release) -> None:
    supplied = {"value": 1.5, "unit": "kg CO2e/kg", "boundary": "cradle_to_gate", "gwp": "AR6", "year": 2025}
    found = stages(changed(BODY, {"/lines/0/supplier_footprint": supplied}), release)
    assert found == {"materials": near(2 * 1.5), "end_of_life": near(stages(BODY, release)["end_of_life"])}


def test_losses_after_the_sale_enlarge_the_end_of_life_terms_only(circular: None, release: Release) -> None:
    plain, more = stages(BODY, release), stages(changed(BODY, {"/parameters/end_factor": 1.25}), release)
    assert more == {"materials": near(plain["materials"]), "end_of_life": near(1.25 * plain["end_of_life"])}


def test_energy_recovered_replaces_heat_in_mj_and_power_in_kwh(circular: None, release: Release) -> None:
    # 30 % of 2 kg burned, 23 MJ/kg: 0.6·23·0.3 = 4.14 MJ of heat and 0.6·23·0.12/3.6 = 0.46 kWh of power replaced
    given_ = {"R1": 0, "R2": 0, "R3": 0.3, "LHV": 23, "Xh": 0.3, "Xp": 0.12}
    found = stages(changed(SHELL, {"/parameters": given_}), release)
    burned = 0.6 * score(release, "incineration-plastic-pet-cn")
    replaced = 4.14 * score(release, "heat-district-cn") + 0.46 * score(release, "electricity-cn")
    assert found["end_of_life"] == near(burned - replaced + 1.4 * plastic(release)["dump"])


@settings(max_examples=40)
@given(figures)
def test_a_whole_rule_gives_the_formulas_sum(folder: Path, release: Release, v: dict[str, float]) -> None:
    e, rule = plastic(release), load_rule(folder / "widget/1.0.0/rule.yaml")
    found = calculate(bom_of(changed(SHELL, {"/parameters": v})), rule, release, GRAVE).value
    assert found == near(2 * cff(v, e), rel=1e-9, abs=1e-9)
    assert found == near(2 * cff_m(v, e), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("star", ["steel-rebar-cn", None])
def test_the_quality_of_the_output_drops_out_where_another_material_is_replaced(
    alter: Callable[[Json], Path], release: Release, star: str | None
) -> None:
    alter({"/circularity/steel/ev_star": star, "/circularity/steel/quality_out": "Qout"})
    found = footprint(changed(BODY, {"/parameters": {"Qout": 0.5}}), release).value
    e, Qout = steel(release), 1.0 if star else 0.5
    e |= {"ev_star": score(release, star)} if star else {}
    assert found == near(2 * cff({**GUIDANCE, "Qout": Qout}, e))


def test_what_is_not_said_of_the_end_of_life_is_what_is_said_of_the_production(
    alter: Callable[[Json], Path], release: Release
) -> None:
    alter({"/circularity/steel/ev_star": EV, "/circularity/steel/erec_eol": EREC})
    assert footprint(BODY, release).value == near(2 * cff(GUIDANCE, steel(release)), rel=1e-12)


# -- what is refused


def problems(path: Path) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        load_rule(path)
    return [(p.code, p.where.partition("rule.yaml: ")[2]) for p in caught.value.problems]


@pytest.mark.parametrize(
    ("field", "value", "code", "where"),
    [
        ("A", "0.19", "allocation_factor", "/A"),
        ("A", "0.81", "allocation_factor", "/A"),
        ("R3", "0.2", "r2_r3", ""),  # 0.8046 + 0.2
        ("R1", "1.01", "share", "/R1"),
        ("B", "0 - 0.1", "share", "/B"),
        ("R1", "LHV", "bad_formula", "/R1"),
    ],
)
def test_a_rule_outside_the_bounds_does_not_load(
    alter: Callable[[Json], Path], field: str, value: str, code: str, where: str
) -> None:
    path = alter({f"/circularity/steel/{field}": value})
    assert problems(path) == [(code, f"/circularity/steel{where}")]


@pytest.mark.parametrize("A", ["0.2", "0.5", "0.8"])
def test_the_allocation_factors_of_the_guidance_load(alter: Callable[[Json], Path], A: str) -> None:
    assert load_rule(alter({"/circularity/steel/A": A})).circularity["steel"].A == A


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"R2": 0.9, "R3": 0.2}, "r2_r3"),
        ({"A": 0.1}, "allocation_factor"),
        ({"A": 1}, "allocation_factor"),
        ({"R1": 1.5}, "share"),
        ({"B": 2}, "share"),
    ],
)
def test_a_bill_that_leaves_the_bounds_is_refused(
    circular: None, release: Release, given_: dict[str, float], code: str
) -> None:
    with pytest.raises(Refused) as caught:
        footprint(changed(SHELL, {"/parameters": given_}), release)
    assert [p.code for p in caught.value.problems] == [code]


def test_an_ev_that_holds_recycled_input_is_refused(alter: Callable[[Json], Path], release: Release) -> None:
    glass = {"ev": "container-glass-cullet-80-cn", "erec": "container-glass-cullet-80-cn"}
    alter({f"/circularity/steel/{key}": code for key, code in glass.items()})
    with pytest.raises(Refused) as caught:
        footprint(BODY, release)
    (problem,) = caught.value.problems
    assert (problem.code, problem.values["process"]) == ("recycled_in_ev", "container-glass-cullet-80-cn")
    assert problem.values["share"] >= 0.8  # kg cullet per kg


@pytest.mark.parametrize(("process", "refused"), [("container-glass-cullet-80-cn", True), (EREC, True), (EV, False)])
def test_a_lines_process_with_recycled_input_is_refused_as_ev(
    circular: None, release: Release, process: str, refused: bool
) -> None:
    bill = changed(BODY, {"/lines/0/process": process})
    if not refused:
        assert footprint(bill, release).value == near(footprint(BODY, release).value)
        return
    with pytest.raises(Refused) as caught:
        footprint(bill, release)
    assert [p.code for p in caught.value.problems] == ["recycled_in_ev"]


def test_recycled_plastic_is_no_ev_though_no_row_shows_its_waste(
    alter: Callable[[Json], Path], release: Release
) -> None:
    path = alter({"/circularity/plastic/ev": "pet-recycled-resin-cn"})
    with pytest.raises(Refused) as caught:
        footprint(SHELL, release)
    (problem,) = caught.value.problems
    assert (problem.code, problem.values["process"]) == ("recycled_in_ev", "pet-recycled-resin-cn")
    assert "recycled_in_ev" in {f.problem.code for f in lint_file(path, release)}  # before any bill of materials


def test_what_the_rule_decides_bears_its_rule_ids(release: Release) -> None:
    """Legs and the factor of the end of life by default, in the explanation of a line under the formula."""
    path = "refrigerator/multi-door-500l.json"
    found = calculate(
        bom_of(json.loads((data_folder("inventories") / path).read_text("utf-8"))), find_rule("refrigerator"), release
    )
    exchanges = [e for e in found.system.exchanges if e.line == "liner"]
    assert {e.rule_id for e in exchanges if e.activity == "inbound_transport"} == {"HA-70"}
    later = [e for e in exchanges if e.activity == "end_of_life"]
    assert later
    assert all("delivered_per_used" in e.parameters for e in later)


@pytest.mark.parametrize(
    ("told", "evidence"), [({}, "estimate"), ({"cooling_hours": 600, "heating_hours": 0, "apf": 5}, "estimate"),
                           ({"cooling_hours": 600, "heating_hours": 0, "apf": 5, "cooling_capacity": 3.5, "heating_capacity": 3}, "derived"),
                           ({"annual_energy": 700}, "given")]
)  # fmt: skip
def test_a_figure_by_formula_is_an_estimate_where_one_behind_it_is(
    release: Release, told: dict[str, float], evidence: str
) -> None:
    path = data_folder("inventories") / "room-air-conditioner/split-3500w-r32-cn.json"
    bill = json.loads(path.read_text("utf-8"))
    bill["parameters"] = {"market": "CN", "refrigerant": "R32", "refrigerant_charge": 0.75} | told
    found = calculate(bom_of(bill), find_rule("room-air-conditioner"), release).system.inventory.assumptions
    assert {a.parameter: a.evidence for a in found}["annual_energy"] == evidence


def test_a_rule_with_circular_materials_needs_the_stage_of_the_end_of_life(alter: Callable[[Json], Path]) -> None:
    assert problems(alter({"/stages/2/id": "later", "/processes/1/stage": "later"})) == [("unlinked", "/stages")]
