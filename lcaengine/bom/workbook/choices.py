"""What a rule takes, as the entries of drop-down lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lcaengine.bom.workbook.layout import LABEL
from lcaengine.problems import Refused
from lcaengine.rules import Rule
from lcaengine.sheets.table import Languages
from lcaengine.units import factor

UNITS = (
    "kg",
    "g",
    "t",
    "piece",
    "L",
    "ml",
    "hl",
    "m3",
    "kWh",
    "MWh",
    "MJ",
    "GJ",
    "km",
    "m",
    "m2",
    "t*km",
    "a",
    "h",
    "CNY",
)
BASES = {"declared_unit": ("每声明单位", "per declared unit"), "period": ("每期间", "for a period")}
BOUNDARIES = {"cradle_to_gate": ("摇篮到大门", "cradle to gate"), "cradle_to_grave": ("摇篮到坟墓", "cradle to grave")}
SHARED = {"yes": ("是", "yes"), "no": ("否", "no")}


class Choices:
    """The drop-down lists of a rule, in one language or both."""

    def __init__(self, rule: Rule, languages: Languages) -> None:
        self.rule, self.languages = rule, languages
        self.labels = {
            "role": {r.id: self._name(r.name) for r in rule.roles.values()},
            "basis": {k: self._pair(v) for k, v in BASES.items()},
            "shared": {k: self._pair(v) for k, v in SHARED.items()},
            "kind": {kind: self._name(k.name or {}) for a in rule.activities.values() for kind, k in a.kinds.items()},
        }

    def units(self, needed: Iterable[str]) -> tuple[str, ...]:
        """The units that convert to one that is needed."""
        wanted = [unit for unit in dict.fromkeys(needed) if unit]
        known = dict.fromkeys([*wanted, *UNITS])
        return tuple(u for u in known if any(_converts(u, unit) for unit in wanted))

    def of_field(self, key: str) -> list[str]:
        match key:
            case "product.category":
                return [self.rule.id]
            case "boundary":
                return [self._entry(b, self._pair(BOUNDARIES.get(b, (b, b)))) for b in self.rule.boundaries]
            case _:
                return [self._entry(k, v) for k, v in self.labels["basis"].items()]

    def of_column(self, section: str, key: str) -> list[str]:
        """The list of a column of a sheet, empty where there is none."""
        activity = self.rule.activities.get(section)
        match key:
            case "unit" if section == "lines":
                return list(self.units([*(r.unit for r in self.rule.roles.values()), "piece"]))
            case "unit" if activity:
                return list(self.units([activity.unit, *(k.unit for k in activity.kinds.values())]))
            case "unit":
                needed = {"co_products": ["kg"], "outputs": [self.rule.declared_unit.unit]}
                return list(self.units(needed.get(section, [])))
            case "kind" if activity:
                return [self._entry(k, self.labels["kind"][k]) for k in activity.kinds]
            case "id" if section == "co_products":
                return list(self.rule.co_products)
            case "role" | "basis" | "shared":
                return [self._entry(k, v) for k, v in self.labels[key].items()]
            case _:
                return []

    def options(self, choice: str) -> list[str]:
        """The options of a choice among the parameters."""
        found = self.rule.choices.get(choice)
        return [self._entry(k, self._name(v)) for k, v in found.options.items()] if found else []

    def labelled(self, key: str, value: Any) -> Any:
        """The entry of a list for a value."""
        labels = self.labels.get(key, {})
        return self._entry(value, labels[value]) if isinstance(value, str) and value in labels else value

    def _entry(self, value: str, label: str) -> str:
        same = label.replace(" ", "_").lower() == value.lower()
        return value if not label or same else value + LABEL + label

    def _pair(self, texts: tuple[str, str]) -> str:
        return self._name({"zh": texts[0], "en": texts[1]})

    def _name(self, texts: Mapping[str, str]) -> str:
        return " ".join(texts[language] for language in self.languages if texts.get(language))


def _converts(unit: str, needed: str) -> bool:
    try:
        factor(unit, needed)
    except Refused:
        return False
    return True
