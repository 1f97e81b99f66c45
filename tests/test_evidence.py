"""Evidence: files attached to figures, in SQLite and PostgreSQL; known by content, kept six years, never another's."""

from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from boms import canned
from click.testing import CliRunner
from openpyxl import Workbook
from sqlalchemy import text
from tampering import unprotect

from lcaengine.cli import main
from lcaengine.problems import NotFound, Refused, TooLarge
from lcaengine.store import Page, Store, open_store
from lcaengine.store.evidence import (
    MAX_BYTES,
    Evidence,
    Figure,
    Retained,
    WrongType,
    add_evidence,
    evidence_file,
    get_evidence,
    list_evidence,
    remove_evidence,
    retained_until,
)

Json = dict[str, Any]
PDF = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n%%EOF\n"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
JPEG = b"\xff\xd8\xff\xe0" + bytes(40)
NOBODY = "00000000-0000-4000-8000-000000000000"


def xlsx(*more: str) -> bytes:
    """A workbook, with further parts."""
    book = io.BytesIO()
    Workbook().save(book)
    with zipfile.ZipFile(book, "a") as archive:
        for name in more:
            archive.writestr(name, b"x")
    return book.getvalue()


def footprint(store: Store, organisation: str = "a") -> str:
    """The id of a stored footprint of the canned lager; what was answered does not matter here."""
    body = {
        "product": {"category": "beer"}, "rule": {"version": "1", "sha256": "x"}, "background": {"id": "y"}, "total": {"value": 1.0},
    }  # fmt: skip
    return store.add(organisation, canned(), body).id


def entered(
    store: Store, record: str, pointer: str = "/lines/0/amount", data: bytes = PDF, name: str = "a.pdf"
) -> Evidence:
    return add_evidence(store, "a", Figure("footprints", record, pointer), data, name, "王芳 Wang Fang")


def codes(error: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [p.code for p in error.value.problems]


# -- what is kept


def test_a_file_comes_back_with_who_when_and_what(store: Store) -> None:
    before, record = datetime.now(UTC), footprint(store)
    kept = entered(store, record, name="发票 2026.pdf")
    assert evidence_file(store, "a", kept.id) == PDF
    assert get_evidence(store, "a", kept.id) == kept
    assert (kept.sha256, kept.size) == (hashlib.sha256(PDF).hexdigest(), len(PDF))
    assert (kept.kind, kept.record, kept.pointer) == ("footprints", record, "/lines/0/amount")
    assert (kept.media_type, kept.file_name, kept.entered_by) == ("application/pdf", "发票 2026.pdf", "王芳 Wang Fang")
    assert before <= kept.created <= datetime.now(UTC)
    assert (kept.version, kept.previous, kept.removed) == (1, None, None)
    assert json.loads(json.dumps(kept.as_dict()))["retain_until"] == f"{kept.created.year + 6}-12-31"


def of(**filters: str) -> Page:
    return Page(filters=filters)


def test_a_new_file_for_a_figure_names_the_one_before(store: Store) -> None:
    record = footprint(store)
    first, other = entered(store, record), entered(store, record, "/lines/1/amount")
    second = entered(store, record, data=PNG, name="meter.png")
    third = entered(store, record)  # the same content again: a version of its own, the bytes kept once
    assert [(e.version, e.previous) for e in (first, second, third)] == [(1, None), (2, first.id), (3, second.id)]
    assert (other.version, other.previous) == (1, None)
    assert [e.id for e in list_evidence(store, "a", of(pointer="/lines/0/amount")).items] == [
        third.id,
        second.id,
        first.id,
    ]
    assert evidence_file(store, "a", first.id) == evidence_file(store, "a", third.id) == PDF
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM evidence_contents")).scalar() == 2


def test_evidence_of_an_installation_and_of_a_whole_document(store: Store) -> None:
    kept = store.add_cbam("a", "installations", {"a/b": [{"~": 1}]}, {})
    for pointer in ("", "/a~1b", "/a~1b/0/~0"):
        assert add_evidence(store, "a", Figure("installations", kept.id, pointer), PDF, "x.pdf", "w").pointer == pointer
    assert list_evidence(store, "a", of(kind="installations", record=kept.id)).number == 3
    with pytest.raises(NotFound):  # an answer is no figure that somebody measured
        add_evidence(store, "a", Figure("installations", store.add_cbam("a", "answers", {}, {}).id), PDF, "x.pdf", "w")


def test_lists_are_newest_first_and_in_pages(store: Store) -> None:
    record = footprint(store)
    made = [entered(store, record, f"/lines/{i % 2}/amount").id for i in range(5)]
    whole, count, _ = list_evidence(store, "a", of(kind="footprints", record=record))
    assert ([e.id for e in whole], count) == (made[::-1], 5)
    after = list_evidence(store, "a", Page(2)).after
    assert [e.id for e in list_evidence(store, "a", Page(2, after=after)).items] == made[2:0:-1]
    assert list_evidence(store, "a", of(record=NOBODY)) == ([], 0, None)


def test_threads_that_enter_versions_of_one_figure_lose_none(store: Store, url: str) -> None:
    record, stores = footprint(store), [store, open_store(url)]
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda i: entered(stores[i % 2], record, data=PDF + b"%d" % (i % 3)), range(24)))
    by_version = sorted(made, key=lambda e: e.version)
    assert [e.version for e in by_version] == list(range(1, 25))
    assert [e.previous for e in by_version] == [None, *(e.id for e in by_version[:-1])]
    stores[1].engine.dispose()


