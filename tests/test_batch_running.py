"""Batches as users run them: files in, tables out; workers killed, runs stopped and gone on with."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from batch_files import results, rows, write
from openpyxl import load_workbook

from lcaengine.background import Release
from lcaengine.batch import Cancelled, cluster, run
from lcaengine.batch.source import prepared
from lcaengine.bom import bom_of
from lcaengine.data import folder
from lcaengine.footprint import calculate
from lcaengine.problems import Malformed, Refused, TooLarge
from lcaengine.rules import find_rule

Json = dict[str, Any]


@pytest.fixture(scope="module")
def client(release: Release) -> Iterator[Any]:
    """Two warm workers."""
    with cluster(workers=2) as made:
        yield made


def bills(found: list[Json]) -> dict[str, Json]:
    return {row["bom"]: row for row in found}


def test_every_format_gives_the_same_results(client: Any, tmp_path: Path) -> None:
    found = rows(7)
    outcome = {}
    for form in ("parquet", "csv", "ndjson", "xlsx"):
        summary = run(write(tmp_path / f"in.{form}", found), tmp_path / form, format="parquet", client=client)
        assert (summary.bills, summary.errors) == (7, 0)
        outcome[form] = results(tmp_path / form)
    assert outcome["csv"] == outcome["ndjson"] == outcome["parquet"]
    for a, b in zip(outcome["xlsx"], outcome["parquet"], strict=True):  # openpyxl writes 16 digits
        assert a["total"] == pytest.approx(b["total"], rel=1e-13)
    assert sorted(p.name for p in (tmp_path / "csv").iterdir()) == [
        "errors.parquet",
        "results.parquet",
        "warnings.parquet",
    ]


def test_a_cluster_of_ones_own_by_its_address_and_one_without_workers(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `--scheduler tcp://…` names: another cluster does the work, and one that never does is not waited for for ever."""
    from distributed import LocalCluster

    from lcaengine.batch import running

    file = write(tmp_path / "in.parquet", rows(5))
    run(file, tmp_path / "here", client=client)
    options = {"host": "127.0.0.1", "dashboard_address": None, "threads_per_worker": 1, "silence_logs": 50}
    with LocalCluster(n_workers=1, **options) as other, cluster(other.scheduler_address) as there:
        assert other.scheduler_address.startswith("tcp://")
        run(file, tmp_path / "there", client=there)
    assert results(tmp_path / "there") == results(tmp_path / "here")
    monkeypatch.setattr(running, "STALLED", 1.0)
    empty = LocalCluster(n_workers=0, **options)
    with empty, cluster(empty.scheduler_address) as there, pytest.raises(Refused) as stalled:
        run(file, tmp_path / "nowhere", client=there)
    assert stalled.value.problems[0].code == "batch_stalled"
    assert not (tmp_path / "nowhere" / "results.parquet").exists()
    run(file, tmp_path / "nowhere", client=client, resume=True)
    assert results(tmp_path / "nowhere") == results(tmp_path / "here")


def test_a_worker_that_runs_out_of_memory_again_and_again_costs_the_bill_and_not_the_batch(
    client: Any, tmp_path: Path
) -> None:
    """Workers with room to live, and none to compute in: Dask's nanny ends each, and another begins."""
    with cluster(workers=1) as fresh:
        (idle,) = fresh.run(_resident).values()
    file = write(tmp_path / "in.csv", rows(1))
    with cluster(workers=1, memory=f"{int(idle * 1.2)}B") as poor:
        summary = run(file, tmp_path / "poor", format="parquet", client=poor)
    assert (summary.bills, summary.errors) == (1, 1)
    assert [row["code"] for row in results(tmp_path / "poor", "errors")] == ["batch_bill_failed"]
    assert run(file, tmp_path / "rich", format="parquet", client=client).errors == 0


def _resident() -> int:
    return int(psutil.Process().memory_info().rss)


