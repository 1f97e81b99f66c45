"""From an installation to specific embedded emissions, and the body in which they are answered (docs/cbam/installation.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lcaengine import __version__
from lcaengine.cbam.installation.attribution import Attributed, Attribution, attribute, electricity_mean
from lcaengine.cbam.installation.embedded import Embedded, electricity_evidenced, solve_systems, system_of
from lcaengine.cbam.installation.emissions import Emitted
from lcaengine.cbam.installation.model import Flow, Good, Installation, Process, Stream, Verification
from lcaengine.cbam.installation.precursors import DEFINITIVE, TRANSITIONAL, Valued, valued
from lcaengine.cbam.installation.transfers import Movement
from lcaengine.cbam.quantities import SEE_DECIMALS, rounded
from lcaengine.cbam.tables import acts_used, tables
from lcaengine.problems import Problem, Refused

Json = dict[str, Any]
DECIMALS = {"kg_n": 8}  # the act's five decimals are per tonne (Annex II A.1 point 8)
ACTS = ("2023/956", "2025/2083", "2025/2547", "2025/2546", "2025/2621", "2026/1740")


@dataclass(frozen=True)
class Result:
    """An installation, its attribution, what its precursors count, and the solved system."""

    installation: Installation
    attribution: Attribution
    precursors: tuple[Valued, ...]
    embedded: Embedded


def calculate_installation(installation: Installation) -> Result:
    """Specific embedded emissions of one installation; raises `Refused` with every problem."""
    return calculate_installations([installation])[0]


def calculate_installations(installations: Sequence[Installation]) -> list[Result]:
    """Any number of installations, solved together; raises `Refused` with every problem, with its installation's number."""
    problems: list[Problem] = []
    prepared = []
    for number, installation in enumerate(installations):
        own: list[Problem] = []
        try:
            attribution = attribute(installation)
        except Refused as refused:
            own.extend(refused.problems)
        precursors = valued(installation, own)
        if own:
            prefix = f"/{number}" if len(installations) > 1 else ""
            problems.extend(Problem(p.code, prefix + p.where, p.values) for p in own)
        else:
            prepared.append((installation, attribution, precursors))
    if problems:
        raise Refused(problems)
    solved = solve_systems([system_of(*one) for one in prepared])
    return [Result(*one, embedded) for one, embedded in zip(prepared, solved, strict=True)]


def installation_body(result: Result) -> Json:
    """The answer, without ``id`` and ``created`` (the store gives them); texts in both languages."""
    i, a = result.installation, result.attribution
    return {
        "installation": dict(i.about),
        "period": {"start": i.period.start.isoformat(), "end": i.period.end.isoformat(), "reason": i.reason or None},
        "verification": _verification(i.verification),
        "acts": acts_used(*ACTS),
        "engine": {"version": __version__},
        "emissions": _emissions(i, a),
        "electricity": _electricity(result),
        "co2_transfers": [_movement(m) for m in a.movements],
        "balances": [_closing(c) for c in a.closings],
        "heat_units": [_supply(s) for s in a.supplies.values()],
        "processes": [_process(result, k) for k in range(len(a.processes))],
        "precursors": [_precursor(v) for v in result.precursors],
        "goods": [_good(result, k, g) for k, p in enumerate(i.processes) for g in p.goods],
        "rounding": ROUNDING,
        "notes": _notes(result),
    }  # fmt: skip


def _verification(v: Verification | None) -> Json | None:
    if v is None:
        return None
    return {"verifier": v.verifier, "report": v.report, "start": v.span.start.isoformat(), "end": v.span.end.isoformat(),
            "accreditation": v.accreditation or None}  # fmt: skip


def _electricity(result: Result) -> Json:
    """Electricity by process and source with factor and evidence, the installation's mean factor (Art. 9), the totals."""
    a, supplies = result.attribution, result.attribution.supplies
    sources = [
        {"process": p.id, "amount": f.amount, "unit": "MWh", "from": f.other, "source": f.source, "evidence": f.evidence or None,
         "factor": supplies[f.other].electricity_factor if f.other and f.other in supplies else f.factor}
        for p in result.installation.processes for f in p.electricity
    ]  # fmt: skip
    outside = [p for p in a.processes if _scope(p.process) == "direct_and_indirect"]
    return {
        "consumed": {"value": sum(s["amount"] for s in sources), "unit": "MWh"},
        "consumed_for_goods_with_indirect_scope": {"value": sum(p.electricity for p in outside), "unit": "MWh"},
        "mean_factor": {"value": electricity_mean(result.installation, supplies), "unit": "t CO2/MWh"},
        "indirect_emissions": {"value": sum(p.indirect for p in a.processes), "unit": "t CO2e"},
        "sources": sources,
    }  # fmt: skip


