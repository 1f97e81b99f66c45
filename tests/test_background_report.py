"""What is written about a release: weakest processes against brute force, shares by sector, conflicts, generated pages."""

from __future__ import annotations

import re
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from background_fixtures import read_csv
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from quick_release import Rows, only, quick_release, quick_release_of, tiny

from lcaengine.background import Release
from lcaengine.background.report import BEGIN, END, conflicts, insert_sections, status_of_sectors, weakest
from lcaengine.background.tables import Row, Tables, read_tables
from lcaengine.cli import main
from lcaengine.data import folder as data_folder

DOCS = Path(__file__).parent.parent / "docs"
TABLES = data_folder("background_data")

# By hand, as in test_difference.py:
POWER = 0.5 + 0.001 * 29.8
FLOUR = (1.25 * 0.273 + 0.1 * POWER) * 16 / 17
BURNING = 0.02 * POWER
BREAD = 0.8 * FLOUR + 0.05 * BURNING


@pytest.fixture(scope="module")
def embedded() -> Tables:
    return read_tables(TABLES)


# -- what to replace first


def test_the_only_estimate_is_the_only_weak_process(tmp_path: Path) -> None:
    # One row of six processes is an estimate: the residue that bread hands over to be burned.
    folder = tiny(tmp_path / "tables")
    (found,) = weakest(read_tables(folder), quick_release_of(folder))
    share = 0.05 * BURNING / BREAD
    assert (found.code, found.dependants) == ("bread", 0)
    assert (found.own_share, found.influence) == pytest.approx((share, share / 6))


def test_an_estimate_upstream_weighs_on_all_that_need_it(tmp_path: Path) -> None:
    def guessed(rows: Rows) -> None:
        only(rows, process="power", target="co2_fossil").update(status="estimate", source="estimate")

    folder = tiny(tmp_path / "tables", exchanges=guessed)
    first, second = weakest(read_tables(folder), quick_release_of(folder))
    assert (first.code, second.code) == ("power", "bread")
    in_flour = 0.1 * 0.5 * 16 / 17 / FLOUR  # the same share of bran
    in_bread = (0.8 * 0.1 * 0.5 * 16 / 17 + 0.05 * 0.02 * 0.5) / BREAD
    own = 0.5 / POWER
    assert first.own_share == pytest.approx(own)
    assert first.influence == pytest.approx((2 * own + 2 * in_flour + in_bread) / 6), (
        "power, burning; flour, bran; bread"
    )
    assert first.dependants == 5


def test_without_estimates_nothing_is_weak(tmp_path: Path) -> None:
    def read_somewhere(rows: Rows) -> None:
        only(rows, process="bread", target="burning").update(status="published", source="book")
        only(rows, process="grain", target="n2o")["amount"] = "0"

    folder = tiny(tmp_path / "tables", exchanges=read_somewhere)
    assert weakest(read_tables(folder), quick_release_of(folder)) == []


