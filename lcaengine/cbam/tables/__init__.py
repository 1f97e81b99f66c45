"""The tables of the law and what one asks them: the only module of the tables that others import.

Nothing here calculates; a value that is not in a table is refused or None, never made up. How the files came about:
``background_data/cbam/README.md``.
"""

from __future__ import annotations

import difflib
from typing import Any

from lcaengine.cbam.tables.codes import EIGHT, codes_for, good_of, goods_found, goods_under, normal_cn, proposed
from lcaengine.cbam.tables.loading import IMPORTED, CbamTables, tables
from lcaengine.cbam.tables.rows import (
    OTHER,
    PRECURSORS,
    UNKNOWN,
    Act,
    Benchmark,
    Category,
    CorrectionFactor,
    Country,
    DefaultValue,
    Good,
    Heading,
    PrecursorOf,
    Price,
    Proposed,
    Route,
    Sector,
    StandardFactor,
)
from lcaengine.cbam.tables.values import default_values, origin_status
from lcaengine.problems import Problem, Refused

__all__ = [
    "IMPORTED",
    "OTHER",
    "PRECURSORS",
    "UNKNOWN",
    "Act",
    "Benchmark",
    "Category",
    "CbamTables",
    "CorrectionFactor",
    "Country",
    "DefaultValue",
    "Good",
    "Heading",
    "PrecursorOf",
    "Price",
    "Proposed",
    "Route",
    "Sector",
    "StandardFactor",
    "acts_used",
    "benchmarks",
    "cbam_factor",
    "correction_factor",
    "default_values",
    "good_of",
    "goods_found",
    "goods_under",
    "markup",
    "normal_cn",
    "origin_status",
    "pfc_factor",
    "price",
    "proposed",
    "reference_efficiency",
    "standard_factor",
    "tables",
]


def markup(sector: str, year: int) -> float:
    """The share added to the total of a default value, once (IR 2025/2621 Annex I, introduction).

    Raises `Refused` (``cbam_no_markup``) for a sector without default values and for years before 2026.
    """
    rows = [row for row in tables().markups.get(sector, ()) if row.year_from <= year]
    if not rows:
        raise Refused(Problem("cbam_no_markup", "", {"sector": sector, "year": year}))
    return max(rows, key=lambda row: row.year_from).markup


def benchmarks(cn: str, column: str, year: int) -> tuple[Benchmark, ...]:
    """The benchmarks of a code for a year of production (IR 2025/2620 point 5.3), t CO2e per t of good.

    ``column`` is "A" (actual data) or "B" (default values). Headings give the rows of all codes below. Empty where the table has
    none for the code, or none for the year: rows that carry a span of years are not carried beyond it.
    """
    found = []
    for code in codes_for(normal_cn(cn)[:EIGHT]):
        below = [code] if len(code) == EIGHT else [each for each in tables().benchmarks if each.startswith(code)]
        found += [
            row
            for each in below
            for row in tables().benchmarks.get(each, ())
            if row.column == column and _in_span(row, year)
        ]
    return tuple(found)


def _in_span(row: Benchmark, year: int) -> bool:
    first, _, last = row.years.partition("-")
    return not row.years or int(first) <= year <= int(last)


def cbam_factor(year: int, basis: str = "law") -> float:
    """The share of free allocation that remains in a year (Directive 2003/87 Art. 10a(1a)); ``proposal``: COM(2026) 616.

    The last row holds for the years after it. Raises `Refused` (``cbam_no_factor``) before 2026 or for another basis.
    """
    rows = [row for row in tables().cbam_factors.get(basis, ()) if row.year <= year]
    if not rows:
        raise Refused(Problem("cbam_no_factor", "", {"year": year, "basis": basis}))
    return max(rows, key=lambda row: row.year).factor


def correction_factor(year: int) -> CorrectionFactor:
    """The cross-sectoral correction factor of a year; 1.0, marked as assumed, where none was read."""
    known = tables().correction_factors.get(year)
    return known or CorrectionFactor(year, 1.0, True, "2026/1862", "-", "assumed", "notes-2026-11")


def price(period: str) -> Price | None:
    """The certificate price of a period ("2026-Q1"); the caller must refuse one whose status is not ``official``."""
    return tables().prices.get(period.strip().upper())


def standard_factor(identifier: str) -> StandardFactor:
    """A standard factor of IR 2025/2547 Annex II; raises `Refused` (``cbam_standard_factor``) with the nearest ids."""
    known = tables().standard_factors
    if identifier not in known:
        near = difflib.get_close_matches(identifier, known, n=5, cutoff=0.4) or sorted(known)[:5]
        raise Refused(Problem("cbam_standard_factor", "", {"factor": identifier, "near": near}))
    return known[identifier]


def pfc_factor(method: str, name: str, technology: str | None) -> float | None:
    """``sef_cf4``, ``ovc`` or ``f_c2f6`` of a cell technology (IR 2025/2547 Annex II B.7), None where the act gives none.

    ``method`` is "slope" or "overvoltage". PFPB MW has no default of its own: the values of CWPB stand for it (B.7 Table 2).
    """
    if technology is None:
        return None
    cells = technology.strip().lower().replace(" ", "_").replace("-", "_")
    if (cells, method) == ("pfpb_mw", "slope"):
        cells = "cwpb"
    found = tables().standard_factors.get(f"{name}_{cells}_{method}")
    return found.emission_factor if found else None


def reference_efficiency(fuel: str, product: str, built: int) -> float | None:
    """The efficiency of separate production of a fuel (S1 … O14), None where the act gives none (IR 2025/2547 Annex III C)."""
    rows = [r for r in tables().reference_efficiencies.get((fuel, product), ()) if r.built_from <= built]
    return max(rows, key=lambda row: row.built_from).efficiency if rows else None


def acts_used(*ids: str) -> list[dict[str, Any]]:
    """Acts as results show them, each once, in the order given; raises `KeyError` for an act that acts.csv does not have."""
    return [tables().acts[identifier].as_dict() for identifier in dict.fromkeys(ids)]
