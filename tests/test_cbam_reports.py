"""The operator's reports against the law's own numbering, the hand calculation of the worked example, and what may be disclosed."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest
from background_fixtures import PROJECT
from cbam_examples import EXAMPLE_IDS, example, needs_examples
from cbam_installations import changed, installation
from click.testing import CliRunner

from lcaengine.cbam.installation import Result, calculate_installation
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.cbam.reports import FULL, SUMMARY, full_report, summary_report
from lcaengine.cbam.reports.disclosed import disclosed
from lcaengine.cbam.reports.facts import facts_of
from lcaengine.cbam.reports.operator import OperatorData, operator_of, read_operator, read_request
from lcaengine.cbam.reports.parameters import PARAMETERS
from lcaengine.cbam.reports.published import report_schema
from lcaengine.cbam.reports.schema import OperatorDataSchema
from lcaengine.cbam.reports.texts import items_of, leaves
from lcaengine.cbam.tables import tables
from lcaengine.cli import main
from lcaengine.problems import Refused

Json = dict[str, Any]
FOLDER = PROJECT / "inventories" / "cbam"
CHINESE = re.compile("[一-鿿]")
JSON = {"Content-Type": "application/json"}

# Annex IV of (EU) 2025/2547, read in the act: item, number of letters, dashes by letter.
LETTERS_1_1 = {1: 4, 2: 8, 4: 4, 15: 6, 16: 5, 22: 4, 23: 5, 34: 2}
DASHES_1_1 = {"1(d)": 5, "15(e)": 4, "15(f)": 4}
LETTERS_1_2 = {1: 3, 2: 5, 4: 6, 11: 4, 12: 4, 13: 5}
DASHES_1_2 = {"4(c)": 4, "4(d)": 3}


def numbered(items: int, letters: dict[int, int], dashes: dict[str, int]) -> Iterator[str]:
    for item in range(1, items + 1):
        yield str(item)
        for letter in "abcdefgh"[: letters.get(item, 0)]:
            own = f"{item}({letter})"
            yield own
            yield from (f"{own}-{n}" for n in range(1, dashes.get(own, 0) + 1))


def document(name: str = "screw-maker") -> Json:
    found: Json = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return found


def operator_document() -> Json:
    found: Json = json.loads((FOLDER / "screw-maker-operator.json").read_text(encoding="utf-8"))
    return found


@cache
def result(name: str = "screw-maker") -> Result:
    return calculate_installation(installation_of(document(name)))


@cache
def full() -> Json:
    return full_report(result(), operator_of(operator_document()))


@cache
def summary() -> Json:
    return summary_report(result(), operator_of(operator_document()))


def item(report: Json, number: str) -> Json:
    found: Json = next(i for i in report["items"] if i["item"] == number)
    return found


def cells(report: Json, number: str, *keys: str) -> list[tuple[Any, ...]]:
    return [tuple(row[key] for key in keys) for row in item(report, number)["value"]["rows"]]


def nothing() -> OperatorData:
    return operator_of({})


# -- the law


def test_the_full_report_has_the_35_items_of_the_act_in_its_order() -> None:
    assert [i.item for i in items_of("full")] == list(numbered(35, LETTERS_1_1, DASHES_1_1))
    assert [i["item"] for i in full()["items"]] == list(numbered(35, LETTERS_1_1, DASHES_1_1))
    assert len([i for i in full()["items"] if i["level"] == 1]) == 35


def test_the_summary_has_the_16_items_of_the_act_in_its_order() -> None:
    assert [i["item"] for i in summary()["items"]] == list(numbered(16, LETTERS_1_2, DASHES_1_2))
    assert len([i for i in summary()["items"] if i["level"] == 1]) == 16


def test_the_addendum_has_three_items() -> None:
    assert [i["item"] for i in full()["addendum"]] == ["1", "2", "3"]
    assert {i["status"] for i in full()["addendum"]} == {"not_applicable"}


@pytest.mark.parametrize(
    ("kind", "number", "words"),
    [
        ("full", "7", "The total direct emissions of the installation during the reporting period."),
        ("full", "15(d)", "the share of embedded emissions for which default values were used;"),
        ("full", "30", "The activity level and attributed emissions of each production process."),
        (
            "full",
            "33",
            "Information on the electricity emissions factor in the power purchase agreement, where appropriate.",
        ),
        ("summary", "4(e)", "The specific embedded free allocation of each of the goods produced;"),
        ("summary", "7", "Whether measurable heat is imported from or exported to other installations."),
    ],
)
def test_the_words_are_those_of_the_act(kind: str, number: str, words: str) -> None:
    assert next(i for i in items_of(kind) if i.item == number).text["en"] == words


@pytest.mark.parametrize("kind", ["full", "addendum", "summary"])
def test_every_item_is_in_both_languages(kind: str) -> None:
    for i in items_of(kind):
        for text in filter(None, (i.text, i.title)):
            assert CHINESE.search(text["zh"]), i
            assert not CHINESE.search(text["en"]), i
        assert (i.title is not None) == (i.level == 1)


def test_every_item_that_is_answered_has_a_builder_and_no_other() -> None:
    assert set(FULL) == {i.item for i in leaves("full")}
    assert set(SUMMARY) == {i.item for i in leaves("summary")}


def test_parameters_are_asked_of_the_categories_that_the_act_lists() -> None:
    """Annex IV point 2: N.a. for calcined clay, clinker, aluminous cement, hydrogen and sintered ore; the alloys by metal."""
    none = {"calcined_clay", "cement_clinker", "aluminous_cement", "hydrogen", "sintered_ore", "electricity"}
    assert set(PARAMETERS) == set(tables().categories) - none - {"alloys"}


# -- the worked example, by the hand calculation of inventories/cbam/README.md


def test_direct_embedded_emissions_are_those_of_the_hand_calculation() -> None:
    r = (40_000 * 2.14 + 22_400 * 3.169 * 1.1) / 62_400
    # 62,000 w = 4,876.0 + 62,400 r + 600 g; 9,200 g = 728.5 + 9,300 w; 45,000 s = 9,906.1 + 47,500 w
    w = (4_876.0186 + 62_400 * r + 600 * 728.5007 / 9_200) / (62_000 - 600 * 9_300 / 9_200)
    g, s = (728.5007 + 9_300 * w) / 9_200, (9_906.0596 + 47_500 * w) / 45_000
    expected = [("72171050", w), ("72172050", g), ("73181588", s), ("73181568", s)]
    for report, number in ((full(), "15(a)"), (summary(), "4(a)")):
        found = cells(report, number, "cn_code", "value")
        assert found == [(code, pytest.approx(value, abs=6e-6)) for code, value in expected]
        assert all(round(value, 5) == value for _, value in found)
    assert [round(v, 4) for _, v in expected[:3]] == [2.7463, 2.8554, 3.1191]
    assert cells(full(), "25", "cn_code", "direct", "indirect") == [
        ("72139170", round(r, 5), round(40_000 * 0.087 / 62_400, 5))
    ]
    assert "14(2)" in cells(full(), "25", "method")[0][0]["en"]


def test_emissions_are_whole_tonnes() -> None:
    """Natural gas 6,906 thousand Nm3 × 0.038931 TJ × 56.1, and 380 t methanol × 0.3749 × 3.664."""
    total = 6_906 * 0.038931 * 56.1 + 380 * 0.3749 * 3.664
    assert (item(full(), "7")["value"], item(full(), "7")["unit"]) == (round(total), "t CO2e")
    assert cells(summary(), "5", "value") == [(round(total),), (4_876,), (729,), (9_906,)]
    assert cells(full(), "30", "activity", "direct") == [(62_000, 4_876), (9_200, 729), (45_000, 9_906)]


def test_free_allocation_is_that_of_the_benchmarks_and_precursors() -> None:
    """0.975 × 0.038 (wire, screws) and 0.975 × 0.071 (galvanised), with rod of 1.33 by mill A and 0.975 × 1.364 by default."""
    rod = (40_000 * 1.33 + 22_400 * 0.975 * 1.364) / 62_400
    own, zinc = 0.975 * 0.038, 0.975 * 0.071
    w = (62_000 * own + 62_400 * rod + 600 * zinc) / (62_000 - 600 * 9_300 / 9_200)
    g, s = zinc + 9_300 / 9_200 * w, own + 47_500 / 45_000 * w
    assert [v for (v,) in cells(summary(), "4(e)", "value")] == pytest.approx([w, g, s, s], abs=6e-6)
    assert cells(summary(), "4(f)", "benchmark", "factor")[:2] == [(0.038, 0.975), (0.071, 0.975)]


def test_precursors_stand_with_their_data() -> None:
    assert cells(full(), "20", "cn_code", "amount") == [("72139170", 40_000), ("72139170", 22_400)]
    assert cells(full(), "18", "cn_code", "amount") == [("72171050", 56_800), ("72172050", 600)]
    assert cells(summary(), "12(d)", "base", "markup", "value") == [(3.169, 10, 3.4859)]
    assert cells(summary(), "13(e)", "direct", "indirect")[0] == (2.14, 0.087)
    assert item(summary(), "14")["status"] == "not_applicable"


def test_the_worked_example_lacks_nothing_and_says_that_it_is_one() -> None:
    assert full()["missing"] == summary()["missing"] == []
    assert full()["example"] is summary()["example"] is True


# -- missing and not applicable


def test_what_only_the_operator_knows_is_missing_and_named() -> None:
    report = full_report(result(), nothing())
    missing = {m["item"]: m["reason"]["en"] for m in report["missing"]}
    assert {"1(b)", "1(c)", "1(d)-2", "2(b)", "14", "16(e)", "35"} <= set(missing)
    assert "operator.registration_number" in missing["1(b)"]
    assert "data_gaps" in missing["16(e)"]
    assert "72172050 cr_pct" in missing["35"]
    assert item(report, "1")["status"] == "missing"
    assert {m["item"] for m in summary_report(result(), nothing())["missing"]} == {"1(b)", "1(c)", "2(b)", "4(f)"}


def test_every_item_without_a_value_says_why_in_both_languages() -> None:
    for report in (
        full(),
        summary(),
        full_report(result("cement-works"), nothing()),
        summary_report(result("aluminium-smelter"), nothing()),
    ):
        for i in report["items"]:
            if i["status"] != "value" and not i["heading"]:
                assert CHINESE.search(i["reason"]["zh"]), i["item"]
                assert i["reason"]["en"], i["item"]
            assert i["status"] != "not_applicable" or i["value"] is None


def test_indirect_emissions_stand_only_where_they_count() -> None:
    assert item(full(), "15(e)")["status"] == item(summary(), "6")["status"] == "not_applicable"
    cement = full_report(result("cement-works"), nothing())
    assert item(cement, "9")["value"] == 145_000  # 100,000 bought and 45,000 of waste heat
    assert item(cement, "10")["value"] == 87_000 + 54_720
    # 96,720 MWh of the grid and 45,000 at zero: by emissions all of it is by default values
    assert cells(cement, "15(e)-2", "value") == [(100,), (100,)]
    assert cells(cement, "12", "mean")[0][0] == pytest.approx(96_720 * 0.5306 / 141_720)
    assert item(summary_report(result("cement-works"), nothing()), "6")["value"] == round(96_720 * 0.5306)


def test_actual_electricity_needs_the_operators_confirmation() -> None:
    linked = document("cement-works")
    for process in linked["processes"]:
        for flow in process["electricity"]["consumed"]:
            if flow["source"] == "grid_default":
                flow.update(source="direct_link", evidence="meters")
    found = calculate_installation(installation_of(linked))
    assert item(full_report(found, nothing()), "15(e)-3")["status"] == "missing"
    assert item(full_report(found, nothing()), "3")["status"] == "missing"
    said = operator_of(
        {"electricity": {"criteria_met": True, "suppliers": [{"source": "direct_link", "name": "A", "country": "CN"}]}}
    )
    assert item(full_report(found, said), "15(e)-3")["status"] == "missing"  # the evidence is not confirmed
    assert item(full_report(found, said), "3")["status"] == "value"
    assert item(summary_report(found, said), "4(c)-3")["status"] == "value"
    assert cells(summary_report(found, said), "4(c)-1", "value") == [(100,), (100,)]


def test_an_address_must_be_in_english() -> None:
    report = full_report(result(), operator_of(changed(operator_document(), "/operator/address", "青岛市胶州")))
    assert item(report, "1(c)")["status"] == "missing"
    assert "English" in item(report, "1(c)")["reason"]["en"]


def test_nothing_is_declared_of_half_a_year() -> None:
    half = changed(document(), "/period/end", "2026-06-30")
    half["period"]["reason"] = "new installation"
    for precursor in half["precursors"]:
        precursor.pop("period", None)
    report = full_report(calculate_installation(installation_of(half)), nothing())
    assert item(report, "15(a)")["status"] == "missing"
    assert cells(report, "15(a)", "value")[0] == (None,)
    assert item(report, "8")["status"] == "missing"


@needs_examples
@pytest.mark.parametrize("name", EXAMPLE_IDS)
def test_the_official_examples_become_reports_that_declare_nothing(name: str) -> None:
    """They are of the transitional period, without an operator's data."""
    found = calculate_installation(installation_of(example(name)))
    for report, number in ((full_report(found, nothing()), "15(a)"), (summary_report(found, nothing()), "4(a)")):
        assert item(report, number)["status"] == "missing"
        jsonschema.validate(json.loads(json.dumps(report, allow_nan=False)), report_schema())


