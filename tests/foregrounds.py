"""Foregrounds that the tests of inventory, footprint, hotspots and tree share: a small beer, random systems, chains."""

from __future__ import annotations

import atexit
import copy
import gc
import shutil
import warnings
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import bw2calc as bc
import bw_processing as bwp
import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csc_matrix

from lcaengine.background.build import write_arrays, write_datapackage
from lcaengine.background.catalogue import write_catalogue
from lcaengine.background.release import Release, default_release, load_release
from lcaengine.background.system import System
from lcaengine.bom import bom_of, read_plant
from lcaengine.data import folder
from lcaengine.footprint import Footprint, calculate, link, solve
from lcaengine.inventory import Exchange, ForegroundProcess, Inventory, apply_rule
from lcaengine.rules import Rule, find_rule
from lcaengine.rules.schema import rule_of
from lcaengine.units import Quantity

Json = dict[str, Any]
GATE, GRAVE = "cradle_to_gate", "cradle_to_grave"

# -- a small beer

TINY: Json = {
    "product": {
        "id": "tiny",
        "name": "Tiny",
        "category": "beer",
        "declared_unit": {"amount": 1, "unit": "hl"},
        "pack": {"amount": 500, "unit": "ml"},
    },
    "site": {"country": "CN"},
    "basis": "declared_unit",
    "lines": [
        {"id": "malt", "amount": 15, "unit": "kg", "role": "malt", "transport": []},
        {
            "id": "bottle",
            "amount": 60,
            "unit": "kg",
            "role": "bottle_one_way",
            "transport": [],
            "recycled_content": 0.3,
        },
    ],
    "activities": {
        "electricity": [{"id": "power", "amount": 10, "unit": "kWh"}],
        "fuels": [{"id": "gas", "amount": 4, "unit": "m3", "fuel": "natural_gas"}],
        "water": [{"id": "water", "amount": 0.5, "unit": "m3"}],
        "wastewater": [{"id": "wastewater", "amount": 0.3, "unit": "m3"}],
    },
}


def tiny(*lines: Json, **sections: Any) -> Json:
    """The small beer, all of it per hectolitre. A line or activity of the same id is replaced, others are added."""
    document = copy.deepcopy(TINY)
    by_id = {line["id"]: line for line in document["lines"]} | {line["id"]: line for line in lines}
    document["lines"] = list(by_id.values())
    document["activities"] |= sections.pop("activities", {})
    return {**document, **sections}


def beer(document: Json, boundary: str | None = GATE) -> Inventory:
    """A document under the beer rule and the embedded release."""
    return apply_rule(bom_of(document), find_rule("beer"), default_release(), boundary)


def footprint(document: Json, boundary: str | None = GATE) -> Footprint:
    return calculate(bom_of(document), find_rule("beer"), default_release(), boundary)


def exchanges(inventory: Inventory, **wanted: Any) -> list[Exchange]:
    """The exchanges whose fields have these values."""
    return [e for e in inventory.exchanges if all(getattr(e, key) == value for key, value in wanted.items())]


def amounts(inventory: Inventory, **wanted: Any) -> dict[str, float]:
    """Amount of each target among the exchanges with these fields."""
    found: dict[str, float] = defaultdict(float)
    for e in exchanges(inventory, **wanted):
        found[e.target] += e.amount
    return dict(found)


@cache
def worked() -> Mapping[str, Json]:
    """Every worked inventory of beer, by product id."""
    found = {}
    for path in sorted((folder("inventories") / "beer").glob("*.json")):
        for document in read_plant(path.read_bytes()):
            found[document["product"]["id"]] = document
    return found


# -- a rule with nothing in it but stages

STAGES = ("first", "second", "third")
HEADLINE = "gwp100_excluding_biogenic_uptake"


@cache
def bare_rule() -> Rule:
    names = {"zh": "x", "en": "x"}
    objects = "boundaries inbound_modes sources parameters roles activities inbound end_of_life co_products"
    lists = "categories hs_codes also_per processes exchanges guardrails requirements"
    empty: Json = {key: {} for key in objects.split()} | {key: [] for key in lists.split()}
    texts = dict.fromkeys(
        ("id", "status", "default_boundary", "shared_allocation", "shared_rule_id", "end_of_life_process",
         "end_of_life_factor", "electricity_headline"), "x",
    )  # fmt: skip
    stages = [{"id": s, "name": names} for s in STAGES]
    document = {**empty, **texts, "version": "1.0.0", "indicator": HEADLINE, "title": names, "notice": names,
                "declared_unit": {"amount": 1, "unit": "kg"}, "stages": stages}  # fmt: skip
    return rule_of(document, "0" * 64)


