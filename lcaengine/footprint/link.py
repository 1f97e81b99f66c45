"""Linking an inventory to a background release: arrays ready to solve.

Every exchange with the background or with nature becomes one row: its foreground process, its amount per run, and its
score per unit, gathered from the release's score vectors. Rows are sorted by stage and line, so that both partitions are
contiguous. Each foreground process closes its biogenic carbon balance with an emission of biogenic CO2 (docs/method.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lcaengine import units
from lcaengine.background import Release
from lcaengine.inventory import Exchange, Inventory
from lcaengine.inventory.model import Warned
from lcaengine.problems import NoSolution, NotFound, Problem, Refused

Array = NDArray[np.float64]
Index = NDArray[np.intp]

CO2_PER_CARBON = 44 / 12
CARBON_IN_FLOW = {"co2_uptake": 12 / 44, "co2_biogenic": -12 / 44, "ch4_biogenic": -12 / 16}
CARBON_LINE = "biogenic_carbon_balance"
CARBON_GAP = 1e-6
RESIDUAL = 1e-9
DENSE = 300
LINE_BITS = 32  # a sort key is the stage above, the line below
BIOGENIC_CARBON = 2  # column of Release.properties


@dataclass(frozen=True)
class PerRun:
    """Scores of each group per run of each foreground process that takes part in it: all that a solve has to scale.

    process (p,), scores (p, k); group_starts (g,): the first row of each group.
    """

    process: Index
    scores: Array
    group_starts: Index


@dataclass(frozen=True)
class System:
    """A foreground of m processes with E exchanges, linked to a release with k score columns.

    M_rows, M_columns, M_values
        foreground technosphere (products × processes): production on the diagonal, inputs negative.
    demand (m,)
        one declared unit of the final product.
    process (E,), amount (E,)
        foreground process of each exchange; amount per run, negative for waste handed over.
    scores (E, k), alternative (E,)
        score per unit; headline difference per unit under the other electricity method.
    group_starts, stage_starts
        first row of each (stage, line) group, and of each stage among the groups.
    carbon (m,)
        biogenic carbon in the product of one run, kg.
    number, per_amount (E,)
        which of the inventory's exchanges outside the foreground it is, in their order (then those that close the carbon
        balances); its amount per run for one of that exchange's amount.
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
    alternative: Array
    groups: tuple[tuple[str, str], ...]
    group_starts: Index
    stages: tuple[str, ...]
    stage_starts: Index
    carbon: Array
    number: Index
    per_amount: Array
    warnings: tuple[Warned, ...]

    @cached_property
    def inverse(self) -> Array:
        """M⁻¹ (m × m), for the few processes that a rule has; raises `NoSolution`."""
        M = np.zeros((len(self.demand), len(self.demand)))
        np.add.at(M, (self.M_rows, self.M_columns), self.M_values)
        try:
            inverse = np.asarray(np.linalg.inv(M), dtype=float)
        except np.linalg.LinAlgError as error:
            raise NoSolution(Problem("no_solution", "", {"residual": float("inf")})) from error
        made = np.abs(self.M_values[: len(M)])  # a run's worth of each product, so that units do not matter
        residual = float((np.abs(M @ inverse - np.eye(len(M))) * made / np.where(made > 0, made, 1.0)[:, None]).max())
        if not residual < RESIDUAL:
            raise NoSolution(Problem("no_solution", "", {"residual": residual}))
        return inverse

    @cached_property
    def per_run(self) -> PerRun:
        m, rows = len(self.demand), np.arange(len(self.process))
        group = np.searchsorted(self.group_starts, rows, side="right") - 1
        pair = group * m + self.process
        order = np.argsort(pair, kind="stable")
        starts = _starts(pair[order])
        scores = np.add.reduceat((self.amount[:, None] * self.scores)[order], starts)
        return PerRun(self.process[order][starts], scores, _starts(group[order][starts]))

    @cached_property
    def headline(self) -> int:
        return self.release.column_index[self.inventory.rule.indicator]

    @cached_property
    def final(self) -> int:
        return int(np.flatnonzero(self.demand)[0])


