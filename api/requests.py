"""What is noted about every request: its id, a line in the log, a count and a time. Nothing of what was sent in it."""

from __future__ import annotations

import logging
import re
import time
import uuid
from typing import Any, cast

from flask import Flask, Response, g, request

from . import metrics
from .context import organisation

ID_HEADER = "X-Request-ID"
LOG = logging.getLogger("lcaengine.requests")
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")


def register_requests(app: Flask) -> None:
    """First of all, so that whatever refuses a request is noted, too."""
    app.before_request(_begin)
    app.after_request(_answered)
    app.teardown_request(_end)


def request_id() -> str:
    """The caller's `X-Request-ID` where it is well-formed, else one of our own."""
    if "request_id" not in g:
        given = request.headers.get(ID_HEADER, "")
        g.request_id = given if _WELL_FORMED.fullmatch(given) else uuid.uuid4().hex
    return cast(str, g.request_id)


def route() -> str:
    """The template of the path: a path as it was sent may hold what is nobody's business."""
    return request.url_rule.rule if request.url_rule else "-"


def method() -> str:
    """One of the methods that there are, so that inventing others neither fills the log nor the metrics."""
    return request.method if request.method in metrics.METHODS else "other"


def _begin() -> None:
    g.began = time.perf_counter()
    request_id()
    metrics.begin()


def _answered(response: Response) -> Response:
    response.headers[ID_HEADER] = request_id()
    seconds = time.perf_counter() - g.began if "began" in g else 0.0
    metrics.answered(method(), route(), response.status_code, seconds)
    LOG.info("request", extra={
        "request_id": request_id(), "method": method(), "route": route(), "status": response.status_code,
        "ms": round(seconds * 1e3, 1), "organisation": organisation(), "bytes": response.content_length,
    })  # fmt: skip
    return response


def _end(_: Any) -> None:
    if "began" in g:
        metrics.end()
