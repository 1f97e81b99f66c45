"""One organisation's data: exported as readable files, deleted for good, the others' untouched."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from boms import canned
from click.testing import CliRunner, Result
from sqlalchemy import Column

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.cli import main
from lcaengine.footprint import body, calculate
from lcaengine.problems import NotFound
from lcaengine.rules import find_rule
from lcaengine.store import Store
from lcaengine.store.answers import Answer, keep_answer
from lcaengine.store.audit import add_audit, list_audit
from lcaengine.store.base import Base
from lcaengine.store.credentials import Caller, add_credential
from lcaengine.store.evidence import Figure, Retained, add_evidence, remove_evidence
from lcaengine.store.organisation_data import (
    delete_organisation,
    export_organisation,
    organisation_counts,
    retained_evidence,
)
from lcaengine.store.organisations import Organisation, add_organisation, add_user, invite
from lcaengine.store.roles import SCOPES
from lcaengine.store.sharing import share_footprint, visible_footprint

Json = dict[str, Any]
PDF = b"%PDF-1.7 invoice"
LATER = date(2099, 1, 1)


@pytest.fixture(scope="module")
def answer(release: Release) -> Json:
    return body(calculate(bom_of(canned()), find_rule("beer"), release))


@pytest.fixture
def full(store: Store, answer: Json) -> Store:
    """Two organisations with a row in every table, each sharing a footprint with the other."""
    for name in ("a", "b"):
        add_organisation(store, Organisation(name, f"Name of {name}", ("manufacturer",)))
    for name, other in (("a", "b"), ("b", "a")):
        user = add_user(store, name, f"wang@{name}.example", "=Wang", ["manufacturer"])
        invite(store, name, user.id)
        add_credential(store, Caller(name, SCOPES, user_id=user.id), "key", ["footprints:read"])
        record = store.add(name, canned(), answer)
        store.add_cbam(name, "answers", {"x": 1}, {"y": 2})
        store.add_statement(name, f"statement-{name}", record.id, '{"signed": "as it was"}')
        add_evidence(store, name, Figure("footprints", record.id), PDF, "=发票.pdf", "Wang")
        share_footprint(store, name, record.id, other, "total")
        add_audit(store, name, "wang", "postFootprint", f"/v1/footprints/{record.id}", 201)
        keep_answer(store, name, "key", "print", Answer(201, (), b"answer"))
    fill(store)
    return store


def fill(store: Store) -> None:
    """A row of each organisation in the tables that have none yet: those of parts that nothing here knows of."""
    for table in Base.metadata.sorted_tables:
        with store.engine.begin() as connection:
            if table.name == "deletions" or connection.execute(table.select()).first():
                continue
            for name, other in (("a", "b"), ("b", "a")):
                owners = {"organisation_id": name, "receiver": other}
                connection.execute(
                    table.insert(), {c.name: owners.get(c.name, made_up(c, name)) for c in table.columns}
                )


def made_up(column: Column[Any], name: str) -> Any:
    """Some value of a column's type."""
    values = {
        int: 7, float: 0.5, bool: True, bytes: b"x", date: date(2026, 1, 1), datetime: datetime(2026, 1, 1, tzinfo=UTC),
        dict: [], str: f"{column.name} of {name}"[: getattr(column.type, "length", None)],
    }  # fmt: skip
    kind = getattr(column.type, "impl", column.type).python_type
    return ord(name) if column.primary_key and kind is int else values[kind]


def everything(store: Store) -> dict[str, list[Any]]:
    with store.engine.connect() as connection:
        return {t.name: [tuple(r) for r in connection.execute(t.select())] for t in Base.metadata.sorted_tables}


def test_there_is_a_row_in_every_table(full: Store) -> None:
    assert {name for name, rows in everything(full).items() if not rows} == {"deletions"}


def test_after_a_deletion_nothing_of_one_is_left_and_all_of_the_other(full: Store) -> None:
    before = everything(full)
    counts = delete_organisation(full, "a", on=LATER)
    after = everything(full)
    both = {table.name for table in Base.metadata.sorted_tables if "receiver" in table.columns}
    assert counts == {name: 2 if name in both else 1 for name in before if name != "deletions"}
    (deletion,), entries = after.pop("deletions"), after.pop("audit")
    assert deletion[1] == "a"
    assert deletion[3] is not None
    assert json.loads(deletion[5]) == counts
    assert [e.action for e in list_audit(full, "a").items] == ["deleteOrganisation"]
    assert [e.action for e in list_audit(full, "b").items] == ["postFootprint"]
    assert len(entries) == 2
    for name, rows in after.items():
        kept = [row for row in before[name] if "a" not in row]
        assert rows == kept
        assert len(kept) == (0 if name in both else 1)
    assert "wang" not in json.dumps([deletion, *(e for e in entries if "a" in e)], default=str).lower()
    with pytest.raises(NotFound):
        delete_organisation(full, "a")
    record = full.list("b").items[0]
    with pytest.raises(NotFound):
        visible_footprint(full, "a", record.id)


