"""The operator's report as a workbook: every item of the law with its status, tables on a sheet of their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeGuard

from lcaengine.statements.xlsx_book import BAND, BLUE, Book, Sheet
from lcaengine.statements.xlsx_cbam import act_line
from lcaengine.statements.xlsx_summary import plain
from lcaengine.statements.xlsx_texts import known, text

Json = Mapping[str, Any]
HEADER, FIRST = 3, 4
TITLE_COLUMNS = 6  # a title of the law, wrapped: on one line it would be wider than a page
COLOURS = {"value": "#E2EFDA", "missing": "#F8CBAD", "not_applicable": "#F2F2F2"}
STATUS = {"value": "stated_value", "missing": "missing", "not_applicable": "not_applicable"}
WORDS = {
    "id": "identifier",
    "engine": "engine_name",
    "value": "stated_value",
}  # keys that mean something else elsewhere
COLUMNS = ("item", "required", "status", "value", "unit", "reason")


def write_report(book: Book, report: Json) -> None:
    """Items first, as the law numbers them; a table stands under its number on the second sheet."""
    title, identifier = report.get("title") or text("report_title"), _identifier(report)
    book.properties(
        book.show(title).replace("\n", " "),
        str(report.get("operator") or ""),
        identifier,
        str(report.get("created") or ""),
    )
    items = book.sheet(text("report"), (12, 62, 18, 46, 14, 46), identifier, landscape=True)
    tables = book.sheet(text("tables"), (34, *(18,) * 11), identifier, landscape=True)
    facts = book.sheet(text("facts"), (44, 90), identifier, landscape=True)
    items.head(title, text("report_example" if report.get("example") else "report_note"))
    items.header(HEADER, [text(k) for k in COLUMNS])
    tables.head(text("tables"), text("tables_note"))
    entries = [*report["items"], *report.get("addendum", ())]
    at = HEADER
    for row, item in enumerate(entries, FIRST):
        if row == FIRST + len(report["items"]):
            items.cells.set_h_pagebreaks([row])  # the addendum is a document of its own
        at = _write_item(items, row, item, tables, at)
    if entries:
        items.cells.autofilter(HEADER, 0, FIRST + len(entries) - 1, len(COLUMNS) - 1)
    _write_facts(facts, report)


def _identifier(report: Json) -> str:
    act = report.get("act") or {}
    period = report.get("period") or {}
    return str(
        report.get("id")
        or f"{act.get('id', '')} {act.get('annex', '')} {act.get('point', '')}  {period.get('start', '')} – {period.get('end', '')}"
    )


def _write_item(sheet: Sheet, row: int, item: Json, tables: Sheet, at: int) -> int:
    """One item; its table goes to the other sheet from row ``at`` on. The next free row there."""
    status, value, heading = str(item["status"]), item.get("value"), bool(item.get("heading"))
    style: dict[str, Any] = {"bold": True, "bg_color": BAND} if heading else {}
    sheet.text(
        row, 0, item["item"], bold=True, indent=item.get("level", 1) - 1, **({"bg_color": BAND} if heading else {})
    )
    sheet.text(row, 1, item["text"], **style)
    sheet.text(row, 2, text(STATUS[status]) if status in STATUS else status, bg_color=COLOURS.get(status, "#FFFFFF"))
    sheet.text(row, 3, None, **style)
    sheet.text(row, 4, item.get("unit"), **style)
    sheet.text(row, 5, plain(sheet, item.get("reason")), **style)
    if _is_table(value):
        sheet.text(row, 3, {k: f"{v} {at + 1}" for k, v in text("see_tables").items()})
        return _write_table(tables, at, item, value)
    if value is not None:
        _write_value(sheet, row, 3, value)
    return at


def _is_table(value: Any) -> TypeGuard[Json]:
    return isinstance(value, Mapping) and "columns" in value and "rows" in value


def _write_value(sheet: Sheet, row: int, column: int, value: Any) -> None:
    """A number as it is reported, anything else as a text."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        sheet.number(row, column, value, num_format=_format(value), align="left")
    else:
        sheet.text(row, column, plain(sheet, value))


def _format(value: float) -> str:
    """As many decimals as the number has in nine digits; what the law rounds comes rounded (2025/2547: SEE to five decimals)."""
    exponent = Decimal(f"{value:.9g}").normalize().as_tuple().exponent
    decimals = max(-int(exponent), 0)
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _write_table(sheet: Sheet, row: int, item: Json, table: Json) -> int:
    columns = table["columns"]
    label = {k: f"{item['item']}  {v}" for k, v in (item.get("title") or item["text"]).items()}
    sheet.merged(row, 0, max(len(columns), TITLE_COLUMNS) - 1, label, bold=True, bg_color=BAND)
    for column, head in enumerate(columns):
        unit = f" ({head['unit']})" if head.get("unit") else ""
        name = (
            {k: v + unit for k, v in head["name"].items()}
            if isinstance(head["name"], Mapping)
            else str(head["name"]) + unit
        )
        sheet.text(row + 1, column, name, bold=True, font_color="#FFFFFF", bg_color=BLUE, valign="vcenter")
    for line in table["rows"]:
        for column, head in enumerate(columns):
            _write_value(sheet, row + 2, column, line.get(head["key"]))
        row += 1
    return row + 4


def _write_facts(sheet: Sheet, report: Json) -> None:
    """Who, what period, under which acts; what is missing is marked among the items."""
    sheet.head(text("facts"), text("report_note"))
    sheet.header(HEADER, [text("name"), text("value")])
    rest = {
        k: v
        for k, v in report.items()
        if k not in {"items", "addendum", "title", "missing", "acts", "links", "example"}
    }
    rows = [
        *_flat(sheet, rest),
        *((sheet.book.show(text("acts")), act_line(sheet, act)) for act in report.get("acts", ())),
    ]
    for row, (label, value) in enumerate(rows, FIRST):
        sheet.text(row, 0, label)
        _write_value(sheet, row, 1, value)


def _flat(sheet: Sheet, part: Json, before: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in part.items():
        label = f"{before}{sheet.book.show(known(WORDS.get(key, key)))}".replace("\n", " ")
        if isinstance(value, Mapping) and not {"zh", "en"} & set(value):
            yield from _flat(sheet, value, f"{label}: ")
        elif isinstance(value, list):
            yield from ((label, plain(sheet, entry)) for entry in value)
        elif value is not None:
            yield label, value
