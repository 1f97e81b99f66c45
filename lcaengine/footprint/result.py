"""From a bill of materials to a footprint, and the body in which it is answered (docs/api.md)."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lcaengine import __version__
from lcaengine.background import Release
from lcaengine.bom import Bom
from lcaengine.footprint.explain import explanation
from lcaengine.footprint.hotspots import carbon_name
from lcaengine.footprint.link import link
from lcaengine.footprint.quality import Quality
from lcaengine.footprint.solve import Footprint, solve
from lcaengine.inventory import apply_rule
from lcaengine.inventory.model import LineShown, Warned
from lcaengine.problems import Problem, Refused
from lcaengine.rules import Rule


def calculate(bom: Bom, rule: Rule, release: Release, boundary: str | None = None) -> Footprint:
    """The whole way: apply the rule, link, solve. Raises `Refused` with every problem."""
    return solve(link(apply_rule(bom, rule, release, boundary), release))


def explain(footprint: Footprint) -> dict[str, Any]:
    """Why a footprint is what it is (`lcaengine.footprint.explain`); assumptions by what their range moves."""
    assumed = [{**a, **_swing(footprint, a)} for a in _assumptions(footprint)]
    return explanation(footprint, sorted(assumed, key=lambda a: -(a["swing"] or 0.0)))


def _swing(footprint: Footprint, assumption: dict[str, Any]) -> dict[str, Any]:
    """The total with one assumption at either end of its range, all else as it is; the span as a share of the total."""
    if assumption["status"] == "given":
        return {"at_min": None, "at_max": None, "swing": None}
    name = assumption["parameter"]
    range_of = footprint.system.inventory.rule.parameters[name]
    ends = [_total_with(footprint, name, value) for value in (range_of.min, range_of.max)]
    known = [value for value in (*ends, footprint.value) if value is not None]
    return {"at_min": ends[0], "at_max": ends[1], "swing": _share(max(known) - min(known), abs(footprint.value))}


def _total_with(footprint: Footprint, name: str, value: float) -> float | None:
    """The headline with one parameter at another value; None where the rule refuses it there (shares above one)."""
    s = footprint.system
    bom = dataclasses.replace(s.inventory.bom, parameters={**s.inventory.bom.parameters, name: value})
    try:
        return calculate(bom, s.inventory.rule, s.release, s.inventory.boundary).value
    except Refused:
        return None


def modules(bom: Bom, rule: Rule, release: Release) -> list[dict[str, Any]]:
    """The parts of the life cycle that the rule reports apart, never in the total."""
    found = []
    for module in rule.modules:
        part = solve(link(apply_rule(bom, rule, release, module=module.process), release))
        found.append({"module": module.id, "rule_id": module.rule_id, "name": dict(module.name), "value": part.value,
                      "unit": "kg CO2e", "stages": _stages(part), "lines": [e for e in _lines(part, Quality(part)) if e["value"]]})  # fmt: skip
    return found


def body(footprint: Footprint) -> dict[str, Any]:
    """The answer, without ``id`` and ``created`` (the store gives them); texts in both languages."""
    s = footprint.system
    inventory, release, total = s.inventory, s.release, footprint.value
    quality = Quality(footprint)
    apart = modules(inventory.bom, inventory.rule, release)
    return {
        "product": _product(inventory.bom),
        "declared_unit": inventory.declared_unit.as_dict(),
        "boundary": inventory.boundary,
        "rule": inventory.rule.about(),
        "background": release.about(),
        "engine": {"version": __version__},
        "total": {"value": total, "unit": "kg CO2e", "indicator": inventory.rule.indicator},
        "per": _per(footprint),
        "indicators": _indicators(footprint),
        "biogenic_carbon": {"value": footprint.biogenic_carbon, "unit": "kg C"},
        "electricity": _electricity(footprint),
        "stages": _stages(footprint),
        "lines": _lines(footprint, quality),
        "gases": _gases(footprint),
        "assumptions": _assumptions(footprint),
        "data_quality": _data_quality(footprint, quality),
        "choices": dict(inventory.choices),
        "cut_off": _cut_off(inventory.rule),
        "benchmarks": _benchmarks(footprint, apart),
        "modules": apart,
        "warnings": [w.as_dict() for w in (*inventory.warnings, *s.warnings, *quality_warnings(footprint, quality))],
        "notice": dict(inventory.rule.notice),
    }


def _electricity(footprint: Footprint) -> dict[str, Any]:
    """The total under both methods; which one is the headline, the rule says."""
    headline = footprint.system.inventory.rule.electricity_headline
    other = "market_based" if headline == "location_based" else "location_based"
    values = {headline: footprint.value, other: footprint.alternative_total}
    return {"location_based": values["location_based"], "market_based": values["market_based"], "headline": headline}


def _cut_off(rule: Rule) -> dict[str, Any]:
    """What the rule leaves out, declared and summed against its limit."""
    left_out = [{"rule_id": c.rule_id, "text": dict(c.text), "share": c.share, "note": c.note} for c in rule.cut_offs]
    return {"declared_share": sum(c.share for c in rule.cut_offs), "limit": rule.cut_off_limit, "left_out": left_out}


def _benchmarks(footprint: Footprint, apart: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Published results that the rule names for this boundary, beside ours with the modules that they include."""
    inventory = footprint.system.inventory
    module = {m["module"]: m["value"] for m in apart}
    return [
        {
            "rule_id": b.rule_id, "name": dict(b.name), "value": b.value, "modules": list(b.modules),
            "ratio": _share(footprint.value + sum(module[name] for name in b.modules), b.value),
            "source": inventory.rule.sources[b.source].title, "note": b.note,
        }
        for b in inventory.rule.benchmarks
        if b.boundary == inventory.boundary
    ]  # fmt: skip


