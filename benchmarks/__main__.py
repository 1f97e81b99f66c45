"""``python -m benchmarks [n]``: measure everything, print the table, write ``benchmarks/results.md``."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks import api, batch, cbam, footprint, generator, impact, load, score_vectors, server, statements, tree
from benchmarks.timing import Row
from lcaengine.background import Release
from lcaengine.background.release import default_release, load_release

RESULTS = Path(__file__).parent / "results.md"
LIBRARIES = ("numpy", "scipy", "bw2calc", "bw_graph_tools", "pypardiso", "Flask", "gunicorn", "SQLAlchemy")
EVERY: tuple[Callable[[Release, str], Iterator[Row]], ...] = (
    footprint.rows,
    tree.rows,
    score_vectors.rows,
    api.rows,
    load.rows,
    server.rows,
    impact.rows,
    cbam.rows,
    statements.rows,
    batch.rows,
)
OTHER_SHAPES = {  # SuperLU takes minutes on the hubs, far more than PARDISO
    "hubs": ["PARDISO"],
    "banded": ["SuperLU", "PARDISO"],
}


def main(n: int = generator.SIZE) -> int:
    """Run all benchmarks; returns 1 if a target is missed."""
    found: list[Row] = []
    for row in _measure(n):
        found.append(row)
        print(_line(row), flush=True)
    RESULTS.write_text(report(found, n, datetime.now(UTC).date()), encoding="utf-8")
    return 0 if all(row.met for row in found) else 1


def _measure(n: int) -> Iterator[Row]:
    releases = {"embedded": default_release(), f"generated, n = {n}": load_release(generator.release(n))}
    for label, release in releases.items():
        for benchmark in EVERY:
            yield from benchmark(release, label)
    for shape, peers in OTHER_SHAPES.items():
        release = load_release(generator.release(n, shape=shape))
        yield from score_vectors.rows(release, f"generated, n = {n}, {shape}", peers)


def report(rows: list[Row], n: int, day: date) -> str:
    """The results as Markdown, without a word about the machine."""
    used = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    return "\n".join([
        "# Benchmark results",
        "",
        f"Written by `make bench` on {day}; Python {sys.version_info[0]}.{sys.version_info[1]}, {used}.",
        "Ratios within one run: medians of interleaved repeats. Times depend on the machine, and so do ratios to a limit.",
        f"Generated release: `benchmarks/generator.py`, {n:,} processes.",
        "",
        "| what | release | compared with | ratio | target | met | checked |",
        "|---|---|---|---|---|---|---|",
        *("| " + " | ".join(_cells(row)) + " |" for row in rows),
        "",
    ])  # fmt: skip


def _cells(row: Row) -> list[str]:
    verb, sign = ("faster", "≥") if row.faster else ("the limit" if row.limit else "the time", "≤")
    target, met = "–", "–"
    if row.target is not None:
        target, met = f"{sign} {row.target:g}×", "yes" if row.met else "**no**"
    return [row.name, row.release, row.peer_name, f"{float(f'{row.ratio:.3g}'):,g}× {verb}", target, met, row.checked]


def _line(row: Row) -> str:
    name, release, peer, ratio, target, met, _ = _cells(row)
    scale = 1e3 if row.unit == "ms" else 1e-6
    times = f"{row.ours * scale:10.3f} {row.unit} {row.peer * scale:10.3f} {row.unit}"
    return f"{name:42} {release:32} {peer:28} {times} {ratio:>18} {target:>8} {met.strip('*')}"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.exit(main(*map(int, sys.argv[1:2])))
