"""The difference of two releases: on tiny tables worked out by hand, on random systems, and on the command line."""

from __future__ import annotations

import json
import os
import tempfile
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from background_fixtures import release_of, start_python, system_of
from click.testing import CliRunner, Result
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from quick_release import Rows, only, quick_release_of, tiny

from lcaengine.background.difference import Difference, Moved, difference
from lcaengine.background.release import Release, load_release
from lcaengine.background.report import release_note
from lcaengine.cli import main

# By hand, from the rows of the tiny tables and IPCC AR6 (CH4 fossil 29.8, N2O 273), excluding biogenic uptake:
POWER = 0.5 + 0.001 * 29.8
GRAIN = 0.001 * 273
FLOUR_SHARE = 1 * 4 / (1 * 4 + 0.25 * 1)  # amount × key over their sum; bran's share is the rest
MILLING = 1.25 * GRAIN + 0.1 * POWER
FLOUR = MILLING * FLOUR_SHARE
BRAN = MILLING * (1 - FLOUR_SHARE) / 0.25
BURNING = 0.02 * POWER  # 72 kJ
BREAD = 0.8 * FLOUR + 0.05 * BURNING


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Release:
    return quick_release_of(tiny(tmp_path_factory.mktemp("old") / "tables"))


def causes(moved: Moved) -> dict[str, tuple[float, float]]:
    return {c.target: (c.own, c.carried) for c in moved.causes}


def by_code(found: Difference) -> dict[str, Moved]:
    return {m.code: m for m in found.moved}


def close(*expected: float) -> Any:
    return pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_the_tiny_tables_score_as_by_hand(old: Release) -> None:
    scores = dict(zip(old.codes, old.scores[:, 0].tolist(), strict=True))
    assert scores == pytest.approx(
        {"bran": BRAN, "bread": BREAD, "burning": -BURNING, "flour": FLOUR, "grain": GRAIN, "power": POWER}
    )


def test_a_release_does_not_differ_from_itself(old: Release) -> None:
    found = difference(old, old)
    assert (found.moved, found.added, found.removed, found.unit_changed) == ((), (), (), ())


def test_a_changed_amount_is_the_own_doing_of_its_process_and_carried_to_those_who_buy_from_it(
    old: Release, tmp_path: Path
) -> None:
    def more_power(rows: Rows) -> None:
        only(rows, process="flour", target="power")["amount"] = "0.2"

    found = difference(old, quick_release_of(tiny(tmp_path / "new", exchanges=more_power)))
    flour, bran = 0.1 * POWER * FLOUR_SHARE, 0.1 * POWER * (1 - FLOUR_SHARE) / 0.25
    moved = by_code(found)
    assert set(moved) == {"flour", "bran", "bread"}
    assert (moved["flour"].before, moved["flour"].after) == close(FLOUR, FLOUR + flour)
    assert (moved["bran"].before, moved["bran"].after) == close(BRAN, BRAN + bran)
    assert (moved["bread"].before, moved["bread"].after) == close(BREAD, BREAD + 0.8 * flour)
    assert causes(moved["flour"]) == {"power": close(flour, 0)}
    assert causes(moved["bran"]) == {"power": close(bran, 0)}
    assert causes(moved["bread"]) == {"flour": close(0, 0.8 * flour)}
    (cause,) = moved["bran"].causes
    assert (cause.before, cause.after) == close(0.1 * (1 - FLOUR_SHARE) / 0.25, 0.2 * (1 - FLOUR_SHARE) / 0.25)


def test_a_changed_emission_upstream_moves_all_downstream_and_nothing_else(old: Release, tmp_path: Path) -> None:
    def dirtier(rows: Rows) -> None:
        only(rows, process="power", target="co2_fossil")["amount"] = "0.6"

    found = difference(old, quick_release_of(tiny(tmp_path / "new", exchanges=dirtier)))
    flour = 0.1 * 0.1 * FLOUR_SHARE
    moved = by_code(found)
    assert set(moved) == {"power", "burning", "flour", "bran", "bread"}
    assert causes(moved["power"]) == {"co2_fossil": close(0.1, 0)}
    assert causes(moved["burning"]) == {"power": close(0, 0.02 * 0.1)}
    assert causes(moved["bread"]) == {"flour": close(0, 0.8 * flour), "burning": close(0, 0.05 * 0.02 * 0.1)}
    assert (moved["burning"].before, moved["burning"].after) == close(BURNING, BURNING + 0.002), "per kg treated"
    sizes = [abs(m.relative or 0) for m in found.moved]
    assert sizes == sorted(sizes, reverse=True)
    assert moved["power"].relative == pytest.approx(0.1 / POWER)


