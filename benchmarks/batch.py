"""A hundred thousand bills of fifty lines, Parquet to Parquet, rules applied, on a warm local cluster of two workers.

The floor is what any program has to do that already knows, of every bill, what it buys: read the file, one sparse product of all
purchases with the score vectors (SciPy), and write as many rows of results. It knows no rule, unit, transport or warning.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_matrix

from benchmarks import batch_data
from benchmarks.timing import Row, race
from lcaengine.background import Release
from lcaengine.background.release import default_release
from lcaengine.batch import cluster, run
from lcaengine.batch.plan import ROWS
from lcaengine.bom.reading import read_rows
from lcaengine.footprint import calculate
from lcaengine.rules import find_rule

BILLS, STRUCTURES = 100_000, 300
ALONE = 2_000  # bills, each of a structure of its own
WORKERS = 2
LIMIT = 5.0
CHECKED = 50


def rows(release: Release, label: str) -> Iterator[Row]:
    """Whole batches against the floor; the rules' processes are those of the embedded release."""
    if release.id != default_release().id:
        return
    with tempfile.TemporaryDirectory() as work, cluster(workers=WORKERS) as client:
        for bills, structures, target in ((BILLS, STRUCTURES, LIMIT), (ALONE, ALONE, None)):
            file = Path(work) / f"{structures}.parquet"
            pq.write_table(batch_data.table(bills, structures), file)
            yield from _rows(client, release, label, file, structures, target)


def _rows(
    client: Any, release: Release, label: str, file: Path, structures: int, target: float | None
) -> Iterator[Row]:
    """The first run on a cluster whose workers have not met the structures, and those after it."""
    bills = batch_data.count(file)
    purchases = _purchases(file, release)
    out = file.with_suffix(".out")
    start = time.perf_counter()
    run(file, out, client=client)
    first = time.perf_counter() - start
    seconds = race(
        {
            "batch": lambda: run(file, out, client=client),
            "floor": lambda: _floor(file, purchases, release.scores, out.with_suffix(".floor")),
        },
        repeats=3,
        patience=60.0,
    )
    checked = _checked(file, out / "results.parquet", release)
    shutil.rmtree(out)
    name = f"batch: {bills:,} bills × 50 lines, {structures:,} structures, {WORKERS} workers"
    yield Row(f"{name}, first run", label, "read, F·Y, write", first, seconds["floor"], None, False, checked)
    yield Row(name, label, "read, F·Y, write", seconds["batch"], seconds["floor"], target, False, checked)


def _purchases(file: Path, release: Release) -> csr_matrix:
    """A purchase for every line: as many entries as a perfect linker would find, of products in turn."""
    table = pq.read_table(file, columns=["bom", "section", "amount"])
    bom = table.column("bom").combine_chunks().dictionary_encode().indices.to_numpy()
    lines = np.asarray(table.column("section").combine_chunks().dictionary_encode().dictionary.to_pylist()) == "line"
    chosen = lines[table.column("section").combine_chunks().dictionary_encode().indices.to_numpy()]
    amount = np.nan_to_num(table.column("amount").to_numpy()[chosen])
    products = np.arange(len(amount)) % len(release.scores)
    return csr_matrix((amount, (bom[chosen], products)), shape=(int(bom[-1]) + 1, len(release.scores)))


def _floor(file: Path, purchases: csr_matrix, scores: Any, target: Path) -> None:
    pq.read_table(file)
    found = purchases @ np.asarray(scores)
    pq.write_table(pa.table({f"column {i}": found[:, i] for i in range(found.shape[1])}), target, compression="zstd")


def _checked(file: Path, results: Path, release: Release) -> str:
    """Some bills against single footprints; raises `AssertionError`."""
    table = pq.read_table(results, columns=["bom", "status", "total"]).to_pylist()
    worst = 0.0
    for row in table[:: max(1, len(table) // CHECKED)]:
        own = pq.read_table(file, filters=[("bom", "=", row["bom"])]).drop_columns(["bom"])
        cells = [
            ["" if v is None else v if isinstance(v, str) else repr(v) for v in r.values()] for r in own.to_pylist()
        ]
        _, bom = read_rows([own.column_names, *cells])
        alone = calculate(bom, find_rule(bom.category), release).value
        worst = max(worst, abs(row["total"] - alone) / abs(alone))
    if worst > 1e-12:
        raise AssertionError(f"batch differs from single footprints by {worst:.1e}")
    return f"{CHECKED} bills equal to single footprints to {worst:.0e}; parts of {ROWS:,} rows"
