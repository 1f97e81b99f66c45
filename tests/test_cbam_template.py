"""The Commission's communication template: filled, recalculated by LibreOffice, read back, and refused when it is not right."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
import shutil
import subprocess
import warnings
import zipfile
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import openpyxl
import pytest
from background_fixtures import PROJECT
from cbam_examples import (
    EXAMPLE_IDS,
    TEMPLATE,
    example,
    expected_see,
    needs_examples,
    needs_template,
    official,
)

from lcaengine.cbam.installation import Result, calculate_installation
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.cbam.template import Filling, Reading, fill_template, read_template
from lcaengine.cbam.template.cells import shifted
from lcaengine.cbam.template.places import At, cells_of, template_map
from lcaengine.cbam.template.values import computed_factors, direct_emissions
from lcaengine.cbam.template.workbook import MAX_ELEMENTS, MAX_UNPACKED, write_cells
from lcaengine.problems import Malformed, Problem, Refused, TooLarge

Json = dict[str, Any]
SOFFICE = shutil.which("soffice")
needs_calc = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice Calc is not installed: nothing recalculates the workbook"
)
TABLES = PROJECT / "background_data" / "cbam"


@cache
def blank() -> bytes:
    return TEMPLATE.read_bytes()


@cache
def filled(name: str) -> Filling:
    return fill_template(blank(), DOCUMENTS[name]() if name in DOCUMENTS else example(name))


def sheet_of(data: bytes, name: str, *, values: bool = True) -> dict[str, Any]:
    """What the cells of one sheet hold."""
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=values)
    return {c.coordinate: c.value for row in book[name].iter_rows() for c in row if c.value is not None}


def codes(remarks: tuple[Problem, ...]) -> set[tuple[str, str]]:
    return {(p.code, p.where) for p in remarks}


def opened(data: bytes, *, values: bool = False) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def refused(call: Callable[[], Any]) -> list[Problem]:
    with pytest.raises(Refused) as error:
        call()
    return list(error.value.problems)


# -- documents of our own


def vectors() -> Json:
    """The figures that the blank template prints as examples (rows 14-16, 97, 111-112 of B_EmInst), and one of each field."""
    return {
        "installation": {"name": {"zh": "示例铝厂", "en": "Example smelter"}, "country": "CN", "unlocode": "CNTAO", "address": "1 Road, Qingdao",
            "latitude": 36.066667, "longitude": -120.382222, "email": "a@b.cn", "telephone": "+86 532", "representative": "Li", "economic_activity": "2442"},
        "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "source_streams": [
            {"id": "S1", "name": "Heavy fuel oil", "method": "combustion", "amount": 252000, "unit": "t", "ncv": {"amount": 45, "unit": "GJ/t"},
             "emission_factor": {"amount": 73, "unit": "t CO2/TJ"}, "oxidation_factor": 1},
            {"id": "S2", "name": "Raw meal", "method": "process", "amount": 121000, "unit": "t",
             "emission_factor": {"amount": 0.08794, "unit": "t CO2/t"}, "conversion_factor": 1},
            {"id": "S3", "name": "Steel", "method": "mass_balance", "direction": "out", "amount": 1808226, "unit": "t",
             "carbon_content": {"amount": 0.003878, "unit": "t C/t"}},
            {"id": "S4", "name": "Natural gas", "method": "combustion", "amount": 1234567.8, "unit": "Nm3",
             "ncv": {"amount": 35.6, "unit": "GJ/1000 m3"}, "emission_factor": {"amount": 1.99716, "unit": "t CO2/1000 m3"}},
        ],
        "pfc": [
            {"id": "PFC1", "method": "slope", "technology": "CWPB", "production": {"amount": 500000, "unit": "t"}, "frequency": 2.17,
             "duration": 1.23, "sef_cf4": 0.146, "f_c2f6": 0.122, "collection_efficiency": 0.98},
            {"id": "PFC2", "method": "overvoltage", "technology": "SWPB", "production": {"amount": 1000, "unit": "t"},
             "anode_effect_overvoltage": 3, "current_efficiency_pct": 95, "ovc": 1.16, "f_c2f6": 0.121},
        ],
        "measured": [
            {"id": "M1", "name": "N2O", "gas": "N2O", "concentration": {"amount": 64.2925, "unit": "g/m3"},
             "flow": {"amount": 265000, "unit": "m3/h"}, "hours": 4},
            {"id": "M2", "name": "Stack", "gas": "CO2", "concentration": {"amount": 1820, "unit": "g/m3"},
             "flow": {"amount": 50000, "unit": "m3/h"}, "hours": 5000, "biomass_fraction": 0.15, "zero_rating": "REDcert 12"},
        ],
        "processes": [
            {"id": "P1", "name": "Smelter", "category": "unwrought_aluminium",
             "production": [{"amount": 800, "unit": "t", "route": "primary_electrolytic_smelting"}, {"amount": 200, "unit": "t", "route": "secondary_melting_recycling"}],
             "direct_emissions": {"amount": 1500, "unit": "t"},
             "heat": {"imported": [{"amount": 10, "unit": "TJ", "emission_factor": {"amount": 60, "unit": "t CO2/TJ"}}],
                      "exported": [{"amount": 4, "unit": "TJ", "emission_factor": {"amount": 50, "unit": "t CO2/TJ"}}]},
             "waste_gas": {"imported": [{"amount": 3, "unit": "TJ"}], "exported": [{"amount": 1, "unit": "TJ"}]},
             "electricity": {"consumed": [{"amount": 14000, "unit": "MWh", "emission_factor": {"amount": 0.6, "unit": "t CO2/MWh"}, "source": "own_generation", "note": "D.4.2"}],
                             "exported": [{"amount": 100, "unit": "MWh", "emission_factor": {"amount": 0.5, "unit": "t CO2/MWh"}}]},
             "to_market": {"amount": 500, "unit": "t"}, "to_processes": [{"process": "P2", "amount": 450, "unit": "t"}],
             "to_non_cbam": {"amount": 50, "unit": "t"}},
            {"id": "P2", "name": "Cans", "category": "aluminium_products", "includes": ["unwrought_aluminium"],
             "production": [{"amount": 400, "unit": "t"}], "direct_emissions": {"amount": 40, "unit": "t"}, "to_market": {"amount": 400, "unit": "t"},
             "goods": [{"cn_code": "76121000", "name": "Tubes", "parameters": {
                 "scrap_per_t_aluminium": 0.3, "pre_consumer_scrap_pct": 12.5, "non_aluminium_elements_pct": 1.1, "calcined": False, "carbon_price_type": "national_ets",
                 "carbon_price_share": 0.7, "carbon_price_currency": "CNY", "carbon_price_due": 80, "rebate_type": "free_allocation", "rebate_share": 0.9, "rebate_amount": 70}}]},
        ],
        "precursors": [
            {"id": "PP1", "name": "Ingot A", "category": "unwrought_aluminium", "country": "RS", "route": "secondary_melting_recycling",
             "purchased": {"amount": 60, "unit": "t"}, "consumed": [{"process": "P1", "amount": 20, "unit": "t"}, {"process": "P2", "amount": 30, "unit": "t"}],
             "consumed_elsewhere": {"amount": 10, "unit": "t"}, "evidence": "default", "see_per": "tonne", "see_direct": {"amount": 2, "unit": "t CO2e/t"},
             "electricity": {"amount": 15, "unit": "MWh/t"}, "electricity_factor": {"amount": 0.5, "unit": "t CO2/MWh"}},
        ],
    }  # fmt: skip


DOCUMENTS: dict[str, Callable[[], Json]] = {"vectors": vectors}
OURS = ("screw-maker",)  # worked installations whose direct emissions and factors come from the engine


def as_read(document: Json) -> Json:
    """What reading gives of a document: the template has no field for evidence of zero-rating."""
    expected = copy.deepcopy(document)
    for row in (*expected.get("source_streams", []), *expected.get("measured", [])):
        row.pop("zero_rating", None)
    return expected


# -- the map


@needs_template
def test_the_map_names_every_unlocked_cell_and_no_other() -> None:
    known = template_map()
    book = opened(blank())
    for sheet in known.raw["sheets"]:
        unlocked = {
            c.coordinate for row in book[sheet].iter_rows() for c in row
            if not c.protection.locked and type(c).__name__ != "MergedCell"
        }  # fmt: skip
        assert {at.cell for at in known.inputs if at.sheet == sheet} == unlocked
        assert not [ref for ref in unlocked if book[sheet][ref].value is not None]
    for sheet, part in known.raw["other_inputs"].items():
        unlocked = {
            c.coordinate
            for row in book[sheet].iter_rows()
            for c in row
            if not c.protection.locked and type(c).__name__ != "MergedCell"
        }
        assert set(cells_of(part["ranges"])) == unlocked
        assert {ref: book[sheet][ref].value for ref in unlocked if book[sheet][ref].value is not None} == part["preset"]
    assert len(known.inputs) == 338 + 1015 + 12 + 350 + 520 + 3200


@needs_template
def test_the_labels_are_those_that_the_workbook_compares() -> None:
    raw = template_map().raw
    constants = opened(blank(), values=True)["Parameters_Constants"]
    listed = {r[0].value: [c.value for c in r[1:] if c.value is not None] for r in constants.iter_rows(max_row=80)}
    for kind, name in (
        ("method", "CONST_MonitoringApproach"), ("pfc_method", "CONST_PFCSlopeOrOvervoltage"), ("gas", "CONST_CEMSType"),
        ("emission_factor_unit", "CONST_tCO2pTJOrtCO2pt"), ("electricity_source", "CONST_ElecSource"), ("evidence", "CONST_MeasDefaultUnknown"),
        ("reducing_agent", "CONST_ReducingAgent"), ("unit", "CONST_torkNm3"),
    ):  # fmt: skip
        assert list(raw["labels"][kind]) == listed[name], kind
    assert list(raw["labels"]["carbon_price_type"]) == listed["CONST_CarbonPriceType"][1:]
    assert list(raw["labels"]["rebate_type"]) == listed["CONST_RebateType"][1:]
    assert [raw["only_direct"]] == listed["CONST_OnlyDirProd"]
    goods = [constants.cell(r, 1).value for r in range(89, 107)]
    assert list(raw["labels"]["category"]) == goods
    assert "Calcined clays " in goods
    for r, label in enumerate(goods, 89):
        routes = [constants.cell(r, c).value for c in range(7, 17) if constants.cell(r, c).value != "n.a."]
        assert [text for text, _ in template_map().routes(raw["labels"]["category"][label])] == routes


def test_categories_and_routes_are_those_of_the_tables() -> None:
    known = template_map()
    with (TABLES / "categories.csv").open(encoding="utf-8", newline="") as file:
        assert {row["template_label"]: row["category"] for row in csv.DictReader(file)} == known.raw["labels"][
            "category"
        ]
    with (TABLES / "routes.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            labels = dict(known.routes(row["category"]))
            assert labels[row["name_en"]] == (row["route"] if row["route"][:4] not in ("all_", "unkn") else None)


@needs_template
def test_every_country_of_the_workbooks_list_is_one_or_is_known_not_to_be() -> None:
    sheet = sheet_of(blank(), "c_CodeLists")
    listed = {sheet[f"F{r}"]: sheet[f"G{r}"] for r in range(11, 277)}
    known = template_map()
    assert {code for code in listed if known.country(code) is None} == set(known.raw["no_country"]) <= set(listed)
    assert {listed[code] for code in known.raw["countries"]} == {
        "East Timor", "United Kingdom (Northern Ireland)", "Montenegro", "West Bank and Gaza Strip", "Serbia", "Zaire",
    }  # fmt: skip
    assert known.country("CN") == "CN"
    assert known.country("XM") == "ME"


def test_moving_the_decimal_point_is_exact_both_ways() -> None:
    for percent in (15, 0.1, 33.3, 99.999, 7e-5, 2 / 3):
        assert shifted(shifted(percent, -2), 2) == percent
    assert shifted(15, -2) == 0.15
    assert shifted(0.0005, 2) == 0.05


# -- filled, recalculated, read back


@pytest.fixture(scope="session")
def recalculated(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    """All filled templates after LibreOffice opened and saved them."""
    folder = tmp_path_factory.mktemp("template")
    names = [*EXAMPLE_IDS, *DOCUMENTS, *OURS]
    for name in OURS:
        document, calculated = calculated_of(name)
        filling = fill_template(blank(), document, direct_emissions(calculated), computed_factors(calculated))
        (folder / f"{name}.xlsx").write_bytes(filling.workbook)
    for name in (*EXAMPLE_IDS, *DOCUMENTS):
        (folder / f"{name}.xlsx").write_bytes(filled(name).workbook)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    command = [
        str(SOFFICE),
        profile,
        "--headless",
        "--convert-to",
        "xlsx",
        "--outdir",
        "calculated",
        *(f"{n}.xlsx" for n in names),
    ]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=300)
    return {name: (folder / "calculated" / f"{name}.xlsx").read_bytes() for name in names}


def calculated_of(name: str) -> tuple[Json, Result]:
    document: Json = json.loads((PROJECT / "inventories" / "cbam" / f"{name}.json").read_text(encoding="utf-8"))
    return document, calculate_installation(installation_of(document))


@cache
def read_again(data: bytes) -> Reading:
    return read_template(data)


@needs_template
@needs_examples
@needs_calc
@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_the_workbook_shows_the_official_see(name: str, recalculated: Mapping[str, bytes]) -> None:
    results = {
        r.process: (r.see_direct, r.see_indirect, r.embedded_electricity)
        for r in read_again(recalculated[name]).report.results
    }
    expected = expected_see(name)
    assert set(results) == set(expected)
    for process, values in expected.items():
        assert results[process] == pytest.approx(values, abs=1e-9)
    shown = sheet_of(recalculated[name], "Summary_Products")
    totals = {p["cn_code"]: p["see_total"] for p in official()[name]["expected_products"]}
    if name != "hydrogen_two_processes":  # two products of one code
        assert {shown[f"F{r}"]: shown[f"K{r}"] for r in range(10, 10 + len(totals))} == pytest.approx(totals, abs=1e-9)


@needs_template
@needs_examples
@needs_calc
@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_the_workbook_shows_the_official_totals_of_the_installation(
    name: str, recalculated: Mapping[str, bytes]
) -> None:
    totals, raw = sheet_of(recalculated[name], "C_Emissions&Energy"), official()[name]["expected_installation_totals"]
    assert totals["L27"] == pytest.approx(raw["direct_tco2e"], abs=1e-6)
    assert totals["I27"] == pytest.approx(raw["biogenic_tco2"], abs=1e-6)
    assert totals["H17"] == pytest.approx(raw["fuel_energy_tj"], abs=1e-6)


@needs_template
@needs_examples
@pytest.mark.parametrize("name", [*EXAMPLE_IDS, *DOCUMENTS])
def test_what_was_filled_is_read_back(name: str) -> None:
    document = DOCUMENTS[name]() if name in DOCUMENTS else example(name)
    reading = read_again(filled(name).workbook)
    assert reading.document == as_read(document)
    assert reading.report.results == ()  # nothing was calculated yet
    assert {p.code for p in reading.report.remarks} <= {"cbam_template_zero_rating"}


@needs_template
@needs_examples
@needs_calc
@pytest.mark.parametrize("name", [*EXAMPLE_IDS, *DOCUMENTS])
def test_what_was_recalculated_is_read_back(name: str, recalculated: Mapping[str, bytes]) -> None:
    """LibreOffice writes 15 significant digits."""
    document = DOCUMENTS[name]() if name in DOCUMENTS else example(name)
    found, wanted = flat(read_again(recalculated[name]).document), flat(as_read(document))
    assert set(found) == set(wanted)
    for place, value in wanted.items():
        assert found[place] == (pytest.approx(value, rel=1e-14) if isinstance(value, float) else value), place


def flat(value: Any, place: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key, inner in value.items() for k, v in flat(inner, f"{place}/{key}").items()}
    if isinstance(value, list):
        return {k: v for i, inner in enumerate(value) for k, v in flat(inner, f"{place}/{i}").items()}
    return {place: value}


@needs_template
@needs_calc
@pytest.mark.parametrize("name", OURS)
def test_the_workbook_shows_our_see(name: str, recalculated: Mapping[str, bytes]) -> None:
    """Our inputs, solved by the spreadsheet's own matrix: three processes and a loop, direct emissions as given."""
    document, calculated = calculated_of(name)
    results = read_again(recalculated[name]).report.results
    assert len(results) == len(document["processes"])
    for index, shown in enumerate(results):  # in the order of the processes
        assert shown.see_direct == pytest.approx(calculated.embedded.of(index)["given_direct"], rel=1e-9), shown.process


