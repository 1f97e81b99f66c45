"""CBAM over HTTP: a real server, a real socket; OpenAPI, records, paging and errors are tested with all others in test_api."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from boms import as_bytes, canned
from cbam_installations import changed, installation, tonnes, wire

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}
XLSX = {"Content-Type": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
NOBODY = "00000000-0000-4000-8000-000000000000"


def posted(http: httpx.Client, path: str, document: Json, **query: Any) -> Json:
    answer = http.post(path, content=json.dumps(document), headers=JSON, params=query)
    assert answer.status_code == 201, answer.text
    body: Json = answer.json()
    assert http.get(answer.headers["Location"]).json() == body
    assert answer.headers["Location"].endswith(body["links"]["self"])
    return body


def screws() -> Json:
    """A kilogram of screws from 1.1 kg of wire rod."""
    return {
        "product": {"name": {"zh": "螺钉", "en": "Screws"}, "category": "fastener", "hs_code": "73181588",
                    "declared_unit": {"amount": 1, "unit": "kg"}},
        "site": {"country": "CN"}, "basis": "declared_unit",
        "lines": [{"id": "rod", "name": "盘条", "amount": 1.1, "unit": "kg", "process": "steel-wire-rod-cn", "cn_code": "72139149",
                   "origin": "CN", "mass_basis": "gross"}],
    }  # fmt: skip


def test_a_screening_is_kept_and_listed(http: httpx.Client) -> None:
    body = posted(
        http, "/v1/cbam/screenings", canned({"/product/hs_code": "22030010"}), on="2026-11-01", annual_mass=60
    )
    assert body["obligation_today"] is False
    assert body["on"] == "2026-11-01"
    assert body["threshold"]["annual_mass"] == {"amount": 60.0, "unit": "t"}
    listed = http.get("/v1/cbam/screenings", params={"limit": 1}).json()
    assert listed["items"][0]["id"] == body["id"]
    assert listed["items"][0]["answer"] == body["answer"]


def test_an_installation_is_calculated_kept_and_listed(http: httpx.Client) -> None:
    body = posted(http, "/v1/cbam/installations", installation())
    assert body["goods"][0]["see"]["declarable"]["total"] == {"exact": pytest.approx(2.4), "reported": 2.4}
    assert body["template"] is None
    assert http.get("/v1/cbam/installations").json()["items"][0]["id"] == body["id"]


def test_an_installation_as_our_workbook_gives_the_same(http: httpx.Client) -> None:
    from lcaengine.cbam.workbook import write_workbook

    answer = http.post("/v1/cbam/installations", content=write_workbook(installation(), "en"), headers=XLSX)
    assert answer.status_code == 201, answer.text
    assert answer.json()["goods"] == posted(http, "/v1/cbam/installations", installation())["goods"]


def test_a_problem_in_a_workbook_names_its_cell_in_the_readers_language(http: httpx.Client) -> None:
    from lcaengine.cbam.workbook import write_workbook

    book = write_workbook(changed(installation(), "/precursors/0/cn_code", "72044100"), "zh")
    answer = http.post("/v1/cbam/installations", content=book, headers={**XLSX, "Accept-Language": "zh"})
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["code"] == "cbam_not_annex_i"
    assert "!" in error["pointer"]
    assert "/precursors/0/cn_code" in error["pointer"]
    assert "附件一" in error["message"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_empty_workbook_is_downloaded(http: httpx.Client, lang: str) -> None:
    answer = http.get("/v1/cbam/workbook", params={"lang": lang})
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == XLSX["Content-Type"]
    assert answer.content[:2] == b"PK"
    again = http.post("/v1/cbam/installations", content=answer.content, headers=XLSX)
    assert again.status_code in {400, 422}
    assert again.json()["errors"]


def test_an_answer_takes_the_see_of_a_stored_installation(http: httpx.Client) -> None:
    """By hand: SEE 2.4, column A of 7318 15 0.038 and 1.1 t of rod whose supplier's SEFA is 1.0, in 2026 at 75.28 EUR."""
    document = installation(precursors=[wire(free_allocation={"amount": 1.0, "unit": "t CO2e/t"})])
    document["verification"] = {"verifier": "V", "report": "R-2", "start": "2026-01-01", "end": "2026-12-31"}
    kept = posted(http, "/v1/cbam/installations", document)
    body = posted(http, "/v1/cbam/answers", screws(), installation=kept["id"], on="2026-06-30", quarter="2026-Q2")
    actual = body["goods"]["actual"]
    sefa = 0.975 * 0.038 + 1.1 * 1.0
    assert actual["free_allocation"] == pytest.approx(sefa)
    assert actual["certificates_per_t"] == pytest.approx(2.4 - sefa)
    assert actual["eur_per_t"] == pytest.approx((2.4 - sefa) * 75.28)
    assert actual["declarable"] is True
    # default: 6.375 t/t with 10 %, column B of carbon steel by route C 1.364
    default = 6.375 * 1.1 - 0.975 * 1.364
    assert body["goods"]["default"]["by_year"][0]["certificates_per_t"] == pytest.approx(default)
    assert body["goods"]["saving"]["certificates_per_t"] == pytest.approx(default - (2.4 - sefa))
    assert body["goods"]["saving"]["condition"] is None
    assert http.get("/v1/cbam/answers").json()["items"][0]["id"] == body["id"]


