"""The tests beside a rule: ``tests/*.yaml``, each a list of cases ``{name, why, input, boundary, output}``.

``input`` is ``{bom: …}``, or ``{inventory: path}`` in a folder of inventories, with ``product`` for one of a plant. ``output``
says what must come out: ``total``, ``stages``, ``lines``, ``modules`` and ``per`` by their ids, and the codes of the ``warnings``.
A number means equal to 1e-6, ``{min, max}`` a range.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.bom.reading import LONE_SURROGATE
from lcaengine.footprint import body, calculate
from lcaengine.problems import Language, Problem, Refused, TooLarge
from lcaengine.rules import Rule
from lcaengine.rules.reading import MAX_BYTES
from lcaengine.upkeep.inventories import documents, find_inventory

TOLERANCE = 1e-6
MOST_NODES = 200_000
MOST_CASES = 500
LARGEST = 1e300
KEYS = frozenset({"name", "why", "input", "boundary", "output"})
PARTS: Mapping[str, str] = {"stages": "stage", "lines": "line", "modules": "module", "per": "what"}
OUTPUT = frozenset({"total", "warnings", *PARTS})
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: a number, a range or a list of codes, and what was found (None: no such entry)."""

    what: str
    expected: Any
    found: Any

    @property
    def passed(self) -> bool:
        if isinstance(self.expected, list) or None in (self.expected, self.found):
            return bool(self.expected == self.found)
        if isinstance(self.expected, Mapping):
            return bool(self.expected.get("min", -math.inf) <= self.found <= self.expected.get("max", math.inf))
        return math.isclose(self.found, self.expected, rel_tol=TOLERANCE, abs_tol=1e-12)

    def as_dict(self) -> Json:
        return {"what": self.what, "expected": self.expected, "found": self.found, "passed": self.passed}


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What became of one case; ``problems`` where it could not even be calculated."""

    file: str
    name: str
    why: str
    checks: tuple[Check, ...] = ()
    problems: tuple[Problem, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.problems and all(check.passed for check in self.checks)

    def as_dict(self, language: Language = "en") -> Json:
        return {
            "file": self.file, "name": self.name, "why": self.why, "passed": self.passed,
            "checks": [c.as_dict() for c in self.checks], "problems": [p.as_dict(language) for p in self.problems],
        }  # fmt: skip


def test_files(rule_file: Path) -> list[Path]:
    """The files of tests beside a rule."""
    return sorted(rule_file.parent.glob("tests/*.yaml"))


def cases(rule_file: Path) -> Iterator[tuple[str, Json]]:
    """Every case with the name of its file; raises `Refused` for a file that holds no cases."""
    for path in test_files(rule_file):
        for case in read_cases(path.read_bytes(), path.name):
            yield path.name, case


def run_tests(
    rule: Rule, rule_file: Path, release: Release, progress: Callable[[], object] = lambda: None
) -> list[CaseResult]:
    """Run every case beside a rule; ``progress`` is called after each. Raises `Refused` for a file that holds no cases."""
    found = []
    for file, case in list(cases(rule_file)):
        found.append(run_case(file, case, rule, rule_file, release))
        progress()
    return found


def run_case(file: str, case: Json, rule: Rule, rule_file: Path, release: Release) -> CaseResult:
    """One case, calculated and compared; problems are kept, not raised."""
    name, why = str(case["name"]), str(case.get("why", ""))
    try:
        bom = bom_of(_input(case["input"], rule_file))
        answer = body(calculate(bom, rule, release, case.get("boundary")))
    except Refused as refused:
        return CaseResult(file, name, why, problems=refused.problems)
    return CaseResult(file, name, why, tuple(_checks(answer, case["output"])))


def _checks(answer: Json, output: Json) -> Iterator[Check]:
    if "total" in output:
        yield Check("total", output["total"], answer["total"]["value"])
    for part, key in PARTS.items():
        for name, expected in output.get(part, {}).items():
            yield Check(f"{part}: {name}", expected, _sum(answer[part], key, name))
    if "warnings" in output:
        yield Check("warnings", sorted(output["warnings"]), sorted(w["code"] for w in answer["warnings"]))


def _sum(entries: list[Json], key: str, name: str) -> float | None:
    """The value of all entries of a name (a line has one in each stage); None where there is none."""
    values = [float(entry["value"]) for entry in entries if entry[key] == name]
    return math.fsum(values) if values else None


def _input(given: Json, rule_file: Path) -> Json:
    """A bill of materials, written out under ``bom`` or one product of an ``inventory``; raises `Refused`."""
    if "bom" in given:
        return dict(given["bom"])
    found = documents(find_inventory(str(given["inventory"]), rule_file))
    wanted = [d for d in found if given.get("product") in {None, d.get("product", {}).get("id")}]
    if not wanted:
        raise Refused(Problem("no_inventory", "", {"path": given["inventory"], "folders": [str(given["product"])]}))
    return wanted[0]


def read_cases(data: bytes, name: str) -> list[Json]:
    """The cases in a file of tests; raises `Refused`.

    Aliases are allowed here (cases often have a bill of materials in common), bombs are not.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", name, {"bytes": len(data), "limit": MAX_BYTES}))
    try:
        found = yaml.safe_load(data.decode("utf-8"))
    except (yaml.YAMLError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise Refused(Problem("not_yaml", name, {"why": str(error).replace("\n", " ")[:200]})) from error
    if not isinstance(found, list):
        raise Refused(Problem("not_a_list", name))
    size = max(_written_out(found, {}), len(found) * MOST_NODES // MOST_CASES)
    if size > MOST_NODES:
        raise Refused(Problem("too_large", name, {"bytes": size, "limit": MOST_NODES}))
    problems = [problem for i, case in enumerate(found) for problem in _shape_problems(case, f"{name}: /{i}")]
    if problems:
        raise Refused(problems)
    return found


def _written_out(value: Any, known: dict[int, int]) -> int:
    """How much there is with every alias written out, long texts by length; one within itself counts as too much."""
    if not isinstance(value, (dict, list)):
        return 1 + len(value) // 100 if isinstance(value, str) else 1
    if id(value) not in known:
        known[id(value)] = MOST_NODES + 1
        inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_written_out(v, known) for v in inner)
    return known[id(value)]


def _shape_problems(case: Any, where: str) -> Iterator[Problem]:
    """What keeps a case from having a name, an input and an output that the runner knows."""
    if not isinstance(case, dict):
        yield Problem("not_an_object", where)
        return
    found = list(_value_problems(case, where)) or list(_field_problems(case, where))
    yield from found or _output_problems(case["output"], f"{where}/output")


def _value_problems(value: Any, where: str) -> Iterator[Problem]:
    """Only what JSON has, too: a day without quotes, a key that is a number or half a character is none of it."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield Problem("not_a_text", where, {"field": key})
            else:
                yield from _value_problems(key, where)
                yield from _value_problems(inner, f"{where}/{key}")
    elif isinstance(value, list):
        for i, inner in enumerate(value):
            yield from _value_problems(inner, f"{where}/{i}")
    elif isinstance(value, str):
        if lone := LONE_SURROGATE.search(value):
            yield Problem("half_character", where, {"value": f"\\u{ord(lone[0]):04x}"})
    elif isinstance(value, (int, float)):
        if not -LARGEST < value < LARGEST:
            yield Problem("not_a_number", where, {"value": str(float("inf")) if isinstance(value, int) else str(value)})
    elif value is not None:
        yield Problem("not_a_text", where, {"field": where.rpartition("/")[2]})


def _field_problems(case: Json, where: str) -> Iterator[Problem]:
    for key in ("name", "input", "output"):
        if key not in case:
            yield Problem("required", f"{where}/{key}", {"field": key})
    for key in case.keys() - KEYS:
        yield Problem("unknown_field", f"{where}/{key}", {"field": key})
    for key in ("input", "output"):
        if key in case and not isinstance(case[key], dict):
            yield Problem("not_an_object", f"{where}/{key}")
    if not isinstance(case.get("boundary", ""), str):
        yield Problem("not_a_text", f"{where}/boundary", {"field": "boundary"})
    given = case.get("input")
    if not isinstance(given, dict):
        return
    if not given.keys() & {"bom", "inventory"}:
        yield Problem("required", f"{where}/input", {"field": "inventory"})
    if not isinstance(given.get("bom", {}), dict):
        yield Problem("not_an_object", f"{where}/input/bom")
    for key in ("inventory", "product"):
        if not isinstance(given.get(key, ""), str):
            yield Problem("not_a_text", f"{where}/input/{key}", {"field": key})


def _output_problems(output: Json, where: str) -> Iterator[Problem]:
    for key, value in output.items():
        here = f"{where}/{key}"
        if key not in OUTPUT:
            yield Problem("unknown_field", here, {"field": key})
        elif key == "total":
            yield from _number_problems(value, here)
        elif key == "warnings":
            if not isinstance(value, list):
                yield Problem("not_a_list", here)
            elif not all(isinstance(code, str) for code in value):
                yield Problem("not_a_text", here, {"field": key})
        elif not isinstance(value, dict):
            yield Problem("not_an_object", here)
        else:
            for name, expected in value.items():
                yield from _number_problems(expected, f"{here}/{name}")


def _number_problems(expected: Any, where: str) -> Iterator[Problem]:
    """A number, a range, or nothing where there must be no such entry."""
    if isinstance(expected, dict):
        for key in expected.keys() - {"min", "max"}:
            yield Problem("unknown_field", f"{where}/{key}", {"field": key})
    for value in expected.values() if isinstance(expected, dict) else [expected]:
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            yield Problem("not_a_number", where, {"value": str(value)})
        elif value is None and isinstance(expected, dict):
            yield Problem("not_a_number", where, {"value": "null"})
