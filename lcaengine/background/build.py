"""Building a release: tables → Brightway database → bw2calc matrices → score vectors, mapped arrays, catalogue.

Run as a program (``python -m lcaengine.background.build TABLES OUT``) in a private Brightway directory; see
`lcaengine.background.store`. The database is written with ``Database.write`` for those who want to explore it in
Brightway; that stores float32, so what is calculated with comes from float64 datapackages written with bw_processing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix

from lcaengine.background import linear
from lcaengine.background.catalogue import write_catalogue
from lcaengine.background.checks import check_tables
from lcaengine.background.model import Model, build_model
from lcaengine.background.quality import STATUSES
from lcaengine.background.system import System, characterization, gases, marked_parts, score_vectors, system_of
from lcaengine.background.tables import BUILDER_VERSION, Row, Tables, read_tables, release_id
from lcaengine.background.validation import compare
from lcaengine.problems import Problem, Refused

DATABASE = "lcaengine"
AGREEMENT = 1e-9

Array = NDArray[np.float64]


def build(tables_folder: Path, out: Path) -> None:
    """Build the release of a folder of tables into an empty folder; raises `Refused` with the tables' problems."""
    tables = read_tables(tables_folder)
    if problems := check_tables(tables):
        raise Refused(problems)
    model = build_model(tables)
    ids = _write_brightway(tables, model)
    _write_datapackages(tables, model, ids, out / "datapackages")
    A, B = _matrices(model, ids, out / "datapackages")
    system = system_of(tables, model, A, B)
    scores = score_vectors(system.A, system.B, system.C)
    rows = [_catalogue_row(tables.process[code]) for code in model.codes]
    synonyms: dict[str, list[Mapping[str, str]]] = {}
    for row in tables.synonyms:
        synonyms.setdefault(row["process"], []).append(row)
    write_catalogue(
        out / "catalogue.sqlite", rows, synonyms, exchanges=[dict(row) for row in tables.exchanges],
        sources=[dict(row) for row in tables.sources],
        comparisons=[comparison.as_dict() for comparison in compare(tables, system, scores)],
    )  # fmt: skip
    meta = {
        "id": release_id(tables_folder),
        "builder": BUILDER_VERSION,
        **{k: tables.release[k] for k in ("name", "version", "year", "gwp_set")},
        "indicators": [_indicator(row) for row in tables.indicators],
        "gases": list(gases(tables)),
        "ids": {"products": [ids[code] for code in model.codes], "flows": [ids[key] for key in model.flows]},
    }
    write_arrays(out, system, rows, meta, scores)


def write_arrays(
    out: Path,
    system: System,
    rows: Sequence[Mapping[str, Any]],
    meta: Mapping[str, Any],
    scores: Array | None = None,
) -> None:
    """Solve for the score vectors and write every array and ``release.json`` (last: it marks a finished release)."""
    scores = score_vectors(system.A, system.B, system.C) if scores is None else scores
    check_agreement(system, scores)
    unit_list = sorted({row["unit"] for row in rows})
    locations = sorted({row["location"] for row in rows})
    reference = np.argsort(system.producer)
    arrays: dict[str, Any] = {
        "scores": scores,
        "quality": marked_parts(system, scores),
        "direct": np.ascontiguousarray(system.B.T @ system.C),
        "flow_scores": system.C,
        "producer": system.producer.astype(np.int32),
        "reference": reference.astype(np.int32),
        "production": csc_matrix(system.A)[np.arange(len(system.codes)), system.producer].A1,
        "properties": np.array(
            [[float(r.get(k) or 0) for k in ("mass_kg", "fossil_carbon_kg", "biogenic_carbon_kg")] for r in rows]
        ),
        "unit_code": np.array([unit_list.index(r["unit"]) for r in rows], dtype=np.int16),
        "location_code": np.array([locations.index(r["location"]) for r in rows], dtype=np.int16),
        "status_code": np.array([STATUSES.index(r["status"]) for r in rows], dtype=np.int8),
    }
    for name, matrix in (("technosphere", csc_matrix(system.A)), ("biosphere", csc_matrix(system.B))):
        matrix.sort_indices()
        arrays |= {
            f"{name}_data": matrix.data,
            f"{name}_indices": matrix.indices.astype(np.int32),
            f"{name}_indptr": matrix.indptr.astype(np.int32),
        }
    for name, array in arrays.items():
        np.save(out / f"{name}.npy", array)
    (out / "codes.json").write_text(json.dumps(list(system.codes), ensure_ascii=False), encoding="utf-8")
    about = {
        **meta,
        "columns": list(system.columns),
        "flows": list(system.flows),
        "units": unit_list,
        "locations": locations,
        "rows": {"technosphere": system.A.shape[0], "biosphere": system.B.shape[0]},
    }
    (out / "release.json").write_text(json.dumps(about, ensure_ascii=False, indent=1), encoding="utf-8")


