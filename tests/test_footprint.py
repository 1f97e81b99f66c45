"""Footprints: equal to full solves, additive in every partition, linear, balanced in biogenic carbon."""

from __future__ import annotations

import copy
from dataclasses import replace

import numpy as np
import pytest
from foregrounds import (
    GATE,
    GRAVE,
    HEADLINE,
    Case,
    background,
    beer,
    brightway_total,
    cases,
    dense_total,
    exchange,
    footprint,
    gross,
    inventory_of,
    process,
    tiny,
    worked,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from lcaengine.background import default_release
from lcaengine.footprint import Footprint, body, link, solve, trace
from lcaengine.problems import NoSolution, NotFound, Refused

INCLUDING = "gwp100_including_biogenic_uptake"
LONG = 15_000
TABLES = 1e-6  # kg CO2e/hl: the tables write the uptake of a crop with seven digits
quick = settings(max_examples=60, deadline=None)
factors = st.floats(0.01, 100)


def close(found: object, wanted: object, scale: object = None) -> bool:
    """Equal to 1e-9 of the largest figure that takes part."""
    size = max(np.abs(np.asarray(wanted, dtype=float)).max(initial=0.0), np.abs(np.asarray(scale or 0.0)).max())
    return bool(np.abs(np.asarray(found) - np.asarray(wanted)).max(initial=0.0) <= 1e-9 * max(size, 1e-300))


# -- equal to the full solve


@settings(max_examples=25, deadline=None)
@given(cases(self_inputs=True))
def test_the_block_solve_is_the_full_solve_of_bw2calc_in_every_column(case: Case) -> None:
    assert close(case.solved.total, brightway_total(case), gross(case.solved))


@settings(max_examples=150, deadline=None)
@given(cases(self_inputs=True))
def test_the_block_solve_is_the_full_solve_of_numpy(case: Case) -> None:
    assert close(case.solved.total, dense_total(case), gross(case.solved))


def test_a_loop_by_hand() -> None:
    # p0 makes 2 kg a run from 1 kg of p1; p1 makes 4 kg a run from 0.5 kg of p0 and emits 3 kg CO2 and 0.01 kg N2O.
    # One kg of p0: 2 x0 − 0.5 x1 = 1 and 4 x1 = x0, so x0 = 4 x1, 7.5 x1 = 1, x1 = 2/15, x0 = 8/15.
    # CO2 = 3 × 2/15 = 0.4 kg; N2O = 0.01 × 2/15 × 273 = 0.364 kg CO2e.
    found = [
        exchange("p0", "foreground", "p1", 1.0),
        exchange("p1", "foreground", "p0", 0.5),
        exchange("p1", "emission", "co2_fossil", 3.0),
        exchange("p1", "emission", "n2o", 10.0, unit="g"),
    ]
    result = solve(link(inventory_of([process("p0", 2.0), process("p1", 4.0)], found), background(0).release))
    assert result.runs == pytest.approx([8 / 15, 2 / 15], rel=1e-12)
    assert result.value == pytest.approx(0.764, rel=1e-12)
    assert result.total[2:] == pytest.approx([0.4, 0.364], rel=1e-12)


# -- partitions


@quick
@given(cases())
def test_stages_lines_and_gases_are_partitions(case: Case) -> None:
    found = case.solved
    assert close(found.stages.sum(axis=0), found.total, gross(found))
    assert close(found.groups.sum(axis=0), found.total, gross(found))
    assert close(found.exchange_scores.sum(axis=0), found.total, gross(found))
    assert close(found.total[2:].sum(), found.value, gross(found))
    for k, (stage, line) in enumerate(found.system.groups):
        own = [(e.stage, e.line) == (stage, line) for e in found.system.exchanges]
        assert close(found.exchange_scores[own].sum(axis=0), found.groups[k], gross(found))
    for k, stage in enumerate(found.system.stages):
        own = [e.stage == stage for e in found.system.exchanges]
        assert close(found.exchange_scores[own].sum(axis=0), found.stages[k], gross(found))


@pytest.mark.parametrize("boundary", [GATE, GRAVE])
@pytest.mark.parametrize("name", sorted(worked()))
def test_the_partitions_of_the_worked_inventories_add_up(name: str, boundary: str) -> None:
    shown = body(footprint(worked()[name], boundary))
    total = shown["total"]["value"]
    for partition in ("stages", "lines", "gases"):
        assert sum(part["value"] for part in shown[partition]) == pytest.approx(total, rel=1e-9), partition
    assert sum(part["share"] for part in shown["stages"]) == pytest.approx(1, rel=1e-9)
    quality = shown["data_quality"]
    assert all(0 <= quality[share] <= 1 for share in quality if share.endswith("_share"))
    assert sum(quality["status_shares"].values()) == pytest.approx(1, rel=1e-9)
    by_id = {i["id"]: i["value"] for i in shown["indicators"]}
    assert by_id[HEADLINE] == total


# -- linearity


@quick
@given(cases(), factors)
def test_scaling_every_purchase_scales_the_background_part(case: Case, factor: float) -> None:
    def scaled(by: float) -> np.ndarray:
        changed = (
            e._replace(amount=e.amount * by) if e.kind in {"product", "waste"} else e for e in case.inventory.exchanges
        )
        return case.with_exchanges(changed).solved.total

    nothing, once = scaled(0.0), scaled(1.0)
    assert close(scaled(factor), nothing + factor * (once - nothing), factor * gross(case.solved))


@quick
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_changes_nothing(case: Case, random: object) -> None:
    mixed = list(case.inventory.exchanges)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    found, other = case.solved, case.with_exchanges(mixed).solved
    assert close(other.total, found.total, gross(found))
    groups = dict(zip(found.system.groups, found.groups, strict=True))
    for group, value in zip(other.system.groups, other.groups, strict=True):
        assert close(value, groups[group], gross(found))


def test_the_order_of_the_lines_of_a_bill_changes_nothing() -> None:
    document = copy.deepcopy(worked()["craft-glass-330"])
    total = footprint(document, GRAVE).total
    document["lines"].reverse()
    document["activities"] = dict(reversed(document["activities"].items()))
    assert footprint(document, GRAVE).total == pytest.approx(total, rel=1e-9)


@quick
@given(cases())
def test_twice_the_declared_unit_is_twice_the_footprint(case: Case) -> None:
    unit = case.inventory.declared_unit
    twice = replace(case.inventory, declared_unit=replace(unit, amount=2 * unit.amount))
    assert close(replace(case, inventory=twice).solved.total, 2 * case.solved.total, gross(case.solved))


def test_the_declared_unit_of_the_bill_is_only_a_way_to_write_it() -> None:
    # All amounts per 3 hl, three times as large: the same beer.
    thrice = tiny()
    thrice["product"]["declared_unit"] = {"amount": 300, "unit": "L"}
    for row in [*thrice["lines"], *(row for rows in thrice["activities"].values() for row in rows)]:
        row["amount"] *= 3
    assert footprint(thrice, GRAVE).total == pytest.approx(footprint(tiny(), GRAVE).total, rel=1e-12)


# -- biogenic carbon


def carbon_difference(found: Footprint) -> float:
    columns = found.system.release.column_index
    return float(found.total[columns[INCLUDING]] - found.total[columns[HEADLINE]])


def test_the_carbon_of_a_small_beer_by_hand() -> None:
    # Gate: 3.4 kg C in the hectolitre, 5 kg of carton of 0.42 kg C/kg around it: 3.4 + 2.1 = 5.5 kg C.
    # Malt brings 15 × 0.42 = 6.3 kg C, so fermentation and spent grain leave 6.3 − 3.4 = 2.9 kg C as CO2.
    document = tiny({"id": "carton", "amount": 5, "unit": "kg", "role": "carton", "transport": []})
    found = footprint(document)
    assert found.biogenic_carbon == pytest.approx(5.5, rel=1e-12)
    assert carbon_difference(found) == pytest.approx(-44 / 12 * 5.5, abs=TABLES)
    balance = {e.process: e.amount for e in found.system.exchanges if e.line == "biogenic_carbon_balance"}
    assert balance == {"brewing": pytest.approx(44 / 12 * 2.9, rel=1e-9)}
    drunk = footprint(document, GRAVE)
    assert drunk.biogenic_carbon == 0
    assert carbon_difference(drunk) == pytest.approx(0, abs=TABLES)


def test_spent_grain_takes_its_carbon_and_no_burden() -> None:
    # 20 kg of 0.1 kg C/kg = 2 kg C leave with it, so only 6.3 − 3.4 − 2 = 0.9 kg C are emitted in the brewery.
    without = footprint(tiny())
    grain = footprint(tiny(co_products=[{"id": "spent_grain", "amount": 20, "unit": "kg"}]))
    assert grain.value == pytest.approx(without.value, rel=1e-12)
    assert carbon_difference(grain) == pytest.approx(-44 / 12 * 3.4, abs=TABLES)
    balance = [e.amount for e in grain.system.exchanges if e.line == "biogenic_carbon_balance"]
    assert balance == [pytest.approx(44 / 12 * 0.9, rel=1e-9)]


def test_more_carbon_in_the_product_than_comes_in_is_warned() -> None:
    # 5 kg of malt bring 2.1 kg C; the beer holds 3.4: 1.3 kg are missing.
    found = footprint(tiny({"id": "malt", "amount": 5, "unit": "kg", "role": "malt", "transport": []}))
    gaps = [w.problem.values["gap"] for w in found.system.warnings if w.problem.code == "carbon_gap"]
    assert gaps == [pytest.approx(1.3, rel=1e-9)]


@pytest.mark.parametrize("name", sorted(worked()))
def test_the_worked_inventories_balance(name: str) -> None:
    gate, grave = footprint(worked()[name]), footprint(worked()[name], GRAVE)
    assert gate.biogenic_carbon > 3.4  # the beer, and its packaging
    assert carbon_difference(gate) == pytest.approx(-44 / 12 * gate.biogenic_carbon, abs=1e-7 * gross(gate))
    assert carbon_difference(grave) == pytest.approx(0, abs=1e-7 * gross(grave))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_random_amounts_balance(data: st.DataObject) -> None:
    document = copy.deepcopy(worked()[data.draw(st.sampled_from(sorted(worked())))])
    for row in document["lines"]:
        row["amount"] *= data.draw(st.floats(0, 20))
    for row in document.get("co_products", []):
        row["amount"] *= data.draw(st.floats(0, 20))
    gate, grave = footprint(document), footprint(document, GRAVE)
    assert abs(carbon_difference(gate) + 44 / 12 * gate.biogenic_carbon) <= 1e-7 * gross(gate)
    assert abs(carbon_difference(grave)) <= 1e-7 * gross(grave)


# -- electricity methods


def test_the_market_based_result_by_hand() -> None:
    # 20 kWh bought: 10 without a claim, 5 with a cancelled wind certificate, 5 with one that shows no evidence.
    # Location-based, all take the grid 0.5777; market-based, the first and the last take the residual mix.
    power = [
        {"amount": 10, "unit": "kWh"},
        {"amount": 5, "unit": "kWh", "supply": "certificate_wind", "evidence": "register 1"},
        {"amount": 5, "unit": "kWh", "supply": "certificate_wind"},
    ]
    document = tiny(activities={"electricity": power})
    grid, residual, wind = 0.5777, 0.6637126272, 0.0386705321092
    difference = 15 * (residual - grid) + 5 * (wind - grid)
    found = footprint(document)
    assert found.alternative_total - found.value == pytest.approx(difference, rel=1e-9)
    grid_part = [v for g, v in zip(found.system.groups, found.groups[:, 0], strict=True) if "electricity" in g[1]]
    assert sum(grid_part) == pytest.approx(20 * grid, rel=1e-9)
    # 1.02 hl sold for each drunk; cooling away from the brewery stays with the grid
    drunk = footprint(document, GRAVE)
    assert drunk.alternative_total - drunk.value == pytest.approx(1.02 * difference, rel=1e-9)
    shown = body(found)["electricity"]
    assert shown == {
        "location_based": found.value, "market_based": found.alternative_total, "headline": "location_based",
    }  # fmt: skip


def test_own_generation_whose_certificates_were_sold_takes_the_residual() -> None:
    power = [{"amount": 10, "unit": "kWh", "supply": "onsite_pv_certificates_sold"}]
    found = footprint(tiny(activities={"electricity": power}))
    assert found.alternative_total - found.value == pytest.approx(10 * (0.6637126272 - 0.052), rel=1e-9)


# -- long chains, and what has no solution


def chain(length: int) -> Footprint:
    """p0 needs 1 kg of p1, p1 of p2 …; each emits 1 kg CO2."""
    own = [process(f"p{i}") for i in range(length)]
    found = [exchange(f"p{i}", "foreground", f"p{i + 1}", 1.0) for i in range(length - 1)]
    found += [exchange(f"p{i}", "emission", "co2_fossil", 1.0) for i in range(length)]
    return solve(link(inventory_of(own, found), background(0).release))


def test_a_chain_of_15000_processes_solves_and_opens() -> None:
    found = chain(LONG)
    assert found.value == pytest.approx(LONG, rel=1e-9)
    tree = trace(found, cutoff=0.5, max_nodes=LONG, max_depth=2 * LONG)
    # p_i is worth LONG − i: at a cut-off of one half the first 7501 are shown (i ≤ 7500), every emission is cut
    assert len(tree.nodes) == LONG // 2 + 1
    assert max(n.depth for n in tree.nodes) == LONG // 2
    assert sum(n.direct for n in tree.nodes) + sum(n.cut_value for n in tree.nodes) == pytest.approx(LONG, rel=1e-9)


def test_a_loop_that_needs_all_it_makes_has_no_solution() -> None:
    found = [
        exchange("p0", "foreground", "p1", 2.0),
        exchange("p1", "foreground", "p0", 0.5),
        exchange("p0", "emission", "co2_fossil", 1.0),
    ]
    with pytest.raises(NoSolution) as caught:
        solve(link(inventory_of([process("p0"), process("p1")], found), background(0).release))
    assert caught.value.problems[0].code == "no_solution"


@settings(max_examples=200, deadline=None)
@given(st.floats(0.01, 100), st.floats(0.01, 100))
def test_a_loop_of_gain_one_has_no_solution_whatever_the_rounding(a: float, b: float) -> None:
    # p0 needs a of p1, p1 needs b of p2, p2 needs 1/(ab) of p0
    found = [
        exchange("p0", "foreground", "p1", a),
        exchange("p1", "foreground", "p2", b),
        exchange("p2", "foreground", "p0", 1 / (a * b)),
        exchange("p0", "emission", "co2_fossil", 1.0),
    ]
    with pytest.raises(NoSolution):
        solve(link(inventory_of([process(f"p{i}") for i in range(3)], found), background(0).release))


def test_exchanges_that_do_not_fit_are_refused() -> None:
    release = background(0).release
    for found, error in (
        (exchange("p0", "product", "nothing", 1.0), NotFound),
        (exchange("p0", "emission", "nothing", 1.0), NotFound),
        (exchange("p0", "product", "product-0", 1.0, unit="kWh"), Refused),
        (exchange("p0", "waste", "product-0", 1.0), Refused),  # makes something: treats no waste
    ):
        with pytest.raises(error):
            link(inventory_of([process("p0")], [found]), release)


# -- what an answer says


def test_the_result_per_litre_and_per_pack() -> None:
    document = tiny()
    document["product"]["pack"] = {"amount": 330, "unit": "ml"}
    found = body(footprint(document))
    per = {entry["what"]: entry["value"] / found["total"]["value"] for entry in found["per"]}
    assert per == {"volume": pytest.approx(0.01), "pack": pytest.approx(0.0033)}


def test_the_share_of_estimates_is_that_of_the_release() -> None:
    found = footprint(tiny())
    release = default_release()
    signs = {"product": 1, "waste": -1}
    by_hand = sum(
        signs[e.kind] * e.amount * release.estimate[release.index[e.target]]
        for e in beer(tiny()).exchanges
        if e.kind in signs
    )
    assert body(found)["data_quality"]["estimate_share"] == pytest.approx(by_hand / found.value, rel=1e-9)


def test_a_process_that_nothing_needs_does_not_run() -> None:
    # p0 makes 5 kg of 1.25 kg of p3; p1 takes from both and nothing takes from p1 or p2. The elimination gives p1 a
    # negative zero's worth of runs, which is rounding and no loop without a solution.
    inputs = [("p0", "p3", 1.25), ("p1", "p0", 0.625), ("p1", "p3", 1.25)]
    found = [exchange(taker, "foreground", giver, amount) for taker, giver, amount in inputs]
    found.append(exchange("p0", "emission", "co2_fossil", 1.0))
    own = [process(f"p{i}", amount) for i, amount in enumerate((5.0, 1.0, 1.0, 10.0))]
    result = solve(link(inventory_of(own, found), background(0).release))
    assert result.runs == pytest.approx([0.2, 0, 0, 0.025], abs=1e-15)
    assert result.value == pytest.approx(0.2, rel=1e-12)


def test_a_loop_that_needs_more_than_it_makes_has_no_solution() -> None:
    found = [
        exchange("p0", "foreground", "p1", 1.5),
        exchange("p1", "foreground", "p0", 1.0),
        exchange("p0", "emission", "co2_fossil", 1.0),
    ]
    with pytest.raises(NoSolution):
        solve(link(inventory_of([process("p0"), process("p1")], found), background(0).release))


@quick
@given(cases(), st.lists(st.floats(-6, 6), min_size=5, max_size=5))
def test_the_units_of_the_own_products_change_nothing(case: Case, powers: list[float]) -> None:
    # the same foreground with each own product counted in a unit of its own, from micrograms to megatonnes
    units = {p.id: 10.0**power for p, power in zip(case.inventory.processes, powers, strict=False)}
    own = tuple(replace(p, amount=p.amount * units[p.id]) for p in case.inventory.processes)
    found = (
        e._replace(amount=e.amount * units[e.target]) if e.kind == "foreground" else e for e in case.inventory.exchanges
    )
    unit = case.inventory.declared_unit
    changed = replace(case.inventory, processes=own, declared_unit=replace(unit, amount=unit.amount * units["p0"]))
    other = replace(case, inventory=changed).with_exchanges(found)
    assert close(other.solved.total, case.solved.total, gross(case.solved))
