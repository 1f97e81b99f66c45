"""ETags: a record that never changes is sent once, and what can change is changed only by who has seen it as it is."""

from __future__ import annotations

from collections.abc import Container

from flask import Response, request

from lcaengine.problems import Problem
from lcaengine.upkeep.drafts import Outdated, Unconditional


def tagged(response: Response, etag: str = "") -> Response:
    """The answer with its ETag (of its content, if none is given), or 304 where the reader has it already."""
    if etag:
        response.set_etag(etag)
    else:
        response.add_etag()
    response.make_conditional(request)
    return response


def if_match() -> Container[str] | None:
    """The ETags that the writer has seen; None where none is named."""
    return request.if_match if "If-Match" in request.headers else None


def check_seen(found: str) -> None:
    """What is changed is what the writer has seen; raises `Unconditional` or `Outdated`."""
    expected = if_match()
    if expected is None:
        raise Unconditional(Problem("precondition_required", "If-Match", {"found": found}))
    if found not in expected:
        raise Outdated(Problem("precondition_failed", "If-Match", {"found": found}))
