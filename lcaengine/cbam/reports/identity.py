"""Who reports on what: items 1, 2(a) to (h), and 3 of the summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lcaengine.cbam.reports.values import (
    Answer,
    Column,
    Json,
    given,
    missing,
    not_applicable,
    not_stated,
    of_field,
    table,
    text,
    yes_no,
)

Builder = Callable[[Json], Answer]
CHINESE = re.compile("[一-鿿]")
PROCESS = Column("process", "过程", "Process")


def about(key: str, field: str) -> Builder:
    """An entry of the installation's own data."""
    return lambda f: of_field(f["about"].get(key), field)


def address(key: str, field: str) -> Builder:
    """An address, which the act wants in English."""

    def answer(f: Json) -> Answer:
        value = f["about"].get(key)
        if value and CHINESE.search(value):
            return missing(f"地址须为英文：{field}。", f"The address must be in English: {field}.", value)
        return of_field(value, field)

    return answer


def coordinates(f: Json) -> Answer:
    """Six decimals, as IR (EU) 2025/2546 asks of the verification report."""
    latitude, longitude = f["about"].get("latitude"), f["about"].get("longitude")
    if latitude is None or longitude is None:
        return not_stated("installation.latitude, installation.longitude")
    return given(f"{latitude:.6f}, {longitude:.6f}", "°")


def processes_and_routes(f: Json) -> Answer:
    columns = (PROCESS, Column("category", "类别", "Category"), Column("route", "生产路线", "Production route"))
    return table(columns, _routes(f, lambda _: {}))


def processes_with_goods(f: Json) -> Answer:
    """Item 3 of the summary: processes, routes and goods."""
    columns = (
        PROCESS, Column("category", "类别", "Category"), Column("route", "生产路线", "Production route"),
        Column("goods", "货物（CN 编码）", "Goods (CN codes)"),
    )  # fmt: skip
    codes = {
        p["id"]: ", ".join(g["cn_code"] for g in f["goods"] if g["process"] == p["id"]) or None for p in f["processes"]
    }
    return table(columns, _routes(f, lambda p: {"goods": codes[p["id"]]}))


def _routes(f: Json, more: Callable[[Json], Json]) -> list[Json]:
    return [
        {"process": p["name"], "category": p["category"]["name"], "route": route, **more(p)}
        for p in f["processes"] for route in p["routes"]
    ]  # fmt: skip


def non_cbam_processes(f: Json) -> Answer:
    names = f["operator"].get("monitoring_plan", {}).get("non_cbam_processes")
    if names is None:
        return not_stated("monitoring_plan.non_cbam_processes")
    return text("；".join(n["zh"] for n in names) or "无", "; ".join(n["en"] for n in names) or "None")


def main_goods(f: Json) -> Answer:
    """The five largest by mass of every process."""
    rows = [
        {"process": p["name"], "cn_code": g["cn_code"], "name": g["name"], "mass": g["tonnes"]}
        for p in f["processes"] for g in largest([g for g in f["goods"] if g["process"] == p["id"]], "tonnes")
    ]  # fmt: skip
    if not rows:
        return missing("没有过程列出货物。", "No process lists any goods.")
    columns = (
        PROCESS,
        Column("cn_code", "CN 编码", "CN code"),
        Column("name", "名称", "Name", needed=False),
        Column("mass", "质量", "Mass", "t"),
    )
    return table(columns, rows)


def main_fuels(f: Json) -> Answer:
    fuels = largest([s for s in f["emissions"]["sources"] if s["energy"] > 0], "energy")
    columns = (Column("name", "燃料", "Fuel"), Column("energy", "能量", "Energy", "TJ"))
    return (
        table(columns, fuels)
        if fuels
        else not_applicable("没有给出净热值的燃料。", "There is no fuel with a net calorific value.")
    )


def main_materials(f: Json) -> Answer:
    """Materials of process emissions: by the process method, or by mass balance without being a fuel."""
    found = [
        s
        for s in f["emissions"]["sources"]
        if s["method"] in {"process", "mass_balance"} and s["energy"] <= 0 and s["fossil"] > 0
    ]
    columns = (Column("name", "材料", "Material"), Column("fossil", "排放", "Emissions", "t CO2"))
    rows = largest(found, "fossil")
    return (
        table(columns, rows)
        if rows
        else not_applicable("没有导致过程排放的材料。", "No material leads to process emissions.")
    )


def measured_sources(f: Json) -> Answer:
    if not f["measured"]:
        return NO_MEASUREMENT
    columns = (
        Column("name", "排放源", "Emission source"),
        Column("gas", "气体", "Gas"),
        Column("fossil", "排放", "Emissions", "t CO2e"),
    )
    return table(columns, largest(f["measured"], "fossil"))


def zero_rated_fuels(f: Json) -> Answer:
    if not f["zero_rated"]:
        return yes_no(False)
    how = f["operator"].get("monitoring_plan", {}).get("zero_rating")
    return yes_no(True, how) if how else not_stated("monitoring_plan.zero_rating")


def largest(rows: Iterable[Json], key: str, count: int = 5) -> Sequence[Any]:
    return sorted(rows, key=lambda row: -(row[key] or 0.0))[:count]


NO_MEASUREMENT = not_applicable(
    "装置不采用连续排放测量。", "No continuous emission measurement is used at the installation."
)
