"""What can be wrong with a rule beyond what stops it from loading: against the background, and among all rules.

Every finding names the file, the line in it, the rule id and the next action.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lcaengine.background import Release
from lcaengine.inventory.apply import recycled_in_ev
from lcaengine.problems import Language, NotFound, Problem
from lcaengine.rules import Rule, load_rule
from lcaengine.rules.history import WITHDRAWN
from lcaengine.rules.library import rule_files, rule_path, rule_state, version_order
from lcaengine.rules.lint import OTHER
from lcaengine.rules.reading import BadRule, nodes, read_yaml, stamp
from lcaengine.rules.template import Circularity

STATUSES = ("measured", "published", "derived", "estimate")
TREATED = ("waste", "wastewater")  # sections of activities that hand over


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem of a rule's file; ``line`` counts from 1, ``rule_id`` is empty where the place has none."""

    problem: Problem
    file: str
    line: int
    rule_id: str

    def as_dict(self, language: Language = "en") -> dict[str, Any]:
        return {**self.problem.as_dict(language), "file": self.file, "line": self.line, "rule_id": self.rule_id}


def lint_file(path: Path, release: Release, others: Iterable[Path] | None = None) -> list[Finding]:
    """Every finding of the rule in a file; ``others`` are the files that it must get on with (default: all known)."""
    try:
        rule = load_rule(path)
    except BadRule as bad:
        own = "/".join(path.parts[-3:]) + ": "
        return [located(dataclasses.replace(p, where=p.where.removeprefix(own)), path) for p in bad.problems]
    known = list(rule_files()) if others is None else list(others)
    problems = [*check_place(rule, path), *check_background(rule, release), *check_evidence(rule), *check_texts(rule)]
    problems += check_hs_codes(rule, _newest(p for p in known if p.parent.parent.name != rule.id))
    return [located(problem, path) for problem in problems]


def lint_library(release: Release, files: Iterable[Path] | None = None) -> list[Finding]:
    """Every finding of some files (default: all known), each checked with all the others."""
    asked = list(rule_files()) if files is None else list(files)
    known = list(dict.fromkeys([*rule_files(), *asked]))
    return [finding for path in asked for finding in lint_file(path, release, known)]


# -- checks


def check_place(rule: Rule, path: Path) -> Iterator[Problem]:
    """The folders are called as the rule and its version."""
    folder = f"{path.parent.parent.name}/{path.parent.name}"
    if folder != f"{rule.id}/{rule.version}":
        yield Problem("rule_misplaced", "/id", {"folder": folder, "rule": f"{rule.id}/{rule.version}"})


def check_background(rule: Rule, release: Release) -> Iterator[Problem]:
    """Every background process that the rule names is in the release, and a treatment where something is handed over."""
    for where, code, treated in dict.fromkeys(named_processes(rule)):
        try:
            product = release.find(code, where)
        except NotFound as missing:
            yield from missing.problems
            continue
        if treated is not None and bool(release.production[product] < 0) != treated:
            yield Problem("not_a_treatment", where, {"process": code})
    for material in rule.circularity.values():
        if material.ev in release.index:
            yield from recycled_in_ev(material, rule, release)
    for where, flow in _flows(rule):
        if flow not in release.flow_index:
            yield Problem("unlinked", where, {"target": flow})
    for role in rule.roles.values():
        if role.id != OTHER and not _fillable(role.id, rule, release):
            yield Problem("role_unfillable", f"/roles/{role.id}", {"role": role.name})