def inventory_of(
    processes: Sequence[ForegroundProcess], found: Iterable[Exchange], *, demand: float = 1.0, final: str = "p0"
) -> Inventory:
    """A foreground by hand: no rule was applied."""
    bom = bom_of(copy.deepcopy(TINY))
    return Inventory(
        bom=bom, rule=bare_rule(), boundary="x", declared_unit=Quantity(demand, "kg"), processes=tuple(processes),
        exchanges=tuple(found), final=final, lines={}, assumptions=(), warnings=(),
    )  # fmt: skip


def process(name: str, amount: float = 1.0, stage: str = "first") -> ForegroundProcess:
    return ForegroundProcess(name, {"zh": name, "en": name}, stage, amount, "kg", None)


def exchange(owner: str, kind: Any, target: str, amount: float, **other: Any) -> Exchange:
    values = {"unit": "kg", "stage": "first", "line": "line", "activity": "", "rule_id": "", "data": "secondary",
              "matched_by": "rule"} | other  # fmt: skip
    return Exchange(process=owner, kind=kind, target=target, amount=amount, **values)


# -- random releases and foregrounds

COLUMNS = (HEADLINE, "gwp100_other", "gas:CO2", "gas:N2O")


@dataclass(frozen=True)
class Background:
    """A release on disk and the dense matrices it was made of, products × processes."""

    release: Release
    A: np.ndarray
    B: np.ndarray
    C: np.ndarray
    treatments: frozenset[int]


@cache
def background(seed: int, n: int = 6, *, permuted: bool = False) -> Background:
    """A productive system with loops, runs of any size and treatments; its products may stand in another order.

    No product needs more than 0.9 units of value of others per unit of value made.
    """
    rng = np.random.default_rng([seed, n])
    inputs = rng.random((n, n)) * (rng.random((n, n)) < 0.6)
    inputs *= 0.9 / np.maximum(inputs.sum(axis=0), 0.9)
    value = rng.uniform(0.1, 10, n) * np.where(np.arange(n) % 5 == 3, -1.0, 1.0)  # negative: a treatment
    runs = rng.uniform(0.1, 10, n)
    A = value[:, None] * (np.eye(n) - inputs) * runs
    order = rng.permutation(n) if permuted else np.arange(n)
    A = A[order]
    B = rng.uniform(0, 5, (3, n)) * runs
    C = np.array([[1.0, 2.0, 1.0, 0.0], [273.0, 0.0, 0.0, 273.0], [0.0, -1.0, 0.0, 0.0]])
    producer = order
    treatments = frozenset(i for i in range(n) if value[producer[i]] < 0)
    release = _written(A, B, C, producer)
    return Background(release, A, B, C, treatments)


def _written(A: np.ndarray, B: np.ndarray, C: np.ndarray, producer: np.ndarray) -> Release:
    """A release with datapackages and a catalogue, as `lcaengine.background.build` writes them."""
    out, n = Path(mkdtemp(prefix="lcaengine-test-")), len(A)
    atexit.register(shutil.rmtree, out, ignore_errors=True)
    codes, flows = [f"product-{i}" for i in range(n)], ["co2_fossil", "n2o", "other_flow"]
    products, nodes = np.arange(n) + 1000, np.arange(n) + 1000
    processes = np.empty(n, dtype=int)
    processes[producer] = nodes  # a process bears the id of what it makes
    flow_ids = np.arange(len(flows)) + 10
    (i, j), (f, g) = np.nonzero(A), np.nonzero(B)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # bw_processing leaves the files it wrote to the collector
        write_datapackage(
            out / "datapackages" / "background",
            technosphere_matrix=(products[i], processes[j], A[i, j]),
            biosphere_matrix=(flow_ids[f], processes[g], B[f, g]),
        )
        for column in (0, 1):
            used = np.flatnonzero(C[:, column])
            factors = (flow_ids[used], np.zeros(len(used), dtype=int), C[used, column])
            write_datapackage(out / "datapackages" / COLUMNS[column], characterization_matrix=factors)
        gc.collect()
    rows = [{"code": c, "name_zh": c, "name_en": c, "unit": "kg", "location": "GLO", "status": "published",
             "mass_kg": 1} for c in codes]  # fmt: skip
    write_catalogue(out / "catalogue.sqlite", rows, {})
    system = System(codes, flows, COLUMNS, csc_matrix(A), csc_matrix(B), C, {}, producer)
    indicators = [{"id": c, "name": {"zh": c, "en": c}, "unit": "kg CO2e", "kind": "x"} for c in COLUMNS[:2]]
    meta = {"id": "test", "name": "test", "version": "1", "year": 2026, "gwp_set": "none", "indicators": indicators,
            "gases": ["CO2", "N2O"], "ids": {"products": products.tolist(), "flows": flow_ids.tolist()}}  # fmt: skip
    write_arrays(out, system, rows, meta)
    return load_release(out)


