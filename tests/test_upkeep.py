"""Keeping rules: tests, lint, difference, impact, life cycle, scaffold and schema, on real files."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from boms import canned
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from upkeep_fixtures import CHANGES, edit, made, next_version, text_of

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.cli import main
from lcaengine.data import folder
from lcaengine.footprint import body, calculate
from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.rules import find_rule, list_rules, load_rule
from lcaengine.rules.history import file_sha256, read_history
from lcaengine.rules.library import rule_files, rule_state
from lcaengine.store import open_store
from lcaengine.upkeep import publishing
from lcaengine.upkeep.difference import difference, step
from lcaengine.upkeep.impact import Case, distribution, impact, inventory_cases, record_cases
from lcaengine.upkeep.json_schema import rule_schema
from lcaengine.upkeep.linting import lint_file, lint_library
from lcaengine.upkeep.references import rule_file
from lcaengine.upkeep.scaffold import new_rule
from lcaengine.upkeep.testing import Check, run_tests

Json = dict[str, Any]
BEER = folder("product_rules") / "beer" / "1.0.0" / "rule.yaml"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of rules of our own."""
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path / "rules"))
    return tmp_path / "rules"


@pytest.fixture
def drink(root: Path, release: Release) -> Path:
    return made(root, release)


def codes(caught: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [p.code for p in caught.value.problems]


def refuses(action: Callable[[], object]) -> list[str]:
    with pytest.raises(Refused) as caught:
        action()
    for problem in caught.value.problems:
        for language in ("zh", "en"):
            assert problem.message(language)  # type: ignore[arg-type]
            assert problem.next_action(language)  # type: ignore[arg-type]
    return codes(caught)


def publish(path: Path, release: Release) -> None:
    publishing.publish(path, "association", "approved", release)


# -- the runner


@pytest.mark.parametrize(
    ("expected", "found", "passed"),
    [
        (100.0, 100.00009, True), (100.0, 100.0002, False), (0.0, 0.0, True), (0.0, 1e-6, False), ({"min": 1}, 1.0, True),
        ({"min": 1}, 0.9, False), ({"max": 1}, 1.1, False), ({"min": 1, "max": 2}, 1.5, True), (1.0, None, False),
        (["a"], ["a"], True), (["a"], [], False), ([], [], True),
    ],
)  # fmt: skip
def test_what_a_test_accepts(expected: Any, found: Any, passed: bool) -> None:
    assert Check("x", expected, found).passed is passed


def test_a_failing_case_says_what_was_expected_and_found(drink: Path, release: Release) -> None:
    (drink.parent / "tests" / "wrong.yaml").write_text(
        "- {name: wrong, input: {inventory: soft-drink-example.json}, output: {lines: {electricity: 99, gold: 1}}}\n",
        encoding="utf-8",
    )
    good, bad = run_tests(load_rule(drink), drink, release)
    assert good.passed
    assert not bad.passed
    assert [(c.what, c.expected) for c in bad.checks] == [("lines: electricity", 99), ("lines: gold", 1)]
    assert bad.checks[0].found == pytest.approx(0.5 * 0.5777)
    assert bad.checks[1].found is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1", "not_a_list"),
        ("- 1", "not_an_object"),
        ("- {name: x, input: {bom: {}}}", "required"),
        ("- {name: x, input: {}, output: {}}", "required"),
        ("- {name: x, input: {bom: {}}, output: {sum: 1}}", "unknown_field"),
        ("- {name: x, input: {bom: {}}, output: {}, colour: red}", "unknown_field"),
        ("- [", "not_yaml"),
        ("- &a [*a]", "too_large"),
        ("- &a0 [x, x]\n" + "".join(f"- &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30)), "too_large"),
    ],
    ids=["object", "number", "no output", "no input", "output", "field", "broken", "itself", "bomb"],
)
def test_a_file_that_holds_no_cases_is_refused(drink: Path, release: Release, text: str, code: str) -> None:
    (drink.parent / "tests" / "bad.yaml").write_text(text, encoding="utf-8")
    assert code in refuses(lambda: run_tests(load_rule(drink), drink, release))


@pytest.mark.parametrize("name", ["nothing.json", "../rule.yaml", "/etc/hostname"])
def test_an_inventory_stays_in_its_folder(drink: Path, release: Release, name: str) -> None:
    case = [{"name": "x", "input": {"inventory": name}, "output": {"total": 1}}]
    (drink.parent / "tests" / "example.yaml").write_text(yaml.safe_dump(case), encoding="utf-8")
    (result,) = run_tests(load_rule(drink), drink, release)
    assert [p.code for p in result.problems] == ["no_inventory"]


# -- lint


def test_a_scaffold_is_clean(drink: Path, release: Release) -> None:
    assert lint_file(drink, release) == []


FAULTS: dict[str, tuple[Json, str, str, str]] = {
    "process": ({"roles/ingredient/target": "sugar-beat", "roles/ingredient/accepts": []}, "unknown_process", "ingredient:", "SOFT-DRINK-03"),
    "unfillable": ({"roles/ingredient/target": "sugar-beat", "roles/ingredient/accepts": []}, "role_unfillable", "ingredient:", "SOFT-DRINK-03"),
    "accepted": ({"roles/ingredient/accepts": ["sugar-beat"]}, "unknown_process", "ingredient:", "SOFT-DRINK-03"),
    "treatment": ({"roles/ingredient/accepts": ["landfill-plastic-cn"]}, "not_a_treatment", "ingredient:", "SOFT-DRINK-03"),
    "no treatment": ({"end_of_life/plastic/routes/0/target": "electricity-cn"}, "not_a_treatment", "plastic:", "SOFT-DRINK-22"),
    "rule id": ({"requirements/1/rule_id": " "}, "evidence_missing", "- rule_id: ' '", ""),
    "status": ({"parameters/inbound_road/status": "guess"}, "unknown_status", "status: guess", "SOFT-DRINK-20"),
    "folder": ({"id": "cider"}, "rule_misplaced", "id: cider", ""),
    "language": ({"roles/ingredient/name": {"zh": "糖"}}, "text_missing", "name:", "SOFT-DRINK-03"),
    "gas": ({"roles/ingredient/flows": {"co3": 1.0}}, "unlinked", "flows:", "SOFT-DRINK-03"),
    "loading": ({"parameters/inbound_road/default": 9e9}, "default_out_of_range", "default: 9", "SOFT-DRINK-20"),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_lint_names_line_and_rule(drink: Path, release: Release, fault: str) -> None:
    changes, code, line, rule_id = FAULTS[fault]
    edit(drink, changes)
    found = {f.problem.code: f for f in lint_file(drink, release)}
    assert code in found
    text = drink.read_text(encoding="utf-8").splitlines()[found[code].line - 1].strip()
    assert text.startswith(line)
    assert found[code].rule_id == rule_id
    assert found[code].file == "soft-drink/1.0.0/rule.yaml"
    assert found[code].as_dict("zh")["next_action"]


def test_two_rules_do_not_claim_one_customs_code(root: Path, drink: Path, release: Release) -> None:
    other = made(root, release, "lemonade")
    for path in (drink, other):
        edit(path, {"hs_codes": ["220210"]})
    for path, name in ((drink, "lemonade@1.0.0"), (other, "soft-drink@1.0.0")):
        (finding,) = lint_file(path, release)
        assert finding.problem.code == "hs_code_claimed"
        assert finding.problem.values["other"] == name
    next_version(other, "1.1.0", {"hs_codes": []})  # only the newest version counts
    assert lint_file(drink, release) == []


def test_a_place_that_is_inherited_is_in_the_file_of_the_base(root: Path, drink: Path, release: Release) -> None:
    path = new_rule("lemonade", root, release, "soft-drink@1.0.0")
    edit(drink, {"roles/ingredient/accepts": ["sugar-beat"]})
    (finding,) = lint_file(path, release)
    assert finding.file == "soft-drink/1.0.0/rule.yaml"
    assert finding.line > 10


def test_a_yaml_bomb_is_found_not_opened(root: Path, release: Release) -> None:
    path = root / "bomb" / "1.0.0" / "rule.yaml"
    path.parent.mkdir(parents=True)
    path.write_text("a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40)))
    (finding,) = lint_file(path, release)
    assert (finding.problem.code, finding.line) == ("yaml_alias", 2)


def test_a_formula_bomb_is_found(drink: Path, release: Release) -> None:
    edit(drink, {"exchanges/0/amount": "9**9**9**9*declared"})
    assert {f.problem.code for f in lint_file(drink, release)} == {"bad_formula"}


def test_rules_that_extend_each_other_are_refused(root: Path, drink: Path, release: Release) -> None:
    new_rule("lemonade", root, release, "soft-drink@1.0.0")
    edit(drink, {"extends": "lemonade@1.0.0"})
    assert refuses(lambda: load_rule(drink)) == ["cyclic_inheritance"]
    assert [f.problem.code for f in lint_file(drink, release)] == ["cyclic_inheritance"]


def test_our_own_rules_are_clean(release: Release) -> None:
    assert [f.as_dict() for f in lint_library(release)] == []


# -- difference


CHANGED: dict[str, tuple[Json, str, str, str]] = {
    "default": ({"parameters/distribution_road/default": 600}, "minor", "缺省值由 500 km 改为 600 km", "default from 500 km to 600 km"),
    "formula": ({"exchanges/0/amount": "declared*distribution_road"}, "minor", "数量由", "amount from"),
    "text": ({"title": {"zh": "汽水", "en": "Soda"}}, "patch", "由", "from"),
    "note": ({"parameters/distribution_road/note": "read"}, "patch", "说明由", "note from"),
    "role": ({"roles/other": None}, "major", "删除角色", "removed"),
    "requirement": ({"requirements/3": None}, "major", "删除要求", "removed"),
    "unit": ({"declared_unit/amount": 2}, "major", "由 1 改为 2", "from 1 to 2"),
    "new": ({"roles/sugar": {"rule_id": "S-1", "process": "production", "stage": "raw_materials", "unit": "kg", "target": "sugar-cane-cn",
                              "name": {"zh": "糖", "en": "Sugar"}}}, "minor", "新增角色 “糖”", "role 'Sugar' added"),
}  # fmt: skip


@pytest.mark.parametrize("name", CHANGED)
def test_a_change_and_the_step_it_needs(drink: Path, name: str) -> None:
    changes, level, zh, en = CHANGED[name]
    found = difference(load_rule(drink), load_rule(next_version(drink, "1.1.0", changes)))
    assert found.level == level
    (change,) = [c for c in found.changes if c.level == level][:1]
    assert zh in change.text()["zh"]
    assert en in change.text()["en"]
    json.dumps(found.as_dict())


def test_a_rule_does_not_differ_from_itself() -> None:
    assert difference(load_rule(BEER), load_rule(BEER)).changes == ()


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [("1.9.9", "2.0.0", "major"), ("1.9.0", "1.10.0", "minor"), ("1.0.9", "1.0.10", "patch"), ("1.1.0", "1.0.9", None), ("1.0.0", "1.0.0", None)],
)  # fmt: skip
def test_steps_of_versions(old: str, new: str, found: str | None) -> None:
    assert step(old, new) == found


# -- impact


def test_impact_on_three_inventories_by_hand(drink: Path, release: Release) -> None:
    """100 km more of 1 kg and 0.05 kg of film: 0.105 t km × 0.0978 kg CO2e, whatever else is in the product."""
    old = load_rule(drink)
    new = load_rule(next_version(drink, "1.1.0", {"parameters/distribution_road/default": 600}))
    found = impact(old, new, inventory_cases(new, drink), release)
    assert len(found.effects) == 3
    for effect in found.effects:
        assert effect.change == pytest.approx(0.105 * 0.0978, rel=1e-9)
        assert effect.relative == pytest.approx(0.105 * 0.0978 / effect.old, rel=1e-9)
    shown = found.as_dict()
    assert shown["failures"] == []
    spread = [e["relative"] for e in shown["effects"]]
    assert shown["distribution"]["min"] == min(spread)
    assert shown["distribution"]["max"] == max(spread)
    assert shown["distribution"]["median"] == sorted(spread)[1]
    assert sum(b["count"] for b in shown["distribution"]["histogram"]) == 3
    assert shown["most_affected"][0]["relative"] == max(spread)


def test_quartiles_on_paper() -> None:
    found = distribution([0.0, 0.1, 0.2, 0.3, 0.4])
    assert found is not None
    assert [found[k] for k in ("min", "q1", "median", "q3", "max")] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert [b["count"] for b in found["histogram"]] == [1, 0, 1, 0, 0, 1, 0, 1, 0, 1]
    assert distribution([]) is None


def test_stored_bills_of_materials_are_those_of_the_organisation(tmp_path: Path, release: Release) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    rule = find_rule("beer", "1.0.0")
    answer = body(calculate(bom_of(canned()), rule, release))
    for i in range(250):  # more than one page
        store.add("ours" if i % 2 else "theirs", canned(), answer)
    cases = list(record_cases(store, "ours", rule))
    assert len(cases) == len({case.id for case in cases}) == 125
    store.engine.dispose()


def test_records_that_do_not_allow_it_are_passed_over_and_counted(tmp_path: Path, release: Release) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    rule = find_rule("beer", "1.0.0")
    answer = body(calculate(bom_of(canned()), rule, release))
    allowed = [store.add("ours", canned(), answer, impact_allowed=i != 1).id for i in range(3)]
    found = impact(rule, rule, record_cases(store, "ours", rule), release)
    assert {e.id for e in found.effects} == {allowed[0], allowed[2]}
    assert (found.as_dict()["count"], found.as_dict()["not_allowed"], found.failures) == (2, 1, ())
    store.engine.dispose()


def test_what_cannot_be_recomputed_is_listed_and_stops_nothing(drink: Path, release: Release) -> None:
    old = load_rule(drink)
    new = load_rule(next_version(drink, "2.0.0", {"roles/other": None}))
    good = inventory_cases(old, drink)[0]
    lines = [
        *good.document["lines"],
        {"id": "x", "name": "x", "role": "other", "process": "tap-water-cn", "amount": 1, "unit": "kg"},
    ]
    cases = [good, Case("record", "gone", {**good.document, "lines": lines}), Case("record", "broken", {"lines": []})]
    found = impact(old, new, cases, release).as_dict("zh")
    assert found["count"] == 1
    assert {f["id"] for f in found["failures"]} == {"gone", "broken"}
    assert all(f["problems"] for f in found["failures"])


# -- life cycle


def test_publishing_records_and_freezes(drink: Path, release: Release) -> None:
    assert rule_state(drink) is None
    publish(drink, release)
    (entry,) = read_history(drink.parent.parent / "history.yaml")
    assert (entry.state, entry.who, entry.why, entry.sha256) == (
        "published",
        "association",
        "approved",
        file_sha256(drink),
    )
    assert find_rule("soft-drink").version == "1.0.0"
    before = drink.read_bytes()
    drink.write_bytes(before + b"# edited\n")
    with pytest.raises(Refused) as caught:
        load_rule(drink)
    (problem,) = caught.value.problems
    assert problem.code == "published_changed"
    assert problem.values["expected"] == entry.sha256
    assert problem.values["found"] == file_sha256(drink)
    assert refuses(lambda: find_rule("soft-drink")) == ["published_changed"]
    assert "soft-drink" not in {rule.id for rule in list_rules()}
    drink.write_bytes(before.replace(b"\n", b"\r\n"))  # line ends are not content
    assert load_rule(drink).version == "1.0.0"


def test_an_edited_base_is_found_by_those_who_extend_it(root: Path, drink: Path, release: Release) -> None:
    path = new_rule("lemonade", root, release, "soft-drink@1.0.0")
    publish(drink, release)
    drink.write_bytes(drink.read_bytes() + b"# edited\n")
    assert refuses(lambda: load_rule(path)) == ["published_changed"]


def test_no_older_version_takes_the_place_of_an_edited_one(drink: Path, release: Release) -> None:
    next_version(drink, "0.9.0", {})
    publish(drink, release)
    drink.write_bytes(drink.read_bytes() + b"# edited\n")
    assert refuses(lambda: find_rule("soft-drink")) == ["published_changed"]
    assert find_rule("soft-drink", "0.9.0").version == "0.9.0"


def _without(*names: str) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        for name in names:
            (path.parent / name).unlink()

    return change


REFUSED: dict[str, tuple[Callable[[Path], None], str]] = {
    "no tests": (_without("tests/example.yaml"), "no_tests"),
    "empty tests": (lambda p: (p.parent / "tests/example.yaml").write_text("[]") and None, "no_tests"),
    "failing test": (lambda p: edit(p, {"parameters/distribution_road/default": 600}), "tests_failed"),
    "unreadable tests": (lambda p: (p.parent / "tests/example.yaml").write_text("[") and None, "not_yaml"),
    "two inventories": (_without("inventories/more-0.json"), "few_inventories"),
    "an inventory that fails": (lambda p: (p.parent / "inventories/more-0.json").write_text("{}") and None, "few_inventories"),
    "lint": (lambda p: edit(p, {"roles/ingredient/accepts": ["sugar-beat"]}), "unknown_process"),
    "evidence": (lambda p: edit(p, {"parameters/inbound_road/status": ""}), "unknown_status"),
    "reasoning": (lambda p: edit(p, {"parameters/inbound_road/note": ""}), "estimate_without_reason"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_publishing_refuses(drink: Path, release: Release, name: str) -> None:
    change, code = REFUSED[name]
    change(drink)
    assert code in refuses(lambda: publish(drink, release))
    assert not (drink.parent.parent / "history.yaml").exists()


def test_publishing_needs_who_and_why(drink: Path, release: Release) -> None:
    assert refuses(lambda: publishing.publish(drink, " ", "", release)) == ["required", "required"]


VERSIONS: dict[str, tuple[str, Json, list[str]]] = {
    "lower": ("0.9.0", CHANGES, ["version_not_higher"]),
    "no reasons": ("1.0.1", {}, ["changes_missing", "changes_missing"]),
    "one language": ("1.0.1", {"changes": {"zh": "新"}}, ["changes_missing"]),
    "default as patch": ("1.0.1", {**CHANGES, "parameters/inbound_road/default": 300}, ["version_step"]),
    "removed role as minor": ("1.1.0", {**CHANGES, "roles/other": None}, ["version_step"]),
    "unit as minor": ("1.1.0", {**CHANGES, "declared_unit/amount": 2}, ["version_step"]),
}  # fmt: skip


@pytest.mark.parametrize("name", VERSIONS)
def test_a_next_version_is_refused(drink: Path, release: Release, name: str) -> None:
    version, changes, wanted = VERSIONS[name]
    publish(drink, release)
    path = next_version(drink, version, changes)
    found = refuses(lambda: publish(path, release))
    assert [code for code in found if code != "tests_failed"] == wanted


def test_the_next_version_supersedes_and_a_withdrawn_one_is_out_of_force(drink: Path, release: Release) -> None:
    publish(drink, release)
    path = next_version(drink, "1.1.0", {**CHANGES, "parameters/inbound_road/default": 300})
    assert find_rule("soft-drink").version == "1.0.0"  # a version without a state does not take over
    publishing.review(path, "author", "ready")
    assert rule_state(path) == "review"
    publish(path, release)
    assert (rule_state(drink), rule_state(path)) == ("superseded", "published")
    assert find_rule("soft-drink").version == "1.1.0"
    assert find_rule("soft-drink", "1.0.0").version == "1.0.0"
    publishing.withdraw(path, "association", "wrong")
    assert refuses(lambda: find_rule("soft-drink")) == ["no_published_version"]
    states = [(e.version, e.state) for e in read_history(drink.parent.parent / "history.yaml")]
    assert states == [
        ("1.0.0", "published"), ("1.1.0", "review"), ("1.0.0", "superseded"), ("1.1.0", "published"), ("1.1.0", "withdrawn"),
    ]  # fmt: skip


def test_states_that_do_not_follow_are_refused(drink: Path, release: Release) -> None:
    assert refuses(lambda: publishing.withdraw(drink, "a", "b")) == ["bad_transition"]
    publish(drink, release)
    assert refuses(lambda: publish(drink, release)) == ["bad_transition"]
    assert refuses(lambda: publishing.review(drink, "a", "b")) == ["bad_transition"]


def test_a_rule_over_a_draft_is_not_published(root: Path, drink: Path, release: Release) -> None:
    path = new_rule("lemonade", root, release, "soft-drink@1.0.0")
    assert "base_not_published" in refuses(lambda: publish(path, release))


def test_of_two_who_publish_at_once_one_does(drink: Path, release: Release) -> None:
    def attempt(_: int) -> bool:
        try:
            publish(drink, release)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]
    assert len(read_history(drink.parent.parent / "history.yaml")) == 1
    assert [p.name for p in drink.parent.parent.iterdir() if p.name.startswith(".")] == []


@pytest.mark.parametrize(
    "text", ["a: 1", "- {version: 1.0.0}", "- {version: 1, state: x, date: x, who: x, why: x, sha256: x}", "- ["]
)
def test_a_broken_history_is_told(drink: Path, text: str) -> None:
    (drink.parent.parent / "history.yaml").write_text(text, encoding="utf-8")
    assert refuses(lambda: load_rule(drink)) in (["not_a_list"], ["bad_history"], ["not_yaml"])


def test_what_is_published_is_what_is_on_disk() -> None:
    for path in rule_files():
        load_rule(path)
    assert rule_state(BEER) in {"published", "superseded"}


# -- scaffold, schema, references, command line


@pytest.mark.parametrize("name", ["Soft", "a_b", "../x", "", "-a", "a" * 61, "a--b"])
def test_a_name_that_is_no_id_is_refused(root: Path, release: Release, name: str) -> None:
    assert refuses(lambda: new_rule(name, root, release)) == ["rule_name"]


def test_nothing_is_overwritten_and_nothing_left_behind(root: Path, drink: Path, release: Release) -> None:
    before = drink.read_bytes()
    assert refuses(lambda: new_rule("soft-drink", root, release)) == ["already_there"]
    assert refuses(lambda: new_rule("cola", root, release, "cola@9.0.0")) == ["unknown_base"]
    assert drink.read_bytes() == before
    assert [p.name for p in root.iterdir()] == ["soft-drink"]


@pytest.mark.parametrize("base", [None, "beer@1.0.0"])
def test_a_scaffold_runs_and_fits_the_schema(root: Path, release: Release, base: str | None) -> None:
    path = new_rule("cola", root, release, base)
    validator = Draft202012Validator(rule_schema())
    assert list(validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))) == []
    assert all(result.passed for result in run_tests(load_rule(path), path, release))
    assert find_rule("cola").extends == base


def test_the_schema_fits_every_rule_and_finds_what_is_wrong() -> None:
    Draft202012Validator.check_schema(rule_schema())
    validator = Draft202012Validator(rule_schema())
    for path in rule_files():
        assert list(validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))) == [], path
    for changes in ({"colour": "gold"}, {"parameters/beer_density/min": "low"}, {"roles/malt/unit": None}):
        document = yaml.safe_load(text_of(BEER, changes))  # type: ignore[arg-type]
        assert list(validator.iter_errors(document))


