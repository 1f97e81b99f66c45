"""The rule language: inheritance, parameters, choices, allocation, headline, measures, modules, explanation – by hand."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from boms import as_bytes, canned
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from small_rules import BILL, GATE, GRAVE, HEADLINE, WIDGET, changed, footprint, named, parameter, publish, score

from lcaengine.background import Release
from lcaengine.bom import bom_of, read_bom
from lcaengine.cli import main
from lcaengine.footprint import body, calculate, explain
from lcaengine.problems import NotFound, Refused
from lcaengine.rules import Rule, find_rule, load_rule
from lcaengine.rules.inherit import merged

Json = dict[str, Any]
near = pytest.approx
STEEL, POWER = "steel-hot-rolled-cn", "electricity-cn"
INCLUDING = "gwp100_including_biogenic_uptake"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where rules are looked for."""
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path))
    return tmp_path


@pytest.fixture
def alter(folder: Path) -> Callable[..., Rule]:
    """The widget's rule with changes, in place and loaded."""

    def altered(changes: Mapping[str, Any]) -> Rule:
        return load_rule(publish(folder, changed(WIDGET, changes)))

    return altered


def value(release: Release, changes: Mapping[str, Any] | None = None, boundary: str = GATE) -> float:
    """The headline of the widget's bill with changes."""
    return footprint(changed(BILL, changes or {}), release, boundary).value


def answer(release: Release, changes: Mapping[str, Any] | None = None, boundary: str = GATE) -> Json:
    return body(footprint(changed(BILL, changes or {}), release, boundary))


def codes(found: Json) -> list[str]:
    return [w["code"] for w in found["warnings"]]


def refused(act: Callable[[], object]) -> list[tuple[str, str]]:
    """Code and place of every problem, without the file's name; each has its texts in both languages."""
    with pytest.raises(Refused) as caught:
        act()
    for problem in caught.value.problems:
        for language in ("zh", "en"):
            assert "?" not in problem.message(language) + problem.next_action(language)  # type: ignore[arg-type]
    return [(p.code, p.where.rpartition("rule.yaml: ")[2]) for p in caught.value.problems]


def by_rule(amount: str, target: str = POWER, unit: str = "kWh", /, name: str = "added", **other: Any) -> Json:
    """An exchange that the rule adds to the making."""
    return {"id": name, "rule_id": "W-20", "process": "making", "stage": "making", "name": named(name), "target": target,
            "unit": unit, "amount": amount, **other}  # fmt: skip


# -- inheritance

CHILD: Json = {key: WIDGET[key] for key in ("status", "title", "notice", "hs_codes")} | {
    "id": "gadget", "version": "2.0.0", "extends": "widget@1.0.0", "categories": ["gadget"],
}  # fmt: skip
BASE = changed(WIDGET, {
    "/parameters": {"plates": parameter(4, "kg"), "paint": parameter(2, "kWh")},
    "/exchanges": [by_rule("paint", name="painting"), by_rule("plates", STEEL, "kg", name="plating")],
    "/requirements/-": {"rule_id": "W-99", "source": "book", "text": named("Second.")},
    "/home_countries": ["CN", "HK"],
})  # fmt: skip
GADGET = changed(BILL, {"/product/category": "gadget"})


def child(folder: Path, changes: Mapping[str, Any], base: Json = BASE) -> Rule:
    publish(folder, base)
    return load_rule(publish(folder, changed(CHILD, changes)))


def test_a_child_that_says_nothing_is_its_base_under_another_name(folder: Path, release: Release) -> None:
    rule = child(folder, {})
    base = find_rule("widget")
    assert (rule.id, rule.version, rule.categories, rule.overrides) == ("gadget", "2.0.0", ("gadget",), ())
    parts = ("parameters", "processes", "roles", "exchanges", "requirements", "boundaries", "sources", "home_countries")
    for part in parts:
        assert getattr(rule, part) == getattr(base, part)
    # 2 kg of the bill and 4 kg of the rule; 3 kWh and 2 kWh
    expected = 6 * score(release, STEEL) + 5 * score(release, POWER)
    assert footprint(GADGET, release, GATE).value == near(expected)


def test_objects_merge_key_by_key_and_null_takes_a_key_away(folder: Path, release: Release) -> None:
    rule = child(folder, {"/parameters/plates/default": 1, "/parameters/plates/note": "one", "/roles": {"other": None}})
    assert (rule.parameters["plates"].default, rule.parameters["plates"].unit) == (1, "kg")
    assert list(rule.parameters) == ["plates", "paint"]
    assert list(rule.roles) == ["body"]
    assert {(o.path, o.base, o.own) for o in rule.overrides if o.path != "/roles/other"} == {
        ("/parameters/plates/default", "4", "1"), ("/parameters/plates/note", '"for the test"', '"one"'),
    }  # fmt: skip
    (gone,) = [o for o in rule.overrides if o.path == "/roles/other"]
    assert (json.loads(gone.base)["rule_id"], gone.own) == ("W-05", "–")
    assert footprint(GADGET, release, GATE).value == near(3 * score(release, STEEL) + 5 * score(release, POWER))


def test_lists_merge_by_id_or_rule_id(folder: Path, release: Release) -> None:
    rule = child(folder, {
        "/exchanges": [{"id": "plating", "remove": True}, {"id": "painting", "amount": "3*paint"},
                       by_rule("paint", name="drying")],
        "/requirements": [{"rule_id": "W-99", "text": {"en": "Changed."}}],
    })  # fmt: skip
    assert [(e.id, e.amount) for e in rule.exchanges] == [("painting", "3*paint"), ("drying", "paint")]
    assert [(r.rule_id, dict(r.text)["en"]) for r in rule.requirements] == [
        ("W-01", "Everything counts."), ("W-99", "Changed."),
    ]  # fmt: skip
    assert dict(rule.requirements[1].text)["zh"] == BASE["requirements"][1]["text"]["zh"]
    assert [(o.path, o.own) for o in rule.overrides] == [
        ("/exchanges/plating", "–"), ("/exchanges/painting/amount", '"3*paint"'), ("/requirements/W-99/text/en", '"Changed."'),
    ]  # fmt: skip
    # 3 kWh of the bill, 3 × 2 kWh and 2 kWh
    assert footprint(GADGET, release, GATE).value == near(2 * score(release, STEEL) + 11 * score(release, POWER))