@dataclass(frozen=True)
class Case:
    """A random inventory over a random background."""

    inventory: Inventory
    background: Background

    @property
    def solved(self) -> Footprint:
        return solve(link(self.inventory, self.background.release))

    def with_exchanges(self, found: Iterable[Exchange]) -> Case:
        return replace(self, inventory=replace(self.inventory, exchanges=tuple(found)))


amount_of = st.floats(0.01, 100)


@st.composite
def cases(draw: st.DrawFn, *, permuted: bool | None = None, self_inputs: bool = False) -> Case:
    """Up to five own processes with loops, one to ten exchanges with the background or nature, all of random size."""
    swap = draw(st.booleans()) if permuted is None else permuted
    made = background(draw(st.integers(0, 3)), permuted=swap)
    m = draw(st.integers(1, 5))
    runs = [draw(st.floats(0.1, 50)) for _ in range(m)]
    found = []
    for j in range(m):
        givers = draw(st.lists(st.integers(0, m - 1), unique=True, max_size=m))
        for i in givers:
            if i == j and not self_inputs:
                continue
            share = draw(st.floats(0.01, 0.8)) / m  # of one run of the giver, for a run of the taker
            found.append(exchange(f"p{j}", "foreground", f"p{i}", share * runs[i], stage="first", line=""))
    kinds = st.tuples(st.integers(0, m - 1), st.integers(0, 8), amount_of, st.sampled_from(STAGES), st.integers(0, 3))
    for owner, target, amount, stage, line in draw(st.lists(kinds, min_size=1, max_size=10)):
        if target >= 6:
            kind, name = "emission", ["co2_fossil", "n2o", "other_flow"][target - 6]
        else:
            kind, name = "waste" if target in made.treatments else "product", f"product-{target}"
        found.append(exchange(f"p{owner}", kind, name, amount, stage=stage, line=f"line-{line}"))
    own = [process(f"p{j}", runs[j], draw(st.sampled_from(STAGES))) for j in range(m)]
    return Case(inventory_of(own, found, demand=draw(amount_of)), made)


def full(case: Case) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The whole system as dense matrices, straight from the exchanges: own products and processes come last."""
    made, inventory = case.background, case.inventory
    n, m = len(made.A), len(inventory.processes)
    own = {p.id: n + j for j, p in enumerate(inventory.processes)}
    A, B = np.zeros((n + m, n + m)), np.zeros((len(made.B), n + m))
    A[:n, :n], B[:, :n] = made.A, made.B
    for p in inventory.processes:
        A[own[p.id], own[p.id]] += p.amount
    for e in inventory.exchanges:
        if e.kind == "foreground":
            A[own[e.target], own[e.process]] -= e.amount
        elif e.kind == "emission":
            B[made.release.flows.index(e.target), own[e.process]] += e.amount
        else:
            row = made.release.codes.index(e.target)
            A[row, own[e.process]] -= e.amount if e.kind == "product" else -e.amount
    return A, B, made.C


def brightway_total(case: Case) -> np.ndarray:
    """The score of the declared unit in every column, by one bw2calc LCA of the whole system."""
    A, B, C = full(case)
    place = len(case.background.A) + [p.id for p in case.inventory.processes].index(case.inventory.final)
    package = bwp.create_datapackage(name="full")
    for matrix, values, first in (("technosphere_matrix", A, 100), ("biosphere_matrix", B, 300)):
        i, j = np.nonzero(values)
        indices = np.empty(len(i), dtype=bwp.INDICES_DTYPE)
        indices["row"], indices["col"] = i + first, j + 100
        package.add_persistent_vector(matrix=matrix, name=matrix, indices_array=indices, data_array=values[i, j])
    lca = bc.LCA({100 + place: case.inventory.declared_unit.amount}, data_objs=[package])
    lca.lci()
    emitted = np.asarray(lca.inventory.sum(axis=1)).ravel()
    return sum(emitted[lca.dicts.biosphere[300 + f]] * C[f] for f in range(len(C)) if 300 + f in lca.dicts.biosphere)


def dense_total(case: Case) -> np.ndarray:
    """The same by numpy."""
    A, B, C = full(case)
    demand = np.zeros(len(A))
    own = [p.id for p in case.inventory.processes]
    demand[len(case.background.A) + own.index(case.inventory.final)] = case.inventory.declared_unit.amount
    return C.T @ (B @ np.linalg.solve(A, demand))


def gross(found: Footprint) -> float:
    """What differences are measured against: all contributions without signs, and a thousandth of one run of everything.

    Where the product needs none of the processes that emit, the first is rounding itself.
    """
    s = found.system
    one_run = np.abs(s.amount[:, None] * s.scores).sum() * s.demand.max()
    return float(np.abs(found.exchange_scores).sum() + 1e-3 * one_run)
