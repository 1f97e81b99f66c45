"""Bad input over a real socket: status, code, place, both languages, a next action, and nothing stored."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from boms import CANNED_CSV, REMOVE, as_bytes, canned, written

from lcaengine.data import folder
from lcaengine.demo import running_server

Json = dict[str, Any]
CHINESE = re.compile("[一-鿿]")
LANGUAGES = {"zh": "zh-CN,zh;q=0.9,en;q=0.5", "en": "en-GB,en;q=0.9"}
YEAR = {"start": "2025-01-01", "end": "2025-12-31"}
SUPPLIER = {"value": 1.2, "unit": "kg CO2e/kg", "boundary": "cradle_to_gate", "gwp": "AR6", "year": 2024}


@dataclass(frozen=True)
class Bad:
    """What is sent, and how it must be answered; ``candidates``: a process that must be among those shown."""

    id: str
    content: bytes
    status: int
    code: str
    where: str
    media: str = "application/json"
    candidates: str = ""
    more: tuple[str, ...] = field(default=())  # codes of further problems in the same answer


def bad(name: str, changes: Json, code: str, where: str, status: int = 422, **other: Any) -> Bad:
    return Bad(name, as_bytes(canned(changes)), status, code, where, **other)


def raw(name: str, place: str, text: str, code: str, where: str, status: int = 422) -> Bad:
    return Bad(name, written(place, text), status, code, where)


def table(name: str, old: str, new: str, code: str, where: str, status: int = 422, **other: Any) -> Bad:
    assert old in CANNED_CSV
    return Bad(name, CANNED_CSV.replace(old, new).encode(), status, code, where, "text/csv", **other)


def nested(levels: int) -> bytes:
    return b'{"lines":' + b"[" * levels + b"]" * levels + b"}"


MALT = "/lines/0"
CAN = "/lines/1"
PLAIN = as_bytes(canned())
SUPPLIED = CANNED_CSV.replace(
    "recycled_content\n", "recycled_content,supplier_footprint,footprint_boundary,footprint_gwp,footprint_year\n"
)


def supplied(year: str) -> bytes:
    return SUPPLIED.replace("11,kg,malt,,,", f"11,kg,malt,,,,1.2 kg CO2e/kg,cradle_to_gate,AR6,{year}").encode()


UNITS = [
    bad("unknown unit", {f"{MALT}/unit": "furlong"}, "unknown_unit", f"{MALT}/unit"),
    bad("unknown unit of an activity", {"/activities/fuels/0/unit": "spoon"}, "unknown_unit", "/activities/fuels/0/unit"),
    bad("unit with a formula in it", {f"{MALT}/unit": "kg**99999999"}, "unknown_unit", f"{MALT}/unit"),
    bad("unit with code in it", {f"{MALT}/unit": "__import__('os')"}, "unknown_unit", f"{MALT}/unit"),
    bad("kg where hl", {"/product/declared_unit/unit": "kg", "/product/pack": REMOVE}, "wrong_dimension", "/product/declared_unit/unit"),
    bad("output in kg", {"/output": {"amount": 5, "unit": "kg"}}, "wrong_dimension", "/output/unit"),
    bad("pack in kg", {"/product/pack/unit": "kg"}, "wrong_dimension", "/product/pack/unit"),
    bad("kWh of malt", {f"{MALT}/unit": "kWh"}, "wrong_dimension", f"{MALT}/unit"),
    bad("water in kg", {"/activities/water/0/unit": "kg"}, "wrong_dimension", "/activities/water/0/unit"),
    bad("pieces without unit mass", {f"{CAN}/unit_mass": REMOVE}, "wrong_dimension", f"{CAN}/unit"),
    bad("unit mass in litres", {f"{CAN}/unit_mass/unit": "L"}, "wrong_dimension", f"{CAN}/unit_mass/unit"),
    bad("distance in kg", {f"{MALT}/transport": [{"mode": "road", "distance": {"amount": 1, "unit": "kg"}}]},
        "wrong_dimension", f"{MALT}/transport/0/distance/unit"),
    bad("parameter in another dimension", {"/parameters/distribution_road": {"amount": 5, "unit": "kg"}},
        "wrong_dimension", "/parameters/distribution_road/unit"),
    bad("spent grain in kWh", {"/co_products": [{"id": "spent_grain", "amount": 1, "unit": "kWh"}]},
        "wrong_dimension", "/co_products/0/unit"),
]  # fmt: skip

NUMBERS = [
    bad("negative", {f"{MALT}/amount": -11}, "negative", f"{MALT}/amount"),
    bad("negative distance", {f"{MALT}/transport": [{"mode": "road", "distance": {"amount": -1, "unit": "km"}}]},
        "negative", f"{MALT}/transport/0/distance/amount"),
    raw("NaN", f"{MALT}/amount", "NaN", "not_finite", f"{MALT}/amount"),
    raw("Infinity", f"{MALT}/amount", "Infinity", "not_finite", f"{MALT}/amount"),
    raw("minus Infinity", f"{CAN}/unit_mass/amount", "-Infinity", "not_finite", f"{CAN}/unit_mass/amount"),
    raw("1e999", f"{MALT}/amount", "1e999", "not_finite", f"{MALT}/amount"),
    raw("integer of 400 digits", f"{MALT}/amount", "9" * 400, "not_finite", f"{MALT}/amount"),
    raw("integer of 5000 digits", f"{MALT}/amount", "9" * 5000, "not_finite", f"{MALT}/amount"),
    bad("number as a text", {f"{MALT}/amount": "11"}, "not_a_number", f"{MALT}/amount"),
    bad("true for a number", {f"{MALT}/amount": True}, "not_a_number", f"{MALT}/amount"),
    bad("list for a number", {f"{MALT}/amount": [11]}, "not_a_number", f"{MALT}/amount"),
    bad("parameter as a text", {"/parameters/distribution_road": "far"}, "not_a_number", "/parameters/distribution_road"),
    bad("declared unit of zero", {"/product/declared_unit/amount": 0}, "zero", "/product/declared_unit/amount"),
    bad("output of zero", {"/output": {"amount": 0, "unit": "hl"}}, "zero", "/output/amount"),
    bad("no trips", {"/parameters/return_trips": 0, "/lines/-": {"id": "b", "amount": 1, "unit": "kg", "role": "bottle_returnable"}},
        "trips_below_one", "/parameters/return_trips"),
    bad("shared output of zero", {"/output": {"amount": 1, "unit": "hl"}, "/shared": {"outputs": {"can": {"amount": 0, "unit": "hl"}}}},
        "shared_output_differs", "/output"),
    bad("output too small to divide by", {"/basis": "period", "/period": YEAR, "/output": {"amount": 1e-308, "unit": "hl"}},
        "not_finite", "/output"),
    bad("recycled content above 1", {f"{CAN}/recycled_content": 1.5}, "share", f"{CAN}/recycled_content"),
    bad("recycled content above the data", {f"{CAN}/recycled_content": 0.9}, "recycled_content_too_high", f"{CAN}/recycled_content"),
    bad("year of a supplier's figure", {f"{MALT}/supplier_footprint": {**SUPPLIER, "year": 20240}}, "year", f"{MALT}/supplier_footprint/year"),
]  # fmt: skip

MEANING = [
    bad("no malt", {f"{MALT}": REMOVE}, "missing_role", "/lines"),
    bad("no container", {f"{CAN}": REMOVE}, "missing_group", "/lines"),
    bad("no electricity", {"/activities/electricity": REMOVE}, "missing_activity", "/activities"),
    bad("empty electricity", {"/activities/electricity": []}, "missing_activity", "/activities"),
    bad("no fuels", {"/activities/fuels": REMOVE}, "missing_activity", "/activities"),
    bad("no water", {"/activities/water": REMOVE}, "missing_activity", "/activities"),
    bad("no activities", {"/activities": REMOVE}, "missing_activity", "/activities", more=("missing_activity",) * 2),
    bad("unknown process", {f"{MALT}/process": "malt-pale-chinese"}, "unknown_process", f"{MALT}/process", candidates="malt-pale-cn"),
    bad("unknown process of an activity", {"/activities/electricity/0/process": "electricity-wind-cna"},
        "unknown_process", "/activities/electricity/0/process", candidates="electricity-wind-cn"),
    bad("unknown role", {f"{MALT}/role": "mallt"}, "unknown_role", f"{MALT}/role", more=("missing_role",)),
    bad("neither role nor process", {"/lines/-": {"id": "x", "name": "shiny aluminium can", "amount": 1, "unit": "kg"}},
        "line_unmatched", "/lines/2", candidates="aluminium-can-cn"),
    bad("a treatment as a material", {"/lines/-": {"id": "x", "amount": 1, "unit": "kg", "process": "landfill-glass-cn"}},
        "not_a_treatment", "/lines/2"),
    bad("unknown parameter", {"/parameters/beer_colour": 5}, "unknown_parameter", "/parameters/beer_colour"),
    bad("unknown fuel", {"/activities/fuels/0/fuel": "unobtainium"}, "unknown_kind", "/activities/fuels/0"),
    bad("fuel without its kind", {"/activities/fuels/0/fuel": REMOVE}, "kind_needed", "/activities/fuels/0"),
    bad("unknown mode of transport", {f"{MALT}/transport": [{"mode": "teleport", "distance": {"amount": 1, "unit": "km"}}]},
        "unknown_mode", f"{MALT}/transport"),
    bad("unknown co-product", {"/co_products": [{"id": "gold", "amount": 1, "unit": "kg"}]}, "unknown_co_product", "/co_products/0/id"),
    bad("grid of another country", {"/site/country": "DE", "/site/region": REMOVE}, "country_not_covered", "/activities/electricity/0"),
    bad("unknown category", {"/product/category": "cheese"}, "unknown_rule", "/product/category", 404),
    bad("duplicate line id", {f"{CAN}/id": "malt"}, "duplicate_line_id", f"{CAN}/id"),
    bad("period without output", {"/basis": "period", "/period": YEAR}, "period_without_output", "/output"),
    bad("period without dates", {"/basis": "period", "/output": {"amount": 1, "unit": "hl"}}, "required", "/period"),
    bad("period that ends before it starts", {"/period": {"start": "2025-12-31", "end": "2025-01-01"}}, "period_order", "/period/end"),
    bad("no date", {"/period": {"start": "2025-13-41", "end": "2025-12-31"}}, "not_a_date", "/period/start"),
    bad("shared totals without this product", {
        "/output": {"amount": 1, "unit": "hl"}, "/shared": {"outputs": {"keg": {"amount": 1, "unit": "hl"}}},
    }, "shared_without_product", "/shared/outputs"),
    bad("primary data share of a supplier", {f"{MALT}/supplier_footprint": {**SUPPLIER, "primary_data_share": 1.2}},
        "share", f"{MALT}/supplier_footprint/primary_data_share"),
    bad("rating of a supplier", {f"{MALT}/supplier_footprint": {**SUPPLIER, "dqi": {"technologicalDQR": 0.5, "geographicalDQR": 1, "temporalDQR": 2}}},
        "rating", f"{MALT}/supplier_footprint/dqi/technologicalDQR"),
    bad("supplier's figure in another unit", {f"{MALT}/supplier_footprint": {**SUPPLIER, "unit": "g/kg"}},
        "footprint_unit", f"{MALT}/supplier_footprint/unit"),
]  # fmt: skip

SHAPE = [
    bad("unknown field", {f"{MALT}/colour": "pale"}, "unknown_field", f"{MALT}/colour"),
    bad("unknown field at the top", {"/colour": 5}, "unknown_field", "/colour"),
    bad("misspelt section", {"/activities/electricty": []}, "unknown_field", "/activities/electricty"),
    bad("null", {f"{MALT}/amount": None}, "null", f"{MALT}/amount"),
    bad("null for an object", {"/product": None}, "null", "/product"),
    bad("missing field", {f"{MALT}/unit": REMOVE}, "required", f"{MALT}/unit"),
    bad("missing product", {"/product": REMOVE}, "required", "/product"),
    bad("text too long", {f"{MALT}/name": "x" * 501}, "text_length", f"{MALT}/name"),
    bad("empty text", {f"{MALT}/id": ""}, "text_length", f"{MALT}/id"),
    bad("number for a text", {f"{MALT}/role": 7}, "not_a_text", f"{MALT}/role"),
    bad("object for a list", {"/lines": {}}, "not_a_list", "/lines"),
    bad("text for a line", {"/lines/-": "malt"}, "not_an_object", "/lines/2"),
    bad("name in another language", {"/product/name": {"de": "Bier"}}, "local_text", "/product/name"),
    bad("unknown basis", {"/basis": "per_year"}, "basis", "/basis"),
    bad("unknown boundary", {"/boundary": "gate_to_gate"}, "boundary", "/boundary"),
    bad("country in lower case", {"/site/country": "cn"}, "country_code", "/site/country"),
    bad("region without country", {"/site/region": "SD"}, "region_code", "/site/region"),
    bad("5001 lines", {"/lines": [{"id": str(i), "amount": 1, "unit": "kg", "role": "malt"} for i in range(5001)]}, "too_many", "/lines"),
    raw("half a character", "/product/name", '"\\ud800"', "half_character", "", 400),
    Bad("broken JSON", b'{\n  "product": {,}\n}', 400, "not_json", "line 2, column 15"),
    Bad("two documents", PLAIN + b"{}", 400, "not_json", f"line 1, column {len(PLAIN.decode()) + 1}"),
    Bad("empty body", b"", 400, "not_json", "line 1, column 1"),
    Bad("a list", b"[]", 400, "not_an_object", ""),
    Bad("a number", b"5", 400, "not_an_object", ""),
    Bad("Latin-1", '{"note": "Bräu"}'.encode("latin-1"), 400, "not_utf8", ""),
    Bad("duplicate key", PLAIN.replace(b'{"product"', b'{"basis": "period", "product"'), 400, "duplicate_json_key", "basis"),
    Bad("10 MB", PLAIN[:-1] + b" " * 10_000_000 + b"}", 413, "too_large", ""),
    Bad("deep nesting", nested(100_000), 413, "too_deep", ""),
    Bad("text for a table", PLAIN, 415, "media_type", "", "text/plain"),
    Bad("a form", b"a=1", 415, "media_type", "", "application/x-www-form-urlencoded"),
]  # fmt: skip

TABLES = [
    table("CSV: unknown column", ",recycled_content\n", ",weight\n", "unknown_column", "row 1, column 9", 400),
    table("CSV: a column twice", ",recycled_content\n", ",amount\n", "duplicate_key", "row 1, column 9", 400),
    table("CSV: unknown section", "wastewater,,", "slops,,", "unknown_section", "row 15, column section", 400),
    table("CSV: no section column", "section,id", ",id", "no_section_column", "row 1", 400),
    table("CSV: not a number", ",11,kg", ",eleven,kg", "not_a_number", "row 10, column amount", 400),
    table("CSV: decimal comma", ',11,kg', ',"11,5",kg', "not_a_number", "row 10, column amount", 400),
    table("CSV: NaN", ",11,kg", ",NaN,kg", "not_finite", "row 10, column amount"),
    table("CSV: negative", ",11,kg", ",-11,kg", "negative", "row 10, column amount"),
    table("CSV: too many columns", "0.25,m3,,,,", "0.25,m3,,,,,x", "wrong_column_count", "row 15", 400),
    table("CSV: unknown unit", "11,kg", "11,furlong", "unknown_unit", "row 10, column unit"),
    table("CSV: wrong dimension", "11,kg", "11,kWh", "wrong_dimension", "row 10, column unit"),
    table("CSV: unknown role", "kg,malt", "kg,mallt", "unknown_role", "row 10, column role", more=("missing_role",)),
    table("CSV: unknown fuel", "natural_gas", "unobtainium", "unknown_kind", "row 13"),
    table("CSV: duplicate line id", "line,can,", "line,malt,", "duplicate_line_id", "row 11, column id"),
    table("CSV: no name", "product,name,罐装啤酒,,,,,,\n", "", "required", "/product/name"),
    table("CSV: a property twice", "site,region,CN-SD", "site,country,DE", "duplicate_key", "row 8", 400),
    table("CSV: output twice", "basis,", "output,,,5,hl\noutput,,,7,hl\nbasis,", "duplicate_key", "row 10", 400),
    table("CSV: a kind for a material", "11,kg,malt,,", "11,kg,malt,gold,", "unknown_field", "row 10, column kind"),
    table("CSV: mass without a unit", ",13 g", ",heavy", "not_a_quantity", "row 11, column unit_mass", 400),
    table("CSV: open quotes", "malt,浅色麦芽", 'malt,"浅色麦芽', "unreadable_table", "", 400),
    Bad("CSV: empty", b"", 400, "empty_table", "", "text/csv"),
    Bad("CSV: UTF-16", CANNED_CSV.encode("utf-16"), 400, "not_utf8", "", "text/csv"),
    Bad("CSV: UTF-16 without its mark", CANNED_CSV.encode("utf-16-be"), 400, "not_utf8", "", "text/csv"),
    Bad("CSV: year NaN", supplied("nan"), 422, "year", "row 10, column footprint_year", "text/csv"),
    Bad("CSV: year 2020.7", supplied("2020.7"), 422, "year", "row 10, column footprint_year", "text/csv"),
]  # fmt: skip

CASES = [*UNITS, *NUMBERS, *MEANING, *SHAPE, *TABLES]

# Known defects; strict, so that a repair takes the entry out.
DEFECTS: dict[str, str] = {}


def marked(case: Bad) -> Any:
    marks = [pytest.mark.xfail(reason=DEFECTS[case.id], strict=True)] if case.id in DEFECTS else []
    return pytest.param(case, id=case.id.replace(" ", "-"), marks=marks)


def count(http: httpx.Client) -> int:
    return int(http.get("/v1/footprints", params={"limit": 1}).json()["count"])


def refused(answer: httpx.Response, status: int, language: str) -> Json:
    """The problem details, after what every refusal must have."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Content-Language"] == language
    assert "Traceback" not in answer.text
    assert 'File "' not in answer.text
    body: Json = answer.json()
    first = body["errors"][0]
    assert body["status"] == status
    assert body["type"] == f"urn:lcaengine:problem:{first['code']}"
    assert (body["title"], body["code"], body["next_action"]) == (first["message"], first["code"], first["next_action"])
    for entry in body["errors"]:
        for text in (entry["message"], entry["next_action"]):
            assert text
            assert bool(CHINESE.search(text)) is (language == "zh"), text
    return body


