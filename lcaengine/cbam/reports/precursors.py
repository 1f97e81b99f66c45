"""Precursors: items 18 to 25, 27 and 28, and 12 to 16 of the summary. A precursor's number ties its items together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lcaengine.cbam.quantities import rounded
from lcaengine.cbam.reports.values import Answer, Column, Json, not_applicable, table

NUMBER = Column("number", "前体", "Precursor")
CODE = Column("cn_code", "CN 编码", "CN code")
GOOD = Column("description", "货物", "Good")
DIRECT = Column("direct", "直接 SEE", "Direct SEE", "t CO2e/t")
INDIRECT = Column("indirect", "间接 SEE（计入范围）", "Indirect SEE, in scope", "t CO2e/t")


def used(kind: str) -> Callable[[Json], Answer]:
    """Items 18 (own) and 20 (bought)."""

    def answer(f: Json) -> Answer:
        found = [p for p in f["precursors"] if p["kind"] == kind]
        rows = [{**p, "amount": sum(p["consumed"].values())} for p in found]
        return (
            table((NUMBER, CODE, Column("name", "名称", "Name"), Column("amount", "数量", "Quantity", "t")), rows)
            if rows
            else _none(kind)
        )

    return answer


def used_by_process(kind: str) -> Callable[[Json], Answer]:
    """Items 19 and 27 (own), 21 (bought)."""

    def answer(f: Json) -> Answer:
        names = {p["id"]: p["name"] for p in f["processes"]}
        rows = [
            {**p, "process": names[process], "amount": tonnes}
            for p in f["precursors"] if p["kind"] == kind for process, tonnes in p["consumed"].items()
        ]  # fmt: skip
        columns = (NUMBER, CODE, Column("process", "使用过程", "Used in"), Column("amount", "数量", "Quantity", "t"))
        return table(columns, rows) if rows else _none(kind)

    return answer


def _none(kind: str) -> Answer:
    if kind == "own":
        return not_applicable("没有自产并用于其他过程的前体。", "No precursor is made for another process.")
    return not_applicable("没有外购前体。", "No precursor is bought in.")


def by_basis(basis: str, *columns: str) -> Callable[[Json], Answer]:
    """Items 22 and 23, 12 and 13 of the summary: the precursors of one basis with some of their data."""

    def answer(f: Json) -> Answer:
        found = [p for p in f["precursors"] if (p["basis"] == "default") == (basis == "default")]
        if not found:
            return NO_DEFAULT if basis == "default" else NO_ACTUAL
        rows = [{**p, **_shown(p, f["year"])} for p in found]
        return table((NUMBER, *(c for name in columns for c in COLUMNS[name])), rows)

    return answer


def _shown(p: Json, year: int) -> Json:
    """A precursor's cells; what does not apply to it is said so and is not missing."""
    own, unknown = {"zh": "装置自产", "en": "Produced at the installation"}, {"zh": "不明", "en": "Not known"}
    fixed = {"zh": "默认报告期", "en": "Default reporting period"}
    actual = {"zh": "实际生产时间", "en": "Actual time of production"}
    default = p["default"]
    return {
        "country": own if p["kind"] == "own" else p["country"] or unknown, "period": f"{p['start']} – {p['end']}",
        "period_by": fixed if p["default_period"] else actual, "year": str(year),
        "direct": _reported(p["direct"]), "indirect": _reported(p["indirect"]),
        "value": _reported(default["value"]) if default else None, "base": default["base"]["total"] if default else None,
        "markup": rounded(100.0 * default["markup"], 2) if default else None,
        "source": f"{default['base']['act']} Annex {default['base']['annex']}, {default['base']['state']}" if default else None,
    }  # fmt: skip


