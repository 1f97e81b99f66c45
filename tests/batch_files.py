"""Batch files as tests need them: worked inventories with many other amounts, in any format."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from lcaengine.batch import rows_of
from lcaengine.data import folder

Json = dict[str, Any]
SEEDS = ("beer/craft-one-way-glass.json", "washing-machine/drum-10kg-cn.json", "television/lcd-55-cn.json")
CELLS = ("section", "id", "name", "amount", "unit", "role", "process", "kind", "origin", "unit_mass", "transport", "recycled_content", "cn_code")  # fmt: skip


def rows(bills: int, seed: int = 1) -> list[Json]:
    """Rows of so many bills, of three structures in turn."""
    rng = np.random.default_rng(seed)
    plans = [list(rows_of(json.loads((folder("inventories") / name).read_bytes()))) for name in SEEDS]
    found = []
    for i in range(bills):
        for row in plans[i % len(plans)]:
            own = {"bom": f"bill-{i:06d}", **row}
            if row["section"] in ("line", "electricity"):
                own["amount"] = float(row["amount"]) * float(rng.uniform(0.9, 1.1))
            found.append(own)
    return found


def write(path: Path, found: list[Json]) -> Path:
    """The rows as a file of the format that its name says."""
    names = ("bom", *CELLS)
    match path.suffix:
        case ".parquet":
            kinds = {"amount": pa.float64(), "recycled_content": pa.float64()}
            columns = {
                n: pa.array([_typed(r.get(n), n in kinds) for r in found], kinds.get(n, pa.string())) for n in names
            }
            pq.write_table(pa.table(columns), path, row_group_size=5000)
        case ".csv":
            with path.open("w", encoding="utf-8-sig", newline="") as out:
                writer = csv.writer(out)
                writer.writerow(names)
                writer.writerows([["" if r.get(n) is None else r[n] for n in names] for r in found])
        case ".ndjson":
            path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in found), encoding="utf-8")
        case ".xlsx":
            from openpyxl import Workbook

            book = Workbook(write_only=True)
            sheet = book.create_sheet("bills")
            sheet.append(names)
            for r in found:
                sheet.append([r.get(n) for n in names])
            book.save(path)
    return path


def _typed(value: Any, number: bool) -> Any:
    if value is None:
        return None
    return float(value) if number else str(value)


def results(folder_: Path, name: str = "results") -> list[Json]:
    found: list[Json] = pq.read_table(folder_ / f"{name}.parquet").to_pylist()
    return found
