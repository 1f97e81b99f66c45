"""The European Commission's official filled templates as installation documents.

The figures stay beside the project (CC BY 4.0, European Commission, re-tabulated): nothing of them is copied here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from background_fixtures import PROJECT

Json = dict[str, Any]

CBAM_DATA = PROJECT.parent / "shared" / "data" / "cbam"
EXAMPLES = CBAM_DATA / "worked_examples_1_3_7.json"
TEMPLATE = CBAM_DATA / "CBAM_Communication_template_en_20241213.xlsx"
EXAMPLE_IDS = ("cement_bubble", "eaf_alloy_steel", "hydrogen_two_processes")
needs_examples = pytest.mark.skipif(not EXAMPLES.is_file(), reason="the official examples are not beside the project")
needs_template = pytest.mark.skipif(not TEMPLATE.is_file(), reason="the official template is not beside the project")

ZERO_RATED = "biomass counted as zero-rated in the official example"
COUNTRIES = {"Türkiye": "TR", "United States": "US", "Japan": "JP"}
CATEGORIES = {"Calcined clays": "calcined_clay", "Alloys (FeMn, FeCr, FeNi)": "alloys"}
SOURCES = {
    "D.4(a)": "grid_default", "D.4(b)": "alternative_default", "D.4.1": "own_generation", "D.4.3.1": "direct_link",
    "D.4.3.2": "power_purchase", "Mix": "mix",
}  # fmt: skip
PERCENTAGES = {"mn_fraction": "mn_pct", "cr_fraction": "cr_pct", "ni_fraction": "ni_pct", "other_alloys_fraction": "other_alloys_pct", "carbon_fraction": "carbon_pct"}  # fmt: skip
ONE_ROUTE, ONLY_DIRECT = "All production routes", "Only direct production"


@cache
def official() -> Mapping[str, Json]:
    """The examples as tabulated, by id."""
    return {e["id"]: e for e in json.loads(EXAMPLES.read_text(encoding="utf-8"))["examples"]}


def expected_see(example_id: str) -> dict[str, tuple[float, float, float]]:
    """Process id → SEE direct, SEE indirect, embedded electricity, as the official workbook shows them."""
    raw = official()[example_id]
    ids = {p["name"]: p["id"] for p in raw["processes"]}
    keys = ("see_direct", "see_indirect", "embedded_electricity_mwh_per_t")
    return {ids[p["process"]]: tuple(p[k] for k in keys) for p in raw["expected_products"]}  # type: ignore[misc]


def example(example_id: str) -> Json:
    """An official example as an installation document.

    DirEm* is the example's hand entry (``direct_emissions``), so source streams have no attribution. Precursors are given
    per tonne and by category: the template knows no CN code of a precursor.
    """
    raw = official()[example_id]
    about = raw["installation"]
    document: Json = {
        "installation": {"name": {"en": about["name"]}, "country": COUNTRIES[about["country"]]},
        "period": {"start": about["period_start"], "end": about["period_end"]},
        "source_streams": [_stream(i, row) for i, row in enumerate(raw["source_streams"], 1)],
        "processes": [_process(row, raw) for row in raw["processes"]],
        "precursors": [_precursor(row, raw) for row in raw["purchased_precursors"]],
    }
    return {key: value for key, value in document.items() if value}


def route_id(label: str) -> str | None:
    """``Electric arc furnace`` → ``electric_arc_furnace``; none where the category has one route for all."""
    return None if label == ONE_ROUTE else re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")


def category_id(label: str) -> str:
    return CATEGORIES.get(label) or label.lower().replace(" ", "_")


def _scaled(value: float, places: int) -> float:
    return float(Decimal(str(value)).scaleb(places))


def _stream(number: int, raw: Json) -> Json:
    row: Json = {
        "id": f"S{number}",
        "name": raw["name"],
        "method": raw["method"],
        "amount": abs(raw["activity"]),
        "unit": "t",
    }
    assert raw["activity_unit"] == "t"
    if raw["method"] == "mass_balance":
        row["direction"] = "out" if raw["activity"] < 0 else "in"
    if "ncv_gj_per_t" in raw:
        row["ncv"] = {"amount": raw["ncv_gj_per_t"], "unit": "GJ/t"}
    if "emission_factor" in raw:
        row["emission_factor"] = {
            "amount": raw["emission_factor"],
            "unit": raw["emission_factor_unit"].replace("tCO2", "t CO2"),
        }
    if "carbon_content_tc_per_t" in raw:
        row["carbon_content"] = {"amount": raw["carbon_content_tc_per_t"], "unit": "t C/t"}
    if "biomass_pct" in raw:
        row |= {"biomass_fraction": _scaled(raw["biomass_pct"], -2), "zero_rating": ZERO_RATED}
    return row


def _process(raw: Json, example_: Json) -> Json:
    ids = {p["name"]: p["id"] for p in example_["processes"]}
    routes = [(route_id(label), amount) for label, amount in raw["production_t_by_route"].items()]
    row: Json = {
        "id": raw["id"], "name": raw["name"], "category": category_id(raw["aggregated_goods_category"]),
        "production": [{"amount": a, "unit": "t", **({"route": route} if route else {})} for route, a in routes],
        "direct_emissions": {"amount": raw["directly_attributable_emissions_tco2e"], "unit": "t"},
        "electricity": {"consumed": [_electricity(raw)]}, "to_market": {"amount": raw["to_market_t"], "unit": "t"},
    }  # fmt: skip
    if included := [category_id(label) for label in raw["included_goods"] if label != ONLY_DIRECT]:
        row["includes"] = included
    if raw["to_other_processes"]:
        row["to_processes"] = [
            {"process": ids[d["process"]], "amount": d["t"], "unit": "t"} for d in raw["to_other_processes"]
        ]
    if raw["to_non_cbam_t"]:
        row["to_non_cbam"] = {"amount": raw["to_non_cbam_t"], "unit": "t"}
    if heat := _heat(raw.get("heat", {})):
        row["heat"] = heat
    if goods := [_good(p) for p in example_["expected_products"] if p["process"] == raw["name"]]:
        row["goods"] = goods
    contents = {g.get("clinker_fraction") for g in goods}
    if len(contents) == 1 and None not in contents:
        row["clinker_fraction"] = contents.pop()
    assert not raw["electricity_exported_mwh"]
    return row


def _electricity(raw: Json) -> Json:
    factor = {"amount": raw["electricity_ef_tco2_per_mwh"], "unit": "t CO2/MWh"}
    source = SOURCES[raw["electricity_ef_source"]]
    return {"amount": raw["electricity_mwh"], "unit": "MWh", "emission_factor": factor, "source": source}


def _heat(raw: Json) -> Json:
    return {
        way: [{
            "amount": raw[f"{way}_tj"], "unit": "TJ", "emission_factor": {"amount": raw[f"ef_{way}_tco2_per_tj"], "unit": "t CO2/TJ"},
        }]
        for way in ("imported", "exported") if raw.get(f"{way}_tj")
    }  # fmt: skip


def _good(raw: Json) -> Json:
    parameters: Json = {PERCENTAGES[k]: _scaled(v, 2) for k, v in raw.items() if k in PERCENTAGES}
    if "reducing_agent" in raw:
        parameters["reducing_agent"] = raw["reducing_agent"].lower().replace(" ", "_")
    if "steel_mill_id" in raw:
        parameters["steel_mill_id"] = str(raw["steel_mill_id"])
    if "t_scrap_per_t_steel" in raw:
        parameters["scrap_per_t_steel"] = raw["t_scrap_per_t_steel"]
    if "carbon_price_due_per_t" in raw:
        parameters |= {
            "carbon_price_due": raw["carbon_price_due_per_t"],
            "carbon_price_currency": raw["carbon_price_currency"],
        }
    good: Json = {"cn_code": raw["cn_code"], "name": raw["product_name"]}
    if "clinker_factor" in raw:
        good["clinker_fraction"] = raw["clinker_factor"]
    return {**good, **({"parameters": parameters} if parameters else {})}


def _precursor(raw: Json, example_: Json) -> Json:
    ids = {p["name"]: p["id"] for p in example_["processes"]}
    return {
        "id": raw["id"], "name": raw["name"], "category": category_id(raw["aggregated_goods_category"]), "country": raw["country"],
        "purchased": {"amount": raw["purchased_t"], "unit": "t"},
        "consumed": [{"process": ids[c["process"]], "amount": c["t"], "unit": "t"} for c in raw["consumed"]],
        "evidence": "default" if raw["source_direct"] == "Default" else "actual", "see_per": "tonne",
        "see_direct": {"amount": raw["see_direct_tco2e_per_t"], "unit": "t CO2e/t"},
        "electricity": {"amount": raw["electricity_mwh_per_t"], "unit": "MWh/t"},
        "electricity_factor": {"amount": raw["electricity_ef_tco2e_per_mwh"], "unit": "t CO2/MWh"},
    }  # fmt: skip