def check_agreement(system: System, scores: Array, samples: int = 5) -> None:
    """Forward and adjoint must agree: fᵀ Y = Cᵀ B s with A s = f, for a few random demands; raises `Refused`."""
    rng = np.random.default_rng(0)
    demand = rng.random((len(system.codes), samples))
    supply = linear.solve(csc_matrix(system.A), demand).x
    forward, adjoint = system.C.T @ (system.B @ supply), scores.T @ demand
    gap = float(np.abs(forward - adjoint).max() / max(np.abs(forward).max(), 1e-300))
    if gap > AGREEMENT:
        raise Refused(Problem("forward_adjoint_differ", values={"gap": gap}))


def _write_brightway(tables: Tables, model: Model) -> dict[str, int]:
    """The release as a Brightway database over bw2io's biosphere; returns node ids by code or flow key."""
    import bw2data as bd
    import bw2io as bi

    bd.projects.set_current(DATABASE)
    bi.create_default_biosphere3()
    missing = []
    for row in tables.elementary_flows:
        if row["bw2io_code"].startswith("lcaengine-"):
            bd.Database("biosphere3").new_node(
                code=row["bw2io_code"],
                name=row["name_en"],
                unit="kilogram",
                type="emission",
                categories=("air",),
            ).save()
    nodes = {node["code"]: node.id for node in bd.Database("biosphere3")}
    for row in tables.elementary_flows:
        if row["bw2io_code"] not in nodes:
            missing.append(Problem("unlinked", row.at("bw2io_code"), {"target": row["bw2io_code"]}))
    if missing:
        raise Refused(missing)
    bd.Database(DATABASE).write(_brightway_data(tables, model), process=False)
    ids = {key: nodes[row["bw2io_code"]] for key, row in tables.flow.items()}
    return ids | {node["code"]: node.id for node in bd.Database(DATABASE)}


def _brightway_data(tables: Tables, model: Model) -> dict[tuple[str, str], dict[str, Any]]:
    data: dict[tuple[str, str], dict[str, Any]] = {}
    for code in model.codes:
        row = tables.process[code]
        data[DATABASE, code] = {
            "name": row["name_en"], "name_zh": row["name_zh"], "reference product": row["name_en"], "unit": row["unit"],
            "location": row["location"], "comment": row["note"], "exchanges": [],
        }  # fmt: skip
    for i, j, value in zip(model.technosphere.rows, model.technosphere.columns, model.technosphere.values, strict=True):
        kind, amount = ("production", value) if i == j else ("technosphere", -value)
        data[DATABASE, model.codes[j]]["exchanges"].append(
            {"input": (DATABASE, model.codes[i]), "amount": amount, "type": kind}
        )
    for i, j, value in zip(model.biosphere.rows, model.biosphere.columns, model.biosphere.values, strict=True):
        flow = ("biosphere3", tables.flow[model.flows[i]]["bw2io_code"])
        data[DATABASE, model.codes[j]]["exchanges"].append({"input": flow, "amount": value, "type": "biosphere"})
    return data


