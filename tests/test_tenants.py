"""Every endpoint, asked with another organisation's ids: nothing of it is told, nothing of it is changed."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import pytest
from background_fixtures import PROJECT
from flask import Flask
from people import BEER, Person, other

from lcaengine.store import Store
from lcaengine.store.pact_partners import add_received

MARK = "Zhenxing-Geheimnis"  # stands in everything that the owner stores
INSTALLATION = (PROJECT / "inventories/cbam/screw-maker.xlsx").read_bytes()
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
HTTPS = "https://localhost"  # what PACT asks for
OF_ALL = {
    "/v1/rules",
    "/v1/processes",
    "/v1/backgrounds",
    "/v1/cbam/goods",
    "/v1/cbam/defaults",
    "/v1/cbam/workbook",
}  # the same for everybody


@pytest.fixture
def owned(operator: Person, store: Store) -> dict[str, str]:
    """One of everything, owned by the first organisation; names of path parameters by path, with its ids."""
    bom = {
        **BEER,
        "product": {**BEER["product"], "name": {"zh": MARK, "en": MARK}},
        "site": {**BEER["site"], "name": MARK},
    }
    kept = operator("POST", "/v1/boms", 201, json=bom)
    footprint = operator("POST", "/v1/footprints", 201, json=bom)
    screening = operator("POST", "/v1/cbam/screenings", 201, json=bom)
    answered = operator("POST", "/v1/cbam/answers", 201, json=bom)
    installation = operator("POST", "/v1/cbam/installations", 201, data=INSTALLATION, content_type=XLSX)
    asked = {
        "installation": installation["id"], "kind": "full",
        "operator": json.loads((PROJECT / "inventories/cbam/screw-maker-operator.json").read_bytes()),
    }  # fmt: skip
    report = operator("POST", "/v1/cbam/reports", 201, json=asked)
    statement = operator(
        "POST", "/v1/statements", 201, json={"footprint": footprint["id"], "customer": MARK, "issuer": MARK}
    )
    query = {"kind": "footprints", "record": footprint["id"], "file_name": f"{MARK}.pdf", "entered_by": MARK}
    evidence = operator("POST", "/v1/evidence", 201, query_string=query, data=b"%PDF-1.7\n" + MARK.encode())
    other(operator, "third")
    share = operator("POST", f"{footprint['links']['self']}/shares", 201, json={"organisation": "third"})
    key = operator("POST", "/v1/keys", 201, json={"name": MARK, "scopes": ["footprints:read"]})
    user = operator("POST", "/v1/users", 201, json={"email": "z@example.com", "name": MARK, "roles": ["exporter"]})
    batch = operator(
        "POST", "/v1/batches", 202, data=f"bom,section,id,name\n{MARK},product,name,{MARK}\n", content_type="text/csv"
    )
    published, partner, received = pact_of(operator, store, footprint["id"])
    return {
        "/v1/pact/footprints": published, "/3/footprints": published, "/v1/pact/partners": partner, "/v1/pact/received": received,
        "/v1/batches": batch["id"], "/v1/boms": kept["id"], "/v1/footprints": footprint["id"], "/v1/cbam/screenings": screening["id"], "/v1/cbam/answers": answered["id"],
        "/v1/cbam/installations": installation["id"], "/v1/cbam/reports": report["id"], "/v1/statements": statement["id"],
        "/v1/evidence": evidence["id"], "/v1/keys": key["id"], "/v1/users": user["id"], "/v1/organisations": "local",
        "share": share["id"],
    }  # fmt: skip


def pact_of(operator: Person, store: Store, footprint: str) -> tuple[str, str, str]:
    """A footprint published to a third organisation, a partner, and what it sent."""
    publisher = {
        "company_name": MARK, "company_ids": ["urn:pact:owner.example:company:1"], "domain": "owner.example", "address": "https://owner.example",
    }  # fmt: skip
    operator("PUT", "/v1/pact/publisher", 200, json=publisher)
    order = {"footprint": footprint, "receivers": ["third"], "mass": {"amount": 101, "unit": "kg"}, "fossil_carbon": {"amount": 0, "unit": "kg"},
             "product_ids": ["urn:pact:owner.example:product:1"]}  # fmt: skip
    published = operator("POST", "/v1/pact/footprints", 201, json=order)
    sign_in = {"client_id": "owner", "client_secret": MARK}
    partner = operator("POST", "/v1/pact/partners", 201, json={
        "name": MARK, "signs_in_as": "third", "base_url": "https://partner.example", **sign_in,
    })  # fmt: skip
    received = add_received(store, "local", partner["id"], {**published["document"], "productDescription": MARK})
    return published["id"], partner["id"], received.id


def test_nothing_of_another_organisation_is_told_or_changed(
    operator: Person, owned: dict[str, str], guarded: Flask
) -> None:
    stranger = other(operator)
    before = state(operator, owned)
    asked = 0
    for rule in guarded.url_map.iter_rules():
        if not rule.rule.startswith(("/v1/", "/3/")) or rule.rule.startswith(tuple(OF_ALL)):
            continue
        path = filled(rule.rule, owned)
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            for body in bodies(owned):
                found = stranger.client.open(path, method=method, headers=stranger.headers, base_url=HTTPS, **body)
                asked += 1
                assert found.status_code < 500, (method, path)
                told = text_of(found)
                assert MARK not in told, (method, path)
                if "<" in rule.rule:
                    assert found.status_code in (400, 403, 404, 405, 409, 412, 415, 422, 428), (method, path, told)
                    if method == "GET" and not body:
                        assert found.status_code == 404, (method, path, told)
    assert asked > 150
    assert state(operator, owned) == before


def filled(rule: str, owned: dict[str, str]) -> str:
    """A path with the owner's ids; a new kind of path has to be entered in `owned` first."""
    base = rule.split("/<", maxsplit=1)[0]
    if "<" in rule:
        assert base in owned, f"{rule}: nothing of the owner's is known for it"
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda m: owned["share"] if m[1] == "share" else owned[base], rule)


