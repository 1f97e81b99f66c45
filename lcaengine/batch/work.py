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
from lcaengine.batch.plan import Runs, read_documents, read_part
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


def compute_part(job: Job, runs: Runs) -> int:
    """The bills of some runs, computed and written; returns how many have errors."""
    outcome = _outcome(job, runs)
    write_part(job, runs, outcome)
    return outcome.refused


def fail_part(job: Job, runs: Runs, why: str) -> int:
    """Runs that no worker survives, or in which our code fails, are errors of their bills; returns how many."""
    outcome = refused(_names(job, runs), Problem("batch_bill_failed", "", {"why": why}))
    write_part(job, runs, outcome.without(runs.again))
    return outcome.refused


def write_part(job: Job, runs: Runs, outcome: Outcome) -> None:
    """Written aside and renamed in one step. A part that another worker has finished meanwhile stays."""
    import pyarrow.parquet as pq

    aside = job.parts / f".{uuid.uuid4().hex}"
    aside.mkdir(parents=True)
    try:
        for name, table in outcome.tables(job.lines).items():
            pq.write_table(table, aside / f"{name}.parquet", compression="zstd")
        _renamed(aside, job.parts / f"{runs.first:010d}-{runs.first + runs.count:010d}")
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _renamed(aside: Path, target: Path) -> None:
    try:
        os.replace(aside, target)
    except OSError:
        if not target.is_dir():
            raise


def _outcome(job: Job, runs: Runs) -> Outcome:
    release = _release(job.release_path, job.release_id)
    first, last, place = int(runs.starts[0]), int(runs.starts[-1]), job.source.first_row
    if job.source.documents:
        outcome = computed_documents(read_documents(job.source, first, last), place + first, release, job.lines)
    else:
        outcome = computed(read_part(job.source, first, last), release, job.lines)
    for run, row in runs.seconds.items():
        problem = Problem("batch_bill_again", "row 2", {"row": place + row})
        outcome.overrule(run, place + int(runs.starts[run]) - 1, problem)
    return outcome.without(runs.again)


def _names(job: Job, runs: Runs) -> list[str]:
    first, last = int(runs.starts[0]), int(runs.starts[-1])
    if job.source.documents:
        return [name for name, _ in read_documents(job.source, first, last)]
    return list(read_part(job.source, first, last).names)


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
