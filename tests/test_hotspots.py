"""Hotspots: three partitions of the same total, ranked, signed, and equal to what bw2calc says of every process."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import bw2calc as bc
import numpy as np
import pytest
from foregrounds import (
    GATE,
    GRAVE,
    Case,
    background,
    cases,
    exchange,
    footprint,
    full,
    gross,
    inventory_of,
    process,
    worked,
)
from hypothesis import given, settings

from lcaengine.footprint import hotspots, link, solve
from lcaengine.footprint.verify import FOREGROUND_ID, foreground_package

LISTS = ("lines", "stages", "processes")
ALL = 10_000


def sizes(found: dict[str, Any]) -> list[float]:
    return [abs(entry["value"]) for entry in found["items"]]


@settings(max_examples=60, deadline=None)
@given(cases())
def test_lines_stages_and_processes_each_add_up_to_the_total(case: Case) -> None:
    solved = case.solved
    found = hotspots(solved, ALL)
    for name in LISTS:
        values = [entry["value"] for entry in found[name]["items"]]
        assert sum(values) == pytest.approx(solved.value, rel=1e-9, abs=1e-9 * gross(solved)), name
        assert sizes(found[name]) == sorted(sizes(found[name]), reverse=True), name
        assert [entry["rank"] for entry in found[name]["items"]] == list(range(1, len(values) + 1))


@settings(max_examples=60, deadline=None)
@given(cases())
def test_direct_emissions_of_every_process_are_those_of_the_full_solve(case: Case) -> None:
    A, B, C = full(case)
    n, solved = len(case.background.A), case.solved
    demand = np.zeros(len(A))
    demand[n] = case.inventory.declared_unit.amount
    direct = (C[:, 0] @ B) * np.linalg.solve(A, demand)
    codes = [case.background.release.codes[i] for i in case.background.release.reference]
    expected = dict(zip(codes, direct, strict=False))
    expected |= {f"foreground:{p.id}": v for p, v in zip(case.inventory.processes, direct[n:], strict=True)}
    found = {entry["id"]: entry["value"] for entry in hotspots(solved, ALL)["processes"]["items"]}
    for name, value in expected.items():
        assert found.pop(name, 0.0) == pytest.approx(value, rel=1e-8, abs=1e-9 * gross(solved))
    assert found == {}


@pytest.mark.parametrize("name", sorted(worked()))
def test_processes_agree_with_the_characterized_inventory_of_bw2calc(name: str) -> None:
    solved = footprint(worked()[name], GRAVE)
    s = solved.system
    ids = json.loads((s.release.path / "release.json").read_text(encoding="utf-8"))["ids"]
    folder = s.release.path / "datapackages"
    packages = [str(folder / "background"), str(folder / s.inventory.rule.indicator), foreground_package(s, ids)]
    lca = bc.LCA({FOREGROUND_ID + s.final: float(s.demand[s.final])}, data_objs=packages)
    lca.lci()
    lca.lcia()
    by_column = np.asarray(lca.characterized_inventory.sum(axis=0)).ravel()
    names = dict(zip(ids["products"], s.release.codes, strict=True))
    names |= {FOREGROUND_ID + j: f"foreground:{p.id}" for j, p in enumerate(s.inventory.processes)}
    expected = {names[node]: by_column[column] for node, column in lca.dicts.activity.items() if by_column[column]}
    found = {entry["id"]: entry["value"] for entry in hotspots(solved, ALL)["processes"]["items"]}
    for code in found.keys() | expected.keys():
        value = expected.get(code, 0.0)
        assert found.get(code, 0.0) == pytest.approx(value, rel=1e-8, abs=1e-12 * abs(solved.value)), code


@pytest.mark.parametrize("boundary", [GATE, GRAVE])
@pytest.mark.parametrize("name", sorted(worked()))
def test_the_worked_inventories_add_up_and_are_ranked(name: str, boundary: str) -> None:
    solved = footprint(worked()[name], boundary)
    found = hotspots(solved, 5)
    for part in LISTS:
        items, rest = found[part]["items"], found[part]["rest"]
        assert sum(e["value"] for e in items) + rest["value"] == pytest.approx(solved.value, rel=1e-9)
        assert (len(items) == 5) == (found[part]["count"] >= 5)
        assert len(items) + rest["count"] == found[part]["count"]
        assert all(above >= below for above, below in pairwise(sizes(found[part])))
        assert all(set(entry["name"]) == {"zh", "en"} for entry in items)


# -- signs, by hand: p0 emits 4 kg CO2, takes up −1 kg and −3 kg in other lines


def signed(*values: float) -> Any:
    found = [exchange("p0", "emission", "co2_fossil", v, line=f"line-{i}") for i, v in enumerate(values)]
    return hotspots(solve(link(inventory_of([process("p0")], found), background(0).release)))


def test_a_zero_total_has_no_shares_but_gross_ones() -> None:
    found = signed(4.0, -1.0, -3.0)
    assert found["total"] == 0
    assert [e["value"] for e in found["lines"]["items"]] == [4, -3, -1]
    assert [e["share"] for e in found["lines"]["items"]] == [None] * 3
    assert [e["gross_share"] for e in found["lines"]["items"]] == [0.5, 0.375, 0.125]
    assert [e["cumulative_share"] for e in found["lines"]["items"]] == [0.5, 0.875, 1.0]


def test_negative_contributions_keep_their_sign() -> None:
    # total 2 = 5 − 3: shares 2.5 and −1.5 add up to one, gross shares 5/8 and 3/8 as well
    items = signed(-3.0, 5.0)["lines"]["items"]
    assert [(e["value"], e["share"], e["gross_share"]) for e in items] == [(5, 2.5, 0.625), (-3, -1.5, 0.375)]


def test_nothing_at_all_is_zero_without_shares() -> None:
    found = signed()
    assert found["total"] == 0
    assert [found[name]["count"] for name in LISTS] == [0, 0, 0]
    nil = signed(0.0)["lines"]["items"][0]
    assert (nil["share"], nil["gross_share"], nil["cumulative_share"]) == (None, None, None)
