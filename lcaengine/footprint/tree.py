"""The supply-chain tree: from the product through the foreground into the background, largest branch first.

The score vectors give the cumulative score of every branch before it is opened, so nothing is solved per edge. A node's
value is its cumulative score; its direct part, its opened children and its cut children add up to it, so what the tree
shows and what it cut always sum to the total. Loops are opened like anything else and marked; the cut-off ends them.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.footprint.link import System
from lcaengine.footprint.solve import Footprint, foreground_runs

MAX_NODES = 20_000
LOOP_LENGTH = 64


@dataclass(slots=True)
class Node:
    """One branch. ``terminal``: why it was not opened further, if it was not."""

    id: int
    parent: int | None
    kind: str
    key: int
    amount: float
    value: float
    depth: int
    direct: float = 0.0
    cut_count: int = 0
    cut_value: float = 0.0
    opened: bool = False
    loop: bool = False
    terminal: str | None = None
    line: str = ""


@dataclass(frozen=True)
class Tree:
    """Nodes in the order in which they were found; the first is the product itself."""

    footprint: Footprint
    nodes: tuple[Node, ...]
    cutoff: float

    @property
    def coverage(self) -> float | None:
        """Share of the total that the direct emissions of the shown nodes explain."""
        total = self.footprint.value
        return sum(n.direct for n in self.nodes) / total if total else None

    def as_dict(self) -> dict[str, Any]:
        names = _Names(self)
        total = self.footprint.value
        return {
            "total": total,
            "unit": "kg CO2e",
            "cutoff": self.cutoff,
            "coverage": self.coverage,
            "count": len(self.nodes),
            "cut": {
                "count": sum(n.cut_count for n in self.nodes),
                "value": sum(n.cut_value for n in self.nodes),
            },
            "terminal": _counts(n.terminal for n in self.nodes if n.terminal),
            "nodes": [names.shown(n, total) for n in self.nodes],
        }


def trace(footprint: Footprint, cutoff: float = 0.01, max_nodes: int = 1000, max_depth: int = 100) -> Tree:
    """Open the tree best-first.

    Parameters
    ----------
    cutoff
        branches below this share of the total (absolute values) are summed, not shown.
    max_nodes, max_depth
        limits; what they stop is marked ``max_nodes`` or ``max_depth``.
    """
    return _Walk(footprint, cutoff, min(max_nodes, MAX_NODES), max_depth).tree()


class _Walk:
    def __init__(self, footprint: Footprint, cutoff: float, max_nodes: int, max_depth: int) -> None:
        s = footprint.system
        self.footprint, self.system = footprint, s
        self.cutoff, self.max_nodes, self.max_depth = cutoff, max_nodes, max_depth
        self.limit = cutoff * abs(footprint.value)
        self.scores = s.release.scores[:, s.headline]
        self.direct = s.release.direct[:, s.headline]
        self.inside = _Inputs.of_foreground(s)
        per_run = np.zeros(len(s.demand))
        np.add.at(per_run, s.process, s.amount * s.scores[:, s.headline])
        self.foreground_scores = foreground_runs(s, transpose=True, rhs=per_run)  # of one unit of each own product
        self.nodes: list[Node] = []
        self.heap: list[tuple[float, int]] = []

    def tree(self) -> Tree:
        s = self.system
        self._push(None, "foreground", s.final, float(s.demand[s.final]), self.footprint.value, "")
        while self.heap:
            _, i = heapq.heappop(self.heap)
            node = self.nodes[i]
            if node.depth >= self.max_depth:
                node.terminal = "max_depth"
            elif len(self.nodes) >= self.max_nodes:
                node.terminal = "max_nodes"
            else:
                self._open(node)
        return Tree(self.footprint, tuple(self.nodes), self.cutoff)

    def _push(self, parent: Node | None, kind: str, key: int, amount: float, value: float, line: str) -> None:
        depth = parent.depth + 1 if parent else 0
        node = Node(len(self.nodes), parent.id if parent else None, kind, key, amount, value, depth, line=line)
        self.nodes.append(node)
        if kind == "emission":
            node.direct, node.opened, node.terminal = value, True, "leaf"
            return
        node.loop = self._is_loop(node)
        heapq.heappush(self.heap, (-abs(value), node.id))

    def _is_loop(self, node: Node) -> bool:
        """Whether the same product stands among the nearest ancestors (bounded: a chain may be 15,000 deep)."""
        parent = node.parent
        for _ in range(LOOP_LENGTH):
            if parent is None:
                return False
            above = self.nodes[parent]
            if (above.kind, above.key) == (node.kind, node.key):
                return True
            parent = above.parent
        return False

    def _open(self, node: Node) -> None:
        """Push the children above the cut-off, sum the rest."""
        node.opened = True
        shown = self._open_foreground(node) if node.kind == "foreground" else self._open_background(node)
        if shown is None:
            node.terminal = "leaf"
        elif not shown:
            node.terminal = "cutoff"

    def _open_foreground(self, node: Node) -> bool | None:
        s = self.system
        own, bought = self.inside.own[node.key], self.inside.bought[node.key]
        if not len(own) + len(bought):
            return None
        runs = node.amount / s.M_values[node.key]
        rows, amounts = s.M_rows[own], -s.M_values[own] * runs
        values = amounts * self.foreground_scores[rows]
        large = self._cut(node, values)
        for i in large:
            self._push(node, "foreground", int(rows[i]), float(amounts[i]), float(values[i]), "")
        amounts = s.amount[bought] * runs
        values = amounts * s.scores[bought, s.headline]
        large_bought = self._cut(node, values)
        for i in large_bought:
            e = int(bought[i])
            kind, key = ("emission", int(s.flow[e])) if s.flow[e] >= 0 else ("process", int(s.product[e]))
            self._push(node, kind, key, float(amounts[i]), float(values[i]), s.exchanges[e].line)
        return bool(len(large) + len(large_bought))

    def _open_background(self, node: Node) -> bool | None:
        release = self.system.release
        process = int(release.producer[node.key])
        products, values = release.technosphere.column(process)
        runs = node.amount / release.production[node.key]
        node.direct = float(self.direct[process] * runs)
        others = products != node.key
        products, amounts = products[others], values[others] * -runs
        if not len(products):
            return None
        scores = amounts * self.scores[products]
        large = self._cut(node, scores)
        for i in large:
            self._push(node, "process", int(products[i]), float(amounts[i]), float(scores[i]), "")
        return bool(len(large))

    def _cut(self, node: Node, values: NDArray[np.float64]) -> list[int]:
        """Which children are large enough; the others are added to what the node cut."""
        large, rest = [], 0.0
        for i, value in enumerate(values.tolist()):
            if value and abs(value) >= self.limit:
                large.append(i)
            else:
                rest += value
        node.cut_count += len(values) - len(large)
        node.cut_value += rest
        return large


@dataclass(frozen=True)
class _Inputs:
    """For each foreground process: where its own inputs stand in M, and its exchanges with background and nature."""

    own: list[NDArray[np.intp]]
    bought: list[NDArray[np.intp]]

    @classmethod
    def of_foreground(cls, s: System) -> _Inputs:
        m = len(s.demand)
        inputs = np.arange(m, len(s.M_values))  # the first m entries are the productions
        return cls(_by_process(inputs, s.M_columns[m:], m), _by_process(np.arange(len(s.process)), s.process, m))


def _by_process(items: NDArray[np.intp], process: NDArray[np.intp], m: int) -> list[NDArray[np.intp]]:
    order = np.argsort(process, kind="stable")
    ends = np.cumsum(np.bincount(process, minlength=m))[:-1]
    return np.split(items[order], ends)


class _Names:
    """Names and units of the nodes of a tree."""

    def __init__(self, tree: Tree) -> None:
        s = tree.footprint.system
        self.system = s
        self.names = s.release.catalogue.names(s.release.codes[n.key] for n in tree.nodes if n.kind == "process")

    def shown(self, node: Node, total: float) -> dict[str, Any]:
        s = self.system
        if node.kind == "process":
            code = s.release.codes[node.key]
            name, unit = self.names[code], s.release.unit(node.key)
        elif node.kind == "foreground":
            process = s.inventory.processes[node.key]
            code, name, unit = process.id, dict(process.name), process.unit
        else:
            code, unit = s.release.flows[node.key], "kg"
            name = {"zh": code, "en": code}
        return {
            "id": node.id, "parent": node.parent, "depth": node.depth, "kind": node.kind, "code": code, "name": name,
            "line": node.line or None, "amount": node.amount, "unit": unit, "value": node.value,
            "share": node.value / total if total else None, "direct": node.direct,
            "cut": {"count": node.cut_count, "value": node.cut_value}, "loop": node.loop, "terminal": node.terminal,
        }  # fmt: skip


def _counts(reasons: Iterator[str | None]) -> dict[str, int]:
    found: dict[str, int] = {}
    for reason in reasons:
        if reason:
            found[reason] = found.get(reason, 0) + 1
    return found
