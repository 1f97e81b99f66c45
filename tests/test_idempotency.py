"""A request that is sent again under its key is answered again and not done again: also after a crash, also at once by many."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest
from lcaengine.api import create_app
from people import BEER, Person

from lcaengine.background import Release
from lcaengine.demo import free_port
from lcaengine.store import Page, Store, open_store

KEY = {"Idempotency-Key": "order-4711-0001"}


def test_the_same_key_gets_the_same_answer(operator: Person) -> None:
    first = operator.client.post("/v1/footprints", json=BEER, headers={**operator.headers, **KEY})
    again = operator.client.post("/v1/footprints", json=BEER, headers={**operator.headers, **KEY})
    assert first.status_code == again.status_code == 201
    assert again.data == first.data
    assert again.headers["Location"] == first.headers["Location"]
    assert (first.headers.get("Idempotency-Replayed"), again.headers["Idempotency-Replayed"]) == (None, "true")
    assert operator("GET", "/v1/footprints", 200)["count"] == 1
    assert operator("GET", "/v1/audit", 200)["items"][0]["action"] == "postFootprint"
    assert len([e for e in operator("GET", "/v1/audit", 200)["items"] if e["action"] == "postFootprint"]) == 1


def test_a_key_for_another_request_is_refused(operator: Person) -> None:
    operator("POST", "/v1/footprints", 201, json=BEER, headers=KEY)
    for path, body in (("/v1/footprints", {**BEER, "site": {"country": "DE"}}), ("/v1/footprints?impact=no", BEER)):
        assert operator("POST", path, 422, json=body, headers=KEY)["code"] == "idempotency_key_reused"


@pytest.mark.parametrize("key", ["short", "has spaces in it", "x" * 256, "umlaut-ä-in-it"])
def test_what_cannot_be_a_key_is_refused(operator: Person, key: str) -> None:
    headers = {"Idempotency-Key": key.encode().decode("latin-1")}
    assert operator("POST", "/v1/footprints", 422, json=BEER, headers=headers)["code"] == "idempotency_key"
    assert operator("GET", "/v1/footprints", 200)["count"] == 0


def test_an_error_keeps_nothing_and_the_key_stays_free(operator: Person) -> None:
    assert operator("POST", "/v1/footprints", 422, json={**BEER, "lines": 1}, headers=KEY)["errors"]
    assert operator("POST", "/v1/footprints", 201, json=BEER, headers=KEY)["id"]


def test_a_secret_that_is_shown_once_is_shown_again_to_who_lost_the_answer(operator: Person) -> None:
    given = {"name": "ERP", "scopes": ["footprints:read"]}
    first = operator("POST", "/v1/keys", 201, json=given, headers=KEY)
    assert operator("POST", "/v1/keys", 201, json=given, headers=KEY) == first
    assert operator("GET", "/v1/keys", 200)["count"] == 2


def test_an_answer_is_not_for_a_key_that_may_less(operator: Person) -> None:
    given = {"name": "ERP", "scopes": ["footprints:write"]}
    operator("POST", "/v1/keys", 201, json=given, headers=KEY)
    reader = operator.key("footprints:read")
    assert reader("POST", "/v1/keys", 422, json=given, headers=KEY)["code"] == "idempotency_key_reused"


def test_many_at_once_do_it_once(release: Release, store: Store) -> None:
    app = create_app(release, store)

    def post(_: int) -> tuple[int, str]:
        found = app.test_client().post("/v1/footprints", json=BEER, headers=KEY)
        return found.status_code, found.get_json()["id"]

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(post, range(8)))
    assert len(answers) == 1
    assert store.list("local").number == 1


def test_nothing_acknowledged_is_lost_and_nothing_doubled_when_the_server_is_killed(
    release: Release, tmp_path: Path
) -> None:
    """Writers post without pause; the server is killed after some answers, three times; whoever got none asks again."""
    assert release.id  # built before
    keys = [str(uuid.uuid4()) for _ in range(60)]
    answered: dict[str, str] = {}
    for enough in (5, 12, 20):
        with server(tmp_path) as (address, kill):
            found = posted_until(address, keys, set(answered), enough, kill)
        assert set(found) < set(keys)  # some got no answer
        answered |= found
    assert len(answered) >= 5 + 12 + 20
    with server(tmp_path) as (address, _):
        final = {key: attempt(address, key) for key in keys}
    assert {key: final[key] for key in answered} == answered  # the very records that were acknowledged
    store = open_store(f"sqlite:///{tmp_path / 'kill.sqlite'}")
    try:
        kept = {record.id for record in store.list("local", Page(limit=200)).items}
    finally:
        store.engine.dispose()
    assert kept == set(final.values())
    assert len(kept) == len(keys)


def posted_until(
    address: str, keys: list[str], known: set[str], enough: int, kill: Callable[[], None]
) -> dict[str, str]:
    """Answers of six writers at once, who go on while the server is killed after enough new answers."""
    new: list[str] = []

    def post(key: str) -> str | None:
        found = attempt(address, key)
        if found and key not in known:
            new.append(key)
        if len(new) >= enough:
            kill()
        return found

    with ThreadPoolExecutor(6) as pool:
        return {key: found for key, found in zip(keys, pool.map(post, keys), strict=True) if found}


def attempt(address: str, key: str) -> str | None:
    """The id of the record, or none where the server was gone before it answered."""
    try:
        found = httpx.post(f"{address}/v1/footprints", json=BEER, headers={"Idempotency-Key": key}, timeout=20)
    except httpx.HTTPError:
        return None
    assert found.status_code == 201, found.text
    return str(found.json()["id"])


@contextmanager
def server(work: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of a server, and what kills it with all its processes at once."""
    port = free_port()
    database = f"sqlite:///{work / 'kill.sqlite'}"
    command = [sys.executable, "-m", "lcaengine.cli", "serve", "--port", str(port), "--database", database]
    with (work / "server.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def kill() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    address = f"http://127.0.0.1:{port}"
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                httpx.get(address + "/healthz", timeout=5)
                break
            except httpx.HTTPError:
                time.sleep(0.02)
        yield address, kill
    finally:
        kill()
        process.wait(10)
