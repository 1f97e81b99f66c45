"""Reading a request within a deadline, however slowly it is sent.

Every connection being read holds a thread of its own, so that slow ones do not stand in the way of others; the threads
that work on requests are apart (`lcaengine.serving.worker`). The deadline counts from the first byte awaited to the last
byte of the body, and moves with what was received, so that a large file over a slow line still gets through.
"""

from __future__ import annotations

import ssl
import time
from tempfile import SpooledTemporaryFile
from typing import Any, cast

from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn
from werkzeug.exceptions import RequestTimeout

LEAST_RATE = 100_000  # bytes a second
IN_MEMORY = 1_000_000  # of a body; what is more waits on disk
PIECE = 65_536
FIRST_SECONDS = 0.2


class TooSlow(RequestTimeout):
    """The request was not there when its time was over. No OSError: those mean that the client has gone."""


class Deadline:
    """When a request must be there."""

    def __init__(self, seconds: float) -> None:
        self.end = time.monotonic() + seconds

    def received(self, size: int) -> None:
        self.end += size / LEAST_RATE

    def left(self) -> float:
        """Seconds; raises `TooSlow` when there are none."""
        left = self.end - time.monotonic()
        if left <= 0:
            raise TooSlow
        return left


class Reader(SocketUnreader):  # type: ignore[misc]
    """What gunicorn's parser reads from."""

    def __init__(self, sock: Any, connection: Connection) -> None:
        super().__init__(sock)
        self.connection = connection

    def chunk(self, size_hint: int | None = None) -> bytes:
        deadline = self.connection.deadline
        self.sock.settimeout(deadline.left())
        try:
            data = cast(bytes, super().chunk(size_hint))
        except TimeoutError:
            raise TooSlow from None
        deadline.received(len(data))
        return data


class Connection(TConn):  # type: ignore[misc]
    """A client; TLS is agreed upon within the deadline of the first request."""

    tls: ssl.SSLContext | None
    deadline: Deadline
    closed = False
    unread = False  # a body that is over the limit is left to the application
    initialized: bool
    sock: Any

    def init(self) -> None:
        if self.initialized:
            return
        self.initialized = True
        if self.tls is not None:
            self.sock = self.tls.wrap_socket(self.sock, server_side=True, do_handshake_on_connect=False)
            self.sock.settimeout(self.deadline.left())
            try:
                self.sock.do_handshake()
            except TimeoutError:
                raise ConnectionResetError from None  # there is no channel on which to answer
        self.parser = RequestParser(self.cfg, self.sock, self.client)
        self.parser.unreader = Reader(self.sock, self)

    def wait_for_data(self, timeout: float) -> bool:
        """A new connection that says nothing yet is watched by the main loop, which takes no thread."""
        return cast(bool, super().wait_for_data(min(timeout, FIRST_SECONDS)))

    def close(self, graceful: bool = False) -> None:
        if not self.closed:
            self.closed = True
            super().close(graceful)


class Received:
    """A body that is here in full; ``failed`` (for gunicorn): nothing is left on the connection, so it may be used again."""

    failed = False

    def __init__(self, file: Any) -> None:
        self._file = file
        self.read, self.readline, self.readlines = file.read, file.readline, file.readlines

    def __iter__(self) -> Any:
        return iter(self._file)

    def close(self) -> None:
        self._file.close()


def received(body: Any, length: int | None, limit: int) -> Received | None:
    """The whole body, read now; None if it is over the limit, which the application is to refuse without reading it.

    A chunked body does not say its length: one that turns out too long ends one byte over the limit.
    """
    if length is not None and length > limit:
        return None
    file = SpooledTemporaryFile(max_size=IN_MEMORY)  # noqa: SIM115 (closed with the request)
    here = Received(file)
    size = 0
    while size <= limit and (data := body.read(min(PIECE, limit + 1 - size))):
        file.write(data)
        size += len(data)
    here.failed = size > limit
    file.seek(0)
    return here