def test_a_changed_characterization_factor_is_carried_by_the_emission(old: Release, tmp_path: Path) -> None:
    def fifth_report(rows: Rows) -> None:
        only(rows, indicator="gwp100_excluding_biogenic_uptake", flow="n2o")["factor"] = "265"

    moved = by_code(difference(old, quick_release_of(tiny(tmp_path / "new", factors=fifth_report))))
    assert set(moved) == {"grain", "flour", "bran", "bread"}
    assert causes(moved["grain"]) == {"n2o": close(0, -0.008)}
    assert causes(moved["bread"]) == {"flour": close(0, -0.8 * 1.25 * 0.008 * FLOUR_SHARE)}


def test_a_process_that_came_and_the_input_that_it_took_the_place_of(old: Release, tmp_path: Path) -> None:
    def oats(rows: Rows) -> None:
        rows.append({**only(rows, code="grain"), "code": "oats"})

    def oat_flour(rows: Rows) -> None:
        rows.append({**only(rows, process="grain", target="n2o"), "process": "oats", "amount": "2"})
        only(rows, process="flour", target="grain")["target"] = "oats"

    found = difference(old, quick_release_of(tiny(tmp_path / "new", processes=oats, exchanges=oat_flour)))
    assert (found.added, found.removed) == (("oats",), ())
    moved = by_code(found)
    assert set(moved) == {"flour", "bran", "bread"}
    assert causes(moved["flour"]) == {
        "grain": close(-1.25 * GRAIN * FLOUR_SHARE, 0), "oats": close(1.25 * 2 * GRAIN * FLOUR_SHARE, 0)
    }  # fmt: skip


def test_a_process_that_went_is_missed_by_its_buyers_own_doing(old: Release, tmp_path: Path) -> None:
    def without_burning(rows: Rows) -> None:
        rows[:] = [r for r in rows if "burning" not in (r.get("code"), r.get("process"), r.get("target"))]

    new = quick_release_of(tiny(tmp_path / "new", processes=without_burning, exchanges=without_burning))
    found = difference(old, new)
    assert (found.added, found.removed) == ((), ("burning",))
    moved = by_code(found)
    assert set(moved) == {"bread"}
    assert causes(moved["bread"]) == {"burning": close(-0.05 * BURNING, 0)}, "bread hands no waste over any more"
    (cause,) = moved["bread"].causes
    assert (cause.before, cause.after) == (-0.05, 0)


def power_in_megajoules(rows: Rows) -> None:
    if "code" in rows[0]:
        only(rows, code="power")["unit"] = "MJ"
    else:
        only(rows, process="power", target="co2_fossil")["amount"] = repr(0.5 / 3.6)
        only(rows, process="power", target="ch4_fossil")["amount"] = repr(1 / 3.6)


def test_another_unit_of_the_same_thing_moves_nothing(old: Release, tmp_path: Path) -> None:
    new = quick_release_of(tiny(tmp_path / "new", processes=power_in_megajoules, exchanges=power_in_megajoules))
    found = difference(old, new)
    assert found.unit_changed == ("power",)
    assert (found.moved, found.added, found.removed) == ((), (), ())


def test_another_unit_of_an_input_is_no_cause(old: Release, tmp_path: Path) -> None:
    def and_more_grain(rows: Rows) -> None:
        power_in_megajoules(rows)
        only(rows, process="flour", target="grain")["amount"] = "1.3"

    found = difference(
        old, quick_release_of(tiny(tmp_path / "new", processes=power_in_megajoules, exchanges=and_more_grain))
    )
    assert causes(by_code(found)["flour"]) == {"grain": close(0.05 * GRAIN * FLOUR_SHARE, 0)}


