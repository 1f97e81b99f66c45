"""Statements as workbooks: recalculated by LibreOffice they show the body's figures; every text stays a text."""

from __future__ import annotations

import copy
import csv
import io
import json
import re
import shutil
import subprocess
import time
import zipfile
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from background_fixtures import PROJECT

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.cbam.answer import Assumptions, cbam_answer
from lcaengine.cbam.installation import calculate_installation
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.cbam.reports import report_of
from lcaengine.cbam.reports.operator import operator_of
from lcaengine.footprint import body, calculate
from lcaengine.problems import Refused
from lcaengine.rules import find_rule
from lcaengine.statements.content import statement_body
from lcaengine.statements.numbers import MINUS, shown
from lcaengine.statements.xlsx import report_xlsx, statement_xlsx
from lcaengine.store import open_store

Json = dict[str, Any]
SOFFICE = shutil.which("soffice")
needs_calc = pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice Calc is not installed: nothing recalculates the workbook"
)
INVENTORIES = ("beer/keg-brewery", "washing-machine/drum-10kg-cn")
SHEETS = {
    "en": ["Summary", "Stages", "Lines", "Gases", "Assumptions", "CBAM", "Provenance", "Checklist"],
    "zh": ["摘要", "阶段", "物料明细", "气体", "假设", "CBAM", "溯源", "内容清单"],
}
AS_SHOWN = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,true,false,false,-1"
HOSTILE = (
    "=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://a.b\",\"x\")", "=cmd|' /C calc'!A0", "\t=1+1", "\r=1", "<b>bold</b> & \"q\" 'a'",
    "<r><t>rich</t></r>", "_x0041_", "🏭👩‍🔧🇨🇳", "שלום עולם", "مرحبا \u202e txet", "长" * 300, "x" * 300, "http://example.org", "12.50", "TRUE", "  lead",
    "'quoted", "{=1}", "#REF!", "a\nb", "\x01\x1f", "\ufffe",
)  # fmt: skip


def opened(data: bytes, *, values: bool = False) -> Any:
    return openpyxl.load_workbook(io.BytesIO(data), data_only=values)


def named(book: Any, name: str) -> Any:
    """The cell, or the cells, to which a defined name refers."""
    ((sheet, place),) = book.defined_names[name].destinations
    found = book[sheet][place.replace("$", "")]
    return [row[0] for row in found] if isinstance(found, tuple) else found


def formulas(book: Any) -> Iterator[tuple[str, str, str]]:
    for sheet in book:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.data_type == "f":
                    yield sheet.title, cell.coordinate, cell.value


def wiped(data: bytes) -> bytes:
    """The workbook without the values that its formulas have now, so that a program must calculate them."""
    out, count = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name.startswith("xl/worksheets/sheet"):
                text, n = re.subn(r"(</f>)<v>[^<]*</v>", r"\1", content.decode())
                content, count = text.encode(), count + n
            new.writestr(name, content)
    assert count > 0
    return out.getvalue()


def converted(folder: Path, files: Mapping[str, bytes], kind: str, timeout: int = 240) -> Path:
    """What LibreOffice makes of workbooks; its outputs' folder."""
    for name, data in files.items():
        (folder / f"{name}.xlsx").write_bytes(data)
    profile = f"-env:UserInstallation=file://{folder}/profile"
    names = [f"{n}.xlsx" for n in files]
    command = [str(SOFFICE), profile, "--headless", "--convert-to", kind, "--outdir", "out", *names]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=timeout)
    return folder / "out"


# -- bodies


