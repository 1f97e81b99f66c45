"""Batches over HTTP: a real server takes files, computes them beside its answers, and survives being killed."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from batch_files import results, rows, write
from lcaengine.api import create_app

from lcaengine.background import Release
from lcaengine.batch import cluster, run
from lcaengine.demo import free_port
from lcaengine.problems import NotFound, Refused
from lcaengine.store import Store
from lcaengine.store.batches import (
    CANCELLED,
    DONE,
    QUEUED,
    RUNNING,
    add_batch,
    cancel_batch,
    claim_batch,
    end_batch,
    get_batch,
    list_batches,
    new_batch_id,
    renew_batch,
    resume_batch,
)

Json = dict[str, Any]
PARQUET = "application/vnd.apache.parquet"
PATIENCE = 120.0


class Server:
    """A server of its own process; ``kill`` is kill -9."""

    def __init__(self, work: Path, database: str) -> None:
        self._work, self._database = work, database
        self._clients: list[httpx.Client] = []

    def start(self) -> httpx.Client:
        port = free_port()
        environment = {**os.environ, "LCAENGINE_BATCHES": str(self._work / "batches"), "LCAENGINE_BATCH_WORKERS": "1"}
        command = [sys.executable, "-m", "lcaengine.cli", "serve", "--port", str(port), "--database", self._database]
        with (self._work / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        self._clients.append(client)
        until(lambda: _alive(client))
        return client

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        for client in self._clients:
            client.close()
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


def _alive(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def until(true: Any) -> Any:
    """Wait for something to be; fails after two minutes."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen")


@contextmanager
def server(work: Path, database: str) -> Iterator[Server]:
    made = Server(work, database)
    try:
        yield made
    finally:
        made.stop()


def state(client: httpx.Client, identifier: str, *wanted: str) -> Json | None:
    body: Json = client.get(f"/v1/batches/{identifier}").json()
    return body if body["state"] in wanted else None


def test_a_server_killed_in_the_middle_of_a_batch(url: str, tmp_path: Path, release: Release) -> None:
    """kill -9 of the server: nothing of it goes on; started again, it finishes the batch from the parts that are there."""
    file = write(tmp_path / "in.parquet", rows(150))
    with server(tmp_path, url) as own:
        http = own.start()
        answer = http.post("/v1/batches", content=file.read_bytes(), headers={"Content-Type": PARQUET})
        assert answer.status_code == 202
        identifier = answer.json()["id"]
        assert answer.headers["Location"] == f"/v1/batches/{identifier}"
        folder = tmp_path / "batches" / identifier
        until((folder / "work").exists)  # it is being computed
        family = psutil.Process(own.process.pid).children(recursive=True)
        assert family
        own.kill()
        psutil.wait_procs(family, timeout=20)
        assert not [p for p in family if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
        assert not (folder / "results.parquet").exists()
        http = own.start()
        assert state(http, identifier, "running", "queued", "done")
        body = until(lambda: state(http, identifier, "done", "failed"))
        assert (body["state"], body["progress"]["bills"], body["progress"]["done"], body["progress"]["errors"]) == (
            "done",
            150,
            150,
            0,
        )
        found = http.get(f"/v1/batches/{identifier}/results")
        assert found.headers["Content-Type"] == PARQUET
        (tmp_path / "results.parquet").write_bytes(found.content)
    with cluster(workers=1) as client:
        run(file, tmp_path / "alone", client=client)
    assert results(tmp_path) == results(tmp_path / "alone")


def test_a_batch_from_its_posting_to_its_tables(http: httpx.Client, tmp_path: Path) -> None:
    found = rows(4)
    line = next(i for i, r in enumerate(found) if r["section"] == "line")
    found[line]["unit"] = "furlong"
    data = write(tmp_path / "in.csv", found).read_bytes()
    made = http.post(
        "/v1/batches?lines=true", content=data, headers={"Content-Type": "text/csv", "Idempotency-Key": "batch-0001"}
    )
    assert made.status_code == 202
    again = http.post(
        "/v1/batches?lines=true", content=data, headers={"Content-Type": "text/csv", "Idempotency-Key": "batch-0001"}
    )
    assert (again.json(), again.headers["Idempotency-Replayed"]) == (made.json(), "true")
    own = made.json()["links"]["self"]
    body = until(lambda: state(http, made.json()["id"], "done", "failed"))
    assert body["state"] == "done"
    assert body["progress"] | {"rate": 0} == {"bills": 4, "done": 4, "errors": 1, "rate": 0}
    assert own in [item["links"]["self"] for item in http.get("/v1/batches").json()["items"]]
    errors = http.get(own + "/errors?format=ndjson")
    assert (errors.headers["Content-Type"].split(";")[0], errors.json()["code"], errors.json()["row"]) == (
        "application/x-ndjson",
        "unknown_unit",
        line + 2,
    )
    table = http.get(own + "/results")
    assert table.text.startswith('\ufeff"bom"')
    assert len(table.text.splitlines()) == 5
    for query in ("results?format=xlsx", "results?table=warnings", "results?table=lines&format=parquet"):
        assert http.get(f"{own}/{query}").status_code == 200
    assert http.get(own + "/results?table=errors").status_code == 422
    assert http.get(own + "/results?format=pdf").status_code == 422
    assert http.post(own + "/cancel").status_code == 409
    assert http.post(own + "/resume").status_code == 409


def test_a_file_that_cannot_be_read_makes_a_failed_batch(http: httpx.Client) -> None:
    made = http.post("/v1/batches", content=b"no parquet", headers={"Content-Type": PARQUET})
    assert made.status_code == 202
    body = until(lambda: state(http, made.json()["id"], "done", "failed"))
    assert (body["state"], body["problems"][0]["code"]) == ("failed", "unreadable_table")
    assert body["problems"][0]["message"]["zh"]
    assert http.get(made.json()["links"]["results"]).status_code == 409


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/batches/x", 404), ("/v1/batches/x/results", 404), ("/v1/batches/x/errors", 404)]
)
def test_no_such_batch(http: httpx.Client, path: str, status: int) -> None:
    assert http.get(path).status_code == status
    assert http.get(path).json()["code"] == "unknown_batch"


