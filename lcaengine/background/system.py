"""The linear system of a set of tables: A, B, C, and what is solved of them. No Brightway needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from lcaengine.background import linear
from lcaengine.background.model import Model, Triplets, build_model
from lcaengine.background.quality import BIT, MARKS
from lcaengine.background.tables import Tables

HEADLINE = "gwp100_excluding_biogenic_uptake"
Array = NDArray[np.float64]


@dataclass(frozen=True)
class System:
    """What a release is made of: A (products × processes), B (flows × processes), C (flows × score columns).

    marked: for each mark (`lcaengine.background.quality`) the entries of A and B that carry it.
    """

    codes: Sequence[str]
    flows: Sequence[str]
    columns: Sequence[str]
    A: Any
    B: Any
    C: Array
    marked: Mapping[str, tuple[Any, Any]]
    producer: NDArray[np.int64]


def system_of(tables: Tables, model: Model | None = None, A: Any = None, B: Any = None) -> System:
    """The system of checked tables; with ``A`` and ``B`` as another program assembled them."""
    model = model or build_model(tables)
    n, m = len(model.codes), len(model.flows)
    return System(
        codes=model.codes,
        flows=model.flows,
        columns=score_columns(tables),
        A=marked(model.technosphere, (n, n)) if A is None else A,
        B=marked(model.biosphere, (m, n)) if B is None else B,
        C=characterization(tables),
        marked={
            mark: (marked(model.technosphere, (n, n), bit), marked(model.biosphere, (m, n), bit))
            for mark, bit in BIT.items()
        },
        producer=np.arange(n),
    )


def score_vectors(A: Any, B: Any, C: Array) -> Array:
    """Score of one unit of every product, (n, k): Aᵀ Y = Bᵀ C (Heijungs & Suh 2002, ch. 3 and 6, adjoint form)."""
    return np.ascontiguousarray(linear.solve(csc_matrix(A).T, np.asarray(B.T @ C)).x)


def marked_parts(system: System, scores: Array) -> Array:
    """Part of each product's headline score that passes through an exchange with each mark, (n, len(MARKS))."""
    parts = np.zeros((len(system.codes), len(MARKS)))
    for j, mark in enumerate(MARKS):
        if mark in system.marked:
            parts[:, j] = part_through(system, scores, *system.marked[mark])
    return parts


def part_through(system: System, scores: Array, E_A: Any, E_B: Any) -> Array:
    """Part of each product's headline score that passes through at least one of some entries of A and B, (n,).

    Such an input passes on its whole score, any other input its own part: (A − E_A)ᵀ e = E_Bᵀ c − E_Aᵀ y.
    """
    headline = list(system.columns).index(HEADLINE) if HEADLINE in system.columns else 0
    burden = E_B.T @ system.C[:, headline] - E_A.T @ scores[:, headline]
    return linear.solve(csc_matrix(system.A - E_A).T, np.asarray(burden)).x


def score_columns(tables: Tables) -> tuple[str, ...]:
    return tuple([row["id"] for row in tables.indicators] + [f"gas:{gas}" for gas in gases(tables)])


def gases(tables: Tables) -> tuple[str, ...]:
    """Gases of the headline indicator, in the order of the flow table."""
    counted = {r["flow"] for r in tables.characterization_factors if r["indicator"] == HEADLINE}
    return tuple(dict.fromkeys(row["gas"] for row in tables.elementary_flows if row["key"] in counted))


def characterization(tables: Tables) -> Array:
    """C (flows × score columns): the indicators, then the headline indicator by gas."""
    columns = {name: i for i, name in enumerate(score_columns(tables))}
    flows = {row["key"]: i for i, row in enumerate(tables.elementary_flows)}
    C = np.zeros((len(flows), len(columns)))
    for row in tables.characterization_factors:
        C[flows[row["flow"]], columns[row["indicator"]]] = row.number("factor")
        if row["indicator"] == HEADLINE:
            C[flows[row["flow"]], columns["gas:" + tables.flow[row["flow"]]["gas"]]] = row.number("factor")
    return C


def marked(triplets: Triplets, shape: tuple[int, int], bit: int | None = None) -> Any:
    """A matrix, or only its entries that carry a mark."""
    values = np.array(triplets.values, dtype=float)
    if bit is not None:
        values = np.where(np.array(triplets.marks, dtype=np.int64) & bit, values, 0.0)
    matrix = csc_matrix((values, (triplets.rows, triplets.columns)), shape=shape)
    matrix.eliminate_zeros()
    return matrix
