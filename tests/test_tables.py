"""Checks of the background tables: each on a small valid set with one thing broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from background_fixtures import TINY, read_csv, write_csv, write_tiny_tables

from lcaengine.background.checks import check_tables
from lcaengine.background.tables import read_tables, release_id
from lcaengine.data import folder as data_folder
from lcaengine.problems import Malformed, Problem

PROCESSES, EXCHANGES, SOURCES, SYNONYMS, RANGES = (f"mill/{name}.csv" for name in TINY)
FACTORS = "characterization_factors.csv"
HEADLINE = {"id": "gwp100_excluding_biogenic_uptake"}

Break = Callable[[Path], str]


@pytest.fixture
def tables(tmp_path: Path) -> Path:
    return write_tiny_tables(tmp_path / "tables")


def problems_of(folder: Path) -> list[Problem]:
    return check_tables(read_tables(folder))


def change(file: str, match: dict[str, str], column: str, value: str) -> Break:
    """Set one field of the first row that matches; says where that row stands."""

    def apply(folder: Path) -> str:
        rows = read_csv(folder / file)
        at = next(i for i, row in enumerate(rows) if match.items() <= row.items())
        rows[at][column] = value
        write_csv(folder / file, rows)
        return f"{file}, line {at + 2}"

    return apply


def append(file: str, match: dict[str, str], **changes: str) -> Break:
    """Repeat the first row that matches, with changes, at the end; says where it stands."""

    def apply(folder: Path) -> str:
        rows = read_csv(folder / file)
        rows.append(next(row for row in rows if match.items() <= row.items()) | changes)
        write_csv(folder / file, rows)
        return f"{file}, line {len(rows) + 1}"

    return apply


def of(code: str) -> dict[str, str]:
    return {"code": code}


def edge(process: str, target: str) -> dict[str, str]:
    return {"process": process, "target": target}


def test_the_small_set_is_valid(tables: Path) -> None:
    assert problems_of(tables) == []


def test_the_embedded_tables_are_valid() -> None:
    folder = data_folder("background_data")
    assert len(read_tables(folder).processes) > 100
    assert problems_of(folder) == []


@pytest.mark.parametrize(
    ("code", "column", "broken"),
    [
        ("table_schema", "status", change(PROCESSES, of("power"), "status", "certain")),
        ("table_schema", "amount", change(EXCHANGES, edge("flour", "grain"), "amount", "a lot")),
        ("table_schema", "year", change(EXCHANGES, edge("flour", "grain"), "year", "1066")),
        ("table_schema", "pedigree", change(EXCHANGES, edge("flour", "grain"), "pedigree", "1;2;3")),
        ("table_schema", "basic_uncertainty", change(EXCHANGES, edge("flour", "grain"), "basic_uncertainty", "0.9")),
        ("table_schema", "licence", change(SOURCES, {"id": "book"}, "licence", "")),
        ("table_schema", "language", change(SYNONYMS, {"name": "wheat flour"}, "language", "fr")),
        ("table_schema", "unit", change(PROCESSES, of("power"), "unit", "furlong")),
        ("table_schema", "code", append(PROCESSES, of("power"))),
        ("table_schema", "key", append("elementary_flows.csv", {"key": "n2o"})),
        ("duplicate_key", "name", append(SYNONYMS, {"name": "wheat flour"}, name="Wheat Flour")),
        ("unlinked", "process", change(EXCHANGES, edge("flour", "grain"), "process", "mill-of-nobody")),
        ("unlinked", "target", change(EXCHANGES, edge("flour", "grain"), "target", "rye")),
        ("unlinked", "target", change(EXCHANGES, edge("grain", "n2o"), "target", "laughing_gas")),
        ("unlinked", "process", change(SYNONYMS, {"name": "wheat flour"}, "process", "rye")),
        ("unlinked", "flow", change(FACTORS, {"flow": "n2o"}, "flow", "laughing_gas")),
        ("source_differs", "id", append(SOURCES, {"id": "book"}, year="2021")),
        ("unknown_source", "source", change(EXCHANGES, edge("flour", "grain"), "source", "hearsay")),
        ("unknown_source", "source", change(FACTORS, {"flow": "n2o"}, "source", "hearsay")),
        ("unknown_unit", "unit", change(EXCHANGES, edge("flour", "grain"), "unit", "furlong")),
        ("wrong_dimension", "unit", change(EXCHANGES, edge("flour", "grain"), "unit", "kWh")),
        ("production_amount", "production_amount", change(PROCESSES, of("power"), "production_amount", "0")),
        ("production_amount", "production_amount", change(PROCESSES, of("power"), "production_amount", "-1")),
        ("production_amount", "production_amount", change(PROCESSES, of("burning"), "production_amount", "1")),
        ("production_amount", "production_amount", change(PROCESSES, of("burning"), "tags", "")),
        ("two_producers", "target", append(EXCHANGES, edge("flour", "bran"), process="bread")),
        ("two_producers", "target", change(EXCHANGES, edge("flour", "bran"), "target", "grain")),
        ("empty_process", "code", append(PROCESSES, of("power"), code="wish")),
        ("formula_missing", "formula", change(EXCHANGES, edge("grain", "co2_uptake"), "formula", "")),
        ("bad_formula", "formula", change(EXCHANGES, edge("grain", "co2_uptake"), "formula", "open('x')")),
        ("bad_formula", "formula", change(EXCHANGES, edge("grain", "co2_uptake"), "formula", "1/0")),
        ("formula_differs", "amount", change(EXCHANGES, edge("grain", "co2_uptake"), "amount", "1.47")),
        ("status_too_good", "status", change(PROCESSES, of("bread"), "status", "derived")),
        ("status_too_good", "status", change(PROCESSES, of("flour"), "status", "measured")),
        ("estimate_without_reason", "note", change(EXCHANGES, edge("bread", "burning"), "note", "")),
        ("estimate_as_better", "status", change(EXCHANGES, edge("bread", "burning"), "status", "measured")),
        ("carbon_balance", "code", change(PROCESSES, of("bread"), "biogenic_carbon_kg", "0.301")),
        ("indicator_sum", "sum_of", change("indicators.csv", HEADLINE, "sum_of", "gwp100_fossil")),
    ],
)
def test_check_fires_and_says_where(tables: Path, code: str, column: str, broken: Break) -> None:
    where = broken(tables)
    assert (code, f"{where}, column {column}") in [(p.code, p.where) for p in problems_of(tables)]


def test_a_code_in_two_sectors_is_given_twice(tables: Path) -> None:
    (tables / "utilities").mkdir()
    power = next(row for row in read_csv(tables / PROCESSES) if row["code"] == "power")
    write_csv(tables / "utilities" / "processes.csv", [power])
    found = [(p.code, p.where, p.values) for p in problems_of(tables)]
    values = {"key": "power", "first": "mill/processes.csv, line 5"}
    assert found == [("duplicate_key", "utilities/processes.csv, line 2, column code", values)]


def test_factor_that_does_not_add_up_names_its_flow(tables: Path) -> None:
    change(FACTORS, {"indicator": "gwp100_fossil", "flow": "n2o"}, "factor", "265")(tables)
    found = problems_of(tables)
    assert {(p.code, p.values["flow"]) for p in found} == {("indicator_sum", "n2o")}
    assert {p.where for p in found} == {f"indicators.csv, line {n}, column sum_of" for n in (2, 3)}


@pytest.mark.parametrize(("content", "fires"), [("0.3009", True), ("0.3", False), ("0.2991", True)])
def test_carbon_balance_gap(tables: Path, content: str, fires: bool) -> None:
    # Bread: 0.8·0.4 in, 0.05·0.4 handed over, 0.3 stays. Throughput 0.64 kg, tolerance a thousandth of it: 0.00064.
    change(PROCESSES, of("bread"), "biogenic_carbon_kg", content)(tables)
    assert [p.code for p in problems_of(tables)] == (["carbon_balance"] if fires else [])


def test_a_formula_may_be_rounded_to_a_thousandth(tables: Path) -> None:
    change(EXCHANGES, edge("grain", "co2_uptake"), "amount", "1.4675")(tables)  # 0.06 % more than 1.466667
    assert "formula_differs" not in [p.code for p in problems_of(tables)]


def test_a_leaf_tagged_burden_free_may_be_empty(tables: Path) -> None:
    append(PROCESSES, of("power"), code="rain", name_zh="雨", name_en="Rain", tags="burden-free")(tables)
    assert problems_of(tables) == []


def test_row_with_too_many_fields_cannot_be_read(tables: Path) -> None:
    path = tables / SYNONYMS
    path.write_text(path.read_text(encoding="utf-8") + "flour,en,fine, white\n", encoding="utf-8")
    with pytest.raises(Malformed) as caught:
        read_tables(tables)
    assert [(p.code, p.where) for p in caught.value.problems] == [("wrong_column_count", f"{SYNONYMS}, line 4")]


def test_gbk_cannot_be_read(tables: Path) -> None:
    path = tables / SYNONYMS
    path.write_bytes(path.read_text(encoding="utf-8").encode("gbk"))
    with pytest.raises(Malformed) as caught:
        read_tables(tables)
    assert [(p.code, p.where) for p in caught.value.problems] == [("unreadable_table", SYNONYMS)]


def test_byte_order_mark_is_read_over(tables: Path) -> None:
    path = tables / SYNONYMS
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert read_tables(tables).synonyms[0]["process"] == "flour"


@pytest.mark.parametrize(
    ("file", "column"),
    [(PROCESSES, "code"), (PROCESSES, "unit"), (EXCHANGES, "target"), (EXCHANGES, "kind"), (SYNONYMS, "process")],
)
def test_missing_column_is_a_problem_of_the_schema(tables: Path, file: str, column: str) -> None:
    rows = read_csv(tables / file)
    write_csv(tables / file, [{k: v for k, v in row.items() if k != column} for row in rows])
    assert any(p.code == "table_schema" and p.where.startswith(file) for p in problems_of(tables))


@pytest.mark.parametrize("without", ["flour", "bran"])
def test_every_product_of_a_process_needs_an_allocation_key(tables: Path, without: str) -> None:
    change(PROCESSES, of(without), "allocation_key", "")(tables)
    where = f"{EXCHANGES}, line 6, column target"  # the co-product row of the mill
    assert [(p.code, p.where) for p in problems_of(tables)] == [("no_allocation_key", where)]


def test_keys_that_are_all_zero_cannot_share_a_burden(tables: Path) -> None:
    where = change(PROCESSES, of("flour"), "allocation_key", "0")(tables)
    change(PROCESSES, of("bran"), "allocation_key", "0")(tables)
    assert [(p.code, p.where) for p in problems_of(tables)] == [
        ("no_allocation_key", f"{where}, column allocation_key")
    ]


def test_one_key_of_zero_leaves_the_burden_to_the_other(tables: Path) -> None:
    change(PROCESSES, of("bran"), "allocation_key", "0")(tables)
    assert problems_of(tables) == []


def test_unit_that_the_schema_allows_but_nobody_knows(tables: Path) -> None:
    schema = tables / "schema" / "processes.yaml"
    schema.write_text(schema.read_text(encoding="utf-8").replace("hour]", "hour, furlong]"), encoding="utf-8")
    where = change(PROCESSES, of("bread"), "unit", "furlong")(tables)
    assert [(p.code, p.where) for p in problems_of(tables)] == [("unknown_unit", f"{where}, column unit")]


@pytest.mark.parametrize("value", ["NaN", "INF", "-INF"])
@pytest.mark.parametrize(
    ("file", "match", "column"),
    [
        (EXCHANGES, edge("power", "co2_fossil"), "amount"),
        (PROCESSES, of("power"), "production_amount"),
        (PROCESSES, of("bread"), "mass_kg"),
        (FACTORS, {"flow": "co2_biogenic"}, "factor"),
    ],
)
def test_numbers_are_finite(tables: Path, value: str, file: str, match: dict[str, str], column: str) -> None:
    where = change(file, match, column, value)(tables)
    assert f"{where}, column {column}" in [p.where for p in problems_of(tables)]


def test_release_id_follows_the_content_not_the_line_ends(tables: Path) -> None:
    before = release_id(tables)
    path = tables / SYNONYMS
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert release_id(tables) == before
    change(PROCESSES, of("power"), "note", "one word")(tables)
    assert release_id(tables) != before


def test_release_id_follows_the_gwp_factors(tables: Path) -> None:
    before = release_id(tables)
    change(FACTORS, {"flow": "sf6"}, "factor", "24300")(tables)
    assert release_id(tables) != before
