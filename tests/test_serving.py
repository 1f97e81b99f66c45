"""The server itself, on loopback: slow clients, long work, stopping, what is no HTTP, TLS."""

from __future__ import annotations

import json
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
import trustme
from boms import worked
from servers import SMALL, Server, shipped_server, small_server

from lcaengine.serving import Listening, NoAddress
from lcaengine.serving.starting import Hooks, run_waitress

HEAD = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n"


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One worker of two threads that waits two seconds for a request."""
    with small_server(tmp_path_factory.mktemp("quick"), 1, 2, LCAENGINE_READ_SECONDS="2") as server:
        yield server


def answer_on(client: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of what comes until the server closes."""
    data = b""
    while piece := client.recv(65536):
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    return int(lines[0].split()[1]), {k.lower(): v for k, v in (line.split(": ", 1) for line in lines[1:])}, body


def problem_on(client: socket.socket) -> tuple[int, str]:
    status, headers, body = answer_on(client)
    assert headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = json.loads(body)
    assert problem["status"] == status
    assert problem["request_id"] == headers["x-request-id"]
    return status, problem["code"]


def trickle(client: socket.socket, data: bytes) -> None:
    """A byte every 0.1 s, as long as the other side takes them."""
    try:
        for i in range(len(data)):
            client.send(data[i : i + 1])
            time.sleep(0.1)
    except OSError:
        pass


# -- slow clients


def test_twenty_clients_that_send_a_byte_at_a_time_hold_nobody_up(quick: Server) -> None:
    """Twenty against two threads that work; each is told within its time that it was too slow."""
    with ExitStack() as stack, ThreadPoolExecutor(20) as pool:
        clients = [stack.enter_context(quick.connect()) for _ in range(20)]
        for client in clients[:10]:
            client.sendall(HEAD)
        for client in clients:
            pool.submit(trickle, client, b"POST / HTTP/1.1\r\n" + b"X: y\r\n" * 100)
        with httpx.Client(base_url=quick.address, timeout=1.5) as other:  # less than the slow ones are given
            for _ in range(20):
                assert other.post("/", content=b"12345").text.endswith(" 5")
        assert {problem_on(client) for client in clients} == {(408, "request_slow")}


def test_a_silent_connection_is_closed(tmp_path: Path) -> None:
    with small_server(tmp_path, LCAENGINE_KEEPALIVE_SECONDS="1") as server, server.connect() as client:
        assert client.recv(1) == b""


def test_a_large_body_is_given_more_time(quick: Server) -> None:
    """90 kB within 2.5 s, where an empty one would have 2 s."""
    with quick.connect() as client:
        client.sendall(
            b"POST / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 90000\r\n\r\n" + b"x" * 89_000
        )
        time.sleep(2.4)
        client.sendall(b"x" * 1000)
        status, _, body = answer_on(client)
    assert (status, body.split()[1]) == (200, b"90000")


@pytest.mark.parametrize("chunked", [False, True])
def test_bodies_arrive_as_they_were_sent(quick: Server, chunked: bool) -> None:
    pieces = [b"a" * 30_000, b"b" * 12_345]
    content = iter(pieces) if chunked else b"".join(pieces)
    assert httpx.post(quick.address, content=content).text.split()[1] == "42345"


def test_a_connection_is_used_again(quick: Server) -> None:
    with httpx.Client(base_url=quick.address) as client:
        streams = [client.post("/", content=b"x").extensions["network_stream"] for _ in range(3)]
        addresses = {stream.get_extra_info("client_addr") for stream in streams}
    assert len(addresses) == 1