@needs_template
@needs_calc
def test_the_printed_examples_of_the_template(recalculated: Mapping[str, bytes]) -> None:
    sheet = sheet_of(recalculated["vectors"], "B_EmInst")
    assert [sheet[f"AU{r}"] for r in (17, 18, 19)] == pytest.approx([827820, 10640.74, -25693.068768192], abs=1e-6)
    assert sheet["AX17"] == pytest.approx(11340)
    assert sheet["AU20"] == pytest.approx(1234.5678 * 1.99716)
    assert [sheet[f"{c}98"] for c in ("AN", "AO", "AU")] == pytest.approx([194.8443, 23.7710046, 1587424.347], rel=1e-9)
    assert sheet["AN99"] == pytest.approx(1000 * 3 / 95 * 1.16 / 1000)  # equation (24)
    assert [sheet[f"{c}113"] for c in ("AD", "AU")] == pytest.approx([68.15005, 18059.76325])
    assert [sheet[f"{c}114"] for c in ("AU", "AV")] == pytest.approx([386750, 68250])


@needs_template
@needs_calc
def test_heat_waste_gas_and_electricity_by_hand(recalculated: Mapping[str, bytes]) -> None:
    """(1500 + 10·60 - 4·50 + 3·56.1 - 1·56.1·0.667 - 100·0.5 + 20·2) / 1000, and the cans with 450 t of it."""
    smelter = (1500 + 600 - 200 + 168.3 - 37.4187 - 50 + 20 * 2) / 1000
    power = (14000 * 0.6 + 20 * 7.5) / 1000
    results = {r.process: r for r in read_again(recalculated["vectors"]).report.results}
    assert results["P1"].see_direct == pytest.approx(smelter, rel=1e-12)
    assert results["P1"].see_indirect == pytest.approx(power, rel=1e-12)
    assert results["P2"].see_direct == pytest.approx((40 + 450 * smelter + 30 * 2) / 400, rel=1e-12)
    assert results["P2"].see_indirect == pytest.approx((450 * power + 30 * 7.5) / 400, rel=1e-12)
    assert results["P2"].embedded_electricity == pytest.approx(
        (450 * (14000 + 20 * 15) / 1000 + 30 * 15) / 400, rel=1e-12
    )


