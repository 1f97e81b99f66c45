"""What every request gets, whatever it asks for: an id, a line in the log, compression, guards, limits."""

from __future__ import annotations

import gzip
import io
import json
import logging
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import brotli
import httpx
import psutil
import pytest
from boms import worked
from flask import Flask, Response
from flask.testing import FlaskClient
from lcaengine.api import create_app
from servers import Server, shipped_server
from upkeep_fixtures import made

from lcaengine.background import Release
from lcaengine.serving.logs import JsonLines, Plain
from lcaengine.store import Store, open_store
from lcaengine.store.credentials import Caller, add_credential
from lcaengine.store.organisations import Organisation, add_organisation

JSON = {"Content-Type": "application/json"}
BOM = worked("craft-one-way-glass.json")


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('requests') / 'store.sqlite'}")
    yield store
    store.engine.dispose()


@pytest.fixture(scope="module")
def app(release: Release, stored: Store) -> Flask:
    return create_app(release, stored)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@contextmanager
def logged(formatter: logging.Formatter) -> Iterator[io.StringIO]:
    """What is logged meanwhile, as the server would write it."""
    stream, logger = io.StringIO(), logging.getLogger("lcaengine")
    handler, level = logging.StreamHandler(stream), logger.level
    handler.setFormatter(formatter)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield stream
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


# -- request ids


@pytest.mark.parametrize("given", ["a", "2f1c-ERP:7/8", "0" * 128])
def test_a_well_formed_request_id_is_kept(client: FlaskClient, given: str) -> None:
    answer = client.get("/nothing", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given
    assert answer.json["request_id"] == given


@pytest.mark.parametrize("given", ["", " ", "a b", "é", "0" * 129, "<script>", "a;b", 'a"b'])
def test_another_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_every_request_has_its_own_id(client: FlaskClient) -> None:
    assert len({client.get("/healthz").headers["X-Request-ID"] for _ in range(5)}) == 5


# -- the log


def test_a_request_is_one_line_of_json(client: FlaskClient) -> None:
    with logged(JsonLines()) as log:
        client.get("/v1/footprints/7?x=1", headers={"X-Request-ID": "here"})
    (line,) = log.getvalue().splitlines()
    entry = json.loads(line)
    assert {key: entry[key] for key in ("message", "request_id", "method", "route", "status", "organisation")} == {
        "message": "request", "request_id": "here", "method": "GET", "route": "/v1/footprints/<string:identifier>",
        "status": 404, "organisation": "local",
    }  # fmt: skip
    assert entry["ms"] >= 0
    assert entry["time"].endswith("+00:00")


def test_a_plain_line_stays_one_line(client: FlaskClient) -> None:
    with logged(Plain()) as log:
        logging.getLogger("lcaengine.x").warning("one\r\n2026 INFO forged")
        client.get("/healthz")
    assert len(log.getvalue().splitlines()) == 2
    assert "one\\r\\n2026 INFO forged" in log.getvalue()
    assert "route=/healthz" in log.getvalue()


SECRET = "lca_S3cretS3cretS3cret"


@pytest.mark.parametrize("form", [JsonLines, Plain])
def test_secrets_never_appear_in_the_log(app: Flask, form: type[logging.Formatter]) -> None:
    app.config["PROPAGATE_EXCEPTIONS"] = False
    with logged(form()) as log:
        client = app.test_client()
        headers = {"Authorization": f"Bearer {SECRET}", "Cookie": f"a={SECRET}", "X-Api-Key": SECRET, **JSON}
        client.get(f"/healthz?access_token={SECRET}", headers=headers)
        client.get(f"/welcome/{SECRET}", headers=headers)
        client.get(f"/v1/footprints/{SECRET}", headers=headers)
        client.post("/v1/footprints", data=json.dumps({"client_secret": SECRET}), headers=headers)
        client.post("/v1/footprints", data=f"{{{SECRET}", headers=headers)
        client.post("/auth/token", data=f"client_secret={SECRET}", headers={**headers, "Content-Type": "text/plain"})
        client.open("/healthz", method=SECRET.upper().replace("_", "-"), headers=headers)
    assert len(log.getvalue().splitlines()) == 7
    assert "S3CRET" not in log.getvalue().upper()


# -- compression


def decoded(answer: Response) -> bytes:
    match answer.headers.get("Content-Encoding"):
        case "br":
            return bytes(brotli.decompress(answer.data))
        case "gzip":
            return gzip.decompress(answer.data)
        case None:
            return answer.data
    raise AssertionError(answer.headers)


@pytest.mark.parametrize("accepted", ["gzip", "br", "", "identity", "compress"])
def test_answers_are_compressed_as_accepted(client: FlaskClient, accepted: str) -> None:
    answer = client.get("/v1/processes", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding", "") == (accepted if accepted in ("gzip", "br") else "")
    assert json.loads(decoded(answer))["limit"] == 20
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert answer.content_length == len(answer.data)


def test_zstd_is_understood_by_a_client(http: httpx.Client) -> None:
    answer = http.get("/v1/processes", headers={"Accept-Encoding": "zstd"})
    assert answer.headers["Content-Encoding"] == "zstd"
    assert answer.content.startswith(b"\x28\xb5\x2f\xfd") or answer.json()["limit"] == 20


def test_what_is_short_or_must_not_be_kept_is_not_compressed(app: Flask) -> None:
    client = app.test_client()
    assert "Content-Encoding" not in client.get("/healthz", headers={"Accept-Encoding": "gzip"}).headers
    with app.test_request_context("/", headers={"Accept-Encoding": "gzip"}):
        secret = Response("x" * 5000, mimetype="application/json", headers={"Cache-Control": "no-store"})
        assert "Content-Encoding" not in app.process_response(secret).headers


def test_an_etag_of_a_compressed_answer_still_names_the_thing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: Release, client: FlaskClient
) -> None:
    monkeypatch.setenv("LCAENGINE_RULES", str(tmp_path))
    draft = made(tmp_path, release).read_bytes()
    path, zipped = "/v1/rules/soft-drink/versions/1.0.0", {"Accept": "text/yaml", "Accept-Encoding": "gzip"}
    plain = client.get(path).headers["ETag"]
    etag = client.get(path, headers=zipped).headers["ETag"]
    assert etag == plain[:-1] + ':gzip"'
    again = client.get(path, headers={**zipped, "If-None-Match": etag})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
    for given, expected in (('"other:gzip"', 412), (etag, 200)):
        answer = client.put(path, data=draft, headers={"If-Match": given, "Content-Type": "text/yaml"})
        assert answer.status_code == expected, answer.json


# -- without authentication, on loopback


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "127.0.0.1"])
def test_the_server_answers_as_this_machine(client: FlaskClient, host: str) -> None:
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example:80", "localhost.", "0.0.0.0", "user@localhost", "[::2]"]
)
def test_another_name_is_refused(client: FlaskClient, host: str) -> None:
    answer = client.get("/v1/footprints", headers={"Host": host})
    assert answer.status_code in (400, 403)
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),
        ({"Origin": "http://localhost"}, 201),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "http://localhost:9"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