# -- what is no HTTP, or too much


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400, "not_http")),
        (b"GET /x y HTTP/1.1\r\n\r\n", (400, "not_http")),
        (b"GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n", (400, "not_http")),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x00b\r\n\r\n", (400, "not_http")),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400, "not_http")),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", (400, "not_http")),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", (414, "request_head_too_large")),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 200 + b"\r\n", (431, "request_head_too_large")),
        (b"GET / HTTP/1.1\r\nX: " + b"y" * 9000 + b"\r\n\r\n", (431, "request_head_too_large")),
    ],
)  # fmt: skip
def test_what_never_reaches_the_application_is_told_why(quick: Server, sent: bytes, expected: tuple[int, str]) -> None:
    with quick.connect() as client:
        client.sendall(sent)
        assert problem_on(client) == expected


# -- working and stopping


def test_work_that_takes_too_long_is_answered_and_its_worker_replaced(tmp_path: Path) -> None:
    with (
        small_server(tmp_path, LCAENGINE_WORK_SECONDS="0.5") as server,
        httpx.Client(base_url=server.address) as client,
    ):
        before = client.get("/").text
        answer = client.get("/sleep?600")
        assert (answer.status_code, answer.json()["code"]) == (503, "work_slow")
        assert int(answer.headers["Retry-After"]) > 0
        end = time.monotonic() + 30
        while (after := client.get("/").text) == before and time.monotonic() < end:
            time.sleep(0.1)
        assert after != before


def test_who_comes_when_all_threads_work_waits_and_is_told_when_it_is_too_long(tmp_path: Path) -> None:
    with small_server(tmp_path, 1, 1, LCAENGINE_WORK_SECONDS="1") as server, ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(httpx.get, f"{server.address}/sleep?0.6") for _ in range(3)]
        statuses = sorted(future.result().status_code for future in asked)
    assert statuses == [200, 503, 503]  # the second began in time and was overdue, or the third never began


def test_requests_under_way_are_finished_when_the_server_stops(tmp_path: Path) -> None:
    with small_server(tmp_path, 2) as server, ThreadPoolExecutor(1) as pool:
        working = pool.submit(httpx.get, f"{server.address}/sleep?1")
        with server.connect() as half_sent:
            half_sent.sendall(HEAD + b"x" * 500)
            time.sleep(0.3)
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.3)
            half_sent.sendall(b"x" * 500)
            status, _, body = answer_on(half_sent)
        assert working.result().status_code == 200
        assert (status, body.split()[1]) == (200, b"1000")
        assert server.process.wait(20) == 0
        with pytest.raises(OSError, match="refused"):
            server.connect()


def test_stopping_does_not_wait_for_ever(tmp_path: Path) -> None:
    with small_server(tmp_path, LCAENGINE_STOP_SECONDS="1") as server, ThreadPoolExecutor(1) as pool:
        pool.submit(httpx.get, f"{server.address}/sleep?600", timeout=20)
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)


def workers_of(server: Server, count: int, without: psutil.Process | None = None) -> list[psutil.Process]:
    """The worker processes, as soon as there are so many."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        if len(found := [p for p in psutil.Process(server.process.pid).children() if p != without]) == count:
            return found
        time.sleep(0.05)
    raise AssertionError(server.log)


def test_a_worker_that_is_killed_is_replaced(tmp_path: Path) -> None:
    with small_server(tmp_path, 2) as server:
        first, second = workers_of(server, 2)
        first.kill()
        replaced = workers_of(server, 2, without=first)
        assert second in replaced
        assert httpx.get(server.address).status_code == 200


# -- the database


def test_workers_have_their_own_connections(release: object, url: str, tmp_path: Path) -> None:
    """Many at once on two workers: all kept, none answered with another's."""
    bom = json.loads(worked("craft-one-way-glass.json"))
    with shipped_server(tmp_path, "--workers", "2", LCAENGINE_DATABASE=url) as server, ThreadPoolExecutor(8) as pool:

        def post(i: int) -> tuple[str, str]:
            named = {**bom, "product": {**bom["product"], "name": {"zh": f"{i}", "en": f"{i}"}}}
            answer = httpx.post(f"{server.address}/v1/footprints", json=named, timeout=60)
            assert answer.json()["product"]["name"]["en"] == f"{i}"
            return answer.json()["id"], f"{i}"

        for identifier, name in list(pool.map(post, range(16))):
            kept = httpx.get(f"{server.address}/v1/footprints/{identifier}").json()
            assert kept["product"]["name"]["en"] == name


