"""Scores of a set of tables held against sane ranges by kind, and against published factors of others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from lcaengine.background.system import Array, System, score_vectors, system_of
from lcaengine.background.tables import Row, Tables
from lcaengine.background.validation import compare
from lcaengine.problems import Problem

BURDEN_FREE = "burden-free"


def check_scores(tables: Tables) -> Iterator[Problem]:
    """Every score lies in the range of its sector and unit, or in one of its own with a reason (``ranges.csv``)."""
    system = system_of(tables)
    scores = score_vectors(system.A, system.B, system.C)
    ranges = {(row["kind"], row["unit"]): row for row in tables.ranges}
    for code, score in zip(system.codes, scores[:, 0], strict=True):
        process = tables.process[code]
        if BURDEN_FREE in process["tags"].split(";"):
            continue
        value = float(score) * (-1.0 if process.number("production_amount") < 0 else 1.0)
        row = _range(process, ranges)
        if row is None:
            yield Problem("no_range", process.at("unit"), {"process": code, "value": value, "unit": process["unit"]})
        elif not row.number("low") <= value <= row.number("high"):
            shown = f"{row['low']} – {row['high']}"
            yield Problem("score_out_of_range", process.at("code"), {"process": code, "value": value, "range": shown})
    yield from _unexplained(tables, system, scores)


def _range(process: Row, ranges: dict[tuple[str, str], Row]) -> Row | None:
    own = ranges.get((process["code"], process["unit"]))
    return own or ranges.get((Path(process.file).parent.name, process["unit"]))


def _unexplained(tables: Tables, system: System, scores: Array) -> Iterator[Problem]:
    """A comparison far from one says why."""
    for found in compare(tables, system, scores):
        if not found.usual and not found.row["reason"]:
            values = {"process": found.row["process"], "ratio": found.ratio}
            yield Problem("comparison_without_reason", found.row.at("reason"), values)
