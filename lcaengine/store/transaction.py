"""What is written together is kept together, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Engine
from sqlalchemy.orm import Session

_OPEN: ContextVar[Session | None] = ContextVar("lcaengine_open_transaction", default=None)


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """A session whose writes are committed at the end, or with those of the `together` around it."""
    around = inside(engine)
    if around is not None:
        yield around
        around.flush()
        return
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def together(engine: Engine) -> Iterator[Session]:
    """Every `transaction` of this thread inside is part of one, which is committed at the end."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        token = _OPEN.set(session)
        try:
            yield session
        finally:
            _OPEN.reset(token)


def inside(engine: Engine) -> Session | None:
    """The session of the `together` around, if there is one."""
    around = _OPEN.get()
    return around if around is not None and around.bind is engine else None
