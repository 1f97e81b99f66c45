"""What to collect next, from whom and why: generated from the findings, each step with its article."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from lcaengine.cbam.screening.answer import WITHOUT_THRESHOLD, Findings, emissions
from lcaengine.cbam.screening.scope import EIGHT, Scope
from lcaengine.cbam.screening.texts import Text, said
from lcaengine.cbam.tables import tables

BASE = "Regulation (EU) 2023/956"
OUTSIDE = frozenset({"exempt_origin", "eu_origin"})
METHOD = "Implementing Regulation (EU) 2025/2547"

# id → from whom, article, what (zh, en)
_STEPS: Mapping[str, tuple[str, str, str, str]] = MappingProxyType({
    "product_code": (
        "exporter", f"{BASE}, Article 2(1) and Annex I",
        "在 product.hs_code 填写进口商将申报的产品编码（CN 8 位，至少 HS 6 位）。",
        "Give in product.hs_code the code of the product that the importer will declare (CN 8 digits, at least HS 6).",
    ),
    "cn_code_8": (
        "importer", f"{BASE}, Article 2(1) and Annex I",
        "产品的 8 位 CN 编码：附件一、默认值和基准值均按其确定；其第 7–8 位与中国税则不同。",
        "The product's CN code at 8 digits: Annex I, default values and benchmarks follow it; digits 7–8 are not those of the Chinese "
        "tariff.",
    ),
    "condition": (
        "importer", f"{BASE}, Annex I",
        "货物是否满足附件一对该编码所附条件的证明：{condition}。",
        "Evidence whether the good meets the condition that Annex I attaches to the code: {condition}.",
    ),
    "line_codes": (
        "exporter", f"{BASE}, Article 2(1) and Annex I",
        "为尚未判断的物料填写完整的 CN 编码（cn_code，8 位）；向供应商或报关资料索取，不要猜测。",
        "Give the lines not judged yet their full CN code (cn_code, 8 digits), from the supplier or customs papers, not by guessing.",
    ),
    "origin_proof": (
        "exporter", f"{BASE}, Article 2(4) and Annex III point 1",
        "非优惠原产地的证明：豁免以原产地为准，而非发货地。",
        "Proof of the non-preferential origin: the exemption follows the origin, not the place of dispatch.",
    ),
    "declarant": (
        "importer", f"{BASE}, Articles 4, 5 and 17",
        "授权 CBAM 申报人的身份（账号），在进口之前取得；预计不超过 50 吨的进口商无需申请，间接报关代理人始终需要。",
        "The status of authorised CBAM declarant (account number), before importing; an importer that expects to stay at or under 50 t "
        "need not apply, an indirect customs representative always must.",
    ),
    "declarant_always": (
        "importer", f"{BASE}, Articles 2a(4), 4, 5 and 17",
        "授权 CBAM 申报人的身份（账号），在进口之前取得；电力和氢没有起算量。",
        "The status of authorised CBAM declarant (account number), before importing; electricity and hydrogen have no threshold.",
    ),
    "annual_mass": (
        "importer", f"{BASE}, Article 2a and Annex VII point 1",
        "进口商 {year} 年钢铁、铝、水泥、化肥全部 CN 编码的净质量合计（吨）。",
        "The importer's net mass in {year} over all CN codes of iron and steel, aluminium, cement and fertilisers (t).",
    ),
    "exemption": (
        "importer", f"{BASE}, Article 2a(1) and (2)",
        "在海关申报中声明豁免，并持续跟踪全年净质量：一旦超过 50 吨，全年进口均须计入。",
        "State the exemption in the customs declaration and follow the net mass through the year: over 50 t, everything of the year "
        "counts.",
    ),
    "monitoring": (
        "operator", f"{METHOD}, Annex II point A.5 and Annex IV",
        "生产设施的监测计划和排放报告：设施名称与坐标、{year} 公历年的活动水平、{emissions}、每个 CN 编码的特定隐含排放及其前体。",
        "Monitoring plan and emissions report of the installation: name and coordinates, activity level of the calendar year {year}, "
        "{emissions}, specific embedded emissions per CN code, and precursors.",
    ),
    "verification": (
        "operator", f"{BASE}, Article 8 and Annex VI",
        "经认可核查机构的核查报告；没有核查报告只能使用含加价的默认值。",
        "The report of an accredited verifier; without it only the default value with its mark-up can be declared.",
    ),
    "precursors": (
        "supplier", f"{METHOD}, Articles 13 and 14",
        "附件一货物作为前体的特定隐含排放，附覆盖其生产期间的核查报告，以及 CN 编码、原产国和进入工序的质量；否则使用含加价的默认值。",
        "Specific embedded emissions of the lines that are Annex I goods and may be precursors, with a verifier's report that covers "
        "their production period, and CN code, country of origin and mass entering the process; otherwise the default with mark-up.",
    ),
    "carbon_price": (
        "operator", f"{BASE}, Article 9",
        "在第三国实际支付的碳价及返还和免费配额的证据，经独立人员证明（实施细则仍为草案）。",
        "Evidence of a carbon price effectively paid in a third country, net of rebates and free allocation, certified by an "
        "independent person (the implementing act is a draft).",
    ),
    "spare_parts": (
        "supplier", f"{METHOD}, Articles 13 and 14",
        "假设情形：仅当这些物料以自身编码单独进口（备件、空包装）时，才需其特定隐含排放和核查报告。",
        "Hypothetical: only if these lines are imported under their own code (spare parts, empty packaging), their specific embedded "
        "emissions with a verifier's report.",
    ),
    "watch_proposal": (
        "exporter", "COM(2025) 989, procedure 2025/0419(COD)",
        "目前无需提交任何数据；请关注立法结果（拟自 {start} 起适用，非现行法律）。",
        "Nothing is to be submitted now; follow the outcome of the procedure (proposed from {start}, not law).",
    ),
})  # fmt: skip


# acts that a step brings in besides those of the findings
STEP_ACTS: Mapping[str, str] = MappingProxyType({
    "monitoring": "2025/2547", "precursors": "2025/2547", "spare_parts": "2025/2547", "verification": "2025/2546",
    "carbon_price": "Ares(2026)4841230",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class LineIds:
    """Ids of the lines that would be Annex I goods, and of those that could not be judged."""

    listed: Sequence[str]
    unjudged: Sequence[str]


def next_steps(findings: Findings, lines: LineIds) -> list[dict[str, Any]]:
    """What to collect next, most urgent first."""
    return [*_on_the_code(findings), *_on_the_product(findings, lines), *_on_the_lines(findings, lines)]


def _step(key: str, lines: Sequence[str] = (), **values: Any) -> dict[str, Any]:
    who, article, zh, en = _STEPS[key]
    shown = [{k: v[language] if isinstance(v, Mapping) else v for k, v in values.items()} for language in ("zh", "en")]
    what: Text = {"zh": zh.format_map(shown[0]), "en": en.format_map(shown[1])}
    return {"id": key, **what, "from": {"id": who, "name": said(who)}, "article": article, "lines": sorted(lines)}


def _on_the_code(findings: Findings) -> Iterator[dict[str, Any]]:
    """What makes the code itself certain; nothing where the origin is outside CBAM anyway."""
    scope, extension = findings.scope, findings.extension
    if findings.reasons[-1] in OUTSIDE:
        return
    if scope is None:
        yield _step("product_code")
        return
    if len(scope.code) < EIGHT and (scope.status != "out" or extension.status == "depends"):
        yield _step("cn_code_8")
    if scope.status == "in_if":
        yield _step("condition", condition=scope.goods[0].ex)
    if scope.status == "out" and extension.status in {"proposed", "proposed_if", "depends"}:
        yield _step("watch_proposal", start=min(row.proposed_from for row in extension.rows).isoformat())


def _on_the_product(findings: Findings, lines: LineIds) -> Iterator[dict[str, Any]]:
    """What a product in Annex I, or perhaps in it, asks for."""
    scope = findings.scope
    if findings.reasons[-1] == "exempt_origin":
        yield _step("origin_proof")
    if scope is None or scope.status == "out" or findings.reasons[-1] in OUTSIDE:
        return
    if findings.obligation is False:
        yield _step("exemption")
        return
    yield from _on_the_importer(findings)
    yield _step("monitoring", year=findings.on.year, emissions=said(emissions(scope)))
    yield _step("verification")
    if lines.listed and _takes_precursors(scope):
        yield _step("precursors", lines.listed)
    yield _step("carbon_price")


def _on_the_importer(findings: Findings) -> Iterator[dict[str, Any]]:
    always = findings.scope is not None and findings.scope.sectors <= WITHOUT_THRESHOLD
    yield _step("declarant_always" if always else "declarant")
    if not always and findings.mass_state == "unknown":
        yield _step("annual_mass", year=findings.on.year)


def _on_the_lines(findings: Findings, lines: LineIds) -> Iterator[dict[str, Any]]:
    if lines.listed and findings.obligation is False:
        yield _step("spare_parts", lines.listed)
    if lines.unjudged:
        yield _step("line_codes", lines.unjudged)


def _takes_precursors(scope: Scope) -> bool:
    """Whether a category of the product has precursors at all."""
    return any(tables().precursors.get(category) for category in scope.categories)
