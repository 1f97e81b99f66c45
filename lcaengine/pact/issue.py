"""From a footprint on record to a ProductFootprint of PACT v3: what is missing is named, nothing is invented.

PACT exchanges cradle-to-gate results only. Of a footprint with another boundary, the cradle-to-gate result of the same bill of
materials, rule and release is issued (`gate_answer`), solved again by the engine.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from lcaengine import units
from lcaengine.background import Release
from lcaengine.footprint import body
from lcaengine.pact.received import three_years_after
from lcaengine.pact.schema import shape_problems
from lcaengine.pact.sums import CARBON, EXCLUDING, INCLUDING, UPTAKE, sum_problems
from lcaengine.pact.units import OURS, pact_unit
from lcaengine.problems import Problem, Refused
from lcaengine.store import Record, solved_again
from lcaengine.store.pact import Publisher
from lcaengine.units import Quantity

Json = dict[str, Any]
SPEC_VERSION = "3.0.3"
EXTENSION_PATH = "/pact/extension-1.0.0.json"
GATE = "cradle_to_gate"
STEP = Decimal("1e-9")  # kg; figures are rounded to it
CARBON_STEP = Decimal("3e-9")  # kg C, so that 44/12 of it has no more digits
NEAR = 1e-6  # between the engine's total and the sum of its parts
TEXT_UNSPLIT = (
    "Prepared with reference to PACT Methodology 3 and ISO 14067; not verified. {share} of pcfExcludingBiogenicUptake ({value} kg CO2e) "
    "are published totals or suppliers' figures without a split by gas; they are counted in fossilGhgEmissions. productMassPerDeclaredUnit "
    "is without packaging; biogenicCarbonContent is with it. "
    "参照 PACT 方法学第 3 版与 ISO 14067 编写，未经核查。其中 {value} kg CO2e（{share}）来自未按气体拆分的公布总量或供应商数据，计入 fossilGhgEmissions。"
    "productMassPerDeclaredUnit 不含包装，biogenicCarbonContent 含包装。"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Particulars:
    """What only the publisher can say. Masses are per declared unit of the footprint.

    ``mass``: of the product without packaging (may be left out where the declared unit is a mass); ``fossil_carbon``:
    fossil carbon in the product, kg C; ``follows``: the published footprint whose place it takes.
    """

    mass: Quantity | None = None
    fossil_carbon: Quantity | None = None
    product_ids: tuple[str, ...] = ()
    classifications: tuple[str, ...] = ()
    product_name: str = ""
    description: str = ""
    comment: str = ""
    valid_until: date | None = None
    follows: str | None = None


def gate_answer(record: Record, release: Release | None = None) -> Json:
    """The answer for cradle to gate: as stored, or solved again from the record; raises `Refused` where that cannot be."""
    stored: Json = json.loads(record.body)
    if stored["boundary"] == GATE:
        return stored
    return body(solved_again(record, release, boundary=GATE))


def product_footprint(
    answer: Json, document: Json, publisher: Publisher, said: Particulars, identifier: str, created: datetime
) -> Json:
    """A cradle-to-gate answer and its bill of materials as a ProductFootprint; raises `Refused` with all that is missing."""
    product, period = document["product"], document.get("period")
    product_ids = _product_ids(product, publisher, said)
    if problems := list(_missing(product, period, product_ids, said)):
        raise Refused(problems)
    assert period is not None
    start, end = date.fromisoformat(period["start"]), date.fromisoformat(period["end"]) + timedelta(days=1)
    until = said.valid_until or three_years_after(end)
    if not end <= until <= three_years_after(end) or until <= created.date():
        raise Refused(
            Problem("pact_validity", "/valid_until", {"from": end, "until": three_years_after(end), "value": until})
        )
    found: Json = {
        "id": identifier, "specVersion": SPEC_VERSION, "created": _moment(created), "status": "Active",
        "validityPeriodStart": _moment(end), "validityPeriodEnd": _moment(until),
        "companyName": publisher.company_name, "companyIds": list(publisher.company_ids),
        "productDescription": said.description or _both(answer["product"]["name"]), "productIds": product_ids,
        "productNameCompany": said.product_name or _both(answer["product"]["name"]),
        "comment": _comment(answer, said),
        "pcf": _carbon_footprint(answer, document["site"], said) | {"referencePeriodStart": _moment(start), "referencePeriodEnd": _moment(end)},
        "extensions": [_extension(answer, publisher)],
    }  # fmt: skip
    if classes := _classifications(product, said):
        found["productClassifications"] = classes
    if said.follows:
        found["precedingPfIds"] = [said.follows]
    if problems := [*shape_problems(found), *sum_problems(found["pcf"])]:
        raise Refused(problems)
    return found


def _missing(product: Json, period: Json | None, product_ids: Sequence[str], said: Particulars) -> Iterator[Problem]:
    if period is None:
        yield Problem("pact_no_period", "/period")
    if not product_ids:
        yield Problem("pact_no_product_id", "/product_ids")
    if said.mass is None and not units.same_dimension(product["declared_unit"]["unit"], "kg"):
        yield Problem("pact_no_mass", "/mass", {"unit": product["declared_unit"]["unit"]})
    if said.fossil_carbon is None:
        yield Problem("pact_no_fossil_carbon", "/fossil_carbon")


def _carbon_footprint(answer: Json, site: Json, said: Particulars) -> Json:
    """All but the reference period, per declared unit of the answer (the rule's)."""
    declared = answer["declared_unit"]
    unit = pact_unit(declared["unit"])
    amount = Quantity(declared["amount"], declared["unit"]).to(OURS[unit])
    mass = said.mass.to("kg") if said.mass else Quantity(**declared).to("kg")
    assert said.fossil_carbon is not None
    return {
        "declaredUnitOfMeasurement": unit, "declaredUnitAmount": _text(_rounded(amount)),
        "productMassPerDeclaredUnit": _text(_rounded(mass)), "fossilCarbonContent": _text(_rounded(said.fossil_carbon.to("kg"))),
        **_emissions(answer), **_packaging(answer), **_geography(site), **_quality(answer["data_quality"]),
        "boundaryProcessesDescription": "Cradle to gate 从摇篮到大门: " + "; ".join(_both(s["name"]) for s in answer["stages"]),
        "ipccCharacterizationFactors": ["AR6"], "crossSectoralStandards": ["ISO14067", "PACT-3.0"],
        "productOrSectorSpecificRules": [{
            "operator": "Other", "otherOperatorName": "lcaengine product rules",
            "ruleNames": [f"{answer['rule']['id']} {answer['rule']['version']}"],
        }],
        **_exempted(answer["cut_off"]),
        "secondaryEmissionFactorSources": [{"name": f"lcaengine background {answer['background']['name']}", "version": str(answer["background"]["version"])}],
    }  # fmt: skip


def _emissions(answer: Json) -> Json:
    """The parts, and the sums of the rounded parts; raises `Refused` where they are not the engine's totals."""
    of = {i["id"].removeprefix("gwp100_"): i["value"] for i in answer["indicators"]}
    fossil = _rounded(of["fossil"]) + _rounded(of["unsplit"])
    land, other = _rounded(of["land_use_change"]), _rounded(of["biogenic_non_co2"])
    carbon = _rounded(answer["biogenic_carbon"]["value"], CARBON_STEP)
    uptake = -44 * carbon / 12
    excluding = fossil + land + other
    for name, ours, total in (
        (EXCLUDING, excluding, of["excluding_biogenic_uptake"]),
        (INCLUDING, excluding + uptake, of["including_biogenic_uptake"]),
    ):
        if abs(float(ours) - total) > NEAR * max(1.0, abs(total)):
            raise Refused(Problem("pact_sum", f"/pcf/{name}", {"field": name, "stated": total, "sum": f"{ours:.6g}"}))
    parts = {
        "fossilGhgEmissions": fossil, "landUseChangeGhgEmissions": land, "biogenicNonCO2Emissions": other,
        "aircraftGhgEmissions": _rounded(of["aircraft"]), CARBON: carbon,
    }  # fmt: skip
    if negative := [
        Problem("pact_negative", f"/pcf/{n}", {"field": n, "value": _text(v)}) for n, v in parts.items() if v < 0
    ]:
        raise Refused(negative)
    sums = {UPTAKE: uptake, EXCLUDING: excluding, INCLUDING: excluding + uptake}
    return {name: _text(value) for name, value in (parts | sums).items()}


def _packaging(answer: Json) -> Json:
    """By the rule's stage of that name; a rule without one says nothing of packaging."""
    value = next((s["value"] for s in answer["stages"] if s["stage"] == "packaging"), None)
    if value is None:
        return {"packagingEmissionsIncluded": False}
    return {"packagingEmissionsIncluded": True} | (
        {"packagingGhgEmissions": _text(_rounded(value))} if value >= 0 else {}
    )


def _geography(site: Json) -> Json:
    region = site.get("region")
    return {"geographyCountrySubdivision": region} if region else {"geographyCountry": site["country"]}


def _quality(quality: Json) -> Json:
    """Shares and ratings outside their scale (a total with negative parts has such) are left out: both are optional."""
    found: Json = {}
    share, rating = quality["primary_data_share"], quality["rating"]
    if share is not None and 0 <= share <= 1:
        found["primaryDataShare"] = _text(_rounded(100 * share, Decimal("0.01")))
    if rating and all(1 <= rating["pact"][name] <= 5 for name in rating["pact"] if name != "label"):
        ratings = {n: _text(_rounded(v, Decimal("0.01"))) for n, v in rating["pact"].items() if n != "label"}
        found["dqi"] = ratings
    return found


def _exempted(cut_off: Json) -> Json:
    left_out = "; ".join(f"{_both(c['text'])} ({c['share']:.1%})" for c in cut_off["left_out"])
    described = {"exemptedEmissionsDescription": left_out} if left_out else {}
    return {"exemptedEmissionsPercent": _text(_rounded(100 * cut_off["declared_share"], Decimal("0.01")))} | described


def _extension(answer: Json, publisher: Publisher) -> Json:
    """What PACT has no field for: the part without a split, and what the figure was calculated with."""
    unsplit, share = _unsplit(answer)
    return {
        "specVersion": "2.0.0", "dataSchema": publisher.address + EXTENSION_PATH,
        "data": {
            "unsplitGhgEmissions": _text(unsplit), "unsplitShare": share,
            "rule": {k: answer["rule"][k] for k in ("id", "version", "sha256")},
            "background": {k: answer["background"][k] for k in ("name", "version", "id")}, "engine": answer["engine"]["version"],
        },
    }  # fmt: skip


EXTENSION_SCHEMA: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Unsplit emissions and provenance of a footprint by lcaengine",
    "type": "object",
    "required": ["unsplitGhgEmissions", "unsplitShare", "rule", "background", "engine"],
    "additionalProperties": False,
    "properties": {
        "unsplitGhgEmissions": {
            "type": "string",
            "description": "kg CO2e per declared unit from totals without a split by gas; part of fossilGhgEmissions",
        },
        "unsplitShare": {
            "type": ["string", "null"],
            "description": "their part of pcfExcludingBiogenicUptake; null where that is 0",
        },
        "rule": {"type": "object", "description": "product category rule: id, version, sha256 of its file"},
        "background": {"type": "object", "description": "background release: name, version, id"},
        "engine": {"type": "string", "description": "version of lcaengine"},
    },
}