@pytest.fixture(scope="module")
def bodies(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Json]:
    """Statements of stored footprints, at every depth."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('store') / 'a.sqlite'}")
    found = {}
    for name in INVENTORIES:
        document = json.loads((PROJECT / "inventories" / f"{name}.json").read_text(encoding="utf-8"))
        bom = bom_of(document)
        record = store.add("local", document, body(calculate(bom, find_rule(bom.category), release)))
        answer = cbam_answer(bom, release, [], Assumptions(date(2026, 6, 30), "2026-Q2"))
        for depth in ("lines", "stages", "total"):
            found[f"{name.split('/')[0]}-{depth}"] = statement_body(
                record, depth=depth, customer="Example Importers GmbH", issuer={"organisation": "local", "name": "青岛示例酿造有限公司"},
                valid_until=date(2029, 6, 30), cbam=answer, reasons={}, release=release,
            )  # fmt: skip
    return found


@pytest.fixture(scope="module")
def beer(bodies: Mapping[str, Json]) -> Json:
    return bodies["beer-lines"]


@pytest.fixture(scope="module")
def books(bodies: Mapping[str, Json]) -> Mapping[str, bytes]:
    """Every body in some language; the two products with lines in all."""
    found = {f"{name}-en": statement_xlsx(b, "en") for name, b in bodies.items()}
    for name in ("beer-lines", "washing-machine-lines"):
        found |= {
            f"{name}-zh": statement_xlsx(bodies[name], "zh"),
            f"{name}-both": statement_xlsx(bodies[name], "both"),
        }
    return found


@pytest.fixture(scope="module")
def recalculated(books: Mapping[str, bytes], tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, bytes]:
    out = converted(tmp_path_factory.mktemp("calc"), {name: wiped(data) for name, data in books.items()}, "xlsx")
    return {name: (out / f"{name}.xlsx").read_bytes() for name in books}


def plain_body() -> Json:
    """A small body by hand: 2 + 3 = 5 in stage one, -1 in stage two, 4 in all."""
    text = {"zh": "名", "en": "name"}
    line = {"name": text, "share": None, "status_shares": {"published": 1, "estimate": 0}}
    return {
        "type": "footprint_statement", "schema": 1, "id": "5f2a", "issued": "2026-11-28T12:00:00Z", "valid_until": "2029-11-28",
        "issuer": {"organisation": "local", "name": "Maker"}, "customer": {"name": "Buyer"}, "depth": "lines",
        "product": {"name": text, "category": "beer"}, "declared_unit": {"amount": 1, "unit": "hl"}, "boundary": {"id": "cradle_to_gate", "name": text},
        "prepared_with_reference_to": [], "total": {"value": 4, "unit": "kg CO2e", "indicator": "x", "digits": 3}, "indicators": [],
        "biogenic_carbon": {"value": 0, "unit": "kg C"}, "land_use_change": {"status": "missing", "value": None, "reason": text},
        "aircraft": {"status": "not_applicable", "value": None, "reason": text},
        "electricity": {"location_based": 4, "market_based": 4, "headline": "location_based", "claims": []},
        "stages": [{"stage": "one", "name": text, "value": 5, "share": 1.25}, {"stage": "two", "name": text, "value": -1, "share": -0.25}],
        "gases": [{"gas": "CO2", "value": 4}],
        "lines": [{**line, "line": "a", "stage": "one", "value": 2}, {**line, "line": "b", "stage": "two", "value": -1}, {**line, "line": "c", "stage": "one", "value": 3}],
        "hotspots": [], "data_quality": {"primary_data_share": 0.5}, "assumptions": [], "allocation": text, "cut_off": {}, "limits_of_use": [], "warnings": [],
        "cbam": None, "checklist": [], "provenance": {"footprint": "f", "rule": {"id": "beer", "version": "1"}},
    }  # fmt: skip


# -- figures


@needs_calc
@pytest.mark.parametrize(
    "name", ["beer-lines", "washing-machine-lines", "beer-stages", "washing-machine-stages", "beer-total"]
)
def test_recalculated_totals_are_the_bodys(
    name: str, bodies: Mapping[str, Json], recalculated: Mapping[str, bytes]
) -> None:
    wanted, book = bodies[name], opened(recalculated[f"{name}-en"], values=True)
    total = wanted["total"]["value"]
    assert named(book, "total").value == pytest.approx(total, abs=1e-9)
    stages = book["Stages"]
    for row, stage in enumerate(wanted["stages"], 5):
        assert stages[f"F{row}"].value == pytest.approx(stage["value"], abs=1e-9)
        assert stages[f"D{row}"].value == pytest.approx(stage["share"], abs=1e-9)
        assert stages[f"E{row}"].value == 0
    for row, line in enumerate(wanted["lines"] or (), 5):
        assert named(book, "line_values")[row - 5].value == pytest.approx(line["value"], abs=1e-9)
        assert book["Lines"][f"G{row}"].value == pytest.approx(line["share"], abs=1e-9)
    end = 5 + len(wanted["gases"])
    assert book["Gases"][f"E{end}"].value == pytest.approx(total, abs=1e-9)


@needs_calc
def test_recalculated_shares_by_status_are_the_bodys(
    bodies: Mapping[str, Json], recalculated: Mapping[str, bytes]
) -> None:
    for name in ("beer-lines", "washing-machine-lines"):
        lines = opened(recalculated[f"{name}-en"], values=True)["Lines"]
        columns = {lines.cell(4, c).value: lines.cell(3, c).value for c in range(1, lines.max_column + 1)}
        for mark, share in bodies[name]["data_quality"]["status_shares"].items():
            assert columns[mark] == pytest.approx(share, abs=1e-9)


@needs_calc
def test_every_formula_has_its_value_beside(books: Mapping[str, bytes], recalculated: Mapping[str, bytes]) -> None:
    """Viewers that do not calculate show what those that do show."""
    for name, data in books.items():
        kept, again = opened(data, values=True), opened(recalculated[name], values=True)
        found = list(formulas(opened(data)))
        assert found
        for sheet, place, formula in found:
            value, other = kept[sheet][place].value, again[sheet][place].value
            assert value is not None, (name, sheet, place, formula)
            assert other == pytest.approx(value, abs=1e-9), (name, sheet, place, formula)


@needs_calc
def test_the_sums_are_live(beer: Json, tmp_path: Path) -> None:
    """One kilogram more in one line is one kilogram more in its stage and in the total."""
    book = opened(statement_xlsx(beer, "zh"))
    cell = named(book, "line_values")[0]
    cell.value += 1.0
    out = io.BytesIO()
    book.save(out)
    again = opened((converted(tmp_path, {"a": out.getvalue()}, "xlsx") / "a.xlsx").read_bytes(), values=True)
    stages = named(again, "stage_values")
    assert named(again, "total").value == pytest.approx(beer["total"]["value"] + 1, abs=1e-9)
    assert [c.value for c in stages] == pytest.approx(
        [s["value"] + (i == 0) for i, s in enumerate(beer["stages"])], abs=1e-9
    )
    assert again["阶段"][f"E{5 + len(stages)}"].value == pytest.approx(1)
    share = beer["stages"][0]["value"] + 1
    assert again["阶段"]["D5"].value == pytest.approx(share / (beer["total"]["value"] + 1), abs=1e-9)
    assert again["摘要"]["B4"].value == pytest.approx(
        float(f"{beer['total']['value'] + 1:.{beer['total']['digits']}g}")
    )


def test_formulas_stand_where_they_are_promised(beer: Json) -> None:
    book = opened(statement_xlsx(beer, "en"))
    stages, end = book["Stages"], 5 + len(beer["stages"])
    assert [stages[f"F{r}"].value for r in range(5, end)] == [
        f"=SUMIFS(line_values,line_stages,A{r})" for r in range(5, end)
    ]
    assert named(book, "total").value == "=SUM(stage_values)"
    assert [c.coordinate for c in named(book, "stage_values")] == [f"F{r}" for r in range(5, end)]
    assert all(stages[f"D{r}"].value == f'=IF(total=0,"",F{r}/total)' for r in range(5, end + 1))
    numbers = [book["Lines"][f"D{r}"].value for r in range(5, 5 + len(beer["lines"]))]
    assert [beer["stages"][n - 1]["stage"] for n in numbers] == [line["stage"] for line in beer["lines"]]
    assert [c.value for c in named(book, "line_values")] == [line["value"] for line in beer["lines"]]


def test_without_lines_the_stages_are_figures(bodies: Mapping[str, Json]) -> None:
    book = opened(statement_xlsx(bodies["beer-stages"], "en"))
    wanted = [s["value"] for s in bodies["beer-stages"]["stages"]]
    assert [c.value for c in named(book, "stage_values")] == wanted
    assert named(book, "total").value == "=SUM(stage_values)"
    assert "not disclosed" in book["Lines"]["A2"].value
    total = opened(statement_xlsx(bodies["beer-total"], "en"))
    assert named(total, "total").value == bodies["beer-total"]["total"]["value"]


def test_values_by_hand() -> None:
    book = opened(statement_xlsx(plain_body(), "en"), values=True)
    assert [c.value for c in named(book, "stage_values")] == [5, -1]
    assert named(book, "total").value == 4
    assert [book["Stages"][f"D{r}"].value for r in (5, 6, 7)] == [1.25, -0.25, 1]


def test_a_total_of_zero_has_no_shares() -> None:
    document = plain_body()
    document["lines"][2]["value"], document["stages"][0]["value"], document["total"]["value"] = -1, 1, 0
    book = opened(statement_xlsx(document, "en"), values=True)
    assert book["Stages"]["D5"].value in (None, "")
    assert named(book, "total").value == 0


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda b: b["lines"][0].update(value=2.001), ["/stages/one"]),
        (lambda b: b["stages"][1].update(value=-2), ["/total/value", "/stages/two"]),
        (lambda b: b["total"].update(value=4.0000001), ["/total/value"]),
        (lambda b: b["lines"][0].update(stage="three"), ["/stages/one", "/stages/three"]),
        (lambda b: b["lines"][0].update(value=float("nan")), ["/stages/one"]),
    ],
)  # fmt: skip
def test_a_body_that_does_not_add_up_is_refused(change: Any, where: list[str]) -> None:
    document = plain_body()
    change(document)
    with pytest.raises(Refused) as refused:
        statement_xlsx(document, "en")
    assert [(p.code, p.where) for p in refused.value.problems] == [("statement_sums", w) for w in where]


# -- digits


@needs_calc
@pytest.mark.parametrize("digits", [2, 3])
def test_figures_show_no_more_digits_than_the_statement(digits: int, beer: Json, tmp_path: Path) -> None:
    """What LibreOffice shows is what the PDF shows: half up, by the same digits."""
    document = copy.deepcopy(beer)
    document["total"]["digits"] = digits
    scaled = [13950.9, 3397.1, 999.6, 99.96, 0.0427189, 0.00000123]
    document["stages"] = [
        {"stage": f"s{i}", "name": {"zh": "段", "en": "stage"}, "value": v, "share": None} for i, v in enumerate(scaled)
    ]
    document["total"]["value"], document["lines"], document["depth"] = sum(scaled), None, "stages"
    out = converted(tmp_path, {"a": statement_xlsx(document, "en")}, AS_SHOWN)
    rows = list(csv.reader((out / "a-Stages.csv").read_text(encoding="utf-8").splitlines()))
    wanted = [shown(v, digits, "en") for v in (*scaled, sum(scaled))]
    assert [row[2].strip() for row in rows[4 : 5 + len(scaled)]] == wanted
    summary = list(csv.reader((out / "a-Summary.csv").read_text(encoding="utf-8").splitlines()))
    assert summary[3][1].strip() == wanted[-1]
    gases = list(csv.reader((out / "a-Gases.csv").read_text(encoding="utf-8").splitlines()))
    by_gas = [shown(g["value"], digits, "en") for g in document["gases"]]
    assert [row[1].strip() for row in gases[4 : 4 + len(by_gas)]] == by_gas


@needs_calc
def test_chinese_groups_by_the_narrow_space(tmp_path: Path) -> None:
    document = plain_body()
    for part in (document["lines"][0], document["stages"][0], document["total"]):
        part["value"] += 13950.9
    out = converted(tmp_path, {"a": statement_xlsx(document, "zh")}, AS_SHOWN)
    rows = list(csv.reader((out / "a-阶段.csv").read_text(encoding="utf-8").splitlines()))
    assert [row[2].strip().replace("-", MINUS) for row in rows[4:7]] == [
        shown(v, 3, "zh") for v in (13955.9, -1, 13954.9)
    ]


# -- texts


def hostile_body(lines: int = 2000) -> Json:
    """As many lines as a bill of materials may have, with every name that might do harm."""
    document = plain_body()
    first = document["lines"][0]
    names = [
        {
            "zh": "中" + HOSTILE[i % len(HOSTILE)] if i % 3 else HOSTILE[i % len(HOSTILE)],
            "en": HOSTILE[i % len(HOSTILE)],
        }
        for i in range(lines)
    ]
    document["lines"] = [
        {**first, "line": HOSTILE[(i + 1) % len(HOSTILE)], "name": name, "value": 0.25} for i, name in enumerate(names)
    ]
    value = 0.25 * lines
    document["stages"] = [{"stage": "one", "name": {"zh": "=A1", "en": "=A1"}, "value": value, "share": 1}]
    document["total"]["value"], document["gases"] = value, [{"gas": "=CO2", "value": value}]
    document["product"]["name"] = {"zh": "=1+1", "en": "\x02=1+1 & <b>"}
    document["issuer"]["name"], document["customer"]["name"] = "@maker\x03&A", "-buyer"
    document["checklist"] = [{"item": "=x", "text": {"zh": "+y", "en": "+y"}, "status": "present", "reason": None}]
    document["assumptions"] = [
        {"rule_id": "=R", "name": {"zh": "@n", "en": "@n"}, "value": {"amount": 1, "unit": "=u"}, "status": "=s", "evidence": "-e", "source": "=s" * 20_000, "share": None}
    ]  # fmt: skip
    document["cbam"] = {
        "answer": {"zh": "=a", "en": "=a"},
        "obligation_today": False,
        "lines": [],
        "notes": ["=n"],
        "acts": ["@a"],
    }
    document["hotspots"] = [{"name": {"zh": "=h", "en": "=h"}, "value": 1, "share": None}]
    return document


OURS = re.compile(
    r"=(SUM\(\w+\)|SUMIFS\(line_values,line_stages,A\d+\)|SUMPRODUCT\(line_values,[A-Z]+\d+:[A-Z]+\d+\)/total|ROUND\([A-Z0-9.\-]+,-?\d+\)|"
    r'IF\(total=0,"",[A-Z0-9.]+/total\)|IF\((\w+)=0,0,ROUND\(\2,digits-1-INT\(LOG10\(ABS\(\2\)\)\)\)\))'
)


@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_nothing_but_our_formulas_is_a_formula(language: Any, bodies: Mapping[str, Json]) -> None:
    for document in (hostile_body(200), bodies["washing-machine-lines"]):
        for sheet, place, formula in formulas(opened(statement_xlsx(document, language))):
            assert OURS.fullmatch(formula), (sheet, place, formula)


def test_texts_are_what_was_given() -> None:
    """Also in XML: what openpyxl reads is the text itself, and no link was made of it."""
    document = hostile_body(len(HOSTILE))
    data = statement_xlsx(document, "en")
    lines = opened(data)["Lines"]
    escapes = {"\r": "_x000D_", "\x01": "_x0001_", "\x1f": "_x001F_", "\ufffe": "_xFFFE_"}
    for row, line in enumerate(document["lines"], 5):
        wanted = line["name"]["en"]
        for plain, escaped in escapes.items():
            wanted = wanted.replace(plain, escaped)
        assert lines[f"C{row}"].value == wanted
        assert lines[f"C{row}"].data_type == "s"
        assert lines[f"C{row}"].hyperlink is None
        assert lines[f"C{row}"].quotePrefix == (line["name"]["en"][0] in "=+-@\t\r")


@needs_calc
def test_a_hostile_workbook_recalculates_and_keeps_its_texts(tmp_path: Path) -> None:
    document = hostile_body()
    out = converted(tmp_path, {"a": wiped(statement_xlsx(document, "en"))}, "xlsx")
    book = opened((out / "a.xlsx").read_bytes(), values=True)
    assert named(book, "total").value == pytest.approx(500, abs=1e-9)
    shown_names = [book["Lines"][f"C{r}"].value for r in range(5, 5 + len(HOSTILE) - 2)]
    assert [n for n in shown_names if n not in HOSTILE and "_x000D_" not in n and "\n" not in n] == []
    assert book["Lines"]["C5"].value == "=1+1"


def test_unpaired_surrogates_and_endless_texts_do_no_harm() -> None:
    document = plain_body()
    document["lines"][0]["name"] = {"zh": "a\ud800b", "en": "a\ud800b"}
    document["lines"][2]["name"] = {"zh": "🏭" * 40_000, "en": "🏭" * 40_000}
    lines = opened(statement_xlsx(document, "en"))["Lines"]
    assert lines["C5"].value == "a\ufffdb"
    assert lines["C7"].value.endswith("… [24000]")


@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_two_thousand_lines_stay_small_and_quick(language: Any) -> None:
    document = hostile_body()
    start = time.perf_counter()
    data = statement_xlsx(document, language)
    assert time.perf_counter() - start < 5.0
    assert len(data) < 600_000
    assert opened(data).worksheets[2].max_row == 4 + 2000


def test_equal_bodies_give_equal_bytes(beer: Json) -> None:
    assert statement_xlsx(beer, "both") == statement_xlsx(copy.deepcopy(beer), "both")


# -- what a reader sees


@pytest.mark.parametrize("language", ["zh", "en"])
def test_sheets_and_labels_are_in_the_language(language: Any, beer: Json) -> None:
    book = opened(statement_xlsx(beer, language))
    assert book.sheetnames == SHEETS[language]
    labels = [c.value for sheet in book for c in sheet[4] if isinstance(c.value, str)]
    labels += [c.value for c in book.worksheets[0]["A"] if isinstance(c.value, str)]
    own = {line["name"][language] for line in beer["lines"]}  # as the brewery wrote them
    chinese = [text for text in labels if re.search(r"[\u4e00-\u9fff]", text) and text not in own]
    assert bool(chinese) == (language == "zh")


def test_both_languages_stand_together(beer: Json) -> None:
    book = opened(statement_xlsx(beer, "both"))
    assert book.sheetnames == [
        f"{zh} {en}" if zh != en else zh for zh, en in zip(SHEETS["zh"], SHEETS["en"], strict=True)
    ]
    assert book["阶段 Stages"]["B5"].value == "  ".join(beer["stages"][0]["name"][k] for k in ("zh", "en"))
    assert all(quote in book["CBAM"]["B4"].value for quote in beer["cbam"]["answer"].values())


def test_every_assumption_has_source_and_status(beer: Json) -> None:
    sheet = opened(statement_xlsx(beer, "en"))["Assumptions"]
    for row, entry in enumerate(beer["assumptions"], 5):
        assert sheet[f"A{row}"].value == entry["rule_id"]
        assert sheet[f"C{row}"].value == entry["value"]["amount"]
        assert sheet[f"E{row}"].value == {"default": "default of the rule", "given": "given"}[entry["status"]]
        assert (sheet[f"I{row}"].value or "") == (entry["source"] or "")


def test_what_the_owner_withholds_is_in_no_part_of_the_file(bodies: Mapping[str, Json]) -> None:
    data = statement_xlsx(bodies["beer-stages"], "both")
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        everything = "".join(parts.read(name).decode("utf-8", "replace") for name in parts.namelist())
    names = {line["name"]["en"] for line in bodies["beer-lines"]["lines"]} - {
        s["name"]["en"] for s in bodies["beer-stages"]["stages"]
    }
    assert {name for name in names if f">{name}<" in everything} == set()


def test_cbam_stands_apart(bodies: Mapping[str, Json]) -> None:
    wanted = bodies["washing-machine-lines"]["cbam"]
    book = opened(statement_xlsx(bodies["washing-machine-lines"], "en"))
    cells = {c.value for row in book["CBAM"].iter_rows() for c in row}
    assert wanted["answer"]["en"] in cells
    seen = [c.value for c in book["CBAM"]["E"] if isinstance(c.value, float)]
    assert seen == [line["see"]["best"] for line in wanted["lines"]]
    assert not [f for f in formulas(book) if f[0] == "CBAM" or "CBAM" in f[2]]


def test_it_prints_on_a4_and_says_what_it_is(beer: Json) -> None:
    book = opened(statement_xlsx(beer, "both"))
    for sheet in book:
        assert sheet.page_setup.paperSize == 9
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert beer["id"] in sheet.oddFooter.left.text
    assert book.worksheets[2].freeze_panes == "D5"
    assert book.worksheets[2].print_title_rows == "$4:$4"
    assert book.worksheets[2].auto_filter.ref.startswith("A4:")
    assert {"total", "total_signed", "digits", "stage_values", "line_values", "line_stages", "gas_values"} <= set(
        book.defined_names
    )
    assert book.properties.title == " ".join(beer["product"]["name"][k] for k in ("zh", "en"))
    assert (book.properties.creator, book.properties.keywords) == (beer["issuer"]["name"], beer["id"])
    assert f"{book.properties.created:%Y-%m-%dT%H:%M:%SZ}" == beer["issued"]
    assert {c.font.name for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None} == {
        "Microsoft YaHei"
    }


def test_a_good_of_annex_i_shows_its_own_path(beer: Json) -> None:
    """Default path by year, the installation's figures below: 2.5 − 1.5 certificates at 80 EUR."""
    year = {
        "year": 2026,
        "emissions": 3.5,
        "free_allocation": 1.5,
        "certificates_per_t": 2,
        "price": {"eur": 80},
        "eur_per_t": 160,
    }
    actual = {
        "see": 2.5,
        "free_allocation": 1.5,
        "certificates_per_t": 1,
        "eur_per_t": 80,
        "period": 2026,
        "declarable": False,
    }
    document = {
        **beer,
        "cbam": {**beer["cbam"], "goods": {"cn_code": "73181588", "default": {"by_year": [year]}, "actual": actual}},
    }
    sheet = opened(statement_xlsx(document, "en"))["CBAM"]
    assert [c.value for c in sheet[10][:6]] == [2026, 3.5, 1.5, 2, 80, 160]
    assert [c.value for c in sheet[11][1:7]] == [2.5, 1.5, 1, None, 80, "may not be declared yet: not verified"]