def test_the_cases_differ_from_what_is_accepted_only_in_what_they_are_about(http: httpx.Client) -> None:
    accepted = [(PLAIN, "application/json"), (CANNED_CSV.encode(), "text/csv"), (supplied("2024"), "text/csv")]
    for content, media in accepted:
        before = count(http)
        assert http.post("/v1/footprints", content=content, headers={"Content-Type": media}).status_code == 201
        assert count(http) == before + 1
    assert len({case.id for case in CASES}) == len(CASES)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", [marked(case) for case in CASES])
def test_bad_input(http: httpx.Client, case: Bad, language: str) -> None:
    before = count(http)
    headers = {"Content-Type": case.media, "Accept-Language": LANGUAGES[language]}
    answer = http.post("/v1/footprints", content=case.content, headers=headers)
    body = refused(answer, case.status, language)
    found = {(entry["code"], entry["pointer"]): entry for entry in body["errors"]}
    assert (case.code, case.where) in found
    assert sorted(e["code"] for e in body["errors"]) == sorted([case.code, *case.more])
    if case.candidates:
        shown = found[case.code, case.where]
        assert case.candidates in [c["code"] for c in shown["candidates"]]
        assert case.candidates in shown["message"]
    assert count(http) == before


def test_every_problem_is_named_at_once(http: httpx.Client) -> None:
    changes = {
        f"{MALT}/unit": "furlong",
        f"{CAN}/unit_mass/unit": "L",
        "/period": {"start": "2025-02-01", "end": "2025-01-01"},
    }
    body = refused(http.post("/v1/footprints", json=canned(changes)), 422, "en")
    assert {e["pointer"] for e in body["errors"]} == {f"{MALT}/unit", f"{CAN}/unit_mass/unit", "/period/end"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("method", "path"), [("DELETE", "/v1/footprints"), ("PUT", "/v1/rules"), ("POST", "/v1/processes")]
)
def test_wrong_method(http: httpx.Client, method: str, path: str, language: str) -> None:
    answer = http.request(method, path, headers={"Accept-Language": LANGUAGES[language]})
    body = refused(answer, 405, language)
    assert body["code"] == "bad_method"
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [("zh", "zh"), ("zh-Hans-CN", "zh"), ("zh-TW", "zh"), ("de, zh;q=0.5", "zh"), ("en;q=0.5, zh;q=0.9", "zh"),
     ("en-US", "en"), ("de", "en"), ("*", "en"), ("", "en"), ("zh;q=0.1, en;q=0.9", "en")],
)  # fmt: skip
def test_the_language_is_the_readers(http: httpx.Client, accepted: str, language: str) -> None:
    refused(
        http.post(
            "/v1/footprints", content=b"", headers={"Content-Type": "application/json", "Accept-Language": accepted}
        ),
        400,
        language,
    )


