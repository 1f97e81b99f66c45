"""The shape of a ProductFootprint of PACT v3 as JSON Schema, after the table of fields of the technical specification 3.0.3.

Decimals are strings. What the specification leaves open (own fields of a partner) stays open; we issue none.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any

from lcaengine.problems import Problem

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

Json = dict[str, Any]
UNITS = (
    "liter", "kilogram", "cubic meter", "kilowatt hour", "megajoule", "ton kilometer", "square meter", "piece", "hour",
    "megabit second",
)  # fmt: skip
REGIONS = (
    "Africa", "Americas", "Asia", "Europe", "Oceania", "Australia and New Zealand", "Central Asia", "Eastern Asia", "Eastern Europe",
    "Latin America and the Caribbean", "Melanesia", "Micronesia", "Northern Africa", "Northern America", "Northern Europe", "Polynesia",
    "South-eastern Asia", "Southern Asia", "Southern Europe", "Sub-Saharan Africa", "Western Asia", "Western Europe",
)  # fmt: skip
STANDARDS = (
    "ISO14067", "ISO14083", "ISO14040-44", "GHGP-Product", "PEF", "PACT-1.0", "PACT-2.0", "PACT-3.0", "PAS2050",
)  # fmt: skip
GEOGRAPHY = ("geographyRegionOrSubregion", "geographyCountry", "geographyCountrySubdivision")
UUID = {"type": "string", "pattern": "^[0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$"}
MOMENT = {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$", "maxLength": 40}
TEXT, NAME = {"type": "string"}, {"type": "string", "minLength": 1}
URN = {"type": "string", "pattern": "^[uU][rR][nN]:[A-Za-z0-9][A-Za-z0-9-]{0,31}:.+$", "maxLength": 300}
DECIMAL = {"type": "string", "pattern": r"^-?\d{1,20}(\.\d{1,20})?$"}
POSITIVE = {"type": "string", "pattern": r"^(?!0+(\.0+)?$)\d{1,20}(\.\d{1,20})?$"}
AT_LEAST_0 = {"type": "string", "pattern": r"^(-0+(\.0+)?|\d{1,20}(\.\d{1,20})?)$"}
AT_MOST_0 = {"type": "string", "pattern": r"^(-\d{1,20}(\.\d{1,20})?|0+(\.0+)?)$"}
RATING = {"type": "string", "pattern": r"^([1-4](\.\d{1,20})?|5(\.0+)?)$"}
PERCENT = {"type": "string", "pattern": r"^(\d{1,2}(\.\d{1,20})?|100(\.0+)?)$"}


def _list(of: Json, least: int = 1) -> Json:
    return {"type": "array", "items": of, "minItems": least}


def _object(required: Json, optional: Json | None = None, **more: Any) -> Json:
    return {"type": "object", "properties": required | (optional or {}), "required": list(required), **more}


CARBON_FOOTPRINT = _object(
    {
        "declaredUnitOfMeasurement": {"enum": list(UNITS)}, "declaredUnitAmount": POSITIVE, "productMassPerDeclaredUnit": AT_LEAST_0,
        "referencePeriodStart": MOMENT, "referencePeriodEnd": MOMENT,
        "pcfExcludingBiogenicUptake": DECIMAL, "pcfIncludingBiogenicUptake": DECIMAL,
        "fossilGhgEmissions": AT_LEAST_0, "fossilCarbonContent": AT_LEAST_0,
        "ipccCharacterizationFactors": _list({"type": "string", "pattern": r"^AR\d+$"}),
        "crossSectoralStandards": _list({"enum": list(STANDARDS)}), "exemptedEmissionsPercent": PERCENT,
    },
    {
        "geographyRegionOrSubregion": {"enum": list(REGIONS)}, "geographyCountry": {"type": "string", "pattern": "^[A-Z]{2}$"},
        "geographyCountrySubdivision": {"type": "string", "pattern": "^[A-Z]{2}-[A-Z0-9]{1,3}$"},
        "boundaryProcessesDescription": TEXT,
        **dict.fromkeys((
            "biogenicCarbonContent", "recycledCarbonContent", "landUseChangeGhgEmissions", "landCarbonLeakage",
            "landManagementFossilGhgEmissions", "landManagementBiogenicCO2Emissions", "biogenicNonCO2Emissions", "landAreaOccupation",
            "aircraftGhgEmissions", "packagingGhgEmissions", "packagingBiogenicCarbonContent", "outboundLogisticsGhgEmissions",
            "ccuCarbonContent",
        ), AT_LEAST_0),
        **dict.fromkeys((
            "landManagementBiogenicCO2Removals", "biogenicCO2Uptake", "ccsTechnologicalCO2Capture", "technologicalCO2Removals",
        ), AT_MOST_0),
        "packagingEmissionsIncluded": {"type": "boolean"}, "ccsTechnologicalCO2CaptureIncluded": {"type": "boolean"},
        "technologicalCO2CaptureOrigin": TEXT, "ccuCalculationApproach": {"enum": ["Cut-off", "Credit"]}, "ccuCreditCertification": TEXT,
        "productOrSectorSpecificRules": _list(_object(
            {"operator": {"enum": ["PEF", "EPD International", "Other"]}, "ruleNames": _list(NAME)}, {"otherOperatorName": NAME},
        ), 0),
        "exemptedEmissionsDescription": TEXT, "allocationRulesDescription": TEXT,
        "secondaryEmissionFactorSources": _list(_object({"name": NAME, "version": NAME}), 0),
        "primaryDataShare": PERCENT,
        "dqi": _object({"technologicalDQR": RATING, "geographicalDQR": RATING, "temporalDQR": RATING}),
        "verification": _object({}, {
            "coverage": {"enum": ["PCF calculation model", "PCF program", "product level"]},
            "providerName": TEXT, "completedAt": MOMENT, "standardName": TEXT, "comments": TEXT,
        }),
    },
    allOf=[{"not": {"required": [a, b]}} for i, a in enumerate(GEOGRAPHY) for b in GEOGRAPHY[i + 1 :]],  # at most one
)  # fmt: skip

PRODUCT_FOOTPRINT: Json = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "ProductFootprint",
    **_object(
        {
            "id": UUID, "specVersion": {"type": "string", "pattern": r"^\d+\.\d+\.\d+(-\d{8})?$"}, "created": MOMENT,
            "status": {"enum": ["Active", "Deprecated"]}, "companyName": NAME, "companyIds": _list(URN),
            "productDescription": TEXT, "productIds": _list(URN), "productNameCompany": NAME, "pcf": CARBON_FOOTPRINT,
        },
        {
            "precedingPfIds": _list(UUID), "validityPeriodStart": MOMENT, "validityPeriodEnd": MOMENT,
            "productClassifications": _list(URN), "comment": TEXT,
            "extensions": _list(_object({"specVersion": NAME, "dataSchema": NAME, "data": {"type": "object"}}, {"documentation": TEXT}), 0),
        },
    ),
}  # fmt: skip


def shape_problems(footprint: Any, limit: int = 20) -> Iterator[Problem]:
    """Where a ProductFootprint is not of the shape of version 3; fields that the version does not have among them."""
    for error in islice(_validator().iter_errors(footprint), limit):
        where = "".join(f"/{part}" for part in error.absolute_path)
        yield Problem("pact_shape", where, {"why": error.message[:200]})
    if isinstance(footprint, dict):
        yield from _unknown(footprint, PRODUCT_FOOTPRINT, "")
        if isinstance(footprint.get("pcf"), dict):
            yield from _unknown(footprint["pcf"], CARBON_FOOTPRINT, "/pcf")


def _unknown(value: Json, schema: Json, where: str) -> Iterator[Problem]:
    for name in sorted(set(value) - set(schema["properties"]))[:20]:
        yield Problem("pact_field", f"{where}/{name}", {"field": name})


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(PRODUCT_FOOTPRINT)
