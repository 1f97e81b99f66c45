"""Reading the Commission's workbook of default values ("DVs as adopted"), one sheet per country.

Layout: the country in row 1, labels in row 2 (``Product CN Code`` or, after the correction by IR (EU) 2026/1740, ``Product CN
Code / TARIC Code``; ``Description``; ``Default Value (direct emissions)``, ``(indirect emissions)``, ``(total emissions)``;
before the correction ``2026``, ``2027`` and ``2028 Default Value (Including mark-up)``; ``Underlying production route determining
CBAM BM``), then banners of sectors and goods. Sheet names end after 31 characters. Read in public programs that parse the
workbook (GitHub Ddscully/dlt-dbt-duckdb-evidence, ``scripts/build_cbam_seeds.py``, in both states) and, for the labels of the
corrected table, in the consolidated text of IR (EU) 2025/2621 Annex I (GitHub legalize-dev/legalize-eu).

Columns are found by their labels, countries and sectors by their names.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import get_column_letter
from rapidfuzz import fuzz, process

from lcaengine.cbam.importing.rows import MARK_UP, Grid, Known, Reading, Table, folded, one_row_each, text_of
from lcaengine.cbam.tables.rows import OTHER
from lcaengine.problems import Malformed, Problem, TooLarge

MEGABYTE = 1_000_000
MAX_BYTES = 20 * MEGABYTE
MAX_UNPACKED = 200 * MEGABYTE
MAX_PARTS = 2_000
MAX_ROWS = 5_000
MAX_COLUMNS = 40
HEADER_WITHIN = 20
SHEET_NAME_LENGTH = 31
REQUIRED = ("cn_code", "description", "total", "route")
DESCRIPTIONS = frozenset(
    {"description", "description of goods", "goods description", "product description", "cn description"}
)

_YEAR = re.compile(r"\b20\d\d\b")
_OTHER_ANNEX = re.compile(r"\bannex (ii|iii|iv)\b")


def read_defaults_workbook(data: bytes, known: Known) -> Reading:
    """All country tables of the workbook; raises `TooLarge` and `Malformed` when it cannot be opened at all."""
    check_archive(data)
    reading = Reading()
    for grid in _grids(data, reading):
        _read_sheet(grid, known, reading)
    if not reading.sheets and not reading.problems:
        reading.problems.append(Problem("cbam_defaults_no_table", "", {"sheets": reading.not_read}))
    elif OTHER not in reading.sheets.values() and not reading.problems:
        reading.problems.append(Problem("cbam_defaults_no_other", ""))
    one_row_each(reading)
    return reading


def check_archive(data: bytes) -> None:
    """Size, parts and unpacked size before anything is parsed: a small file must not grow without bound."""
    if len(data) > MAX_BYTES:
        raise TooLarge(_too_large(len(data), MAX_BYTES))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if unpacked > MAX_UNPACKED or len(parts) > MAX_PARTS:
                raise TooLarge(_too_large(unpacked, MAX_UNPACKED))
            with_entities = any(b"<!DOCTYPE" in _head(archive, part) for part in parts)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, EOFError, OSError, ValueError) as error:
        raise Malformed(Problem("cbam_defaults_unreadable", "", {"why": str(error)})) from error
    if with_entities:
        raise Malformed(Problem("cbam_defaults_unreadable", "", {"why": "DOCTYPE"}))


def _head(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    with archive.open(part) as stream:
        return stream.read(1024)


def _too_large(size: int, limit: int) -> Problem:
    return Problem("cbam_defaults_too_large", "", {"size": f"{size / MEGABYTE:.1f}", "limit": limit // MEGABYTE})


def _grids(data: bytes, reading: Reading) -> list[Grid]:
    try:
        values, formulas = _all_cells(data, stored=True), _all_cells(data, stored=False)
    except Exception as error:  # a damaged workbook fails in many ways inside openpyxl
        raise Malformed(Problem("cbam_defaults_unreadable", "", {"why": f"{type(error).__name__}: {error}"})) from error
    for name, rows in values.items():
        if len(rows) > MAX_ROWS:
            reading.problems.append(Problem("cbam_defaults_rows", f"sheet '{name}'", {"limit": MAX_ROWS}))
    return [Grid(name, rows, formulas[name]) for name, rows in values.items() if len(rows) <= MAX_ROWS]


def _all_cells(data: bytes, *, stored: bool) -> dict[str, list[tuple[Any, ...]]]:
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=stored)
    try:
        return {sheet.title: list(_cells_of(sheet)) for sheet in book.worksheets}
    finally:
        book.close()


def _cells_of(sheet: Any) -> Iterator[tuple[Any, ...]]:
    sheet.reset_dimensions()  # what the file says of its own size may be wrong
    yield from sheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS, values_only=True)


def _read_sheet(grid: Grid, known: Known, reading: Reading) -> None:
    header = next((i for i, row in enumerate(grid.cells[:HEADER_WITHIN]) if _is_header(row)), None)
    title = next((text_of(c) for row in grid.cells[: header or 0] for c in row if text_of(c)), "")
    countries = {c: name for name in (title, grid.name) if (c := _country(name, known))}
    if not countries and (header is None or _OTHER_ANNEX.search(folded(grid.name))):
        reading.not_read.append(grid.name)
    elif header is None:
        given = {"columns": list(REQUIRED)}
        reading.problems.append(Problem("cbam_defaults_header", f"sheet '{grid.name}'", given))
    else:
        columns, marked, problems = _columns(grid, header, reading)
        problems += _country_problems(grid, title, countries, known, reading)
        reading.problems += problems
        if not problems:
            reading.sheets[grid.name] = country = next(iter(countries))
            Table(grid, header, columns, marked, country, known, reading).read(_is_header)


def _is_header(row: Sequence[Any]) -> bool:
    labels = [_label(c) for c in row]
    return "cn_code" in labels and "description" in labels


def _label(cell: Any) -> str | None:
    """Which column a label heads."""
    text = folded(cell) if isinstance(cell, str) and len(cell) < 200 else ""
    emissions = "emissions" in text
    if "cn code" in text or "taric code" in text:
        return "cn_code"
    if text in DESCRIPTIONS:
        return "description"
    if "production route" in text:
        return "route"
    if MARK_UP.search(text) and _YEAR.search(text):
        return "mark_up"
    # "indirect" holds "direct", so it is asked for first
    return next((name for name in ("indirect", "total", "direct") if emissions and name in text), None)


def _columns(grid: Grid, header: int, reading: Reading) -> tuple[dict[str, int], dict[int, int], list[Problem]]:
    """Column of each label, mark-up columns (column → year), problems."""
    columns: dict[str, int] = {}
    marked: dict[int, int] = {}
    problems = []
    for i, cell in enumerate(grid.cells[header]):
        label, text = _label(cell), text_of(cell)
        if label == "mark_up":
            marked[i] = int(_YEAR.findall(text)[0])
        elif label in columns:
            given = {"label": text, "first": get_column_letter(columns[label] + 1)}
            problems.append(Problem("cbam_defaults_column_twice", grid.place(header + 1, i), given))
        elif label:
            columns[label] = i
        elif text and text not in reading.columns_not_read:
            reading.columns_not_read.append(text)
    if missing := [name for name in REQUIRED if name not in columns]:
        problems.append(Problem("cbam_defaults_header", f"sheet '{grid.name}', row {header + 1}", {"columns": missing}))
    reading.mark_up_columns = reading.mark_up_columns or bool(marked)
    return columns, marked, problems


def _country(name: str, known: Known) -> str | None:
    """ISO code of a name; a name cut off where Excel ends sheet names counts when only one country begins so."""
    key = folded(name)
    if key in known.countries or len(name) < SHEET_NAME_LENGTH:
        return known.countries.get(key)
    begins = {code for other, code in known.countries.items() if other.startswith(key)}
    return begins.pop() if len(begins) == 1 else None


def _country_problems(
    grid: Grid, title: str, countries: Mapping[str, str], known: Known, reading: Reading
) -> list[Problem]:
    where = f"sheet '{grid.name}'"
    if not countries:
        near = process.extract(folded(grid.name), list(known.countries), scorer=fuzz.WRatio, limit=3, score_cutoff=60)
        candidates = [f"{name} ({known.countries[name]})" for name, _, _ in near]
        return [Problem("cbam_defaults_country", where, {"name": grid.name, "candidates": candidates})]
    if len(countries) > 1:
        return [Problem("cbam_defaults_two_countries", where, {"title": title, "sheet": grid.name})]
    country = next(iter(countries))
    if first := next((sheet for sheet, code in reading.sheets.items() if code == country), None):
        return [Problem("cbam_defaults_country_twice", where, {"country": country, "first": first})]
    return []
