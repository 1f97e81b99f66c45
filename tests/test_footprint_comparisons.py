"""Footprints side by side: figures by hand, what makes them not comparable, who may ask."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from background_fixtures import PROJECT
from people import BEER, Person, other
from test_api_tables import cells, rows

from lcaengine.footprint import comparison
from lcaengine.sheets import XLSX

Json = dict[str, Any]
KEG = json.loads((PROJECT / "inventories/beer/keg-brewery.json").read_bytes())
NAME = {"zh": "甲", "en": "A"}


def answer(value: float = 60.0, amount: float = 1.0, unit: str = "hl", **changes: Any) -> Json:
    """An answer of two stages, a third and two thirds."""
    stages = [("brewing", value / 3), ("packaging", value * 2 / 3)]
    return {
        "id": "x", "product": {"name": NAME, "category": "beer"}, "declared_unit": {"amount": amount, "unit": unit},
        "boundary": "cradle_to_gate", "rule": {"id": "beer", "version": "1.0.0", "sha256": "a" * 64},
        "background": {"name": "embedded", "version": "2026.2", "id": "b" * 64, "gwp": "AR6"},
        "total": {"value": value, "unit": "kg CO2e", "indicator": "gwp100"},
        "stages": [{"stage": s, "name": NAME, "value": v, "share": 0} for s, v in stages],
    } | changes  # fmt: skip


def codes(item: Json) -> list[str]:
    return [notice["code"] for notice in item["notices"]]


def test_the_difference_to_the_first() -> None:
    first, second = comparison([answer(60), answer(45)])["items"]
    assert (first["value"], first["difference"], first["relative"]) == (60, 0, 0)
    assert (second["value"], second["difference"], second["relative"]) == (45, -15, -0.25)
    assert first["comparable"] is second["comparable"] is True
    assert codes(first) == codes(second) == []


def test_declared_units_of_one_kind_are_converted_and_that_is_said() -> None:
    # 0.33 L of 0.198 kg are 0.6 kg/L: 60 kg per hl, as the first
    found = comparison([answer(60), answer(0.198, 0.33, "L")])
    second = found["items"][1]
    assert found["declared_unit"] == {"amount": 1.0, "unit": "hl"}
    assert second["value"] == pytest.approx(60, rel=1e-12)
    assert second["difference"] == pytest.approx(0, abs=1e-10)
    assert second["total"]["value"] == 0.198
    assert codes(second) == ["compare_converted"]
    assert second["comparable"] is True
    assert [s["values"] for s in found["stages"]] == [pytest.approx([20, 20]), pytest.approx([40, 40])]
    back = comparison([answer(0.198, 0.33, "L"), answer(60)])["items"][1]
    assert back["value"] == pytest.approx(0.198, rel=1e-12)


@pytest.mark.parametrize(
    ("changes", "code", "difference"),
    [
        ({"declared_unit": {"amount": 1, "unit": "kg"}}, "compare_unit", None),
        ({"boundary": "cradle_to_grave"}, "compare_boundary", None),
        ({"total": {"value": 45.0, "unit": "kg CO2e", "indicator": "other"}}, "compare_indicator", None),
        ({"background": {"name": "embedded", "version": "2026.2", "id": "b" * 64, "gwp": "AR5"}}, "compare_gwp", None),
        ({"background": {"name": "embedded", "version": "2026.1", "id": "c" * 64, "gwp": "AR6"}}, "compare_background", -15),
        ({"rule": {"id": "wine", "version": "1.0.0", "sha256": "a" * 64}}, "compare_rule", -15),
        ({"rule": {"id": "beer", "version": "1.1.0", "sha256": "d" * 64}}, "compare_rule_version", -15),
        ({"product": {"name": NAME, "category": "wine"}}, "compare_category", -15),
    ],
)  # fmt: skip
def test_what_makes_two_not_comparable_is_said(changes: Json, code: str, difference: float | None) -> None:
    found = comparison([answer(60), answer(45, **changes)])
    second = found["items"][1]
    assert (codes(second), second["comparable"], found["comparable"]) == ([code], False, False)
    assert second["difference"] == difference
    assert (second["relative"] is None) is (difference is None)
    (notice,) = second["notices"]
    assert re.search("[一-鿿]", notice["message"]["zh"])
    assert notice["message"]["en"]
    assert "?" not in notice["message"]["en"]


def test_what_cannot_be_converted_has_no_value_and_what_is_not_shown_no_stages() -> None:
    hidden = answer(50, depth="total", owner="haier")
    del hidden["stages"]
    found = comparison([answer(60), answer(45, 1, "kg"), hidden])
    assert [item["value"] for item in found["items"]] == [60, None, 50]
    assert [stage["values"] for stage in found["stages"]] == [[20, None, None], [40, None, None]]
    assert (found["items"][2]["depth"], found["items"][2]["owner"]) == ("total", "haier")


def test_from_zero_there_is_a_difference_and_no_relative_one() -> None:
    second = comparison([answer(0), answer(45)])["items"][1]
    assert (second["difference"], second["relative"]) == (45, None)


def test_it_is_no_comparative_claim() -> None:
    notice = comparison([answer(), answer()])["notice"]
    for language in ("zh", "en"):
        assert "ISO 14044" in notice[language]
        assert "ISO 14026" in notice[language]


# -- over HTTP


@pytest.fixture(scope="module")
def two(http: httpx.Client) -> list[Json]:
    return [http.post("/v1/footprints", json=document).json() for document in (BEER, KEG)]


def asked(http: httpx.Client, ids: list[str], **headers: str) -> httpx.Response:
    return http.get("/v1/comparisons", params={"footprint": ids}, headers=headers)


def test_two_beers_beside_each_other(http: httpx.Client, two: list[Json]) -> None:
    before = http.get("/v1/footprints").json()["count"]
    response = asked(http, [f["id"] for f in two])
    found = response.json()
    glass, keg = (f["total"]["value"] for f in two)
    assert [item["total"] for item in found["items"]] == [f["total"] for f in two]
    assert found["items"][1]["difference"] == pytest.approx(keg - glass)
    for i, f in enumerate(two):
        assert sum(s["values"][i] or 0 for s in found["stages"]) == pytest.approx(f["total"]["value"], rel=1e-9)
    assert asked(http, [f["id"] for f in two], **{"If-None-Match": response.headers["ETag"]}).status_code == 304
    assert http.get("/v1/footprints").json()["count"] == before  # nothing is kept


def test_as_tables(http: httpx.Client, two: list[Json]) -> None:
    ids, english = [f["id"] for f in two], {"Accept": "text/csv", "Accept-Language": "en"}
    found = rows(asked(http, ids, **english))
    assert [row["Id"] for row in found] == ids
    assert float(found[1]["Total (kg CO2e)"]) == two[1]["total"]["value"]
    book = asked(http, ids, **{**english, "Accept": XLSX}).content
    assert any("no comparative claim" in str(row[0]) for row in cells(book))
    stages = cells(book, "Stages")
    head = next(row for row in stages if row[0] == "Id")
    assert [title[:2] for title in head[2:4]] == ["1 ", "2 "]
    assert sum(row[3] or 0 for row in stages[stages.index(head) + 1 :]) == pytest.approx(two[1]["total"]["value"])
    assert asked(http, ids, Accept="image/png").status_code == 406


@pytest.mark.parametrize("count", [0, 1, 11])
def test_two_to_ten(http: httpx.Client, two: list[Json], count: int) -> None:
    refused = asked(http, [two[0]["id"]] * count)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/query/footprint"


def test_whose_they_are_and_how_deep(operator: Person) -> None:
    haier = other(operator)
    beer = operator("POST", "/v1/footprints", 201, json=BEER)
    own = haier("POST", "/v1/footprints", 201, json=KEG)
    address = f"/v1/comparisons?footprint={own['id']}&footprint={beer['id']}"
    told = haier("GET", address, 404)
    assert told["code"] == "unknown_footprint"
    assert beer["product"]["name"]["en"] not in json.dumps(told)
    operator("GET", address, 404)  # nor the other way round
    for depth, shown in (("total", False), ("stages", True)):
        operator("POST", beer["links"]["self"] + "/shares", 201, json={"organisation": "haier", "depth": depth})
        found = haier("GET", address, 200)
        assert (found["items"][1]["depth"], found["items"][1]["owner"]) == (depth, "local")
        assert found["items"][1]["total"] == beer["total"]
        assert any(stage["values"][1] is not None for stage in found["stages"]) is shown
    haier.key("rules:read")("GET", address, 403)
    haier.key("footprints:read")("GET", address, 200)
    haier("GET", "/v1/comparisons?footprint=%00&footprint=x", 404)