# -- another organisation


def test_another_organisation_finds_nothing(store: Store) -> None:
    record = footprint(store)
    kept = entered(store, record)
    for stranger in ("b", "", "A", "%"):
        for ask in (get_evidence, evidence_file):
            with pytest.raises(NotFound) as error:
                ask(store, stranger, kept.id)
            assert codes(error) == ["statement_evidence_unknown"]
        assert list_evidence(store, stranger) == ([], 0, None)
        with pytest.raises(NotFound) as error:
            add_evidence(store, stranger, Figure("footprints", record), PDF, "a.pdf", "w")
        assert codes(error) == ["statement_evidence_no_record"]
        with pytest.raises(NotFound):
            remove_evidence(store, stranger, kept.id, "w", date(2099, 1, 1))


def test_the_same_file_of_two_organisations_is_kept_twice_and_goes_once(store: Store) -> None:
    mine, theirs = footprint(store, "a"), footprint(store, "b")
    kept = entered(store, mine)
    other = add_evidence(store, "b", Figure("footprints", theirs, "/lines/0/amount"), PDF, "a.pdf", "w")
    remove_evidence(store, "a", kept.id, "w", date(2099, 1, 1))
    assert evidence_file(store, "b", other.id) == PDF


# -- retention


def test_six_years_after_the_year_of_entry() -> None:
    assert retained_until(date(2026, 1, 1)) == retained_until(date(2026, 12, 31)) == date(2032, 12, 31)
    assert retained_until(date(2024, 2, 29)) == date(2030, 12, 31)


def test_nothing_is_removed_before_its_day(store: Store) -> None:
    kept = entered(store, footprint(store))
    for day in (None, kept.created.date(), kept.retain_until):
        with pytest.raises(Retained) as error:
            remove_evidence(store, "a", kept.id, "w", day)
        assert codes(error) == ["statement_evidence_retained"]
        assert str(kept.retain_until) in str(error.value)
    assert evidence_file(store, "a", kept.id) == PDF


def test_after_its_day_the_file_goes_and_the_record_stays(store: Store) -> None:
    record = footprint(store)
    first, second = entered(store, record), entered(store, record)
    after = date(first.retain_until.year + 1, 1, 1)
    gone = remove_evidence(store, "a", first.id, "Li Na", after)
    assert evidence_file(store, "a", second.id) == PDF  # the same bytes, still needed by another entry
    assert get_evidence(store, "a", first.id) == gone
    assert (gone.removed_by, gone.sha256, gone.entered_by) == ("Li Na", first.sha256, first.entered_by)
    with pytest.raises(NotFound) as error:
        evidence_file(store, "a", first.id)
    assert codes(error) == ["statement_evidence_removed"]
    remove_evidence(store, "a", second.id, "Li Na", after)
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM evidence_contents")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM evidence")).scalar() == 2


def test_a_byte_that_changed_in_the_database_is_found(store: Store) -> None:
    kept = entered(store, footprint(store))
    unprotect(store.engine, "evidence_contents")
    with store.engine.begin() as connection:
        connection.execute(text("UPDATE evidence_contents SET data = :d"), {"d": PDF.replace(b"1.7", b"1.4")})
    with pytest.raises(Refused) as error:
        evidence_file(store, "a", kept.id)
    assert codes(error) == ["statement_evidence_altered"]