# -- nothing of the workbook is lost


@needs_template
def test_filling_changes_the_wanted_cells_and_nothing_else() -> None:
    before, after = opened(blank()), opened(filled("vectors").workbook)
    assert after.sheetnames == before.sheetnames
    changed = set()
    for sheet in before:
        other = after[sheet.title]
        assert other.sheet_state == sheet.sheet_state
        assert other.protection.sheet
        rules = [
            [(str(v.sqref), v.type, v.formula1) for v in s.data_validations.dataValidation] for s in (sheet, other)
        ]
        assert rules[0] == rules[1]
        for row in sheet.iter_rows():
            for cell in row:
                found = other[cell.coordinate].value
                if getattr(found, "text", found) != getattr(cell.value, "text", cell.value):
                    assert not cell.protection.locked
                    changed.add(At(sheet.title, cell.coordinate))
    assert {"A_InstData", "B_EmInst", "D_Processes", "E_PurchPrec", "Summary_Products"} == {at.sheet for at in changed}
    matrix = after["InputOutput"]
    assert [(matrix[c].value.ref, matrix[c].value.text) for c in ("E71", "AK71", "AM71", "AO71")] == [
        ("E71:AH100", "=MINVERSE(E39:AH68)"), ("AK71:AK100", "=MMULT(E71:AH100,AJ71:AJ100)"),
        ("AM71:AM100", "=MMULT(E71:AH100,AL71:AL100)"), ("AO71:AO100", "=MMULT(E71:AH100,AN71:AN100)"),
    ]  # fmt: skip