def test_another_unit_of_another_dimension_splits_to_the_change(old: Release, tmp_path: Path) -> None:
    def by_the_sack(rows: Rows) -> None:
        if "code" in rows[0]:
            only(rows, code="grain")["unit"] = "piece"
        else:
            only(rows, process="grain", target="n2o")["amount"] = "50"
            only(rows, process="flour", target="grain").update(amount="0.03", unit="piece")

    found = difference(old, quick_release_of(tiny(tmp_path / "new", processes=by_the_sack, exchanges=by_the_sack)))
    assert found.unit_changed == ("grain",)
    (own, carried) = causes(by_code(found)["flour"])["grain"]
    assert own + carried == pytest.approx((0.03 * 50 - 1.25) * GRAIN * FLOUR_SHARE)


def test_a_score_out_of_nothing_has_no_relative_size_and_comes_first(tmp_path: Path) -> None:
    def no_n2o(rows: Rows) -> None:
        only(rows, process="grain", target="n2o")["amount"] = "0"

    before, after = quick_release_of(tiny(tmp_path / "old", exchanges=no_n2o)), quick_release_of(tiny(tmp_path / "new"))
    found = difference(before, after, threshold=1e6)
    (grain,) = found.moved
    assert (grain.code, grain.before, grain.after, grain.relative) == ("grain", 0, pytest.approx(GRAIN), None)
    assert difference(before, after).moved[0].code == "grain"
    (back,) = [m for m in difference(after, before).moved if m.code == "grain"]
    assert back.relative == -1


@pytest.mark.parametrize(("threshold", "moved"), [(0.0, {"power", "burning", "flour", "bran", "bread"}), (0.04, {"power", "burning"}),
                                                   (0.18, {"power", "burning"}), (0.19, set())])  # fmt: skip
def test_the_threshold_is_relative(old: Release, tmp_path: Path, threshold: float, moved: set[str]) -> None:
    # 0.1 of 0.5298 is 18.9 %; of flour and bran 0.01 of 0.39423, 2.5 %.
    def dirtier(rows: Rows) -> None:
        only(rows, process="power", target="co2_fossil")["amount"] = "0.6"

    new = quick_release_of(tiny(tmp_path / "new", exchanges=dirtier))
    assert set(by_code(difference(old, new, threshold))) == moved


def test_only_the_largest_causes_are_kept(old: Release, tmp_path: Path) -> None:
    def dirtier(rows: Rows) -> None:
        only(rows, process="power", target="co2_fossil")["amount"] = "0.6"

    new = quick_release_of(tiny(tmp_path / "new", exchanges=dirtier))
    assert list(causes(by_code(difference(old, new, causes=1))["bread"])) == ["flour"]


# -- random systems


@dataclass(frozen=True)
class Pair:
    A: tuple[np.ndarray, np.ndarray]
    B: tuple[np.ndarray, np.ndarray]
    C: tuple[np.ndarray, np.ndarray]

    def scores(self, k: int) -> np.ndarray:
        return np.linalg.solve(self.A[k].T, self.B[k].T @ self.C[k])[:, 0]


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Two systems with loops, treatments and outputs other than one, partly equal and of different size."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, m, share = draw(st.integers(2, 7)), draw(st.integers(1, 3)), draw(st.floats(0, 1))
    A = np.where(rng.random((n, n)) < 0.4, rng.uniform(-0.6, 0.1, (n, n)), 0.0)
    np.fill_diagonal(A, rng.uniform(1, 3, n) * rng.choice([1, 1, -1], n) * n)
    B, C = rng.uniform(-0.2, 2, (m, n)), rng.uniform(0.5, 30, (m, 1))

    def changed(M: np.ndarray) -> np.ndarray:
        return np.where(rng.random(M.shape) < share, M * rng.uniform(0.5, 1.5, M.shape), M)

    k = draw(st.integers(2, n))
    return Pair((A, changed(A)[:k, :k]), (B, changed(B)[:, :k]), (C, changed(C)))


