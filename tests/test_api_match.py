"""What the lines of a bill of materials mean: POST /v1/boms/match and ``footprint --match``, over a real socket."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from boms import CANNED_CSV, CANNED_CSV_ZH, as_bytes, canned, written
from click.testing import CliRunner, Result

from lcaengine.cli import main

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv; charset=utf-8"}
MALT = {"id": "named", "name": "浅色麦芽 25kg", "amount": 1, "unit": "kg"}
OPEN = {"id": "open", "name": "麦芽粉碎料", "amount": 1, "unit": "kg"}


def bill(changes: Json | None = None) -> Json:
    """Canned lager with two more lines: the one bears the name of a process, the other of none."""
    document = canned()
    document["lines"] += [dict(MALT), dict(OPEN)]
    for key, value in (changes or {}).items():
        document["product"][key] = value
    return document


BILL_CSV = CANNED_CSV + "line,named,浅色麦芽 25kg,1,kg,,,,\nline,open,麦芽粉碎料,1,kg,,,,\n"
BILL_CSV_ZH = CANNED_CSV_ZH + "物料,named,浅色麦芽 25kg,1,公斤,,,,\n物料,open,麦芽粉碎料,1,公斤,,,,\n"


def matched(http: httpx.Client, content: bytes, headers: dict[str, str] = JSON, **query: Any) -> Json:
    answer = http.post("/v1/boms/match", content=content, headers=headers, params=query or None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    body: Json = answer.json()
    return body


def by_line(body: Json) -> dict[str, Json]:
    return {line["line"]: line for line in body["lines"]}


def test_lines_are_given_taken_or_open(http: httpx.Client) -> None:
    body = matched(http, as_bytes(bill()))
    assert (body["rule"]["id"], body["background"]["name"]) == ("beer", "embedded")
    lines = by_line(body)
    assert list(lines) == ["malt", "can", "named", "open"]
    assert lines["malt"]["given"] == {"by": "role", "role": "malt", "processes": ["malt-pale-cn"]}
    assert lines["can"]["given"]["processes"] == ["aluminium-can-cn", "aluminium-can-recycled-cn"]
    named = lines["named"]
    assert (named["given"], named["matched_by"], named["where"]) == (None, "synonym", "/lines/2")
    assert named["taken"]["code"] == "malt-pale-cn"
    assert named["taken"]["name"]["zh"] == "麦芽（浅色，国产大麦）"
    assert named["taken"]["matched"] == {"by": "synonym", "text": "浅色麦芽"}
    assert named["taken"]["roles"] == ["malt"]
    assert named["taken"] in named["candidates"]
    assert (lines["open"]["taken"], lines["open"]["matched_by"]) == (None, None)
    assert len(lines["open"]["candidates"]) == 5
    for line in body["lines"]:
        scores = [candidate["score"] for candidate in line["candidates"]]
        assert scores == sorted(scores, reverse=True)
        # site Shandong, rule beer: place and role are known of every line, a customs code of none
        assert all(candidate["reasons"].keys() == {"name", "role", "place", "year"} for candidate in line["candidates"])


def test_what_is_matched_is_what_is_calculated(http: httpx.Client) -> None:
    document = bill()
    refused = http.post("/v1/footprints", content=as_bytes(document), headers=JSON)
    (error,) = refused.json()["errors"]
    assert (error["code"], error["pointer"]) == ("line_unmatched", "/lines/3")
    lines = by_line(matched(http, as_bytes(document)))
    document["lines"][3]["process"] = lines["open"]["candidates"][0]["code"]
    answer = http.post("/v1/footprints", content=as_bytes(document), headers=JSON)
    assert answer.status_code == 201, answer.text
    shown = {line["line"]: line for line in answer.json()["lines"]}
    assert shown["named"]["matched_by"] == "synonym"
    assert shown["open"]["matched_by"] == "process"


@pytest.mark.parametrize("table", [BILL_CSV, BILL_CSV_ZH], ids=["en", "zh"])
def test_a_table_gives_what_json_gives(http: httpx.Client, table: str) -> None:
    from_csv, from_json = matched(http, table.encode(), CSV), matched(http, as_bytes(bill()))
    for body in (from_csv, from_json):
        for line in body["lines"]:
            del line["where"]  # the row, the pointer
    assert from_csv == from_json


def test_a_category_without_a_rule_is_matched_without_one(http: httpx.Client) -> None:
    body = matched(http, as_bytes(bill({"category": "umbrella"})))
    assert body["rule"] is None
    lines = by_line(body)
    assert [line["given"] for line in lines.values()] == [None] * 4
    assert lines["malt"]["taken"]["code"] == lines["named"]["taken"]["code"] == "malt-pale-cn"
    assert all("role" not in c["reasons"] and c["roles"] == [] for line in lines.values() for c in line["candidates"])
    assert http.post("/v1/footprints", content=as_bytes(bill({"category": "umbrella"})), headers=JSON).is_error


def test_a_customs_code_and_an_origin_are_reasons(http: httpx.Client) -> None:
    document = bill()
    document["lines"][3] |= {"cn_code": "1107100000", "origin": "AU"}
    (line,) = [entry for entry in matched(http, as_bytes(document))["lines"] if entry["line"] == "open"]
    reasons = {c["code"]: c["reasons"] for c in line["candidates"]}
    assert reasons["malt-pale-cn"]["code"] == 1  # 110710: malt, not roasted
    assert reasons["malt-pale-cn"]["place"] == 0  # another country
    assert all(r.keys() == {"name", "code", "role", "place", "year"} for r in reasons.values())


def test_nothing_is_stored(http: httpx.Client) -> None:
    before = http.get("/v1/footprints", params={"limit": 1}).json()["count"]
    matched(http, as_bytes(bill()))
    assert http.get("/v1/footprints", params={"limit": 1}).json()["count"] == before


# -- limits


@pytest.mark.parametrize("limit", [1, 3, 20])
def test_the_limit_is_that_of_the_candidates_of_a_line(http: httpx.Client, limit: int) -> None:
    document = bill()
    document["lines"][3]["name"] = "外购电力 某厂"  # the grids of provinces and countries alone are more than twenty
    lines = by_line(matched(http, as_bytes(document), limit=limit))
    assert len(lines) == 4
    assert len(lines["open"]["candidates"]) == limit
    assert lines["named"]["taken"]["code"] == "malt-pale-cn"


@pytest.mark.parametrize("limit", ["0", "21", "-1", "x", "1.5", ""])
def test_a_limit_outside_1_to_20_is_refused(http: httpx.Client, limit: str) -> None:
    answer = http.post("/v1/boms/match", params={"limit": limit}, content=as_bytes(bill()), headers=JSON)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"


# -- bad input

CHINESE = re.compile("[一-鿿]")


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"", JSON, 400, None),
        (b"{", JSON, 400, None),
        (b"[]", JSON, 400, None),
        (b"{}", JSON, 422, "required"),
        (b"\xff\xfe", JSON, 400, None),
        (b"", CSV, 400, None),
        (b"a,b\n1,2\n", CSV, 400, "unknown_column"),
        (as_bytes(canned()), {"Content-Type": "text/plain"}, 415, "media_type"),
        (as_bytes(canned({"/lines/0/unit": "kgs2"})), JSON, 422, "unknown_unit"),
        (as_bytes(canned({"/lines/0/cas": "7647"})), JSON, 422, "cas_number"),
        (as_bytes(canned({"/lines/0/amount": -1})), JSON, 422, None),
        (as_bytes(canned({"/lines/0/colour": "red"})), JSON, 422, None),
        (written("/lines/0/amount", "NaN"), JSON, 422, None),
    ],
)  # fmt: skip
def test_bad_input_is_answered_as_a_problem_in_both_languages(
    http: httpx.Client, content: bytes, headers: dict[str, str], status: int, code: str | None
) -> None:
    answers = {
        language: http.post("/v1/boms/match", content=content, headers={**headers, "Accept-Language": language})
        for language in ("zh", "en")
    }
    for language, answer in answers.items():
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        body = answer.json()
        assert body["status"] == answer.status_code
        assert body["instance"] == "/v1/boms/match"
        assert code is None or code in {error["code"] for error in body["errors"]}
        assert body["errors"]
        for error in body["errors"]:
            assert error["message"]
            assert error["next_action"]
            assert bool(CHINESE.search(error["next_action"])) == (language == "zh")
    codes = [[error["code"] for error in answer.json()["errors"]] for answer in answers.values()]
    assert codes[0] == codes[1]


def test_ten_megabytes_are_too_many(http: httpx.Client) -> None:
    answer = http.post("/v1/boms/match", content=as_bytes(bill()) + b" " * 10_000_000, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(("method", "status"), [("GET", 404), ("PUT", 405), ("DELETE", 405)])
def test_only_posting_matches(http: httpx.Client, method: str, status: int) -> None:
    """``GET`` asks for a kept bill of that id."""
    assert http.request(method, "/v1/boms/match").status_code == status


@pytest.mark.parametrize(
    "name", ["", "   ", "0.8mm", "%' OR 1=1 --", '"NEAR("', "😀", "[/red]", "铝" * 3000, "a-" * 3000]
)
def test_odd_names_are_matched_to_nothing_or_something_but_never_fail(http: httpx.Client, name: str) -> None:
    document = bill()
    document["lines"][3]["name"] = name
    answer = http.post("/v1/boms/match", content=as_bytes(document), headers=JSON)
    assert answer.status_code in (200, 422), answer.text
    if answer.status_code == 200:
        assert by_line(answer.json())["open"]["taken"] is None


# -- the command line


def run(path: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["footprint", str(path), "--match", *arguments], env={"COLUMNS": "200"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bill.json"
    path.write_bytes(as_bytes(bill()))
    return path


@pytest.mark.parametrize(
    ("language", "here", "not_here"),
    [
        ("zh", ["含义", "请选择", "同义词", "角色", "麦芽（浅色，国产大麦）"], ["please choose", "synonym"]),
        ("en", ["Means", "please choose", "synonym", "role", "Pale malt from Chinese barley"], ["请选择", "同义词"]),
    ],
)
def test_match_shows_every_line_in_both_languages(
    file: Path, language: str, here: list[str], not_here: list[str]
) -> None:
    result = run(file, "--lang", language)
    assert result.exit_code == 0, result.output
    for text in (*here, "浅色麦芽 25kg", "麦芽粉碎料", "malt-pale-cn", "aluminium-can-recycled-cn"):
        assert text in result.stdout
    assert not [text for text in not_here if text in result.stdout]


def test_match_prints_what_the_api_answers(http: httpx.Client, file: Path) -> None:
    result = run(file, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout) == matched(http, as_bytes(bill()))


def test_match_reads_tables(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    path.write_text(BILL_CSV_ZH, encoding="utf-8")
    result = run(path, "--lang", "en")
    assert result.exit_code == 0, result.output
    assert "please choose" in result.stdout


def test_names_with_brackets_are_shown_as_they_are(tmp_path: Path) -> None:
    path, document = tmp_path / "bill.json", bill()
    document["lines"][2]["name"] = "[/red] qqq [bold]"
    document["lines"][3] |= {"name": "[/] zzz", "process": "malt-pale-cn"}
    path.write_bytes(as_bytes(document))
    result = run(path)
    assert result.exit_code == 0, result.output
    assert "[/red] qqq [bold]" in result.stdout
    assert "[/] zzz" in result.stdout


@pytest.mark.parametrize(("language", "text"), [("zh", "下一步"), ("en", "Next")])
def test_match_of_a_bad_bill_says_what_to_do(tmp_path: Path, language: str, text: str) -> None:
    path = tmp_path / "bill.json"
    path.write_bytes(as_bytes(canned({"/lines/0/unit": "kgs2"})))
    result = run(path, "--lang", language)
    assert result.exit_code == 2
    assert text in result.stderr
    assert "/lines/0/unit" in result.stderr
    assert not result.stdout
