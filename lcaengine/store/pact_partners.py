"""Partners in PACT: where they are and how we sign in there, what they sent us, and the events of both directions.

An event that we send waits in its row until it was taken (the outbox); one that we get is kept once, whatever happens on the
way. Every function asks for the organisation, but for those of the courier, which serves all.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar

import rfc8785
from sqlalchemy import DateTime, Index, Integer, String, Text, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base
from lcaengine.store.listing import Listed, Listing, Page, equal
from lcaengine.store.records import Store
from lcaengine.store.transaction import inside, transaction

IN, OUT = "in", "out"
WAITING, SENT, FAILED, RECORDED = "waiting", "sent", "failed", "recorded"
FULFILLED, REJECTED = "fulfilled", "rejected"  # what became of a request of ours
LEASE = timedelta(minutes=3)


class PactPartnerRow(Base):
    """Another host; ``signs_in_as`` is its name here, ``sealed_secret`` ours there, encrypted."""

    __tablename__ = "pact_partners"
    __table_args__ = (Index("ix_pact_partners_url", "organisation_id", "base_url", unique=True),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    name: Mapped[str] = mapped_column(String(200))
    signs_in_as: Mapped[str] = mapped_column(String(100))
    base_url: Mapped[str] = mapped_column(String(300))
    auth_url: Mapped[str] = mapped_column(String(300))
    client_id: Mapped[str] = mapped_column(String(300))
    sealed_secret: Mapped[str] = mapped_column(Text)


class PactReceivedRow(Base):
    """A ProductFootprint as a partner sent it, once per content."""

    __tablename__ = "pact_received"
    __table_args__ = (
        Index("ix_pact_received_listing", "organisation_id", "created", "id"),
        Index("ix_pact_received_once", "organisation_id", "partner_id", "sha256", unique=True),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    partner_id: Mapped[str] = mapped_column(String(36))
    pf_id: Mapped[str] = mapped_column(String(36))
    sha256: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)


class PactEventRow(Base):
    """A CloudEvent that came or goes; an event is the same if source and id are."""

    __tablename__ = "pact_events"
    __table_args__ = (Index("ix_pact_events_due", "state", "due"),)

    organisation_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    direction: Mapped[str] = mapped_column(String(3), primary_key=True)
    source: Mapped[str] = mapped_column(String(300), primary_key=True)
    id: Mapped[str] = mapped_column(String(100), primary_key=True)
    partner_id: Mapped[str] = mapped_column(String(36))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    type: Mapped[str] = mapped_column(String(100))
    document: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(20))
    attempts: Mapped[int] = mapped_column(Integer)
    due: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    error: Mapped[str] = mapped_column(String(300))


RECEIVED = Listing(
    PactReceivedRow, {"created": PactReceivedRow.created},
    {"partner": equal(PactReceivedRow.partner_id), "pf_id": equal(PactReceivedRow.pf_id)},
)  # fmt: skip
EVENTS = Listing(
    PactEventRow, {"created": PactEventRow.created},
    {"direction": equal(PactEventRow.direction), "state": equal(PactEventRow.state)},
)  # fmt: skip
_NEWEST = Page()


@dataclass(frozen=True, slots=True)
class Partner:
    id: str
    organisation_id: str
    created: datetime
    name: str
    signs_in_as: str
    base_url: str
    auth_url: str
    client_id: str
    sealed_secret: str


@dataclass(frozen=True, slots=True)
class Received:
    id: str
    organisation_id: str
    created: datetime
    partner_id: str
    pf_id: str
    sha256: str
    document: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    organisation_id: str
    direction: str
    source: str
    id: str
    partner_id: str
    created: datetime
    type: str
    document: dict[str, Any]
    state: str
    attempts: int
    due: datetime
    error: str


class PartnerKnown(Refused):
    """The address is a partner's already."""

    status = 409


V = TypeVar("V", Partner, Received, Event)


# -- partners


def add_partner(store: Store, organisation_id: str, name: str, signs_in_as: str, urls: tuple[str, str], sign_in: tuple[str, str]) -> Partner:  # fmt: skip
    """Register a partner: (base, token endpoint or "") and (client id, sealed secret); raises `PartnerKnown`."""
    row = PactPartnerRow(
        id=str(uuid.uuid4()), organisation_id=organisation_id, created=datetime.now(UTC), name=name, signs_in_as=signs_in_as,
        base_url=urls[0], auth_url=urls[1], client_id=sign_in[0], sealed_secret=sign_in[1],
    )  # fmt: skip
    with transaction(store.engine) as session:
        query = select(PactPartnerRow.id).where(
            PactPartnerRow.organisation_id == organisation_id, PactPartnerRow.base_url == urls[0]
        )
        if session.scalar(query):
            raise PartnerKnown(Problem("pact_partner_known", "/base_url", {"url": urls[0]}))
        session.add(row)
        session.flush()
        return _value(row, Partner)