@settings(max_examples=40, deadline=None)
@given(pair=pairs(), threshold=st.sampled_from([0.0, 0.01, 0.1]))
def test_own_and_carried_of_all_causes_sum_to_the_change(pair: Pair, threshold: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        both = []
        for k in (0, 1):
            (Path(folder) / str(k)).mkdir()
            both.append(release_of(system_of(pair.A[k], pair.B[k], pair.C[k]), Path(folder) / str(k)))
        found = difference(*both, threshold, causes=1000)
    before, after = pair.scores(0), pair.scores(1)
    size = np.abs(after - before[: len(after)]) / np.abs(before[: len(after)])
    assume(not ((np.abs(size - threshold) < 1e-6) & (size > 1e-12)).any())
    assert set(by_code(found)) == {f"p{i}" for i in np.flatnonzero(size > max(threshold, 1e-9))}
    assert found.removed == tuple(f"p{i}" for i in range(len(after), len(before)))
    for m in found.moved:
        i = int(m.code[1:])
        sign = np.sign(pair.A[0][i, i])
        assert (m.before, m.after) == pytest.approx((sign * before[i], sign * after[i]), rel=1e-9)
        # causes below 1e-9 of the score are not listed
        assert sum(c.own + c.carried for c in m.causes) == pytest.approx(m.after - m.before, abs=2e-8 * abs(m.before))
    for one, next_one in pairwise(found.moved):
        assert abs(one.relative or np.inf) >= abs(next_one.relative or np.inf) - 1e-12


# -- on the command line: two folders of tables, built as a user's are


@dataclass(frozen=True)
class Folders:
    old: Path
    new: Path
    ids: tuple[str, str]


def burned_on_site(rows: Rows) -> None:
    """A process more, twice the power of the mill, and power in MJ."""
    if "kind" in rows[0] and "low" in rows[0]:
        rows.append({**rows[0], "unit": "MJ"})
        return
    power_in_megajoules(rows)
    if "code" in rows[0]:
        rows.append({**only(rows, code="power"), "code": "steam", "name_zh": "蒸汽", "name_en": "Steam"})
    else:
        only(rows, process="flour", target="power")["amount"] = "0.2"
        rows.append({**only(rows, process="power", target="co2_fossil"), "process": "steam", "amount": "0.07"})


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Folders:
    base = tmp_path_factory.mktemp("difference")
    old, new = (
        tiny(base / "old"),
        tiny(base / "new", processes=burned_on_site, exchanges=burned_on_site, ranges=burned_on_site),
    )
    code = "import sys; from pathlib import Path; from lcaengine.background.store import built_release; print(built_release(Path({!r})))"
    done = [running.finished() for running in [start_python(code.format(str(folder))) for folder in (old, new)]]
    assert [d.returncode for d in done] == [0, 0], [d.stderr for d in done]
    first, second = (Path(d.stdout.strip()).name for d in done)
    return Folders(old, new, (first, second))


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["background", "diff", *map(str, arguments)], env={"COLUMNS": "200"})


def done(*arguments: object) -> str:
    result = run(*arguments)
    assert result.exit_code == 0, result.output
    return result.stdout


def test_folders_and_ids_give_the_same_difference(folders: Folders) -> None:
    printed = json.loads(done(folders.old, folders.new, "--json"))
    assert (printed["old"]["id"], printed["new"]["id"]) == folders.ids
    assert (printed["added"], printed["removed"], printed["unit_changed"]) == (["steam"], [], ["power"])
    change = {m["code"]: m["change"] for m in printed["moved"]}
    flour, bran = 0.1 * POWER * FLOUR_SHARE, 0.1 * POWER * (1 - FLOUR_SHARE) / 0.25
    assert change == pytest.approx({"flour": flour, "bran": bran, "bread": 0.8 * flour}, rel=1e-6)
    assert json.loads(done(folders.ids[0][:12], folders.ids[1], "--json")) == printed
    assert json.loads(done(os.path.relpath(folders.old), folders.ids[1][:12], "--json")) == printed


