"""What a statement's document says around its figures, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from lcaengine.statements.layout import Text


def _both(zh: str, en: str) -> Text:
    return {"zh": zh, "en": en}


COLON: Text = {"zh": "：", "en": ": "}
TEXTS: Mapping[str, Text] = {
    "title": _both("产品碳足迹声明", "Product carbon footprint statement"),
    "headline": _both("产品碳足迹，每 {unit}，{boundary}", "Product carbon footprint per {unit}, {boundary}"),
    "footer": _both(
        "核验：lcaengine statement verify 文件名（本 PDF，或所附的签名 JSON）",
        "To check: lcaengine statement verify FILE (this as PDF, or the signed JSON attached to it)",
    ),
    # facts
    "issuer": _both("出具方", "Issued by"), "customer": _both("客户", "For"), "product": _both("产品", "Product"),
    "product_id": _both("产品编号", "Product id"), "gtin": _both("GTIN", "GTIN"), "hs_code": _both("HS 编码", "HS code"),
    "declared_unit": _both("声明单位", "Declared unit"), "boundary": _both("系统边界", "System boundary"),
    "issued": _both("出具日期", "Issued"), "valid_until": _both("有效期至", "Valid until"), "rule": _both("核算规则", "Rule"),
    "method": _both("参照标准", "With reference to"), "also_per": _both("另按", "Also per"),
    "period": _both("数据期间", "Period of the data"), "geography": _both("生产地", "Made in"), "standards_more": _both("等，见下文", " and others, see below"),
    # sections
    "stages": _both("生命周期各阶段", "Life cycle stages"), "results": _both("结果明细", "Results in detail"), "hotspots": _both("热点", "Hotspots"),
    "lines": _both("按物料和活动", "By line"), "quality": _both("数据质量", "Data quality"), "assumptions": _both("假设与估计", "Assumptions and estimates"),
    "limits": _both("分配、取舍与使用限制", "Allocation, cut-offs and limits of use"), "standards": _both("参照的标准", "Standards referred to"),
    "cbam": _both("欧盟 CBAM（与碳足迹并列，不相混）", "CBAM, beside the footprint"),
    "checklist": _both("内容清单", "Checklist of contents"), "provenance": _both("来源与可追溯性", "Provenance"),
    # columns
    "stage": _both("阶段", "Stage"), "line": _both("物料或活动", "Line"), "share": _both("占比", "Share"), "value": _both("kg CO2e", "kg CO2e"),
    "indicator": _both("指标", "Indicator"), "unit": _both("单位", "Unit"), "gas": _both("气体", "Gas"), "amount": _both("数值", "Value"),
    "basis": _both("数据依据", "Rests on"), "assumption": _both("假设", "Assumption"), "status": _both("状态", "Status"), "source": _both("来源", "Source"),
    "weight": _both("影响占比", "Bears on"), "item": _both("内容", "Item"), "reason": _both("说明", "Reason"), "standard": _both("标准", "Standard"),
    "read": _both("条款原文", "Its clauses"), "note": _both("说明", "Note"), "on": _both("以此日期的法律为准", "By the law of"), "modules": _both("另行报告，不计入总量", "Reported apart, not in the total"), "total": _both("合计", "Total"), "left_out": _both("未计入", "Left out"),
    "good": _both("物料", "Line"), "cn_code": _both("CN 编码", "CN code"), "origin": _both("产地", "Origin"),
    "see": _both("隐含排放 (t\u00a0CO2e/t)", "Embedded emissions (t\u00a0CO2e/t)"), "evidence": _both("依据", "Evidence"),
    "act": _both("法规", "Act"), "dated": _both("日期", "Dated"), "state": _both("状态", "State"),
    "text_read": _both("文本", "Text"), "title_of_act": _both("名称", "Title"), "asked_by": _both("依据", "Asked for by"),
    # results
    "unsplit": _both("未拆分（仅公布总量）", "Not split (published as a total)"), "biogenic_carbon": _both("产品含生物碳", "Biogenic carbon in the product"),
    "land_use_change": _both("土地利用变化", "Land use change"), "aircraft": _both("航空运输", "Aircraft"),
    "location_based": _both("总量，电力按位置法", "Total, electricity location-based"), "market_based": _both("总量，电力按市场法", "Total, electricity market-based"),
    "headline_method": _both("（本声明以此为准）", " (headline of this statement)"), "no_evidence": _both("无凭证，按剩余电网", "no evidence, taken as residual mix"), "claims": _both("电力属性声明", "Electricity claims"),
    "stages_chart": _both("各阶段的碳足迹", "Footprint by stage"), "hotspots_chart": _both("贡献最大的项目", "Largest contributions"),
    "gases_note": _both("各气体以 CO2 当量计；合计等于总量。", "Gases in CO2 equivalents; together they are the total."),
    "stages_note": _both("每声明单位；负值表示抵扣。", "Per declared unit; negative values are credits."),
    "rest_lines": _both("其余 {count} 行合计（见所附 JSON）", "{count} more lines, together (in the attached JSON)"),
    "lines_note": _both("每声明单位；各行合计等于总量。", "Per declared unit; together the lines are the total."),
    "weight_note": _both(
        "影响占比：依赖该参数的排放占总量（按绝对值）的比例；同一排放可依赖多个参数，故不可相加。",
        "Bears on: the part of the emissions (absolute values) that depends on the parameter; parts overlap and do not add up.",
    ),
    # data quality
    "primary_data_share": _both("初级数据占比", "Primary data share"), "default_share": _both("取规则缺省值的占比", "Share on defaults of the rule"),
    "estimate_share": _both("经过估计值的占比", "Share that passes through estimates"), "unsplit_share": _both("未拆分气体的占比", "Share not split by gas"),
    "statuses": _both("按最弱数据状态", "By the weakest status"), "dqr": _both("数据质量评分 (PEF DQR)", "Data quality rating (PEF DQR)"),
    "pact": _both("PACT 数据质量", "PACT data quality"), "cut_off": _both("已声明的取舍", "Declared cut-offs"), "limit": _both("（上限 {limit}）", " (limit {limit})"),
    "allocation": _both("分配", "Allocation"), "limits_of_use": _both("使用限制", "Limits of use"), "warnings": _both("请核对", "To check"),
    # cbam
    "obligation": _both("今天的义务", "Obligation today"), "yes": _both("有", "yes"), "no": _both("无", "none"),
    # provenance
    "footprint": _both("碳足迹", "Footprint"), "document_sha256": _both("输入文件 SHA-256", "SHA-256 of the input"), "rule_sha256": _both("规则 SHA-256", "SHA-256 of the rule"),
    "background": _both("背景数据", "Background data"), "release": _both("背景数据编号", "Release id"), "gwp": _both("全球变暖潜能值", "Warming potentials"),
    "choices": _both("规则的选项", "Choices of the rule"), "engine": _both("计算引擎", "Engine"), "calculated": _both("计算时间", "Calculated"),
}  # fmt: skip

STATES: Mapping[str, Text] = {
    "present": _both("有", "present"), "missing": _both("缺失", "missing"), "not_applicable": _both("不适用", "not applicable"),
    "default": _both("缺省", "default"), "given": _both("给定", "given"), "measured": _both("实测", "measured"), "published": _both("公布", "published"),
    "derived": _both("推导", "derived"), "estimate": _both("估计", "estimate"), "value": _both("有值", "value"),
    "in force": _both("有效", "in force"), "draft": _both("草案", "draft"), "proposal": _both("提案", "proposal"),
    "yes": _both("已读", "read"), "no": _both("未读", "not read"), "second-hand": _both("二手来源", "second hand"),
    "not_read": _both("未读到原文", "not read"), "is_read": _both("已读原文", "read"),
    "excellent": _both("优", "excellent"), "very_good": _both("很好", "very good"), "good": _both("好", "good"), "fair": _both("一般", "fair"), "poor": _both("差", "poor"),
}  # fmt: skip


UNITS: Mapping[str, Text] = {
    "piece": _both("件", "piece"), "a": _both("年", "year"), "1": _both("", ""),
}  # fmt: skip


def unit_words(unit: str) -> Text:
    """A unit that is a word in that word of each language; a symbol as it is."""
    return UNITS.get(unit, {"zh": unit, "en": unit})


def said(key: str, **values: str) -> Text:
    """A text with its values, which are the same in both languages."""
    return {language: text.format(**values) for language, text in TEXTS[key].items()}


def state(key: str | None) -> Text | str:
    """A mark such as ``estimate`` in words; a mark without words as it is."""
    return STATES.get(key or "", key or "–")
