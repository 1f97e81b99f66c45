"""What can be wrong with a rule: small checks, one message each."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Iterator
from datetime import date
from graphlib import CycleError, TopologicalSorter
from typing import Protocol

from lcaengine import formulas, units
from lcaengine.problems import Problem, Refused
from lcaengine.rules.template import ActivityTemplate, Circularity, ExchangeTemplate, Parameter, Route, Rule

OTHER = "other"  # the role of lines that name a process and no role; it has no process of its own

ALLOCATIONS = ("none", "subdivision", "physical", "economic")
SHARING = ("physical", "economic")
VERSION = r"(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})"
HEADLINES = ("location_based", "market_based")

Check = Callable[[Rule], Iterator[Problem]]


class Sourced(Protocol):
    """A part of a rule that names its source."""

    @property
    def source(self) -> str: ...


def lint(rule: Rule) -> Iterator[Problem]:
    """Every problem of a rule; names first, since formulas need them."""
    problems = [p for check in FIRST for p in check(rule)]
    problems = problems or list(check_formulas(rule))
    yield from problems or check_shares(rule)


def names(rule: Rule) -> dict[str, str]:
    """Every name that a formula may use, with its unit.

    ``declared``: the declared unit; ``mass_<group>``: mass of the lines of a group as filled, per run;
    ``net_mass_<group>``: the same after division by uses; ``sum_<section>``: total of an activity section;
    ``co_<id>``: mass of a co-product, ``value_<id>``: mass × price; ``lines_mass``: mass of all lines, ``<choice>_<option>``:
    1 for the option chosen, else 0.
    """
    known = {name: p.unit for name, p in rule.parameters.items()}
    known |= dict.fromkeys(rule.indicators_of_choices(), "")
    known["declared"] = rule.declared_unit.unit
    for group in rule.groups():
        known[f"mass_{group}"] = known[f"net_mass_{group}"] = "kg"
    for co_product in rule.co_products:
        known[f"co_{co_product}"] = "kg"
        known[f"value_{co_product}"] = "CNY"
    known["lines_mass"] = "kg"
    for section, activity in rule.activities.items():
        if activity.unit:
            known[f"sum_{section}"] = activity.unit
    return known


def check_clashes(rule: Rule) -> Iterator[Problem]:
    """A name in a formula means one thing."""
    own = [(name, f"/parameters/{name}") for name in rule.parameters]
    own += [(f"{c.id}_{o.lower()}", f"/choices/{c.id}/options/{o}") for c in rule.choices.values() for o in c.options]
    first = dict.fromkeys(("min", "max", "declared", "lines_mass"), "/formulas")
    first |= {f"{kind}mass_{group}": "/roles" for group in rule.groups() for kind in ("", "net_")}
    first |= {f"{kind}_{c}": f"/co_products/{c}" for c in rule.co_products for kind in ("co", "value")}
    first |= {f"sum_{section}": f"/activities/{section}" for section in rule.activities}
    for name, where in own:
        if first.setdefault(name, where) != where:
            yield Problem("duplicate_key", where, {"key": name, "first": first[name]})


def settled_names(rule: Rule) -> dict[str, str]:
    """Names that have their value before any line is read: parameters and options."""
    settled = {*rule.parameters, *rule.indicators_of_choices()}
    return {name: unit for name, unit in names(rule).items() if name in settled}


def _missing(where: str, what: str, name: str | None, known: Container[str]) -> Iterator[Problem]:
    """A problem if something that is pointed to does not exist."""
    if name is not None and name not in known:
        yield Problem("unlinked", where, {"target": name, "what": what})


def check_names(rule: Rule) -> Iterator[Problem]:
    """Processes, stages, modes, boundaries, modules and options that are pointed to exist."""
    stages, processes = {s.id for s in rule.stages}, {p.id for p in rule.processes}
    for process in rule.processes:
        yield from _missing(f"/processes/{process.id}", "stage", process.stage, stages)
        for source in process.inputs:
            yield from _missing(f"/processes/{process.id}/inputs", "process", source.process, processes)
    for owner in _stage_owners(rule):
        yield from _missing(f"/{owner.rule_id}", "stage", owner.stage, stages)
        yield from _missing(f"/{owner.rule_id}", "process", owner.process, processes)
    for name, inbound in rule.inbound.items():
        for leg in (*inbound.legs, *inbound.abroad):
            yield from _missing(f"/inbound/{name}", "mode", leg.mode, rule.inbound_modes)
            yield from _missing(f"/inbound/{name}", "parameter", leg.distance, rule.parameters)
    for final in (*rule.boundaries.values(), rule.end_of_life_process, *(m.process for m in rule.modules)):
        yield from _missing("/boundaries", "process", final, processes)
    for choice in rule.choices.values():
        yield from _missing(f"/choices/{choice.id}/default", "option", choice.default, choice.options)
    if rule.end_of_life or rule.circularity:  # their exchanges bear this stage
        yield from _missing("/stages", "stage", "end_of_life", stages)
    yield from _missing("/default_boundary", "boundary", rule.default_boundary, rule.boundaries)


def check_roles(rule: Rule) -> Iterator[Problem]:
    """What a role points to exists, and exactly one thing is behind it."""
    stages, processes = {s.id for s in rule.stages}, {p.id for p in rule.processes}
    for role in rule.roles.values():
        where = f"/roles/{role.id}"
        yield from _missing(where, "stage", role.stage, stages)
        yield from _missing(where, "process", role.process, processes)
        for parameter in (role.uses, role.loss, role.recycled.share if role.recycled else None):
            yield from _missing(where, "parameter", parameter, rule.parameters)
        yield from _missing(where, "inbound", role.inbound, rule.inbound)
        yield from _missing(where, "end of life", role.end_of_life, rule.end_of_life)
        yield from _missing(where, "circularity", role.circular, rule.circularity)
        filled = sum(part is not None for part in (role.target, role.recycled))
        if role.id != OTHER and filled != 1 and not (filled == 0 and role.circular):
            yield Problem("role_target", where, {"role": role.id})


def check_benchmarks(rule: Rule) -> Iterator[Problem]:
    """A benchmark is for a boundary of the rule, with modules of the rule."""
    modules = {m.id for m in rule.modules}
    for benchmark in rule.benchmarks:
        where = f"/benchmarks/{benchmark.rule_id}"
        yield from _missing(where, "boundary", benchmark.boundary, rule.boundaries)
        for name in benchmark.modules:
            yield from _missing(where, "module", name, modules)


def _stage_owners(rule: Rule) -> Iterator[ActivityTemplate | ExchangeTemplate]:
    yield from rule.activities.values()
    yield from rule.exchanges


def _source_owners(rule: Rule) -> Iterator[Sourced]:
    yield from rule.parameters.values()
    yield from (dated for p in rule.parameters.values() for dated in p.dated)
    yield from rule.guardrails
    yield from rule.requirements
    yield from rule.choices.values()
    yield from rule.circularity.values()
    yield from rule.cut_offs
    yield from rule.benchmarks
    yield from rule.disclosures
    for role in rule.roles.values():
        if role.piece_mass:
            yield role.piece_mass
    if rule.data_quality:
        yield rule.data_quality


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
    """The routes of an end of life take all of it, R2 + R3 no more than all, A and B stay in bounds (tried with the defaults)."""
    values = default_values(rule)
    for name, routes in _routes(rule):
        total = sum(formulas.evaluate(route.share, values) for route in routes)
        if not math.isclose(total, 1.0, rel_tol=1e-9):
            yield Problem("routes_sum", name, {"total": total})
    for c in rule.circularity.values():
        yield from circularity_problems(c, lambda text: formulas.evaluate(text, values))


def circularity_problems(c: Circularity, value: Callable[[str], float]) -> Iterator[Problem]:
    """R2 + R3 no more than all, A in the bounds of the Guidance, every share a share."""
    where = f"/circularity/{c.id}"
    shares = {key: value(getattr(c, key)) for key in ("A", "B", "R1", "R2", "R3")}
    for key, found in shares.items():
        if not 0 <= found <= 1:
            yield Problem("share", f"{where}/{key}", {"value": found})
    if shares["R2"] + shares["R3"] > 1 + 1e-12:
        yield Problem("r2_r3", where, {"R2": shares["R2"], "R3": shares["R3"]})
    if not 0.2 <= shares["A"] <= 0.8:
        yield Problem("allocation_factor", f"{where}/A", {"value": shares["A"]})


def _routes(rule: Rule) -> Iterator[tuple[str, tuple[Route, ...]]]:
    yield from ((f"/end_of_life/{name}", end.routes) for name, end in rule.end_of_life.items())
    yield from ((f"/circularity/{c.id}/disposal", c.disposal) for c in rule.circularity.values())


def default_values(rule: Rule) -> dict[str, float]:
    """Every parameter at its default and every choice at its own, in coherent base units."""
    values = {
        name: float(rule.choices[choice].default == option)
        for name, (choice, option) in rule.indicators_of_choices().items()
    }
    for p in in_order(rule):
        scale = units.base_factor(p.unit) if p.unit else 1.0
        values[p.id] = formulas.evaluate(p.formula, values) if p.formula else (p.default or 0.0) * scale
    return values


def in_order(rule: Rule) -> list[Parameter]:
    """Parameters, each after those that its formula uses; raises `Refused` for a circle."""
    needs = {
        p.id: formulas.names(p.formula) & rule.parameters.keys() if p.formula else set()
        for p in rule.parameters.values()
    }
    try:
        return [rule.parameters[name] for name in TopologicalSorter(needs).static_order()]
    except CycleError as error:
        raise Refused(Problem("cyclic_parameters", "/parameters", {"chain": list(error.args[1])})) from error


def check_parameters(rule: Rule) -> Iterator[Problem]:
    """A parameter has a default or a formula, not both; formulas go round no circle; dates are dates, in order."""
    for p in rule.parameters.values():
        where = f"/parameters/{p.id}"
        if (p.default is None) == (p.formula is None):
            yield Problem("default_or_formula", where, {"parameter": p.id})
        if p.uncertainty is not None and p.uncertainty < 1:
            yield Problem("uncertainty", where + "/uncertainty", {"value": p.uncertainty})
        since = [d.since for d in p.dated]
        if since != sorted(set(since)) or not all(_is_day(day) for day in since):
            yield Problem("dated", where + "/dated", {"dates": since})
        if p.formula:
            try:
                formulas.check_dimension(p.formula, settled_names(rule), p.unit)
            except Refused as error:
                yield Problem(error.problems[0].code, where + "/formula", error.problems[0].values)
    try:
        in_order(rule)
    except Refused as error:
        yield from error.problems


def _is_day(text: str) -> bool:
    """A day of the calendar, as 2026-01-31."""
    try:
        return re.fullmatch(r"\d{4}-\d{2}-\d{2}", text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


DISCLOSABLE = ("/product/pack", "/product/gtin", "/product/hs_code", "/product/brand", "/period", "/site/region")


def check_disclosures(rule: Rule) -> Iterator[Problem]:
    """A disclosure asks for a field that a BOM has."""
    known = {*DISCLOSABLE, *(f"/parameters/{name}" for name in (*rule.parameters, *rule.choices))}
    for disclosure in rule.disclosures:
        if disclosure.field is not None and disclosure.field not in known:
            yield Problem("unlinked", f"/disclosures/{disclosure.rule_id}", {"target": disclosure.field})


def check_cut_offs(rule: Rule) -> Iterator[Problem]:
    """What is left out sums to no more than the rule allows."""
    total = sum(c.share for c in rule.cut_offs)
    if rule.cut_off_limit is not None and total > rule.cut_off_limit + 1e-12:
        yield Problem("cut_off_limit", "/cut_offs", {"total": total, "limit": rule.cut_off_limit})


def check_version(rule: Rule) -> Iterator[Problem]:
    if not re.fullmatch(VERSION, rule.version):
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
        for default in (p.default, *(d.default for d in p.dated)):
            if default is not None and not p.min <= default <= p.max:
                values = {"parameter": p.id, "default": default, "min": p.min, "max": p.max}
                yield Problem("default_out_of_range", f"/parameters/{p.id}/default", values)


def check_sources(rule: Rule) -> Iterator[Problem]:
    used = {owner.source for owner in _source_owners(rule)}
    for source in sorted(set(rule.sources) - used):
        yield Problem("unused_source", f"/sources/{source}", {"source": source})
    for owner in _source_owners(rule):
        if owner.source not in rule.sources:
            place = getattr(owner, "rule_id", "dated")
            yield Problem("unknown_rule_source", f"/{place}/source", {"source": owner.source})
    for p in rule.parameters.values():
        if p.status == "estimate" and not p.note:
            yield Problem("estimate_without_reason", f"/parameters/{p.id}/note")


def check_allocation(rule: Rule) -> Iterator[Problem]:
    """Allocation by a way that is known; where co-products share the burden, the process says what its product counts."""
    processes = {p.id: p for p in rule.processes}
    for c in rule.co_products.values():
        where = f"/co_products/{c.id}"
        if c.allocation not in ALLOCATIONS:
            yield Problem(
                "unknown_allocation", where + "/allocation", {"allocation": c.allocation, "known": list(ALLOCATIONS)}
            )
        elif c.allocation in SHARING and c.process in processes and processes[c.process].key is None:
            yield Problem("no_main_key", f"/processes/{c.process}/key", {"process": c.process, "co_product": c.id})
    ways: dict[str, str] = {}  # how each process is shared: keys in kg and in CNY do not add up
    for c in rule.co_products.values():
        if c.allocation in SHARING and ways.setdefault(c.process, c.allocation) != c.allocation:
            values = {"allocation": c.allocation, "known": [ways[c.process]]}
            yield Problem("unknown_allocation", f"/co_products/{c.id}/allocation", values)
    if rule.electricity_headline not in HEADLINES:
        values = {"allocation": rule.electricity_headline, "known": list(HEADLINES)}
        yield Problem("unknown_allocation", "/electricity_headline", values)
    if rule.shared_allocation != "output":
        yield Problem(
            "unknown_allocation", "/shared_allocation", {"allocation": rule.shared_allocation, "known": ["output"]}
        )


def check_formulas(rule: Rule) -> Iterator[Problem]:
    """Every formula parses, uses known names and has the dimension it needs."""
    unit_of = {p.id: p.unit for p in rule.processes}
    wanted: list[tuple[str, str, str]] = []
    early: list[tuple[str, str, str]] = []  # worked out line by line, when masses and sums are not yet known
    for process in rule.processes:
        wanted.append((f"/processes/{process.id}/amount", process.amount, process.unit))
        if process.biogenic_carbon != "inputs":
            wanted.append((f"/processes/{process.id}/biogenic_carbon", process.biogenic_carbon, "kg"))
        wanted += [(f"/processes/{process.id}/inputs", i.amount, unit_of[i.process]) for i in process.inputs]
    wanted += [(f"/exchanges/{e.id}/amount", e.amount, e.unit) for e in rule.exchanges]
    wanted += [(f"/guardrails/{g.rule_id}/quantity", g.quantity, g.unit) for g in rule.guardrails]
    early += [(where, route.share, "") for where, routes in _routes(rule) for route in routes]
    wanted += [(f"/per/{p.id}", p.divisor, p.unit) for p in rule.per]
    for c in rule.circularity.values():
        plain = ("A", "B", "R1", "R2", "R3", "quality_in", "quality_out", "x_heat", "x_power")
        early += [(f"/circularity/{c.id}/{key}", getattr(c, key), "") for key in plain]
        early.append((f"/circularity/{c.id}/lhv", c.lhv, "MJ/kg" if c.energy else ""))
    for process in rule.processes:
        wanted += [(f"/processes/{process.id}/key", process.key, _key_unit(rule, process.id))] if process.key else []
    wanted += [
        (f"/co_products/{c.id}/key", c.key, _key_unit(rule, c.process)) for c in rule.co_products.values() if c.key
    ]
    early += [(f"/requirements/{n.rule_id}/when", n.when, "") for n in rule.requirements if n.when]
    early.append(("/end_of_life_factor", rule.end_of_life_factor, ""))
    early += [(f"/co_products/{c.id}/biogenic_carbon", c.biogenic_carbon, "kg/kg") for c in rule.co_products.values()]
    for final in (*rule.boundaries.values(), *(m.process for m in rule.modules)):  # makes the declared unit
        unit, needed = unit_of[final], rule.declared_unit.unit
        if not units.same_dimension(unit, needed):
            yield Problem("wrong_dimension", f"/processes/{final}/unit", {"unit": unit, "needed": needed})
    for known, group in ((names(rule), wanted), (settled_names(rule), early)):
        yield from _formula_problems(group, known)


def _formula_problems(wanted: list[tuple[str, str, str]], known: dict[str, str]) -> Iterator[Problem]:
    for where, text, unit in wanted:
        try:
            formulas.check_dimension(text, known, unit)
        except Refused as error:
            yield Problem(error.problems[0].code, where, error.problems[0].values)


def _key_unit(rule: Rule, process: str) -> str:
    """kg where co-products of a process share by mass, CNY where by value."""
    ways = {c.allocation for c in rule.co_products.values() if c.process == process}
    return "CNY" if "economic" in ways else "kg"


FIRST: tuple[Check, ...] = (
    check_version, check_clashes, check_names, check_roles, check_benchmarks, check_activities, check_requirements,
    check_units, check_parameters, check_defaults,
    check_sources, check_allocation, check_cut_offs, check_disclosures,
)  # fmt: skip