# -- bad input


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.pdf", PDF, "application/pdf"),
        ("A.PNG", PNG, "image/png"),
        ("a.jpeg", JPEG, "image/jpeg"),
        ("a.xlsx", xlsx(), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("a.json", b'{"kWh": 12}', "application/json"),
        ("表.csv", "月份,度\n1,12\n".encode("utf-8-sig"), "text/csv"),
        ("note.txt", "电表读数 12".encode(), "text/plain"),
    ],
)
def test_a_type_is_read_from_the_content(store: Store, name: str, data: bytes, media_type: str) -> None:
    assert entered(store, footprint(store), data=data, name=name).media_type == media_type


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("a.pdf", b"MZ\x90\x00\x03", "statement_evidence_type"),
        ("a.pdf", b"", "statement_evidence_type"),
        ("a.txt", b"", "statement_evidence_type"),
        ("a.html", b"<html><script>alert(1)</script>", "statement_evidence_type"),
        ("a.txt", b"\xef\xbb\xbf \n<svg onload='x'/>", "statement_evidence_type"),
        ("a.txt", b"\x1b[2J", "statement_evidence_type"),
        ("a.json", b"{", "statement_evidence_type"),
        ("a.json", b"[" * 200_000, "statement_evidence_type"),
        ("a.xlsx", b"PK\x03\x04" + bytes(100), "statement_evidence_type"),
        ("a.xlsx", xlsx("xl/vbaProject.bin"), "statement_evidence_type"),
        ("a.csv", "名称".encode("utf-16"), "statement_evidence_type"),
        ("a.pdf", PNG, "statement_evidence_extension"),
        ("a.exe", PDF, "statement_evidence_extension"),
        ("pdf", PDF, "statement_evidence_extension"),
        ("a.sh", b"rm -r x", "statement_evidence_extension"),
    ],
)
def test_other_types_are_refused(store: Store, name: str, data: bytes, code: str) -> None:
    record = footprint(store)
    with pytest.raises(WrongType) as error:
        entered(store, record, data=data, name=name)
    assert codes(error) == [code]
    assert list_evidence(store, "a") == ([], 0, None)


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "../a.pdf",
        "a/b.pdf",
        "c:\\a.pdf",
        ".a.pdf",
        "a\n.pdf",
        "a\u202efdp.exe.pdf",
        "x" * 197 + ".pdf",
        "a\0.pdf",
    ],
)
def test_names_that_are_paths_or_hide_something_are_refused(store: Store, name: str) -> None:
    record = footprint(store)
    with pytest.raises(Refused) as error:
        entered(store, record, name=name)
    assert codes(error) == ["statement_evidence_text"]


@pytest.mark.parametrize(
    ("pointer", "code"),
    [
        ("lines/0", "statement_evidence_pointer"),
        ("/lines/~2", "statement_evidence_pointer"),
        ("/" + "x" * 300, "statement_evidence_pointer"),
        ("/lines/\0", "statement_evidence_pointer"),
        ("/lines/9/amount", "statement_evidence_no_figure"),
        ("/lines/-1/amount", "statement_evidence_no_figure"),
        ("/lines/00/amount", "statement_evidence_no_figure"),
        ("/lines/0/amount/x", "statement_evidence_no_figure"),
        ("/lines/" + "9" * 200, "statement_evidence_no_figure"),
        ("/nothing", "statement_evidence_no_figure"),
    ],
)
def test_places_that_are_none_are_refused(store: Store, pointer: str, code: str) -> None:
    record = footprint(store)
    with pytest.raises(Refused) as error:
        entered(store, record, pointer)
    assert codes(error) == [code]


def test_every_problem_is_told_at_once(store: Store) -> None:
    with pytest.raises(Refused) as error:
        add_evidence(store, "a", Figure("answers", NOBODY, "x"), PDF, "", "")
    assert codes(error) == [
        "statement_evidence_text", "statement_evidence_text", "statement_evidence_kind", "statement_evidence_pointer",
    ]  # fmt: skip


def test_the_limit_of_size(store: Store) -> None:
    record = footprint(store)
    assert entered(store, record, data=PDF.ljust(MAX_BYTES, b" ")).size == MAX_BYTES
    with pytest.raises(TooLarge):
        entered(store, record, data=PDF.ljust(MAX_BYTES + 1, b" "))


@pytest.mark.parametrize("identifier", ["", "%", "' OR 1=1 --", "x\0", "x" * 10_000])
def test_an_unknown_id_is_not_found(store: Store, identifier: str) -> None:
    entered(store, footprint(store))
    with pytest.raises(NotFound):
        get_evidence(store, "a", identifier)