def test_a_list_without_ids_replaces_the_bases(folder: Path) -> None:
    rule = child(folder, {"/home_countries": ["EU"]})
    assert rule.home_countries == ("EU",)
    assert [(o.path, json.loads(o.base), json.loads(o.own)) for o in rule.overrides] == [
        ("/home_countries", ["CN", "HK"], ["EU"])
    ]


@pytest.mark.parametrize("part", ["title", "notice", "categories", "hs_codes", "status"])
def test_what_names_a_rule_is_never_inherited(folder: Path, part: str) -> None:
    publish(folder, BASE)
    path = publish(folder, {key: v for key, v in CHILD.items() if key != part})
    assert refused(lambda: load_rule(path)) == [("required", f"/{part}")]


def test_grandchildren_inherit_through_their_parents(folder: Path) -> None:
    child(folder, {"/parameters": {"plates": {"default": 1}}})
    path = publish(folder, CHILD | {"id": "gizmo", "extends": "gadget@2.0.0", "parameters": {"paint": {"default": 9}}})
    rule = load_rule(path)
    assert [p.default for p in rule.parameters.values()] == [1, 9]
    assert [o.path for o in rule.overrides] == ["/parameters/paint/default"]


def test_taking_away_what_the_base_does_not_have_is_refused(folder: Path) -> None:
    found = refused(lambda: child(folder, {"/exchanges": [{"id": "platting", "remove": True}]}))
    assert ("unknown_field", "/exchanges/2/remove") in found
    assert refused(lambda: child(folder, {"/parameters": {"plate": None}})) == [("not_an_object", "/parameters/plate")]


def test_rules_that_extend_each_other_are_refused(folder: Path) -> None:
    publish(folder, BASE | {"extends": "gadget@2.0.0"})
    path = publish(folder, CHILD)
    assert refused(lambda: load_rule(path)) == [("cyclic_inheritance", "/extends")]
    itself = publish(folder, CHILD | {"id": "loop", "extends": "loop@2.0.0"})
    assert refused(lambda: load_rule(itself)) == [("cyclic_inheritance", "/extends")]


@pytest.mark.parametrize("base", ["widget@1.0.1", "widget", "wodget@1.0.0"])
def test_an_unknown_base_is_told_with_those_there_are(folder: Path, base: str) -> None:
    publish(folder, BASE)
    with pytest.raises(Refused) as caught:
        load_rule(publish(folder, CHILD | {"extends": base}))
    (problem,) = caught.value.problems
    assert (problem.code, problem.values["base"]) == ("unknown_base", base)
    assert {"beer@1.0.0", "widget@1.0.0", "gadget@2.0.0"} <= set(problem.values["known"])


def test_the_hash_of_a_rule_changes_with_its_base(folder: Path) -> None:
    before = child(folder, {}).sha256
    assert child(folder, {}).sha256 == before
    assert child(folder, {}, changed(BASE, {"/parameters/plates/default": 4.5})).sha256 != before
    assert child(folder, {"/effective": "2026-01-01"}).sha256 != before


def test_an_abstract_rule_is_only_for_its_children(folder: Path) -> None:
    child(folder, {}, BASE | {"abstract": True})
    for name in ("widget", "小件"):
        with pytest.raises(NotFound):
            find_rule(name)
    assert find_rule("gadget").abstract is False


plain = st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4)
trees = st.recursive(
    plain,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
        | st.lists(
            st.fixed_dictionaries({"id": st.sampled_from("xyz"), "a": inner}), max_size=3, unique_by=lambda e: e["id"]
        )
    ),
    max_leaves=12,
)
documents = st.dictionaries(st.sampled_from(["parameters", "roles", "exchanges"]), trees, max_size=3)


def without_nulls(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: without_nulls(v) for key, v in tree.items() if v is not None}
    return [without_nulls(v) for v in tree] if isinstance(tree, list) else tree


@settings(max_examples=40)
@given(documents.map(without_nulls))
def test_a_document_over_itself_is_itself(document: Json) -> None:
    assert merged(document, document) == (document, ())
    assert merged(document, {}) == (document, ())
    assert merged({}, document) == (document, ())


@settings(max_examples=40)
@given(documents.map(without_nulls), documents.map(without_nulls))
def test_laying_a_document_over_twice_changes_nothing_more(base: Json, own: Json) -> None:
    once, _ = merged(base, own)
    again, overrides = merged(once, own)
    assert (again, overrides) == (once, ())


# -- parameters


def test_formulas_of_parameters_are_worked_out_in_their_order(alter: Callable[..., Rule], release: Release) -> None:
    # c = 3, b = c + 1 = 4, a = 2·b = 8 kWh, written the other way round; a is in MJ: 8 kWh = 28.8 MJ
    alter({
        "/parameters": {"a": parameter(None, "MJ", formula="2*b*one"), "b": parameter(None, formula="c + 1"),
                        "c": parameter(3), "one": parameter(1, "kWh")},
        "/exchanges": [by_rule("a")],
    })  # fmt: skip
    power, steel = score(release, POWER), 2 * score(release, STEEL)
    assert value(release) == near(steel + (3 + 8) * power)
    assert value(release, {"/parameters": {"b": 10}}) == near(steel + (3 + 20) * power)
    assert value(release, {"/parameters": {"a": 36}}) == near(steel + (3 + 10) * power)
    shown = {a["parameter"]: a["value"] for a in answer(release)["assumptions"]}
    assert shown["a"] == {"amount": near(28.8), "unit": "MJ"}


