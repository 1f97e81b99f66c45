"""Linking an inventory to a background release: arrays ready to solve.

Every exchange with the background or with nature becomes one row: its foreground process, its amount per run, and its
score per unit, gathered from the release's score vectors. Rows are sorted by stage and line, so that both partitions are
contiguous. Each foreground process closes its biogenic carbon balance with an emission of biogenic CO2 (docs/method.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcaengine import units
from lcaengine.background import Release
from lcaengine.inventory import Exchange, Inventory
from lcaengine.inventory.model import Warned
from lcaengine.problems import NotFound, Problem, Refused

Array = NDArray[np.float64]
Index = NDArray[np.intp]

CO2_PER_CARBON = 44 / 12
CARBON_IN_FLOW = {"co2_uptake": 12 / 44, "co2_biogenic": -12 / 44, "ch4_biogenic": -12 / 16}
CARBON_LINE = "biogenic_carbon_balance"
CARBON_GAP = 1e-6


@dataclass(frozen=True)
class System:
    """A foreground of m processes with E exchanges, linked to a release with k score columns.

    M_rows, M_columns, M_values
        foreground technosphere (products × processes): production on the diagonal, inputs negative.
    demand (m,)
        one declared unit of the final product.
    process (E,), amount (E,)
        foreground process of each exchange; amount per run, negative for waste handed over.
    scores (E, k), estimate (E,), alternative (E,)
        score per unit; part of the headline that rests on estimates; headline difference per unit under the other
        electricity method.
    group_starts, stage_starts
        first row of each (stage, line) group, and of each stage among the groups.
    carbon (m,)
        biogenic carbon in the product of one run, kg.
    """

    inventory: Inventory
    release: Release
    exchanges: tuple[Exchange, ...]
    M_rows: Index
    M_columns: Index
    M_values: Array
    demand: Array
    process: Index
    amount: Array
    product: Index
    flow: Index
    scores: Array
    estimate: Array
    alternative: Array
    groups: tuple[tuple[str, str], ...]
    group_starts: Index
    stages: tuple[str, ...]
    stage_starts: Index
    carbon: Array
    warnings: tuple[Warned, ...]

    @property
    def headline(self) -> int:
        return self.release.column_index[self.inventory.rule.indicator]

    @property
    def final(self) -> int:
        return int(np.flatnonzero(self.demand)[0])


def link(inventory: Inventory, release: Release) -> System:
    """Link an inventory to a release; raises `Refused` for an exchange that does not fit its target."""
    own = {p.id: j for j, p in enumerate(inventory.processes)}
    outside = [e for e in inventory.exchanges if e.kind != "foreground"]
    inside = [e for e in inventory.exchanges if e.kind == "foreground"]
    balances, carbon, warnings = _closing(inventory, release, own, outside, inside)
    exchanges, groups = _sorted(inventory, [*outside, *balances])
    product, flow, amount = _targets(exchanges, release)
    scores = np.where(
        (flow >= 0)[:, None], release.flow_scores[np.maximum(flow, 0)], release.scores[np.maximum(product, 0)]
    )
    demand = np.zeros(len(own))
    demand[own[inventory.final]] = inventory.declared_unit.to(inventory.processes[own[inventory.final]].unit)
    group_of = [(e.stage, e.line) for e in exchanges]
    group_starts = [i for i, g in enumerate(group_of) if i == 0 or g != group_of[i - 1]]
    stage_of = [groups[i][0] for i in range(len(groups))]
    stage_starts = [i for i, s in enumerate(stage_of) if i == 0 or s != stage_of[i - 1]]
    return System(
        inventory=inventory,
        release=release,
        exchanges=tuple(exchanges),
        M_rows=np.array([*range(len(own)), *(own[e.target] for e in inside)], dtype=np.intp),
        M_columns=np.array([*range(len(own)), *(own[e.process] for e in inside)], dtype=np.intp),
        M_values=np.array([*(p.amount for p in inventory.processes), *(-e.amount for e in inside)]),
        demand=demand,
        process=np.array([own[e.process] for e in exchanges], dtype=np.intp),
        amount=amount,
        product=product,
        flow=flow,
        scores=scores,
        estimate=np.where(flow >= 0, 0.0, release.estimate[np.maximum(product, 0)]),
        alternative=_alternative(exchanges, product, release, inventory),
        groups=tuple(groups),
        group_starts=np.array(group_starts, dtype=np.intp),
        stages=tuple(stage_of[i] for i in stage_starts),
        stage_starts=np.array(stage_starts, dtype=np.intp),
        carbon=carbon,
        warnings=tuple(warnings),
    )


def _sorted(inventory: Inventory, exchanges: Sequence[Exchange]) -> tuple[list[Exchange], list[tuple[str, str]]]:
    """Exchanges by stage (in the rule's order), then line (in order of appearance); and the groups."""
    stage_order = {s.id: i for i, s in enumerate(inventory.rule.stages)}
    line_order: dict[str, int] = {}
    for e in exchanges:
        line_order.setdefault(e.line, len(line_order))
    found = sorted(exchanges, key=lambda e: (stage_order[e.stage], line_order[e.line]))
    return found, list(dict.fromkeys((e.stage, e.line) for e in found))


def _targets(exchanges: Sequence[Exchange], release: Release) -> tuple[Index, Index, Array]:
    """Product row or flow row of each exchange (−1 where it is the other), and the signed amount per run."""
    product = np.full(len(exchanges), -1, dtype=np.intp)
    flow = np.full(len(exchanges), -1, dtype=np.intp)
    amount = np.empty(len(exchanges))
    for i, e in enumerate(exchanges):
        if e.kind == "emission":
            if e.target not in release.flow_index:
                raise NotFound(Problem("unlinked", e.where, {"target": e.target}))
            flow[i], amount[i] = release.flow_index[e.target], e.amount * units.factor(e.unit, "kg")
        else:
            product[i] = release.find(e.target, e.where)
            sign = -1.0 if e.kind == "waste" else 1.0
            if release.production(int(product[i])) * sign < 0:
                raise Refused(Problem("not_a_treatment", e.where, {"process": e.target}))
            amount[i] = sign * e.amount * units.factor(e.unit, release.unit(int(product[i])))
    return product, flow, amount


def _alternative(exchanges: Sequence[Exchange], product: Index, release: Release, inventory: Inventory) -> Array:
    """Headline score of the market-based product minus that of the location-based one, per unit."""
    column = release.column_index[inventory.rule.indicator]
    difference = np.zeros(len(exchanges))
    for i, e in enumerate(exchanges):
        if e.market_target:
            market = release.find(e.market_target, e.where)
            difference[i] = release.scores[market, column] - release.scores[product[i], column]
    return difference


def _closing(
    inventory: Inventory,
    release: Release,
    own: dict[str, int],
    outside: Sequence[Exchange],
    inside: Sequence[Exchange],
) -> tuple[list[Exchange], Array, list[Warned]]:
    """Emissions of biogenic CO2 that close each process, the carbon in each product, and what does not add up."""
    m = len(own)
    coming = np.zeros(m)
    product, flow, amount = _targets(outside, release)
    for e, i, f, a in zip(outside, product, flow, amount, strict=True):
        coming[own[e.process]] += a * (CARBON_IN_FLOW.get(e.target, 0.0) if f >= 0 else release.biogenic_carbon(int(i)))
    passed = np.zeros((m, m))
    for e in inside:
        passed[own[e.process], own[e.target]] += e.amount / inventory.processes[own[e.target]].amount
    fixed = np.array([p.biogenic_carbon is not None for p in inventory.processes])
    given = np.array([p.biogenic_carbon or 0.0 for p in inventory.processes])
    system = np.eye(m) - np.where(fixed[:, None], 0.0, passed)
    try:
        carbon = np.asarray(np.linalg.solve(system, np.where(fixed, given, coming)), dtype=float)
    except np.linalg.LinAlgError:
        carbon = given  # the foreground itself has no solution: solve() says so
    gaps = np.where(fixed, coming + passed @ carbon - carbon, 0.0)
    balances, warnings = [], []
    for p, gap in zip(inventory.processes, gaps, strict=True):
        if abs(gap) <= CARBON_GAP:
            continue
        if gap < 0:
            warnings.append(Warned(Problem("carbon_gap", "", {"process": p.name, "gap": -float(gap)})))
        balances.append(Exchange(
            process=p.id, kind="emission", target="co2_biogenic", amount=CO2_PER_CARBON * float(gap), unit="kg",
            stage=p.stage, line=CARBON_LINE, activity="biogenic_carbon", rule_id="", data="default", matched_by="rule",
        ))  # fmt: skip
    return balances, carbon, warnings
