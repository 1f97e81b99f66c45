"""Installations: every golden value is the Commission's, or worked out by hand beside it."""

from __future__ import annotations

import copy
import math
from typing import Any

import numpy as np
import pytest
from cbam_examples import EXAMPLE_IDS, example, needs_examples, official
from cbam_installations import changed, installation, tonnes, wire
from hypothesis import given, settings
from hypothesis import strategies as st

from lcaengine.cbam.installation import Result, calculate_installation, calculate_installations, installation_body
from lcaengine.cbam.installation.embedded import FLOW_ID, ROWS, brightway, system_of
from lcaengine.cbam.installation.emissions import emitted
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.cbam.quantities import rounded
from lcaengine.problems import NoSolution, Refused

Json = dict[str, Any]


def result(document: Json) -> Result:
    return calculate_installation(installation_of(document))


def answer(document: Json) -> Json:
    return installation_body(result(document))


def see(document: Json, process: int = 0) -> Json:
    found: Json = answer(document)["processes"][process]["see"]
    return found


def exact(reading: Json | None) -> tuple[float, float, float]:
    assert reading is not None
    return tuple(reading[key]["exact"] for key in ("direct", "indirect", "total"))  # type: ignore[return-value]


# -- the Commission's examples


@needs_examples
@pytest.mark.parametrize("identifier", EXAMPLE_IDS)
def test_the_commissions_examples_digit_for_digit(identifier: str) -> None:
    """Direct and indirect apart, unrounded, before legal scope: the examples are transitional. Per tonne, as they are."""
    body = answer(example(identifier))
    by_process = {p["name"]["en"]: p for p in body["processes"]}
    goods = {(g["process"], g["cn_code"]): g for g in body["goods"]}
    expected = official()[identifier]["expected_products"]
    assert expected
    for product in expected:
        process = by_process[product["process"]]
        good = goods[process["id"], product["cn_code"]]
        given_direct, given_indirect, given_total = exact(good["see_per_tonne"]["as_given"])
        assert given_direct == pytest.approx(product["see_direct"], abs=1e-9)
        assert given_indirect == pytest.approx(product["see_indirect"], abs=1e-9)
        assert given_total == pytest.approx(product["see_total"], abs=1e-9)
        share = good["see_per_tonne"]["as_given"]["default_share_of_direct"]
        if product["see_direct"] == 0:
            assert share is None  # undefined where its denominator is zero
        else:
            assert share == pytest.approx(product["share_of_direct_emissions_by_default_value"], abs=1e-9)
        assert good["see"]["declarable"] is None  # a period before 2026


@needs_examples
@pytest.mark.parametrize("identifier", EXAMPLE_IDS)
def test_the_installations_totals_of_the_examples(identifier: str) -> None:
    totals = official()[identifier]["expected_installation_totals"]
    body = answer(example(identifier))
    assert body["emissions"]["direct"]["exact"] == pytest.approx(totals["direct_tco2e"], rel=1e-12)
    assert body["emissions"]["biogenic"]["exact"] == pytest.approx(totals["biogenic_tco2"], abs=1e-9)
    assert body["emissions"]["fuel_energy"]["value"] == pytest.approx(totals["fuel_energy_tj"], rel=1e-12)


# -- source streams: the examples printed in the template, and by hand


def one_stream(**row: Any) -> tuple[float, float, float]:
    document = installation(source_streams=[{"id": "s", "attribution": {"screws": 1.0}, **row}])
    del document["processes"][0]["direct_emissions"]
    (e,) = emitted(installation_of(document))
    return e.fossil, e.biogenic, e.energy


def factor(amount: float, unit: str) -> Json:
    return {"amount": amount, "unit": unit}


FUEL = {"method": "combustion", "amount": 252_000, "unit": "t", "ncv": factor(45, "GJ/t"), "emission_factor": factor(73, "t CO2/TJ")}  # fmt: skip
MEAL = {"method": "process", "amount": 121_000, "unit": "t", "emission_factor": factor(0.08794, "t CO2/t")}
STEEL = {"method": "mass_balance", "direction": "out", "amount": 1_808_226, "unit": "t", "carbon_content": factor(0.003878, "t C/t")}  # fmt: skip


@pytest.mark.parametrize(
    ("row", "fossil", "energy"),
    [
        (FUEL, 827_820, 11_340),  # blank template, B_EmInst row 14
        (MEAL, 10_640.74, 0),  # row 15
        (STEEL, -25_693.068768192, 0),  # row 16
        ({**FUEL, "amount": 252_000_000, "unit": "kg"}, 827_820, 11_340),
        ({**FUEL, "oxidation_factor": 0.99}, 827_820 * 0.99, 11_340),
        ({**FUEL, "biomass_fraction": 0.2}, 827_820, 11_340),  # no evidence: all fossil
        ({"method": "combustion", "amount": 1000, "unit": "t", "standard_factor": "natural_gas"}, 2_692.8, 48),  # 48 GJ/t x 56.1
        # 2 million Nm3 at 36 GJ per 1000 Nm3 and 56.1 t/TJ
        ({"method": "combustion", "amount": 2e6, "unit": "Nm3", "ncv": factor(36, "GJ/1000 Nm3"), "emission_factor": factor(56.1, "t CO2/TJ")}, 4_039.2, 72),
        ({**MEAL, "conversion_factor": 0.9}, 9_576.666, 0),
        # (14): carbon content from an emission factor; 3.664 x 0.44/3.664
        ({"method": "mass_balance", "amount": 100, "unit": "t", "emission_factor": factor(0.44, "t CO2/t")}, 44, 0),
    ],
)  # fmt: skip
def test_a_source_stream(row: Json, fossil: float, energy: float) -> None:
    found = one_stream(**row)
    assert found[0] == pytest.approx(fossil, rel=1e-12)
    assert found[1] == 0
    assert found[2] == pytest.approx(energy, rel=1e-12)


