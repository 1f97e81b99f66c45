"""Drafts that are written from outside: into the first folder of ``LCAENGINE_RULES``, whole or not at all, one writer at a time."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Container
from hashlib import sha256
from pathlib import Path

from lcaengine.problems import Problem, Refused, TooLarge
from lcaengine.rules import load_rule
from lcaengine.rules.history import DRAFT, FROZEN, file_sha256
from lcaengine.rules.library import rule_files, rule_folders, rule_state
from lcaengine.rules.lint import VERSION
from lcaengine.rules.reading import MAX_BYTES
from lcaengine.upkeep.publishing import Frozen, locked, record, write
from lcaengine.upkeep.scaffold import check_name


class Unconditional(Refused):
    """A change that does not say which state it changes."""

    status = 428


class Outdated(Refused):
    """A change of a state that is no longer there."""

    status = 412


def put_draft(
    identifier: str, version: str, data: bytes, expected: Container[str] | None, who: str
) -> tuple[Path, bool]:
    """Create or change a draft; returns its file and whether it is new.

    ``expected`` holds the hashes of the file that the writer has seen. Raises `Unconditional` without it where there is a
    draft, `Outdated` where the draft is another, `Frozen` where the version is published or stands in another folder, and
    `BadRule` with every problem of a rule that would not load.
    """
    check_name(identifier)
    if not re.fullmatch(VERSION, version):
        raise Refused(Problem("version", "/version", {"value": version}))
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    data = data.replace(b"\r\n", b"\n")
    path = writable_folder() / identifier / version / "rule.yaml"
    with locked(path):
        created = not path.is_file()
        check_changeable(path)
        check_expected(path, expected)
        _check_content(identifier, version, data)
        record(
            path, DRAFT, who, "draft written", sha256(data).hexdigest()
        )  # first: a rule never stands without a state
        write(path, data.decode("utf-8"))
    return path, created


def writable_folder() -> Path:
    """The first folder of ``LCAENGINE_RULES``; raises `Frozen` where there is none."""
    folders = rule_folders()[1:]
    if not folders:
        raise Frozen(Problem("no_rule_folder", "LCAENGINE_RULES"))
    return folders[0]


def check_expected(path: Path, expected: Container[str] | None) -> None:
    """The file is the one that the writer has seen; raises `Unconditional` or `Outdated`."""
    if not path.is_file():
        if expected is not None:
            raise Outdated(Problem("precondition_failed", "If-Match", {"found": "–"}))
        return
    found = file_sha256(path)
    if expected is None:
        raise Unconditional(Problem("precondition_required", "If-Match", {"found": found}))
    if found not in expected:
        raise Outdated(Problem("precondition_failed", "If-Match", {"found": found}))


def check_writable(path: Path) -> None:
    """A rule's file is in the folder that is written to; raises `Frozen`."""
    if path.parent.parent.parent != writable_folder():
        values = {"rule": path.parent.parent.name, "version": path.parent.name}
        raise Frozen(Problem("not_writable", "", values))


def check_changeable(path: Path) -> None:
    """No version of that name is elsewhere, and this one was never published; raises `Frozen`."""
    name = (path.parent.parent.name, path.parent.name)
    elsewhere = any((f.parent.parent.name, f.parent.name) == name for f in rule_files() if f != path)
    if elsewhere or rule_state(path) in FROZEN:
        raise Frozen(Problem("published_immutable", "", {"rule": name[0], "version": name[1]}))


def _check_content(identifier: str, version: str, data: bytes) -> None:
    """The rule loads, and is the one that it is put as; tried aside, so that nobody ever sees one that does not."""
    with tempfile.TemporaryDirectory(prefix="lcaengine-") as work:
        path = Path(work) / identifier / version / "rule.yaml"
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
        rule = load_rule(path)
    if (rule.id, rule.version) != (identifier, version):
        values = {"folder": f"{identifier}/{version}", "rule": f"{rule.id}/{rule.version}"}
        raise Refused(Problem("rule_misplaced", "/id", values))