# -- the operator's report


def report() -> Json:
    table = {
        "columns": [{"key": "cn", "name": {"zh": "CN 编码", "en": "CN code"}, "unit": None}, {"key": "see", "name": {"zh": "SEE", "en": "SEE"}, "unit": "t CO2e/t"}],
        "rows": [{"cn": "73181588", "see": 2.12345}, {"cn": "=1+1", "see": None}],
    }  # fmt: skip
    text = {"zh": "要求", "en": "required"}
    return {
        "type": "operator_report", "title": {"zh": "完整报告", "en": "Full report"}, "installation": {"zh": "厂", "en": "Works"}, "operator": "@op",
        "items": [
            {"item": "1", "level": 1, "heading": True, "title": None, "text": text, "status": "missing", "value": None, "unit": None, "reason": None},
            {"item": "1(a)", "level": 2, "text": text, "status": "value", "value": "=cmd()", "unit": None, "reason": None},
            {"item": "7", "text": text, "status": "value", "value": 171005.3, "unit": "t CO2e", "reason": None},
            {"item": "9", "text": text, "status": "not_applicable", "value": None, "unit": None, "reason": {"zh": "附件二货物", "en": "goods of Annex II"}},
            {"item": "15(a)", "text": text, "status": "missing", "value": table, "unit": None, "reason": {"zh": "缺", "en": "lacking"}},
        ],
    }  # fmt: skip