def test_a_given_parameter_with_a_unit_is_converted(alter: Callable[..., Rule], release: Release) -> None:
    alter({"/parameters/extra": parameter(1, "kWh"), "/exchanges": [by_rule("extra")]})
    found = value(release, {"/parameters": {"extra": {"amount": 7.2, "unit": "MJ"}}})
    assert found == near(2 * score(release, STEEL) + 5 * score(release, POWER))


@pytest.mark.parametrize(
    ("end", "expected"),
    [("2024-12-31", 1), ("2025-01-01", 20), ("2025-12-31", 20), ("2026-01-01", 300), ("2026-06-30", 300), (None, 300)],
)
def test_the_default_is_the_one_of_the_end_of_the_period(
    alter: Callable[..., Rule], release: Release, end: str | None, expected: float
) -> None:
    since = {"status": "published", "source": "book"}
    dated = [{"since": "2025-01-01", "default": 20, **since}, {"since": "2026-01-01", "default": 300, **since}]
    alter({"/parameters/extra": parameter(1, "kWh", dated=dated), "/exchanges": [by_rule("extra")]})
    period = {"/period": {"start": "2024-01-01", "end": end}} if end else {}
    fixed = 2 * score(release, STEEL) + 3 * score(release, POWER)
    assert value(release, period) == near(fixed + expected * score(release, POWER))
    (assumption,) = answer(release, period)["assumptions"]
    assert assumption["evidence"] == ("estimate" if expected == 1 else "published")
    assert value(release, {**period, "/parameters": {"extra": 7}}) == near(fixed + 7 * score(release, POWER))


# -- choices

MARKET: Json = {"rule_id": "W-30", "name": named("Market"), "default": "CN", "source": "book",
                "options": {"CN": named("China"), "EU": named("Europe")}}  # fmt: skip
SOLD = {
    "/choices/market": MARKET, "/parameters/extra": parameter(1, "kWh"),
    "/exchanges": [by_rule("extra*(10*market_cn + 100*market_eu)")],
}  # fmt: skip


@pytest.mark.parametrize(("given_", "kwh"), [({}, 13), ({"market": "CN"}, 13), ({"market": "EU"}, 103)])
def test_formulas_see_the_option_chosen(alter: Callable[..., Rule], release: Release, given_: Json, kwh: float) -> None:
    alter(SOLD)
    found = answer(release, {"/parameters": given_})
    assert found["total"]["value"] == near(2 * score(release, STEEL) + kwh * score(release, POWER))
    assert found["choices"] == {"market": given_.get("market", "CN")}


@pytest.mark.parametrize(
    ("given_", "problem"),
    [
        ({"market": "US"}, ("unknown_option", "/parameters/market")),
        ({"market": "eu"}, ("unknown_option", "/parameters/market")),
        ({"extra": "EU"}, ("not_a_number", "/parameters/extra")),
        ({"season": "EU"}, ("unknown_parameter", "/parameters/season")),
        ({"market": 1}, ("unknown_parameter", "/parameters/market")),
    ],
)
def test_what_is_no_option_is_refused(
    alter: Callable[..., Rule], release: Release, given_: Json, problem: tuple[str, str]
) -> None:
    alter(SOLD)
    assert refused(lambda: value(release, {"/parameters": given_})) == [problem]


TABLE = """\
section,id,name,amount,unit,role
product,id,w,,,
product,name,Widget,,,
product,category,widget,,,
product,declared_unit,,1,piece,
site,country,CN,,,
basis,,declared_unit,,,
line,body,,2,kg,body
electricity,,,3,kWh,
parameter,market,,{market},,
parameter,extra,,{extra},,
"""


def test_a_table_chooses_too(alter: Callable[..., Rule], release: Release) -> None:
    rule = alter(SOLD)

    def total(**cells: Any) -> float:
        return calculate(read_bom(TABLE.format(**cells).encode(), "text/csv"), rule, release, GATE).value

    assert total(market="EU", extra=2) == near(2 * score(release, STEEL) + 203 * score(release, POWER))
    assert refused(lambda: total(market="US", extra=2)) == [("unknown_option", "/parameters/market")]
    assert refused(lambda: total(market="EU", extra="much")) == [("not_a_number", "/parameters/extra")]


def test_a_requirement_may_hold_for_one_option_only(alter: Callable[..., Rule], release: Release) -> None:
    needed = {"rule_id": "W-31", "source": "book", "text": named("Power in Europe."), "activities": ["electricity"]}
    alter(SOLD | {"/requirements/-": needed | {"when": "market_eu"}})
    assert value(release, {"/activities": {}}) == near(2 * score(release, STEEL) + 10 * score(release, POWER))
    found = refused(lambda: value(release, {"/activities": {}, "/parameters": {"market": "EU"}}))
    assert found == [("missing_activity", "/activities")]


# -- roles


def test_what_is_lost_is_bought_too(alter: Callable[..., Rule], release: Release) -> None:
    alter({"/parameters/loss": parameter(0.2), "/roles/body/loss": "loss"})
    assert value(release, {"/activities": {}}) == near(2 / 0.8 * score(release, STEEL))
    assert value(release, {"/activities": {}, "/parameters": {"loss": 0.5}}) == near(4 * score(release, STEEL))
    assert refused(lambda: value(release, {"/parameters": {"loss": 1}})) == [("loss_too_high", "/parameters/loss")]
    assert refused(lambda: value(release, {"/parameters": {"loss": -0.1}})) == [("negative", "/parameters/loss")]


def test_a_required_role_and_the_most_of_it(alter: Callable[..., Rule], release: Release) -> None:
    alter({"/roles/body/required": True, "/roles/body/most": 1})
    assert value(release) > 0
    assert refused(lambda: value(release, {"/lines": []})) == [("missing_role", "/lines")]
    second = {**BILL["lines"][0], "id": "second"}
    assert refused(lambda: value(release, {"/lines/-": second})) == [("too_many_of_role", "/lines")]


# -- allocation

