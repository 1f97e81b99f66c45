"""Sector-specific parameters: Annex IV point 2, by category. What the law asks for and nobody gave is named."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lcaengine.cbam.reports.values import Answer, Column, Json, not_applicable, table


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter; the first of ``keys`` that a good has is its value (the template and our workbook name some differently)."""

    keys: tuple[str, ...]
    zh: str
    en: str
    unit: str | None = None


def _share(key: str, zh: str, en: str, *others: str) -> Parameter:
    return Parameter((key, *others), zh, en, "%")


REDUCING = Parameter(("reducing_agent",), "主要还原剂", "Main reducing agent")
OF_PRECURSOR = Parameter(
    ("reducing_agent",), "前体的主要还原剂（如已知）", "Main reducing agent of the precursor, if known"
)
MN, CR, NI = (
    _share(f"{k}_pct", f"{zh} 质量分数", f"Mass % of {en}")
    for k, zh, en in (("mn", "Mn", "Mn"), ("cr", "Cr", "Cr"), ("ni", "Ni", "Ni"))
)
OTHER = _share("other_alloys_pct", "其他合金元素合计", "Total of other alloy elements", "other_materials_pct")
CARBON = _share("carbon_pct", "碳质量分数", "Mass % of carbon")
SCRAP = Parameter(
    ("scrap_t_per_t", "scrap_per_t_steel", "scrap_per_t_aluminium"),
    "每吨产品使用的废料",
    "Tonnes of scrap per tonne",
    "t/t",
)
PRE_CONSUMER = _share("pre_consumer_scrap_pct", "消费前废料占废料", "% of scrap that is pre-consumer scrap")
NOT_ALUMINIUM = _share(
    "non_aluminium_elements_pct",
    "铝以外元素合计（超过 1 % 时）",
    "Elements other than aluminium, if above 1 %",
    "other_alloys_pct",
)
NITROGEN = _share("nitrogen_pct", "含氮量", "Content of N")
CONCENTRATION = _share("concentration_pct", "浓度", "Concentration", "nitric_acid_pct")
RATIO = _share("clinker_ratio_pct", "熟料系数（吨熟料/吨水泥）", "Clinker to cement ratio (mass)")

ALLOYED = (MN, CR, NI, OTHER)
SCRAPPED = (SCRAP, PRE_CONSUMER)
PARAMETERS: Mapping[str, tuple[Parameter, ...]] = {
    "cement": (RATIO,),
    "urea": (_share("urea_pct", "尿素质量分数", "Mass % of urea"), NITROGEN),
    "nitric_acid": (CONCENTRATION, NITROGEN),
    "ammonia": (_share("concentration_pct", "浓度（水溶液）", "Concentration, if hydrous solution"), NITROGEN),
    "mixed_fertilisers": (
        _share("n_ammonium_pct", "铵态氮", "N as ammonium (NH4+)"), _share("n_nitrate_pct", "硝态氮", "N as nitrate (NO3-)"),
        _share("n_urea_pct", "尿素态氮", "N as urea"), _share("n_organic_pct", "其他（有机）氮", "N in other (organic) forms"), NITROGEN,
    ),
    "pig_iron": (REDUCING, *ALLOYED),
    "direct_reduced_iron": (REDUCING, *ALLOYED),
    "crude_steel": (OF_PRECURSOR, *ALLOYED, *SCRAPPED),
    "iron_or_steel_products": (OF_PRECURSOR, *ALLOYED, *SCRAPPED),
    "unwrought_aluminium": (*SCRAPPED, NOT_ALUMINIUM),
    "aluminium_products": (*SCRAPPED, NOT_ALUMINIUM),
}  # fmt: skip
ALLOYS = {"72021": MN, "72024": CR, "72026": NI}  # the act's row of FeNi prints "Mass % of and carbon"


def asked(good: Json) -> tuple[Parameter, ...]:
    """What Annex IV point 2 asks of a good; empty where it says N.a."""
    if good["category"] == "alloys":
        metal = ALLOYS.get(good["cn_code"][:5])
        return (metal, CARBON) if metal else (MN, CR, NI, CARBON)
    return PARAMETERS.get(good["category"], ())


def sector_parameters(f: Json) -> Answer:
    """Item 35: a row for every good and parameter. Without scrap there is no share of pre-consumer scrap."""
    rows, any_good = [], False
    for g in f["goods"]:
        for p in asked(g):
            any_good = True
            value = _value(g, p)
            if p is PRE_CONSUMER and value is None and _value(g, SCRAP) == 0:
                value = {"zh": "不适用（不用废料）", "en": "Not applicable (no scrap)"}
            rows.append(
                {
                    "good": f"{g['cn_code']} {p.keys[0]}",
                    "parameter": {"zh": p.zh, "en": p.en},
                    "value": value,
                    "unit": p.unit,
                }
            )
    if not any_good:
        return not_applicable(
            "附件四第 2 点对这些货物不要求参数。", "Annex IV point 2 asks for no parameter of these goods."
        )
    columns = (
        Column("good", "货物与参数", "Good and parameter"), Column("parameter", "参数", "Parameter"), Column("value", "数值", "Value"),
        Column("unit", "单位", "Unit", needed=False),
    )  # fmt: skip
    return table(columns, rows)


def _value(good: Json, parameter: Parameter) -> Any:
    """As entered; clinker ratio and nitrogen also from the content that the calculation used."""
    for key in parameter.keys:
        value = good["parameters"].get(key)
        if (isinstance(value, str) and value) or (
            isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
        ):
            return value
    if parameter is RATIO and good["functional_unit"] == "t_clinker":
        return 100.0 * good["content"]
    if parameter is NITROGEN and good["functional_unit"] == "kg_n":
        return good["content"] / 10.0  # kg per tonne
    return None
