"""Batches as they are asked for, run and finished. Their files are in a folder of the server (`lcaengine.batch.runner`).

A runner *claims* a batch: one statement that changes the row only where it is as it was read, so that of several runners one has
it. It has it for as long as it says so (`renew_batch`); a batch whose runner fell silent is claimed again.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, String, Text, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base, Moment
from lcaengine.store.listing import Listed, Listing, Page, before, equal, since
from lcaengine.store.records import Store
from lcaengine.store.transaction import transaction

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
STATES = (QUEUED, RUNNING, DONE, FAILED, CANCELLED)


class WrongState(Refused):
    """A batch that is not in a state for it."""

    status = 409


class BatchRow(Base):
    """One batch: what was asked, how far it is, and who runs it until when."""

    __tablename__ = "batches"
    __table_args__ = (
        Index("ix_batches_organisation_created", "organisation_id", "created", "id"),
        Index("ix_batches_state", "state", "created"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(Moment)
    format: Mapped[str] = mapped_column(String(10))
    size: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[bool] = mapped_column(Boolean)
    background_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(10))
    stop: Mapped[bool] = mapped_column(Boolean)
    bills: Mapped[int | None] = mapped_column(Integer)
    done: Mapped[int] = mapped_column(Integer)
    errors: Mapped[int] = mapped_column(Integer)
    rate: Mapped[float] = mapped_column(Float)
    started: Mapped[datetime | None] = mapped_column(Moment)
    finished: Mapped[datetime | None] = mapped_column(Moment)
    problems: Mapped[str] = mapped_column(Text)
    runner: Mapped[str | None] = mapped_column(String(36))
    until: Mapped[datetime | None] = mapped_column(Moment)


@dataclass(frozen=True, slots=True)
class StoredBatch:
    """``bills`` is None until the file was looked through; ``problems`` of a failed one, in both languages."""

    id: str
    organisation_id: str
    created: datetime
    format: str
    size: int
    lines: bool
    background_id: str
    state: str
    stop: bool
    bills: int | None
    done: int
    errors: int
    rate: float
    started: datetime | None
    finished: datetime | None
    problems: str


def add_batch(
    store: Store, organisation_id: str, identifier: str, form: str, size: int, lines: bool, background_id: str
) -> StoredBatch:
    """Keep a batch that waits for a runner; its file is there already."""
    row = BatchRow(
        id=identifier, organisation_id=organisation_id, created=datetime.now(UTC), format=form, size=size, lines=lines,
        background_id=background_id, state=QUEUED, stop=False, bills=None, done=0, errors=0, rate=0.0, started=None,
        finished=None, problems="[]", runner=None, until=None,
    )  # fmt: skip
    kept = _batch(row)
    with transaction(store.engine) as session:
        session.add(row)
    return kept


def get_batch(store: Store, organisation_id: str, identifier: str) -> StoredBatch:
    """A batch of an organisation; raises `NotFound`, also for another organisation's."""
    with transaction(store.engine) as session:
        return _batch(_own(session, organisation_id, identifier))


BATCHES = Listing(
    BatchRow,
    {"created": BatchRow.created},
    {
        "state": equal(BatchRow.state),
        "created_after": since(BatchRow.created),
        "created_before": before(BatchRow.created),
    },
)
_NEWEST = Page()


def list_batches(store: Store, organisation_id: str, page: Page = _NEWEST) -> Listed:
    """Batches of an organisation."""
    with transaction(store.engine) as session:
        found = BATCHES.page(session, page, BatchRow.organisation_id == organisation_id)
        return found._replace(items=[_batch(row) for row in found.items])


def cancel_batch(store: Store, organisation_id: str, identifier: str) -> StoredBatch:
    """Stop a batch: at once where it waits, soon where it runs; raises `NotFound`, `WrongState`."""
    with transaction(store.engine) as session:
        row = _own(session, organisation_id, identifier)
        if row.state not in (QUEUED, RUNNING):
            raise WrongState(Problem("batch_state", "", {"id": identifier, "state": row.state}))
        if row.state == QUEUED:
            row.state, row.finished = CANCELLED, datetime.now(UTC)
        else:
            row.stop = True
        return _batch(row)


