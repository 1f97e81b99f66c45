"""The rows of one country's table of default values: what stands in the cells is taken strictly.

A row that cannot be read is a problem. A row whose numbers can be read but cannot all be right where they stand (``total`` below
``direct``; a dash beside marked-up values, as printed once in IR (EU) 2025/2621 before its correction), or whose code is not in
Annex I of Regulation (EU) 2023/956, is doubtful: kept as it stands, and noted.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from openpyxl.utils import get_column_letter

from lcaengine.problems import Problem

HIGHEST_PLAUSIBLE = 100.0  # t CO2e/t; the highest value of Annex I is 26.64 (hydrogen, China)
SUM_TOLERANCE = 0.0105  # each of three figures is rounded, to two decimals where the act got them so
NUMBERS = ("direct", "indirect", "total")
ROUTES = {
    "A": "cement",
    "B": "cement",
    **dict.fromkeys("CDEFGHJ", "iron_and_steel"),
    "K": "aluminium",
    "L": "aluminium",
}

_NO_VALUE = frozenset({"", "-", "–", "—", "−", "_", "n/a", "na", "n.a."})
_CODE = re.compile(r"(?:ex\s*)?(\d[\d\s.]*)", re.I)
_ROUTE = re.compile(r"\(?([A-HJ-L])\)?(?:\s*/\s*\(?([A-HJ-L])\)?)?")
MARK_UP = re.compile(r"mark\W?up", re.I)


@dataclass(frozen=True, slots=True)
class WorkbookRow:
    """One row: t CO2e per t of product, without mark-up; ``total`` None means that "Other countries" decides."""

    country: str
    cn_code: str
    description: str
    direct: float | None
    indirect: float | None
    total: float | None
    route: str
    sector: str
    where: str


@dataclass(frozen=True, slots=True)
class Known:
    """What is compared with: folded names of countries (ISO code or ``other``) and of sectors; the sectors under a code."""

    countries: Mapping[str, str]
    sectors: Mapping[str, str]
    sectors_of: Callable[[str], frozenset[str]]


@dataclass(slots=True)
class Reading:
    """What was read; ``problems`` forbid its use, ``doubtful`` rows need a decision."""

    rows: list[WorkbookRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    doubtful: list[Problem] = field(default_factory=list)
    sheets: dict[str, str] = field(default_factory=dict)
    not_read: list[str] = field(default_factory=list)
    columns_not_read: list[str] = field(default_factory=list)
    see_below: int = 0
    repeated: int = 0
    rounded: int = 0
    mark_up_columns: bool = False
    mark_ups: list[tuple[WorkbookRow, int, float]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells of a sheet: stored values, and formulas where they stand for one."""

    name: str
    cells: Sequence[Sequence[Any]]
    formulas: Sequence[Sequence[Any]]

    def place(self, row: int, column: int) -> str:
        return f"sheet '{self.name}', row {row}, column {get_column_letter(column + 1)}"


