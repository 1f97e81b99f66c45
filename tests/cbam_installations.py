"""Small installations for tests: figures chosen so that every result can be worked out by hand."""

from __future__ import annotations

import copy
from typing import Any

Json = dict[str, Any]


def tonnes(amount: float) -> Json:
    return {"amount": amount, "unit": "t"}


def installation(**changes: Any) -> Json:
    """One process: 100 t of carbon steel screws from 110 t of wire, 20 t CO2 of its own, 50 MWh at 0.5 t/MWh."""
    document: Json = {
        "installation": {"name": {"zh": "示例", "en": "Example"}, "country": "CN"},
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "processes": [
            {
                "id": "screws", "category": "iron_or_steel_products", "production": [tonnes(100)],
                "goods": [{"cn_code": "73181588", "name": "Screws"}],
                "direct_emissions": tonnes(20),
                "electricity": {"consumed": [{"amount": 50, "unit": "MWh", "emission_factor": {"amount": 0.5, "unit": "t CO2/MWh"}}]},
            }
        ],
        "precursors": [wire()],
    }  # fmt: skip
    return {**document, **changes}


def wire(**changes: Any) -> Json:
    """110 t of wire rod at 2 t CO2e/t direct and 0.3 indirect, of which the verifier's report covers the year."""
    row: Json = {
        "id": "wire", "name": "Wire rod", "cn_code": "72139149", "country": "CN", "purchased": tonnes(110),
        "consumed": [{"process": "screws", **tonnes(110)}], "evidence": "actual",
        "see_direct": {"amount": 2.0, "unit": "t CO2e/t"}, "see_indirect": {"amount": 0.3, "unit": "t CO2e/t"},
        "indirect_in_scope": {"amount": 0.0, "unit": "t CO2e/t"},
        "verification": {"verifier": "V", "report": "R-1", "start": "2026-01-01", "end": "2026-12-31"},
    }  # fmt: skip
    row |= changes
    return {k: v for k, v in row.items() if v is not None}


def changed(document: Json, pointer: str, value: Any) -> Json:
    """A copy with one place changed; None removes it."""
    result = copy.deepcopy(document)
    *way, last = [int(p) if p.isdigit() else p for p in pointer.strip("/").split("/")]
    target: Any = result
    for part in way:
        target = target[part]
    if value is None:
        del target[last]
    elif isinstance(target, list) and last == len(target):
        target.append(value)
    else:
        target[last] = value
    return result
