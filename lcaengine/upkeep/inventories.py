"""The worked inventories: beside a rule version, in ``LCAENGINE_INVENTORIES``, and ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lcaengine import settings
from lcaengine.bom import read_document, read_plant
from lcaengine.data import folder
from lcaengine.problems import Problem, Refused
from lcaengine.rules import Rule

Json = dict[str, Any]


def inventory_folders(rule_file: Path | None = None) -> list[Path]:
    """Where inventories are looked for, the nearest first: ``inventories`` beside the rule, the user's folders, ours."""
    beside = [rule_file.parent / "inventories"] if rule_file else []
    return [path for path in (*beside, *settings.INVENTORIES.value(), folder("inventories")) if path.is_dir()]


def find_inventory(name: str, rule_file: Path | None = None) -> Path:
    """The file of an inventory by its path in one of the folders; raises `Refused`, also for a path that leaves them."""
    folders = inventory_folders(rule_file)
    for root in folders:
        try:
            path = (root / name).resolve()
            if path.is_relative_to(root.resolve()) and path.is_file():
                return path
        except (OSError, ValueError):  # a name that no file can have
            continue
    raise Refused(Problem("no_inventory", "", {"path": name, "folders": [root.name for root in folders]}))


def documents(path: Path) -> list[Json]:
    """The BOM documents of a file: one, or those of a plant; raises `Refused`."""
    data = path.read_bytes()
    return [read_document(data, "text/csv")[0]] if path.suffix.lower() == ".csv" else read_plant(data)


def worked(rule: Rule, rule_file: Path | None = None) -> Iterator[tuple[str, Json]]:
    """Every worked inventory of a rule's categories: its path (and product, in a plant) and document.

    A file that cannot be read, or is none, is passed over: whoever wrote it sees why when it is calculated.
    """
    for root in inventory_folders(rule_file):
        for path in sorted(p for p in root.rglob("*") if p.suffix.lower() in {".json", ".csv"}):
            yield from _of_rule(path, path.relative_to(root).as_posix(), rule)


def _of_rule(path: Path, name: str, rule: Rule) -> Iterator[tuple[str, Json]]:
    try:
        found = documents(path)
    except Refused:
        return
    for document in found:
        product = document.get("product")
        if isinstance(product, dict) and product.get("category") in {rule.id, *rule.categories}:
            yield name if len(found) == 1 else f"{name}#{product.get('id', '')}", document
