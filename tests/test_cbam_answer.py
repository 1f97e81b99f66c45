"""From a bill of materials to the CBAM answer; figures of the acts are those of the tables' sources, products worked out by hand."""

from __future__ import annotations

import copy
import json
from datetime import date
from typing import Any

import pytest
from background_fixtures import PROJECT
from cbam_installations import installation, wire
from hypothesis import given, settings
from hypothesis import strategies as st
from test_api_cbam import screws

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.cbam.answer import Assumptions, cbam_answer, line_mass
from lcaengine.cbam.installation import calculate_installation
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.footprint import body, calculate
from lcaengine.problems import Refused
from lcaengine.rules import find_rule

Json = dict[str, Any]
Q2 = Assumptions(date(2026, 6, 30), "2026-Q2")
PRICE_Q2 = 75.28  # EUR, published 6 July 2026


@pytest.fixture(scope="module")
def machine() -> Json:
    document: Json = json.loads((PROJECT / "inventories/washing-machine/drum-10kg-cn.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def answer(machine: Json, release: Release) -> Json:
    return cbam_answer(bom_of(machine), release, [], Q2)


def line(answer: Json, name: str) -> Json:
    (found,) = (row for row in answer["lines"] if row["line"] == name)
    return found


def test_a_washing_machine_has_no_obligation_today(answer: Json) -> None:
    assert answer["screening"]["obligation_today"] is False
    assert answer["goods"] is None
    assert {row["line"] for row in answer["lines"]} == {"cabinet", "drum", "spider"}
    for row in answer["lines"]:
        assert row["obligation"]["owed"] == 0
        assert row["if_imported_under_its_own_code"]["hypothetical"] is True


# China, Annex I of 2025/2621 as corrected, column B of 2025/2620 by the route of the default row: 15 kg of coated sheet, 5.5 kg of
# stainless strip, 2.2 kg of castings a machine (12,000 t, 4,400 t and 1,760 t a year for 800,000 machines).
@pytest.mark.parametrize(
    ("name", "mass", "default", "benchmark"), [("cabinet", 0.015, 3.205, 1.491), ("spider", 0.0022, 4.542, 1.506)]
)
def test_a_lines_hypothetical_cost_by_hand(
    answer: Json, name: str, mass: float, default: float, benchmark: float
) -> None:
    row = line(answer, name)
    first = row["if_imported_under_its_own_code"]["default"]["by_year"][0]
    certificates = default * 1.1 - 0.975 * benchmark
    assert row["mass_per_declared_unit"]["value"] == pytest.approx(mass)
    assert first["certificates_per_t"] == pytest.approx(certificates)
    assert first["total"]["eur"] == pytest.approx(certificates * mass * PRICE_Q2)
    assert row["see"]["best"] == row["see"]["declarable"] == pytest.approx(default * 1.1)


def test_later_years_have_no_price_unless_the_user_assumes_one(answer: Json, machine: Json, release: Release) -> None:
    later = line(answer, "cabinet")["if_imported_under_its_own_code"]["default"]["by_year"][1]
    assert (later["year"], later["eur_per_t"]) == (2027, None)
    assumed = cbam_answer(bom_of(machine), release, [], Assumptions(date(2026, 6, 30), "2026-Q2", 90.0))
    row = line(assumed, "cabinet")["if_imported_under_its_own_code"]["default"]["by_year"][1]
    assert row["eur_per_t"] == pytest.approx(90 * row["certificates_per_t"])
    assert row["price"]["status"] == "assumption"


def test_the_pcf_of_the_same_lines_stands_beside(answer: Json, machine: Json, release: Release) -> None:
    bom = bom_of(machine)
    lines = body(calculate(bom, find_rule(bom.category), release))["lines"]
    for row in answer["lines"]:
        value = sum(entry["value"] for entry in lines if entry["line"] == row["line"])
        assert row["pcf"]["value"] == pytest.approx(value)
        assert row["pcf"]["per_tonne"] == pytest.approx(value / 1000 / row["mass_per_declared_unit"]["value"])
        assert row["ratio"] == pytest.approx(row["pcf"]["per_tonne"] / row["see"]["best"])
    assert answer["pcf"]["source"] == "footprint"


def test_the_proposal_is_told_apart_and_is_not_law(answer: Json) -> None:
    apart = line(answer, "cabinet")["if_proposal_were_law"]
    assert apart["law"] is False
    assert {row["year"] for row in apart["by_year"]} == set(range(2028, 2035))
    assert "not law" in apart["label"]["en"]
    assert "非现行法律" in apart["label"]["zh"]


def test_nothing_is_totalled_as_owed(answer: Json) -> None:
    assert not {"total", "cost", "owed", "certificates", "eur"} & set(answer)
    assert not {"total", "certificates", "eur"} & set(answer["screening"])


def test_net_mass_is_flagged(machine: Json, release: Release) -> None:
    changed = copy.deepcopy(machine)
    rows = {row["id"]: row for row in changed["lines"]}
    rows["cabinet"]["mass_basis"], rows["drum"]["mass_basis"] = "net", "gross"
    found = cbam_answer(bom_of(changed), release, [], Q2)
    assert [line(found, name)["mass_basis"]["id"] for name in ("cabinet", "drum", "spider")] == [
        "net",
        "gross",
        "not_given",
    ]
    assert "too low" in line(found, "cabinet")["mass_basis"]["text"]["en"]


@pytest.mark.parametrize(
    ("given", "best", "declarable", "evidence"),
    [
        ({"direct": 1.5, "unit": "t CO2e/t", "year": 2026}, 1.5, 3.169 * 1.1, "indicative"),
        ({"direct": 1.5, "unit": "t CO2e/t", "year": 2026, "verification": "R-9"}, 1.5, 1.5, "verified"),
        ({"direct": 1.5, "unit": "t CO2e/t", "year": 2025, "verification": "R-9"}, 1.5, 3.169 * 1.1, "indicative"),
        ({"direct": 1.5, "indirect": 9.0, "unit": "t CO2e/t", "year": 2026, "verification": "R-9"}, 1.5, 1.5, "verified"),  # steel: direct only
        (None, 3.169 * 1.1, 3.169 * 1.1, "default"),
    ],
)  # fmt: skip
def test_the_best_evidence_at_hand(
    release: Release, given: Json | None, best: float, declarable: float, evidence: str
) -> None:
    document = screws()
    if given is not None:
        document["lines"][0]["embedded_emissions"] = given
    row = line(cbam_answer(bom_of(document), release, [], Q2), "rod")
    assert row["evidence"]["id"] == evidence
    assert (row["see"]["best"], row["see"]["declarable"]) == (pytest.approx(best), pytest.approx(declarable))


def test_a_line_takes_an_installations_figures_only_if_it_names_it(release: Release) -> None:
    """The example makes 7318 15 88; a line of the same code from elsewhere is not its product."""
    maker = calculate_installation(installation_of(installation()))
    document = screws()
    document["lines"][0] |= {"cn_code": "73181588"}
    found = line(cbam_answer(bom_of(document), release, [maker], Q2), "rod")
    assert found["evidence"]["id"] == "default"
    document["lines"][0]["embedded_emissions"] = {
        "direct": 9.9,
        "unit": "t CO2e/t",
        "year": 2026,
        "installation": "Example",
    }
    found = line(cbam_answer(bom_of(document), release, [maker], Q2), "rod")
    assert found["see"]["best"] == pytest.approx(2.4)


def test_two_makers_of_one_product_are_asked_for(release: Release) -> None:
    maker = calculate_installation(installation_of(installation()))
    with pytest.raises(Refused) as refused:
        cbam_answer(bom_of(screws()), release, [maker, maker], Q2)
    assert [p.code for p in refused.value.problems] == ["cbam_two_makers"]


def test_an_unknown_origin_takes_the_highest_value_and_says_so(release: Release) -> None:
    document = screws()
    del document["lines"][0]["origin"]
    row = line(cbam_answer(bom_of(document), release, [], Q2), "rod")
    default = row["if_imported_under_its_own_code"]["default"]
    assert row["origin"] == "unknown"
    assert default["default_value"]["table"] == "highest"


def test_an_unverified_installation_saves_on_a_condition(release: Release) -> None:
    document = installation(precursors=[wire(free_allocation={"amount": 1.0, "unit": "t CO2e/t"})])
    goods = cbam_answer(bom_of(screws()), release, [calculate_installation(installation_of(document))], Q2)["goods"]
    assert goods["actual"]["declarable"] is False
    assert "verified" in goods["saving"]["condition"]["en"]


def test_without_the_suppliers_free_allocation_no_certificates_are_told(release: Release) -> None:
    goods = cbam_answer(bom_of(screws()), release, [calculate_installation(installation_of(installation()))], Q2)[
        "goods"
    ]
    assert goods["actual"]["see"] == pytest.approx(2.4)
    assert goods["actual"]["certificates_per_t"] is None
    assert goods["saving"] is None
    assert [p["code"] for p in goods["actual"]["problems"]] == ["cbam_allocation_missing"]


def test_the_free_allocation_of_two_mills_is_averaged(release: Release) -> None:
    """IR 2025/2620 Art. 4: 66 t whose SEFA is 1.0 and 44 t whose SEFA is 2.0 make 1.4, for 110 t in 100 t of screws."""

    def mill(identifier: str, tonnes_: float, sefa: float) -> Json:
        return wire(id=identifier, purchased={"amount": tonnes_, "unit": "t"}, consumed=[{"process": "screws", "amount": tonnes_, "unit": "t"}],
                    free_allocation={"amount": sefa, "unit": "t CO2e/t"})  # fmt: skip

    document = installation(precursors=[mill("a", 66, 1.0), mill("b", 44, 2.0)])
    goods = cbam_answer(bom_of(screws()), release, [calculate_installation(installation_of(document))], Q2)["goods"]
    assert goods["actual"]["free_allocation"] == pytest.approx(0.975 * 0.038 + 1.1 * 1.4)


def test_a_country_without_a_table_takes_the_other_countries_value(release: Release) -> None:
    document = screws()
    document["lines"][0]["origin"] = "GL"
    row = line(cbam_answer(bom_of(document), release, [], Q2), "rod")
    assert row["if_imported_under_its_own_code"]["default"]["default_value"]["table"] == "other"


def test_a_line_of_pieces_without_mass_is_told_not_guessed(release: Release) -> None:
    document = screws()
    document["lines"][0] |= {"amount": 1, "unit": "piece"}
    row = line(cbam_answer(bom_of(document), release, [], Q2), "rod")
    assert row["mass_per_declared_unit"] is None
    assert row["pcf"] is None
    assert row["if_imported_under_its_own_code"]["default"]["by_year"][0]["total"] is None


@settings(max_examples=30, deadline=None)
@given(st.floats(1e-6, 1e6), st.floats(1e-3, 1e6), st.floats(0.1, 1e3))
def test_the_mass_of_a_declared_unit(amount: float, output: float, each: float) -> None:
    """Per declared unit, for a period, in pieces: always tonnes per declared unit."""
    base = screws()
    by_unit = {**base, "lines": [{**base["lines"][0], "amount": amount}]}
    period = {
        **by_unit,
        "basis": "period",
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "output": {"amount": output, "unit": "t"},
    }
    pieces = {
        **base,
        "lines": [{**base["lines"][0], "amount": amount, "unit": "piece", "unit_mass": {"amount": each, "unit": "g"}}],
    }
    masses = [line_mass(bom.lines[0], bom) for bom in map(bom_of, (by_unit, period, pieces))]
    assert masses == pytest.approx([amount / 1e3, amount / 1e3 / (output * 1e3), amount * each / 1e6])
