"""What differs between two versions of a rule: by section, readable, with the reason, and how large a step of version it needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lcaengine.rules import Rule

Texts = Mapping[str, str]
PATCH, MINOR, MAJOR = LEVELS = ("patch", "minor", "major")
NOT_COMPARED = frozenset({"id", "version", "sha256", "overrides", "changes", "effective"})
ONLY_TEXTS = frozenset({"name", "text", "title", "notice", "note", "locator", "read_in", "status", "source", "rule_id"})
NOTES = frozenset({"note", "locator", "rule_id", "source", "status"})
REMOVAL_IS_MAJOR = frozenset(
    {"roles", "parameters", "requirements", "choices", "activities", "boundaries", "categories"}
)
CHANGE_IS_MAJOR = frozenset({"declared_unit", "boundaries", "default_boundary", "indicator"})

SECTIONS: Mapping[str, tuple[str, str]] = {
    "parameters": ("参数", "parameter"), "roles": ("角色", "role"), "requirements": ("要求", "requirement"),
    "processes": ("单元过程", "unit process"), "activities": ("活动", "activity"), "stages": ("阶段", "stage"),
    "exchanges": ("规则添加的输入", "exchange"), "end_of_life": ("生命末期", "end of life"), "inbound": ("入厂运输", "inbound"),
    "inbound_modes": ("运输方式", "mode"), "co_products": ("联产品", "co-product"), "guardrails": ("常见范围", "guardrail"),
    "sources": ("来源", "source"), "boundaries": ("系统边界", "boundary"), "choices": ("选项", "choice"),
    "circularity": ("循环足迹公式", "circularity"), "per": ("其他计量", "per"), "modules": ("单独报告的部分", "module"),
    "cut_offs": ("取舍", "cut-off"), "benchmarks": ("对照值", "benchmark"), "disclosures": ("披露", "disclosure"),
    "declared_unit": ("声明单位", "declared unit"), "data_quality": ("数据质量", "data quality"), "period": ("数据期", "period"),
}  # fmt: skip
FIELDS: Mapping[str, tuple[str, str]] = {
    "default": ("缺省值", "default"), "formula": ("公式", "formula"), "min": ("下限", "minimum"), "max": ("上限", "maximum"),
    "status": ("状态", "status"), "source": ("来源", "source"), "note": ("说明", "note"), "locator": ("出处", "locator"),
    "target": ("背景过程", "background process"), "unit": ("单位", "unit"), "amount": ("数量", "amount"),
    "name": ("名称", "name"), "text": ("文本", "text"), "accepts": ("可接受的过程", "accepted processes"),
    "dated": ("按日期的缺省值", "dated defaults"), "routes": ("去向", "routes"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. ``field`` is a path within the entry (empty: the whole entry); values are JSON-ready."""

    section: str
    entry: str
    field: str
    kind: str
    old: Any
    new: Any
    rule_id: str = ""
    name: Texts = dataclasses.field(default_factory=dict)
    unit: str = ""
    why: str = ""

    @property
    def level(self) -> str:
        """The step of version that this change needs at least."""
        if self.section in CHANGE_IS_MAJOR or (self.kind == "removed" and self._missed()):
            return MAJOR
        texts = self.section in ONLY_TEXTS or self.section == "sources" or self.field.split("/")[0] in ONLY_TEXTS
        return PATCH if texts or self.field.endswith(("/zh", "/en")) else MINOR

    def _missed(self) -> bool:
        """A bill of materials may have used what is gone: an entry, a kind of an activity or an option of a choice."""
        return self.section in REMOVAL_IS_MAJOR and (not self.field or self.field.startswith(("kinds/", "options/")))

    def text(self) -> dict[str, str]:
        """One sentence in each language."""
        return {"zh": self._sentence(0), "en": self._sentence(1)}

    def _sentence(self, language: int) -> str:
        section = SECTIONS.get(self.section, (self.section, self.section))[language]
        name = self.name.get(("zh", "en")[language]) or self.entry
        subject = " ".join(filter(None, (section, f"“{name}”" if language == 0 and name else name and f"'{name}'")))
        first, *rest = self.field.split("/")
        field = "/".join(filter(None, (FIELDS.get(first, (first, first))[language], *rest)))
        old, new = f"{shown(self.old)} {self.unit}".strip(), f"{shown(self.new)} {self.unit}".strip()
        part = ("：" if language == 0 else ": ") + field if field else ""
        if self.kind == "changed":
            return f"{subject}{part}由 {old} 改为 {new}" if language == 0 else f"{subject}{part} from {old} to {new}"
        verb = {"added": ("新增", "added"), "removed": ("删除", "removed")}[self.kind][language]
        value = old if self.kind == "removed" else new
        tail = f" {value}" if field else ""
        return f"{verb}{subject}{part}{tail}" if language == 0 else f"{subject}{part} {verb}{tail}"

    def as_dict(self) -> dict[str, Any]:
        return {**dataclasses.asdict(self), "level": self.level, "text": self.text()}