def get_partner(store: Store, organisation_id: str, identifier: str) -> Partner:
    """A partner of the organisation by id or name; raises `NotFound`."""
    named = (PactPartnerRow.id == identifier) | (PactPartnerRow.name == identifier)
    query = select(PactPartnerRow).where(PactPartnerRow.organisation_id == organisation_id, named)
    with transaction(store.engine) as session:
        rows = session.scalars(query.order_by(PactPartnerRow.created).limit(1)).all() if "\0" not in identifier else ()
        if not rows:
            raise NotFound(Problem("pact_unknown_partner", "", {"id": identifier}))
        return _value(rows[0], Partner)


def list_partners(store: Store, organisation_id: str) -> list[Partner]:
    """The partners of an organisation, oldest first."""
    query = select(PactPartnerRow).where(PactPartnerRow.organisation_id == organisation_id)
    with transaction(store.engine) as session:
        return [_value(row, Partner) for row in session.scalars(query.order_by(PactPartnerRow.created))]


def remove_partner(store: Store, organisation_id: str, identifier: str) -> None:
    """Forget a partner and its secret; what it sent stays. Raises `NotFound`."""
    partner = get_partner(store, organisation_id, identifier)
    with transaction(store.engine) as session:
        session.execute(delete(PactPartnerRow).where(PactPartnerRow.id == partner.id))


def partner_at(store: Store, receivers: Collection[str], base_url: str) -> Partner | None:
    """The partner that signs in under one of these names and is at this address."""
    query = select(PactPartnerRow).where(
        PactPartnerRow.signs_in_as.in_(list(receivers)), PactPartnerRow.base_url == base_url
    )
    with transaction(store.engine) as session:
        row = session.scalars(query.order_by(PactPartnerRow.created, PactPartnerRow.id).limit(1)).first()
        return None if row is None else _value(row, Partner)


# -- what partners sent


def add_received(store: Store, organisation_id: str, partner_id: str, document: dict[str, Any]) -> Received:
    """Keep a ProductFootprint as it came; the same content of the same partner is the same record."""
    digest = sha256(rfc8785.dumps(document)).hexdigest()
    query = select(PactReceivedRow).where(
        PactReceivedRow.organisation_id == organisation_id, PactReceivedRow.partner_id == partner_id,
        PactReceivedRow.sha256 == digest,
    )  # fmt: skip
    row = PactReceivedRow(
        id=str(uuid.uuid4()), organisation_id=organisation_id, created=datetime.now(UTC), partner_id=partner_id,
        pf_id=document["id"], sha256=digest, document=json.dumps(document, ensure_ascii=False),
    )  # fmt: skip
    with transaction(store.engine) as session:
        found = session.scalars(query).one_or_none()
        if found is None:
            session.add(row)
            session.flush()
        return _value(found or row, Received)


def get_received(store: Store, organisation_id: str, identifier: str) -> Received:
    """A received footprint of an organisation; raises `NotFound`."""
    query = select(PactReceivedRow).where(
        PactReceivedRow.id == identifier, PactReceivedRow.organisation_id == organisation_id
    )
    with transaction(store.engine) as session:
        row = session.scalars(query).one_or_none() if "\0" not in identifier else None
        if row is None:
            raise NotFound(Problem("pact_unknown_received", "", {"id": identifier}))
        return _value(row, Received)


def newest_received(store: Store, received: Received) -> Received:
    """What the same partner sent last for the same ProductFootprint: its status may be another now."""
    query = select(PactReceivedRow).where(
        PactReceivedRow.organisation_id == received.organisation_id, PactReceivedRow.partner_id == received.partner_id,
        PactReceivedRow.pf_id == received.pf_id,
    )  # fmt: skip
    with transaction(store.engine) as session:
        return _value(session.scalars(query.order_by(PactReceivedRow.created.desc()).limit(1)).one(), Received)


def list_received(store: Store, organisation_id: str, page: Page = _NEWEST) -> Listed:
    """What an organisation received, by default the newest first."""
    with transaction(store.engine) as session:
        found = RECEIVED.page(session, page, PactReceivedRow.organisation_id == organisation_id)
        return found._replace(items=[_value(row, Received) for row in found.items])


# -- events


