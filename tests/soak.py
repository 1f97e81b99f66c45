"""``make soak``: 10,000 requests made up from the OpenAPI document, then five minutes of constant load, on a real server.

No answer may be undocumented or our mistake, and the memory of the workers must not grow. ``python tests/soak.py --help``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from itertools import cycle
from pathlib import Path

import httpx
import psutil
import schemathesis
from boms import worked
from contract import filled, keeps_to_the_document
from schemathesis.core.failures import FailureGroup
from servers import Server, shipped_server

WORKERS = 2
CLIENTS = 4
MARGIN = 8e6  # bytes a worker may have more in the last minute than in the second
TURNS = 5
LONGEST_MADE_UP = 2400.0  # seconds, then the rest of the made-up requests is given up and that is a failure
JSON = "application/json"


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--requests", type=int, default=10_000, help="made up from the OpenAPI document")
    asked.add_argument("--seconds", type=int, default=300, help="of constant load")
    asked.add_argument("--seed", type=int, default=1, help="other seeds make up other requests")
    options = asked.parse_args()
    with tempfile.TemporaryDirectory(prefix="lcaengine-soak-") as folder:
        work = Path(folder)
        with shipped_server(work, "--workers", str(WORKERS), LCAENGINE_RULES=str(work / "rules")) as server:
            wrong = made_up(server, options.requests, options.seed)
            wrong += constant_load(server, options.seconds)
    for text in wrong:
        say(f"✗ {text}")
    say("✗ soak failed" if wrong else "✓ soak passed")
    return 1 if wrong else 0


def say(text: str) -> None:
    print(text, flush=True)


# -- requests made up from the document


def made_up(server: Server, requests: int, seed: int) -> list[str]:
    """So many requests over all operations; returns what was wrong."""
    found = schemathesis.openapi.from_url(f"{server.address}/openapi.json").get_all_operations()
    every = [operation.ok() for operation in found]
    with httpx.Client(base_url=server.address, timeout=60) as client:
        known = filled(
            lambda path, data, media: client.post(path, content=data, headers={"Content-Type": media}).json()
        )
    say(f"==> {requests} requests for {len(every)} operations")
    statuses, wrong, end = Counter[int](), [], time.monotonic() + LONGEST_MADE_UP
    for turn in range(TURNS):  # what has few forms leaves its share to the others of the next turn
        for i, operation in enumerate(every):
            rest = max(1, -(-(requests - statuses.total()) // (len(every) - i)))
            if statuses.total() >= requests and turn:
                return wrong
            if time.monotonic() > end:
                return [*wrong, f"only {statuses.total()} requests were sent within {LONGEST_MADE_UP:g} s"]
            try:
                statuses += keeps_to_the_document(operation, rest, known, seed + turn)
            except (FailureGroup, Exception) as error:
                wrong.append(f"{operation.label}: {getattr(error, 'exceptions', error)}")
            if (i + 1) % 10 == 0 or i + 1 == len(every):
                say(
                    f"    {i + 1:3} of {len(every)} operations, {statuses.total():6} requests, {dict(sorted(statuses.items()))}"
                )
    return wrong if statuses.total() >= requests else [*wrong, f"only {statuses.total()} requests were sent"]


# -- constant load


def constant_load(server: Server, seconds: int) -> list[str]:
    """Clients that post and read without a pause, while the workers' memory is measured; returns what was wrong."""
    say(f"==> {seconds} s of constant load by {CLIENTS} clients")
    stop, counts = threading.Event(), Counter[int]()
    threads = [threading.Thread(target=load, args=(server.address, stop, counts)) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    workers = psutil.Process(server.process.pid).children()
    used: dict[int, list[float]] = {worker.pid: [] for worker in workers}
    try:
        for second in range(1, seconds + 1):
            time.sleep(1)
            for worker in workers:
                used[worker.pid].append(float(worker.memory_full_info().uss))
            if second % 30 == 0:
                say(
                    f"    {second:4} s, {counts.total():7} requests, "
                    + ", ".join(f"{u[-1] / 1e6:.1f} MB" for u in used.values())
                )
    except psutil.NoSuchProcess as gone:
        return [f"worker {gone.pid} ended"]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    say(f"    {counts.total() / seconds:.0f} requests a second")
    wrong = [f"{count} answers were {status}" for status, count in counts.items() if not 200 <= status < 300]
    return wrong + [text for memory in used.values() if (text := grown(memory))]


def load(address: str, stop: threading.Event, counts: Counter[int]) -> None:
    bom = worked("craft-one-way-glass.json")
    with httpx.Client(base_url=address, timeout=60) as client:
        for kind in cycle(("post", "read", "post", "hotspots", "list")):
            if stop.is_set():
                return
            try:
                match kind:
                    case "post":
                        answer = client.post("/v1/footprints", content=bom, headers={"Content-Type": JSON})
                        links = answer.json()["links"]
                    case "list":
                        answer = client.get("/v1/footprints?limit=5")
                    case _:
                        answer = client.get(links["self" if kind == "read" else "hotspots"])
                counts[answer.status_code] += 1
            except (httpx.HTTPError, KeyError, ValueError):
                counts[0] += 1


def grown(memory: list[float]) -> str:
    """What is wrong with a worker's memory, second by second: the last minute against the second one (a fifth, if shorter).

    The least of each counts: what leaks is never given back, what is being worked on is.
    """
    minute = min(60, len(memory) // 5)
    before, after = min(memory[minute : 2 * minute]), min(memory[-minute:])
    say(f"    second minute {before / 1e6:.1f} MB, last minute {after / 1e6:.1f} MB")
    return f"memory grew from {before / 1e6:.1f} to {after / 1e6:.1f} MB" if after > before + MARGIN else ""


if __name__ == "__main__":
    sys.exit(main())
