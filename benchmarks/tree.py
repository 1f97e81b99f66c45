"""The supply-chain tree at 1 % cut-off against bw_graph_tools, on the same system.

Both unroll loops and open the largest branch first. Brightway's matrix adds up what a process buys of one product on
several lines, so for this comparison ours gets such lines added up too: then both trees have the same nodes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks import bom
from benchmarks.footprint import Brightway
from benchmarks.timing import Row, race
from lcaengine.background import Release
from lcaengine.bom.reading import bom_of
from lcaengine.footprint import System, Tree, calculate, solve, trace
from lcaengine.footprint.tree import MAX_NODES
from lcaengine.rules.library import find_rule

CUTOFF = 0.01
TARGET = 50.0
AGREEMENT = 1e-9


def rows(release: Release, label: str) -> Iterator[Row]:
    """Ours against `NewNodeEachVisitGraphTraversal` with its solver ready."""
    from bw_graph_tools import GraphTraversalSettings, NewNodeEachVisitGraphTraversal

    footprint = solve(_added_up(calculate(bom_of(bom.document()), find_rule("beer"), release).system))
    lca = Brightway(footprint).fresh()

    def ours() -> Tree:
        return trace(footprint, CUTOFF, max_nodes=MAX_NODES)

    def peer() -> NewNodeEachVisitGraphTraversal:
        settings = GraphTraversalSettings(cutoff=CUTOFF, max_calc=MAX_NODES, separate_biosphere_flows=False)
        walk = NewNodeEachVisitGraphTraversal(lca, settings)
        walk.traverse()
        return walk

    found = np.array([n.value for n in ours().nodes if n.kind != "emission"])
    expected = np.array([n.cumulative_score for n in list(peer().nodes.values())[1:]])
    checked = _checked(found, expected, label)
    seconds = race({"ours": ours, "peer": peer})
    yield Row(
        "tree at 1 % cut-off",
        label,
        "bw_graph_tools",
        seconds["ours"],
        seconds["peer"],
        TARGET,
        True,
        checked,
    )


def _checked(found: NDArray[np.float64], expected: NDArray[np.float64], label: str) -> str:
    if len(found) != len(expected):
        raise AssertionError(f"tree on {label}: {len(found)} nodes, bw_graph_tools has {len(expected)}")
    gap = float(np.abs(np.sort(found) / np.sort(expected) - 1).max())
    if gap > AGREEMENT:
        raise AssertionError(f"tree on {label}: cumulative scores differ by {gap:.1e}")
    return f"{len(found)} nodes, scores equal to {gap:.0e}"


def _added_up(system: System) -> System:
    """The same system with one exchange per foreground process and product (or flow)."""
    keys = np.stack([system.process, system.product, system.flow])
    _, first, group = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    amount = np.bincount(group.ravel(), system.amount)[order]
    kept = first[order]
    return replace(
        system,
        exchanges=tuple(system.exchanges[i] for i in kept),
        amount=amount,
        groups=(("all", "all"),),
        group_starts=np.zeros(1, dtype=np.intp),
        stages=("all",),
        stage_starts=np.zeros(1, dtype=np.intp),
        **{name: getattr(system, name)[kept]
           for name in ("process", "product", "flow", "scores", "alternative")},
    )  # fmt: skip
