"""The life cycle of a rule's versions: what may be published, and the history that records it.

draft → review → published → superseded or withdrawn. A history is appended to under a lock and replaced in one step, so that no
reader ever sees half of it.
"""

from __future__ import annotations

import dataclasses
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from filelock import FileLock

from lcaengine.background import Release
from lcaengine.background.store import cache_folder
from lcaengine.bom import bom_of
from lcaengine.footprint import calculate
from lcaengine.problems import Problem, Refused
from lcaengine.rules import Rule, load_rule
from lcaengine.rules.history import (
    DRAFT,
    FROZEN,
    PUBLISHED,
    REVIEW,
    SUPERSEDED,
    WITHDRAWN,
    Entry,
    file_sha256,
    history_file,
    read_history,
    state_in,
)
from lcaengine.rules.library import rule_files, rule_history, version_order
from lcaengine.upkeep.difference import LEVELS, difference, step
from lcaengine.upkeep.inventories import worked
from lcaengine.upkeep.linting import lint_file
from lcaengine.upkeep.testing import run_tests

FEWEST_INVENTORIES = 3
LANGUAGES = ("zh", "en")
HEADER = "# The life of the versions of this rule; only ever appended to (lcaengine rules publish).\n"
FROM: Mapping[str, frozenset[str | None]] = {
    DRAFT: frozenset({None, DRAFT, REVIEW}),
    REVIEW: frozenset({None, DRAFT}),
    PUBLISHED: frozenset({None, DRAFT, REVIEW}),
    SUPERSEDED: frozenset({PUBLISHED}),
    WITHDRAWN: frozenset({PUBLISHED, SUPERSEDED}),
}


class NotPublishable(Refused):
    """A version does not meet what publishing asks for."""


class Frozen(Refused):
    """A published version is not changed any more."""

    status = 409


# -- changes of state


def publish(path: Path, who: str, why: str, release: Release, check: Callable[[Path], None] = lambda _: None) -> Entry:
    """Publish the version in a file; its predecessor becomes superseded. Raises `Refused` with everything that is missing.

    ``check`` runs first, under the lock: it may refuse a file that is not the one that the caller has seen.
    """
    with locked(path):
        check(path)
        _check_transition(path, PUBLISHED)
        entry = _entry(path, PUBLISHED, who, why)  # of what is checked: whoever changes the file meanwhile is found out
        problems = [*_check_words(who, why), *publication_problems(path, release)]
        if problems:
            raise NotPublishable(problems)
        previous = [e for v in _published(path) if (e := _superseded(path, v, who))]
        _append(path, [*previous, entry])
    return entry


def review(path: Path, who: str, why: str, check: Callable[[Path], None] = lambda _: None) -> Entry:
    """Put a draft that loads up for review; ``check`` as for `publish`."""
    load_rule(path)
    return _move(path, REVIEW, who, why, check)


def withdraw(path: Path, who: str, why: str, check: Callable[[Path], None] = lambda _: None) -> Entry:
    """Take a published version out of force; it still loads for what was calculated with it. ``check`` as for `publish`."""
    load_rule(path)
    return _move(path, WITHDRAWN, who, why, check)


def _move(path: Path, state: str, who: str, why: str, check: Callable[[Path], None]) -> Entry:
    if problems := list(_check_words(who, why)):
        raise Refused(problems)
    with locked(path):
        check(path)
        return record(path, state, who, why, file_sha256(path))


def record(path: Path, state: str, who: str, why: str, digest: str) -> Entry:
    """Record a state of a version whose file will have a hash; the caller holds the lock."""
    _check_transition(path, state)
    entry = Entry(path.parent.name, state, _today(), who, why, digest)
    _append(path, [entry])
    return entry


def _check_transition(path: Path, state: str) -> None:
    current = state_in(rule_history(path), path.parent.name)
    if current not in FROM[state]:
        values = {"version": path.parent.name, "current": current or DRAFT, "wanted": state}
        raise Frozen(Problem("bad_transition", "", values))


def _check_words(who: str, why: str) -> Iterator[Problem]:
    for name, text in (("who", who), ("why", why)):
        if not text.strip():
            yield Problem("required", f"/{name}", {"field": name})


# -- what publishing asks for


def publication_problems(path: Path, release: Release) -> list[Problem]:
    """Everything that keeps the version in a file from being published; raises `BadRule` where it does not even load."""
    rule = load_rule(path)
    problems = [
        dataclasses.replace(f.problem, where=f"{f.file}:{f.line} {f.problem.where}") for f in lint_file(path, release)
    ]
    problems += _base_problems(rule)
    problems += _version_problems(rule, path)
    if not rule.abstract:
        problems += _test_problems(rule, path, release)
        problems += _inventory_problems(rule, path, release)
    return problems


