"""The sheets of a statement that list: assumptions, CBAM, provenance, checklist."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcaengine.statements.xlsx_book import Book, Sheet
from lcaengine.statements.xlsx_numbers import given_format
from lcaengine.statements.xlsx_summary import plain
from lcaengine.statements.xlsx_texts import known, text

Json = Mapping[str, Any]
HEADER, FIRST = 3, 4


def write_assumptions(book: Book, body: Json) -> None:
    """Every figure that was given or supplied by the rule, with source, status and weight."""
    sheet = book.sheet(text("assumptions"), (13, 36, 13, 13, 19, 13, 10, 10, 72), body["id"], landscape=True)
    sheet.head(text("assumptions"), text("assumptions_note"))
    columns = ("rule_id", "assumption", "value", "unit", "status", "evidence", "share", "swing", "source")
    sheet.header(HEADER, [text(k) for k in columns], (2, 6, 7))
    for row, entry in enumerate(body["assumptions"], FIRST):
        sheet.text(row, 0, entry["rule_id"])
        sheet.text(row, 1, entry["name"])
        _given(sheet, row, 2, entry["value"].get("amount"))
        sheet.text(row, 3, entry["value"].get("unit"))
        sheet.text(row, 4, known(entry["status"]))
        sheet.text(row, 5, known(entry.get("evidence") or ""))
        sheet.share(row, 6, entry.get("share"))
        sheet.share(row, 7, entry.get("swing"))
        sheet.text(row, 8, plain(sheet, entry.get("source")))
    if body["assumptions"]:
        sheet.cells.autofilter(HEADER, 0, HEADER + len(body["assumptions"]), 8)


def _given(sheet: Sheet, row: int, column: int, value: Any) -> None:
    """A number as it was given, anything else as a text."""
    if isinstance(value, float | int) and not isinstance(value, bool):
        sheet.number(row, column, value, num_format=given_format(value))
    else:
        sheet.text(row, column, plain(sheet, value))


def write_provenance(book: Book, body: Json) -> None:
    """By which engine, rule, background and input: hashes and versions."""
    sheet = book.sheet(text("provenance"), (44, 90), body["id"], landscape=True)
    sheet.head(text("provenance"), text("provenance_note"))
    sheet.header(HEADER, [text("item"), text("value")])
    for row, (label, value) in enumerate(_flat(sheet, body["provenance"]), FIRST):
        sheet.text(row, 0, label)
        sheet.text(row, 1, value)


def _flat(sheet: Sheet, part: Json, before: str = "") -> list[tuple[str, str]]:
    """Nested facts one below the other, each with the names that lead to it."""
    found: list[tuple[str, str]] = []
    for key, value in part.items():
        word = "engine_name" if key == "engine" else "identifier" if key == "id" else key
        label = f"{before}{sheet.book.show(known(word))}".replace("\n", " ")
        if isinstance(value, Mapping) and not {"zh", "en"} & set(value):
            found += _flat(sheet, value, f"{label}: ")
        elif value is not None:
            found.append((label, plain(sheet, value)))
    return found


def write_checklist(book: Book, body: Json) -> None:
    """What a statement must hold, and whether this one does."""
    sheet = book.sheet(text("checklist"), (7, 24, 66, 16, 56), body["id"], landscape=True)
    sheet.head(text("checklist"), text("checklist_note"))
    sheet.header(HEADER, [text(k) for k in ("number", "item", "text", "status", "reason")])
    colours = {"present": "#E2EFDA", "missing": "#F8CBAD", "not_applicable": "#F2F2F2"}
    for row, entry in enumerate(body["checklist"], FIRST):
        sheet.number(row, 0, row - FIRST + 1, num_format="0", align="left")
        sheet.text(row, 1, entry["item"])
        sheet.text(row, 2, entry.get("text"))
        sheet.text(row, 3, known(entry["status"]), bg_color=colours.get(entry["status"], "#FFFFFF"))
        sheet.text(row, 4, plain(sheet, entry.get("reason")))
