"""The footprint of a bill of materials of fifty lines against bw2calc, on the same system.

Brightway gets the foreground as a ready datapackage, linked to the background by id, and is asked for one score. Ours
gives every score column (with the gas split) for every line and stage. The same system for both is the linked one. The
row "link and solve" adds what Brightway was spared: finding every product by code, units, directions, closing the carbon
balance; "rule, link and solve" adds the rule as well and has no target. `redo_lci` + `redo_lcia` has matrices and factors
ready, as ours has the linked system. Where pypardiso is installed (for the benchmarks it is) bw2calc solves with it, its fastest way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import bw2calc as bc

from benchmarks import bom
from benchmarks.timing import Row, race
from lcaengine.background import Release
from lcaengine.bom.reading import bom_of
from lcaengine.footprint import Footprint, calculate, link, solve
from lcaengine.footprint.verify import FOREGROUND_ID, foreground_package, verify
from lcaengine.inventory import apply_rule
from lcaengine.rules.library import find_rule

FRESH, AGAIN = 500.0, 20.0
AGREEMENT = 1e-9


def rows(release: Release, label: str) -> Iterator[Row]:
    """Ours against a fresh LCA and against a repeated one."""
    bill, rule = bom_of(bom.document()), find_rule("beer")
    inventory = apply_rule(bill, rule, release)
    footprint = calculate(bill, rule, release)
    checked = _checked(footprint, label)
    lca = Brightway(footprint)
    ready = lca.fresh()
    seconds = race(
        {
            "link and solve": lambda: solve(link(inventory, release)),
            "linked system: solve": lambda: solve(footprint.system),
            "rule, link and solve": lambda: calculate(bill, rule, release),
            "fresh": lca.fresh,
            "redo": lambda: lca.again(ready),
        }
    )
    name = f"footprint of {bom.LINES} lines: "
    for ours, peer, peer_name, target in (
        ("linked system: solve", "redo", "redo_lci + redo_lcia", AGAIN),
        ("linked system: solve", "fresh", "fresh bw2calc LCA", FRESH),
        ("link and solve", "fresh", "fresh bw2calc LCA", FRESH),
        ("rule, link and solve", "fresh", "fresh bw2calc LCA", None),
    ):
        yield Row(name + ours, label, peer_name, seconds[ours], seconds[peer], target, True, checked)


class Brightway:
    """The full system of a footprint, as datapackages that bw2calc reads."""

    def __init__(self, footprint: Footprint) -> None:
        system = footprint.system
        folder = system.release.path / "datapackages"
        about = json.loads((system.release.path / "release.json").read_text(encoding="utf-8"))
        foreground = foreground_package(system, about["ids"])
        indicator = folder / system.inventory.rule.indicator
        self.packages = [str(folder / "background"), foreground, str(indicator)]
        self.demand = {FOREGROUND_ID + system.final: float(system.demand[system.final])}

    def fresh(self) -> Any:
        """An LCA from datapackages to score, factorised where bw2calc does so itself only on request."""
        lca = bc.LCA(self.demand, data_objs=self.packages)
        lca.lci(factorize=not bc.PYPARDISO)
        lca.lcia()
        return lca

    def again(self, lca: Any) -> None:
        lca.redo_lci(self.demand)
        lca.redo_lcia(self.demand)


def _checked(footprint: Footprint, label: str) -> str:
    differences = verify(footprint)
    worst = max(d.relative for d in differences)
    if worst > AGREEMENT:
        raise AssertionError(f"footprint on {label}: differs from bw2calc by {worst:.1e}")
    return f"{len(differences)} columns equal to {worst:.0e}"
