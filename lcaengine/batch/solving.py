"""Linking and solving an inventory whose amounts are lanes: what `lcaengine.footprint` does for one, for L at once.

The first lane is linked and rated by the ordinary code: which background product each exchange buys, in which unit, stage and
line, with which marks. That is the same in every lane; what is left is arithmetic on (…, L) arrays. Where the carbon balances
close differently, the lanes are split.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lcaengine.background import Release
from lcaengine.background.quality import MARKS, STATUS_MARKS, rating_numbers
from lcaengine.footprint import link, solve
from lcaengine.footprint.link import CARBON_GAP, CO2_PER_CARBON, RESIDUAL, System, carbon_content
from lcaengine.footprint.quality import Quality
from lcaengine.footprint.solve import ROUNDING, Footprint
from lcaengine.inventory import Exchange, Inventory
from lcaengine.inventory.model import Warned
from lcaengine.lanes import Lanes, Mask, Percents, agreed, first, stacked
from lcaengine.problems import NoSolution, Problem

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Solved:
    """L footprints of one structure with E exchanges, k score columns, g groups by stage and line, s stages.

    total (k, L); groups (g, L) and stages (s, L): headline; other_method, carbon (L,): headline under the other electricity
    method, kg biogenic carbon in the product; ratings (L, 7), meaningless where the total is zero; shares of the headline: None
    where it is zero stands as NaN.
    """

    footprint: Footprint
    total: Array
    groups: Array
    stages: Array
    other_method: Array
    carbon: Array
    ratings: Array
    shares: dict[str, Array]
    warnings: tuple[Warned, ...]

    @property
    def system(self) -> System:
        """The first lane's: what is the same in all."""
        return self.footprint.system

    @property
    def value(self) -> Array:
        headline: Array = self.total[self.system.headline]
        return headline


@dataclass(frozen=True)
class Skeleton:
    """What all lanes have in common: a footprint linked and rated by the ordinary code, and what closes its carbon balances."""

    footprint: Footprint
    quality: Quality

    @classmethod
    def of(cls, inventory: Inventory, release: Release) -> Skeleton:
        footprint = solve(link(_first_lane(inventory), release))
        return cls(footprint, Quality(footprint))


def solve_lanes(
    inventory: Inventory, release: Release, lanes: int, known: Skeleton | None = None
) -> tuple[Solved, Skeleton]:
    """Solve an inventory of lanes; raises `Split`, and `Refused` where no lane has a footprint.

    ``known`` is the skeleton of an earlier run with the same inventory; it is made anew where other balances are open now.
    """
    skeleton = known or Skeleton.of(inventory, release)
    footprint, system = skeleton.footprint, skeleton.footprint.system
    numbers = _Numbers.of(inventory, lanes)
    gaps, carbon = _closing(system, numbers, release)
    outside = len(numbers.outside)
    balance = system.number >= outside
    if not _closes(gaps, system.process[balance]):
        if known is not None:
            return solve_lanes(inventory, release, lanes)
        raise NoSolution(Problem("no_solution", "", {"residual": 0.0}))  # at the very limit: the ordinary way decides
    amount = system.per_amount[:, None] * numbers.outside[np.minimum(system.number, outside - 1)]
    amount[balance] = CO2_PER_CARBON * gaps[system.process[balance]]
    runs = _runs(system, numbers)
    bought = amount * runs[system.process]
    scored = system.scores[:, system.headline][:, None] * bought
    groups = np.add.reduceat(scored, system.group_starts)
    total = system.scores.T @ bought
    finite: Mask = np.isfinite(total).min(axis=0)
    if not agreed(finite):
        raise NoSolution(Problem("not_finite", "", {"value": float("inf")}))
    rated = _Rated(skeleton.quality, system, bought, scored, total)
    final = system.final
    solved = Solved(
        footprint=footprint,
        total=total,
        groups=groups,
        stages=np.add.reduceat(groups, system.stage_starts),
        other_method=total[system.headline] + system.alternative @ bought,
        carbon=carbon[final] / numbers.made[final] * system.demand[final],
        ratings=rated.ratings,
        shares=rated.shares(),
        warnings=(*inventory.warnings, *_carbon_warnings(inventory, gaps), *rated.warnings()),
    )
    return solved, skeleton


