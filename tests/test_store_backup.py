"""Backup and restore on both databases, and from one to the other; what is not whole is refused before anything is written."""

from __future__ import annotations

import json
import os
import threading
import tracemalloc
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, event, inspect
from tampering import unprotect

from lcaengine.cli import main
from lcaengine.problems import Refused
from lcaengine.store import Store, open_store
from lcaengine.store.archive import Unreadable
from lcaengine.store.audit import add_audit
from lcaengine.store.backup import NotEmpty, backup, restore
from lcaengine.store.boms import add_bom
from lcaengine.store.checks import check_store
from lcaengine.store.database import NoStore, engine_of, migrate, revisions
from lcaengine.store.evidence import Figure, add_evidence, evidence_file, list_evidence
from lcaengine.store.organisations import Organisation, add_organisation, get_organisation

Json = dict[str, Any]
DOCUMENT = {"lines": [{"id": "malt", "amount": 0.1, "name": "麦芽 \U0001f37a '\"\\"}]}
PDF = b"%PDF-1.7\n" + bytes(range(256))


def answer(number: int) -> Json:
    return {
        "product": {"category": "beer", "name": {"zh": "啤酒"}}, "rule": {"version": "1.0.0", "sha256": "0" * 64},
        "background": {"id": "1" * 64}, "total": {"value": 0.1 + number, "unit": "kg CO2e"},
    }  # fmt: skip


@pytest.fixture
def full(store: Store) -> Store:
    """Something of every kind of column: texts, moments, days, numbers, JSON, bytes, and nothing."""
    first = store.add("a", DOCUMENT, answer(0))
    store.add("a", DOCUMENT, answer(1), impact_allowed=False, previous=first)
    bom = {**DOCUMENT, "product": {"category": "beer", "name": {"zh": "啤酒"}}}
    add_bom(store, "a", bom, add_bom(store, "a", bom))
    store.add_cbam("b", "answers", DOCUMENT, {"x": None})
    for number in range(3):
        store.add_statement("a", f"s{number}", first.id, json.dumps({"n": number}))
    store.supersede_statement("a", "s0", "s1", "更正")
    add_evidence(store, "a", Figure("footprints", first.id, "/lines/0"), PDF, "发票.pdf", "王芳")
    add_organisation(store, Organisation("a", "Äpfel 苹果", ("manufacturer",), (), ("urn:x:1",), "CN"))
    add_audit(store, "a", "wang", "postFootprint", "/v1/footprints", 201)
    return store


@pytest.fixture(params=["sqlite", "postgres"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Another empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'target' / 'store.sqlite'}"
        return
    address = request.getfixturevalue("postgres")
    server = create_engine(engine_of(address).url, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.exec_driver_sql("CREATE DATABASE lcaengine_target")
    yield engine_of(address).url.set(database="lcaengine_target").render_as_string(hide_password=False)
    with server.connect() as connection:
        connection.exec_driver_sql("DROP DATABASE lcaengine_target WITH (FORCE)")
    server.dispose()


def contents(file: Path) -> Json:
    """The rows of a backup by table."""
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name).decode() for name in archive.namelist() if name.startswith("tables/")}


def test_everything_comes_back_from_either_database_in_either(
    full: Store, url: str, target: str, tmp_path: Path
) -> None:
    made = backup(tmp_path / "first.zip", url)
    assert made["tables"]["footprints"] == 2
    assert made["tables"]["evidence_contents"] == made["tables"]["organisations"] == made["tables"]["audit"] == 1
    restored = restore(tmp_path / "first.zip", target)
    assert restored["tables"] == made["tables"]
    backup(tmp_path / "second.zip", target)
    assert contents(tmp_path / "second.zip") == contents(tmp_path / "first.zip")
    found = open_store(target)
    for record in full.list("a").items:
        assert found.get("a", record.id) == record
    assert found.get_statement("a", "s0") == full.get_statement("a", "s0")
    assert found.statement_events("a", "s0") == full.statement_events("a", "s0")
    assert list_evidence(found, "a") == list_evidence(full, "a")
    assert evidence_file(found, "a", list_evidence(found, "a")[0][0].id) == PDF
    assert get_organisation(found, "a") == get_organisation(full, "a")
    found.revoke_statement("a", "s1", "after the restore")  # numbers go on where they were
    assert check_store(target)[1] == []
    found.engine.dispose()


