"""YAML that rules, their tests and their histories are written in: safe, small, without aliases or keys given twice."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import yaml

from lcaengine.problems import Problem, Refused

MAX_BYTES = 2_000_000
Stamp = tuple[int, int, int]


class BadRule(Refused):
    """A rule that cannot run."""


def _plain() -> Any:
    """`yaml.SafeLoader`, with libyaml's parser where there is one (four times as fast); composing stays here, where aliases are seen."""
    if not yaml.__with_libyaml__:
        return yaml.SafeLoader
    from yaml._yaml import CParser
    from yaml.composer import Composer
    from yaml.constructor import SafeConstructor
    from yaml.resolver import Resolver

    class Loader(Composer, SafeConstructor, CParser, Resolver):
        def __init__(self, stream: Any) -> None:
            CParser.__init__(self, stream)
            for base in (Composer, SafeConstructor, Resolver):
                base.__init__(self)

    return Loader


class _Loader(_plain()):  # type: ignore[misc]
    """Safe YAML without aliases (no anchor bombs) and without duplicate keys."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark
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
        return cast(dict[Any, Any], super().construct_mapping(node, deep))


def stamp(path: Path) -> Stamp:
    """What differs when a file was changed: time, size, number of the file."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def read_yaml(path: Path) -> dict[str, Any]:
    """The document in a rule file, an object; raises `BadRule`."""
    return _document(path, stamp(path))


@lru_cache(maxsize=256)
def _document(path: Path, _changed: Stamp) -> dict[str, Any]:
    document = parse(path.read_bytes(), path.name)
    if not isinstance(document, dict):
        raise BadRule(Problem("not_an_object", path.name))
    return document


@lru_cache(maxsize=64)
def nodes(path: Path, _changed: Stamp) -> Any:
    """The nodes of a YAML file with their lines; raises `BadRule`."""
    return _read(path.read_bytes(), path.name, yaml.compose)


def parse(data: bytes, name: str) -> Any:
    """Whatever some YAML holds; raises `BadRule` for what is too large, not YAML, or has aliases or a key twice."""
    return _read(data, name, yaml.load)


def _read(data: bytes, name: str, how: Callable[..., Any]) -> Any:
    if len(data) > MAX_BYTES:
        raise BadRule(Problem("too_large", name, {"bytes": len(data), "limit": MAX_BYTES}))
    try:
        return how(data.decode("utf-8"), Loader=_Loader)
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise BadRule(Problem("not_yaml", name, {"why": str(error).replace("\n", " ")[:200]})) from error
