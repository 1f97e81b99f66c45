"""Running a batch on Dask: parts are computed by workers, each finished one is a folder, and what is there need not be done again.

A worker that dies (killed, out of memory) is replaced, and its part tried again; one that dies again and again is halved, until a
single bill is left, which is an error of its own.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lcaengine.batch.plan import Plan
from lcaengine.batch.work import Job, compute_part, fail_part, missing
from lcaengine.problems import Problem, Refused

STALLED = 900.0  # seconds without a finished part, after which nothing more is waited for
LIVES = 8  # workers, for each there should be, that may come and go without finishing anything
TICK = 0.25  # seconds between looks at what is asked for
SETTINGS = {
    "distributed.scheduler.allowed-failures": 1,  # workers that may die under a part before it is halved
    "distributed.scheduler.http.routes": [],  # no dashboard
    "distributed.worker.http.routes": [],
    "distributed.worker.memory.target": False,  # nothing to spill: results are files
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,  # a paused worker would wait for memory that only its end gives back
}


class Cancelled(Refused):
    """Stopped on request; what is finished stays."""


@dataclass(frozen=True)
class Progress:
    """How far a batch is; ``rate`` is bills per second since this run began."""

    bills: int
    done: int
    errors: int
    rate: float

    def as_dict(self) -> dict[str, Any]:
        return {"bills": self.bills, "done": self.done, "errors": self.errors, "rate": round(self.rate, 1)}


Told = Callable[[Progress], None]


@contextmanager
def cluster(scheduler: str | None = None, workers: int | None = None, memory: str | None = None) -> Iterator[Any]:
    """A Dask client: of the scheduler named, else of worker processes of our own, on loopback, with certificates of their own.

    Raises `Refused` where Dask is not installed or the scheduler does not answer.
    """
    try:
        import dask
        from distributed import Client, Nanny, Scheduler, Security, SpecCluster
    except ImportError as error:
        raise Refused(Problem("batch_extra", "", {"package": "distributed"})) from error
    if scheduler:
        try:
            client = Client(scheduler, timeout=10)
        except (OSError, ValueError, TimeoutError) as error:
            raise Refused(
                Problem("no_scheduler", "--scheduler", {"address": scheduler, "why": str(error)[:200]})
            ) from error
        with client:
            yield client
        return
    security, here = Security.temporary(), {"host": "127.0.0.1", "port": 0}
    worker = {
        **here,
        "nthreads": 1,
        "memory_limit": memory or "auto",
        "dashboard": False,
        "silence_logs": 50,
        "security": security,
    }
    central = {**here, "dashboard": False, "dashboard_address": "127.0.0.1:0", "security": security}
    with (
        dask.config.set(SETTINGS),
        SpecCluster(
            workers={i: {"cls": Nanny, "options": worker} for i in range(workers or os.cpu_count() or 1)},
            scheduler={"cls": Scheduler, "options": central}, security=security, silence_logs=50,
        ) as local,
        Client(local) as client,
    ):  # fmt: skip
        client.wait_for_workers(1)
        yield client


def run_parts(
    client: Any, job: Job, plan: Plan, told: Told | None = None, cancelled: Callable[[], bool] | None = None
) -> Progress:
    """Compute all parts that are not there; raises `Cancelled`."""
    run = _Run(client, job, plan, told or (lambda _: None), cancelled or (lambda: False))
    return run.all()


class _Run:
    def __init__(self, client: Any, job: Job, plan: Plan, told: Told, cancelled: Callable[[], bool]) -> None:
        self._client, self._job, self._plan, self._told, self._cancelled = client, job, plan, told, cancelled
        self._waiting: dict[Any, tuple[int, int]] = {}
        self._suspects: list[tuple[int, int]] = []
        self._alone = False
        self._since = self._moved = time.monotonic()
        self._met: set[str] = set()  # workers since a part was finished
        self._done, self._errors = finished(job, plan)
        self._before = self._done

    def all(self) -> Progress:
        self._workers = max(1, len(self._client.scheduler_info(n_workers=-1)["workers"]))
        ranges = self._plan.ranges(self._workers, self._job.source.documents)
        for start, stop in missing(ranges, self._job.done()):
            self._submit(start, stop)
        self._tell()
        try:
            while self._waiting or self._suspects:
                self._step()
                if self._cancelled():
                    raise Cancelled(Problem("batch_cancelled", "", {"done": self._done, "bills": self._plan.bills}))
        finally:
            if self._waiting:
                self._client.cancel(list(self._waiting), force=True)
        return self._tell()

    def _submit(self, start: int, stop: int) -> None:
        future = self._client.submit(compute_part, self._job, self._plan.runs(start, stop), pure=False)
        self._waiting[future] = (start, stop)

    def _step(self) -> None:
        """Wait a moment, take what is finished; what was under a dying worker is tried again with nothing beside it."""
        from distributed import wait

        if not self._waiting:
            self._alone = True
            self._submit(*self._suspects.pop())

        with contextlib.suppress(TimeoutError):
            wait(list(self._waiting), timeout=TICK, return_when="FIRST_COMPLETED")
        finished = [f for f in self._waiting if f.done()]
        self._check_alive(bool(finished))
        for future in finished:
            start, stop = self._waiting.pop(future)
            error = future.exception() if future.status == "error" else None
            if future.status == "finished":
                self._count(start, stop, future.result())
            elif isinstance(error, Refused):
                raise error
            elif self._alone:
                self._halve(start, stop, error)
            else:
                self._suspects.append((start, stop))
            self._tell()

    def _check_alive(self, moved: bool) -> None:
        """Raises `Refused` where no worker is there, or none lives long enough to finish anything: nothing would ever come."""
        if moved:
            self._moved = time.monotonic()
            self._met.clear()
            return
        self._met |= set(self._client.scheduler_info(n_workers=-1)["workers"])
        if len(self._met) > LIVES * self._workers or time.monotonic() - self._moved > STALLED:
            raise Refused(Problem("batch_stalled", "", {"workers": len(self._met)}))

    def _halve(self, start: int, stop: int, error: BaseException | None) -> None:
        """What cannot be computed as a whole is tried by halves; a single bill becomes an error."""
        if stop - start > 1:
            middle = (start + stop) // 2
            self._suspects += [(middle, stop), (start, middle)]
            return
        self._count(start, stop, fail_part(self._job, self._plan.runs(start, stop), type(error).__name__))

    def _count(self, start: int, stop: int, errors: int) -> None:
        self._done += bills_in(self._plan, start, stop)
        self._errors += errors

    def _tell(self) -> Progress:
        seconds = max(time.monotonic() - self._since, 1e-6)
        progress = Progress(self._plan.bills, self._done, self._errors, (self._done - self._before) / seconds)
        self._told(progress)
        return progress


def bills_in(plan: Plan, start: int, stop: int) -> int:
    return stop - start - sum(start <= run < stop for run in plan.again)


def finished(job: Job, plan: Plan) -> tuple[int, int]:
    """Bills and errors of the parts that are there."""
    done = sum(bills_in(plan, start, stop) for start, stop in job.done())
    return done, sum(_errors(path) for path in job.done().values())


def _errors(part: Path) -> int:
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    status = pq.read_table(part / "results.parquet", columns=["status"]).column(0)
    return int(pc.sum(pc.equal(status, "error")).as_py() or 0)
