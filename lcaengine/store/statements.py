"""Signed statements: their text never changes; what becomes of them is appended as events. Every function asks for the organisation."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Date, DateTime, Engine, Index, Integer, String, Text, and_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base
from lcaengine.store.listing import Listed, Listing, Page, before, equal, holds, next_day, since
from lcaengine.store.transaction import transaction

ISSUED, SUPERSEDED, REVOKED = "issued", "superseded", "revoked"


class StatementRow(Base):
    """A signed statement; ``document`` is the JSON text as it was signed."""

    __tablename__ = "statements"
    __table_args__ = (Index("ix_statements_organisation_created", "organisation_id", "created", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    footprint_id: Mapped[str] = mapped_column(String(36))
    document: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(20))
    superseded_by: Mapped[str | None] = mapped_column(String(36))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str | None] = mapped_column(Text)
    customer: Mapped[str] = mapped_column(
        Text, server_default=""
    )  # this and the following: of the document, to list it by
    product: Mapped[str] = mapped_column(Text, server_default="")
    valid_until: Mapped[date | None] = mapped_column(Date)


class StatementEventRow(Base):
    """What became of a statement, when, and why."""

    __tablename__ = "statement_events"
    __table_args__ = (Index("ix_statement_events_statement", "organisation_id", "statement_id", "id"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    statement_id: Mapped[str] = mapped_column(String(36))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    event: Mapped[str] = mapped_column(String(20))
    why: Mapped[str] = mapped_column(Text)


def _in_force_on(day: date) -> ColumnElement[bool]:
    return and_(
        StatementRow.status == ISSUED, StatementRow.created < _midnight(next_day(day)), StatementRow.valid_until >= day
    )


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


STATEMENTS = Listing(
    StatementRow,
    {"created": StatementRow.created, "customer": StatementRow.customer, "valid_until": StatementRow.valid_until},
    {
        "status": equal(StatementRow.status), "customer": holds(StatementRow.customer), "product": holds(StatementRow.product),
        "footprint": equal(StatementRow.footprint_id), "valid_on": _in_force_on,
        "created_after": since(StatementRow.created), "created_before": before(StatementRow.created),
    },
)  # fmt: skip
_NEWEST = Page()


@dataclass(frozen=True)
class StatementRecord:
    """A stored statement and what it is now: ``issued``, ``superseded`` or ``revoked``."""

    id: str
    created: datetime
    footprint_id: str
    document: str
    status: str
    superseded_by: str | None = None
    revoked_at: datetime | None = None
    reason: str | None = None

    @property
    def state(self) -> str:
        """A mark of what it is now: another one as soon as anything became of it."""
        told = (
            self.id,
            self.status,
            self.superseded_by,
            self.revoked_at and self.revoked_at.astimezone(UTC).isoformat(),
            self.reason,
        )
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


@dataclass(frozen=True)
class StatementEvent:
    at: datetime
    event: str
    why: str


class StatementChanged(Refused):
    """The statement is not in a state from which this can follow."""

    status = 409


def in_force(statement: StatementRow | StatementRecord) -> None:
    """Raises `StatementChanged` unless a statement is neither revoked nor superseded."""
    if statement.status != ISSUED:
        raise StatementChanged(Problem("statement_not_in_force", "", {"id": statement.id, "status": statement.status}))


class StatementStore:
    """The part of `lcaengine.store.Store` that keeps statements."""

    engine: Engine

    def add_statement(
        self, organisation_id: str, identifier: str, footprint_id: str, document: str, supersedes: str | None = None, why: str = ""
    ) -> StatementRecord:  # fmt: skip
        """Keep a signed statement under the id that it bears, in place of another if named: both or neither.

        Raises `NotFound`, `StatementChanged` as `supersede_statement`.
        """
        now = datetime.now(UTC)
        row = StatementRow(
            id=identifier, organisation_id=organisation_id, created=now, footprint_id=footprint_id, document=document, status=ISSUED,
            **statement_columns(document),
        )  # fmt: skip
        record = _record(row)
        with transaction(self.engine) as session:
            session.add(row)
            session.add(_event(organisation_id, identifier, now, ISSUED, ""))
            session.flush()
            if supersedes is not None:
                _supersede(session, organisation_id, supersedes, identifier, why)
        return record

    def get_statement(self, organisation_id: str, identifier: str) -> StatementRecord:
        """A statement of an organisation; raises `NotFound`, also for another organisation's."""
        with transaction(self.engine) as session:
            return _record(_own(session, organisation_id, identifier))

    def known_statement(self, organisation_id: str, identifier: str) -> StatementRecord | None:
        """A statement of an organisation, or None."""
        try:
            return self.get_statement(organisation_id, identifier)
        except NotFound:
            return None

    def list_statements(self, organisation_id: str, page: Page = _NEWEST) -> Listed:
        """Statements of an organisation, by default the newest first."""
        with transaction(self.engine) as session:
            found = STATEMENTS.page(session, page, StatementRow.organisation_id == organisation_id)
            return found._replace(items=[_record(row) for row in found.items])

    def statement_events(self, organisation_id: str, identifier: str) -> list[StatementEvent]:
        """What became of a statement, oldest first; raises `NotFound`."""
        with transaction(self.engine) as session:
            _own(session, organisation_id, identifier)
            query = select(StatementEventRow).where(
                StatementEventRow.organisation_id == organisation_id, StatementEventRow.statement_id == identifier
            )
            rows = session.scalars(query.order_by(StatementEventRow.id))
            return [StatementEvent(_aware(row.at), row.event, row.why) for row in rows]

    def revoke_statement(
        self, organisation_id: str, identifier: str, why: str, check: Callable[[StatementRecord], None] = lambda _: None
    ) -> StatementRecord:
        """Take a statement back, for a reason; ``check`` sees it before, as it is, and may refuse.

        Raises `NotFound`, `StatementChanged` if it is revoked already.
        """
        now = datetime.now(UTC)
        with transaction(self.engine) as session:
            row = _own(session, organisation_id, identifier, lock=True)
            check(_record(row))
            if row.status == REVOKED:
                raise StatementChanged(Problem("statement_is_revoked", "", {"id": identifier, "why": row.reason or ""}))
            row.status, row.revoked_at, row.reason = REVOKED, now, why
            session.add(_event(organisation_id, identifier, now, REVOKED, why))
            return _record(row)

    def supersede_statement(self, organisation_id: str, identifier: str, by: str, why: str) -> StatementRecord:
        """Say which statement takes the place of another; raises `NotFound`, `StatementChanged` unless both are in force."""
        with transaction(self.engine) as session:
            return _record(_supersede(session, organisation_id, identifier, by, why))


