"""Precursors as the reports ask for them: bought ones and those that one process makes for another."""

from __future__ import annotations

from typing import Any

from lcaengine.cbam.installation import Result, calendar_year
from lcaengine.cbam.installation.precursors import Pair, Valued
from lcaengine.cbam.reports.names import category_name, described
from lcaengine.cbam.tables import normal_cn

Json = dict[str, Any]


def precursor_facts(result: Result, extra: Json) -> list[Json]:
    """Numbered, so that the summary needs neither the ids nor the names that the operator gave its suppliers' goods."""
    origins = {row["precursor"]: row for row in extra.get("precursors", [])}
    bought = [_bought(result, v, origins.get(v.precursor.id, {})) for v in result.precursors]
    own = [_own(result, k) for k, p in enumerate(result.installation.processes) if p.to_processes]
    return [{"number": n, **row} for n, row in enumerate([*bought, *own], start=1)]


def _bought(result: Result, v: Valued, origin: Json) -> Json:
    p = v.precursor
    code = normal_cn(p.cn_code)[:8] if p.cn_code else None
    own, declared = _own_see(v), v.declarable
    return {
        "id": p.id, "kind": "bought", "name": p.name, "cn_code": code, "description": described(code) or category_name(p.category),
        "country": None if p.country == "unknown" else p.country, "country_known": p.country != "unknown", "basis": v.basis,
        "default": v.default.as_dict() if v.default else None, "direct": own.direct if own else None, "indirect": own.indirect if own else None,
        "used_direct": declared.direct if declared else None, "used_indirect": declared.indirect if declared else None,
        "start": p.period.start.isoformat(), "end": p.period.end.isoformat(), "default_period": p.period == result.installation.period,
        "subset": bool(p.subset_evidence), "consumed": dict(p.consumed),
        "operator": origin.get("operator") or p.origin.get("operator"),
        "installation": origin.get("installation") or p.origin.get("installation"),
        "registry_id": origin.get("registry_id") or p.origin.get("registry_id"), "address": origin.get("address"),
    }  # fmt: skip


def _own_see(v: Valued) -> Pair | None:
    """The precursor's own declarable figures, before several sources of one code are averaged."""
    p = v.precursor
    if v.basis == "exempt_origin":
        return Pair(0.0, 0.0)
    if v.basis != "actual" or p.direct is None:
        return None
    return Pair(p.direct, (p.indirect_in_scope if v.annex_ii else p.indirect) or 0.0)


def _own(result: Result, index: int) -> Json:
    """What a process makes for others of the installation: always by actual values, in the installation's own period."""
    p, span = result.installation.processes[index], result.installation.period
    figures = result.embedded.of(index)
    known = not figures["undeclarable"] and calendar_year(result.installation)
    codes = [normal_cn(g.cn_code) for g in p.goods]
    names = [d for c in codes if (d := described(c))]
    direct, indirect = (figures[f"declarable_{part}"] * p.content if known else None for part in ("direct", "indirect"))
    return {
        "id": p.id, "kind": "own", "name": dict(p.name), "cn_code": ", ".join(codes) or None,
        "description": {k: "; ".join(dict.fromkeys(d[k] for d in names)) for k in ("zh", "en")} if names else category_name(p.category),
        "country": None, "country_known": False, "basis": "actual", "default": None, "direct": direct, "indirect": indirect,
        "used_direct": direct, "used_indirect": indirect, "start": span.start.isoformat(), "end": span.end.isoformat(),
        "default_period": True, "subset": False, "consumed": dict(p.to_processes), "operator": None, "installation": None,
        "registry_id": None, "address": None,
    }  # fmt: skip