@dataclass(slots=True)
class Table:
    """One country's table, read from top to bottom; ``columns`` by label, ``marked`` column → year."""

    grid: Grid
    header: int
    columns: Mapping[str, int]
    marked: Mapping[int, int]
    country: str
    known: Known
    reading: Reading
    sector: str = ""
    stray: list[Problem] = field(default_factory=list)

    def read(self, is_header: Callable[[Sequence[Any]], bool]) -> None:
        for number, cells in enumerate(self.grid.cells[self.header + 1 :], self.header + 2):
            if any(text_of(c) for c in cells) and not is_header(cells):
                self._row(number, cells)

    def _row(self, number: int, cells: Sequence[Any]) -> None:
        code = text_of(self._cell(cells, "cn_code"))
        texts = [t for c in cells if (t := text_of(c)) and not MARK_UP.search(t)]
        if code[:1].isdigit() or _CODE.fullmatch(code):
            self._goods(number, cells)
        elif any(isinstance(self._cell(cells, name), (int, float)) for name in NUMBERS):
            self._problem("cbam_defaults_code", number, "cn_code", {"value": code})
        elif len(texts) == 1 and folded(texts[0]) in self.known.sectors:
            self.sector, self.stray = self.known.sectors[folded(texts[0])], []
        elif texts:
            where = self._where(number, "cn_code")
            self.stray.append(Problem("cbam_defaults_banner", where, {"text": texts[0]}))

    def _goods(self, number: int, cells: Sequence[Any]) -> None:
        self.reading.problems += self.stray  # text below the last row is a footnote, text above goods may be a sector
        self.stray = []
        before = len(self.reading.problems)
        row = WorkbookRow(
            country=self.country,
            cn_code=self._code(number, cells),
            description=" ".join(text_of(self._cell(cells, "description")).split()),
            **{name: self._value(number, cells, name) for name in NUMBERS},
            route=self._route(number, cells),
            sector=self.sector,
            where=self._where(number, "cn_code"),
        )
        if len(self.reading.problems) == before:
            self._keep(row, number, cells)

    def _keep(self, row: WorkbookRow, number: int, cells: Sequence[Any]) -> None:
        see_below = any(folded(text_of(self._cell(cells, name))) == "see below" for name in NUMBERS)
        if see_below and (row.direct, row.indirect, row.total) == (None, None, None):
            self.reading.see_below += 1
            return
        marks = {year: m for i, year in self.marked.items() if (m := number_of(cell_at(cells, i))) is not None}
        self._judge(row, number, marks, see_below=see_below)
        self.reading.rows.append(row)
        self.reading.mark_ups += [(row, year, m) for year, m in marks.items()]

    def _code(self, number: int, cells: Sequence[Any]) -> str:
        cell = self._cell(cells, "cn_code")
        text = text_of(cell)
        # a number with decimals is a code that the spreadsheet took for one: its last zeros are lost
        found = None if isinstance(cell, float) and not cell.is_integer() else _CODE.fullmatch(text)
        digits = re.sub(r"\D", "", found[1]) if found else ""
        if len(digits) not in (4, 6, 8, 10):
            self._problem("cbam_defaults_code", number, "cn_code", {"value": text})
        elif not (sectors := self.known.sectors_of(digits)):
            where = self._where(
                number, "cn_code"
            )  # printed once in the act itself: 7615 of Tunisia, before the correction
            self.reading.doubtful.append(Problem("cbam_defaults_not_annex_i", where, {"cn_code": digits}))
        elif self.sector not in sectors:
            given = {"cn_code": digits, "banner": self.sector or "–", "sector": sorted(sectors)}
            self._problem("cbam_defaults_sector", number, "cn_code", given)
        return digits

    def _value(self, number: int, cells: Sequence[Any], name: str) -> float | None:
        """t CO2e/t to the three decimals that the act prints, half-up; None where there is no value."""
        cell = self._cell(cells, name)
        if cell is None and name in self.columns:
            formula = cell_at(cell_at(self.grid.formulas, number - 1) or (), self.columns[name])
            if str(formula).startswith("="):
                self._problem("cbam_defaults_formula", number, name, {"formula": str(formula)})
        if text_of(cell).casefold() in _NO_VALUE or folded(text_of(cell)) == "see below":
            return None
        value = number_of(cell)
        if value is None or not 0 <= value <= HIGHEST_PLAUSIBLE:
            self._problem("cbam_defaults_number", number, name, {"value": text_of(cell)})
            return None
        printed = float(Decimal(repr(value)).quantize(Decimal("0.001"), rounding=ROUND_HALF_UP))
        self.reading.rounded += abs(printed - value) > 1e-6
        return printed

    def _route(self, number: int, cells: Sequence[Any]) -> str:
        text = text_of(self._cell(cells, "route"))
        if text.casefold() in _NO_VALUE or folded(text) == "see below":
            return ""
        found = _ROUTE.fullmatch(text)
        letters = [letter for letter in found.groups() if letter] if found else []
        if not letters or any(ROUTES[letter] != self.sector for letter in letters):
            self._problem("cbam_defaults_route", number, "route", {"value": text, "sector": self.sector or "–"})
        return "/".join(letters)

    def _judge(self, row: WorkbookRow, number: int, marks: Mapping[int, float], *, see_below: bool) -> None:
        """Note a row whose numbers cannot all be right where they stand."""
        parts = [v for v in (row.direct, row.indirect) if v is not None]
        where = self._where(number, "total")
        shown = {"cn_code": row.cn_code, "description": row.description}
        numbers = {"direct": _shown(row.direct), "indirect": _shown(row.indirect), "total": _shown(row.total)}
        if see_below or _shifted(row, parts, marks, has_direct="direct" in self.columns):
            marked = ", ".join(_shown(m) for m in marks.values()) or "–"
            self.reading.doubtful.append(
                Problem("cbam_defaults_shifted", where, {**shown, **numbers, "marked": marked})
            )
        elif row.total is not None and row.direct is not None and abs(row.total - sum(parts)) > SUM_TOLERANCE:
            self.reading.doubtful.append(Problem("cbam_defaults_sum", where, {**shown, **numbers}))

    def _cell(self, cells: Sequence[Any], name: str) -> Any:
        return cell_at(cells, self.columns[name]) if name in self.columns else None

    def _where(self, number: int, name: str) -> str:
        return self.grid.place(number, self.columns[name])

    def _problem(self, code: str, number: int, name: str, values: Mapping[str, Any]) -> None:
        self.reading.problems.append(Problem(code, self._where(number, name), values))


def _shifted(row: WorkbookRow, parts: Sequence[float], marks: Mapping[int, float], *, has_direct: bool) -> bool:
    """A part without total, a total below a part or without one, or a marked-up value without or below the total."""
    if row.total is None:
        return bool(parts or marks)
    if has_direct and row.direct is None:
        return True
    return any(row.total > m + SUM_TOLERANCE for m in marks.values()) or any(
        p > row.total + SUM_TOLERANCE for p in parts
    )


def one_row_each(reading: Reading) -> None:
    """A row printed twice alike counts once; twice with other values is a problem."""
    first: dict[tuple[str, ...], WorkbookRow] = {}
    for row in reading.rows:
        known = first.setdefault((row.country, row.cn_code, folded(row.description), row.route), row)
        if known is row:
            continue
        if (known.direct, known.indirect, known.total) == (row.direct, row.indirect, row.total):
            reading.repeated += 1
        else:
            given = {"cn_code": row.cn_code, "description": row.description, "first": known.where}
            reading.problems.append(Problem("cbam_defaults_duplicate", row.where, given))
    reading.rows = list(first.values())


def folded(text: str) -> str:
    """A name without case, accents and punctuation."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[\W_]+", " ", plain.casefold().replace("&", " and ")).split())


def cell_at(cells: Sequence[Any], i: int) -> Any:
    return cells[i] if i < len(cells) else None


def text_of(cell: Any) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).replace("\xa0", " ").strip()


def number_of(cell: Any) -> float | None:
    """A number, or a text of one with ``,`` or ``.`` as the decimal mark; dates and logical values are none."""
    if isinstance(cell, (bool, date, time)):
        return None
    text = repr(cell) if isinstance(cell, (int, float)) else text_of(cell)
    try:
        value = Decimal(text.replace(",", "."))
    except InvalidOperation:
        return None
    return float(value) if value.is_finite() else None


def _shown(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
