"""Whether a database is whole: its file, its revision, and that every row is what it says it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, Table, and_, func, select

from lcaengine.problems import Problem
from lcaengine.store.backup import own_revision, own_tables, rows_of, snapshot
from lcaengine.store.database import opened


def check_store(url: str | None = None) -> tuple[dict[str, Any], list[Problem]]:
    """Revision and rows by table, and what is wrong; everything is read once, nothing written. Raises `NoStore`."""
    with opened(url, create=False) as engine, snapshot(engine) as connection:
        revision = own_revision(connection)
        tables = {table.name: table for table in own_tables(connection)}
        counts = {
            name: connection.scalar(select(func.count()).select_from(table)) or 0 for name, table in tables.items()
        }
        found = [
            *_file(connection),
            *_documents(connection, tables),
            *_chains(connection, tables),
            *_contents(connection, tables),
        ]
    return {"revision": revision, "database": engine.dialect.name, "tables": counts}, found


def _file(connection: Connection) -> Iterator[Problem]:
    """What SQLite finds in its own file; PostgreSQL checks its pages when it reads them."""
    if connection.dialect.name != "sqlite":
        return
    for (text,) in connection.exec_driver_sql("PRAGMA integrity_check"):
        if text != "ok":
            yield Problem("store_file_damaged", "", {"why": text})
    for row in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        yield Problem("store_file_damaged", "", {"why": f"foreign key {tuple(row)}"})


def _documents(connection: Connection, tables: dict[str, Table]) -> Iterator[Problem]:
    """Every record reads as JSON, and its answer bears its own id."""
    for row in rows_of(connection, tables["boms"]) if "boms" in tables else ():
        try:
            json.loads(row.document)
        except ValueError:
            yield _damaged("boms", row.id, "document")
    for name in ("footprints", "cbam_records"):
        for row in rows_of(connection, tables[name]):
            try:
                json.loads(row.document)
                whole = json.loads(row.body)["id"] == row.id
            except (ValueError, TypeError, KeyError):
                whole = False
            if not whole:
                yield _damaged(name, row.id, "body")


def _chains(connection: Connection, tables: dict[str, Table]) -> Iterator[Problem]:
    """Every later version has the one before."""
    for name in ("footprints", "boms"):
        if name in tables and "version" in tables[name].columns:
            yield from _chain(connection, tables[name])


def _chain(connection: Connection, table: Table) -> Iterator[Problem]:
    before = table.alias()
    linked = and_(
        before.c.id == table.c.previous,
        before.c.organisation_id == table.c.organisation_id,
        before.c.version == table.c.version - 1,
    )
    query = select(table.c.id).outerjoin(before, linked).where(table.c.version > 1, before.c.id.is_(None))
    for identifier in connection.scalars(query):
        yield _damaged(table.name, identifier, "previous")


def _contents(connection: Connection, tables: dict[str, Table]) -> Iterator[Problem]:
    """Every file of evidence is there and is what was entered."""
    if "evidence" not in tables:
        return
    evidence, contents = tables["evidence"], tables["evidence_contents"]
    for row in rows_of(connection, contents):
        if hashlib.sha256(row.data).hexdigest() != row.sha256:
            yield _damaged("evidence_contents", row.sha256, "data")
    kept = and_(contents.c.organisation_id == evidence.c.organisation_id, contents.c.sha256 == evidence.c.sha256)
    query = (
        select(evidence.c.id).outerjoin(contents, kept).where(evidence.c.removed.is_(None), contents.c.sha256.is_(None))
    )
    for identifier in connection.scalars(query):
        yield _damaged("evidence", identifier, "file")


def _damaged(table: str, identifier: str, what: str) -> Problem:
    return Problem("store_row_damaged", f"{table}/{identifier}", {"table": table, "id": identifier, "what": what})
