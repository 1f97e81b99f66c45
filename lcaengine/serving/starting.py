"""One way to start a server, whatever stands under it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lcaengine.problems import Problem
from lcaengine.serving.listening import Listening, NoAddress

WINDOWS = sys.platform == "win32"


@dataclass(frozen=True)
class Hooks:
    """What the application wants to be told: where the server listens, and when a worker process begins and ends."""

    listening: Callable[[str], None]
    forking: Callable[[], None]
    forked: Callable[[], None]
    ended: Callable[[int], None]


def run(app: Any, listening: Listening, hooks: Hooks) -> None:
    """Serve until told to stop; raises `NoAddress`."""
    if WINDOWS:
        return run_waitress(app, listening, hooks)
    from lcaengine.serving.processes import run_gunicorn

    return run_gunicorn(app, listening, hooks)


def run_waitress(app: Any, listening: Listening, hooks: Hooks) -> None:
    """One process without TLS; reads requests without holding threads, but knows none of our time limits."""
    from waitress import create_server

    if listening.workers > 1 or listening.certificate or listening.key:
        raise NoAddress(Problem("needs_posix", "--workers"))
    try:
        server = create_server(
            app, host=listening.host, port=listening.port, threads=listening.threads, ident="lcaengine"
        )
    except OSError as error:
        raise listening.refused(error) from error
    hooks.listening(listening.address(server.effective_port))
    server.run()
