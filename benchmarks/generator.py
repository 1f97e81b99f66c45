"""A seeded generator of background releases of any size: the structure of a large LCA database.

``python -m benchmarks.generator 20000`` writes one and prints its folder. The same size, seed and shape give
the same release.

What is realistic
    - Every process has about 12 inputs and 3 emissions and one reference product, as in the large databases
      of unit processes; the number of inputs varies (2 to about 30).
    - Hubs: every region has an electricity and a heat market; there are freight services, commodities and
      waste treatments. Their use follows Zipf's law: some have thousands of users, most a handful.
    - Regional clusters: processes buy the energy of their own region, and most other inputs come from nearby
      in their own branch (a recipe and its precursors), few from anywhere.
    - Loops: hubs use commodities, commodities use hubs, a branch uses a little of its own products. About
      70 % of the processes belong to one strongly connected component; a quarter make what nobody buys.
    - 4 % treatments (production −1, waste handed over as a negative input); 5 % runs that make more or less
      than one unit.
    - Amounts spread over ten orders of magnitude, because the units of products do (each has a hidden price,
      lognormal). In value, every process buys 20 % to 85 % of what it makes: the system is productive.
    - Biogenic carbon balances in every process: a crop takes up what its product holds, its user emits it.
    - Factorising it with SuperLU takes seconds, as for a large database (a public report says 4 s:
      github.com/brightway-lca/bw_timex, pull request 236).

What is not
    - The scores mean nothing: prices and emissions are drawn at random, no process stands for a real one.
      Processes that bear the codes of the embedded release do so only for its rules to find them.
    - There are no co-products, no substitution and no parameters; no product has two producers.
    - No infrastructure: tiny inputs of buildings and machines make the loops of real databases longer.
    - Names are alike, so a full-text search does not find what it would in a real catalogue.

Other shapes show how a solver fares elsewhere: ``hubs`` (a fifth of the inputs from anywhere: a factorisation
fills up) and ``banded`` (every input from the near neighbourhood, a quarter of them loops: it hardly fills).
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix, diags

from lcaengine.background.build import write_arrays, write_datapackage
from lcaengine.background.catalogue import write_catalogue
from lcaengine.background.model import CH4_PER_CARBON, CO2_PER_CARBON
from lcaengine.background.store import release_folder
from lcaengine.background.system import System, characterization, gases, score_columns
from lcaengine.background.tables import BUILDER_VERSION, Row, Tables, read_tables
from lcaengine.data import folder

VERSION = "2"
SIZE = 20_000
SEED = 20_260
FIRST_ID = 1_000_000
SHAPES = {  # share of inputs from the own branch, from commodities (the rest: anywhere); share of loops
    "supply_chain": (0.80, 0.195, 0.03),
    "hubs": (0.50, 0.30, 0.03),
    "banded": (1.00, 0.00, 0.25),
}
REGIONS = ("CN", "CN-SD", "CN-GD", "CN-JS", "RER", "DE", "FR", "US", "IN", "JP", "BR", "GLO")
EMISSIONS = (  # flow, share of the emissions, typical amount in kg per unit of value
    ("co2_fossil", 0.52, 0.4), ("ch4_fossil", 0.13, 1e-3), ("n2o", 0.10, 1e-4),
    ("co2e_unspecified", 0.06, 0.1), ("ch4_biogenic", 0.05, 5e-4), ("co2_land_use_change", 0.04, 0.05),
    ("co2_fossil_aircraft", 0.03, 0.01),
    ("hfc_134a", 0.03, 1e-6), ("sf6", 0.02, 1e-7), ("cf4", 0.02, 1e-6),
)  # fmt: skip
KINDS = ("ordinary", "electricity", "heat", "freight", "commodity", "treatment")
UNITS = {"electricity": "kWh", "heat": "MJ", "freight": "t*km"}

Array = NDArray[np.float64]
Index = NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """Who the processes are; ``kind`` is an index in `KINDS`, ``finished`` products are inputs of nothing."""

    kind: Index
    region: Index
    branch: Index
    price: Array
    production: Array
    carbon: Array
    finished: NDArray[np.bool_]

    @property
    def n(self) -> int:
        return len(self.kind)

    @property
    def upstream(self) -> Index:
        """Each process, or the next before it that makes no finished product (nobody buys those)."""
        sold = np.where(self.finished, -1, np.arange(self.n))
        return np.maximum(np.maximum.accumulate(sold), int(np.argmin(self.finished)))

    def of(self, kind: str) -> Index:
        """The processes of a kind."""
        return np.flatnonzero(self.kind == KINDS.index(kind))


@dataclass(frozen=True)
class Generated:
    """A plan and its exchanges; ``E_A`` and ``E_B`` hold the entries that count as estimates."""

    plan: Plan
    A: Any
    B: Any
    E_A: Any
    E_B: Any


def release(n: int = SIZE, *, seed: int = SEED, shape: str = "supply_chain") -> Path:
    """The folder of a generated release, written where built releases are kept, if it is not there yet."""
    tables = read_tables(folder("background_data"))
    identifier = _identifier(tables, n, seed, shape)
    target = release_folder(identifier)
    if not (target / "release.json").is_file():
        target.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix=".generating-", dir=target.parent))
        try:
            write_release(work, generate(tables, n, seed=seed, shape=shape), tables, identifier)
            work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return target


def generate(tables: Tables, n: int = SIZE, *, seed: int = SEED, shape: str = "supply_chain") -> Generated:
    """The matrices of a release of n processes."""
    rng = np.random.default_rng([seed, n, list(SHAPES).index(shape)])
    plan = _plan(rng, n)
    A = _technosphere(rng, plan, shape)
    B = _biosphere(rng, plan, A, [row["key"] for row in tables.elementary_flows])
    return Generated(plan, A, B, _estimated(rng, A - diags(A.diagonal())), _estimated(rng, B))


def write_release(out: Path, made: Generated, tables: Tables, identifier: str) -> None:
    """Write a generated release as `lcaengine.background.build.build` writes one of tables."""
    flows = [row["key"] for row in tables.elementary_flows]
    named = _named(made.plan, tables)
    codes = _codes(made.plan, named)
    products = np.arange(FIRST_ID + len(flows), FIRST_ID + len(flows) + len(codes))
    flow_ids = np.arange(FIRST_ID, FIRST_ID + len(flows))
    _write_datapackages(out / "datapackages", made, tables, (products, flow_ids))
    rows = list(_catalogue_rows(made.plan, codes, named))
    source = {"id": "generated", "title": f"benchmarks/generator.py, version {VERSION}"}
    write_catalogue(out / "catalogue.sqlite", rows, {}, _exchange_rows(made, codes, flows), [source])
    system = System(
        codes=codes, flows=flows, columns=score_columns(tables), A=made.A, B=made.B,
        C=characterization(tables), marked={"estimate": (made.E_A, made.E_B)}, producer=np.arange(len(codes)),
    )  # fmt: skip
    meta = {
        "id": identifier, "name": "generated", "version": f"{VERSION}-{len(codes)}", "year": 2026,
        "gwp_set": tables.release["gwp_set"], "indicators": [_indicator(row) for row in tables.indicators],
        "gases": list(gases(tables)), "ids": {"products": products.tolist(), "flows": flow_ids.tolist()},
    }  # fmt: skip
    write_arrays(out, system, rows, meta)


def _identifier(tables: Tables, n: int, seed: int, shape: str) -> str:
    parts = [VERSION, BUILDER_VERSION, n, seed, shape, score_columns(tables), characterization(tables).tolist()]
    return hashlib.sha256(("lcaengine benchmark " + json.dumps(parts)).encode()).hexdigest()


def _plan(rng: np.random.Generator, n: int) -> Plan:
    regions = max(2, min(60, n // 300))
    kind = np.zeros(n, dtype=np.int64)
    sizes = {
        "electricity": regions,
        "heat": regions,
        "freight": max(2, n // 600),
        "commodity": max(4, n // 50),
        "treatment": max(2, n // 25),
    }
    region = _zipf(rng, regions, n, 0.7)
    places = iter(np.split(rng.permutation(n), np.cumsum(list(sizes.values()))))
    for name in sizes:
        members = next(places)
        kind[members] = KINDS.index(name)
        if name in {"electricity", "heat"}:
            region[members] = np.arange(regions)
    production = np.where(rng.random(n) < 0.05, rng.choice([0.25, 2.0, 12.0, 1000.0], n), 1.0)
    production[kind == KINDS.index("treatment")] = -1.0
    branches = max(2, n // 120)
    branch = np.sort(rng.integers(0, branches, n))
    grows = (branch % 8 == 0) & np.isin(kind, [KINDS.index(k) for k in ("ordinary", "commodity")])
    carbon = np.where(grows & (rng.random(n) < 0.8), rng.uniform(0.3, 0.5, n), 0.0)
    finished = (kind == 0) & (rng.random(n) < 0.3)
    return Plan(kind, region, branch, np.exp(rng.normal(0.0, 1.5, n)), production, carbon, finished)


def _technosphere(rng: np.random.Generator, plan: Plan, shape: str) -> Any:
    """A: shares of value bought, turned into amounts: a_ij = −share · price_j / price_i · |production_j|."""
    suppliers, users = _links(rng, plan, shape)
    keep = suppliers != users
    suppliers, users = suppliers[keep], users[keep]
    weight = np.exp(rng.normal(0.0, 1.2, len(users)))
    bought = rng.beta(3.0, 2.5, plan.n) * 0.65 + 0.20
    share = weight / np.bincount(users, weight, plan.n)[users] * bought[users]
    amount = share * plan.price[users] / plan.price[suppliers] * np.abs(plan.production[users])
    treated = plan.production[suppliers] < 0
    inputs = csc_matrix((np.where(treated, amount, -amount), (suppliers, users)), shape=(plan.n, plan.n))
    A = csc_matrix(inputs + diags(plan.production))
    A.sort_indices()
    return A


def _links(rng: np.random.Generator, plan: Plan, shape: str) -> tuple[Index, Index]:
    """Supplier and user of every input."""
    users = np.arange(plan.n)
    if shape == "banded":
        return _ordinary(rng, plan, shape, mean=12.0)
    groups = [_ordinary(rng, plan, shape, mean=7.5)]
    for name, share in (("electricity", 0.85), ("heat", 0.5)):
        market = np.empty(plan.region.max() + 1, dtype=np.int64)
        market[plan.region[plan.of(name)]] = plan.of(name)
        bought = users[rng.random(plan.n) < share]
        groups.append((market[plan.region[bought]], bought))
    for name, mean in (("freight", 1.6), ("treatment", 1.2), ("commodity", 1.0)):
        bought = np.repeat(users, rng.poisson(mean, plan.n))
        members = plan.of(name)
        groups.append((members[_zipf(rng, len(members), len(bought), 1.1)], bought))
    return np.concatenate([g[0] for g in groups]), np.concatenate([g[1] for g in groups])


def _ordinary(rng: np.random.Generator, plan: Plan, shape: str, *, mean: float) -> tuple[Index, Index]:
    """Inputs from the own branch (mostly a little upstream), from commodities and from anywhere."""
    near, common, back = SHAPES[shape]
    counts = 2 + rng.poisson(rng.gamma(3.0, (mean - 2.0) / 3.0, plan.n))
    buyer = np.repeat(np.arange(plan.n), counts)
    draw = rng.random(len(buyer))
    commodities = plan.of("commodity")
    step = rng.geometric(0.06, len(buyer)) * np.where(rng.random(len(buyer)) < back, -1, 1)
    supplier = np.clip(buyer - step, 0, plan.n - 1)
    shared = (draw >= near) & (draw < near + common)
    supplier[shared] = commodities[_zipf(rng, len(commodities), int(shared.sum()), 1.0)]
    far = draw >= near + common
    supplier[far] = rng.integers(0, plan.n, int(far.sum()))
    return plan.upstream[supplier], buyer


def _biosphere(rng: np.random.Generator, plan: Plan, A: Any, flows: list[str]) -> Any:
    """B: about three emissions a process, and the uptake or biogenic CO2 that closes its carbon balance."""
    emitter = np.repeat(np.arange(plan.n), 1 + rng.poisson(1.7, plan.n))
    kinds = rng.choice(len(EMISSIONS), len(emitter), p=[e[1] for e in EMISSIONS])
    typical = np.array([e[2] for e in EMISSIONS])[kinds] * rng.lognormal(0.0, 1.0, len(emitter))
    amount = typical * plan.price[emitter] * np.abs(plan.production[emitter])
    row = np.array([flows.index(e[0]) for e in EMISSIONS])[kinds]
    B = csc_matrix((amount, (row, emitter)), shape=(len(flows), plan.n))
    kept = np.asarray(A.T @ plan.carbon) + B[flows.index("ch4_biogenic")].toarray()[0] / CH4_PER_CARBON
    place = np.flatnonzero(np.abs(kept) > 1e-12)
    closing = np.where(kept[place] > 0, flows.index("co2_uptake"), flows.index("co2_biogenic"))
    balance = csc_matrix((np.abs(kept[place]) * CO2_PER_CARBON, (closing, place)), shape=B.shape)
    total = csc_matrix(B + balance)
    total.sort_indices()
    return total


def _estimated(rng: np.random.Generator, matrix: Any, share: float = 0.05) -> Any:
    found = csc_matrix(matrix).copy()
    found.data = np.where(rng.random(found.nnz) < share, found.data, 0.0)
    found.eliminate_zeros()
    return found


def _zipf(rng: np.random.Generator, size: int, count: int, exponent: float) -> Index:
    """Ranks 0 … size − 1 drawn with probability proportional to 1 / (rank + 1)^exponent."""
    weight = 1.0 / np.arange(1, size + 1) ** exponent
    return np.minimum(np.searchsorted(np.cumsum(weight / weight.sum()), rng.random(count)), size - 1)


def _named(plan: Plan, tables: Tables) -> dict[int, Row]:
    """Processes that bear the codes and units of the embedded release, so that its rules work with this one."""
    kinds = {unit: kind for kind, unit in UNITS.items()}
    waiting = {kind: iter(plan.of(kind).tolist()) for kind in KINDS}
    found = {}
    for code in sorted(tables.process):
        row = tables.process[code]
        kind = "treatment" if row.number("production_amount") < 0 else kinds.get(row["unit"], "ordinary")
        place = next(waiting[kind], None)
        found[next(waiting["ordinary"]) if place is None else place] = row
    return found


def _codes(plan: Plan, named: Mapping[int, Row]) -> list[str]:
    generated = (f"{KINDS[k]}-{i:06d}-r{r}" for i, (k, r) in enumerate(zip(plan.kind, plan.region, strict=True)))
    return [named[i]["code"] if i in named else code for i, code in enumerate(generated)]


def _catalogue_rows(plan: Plan, codes: list[str], named: Mapping[int, Row]) -> Iterator[dict[str, Any]]:
    for i, code in enumerate(codes):
        kind = KINDS[plan.kind[i]]
        unit = named[i]["unit"] if i in named else UNITS.get(kind, "kg")
        yield {
            "code": code, "name_zh": f"生成的产品 {i}", "name_en": f"Generated {kind} {i}", "unit": unit,
            "location": REGIONS[plan.region[i] % len(REGIONS)], "year_start": "2024", "year_end": "2026",
            "status": "published", "tags": "treatment" if kind == "treatment" else "", "cas": "", "hs_code": "",
            "cpc_code": "", "sector": "generated",
            "mass_kg": "1" if unit == "kg" else "", "fossil_carbon_kg": "0",
            "biogenic_carbon_kg": repr(float(plan.carbon[i])),
            "note": "Drawn at random for benchmarks; stands for nothing",
        }  # fmt: skip


def _exchange_rows(made: Generated, codes: list[str], flows: list[str]) -> Iterator[dict[str, Any]]:
    inputs = (made.A - diags(made.A.diagonal())).tocsc()
    inputs.eliminate_zeros()
    for kind, matrix, estimates, names, sign in (
        ("technosphere", inputs, made.E_A, codes, -1.0),
        ("biosphere", made.B, made.E_B, flows, 1.0),
    ):
        entries, guessed = matrix.tocoo(), set(zip(*estimates.nonzero(), strict=True))
        for i, j, value in zip(entries.row, entries.col, entries.data, strict=True):
            status = "estimate" if (i, j) in guessed else "published"
            yield {"process": codes[j], "kind": kind, "target": names[i], "amount": repr(float(sign * value)),
                   **COMMON, "status": status}  # fmt: skip


COMMON = {
    "unit": "kg", "formula": "", "source": "generated", "read_in": "–", "locator": "", "year": "2026",
    "geography": "GLO", "pedigree": "3;3;3;3;3", "basic_uncertainty": "1.05", "note": "",
}  # fmt: skip


def _write_datapackages(out: Path, made: Generated, tables: Tables, ids: tuple[Index, Index]) -> None:
    products, flows = ids
    A, B, C = made.A.tocoo(), made.B.tocoo(), characterization(tables)
    write_datapackage(
        out / "background",
        technosphere_matrix=(products[A.row], products[A.col], A.data),
        biosphere_matrix=(flows[B.row], products[B.col], B.data),
    )
    for j, row in enumerate(tables.indicators):
        used = np.flatnonzero(C[:, j])
        factors = (flows[used], np.zeros(len(used), dtype=int), C[used, j])
        write_datapackage(out / row["id"], characterization_matrix=factors)


def _indicator(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"], "name": {"zh": row["name_zh"], "en": row["name_en"]}, "unit": row["unit"],
        "kind": row["kind"], "sum_of": [part for part in row["sum_of"].split(";") if part],
    }  # fmt: skip


if __name__ == "__main__":
    print(release(int(sys.argv[1]) if len(sys.argv) > 1 else SIZE))
