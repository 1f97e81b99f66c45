"""The numbers behind a rule's formulas for one bill of materials: parameters, masses of groups, totals of activities."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from lcaengine import formulas, units
from lcaengine.bom import Activity, Bom, CoProduct, Line
from lcaengine.inventory.model import Assumption, Warned
from lcaengine.lanes import anywhere, held_in, outside
from lcaengine.problems import Problem, Refused
from lcaengine.rules import Rule
from lcaengine.rules.lint import in_order
from lcaengine.rules.template import Dated, Parameter
from lcaengine.units import Quantity

Entry = TypeVar("Entry", Line, Activity, CoProduct)

LARGEST_FACTOR = 1e30  # beyond it an output is a mistake, and amounts overflow


def per_declared_unit(bom: Bom, rule: Rule, basis: str | None, shared: bool) -> float:
    """What an amount of the BOM is multiplied with to be per declared unit of the rule.

    Shared totals are divided by the output of all products: allocation by output volume (the rule's
    ``shared_allocation``), since a product's share of the total over its own output is 1 / Σ output.
    """
    declared = rule.declared_unit
    if shared and bom.shared:
        divisor, where = sum(q.to(declared.unit) for q in bom.shared.outputs.values()), "/shared/outputs"
    elif (basis or bom.basis) == "period":
        if bom.output is None:
            raise Refused(Problem("period_without_output", "/output", {"field": "output"}))
        divisor, where = bom.output.to(declared.unit), "/output"
    else:
        divisor, where = bom.declared_unit.to(declared.unit), "/product/declared_unit"
    factor = declared.amount / divisor if divisor else math.inf
    if factor > LARGEST_FACTOR:
        raise Refused(Problem("not_finite", where, {"value": divisor}))
    return factor


def every_line(bom: Bom) -> tuple[Line, ...]:
    return (*bom.lines, *(bom.shared.lines if bom.shared else ()))


def every_activity(bom: Bom) -> tuple[Activity, ...]:
    return (*bom.activities, *(bom.shared.activities if bom.shared else ()))


def all_lines(bom: Bom, rule: Rule) -> Iterator[tuple[Line, float]]:
    """Every line with its factor to one declared unit, shared ones included."""
    yield from _with_factors(bom, rule, bom.lines, bom.shared.lines if bom.shared else ())


def all_activities(bom: Bom, rule: Rule) -> Iterator[tuple[Activity, float]]:
    yield from _with_factors(bom, rule, bom.activities, bom.shared.activities if bom.shared else ())


def all_co_products(bom: Bom, rule: Rule) -> Iterator[tuple[CoProduct, float]]:
    yield from _with_factors(bom, rule, bom.co_products, bom.shared.co_products if bom.shared else ())


def _with_factors(bom: Bom, rule: Rule, own: Iterable[Entry], shared: Iterable[Entry]) -> Iterator[tuple[Entry, float]]:
    """Each with its factor; a basis has one."""
    known: dict[tuple[str | None, bool], float] = {}
    for entries, is_shared in ((own, False), (shared, True)):
        for entry in entries:
            key = (entry.basis, is_shared)
            if key not in known:
                known[key] = per_declared_unit(bom, rule, *key)
            yield entry, known[key]


def line_in(line: Line, unit: str) -> float:
    """The amount of a line in a unit; pieces become mass by ``unit_mass``; raises `Refused` with the line's place."""
    try:
        if units.same_dimension(line.quantity.unit, unit):
            return line.quantity.to(unit)
        if line.unit_mass and units.same_dimension(line.quantity.unit, "piece"):
            return line.quantity.to("piece") * line.unit_mass.to(unit)
        units.factor(line.quantity.unit, unit)
    except Refused as error:
        problem = error.problems[0]
        raise Refused(Problem(problem.code, line.where + "/unit", problem.values)) from None
    raise AssertionError("factor() of unlike dimensions raises")


def mass_of(line: Line) -> float | None:
    """kg of a line, None for what has no mass: energy, freight, a volume or pieces without ``unit_mass``."""
    if units.same_dimension(line.quantity.unit, "kg"):
        return line.quantity.to("kg")
    if line.unit_mass and units.same_dimension(line.quantity.unit, "piece"):
        return line_in(line, "kg")
    return None


