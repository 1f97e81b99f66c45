"""The workbook of a bill of materials: there and back, every fault by its cell, and what a file may not be."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from openpyxl import Workbook, load_workbook

from lcaengine.background import Release
from lcaengine.bom import Bom, bom_of, read_document
from lcaengine.bom.workbook import write_workbook
from lcaengine.cli import main
from lcaengine.footprint import body, calculate
from lcaengine.problems import Malformed, Refused, TooLarge
from lcaengine.rules import Rule, find_rule, list_rules
from lcaengine.sheets import XLSX
from lcaengine.upkeep.inventories import worked

Json = dict[str, Any]
CRAFT = Path("inventories/beer/craft-one-way-glass.json")
EXAMPLES = {
    f"{rule.id}@{rule.version} {name}": (rule, document)
    for rule in list_rules()
    if not rule.abstract
    for name, document in worked(rule)
}


def without_places(bom: Bom) -> Bom:
    """Where a value stood is not part of what it says."""

    def plain(owner: Any) -> Any:
        kinds = ("lines", "activities", "co_products")
        return replace(owner, **{kind: tuple(replace(e, where="") for e in getattr(owner, kind)) for kind in kinds})

    return replace(plain(bom), shared=plain(bom.shared) if bom.shared else None)


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_worked_inventory_comes_back_from_the_workbook(name: str) -> None:
    rule, document = EXAMPLES[name]
    language = ("zh", "en", "both")[len(name) % 3]
    data = write_workbook(rule, ("zh", "en") if language == "both" else (language,), document)  # type: ignore[arg-type]
    assert without_places(read_document(data)[1]) == without_places(bom_of(document))


def test_the_footprint_is_that_of_the_json(release: Release) -> None:
    rule, document = find_rule("beer"), json.loads(CRAFT.read_text())
    _, bom = read_document(write_workbook(rule, ("zh", "en"), document))
    given, read = (body(calculate(each, rule, release)) for each in (bom_of(document), bom))
    assert read["total"] == given["total"]
    assert read["lines"] == given["lines"]


def test_what_a_table_can_say_beside_the_worked_inventories() -> None:
    document = json.loads(CRAFT.read_text())
    document["lines"][0] |= {
        "cas": "75-28-5", "mass_basis": "net", "origin": "CN", "note": "a · b", "recycled_content": 0.1,
        "transport": [{"mode": "road", "distance": {"amount": 0.1 + 0.2, "unit": "km"}},
                      {"mode": "sea", "distance": {"amount": 1e-7, "unit": "km"}}],
        "supplier_footprint": {"value": 9.1, "unit": "kg CO2e/kg", "boundary": "cradle_to_gate", "gwp": "AR6", "year": 2025,
                               "verification": "none", "biogenic_carbon": {"amount": 0.4, "unit": "kg/kg"}},
        "embedded_emissions": {"direct": 1.95, "indirect": 0.2, "unit": "t CO2e/t", "year": 2025, "installation": "x", "verification": "y"},
    }  # fmt: skip
    document["product"] |= {"gtin": "06901234567892", "brand": "=1+1", "name": {"zh": "啤酒", "en": "Beer"}}
    document["parameters"] = {
        "bottle_pool": "own_pool",
        "return_trips": 20,
        "distribution_road": {"amount": 3, "unit": "km"},
    }
    document["co_products"] = [{"id": "spent_grain", "amount": 1, "unit": "t", "price": {"amount": 0.3, "unit": "CNY/kg"},
                                "biogenic_carbon": {"amount": 0.1, "unit": "kg/kg"}}]  # fmt: skip
    assert read_document(write_workbook(find_rule("beer"), ("en",), document))[0] == document


def test_what_has_no_cell_is_refused() -> None:
    document = json.loads(CRAFT.read_text())
    document["lines"][1]["color"] = "red"
    document["shipped"] = True
    with pytest.raises(Refused) as refused:
        write_workbook(find_rule("beer"), ("en",), document)
    assert {p.where for p in refused.value.problems} == {"/lines/1/color", "/shipped"}


# -- faults


def filled(change: Callable[[Any], None], rule: Rule | None = None) -> bytes:
    book = load_workbook(io.BytesIO(write_workbook(rule or find_rule("beer"), ("en",), json.loads(CRAFT.read_text()))))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def problems(data: bytes, kind: type[Refused] = Refused) -> list[tuple[str, str]]:
    with pytest.raises(kind) as refused:
        read_document(data, XLSX)
    return [(p.code, p.where) for p in refused.value.problems]


@pytest.mark.parametrize(
    ("place", "value", "code", "told"),
    [
        ("Lines!C4", "a lot", "not_a_number", ""),
        ("Lines!C4", "1,234", "not_a_number", ""),
        ("Lines!C4", -1, "negative", ""),
        ("Lines!C4", None, "required", "Lines!A4"),
        ("Lines!C4", "=1+1", "workbook_formula", ""),
        ("Lines!C4", "#DIV/0!", "workbook_error_value", ""),
        ("Lines!C4", datetime(2025, 1, 1), "not_a_number", ""),
        ("Lines!D5", "kgs2", "unknown_unit", ""),
        ("Lines!A5", "malt", "duplicate_line_id", ""),
        ("Lines!K4", "often", "not_yes_no", ""),
        ("Lines!A4", 10**17, "workbook_digits", ""),
        ("Lines!AC3", "colour", "unknown_column", ""),
        ("Lines!AC9", "lost", "unknown_column", ""),
        ("Product!B18", 7, "not_a_date", ""),
        ("Product!B13", None, "required", ""),
        ("Product!E9", "product.colour", "workbook_key", ""),
        ("Electricity!D4", "m", "", ""),
        ("Parameters!C9", "often, too", "not_a_number", ""),
    ],
)
def test_a_fault_is_told_by_its_cell(place: str, value: Any, code: str, told: str) -> None:
    tab, cell = place.split("!")

    def change(book: Any) -> None:
        keys = {c.value: c.column_letter for c in book["Lines"][3]}
        at = keys["shared"] + cell[1:] if code == "not_yes_no" else cell
        places.append(f"{tab}!{at}")
        book[tab][at].value = value
        if code == "workbook_error_value":
            book[tab][at].data_type = "e"

    places: list[str] = []
    data = filled(change)
    if not code:  # a unit of another kind is for the rule to judge, which names the cell, too
        with pytest.raises(Refused) as refused:
            calculate(read_document(data)[1], find_rule("beer"), _release())
        assert [p.where for p in refused.value.problems] == [places[0]]
        return
    assert (code, told or places[0]) in problems(data)


def _release() -> Release:
    from lcaengine.background import default_release

    return default_release()


def test_a_sheet_of_ones_own_and_merged_cells_are_refused() -> None:
    assert problems(filled(lambda book: book.create_sheet("More").append(["x"]))) == [("workbook_sheet", "More")]
    filled(lambda book: book.create_sheet("Empty"))
    merged = filled(lambda book: book["Lines"].merge_cells("B4:B6"))
    assert ("workbook_merged", "Lines!B4") in problems(merged)
    assert problems(filled(lambda book: book["Lines"].delete_rows(2, 2))) == [("workbook_header", "Lines")]


def test_a_workbook_made_by_hand_is_read_by_its_headers() -> None:
    document = json.loads(CRAFT.read_text())
    book = load_workbook(io.BytesIO(write_workbook(find_rule("beer"), ("zh",), document)))
    lines = book["物料"]
    lines["A3"], lines["B3"], lines["C3"], lines["D3"] = "编号", "名称", "数量", "单位"
    lines.insert_rows(1, 2)  # somebody's own heading
    out = io.BytesIO()
    book.save(out)
    assert without_places(read_document(out.getvalue())[1]) == without_places(bom_of(document))


def test_what_is_no_workbook_of_ours() -> None:
    book = Workbook()
    book.active["A1"] = "x"
    out = io.BytesIO()
    book.save(out)
    assert problems(out.getvalue(), Malformed) == [("workbook_no_bom", "")]
    assert problems(b"PK\x03\x04 and nothing", Malformed) == [("workbook_unreadable", "")]
    assert problems(b"\xd0\xcf\x11\xe0 an old one", Malformed)[0][0] == "workbook_unreadable"


def test_macros_and_bombs_are_not_opened() -> None:
    data = write_workbook(find_rule("beer"), ("en",))
    out = io.BytesIO(data)
    with zipfile.ZipFile(out, "a") as package:
        package.writestr("xl/vbaProject.bin", b"macro")
    assert problems(out.getvalue(), Malformed) == [("workbook_macros", "")]
    bomb = io.BytesIO(data)
    with zipfile.ZipFile(bomb, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/bomb.bin", b"\0" * 70_000_000)
    assert problems(bomb.getvalue(), TooLarge)[0][0] == "workbook_too_large"


# -- the template


@pytest.mark.parametrize("category", ["beer", "refrigerator", "passenger-car-tyre"])
def test_the_empty_template_offers_what_the_rule_takes(category: str) -> None:
    rule = find_rule(category)
    book = load_workbook(io.BytesIO(write_workbook(rule, ("zh", "en"))))
    tab = book["物料 Lines"]
    lists = {str(v.sqref).split(":")[0].rstrip("0123456789"): v.formula1 for v in tab.data_validations.dataValidation}
    keys = {c.value: c.column_letter for c in tab[3]}

    def offered(key: str) -> list[str]:
        title, area = lists[keys[key]].rsplit("!", 1)
        return [row[0].value for row in book[title.strip("'")][area.replace("$", "")]]

    assert [entry.split(" · ")[0] for entry in offered("role")] == list(rule.roles)
    assert all(rule.roles[e.split(" · ")[0]].name["zh"] in e for e in offered("role"))
    assert {"kg", "g", "t", "piece"} <= set(offered("unit"))
    assert "kWh" not in offered("unit") or any(r.unit in ("kWh", "MJ") for r in rule.roles.values())
    required = {r.id for r in rule.roles.values() if r.required}
    rows = [row[0].value for row in tab.iter_rows(min_row=4, max_row=20) if row[0].value]
    assert required <= set(rows)
    assert problems(write_workbook(rule, ("zh", "en")))  # empty, it is no bill of materials yet


def test_the_template_over_http_and_by_command(http: httpx.Client, tmp_path: Path) -> None:
    answer = http.get("/v1/boms/template", params={"category": "beer", "lang": "zh", "example": True})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, XLSX)
    headers = {"Content-Type": XLSX}
    posted = http.post("/v1/footprints", content=answer.content, headers=headers)
    assert posted.status_code == 201, posted.text
    given = http.post("/v1/footprints", content=CRAFT.read_bytes(), headers={"Content-Type": "application/json"})
    assert posted.json()["total"] == given.json()["total"]
    for path in ("/v1/boms/match", "/v1/cbam/screenings", "/v1/cbam/answers"):
        assert http.post(path, content=answer.content, headers=headers).status_code in (200, 201), path
    empty = http.get("/v1/boms/template", params={"category": "beer", "lang": "en"})
    refused = http.post("/v1/footprints", content=empty.content, headers=headers)
    assert refused.status_code == 422
    assert {"Product!B4", "Lines!A4"} <= {e["pointer"] for e in refused.json()["errors"]}
    assert http.get("/v1/boms/template", params={"category": "cheese"}).status_code == 404
    macros = {"Content-Type": "application/vnd.ms-excel.sheet.macroEnabled.12"}
    assert http.post("/v1/footprints", content=answer.content, headers=macros).status_code == 415
    out = tmp_path / "beer.xlsx"
    made = CliRunner().invoke(main, ["bom", "template", "beer", "--out", str(out), "--example", "--lang", "en"])
    assert made.exit_code == 0, made.output
    shown = CliRunner().invoke(main, ["footprint", str(out), "--json"])
    assert json.loads(shown.stdout)["total"] == posted.json()["total"]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_another_program_saves_it_and_it_is_read_again(tmp_path: Path) -> None:
    document = json.loads(CRAFT.read_text())
    (tmp_path / "in.xlsx").write_bytes(write_workbook(find_rule("beer"), ("zh", "en"), document))
    home = f"-env:UserInstallation=file://{tmp_path / 'office'}"
    command = [
        "soffice",
        home,
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
        "--outdir",
        tmp_path / "out",
        tmp_path / "in.xlsx",
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    again = read_document((tmp_path / "out" / "in.xlsx").read_bytes())[1]
    assert without_places(again) == without_places(bom_of(document))
