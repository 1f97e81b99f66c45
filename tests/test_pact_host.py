"""The PACT v3 host in one process: filters, pages, errors in PACT's form, events, and who sees what."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from boms import canned
from flask import Flask
from flask.testing import FlaskClient
from lcaengine.api import create_app, tokens
from pact_servers import credentials

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.footprint import body, calculate
from lcaengine.pact import events
from lcaengine.pact.courier import FIRST, GIVE_UP, LONGEST, pause
from lcaengine.pact.issue import Particulars
from lcaengine.pact.publishing import introduce, publish_footprint
from lcaengine.pact.sealing import seal, unseal
from lcaengine.pact.transport import PartnerFailed, PublicTransport, is_public, open_client
from lcaengine.problems import Malformed, NotFound, Refused
from lcaengine.rules import find_rule
from lcaengine.store import Page, Store
from lcaengine.store.pact import Publisher, get_published, visible_one, withdraw
from lcaengine.store.pact_partners import (
    Partner,
    add_partner,
    get_partner,
    list_events,
    list_partners,
    next_due,
    remove_partner,
    take_due,
)
from lcaengine.units import Quantity

Json = dict[str, Any]
HTTPS = "https://pcf.example.com"
GTINS = ("urn:gtin:1", "urn:gtin:2", "urn:gtin:3")
SAID = Particulars(Quantity(101, "kg"), Quantity(0, "kg"))
PARTNER = "https://customer.example"


@pytest.fixture(autouse=True)
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LCAENGINE_KEYS", str(tmp_path / "keys"))
    tokens.signing_key.cache_clear()
    yield
    tokens.signing_key.cache_clear()


@pytest.fixture(scope="module")
def answers(release: Release) -> list[tuple[Json, Json]]:
    """Three products, of two places and years."""
    found = []
    for gtin, region, year in zip(GTINS, ("CN-SD", "CN-JS", "CN-JS"), (2024, 2025, 2025), strict=True):
        document = canned({
            "/product/gtin": gtin.rpartition(":")[2], "/product/hs_code": "220300", "/site/region": region,
            "/period": {"start": f"{year}-01-01", "end": f"{year}-12-31"},
        })  # fmt: skip
        found.append((document, body(calculate(bom_of(document), find_rule("beer"), release, "cradle_to_gate"))))
    return found


@pytest.fixture
def client_of(store: Store) -> tuple[str, str]:
    return credentials(store, "maker", "customer")[1]


@pytest.fixture
def ids(store: Store, answers: list[tuple[Json, Json]], client_of: tuple[str, str]) -> list[str]:
    """What the maker published to its customer."""
    introduce(store, "maker", Publisher("Maker", ("urn:pact:maker.example:company:1",), "maker.example", HTTPS))
    kept = [store.add("maker", document, answer) for document, answer in answers]
    return [publish_footprint(store, "maker", record.id, ["customer"], SAID).id for record in kept]


@pytest.fixture
def app(store: Store, release: Release) -> Flask:
    return create_app(release, store, auth=True)


@pytest.fixture
def http(app: Flask, client_of: tuple[str, str], ids: list[str]) -> FlaskClient:
    """The customer, signed in."""
    client = app.test_client()
    found = client.post("/auth/token", base_url=HTTPS, data={"grant_type": "client_credentials"}, auth=client_of)
    assert found.status_code == 200, found.get_data(as_text=True)
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {found.get_json()['access_token']}"
    client.environ_base["wsgi.url_scheme"] = "https"
    return client


def listed(http: FlaskClient, query: str = "") -> list[str]:
    found = http.get(f"/3/footprints?{query}", base_url=HTTPS)
    assert found.status_code == 200, found.get_data(as_text=True)
    return [f["id"] for f in found.get_json()["data"]]


FILTERS = [
    ("", (0, 1, 2)),
    ("productId=urn:gtin:1", (0,)),
    ("productId[]=URN:GTIN:1&productId[]=urn:gtin:3", (0, 2)),
    ("productId=urn:gtin:1&geography=CN-JS", ()),
    ("productId=urn:pact:maker.example:product-id:can", (0, 1, 2)),
    ("geography=cn-js", (1, 2)),
    ("geography=CN", (0, 1, 2)),
    ("geography=DE&geography=CN-SD", (0,)),
    ("companyId=URN:PACT:maker.example:company:1", (0, 1, 2)),
    ("companyId=urn:pact:other:company:1", ()),
    ("classification=urn:pact:productclassification:HS:220300", (0, 1, 2)),
    ("classification=urn:cpc:1", ()),
    ("validOn=2025-06-30T00:00:00Z", (0,)),
    ("validOn=2026-01-01T00:00:00%2B00:00", (0, 1, 2)),
    ("validOn=2028-01-01T00:00:00Z", (1, 2)),
    ("validAfter=2025-01-01T00:00:00Z", (1, 2)),
    ("validBefore=2029-01-01T00:00:00Z", (0,)),
    ("status=active", (0, 1, 2)),
    ("status=Deprecated", ()),
    ("status=Retired", ()),
    ("x-maker-colour=red", (0, 1, 2)),
    ("limit=0", ()),
    ("limit=2", (0, 1)),
]


def test_filters(http: FlaskClient, ids: list[str]) -> None:
    for query, found in FILTERS:
        assert listed(http, query) == [ids[i] for i in found], query


def test_pages_keep_the_query_and_stay_as_they_were(http: FlaskClient, ids: list[str], store: Store) -> None:
    first = http.get("/3/footprints?limit=1&geography=CN-JS&geography=CN-SD", base_url=HTTPS)
    link = first.headers["Link"]
    assert link.startswith(f"<{HTTPS}/3/footprints?")
    assert link.endswith('>; rel="next"')
    withdraw(store, "maker", ids[1])  # what changes between two pages moves nothing
    address = link[1:].partition(">")[0]
    second = http.get(address.removeprefix(HTTPS), base_url=HTTPS)
    assert [f["id"] for f in second.get_json()["data"]] == [ids[1]]
    assert second.get_json()["data"][0]["status"] == "Deprecated"
    third = http.get(second.headers["Link"][1:].partition(">")[0].removeprefix(HTTPS), base_url=HTTPS)
    assert [f["id"] for f in third.get_json()["data"]] == [ids[2]]
    assert "Link" not in third.headers


def test_one_footprint(http: FlaskClient, ids: list[str]) -> None:
    found = http.get(f"/3/footprints/{ids[0].upper()}", base_url=HTTPS).get_json()["data"]
    assert (found["id"], found["status"], found["productIds"][0]) == (ids[0], "Active", "urn:gtin:1")


ERRORS = [
    ("GET", "/3/footprints?validOn=yesterday", 400, "BadRequest"),
    ("GET", "/3/footprints?limit=-1", 400, "BadRequest"),
    ("GET", "/3/footprints?limit=1e3", 400, "BadRequest"),
    ("GET", "/3/footprints?$filter=created", 400, "NotImplemented"),
    ("GET", "/3/footprints?after=nothing", 404, "NotFound"),
    ("GET", "/3/footprints/%00", 404, "NotFound"),
    ("GET", f"/3/footprints/{uuid.uuid4()}", 404, "NotFound"),
    ("GET", "/3/nothing", 404, "NotFound"),
    ("DELETE", "/3/footprints", 405, "NotImplemented"),
    ("POST", "/3/events", 400, "BadRequest"),
]


def test_errors_have_pacts_form(http: FlaskClient) -> None:
    for method, path, status, code in ERRORS:
        found = http.open(path, method=method, base_url=HTTPS)
        assert (found.status_code, found.mimetype) == (status, "application/json"), path
        assert set(found.get_json()) == {"code", "message"}
        assert found.get_json()["code"] == code, path


def test_without_a_token_and_without_tls_there_is_nothing(app: Flask, http: FlaskClient, ids: list[str]) -> None:
    stranger = app.test_client()
    for headers in ({}, {"Authorization": "Bearer x.y.z"}, {"Authorization": "Basic eDp5"}):
        found = stranger.get("/3/footprints", base_url=HTTPS, headers=headers)
        assert (found.status_code, found.get_json()["code"]) == (401, "BadRequest")
    told = app.test_client().get("/.well-known/openid-configuration", base_url="http://pcf.example.com")
    assert (told.status_code, told.get_json()["code"]) == (403, "pact_plain_http")
    for path in ("/3/footprints", f"/3/footprints/{ids[0]}", "/3/nothing"):
        found = app.test_client().get(path, base_url="http://pcf.example.com", headers={"Authorization": http.environ_base["HTTP_AUTHORIZATION"]})  # fmt: skip
        assert (found.status_code, found.get_json()["code"]) == (403, "AccessDenied"), path
    told = stranger.get("/.well-known/openid-configuration", base_url=HTTPS).get_json()
    assert told["token_endpoint"] == f"{HTTPS}/auth/token"


def test_a_partner_sees_nothing_but_what_is_published_to_it(http: FlaskClient, store: Store, ids: list[str]) -> None:
    for path in ("/v1/pact/footprints", "/v1/pact/partners", "/v1/pact/received", "/v1/pact/events", "/v1/footprints"):
        assert http.get(path, base_url=HTTPS).status_code == 403, path
    record = get_published(store, "maker", ids[0])
    other = publish_footprint(store, "maker", record.footprint_id, ["somebody"], SAID)
    assert http.get(f"/3/footprints/{other.id}", base_url=HTTPS).status_code == 404
    assert other.id not in listed(http)
    with pytest.raises(NotFound):
        visible_one(store, ["customer"], other.id)


# -- events


def event(kind: str, data: Json, **changes: Any) -> Json:
    plain = {
        "specversion": "1.0",
        "type": kind,
        "id": str(uuid.uuid4()),
        "source": PARTNER,
        "time": "2026-11-28T09:00:00Z",
    }
    return {**plain, "data": data, **changes}


@pytest.fixture
def partner(store: Store) -> Partner:
    return add_partner(store, "maker", "customer", "customer", (PARTNER, ""), ("us", seal("secret")))


def post(http: FlaskClient, sent: Any) -> tuple[int, Any]:
    content = json.dumps(sent).encode()
    found = http.post(
        "/3/events", base_url=HTTPS, data=content, content_type="application/cloudevents+json; charset=UTF-8"
    )
    return found.status_code, found.get_json(silent=True)


@pytest.fixture
def quiet(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is sent: what waits is looked at in the table (what is sent, test_pact_exchange.py sees)."""
    monkeypatch.setattr(app.extensions["lcaengine_courier"], "wake", lambda: None)


