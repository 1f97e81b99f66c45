"""What can be wrong with a rule: small checks, one message each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator

from lcaengine import formulas, units
from lcaengine.problems import Problem, Refused
from lcaengine.rules.template import (
    ActivityTemplate,
    ExchangeTemplate,
    Guardrail,
    Parameter,
    PieceMass,
    Requirement,
    Rule,
)

OTHER = "other"  # the role of lines that name a process and no role; it has no process of its own

Check = Callable[[Rule], Iterator[Problem]]


def lint(rule: Rule) -> Iterator[Problem]:
    """Every problem of a rule; names first, since formulas need them."""
    problems = [p for check in FIRST for p in check(rule)]
    problems = problems or list(check_formulas(rule))
    yield from problems or check_shares(rule)


def names(rule: Rule) -> dict[str, str]:
    """Every name that a formula may use, with its unit.

    ``declared``: the declared unit; ``mass_<group>``: mass of the lines of a group as filled, per run;
    ``net_mass_<group>``: the same after division by uses; ``sum_<section>``: total of an activity section;
    ``co_<id>``: mass of a co-product.
    """
    known = {name: p.unit for name, p in rule.parameters.items()}
    known["declared"] = rule.declared_unit.unit
    for group in rule.groups():
        known[f"mass_{group}"] = known[f"net_mass_{group}"] = "kg"
    for co_product in rule.co_products:
        known[f"co_{co_product}"] = "kg"
    for section, activity in rule.activities.items():
        if activity.unit:
            known[f"sum_{section}"] = activity.unit
    return known


def check_names(rule: Rule) -> Iterator[Problem]:
    """Everything that is pointed to exists."""
    stages, processes = {s.id for s in rule.stages}, {p.id for p in rule.processes}

    def missing(where: str, what: str, name: str | None, known: object) -> Iterator[Problem]:
        if name is not None and name not in known:  # type: ignore[operator]
            yield Problem("unlinked", where, {"target": name, "what": what})

    for process in rule.processes:
        yield from missing(f"/processes/{process.id}", "stage", process.stage, stages)
        for source in process.inputs:
            yield from missing(f"/processes/{process.id}/inputs", "process", source.process, processes)
    for role in rule.roles.values():
        where = f"/roles/{role.id}"
        yield from missing(where, "stage", role.stage, stages)
        yield from missing(where, "process", role.process, processes)
        yield from missing(where, "parameter", role.uses, rule.parameters)
        yield from missing(where, "inbound", role.inbound, rule.inbound)
        yield from missing(where, "end of life", role.end_of_life, rule.end_of_life)
        if role.id != OTHER and (role.target is None) == (role.recycled is None):
            yield Problem("role_target", where, {"role": role.id})
        if role.recycled:
            yield from missing(where, "parameter", role.recycled.share, rule.parameters)
    for owner in _stage_owners(rule):
        yield from missing(f"/{owner.rule_id}", "stage", owner.stage, stages)
        yield from missing(f"/{owner.rule_id}", "process", owner.process, processes)
    for name, inbound in rule.inbound.items():
        for leg in (*inbound.legs, *inbound.abroad):
            yield from missing(f"/inbound/{name}", "mode", leg.mode, rule.inbound_modes)
            yield from missing(f"/inbound/{name}", "parameter", leg.distance, rule.parameters)
    for final in (*rule.boundaries.values(), rule.end_of_life_process):
        yield from missing("/boundaries", "process", final, processes)
    yield from missing("/default_boundary", "boundary", rule.default_boundary, rule.boundaries)


def _stage_owners(rule: Rule) -> Iterator[ActivityTemplate | ExchangeTemplate]:
    yield from rule.activities.values()
    yield from rule.exchanges


def _source_owners(rule: Rule) -> Iterator[Parameter | Guardrail | Requirement | PieceMass]:
    yield from rule.parameters.values()
    yield from rule.guardrails
    yield from rule.requirements
    yield from (role.piece_mass for role in rule.roles.values() if role.piece_mass)


def check_activities(rule: Rule) -> Iterator[Problem]:
    for activity in rule.activities.values():
        where = f"/activities/{activity.section}"
        if activity.default_kind is not None and activity.default_kind not in activity.kinds:
            yield Problem("unlinked", where + "/default_kind", {"target": activity.default_kind})
        for name, kind in activity.kinds.items():
            if kind.energy_content is not None and kind.energy_content not in rule.parameters:
                yield Problem("unlinked", f"{where}/kinds/{name}/energy_content", {"target": kind.energy_content})


def check_requirements(rule: Rule) -> Iterator[Problem]:
    """What a BOM must give is something that the rule knows."""
    for need in rule.requirements:
        missing = [need.role] if need.role and need.role not in rule.roles else []
        missing += [need.group] if need.group and need.group not in rule.groups() else []
        missing += [section for section in need.activities if section not in rule.activities]
        for name in missing:
            yield Problem("unlinked", f"/requirements/{need.rule_id}", {"target": name})
    processes = {p.id for p in rule.processes}
    for co_product in rule.co_products.values():
        if co_product.process not in processes:
            yield Problem("unlinked", f"/co_products/{co_product.id}/process", {"target": co_product.process})


def check_shares(rule: Rule) -> Iterator[Problem]:
    """The routes of an end of life take all of it (tried with the defaults)."""
    defaults = {p.id: p.default * (units.base_factor(p.unit) if p.unit else 1.0) for p in rule.parameters.values()}
    for name, end in rule.end_of_life.items():
        total = sum(formulas.evaluate(route.share, defaults) for route in end.routes)
        if not math.isclose(total, 1.0, rel_tol=1e-9):
            yield Problem("routes_sum", f"/end_of_life/{name}", {"total": total})


def check_version(rule: Rule) -> Iterator[Problem]:
    if not re.fullmatch(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)", rule.version):
        yield Problem("version", "/version", {"value": rule.version})


def check_units(rule: Rule) -> Iterator[Problem]:
    texts = [(f"/parameters/{p.id}/unit", p.unit) for p in rule.parameters.values()]
    texts += [(f"/processes/{p.id}/unit", p.unit) for p in rule.processes]
    texts += [(f"/roles/{r.id}/unit", r.unit) for r in rule.roles.values()]
    texts += [(f"/exchanges/{e.id}/unit", e.unit) for e in rule.exchanges]
    texts += [(f"/guardrails/{g.rule_id}/unit", g.unit) for g in rule.guardrails]
    for where, text in texts:
        try:
            if text:
                units.unit(text)
        except Refused as error:
            yield Problem(error.problems[0].code, where, error.problems[0].values)


def check_defaults(rule: Rule) -> Iterator[Problem]:
    """A default lies in its own range."""
    for p in rule.parameters.values():
        if not p.min <= p.default <= p.max:
            values = {"parameter": p.id, "default": p.default, "min": p.min, "max": p.max}
            yield Problem("default_out_of_range", f"/parameters/{p.id}/default", values)


def check_sources(rule: Rule) -> Iterator[Problem]:
    used = {owner.source for owner in _source_owners(rule)}
    for source in sorted(set(rule.sources) - used):
        yield Problem("unused_source", f"/sources/{source}", {"source": source})
    for owner in _source_owners(rule):
        if owner.source not in rule.sources:
            yield Problem("unknown_rule_source", f"/{owner.rule_id}/source", {"source": owner.source})
    for p in rule.parameters.values():
        if p.status == "estimate" and not p.note:
            yield Problem("estimate_without_reason", f"/parameters/{p.id}/note")


def check_allocation(rule: Rule) -> Iterator[Problem]:
    """The first form of the language knows co-products without burden only."""
    for co_product in rule.co_products.values():
        if co_product.allocation != "none":
            values = {"allocation": co_product.allocation, "known": ["none"]}
            yield Problem("unknown_allocation", f"/co_products/{co_product.id}/allocation", values)
    if rule.electricity_headline != "location_based":
        values = {"allocation": rule.electricity_headline, "known": ["location_based"]}
        yield Problem("unknown_allocation", "/electricity_headline", values)
    if rule.shared_allocation != "output":
        yield Problem(
            "unknown_allocation", "/shared_allocation", {"allocation": rule.shared_allocation, "known": ["output"]}
        )


def check_formulas(rule: Rule) -> Iterator[Problem]:
    """Every formula parses, uses known names and has the dimension it needs."""
    known = names(rule)
    wanted: list[tuple[str, str, str]] = []
    for process in rule.processes:
        wanted.append((f"/processes/{process.id}/amount", process.amount, process.unit))
        if process.biogenic_carbon != "inputs":
            wanted.append((f"/processes/{process.id}/biogenic_carbon", process.biogenic_carbon, "kg"))
        by_id = {p.id: p for p in rule.processes}
        wanted += [(f"/processes/{process.id}/inputs", i.amount, by_id[i.process].unit) for i in process.inputs]
    wanted += [(f"/exchanges/{e.id}/amount", e.amount, e.unit) for e in rule.exchanges]
    wanted += [(f"/guardrails/{g.rule_id}/quantity", g.quantity, g.unit) for g in rule.guardrails]
    wanted += [(f"/end_of_life/{k}", r.share, "") for k, e in rule.end_of_life.items() for r in e.routes]
    wanted.append(("/end_of_life_factor", rule.end_of_life_factor, ""))
    wanted += [(f"/co_products/{c.id}/biogenic_carbon", c.biogenic_carbon, "kg/kg") for c in rule.co_products.values()]
    for where, text, unit in wanted:
        try:
            formulas.check_dimension(text, known, unit)
        except Refused as error:
            yield Problem(error.problems[0].code, where, error.problems[0].values)


FIRST: tuple[Check, ...] = (
    check_version, check_names, check_activities, check_requirements, check_units, check_defaults, check_sources,
    check_allocation,
)  # fmt: skip
