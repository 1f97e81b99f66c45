"""Releases of a folder of tables, built in this process: everything of the build but Brightway and the checks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from background_fixtures import read_csv, write_csv, write_tiny_tables

from lcaengine.background.build import write_arrays
from lcaengine.background.catalogue import write_catalogue
from lcaengine.background.release import Release, load_release
from lcaengine.background.system import score_vectors, system_of
from lcaengine.background.tables import Tables, read_tables
from lcaengine.background.validation import compare

Rows = list[dict[str, str]]
Edit = Callable[[Rows], object]


def tiny(folder: Path, **edits: Edit) -> Path:
    """The tiny tables in a new folder, each edited table by its name (``exchanges=``, ``factors=`` …)."""
    folder.mkdir(parents=True)
    write_tiny_tables(folder)
    for name, edit in edits.items():
        path = folder / ("characterization_factors.csv" if name == "factors" else f"mill/{name}.csv")
        rows = read_csv(path)
        edit(rows)
        write_csv(path, rows)
    return folder


def only(rows: Rows, **where: str) -> dict[str, str]:
    """The one row with these values."""
    (found,) = [r for r in rows if where.items() <= r.items()]
    return found


def quick_release(tables: Tables, out: Path, catalogue: bool = True) -> Release:
    out.mkdir(parents=True)
    system = system_of(tables)
    scores = score_vectors(system.A, system.B, system.C)
    rows = [{**tables.process[code], "sector": Path(tables.process[code].file).parent.name} for code in system.codes]
    if catalogue:
        write_catalogue(
            out / "catalogue.sqlite", rows, {}, exchanges=[dict(r) for r in tables.exchanges],
            sources=[dict(r) for r in tables.sources],
            comparisons=[c.as_dict() for c in compare(tables, system, scores)],
        )  # fmt: skip
    meta = {
        "id": out.name,
        "gwp_set": "AR6",
        "name": "tiny",
        "version": out.name,
        "year": 2026,
        "indicators": [],
        "gases": [],
    }
    write_arrays(out, system, rows, meta, scores)
    return load_release(out)


def quick_release_of(folder: Path) -> Release:
    return quick_release(read_tables(folder), folder / "built")