# -- what is accepted with a word of caution


@pytest.mark.parametrize(
    ("changes", "code", "where"),
    [
        ({"/activities/electricity/0/supply": "certificate_wind"}, "certificate_without_evidence", "/activities/electricity/0"),
        ({"/parameters/distribution_road": 9000}, "parameter_out_of_range", "/parameters/distribution_road"),
        ({f"{MALT}/process": "hop-pellets"}, "unusual_process", f"{MALT}/process"),
        ({f"{MALT}/amount": 17}, "guardrail", ""),
        ({f"{MALT}/supplier_footprint": {**SUPPLIER, "gwp": "AR5"}}, "supplier_gwp", f"{MALT}/supplier_footprint/gwp"),
        ({f"{MALT}/supplier_footprint": {**SUPPLIER, "boundary": "cradle to grave"}},
         "supplier_boundary", f"{MALT}/supplier_footprint/boundary"),
    ],
    ids=["certificate", "parameter", "process", "guardrail", "gwp", "boundary"],
)  # fmt: skip
def test_a_warning_is_not_an_error(http: httpx.Client, changes: Json, code: str, where: str) -> None:
    answer = http.post("/v1/footprints", json=canned(changes))
    assert answer.status_code == 201, answer.text
    warning = next(w for w in answer.json()["warnings"] if w["code"] == code)
    assert warning["pointer"] == where
    assert CHINESE.search(warning["message"]["zh"])
    assert not CHINESE.search(warning["message"]["en"])


