"""Electricity: items 3, 4, 9 to 12, 26, 32 and 33, and 6 and 11 of the summary."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lcaengine.cbam.quantities import rounded
from lcaengine.cbam.reports.identity import PROCESS
from lcaengine.cbam.reports.values import (
    Answer,
    Column,
    Json,
    given,
    missing,
    not_applicable,
    not_stated,
    table,
    text,
    yes_no,
)

SOURCES: dict[str | None, Json] = {
    "grid_default": {"zh": "电网（默认因子）", "en": "Grid, default factor"},
    "alternative_default": {"zh": "电网（替代默认因子）", "en": "Grid, alternative default factor"},
    "direct_link": {"zh": "直接技术连接", "en": "Direct technical link"},
    "power_purchase": {"zh": "购电协议", "en": "Power purchase agreement"},
    "own_generation": {"zh": "装置内发电", "en": "Own generation"},
    "mix": {"zh": "装置平均", "en": "Mix of the installation"},
    None: {"zh": "未注明", "en": "Not stated"},
}
FROM_OTHERS = ("direct_link", "power_purchase")
FROM_OUTSIDE = ("grid_default", "alternative_default", *FROM_OTHERS, "mix")


def sources(f: Json) -> Answer:
    """Item 3: where the electricity comes from; a supplier's name and country where it is another installation."""
    rows = list(_by_source(f))
    if not rows:
        return not_applicable("生产过程不用电。", "The production processes use no electricity.")
    unasked = {"name": "–", "country": "–"}  # only other installations are named
    rows = [
        row if row["id"] in FROM_OTHERS else {**row, **{k: row[k] or v for k, v in unasked.items()}} for row in rows
    ]
    columns = (
        Column("source", "来源", "Source"), Column("amount", "数量", "Quantity", "MWh"), Column("name", "供应商", "Supplier"),
        Column("country", "原产国", "Country of origin"),
    )  # fmt: skip
    return table(columns, rows)


def _by_source(f: Json) -> list[Json]:
    """One row for every source and factor, with its suppliers."""
    amounts: dict[tuple[str | None, Any], float] = {}
    for s in f["electricity"]["sources"]:
        kind = s["source"] or ("own_generation" if s["from"] else None)
        amounts[kind, s["factor"]] = amounts.get((kind, s["factor"]), 0.0) + s["amount"]
    return [
        {"id": kind, "source": SOURCES[kind], "amount": amount, "factor": factor, **_suppliers(f, kind)}
        for (kind, factor), amount in amounts.items()
    ]


def _suppliers(f: Json, kind: str | None) -> Json:
    found = [s for s in f["operator"].get("electricity", {}).get("suppliers", []) if s["source"] == kind]
    return {
        key: ", ".join(dict.fromkeys(s[key] for s in found if s.get(key))) or None
        for key in ("name", "country", "address")
    }


def generation(key: str) -> Callable[[Json], Answer]:
    """Items 4(a) to (d)."""

    def answer(f: Json) -> Answer:
        made = f["generation"]
        if not made["produced"]:
            return not_applicable("装置内不发电。", "No electricity is produced inside the installation.")
        if key != "source":
            return yes_no(made[key])
        if made["source"] is None:
            return not_stated("electricity.generation")
        return text(
            *{
                "fossil": ("化石能源", "Fossil"),
                "renewable": ("可再生能源", "Renewable"),
                "mixed": ("化石和可再生能源", "Fossil and renewable"),
            }[made["source"]]
        )

    return answer


def for_indirect_goods(answer: Callable[[Json], Answer]) -> Callable[[Json], Answer]:
    """Only where the installation makes goods of Annex I that are not in Annex II."""
    return lambda f: answer(f) if any(p["scope"] != "direct" for p in f["processes"]) else ALL_ANNEX_II


def total(f: Json) -> Answer:
    value = f["electricity"]["total"]
    if value is None:
        return missing(
            "装置文件没有电力平衡（balances.electricity）。",
            "The installation has no balance of electricity (balances.electricity).",
        )
    return given(value, "MWh")


def for_these_goods(f: Json) -> Answer:
    return given(f["electricity"]["consumed_for_goods_with_indirect_scope"]["value"], "MWh")


def obtained_from(f: Json) -> Answer:
    """Item 11: the installations behind what comes from outside."""
    rows = [row for row in _by_source(f) if row["id"] in FROM_OUTSIDE]
    if not rows:
        return not_applicable("没有来自装置外的电力。", "No electricity comes from outside the installation.")
    columns = (
        Column("source", "来源", "Source"),
        Column("name", "供应装置", "Installation or supplier"),
        Column("address", "地址", "Address", needed=False),
    )
    return table(columns, rows)


def per_source(f: Json) -> Answer:
    """Item 12: only where there are different sources; the factor of Article 9 stands in every row."""
    rows = [{**row, "mean": f["electricity"]["mean_factor"]["value"]} for row in _by_source(f)]
    if len(rows) < 2:
        return not_applicable("只有一个电力来源。", "There is only one source of electricity.")
    columns = (
        Column("source", "来源", "Source"), Column("amount", "数量", "Quantity", "MWh"), Column("country", "原产国", "Country of origin"),
        Column("factor", "排放因子", "Emission factor", "t CO2/MWh"), Column("mean", "按第 9 条的因子", "Factor by Article 9", "t CO2/MWh"),
    )  # fmt: skip
    home = f["about"].get("country")
    return table(columns, [{**row, "country": home} if row["id"] == "own_generation" else row for row in rows])


def per_process(f: Json) -> Answer:
    """Item 26."""
    columns = (PROCESS, Column("amount", "用电量", "Electricity", "MWh"))
    return table(
        columns, [{"process": p["name"], "amount": p["attributed"]["electricity"]["value"]} for p in f["processes"]]
    )


def actual_factor(f: Json) -> Answer:
    """Item 32: what the installation holds on every source with an actual factor, and what the operator adds."""
    found = [s for s in f["electricity"]["sources"] if s["source"] in {*FROM_OTHERS, "own_generation"} or s["from"]]
    if not found:
        return not_applicable("没有采用实际值的电力因子。", "No electricity factor is an actual value.")
    if information := f["operator"].get("electricity", {}).get("factor_information"):
        return given(information)
    names = {p["id"]: p["name"] for p in f["processes"]}
    rows = [
        {"process": names[s["process"]], "source": SOURCES[s["source"] or "own_generation"], "factor": s["factor"],
         "evidence": s["evidence"] or (f"heat unit {s['from']}, Annex II D" if s["from"] else None)} for s in found
    ]  # fmt: skip
    columns = (
        PROCESS, Column("source", "来源", "Source"), Column("factor", "排放因子", "Emission factor", "t CO2/MWh"),
        Column("evidence", "依据", "Evidence"),
    )  # fmt: skip
    return table(columns, rows)


def purchase_agreement(f: Json) -> Answer:
    if not any(s["source"] == "power_purchase" for s in f["electricity"]["sources"]):
        return not_applicable("没有购电协议。", "There is no power purchase agreement.")
    information = f["operator"].get("electricity", {}).get("power_purchase")
    return given(information) if information else not_stated("electricity.power_purchase")


def indirect_emissions(f: Json) -> Answer:
    """Item 6 of the summary, in whole tonnes."""
    return given(rounded(f["electricity"]["indirect_emissions"]["value"], 0), "t CO2e")


ALL_ANNEX_II = not_applicable(
    "全部货物均列入 2023/956 附件二，只计直接排放。",
    "All goods are listed in Annex II to 2023/956: only direct emissions count.",
)
