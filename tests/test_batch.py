"""Batches against single footprints: the same totals, stages, warnings and errors, whatever goes together."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcaengine.background import Release, default_release
from lcaengine.batch import rows_of
from lcaengine.batch.arrow import part_of
from lcaengine.batch.computing import computed
from lcaengine.batch.outcome import Outcome
from lcaengine.bom import read_plant
from lcaengine.bom.reading import read_rows
from lcaengine.data import folder
from lcaengine.footprint import body, calculate
from lcaengine.problems import Refused
from lcaengine.rules import find_rule

Json = dict[str, Any]
SEEDS = (
    "beer/craft-one-way-glass.json", "beer/keg-brewery.json", "beer/craft-pet.json", "beer-cff/craft-one-way-glass.json",
    "refrigerator/single-door-90l.json", "tyres/passenger-205-55r16-silica.json", "tyres/truck-295-80r22-5-retreaded.json",
    "washing-machine/drum-10kg-cn.json", "television/lcd-55-cn.json", "room-air-conditioner/split-2500w-r32-eu.json",
)  # fmt: skip
CELLS = ("section", "id", "name", "amount", "unit", "role", "process", "kind", "origin", "basis", "unit_mass", "transport",
         "recycled_content", "cn_code", "cas", "evidence", "price", "biogenic_carbon", "supplier_footprint",
         "footprint_boundary", "footprint_gwp", "footprint_year", "footprint_verification")  # fmt: skip


def worked() -> list[Json]:
    return [d for name in SEEDS for d in read_plant((folder("inventories") / name).read_bytes())]


def table(documents: list[Json], numbers: bool = True) -> pa.Table:
    """The long form of some documents, amounts as numbers or as texts."""
    rows = [{"bom": f"b{i}", **row} for i, document in enumerate(documents) for row in rows_of(document)]
    columns: dict[str, pa.Array] = {}
    for name in ("bom", *CELLS):
        values = [row.get(name) for row in rows]
        if numbers and name in ("amount", "recycled_content"):
            columns[name] = pa.array([None if v is None else float(v) for v in values], pa.float64())
        else:
            columns[name] = pa.array(
                [None if v is None else v if isinstance(v, str) else repr(v) for v in values], pa.string()
            )
    return pa.table(columns)


def single(document: Json, release: Release) -> Json | list[tuple[str, str, str]]:
    """What a single footprint answers for the same rows, or its errors: code, place, text."""
    rows = [[*CELLS], *[[_cell(row.get(name)) for name in CELLS] for row in rows_of(document)]]
    try:
        _, bom = read_rows(rows)
        return body(calculate(bom, find_rule(bom.category), release))
    except Refused as refused:
        return [(p.code, p.where, p.message("zh")) for p in refused.problems]


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else repr(float(value))


def assert_equal(documents: list[Json], outcome: Outcome, release: Release) -> int:
    """Every bill as if it were alone; returns how many have a footprint."""
    results = {row["bom"]: row for row in outcome.results().to_pylist()}
    errors, warnings = (_by_bom(issues.table().to_pylist()) for issues in (outcome.errors, outcome.warnings))
    first = 1
    count = 0
    for i, document in enumerate(documents):
        name, alone = f"b{i}", single(document, release)
        if isinstance(alone, list):
            assert results[name]["status"] == "error"
            assert [(e["code"], e["row"], e["field"]) for e in errors[name]] == [
                (c, *_place(w, first)) for c, w, _ in alone
            ]
            assert [e["message_zh"] for e in errors[name] if "row" not in e["message_zh"]] == [
                t for _, _, t in alone if "row" not in t
            ]
        else:
            count += 1
            _assert_same(results[name], alone)
            told = [(w["code"], *_place(w["pointer"], first), w["message"]["zh"], w["next_action"]["en"], w.get("rule_id", ""))
                    for w in alone["warnings"]]  # fmt: skip
            assert [
                (w["code"], w["row"], w["field"], w["message_zh"], w["next_action_en"], w["rule_id"])
                for w in warnings.get(name, [])
            ] == told
            assert results[name]["warning_count"] == len(told)
            assert results[name]["warnings"] == ";".join(code for code, *_ in told)
        first += len(list(rows_of(document)))
    return count


def _by_bom(rows: list[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for row in rows:
        found.setdefault(row["bom"], []).append(row)
    return found


def _place(where: str, first: int) -> tuple[int | None, str]:
    """A place in a bill's own table (header in row 1) as row and field of the file."""
    found = re.fullmatch(r"row (\d+)(?:, column (.*))?", where, re.S)
    return (first + int(found[1]) - 2, found[2] or "") if found else (None, where)


