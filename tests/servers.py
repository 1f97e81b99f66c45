"""Real servers on loopback: ``lcaengine serve``, and a small application under the same server that sleeps when told."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SMALL = """
import sys, time, os
from lcaengine.serving import Hooks, Listening, run
from lcaengine.serving.logs import write_log

def app(environ, start_response):
    body = environ["wsgi.input"].read()
    if environ["PATH_INFO"] == "/sleep":
        time.sleep(float(environ["QUERY_STRING"]))
    answer = f"{os.getpid()} {len(body)}".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(answer)))])
    return [answer]

write_log("json")
nothing = lambda *_: None
told = lambda address: print(address, flush=True)
listening = Listening("127.0.0.1", 0, int(sys.argv[1]), int(sys.argv[2]), largest_body=100_000)
run(app, listening, Hooks(told, nothing, nothing, nothing))
"""
SHIPPED = ("-m", "lcaengine.cli", "serve", "--port", "0", "--log", "json")


@dataclass
class Server:
    """A server that listens; ``log`` is what it wrote to standard error so far."""

    process: subprocess.Popen[bytes]
    address: str
    errors: Path

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    @property
    def log(self) -> str:
        return self.errors.read_text(encoding="utf-8")

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=30)


@contextmanager
def small_server(work: Path, workers: int = 1, threads: int = 4, **environment: str) -> Iterator[Server]:
    with _started(["-c", SMALL, str(workers), str(threads)], work, environment) as server:
        yield server


@contextmanager
def shipped_server(work: Path, *options: str, **environment: str) -> Iterator[Server]:
    """``lcaengine serve`` with a database and keys of its own."""
    own = {"LCAENGINE_DATABASE": f"sqlite:///{work / 'server.sqlite'}", "LCAENGINE_KEYS": str(work / "keys")}
    with _started([*SHIPPED, *options], work, {**own, **environment}) as server:
        yield server


@contextmanager
def _started(arguments: list[str], work: Path, environment: Mapping[str, str]) -> Iterator[Server]:
    output, errors = work / "server.out", work / "server.err"
    with output.open("wb") as out, errors.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=out, stderr=err,
            env={**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "300", **environment},
        )  # fmt: skip
    try:
        yield Server(process, _address(process, output, errors), errors)
    finally:
        process.terminate()
        process.wait(60)


def _address(process: subprocess.Popen[bytes], output: Path, errors: Path) -> str:
    end = time.monotonic() + 60
    while time.monotonic() < end and process.poll() is None:
        if found := re.search(r"https?://\S+:\d+", output.read_text(encoding="utf-8")):
            return found[0]
        time.sleep(0.02)
    raise AssertionError(errors.read_text(encoding="utf-8"))
