"""What stands beside a rule, written from outside: its tests and worked inventories, as long as it is a draft."""

from __future__ import annotations

import re
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path

from lcaengine.bom import read_document
from lcaengine.problems import NotFound, Problem, Refused, TooLarge
from lcaengine.rules.history import DRAFT, REVIEW, file_sha256
from lcaengine.rules.library import rule_state
from lcaengine.rules.reading import MAX_BYTES
from lcaengine.upkeep.drafts import check_changeable, check_expected, check_writable
from lcaengine.upkeep.publishing import locked, record, write
from lcaengine.upkeep.testing import read_cases

NAME = re.compile(r"[a-z0-9-]{1,60}")
MOST_FILES = 50


@dataclass(frozen=True, slots=True)
class Kind:
    """A folder beside a rule, and how its files are called."""

    folder: str
    suffix: str


TESTS = Kind("tests", ".yaml")
INVENTORIES = Kind("inventories", ".json")


def files_beside(rule_file: Path, kind: Kind) -> dict[str, Path]:
    """The files of a kind beside a rule, by name."""
    found = sorted((rule_file.parent / kind.folder).glob(f"*{kind.suffix}"))
    return {path.stem: path for path in found if path.is_file() and not path.name.startswith(".")}


def file_beside(rule_file: Path, kind: Kind, name: str) -> Path:
    """A file beside a rule; raises `NotFound`."""
    found = files_beside(rule_file, kind)
    if name not in found:
        raise NotFound(Problem("nothing_beside", "", {"name": name, "folder": kind.folder, "known": list(found)}))
    return found[name]


def put_beside(
    rule_file: Path, kind: Kind, name: str, data: bytes, expected: Container[str] | None, who: str
) -> tuple[Path, bool]:
    """Create or change a file beside a draft; returns it and whether it is new. A rule under review is a draft again.

    Raises `Refused` for a name or a content that cannot be used, and what `put_draft` raises for the state of the rule and
    the hash that the writer has seen.
    """
    if not NAME.fullmatch(name):
        raise Refused(Problem("file_name", "/name", {"value": name}))
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    check_writable(rule_file)
    if kind is TESTS:
        read_cases(data, f"{name}{kind.suffix}")
    else:
        read_document(data)
    path = rule_file.parent / kind.folder / f"{name}{kind.suffix}"
    with locked(rule_file):
        created = not path.is_file()
        check_changeable(rule_file)
        check_expected(path, expected)
        if created and len(files_beside(rule_file, kind)) >= MOST_FILES:
            raise Refused(Problem("too_many_beside", "", {"folder": kind.folder, "limit": MOST_FILES}))
        if rule_state(rule_file) == REVIEW:
            record(rule_file, DRAFT, who, f"{kind.folder}/{path.name} written", file_sha256(rule_file))
        write(path, data.decode("utf-8-sig").replace("\r\n", "\n"))
    return path, created
