"""PACT's own sums, in decimal arithmetic.

    pcfExcludingBiogenicUptake = fossil + land use change + land management + removals + capture + biogenic non-CO2
    pcfIncludingBiogenicUptake = pcfExcludingBiogenicUptake + biogenicCO2Uptake
    biogenicCO2Uptake = −44/12 · biogenicCarbonContent

What we issue obeys them exactly; what we receive is held to them within the rounding of the figures stated.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from lcaengine.problems import Problem

TERMS = (
    "fossilGhgEmissions", "landUseChangeGhgEmissions", "landManagementBiogenicCO2Emissions", "landManagementBiogenicCO2Removals",
    "technologicalCO2Removals", "ccsTechnologicalCO2Capture", "biogenicNonCO2Emissions",
)  # fmt: skip
EXCLUDING, INCLUDING = "pcfExcludingBiogenicUptake", "pcfIncludingBiogenicUptake"
UPTAKE, CARBON = "biogenicCO2Uptake", "biogenicCarbonContent"
DIGITS = 40  # more than any amount needs, fewer than a float has
CO2_PER_C = Decimal(44) / Decimal(12)


def decimal_of(pcf: Mapping[str, Any], name: str) -> Decimal | None:
    """A decimal of a carbon footprint; None where it is not given, or is none."""
    try:
        value = Decimal(str(pcf[name]))
    except (KeyError, InvalidOperation):
        return None
    return value if value.is_finite() and abs(value.adjusted()) <= DIGITS else None


def sum_problems(pcf: Mapping[str, Any]) -> Iterator[Problem]:
    """The sums that a carbon footprint does not obey."""
    excluding, including = decimal_of(pcf, EXCLUDING), decimal_of(pcf, INCLUDING)
    uptake, carbon = decimal_of(pcf, UPTAKE), decimal_of(pcf, CARBON)
    terms = [value for name in TERMS if (value := decimal_of(pcf, name)) is not None]
    if excluding is not None:
        yield from _compared(EXCLUDING, excluding, sum(terms, Decimal(0)), _rounding(excluding, *terms))
    if excluding is not None and including is not None:
        taken = [] if uptake is None else [uptake]
        yield from _compared(INCLUDING, including, sum(taken, excluding), _rounding(including, excluding, *taken))
    if uptake is not None or carbon:
        slack = _rounding(uptake or Decimal(0)) + CO2_PER_C * _rounding(carbon or Decimal(0))
        yield from _compared(UPTAKE, uptake or Decimal(0), -CO2_PER_C * (carbon or Decimal(0)), slack)


def _rounding(*values: Decimal) -> Decimal:
    """How far rounded figures may be from what they were, all together."""
    return sum((Decimal(5).scaleb(int(value.as_tuple().exponent) - 1) for value in values), Decimal(0))


def _compared(name: str, stated: Decimal, calculated: Decimal, slack: Decimal) -> Iterator[Problem]:
    if abs(stated - calculated) > slack:
        yield Problem("pact_sum", f"/pcf/{name}", {"field": name, "stated": str(stated), "sum": f"{calculated:.6g}"})
