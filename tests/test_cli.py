"""The command line: in this process with click's runner, and once as a user starts it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from boms import CANNED_CSV, INVENTORIES, WORKED, as_bytes, canned, worked
from click.testing import CliRunner, Result

from lcaengine import __version__
from lcaengine.cli import main

Json = dict[str, Any]
CHINESE = re.compile("[一-鿿]")
CRAFT = str(INVENTORIES / "craft-one-way-glass.json")
PLANT = str(INVENTORIES / "shandong-lager-plant.json")
WASHER = str(INVENTORIES.parent / "washing-machine" / "drum-10kg-cn.json")
SCREWS = str(INVENTORIES.parent / "cbam" / "screw-maker.json")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments), env={"COLUMNS": "200"})


def done(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def commands(group: click.Group, *path: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


COMMANDS = dict(commands(main))


def test_the_commands_there_are() -> None:
    assert set(COMMANDS) == {
        ("demo",), ("serve",), ("batch",), ("footprint",), ("bom", "template"), ("hotspots",), ("verify",), ("background", "build"), ("background", "check"),
        ("background", "search"), ("background", "list"), ("background", "show"), ("background", "diff"),
        ("background", "report"), ("rules", "list"), ("rules", "show"),
        ("rules", "schema"), ("rules", "new"), ("rules", "lint"), ("rules", "test"), ("rules", "diff"), ("rules", "impact"),
        ("rules", "publish"), ("rules", "withdraw"), ("cbam", "screen"), ("cbam", "see"), ("cbam", "answer"), ("cbam", "default"),
        ("cbam", "workbook"), ("cbam", "fill-template"), ("cbam", "import-defaults"), ("cbam", "factors"),
        ("cbam", "report"),
        ("statement", "issue"), ("statement", "export"), ("statement", "summary"), ("statement", "schema"), ("statement", "bundle"), ("statement", "verify"), ("statement", "list"), ("statement", "revoke"), ("statement", "supersede"),
        ("keys", "list"), ("keys", "rotate"), ("keys", "retire"), ("evidence", "add"), ("evidence", "list"), ("evidence", "get"), ("evidence", "remove"),
        ("store", "backup"), ("store", "restore"), ("store", "check"), ("store", "export"), ("store", "delete"), ("access", "list"), ("access", "invite"),
        ("pact", "publisher"), ("pact", "partner"), ("pact", "fetch"), ("pact", "list"), ("pact", "show"), ("pact", "publish"),
        ("pact", "export"), ("pact", "deliver"),
    }  # fmt: skip


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_help_has_an_example_that_begins_with_the_command(path: tuple[str, ...]) -> None:
    text = done(*path, "--help")
    assert re.search(rf"Example:\s+lcaengine {' '.join(path)}\b", text)
    assert CHINESE.search(text)
    assert done(*path, "-h") == text


def test_help_and_version() -> None:
    assert __version__ in done("--version")
    text = done("--help")
    assert all(path[0] in text for path in COMMANDS)


def test_a_batch(tmp_path: Path) -> None:
    file = str(INVENTORIES.parent / "batch" / "three-products.csv")
    result = run("batch", file, "--out", str(tmp_path), "--workers", "1", "--lang", "zh")
    assert result.exit_code == 0, result.output
    assert "3 份物料清单, 0 份有错误" in result.stdout
    assert sorted(path.name for path in tmp_path.iterdir()) == ["errors.csv", "results.csv", "warnings.csv"]
    again = json.loads(
        done("batch", file, "--out", str(tmp_path), "--workers", "1", "--format", "ndjson", "--lines", "--json")
    )
    assert (again["bills"], again["ok"], sorted(again["files"])) == (3, 3, ["errors", "lines", "results", "warnings"])
    refused = run("batch", CRAFT, "--out", str(tmp_path))
    assert refused.exit_code == 2
    assert ".json" in refused.stderr


# -- both languages


@pytest.mark.parametrize(
    ("arguments", "zh", "en"),
    [
        (("footprint", CRAFT), "摇篮到坟墓", "cradle to grave"),
        (("footprint", CRAFT, "--boundary", "cradle_to_gate"), "摇篮到大门", "cradle to gate"),
        (("hotspots", CRAFT, "--limit", "3"), "物料热点", "Hotspots: lines"),
        (("verify", CRAFT), "最大相对差", "Largest relative difference"),
        (("background", "search", "铝罐"), "地区", "Place"),
        (("rules", "list"), "规则", "Version"),
        (("rules", "show", "beer"), "缺省值", "Default"),
        (("cbam", "screen", WASHER), "下一步", "Next"),
        (("cbam", "answer", WASHER, "--on", "2026-06-30"), "并非应缴", "not owed"),
        (("cbam", "see", SCREWS), "可申报", "Declarable"),
        (("cbam", "default", "72083600", "--country", "CN", "--proposals"), "现行法律", "Law in force"),
        (("cbam", "factors"), "天然气", "Natural gas"),
        (("cbam", "report", SCREWS), "法规要求", "What the law asks"),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else None,
)
def test_both_languages(arguments: tuple[str, ...], zh: str, en: str) -> None:
    chinese, english = done(*arguments, "--lang", "zh"), done(*arguments, "--lang", "en")
    assert zh in chinese
    assert zh not in english
    assert en in english
    assert en not in chinese


@pytest.mark.parametrize(("locale", "text"), [("zh_CN.UTF-8", "规则"), ("en_GB.UTF-8", "Rule"), ("C", "Rule")])
def test_the_language_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch, locale: str, text: str) -> None:
    monkeypatch.setenv("LC_ALL", locale)
    assert text in done("rules", "list")


# -- JSON


@pytest.mark.parametrize("name", [name for name in WORKED if "plant" not in name])
def test_footprint_prints_what_the_api_answers(http: httpx.Client, name: str) -> None:
    printed = json.loads(done("footprint", str(INVENTORIES / name), "--json"))
    media = "text/csv" if name.endswith(".csv") else "application/json"
    answer = http.post("/v1/footprints", content=worked(name), headers={"Content-Type": media}).json()
    for key in ("id", "created", "links"):
        del answer[key]
    assert printed == answer


def test_hotspots_prints_what_the_api_answers(http: httpx.Client) -> None:
    printed = json.loads(done("hotspots", CRAFT, "--limit", "4", "--cutoff", "0.02", "--json"))
    links = http.post(
        "/v1/footprints", content=worked("craft-one-way-glass.json"), headers={"Content-Type": "application/json"}
    ).json()["links"]
    assert printed.pop("tree") == http.get(links["tree"], params={"cutoff": 0.02}).json()
    assert printed == http.get(links["hotspots"], params={"limit": 4}).json()


def test_searches_and_rules_print_what_the_api_answers(http: httpx.Client) -> None:
    found = http.get("/v1/processes", params={"q": "铝罐", "limit": 3}).json()
    assert json.loads(done("background", "search", "铝罐", "--limit", "3", "--json")) == {
        k: found[k] for k in ("items", "count")
    }
    assert json.loads(done("rules", "show", "beer", "--json")) == http.get("/v1/rules/beer").json()
    rules = http.get("/v1/rules").json()
    assert json.loads(done("rules", "list", "--json")) == {k: rules[k] for k in ("items", "count")}


def test_a_plant_gives_two_products(http: httpx.Client) -> None:
    bodies = json.loads(done("footprint", PLANT, "--json"))
    assert [b["product"]["id"] for b in bodies] == ["lager-can-330", "lager-returnable-600"]
    text = done("footprint", PLANT, "--lang", "en")
    assert "Pale lager in 330 ml cans" in text
    assert "Pale lager in 600 ml returnable glass" in text


def test_the_boundary_is_the_one_asked_for() -> None:
    gate, grave = (
        json.loads(done("footprint", CRAFT, "--boundary", f"cradle_to_{b}", "--json")) for b in ("gate", "grave")
    )
    assert (gate["boundary"], grave["boundary"]) == ("cradle_to_gate", "cradle_to_grave")
    assert {s["stage"] for s in grave["stages"]} - {s["stage"] for s in gate["stages"]} >= {
        "distribution",
        "use",
        "end_of_life",
    }
    assert 0 < gate["total"]["value"] < grave["total"]["value"]


@pytest.mark.parametrize("name", WORKED)
def test_verify_agrees_with_bw2calc(name: str) -> None:
    printed = json.loads(done("verify", str(INVENTORIES / name), "--json"))
    answers = printed if "plant" in name else [printed]
    assert len(answers) == (2 if "plant" in name else 1)
    for differences in [answer["differences"] for answer in answers]:
        assert "gwp100_excluding_biogenic_uptake" in [d["indicator"] for d in differences]
        assert max(d["relative"] for d in differences) < 1e-9
        assert all(d["ours"] == pytest.approx(d["brightway"], rel=1e-9, abs=1e-12) for d in differences)
        assert max(abs(d["brightway"]) for d in differences) > 1


# -- problems


def refused(result: Result, language: str) -> str:
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    assert bool(CHINESE.search(result.stderr)) is (language == "zh")
    return result.stderr


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("command", ["footprint", "hotspots", "verify"])
@pytest.mark.parametrize(
    ("name", "content", "code", "where"),
    [
        ("unit.json", as_bytes(canned({"/lines/0/unit": "furlong"})), "unknown_unit", "/lines/0/unit"),
        ("role.json", as_bytes(canned({"/lines/1/role": "cann"})), "unknown_role", "/lines/1/role"),
        ("broken.json", b"{\n  5}", "not_json", "line 2, column 3"),
        ("unit.csv", CANNED_CSV.replace("11,kg", "11,furlong").encode(), "unknown_unit", "row 10, column unit"),
        ("binary.csv", b"\x00\xff\xfe\x80", "not_utf8", ""),
        ("missing.json", None, "no_file", ""),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_problems_are_shown_with_their_place(
    tmp_path: Path, command: str, language: str, name: str, content: bytes | None, code: str, where: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    shown = refused(run(command, str(path), "--lang", language), language)
    assert f"[{code}]" in shown
    assert where in shown
    assert ("下一步" if language == "zh" else "Next") in shown


@pytest.mark.parametrize("language", ["zh", "en"])
def test_an_unknown_rule_is_told(language: str) -> None:
    assert "beer" in refused(run("rules", "show", "cheese", "--lang", language), language)


@pytest.mark.parametrize(
    "arguments",
    [("footprint",), ("footprint", CRAFT, "--boundary", "x"), ("hotspots", CRAFT, "--limit", "0"), ("brew",)],
)
def test_wrong_use_is_told_by_click(arguments: tuple[str, ...]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


# -- as a user starts it


def start(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "lcaengine.cli", *arguments],
        capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )  # fmt: skip


def test_a_process_of_its_own_prints_the_same(release: object) -> None:
    finished = start("footprint", CRAFT, "--json")
    assert (finished.returncode, finished.stderr) == (0, "")
    assert json.loads(finished.stdout) == json.loads(done("footprint", CRAFT, "--json"))


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::"])
def test_the_server_refuses_to_leave_loopback(tmp_path: Path, host: str, language: str) -> None:
    database = tmp_path / "none.sqlite"
    finished = start("serve", "--host", host, "--port", "0", "--database", f"sqlite:///{database}", "--lang", language)
    assert finished.returncode == 2
    assert "not_loopback" in finished.stderr
    assert host in finished.stderr
    assert bool(CHINESE.search(finished.stderr)) is (language == "zh")
    assert "Traceback" not in finished.stderr
    assert not database.exists()
