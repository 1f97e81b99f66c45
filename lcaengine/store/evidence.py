"""Evidence files attached to figures: what was seen, by whom and when it was entered, kept for six years, never changed.

A figure is a place (JSON pointer, RFC 6901) in the document of a footprint or of a CBAM installation. Files stand in the
database itself, once per organisation and content (docs/evidence.md). Every function asks for the organisation.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
import uuid
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import Date, DateTime, Index, Integer, LargeBinary, String, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from lcaengine.problems import NotFound, Problem, Refused, TooLarge
from lcaengine.store.base import Base
from lcaengine.store.evidence_checks import (
    KINDS,
    Figure,
    WrongType,
    figure_problems,
    has_place,
    media_type_of,
    text_problems,
)
from lcaengine.store.listing import Listed, Listing, Page, before, equal, holds, since
from lcaengine.store.records import CbamRow, FootprintRow, Store
from lcaengine.store.transaction import inside, transaction

__all__ = [
    "KINDS", "MAX_BYTES", "Evidence", "Figure", "Retained", "WrongType", "add_evidence", "evidence_file", "get_evidence", "list_evidence",
    "remove_evidence", "retained_until",
]  # fmt: skip

MAX_BYTES = 8_000_000
RETENTION_YEARS = 6
_TRIES = 40  # writers that enter a version of the same figure at once take turns


class Retained(Refused):
    """Before the end of its retention nothing is removed."""

    status = 409


class EvidenceRow(Base):
    """One file entered for one figure. A row is never removed; at the end of the retention its file may be."""

    __tablename__ = "evidence"
    __table_args__ = (
        Index("ix_evidence_listing", "organisation_id", "created", "id"),
        Index("ix_evidence_version", "organisation_id", "kind", "record", "pointer", "version", unique=True),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    created: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    kind: Mapped[str] = mapped_column(String(20))
    record: Mapped[str] = mapped_column(String(36))
    pointer: Mapped[str] = mapped_column(String(300))
    version: Mapped[int] = mapped_column(Integer)
    previous: Mapped[str | None] = mapped_column(String(36))
    sha256: Mapped[str] = mapped_column(String(64))
    size: Mapped[int] = mapped_column(Integer)
    media_type: Mapped[str] = mapped_column(String(100))
    file_name: Mapped[str] = mapped_column(String(200))
    entered_by: Mapped[str] = mapped_column(String(200))
    retain_until: Mapped[date] = mapped_column(Date)
    removed: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    removed_by: Mapped[str | None] = mapped_column(String(200))


class ContentRow(Base):
    """The bytes of a file, once per organisation: that another has the same file is not to be learnt."""

    __tablename__ = "evidence_contents"

    organisation_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    data: Mapped[bytes] = mapped_column(LargeBinary)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is recorded of one file. ``version`` counts the files of a figure from 1, ``previous`` names the one before."""

    id: str
    created: datetime
    kind: str
    record: str
    pointer: str
    version: int
    previous: str | None
    sha256: str
    size: int
    media_type: str
    file_name: str
    entered_by: str
    retain_until: date
    removed: datetime | None
    removed_by: str | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready, as the API answers it."""
        shown: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        shown |= {"created": _moment(self.created), "removed": _moment(self.removed) if self.removed else None}
        shown["retain_until"] = self.retain_until.isoformat()
        return shown


def add_evidence(
    store: Store, organisation_id: str, figure: Figure, data: bytes, file_name: str, entered_by: str
) -> Evidence:
    """Keep a file for a figure of the organisation, as the newest version.

    Raises `NotFound` (no such record, no such place), `TooLarge`, `WrongType`, `Refused`.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("statement_evidence_too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    name, person = unicodedata.normalize("NFC", file_name).strip(), entered_by.strip()
    if problems := [
        *text_problems("file_name", name),
        *text_problems("entered_by", person),
        *figure_problems(figure),
    ]:
        raise Refused(problems)
    media_type = media_type_of(data, name)
    for _ in range(_TRIES):
        try:
            with transaction(store.engine) as session:
                _check_figure(session, organisation_id, figure)
                row = _row(session, organisation_id, figure, data, (media_type, name, person))
                session.add(row)
            return _evidence(row)
        except IntegrityError:  # another program entered that version, or that content, a moment ago
            if inside(store.engine):
                raise  # the whole transaction is tried again
    raise Refused(Problem("statement_evidence_busy", figure.pointer))


def _row(
    session: Session, organisation_id: str, figure: Figure, data: bytes, described: tuple[str, str, str]
) -> EvidenceRow:
    """The record of a new version; its content is kept where it is not there yet."""
    before = session.scalars(
        select(EvidenceRow).where(_of(organisation_id, figure)).order_by(EvidenceRow.version.desc()).limit(1)
    ).one_or_none()
    digest, now = hashlib.sha256(data).hexdigest(), datetime.now(UTC)
    if session.get(ContentRow, (organisation_id, digest)) is None:
        session.add(ContentRow(organisation_id=organisation_id, sha256=digest, data=data))
    media_type, name, person = described
    until = retained_until(now.date())
    return EvidenceRow(
        id=str(uuid.uuid4()), organisation_id=organisation_id, created=now, kind=figure.kind, record=figure.record,
        pointer=figure.pointer, version=before.version + 1 if before else 1, previous=before.id if before else None,
        sha256=digest, size=len(data), media_type=media_type, file_name=name, entered_by=person,
        retain_until=max(until, before.retain_until) if before else until,  # a clock set back shortens nothing
    )  # fmt: skip


def retained_until(entered: date) -> date:
    """The last day of the sixth calendar year after the one of entry: six years after the end of any period it belongs to."""
    return date(entered.year + RETENTION_YEARS, 12, 31)


def get_evidence(store: Store, organisation_id: str, identifier: str) -> Evidence:
    """What is recorded of a file of an organisation; raises `NotFound`, also for another organisation's."""
    with transaction(store.engine) as session:
        return _evidence(_own(session, organisation_id, identifier))


def evidence_file(store: Store, organisation_id: str, identifier: str) -> bytes:
    """A file as it was entered; raises `NotFound`, `Refused` where its bytes are no longer what was entered."""
    with transaction(store.engine) as session:
        row = _own(session, organisation_id, identifier)
        kept = session.get(ContentRow, (organisation_id, row.sha256))
        if row.removed is not None or kept is None:
            raise NotFound(Problem("statement_evidence_removed", "", {"id": identifier}))
        if hashlib.sha256(kept.data).hexdigest() != row.sha256:
            raise Refused(Problem("statement_evidence_altered", "", {"id": identifier}))
        return bytes(kept.data)


EVIDENCE = Listing(
    EvidenceRow,
    {"created": EvidenceRow.created, "retain_until": EvidenceRow.retain_until, "file_name": EvidenceRow.file_name},
    {
        "kind": equal(EvidenceRow.kind), "record": equal(EvidenceRow.record), "pointer": equal(EvidenceRow.pointer),
        "sha256": equal(EvidenceRow.sha256), "file_name": holds(EvidenceRow.file_name),
        "created_after": since(EvidenceRow.created), "created_before": before(EvidenceRow.created),
    },
)  # fmt: skip
_NEWEST = Page()


def list_evidence(store: Store, organisation_id: str, page: Page = _NEWEST) -> Listed:
    """Files of an organisation, by default the newest first."""
    with transaction(store.engine) as session:
        found = EVIDENCE.page(session, page, EvidenceRow.organisation_id == organisation_id)
        return found._replace(items=[_evidence(row) for row in found.items])


def remove_evidence(
    store: Store, organisation_id: str, identifier: str, removed_by: str, on: date | None = None
) -> Evidence:
    """Take a file away after the end of its retention; what is recorded of it stays. ``on``: the day, by default today.

    Raises `NotFound`, `Retained`.
    """
    with transaction(store.engine) as session:
        row = _own(session, organisation_id, identifier)
        if (on or datetime.now(UTC).date()) <= row.retain_until:
            values = {"id": identifier, "day": row.retain_until.isoformat()}
            raise Retained(Problem("statement_evidence_retained", "", values))
        if problems := list(text_problems("removed_by", removed_by)):
            raise Refused(problems)
        row.removed, row.removed_by = row.removed or datetime.now(UTC), row.removed_by or removed_by
        session.flush()
        _drop_content(session, organisation_id, row.sha256)
    return _evidence(row)


def _drop_content(session: Session, organisation_id: str, digest: str) -> None:
    """The bytes go when no entry needs them any more."""
    needed = select(EvidenceRow.id).where(
        EvidenceRow.organisation_id == organisation_id, EvidenceRow.sha256 == digest, EvidenceRow.removed.is_(None)
    )
    kept = session.get(ContentRow, (organisation_id, digest))
    if kept is not None and session.scalars(needed.limit(1)).first() is None:
        session.delete(kept)


def _own(session: Session, organisation_id: str, identifier: str) -> EvidenceRow:
    query = select(EvidenceRow).where(EvidenceRow.id == identifier, EvidenceRow.organisation_id == organisation_id)
    row = session.scalars(query).one_or_none() if "\0" not in identifier else None  # PostgreSQL takes no NUL
    if row is None:
        raise NotFound(Problem("statement_evidence_unknown", "", {"id": identifier}))
    return row


def _of(organisation_id: str, figure: Figure) -> Any:
    return (
        (EvidenceRow.organisation_id == organisation_id)
        & (EvidenceRow.kind == figure.kind)
        & (EvidenceRow.record == figure.record)
        & (EvidenceRow.pointer == figure.pointer)
    )


def _check_figure(session: Session, organisation_id: str, figure: Figure) -> None:
    """Raises `NotFound` where the organisation has no such record, or its document no such place."""
    if figure.kind == "footprints":
        query = select(FootprintRow.document).where(
            FootprintRow.id == figure.record, FootprintRow.organisation_id == organisation_id
        )
    else:
        query = select(CbamRow.document).where(
            CbamRow.id == figure.record, CbamRow.organisation_id == organisation_id, CbamRow.kind == figure.kind
        )
    document = session.scalars(query).one_or_none()
    values = {"kind": figure.kind, "id": figure.record}
    if document is None:
        raise NotFound(Problem("statement_evidence_no_record", "", values))
    if not has_place(json.loads(document), figure.pointer):
        raise NotFound(Problem("statement_evidence_no_figure", figure.pointer, {**values, "pointer": figure.pointer}))


def _evidence(row: EvidenceRow) -> Evidence:
    found = {f.name: getattr(row, f.name) for f in fields(Evidence)}
    for name in ("created", "removed"):
        if found[name] is not None and found[name].tzinfo is None:  # SQLite forgets it
            found[name] = found[name].replace(tzinfo=UTC)
    return Evidence(**found)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
