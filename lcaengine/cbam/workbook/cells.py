"""The value of one cell: from the document to a spreadsheet, and back by the kind of its column."""

from __future__ import annotations

import math
import re
from datetime import date, datetime
from typing import Any

from lcaengine.cbam.workbook.layout import LABEL, Column, choices, entry
from lcaengine.problems import Problem

SAFE_DIGITS = 10**15  # beyond it a spreadsheet has rounded what somebody typed as a number
MAX_TEXT = 32_000  # what a cell can hold
FIRST_DAY = date(1901, 1, 1)  # earlier ones are texts: spreadsheets count 29 February 1900
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPED = re.compile("_x005F_(?=x[0-9A-Fa-f]{4}_)")
_SEPARATOR = re.compile("[;；]")
_YES_NO = {"yes": True, "no": False, "true": True, "false": False, "是": True, "否": False}


# -- to a cell


def cell_value(column: Column, value: Any, language: str) -> Any:
    """What stands in the cell, or the problem why nothing can."""
    if column.kind == "list" and isinstance(value, list):
        if any(not isinstance(v, str) or _SEPARATOR.search(v) for v in value):
            return Problem("cbam_workbook_no_place", values={"field": column.key})
        value = "; ".join(_labelled("choice", column.choices, v, language) for v in value)
    if isinstance(value, bool):
        return ("yes", "no")[not value] if column.kind == "yes_no" else value
    if isinstance(value, (int, float)):
        return value if math.isfinite(value) else Problem("not_finite", values={"value": value})
    if not isinstance(value, str):
        return Problem("cbam_workbook_no_place", values={"field": column.key})
    if column.kind == "date" and (day := _day(value)):
        return day
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    if _CONTROL.search(text) or len(text) > MAX_TEXT:
        return Problem("cbam_workbook_character", values={"field": column.key})
    flow = "choice" if column.key == "flow" and column.kind == "choice" else column.kind
    return _labelled(flow, column.choices, text, language)


def _labelled(kind: str, name: str, value: str, language: str) -> str:
    """An enumeration with its label."""
    if kind == "choice" and value in choices(name):
        return entry(value, choices(name)[value], language)
    return value


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day >= FIRST_DAY and day.isoformat() == text else None


# -- from a cell


def typed(column: Column, cell: Any) -> tuple[str, Any]:
    """Problem code, if any, and the value."""
    value = cell.value
    match column.kind:
        case "number" | "signed" | "share" | "percent":
            return _number(column, cell)
        case "date":
            return _date(value)
        case "yes_no":
            known = value if isinstance(value, bool) else _YES_NO.get(_plain(value).lower())
            return ("", known) if known is not None else ("cbam_workbook_choice", None)
        case "any" if isinstance(value, (int, float)):
            return "", value
        case _:
            return _text(column, value)


def _number(column: Column, cell: Any) -> tuple[str, Any]:
    if isinstance(cell.value, bool) or not isinstance(cell.value, (int, float)):
        return "cbam_workbook_number", None
    if column.kind == "percent" and "%" in cell.number_format:
        return "cbam_workbook_percent", None
    return "", cell.value


def _date(value: Any) -> tuple[str, Any]:
    """A date cell, or a text in its form; the schema judges the text."""
    if isinstance(value, datetime):
        return "", value.date().isoformat()
    if isinstance(value, date):
        return "", value.isoformat()
    return ("", value.strip()) if isinstance(value, str) else ("cbam_workbook_date", None)


def _text(column: Column, value: Any) -> tuple[str, Any]:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) >= SAFE_DIGITS:
        return "cbam_workbook_digits", None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, (date, datetime)):
        value = _date(value)[1]
    text = text_of(value)
    if column.kind == "choice" or (column.kind == "list" and text):
        parts = [
            _choice(column.choices, part) for part in (_SEPARATOR.split(text) if column.kind == "list" else [text])
        ]
        return "", [p for p in parts if p] if column.kind == "list" else parts[0]
    if column.key == "flow":
        return "", _plain(text)
    return "", text


def text_of(value: Any) -> str:
    """A text without blanks at its ends; openpyxl takes back only one of the two escapes of _x0041_."""
    return _ESCAPED.sub("_", str(value)).strip()


def _plain(value: Any) -> str:
    """The machine value of a drop-down entry, without its label."""
    return str(value).split(LABEL)[0].strip()


def _choice(name: str, text: str) -> str:
    """The machine value; a label alone stands for it when it is exactly one of the list."""
    plain = _plain(text)
    entries = choices(name)
    if plain in entries:
        return plain
    return next((k for k, labels in entries.items() if plain.casefold() in {x.casefold() for x in labels}), plain)