# -- TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Path]:
    """Files of a certificate for localhost, its key, and the authority behind it."""
    folder, authority = tmp_path_factory.mktemp("tls"), trustme.CA()
    issued = authority.issue_cert("localhost", "127.0.0.1")
    certificate, key, root = (folder / name for name in ("cert.pem", "key.pem", "ca.pem"))
    certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    issued.private_key_pem.write_to_path(key)
    authority.cert_pem.write_to_path(root)
    return certificate, key, root


def test_https_with_tls_1_2_or_newer(release: object, certificates: tuple[Path, Path, Path], tmp_path: Path) -> None:
    certificate, key, root = certificates
    options = ("--tls-cert", str(certificate), "--tls-key", str(key), "--workers", "2")
    trusting = ssl.create_default_context(cafile=str(root))
    with shipped_server(tmp_path, *options, LCAENGINE_READ_SECONDS="2") as server:
        assert server.address.startswith("https://127.0.0.1:")
        with server.connect() as silent, httpx.Client(base_url=server.address, verify=trusting) as client:
            silent.sendall(b"\x16\x03")  # a handshake that never goes on
            answer = client.get("/readyz")
            assert answer.json() == {"status": "ready", "checks": {"database": "ok", "background": "ok", "keys": "ok"}}
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=")
            assert silent.recv(1) == b""
        with server.connect() as plain:
            plain.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert not plain.recv(100).startswith(b"HTTP/1.1 2")
        with server.connect() as raw, trusting.wrap_socket(raw, server_hostname="localhost") as newest:
            assert newest.version() == "TLSv1.3"
        old = ssl.create_default_context(cafile=str(root))
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with server.connect() as raw, pytest.raises((ssl.SSLError, ConnectionError)):
            old.wrap_socket(raw, server_hostname="localhost")


def test_a_certificate_that_cannot_be_used_is_told(certificates: tuple[Path, Path, Path], tmp_path: Path) -> None:
    certificate, key, root = certificates
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("no certificate", encoding="utf-8")
    for given in ((certificate, None), (None, key), (certificate, root), (garbage, key), (tmp_path / "none.pem", key)):
        with pytest.raises(NoAddress) as refused:
            Listening("127.0.0.1", 0, certificate=given[0], key=given[1]).tls()
        assert refused.value.problems[0].code in {"tls_pair", "tls_files"}
    assert Listening("127.0.0.1", 0).tls() is None


# -- without gunicorn


def test_where_gunicorn_cannot_run_there_is_one_process_without_tls(certificates: tuple[Path, Path, Path]) -> None:
    hooks = Hooks(*[lambda *_: None] * 4)
    for asked in (Listening("127.0.0.1", 0, workers=2), Listening("127.0.0.1", 0, 1, 4, *certificates[:2])):
        with pytest.raises(NoAddress) as refused:
            run_waitress(None, asked, hooks)
        assert refused.value.problems[0].code == "needs_posix"


def test_waitress_serves_the_same_application() -> None:
    """As it does on Windows."""
    code = SMALL.replace("run(app,", "run_waitress(app,").replace(
        "import Hooks, Listening, run", "import Hooks, Listening"
    )
    code = "from lcaengine.serving.starting import run_waitress" + code
    process = subprocess.Popen([sys.executable, "-c", code, "1", "4"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert httpx.post(address, content=b"12345").text.endswith(" 5")
    finally:
        process.terminate()
        process.communicate(timeout=20)


# -- a worker that has done enough


def test_a_worker_is_replaced_after_so_many_requests_and_none_is_lost(tmp_path: Path) -> None:
    with small_server(tmp_path, LCAENGINE_MAX_REQUESTS="20") as server, httpx.Client(base_url=server.address) as client:
        answers = [client.get("/") for _ in range(60)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) > 1
