"""What is issued by PACT: every worked inventory, its shape, its sums, and what is refused."""

from __future__ import annotations

import copy
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from boms import REMOVE, canned
from jsonschema import Draft202012Validator
from test_inventories import boms

from lcaengine.background import Release, default_release
from lcaengine.bom import bom_of, read_document
from lcaengine.footprint import body, calculate
from lcaengine.pact.issue import EXTENSION_SCHEMA, Particulars, gate_answer, product_footprint
from lcaengine.pact.received import check, valid_until, warnings
from lcaengine.pact.schema import PRODUCT_FOOTPRINT
from lcaengine.pact.sums import sum_problems
from lcaengine.pact.units import pact_unit
from lcaengine.problems import Refused
from lcaengine.rules import find_rule
from lcaengine.store import Store
from lcaengine.store.pact import Publisher
from lcaengine.units import Quantity

Json = dict[str, Any]
ID, NOW = "f4b1225a-bd44-4c8e-861d-079e4e1dfd69", datetime(2026, 11, 28, 9, 30, tzinfo=UTC)
PUBLISHER = Publisher("Example 示例", ("urn:pact:example.com:company:1",), "example.com", "https://pcf.example.com")
SAID = Particulars(Quantity(101, "kg"), Quantity(250, "g"), ("urn:gtin:4712345060507",))
YEAR = {"/period": {"start": "2025-01-01", "end": "2025-12-31"}}


@cache
def gate(data: bytes, media_type: str = "application/json") -> tuple[Json, Json]:
    document, bom = read_document(data, media_type)
    return document, body(calculate(bom, find_rule(bom.category), default_release(), "cradle_to_gate"))


def issued(document: Json, said: Particulars = SAID) -> Json:
    answer = body(calculate(bom_of(document), find_rule("beer"), default_release(), "cradle_to_gate"))
    return product_footprint(answer, document, PUBLISHER, said, ID, NOW)


