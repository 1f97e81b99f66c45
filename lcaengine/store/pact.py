"""What an organisation publishes by PACT, and for whom. A published footprint never changes, only its status does.

Every function asks for the organisation, or for the names under which a receiver may see what others published to it.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Index, String, Text, select, tuple_
from sqlalchemy.orm import Mapped, Session, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base
from lcaengine.store.listing import Listed, Listing, Page, equal
from lcaengine.store.records import Store
from lcaengine.store.transaction import transaction

ACTIVE, DEPRECATED = "Active", "Deprecated"
CHUNK = 200


class PactPublisherRow(Base):
    """How an organisation presents itself."""

    __tablename__ = "pact_publishers"

    organisation_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    company_name: Mapped[str] = mapped_column(String(200))
    company_ids: Mapped[str] = mapped_column(Text)
    domain: Mapped[str] = mapped_column(String(253))
    address: Mapped[str] = mapped_column(String(300))


class PactFootprintRow(Base):
    """A published footprint; ``document`` is the ProductFootprint as issued, whose status stands beside it."""

    __tablename__ = "pact_footprints"
    __table_args__ = (Index("ix_pact_footprints_listing", "organisation_id", "created", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    footprint_id: Mapped[str] = mapped_column(String(36))
    status: Mapped[str] = mapped_column(String(20))
    document: Mapped[str] = mapped_column(Text)


class PactReceiverRow(Base):
    """Who may see a published footprint: the id of an organisation of this server, or of an OAuth client."""

    __tablename__ = "pact_receivers"
    __table_args__ = (Index("ix_pact_receivers_receiver", "receiver", "pf_id"),)

    pf_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    receiver: Mapped[str] = mapped_column(String(100), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))


PUBLISHED = Listing(PactFootprintRow, {"created": PactFootprintRow.created}, {"status": equal(PactFootprintRow.status)})
_NEWEST = Page()


@dataclass(frozen=True, slots=True)
class Publisher:
    """``company_ids`` are URNs; ``domain`` makes URNs of own product ids; ``address`` is this server's, as partners see it."""

    company_name: str
    company_ids: tuple[str, ...]
    domain: str
    address: str


@dataclass(frozen=True, slots=True)
class Published:
    """A published footprint as it stands."""

    id: str
    organisation_id: str
    created: datetime
    footprint_id: str
    status: str
    document: dict[str, Any]
    receivers: tuple[str, ...] = ()

    def as_pact(self) -> dict[str, Any]:
        """The ProductFootprint with its status of now."""
        return {**self.document, "status": self.status}


class NotActive(Refused):
    """The published footprint was withdrawn, or another took its place."""

    status = 409


def set_publisher(store: Store, organisation_id: str, publisher: Publisher) -> None:
    values = {
        "company_name": publisher.company_name, "company_ids": json.dumps(publisher.company_ids), "domain": publisher.domain,
        "address": publisher.address,
    }  # fmt: skip
    with transaction(store.engine) as session:
        session.merge(PactPublisherRow(organisation_id=organisation_id, **values))


def get_publisher(store: Store, organisation_id: str) -> Publisher:
    """How an organisation presents itself; raises `NotFound` until it was said."""
    with transaction(store.engine) as session:
        row = session.get(PactPublisherRow, organisation_id)
        if row is None:
            raise NotFound(Problem("pact_no_publisher"))
        return Publisher(row.company_name, tuple(json.loads(row.company_ids)), row.domain, row.address)


def publish(
    store: Store, organisation_id: str, footprint_id: str, document: dict[str, Any], receivers: Sequence[str]
) -> Published:
    """Keep a ProductFootprint for its receivers; those that it follows (``precedingPfIds``) are deprecated.

    Raises `NotFound`, `NotActive`.
    """
    row = PactFootprintRow(
        id=document["id"], organisation_id=organisation_id, created=datetime.now(UTC),
        footprint_id=footprint_id, status=ACTIVE, document=json.dumps(document, ensure_ascii=False),
    )  # fmt: skip
    with transaction(store.engine) as session:
        for before in document.get("precedingPfIds", ()):
            _deprecate(session, organisation_id, before)
        session.add(row)
        for receiver in dict.fromkeys(receivers):
            session.add(PactReceiverRow(pf_id=row.id, receiver=receiver, organisation_id=organisation_id))
        session.flush()
        return _published(session, row)


