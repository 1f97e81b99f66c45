"""The store: SQLite in WAL, immutable records, one organisation never sees another's."""

from __future__ import annotations

import json
import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from boms import canned
from lcaengine.api import create_app
from sqlalchemy import create_engine, inspect, text

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.footprint import body, calculate
from lcaengine.problems import NotFound
from lcaengine.rules import find_rule
from lcaengine.store import Page, Record, Store, open_store
from lcaengine.store.database import migrate
from lcaengine.store.records import Base
from lcaengine.store.statements import StatementChanged

Json = dict[str, Any]
POSTGRES = os.environ.get("LCAENGINE_TEST_POSTGRES", "")
THREADS, EACH = 8, 25


@pytest.fixture(scope="module")
def answer(release: Release) -> Json:
    return body(calculate(bom_of(canned()), find_rule("beer"), release))


def test_migrations_from_empty_make_the_tables_of_the_code(url: str) -> None:
    engine = create_engine(url if url == POSTGRES else "sqlite://")
    assert inspect(engine).get_table_names() == []
    migrate(engine)
    found = inspect(engine)
    assert set(found.get_table_names()) == {*Base.metadata.tables, "alembic_version"}
    for name, table in Base.metadata.tables.items():
        assert {c["name"]: c["nullable"] for c in found.get_columns(name)} == {
            c.name: c.nullable for c in table.columns
        }
        assert {i["name"]: i["column_names"] for i in found.get_indexes(name)} == {
            i.name: [c.name for c in i.columns] for i in table.indexes
        }
        assert found.get_pk_constraint(name)["constrained_columns"] == [c.name for c in table.primary_key]
    migrate(engine)  # a second time changes nothing
    engine.dispose()


