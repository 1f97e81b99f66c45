"""Zip files that are the same bytes on every machine, and reading foreign ones without trusting them.

Entries are stored, not compressed: what a compressor writes depends on its version. Nothing is read before all of the
directory was looked at, and nothing is ever written to disk.
"""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator, Mapping

from lcaengine.problems import Malformed, Problem, Refused, TooLarge

MAX_BYTES = 200_000_000
MAX_ENTRIES = 5_000
MAX_UNPACKED = 200_000_000
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,119}(/[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,119}){0,5}")
_WHEN = (1980, 1, 1, 0, 0, 0)
_HEADER = 30  # bytes of a local header before its name
_ENCRYPTED = 0x1


class Damaged(Refused):
    """Entries whose bytes are not those that were packed."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """A zip of files, by name, always the same bytes for the same files."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, _WHEN)
            entry.create_system, entry.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            archive.writestr(entry, files[name])
    return packed.getvalue()


def check_size(size: int, entries: int) -> None:
    """Raises `TooLarge` for what `unpack` would refuse."""
    for what, found, limit in (("B", size, MAX_BYTES), ("entries", entries, MAX_ENTRIES)):
        if found > limit:
            raise TooLarge(
                Problem("statement_bundle_too_large", "", {"what": f"{found} {what}", "limit": f"{limit} {what}"})
            )


def unpack(data: bytes) -> dict[str, bytes]:
    """The files of a zip by name; raises `Malformed` or `TooLarge` before anything is unpacked, `Damaged` after it."""
    check_size(len(data), 0)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
            _check(entries, len(data))
            return _unpacked(archive, entries)
    except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError, EOFError, RuntimeError) as error:
        raise Malformed(Problem("statement_bundle_no_zip", "", {"why": str(error) or type(error).__name__})) from error


def _check(entries: list[zipfile.ZipInfo], size: int) -> None:
    """Raises `TooLarge` for a bomb, else `Malformed` with every entry that may not be."""
    unpacked = sum(e.file_size for e in entries)
    for what, found, limit in (("entries", len(entries), MAX_ENTRIES), ("bytes", unpacked, MAX_UNPACKED)):
        if found > limit:
            raise TooLarge(Problem("statement_bundle_too_large", "", {"what": f"{found} {what}", "limit": limit}))
    if problems := [*_bad_names(entries), *_bad_entries(entries), *_overlaps(entries, size)]:
        raise Malformed(problems)


def _bad_names(entries: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    """Names that lead out of a folder, that some system reads otherwise, or that are there twice."""
    seen: set[str] = set()
    for entry in entries:
        name = entry.orig_filename
        if not _NAME.fullmatch(name) or name != entry.filename:
            yield Problem("statement_bundle_name", name[:100], {"name": name})
        if name.casefold() in seen:
            yield Problem("statement_bundle_twice", name[:100], {"name": name})
        seen.add(name.casefold())


def _bad_entries(entries: list[zipfile.ZipInfo]) -> Iterator[Problem]:
    """What is no plain file: a link, something encrypted or packed in another way."""
    for entry in entries:
        kind = stat.S_IFMT(entry.external_attr >> 16)
        plain = kind in (0, stat.S_IFREG) and not entry.flag_bits & _ENCRYPTED
        if not plain or entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield Problem("statement_bundle_entry", entry.filename, {"name": entry.filename})


def _overlaps(entries: list[zipfile.ZipInfo], size: int) -> Iterator[Problem]:
    """Entries that share bytes: the way of bombs whose directory promises more than there is."""
    end = 0
    for entry in sorted(entries, key=lambda e: e.header_offset):
        if entry.header_offset < end:
            yield Problem("statement_bundle_entry", entry.filename, {"name": entry.filename})
        end = entry.header_offset + _HEADER + len(entry.filename.encode()) + entry.compress_size
    if entries and end > size:
        yield Problem("statement_bundle_entry", "", {"name": entries[-1].filename})


def _unpacked(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    """Raises `Damaged` with every entry that fails its CRC or its size."""
    found, damaged = {}, []
    for entry in entries:
        try:
            found[entry.filename] = _read(archive, entry)
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            values = {"name": entry.filename, "why": str(error) or type(error).__name__}
            damaged.append(Problem("statement_bundle_damaged", entry.filename, values))
    if damaged:
        raise Damaged(damaged)
    return found


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """An entry, never more than its directory says, with its CRC checked; raises `zipfile.BadZipFile`, `zlib.error`."""
    with archive.open(entry) as file:
        found = file.read(entry.file_size)
        if file.read(1) or len(found) != entry.file_size:
            raise zipfile.BadZipFile("size")
    return found
