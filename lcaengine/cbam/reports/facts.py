"""What the reports are filled from: the installation's body and the operator data brought into one shape.

The summary sees none of this but what `lcaengine.cbam.reports.disclosed` lets through.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcaengine.cbam.installation import Result, calendar_year, installation_body
from lcaengine.cbam.reports.names import described, local, route_name
from lcaengine.cbam.reports.operator import OperatorData
from lcaengine.cbam.reports.precursor_facts import precursor_facts
from lcaengine.cbam.reports.sefa import free_allocation_facts
from lcaengine.cbam.tables import normal_cn

Json = dict[str, Any]
ACTUAL = frozenset({"direct_link", "power_purchase", "own_generation"})
BY_DEFAULT = frozenset({"grid_default", "alternative_default"})


def facts_of(result: Result, operator: OperatorData) -> Json:
    """Facts of an installation and its operator; see the module. Numbers are unrounded unless they are reported ones."""
    body, extra = installation_body(result), dict(operator.document)
    return {
        "about": _about(body["installation"], extra),
        "period": body["period"],
        "year": result.installation.year,
        "calendar_year": calendar_year(result.installation),
        "emissions": body["emissions"],
        "processes": [_process(result, p) for p in body["processes"]],
        "goods": [_good(g, body, extra) for g in body["goods"]],
        "precursors": precursor_facts(result, extra),
        "electricity": {**body["electricity"], "total": _total_electricity(result), "shares": _shares(result, body, extra)},
        "generation": _generation(result, extra),
        "heat": _outside(result, "heat"),
        "waste_gas": _outside(result, "waste_gas"),
        "transfers": body["co2_transfers"],
        "measured": [s for s in body["emissions"]["sources"] if s["method"] == "measured"],
        "zero_rated": any(s.zero_rated and s.biomass and s.method != "process" for s in result.installation.streams),
        "balances": body["balances"],
        "heat_units": body["heat_units"],
        "free_allocation": free_allocation_facts(result),
        "operator": extra,
    }  # fmt: skip


def _about(about: Mapping[str, Any], extra: Json) -> Json:
    """The installation's own data, and the operator's where those lack them."""
    own, of_operator = extra.get("installation", {}), extra.get("operator", {})
    return {
        **about,
        "name": local(about["name"]),
        "registration_number": about.get("registration_number") or of_operator.get("registration_number"),
        "registry_id": own.get("registry_id") or about.get("registry_id"),
        "address": own.get("address") or about.get("address"),
        "operator_address": of_operator.get("address"),
    }


def _process(result: Result, body: Json) -> Json:
    """A process of the body, with its routes by name and what it takes of the installation's own precursors."""
    one = next(p for p in result.installation.processes if p.id == body["id"])
    routes = [route_name(one.category, r) for r in body["production"]["by_route"]]
    return {**body, "routes": routes, "includes": list(one.includes), "direct_given": one.direct}


def _good(good: Json, body: Json, extra: Json) -> Json:
    """A good with its legal name, its quantity, parameters, and, where nothing of it may be declared, why."""
    code = normal_cn(good["cn_code"])
    process = next(p for p in body["processes"] if p["id"] == good["process"])
    alone = sum(g["process"] == good["process"] for g in body["goods"]) == 1
    amount = good["amount"]["value"] if good["amount"] else process["production"]["value"] if alone else None
    return {
        **good, "cn_code": code, "description": described(code), "tonnes": amount, "process_name": process["name"],
        "category": process["category"]["id"], "declarable": good["see"]["declarable"],
        "parameters": {**good["parameters"], **extra.get("parameters", {}).get(code, {})},
        "routes": process["production"]["by_route"],
    }  # fmt: skip


