"""Timing contestants against each other in one run, and the rows of the table of results."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

REPEATS = 7
PATIENCE = 30.0
SHORTEST = 0.02


@dataclass(frozen=True)
class Row:
    """One comparison: seconds (or bytes, where ``unit`` is MB) of ours and of the peer.

    ``target`` is a number of times: with ``faster`` ours must take at most 1/target of the peer's time, otherwise at
    most target times it; None is no target. ``limit``: the peer is an absolute limit. ``checked`` says what was found
    equal.
    """

    name: str
    release: str
    peer_name: str
    ours: float
    peer: float
    target: float | None
    faster: bool
    checked: str = ""
    limit: bool = False
    unit: Literal["ms", "MB"] = "ms"

    @property
    def ratio(self) -> float:
        """How many times faster ours is, or how many times the peer's time (or limit) it takes."""
        return self.peer / self.ours if self.faster else self.ours / self.peer

    @property
    def met(self) -> bool:
        if self.target is None:
            return True
        return self.ratio >= self.target if self.faster else self.ratio <= self.target


def race(
    contestants: Mapping[str, Callable[[], Any]], repeats: int = REPEATS, patience: float = PATIENCE
) -> dict[str, float]:
    """Median seconds of a call of each contestant.

    They run in turns, so that whatever else the machine does hits all alike. A short call is repeated within its turn;
    one that has used up the patience (seconds) gets no further turns. The first turn warms up and does not count,
    except for one that took longer than a third of the patience.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    loops, spent = dict.fromkeys(contestants, 1), dict.fromkeys(contestants, 0.0)
    for turn in range(repeats + 1):
        for name, call in contestants.items():
            if turn and spent[name] > patience:
                continue
            took = _timed(call, loops[name])
            spent[name] += took * loops[name]
            if turn:
                times[name].append(took)
            else:
                loops[name] = max(1, round(SHORTEST / max(took, 1e-7)))
                if took > patience / 3:
                    times[name].append(took)
    return {name: statistics.median(found) for name, found in times.items()}


def _timed(call: Callable[[], Any], loops: int) -> float:
    start = time.perf_counter()
    for _ in range(loops):
        call()
    return (time.perf_counter() - start) / loops
