"""A statement as PDF from a cold start, and the summary of a thousand products; both against a limit of seconds."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

from pypdf import PdfReader

from benchmarks.timing import Row
from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.data import folder
from lcaengine.footprint import body, calculate
from lcaengine.rules import find_rule
from lcaengine.statements.issuing import CbamRequest, Order, issue
from lcaengine.statements.signing import KeyStore
from lcaengine.statements.summary import summary_as, summary_rows
from lcaengine.store import Record, open_store

COUNT = 1000
PDF_SECONDS = 2.0
SUMMARY_SECONDS = 10.0
BOTH = ("zh", "en")
COLD = (
    "import json, sys; from lcaengine.statements.formats import statement_as; "
    "sys.stdout.buffer.write(statement_as('pdf', json.load(open(sys.argv[1], encoding='utf-8')), ('zh', 'en')))"
)


def rows(release: Release, label: str) -> Iterator[Row]:
    """The PDF in a new interpreter, imports and fonts included; the summary as PDF, workbook and page, each alone."""
    if label != "embedded":  # no background is in it
        return
    document = json.loads((folder("inventories") / "beer" / "keg-brewery.json").read_text(encoding="utf-8"))
    answer = body(calculate(bom_of(document), find_rule("beer"), release))
    seconds, pages = _cold(_signed(document, answer, release))
    yield _limit("statement as PDF, from a cold start", seconds, PDF_SECONDS, f"{pages} pages, zh and en")
    found = summary_rows(list(_records(answer)))
    for form in ("pdf", "xlsx", "html"):
        start = time.perf_counter()
        size = len(summary_as(form, found, "local", BOTH))
        seconds = time.perf_counter() - start
        yield _limit(f"summary of {COUNT:,} products as {form}", seconds, SUMMARY_SECONDS, f"{size / 1e6:.2f} MB")


def _limit(name: str, seconds: float, limit: float, checked: str) -> Row:
    return Row(name, "–", f"limit: {limit:g} s", seconds, limit, 1.0, False, checked, True)


def _signed(document: dict[str, Any], answer: dict[str, Any], release: Release) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as work:
        store = open_store(f"sqlite:///{Path(work) / 'store.sqlite'}")
        record = store.add("local", document, answer)
        kept = issue(
            store,
            "local",
            Order(record.id, "Customer", "lines", cbam=CbamRequest(date(2026, 6, 30))),
            KeyStore(Path(work) / "keys"),
            release,
        )
    signed: dict[str, Any] = json.loads(kept.document)
    return signed


def _cold(signed: dict[str, Any]) -> tuple[float, int]:
    """Seconds of the whole process, and the pages it made."""
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "signed.json"
        path.write_text(json.dumps(signed), encoding="utf-8")
        start = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", COLD, str(path)], capture_output=True, check=True)
        seconds = time.perf_counter() - start
    return seconds, len(PdfReader(BytesIO(done.stdout)).pages)


def _records(answer: dict[str, Any]) -> Iterator[Record]:
    created = datetime(2026, 1, 1, tzinfo=UTC)
    for i in range(COUNT):
        own = {**answer, "total": {**answer["total"], "value": float(i)}}
        yield Record(f"id-{i}", created, "beer", "1.1.0", "x", "y", "{}", json.dumps(own))
