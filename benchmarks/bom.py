"""A bill of materials of fifty lines, for the rule of beer."""

from __future__ import annotations

from typing import Any

LINES = 50
_GRAIN = (
    ("malt", None),
    ("malt_special", None),
    ("rice", None),
    ("maize", None),
    ("barley", None),
    ("sugar", None),
)
_MINOR = (("hops", None), ("yeast", None), ("co2", None), ("filter_aid", None), ("cleaning_agent", None))
_PACKING = (
    "can",
    "crown_cork",
    "label",
    "carton",
    "film",
    "crate",
    "pallet",
    "closure_plastic",
    "bottle_one_way",
)


def document(lines: int = LINES) -> dict[str, Any]:
    """The JSON document: ``lines`` materials and packagings, and the activities that the rule asks for."""
    first = {"id": "malt-0", "name": "Malt 0", "amount": 9.0, "unit": "kg", "role": "malt"}
    return {
        "product": {
            "id": "bench",
            "name": "Lager",
            "category": "beer",
            "declared_unit": {"amount": 1, "unit": "hl"},
        },
        "site": {"country": "CN", "region": "CN-SD"},
        "basis": "declared_unit",
        "lines": [first, *(_line(i) for i in range(1, lines))],
        "activities": {
            "electricity": [{"amount": 9.5, "unit": "kWh"}],
            "fuels": [{"fuel": "natural_gas", "amount": 2.3, "unit": "m3"}],
            "water": [{"amount": 0.4, "unit": "m3"}],
            "wastewater": [{"amount": 0.28, "unit": "m3"}],
        },
    }


def _line(i: int) -> dict[str, Any]:
    roles = [role for role, _ in (*_GRAIN, *_MINOR)] + list(_PACKING)
    role = roles[i % len(roles)]
    amount = {"can": 3.0, "bottle_one_way": 5.0, "malt": 1.0}.get(role, 0.02)
    return {
        "id": f"{role}-{i}",
        "name": f"{role} {i}",
        "amount": amount + 0.001 * i,
        "unit": "kg",
        "role": role,
    }