def _assert_same(row: Json, alone: Json) -> None:
    total = alone["total"]["value"]
    size = sum(abs(s["value"]) for s in alone["stages"])
    quality = alone["data_quality"]
    expected = {
        "total": total, "location_based": alone["electricity"]["location_based"],
        "market_based": alone["electricity"]["market_based"], "biogenic_carbon_kg": alone["biogenic_carbon"]["value"],
        **{f"stage:{s['stage']}": s["value"] for s in alone["stages"]},
        **{f"indicator:{i['id']}": i["value"] for i in alone["indicators"]},
        **{f"{k}": quality[k] for k in ("primary_data_share", "default_share", "estimate_share", "unsplit_share")},
        "pef_dqr": quality["rating"] and quality["rating"]["pef"]["dqr"],
        "technological_dqr": quality["rating"] and quality["rating"]["pact"]["technologicalDQR"],
        "geographical_dqr": quality["rating"] and quality["rating"]["pact"]["geographicalDQR"],
        "temporal_dqr": quality["rating"] and quality["rating"]["pact"]["temporalDQR"],
    }  # fmt: skip
    assert row["total"] == pytest.approx(total, rel=1e-12, abs=0)
    for key, value in expected.items():
        if value is None or not math.isfinite(value):
            assert row[key] is None
        else:
            assert row[key] == pytest.approx(value, rel=1e-12, abs=1e-12 * max(size, 1.0)), key
    assert {k for k, v in row.items() if k.startswith("stage:") and v is not None} == {
        k for k in expected if k.startswith("stage:")
    }
    assert (row["rule"], row["rule_version"], row["rule_sha256"]) == tuple(
        alone["rule"][k] for k in ("id", "version", "sha256")
    )
    assert (row["background_id"], row["boundary"]) == (alone["background"]["id"], alone["boundary"])
    assert (row["declared_amount"], row["declared_unit"]) == (
        alone["declared_unit"]["amount"],
        alone["declared_unit"]["unit"],
    )
    assert row["product"] == alone["product"]["name"]["zh"]
    assert row["product_id"] == alone["product"].get("id")


def numbers_in(document: Json) -> Iterator[tuple[Json, str]]:
    """Every number of a bill that may vary."""
    for line in document["lines"]:
        yield line, "amount"
        if "recycled_content" in line:
            yield line, "recycled_content"
        if "unit_mass" in line:
            yield line["unit_mass"], "amount"
        yield from ((leg["distance"], "amount") for leg in line.get("transport", []))
        if "supplier_footprint" in line:
            yield line["supplier_footprint"], "value"
    for entries in document.get("activities", {}).values():
        yield from ((entry, "amount") for entry in entries)
    for entry in document.get("co_products", []):
        yield entry, "amount"
        if "price" in entry:
            yield entry["price"], "amount"
    for name, value in document.get("parameters", {}).items():
        yield (value, "amount") if isinstance(value, dict) else (document["parameters"], name)
    if "output" in document:
        yield document["output"], "amount"


def varied(document: Json, rng: np.random.Generator, odd: float) -> Json:
    """The same structure with other numbers; some of them (a share ``odd``) zero, huge, or out of every range."""
    found = copy.deepcopy(document)
    for owner, key in numbers_in(found):
        if not isinstance(owner[key], str):
            owner[key] = float(owner[key]) * float(rng.uniform(0.7, 1.3))
            if rng.random() < odd:
                owner[key] = float(rng.choice([0.0, 1e-9, 1e9, -1.0, 1e300, 1.0, 3.0]))
    found["product"]["name"] = f"名称 {rng.integers(1000)}"
    return found