def test_references(drink: Path) -> None:
    assert {rule_file(str(p)) for p in (drink, drink.parent, drink.parent.parent)} == {drink}
    assert rule_file("soft-drink") == rule_file("soft-drink@1.0.0") == drink
    with pytest.raises(NotFound):
        rule_file("soft-drink@7.0.0")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["rules", *arguments], env={"COLUMNS": "200"})
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, result.output


def test_the_whole_life_on_the_command_line(root: Path, tmp_path: Path, release: Release) -> None:
    database = f"sqlite:///{tmp_path / 'x.sqlite'}"
    assert run("new", "soft-drink", "--out", str(root))[0] == 0
    assert run("lint", "soft-drink")[0] == run("test", "soft-drink")[0] == 0
    words = ("--who", "association", "--why", "approved")
    code, text = run("publish", "soft-drink", *words, "--lang", "en")
    assert (code, "few_inventories" in text) == (2, True)
    first = root / "soft-drink" / "1.0.0" / "inventories" / "soft-drink-example.json"
    for i in range(2):
        (first.parent / f"{i}.json").write_bytes(first.read_bytes())
    assert json.loads(run("publish", "soft-drink", *words, "--json")[1])["state"] == "published"
    next_version(first.parent.parent / "rule.yaml", "1.1.0", {**CHANGES, "parameters/inbound_road/default": 300})
    code, text = run("diff", "soft-drink@1.0.0", "soft-drink@1.1.0", "--lang", "en")
    assert (code, "default from 200 km to 300 km" in text, "Distance by a new statistic" in text) == (0, True, True)
    body = json.loads(run("impact", "soft-drink@1.0.0", "soft-drink@1.1.0", "--database", database, "--json")[1])
    assert (body["count"], body["failures"]) == (3, [])
    for language in ("zh", "en"):
        assert run("impact", "soft-drink@1.0.0", "soft-drink@1.1.0", "--no-stored", "--lang", language)[0] == 0
        assert run("show", "soft-drink@1.1.0", "--lang", language)[0] == 0
    assert run("withdraw", "soft-drink@1.0.0", *words)[0] == 0
    assert "withdrawn" in run("list", "--lang", "en")[1]
    assert run("publish", "cheese", *words)[0] == 2


def test_lint_and_test_exit_with_two(drink: Path) -> None:
    edit(drink, {"parameters/distribution_road/default": 600, "roles/ingredient/accepts": ["sugar-beat"]})
    assert run("lint", "soft-drink")[0] == 2
    assert run("test", "soft-drink")[0] == 2
    found = json.loads(run("lint", "soft-drink", "--json")[1])
    assert [f["code"] for f in found["findings"]] == ["unknown_process"]


def test_every_state_has_a_name_in_both_languages() -> None:
    from lcaengine.rules.history import STATES
    from lcaengine.terminal import TEXTS

    assert set(STATES) <= set(TEXTS)
    assert Problem("no_rule_folder").message("zh")