def test_the_worked_file_is_what_its_documents_are(client: Any, tmp_path: Path, release: Release) -> None:
    summary = run(folder("inventories") / "batch" / "three-products.csv", tmp_path, format="parquet", client=client)
    assert summary.errors == 0
    found = bills(results(tmp_path))
    names = {"ale-2025": "beer/craft-one-way-glass.json", "washer-2025": "washing-machine/drum-10kg-cn.json", "tyre-2025": "tyres/passenger-205-55r16-standard.json"}  # fmt: skip
    assert found.keys() == names.keys()
    for name, file in names.items():
        bom = bom_of(json.loads((folder("inventories") / file).read_bytes()))
        assert found[name]["total"] == pytest.approx(calculate(bom, find_rule(bom.category), release).value, rel=1e-12)


def test_a_column_in_which_nothing_is_given(client: Any, tmp_path: Path) -> None:
    table = pq.read_table(write(tmp_path / "in.parquet", rows(3)))
    pq.write_table(table.append_column("note", pa.nulls(table.num_rows)), tmp_path / "in.parquet")
    assert run(tmp_path / "in.parquet", tmp_path / "out", client=client).errors == 0


def test_whole_documents_one_per_line(client: Any, tmp_path: Path, release: Release) -> None:
    document = json.loads((folder("inventories") / "beer" / "keg-brewery.json").read_bytes())
    worse = {**document, "lines": [{**document["lines"][0], "unit": "furlong"}]}
    lines = [json.dumps({"bom": "a", **document}), "{broken", json.dumps({"bom": "c", **worse}), json.dumps(document)]
    file = tmp_path / "documents.ndjson"
    file.write_text("\n".join(lines), encoding="utf-8")
    summary = run(file, tmp_path / "out", format="parquet", client=client)
    assert (summary.bills, summary.errors) == (4, 2)
    found = bills(results(tmp_path / "out"))
    bom = bom_of(document)
    expected = calculate(bom, find_rule("beer"), release).value
    assert found["a"]["total"] == found[document["product"]["id"]]["total"] == expected
    errors = results(tmp_path / "out", "errors")
    assert [(e["bom"], e["code"], e["field"]) for e in errors][:2] == [
        ("line 2", "not_json", "line 1, column 2"),
        ("c", "unknown_unit", "/lines/0/unit"),
    ]


def test_errors_are_of_their_bill_with_row_and_field(client: Any, tmp_path: Path) -> None:
    found = rows(6)
    line = next(i for i, r in enumerate(found) if r["bom"] == "bill-000002" and r["section"] == "line")
    found[line]["unit"] = "furlong"
    found[line + 1]["amount"] = "much"
    nameless = next(i for i, r in enumerate(found) if r["bom"] == "bill-000004")
    for row in found:
        if row["bom"] == "bill-000004":
            row["bom"] = None
    file = write(tmp_path / "in.csv", found)
    summary = run(file, tmp_path / "out", format="parquet", client=client)
    assert (summary.bills, summary.errors) == (6, 2)
    told = [(e["bom"], e["row"], e["field"], e["code"]) for e in results(tmp_path / "out", "errors")]
    assert told == [("bill-000002", line + 3, "amount", "not_a_number"), ("", nameless + 2, "", "batch_bill_unnamed")]
    assert [r["status"] for r in results(tmp_path / "out")] == ["ok", "ok", "error", "ok", "error", "ok"]


def test_a_bill_whose_rows_are_apart_is_told_and_never_computed_from_a_part(client: Any, tmp_path: Path) -> None:
    found = rows(4)
    moved = [r for r in found if r["bom"] == "bill-000001"][-3:]
    file = write(tmp_path / "in.parquet", [r for r in found if r not in moved] + moved)
    summary = run(file, tmp_path / "out", client=client)
    assert (summary.bills, summary.errors) == (4, 1)
    assert [(r["bom"], r["status"], r["total"] is None) for r in results(tmp_path / "out")][1] == (
        "bill-000001",
        "error",
        True,
    )
    (error,) = results(tmp_path / "out", "errors")
    assert error["code"] == "batch_bill_again"
    assert str(len(found) - 2) in error["message_en"]


