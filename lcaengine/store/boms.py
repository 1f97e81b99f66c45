"""Bills of materials as immutable records: kept as they were read, each for its own organisation alone."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Index, Integer, String, Text, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base, Moment
from lcaengine.store.listing import Listed, Listing, Page, before, equal, holds, since
from lcaengine.store.records import Store, in_all_languages
from lcaengine.store.transaction import inside, transaction
from lcaengine.store.versions import HasSuccessor, product_problems

__all__ = ["BomRecord", "add_bom", "get_bom", "list_boms", "next_bom"]

_NEWEST = Page()


class BomRow(Base):
    """One bill of materials; ``previous`` is the version before."""

    __tablename__ = "boms"
    __table_args__ = (
        Index("ix_boms_created", "organisation_id", "created", "id"),
        Index("ix_boms_previous", "organisation_id", "previous", unique=True),  # one successor each
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(Moment)
    category: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)  # this and the following: of the product, to list it by
    gtin: Mapped[str | None] = mapped_column(Text)
    document: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)
    previous: Mapped[str | None] = mapped_column(String(36))


BOMS = Listing(
    BomRow,
    {"created": BomRow.created, "name": BomRow.name},
    {
        "category": equal(BomRow.category), "product": holds(BomRow.name), "gtin": equal(BomRow.gtin),
        "created_after": since(BomRow.created), "created_before": before(BomRow.created),
    },
)  # fmt: skip


@dataclass(frozen=True)
class BomRecord:
    """A kept bill of materials; ``document`` is it as it was read, as JSON text."""

    id: str
    created: datetime
    category: str
    document: str
    version: int
    previous: str | None


def add_bom(
    store: Store, organisation_id: str, document: Mapping[str, Any], previous: BomRecord | None = None
) -> BomRecord:
    """Keep a document that was read; ``previous``: the bill of materials of the same product that it is the next version of.

    Raises `Refused` for another product, `HasSuccessor`.
    """
    if previous is not None:
        _check_next(store, organisation_id, previous, document)
    product = document["product"]
    row = BomRow(
        id=str(uuid.uuid4()), organisation_id=organisation_id, created=datetime.now(UTC), category=product["category"],
        name=in_all_languages(product["name"]), gtin=product.get("gtin"), document=json.dumps(document, ensure_ascii=False),
        version=previous.version + 1 if previous else 1, previous=previous.id if previous else None,
    )  # fmt: skip
    record = _record(row)
    try:
        with transaction(store.engine) as session:
            session.add(row)
    except IntegrityError:  # another was a moment earlier
        if previous is None or inside(store.engine):
            raise  # the whole request is tried again, and sees it
        _check_next(store, organisation_id, previous, document)
        raise
    return record


def get_bom(store: Store, organisation_id: str, identifier: str) -> BomRecord:
    """A bill of materials of an organisation; raises `NotFound`, also for another organisation's."""
    query = select(BomRow).where(BomRow.id == identifier, BomRow.organisation_id == organisation_id)
    with transaction(store.engine) as session:
        row = session.scalars(query).one_or_none() if "\0" not in identifier else None  # PostgreSQL takes no NUL
        if row is None:
            raise NotFound(Problem("unknown_bom", "", {"id": identifier}))
        return _record(row)


def next_bom(store: Store, organisation_id: str, record: BomRecord) -> str | None:
    """The id of the next version, if there is one."""
    query = select(BomRow.id).where(BomRow.organisation_id == organisation_id, BomRow.previous == record.id)
    with transaction(store.engine) as session:
        return session.scalars(query).one_or_none()


def list_boms(store: Store, organisation_id: str, page: Page = _NEWEST) -> Listed:
    """Bills of materials of an organisation, by default the newest first."""
    with transaction(store.engine) as session:
        found = BOMS.page(session, page, BomRow.organisation_id == organisation_id)
        return found._replace(items=[_record(row) for row in found.items])


def _check_next(store: Store, organisation_id: str, previous: BomRecord, document: Mapping[str, Any]) -> None:
    old = json.loads(previous.document)["product"]
    if problems := list(product_problems(_named(old), _named(document["product"]))):
        raise Refused(problems)
    if found := next_bom(store, organisation_id, previous):
        raise HasSuccessor(Problem("bom_has_successor", "", {"id": previous.id, "successor": found}))


def _named(product: Mapping[str, Any]) -> Mapping[str, Any]:
    """A product whose name is by language, as footprints have it; a plain text is in whatever language."""
    name = product["name"]
    return {**product, "name": name if isinstance(name, dict) else {"": name}}


def _record(row: BomRow) -> BomRecord:
    return BomRecord(**{name: getattr(row, name) for name in BomRecord.__dataclass_fields__})
