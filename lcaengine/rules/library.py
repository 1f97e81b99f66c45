"""Finding and loading rules: ``product_rules/<id>/<version>/rule.yaml``, and the folders in ``LCAENGINE_RULES``."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from lcaengine import settings
from lcaengine.data import folder
from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.rules.history import (
    NAME,
    PUBLISHED,
    Entry,
    check_unchanged,
    history_file,
    read_history,
    state_in,
)
from lcaengine.rules.inherit import merged
from lcaengine.rules.lint import lint
from lcaengine.rules.reading import BadRule, Stamp, read_yaml, stamp
from lcaengine.rules.schema import rule_of
from lcaengine.rules.template import Override, Rule

MAX_BASES = 5


def rule_folders() -> list[Path]:
    """The folders that hold rules: ours, then those in ``LCAENGINE_RULES``."""
    return [folder("product_rules"), *settings.RULES.value()]


def rule_files() -> Iterator[Path]:
    for root in rule_folders():
        yield from sorted(root.glob("*/*/rule.yaml"))


def load_rule(path: Path) -> Rule:
    """The rule in a file, laid over the one that it extends; raises `BadRule` with every problem, each naming the file.

    A published version (its own or a base) whose file was changed since does not load (``published_changed``).
    """
    try:
        chain = _chain(path)
        for file in chain:
            check_unchanged(file)
        return _loaded(tuple((str(file), stamp(file)) for file in chain))
    except Refused as refused:
        name = "/".join(path.parts[-3:])
        raise BadRule(replace(p, where=f"{name}: {p.where}") for p in refused.problems) from None


def _chain(path: Path) -> list[Path]:
    """A rule's file, that of its base, that of the base's base …"""
    chain = [path]
    while base := read_yaml(chain[-1]).get("extends"):
        found = rule_path(str(base))
        if _name(found) in map(_name, chain) or len(chain) > MAX_BASES:
            raise BadRule(Problem("cyclic_inheritance", "/extends", {"chain": [p.parent.parent.name for p in chain]}))
        chain.append(found)
    return chain


def _name(path: Path) -> tuple[str, str]:
    """Id and version of a rule's file, by its folders."""
    return path.parent.parent.name, path.parent.name


def rule_path(reference: str) -> Path:
    """The file of ``id@version``; raises `BadRule`."""
    identifier, _, version = reference.partition("@")
    plain = all(name and not name.startswith(".") and Path(name).name == name for name in (identifier, version))
    for root in rule_folders() if plain else ():
        if (path := root / identifier / version / "rule.yaml").is_file():
            return path
    known = sorted(f"{p.parent.parent.name}@{p.parent.name}" for p in rule_files())
    raise BadRule(Problem("unknown_base", "/extends", {"base": reference, "known": known}))


@lru_cache(maxsize=128)
def _loaded(files: tuple[tuple[str, Stamp], ...]) -> Rule:
    document: dict[str, Any] = {}
    overrides: tuple[Override, ...] = ()
    digest = hashlib.sha256()
    for name, _ in reversed(files):
        data = Path(name).read_bytes().replace(b"\r\n", b"\n")
        document, overrides = merged(document, read_yaml(Path(name))) if document else (read_yaml(Path(name)), ())
        digest.update(data)
    try:
        rule = rule_of(document, digest.hexdigest(), overrides)
    except Refused as refused:
        raise BadRule(refused.problems) from None
    if problems := list(lint(rule)):
        raise BadRule(problems)
    return rule


def rule_history(path: Path) -> tuple[Entry, ...]:
    """What is recorded of the versions of a rule: in its own folder, then in the other folders of rules (a later folder
    may supersede a version of an earlier one). Raises `BadRule`."""
    own = history_file(path)
    others = [root / own.parent.name / NAME for root in rule_folders()]
    return tuple(e for file in dict.fromkeys((*others, own)) for e in read_history(file))


def rule_state(path: Path) -> str | None:
    """The state of the version in a file; None where nobody recorded one. Raises `BadRule`."""
    return state_in(rule_history(path), path.parent.name)


def state_of(rule: Rule) -> str | None:
    """The state of a rule among those in the folders of rules; None where nobody recorded one, or it is elsewhere."""
    try:
        return rule_state(rule_path(f"{rule.id}@{rule.version}"))
    except BadRule:
        return None


def list_rules() -> list[Rule]:
    """Every rule that loads, newest version of each last. A bad file stops nobody; `broken_rules` has its problems."""
    return sorted((rule for rule, _ in _good_and_bad(rule_files())[0]), key=lambda r: (r.id, version_order(r.version)))


def broken_rules() -> list[tuple[Path, BadRule]]:
    """Every file that does not load, with its problems."""
    return _good_and_bad(rule_files())[1]


def find_rule(category: str, version: str | None = None) -> Rule:
    """The rule of a category, by id or category name: the version named, else the newest one that is published.

    Where no version is published, the newest without a recorded state; a draft only by its version. Raises `NotFound`, or
    `BadRule` where a file that cannot run may be the one. A bad file elsewhere stops nobody.
    """
    good, bad = _good_and_bad([path for path in rule_files() if path.parent.parent.name == category])
    if not bad and all(r.abstract for r, _ in good):  # a category by another name: every file is read
        good, bad = _good_and_bad(rule_files())
    named = [(r, state) for r, state in good if category in {r.id, *r.categories} and not r.abstract]
    found = [r for r, _ in named if r.version == version] if version else _in_force(named)
    names = {category, *(r.id for r, _ in named)}
    if blocking := [p for path, e in bad if not found or _may_be_it(path, names, version) for p in e.problems]:
        raise BadRule(blocking)
    if found:
        return max(found, key=lambda r: version_order(r.version))
    if named and version is None:
        versions = [f"{r.version} ({state})" for r, state in named]
        raise NotFound(Problem("no_published_version", "/product/category", {"rule": category, "versions": versions}))
    known = sorted({r.id for r, _ in good})
    raise NotFound(Problem("unknown_rule", "/product/category", {"rule": category, "known": known}))


def _in_force(named: list[tuple[Rule, str | None]]) -> list[Rule]:
    published = [r for r, state in named if state == PUBLISHED]
    return published or [r for r, state in named if state is None]


def _may_be_it(path: Path, names: set[str], version: str | None) -> bool:
    """A file that cannot run is a published version of a rule that is asked for: no other may silently take its place."""
    if version is not None or path.parent.parent.name not in names:
        return False
    try:
        return rule_state(path) == PUBLISHED
    except BadRule:
        return True


def _good_and_bad(paths: Iterable[Path]) -> tuple[list[tuple[Rule, str | None]], list[tuple[Path, BadRule]]]:
    """Of some files every rule that runs with its state, and every file that does not run with its problems."""
    good: list[tuple[Rule, str | None]] = []
    bad: list[tuple[Path, BadRule]] = []
    for path in paths:
        try:
            good.append((load_rule(path), rule_state(path)))
        except BadRule as error:
            bad.append((path, error))
    return good, bad


def version_order(version: str) -> tuple[int, ...]:
    """Semantic versions in their order: 1.10.0 after 1.9.3."""
    return tuple(int(part) for part in version.split("."))