def test_biomass_of_a_fuel_counts_zero_with_evidence_only() -> None:
    fossil, biogenic, _ = one_stream(**FUEL, biomass_fraction=0.15, zero_rating="ISCC certificate 1")
    assert (fossil, biogenic) == (pytest.approx(827_820 * 0.85), pytest.approx(827_820 * 0.15))
    notes = answer(unattributed({**FUEL, "biomass_fraction": 0.15}))["notes"]
    assert any("2018/2001" in note["en"] for note in notes)


def unattributed(row: Json) -> Json:
    document = installation(source_streams=[{"id": "s", "attribution": {"screws": 1.0}, **row}])
    del document["processes"][0]["direct_emissions"]
    return document


def measured(section: str, row: Json) -> tuple[float, float]:
    document = installation(**{section: [{"id": "m", "attribution": {"screws": 1.0}, **row}]})
    del document["processes"][0]["direct_emissions"]
    (e,) = emitted(installation_of(document))
    return e.fossil, e.biogenic


def test_n2o_is_measured() -> None:
    row = {"gas": "N2O", "concentration": factor(64.2925, "g/Nm3"), "flow": factor(265_000, "Nm3/h"), "hours": 4}
    assert measured("measured", row) == (pytest.approx(18_059.76325, rel=1e-12), 0)  # blank template, row 112
    hourly = {"gas": "N2O", "hourly": [[64.2925, 265_000]] * 4}
    assert measured("measured", hourly) == (pytest.approx(18_059.76325, rel=1e-12), 0)


def test_measured_co2_with_biomass() -> None:
    row = {"gas": "CO2", "concentration": factor(1820, "g/m3"), "flow": factor(50_000, "m3/h"), "hours": 5000,
           "biomass_fraction": 0.15, "zero_rating": "evidence"}  # fmt: skip
    assert measured("measured", row) == (pytest.approx(386_750), pytest.approx(68_250))  # blank template, row 111


def test_pfc_by_slope() -> None:
    row = {"method": "slope", "production": tonnes(500_000), "frequency": 2.17, "duration": 1.23, "sef_cf4": 0.146,
           "f_c2f6": 0.122, "collection_efficiency": 0.98}  # fmt: skip
    assert measured("pfc", row)[0] == pytest.approx(1_587_424.347, rel=1e-9)  # blank template, row 97


def test_pfc_by_overvoltage_with_the_factors_of_the_technology() -> None:
    row = {"method": "overvoltage", "technology": "CWPB", "production": tonnes(1000), "anode_effect_overvoltage": 5,
           "current_efficiency_pct": 95}  # fmt: skip
    cf4 = 1.16 * 5 / 95 * 1000 / 1000  # Table 3: OVC 1.16, F 0.121
    assert measured("pfc", row)[0] == pytest.approx(cf4 * 6630 + cf4 * 0.121 * 11_100, rel=1e-12)


# -- attribution


def test_one_process_by_hand() -> None:
    found = see(installation())
    assert exact(found["as_given"]) == pytest.approx((0.2 + 1.1 * 2.0, 0.25 + 1.1 * 0.3, 2.98))
    assert exact(found["indicative"]) == pytest.approx((2.4, 0, 2.4))  # steel: direct only
    assert exact(found["declarable"]) == pytest.approx((2.4, 0, 2.4))
    assert found["declarable"]["default_share"] == 0


def with_process(**changes: Any) -> Json:
    document = installation()
    document["processes"][0] |= changes
    return document


def test_waste_gas_counts_as_natural_gas_and_its_export_by_two_thirds() -> None:
    exported = with_process(waste_gas={"exported": [{"amount": 0.1, "unit": "TJ", "evidence": "contract, analyses"}]})
    without = with_process(waste_gas={"exported": [{"amount": 0.1, "unit": "TJ"}]})
    imported = with_process(waste_gas={"imported": [{"amount": 100, "unit": "GJ"}]})
    assert exact(see(exported)["as_given"])[0] == pytest.approx(2.4 - 0.1 * 56.1 * 0.667 / 100)
    assert exact(see(imported)["as_given"])[0] == pytest.approx(2.4 + 0.1 * 56.1 / 100)
    assert exact(see(without)["as_given"])[0] == pytest.approx(2.4)  # (54) only with sufficient evidence
    assert any("(54)" in note["en"] for note in answer(without)["notes"])


def test_the_floor_at_zero() -> None:
    document = with_process(
        heat={"exported": [{"amount": 10, "unit": "TJ", "emission_factor": factor(60, "t CO2/TJ")}]}
    )
    body = answer(document)
    assert body["processes"][0]["attributed"]["direct"]["exact"] == 0
    assert body["processes"][0]["attributed"]["floored"] is True
    assert sum(body["processes"][0]["attributed"]["terms"].values()) == pytest.approx(20 - 600)
    assert exact(body["processes"][0]["see"]["as_given"])[0] == pytest.approx(2.2)
    assert any("(55)" in note["en"] for note in body["notes"])


def heated(unit: Json, **flows: Any) -> Json:
    """50 TJ of natural gas (2,805 t CO2), all into one heat unit; the process takes what ``flows`` says."""
    gas = {"id": "gas", "method": "combustion", "amount": 50_000 / 48, "unit": "t", "standard_factor": "natural_gas",
           "attribution": {unit["id"]: 1.0}}  # fmt: skip
    document = installation(source_streams=[gas], heat=[unit])
    del document["processes"][0]["direct_emissions"]
    document["processes"][0] |= flows
    return document


