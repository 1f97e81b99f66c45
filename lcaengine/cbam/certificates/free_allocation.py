"""The adjustment for free allocation: IR (EU) 2025/2620, benchmarks column A (process) and B (with its precursors).

What remains of free allocation is the CBAM factor; it multiplies the benchmark, never the emissions. With default emissions the
route of the default row decides the benchmark; with actual emissions the operator's own routes do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lcaengine.cbam.certificates.defaults import ELECTRICITY, Text, chosen_base, letters
from lcaengine.cbam.tables import (
    Benchmark,
    CorrectionFactor,
    benchmarks,
    cbam_factor,
    correction_factor,
    normal_cn,
    origin_status,
    tables,
)
from lcaengine.problems import Problem, Refused

Basis = Literal["law", "proposal"]
LAST_BENCHMARK_YEAR = 2030  # the table's second marker is 2028-2030

_PROVISIONAL: Text = {
    "zh": "(EU) 2025/2620 对 2026 年的基准值为临时值。",
    "en": "The benchmarks of (EU) 2025/2620 are provisional for 2026.",
}
_TO_BE_UPDATED: Text = {
    "zh": "自 2027 年 1 月 1 日起的进口将适用更新后的基准值，其数值尚未公布；此处沿用现行值。",
    "en": "Benchmarks are to be updated for imports from 1 January 2027; the new ones are not published, today's are used.",
}
_AFTER_2030: Text = {
    "zh": "2030 年之后没有已公布的基准值；沿用最后一期的值，属于假设。",
    "en": "No benchmark is published for years after 2030; the last one is held, an assumption.",
}
_CORRECTION_ASSUMED: Text = {
    "zh": "该年的跨行业修正系数尚未公布；假设为 1.0。",
    "en": "The cross-sectoral correction factor of this year is not published; 1.0 is assumed.",
}
_CHOSEN_ROUTE: Text = {
    "zh": "默认值所在行没有与该货物基准值对应的路线标记；路线由用户选定。",
    "en": "The row of the default value carries no route indicator that the benchmarks of this good know; the user chose the route.",
}
_HIGHEST_GRADE: Text = {
    "zh": "默认值所在行涵盖多个合金等级：取该年份最高的基准值（(EU) 2025/2620 附件 5.1）。",
    "en": "The row of the default value stands for several alloy grades: the highest benchmark of the year holds "
    "((EU) 2025/2620 Annex point 5.1).",
}
_ROUTE_IDLE: Text = {
    "zh": "该货物的基准值与路线无关；给出的路线不起作用。",
    "en": "The benchmark of this good is independent of the route; the route given changes nothing.",
}


@dataclass(frozen=True, slots=True)
class ChosenBenchmark:
    """A benchmark, t CO2e per tonne, and the rows it comes from: several only where routes are weighted by quantity."""

    column: str
    value: float
    route: str | None
    rows: tuple[Benchmark, ...]
    notes: tuple[Text, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        first = self.rows[0] if self.rows else None
        source = {k: getattr(first, k) if first else None for k in ("cn_code", "years", "act", "annex", "state")}
        return {"column": self.column, "value": self.value, "route": self.route, "unit": "t CO2e/t", **source}


@dataclass(frozen=True, slots=True)
class Adjustment:
    """``value = CBAM_y · CSCF_y · BM``, t CO2e per tonne (IR 2025/2620)."""

    benchmark: ChosenBenchmark
    factor: float
    basis: Basis
    correction: CorrectionFactor
    year: int

    @property
    def value(self) -> float:
        return self.factor * self.correction.value * self.benchmark.value

    def as_dict(self) -> dict[str, Any]:
        return {
            "benchmark": self.benchmark.as_dict(),
            "cbam_factor": {"value": self.factor, "basis": self.basis} | self._source(),
            "correction_factor": {"value": self.correction.value, "assumed": self.correction.assumed},
            "free_allocation": self.value,
        }

    def _source(self) -> dict[str, str]:
        row = max((row for row in tables().cbam_factors[self.basis] if row.year <= self.year), key=lambda row: row.year)
        return {"act": row.act, "annex": row.annex, "state": row.state}


@dataclass(frozen=True, slots=True)
class ProcessBenchmark:
    """The process of an actual value: its good, and how much of it each route made (any unit, the shares count).

    A route is a letter of the act, or a name of the template that means one letter (`letters`).
    """

    cn_code: str
    routes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PrecursorAllocation:
    """A precursor of a good with actual emissions; ``ratio`` is tonnes of it per tonne of the good.

    ``evidence`` "actual" needs ``allocation``, its specific embedded free allocation from the supplier's verified report,
    t CO2e per tonne; "default" needs ``cn_code``, and takes column B and the route of the default row.
    """

    name: str
    ratio: float
    country: str | None
    evidence: Literal["actual", "default"]
    allocation: float | None = None
    cn_code: str | None = None
    route: str | None = None
    description: str | None = None


def adjustment(benchmark: ChosenBenchmark, year: int, basis: Basis = "law") -> Adjustment:
    """The benchmark times what remains of free allocation in the year, under the law or under COM(2026) 616."""
    return Adjustment(benchmark, cbam_factor(year, basis), basis, correction_factor(year), year)


def default_benchmark(
    cn: str, year: int, indicator: str | None, route: str | None = None, where: str = ""
) -> ChosenBenchmark:
    """Column B for the route of the default row; ``route`` counts only where that row leaves it open.

    Where a row stands for several alloy grades ("C/F") the highest benchmark of the year holds (IR 2025/2620 Annex point 5.1).

    Raises `Refused`: ``cbam_benchmark_route`` when the route is open, ``cbam_benchmark_heading`` and
    ``cbam_benchmark_missing`` when the code has no one benchmark.
    """
    rows = benchmark_rows(cn, "B", year, where)
    if len(rows) == 1 and rows[0].route is None:
        idle = (_ROUTE_IDLE,) if route and not letters(indicator) & letters(route) else ()
        return ChosenBenchmark("B", rows[0].value, None, rows, idle)
    fitting = [row for row in rows if letters(row.route) & letters(indicator)]
    if len(fitting) > 1:  # several alloy grades of one code
        best = max(fitting, key=lambda row: row.value)
        return ChosenBenchmark("B", best.value, best.route, (best,), (_HIGHEST_GRADE,))
    notes = () if len(fitting) == 1 else (_CHOSEN_ROUTE,)
    if len(fitting) != 1 and route:
        fitting = [row for row in rows if letters(row.route) & letters(route)]
    if len(fitting) != 1:
        raise Refused(Problem("cbam_benchmark_route", where, {"cn": normal_cn(cn), "options": _options(rows)}))
    return ChosenBenchmark("B", fitting[0].value, fitting[0].route, tuple(fitting), notes)


def process_benchmark(process: ProcessBenchmark, year: int, where: str = "") -> ChosenBenchmark:
    """Column A of the process alone, weighted by the quantity of each route; electricity has no free allocation.

    Raises `Refused` as `default_benchmark`, when the routes given are not those of the good.
    """
    if normal_cn(process.cn_code).startswith(ELECTRICITY):
        return ChosenBenchmark("A", 0.0, None, ())
    rows = benchmark_rows(process.cn_code, "A", year, where)
    if len(rows) == 1 and rows[0].route is None:
        return ChosenBenchmark("A", rows[0].value, None, rows)
    by_route = {str(row.route): row for row in rows}
    wanted: dict[str, float] = {}
    for name, amount in process.routes.items():
        key = "/".join(letters(name) & by_route.keys())
        wanted[key] = wanted.get(key, 0.0) + amount
    total = sum(wanted.values())
    if wanted.keys() - by_route.keys() or not total > 0 or min(wanted.values()) < 0:
        code = normal_cn(process.cn_code)
        raise Refused(Problem("cbam_benchmark_route", where, {"cn": code, "options": _options(rows)}))
    value = sum(amount / total * by_route[name].value for name, amount in wanted.items())
    return ChosenBenchmark("A", value, "/".join(sorted(wanted)), tuple(by_route[name] for name in sorted(wanted)))


def precursor_allocation(p: PrecursorAllocation, year: int, basis: Basis = "law", where: str = "") -> dict[str, Any]:
    """What one precursor adds, ``m_i · SEFA_i``: 0 from the EU and exempt origins, column B with default emissions."""
    if not p.ratio >= 0:
        raise Refused(Problem("cbam_allocation_negative", where, {"name": p.name, "value": p.ratio}))
    how: str
    if p.country is not None and origin_status(p.country) in {"eu", "exempt"}:
        specific, how, found = 0.0, "exempt_origin", None
    elif p.evidence == "actual":
        specific, how, found = _reported(p, where), "reported", None
    else:
        found = _by_default(p, year, basis, where)
        specific, how = found.value, "column_b"
    body = {"name": p.name, "ratio": p.ratio, "basis": how, "specific": specific, "value": p.ratio * specific}
    return body | {"adjustment": found.as_dict() if found else None}


def benchmark_rows(cn: str, column: str, year: int, where: str = "") -> tuple[Benchmark, ...]:
    """The rows of a code and year; a heading has them only if all codes below it agree. Raises `Refused`."""
    code = normal_cn(cn)
    by_code: dict[str, list[Benchmark]] = {}
    for row in benchmarks(code, column, min(year, LAST_BENCHMARK_YEAR)):
        by_code.setdefault(row.cn_code, []).append(row)
    if not by_code:
        raise Refused(Problem("cbam_benchmark_missing", where, {"cn": code, "year": year}))
    kinds = {tuple((row.route, row.group, row.value) for row in rows): tuple(rows) for rows in by_code.values()}
    if len(kinds) > 1:
        raise Refused(Problem("cbam_benchmark_heading", where, {"cn": code}))
    return next(iter(kinds.values()))


def year_notes(year: int, correction: CorrectionFactor) -> list[Text]:
    """What is provisional or assumed of a year's adjustment."""
    first = _PROVISIONAL if year < 2027 else _TO_BE_UPDATED if year <= LAST_BENCHMARK_YEAR else _AFTER_2030
    return [first, _CORRECTION_ASSUMED] if correction.assumed else [first]


def _reported(p: PrecursorAllocation, where: str) -> float:
    if p.allocation is None:
        raise Refused(Problem("cbam_allocation_missing", where, {"name": p.name}))
    if not p.allocation >= 0:
        raise Refused(Problem("cbam_allocation_negative", where, {"name": p.name, "value": p.allocation}))
    return p.allocation


def _by_default(p: PrecursorAllocation, year: int, basis: Basis, where: str) -> Adjustment:
    if p.cn_code is None:
        raise Refused(Problem("cbam_allocation_code", where, {"name": p.name}))
    base = chosen_base(p.cn_code, p.country, p.route, p.description, where)
    return adjustment(default_benchmark(p.cn_code, year, base.route, p.route, where), year, basis)


def _options(rows: Sequence[Benchmark]) -> list[str]:
    return [f"{row.route or row.group}: {row.value:g}" for row in rows]
