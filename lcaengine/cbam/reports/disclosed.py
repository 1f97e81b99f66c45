"""What the importer's summary may be built from: a list of what is let through, everything else never reaches it.

Annex IV point 1.2 of IR (EU) 2025/2547 is the measure. The operator's other data are commercially sensitive (recital 17): quantities,
activity data, factors, suppliers of electricity, counterparts of heat and waste gas, persons, the names and ids of precursors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]
ALL = True

ALLOWED: Mapping[str, Any] = {
    "about": dict.fromkeys(
        ("name", "operator", "registration_number", "operator_address", "registry_id", "unlocode", "address", "latitude", "longitude"), ALL
    ),
    "period": {"start": ALL, "end": ALL},
    "year": ALL,
    "emissions": {"direct": {"reported": ALL}},
    "processes": {
        "id": ALL, "name": ALL, "category": ALL, "scope": ALL, "routes": ALL, "attributed": {"direct": {"reported": ALL}},
    },
    "goods": {
        "cn_code": ALL, "description": ALL, "process": ALL, "scope": ALL, "functional_unit": ALL,
        "declarable": {"direct": {"reported": ALL}, "indirect": {"reported": ALL}, "default_share": ALL},
    },
    "electricity": {"shares": ALL, "indirect_emissions": {"value": ALL}},
    "generation": ALL,
    "heat": {"imported": ALL, "exported": ALL},
    "waste_gas": {"used": ALL, "imported": ALL, "exported": ALL},
    "transfers": {"direction": ALL, "counterpart": ALL},
    "zero_rated": ALL,
    "precursors": dict.fromkeys(
        ("number", "kind", "cn_code", "description", "country", "basis", "default", "direct", "indirect", "used_direct", "used_indirect", "start",
         "end", "default_period", "subset", "operator", "installation", "registry_id"), ALL
    ),
    "free_allocation": {"by_process": ALL, "reasons": ALL, "benchmarks": ALL},
    "operator": {"monitoring_plan": {"zero_rating": ALL}, "electricity": {"criteria_met": ALL}, "benchmarks_confirmed": ALL},
}  # fmt: skip


def disclosed(facts: Json) -> Json:
    """The facts of `lcaengine.cbam.reports.facts` that the summary may use."""
    return {key: _picked(facts[key], allowed) for key, allowed in ALLOWED.items()}


def _picked(value: Any, allowed: Any) -> Any:
    if allowed is ALL or value is None:
        return value
    if isinstance(value, list):
        return [_picked(row, allowed) for row in value]
    return {key: _picked(value[key], below) for key, below in allowed.items() if key in value}