def _movement(m: Movement) -> Json:
    t = m.transfer
    return {"id": t.id, "direction": t.direction, "amount": t.tonnes, "unit": "t", "purpose": t.purpose, "counterpart": t.counterpart,
            "evidence": t.evidence, "counted_at_origin": t.counted_at_origin or None, "deducted": m.deducted, "added": m.added,
            "shares": dict(m.shares)}  # fmt: skip


def _source(e: Emitted, stream: Stream | None) -> Json:
    """A source with what it was calculated from."""
    body: Json = {"id": e.id, "name": e.name, "method": e.kind, "gas": e.gas, "fossil": e.fossil, "biogenic": e.biogenic,
                  "energy": e.energy, "attribution": dict(e.attribution)}  # fmt: skip
    if stream is not None:
        body["data"] = {
            "direction": "out" if stream.sign < 0 else "in", "activity": stream.activity, "activity_unit": stream.basis,
            "ncv": stream.ncv, "emission_factor_per_tj": stream.ef_energy, "emission_factor_per_unit": stream.ef_amount,
            "carbon_content": stream.carbon, "oxidation_factor": stream.oxidation, "conversion_factor": stream.conversion,
            "biomass_fraction": stream.biomass, "zero_rated": stream.zero_rated, "standard_factor": stream.standard_factor,
        }  # fmt: skip
    return body


def _emissions(i: Installation, a: Attribution) -> Json:
    """Total direct emissions by source; whole tonnes as reported beside the exact figure."""
    by_kind: dict[str, float] = {}
    streams = {s.id: s for s in i.streams}
    for e in a.sources:
        by_kind[e.kind] = by_kind.get(e.kind, 0.0) + e.fossil
    return {
        "unit": "t CO2e",
        "direct": {"exact": a.direct, "reported": rounded(a.direct, 0)},
        "biogenic": {"exact": a.biogenic, "reported": rounded(a.biogenic, 0)},
        "fuel_energy": {"value": sum(e.energy for e in a.sources), "unit": "TJ"},
        "by_method": by_kind,
        "co2_transferred": a.transferred,
        "non_cbam": a.non_cbam,
        "reconciliation_factor": a.reconciliation,
        "flue_gas_cleaning": a.flue_gas_cleaning,
        "sources": [_source(e, streams.get(e.id)) for e in a.sources],
    }  # fmt: skip


def _closing(c: Any) -> Json:
    return {"carrier": c.carrier, "where": c.where, "unit": c.unit, "supplied": dict(c.supplied), "used": dict(c.used),
            "difference": c.difference}  # fmt: skip


def _supply(s: Any) -> Json:
    return {
        "id": s.unit.id, "kind": s.unit.kind, "fuel": {"value": s.fuel, "unit": "TJ"}, "emissions": s.emissions,
        "heat": {"value": s.heat, "unit": "TJ", "factor": s.heat_factor, "factor_unit": "t CO2/TJ"},
        "electricity": {"value": s.electricity, "unit": "MWh", "factor": s.electricity_factor, "factor_unit": "t CO2/MWh"},
        "heat_share": s.heat_share,
    }  # fmt: skip


def _process(result: Result, index: int) -> Json:
    a: Attributed = result.attribution.processes[index]
    p, figures = a.process, result.embedded.of(index)
    category = tables().categories[p.category]
    return {
        "id": p.id,
        "name": dict(p.name),
        "category": {"id": p.category, "name": {"zh": category.name_zh, "en": category.name_en}},
        "scope": _scope(p),
        "production": {"value": p.mass, "unit": "t", "by_route": dict(p.production)},
        "activity_level": {"value": p.activity_level, "unit": category.functional_unit},
        "deliveries": {"to_market": p.to_market, "to_processes": dict(p.to_processes), "to_non_cbam": p.to_non_cbam},
        "attributed": {
            "direct": {"exact": a.direct, "reported": rounded(a.direct, 0)},
            "indirect": {"exact": a.indirect, "reported": rounded(a.indirect, 0)},
            "terms": dict(a.terms), "floored": a.floored, "electricity": {"value": a.electricity, "unit": "MWh"},
            "molar_share": p.molar_share,
        },
        "energy": {
            "heat_imported": _flows(p.heat_in), "heat_exported": _flows(p.heat_out), "waste_gas_imported": _flows(p.gas_in),
            "waste_gas_exported": _flows(p.gas_out), "electricity_consumed": _flows(p.electricity), "electricity_produced": _flows(p.electricity_out),
        },
        "inputs": _inputs(result, p),
        "see": _see(result, figures, 1.0, DECIMALS.get(category.functional_unit, SEE_DECIMALS)),
    }  # fmt: skip


