"""Small systems and tables that the background tests share."""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import bw2calc as bc
import bw_processing as bwp
import numpy as np
import yaml
from scipy.sparse import csc_matrix

from lcaengine.background.build import write_arrays
from lcaengine.background.release import Release, load_release
from lcaengine.background.system import System
from lcaengine.data import folder as data_folder

PROJECT = Path(__file__).parent.parent


def system_of(
    A: Any,
    B: Any,
    C: Any,
    columns: Sequence[str] = ("score",),
    *,
    producer: Sequence[int] | None = None,
    marked: Mapping[str, tuple[Any, Any]] | None = None,
) -> System:
    """A `System` from dense matrices: A (products × processes), B (flows × processes), C (flows × columns)."""
    A, B, C = (np.atleast_2d(np.asarray(m, dtype=float)) for m in (A, B, C))
    return System(
        codes=[f"p{i}" for i in range(A.shape[0])],
        flows=[f"f{i}" for i in range(B.shape[0])],
        columns=list(columns),
        A=csc_matrix(A),
        B=csc_matrix(B),
        C=C,
        marked={mark: (csc_matrix(E_A), csc_matrix(E_B)) for mark, (E_A, E_B) in (marked or {}).items()},
        producer=np.arange(A.shape[0]) if producer is None else np.asarray(producer),
    )


def release_of(system: System, folder: Path) -> Release:
    """The system written to disk and mapped again."""
    rows = [{"unit": "kg", "status": "published", "location": "CN", "mass_kg": 1} for _ in system.codes]
    meta = {
        "id": "test",
        "name": "test",
        "version": "1",
        "year": 2026,
        "gwp_set": "none",
        "indicators": [],
        "gases": [],
    }
    write_arrays(folder, system, rows, meta)
    return load_release(folder)


def brightway_scores(A: Any, B: Any, C: Any) -> np.ndarray:
    """Score of one unit of every product, each by a full solve of bw2calc with a datapackage of its own."""
    A, B, C = (np.asarray(m, dtype=float) for m in (A, B, C))
    products, processes, flows = (np.arange(n) + start for n, start in ((len(A), 100), (len(A), 200), (len(B), 300)))
    scores = np.zeros((len(A), C.shape[1]))
    for k in range(C.shape[1]):
        package = bwp.create_datapackage(name="full")
        _add(package, "technosphere_matrix", products, processes, A)
        _add(package, "biosphere_matrix", flows, processes, B)
        _add(package, "characterization_matrix", flows, np.array([0]), C[:, [k]], global_index=0)
        lca = bc.LCA({int(products[0]): 1.0}, data_objs=[package])
        lca.lci()
        lca.lcia()
        for i, product in enumerate(products):
            lca.lcia({int(product): 1.0}) if i else None
            scores[i, k] = lca.score
    return scores


def _add(package: Any, matrix: str, rows: np.ndarray, columns: np.ndarray, values: np.ndarray, **extra: Any) -> None:
    i, j = np.nonzero(values)
    indices = np.empty(len(i), dtype=bwp.INDICES_DTYPE)
    indices["row"], indices["col"] = rows[i], columns[j]
    package.add_persistent_vector(matrix=matrix, name=matrix, indices_array=indices, data_array=values[i, j], **extra)


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return start_python(code, **environment).finished()


class Running:
    """A Python program that runs at the same time as the test."""

    def __init__(self, code: str, environment: Mapping[str, str]) -> None:
        path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONPATH": path, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def finished(self) -> subprocess.CompletedProcess[str]:
        out, err = self._process.communicate(timeout=80)
        return subprocess.CompletedProcess([], self._process.returncode, out, err)


def start_python(code: str, **environment: str) -> Running:
    return Running(code, environment)


# -- a valid set of tables: grain → mill (flour, bran) → bread, power, burning of residue

