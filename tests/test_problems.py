"""Every problem that the code can raise has its texts, and every text can be shown."""

from __future__ import annotations

import ast
import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest
from background_fixtures import PROJECT

from lcaengine.problems import Malformed, NoSolution, NotFound, Problem, Refused, TooLarge, texts

KEYS = {"zh", "en", "next_zh", "next_en"}
SOURCES = sorted(p for folder in ("lcaengine", "api") for p in (PROJECT / folder).rglob("*.py"))
CODES = sorted(texts())


def codes_in(path: Path) -> set[str]:
    return set(re.findall(r"""\bProblem\(\s*["'](\w+)["']""", path.read_text(encoding="utf-8")))


def calls_in(path: Path) -> Iterator[tuple[str, set[str]]]:
    """Code and names of the values of every ``Problem("code", …, {"name": …})`` whose values stand there in full."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Call(func=ast.Name(id="Problem"), args=[ast.Constant(value=str(code)), *rest], keywords=keywords):
                given = [k.value for k in keywords if k.arg == "values"] + rest[1:2]
                if not given:
                    yield code, set()
                elif isinstance(given[0], ast.Dict) and all(isinstance(k, ast.Constant) for k in given[0].keys):
                    yield code, {str(k.value) for k in given[0].keys if isinstance(k, ast.Constant)}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_there_is_source_to_look_at() -> None:
    assert len({code for path in SOURCES for code in codes_in(path)}) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(PROJECT).as_posix())
def test_every_code_in_the_source_has_its_texts(path: Path) -> None:
    assert codes_in(path) - set(CODES) == set()


@pytest.mark.parametrize("path", SOURCES, ids=lambda p: p.relative_to(PROJECT).as_posix())
def test_every_text_gets_the_values_it_shows(path: Path) -> None:
    lacking = {
        (code, name)
        for code, given in calls_in(path)
        if code in texts()
        for text in texts()[code].values()
        for name in placeholders(text) - given
    }
    assert lacking == set()


@pytest.mark.parametrize("code", CODES)
def test_four_texts_that_can_be_shown(code: str) -> None:
    text = texts()[code]
    assert set(text) == KEYS
    values = {name: f"<{name}>" for t in text.values() for name in placeholders(t)}
    problem = Problem(code, "/lines/3", values)
    for language in ("zh", "en"):
        for shown, template in (
            (problem.message(language), text[language]),
            (problem.next_action(language), text[f"next_{language}"]),
        ):
            assert shown.strip()
            assert placeholders(shown.replace("{", "").replace("}", "")) == set()
            assert all(f"<{name}>" in shown for name in placeholders(template))


@pytest.mark.parametrize("code", CODES)
def test_chinese_is_chinese_and_english_is_not(code: str) -> None:
    for key, text in texts()[code].items():
        assert bool(re.search("[一-鿿]", text)) is key.endswith("zh"), key


@pytest.mark.parametrize("code", CODES)
def test_both_languages_show_the_same_values(code: str) -> None:
    text = texts()[code]
    assert placeholders(text["zh"]) == placeholders(text["en"])
    assert placeholders(text["next_zh"]) == placeholders(text["next_en"])


def test_values_are_shown_in_the_readers_language() -> None:
    name = {"zh": "麦芽", "en": "Malt"}
    problem = Problem("unknown_process", values={"process": name, "nearest": [name, "hops-cn"]})
    assert "“麦芽”" in problem.message("zh")
    assert "麦芽, hops-cn" in problem.message("zh")
    assert "'Malt'" in problem.message("en")


def test_numbers_are_shown_short() -> None:
    values = {"formula": "a", "value": 1 / 3, "amount": 0.5}
    assert "0.333333," in Problem("formula_differs", values=values).message("en")


def test_what_a_user_typed_is_not_a_template() -> None:
    problem = Problem("unknown_unit", values={"unit": "{0.__class__} {unit} %s"})
    assert "'{0.__class__} {unit} %s'" in problem.message("en")


def test_long_values_are_cut() -> None:
    assert len(Problem("unknown_unit", values={"unit": "x" * 100_000}).message("en")) < 300


def test_as_the_api_shows_it() -> None:
    assert Problem("unknown_unit", "/lines/0/unit", {"unit": "furlong"}).as_dict("zh") == {
        "code": "unknown_unit",
        "pointer": "/lines/0/unit",
        "message": "无法识别单位“furlong”。",
        "next_action": "请使用 kg、t、L、hl、m3、kWh、MJ、GJ、piece、t*km 等单位。",
    }


def test_candidates_are_passed_on() -> None:
    candidates = [{"code": "malt-cn"}]
    body = Problem("unknown_process", values={"process": "x", "nearest": [], "candidates": candidates}).as_dict()
    assert body["candidates"] == candidates


@pytest.mark.parametrize(
    ("error", "status"), [(Refused, 422), (Malformed, 400), (TooLarge, 413), (NotFound, 404), (NoSolution, 422)]
)
def test_status_of_each_refusal(error: type[Refused], status: int) -> None:
    raised = error([Problem("empty_table"), Problem("null", "/a", {"field": "a"})])
    assert raised.status == status
    assert len(raised.problems) == 2
    assert "/a: 'a' must not be null." in str(raised)
    assert isinstance(raised, Refused)