def out(store: Store) -> list[Json]:
    return [e.document for e in list_events(store, "maker", Page(100)).items if e.direction == "out"]


@pytest.mark.usefixtures("quiet")
def test_a_request_is_answered_once(http: FlaskClient, store: Store, ids: list[str], partner: Partner) -> None:
    asked = event(events.REQUEST_CREATED, {"productId": ["URN:gtin:2"], "comment": "for 2025"})
    assert post(http, asked) == (200, None)
    assert post(http, asked) == (200, None)  # sent again: known
    [answer] = out(store)
    assert (answer["type"], answer["source"]) == (events.REQUEST_FULFILLED, HTTPS)
    assert answer["data"]["requestEventId"] == asked["id"]
    assert [f["id"] for f in answer["data"]["pfs"]] == [ids[1]]


@pytest.mark.usefixtures("quiet", "ids")
def test_an_unknown_product_is_rejected(http: FlaskClient, store: Store, partner: Partner) -> None:
    sources = (PARTNER, PARTNER + "/", PARTNER + "/3/events", "//customer.example/3/events", "HTTPS://Customer.example")
    asked = [event(events.REQUEST_CREATED, {"productId": ["urn:gtin:404"]}, source=source) for source in sources]
    assert [post(http, one)[0] for one in asked] == [200] * len(sources)
    answers = [e for e in out(store) if e["type"] == events.REQUEST_REJECTED]
    assert {e["data"]["requestEventId"] for e in answers} == {one["id"] for one in asked}
    assert {e["data"]["error"]["code"] for e in answers} == {"NotFound"}