BRAN: Json = {"rule_id": "W-40", "name": named("Bran"), "process": "making", "allocation": "physical",
              "biogenic_carbon": "bran_carbon"}  # fmt: skip
SHARED = {
    "/parameters": {"mass": parameter(8, "kg"), "worth": parameter(90, "CNY"), "bran_worth": parameter(20, "CNY/kg"),
                    "bran_carbon": parameter(0.1, "kg/kg"), "kept": parameter(2, "kg")},
    "/co_products/bran": BRAN,
    "/processes/0/key": "mass",
}  # fmt: skip
SOME = {"/co_products": [{"id": "bran", "amount": 2, "unit": "kg"}]}
PRICED = {"/co_products": [{"id": "bran", "amount": 2, "unit": "kg", "price": {"amount": 5000, "unit": "CNY/t"}}]}
BY_VALUE = {"/co_products/bran/allocation": "economic", "/processes/0/key": "worth"}


def gross(release: Release) -> float:
    return 2 * score(release, STEEL) + 3 * score(release, POWER)


@pytest.mark.parametrize(
    ("changes", "bill", "share"),
    [
        ({"/co_products/bran/allocation": "none"}, SOME, 1),
        ({"/co_products/bran/allocation": "subdivision"}, SOME, 1),
        ({}, SOME, 8 / (8 + 2)),
        ({}, {}, 1),
        ({}, {"/co_products": [{"id": "bran", "amount": 500, "unit": "g"}]}, 8 / 8.5),
        ({"/co_products/bran/key": "co_bran*3"}, SOME, 8 / (8 + 6)),
        (BY_VALUE, PRICED, 90 / (90 + 10)),
        (BY_VALUE | {"/co_products/bran/key": "co_bran*bran_worth"}, SOME, 90 / (90 + 40)),
    ],
    ids=["none", "subdivision", "mass", "no bran", "grams", "own key by mass", "value", "own key by value"],
)
def test_the_main_products_share_by_hand(
    alter: Callable[..., Rule], release: Release, changes: Json, bill: Json, share: float
) -> None:
    alter(SHARED | changes)
    assert value(release, bill) == near(share * gross(release))


def test_a_price_is_needed_to_share_by_value(alter: Callable[..., Rule], release: Release) -> None:
    alter(SHARED | BY_VALUE)
    assert refused(lambda: value(release, SOME)) == [("price_needed", "/co_products/0/price")]
    weighed = {"/co_products": [{**PRICED["/co_products"][0], "price": {"amount": 5, "unit": "kg"}}]}
    assert refused(lambda: value(release, weighed)) == [("wrong_dimension", "/co_products/0/price/unit")]


def test_what_comes_before_is_shared_and_what_comes_after_is_not(alter: Callable[..., Rule], release: Release) -> None:
    # casting → making (bran) → ending; 4 kWh of casting are shared 8 : 2, 5 kWh of the end are not
    casting = {"id": "casting", "rule_id": "W-07", "stage": "making", "unit": "piece", "name": named("Casting")}
    alter(SHARED | {
        "/processes/-": casting,
        "/processes/0/inputs": [{"process": "casting", "amount": "declared"}],
        "/exchanges": [by_rule("4*hour", process="casting"), by_rule("5*hour", name="after", process="ending")],
        "/parameters/hour": parameter(1, "kWh"),
    })  # fmt: skip
    power = score(release, POWER)
    assert value(release, SOME, GRAVE) == near(0.8 * (gross(release) + 4 * power) + 5 * power)


GRAIN = changed(WIDGET, SHARED | {
    "/roles/body/target": "malt-pale-cn",
    "/exchanges": [by_rule("kept", "malt-pale-cn", "kg", process="ending", stage="end_of_life")],
})  # fmt: skip
WAYS = ("none", "subdivision", "physical", "economic")


@pytest.fixture(scope="module")
def grains(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Rule]:
    """A rule for every way of allocation and of saying what the product keeps."""
    found = {}
    for way in WAYS:
        for keeps in ("inputs", "kept"):
            changes = {"/co_products/bran/allocation": way, "/processes/0/biogenic_carbon": keeps,
                       "/processes/0/key": "worth" if way == "economic" else "mass"}  # fmt: skip
            found[way, keeps] = load_rule(publish(tmp_path_factory.mktemp("grain"), changed(GRAIN, changes)))
    return found


def carbon_gap(found: Any) -> float:
    """kg CO2: including − (excluding − 44/12 × carbon in the product)."""
    columns = found.system.release.column_index
    return float(found.total[columns[INCLUDING]] - found.total[columns[HEADLINE]]) + 44 / 12 * found.biogenic_carbon


positive = st.floats(0.01, 50)


@settings(max_examples=50)
@given(
    st.sampled_from([(way, keeps) for way in WAYS for keeps in ("inputs", "kept")]), st.sampled_from([GATE, GRAVE]),
    positive, positive, positive, st.floats(0, 1), st.floats(0, 20),
)  # fmt: skip
def test_the_carbon_in_the_product_is_the_difference_of_the_totals_for_every_allocation(
    grains: dict[tuple[str, str], Rule], release: Release, which: tuple[str, str], boundary: str,
    grain: float, bran: float, price: float, content: float, kept: float,
) -> None:  # fmt: skip
    bill = changed(BILL, {
        "/lines/0/amount": grain, "/parameters": {"bran_carbon": content, "kept": kept},
        "/co_products": [{"id": "bran", "amount": bran, "unit": "kg", "price": {"amount": price, "unit": "CNY/kg"}}],
    })  # fmt: skip
    found = calculate(bom_of(bill), grains[which], release, boundary)
    assert carbon_gap(found) == near(0, abs=1e-5)