def test_nothing_is_written_for_another_site(client: FlaskClient, headers: dict[str, str], status: int) -> None:
    before = client.get("/v1/footprints").json["count"]
    assert client.post("/v1/footprints", data=BOM, headers={**JSON, **headers}).status_code == status
    assert client.get("/v1/footprints").json["count"] == before + (status == 201)


def test_answers_say_how_a_browser_is_to_take_them(client: FlaskClient) -> None:
    headers = client.get("/healthz").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert "Strict-Transport-Security" not in headers
    assert "Strict-Transport-Security" in client.get("/healthz", base_url="https://localhost").headers


# -- behind proxies


@pytest.mark.parametrize(("proxies", "seen"), [("", "127.0.0.1"), ("1", "192.0.2.7"), ("2", "198.51.100.9")])
def test_as_many_proxies_are_believed_as_there_are(
    monkeypatch: pytest.MonkeyPatch, release: Release, stored: Store, proxies: str, seen: str
) -> None:
    monkeypatch.setenv("LCAENGINE_PROXIES", proxies)
    app = create_app(release, stored)
    app.add_url_rule("/seen", view_func=lambda: app.json.response(_seen()))
    headers = {"X-Forwarded-For": "203.0.113.5, 198.51.100.9, 192.0.2.7"}
    assert app.test_client().get("/seen", headers=headers).json == seen


def _seen() -> str | None:
    from flask import request

    return request.remote_addr


# -- rate limits


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch, release: Release, stored: Store) -> FlaskClient:
    monkeypatch.setenv("LCAENGINE_RATE", "5 per hour")
    monkeypatch.setenv("LCAENGINE_RATE_LOGIN", "3 per hour")
    app = create_app(release, stored, auth=True)
    app.add_url_rule("/auth/guess", "guess", lambda: "no")
    app.add_url_rule("/wrong", "wrong", lambda: ("no", 401))
    return app.test_client()


def statuses(client: FlaskClient, path: str, count: int, **headers: str) -> list[int]:
    return [client.get(path, headers=headers).status_code for _ in range(count)]


def test_who_asks_too_often_is_told_when_to_come_back(limited: FlaskClient) -> None:
    first = limited.get("/openapi.json")
    assert (first.headers["X-RateLimit-Remaining"], first.headers.get("Retry-After")) == ("4", None)
    assert statuses(limited, "/openapi.json", 4) == [200] * 4
    answer = limited.get("/openapi.json", headers={"Accept-Language": "zh"})
    assert (answer.status_code, answer.json["code"]) == (429, "too_many_requests")
    assert answer.content_type == "application/problem+json"
    assert 0 < int(answer.headers["Retry-After"]) <= 3600
    assert "频繁" in answer.json["detail"]


