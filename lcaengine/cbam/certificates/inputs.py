"""What a user says of an import, on either path, with all that is wrong with it at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from lcaengine.cbam.certificates.defaults import FIRST_YEAR
from lcaengine.cbam.certificates.price import NOT_GIVEN, PaidPrice, Shipment, paid_problems, price_problems, shipment_of
from lcaengine.cbam.tables import OTHER, origin_status
from lcaengine.problems import Problem, Refused
from lcaengine.units import Quantity

LAST_YEAR = 2034  # from here on no free allocation remains under the law
Path = Literal["default", "actual"]


@dataclass(frozen=True, slots=True)
class Import:
    """One import as its user describes it; ``status`` of its origin as `origin_status`."""

    status: str
    shipment: Shipment
    quarter: str | None
    price: float | None
    paid: PaidPrice


def import_of(
    path: Path,
    years: tuple[int, ...],
    country: str | None,
    amounts: tuple[Quantity | None, int | None, Quantity | None],
    quarter: str | None,
    price: float | None,
    paid: PaidPrice | None,
    problems: list[Problem],
) -> Import:
    """What both paths ask of an import; what is wrong with it goes to ``problems``."""
    paid, shipment, status = paid or NOT_GIVEN, Shipment(), ""
    problems += [*_year_problems(years), *price_problems(quarter, price, years), *paid_problems(paid, path)]
    with gathered(problems, ""):
        shipment = shipment_of(*amounts)
    with gathered(problems, "/country"):
        status = _status(country)
    return Import(status, shipment, quarter, price, paid)


def _status(country: str | None) -> str:
    """eu, exempt, listed, other or unknown; raises `Refused` for what is no country, lest a name pass for a third country."""
    status = origin_status(country)
    code = (country or "").strip()
    if status == OTHER and code.lower() != OTHER and not (len(code) == 2 and code.isascii() and code.isalpha()):
        raise Refused(Problem("cbam_country_form", "", {"country": country}))
    return status


def first_day(years: Sequence[int]) -> date:
    return date(max(years[0], FIRST_YEAR), 1, 1) if years else date(FIRST_YEAR, 1, 1)


def _year_problems(years: Sequence[int]) -> Iterator[Problem]:
    wrong = [year for year in years if not FIRST_YEAR <= year <= LAST_YEAR]
    if wrong or not years:
        yield Problem("cbam_path_years", "/years", {"years": wrong, "first": FIRST_YEAR, "last": LAST_YEAR})


@contextmanager
def gathered(problems: list[Problem], where: str) -> Iterator[None]:
    """Collects what is refused inside, each once; a problem without a place gets ``where``."""
    try:
        yield
    except Refused as refused:
        for p in refused.problems:
            placed = replace(p, where=p.where or where)
            if placed not in problems:
                problems.append(placed)
