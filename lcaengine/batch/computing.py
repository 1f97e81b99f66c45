"""The footprints of a part: bills of one structure together, the rest one by one, by the same rule code.

A group of bills is run with lanes for numbers. Where its lanes take different branches it is split and run again. A group in
which something is refused, and a bill that is alone in its structure, go the ordinary way (`lcaengine.footprint.calculate`):
every error is the one that a single footprint would give.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lcaengine import __version__
from lcaengine.background import Release
from lcaengine.background.quality import STATUS_MARKS
from lcaengine.batch.filling import Numbers
from lcaengine.batch.outcome import Outcome
from lcaengine.batch.rows import Part
from lcaengine.batch.solving import Solved
from lcaengine.batch.structure import Structure, structure_of
from lcaengine.bom.reading import bom_of, json_document, read_rows
from lcaengine.footprint import calculate
from lcaengine.footprint.quality import Quality
from lcaengine.footprint.result import quality_warnings
from lcaengine.footprint.solve import Footprint
from lcaengine.inventory.model import Warned
from lcaengine.lanes import Lanes, Mask, Split, agreed
from lcaengine.problems import Problem, Refused
from lcaengine.rules import Rule, find_rule

Bills = NDArray[np.int64]
FEWEST = 3  # lanes worth a run of their own
KG = "kg CO2e"


def computed(part: Part, release: Release, lines: bool = False) -> Outcome:
    """Everything that there is to say of the bills of a part."""
    return _Computation(part, release, lines).run()


def computed_documents(documents: list[tuple[str, str]], row: int, release: Release, lines: bool = False) -> Outcome:
    """The same for whole JSON documents, one by one; ``row`` is the place of the first."""
    names = [name for name, _ in documents]
    part = Part({}, names, np.arange(len(names) + 1), row)
    computation = _Computation(part, release, lines)
    for bill, (_, text) in enumerate(documents):
        computation.document(bill, text)
    return computation.outcome


def refused(names: list[str], problem: Problem) -> Outcome:
    """Bills that have an error in common."""
    outcome = Outcome(names)
    outcome.write(np.arange(len(names)), {"status": "error", "engine_version": __version__}, {})
    outcome.errors.add(names, [0] * len(names), problem)
    return outcome


@dataclass
class _Computation:
    part: Part
    release: Release
    lines: bool

    def __post_init__(self) -> None:
        self.outcome = Outcome(self.part.names)
        self._rules: dict[str, Rule] = {}

    def run(self) -> Outcome:
        unreadable = self.part.unreadable()
        for bill in np.flatnonzero(unreadable).tolist():
            self._refuse(bill, (Problem("half_character", "", {"value": "\\u0000"}),))
        nameless = np.array([not name for name in self.part.names], dtype=bool) & ~unreadable
        for bill in np.flatnonzero(nameless).tolist():
            self._refuse(bill, (Problem("batch_bill_unnamed", "row 2"),))
        unreadable |= nameless
        with np.errstate(all="ignore"):  # a lane that overflows is found by the rules' own checks
            for bills in self.part.structures():
                self._structure(bills[~unreadable[bills]])
        return self.outcome

    def _structure(self, bills: Bills) -> None:
        if len(bills) < FEWEST:
            return self._each(bills)
        plain = Numbers(self.part, bills).plain()
        self._each(bills[~plain])
        bills = bills[plain]
        if len(bills) < FEWEST:
            return self._each(bills)
        try:
            structure = structure_of(self.part, int(bills[0]))
            rule = self._rule(structure.bom.category)
        except Refused:
            return self._each(bills)
        waiting = [bills]
        while waiting:
            group = waiting.pop()
            if len(group) < FEWEST:
                self._each(group)
                continue
            try:
                self._together(group, structure, rule)
            except Split as split:
                waiting += [group[split.mask], group[~split.mask]]
            except Refused:
                self._each(group)
        return None

    def _rule(self, category: str) -> Rule:
        """The rule of a category, the same for all of a part."""
        if category not in self._rules:
            self._rules[category] = find_rule(category)
        return self._rules[category]

    # -- together

    def _together(self, bills: Bills, structure: Structure, rule: Rule) -> None:
        """By a course that the rule has taken before, else by a new one; raises `Split` where it is that of some bills only."""
        numbers = Numbers(self.part, bills)
        for course in structure.courses:
            if course.rule is rule and course.release is self.release and (taken := course.take(numbers)).any():
                if not agreed(taken):
                    raise AssertionError("some have taken it")
                break
        else:
            course = structure.course(numbers, rule, self.release)
            structure.courses.append(course)
        try:
            self._add(bills, course.solved(len(bills)))
        finally:
            course.given.forget()

    def _add(self, bills: Bills, solved: Solved) -> None:
        figures: dict[str, object] = {
            "total": solved.value,
            **self._electricity(solved.footprint, solved.value, solved.other_method),
            "biogenic_carbon_kg": solved.carbon,
            **solved.shares,
        }
        figures |= {f"indicator:{i['id']}": row for i, row in zip(self.release.indicators, solved.total, strict=False)}
        figures |= {f"stage:{stage}": row for stage, row in zip(solved.system.stages, solved.stages, strict=True)}
        rated = np.where(solved.value != 0, solved.ratings.T, np.nan)
        figures |= _ratings(rated)
        self._tell(bills, solved.footprint, figures)
        self._names(bills)
        self._warn(bills, solved.warnings)
        if self.lines:
            self._add_lines(bills, solved)

    def _add_lines(self, bills: Bills, solved: Solved) -> None:
        names = self.outcome.names[bills]
        shares = solved.groups / np.where(solved.value != 0, solved.value, np.nan)
        groups = solved.system.groups
        self.outcome.lines.append({
            "bom": np.repeat(names, len(groups)), "line": [line for _, line in groups] * len(bills),
            "stage": [stage for stage, _ in groups] * len(bills), "value": solved.groups.T.ravel(), "share": shares.T.ravel(),
        })  # fmt: skip

    # -- one by one

    def _each(self, bills: Bills) -> None:
        for bill in bills.tolist():
            try:
                _, bom = read_rows(self.part.table(bill))
                footprint = calculate(bom, self._rule(bom.category), self.release)
            except Refused as refused:
                self._refuse(bill, refused.problems)
                continue
            self._alone(bill, footprint)
            self._names(np.array([bill]))

    def document(self, bill: int, text: str) -> None:
        """A whole document, which may carry its name in ``bom``."""
        try:
            document = json_document(text.encode())
            document.pop("bom", None)
            bom = bom_of(document)
            footprint = calculate(bom, self._rule(bom.category), self.release)
        except Refused as refused:
            return self._refuse(bill, refused.problems)
        self._alone(bill, footprint)
        bills = np.array([bill])
        self.outcome.write(bills, {"product_id": bom.product_id, "product": bom.name["zh"]}, {})
        return None

    def _alone(self, bill: int, footprint: Footprint) -> None:
        bills, system, quality = np.array([bill]), footprint.system, Quality(footprint)
        value = footprint.value
        parts = quality.parts.sum(axis=0)
        default = float(quality.scores[[e.data == "default" for e in system.exchanges]].sum())
        divisor = value or np.nan
        figures = {
            "total": value,
            **self._electricity(footprint, value, footprint.alternative_total),
            "biogenic_carbon_kg": footprint.biogenic_carbon,
            "primary_data_share": float(quality.primary.sum()) / divisor,
            "default_share": default / divisor,
            "estimate_share": parts[STATUS_MARKS[-1]] / divisor,
            "unsplit_share": float(footprint.total[self.release.column_index["gas:unsplit"]]) / divisor,
        }
        figures |= {f"indicator:{i['id']}": v for i, v in zip(self.release.indicators, footprint.total, strict=False)}
        stages = footprint.stages[:, system.headline]
        figures |= {f"stage:{stage}": v for stage, v in zip(system.stages, stages, strict=True)}
        if rated := quality.rating():
            numbers = np.array([*rated["pef"].values()][:4] + [*rated["pact"].values()][:3])
            figures |= _ratings(numbers)
        self._tell(bills, footprint, figures)
        warnings = (*system.inventory.warnings, *system.warnings, *quality_warnings(footprint, quality))
        self._warn(bills, warnings)
        if self.lines:
            values = footprint.groups[:, system.headline]
            self.outcome.lines.append({
                "bom": [self.outcome.names[bill]] * len(values), "line": [line for _, line in system.groups],
                "stage": [stage for stage, _ in system.groups], "value": values, "share": values / divisor,
            })  # fmt: skip

    def _refuse(self, bill: int, problems: tuple[Problem, ...]) -> None:
        self.outcome.write(np.array([bill]), {"status": "error", "engine_version": __version__}, {})
        for problem in problems:
            self.outcome.errors.add([self.part.names[bill]], self._before([bill]), problem)

    # -- what both tell

    def _electricity(self, footprint: Footprint, value: object, other: object) -> dict[str, object]:
        headline = footprint.system.inventory.rule.electricity_headline
        rest = "market_based" if headline == "location_based" else "location_based"
        return {headline: value, rest: other}

    def _tell(self, bills: Bills, footprint: Footprint, figures: dict[str, object]) -> None:
        inventory = footprint.system.inventory
        declared = inventory.declared_unit
        told = {
            "status": "ok", "category": inventory.bom.category, "boundary": inventory.boundary, "declared_unit": declared.unit,
            "unit": KG, "rule": inventory.rule.id, "rule_version": inventory.rule.version,
            "rule_sha256": str(inventory.rule.about()["sha256"]), "background_id": self.release.id,
            "engine_version": __version__,
        }  # fmt: skip
        self.outcome.write(bills, told, {"declared_amount": declared.amount, "warning_count": 0, **figures})

    def _names(self, bills: Bills) -> None:
        """Id and name of the product, each bill's own."""
        for row, field in self._product_rows(int(bills[0])):
            places = self.part.starts[bills] + row
            name = self.part.columns["name"]
            texts = np.array([*name.texts, None], dtype=object)
            self.outcome.texts[field][bills] = texts[name.codes[places]]

    def _product_rows(self, bill: int) -> Iterator[tuple[int, str]]:
        """Rows of a bill that name the product, which all of its structure have in the same place."""
        section, identifier = self.part.columns["section"], self.part.columns.get("id")
        for i, row in enumerate(self.part.rows(bill)):
            if identifier and section.text(row).lower() in ("product", "产品"):
                field = {"id": "product_id", "name": "product"}.get(identifier.text(row))
                if field:
                    yield i, field

    def _warn(self, bills: Bills, warnings: tuple[Warned, ...]) -> None:
        count = np.zeros(len(bills))
        told = np.full(len(bills), "", dtype=object)
        for warned in warnings:
            mask = None if warned.held is None else warned.held.values
            held = bills if mask is None else bills[mask]
            problem = warned.problem if mask is None else _masked(warned.problem, mask)
            self.outcome.warnings.add(
                self.outcome.names[held].tolist(), self._before(held.tolist()), problem, warned.rule_id
            )
            count += 1 if mask is None else mask
            some = slice(None) if mask is None else mask
            told[some] = [f"{before};{problem.code}".lstrip(";") for before in told[some]]
        self.outcome.figures["warning_count"][bills] = count
        self.outcome.texts["warnings"][bills] = told

    def _before(self, bills: list[int]) -> list[int]:
        """How far rows of the file are below those of each bill's own table."""
        before: list[int] = (self.part.row + self.part.starts[bills] - 1).tolist()
        return before


def _masked(problem: Problem, mask: Mask) -> Problem:
    values = {k: type(v)(v.values[mask]) if isinstance(v, Lanes) else v for k, v in problem.values.items()}
    return Problem(problem.code, problem.where, values)


def _ratings(numbers: NDArray[np.float64]) -> dict[str, object]:
    return {
        "pef_dqr": numbers[:4].sum(axis=0) / 4,
        **dict(zip(("technological_dqr", "geographical_dqr", "temporal_dqr"), numbers[4:], strict=True)),
    }
