"""Goods: items 13 to 15, 31 and 34, and 4 of the summary. Only what may be declared is reported (Art. 13 to 15)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lcaengine.cbam.quantities import rounded
from lcaengine.cbam.reports.identity import PROCESS
from lcaengine.cbam.reports.names import FUNCTIONAL_UNITS, METHODS, route_name
from lcaengine.cbam.reports.values import Answer, Column, Json, missing, not_applicable, not_stated, table

CODE = Column("cn_code", "CN 编码", "CN code")
NAME = Column("description", "货物", "Good", needed=False)
UNIT = Column("unit", "单位", "Unit")
PERCENT_DIGITS = 2


def produced(f: Json) -> Answer:
    """Item 13."""
    columns = (PROCESS, CODE, NAME, Column("tonnes", "数量", "Quantity", "t"))
    rows = [{**g, "process": g["process_name"]} for g in f["goods"]]
    lonely = [p for p in f["processes"] if not any(g["process"] == p["id"] for g in f["goods"])]
    rows += [{"process": p["name"], "tonnes": p["production"]["value"]} for p in lonely]
    return table(columns, rows)


def non_cbam_goods(f: Json) -> Answer:
    """Item 14."""
    found = f["operator"].get("non_cbam_goods")
    if found is None:
        return not_stated("non_cbam_goods")
    if not found:
        return not_applicable("运营商声明没有非 CBAM 货物。", "The operator states that there are none.")
    names = {p["id"]: p["name"] for p in f["processes"]}
    columns = (PROCESS, Column("name", "货物", "Good"), Column("amount", "数量", "Quantity"), UNIT)
    return table(columns, [{**row, "process": names[row["process"]]} for row in found])


def direct(f: Json) -> Answer:
    """Items 15(a) and 4(a) of the summary: five decimals per tonne; per kg N eight (Annex II A.1 point 8)."""
    return _per_good(
        f, lambda g: {"value": g["declarable"]["direct"]["reported"]}, (Column("value", "直接 SEE", "Direct SEE"), UNIT)
    )


def compositions(f: Json) -> Answer:
    """Item 15(b): equations (64) to (66), per tonne of the good."""
    found = [g for g in f["goods"] if g["functional_unit"] in {"t_clinker", "kg_n"}]
    if not found:
        return not_applicable(
            "货物的功能单位是吨，没有成分范围。",
            "The functional unit of the goods is the tonne: there are no compositions.",
        )
    return _per_good(
        {**f, "goods": found},
        lambda g: {"content": g["content"], "value": rounded(g["declarable"]["direct"]["exact"] * g["content"])},
        (
            Column("content", "每吨功能单位数", "Functional units per tonne"),
            Column("value", "直接 SEE（每吨货物）", "Direct SEE per tonne of good", "t CO2e/t"),
        ),
    )


def quality(f: Json) -> Answer:
    """Item 15(c)."""
    used_methods = [METHODS[m] for m in f["emissions"]["by_method"]]
    methods = {
        "zh": "、".join(m["zh"] for m in used_methods) or "–",
        "en": ", ".join(m["en"] for m in used_methods) or "–",
    }
    columns = (CODE, Column("default", "使用了默认值", "Default values used"), Column("method", "方法", "Methods"))

    def row(g: Json) -> Json:
        return {"default": _defaults_used(f, g), "method": methods}

    return _per_good(f, row, columns[1:])


def _defaults_used(f: Json, good: Json) -> Json:
    """Where default values went in: precursors, and the electricity of goods whose indirect emissions count."""
    share = f["electricity"]["shares"][good["process"]] if good["scope"] != "direct" else None
    found = []
    if good["declarable"]["default_share"]:
        found.append(("前体（第 22 项）", "precursors (item 22)"))
    if share and share["default"]:
        found.append(("电力因子（第 15(e) 项）", "the electricity factor (item 15(e))"))
    if not found:
        return {"zh": "否，完全依据监测和经核查的实际值", "en": "No: wholly by monitoring and verified actual values"}
    return {"zh": "是：" + "、".join(zh for zh, _ in found), "en": "Yes: " + ", ".join(en for _, en in found)}


def default_share(f: Json) -> Answer:
    """Items 15(d) and 4(b) of the summary, of embedded emissions in scope, through precursors; the electricity's own is 15(e)."""

    def row(g: Json) -> Json:
        return {"value": rounded(100.0 * (g["declarable"]["default_share"] or 0.0), PERCENT_DIGITS)}

    return _per_good(
        f, row, (Column("value", "默认值份额（经前体）", "Share by default values, through precursors", "%"),)
    )


