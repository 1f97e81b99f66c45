"""Many products on one document, and the published schema of a statement."""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
from boms import canned, worked
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from pypdf import PdfReader

from lcaengine.background import Release
from lcaengine.bom import bom_of
from lcaengine.cli import main
from lcaengine.footprint import body, calculate
from lcaengine.problems import Refused
from lcaengine.rules import find_rule
from lcaengine.statements.issuing import CbamRequest, Order, issue
from lcaengine.statements.published import statement_schema
from lcaengine.statements.signing import KeyStore
from lcaengine.statements.summary import summary_as, summary_rows
from lcaengine.store import Record, open_store

Json = dict[str, Any]


@pytest.fixture(scope="module")
def calculated(release: Release) -> Json:
    return body(calculate(bom_of(canned()), find_rule("beer"), release))


def records(answer: Json, count: int) -> list[Record]:
    """Footprints of ``count`` products, named by number, their totals 1, 2, 3 …"""
    found = []
    for i in range(1, count + 1):
        name = {"zh": f"产品{i}", "en": f"=product {i}"}
        own = {
            **answer,
            "product": {**answer["product"], "name": name},
            "total": {**answer["total"], "value": float(i)},
        }
        created = datetime(2026, 1, 1, tzinfo=UTC)
        found.append(Record(f"id-{i}", created, "beer", "1.1.0", "x", "y", "{}", json.dumps(own)))
    return found


def test_every_product_is_on_the_pages(calculated: Json) -> None:
    rows = summary_rows(records(calculated, 1000))
    pdf = PdfReader(io.BytesIO(summary_as("pdf", rows, "local", ("zh", "en"))))
    text = "\n".join(page.extract_text() for page in pdf.pages)
    for i in (1, 500, 501, 999, 1000):
        assert f"=product {i}\n" in text or f"=product {i} " in text
        assert f"产品{i}" in "".join(text.split())
    assert text.count("=product ") == 1000
    assert len(pdf.pages) < 80


@pytest.mark.parametrize("languages", [("zh",), ("en",), ("zh", "en")])
def test_the_workbook_holds_texts_as_texts_and_figures_unrounded(calculated: Json, languages: tuple[str, ...]) -> None:
    rows = summary_rows(records(calculated, 3))
    rows[1]["value"] = 1 / 3
    sheet = openpyxl.load_workbook(io.BytesIO(summary_as("xlsx", rows, "local", languages)))["Footprints"]
    cells = [[(c.value, c.data_type) for c in row] for row in sheet.iter_rows(min_row=2)]
    assert [row[4] for row in cells] == [(1, "n"), (1 / 3, "n"), (3, "n")]
    assert all(kind != "f" for row in cells for _, kind in row)


def test_every_form_says_what_it_is_and_that_there_are_more(calculated: Json) -> None:
    rows = summary_rows(records(calculated, 2))
    book = openpyxl.load_workbook(io.BytesIO(summary_as("xlsx", rows, "local", ("en",), 7)))
    note = " ".join(str(row[0].value) for row in book["Note"].iter_rows())
    pdf = PdfReader(io.BytesIO(summary_as("pdf", rows, "local", ("en",), 7)))
    page = summary_as("html", rows, "local", ("en",), 7).decode()
    for text in (note, " ".join("".join(p.extract_text() for p in pdf.pages).split()), " ".join(page.split())):
        assert "The newest 2 of 7 products" in text
        assert "is not signed" in text
    assert json.loads(summary_as("json", rows, "local", ("en",), 7))["count"] == 7
    assert book["Footprints"]["D2"].value == "cradle to grave"


def test_a_form_that_there_is_not(calculated: Json) -> None:
    with pytest.raises(Refused) as refused:
        summary_as("docx", summary_rows(records(calculated, 1)), "local", ("en",))
    assert [p.code for p in refused.value.problems] == ["statement_form"]


@pytest.mark.parametrize("depth", ["total", "stages", "lines"])
def test_an_issued_statement_fits_the_published_schema(
    calculated: Json, release: Release, tmp_path: Any, depth: Any
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")
    document = json.loads(worked("craft-one-way-glass.json"))
    record = store.add("local", document, body(calculate(bom_of(document), find_rule("beer"), release)))
    order = Order(record.id, "Customer", depth, "Brewery", cbam=CbamRequest(date(2026, 6, 30), "2026-Q2"))
    kept = issue(store, "local", order, KeyStore(tmp_path / "keys"), release)
    signed = json.loads(kept.document)
    Draft202012Validator.check_schema(statement_schema())
    assert list(Draft202012Validator(statement_schema()).iter_errors(signed)) == []
    del signed["statement"]["total"]["unit"]
    assert list(Draft202012Validator(statement_schema()).iter_errors(signed))


def test_the_command_writes_what_is_stored(tmp_path: Any, calculated: Json) -> None:
    database = f"sqlite:///{tmp_path / 'store.sqlite'}"
    kept = open_store(database).add("local", canned(), calculated)
    out = tmp_path / "products.json"
    done = CliRunner().invoke(main, ["statement", "summary", "--out", str(out), "--database", database])
    assert done.exit_code == 0, done.output
    assert [row["id"] for row in json.loads(out.read_bytes())["items"]] == [kept.id]
