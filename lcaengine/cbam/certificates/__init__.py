"""Certificates and their cost by year: Regulation (EU) 2023/956 Art. 21 to 23 and 31, IR (EU) 2025/2620.

    default path   N/M = max(0, DV · (1 + m) − CBAM_y · CSCF_y · BM_B − carbon price deduction)
    actual path    N/M = max(0, SEE in scope − SEFA − carbon price deduction),  SEFA = CBAM_y · CSCF_y · BM_A + Σ m_i · SEFA_i

N certificates for M tonnes of a good, floored at zero good by good: what is left over never reduces another good. Numbers stay
unrounded; only ``eur_rounded`` is to the cent, half-up. Law and proposals are two lists that are never added.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

from lcaengine.cbam.certificates.defaults import FIRST_YEAR, UNROUNDED, Text, base_body, chosen_base, letters, marked_up
from lcaengine.cbam.certificates.free_allocation import (
    Basis,
    ChosenBenchmark,
    PrecursorAllocation,
    ProcessBenchmark,
    adjustment,
    default_benchmark,
    precursor_allocation,
    process_benchmark,
    year_notes,
)
from lcaengine.cbam.certificates.inputs import LAST_YEAR, Import, Path, first_day, gathered, import_of
from lcaengine.cbam.certificates.price import PaidPrice, price_of
from lcaengine.cbam.certificates.texts import EX, EXEMPT, PER_PRODUCT, PROPOSAL, SAME_MASS, THRESHOLD
from lcaengine.cbam.quantities import rounded
from lcaengine.cbam.tables import Category, DefaultValue, Good, acts_used, goods_under, normal_cn, tables
from lcaengine.problems import Problem, Refused
from lcaengine.units import Quantity

Json = dict[str, Any]
Per = Literal["t", "t_clinker", "kg_n"]
IN_A_TONNE: Mapping[str, float] = {"t": 1.0, "t_clinker": 1.0, "kg_n": 1000.0}  # functional units


def default_path(
    cn: str,
    country: str | None,
    years: Sequence[int],
    *,
    route: str | None = None,
    description: str | None = None,
    mass: Quantity | None = None,
    pieces: int | None = None,
    unit_mass: Quantity | None = None,
    quarter: str | None = None,
    price: float | None = None,
    carbon_price_paid: PaidPrice | None = None,
    proposals: bool = False,
) -> Json:
    """Certificates with the default value of a CN code and country, per tonne, per piece and for a mass, by year.

    ``price`` is the user's assumption in EUR per certificate (t CO2e). It serves the years, and the quarter, without an official
    price. Raises `Refused` with all problems of the input: see `chosen_base`, `default_benchmark`, `shipment_of`,
    `price_problems`, `paid_problems`.
    """
    span, problems = tuple(sorted(set(years))), list[Problem]()
    given = import_of("default", span, country, (mass, pieces, unit_mass), quarter, price, carbon_price_paid, problems)
    goods: tuple[Good, ...] = ()
    base, chosen = None, list[tuple[int, ChosenBenchmark]]()
    with gathered(problems, "/cn_code"):
        goods = listed(cn, first_day(span))
        if given.status and given.status not in EXEMPT:
            base = chosen_base(cn, country, route, description)
            chosen = _default_benchmarks(cn, span, base, route, problems)
    if problems:
        raise Refused(problems)
    body = _head("default", cn, country, goods, given)
    if base is None:
        return body | _without_obligation(EXEMPT[given.status])
    marked = {year: marked_up(base, cn, country, year) for year, _ in chosen}

    def rows(basis: Basis) -> list[Json]:
        return [
            {"markup": marked[year].markup} | _row(year, marked[year].value, benchmark, [], basis, given)
            for year, benchmark in chosen
        ]

    notes = [*marked[span[0]].notes, UNROUNDED, *body["notes"]]
    if any(c.functional_unit != "t" for c in _categories(goods)):
        notes.append(PER_PRODUCT)
    return body | {"default_value": base_body(base), "rounding": UNROUNDED, "notes": notes} | _by_year(rows, proposals)


def actual_path(
    see_in_scope: float,
    process: ProcessBenchmark,
    precursors: Sequence[PrecursorAllocation] = (),
    *,
    year: int,
    per: Per = "t",
    content: float | None = None,
    country: str | None = None,
    mass: Quantity | None = None,
    pieces: int | None = None,
    unit_mass: Quantity | None = None,
    quarter: str | None = None,
    price: float | None = None,
    carbon_price_paid: PaidPrice | None = None,
    proposals: bool = False,
) -> Json:
    """Certificates with the verified specific embedded emissions of an installation, one good and one year.

    ``see_in_scope`` is t CO2e per ``per`` (2025/2547 eq. 59, after Annex II scope); for clinker and nitrogen ``content`` (a
    fraction of the product) brings it to a tonne of product, eq. 64 to 66. Under ``proposals`` a precursor's reported free
    allocation stays as reported. Raises `Refused` with all problems of the input.
    """
    problems: list[Problem] = []
    given = import_of(
        "actual", (year,), country, (mass, pieces, unit_mass), quarter, price, carbon_price_paid, problems
    )
    goods: tuple[Good, ...] = ()
    emissions, benchmark, parts = 0.0, None, list[Json]()
    with gathered(problems, "/cn_code"):
        goods = listed(process.cn_code, first_day((year,)))
        emissions = _per_tonne(see_in_scope, per, content, goods)
    with gathered(problems, "/cn_code"):
        benchmark = process_benchmark(process, year, "/routes")
    for i, precursor in enumerate(precursors):
        with gathered(problems, ""):
            parts.append(precursor_allocation(precursor, year, "law", f"/precursors/{i}"))
    if problems or benchmark is None:
        raise Refused(problems)
    body = _head("actual", process.cn_code, country, goods, given)
    if given.status in EXEMPT:
        return body | _without_obligation(EXEMPT[given.status])

    def rows(basis: Basis) -> list[Json]:
        own = parts if basis == "law" else [precursor_allocation(p, year, basis) for p in precursors]
        return [_row(year, emissions, benchmark, own, basis, given)]

    return body | {"see": {"value": see_in_scope, "per": per, "content": content}} | _by_year(rows, proposals)


def certificates_per_tonne(emissions: float, free_allocation: float, deduction: float = 0.0) -> float:
    """N/M, certificates per tonne of the good, all in t CO2e/t: never below zero (IR 2025/2620; Q&A 4.32)."""
    return max(0.0, emissions - free_allocation - deduction)


def listed(cn: str, on: date) -> tuple[Good, ...]:
    """The Annex I goods of a code on a day; raises `Refused` when there is none, for then no certificate is due."""
    found = goods_under(cn, on)
    if not found:
        raise Refused(Problem("cbam_path_not_listed", "", {"cn": normal_cn(cn), "on": on.isoformat()}))
    return found


def _row(
    year: int, emissions: float, benchmark: ChosenBenchmark, precursors: list[Json], basis: Basis, given: Import
) -> Json:
    """One year under the law or under the proposal."""
    own, deduction = adjustment(benchmark, year, basis), given.paid.in_year(year)
    allocation = own.value + sum(p["value"] for p in precursors)
    number = certificates_per_tonne(emissions, allocation, deduction)
    price = price_of(year, given.quarter, given.price)
    return (
        {"year": year, "law": basis == "law", "emissions": emissions}
        | own.as_dict()
        | {
            "precursors": precursors,
            "free_allocation": allocation,
            "carbon_price_deduction": deduction,
            "certificates_per_t": number,
            "floored": emissions - allocation - deduction < 0.0,
            "price": price,
            "eur_per_t": _times(price["eur"], number),
            "per_piece": _for_mass(number, price["eur"], given.shipment.unit_mass_t),
            "total": _for_mass(number, price["eur"], given.shipment.mass_t),
            "notes": [*benchmark.notes, *year_notes(year, own.correction), *price["notes"]],
        }
    )


def _for_mass(per_tonne: float, eur: float | None, tonnes: float | None) -> Json | None:
    if tonnes is None:
        return None
    cost = _times(eur, per_tonne * tonnes)
    cents = None if cost is None else rounded(cost, 2)
    return {"mass_t": tonnes, "certificates": per_tonne * tonnes, "eur": cost, "eur_rounded": cents}


def _times(eur: float | None, number: float) -> float | None:
    return None if eur is None else eur * number


def _by_year(rows: Callable[[Basis], list[Json]], proposals: bool) -> Json:
    """The law's rows, and apart from them, on demand, those under the proposal."""
    body: Json = {"law": True, "by_year": rows("law"), "proposals": None}
    used = ["2023/956", "2025/2083", "2003/87", "2025/2620", "2026/1862", "2025/2548", "2025/2621", "2026/1740"]
    if proposals:
        title = {"law": False, "act": "COM(2026) 616", "acts": acts_used("COM(2026) 616"), "note": PROPOSAL}
        body["proposals"] = title | {"by_year": rows("proposal")}
    return body | {"acts": acts_used(*used)}


