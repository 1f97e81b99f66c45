"""Finding and loading rules: ``product_rules/<id>/<version>/rule.yaml``, and the folders in ``LCAENGINE_RULES``."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from lcaengine.data import folder
from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.rules.inherit import merged
from lcaengine.rules.lint import lint
from lcaengine.rules.schema import rule_of
from lcaengine.rules.template import Override, Rule

MAX_BYTES = 2_000_000
MAX_BASES = 5


class BadRule(Refused):
    """A rule that cannot run."""


class _Loader(yaml.SafeLoader):
    """Safe YAML without aliases (no anchor bombs) and without duplicate keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise BadRule(Problem("yaml_alias", f"line {mark.line + 1}"))
        return super().compose_node(parent, index)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                where = f"line {key_node.start_mark.line + 1}"
                raise BadRule(Problem("duplicate_json_key", where, {"key": key}))
            seen.add(key)
        return super().construct_mapping(node, deep)


def rule_folders() -> list[Path]:
    """The folders that hold rules: ours, then those in ``LCAENGINE_RULES``."""
    extra = [Path(p) for p in os.environ.get("LCAENGINE_RULES", "").split(os.pathsep) if p]
    return [folder("product_rules"), *extra]


def rule_files() -> Iterator[Path]:
    for root in rule_folders():
        yield from sorted(root.glob("*/*/rule.yaml"))


def load_rule(path: Path) -> Rule:
    """The rule in a file, laid over the one that it extends; raises `BadRule` with every problem, each naming the file."""
    try:
        return _loaded(_stamp(path))
    except Refused as refused:
        name = "/".join(path.parts[-3:])
        raise BadRule(replace(p, where=f"{name}: {p.where}") for p in refused.problems) from None


def _stamp(path: Path) -> tuple[tuple[str, int], ...]:
    """The files that a rule is made of, with when they changed last; raises `BadRule` for a circle of bases."""
    chain = _chain(path)
    return tuple((str(file), file.stat().st_mtime_ns) for file in chain)


def _chain(path: Path) -> list[Path]:
    """A rule's file, that of its base, that of the base's base …"""
    chain = [path]
    while base := read_yaml(chain[-1]).get("extends"):
        found = rule_path(str(base))
        if found in chain or len(chain) > MAX_BASES:
            raise BadRule(Problem("cyclic_inheritance", "/extends", {"chain": [p.parent.parent.name for p in chain]}))
        chain.append(found)
    return chain


def rule_path(reference: str) -> Path:
    """The file of ``id@version``; raises `BadRule`."""
    identifier, _, version = reference.partition("@")
    for path in rule_files():
        if path.parent.name == version and path.parent.parent.name == identifier:
            return path
    known = sorted(f"{p.parent.parent.name}@{p.parent.name}" for p in rule_files())
    raise BadRule(Problem("unknown_base", "/extends", {"base": reference, "known": known}))


@lru_cache(maxsize=128)
def _loaded(stamp: tuple[tuple[str, int], ...]) -> Rule:
    document: dict[str, Any] = {}
    overrides: tuple[Override, ...] = ()
    digest = hashlib.sha256()
    for name, _ in reversed(stamp):
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


def read_yaml(path: Path) -> dict[str, Any]:
    """The document in a rule file; raises `BadRule`."""
    return _document(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _document(path: Path, _changed: int) -> dict[str, Any]:
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise BadRule(Problem("too_large", path.name, {"bytes": len(data), "limit": MAX_BYTES}))
    try:
        document = yaml.load(data.decode("utf-8"), _Loader)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadRule(Problem("not_yaml", path.name, {"why": str(error).replace("\n", " ")[:200]})) from error
    if not isinstance(document, dict):
        raise BadRule(Problem("not_an_object", path.name))
    return document


def list_rules() -> list[Rule]:
    """Every rule, newest version of each last."""
    return sorted((load_rule(path) for path in rule_files()), key=lambda r: (r.id, _order(r.version)))


def find_rule(category: str, version: str | None = None) -> Rule:
    """The rule of a category, by id or category name; the newest version unless one is named.

    Raises `NotFound`, or `BadRule` where a file that cannot run may be the one. A bad file elsewhere stops nobody.
    """
    rules, problems = _good_and_bad()
    found = [r for r in rules if category in {r.id, *r.categories} and version in {None, r.version} and not r.abstract]
    if found:
        return max(found, key=lambda r: _order(r.version))
    if problems:
        raise BadRule(problems)
    known = sorted({r.id for r in rules})
    raise NotFound(Problem("unknown_rule", "/product/category", {"rule": category, "known": known}))


def _good_and_bad() -> tuple[list[Rule], list[Problem]]:
    rules: list[Rule] = []
    problems: list[Problem] = []
    for path in rule_files():
        try:
            rules.append(load_rule(path))
        except BadRule as bad:
            problems.extend(bad.problems)
    return rules, problems


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
