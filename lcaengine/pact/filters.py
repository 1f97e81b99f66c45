"""Which footprints a query of PACT v3 asks for: OR inside a parameter, AND across them, whatever the case of the letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from lcaengine.problems import Malformed, Problem

Json = dict[str, Any]
LISTS = ("productId", "companyId", "geography", "classification")
MOMENTS = ("validOn", "validAfter", "validBefore")
MAX_VALUES = 200


@dataclass(frozen=True, slots=True)
class Filters:
    """Values in lower case; an empty tuple or None asks for nothing."""

    product_ids: frozenset[str] = frozenset()
    company_ids: frozenset[str] = frozenset()
    geographies: frozenset[str] = frozenset()
    classifications: frozenset[str] = frozenset()
    valid_on: datetime | None = None
    valid_after: datetime | None = None
    valid_before: datetime | None = None
    status: str | None = None

    def match(self, footprint: Json) -> bool:
        """Whether a ProductFootprint is asked for."""
        return (
            _any(self.product_ids, footprint["productIds"])
            and _any(self.company_ids, footprint["companyIds"])
            and _any(self.classifications, footprint.get("productClassifications", ()))
            and _any(self.geographies, _places(footprint["pcf"]))
            and (self.status is None or footprint["status"].lower() == self.status)
            and self._valid(footprint)
        )

    def _valid(self, footprint: Json) -> bool:
        start, end = (moment_of(footprint[f"validityPeriod{side}"]) for side in ("Start", "End"))
        return (
            (self.valid_on is None or start <= self.valid_on < end)
            and (self.valid_after is None or start > self.valid_after)
            and (self.valid_before is None or end < self.valid_before)
        )


def filters_of(given: Mapping[str, Sequence[str]]) -> Filters:
    """The filters of a query, or of the data of a request event; raises `Malformed`."""
    products, companies, geographies, classifications = (_values(name, given) for name in LISTS)
    on, after, before = (_moment(name, given[name][-1]) if given.get(name) else None for name in MOMENTS)
    status = given["status"][-1].strip().lower() if given.get("status") else None
    return Filters(products, companies, geographies, classifications, on, after, before, status)


def _values(name: str, given: Mapping[str, Sequence[str]]) -> frozenset[str]:
    values = [*given.get(name, ()), *given.get(name + "[]", ())]
    if len(values) > MAX_VALUES:
        raise Malformed(Problem("pact_bad_filter", f"/{name}", {"field": name, "value": len(values)}))
    return frozenset(value.strip().lower() for value in values)


def moment_of(text: str) -> datetime:
    """A moment of RFC 3339, or a day; UTC where it does not say. Raises `ValueError`."""
    found = datetime.fromisoformat(text.replace(" ", "+"))  # a "+" that the query string decoded
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _moment(name: str, text: str) -> datetime:
    try:
        return moment_of(text)
    except ValueError as error:
        raise Malformed(Problem("pact_bad_filter", f"/{name}", {"field": name, "value": text})) from error


def _any(wanted: frozenset[str], found: Sequence[str]) -> bool:
    return not wanted or any(value.lower() in wanted for value in found)


def _places(pcf: Json) -> list[str]:
    """A subdivision is also a place of its country."""
    subdivision = pcf.get("geographyCountrySubdivision")
    named = [pcf.get("geographyRegionOrSubregion"), pcf.get("geographyCountry"), subdivision, (subdivision or "")[:2]]
    return [place for place in named if place]
