"""The life of a rule's versions: draft → review → published → superseded or withdrawn.

``product_rules/<id>/history.yaml`` is a list that only grows, one entry for every change of state, with the SHA-256 of the
version's file on that day. From publication on a version is frozen: a file with another hash does not load.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from lcaengine.problems import Problem
from lcaengine.rules.reading import BadRule, Stamp, parse, stamp

DRAFT, REVIEW, PUBLISHED, SUPERSEDED, WITHDRAWN = STATES = ("draft", "review", "published", "superseded", "withdrawn")
FROZEN = frozenset({PUBLISHED, SUPERSEDED, WITHDRAWN})
NAME = "history.yaml"


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of state; ``date`` is an ISO day, ``sha256`` that of the version's file (line ends are not content)."""

    version: str
    state: str
    date: str
    who: str
    why: str
    sha256: str


def history_file(rule_file: Path) -> Path:
    """``<id>/history.yaml`` of ``<id>/<version>/rule.yaml``."""
    return rule_file.parent.parent / NAME


def read_history(path: Path) -> tuple[Entry, ...]:
    """The entries of a history file, none where there is no file; raises `BadRule`."""
    return _entries(path, stamp(path)) if path.is_file() else ()


@lru_cache(maxsize=256)
def _entries(path: Path, _changed: Stamp) -> tuple[Entry, ...]:
    document = parse(path.read_bytes(), path.name)
    if not isinstance(document, list):
        raise BadRule(Problem("not_a_list", path.name))
    return tuple(_entry(row, f"{path.name}/{i}") for i, row in enumerate(document))


def _entry(row: Any, where: str) -> Entry:
    fields = [f.name for f in dataclasses.fields(Entry)]
    if not isinstance(row, Mapping) or set(row) != set(fields) or row["state"] not in STATES:
        raise BadRule(Problem("bad_history", where, {"fields": fields, "states": list(STATES)}))
    return Entry(**{name: str(row[name]) for name in fields})


def state_in(entries: Iterable[Entry], version: str) -> str | None:
    """The last state of a version; None where nobody recorded one."""
    states = [e.state for e in entries if e.version == version]
    return states[-1] if states else None


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, with the line ends of Unix."""
    return _sha256(path, stamp(path))


@lru_cache(maxsize=256)
def _sha256(path: Path, _changed: Stamp) -> str:
    return hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()


def check_unchanged(rule_file: Path) -> None:
    """A version that was published is the file that was published; raises `BadRule`."""
    entries = [e for e in read_history(history_file(rule_file)) if e.version == rule_file.parent.name]
    published = [e.sha256 for e in entries if e.state == PUBLISHED]
    if published and (found := file_sha256(rule_file)) != published[-1]:
        values = {"file": "/".join(rule_file.parts[-3:]), "expected": published[-1], "found": found}
        raise BadRule(Problem("published_changed", "", values))
