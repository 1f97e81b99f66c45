"""What a screening says, in Chinese and English: one pair of texts a key."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Text = dict[str, str]

_TEXTS: Mapping[str, tuple[str, str]] = MappingProxyType({
    # -- Annex I
    "in": ("列于附件一", "in Annex I"),
    "in_if": ("仅在条件满足时列于附件一", "in Annex I only if the condition is met"),
    "depends": ("取决于八位编码", "depends on the eight-digit code"),
    "out": ("不在附件一", "not in Annex I"),
    "direct": ("仅直接排放", "direct emissions only"),
    "direct_and_indirect": ("直接和间接排放", "direct and indirect emissions"),
    "condition": ("仅限（原文）：{condition}", "{condition}"),
    # -- the proposal
    "proposed": ("已提议纳入；非现行法律", "proposed; not law"),
    "proposed_if": ("已提议在条件满足时纳入；非现行法律", "proposed if the condition is met; not law"),
    "proposed_depends": ("提案仅纳入其下部分八位编码；非现行法律", "the proposal names only some codes below it; not law"),
    "excluded": ("提案明文排除；非现行法律", "expressly excluded by the proposal; not law"),
    "precursor_only": (
        "提案仅将其作为前体计入（消费后废料除外），而非应税货物；非现行法律",
        "proposed as a precursor only (post-consumer scrap excepted), not as a good; not law",
    ),
    "already_in": ("已列于附件一，与提案无关", "in Annex I already, whatever becomes of the proposal"),
    "no": ("不在提案中", "not in the proposal"),
    "nowhere": (
        "我们的表格只含附件一和 COM(2025) 989：两者均未列出该编码，除此之外对其一无所知。",
        "Our tables hold Annex I and COM(2025) 989 only: neither lists this code, and nothing else is known of it.",
    ),
    # -- origin
    "origin_exempt": (
        "原产于{country}的货物不适用 CBAM（附件三第 1 点）；以海关原产地为准，而非发货地。",
        "Goods originating in {country} are outside CBAM (Annex III point 1); the customs origin decides, not the place of dispatch.",
    ),
    "origin_eu": (
        "在欧盟（{country}）制造的货物不属于进口；以海关原产地为准。",
        "Goods made in the EU ({country}) are not imported; the customs origin decides.",
    ),
    "origin_third": (
        "{country}是 CBAM 适用的第三国；以海关原产地为准。",
        "{country} is a third country to which CBAM applies; the customs origin decides.",
    ),
    "origin_other": (
        "{country}既非欧盟成员也不在附件三豁免之列，因此是 CBAM 适用的第三国；以海关原产地为准。",
        "{country} is neither in the EU nor exempt under Annex III, so it is a third country to which CBAM applies; the customs "
        "origin decides.",
    ),
    # -- lines
    "if_imported": (
        "假设：仅当该物料以自身编码单独进口时；作为成品的一部分进口时以成品编码为准。",
        "Hypothetical: only if the line were imported under its own code; as part of the product, the product's code decides.",
    ),
    "give_cn_code": (
        "未判断：请为此物料填写 cn_code（欧盟合并税则编码，8 位）；其第 7–8 位与中国税则不同。",
        "Not judged: give the line a cn_code (EU Combined Nomenclature, 8 digits); its digits 7–8 are not those of the Chinese tariff.",
    ),
    "packaging": (
        "包装只有以自身 CN 编码申报（空容器单独进口）时才计入；随所装货物进口时不计入（委员会问答 1.12）。",
        "Packaging counts only if its own CN code is declared, that is if it is imported empty; filled, it does not count "
        "(Commission Q&A 1.12).",
    ),
    "filled": ("装有货物进口", "imported filled, with the goods in it"),
    "empty": ("以自身编码空置进口", "imported empty, under its own code"),
    # -- threshold
    "threshold_rule": (
        "起算量按每个进口商和每个公历年计算：钢铁、铝、水泥、化肥四个行业全部 CN 编码的净质量合计不超过 50 吨时豁免；"
        "一旦超过，该年全部进口均须计入。电力和氢不适用。",
        "The threshold is per importer and calendar year: exempt while the net mass over all CN codes of iron and steel, "
        "aluminium, cement and fertilisers does not exceed 50 t; once exceeded, everything imported in that year counts. It "
        "never applies to electricity or hydrogen.",
    ),
    "threshold_importer": (
        "决定的是进口商的全年合计，而非本产品的数量。",
        "The importer's total decides, not the quantity of this product.",
    ),
    "over": ("{mass} 吨超过 50 吨：该年全部进口均须计入", "{mass} t is over 50 t: everything imported in the year counts"),
    "not_over": (
        "{mass} 吨未超过 50 吨：豁免，须在海关申报中声明",
        "{mass} t does not exceed 50 t: exempt, to be stated in the customs declaration",
    ),
    "unknown": ("未给出进口商的全年净质量", "the importer's net mass of the year is not given"),
    # -- reasons
    "no_code": ("产品没有海关编码", "the product has no customs code"),
    "not_in_annex_i": ("产品编码不在附件一", "the product's code is not in Annex I"),
    "code_too_short": ("是否列入取决于八位编码", "whether it is listed depends on the eight-digit code"),
    "ex_condition": ("附件一仅在条件满足时列入（原文：{condition}）", "Annex I lists it under a condition only: {condition}"),
    "exempt_origin": ("原产地豁免（附件三）", "the origin is exempt (Annex III)"),
    "eu_origin": ("在欧盟制造，不属于进口", "made in the EU, not imported"),
    "in_annex_i": ("产品编码列于附件一", "the product's code is in Annex I"),
    "threshold_unknown": (
        "进口商的全年净质量未知（第 2a 条）",
        "the importer's net mass of the year is unknown (Article 2a)",
    ),
    "threshold_exceeded": ("进口商超过 50 吨（第 2a 条第 2 款）", "the importer exceeds 50 t (Article 2a(2))"),
    "below_threshold": ("进口商未超过 50 吨（第 2a 条第 1 款）", "the importer does not exceed 50 t (Article 2a(1))"),
    "no_threshold": ("电力和氢没有起算量（第 2a 条第 4 款）", "no threshold for electricity and hydrogen (Article 2a(4))"),
    "no_code_next": (
        "请填写 product.hs_code：欧盟进口商将申报的编码，最好 8 位（CN），至少 6 位（HS）。",
        "Give product.hs_code: the code that the EU importer will declare, at best 8 digits (CN), at least 6 (HS).",
    ),
    # -- notes and limits
    "assembled": (
        "带非金属部件的组装货物：净质量全部计入起算量；使用实际值时只计金属部分作为前体的隐含排放；使用默认值时适用该编码的默认值"
        "（委员会问答 4.30）。",
        "An assembled good with a non-metal part: the whole net mass counts for the threshold; with actual values only the metal "
        "part counts, as a precursor; with default values the default of the code applies (Commission Q&A 4.30).",
    ),
    "limit_tables": (
        "只知道附件一和 COM(2025) 989，不含完整税则：编码是否存在只能按章和品目形式判断；附件一整列的子目下则可按其八位编码判断。",
        "Only Annex I and COM(2025) 989 are known, not the whole nomenclature: whether a code exists is judged by the form of its "
        "chapter and heading, and below a sub-heading that Annex I lists whole, by its eight-digit codes.",
    ),
    "limit_tariff": (
        "HS 前 6 位全球一致；第 7–8 位为欧盟 CN，与中国税则不同，归类由进口国海关决定。",
        "The first 6 digits are the same worldwide; digits 7–8 are those of the EU's CN, not of the Chinese tariff, and the customs "
        "of the importing country decide.",
    ),
    "limit_law": (
        "法律状态截至 {known_until}；之后通过的法案不在其中。以《官方公报》为准，本结果不构成法律意见。",
        "The law is as known on {known_until}; later acts are not in it. The Official Journal binds; this is no legal advice.",
    ),
    "limit_pcf": (
        "产品碳足迹不是 CBAM 数值：CBAM 使用设施的特定隐含排放，不接受生命周期清单数据（委员会问答 4.24）。",
        "A product carbon footprint is no CBAM figure: CBAM takes the specific embedded emissions of an installation and accepts "
        "no life-cycle inventory data (Commission Q&A 4.24).",
    ),
    # -- tyres
    "tyre_rubber": ("橡胶轮胎", "Rubber tyres"),
    "tyre_wire_rod": ("帘线钢盘条", "Wire rod for tyre cord"),
    "tyre_cord": ("钢帘线", "Steel cord"),
    # -- who
    "exporter": ("出口商（填写物料清单者）", "exporter (who keeps the bill of materials)"),
    "importer": ("欧盟进口商", "importer in the EU"),
    "operator": ("生产本产品的设施的运营者", "operator of the installation that makes the product"),
    "supplier": ("物料供应商及其设施的运营者", "supplier of the line and operator of its installation"),
    # -- the answer, first sentence
    "nameless": ("该产品", "the product"),
    "first_out": (
        "{name}（编码 {code}）不在 CBAM 条例附件一中，因此在 {on} 进口该产品没有 CBAM 义务。",
        "{name} (code {code}) is not in Annex I of the CBAM Regulation, so importing it carries no CBAM obligation on {on}.",
    ),
    "first_in": (
        "是的，{name}（编码 {code}）在 {on} 列于 CBAM 条例附件一，类别为{category}（{emissions}）。",
        "Yes, {name} (code {code}) is in Annex I of the CBAM Regulation on {on}: category {category}, {emissions}.",
    ),
    "first_in_if": (
        "{name}（编码 {code}）在 {on} 仅在附件一所载条件满足时属于 CBAM 货物，类别为{category}（{emissions}）。",
        "{name} (code {code}) is a CBAM good on {on} only if the condition printed in Annex I is met: category {category}, {emissions}.",
    ),
    "first_depends": (
        "{name}（编码 {code}）在 {on} 是否列于 CBAM 条例附件一取决于八位编码：列入的有 {codes}。",
        "Whether {name} (code {code}) is in Annex I of the CBAM Regulation on {on} depends on its eight-digit code; listed: {codes}.",
    ),
    "first_no_code": (
        "物料清单没有给出{name}的海关编码，因此无法判断其在 {on} 是否属于 CBAM。",
        "The bill of materials gives no customs code for {name}, so whether it is in CBAM on {on} cannot be said.",
    ),
    "first_exempt_origin": (
        "{name} 原产于{country}，附件三将其排除在外，因此在 {on} 进口该产品没有 CBAM 义务。",
        "{name} comes from {country}, whose goods Annex III puts outside CBAM, so importing it carries no CBAM obligation on {on}.",
    ),
    "first_eu_origin": (
        "{name} 在欧盟（{country}）制造，不属于进口，因此在 {on} 没有 CBAM 义务。",
        "{name} is made in the EU ({country}) and not imported, so it carries no CBAM obligation on {on}.",
    ),
    # -- the answer, second sentence
    "second_duty": (
        "进口商必须是授权 CBAM 申报人，在 {deadline} 前申报隐含排放并交付证书，除非其 {year} 年钢铁、铝、水泥、化肥全部 CN 编码的净质量合计不超过 50 吨。",
        "The importer must be an authorised CBAM declarant, declare the embedded emissions and surrender certificates by "
        "{deadline}, unless its net mass over all CN codes of iron and steel, aluminium, cement and fertilisers does not exceed 50 t in {year}.",
    ),
    "second_over": (
        "进口商 {year} 年的净质量为 {mass} 吨，超过 50 吨，因此必须是授权 CBAM 申报人，并在 {deadline} 前就该年全部进口申报隐含排放并交付证书。",
        "With {mass} t in {year} the importer is over 50 t and must be an authorised CBAM declarant, declare the embedded emissions "
        "of everything imported in that year and surrender certificates by {deadline}.",
    ),
    "second_not_over": (
        "但进口商 {year} 年的净质量为 {mass} 吨，未超过 50 吨，因此目前豁免；一旦超过，该年全部进口均须计入。",
        "But with {mass} t in {year} the importer does not exceed 50 t and is exempt; once it does, everything imported in that year "
        "counts.",
    ),
    "second_no_threshold": (
        "电力和氢没有 50 吨的起算量：进口商必须是授权 CBAM 申报人，并在 {deadline} 前申报隐含排放并交付证书。",
        "Electricity and hydrogen have no 50 t threshold: the importer must be an authorised CBAM declarant, declare the embedded "
        "emissions and surrender certificates by {deadline}.",
    ),
    "second_code": (
        "请向进口商索取 8 位 CN 编码并重新筛查，在此之前不作猜测。",
        "Ask the importer for the 8-digit CN code and screen again; nothing is guessed before that.",
    ),
    "second_condition": (
        "请由进口商核对该条件（原文：{condition}）；若不满足，则没有 CBAM 义务。",
        "Let the importer check that condition ({condition}); if it is not met, there is no CBAM obligation.",
    ),
    "second_origin": (
        "以海关原产地为准，进口商须能够证明；{lines}。",
        "The customs origin decides and the importer must be able to prove it; {lines}.",
    ),
    "second_plans": ("{plan}；{lines}。", "{plan}; {lines}."),
    "second_no_code": (
        "请在 product.hs_code 填写进口商将申报的编码；{lines}。",
        "Give in product.hs_code the code that the importer will declare; {lines}.",
    ),
    "plan_proposed": (
        "提案 COM(2025) 989 拟自 {start} 起将其纳入，但这不是法律",
        "The proposal COM(2025) 989 would bring it in from {start}, but that is not law",
    ),
    "plan_proposed_if": (
        "提案 COM(2025) 989 拟自 {start} 起在条件满足时将其纳入，但这不是法律",
        "The proposal COM(2025) 989 would bring it in from {start} if its condition is met, but that is not law",
    ),
    "plan_depends": (
        "提案 COM(2025) 989 拟自 {start} 起纳入该编码下的部分八位编码，但这不是法律",
        "The proposal COM(2025) 989 would bring in some eight-digit codes below it from {start}, but that is not law",
    ),
    "plan_excluded": (
        "提案 COM(2025) 989（不是法律）明文将其排除",
        "The proposal COM(2025) 989, which is not law, expressly leaves it out",
    ),
    "plan_precursor_only": (
        "提案 COM(2025) 989（不是法律）拟自 {start} 起仅将其作为前体计入",
        "The proposal COM(2025) 989, which is not law, would count it from {start} as a precursor only",
    ),
    "plan_no": (
        "提案 COM(2025) 989（不是法律）也未将其列入",
        "The proposal COM(2025) 989, which is not law, does not name it either",
    ),
    "lines_listed": (
        "其 {count} 项物料中有 {listed} 项只有以自身编码单独进口时才属于附件一货物",
        "{listed} of its {count} lines would be in Annex I, but only if imported separately under the line's own code",
    ),
    "lines_none": ("已给出编码的物料均不在附件一中", "none of its lines with a code is in Annex I"),
    "lines_empty": ("物料清单没有物料", "the bill of materials has no lines"),
    "lines_unjudged": (
        "其 {count} 项物料均缺少完整的 CN 编码，未作判断",
        "none of its {count} lines has a full CN code, so none was judged",
    ),
    "lines_partly": (
        "{judged}，另有 {unjudged} 项因缺少完整的 CN 编码而未判断",
        "{judged}, and {unjudged} could not be judged for want of a full CN code",
    ),
})  # fmt: skip


def said(key: str, **values: Any) -> Text:
    """The text of a key in both languages; a value may itself be bilingual."""
    return {
        language: template.format_map({k: v[language] if isinstance(v, Mapping) else v for k, v in values.items()})
        for language, template in zip(("zh", "en"), _TEXTS[key], strict=True)
    }
