"""Applying a rule to a bill of materials: every line and activity becomes exchanges of the rule's unit processes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from lcaengine import formulas, units
from lcaengine.background import Release
from lcaengine.bom import Activity, Bom, CoProduct, Line
from lcaengine.bom.matching import Evidence, Match, match, role_processes, taken
from lcaengine.bom.model import SECTION_NAMES
from lcaengine.inventory.circular import terms
from lcaengine.inventory.model import Data, Exchange, ForegroundProcess, Inventory, LineShown, Warned
from lcaengine.inventory.model import Kind as InventoryKind
from lcaengine.inventory.values import (
    Values,
    all_activities,
    all_co_products,
    all_lines,
    every_activity,
    every_line,
    line_in,
    mass_of,
)
from lcaengine.lanes import anywhere, held_in, outside
from lcaengine.problems import Problem, Refused
from lcaengine.rules import Rule
from lcaengine.rules.lint import OTHER, SHARING, circularity_problems
from lcaengine.rules.template import (
    ActivityTemplate,
    Circularity,
    CoProductTemplate,
    ExchangeTemplate,
    Guardrail,
    Kind,
    PieceMass,
    Role,
)
from lcaengine.units import Quantity

CO2_PER_CARBON = 44 / 12
RECYCLED_IN_EV = 0.2  # kg scrap per kg: converters cannot work without some
_SCRAP: dict[tuple[str, str, str], float] = {}  # of the processes that rules name as Ev: few


def apply_rule(
    bom: Bom, rule: Rule, release: Release, boundary: str | None = None, module: str | None = None
) -> Inventory:
    """The foreground inventory of a BOM, per declared unit of the rule; ``module``: of that final process alone.

    Raises `Refused` with every problem found: nothing is guessed, dropped or set to zero.
    """
    chosen = boundary or bom.boundary or rule.default_boundary
    if chosen not in rule.boundaries:
        raise Refused(Problem("boundary", "/boundary", {"value": chosen}))
    if not units.same_dimension(bom.declared_unit.unit, rule.declared_unit.unit):
        values = {"unit": bom.declared_unit.unit, "needed": rule.declared_unit.unit}
        raise Refused(Problem("wrong_dimension", "/product/declared_unit/unit", values))
    final = module or rule.boundaries[chosen]
    work = _Work(bom, rule, release, Values(rule, bom), reached(rule, final))
    work.check_ids()
    work.check_requirements()
    for line, factor in all_lines(bom, rule):
        work.attempt(work.add_line, line, factor)
    for activity, factor in all_activities(bom, rule):
        work.attempt(work.add_activity, activity, factor)
    for co_product, factor in all_co_products(bom, rule):
        work.attempt(work.add_co_product, co_product, factor)
    work.attempt(work.add_rule_exchanges)
    work.attempt(work.check_guardrails)
    work.attempt(work.measure)
    work.check_period()
    work.check_disclosures()
    if work.problems:
        raise Refused(work.problems)
    return Inventory(
        bom=bom,
        rule=rule,
        boundary=chosen,
        declared_unit=rule.declared_unit,
        processes=tuple(work.foreground_processes()),
        exchanges=tuple(work.allocated()),
        final=final,
        lines=work.lines,
        assumptions=work.values.assumptions(),
        warnings=(*work.values.warnings, *work.warnings),
        divisors=work.divisors,
        choices={name: work.values.chosen(name) for name in rule.choices},
    )


def reached(rule: Rule, final: str) -> frozenset[str]:
    """The foreground processes that the final one needs."""
    inputs = {p.id: [i.process for i in p.inputs] for p in rule.processes}
    found, waiting = set(), [final]
    while waiting:
        process = waiting.pop()
        if process not in found:
            found.add(process)
            waiting.extend(inputs[process])
    return frozenset(found)


@dataclass
class _Work:
    """The inventory under construction."""

    bom: Bom
    rule: Rule
    release: Release
    values: Values
    reached: frozenset[str]
    exchanges: list[Exchange] = field(default_factory=list)
    lines: dict[str, LineShown] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Warned] = field(default_factory=list)
    divisors: dict[str, float] = field(default_factory=dict)

    def attempt(self, step: Callable[..., None], *args: Any) -> None:
        """Collect the problems of a step and go on to the next; one without a place gets the entry's."""
        try:
            step(*args)
        except Refused as refused:
            where = getattr(args[0], "where", "") if args else ""
            self.problems.extend(replace(p, where=p.where or where) for p in refused.problems)

    def warn(self, code: str, where: str, rule_id: str = "", **values: object) -> None:
        self.warnings.append(Warned(Problem(code, where, values), rule_id))

    def warn_outside(self, where: str, name: Mapping[str, str], value: float, of: PieceMass | Guardrail) -> None:
        """A guardrail: warn where a value is out of its usual range."""
        found = outside(value, of.min, of.max)
        if anywhere(found):
            values = {"name": name, "value": value, "unit": of.unit, "range": _range(of.min, of.max)}
            self.warnings.append(Warned(Problem("guardrail", where, values), of.rule_id, held_in(found)))

    def add(self, exchange: Exchange) -> None:
        if exchange.process in self.reached and exchange.amount:
            once = tuple(dict.fromkeys(exchange.parameters))  # a loss may stand in the line and in its end of life
            self.exchanges.append(exchange if once == exchange.parameters else exchange._replace(parameters=once))

    # -- what the rule asks for

    def check_ids(self) -> None:
        """No line or activity has the id of an exchange that the rule adds."""
        own = {template.id for template in self.rule.exchanges}
        given = [(line.id, line.where) for line in every_line(self.bom)]
        given += [(activity.id, activity.where) for activity in every_activity(self.bom)]
        for identifier, where in given:
            if identifier in own:
                values = {"id": identifier, "first": f"rule {self.rule.id}"}
                self.problems.append(Problem("duplicate_line_id", where + "/id", values))

    def check_requirements(self) -> None:
        bom_lines = every_line(self.bom)
        roles = {line.role for line in bom_lines if line.role}
        groups = {g for r in roles if r in self.rule.roles for g in self.rule.roles[r].groups}
        sections = {a.section for a in every_activity(self.bom)}
        count = Counter(line.role for line in bom_lines)
        for role in self.rule.roles.values():
            if role.required and not count[role.id]:
                self._missing("missing_role", "/lines", role.rule_id, role=role.name, id=role.id)
            if role.most is not None and count[role.id] > role.most:
                values = {"role": role.name, "most": role.most, "count": count[role.id]}
                self._missing("too_many_of_role", "/lines", role.rule_id, **values)
        for need in self.rule.requirements:
            if need.when and not self.values.formula(need.when, ""):
                continue
            if need.role and need.role not in roles:
                self._missing(
                    "missing_role", "/lines", need.rule_id, role=self.rule.roles[need.role].name, id=need.role
                )
            if need.group and need.group not in groups:
                able = [r.id for r in self.rule.roles.values() if need.group in r.groups]
                self._missing("missing_group", "/lines", need.rule_id, roles=able)
            if need.activities and not sections.intersection(need.activities):
                self._missing("missing_activity", "/activities", need.rule_id, sections=list(need.activities))

    def _missing(self, code: str, where: str, rule_id: str, **values: object) -> None:
        self.problems.append(Problem(code, where, {"rule_id": rule_id, **values}))

    # -- lines

    def add_line(self, line: Line, factor: float) -> None:
        line, matched = self._matched(line)
        role = self._role(line)
        material = role.circular and not (role.target or role.recycled)  # its process stands for Ev, beside R1
        if line.recycled_content is not None and not (material or (role.recycled and not line.process)):
            raise Refused(Problem("recycled_content_unused", line.where + "/recycled_content", {"name": line.name}))
        uses = self.values.parameter(role.uses) if role.uses else 1.0
        if uses < 1:
            raise Refused(Problem("trips_below_one", f"/parameters/{role.uses}", {"field": role.uses, "value": uses}))
        parameters = tuple(filter(None, (role.uses, role.loss)))
        scale = factor / uses / (1 - self._loss(line, role))
        data: Data = "primary" if line.supplier_footprint else "secondary"
        base = Exchange(
            process=role.process, kind="product", target="", amount=0.0, unit=role.unit, stage=role.stage, line=line.id,
            activity="material", rule_id=role.rule_id, data=data, matched_by="role", where=line.where,
            parameters=parameters,
        )  # fmt: skip
        bought = not line.supplier_footprint and (role.circular is None or bool(role.target or role.recycled))
        sources = list(self._sources(line, role)) if bought else []
        self._add_material(line, sources, scale, base._replace(matched_by=matched))
        if role.circular:
            sources += self._add_circular(line, role, scale, base)
        if line.supplier_footprint:
            self._add_supplier(line, role, scale, base)
        for flow, share in role.flows.items():
            amount = line_in(line, role.unit) * scale * share
            self.add(base._replace(kind="emission", target=flow, amount=amount, unit="kg", activity="release"))
        self._check_piece(line, role)
        for group in role.groups:
            filled = line_in(line, "kg") * factor
            self.values.add(f"mass_{group}", filled)
            self.values.add(f"net_mass_{group}", filled / uses)
        self.values.add("lines_mass", (mass_of(line) or 0.0) * factor / uses)
        self._add_inbound(line, role, scale, base)
        self._add_end_of_life(line, role, scale, base)
        unit = line.quantity.unit if role.id == OTHER else role.unit
        shown = Quantity(line_in(line, unit) * scale, unit)
        self.lines[line.id] = LineShown(
            line.id, role.process, role.stage, {"zh": line.name, "en": line.name}, shown, data,
            "supplier_footprint" if line.supplier_footprint else matched,
            tuple((code, share) for code, share, _ in sources if share),
        )  # fmt: skip

    def _loss(self, line: Line, role: Role) -> float:
        """The share of what goes in that does not stay in the product."""
        loss = self.values.parameter(role.loss) if role.loss else 0.0
        if loss >= 1:
            raise Refused(Problem("loss_too_high", f"/parameters/{role.loss}", {"value": loss, "name": line.name}))
        return loss

    def _add_circular(
        self, line: Line, role: Role, scale: float, base: Exchange
    ) -> list[tuple[str, float, tuple[str, ...]]]:
        """The terms of the circular footprint formula; a supplier's footprint stands for the production terms.

        Returns the shares of what is bought here; where the role's target or mix is bought, none, and the modular form.
        """
        modular = bool(role.target or role.recycled)
        material = self.rule.circularity[role.circular or ""]
        if line.process and not modular:  # the line's own material stands for Ev
            material = replace(material, ev=next(self._sources(line, role))[0])
        if held := list(recycled_in_ev(material, self.rule, self.release)):
            raise Refused(held)
        if outside := list(circularity_problems(material, lambda text: formulas.evaluate(text, self.values.numbers))):
            raise Refused(outside)  # the bill's parameters leave the bounds
        gate = self.rule.end_of_life_process not in self.reached
        given = line.recycled_content
        found = list(terms(material, lambda text: self.values.formula(text, ""),
                           lambda text: self.values.formula(text, "MJ/kg"), given, gate, modular))  # fmt: skip
        for term in found:
            if line.supplier_footprint and not term.end_of_life:
                continue
            unit = self.release.unit(self.release.find(term.process))
            amount = (
                term.amount * (line_in(line, "kg") if units.same_dimension(unit, "MJ") else line_in(line, unit)) * scale
            )
            amount *= units.factor("MJ", unit) if units.same_dimension(unit, "MJ") else 1.0
            exchange = base._replace(
                target=term.process, unit=unit, amount=amount, kind="waste" if term.waste else "product",
                rule_id=material.rule_id, parameters=base.parameters + _parameters(self.rule, *term.formulas),
            )  # fmt: skip
            if term.end_of_life:
                exchange = exchange._replace(
                    process=self.rule.end_of_life_process, stage="end_of_life", activity="end_of_life", data="default",
                    matched_by="rule", amount=amount * self.values.formula(self.rule.end_of_life_factor, ""),
                    parameters=exchange.parameters + _parameters(self.rule, self.rule.end_of_life_factor),
                )  # fmt: skip
            self.add(exchange)
        shares: dict[str, float] = {}
        for term in found:
            if not (term.end_of_life or line.supplier_footprint or modular):
                shares[term.process] = shares.get(term.process, 0.0) + term.amount
        return [(code, share, ()) for code, share in shares.items()]

    def _check_piece(self, line: Line, role: Role) -> None:
        usual = role.piece_mass
        if usual and line.unit_mass:
            self.warn_outside(line.where + "/unit_mass", role.name, line.unit_mass.to(usual.unit), usual)

    def _role(self, line: Line) -> Role:
        if line.role is not None and line.role in self.rule.roles:
            return self.rule.roles[line.role]
        if line.role:
            known = sorted(self.rule.roles)
            raise Refused(Problem("unknown_role", line.where + "/role", {"role": line.role, "known": known}))
        if line.process and OTHER in self.rule.roles:
            return self.rule.roles[OTHER]
        raise Refused(Problem("role_needed", line.where, {"name": line.name, "known": sorted(self.rule.roles)}))

    def _matched(self, line: Line) -> tuple[Line, str]:
        """The line with role and process filled in where its name says them, and what it was matched by."""
        if line.process or line.supplier_footprint:
            return line, "process"
        role = self.rule.roles.get(line.role or "")
        if line.role is None or line.role == OTHER:
            return self._by_name(line)
        return self._within_role(line, role) if role and role.accepts and not role.recycled else (line, "role")

    def _by_name(self, line: Line) -> tuple[Line, str]:
        """A line whose name is that of a process; its role is the only one that accepts that process."""
        evidence = Evidence.of(line, self.bom)
        found = taken(evidence, self.release, self.rule)
        if found is None:
            raise Refused(self._unmatched(line, match(evidence, self.release, self.rule)))
        code, roles = found.hit.code, found.roles
        role = roles[0] if line.role is None and len(roles) == 1 else line.role
        recycled = self.rule.roles[role].recycled if role else None
        by_role = recycled is not None and recycled.virgin == code  # the role mixes virgin and recycled itself
        return replace(line, role=role, process=None if by_role else code), found.hit.kind

    def _within_role(self, line: Line, role: Role) -> tuple[Line, str]:
        """Another process of the role than its usual one, if the line bears its name."""
        found = taken(Evidence.of(line, self.bom), self.release, self.rule)
        if found and role.id in found.roles and found.hit.code != role.target:
            return replace(line, process=found.hit.code), found.hit.kind
        return line, "role"

    def _unmatched(self, line: Line, found: Match) -> Problem:
        """Neither role nor process, and the name is nobody's: show what it could mean, take nothing."""
        nearest = []
        for candidate in found.candidates:
            role = f", role {candidate.roles[0]}" if candidate.roles else ""
            shown = f"{candidate.hit.code}{role}, {candidate.score:.0%}"
            nearest.append({key: f"{text} ({shown})" for key, text in candidate.hit.name.items()})
        candidates = [candidate.as_dict() for candidate in found.candidates]
        return Problem(
            "line_unmatched", line.where, {"name": line.name, "nearest": nearest or "–", "candidates": candidates}
        )

    def _add_material(
        self, line: Line, sources: Sequence[tuple[str, float, tuple[str, ...]]], scale: float, base: Exchange
    ) -> None:
        for code, share, parameters in sources:
            product = self.release.find(code, line.where + "/process")
            unit = self.release.unit(product)
            amount = line_in(line, unit) * scale * share
            self.add(base._replace(target=code, amount=amount, unit=unit, parameters=base.parameters + parameters))

    def _sources(self, line: Line, role: Role) -> Iterator[tuple[str, float, tuple[str, ...]]]:
        """Background processes behind a line, with shares: one, or virgin and recycled (cut-off)."""
        if line.process:
            self.release.find(line.process, line.where + "/process")
            if role.id != OTHER and line.process not in role_processes(role):
                self.warn(
                    "unusual_process",
                    line.where + "/process",
                    role.rule_id,
                    process=line.process,
                    role=role.name,
                )
            yield line.process, 1.0, ()
        elif role.recycled:
            given = line.recycled_content
            share = given if given is not None else self.values.parameter(role.recycled.share)
            if share > role.recycled.at:
                values = {"value": share, "max": role.recycled.at, "role": role.name}
                raise Refused(Problem("recycled_content_too_high", line.where + "/recycled_content", values))
            used = () if given is not None else (role.recycled.share,)
            told = given is not None or role.recycled.share in self.bom.parameters
            if not told and not line.supplier_footprint:
                origin = self.rule.parameters[role.recycled.share].rule_id
                self.warn("recycled_content_default", line.where, origin, role=role.name, value=share)
            yield role.recycled.virgin, 1 - share / role.recycled.at, used
            yield role.recycled.recycled, share / role.recycled.at, used
        elif role.target:
            yield role.target, 1.0, ()
        elif role.circular:
            yield self.rule.circularity[role.circular].ev, 1.0, ()

    def _add_supplier(self, line: Line, role: Role, scale: float, base: Exchange) -> None:
        """A supplier's figure counts as unsplit CO2e; its biogenic carbon is what it says, else that of the role's product."""
        footprint = line.supplier_footprint
        assert footprint is not None
        amount = line_in(line, footprint.per) * scale * footprint.value
        supplied = base._replace(kind="emission", unit="kg", matched_by="supplier_footprint")
        self.add(supplied._replace(target="co2e_unspecified", amount=amount))
        if re.sub(r"[\s_-]+", " ", footprint.boundary.strip().lower()) != "cradle to gate":
            self.warn(
                "supplier_boundary",
                line.where + "/supplier_footprint/boundary",
                role.rule_id,
                value=footprint.boundary,
            )
        if not re.fullmatch(r"(ipcc\s*)?ar6(\s*gwp\s*100)?", footprint.gwp.strip().lower()):
            self.warn("supplier_gwp", line.where + "/supplier_footprint/gwp", role.rule_id, value=footprint.gwp)
        if footprint.biogenic_carbon:
            carbon = footprint.biogenic_carbon.to("kg/kg") * line_in(line, "kg") * scale
        else:
            carbon = sum(
                line_in(line, self.release.unit(i)) * scale * share * self.release.biogenic_carbon(i)
                for code, share, _ in (
                    self._sources(line, role) if role.target or role.recycled or role.circular else ()
                )
                for i in [self.release.find(code)]
            )
        self.add(supplied._replace(target="co2_uptake", amount=CO2_PER_CARBON * carbon, activity="biogenic_carbon"))

    def _add_inbound(self, line: Line, role: Role, scale: float, base: Exchange) -> None:
        mass = mass_of(line)
        if mass is None:
            if line.transport is not None or units.same_dimension(line.quantity.unit, "L"):
                self.warn("no_mass", line.where, role.rule_id, name=line.name)
            return
        for mode, kilometres, parameters, data, rule_id in self._legs(line, role):
            if mode not in self.rule.inbound_modes:
                known = sorted(self.rule.inbound_modes)
                raise Refused(Problem("unknown_mode", line.where + "/transport", {"mode": mode, "known": known}))
            freight = mass / 1000 * scale * kilometres
            self.add(base._replace(target=self.rule.inbound_modes[mode], amount=freight, unit="t*km",
                           activity="inbound_transport", data=data, matched_by="rule", rule_id=rule_id,
                           parameters=base.parameters + parameters))  # fmt: skip

    def _legs(self, line: Line, role: Role) -> Iterator[tuple[str, float, tuple[str, ...], Data, str]]:
        """Legs as given, else the rule's defaults: from abroad where the origin says so; with the rule id that decides."""
        if line.transport is not None:
            yield from ((leg.mode, leg.distance.to("km"), (), "secondary", role.rule_id) for leg in line.transport)
        elif role.inbound:
            inbound = self.rule.inbound[role.inbound]
            abroad = line.origin is not None and line.origin[:2] not in self.rule.home_countries
            for leg in inbound.abroad if abroad else inbound.legs:
                kilometres = self.values.formula(leg.distance, "km")
                yield leg.mode, kilometres, (leg.distance,), "default", inbound.rule_id

    def _add_end_of_life(self, line: Line, role: Role, scale: float, base: Exchange) -> None:
        process = self.rule.end_of_life_process
        if not role.end_of_life or role.circular or process not in self.reached:
            return
        factor = self.values.formula(self.rule.end_of_life_factor, "")
        for route in self.rule.end_of_life[role.end_of_life].routes:
            share = self._not_negative(route.target, route.share, self.values.formula(route.share, ""))
            unit = self.release.unit(self.release.find(route.target))
            self.add(base._replace(process=process, kind="waste", stage="end_of_life", target=route.target, unit=unit,
                           amount=line_in(line, unit) * scale * factor * share, activity="end_of_life", data="default",
                           rule_id=self.rule.end_of_life[role.end_of_life].rule_id, matched_by="rule",
                           parameters=(*base.parameters, *_parameters(self.rule, route.share, self.rule.end_of_life_factor)),
                           ))  # fmt: skip

    def _not_negative(self, name: str, text: str, value: float) -> float:
        """A share or amount by formula; raises `Refused` where parameters make it negative."""
        if value < 0:
            parameters = _parameters(self.rule, text)
            raise Refused(
                Problem("negative_share", "/parameters", {"name": name, "value": value, "parameters": parameters})
            )
        return value

    # -- activities

    def add_activity(self, activity: Activity, factor: float) -> None:
        template = self.rule.activities.get(activity.section)
        if template is None:
            values = {"section": activity.section, "known": sorted(self.rule.activities)}
            raise Refused(Problem("activity_not_in_rule", activity.where, values))
        kind = self._kind(activity, template)
        base = Exchange(
            process=template.process, kind="product", target="", amount=0.0, unit="kg", stage=template.stage,
            line=activity.id, activity=activity.section, rule_id=template.rule_id, data="secondary",
            matched_by="process" if activity.process else "role", where=activity.where,
        )  # fmt: skip
        if kind.target:
            self._add_purchase(activity, kind, template, factor, base)
        for flow, share in kind.flows.items():
            amount = _converted(activity.quantity, "kg", activity.where + "/unit") * factor * share
            self.add(base._replace(kind="emission", target=flow, amount=amount, unit="kg", data="primary"))
        if template.unit:
            self.values.add(f"sum_{activity.section}", activity.quantity.base * factor)
        shown = Quantity(activity.quantity.amount * factor, activity.quantity.unit)
        written = activity.name or activity.kind or template.default_kind or activity.process or activity.id
        shown_as = {} if activity.name else kind.name or {}
        name = {key: f"{text}: {shown_as.get(key, written)}" for key, text in SECTION_NAMES[activity.section].items()}
        data: Data = "primary" if kind.flows else "secondary"
        self.lines[activity.id] = LineShown(
            activity.id, template.process, template.stage, name, shown, data, base.matched_by, _single(kind.target)
        )

    def _kind(self, activity: Activity, template: ActivityTemplate) -> Kind:
        """The kind of an activity: as named, the section's default, or the one that its process belongs to."""
        home = self.bom.country in self.rule.home_countries
        if activity.process:
            return self._kind_of_process(activity, template, home)
        chosen = activity.kind or template.default_kind
        if chosen is None or chosen not in template.kinds:
            code = "unknown_kind" if chosen else "kind_needed"
            values = {"kind": chosen, "known": sorted(template.kinds), "section": activity.section}
            raise Refused(Problem(code, activity.where, values))
        if activity.section == "electricity" and not home:
            raise Refused(Problem("country_not_covered", activity.where, {"country": self.bom.country}))
        return template.kinds[chosen]

    def _kind_of_process(self, activity: Activity, template: ActivityTemplate, home: bool) -> Kind:
        """A named process brings the market and evidence rules of its kind with it.

        Electricity at home is one of the rule's kinds: a certificate named as a process is still a claim.
        """
        self.release.find(str(activity.process), activity.where + "/process")
        kinds = [k for k in template.kinds.values() if activity.process in {k.target, k.market}]
        own = [k for k in kinds if k.target == activity.process] or kinds
        if own:
            return own[0]
        if activity.section == "electricity" and home:
            values = {"kind": activity.process, "known": sorted(template.kinds), "section": activity.section}
            raise Refused(Problem("unknown_kind", activity.where + "/process", values))
        self.warn("unusual_process", activity.where + "/process", template.rule_id, process=activity.process,
                  role=SECTION_NAMES[activity.section])  # fmt: skip
        return Kind(target=activity.process)

    def _add_purchase(
        self, activity: Activity, kind: Kind, template: ActivityTemplate, factor: float, base: Exchange
    ) -> None:
        assert kind.target is not None
        product = self.release.find(kind.target)
        unit = self.release.unit(product)
        amount, parameters = self._purchased(activity, kind, unit)
        market = kind.market
        if kind.needs_evidence and not activity.evidence.strip():
            market = template.unclaimed
            self.warn("certificate_without_evidence", activity.where, template.rule_id)
        treated = self.release.production[product] < 0
        self.add(base._replace(kind="waste" if treated else "product", target=kind.target, amount=amount * factor, unit=unit,
                       market_target=market, parameters=parameters))  # fmt: skip

    def _purchased(self, activity: Activity, kind: Kind, unit: str) -> tuple[float, tuple[str, ...]]:
        """The amount in the process's unit; a fuel given as energy is divided by its heating value."""
        if kind.energy_content and units.same_dimension(activity.quantity.unit, "MJ"):
            content = self.rule.parameters[kind.energy_content]
            per_unit = self.values.parameter(content.id) * units.factor(content.unit, f"MJ/{unit}")
            return activity.quantity.to("MJ") / per_unit, (content.id,)
        return _converted(activity.quantity, unit, activity.where + "/unit"), ()

    # -- the rest

    def add_co_product(self, co_product: CoProduct, factor: float) -> None:
        template = self.rule.co_products.get(co_product.id)
        if template is None:
            values = {"id": co_product.id, "known": sorted(self.rule.co_products)}
            raise Refused(Problem("unknown_co_product", co_product.where + "/id", values))
        shown = Quantity(co_product.quantity.amount * factor, co_product.quantity.unit)
        used: tuple[str, ...] = ()
        if co_product.biogenic_carbon:
            content = _converted(co_product.biogenic_carbon, "kg/kg", co_product.where + "/biogenic_carbon/unit")
        else:
            content = self.values.formula(template.biogenic_carbon, "kg/kg")
            used = _parameters(self.rule, template.biogenic_carbon)
        mass = _converted(shown, "kg", co_product.where + "/unit")
        self.values.add(f"co_{co_product.id}", mass)
        self._add_value(co_product, template, mass)
        carbon = content * mass
        process = next(p for p in self.rule.processes if p.id == template.process)
        if template.allocation not in SHARING:  # else the balance closes over the shared inputs
            self.add(Exchange(
                process=process.id, kind="emission", target="co2_uptake", amount=-CO2_PER_CARBON * carbon, unit="kg",
                stage=process.stage, line=co_product.id, activity="co_product", rule_id=template.rule_id, data="secondary",
                matched_by="rule", where=co_product.where, parameters=used,
            ))  # fmt: skip
        self.lines[co_product.id] = LineShown(
            co_product.id, process.id, process.stage, template.name, shown, "secondary", "rule"
        )

    def _add_value(self, co_product: CoProduct, template: CoProductTemplate, mass: float) -> None:
        """What a co-product is worth, where it shares the burden by value."""
        if co_product.price:
            price = _converted(co_product.price, "CNY/kg", co_product.where + "/price/unit")
            self.values.add(f"value_{co_product.id}", price * mass * units.base_factor("CNY"))
        elif template.allocation == "economic" and template.key is None:
            raise Refused(Problem("price_needed", co_product.where + "/price", {"id": co_product.id}))

    def add_rule_exchanges(self) -> None:
        self.values.add("lines_mass", 0.0)
        for co_product in self.rule.co_products:
            self.values.add(f"co_{co_product}", 0.0)
            self.values.add(f"value_{co_product}", 0.0)
        for group in self.rule.groups():
            self.values.add(f"mass_{group}", 0.0)
            self.values.add(f"net_mass_{group}", 0.0)
        for template in self.rule.exchanges:
            if template.process not in self.reached:
                continue
            amount = self.values.formula(template.amount, template.unit, f"/rule/{template.id}")
            self._not_negative(template.id, template.amount, amount)
            self.add(Exchange(
                process=template.process, kind=_kind(template), target=template.target,
                amount=amount, unit=template.unit, stage=template.stage, line=template.id, activity=template.stage,
                rule_id=template.rule_id, data="default", matched_by="rule",
                parameters=_parameters(self.rule, template.amount),
            ))  # fmt: skip
            shown = Quantity(amount, template.unit)
            self.lines[template.id] = LineShown(
                template.id,
                template.process,
                template.stage,
                template.name,
                shown,
                "default",
                "rule",
                () if template.emission else _single(template.target),
            )

    def allocated(self) -> Iterator[Exchange]:
        """The exchanges of the main product: where co-products share a process's burden, its share of each.

        The main product keeps its own carbon, whatever its share: the process closes its balance over the shared inputs
        (docs/method.md).
        """
        shares = {p.id: self._main_share(p.id) for p in self.rule.processes}
        for e in self.exchanges:
            share = shares[e.process]
            yield e if share == 1.0 or e.activity == "co_product" else e._replace(amount=e.amount * share)

    def _main_share(self, process: str) -> float:
        """Key of the main product over the keys of all that share the burden."""
        sharing = [c for c in self.rule.co_products.values() if c.process == process and c.allocation in SHARING]
        template = next(p for p in self.rule.processes if p.id == process)
        if not sharing or template.key is None or process not in self.reached:
            return 1.0
        unit = "CNY" if any(c.allocation == "economic" for c in sharing) else "kg"
        default = {"economic": "value_{}", "physical": "co_{}"}
        main = self.values.formula(template.key, unit)
        others = sum(self.values.formula(c.key or default[c.allocation].format(c.id), unit) for c in sharing)
        return main / (main + others) if main + others else 1.0

    def check_period(self) -> None:
        rule, start, end = self.rule.period, self.bom.start, self.bom.end
        if rule is None or start is None or end is None:
            return
        days = (end - start).days + 1
        if abs(days - rule.days) > 1:
            self.warn("period_length", "/period", rule.rule_id, days=days, wanted=f"{rule.days:g}")
        if self.release.year - end.year > rule.max_age_years:
            self.warn("period_age", "/period/end", rule.rule_id, end=end.isoformat(), years=f"{rule.max_age_years:g}")

    def measure(self) -> None:
        """The measures per which the rule gives the result, besides its declared unit."""
        for per in self.rule.per:
            value = self.values.formula(per.divisor, per.unit, f"/rule/per/{per.id}")
            if value <= 0:
                raise Refused(Problem("not_finite", f"/rule/per/{per.id}", {"value": value}))
            self.divisors[per.id] = value

    def check_disclosures(self) -> None:
        for disclosure in self.rule.disclosures:
            if disclosure.field and not _given(self.bom, disclosure.field):
                self.warn(
                    "disclosure_missing",
                    disclosure.field,
                    disclosure.rule_id,
                    text=disclosure.text,
                    field=disclosure.field,
                )

    def check_guardrails(self) -> None:
        for rail in self.rule.guardrails:
            try:
                value = self.values.formula(rail.quantity, rail.unit)
            except Refused:
                self.warn("guardrail_not_checked", "", rail.rule_id, name=rail.name)
                continue
            self.warn_outside("", rail.name, value, rail)

    def foreground_processes(self) -> Iterator[ForegroundProcess]:
        unit_of = {p.id: p.unit for p in self.rule.processes}
        for template in self.rule.processes:
            if template.id not in self.reached:
                continue
            carbon = None
            if template.biogenic_carbon != "inputs":
                carbon = self.values.formula(template.biogenic_carbon, "kg")
            amount = self.values.formula(template.amount, template.unit)
            shared = self._main_share(template.id) != 1.0
            yield ForegroundProcess(template.id, template.name, template.stage, amount, template.unit, carbon, shared)
            for source in template.inputs:
                unit = unit_of[source.process]
                needed = self.values.formula(source.amount, unit)  # allocated() takes the main product's share
                self.add(Exchange(
                    process=template.id, kind="foreground", target=source.process, amount=needed, unit=unit,
                    stage=template.stage, line="", activity="foreground", rule_id=template.rule_id, data="secondary",
                    matched_by="rule", parameters=_parameters(self.rule, source.amount),
                ))  # fmt: skip


