"""Backup and restore of the whole database, in one form for SQLite and PostgreSQL: what one wrote, the other reads.

A backup is one snapshot, taken while others write. It holds every table, hashed secrets too, but neither the keys that sign
statements (``LCAENGINE_KEYS``) nor the files of batches: those are folders (docs/store.md).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from sqlalchemy import JSON, ColumnElement, Connection, Engine, LargeBinary, MetaData, Row, Table, func, inspect, select

from lcaengine import __version__
from lcaengine.problems import Problem, Refused
from lcaengine.store import archive
from lcaengine.store.database import (
    NoStore,
    alone,
    check_known,
    opened,
    revision_of,
    upgrade,
    without_timeouts,
)


class NotEmpty(Refused):
    """A backup is restored into an empty database only."""

    status = 409


def backup(path: Path, url: str | None = None) -> dict[str, Any]:
    """Write a backup of a database as it is, not migrated; returns rows by table and the file's SHA-256.

    Raises `NoStore`, `Refused` (the file cannot be written).
    """
    with opened(url, create=False) as engine, snapshot(engine) as connection:
        about = {
            "engine": __version__, "revision": own_revision(connection), "database": engine.dialect.name,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }  # fmt: skip
        with archive.written(path) as zipped:
            tables = [_write(zipped, connection, table) for table in own_tables(connection)]
            archive.write_manifest(zipped, tables, about)
    return _summary(path, about, tables)


def restore(path: Path, url: str | None = None) -> dict[str, Any]:
    """Write a backup into an empty database, all or nothing; one of an older program is migrated.

    Raises `Unreadable` before the database is touched, `NotEmpty`, `NoStore`.
    """
    with archive.verified(path) as kept:
        check_known(kept.about["revision"])
        with opened(url) as engine, engine.connect() as connection, alone(connection):
            if inspect(connection).get_table_names():
                raise NotEmpty(Problem("store_not_empty", "--database"))
            upgrade(connection, kept.about["revision"])
            _fill(connection, kept)
            upgrade(connection, "head")
        return _summary(path, kept.about, kept.tables)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """One state of the database, whatever others write meanwhile."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        else:
            connection.execution_options(isolation_level="REPEATABLE READ")
            without_timeouts(connection)
        yield connection


def own_revision(connection: Connection) -> str:
    """The revision of a database with tables of ours; raises `NoStore`."""
    found = revision_of(connection)
    if found is None:
        raise NoStore(Problem("store_no_tables", "--database"))
    return found


def own_tables(connection: Connection) -> list[Table]:
    """The tables of a database as they are, a table after those it refers to."""
    metadata = MetaData()
    metadata.reflect(connection)
    tables = [table for table in metadata.sorted_tables if table.name != "alembic_version"]
    for column in (column for table in tables for column in table.columns):
        if isinstance(column.type, JSON):
            column.type.none_as_null = bool(column.nullable)  # no value is not the JSON value null
    return tables


def rows_of(connection: Connection, table: Table, *conditions: ColumnElement[bool]) -> Iterator[Row[Any]]:
    """The rows of a table in the order of its key, streamed."""
    query = select(table).where(*conditions).order_by(*table.primary_key.columns)
    yield from connection.execute(query, execution_options={"yield_per": _at_once(table)})


def _at_once(table: Table) -> int:
    """How many rows are in memory; one with a file in it comes alone."""
    return 1 if any(isinstance(column.type, LargeBinary) for column in table.columns) else 500


def _write(zipped: ZipFile, connection: Connection, table: Table) -> archive.Table:
    columns = [column.name for column in table.columns]
    return archive.write_table(zipped, table.name, columns, (tuple(row) for row in rows_of(connection, table)))


def _fill(connection: Connection, kept: archive.Backup) -> None:
    """The rows of a backup, in place of what the migrations may have written."""
    tables = {table.name: table for table in own_tables(connection)}
    for table in reversed(tables.values()):
        connection.execute(table.delete())
    described = {table.name: table for table in kept.tables}
    for name, table in tables.items():
        rows = _read(table, kept, described[name])
        while some := list(islice(rows, _at_once(table))):
            connection.execute(table.insert(), some)
        _continue_numbers(connection, table)


def _read(table: Table, kept: archive.Backup, described: archive.Table) -> Iterator[dict[str, Any]]:
    readers = [archive.reader(table.columns[name].type.python_type) for name in described.columns]
    for row in kept.rows(described):
        yield {name: read(value) for name, read, value in zip(described.columns, readers, row, strict=True)}


def _continue_numbers(connection: Connection, table: Table) -> None:
    """The next number that PostgreSQL gives comes after those of the backup; SQLite looks for itself."""
    number = table.autoincrement_column
    if connection.dialect.name != "postgresql" or number is None:
        return
    sequence = func.pg_get_serial_sequence(table.name, number.name)
    last = select(func.max(number)).scalar_subquery()
    connection.execute(select(func.setval(sequence, last)).where(sequence.is_not(None), last.is_not(None)))


def _summary(path: Path, about: Mapping[str, Any], tables: Sequence[archive.Table]) -> dict[str, Any]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return {
        "file": str(path), "bytes": path.stat().st_size, "sha256": digest, **about, "tables": {table.name: table.rows for table in tables},
    }  # fmt: skip