def test_the_threshold_of_the_command(folders: Folders) -> None:
    # flour and bran: 0.05298 / 0.39423 = 13.44 %; bread, which also has residue burned, 13.41 %
    assert json.loads(done(*folders.ids, "--threshold", "0.2", "--json"))["moved"] == []
    codes = [m["code"] for m in json.loads(done(*folders.ids, "--threshold", "0.1343", "--json"))["moved"]]
    assert sorted(codes) == ["bran", "flour"]


def test_the_new_release_is_by_default_the_embedded_one(folders: Folders, release: Release) -> None:
    printed = json.loads(done(folders.old, "--json"))
    assert printed["new"]["id"] == release.id
    assert printed["added"] == sorted(set(release.codes))
    assert printed["removed"] == ["bran", "bread", "burning", "flour", "grain", "power"]
    assert printed["moved"] == []


@pytest.mark.parametrize(
    ("language", "text"),
    [("zh", "3 个结果变化，新增 1 个过程，移除 0 个"), ("en", "3 scores moved, 1 processes new, 0 gone")],
)
def test_the_table_of_the_command(folders: Folders, language: str, text: str) -> None:
    shown = done(*folders.ids, "--lang", language)
    assert text in shown
    lines = {line.split()[0]: line for line in shown.splitlines() if line.strip()}
    assert "0.371" in lines["flour"]
    assert "13.4 %" in lines["flour"]
    assert "power +0.04" in lines["flour"]


def cells(markdown: str) -> list[list[str]]:
    """The rows of the tables that a Markdown reader finds, the heads too."""
    tokens = MarkdownIt("commonmark").enable("table").parse(markdown)
    rows: list[list[str]] = []
    for before, token in pairwise(tokens):
        if token.type == "tr_open":
            rows.append([])
        elif token.type == "inline" and before.type in {"td_open", "th_open"}:
            rows[-1].append(token.content)
    return rows


def test_the_note_is_markdown_with_the_moved_products(folders: Folders) -> None:
    note = done(*folders.ids, "--note")
    head, *body = cells(note)
    assert head == ["process", "before", "after", "change", "through"]
    assert {r[0] for r in body} == {"`flour`", "`bran`", "`bread`"}
    (flour,) = [r for r in body if r[0] == "`flour`"]
    assert flour[1:4] == [f"{FLOUR:.4g}", f"{FLOUR + 0.1 * POWER * FLOUR_SHARE:.4g}", "+13.4 %"]
    assert "`power`" in flour[4]
    assert folders.ids[0][:12] in note
    assert folders.ids[1][:12] in note
    assert "`steam`" in note
    assert "1 new, 0 gone" in note
    assert "新增 1，移除 0" in note
    assert "gwp100_excluding_biogenic_uptake" in note


def test_a_long_note_says_how_many_more_there_are(folders: Folders) -> None:
    from lcaengine.background.store import release_folder

    note = release_note(difference(*(load_release(release_folder(i)) for i in folders.ids)), limit=2)
    assert len(cells(note)) == 1 + 2
    assert "1 more" in note
    assert "其余 1 项" in note


def test_a_note_without_changes_has_no_table(folders: Folders) -> None:
    note = done(folders.ids[0], folders.ids[0], "--note")
    assert cells(note) == []
    assert "0 scores moved" in note


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "name", ["0123456789ab", "nowhere", "", "*", "../releases/*", "/no/such/folder", "[", "\0", ".", "abc", "A" * 5000]
)
def test_an_unknown_release_is_told(name: str, language: str) -> None:
    result = run(name, "--lang", language)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "[no_release]" in result.stderr


def test_a_folder_that_is_no_release_is_told(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "[no_release]" in result.stderr


def test_tables_that_cannot_be_built_are_told(tmp_path: Path) -> None:
    def nowhere(rows: Rows) -> None:
        only(rows, process="flour", target="grain")["target"] = "manna"

    result = run(tiny(tmp_path / "old", exchanges=nowhere))
    assert result.exit_code == 2
    assert "[build_failed]" in result.stderr
    assert "manna" in result.stderr
