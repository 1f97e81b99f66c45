"""Comparisons with published factors: ratios and what rests on the same source, by hand; and those of the embedded release."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from background_fixtures import read_csv, write_csv, write_tiny_tables

from lcaengine.background import Release
from lcaengine.background.system import score_vectors, system_of
from lcaengine.background.tables import Tables, read_tables
from lcaengine.background.validation import Comparison, compare, family
from lcaengine.data import folder as data_folder

near = pytest.approx
# Tiny tables, per unit: power 0.5 kg CO2 + 1 g CH4 (29.8); grain 1 g N2O (273); a run of the mill takes 1.25 grain and
# 0.1 power, of which flour bears 4/(4 + 0.25·1); residue burnt with 0.02 kWh; bread takes 0.8 flour and hands over 0.05.
POWER, GRAIN = 0.5298, 0.273
RUN = 1.25 * GRAIN + 0.1 * POWER
FLOUR = RUN * 4 / 4.25
BURNING = 0.02 * POWER
BREAD = 0.8 * FLOUR + 0.05 * BURNING


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return write_tiny_tables(tmp_path / "tables")


def rewrite(folder: Path, process: str, target: str, **values: str) -> None:
    path = folder / "mill" / "exchanges.csv"
    match = {"process": process, "target": target}
    write_csv(path, [row | values if match.items() <= row.items() else row for row in read_csv(path)])


def compared(
    folder: Path, process: str, unit: str = "kg CO2e/kg", value: str = "1", source: str = "atlas"
) -> Comparison:
    row = {"process": process, "value": value, "unit": unit, "boundary": "cradle_to_gate", "source": source,
           "read_in": "book", "locator": "", "year": "2020", "geography": "CN", "note": "", "reason": ""}  # fmt: skip
    write_csv(folder / "mill" / "comparisons.csv", [row])
    tables = read_tables(folder)
    made = system_of(tables)
    (found,) = compare(tables, made, score_vectors(made.A, made.B, made.C))
    return found


@pytest.mark.parametrize(
    ("process", "unit", "ours"),
    [
        ("flour", "kg CO2e/kg", FLOUR),
        ("flour", "kg CO2e/t", 1000 * FLOUR),
        ("flour", "kg CO2e/g", FLOUR / 1000),
        ("power", "kg CO2e/kWh", POWER),
        ("power", "kg CO2e/MJ", POWER / 3.6),
        ("burning", "kg CO2e/kg", BURNING),
        ("burning", "kg CO2e/t", 1000 * BURNING),
        ("bread", "kg CO2e/kg", BREAD),
    ],
)
@pytest.mark.parametrize("published", [0.5, 2.0])
def test_ratio_of_ours_to_theirs(tables: Path, process: str, unit: str, ours: float, published: float) -> None:
    found = compared(tables, process, unit, str(published))
    assert found.ratio == near(ours / published, rel=1e-6)


@pytest.mark.parametrize(("value", "usual"), [("0.378", False), ("0.379", True), ("0.756", True), ("0.758", False)])
def test_usual_is_between_seven_tenths_and_fourteen(tables: Path, value: str, usual: bool) -> None:
    assert (
        compared(tables, "power", "kg CO2e/kWh", value).usual == usual
    )  # 0.5298 is 1.402, 1.398, 0.701, 0.699 times that


@pytest.mark.parametrize(
    ("process", "target", "share"),
    [
        ("grain", "n2o", {"grain": 1, "flour": 1.25 * GRAIN / RUN, "bread": 0.8 * FLOUR * 1.25 * GRAIN / RUN / BREAD}),
        ("flour", "grain", {"grain": 0, "flour": 1.25 * GRAIN / RUN}),
        ("power", "ch4_fossil", {"power": 0.0298 / POWER, "burning": 0.0298 / POWER}),
        ("flour", "power", {"power": 0, "flour": 0.1 * POWER / RUN, "burning": 0}),
        ("bread", "burning", {"bread": 0.05 * BURNING / BREAD, "burning": 0}),
        ("flour", "bran", {"flour": 0}),
    ],
)
def test_the_share_that_rests_on_figures_of_the_same_source(
    tables: Path, process: str, target: str, share: dict[str, float]
) -> None:
    rewrite(tables, process, target, source="atlas")
    for code, expected in share.items():
        unit = "kg CO2e/kWh" if code == "power" else "kg CO2e/kg"
        assert compared(tables, code, unit).from_same_source == near(expected, rel=1e-6, abs=1e-12)


def test_a_way_through_two_figures_of_the_source_counts_once(tables: Path) -> None:
    rewrite(tables, "flour", "power", source="atlas")
    rewrite(tables, "power", "co2_fossil", source="atlas")
    assert compared(tables, "flour").from_same_source == near(0.1 * POWER / RUN, rel=1e-6)


def test_all_of_one_source_is_all(tables: Path) -> None:
    assert compared(tables, "flour", source="book").from_same_source == near(1)
    assert compared(tables, "bread", source="book").from_same_source == near(
        1
    )  # its residue is guessed, not the burning


def test_independent_is_less_than_a_tenth(tables: Path) -> None:
    rewrite(tables, "flour", "power", source="atlas")
    mostly_grain = compared(tables, "flour")  # 0.05298 of 0.39423: 13 %
    assert not mostly_grain.independent
    rewrite(tables, "flour", "power", source="book")
    rewrite(tables, "power", "ch4_fossil", source="atlas")
    assert compared(tables, "power", "kg CO2e/kWh").independent  # 0.0298 of 0.5298: 6 %


# -- databases that are cited under several names


@pytest.mark.parametrize(
    ("source", "name"),
    [("packaging-cpcd", "cpcd"), ("agm-cpcd-lit", "cpcd"), ("cpcd-core-listing", "cpcd"), ("val-ice-v2", "ice"),
     ("uslci-50277", "uslci"), ("val-agc-planibel", "val-agc-planibel"), ("rice-mills-2020", "rice-mills-2020"),
     ("price-index", "price-index")],
)  # fmt: skip
def test_a_database_is_one_source(source: str, name: str) -> None:
    assert family(source) == name


@pytest.mark.parametrize(("entered", "same"), [("fuels-cpcd", True), ("cpcd-core", True), ("cpc-statistics", False)])
def test_figures_of_one_database_are_of_the_same_source(tables: Path, entered: str, same: bool) -> None:
    rewrite(tables, "grain", "n2o", source=entered)
    expected = 1.25 * GRAIN / RUN if same else 0
    assert compared(tables, "flour", source="agm-cpcd-lit").from_same_source == near(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("status", "note", "same"),
    [
        ("estimate", "Half of what CPCD has for wheat.", True),
        ("estimate", "Between TianGong and CPCD.", True),
        ("estimate", "As TianGong has it.", False),
        ("estimate", "Recollection.", False),
        ("published", "CPCD has half of it.", False),
    ],
)
def test_an_estimate_rests_on_the_database_that_its_note_names(
    tables: Path, status: str, note: str, same: bool
) -> None:
    rewrite(tables, "grain", "n2o", status=status, note=note, source="estimate" if status == "estimate" else "book")
    assert compared(tables, "grain", source="packaging-cpcd").from_same_source == near(1 if same else 0)


# -- the embedded release


@cache
def embedded() -> Tables:
    return read_tables(data_folder("background_data"))


def test_many_products_stand_beside_independent_figures(release: Release) -> None:
    rows = release.catalogue.comparisons()
    assert len(rows) == len(embedded().comparisons)
    assert len({row["process"] for row in rows if row["independent"]}) >= 80


def test_a_ratio_far_from_one_says_why(release: Release) -> None:
    far = [row for row in release.catalogue.comparisons() if not 0.7 <= row["ours"] / row["published"] <= 1.4]
    assert far
    assert [row["process"] for row in far if len(row["reason"].split()) < 5] == []


def test_what_rests_on_a_source_is_lost_without_its_rows(release: Release) -> None:
    # For sources that are one document; allocation stays, so rows of co-products do.
    rows = release.catalogue.comparisons()
    entered = {row["source"] for row in embedded().exchanges if row["kind"] != "coproduct"}
    single = {row["source"] for row in rows if row["source"] in entered and family(row["source"]) == row["source"]}
    assert single
    for source in single:
        left = tuple(e for e in embedded().exchanges if e["kind"] == "coproduct" or e["source"] != source)
        made = system_of(replace(embedded(), exchanges=left))
        scores = score_vectors(made.A, made.B, made.C)[:, 0]
        for row in (row for row in rows if row["source"] == source):
            kept = abs(scores[made.codes.index(row["process"])])
            assert row["from_same_source"] == near(1 - kept / row["ours"], rel=1e-6, abs=1e-9)
