"""The operator's emissions report and its summary: IR (EU) 2025/2547 Art. 10 and Annex IV (docs/cbam/reports.md)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lcaengine import __version__
from lcaengine.cbam.installation import Result
from lcaengine.cbam.reports import electricity, emissions, energy, goods, identity, parameters, precursors
from lcaengine.cbam.reports.disclosed import disclosed
from lcaengine.cbam.reports.facts import facts_of
from lcaengine.cbam.reports.operator import OperatorData, check_against
from lcaengine.cbam.reports.texts import POINTS, Item, items_of, leaves
from lcaengine.cbam.reports.values import Answer, Json, missing
from lcaengine.cbam.tables import acts_used

KINDS = ("full", "summary")
ACTS = ("2023/956", "2025/2547", "2025/2546", "2025/2620", "2025/2621", "2026/1740")
Builder = Callable[[Json], Answer]


def full_report(result: Result, extra: OperatorData) -> dict[str, Any]:
    """The operator's emissions report for the verifier: the 35 items of point 1.1, and the addendum of 1.1.1.

    Raises `Refused` where the operator data speak of what the installation does not have.
    """
    check_against(extra, result)
    facts = facts_of(result, extra)
    contacts = [dict(c) for c in extra.document.get("contact_persons", [])]
    return {
        **_report("full", facts, extra, FULL), "contact_persons": contacts,
        "addendum": _items("addendum", facts, dict.fromkeys(("1", "2", "3"), goods.imported_electricity), frozenset()),
    }  # fmt: skip


def summary_report(result: Result, extra: OperatorData) -> dict[str, Any]:
    """The operator's summary emissions report for the importer: the 16 items of point 1.2, from `disclosed` facts only.

    What the operator withholds beyond that is missing, with the reason. Raises `Refused` as `full_report`.
    """
    check_against(extra, result)
    return _report("summary", disclosed(facts_of(result, extra)), extra, SUMMARY)


def report_of(kind: str, result: Result, extra: OperatorData) -> dict[str, Any]:
    """The report of a kind, ``full`` or ``summary``."""
    return (full_report if kind == "full" else summary_report)(result, extra)


def _report(kind: str, facts: Json, extra: OperatorData, builders: Mapping[str, Builder]) -> Json:
    withheld = extra.withheld if kind == "summary" else frozenset()
    items = _items(kind, facts, builders, withheld)
    hidden = {i.item for i in items_of(kind) if _hidden(i, withheld)}
    answered = {i.item for i in leaves(kind)}
    count = {
        s: sum(i["status"] == s for i in items if i["item"] in answered) for s in ("value", "missing", "not_applicable")
    }
    return {
        "type": "cbam_operator_report", "schema": 1, "kind": kind, "title": dict(TITLES[kind]),
        "act": {"id": "2025/2547", "article": "10", "annex": "IV", "point": POINTS[kind]},
        "installation": {"zh": "–", "en": "–"} if "2(a)" in hidden else facts["about"]["name"], "operator": None if "1(a)" in hidden else facts["about"].get("operator"),
        "period": {"start": facts["period"]["start"], "end": facts["period"]["end"]}, "example": bool(extra.document.get("example")),
        "items": items, "counts": count,
        "missing": [{k: i[k] for k in ("item", "text", "reason")} for i in items if i["status"] == "missing" and i["item"] in answered],
        "notes": [dict(n) for n in NOTES], "acts": acts_used(*ACTS), "engine": {"version": __version__},
    }  # fmt: skip


def _items(kind: str, facts: Json, builders: Mapping[str, Builder], withheld: frozenset[str]) -> list[Json]:
    """Every item and sub-item in the act's order; one that only introduces others has the worst status of those."""
    answers = {i.item: WITHHELD if _hidden(i, withheld) else builders[i.item](facts) for i in leaves(kind)}
    return [_item(i, answers) for i in items_of(kind)]


def _item(item: Item, answers: Mapping[str, Answer]) -> Json:
    own = answers.get(item.item)
    heading = own is None
    if own is None:
        below = {a.status for k, a in answers.items() if k.startswith((item.item + "(", item.item + "-"))}
        own = Answer("missing" if "missing" in below else "value" if "value" in below else "not_applicable")
    return {
        "item": item.item, "level": item.level, "heading": heading, "title": dict(item.title) if item.title else None, "text": dict(item.text),
        "status": own.status, "value": own.value, "unit": own.unit, "reason": dict(own.reason) if own.reason else None,
    }  # fmt: skip


def _hidden(item: Item, withheld: frozenset[str]) -> bool:
    return any(item.item == w or item.item.startswith((w + "(", w + "-")) for w in withheld)