def _write_datapackages(tables: Tables, model: Model, ids: Mapping[str, int], folder: Path) -> None:
    """float64 datapackages: ``background`` (technosphere, biosphere) and one per indicator."""
    products = np.array([ids[code] for code in model.codes])
    flows = np.array([ids[key] for key in model.flows])
    A, B = model.technosphere, model.biosphere
    write_datapackage(
        folder / "background",
        technosphere_matrix=(products[A.rows], products[A.columns], np.array(A.values)),
        biosphere_matrix=(flows[B.rows], products[B.columns], np.array(B.values)),
    )
    C = characterization(tables)
    for j, row in enumerate(tables.indicators):
        used = np.flatnonzero(C[:, j])
        write_datapackage(
            folder / row["id"],
            characterization_matrix=(flows[used], np.zeros(len(used), dtype=int), C[used, j]),
        )


def write_datapackage(path: Path, **matrices: tuple[Any, Any, Array]) -> None:
    """Write matrices (row ids, column ids, float64 values) as a Brightway datapackage in a folder."""
    import bw_processing as bwp
    from bw_processing.io_helpers import generic_directory_filesystem

    path.mkdir(parents=True)
    package = bwp.create_datapackage(
        fs=generic_directory_filesystem(dirpath=path), name=path.name, sum_intra_duplicates=True
    )
    for matrix, (rows, columns, values) in matrices.items():
        indices = np.empty(len(values), dtype=bwp.INDICES_DTYPE)
        indices["row"], indices["col"] = rows, columns
        extra = {"global_index": 0} if matrix == "characterization_matrix" else {}
        package.add_persistent_vector(
            matrix=matrix,
            name=matrix,
            indices_array=indices,
            data_array=np.asarray(values, dtype=float),
            **extra,
        )
    package.finalize_serialization()


def _matrices(model: Model, ids: Mapping[str, int], folder: Path) -> tuple[Any, Any]:
    """A and B as bw2calc builds them, rows and columns in the order of the model."""
    import bw2calc as bc

    lca = bc.LCA({ids[model.codes[0]]: 1.0}, data_objs=[str(folder / "background")])
    lca.load_lci_data()
    products = [lca.dicts.product[ids[code]] for code in model.codes]
    processes = [lca.dicts.activity[ids[code]] for code in model.codes]
    A = csc_matrix(lca.technosphere_matrix)[products][:, processes]
    present = [i for i, key in enumerate(model.flows) if ids[key] in lca.dicts.biosphere]
    flows = [lca.dicts.biosphere[ids[model.flows[i]]] for i in present]
    place = csc_matrix((np.ones(len(present)), (present, range(len(present)))), shape=(len(model.flows), len(present)))
    return A, csc_matrix(place @ csc_matrix(lca.biosphere_matrix)[flows][:, processes])


def _catalogue_row(row: Row) -> dict[str, Any]:
    sector = Path(row.file).parent.name
    return {"sector": sector} | {key: row[key] for key in (
        "code", "name_zh", "name_en", "unit", "location", "year_start", "year_end", "status", "tags", "cas",
        "hs_code", "cpc_code", "mass_kg", "fossil_carbon_kg", "biogenic_carbon_kg", "note",
    )}  # fmt: skip


def _indicator(row: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "name": {"zh": row["name_zh"], "en": row["name_en"]},
        "unit": row["unit"],
        "kind": row["kind"],
        "sum_of": [part for part in row["sum_of"].split(";") if part],
    }


if __name__ == "__main__":
    try:
        build(Path(sys.argv[1]), Path(sys.argv[2]))
    except Refused as refused:
        for problem in refused.problems:
            print(f"{problem.where}: {problem.message()} {problem.next_action()}", file=sys.stderr)
        sys.exit(1)
