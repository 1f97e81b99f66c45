"""Certificates by the default and the actual path: worked examples, the order of the law, what is refused, what must always hold."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcaengine.cbam.certificates import actual_path, certificates_per_tonne, default_path
from lcaengine.cbam.certificates.free_allocation import (
    PrecursorAllocation,
    ProcessBenchmark,
    default_benchmark,
    process_benchmark,
)
from lcaengine.cbam.certificates.inputs import LAST_YEAR
from lcaengine.cbam.certificates.price import PaidPrice, price_of
from lcaengine.problems import Refused
from lcaengine.units import Quantity

Json = dict[str, Any]
near = pytest.approx
CHINESE = re.compile("[一-鿿]")
ALL_YEARS = range(2026, LAST_YEAR + 1)
COIL, SCREW, BILLET = "72083600", "73181595", "72071111"


def t(amount: float) -> Quantity:
    return Quantity(amount, "t")


def row(body: Json, year: int = 2026) -> Json:
    return next(r for r in body["by_year"] if r["year"] == year)


def refused(*args: Any, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        default_path(*args, **options)
    for problem in caught.value.problems:
        assert CHINESE.search(problem.message("zh"))
        assert not CHINESE.search(problem.message("en"))
        assert "?" not in problem.message("en")
    return [(p.code, p.where) for p in caught.value.problems]


def texts(value: Any) -> Iterator[Json]:
    """Every pair of texts anywhere in a body."""
    if isinstance(value, dict):
        if {"zh", "en"} <= value.keys():
            yield value
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


# -- worked examples, made outside this code

CHINA_7208 = {
    2026: (3.5057, 1.33575, 2.16995, 163.53), 2027: (3.8244, 1.3015, 2.5229, 190.13), 2028: (4.1431, 1.2330, 2.9101, 219.31),
    2030: (4.1431, 0.70555, 3.43755, 259.05), 2034: (4.1431, 0.0, 4.1431, 312.22),
}  # fmt: skip


@pytest.mark.parametrize("cn", ["7208", COIL, "7208 36 00", "7208.36.00", "7208360090"])
@pytest.mark.parametrize("year", CHINA_7208)
def test_hot_rolled_coil_from_china(cn: str, year: int) -> None:
    found = row(default_path(cn, "CN", [year], price=75.36), year)
    marked, adjusted, certificates, eur = CHINA_7208[year]
    assert found["emissions"] == near(marked, rel=1e-12)
    assert found["free_allocation"] == near(adjusted, rel=1e-12)
    assert found["certificates_per_t"] == near(certificates, rel=1e-12)
    assert round(found["eur_per_t"], 2) == eur


@pytest.mark.parametrize("choice", [{"route": "A"}, {"description": "grey"}])
def test_a_hundred_tonnes_of_algerian_grey_clinker(choice: dict[str, str]) -> None:
    """100·(1.28·1.1) − 100·0.666·0.975 = 75.865 certificates; · 75.36 = 5 717.19 EUR."""
    total = row(default_path("25231000", "DZ", [2026], mass=t(100), quarter="2026-Q1", **choice))["total"]
    assert total["certificates"] == near(75.865, rel=1e-12)
    assert total["eur"] == near(5717.1864, rel=1e-12)
    assert total["eur_rounded"] == 5717.19


def test_a_hundred_tonnes_of_turkish_billets() -> None:
    """254.100 − 132.990 = 121.110 certificates; · 80 = 9 688.80 EUR."""
    found = row(default_path(BILLET, "TR", [2026], mass=t(100), price=80))
    assert 100 * found["emissions"] == near(254.1, rel=1e-12)
    assert 100 * found["free_allocation"] == near(132.99, rel=1e-12)
    assert found["total"]["certificates"] == near(121.11, rel=1e-12)
    assert found["total"]["eur_rounded"] == 9688.80


def test_the_common_wrong_formula_gives_something_else() -> None:
    """The factor is what remains of free allocation: 2.5 % of the emissions is not what is due."""
    found = row(default_path("7208", "CN", [2026], price=75.36))
    assert found["certificates_per_t"] > 20 * (found["emissions"] * 0.025)
    assert found["certificates_per_t"] != near(found["emissions"] * (1 - 0.975), rel=0.5)


def test_fertilisers_bear_one_per_cent() -> None:
    """Nitric acid, China, 2030: 3.080 · 1.01 − 0.515 · 0.582 = 2.81107."""
    found = row(default_path("28080000", "CN", [2030]), 2030)
    assert found["markup"] == 0.01
    assert found["certificates_per_t"] == near(2.81107, rel=1e-12)


def test_hydrogen() -> None:
    """China: 26.640 · 1.1 − 0.975 · 5.089 = 24.342225; no threshold of 50 t."""
    body = default_path("28041000", "CN", [2026], mass=t(2))
    assert row(body)["certificates_per_t"] == near(24.342225, rel=1e-12)
    assert not any("50 t" in note["en"] for note in body["notes"])
    assert any("50 t" in note["en"] for note in default_path(COIL, "CN", [2026])["notes"])


def test_never_below_zero() -> None:
    """Kuwait, unwrought aluminium: 0.360 · 1.1 = 0.396 is less than 0.975 · 1.423."""
    found = row(default_path("76011010", "KW", [2026], route="K", mass=t(1000), price=80))
    assert found["certificates_per_t"] == 0.0
    assert found["total"]["eur"] == 0.0
    assert found["floored"] is True
    assert row(default_path(COIL, "CN", [2026]))["floored"] is False


# -- the benchmark and its route


@pytest.mark.parametrize(
    ("cn", "country", "year", "route", "value"),
    [
        (COIL, "CN", 2026, "C", 1.37), ("72091500", "CN", 2026, "C", 1.458), ("73101000", "CN", 2026, "C", 1.491), (SCREW, "CN", 2026, "C", 1.364),
        ("73181552", "CN", 2026, None, 1.154), ("73181552", "CN", 2027, None, 1.154), ("73181552", "CN", 2028, None, 1.116),
        ("73181552", "CN", 2030, None, 1.116), ("73181552", "CN", 2033, None, 1.116), ("72193100", "CN", 2027, None, 1.27),
        ("72193100", "CN", 2028, None, 1.23), ("76011010", "CN", 2026, "K", 1.423), ("76129080", "CN", 2026, "K", 1.594),
        ("76161000", "CN", 2026, "K", 1.485), ("28041000", "CN", 2026, None, 5.089), ("25232900", "CN", 2026, None, 0.666),
    ],
)  # fmt: skip
def test_column_b_by_the_route_of_the_default_row(
    cn: str, country: str, year: int, route: str | None, value: float
) -> None:
    found = row(default_path(cn, country, [year]), year)["benchmark"]
    assert (found["column"], found["route"], found["value"]) == ("B", route, value)


@pytest.mark.parametrize(
    ("cn", "route", "value"), [("72279010", "C", 1.435), ("72272000", "F", 1.613), ("72279095", "F", 1.613)]
)
def test_an_indicator_of_two_routes_means_the_one_the_good_has(cn: str, route: str, value: float) -> None:
    found = row(default_path(cn, "CN", [2026]))["benchmark"]
    assert (found["route"], found["value"]) == (route, value)


def test_a_row_without_indicator_is_asked_about_once_for_all_years() -> None:
    assert refused("76011010", "KW", ALL_YEARS) == [("cbam_benchmark_route", "/route")]


def test_the_answer_is_taken_and_said() -> None:
    found = row(default_path("76012080", "KW", [2026], route="L"))
    assert found["benchmark"]["value"] == 0.091
    assert any("user chose the route" in note["en"] for note in found["notes"])


@pytest.mark.parametrize("route", ["E", "D", "K"])
def test_the_user_may_not_choose_against_the_default_row(route: str) -> None:
    assert refused(COIL, "CN", [2026], route=route) == [("cbam_route_not_default", "/route")]


def test_a_route_that_changes_nothing_is_said() -> None:
    assert any("independent of the route" in n["en"] for n in default_benchmark("28041000", 2026, None, "C").notes)
    assert default_benchmark("28041000", 2026, None).notes == ()


def test_a_heading_whose_codes_differ_is_asked_about() -> None:
    assert refused("731815", "CN", [2026]) == [("cbam_benchmark_heading", "/route")]


# -- years, law and proposal


def test_the_factor_of_every_year_of_the_law() -> None:
    body = default_path(COIL, "CN", ALL_YEARS)
    factors = [r["cbam_factor"]["value"] for r in body["by_year"]]
    assert factors == [0.975, 0.95, 0.90, 0.775, 0.515, 0.39, 0.265, 0.14, 0.0]
    assert all(r["law"] and r["cbam_factor"]["state"] == "in force" for r in body["by_year"])
    assert body["proposals"] is None


def test_the_proposal_stands_apart() -> None:
    body = default_path(COIL, "CN", ALL_YEARS, price=80, mass=t(10), proposals=True)
    apart = body["proposals"]
    assert apart["law"] is False
    assert apart["acts"][0]["status"] == "proposal"
    assert "not law" in apart["note"]["en"]
    factors = [r["cbam_factor"]["value"] for r in apart["by_year"]]
    assert factors == [0.975, 0.95, 0.915, 0.81, 0.59, 0.48, 0.375, 0.27, 0.15]
    assert all(not r["law"] and "proposal" in r["cbam_factor"]["state"] for r in apart["by_year"])
    without = default_path(COIL, "CN", ALL_YEARS, price=80, mass=t(10))
    assert body["by_year"] == without["by_year"]
    assert not any("616" in act["id"] for act in body["acts"])


def test_what_is_provisional_or_assumed_is_said_by_year() -> None:
    body = default_path(COIL, "CN", ALL_YEARS)
    said = {r["year"]: " ".join(n["en"] for n in r["notes"]) for r in body["by_year"]}
    assert "provisional for 2026" in said[2026]
    assert "not published; 1.0 is assumed" not in said[2026]
    assert "to be updated for imports from 1 January 2027" in said[2027]
    assert "1.0 is assumed" in said[2027]
    assert "an assumption" in said[2031]
    assert [r["correction_factor"]["assumed"] for r in body["by_year"]] == [False] + [True] * 8


@pytest.mark.parametrize("years", [[], [2025], [2035], [2026, 2040]])
def test_years_outside_the_law(years: list[int]) -> None:
    assert ("cbam_path_years", "/years") in refused(COIL, "CN", years)


# -- price


@pytest.mark.parametrize(("quarter", "eur"), [("2026-Q1", 75.36), ("2026-Q2", 75.28)])
def test_official_prices_go_by_the_quarter_of_importation(quarter: str, eur: float) -> None:
    price = row(default_path(COIL, "CN", [2026], quarter=quarter))["price"]
    assert (price["eur"], price["status"], price["period"], price["act"]) == (eur, "official", quarter, "2025/2548")


def test_an_official_price_is_not_replaced_by_an_assumption() -> None:
    body = default_path(COIL, "CN", [2026, 2027], quarter="2026-Q1", price=90)
    assert [(r["price"]["eur"], r["price"]["status"]) for r in body["by_year"]] == [
        (75.36, "official"),
        (90, "assumption"),
    ]


@pytest.mark.parametrize("quarter", ["2026-Q3", "2026-Q4"])
def test_a_quarter_without_official_price_is_refused_unless_assumed(quarter: str) -> None:
    assert refused(COIL, "CN", [2026], quarter=quarter) == [("cbam_price_unpublished", "/quarter")]
    price = row(default_path(COIL, "CN", [2026], quarter=quarter, price=81))["price"]
    assert (price["eur"], price["status"]) == (81, "assumption")
    assert "neither official nor a forecast" in price["notes"][0]["en"]


def test_later_quarters_are_not_published_either() -> None:
    assert refused(COIL, "CN", [2027], quarter="2027-Q1") == [("cbam_price_unpublished", "/quarter")]


def test_no_price_is_carried_into_later_years() -> None:
    body = default_path(COIL, "CN", ALL_YEARS, quarter="2026-Q2", mass=t(100))
    assert row(body)["eur_per_t"] is not None
    for found in body["by_year"][1:]:
        assert found["price"]["status"] == "missing"
        assert found["eur_per_t"] is found["total"]["eur"] is found["total"]["eur_rounded"] is None
        assert found["certificates_per_t"] > 0
        assert any("none is extrapolated" in note["en"] for note in found["notes"])


def test_without_quarter_and_price_there_are_certificates_only() -> None:
    found = row(default_path(COIL, "CN", [2026]))
    assert found["eur_per_t"] is None
    assert "name the quarter" in price_of(2026, None, None)["notes"][0]["en"]


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_a_price_that_is_none(price: float) -> None:
    assert refused(COIL, "CN", [2026], price=price) == [("cbam_price_invalid", "/price")]


@pytest.mark.parametrize(
    ("quarter", "code"),
    [("Q1", "cbam_quarter_form"), ("2026-Q5", "cbam_quarter_form"), ("2027-Q1", "cbam_quarter_year")],
)
def test_a_quarter_that_does_not_fit(quarter: str, code: str) -> None:
    assert refused(COIL, "CN", [2026], quarter=quarter) == [(code, "/quarter")]


# -- mass and pieces


def test_per_piece_and_for_all_pieces() -> None:
    """Screws of 12.5 g from China, a million of them: 6.375·1.1 − 0.975·1.364 = 5.6826 per t; 12.5 t."""
    body = default_path(
        SCREW, "CN", [2026], pieces=1_000_000, unit_mass=Quantity(12.5, "g"), quarter="2026-Q2", mass=None
    )
    found = row(body)
    assert found["certificates_per_t"] == near(5.6826, rel=1e-12)
    assert found["per_piece"]["certificates"] == near(5.6826 * 12.5e-6, rel=1e-12)
    assert found["per_piece"]["eur"] == near(5.6826 * 12.5e-6 * 75.28, rel=1e-12)
    assert found["total"] == near(
        {"mass_t": 12.5, "certificates": 71.0325, "eur": 5347.3266, "eur_rounded": 5347.33}, rel=1e-9
    )


def test_the_piece_follows_from_mass_and_number() -> None:
    by_mass = default_path(SCREW, "CN", [2026], pieces=1000, mass=Quantity(12.5, "kg"))
    by_piece = default_path(SCREW, "CN", [2026], pieces=1000, unit_mass=Quantity(12.5, "g"))
    assert by_mass["shipment"] == near(by_piece["shipment"])
    assert row(by_mass)["per_piece"]["certificates"] == near(row(by_piece)["per_piece"]["certificates"])


def test_pieces_where_tonnes_are_required() -> None:
    assert refused(SCREW, "CN", [2026], pieces=1000) == [("cbam_pieces_need_mass", "/pieces")]
    assert refused(SCREW, "CN", [2026], mass=Quantity(1000, "piece")) == [("cbam_tonnes_required", "/mass/unit")]
    assert refused(SCREW, "CN", [2026], pieces=5, unit_mass=Quantity(1, "L")) == [
        ("cbam_tonnes_required", "/unit_mass/unit")
    ]


@pytest.mark.parametrize(
    ("shipment", "found"),
    [
        ({"mass": t(0)}, ("cbam_shipment_amount", "/mass")),
        ({"mass": t(-5)}, ("cbam_shipment_amount", "/mass")),
        ({"pieces": 0, "unit_mass": t(1)}, ("cbam_shipment_amount", "/pieces")),
        ({"pieces": 10, "unit_mass": t(1), "mass": t(11)}, ("cbam_masses_contradict", "/mass")),
    ],
)
def test_amounts_that_cannot_be(shipment: Json, found: tuple[str, str]) -> None:
    assert refused(SCREW, "CN", [2026], **shipment) == [found]


# -- origin and code


@pytest.mark.parametrize(("country", "word"), [("DE", "EU"), ("CH", "Annex III"), ("livigno", "Annex III")])
def test_no_obligation_for_the_eu_and_exempt_origins(country: str, word: str) -> None:
    body = default_path(COIL, country, ALL_YEARS, mass=t(100), price=80, proposals=True)
    assert body["obligation"]["applies"] is False
    assert word in body["obligation"]["reason"]["en"]
    assert (body["by_year"], body["certificates"], body["proposals"]) == ([], 0.0, None)


def test_unknown_origin_takes_the_highest_value() -> None:
    body = default_path("25231000", None, [2026], route="A")
    assert body["default_value"]["total"] == 1.44
    assert any("Annex IV" in note["en"] for note in body["notes"])


@pytest.mark.parametrize("cn", ["84501111", "2203", "40111000"])
def test_a_good_outside_annex_i_has_no_default_path(cn: str) -> None:
    assert refused(cn, "CN", [2026]) == [("cbam_path_not_listed", "/cn_code")]


def test_all_problems_at_once() -> None:
    found = refused(
        "25231000",
        "Algeria",
        [2025],
        pieces=5,
        quarter="first",
        price=-1,
        carbon_price_paid=PaidPrice("not_applicable"),
    )
    assert set(found) >= {
        ("cbam_path_years", "/years"), ("cbam_price_invalid", "/price"), ("cbam_quarter_form", "/quarter"),
        ("cbam_paid_reason", "/carbon_price_paid/reason"), ("cbam_pieces_need_mass", "/pieces"), ("cbam_country_form", "/country"),
    }  # fmt: skip


def test_the_ambiguous_clinker_is_refused_here_too() -> None:
    assert refused("25231000", "DZ", [2026]) == [("cbam_default_ambiguous", "/cn_code")]


def test_electricity_is_refused() -> None:
    assert refused("27160000", "CN", [2026]) == [("cbam_default_electricity", "/cn_code")]


def test_cement_and_fertilisers_say_what_the_tonne_is() -> None:
    for cn in ("25232900", "28080000"):
        assert any("per tonne of product" in n["en"] for n in default_path(cn, "CN", [2026])["notes"])
    assert not any("per tonne of product" in n["en"] for n in default_path(COIL, "CN", [2026])["notes"])


def test_a_condition_of_annex_i_is_said() -> None:
    assert any("calcined" in n["en"] for n in default_path("25070080", "CN", [2026])["notes"])


# -- the carbon price paid

DEFAULT_PRICE = PaidPrice("value", "default_price", reduction=0.1, year=2027, evidence="publication of the Commission")


def test_the_default_price_is_deducted_in_its_year_only() -> None:
    paid = default_path(COIL, "CN", [2026, 2027, 2028], carbon_price_paid=DEFAULT_PRICE)
    free = default_path(COIL, "CN", [2026, 2027, 2028])
    less = [
        f["certificates_per_t"] - p["certificates_per_t"] for f, p in zip(free["by_year"], paid["by_year"], strict=True)
    ]
    assert less == near([0.0, 0.1, 0.0], abs=1e-12)
    assert paid["carbon_price_paid"]["status"] == "value"
    assert any(act["status"] == "draft" for act in paid["carbon_price_paid"]["acts"])
    assert "no currency is converted" in paid["carbon_price_paid"]["notes"][0]["en"]


def test_missing_and_not_applicable_count_nothing_and_say_so() -> None:
    missing = default_path(COIL, "CN", [2026])["carbon_price_paid"]
    assert (missing["status"], missing["reduction"]) == ("missing", 0.0)
    without = PaidPrice("not_applicable", reason="no carbon price in the country")
    body = default_path(COIL, "CN", [2026], carbon_price_paid=without)["carbon_price_paid"]
    assert (body["status"], body["reason"]) == ("not_applicable", "no carbon price in the country")


@pytest.mark.parametrize(
    ("paid", "found"),
    [
        (PaidPrice("not_applicable", reason=" "), ("cbam_paid_reason", "reason")),
        (PaidPrice("value", "default_price", 0.1, 2027), ("cbam_paid_evidence", "evidence")),
        (PaidPrice("value", "default_price", -0.1, 2027, "x"), ("cbam_paid_amount", "reduction")),
        (PaidPrice("value", "default_price", None, 2027, "x", amount="62.36 CNY/t"), ("cbam_paid_amount", "reduction")),
        (PaidPrice("value", "default_price", 0.1, None, "x"), ("cbam_paid_year", "year")),
        (PaidPrice("value", "default_price", 0.1, 2026, "x"), ("cbam_paid_default_year", "year")),
        (PaidPrice("value", "certified", 0.1, 2026, "x"), ("cbam_paid_with_defaults", "kind")),
    ],
)
def test_a_deduction_without_what_article_9_asks(paid: PaidPrice, found: tuple[str, str]) -> None:
    code, field = found
    assert refused(COIL, "CN", [2026], carbon_price_paid=paid) == [(code, f"/carbon_price_paid/{field}")]


# -- the actual path, by hand

ROD = PrecursorAllocation("wire rod", 1.05, "CN", "default", cn_code="72139120")


def actual(see: float, *precursors: PrecursorAllocation, cn: str = SCREW, **options: Any) -> Json:
    return row(actual_path(see, ProcessBenchmark(cn, options.pop("routes", {})), precursors, year=2026, **options))


def test_screws_from_a_default_wire_rod() -> None:
    """0.975·0.038 + 1.05·0.975·1.364 = 1.433445; 2.5 − 1.433445 = 1.066555."""
    found = actual(2.5, ROD, quarter="2026-Q1", mass=t(100))
    assert found["benchmark"]["column"] == "A"
    assert found["precursors"][0]["adjustment"]["benchmark"]["column"] == "B"
    assert found["free_allocation"] == near(1.433445, rel=1e-12)
    assert found["certificates_per_t"] == near(1.066555, rel=1e-12)
    assert found["total"]["eur"] == near(106.6555 * 75.36, rel=1e-12)


def test_a_precursor_with_a_verified_report_brings_its_own_allocation() -> None:
    """0.975·0.038 + 1.05·1.2 = 1.29705."""
    found = actual(2.5, PrecursorAllocation("wire rod", 1.05, "CN", "actual", allocation=1.2))
    assert found["free_allocation"] == near(1.29705, rel=1e-12)
    assert found["precursors"][0]["basis"] == "reported"


@pytest.mark.parametrize("country", ["DE", "NO"])
def test_a_precursor_from_the_eu_or_an_exempt_origin_brings_none(country: str) -> None:
    found = actual(2.5, PrecursorAllocation("wire rod", 1.05, country, "default", cn_code="72139120"))
    assert found["free_allocation"] == near(0.975 * 0.038, rel=1e-12)
    assert found["precursors"][0] == {
        "name": "wire rod", "ratio": 1.05, "basis": "exempt_origin", "specific": 0.0, "value": 0.0, "adjustment": None,
    }  # fmt: skip


def test_several_routes_are_weighted_by_quantity() -> None:
    """60 t primary, 40 t secondary: 0.6·1.423 + 0.4·0.091 = 0.8902."""
    found = actual(4.0, cn="76011010", routes={"K": 60, "L": 40})
    assert found["benchmark"]["value"] == near(0.8902, rel=1e-12)
    assert found["benchmark"]["route"] == "K/L"
    assert found["certificates_per_t"] == near(4.0 - 0.975 * 0.8902, rel=1e-12)


def test_names_of_the_template_that_mean_one_route() -> None:
    named = process_benchmark(
        ProcessBenchmark("76011010", {"primary_electrolytic_smelting": 60, "secondary_melting_recycling": 40}), 2026
    )
    assert named == process_benchmark(ProcessBenchmark("76011010", {"K": 60, "L": 40}), 2026)
    assert process_benchmark(ProcessBenchmark(BILLET, {"basic_oxygen_steelmaking": 1}), 2026).value == 0.188


@pytest.mark.parametrize(
    "routes", [{}, {"electric_arc_furnace": 1}, {"K": 1}, {"C": 0}, {"C": 2, "D": -1}, {"C": 1, "unknown": 1}]
)
def test_a_process_whose_route_is_open_is_asked_about(routes: dict[str, float]) -> None:
    with pytest.raises(Refused) as caught:
        process_benchmark(ProcessBenchmark(BILLET, routes), 2026)
    assert [p.code for p in caught.value.problems] == ["cbam_benchmark_route"]
    assert "C: 0.188" in caught.value.problems[0].message("en")


@pytest.mark.parametrize("route", [None, "E", "electric_arc_furnace"])
def test_how_a_default_precursor_was_made_does_not_change_its_row(route: str | None) -> None:
    billet = PrecursorAllocation("billet", 1.1, "TR", "default", cn_code=BILLET, route=route)
    assert actual(3.0, billet, cn="72139120")["precursors"][0]["specific"] == near(0.975 * 1.364, rel=1e-12)


def test_cement_per_tonne_of_clinker_is_brought_to_a_tonne_of_cement() -> None:
    """0.95 t CO2e/t clinker · 0.9 = 0.855; 0.975·0 + 0.9·0.975·0.666 = 0.584415; difference 0.270585."""
    clinker = PrecursorAllocation("clinker", 0.9, "DZ", "default", cn_code="25231000", route="A")
    found = actual(0.95, clinker, cn="25232900", per="t_clinker", content=0.9)
    assert found["certificates_per_t"] == near(0.270585, rel=1e-9)


def test_nitric_acid_per_kg_of_nitrogen_is_brought_to_a_tonne() -> None:
    """0.01 t CO2e/kg N · 1000 · 0.2 = 2; column A 0.151: 2 − 0.975·0.151 = 1.852775."""
    assert actual(0.01, cn="28080000", per="kg_n", content=0.2)["certificates_per_t"] == near(1.852775, rel=1e-12)


def test_a_negative_difference_is_zero_and_helps_no_other_good() -> None:
    found = actual(0.5, ROD)
    assert (found["certificates_per_t"], found["floored"]) == (0.0, True)


def test_a_certified_price_counts_with_actual_emissions() -> None:
    paid = PaidPrice("value", "certified", 0.25, 2026, "certificate of an independent person", "40 EUR/t CO2e")
    assert actual(2.5, ROD, carbon_price_paid=paid)["certificates_per_t"] == near(0.816555, rel=1e-12)


def test_electricity_has_no_free_allocation() -> None:
    assert process_benchmark(ProcessBenchmark("27160000"), 2026).value == 0.0


def test_the_actual_path_under_the_proposal() -> None:
    """2028: 0.915·(0.038 + 1.05·1.364) instead of 0.90 of it."""
    body = actual_path(2.5, ProcessBenchmark(SCREW), [ROD], year=2028, proposals=True)
    assert row(body, 2028)["free_allocation"] == near(0.90 * 1.4702, rel=1e-12)
    assert body["proposals"]["by_year"][0]["free_allocation"] == near(0.915 * 1.4702, rel=1e-12)


def test_a_good_of_exempt_origin_owes_nothing() -> None:
    body = actual_path(2.5, ProcessBenchmark(SCREW), [ROD], year=2026, country="CH", mass=t(10))
    assert (body["obligation"]["applies"], body["by_year"], body["certificates"]) == (False, [], 0.0)


def test_every_problem_of_the_actual_path_at_once() -> None:
    wrong = [
        PrecursorAllocation("a", 1.0, "CN", "actual"),
        PrecursorAllocation("b", 1.0, "CN", "default"),
        PrecursorAllocation("c", -1.0, "CN", "default", cn_code="72139120"),
        PrecursorAllocation("d", 1.0, "CN", "default", cn_code="25231000"),
        PrecursorAllocation("e", 1.0, "CN", "actual", allocation=float("nan")),
    ]
    with pytest.raises(Refused) as caught:
        actual_path(float("nan"), ProcessBenchmark("76011010", {"C": 1}), wrong, year=2026)
    assert [(p.code, p.where) for p in caught.value.problems] == [
        ("cbam_see_invalid", "/see"), ("cbam_benchmark_route", "/routes"), ("cbam_allocation_missing", "/precursors/0"),
        ("cbam_allocation_code", "/precursors/1"), ("cbam_allocation_negative", "/precursors/2"),
        ("cbam_default_ambiguous", "/precursors/3"), ("cbam_allocation_negative", "/precursors/4"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cn", "options"),
    [
        ("25232900", {}), ("28080000", {"per": "kg_n"}), ("28080000", {"per": "t_clinker", "content": 0.2}),
        ("25232900", {"per": "t_clinker", "content": 95}), (SCREW, {"per": "t_clinker", "content": 0.9}),
    ],
)  # fmt: skip
def test_functional_units_are_not_mixed(cn: str, options: Json) -> None:
    with pytest.raises(Refused) as caught:
        actual_path(1.0, ProcessBenchmark(cn), year=2026, **options)
    assert [p.code for p in caught.value.problems] == ["cbam_functional_unit"]


# -- what always holds

GOODS = st.sampled_from([COIL, BILLET, SCREW, "76061191", "28041000", "28080000", "25232900", "73269098"])
COUNTRIES = st.sampled_from(["CN", "GL", "BR", "other"])


@settings(max_examples=40, deadline=None)
@given(GOODS, COUNTRIES, st.integers(2026, LAST_YEAR), st.floats(1e-6, 1e6), st.floats(1e-3, 1e3))
def test_linear_in_mass_and_price(cn: str, country: str, year: int, mass: float, price: float) -> None:
    one = row(default_path(cn, country, [year], mass=t(mass), price=price), year)
    ten = row(default_path(cn, country, [year], mass=t(10 * mass), price=10 * price), year)
    assert ten["total"]["certificates"] == near(10 * one["total"]["certificates"])
    assert ten["total"]["eur"] == near(100 * one["total"]["eur"])
    assert one["total"]["eur"] == near(one["eur_per_t"] * mass)
    assert one["certificates_per_t"] >= 0.0


@settings(max_examples=40, deadline=None)
@given(GOODS, COUNTRIES)
def test_certificates_never_fall_from_year_to_year(cn: str, country: str) -> None:
    """The mark-up grows, the factor falls; the benchmarks of these goods stay or fall."""
    found = [r["certificates_per_t"] for r in default_path(cn, country, ALL_YEARS)["by_year"]]
    assert found == sorted(found)


@settings(max_examples=40, deadline=None)
@given(GOODS, COUNTRIES)
def test_the_proposal_never_asks_for_more_than_the_law(cn: str, country: str) -> None:
    body = default_path(cn, country, ALL_YEARS, proposals=True)
    pairs = zip(body["by_year"], body["proposals"]["by_year"], strict=True)
    assert all(p["certificates_per_t"] <= law["certificates_per_t"] for law, p in pairs)


@given(*[st.floats(0, 1e6)] * 4)
def test_certificates_are_never_negative_and_fall_with_allocation(e: float, f: float, d: float, more: float) -> None:
    assert certificates_per_tonne(e, f, d) >= 0.0
    assert certificates_per_tonne(e, f + more, d) <= certificates_per_tonne(e, f, d)
    assert certificates_per_tonne(e, 0.0) == e


# -- the body


BODIES: dict[str, Callable[[], Json]] = {
    "coil": lambda: default_path(COIL, "CN", ALL_YEARS, quarter="2026-Q1", mass=t(100), proposals=True),
    "clinker": lambda: default_path("25231000", "DZ", [2026, 2031], description="灰", price=80),
    "not applicable": lambda: default_path(COIL, "CN", [2026], carbon_price_paid=PaidPrice("not_applicable", reason="none")),
    "default price": lambda: default_path(COIL, "CN", [2027], carbon_price_paid=DEFAULT_PRICE),
    "fallback": lambda: default_path("72031000", "CN", [2026], carbon_price_paid=PaidPrice("missing")),
    "unknown": lambda: default_path("25231000", None, [2026], route="B"),
    "chosen route": lambda: default_path("76011010", "KW", [2026], route="K"),
    "conditional": lambda: default_path("25070080", "CN", [2026]),
    "exempt": lambda: default_path(COIL, "NO", [2026]),
    "actual": lambda: actual_path(2.5, ProcessBenchmark(SCREW), [ROD], year=2026, proposals=True),
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_json_in_both_languages_and_name_their_acts(name: str) -> None:
    body = BODIES[name]()
    assert json.loads(json.dumps(body, ensure_ascii=False, allow_nan=False)) == body
    pairs = list(texts(body))
    assert pairs
    for pair in pairs:
        assert CHINESE.search(pair["zh"]), pair
        assert not CHINESE.search(pair["en"]), pair
    assert {"2023/956"} <= {act["id"] for act in body["acts"]}
    assert all(act["dated"] and act["status"] for act in body["acts"])


def test_the_choice_not_to_round_is_stated() -> None:
    body = default_path(COIL, "CN", [2026])
    assert "unrounded" in body["rounding"]["en"]
    assert body["rounding"] in body["notes"]


def test_of_several_alloy_grades_the_highest_benchmark_holds() -> None:
    """IR 2025/2620 Annex point 5.1; 7205 21 00, 2026: F 1.460, H 0.328."""
    found = default_benchmark("72052100", 2026, "F/H")
    assert (found.value, found.route) == (1.460, "F")
    assert any("5.1" in note["en"] for note in found.notes)
    assert default_benchmark("72052100", 2026, "H").value == 0.328