@st.composite
def acyclic(draw: st.DrawFn) -> Tables:
    """Up to eight processes, each buying from earlier ones or handing waste to earlier treatments."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    processes, exchanges, treatments = [], [], set()
    for i in range(draw(st.integers(1, 8))):
        if i and rng.random() < 0.2:
            treatments.add(f"p{i}")
        made = -1.0 if f"p{i}" in treatments else rng.choice([1.0, 4000.0])
        processes.append({
            "code": f"p{i}", "name_zh": f"产品{i}", "name_en": f"Product {i}", "production_amount": repr(float(made)),
            "unit": "kg", "location": "CN", "status": str(rng.choice(["estimate", "published"])), "mass_kg": "1",
            "biogenic_carbon_kg": "0", "note": "",
        })  # fmt: skip
        inputs = [("technosphere", f"p{k}") for k in range(i) if rng.random() < 0.6]
        for kind, target in [*inputs, ("biosphere", "co2_fossil"), ("biosphere", "n2o")]:
            amount = rng.uniform(0.05, 1) * abs(made) * (-1 if target in treatments else 1)
            status = str(rng.choice(["measured", "published", "derived", "estimate"]))
            exchanges.append({
                "process": f"p{i}", "kind": kind, "target": target, "amount": repr(float(amount)), "unit": "kg",
                "source": "book", "year": "2020", "geography": "CN", "pedigree": "2;2;2;2;2", "status": status, "note": "",
            })  # fmt: skip
    common = {name: getattr(EMBEDDED, name) for name in ("elementary_flows", "characterization_factors", "indicators")}
    return Tables(
        folder=TABLES, release={"year": "2026"}, sources=(), synonyms=(), comparisons=(), **common,
        processes=tuple(Row(r, "mill/processes.csv", 0) for r in processes),
        exchanges=tuple(Row(r, "mill/exchanges.csv", 0) for r in exchanges),
    )  # fmt: skip


EMBEDDED = read_tables(TABLES)


def solved(tables: Tables, without: str = "") -> np.ndarray:
    """Scores of all products by a dense solve; without the estimated rows of one process.

    Where a process marked as an estimate makes another amount than one unit, its yield is a guess and so all its rows are.
    """
    at = {r["code"]: i for i, r in enumerate(tables.processes)}
    A, direct = np.zeros((len(at), len(at))), np.zeros(len(at))
    for r in tables.processes:
        A[at[r["code"]], at[r["code"]]] = float(r["production_amount"])
    for r in tables.exchanges:
        process = tables.process[r["process"]]
        guessed = process["status"] == "estimate" and float(process["production_amount"]) == 4000
        if r["process"] == without and (guessed or r["status"] == "estimate"):
            continue
        if r["kind"] == "technosphere":
            A[at[r["target"]], at[r["process"]]] -= float(r["amount"])
        else:
            direct[at[r["process"]]] += float(r["amount"]) * {"co2_fossil": 1, "n2o": 273}[r["target"]]
    return np.linalg.solve(A.T, direct)


@settings(max_examples=25, deadline=None)
@given(tables=acyclic())
def test_influence_is_what_is_left_when_the_estimated_rows_of_a_process_are_taken_out(tables: Tables) -> None:
    with tempfile.TemporaryDirectory() as folder:
        found = {
            w.code: w for w in weakest(tables, quick_release(tables, Path(folder) / "built", catalogue=False), limit=50)
        }
    scores = solved(tables)
    for i, process in enumerate(tables.processes):
        shares = np.abs(scores - solved(tables, without=process["code"])) / np.abs(scores)
        if shares.max() < 1e-12:
            assert process["code"] not in found
            continue
        weak = found[process["code"]]
        assert (weak.influence, weak.own_share) == pytest.approx((shares.mean(), shares[i]), rel=1e-6)
        assert np.sum(shares > 0.010001) <= weak.dependants <= np.sum(shares > 0.009999)
    influences = [w.influence for w in found.values()]
    assert influences == sorted(influences, reverse=True)


# -- shares by sector


def test_the_shares_of_the_tiny_tables(tmp_path: Path) -> None:
    folder = tiny(tmp_path / "tables")
    expected = {"processes": 6, "exchanges": 11, "measured": 0, "published": 8 / 11, "derived": 2 / 11, "estimate": 1 / 11,
                "by_contribution": pytest.approx(0.05 * BURNING / BREAD / 6)}  # fmt: skip
    found = status_of_sectors(read_tables(folder), quick_release_of(folder))
    assert found == [{"sector": "mill", **expected}, {"sector": "all", **expected}]


def test_the_counts_of_every_sector_are_those_of_its_files(embedded: Tables, release: Release) -> None:
    found = status_of_sectors(embedded, release)
    folders = sorted(path.parent for path in TABLES.glob("*/processes.csv"))
    assert [s["sector"] for s in found] == [*(folder.name for folder in folders), "all"]
    total: Counter[str] = Counter()
    for folder, sector in zip(folders, found, strict=False):
        statuses = Counter(r["status"] for r in read_csv(folder / "exchanges.csv"))
        assert sector["processes"] == len(read_csv(folder / "processes.csv"))
        assert sector["exchanges"] == statuses.total()
        for status in ("measured", "published", "derived", "estimate"):
            assert sector[status] == pytest.approx(statuses[status] / statuses.total())
        assert -1e-9 <= sector["by_contribution"] <= 1 + 1e-9
        total += statuses
    everything = found[-1]
    assert (everything["processes"], everything["exchanges"]) == (len(release.codes), total.total())
    assert everything["estimate"] == pytest.approx(total["estimate"] / total.total())


# -- conflicts


def test_conflicts_are_taken_out_of_notes(tmp_path: Path) -> None:
    def in_processes(rows: Rows) -> None:
        only(rows, code="flour")["note"] = (
            "Milled.  Conflict: A says 1.2, B says 1.3; B is newer.  Balance: bran is apart."
        )
        only(rows, code="power")["note"] = "Conflict: first. Conflict: second. Loss: 0.045"
        only(rows, code="grain")["note"] = "No conflict here: all agree."

    def in_exchanges(rows: Rows) -> None:
        only(rows, process="flour", target="grain")["note"] = "Conflict: yields of 0.75 and\n0.80 are given."

    found = conflicts(read_tables(tiny(tmp_path / "tables", processes=in_processes, exchanges=in_exchanges)))
    assert found == [
        ("flour", "A says 1.2, B says 1.3; B is newer."),
        ("flour", "yields of 0.75 and 0.80 are given."),
        ("power", "first."),
        ("power", "second."),
    ]


def test_a_conflict_told_twice_is_listed_once(tmp_path: Path) -> None:
    def twice(rows: Rows) -> None:
        for target in ("grain", "power"):
            only(rows, process="flour", target=target)["note"] = "Conflict: A or B."

    assert conflicts(read_tables(tiny(tmp_path / "tables", exchanges=twice))) == [("flour", "A or B.")]


def test_no_conflict_of_the_embedded_tables_is_lost(embedded: Tables) -> None:
    noted = set()
    for name, key in (("processes", "code"), ("exchanges", "process")):
        for path in TABLES.glob(f"*/{name}.csv"):
            for r in read_csv(path):
                for text in r["note"].split("Conflict:")[1:]:
                    noted.add((r[key], " ".join(re.split("Balance:|Loss:", text)[0].split())))
    assert len(noted) > 20
    assert conflicts(embedded) == sorted(noted)


# -- the generated parts of a page

PAGE = "# 标题\n\n{a}\nold\n{a_end}\n\nkept, with {b} and {b_end} in one line\n".format(
    a=BEGIN.format("a"), a_end=END.format("a"), b=BEGIN.format("b"), b_end=END.format("b")
)
SECTIONS = {"a": "new a\n* with lines", "b": "新的"}


def outside(page: str) -> list[str]:
    """What stands between the generated sections."""
    return re.split(r"<!-- generated: \w+ -->.*?<!-- end of generated: \w+ -->", page, flags=re.S)


def test_sections_are_renewed_and_the_rest_is_kept() -> None:
    page = insert_sections(PAGE, SECTIONS)
    assert outside(page) == outside(PAGE)
    assert "old" not in page
    assert all(text in page for text in SECTIONS.values())


TEXT = st.text(st.characters(exclude_characters="<", exclude_categories=["Cs"]), max_size=40)


@given(before=TEXT, between=TEXT, after=TEXT, first=TEXT, second=TEXT)
def test_inserting_twice_is_inserting_once(before: str, between: str, after: str, first: str, second: str) -> None:
    page = before + BEGIN.format("a") + "x" + END.format("a") + between + BEGIN.format("b") + END.format("b") + after
    once = insert_sections(page, {"a": first, "b": second})
    assert insert_sections(once, {"a": first, "b": second}) == once
    assert outside(once) == [before, between, after]
    assert insert_sections(once, {"a": "x", "b": "y"}) == insert_sections(page, {"a": "x", "b": "y"})


@given(before=TEXT, after=TEXT)
def test_nothing_is_lost_where_the_end_is_not_marked(before: str, after: str) -> None:
    once = insert_sections(before + BEGIN.format("a") + after, SECTIONS)
    assert once.startswith(before)
    assert after in once
    assert insert_sections(once, SECTIONS) == once


# -- the pages


def report(out: Path) -> str:
    result = CliRunner().invoke(main, ["background", "report", "--out", str(out)], env={"COLUMNS": "300"})
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_pages_in_docs_are_what_the_command_writes(release: Release, tmp_path: Path) -> None:
    current = (DOCS / "background.md").read_text(encoding="utf-8")
    stale = re.sub(r"(<!-- generated: \w+ -->).*?(<!-- end of)", r"\1\nyears ago\n\2", current, flags=re.S)
    assert stale.count("years ago") == 3
    (tmp_path / "background.md").write_text(stale, encoding="utf-8")
    printed = report(tmp_path)
    assert [Path(line).name for line in printed.split()] == ["background-validation.md", "background.md"]
    for name in ("background.md", "background-validation.md"):
        assert (tmp_path / name).read_text(encoding="utf-8") == (DOCS / name).read_text(encoding="utf-8"), (
            "run: lcaengine background report --out docs"
        )


def test_into_an_empty_folder_only_the_validation_page_is_written(release: Release, tmp_path: Path) -> None:
    report(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["background-validation.md"]


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["background", "report", "--out", str(tmp_path / "none")])
    assert result.exit_code == 2
    assert "--out" in result.stderr


def table_rows(markdown: str) -> list[list[str]]:
    """Body rows of all tables, as a Markdown reader finds them."""
    rows: list[list[str]] = []
    for before, token in pairwise(MarkdownIt("commonmark").enable("table").parse(markdown)):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and before.type == "td_open":
            rows[-1].append(token.content)
    return [cells for cells in rows if cells]


def test_every_comparison_stands_on_the_validation_page_with_our_score(release: Release, tmp_path: Path) -> None:
    report(tmp_path)
    page = (tmp_path / "background-validation.md").read_text(encoding="utf-8")
    given = [r for path in TABLES.glob("*/comparisons.csv") for r in read_csv(path)]
    rows = table_rows(page)
    assert Counter(re.search(r"`(.+)`", cells[0])[1] for cells in rows) == Counter(r["process"] for r in given)  # type: ignore[index]
    independent = usual = 0
    for product, ours, published, ratio, own, source, reason in rows:
        i = release.index[product.split("`")[1]]
        score = float(release.scores[i, 0]) * np.sign(release.production[i])
        assert float(ours) == pytest.approx(score, rel=6e-3)
        shown = score / float(published)  # published is shown to three digits, the ratio to two decimals
        assert float(ratio) == pytest.approx(shown, abs=0.005 * (shown + 1) + 1e-9)
        assert source
        assert reason or 0.695 <= float(ratio) <= 1.405, product
        independent += own == "yes"
        usual += own == "yes" and 0.7 <= score / float(published) <= 1.4
    numbers = [int(n) for n in re.findall(r"(\d+) (?:comparisons|are independent|products|of the independent)", page)]
    assert numbers[:2] == [len(given), independent]
    assert abs(numbers[3] - usual) <= 2, "published figures are shown to three digits"