def resume_batch(store: Store, organisation_id: str, identifier: str) -> StoredBatch:
    """Let a cancelled or failed batch wait for a runner again; raises `NotFound`, `WrongState`."""
    with transaction(store.engine) as session:
        row = _own(session, organisation_id, identifier)
        if row.state not in (CANCELLED, FAILED):
            raise WrongState(Problem("batch_state", "", {"id": identifier, "state": row.state}))
        row.state, row.stop, row.finished, row.problems = QUEUED, False, None, "[]"
        return _batch(row)


# -- for runners, which work for every organisation


def claim_batch(store: Store, runner: str, seconds: float, here: Callable[[StoredBatch], bool]) -> StoredBatch | None:
    """The oldest batch that waits, or whose runner fell silent, and whose files are ``here``; now this runner's."""
    now = datetime.now(UTC)
    waiting = or_(BatchRow.state == QUEUED, (BatchRow.state == RUNNING) & (BatchRow.until < now))
    with transaction(store.engine) as session:
        candidates = [
            (_batch(row), row.runner)
            for row in session.scalars(select(BatchRow).where(waiting).order_by(BatchRow.created))
        ]
    for batch, owner in candidates:
        if here(batch):
            same = (BatchRow.id == batch.id) & (BatchRow.state == batch.state) & waiting
            same &= BatchRow.runner.is_(None) if owner is None else BatchRow.runner == owner
            values = {
                "state": RUNNING,
                "runner": runner,
                "until": now + timedelta(seconds=seconds),
                "started": batch.started or now,
            }
            with transaction(store.engine) as session:
                if session.execute(update(BatchRow).where(same).values(**values)).rowcount:  # type: ignore[attr-defined]
                    return batch
    return None


def renew_batch(store: Store, runner: str, identifier: str, seconds: float, progress: dict[str, Any]) -> bool | None:
    """Say that a batch is still run, and how far it is; whether it shall stop, None where it is no more this runner's."""
    mine = (BatchRow.id == identifier) & (BatchRow.runner == runner) & (BatchRow.state == RUNNING)
    values = {**progress, "until": datetime.now(UTC) + timedelta(seconds=seconds)}
    with transaction(store.engine) as session:
        if not session.execute(update(BatchRow).where(mine).values(**values)).rowcount:  # type: ignore[attr-defined]
            return None
        return session.scalar(select(BatchRow.stop).where(BatchRow.id == identifier))


def end_batch(
    store: Store, runner: str, identifier: str, state: str, progress: dict[str, Any], problems: Sequence[Problem] = ()
) -> None:
    """A batch is done, failed or stopped; nothing where it is no more this runner's."""
    mine = (BatchRow.id == identifier) & (BatchRow.runner == runner) & (BatchRow.state == RUNNING)
    told = [{key: {"zh": p.as_dict("zh")[key], "en": p.as_dict("en")[key]} for key in ("message", "next_action")}
            | {"code": p.code, "pointer": p.where} for p in problems]  # fmt: skip
    values = {
        **progress, "state": state, "runner": None, "until": None, "finished": datetime.now(UTC), "stop": False,
        "problems": json.dumps(told, ensure_ascii=False),
    }  # fmt: skip
    with transaction(store.engine) as session:
        session.execute(update(BatchRow).where(mine).values(**values))


def known_batches(store: Store, identifiers: Sequence[str]) -> frozenset[str]:
    """Which of some batches there are, of whatever organisation."""
    with transaction(store.engine) as session:
        return frozenset(session.scalars(select(BatchRow.id).where(BatchRow.id.in_(identifiers))))


def new_batch_id() -> str:
    return str(uuid.uuid4())


def _own(session: Any, organisation_id: str, identifier: str) -> BatchRow:
    query = select(BatchRow).where(BatchRow.id == identifier, BatchRow.organisation_id == organisation_id)
    row: BatchRow | None = session.scalars(query).one_or_none() if "\0" not in identifier else None
    if row is None:
        raise NotFound(Problem("unknown_batch", "", {"id": identifier}))
    return row


def _batch(row: BatchRow) -> StoredBatch:
    return StoredBatch(**{name: getattr(row, name) for name in StoredBatch.__dataclass_fields__})