SENT = [
        (event(events.PUBLISHED, {"pfIds": ["1"]}), 400, "BadRequest"),
        (event(events.PUBLISHED, {"pfIds": "f4b1225a-bd44-4c8e-861d-079e4e1dfd69"}), 400, "BadRequest"),
        (event(events.PUBLISHED, {"pfIds": [str(uuid.uuid4())]}), 200, None),
        (event("org.wbcsd.pact.ProductFootprint.PublishedEvent.2", {}), 400, "BadRequest"),
        (event(events.PUBLISHED, {"pfIds": [str(uuid.uuid4())]}, specversion="0.3"), 400, "BadRequest"),
        (event(events.PUBLISHED, {"pfIds": [str(uuid.uuid4())]}, source="https://169.254.169.254/latest"), 403, "AccessDenied"),
        (event(events.PUBLISHED, {"pfIds": [str(uuid.uuid4())]}, id=None), 400, "BadRequest"),
        (event(events.PUBLISHED, {"pfIds": [str(uuid.uuid4())]}, id="a\0"), 400, "BadRequest"),
        (event(events.REQUEST_CREATED, {"productId": [1]}), 400, "BadRequest"),
        (event(events.REQUEST_CREATED, {"validOn": "soon"}), 400, "BadRequest"),
        (event(events.REQUEST_FULFILLED, {"requestEventId": "never", "pfs": []}), 400, "BadRequest"),
        (event(events.REQUEST_REJECTED, {"requestEventId": "never"}), 400, "BadRequest"),
        (event(events.REQUEST_REJECTED, {"requestEventId": "a\0"}), 400, "BadRequest"),
        ([], 400, "BadRequest"),
        ("[" * 50, 400, "BadRequest"),
    ]  # fmt: skip


