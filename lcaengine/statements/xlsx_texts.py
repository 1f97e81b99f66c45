"""What stands in the workbooks besides the body's own texts: key → Chinese, English."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, tuple[str, str]] = {
    # sheets
    "summary": ("摘要", "Summary"), "stages": ("阶段", "Stages"), "lines": ("物料明细", "Lines"), "gases": ("气体", "Gases"),
    "assumptions": ("假设", "Assumptions"), "cbam": ("CBAM", "CBAM"), "provenance": ("溯源", "Provenance"), "checklist": ("内容清单", "Checklist"),
    "report": ("报告", "Report"), "values": ("数值", "Values"),
    # titles and notes
    "statement": ("产品碳足迹声明", "Product carbon footprint statement"),
    "live": ("本工作簿为签名声明的可读副本；阶段、合计与份额均为公式。以签名的 JSON 为准。",
             "A readable copy of the signed statement; stages, total and shares are formulas. The signed JSON is binding."),
    "stages_of_lines": ("各阶段 = 明细之和（SUMIFS）；合计 = 阶段之和。单位：", "Stage = sum of its lines (SUMIFS); total = sum of the stages. Unit: "),
    "stages_given": ("本声明不披露明细：阶段为声明值，合计与份额为公式。单位：",
                     "The lines are not disclosed: stages are as stated, total and shares are formulas. Unit: "),
    "total_given": ("本声明只披露合计。单位：", "Only the total is disclosed in this statement. Unit: "),
    "lines_note": ("每行为一项物料在一个阶段的贡献；全部相加即为合计。单位：", "One row per line and stage; together they are the total. Unit: "),
    "no_lines": ("本声明不披露明细（披露深度见摘要）。", "The lines are not disclosed in this statement (depth: see the summary)."),
    "gases_note": ("按气体划分的合计，及各项指标。单位：", "The total by gas, and the indicators. Unit: "),
    "assumptions_note": ("规则的缺省值与企业给出的值，各有来源与状态；份额 = 依赖该值的结果比例（可重叠）；区间影响 = 该值在其区间内变动时合计的变化。",
                         "Defaults of the rule and values given, each with source and status; share = part of the result that depends on it (shares overlap); swing = how far its range moves the total."),
    "cbam_note": ("CBAM 隐含排放与产品碳足迹并列，绝不相加或互相替代。", "Embedded emissions under CBAM stand beside the footprint; they are never added or exchanged."),
    "no_cbam": ("本声明不含 CBAM 答复。", "This statement has no CBAM answer."),
    "provenance_note": ("用哪个引擎、规则、背景数据和输入算出。", "By which engine, rule, background and input it was calculated."),
    "checklist_note": ("声明应有的内容，逐项说明有、缺或不适用。", "What a statement must hold: present, missing or not applicable."),
    # columns
    "number": ("序号", "No."), "stage": ("阶段", "Stage"), "value": ("数值", "Value"), "share": ("份额", "Share"), "signed": ("声明值，未取整", "As signed, not rounded"), "exact": ("未取整", "Not rounded"),
    "difference": ("与声明值之差", "Difference to the signed"), "total": ("合计", "Total"), "line": ("物料编号", "Line id"), "name": ("名称", "Name"), "stage_number": ("阶段序号", "Stage no."),
    "unit": ("单位", "Unit"), "process": ("背景过程", "Background process"), "process_code": ("过程代码", "Process code"),
    "data": ("数据类型", "Data"), "measured": ("实测", "measured"), "published": ("公布", "published"),
    "derived": ("推导", "derived"), "estimate": ("估计", "estimate"), "gas": ("气体", "Gas"), "indicators": ("指标", "Indicators"), "indicator": ("指标", "Indicator"),
    "unsplit": ("未按气体拆分", "not split by gas"), "rule_id": ("规则条目", "Rule id"), "assumption": ("假设", "Assumption"), "status": ("状态", "Status"),
    "evidence": ("证据", "Evidence"), "source": ("来源", "Source"), "item": ("条目", "Item"), "text": ("内容", "Content"), "reason": ("理由", "Reason"),
    "basis": ("出处", "Where it comes from"), "status_total": ("按状态的份额", "Shares by status"),
    # statuses
    "default": ("规则缺省", "default of the rule"), "given": ("企业给出", "given"), "present": ("有", "present"), "missing": ("缺", "missing"),
    "not_applicable": ("不适用", "not applicable"), "primary": ("初级数据", "primary"), "secondary": ("次级数据", "secondary"),
    "yes": ("是", "yes"), "no": ("否", "no"),
    # summary
    "headline": ("产品碳足迹，每", "Product carbon footprint per"), "digits": ("有效数字位数", "Significant digits"),
    "issue": ("声明", "Statement"), "id": ("声明编号", "Statement id"), "issued": ("签发", "Issued"), "valid_until": ("有效期至", "Valid until"), "issuer": ("签发方", "Issuer"),
    "customer": ("收件客户", "Customer"), "depth": ("披露深度", "Depth"), "depth_total": ("合计", "total"), "depth_stages": ("阶段", "stages"), "depth_lines": ("物料明细", "lines"),
    "product": ("产品", "Product"), "category": ("产品种类", "Category"), "product_id": ("产品编号", "Product id"), "gtin": ("GTIN", "GTIN"), "hs_code": ("HS 编码", "HS code"),
    "declared_unit": ("声明单位", "Declared unit"), "boundary": ("系统边界", "Boundary"),
    "result": ("结果", "Result"), "biogenic_carbon": ("产品中的生物碳", "Biogenic carbon in the product"), "land_use_change": ("土地利用变化", "Land use change"),
    "aircraft": ("航空运输", "Aircraft"), "location_based": ("电力：位置法合计", "Total, location-based electricity"),
    "market_based": ("电力：市场法合计", "Total, market-based electricity"), "electricity_headline": ("主结果采用", "The headline uses"),
    "location": ("位置法", "location-based"), "market": ("市场法", "market-based"), "claims": ("绿电声明", "Electricity claims"),
    "per": ("每", "Per"), "pack": ("包装", "pack"), "period": ("数据期间", "Period of the data"), "geography": ("生产地", "Place of production"), "modules": ("单独报告，不计入合计", "Reported apart, not in the total"),
    "swing": ("区间影响", "Swing"), "goods": ("产品本身为附件一货物", "The product itself is a good of Annex I"), "year": ("年份", "Year"), "emissions": ("计入排放", "Emissions counted"),
    "free_allocation": ("免费配额", "Free allocation"), "certificates": ("证书", "Certificates"), "price": ("价格", "Price"), "cost": ("费用", "Cost"), "on": ("法律状态日期", "Law as of"),
    "declarable": ("可申报（已核查）", "may be declared (verified)"), "not_declarable": ("尚不可申报：未经核查", "may not be declared yet: not verified"),
    "default_path": ("按默认值", "by default values"), "actual_path": ("按装置实际值", "by the installation's values"),
    "hotspots": ("热点", "Hotspots"), "data_quality": ("数据质量", "Data quality"), "primary_data_share": ("初级数据份额", "Primary data share"),
    "default_share": ("依赖规则缺省的份额", "Share through defaults of the rule"), "estimate_share": ("经过估计值的份额", "Share through estimates"),
    "unsplit_share": ("未拆分总量的份额", "Share from totals without a split"), "dqr": ("DQR（PEF，1 最好，5 最差）", "DQR (PEF, 1 best, 5 worst)"),
    "pact": ("PACT 技术 / 地理 / 时间", "PACT technological / geographical / temporal"),
    "method": ("方法", "Method"), "reference": ("参照", "Prepared with reference to"), "allocation": ("分配", "Allocation"), "cut_off": ("截断，声明份额", "Cut-offs, declared share"),
    "limits": ("使用限制", "Limits of use"), "warnings": ("提示", "Warnings"), "not_read": ("条文未读到", "clauses not read"),
    "from_stages": ("公式：按有效数字取整，精确值见阶段表", "formula: rounded to the significant digits, exact in Stages"),
    "engine": ("由引擎计算", "calculated by the engine"), "stated": ("声明内容", "as stated"),
    "of_total": ("由引擎计算；份额为公式", "by the engine; share: formula"),
    # CBAM
    "answer": ("答复", "Answer"), "obligation_today": ("今天是否有义务", "Obligation today"), "cn_code": ("CN 编码", "CN code"), "origin": ("原产地", "Origin"),
    "mass": ("每声明单位质量", "Mass per declared unit"), "see": ("隐含排放 SEE", "Embedded emissions (SEE)"), "pcf_per_tonne": ("碳足迹（并列）", "PCF, beside"),
    "see_evidence": ("依据", "Evidence"), "notes": ("说明", "Notes"), "acts": ("法规", "Acts"), "dated": ("日期", "Dated"), "text_read": ("是否读过原文", "Text read"),
    # report
    "report_title": ("运营商排放报告", "Operator's emissions report"), "tables": ("表", "Tables"), "facts": ("基本信息", "Facts"),
    "report_note": ("按 2025/2547 附件四的编号与要求；英文为准。", "Items as numbered in 2025/2547 Annex IV; English is binding."),
    "report_example": ("示例数据，并非真实装置。按 2025/2547 附件四的编号与要求；英文为准。", "Example data, no real installation. Items as numbered in 2025/2547 Annex IV; English is binding."),
    "type": ("类型", "Type"), "schema": ("格式版本", "Schema"), "kind": ("报告种类", "Kind of report"), "act": ("法规", "Act"), "article": ("条", "article"), "annex": ("附件", "annex"),
    "point": ("点", "point"), "installation": ("装置", "Installation"), "operator": ("运营商", "Operator"), "start": ("起", "start"), "end": ("止", "end"),
    "counts": ("条目数", "Number of items"), "contact_persons": ("联系人", "Contact person"), "created": ("生成时间", "Created"), "full": ("完整报告（致核查机构）", "full, for the verifier"),
    "tables_note": ("报告中以表格回答的条目。", "Items that are answered by a table."), "required": ("要求", "Required content"),
    "stated_value": ("已给出", "value"), "see_tables": ("见“表”，第几行：", "see Tables, row"),
    # provenance
    "footprint": ("足迹记录", "Footprint record"), "document_sha256": ("物料清单 SHA-256", "Bill of materials, SHA-256"), "rule": ("产品种类规则", "Product category rule"),
    "background": ("背景数据库", "Background release"), "calculated": ("计算时间", "Calculated"), "version": ("版本", "version"), "sha256": ("SHA-256", "SHA-256"),
    "gwp": ("GWP 取值", "GWP set"), "engine_name": ("引擎", "Engine"), "identifier": ("编号", "id"),
}  # fmt: skip


def text(key: str) -> dict[str, str]:
    """A text of the workbook in both languages."""
    zh, en = TEXTS[key]
    return {"zh": zh, "en": en}


def known(key: str) -> dict[str, str] | str:
    """A text for a word of the body such as a status; the word itself where there is none."""
    return text(key) if key in TEXTS else key


def with_unit(key: str, unit: str) -> dict[str, str]:
    zh, en = TEXTS[key]
    return {"zh": zh + unit, "en": en + unit}
