"""A server's start and memory, against absolute limits.

The start goes from making the process to the first footprint answered, with the release built and an empty database:
``lcaengine serve`` for the embedded release, `benchmarks.api_server` for another. The memory is that of
the server and its one worker together (PSS: the pages they share count once), mapped pages that they have read included.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import psutil

from benchmarks import bom
from benchmarks.timing import Row
from lcaengine.background import Release
from lcaengine.background.release import default_release
from lcaengine.bom import bom_of
from lcaengine.demo import free_port
from lcaengine.footprint import calculate
from lcaengine.rules import find_rule

START_LIMIT = 2.0
MEMORY_LIMIT = 150e6
STARTS = 5
REQUESTS = 50
STEP = 0.005
PATIENCE = 90.0
AGREEMENT = 1e-12
FOOTPRINTS = "/v1/footprints"
ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Running:
    """A server that has answered its first footprint, ``seconds`` after its process was made."""

    process: subprocess.Popen[bytes]
    port: int
    connection: HTTPConnection
    seconds: float
    first: dict[str, Any]

    def post(self, path: str, data: bytes) -> bytes:
        """The answer to a bill of materials; raises `AssertionError` unless something was created."""
        return post(self.connection, path, data)

    def get(self, path: str) -> Any:
        self.connection.request("GET", path)
        return json.loads(self.connection.getresponse().read())


def rows(release: Release, label: str) -> Iterator[Row]:
    """Start and memory of a fresh server process."""
    embedded = release.id == default_release().id
    seconds, memory = [], 0.0
    for _ in range(STARTS):
        with running(release, as_shipped=embedded) as server:
            check(server.first, release, label)
            seconds.append(server.seconds)
            if len(seconds) == STARTS:
                memory = _own_memory(server)
    checked = "first answer as calculated"
    start, limit = statistics.median(seconds), f"limit: {START_LIMIT:g} s"
    yield Row("server start to first footprint", label, limit, start, START_LIMIT, 1.0, False, checked, limit=True)
    name, limit = f"memory of server and worker, {REQUESTS} requests", f"limit: {MEMORY_LIMIT / 1e6:g} MB"
    yield Row(name, label, limit, memory, MEMORY_LIMIT, 1.0, False, checked, limit=True, unit="MB")


@contextmanager
def running(release: Release, *, as_shipped: bool = False, workers: int = 1) -> Iterator[Running]:
    """A fresh server on a free loopback port with an empty database; ``as_shipped``: ``lcaengine serve``."""
    with tempfile.TemporaryDirectory(prefix="lcaengine-bench-") as work:
        port, database = str(free_port()), f"sqlite:///{Path(work) / 'bench.sqlite'}"
        shipped = ["lcaengine.cli", "serve", "--port", port, "--database", database]
        module = shipped if as_shipped else ["benchmarks.api_server", str(release.path), port, database, str(workers)]
        log = Path(work) / "server.log"
        with log.open("wb") as out:
            start = time.perf_counter()
            process = subprocess.Popen([sys.executable, "-m", *module], cwd=ROOT, stdout=out, stderr=out)
            try:
                connection, first = _first(process, int(port), log)
                yield Running(process, int(port), connection, time.perf_counter() - start, json.loads(first))
                connection.close()
            finally:
                process.terminate()
                process.wait(10)


def check(answer: dict[str, Any], release: Release, label: str) -> None:
    """Raises `AssertionError` where an answer is not what is calculated here."""
    expected = calculate(bom_of(bom.document()), find_rule("beer"), release).value
    found = answer["total"]["value"]
    if not abs(found - expected) <= AGREEMENT * abs(expected):
        raise AssertionError(f"server on {label}: {found}, calculated {expected}")


def document() -> bytes:
    return json.dumps(bom.document()).encode()


def _first(process: subprocess.Popen[bytes], port: int, log: Path) -> tuple[HTTPConnection, bytes]:
    data, end = document(), time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.connect()
        except ConnectionRefusedError:
            time.sleep(STEP)
        else:
            return connection, post(connection, FOOTPRINTS, data)
    raise AssertionError("no server: " + log.read_text(encoding="utf-8", errors="replace"))


def post(connection: HTTPConnection, path: str, data: bytes) -> bytes:
    connection.request("POST", path, data, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    if response.status != 201:
        raise AssertionError(f"POST {path}: {response.status} {answer[:500]!r}")
    return answer


def _own_memory(server: Running) -> float:
    """What would be free if the server and its worker ended: the pages they share are counted once."""
    for _ in range(REQUESTS - 1):
        server.post(FOOTPRINTS, document())
    first = psutil.Process(server.process.pid)
    return float(sum(process.memory_full_info().pss for process in (first, *first.children())))