@pytest.mark.parametrize(
    ("way", "keeps", "carbon", "respired"),
    [
        ("none", "inputs", 4.2 - 0.2, 0),  # the bran takes 2 kg × 0.1
        ("none", "kept", 2, 4.2 - 0.2 - 2),
        ("physical", "inputs", 0.8 * 4.2, 0),
        ("physical", "kept", 2, 0.8 * 4.2 - 2),
        ("economic", "kept", 2, 0.9 * 4.2 - 2),
    ],
)
def test_the_carbon_of_ten_kilograms_of_malt_by_hand(
    grains: dict[tuple[str, str], Rule], release: Release, way: str, keeps: str, carbon: float, respired: float
) -> None:
    bill = changed(BILL, PRICED | {"/lines/0/amount": 10})
    found = calculate(bom_of(bill), grains[way, keeps], release, GATE)
    assert found.biogenic_carbon == near(carbon)
    balance = sum(e.amount for e in found.system.exchanges if e.line == "biogenic_carbon_balance")
    assert balance == near(44 / 12 * respired)


# -- the headline of electricity


@pytest.mark.parametrize(
    ("row", "location", "market", "warned"),
    [
        ({}, POWER, "electricity-residual-cn", []),
        ({"supply": "certificate_wind", "evidence": "No. 7"}, POWER, "electricity-wind-certificate-cn", []),
        ({"supply": "certificate_wind"}, POWER, "electricity-residual-cn", ["certificate_without_evidence"]),
        ({"supply": "onsite_pv"}, "electricity-pv-onsite-cn", "electricity-pv-onsite-cn", []),
    ],
    ids=["grid", "certificate", "claim", "roof"],
)
@pytest.mark.parametrize("headline", ["location_based", "market_based"])
def test_the_headline_follows_the_rules_method(
    alter: Callable[..., Rule],
    release: Release,
    headline: str,
    row: Json,
    location: str,
    market: str,
    warned: list[str],
) -> None:
    alter({"/electricity_headline": headline})
    found = answer(release, {"/activities/electricity/0": {**BILL["activities"]["electricity"][0], **row}})
    steel = 2 * score(release, STEEL)
    both = {"location_based": steel + 3 * score(release, location), "market_based": steel + 3 * score(release, market)}
    assert found["electricity"] == {key: near(v) for key, v in both.items()} | {"headline": headline}
    assert found["total"]["value"] == near(both[headline])
    for part in ("stages", "lines", "gases"):
        assert sum(entry["value"] for entry in found[part]) == near(both[headline]), part
    assert codes(found) == warned


# -- measures, modules, what is left out, benchmarks, disclosures, data quality


def test_the_result_per_another_measure(alter: Callable[..., Rule], release: Release) -> None:
    alter({
        "/roles/body/groups": ["steel"],
        "/per": [{"id": "kg", "rule_id": "W-50", "name": named("per kg"), "divisor": "mass_steel", "unit": "kg"},
                 {"id": "g", "rule_id": "W-51", "name": named("per g"), "divisor": "mass_steel", "unit": "g"},
                 {"id": "km", "rule_id": "W-52", "name": named("per 1000 km"), "divisor": "life", "unit": ""}],
        "/parameters/life": parameter(40),
    })  # fmt: skip
    found = answer(release)
    total = found["total"]["value"]
    assert {p["what"]: (p["value"], p["amount"], p["unit"]) for p in found["per"]} == {
        "kg": (near(total / 2), 1, "kg"), "g": (near(total / 2000), 1, "g"), "km": (near(total / 40), 1, "1"),
    }  # fmt: skip
    assert refused(lambda: value(release, {"/parameters": {"life": 0}})) == [("not_finite", "/rule/per/km")]


def test_a_module_stands_apart_from_the_total(alter: Callable[..., Rule], release: Release) -> None:
    driving = {"id": "driving", "rule_id": "W-53", "stage": "making", "unit": "piece", "name": named("Driving")}
    alter({
        "/processes/-": driving,
        "/modules": [{"id": "fuel", "rule_id": "W-54", "name": named("Fuel"), "process": "driving"}],
        "/exchanges": [by_rule("fuel", process="driving", name="fuel-used")],
        "/parameters/fuel": parameter(100, "kWh"),
    })  # fmt: skip
    for boundary in (GATE, GRAVE):
        found = answer(release, boundary=boundary)
        assert found["total"]["value"] == near(gross(release))
        assert sum(entry["value"] for entry in found["lines"]) == near(gross(release))
        (module,) = found["modules"]
        assert (module["module"], module["rule_id"]) == ("fuel", "W-54")
        assert module["value"] == near(100 * score(release, POWER))
        assert [(entry["line"], entry["value"]) for entry in module["lines"]] == [
            ("fuel-used", near(100 * score(release, POWER)))
        ]


def left_out(*shares: float) -> list[Json]:
    return [{"rule_id": f"W-7{i}", "text": named("x"), "share": s, "source": "book"} for i, s in enumerate(shares)]


def test_what_is_left_out_is_declared_and_summed(alter: Callable[..., Rule], release: Release) -> None:
    alter({"/cut_offs": left_out(0.01, 0.025), "/cut_off_limit": 0.05})
    found = answer(release)["cut_off"]
    assert (found["declared_share"], found["limit"]) == (near(0.035), 0.05)
    assert [(c["rule_id"], c["share"]) for c in found["left_out"]] == [("W-70", 0.01), ("W-71", 0.025)]


def test_as_much_as_the_limit_may_be_left_out(alter: Callable[..., Rule]) -> None:
    alter({"/cut_offs": left_out(0.1, 0.2), "/cut_off_limit": 0.3})  # more by one bit in floats
    found = refused(lambda: alter({"/cut_offs": left_out(0.1, 0.201), "/cut_off_limit": 0.3}))
    assert found == [("cut_off_limit", "/cut_offs")]


def test_benchmarks_stand_beside_the_result_of_their_boundary(alter: Callable[..., Rule], release: Release) -> None:
    benchmark = {"name": named("Others"), "value": 4.0, "source": "book"}
    alter(
        {
            "/benchmarks": [
                {"rule_id": "W-80", "boundary": GATE, **benchmark},
                {"rule_id": "W-81", "boundary": GRAVE, **benchmark},
            ]
        }
    )
    for boundary, rule_id in ((GATE, "W-80"), (GRAVE, "W-81")):
        (found,) = answer(release, boundary=boundary)["benchmarks"]
        assert (found["rule_id"], found["value"], found["source"]) == (rule_id, 4.0, "A book")
        assert found["ratio"] == near(gross(release) / 4)