# -- over HTTP


def posted(http: httpx.Client, data: bytes = PDF, **query: str) -> httpx.Response:
    return http.post("/v1/evidence", content=data, params=query)


def test_evidence_over_http(http: httpx.Client) -> None:
    record = http.post("/v1/footprints", json=canned()).json()["id"]
    figure = {"kind": "footprints", "record": record, "pointer": "/lines/0/amount"}
    answer = posted(http, **figure, file_name="发票.pdf", entered_by="王芳")
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert http.get(answer.headers["Location"]).json() == body
    assert (body["media_type"], body["file_name"], body["version"]) == ("application/pdf", "发票.pdf", 1)
    file = http.get(body["links"]["file"])
    assert (file.content, file.headers["Content-Type"]) == (PDF, "application/pdf")
    assert file.headers["Content-Disposition"].startswith("attachment; filename")
    assert file.headers["Content-Security-Policy"] == "sandbox"
    listed = http.get("/v1/evidence", params=figure).json()
    assert (listed["items"], listed["count"], listed["next"]) == ([body], 1, None)


@pytest.mark.parametrize(
    ("change", "data", "status", "code"),
    [
        ({"record": NOBODY}, PDF, 404, "statement_evidence_no_record"),
        ({"pointer": "/lines/7"}, PDF, 404, "statement_evidence_no_figure"),
        ({"pointer": "x"}, PDF, 422, "statement_evidence_pointer"),
        ({"kind": "answers"}, PDF, 422, "bad_query"),
        ({"entered_by": ""}, PDF, 422, "statement_evidence_text"),
        ({}, b"MZ\x90\x00", 415, "statement_evidence_type"),
        ({}, bytes(MAX_BYTES + 1), 413, "too_large"),
    ],
)
def test_problems_over_http(http: httpx.Client, change: dict[str, str], data: bytes, status: int, code: str) -> None:
    record = http.post("/v1/footprints", json=canned()).json()["id"]
    query = {"kind": "footprints", "record": record, "pointer": "", "file_name": "a.pdf", "entered_by": "w", **change}
    answer = posted(http, data, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"
    for path in ("", "/file"):
        assert http.get(f"/v1/evidence/{NOBODY}{path}").status_code == 404


# -- the command line


def run(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["evidence", *arguments])


def test_evidence_on_the_command_line(tmp_path: Path) -> None:
    address = f"sqlite:///{tmp_path / 'store.sqlite'}"
    kept = open_store(address)
    record = footprint(kept, "local")
    file, copy = tmp_path / "发票.pdf", tmp_path / "copy.pdf"
    file.write_bytes(PDF)
    database = ("--database", address)
    added = run(
        "add", str(file), "--record", record, "--pointer", "/lines/0/amount", "--who", "王芳", *database, "--json"
    )
    assert added.exit_code == 0, added.output
    body = json.loads(added.stdout)
    assert (body["file_name"], body["entered_by"], body["version"]) == ("发票.pdf", "王芳", 1)
    assert json.loads(run("list", "--record", record, *database, "--json").stdout) == {"items": [body], "count": 1}
    for language, word in (("zh", "保存至"), ("en", "Kept until")):
        shown = run("list", *database, "--lang", language)
        assert (word in shown.output, shown.exit_code) == (True, 0)
        assert "发票.pdf" in shown.output
    assert run("get", body["id"], "--out", str(copy), *database).exit_code == 0
    assert copy.read_bytes() == PDF
    remove = ("remove", body["id"], "--who", "王芳", *database)
    early = run(*remove, "--lang", "en")
    assert (early.exit_code, "statement_evidence_retained" in early.stderr) == (2, True)
    assert run("get", body["id"], "--out", str(copy), *database).exit_code == 0
    with sqlite3.connect(tmp_path / "store.sqlite") as opened:  # as if seven years had passed
        opened.execute("DROP TRIGGER evidence_no_update")
        opened.execute("UPDATE evidence SET retain_until = '2020-12-31'")
    removed = json.loads(run(*remove, "--json").stdout)
    assert (removed["removed_by"], removed["sha256"]) == ("王芳", body["sha256"])
    gone = run("get", body["id"], "--out", str(copy), *database, "--lang", "en")
    assert gone.exit_code == 2
    assert "Traceback" not in gone.output
    refused = run("add", str(file), "--record", NOBODY, "--who", "w", *database, "--lang", "en")
    assert (refused.exit_code, "statement_evidence_no_record" in refused.stderr) == (2, True)
    kept.engine.dispose()
