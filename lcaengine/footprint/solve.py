"""The small solve: a foreground against the background's score vectors.

With foreground M x = f, purchases F and emissions E per run, the full system [[A, −F], [0, M]] has the background supply
A⁻¹ F x, so its score is cᵀ(B A⁻¹ F + E) x = (Yᵀ F + Cᵀ E) x with AᵀY = BᵀC: block elimination, exactly the full solve.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lcaengine.footprint.link import DENSE, System
from lcaengine.problems import NoSolution, Problem

Array = NDArray[np.float64]
ROUNDING = 1e-12


@dataclass(frozen=True)
class Footprint:
    """The score of one declared unit in every column, and its partitions.

    runs (m,); groups (g, k) by stage and line; stages (s, k); total (k,).
    """

    system: System
    runs: Array
    groups: Array
    stages: Array
    total: Array

    @property
    def value(self) -> float:
        """The headline, kg CO2e per declared unit."""
        return float(self.total[self.system.headline])

    @cached_property
    def exchange_scores(self) -> Array:
        """The score of every exchange, (E, k)."""
        s = self.system
        return (s.amount * self.runs[s.process])[:, None] * s.scores

    @cached_property
    def alternative_total(self) -> float:
        """The headline under the other electricity method."""
        s = self.system
        return self.value + float((s.amount * self.runs[s.process]) @ s.alternative)

    @cached_property
    def biogenic_carbon(self) -> float:
        """kg biogenic carbon in one declared unit of the product."""
        s = self.system
        amount = s.inventory.processes[s.final].amount
        return float(s.carbon[s.final] / amount * s.demand[s.final])

    def background_demand(self) -> Array:
        """What the foreground buys of every background product, (n,)."""
        s = self.system
        demand = np.zeros(len(s.release.scores))
        bought = s.product >= 0
        np.add.at(demand, s.product[bought], (s.amount * self.runs[s.process])[bought])
        return demand


def solve(system: System) -> Footprint:
    """Solve a linked foreground; raises `NoSolution`, also for amounts so large that a figure overflows."""
    x = foreground_runs(system)
    per_run = system.per_run
    groups = np.add.reduceat(x[per_run.process][:, None] * per_run.scores, per_run.group_starts)
    stages = np.add.reduceat(groups, system.stage_starts)
    total = np.add.reduce(stages)
    if not np.isfinite(total).all():
        raise NoSolution(Problem("not_finite", "", {"value": float(total[system.headline])}))
    return Footprint(system, x, groups, stages, total)


def foreground_runs(system: System, transpose: bool = False, rhs: Array | None = None) -> Array:
    """Runs of every foreground process: M x = f (or Mᵀ x = rhs); raises `NoSolution`."""
    b = system.demand if rhs is None else rhs
    if len(b) > DENSE:
        x = _sparse_runs(system, transpose, b)
    else:
        x = np.asarray((system.inverse.T if transpose else system.inverse) @ b, dtype=float)
    if rhs is None and x.min() < -ROUNDING * np.abs(x).max():  # a loop that needs more than it makes
        raise NoSolution(Problem("no_solution", "", {"residual": float("inf")}))
    return x


def _sparse_runs(system: System, transpose: bool, b: Array) -> Array:
    from scipy.sparse import csc_matrix

    from lcaengine.background import linear

    M = csc_matrix((system.M_values, (system.M_rows, system.M_columns)), shape=(len(b), len(b)))
    return linear.solve(M.T if transpose else M, b).x