@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_a_report_shows_every_item_with_its_status(language: Any) -> None:
    book = opened(report_xlsx(report(), language))
    assert not list(formulas(book))
    items = book.worksheets[0]
    assert [items[f"A{r}"].value for r in range(5, 10)] == ["1", "1(a)", "7", "9", "15(a)"]
    assert items["D6"].value == "=cmd()"
    assert items["D7"].value == 171005.3


def test_a_reports_tables_stand_on_their_own_sheet() -> None:
    book = opened(report_xlsx(report(), "en"))
    tables = book["Tables"]
    assert [[c.value for c in row[:2]] for row in tables["A4:B7"]] == [
        ["15(a)  required", None], ["CN code", "SEE (t CO2e/t)"], ["73181588", 2.12345], ["=1+1", None],
    ]  # fmt: skip
    assert book["Report"]["D9"].value == "see Tables, row 4"
    assert [book["Report"][f"C{r}"].value for r in range(5, 10)] == [
        "missing",
        "value",
        "value",
        "not applicable",
        "missing",
    ]


@pytest.fixture(scope="module")
def reports() -> Mapping[str, Json]:
    """The reports of the worked installation."""
    folder = PROJECT / "inventories" / "cbam"
    result = calculate_installation(
        installation_of(json.loads((folder / "screw-maker.json").read_text(encoding="utf-8")))
    )
    operator = operator_of(json.loads((folder / "screw-maker-operator.json").read_text(encoding="utf-8")))
    return {kind: report_of(kind, result, operator) for kind in ("full", "summary")}


@pytest.mark.parametrize("kind", ["full", "summary"])
def test_a_real_report_is_shown_whole(kind: str, reports: Mapping[str, Json]) -> None:
    """Items in the act's order with their wording; every number of every table is found again."""
    wanted = reports[kind]
    book = opened(report_xlsx(wanted, "en"))
    items = [*wanted["items"], *wanted.get("addendum", [])]
    rows = book["Report"].iter_rows(min_row=5, values_only=True)
    assert [(r[0], r[1]) for r in rows] == [(i["item"], i["text"]["en"]) for i in items]
    found = {c for row in book["Tables"].iter_rows(values_only=True) for c in row}
    tables = [i["value"] for i in items if isinstance(i["value"], dict) and "rows" in i["value"]]
    numbers = [c for t in tables for row in t["rows"] for c in row.values() if isinstance(c, float)]
    assert numbers
    assert set(numbers) <= found
    assert report_xlsx(wanted, "both") == report_xlsx(wanted, "both")
