"""The legal tables of ``background_data/cbam``, each read when it is first asked for."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date
from functools import cache, cached_property
from pathlib import Path
from typing import Any, TypeVar

from lcaengine import settings
from lcaengine.cbam.tables.rows import (
    Act,
    Benchmark,
    Category,
    CbamFactor,
    CorrectionFactor,
    Country,
    DefaultRow,
    Defect,
    Good,
    Heading,
    Markup,
    PrecursorOf,
    Price,
    Proposed,
    ReadIn,
    ReferenceEfficiency,
    ReplacedCode,
    Route,
    Sector,
    StandardFactor,
    TaricCode,
)
from lcaengine.data import folder
from lcaengine.problems import Malformed, Problem

IMPORTED = settings.CBAM_TABLES.name  # a folder with a defaults.csv that takes the place of the shipped default values
T = TypeVar("T")
Defaults = Mapping[str, Mapping[str, tuple[DefaultRow, ...]]]


def _optional(text: str) -> float | None:
    return float(text) if text else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_CONVERT: Mapping[str, Callable[[str], Any]] = {
    "int": int, "float": float, "float | None": _optional, "bool": lambda text: text == "yes", "date": date.fromisoformat,
    "date | None": _day, "tuple[str, ...]": _words, "str | None": lambda text: text or None,
}  # fmt: skip


class CbamTables:
    """Every table as mappings of frozen rows; raises `Malformed` for a file that is no such table."""

    def __init__(self, place: Path, imported: Path | None = None) -> None:
        self.place = place
        self.imported = imported

    def _rows(self, kind: type[T], path: Path, **constants: Any) -> Iterator[T]:
        """The rows of a file as values of a dataclass: columns by name, converted by the annotation."""
        columns = [(f.name, _CONVERT.get(str(f.type))) for f in fields(kind) if f.name not in constants]  # type: ignore[arg-type]
        try:
            with path.open(encoding="utf-8", newline="") as file:
                lines = csv.reader(file)
                at = {name: i for i, name in enumerate(next(lines, []))}
                chosen = [(name, at[name], convert) for name, convert in columns]
                for line in lines:
                    yield kind(**{n: convert(line[i]) if convert else line[i] for n, i, convert in chosen}, **constants)
        except (OSError, KeyError, ValueError, IndexError, csv.Error) as error:
            raise Malformed(Problem("cbam_table", path.name, {"file": str(path), "error": str(error)})) from error

    def _table(self, kind: type[T], name: str, **constants: Any) -> list[T]:
        return list(self._rows(kind, self.place / f"{name}.csv", **constants))

    @cached_property
    def acts(self) -> Mapping[str, Act]:
        return {row.id: row for row in self._table(Act, "acts")}

    @cached_property
    def read_in(self) -> Mapping[str, ReadIn]:
        return {row.id: row for row in self._table(ReadIn, "read_in")}

    @cached_property
    def countries(self) -> Mapping[str, Country]:
        return {row.iso2: row for row in self._table(Country, "countries")}

    @cached_property
    def sectors(self) -> Mapping[str, Sector]:
        return {row.sector: row for row in self._table(Sector, "sectors")}

    @cached_property
    def headings(self) -> Mapping[str, Heading]:
        return {row.heading: row for row in self._table(Heading, "headings")}

    @cached_property
    def goods(self) -> Mapping[str, Good]:
        return {row.cn_code: row for row in self._table(Good, "goods")}

    @cached_property
    def categories(self) -> Mapping[str, Category]:
        return {row.category: row for row in self._table(Category, "categories")}

    @cached_property
    def routes(self) -> Mapping[str, tuple[Route, ...]]:
        """By category."""
        return _grouped(self._table(Route, "routes"), lambda row: row.category)

    @cached_property
    def precursors(self) -> Mapping[str, tuple[PrecursorOf, ...]]:
        """By category."""
        return _grouped(self._table(PrecursorOf, "precursors"), lambda row: row.category)

    @cached_property
    def standard_factors(self) -> Mapping[str, StandardFactor]:
        return {row.id: row for row in self._table(StandardFactor, "standard_factors")}

    @cached_property
    def reference_efficiencies(self) -> Mapping[tuple[str, str], tuple[ReferenceEfficiency, ...]]:
        """By fuel and product."""
        rows = self._table(ReferenceEfficiency, "reference_efficiencies")
        return _grouped(rows, lambda row: (row.fuel, row.product))

    @cached_property
    def markups(self) -> Mapping[str, tuple[Markup, ...]]:
        """By sector."""
        return _grouped(self._table(Markup, "markups"), lambda row: row.sector)

    @cached_property
    def defaults(self) -> Defaults:
        """By country (ISO code or ``other``), then by code."""
        paths = [self.imported / "defaults.csv"] if self.imported else sorted((self.place / "defaults").glob("*.csv"))
        found: dict[str, dict[str, list[DefaultRow]]] = defaultdict(lambda: defaultdict(list))
        for path in paths:
            for row in self._rows(DefaultRow, path):
                found[row.country][row.cn_code].append(row)
        return {country: {code: tuple(rows) for code, rows in codes.items()} for country, codes in found.items()}

    @cached_property
    def highest(self) -> Mapping[str, tuple[DefaultRow, ...]]:
        """Annex IV, by code."""
        return _grouped(
            self._table(DefaultRow, "highest", country="", direct=None, indirect=None), lambda row: row.cn_code
        )

    @cached_property
    def defects(self) -> Mapping[tuple[str, str, str], tuple[Defect, ...]]:
        """By country, code and description; of the shipped table only."""
        rows = [] if self.imported else self._table(Defect, "defects")
        return _grouped(rows, lambda row: (row.country, row.cn_code, row.description))

    @cached_property
    def benchmarks(self) -> Mapping[str, tuple[Benchmark, ...]]:
        """By eight-digit code."""
        return _grouped(self._table(Benchmark, "benchmarks"), lambda row: row.cn_code)

    @cached_property
    def cbam_factors(self) -> Mapping[str, tuple[CbamFactor, ...]]:
        """By basis: law, proposal."""
        return _grouped(self._table(CbamFactor, "cbam_factors"), lambda row: row.basis)

    @cached_property
    def correction_factors(self) -> Mapping[int, CorrectionFactor]:
        return {row.year: row for row in self._table(CorrectionFactor, "correction_factors", assumed=False)}

    @cached_property
    def prices(self) -> Mapping[str, Price]:
        return {row.period: row for row in self._table(Price, "prices")}

    @cached_property
    def downstream(self) -> Mapping[str, Proposed]:
        """The proposal COM(2025) 989, by code."""
        return {row.cn_code: row for row in self._table(Proposed, "downstream")}

    @cached_property
    def replaced_codes(self) -> Mapping[str, tuple[ReplacedCode, ...]]:
        return _grouped(self._table(ReplacedCode, "replaced_codes"), lambda row: row.cn_code)

    @cached_property
    def taric_codes(self) -> Mapping[str, TaricCode]:
        return {row.taric: row for row in self._table(TaricCode, "taric_codes")}


def _grouped(rows: Iterable[T], key: Callable[[T], Any]) -> dict[Any, tuple[T, ...]]:
    found: dict[Any, list[T]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return {name: tuple(part) for name, part in found.items()}


@cache
def _tables(imported: str) -> CbamTables:
    return CbamTables(folder("background_data") / "cbam", Path(imported) if imported else None)


def tables() -> CbamTables:
    """The tables, read once; default values come from the folder that ``LCAENGINE_CBAM_TABLES`` names, if it names one."""
    return _tables(settings.CBAM_TABLES.value())