def test_records_from_before_allow_impact(url: str, answer: Json) -> None:
    """The second migration on a database with a record of the first; a program that knows nothing of it may still write."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://").replace("/deep", ""))
    migrate(engine, "0001")
    row = (
        "INSERT INTO footprints (id, organisation_id, created, category, rule_version, rule_sha256, background_id, document, body)"
        " VALUES ('{}', 'a', '2025-01-01 00:00:00', 'beer', '1.0.0', 'x', 'y', '{{}}', '{{}}')"
    )
    with engine.begin() as connection:
        connection.exec_driver_sql(row.format("old"))
    migrate(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql(row.format("other"))
    store = Store(engine)
    assert store.get("a", "old").impact_allowed is store.get("a", "other").impact_allowed is True
    engine.dispose()


def test_whether_impact_is_allowed_comes_back(store: Store, answer: Json) -> None:
    kept = [store.add("a", canned(), answer), store.add("a", canned(), answer, impact_allowed=False)]
    assert [store.get("a", r.id).impact_allowed for r in kept] == [True, False]
    assert [r.impact_allowed for r in store.list("a", Page(10))[0]] == [False, True]
    with store.engine.connect() as connection:
        query = "SELECT count(*) FROM footprints WHERE NOT impact_allowed"
        assert connection.execute(text(query)).scalar() == 1


def test_the_database_is_in_wal_mode_and_waits(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    opened = open_store(f"sqlite:///{path}")
    with opened.engine.connect() as connection:
        assert connection.execute(text("PRAGMA busy_timeout")).scalar() == 15000
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL: what was answered is on disk
    opened.engine.dispose()
    plain = sqlite3.connect(path)  # the mode belongs to the file: another program sees it too
    assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    plain.close()


def test_a_record_comes_back_as_it_was_given(store: Store, answer: Json) -> None:
    record = store.add("a", canned(), answer)
    assert store.get("a", record.id) == record
    assert json.loads(record.document) == canned()
    kept = json.loads(record.body)
    assert {k: kept[k] for k in answer} == answer
    assert set(kept) - set(answer) == {"id", "created", "links"}
    assert kept["id"] == record.id
    assert kept["links"]["self"].endswith(record.id)
    assert (record.rule_sha256, record.background_id) == (answer["rule"]["sha256"], answer["background"]["id"])


def test_what_a_caller_changes_later_is_not_kept(store: Store, answer: Json) -> None:
    document = canned()
    record = store.add("a", document, answer)
    document["lines"].clear()
    assert json.loads(store.get("a", record.id).document) == canned()


def test_records_stay_letter_by_letter_after_opening_again(store: Store, url: str, answer: Json) -> None:
    records = [store.add("a", canned(), answer) for _ in range(3)]
    store.engine.dispose()
    again = open_store(url)
    assert [again.get("a", r.id).body for r in records] == [r.body for r in records]
    assert again.list("a", Page(10))[1] == 3
    again.engine.dispose()


def test_there_is_no_way_to_change_or_remove_a_record() -> None:
    assert {name for name in dir(Store) if not name.startswith("_")} == {
        "add",
        "get",
        "list",
        "add_cbam",
        "get_cbam",
        "list_cbam",
        "add_statement",
        "get_statement",
        "known_statement",
        "list_statements",
        "statement_events",
        "revoke_statement",  # these two append events; the signed text stays
        "supersede_statement",
    }
    record = Record("i", None, "c", "v", "s", "b", "d", "x")  # type: ignore[arg-type]
    with pytest.raises(AttributeError):
        record.body = "y"  # type: ignore[misc]


def test_another_organisation_finds_nothing(store: Store, answer: Json) -> None:
    record = store.add("a", canned(), answer)
    for stranger in ("b", "", "A", "a ", "%"):
        with pytest.raises(NotFound) as refused:
            store.get(stranger, record.id)
        assert [p.code for p in refused.value.problems] == ["unknown_footprint"]
        assert store.list(stranger) == ([], 0, None)
    assert store.list("a", Page(10))[1] == 1


def test_another_organisation_finds_no_cbam_result(store: Store) -> None:
    kept = store.add_cbam("a", "installations", {"given": 1}, {"answered": 2.5})
    assert json.loads(kept.body) == {
        "id": kept.id, "created": kept.created.isoformat(timespec="milliseconds"), "answered": 2.5,
        "links": {"self": f"/v1/cbam/installations/{kept.id}"},
    }  # fmt: skip
    assert store.get_cbam("a", "installations", kept.id) == kept
    for organisation, kind in (("b", "installations"), ("a", "answers")):
        with pytest.raises(NotFound):
            store.get_cbam(organisation, kind, kept.id)
        assert store.list_cbam(organisation, kind, Page(10)) == ([], 0, None)


def test_cbam_results_are_listed_newest_first_and_in_pages(store: Store) -> None:
    kept = [store.add_cbam("a", "answers", {}, {"n": n}).id for n in range(5)]
    first, count, after = store.list_cbam("a", "answers", Page(3))
    rest, _, end = store.list_cbam("a", "answers", Page(3, after=after))
    assert end is None
    assert count == 5
    assert [r.id for r in (*first, *rest)] == kept[::-1]


@pytest.mark.parametrize("identifier", ["", "nothing", "%", "\0", "' OR 1=1 --", "x" * 10_000])
def test_an_unknown_id_is_not_found(store: Store, answer: Json, identifier: str) -> None:
    store.add("a", canned(), answer)
    with pytest.raises(NotFound):
        store.get("a", identifier)
    with pytest.raises(NotFound):
        store.get_cbam("a", "installations", identifier)
    with pytest.raises(NotFound):
        store.get_statement("a", identifier)


def test_a_statement_and_what_it_supersedes_are_written_both_or_neither(store: Store, answer: Json) -> None:
    footprint = store.add("a", canned(), answer).id
    store.add_statement("a", "first", footprint, "{}")
    for other in ("nothing", "\0"):
        with pytest.raises(NotFound):
            store.add_statement("a", "second", footprint, "{}", other, "why")
    with pytest.raises(StatementChanged):
        store.add_statement("a", "second", footprint, "{}", "second", "why")
    assert [s.id for s in store.list_statements("a", Page(9))[0]] == ["first"]
    assert store.get_statement("a", "first").status == "issued"
    store.add_statement("a", "second", footprint, "{}", "first", "newer")
    assert store.get_statement("a", "first").superseded_by == "second"


def test_a_list_is_newest_first_and_in_pages(store: Store, answer: Json) -> None:
    made = [store.add("a", canned(), answer).id for _ in range(5)]
    store.add("b", canned(), answer)
    assert [r.id for r in store.list("a", Page(10))[0]] == made[::-1]
    pages = [store.list("a", Page(2))]
    while pages[-1].after:
        pages.append(store.list("a", Page(2, after=pages[-1].after)))
    assert [[r.id for r in page.items] for page in pages] == [made[:2:-1], made[2:0:-1], made[:1]]
    assert {page.number for page in pages} == {5}


def test_a_result_that_is_not_a_number_is_not_kept(store: Store, answer: Json) -> None:
    with pytest.raises(ValueError, match="JSON"):
        store.add("a", canned(), {**answer, "total": {"value": float("nan")}})
    assert store.list("a", Page(10))[1] == 0


def test_threads_that_write_at_once_lose_nothing(store: Store, url: str, answer: Json) -> None:
    stores = [store, open_store(url)]  # two programs, four threads each

    def write(thread: int) -> list[str]:
        return [stores[thread % 2].add(f"organisation-{thread % 2}", canned(), answer).id for _ in range(EACH)]

    with ThreadPoolExecutor(THREADS) as pool:
        made = list(pool.map(write, range(THREADS)))
    for number in (0, 1):
        records, count, _ = store.list(f"organisation-{number}", Page(200))
        assert count == THREADS * EACH / 2
        assert {r.id for r in records} == {i for thread in made[number::2] for i in thread}
        assert all(json.loads(r.body)["total"] == answer["total"] for r in records)
    stores[1].engine.dispose()


def test_a_rule_that_was_changed_on_disk_answers_no_hotspots(answer: Json, release: Release, tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    kept = store.add("local", canned(), answer)
    other = store.add("local", canned(), {**answer, "rule": {**answer["rule"], "sha256": "0" * 64}})
    client = create_app(release, store).test_client()
    assert client.get(f"/v1/footprints/{kept.id}/hotspots").status_code == 200
    refused = client.get(f"/v1/footprints/{other.id}/hotspots")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "rule_changed")
    assert client.get(f"/v1/footprints/{other.id}").status_code == 200