def test_every_table_is_in_a_backup(full: Store, url: str, tmp_path: Path) -> None:
    backup(tmp_path / "b.zip", url)
    with zipfile.ZipFile(tmp_path / "b.zip") as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert {t["name"] for t in manifest["tables"]} == {*inspect(full.engine).get_table_names()} - {"alembic_version"}
    assert manifest["revision"] == revisions()[-1]
    assert (tmp_path / "b.zip").stat().st_mode & 0o077 == 0


def test_a_backup_is_one_moment_while_others_write(store: Store, url: str, tmp_path: Path) -> None:
    """Of a pair that is always written together no backup has one without the other."""
    stop, made = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            made.append(store.add_statement("a", f"{len(made)}", "f", json.dumps({"x": "x" * 2000})))

    writer = threading.Thread(target=write)
    writer.start()
    counts = []
    try:
        for number in range(5):
            tables = backup(tmp_path / f"{number}.zip", url)["tables"]
            counts.append((tables["statements"], tables["statement_events"]))
    finally:
        stop.set()
        writer.join()
    assert all(statements == events for statements, events in counts)
    assert counts[0] < counts[-1] <= (len(made), len(made))


def test_a_backup_of_an_older_program_is_migrated(url: str, target: str, tmp_path: Path) -> None:
    engine = engine_of(url)
    migrate(engine, "0004")
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO footprints (id, organisation_id, created, category, rule_version, rule_sha256, background_id, document, body)"
            " VALUES ('old', 'a', '2025-01-01 00:00:00', 'beer', '1.0.0', 'x', 'y', '{}', '{\"id\": \"old\"}')"
        )
    assert backup(tmp_path / "old.zip", url)["revision"] == "0004"  # as it is: before an upgrade
    assert restore(tmp_path / "old.zip", target)["tables"]["footprints"] == 1
    found = open_store(target)
    assert (found.get("a", "old").version, found.get("a", "old").previous) == (1, None)
    found.engine.dispose()
    engine.dispose()


# -- refused


def flipped(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda _: b"PK not a zip at all" * 20,
        lambda data: data[: len(data) // 2],
        lambda data: data[:-1],
        lambda data: data + b" ",
        *(
            lambda data, share=share: flipped(data, int(share * (len(data) - 1)))
            for share in (0, 0.01, 0.3, 0.6, 0.99, 1)
        ),
    ],
)
def test_what_is_not_whole_is_refused_and_nothing_written(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    store = open_store(f"sqlite:///{tmp_path / 's.sqlite'}")
    store.add("a", DOCUMENT, answer(0))
    backup(tmp_path / "good.zip", f"sqlite:///{tmp_path / 's.sqlite'}")
    (tmp_path / "bad.zip").write_bytes(damage((tmp_path / "good.zip").read_bytes()))
    with pytest.raises(Unreadable) as error:
        restore(tmp_path / "bad.zip", f"sqlite:///{tmp_path / 'target.sqlite'}")
    assert [p.code for p in error.value.problems] == ["store_backup_unreadable"]
    assert not (tmp_path / "target.sqlite").exists()
    store.engine.dispose()


def test_a_row_that_cannot_be_written_leaves_an_empty_database(
    full: Store, url: str, target: str, tmp_path: Path
) -> None:
    """Sealed anew by somebody who knows how, but two rows with one id: the database refuses, and all of it is undone."""
    from lcaengine.store import archive

    backup(tmp_path / "good.zip", url)
    with archive.verified(tmp_path / "good.zip") as kept, archive.written(tmp_path / "bad.zip") as written:
        tables = []
        for table in kept.tables:
            rows = list(kept.rows(table))
            rows += rows[:1] if table.name == "statements" else []
            tables.append(archive.write_table(written, table.name, table.columns, iter(rows)))
        archive.write_manifest(written, tables, {k: v for k, v in kept.about.items() if k not in ("format", "tables")})
    with pytest.raises(NoStore):
        restore(tmp_path / "bad.zip", target)
    engine = engine_of(target)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
    restore(tmp_path / "good.zip", target)


def test_a_database_that_is_not_empty_is_left_as_it_is(full: Store, url: str, tmp_path: Path) -> None:
    backup(tmp_path / "b.zip", url)
    full.add("a", DOCUMENT, answer(2))
    with pytest.raises(NotEmpty):
        restore(tmp_path / "b.zip", url)
    assert full.list("a").number == 3


def test_a_newer_backup_or_database_is_refused(store: Store, url: str, tmp_path: Path) -> None:
    backup(tmp_path / "b.zip", url)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    for refused in (lambda: backup(tmp_path / "c.zip", url), lambda: open_store(url), lambda: check_store(url)):
        with pytest.raises(NoStore) as error:
            refused()
        assert [p.code for p in error.value.problems] == ["store_newer"]
    assert not (tmp_path / "c.zip").exists()
    with store.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"


def test_no_backup_where_there_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(NoStore):
        backup(tmp_path / "b.zip", f"sqlite:///{tmp_path / 'none.sqlite'}")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "text.sqlite").write_text("not a database, but long enough to be one" * 50)
    with pytest.raises(NoStore):
        check_store(f"sqlite:///{tmp_path / 'text.sqlite'}")


