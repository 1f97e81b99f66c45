"""Many bills of materials at once: Parquet, NDJSON, CSV or XLSX in, a row of results per bill out (docs/batch.md).

The rules are applied by the code that a single footprint uses; bills of one structure run through it together. Dask spreads the
parts over processes, here or on a cluster.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcaengine import __version__
from lcaengine.background import Release, default_release
from lcaengine.batch.long_form import rows_of
from lcaengine.batch.plan import Plan, planned
from lcaengine.batch.running import Cancelled, Progress, Told, cluster, finished, run_parts
from lcaengine.batch.source import FORMATS, MEDIA_TYPES, Source, format_of, prepared
from lcaengine.batch.work import TABLES, Job
from lcaengine.batch.writing import converted, joined
from lcaengine.problems import Problem, Refused
from lcaengine.rules.library import rule_files

WORK = ".lcaengine-batch"
ORDER = "job.json"

__all__ = [
    "FORMATS", "MEDIA_TYPES", "TABLES", "Batch", "Cancelled", "Progress", "Summary", "Told", "cluster", "converted", "finished",
    "format_of", "opened", "rows_of", "run", "run_parts",
]  # fmt: skip


@dataclass(frozen=True)
class Summary:
    """What a batch came to; ``files`` by table: results, errors, warnings, and lines where asked for."""

    bills: int
    errors: int
    rate: float
    files: dict[str, Path]

    def as_dict(self) -> dict[str, Any]:
        files = {name: str(path) for name, path in self.files.items()}
        return {
            "bills": self.bills,
            "ok": self.bills - self.errors,
            "errors": self.errors,
            "rate": round(self.rate, 1),
            "files": files,
        }


def run(
    file: str | Path,
    out: str | Path,
    *,
    format: str | None = None,
    lines: bool = False,
    scheduler: str | None = None,
    client: Any = None,
    workers: int | None = None,
    memory: str | None = None,
    resume: bool = False,
    release: Release | None = None,
    progress: Told | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Summary:
    """The footprints of all bills of a file, into a folder.

    Parameters
    ----------
    file : Parquet, NDJSON, CSV or XLSX, by its name: one line of a bill per row.
    out : folder for ``results``, ``errors``, ``warnings`` (and ``lines``), in ``format`` (default: that of the file).
    scheduler, client : a Dask scheduler's address, or a client; by default worker processes on this machine.
    workers, memory : of our own cluster: how many (default: one per core), memory of each (``2GB``).
    resume : go on with what an interrupted run has left in the folder.
    progress, cancelled : called now and then, with how far it is, and to ask whether to stop.

    Raises `Refused` for a file that cannot be read at all, `Cancelled` when asked to stop: finished parts stay.
    """
    form = format or format_of(str(file))
    out = Path(out)
    batch = opened(Path(file), out / WORK, format_of(str(file)), release or default_release(), lines, resume)
    if client is not None:
        last = run_parts(client, batch.job, batch.plan, progress, cancelled)
    else:
        with cluster(scheduler, workers, memory) as own:
            last = run_parts(own, batch.job, batch.plan, progress, cancelled)
    files = batch.finish(out, form)
    shutil.rmtree(out / WORK)
    return Summary(last.bills, last.errors, last.rate, files)


@dataclass(frozen=True)
class Batch:
    """A batch in its folder: what there is to do, and where."""

    job: Job
    plan: Plan

    def finish(self, out: Path, form: str) -> dict[str, Path]:
        """The tables of all parts, as files of a format."""
        parts = [path for _, path in sorted(self.job.done().items())]
        files = {}
        for name in TABLES if self.job.lines else TABLES[:-1]:
            files[name] = out / f"{name}.{form}"
            if form == "parquet":
                joined(parts, name, files[name])
                continue
            whole = self.job.folder / f"{name}.parquet"
            joined(parts, name, whole)
            converted(whole, form, files[name])
        return files


def opened(file: Path, folder: Path, form: str, release: Release, lines: bool = False, resume: bool = False) -> Batch:
    """A new batch in a folder, or with ``resume`` the one that is there; raises `Refused` where they are not the same."""
    order = _order(file, release, lines)
    kept = folder / ORDER
    if folder.exists() and not resume:
        if (folder / "parts").exists():
            raise Refused(Problem("batch_unfinished", "", {"path": str(folder.parent)}))
        shutil.rmtree(folder)
    if kept.is_file():
        stored = json.loads(kept.read_text(encoding="utf-8"))
        if changed := sorted(key for key in order if stored["order"].get(key) != order[key]):
            raise Refused(Problem("batch_changed", "", {"path": str(folder.parent), "what": changed}))
        source = Source(Path(stored["path"]), stored["first_row"], stored["documents"])
    else:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Refused(
                Problem("cannot_write", "", {"path": str(folder), "why": error.strerror or str(error)})
            ) from error
        try:
            source = prepared(file.resolve(), form, folder.resolve())
        except Refused:
            shutil.rmtree(folder)
            raise
        _keep(
            kept,
            {"order": order, "path": str(source.path), "first_row": source.first_row, "documents": source.documents},
        )
    job = Job(source, folder.resolve(), release.path, release.id, lines)
    plan = planned(source)
    job.parts.mkdir(exist_ok=True)
    return Batch(job, plan)


def _keep(path: Path, value: dict[str, Any]) -> None:
    aside = path.with_name(f".{path.name}")
    aside.write_text(json.dumps(value), encoding="utf-8")
    os.replace(aside, path)


def _order(file: Path, release: Release, lines: bool) -> dict[str, Any]:
    """What must be the same when a batch goes on, or half of it would rest on something else."""
    try:
        status = file.stat()
    except OSError as error:
        raise Refused(Problem("no_file", "", {"path": str(file), "why": error.strerror or str(error)})) from error
    rules = hashlib.sha256(b"\0".join(path.read_bytes() for path in rule_files()))
    return {
        "file": [status.st_size, status.st_mtime_ns], "background": release.id, "rules": rules.hexdigest(),
        "engine": __version__, "lines": lines,
    }  # fmt: skip
