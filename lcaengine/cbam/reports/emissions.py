"""Emissions of the installation and its processes: items 7, 8, 16, 29 and 30, and 5 of the summary."""

from __future__ import annotations

from lcaengine.cbam.installation.schema import NON_CBAM
from lcaengine.cbam.reports.identity import NO_MEASUREMENT, PROCESS
from lcaengine.cbam.reports.names import FUNCTIONAL_UNITS, METHODS
from lcaengine.cbam.reports.values import Answer, Column, Json, given, missing, not_applicable, not_stated, table

TERMS = {
    "direct": {"zh": "源流和排放源", "en": "Source streams and emission sources"},
    "heat_imported": {"zh": "加：输入热量", "en": "Plus heat imported"}, "heat_exported": {"zh": "减：输出热量", "en": "Less heat exported"},
    "waste_gas_imported": {"zh": "加：输入废气", "en": "Plus waste gas imported"},
    "waste_gas_exported": {"zh": "减：输出废气", "en": "Less waste gas exported"},
    "electricity_produced": {"zh": "减：产出电力", "en": "Less electricity produced"},
}  # fmt: skip


def total_direct(f: Json) -> Answer:
    """Item 7, in whole tonnes (Annex II A.1 point 6)."""
    return given(f["emissions"]["direct"]["reported"], "t CO2e")


def direct_by_process(f: Json) -> Answer:
    """Item 5 of the summary: the installation first, then every process."""
    every = {"zh": "装置合计", "en": "The installation, total"}
    rows = [{"process": every, "value": f["emissions"]["direct"]["reported"]}]
    rows += [{"process": p["name"], "value": p["attributed"]["direct"]["reported"]} for p in f["processes"]]
    return table((PROCESS, Column("value", "直接排放", "Direct emissions", "t CO2e")), rows)


def months(f: Json) -> Answer:
    """Item 8."""
    stated = f["operator"].get("new_installation_months")
    if stated is not None:
        return given(stated, "months")
    if f["calendar_year"]:
        return not_applicable(
            "报告期为整个日历年，不是新装置。", "The reporting period is a whole calendar year: no new installation."
        )
    return not_stated("new_installation_months")


def source_streams(f: Json) -> Answer:
    """Item 16(a): what every source stream was calculated from, per unit of its activity data, and where it went."""
    found = [s for s in f["emissions"]["sources"] if "data" in s]
    if not found:
        return not_applicable("没有源流。", "There are no source streams.")
    names = {p["id"]: p["name"]["en"] for p in f["processes"]} | {NON_CBAM: "non-CBAM goods"}
    columns = (
        Column("name", "源流", "Source stream"), Column("method", "方法", "Method"), Column("activity", "活动数据", "Activity data"), Column("unit", "单位", "Unit"),
        Column("ncv", "净热值 TJ/单位", "NCV, TJ/unit", needed=False), Column("factor", "排放因子", "Emission factor", needed=False),
        Column("factor_unit", "因子单位", "Factor unit", needed=False), Column("carbon", "含碳量 t C/单位", "Carbon content, t C/unit", needed=False),
        Column("of_cf", "OF/CF", "OF/CF"), Column("biomass", "生物质份额", "Biomass fraction"), Column("emissions", "排放", "Emissions", "t CO2"),
        Column("processes", "过程份额", "Shares of processes", needed=False),
    )  # fmt: skip
    return table(columns, [_stream(s, names) for s in found])


def _stream(s: Json, names: dict[str, str]) -> Json:
    d = s["data"]
    per_energy = d["emission_factor_per_tj"] is not None
    factor = (
        None
        if s["method"] == "mass_balance"
        else d["emission_factor_per_tj" if per_energy else "emission_factor_per_unit"]
    )
    return {
        "name": s["name"], "method": METHODS[s["method"]], "activity": d["activity"] if d["direction"] == "in" else -d["activity"], "unit": d["activity_unit"],
        "ncv": d["ncv"], "factor": factor, "factor_unit": None if factor is None else "t CO2/TJ" if per_energy else "t CO2/unit",
        "carbon": d["carbon_content"] if s["method"] == "mass_balance" else None,
        "of_cf": d["conversion_factor"] if s["method"] == "process" else d["oxidation_factor"], "biomass": d["biomass_fraction"], "emissions": s["fossil"],
        "processes": ", ".join(f"{names.get(k, k)} {share:g}" for k, share in s["attribution"].items()) or None,
    }  # fmt: skip


