"""The difference of two releases: which scores moved, by how much, and through which exchanges.

For a product whose score is y = aᵀ·s (inputs a with scores s, emissions priced as inputs), the change splits exactly into what
its own exchanges did and what came with its inputs:

    y′ − y = Σ (a′ − a)·s′  +  Σ a·(s′ − s)

An input that is no longer made anywhere keeps its score: doing without it is the buyer's own change. An input whose unit
changed is counted in the unit that it had, if one converts into the other.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lcaengine import units
from lcaengine.background.describe import per_unit
from lcaengine.background.release import Release

MOVED = 1e-9


@dataclass(frozen=True)
class Cause:
    """What one input or emission of a product contributes to the change of its score.

    ``own``: because its amount changed; ``carried``: because its own score did.
    """

    target: str
    before: float
    after: float
    own: float
    carried: float

    @property
    def size(self) -> float:
        return abs(self.own) + abs(self.carried)

    def as_dict(self) -> dict[str, Any]:
        return {"target": self.target, "amount": {"before": self.before, "after": self.after},
                "own": self.own, "carried": self.carried}  # fmt: skip


@dataclass(frozen=True)
class Moved:
    """A product whose score is not what it was, per unit; causes by size."""

    code: str
    before: float
    after: float
    causes: tuple[Cause, ...]

    @property
    def relative(self) -> float | None:
        return (self.after - self.before) / abs(self.before) if self.before else None

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "before": self.before, "after": self.after, "change": self.after - self.before,
                "relative": self.relative, "causes": [c.as_dict() for c in self.causes]}  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """``moved`` by relative size, those whose own exchanges changed apart from those that only follow."""

    old: Release
    new: Release
    added: tuple[str, ...]
    removed: tuple[str, ...]
    moved: tuple[Moved, ...]
    unit_changed: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "old": self.old.about(), "new": self.new.about(), "added": list(self.added), "removed": list(self.removed),
            "unit_changed": list(self.unit_changed), "moved": [m.as_dict() for m in self.moved],
        }  # fmt: skip


def difference(old: Release, new: Release, threshold: float = 0.0, causes: int = 5) -> Difference:
    """Products that came, went or moved by more than ``threshold`` (relative; 0.01 is one per cent)."""
    common = sorted(old.index.keys() & new.index.keys())
    odd = tuple(c for c in common if old.unit(old.index[c]) != new.unit(new.index[c]))
    same = [c for c in common if c not in odd]
    i, j = (np.array([r.index[c] for c in same], dtype=int) for r in (old, new))
    before, after = old.scores[i, 0], new.scores[j, 0]
    shift = np.abs(after - before)
    size = np.divide(shift, np.abs(before), out=np.where(shift > 0, np.inf, 0.0), where=before != 0)
    order = [k for k in np.argsort(-size, kind="stable").tolist() if size[k] > max(threshold, MOVED)]
    return Difference(
        old=old, new=new, unit_changed=odd, moved=tuple(_moved(same[k], old, new, causes) for k in order),
        added=tuple(sorted(new.index.keys() - old.index.keys())),
        removed=tuple(sorted(old.index.keys() - new.index.keys())),
    )  # fmt: skip


def _moved(code: str, old: Release, new: Release, limit: int) -> Moved:
    a, b = old.index[code], new.index[code]
    before, after = _recipe(old, a), _recipe(new, b)
    found = []
    for target in before.keys() | after.keys():
        amount, score = before.get(target, (0.0, _score(old, target)))
        amount2, score2 = after.get(target, (0.0, _score(new, target, score)))
        k = _rescale(old, new, target)
        amount2, score2 = amount2 * k, score2 / k
        cause = Cause(target, amount, amount2, (amount2 - amount) * score2, amount * (score2 - score))
        if cause.size > MOVED * max(abs(float(old.scores[a, 0])), 1e-300):
            found.append(cause)
    found.sort(key=lambda cause: (-cause.size, cause.target))
    return Moved(code, per_unit(old, a, 0), per_unit(new, b, 0), tuple(found[:limit]))


def _recipe(release: Release, product: int) -> Mapping[str, tuple[float, float]]:
    """Amount per unit of product, and score per unit, of every input and emission."""
    process = int(release.producer[product])
    made = abs(float(release.production[product]))
    found = {}
    rows, values = release.technosphere.column(process)
    for i, value in zip(rows.tolist(), values.tolist(), strict=True):
        if i != product:
            found[release.codes[i]] = (-value / made, float(release.scores[i, 0]))
    rows, values = release.biosphere.column(process)
    for i, value in zip(rows.tolist(), values.tolist(), strict=True):
        found[release.flows[i]] = (value / made, float(release.flow_scores[i, 0]))
    return found


def _score(release: Release, target: str, otherwise: float = 0.0) -> float:
    if target in release.index:
        return float(release.scores[release.index[target], 0])
    return float(release.flow_scores[release.flow_index[target], 0]) if target in release.flow_index else otherwise


def _rescale(old: Release, new: Release, target: str) -> float:
    """What turns an amount in the unit that an input has now into the one that it had."""
    if target not in old.index or target not in new.index:
        return 1.0
    before, after = old.unit(old.index[target]), new.unit(new.index[target])
    return units.factor(after, before) if units.same_dimension(before, after) else 1.0
