"""Inventories of the beer rule: every amount of a small bill by hand, per hectolitre."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from foregrounds import GATE, GRAVE, amounts, beer, exchanges, footprint, tiny

from lcaengine.background import default_release
from lcaengine.bom import bom_of, read_plant
from lcaengine.data import folder
from lcaengine.footprint import body, link, solve
from lcaengine.inventory import Inventory, apply_rule
from lcaengine.problems import Refused
from lcaengine.rules import load_rule

near = pytest.approx


def line(name: str, amount: float, unit: str = "kg", /, *, role: str | None = None, **other: Any) -> dict[str, Any]:
    found = {"id": name, "amount": amount, "unit": unit, "transport": [], **other}
    return found | ({"role": role} if role else {})


def codes(inventory: Inventory) -> list[str]:
    return [w.problem.code for w in inventory.warnings]


def refused(document: dict[str, Any], boundary: str | None = GATE) -> dict[str, str]:
    """Code and place of every problem."""
    with pytest.raises(Refused) as caught:
        beer(document, boundary)
    return {p.code: p.where for p in caught.value.problems}


# -- basis and units


def test_amounts_of_a_period_are_divided_by_the_output() -> None:
    # 1 200 t of malt for 100 000 hl = 12 kg/hl; the bottle is given per declared unit: 60 kg/hl stay 60.
    period = {"basis": "period", "period": {"start": "2025-01-01", "end": "2025-12-31"},
              "output": {"amount": 10_000, "unit": "m3"}}  # fmt: skip
    found = beer(tiny(
        line("malt", 1200, "t", role="malt"), line("bottle", 60, role="bottle_one_way", basis="declared_unit"), **period
    ))  # fmt: skip
    assert amounts(found, line="malt") == {"malt-pale-cn": near(12)}
    assert sum(amounts(found, line="bottle").values()) == near(60)
    assert amounts(found, line="power") == {"electricity-cn": near(10 / 1e5)}


def test_amounts_of_a_declared_unit_of_330_ml() -> None:
    # 0.05 kg in 330 ml = 0.05 / 0.0033 = 15.1515 kg/hl
    document = tiny(line("malt", 50, "g", role="malt"))
    document["product"]["declared_unit"] = {"amount": 330, "unit": "ml"}
    assert amounts(beer(document), line="malt") == {"malt-pale-cn": near(0.05 / 0.0033)}


def test_pieces_have_a_mass_each() -> None:
    # 303 cans of 13 g = 3.939 kg, no recycled content by default
    can = line("bottle", 303, "piece", role="can", unit_mass={"amount": 13, "unit": "g"})
    assert amounts(beer(tiny(can)), line="bottle") == {"aluminium-can-cn": near(3.939)}


def test_pieces_without_a_mass_are_refused() -> None:
    assert refused(tiny(line("bottle", 303, "piece", role="can"))) == {"wrong_dimension": "/lines/1/unit"}


# -- reuse and recycled content


def test_a_bottle_of_600_g_in_10_uses_is_60_g() -> None:
    # cullet share 0.3 of at most 0.8: 0.375 recycled, 0.625 virgin
    bottle = line("bottle", 1, "piece", role="bottle_returnable", unit_mass={"amount": 600, "unit": "g"},
                  transport=[{"mode": "road", "distance": {"amount": 100, "unit": "km"}}])  # fmt: skip
    found = beer(tiny(bottle, parameters={"return_trips": 10}))
    material = amounts(found, line="bottle", activity="material")
    assert material == {"container-glass-cullet-0-cn": near(0.0375), "container-glass-cullet-80-cn": near(0.0225)}
    assert sum(material.values()) == near(0.060)
    # the new glass is brought: 0.06 kg × 100 km
    assert amounts(found, line="bottle", activity="inbound_transport") == {"lorry-heavy-diesel-cn": near(0.006)}


def test_recycled_content_given() -> None:
    # 0.35 of at most 0.7: half and half
    can = line("bottle", 4, role="can", recycled_content=0.35)
    assert amounts(beer(tiny(can)), line="bottle") == {
        "aluminium-can-cn": near(2),
        "aluminium-can-recycled-cn": near(2),
    }
    too_high = line("bottle", 4, role="can", recycled_content=0.75)
    assert refused(tiny(too_high)) == {"recycled_content_too_high": "/lines/1/recycled_content"}


def test_a_recycled_content_that_is_not_given_is_told() -> None:
    assert codes(beer(tiny(line("bottle", 4, role="can")))) == ["recycled_content_default"]
    assert codes(beer(tiny(line("bottle", 4, role="can", recycled_content=0)))) == []
    assert codes(beer(tiny(line("bottle", 4, role="can"), parameters={"can_recycled_content": 0}))) == []


def test_no_uses_is_refused_not_divided_by() -> None:
    for trips in (0, 0.5):
        document = tiny(line("bottle", 60, role="bottle_returnable"), parameters={"return_trips": trips})
        assert refused(document) == {"trips_below_one": "/parameters/return_trips"}


# -- transport to the site


def test_default_legs() -> None:
    # 15 kg over 130 km by road, 240 by rail, 270 by barge
    document = tiny()
    del document["lines"][0]["transport"]
    found = beer(document)
    assert amounts(found, line="malt", activity="inbound_transport") == {
        "lorry-heavy-diesel-cn": near(1.95), "rail-freight-cn": near(3.6), "barge-bulk-cn": near(4.05),
    }  # fmt: skip
    assert {e.data for e in exchanges(found, line="malt", activity="inbound_transport")} == {"default"}


def test_given_legs_replace_the_defaults() -> None:
    legs = [{"mode": "sea", "distance": {"amount": 1200, "unit": "km"}},
            {"mode": "road_electric", "distance": {"amount": 50_000, "unit": "m"}}]  # fmt: skip
    found = beer(tiny(line("malt", 15, role="malt", transport=legs)))
    assert amounts(found, line="malt", activity="inbound_transport") == {
        "ship-container": near(18), "lorry-heavy-electric-cn": near(0.75),
    }  # fmt: skip
    assert amounts(beer(tiny()), activity="inbound_transport") == {}  # an empty list: none


@pytest.mark.parametrize(("origin", "abroad"), [("AU", True), ("CN", False), ("CN-SD", False)])
def test_a_supplier_abroad_takes_other_legs(origin: str, abroad: bool) -> None:
    # 15 kg over 1 000 km by road and 18 000 by sea
    document = tiny()
    document["lines"][0] |= {"origin": origin}
    del document["lines"][0]["transport"]
    found = amounts(beer(document), line="malt", activity="inbound_transport")
    if abroad:
        assert found == {"lorry-heavy-diesel-cn": near(15), "ship-container": near(270)}
    else:
        assert "ship-container" not in found


def test_an_unknown_mode_is_refused() -> None:
    legs = [{"mode": "airship", "distance": {"amount": 1, "unit": "km"}}]
    assert refused(tiny(line("malt", 15, role="malt", transport=legs))) == {"unknown_mode": "/lines/0/transport"}


# -- distribution, use, end of life


def test_distribution_carries_beer_and_packaging_as_filled_and_brings_the_bottles_back() -> None:
    # 100 L × 1.01 kg/L = 101 kg, bottles 80 kg (as filled, whatever the trips), crown corks 0.4 kg; 1 200 km.
    # Out: 181.4 kg × 1 200 km = 217.68 t km; back: 80 kg × 1 200 km = 96 t km.
    found = beer(tiny(line("bottle", 80, role="bottle_returnable"), line("crown", 0.4, role="crown_cork")), GRAVE)
    assert amounts(found, line="outbound_road") == {"lorry-heavy-diesel-cn": near(217.68)}
    assert amounts(found, line="return_road") == {"lorry-heavy-diesel-cn": near(96)}
    assert amounts(found, line="outbound_sea") == {}


def test_a_distance_may_be_given_in_any_unit_of_length() -> None:
    # (101 + 60) kg × 450 km
    given = tiny(parameters={"distribution_road": {"amount": 450_000, "unit": "m"}})
    assert amounts(beer(given, GRAVE), line="outbound_road") == {"lorry-heavy-diesel-cn": near(72.45)}


def test_what_is_drunk_needs_more_to_be_sold() -> None:
    # 1.02 hl sold for 1 hl drunk: everything before runs 1.02 times, cooling once.
    found = footprint(tiny(), GRAVE)
    runs = dict(zip([p.id for p in found.system.inventory.processes], found.runs, strict=True))
    assert runs == {"brewing": near(1.02), "packing": near(1.02), "distribution": near(1.02), "consumption": near(1)}
    inventory = found.system.inventory
    assert amounts(inventory, process="consumption", kind="foreground") == {"distribution": near(1.02)}
    # 2 L of 120 kg COD/m3, treated as waste water of 2.9 kg COD/m3
    assert amounts(inventory, line="lost_beer") == {"wastewater-treatment-municipal-cn": near(0.002 * 120 / 0.35)}
    bought = found.background_demand()[found.system.release.index["malt-pale-cn"]]
    assert bought == near(15.3)
    assert footprint(tiny(), GATE).background_demand()[found.system.release.index["malt-pale-cn"]] == near(15)


def test_cooling() -> None:
    # 0.35 kWh/L × 100 L; half of it at home: (0.175 + 0.5 × 0.0777) × 100
    assert amounts(beer(tiny(), GRAVE), line="cooling") == {"electricity-cn": near(35)}
    half = beer(tiny(parameters={"share_away": 0.5}), GRAVE)
    assert amounts(half, line="cooling") == {"electricity-cn": near(21.385)}


def test_end_of_life_is_what_was_sold() -> None:
    # 60 kg × 1.02 = 61.2 kg: 45 % recycled, 55 % to landfill. Carton 5 × 1.02 = 5.1 kg: 0.74612 recycled,
    # 0.25388 × 0.7 burned, 0.25388 × 0.3 to landfill
    found = beer(tiny(line("carton", 5, role="carton")), GRAVE)
    assert amounts(found, line="bottle", kind="waste") == {
        "recycling-glass-cn": near(27.54), "landfill-glass-cn": near(33.66),
    }  # fmt: skip
    assert amounts(found, line="carton", kind="waste") == {
        "recycling-paper-cn": near(3.805212), "incineration-paper-cn": near(0.9063516),
        "landfill-paper-cn": near(0.3884364),
    }  # fmt: skip
    assert exchanges(beer(tiny()), line="bottle", kind="waste") == []  # at the gate nothing has come to its end


# -- energy and other activities


@pytest.mark.parametrize(
    ("amount", "unit", "cubic_metres"),
    [(4, "m3", 4), (389.31, "MJ", 10), (0.38931, "GJ", 10), (100, "kWh", 360 / 38.931)],
)
def test_gas_by_volume_or_by_energy(amount: float, unit: str, cubic_metres: float) -> None:
    fuels = [{"id": "gas", "amount": amount, "unit": unit, "fuel": "natural_gas"}]
    assert amounts(beer(tiny(activities={"fuels": fuels})), line="gas") == {
        "natural-gas-burned-boiler-cn": near(cubic_metres)
    }


def test_coal_in_tonnes_and_not_in_megajoules() -> None:
    coal = [{"id": "coal", "amount": 0.002, "unit": "t", "fuel": "coal"}]
    assert amounts(beer(tiny(activities={"fuels": coal})), line="coal") == {"hard-coal-burned-boiler-cn": near(2)}
    assert refused(tiny(activities={"fuels": [{**coal[0], "unit": "MJ"}]})) == {
        "wrong_dimension": "/activities/fuels/0/unit"
    }


def test_a_certificate_without_evidence_is_warned_and_takes_the_residual() -> None:
    power = [{"id": "a", "amount": 5, "unit": "kWh", "supply": "certificate_wind"},
             {"id": "b", "amount": 5, "unit": "kWh", "supply": "certificate_wind", "evidence": "x"}]  # fmt: skip
    found = beer(tiny(activities={"electricity": power}))
    assert codes(found) == ["certificate_without_evidence"]
    assert [e.market_target for e in exchanges(found, target="electricity-cn")] == [
        "electricity-residual-cn", "electricity-wind-certificate-cn",
    ]  # fmt: skip


def test_electricity_of_a_country_that_the_rule_does_not_cover() -> None:
    assert refused(tiny(site={"country": "VN"})) == {"country_not_covered": "/activities/electricity/0"}


def test_a_refrigerant_is_its_gases() -> None:
    # R404A, 1 kg: 0.44 × 3740 + 0.04 × 1530 + 0.52 × 5810 = 4728 kg CO2e
    found = footprint(tiny(activities={"refrigerants": [{"id": "leak", "amount": 1, "unit": "kg", "gas": "R404A"}]}))
    assert amounts(found.system.inventory, line="leak") == {
        "hfc_125": near(0.44), "hfc_134a": near(0.04), "hfc_143a": near(0.52),
    }  # fmt: skip
    value = {entry["line"]: entry["value"] for entry in body(found)["lines"]}["leak"]
    assert value == near(4728, rel=1e-9)
    assert {e.data for e in exchanges(found.system.inventory, line="leak")} == {"primary"}


def test_waste_of_the_site_is_handed_over() -> None:
    waste = [{"id": "cullet", "amount": 3, "unit": "kg", "treatment": "glass_recycling"}]
    found = exchanges(beer(tiny(activities={"waste": waste})), line="cullet")
    assert [(e.kind, e.target, e.amount) for e in found] == [("waste", "recycling-glass-cn", 3)]


# -- shared totals


def plant() -> dict[str, dict[str, Any]]:
    """Two products of 60 and 40 hl (one of them in m3) that share electricity, malt and spent grain."""
    base = tiny()
    period = {"basis": "period", "period": {"start": "2025-01-01", "end": "2025-12-31"}}
    shared = {
        "outputs": {"a": {"amount": 60, "unit": "hl"}, "b": {"amount": 4, "unit": "m3"}},
        "activities": {"electricity": [{"id": "shared_power", "amount": 1000, "unit": "kWh"}]},
        "lines": [line("shared_malt", 1500, role="malt")],
        "co_products": [{"id": "spent_grain", "amount": 2000, "unit": "kg"}],
    }
    found = {}
    for name, output in shared["outputs"].items():
        own = {k: v for k, v in base["activities"].items() if k != "electricity"}
        bottle = line("bottle", 60 if name == "a" else 50, role="bottle_one_way", basis="declared_unit")
        document = {**base, **period, "output": output, "lines": [bottle], "shared": shared, "activities": own}
        found[name] = {**document, "product": {**base["product"], "id": name}}
    return found


def test_shared_totals_are_allocated_by_volume_and_conserved() -> None:
    # 1 000 kWh over 100 hl = 10 kWh/hl for either product; together 10 × 60 + 10 × 40 = 1 000
    found = {name: beer(document) for name, document in plant().items()}
    for inventory in found.values():
        assert amounts(inventory, line="shared_power") == {"electricity-cn": near(10)}
        assert amounts(inventory, line="shared_malt") == {"malt-pale-cn": near(15)}
        # 2 000 kg / 100 hl × 0.1 kg C/kg × 44/12
        assert amounts(inventory, line="spent_grain") == {"co2_uptake": near(-22 / 3)}
    hectolitres = {"a": 60, "b": 40}
    total = sum(amounts(found[n], line="shared_power")["electricity-cn"] * v for n, v in hectolitres.items())
    assert total == near(1000)
    assert sum(amounts(found["a"], line="bottle").values()) == near(60)
    assert sum(amounts(found["b"], line="bottle").values()) == near(50)


def test_a_plant_file_hands_its_totals_to_every_product() -> None:
    both = plant()
    common = {k: v for k, v in both["a"].items() if k not in {"product", "output", "lines", "shared"}}
    shared = {k: v for k, v in both["a"]["shared"].items() if k != "outputs"}
    products = [{k: document[k] for k in ("product", "output", "lines")} for document in both.values()]
    documents = read_plant(json.dumps({**common, "shared": shared, "products": products}).encode())
    for document, expected in zip(documents, both.values(), strict=True):
        assert footprint(document).value == near(footprint(expected).value, rel=1e-12)


# -- suppliers' figures


def supplier(**other: Any) -> dict[str, Any]:
    figure = {"value": 5, "unit": "kg CO2e/kg", "boundary": "cradle_to_gate", "gwp": "AR6", "year": 2025}
    return line("bottle", 10, role="can", supplier_footprint=figure | other)


def test_a_suppliers_figure_is_unsplit_and_primary() -> None:
    # 10 kg × 5 kg CO2e/kg = 50 kg CO2e
    found = footprint(tiny(supplier()))
    assert amounts(found.system.inventory, line="bottle") == {"co2e_unspecified": near(50)}
    shown = body(found)
    unsplit_elsewhere = body(footprint(tiny(supplier(value=0))))["gases"][-1]["value"]
    assert {g["gas"]: g["value"] for g in shown["gases"]}["unsplit"] == near(50 + unsplit_elsewhere)
    assert shown["data_quality"]["primary_data_share"] == near(50 / shown["total"]["value"])
    assert codes(found.system.inventory) == []


def test_a_suppliers_figure_per_piece_and_per_tonne() -> None:
    cans = supplier(unit="kg CO2e/piece", value=0.1) | {
        "amount": 300, "unit": "piece", "unit_mass": {"amount": 13, "unit": "g"},
    }  # fmt: skip
    assert amounts(beer(tiny(cans)), line="bottle") == {"co2e_unspecified": near(30)}
    assert amounts(beer(tiny(supplier(unit="kg CO2e/t"))), line="bottle") == {"co2e_unspecified": near(0.05)}


def test_a_suppliers_figure_keeps_the_carbon_of_the_product() -> None:
    # 5 kg of carton of 0.42 kg C/kg, or as the supplier says: 0.4
    figure = {"value": 1, "unit": "kg CO2e/kg", "boundary": "gate", "gwp": "IPCC AR6", "year": 2025}
    for carbon, content in ({}, 0.42), ({"biogenic_carbon": {"amount": 400, "unit": "g/kg"}}, 0.4):
        carton = line("carton", 5, role="carton", supplier_footprint=figure | carbon)
        found = amounts(beer(tiny(carton)), line="carton")
        assert found == {"co2e_unspecified": near(5), "co2_uptake": near(44 / 12 * 5 * content)}


def test_another_boundary_or_another_set_of_gwps_is_warned() -> None:
    assert codes(beer(tiny(supplier(boundary="cradle_to_grave", gwp="AR5")))) == ["supplier_boundary", "supplier_gwp"]


# -- ranges warn and never clip


def test_a_parameter_out_of_its_range_is_used_as_given() -> None:
    bottle = line("bottle", 60, role="bottle_returnable", recycled_content=0.3)
    found = beer(tiny(bottle, parameters={"return_trips": 150}))
    assert codes(found) == ["parameter_out_of_range"]
    assert sum(amounts(found, line="bottle").values()) == near(0.4)
    assumption = next(a for a in found.assumptions if a.parameter == "return_trips")
    assert (assumption.value, assumption.status) == (150, "given")


@pytest.mark.parametrize(("malt", "warned"), [(6, True), (6.2, False), (15.9, False), (16.1, True)])
def test_an_amount_out_of_its_range_is_used_as_given(malt: float, warned: bool) -> None:
    found = beer(tiny(line("malt", malt, role="malt")))
    assert [w.rule_id for w in found.warnings if w.problem.code == "guardrail"] == (["BEER-80"] if warned else [])
    assert amounts(found, line="malt") == {"malt-pale-cn": near(malt)}


def test_an_unusual_process_is_warned_and_used() -> None:
    found = beer(tiny(line("malt", 15, role="malt", process="barley-cn")))
    assert codes(found) == ["unusual_process"]
    assert amounts(found, line="malt") == {"barley-cn": near(15)}
    assert codes(beer(tiny(line("malt", 15, role="malt", process="malt-pale-imported-barley-cn")))) == []


# -- nothing is guessed


def test_everything_that_a_rule_asks_for_is_named_at_once() -> None:
    with pytest.raises(Refused) as caught:
        beer(tiny() | {"lines": [], "activities": {}})
    assert [p.values["rule_id"] for p in caught.value.problems] == [
        "BEER-03",
        "BEER-04",
        "BEER-05",
        "BEER-06",
        "BEER-07",
    ]


def test_a_line_without_role_and_process_gets_candidates_and_no_amount() -> None:
    with pytest.raises(Refused) as caught:
        beer(tiny(line("x", 1, name="浅色的大麦麦芽")))
    [problem] = caught.value.problems
    assert problem.code == "line_unmatched"
    assert "malt-pale-cn" in {c["code"] for c in problem.values["candidates"][:2]}
    assert problem.values["candidates"][0]["roles"] == ["malt"]


def test_a_line_with_the_name_of_a_process_is_taken_with_its_role() -> None:
    found = beer(tiny(line("x", 1, name="浅色麦芽")))
    assert {e.target for e in exchanges(found, line="x") if e.activity == "material"} == {"malt-pale-cn"}
    shown = found.lines["x"]
    assert (shown.matched_by, shown.stage) == ("synonym", "raw_materials")


def test_a_name_chooses_among_the_processes_of_a_role() -> None:
    found = exchanges(beer(tiny(line("x", 1, role="maize", name="玉米淀粉"))), line="x")
    assert [(e.target, e.matched_by) for e in found if e.activity == "material"] == [("maize-starch-cn", "name")]


def test_a_line_may_name_a_process_without_a_role() -> None:
    found = exchanges(beer(tiny(line("x", 2, process="sodium-hydroxide-cn"))), line="x")
    assert [(e.process, e.target, e.amount, e.matched_by) for e in found] == [
        ("brewing", "sodium-hydroxide-cn", 2, "process")
    ]


@pytest.mark.parametrize(
    ("document", "code", "where"),
    [
        (tiny(line("x", 1, role="gold")), "unknown_role", "/lines/2/role"),
        (tiny(line("x", 1, process="gold-cn")), "unknown_process", "/lines/2/process"),
        (tiny(parameters={"speed": 1}), "unknown_parameter", "/parameters/speed"),
        (tiny(parameters={"beer_density": {"amount": 1, "unit": "kg"}}), "wrong_dimension", "/parameters/beer_density/unit"),
        (tiny(parameters={"return_trips": {"amount": 1, "unit": "kg"}}), "wrong_dimension", "/parameters/return_trips/unit"),
        (tiny(co_products=[{"id": "gold", "amount": 1, "unit": "kg"}]), "unknown_co_product", "/co_products/0/id"),
        (tiny(activities={"fuels": [{"amount": 1, "unit": "kg", "fuel": "peat"}]}), "unknown_kind", "/activities/fuels/0"),
        (tiny(activities={"fuels": [{"amount": 1, "unit": "kg"}]}), "kind_needed", "/activities/fuels/0"),
        (tiny(line("malt", 15, "m3", role="malt")), "wrong_dimension", "/lines/0/unit"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_with_its_place(document: dict[str, Any], code: str, where: str) -> None:
    assert refused(document)[code] == where


def test_every_exchange_says_where_it_comes_from() -> None:
    for found in beer(tiny(), GRAVE).exchanges:
        assert found.rule_id.startswith("BEER-")
        assert found.amount > 0
        assert found.kind == "foreground" or found.line


# -- what must not lower a footprint unseen


def test_electricity_named_as_a_process_keeps_the_rules_of_its_kind() -> None:
    # A certificate named as a process is a claim: the headline stays on the grid, and without evidence the market-based
    # result takes the residual mix.
    claim = {"id": "a", "amount": 10, "unit": "kWh", "process": "electricity-wind-certificate-cn"}
    found = beer(tiny(activities={"electricity": [claim]}))
    assert amounts(found, line="a") == {"electricity-cn": near(10)}
    assert [e.market_target for e in exchanges(found, line="a")] == ["electricity-residual-cn"]
    assert codes(found) == ["certificate_without_evidence"]
    proved = beer(tiny(activities={"electricity": [{**claim, "evidence": "GEC 1"}]}))
    assert [e.market_target for e in exchanges(proved, line="a")] == ["electricity-wind-certificate-cn"]


def test_a_power_plant_is_no_supply() -> None:
    plant = {"id": "a", "amount": 10, "unit": "kWh", "process": "electricity-wind-cn"}
    assert refused(tiny(activities={"electricity": [plant]})) == {"unknown_kind": "/activities/electricity/0/process"}


def test_an_unusual_process_of_an_activity_is_warned() -> None:
    water = {"id": "a", "amount": 1, "unit": "kg", "process": "soda-ash-cn"}
    found = beer(tiny(activities={"water": [{"amount": 0.4, "unit": "m3"}], "fuels": [water]}))
    assert codes(found) == ["unusual_process"]


def test_evidence_of_blanks_is_none() -> None:
    power = {"id": "a", "amount": 5, "unit": "kWh", "supply": "certificate_wind", "evidence": "  "}
    assert codes(beer(tiny(activities={"electricity": [power]}))) == ["certificate_without_evidence"]


def test_purchased_co2_is_emitted() -> None:
    # 0.5 kg of fossil CO2 per hl: 0.5 kg CO2 beside its production
    found = beer(tiny(line("bubbles", 0.5, role="co2")))
    assert amounts(found, line="bubbles", activity="release") == {"co2_fossil": near(0.5)}


@pytest.mark.parametrize("parameter", [{"glass_recycling": 1.5}, {"sold_per_consumed": 0.5}])
def test_parameters_that_would_make_an_amount_negative_are_refused(parameter: dict[str, float]) -> None:
    assert refused(tiny(parameters=parameter), GRAVE).keys() == {"negative_share"}


def test_a_recycled_content_that_nothing_uses_is_refused() -> None:
    for other in (
        line("bottle", 1, role="keg", recycled_content=0.5),
        line("bottle", 4, role="can", process="aluminium-can-cn", recycled_content=0.5),
    ):
        assert refused(tiny(other)) == {"recycled_content_unused": "/lines/1/recycled_content"}


def test_a_short_or_old_period_is_told() -> None:
    old = {
        "basis": "period",
        "period": {"start": "2010-01-01", "end": "2010-01-31"},
        "output": {"amount": 1, "unit": "hl"},
    }
    assert codes(beer(tiny(**old)))[-2:] == ["period_length", "period_age"]


def test_amounts_in_the_answer_are_per_declared_unit() -> None:
    # 15 kg malt per hl leaving the brewery, 1.02 hl sold per hl consumed: 15.3 kg per declared unit
    shown = {
        e["line"]: e for e in body(footprint(tiny(line("malt", 15, role="malt")), GRAVE))["lines"] if "amount" in e
    }
    assert shown["malt"]["amount"]["amount"] == near(15.3)
    assert shown["cooling"]["amount"]["amount"] == near(35)


def test_foreground_processes_may_count_in_different_units(tmp_path: Path) -> None:
    # The same rule with brewing in litres: 1 hl of packed beer takes 100 L of it; the footprint is the same.
    text = (folder("product_rules") / "beer" / "1.0.0" / "rule.yaml").read_text(encoding="utf-8")
    line_of_brewing = "{id: brewing, rule_id: BEER-12, stage: brewing, unit: hl,"
    assert text.count(line_of_brewing) == 1
    path = tmp_path / "rule.yaml"
    path.write_text(text.replace(line_of_brewing, line_of_brewing.replace("hl", "L")), encoding="utf-8")
    bom = bom_of(tiny())
    found = apply_rule(bom, load_rule(path), default_release(), GATE)
    assert [e.amount for e in found.exchanges if e.target == "brewing"] == [near(100)]
    assert solve(link(found, default_release())).value == near(footprint(tiny(), GATE).value, rel=1e-12)