def _unsplit(answer: Json) -> tuple[Decimal, str | None]:
    value = next(i["value"] for i in answer["indicators"] if i["id"] == "gwp100_unsplit")
    share = answer["data_quality"]["unsplit_share"]
    return _rounded(value), None if share is None else _text(_rounded(share, Decimal("0.0001")))


def _comment(answer: Json, said: Particulars) -> str:
    value, share = _unsplit(answer)
    shown = "–" if share is None else f"{float(share):.1%}"
    return " ".join(filter(None, (said.comment, TEXT_UNSPLIT.format(share=shown, value=_text(value)))))


def _product_ids(product: Json, publisher: Publisher, said: Particulars) -> list[str]:
    found = [f"urn:gtin:{product['gtin']}"] if product.get("gtin") else []
    if product.get("id") and publisher.domain:
        found.append(f"urn:pact:{publisher.domain}:product-id:{quote(product['id'], safe='-._~')}")
    return list(dict.fromkeys([*found, *said.product_ids]))


def _classifications(product: Json, said: Particulars) -> list[str]:
    hs = [f"urn:pact:productclassification:hs:{product['hs_code']}"] if product.get("hs_code") else []
    return list(dict.fromkeys([*hs, *said.classifications]))


def _both(name: Json) -> str:
    return str(name["en"]) if name["en"] == name["zh"] else f"{name['en']} {name['zh']}"


def _rounded(value: float, step: Decimal = STEP) -> Decimal:
    return (Decimal(repr(float(value))) / step).quantize(Decimal(1)) * step


def _text(value: Decimal) -> str:
    """A decimal as PACT writes it: digits, no exponent, no −0."""
    return format((value + 0).normalize() + 0, "f")


def _moment(at: date | datetime) -> str:
    moment = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day, tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
