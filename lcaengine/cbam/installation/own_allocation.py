"""Specific embedded free allocation (SEFA) of an installation's goods: IR (EU) 2025/2620, column A and precursors.

``SEFA_g = CBAM_y · CSCF_y · BM_A,g + Σ m_gi · SEFA_i``, t CO2e per tonne, for the processes of an installation at once: what one
takes of another is the same linear system as that of the emissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lcaengine.cbam.certificates.free_allocation import (
    PrecursorAllocation,
    ProcessBenchmark,
    adjustment,
    precursor_allocation,
    process_benchmark,
)
from lcaengine.cbam.installation import Result
from lcaengine.cbam.installation.model import Process
from lcaengine.cbam.installation.precursors import Valued, averaged_groups
from lcaengine.problems import NoSolution, Problem, Refused


@dataclass(frozen=True)
class OwnAllocation:
    """SEFA of each process that has one, t CO2e per tonne; what keeps the others from having one."""

    by_process: Mapping[str, float]
    problems: Mapping[str, tuple[Problem, ...]]


def own_allocation(result: Result, year: int) -> OwnAllocation:
    """SEFA of every process of an installation for imports of a year, under the law in force."""
    processes = result.installation.processes
    index = {p.id: i for i, p in enumerate(processes)}
    own, wrong = np.zeros(len(processes)), {p.id: [] for p in processes}  # type: ignore[var-annotated]
    bought, lacking = _of_precursors(result, year)
    for i, p in enumerate(processes):
        own[i] = _of_process(p, year, wrong[p.id])
        for k, v in enumerate(result.precursors):
            if tonnes := v.precursor.consumed.get(p.id):
                own[i] += tonnes * p.molar_share / p.mass * bought[k]
                wrong[p.id].extend(lacking[k])
    takes = np.zeros((len(processes), len(processes)))
    for giver in processes:
        for taker, tonnes in giver.to_processes.items():
            takes[index[taker], index[giver.id]] += tonnes / processes[index[taker]].mass
    try:
        values = np.linalg.solve(np.eye(len(processes)) - takes, own)
    except np.linalg.LinAlgError as error:
        raise NoSolution(Problem("no_solution", values={"residual": float("inf")})) from error
    unknown = _reached({k for k, found in wrong.items() if found}, result)
    return OwnAllocation(
        {p.id: float(values[i]) for p, i in ((p, index[p.id]) for p in processes) if p.id not in unknown},
        {k: tuple(found) for k, found in wrong.items() if found},
    )


def _of_process(p: Process, year: int, wrong: list[Problem]) -> float:
    """CBAM_y · CSCF_y · BM_A of the process; its goods must share the benchmark."""
    if not p.goods:
        wrong.append(Problem("cbam_no_good", p.where, {"process": p.id}))
        return 0.0
    values = set()
    for good in p.goods:
        routes = {route: tonnes for route, tonnes in p.production.items() if route}
        try:
            found = process_benchmark(ProcessBenchmark(good.cn_code, routes), year, good.where)
            values.add(adjustment(found, year).value)
        except Refused as refused:
            wrong.extend(refused.problems)
    if len(values) > 1:
        wrong.append(Problem("cbam_benchmarks_differ", p.where, {"process": p.id}))
    return max(values, default=0.0)


def _of_precursors(result: Result, year: int) -> tuple[list[float], list[list[Problem]]]:
    """SEFA of every precursor, t CO2e per tonne; those of one CN code averaged by mass (IR 2025/2620 Art. 4)."""
    lacking: list[list[Problem]] = [[] for _ in result.precursors]
    own = [_of_precursor(v, year, wrong) for v, wrong in zip(result.precursors, lacking, strict=True)]
    for group in averaged_groups([v.precursor for v in result.precursors]):
        weights = [result.precursors[k].precursor.purchased for k in group]
        mean = sum(w * own[k] for w, k in zip(weights, group, strict=True)) / (sum(weights) or 1.0)
        problems = [p for k in group for p in lacking[k]]
        for k in group:
            own[k], lacking[k] = mean, problems
    return own, lacking


def _of_precursor(v: Valued, year: int, wrong: list[Problem]) -> float:
    p = v.precursor
    evidence = "actual" if v.basis == "actual" else "default"
    country = None if p.country == "unknown" else p.country
    asked = PrecursorAllocation(
        p.id, 1.0, country, evidence, p.free_allocation, p.cn_code, p.route, p.description  # type: ignore[arg-type]
    )  # fmt: skip
    try:
        return float(precursor_allocation(asked, year, "law", p.where)["value"])
    except Refused as refused:
        wrong.extend(refused.problems)
        return 0.0


def _reached(wrong: set[str], result: Result) -> set[str]:
    """The processes that take, at whatever remove, from one without a figure."""
    found, grown = set(wrong), True
    while grown:
        more = {taker for p in result.installation.processes if p.id in found for taker in p.to_processes} - found
        found |= more
        grown = bool(more)
    return found