def statement_columns(document: str) -> dict[str, Any]:
    """What a statement is listed by."""
    said = json.loads(document).get("statement", {})
    name, until = said.get("product", {}).get("name", {}), said.get("valid_until")
    return {
        "customer": said.get("customer", {}).get("name", ""),
        "product": "\n".join(dict.fromkeys(name.values())),
        "valid_until": date.fromisoformat(until) if until else None,
    }


def _supersede(session: Session, organisation_id: str, identifier: str, by: str, why: str) -> StatementRow:
    row = _own(session, organisation_id, identifier, lock=True)
    in_force(row)
    if by == identifier:
        raise StatementChanged(Problem("statement_by_itself", "", {"id": identifier}))
    in_force(_own(session, organisation_id, by))
    row.status, row.superseded_by, row.reason = SUPERSEDED, by, why
    session.add(_event(organisation_id, identifier, datetime.now(UTC), SUPERSEDED, why or by))
    return row


def _own(session: Session, organisation_id: str, identifier: str, lock: bool = False) -> StatementRow:
    own = (StatementRow.id == identifier) & (StatementRow.organisation_id == organisation_id)
    query = select(StatementRow).where(own)
    query = query.with_for_update() if lock else query
    row = session.scalars(query).one_or_none() if "\0" not in identifier else None  # PostgreSQL takes no NUL
    if row is None:
        raise NotFound(Problem("statement_unknown", "", {"id": identifier}))
    return row


def _event(organisation_id: str, identifier: str, at: datetime, event: str, why: str) -> StatementEventRow:
    return StatementEventRow(organisation_id=organisation_id, statement_id=identifier, at=at, event=event, why=why)


def _record(row: StatementRow) -> StatementRecord:
    found = {name: getattr(row, name) for name in StatementRecord.__dataclass_fields__}
    revoked = None if row.revoked_at is None else _aware(row.revoked_at)
    return StatementRecord(**{**found, "created": _aware(row.created), "revoked_at": revoked})


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)  # SQLite forgets it
