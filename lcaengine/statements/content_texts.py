"""What every statement says in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Text = Mapping[str, str]

BOUNDARIES: Mapping[str, Text] = {
    "cradle_to_gate": {"zh": "摇篮到大门", "en": "cradle to gate"},
    "cradle_to_grave": {"zh": "摇篮到坟墓", "en": "cradle to grave"},
}

STANDARDS: tuple[Mapping[str, Any], ...] = (
    {
        "standard": "ISO 14067:2018",
        "clauses_not_read": True,
        "note": {
            "zh": "参照编写；第 7 章（报告内容）的正文未读到，只读到二手摘要。不声明符合。",
            "en": "Prepared with reference to it; the text of clause 7 (reporting) was not read, only summaries at second hand. "
            "No claim of conformity.",
        },
    },
    {
        "standard": "GB/T 24067-2024",
        "clauses_not_read": True,
        "note": {
            "zh": "参照其框架编写；正文未读到，只读到摘录。不声明符合。",
            "en": "Prepared with reference to its framework; its text was not read, only an excerpt. No claim of conformity.",
        },
    },
    {
        "standard": "PACT Technical Specification v3.0.3",
        "clauses_not_read": False,
        "note": {
            "zh": "字段按公布的 OpenAPI 文件读取；《方法学》正文未读到。",
            "en": "Fields as in the published OpenAPI document, which was read; the text of the Methodology was not.",
        },
    },
)

LIMITS: tuple[Text, ...] = (
    {
        "zh": "只涉及气候变化一项影响，不能说明产品总体上更环保。",
        "en": "It covers climate change only and does not say that a product is better for the environment as a whole.",
    },
    {
        "zh": "只能与按同一规则版本、同一边界、同一声明单位和同一背景数据版本计算的结果比较。",
        "en": "Compare it only with results of the same version of the rule, boundary, declared unit and background release.",
    },
    {
        "zh": "不含抵消和避免排放；除规则按循环足迹公式计入者外不含回收收益。",
        "en": "No offsets and no avoided emissions; no credits for recycling except those that the rule takes by the circular footprint formula.",
    },
    {
        "zh": "不是 CBAM 申报数据：隐含排放另有边界和因子，二者绝不混用。",
        "en": "It is no CBAM declaration: embedded emissions have another boundary and other factors; the two are never mixed.",
    },
    {
        "zh": "未经第三方鉴定性评审，除非另附核查报告。",
        "en": "It was not critically reviewed by a third party unless a verifier's report stands beside it.",
    },
)

WITHHELD: Text = {
    "zh": "按所有者选择的公开深度，逐项结果、给定的参数值和涉及具体用量的提示（{warnings} 条）不在本声明中。",
    "en": "By the depth that the owner allows, results by line, parameters that were given, and warnings about amounts ({warnings}) "
    "are not in this statement.",
}

SECOND_HAND: Text = {
    "zh": "只从二手来源得知：{ids}。",
    "en": "Known at second hand only: {ids}.",
}

COMPUTED: Text = {
    "zh": "按背景中单独记录的流计算（背景中 {flows} 个过程直接记录此类排放）；结果的 {share} 是未拆分的公布总量，其中可能已包含而未能分出。",
    "en": "From flows that the background records apart ({flows} of its processes emit such directly); {share} of the result are published "
    "totals without a split, which may hold more of it.",
}

NOT_COMPUTED: Text = {
    "zh": "计算所用的背景版本没有此项指标。",
    "en": "The background release that was used has no such indicator.",
}

ALLOCATION: Mapping[str, Text] = {
    "shared": {
        "zh": "同一工厂多种产品共用的总量按产出量分配（{rule_id}）。",
        "en": "Totals that several products of a plant share are allocated by output ({rule_id}).",
    },
    "none": {"zh": "{name}：不承担负荷（{rule_id}）。", "en": "{name}: carries no burden ({rule_id})."},
    "subdivision": {
        "zh": "{name}：细分，其投入不在清单内（{rule_id}）。",
        "en": "{name}: by subdivision, its inputs are kept out ({rule_id}).",
    },
    "other": {
        "zh": "{name}：按规则的其他方法分配（{rule_id}）。",
        "en": "{name}: by another method of the rule ({rule_id}).",
    },
    "physical": {
        "zh": "{name}：按物理量分配（{rule_id}）。",
        "en": "{name}: allocated by a physical quantity ({rule_id}).",
    },
    "economic": {
        "zh": "{name}：按经济价值分配（{rule_id}）。",
        "en": "{name}: allocated by economic value ({rule_id}).",
    },
    "recycling": {
        "zh": "再生料在收集点无负荷（截断法），除非规则采用循环足迹公式。",
        "en": "Recycled material is burden-free at collection (cut-off), unless the rule takes the circular footprint formula.",
    },
}