def test_every_credential_has_its_own_count_however_it_is_written(limited: FlaskClient, stored: Store) -> None:
    add_organisation(stored, Organisation("haier", "Haier", ("manufacturer",)))
    caller = Caller("haier", frozenset({"footprints:read"}))
    first, second = (add_credential(stored, caller, name, caller.scopes)[1] for name in "ab")
    for written in (f"Bearer {first}", f"bearer {first}", f"BEARER  {first}", f"Bearer   {first}", f"bEARER {first}"):
        assert statuses(limited, "/v1/me", 1, Authorization=written) == [200]
    assert statuses(limited, "/v1/me", 1, Authorization=f"bearer    {first}") == [429]
    assert statuses(limited, "/v1/me", 1, Authorization=f"Bearer {second}") == [200]


def test_what_is_public_is_counted_by_address_whatever_is_sent(limited: FlaskClient) -> None:
    found = [statuses(limited, "/openapi.json", 1, Authorization=f"Bearer {i}") for i in range(6)]
    assert found[4:] == [[200], [429]]


def test_logging_in_is_counted_by_address(limited: FlaskClient) -> None:
    assert [limited.get("/auth/guess", headers={"Authorization": f"Basic {i}"}).status_code for i in range(4)] == [
        200
    ] * 3 + [429]
    assert statuses(limited, "/openapi.json", 1) == [200]


def test_wrong_credentials_are_counted_by_address(limited: FlaskClient) -> None:
    tried = [limited.get("/wrong", headers={"Authorization": f"Bearer {i}"}).status_code for i in range(4)]
    assert tried == [401] * 3 + [429]


def test_watchers_are_not_counted(limited: FlaskClient) -> None:
    assert statuses(limited, "/healthz", 10) == [200] * 10


def test_on_loopback_without_authentication_there_are_no_limits(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LCAENGINE_RATE", "1 per day")
    assert statuses(client, "/openapi.json", 3) == [200] * 3


# -- metrics and readiness, on a real server of two workers


@pytest.fixture(scope="module")
def server(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with shipped_server(tmp_path_factory.mktemp("metrics"), "--workers", "2") as started:
        yield started


def samples(text: str) -> dict[str, float]:
    lines = [line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def workers_in(log: str) -> set[int]:
    """Which of them posted footprints."""
    lines = [json.loads(line) for line in log.splitlines()]
    return {line["process"] for line in lines if line.get("route") == "/v1/footprints"}


def test_metrics_add_up_all_workers(server: Server) -> None:
    posted = 0
    with ThreadPoolExecutor(4) as pool:
        while len(workers_in(server.log)) < 2 and posted < 200:
            list(pool.map(lambda _: httpx.post(f"{server.address}/v1/footprints", content=BOM, headers=JSON), range(4)))
            posted += 4
    found = samples(httpx.get(f"{server.address}/metrics").text)
    assert len(workers_in(server.log)) == 2
    assert found["lcaengine_footprints_total"] == posted
    assert found['lcaengine_requests_total{method="POST",route="/v1/footprints",status="201"}'] == posted
    assert found['lcaengine_request_seconds_count{method="POST",route="/v1/footprints"}'] == posted
    assert found["lcaengine_requests_in_progress"] == 1
    psutil.Process(server.process.pid).children()[0].terminate()  # what a worker counted stays when it ends
    time.sleep(1)
    assert samples(httpx.get(f"{server.address}/metrics").text)["lcaengine_footprints_total"] == posted


def test_metrics_are_for_loopback_or_for_a_token(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = app.test_client()
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "192.0.2.1"}).json["code"] == "metrics_closed"
    monkeypatch.setenv("LCAENGINE_METRICS_TOKEN", "t" * 20)
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer " + "x" * 20}).status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer " + "t" * 20}).status_code == 200


def test_ready_names_what_is_missing(
    app: Flask, stored: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = app.test_client()
    monkeypatch.setenv("LCAENGINE_KEYS", str(tmp_path))
    assert client.get("/readyz").json["checks"] == {"database": "ok", "background": "ok", "keys": "ok"}
    (tmp_path / "key.json").write_text("no key", encoding="utf-8")
    with stored.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    try:
        answer = client.get("/readyz")
    finally:
        with stored.engine.begin() as connection:
            newest = sorted(p.name for p in (Path("lcaengine/store/migrations/versions").glob("0*.py")))[-1][:4]
            connection.exec_driver_sql(f"UPDATE alembic_version SET version_num = '{newest}'")
    assert answer.status_code == 503
    assert [e["pointer"] for e in answer.json["errors"]] == ["/database", "/keys"]
    assert "0001" in answer.json["detail"]
