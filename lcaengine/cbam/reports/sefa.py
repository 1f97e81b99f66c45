"""Specific embedded free allocation of an installation's goods for a report, with the benchmarks that it rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lcaengine.cbam.certificates.free_allocation import ProcessBenchmark, adjustment, process_benchmark
from lcaengine.cbam.installation import Result
from lcaengine.cbam.installation.own_allocation import own_allocation
from lcaengine.cbam.quantities import rounded
from lcaengine.cbam.tables import normal_cn
from lcaengine.problems import Problem, Refused

Json = dict[str, Any]


def free_allocation_facts(result: Result) -> Json:
    """By process: SEFA (t CO2e per tonne, five decimals) or why there is none; by CN code: the benchmark and factors used."""
    year = result.installation.year
    try:
        own = own_allocation(result, year)
        values, problems = dict(own.by_process), dict(own.problems)
    except Refused as refused:
        values, problems = {}, {p.id: refused.problems for p in result.installation.processes}
    numbers = {v.precursor.id: n for n, v in enumerate(result.precursors, start=1)}
    goods = [(p, g) for p in result.installation.processes for g in p.goods]
    return {
        "by_process": {k: rounded(v) for k, v in values.items()},
        "reasons": {k: _reasons(found, numbers) for k, found in problems.items()},
        "benchmarks": {normal_cn(g.cn_code): _benchmark(g.cn_code, p.production, year) for p, g in goods},
    }


def _benchmark(code: str, production: Any, year: int) -> Json | None:
    routes = {route: tonnes for route, tonnes in production.items() if route}
    try:
        return adjustment(process_benchmark(ProcessBenchmark(code, routes), year), year).as_dict()
    except Refused:
        return None


def _reasons(problems: tuple[Problem, ...], numbers: Mapping[str, int]) -> Json:
    """What is wrong, a precursor by its number: these reasons stand in the summary, too."""
    problems = tuple(_numbered(p, numbers) for p in problems)
    return {"zh": [p.message("zh") for p in problems], "en": [p.message("en") for p in problems]}


def _numbered(problem: Problem, numbers: Mapping[str, int]) -> Problem:
    name = problem.values.get("name")
    return (
        replace(problem, values={**problem.values, "name": numbers[name]})
        if isinstance(name, str) and name in numbers
        else problem
    )
