"""Received footprints as lines of a bill of materials: ``"supplier_footprint": {"pact": "<id>"}``.

Such a line is resolved when the bill of materials is read: every figure is written into the document, which is stored and can be solved
again without the partner, and the id stays beside them.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from lcaengine import units
from lcaengine.bom.reading import pointer
from lcaengine.inventory.model import Warned
from lcaengine.pact import received
from lcaengine.pact.filters import moment_of
from lcaengine.pact.sums import CARBON, EXCLUDING, decimal_of
from lcaengine.pact.units import OURS
from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.store import Store
from lcaengine.store.pact_partners import Received, get_received, newest_received

Json = dict[str, Any]
BOUNDARY = "cradle_to_gate"  # PACT knows no other


def resolved(document: Any, store: Store, organisation_id: str) -> Any:
    """A document with its PACT lines filled in; raises `Refused` with every line that cannot be.

    A document without such lines comes back as it is, whatever it is: reading it comes after.
    """
    named = list(_named(document))
    if not named:
        return document
    document, problems = copy.deepcopy(document), []
    for where, line in _named(document):
        given = line["supplier_footprint"]
        try:
            found = supplier_footprint(get_received(store, organisation_id, str(given["pact"])), line)
        except Refused as refused:
            problems += [Problem(p.code, where + "/supplier_footprint" + p.where, p.values) for p in refused.problems]
            continue
        different = [name for name, value in given.items() if found.get(name) != value]
        problems += [
            Problem("pact_line_differs", f"{where}/supplier_footprint/{name}", {"field": name}) for name in different
        ]
        line["supplier_footprint"] = found
    if problems:
        raise Refused(problems)
    return document


def line_warnings(document: Json, store: Store, organisation_id: str, today: date | None = None) -> list[Json]:
    """What must be said of the PACT lines of a resolved document, in the form of a footprint's warnings."""
    found: list[Json] = []
    for where, line in _named(document):
        try:
            record = get_received(store, organisation_id, line["supplier_footprint"]["pact"])
        except NotFound:
            continue
        newest = newest_received(store, record)
        for problem in _said(document, line, record, newest, today or datetime.now(UTC).date()):
            shown = Problem(problem.code, where + "/supplier_footprint", problem.values)
            found.append(Warned(shown).as_dict())
    return found


def _said(document: Json, line: Json, record: Received, newest: Received, today: date) -> Iterator[Problem]:
    footprint, period = record.document, document.get("period")
    until = date.fromisoformat(period["end"]) if period else today
    used = datetime.combine(until, time(), UTC)
    yield from (
        p for p in received.warnings(footprint, used) if p.code not in ("pact_shape", "pact_field", "pact_deprecated")
    )
    if "Deprecated" in (footprint.get("status"), newest.document.get("status")):
        yield Problem("pact_deprecated")
    place = _place(footprint["pcf"])
    if place and line.get("origin") and place[:2] != str(line["origin"])[:2]:
        yield Problem("pact_other_place", "", {"place": place, "origin": line["origin"]})


def supplier_footprint(record: Received, line: Json) -> Json:
    """The figure of a received footprint for a line: per unit of the line, or per kg where the masses say how.

    Raises `Refused` where the units do not meet.
    """
    pcf = record.document["pcf"]
    amount = decimal_of(pcf, "declaredUnitAmount")
    value, mass = decimal_of(pcf, EXCLUDING), decimal_of(pcf, "productMassPerDeclaredUnit")
    assert amount is not None
    assert value is not None
    ours = OURS[pcf["declaredUnitOfMeasurement"]]
    if value < 0:
        raise Refused(Problem("pact_negative", f"/pcf/{EXCLUDING}", {"field": EXCLUDING, "value": str(value)}))
    if _in(line, ours):
        per, unit = value / amount, ours
    elif mass and (_in(line, "kg") or line.get("unit_mass")):
        per, unit = value / mass, "kg"
    else:
        raise Refused(Problem("pact_line_unit", "", {"unit": line.get("unit", ""), "declared": ours}))
    found: Json = {
        "value": float(per), "unit": f"kg CO2e/{unit}", "boundary": BOUNDARY,
        "gwp": _factors(pcf.get("ipccCharacterizationFactors")),
        "year": (moment_of(pcf["referencePeriodEnd"]) - timedelta(days=1)).year, "pact": record.id,
    }  # fmt: skip
    carbon = decimal_of(pcf, CARBON)
    if carbon is not None and carbon >= 0 and mass:
        found["biogenic_carbon"] = {"amount": float(carbon / mass), "unit": "kg/kg"}
    share = decimal_of(pcf, "primaryDataShare")
    # A supplier that does not state its share is not all primary: PACT counts what is stated, and nothing else.
    found["primary_data_share"] = float(min(max(share or Decimal(0), Decimal(0)), Decimal(100)) / 100)
    return found | _dqi(pcf) | _verification(pcf)


def _factors(given: Any) -> str:
    """The sets of characterization factors; more than one, or another than ours, is warned of where it is used."""
    return ", ".join(map(str, given))[:100] if isinstance(given, list) and given else "not stated"


def _dqi(pcf: Json) -> Json:
    given = pcf.get("dqi")
    names = ("technologicalDQR", "geographicalDQR", "temporalDQR")
    ratings = {name: decimal_of(given, name) for name in names} if isinstance(given, dict) else {}
    if ratings and all(rating is not None and 1 <= rating <= 5 for rating in ratings.values()):
        return {"dqi": {name: float(rating) for name, rating in ratings.items() if rating is not None}}
    return {}


def _verification(pcf: Json) -> Json:
    given = pcf.get("verification")
    if not isinstance(given, dict) or not given.get("providerName"):
        return {}
    said = [str(given[key]) for key in ("providerName", "coverage", "standardName", "completedAt") if given.get(key)]
    return {"verification": ", ".join(said)[:500]}


def _in(line: Json, unit: str) -> bool:
    try:
        return units.same_dimension(str(line.get("unit", "")), unit)
    except Refused:
        return False  # reading the document says what is wrong with it


def _place(pcf: Json) -> str | None:
    place = pcf.get("geographyCountrySubdivision") or pcf.get("geographyCountry")
    return place if isinstance(place, str) else None


def _named(document: Any) -> Iterator[tuple[str, Json]]:
    """The lines that name a received footprint, with their places."""
    if not isinstance(document, dict):
        return
    for owner, prefix in ((document, ()), (document.get("shared"), ("shared",))):
        lines = owner.get("lines") if isinstance(owner, dict) else None
        for i, line in enumerate(lines if isinstance(lines, list) else []):
            given = line.get("supplier_footprint") if isinstance(line, dict) else None
            if isinstance(given, dict) and isinstance(given.get("pact"), str):
                yield pointer(*prefix, "lines", i), line