def test_a_certificate_needs_evidence_to_count(http: httpx.Client) -> None:
    def market(**changes: str) -> float:
        row = {"amount": 8, "unit": "kWh", **changes}
        body = http.post("/v1/footprints", json=canned({"/activities/electricity/0": row})).json()
        assert body["electricity"]["location_based"] == body["total"]["value"]
        return float(body["electricity"]["market_based"])

    grid, claimed = market(), market(supply="certificate_wind")
    assert claimed == grid
    assert market(supply="certificate_wind", evidence="GEC-2025-0001") < 0.98 * grid


# -- rules of one's own that have no solution


@pytest.fixture(scope="module")
def loops(release: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with two more rules: brewing that needs as much beer as it makes, and twice as much."""
    rules, work = tmp_path_factory.mktemp("rules"), tmp_path_factory.mktemp("loops")
    beer = (folder("product_rules") / "beer" / "1.0.0" / "rule.yaml").read_text(encoding="utf-8")
    for name, factor in (("loop-one", "1"), ("loop-two", "2")):
        text = beer.replace("id: beer\n", f"id: {name}\n", 1).replace(
            "categories: [beer, 啤酒]", f"categories: [{name}]"
        )
        text = text.replace(
            "{id: brewing, rule_id: BEER-12, ",
            f"{{id: brewing, inputs: [{{process: brewing, amount: {factor}*declared}}], rule_id: BEER-12, ",
        )
        assert f"inputs: [{{process: brewing, amount: {factor}*declared}}]" in text
        (rules / name / "1.0.0").mkdir(parents=True)
        (rules / name / "1.0.0" / "rule.yaml").write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCAENGINE_RULES", str(rules) + os.pathsep + str(work / "nothing"))
        with running_server(work) as address, httpx.Client(base_url=address, timeout=60) as client:
            yield client


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("category", ["loop-one", "loop-two"])
def test_a_loop_without_a_solution(loops: httpx.Client, category: str, language: str) -> None:
    headers = {"Accept-Language": LANGUAGES[language]}
    answer = loops.post("/v1/footprints", json=canned({"/product/category": category}), headers=headers)
    body = refused(answer, 422, language)
    assert [e["code"] for e in body["errors"]] == ["no_solution"]
    assert count(loops) == 0


def test_rules_of_ones_own_are_listed_beside_ours(loops: httpx.Client) -> None:
    listed = [r["id"] for r in loops.get("/v1/rules").json()["items"]]
    assert {"beer", "loop-one", "loop-two"} <= set(listed)
    assert listed == sorted(listed)


def test_a_rule_of_ones_own_does_not_change_ours(loops: httpx.Client, http: httpx.Client, tmp_path: Path) -> None:
    ours, theirs = (client.post("/v1/footprints", json=canned()).json() for client in (http, loops))
    assert ours["total"] == theirs["total"]