def _head(path: Path, cn: str, country: str | None, goods: Sequence[Good], given: Import) -> Json:
    sector = goods[0].sector
    notes = [
        *([] if sector in {"hydrogen", "electricity"} else [THRESHOLD]),
        *([SAME_MASS] if given.shipment.mass_t is not None and path == "default" else []),
        *({k: text + good.ex for k, text in EX.items()} for good in goods if good.ex),
    ]
    return {
        "path": path,
        "cn_code": normal_cn(cn),
        "country": country,
        "sector": sector,
        "categories": sorted({good.category for good in goods}),
        "obligation": {"applies": True, "reason": None},
        "unit": "t CO2e/t",
        "shipment": given.shipment.as_dict(),
        "carbon_price_paid": given.paid.as_dict(),
        "notes": notes,
    }


def _without_obligation(reason: Text) -> Json:
    return {
        "obligation": {"applies": False, "reason": reason},
        "law": True,
        "by_year": [],
        "certificates": 0.0,
        "proposals": None,
        "acts": acts_used("2023/956"),
    }


def _default_benchmarks(
    cn: str, years: Sequence[int], base: DefaultValue, route: str | None, problems: list[Problem]
) -> list[tuple[int, ChosenBenchmark]]:
    """Column B of every year; a problem that is the same in all years is told once."""
    found: list[tuple[int, ChosenBenchmark]] = []
    for year in (year for year in years if FIRST_YEAR <= year <= LAST_YEAR):
        with gathered(problems, "/route"):
            benchmark = default_benchmark(cn, year, base.route, route)
            if route and benchmark.route and not letters(route) & letters(benchmark.route):
                raise Refused(Problem("cbam_route_not_default", "", {"route": route, "found": benchmark.route}))
            found.append((year, benchmark))
    return found


def _per_tonne(see: float, per: Per, content: float | None, goods: Sequence[Good]) -> float:
    """Per tonne of product (2025/2547 eq. 64 to 66 for clinker and nitrogen content)."""
    wanted = {c.functional_unit for c in _categories(goods)}
    if any(good.sector == "electricity" for good in goods):
        raise Refused(Problem("cbam_electricity_good"))
    if not 0.0 <= see < float("inf"):
        raise Refused(Problem("cbam_see_invalid", "/see", {"value": see}))
    if wanted != {per} or (per != "t" and (content is None or not 0.0 < content <= 1.0)):
        raise Refused(Problem("cbam_functional_unit", "/per", {"per": per, "needed": sorted(wanted)}))
    return see * IN_A_TONNE[per] * (1.0 if content is None or per == "t" else content)


def _categories(goods: Sequence[Good]) -> list[Category]:
    return [tables().categories[good.category] for good in goods]
