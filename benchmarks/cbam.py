"""A thousand installations from documents to specific embedded emissions, each with three processes, a loop and precursors."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.timing import Row
from lcaengine.background import Release
from lcaengine.cbam.installation import Result, calculate_installations, installation_body
from lcaengine.cbam.installation.embedded import FLOW_ID, ROWS, System, brightway, system_of
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.data import folder

COUNT = 1000
SECONDS = 10.0
SAMPLE = 25  # installations that bw2calc solves one by one


def rows(_: Release, label: str) -> Iterator[Row]:
    """Against a limit of seconds, whole way and all answers; the solve alone against one bw2calc LCA per product."""
    if label != "embedded":  # no background is in it
        return
    documents = list(_documents())
    start = time.perf_counter()
    results = calculate_installations([installation_of(d) for d in documents])
    bodies = [installation_body(result) for result in results]
    seconds = time.perf_counter() - start
    difference, theirs = _brightway(results)
    checked = f"{len(bodies):,} answers; {SAMPLE} installations equal to bw2calc to {difference:.0e}"
    yield Row(
        f"CBAM: {COUNT:,} installations to SEE",
        "–",
        f"limit: {SECONDS:g} s",
        seconds,
        SECONDS,
        1.0,
        False,
        checked,
        True,
    )
    yield Row(f"CBAM: {COUNT:,} installations to SEE", "–", "bw2calc LCAs alone", seconds, theirs, None, True, checked)


def _documents() -> Iterator[dict[str, Any]]:
    """The worked screw maker, every plant with other amounts."""
    worked = json.loads((folder("inventories") / "cbam" / "screw-maker.json").read_text(encoding="utf-8"))
    for i in range(COUNT):
        document = copy.deepcopy(worked)
        for row in document["precursors"]:
            if "see_direct" in row:
                row["see_direct"]["amount"] *= 1 + i / COUNT
        yield document


def _brightway(results: list[Result]) -> tuple[float, float]:
    """Largest relative difference, and seconds that bw2calc would take for all, one LCA per product."""
    worst, seconds = 0.0, 0.0
    for result in results[:: COUNT // SAMPLE]:
        system = system_of(result.installation, result.attribution, result.precursors)
        start = time.perf_counter()
        theirs = np.array([_one(system, i) for i in range(len(system.emissions))])
        seconds += time.perf_counter() - start
        worst = max(worst, float(np.abs(result.embedded.values - theirs).max() / np.abs(theirs).max()))
    return worst, seconds * COUNT / SAMPLE


def _one(system: System, product: int) -> list[float]:
    lca = brightway(system, product)
    lca.lci()
    totals = np.asarray(lca.inventory.sum(axis=1)).ravel()
    return [float(totals[lca.dicts.biosphere[FLOW_ID + j]]) for j in range(len(ROWS))]
