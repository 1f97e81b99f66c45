"""All data of one organisation: what there is, taken along as readable files, or removed for good (docs/store.md).

Whatever table has a column ``organisation_id`` belongs to it, whoever declared the table; what others share with it
(``receiver``) goes with it, too.
"""

from __future__ import annotations

import csv
import io
import json
import re
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import (
    ColumnElement,
    Connection,
    DateTime,
    Index,
    String,
    Table,
    Text,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from lcaengine.problems import NotFound, Problem
from lcaengine.store.archive import plain
from lcaengine.store.audit import AuditRow
from lcaengine.store.backup import rows_of, snapshot
from lcaengine.store.base import Base
from lcaengine.store.database import without_timeouts
from lcaengine.store.evidence import ContentRow, EvidenceRow, Retained
from lcaengine.store.media import EXTENSIONS
from lcaengine.store.organisations import OrganisationRow
from lcaengine.store.records import Store
from lcaengine.store.transaction import transaction

__all__ = ["delete_organisation", "export_organisation", "organisation_counts", "retained_evidence"]

COLUMNS = ("kind", "id", "created", "name", "total", "unit", "file")
OWNERS = ("organisation_id", "receiver")
DELETED = "deleteOrganisation"
README = """本压缩包是组织“{organisation}”在 {day} 的全部数据。overview.csv 列出每个文件。
statements/ 为签署的原文；evidence/ 为证据文件，登记信息在 tables/evidence.ndjson；tables/ 为其余各表，每行一条 JSON。
密钥与口令的散列值不在其中。

All data of the organisation "{organisation}" on {day}. overview.csv lists every file.
statements/: as signed. evidence/: the files; what is recorded of them is in tables/evidence.ndjson. tables/: every other table,
one JSON object a row. Hashes of keys and passwords are left out.
"""
_SECRET = re.compile(r"(^|_)(hash|secret|password|token)(_|$)")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LEFT_OUT = ("answers", "links")  # encrypted by keys that the server does not have; and what works once
_DOCUMENTS = ("footprints", "cbam_records", "statements", "evidence_contents")  # written as files of their own


class DeletionRow(Base):
    """That an organisation's data were deleted, when and why; open only within the transaction that deletes."""

    __tablename__ = "deletions"
    __table_args__ = (Index("ix_deletions_organisation", "organisation_id", "finished"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    organisation_id: Mapped[str] = mapped_column(String(64))
    started: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    reason: Mapped[str] = mapped_column(Text)
    counts: Mapped[str] = mapped_column(Text)


def organisation_counts(store: Store, organisation_id: str) -> dict[str, int]:
    """How many rows of each table belong to an organisation; raises `NotFound` where it has none."""
    with transaction(store.engine) as session:
        return _counts(session.connection(), organisation_id)


def retained_evidence(store: Store, organisation_id: str, on: date | None = None) -> tuple[int, date | None]:
    """How many files of evidence are still to be kept, and until when. ``on``: the day, by default today."""
    with transaction(store.engine) as session:
        return _retained(session.connection(), organisation_id, on)


def export_organisation(store: Store, organisation_id: str, file: IO[bytes]) -> dict[str, int]:
    """Write all data of an organisation as a zip, one state of them; returns rows by table. Raises `NotFound`."""
    with snapshot(store.engine) as connection:
        counts = _counts(connection, organisation_id)
        with ZipFile(file, "w", ZIP_DEFLATED) as zipped:
            overview = io.StringIO()
            table = csv.writer(overview)
            table.writerow(COLUMNS)
            for entry in _documents(connection, organisation_id, zipped):
                table.writerow([_cell(value) for value in entry])
            for name in counts.keys() - {*_DOCUMENTS, *_LEFT_OUT}:
                _write_rows(connection, organisation_id, Base.metadata.tables[name], zipped)
            zipped.writestr("overview.csv", "\ufeff" + overview.getvalue())
            day = datetime.now(UTC).date().isoformat()
            zipped.writestr("README.txt", README.format(organisation=organisation_id, day=day))
    return counts


def delete_organisation(
    store: Store, organisation_id: str, reason: str = "", despite_retention: bool = False, on: date | None = None
) -> dict[str, int]:
    """Remove all data of an organisation, all or nothing; an entry that this happened stays. Returns rows by table.

    Raises `NotFound`; `Retained` while evidence is to be kept, unless ``despite_retention``, which needs a reason.
    """
    with transaction(store.engine) as session:
        connection = session.connection()
        if connection.dialect.name == "postgresql":
            without_timeouts(connection)
        else:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")  # what was removed is overwritten
        counts = _counts(connection, organisation_id)
        count, day = _retained(connection, organisation_id, on)
        if day is not None and not (despite_retention and reason.strip()):
            values = {"organisation": organisation_id, "count": count, "day": day.isoformat()}
            raise Retained(Problem("store_retained", "--despite-retention", values))
        _delete(connection, organisation_id, reason.strip(), counts)
        session.add(AuditRow(
            organisation_id=organisation_id, at=datetime.now(UTC), actor="operator", action=DELETED,
            target=f"/v1/organisations/{organisation_id}", status=200, request_id="",
        ))  # fmt: skip
    return counts


def _delete(connection: Connection, organisation_id: str, reason: str, counts: Mapping[str, int]) -> None:
    """The entry is open while the rows go: the triggers of migration 0009 let nothing be removed otherwise."""
    entry, now = str(uuid.uuid4()), datetime.now(UTC)
    connection.execute(
        insert(DeletionRow).values(id=entry, organisation_id=organisation_id, started=now, reason=reason, counts=json.dumps(counts))
    )  # fmt: skip
    for table in reversed(Base.metadata.sorted_tables):
        if (own := _own(table, organisation_id)) is not None:
            connection.execute(delete(table).where(own))
    connection.execute(update(DeletionRow).where(DeletionRow.id == entry).values(finished=datetime.now(UTC)))


def _own(table: Table, organisation_id: str) -> ColumnElement[bool] | None:
    """Which rows of a table belong to an organisation, or were given to it by another; None: the table has none."""
    if table.name == DeletionRow.__tablename__:
        return None
    if table.name == OrganisationRow.__tablename__:
        return table.c.id == organisation_id
    columns = [column for column in table.columns if column.name in OWNERS]
    own = or_(*(column == organisation_id for column in columns))
    if table.name == AuditRow.__tablename__:
        own &= or_(table.c.action != DELETED, table.c.status != 200)  # one that was refused goes, too
    return own if columns else None


def _counts(connection: Connection, organisation_id: str) -> dict[str, int]:
    found = {}
    for table in Base.metadata.sorted_tables:
        if (own := _own(table, organisation_id)) is not None:
            found[table.name] = connection.scalar(select(func.count()).select_from(table).where(own)) or 0
    if not any(found.values()):
        raise NotFound(Problem("store_no_data", "", {"organisation": organisation_id}))
    return {name: count for name, count in found.items() if count}


def _retained(connection: Connection, organisation_id: str, on: date | None) -> tuple[int, date | None]:
    query = select(func.count(), func.max(EvidenceRow.retain_until)).where(
        EvidenceRow.organisation_id == organisation_id,
        EvidenceRow.removed.is_(None),
        EvidenceRow.retain_until >= (on or datetime.now(UTC).date()),
    )
    count, day = connection.execute(query).one()
    return count, day


def _documents(connection: Connection, organisation_id: str, zipped: ZipFile) -> Iterator[tuple[Any, ...]]:
    """Footprints, CBAM records, statements and evidence as files; yields their rows of the overview."""
    for row in _rows(connection, organisation_id, "footprints"):
        answer, file = json.loads(row.body), f"footprints/{row.id}.json"
        _write_json(zipped, file, {"document": json.loads(row.document), "footprint": answer})
        total, name = answer["total"], answer["product"]["name"]
        yield "footprint", row.id, plain(row.created), _name(name), total["value"], total["unit"], file
    for row in _rows(connection, organisation_id, "cbam_records"):
        file = f"cbam/{row.kind}/{row.id}.json"
        _write_json(zipped, file, {"document": json.loads(row.document), "answer": json.loads(row.body)})
        yield f"cbam {row.kind}", row.id, plain(row.created), "", "", "", file
    for row in _rows(connection, organisation_id, "statements"):
        file = f"statements/{row.id}.json"
        zipped.writestr(file, row.document)
        yield f"statement {row.status}", row.id, plain(row.created), row.footprint_id, "", "", file
    for row in _rows(connection, organisation_id, "evidence"):
        content = select(ContentRow.data).where(
            ContentRow.organisation_id == organisation_id, ContentRow.sha256 == row.sha256
        )
        file = f"evidence/{row.id}.{EXTENSIONS[row.media_type][0]}" if row.removed is None else ""
        if file:
            zipped.writestr(file, connection.execute(content).scalar_one())
        yield "evidence", row.id, plain(row.created), row.file_name, row.size, "B", file


def _rows(connection: Connection, organisation_id: str, name: str) -> Iterator[Any]:
    table = Base.metadata.tables[name]
    return rows_of(connection, table, table.c.organisation_id == organisation_id)


def _write_rows(connection: Connection, organisation_id: str, table: Table, zipped: ZipFile) -> None:
    own = _own(table, organisation_id)
    if own is None:
        return
    with zipped.open(f"tables/{table.name}.ndjson", "w", force_zip64=True) as member:
        for row in rows_of(connection, table, own):
            shown = {key: plain(value) for key, value in row._mapping.items() if not _SECRET.search(str(key))}
            member.write(json.dumps(shown, ensure_ascii=False).encode() + b"\n")


def _write_json(zipped: ZipFile, file: str, value: Any) -> None:
    zipped.writestr(file, json.dumps(value, ensure_ascii=False, indent=1))


def _name(name: Mapping[str, str]) -> str:
    return name.get("en") or next(iter(name.values()), "")


def _cell(value: Any) -> Any:
    """A spreadsheet calculates nothing that somebody gave as a name."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