@dataclass
class Values:
    """Names and values for formulas, in coherent base units; remembers which parameters were used and where."""

    rule: Rule
    bom: Bom
    numbers: dict[str, float] = field(default_factory=dict)
    used: dict[str, None] = field(default_factory=dict)
    warnings: list[Warned] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._check_given()
        for name, (choice, option) in self.rule.indicators_of_choices().items():
            self.numbers[name] = float(self.chosen(choice) == option)
        for parameter in in_order(self.rule):
            self.numbers[parameter.id] = self._value(parameter) * _base(parameter.unit)
        self.numbers["declared"] = self.rule.declared_unit.base
        self._warn_ranges()

    def chosen(self, choice: str) -> str:
        """The option of a choice: given by the BOM, or the default."""
        return self.bom.choices.get(choice, self.rule.choices[choice].default)

    def given(self, parameter: Parameter) -> float:
        """The value of a parameter in its own unit."""
        return self.numbers[parameter.id] / _base(parameter.unit)

    def _value(self, parameter: Parameter) -> float:
        """Given by the BOM, else by the parameter's formula, else its default on the last day of the data period."""
        value = self.bom.parameters.get(parameter.id)
        if isinstance(value, Quantity):
            return value.to(parameter.unit) if parameter.unit else value.amount
        if value is not None:
            return value
        if parameter.formula:
            return formulas.evaluate(parameter.formula, self.numbers) / _base(parameter.unit)
        return default_of(parameter, self.bom.end).default or 0.0

    def formula(self, text: str, unit: str, where: str = "") -> float:
        """A formula's value in a unit; raises `Refused` with the place."""
        self.use(formulas.names(text))
        try:
            return formulas.evaluate(text, self.numbers) / _base(unit)
        except Refused as error:
            raise Refused(Problem(error.problems[0].code, where, error.problems[0].values)) from None

    def parameter(self, name: str) -> float:
        """A plain parameter's value in its own unit, marked as used."""
        self.use([name])
        return self.given(self.rule.parameters[name])

    def use(self, names: Iterable[str]) -> None:
        """Parameters that the result rests on, with those that their formulas are made of."""
        for name in names:
            if name in self.rule.parameters and name not in self.used:
                self.used[name] = None
                formula = self.rule.parameters[name].formula
                if formula and name not in self.bom.parameters:
                    self.use(formulas.names(formula))

    def add(self, name: str, base_amount: float) -> None:
        self.numbers[name] = self.numbers.get(name, 0.0) + base_amount

    def assumptions(self) -> tuple[Assumption, ...]:
        """Every parameter that the result rests on."""
        return tuple(self._assumption(p) for name, p in self.rule.parameters.items() if name in self.used)

    def _assumption(self, p: Parameter) -> Assumption:
        given = p.id in self.bom.parameters
        used = default_of(p, self.bom.end)
        source = self.rule.sources[used.source]
        where = f", {used.locator}" if used.locator else ""
        text = f"{source.title}{where} (read in: {source.read_in}){'. ' + used.note if used.note else ''}"
        return Assumption(
            rule_id=p.rule_id, parameter=p.id, name=p.name, value=self.given(p), unit=p.unit,
            status="given" if given else "default", evidence="given" if given else self._evidence(p, used.status),
            source="BOM" if given else text,
        )  # fmt: skip

    def _evidence(self, p: Parameter, own: str) -> str:
        """A figure by formula is an estimate where one that it is made of is, unless the BOM gives that one."""
        inputs = [self.rule.parameters[n] for n in formulas.names(p.formula or "0") if n in self.rule.parameters]
        guessed = any(
            self._evidence(q, default_of(q, self.bom.end).status) == "estimate"
            for q in inputs
            if q.id not in self.bom.parameters
        )
        return "estimate" if guessed else own

    def _check_given(self) -> None:
        """Parameters of the BOM exist and have the right dimension."""
        problems = list(self._choice_problems())
        for name, value in self.bom.parameters.items():
            where = f"/parameters/{name}"
            if name not in self.rule.parameters:
                known = sorted(self.rule.parameters)
                problems.append(Problem("unknown_parameter", where, {"parameter": name, "known": known}))
            elif isinstance(value, Quantity):
                unit = self.rule.parameters[name].unit
                if not unit or not units.same_dimension(value.unit, unit):
                    values = {"unit": value.unit, "needed": unit or "-"}
                    problems.append(Problem("wrong_dimension", where + "/unit", values))
            if not problems and self.rule.parameters[name].min >= 0 and self._value(self.rule.parameters[name]) < 0:
                problems.append(Problem("negative", where, {"value": self._value(self.rule.parameters[name])}))
        if problems:
            raise Refused(problems)

    def _choice_problems(self) -> Iterator[Problem]:
        """Choices of the BOM exist, and their options."""
        for name, option in self.bom.choices.items():
            choice = self.rule.choices.get(name)
            if name in self.rule.parameters:
                yield Problem("not_a_number", f"/parameters/{name}", {"value": option})
            elif choice is None:
                known = sorted({*self.rule.choices, *self.rule.parameters})
                yield Problem("unknown_parameter", f"/parameters/{name}", {"parameter": name, "known": known})
            elif option not in choice.options:
                values = {"choice": choice.name, "value": option, "known": sorted(choice.options)}
                yield Problem("unknown_option", f"/parameters/{name}", values)

    def _warn_ranges(self) -> None:
        for name in self.bom.parameters:
            p = self.rule.parameters[name]
            found = outside(self.given(p), p.min, p.max)
            if anywhere(found):
                values = {"name": p.name, "value": self.given(p), "min": p.min, "max": p.max, "unit": p.unit}
                self.warnings.append(
                    Warned(Problem("parameter_out_of_range", f"/parameters/{name}", values), p.rule_id, held_in(found))
                )


def default_of(parameter: Parameter, end: date | None) -> Parameter | Dated:
    """The default that holds for a data period that ends on a day: the newest dated one since then; undated, the newest."""
    valid = [d for d in parameter.dated if end is None or d.since <= end.isoformat()]
    return valid[-1] if valid else parameter


def _base(unit: str) -> float:
    return units.base_factor(unit) if unit else 1.0
