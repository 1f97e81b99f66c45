"""What a new version of a rule does to 1,000 stored bills of materials: read from the store, recomputed under both versions."""

from __future__ import annotations

import copy
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks import bom
from benchmarks.timing import Row
from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.data import folder
from lcaengine.footprint import body, calculate
from lcaengine.rules import load_rule
from lcaengine.store import Store, open_store
from lcaengine.upkeep.impact import Impact, impact, record_cases
from lcaengine.upkeep.inventories import documents

COUNT = 1000
SECONDS = 10.0
OLD, NEW = "1.0.0", "1.1.0"


def rows(release: Release, label: str) -> Iterator[Row]:
    """Real bills of materials (the worked ones, amounts varied) and long ones, against a limit of seconds."""
    worked = [d for path in sorted((folder("inventories") / "beer").glob("*.json")) for d in documents(path)]
    for name, bills in (("worked", worked), (f"{bom.LINES} lines", [bom.document()])):
        with tempfile.TemporaryDirectory() as work:
            store = _filled(Path(work), bills, release)
            start = time.perf_counter()
            found = _impact(store, release)
            seconds = time.perf_counter() - start
            store.engine.dispose()
        if len(found.effects) != COUNT:
            raise AssertionError(f"impact on {label}: {len(found.effects)} recomputed, {found.failures[:1]}")
        checked = f"{COUNT:,} bills of materials under both versions"
        yield Row(
            f"impact of a rule: {COUNT:,} × 2 ({name})",
            label,
            f"limit: {SECONDS:g} s",
            seconds,
            SECONDS,
            1.0,
            False,
            checked,
            True,
        )


def _filled(work: Path, bills: list[dict[str, object]], release: Release) -> Store:
    store, rule = open_store(f"sqlite:///{work / 'store.sqlite'}"), load_rule(_file(OLD))
    answers = [body(calculate(bom_of(b), rule, release)) for b in bills]
    for i in range(COUNT):
        bill = copy.deepcopy(bills[i % len(bills)])
        for line in bill["lines"]:  # type: ignore[attr-defined]
            line["amount"] *= 1 + i / COUNT
        store.add("bench", bill, answers[i % len(bills)])
    return store


def _impact(store: Store, release: Release) -> Impact:
    old, new = (load_rule(_file(version)) for version in (OLD, NEW))
    return impact(old, new, record_cases(store, "bench", old, new), release)


def _file(version: str) -> Path:
    return folder("product_rules") / "beer" / version / "rule.yaml"