# -- what the importer does not see


def secretive() -> tuple[Json, Json, list[str]]:
    """The worked example in which every text that is not asked for by the summary is a mark, and which marks those are."""
    d, o = document(), operator_document()
    marks = [f"SECRET{n:02}" for n in range(22)]
    for stream in d["source_streams"]:
        stream["name"] = marks[0]
    d["heat"][0]["name"] = marks[1]
    for process in d["processes"]:
        process["note"] = marks[2]
        for flow in process["electricity"]["consumed"]:
            flow.update(evidence=marks[3], supplier=marks[4])
        for good in process["goods"]:
            good["name"] = marks[5]
            good["parameters"]["reducing_agent"] = marks[6]
    for precursor, mark in zip(d["precursors"], marks[7:9], strict=True):
        precursor["name"] = mark
    d["precursors"][0]["verification"].update(verifier=marks[9], report=marks[10])
    d["installation"].update(representative=marks[11], email=marks[12], telephone=marks[13])
    o["contact_persons"][0].update(name=marks[14], email=marks[15])
    o["monitoring_plan"].update(reference=marks[16], attribution=marks[17], non_cbam_processes=[marks[18]])
    o["electricity"]["suppliers"][0].update(name=marks[19], address=marks[20])
    o["data_gaps"][0]["what"] = marks[21]
    for row in o["precursors"]:
        row["address"] = "SECRET99"
    return d, o, [*marks, "SECRET99", "rod-a", "rod-b", "gas-annealing"]