_PROCESS = {
    "location": "CN",
    "year_start": "2020",
    "year_end": "2024",
    "allocation_key": "",
    "status": "published",
    "tags": "",
    "cas": "",
    "hs_code": "",
    "cpc_code": "",
    "mass_kg": "1",
    "fossil_carbon_kg": "0",
    "biogenic_carbon_kg": "0",
    "note": "",
    "unit": "kg",
    "production_amount": "1",
}
_EXCHANGE = {
    "unit": "kg",
    "formula": "",
    "source": "book",
    "read_in": "book",
    "locator": "p. 1",
    "year": "2020",
    "geography": "CN",
    "pedigree": "2;2;2;2;2",
    "basic_uncertainty": "1.05",
    "status": "published",
    "note": "",
}


def _process(code: str, zh: str, **other: str) -> dict[str, str]:
    return {"code": code, "name_zh": zh, "name_en": code.capitalize(), **_PROCESS, **other}


def _exchange(process: str, kind: str, target: str, amount: str, **other: str) -> dict[str, str]:
    return {"process": process, "kind": kind, "target": target, "amount": amount, **_EXCHANGE, **other}


def _derived(process: str, target: str, amount: str, formula: str) -> dict[str, str]:
    return _exchange(process, "biosphere", target, amount, formula=formula, status="derived")


TINY: dict[str, list[dict[str, str]]] = {
    "processes": [
        _process("grain", "小麦", biogenic_carbon_kg="0.4", status="derived"),
        _process("flour", "面粉", biogenic_carbon_kg="0.4", allocation_key="4"),
        _process("bran", "麸皮", biogenic_carbon_kg="0.4", allocation_key="1"),
        _process("power", "电力", unit="kWh", mass_kg=""),
        _process(
            "burning", "残渣焚烧", production_amount="-1", tags="treatment", biogenic_carbon_kg="0.4", status="derived"
        ),
        _process("bread", "面包", biogenic_carbon_kg="0.3", status="estimate", note="Balance: water is not counted."),
    ],
    "exchanges": [
        _derived("grain", "co2_uptake", "1.466667", "0.4*44/12"),
        _exchange("grain", "biosphere", "n2o", "1", unit="g"),
        _exchange("flour", "technosphere", "grain", "1.25"),
        _exchange("flour", "technosphere", "power", "0.1", unit="kWh"),
        _exchange("flour", "coproduct", "bran", "0.25"),
        _exchange("power", "biosphere", "co2_fossil", "0.5"),
        _exchange("power", "biosphere", "ch4_fossil", "1", unit="g"),
        _derived("burning", "co2_biogenic", "1.466667", "0.4*44/12"),
        _exchange("burning", "technosphere", "power", "72", unit="kJ"),
        _exchange("bread", "technosphere", "flour", "800", unit="g"),
        _exchange(
            "bread", "technosphere", "burning", "-0.05", status="estimate", source="estimate", note="weighed by eye"
        ),
    ],
    "sources": [
        {
            "id": "book",
            "title": "A book",
            "publisher": "A press",
            "year": "2020",
            "geography": "CN",
            "licence": "cited",
            "attribution": "",
            "url_or_doi": "",
            "note": "",
        },
    ],
    "synonyms": [
        {"process": "flour", "language": "en", "name": "wheat flour"},
        {"process": "flour", "language": "zh", "name": "小麦粉"},
    ],
    "ranges": [
        {"kind": "mill", "unit": unit, "low": "-1", "high": "5", "reason": "a small set"} for unit in ("kg", "kWh")
    ],
}


def write_tiny_tables(folder: Path) -> Path:
    """The set above in ``folder/mill``, with the flows, factors, indicators and schemas of the embedded tables."""
    embedded = data_folder("background_data")
    shutil.copytree(embedded / "schema", folder / "schema")
    for name in (
        "release.yaml",
        "elementary_flows.csv",
        "characterization_factors.csv",
        "indicators.csv",
        "sources.csv",
    ):
        shutil.copy(embedded / name, folder / name)
    (folder / "mill").mkdir()
    for name, rows in TINY.items():
        fields = yaml.safe_load((folder / "schema" / f"{name}.yaml").read_text(encoding="utf-8"))["fields"]
        write_csv(folder / "mill" / f"{name}.csv", [{f["name"]: row[f["name"]] for f in fields} for row in rows])
    return folder


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write_csv(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