def test_a_boiler_hands_all_its_emissions_on_with_its_heat() -> None:
    unit = {"id": "boiler", "kind": "boiler", "produced": factor(40, "TJ"), "sold": factor(10, "TJ")}
    document = heated(unit, heat={"imported": [{"from": "boiler", "amount": 30, "unit": "TJ"}]})
    attributed = answer(document)["processes"][0]["attributed"]
    assert attributed["terms"]["heat_imported"] == pytest.approx(2805 * 30 / 40)


def test_heat_that_is_not_measured_takes_the_reference_efficiency() -> None:
    unit = {"id": "boiler", "kind": "boiler"}
    document = heated(unit, heat={"imported": [{"from": "boiler", "amount": 35, "unit": "TJ"}]})  # 0.7 x 50
    assert answer(document)["processes"][0]["attributed"]["terms"]["heat_imported"] == pytest.approx(2805)


def test_combined_heat_and_power_is_split_by_efficiencies() -> None:
    unit = {"id": "chp", "kind": "chp", "produced": factor(20, "TJ"), "electricity_produced": factor(5000, "MWh"),
            "reference_efficiency_heat": 0.9, "reference_efficiency_electricity": 0.5}  # fmt: skip
    document = heated(
        unit, heat={"imported": [{"from": "chp", "amount": 20, "unit": "TJ"}]},
        electricity={"consumed": [{"from": "chp", "amount": 5000, "unit": "MWh"}]},
    )  # fmt: skip
    heat, power = (20 / 50) / 0.9, (18 / 50) / 0.5  # 5000 MWh = 18 TJ
    attributed = answer(document)["processes"][0]["attributed"]
    assert attributed["terms"]["heat_imported"] == pytest.approx(2805 * heat / (heat + power))
    assert attributed["indirect"]["exact"] == pytest.approx(2805 * power / (heat + power))


def test_own_power_without_heat_carries_all_its_emissions() -> None:
    unit = {
        "id": "genset",
        "kind": "power_plant",
        "electricity_produced": factor(5000, "MWh"),
        "electricity_sold": factor(1000, "MWh"),
    }
    document = heated(unit, electricity={"consumed": [{"from": "genset", "amount": 4000, "unit": "MWh"}]})
    assert answer(document)["processes"][0]["attributed"]["indirect"]["exact"] == pytest.approx(2805 * 0.8)  # (38)


def test_chemical_co_products_share_by_amount_of_substance() -> None:
    """Chlor-alkali: 2 kg of hydrogen with 71 kg of chlorine and 80 kg of sodium hydroxide, 1 : 1 : 2 moles."""
    process = {
        "id": "cells", "category": "hydrogen", "production": [tonnes(2)], "direct_emissions": tonnes(8), "molar_mass": 2,
        "co_products": [{"name": "Cl2", **tonnes(71), "molar_mass": 71}, {"name": "NaOH", **tonnes(80), "molar_mass": 40}],
        "goods": [{"cn_code": "28041000"}],
    }  # fmt: skip
    found = see(installation(processes=[process], precursors=[]))
    assert exact(found["as_given"])[0] == pytest.approx(8 * 0.25 / 2)


def test_sub_metered_processes_are_reconciled() -> None:
    gas = {"id": "gas", "method": "combustion", "amount": 1000, "unit": "t", "standard_factor": "natural_gas"}
    document = installation(source_streams=[gas])
    with pytest.raises(Refused) as refused:
        result(document)
    assert [p.code for p in refused.value.problems] == ["cbam_direct_balance"]
    body = answer({**document, "sub_metering": True})
    assert body["emissions"]["reconciliation_factor"] == pytest.approx(2692.8 / 20)
    assert body["processes"][0]["attributed"]["direct"]["exact"] == pytest.approx(2692.8)


CALCINED = {"method": "process", "amount": 100, "unit": "t", "emission_factor": factor(0.44, "t CO2/t")}  # 44 t CO2
CAPTURED = {"id": "ccs", "direction": "out", **tonnes(20), "purpose": "geological_storage", "counterpart": "Store 1",
            "evidence": "contract and meters", "source": "s", "stored_fraction": 0.9}  # fmt: skip


def with_transfers(row: Json, *transfers: Json) -> Json:
    document = unattributed(row)
    document["co2_transfers"] = list(transfers)
    return document


def test_co2_stored_in_fact_is_deducted() -> None:
    body = answer(with_transfers(CALCINED, CAPTURED))
    assert body["emissions"]["direct"]["exact"] == pytest.approx(44 - 18)
    assert body["processes"][0]["attributed"]["direct"]["exact"] == pytest.approx(44 - 18)
    assert body["co2_transfers"][0]["shares"] == {"screws": 1.0}


def test_only_fossil_co2_is_deducted() -> None:
    """B.8.2(1): a quarter of the source's CO2 is zero-rated, so a quarter of what is stored is not deducted."""
    stream = {**CALCINED, "biomass_fraction": 0.25}
    body = answer(with_transfers(stream, CAPTURED))
    assert body["emissions"]["direct"]["exact"] == pytest.approx(44 * 0.75 - 18 * 0.75)


def test_co2_received_counts_unless_it_counted_where_it_came_from() -> None:
    received = {"id": "in", "direction": "in", **tonnes(10), "purpose": "permanently_bound", "counterpart": "Ammonia works",
                "evidence": "invoice", "process": "screws"}  # fmt: skip
    assert answer(with_transfers(CALCINED, received))["emissions"]["direct"]["exact"] == pytest.approx(54)
    counted = {**received, "counted_at_origin": "its emissions report"}
    assert answer(with_transfers(CALCINED, counted))["emissions"]["direct"]["exact"] == pytest.approx(44)