@pytest.mark.usefixtures("quiet", "partner")
def test_events_that_are_taken_and_those_that_are_not(http: FlaskClient, store: Store) -> None:
    for sent, status, code in SENT:
        found = post(http, sent)
        assert (found[0], found[1] and found[1]["code"]) == (status, code), sent
    [kept] = [
        e for e in list_events(store, "maker", Page(99)).items if e.direction == "in"
    ]  # what is refused leaves nothing
    assert kept.document["id"] == SENT[2][0]["id"]


@pytest.mark.usefixtures("quiet")
def test_an_answer_counts_only_for_a_request_of_ours(store: Store, ids: list[str], partner: Partner) -> None:
    stranger = add_partner(store, "maker", "other", "other", ("https://other.example", ""), ("us", seal("s")))
    asked = events.request_footprints(store, partner, {"productId": ["urn:gtin:9"]})
    footprint = get_published(store, "maker", ids[0]).as_pact()
    sent = event(events.REQUEST_FULFILLED, {"requestEventId": asked.id, "pfs": [footprint]}, source=stranger.base_url)
    with pytest.raises(Malformed):
        events.take(store, ["other"], sent)
    with pytest.raises(events.UnknownSource):
        events.take(store, ["other"], {**sent, "source": PARTNER})  # in another's name
    assert events.take(store, ["customer"], {**sent, "source": PARTNER}) is True
    assert events.take(store, ["customer"], {**sent, "source": PARTNER}) is False
    [kept] = [e for e in list_events(store, "maker", Page(9)).items if e.id == asked.id]
    assert kept.state == "fulfilled"


def test_an_event_waits_for_one_courier_at_a_time(store: Store, ids: list[str], partner: Partner) -> None:
    asked = events.request_footprints(store, partner, {"productId": ["urn:gtin:9"]})
    taken = take_due(store, asked.due)
    assert taken is not None
    assert (taken[0].id, taken[1].id) == (asked.id, partner.id)
    assert take_due(store, asked.due) is None  # leased
    due = next_due(store)
    assert due is not None
    assert due > asked.due
    again = take_due(store, due)  # whoever had it is gone
    assert again is not None
    assert again[0].attempts == 1


def test_pauses_double_up_to_six_hours() -> None:
    assert [pause(n) for n in range(3)] == [FIRST, 2 * FIRST, 4 * FIRST]
    assert pause(60) == LONGEST < GIVE_UP


# -- secrets and the way out


def test_a_secret_is_encrypted_with_a_key_outside_the_database(partner: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    assert "secret" not in partner.sealed_secret
    assert unseal(partner.sealed_secret) == "secret"
    key = tmp_path / "keys" / "pact.key"
    assert key.stat().st_mode & 0o077 == 0
    monkeypatch.setenv("LCAENGINE_PACT_KEY", "A" * 43)
    with pytest.raises(Refused) as refused:
        unseal(partner.sealed_secret)
    assert refused.value.problems[0].code == "pact_key_differs"
    monkeypatch.delenv("LCAENGINE_PACT_KEY")
    key.write_text("AAAA")
    with pytest.raises(Refused) as refused:
        seal("x")
    assert refused.value.problems[0].code == "pact_bad_key"


def test_partners_of_one_organisation_are_not_anothers(store: Store, partner: Partner) -> None:
    assert list_partners(store, "other") == []
    for identifier in (partner.id, partner.name):
        with pytest.raises(NotFound):
            get_partner(store, "other", identifier)
        with pytest.raises(NotFound):
            remove_partner(store, "other", identifier)
    assert get_partner(store, "maker", "customer") == partner


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.0.0.1", "172.16.3.4", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0",
     "fc00::1", "::ffff:127.0.0.1", "2002:7f00:1::", "255.255.255.255"],
)  # fmt: skip
def test_private_addresses_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses_are(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    ("url", "code"),
    [("https://localhost/3/footprints", "pact_private_address"), ("https://[::1]/", "pact_private_address"),
     ("https://127.0.0.1/", "pact_private_address"), ("https://2130706433/", "pact_private_address"),
     ("http://customer.example/", "pact_not_https")],
)  # fmt: skip
def test_the_way_in_from_outside_is_no_way_to_our_own_network(url: str, code: str) -> None:
    with open_client("", private=False) as client, pytest.raises(PartnerFailed) as refused:
        client.get(url)
    assert refused.value.problems[0].code == code
    PublicTransport(private=False).close()