def _test_problems(rule: Rule, path: Path, release: Release) -> list[Problem]:
    try:
        results = run_tests(rule, path, release)
    except Refused as refused:
        return list(refused.problems)
    if not results:
        return [Problem("no_tests", "/tests", {"folder": f"{path.parent.name}/tests"})]
    failed = [r.name for r in results if not r.passed]
    values = {"failed": len(failed), "count": len(results), "names": failed}
    return [Problem("tests_failed", "/tests", values)] if failed else []


def _inventory_problems(rule: Rule, path: Path, release: Release) -> list[Problem]:
    """Worked inventories that calculate; those that do not are no evidence."""
    count = 0
    for _, document in worked(rule, path):
        try:
            calculate(bom_of(document), rule, release)
        except Refused:
            continue
        count += 1
    if count >= FEWEST_INVENTORIES:
        return []
    return [Problem("few_inventories", "/inventories", {"count": count, "needed": FEWEST_INVENTORIES})]


def _base_problems(rule: Rule) -> Iterator[Problem]:
    """What a published rule extends is published too: a draft could change under it."""
    if not rule.extends:
        return
    identifier, _, version = rule.extends.partition("@")
    for file in rule_files():
        if (file.parent.parent.name, file.parent.name) == (identifier, version):
            if state_in(rule_history(file), version) not in FROZEN:
                yield Problem("base_not_published", "/extends", {"base": rule.extends})
            return


def _version_problems(rule: Rule, path: Path) -> Iterator[Problem]:
    """Higher than every version ever published, by a step that fits what changed, with the reasons in both languages."""
    earlier = sorted(_ever_published(path) - {rule.version}, key=version_order)
    if not earlier:
        return
    for language in LANGUAGES:
        if not str(rule.changes.get(language, "")).strip():
            yield Problem("changes_missing", f"/changes/{language}", {"language": language})
    taken = step(earlier[-1], rule.version)
    if taken is None:
        yield Problem("version_not_higher", "/version", {"version": rule.version, "published": earlier[-1]})
        return
    file = next((f for f in _versions(path) if f.parent.name == earlier[-1]), None)
    if file is None:
        return
    found = difference(load_rule(file), rule)
    if LEVELS.index(taken) < LEVELS.index(found.level):
        reasons = [c.text() for c in found.changes if c.level == found.level][:3]
        values = {"version": rule.version, "published": earlier[-1], "step": found.level, "because": reasons}
        yield Problem("version_step", "/version", values)


def _versions(path: Path) -> list[Path]:
    """The files of all versions of a rule, wherever they are."""
    identifier = path.parent.parent.name
    return [
        f
        for f in dict.fromkeys((*path.parent.parent.glob("*/rule.yaml"), *rule_files()))
        if f.parent.parent.name == identifier
    ]


def _ever_published(path: Path) -> set[str]:
    return {e.version for e in rule_history(path) if e.state in FROZEN}


def _published(path: Path) -> list[str]:
    """Versions that are in force, other than that of the file."""
    entries = rule_history(path)
    versions = dict.fromkeys(e.version for e in entries)
    return [v for v in versions if v != path.parent.name and state_in(entries, v) == PUBLISHED]


def _superseded(path: Path, version: str, who: str) -> Entry | None:
    file = next((f for f in _versions(path) if f.parent.name == version), None)
    return _entry(file, SUPERSEDED, who, f"superseded by {path.parent.name}") if file else None


# -- the file


def _entry(path: Path, state: str, who: str, why: str) -> Entry:
    return Entry(path.parent.name, state, _today(), who, why, file_sha256(path))


def _today() -> str:
    return datetime.now(UTC).date().isoformat()


def _append(rule_file: Path, entries: Sequence[Entry]) -> None:
    path = history_file(rule_file)
    read_history(path)  # a history that cannot be read is not written to
    before = path.read_text(encoding="utf-8") if path.is_file() else HEADER
    write(path, before.rstrip("\n") + "\n" + "".join(_rows(entries)))


def _rows(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in entries:
        fields = dataclasses.asdict(entry)
        yield "- {" + ", ".join(f"{k}: {json.dumps(v, ensure_ascii=False)}" for k, v in fields.items()) + "}\n"


def write(path: Path, text: str) -> None:
    """Write a file so that nobody ever sees half of it; raises `Refused` where that is not allowed."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(name, 0o644)
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        values = {"path": str(path), "why": error.strerror or str(error)}
        raise Refused(Problem("cannot_write", "", values)) from error


@contextmanager
def locked(rule_file: Path) -> Iterator[None]:
    """One writer at a time for all versions of a rule, over threads and processes."""
    folder = rule_file.parent.parent.resolve()
    lock = cache_folder() / "locks" / f"{sha256(str(folder).encode()).hexdigest()[:32]}.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        yield
