"""What a purchased precursor counts: as given, in scope, and as it may be declared (IR (EU) 2025/2547 Art. 13 to 15).

An actual value without a verifier's report for its production period is indicative only; what may be declared then is the
default value with its mark-up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from lcaengine.cbam.certificates.defaults import MarkedUp, chosen_default
from lcaengine.cbam.installation.model import Installation, Precursor, Span
from lcaengine.cbam.tables import normal_cn, origin_status, tables
from lcaengine.problems import Problem, Refused

DEFINITIVE = date(2026, 1, 1)
Text = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Pair:
    """t CO2e per tonne of the precursor, direct and indirect, and what of their sum rests on default values."""

    direct: float
    indirect: float
    default: float = 0.0

    @property
    def total(self) -> float:
        return self.direct + self.indirect


ZERO = Pair(0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Valued:
    """A precursor with what it counts; ``declarable`` is None where it cannot be told, and ``notes`` say why."""

    precursor: Precursor
    given: Pair
    given_default_direct: float
    indicative: Pair
    declarable: Pair | None
    basis: str
    default: MarkedUp | None
    notes: tuple[Text, ...]
    averaged_with: tuple[str, ...] = ()
    alone: Pair | None = None

    @property
    def own(self) -> Pair:
        """As given, before sources of one CN code were averaged."""
        return self.alone or self.given

    @property
    def annex_ii(self) -> bool:
        return tables().categories[self.precursor.category].annex_ii


def valued(installation: Installation, problems: list[Problem]) -> tuple[Valued, ...]:
    """Every precursor; several sources of one CN code are averaged (Art. 14(2)) unless evidence says otherwise."""
    return _averaged([_valued(p, installation.period, problems) for p in installation.precursors])


def verified(p: Precursor, default_period: Span) -> bool:
    """A report of an accredited verifier covers the whole production period, none of it before 2026.

    Another period than that of the complex good needs evidence (Art. 13).
    """
    own_period = p.period == default_period or bool(p.period_evidence)
    covered = p.verification is not None and p.verification.span.covers(p.period)
    return covered and own_period and p.period.start >= DEFINITIVE


def _valued(p: Precursor, span: Span, problems: list[Problem]) -> Valued:
    notes: list[Text] = []
    default = _default(p, span, problems, notes)
    marked = _marked(p, default)
    given = _given(p, marked)
    if origin_status(p.country) in {"eu", "exempt"}:
        notes.append(EXEMPT)
        return Valued(p, given, 0.0, ZERO, ZERO, "exempt_origin", None, tuple(notes))
    indicative = _in_scope(p, given, notes)
    if p.evidence == "actual":
        default_direct, basis = p.default_share * given.direct, "actual"
        indicative = replace(indicative, default=p.default_share * indicative.total)
        if not verified(p, span):
            notes.append(UNVERIFIED)
            basis = "default"
    else:
        default_direct, basis = given.direct, "default"
        indicative = replace(indicative, default=indicative.total)
    declarable = indicative if basis == "actual" else marked
    return Valued(p, given, default_direct, indicative, declarable, basis, default, tuple(notes))


def _default(p: Precursor, span: Span, problems: list[Problem], notes: list[Text]) -> MarkedUp | None:
    """The default value with mark-up, where it is needed; None where it cannot be looked up."""
    if p.evidence == "actual" and verified(p, span):
        return None
    if p.cn_code is None:
        notes.append(NO_CODE)
        return None
    if span.start < DEFINITIVE:
        notes.append(TRANSITIONAL)
        return None
    country = None if p.country == "unknown" else p.country
    if origin_status(p.country) in {"eu", "exempt"}:
        return None
    try:
        found = chosen_default(p.cn_code, country, span.start.year, p.route, p.description, p.where + "/cn_code")
    except Refused as refused:
        problems.extend(refused.problems)
        return None
    notes.extend(found.notes)
    return found


def _marked(p: Precursor, default: MarkedUp | None) -> Pair | None:
    """The marked-up total, split as the act's columns are; those are for information, the total counts."""
    if default is None:
        return None
    base = default.base
    split = 0.0
    if not tables().categories[p.category].annex_ii and base.direct is not None and base.total:
        split = 1.0 - base.direct / base.total
    return Pair(default.value * (1.0 - split), default.value * split, default.value)


def _given(p: Precursor, marked: Pair | None) -> Pair:
    if p.direct is not None:
        return Pair(p.direct, p.indirect or 0.0)
    return marked or ZERO


