"""Data quality of a footprint: the marks of the background joined with those of the product's own exchanges.

An exchange of the foreground has marks of its own (an amount that rests on an estimated default, a dataset of another
country than the line's origin, an old period, an old figure of a supplier): where it has one, its whole score carries it;
else the part that the background brings. Then the ratings of `lcaengine.background.quality` hold for a line as for the total.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.background.quality import (
    BIT,
    MARKS,
    PACT,
    STATUSES,
    UNDATED,
    aged,
    at_least,
    geography,
    rating,
    ratings,
    status_shares,
)
from lcaengine.bom import SupplierFootprint
from lcaengine.footprint.solve import Footprint
from lcaengine.inventory import Exchange

Array = NDArray[np.float64]
EXACT_MATCHES = ("process", "name", "synonym", "cas", "supplier_footprint")
NO_VERIFICATION = frozenset(
    {"", "-", "–", "no", "none", "n/a", "not verified", "unverified", "无", "否", "未核查", "未经核查"}
)
TECHNOLOGY_BY_RULE = 2  # the rule chose a process for this kind of material: "in the mix" of PEF's TeR


class Quality:
    """The marked parts of every exchange of a solved footprint, and ratings of any group of them."""

    def __init__(self, footprint: Footprint) -> None:
        self._footprint = footprint
        self._system = footprint.system
        self.scores: Array = footprint.exchange_scores[:, self._system.headline]

    @cached_property
    def parts(self) -> Array:
        """Score of every exchange that passes through each mark, (E, len(MARKS))."""
        s = self._system
        runs = s.amount * self._footprint.runs[s.process]
        background = np.where((s.flow >= 0)[:, None], 0.0, s.release.quality[np.maximum(s.product, 0)]) * runs[:, None]
        return np.where(self.carries, self.scores[:, None], background)

    @cached_property
    def carries(self) -> NDArray[np.bool_]:
        """Which marks every exchange has of its own, (E, len(MARKS))."""
        own = np.array([self._marks(i) for i in range(len(self._system.exchanges))], dtype=np.int64)
        carries: NDArray[np.bool_] = (own[:, None] & np.array([BIT[name] for name in MARKS])) > 0
        return carries

    @cached_property
    def primary(self) -> Array:
        """The part of every exchange's score that is primary data, (E,)."""
        return self.scores * self.primary_share

    @cached_property
    def primary_share(self) -> Array:
        """How much of every exchange is primary data, (E,): of a supplier's figure, the share that it states."""
        exchanges = self._system.exchanges
        share = [self._stated(e).primary_data_share if _is_supplied(e) else 1.0 for e in exchanges]
        return np.where([e.data == "primary" for e in exchanges], share, 0.0)

    @cached_property
    def own(self) -> Array:
        """The part of every exchange that is a supplier's own data or an emission of the site itself, (E,)."""
        return self.scores * self.own_share

    @cached_property
    def own_share(self) -> Array:
        return np.where([e.kind == "emission" for e in self._system.exchanges], self.primary_share, 0.0)

    @cached_property
    def stated(self) -> Array:
        """What PACT's ratings differ by where a supplier states them, times the score, (E, 3)."""
        found = np.zeros((len(self.scores), len(PACT)))
        for i, e in enumerate(self._system.exchanges):
            if _is_supplied(e) and (dqi := self._stated(e).dqi) and self.scores[i]:
                rated = rating(self.parts[i], self.scores[i], self.own[i])
                assert rated is not None
                found[i] = (np.array(dqi) - [rated["pact"][name] for name in PACT]) * self.scores[i]
        return found

    @cached_property
    def unverified(self) -> Array:
        """Score of every exchange whose figures nobody outside has checked, (E,)."""
        return np.where(self.is_verified, 0.0, self.scores)

    @cached_property
    def is_verified(self) -> NDArray[np.bool_]:
        lines = {line for line, footprint in self._supplied.items() if _verified(footprint)}
        found = [e.line in lines and _is_supplied(e) for e in self._system.exchanges]
        return np.array(found, dtype=bool)

    def rating(self) -> dict[str, Any] | None:
        """PEF's and PACT's ratings of the whole footprint."""
        own, unverified = float(self.own.sum()), float(self.unverified.sum())
        return rating(self.parts.sum(axis=0), float(self.scores.sum()), own, unverified, self.stated.sum(axis=0))

    def status_shares(self) -> dict[str, float] | None:
        return status_shares(self.parts.sum(axis=0), float(self.scores.sum()))

    def groups(self) -> list[tuple[dict[str, Any] | None, dict[str, float] | None]]:
        """Ratings and status shares of every (stage, line) group, in the order of the system's groups."""
        starts = self._system.group_starts
        parts, stated = np.add.reduceat(self.parts, starts), np.add.reduceat(self.stated, starts)
        scores, own, unverified = (np.add.reduceat(a, starts) for a in (self.scores, self.own, self.unverified))
        shares = [status_shares(p, s) for p, s in zip(parts.tolist(), scores.tolist(), strict=True)]
        return list(zip(ratings(parts, scores, own, 2 * unverified, stated), shares, strict=True))

    def statuses_by_count(self) -> dict[str, int]:
        """How many exchanges of the foreground buy data of each status."""
        s = self._system
        found = dict.fromkeys(STATUSES, 0)
        for product in s.product[s.product >= 0].tolist():
            found[s.release.status(product)] += 1
        return found

    def _marks(self, i: int) -> int:
        s, e = self._system, self._system.exchanges[i]
        marks = self._age if e.data != "default" else 0
        if not self._guessed.isdisjoint(e.parameters):
            marks |= BIT["published"] | BIT["derived"] | BIT["estimate"]
        if _is_supplied(e):
            marks |= aged(s.release.year - self._supplied[e.line].year)
            marks |= 0 if _verified(self._supplied[e.line]) else BIT["published"]  # stated, not shown to be measured
        if e.kind == "emission" and e.data == "default":  # the rule's formula, not a meter
            marks |= BIT["published"] | BIT["derived"]
        if s.product[i] >= 0:
            location = s.release.location(int(s.product[i]))
            marks |= at_least("geography", geography(location, self._place(e)))
            marks |= at_least("technology", 1 if e.matched_by in EXACT_MATCHES else TECHNOLOGY_BY_RULE)
        return marks

    def _place(self, exchange: Exchange) -> str:
        """Where what is bought comes from: the line's origin, else the site."""
        bom = self._system.inventory.bom
        material = exchange.activity == "material"
        return (self._origins.get(exchange.line) if material else None) or bom.region or bom.country

    @cached_property
    def _age(self) -> int:
        end = self._system.inventory.bom.end
        return aged(self._system.release.year - end.year if end else UNDATED)

    @cached_property
    def _guessed(self) -> frozenset[str]:
        return frozenset(a.parameter for a in self._system.inventory.assumptions if a.evidence == "estimate")

    @cached_property
    def _supplied(self) -> dict[str, SupplierFootprint]:
        return {line.id: line.supplier_footprint for line in self._lines() if line.supplier_footprint}

    @cached_property
    def _origins(self) -> dict[str, str]:
        return {line.id: line.origin for line in self._lines() if line.origin}

    def _stated(self, exchange: Exchange) -> SupplierFootprint:
        return self._supplied[exchange.line]

    def _lines(self) -> Any:
        bom = self._system.inventory.bom
        return (*bom.lines, *(bom.shared.lines if bom.shared else ()))


def _is_supplied(exchange: Exchange) -> bool:
    return exchange.matched_by == "supplier_footprint"


def _verified(footprint: SupplierFootprint) -> bool:
    """Whether a supplier names a verification; words for none are none."""
    return footprint.verification.strip().lower() not in NO_VERIFICATION