def test_no_withheld_text_reaches_the_importer() -> None:
    d, o, marks = secretive()
    found = calculate_installation(installation_of(d))
    told = json.dumps(summary_report(found, operator_of(o)), ensure_ascii=False)
    assert [m for m in marks if m in told] == []
    known = json.dumps(full_report(found, operator_of(o)), ensure_ascii=False)
    assert {m for m in marks if m in known} >= {"SECRET00", "SECRET05", "SECRET07", "SECRET14", "SECRET19", "SECRET21"}


def test_no_withheld_figure_reaches_the_importer() -> None:
    """Quantities of goods and precursors, activity data, factors, electricity: none is an item of 1.2."""
    numbers = set(re.findall(r"(?<![\d./])\d+(?:\.\d+)?(?![\d.])", json.dumps(summary()["items"])))
    withheld = {"40000", "22400", "62400", "62000", "9200", "45000", "37000", "8000", "5200", "9300", "47500", "600", "1740", "1536", "2790",
                "11160", "828", "19350", "31338", "32700", "28.7", "0.3749", "380", "0.5306", "0.038931", "0.31", "56.1"}  # fmt: skip
    assert {n for n in withheld if n in numbers or f"{n}.0" in numbers} == set()
    assert {"40000.0", "62000.0", "11160.0"} <= set(re.findall(r"\d+\.\d+", json.dumps(full()["items"])))