def codes(document: Json, said: Particulars) -> set[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        issued(document, said)
    return {(p.code, p.where) for p in refused.value.problems}


@pytest.mark.parametrize(("path", "data", "media_type"), boms())
def test_every_worked_inventory_is_issued_in_shape_and_obeys_pacts_sums(
    path: Any, data: bytes, media_type: str
) -> None:
    document, answer = gate(data, media_type)
    found = product_footprint(answer, document, PUBLISHER, SAID, ID, NOW)
    Draft202012Validator(PRODUCT_FOOTPRINT).validate(found)
    assert set(found) <= set(PRODUCT_FOOTPRINT["properties"])
    assert set(found["pcf"]) <= set(PRODUCT_FOOTPRINT["properties"]["pcf"]["properties"])
    Draft202012Validator(EXTENSION_SCHEMA).validate(found["extensions"][0]["data"])
    # Exactly, in rational numbers; the terms are those that we issue, in PACT's sum.
    pcf = {
        k: Fraction(v)
        for k, v in found["pcf"].items()
        if isinstance(v, str) and v.replace(".", "").lstrip("-").isdigit()
    }
    excluding, including = pcf["pcfExcludingBiogenicUptake"], pcf["pcfIncludingBiogenicUptake"]
    assert excluding == pcf["fossilGhgEmissions"] + pcf["landUseChangeGhgEmissions"] + pcf["biogenicNonCO2Emissions"]
    assert pcf["biogenicCO2Uptake"] == -Fraction(44, 12) * pcf["biogenicCarbonContent"]
    assert including == excluding + pcf["biogenicCO2Uptake"]
    # They are the engine's figures.
    values = {i["id"]: i["value"] for i in answer["indicators"]}
    assert float(excluding) == pytest.approx(values["gwp100_excluding_biogenic_uptake"], abs=1e-8)
    assert float(including) == pytest.approx(values["gwp100_including_biogenic_uptake"], abs=1e-6)
    assert float(pcf["fossilGhgEmissions"]) == pytest.approx(
        values["gwp100_fossil"] + values["gwp100_unsplit"], abs=1e-8
    )
    assert float(found["extensions"][0]["data"]["unsplitGhgEmissions"]) == pytest.approx(
        values["gwp100_unsplit"], abs=1e-8
    )
    assert warnings(check(found), NOW) == []


def test_what_a_footprint_says_of_itself() -> None:
    document = canned({**YEAR, "/product/hs_code": "220300", "/product/gtin": "06901234567892"})
    found = issued(document)
    pcf = found["pcf"]
    assert (pcf["declaredUnitOfMeasurement"], pcf["declaredUnitAmount"]) == ("liter", "100")
    assert (pcf["productMassPerDeclaredUnit"], pcf["fossilCarbonContent"]) == ("101", "0.25")
    assert (pcf["referencePeriodStart"], pcf["referencePeriodEnd"]) == ("2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z")
    assert (found["validityPeriodStart"], found["validityPeriodEnd"]) == (
        "2026-01-01T00:00:00Z",
        "2029-01-01T00:00:00Z",
    )
    assert found["productIds"] == [
        "urn:gtin:06901234567892",
        "urn:pact:example.com:product-id:can",
        "urn:gtin:4712345060507",
    ]
    assert found["productClassifications"] == ["urn:pact:productclassification:hs:220300"]
    assert pcf["geographyCountrySubdivision"] == "CN-SD"
    assert "geographyCountry" not in pcf
    assert (pcf["packagingEmissionsIncluded"], pcf["ipccCharacterizationFactors"]) == (True, ["AR6"])
    assert pcf["exemptedEmissionsPercent"] == "2.8"
    assert "未按气体拆分" in found["comment"]
    assert "without a split" in found["comment"]


def test_the_gate_result_of_a_whole_life_is_solved_again(store: Store, release: Release) -> None:
    document = canned(YEAR)
    rule = find_rule("beer")
    grave = body(calculate(bom_of(document), rule, release))
    near = body(calculate(bom_of(document), rule, release, "cradle_to_gate"))
    assert grave["total"]["value"] > near["total"]["value"]
    assert gate_answer(store.add("a", document, grave), release)["total"] == near["total"]
    kept = gate_answer(store.add("a", document, near), release)
    assert {k: kept[k] for k in near} == near


def test_what_is_missing_is_named_and_nothing_is_invented() -> None:
    bare = canned({"/product/id": REMOVE})
    assert codes(bare, Particulars()) == {
        ("pact_no_period", "/period"), ("pact_no_product_id", "/product_ids"), ("pact_no_mass", "/mass"),
        ("pact_no_fossil_carbon", "/fossil_carbon"),
    }  # fmt: skip


@pytest.mark.parametrize("until", [date(2025, 12, 31), date(2026, 11, 28), date(2029, 1, 2)])
def test_validity_ends_within_three_years_and_not_before_today(until: date) -> None:
    said = Particulars(SAID.mass, SAID.fossil_carbon, SAID.product_ids, valid_until=until)
    assert codes(canned(YEAR), said) == {("pact_validity", "/valid_until")}


def test_data_that_are_too_old_are_not_issued() -> None:
    assert codes(canned({"/period": {"start": "2022-01-01", "end": "2022-12-31"}}), SAID) == {("pact_validity", "/valid_until")}  # fmt: skip


def test_a_negative_part_is_not_issued() -> None:
    document = canned(YEAR)
    answer = copy.deepcopy(gate(json.dumps(document).encode())[1])
    for indicator in answer["indicators"]:
        if indicator["id"] in ("gwp100_fossil", "gwp100_excluding_biogenic_uptake", "gwp100_including_biogenic_uptake"):
            indicator["value"] -= 1000
    with pytest.raises(Refused) as refused:
        product_footprint(answer, document, PUBLISHER, SAID, ID, NOW)
    assert [(p.code, p.where) for p in refused.value.problems] == [("pact_negative", "/pcf/fossilGhgEmissions")]


def test_totals_that_are_not_the_sum_of_their_parts_are_not_issued() -> None:
    document = canned(YEAR)
    answer = copy.deepcopy(gate(json.dumps(document).encode())[1])
    answer["indicators"][0]["value"] *= 1.001
    with pytest.raises(Refused) as refused:
        product_footprint(answer, document, PUBLISHER, SAID, ID, NOW)
    assert [p.code for p in refused.value.problems] == ["pact_sum"]


@pytest.mark.parametrize(
    ("ours", "pact"),
    [("hl", "liter"), ("L", "liter"), ("m3", "cubic meter"), ("t", "kilogram"), ("kWh", "kilowatt hour"), ("GJ", "kilowatt hour"),
     ("MJ", "megajoule"), ("t*km", "ton kilometer"), ("m2", "square meter"), ("台", "piece"), ("d", "hour")],
)  # fmt: skip
def test_units(ours: str, pact: str) -> None:
    assert pact_unit(ours) == pact


@pytest.mark.parametrize("unit", ["km", "CNY", "W"])
def test_a_unit_that_pact_does_not_have(unit: str) -> None:
    with pytest.raises(Refused) as refused:
        pact_unit(unit)
    assert refused.value.problems[0].code == "pact_no_unit"


# -- the sums, of what others send. The official examples 1, 2 and 4 break them: their totals are figures of their own that
# the parts do not give, and the uptake is not that of the carbon content.
def test_sums_that_do_not_hold_are_said() -> None:
    good = {"fossilGhgEmissions": "1.5", "landUseChangeGhgEmissions": "0.25", "pcfExcludingBiogenicUptake": "1.75",
            "biogenicCarbonContent": "0.3", "biogenicCO2Uptake": "-1.1", "pcfIncludingBiogenicUptake": "0.65"}  # fmt: skip
    assert list(sum_problems(good)) == []
    for name, value in (
        ("pcfExcludingBiogenicUptake", "4.9"), ("pcfIncludingBiogenicUptake", "4"), ("biogenicCO2Uptake", "0"),
        ("fossilGhgEmissions", "0"), ("biogenicCarbonContent", "1"),
    ):  # fmt: skip
        assert {p.code for p in sum_problems({**good, name: value})} == {"pact_sum"}, name
    # Uptake that is counted in the sum without it, a double count of land management, carbon without any uptake.
    assert [p.where for p in sum_problems({**good, "pcfExcludingBiogenicUptake": "0.65"})] == [
        "/pcf/pcfExcludingBiogenicUptake", "/pcf/pcfIncludingBiogenicUptake",
    ]  # fmt: skip
    no_uptake = {k: v for k, v in good.items() if k != "biogenicCO2Uptake"}
    assert "/pcf/biogenicCO2Uptake" in {p.where for p in sum_problems(no_uptake)}


def test_rounding_of_the_figures_stated_is_no_mistake() -> None:
    # 1.04 + 0.04 = 1.08 as a partner rounds them to one decimal: 1.0 + 0.0 = 1.1.
    rounded = {"fossilGhgEmissions": "1.0", "biogenicNonCO2Emissions": "0.0", "pcfExcludingBiogenicUptake": "1.1",
               "pcfIncludingBiogenicUptake": "1.1"}  # fmt: skip
    assert list(sum_problems(rounded)) == []
    assert len(list(sum_problems({**rounded, "pcfExcludingBiogenicUptake": "1.3"}))) == 2


def received(changes: Json | None = None, pcf: Json | None = None) -> Json:
    found = copy.deepcopy(issued(canned(YEAR)))
    found |= changes or {}
    found["pcf"] |= pcf or {}
    return found


@pytest.mark.parametrize(
    ("changes", "pcf", "code", "where"),
    [
        ({"version": 1}, {}, "pact_field", "/version"),
        ({}, {"declaredUnit": "liter"}, "pact_field", "/pcf/declaredUnit"),
        ({}, {"exemptedEmissionsPercent": 3.0}, "pact_shape", "/pcf/exemptedEmissionsPercent"),
        ({"companyIds": []}, {}, "pact_shape", "/companyIds"),
        ({}, {"geographyCountry": "CN"}, "pact_shape", "/pcf"),
        ({}, {"biogenicCO2Uptake": "1"}, "pact_shape", "/pcf/biogenicCO2Uptake"),
        ({"status": "Deprecated"}, {}, "pact_deprecated", "/status"),
        ({"validityPeriodEnd": "2026-06-01T00:00:00Z"}, {}, "pact_expired", "/validityPeriodEnd"),
        ({}, {"fossilGhgEmissions": "1"}, "pact_sum", "/pcf/pcfExcludingBiogenicUptake"),
    ],
)
def test_what_is_odd_in_a_received_footprint_is_said(changes: Json, pcf: Json, code: str, where: str) -> None:
    found = check(received(changes, pcf))
    assert (code, where) in {(p.code, p.where) for p in warnings(found, NOW)}


@pytest.mark.parametrize(
    ("changes", "pcf", "where"),
    [
        ({"id": "1"}, {}, "/id"),
        ({}, {"declaredUnitOfMeasurement": "megabit second"}, "/pcf/declaredUnitOfMeasurement"),
        ({}, {"declaredUnitAmount": "0"}, "/pcf/declaredUnitAmount"),
        ({}, {"pcfExcludingBiogenicUptake": "NaN"}, "/pcf/pcfExcludingBiogenicUptake"),
        ({}, {"pcfExcludingBiogenicUptake": "1e999999"}, "/pcf/pcfExcludingBiogenicUptake"),
        ({}, {"referencePeriodEnd": "soon"}, "/pcf/referencePeriodEnd"),
    ],
)
def test_what_no_figure_can_be_taken_from_is_refused(changes: Json, pcf: Json, where: str) -> None:
    with pytest.raises(Refused) as refused:
        check(received(changes, pcf))
    assert [(p.code, p.where) for p in refused.value.problems] == [("pact_unusable", where)]


def test_without_a_validity_it_is_three_years() -> None:
    found = received()
    del found["validityPeriodEnd"]
    assert valid_until(found).date() == date(2029, 1, 1)


def test_decimals_are_strings_of_digits() -> None:
    for value in issued(canned(YEAR))["pcf"].values():
        assert not isinstance(value, (int, float)) or isinstance(value, bool)
        if isinstance(value, str) and value[:1].isdigit() and "T" not in value:
            assert format(Decimal(value), "f") == value