@needs_template
def test_parts_that_openpyxl_would_drop_are_kept() -> None:
    old, new = (zipfile.ZipFile(io.BytesIO(data)) for data in (blank(), filled("vectors").workbook))
    assert new.namelist() == old.namelist()
    for name in old.namelist():
        if not name.startswith("xl/worksheets/sheet") and name != "xl/workbook.xml":
            assert new.read(name) == old.read(name), name
    ours = re.sub(rb"<v>[^<]*</v>|<v/>", b"", new.read("xl/worksheets/sheet12.xml"))
    assert ours == re.sub(rb"<v>[^<]*</v>|<v/>", b"", old.read("xl/worksheets/sheet12.xml"))
    assert b"x14:id" in ours
    assert b'fullCalcOnLoad="1"' in new.read("xl/workbook.xml")


@needs_template
def test_stale_results_are_taken_out_but_the_texts_of_the_form_stay() -> None:
    data = filled("vectors").workbook
    assert sheet_of(data, "A_InstData")["E20"] == "Name of the installation (English name):"
    assert "L24" not in sheet_of(data, "D_Processes")
    assert "I10" not in sheet_of(data, "Summary_Products")


@needs_template
def test_a_locked_cell_or_a_formula_is_never_written() -> None:
    problems = refused(
        lambda: write_cells(
            blank(), {At("D_Processes", "L24"): 1.0, At("D_Processes", "D16"): "x", At("D_Processes", "L16"): 2.0}
        )
    )
    assert codes(tuple(problems)) == {
        ("cbam_template_moved", "D_Processes!L24"),
        ("cbam_template_moved", "D_Processes!D16"),
    }


