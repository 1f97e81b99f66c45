"""How workbooks look, and how a text gets into a cell as a text."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from openpyxl.styles import Alignment, Border, Font, PatternFill, Side

from lcaengine.sheets.table import FORMULA

BLUE, GREEN, GOLD = "1F4E79", "2E7D32", "BF8F00"  # tabs of tables, forms and the guide
THIN = Side(style="thin", color="BFBFBF")
BOX = Border(left=THIN, right=THIN, top=THIN, bottom=THIN)
INPUT = PatternFill("solid", fgColor="FFF8E1")
HEAD = PatternFill("solid", fgColor=BLUE)
BAND = PatternFill("solid", fgColor="DDEBF7")
PALE = PatternFill("solid", fgColor="F2F2F2")
WRAP = Alignment(wrap_text=True, vertical="top")
CENTRE = Alignment(wrap_text=True, vertical="center", horizontal="center")
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")  # a spreadsheet reads _x0041_ as A
LINE_HEIGHT = 13.5  # points, at 9 or 10 points of type


def font(size: float = 10, **options: Any) -> Font:
    return Font(name="Arial", size=size, **options)


def put_value(cell: Any, value: Any) -> None:
    """A value as it is: a text that looks like a formula stays a text, a number keeps its last digit."""
    if isinstance(value, str):
        cell.value = _ESCAPE.sub("_x005F_", value)
        cell.data_type = "s"
        if value.startswith(FORMULA):
            cell.quotePrefix = True  # also when somebody edits the cell
    elif isinstance(value, float) and float(f"{value:.16g}") != value:
        cell.value, cell.data_type = repr(value), "n"  # openpyxl itself writes 16 digits
    else:
        cell.value = value


def put(cell: Any, value: Any, *, size: float = 10, fill: PatternFill | None = None, **options: Any) -> None:
    """A boxed cell of text that wraps."""
    put_value(cell, value)
    cell.font, cell.border, cell.alignment = font(size, **options), BOX, WRAP
    if fill is not None:
        cell.fill = fill


def put_header(cell: Any, text: str) -> None:
    put_value(cell, text)
    cell.fill, cell.border, cell.alignment = HEAD, BOX, CENTRE
    cell.font = font(bold=True, color="FFFFFF")


def put_key(cell: Any, key: str) -> None:
    put_value(cell, key)
    cell.fill, cell.border, cell.font = PALE, BOX, font(7, italic=True, color="808080")
    cell.alignment = Alignment(vertical="top")


def height(texts: Iterable[tuple[Any, float]], least: int = 1) -> float:
    """Points that a row needs for texts in columns of a width; spreadsheet programs do not all fit rows by themselves."""
    lines = max((_lines(str(text), width) for text, width in texts if text is not None), default=1)
    return LINE_HEIGHT * max(lines, least) + 2


def _lines(text: str, width: float) -> int:
    return sum(max(1, math.ceil(extent(part) / (width - 1))) for part in text.split("\n"))


def extent(text: str) -> int:
    """Columns of type: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def fit_to_page(tab: Any, header: int | None = None) -> None:
    """A4, landscape, as wide as the page."""
    tab.page_setup.orientation, tab.page_setup.paperSize = "landscape", tab.PAPERSIZE_A4
    tab.page_setup.fitToWidth, tab.page_setup.fitToHeight = 1, 0
    tab.sheet_properties.pageSetUpPr.fitToPage = True
    tab.page_margins.left = tab.page_margins.right = 0.4
    if header is not None:
        tab.print_title_rows = f"{header}:{header}"
