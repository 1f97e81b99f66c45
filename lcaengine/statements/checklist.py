"""The project's list of required content (docs/statements.md): what must stand in a statement, and which text asks for it.

What is required and missing blocks the issue, unless the owner says why it does not apply. What is only named (``required`` false)
may be missing, and the statement then says so with the reason. Items of texts that were not read in the original are marked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lcaengine.problems import Problem

Json = dict[str, Any]
Text = Mapping[str, str]
ISO, GBT, PACT, PROJECT = "ISO 14067:2018, 7", "GB/T 24067-2024", "PACT v3.0.3", "lcaengine"
NOT_READ = frozenset({ISO, GBT})


@dataclass(frozen=True)
class Item:
    """``asked_by`` names text and field; ``missing`` says why the engine lacks what is only named."""

    id: str
    text: Text
    asked_by: tuple[tuple[str, str], ...]
    present: Callable[[Json], Any]
    required: bool = True
    missing: Text | None = None

    @property
    def not_read(self) -> list[str]:
        return sorted({text for text, _ in self.asked_by} & NOT_READ)


def _of(key: str) -> Callable[[Json], Any]:
    return lambda body: body.get(key)


def _indicator(name: str) -> Callable[[Json], Any]:
    return lambda body: any(i["id"] == f"gwp100_{name}" for i in body["indicators"])


def _never(_: Json) -> bool:
    return False


def _item(identifier: str, zh: str, en: str, present: Callable[[Json], Any], *asked_by: tuple[str, str]) -> Item:
    return Item(identifier, {"zh": zh, "en": en}, asked_by, present)


def _named(identifier: str, zh: str, en: str, reason: tuple[str, str], *asked_by: tuple[str, str]) -> Item:
    missing = {"zh": reason[0], "en": reason[1]}
    return Item(identifier, {"zh": zh, "en": en}, asked_by, _never, required=False, missing=missing)


ITEMS: tuple[Item, ...] = (
    _item("product", "产品名称与标识", "Name and identification of the product", lambda b: b["product"]["name"],
          (ISO, ""), (GBT, ""), (PACT, "productDescription, productNameCompany")),
    _item("issuer", "出具方名称", "Name of who issues it", lambda b: b["issuer"].get("name"), (ISO, ""), (PACT, "companyName")),
    _item("customer", "客户", "The customer it is for", lambda b: b["customer"].get("name"), (PROJECT, "")),
    _item("declared_unit", "声明单位或功能单位", "Declared or functional unit", _of("declared_unit"),
          (ISO, ""), (GBT, ""), (PACT, "declaredUnitOfMeasurement, declaredUnitAmount")),
    _item("boundary", "系统边界", "System boundary", _of("boundary"), (ISO, ""), (GBT, ""), (PACT, "boundaryProcessesDescription")),
    _item("reference_period", "数据所属时期", "Period of the data", _of("period"),
          (ISO, ""), (PACT, "referencePeriodStart, referencePeriodEnd")),
    _item("geography", "地理边界", "Geographic boundary", lambda b: b["geography"].get("country"), (GBT, ""), (PACT, "geographyCountry")),
    _item("validity", "有效期", "Validity", _of("valid_until"), (PACT, "validityPeriodEnd"), (PROJECT, "")),
    _item("total", "结果，不含生物碳吸收", "Result, excluding biogenic uptake", _indicator("excluding_biogenic_uptake"),
          (ISO, ""), (PACT, "pcfExcludingBiogenicUptake")),
    _item("total_including_uptake", "结果，含生物碳吸收", "Result, including biogenic uptake", _indicator("including_biogenic_uptake"),
          (ISO, ""), (PACT, "pcfIncludingBiogenicUptake")),
    _item("fossil", "化石源排放", "Fossil emissions", _indicator("fossil"), (ISO, ""), (PACT, "fossilGhgEmissions")),
    _item("biogenic", "生物源排放与吸收", "Biogenic emissions and removals",
          lambda b: _indicator("biogenic_emissions")(b) and _indicator("biogenic_uptake")(b),
          (ISO, ""), (PACT, "biogenicCO2Uptake, biogenicNonCO2Emissions")),
    _item("biogenic_carbon", "产品的生物碳含量", "Biogenic carbon content of the product", _of("biogenic_carbon"),
          (ISO, ""), (PACT, "biogenicCarbonContent")),
    _item("land_use_change", "土地利用变化", "Land use change", lambda b: b["land_use_change"]["status"] == "value",
          (ISO, ""), (PACT, "landUseChangeGhgEmissions")),
    _item("aircraft", "航空运输", "Aircraft", lambda b: b["aircraft"]["status"] == "value", (ISO, ""), (PACT, "aircraftGhgEmissions")),
    _item("electricity", "电力：位置法与市场法", "Electricity by location and by market", _of("electricity"), (ISO, ""), (GBT, ""), (PROJECT, "")),
    _item("stages", "各生命周期阶段的贡献", "Contributions of the life cycle stages", lambda b: b["stages"] or b["depth"] == "total",
          (ISO, ""), (GBT, "")),
    _item("gases", "所含温室气体", "Greenhouse gases counted", _of("gases"), (ISO, "")),
    _item("characterization_factors", "特征化因子（GWP 版本）", "Characterization factors (set of GWPs)",
          lambda b: b["provenance"]["background"].get("gwp"), (ISO, ""), (PACT, "ipccCharacterizationFactors")),
    _item("data_quality", "数据质量评价", "Data quality", lambda b: b["data_quality"].get("rating"),
          (ISO, ""), (GBT, ""), (PACT, "dqi")),
    _item("primary_data_share", "初级数据占比", "Primary data share", lambda b: b["data_quality"].get("primary_data_share") is not None,
          (PACT, "primaryDataShare")),
    _item("secondary_sources", "次级数据来源及版本", "Secondary data sources and their version",
          lambda b: b["provenance"]["background"].get("version"), (ISO, ""), (PACT, "secondaryEmissionFactorSources")),
    _item("assumptions", "假设与估计及其权重", "Assumptions and estimates with their weight", lambda b: "assumptions" in b,
          (ISO, ""), (GBT, ""), (PROJECT, "")),
    _item("allocation", "分配方法", "Allocation", _of("allocation"), (ISO, ""), (GBT, ""), (PACT, "allocationRulesDescription")),
    _item("cut_off", "取舍准则与被排除部分", "Cut-off criteria and what was left out", _of("cut_off"),
          (ISO, ""), (GBT, ""), (PACT, "exemptedEmissionsPercent, exemptedEmissionsDescription")),
    _item("limits_of_use", "局限性与使用限制", "Limits of use", _of("limits_of_use"), (ISO, ""), (GBT, "")),
    _item("standards", "参照的标准与产品种类规则", "Standards and product category rule referred to",
          lambda b: b["prepared_with_reference_to"] and b["provenance"]["rule"].get("version"),
          (ISO, ""), (GBT, ""), (PACT, "crossSectoralStandards, productOrSectorSpecificRules")),
    _item("provenance", "引擎、规则、背景版本与时间", "Engine, rule, release and time", lambda b: b["provenance"].get("document_sha256"), (PROJECT, "")),
    _item("cbam", "CBAM 结论（与足迹并列，不混合）", "The CBAM answer beside the footprint, never mixed", _of("cbam"), (PROJECT, "")),
    _named("fossil_carbon_content", "产品的化石碳含量", "Fossil carbon content of the product",
           ("引擎尚不计算产品的化石碳含量。", "The engine does not compute the fossil carbon content of products."), (PACT, "fossilCarbonContent")),
    _named("packaging", "包装排放是否计入及其数值", "Whether packaging is included, and its emissions",
           ("未按 PACT 的定义单独给出；规则设有包装阶段时见该阶段。", "Not given apart as PACT defines it; where the rule has a stage for packaging, see that stage."),
           (PACT, "packagingEmissionsIncluded, packagingGhgEmissions")),
    _named("land_management", "土地管理的排放与清除", "Emissions and removals of land management",
           ("背景不含土地管理的碳库变化。", "The background holds no changes of carbon stocks by land management."),
           (PACT, "landManagementBiogenicCO2Emissions, landManagementBiogenicCO2Removals")),
    _named("critical_review", "鉴定性评审或核查", "Critical review or verification",
           ("未经第三方评审。", "Not reviewed by a third party."), (ISO, ""), (GBT, ""), (PACT, "verification")),
)  # fmt: skip


def checklist(body: Json, reasons: Mapping[str, Text]) -> list[Json]:
    """Every item: present, missing, or not applicable for the reason given."""
    return [_entry(item, body, reasons.get(item.id)) for item in ITEMS]


def _entry(item: Item, body: Json, reason: Text | None) -> Json:
    if item.present(body):
        status, why = "present", None
    elif reason is not None:
        status, why = "not_applicable", reason
    else:
        status, why = "missing", item.missing
    asked = [{"text": text, "field": name or None, "read": text not in NOT_READ} for text, name in item.asked_by]
    return {
        "item": item.id, "text": dict(item.text), "required": item.required, "status": status,
        "reason": None if why is None else dict(why), "asked_by": asked,
    }  # fmt: skip


def checklist_problems(body: Json, reasons: Mapping[str, Text]) -> list[Problem]:
    """One problem for every required item that is missing, for every reason that nothing asks for."""
    return [*_missing(body), *_idle(body, reasons)]


def _missing(body: Json) -> Iterator[Problem]:
    required = {item.id: item for item in ITEMS if item.required}
    for entry in body["checklist"]:
        if entry["status"] == "missing" and entry["item"] in required:
            asked = [f"{text} {name}".strip() for text, name in required[entry["item"]].asked_by]
            values = {"item": entry["item"], "text": entry["text"], "asked_by": asked}
            yield Problem("statement_content_missing", f"/reasons/{entry['item']}", values)


def _idle(body: Json, reasons: Mapping[str, Text]) -> Iterator[Problem]:
    """Reasons for what there is no such item of, or what is present."""
    present = {entry["item"] for entry in body["checklist"] if entry["status"] == "present"}
    known = [item.id for item in ITEMS]
    for name in reasons:
        if name not in known:
            yield Problem("statement_unknown_item", f"/reasons/{name}", {"item": name, "known": known})
        elif name in present:
            yield Problem("statement_reason_unused", f"/reasons/{name}", {"item": name})
