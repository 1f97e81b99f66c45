"""Batches that the server was given: one runner per machine takes them, one after the other, in a process of its own.

A folder per batch (below ``LCAENGINE_BATCHES``) holds the file as uploaded, the finished parts, and the tables. The process ends with
its server; what it had is free again as soon as its lease is over, and whoever takes it goes on from the finished parts. So
neither a killed server nor a killed process loses more than the parts that were being computed.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout
from platformdirs import user_data_path
from sqlalchemy.exc import SQLAlchemyError

from lcaengine import settings
from lcaengine.problems import Problem, Refused, TooLarge
from lcaengine.store import Store
from lcaengine.store.batches import (
    CANCELLED,
    DONE,
    FAILED,
    StoredBatch,
    claim_batch,
    end_batch,
    known_batches,
    renew_batch,
)

OWNER = "owner"
LEASE = 10.0  # seconds without a word, after which a batch is anybody's
BEAT = 1.0
PAUSE = 1.0
ABANDONED = 86400.0  # seconds after which an upload that no batch names is removed
BLOCK = 1 << 20


def folder() -> Path:
    """Where the files of batches are: ``LCAENGINE_BATCHES``, else in the user's data folder."""
    return settings.BATCHES.value() or user_data_path("lcaengine") / "batches"


def folder_of(identifier: str) -> Path:
    return folder() / str(uuid.UUID(identifier))


def most_bytes() -> int:
    return settings.BATCH_BYTES.value()


def owner(store: Store) -> str:
    """Whose batches are whose, where servers with databases of their own have their files in one folder."""
    return hashlib.sha256(store.engine.url.render_as_string(hide_password=True).encode()).hexdigest()[:16]


def upload(store: Store, identifier: str, form: str, content: BinaryIO) -> int:
    """Write an uploaded file aside, then into the batch's folder; returns its size. Raises `TooLarge`, `Refused`."""
    target = folder_of(identifier)
    aside = target.with_name(f".{identifier}")
    size = 0
    try:
        aside.mkdir(parents=True)
        (aside / OWNER).write_text(owner(store), encoding="utf-8")
        with (aside / f"upload.{form}").open("wb") as file:
            while block := content.read(BLOCK):
                size += len(block)
                if size > most_bytes():
                    raise TooLarge(Problem("too_large", "", {"bytes": size, "limit": most_bytes()}))
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        os.replace(aside, target)
    except OSError as error:
        raise Refused(
            Problem("cannot_write", "", {"path": target.name, "why": error.strerror or str(error)})
        ) from error
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return size


def uploaded(batch: StoredBatch) -> Path:
    return folder_of(batch.id) / f"upload.{batch.format}"


def run_batches(store: Store) -> None:
    """Take batches as long as this process lasts, unless another process of this machine does so already."""
    threading.Thread(target=_take, args=(store, threading.Event()), name="batches", daemon=True).start()


@contextmanager
def runner(store: Store) -> Iterator[None]:
    """Batches are taken while this lasts, unless another process of this machine does so already."""
    stop = threading.Event()
    thread = threading.Thread(target=_take, args=(store, stop), name="batches", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


def _take(store: Store, stop: threading.Event) -> None:
    folder().mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder() / f".runner-{owner(store)}")
    while not stop.is_set():
        try:
            with lock.acquire(timeout=0):
                _remove_abandoned(store)
                while not stop.wait(PAUSE):
                    with contextlib.suppress(SQLAlchemyError):  # the database is away: so is the work
                        _next(store, stop)
        except Timeout:
            stop.wait(PAUSE)


def _next(store: Store, stop: threading.Event) -> None:
    """Take a batch, if there is one, and wait for its process; one that ends without a word is tried again when its lease is over."""
    name = str(uuid.uuid4())
    batch = claim_batch(store, name, LEASE, lambda batch: uploaded(batch).is_file())
    if batch is None:
        return
    environment = {**os.environ, "LCAENGINE_DATABASE": store.engine.url.render_as_string(hide_password=False)}
    command = [sys.executable, "-m", "lcaengine.batch.process", batch.organisation_id, batch.id, name]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE
    ) as process:  # its input ends with this process
        while process.poll() is None:
            if stop.wait(0.2):
                process.send_signal(signal.SIGTERM)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=5)
                process.kill()


def _remove_abandoned(store: Store) -> None:
    """Uploads whose batch was never kept, since the server died between the two."""
    own = (path.parent for path in folder().glob(f"*/{OWNER}") if path.read_text(encoding="utf-8") == owner(store))
    old = [path for path in own if time.time() - path.stat().st_mtime > ABANDONED]
    known = known_batches(store, [path.name for path in old])
    for path in old:
        if path.name.lstrip(".") not in known:
            shutil.rmtree(path, ignore_errors=True)


class Lease:
    """Says every second that a batch is still run, and how far it is; hears whether it shall stop."""

    def __init__(self, store: Store, name: str, identifier: str) -> None:
        self._store, self._name, self._identifier = store, name, identifier
        self.progress: dict[str, Any] = {}
        self.stop = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join(timeout=5)

    def end(self, state: str, problems: tuple[Problem, ...] = ()) -> None:
        self._ended.set()
        self._thread.join(timeout=5)
        end_batch(self._store, self._name, self._identifier, state, self.progress, problems)

    def _beat(self) -> None:
        while not self._ended.wait(BEAT):
            try:
                asked = renew_batch(self._store, self._name, self._identifier, LEASE, self.progress)
            except SQLAlchemyError:  # the database is away for a moment
                continue
            if asked is None:  # another runner has it: two must not write
                os._exit(3)
            if asked:
                self.stop.set()


def process(store: Store, batch: StoredBatch, name: str) -> None:
    """Run a batch that is claimed, to its end."""
    from lcaengine.background.release import release_by_id
    from lcaengine.batch import Batch, Cancelled, cluster, opened, run_parts

    with Lease(store, name, batch.id) as lease:

        def told(progress: Any) -> None:
            lease.progress = progress.as_dict()

        try:
            release = release_by_id(batch.background_id)
            opened_batch: Batch = opened(
                uploaded(batch), folder_of(batch.id) / "work", batch.format, release, batch.lines, resume=True
            )
            with cluster(settings.SCHEDULER.value() or None, settings.BATCH_WORKERS.value() or None) as client:
                run_parts(client, opened_batch.job, opened_batch.plan, told, lease.stop.is_set)
            opened_batch.finish(folder_of(batch.id), "parquet")
        except Cancelled:
            lease.end(CANCELLED)
        except Refused as refused:
            lease.end(FAILED, refused.problems)
        except Exception as error:  # our own mistake, or the disk is full: the batch says so
            lease.end(FAILED, (Problem("batch_failed", "", {"why": type(error).__name__}),))
            raise
        else:
            shutil.rmtree(folder_of(batch.id) / "work", ignore_errors=True)
            lease.end(DONE)