def test_an_organisation_that_comes_again_is_not_open_for_removal(full: Store, answer: Json) -> None:
    from sqlalchemy.exc import IntegrityError

    delete_organisation(full, "a", on=LATER)
    full.add("a", canned(), answer)
    with pytest.raises(IntegrityError, match="append-only"), full.engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM footprints WHERE organisation_id = 'a'")


def test_evidence_that_is_to_be_kept_stops_a_deletion(full: Store) -> None:
    before = everything(full)
    count, until = retained_evidence(full, "a")
    assert count == 1
    assert until is not None
    for reason, despite in (("", False), ("asked for", False), (" ", True)):
        with pytest.raises(Retained):
            delete_organisation(full, "a", reason, despite)
    with pytest.raises(Retained):
        delete_organisation(full, "a", on=until)
    assert everything(full) == before
    delete_organisation(full, "a", "court order 12", True)
    assert everything(full)["deletions"][0][4] == "court order 12"


def test_evidence_taken_away_after_its_time_does_not_stop_it(full: Store) -> None:
    (identifier,) = [row[0] for row in everything(full)["evidence"] if row[1] == "a"]
    remove_evidence(full, "a", identifier, "Wang", on=LATER)
    assert retained_evidence(full, "a") == (0, None)
    delete_organisation(full, "a")


def test_a_deletion_that_fails_deletes_nothing(full: Store) -> None:
    from sqlalchemy import event

    before = everything(full)

    def stop(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith("DELETE FROM footprints"):
            raise OSError("gone")

    event.listen(full.engine, "before_cursor_execute", stop)
    with pytest.raises(OSError, match="gone"):
        delete_organisation(full, "a", on=LATER)
    event.remove(full.engine, "before_cursor_execute", stop)
    assert everything(full) == before


def test_an_export_has_everything_readable_and_nothing_of_others(full: Store) -> None:
    file = io.BytesIO()
    counts = export_organisation(full, "a", file)
    assert counts == organisation_counts(full, "a")
    with zipfile.ZipFile(file) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    record = full.list("a").items[0]
    footprint = json.loads(files[f"footprints/{record.id}.json"])
    assert footprint == {"document": canned(), "footprint": json.loads(record.body)}
    assert files["statements/statement-a.json"] == b'{"signed": "as it was"}'
    (evidence,) = [name for name in files if name.startswith("evidence/")]
    assert files[evidence] == PDF
    rows = list(csv.DictReader(io.StringIO(files["overview.csv"].decode("utf-8-sig"))))
    assert {row["file"] for row in rows} == {
        n for n in files if n.split("/")[0] in ("footprints", "cbam", "statements", "evidence")
    }
    assert [row["name"] for row in rows if row["kind"] == "evidence"] == ["'=发票.pdf"]
    tables = {
        n: [json.loads(line) for line in data.splitlines()] for n, data in files.items() if n.startswith("tables/")
    }
    assert {n.split("/")[1].removesuffix(".ndjson") for n in tables} >= {
        "users",
        "organisations",
        "audit",
        "evidence",
        "shares",
    }
    assert [row["email"] for row in tables["tables/users.ndjson"]] == ["wang@a.example"]
    whole = b"".join(files.values())
    assert b"wang@b.example" not in whole
    assert b"secret" not in whole.replace(files["README.txt"], b"")
    assert "organisation" in files["README.txt"].decode()
    with pytest.raises(NotFound):
        export_organisation(full, "nobody", io.BytesIO())


# -- the command line


def run(full: Store, *arguments: str, given: str = "") -> Result:
    url = full.engine.url.render_as_string(hide_password=False)
    return CliRunner().invoke(main, ["store", *arguments, "--database", url], input=given)


def test_a_dry_run_shows_and_a_name_confirms(full: Store, tmp_path: Path) -> None:
    before = everything(full)
    dry = json.loads(run(full, "delete", "a", "--dry-run", "--json").stdout)
    assert (dry["deleted"], dry["retained"], dry["tables"]["footprints"]) == (False, 1, 1)
    wrong = run(full, "delete", "a", "--despite-retention", "why", "--lang", "en", given="b\n")
    assert (wrong.exit_code, "store_name_differs" in wrong.stderr) == (2, True)
    kept = run(full, "delete", "a", "--lang", "zh", given="a\n")
    assert (kept.exit_code, "store_retained" in kept.stderr) == (2, True)
    assert everything(full) == before
    exported = run(full, "export", "a", str(tmp_path / "a.zip"), "--lang", "en")
    assert (exported.exit_code, "footprints: 1 rows" in exported.stdout) == (0, True)
    assert zipfile.ZipFile(tmp_path / "a.zip").testzip() is None
    assert run(full, "export", "nobody", str(tmp_path / "b.zip")).exit_code == 2
    assert [path.name for path in tmp_path.glob("*.zip*")] == ["a.zip"]
    done = run(full, "delete", "a", "--despite-retention", "why", "--lang", "en", given="a\n")
    assert (done.exit_code, "Deleted" in done.stdout) == (0, True), done.output
    gone = run(full, "delete", "a", "--yes")
    assert (gone.exit_code, "store_no_data" in gone.stderr) == (2, True)