def link(inventory: Inventory, release: Release) -> System:
    """Link an inventory to a release; raises `Refused` for an exchange that does not fit its target."""
    if inventory.rule.indicator not in release.column_index:
        raise Refused(Problem("unknown_indicator", "", {"indicator": inventory.rule.indicator}))
    own = {p.id: j for j, p in enumerate(inventory.processes)}
    inside = [e for e in inventory.exchanges if e.kind == "foreground"]
    outside = [_by_headline(e, inventory) for e in inventory.exchanges if e.kind != "foreground"]
    bought = _Bought.of(outside, own, release)
    balances, carbon, warnings = _closing(inventory, release, own, bought, inside)
    bought, order = bought.joined(_Bought.of(balances, own, release)).sorted(inventory)
    group_starts = _starts(order)
    groups = [(e.stage, e.line) for e in (bought.exchanges[i] for i in group_starts.tolist())]
    stage_starts = _starts(order[group_starts] >> LINE_BITS)
    demand = np.zeros(len(own))
    demand[own[inventory.final]] = inventory.declared_unit.to(inventory.processes[own[inventory.final]].unit)
    emitted = bought.flow >= 0
    scores = release.scores[np.maximum(bought.product, 0)]
    scores[emitted] = release.flow_scores[bought.flow[emitted]]
    return System(
        inventory=inventory,
        release=release,
        exchanges=tuple(bought.exchanges),
        M_rows=np.array([*range(len(own)), *(own[e.target] for e in inside)], dtype=np.intp),
        M_columns=np.array([*range(len(own)), *(own[e.process] for e in inside)], dtype=np.intp),
        M_values=np.array([*(p.amount for p in inventory.processes), *(-e.amount for e in inside)]),
        demand=demand,
        process=bought.process,
        amount=bought.amount,
        product=bought.product,
        flow=bought.flow,
        scores=scores,
        alternative=_alternative(bought, release, inventory),
        groups=tuple(groups),
        group_starts=group_starts,
        stages=tuple(groups[i][0] for i in stage_starts.tolist()),
        stage_starts=stage_starts,
        carbon=carbon,
        number=bought.number,
        per_amount=bought.per_amount,
        warnings=tuple(warnings),
    )


def _by_headline(exchange: Exchange, inventory: Inventory) -> Exchange:
    """The electricity of the method that the rule's headline follows; the other method's stands as the alternative."""
    if exchange.market_target and inventory.rule.electricity_headline == "market_based":
        return exchange._replace(target=exchange.market_target, market_target=exchange.target)
    return exchange


def _starts(keys: Index) -> Index:
    """Where runs of equal keys begin."""
    return np.flatnonzero(np.concatenate(([len(keys) > 0], keys[1:] != keys[:-1])))


@dataclass(frozen=True)
class _Bought:
    """Exchanges with background and nature: product row or flow row (−1 where it is the other), signed amount per run."""

    exchanges: list[Exchange]
    process: Index
    product: Index
    flow: Index
    per_amount: Array
    number: Index

    @cached_property
    def amount(self) -> Array:
        amount: Array = self.per_amount * np.array([e.amount for e in self.exchanges], dtype=float)
        return amount

    @classmethod
    def of(cls, exchanges: list[Exchange], own: Mapping[str, int], release: Release) -> _Bought:
        """Rows of the release; raises `NotFound`, and `Refused` where waste meets no treatment or a purchase one."""
        process, product, flow, per_amount, waste = [], [], [], [], []
        products, flows, product_units = release.index, release.flow_index, release.product_units
        for e in exchanges:
            process.append(own[e.process])
            handed_over = e.kind == "waste"
            waste.append(handed_over)
            if e.kind == "emission":
                if e.target not in flows:
                    raise NotFound(Problem("unlinked", e.where, {"target": e.target}))
                product.append(-1)
                flow.append(flows[e.target])
                per_amount.append(units.factor(e.unit, "kg"))
                continue
            row = products[e.target] if e.target in products else release.find(e.target, e.where)
            unit, sign = product_units[row], -1.0 if handed_over else 1.0
            product.append(row)
            flow.append(-1)
            per_amount.append(sign if e.unit == unit else sign * units.factor(e.unit, unit))
        bought = cls(
            exchanges=exchanges,
            process=np.array(process, dtype=np.intp),
            product=np.array(product, dtype=np.intp),
            flow=np.array(flow, dtype=np.intp),
            per_amount=np.array(per_amount, dtype=float),
            number=np.arange(len(exchanges), dtype=np.intp),
        )
        bought.check_direction(release, np.array(waste, dtype=bool))
        return bought

    def check_direction(self, release: Release, waste: NDArray[np.bool_]) -> None:
        """Waste goes to treatments (production −1), purchases come from production."""
        treated = (self.product >= 0) & (release.production[np.maximum(self.product, 0)] < 0)
        for i in np.flatnonzero(treated != waste):
            e = self.exchanges[i]
            raise Refused(Problem("not_a_treatment", e.where, {"process": e.target}))

    def joined(self, other: _Bought) -> _Bought:
        return _Bought(
            exchanges=[*self.exchanges, *other.exchanges],
            process=np.concatenate((self.process, other.process)),
            product=np.concatenate((self.product, other.product)),
            flow=np.concatenate((self.flow, other.flow)),
            per_amount=np.concatenate((self.per_amount, other.per_amount)),
            number=np.concatenate((self.number, other.number + len(self.number))),
        )

    def sorted(self, inventory: Inventory) -> tuple[_Bought, Index]:
        """By stage (in the rule's order), then line (in order of appearance); and the keys of that order."""
        stages = {s.id: i << LINE_BITS for i, s in enumerate(inventory.rule.stages)}
        lines: dict[str, int] = {}
        keys = np.array([stages[e.stage] + lines.setdefault(e.line, len(lines)) for e in self.exchanges], dtype=np.intp)
        order = np.argsort(keys, kind="stable")
        ordered = _Bought(
            exchanges=[self.exchanges[i] for i in order.tolist()],
            process=self.process[order],
            product=self.product[order],
            flow=self.flow[order],
            per_amount=self.per_amount[order],
            number=self.number[order],
        )
        return ordered, keys[order]