def quality_warnings(footprint: Footprint, quality: Quality) -> Iterator[Warned]:
    """Where the data miss what the rule asks of them."""
    need = footprint.system.inventory.rule.data_quality
    rated = quality.rating()
    if need is None or rated is None:
        return
    dqr, primary = rated["pef"]["dqr"], float(quality.own.sum()) / footprint.value
    if need.max_dqr is not None and dqr > need.max_dqr:
        yield Warned(Problem("dqr_above", "", {"value": dqr, "limit": need.max_dqr}), need.rule_id)
    if need.min_primary_share is not None and primary < need.min_primary_share:
        values = {"value": f"{primary:.0%}", "limit": f"{need.min_primary_share:.0%}"}
        yield Warned(Problem("primary_below", "", values), need.rule_id)


def _product(bom: Bom) -> dict[str, Any]:
    product: dict[str, Any] = {"name": dict(bom.name), "category": bom.category, **bom.identifiers}
    if bom.product_id:
        product["id"] = bom.product_id
    if bom.pack:
        product["pack"] = bom.pack.as_dict()
    return product


def _per(footprint: Footprint) -> list[dict[str, Any]]:
    """The total in the other units of the rule, and per pack."""
    inventory = footprint.system.inventory
    declared = inventory.declared_unit
    wanted = [(q, None) for q in inventory.rule.also_per]
    if inventory.bom.pack:
        wanted.append((inventory.bom.pack, "pack"))  # type: ignore[arg-type]
    shown = [
        {
            **quantity.as_dict(),
            "what": what or "volume",
            "value": footprint.value * quantity.to(declared.unit) / declared.amount,
        }
        for quantity, what in wanted
    ]
    return shown + [
        {
            "amount": p.amount,
            "unit": p.unit or "1",
            "what": p.id,
            "name": dict(p.name),
            "value": footprint.value * p.amount / inventory.divisors[p.id],
        }
        for p in inventory.rule.per
    ]


def _indicators(footprint: Footprint) -> list[dict[str, Any]]:
    release = footprint.system.release
    return [
        {
            "id": i["id"],
            "name": i["name"],
            "kind": i["kind"],
            "value": float(footprint.total[j]) + 0.0,
            "unit": i["unit"],
        }
        for j, i in enumerate(release.indicators)
    ]


def _share(value: float, total: float) -> float | None:
    return value / total if total else None