def indirect_share(kind: str) -> Callable[[Json], Answer]:
    """Items 15(e), first and second dash; 4(c) of the summary."""

    def answer(f: Json) -> Answer:
        found = _outside_annex_ii(f)
        if not found:
            return ALL_ANNEX_II
        rows = [{**g, "value": _part(f["electricity"]["shares"][g["process"]], kind)} for g in found]
        zh, en = (
            ("实际值份额", "Share by actual values") if kind == "actual" else ("默认值份额", "Share by default values")
        )
        return table((CODE, NAME, Column("value", zh, en, "%")), rows)

    return answer


def _part(shares: Json | None, kind: str) -> float | None:
    """None where part of the electricity is of a source that is neither (mix, not stated)."""
    if shares is None:
        return 0.0
    return None if shares["unknown"] else rounded(100.0 * shares[kind], PERCENT_DIGITS)


def criteria(evidence: bool) -> Callable[[Json], Answer]:
    """Items 15(e), third dash (with the evidence); 4(c) of the summary (without)."""

    def answer(f: Json) -> Answer:
        shares = [s for g in _outside_annex_ii(f) if (s := f["electricity"]["shares"][g["process"]])]
        if not shares:
            return ALL_ANNEX_II
        if not any(s["actual"] or s["unknown"] for s in shares):
            return not_applicable(
                "间接排放完全以默认值确定。", "All indirect emissions are determined on the basis of default values."
            )
        stated = f["operator"].get("electricity", {})
        needed = ("criteria_met", "evidence_submitted") if evidence else ("criteria_met",)
        if lacking := [key for key in needed if not stated.get(key)]:
            return not_stated(", ".join(f"electricity.{key}" for key in lacking))
        zh = "运营商确认：符合 2023/956 附件四第 6 点的标准" + (
            "，D.4.3 点的证据要素已提交核查机构" if evidence else ""
        )
        en = "Confirmed by the operator: the criteria of point 6 of Annex IV to 2023/956 are met" + (
            "; the elements of evidence of point D.4.3 were submitted to the verifier" if evidence else ""
        )
        return Answer("value", {"zh": zh, "en": en})

    return answer


def indirect(f: Json) -> Answer:
    """Items 15(e), fourth dash; 4(c) of the summary."""
    found = _outside_annex_ii(f)
    if not found:
        return ALL_ANNEX_II
    return _per_good(
        {**f, "goods": found}, lambda g: {"value": g["declarable"]["indirect"]["reported"]}, (Column("value", "间接 SEE", "Indirect SEE"), UNIT)
    )  # fmt: skip


def imported_electricity(_: Json) -> Answer:
    """Items 15(f), 4(d) of the summary, and the addendum of 1.1.1."""
    return not_applicable(
        "货物中没有输入欧盟关税区的电力（2716 00 00）。",
        "No electricity (2716 00 00) is imported into the customs territory of the Union.",
    )


def free_allocation(f: Json) -> Answer:
    """Item 4(e) of the summary: SEFA, t CO2e per tonne (IR (EU) 2025/2620)."""
    facts = f["free_allocation"]
    rows = [{**g, "value": facts["by_process"].get(g["process"])} for g in f["goods"]]
    found = table(
        (CODE, NAME, Column("value", "单位内含免费配额", "Specific embedded free allocation", "t CO2e/t")), rows
    )
    if found.status == "value" or not (found.reason and facts["reasons"]):
        return found
    zh = " ".join(dict.fromkeys(t for r in facts["reasons"].values() for t in r["zh"]))
    en = " ".join(dict.fromkeys(t for r in facts["reasons"].values() for t in r["en"]))
    return missing(f"{found.reason['zh']} {zh}", f"{found.reason['en']} {en}", found.value)