def test_the_operator_may_withhold_the_suppliers_and_the_summary_says_so() -> None:
    """Item 16 of 1.2 names them; an operator that does not disclose them leaves a gap that is seen."""
    operator = operator_of({**operator_document(), "withhold": ["16", "13"]})
    report = summary_report(result(), operator)
    told = json.dumps(report, ensure_ascii=False)
    assert not any(name in told for name in ("Example Steel", "works A", "EXAMPLE-CN-000101", "2.14"))
    assert {m["item"] for m in report["missing"]} == {"16", "13(a)", "13(b)", "13(c)", "13(d)", "13(e)"}
    assert "Withheld" in item(report, "16")["reason"]["en"]
    assert "Example Steel A" in json.dumps(full_report(result(), operator))


def test_what_is_withheld_does_not_stand_in_the_heading_either() -> None:
    from lcaengine.statements.report_document import report_document

    report = summary_report(result(), operator_of({**operator_document(), "withhold": ["1", "2(a)", "5"]}))
    told = json.dumps(report, ensure_ascii=False)
    assert not any(name in told for name in ("Example Fasteners", "青岛示例", "15605"))
    assert report_document(report).headline is None


def test_reasons_name_precursors_by_number() -> None:
    d = document()
    d["precursors"][0].pop("free_allocation")
    report = summary_report(calculate_installation(installation_of(d)), operator_of(operator_document()))
    assert item(report, "4(e)")["status"] == "missing"
    assert "'1'" in item(report, "4(e)")["reason"]["en"]
    assert "rod-a" not in json.dumps(report)


