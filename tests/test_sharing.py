"""Footprints shared with another organisation: what it sees, how deep, and no longer than it may."""

from __future__ import annotations

import json
from typing import Any

import pytest
from background_fixtures import PROJECT
from people import BEER, Person, other
from sqlalchemy import text
from tampering import unprotect

from lcaengine.store import Store

PLANT = json.loads((PROJECT / "inventories/beer/craft-one-way-glass.json").read_bytes())
OWNERS = ("amount", "parameters", "assumptions", "warnings", "choices", "benchmarks", "modules")


@pytest.fixture
def haier(operator: Person) -> Person:
    return other(operator)


@pytest.fixture
def footprint(operator: Person) -> dict[str, Any]:
    return operator("POST", "/v1/footprints", 201, json=BEER)


def keys_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {k for v in value.values() for k in keys_in(v)}
    return {k for v in value for k in keys_in(v)} if isinstance(value, list) else set()


def shared(operator: Person, footprint: dict[str, Any], depth: str) -> dict[str, Any]:
    given = {"organisation": "haier", "depth": depth}
    return operator("POST", footprint["links"]["self"] + "/shares", 201, json=given)


@pytest.mark.parametrize(("depth", "seen"), [("total", set()), ("stages", {"stages"}), ("lines", {"stages", "lines"})])
def test_the_receiver_sees_as_deep_as_it_is_shared(
    operator: Person, haier: Person, footprint: dict[str, Any], depth: str, seen: set[str]
) -> None:
    address = footprint["links"]["self"]
    haier("GET", address, 404)
    share = shared(operator, footprint, depth)
    found = haier("GET", address, 200)
    assert found["total"] == footprint["total"]
    assert found["depth"] == depth
    assert {"stages", "lines"} & set(found) == seen
    hotspots = haier("GET", address + "/hotspots", 200)
    assert {"stages", "lines", "processes"} & set(hotspots) == seen
    listed = haier("GET", "/v1/footprints/shared", 200)
    assert listed["items"][0]["footprint"] == found
    assert listed["items"][0]["share"]["owner"] == "local"
    for part in ("tree", "explanation"):
        haier("GET", f"{address}/{part}", 404)
    # no amount of the bill of materials, nothing that was given or assumed, at any depth
    for body in (found, hotspots):
        told = keys_in({k: v for k, v in body.items() if k not in ("declared_unit", "per", "product")})
        assert told.isdisjoint(OWNERS)
    if depth != "lines":
        ids = {line["id"] for line in PLANT["lines"]}
        assert not any(f'"{i}"' in json.dumps([found, hotspots]) for i in ids)
    operator("DELETE", share["links"]["self"], 200)
    haier("GET", address, 404)
    assert haier("GET", "/v1/footprints/shared", 200)["count"] == 0


def test_sharing_again_takes_the_place_of_what_was_seen_before(
    operator: Person, haier: Person, footprint: dict[str, Any]
) -> None:
    shared(operator, footprint, "lines")
    shared(operator, footprint, "total")
    assert haier("GET", footprint["links"]["self"], 200)["depth"] == "total"
    kept = operator("GET", footprint["links"]["self"] + "/shares", 200)["items"]
    assert [s["ended"] is None for s in kept] == [True, False]


def test_only_the_owner_shares_and_with_somebody_else(
    operator: Person, haier: Person, footprint: dict[str, Any]
) -> None:
    address = footprint["links"]["self"] + "/shares"
    shared(operator, footprint, "lines")
    haier("POST", address, 404, json={"organisation": "local"})
    haier("GET", address, 404)
    assert operator("POST", address, 422, json={"organisation": "local"})["code"] == "share_with_self"
    assert operator("POST", address, 422, json={"organisation": "nobody\0"})["code"] == "unknown_organisation"
    assert (
        operator("POST", address, 422, json={"organisation": "haier", "depth": "all"})["errors"][0]["pointer"]
        == "/depth"
    )


def test_a_figure_that_does_not_come_out_again_is_told_to_its_owner_alone(
    operator: Person, haier: Person, footprint: dict[str, Any], store: Store
) -> None:
    shared(operator, footprint, "total")
    moved = {**footprint, "lines": [{**footprint["lines"][0], "value": 4711.5}, *footprint["lines"][1:]]}
    unprotect(store.engine, "footprints")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE footprints SET body = :body"), {"body": json.dumps(moved)})
    order = {"footprint": footprint["id"], "customer": "Example GmbH", "depth": "total", "issuer": "Haier Export"}
    told = haier("POST", "/v1/statements", 422, json=order)
    assert [(e["code"], e["pointer"]) for e in told["errors"]] == [("statement_not_reproduced", "/footprint")]
    assert "4711" not in json.dumps(told)
    assert "4711" in operator("POST", "/v1/statements", 422, json=order)["detail"]


def test_an_exporter_states_a_shared_footprint_no_deeper_than_it_is_shared(
    operator: Person, haier: Person, footprint: dict[str, Any]
) -> None:
    shared(operator, footprint, "stages")
    order = {"footprint": footprint["id"], "customer": "Example GmbH", "depth": "lines", "issuer": "Haier Export"}
    refused = haier("POST", "/v1/statements", 422, json=order)
    assert [e["code"] for e in refused["errors"]] == ["statement_too_deep"]
    assert haier("POST", "/v1/statements", 422, json={**order, "depth": "total", "issuer": None})["errors"]
    del order["issuer"]
    assert haier("POST", "/v1/statements", 422, json={**order, "depth": "stages"})["errors"][0]["pointer"] == "/issuer"
    issued = haier("POST", "/v1/statements", 201, json={**order, "depth": "stages", "issuer": "Haier Export"})
    statement = issued["document"]["statement"]
    assert statement["issuer"] == {"organisation": "haier", "name": "Haier Export"}
    assert statement["lines"] is None
    assert haier("GET", issued["links"]["self"] + "/bundle", 404)["code"] == "unknown_footprint"  # it holds the amounts
    operator("GET", issued["links"]["self"], 404)  # the exporter's, not the owner's