def _alternative(bought: _Bought, release: Release, inventory: Inventory) -> Array:
    """Headline score under the other electricity method minus that under the headline's, per unit."""
    column = release.column_index[inventory.rule.indicator]
    difference = np.zeros(len(bought.exchanges))
    for i, e in enumerate(bought.exchanges):
        if e.market_target:
            market = release.find(e.market_target, e.where)
            difference[i] = release.scores[market, column] - release.scores[bought.product[i], column]
    return difference


def _closing(
    inventory: Inventory,
    release: Release,
    own: Mapping[str, int],
    bought: _Bought,
    inside: Sequence[Exchange],
) -> tuple[list[Exchange], Array, list[Warned]]:
    """Emissions of biogenic CO2 that close each process, the carbon in each product, and what does not add up."""
    m = len(own)
    content = carbon_content(release, bought.product, bought.flow)
    coming = np.bincount(bought.process, bought.amount * content, minlength=m)
    rows = np.array([own[e.process] for e in inside], dtype=np.intp)
    columns = np.array([own[e.target] for e in inside], dtype=np.intp)
    passed = np.array([e.amount / inventory.processes[own[e.target]].amount for e in inside], dtype=float)
    fixed = np.array([p.biogenic_carbon is not None for p in inventory.processes])
    given = np.array([p.biogenic_carbon or 0.0 for p in inventory.processes])
    kept = np.where(fixed, given, coming)
    carbon = _carbon(kept, rows, columns, np.where(fixed[rows], 0.0, passed)) if kept.any() else kept
    gaps = np.where(fixed, coming + np.bincount(rows, passed * carbon[columns], m) - carbon, 0.0)
    balances, warnings = [], []
    for p, gap in zip(inventory.processes, gaps, strict=True):
        if abs(gap) <= CARBON_GAP:
            continue
        if gap < 0 and not p.shared:
            warnings.append(Warned(Problem("carbon_gap", "", {"process": p.name, "gap": -float(gap)})))
        balances.append(Exchange(
            process=p.id, kind="emission", target="co2_biogenic", amount=CO2_PER_CARBON * float(gap), unit="kg",
            stage=p.stage, line=CARBON_LINE, activity="biogenic_carbon", rule_id="", data="default", matched_by="rule",
        ))  # fmt: skip
    return balances, carbon, warnings


def carbon_content(release: Release, product: Index, flow: Index) -> Array:
    """kg biogenic carbon that comes with one unit of each product or elementary flow."""
    in_flow = np.array([CARBON_IN_FLOW.get(key, 0.0) for key in release.flows])
    in_product = release.properties[np.maximum(product, 0), BIOGENIC_CARBON]
    return np.where(flow >= 0, in_flow[np.maximum(flow, 0)], in_product)


def _carbon(kept: Array, rows: Index, columns: Index, passed: Array) -> Array:
    """Carbon in the product of one run of each process: what it keeps, and what its inputs pass on."""
    m = len(kept)
    try:
        if m <= DENSE:
            system = np.eye(m)
            np.subtract.at(system, (rows, columns), passed)
            return np.asarray(np.linalg.solve(system, kept), dtype=float)
        from scipy.sparse import csc_matrix, eye

        from lcaengine.background import linear

        return linear.solve(eye(m, format="csc") - csc_matrix((passed, (rows, columns)), shape=(m, m)), kept).x
    except (np.linalg.LinAlgError, NoSolution):
        return kept  # the foreground itself has no solution: solve() says so
