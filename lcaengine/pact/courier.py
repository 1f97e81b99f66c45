"""Delivers what waits in the outbox, after the commit and never within a request.

A thread of the server works while something waits and ends when nothing does. What fails is tried again after 1, 2, 4 … minutes, at most
six hours apart, and given up after 72 hours (PACT). Several servers may do this at once: each event is leased to one.
"""

from __future__ import annotations

import logging
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from lcaengine.pact.sealing import unseal
from lcaengine.problems import Refused
from lcaengine.store import Store
from lcaengine.store.pact_partners import FAILED, SENT, WAITING, Event, Partner, next_due, settle, take_due

FIRST, LONGEST, GIVE_UP = timedelta(minutes=1), timedelta(hours=6), timedelta(hours=72)
LOOK = 300.0  # seconds: another process may have put something there

if TYPE_CHECKING:
    from lcaengine.pact.client import PactClient

_log = logging.getLogger(__name__)


def client_of(partner: Partner) -> PactClient:
    """A client that signs in at a registered partner; raises `Refused` where its secret cannot be read."""
    from lcaengine.pact.client import (
        PactClient,  # loaded when it is needed: a server starts without a client's libraries
    )

    return PactClient(partner.base_url, partner.client_id, unseal(partner.sealed_secret), partner.auth_url)


def deliver_due(store: Store) -> tuple[int, int]:
    """Send every event that is due; how many were taken, and how many were not."""
    sent = failed = 0
    while (taken := take_due(store, datetime.now(UTC))) is not None:
        if _deliver(store, *taken):
            sent += 1
        else:
            failed += 1
    return sent, failed


def _deliver(store: Store, event: Event, partner: Partner) -> bool:
    now = datetime.now(UTC)
    try:
        with client_of(partner) as client:
            client.send(event.document)
    except Refused as refused:
        error = refused.problems[0].message("en")
        over = now - event.created > GIVE_UP
        settle(store, event, FAILED if over else WAITING, now + pause(event.attempts), error)
        _log.warning("PACT event %s to partner %s not delivered: %s", event.id, partner.id, error)
        return False
    settle(store, event, SENT, now)
    return True


def pause(attempts: int) -> timedelta:
    """How long after so many attempts before this one the next is made."""
    return min(FIRST * (1 << min(attempts, 20)), LONGEST)


class Courier:
    """Runs `deliver_due` in a thread of its own while something waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Look into the outbox now; call it after the commit."""
        self._woken.set()
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="pact-courier", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        while True:
            self._woken.clear()
            try:
                deliver_due(self._store)
                due = next_due(self._store)
            except SQLAlchemyError:
                _log.exception("PACT outbox not readable")
                due = datetime.now(UTC) + FIRST
            with self._lock:
                if due is None and not self._woken.is_set():
                    self._thread = None
                    return
            seconds = (due - datetime.now(UTC)).total_seconds() if due else 0.0
            self._woken.wait(min(max(seconds, 0.0), LOOK))