def bodies(owned: dict[str, str]) -> list[dict[str, Any]]:
    """What a stranger would send, with the owner's ids wherever a body takes one."""
    footprint, installation = owned["/v1/footprints"], owned["/v1/cbam/installations"]
    bought = {**BEER, "lines": [{**BEER["lines"][0], "supplier_footprint": {"pact": owned["/v1/pact/received"]}}]}
    order = {
        "footprint": footprint,
        "mass": {"amount": 101, "unit": "kg"},
        "fossil_carbon": {"amount": 0, "unit": "kg"},
    }
    return [
        {},
        {"json": {}},
        {"json": {"reason": "mine"}},
        {"json": {"footprint": footprint, "customer": "x", "issuer": "x"}},
        {"json": {"footprint": footprint, "customer": "x", "issuer": "x", "supersedes": owned["/v1/statements"]}},
        {"json": {"organisation": "haier", "depth": "lines"}},
        {"json": {"installation": installation, "kind": "full", "operator": {}}},
        {"json": BEER, "query_string": {"installation": installation, "previous": footprint}},
        {"json": BEER, "query_string": {"previous": owned["/v1/boms"]}},
        {"data": b"%PDF-1.7", "query_string": {"kind": "footprints", "record": footprint, "file_name": "a.pdf", "entered_by": "x"}},
        {"json": {"old": "1.0.0", "new": "1.0.0"}},
        {"query_string": {"footprint": [footprint, footprint]}},
        {"json": bought},
        {"json": {**order, "receivers": ["haier"]}},
        {"json": {**order, "receivers": ["haier"], "follows": owned["/v1/pact/footprints"]}},
    ]  # fmt: skip


def state(operator: Person, owned: dict[str, str]) -> dict[str, Any]:
    """What the owner sees of its own."""
    alone = {base: i for base, i in owned.items() if base not in ("share", "/3/footprints", "/v1/pact/partners")}
    found = {base: operator("GET", f"{base}/{i}", 200) for base, i in alone.items()}
    found["/v1/pact/partners"] = operator("GET", "/v1/pact/partners", 200)
    for key in ("/v1/keys", "/v1/boms", "/v1/footprints", "/v1/statements", "/v1/evidence", "/v1/users"):
        found[key + "?"] = operator("GET", key, 200)["count"]
    return found


def text_of(response: Any) -> str:
    """Everything that an answer tells, a zip unpacked."""
    data = response.get_data()
    if data[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            data = b"\n".join(archive.read(name) for name in archive.namelist())
    return str(data.decode("utf-8", "replace"))
