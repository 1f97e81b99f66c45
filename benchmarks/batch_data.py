"""Many bills of materials in long form: the worked inventories as seeds, brought to fifty lines, with varied structures and amounts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lcaengine.batch import rows_of
from lcaengine.bom import read_plant
from lcaengine.data import folder
from lcaengine.rules import find_rule

LINES = 50
SEEDS = (
    "beer/craft-one-way-glass.json", "beer/keg-brewery.json", "beer/craft-pet.json", "refrigerator/multi-door-500l.json",
    "refrigerator/single-door-90l.json", "tyres/passenger-205-55r16-silica.json", "tyres/truck-12r22-5-standard.json",
    "washing-machine/drum-10kg-cn.json", "washing-machine/top-loader-8kg-cn.json", "television/lcd-55-cn.json",
    "room-air-conditioner/split-3500w-r32-cn.json",
)  # fmt: skip
TEXTS = (
    "bom", "section", "id", "name", "unit", "role", "process", "kind", "origin", "basis", "unit_mass", "transport", "cn_code",
    "cas", "evidence", "price", "biogenic_carbon", "supplier_footprint", "footprint_boundary", "footprint_gwp",
    "footprint_year", "footprint_verification",
)  # fmt: skip
Json = dict[str, Any]
Row = dict[str, Any]


def seeds() -> list[Json]:
    return [document for name in SEEDS for document in read_plant((folder("inventories") / name).read_bytes())]


def structure(seed: Json, rng: np.random.Generator, lines: int = LINES) -> Json:
    """A product like the seed with so many lines: lines are repeated as variants of themselves, and some left out."""
    document = json.loads(json.dumps(seed))
    own = document["lines"]
    kept = [line for line in own if line.get("role") != "other" or rng.random() < 0.9]
    roles = find_rule(document["product"]["category"]).roles
    several = [line for line in kept if line.get("role") not in roles or roles[line["role"]].most is None]
    more = [dict(several[i]) for i in rng.integers(0, len(several), max(0, lines - len(kept)))]
    for k, line in enumerate(more):
        line["id"] = f"{line['id']}-{k}"
        line["amount"] = line["amount"] * 0.1
    document["lines"] = [*kept, *more][:lines]
    return document


def table(boms: int, structures: int, seed: int = 1) -> pa.Table:
    """A table of so many bills, spread over so many structures in random order; amounts vary by 5 % up and down."""
    rng = np.random.default_rng(seed)
    chosen = seeds()
    plans = [[*rows_of(structure(chosen[i % len(chosen)], rng))] for i in range(structures)]
    which = rng.integers(0, structures, boms)
    lengths = np.array([len(rows) for rows in plans])[which]
    first = np.cumsum([0, *[len(rows) for rows in plans]])
    rows = np.repeat(first[which] - np.cumsum([0, *lengths[:-1]]), lengths) + np.arange(lengths.sum())
    flat = [row for plan in plans for row in plan]
    columns: dict[str, Any] = {}
    for name in TEXTS[1:]:
        source = pa.array([row.get(name) for row in flat], pa.string())
        columns[name] = source.dictionary_encode().take(pa.array(rows)).cast(pa.string())
    for name in ("amount", "recycled_content"):
        values = np.array([np.nan if row.get(name) is None else float(row[name]) for row in flat])[rows]
        if name == "amount":
            material = np.array([row["section"] not in ("product", "parameter", "output") for row in flat])[rows]
            values = np.where(material, values * rng.uniform(0.95, 1.05, len(values)), values)
        columns[name] = pa.array(values, from_pandas=True)
    bom = pa.array(np.arange(boms)).cast(pa.string())
    columns["bom"] = pa.DictionaryArray.from_arrays(pa.array(np.repeat(np.arange(boms), lengths)), bom).cast(
        pa.string()
    )
    return pa.table({name: columns[name] for name in (*TEXTS, "amount", "recycled_content")})


def count(file: Path) -> int:
    """How many bills a file of ours holds."""
    return len(pq.read_table(file, columns=["bom"]).column(0).unique())
