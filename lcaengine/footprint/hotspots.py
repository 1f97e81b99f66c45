"""Hotspots: exact contributions of lines, stages and processes, ranked by absolute value.

Each list is a partition: its values add up to the total. ``share`` is signed (null for a zero total), ``gross_share`` is
the absolute value over the sum of absolute values, ``cumulative_share`` adds the gross shares up.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from lcaengine.footprint.solve import Footprint

Entry = dict[str, Any]
ROUNDING = 1e-13  # of all contributions: a process that is only rounding is none


def hotspots(footprint: Footprint, limit: int = 20) -> dict[str, Any]:
    """The ranked lines, stages and processes, ``limit`` of each; what is left is summed as ``rest``."""
    return {
        "total": footprint.value,
        "unit": "kg CO2e",
        "lines": _ranked(line_contributions(footprint), limit),
        "stages": _ranked(stage_contributions(footprint), limit),
        "processes": _ranked(process_contributions(footprint), limit),
    }


def line_contributions(footprint: Footprint) -> list[Entry]:
    """One entry per line, over all stages."""
    s = footprint.system
    sums: dict[str, float] = {}
    stages: dict[str, list[str]] = {}
    for (stage, line), value in zip(s.groups, footprint.groups[:, s.headline], strict=True):
        sums[line] = sums.get(line, 0.0) + float(value) + 0.0
        stages.setdefault(line, []).append(stage)
    shown = s.inventory.lines
    return [
        {
            "id": line,
            "name": dict(shown[line].name) if line in shown else carbon_name(),
            "stages": stages[line],
            "value": v,
        }
        for line, v in sums.items()
    ]


def carbon_name() -> dict[str, str]:
    return {"zh": "生物碳平衡（发酵、呼吸）", "en": "Biogenic carbon balance (fermentation, respiration)"}


def stage_contributions(footprint: Footprint) -> list[Entry]:
    s = footprint.system
    names = {stage.id: dict(stage.name) for stage in s.inventory.rule.stages}
    return [
        {"id": stage, "name": names[stage], "value": float(value)}
        for stage, value in zip(s.stages, footprint.stages[:, s.headline], strict=True)
    ]


def process_contributions(footprint: Footprint) -> list[Entry]:
    """Direct emissions of every process, background (by the supply vector, solved on demand) and foreground."""
    s = footprint.system
    supply = s.release.supply(footprint.background_demand())
    direct = supply * s.release.direct[:, s.headline]
    used = [int(j) for j in np.flatnonzero(np.abs(direct) > ROUNDING * np.abs(direct).sum())]
    names = s.release.catalogue.names(s.release.codes[int(s.release.reference[j])] for j in used)
    found: list[Entry] = []
    for j in used:
        code = s.release.codes[int(s.release.reference[j])]
        entry = {"id": code, "name": names[code], "value": float(direct[j]), "runs": float(supply[j])}
        found.append(entry | {"unit": s.release.unit(int(s.release.reference[j]))})
    emitted = np.where(s.flow >= 0, footprint.exchange_scores[:, s.headline], 0.0)
    for j, process in enumerate(s.inventory.processes):
        if value := float(emitted[s.process == j].sum()):
            found.append({"id": f"foreground:{process.id}", "name": dict(process.name), "value": value})
    return found


def _ranked(entries: Iterable[Entry], limit: int) -> dict[str, Any]:
    found = sorted(entries, key=lambda e: -abs(e["value"]))
    total, gross = sum(e["value"] for e in found), sum(abs(e["value"]) for e in found)
    running = 0.0
    for rank, entry in enumerate(found, 1):
        share = abs(entry["value"]) / gross if gross else None
        running += share or 0.0
        entry["rank"] = rank
        entry["share"] = entry["value"] / total if total else None
        entry["gross_share"] = share
        entry["cumulative_share"] = running if gross else None
    rest = found[limit:]
    return {
        "items": found[:limit],
        "count": len(found),
        "rest": {"count": len(rest), "value": sum(e["value"] for e in rest)},
    }