def test_what_is_not_taken(http: httpx.Client) -> None:
    assert http.post("/v1/batches", content=b"{}", headers={"Content-Type": "application/json"}).status_code == 415


def test_a_file_above_the_limit_is_refused_and_leaves_nothing(
    store: Store, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LCAENGINE_BATCHES", str(tmp_path / "batches"))
    monkeypatch.setenv("LCAENGINE_BATCH_BYTES", "1000")
    client = create_app(release, store).test_client()
    big = client.post("/v1/batches", data=b"x" * 1001, content_type=PARQUET)
    assert (big.status_code, big.get_json()["code"]) == (413, "too_large")
    assert "1000" in big.get_json()["detail"]
    streamed = client.post(
        "/v1/batches",
        input_stream=io.BytesIO(b"x" * 1001),
        content_type=PARQUET,
        environ_overrides={"wsgi.input_terminated": True},
    )
    assert streamed.status_code == 413
    assert list(tmp_path.glob("batches/*")) == []
    assert list_batches(store, "local").number == 0
    monkeypatch.setenv("LCAENGINE_BATCH_BYTES", "20000000")
    larger = client.post(
        "/v1/batches", data=b"x" * 9_000_000, content_type=PARQUET, headers={"Idempotency-Key": "large-001"}
    )
    assert larger.status_code == 202  # above the limit of every other endpoint
    assert (tmp_path / "batches" / larger.get_json()["id"] / "upload.parquet").stat().st_size == 9_000_000


# -- the table of batches, on both databases


def waiting(store: Store, organisation: str = "local") -> str:
    return add_batch(store, organisation, new_batch_id(), "csv", 10, False, "b" * 64).id


def test_one_runner_gets_a_batch_and_keeps_it_while_it_says_so(store: Store) -> None:
    first, second = waiting(store), waiting(store, "haier")
    taken = claim_batch(store, "one", 60, lambda _: True)
    assert taken is not None
    assert taken.id == first
    assert get_batch(store, "local", first).state == RUNNING
    other = claim_batch(store, "two", 60, lambda _: True)
    assert other is not None
    assert (other.id, other.organisation_id) == (second, "haier")
    assert claim_batch(store, "three", 60, lambda _: True) is None
    assert renew_batch(store, "one", first, 60, {"bills": 5, "done": 2, "errors": 1, "rate": 3.5}) is False
    assert renew_batch(store, "two", first, 60, {}) is None
    assert get_batch(store, "local", first).done == 2
    assert renew_batch(store, "one", first, -1, {}) is False  # falls silent
    heir = claim_batch(store, "three", 60, lambda _: True)
    assert heir is not None
    assert heir.id == first
    assert renew_batch(store, "one", first, 60, {}) is None
    end_batch(store, "one", first, DONE, {})
    assert get_batch(store, "local", first).state == RUNNING
    end_batch(store, "three", first, DONE, {"done": 5})
    assert (get_batch(store, "local", first).state, get_batch(store, "local", first).done) == (DONE, 5)


def test_a_batch_whose_files_are_elsewhere_is_left_to_others(store: Store) -> None:
    waiting(store)
    assert claim_batch(store, "one", 60, lambda _: False) is None


def test_cancelled_and_resumed(store: Store) -> None:
    identifier = waiting(store)
    assert cancel_batch(store, "local", identifier).state == CANCELLED
    assert resume_batch(store, "local", identifier).state == QUEUED
    claim_batch(store, "one", 60, lambda _: True)
    assert cancel_batch(store, "local", identifier).state == RUNNING
    assert renew_batch(store, "one", identifier, 60, {}) is True
    end_batch(store, "one", identifier, CANCELLED, {})
    with pytest.raises(Refused):
        cancel_batch(store, "local", identifier)


def test_organisations_do_not_see_each_others_batches(store: Store) -> None:
    identifier = waiting(store)
    assert list_batches(store, "haier").number == 0
    for function in (get_batch, cancel_batch, resume_batch):
        with pytest.raises(NotFound):
            function(store, "haier", identifier)
        with pytest.raises(NotFound):
            function(store, "local", "a\0b")
    assert get_batch(store, "local", identifier).state == QUEUED
