"""PACT's units of measurement and ours."""

from __future__ import annotations

from lcaengine import units
from lcaengine.problems import Problem, Refused

OURS = {
    "kilogram": "kg", "liter": "L", "cubic meter": "m3", "kilowatt hour": "kWh", "megajoule": "MJ", "ton kilometer": "t*km",
    "square meter": "m2", "piece": "piece", "hour": "h",
}  # fmt: skip


def pact_unit(unit: str) -> str:
    """PACT's name for the same unit, else for the first of its dimension; raises `Refused` where it has none."""
    fitting = [name for name, ours in OURS.items() if units.same_dimension(unit, ours)]
    if not fitting:
        raise Refused(Problem("pact_no_unit", "/product/declared_unit/unit", {"unit": unit}))
    return next((name for name in fitting if units.factor(unit, OURS[name]) == 1.0), fitting[0])
