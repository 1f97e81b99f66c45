"""What a new version of a rule does to results: worked inventories and stored bills of materials under both versions.

Only totals are needed, so nothing but `calculate` runs. A bill of materials that fails under either version is listed with its
problems; it stops nothing. Stored bills of materials are those of the caller's own organisation; a record that does not allow
this is passed over and counted.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.footprint import calculate
from lcaengine.problems import Language, Problem, Refused
from lcaengine.rules import Rule
from lcaengine.store import Page, Store
from lcaengine.upkeep.inventories import worked

PAGE = 200
BINS = 10
MOST_AFFECTED = 10
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Case:
    """A bill of materials to recompute; ``kind`` is ``inventory`` or ``record``, ``id`` a path or a footprint's id.

    One that is not ``allowed`` is only counted.
    """

    kind: str
    id: str
    document: Json
    allowed: bool = True


@dataclass(frozen=True, slots=True)
class Effect:
    """One bill of materials under both versions, kg CO2e per declared unit of each; ``relative`` is None from zero."""

    kind: str
    id: str
    name: Any
    old: float
    new: float

    @property
    def change(self) -> float:
        return self.new - self.old

    @property
    def relative(self) -> float | None:
        return self.change / abs(self.old) if self.old else None

    def as_dict(self) -> Json:
        return {**dataclasses.asdict(self), "change": self.change, "relative": self.relative}


@dataclass(frozen=True, slots=True)
class Failure:
    """A bill of materials that a version refuses; ``version`` says which."""

    kind: str
    id: str
    version: str
    problems: tuple[Problem, ...]

    def as_dict(self, language: Language = "en") -> Json:
        shown = [p.as_dict(language) for p in self.problems]
        return {"kind": self.kind, "id": self.id, "version": self.version, "problems": shown}


@dataclass(frozen=True, slots=True)
class Impact:
    """The effects of a new version, what could not be recomputed, and how many were not allowed to be."""

    old: Rule
    new: Rule
    effects: tuple[Effect, ...]
    failures: tuple[Failure, ...]
    not_allowed: int = 0

    def as_dict(self, language: Language = "en") -> Json:
        ranked = sorted(self.effects, key=lambda e: (-abs(e.relative or 0.0), e.id))
        return {
            "old": self.old.about(), "new": self.new.about(), "count": len(self.effects),
            "not_allowed": self.not_allowed,
            "distribution": distribution([e.relative for e in self.effects if e.relative is not None]),
            "most_affected": [e.as_dict() for e in ranked[:MOST_AFFECTED]],
            "effects": [e.as_dict() for e in self.effects],
            "failures": [f.as_dict(language) for f in self.failures],
        }  # fmt: skip


def impact(
    old: Rule, new: Rule, cases: Iterable[Case], release: Release, progress: Callable[[], object] = lambda: None
) -> Impact:
    """Recompute every case under both versions; ``progress`` is called after each."""
    effects, failures, not_allowed = [], [], 0
    for case in cases:
        if not case.allowed:
            not_allowed += 1
        elif isinstance(found := _effect(case, old, new, release), Effect):
            effects.append(found)
        else:
            failures.extend(found)
        progress()
    return Impact(old, new, tuple(effects), tuple(failures), not_allowed)


def inventory_cases(rule: Rule, rule_file: Path | None = None) -> list[Case]:
    """The worked inventories of a rule's categories."""
    return [Case("inventory", name, document) for name, document in worked(rule, rule_file)]


def record_cases(store: Store, organisation: str, *rules: Rule) -> Iterator[Case]:
    """The stored bills of materials of an organisation in the categories of some rules, each once."""
    categories = {name for rule in rules for name in (rule.id, *rule.categories)}
    page: Page | None = Page(PAGE)
    while page:
        records, _, after = store.list(organisation, page)
        for record in records:
            if record.category in categories:
                allowed = record.impact_allowed
                yield Case("record", record.id, json.loads(record.document) if allowed else {}, allowed)
        page = replace(page, after=after) if after else None


def distribution(values: Sequence[float]) -> Json | None:
    """Minimum, quartiles, median, maximum and a histogram of ten bins of relative changes; None where there are none."""
    if not values:
        return None
    quantiles = np.quantile(np.array(values), [0, 0.25, 0.5, 0.75, 1])
    counts, edges = np.histogram(values, bins=BINS)
    bins = zip(counts.tolist(), edges[:-1].tolist(), edges[1:].tolist(), strict=True)
    return {
        **dict(zip(("min", "q1", "median", "q3", "max"), quantiles.tolist(), strict=True)),
        "histogram": [{"from": low, "to": high, "count": count} for count, low, high in bins],
    }


def _effect(case: Case, old: Rule, new: Rule, release: Release) -> Effect | list[Failure]:
    try:
        bom = bom_of(case.document)
    except Refused as refused:
        return [Failure(case.kind, case.id, rule.version, refused.problems) for rule in (old, new)]
    totals, failures = [], []
    for rule in (old, new):
        try:
            totals.append(calculate(bom, rule, release).value)
        except Refused as refused:
            failures.append(Failure(case.kind, case.id, rule.version, refused.problems))
    return failures or Effect(case.kind, case.id, dict(bom.name), *totals)
