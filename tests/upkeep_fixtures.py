"""A rule of our own in a folder of its own, made by the scaffold: what tests of upkeep change, publish and break."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import yaml

from lcaengine.background import Release
from lcaengine.upkeep.scaffold import new_rule

Json = dict[str, Any]
CHANGES = {"changes": {"zh": "运距按新统计", "en": "Distance by a new statistic"}}


def made(root: Path, release: Release, name: str = "soft-drink") -> Path:
    """A rule that may be published: the scaffold's, with three worked inventories."""
    path = new_rule(name, root, release)
    first = path.parent / "inventories" / f"{name}-example.json"
    for i, amount in enumerate((1.1, 1.2)):
        document = json.loads(first.read_text(encoding="utf-8"))
        document["lines"][0]["amount"] = amount
        (first.parent / f"more-{i}.json").write_text(json.dumps(document), encoding="utf-8")
    return path


def text_of(path: Path, changes: Json | None = None) -> str:
    """The text of a rule file with values at places (``parameters/x/default``) changed; None takes them away."""
    document = copy.deepcopy(yaml.safe_load(path.read_text(encoding="utf-8")))
    for place, value in (changes or {}).items():
        *way, last = place.split("/")
        owner: Any = document
        for key in way:
            owner = owner[int(key)] if isinstance(owner, list) else owner.setdefault(key, {})
        if value is None:
            del owner[int(last) if isinstance(owner, list) else last]
        else:
            owner[int(last) if isinstance(owner, list) else last] = value
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False)


def edit(path: Path, changes: Json) -> None:
    path.write_text(text_of(path, changes), encoding="utf-8")


def next_version(path: Path, version: str, changes: Json) -> Path:
    """Another version beside the first, with its tests and inventories."""
    target = path.parent.parent / version
    for file in path.parent.rglob("*.*"):
        if file.is_file():
            copied = target / file.relative_to(path.parent)
            copied.parent.mkdir(parents=True, exist_ok=True)
            copied.write_bytes(file.read_bytes())
    edit(target / "rule.yaml", {"version": version, **changes})
    return target / "rule.yaml"
