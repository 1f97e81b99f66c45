"""A partner's ProductFootprint: can it be used, and what must be said of it.

Refused is what no figure can be taken from. All else is warned of, since partners' systems are what they are: fields that version 3
does not have, sums that do not hold, a status or validity that says no.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import rfc8785

from lcaengine.pact.filters import moment_of
from lcaengine.pact.schema import UUID, shape_problems
from lcaengine.pact.sums import EXCLUDING, decimal_of, sum_problems
from lcaengine.pact.units import OURS
from lcaengine.problems import Problem, Refused

Json = dict[str, Any]
Day = TypeVar("Day", date, datetime)


def check(footprint: Any) -> Json:
    """A ProductFootprint as it can be kept; raises `Refused` where it is none."""
    if not isinstance(footprint, dict):
        raise Refused(Problem("not_an_object", ""))
    if problems := list(_unusable(footprint)):
        raise Refused(problems)
    try:
        rfc8785.dumps(footprint)
    except (ValueError, UnicodeError) as error:
        raise Refused(Problem("pact_shape", "", {"why": str(error)})) from error
    return footprint


def _unusable(footprint: Json) -> Iterator[Problem]:
    pcf = footprint.get("pcf")
    if not _text(footprint.get("id"), str(UUID["pattern"])):
        yield Problem("pact_unusable", "/id", {"field": "id"})
    if not isinstance(pcf, dict):
        yield Problem("pact_unusable", "/pcf", {"field": "pcf"})
        return
    if pcf.get("declaredUnitOfMeasurement") not in OURS:
        yield Problem("pact_unusable", "/pcf/declaredUnitOfMeasurement", {"field": "declaredUnitOfMeasurement"})
    if decimal_of(pcf, EXCLUDING) is None:
        yield Problem("pact_unusable", f"/pcf/{EXCLUDING}", {"field": EXCLUDING})
    if (amount := decimal_of(pcf, "declaredUnitAmount")) is None or amount <= 0:
        yield Problem("pact_unusable", "/pcf/declaredUnitAmount", {"field": "declaredUnitAmount"})
    try:
        moment_of(pcf["referencePeriodEnd"])
    except (KeyError, ValueError, AttributeError):
        yield Problem("pact_unusable", "/pcf/referencePeriodEnd", {"field": "referencePeriodEnd"})


def _text(value: Any, pattern: str) -> bool:
    return isinstance(value, str) and re.fullmatch(pattern, value) is not None


def warnings(footprint: Json, now: datetime | None = None) -> list[Problem]:
    """What must be said of a received footprint, whatever it is used for."""
    found = [*shape_problems(footprint), *sum_problems(footprint["pcf"])]
    if str(footprint.get("status", "")).lower() == "deprecated":
        found.append(Problem("pact_deprecated", "/status"))
    if (end := valid_until(footprint)) < (now or datetime.now(UTC)):
        found.append(Problem("pact_expired", "/validityPeriodEnd", {"until": end.date()}))
    return found


def valid_until(footprint: Json) -> datetime:
    """The end of its validity: as it says, else three years after the reference period."""
    try:
        return moment_of(footprint["validityPeriodEnd"])
    except (KeyError, ValueError, AttributeError):
        return three_years_after(moment_of(footprint["pcf"]["referencePeriodEnd"]))


def three_years_after(day: Day) -> Day:
    """PACT's longest validity; of 29 February, 1 March."""
    try:
        return day.replace(year=day.year + 3)
    except ValueError:
        return day.replace(year=day.year + 3, month=3, day=1)