def _first_lane(inventory: Inventory) -> Inventory:
    return replace(
        inventory,
        exchanges=tuple(e._replace(amount=first(e.amount)) for e in inventory.exchanges),
        processes=tuple(
            replace(p, amount=first(p.amount), biogenic_carbon=first(p.biogenic_carbon)) for p in inventory.processes
        ),
    )


@dataclass(frozen=True)
class _Numbers:
    """The amounts of an inventory: outside (E', L) and inside (I, L) exchanges, what processes make (m, L), their carbon."""

    outside: Array
    inside: Array
    inside_from: NDArray[np.intp]
    inside_to: NDArray[np.intp]
    made: Array
    carbon: Array
    fixed: Mask

    @classmethod
    def of(cls, inventory: Inventory, lanes: int) -> _Numbers:
        own = {p.id: j for j, p in enumerate(inventory.processes)}
        inside: list[Exchange] = [e for e in inventory.exchanges if e.kind == "foreground"]
        return cls(
            outside=stacked([e.amount for e in inventory.exchanges if e.kind != "foreground"], lanes),
            inside=stacked([e.amount for e in inside], lanes),
            inside_from=np.array([own[e.process] for e in inside], dtype=np.intp),
            inside_to=np.array([own[e.target] for e in inside], dtype=np.intp),
            made=stacked([p.amount for p in inventory.processes], lanes),
            carbon=stacked([0.0 if p.biogenic_carbon is None else p.biogenic_carbon for p in inventory.processes], lanes),
            fixed=np.array([p.biogenic_carbon is not None for p in inventory.processes], dtype=bool),
        )  # fmt: skip


def _closing(system: System, numbers: _Numbers, release: Release) -> tuple[Array, Array]:
    """What each process lacks or has too much of biogenic carbon, and what its product holds, both (m, L)."""
    m, lanes = numbers.made.shape
    content = carbon_content(release, system.product, system.flow) * system.per_amount
    bought = system.number < len(numbers.outside)
    gather = np.zeros((m, len(numbers.outside)))
    gather[system.process[bought], system.number[bought]] = content[bought]
    coming = gather @ numbers.outside
    kept = np.where(numbers.fixed[:, None], numbers.carbon, coming)
    passed = numbers.inside / numbers.made[numbers.inside_to]
    carbon = kept
    if kept.any():
        matrix = np.broadcast_to(np.eye(m), (lanes, m, m)).copy()
        for row, column, share in zip(numbers.inside_from, numbers.inside_to, passed, strict=True):
            if not numbers.fixed[row]:
                matrix[:, row, column] -= share
        try:
            carbon = np.linalg.solve(matrix, kept.T[:, :, None])[:, :, 0].T
        except np.linalg.LinAlgError as error:
            raise NoSolution(Problem("no_solution", "", {"residual": float("inf")})) from error
    gap = coming - carbon
    for row, column, share in zip(numbers.inside_from, numbers.inside_to, passed, strict=True):
        gap[row] += share * carbon[column]
    return np.where(numbers.fixed[:, None], gap, 0.0), carbon


def _closes(gaps: Array, closed: NDArray[np.intp]) -> bool:
    """Whether the processes that are closed, and no others, need it, in every lane with the same sign; raises `Split`."""
    sign = np.where(np.abs(gaps) <= CARBON_GAP, 0.0, np.sign(gaps))
    agreed((sign == sign[:, :1]).all(axis=0))
    return set(np.flatnonzero(sign[:, 0])) == set(closed)