def test_the_summary_is_built_from_what_is_disclosed_alone() -> None:
    facts = disclosed(facts_of(result(), operator_of(operator_document())))
    assert set(facts["operator"]) == {"monitoring_plan", "electricity", "benchmarks_confirmed"}
    assert set(facts["operator"]["electricity"]) == set()
    assert {"consumed", "id", "name", "address"} & set(facts["precursors"][0]) == set()
    assert "sources" not in facts["emissions"]


def test_the_kinds_differ() -> None:
    assert full()["act"]["point"] == "1.1"
    assert summary()["act"]["point"] == "1.2"
    assert "contact_persons" not in summary()
    texts = [i["text"]["en"] for i in full()["items"]]
    assert sum(i["text"]["en"] not in texts for i in summary()["items"]) > 10  # a document of its own


# -- the operator data


@pytest.mark.parametrize(
    ("wrong", "code", "where"),
    [
        ({"benchmarks_confirmed": "yes"}, "report_boolean", "/benchmarks_confirmed"),
        ({"new_installation_months": 13}, "report_months", "/new_installation_months"),
        ({"withhold": ["17"]}, "report_unknown_item", "/withhold/0"),
        ({"parameters": {"73181588": {"mn_pct": True}}}, "report_scalar", "/parameters/73181588/mn_pct"),
        ({"surprise": 1}, "unknown_field", "/surprise"),
        ({"data_gaps": [{"what": "x"}]}, "required", "/data_gaps/0/period"),
    ],
)
def test_bad_operator_data_are_refused(wrong: Json, code: str, where: str) -> None:
    with pytest.raises(Refused) as refused:
        read_operator(json.dumps(wrong).encode())
    assert (code, where) in [(p.code, p.where) for p in refused.value.problems]


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"precursors": [{"precursor": "rod-x"}]}, "/precursors/0/precursor"),
        ({"co2_recipients": [{"transfer": "t", "name": "n", "contact": "c"}]}, "/co2_recipients/0/transfer"),
        ({"parameters": {"72081000": {"mn_pct": 1}}}, "/parameters/72081000"),
    ],
)
def test_operator_data_of_another_installation_are_refused(wrong: Json, where: str) -> None:
    for report in (full_report, summary_report):
        with pytest.raises(Refused) as refused:
            report(result(), operator_of(wrong))
        assert [(p.code, p.where) for p in refused.value.problems] == [("report_unknown_id", where)]


def test_a_request_tells_where_in_what_was_posted() -> None:
    asked = read_request({"installation": "x", "kind": "full", "operator": {"precursors": [{"precursor": "rod-x"}]}})
    with pytest.raises(Refused) as refused:
        full_report(result(), asked.operator)
    assert refused.value.problems[0].where == "/operator/precursors/0/precursor"


def test_the_manual_names_every_field_of_the_operator_data() -> None:
    page = (PROJECT / "docs" / "cbam" / "reports.md").read_text(encoding="utf-8")
    assert [f for f in OperatorDataSchema().fields if f"`{f}`" not in page] == []


# -- as documents


@pytest.mark.parametrize("name", ["screw-maker", "cement-works", "aluminium-smelter"])
def test_reports_follow_the_published_schema(name: str) -> None:
    for report in (full_report(result(name), nothing()), summary_report(result(name), nothing())):
        jsonschema.validate(json.loads(json.dumps(report, allow_nan=False)), report_schema())
        assert sum(report["counts"].values()) == len(leaves(report["kind"]))
    jsonschema.validate(full(), report_schema())


def test_a_document_has_a_section_for_every_item_and_what_is_missing_first() -> None:
    from lcaengine.statements.report_document import report_document

    shown = report_document(full_report(result(), nothing()), ("zh", "en"))
    titles = [s.title["en"] for s in shown.sections]
    assert titles[0] == "What is missing"
    assert [t.split()[0] for t in titles[1:36]] == [str(n) for n in range(1, 36)]
    assert shown.headline is not None
    assert shown.headline[2] == "t CO2e"
    assert len(report_document(summary(), ("en",)).sections) == 1 + 16 + 1