COLUMNS: dict[str, tuple[Column, ...]] = {
    "cn_code": (CODE,),
    "name": (GOOD,),
    "country": (Column("country", "原产国", "Country of origin"),),
    "default": (
        Column("base", "默认值", "Default value", "t CO2e/t"), Column("markup", "加成", "Mark-up", "%"), Column("value", "含加成", "With mark-up", "t CO2e/t"),
        Column("source", "法规与状态", "Act and state"),
    ),
    "period": (Column("period", "报告期", "Reporting period"), Column("period_by", "确定方式", "Determined by")),
    "year": (Column("period", "报告期", "Reporting period"), Column("year", "使用年份", "Year of use")),
    "see": (DIRECT, INDIRECT),
}  # fmt: skip


# -- several periods and installations


def several_periods(f: Json) -> Answer:
    """Items 24, 14 of the summary: Art. 14(1)."""
    rows = [
        _used(group, {"zh": "第 14(1) 条：加权平均", "en": "Art. 14(1): weighted average"})
        for group in _groups(f)
        if _several(group, "start", "end")
    ]
    if not rows:
        return not_applicable(
            "没有同一 CN 编码在不同报告期生产的前体。",
            "No precursor of one CN code was produced in different reporting periods.",
        )
    return table((CODE, GOOD, DIRECT, INDIRECT, Column("method", "方法", "Method")), rows)


def several_installations(f: Json) -> Answer:
    """Items 25, 15 of the summary: the mean of Art. 14(2), or with evidence each its own, Art. 14(3)."""
    mean = {"zh": "第 14(2) 条：默认方法，加权平均", "en": "Art. 14(2): default method, weighted average"}
    alone = {"zh": "第 14(3) 条：特定装置", "en": "Art. 14(3): specific installation"}
    rows = []
    for group in _groups(f, subsets=True):
        if not _several(group, "operator", "installation"):
            continue
        if averaged := [p for p in group if not p["subset"]]:
            rows.append(_used(averaged, mean if len(averaged) > 1 else alone))
        rows.extend(_used([p], alone) for p in group if p["subset"])
    if not rows:
        return not_applicable(
            "没有来自多个装置的同一 CN 编码的前体。",
            "No precursor of one CN code was obtained from several installations.",
        )
    columns = (
        CODE,
        Column("numbers", "前体", "Precursors"),
        GOOD,
        DIRECT,
        INDIRECT,
        Column("method", "方法", "Method"),
    )
    return table(columns, rows)


def _groups(f: Json, subsets: bool = False) -> list[list[Json]]:
    """Bought precursors of one CN code, where there are several."""
    groups: dict[str, list[Json]] = {}
    for p in f["precursors"]:
        if p["kind"] == "bought" and p["cn_code"] and (subsets or not p["subset"]):
            groups.setdefault(p["cn_code"], []).append(p)
    return [group for group in groups.values() if len(group) > 1]


def _several(group: list[Json], *keys: str) -> bool:
    """Whether they differ; where nothing is known of an origin it may be another one."""
    values: list[Any] = [tuple(p[k] for k in keys) for p in group]
    return len(set(values)) > 1 or values[0] == (None,) * len(keys)


def _used(group: list[Json], method: Json) -> Json:
    first = group[0]
    return {
        **first, "numbers": ", ".join(str(p["number"]) for p in group), "direct": _reported(first["used_direct"]),
        "indirect": _reported(first["used_indirect"]), "method": method,
    }  # fmt: skip


def origins(f: Json) -> Answer:
    """Items 28, 16 of the summary. The registry's identifier only if there is one."""
    found = [p for p in f["precursors"] if p["kind"] == "bought"]
    if not found:
        return _none("bought")
    columns = (
        NUMBER, Column("operator", "运营商", "Operator"), Column("installation", "装置", "Installation"),
        Column("registry_id", "CBAM 登记标识", "CBAM Registry identifier", needed=False), Column("period", "报告期", "Reporting period"),
    )  # fmt: skip
    return table(columns, [{**p, "period": f"{p['start']} – {p['end']}"} for p in found])


def _reported(value: float | None) -> float | None:
    return None if value is None else rounded(value)


NO_DEFAULT = not_applicable("没有采用默认值的前体。", "No default value is used for a precursor.")
NO_ACTUAL = not_applicable("没有采用实际值的前体。", "No actual value is used for a precursor.")
