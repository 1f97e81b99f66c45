"""Background processes as people and programs see them: `background list`, `show`, `search`, and /v1/processes."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from background_fixtures import read_csv
from click.testing import CliRunner, Result
from quick_release import Rows, only, quick_release_of, tiny
from rich.console import Console

from lcaengine.background import Release
from lcaengine.background.describe import process_body
from lcaengine.cli import main
from lcaengine.data import folder as data_folder
from lcaengine.terminal import Terminal

Json = dict[str, Any]
HEADLINE = "gwp100_excluding_biogenic_uptake"


def read_all(name: str) -> list[dict[str, str]]:
    return [row for path in sorted(data_folder("background_data").glob(f"*/{name}.csv")) for row in read_csv(path)]


@pytest.fixture(scope="module")
def bodies(release: Release) -> dict[str, Json]:
    return {code: process_body(release, code) for code in release.codes}


# -- by hand, on the tiny tables (figures as in test_difference.py)


def test_a_process_of_the_tiny_tables(tmp_path: Path) -> None:
    release = quick_release_of(tiny(tmp_path / "tables"))
    power = 0.5 + 0.001 * 29.8
    flour = (1.25 * 0.273 + 0.1 * power) * 16 / 17
    whole = 0.8 * flour + 0.05 * 0.02 * power
    bread = process_body(release, "bread")
    assert bread["score"] == {"value": pytest.approx(whole), "unit": "kg CO2e/kg"}
    assert [(c["target"], c["name"]["zh"]) for c in bread["contributions"]] == [
        ("flour", "面粉"),
        ("burning", "残渣焚烧"),
    ]
    assert [c["value"] for c in bread["contributions"]] == pytest.approx([0.8 * flour, 0.05 * 0.02 * power])
    assert [c["share"] for c in bread["contributions"]] == pytest.approx([0.8 * flour / whole, 0.001 * power / whole])
    burning = process_body(release, "burning")
    assert burning["score"]["value"] == pytest.approx(0.02 * power), "of treating one kilogram"
    assert burning["production_amount"] == -1
    assert [u["code"] for u in burning["used_by"]] == ["bread"]
    power_body = process_body(release, "power")
    assert [(u["code"], u["amount"], u["unit"]) for u in power_body["used_by"]] == [
        ("burning", "72", "kJ"),
        ("flour", "0.1", "kWh"),
    ]
    assert [c["value"] for c in power_body["contributions"]] == pytest.approx([0.5, 0.0298])
    assert bread["status_shares"]["estimate"] == pytest.approx(0.001 * power / whole)


def test_a_co_product_shows_the_run_that_makes_it_and_its_sources(tmp_path: Path) -> None:
    release = quick_release_of(tiny(tmp_path / "tables"))
    bran, flour = process_body(release, "bran"), process_body(release, "flour")
    assert bran["exchanges"] == flour["exchanges"] != []
    assert [s["id"] for s in bran["sources"]] == ["book"]
    assert bran["production_amount"] == 0.25
    assert [u["code"] for u in process_body(release, "grain")["used_by"]] == ["flour"]
    assert bran["used_by"] == []


# -- every process of the embedded release


def test_contributions_sum_to_the_score_of_every_process(bodies: dict[str, Json]) -> None:
    for code, body in bodies.items():
        values = [c["value"] for c in body["contributions"]]
        score = body["score"]["value"]
        assert body["scores"][HEADLINE] == score
        assert sum(values) == pytest.approx(score, rel=1e-9, abs=1e-12 * sum(map(abs, values))), code
        assert [abs(v) for v in values] == sorted((abs(v) for v in values), reverse=True), code
        if score:
            assert sum(c["share"] for c in body["contributions"]) == pytest.approx(1, rel=1e-9), code
            assert sum(body["status_shares"].values()) == pytest.approx(1, rel=1e-9), code


def test_the_gases_and_the_parts_sum_to_the_score_of_every_process(release: Release, bodies: dict[str, Json]) -> None:
    gases = [name for name in release.columns if name.startswith("gas:")]
    assert len(gases) > 3
    for code, body in bodies.items():
        parts = [body["scores"][name] for name in gases]
        assert sum(parts) == pytest.approx(body["score"]["value"], rel=1e-9, abs=1e-12 * sum(map(abs, parts))), code


def test_used_by_is_the_inverse_of_the_exchanges(bodies: dict[str, Json]) -> None:
    buyers: dict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)
    for row in read_all("exchanges"):
        if row["kind"] not in ("biosphere", "coproduct"):
            buyers[row["target"]][row["process"], row["amount"], row["unit"]] += 1
    for code, body in bodies.items():
        assert Counter((u["code"], str(u["amount"]), u["unit"]) for u in body["used_by"]) == buyers[code], code


def test_every_figure_of_a_process_is_shown_and_its_source_resolves(bodies: dict[str, Json]) -> None:
    given: dict[str, list[tuple[str, ...]]] = defaultdict(list)
    for row in read_all("exchanges"):
        given[row["process"]].append(
            (row["target"], row["amount"], row["unit"], row["status"], row["source"], row["locator"])
        )
    made_by = {row["target"]: row["process"] for row in read_all("exchanges") if row["kind"] == "coproduct"}
    assert len(made_by) > 10
    for code, body in bodies.items():
        shown = [
            tuple(str(e[k]) for k in ("target", "amount", "unit", "status", "source", "locator"))
            for e in body["exchanges"]
        ]
        assert shown == given[made_by.get(code, code)], code
        sources = {source["id"]: source for source in body["sources"]}
        assert {e["source"] for e in (*body["exchanges"], *body["comparisons"])} == set(sources), code
        assert all(source["title"] for source in sources.values()), code


def test_every_comparison_is_shown_beside_our_score(bodies: dict[str, Json]) -> None:
    given: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    for row in read_all("comparisons"):
        given[row["process"]][row["source"], row["locator"]] += 1
    assert len(given) > 50
    for code, body in bodies.items():
        assert Counter((c["source"], c["locator"]) for c in body["comparisons"]) == given[code], code
        for c in body["comparisons"]:
            assert c["ours"] == pytest.approx(body["score"]["value"], rel=1e-12), code
            assert c["ratio"] == pytest.approx(c["ours"] / c["published"], rel=1e-12), code
            assert c["reason"] or 0.7 <= c["ratio"] <= 1.4, code


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("code", ["bearing-cn", "rice-bran-cn", "electricity-cn", "landfill-glass-cn", "cullet-cn"])
def test_the_terminal_shows_the_source_of_every_figure(bodies: dict[str, Json], code: str, language: Any) -> None:
    body = bodies[code]
    text = shown(body, language)
    titles = {source["id"]: source["title"] for source in body["sources"]}
    for word in (body["name"][language], body["note"], *(u["code"] for u in body["used_by"][:12])):
        assert word in text
    for e in body["exchanges"]:
        (line,) = [line for line in text.splitlines() if line.strip().startswith(e["target"] + " ")]
        if e["source"] == "estimate":
            assert e["note"] in line
        else:
            assert titles[e["source"]] in line
            assert e["locator"] in line
        assert f"{float(e['amount']):.4g}" in line


def test_brackets_in_a_table_are_shown_as_they_are(tmp_path: Path) -> None:
    def brackets(rows: Rows) -> None:
        for target, locator in (("grain", "[table 3]"), ("power", "[/p. 3]")):
            only(rows, process="flour", target=target)["locator"] = locator

    text = shown(process_body(quick_release_of(tiny(tmp_path / "tables", exchanges=brackets)), "flour"), "en")
    assert "[table 3]" in text
    assert "[/p. 3]" in text


def shown(body: Json, language: Any) -> str:
    out = io.StringIO()
    Terminal(language, Console(file=out, width=2000, highlight=False)).process(body)
    return out.getvalue()


# -- the command line


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["background", *arguments], env={"COLUMNS": "200"})


def done(*arguments: str) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_list_as_csv_opens_with_every_process(release: Release) -> None:
    text = done("list", "--csv")
    assert text.startswith("\ufeff"), "so that spreadsheets read the Chinese"
    rows = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"))))
    given = {row["code"]: row for row in read_all("processes")}
    assert [row["code"] for row in rows] == sorted(given)
    columns = ("name_zh", "name_en", "unit", "location", "year_start", "year_end", "status", "tags")
    for row in rows:
        assert {c: row[c] for c in columns} == {c: given[row["code"]][c] for c in columns}
        i = release.index[row["code"]]
        assert float(row["kg_co2e_per_unit"]) == release.scores[i, 0] * np.sign(release.production[i])


def test_the_list_as_json_is_what_the_api_answers_page_by_page(http: httpx.Client) -> None:
    printed = json.loads(done("list", "--json"))
    items: list[Json] = []
    path: str | None = "/v1/processes?limit=200"
    while path:
        page = http.get(path).json()
        items, path = items + page["items"], page["next"]
    assert printed == {"items": items, "count": len(items)}


@pytest.mark.parametrize(
    ("language", "head", "status", "name"),
    [("zh", "名称", "估计", "冷轧板卷"), ("en", "Name", "estimate", "cold rolled")],
)
def test_the_list_as_a_table(release: Release, language: str, head: str, status: str, name: str) -> None:
    lines = done("list", "--lang", language).splitlines()
    assert any(head in line for line in lines[:3])
    begun = [line.split()[0] for line in lines if line[:2].strip() and line.split()]
    assert set(release.codes) <= set(begun)
    (shown,) = [line for line in lines if line.split()[:1] == ["steel-cold-rolled-cn"]]
    assert status in shown
    assert name in shown


@pytest.mark.parametrize(("language", "texts"), [("zh", ("冷轧板卷", "数据质量", "输入与排放", "用于")),
                                                  ("en", ("Steel, cold rolled", "Data quality", "Inputs and emissions", "Used by"))])  # fmt: skip
def test_a_process_is_shown(release: Release, language: str, texts: tuple[str, ...]) -> None:
    shown = done("show", "steel-cold-rolled-cn", "--lang", language)
    assert all(text in shown for text in (*texts, "steel-pickled-cn", "electricity-cn", "kg CO2e/kg"))


def test_a_process_as_json_is_what_the_api_answers(http: httpx.Client) -> None:
    assert json.loads(done("show", "rice-bran-cn", "--json")) == http.get("/v1/processes/rice-bran-cn").json()


@pytest.mark.parametrize(("language", "text"), [("zh", "最接近的"), ("en", "Nearest: ")])
@pytest.mark.parametrize("output", [(), ("--json",)])
def test_an_unknown_process_is_told_with_the_nearest(language: str, text: str, output: tuple[str, ...]) -> None:
    result = run("show", "steel-cold-roled-cn", "--lang", language, *output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "[unknown_process]" in result.stderr
    assert text in result.stderr
    assert "steel-cold-rolled-cn" in result.stderr.replace("\n", "")


@pytest.mark.parametrize("code", ["", "x", "[/red]", "麦", "'; DROP TABLE processes", "../..", "a" * 3000])
def test_any_code_is_told_to_be_unknown(code: str) -> None:
    result = run("show", "--lang", "en", "--", code)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "[unknown_process]" in result.stderr


@pytest.mark.parametrize(("language", "name"), [("zh", "铝板带"), ("en", "Aluminium sheet")])
def test_a_search_with_a_typing_mistake(language: str, name: str) -> None:
    shown = done("search", "alumnium shet", "--limit", "3", "--lang", language)
    rows = [line.strip() for line in shown.splitlines() if re.match(r" ?[a-z0-9-]+-cn ", line)]
    assert len(rows) == 3
    assert rows[0].startswith("aluminium-sheet-")
    assert name in rows[0]


def test_a_search_for_nothing_known_finds_nothing() -> None:
    assert json.loads(done("search", "qqqq", "--json")) == {"items": [], "count": 0}


# -- HTTP


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("polyproplene resin", "pp-resin-cn"),
        ("stianless steel", "stainless-steel-cn"),
        ("carbn black", "carbon-black-cn"),
        ("compresor rotary", "compressor-rotary-cn"),
        ("natual rubber", "natural-rubber-tsr"),
        ("aluminum ingot", "aluminium-ingot-cn"),
        ("铜馆", "copper-tube-cn"),
        ("轮毂", None),
        ("铝板", "aluminium-sheet-cn"),
        ("炭黑", "carbon-black-cn"),
        ("柴油", "diesel-cn"),
        ("纯碱", "soda-ash-cn"),
        ("线束", "wire-harness-cn"),
        ("R-600a", "refrigerant-r600a-cn"),
        ("1314-13-2", "zinc-oxide-cn"),
    ],
)
def test_typing_mistakes_and_two_character_words_are_found(http: httpx.Client, text: str, code: str | None) -> None:
    answer = http.get("/v1/processes", params={"q": text, "limit": 5}).json()
    codes = [item["code"] for item in answer["items"]]
    assert code in codes if code else code not in codes
    assert answer["count"] >= len(codes)
    matches = [item["match"] for item in answer["items"]]
    assert matches == sorted(matches, reverse=True)
    assert all(0 < match <= 1 for match in matches)


def test_every_field_of_a_process_is_documented_and_there(http: httpx.Client) -> None:
    described = http.get("/openapi.json").json()["components"]["schemas"]["Process"]["properties"]
    for code in ("steel-cold-rolled-cn", "landfill-glass-cn", "rice-bran-cn"):
        assert set(http.get(f"/v1/processes/{code}").json()) == set(described)


def test_the_fields_of_a_process(http: httpx.Client) -> None:
    body = http.get("/v1/processes/zinc-oxide-cn").json()
    (given,) = [row for row in read_all("processes") if row["code"] == "zinc-oxide-cn"]
    assert body["name"] == {"zh": given["name_zh"], "en": given["name_en"]}
    assert (body["sector"], body["unit"], body["location"], body["status"]) == ("rubber", "kg", "CN", given["status"])
    assert body["years"] == [int(given["year_start"]), int(given["year_end"])]
    assert body["codes"] == {
        key: given[column].split(";") for key, column in (("hs", "hs_code"), ("cpc", "cpc_code"), ("cas", "cas"))
    }
    assert body["codes"]["cas"] == ["1314-13-2"]
    names = [row for row in read_all("synonyms") if row["process"] == "zinc-oxide-cn"]
    assert body["synonyms"] == {lang: [r["name"] for r in names if r["language"] == lang] for lang in ("zh", "en")}
    assert 1 <= body["quality"]["pef"]["dqr"] <= 5
    assert body["carbon"]["mass_kg"] in (1, "1")
    assert "tyre-passenger-cn" in [u["code"] for u in body["used_by"]]