DISCLOSED: dict[str, Json] = {
    "/product/brand": {"/product/brand": "W"},
    "/product/pack": {"/product/pack": {"amount": 2, "unit": "piece"}},
    "/product/gtin": {"/product/gtin": "06901234567892"},
    "/product/hs_code": {"/product/hs_code": "732690"},
    "/period": {"/period": {"start": "2025-01-01", "end": "2025-12-31"}},
    "/site/region": {"/site/region": "CN-SD"},
    "/parameters/market": {"/parameters": {"market": "CN"}},
    "/parameters/extra": {"/parameters": {"extra": 0}},
}


@pytest.mark.parametrize("field", DISCLOSED)
def test_what_must_be_told_is_missed(alter: Callable[..., Rule], release: Release, field: str) -> None:
    told = {"rule_id": "W-90", "source": "book", "text": named("Tell it.")}
    alter(SOLD | {"/disclosures": [{**told, "field": field}, {**told, "rule_id": "W-91"}]})
    (warning,) = answer(release)["warnings"]
    assert (warning["code"], warning["rule_id"]) == ("disclosure_missing", "W-90")
    assert "Tell it." in warning["message"]["en"]
    assert "中文 Tell it." in warning["message"]["zh"]
    assert codes(answer(release, DISCLOSED[field])) == []


def test_data_that_miss_what_the_rule_asks_are_warned_of(alter: Callable[..., Rule], release: Release) -> None:
    need = {"rule_id": "W-95", "source": "book"}
    alter({"/data_quality": {**need, "max_dqr": 1.0, "min_primary_share": 0.5}})
    found = answer(release)
    assert found["data_quality"]["rating"]["pef"]["dqr"] > 1
    assert codes(found) == ["dqr_above", "primary_below"]
    assert {w["rule_id"] for w in found["warnings"]} == {"W-95"}
    supplied = {"value": 50, "unit": "kg CO2e/kg", "boundary": "cradle_to_gate", "gwp": "AR6", "year": 2026}
    assert codes(answer(release, {"/lines/0/supplier_footprint": supplied})) == ["dqr_above"]  # 100 of about 102
    alter({"/data_quality": {**need, "max_dqr": 5.0, "min_primary_share": 0}})
    assert codes(answer(release)) == []


# -- lint: one broken rule per message

FIGURE = parameter(1)
UNSOURCED = {"rule_id": "W-98", "source": "x", "text": named("x")}
LINKED: Json = {"rule_id": "W-60", "source": "book", "A": "0.5", "R1": "0", "R2": "0.5", "ev": STEEL, "erec": STEEL,
                "disposal": [{"target": "landfill-metal-cn", "share": "1"}]}  # fmt: skip
