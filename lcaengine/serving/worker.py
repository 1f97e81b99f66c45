"""gunicorn's worker of threads, with our time limits.

Two kinds of threads: one for every request that is being read or answered, up to `READERS`, and the few that work
(``--threads``). Twenty clients that send a byte a second hold twenty of the former and none of the latter.

Python cannot stop a thread: a request that is worked on for too long is answered with 503, and the worker retires. It
finishes what else is under way and ends, the database takes back what was not committed, and another takes its place.
"""

from __future__ import annotations

import logging
import os
import ssl
import time
from collections.abc import Callable, Iterable
from concurrent import futures
from errno import EAGAIN, ECONNABORTED, EWOULDBLOCK
from typing import Any, cast

from gunicorn.workers.gthread import ThreadWorker

from lcaengine import settings
from lcaengine.problems import Problem
from lcaengine.serving.refusals import MEDIA_TYPE, body_of, refuse, status_of
from lcaengine.serving.requests import Connection, Deadline, TooSlow, received
from lcaengine.serving.starting import Hooks

READERS = 64
WRITE_SECONDS = 60.0
DRAIN_SECONDS = 10.0
DRAIN_BYTES = 64_000_000  # who is still sending would not see the refusal, if the connection were closed before
LOG = logging.getLogger("lcaengine.serving")


class Worker(ThreadWorker):  # type: ignore[misc]
    """``threads``, ``largest_body``, ``tls`` and ``hooks`` are set by `lcaengine.serving.gunicorn` before it forks."""

    threads: int
    largest_body: int
    tls: ssl.SSLContext | None
    hooks: Hooks
    wsgi: Any

    def init_process(self) -> None:
        self.hooks.forked()
        self.read_seconds, self.work_seconds = settings.READ_SECONDS.value(), settings.WORK_SECONDS.value()
        self.working = futures.ThreadPoolExecutor(self.threads, "working")
        self.overdue = False
        super().init_process()

    def load_wsgi(self) -> None:
        super().load_wsgi()
        self.application, self.wsgi = self.wsgi, self.in_turn

    def run(self) -> None:
        super().run()
        if self.overdue:
            logging.shutdown()
            os._exit(0)  # a thread that does not end would keep the process

    # -- reading

    def accept(self, listener: Any) -> None:
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno not in (EAGAIN, ECONNABORTED, EWOULDBLOCK):
                raise
            return
        self.nr_conns += 1
        connection = Connection(self.cfg, client, address, listener.getsockname())
        connection.tls = self.tls
        self.enqueue_req(connection)

    def handle(self, conn: Connection) -> Any:
        """One request; a connection that ends is closed here, because closing waits for the client."""
        conn.deadline = Deadline(self.read_seconds)
        result = super().handle(conn)
        if result is False:
            conn.close(graceful=True)
        return result

    def handle_request(self, req: Any, conn: Connection) -> bool:
        length = next((int(value) for name, value in req.headers if name == "CONTENT-LENGTH"), None)
        body = received(req.body, length, self.largest_body)
        if body is None:
            req.force_close()  # said in the answer: what follows on this connection may be the rest of the body
            conn.unread = True
        else:
            req.body = body
        conn.sock.settimeout(WRITE_SECONDS)
        try:
            return cast(bool, super().handle_request(req, conn))
        except TimeoutError:
            raise StopIteration from None  # who does not read the answer is not waited for
        finally:
            if body is not None and body.failed:
                body.close()

    def handle_error(self, _: Any, client: Any, __: Any, exc: BaseException) -> None:
        status, request_id = status_of(exc), os.urandom(16).hex()
        noted = {"status": status, "request_id": request_id}
        if status == 500:
            LOG.error("refused before the application", exc_info=exc, extra=noted)
        else:
            LOG.warning("refused before the application", extra=noted)
        try:
            refuse(client, status, request_id)
        except OSError:
            LOG.debug("nobody waited for the refusal", extra=noted)

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """What the application did not read of a body is read and thrown away, shortly; else the connection is closed."""
        conn.deadline = Deadline(DRAIN_SECONDS)
        try:
            if conn.unread:
                conn.parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS, max_bytes=DRAIN_BYTES)
            return cast(bool, super()._keepalive_after(conn, keepalive))
        except TooSlow:
            return False

    # -- working

    def in_turn(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """The application's answer, by one of the threads that work; 503 when it takes too long."""
        answer: dict[str, Any] = {}

        def started(status: str, headers: list[tuple[str, str]], _: Any = None) -> None:
            answer.update(status=status, headers=headers)

        work = self.working.submit(self.application, environ, started)
        try:
            body = cast(Iterable[bytes], work.result(self.work_seconds))
        except TimeoutError:
            if work.cancel():  # never begun
                return _unavailable(start_response, Problem("too_busy"))
            LOG.error("a request took too long, this worker retires", extra={"method": environ["REQUEST_METHOD"]})
            self.overdue, self.alive = True, False
            return _unavailable(start_response, Problem("work_slow", "", {"seconds": self.work_seconds}))
        start_response(answer["status"], answer["headers"])
        return body


def _unavailable(start_response: Callable[..., Any], problem: Problem) -> Iterable[bytes]:
    request_id = os.urandom(16).hex()
    body = body_of(problem, 503, request_id)
    start_response("503 Service Unavailable", [
        ("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Retry-After", "10"), ("X-Request-ID", request_id),
    ])  # fmt: skip
    return [body]