def test_what_a_spreadsheet_would_calculate_is_harmless(client: Any, tmp_path: Path) -> None:
    found = rows(1)
    for row in found:
        row["bom"] = "=1+1"
        if row["section"] == "product" and row["id"] == "name":
            row["name"] = "@SUM(A1)"
    file = write(tmp_path / "in.parquet", found)
    run(file, tmp_path / "csv", format="csv", client=client)
    with (tmp_path / "csv" / "results.csv").open(encoding="utf-8", newline="") as text:
        assert text.read(1) == "\ufeff"
        row = next(csv.DictReader(text))
    assert (row["bom"], row["product"]) == ("'=1+1", "'@SUM(A1)")
    run(file, tmp_path / "xlsx", format="xlsx", client=client)
    cells = next(load_workbook(tmp_path / "xlsx" / "results.xlsx").active.iter_rows(min_row=2))
    assert (cells[0].value, cells[0].data_type, cells[0].quotePrefix) == ("=1+1", "s", True)


# -- files that cannot be read at all


def bad_files(tmp_path: Path) -> Iterator[tuple[str, bytes, str]]:
    yield "a.parquet", b"PAR1 no", "unreadable_table"
    yield "b.csv", b"", "empty_table"
    yield "c.csv", b"bom,section,colour\n", "unknown_column"
    yield "d.csv", b"section,id\n", "no_bom_column"
    yield "e.csv", b"bom,section\n\xff\xfe\xfa\x80", "not_utf8"
    yield "f.csv", b"bom,section,section\n", "duplicate_key"
    yield "g.ndjson", b'{"bom": "a", "section": "line"}\n{"bom"', "not_json"
    yield "h.ndjson", b'{"bom": ' + b"[" * 50 + b"]" * 50 + b"}", "too_deep"
    yield "i.xlsx", b"PK\x03\x04", "unreadable_table"
    yield "j.csv", b"b\0o\0m\0", "not_utf8"


@pytest.mark.parametrize("case", range(10))
def test_a_file_that_cannot_be_read_is_refused_and_leaves_nothing(case: int, tmp_path: Path) -> None:
    name, data, code = list(bad_files(tmp_path))[case]
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(Refused) as refused:
        run(file, tmp_path / "out", client=object())
    assert refused.value.problems[0].code == code
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_nested_columns_and_bombs_are_refused(tmp_path: Path) -> None:
    nested = pa.table({"bom": ["a"], "section": ["line"], "name": pa.array([[1]])})
    pq.write_table(nested, tmp_path / "nested.parquet")
    with pytest.raises(Malformed) as refused:
        prepared(tmp_path / "nested.parquet", "parquet", tmp_path)
    assert refused.value.problems[0].code == "batch_column_type"
    many = pa.table(
        {
            "bom": pa.DictionaryArray.from_arrays(pa.array([0] * 10_100_000, pa.int8()), ["a"]),
            "section": pa.nulls(10_100_000, pa.string()),
        }
    )
    pq.write_table(many, tmp_path / "long.parquet", row_group_size=20_000_000)
    assert (tmp_path / "long.parquet").stat().st_size < 100_000  # ten million rows in a row group
    with pytest.raises(TooLarge):
        prepared(tmp_path / "long.parquet", "parquet", tmp_path)
    with (
        zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as package,
        package.open("xl/workbook.xml", "w", force_zip64=True) as part,
    ):
        for _ in range(201):
            part.write(bytes(10_000_000))
    with pytest.raises(TooLarge):
        prepared(tmp_path / "bomb.xlsx", "xlsx", tmp_path)


def test_an_entity_in_a_workbook_is_refused(tmp_path: Path) -> None:
    file = write(tmp_path / "in.xlsx", rows(1))
    with zipfile.ZipFile(file) as package:
        parts = {p.filename: package.read(p) for p in package.infolist()}
    parts["xl/workbook.xml"] = b'<!DOCTYPE a [<!ENTITY b "c">]>' + parts["xl/workbook.xml"]
    with zipfile.ZipFile(file, "w") as package:
        for name, data in parts.items():
            package.writestr(name, data)
    with pytest.raises(Malformed):
        prepared(file, "xlsx", tmp_path)


