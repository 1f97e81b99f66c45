"""A new rule to change: small, valid, running, with a worked inventory and tests beside it."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from pathlib import Path
from string import Template
from typing import Any

from lcaengine.background import Release
from lcaengine.problems import Problem, Refused
from lcaengine.rules import Rule, load_rule
from lcaengine.rules.library import rule_path

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 60
VERSION = "1.0.0"
AMOUNTS = {"ingredient": 1.05, "packaging_film": 0.05, "electricity": 0.5}
Json = dict[str, Any]


def new_rule(identifier: str, out: Path, release: Release, extends: str | None = None) -> Path:
    """Write ``out/<id>/1.0.0`` with rule, tests and a worked inventory; returns the rule's file.

    Raises `Refused` for a name that cannot be one, a folder that is there, or a base that is not.
    """
    check_name(identifier)
    if extends:
        load_rule(rule_path(extends))
    target = out / identifier
    if target.exists():
        raise Refused(Problem("already_there", "", {"path": str(target)}))
    try:
        return _written(identifier, target, release, extends)
    except OSError as error:
        values = {"path": str(target), "why": error.strerror or str(error)}
        raise Refused(Problem("cannot_write", "", values)) from error


def check_name(identifier: str) -> None:
    """A rule's id can be the name of a folder; raises `Refused`."""
    if not NAME.fullmatch(identifier) or len(identifier) > LONGEST_NAME:
        raise Refused(Problem("rule_name", "", {"value": identifier}))


def _written(identifier: str, target: Path, release: Release, extends: str | None) -> Path:
    """Everything is written aside, loaded once, and moved into place in one step."""
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".new-", dir=target.parent))
    try:
        os.chmod(work, 0o755)
        folder = work / VERSION
        for name in ("tests", "inventories"):
            (folder / name).mkdir(parents=True)
        (folder / "rule.yaml").write_text(_rule_text(identifier, extends), encoding="utf-8")
        rule = load_rule(folder / "rule.yaml")
        bom = json.dumps(example(rule), ensure_ascii=False, indent=2) + "\n"
        (folder / "inventories" / f"{identifier}-example.json").write_text(bom, encoding="utf-8")
        (folder / "tests" / "example.yaml").write_text(_tests(identifier, release, extends), encoding="utf-8")
        os.replace(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return target / VERSION / "rule.yaml"


def _rule_text(identifier: str, extends: str | None) -> str:
    name = "scaffold-extension.yaml" if extends else "scaffold-rule.yaml"
    text = (Path(__file__).parent / name).read_text(encoding="utf-8")
    return Template(text).substitute(id=identifier, prefix=identifier.upper(), base=extends)


def example(rule: Rule) -> Json:
    """A bill of materials with what a rule asks for and nothing else; the amounts are placeholders."""
    return {
        "product": {
            "id": f"{rule.id}-example", "name": {"zh": f"{rule.id}（示例，数量待改）", "en": f"{rule.id} (example, amounts to change)"},
            "category": rule.id, "declared_unit": rule.declared_unit.as_dict(),
        },
        "site": {"country": rule.home_countries[0]},
        "basis": "declared_unit",
        "lines": [_line(role, rule) for role in needed_roles(rule)],
        "activities": {section: [_activity(section, rule)] for section in _needed_activities(rule)},
    }  # fmt: skip


def needed_roles(rule: Rule) -> list[str]:
    """One role for everything that a bill of materials must have."""
    roles = [need.role for need in rule.requirements if need.role]
    roles += [role.id for role in rule.roles.values() if role.required]
    have = {group for name in roles for group in rule.roles[name].groups}
    for group in (need.group for need in rule.requirements if need.group):
        if group not in have:
            roles.append(next(role.id for role in rule.roles.values() if group in role.groups))
            have.update(rule.roles[roles[-1]].groups)
    return list(dict.fromkeys(roles)) or list(rule.roles)[:1]


def _needed_activities(rule: Rule) -> list[str]:
    return list(dict.fromkeys(need.activities[0] for need in rule.requirements if need.activities))


def _line(name: str, rule: Rule) -> Json:
    role = rule.roles[name]
    return {"id": name, "name": role.name["en"], "role": name, "amount": AMOUNTS.get(name, 1), "unit": role.unit}


def _activity(section: str, rule: Rule) -> Json:
    from lcaengine.bom.model import KIND_FIELD

    activity = rule.activities[section]
    kind = activity.default_kind or next(iter(activity.kinds))
    unit = activity.unit or activity.kinds[kind].unit
    chosen = {} if activity.default_kind else {KIND_FIELD[section]: kind}
    return {"id": section, **chosen, "amount": AMOUNTS.get(section, 1), "unit": unit}


def _tests(identifier: str, release: Release, extends: str | None) -> str:
    """Two lines worked out by hand from the factors of the release; over a base only that a result comes out."""
    head = f"# 期望值取自手算，不取自引擎。Expected values come from paper, not from the engine.\n- name: {identifier}-example\n"
    given = f"  input: {{inventory: {identifier}-example.json}}\n"
    if extends:
        return f"{head}  why: a placeholder; put values worked out by hand here  请改为手算值\n{given}  output: {{total: {{min: 0}}}}\n"
    power, road = (_factor(code, release) for code in ("electricity-cn", "lorry-heavy-diesel-cn"))
    why = f"electricity 0.5 kWh × {power:g}; distribution (1 + 0.05) kg × 500 km = 0.525 t km × {road:g}"
    lines = f"{{electricity: {0.5 * power!r}, outbound_road: {0.525 * road!r}}}"
    return f"{head}  why: {why}\n  boundary: cradle_to_grave\n{given}  output: {{lines: {lines}}}\n"


def _factor(code: str, release: Release) -> float:
    return float(release.scores[release.find(code), release.column_index["gwp100_excluding_biogenic_uptake"]])
