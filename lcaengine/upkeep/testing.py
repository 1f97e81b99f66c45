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
from lcaengine.footprint import body, calculate
from lcaengine.problems import Language, Problem, Refused
from lcaengine.rules import Rule
from lcaengine.rules.reading import MAX_BYTES
from lcaengine.upkeep.inventories import documents, find_inventory

TOLERANCE = 1e-6
MOST_NODES = 200_000
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
        if isinstance(self.expected, list) or self.found is None:
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
        for i, case in enumerate(_read(path)):
            _check_shape(case, f"{path.name}: /{i}")
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


def _read(path: Path) -> list[Any]:
    """The list in a file of tests. Aliases are allowed here (cases share a bill of materials), bombs are not."""
    data = path.read_bytes()
    if len(data) > MAX_BYTES:
        raise Refused(Problem("too_large", path.name, {"bytes": len(data), "limit": MAX_BYTES}))
    try:
        found = yaml.safe_load(data.decode("utf-8"))
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise Refused(Problem("not_yaml", path.name, {"why": str(error).replace("\n", " ")[:200]})) from error
    if not isinstance(found, list):
        raise Refused(Problem("not_a_list", path.name))
    if (size := _written_out(found, {})) > MOST_NODES:
        raise Refused(Problem("too_large", path.name, {"bytes": size, "limit": MOST_NODES}))
    return found


def _written_out(value: Any, known: dict[int, int]) -> int:
    """How many values there are with every alias written out; one within itself counts as too many."""
    if not isinstance(value, (dict, list)):
        return 1
    if id(value) not in known:
        known[id(value)] = MOST_NODES + 1
        inner = value.values() if isinstance(value, dict) else value
        known[id(value)] = 1 + sum(_written_out(v, known) for v in inner)
    return known[id(value)]


def _check_shape(case: Any, where: str) -> None:
    """A case has a name, an input and an output that the runner knows; raises `Refused`."""
    if not isinstance(case, dict):
        raise Refused(Problem("not_an_object", where))
    problems = [
        Problem("required", f"{where}/{key}", {"field": key}) for key in ("name", "input", "output") if key not in case
    ]
    problems += [Problem("unknown_field", f"{where}/{key}", {"field": key}) for key in case.keys() - KEYS]
    for key in ("input", "output"):
        if key in case and not isinstance(case[key], dict):
            problems.append(Problem("not_an_object", f"{where}/{key}"))
    if problems:
        raise Refused(problems)
    problems += [
        Problem("unknown_field", f"{where}/output/{key}", {"field": key}) for key in case["output"].keys() - OUTPUT
    ]
    if not case["input"].keys() & {"bom", "inventory"}:
        problems.append(Problem("required", f"{where}/input", {"field": "inventory"}))
    if problems:
        raise Refused(problems)
