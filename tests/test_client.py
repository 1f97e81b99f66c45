"""The Python client against real servers: calls, pages, files, retries, tokens, errors."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from background_fixtures import PROJECT
from people import BEER, server_set_up

from lcaengine.background import Release
from lcaengine.client import ApiError, Client, Unreachable

CRAFT = PROJECT / "inventories/beer/craft-one-way-glass.json"


@pytest.fixture
def api(address: str) -> Iterator[Client]:
    with Client(address) as client:
        yield client


def test_a_file_and_a_document_give_the_same_footprint(api: Client) -> None:
    by_file, by_document = api.post_footprint(CRAFT), api.post_footprint(BEER)
    assert by_file["total"] == by_document["total"]
    assert api.footprint(by_file["id"]) == by_file
    ranked = api.hotspots(by_file["id"], limit=3)
    assert ranked["total"] == by_file["total"]["value"]
    assert len(ranked["lines"]["items"]) == 3
    assert api.tree(by_file["id"], cutoff=0.1)["nodes"]
    assert api.explanation(by_file["id"])["rule"]["id"] == "beer"
    assert api.match(BEER)["lines"]


def test_lists_page_by_themselves(api: Client) -> None:
    made = {api.post_footprint(BEER)["id"] for _ in range(5)}
    listed = [entry["id"] for entry in api.footprints(limit=2)]
    assert made <= set(listed)
    assert len(listed) == len(set(listed))
    assert len(list(itertools.islice(api.pages("/v1/processes", limit=7), 20))) == 20


def test_statements_and_cbam(api: Client, tmp_path: Path) -> None:
    footprint = api.post_footprint(CRAFT)
    statement = api.issue_statement(footprint["id"], "Example GmbH", depth="total", issuer="Tsingtao")
    assert api.statement_document(statement["id"]).startswith(b"%PDF-")
    saved = api.download(f"/v1/statements/{statement['id']}/document", tmp_path / "statement.json", form="json")
    assert json.loads(saved.read_bytes()) == statement["document"]
    assert [p.name for p in tmp_path.iterdir()] == ["statement.json"]
    assert api.cbam_screening(BEER)["answer"]
    installation = api.cbam_installation(PROJECT / "inventories/cbam/screw-maker.xlsx")
    assert api.cbam_answer(PROJECT / "inventories/cbam/hexagon-bolts.json", installation=installation["id"])["lines"]


def test_errors_say_what_where_and_what_next(api: Client) -> None:
    with pytest.raises(ApiError) as caught:
        api.post_footprint({**BEER, "lines": [{**BEER["lines"][0], "unit": "kgs2"}]})
    error = caught.value
    assert (error.status, error.code) == (422, "unknown_unit")
    assert error.errors[0]["pointer"] == "/lines/0/unit"
    assert error.next_action
    with pytest.raises(ApiError, match="404"):
        api.footprint("nobody")
    with pytest.raises(ValueError, match=r"bom\.pdf"):
        api.post_footprint("bom.pdf")
    with Client(api.address, language="zh") as chinese, pytest.raises(ApiError, match="没有"):
        chinese.footprint("nobody")


def test_an_api_key_and_client_credentials(release: Release, tmp_path: Path) -> None:
    assert release.id  # built before
    with server_set_up(tmp_path / "server") as (address, key):
        with Client(address) as nobody, pytest.raises(ApiError, match="no_credential"):
            nobody.me()
        with Client(address, key=key) as admin:
            assert admin.me()["organisation"]["id"] == "local"
            reader = admin.make_key("reader", ["footprints:read"], days=1)
            made = admin.make_key("ERP", ["footprints:write", "footprints:read"], kind="client")
        with Client(address, client_id=made["id"], client_secret=made["secret"], retries=0) as erp:
            footprint = erp.post_footprint(BEER)
            erp._transport._token = "eyJ.x.y"  # one that the server does not take any more: a new one is fetched
            assert erp.footprint(footprint["id"]) == footprint
        with Client(address, key=reader["secret"]) as other, pytest.raises(ApiError, match="no_scope"):
            other.post_footprint(BEER)
        wrong = Client(address, client_id=made["id"], client_secret="wrong")
        with wrong, pytest.raises(ApiError, match="invalid_client"):
            wrong.me()


class _Unsteady(BaseHTTPRequestHandler):
    """Answers that come out of a list: a status, or ``None`` for a connection that is closed without an answer."""

    plan: list[int | None]
    seen: list[tuple[str, str | None, bytes]]
    elsewhere = ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.seen.append((self.path, self.headers.get("Idempotency-Key"), body))
        status = self.plan.pop(0)
        if status is None:
            self.close_connection = True
            return
        answer = b'{"id": "1"}'
        self.send_response(status)
        self.send_header("Retry-After", "0")
        if self.elsewhere:
            self.send_header("Location", self.elsewhere)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def unsteady(plan: list[int | None]) -> Iterator[tuple[str, type[_Unsteady]]]:
    handler = type("Handler", (_Unsteady,), {"plan": plan, "seen": []})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("given", [BEER, CRAFT], ids=["document", "file"])
def test_a_request_that_got_no_answer_is_sent_again_whole_under_the_same_key(given: Any) -> None:
    with unsteady([None, 503, 429, 201]) as (address, handler), Client(address) as client:
        assert client.post_footprint(given)["id"] == "1"
    assert len(handler.seen) == 4
    assert len({(key, body) for _, key, body in handler.seen}) == 1
    assert handler.seen[0][1]
    assert json.loads(handler.seen[-1][2]) == BEER


def test_the_key_goes_to_no_other_server() -> None:
    with unsteady([]) as (address, handler), Client("http://localhost:1", key="lca_secret", retries=0) as client:
        for path in (f"{address}/v1/x", address.replace("http://", "http://user:pass@")):
            with pytest.raises(ValueError, match="is not http://localhost:1"):
                client.request("POST", path)
    assert handler.seen == []


def test_a_redirection_is_an_error_that_says_where_to() -> None:
    with unsteady([308]) as (address, handler), Client(address, key="lca_secret") as client:
        handler.elsewhere = "https://elsewhere.example/"
        with pytest.raises(ApiError, match=r"308 .*https://elsewhere\.example/"):
            client.share("1", "haier")
    assert len(handler.seen) == 1


@pytest.mark.parametrize("identifier", ["..", "../keys", "a/b", "a?b", "a#b", "", "a%2fb"])
def test_an_id_leads_nowhere_else(identifier: str) -> None:
    with Client("http://127.0.0.1:1", retries=0) as client, pytest.raises(ValueError, match="is no id"):
        client.footprint(identifier)


def test_half_of_client_credentials_is_refused_and_no_secret_is_told() -> None:
    with pytest.raises(ValueError, match="go together"):
        Client(client_id="a")
    with Client("http://user:secret@127.0.0.1:1", retries=0) as client, pytest.raises(Unreachable) as caught:
        client.me()
    assert "secret" not in str(caught.value)


def test_it_gives_up_and_does_not_ask_again_what_is_refused() -> None:
    with (
        unsteady([503, 503]) as (address, handler),
        Client(address, retries=1) as client,
        pytest.raises(ApiError, match="503"),
    ):
        client.post_footprint(BEER)
    assert len(handler.seen) == 2
    with unsteady([400]) as (address, handler), Client(address) as client, pytest.raises(ApiError, match="400"):
        client.post_footprint(BEER)
    assert len(handler.seen) == 1
    with Client("http://127.0.0.1:1", retries=0) as client, pytest.raises(Unreachable, match="127"):
        client.me()
