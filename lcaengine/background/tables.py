"""The background tables as rows that know where they stand (format: docs/background.md)."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from lcaengine.problems import Malformed, Problem

BUILDER_VERSION = "7"
TABLES = ("processes", "exchanges", "sources", "synonyms", "comparisons")
GLOBAL_TABLES = ("elementary_flows", "characterization_factors", "indicators", "sources", "ranges")


@dataclass(frozen=True)
class Row(Mapping[str, str]):
    """One row of a table; ``where`` is ``energy/processes.csv, line 3``."""

    values_by_column: Mapping[str, str]
    file: str
    line: int

    def __getitem__(self, column: str) -> str:
        return self.values_by_column[column]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_by_column)

    def __len__(self) -> int:
        return len(self.values_by_column)

    def number(self, column: str) -> float:
        """The number in a column, 0 where it is empty; raises `Malformed`."""
        try:
            return float(self[column] or 0.0)
        except ValueError as error:
            raise Malformed(Problem("not_a_number", self.at(column), {"value": self[column]})) from error

    def at(self, column: str = "") -> str:
        return f"{self.file}, line {self.line}" + (f", column {column}" if column else "")


@dataclass(frozen=True)
class Tables:
    """All tables of a release, as read."""

    folder: Path
    release: Mapping[str, Any]
    processes: tuple[Row, ...]
    exchanges: tuple[Row, ...]
    sources: tuple[Row, ...]
    synonyms: tuple[Row, ...]
    comparisons: tuple[Row, ...]
    elementary_flows: tuple[Row, ...]
    characterization_factors: tuple[Row, ...]
    indicators: tuple[Row, ...]
    ranges: tuple[Row, ...] = ()

    @cached_property
    def process(self) -> Mapping[str, Row]:
        return {row["code"]: row for row in self.processes}

    @cached_property
    def flow(self) -> Mapping[str, Row]:
        return {row["key"]: row for row in self.elementary_flows}


def read_tables(folder: Path) -> Tables:
    """Read every table below a folder; raises `Malformed` for a file that is no table."""
    rows: dict[str, list[Row]] = {name: [] for name in {*TABLES, *GLOBAL_TABLES}}
    for path in table_files(folder):
        rows[path.stem].extend(_rows(path, folder))
    release = yaml.safe_load((folder / "release.yaml").read_text(encoding="utf-8"))
    return Tables(folder=folder, release=release, **{k: tuple(v) for k, v in rows.items()})


def table_files(folder: Path) -> list[Path]:
    """The CSV files of a release, in a fixed order."""
    known = {f"{name}.csv" for name in {*TABLES, *GLOBAL_TABLES}}
    return sorted(p for p in folder.rglob("*.csv") if p.name in known)


def release_id(folder: Path) -> str:
    """SHA-256 of the canonical tables, the GWP set (it is one of them) and the builder's version."""
    digest = hashlib.sha256(f"lcaengine builder {BUILDER_VERSION}\n".encode())
    for path in [*table_files(folder), folder / "release.yaml"]:
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0")
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _rows(path: Path, folder: Path) -> Iterator[Row]:
    name = path.relative_to(folder).as_posix()
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            for row in reader:
                if None in row or None in row.values():
                    raise Malformed(Problem("wrong_column_count", f"{name}, line {reader.line_num}"))
                yield Row({k: v.strip() for k, v in row.items()}, name, reader.line_num)
    except (UnicodeDecodeError, csv.Error) as error:
        raise Malformed(Problem("unreadable_table", name, {"why": str(error)})) from error
