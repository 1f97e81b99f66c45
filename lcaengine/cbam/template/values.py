"""What the engine calculates and the Commission's template wants typed in: DirEm*, factors of own heat and power, defaults."""

from __future__ import annotations

from lcaengine.cbam.installation import Result


def direct_emissions(result: Result) -> dict[str, float]:
    """DirEm* of equation (55) by process id, t CO2e."""
    return {a.process.id: a.terms["direct"] for a in result.attribution.processes}


def computed_factors(result: Result) -> dict[str, float]:
    """Factors that the document leaves to be calculated, by JSON pointer: t CO2/TJ, t CO2/MWh, t CO2e/t."""
    found = {}
    for p in result.installation.processes:
        for flow in (*p.heat_in, *p.heat_out):
            if flow.factor is None and flow.other and flow.other in result.attribution.supplies:
                found[flow.where] = result.attribution.supplies[flow.other].heat_factor
        for flow in (*p.electricity, *p.electricity_out):
            if flow.factor is None and flow.other and flow.other in result.attribution.supplies:
                found[flow.where] = result.attribution.supplies[flow.other].electricity_factor
    found |= {v.precursor.where + "/see_direct": v.own.direct for v in result.precursors if v.precursor.direct is None}
    return found
