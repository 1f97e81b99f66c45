"""Which file a user means: ``beer``, ``beer@1.0.0``, a folder or a file."""

from __future__ import annotations

from pathlib import Path

from lcaengine.problems import NotFound, Problem
from lcaengine.rules.history import PUBLISHED
from lcaengine.rules.library import rule_files, rule_state, version_order


def rule_file(reference: str) -> Path:
    """The file of a rule by id (the version in force, else the newest), ``id@version`` or path; raises `NotFound`."""
    if found := _by_path(Path(reference)):
        return found
    identifier, _, version = reference.partition("@")
    files = [p for p in rule_files() if p.parent.parent.name == identifier and version in {"", p.parent.name}]
    if not files:
        known = sorted(f"{p.parent.parent.name}@{p.parent.name}" for p in rule_files())
        raise NotFound(Problem("unknown_reference", "", {"reference": reference, "known": known}))
    return _newest([p for p in files if rule_state(p) == PUBLISHED] or files)


def _by_path(path: Path) -> Path | None:
    """A file, the folder of a version, or the folder of a rule (its newest version)."""
    if path.is_file():
        return path
    if (path / "rule.yaml").is_file():
        return path / "rule.yaml"
    versions = list(path.glob("*/rule.yaml")) if path.is_dir() else []
    return _newest(versions) if versions else None


def _newest(files: list[Path]) -> Path:
    def order(path: Path) -> tuple[int, ...]:
        try:
            return version_order(path.parent.name)
        except ValueError:
            return ()

    return max(files, key=order)