def named_processes(rule: Rule) -> Iterator[tuple[str, str, bool | None]]:
    """Pointer, code and whether it must be a treatment, of every background process that a rule names."""
    for role in rule.roles.values():
        where = f"/roles/{role.id}"
        codes = [role.target, *role.accepts]
        codes += [role.recycled.virgin, role.recycled.recycled] if role.recycled else []
        yield from ((where, code, False) for code in codes if code)
    for activity in rule.activities.values():
        where, treated = f"/activities/{activity.section}", activity.section in TREATED
        if activity.unclaimed:
            yield f"{where}/unclaimed", activity.unclaimed, treated
        for name, kind in activity.kinds.items():
            yield from ((f"{where}/kinds/{name}", code, treated) for code in (kind.target, kind.market) if code)
    yield from ((f"/inbound_modes/{mode}", code, False) for mode, code in rule.inbound_modes.items())
    for name, end in rule.end_of_life.items():
        yield from ((f"/end_of_life/{name}", route.target, True) for route in end.routes)
    yield from ((f"/exchanges/{e.id}/target", e.target, e.waste) for e in rule.exchanges if not e.emission)
    for material in rule.circularity.values():
        yield from _of_material(material)


def _of_material(material: Circularity) -> Iterator[tuple[str, str, bool | None]]:
    """The processes of the circular footprint formula; what recycles or recovers energy may be either."""
    where = f"/circularity/{material.id}"
    for key in ("ev", "ev_star", "heat", "power"):
        if code := getattr(material, key):
            yield f"{where}/{key}", code, False
    for key in ("erec", "erec_eol", "energy"):
        if code := getattr(material, key):
            yield f"{where}/{key}", code, None
    yield from ((f"{where}/disposal", route.target, True) for route in material.disposal)


def _flows(rule: Rule) -> Iterator[tuple[str, str]]:
    """Pointer and key of every elementary flow that a rule names."""
    yield from ((f"/exchanges/{e.id}/target", e.target) for e in rule.exchanges if e.emission)
    yield from ((f"/roles/{r.id}/flows", flow) for r in rule.roles.values() for flow in r.flows)
    for activity in rule.activities.values():
        for name, kind in activity.kinds.items():
            yield from ((f"/activities/{activity.section}/kinds/{name}/flows", flow) for flow in kind.flows)


def _fillable(name: str, rule: Rule, release: Release) -> bool:
    """Some process of the release can stand behind a line of the role."""
    role = rule.roles[name]
    codes = [role.target, *role.accepts, role.recycled.virgin if role.recycled else None]
    codes.append(rule.circularity[role.circular].ev if role.circular else None)
    return any(code in release.index for code in codes if code)


def check_evidence(rule: Rule) -> Iterator[Problem]:
    """Whatever says something has a rule id and a source; every default a status that is known, every estimate a reason."""
    for where, item in _said(rule):
        for key in ("rule_id", "source"):
            if hasattr(item, key) and not getattr(item, key).strip():
                yield Problem("evidence_missing", where, {"field": key})
        status = getattr(item, "status", STATUSES[0])
        if status not in STATUSES:
            yield Problem("unknown_status", f"{where}/status", {"value": status, "known": list(STATUSES)})
        if status == "estimate" and not getattr(item, "note", "–").strip():
            yield Problem("estimate_without_reason", f"{where}/note")


def check_texts(rule: Rule) -> Iterator[Problem]:
    """Every text and name is there in both languages."""
    said = [("", rule), *_said(rule)]
    for where, item in said:
        for key in ("title", "notice", "name", "text"):
            text = getattr(item, key, None)
            if not isinstance(text, Mapping):
                continue
            for language in ("zh", "en"):
                if not str(text.get(language) or "").strip():
                    yield Problem("text_missing", f"{where}/{key}", {"field": key, "language": language})


def _said(rule: Rule) -> Iterator[tuple[str, Any]]:
    """Pointer and value of every part of a rule that has a rule id, a source or a status."""
    for field in dataclasses.fields(rule):
        part = getattr(rule, field.name)
        if dataclasses.is_dataclass(part):
            yield f"/{field.name}", part
        entries = list(part.values() if isinstance(part, dict) else part) if isinstance(part, (dict, tuple)) else []
        for i, entry in enumerate(e for e in entries if dataclasses.is_dataclass(e)):
            name = next((getattr(entry, k) for k in ("id", "section", "rule_id") if getattr(entry, k, "")), i)
            yield f"/{field.name}/{name}", entry
            dated = getattr(entry, "dated", ())
            yield from ((f"/{field.name}/{name}/dated/{j}", d) for j, d in enumerate(dated))