def _in_scope(p: Precursor, given: Pair, notes: list[Text]) -> Pair:
    """What of a precursor counts (Annex I 3.1): indirect emissions only outside Annex II, or of such a precursor upstream."""
    if p.direct is None:
        return given
    if not tables().categories[p.category].annex_ii:
        return given
    if p.indirect_in_scope is None and tables().categories[p.category].sector == "iron_and_steel":
        notes.append(SINTER)
    return Pair(given.direct, p.indirect_in_scope or 0.0)


def averaged_groups(precursors: Sequence[Precursor]) -> list[list[int]]:
    """Which precursors, by index, are of one CN code and from several sources that no evidence tells apart (Art. 14)."""
    groups: dict[str, list[int]] = {}
    for i, p in enumerate(precursors):
        if p.cn_code and not p.subset_evidence:
            groups.setdefault(normal_cn(p.cn_code)[:8], []).append(i)
    return [group for group in groups.values() if len(group) > 1]


def _averaged(found: Sequence[Valued]) -> tuple[Valued, ...]:
    """Art. 14(1) and (2): one weighted average for all periods and installations of one CN code."""
    averaged = list(found)
    for indices in averaged_groups([v.precursor for v in found]):
        group = [found[i] for i in indices]
        mean, note = _mean(group), _averaged_note(group)
        for i in indices:
            others = tuple(v.precursor.id for v in group if v is not found[i])
            averaged[i] = replace(
                found[i], **mean, notes=(*found[i].notes, note), averaged_with=others, alone=found[i].given
            )
    return tuple(averaged)


def _averaged_note(group: Sequence[Valued]) -> Text:
    names = ", ".join(v.precursor.id for v in group)
    return {"zh": AVERAGED["zh"].format(names), "en": AVERAGED["en"].format(names)}


def _mean(group: Sequence[Valued]) -> dict[str, Any]:
    weights = [v.precursor.purchased for v in group]
    whole = sum(weights) or 1.0

    def mean(pairs: Sequence[Pair | None]) -> Pair | None:
        known = [p for p in pairs if p is not None]
        if len(known) < len(pairs):
            return None
        return Pair(*(
            sum(w * getattr(p, name) for w, p in zip(weights, known, strict=True)) / whole
            for name in ("direct", "indirect", "default")
        ))  # fmt: skip

    return {
        "given": mean([v.given for v in group]), "indicative": mean([v.indicative for v in group]),
        "declarable": mean([v.declarable for v in group]),
        "given_default_direct": sum(w * v.given_default_direct for w, v in zip(weights, group, strict=True)) / whole,
    }  # fmt: skip


EXEMPT = {
    "zh": "欧盟或附件三豁免原产地：隐含排放计为 0，仍须报告数量（2023/956 附件三）。",
    "en": "Origin in the EU or exempt by Annex III of 2023/956: embedded emissions count 0; the quantity is reported.",
}
UNVERIFIED = {
    "zh": "该前体的实际值没有覆盖其生产期间的核查报告：仅供参考，不可申报；可申报结果使用含加成的默认值（2025/2547 第 13—15 条）。",
    "en": "The actual value has no verifier's report for its production period: indicative, not declarable; the declarable "
    "result uses the default value with mark-up (2025/2547 Art. 13 to 15).",
}
AVERAGED = {
    "zh": "同一 CN 编码的前体按质量加权平均：{}（2025/2547 第 14 条第 1、2 款；如能证明各自去向，填写 subset_evidence）。",
    "en": "Precursors of one CN code are averaged by mass: {} (2025/2547 Art. 14(1), (2); give subset_evidence where each can be traced).",
}
NO_CODE = {
    "zh": "该前体未给出 CN 编码（欧委会模板没有此栏）：无法查找默认值，可申报结果缺失。",
    "en": "No CN code is given for the precursor (the Commission's template has no field for it): no default value can be "
    "looked up, and the declarable result is missing.",
}
TRANSITIONAL = {
    "zh": "2026 年以前的期间属于过渡期：结果不可用于正式期申报（2025/2547 第 13 条）。",
    "en": "A period before 2026 is transitional: no result of it can be declared in the definitive period (2025/2547 Art. 13).",
}
SINTER = {
    "zh": "该钢铁前体上游烧结矿的间接排放应计入，但未给出：向供应商索取 indirect_in_scope（2025/2547 附件一 3.1）。",
    "en": "Indirect emissions of sintered ore upstream of this precursor count, but are not given: ask the supplier for "
    "indirect_in_scope (2025/2547 Annex I 3.1).",
}
