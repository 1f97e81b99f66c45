"""The worked inventories: beside a rule version, in ``LCAENGINE_INVENTORIES``, and ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from lcaengine import settings
from lcaengine.bom import read_document, read_plant
from lcaengine.data import folder
from lcaengine.problems import Language, NotFound, Problem, Refused
from lcaengine.rules import Rule, find_rule
from lcaengine.sheets.table import Languages

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


def template(category: str, languages: str = "both", *, example: bool = False) -> bytes:
    """The workbook for a bill of materials of a category (``zh``, ``en`` or ``both``), empty or as a worked one.

    Raises `NotFound` where there is no such rule, or no worked inventory that it calculates.
    """
    from lcaengine.bom.workbook import write_workbook

    rule = find_rule(category)
    found = next((w for w in worked(rule) if not w[0].endswith(".csv")), None) if example else None
    if example and found is None:
        raise NotFound(Problem("no_worked_inventory", "", {"category": category}))
    named: Languages = ("zh", "en") if languages == "both" else (cast(Language, languages),)
    return write_workbook(rule, named, found[1] if found else None)


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
