"""The tree: nothing is lost between what it shows and what it cuts, loops end, and Brightway's traversal agrees."""

from __future__ import annotations

import importlib.util
import json
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

import bw2calc as bc
import numpy as np
import pytest
from foregrounds import (
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
from hypothesis import strategies as st

from lcaengine.background import default_release
from lcaengine.footprint import Footprint, Tree, link, solve, trace
from lcaengine.footprint.verify import FOREGROUND_ID, foreground_package
from lcaengine.inventory import Exchange, Inventory

has_graph_tools = importlib.util.find_spec("bw_graph_tools") is not None
cutoffs = st.sampled_from([0.0, 1e-4, 0.01, 0.05, 0.3, 2.0])


def check_accounts(tree: Tree) -> None:
    """Nothing is lost, over the tree and at every node."""
    total, size = tree.footprint.value, gross(tree.footprint)
    near = {"rel": 1e-9, "abs": 1e-9 * max(size, 1e-300)}
    shown = sum(n.direct + n.cut_value for n in tree.nodes)
    waiting = sum(n.value for n in tree.nodes if not n.opened)
    assert shown + waiting == pytest.approx(total, **near)
    children: dict[int, list[float]] = defaultdict(list)
    for node in tree.nodes[1:]:
        assert node.parent is not None
        assert node.depth == tree.nodes[node.parent].depth + 1
        children[node.parent].append(node.value)
    for node in tree.nodes:
        if node.opened and node.kind != "emission":
            parts = sum(children[node.id]) + node.direct + node.cut_value
            assert parts == pytest.approx(node.value, rel=1e-8, abs=1e-9 * max(size, 1e-300)), node
        assert node.opened or node.terminal in {"max_depth", "max_nodes"}
        assert node.opened or not children[node.id]


@settings(max_examples=100, deadline=None)
@given(cases(), cutoffs, st.sampled_from([1, 5, 60]), st.sampled_from([0, 2, 100]))
def test_nothing_is_lost(case: Case, cutoff: float, max_nodes: int, max_depth: int) -> None:
    check_accounts(trace(case.solved, cutoff, max_nodes, max_depth))


@settings(max_examples=60, deadline=None)
@given(cases(self_inputs=True), cutoffs)
def test_nothing_is_lost_when_a_process_takes_some_of_its_own_product(case: Case, cutoff: float) -> None:
    check_accounts(trace(case.solved, cutoff, 60))


@settings(max_examples=60, deadline=None)
@given(cases(permuted=True))
def test_the_value_of_every_node_is_the_full_score_of_its_product(case: Case) -> None:
    A, _, C = full(case)
    per_unit = np.linalg.solve(A.T, full(case)[1].T @ C[:, 0])  # score of one unit of every product of the whole system
    n = len(case.background.A)
    for node in trace(case.solved, 0.01, 80).nodes:
        if node.kind == "emission":
            expected = node.amount * C[node.key, 0]
        else:
            expected = node.amount * per_unit[node.key + (n if node.kind == "foreground" else 0)]
        assert node.value == pytest.approx(expected, rel=1e-8, abs=1e-9 * gross(case.solved))


@pytest.mark.parametrize("name", sorted(worked()))
def test_the_trees_of_the_worked_inventories(name: str) -> None:
    found = footprint(worked()[name], GRAVE)
    coarse, fine = trace(found, 0.05), trace(found, 0.001, max_nodes=5000)
    for tree in (coarse, fine):
        check_accounts(tree)
        shown = tree.as_dict()
        assert shown["total"] == found.value
        assert shown["count"] == len(tree.nodes) == len(shown["nodes"])
        assert shown["coverage"] == pytest.approx(sum(n["direct"] for n in shown["nodes"]) / found.value)
        limit = tree.cutoff * abs(found.value)
        assert all(abs(n["value"]) >= limit for n in shown["nodes"])
        assert sum(shown["terminal"].values()) == sum(1 for n in shown["nodes"] if n["terminal"])
    assert coarse.coverage is not None
    assert fine.coverage is not None
    assert coarse.coverage < fine.coverage < 1.01


def loop_of_half() -> Footprint:
    """p0 needs half a kg of p1 and p1 half a kg of p0; p0 emits 3 kg CO2.

    One kg of p0 takes 1 + 1/4 + 1/16 … = 4/3 runs, so it is worth 4 kg CO2 and p1 2 kg.
    """
    found = [
        exchange("p0", "foreground", "p1", 0.5),
        exchange("p1", "foreground", "p0", 0.5),
        exchange("p0", "emission", "co2_fossil", 3.0),
    ]
    return solve(link(inventory_of([process("p0"), process("p1")], found), background(0).release))


def test_a_loop_is_unrolled_marked_and_ended_by_the_cutoff() -> None:
    # p0 4, its emission 3, p1 1, p0 again 1, its emission 0.75, p1 0.25 … ; cut below 10 % of 4 = 0.4
    tree = trace(loop_of_half(), 0.1)
    names = {0: "p0", 1: "p1"}
    found = [(n.kind if n.kind == "emission" else names[n.key], n.value, n.loop) for n in tree.nodes]
    assert found == [
        ("p0", pytest.approx(4), False),
        ("p1", pytest.approx(1), False),
        ("emission", pytest.approx(3), False),
        ("p0", pytest.approx(1), True),
        ("emission", pytest.approx(0.75), False),
    ]
    assert tree.nodes[3].cut_value == pytest.approx(0.25)
    assert tree.coverage == pytest.approx(3.75 / 4)
    check_accounts(tree)


def test_limits_say_why_they_stopped() -> None:
    found = loop_of_half()
    by_depth = trace(found, 0.0001, max_depth=2)
    assert {n.depth for n in by_depth.nodes} == {0, 1, 2}
    assert {n.terminal for n in by_depth.nodes if n.depth == 2 and n.kind != "emission"} == {"max_depth"}
    by_nodes = trace(found, 0.0001, max_nodes=3)
    assert "max_nodes" in {n.terminal for n in by_nodes.nodes}
    assert len(by_nodes.nodes) <= 3 + 2  # the last one opened may have brought its children
    only = trace(found, 0.1, max_nodes=1)
    assert [(n.terminal, n.value) for n in only.nodes] == [("max_nodes", pytest.approx(4))]
    cut = trace(found, 0.9)
    assert cut.nodes[0].terminal == "cutoff"
    for tree in (by_depth, by_nodes, only, cut):
        check_accounts(tree)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_the_largest_branch_is_opened_first(case: Case) -> None:
    # Stopped after k nodes: no node that waits is larger than the smallest that was opened after it had been found.
    nodes = trace(case.solved, 0.001, 30).nodes
    opened = sorted(
        (n for n in nodes if n.opened and n.kind != "emission"),
        key=lambda n: min((c.id for c in nodes if c.parent == n.id), default=10**9),
    )
    with_children = [n for n in opened if any(c.parent == n.id for c in nodes)]
    for one, following in pairwise(with_children):
        first_child = min(c.id for c in nodes if c.parent == one.id)
        if following.id < first_child:  # both waited when `one` was opened
            assert abs(one.value) >= abs(following.value) * (1 - 1e-12)
    for waiting in (n for n in nodes if not n.opened):
        for node in with_children:
            if waiting.id < min(c.id for c in nodes if c.parent == node.id):
                assert abs(node.value) >= abs(waiting.value) * (1 - 1e-12)


def test_a_zero_total_has_no_coverage() -> None:
    found = [exchange("p0", "emission", "co2_fossil", v, line=str(v)) for v in (1.0, -1.0)]
    tree = trace(solve(link(inventory_of([process("p0")], found), background(0).release)), 0.01)
    assert tree.coverage is None
    assert [n.value for n in tree.nodes] == [0, 1, -1]


# -- against bw_graph_tools


def merged(inventory: Inventory) -> Inventory:
    """What a process buys of one product on several lines as one exchange: so Brightway's matrix has it."""
    found: dict[tuple[str, str, str], Exchange] = {}
    for e in inventory.exchanges:
        key = (e.process, e.kind, e.target)
        same = found.get(key)
        assert same is None or same.unit == e.unit
        amount = e.amount + (same.amount if same else 0.0)
        found[key] = e._replace(amount=amount, line="all", stage=same.stage if same else e.stage)
    return replace(inventory, exchanges=tuple(found.values()))


def brightway_nodes(found: Footprint, cutoff: float) -> list[tuple[int, int, float, float]]:
    """Activity, depth, cumulative and direct score of every node of `NewNodeEachVisitGraphTraversal`."""
    from bw_graph_tools import GraphTraversalSettings, NewNodeEachVisitGraphTraversal

    s = found.system
    ids = json.loads((s.release.path / "release.json").read_text(encoding="utf-8"))["ids"]
    folder = s.release.path / "datapackages"
    packages = [str(folder / "background"), str(folder / s.inventory.rule.indicator), foreground_package(s, ids)]
    lca = bc.LCA({FOREGROUND_ID + s.final: float(s.demand[s.final])}, data_objs=packages)
    lca.lci()
    lca.lcia()
    settings = GraphTraversalSettings(
        cutoff=cutoff, max_calc=20_000, separate_biosphere_flows=False, min_coverage_fraction=1e-6
    )
    walk = NewNodeEachVisitGraphTraversal(lca, settings)
    walk.traverse()
    nodes = [n for n in walk.nodes.values() if n.activity_datapackage_id >= 0 and n.unique_id >= 0]
    return [(n.activity_datapackage_id, n.depth, n.cumulative_score, n.direct_emissions_score) for n in nodes]


def our_nodes(found: Footprint, cutoff: float) -> list[tuple[int, int, float, float]]:
    s = found.system
    ids = json.loads((s.release.path / "release.json").read_text(encoding="utf-8"))["ids"]["products"]
    emitted: dict[int, float] = defaultdict(float)
    factors = s.amount * s.scores[:, s.headline] * (s.flow >= 0)
    nodes = trace(found, cutoff, max_nodes=20_000).nodes
    for j in range(len(s.demand)):
        emitted[j] = float(factors[s.process == j].sum())
    result = []
    for n in nodes:
        if n.kind == "foreground":
            direct = emitted[n.key] * n.amount / s.inventory.processes[n.key].amount
            result.append((FOREGROUND_ID + n.key, n.depth + 1, n.value, direct))
        elif n.kind == "process":
            result.append((ids[n.key], n.depth + 1, n.value, n.direct))
    return result


def compare(found: Footprint, cutoff: float) -> int:
    ours, theirs = sorted(our_nodes(found, cutoff)), sorted(brightway_nodes(found, cutoff))
    assert [(i, depth) for i, depth, *_ in ours] == [(i, depth) for i, depth, *_ in theirs]
    size = abs(found.value)
    for one, other in zip(ours, theirs, strict=True):
        assert one[2] == pytest.approx(other[2], rel=1e-9, abs=1e-12 * size)
        assert one[3] == pytest.approx(other[3], rel=1e-9, abs=1e-12 * size)
    return len(ours)


needs_graph_tools = pytest.mark.skipif(not has_graph_tools, reason='bw_graph_tools is in the extra "bench"')


@needs_graph_tools
@pytest.mark.parametrize("name", sorted(worked()))
def test_the_tree_of_a_beer_is_that_of_bw_graph_tools(name: str) -> None:
    inventory = merged(footprint(worked()[name], GRAVE).system.inventory)
    assert compare(solve(link(inventory, default_release())), 0.002) > 30


@needs_graph_tools
@settings(max_examples=10, deadline=None)
@given(cases())
def test_the_tree_of_a_random_foreground_is_that_of_bw_graph_tools(case: Case) -> None:
    found = solve(link(merged(case.inventory), case.background.release))
    if abs(found.value) > 1e-3 * gross(found):  # else what is cut off is a matter of rounding
        compare(found, 0.05)
