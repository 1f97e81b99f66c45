"""``lcaengine serve``: the HTTP API on the network."""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lcaengine import __version__, settings
from lcaengine.options import language_option, shows_problems
from lcaengine.problems import Language, Problem, Refused
from lcaengine.serving import Listening, loopback
from lcaengine.terminal import Terminal

if TYPE_CHECKING:
    from flask import Flask

    from lcaengine.store import Store

FILE = click.Path(dir_okay=False, path_type=Path)
METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Beyond loopback only with --auth.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535))
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="Requests at once, a worker.")
@click.option("--tls-cert", type=FILE, default=None, help="Certificate with its chain (PEM): HTTPS, TLS 1.2 or newer.")
@click.option("--tls-key", type=FILE, default=None, help="Its key (PEM).")
@click.option("--auth", is_flag=True, help="Callers must prove who they are (LCAENGINE_AUTH=required).")
@click.option("--log", type=click.Choice(["plain", "json"]), default=None, help="[default: LCAENGINE_LOG, plain]")
@click.option("--database", default=None, help="Database URL. [default: SQLite in the user's data folder]")
@language_option
@shows_problems
def serve(
    host: str, port: int, workers: int, threads: int, tls_cert: Path | None, tls_key: Path | None, auth: bool,
    log: str | None, database: str | None, lang: Language,
) -> None:  # fmt: skip
    """Serve the HTTP API; documentation at /docs. 启动 HTTP 服务。

    Settings of the environment: docs/operate.md. 环境变量见 docs/operate.md。

    \b
    Example:  lcaengine serve --port 8000     then open http://127.0.0.1:8000/docs
    """
    unknown = settings.check()
    auth = auth or settings.AUTH.value() == "required"
    if not loopback(host) and not auth:
        raise Refused(Problem("not_loopback", "--host", {"host": host}))
    listening = Listening(host, port, workers, threads, tls_cert, tls_key)
    listening.tls()  # a bad certificate is told before anything is opened
    _log(log or settings.LOG.value(), unknown)
    with _metrics_folder():
        _run(listening, auth, database, Terminal(lang))


def _run(listening: Listening, auth: bool, database: str | None, terminal: Terminal) -> None:
    from lcaengine.api import create_app
    from lcaengine.serving import Hooks, run
    from lcaengine.store import open_store
    from lcaengine.store.organisations import first_link

    store = open_store(database)
    app = create_app(store=store, auth=auth)
    run(app, listening, Hooks(
        listening=lambda address: _say(terminal, address, first_link(store) if auth else None),
        forking=store.engine.dispose,
        forked=lambda: _begin(store, app),
        ended=_ended,
    ))  # fmt: skip


def _begin(store: Store, app: Flask) -> None:
    """In a new worker: the parent's connections are the parent's; what waits in the outbox goes out, batches are run."""
    from lcaengine.batch.runner import run_batches

    store.engine.dispose(close=False)
    run_batches(store)
    app.extensions["lcaengine_courier"].wake()


def _say(terminal: Terminal, address: str, token: str | None) -> None:
    """Where the server is; and, as long as nobody set it up, the link for its first administrator."""
    terminal.say(f"lcaengine {__version__}  {address}  API: {address}/docs")
    if token is not None:
        terminal.say(
            f"首次设置链接（一次有效，24 小时） Link for the first administrator (once, for 24 hours):\n{address}/welcome/{token}"
        )


@contextmanager
def _metrics_folder() -> Iterator[None]:
    """Where the workers count; removed by the process that made it, not by a worker that ends."""
    folder, owner = tempfile.mkdtemp(prefix="lcaengine-metrics-"), os.getpid()
    os.environ[METRICS_FOLDER] = folder
    try:
        yield
    finally:
        if os.getpid() == owner:
            shutil.rmtree(folder, ignore_errors=True)


def _ended(process: int) -> None:
    """Gauges of a process that is gone are no longer added up."""
    from prometheus_client.multiprocess import mark_process_dead

    mark_process_dead(process)  # type: ignore[no-untyped-call]


def _log(form: str, unknown: tuple[str, ...]) -> None:
    from lcaengine.serving.logs import write_log

    write_log(form)
    for name in unknown:
        logging.getLogger("lcaengine.settings").warning("unknown setting %s; nearest: %s", name, settings.nearest(name))
