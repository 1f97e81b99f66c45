"""Footprints and CBAM results as immutable records, in SQLite (WAL) or any database by URL. Every function asks for the organisation."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from sqlalchemy import Boolean, DateTime, Engine, Index, String, Text, create_engine, event, func, select, true
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store.base import Base as Base  # noqa: PLC0414 (who knows it from here)
from lcaengine.store.statements import StatementStore
from lcaengine.store.transaction import transaction

DEFAULT_ORGANISATION = "local"


class FootprintRow(Base):
    """One calculated footprint: what was given, what was answered, and with what."""

    __tablename__ = "footprints"
    __table_args__ = (Index("ix_footprints_organisation_created", "organisation_id", "created", "id"),)

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

    ``impact_allowed`` says whether the effects of new rule versions may be computed from it.
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


class NoStore(Refused):
    """The database cannot be opened."""


class Store(StatementStore):
    """Records of all organisations in one database."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def add(
        self, organisation_id: str, document: dict[str, Any], body: dict[str, Any], impact_allowed: bool = True
    ) -> Record:
        """Keep a footprint; the record's body has ``id``, ``created`` and ``links`` added."""
        identifier, created = str(uuid.uuid4()), datetime.now(UTC)
        base = f"/v1/footprints/{identifier}"
        answer = {
            "id": identifier,
            "created": created.isoformat(timespec="milliseconds"),
            **body,
            "links": {
                "self": base,
                "hotspots": base + "/hotspots",
                "tree": base + "/tree",
                "explanation": base + "/explanation",
            },
        }
        row = FootprintRow(
            id=identifier, organisation_id=organisation_id, created=created, category=body["product"]["category"],
            rule_version=body["rule"]["version"], rule_sha256=body["rule"]["sha256"], background_id=body["background"]["id"],
            document=json.dumps(document, ensure_ascii=False), body=json.dumps(answer, ensure_ascii=False, allow_nan=False),
            impact_allowed=impact_allowed,
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

    def list(self, organisation_id: str, limit: int, offset: int) -> tuple[Sequence[Record], int]:
        """Records of an organisation, newest first, and how many there are."""
        own = FootprintRow.organisation_id == organisation_id
        query = select(FootprintRow).where(own).order_by(FootprintRow.created.desc(), FootprintRow.id)
        with transaction(self.engine) as session:
            count = session.scalar(select(func.count()).select_from(FootprintRow).where(own)) or 0
            return [_record(row) for row in session.scalars(query.limit(limit).offset(offset))], count

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

    def list_cbam(self, organisation_id: str, kind: str, limit: int, offset: int) -> tuple[Sequence[CbamRecord], int]:
        """CBAM records of one kind, newest first, and how many there are."""
        own = (CbamRow.organisation_id == organisation_id) & (CbamRow.kind == kind)
        query = select(CbamRow).where(own).order_by(CbamRow.created.desc(), CbamRow.id)
        with transaction(self.engine) as session:
            count = session.scalar(select(func.count()).select_from(CbamRow).where(own)) or 0
            return [_cbam_record(row) for row in session.scalars(query.limit(limit).offset(offset))], count


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
    """The store at a database URL (default: ``LCAENGINE_DATABASE``, else SQLite in the user's data folder), migrated.

    Raises `NoStore`.
    """
    url = url or os.environ.get("LCAENGINE_DATABASE") or default_url()
    if url.startswith("postgresql://"):
        url = url.replace("://", "+psycopg://", 1)  # psycopg 3, of the extra "postgres"
    try:
        engine = create_engine(url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _sqlite_settings)
            if engine.url.database and engine.url.database != ":memory:":
                Path(engine.url.database).parent.mkdir(parents=True, exist_ok=True)
        migrate(engine)
    except (OSError, SQLAlchemyError, ImportError) as error:
        why = str(getattr(error, "orig", None) or error).splitlines()[0]
        raise NoStore(Problem("no_store", "--database", {"why": why})) from error
    return Store(engine)


def default_url() -> str:
    return f"sqlite:///{user_data_path('lcaengine') / 'lcaengine.sqlite'}"


def _sqlite_settings(connection: Any, _: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA busy_timeout=15000")
    cursor.close()


@cache
def newest_revision() -> str:
    """The migration that this program's tables are of."""
    return max(path.name[:4] for path in (Path(__file__).parent / "migrations" / "versions").glob("[0-9]*.py"))


def migrate(engine: Engine, revision: str = "head") -> None:
    """Bring the tables up to a revision with Alembic, under the database's own lock."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