def _shares(result: Result, body: Json, extra: Json) -> Json:
    """By process, which share of its indirect emissions rests on actual, default and unknown factors (Art. 9).

    By emissions; by quantity where all factors are zero. Without evidence of its own sources a process has the installation's mean.
    """
    sources, units = body["electricity"]["sources"], result.attribution.supplies
    found = {}
    for p in result.installation.processes:
        own = [s for s in sources if s["process"] == p.id or not p.sources_evidence]
        found[p.id] = _split(own, set(units), extra) if p.electricity else None
    return found


def _split(sources: list[Json], units: set[str], extra: Json) -> Json:
    weights = [s["amount"] * (s["factor"] or 0.0) for s in sources]
    if not sum(weights):
        weights = [s["amount"] for s in sources]
    parts = {"actual": 0.0, "default": 0.0, "unknown": 0.0}
    for s, weight in zip(sources, weights, strict=True):
        inside = s["from"] in units
        kind = "actual" if inside or s["source"] in ACTUAL else "default" if s["source"] in BY_DEFAULT else "unknown"
        parts[kind] += weight / (sum(weights) or 1.0)
    stated = extra.get("electricity", {}).get("actual_share")
    if parts["unknown"] and stated is not None:
        return {"actual": stated, "default": 1.0 - stated, "unknown": 0.0}
    return parts


def _total_electricity(result: Result) -> float | None:
    """MWh that the whole installation consumed, by its balance; None where no balance of electricity is given."""
    balance = result.installation.balances.get("electricity")
    if balance is None:
        return None
    units = sum(s.electricity - s.unit.electricity_sold for s in result.attribution.supplies.values())
    made = sum(f.amount for p in result.installation.processes for f in p.electricity_out)
    return (balance.from_outside or 0.0) + (balance.produced or 0.0) + units + made - (balance.to_outside or 0.0)


def _generation(result: Result, extra: Json) -> Json:
    """Electricity produced inside: whether, how, of what, and whether any of it leaves a production process."""
    i, units = result.installation, result.attribution.supplies.values()
    plants = [s for s in units if s.electricity]
    out = [f for p in i.processes for f in p.electricity_out]
    balance = i.balances.get("electricity")
    produced = bool(plants or out or (balance and balance.produced) or _own(result))
    separate = bool(out or (balance and balance.produced) or any(s.unit.kind == "power_plant" for s in plants))
    emitted = any(s.emissions > 0 for s in plants)
    return {
        "produced": produced, "chp": any(s.unit.kind == "chp" for s in plants), "separate": separate,
        "source": extra.get("electricity", {}).get("generation") or ("fossil" if emitted and not separate and not _renewable(result) else None),
        "exported": bool(out or (balance and balance.to_outside) or any(s.unit.electricity_sold for s in plants)),
    }  # fmt: skip


def _own(result: Result) -> bool:
    return any(f.source == "own_generation" for p in result.installation.processes for f in p.electricity)


def _renewable(result: Result) -> bool:
    return any(e.biogenic for e in result.attribution.sources)


def _outside(result: Result, carrier: str) -> Json:
    """Whether heat or waste gas crosses the installation's boundary, by balances, units and flows to and from elsewhere."""
    i = result.installation
    inside = {p.id for p in i.processes} | set(result.attribution.supplies)
    into, out = ("heat_in", "heat_out") if carrier == "heat" else ("gas_in", "gas_out")
    came = [f for p in i.processes for f in getattr(p, into) if f.other not in inside]
    left = [f for p in i.processes for f in getattr(p, out) if f.other not in inside]
    balance, heat = i.balances.get(carrier), carrier == "heat"
    bought = heat and any(s.unit.kind == "bought" for s in result.attribution.supplies.values())
    sold = heat and any(s.unit.sold for s in result.attribution.supplies.values())
    return {
        "used": bool([f for p in i.processes for f in (*getattr(p, into), *getattr(p, out))]),
        "imported": bool(came or bought or (balance and balance.from_outside)),
        "exported": bool(left or sold or (balance and balance.to_outside)),
    }