def test_a_summary_as_pdf_says_what_the_json_says() -> None:
    pypdf = pytest.importorskip("pypdf")
    pytest.importorskip("typst")
    import io

    from lcaengine.statements.formats import report_as

    pages = pypdf.PdfReader(io.BytesIO(report_as("pdf", summary(), ("en",)))).pages
    text = re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))
    for value in ("3.11905", "15,605", "3.4859", "EXAMPLE-CN-000001"):
        assert value in text
    assert "40,000" not in text


# -- doors


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler-utils is not installed")
@pytest.mark.parametrize("languages", [("zh", "en"), ("en",), ("zh",)])
def test_no_figure_of_a_wide_table_runs_into_its_neighbour(tmp_path: Path, languages: tuple[str, ...]) -> None:
    from lcaengine.statements.formats import report_as

    (tmp_path / "a.pdf").write_bytes(report_as("pdf", full(), languages))
    found = subprocess.run(["pdftotext", "-bbox", "a.pdf", "-"], cwd=tmp_path, capture_output=True, check=True).stdout
    words = [unescape(word) for word in re.findall(r"<word [^>]*>(.*?)</word>", found.decode())]
    streams = [row for row in cells(full(), "16(a)", "ncv", "factor") if row[0] is not None]
    assert len(streams) == 5
    for ncv, factor in streams:  # columns seven to nine of twelve
        assert words.count(f"{ncv:g}") == len(streams)
        assert f"{factor:g}" in words


def test_the_command_prints_and_writes_what_the_functions_answer(tmp_path: Any) -> None:
    arguments = [
        "cbam",
        "report",
        str(FOLDER / "screw-maker.json"),
        "--operator",
        str(FOLDER / "screw-maker-operator.json"),
        "--kind",
        "summary",
    ]
    printed = CliRunner().invoke(main, [*arguments, "--json"])
    assert printed.exit_code == 0, printed.output
    assert json.loads(printed.stdout) == json.loads(json.dumps(summary()))
    out = tmp_path / "summary.json"
    assert CliRunner().invoke(main, [*arguments, "--out", str(out)]).exit_code == 0
    assert json.loads(out.read_text(encoding="utf-8")) == json.loads(printed.stdout)
    schema = CliRunner().invoke(main, ["cbam", "report", "--schema"])
    assert json.loads(schema.stdout) == report_schema()


def test_the_command_refuses_a_form_that_there_is_not(tmp_path: Any) -> None:
    found = CliRunner().invoke(
        main, ["cbam", "report", str(FOLDER / "screw-maker.json"), "--out", str(tmp_path / "a.doc"), "--lang", "en"]
    )
    assert found.exit_code == 2
    assert not list(tmp_path.iterdir())


def test_reports_over_http(http: httpx.Client) -> None:
    stored = http.post("/v1/cbam/installations", json=document()).json()["id"]
    for kind, here in (("full", full()), ("summary", summary())):
        asked = {"installation": stored, "operator": operator_document(), "kind": kind}
        answer = http.post("/v1/cbam/reports", json=asked)
        assert answer.status_code == 201, answer.text
        body = answer.json()
        assert body["items"] == json.loads(json.dumps(here))["items"]
        assert http.get(answer.headers["Location"]).json() == body
        listed = http.get("/v1/cbam/reports", params={"limit": 1}).json()["items"][0]
        assert (listed["id"], listed["kind"]) == (body["id"], kind)
    assert "Example Grid Company" not in http.get(answer.headers["Location"]).text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"installation": "00000000-0000-4000-8000-000000000000", "kind": "full"}, 404, "cbam_unknown_record"),
        ({"installation": "x", "kind": "short"}, 422, "cbam_choice"),
        ({"installation": "x", "kind": "full", "operator": {"withhold": ["99"]}}, 422, "report_unknown_item"),
        ({"kind": "full"}, 422, "required"),
        ([], 400, "not_an_object"),
    ],
)
def test_bad_requests_are_answered_with_code_and_place(http: httpx.Client, body: Any, status: int, code: str) -> None:
    answer = http.post("/v1/cbam/reports", content=json.dumps(body), headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_small_installation_without_goods_is_reported(http: httpx.Client) -> None:
    stored = http.post("/v1/cbam/installations", json=installation()).json()["id"]
    answer = http.post("/v1/cbam/reports", json={"installation": stored, "kind": "full"})
    assert answer.status_code == 201, answer.text
    assert answer.json()["counts"]["missing"] > 5