def check_hs_codes(rule: Rule, others: Iterable[Rule]) -> Iterator[Problem]:
    """No other rule claims a customs code of this one; abstract rules claim nothing."""
    if rule.abstract:
        return
    for other in others:
        for code in sorted(set(rule.hs_codes) & set(other.hs_codes)):
            values = {"code": code, "rule": rule.id, "other": f"{other.id}@{other.version}"}
            yield Problem("hs_code_claimed", "/hs_codes", values)


def _newest(files: Iterable[Path]) -> list[Rule]:
    """The newest version of every rule that loads, is not abstract and not withdrawn."""
    newest: dict[str, Rule] = {}
    for path in files:
        try:
            rule, state = load_rule(path), rule_state(path)
        except BadRule:
            continue
        last = newest.get(rule.id)
        if (
            state != WITHDRAWN
            and not rule.abstract
            and (not last or version_order(last.version) < version_order(rule.version))
        ):
            newest[rule.id] = rule
    return list(newest.values())


# -- places


def located(problem: Problem, path: Path) -> Finding:
    """The problem with file, line and rule id; a place that the rule inherited is in the file of its base."""
    best = max((_found(problem.where, file) for file in _files(path)), key=lambda found: found[0])
    _, file, line, rule_id = best
    rule_id = rule_id.strip() or str(problem.values.get("rule_id", ""))
    return Finding(problem, "/".join(file.parts[-3:]), line, rule_id)


def _files(path: Path) -> list[Path]:
    """A rule's file and those of its bases, as far as they can be read."""
    files = [path]
    try:
        while (base := read_yaml(files[-1]).get("extends")) and len(files) < 6:
            files.append(rule_path(str(base)))
    except BadRule:
        pass
    return files


def _found(where: str, file: Path) -> tuple[int, Path, int, str]:
    """How many steps of a pointer a file holds, the file, the line where it ends and the nearest rule id."""
    if line := re.match(r"line (\d+)", where):
        return 0, file, int(line[1]), ""
    try:
        node = nodes(file, stamp(file))
    except (BadRule, OSError):
        return 0, file, 1, ""
    return _walk(node, [part for part in where.split("/") if part], file)


def _walk(node: Any, steps: list[str], file: Path) -> tuple[int, Path, int, str]:
    depth, line, rule_id = 0, 1, ""
    for step in steps:
        found = _child(node, step) or (_with_rule_id(node, step) if depth == 0 else None)
        if found is None:
            break
        key, node = found
        depth, line = depth + 1, key.start_mark.line + 1
        rule_id = _text(node, "rule_id") or rule_id
    return depth, file, line, rule_id


def _child(node: Any, step: str) -> tuple[Any, Any] | None:
    """The node that a step leads to, with the node that names it: by key, by place, or by id or rule id."""
    if isinstance(node, yaml.MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, yaml.SequenceNode):
        if step.isdigit() and int(step) < len(node.value):
            return node.value[int(step)], node.value[int(step)]
        return next(((n, n) for n in node.value if step in {_text(n, "id"), _text(n, "rule_id")}), None)
    return None


def _with_rule_id(node: Any, rule_id: str) -> tuple[Any, Any] | None:
    """The first entry anywhere that has a rule id: some checks name only that."""
    if isinstance(node, yaml.MappingNode):
        if _text(node, "rule_id") == rule_id:
            return node, node
        inner = [value for _, value in node.value]
    else:
        inner = node.value if isinstance(node, yaml.SequenceNode) else []
    return next((found for n in inner if (found := _with_rule_id(n, rule_id))), None)


def _text(node: Any, key: str) -> str:
    if not isinstance(node, yaml.MappingNode):
        return ""
    return next((str(value.value) for k, value in node.value if k.value == key), "")