# -- stopped, killed, gone on with


def test_nothing_listens_beyond_loopback(client: Any) -> None:
    own = psutil.Process()
    listening = [
        c.laddr.ip
        for p in (own, *own.children(recursive=True))
        for c in p.net_connections("inet")
        if c.status == psutil.CONN_LISTEN
    ]
    assert len(listening) >= 3  # the scheduler and two workers
    assert set(listening) == {"127.0.0.1"}
    assert client.scheduler.address.startswith("tls://127.0.0.1:")  # nobody else on this machine gives our workers work


def test_stopped_and_gone_on_with(client: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "in.parquet", rows(40))
    whole = run(file, tmp_path / "whole", client=client)
    seen: list[int] = []
    with pytest.raises(Cancelled):
        run(
            file,
            tmp_path / "out",
            client=client,
            progress=lambda p: seen.append(p.done),
            cancelled=lambda: seen[-1] > 0,
        )
    work = tmp_path / "out" / ".lcaengine-batch"
    parts = sorted(work.glob("parts/*-*"))
    assert parts
    assert not list((tmp_path / "out").glob("*.parquet"))
    with pytest.raises(Refused) as refused:
        run(file, tmp_path / "out", client=client)
    assert refused.value.problems[0].code == "batch_unfinished"
    before = {p.name: p.stat().st_mtime_ns for p in parts}
    first: list[int] = []

    def told(progress: Any) -> None:
        first.append(progress.done)

    went_on = run(file, tmp_path / "out", client=client, resume=True, progress=told)
    assert first[0] >= 10 * len(before)  # what was finished is not done again
    assert (went_on.bills, went_on.errors) == (whole.bills, whole.errors) == (40, 0)
    assert results(tmp_path / "out") == results(tmp_path / "whole")
    assert not work.exists()


def test_another_file_is_no_resumption(client: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "in.parquet", rows(8))
    with pytest.raises(Cancelled):
        run(file, tmp_path / "out", client=client, cancelled=lambda: True)
    write(file, rows(9))
    with pytest.raises(Refused) as refused:
        run(file, tmp_path / "out", client=client, resume=True)
    assert refused.value.problems[0].code == "batch_changed"


def test_a_worker_killed_in_the_middle(tmp_path: Path, release: Release) -> None:
    """kill -9 of a worker while it computes: the batch completes, with the results of an undisturbed one."""
    file = write(tmp_path / "in.parquet", rows(600))
    with cluster(workers=2) as client:
        killed: list[int] = []

        def kill() -> None:
            pids = dict(client.run(os.getpid))
            while not killed:
                busy = [address for address, tasks in client.processing().items() if tasks]
                if busy:
                    os.kill(pids[busy[0]], signal.SIGKILL)
                    killed.append(pids[busy[0]])
                time.sleep(0.01)

        thread = threading.Thread(target=kill)
        thread.start()
        summary = run(file, tmp_path / "killed", client=client)
        thread.join()
        assert killed
        assert not psutil.pid_exists(killed[0]) or psutil.Process(killed[0]).status() == psutil.STATUS_ZOMBIE
        assert (summary.bills, summary.errors) == (600, 0)
        run(file, tmp_path / "calm", client=client)
    assert results(tmp_path / "killed") == results(tmp_path / "calm")


def test_a_disk_that_is_full_is_told(client: Any, tmp_path: Path) -> None:
    file = write(tmp_path / "in.csv", rows(1))
    (tmp_path / "out").write_text("a file where the folder should be")
    with pytest.raises(Refused) as refused:
        run(file, tmp_path / "out", client=client)
    assert refused.value.problems[0].code == "cannot_write"
    shutil.rmtree(tmp_path, ignore_errors=True)