@needs_template
def test_what_somebody_types_is_text_and_nothing_else() -> None:
    document = small(name="=cmd|'/c calc'!A1 <b>&\"\x01")
    data = fill_template(blank(), document).workbook
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True)
    cell = book["A_InstData"]["I20"]
    assert (cell.value, cell.data_type) == ("=cmd|'/c calc'!A1 <b>&\"", "s")


# -- what is not carried over


def small(**changes: Any) -> Json:
    """One process, as little as possible."""
    process: Json = {
        "id": "P1", "name": "Rolling", "category": "iron_or_steel_products", "production": [{"amount": 100, "unit": "t"}],
        "direct_emissions": {"amount": 10, "unit": "t"},
    }  # fmt: skip
    return {
        "installation": {"name": changes.pop("name", "Mill"), "country": "CN"}, "period": {"start": "2026-01-01", "end": "2026-12-31"},
        "processes": [{**process, **changes.pop("process", {})}], **changes,
    }  # fmt: skip


def precursor(**changes: Any) -> Json:
    return {
        "id": "slab", "name": "Slab", "category": "crude_steel", "country": "CN", "purchased": {"amount": 110, "unit": "t"},
        "consumed": [{"process": "P1", "amount": 110, "unit": "t"}], "evidence": "actual", "see_direct": {"amount": 2, "unit": "t CO2e/t"}, **changes,
    }  # fmt: skip


@needs_template
def test_everything_of_the_document_is_written_or_reported() -> None:
    document = small(
        source_streams=[{"id": "gas", "method": "combustion", "amount": 1000, "unit": "kg", "ncv": {"amount": 48, "unit": "GJ/t"},
            "emission_factor": {"amount": 56.1, "unit": "t CO2/TJ"}, "biomass_fraction": 0.2, "attribution": {"P1": 1}, "note": "n"}],
        precursors=[precursor(cn_code="72071100", see_indirect={"amount": 0.4, "unit": "t CO2e/t"}, country="unknown", operator="X")],
        co2_transfers=[{"id": "c", "direction": "out", "amount": 1, "unit": "t", "purpose": "geological_storage", "counterpart": "x", "evidence": "y", "process": "P1"}],
        process={"goods": [{"cn_code": "7219 13 10", "amount": 5, "unit": "t", "parameters": {"colour": "red", "mn_pct": 1.4}}]},
    )  # fmt: skip
    report = fill_template(blank(), document).report
    left_out = {p.values["field"] for p in report.remarks if p.code == "cbam_template_left_out"}
    assert left_out == {
        "/source_streams/*/attribution/P1", "/source_streams/*/note", "/precursors/*/cn_code", "/precursors/*/see_indirect/amount",
        "/precursors/*/see_indirect/unit", "/precursors/*/operator", "/processes/*/goods/*/amount", "/processes/*/goods/*/unit",
        "/processes/*/goods/*/parameters/colour", *(f"/co2_transfers/*/{k}" for k in ("direction", "amount", "unit", "purpose", "counterpart", "evidence", "process")),
    }  # fmt: skip
    assert {("cbam_template_unrated", "/source_streams/0/biomass_fraction"), ("cbam_template_no_split", "/precursors/0/see_indirect"),
            ("cbam_template_by_hand", "A_InstData!F102"), ("cbam_template_recalculate", "")} <= codes(report.remarks)  # fmt: skip


@needs_template
def test_everything_of_the_workbook_is_read_or_reported() -> None:
    data = write_cells(filled("vectors").workbook, {
        At("A_InstData", "I37"): "TÜV", At("A_InstData", "I53"): "VL-1", At("C_Emissions&Energy", "M26"): 5.0, At("B_EmInst", "AX113"): 1.0,
        At("D_Processes", "L62"): 56.1, At("E_PurchPrec", "M51"): "D.4.1", At("E_PurchPrec", "M49"): "Unknown", At("F_Tools", "J21"): 3.0,
        At("D_Processes", "L601"): 7.0, At("A_InstData", "E70"): "Hydrogen", At("A_InstData", "I70"): "Electrolysis of water", At("E_PurchPrec", "L17"): 40.0,
    })  # fmt: skip
    reading = read_template(data)
    shown = {
        (p.where, tuple(p.values["filled"])) for p in reading.report.remarks if p.code == "cbam_template_not_carried"
    }
    assert shown == {
        ("A_InstData!I37", ("I37 = TÜV",)), ("A_InstData!I53", ("I53 = VL-1",)), ("C_Emissions&Energy!M26", ("M26 = 5",)), ("B_EmInst!AX113", ("AX113 = 1",)),
        ("D_Processes!L62", ("L62 = 56.1",)), ("E_PurchPrec!M51", ("M51 = D.4.1",)), ("F_Tools!J21", ("J21 = 3",)), ("D_Processes!L601", ("L601 = 7",)),
        ("A_InstData!E70", ("E70 = Hydrogen",)), ("A_InstData!I70", ("I70 = Electrolysis of water",)),
        ("E_PurchPrec!L17", ("L17 = 40", "L18 = 60")), ("A_InstData!G102", ("G102 = Secondary melting (recycling)",)),
    }  # fmt: skip
    assert ("cbam_template_unknown_source", "E_PurchPrec!M49") in codes(reading.report.remarks)
    bought = reading.document["precursors"][0]
    assert bought["purchased"] == {"amount": 100, "unit": "t"}
    assert "route" not in bought
    assert bought["evidence"] == "default"
    body = reading.report.as_dict()
    assert all(set(r["message"]) == {"zh", "en"} for r in body["remarks"])
    assert any("TÜV" in r["message"]["zh"] for r in body["remarks"])


