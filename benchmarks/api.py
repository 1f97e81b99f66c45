"""``POST /v1/footprints`` over a socket, against a floor in the same app that validates and stores the same and no more.

Both requests take turns on one connection that is kept alive, from this process to a server process on loopback.
What is left above the floor is the footprint itself: rule, linking, solving, and writing the answer out.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Iterator
from typing import Any

from benchmarks import bom
from benchmarks.api_server import FLOOR
from benchmarks.server import FOOTPRINTS, check, document, running
from benchmarks.timing import Row
from lcaengine.background import Release

TARGET = 3.0
WARM_UP = 20
REQUESTS = 300
OWN = {"id", "created", "links"}


def rows(release: Release, label: str) -> Iterator[Row]:
    """A footprint posted against its floor."""
    data = document()
    times: dict[str, list[float]] = {FOOTPRINTS: [], FLOOR: []}
    answers: dict[str, bytes] = {}
    with running(release) as server:
        for _ in range(WARM_UP + REQUESTS):
            for path, found in times.items():
                start = time.perf_counter()
                answers[path] = server.post(path, data)
                found.append(time.perf_counter() - start)
        ours, floor = (json.loads(answers[path]) for path in (FOOTPRINTS, FLOOR))
        check(ours, release, label)
        stored, count = server.get(ours["links"]["self"]), server.get(FOOTPRINTS + "?limit=1")["count"]
    if stored != ours or _content(floor) != _content(ours):
        raise AssertionError(f"API on {label}: what is stored differs from what was answered")
    if count != 1 + 2 * (WARM_UP + REQUESTS):
        raise AssertionError(f"API on {label}: {count} footprints are stored")
    seconds = {path: statistics.median(found[WARM_UP:]) for path, found in times.items()}
    yield Row(
        f"POST of {bom.LINES} lines",
        label,
        "validate and store",
        seconds[FOOTPRINTS],
        seconds[FLOOR],
        TARGET,
        False,
        "answers as calculated, all stored",
    )


def _content(answer: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in answer.items() if key not in OWN}
