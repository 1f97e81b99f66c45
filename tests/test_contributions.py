"""Contributions: every partition of every worked inventory adds up to the total; as JSON, CSV and XLSX, and of a shared one."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from foregrounds import Case, background, cases, exchange, gross, inventory_of, process
from hypothesis import given, settings
from people import BEER, Person, other
from test_api_tables import cells, rows
from test_inventories import boms, footprint

from lcaengine.footprint import contributions, link, solve
from lcaengine.footprint.contributions import GASES, PARTITIONS
from lcaengine.sheets import XLSX

Json = dict[str, Any]
PARTS = {"fossil", "land_use_change", "biogenic_non_co2", "unsplit"}  # PACT v3, pcfExcludingBiogenicUptake


@pytest.mark.parametrize("boundary", ["cradle_to_gate", "cradle_to_grave"])
@pytest.mark.parametrize(("path", "data", "media_type"), boms())
def test_every_partition_of_every_worked_inventory_adds_up(
    path: Any, data: bytes, media_type: str, boundary: str
) -> None:
    solved = footprint(data, media_type, boundary)
    for by in PARTITIONS:
        found = contributions(solved, by)
        values = [e["value"] for e in found["items"]]
        assert found["total"] == solved.value
        assert sum(values) == pytest.approx(solved.value, rel=1e-9), (path, by)
        assert found["sum"] == pytest.approx(solved.value, rel=1e-9)
        assert sum(e["share"] for e in found["items"]) == pytest.approx(1, rel=1e-9)
        assert len({e["id"] for e in found["items"]}) == found["count"] == len(values) > 1
        assert [abs(v) for v in values] == sorted((abs(v) for v in values), reverse=True)
        assert all(e["name"]["zh"] and e["name"]["en"] for e in found["items"])
    categories = {e["id"].removeprefix("gwp100_") for e in contributions(solved, "category")["items"]}
    assert categories == PARTS
    assert {e["id"] for e in contributions(solved, "gas")["items"]} == set(GASES)


@settings(max_examples=40, deadline=None)
@given(cases())
def test_every_partition_of_random_systems_adds_up(case: Case) -> None:
    solved = case.solved
    for by in ("stage", "line", "process"):
        assert contributions(solved, by)["sum"] == pytest.approx(solved.value, rel=1e-9, abs=1e-9 * gross(solved))


def test_a_zero_total_has_values_and_no_shares() -> None:
    emitted = [
        exchange("p0", "emission", "co2_fossil", amount, stage=stage)
        for stage, amount in (("first", 4.0), ("second", -4.0))
    ]
    solved = solve(link(inventory_of([process("p0")], emitted), background(0).release))
    found = contributions(solved, "stage")
    assert (found["total"], found["sum"]) == (0, 0)
    assert [(e["value"], e["share"]) for e in found["items"]] == [(4, None), (-4, None)]


# -- over HTTP


@pytest.fixture(scope="module")
def craft(http: httpx.Client) -> Json:
    body: Json = http.post("/v1/footprints", json=BEER).json()
    return body


def test_stages_unless_another_partition_is_asked_for(http: httpx.Client, craft: Json) -> None:
    found = http.get(craft["links"]["contributions"]).json()
    assert found["by"] == "stage"
    assert {e["id"]: e["value"] for e in found["items"]} == pytest.approx(
        {s["stage"]: s["value"] for s in craft["stages"]}
    )
    gases = http.get(craft["links"]["contributions"], params={"by": "gas"}).json()
    assert {e["id"]: e["value"] for e in gases["items"]} == pytest.approx(
        {g["gas"]: g["value"] for g in craft["gases"]}
    )
    refused = http.get(craft["links"]["contributions"], params={"by": "colour"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/query/by")
    nobody = http.get("/v1/footprints/nobody/contributions")
    assert (nobody.status_code, nobody.json()["code"]) == (404, "unknown_footprint")


def test_as_tables_and_sent_once(http: httpx.Client, craft: Json) -> None:
    address, english = craft["links"]["contributions"] + "?by=category", {"Accept": "text/csv", "Accept-Language": "en"}
    found = rows(http.get(address, headers=english))
    assert sum(float(r["Contribution (kg CO2e)"]) for r in found) == pytest.approx(craft["total"]["value"], rel=1e-9)
    assert "Unsplit (published totals)" in {r["Name"] for r in found}
    book = cells(http.get(address, headers={**english, "Accept": XLSX}).content)
    assert len([row for row in book if str(row[0]).startswith("gwp100_")]) == len(PARTS)
    first = http.get(address)
    assert http.get(address, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert http.get(address, headers={"Accept": "image/png"}).status_code == 406


# -- of a shared footprint


@pytest.mark.parametrize(
    ("depth", "seen"),
    [
        ("total", {"gas", "category"}),
        ("stages", {"gas", "category", "stage"}),
        ("lines", {"gas", "category", "stage", "line"}),
    ],
)
def test_the_receiver_of_a_share_sees_as_deep_as_it_is_shared(operator: Person, depth: str, seen: set[str]) -> None:
    haier = other(operator)
    made = operator("POST", "/v1/footprints", 201, json=BEER)
    address = made["links"]["contributions"]
    haier("GET", address, 404)
    operator("POST", made["links"]["self"] + "/shares", 201, json={"organisation": "haier", "depth": depth})
    assert haier("GET", made["links"]["self"], 200)["links"]["contributions"] == address
    for by in PARTITIONS:
        found = haier("GET", f"{address}?by={by}", 200 if by in seen else 404)
        if by in seen:
            assert found == operator("GET", f"{address}?by={by}", 200)
        else:
            assert found["code"] == "share_depth"
            assert not any(f'"{line["id"]}"' in json.dumps(found) for line in BEER["lines"])