def _carbon_warnings(inventory: Inventory, gaps: Array) -> Iterator[Warned]:
    for p, gap in zip(inventory.processes, gaps, strict=True):
        if gap[0] < -CARBON_GAP and not p.shared:
            yield Warned(Problem("carbon_gap", "", {"process": p.name, "gap": Lanes(-gap)}))


def _runs(system: System, numbers: _Numbers) -> Array:
    """Runs of every foreground process, (m, L); raises `Split` or `NoSolution` as `lcaengine.footprint.solve` does."""
    m, lanes = numbers.made.shape
    M = np.zeros((lanes, m, m))
    M[:, range(m), range(m)] = numbers.made.T
    for row, column, amount in zip(numbers.inside_to, numbers.inside_from, numbers.inside, strict=True):
        M[:, row, column] -= amount
    try:
        inverse = np.linalg.inv(M)
    except np.linalg.LinAlgError as error:
        raise NoSolution(Problem("no_solution", "", {"residual": float("inf")})) from error
    made = np.abs(numbers.made.T)
    size = made[:, None, :] / np.where(made > 0, made, 1.0)[:, :, None]
    residual = (np.abs(M @ inverse - np.eye(m)) * size).max(axis=(1, 2))
    runs: Array = (inverse @ system.demand).T
    solved = (residual < RESIDUAL) & ~(runs.min(axis=0) < -ROUNDING * np.abs(runs).max(axis=0))
    if not agreed(solved):
        raise NoSolution(Problem("no_solution", "", {"residual": float("inf")}))
    return runs


class _Rated:
    """Data quality of every lane: the sums of `lcaengine.footprint.quality`, lane by lane."""

    def __init__(self, quality: Quality, system: System, bought: Array, scored: Array, total: Array) -> None:
        self._system, self._total, self._scored = system, total, scored
        self.value: Array = total[system.headline]
        carries, headline = quality.carries, system.scores[:, system.headline]
        background = np.where((system.flow >= 0)[:, None], 0.0, system.release.quality[np.maximum(system.product, 0)])
        self._parts = np.where(carries, headline[:, None], background).T @ bought
        self._primary_share = quality.primary_share
        self._own = quality.own_share @ scored
        unverified = ~quality.is_verified @ scored
        self.ratings = rating_numbers(self._parts.T, self.value, self._own, 2 * unverified)
        assert self._parts.shape[0] == len(MARKS)

    def shares(self) -> dict[str, Array]:
        """As `data_quality` of an answer has them; NaN where the headline is zero."""
        default = np.array([e.data == "default" for e in self._system.exchanges])
        unsplit = self._total[self._system.release.column_index["gas:unsplit"]]
        value = np.where(self.value != 0, self.value, np.nan)
        return {
            "primary_data_share": (self._primary_share @ self._scored) / value,
            "default_share": (default @ self._scored) / value,
            "estimate_share": self._parts[STATUS_MARKS[-1]] / value,
            "unsplit_share": unsplit / value,
        }

    def warnings(self) -> Iterator[Warned]:
        """Where the data miss what the rule asks of them (`lcaengine.footprint.result.quality_warnings`)."""
        need = self._system.inventory.rule.data_quality
        if need is None:
            return
        rated = self.value != 0
        dqr, primary = self.ratings[:, :4].sum(axis=1) / 4, self._own / np.where(rated, self.value, 1.0)
        if need.max_dqr is not None and (mask := rated & (dqr > need.max_dqr)).any():
            yield Warned(
                Problem("dqr_above", "", {"value": Lanes(dqr), "limit": need.max_dqr}), need.rule_id, Lanes(mask)
            )
        if need.min_primary_share is not None and (mask := rated & (primary < need.min_primary_share)).any():
            values = {"value": Percents(primary), "limit": f"{need.min_primary_share:.0%}"}
            yield Warned(Problem("primary_below", "", values), need.rule_id, Lanes(mask))
