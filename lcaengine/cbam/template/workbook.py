"""An xlsx file as a package of parts: read with limits, and changed cell by cell.

Cells are written into the XML of their sheet and nothing but results of formulas is touched: a library that loads and saves the whole
workbook drops what it does not know (conditional formats of later Excel versions, comments' shapes, printer settings).
"""

from __future__ import annotations

import io
import math
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import escape, quoteattr

from openpyxl import load_workbook

from lcaengine.cbam.template.places import At
from lcaengine.problems import Malformed, Problem, Refused, TooLarge
from lcaengine.sheets import MAX_BYTES

MAX_PARTS = 500
MAX_UNPACKED = 24_000_000  # the Commission's workbook unpacks to 10 MB, saved by LibreOffice to 12 MB
MAX_ELEMENTS = 200_000  # of one part; 80 000 in the largest of the workbook. Parsing costs up to 30 µs each
MAX_ROW, MAX_COLUMN = 2200, 60
EXCEL_DAY_0 = date(1899, 12, 30)
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_REFERENCE = re.compile(r'(?:^|\s)r="([A-Z]{1,3}[0-9]{1,7})"')
_STYLE = re.compile(r'(?:^|\s)s="([0-9]+)"')
_RESULT = re.compile(r"<v>[^<]*</v>|<v/>")
_FIXED_TEXT = re.compile(
    r"<f>\s*'?Translations'?!\$?B\$?[0-9]+\s*</f>"
)  # a text of the form, in the workbook's language
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # not in XML 1.0
_DECLARATION = re.compile(rb"<!(?:DOCTYPE|ENTITY)|<\0!\0|\0<\0!")
_READING_ERRORS = (
    zipfile.BadZipFile, zipfile.LargeZipFile, ElementTree.ParseError, KeyError, ValueError, TypeError, IndexError,
    AttributeError, RuntimeError, NotImplementedError, EOFError, OSError, ArithmeticError, SyntaxError,
)  # fmt: skip

Value = float | str | bool | date


@dataclass(frozen=True, slots=True)
class Cell:
    """What a cell holds: ``value`` as typed or as last calculated, ``kind`` n, s, b, d or e, ``formula`` if it has one."""

    value: Any = None
    kind: str = "n"
    formula: str | None = None


@dataclass(frozen=True, slots=True)
class Book:
    """Cells by sheet and place; sheets that the workbook has not are absent."""

    cells: Mapping[str, Mapping[str, Cell]]

    def at(self, at: At) -> Cell:
        return self.cells.get(at.sheet, {}).get(at.cell, Cell())


def check_package(data: bytes) -> None:
    """Size, number of parts and unpacked size before anything is parsed, and no XML entities.

    Raises `TooLarge`, or `Malformed` for what is no xlsx.
    """
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS or unpacked > MAX_UNPACKED:
                values = {"parts": len(parts), "unpacked": unpacked, "most": MAX_PARTS, "limit": MAX_UNPACKED}
                raise TooLarge(Problem("cbam_template_bomb", "", values))
            if len({part.filename for part in parts}) < len(parts):
                raise zipfile.BadZipFile("parts with one name")
            for part in parts:
                _check_part(part.filename, package.read(part))
            package.getinfo("xl/workbook.xml")
    except _READING_ERRORS as error:
        raise _unreadable(error) from error


def _check_part(name: str, content: bytes) -> None:
    if (elements := content.count(b"<")) > MAX_ELEMENTS:
        values = {"part": name, "elements": elements, "limit": MAX_ELEMENTS}
        raise TooLarge(Problem("cbam_template_elements", "", values))
    if _DECLARATION.search(content):
        raise zipfile.BadZipFile("DOCTYPE")


def _unreadable(error: Exception) -> Malformed:
    return Malformed(Problem("cbam_template_not_xlsx", "", {"why": f"{type(error).__name__}: {str(error)[:120]}"}))


def read_book(data: bytes, sheets: Iterable[str]) -> Book:
    """The cells of some sheets, values and formulas; raises `TooLarge` and `Malformed`. About 1 s for the template."""
    check_package(data)
    names = list(sheets)
    try:
        values, formulas = (_pass(data, names, stored=stored) for stored in (True, False))
        return Book({
            name: {ref: _cell(values[name].get(ref), typed) for ref, typed in formulas[name].items()} for name in formulas
        })  # fmt: skip
    except _READING_ERRORS as error:
        raise _unreadable(error) from error


def _pass(data: bytes, names: list[str], *, stored: bool) -> dict[str, dict[str, Any]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl warns of parts that it skips; here nothing is saved with it
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=stored, keep_links=False)
        try:
            return {name: _cells(book[name]) for name in names if name in book.sheetnames}
        finally:
            book.close()


def _cells(sheet: Any) -> dict[str, Any]:
    rows = sheet.iter_rows(min_row=1, max_row=MAX_ROW, min_col=1, max_col=MAX_COLUMN)
    return {c.coordinate: (c.value, c.data_type) for row in rows for c in row if c.value is not None}


