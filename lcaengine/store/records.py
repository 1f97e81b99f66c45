"""Footprints and CBAM results as immutable records, in SQLite (WAL) or any database by URL. Every function asks for the organisation."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Boolean, DateTime, Engine, Float, Index, Integer, String, Text, select, text, true
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.problems import NotFound, Problem
from lcaengine.store.base import Base as Base  # noqa: PLC0414 (who knows it from here)
from lcaengine.store.database import open_engine
from lcaengine.store.listing import Listed, Listing, Page, at_least, at_most, before, equal, holds, since
from lcaengine.store.statements import StatementStore
from lcaengine.store.transaction import transaction

DEFAULT_ORGANISATION = "local"
_NEWEST = Page()


class FootprintRow(Base):
    """One calculated footprint: what was given, what was answered, and with what."""

    __tablename__ = "footprints"
    __table_args__ = (
        Index("ix_footprints_organisation_created", "organisation_id", "created", "id"),
        Index("ix_footprints_version", "organisation_id", "original", "version", unique=True),  # one successor each
        Index("ix_footprints_total", "organisation_id", "total", "id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    category: Mapped[str] = mapped_column(String(100))
    rule_version: Mapped[str] = mapped_column(String(40))
    rule_sha256: Mapped[str] = mapped_column(String(64))
    background_id: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    impact_allowed: Mapped[bool] = mapped_column(Boolean, server_default=true())
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    previous: Mapped[str | None] = mapped_column(String(36))
    original: Mapped[str | None] = mapped_column(String(36))
    name: Mapped[str] = mapped_column(Text, server_default="")  # this and the following: of the product, to list it by
    gtin: Mapped[str | None] = mapped_column(Text)
    hs_code: Mapped[str | None] = mapped_column(Text)
    total: Mapped[float | None] = mapped_column(Float)


class CbamRow(Base):
    """A CBAM screening, installation or answer: what was given, and what was answered."""

    __tablename__ = "cbam_records"
    __table_args__ = (Index("ix_cbam_records_listing", "organisation_id", "kind", "created", "id"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(String(20))
    document: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, server_default="")  # of the product or the installation, to find it by


FOOTPRINTS = Listing(
    FootprintRow,
    {"created": FootprintRow.created, "total": FootprintRow.total, "name": FootprintRow.name},
    {
        "category": equal(FootprintRow.category), "product": holds(FootprintRow.name), "gtin": equal(FootprintRow.gtin),
        "hs_code": lambda code: FootprintRow.hs_code.startswith(code, autoescape=True),
        "rule_version": equal(FootprintRow.rule_version), "background": equal(FootprintRow.background_id),
        "min_total": at_least(FootprintRow.total), "max_total": at_most(FootprintRow.total),
        "created_after": since(FootprintRow.created), "created_before": before(FootprintRow.created),
    },
)  # fmt: skip
CBAM = Listing(
    CbamRow,
    {"created": CbamRow.created, "name": CbamRow.name},
    {"name": holds(CbamRow.name), "created_after": since(CbamRow.created), "created_before": before(CbamRow.created)},
)


@dataclass(frozen=True)
class CbamRecord:
    """A stored CBAM result; ``kind`` is ``screenings``, ``installations``, ``answers`` or ``reports``, as in its address."""

    id: str
    created: datetime
    kind: str
    document: str
    body: str


@dataclass(frozen=True)
class Record:
    """A stored footprint; ``document`` is the bill of materials as read, ``body`` the answer as JSON text.

    ``impact_allowed`` says whether the effects of new rule versions may be computed from it. ``previous`` is the version
    before, ``original`` the first one; both None for a first version.
    """

    id: str
    created: datetime
    category: str
    rule_version: str
    rule_sha256: str
    background_id: str
    document: str
    body: str
    impact_allowed: bool = True
    version: int = 1
    previous: str | None = None
    original: str | None = None


class Store(StatementStore):
    """Records of all organisations in one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(
        self, organisation_id: str, document: dict[str, Any], body: dict[str, Any], impact_allowed: bool = True,
        previous: Record | None = None,
    ) -> Record:  # fmt: skip
        """Keep a footprint; the record's body has ``id``, ``created`` and ``links`` added.

        ``previous``: the record that it is the next version of (`lcaengine.store.versions.add_version` checks that).
        """
        identifier, created = str(uuid.uuid4()), datetime.now(UTC)
        base = f"/v1/footprints/{identifier}"
        answer = {
            "id": identifier,
            "created": created.isoformat(timespec="milliseconds"),
            **body,
            "links": {
                "self": base,
                "hotspots": base + "/hotspots",
                "contributions": base + "/contributions",
                "tree": base + "/tree",
                "explanation": base + "/explanation",
                "versions": base + "/versions",
            },
        }
        row = FootprintRow(
            id=identifier, organisation_id=organisation_id, created=created, category=body["product"]["category"],
            rule_version=body["rule"]["version"], rule_sha256=body["rule"]["sha256"], background_id=body["background"]["id"],
            document=json.dumps(document, ensure_ascii=False), body=json.dumps(answer, ensure_ascii=False, allow_nan=False),
            impact_allowed=impact_allowed, version=previous.version + 1 if previous else 1,
            previous=previous.id if previous else None, original=(previous.original or previous.id) if previous else None,
            **product_columns(answer),
        )  # fmt: skip
        record = _record(row)
        with transaction(self.engine) as session:
            session.add(row)
        return record

    def get(self, organisation_id: str, identifier: str) -> Record:
        """A record of an organisation; raises `NotFound`, also for another organisation's."""
        query = select(FootprintRow).where(
            FootprintRow.id == identifier, FootprintRow.organisation_id == organisation_id
        )
        with transaction(self.engine) as session:
            row = session.scalars(query).one_or_none() if "\0" not in identifier else None  # PostgreSQL takes no NUL
            if row is None:
                raise NotFound(Problem("unknown_footprint", "", {"id": identifier}))
            return _record(row)

    def list(self, organisation_id: str, page: Page = _NEWEST) -> Listed:
        """Records of an organisation, by default the newest first."""
        with transaction(self.engine) as session:
            found = FOOTPRINTS.page(session, page, FootprintRow.organisation_id == organisation_id)
            return found._replace(items=[_record(row) for row in found.items])

    def add_cbam(self, organisation_id: str, kind: str, document: dict[str, Any], body: dict[str, Any]) -> CbamRecord:
        """Keep a CBAM result; the record's body has ``id``, ``created`` and ``links`` added."""
        identifier, created = str(uuid.uuid4()), datetime.now(UTC)
        answer = {
            "id": identifier, "created": created.isoformat(timespec="milliseconds"), **body,
            "links": {"self": f"/v1/cbam/{kind}/{identifier}"},
        }  # fmt: skip
        row = CbamRow(
            id=identifier, organisation_id=organisation_id, created=created, kind=kind,
            document=json.dumps(document, ensure_ascii=False), body=json.dumps(answer, ensure_ascii=False, allow_nan=False),
            name=cbam_name(answer),
        )  # fmt: skip
        record = _cbam_record(row)
        with transaction(self.engine) as session:
            session.add(row)
        return record

    def get_cbam(self, organisation_id: str, kind: str, identifier: str) -> CbamRecord:
        """A CBAM record of an organisation; raises `NotFound`, also for another organisation's."""
        query = select(CbamRow).where(
            CbamRow.id == identifier, CbamRow.organisation_id == organisation_id, CbamRow.kind == kind
        )
        with transaction(self.engine) as session:
            row = session.scalars(query).one_or_none() if "\0" not in identifier else None  # PostgreSQL takes no NUL
            if row is None:
                raise NotFound(Problem("cbam_unknown_record", "", {"id": identifier, "kind": kind}))
            return _cbam_record(row)

    def list_cbam(self, organisation_id: str, kind: str, page: Page = _NEWEST) -> Listed:
        """CBAM records of one kind, by default the newest first."""
        with transaction(self.engine) as session:
            found = CBAM.page(session, page, CbamRow.organisation_id == organisation_id, CbamRow.kind == kind)
            return found._replace(items=[_cbam_record(row) for row in found.items])


