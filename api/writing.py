"""Requests that write: one transaction with the audit entry, and answered once per ``Idempotency-Key`` however often they are sent."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy.exc import IntegrityError

from lcaengine.problems import Problem, Refused
from lcaengine.sheets import MAX_BYTES
from lcaengine.store.answers import Answer, find_answer, keep_answer
from lcaengine.store.audit import add_audit
from lcaengine.store.credentials import Forbidden
from lcaengine.store.transaction import together

from .access import operation, reads
from .context import caller, organisation, services

WRITING = ("POST", "PUT", "PATCH", "DELETE")
APART = ("/auth/", "/3/", "/welcome/")  # by their own protocols
WAITS = frozenset({"fetchPactFootprints"})  # for other servers: no transaction is open meanwhile, each step is one
KEPT_HEADERS = ("Content-Type", "Location", "ETag", "Content-Disposition", "Content-Language", "Cache-Control")
REPLAYED = "Idempotency-Replayed"
TRIES = 40  # writers that meet at the same place take turns
_KEY = re.compile(r"[\x21-\x7e]{8,255}")

View = Callable[[], Any]


class WritingFlask(Flask):
    """Flask, but what a request writes is kept together or not at all."""

    def dispatch_request(self) -> Any:
        try:
            return self._dispatched()
        except Forbidden:  # by a view; nothing that it wrote is kept, but that somebody tried
            add_audit(
                services().store,
                organisation(),
                caller().actor,
                operation(),
                request.path,
                403,
                g.get("request_id", ""),
            )
            raise

    def _dispatched(self) -> Any:
        if request.method not in WRITING or request.routing_exception is not None or request.path.startswith(APART):
            return super().dispatch_request()
        return written(lambda: self.make_response(super(WritingFlask, self).dispatch_request()))


def written(view: Callable[[], Response]) -> Response:
    """The answer of a view, or the one that was given under the same key before; an error keeps nothing, and the key stays free."""
    key = _key()
    if key is None and reads(request.method, operation()):
        return view()
    fingerprint = _fingerprint() if key else ""
    for _ in range(TRIES):
        if key and (known := find_answer(services().store, organisation(), key, fingerprint)):
            return _again(known)
        try:
            return _once(view, key, fingerprint)
        except IntegrityError:
            continue
    raise Refused(Problem("busy", ""))


def _once(view: Callable[[], Response], key: str | None, fingerprint: str) -> Response:
    store = services().store
    with nullcontext() if operation() in WAITS else together(store.engine):
        response = view()
        if key and not response.is_streamed:
            headers = tuple((name, response.headers[name]) for name in KEPT_HEADERS if name in response.headers)
            keep_answer(
                store, organisation(), key, fingerprint, Answer(response.status_code, headers, response.get_data())
            )
        target = response.headers.get("Location", request.path)
        if g.get("audited"):
            return response
        add_audit(
            store, organisation(), caller().actor, operation(), target, response.status_code, g.get("request_id", "")
        )
    return response


def _again(known: Answer) -> Response:
    response = Response(known.body, known.status)
    for name, value in known.headers:
        response.headers[name] = value
    response.headers[REPLAYED] = "true"
    return response


def _key() -> str | None:
    """The request's Idempotency-Key; raises `Refused` for one that is none."""
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Refused(Problem("idempotency_key", "Idempotency-Key"))
    return key


def _fingerprint() -> str:
    """What was asked, and by whom: an answer may hold a secret, and is not for another user or a key that may do less.

    Of a body above the ordinary limit its length stands for it.
    """
    who = caller()
    length = request.content_length or 0
    body = str(length).encode() if length > MAX_BYTES else request.get_data()
    asked = (
        request.method, request.full_path, request.mimetype, hashlib.sha256(body).hexdigest(), str(who.user_id),
        " ".join(sorted(who.scopes)),
    )  # fmt: skip
    return hashlib.sha256("\n".join(asked).encode()).hexdigest()