def _stages(footprint: Footprint) -> list[dict[str, Any]]:
    s = footprint.system
    names = {stage.id: dict(stage.name) for stage in s.inventory.rule.stages}
    return [
        {"stage": stage, "name": names[stage], "value": float(v) + 0.0, "share": _share(float(v), footprint.value)}
        for stage, v in zip(s.stages, footprint.stages[:, s.headline], strict=True)
    ]


def _lines(footprint: Footprint, quality: Quality) -> list[dict[str, Any]]:
    """One entry per line and stage: together they are the total. Amounts are per declared unit."""
    s = footprint.system
    names = s.release.catalogue.names(code for line in s.inventory.lines.values() for code, _ in line.sources)
    runs = {p.id: float(x) for p, x in zip(s.inventory.processes, footprint.runs, strict=True)}
    found = []
    rated = quality.groups()
    for (stage, line), value, (rating, shares) in zip(s.groups, footprint.groups[:, s.headline], rated, strict=True):
        shown = s.inventory.lines.get(line)
        entry: dict[str, Any] = {
            "line": line,
            "name": dict(shown.name) if shown else carbon_name(),
            "stage": stage,
            "value": float(value) + 0.0,
            "share": _share(float(value), footprint.value),
            "quality": rating,
            "status_shares": shares,
        }
        if shown and shown.stage == stage:
            entry |= _bought(shown, runs[shown.foreground], names, s.release)
        found.append(entry)
    return found


def _bought(line: LineShown, runs: float, names: Mapping[str, Mapping[str, str]], release: Release) -> dict[str, Any]:
    """Amount and background process of a line; several processes (recycled content) with their shares."""
    mix = [
        {"code": code, "name": dict(names[code]), "status": release.status(release.index[code]), "share": share}
        for code, share in line.sources
    ]
    quantity = {"amount": line.quantity.amount * runs, "unit": line.quantity.unit} if line.quantity else None
    bought = {"amount": quantity, "process": None, "matched_by": line.matched_by, "data": line.data}
    if len(mix) > 1:
        return {**bought, "mix": mix}
    return {**bought, "process": {k: v for k, v in mix[0].items() if k != "share"}} if mix else bought


def _gases(footprint: Footprint) -> list[dict[str, Any]]:
    release = footprint.system.release
    return [
        {"gas": gas, "value": float(footprint.total[release.column_index[f"gas:{gas}"]]) + 0.0} for gas in release.gases
    ]


def _assumptions(footprint: Footprint) -> list[dict[str, Any]]:
    """Every parameter used, with the share of the total (absolute values) that depends on it; largest first."""
    s = footprint.system
    values = np.abs(footprint.exchange_scores[:, s.headline])
    gross = float(values.sum())
    weight: dict[str, float] = {}
    for exchange, value in zip(s.exchanges, values, strict=True):
        for name in exchange.parameters:
            weight[name] = weight.get(name, 0.0) + float(value)
    found = [
        {
            "rule_id": a.rule_id, "parameter": a.parameter, "name": dict(a.name), "value": {"amount": a.value, "unit": a.unit},
            "status": a.status, "evidence": a.evidence, "source": a.source,
            "share": weight.get(a.parameter, 0.0) / gross if gross else None,
        }
        for a in s.inventory.assumptions
    ]  # fmt: skip
    return sorted(found, key=lambda a: -(a["share"] or 0.0))


def _data_quality(footprint: Footprint, quality: Quality) -> dict[str, Any]:
    """PACT's primary data share, ratings, and shares of the headline by the weakest status on the way (docs/method.md)."""
    s = footprint.system
    default = float(quality.scores[[e.data == "default" for e in s.exchanges]].sum())
    shares = quality.status_shares()
    return {
        "primary_data_share": _share(float(quality.primary.sum()), footprint.value),
        "default_share": _share(default, footprint.value),
        "estimate_share": shares and shares["estimate"],
        "unsplit_share": _share(float(footprint.total[s.release.column_index["gas:unsplit"]]), footprint.value),
        "status_shares": shares,
        "statuses_by_count": quality.statuses_by_count(),
        "rating": quality.rating(),
    }