def test_an_answer_keeps_lines_hypothetical_and_beside_their_pcf(http: httpx.Client) -> None:
    body = posted(http, "/v1/cbam/answers", screws(), on="2026-06-30", quarter="2026-Q2")
    (line,) = body["lines"]
    assert line["obligation"]["owed"] == 0
    assert line["mass_per_declared_unit"] == {"value": pytest.approx(0.0011), "unit": "t"}
    assert line["see"]["best"] == pytest.approx(3.169 * 1.1)  # 7213 of China, 2025/2621 Annex I, + 10 %
    assert line["pcf"]["source"] == "process"
    assert line["pcf"]["value"] == pytest.approx(line["pcf"]["per_tonne"] * 1.1)
    assert line["if_imported_under_its_own_code"]["hypothetical"] is True
    assert "total" not in body
    assert len(body["difference"]) >= 3


def test_defaults_are_answered_by_year(http: httpx.Client) -> None:
    query = {"cn_code": "7208 36 00", "country": "CN", "quarter": "2026-Q1", "mass": 100}
    body = http.get("/v1/cbam/defaults", params=query).json()
    by_year = {row["year"]: row for row in body["by_year"]}
    assert by_year[2026]["eur_per_t"] == pytest.approx(163.53, abs=0.005)
    assert by_year[2034]["certificates_per_t"] == pytest.approx(4.1431)
    assert by_year[2026]["total"]["certificates"] == pytest.approx(216.995)
    assert body["proposals"] is None
    assert http.get("/v1/cbam/defaults", params={**query, "proposals": "true"}).json()["proposals"]["law"] is False


def test_goods_are_found_by_code_and_by_chinese_words(http: httpx.Client) -> None:
    found = http.get("/v1/cbam/goods", params={"q": "7318 15", "limit": 200}).json()
    assert found["count"] == len(found["items"]) > 5
    assert all(g["cn_code"].startswith("731815") for g in found["items"])
    assert http.get("/v1/cbam/goods").json()["count"] >= 569
    assert http.get("/v1/cbam/goods", params={"q": "螺钉"}).json()["count"] > 0


@pytest.mark.parametrize(
    ("path", "content", "headers", "status", "code"),
    [
        ("installations", b"{", JSON, 400, "not_json"),
        ("installations", b"{}", {"Content-Type": "text/csv"}, 415, "media_type"),
        ("installations", b"PK\x03\x04", XLSX, 400, None),
        ("installations", json.dumps(installation(precursors=[wire(country=None)])).encode(), JSON, 422, "cbam_origin"),
        ("screenings", as_bytes(canned({"/lines/0/cn_code": "99"})), JSON, 422, None),
        ("answers?installation=" + NOBODY, json.dumps(screws()).encode(), JSON, 404, "cbam_unknown_record"),
        ("answers?quarter=2026", json.dumps(screws()).encode(), JSON, 422, "bad_query"),
        ("answers", json.dumps(screws() | {"gwp": 1}).encode(), JSON, 422, "unknown_field"),
    ],
)  # fmt: skip
def test_bad_input_is_a_problem_with_a_code(
    http: httpx.Client, path: str, content: bytes, headers: Json, status: int, code: str | None
) -> None:
    before = {kind: http.get(f"/v1/cbam/{kind}").json()["count"] for kind in ("installations", "screenings", "answers")}
    answer = http.post("/v1/cbam/" + path, content=content, headers=headers)
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert code is None or body["code"] == code
    assert body["next_action"]
    assert before == {kind: http.get(f"/v1/cbam/{kind}").json()["count"] for kind in before}


@pytest.mark.parametrize("kind", ["installations", "screenings", "answers"])
def test_what_is_not_there(http: httpx.Client, kind: str) -> None:
    answer = http.get(f"/v1/cbam/{kind}/{NOBODY}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "cbam_unknown_record"


def test_records_of_one_kind_are_not_found_under_another(http: httpx.Client) -> None:
    kept = posted(
        http,
        "/v1/cbam/installations",
        installation(processes=[{**installation()["processes"][0], "production": [tonnes(100)]}]),
    )
    assert http.get(f"/v1/cbam/screenings/{kept['id']}").status_code == 404
