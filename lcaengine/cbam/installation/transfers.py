"""CO2 received and delivered: IR (EU) 2025/2547 Annex II B.8, and its attribution as that of the source (Annex III A.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lcaengine.cbam.installation.emissions import Emitted
from lcaengine.cbam.installation.model import EMPTY, Installation, Transfer
from lcaengine.problems import Problem


@dataclass(frozen=True, slots=True)
class Movement:
    """What one transfer takes from the direct emissions, or adds to them, t CO2; ``shares`` of processes."""

    transfer: Transfer
    deducted: float
    added: float
    shares: Mapping[str, float]


def movements(installation: Installation, sources: Sequence[Emitted], problems: list[Problem]) -> tuple[Movement, ...]:
    """Every transfer. Only fossil CO2 that is stored or bound in fact is deducted, and never more than there is (B.8.2).

    CO2 received counts as an emission unless there is evidence that it counted where it came from (Annex I 3.9.2).
    """
    by_id = {e.id: e for e in sources}
    found = tuple(_movement(t, by_id.get(t.source or ""), problems) for t in installation.transfers)
    room = sum(e.fossil for e in sources if e.fossil > 0) + sum(
        t.tonnes for t in installation.transfers if t.direction == "in"
    )
    deducted = sum(m.deducted for m in found)
    if sources and deducted > room:
        problems.append(Problem("cbam_transfer_room", found[0].transfer.where, {"deducted": deducted, "room": room}))
    return found


def _movement(t: Transfer, source: Emitted | None, problems: list[Problem]) -> Movement:
    shares = source.attribution if source is not None else {t.process: 1.0} if t.process else EMPTY
    if t.direction == "in":
        return Movement(t, 0.0, 0.0 if t.counted_at_origin else t.tonnes, shares)
    fossil = t.fossil
    if source is not None:
        whole = source.fossil + source.biogenic
        fossil = source.fossil / whole if whole else 0.0
        if t.tonnes * t.stored * fossil > max(source.fossil, 0.0) * (1.0 + 1e-9):
            values = {"deducted": t.tonnes * t.stored * fossil, "room": source.fossil}
            problems.append(Problem("cbam_transfer_room", t.where, values))
    return Movement(t, t.tonnes * t.stored * (fossil or 0.0), 0.0, shares)
