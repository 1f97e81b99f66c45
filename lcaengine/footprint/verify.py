"""The proof: the same system solved in full with bw2calc, indicator by indicator, and the differences.

The foreground becomes a float64 datapackage beside the release's own; bw2calc solves all processes together, without
score vectors. This is the one place above the background that imports Brightway.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from lcaengine.footprint.link import System
from lcaengine.footprint.solve import Footprint

FOREGROUND_ID = 2_000_000_000  # above the ids of the release
ROUNDING = 1e-6  # of the largest result: a gas of 1e-15 of it is the error of a sum
AGREEMENT = 1e-9


@dataclass(frozen=True)
class Difference:
    """One indicator: ours by block elimination, Brightway's by a full solve.

    ``scale``: the gross result, below whose rounding error an indicator is zero.
    """

    indicator: str
    ours: float
    brightway: float
    scale: float = 0.0

    @property
    def relative(self) -> float:
        size = max(abs(self.brightway), abs(self.ours), ROUNDING * self.scale, 1e-300)
        return abs(self.ours - self.brightway) / size


def verify(footprint: Footprint) -> list[Difference]:
    """Every indicator, and the headline by gas, against a full bw2calc LCA of the combined datapackages."""
    import bw2calc as bc

    s = footprint.system
    folder = s.release.path / "datapackages"
    ids = json.loads((s.release.path / "release.json").read_text(encoding="utf-8"))["ids"]
    packages = [str(folder / "background"), foreground_package(s, ids)]
    lca = bc.LCA({FOREGROUND_ID + s.final: float(s.demand[s.final])}, data_objs=packages)
    lca.lci()
    emitted = np.asarray(lca.inventory.sum(axis=1)).ravel()
    by_flow = {flow: emitted[lca.dicts.biosphere[i]] for flow, i in zip(s.release.flows, ids["flows"], strict=True)
               if i in lca.dicts.biosphere}  # fmt: skip
    found = []
    for indicator in s.release.indicators:
        full = bc.LCA(lca.demand, data_objs=[*packages, str(folder / indicator["id"])])
        full.lci()
        full.lcia()
        found.append(_difference(footprint, indicator["id"], float(full.score)))
    for gas in s.release.gases:
        column = s.release.column_index[f"gas:{gas}"]
        factors = {flow: s.release.flow_scores[i, column] for i, flow in enumerate(s.release.flows)}
        found.append(_difference(footprint, f"gas:{gas}", float(sum(by_flow[f] * factors[f] for f in by_flow))))
    return found


def _difference(footprint: Footprint, column: str, brightway: float) -> Difference:
    ours = float(footprint.total[footprint.system.release.column_index[column]])
    return Difference(column, ours, brightway, float(np.abs(footprint.total).max()))


def foreground_package(s: System, ids: dict[str, list[int]]) -> Any:
    """The foreground as an in-memory datapackage: technosphere (own and bought products) and biosphere."""
    import bw_processing as bwp

    package = bwp.create_datapackage(sum_intra_duplicates=True)
    products, flows = np.array(ids["products"]), np.array(ids["flows"])
    bought = s.product >= 0
    rows = np.concatenate([FOREGROUND_ID + s.M_rows, products[s.product[bought]]])
    columns = np.concatenate([FOREGROUND_ID + s.M_columns, FOREGROUND_ID + s.process[bought]])
    values = np.concatenate([s.M_values, -s.amount[bought]])
    _add(package, "technosphere_matrix", rows, columns, values)
    emitted = s.flow >= 0
    if emitted.any():
        _add(
            package,
            "biosphere_matrix",
            flows[s.flow[emitted]],
            FOREGROUND_ID + s.process[emitted],
            s.amount[emitted],
        )
    return package


def _add(package: Any, matrix: str, rows: Any, columns: Any, values: Any) -> None:
    import bw_processing as bwp

    indices = np.empty(len(values), dtype=bwp.INDICES_DTYPE)
    indices["row"], indices["col"] = rows, columns
    package.add_persistent_vector(
        matrix=matrix,
        name=f"foreground_{matrix}",
        indices_array=indices,
        data_array=np.asarray(values, dtype=float),
    )