FULL: Mapping[str, Builder] = {
    "1(a)": identity.about("operator", "installation.operator"),
    "1(b)": identity.about("registration_number", "operator.registration_number"),
    "1(c)": identity.address("operator_address", "operator.address"),
    "1(d)-1": identity.about("name", "installation.name"),
    "1(d)-2": identity.about("registry_id", "installation.registry_id"),
    "1(d)-3": identity.about("unlocode", "installation.unlocode"),
    "1(d)-4": identity.address("address", "installation.address"),
    "1(d)-5": identity.coordinates,
    "2(a)": identity.processes_and_routes,
    "2(b)": identity.non_cbam_processes,
    "2(c)": identity.main_goods,
    "2(d)": identity.main_fuels,
    "2(e)": identity.main_materials,
    "2(f)": identity.measured_sources,
    "2(g)": identity.zero_rated_fuels,
    "2(h)": energy.heat_with_installations,
    "3": electricity.sources,
    "4(a)": electricity.generation("chp"),
    "4(b)": electricity.generation("separate"),
    "4(c)": electricity.generation("source"),
    "4(d)": electricity.generation("exported"),
    "5": energy.waste_gases_with_installations,
    "6": energy.transfer_recipients,
    "7": emissions.total_direct,
    "8": emissions.months,
    "9": electricity.for_indirect_goods(electricity.total),
    "10": electricity.for_indirect_goods(electricity.for_these_goods),
    "11": electricity.for_indirect_goods(electricity.obtained_from),
    "12": electricity.for_indirect_goods(electricity.per_source),
    "13": goods.produced,
    "14": goods.non_cbam_goods,
    "15(a)": goods.direct,
    "15(b)": goods.compositions,
    "15(c)": goods.quality,
    "15(d)": goods.default_share,
    "15(e)-1": goods.indirect_share("actual"),
    "15(e)-2": goods.indirect_share("default"),
    "15(e)-3": goods.criteria(evidence=True),
    "15(e)-4": goods.indirect,
    **{f"15(f)-{n}": goods.imported_electricity for n in range(1, 5)},
    "16(a)": emissions.source_streams,
    "16(b)": emissions.measured,
    "16(c)": emissions.other_methods,
    "16(d)": energy.transferred_quantities,
    "16(e)": emissions.data_gaps,
    "17": energy.balance,
    "18": precursors.used("own"),
    "19": precursors.used_by_process("own"),
    "20": precursors.used("bought"),
    "21": precursors.used_by_process("bought"),
    "22(a)": precursors.by_basis("default", "cn_code"),
    "22(b)": precursors.by_basis("default", "name"),
    "22(c)": precursors.by_basis("default", "country"),
    "22(d)": precursors.by_basis("default", "default"),
    "23(a)": precursors.by_basis("actual", "cn_code"),
    "23(b)": precursors.by_basis("actual", "name"),
    "23(c)": precursors.by_basis("actual", "country"),
    "23(d)": precursors.by_basis("actual", "period"),
    "23(e)": precursors.by_basis("actual", "see"),
    "24": precursors.several_periods,
    "25": precursors.several_installations,
    "26": electricity.per_process,
    "27": precursors.used_by_process("own"),
    "28": precursors.origins,
    "29": emissions.attribution,
    "30": emissions.activity_levels,
    "31": goods.in_functional_units,
    "32": electricity.actual_factor,
    "33": electricity.purchase_agreement,
    "34(a)": goods.per_route,
    "34(b)": goods.other_functional_units,
    "35": parameters.sector_parameters,
}
SUMMARY: Mapping[str, Builder] = {
    "1(a)": FULL["1(a)"],
    "1(b)": FULL["1(b)"],
    "1(c)": FULL["1(c)"],
    **{f"2({letter})": FULL[f"1(d)-{n}"] for n, letter in enumerate("abcde", start=1)},
    "3": identity.processes_with_goods,
    "4(a)": goods.direct,
    "4(b)": goods.default_share,
    "4(c)-1": goods.indirect_share("actual"),
    "4(c)-2": goods.indirect_share("default"),
    "4(c)-3": goods.criteria(evidence=False),
    "4(c)-4": goods.indirect,
    **{f"4(d)-{n}": goods.imported_electricity for n in range(1, 4)},
    "4(e)": goods.free_allocation,
    "4(f)": goods.benchmarks,
    "5": emissions.direct_by_process,
    "6": electricity.for_indirect_goods(electricity.indirect_emissions),
    "7": energy.heat_crossing,
    "8": identity.zero_rated_fuels,
    "9": energy.waste_gases,
    "10": energy.capture,
    **{f"11({letter})": FULL[f"4({letter})"] for letter in "abcd"},
    **{f"12({letter})": FULL[f"22({letter})"] for letter in "abcd"},
    **{f"13({letter})": FULL[f"23({letter})"] for letter in "abce"},
    "13(d)": precursors.by_basis("actual", "year"),
    "14": precursors.several_periods,
    "15": precursors.several_installations,
    "16": precursors.origins,
}

TITLES = {
    "full": {"zh": "运营商排放报告", "en": "Operator’s emissions report"},
    "summary": {"zh": "运营商摘要排放报告", "en": "Operator’s summary emissions report"},
}
WITHHELD = missing(
    "运营商未向进口商提供此项（withhold）；法规的摘要列有此项。",
    "Withheld from the importer by the operator (withhold); the law lists this item in the summary.",
)
NOTES = (
    {"zh": "英文文本具有约束力；中文为我们的翻译（2025/2547 第 10(4) 条：报告以英文提交）。",
     "en": "The English text is binding; the Chinese is our translation (2025/2547 Art. 10(4): the report is submitted in English)."},
    {"zh": "隐含排放为可申报读数：没有核查报告的前体以含加成的默认值计。期间排放取整吨，隐含排放至多 5 位小数，四舍五入。",
     "en": "Embedded emissions are what may be declared: a precursor without a verifier's report counts its default value with mark-up. "
     "Emissions of a period in whole tonnes, embedded emissions to at most five decimals, half-up."},
)  # fmt: skip
