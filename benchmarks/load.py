"""``POST /v1/footprints`` under load: clients of this process without a pause, on a server process of two workers on loopback.

Footprints and their floor (`benchmarks.api_server`: the same document validated and stored, with an answer that is ready)
take turns of a few seconds, so that whatever else the machine does hits both alike.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from statistics import median, quantiles

from benchmarks import bom
from benchmarks.api_server import FLOOR
from benchmarks.server import FOOTPRINTS, check, document, post, running
from benchmarks.timing import Row
from lcaengine.background import Release

WORKERS = 2
CLIENTS = 4
TURNS = 4
SECONDS = 4.0
WARM_UP = 20
LEAST_SHARE = 0.4
MOST_SPREAD = 5.0


def rows(release: Release, label: str) -> Iterator[Row]:
    """Throughput against the floor's, and the slowest hundredth against the median."""
    data = document()
    times: dict[str, list[float]] = {FOOTPRINTS: [], FLOOR: []}
    with running(release, workers=WORKERS) as server:
        for path in times:
            for _ in range(WARM_UP):
                _connected(server.port, path, data, time.perf_counter())
        _turn(server.port, FOOTPRINTS, data, SECONDS / 4)
        for _ in range(TURNS):
            for path in times:
                times[path] += _turn(server.port, path, data, SECONDS)
        check(server.first, release, label)
        stored = _stored(server.port)
    if stored < sum(len(found) for found in times.values()):
        raise AssertionError(f"load on {label}: {stored} footprints are stored")
    seconds = {path: TURNS * SECONDS / len(found) for path, found in times.items()}
    name = f"POST of {bom.LINES} lines, {CLIENTS} clients, {WORKERS} workers"
    checked = "all stored"
    yield Row(
        f"{name}: throughput",
        label,
        "validate and store",
        seconds[FOOTPRINTS],
        seconds[FLOOR],
        1 / LEAST_SHARE,
        False,
        checked,
    )
    slowest = quantiles(times[FOOTPRINTS], n=100)[98]
    yield Row(f"{name}: p99", label, "p50", slowest, median(times[FOOTPRINTS]), MOST_SPREAD, False, checked)


def _stored(port: int) -> int:
    """On a connection of its own: the server has closed those that were idle."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", FOOTPRINTS + "?limit=1")
    count = int(json.loads(connection.getresponse().read())["count"])
    connection.close()
    return count


def _turn(port: int, path: str, data: bytes, seconds: float) -> list[float]:
    """Every client posts until the time is over; seconds of each request."""
    found: list[list[float]] = [[] for _ in range(CLIENTS)]
    end = time.perf_counter() + seconds
    threads = [threading.Thread(target=lambda own=own: own.extend(_connected(port, path, data, end))) for own in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [took for own in found for took in own]


def _connected(port: int, path: str, data: bytes, end: float) -> list[float]:
    """At least one request on one connection."""
    times, connection = [], HTTPConnection("127.0.0.1", port, timeout=60)
    while not times or time.perf_counter() < end:
        start = time.perf_counter()
        post(connection, path, data)
        times.append(time.perf_counter() - start)
    connection.close()
    return times