def _flows(flows: Sequence[Flow]) -> list[Json]:
    return [
        {"amount": f.amount, "with": f.other, "factor": f.factor, "source": f.source, "evidence": f.evidence or None}
        for f in flows
    ]


def _inputs(result: Result, process: Process) -> list[Json]:
    """What the process took of Annex I goods, and what each adds per functional unit, direct and indirect, as given."""
    found = []
    for k, other in enumerate(result.installation.processes):
        if tonnes := other.to_processes.get(process.id):
            found.append(_input(result, process, k, other.id, "own", tonnes, tonnes * other.content))
    offset = len(result.installation.processes)
    for k, v in enumerate(result.precursors, start=offset):
        if tonnes := v.precursor.consumed.get(process.id):
            found.append(_input(result, process, k, v.precursor.id, "bought", tonnes, tonnes))
    return found


def _input(
    result: Result, process: Process, index: int, identifier: str, kind: str, tonnes: float, units: float
) -> Json:
    figures = result.embedded.of(index)
    per = units * process.molar_share / process.activity_level
    return {"id": identifier, "kind": kind, "mass": {"value": tonnes, "unit": "t"}, "per_functional_unit": per,
            "adds": {"direct": per * figures["given_direct"], "indirect": per * figures["given_indirect"]}}  # fmt: skip


def _scope(process: Process) -> str:
    return "direct" if tables().categories[process.category].annex_ii else "direct_and_indirect"


def _see(result: Result, figures: Mapping[str, float], content: float, decimals: int = SEE_DECIMALS) -> Json:
    """Specific embedded emissions, t CO2e per functional unit (or per tonne, by ``content``), in three readings.

    ``as_given`` before legal scope, ``indicative`` in scope with the evidence as given, ``declarable`` with what may be declared.
    """
    missing = bool(figures["undeclarable"]) or not calendar_year(result.installation)
    return {
        "as_given": {**_pair(figures, "given", content, decimals), "default_share_of_direct": _share(figures["given_default_direct"], figures["given_direct"])},
        "indicative": {**_pair(figures, "indicative", content, decimals), "default_share": _default_share(figures, "indicative")},
        "declarable": None if missing else {**_pair(figures, "declarable", content, decimals), "default_share": _default_share(figures, "declarable")},
    }  # fmt: skip


def calendar_year(installation: Installation) -> bool:
    """Whether the period is a calendar year from 2026 on (Art. 1(5), 7)."""
    start, end = installation.period.start, installation.period.end
    return start >= DEFINITIVE and (start.month, start.day, end.month, end.day, end.year) == (1, 1, 12, 31, start.year)


def _pair(figures: Mapping[str, float], reading: str, content: float, decimals: int) -> Json:
    direct, indirect = figures[f"{reading}_direct"] * content, figures[f"{reading}_indirect"] * content
    values = {"direct": direct, "indirect": indirect, "total": direct + indirect}
    return {key: {"exact": value + 0.0, "reported": rounded(value, decimals)} for key, value in values.items()}


def _default_share(figures: Mapping[str, float], reading: str) -> float | None:
    return _share(figures[f"{reading}_default"], figures[f"{reading}_direct"] + figures[f"{reading}_indirect"])


def _share(part: float, whole: float) -> float | None:
    """Undefined where nothing is embedded."""
    return part / whole if whole else None


def _good(result: Result, index: int, good: Good) -> Json:
    p = result.installation.processes[index]
    figures = result.embedded.of(index)
    category = tables().categories[p.category]
    return {
        "cn_code": good.cn_code, "name": good.name, "process": p.id, "route": good.route, "scope": _scope(p),
        "functional_unit": category.functional_unit,
        "content": good.content,
        "amount": None if good.amount is None else {"value": good.amount, "unit": "t"},
        "see": _see(result, figures, 1.0, DECIMALS.get(category.functional_unit, SEE_DECIMALS)),
        "see_per_tonne": _see(result, figures, good.content),
        "parameters": dict(good.parameters),
    }  # fmt: skip


def _precursor(v: Valued) -> Json:
    p = v.precursor

    def shown(pair: Any) -> Json | None:
        return None if pair is None else {"direct": pair.direct, "indirect": pair.indirect, "total": pair.total}

    return {
        "id": p.id, "name": p.name, "cn_code": p.cn_code, "category": p.category, "country": p.country, "evidence": p.evidence,
        "purchased": {"value": p.purchased, "unit": "t"}, "consumed": dict(p.consumed), "origin": dict(p.origin),
        "route": p.route, "consumed_elsewhere": {"value": p.consumed_elsewhere, "unit": "t"},
        "period": {"start": p.period.start.isoformat(), "end": p.period.end.isoformat(), "evidence": p.period_evidence or None},
        "verification": _verification(p.verification), "averaged_with": list(v.averaged_with), "subset_evidence": p.subset_evidence or None,
        "verified": None if v.basis == "exempt_origin" else v.basis == "actual",
        "own": {**(shown(v.own) or {}), "default_share": p.default_share},
        "see_per_tonne": {"as_given": shown(v.given), "indicative": shown(v.indicative), "declarable": shown(v.declarable)},
        "declarable_basis": v.basis,
        "default": v.default.as_dict() if v.default else None,
        "notes": [dict(n) for n in v.notes],
    }  # fmt: skip