@needs_template
def test_every_value_remembers_its_cell() -> None:
    places = read_again(filled("vectors").workbook).report.places
    assert places["/source_streams/3/emission_factor"] == "B_EmInst!J20"
    assert places["/processes/1/direct_emissions"] == "D_Processes!L119"
    assert places["/processes/0/to_processes/0"] == "D_Processes!L32"
    assert places["/precursors/0/see_direct"] == "E_PurchPrec!L49"
    assert places["/processes/1/goods/0/cn_code"] == "Summary_Products!F10"
    assert places["/installation/country"] == "A_InstData!I26"


# -- what a document leaves to be written in the template's own way


@needs_template
def test_several_sources_become_one_with_the_weighted_factor() -> None:
    power = [
        {
            "amount": 3000,
            "unit": "MWh",
            "emission_factor": {"amount": 0.6, "unit": "t CO2/MWh"},
            "source": "grid_default",
        },
        {
            "amount": 1000,
            "unit": "kWh",
            "emission_factor": {"amount": 200, "unit": "kg CO2/MWh"},
            "source": "direct_link",
        },
    ]
    heat = [
        {"amount": 1, "unit": "TJ", "emission_factor": {"amount": 60, "unit": "t CO2/TJ"}},
        {"amount": 3000, "unit": "GJ", "from": "boiler"},
    ]
    document = small(process={"electricity": {"consumed": power}, "heat": {"imported": heat}})
    computed = {"/processes/0/heat/imported/1": 80.0}
    process = read_template(fill_template(blank(), document, computed=computed).workbook).document["processes"][0]
    flow = process["electricity"]["consumed"][0]
    assert (flow["amount"], flow["source"]) == (3001, "mix")
    assert flow["emission_factor"]["amount"] == pytest.approx((3000 * 0.6 + 1 * 0.2) / 3001)
    assert process["heat"]["imported"][0]["amount"] == pytest.approx(4)
    assert process["heat"]["imported"][0]["emission_factor"]["amount"] == pytest.approx((60 + 3 * 80) / 4)
    assert process["to_market"] == {"amount": 100, "unit": "t"}
    assert refused(lambda: fill_template(blank(), document)) == [
        Problem("cbam_template_value_needed", "/processes/0/heat/imported/1/emission_factor", {"what": "t CO2/TJ"})
    ]


@needs_template
def test_attributed_emissions_come_from_the_calculation() -> None:
    document = small()
    del document["processes"][0]["direct_emissions"]
    assert codes(tuple(refused(lambda: fill_template(blank(), document)))) == {
        ("cbam_template_value_needed", "/processes/0/direct_emissions")
    }
    filling = fill_template(blank(), document, direct={"P1": -3.5})
    assert sheet_of(filling.workbook, "D_Processes")["L54"] == -3.5
    assert [p.values["value"] for p in filling.report.remarks if p.code == "cbam_template_no_floor"] == [-3.5]


@needs_template
def test_precursors_per_functional_unit_are_written_per_tonne() -> None:
    """Equation (64): 0.9 t CO2e per t of clinker at 80 % clinker are 0.72 per t of cement."""
    bought = precursor(category="cement", clinker_fraction=0.8, see_direct={"amount": 0.9, "unit": "t CO2e/t"},
        electricity={"amount": 0.1, "unit": "MWh/t"}, electricity_factor={"amount": 0.5, "unit": "t CO2/MWh"})  # fmt: skip
    sheet = sheet_of(fill_template(blank(), small(precursors=[bought])).workbook, "E_PurchPrec")
    assert sheet["L49"] == pytest.approx(0.72)
    assert sheet["L50"] == pytest.approx(0.08)
    assert sheet["L51"] == 0.5
    default = {k: v for k, v in precursor(evidence="default").items() if k != "see_direct"}
    assert codes(tuple(refused(lambda: fill_template(blank(), small(precursors=[default]))))) == {
        ("cbam_template_value_needed", "/precursors/0/see_direct")
    }
    sheet = sheet_of(
        fill_template(blank(), small(precursors=[default]), computed={"/precursors/0/see_direct": 3.169}).workbook,
        "E_PurchPrec",
    )
    assert (sheet["L49"], sheet["M49"]) == (3.169, "Default")
    assert sheet["L20"] == 110  # the row of unknown routes


@needs_template
def test_a_standard_factor_is_written_as_its_figures() -> None:
    """Natural gas: 48.0 GJ/t and 56.1 t CO2/TJ, 2025/2547 Annex II Table 1."""
    gas = {"id": "gas", "method": "combustion", "amount": 10, "unit": "t", "standard_factor": "natural_gas"}
    sheet = sheet_of(fill_template(blank(), small(source_streams=[gas])).workbook, "B_EmInst")
    assert [sheet[f"{c}17"] for c in "DEFGHJK"] == ["Combustion", "gas", 10, "t", 48, 56.1, "tCO2/TJ"]


# -- what does not fit


@needs_template
def test_each_overflow_is_a_problem() -> None:
    stream = {
        "method": "combustion",
        "amount": 1,
        "unit": "t",
        "ncv": {"amount": 1, "unit": "GJ/t"},
        "emission_factor": {"amount": 1, "unit": "t CO2/TJ"},
    }
    document = small(
        source_streams=[{**stream, "id": f"s{i}"} for i in range(76)], precursors=[precursor(id=f"p{i}") for i in range(21)],
        process={"goods": [{"cn_code": "72191310"}] * 101},
    )  # fmt: skip
    document["processes"] = [{**document["processes"][0], "id": f"P{i}"} for i in range(11)]
    problems = refused(lambda: fill_template(blank(), document))
    assert {p.where: (p.values["count"], p.values["capacity"]) for p in problems} == {
        "/source_streams": (76, 75), "/precursors": (21, 20), "/processes": (11, 10), "/goods": (11 * 101, 100),
    }  # fmt: skip