def benchmarks(f: Json) -> Answer:
    """Item 4(f) of the summary: what was used, which the operator confirms."""
    rows = [{**g, **_benchmark(f["free_allocation"]["benchmarks"].get(g["cn_code"]))} for g in f["goods"]]
    columns = (
        CODE, Column("benchmark", "A 栏基准", "Benchmark, column A", "t CO2e/t"), Column("route", "路线", "Route", needed=False),
        Column("factor", "CBAM 系数", "CBAM factor"), Column("correction", "修正系数", "Correction factor"), Column("method", "方法", "Method"),
    )  # fmt: skip
    found = table(columns, rows)
    if not f["operator"].get("benchmarks_confirmed"):
        return missing(
            "运营商未确认（benchmarks_confirmed）。",
            "Not confirmed by the operator (benchmarks_confirmed).",
            found.value,
        )
    return found


def _benchmark(used: Json | None) -> Json:
    if used is None:
        return {}
    return {
        "benchmark": used["benchmark"]["value"], "route": used["benchmark"]["route"], "factor": used["cbam_factor"]["value"],
        "correction": used["correction_factor"]["value"], "method": "SEFA = CBAM · CSCF · BM(A) + Σ m·SEFA (2025/2620)",
    }  # fmt: skip


def in_functional_units(f: Json) -> Answer:
    """Items 31 and 34(a), with what a joint process makes on the way to its goods (Art. 4(9))."""
    columns = (
        CODE,
        NAME,
        Column("amount", "数量", "Quantity"),
        UNIT,
        Column("joint", "联合过程中的前体", "Precursors of a joint process", needed=False),
    )
    return table(columns, [{**g, **_units(g), "joint": _joint(f, g)} for g in f["goods"]])


def _joint(f: Json, good: Json) -> str | None:
    return next((", ".join(p["includes"]) or None for p in f["processes"] if p["id"] == good["process"]), None)


def _units(good: Json) -> Json:
    amount = None if good["tonnes"] is None else good["tonnes"] * good["content"]
    return {"amount": amount, "unit": FUNCTIONAL_UNITS[good["functional_unit"]]}


def per_route(f: Json) -> Answer:
    """Item 34(a): a good of its own route has it all; else the process's routes by their quantities."""
    rows = []
    for g in f["goods"]:
        whole = sum(g["routes"].values())
        for route, tonnes in ({g["route"]: whole} if g["route"] else g["routes"]).items():
            units = _units(g)
            amount = None if units["amount"] is None or not whole else units["amount"] * tonnes / whole
            rows.append({**g, **units, "amount": amount, "route": route_name(g["category"], route)})
    return table(
        (CODE, Column("route", "生产路线", "Production route"), Column("amount", "数量", "Quantity"), UNIT), rows
    )


def other_functional_units(f: Json) -> Answer:
    """Item 34(b)."""
    found = [p for p in f["processes"] if p["activity_level"]["unit"] != "t"]
    if not found:
        return not_applicable(
            "功能单位是每个 CN 编码的货物吨数。", "The functional unit is the tonne of goods of each CN code."
        )
    rows = [
        {
            "process": p["name"],
            "amount": p["activity_level"]["value"],
            "unit": FUNCTIONAL_UNITS[p["activity_level"]["unit"]],
        }
        for p in found
    ]
    return table((PROCESS, Column("amount", "数量", "Quantity"), UNIT), rows)


def _outside_annex_ii(f: Json) -> list[Json]:
    return [g for g in f["goods"] if g["scope"] != "direct"]


def _per_good(f: Json, row: Callable[[Json], Json], columns: tuple[Column, ...]) -> Answer:
    """A row for every good; empty where nothing of it may be declared."""
    if not f["goods"]:
        return missing("没有过程列出货物。", "No process lists any goods.")
    rows: list[Any] = [
        {**g, "unit": f"t CO2e/{FUNCTIONAL_UNITS[g['functional_unit']]}", **(row(g) if g["declarable"] else {})} for g in f["goods"]
    ]  # fmt: skip
    found = table((CODE, NAME, *columns), rows)
    if found.status == "value" or found.reason is None:
        return found
    return missing(
        f"{found.reason['zh']}没有可申报的结果。",
        f"{found.reason['en']} There is no result that may be declared.",
        found.value,
    )


ALL_ANNEX_II = not_applicable(
    "全部货物均列入 2023/956 附件二，只计直接排放。",
    "All goods are listed in Annex II to 2023/956: only direct emissions count.",
)