@dataclass(frozen=True, slots=True)
class RuleDifference:
    """All differences of two rules, in the order of the sections."""

    old: Rule
    new: Rule
    changes: tuple[Change, ...]

    @property
    def level(self) -> str:
        """The least step of version from old to new."""
        return max((c.level for c in self.changes), key=LEVELS.index, default=PATCH)

    def as_dict(self) -> dict[str, Any]:
        counts = {kind: sum(c.kind == kind for c in self.changes) for kind in ("added", "removed", "changed")}
        return {
            "old": self.old.about(), "new": self.new.about(), "why": dict(self.new.changes), "level": self.level,
            "counts": counts, "changes": [c.as_dict() for c in self.changes],
        }  # fmt: skip


def difference(old: Rule, new: Rule) -> RuleDifference:
    """Every difference between two rules, as they are after inheritance."""
    before, after = dataclasses.asdict(old), dataclasses.asdict(new)
    names = [f.name for f in dataclasses.fields(Rule) if f.name not in NOT_COMPARED]
    return RuleDifference(old, new, tuple(c for n in names for c in _section(n, before[n], after[n])))


def step(old: str, new: str) -> str | None:
    """The step from one semantic version to a higher one: major, minor or patch; None where it is not higher."""
    before, after = ([int(part) for part in version.split(".")] for version in (old, new))
    if after <= before:
        return None
    return next(level for level, a, b in zip((MAJOR, MINOR, PATCH), before, after, strict=True) if a != b)


def _section(section: str, old: Any, new: Any) -> Iterator[Change]:
    before, after = _entries(old), _entries(new)
    if before is None or after is None:
        if old != new:
            yield Change(section, "", "", "changed", old, new)
        return
    for name in dict.fromkeys((*before, *after)):
        yield from _entry(section, name, before.get(name), after.get(name))


def _entries(part: Any) -> dict[str, Any] | None:
    """The entries of a section by name: a mapping's own, a list's by id or rule id; None where it has no entries."""
    if isinstance(part, dict):
        return part
    if not isinstance(part, Sequence) or isinstance(part, str):
        return None
    if not all(isinstance(e, dict) for e in part):
        return {str(e): e for e in part}
    return _named([(str(e.get("id") or e.get("section") or e.get("rule_id") or shown(e)), e) for e in part])


def _named(entries: list[tuple[str, Any]]) -> dict[str, Any]:
    """Names made different where two entries share a rule id."""
    found: dict[str, Any] = {}
    for name, entry in entries:
        number = sum(key == name or key.startswith(f"{name} (") for key in found)
        found[f"{name} ({number + 1})" if number else name] = entry
    return found


def _entry(section: str, name: str, old: Any, new: Any) -> Iterator[Change]:
    if old == new:
        return
    is_object = isinstance(old or new, dict)
    entry: dict[str, Any] = (new or old) if is_object else {}
    about = {"rule_id": entry.get("rule_id", ""), "name": entry.get("name") or {}, "why": entry.get("note", "") or ""}
    if old is None or new is None:
        yield Change(section, name, "", "added" if old is None else "removed", old, new, **about)
        return
    if not is_object:
        yield Change(section, name, "", "changed", old, new)
        return
    for path, before, after in _fields(old, new):
        number = isinstance(before, (int, float)) and isinstance(after, (int, float))
        unit = str(entry.get("unit") or "") if number else ""
        kind = "added" if before is None else "removed" if after is None else "changed"
        yield Change(section, name, path, kind, before, after, unit=unit, **about)


def _fields(old: Mapping[str, Any], new: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any, Any]]:
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _fields(before, after, f"{path}{key}/")
        elif before != after:
            yield f"{path}{key}", before, after


def shown(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return value.get("en") or ", ".join(f"{k} {shown(v)}" for k, v in value.items() if v not in (None, "", (), {}))
    if isinstance(value, (list, tuple)):
        return ", ".join(shown(v) for v in value) or "–"
    return "–" if value is None or value == "" else str(value)
