"""Many products on one document: every footprint of an organisation, or the newest ones, with total, boundary and rule."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from lcaengine.problems import Problem, Refused
from lcaengine.statements.layout import Cell, Document, KeyValues, Paragraphs, Section, TableBlock, Text
from lcaengine.statements.view import MAX_ROWS
from lcaengine.statements.xlsx_numbers import number_format
from lcaengine.store import Record

Json = dict[str, Any]
COLUMNS: Mapping[str, Text] = {
    "product": {"zh": "产品", "en": "Product"}, "unit": {"zh": "声明单位", "en": "Declared unit"},
    "boundary": {"zh": "边界", "en": "Boundary"}, "value": {"zh": "足迹 kg CO2e", "en": "Footprint kg CO2e"},
    "estimates": {"zh": "经过估计 %", "en": "Through estimates %"}, "rule": {"zh": "规则", "en": "Rule"},
    "calculated": {"zh": "计算日期", "en": "Calculated"}, "id": {"zh": "足迹编号", "en": "Footprint"},
}  # fmt: skip
BOUNDARIES: Mapping[str, Text] = {
    "cradle_to_gate": {"zh": "摇篮到大门", "en": "cradle to gate"},
    "cradle_to_grave": {"zh": "摇篮到坟墓", "en": "cradle to grave"},
}
TITLE: Text = {"zh": "产品碳足迹汇总", "en": "Product carbon footprints: summary"}
NOTE: Text = {
    "zh": "各产品的边界、声明单位和规则可能不同：不得相加，也不作比较性声明。汇总不是声明，未签名。",
    "en": "Boundaries, declared units and rules may differ: not to be added up, and no comparative claim. A summary is no statement and "
    "is not signed.",
}
FOOTER: Text = {
    "zh": "由 lcaengine 生成；每个足迹可按编号查询。",
    "en": "Made by lcaengine; each footprint is found by its id.",
}


def summary_rows(records: Sequence[Record]) -> list[Json]:
    """One row a footprint, in the order given; figures unrounded."""
    return [_row(record, json.loads(record.body)) for record in records]


def _row(record: Record, body: Json) -> Json:
    quality = body["data_quality"]
    return {
        "id": record.id, "calculated": record.created.date().isoformat(), "product": body["product"]["name"], "category": record.category,
        "unit": f"{body['declared_unit']['amount']:g} {body['declared_unit']['unit']}", "boundary": body["boundary"],
        "value": body["total"]["value"], "estimates": quality["estimate_share"],
        "digits": 2 if (quality["estimate_share"] or 0.0) > 0.5 else 3,
        "rule": f"{body['rule']['id']} {body['rule']['version']}",
    }  # fmt: skip


def summary_document(rows: Sequence[Json], organisation: str, of: int) -> Document:
    """The rows by category, each table within what a renderer lays out whole; ``of``: how many there are in all."""
    by_category: dict[str, list[Json]] = {}
    for row in rows:
        by_category.setdefault(row["category"], []).append(row)
    sections = [Section({"zh": "说明", "en": "Note"}, (Paragraphs((NOTE,), "note"),))]
    for category, found in sorted(by_category.items()):
        blocks = tuple(_table(found[i : i + MAX_ROWS]) for i in range(0, len(found), MAX_ROWS))
        sections.append(Section({"zh": category, "en": category}, blocks))
    count = _count(len(rows), of)
    facts = KeyValues(
        (({"zh": "组织", "en": "Organisation"}, Cell(organisation)), ({"zh": "数量", "en": "Number"}, Cell(count)))
    )
    issued = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Document(TITLE, count, None, facts, tuple(sections), FOOTER, str(uuid.uuid4()), issued=issued)


def _count(shown: int, of: int) -> Text:
    if of > shown:
        return {"zh": f"{of} 个产品中最新的 {shown} 个", "en": f"The newest {shown} of {of} products"}
    return {"zh": f"{shown} 个产品", "en": f"{shown} products"}


def _table(rows: Sequence[Json]) -> TableBlock:
    names = ("product", "unit", "boundary", "value", "estimates", "rule", "calculated")
    return TableBlock(
        tuple(COLUMNS[name] for name in names), tuple(_cells(row) for row in rows), (5, 1.6, 2, 1.8, 1.6, 2.4, 1.8)
    )


def _cells(row: Json) -> tuple[Cell, ...]:
    share = row["estimates"]
    return (
        Cell(row["product"]), Cell(row["unit"]), Cell(BOUNDARIES[row["boundary"]]), Cell(row["value"], "right", digits=row["digits"]),
        Cell(None if share is None else 100.0 * share, "right", decimals=0), Cell(row["rule"]), Cell(row["calculated"]),
    )  # fmt: skip


def summary_xlsx(rows: Sequence[Json], language: str, of: int) -> bytes:
    """A filterable table with every figure unrounded; every text is written as text."""
    try:
        import xlsxwriter
    except ImportError as error:
        raise Refused(Problem("statement_no_typesetter", "", {"library": "XlsxWriter"})) from error
    data = io.BytesIO()
    names = ("product", "category", "unit", "boundary", "value", "estimates", "rule", "calculated", "id")
    with xlsxwriter.Workbook(data, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("Footprints")
        head = book.add_format({"bold": True, "bg_color": "#1F6F54", "font_color": "#FFFFFF", "text_wrap": True})
        formats = {
            "estimates": book.add_format({"num_format": "0%"}),
        }
        figures: dict[str, Any] = {}
        for j, name in enumerate(names):
            title = COLUMNS.get(name, {"zh": "类别", "en": "Category"})
            sheet.write_string(0, j, title.get(language) or f"{title['zh']} {title['en']}", head)
        for i, row in enumerate(rows, start=1):
            for j, name in enumerate(names):
                form = number_format(row["value"], row["digits"]) if name == "value" else ""
                if form and form not in figures:
                    figures[form] = book.add_format({"num_format": form})
                value = BOUNDARIES[row[name]] if name == "boundary" else row[name]
                _write(sheet, i, j, value, figures.get(form) or formats.get(name), language)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, max(len(rows), 1), len(names) - 1)
        sheet.set_column(0, 0, 48)
        sheet.set_row(0, 32)  # titles of two languages stand on two lines
        sheet.set_column(1, len(names) - 1, 30)
        sheet.set_column(len(names) - 1, len(names) - 1, 38)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        note = book.add_worksheet("Note")
        note.set_column(0, 0, 100, book.add_format({"text_wrap": True}))
        for i, said in enumerate((_count(len(rows), of), NOTE)):
            _write(note, i, 0, said, None, language)
    return data.getvalue()


def _write(sheet: Any, i: int, j: int, value: Any, form: Any, language: str) -> None:
    if isinstance(value, (int, float)):
        sheet.write_number(i, j, value, form)
    elif isinstance(value, Mapping):
        sheet.write_string(i, j, value.get(language) or f"{value['zh']}  {value['en']}")
    elif value is not None:
        sheet.write_string(i, j, str(value))


def summary_as(
    form: str, rows: Sequence[Json], organisation: str, languages: Sequence[str], of: int | None = None
) -> bytes:
    """The summary as JSON, PDF, XLSX or HTML; ``of``: how many footprints there are in all. Raises as `statement_as`."""
    from lcaengine.statements.formats import rendered

    if form == "json":
        return json.dumps(
            {"items": list(rows), "count": len(rows) if of is None else of}, ensure_ascii=False, indent=2
        ).encode()
    if form == "xlsx":
        return summary_xlsx(rows, "both" if len(languages) > 1 else languages[0], len(rows) if of is None else of)
    return rendered(form, summary_document(rows, organisation, len(rows) if of is None else of), languages)
