"""The package of a workbook, read within limits: nothing is parsed before its size is known."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Mapping
from typing import Any, NamedTuple

from openpyxl import load_workbook

from lcaengine.problems import Malformed, Problem, TooLarge
from lcaengine.sheets import MAX_BYTES

MAX_PARTS = 500
MAX_UNPACKED = 60_000_000
MAX_CELLS = 400_000
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.I)
_CELL = re.compile(rb"<(?:\w+:)?c[\s/>]")
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)|\0")

Place = tuple[int, int]
Cells = Mapping[Place, Any]


class Tabs(NamedTuple):
    """The cells of every sheet by row and column, as typed and with what formulas last gave, and its merged ranges."""

    typed: dict[str, Cells]
    stored: dict[str, Cells]
    merged: dict[str, list[str]]


def read_tabs(data: bytes) -> Tabs:
    """What the sheets of a workbook hold. No link is followed, and nothing is calculated.

    Raises `Malformed` for what is no workbook or holds macros, `TooLarge`.
    """
    _check_package(data)
    tabs = _load(data, stored=False).worksheets
    typed = {tab.title: _cells(tab) for tab in tabs}
    merged = {tab.title: [str(area) for area in tab.merged_cells.ranges] for tab in tabs}
    if not any(c.data_type == "f" for cells in typed.values() for c in cells.values()):
        return Tabs(typed, typed, merged)
    return Tabs(typed, {tab.title: _cells(tab, blank=True) for tab in _load(data, stored=True).worksheets}, merged)


def _check_package(data: bytes) -> None:
    """Size, number of parts, unpacked size, number of cells and XML declarations, before anything is parsed."""
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
                _too_much(unpacked, len(parts))
            texts = [(p.filename, package.read(p)) for p in parts if p.filename.lower().endswith((".xml", ".rels"))]
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise _unreadable(error) from error
    if any(part.filename.lower().endswith("vbaproject.bin") for part in parts):
        raise Malformed(Problem("workbook_macros"))
    if any(_DECLARATION.search(text) for _, text in texts):
        raise Malformed(Problem("workbook_unreadable", "", {"why": "DOCTYPE"}))
    cells = sum(len(_CELL.findall(text)) for name, text in texts if _SHEET.fullmatch(name))
    if cells > MAX_CELLS:
        _too_much(cells, len(parts))


def _too_much(found: int, parts: int) -> None:
    values = {"found": found, "parts": parts, "limit": MAX_UNPACKED, "most": MAX_PARTS, "cells": MAX_CELLS}
    raise TooLarge(Problem("workbook_too_large", "", values))


def _unreadable(error: Exception) -> Malformed:
    return Malformed(Problem("workbook_unreadable", "", {"why": f"{type(error).__name__}: {str(error)[:120]}"}))


def _load(data: bytes, *, stored: bool) -> Any:
    """The workbook with formulas, or with what they last gave. Anything may be wrong in a file that only looks like one."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of parts that it skips; nothing is saved from here
            return load_workbook(io.BytesIO(data), data_only=stored, keep_links=False)
    except Exception as error:
        raise _unreadable(error) from error


def _cells(tab: Any, *, blank: bool = False) -> Cells:
    """Cells that hold something, by row and column; blank texts count only as results of formulas."""
    cells = ((c.row, c.column, c) for row in tab.iter_rows() for c in row if c.value is not None)
    return {(row, column): c for row, column, c in cells if blank or not is_blank(c.value)}


def is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