def measured(f: Json) -> Answer:
    """Item 16(b)."""
    if not f["measured"]:
        return NO_MEASUREMENT
    columns = (
        Column("name", "排放源", "Emission source"),
        Column("gas", "气体", "Gas"),
        Column("fossil", "排放", "Emissions", "t CO2e"),
    )
    return table(columns, f["measured"])


def other_methods(f: Json) -> Answer:
    """Item 16(c): PFC (Annex II B.7), what the document gives as direct emissions of a process, and what the operator adds."""
    rows = [
        {"name": s["name"], "method": METHODS["pfc"], "value": s["fossil"]}
        for s in f["emissions"]["sources"]
        if s["method"] == "pfc"
    ]
    rows += [
        {
            "name": p["name"],
            "method": {"zh": "运营商给出", "en": "Given for the process (direct_emissions)"},
            "value": p["direct_given"],
        }
        for p in f["processes"]
        if p["direct_given"] is not None
    ]
    if stated := f["operator"].get("other_methods"):
        rows.append({"name": stated, "method": "–", "value": None})
    if not rows:
        return not_applicable("没有以其他方法确定的排放。", "No emissions are determined by other methods.")
    columns = (
        Column("name", "排放源", "Source"),
        Column("method", "方法", "Method"),
        Column("value", "排放", "Emissions", "t CO2e", needed=False),
    )
    return table(columns, rows)


def data_gaps(f: Json) -> Answer:
    """Item 16(e)."""
    found = f["operator"].get("data_gaps")
    if found is None:
        return not_stated("data_gaps")
    if not found:
        return given(
            {
                "zh": "运营商声明没有数据缺口，未使用估算。",
                "en": "The operator states that there were no data gaps and no estimates.",
            }
        )
    columns = (
        Column("what", "数据", "Data"),
        Column("period", "期间", "Period"),
        Column("estimate", "估算方法", "Estimate"),
    )
    return table(columns, found)


def attribution(f: Json) -> Answer:
    """Item 29: the terms of equation (55), indirect emissions by equation (56), and what the monitoring plan adds."""
    rows = [
        {"process": p["name"], "term": TERMS.get(key, {"zh": key, "en": key}), "value": value + 0.0}
        for p in f["processes"] for key, value in p["attributed"]["terms"].items() if value
    ]  # fmt: skip
    rows += [
        {"process": p["name"], "term": {"zh": "间接排放：用电 × 因子", "en": "Indirect: electricity × factor"}, "value": p["attributed"]["indirect"]["exact"]}
        for p in f["processes"] if p["attributed"]["electricity"]["value"]
    ]  # fmt: skip
    if stated := f["operator"].get("monitoring_plan", {}).get("attribution"):
        rows.append({"process": {"zh": "监测计划", "en": "Monitoring plan"}, "term": stated, "value": None})
    columns = (PROCESS, Column("term", "项", "Term"), Column("value", "排放", "Emissions", "t CO2e", needed=False))
    return table(columns, rows) if rows else missing("没有可归属的排放。", "No emissions are attributed.")


def activity_levels(f: Json) -> Answer:
    """Item 30, emissions in whole tonnes."""
    columns = (
        PROCESS, Column("activity", "活动水平", "Activity level"), Column("unit", "单位", "Unit"),
        Column("direct", "归属直接排放", "Attributed direct", "t CO2e"), Column("indirect", "归属间接排放", "Attributed indirect", "t CO2e"),
    )  # fmt: skip
    rows = [
        {"process": p["name"], "activity": p["activity_level"]["value"], "unit": FUNCTIONAL_UNITS[p["activity_level"]["unit"]],
         "direct": p["attributed"]["direct"]["reported"], "indirect": p["attributed"]["indirect"]["reported"]} for p in f["processes"]
    ]  # fmt: skip
    return table(columns, rows)