def test_a_backup_that_cannot_be_written_leaves_the_one_before(store: Store, url: str, tmp_path: Path) -> None:
    with pytest.raises(Refused) as error:
        backup(tmp_path / "nowhere" / "b.zip", url)
    assert [p.code for p in error.value.problems] == ["cannot_write"]
    backup(tmp_path / "b.zip", url)
    before = (tmp_path / "b.zip").read_bytes()

    def stop(*_: object) -> None:
        raise OSError(28, os.strerror(28))  # the disk is full in the middle

    event.listen(store.engine.__class__, "before_cursor_execute", stop)
    try:
        with pytest.raises(Refused):
            backup(tmp_path / "b.zip", url)
    finally:
        event.remove(store.engine.__class__, "before_cursor_execute", stop)
    assert (tmp_path / "b.zip").read_bytes() == before
    assert [path.name for path in tmp_path.glob("*b.zip*")] == ["b.zip"]


def test_memory_does_not_grow_with_the_files(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.sqlite'}"
    store = open_store(url)
    record = store.add("a", DOCUMENT, answer(0))
    for number in range(12):
        data = b"%PDF-1.7\n" + os.urandom(1_000_000)
        add_evidence(store, "a", Figure("footprints", record.id), data, f"{number}.pdf", "Wang")
    tracemalloc.start()
    backup(tmp_path / "b.zip", url)
    restore(tmp_path / "b.zip", f"sqlite:///{tmp_path / 't.sqlite'}")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (tmp_path / "b.zip").stat().st_size > 12_000_000
    assert peak < 10_000_000  # less than the files; some 8.9 of it whatever their number
    store.engine.dispose()


# -- check, and the command line


def test_a_check_finds_what_was_altered(full: Store, url: str) -> None:
    assert check_store(url)[1] == []
    for table in ("footprints", "boms", "evidence_contents"):
        unprotect(full.engine, table)
    with full.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE footprints SET previous = 'gone' WHERE version = 2")
        connection.exec_driver_sql("UPDATE footprints SET body = '{}' WHERE version = 1")
        connection.exec_driver_sql("UPDATE boms SET previous = 'gone' WHERE version = 2")
        connection.exec_driver_sql("UPDATE boms SET document = '{' WHERE version = 1")
        connection.exec_driver_sql("UPDATE evidence_contents SET sha256 = 'x'")
    found = sorted((p.values["table"], p.values["what"]) for p in check_store(url)[1])
    assert found == [
        ("boms", "document"), ("boms", "previous"), ("evidence", "file"), ("evidence_contents", "data"), ("footprints", "body"), ("footprints", "previous"),
    ]  # fmt: skip


def test_a_damaged_file_is_found(tmp_path: Path) -> None:
    path = tmp_path / "s.sqlite"
    store = open_store(f"sqlite:///{path}")
    for number in range(200):
        store.add("a", DOCUMENT, answer(number))
    store.engine.dispose()
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 6000] = b"\0" * 6000
    path.write_bytes(data)
    result = CliRunner().invoke(main, ["store", "check", "--database", f"sqlite:///{path}", "--lang", "en"])
    assert result.exit_code in (1, 2)  # found by the check, or already when a row was read
    assert "store_file_damaged" in result.output or "no_store" in result.output
    assert "Traceback" not in result.output


def test_the_commands(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(main, ["store", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    here, there = f"sqlite:///{tmp_path / 'a.sqlite'}", f"sqlite:///{tmp_path / 'b.sqlite'}"
    store = open_store(here)
    store.add("a", DOCUMENT, answer(0))
    shown = run("backup", str(tmp_path / "b.zip"), "--database", here, "--lang", "en")
    assert "footprints: 1 rows" in shown
    assert "LCAENGINE_KEYS" in shown
    made = json.loads(run("restore", str(tmp_path / "b.zip"), "--database", there, "--json"))
    assert made["sha256"] in shown.replace("\n", "")
    assert "数据库完整" in run("check", "--database", there, "--lang", "zh")
    store.engine.dispose()