BROKEN: dict[str, tuple[Json, str, str]] = {
    "neither default nor formula": ({"/parameters/p": parameter(None)}, "default_or_formula", "/parameters/p"),
    "default and formula": ({"/parameters/p": FIGURE | {"formula": "2"}}, "default_or_formula", "/parameters/p"),
    "uncertainty below one": ({"/parameters/p": FIGURE | {"uncertainty": 0.9}}, "uncertainty", "/parameters/p/uncertainty"),
    "formulas in a circle": (
        {"/parameters": {"p": parameter(None, formula="q"), "q": parameter(None, formula="2*p")}}, "cyclic_parameters",
        "/parameters",
    ),
    "formula of itself": ({"/parameters/p": parameter(None, formula="p/2")}, "cyclic_parameters", "/parameters"),
    "formula of another dimension": (
        {"/parameters": {"p": parameter(None, "kg", formula="q"), "q": parameter(1, "m")}}, "bad_formula", "/parameters/p/formula",
    ),
    "formula of an unknown name": ({"/parameters/p": parameter(None, formula="q")}, "bad_formula", "/parameters/p/formula"),
    "formula of what a bill gives": (
        {"/parameters/p": parameter(None, "kg", formula="lines_mass")}, "bad_formula", "/parameters/p/formula",
    ),
    "dates out of order": (
        {"/parameters/p": FIGURE | {"dated": [{"since": day, "default": 1, "status": "x", "source": "book"}
                                              for day in ("2026-01-01", "2025-01-01")]}}, "dated", "/parameters/p/dated",
    ),
    "no date": (
        {"/parameters/p": FIGURE | {"dated": [{"since": "2026", "default": 1, "status": "x", "source": "book"}]}}, "dated",
        "/parameters/p/dated",
    ),
    "no day of the calendar": (
        {"/parameters/p": FIGURE | {"dated": [{"since": "2026-13-41", "default": 1, "status": "x", "source": "book"}]}}, "dated",
        "/parameters/p/dated",
    ),
    "dated default out of range": (
        {"/parameters/p": FIGURE | {"dated": [{"since": "2026-01-01", "default": -1, "status": "x", "source": "book"}]}},
        "default_out_of_range", "/parameters/p/default",
    ),
    "source of a dated default": (
        {"/parameters/p": FIGURE | {"dated": [{"since": "2026-01-01", "default": 1, "status": "x", "source": "x"}]}},
        "unknown_rule_source", "/dated/source",
    ),
    "source of a choice": ({"/choices/market": MARKET | {"source": "x"}}, "unknown_rule_source", "/W-30/source"),
    "source of a material": ({"/circularity/s": LINKED | {"source": "x"}}, "unknown_rule_source", "/W-60/source"),
    "source of what is left out": ({"/cut_offs": [UNSOURCED | {"share": 0}]}, "unknown_rule_source", "/W-98/source"),
    "source of a disclosure": ({"/disclosures": [UNSOURCED]}, "unknown_rule_source", "/W-98/source"),
    "source of the data's quality": (
        {"/data_quality": {"rule_id": "W-98", "source": "x"}}, "unknown_rule_source", "/W-98/source",
    ),
    "source of a benchmark": (
        {"/benchmarks": [{"rule_id": "W-98", "name": named("x"), "value": 1, "boundary": GATE, "source": "x"}]},
        "unknown_rule_source", "/W-98/source",
    ),
    "boundary of a benchmark": (
        {"/benchmarks": [{"rule_id": "W-98", "name": named("x"), "value": 1, "boundary": "x", "source": "book"}]}, "unlinked",
        "/benchmarks/W-98",
    ),
    "a source that nobody uses": (
        {"/sources/other": {"title": "x", "read_in": "x", "status": "x"}}, "unused_source", "/sources/other",
    ),
    "default of a choice": ({"/choices/market": MARKET | {"default": "US"}}, "unlinked", "/choices/market/default"),
    "loss of a role": ({"/roles/body/loss": "x"}, "unlinked", "/roles/body"),
    "material of a role": ({"/roles/body/circular": "x"}, "unlinked", "/roles/body"),
    "a role with nothing behind it": ({"/roles/body/target": None}, "role_target", "/roles/body"),
    "process of a module": (
        {"/modules": [{"id": "m", "rule_id": "W-98", "name": named("x"), "process": "x"}]}, "unlinked", "/boundaries",
    ),
    "field of a disclosure": (
        {"/disclosures": [UNSOURCED | {"source": "book", "field": "/product/colour"}]}, "unlinked", "/disclosures/W-98",
    ),
    "parameter of a disclosure": (
        {"/disclosures": [UNSOURCED | {"source": "book", "field": "/parameters/x"}]}, "unlinked", "/disclosures/W-98",
    ),
    "too much left out": ({"/cut_offs": left_out(0.02, 0.02), "/cut_off_limit": 0.03}, "cut_off_limit", "/cut_offs"),
    "unknown allocation": (
        SHARED | {"/co_products/bran/allocation": "energetic"}, "unknown_allocation", "/co_products/bran/allocation",
    ),
    "two ways to share one burden": (
        SHARED | BY_VALUE | {"/co_products/dust": BRAN}, "unknown_allocation", "/co_products/dust/allocation",
    ),
    "a shared process without a key": (SHARED | {"/processes/0/key": None}, "no_main_key", "/processes/making/key"),
    "unknown headline": ({"/electricity_headline": "national"}, "unknown_allocation", "/electricity_headline"),
    "unknown allocation of a plant": ({"/shared_allocation": "mass"}, "unknown_allocation", "/shared_allocation"),
    "key of another dimension": (SHARED | {"/processes/0/key": "worth"}, "bad_formula", "/processes/making/key"),
    "key of a co-product": (SHARED | {"/co_products/bran/key": "value_bran"}, "bad_formula", "/co_products/bran/key"),
    "divisor of another dimension": (
        {"/per": [{"id": "kg", "rule_id": "W-98", "name": named("x"), "divisor": "declared", "unit": "kg"}]}, "bad_formula",
        "/per/kg",
    ),
    "module of another unit than the declared one": (
        {"/processes/-": {"id": "driving", "rule_id": "W-98", "stage": "making", "unit": "MJ", "amount": "used", "name": named("x")},
         "/parameters/used": parameter(1, "MJ"),
         "/modules": [{"id": "m", "rule_id": "W-98", "name": named("x"), "process": "driving"}]},
        "wrong_dimension", "/processes/driving/unit",
    ),
    "options that differ by case only": (
        {"/choices/market": MARKET, "/choices/market/options/eu": named("x")}, "duplicate_key", "/choices/market/options/eu",
    ),
    "an option and a parameter of one name": (
        {"/choices/market": MARKET, "/parameters/market_eu": FIGURE}, "duplicate_key", "/choices/market/options/EU",
    ),
    "a parameter named as what every formula knows": ({"/parameters/declared": FIGURE}, "duplicate_key", "/parameters/declared"),
    "a parameter named as a total": ({"/parameters/sum_electricity": FIGURE}, "duplicate_key", "/parameters/sum_electricity"),
    "condition of a requirement": (
        {"/requirements/-": UNSOURCED | {"source": "book", "when": "market_us"}}, "bad_formula", "/requirements/W-98/when",
    ),
    "condition on what is not yet known": (
        {"/requirements/-": UNSOURCED | {"source": "book", "when": "sum_electricity/sum_electricity"}}, "bad_formula",
        "/requirements/W-98/when",
    ),
    "R2 of what is not yet known": (
        {"/circularity/s": LINKED | {"R2": "lines_mass/lines_mass"}}, "bad_formula", "/circularity/s/R2",
    ),
    "heating value without its unit": (
        {"/circularity/s": LINKED | {"energy": "incineration-mixed-cn", "lhv": "10"}}, "bad_formula", "/circularity/s/lhv",
    ),
    "disposal that loses half": (
        {"/circularity/s": LINKED | {"disposal": [{"target": "landfill-metal-cn", "share": "0.5"}]}}, "routes_sum",
        "/circularity/s/disposal",
    ),
    "no disposal": ({"/circularity/s": LINKED | {"disposal": []}}, "routes_sum", "/circularity/s/disposal"),
    "R2 and R3 of more than all": ({"/circularity/s": LINKED | {"R3": "0.6"}}, "r2_r3", "/circularity/s"),
    "A outside the Guidance": ({"/circularity/s": LINKED | {"A": "1"}}, "allocation_factor", "/circularity/s/A"),
    "a share above one": ({"/circularity/s": LINKED | {"R1": "1.2"}}, "share", "/circularity/s/R1"),
}  # fmt: skip


def test_the_rule_without_a_fault_loads(alter: Callable[..., Rule]) -> None:
    alter({**SHARED, "/circularity/s": LINKED, "/choices/market": MARKET})