def _cell(stored: Any, typed: Any) -> Cell:
    value, kind = stored or (None, "n")
    formula = str(getattr(typed[0], "text", typed[0])) if typed[1] == "f" else None
    return Cell(value, kind, formula)


# -- writing


def write_cells(data: bytes, values: Mapping[At, Value]) -> bytes:
    """The package with some cells filled; what the formulas last gave is taken out, so that they are calculated anew.

    All else stays byte for byte. Only unlocked cells without a formula are written: raises `Refused` (``cbam_template_moved``) for any other.
    """
    by_sheet: dict[str, dict[str, Value]] = {}
    for at, value in values.items():
        by_sheet.setdefault(at.sheet, {})[at.cell] = value
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as package, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as filled:
        paths = {path: name for name, path in _sheet_paths(package).items()}
        unlocked = _unlocked_styles(package)
        for part in package.infolist():
            content, name = package.read(part), paths.get(part.filename, "")
            if name:
                content = _with_cells(_text(content), name, by_sheet.get(name, {}), unlocked).encode("utf-8")
            elif part.filename == "xl/workbook.xml":
                content = _recalculating(_text(content)).encode("utf-8")
            filled.writestr(zipfile.ZipInfo(part.filename, part.date_time), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _text(content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _unreadable(error) from error


def _sheet_paths(package: zipfile.ZipFile) -> dict[str, str]:
    """Name of a sheet → its part."""
    relations = ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels"))
    targets = {r.get("Id"): r.get("Target", "") for r in relations}
    book = ElementTree.fromstring(package.read("xl/workbook.xml"))
    found = {s.get("name", ""): targets.get(s.get(_RELATION), "") for s in book.iter(f"{_MAIN}sheet")}
    return {name: t.lstrip("/") if t.startswith("/") else f"xl/{t}" for name, t in found.items()}


def _unlocked_styles(package: zipfile.ZipFile) -> set[int]:
    styles = ElementTree.fromstring(package.read("xl/styles.xml"))
    formats = styles.find(f"{_MAIN}cellXfs")
    protections = [xf.find(f"{_MAIN}protection") for xf in formats] if formats is not None else []
    return {i for i, p in enumerate(protections) if p is not None and p.get("locked") in {"0", "false"}}


def _with_cells(xml: str, sheet: str, values: Mapping[str, Value], unlocked: set[int]) -> str:
    out, last, written = [], 0, set()
    for start, end, attributes, inner in _cell_elements(xml):
        reference, style = _REFERENCE.search(attributes), _STYLE.search(attributes)
        if "<f" in inner:
            kept = xml[start:end] if _FIXED_TEXT.search(inner) else _RESULT.sub("", xml[start:end])
        elif reference and reference[1] in values and style and int(style[1]) in unlocked:
            written.add(reference[1])
            kept = _cell_xml(reference[1], style[1], values[reference[1]])
        else:
            continue
        out += [xml[last:start], kept]
        last = end
    if missing := sorted(set(values) - written):
        texts = {"found": "locked", "wanted": "unlocked"}
        raise Refused([Problem("cbam_template_moved", f"{sheet}!{cell}", texts) for cell in missing])
    return "".join([*out, xml[last:]])


def _cell_elements(xml: str) -> Iterator[tuple[int, int, str, str]]:
    """Start, end, attributes and content of every ``<c>``. One pass: a file made to be slow must not be."""
    start = xml.find("<c ")
    while start >= 0:
        closed = xml.find(">", start)
        end = closed + 1
        if closed >= 0 and xml[closed - 1] != "/":
            end = xml.find("</c>", closed) + len("</c>")
        if closed < 0 or end <= closed:
            return
        yield start, end, xml[start + 3 : closed].removesuffix("/"), xml[closed + 1 : end].removesuffix("</c>")
        start = xml.find("<c ", end)


def _cell_xml(reference: str, style: str, value: Value) -> str:
    start = f'<c r="{reference}" s="{style}"'
    if isinstance(value, bool):
        return f'{start} t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        text = escape(_FORBIDDEN.sub("", value))
        return f'{start} t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
    if isinstance(value, date):
        return f"{start}><v>{(_day(value) - EXCEL_DAY_0).days}</v></c>"
    return f"{start}><v>{_number(value)}</v></c>"


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _number(value: float) -> str:
    """The shortest text that reads back as the same number."""
    if not math.isfinite(value):
        raise Refused(Problem("not_finite", "", {"value": value}))
    return repr(value).removesuffix(".0")


def _recalculating(xml: str) -> str:
    """``fullCalcOnLoad``: what the formulas last gave belongs to the empty workbook."""
    xml = re.sub(r'\sfullCalcOnLoad="[^"]*"', "", xml)
    attribute = f" fullCalcOnLoad={quoteattr('1')}"
    if "<calcPr" in xml:
        return xml.replace("<calcPr", "<calcPr" + attribute, 1)
    return xml.replace("</workbook>", f"<calcPr{attribute}/></workbook>", 1)