@pytest.mark.parametrize(
    ("change", "code"),
    [({"stored_fraction": None}, "cbam_transfer_lacks"), ({"source": None, "process": "screws"}, "cbam_transfer_lacks"),
     ({"source": "stack"}, "cbam_reference"), ({"amount": 60}, "cbam_transfer_room")],
)  # fmt: skip
def test_a_transfer_says_where_from_and_how_much_is_stored(change: Json, code: str) -> None:
    transfer = {k: v for k, v in {**CAPTURED, **change}.items() if v is not None}
    with pytest.raises(Refused) as refused:
        result(with_transfers(CALCINED, transfer))
    assert refused.value.problems[0].code == code


def test_losses_of_heat_fall_on_the_processes_that_use_it() -> None:
    """Annex III A.2.2: of 40 TJ made, 10 sold and 5 lost, the 25 that are used carry the emissions of 30."""
    unit = {
        "id": "boiler",
        "kind": "boiler",
        "produced": factor(40, "TJ"),
        "sold": factor(10, "TJ"),
        "losses": factor(5, "TJ"),
    }
    document = heated(unit, heat={"imported": [{"from": "boiler", "amount": 25, "unit": "TJ"}]})
    assert answer(document)["processes"][0]["attributed"]["terms"]["heat_imported"] == pytest.approx(2805 * 30 / 40)


def test_waste_gas_burnt_in_a_unit_counts_as_natural_gas_there() -> None:
    """50 TJ of gas of its own at 56.1 and 10 TJ of a process's waste gas, which keeps its emissions and is credited by (54)."""
    unit = {"id": "boiler", "kind": "boiler", "produced": factor(48, "TJ")}
    document = heated(unit, heat={"imported": [{"from": "boiler", "amount": 48, "unit": "TJ"}]},
                      waste_gas={"exported": [{"to": "boiler", "amount": 10, "unit": "TJ", "evidence": "meter"}]})  # fmt: skip
    terms = answer(document)["processes"][0]["attributed"]["terms"]
    assert terms["heat_imported"] == pytest.approx(2805 + 561)
    assert terms["waste_gas_exported"] == pytest.approx(-561 * 0.667)


def test_biomass_in_a_mass_balance_needs_evidence_and_does_not_make_iron_negative() -> None:
    """B.3.2: 10 t of charcoal at 0.9 t C/t reduce 200 t of iron that leaves with 0.04 t C/t: 8 of the 9 t stay zero-rated."""
    charcoal = {"id": "s", "method": "mass_balance", "amount": 10, "unit": "t", "carbon_content": factor(0.9, "t C/t"), "biomass_fraction": 1,
                "attribution": {"screws": 1.0}}  # fmt: skip
    iron = {"id": "o", "method": "mass_balance", "direction": "out", "amount": 200, "unit": "t", "carbon_content": factor(0.04, "t C/t"),
            "attribution": {"screws": 1.0}}  # fmt: skip
    document = unattributed(FUEL)
    document["source_streams"] = [charcoal, iron]
    assert answer(document)["emissions"]["direct"]["exact"] == pytest.approx((9 - 8) * 3.664)  # no evidence: fossil
    charcoal["zero_rating"] = "certificate"
    emissions = answer(document)["emissions"]
    assert emissions["direct"]["exact"] == pytest.approx(0, abs=1e-9)
    assert emissions["biogenic"]["exact"] == pytest.approx((9 - 8) * 3.664)


def test_the_electricity_factor_is_the_installations_mean_unless_evidence_says_otherwise() -> None:
    """Art. 9(1): 10 MWh at 0.9 and 30 MWh at 0.1 make 0.3 for both processes."""

    def process(identifier: str, code: str, amount: float, power: float) -> Json:
        flow = {
            "amount": amount,
            "unit": "MWh",
            "emission_factor": factor(power, "t CO2/MWh"),
            "source": "grid_default",
        }
        return {"id": identifier, "category": "iron_or_steel_products", "production": [tonnes(10)], "direct_emissions": tonnes(0),
                "goods": [{"cn_code": code}], "electricity": {"consumed": [flow]}}  # fmt: skip

    document = installation(
        processes=[process("a", "73181588", 10, 0.9), process("b", "72171010", 30, 0.1)], precursors=[]
    )
    assert [exact(p["see"]["as_given"])[1] for p in answer(document)["processes"]] == pytest.approx([0.3, 0.9])
    for row in document["processes"]:
        row["electricity"]["sources_evidence"] = "separate lines and meters"
    assert [exact(p["see"]["as_given"])[1] for p in answer(document)["processes"]] == pytest.approx([0.9, 0.3])


def test_an_actual_electricity_factor_without_evidence_is_not_declared_where_it_counts() -> None:
    document = sinter_and_iron()
    for row in document["processes"]:
        row["electricity"]["consumed"][0]["source"] = "power_purchase"
    body = answer(document)
    assert [p["see"]["declarable"] for p in body["processes"]] == [None, None]  # iron takes sinter
    assert any("Art. 8, 11" in note["en"] for note in body["notes"])
    for row in document["processes"]:
        row["electricity"]["consumed"][0]["evidence"] = "contract, hourly meters"
    assert exact(answer(document)["processes"][0]["see"]["declarable"])[2] == pytest.approx(0.26)


