"""A built background release: arrays mapped from disk, score vectors, catalogue. Loading it never imports Brightway."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.background import linear
from lcaengine.background.catalogue import Catalogue
from lcaengine.background.quality import MARKS, STATUSES
from lcaengine.background.store import built_release, release_folder
from lcaengine.problems import NotFound, Problem

Array = NDArray[np.float64]
Index = NDArray[np.int32]


@dataclass(frozen=True)
class Columns:
    """A sparse matrix by columns (CSC), each array mapped from disk."""

    data: Array
    indices: Index
    indptr: Index
    rows: int

    def column(self, j: int) -> tuple[Index, Array]:
        """Row indices and values of one column."""
        start, end = self.indptr[j], self.indptr[j + 1]
        return self.indices[start:end], self.data[start:end]

    def matrix(self) -> Any:
        """As a SciPy matrix (imports SciPy)."""
        from scipy.sparse import csc_matrix

        return csc_matrix((self.data, self.indices, self.indptr), shape=(self.rows, len(self.indptr) - 1))


@dataclass(frozen=True)
class Release:
    """A background release; n products and as many processes, m elementary flows, k score columns.

    scores (n, k)
        score of one unit of each product, cradle to gate; for a treatment (production −1) minus the score of treating one
        unit. Columns are the indicators, then the headline indicator by gas.
    quality (n, q)
        the part of the headline score of each product that passes through at least one figure with each mark of
        `lcaengine.background.quality`.
    direct (n, k)
        score of the emissions of one run of each process itself.
    flow_scores (m, k)
        characterization factors.
    production (n,)
        what one run of its producer makes of each product; negative for a treatment.
    properties (n, 3)
        mass, fossil carbon and biogenic carbon of one unit of each product, kg.
    producer, reference
        process that makes each product; product that each process makes.
    """

    id: str
    name: str
    version: str
    year: int
    gwp_set: str
    path: Path
    columns: tuple[str, ...]
    scores: Array
    quality: Array
    direct: Array
    flow_scores: Array
    technosphere: Columns
    biosphere: Columns
    producer: Index
    reference: Index
    production: Array
    properties: Array
    unit_code: NDArray[np.int16]
    status_code: NDArray[np.int8]
    location_code: NDArray[np.int16]
    units: tuple[str, ...]
    locations: tuple[str, ...]
    indicators: tuple[Mapping[str, Any], ...]
    gases: tuple[str, ...]
    flows: tuple[str, ...]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(json.loads((self.path / "codes.json").read_text(encoding="utf-8")))

    @cached_property
    def index(self) -> Mapping[str, int]:
        """Row of a product by its code."""
        return {code: i for i, code in enumerate(self.codes)}

    @cached_property
    def flow_index(self) -> Mapping[str, int]:
        return {key: i for i, key in enumerate(self.flows)}

    @cached_property
    def column_index(self) -> Mapping[str, int]:
        return {name: i for i, name in enumerate(self.columns)}

    @cached_property
    def product_units(self) -> tuple[str, ...]:
        return tuple(self.units[i] for i in self.unit_code.tolist())

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.path / "catalogue.sqlite")

    @cached_property
    def estimate(self) -> Array:
        """The part of each product's headline score that passes through at least one estimate, (n,)."""
        return self.quality[:, MARKS.index("estimate")]

    def find(self, code: str, where: str = "") -> int:
        """Row of a product; raises `NotFound` with the nearest names."""
        if code in self.index:
            return self.index[code]
        candidates = [hit.as_dict() for hit in self.catalogue.search(code.replace("-", " "), 5)]
        shown = [c["code"] for c in candidates]
        raise NotFound(
            Problem("unknown_process", where, {"process": code, "nearest": shown or ["–"], "candidates": candidates})
        )

    def unit(self, product: int) -> str:
        return self.product_units[product]

    def status(self, product: int) -> str:
        return STATUSES[int(self.status_code[product])]

    def location(self, product: int) -> str:
        return self.locations[int(self.location_code[product])]

    def biogenic_carbon(self, product: int) -> float:
        """kg biogenic carbon in one unit of a product."""
        return float(self.properties[product, 2])

    def supply(self, demand: Array) -> Array:
        """Runs of every process for a demand of products, (n,): A s = f. Solved on demand."""
        return linear.solve(self.technosphere.matrix(), demand).x

    def about(self) -> dict[str, Any]:
        return {"name": self.name, "version": self.version, "id": self.id, "gwp": self.gwp_set}


ARRAYS = (
    "scores", "quality", "direct", "flow_scores", "producer", "reference", "production", "properties", "unit_code",
    "status_code", "location_code",
)  # fmt: skip


def load_release(path: Path) -> Release:
    """Map a built release from its folder; raises `NotFound`, also for one that this program cannot read."""
    if not (path / "release.json").is_file():
        raise NotFound(Problem("no_release", values={"release": path.name[:16]}))
    try:
        return _mapped(path)
    except (KeyError, OSError, ValueError) as error:  # another builder wrote other files
        raise NotFound(Problem("release_unreadable", values={"release": path.name[:16]})) from error


def _mapped(path: Path) -> Release:
    meta = json.loads((path / "release.json").read_text(encoding="utf-8"))

    def mapped(name: str) -> Any:
        return np.load(path / f"{name}.npy", mmap_mode="r").view(np.ndarray)  # mapped, without memmap's slow indexing

    def columns(name: str) -> Columns:
        data, indices, indptr = (mapped(f"{name}_{part}") for part in ("data", "indices", "indptr"))
        return Columns(data, indices, indptr, meta["rows"][name])

    fields: dict[str, Any] = {name: mapped(name) for name in ARRAYS}
    fields |= {k: tuple(meta[k]) for k in ("columns", "units", "locations", "indicators", "gases", "flows")}
    fields |= {k: meta[k] for k in ("id", "name", "version", "year", "gwp_set")}
    return Release(path=path, technosphere=columns("technosphere"), biosphere=columns("biosphere"), **fields)


@lru_cache(maxsize=4)
def default_release() -> Release:
    """The embedded release, built on first use (a few seconds, once), then mapped."""
    return load_release(built_release())


def release_of(name: str) -> Release:
    """The release of a folder of tables (built if need be), or a built one by the beginning of its id; raises `NotFound`."""
    if os.path.isfile(os.path.join(name, "release.yaml")):  # unlike pathlib's, without an exception for odd names
        return load_release(built_release(Path(name)))
    built = release_folder("x").parent.glob(f"{name}*") if re.fullmatch(r"[0-9a-f]{6,64}", name) else ()
    found = [path for path in built if (path / "release.json").is_file()]
    if len(found) != 1:
        raise NotFound(Problem("no_release", values={"release": name}))
    return load_release(found[0])


@lru_cache(maxsize=4)
def release_by_id(identifier: str) -> Release:
    """A release that is built on this machine; raises `NotFound`, also for what is no id: nothing else becomes a path."""
    if not re.fullmatch(r"[0-9a-f]{64}", identifier):
        raise NotFound(Problem("no_release", values={"release": identifier[:16]}))
    return load_release(release_folder(identifier))
