"""One part of a batch, computed in a worker: read, calculate, write aside, rename. What is there is whole."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from lcaengine.background import Release, load_release
from lcaengine.background.release import release_by_id
from lcaengine.batch.computing import computed, computed_documents, refused
from lcaengine.batch.outcome import Outcome
from lcaengine.batch.plan import Plan, planned, read_documents, read_part
from lcaengine.batch.source import Source
from lcaengine.problems import Problem

TABLES = ("results", "errors", "warnings", "lines")


@dataclass(frozen=True)
class Job:
    """All that a worker has to know; paths are the same on every machine of a cluster."""

    source: Source
    folder: Path
    release_path: Path
    release_id: str
    lines: bool = False

    @property
    def parts(self) -> Path:
        return self.folder / "parts"

    def done(self) -> dict[tuple[int, int], Path]:
        """Finished parts by their range of runs."""
        found = (path for path in self.parts.glob("*-*") if not path.name.startswith("."))
        return {(int(a), int(b)): path for path in sorted(found) for a, b in [path.name.split("-")]}


def compute_part(job: Job, start: int, stop: int) -> tuple[int, int]:
    """Bills and errors of a range of runs, computed and written; nothing to do where that is done."""
    plan = _plan(job.source)
    outcome = _outcome(job, plan, start, stop)
    write_part(job, start, stop, outcome)
    return len(outcome.names), outcome.refused


def fail_part(job: Job, start: int, stop: int, why: str) -> None:
    """A range that no worker survives, or in which our code fails, is an error of its bills."""
    plan = _plan(job.source)
    names = _names(job, plan, start, stop)
    write_part(job, start, stop, refused(names, Problem("batch_bill_failed", "", {"why": why})))


def write_part(job: Job, start: int, stop: int, outcome: Outcome) -> None:
    """Written aside and renamed in one step. A part that another worker has finished meanwhile stays."""
    import pyarrow.parquet as pq

    aside = job.parts / f".{uuid.uuid4().hex}"
    aside.mkdir(parents=True)
    try:
        for name, table in outcome.tables(job.lines).items():
            pq.write_table(table, aside / f"{name}.parquet", compression="zstd")
        _renamed(aside, job.parts / f"{start:010d}-{stop:010d}")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _renamed(aside: Path, target: Path) -> None:
    try:
        os.replace(aside, target)
    except OSError:
        if not target.is_dir():
            raise


def _outcome(job: Job, plan: Plan, start: int, stop: int) -> Outcome:
    release = _release(job.release_path, job.release_id)
    first, last = int(plan.starts[start]), int(plan.starts[stop])
    if job.source.documents:
        outcome = computed_documents(
            read_documents(job.source, first, last), job.source.first_row + first, release, job.lines
        )
    else:
        outcome = computed(read_part(job.source, first, last), release, job.lines)
    for run in range(start, stop):
        if run in plan.seconds:
            row = job.source.first_row + plan.seconds[run]
            problem = Problem("batch_bill_again", "row 2", {"row": row})
            outcome.overrule(run - start, job.source.first_row + int(plan.starts[run]) - 1, problem)
    return outcome.without([run - start for run in range(start, stop) if run in plan.again])


def _names(job: Job, plan: Plan, start: int, stop: int) -> list[str]:
    first, last = int(plan.starts[start]), int(plan.starts[stop])
    if job.source.documents:
        return [name for name, _ in read_documents(job.source, first, last)]
    return list(read_part(job.source, first, last).names)


@lru_cache(maxsize=2)
def _plan(source: Source) -> Plan:
    return planned(source)


@lru_cache(maxsize=2)
def _release(path: Path, identifier: str) -> Release:
    """Mapped from disk: workers of one machine share its pages, and none is sent."""
    return load_release(path) if (path / "release.json").is_file() else release_by_id(identifier)


def missing(ranges: list[tuple[int, int]], done: dict[tuple[int, int], Path]) -> Iterator[tuple[int, int]]:
    """What of some ranges is in no finished part."""
    finished = sorted(done)
    for start, stop in ranges:
        at = start
        for a, b in finished:
            if b <= at or a >= stop:
                continue
            if a > at:
                yield at, a
            at = max(at, b)
        if at < stop:
            yield at, stop
