"""What a part of a batch comes to: a row of results per bill, and what there is to say of it, as columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.lanes import Lanes
from lcaengine.problems import Language, Problem

if TYPE_CHECKING:
    import pyarrow as pa

Array = NDArray[np.float64]
Bills = NDArray[np.int64]

TEXTS = (
    "bom", "status", "product_id", "product", "category", "boundary", "declared_unit", "unit", "rule", "rule_version",
    "rule_sha256", "background_id", "engine_version", "warnings",
)  # fmt: skip
FIGURES = (
    "declared_amount", "total", "location_based", "market_based", "biogenic_carbon_kg", "primary_data_share",
    "default_share", "estimate_share", "unsplit_share", "pef_dqr", "technological_dqr", "geographical_dqr",
    "temporal_dqr", "warning_count",
)  # fmt: skip
ISSUE = (
    "bom", "row", "field", "code", "rule_id", "message_zh", "message_en", "next_action_zh", "next_action_en",
)  # fmt: skip
_PLACE = re.compile(r"row (\d+)(?:, column (.*))?", re.S)
_ROWS = re.compile(r"\brow (\d+)\b")


class Outcome:
    """Collects the results of b bills, in any order."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = np.array(names, dtype=object)
        self.texts = {name: np.full(len(names), None, dtype=object) for name in TEXTS}
        self.figures: dict[str, Array] = {name: np.full(len(names), np.nan) for name in FIGURES}
        self.texts["bom"][:] = self.names
        self.errors, self.warnings = Issues(), Issues()
        self.lines: list[dict[str, Any]] = []

    def write(self, bills: Bills, told: Mapping[str, str], figures: Mapping[str, Any]) -> None:
        """What holds for some bills: the same texts for all of them, figures (L,)."""
        for name, text in told.items():
            self.texts[name][bills] = text
        for name, values in figures.items():
            if name not in self.figures:
                self.figures[name] = np.full(len(self.names), np.nan)
            self.figures[name][bills] = values

    @property
    def refused(self) -> int:
        return int((self.texts["status"] == "error").sum())

    def overrule(self, bill: int, before: int, problem: Problem) -> None:
        """A bill that cannot be used after all: nothing is told of it but why."""
        name = self.names[bill]
        for issues in (self.errors, self.warnings):
            issues.drop({name})
        for piece in self.lines:
            _drop(piece, {name})
        for texts in self.texts.values():
            texts[bill] = None
        for figures in self.figures.values():
            figures[bill] = np.nan
        self.texts["bom"][bill], self.texts["status"][bill] = name, "error"
        self.errors.add([name], [before], problem)

    def without(self, bills: Sequence[int]) -> Outcome:
        """The same without some bills, which are told of elsewhere."""
        if bills:
            kept = np.delete(np.arange(len(self.names)), bills)
            gone = {self.names[bill] for bill in bills} - set(self.names[kept])
            self.names = self.names[kept]
            self.texts = {name: texts[kept] for name, texts in self.texts.items()}
            self.figures = {name: figures[kept] for name, figures in self.figures.items()}
            for issues in (self.errors, self.warnings):
                issues.drop(gone)
            for piece in self.lines:
                _drop(piece, gone)
        return self

    def tables(self, lines: bool) -> dict[str, pa.Table]:
        """All tables, in the order of the bills."""
        found = {"errors": self.errors.table(), "warnings": self.warnings.table()}
        if lines:
            found["lines"] = self.line_table()
        return {"results": self.results(), **{name: self._in_order(table) for name, table in found.items()}}

    def _in_order(self, table: pa.Table) -> pa.Table:
        place = {name: i for i, name in enumerate(self.names.tolist())}
        return table.take(np.argsort([place[name] for name in table.column("bom").to_pylist()], kind="stable"))

    def results(self) -> pa.Table:
        """One row per bill; a figure that a bill has not is missing."""
        import pyarrow as pa

        columns = {name: pa.array(values, pa.string()) for name, values in self.texts.items()}
        finite = {name: np.where(np.isfinite(values), values, np.nan) for name, values in self.figures.items()}
        columns |= {name: pa.array(values, pa.float64(), from_pandas=True) for name, values in finite.items()}
        return pa.table({**{name: columns[name] for name in (*TEXTS, *FIGURES)}, **columns})

    def line_table(self) -> pa.Table:
        """One row per bill, line and stage; together they are the total."""
        import pyarrow as pa

        kinds = {
            "bom": pa.string(),
            "line": pa.string(),
            "stage": pa.string(),
            "value": pa.float64(),
            "share": pa.float64(),
        }
        if not self.lines:
            return pa.schema(list(kinds.items())).empty_table()
        return pa.table({
            name: pa.concat_arrays([pa.array(piece[name], kind, from_pandas=True) for piece in self.lines])
            for name, kind in kinds.items()
        })  # fmt: skip


class Issues:
    """Errors or warnings, as columns."""

    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in ISSUE}

    def add(self, names: Sequence[str], rows: Sequence[int], problem: Problem, rule_id: str = "") -> None:
        """A problem of several bills: ``rows`` are the places of their first rows in the file, less one.

        A number in it that differs from bill to bill is a `Lanes` of as many.
        """
        relative = _PLACE.fullmatch(problem.where)
        own = int(relative[1]) if relative else None
        self._extend("bom", names)
        self._extend("row", [None if own is None else row + own - 1 for row in rows])
        self._repeat("field", (relative[2] or "") if relative else problem.where, len(names))
        self._repeat("code", problem.code, len(names))
        self._repeat("rule_id", rule_id, len(names))
        for column, key in (
            ("message_zh", "zh"),
            ("message_en", "en"),
            ("next_action_zh", "next_zh"),
            ("next_action_en", "next_en"),
        ):
            self._extend(column, _shown(problem, key, rows))

    def drop(self, names: set[str]) -> None:
        """Forget what is told of some bills."""
        _drop(self.columns, names)

    def _extend(self, name: str, values: Sequence[Any]) -> None:
        self.columns[name].extend(values)

    def _repeat(self, name: str, value: Any, times: int) -> None:
        self.columns[name].extend([value] * times)

    def table(self) -> pa.Table:
        import pyarrow as pa

        return pa.table({
            name: pa.array(values, pa.int64() if name == "row" else pa.string()) for name, values in self.columns.items()
        })  # fmt: skip


def _drop(columns: dict[str, Any], names: set[str]) -> None:
    kept = [i for i, name in enumerate(columns["bom"]) if name not in names]
    if len(kept) < len(columns["bom"]):
        for name, values in columns.items():
            columns[name] = [values[i] for i in kept]


def _shown(problem: Problem, key: str, rows: Sequence[int]) -> list[str]:
    """A problem's text for every bill: the places of rows and the numbers are each bill's own.

    The text is made once, with marks where the bills differ: a batch may have more warnings than bills.
    """
    language: Language = "zh" if key.endswith("zh") else "en"
    differing: dict[str, Sequence[str]] = {
        name: value.shown() for name, value in problem.values.items() if isinstance(value, Lanes)
    }
    first = problem.values.get("first")
    if isinstance(first, str) and (place := _PLACE.match(first)):
        differing["first"] = [f"row {row + int(place[1]) - 1}{first[place.end(1) :]}" for row in rows]
    marked = Problem(problem.code, "", {**problem.values, **{name: f"\0{name}\0" for name in differing}})
    text = marked.message(language) if key == language else marked.next_action(language)
    pieces = text.split("\0")
    if len(pieces) == 1:
        return [text] * len(rows)
    return ["".join(differing[p][i] if k % 2 else p for k, p in enumerate(pieces)) for i in range(len(rows))]