@pytest.mark.parametrize("fault", BROKEN)
def test_lint_finds_the_fault(alter: Callable[..., Rule], fault: str) -> None:
    changes, code, where = BROKEN[fault]
    assert refused(lambda: alter(changes)) == [(code, where)]


# -- explanation

EXPLAINED = SOLD | {
    "/parameters/road": parameter(500, "km", rule_id="W-32", name=named("Road")),
    "/inbound/usual": {"rule_id": "W-33", "legs": [{"mode": "road", "distance": "road"}], "abroad": []},
    "/roles/body/inbound": "usual",
    "/parameters/burned": parameter(0, rule_id="W-35"),
    "/end_of_life/metal": {"rule_id": "W-34", "routes": [{"target": "landfill-metal-cn", "share": "1 - burned"},
                                                         {"target": "recycling-steel-cn", "share": "burned"}]},
    "/roles/body/end_of_life": "metal",
}  # fmt: skip
CARRIED = {"/lines/0": {"id": "body", "amount": 2, "unit": "kg", "role": "body"}}


def explained(release: Release, changes: Mapping[str, Any]) -> Json:
    return explain(footprint(changed(BILL, CARRIED | dict(changes)), release, GRAVE))


def test_the_lines_of_an_explanation_are_the_total(alter: Callable[..., Rule], release: Release) -> None:
    alter(EXPLAINED)
    found = explained(release, {})
    freight, landfill = score(release, "lorry-heavy-diesel-cn"), score(release, "landfill-metal-cn")
    lines = {
        "body": 2 * score(release, STEEL) + 0.002 * 500 * freight + 2 * landfill,
        "power": 3 * score(release, POWER),
        "added": 10 * score(release, POWER),
    }
    assert {entry["line"]: entry["value"] for entry in found["lines"]} == near(lines)
    assert found["total"]["value"] == near(sum(lines.values()))
    for entry in found["lines"]:
        assert sum(d["value"] for d in entry["decisions"]) == near(entry["value"])
    values = [abs(entry["value"]) for entry in found["lines"]]
    assert values == sorted(values, reverse=True)


def test_every_decision_has_a_rule_id_and_every_rule_id_a_text(alter: Callable[..., Rule], release: Release) -> None:
    alter(EXPLAINED)
    found = explained(release, {})
    decided = {(e["line"], d["rule_id"], d["target"]) for e in found["lines"] for d in e["decisions"]}
    assert decided >= {("body", "W-04", STEEL), ("power", "W-06", POWER), ("added", "W-20", POWER)}
    assert set(found["rule_ids"]) == {rule_id for _, rule_id, _ in decided}
    for rule_id, texts in found["rule_ids"].items():
        assert texts, rule_id
        assert all(set(text) == {"zh", "en"} and all(text.values()) for text in texts), rule_id


def test_what_was_given_and_what_assumed_and_which_weighs_most(alter: Callable[..., Rule], release: Release) -> None:
    extra = alter(EXPLAINED).parameters["extra"]
    power, freight = score(release, POWER), score(release, "lorry-heavy-diesel-cn")
    landfill = 2 * score(release, "landfill-metal-cn")
    total = 2 * score(release, STEEL) + 13 * power + freight + landfill
    found = explained(release, {})
    assert found["given"] == []
    assert {a["parameter"]: a["share"] for a in found["assumed"]} == near(
        {"extra": 10 * power / total, "road": freight / total, "burned": landfill / total}
    )
    heaviest = found["weighs_most"]
    assert heaviest["parameter"] == "extra"
    assert heaviest["at_max"] - heaviest["at_min"] == near((extra.max - extra.min) * 10 * power)
    assert heaviest["swing"] == near((extra.max - extra.min) * 10 * power / total)
    told = explained(release, {"/parameters": {"extra": 1, "market": "CN"}})
    assert [a["parameter"] for a in told["given"]] == ["extra"]
    assert told["weighs_most"]["parameter"] == "road"
    statuses = {p["parameter"]: p["status"] for e in told["lines"] for d in e["decisions"] for p in d["parameters"]}
    assert statuses == {"extra": "given", "road": "default", "burned": "default"}
    every = {"extra": 1, "road": 1, "burned": 0}
    assert explained(release, {"/parameters": every})["weighs_most"] is None


def test_the_api_explains_a_stored_footprint(http: httpx.Client, release: Release) -> None:
    made = http.post("/v1/footprints", content=as_bytes(canned()), headers={"Content-Type": "application/json"}).json()
    got = http.get(f"/v1/footprints/{made['id']}/explanation")
    assert got.status_code == 200
    found = got.json()
    assert found == json.loads(json.dumps(explain(calculate(bom_of(canned()), find_rule("beer"), release))))
    assert sum(entry["value"] for entry in found["lines"]) == near(made["total"]["value"])
    assert all(texts for texts in found["rule_ids"].values())
    nobody = http.get("/v1/footprints/00000000-0000-4000-8000-000000000000/explanation")
    assert nobody.status_code == 404


def test_the_command_line_explains_in_both_languages(
    alter: Callable[..., Rule], tmp_path: Path, release: Release
) -> None:
    alter(EXPLAINED)
    file = tmp_path / "bill.json"
    file.write_text(json.dumps(changed(BILL, CARRIED)), encoding="utf-8")

    def run(*arguments: str) -> str:
        found = CliRunner().invoke(main, ["footprint", str(file), "--explain", *arguments], env={"COLUMNS": "200"})
        assert found.exit_code == 0, found.output
        return found.stdout

    assert json.loads(run("--json")) == json.loads(json.dumps(explained(release, {})))
    english, chinese = run("--lang", "en"), run("--lang", "zh")
    for text in (english, chinese):
        assert all(rule_id in text for rule_id in ("W-04", "W-06", "W-20", "W-32"))
    assert "the material itself" in english
    assert "Road" in english
    assert "中文" not in english
    assert "物料本身" in chinese
    assert "中文 Road" in chinese