def test_reference_efficiencies_come_from_the_act() -> None:
    """Annex III part C: natural gas, built 2018: heat as steam 87 %, electricity 53 %."""
    unit = {"id": "chp", "kind": "chp", "produced": factor(20, "TJ"), "electricity_produced": factor(5000, "MWh"),
            "reference_fuel": "G10", "built": 2018, "heat_medium": "steam"}  # fmt: skip
    document = heated(
        unit, heat={"imported": [{"from": "chp", "amount": 20, "unit": "TJ"}]},
        electricity={"consumed": [{"from": "chp", "amount": 5000, "unit": "MWh"}]},
    )  # fmt: skip
    heat, power = (20 / 50) / 0.87, (18 / 50) / 0.53
    assert answer(document)["heat_units"][0]["heat_share"] == pytest.approx(heat / (heat + power))


# -- precursors, scope, evidence


def test_an_unverified_actual_value_is_indicative_and_the_default_is_declared() -> None:
    """Wire rod 7213 of China: default 3.169 t/t (2025/2621 Annex I), mark-up 10 % in 2026."""
    document = installation(precursors=[wire(verification=None)])
    body = answer(document)
    found = body["processes"][0]["see"]
    assert exact(found["indicative"])[2] == pytest.approx(2.4)
    assert exact(found["declarable"])[2] == pytest.approx(0.2 + 1.1 * 3.169 * 1.1)
    assert found["declarable"]["default_share"] == pytest.approx(1.1 * 3.169 * 1.1 / (0.2 + 1.1 * 3.169 * 1.1))
    assert body["precursors"][0]["verified"] is False
    assert any("indicative, not declarable" in n["en"] for n in body["precursors"][0]["notes"])


@pytest.mark.parametrize(
    "report", [("2026-01-01", "2026-06-30"), ("2025-01-01", "2025-12-31"), ("2026-02-01", "2027-01-31")]
)
def test_a_report_must_cover_the_whole_production_period(report: tuple[str, str]) -> None:
    verification = {"verifier": "V", "report": "R", "start": report[0], "end": report[1]}
    found = see(installation(precursors=[wire(verification=verification)]))
    assert exact(found["declarable"])[2] == pytest.approx(0.2 + 1.1 * 3.169 * 1.1)


def test_precursors_of_the_union_count_zero_and_are_reported() -> None:
    body = answer(installation(precursors=[wire(country="DE"), wire(id="swiss", country="CH")]))
    assert exact(body["processes"][0]["see"]["declarable"])[2] == pytest.approx(0.2)
    assert [p["purchased"]["value"] for p in body["precursors"]] == [110, 110]


def test_an_unknown_origin_takes_the_highest_value() -> None:
    found = answer(
        installation(precursors=[wire(country="unknown", evidence="default", see_direct=None, see_indirect=None)])
    )
    assert found["precursors"][0]["default"]["base"]["table"] == "highest"


def test_two_mills_are_averaged_unless_evidence_says_which() -> None:
    """Art. 14(2): 60 t at 2.0 and 40 t at 3.0 make 2.4 for every process, whoever used which."""

    def process(identifier: str, code: str) -> Json:
        return {"id": identifier, "category": "iron_or_steel_products", "production": [tonnes(50)], "direct_emissions": tonnes(0),
                "goods": [{"cn_code": code}]}  # fmt: skip

    first = wire(purchased=tonnes(60), consumed=[{"process": "a", **tonnes(60)}])
    second = wire(
        id="other", purchased=tonnes(40), consumed=[{"process": "b", **tonnes(40)}], see_direct=factor(3, "t CO2e/t")
    )
    document = installation(processes=[process("a", "73181588"), process("b", "73181568")], precursors=[first, second])
    values = [exact(p["see"]["declarable"])[2] for p in answer(document)["processes"]]
    assert values == pytest.approx([60 * 2.4 / 50, 40 * 2.4 / 50])
    for row in document["precursors"]:
        row["subset_evidence"] = "stock records"
    values = [exact(p["see"]["declarable"])[2] for p in answer(document)["processes"]]
    assert values == pytest.approx([60 * 2.0 / 50, 40 * 3.0 / 50])


def sinter_and_iron() -> Json:
    """100 t of sinter at 0.2 direct and 0.06 indirect make 50 t of pig iron with 60 t direct, 10 t indirect emissions."""
    power = {
        "consumed": [{"amount": 6, "unit": "MWh", "emission_factor": factor(1, "t CO2/MWh"), "source": "grid_default"}]
    }
    own = {
        "consumed": [{"amount": 10, "unit": "MWh", "emission_factor": factor(1, "t CO2/MWh"), "source": "grid_default"}]
    }
    return installation(
        processes=[
            {"id": "sinter", "category": "sintered_ore", "production": [tonnes(100)], "direct_emissions": tonnes(20), "electricity": power,
             "to_processes": [{"process": "iron", **tonnes(100)}], "goods": [{"cn_code": "26011200"}]},
            {"id": "iron", "category": "pig_iron", "production": [tonnes(50)], "direct_emissions": tonnes(60), "electricity": own,
             "goods": [{"cn_code": "72011011"}]},
        ],
        precursors=[],
    )  # fmt: skip


def test_indirect_emissions_of_sinter_count_in_iron() -> None:
    found = [p["see"] for p in answer(sinter_and_iron())["processes"]]
    assert exact(found[0]["declarable"]) == pytest.approx((0.2, 0.06, 0.26))
    assert exact(found[1]["as_given"]) == pytest.approx((1.2 + 0.4, 0.2 + 0.12, 1.92))
    assert exact(found[1]["declarable"]) == pytest.approx((1.6, 0.12, 1.72))  # its own 0.2 does not count