def recycled_in_ev(material: Circularity, rule: Rule, release: Release) -> Iterator[Problem]:
    """Ev holds no recycled input beyond the scrap that its own route cannot do without (steel converters).

    Waste that no row of the background shows (recycled plastics) is known by the rule: nothing that is its Erec is an Ev.
    """
    recycled = {code for c in rule.circularity.values() for code in (c.erec, c.erec_eol)}
    held = recycled_input(release, material.ev)
    if held > RECYCLED_IN_EV or material.ev in recycled:
        values = {"material": material.id, "process": material.ev, "share": round(held, 3) or 1.0}
        yield Problem("recycled_in_ev", f"/circularity/{material.id}/ev", values)


def recycled_input(release: Release, code: str) -> float:
    """kg of burden-free scrap (tag ``burden-free``) behind one kg of a product, through its whole supply chain."""
    key = (release.id, str(release.path), code)
    if key not in _SCRAP:
        _SCRAP[key] = _recycled_input(release, release.find(code))
    return _SCRAP[key]


def _recycled_input(release: Release, product: int) -> float:
    demand = np.zeros(len(release.codes))
    demand[product] = 1.0
    supply = release.supply(demand) * release.production
    rows = release.catalogue.query(
        "SELECT code FROM processes WHERE ';' || tags || ';' LIKE '%;burden-free;%' AND unit = 'kg'"
    )
    return float(sum(supply[release.index[row["code"]]] for row in rows if row["code"] in release.index))


