"""Products of a release beside published factors of others: ratios, and whether a comparison is independent.

A comparison is independent if less than a tenth of our score passes through figures of the same source: the same solve as for
data quality, with the entries of that source marked (`lcaengine.background.system.part_through`). The large databases are
cited under several ids (a catalogue, a listing, single data sets): they count as one source each. An estimate that names one
of them in its note counts as a figure of it, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lcaengine import units
from lcaengine.background.model import build_model
from lcaengine.background.system import Array, System, marked, part_through
from lcaengine.background.tables import Row, Tables

DOMINANT = 0.1
USUAL = (0.7, 1.4)
PREFIX = "kg CO2e/"
DATABASES = ("cpcd", "uslci", "tiangong", "ice", "mee", "ember", "ipcc")


@dataclass(frozen=True)
class Comparison:
    """Our score of a product beside a published one, both per unit of the product."""

    row: Row
    ours: float
    published: float
    from_same_source: float

    @property
    def ratio(self) -> float:
        return self.ours / self.published

    @property
    def independent(self) -> bool:
        return self.from_same_source < DOMINANT

    @property
    def usual(self) -> bool:
        return USUAL[0] <= self.ratio <= USUAL[1]

    def as_dict(self) -> dict[str, Any]:
        kept = ("process", "boundary", "source", "read_in", "locator", "year", "geography", "note", "reason")
        return {
            **{key: self.row[key] for key in kept},
            "ours": self.ours, "published": self.published, "ratio": self.ratio, "independent": self.independent,
            "from_same_source": self.from_same_source,
        }  # fmt: skip


def compare(tables: Tables, system: System, scores: Array) -> list[Comparison]:
    """Every row of the comparison tables; ``scores`` as `lcaengine.background.system.score_vectors` gives them."""
    index = {code: i for i, code in enumerate(system.codes)}
    through = _through_sources(tables, system, scores, sorted({family(row["source"]) for row in tables.comparisons}))
    found = []
    for row in tables.comparisons:
        product, process = index[row["process"]], tables.process[row["process"]]
        sign = -1.0 if process.number("production_amount") < 0 else 1.0
        ours = sign * float(scores[product, 0])
        published = row.number("value") * units.factor(process["unit"], row["unit"].removeprefix(PREFIX))
        part = sign * float(through[family(row["source"])][product]) / ours if ours else 0.0
        found.append(Comparison(row, ours, published, part))
    return found


def family(source: str) -> str:
    """The database that a source id belongs to, else the id itself."""
    return next((name for name in DATABASES if name in source.split("-")), source)


def _families(row: Row) -> set[str]:
    """The sources that a figure rests on: its own, and databases that the note of an estimate names."""
    named = set(re.findall(r"[a-z]+", row["note"].lower())) & set(DATABASES) if row["status"] == "estimate" else set()
    return {family(row["source"]), *named}


def _through_sources(tables: Tables, system: System, scores: Array, sources: Sequence[str]) -> dict[str, Array]:
    """For each source, the part of every product's score that passes through a figure of it."""
    n, m = len(system.codes), len(system.flows)
    found = {}
    for source in sources:
        model = build_model(tables, lambda row, *_, source=source: int(source in _families(row)))
        E_A, E_B = marked(model.technosphere, (n, n), 1), marked(model.biosphere, (m, n), 1)
        found[source] = part_through(system, scores, E_A, E_B) if E_A.nnz or E_B.nnz else np.zeros(n)
    return found
