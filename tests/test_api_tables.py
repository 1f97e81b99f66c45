"""Answers as CSV and XLSX, read back by other programs; formulas, cut lists, and what cannot be given. ETags."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import httpx
import pytest
from lcaengine.api import create_app
from openpyxl import load_workbook

from lcaengine.background import Release
from lcaengine.sheets import XLSX
from lcaengine.sheets.table import Column, Filled, Table, as_csv, as_xlsx
from lcaengine.store import Store, open_store

Json = dict[str, Any]
BEER = Path("inventories/beer/craft-one-way-glass.json")


@pytest.fixture(scope="module")
def footprint(http: httpx.Client) -> Json:
    answer = http.post("/v1/footprints", content=BEER.read_bytes(), headers={"Content-Type": "application/json"})
    body: Json = answer.json()
    return body


def rows(answer: httpx.Response) -> list[dict[str, str]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline="")))


def cells(data: bytes, title: str = "") -> list[list[Any]]:
    book = load_workbook(io.BytesIO(data))
    tab = book[title] if title else book.worksheets[0]
    return [[c.value for c in row] for row in tab.iter_rows()]


def test_the_lines_of_a_footprint_as_csv(http: httpx.Client, footprint: Json) -> None:
    found = rows(http.get(footprint["links"]["self"], headers={"Accept": "text/csv", "Accept-Language": "en"}))
    assert [row["Id"] for row in found] == [line["line"] for line in footprint["lines"]]
    assert [float(row["Contribution (kg CO2e)"]) for row in found] == [line["value"] for line in footprint["lines"]]
    assert sum(float(row["Contribution (kg CO2e)"]) for row in found) == pytest.approx(
        footprint["total"]["value"], rel=1e-9
    )
    assert {row["Status of the data"] for row in found} >= {"estimate", "published"}


@pytest.mark.parametrize(
    ("language", "header", "name"),
    [
        ("zh-CN", "过程", "麦芽（浅色，进口大麦）"),
        ("en", "Process name", "Pale malt made in China from imported barley"),
        ("*", "过程 Process name", "麦芽（浅色，进口大麦） / Pale malt made in China from imported barley"),
    ],
)
def test_headers_and_names_in_the_language_of_the_reader(
    http: httpx.Client, footprint: Json, language: str, header: str, name: str
) -> None:
    answer = http.get(footprint["links"]["self"], headers={"Accept": "text/csv", "Accept-Language": language})
    assert rows(answer)[0][header] == name
    assert {"Accept", "Accept-Language"} <= {v.strip() for v in answer.headers["Vary"].split(",")}


def test_a_footprint_as_a_workbook(http: httpx.Client, footprint: Json) -> None:
    answer = http.get(footprint["links"]["self"], headers={"Accept": XLSX, "Accept-Language": "en"})
    assert answer.headers["Content-Type"] == XLSX
    assert 'filename="footprint-lines.xlsx"' in answer.headers["Content-Disposition"]
    book = load_workbook(io.BytesIO(answer.content))
    assert book.sheetnames == ["Lines", "Stages", "Indicators", "Gases", "Assumptions"]
    found = cells(answer.content, "Stages")
    assert found[4] == ["Id", "Stage", "Contribution (kg CO2e)", "Share"]
    assert [row[2] for row in found[5:]] == [s["value"] for s in footprint["stages"]]  # numbers, unrounded
    lines = book["Lines"]
    head = next(row for row in range(1, 10) if lines.cell(row, 1).value == "Id")
    assert lines.freeze_panes == f"B{head + 1}"
    notes = " ".join(str(lines.cell(row, 1).value) for row in range(1, head))
    assert "depends on estimates" in notes
    assert "174.746 kg CO2e / 1 hl" in notes


def test_hotspots_tree_and_explanation_as_tables(http: httpx.Client, footprint: Json) -> None:
    english = {"Accept": "text/csv", "Accept-Language": "en"}
    ranked = rows(http.get(footprint["links"]["hotspots"], params={"limit": 3}, headers=english))
    by_kind = {kind: [r for r in ranked if r["Kind"] == kind] for kind in ("line", "stage", "process")}
    for found in by_kind.values():  # the rest is a row: the column adds up
        assert sum(float(r["Contribution (kg CO2e)"]) for r in found) == pytest.approx(footprint["total"]["value"])
    assert by_kind["line"][-1]["Name"] == "others (27)"
    nodes = rows(http.get(footprint["links"]["tree"], headers=english))
    assert (nodes[0]["Parent"], nodes[0]["Branch (kg CO2e)"]) == ("", str(footprint["total"]["value"]))
    body = http.get(footprint["links"]["explanation"]).json()
    decided = rows(http.get(footprint["links"]["explanation"], headers=english))
    assert len(decided) == sum(len(line["decisions"]) for line in body["lines"])
    parameters = rows(http.get(footprint["links"]["explanation"], params={"table": "parameters"}, headers=english))
    assert len(parameters) == len(body["given"]) + len(body["assumed"])
    both = http.get(footprint["links"]["explanation"], headers={**english, "Accept": XLSX})
    assert load_workbook(io.BytesIO(both.content)).sheetnames == ["Decisions", "Parameters"]


LISTS = [
    "/v1/footprints", "/v1/statements", "/v1/evidence", "/v1/rules", "/v1/processes?q=铝", "/v1/cbam/goods?q=7318",
    "/v1/cbam/screenings", "/v1/cbam/installations", "/v1/cbam/answers", "/v1/cbam/reports",
]  # fmt: skip


@pytest.mark.parametrize("path", LISTS)
def test_every_list_is_a_table_of_all_that_is_found(http: httpx.Client, footprint: Json, path: str) -> None:
    whole = http.get(path + ("&" if "?" in path else "?") + "limit=1").json()
    assert len(rows(http.get(path, headers={"Accept": "text/csv"}))) == whole["count"]
    assert len(cells(http.get(path, headers={"Accept": XLSX}).content)) == whole["count"] + 2


@pytest.mark.parametrize(
    "path", [*LISTS, "/v1/cbam/defaults?cn_code=72083600&country=CN", "footprint", "hotspots", "tree"]
)
@pytest.mark.parametrize("accept", ["application/pdf", "image/*;q=0.9", "text/html"])
def test_another_form_is_not_acceptable(http: httpx.Client, footprint: Json, path: str, accept: str) -> None:
    path = footprint["links"].get({"footprint": "self"}.get(path, path), path)
    answer = http.get(path, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["Content-Type"]) == (406, "application/problem+json")
    assert "text/csv" in answer.json()["detail"]


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "application/json, text/csv;q=0.5", "text/html, */*;q=0.1", None]
)
def test_json_is_what_is_given_otherwise(http: httpx.Client, accept: str | None) -> None:
    request = http.build_request("GET", "/v1/rules")
    del request.headers["Accept"]
    if accept:
        request.headers["Accept"] = accept
    answer = http.send(request)
    assert answer.headers["Content-Type"] == "application/json"
    assert "Accept" in answer.headers["Vary"]


def test_matches_and_default_values(http: httpx.Client) -> None:
    posted = {
        "content": BEER.read_bytes(),
        "headers": {"Content-Type": "application/json", "Accept": "text/csv", "Accept-Language": "en"},
    }
    found = rows(http.post("/v1/boms/match?limit=2", **posted))  # type: ignore[arg-type]
    assert [r["Candidate"] for r in found[:3]] == ["1", "2", "1"]
    years = rows(
        http.get(
            "/v1/cbam/defaults?cn_code=72083600&country=CN", headers={"Accept": "text/csv", "Accept-Language": "en"}
        )
    )
    assert [r["Year"] for r in years] == [str(y) for y in range(2026, 2035)]
    assert float(years[0]["Emissions with mark-up (t CO2e/t)"]) == 3.5057  # 3.187 + 10 %
    assert years[0]["Law in force"] == "yes"


EVIL = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", '=HYPERLINK("http://x.invalid")', 'a,b"c\nd', "\x01", "_x0041_"]


def test_no_text_becomes_a_formula() -> None:
    table = Table("t", "表", "Table", (Column("a", "甲", "A"), Column("n", "数", "N")))
    filled = Filled(table, [{"a": text, "n": -1.5} for text in EVIL])
    read = list(csv.reader(io.StringIO(as_csv(filled, ("en",)).decode("utf-8-sig"), newline="")))
    assert [row[0] for row in read[1:]] == ["'" + t if t[0] in "=+-@\t\r" else t for t in EVIL]
    assert {row[1] for row in read[1:]} == {"-1.5"}  # a number is one
    tab = load_workbook(io.BytesIO(as_xlsx([filled], ("en",)))).worksheets[0]
    for row, text in enumerate(EVIL, start=3):
        cell = tab.cell(row, 1)
        assert cell.data_type == "s"
        assert cell.quotePrefix == (text[0] in "=+-@\t")  # a control character does not get into a cell
        assert (tab.cell(row, 2).value, tab.cell(row, 2).data_type) == (-1.5, "n")


def test_a_list_that_is_too_long_says_so(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lcaengine.api.paging.MOST_ROWS", 5)
    monkeypatch.setattr("lcaengine.api.paging.STEP", 2)
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    made = [_kept(store) for _ in range(7)][::-1]
    client = create_app(release, store).test_client()
    first = client.get("/v1/footprints?category=beer", headers={"Accept": "text/csv", "Accept-Language": "en"})
    assert 'filename="footprints-5-of-7.csv"' in first.headers["Content-Disposition"]
    following = first.headers["Link"].split(">")[0].lstrip("<")
    last = client.get(following, headers={"Accept": "text/csv", "Accept-Language": "en"})
    assert "Link" not in last.headers
    ids = [r["Id"] for a in (first, last) for r in csv.DictReader(io.StringIO(a.data.decode("utf-8-sig"), newline=""))]
    assert ids == made
    workbook = client.get("/v1/footprints", headers={"Accept": XLSX, "Accept-Language": "en"})
    assert str(cells(workbook.data)[1][0]).startswith("5 of 7 rows")
    store.engine.dispose()


def _kept(store: Store) -> str:
    body = {
        "product": {"category": "beer", "name": {"zh": "=1+1", "en": "=1+1"}}, "total": {"value": 1.0, "unit": "kg CO2e"},
        "rule": {"version": "1", "sha256": "x"}, "background": {"id": "y"}, "declared_unit": {}, "boundary": "",
    }  # fmt: skip
    return store.add("local", {}, body).id


# -- ETags


def test_a_record_is_sent_once(http: httpx.Client, footprint: Json) -> None:
    own = [footprint["links"][name] for name in ("self", "hotspots", "tree", "explanation")]
    for path in (*own, "/v1/processes/electricity-cn"):
        first = http.get(path)
        etag = first.headers["ETag"]
        assert not etag.startswith("W/")
        again = http.get(path, headers={"If-None-Match": f'"other", {etag}'})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", etag)
        assert http.get(path, headers={"If-None-Match": '"other"'}).content == first.content
    as_csv = http.get(footprint["links"]["self"], headers={"Accept": "text/csv"})
    assert as_csv.headers["ETag"] != http.get(footprint["links"]["self"]).headers["ETag"]


def test_a_statement_is_revoked_only_by_who_has_seen_it(http: httpx.Client, footprint: Json) -> None:
    order = {"footprint": footprint["id"], "customer": "Example GmbH", "cbam": {"on": "2026-06-30"}}
    posted = http.post("/v1/statements", json=order)
    assert posted.status_code == 201, posted.text
    links, seen = posted.json()["links"], posted.headers["ETag"]
    assert http.get(links["self"]).headers["ETag"] == seen
    why = {"reason": "wrong"}
    assert http.post(links["revoke"], json=why).status_code == 428
    assert http.post(links["revoke"], json=why, headers={"If-Match": '"other"'}).status_code == 412
    assert http.get(links["self"], headers={"If-None-Match": seen}).status_code == 304  # nothing has changed
    revoked = http.post(links["revoke"], json=why, headers={"If-Match": seen})
    assert (revoked.status_code, revoked.json()["status"]) == (200, "revoked")
    assert revoked.headers["ETag"] != seen
    assert http.get(links["self"]).headers["ETag"] == revoked.headers["ETag"]
    assert http.get(links["self"], headers={"If-None-Match": seen}).status_code == 200