def record_event(store: Store, partner: Partner, event: dict[str, Any]) -> bool:
    """Keep an event that came; False if it is known already."""
    row = _event_row(partner, IN, event, RECORDED)
    key = (row.organisation_id, row.direction, row.source, row.id)
    try:
        with transaction(store.engine) as session:
            if session.get(PactEventRow, key) is not None:
                return False
            session.add(row)
    except IntegrityError:  # the same event came twice at once
        if inside(store.engine) is not None:  # the whole request is tried again
            raise
        return False
    return True


def queue_event(store: Store, partner: Partner, event: dict[str, Any]) -> Event:
    """Put an event for a partner into the outbox; the courier takes it after the commit."""
    row = _event_row(partner, OUT, event, WAITING)
    with transaction(store.engine) as session:
        session.add(row)
        session.flush()
        return _value(row, Event)


def list_events(store: Store, organisation_id: str, page: Page = _NEWEST) -> Listed:
    """Events of an organisation, by default the newest first."""
    with transaction(store.engine) as session:
        found = EVENTS.page(session, page, PactEventRow.organisation_id == organisation_id)
        return found._replace(items=[_value(row, Event) for row in found.items])


def answer_request(store: Store, partner: Partner, request_id: str, state: str) -> bool:
    """Note what became of a request that we sent to a partner; False if there is no such request."""
    mine = (
        (PactEventRow.organisation_id == partner.organisation_id)
        & (PactEventRow.partner_id == partner.id)
        & (PactEventRow.direction == OUT)
        & (PactEventRow.id == request_id)
    )
    with transaction(store.engine) as session:
        found = session.execute(update(PactEventRow).where(mine).values(state=state).returning(PactEventRow.id))
        return found.first() is not None


def take_due(store: Store, now: datetime) -> tuple[Event, Partner] | None:
    """The next event to send, for this caller alone until its lease ends; None if none is due."""
    query = (
        select(PactEventRow, PactPartnerRow)
        .join(PactPartnerRow, PactPartnerRow.id == PactEventRow.partner_id)
        .where(PactEventRow.direction == OUT, PactEventRow.state == WAITING, PactEventRow.due <= now)
        .order_by(PactEventRow.due)
        .limit(1)
        .with_for_update(skip_locked=True, of=PactEventRow)
    )
    with transaction(store.engine) as session:
        found = session.execute(query).first()
        if found is None:
            return None
        event, partner = _value(found[0], Event), _value(found[1], Partner)
        mine = _row_of(event) & (PactEventRow.attempts == event.attempts)
        values = {"due": now + LEASE, "attempts": event.attempts + 1}
        taken = session.execute(update(PactEventRow).where(mine).values(**values).returning(PactEventRow.id))
        return (event, partner) if taken.first() is not None else None


def settle(store: Store, event: Event, state: str, due: datetime, error: str = "") -> None:
    """Write down what became of sending an event, unless its answer was quicker."""
    mine = _row_of(event) & (PactEventRow.state == WAITING)
    with transaction(store.engine) as session:
        session.execute(update(PactEventRow).where(mine).values(state=state, due=due, error=error[:300]))


def next_due(store: Store) -> datetime | None:
    """When the next event is to be sent; None if none waits."""
    waiting = (PactEventRow.direction == OUT) & (PactEventRow.state == WAITING)
    with transaction(store.engine) as session:
        found = session.scalar(select(func.min(PactEventRow.due)).where(waiting))
        return None if found is None else _aware(found)


def _event_row(partner: Partner, direction: str, event: dict[str, Any], state: str) -> PactEventRow:
    now = datetime.now(UTC)
    return PactEventRow(
        organisation_id=partner.organisation_id, direction=direction, source=event["source"], id=event["id"],
        partner_id=partner.id, created=now, type=event["type"], document=json.dumps(event, ensure_ascii=False),
        state=state, attempts=0, due=now, error="",
    )  # fmt: skip


def _row_of(event: Event) -> Any:
    return (
        (PactEventRow.organisation_id == event.organisation_id)
        & (PactEventRow.direction == event.direction)
        & (PactEventRow.source == event.source)
        & (PactEventRow.id == event.id)
    )


def _value(row: Base, kind: type[V]) -> V:
    found = {name: getattr(row, name) for name in kind.__dataclass_fields__}
    for name, value in found.items():
        if isinstance(value, datetime):
            found[name] = _aware(value)
    if "document" in found:
        found["document"] = json.loads(found["document"])
    return kind(**found)


def _aware(at: datetime) -> datetime:
    return at if at.tzinfo else at.replace(tzinfo=UTC)  # SQLite forgets it