def product_columns(body: dict[str, Any]) -> dict[str, Any]:
    """What a footprint is listed by."""
    product = body["product"]
    codes = {key: product.get(key) for key in ("gtin", "hs_code")}
    return {"name": in_all_languages(product.get("name")), "total": body["total"]["value"], **codes}


def cbam_name(body: dict[str, Any]) -> str:
    """What a CBAM result is found by: the name of its product or installation."""
    owner = body.get("product") or body.get("installation") or {}
    return in_all_languages(owner.get("name", owner) if isinstance(owner, dict) else owner)


def in_all_languages(name: Any) -> str:
    """A name to be sorted and searched by, in whatever language; as in the answer it stays in the answer."""
    texts = name.values() if isinstance(name, dict) else (name,)
    return "\n".join(dict.fromkeys(text for text in texts if isinstance(text, str)))


def _record(row: FootprintRow) -> Record:
    return Record(**_fields(row, Record))


def _cbam_record(row: CbamRow) -> CbamRecord:
    return CbamRecord(**_fields(row, CbamRecord))


def _fields(row: FootprintRow | CbamRow, kind: type[Record] | type[CbamRecord]) -> dict[str, Any]:
    found = {name: getattr(row, name) for name in kind.__dataclass_fields__}
    if row.created.tzinfo is None:  # SQLite forgets it
        found["created"] = row.created.replace(tzinfo=UTC)
    return found


def open_store(url: str | None = None) -> Store:
    """The store at a database URL (default: ``LCAENGINE_DATABASE``, else SQLite in the user's data folder), migrated; raises `NoStore`."""
    return Store(open_engine(url))