def _notes(result: Result) -> list[Json]:
    found = [dict(OWN_VERIFICATION)] if result.installation.verification is None else []
    if result.installation.period.start < DEFINITIVE:
        found.append(dict(TRANSITIONAL))
    elif not calendar_year(result.installation):
        found.append(dict(NOT_A_YEAR))
    if not electricity_evidenced(result.installation, result.attribution):
        found.append(dict(POWER_EVIDENCE))
    for p in result.installation.processes:
        if any(not f.evidence for f in p.gas_out):
            found.append({"zh": GAS_EVIDENCE["zh"].format(p.id), "en": GAS_EVIDENCE["en"].format(p.id)})
    for a in result.attribution.processes:
        if a.floored:
            found.append({"zh": FLOOR["zh"].format(a.process.id), "en": FLOOR["en"].format(a.process.id)})
    for s in result.installation.streams:
        if s.biomass and not s.zero_rated:
            found.append({"zh": NOT_RATED["zh"].format(s.id), "en": NOT_RATED["en"].format(s.id)})
    for p in result.installation.processes:
        taken = sum(t for q in result.installation.processes for k, t in q.to_processes.items() if k == p.id)
        taken += sum(v.precursor.consumed.get(p.id, 0.0) for v in result.precursors)
        if p.category in {"iron_or_steel_products", "aluminium_products"} and taken < p.mass:
            values = (p.id, f"{taken:.6g}", f"{p.mass:.6g}")
            found.append({"zh": BEFORE_CUTTING["zh"].format(*values), "en": BEFORE_CUTTING["en"].format(*values)})
    return found


ROUNDING = {
    "zh": "隐含排放强度最多 5 位小数，期间排放取整吨（2025/2547 附件二 A.1 第 6—8 点）；舍入方式法规未定，此处四舍五入，仅在输出时进行。",
    "en": "SEE to 5 decimals, emissions of a period in whole tonnes (2025/2547 Annex II A.1 points 6 to 8); the acts name no "
    "mode: half-up, at output only.",
}
NOT_A_YEAR = {
    "zh": "报告期不是日历年：结果不可申报（2025/2547 第 1 条第 5 点、第 7 条；新装置须说明月份）。",
    "en": "The period is not a calendar year: no result of it can be declared (2025/2547 Art. 1(5), 7; a new installation states its months).",
}
POWER_EVIDENCE = {
    "zh": "有电力因子不是法规默认值，也没有凭证：计入间接排放的货物没有可申报结果（2025/2547 第 8、11 条，附件二 D.4）。",
    "en": "An electricity factor is not the act's default and has no evidence: goods whose indirect emissions count have no "
    "declarable result (2025/2547 Art. 8, 11; Annex II D.4).",
}
GAS_EVIDENCE = {
    "zh": "过程“{}”外供的废气没有凭证（evidence）：不予扣减（2025/2547 附件三 A.3，公式（54））。",
    "en": "Waste gas exported by process '{}' has no evidence and is not deducted (2025/2547 Annex III A.3, equation (54)).",
}
OWN_VERIFICATION = {
    "zh": "本装置自身的排放报告尚无核查报告：结果经认可核查员核查后方可用于申报（2023/956 第 8 条、2025/2546）。",
    "en": "There is no verifier's report on this installation itself: its figures may be declared only once an accredited "
    "verifier has verified them (2023/956 Art. 8, 2025/2546).",
}
FLOOR = {
    "zh": "过程“{}”的归属直接排放为负，按公式（55）计为 0。",
    "en": "Attributed direct emissions of process '{}' fell below zero and count 0 by equation (55).",
}
NOT_RATED = {
    "zh": "源流“{}”含生物质，但未提供可持续性证据（2018/2001 第 29 条）：全部按化石计。",
    "en": "Source stream '{}' holds biomass without evidence of sustainability (2018/2001 Art. 29): all counts as fossil.",
}
BEFORE_CUTTING = {
    "zh": "过程“{}”消耗的前体（{} t）少于其产量（{} t）：前体质量应为进入过程时、切割之前的质量（2025/2547 附件三 B）。",
    "en": "Process '{}' took less precursor ({} t) than it made ({} t): the mass of a precursor is what enters the process, "
    "before cutting (2025/2547 Annex III B).",
}