@needs_template
def test_all_that_the_template_cannot_say_is_named_at_once() -> None:
    """Routes, units, countries, labels and hourly measurements."""
    process = small()["processes"][0]
    document = small(
        process={"name": "Line *", "goods": [{"cn_code": "72191310", "parameters": {"reducing_agent": "magic"}}]},
        source_streams=[{"id": "s", "method": "combustion", "amount": 1, "unit": "TJ"}],
        measured=[{"id": "m", "gas": "CO2", "hourly": [[1, 1]]}],
        precursors=[precursor(country="ZZ"), precursor(name="line 2"), precursor(name="x", consumed=[{"process": "P1", "amount": 1, "unit": "m"}])],
    )  # fmt: skip
    document["processes"] += [
        {**process, "id": "P2", "name": "Line 2", "production": [{"amount": 1, "unit": "t", "route": "magic"}]},
        {**process, "id": "P3", "name": "Line 3", "production": [{"amount": 1, "unit": "piece"}]},
    ]
    assert codes(tuple(refused(lambda: fill_template(blank(), document)))) == {
        ("cbam_template_name", "/processes/0/name"), ("cbam_template_label", "/processes/0/goods/0/parameters/reducing_agent"),
        ("cbam_template_no_unit", "/source_streams/0/unit"), ("cbam_template_value_needed", "/measured/0/hourly"),
        ("cbam_template_label", "/precursors/0/country"), ("cbam_template_name", "/precursors/1/name"), ("wrong_dimension", "/precursors/2/consumed/0/unit"),
        ("cbam_template_label", "/processes/1/production/0/route"), ("wrong_dimension", "/processes/2/production/0/unit"),
    }  # fmt: skip


@needs_template
def test_only_an_empty_template_is_filled() -> None:
    problems = refused(lambda: fill_template(filled("vectors").workbook, small()))
    assert [p.code for p in problems] == ["cbam_template_not_blank"]


# -- bad input


def with_cell(data: bytes, at: At, xml: str) -> bytes:
    """A workbook in which somebody changed one cell, locked or not: ``xml`` is what stands inside ``<c …>``."""
    number = opened_names(data).index(at.sheet) + 1
    part = f"xl/worksheets/sheet{number}.xml"
    return rezipped(
        data,
        {
            part: lambda text: re.sub(
                rf'<c r="{at.cell}"( s="\d+")?[^>]*?(/>|>.*?</c>)', rf'<c r="{at.cell}"\1 {xml}</c>', text, count=1
            )
        },
    )


@cache
def opened_names(data: bytes) -> list[str]:
    text = zipfile.ZipFile(io.BytesIO(data)).read("xl/workbook.xml").decode()
    return [name.replace("&amp;", "&") for name in re.findall(r'<sheet name="([^"]+)"', text)]


def rezipped(data: bytes, changes: Mapping[str, Callable[[str], str]]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, changes[name](content.decode()).encode() if name in changes else content)
    return out.getvalue()


BAD_CELLS: dict[tuple[str, str], tuple[str, str]] = {
    ("A_InstData", "I9"): ('t="str"><v>last year</v>', "cbam_template_date"),
    ("A_InstData", "I26"): ('t="str"><v>Atlantis</v>', "cbam_template_label"),
    ("A_InstData", "I28"): ('t="str"><v>36 N</v>', "cbam_template_number"),
    ("A_InstData", "F84"): ('t="str"><v>Steel</v>', "cbam_template_label"),
    ("A_InstData", "F102"): ('t="str"><v>EU</v>', "cbam_template_label"),
    ("B_EmInst", "D17"): ('t="str"><v>Burning</v>', "cbam_template_label"),
    ("B_EmInst", "F17"): ('t="str"><v>252,000 t</v>', "cbam_template_number"),
    ("B_EmInst", "F18"): ("><v>-1</v>", "cbam_template_range"),
    ("B_EmInst", "N17"): ("><v>101</v>", "cbam_template_range"),
    ("B_EmInst", "H17"): ("><f>1/0</f>", "cbam_template_formula"),
    ("B_EmInst", "J17"): ('t="e"><v>#REF!</v>', "cbam_template_error_value"),
    ("B_EmInst", "G18"): ('t="str"><v>pieces</v>', "cbam_template_label"),
    ("B_EmInst", "E30"): ('t="str"><v>Coal</v>', "cbam_template_missing"),
    ("B_EmInst", "AT98"): ("><v>98</v>", "cbam_template_range"),
    ("B_EmInst", "X113"): ("><v>9000</v>", "cbam_template_range"),
    ("D_Processes", "L54"): ('t="b"><v>1</v>', "cbam_template_number"),
    ("D_Processes", "L21"): ("><v>5</v>", "cbam_template_no_route"),
    ("D_Processes", "L33"): ("><v>5</v>", "cbam_template_no_process"),
    ("D_Processes", "L67"): ('t="str"><v>D.5</v>', "cbam_template_label"),
    ("E_PurchPrec", "M49"): ('t="str"><v>Guessed</v>', "cbam_template_label"),
    ("Summary_Products", "D11"): ('t="str"><v>Foundry</v>', "cbam_template_label"),
    ("Summary_Products", "Y10"): ("><v>12.5</v>", "cbam_template_range"),
    ("Summary_Products", "AP10"): ('t="str"><v>RMB</v>', "cbam_template_label"),
    ("Summary_Products", "AC10"): ('t="str"><v>maybe</v>', "cbam_template_label"),
}


