"""Rules: the beer rule is whole, lint finds one fault at a time, versions, and the tests that stand beside a rule."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from foregrounds import GATE, GRAVE
from hypothesis import given
from hypothesis import strategies as st

from lcaengine import formulas
from lcaengine.background import default_release
from lcaengine.data import folder
from lcaengine.problems import NotFound, Refused
from lcaengine.rules import Rule, find_rule, list_rules, load_rule
from lcaengine.rules.library import rule_files
from lcaengine.upkeep import testing

Json = dict[str, Any]
BEER = folder("product_rules") / "beer" / "1.0.0" / "rule.yaml"
TEXT = BEER.read_text(encoding="utf-8")
DOCUMENT: Json = yaml.safe_load(TEXT)
BESIDE = sorted(BEER.parent.glob("tests/*.yaml"))


# -- the beer rule


def test_the_beer_rule_loads_by_id_and_by_category() -> None:
    rule = find_rule("beer")
    assert (rule.id, rule.version, rule.status) == ("beer", "1.1.0", "published")
    assert find_rule("啤酒") == rule
    assert rule.declared_unit.to("L") == 100
    assert list(rule.boundaries) == [GATE, GRAVE]


def targets(rule: Rule) -> set[str]:
    """Every background process that a rule names."""
    found: set[str | None] = set(rule.inbound_modes.values())
    for role in rule.roles.values():
        found |= {role.target, *role.accepts}
        found |= {role.recycled.virgin, role.recycled.recycled} if role.recycled else set()
    for activity in rule.activities.values():
        found.add(activity.unclaimed)
        for kind in activity.kinds.values():
            found |= {kind.target, kind.market}
    found |= {route.target for end in rule.end_of_life.values() for route in end.routes}
    found |= {e.target for e in rule.exchanges}
    return {code for code in found if code}


def test_every_target_of_the_beer_rule_is_in_the_embedded_release() -> None:
    assert targets(find_rule("beer")) - set(default_release().codes) == set()


def test_every_flow_of_the_beer_rule_is_in_the_embedded_release() -> None:
    kinds = [k for a in find_rule("beer").activities.values() for k in a.kinds.values()]
    flows = {flow for kind in kinds for flow in kind.flows}
    assert flows - set(default_release().flows) == set()
    for kind in kinds:
        if kind.flows:
            assert sum(kind.flows.values()) == pytest.approx(1)


def test_treatments_are_treatments_and_products_are_made() -> None:
    rule, release = find_rule("beer"), default_release()
    treated = {r.target for end in rule.end_of_life.values() for r in end.routes}
    treated |= {e.target for e in rule.exchanges if e.waste}
    treated |= {k.target for s in ("waste", "wastewater") for k in rule.activities[s].kinds.values() if k.target}
    for code in targets(rule):
        assert bool(release.production[release.find(code)] < 0) == (code in treated), code


def test_everything_in_the_beer_rule_has_a_rule_id_and_a_source() -> None:
    rule = find_rule("beer")
    sourced = [*rule.parameters.values(), *rule.guardrails, *rule.requirements]
    for item in sourced:
        assert item.rule_id.startswith("BEER-")
        assert item.source in rule.sources
    parts = [rule.processes, rule.exchanges, rule.roles.values(), rule.activities.values(), rule.inbound.values(),
             rule.end_of_life.values(), rule.co_products.values()]  # fmt: skip
    for item in [item for part in parts for item in part]:
        assert item.rule_id.startswith("BEER-")
    for parameter in rule.parameters.values():
        assert parameter.status in {"published", "derived", "estimate"}
        assert parameter.locator or parameter.note, parameter.id
        assert set(parameter.name) == {"zh", "en"}


@given(st.data())
def test_the_routes_of_an_end_of_life_always_sum_to_one(data: st.DataObject) -> None:
    rule = find_rule("beer")
    shares = st.floats(0, 1)
    names = {n for end in rule.end_of_life.values() for route in end.routes for n in formulas.names(route.share)}
    values = {name: data.draw(shares, label=name) for name in sorted(names)}
    for name, end in rule.end_of_life.items():
        found = [formulas.evaluate(route.share, values) for route in end.routes]
        assert math.fsum(found) == pytest.approx(1, abs=1e-12), name
        assert all(share >= 0 for share in found)


# -- lint, one fault at a time


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "rule.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(tmp_path: Path, change: Callable[[Json], object]) -> list[tuple[str, str]]:
    """Code and place of every problem of the beer rule with one change."""
    document = copy.deepcopy(DOCUMENT)
    change(document)
    with pytest.raises(Refused) as caught:
        load_rule(written(tmp_path, yaml.safe_dump(document, allow_unicode=True)))
    for problem in caught.value.problems:
        for language in ("zh", "en"):
            assert "?" not in problem.message(language) + problem.next_action(language)  # type: ignore[arg-type]
    places = [p.where.split("rule.yaml: ") for p in caught.value.problems]
    assert all(len(place) == 2 for place in places), "a problem does not name its file"
    return [(p.code, place[1]) for p, place in zip(caught.value.problems, places, strict=True)]


def put(*path: Any, value: Any) -> Callable[[Json], None]:
    """A change that sets one value."""

    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        document[path[-1]] = value

    return change


def without(*path: Any) -> Callable[[Json], None]:
    """A change that removes one value."""

    def change(document: Any) -> None:
        for key in path[:-1]:
            document = document[key]
        del document[path[-1]]

    return change


FAULTS: dict[str, tuple[Callable[[Json], object], str, str]] = {
    "process of a co-product": (
        put("co_products", "spent_grain", "process", value="x"), "unlinked", "/co_products/spent_grain/process",
    ),
    "role that is required": (put("requirements", 2, "role", value="x"), "unlinked", "/requirements/BEER-03"),
    "group that is required": (put("requirements", 3, "group", value="x"), "unlinked", "/requirements/BEER-04"),
    "activity that is required": (put("requirements", 4, "activities", value=["x"]), "unlinked", "/requirements/BEER-05"),
    "default kind": (put("activities", "water", "default_kind", value="x"), "unlinked", "/activities/water/default_kind"),
    "heating value": (
        put("activities", "fuels", "kinds", "natural_gas", "energy_content", value="x"), "unlinked",
        "/activities/fuels/kinds/natural_gas/energy_content",
    ),
    "routes that lose half": (put("end_of_life", "glass", "routes", 1, "share", value="0.5 - glass_recycling"), "routes_sum", "/end_of_life/glass"),
    "version": (put("version", value="1.0-draft"), "version", "/version"),
    "stage of a role": (put("roles", "malt", "stage", value="x"), "unlinked", "/roles/malt"),
    "stage of a process": (put("processes", 0, "stage", value="x"), "unlinked", "/processes/brewing"),
    "stage of an exchange": (put("exchanges", 0, "stage", value="x"), "unlinked", "/BEER-50"),
    "stage of an activity": (put("activities", "water", "stage", value="x"), "unlinked", "/BEER-07"),
    "process of a role": (put("roles", "malt", "process", value="x"), "unlinked", "/roles/malt"),
    "process of an exchange": (put("exchanges", 0, "process", value="x"), "unlinked", "/BEER-50"),
    "process of an input": (
        put("processes", 1, "inputs", 0, "process", value="x"), "unlinked", "/processes/packing/inputs",
    ),
    "process of a boundary": (put("boundaries", GATE, value="x"), "unlinked", "/boundaries"),
    "default boundary": (put("default_boundary", value="x"), "unlinked", "/default_boundary"),
    "trips of a role": (put("roles", "keg", "uses", value="x"), "unlinked", "/roles/keg"),
    "recycled content": (put("roles", "can", "recycled", "share", value="x"), "unlinked", "/roles/can"),
    "inbound of a role": (put("roles", "malt", "inbound", value="x"), "unlinked", "/roles/malt"),
    "end of life of a role": (put("roles", "keg", "end_of_life", value="x"), "unlinked", "/roles/keg"),
    "mode of a leg": (put("inbound", "glass", "legs", 0, "mode", value="x"), "unlinked", "/inbound/glass"),
    "distance of a leg": (put("inbound", "glass", "abroad", 0, "distance", value="x"), "unlinked", "/inbound/glass"),
    "neither target nor recycled": (without("roles", "malt", "target"), "role_target", "/roles/malt"),
    "both target and recycled": (put("roles", "can", "target", value="steel-keg-cn"), "role_target", "/roles/can"),
    "default above its range": (
        put("parameters", "beer_density", "default", value=1.07), "default_out_of_range",
        "/parameters/beer_density/default",
    ),
    "default below its range": (
        put("parameters", "return_trips", "default", value=0.5), "default_out_of_range",
        "/parameters/return_trips/default",
    ),
    "unknown unit": (
        put("parameters", "beer_density", "unit", value="kg/cup"), "unknown_unit", "/parameters/beer_density/unit",
    ),
    "wrong dimension": (
        put("exchanges", 6, "amount", value="cooling_away*beer_density"), "bad_formula", "/exchanges/cooling/amount",
    ),
    "mass and volume added": (
        put("exchanges", 0, "amount", value="(declared + mass_packaging)*distribution_road"), "bad_formula",
        "/exchanges/outbound_road/amount",
    ),
    "share with a dimension": (
        put("end_of_life", "glass", "routes", 0, "share", value="beer_density"), "bad_formula", "/end_of_life/glass",
    ),
    "unknown name": (
        put("exchanges", 6, "amount", value="warming*declared"), "bad_formula", "/exchanges/cooling/amount",
    ),
    "guardrail of an unknown name": (
        put("guardrails", 0, "quantity", value="mass_gold/declared"), "bad_formula", "/guardrails/BEER-80/quantity",
    ),
    "a tower of powers": (
        put("exchanges", 6, "amount", value="9**9**9**9*cooling_away*declared"), "bad_formula",
        "/exchanges/cooling/amount",
    ),
    "a very long formula": (
        put("exchanges", 6, "amount", value="1+" * 5000 + "1"), "bad_formula", "/exchanges/cooling/amount",
    ),
    "a very deep formula": (
        put("exchanges", 6, "amount", value="(" * 180 + "1" + ")" * 180 + "**2**2"), "bad_formula",
        "/exchanges/cooling/amount",
    ),
    "code in a formula": (
        put("exchanges", 6, "amount", value="__import__('os').getpid()"), "bad_formula", "/exchanges/cooling/amount",
    ),
    "source of a parameter": (
        put("parameters", "beer_density", "source", value="x"), "unknown_rule_source", "/BEER-20/source",
    ),
    "source of a requirement": (put("requirements", 0, "source", value="x"), "unknown_rule_source", "/BEER-01/source"),
    "source of a guardrail": (put("guardrails", 0, "source", value="x"), "unknown_rule_source", "/BEER-80/source"),
    "estimate without a note": (
        without("parameters", "beer_density", "note"), "estimate_without_reason", "/parameters/beer_density/note",
    ),
    "unknown field": (put("parameters", "beer_density", "colour", value="gold"), "unknown_field", "/parameters/beer_density/colour"),
    "unknown section": (put("extras", value=[]), "unknown_field", "/extras"),
    "missing field": (without("parameters", "beer_density", "min"), "required", "/parameters/beer_density/min"),
    "missing section": (without("declared_unit"), "required", "/declared_unit"),
    "a text for a number": (
        put("parameters", "beer_density", "min", value="low"), "not_a_number", "/parameters/beer_density/min",
    ),
    "true for a number": (
        put("parameters", "beer_density", "min", value=True), "not_a_number", "/parameters/beer_density/min",
    ),
    "a text for a list": (put("stages", value="all"), "not_a_list", "/stages"),
    "a list for an object": (put("parameters", value=[]), "not_an_object", "/parameters"),
    "infinite declared unit": (
        put("declared_unit", "amount", value=math.inf), "not_finite", "/declared_unit",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_lint_finds_one_fault(tmp_path: Path, fault: str) -> None:
    change, code, where = FAULTS[fault]
    assert faults(tmp_path, change) == [(code, where)]


def test_lint_names_every_fault_at_once(tmp_path: Path) -> None:
    def change(document: Json) -> None:
        document["parameters"]["beer_density"]["default"] = 7
        document["roles"]["malt"]["stage"] = "x"
        document["guardrails"][0]["source"] = "x"

    assert {code for code, _ in faults(tmp_path, change)} == {"unlinked", "default_out_of_range", "unknown_rule_source"}


def refused(tmp_path: Path, text: str) -> str:
    with pytest.raises(Refused) as caught:
        load_rule(written(tmp_path, text))
    return caught.value.problems[0].code


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    assert refused(tmp_path, TEXT + "\nversion: 2.0.0\n") == "duplicate_json_key"
    twice = TEXT.replace("default: 1.01,", "default: 1.01, default: 1.02,")
    assert refused(tmp_path, twice) == "duplicate_json_key"


def test_an_alias_bomb_is_refused_before_it_grows(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
    assert refused(tmp_path, bomb) == "yaml_alias"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: [1", "not_yaml"),
        ("[" * 50_000, "not_yaml"),
        ("- a list", "not_an_object"),
        ("", "not_an_object"),
        ("a: !!python/object/apply:os.getpid []", "not_yaml"),
        ("a: " + "x" * 2_000_001, "too_large"),
    ],
    ids=["unclosed", "deep", "list", "empty", "object", "large"],
)
def test_what_is_no_rule_at_all_is_refused(tmp_path: Path, text: str, code: str) -> None:
    assert refused(tmp_path, text) == code


# -- folders and versions


def add(root: Path, name: str, version: str, title: str = "x") -> None:
    path = root / name / version
    path.mkdir(parents=True)
    document = copy.deepcopy(DOCUMENT) | {"id": name, "version": version, "title": {"zh": title, "en": title}}
    document["categories"] = [name]
    (path / "rule.yaml").write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")


def test_a_folder_of_rules_is_added_and_the_newest_version_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for version in ("1.2.0", "1.10.0", "1.9.3"):
        add(tmp_path, "ale", version)
    add(tmp_path, "cider", "0.1.0")
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path))
    assert find_rule("ale").version == "1.10.0"
    assert find_rule("ale", "1.9.3").version == "1.9.3"
    assert find_rule("cider").version == "0.1.0"
    assert [(r.id, r.version) for r in list_rules() if r.id in {"ale", "cider"}] == [
        ("ale", "1.2.0"), ("ale", "1.9.3"), ("ale", "1.10.0"), ("cider", "0.1.0"),
    ]  # fmt: skip
    monkeypatch.delenv("LCAENGINE_RULES")
    with pytest.raises(NotFound):
        find_rule("ale")


def test_a_published_version_is_preferred_to_a_newer_one_that_nobody_published(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(tmp_path, "beer", "1.10.0")
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path))
    assert find_rule("beer").version != "1.10.0"
    assert find_rule("beer", "1.10.0").version == "1.10.0"


def test_a_rule_that_does_not_exist_is_named_with_those_that_do() -> None:
    for category, version in (("wine", None), ("beer", "9.9.9")):
        with pytest.raises(NotFound) as caught:
            find_rule(category, version)
        assert "beer" in caught.value.problems[0].values["known"]


def test_a_changed_file_is_read_again_and_has_another_hash(tmp_path: Path) -> None:
    import os

    path = written(tmp_path, TEXT)
    before = load_rule(path)
    path.write_text(TEXT.replace("default: 1.01,", "default: 1.02,"), encoding="utf-8")
    os.utime(path, ns=(1, 1))
    after = load_rule(path)
    assert after.parameters["beer_density"].default == 1.02
    assert after.sha256 != before.sha256
    path.write_bytes(TEXT.replace("\n", "\r\n").encode())
    os.utime(path, ns=(2, 2))
    assert load_rule(path).sha256 == before.sha256  # line ends are not content


# -- the tests beside a rule: product_rules/<id>/<version>/tests/*.yaml


def beside() -> list[Any]:
    return [
        pytest.param(path, file, case, id=f"{path.parent.parent.name}: {case['name']}")
        for path in rule_files()
        for file, case in testing.cases(path)
    ]


@pytest.mark.parametrize(("path", "file", "case"), beside())
def test_the_tests_beside_a_rule(path: Path, file: str, case: Json) -> None:
    result = testing.run_case(file, case, load_rule(path), path, default_release())
    assert result.problems == ()
    assert [check for check in result.checks if not check.passed] == []
    assert result.checks


def test_the_beer_rule_has_tests_beside_it() -> None:
    assert BESIDE
    assert any("bom" in case["input"] for _, case in testing.cases(BEER))


def test_a_bad_rule_stops_only_those_who_ask_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = tmp_path / "cider" / "1.0.0"
    bad.mkdir(parents=True)
    (bad / "rule.yaml").write_text("id: cider\n", encoding="utf-8")
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path))
    assert find_rule("beer").id == "beer"
    with pytest.raises(Refused) as caught:
        find_rule("cider")
    assert all(p.where.startswith("cider/1.0.0/rule.yaml: ") for p in caught.value.problems)