@pytest.mark.parametrize("odd", [0.0, 0.02])
def test_every_bill_as_if_it_were_alone(release: Release, odd: float) -> None:
    """Worked inventories of seven categories, each with many other numbers, mixed at random."""
    rng = np.random.default_rng(7)
    documents = [varied(seed, rng, odd) for seed in worked() for _ in range(9)]
    documents = [documents[i] for i in rng.permutation(len(documents))]
    outcome = computed(part_of(table(documents), 1), release)
    footprints = assert_equal(documents, outcome, release)
    assert footprints > 60 if odd == 0 else 10 < footprints < len(documents) - 10


@settings(max_examples=12, deadline=None)
@given(seed=st.sampled_from(range(len(SEEDS))), state=st.integers(0, 2**32), odd=st.sampled_from([0.0, 0.01, 0.1]))
def test_whatever_the_numbers(seed: int, state: int, odd: float) -> None:
    rng = np.random.default_rng(state)
    documents = [varied(worked()[seed], rng, odd) for _ in range(8)]
    assert_equal(
        documents, computed(part_of(table(documents, numbers=state % 2 == 0), 1), default_release()), default_release()
    )


def test_bills_of_one_structure_run_the_rule_once(release: Release, monkeypatch: pytest.MonkeyPatch) -> None:
    from lcaengine.batch import structure

    calls: list[int] = []
    real = structure.apply_rule
    monkeypatch.setattr(structure, "apply_rule", lambda *args: calls.append(1) or real(*args))
    rng = np.random.default_rng(3)
    seed = worked()[0]
    seed["lines"][0]["origin"] = "AU"  # a structure that no other test has
    for _ in range(2):
        documents = []
        for _ in range(25):
            document = copy.deepcopy(seed)
            document["lines"][0]["amount"] *= float(rng.uniform(0.99, 1.01))
            documents.append(document)
        assert_equal(documents, computed(part_of(table(documents), 1), release), release)
        assert len(calls) == 1  # other numbers later take the same course


def test_a_text_for_a_number_is_an_error_however_it_is_written(release: Release) -> None:
    """Among many bills that give the number, and alone."""
    documents = [copy.deepcopy(worked()[0]) for _ in range(6)]
    for i, text in ((1, "#"), (2, "12,5"), (3, "()"), (4, "nan")):
        documents[i]["lines"][0]["amount"] = text
    rows = table(documents, numbers=False)
    outcome = computed(part_of(rows, 1), release)
    assert [(e["bom"], e["code"], e["field"]) for e in outcome.tables(False)["errors"].to_pylist()] == [
        ("b1", "not_a_number", "amount"), ("b2", "not_a_number", "amount"), ("b3", "not_a_number", "amount"),
        ("b4", "not_finite", "amount"),
    ]  # fmt: skip
    assert [r["status"] for r in outcome.results().to_pylist()] == ["ok", "error", "error", "error", "error", "ok"]


def test_the_lines_of_a_bill_are_its_total(release: Release) -> None:
    rng = np.random.default_rng(5)
    documents = [varied(worked()[0], rng, 0.0) for _ in range(4)] + [varied(worked()[5], rng, 0.0)]
    outcome = computed(part_of(table(documents), 1), release, lines=True)
    totals = {row["bom"]: row["total"] for row in outcome.results().to_pylist()}
    lines = _by_bom(outcome.line_table().to_pylist())
    for i, document in enumerate(documents):
        alone = single(document, release)
        assert isinstance(alone, dict)
        found = {(row["line"], row["stage"]): row["value"] for row in lines[f"b{i}"]}
        assert found == pytest.approx(
            {(e["line"], e["stage"]): e["value"] for e in alone["lines"]}, rel=1e-12, abs=1e-12
        )
        assert math.fsum(found.values()) == pytest.approx(totals[f"b{i}"], rel=1e-12)
