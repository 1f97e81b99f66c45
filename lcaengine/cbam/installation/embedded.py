"""Specific embedded emissions as one linear system: IR (EU) 2025/2547 Annex III, equations (57) to (66).

``see = (I − S)⁻¹ · ae``: a process makes its activity level, takes goods of other processes and purchased precursors, and
carries its attributed emissions. Chains and loops are the same thing. The matrices are bw2calc's; one adjoint solve
``Aᵀ y = Bᵀ`` gives every product's figure for every row of B, for any number of installations at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.background.linear import solve
from lcaengine.cbam.installation.attribution import Attribution
from lcaengine.cbam.installation.model import Installation, Process
from lcaengine.cbam.installation.precursors import Valued
from lcaengine.cbam.tables import tables

Array = NDArray[np.float64]
Indices = NDArray[np.int64]
ROWS = (
    "given_direct", "given_indirect", "given_default_direct",
    "indicative_direct", "indicative_indirect", "indicative_default",
    "declarable_direct", "declarable_indirect", "declarable_default", "undeclarable",
)  # fmt: skip
FLOW_ID = 10**9


@dataclass(frozen=True)
class System:
    """Technosphere (rows, columns, values; n products) and emissions (n × rows), t CO2e per period; precursors per tonne."""

    rows: Indices
    columns: Indices
    values: Array
    emissions: Array


@dataclass(frozen=True)
class Embedded:
    """Figures of every product of a system, per functional unit (processes) or tonne (precursors): n × ROWS."""

    values: Array

    def of(self, index: int) -> dict[str, float]:
        return dict(zip(ROWS, map(float, self.values[index]), strict=True))


def system_of(installation: Installation, attribution: Attribution, precursors: Sequence[Valued]) -> System:
    """The system of one installation: its processes first, then its precursors."""
    index = {p.id: i for i, p in enumerate(installation.processes)}
    n = len(index)
    rows, columns, values = list(range(n)), list(range(n)), [p.activity_level for p in installation.processes]

    def takes(row: int, process: str, amount: float) -> None:
        rows.append(row)
        columns.append(index[process])
        values.append(-amount * installation.processes[index[process]].molar_share)

    for p in installation.processes:
        for taker, tonnes in p.to_processes.items():
            takes(index[p.id], taker, tonnes * p.content)
    for i, v in enumerate(precursors, start=n):
        rows.append(i)
        columns.append(i)
        values.append(1.0)
        for taker, tonnes in v.precursor.consumed.items():
            takes(i, taker, tonnes)
    evidenced = electricity_evidenced(installation, attribution)
    emissions = [_process_rows(a.process, a.direct, a.indirect, evidenced) for a in attribution.processes]
    emissions += [_precursor_rows(v) for v in precursors]
    return System(
        np.array(rows, dtype=np.int64),
        np.array(columns, dtype=np.int64),
        np.array(values, dtype=float),
        np.array(emissions, dtype=float),
    )


def _process_rows(process: Process, direct: float, indirect: float, evidenced: bool) -> list[float]:
    """Attributed emissions; indirect ones are in scope only outside Annex II, and declared only with evidence."""
    in_scope = not tables().categories[process.category].annex_ii
    counted = indirect if in_scope else 0.0
    undeclarable = float(in_scope and not evidenced and bool(process.electricity))
    return [direct, indirect, 0.0, direct, counted, 0.0, direct, counted, 0.0, undeclarable]


def electricity_evidenced(installation: Installation, attribution: Attribution) -> bool:
    """Whether every electricity factor is the act's default, of an own unit, or an actual one with evidence (Art. 8, 11(3))."""
    flows = [f for p in installation.processes for f in p.electricity]
    return all(f.other in attribution.supplies or f.source == "grid_default" or bool(f.evidence) for f in flows)


def _precursor_rows(v: Valued) -> list[float]:
    declared = v.declarable
    return [
        v.given.direct, v.given.indirect, v.given_default_direct,
        v.indicative.direct, v.indicative.indirect, v.indicative.default,
        *((declared.direct, declared.indirect, declared.default) if declared else (0.0, 0.0, 0.0)), float(declared is None),
    ]  # fmt: skip


def solve_systems(systems: Sequence[System]) -> list[Embedded]:
    """Solve any number of systems as one block-diagonal matrix; raises `NoSolution` where a loop makes no more than it needs."""
    sizes = [len(s.emissions) for s in systems]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    joined = System(
        np.concatenate([s.rows + o for s, o in zip(systems, offsets, strict=False)]),
        np.concatenate([s.columns + o for s, o in zip(systems, offsets, strict=False)]),
        np.concatenate([s.values for s in systems]),
        np.vstack([s.emissions for s in systems]),
    )
    A, B = matrices(joined)
    figures = solve(A.T.tocsc(), B.T).x
    return [Embedded(figures[a:b]) for a, b in pairwise(offsets)]


def matrices(system: System) -> tuple[Any, Array]:
    """bw2calc's technosphere matrix (products × processes) and the emissions (rows × processes), in the system's order."""
    lca = brightway(system)
    product, process, flow = (getattr(lca.dicts, name) for name in ("product", "activity", "biosphere"))
    n = len(system.emissions)
    order_p, order_a = [product[i + 1] for i in range(n)], [process[i + 1] for i in range(n)]
    order_f = [flow[FLOW_ID + j] for j in range(len(ROWS))]
    A = lca.technosphere_matrix.tocsr()[order_p][:, order_a]
    return A, np.asarray(lca.biosphere_matrix.tocsr()[order_f][:, order_a].todense())


def brightway(system: System, product: int = 0) -> Any:
    """A bw2calc LCA of the system, loaded, with a demand of one unit of a product."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # recommends pypardiso (docs/design.md, decision 1)
        import bw2calc as bc
        import bw_processing as bwp

    package = bwp.create_datapackage(sum_intra_duplicates=True)
    _add(package, "technosphere_matrix", system.rows + 1, system.columns + 1, system.values, bwp)
    process, row = np.indices(system.emissions.shape, dtype=np.int64)
    _add(package, "biosphere_matrix", FLOW_ID + row.ravel(), process.ravel() + 1, system.emissions.ravel(), bwp)
    lca = bc.LCA({product + 1: 1.0}, data_objs=[package])
    lca.load_lci_data()
    return lca


def _add(package: Any, matrix: str, rows: Indices, columns: Indices, values: Array, bwp: Any) -> None:
    indices = np.empty(len(values), dtype=bwp.INDICES_DTYPE)
    indices["row"], indices["col"] = rows, columns
    package.add_persistent_vector(matrix=matrix, name=matrix, indices_array=indices, data_array=values)