def test_indirect_emissions_of_an_annex_ii_precursor_do_not_count_in_ammonia() -> None:
    hydrogen = wire(
        id="h2", cn_code="28041000", purchased=tonnes(18), consumed=[{"process": "ammonia", **tonnes(18)}],
        see_direct=factor(10, "t CO2e/t"), see_indirect=factor(5, "t CO2e/t"), indirect_in_scope=None,
    )  # fmt: skip
    process = {"id": "ammonia", "category": "ammonia", "production": [tonnes(100)], "nitrogen_fraction": 0.8, "direct_emissions": tonnes(0),
               "electricity": {"consumed": [{"amount": 8, "unit": "MWh", "emission_factor": factor(1, "t CO2/MWh"), "source": "grid_default"}]},
               "goods": [{"cn_code": "28141000"}]}  # fmt: skip
    body = answer(installation(processes=[process], precursors=[hydrogen]))
    good = body["goods"][0]
    assert body["processes"][0]["activity_level"] == {"value": pytest.approx(80_000), "unit": "kg_n"}
    assert exact(good["see"]["declarable"]) == pytest.approx((180 / 80_000, 8 / 80_000, 188 / 80_000))
    assert exact(good["see_per_tonne"]["declarable"]) == pytest.approx((1.8, 0.08, 1.88))
    assert exact(good["see_per_tonne"]["as_given"]) == pytest.approx((1.8, 0.08 + 0.9, 2.78))


def test_cement_is_counted_by_the_clinker_in_it() -> None:
    process = {"id": "cement", "category": "cement", "production": [tonnes(200)], "clinker_fraction": 0.5, "direct_emissions": tonnes(90),
               "goods": [{"cn_code": "25232900", "clinker_fraction": 0.8}]}  # fmt: skip
    good = answer(installation(processes=[process], precursors=[]))["goods"][0]
    assert exact(good["see"]["declarable"])[2] == pytest.approx(0.9)  # per tonne of clinker
    assert exact(good["see_per_tonne"]["declarable"])[2] == pytest.approx(0.72)  # (64)


# -- the linear system


def loop() -> Json:
    """Wire drawing returns 10 t of rod to the mill, the mill gives it 100 t: see by hand below."""
    return installation(
        processes=[
            {"id": "mill", "category": "iron_or_steel_products", "production": [tonnes(200)], "direct_emissions": tonnes(300),
             "to_processes": [{"process": "drawing", **tonnes(100)}], "goods": [{"cn_code": "72139149"}]},
            {"id": "drawing", "category": "iron_or_steel_products", "production": [tonnes(95)], "direct_emissions": tonnes(19),
             "to_processes": [{"process": "mill", **tonnes(10)}], "goods": [{"cn_code": "72171010"}]},
        ],
        precursors=[],
    )  # fmt: skip


def test_a_loop_by_hand() -> None:
    # 200 m = 300 + 10 d and 95 d = 19 + 100 m: m = (300 + 10 · 19/95) / (200 − 1000/95) = 302 / (18000/95)
    mill = 302 * 95 / 18_000
    drawn = (19 + 100 * mill) / 95
    values = [exact(p["see"]["as_given"])[0] for p in answer(loop())["processes"]]
    assert values == pytest.approx([mill, drawn], rel=1e-12)
    # what leaves the gate carries what the installation emitted
    assert 100 * mill + 85 * drawn == pytest.approx(319, rel=1e-12)


@pytest.mark.parametrize("document", [installation(), loop(), sinter_and_iron()], ids=["one", "loop", "sinter"])
def test_the_solve_is_that_of_bw2calc(document: Json) -> None:
    calculated = result(document)
    system = system_of(calculated.installation, calculated.attribution, calculated.precursors)
    for product in range(len(system.emissions)):
        lca: Any = brightway(system, product)
        lca.lci()
        totals = np.asarray(lca.inventory.sum(axis=1)).ravel()
        theirs = [totals[lca.dicts.biosphere[FLOW_ID + j]] for j in range(len(ROWS))]
        assert list(calculated.embedded.values[product]) == pytest.approx(theirs, rel=1e-12, abs=1e-15)


def test_a_loop_that_makes_no_more_than_it_needs_has_no_solution() -> None:
    document = loop()
    document["processes"][0]["to_processes"] = [{"process": "drawing", **tonnes(200)}]
    document["processes"][1]["to_processes"] = [{"process": "mill", **tonnes(95)}]
    with pytest.raises(NoSolution):
        result(document)


def test_many_installations_solve_as_one_by_one() -> None:
    documents = [installation(), loop(), sinter_and_iron(), installation(precursors=[wire(verification=None)])] * 3
    together = calculate_installations([installation_of(d) for d in documents])
    for one, document in zip(together, documents, strict=True):
        assert one.embedded.values == pytest.approx(result(document).embedded.values, rel=1e-12)


@st.composite
def networks(draw: st.DrawFn) -> Json:
    """Up to five processes that feed each other at random, never more than half of what they make, and two precursors."""
    n = draw(st.integers(1, 5))
    amounts = st.floats(1, 1e4)
    processes = []
    for i in range(n):
        made = draw(amounts)
        shares = draw(st.lists(st.floats(0, 0.5 / n), min_size=n, max_size=n))
        processes.append({
            "id": f"p{i}", "category": "iron_or_steel_products", "production": [tonnes(made)], "direct_emissions": tonnes(draw(amounts)),
            "electricity": {"consumed": [{"amount": draw(amounts), "unit": "MWh", "emission_factor": factor(0.6, "t CO2/MWh")}]},
            "to_processes": [{"process": f"p{j}", **tonnes(made * s)} for j, s in enumerate(shares) if s > 1e-6],
        })  # fmt: skip

    def bought(k: int) -> Json:
        used = draw(st.lists(amounts, min_size=n, max_size=n))
        rows = [{"process": f"p{i}", **tonnes(u)} for i, u in enumerate(used)]
        return wire(
            id=f"b{k}",
            purchased=tonnes(math.fsum(used)),
            consumed=rows,
            see_direct=factor(draw(st.floats(0, 5)), "t CO2e/t"),
        )

    return installation(processes=processes, precursors=[bought(k) for k in range(draw(st.integers(0, 2)))])