def _given(bom: Bom, field_name: str) -> bool:
    """Whether a BOM tells something: a field of the product, the period, the site's region, or a parameter."""
    known: dict[str, object] = {"/product/pack": bom.pack, "/period": bom.start, "/site/region": bom.region}
    known |= {f"/product/{key}": value for key, value in bom.identifiers.items()}
    known |= {f"/parameters/{key}": value for key, value in {**bom.parameters, **bom.choices}.items()}
    return known.get(field_name) is not None


def _kind(template: ExchangeTemplate) -> InventoryKind:
    return "emission" if template.emission else "waste" if template.waste else "product"


def _parameters(rule: Rule, *texts: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(n for text in texts for n in sorted(formulas.names(text)) if n in rule.parameters))


def _converted(quantity: Quantity, unit: str, where: str) -> float:
    """A quantity in a unit; raises `Refused` with the place."""
    try:
        return quantity.to(unit)
    except Refused as error:
        raise Refused(Problem(error.problems[0].code, where, error.problems[0].values)) from None


def _single(code: str | None) -> tuple[tuple[str, float], ...]:
    return ((code, 1.0),) if code else ()


def _range(low: float | None, high: float | None) -> str:
    if low is None:
        return f"≤ {high:g}"
    return f"≥ {low:g}" if high is None else f"{low:g} … {high:g}"