@needs_template
def test_every_bad_cell_is_named_at_once() -> None:
    data = filled("vectors").workbook
    for (sheet, cell), (xml, _) in BAD_CELLS.items():
        data = with_cell(data, At(sheet, cell), xml)
    problems = refused(lambda: read_template(data))
    wanted = {(code, f"{sheet}!{cell}") for (sheet, cell), (_, code) in BAD_CELLS.items()}
    wanted |= {("cbam_template_missing", "B_EmInst!D30"), ("cbam_template_missing", "B_EmInst!G30")}
    wanted -= {("cbam_template_missing", "B_EmInst!E30")}
    assert codes(tuple(problems)) == wanted
    for problem in problems:
        assert "?" not in problem.message("en") + problem.message("zh")


@needs_template
def test_a_formula_with_a_stored_result_is_a_value() -> None:
    data = with_cell(filled("vectors").workbook, At("B_EmInst", "F17"), "><f>250000+2000</f><v>252000</v>")
    assert read_template(data).document == as_read(vectors())


@needs_template
def test_case_and_blanks_of_labels_do_not_matter_as_in_the_workbook() -> None:
    data = with_cell(filled("vectors").workbook, At("B_EmInst", "D19"), 't="str"><v>Mass balance </v>')
    assert read_template(data).document["source_streams"][2]["method"] == "mass_balance"


@needs_template
def test_an_empty_template_is_asked_for_what_it_must_hold() -> None:
    assert {p.where for p in refused(lambda: read_template(blank()))} == {
        "A_InstData!I20",
        "A_InstData!I9",
        "A_InstData!L9",
        "A_InstData!E83",
    }


@needs_template
@pytest.mark.parametrize(
    ("cell", "xml"),
    [("B3", "><v>45448</v>"), ("B5", 't="str"><v>German</v>'), ("B2", 't="str"><v>Quarterly report</v>')],
)
def test_another_edition_is_refused(cell: str, xml: str) -> None:
    problems = refused(lambda: read_template(with_cell(blank(), At("VersionDocumentation", cell), xml)))
    assert [p.code for p in problems] == ["cbam_template_edition"]
    assert "2.1.1" in problems[0].message("en")


@needs_template
def test_a_translated_workbook_is_refused() -> None:
    problems = refused(lambda: read_template(with_cell(blank(), At("Translations", "A3"), "><v>4</v>")))
    assert codes(tuple(problems)) == {("cbam_template_language", "Translations!A3")}


@needs_template
def test_moved_cells_are_refused() -> None:
    """A row put in above the processes' direct emissions."""

    def moved(text: str) -> str:
        return re.sub(r'<c r="([A-Z]+)54"', r'<c r="\g<1>9954"', text)

    number = opened_names(blank()).index("D_Processes") + 1
    problems = refused(lambda: read_template(rezipped(blank(), {f"xl/worksheets/sheet{number}.xml": moved})))
    assert codes(tuple(problems)) == {("cbam_template_moved", "D_Processes!E54")}


@needs_template
def test_a_workbook_saved_by_a_program_that_does_not_calculate_is_read() -> None:
    """openpyxl drops the stored texts of all formulas; the labels are then looked up."""
    book = opened(filled("vectors").workbook)
    out = io.BytesIO()
    book.save(out)
    assert "E20" not in sheet_of(out.getvalue(), "A_InstData")
    assert read_template(out.getvalue()).document == as_read(vectors())


def package(parts: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)
    return out.getvalue()


def another_workbook() -> bytes:
    book, out = openpyxl.Workbook(), io.BytesIO()
    book.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "error", "code"),
    [
        (b"", Malformed, "cbam_template_not_xlsx"),
        (b"cn_code;amount\n7208;1", Malformed, "cbam_template_not_xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, Malformed, "cbam_template_not_xlsx"),
        (package({"word/document.xml": b"<w/>"}), Malformed, "cbam_template_not_xlsx"),
        (package({"xl/workbook.xml": b"<workbook"}), Malformed, "cbam_template_not_xlsx"),
        (package({"xl/workbook.xml": b'<!DOCTYPE a [<!ENTITY b "c">]><workbook/>'}), Malformed, "cbam_template_not_xlsx"),
        (package({"xl/workbook.xml": b"<workbook/>", "xl/a.xml": b" " * MAX_UNPACKED}), TooLarge, "cbam_template_bomb"),
        (package({"xl/workbook.xml": b"<workbook>" + b"<si/>" * MAX_ELEMENTS}), TooLarge, "cbam_template_elements"),
        (package({"xl/workbook.xml": b"<workbook/>", **{f"xl/{i}.xml": b"" for i in range(500)}}), TooLarge, "cbam_template_bomb"),
        (b"PK" + b"\0" * 8_000_000, TooLarge, "too_large"),
        (another_workbook(), Refused, "cbam_template_edition"),
    ],
    ids=["empty", "csv", "xls", "docx", "broken xml", "entities", "bomb", "many elements", "many parts", "large", "other workbook"],
)  # fmt: skip
def test_what_is_no_template_is_refused(data: bytes, error: type[Refused], code: str) -> None:
    with pytest.raises(error) as raised:
        read_template(data)
    assert [p.code for p in raised.value.problems] == [code]


@needs_template
@pytest.mark.parametrize("kept", [0.2, 0.9, 0.999])
def test_a_truncated_workbook_is_refused(kept: float) -> None:
    assert {p.code for p in refused(lambda: read_template(blank()[: int(len(blank()) * kept)]))} == {
        "cbam_template_not_xlsx"
    }