@settings(max_examples=40, deadline=None)
@given(networks())
def test_emissions_are_conserved(document: Json) -> None:
    """What leaves the installation carries all that was emitted in it and came with its precursors."""
    calculated = result(document)
    processes = calculated.attribution.processes
    figures = [calculated.embedded.of(i) for i in range(len(processes))]
    for part in ("direct", "indirect"):
        left = sum(a.process.to_market * f[f"given_{part}"] for a, f in zip(processes, figures, strict=True))
        came = sum(getattr(a, part) for a in processes)
        came += sum(v.precursor.purchased * getattr(v.given, part) for v in calculated.precursors)
        assert left == pytest.approx(came, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(networks(), st.floats(1e-3, 1e3))
def test_scale_and_order_change_nothing(document: Json, scale: float) -> None:
    values = {p["id"]: exact(p["see"]["as_given"]) for p in answer(document)["processes"]}
    turned = copy.deepcopy(document)
    turned["processes"].reverse()
    turned["precursors"].reverse()
    for row in turned["processes"]:
        for quantity in (
            *row["production"],
            row["direct_emissions"],
            *row["electricity"]["consumed"],
            *row["to_processes"],
        ):
            quantity["amount"] *= scale
    for row in turned["precursors"]:
        for quantity in (row["purchased"], *row["consumed"]):
            quantity["amount"] *= scale
    for p in answer(turned)["processes"]:
        assert exact(p["see"]["as_given"]) == pytest.approx(values[p["id"]], rel=1e-9)


# -- rounding and the answer


@pytest.mark.parametrize(
    ("value", "reported"), [(1.000005, 1.00001), (1.0000049999, 1.0), (2.675, 2.675), (0.0, 0.0), (1e-7, 0.0), (2.4000000000000004, 2.4)]
)  # fmt: skip
def test_specific_emissions_are_reported_to_five_decimals_half_up(value: float, reported: float) -> None:
    assert rounded(value) == reported


def test_an_answer_names_the_acts_and_their_dates() -> None:
    body = answer(installation())
    acts = {act["id"]: act for act in body["acts"]}
    assert acts["2025/2547"]["dated"] == "2025-12-10"
    assert {"2023/956", "2025/2621", "2026/1740"} <= set(acts)
    assert all(act["title"]["zh"] and act["title"]["en"] and act["status"] for act in acts.values())


# -- bad input: one problem each, with its place


SECOND = {
    "id": "more",
    "category": "iron_or_steel_products",
    "production": [tonnes(5)],
    "direct_emissions": tonnes(1),
    "goods": [{"cn_code": "7318 15 88"}],
}
ALUMINIUM = {
    "id": "screws",
    "category": "unwrought_aluminium",
    "production": [tonnes(100)],
    "direct_emissions": tonnes(1),
}
ACID = {
    "id": "screws",
    "category": "nitric_acid",
    "nitrogen_fraction": 0.2,
    "production": [tonnes(100)],
    "direct_emissions": tonnes(1),
}
BAD = {
    "code outside Annex I": ("/processes/0/goods/0/cn_code", "73151110", "cbam_not_annex_i", "/processes/0/goods/0/cn_code"),
    "code that is none": ("/processes/0/goods/0/cn_code", "screws", "cbam_cn_code_form", "/processes/0/goods/0/cn_code"),
    "heading only": ("/processes/0/goods/0/cn_code", "7318", "cbam_eight_digits", "/processes/0/goods/0/cn_code"),
    "category that does not match": ("/processes/0/goods/0/cn_code", "76011010", "cbam_category_differs", "/processes/0/goods/0/cn_code"),
    "no such category": ("/processes/0/category", "screws", "cbam_category", "/processes/0/category"),
    "negative activity": ("/processes/0/production/0/amount", -1, "cbam_negative", "/processes/0/production/0/amount"),
    "nothing made": ("/processes/0/production/0/amount", 0, "zero", "/processes/0/production"),
    "pieces": ("/processes/0/production/0/unit", "piece", "cbam_tonnes_required", "/processes/0/production/0/unit"),
    "precursor without origin": ("/precursors/0/country", None, "cbam_origin", "/precursors/0/country"),
    "precursor outside Annex I": ("/precursors/0/cn_code", "72044100", "cbam_not_annex_i", "/precursors/0/cn_code"),
    "PCF offered": ("/precursors/0/supplier_footprint", {"value": 2}, "cbam_pcf_offered", "/precursors/0/supplier_footprint"),
    "GWP of a PCF": ("/precursors/0/gwp", "AR6", "cbam_pcf_offered", "/precursors/0/gwp"),
    "not a calendar year": ("/period/end", "2026-06-30", "cbam_period", "/period"),
    "period backwards": ("/period/end", "2025-06-30", "period_order", "/period/end"),
    "unknown field": ("/processes/0/gwp", "AR6", "unknown_field", "/processes/0/gwp"),
    "bought is not used": ("/precursors/0/purchased/amount", 120, "cbam_mass_balance", "/precursors/0"),
    "more delivered than made": ("/processes/0/to_market", tonnes(101), "cbam_mass_balance", "/processes/0"),
    "electricity without factor": ("/processes/0/electricity/consumed/0/emission_factor", None, "cbam_energy_factor", "/processes/0/electricity/consumed/0"),
    "no such process": ("/precursors/0/consumed/0/process", "rolling", "cbam_reference", "/precursors/0/consumed/0/process"),
    "factor of another dimension": ("/precursors/0/see_direct/unit", "t CO2e/MWh", "wrong_dimension", "/precursors/0/see_direct/unit"),
    "electricity as a good": ("/processes/0/category", "electricity", "cbam_electricity_good", "/processes/0/category"),
    "not a number": ("/processes/0/production/0/amount", "many", "not_a_number", "/processes/0/production/0/amount"),
    "one code in two processes": ("/processes/1", SECOND, "cbam_code_twice", "/processes/1/goods/0/cn_code"),
    "primary aluminium without PFC": ("/processes/0", ALUMINIUM, "cbam_pfc_missing", "/processes/0"),
    "nitric acid without N2O": ("/processes/0", ACID, "cbam_n2o_missing", "/processes/0"),
    "co-products of steel": ("/processes/0/co_products", [{"name": "slag", **tonnes(30), "molar_mass": 60}], "cbam_co_products", "/processes/0/co_products"),
    "grid factor for own power": ("/processes/0/electricity/exported", [{"amount": 1, "unit": "MWh", "source": "grid_default"}], "cbam_power_produced", "/processes/0/electricity/exported/0/source"),
    "goods are not what was made": ("/processes/0/goods/0", {"cn_code": "73181588", **tonnes(90)}, "cbam_mass_balance", "/processes/0/goods"),
    "N2O with biomass": ("/measured", [{"id": "m", "gas": "N2O", "hourly": [[1, 1]], "biomass_fraction": 0.1}], "cbam_n2o_biomass", "/measured/0/biomass_fraction"),
    "share above one": ("/precursors/0/default_share", 1.5, "share", "/precursors/0/default_share"),
    "evidence of neither kind": ("/precursors/0/evidence", "guess", "cbam_choice", "/precursors/0/evidence"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input_is_refused_with_its_place(case: str) -> None:
    pointer, value, code, where = BAD[case]
    with pytest.raises(Refused) as refused:
        result(changed(installation(), pointer, value))
    assert [(p.code, p.where) for p in refused.value.problems][:1] == [(code, where)]
    for problem in refused.value.problems:
        assert problem.message("zh") != problem.message("en")


def test_a_period_other_than_the_calendar_year_needs_a_reason_and_then_is_taken() -> None:
    document = changed(
        installation(), "/period", {"start": "2026-04-01", "end": "2027-03-31", "reason": "fiscal year by law"}
    )
    assert answer(document)["period"]["reason"] == "fiscal year by law"


@pytest.mark.parametrize("carrier", ["heat", "waste_gas"])
def test_a_balance_that_does_not_close_is_refused(carrier: str) -> None:
    document = loop()
    flow = {"amount": 5, "unit": "TJ", "emission_factor": factor(56, "t CO2/TJ")}
    document["processes"][0][carrier] = {"exported": [{**flow, "to": "drawing"}]}
    document["processes"][1][carrier] = {"imported": [{**flow, "from": "mill", "amount": 4}]}
    with pytest.raises(Refused) as refused:
        result(document)
    (problem,) = refused.value.problems
    assert (problem.code, problem.where) == ("cbam_balance", f"/processes/0/{carrier}/exported/0")
    assert "item 17" in problem.next_action("en")
    assert "第 17 项" in problem.next_action("zh")
    document["processes"][1][carrier]["imported"][0]["amount"] = 5
    assert answer(document)["balances"][0]["difference"] == 0


def test_the_heat_of_a_unit_must_go_somewhere() -> None:
    unit = {"id": "boiler", "kind": "boiler", "produced": factor(40, "TJ")}
    with pytest.raises(Refused) as refused:
        result(heated(unit, heat={"imported": [{"from": "boiler", "amount": 30, "unit": "TJ"}]}))
    assert [(p.code, p.where) for p in refused.value.problems] == [("cbam_balance", "/heat/0")]


@pytest.mark.parametrize(
    ("attribution", "code"), [({"screws": 0.9}, "cbam_attribution"), ({"screws": 0.5, "other": 0.5}, "cbam_reference"), (None, "cbam_attribution")]
)  # fmt: skip
def test_a_source_is_attributed_wholly_to_what_there_is(attribution: Json | None, code: str) -> None:
    document = unattributed(FUEL)
    if attribution is None:
        del document["source_streams"][0]["attribution"]
    else:
        document["source_streams"][0]["attribution"] = attribution
    with pytest.raises(Refused) as refused:
        result(document)
    assert refused.value.problems[0].code == code


def test_granules_of_pig_iron_may_be_either_category() -> None:
    for category in ("pig_iron", "iron_or_steel_products"):
        document = with_process(category=category, goods=[{"cn_code": "72051000"}])
        assert answer(document)["goods"][0]["cn_code"] == "72051000"


def test_all_problems_are_told_at_once() -> None:
    document = changed(changed(installation(), "/precursors/0/country", None), "/processes/0/goods/0/cn_code", "4011")
    with pytest.raises(Refused) as refused:
        result(document)
    assert {p.code for p in refused.value.problems} == {"cbam_origin", "cbam_not_annex_i"}


def test_combined_heat_and_power_needs_the_acts_reference_efficiencies() -> None:
    unit = {"id": "chp", "kind": "chp", "produced": factor(20, "TJ"), "electricity_produced": factor(5000, "MWh")}
    with pytest.raises(Refused) as refused:
        result(heated(unit))
    assert "cbam_chp_reference" in {p.code for p in refused.value.problems}
