"""What the CBAM answer says in words."""

from __future__ import annotations

from collections.abc import Mapping

Text = Mapping[str, str]

TEXTS: Mapping[str, Text] = {
    "own_code": {
        "zh": "假设：该物料以自身编码单独进口时。并非应缴。",
        "en": "Hypothetical: if it were imported under its own code. Not owed.",
    },
    "proposal": {
        "zh": "假设：COM(2025) 989 成为法律时，该物料作为前体的部分。提案，非现行法律；产品自身过程的排放与基准值尚无依据，未计。",
        "en": "Hypothetical: what it would add as a precursor if COM(2025) 989 were law. A proposal, not law; the product's own "
        "process and benchmark are unknown and left out.",
    },
    "line_obligation": {
        "zh": "作为本产品的一部分，该物料今天的义务为 0：由产品自身的编码决定（2023/956 第 2 条）。",
        "en": "As a part of this product it has an obligation of 0 today: the product's own code decides (2023/956 Art. 2).",
    },
    "mass_gross": {
        "zh": "毛质量：进入过程、切割之前（2025/2547 附件三 B）。",
        "en": "Gross mass: what enters the process, before cutting (2025/2547 Annex III B).",
    },
    "mass_net": {
        "zh": "注意：给出的是净质量。作为前体应取进入过程、切割之前的质量（2025/2547 附件三 B），隐含排放因此偏低。",
        "en": "Mind: the mass given is net. A precursor counts with what enters the process, before cutting (2025/2547 Annex III B); "
        "its emissions are too low here.",
    },
    "mass_not_given": {
        "zh": "未说明是毛质量还是净质量：请填写 mass_basis（2025/2547 附件三 B）。",
        "en": "It is not said whether the mass is gross or net: give mass_basis (2025/2547 Annex III B).",
    },
    "evidence_verified": {
        "zh": "有核查报告的实际值。",
        "en": "An actual value with a verifier's report.",
    },
    "evidence_indicative": {
        "zh": "没有核查报告的实际值：仅供参考，不可申报；可申报的是含加成的默认值。",
        "en": "An actual value without a verifier's report: indicative, not declarable; the default value with mark-up would be declared.",
    },
    "evidence_default": {
        "zh": "没有实际值：按含加成的默认值。",
        "en": "No actual value: the default value with mark-up.",
    },
    "evidence_none": {
        "zh": "没有实际值，默认值也无法确定：见所列问题。",
        "en": "No actual value, and no default value can be told: see the problems listed.",
    },
    "indirect_missing": {
        "zh": "该类货物计入间接排放，但供应商未给出：数值偏低。",
        "en": "Indirect emissions count for these goods, but the supplier gives none: the value is too low.",
    },
    "saving_condition": {
        "zh": "仅当实际值经核查后才成立（2023/956 第 8 条、2025/2547 第 13 条）。",
        "en": "Only once the actual values are verified (2023/956 Art. 8, 2025/2547 Art. 13).",
    },
    "pcf_footprint": {
        "zh": "产品碳足迹：按产品种类规则，每声明单位。",
        "en": "Product carbon footprint by the product category rule, per declared unit.",
    },
    "pcf_process": {
        "zh": "该类别没有产品种类规则：仅按背景过程的摇篮到大门得分列出。",
        "en": "There is no product category rule for this category: cradle-to-gate scores of background processes only.",
    },
}

DIFFERENCE: tuple[Text, ...] = (
    {
        "zh": "边界不同：碳足迹从资源开采算起，含运输、电力上游和全部投入；CBAM 只计附件一货物的生产过程及其附件一前体（2025/2547 附件一）。",
        "en": "Boundary: a PCF starts at extraction and holds transport, upstream electricity and every input; CBAM counts the "
        "production processes of Annex I goods and their Annex I precursors only (2025/2547 Annex I).",
    },
    {
        "zh": "电力：附件二货物（钢铁、铝、氢）在 CBAM 中只计直接排放；碳足迹计入全部电力。",
        "en": "Electricity: goods of Annex II (iron and steel, aluminium, hydrogen) count direct emissions only; a PCF counts all electricity.",
    },
    {
        "zh": "因子不同：CBAM 使用法规规定的排放因子与 GWP（N2O 265、CF4 6630、C2F6 11100），碳足迹使用 IPCC AR6 和 LCA 数据；LCA 数据不得用于 CBAM（欧委会问答 4.24）。",
        "en": "Factors: CBAM has its own by law (N2O 265, CF4 6630, C2F6 11100), a PCF uses IPCC AR6 and LCA data; LCA data are not "
        "accepted under CBAM (Commission Q&A 4.24).",
    },
    {
        "zh": "默认值带有加成（2026 年 10 %、2027 年 20 %、2028 年起 30 %；化肥 1 %），系法规规定的附加。",
        "en": "Default values carry a mark-up (10 % in 2026, 20 % in 2027, 30 % from 2028; fertilisers 1 %), by law, on top of the value.",
    },
    {
        "zh": "废料：CBAM 中废钢、废铝为零排放；碳足迹按截断法或循环足迹公式处理回收。",
        "en": "Scrap enters CBAM with zero emissions; a PCF treats recycling by cut-off or the circular footprint formula.",
    },
)

NOTES: tuple[Text, ...] = (
    {
        "zh": "隐含排放与产品碳足迹并列，绝不相加或互相替代。",
        "en": "Embedded emissions stand beside the product carbon footprint; they are never added or exchanged.",
    },
    {
        "zh": "各物料的假设成本不汇总：它们不是应缴金额。",
        "en": "Hypothetical costs of lines are not added up: they are not owed.",
    },
    {
        "zh": "未知产地按附件四的最高值；请填写物料的 origin。",
        "en": "An unknown origin takes the highest values of Annex IV; give the line's origin.",
    },
)
