"""gunicorn in this process: the application is loaded here, then workers are forked, which share its pages."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import tempfile
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.glogging import Logger

from lcaengine import settings
from lcaengine.serving.listening import Listening
from lcaengine.serving.starting import Hooks
from lcaengine.serving.worker import READERS, Worker

HEARTBEAT_SECONDS = 60  # a worker whose main loop is silent for so long is replaced
SHARED_MEMORY = Path("/dev/shm")
M_ARENA_MAX = -8  # malloc.h


def run_gunicorn(app: Any, listening: Listening, hooks: Hooks) -> None:
    """Serve until told to stop; raises `NoAddress`."""
    _few_arenas()
    Worker.tls, Worker.threads, Worker.hooks = listening.tls(), listening.threads, hooks
    Worker.largest_body = listening.largest_body
    Server(app, listening, hooks).run()


def _few_arenas() -> None:
    """glibc's allocator keeps freed memory apart for up to eight arenas a core, which threads that take turns fill one by one."""
    with contextlib.suppress(OSError, AttributeError):  # another C library has no such setting
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


class Server(BaseApplication):  # type: ignore[misc]
    """The application with gunicorn's settings; nothing is read from gunicorn's own files or variables."""

    def __init__(self, app: Any, listening: Listening, hooks: Hooks) -> None:
        self.app, self.listening, self.hooks = app, listening, hooks
        super().__init__()

    def load(self) -> Any:
        return self.app

    def load_config(self) -> None:
        os.environ.pop("GUNICORN_CMD_ARGS", None)
        for name, value in self.configuration().items():
            self.cfg.set(name, value)

    def configuration(self) -> dict[str, Any]:
        most = settings.MAX_REQUESTS.value()
        return {
            "bind": f"fd://{self.listening.socket().detach()}",
            "certfile": self.listening.certificate and str(self.listening.certificate),
            "keyfile": self.listening.key and str(self.listening.key),
            "workers": self.listening.workers,
            "worker_class": Worker,
            "threads": READERS,
            "worker_connections": settings.CONNECTIONS.value(),
            "keepalive": settings.KEEPALIVE_SECONDS.value(),
            "graceful_timeout": settings.STOP_SECONDS.value(),
            "timeout": HEARTBEAT_SECONDS,
            "max_requests": most,
            "max_requests_jitter": most // 10,
            "limit_request_line": 8190,
            "preload_app": True,
            "worker_tmp_dir": str(SHARED_MEMORY if os.access(SHARED_MEMORY, os.W_OK) else tempfile.gettempdir()),
            "control_socket_disable": True,
            "forwarded_allow_ips": "",  # proxies are the application's matter: LCAENGINE_PROXIES
            "secure_scheme_headers": {},
            "http_parser": "python",
            "logger_class": Quiet,
            "when_ready": self.ready,
            "child_exit": self.child_exit,
        }

    def ready(self, arbiter: Arbiter) -> None:
        self.hooks.listening(self.listening.address(arbiter.LISTENERS[0].getsockname()[1]))
        self.hooks.forking()
        gc.collect()
        gc.freeze()  # what is here stays; collecting it in a worker would copy its pages

    def child_exit(self, _: Arbiter, worker: Worker) -> None:
        self.hooks.ended(worker.pid)


class Quiet(Logger):  # type: ignore[misc]
    """gunicorn's own messages go where all messages go; requests are logged by the application."""

    def setup(self, cfg: Any) -> None:
        self.cfg = cfg
        self._access_log_enabled = False
        self.error_log.setLevel("WARNING")
        self.error_log.propagate = True