def withdraw(store: Store, organisation_id: str, identifier: str) -> Published:
    """Deprecate a published footprint; raises `NotFound`, `NotActive`."""
    with transaction(store.engine) as session:
        return _published(session, _deprecate(session, organisation_id, identifier))


def get_published(store: Store, organisation_id: str, identifier: str) -> Published:
    """A footprint that the organisation published; raises `NotFound`."""
    with transaction(store.engine) as session:
        return _published(session, _own(session, organisation_id, identifier))


def list_published(store: Store, organisation_id: str, page: Page = _NEWEST) -> Listed:
    """What an organisation published, by default the newest first."""
    with transaction(store.engine) as session:
        found = PUBLISHED.page(session, page, PactFootprintRow.organisation_id == organisation_id)
        return found._replace(items=[_published(session, row) for row in found.items])


def visible(store: Store, receivers: Collection[str], after: str | None = None) -> Iterator[Published]:
    """What was published to any of these names, oldest first, from behind a footprint on; raises `NotFound` for that one."""
    position = None if after is None else _position(visible_one(store, receivers, after))
    while True:
        query = select(PactFootprintRow).where(PactFootprintRow.id.in_(_seen_by(receivers)))
        if position is not None:
            query = query.where(tuple_(PactFootprintRow.created, PactFootprintRow.id) > position)
        query = query.order_by(PactFootprintRow.created, PactFootprintRow.id).limit(CHUNK)
        with transaction(store.engine) as session:
            found = [_published(session, row) for row in session.scalars(query)]
        yield from found
        if len(found) < CHUNK:
            return
        position = _position(found[-1])


def visible_one(store: Store, receivers: Collection[str], identifier: str) -> Published:
    """A footprint published to any of these names; raises `NotFound`."""
    query = select(PactFootprintRow).where(
        PactFootprintRow.id == identifier, PactFootprintRow.id.in_(_seen_by(receivers))
    )
    with transaction(store.engine) as session:
        row = session.scalars(query).one_or_none() if "\0" not in identifier else None
        if row is None:
            raise NotFound(Problem("pact_unknown_footprint", "", {"id": identifier}))
        return _published(session, row)


def _seen_by(receivers: Collection[str]) -> Any:
    return select(PactReceiverRow.pf_id).where(PactReceiverRow.receiver.in_(list(receivers)))


def _position(published: Published) -> tuple[datetime, str]:
    return published.created, published.id


def _own(session: Session, organisation_id: str, identifier: str, lock: bool = False) -> PactFootprintRow:
    own = (PactFootprintRow.id == identifier) & (PactFootprintRow.organisation_id == organisation_id)
    query = select(PactFootprintRow).where(own)
    query = query.with_for_update() if lock else query
    row = session.scalars(query).one_or_none() if "\0" not in identifier else None  # PostgreSQL takes no NUL
    if row is None:
        raise NotFound(Problem("pact_unknown_footprint", "", {"id": identifier}))
    return row


def _deprecate(session: Session, organisation_id: str, identifier: str) -> PactFootprintRow:
    row = _own(session, organisation_id, identifier, lock=True)
    if row.status != ACTIVE:
        raise NotActive(Problem("pact_not_active", "", {"id": identifier}))
    row.status = DEPRECATED
    return row


def _published(session: Session, row: PactFootprintRow) -> Published:
    query = select(PactReceiverRow.receiver).where(PactReceiverRow.pf_id == row.id).order_by(PactReceiverRow.receiver)
    created = row.created if row.created.tzinfo else row.created.replace(tzinfo=UTC)  # SQLite forgets it
    return Published(
        row.id, row.organisation_id, created, row.footprint_id, row.status, json.loads(row.document),
        tuple(session.scalars(query)),
    )  # fmt: skip
