"""Two companies exchange footprints: two servers over HTTPS, curl, our client, events both ways."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from boms import canned
from click.testing import CliRunner
from pact_servers import Host, serving

from lcaengine.background import Release
from lcaengine.cli import main
from lcaengine.pact.client import PactClient
from lcaengine.pact.transport import PartnerFailed

Json = dict[str, Any]
YEAR = {"/period": {"start": "2025-01-01", "end": "2025-12-31"}}
SOLD = canned({**YEAR, "/product/gtin": "4712345060507"})
MASS, CARBON = {"amount": 101, "unit": "kg"}, {"amount": 0, "unit": "kg"}
PATIENCE = 20.0


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory, release: Release) -> Iterator[tuple[Host, Host]]:
    """A supplier and its customer, each registered as a partner of the other."""
    folder, ca = tmp_path_factory.mktemp("pact"), trustme.CA()
    supplier = serving(folder / "supplier", ca, "supplier", "customer")
    with supplier as one, serving(folder / "customer", ca, "customer", "supplier") as other:
        for host, partner, name in ((one, other, "customer"), (other, one, "supplier")):
            own = {
                "company_name": name,
                "company_ids": [f"urn:pact:{name}.example:company:1"],
                "domain": "supplier.example",
            }
            host("PUT", "/v1/pact/publisher", 200, json={**own, "address": host.address})
            client, secret = partner.client
            host("POST", "/v1/pact/partners", 201, json={
                "name": name, "signs_in_as": name, "base_url": partner.address, "client_id": client, "client_secret": secret,
            })  # fmt: skip
        yield one, other


@pytest.fixture(scope="module")
def sold(hosts: tuple[Host, Host]) -> Json:
    """A footprint that was posted to the supplier with curl."""
    supplier, _ = hosts
    bom = supplier.folder / "bom.json"
    bom.write_text(json.dumps(SOLD, ensure_ascii=False))
    command = ["curl", "-sS", "--fail-with-body", "--cacert", str(supplier.ca), "-H", f"Authorization: Bearer {supplier.key}",
               "-H", "Content-Type: application/json", "--data", f"@{bom}", f"{supplier.address}/v1/footprints"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return dict(json.loads(done.stdout))


@pytest.fixture(scope="module")
def published(hosts: tuple[Host, Host], sold: Json) -> Json:
    order = {"footprint": sold["id"], "receivers": ["customer"], "mass": MASS, "fossil_carbon": CARBON}
    return dict(hosts[0]("POST", "/v1/pact/footprints", 201, json=order))


def fetched(customer: Host) -> list[Json]:
    return list(customer("POST", "/v1/pact/partners/supplier/fetch", 200, json={})["items"])


def until(found: Callable[[], Any]) -> Any:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if value := found():
            return value
        time.sleep(0.1)
    raise AssertionError("nothing came")


def test_a_footprint_posted_with_curl_is_a_line_of_the_customers_bill(hosts: tuple[Host, Host], sold: Json, published: Json) -> None:  # fmt: skip
    _, customer = hosts
    [kept] = [entry for entry in fetched(customer) if entry["pf_id"] == published["id"]]
    assert kept["warnings"] == []
    line = {"id": "base", "name": "基酒 base", "amount": 5, "unit": "kg", "role": "malt", "transport": []}
    bill = canned(
        {**YEAR, "/boundary": "cradle_to_gate", "/lines/-": {**line, "supplier_footprint": {"pact": kept["id"]}}}
    )
    answer = customer("POST", "/v1/footprints", 201, json=bill)
    [found] = [entry for entry in answer["lines"] if entry["line"] == "base"]
    # 1 hl weighs 101 kg without packaging; the supplier's cradle-to-gate total is PACT's, to nine decimals.
    pcf = published["document"]["pcf"]
    assert found["value"] == pytest.approx(5 * float(pcf["pcfExcludingBiogenicUptake"]) / 101, rel=1e-12)
    assert (found["data"], found["matched_by"]) == ("primary", "supplier_footprint")
    share = float(pcf["primaryDataShare"]) / 100
    own = answer["data_quality"]["primary_data_share"] * answer["total"]["value"]
    assert own == pytest.approx(share * found["value"], abs=1e-9)
    # Stored with every figure: it is solved again without the partner, and posted again as it is.
    again = customer("GET", f"/v1/footprints/{answer['id']}/hotspots", 200)
    assert again["total"] == pytest.approx(answer["total"]["value"], rel=1e-12)


def test_only_who_was_named_sees_it(hosts: tuple[Host, Host], published: Json) -> None:
    supplier, customer = hosts
    assert customer("GET", f"/3/footprints/{published['id']}", 404) == {
        "code": "NotFound", "message": f"There is no published footprint '{published['id']}', or it was not published to you.",
    }  # fmt: skip
    # The supplier's own key is not the customer's: what it published to others, it sees under /v1 alone.
    assert supplier("GET", "/3/footprints", 200) == {"data": []}
    with PactClient(supplier.address, *supplier.client, ca=str(supplier.ca), private=True) as client:
        assert [f["id"] for f in client.footprints(productId=["URN:gtin:4712345060507"])] == [published["id"]]
        assert client.footprint(published["id"]) == published["document"]
        assert list(client.footprints(productId=["urn:gtin:1"])) == []
        client._token = "x.y.z"  # not a token any more: renewed once
        assert client.footprint(published["id"])["status"] == "Active"
        with pytest.raises(PartnerFailed, match=r"\(403\): no_scope"):
            client._call("GET", "/v1/pact/footprints")
    stranger = PactClient(supplier.address, supplier.client[0], "wrong", ca=str(supplier.ca), private=True)
    with stranger, pytest.raises(PartnerFailed) as refused:
        list(stranger.footprints())
    assert refused.value.problems[0].code == "pact_no_token"


def test_a_certificate_of_an_unknown_authority_is_not_taken(hosts: tuple[Host, Host], tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(other)
    client = PactClient(hosts[0].address, "a", "b", ca=str(other), private=True)
    with client, pytest.raises(PartnerFailed) as refused:
        list(client.footprints())
    assert refused.value.problems[0].code == "pact_unreachable"
    assert "CERTIFICATE_VERIFY_FAILED" in str(refused.value)


def test_pages_lead_to_every_footprint_once(hosts: tuple[Host, Host], sold: Json, published: Json) -> None:
    supplier, _ = hosts
    order = {"footprint": sold["id"], "receivers": [supplier.client[0]], "mass": MASS, "fossil_carbon": CARBON}
    more = [supplier("POST", "/v1/pact/footprints", 201, json=order)["id"] for _ in range(4)]
    with PactClient(supplier.address, *supplier.client, ca=str(supplier.ca), private=True) as client:
        found = [f["id"] for f in client.footprints(limit="2")]
    assert found == list(dict.fromkeys(found))
    assert {published["id"], *more} <= set(found)


def test_a_request_is_answered_by_events(hosts: tuple[Host, Host], published: Json) -> None:
    supplier, customer = hosts
    ask = "/v1/pact/partners/supplier/requests"
    known = customer("POST", ask, 202, json={"productId": ["urn:gtin:4712345060507"], "comment": "please"})
    unknown = customer("POST", ask, 202, json={"productId": ["urn:gtin:99"]})

    def states() -> dict[str, str] | None:
        events = {e["id"]: e["state"] for e in customer("GET", "/v1/pact/events?limit=200", 200)["items"]}
        return events if {events[known["id"]], events[unknown["id"]]} == {"fulfilled", "rejected"} else None

    found = until(states)
    assert (found[known["id"]], found[unknown["id"]]) == ("fulfilled", "rejected")
    assert published["id"] in {r["pf_id"] for r in customer("GET", "/v1/pact/received?limit=200", 200)["items"]}
    came = [e for e in supplier("GET", "/v1/pact/events?limit=200", 200)["items"] if e["direction"] == "in"]
    assert {known["id"], unknown["id"]} <= {e["id"] for e in came}


def test_a_new_version_deprecates_the_old_and_the_partner_is_told(hosts: tuple[Host, Host], sold: Json) -> None:
    supplier, customer = hosts
    order = {"footprint": sold["id"], "receivers": ["customer"], "mass": MASS, "fossil_carbon": CARBON}
    old = supplier("POST", "/v1/pact/footprints", 201, json=order)
    [kept] = [entry for entry in fetched(customer) if entry["pf_id"] == old["id"]]
    new = supplier("POST", "/v1/pact/footprints", 201, json={**order, "follows": old["id"]})
    assert new["document"]["precedingPfIds"] == [old["id"]]
    assert supplier("GET", f"/v1/pact/footprints/{old['id']}", 200)["status"] == "Deprecated"

    def told() -> bool:
        events = customer("GET", "/v1/pact/events?limit=200", 200)["items"]
        return sum(e["type"].endswith(".PublishedEvent.3") and e["direction"] == "in" for e in events) >= 2

    until(told)
    fetched(customer)
    line = {
        "id": "base",
        "amount": 5,
        "unit": "kg",
        "role": "malt",
        "transport": [],
        "supplier_footprint": {"pact": kept["id"]},
    }
    answer = customer("POST", "/v1/footprints", 201, json=canned({**YEAR, "/lines/-": line}))
    assert "pact_deprecated" in {w["code"] for w in answer["warnings"]}
    assert (
        supplier("POST", "/v1/pact/footprints", 409, json={**order, "follows": old["id"]})["code"] == "pact_not_active"
    )


def test_the_commands_fetch_and_publish_too(hosts: tuple[Host, Host], sold: Json, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    """On the customer's database and folders, while its server runs."""
    supplier, customer = hosts
    monkeypatch.setenv("LCAENGINE_PACT_CA", str(customer.ca))
    monkeypatch.setenv("LCAENGINE_PACT_PRIVATE", "yes")

    def run(host: Host, *arguments: str) -> str:
        monkeypatch.setenv("LCAENGINE_KEYS", str(host.folder / "keys"))
        owner = "supplier" if host is supplier else "customer"
        database = f"sqlite:///{host.folder / 'store.sqlite'}"
        done = CliRunner().invoke(
            main, ["pact", *arguments, "--organisation", owner, "--database", database], env={"COLUMNS": "200"}
        )
        assert done.exit_code == 0, done.output
        return done.stdout

    made = json.loads(
        run(
            supplier, "publish", sold["id"], "--to", "customer", "--mass", "101 kg", "--fossil-carbon", "0 kg", "--json"
        )
    )
    got = json.loads(run(customer, "fetch", "supplier", "--product-id", "urn:gtin:4712345060507", "--json"))
    [kept] = [entry for entry in got if entry["document"]["id"] == made["id"]]
    assert kept["document"] == made
    assert kept["id"] in run(customer, "list", "--limit", "1000")
    assert "Canned lager" in run(customer, "show", kept["id"], "--lang", "en")
    for host, identifier in ((supplier, made["id"]), (customer, kept["id"])):
        out = tmp_path / "out.json"
        run(host, "export", identifier, "--out", str(out))
        assert json.loads(out.read_text()) == made
