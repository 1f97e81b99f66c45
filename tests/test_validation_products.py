"""docs/validation.md, appliances and tyres: every number called "ours" is calculated again, every miss has its reason.

A row begins with a worked inventory in back quotes (`refrigerator/multi-door-500l`); ``what`` says which result stands in it:
a boundary, ``/ id`` per a measure of the rule, ``+ id`` with a module that the rule reports apart, ``only a, b`` some stages,
``; name=value`` with a parameter or choice of the rule changed.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lcaengine.background import default_release
from lcaengine.bom import bom_of, read_plant
from lcaengine.footprint import body, calculate
from lcaengine.rules import find_rule

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "validation.md"
USUAL = (0.7, 1.4)
STUDIES = ("ADEME", "CPCD", "Lin", "Best Foot Forward", "BEIS")


def rows() -> list[dict[str, str]]:
    """The rows of tables whose first cell is an inventory, as header → cell."""
    found: list[dict[str, str]] = []
    header: list[str] = []
    for line in DOCUMENT.read_text(encoding="utf-8").splitlines():
        cells = [c.strip() for c in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            header = []
        elif not header:
            header = [re.sub(r"[^a-z]+", " ", c.lower()).strip() for c in cells]
        elif re.fullmatch(r"`[a-z0-9-]+/[a-z0-9-]+`", cells[0]):
            assert len(cells) == len(header), line
            found.append(dict(zip(header, cells, strict=True)))
    return found


@cache
def answer(inventory: str, boundary: str, *changes: str) -> dict[str, Any]:
    (document,) = read_plant((ROOT / "inventories" / f"{inventory}.json").read_bytes())
    for name, value in (change.split("=") for change in changes):
        parameters = document.setdefault("parameters", {})
        parameters[name] = value if value.isalpha() else float(value)
    bom = bom_of(document)
    return body(calculate(bom, find_rule(bom.category), default_release(), boundary))


def ours(inventory: str, what: str) -> float:
    what, *changes = (part.strip() for part in what.split(";"))
    what, _, only = (part.strip() for part in what.partition("only"))
    boundary, *rest = re.split(r"\s*([/+])\s*", what)
    found = answer(inventory, boundary, *changes)
    wanted = [stage.strip() for stage in only.split(",")] if only else [s["stage"] for s in found["stages"]]
    value = sum(float(s["value"]) for s in found["stages"] if s["stage"] in wanted)
    for sign, name in zip(rest[::2], rest[1::2], strict=True):
        if sign == "/":
            value = next(p["value"] for p in found["per"] if p["what"] == name) * value / found["total"]["value"]
        else:
            value += next(m["value"] for m in found["modules"] if m["module"] == name)
    return value


def number(text: str) -> float:
    return float(text.replace(" ", "").replace("*", "").replace("−", "-"))


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['inventory']} {row['study']}")
def test_ours_is_what_the_engine_says(row: dict[str, str]) -> None:
    found = ours(row["inventory"].strip("`"), row["what"])
    decimals = len(row["ours"].partition(".")[2])
    assert number(row["ours"]) == pytest.approx(found, abs=0.501 * 10**-decimals)
    ratio = found / number(row["theirs"])
    assert number(row["ratio"]) == pytest.approx(ratio, abs=0.00501)
    if not USUAL[0] <= ratio <= USUAL[1]:
        assert len(row["why"]) > 40, "a miss has its reason"


def test_every_study_named_has_a_row() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert [study for study in STUDIES if study not in text] == []
    assert len(rows()) >= 15
