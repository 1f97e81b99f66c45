"""Contributions: all members of one partition of a footprint, whose values add up to the total.

By life cycle stage, BOM line, process (its own emissions), gas, or PACT category (the indicators that the headline is the
sum of). What came as a total without a split stands as ``unsplit`` among gases and categories.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lcaengine.footprint.hotspots import line_contributions, process_contributions, stage_contributions
from lcaengine.footprint.solve import Footprint

Entry = dict[str, Any]
GASES: Mapping[str, Mapping[str, str]] = {
    "CO2": {"zh": "二氧化碳", "en": "Carbon dioxide"},
    "CH4": {"zh": "甲烷", "en": "Methane"},
    "N2O": {"zh": "氧化亚氮", "en": "Nitrous oxide"},
    "SF6": {"zh": "六氟化硫", "en": "Sulphur hexafluoride"},
    "NF3": {"zh": "三氟化氮", "en": "Nitrogen trifluoride"},
    "PFC": {"zh": "全氟碳化物", "en": "Perfluorocarbons"},
    "HFC": {"zh": "氢氟碳化物", "en": "Hydrofluorocarbons"},
    "HCFC": {"zh": "氢氯氟烃", "en": "Hydrochlorofluorocarbons"},
    "unsplit": {"zh": "未拆分（公布的总量）", "en": "Unsplit (published totals)"},
}


def contributions(footprint: Footprint, by: str = "stage") -> dict[str, Any]:
    """Every member of the partition, largest first, with its signed share of the total (null where that is zero)."""
    total = footprint.value
    found = sorted(PARTITIONS[by](footprint), key=lambda e: -abs(e["value"]))
    items = [
        {"id": e["id"], "name": e["name"], "value": e["value"], "share": e["value"] / total if total else None}
        for e in found
    ]
    return {
        "by": by, "total": total, "unit": "kg CO2e", "indicator": footprint.system.inventory.rule.indicator,
        "sum": sum(e["value"] for e in items), "count": len(items), "items": items,
    }  # fmt: skip


def gas_contributions(footprint: Footprint) -> list[Entry]:
    """The headline by gas."""
    release = footprint.system.release
    return [
        {"id": gas, "name": dict(GASES.get(gas, {"zh": gas, "en": gas})), "value": _column(footprint, f"gas:{gas}")}
        for gas in release.gases
    ]


def category_contributions(footprint: Footprint) -> list[Entry]:
    """The indicators that the headline is the sum of; itself, where the release does not divide it."""
    indicators = {i["id"]: i for i in footprint.system.release.indicators}
    headline = footprint.system.inventory.rule.indicator
    return [
        {"id": part, "name": dict(indicators[part]["name"]), "value": _column(footprint, part)}
        for part in indicators[headline]["sum_of"] or [headline]
    ]


def _column(footprint: Footprint, name: str) -> float:
    return float(footprint.total[footprint.system.release.column_index[name]]) + 0.0  # no −0


PARTITIONS: Mapping[str, Callable[[Footprint], list[Entry]]] = {
    "stage": stage_contributions,
    "line": line_contributions,
    "process": process_contributions,
    "gas": gas_contributions,
    "category": category_contributions,
}
