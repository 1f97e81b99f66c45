"""A zip of tables as NDJSON that says itself whether it is whole: the last 64 bytes are the SHA-256 of all before them.

A row is a JSON list in the order of the columns; moments are UTC, bytes are base64. Everything is streamed.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lcaengine.problems import Problem, Refused

MANIFEST = "manifest.json"
FORMAT = 1
_SEAL = 64
_CHUNK = 1 << 20
_MAX_LINE = 1 << 27  # a file of evidence in base64 is a tenth of it


class Unreadable(Refused):
    """A backup that is not whole, or not one."""


@contextmanager
def written(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip that is written aside, sealed, and moved into place; raises `Refused` where it cannot be written."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.touch(mode=0o600)  # it holds what the database holds
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            yield archive
            archive.comment = b"0" * _SEAL
        with aside.open("r+b") as file:
            seal = _digest_of(file, os.path.getsize(aside) - _SEAL)
            file.seek(-_SEAL, os.SEEK_END)
            file.write(seal.encode())
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except OSError as error:
        raise Refused(Problem("cannot_write", "", {"path": str(path), "why": error.strerror or str(error)})) from error
    finally:
        aside.unlink(missing_ok=True)


@dataclass(frozen=True)
class Table:
    """What the manifest says of a table."""

    name: str
    columns: Sequence[str]
    rows: int
    sha256: str

    @property
    def member(self) -> str:
        return f"tables/{self.name}.ndjson"


def write_table(archive: zipfile.ZipFile, name: str, columns: Sequence[str], rows: Iterator[Sequence[Any]]) -> Table:
    digest, count = hashlib.sha256(), 0
    with archive.open(f"tables/{name}.ndjson", "w", force_zip64=True) as member:
        for row in rows:
            line = (
                json.dumps([plain(value) for value in row], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            )
            digest.update(line)
            member.write(line)
            count += 1
    return Table(name, columns, count, digest.hexdigest())


def write_manifest(archive: zipfile.ZipFile, tables: Sequence[Table], about: Mapping[str, Any]) -> None:
    described = [{"name": t.name, "columns": list(t.columns), "rows": t.rows, "sha256": t.sha256} for t in tables]
    archive.writestr(MANIFEST, json.dumps({"format": FORMAT, **about, "tables": described}, indent=1))


@dataclass
class Backup:
    """A backup that was read through once and is what its manifest says."""

    archive: zipfile.ZipFile
    about: Mapping[str, Any]
    tables: Sequence[Table] = field(default_factory=list)

    def rows(self, table: Table) -> Iterator[list[Any]]:
        with self.archive.open(table.member) as member:
            while line := member.readline(_MAX_LINE):
                yield json.loads(line)


@contextmanager
def verified(path: Path) -> Iterator[Backup]:
    """A backup whose seal, hashes and counts hold; raises `Unreadable`, `Refused`."""
    try:
        with path.open("rb") as file:
            _check_seal(file, path)
            with zipfile.ZipFile(file) as archive:
                about = json.loads(archive.read(MANIFEST))
                if about["format"] != FORMAT:
                    raise ValueError(f"format {about['format']}")
                backup = Backup(archive, about, [Table(**table) for table in about["tables"]])
                for table in backup.tables:
                    _check_table(archive, table)
                yield backup
    except OSError as error:
        raise Refused(Problem("no_file", "", {"path": str(path), "why": error.strerror or str(error)})) from error
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
        raise Unreadable(Problem("store_backup_unreadable", "", {"path": str(path), "why": str(error)})) from error


def _check_seal(file: Any, path: Path) -> None:
    size = path.stat().st_size
    if size <= _SEAL:
        raise ValueError(f"{size} B")
    digest = _digest_of(file, size - _SEAL)
    seal = file.read(_SEAL)
    if seal != digest.encode():
        raise ValueError(f"SHA-256 {digest[:12]}… ≠ {seal[:12].decode('ascii', 'replace')}…")
    file.seek(0)


def _check_table(archive: zipfile.ZipFile, table: Table) -> None:
    digest, rows = hashlib.sha256(), 0
    with archive.open(table.member) as member:
        while chunk := member.read(_CHUNK):
            digest.update(chunk)
            rows += chunk.count(b"\n")
    if (digest.hexdigest(), rows) != (table.sha256, table.rows):
        raise ValueError(f"{table.name}: {rows} rows, SHA-256 {digest.hexdigest()[:12]}…")


def _digest_of(file: Any, size: int) -> str:
    """The SHA-256 of the first bytes of a file."""
    digest = hashlib.sha256()
    file.seek(0)
    while size and (chunk := file.read(min(size, _CHUNK))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest()


def plain(value: Any) -> Any:
    """A value of a column as JSON has it."""
    match value:
        case datetime():
            aware = value if value.tzinfo else value.replace(tzinfo=UTC)  # SQLite forgets it
            return aware.astimezone(UTC).isoformat()
        case date() | Decimal():
            return str(value)
        case bytes() | memoryview():
            return base64.b64encode(value).decode()
    return value


def reader(kind: type) -> Callable[[Any], Any]:
    """How a value that stands as JSON becomes one of a column again."""
    readers: dict[type, Callable[[Any], Any]] = {
        datetime: datetime.fromisoformat, date: date.fromisoformat, Decimal: Decimal, bytes: base64.b64decode,
    }  # fmt: skip
    read = readers.get(kind)
    return (lambda value: value if value is None else read(value)) if read else (lambda value: value)
