"""Our client against a host that answers as it is told: what is tried again, followed, refused; and the outbox when a partner is away."""

from __future__ import annotations

import json
import ssl
import threading
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from lcaengine.pact import client as limits
from lcaengine.pact import events
from lcaengine.pact.client import PactClient
from lcaengine.pact.courier import GIVE_UP, Courier, deliver_due
from lcaengine.pact.partners import Registration, fetch, register
from lcaengine.pact.publishing import introduce
from lcaengine.pact.transport import PartnerFailed
from lcaengine.problems import Refused
from lcaengine.store import Page, Store, open_store
from lcaengine.store.pact import Publisher
from lcaengine.store.pact_partners import PactEventRow, list_events, list_received, next_due
from lcaengine.store.transaction import transaction

Answer = tuple[int, dict[str, str], bytes]
TOKEN: Answer = (200, {}, b'{"access_token": "t", "token_type": "bearer", "expires_in": 600}')
NOTHING: Answer = (404, {}, b"{}")


class Scripted:
    """A host: every path has a list of answers, the last of which is repeated; what was asked is remembered."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: dict[str, list[Answer]] = {}
        self.reset()

    def reset(self) -> None:
        self.asked.clear()
        self.answers = {"/.well-known/openid-configuration": [NOTHING], "/auth/token": [TOKEN]}

    def paths(self) -> list[str]:
        return [path for _, path, _, _ in self.asked if path.startswith("/3/")]

    def next(self, path: str) -> Answer:
        answers = self.answers.get(path, [NOTHING])
        return answers.pop(0) if len(answers) > 1 else answers[0]


@pytest.fixture(scope="module")
def scripted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scripted]:
    folder, ca = tmp_path_factory.mktemp("scripted"), trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    ca.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(folder / "server.pem")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            host.asked.append((self.command, self.path, dict(self.headers), body))
            status, headers, content = host.next(self.path)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = answer

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client that hangs up
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    host = Scripted(f"https://localhost:{server.server_port}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCAENGINE_PACT_CA", str(folder / "ca.pem"))
        patch.setenv("LCAENGINE_PACT_PRIVATE", "yes")
        patch.setattr(limits, "PAUSE", 0.01)
        yield host
    server.shutdown()
    server.server_close()


@pytest.fixture
def host(scripted: Scripted) -> Scripted:
    scripted.reset()
    return scripted


def data(*ids: str, **headers: str) -> Answer:
    return 200, headers, json.dumps({"data": [{"id": i} for i in ids]}).encode()


def found(host: Scripted, **filters: Any) -> list[str]:
    with PactClient(host.address, "me", "sécret") as client:
        return [f["id"] for f in client.footprints(**filters)]


def refused(host: Scripted) -> str:
    with pytest.raises(PartnerFailed) as error:
        found(host)
    return str(error.value.problems[0].code)


def test_it_signs_in_once_and_says_what_it_asks_for(host: Scripted) -> None:
    host.answers["/3/footprints?productId=a&productId=b&status=Active"] = [data("1", "2")]
    assert found(host, productId=["a", "b"], status="Active") == ["1", "2"]
    [(_, _, headers, body)] = [a for a in host.asked if a[1] == "/auth/token"]
    assert headers["Authorization"] == "Basic bWU6c8OpY3JldA=="  # me:sécret, UTF-8
    assert body == b"grant_type=client_credentials"
    assert host.asked[-1][2]["Authorization"] == "Bearer t"
    assert host.asked[-1][2]["Host"] == host.address.removeprefix("https://")  # the name, though it went to an address


def test_the_token_endpoint_is_discovered(host: Scripted) -> None:
    place = json.dumps({"token_endpoint": host.address + "/oauth/t"}).encode()
    host.answers |= {
        "/.well-known/openid-configuration": [(200, {}, place)],
        "/oauth/t": [TOKEN],
        "/3/footprints": [data("1")],
    }
    assert found(host) == ["1"]
    assert "/auth/token" not in [path for _, path, _, _ in host.asked]


def test_a_secret_goes_to_no_other_host(host: Scripted) -> None:
    host.answers["/.well-known/openid-configuration"] = [
        (200, {}, b'{"token_endpoint": "https://elsewhere.example/t"}')
    ]
    assert refused(host) == "pact_other_host"
    assert [path for _, path, _, _ in host.asked] == ["/.well-known/openid-configuration"]


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_what_fails_for_a_moment_is_tried_again(host: Scripted, status: int) -> None:
    host.answers["/3/footprints"] = [(status, {}, b""), (status, {}, b""), data("1")]
    assert found(host) == ["1"]
    host.answers["/3/footprints"] = [(status, {}, b"")]
    assert refused(host) == "pact_refused"
    assert host.paths() == ["/3/footprints"] * 6


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_what_is_meant_is_not(host: Scripted, status: int) -> None:
    host.answers["/3/footprints"] = [(status, {}, b'{"code": "AccessDenied", "message": "no"}'), data("1")]
    assert refused(host) == "pact_refused"
    assert host.paths() == ["/3/footprints"]


def test_a_token_that_is_over_is_renewed_once(host: Scripted) -> None:
    host.answers["/3/footprints"] = [(401, {}, b'{"code": "TokenExpired"}'), data("1")]
    assert found(host) == ["1"]
    host.answers["/3/footprints"] = [(401, {}, b"{}")]
    assert refused(host) == "pact_refused"
    assert host.paths() == ["/3/footprints"] * 4


@pytest.mark.parametrize(
    ("link", "code"),
    [
        ("<https://elsewhere.example/3/footprints?page=2>; rel=next", "pact_other_host"),
        ("<http://localhost/3/footprints>; rel=next", "pact_other_host"),
        ("<//169.254.169.254/latest>; rel=next", "pact_other_host"),
        ("<file:///etc/passwd>; rel=next", "pact_other_host"),
    ],
)
def test_a_page_elsewhere_is_not_followed(host: Scripted, link: str, code: str) -> None:
    host.answers["/3/footprints"] = [data("1", Link=link)]
    assert refused(host) == code
    assert host.paths() == ["/3/footprints"]


def test_pages_are_followed(host: Scripted) -> None:
    second = f'<{host.address}/other>; rel="prev", <{host.address}/3/footprints?page=2>; rel="next"'
    host.answers["/3/footprints"] = [data("1", Link=second)]
    host.answers["/3/footprints?page=2"] = [data("2", Link="</3/footprints?page=3>; rel=next")]
    host.answers["/3/footprints?page=3"] = [data("3")]
    assert found(host) == ["1", "2", "3"]


def test_pages_without_end_have_one(host: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_PAGES", 5)
    host.answers["/3/footprints"] = [data("1", Link="</3/footprints>; rel=next")]
    assert refused(host) == "pact_bad_answer"
    assert len(host.paths()) == 5


@pytest.mark.parametrize(
    "answer",
    [
        (302, {"Location": "https://169.254.169.254/"}, b""),
        (200, {}, b"<html>"),
        (200, {}, b'{"data": null}'),
        (200, {}, b'{"data": [1]}'),
        (200, {}, b'{"data": ' + b"[" * 100 + b"]" * 100 + b"}"),
        (200, {}, b"\xff\xfe"),
    ],
)
def test_answers_that_are_none(host: Scripted, answer: Answer) -> None:
    host.answers["/3/footprints"] = [answer]
    assert refused(host) in ("pact_refused", "pact_bad_answer")
    assert host.paths() == ["/3/footprints"]


def test_an_answer_has_an_end(host: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    import gzip

    monkeypatch.setattr(limits, "MAX_BYTES", 100_000)
    small = gzip.compress(b'{"data": []}' + b" " * 10_000_000)  # a bomb: it is counted as it opens
    assert len(small) < 20_000
    host.answers["/3/footprints"] = [(200, {"Content-Encoding": "gzip"}, small)]
    assert refused(host) == "pact_too_much"


# -- partners and the outbox


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("LCAENGINE_KEYS", str(tmp_path / "keys"))
    opened = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    introduce(opened, "a", Publisher("A", ("urn:pact:a.example:company:1",), "", "https://a.example"))
    yield opened
    opened.engine.dispose()


def registered(store: Store, host: Scripted) -> Any:
    return register(store, "a", Registration("host", "h", host.address, "me", "secret"))


def states(store: Store) -> list[tuple[str, int]]:
    return [(e.state, e.attempts) for e in list_events(store, "a", Page(9)).items]


def test_one_bad_footprint_keeps_the_others_out(host: Scripted, store: Store) -> None:
    host.answers["/3/footprints"] = [data(str(uuid.uuid4()))]
    with pytest.raises(Refused) as error:
        fetch(store, registered(store, host))
    assert {p.code for p in error.value.problems} == {"pact_unusable"}
    assert list_received(store, "a", Page(9)).number == 0


def test_an_event_is_sent_when_the_partner_is_back(host: Scripted, store: Store) -> None:
    partner = registered(store, host)
    sent = events.request_footprints(store, partner, {"productId": ["urn:gtin:1"]})
    host.answers["/3/events"] = [(500, {}, b'{"code": "InternalError"}'), (200, {}, b"")]
    assert deliver_due(store) == (0, 1)
    assert states(store) == [("waiting", 1)]
    assert "500" in list_events(store, "a", Page(9)).items[0].error
    due = next_due(store)
    assert due is not None
    assert timedelta(seconds=50) < due - datetime.now(UTC) <= timedelta(minutes=1)
    assert deliver_due(store) == (0, 0)  # not yet
    _make_due(store)
    assert deliver_due(store) == (1, 0)
    assert states(store) == [("sent", 2)]
    content = [
        (headers["Content-Type"], json.loads(body)) for _, path, headers, body in host.asked if path == "/3/events"
    ]
    assert content == [("application/cloudevents+json; charset=UTF-8", sent.document)] * 2


def test_after_three_days_it_is_given_up(host: Scripted, store: Store) -> None:
    events.request_footprints(store, registered(store, host), {})
    with transaction(store.engine) as session:
        for row in session.query(PactEventRow):
            row.created = datetime.now(UTC) - GIVE_UP - timedelta(minutes=1)
    assert deliver_due(store) == (0, 1)
    assert states(store) == [("failed", 1)]
    assert next_due(store) is None


def test_the_couriers_thread_works_while_something_waits_and_ends(host: Scripted, store: Store) -> None:
    host.answers["/3/events"] = [(200, {}, b"")]
    partner, courier = registered(store, host), Courier(store)
    for _ in range(5):
        events.request_footprints(store, partner, {})
        courier.wake()
    _until(lambda: states(store) == [("sent", 1)] * 5)
    _until(lambda: not [t for t in threading.enumerate() if t.name == "pact-courier"])
    events.request_footprints(store, partner, {})
    courier.wake()  # it starts again
    _until(lambda: states(store) == [("sent", 1)] * 6)
    assert host.paths() == ["/3/events"] * 6  # each once
    _until(lambda: not [t for t in threading.enumerate() if t.name == "pact-courier"])


def _make_due(store: Store) -> None:
    with transaction(store.engine) as session:
        for row in session.query(PactEventRow):
            row.due = datetime.now(UTC)


def _until(found: Callable[[], bool]) -> None:
    waiting = threading.Event()
    for _ in range(300):
        if found():
            return
        waiting.wait(0.05)
    raise AssertionError("it did not come")
