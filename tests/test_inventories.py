"""The worked inventories: readable, complete, conserving, and every figure with its status."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from lcaengine.background import default_release
from lcaengine.bom import Bom, read_bom, read_plant
from lcaengine.footprint import Footprint, body, calculate
from lcaengine.inventory.values import all_activities, all_co_products, all_lines
from lcaengine.rules import find_rule

FOLDER = Path(__file__).parent.parent / "inventories"
CRAFT = FOLDER / "beer" / "craft-one-way-glass.json"
PLANT = FOLDER / "beer" / "shandong-lager-plant.json"
STATUS = re.compile(r"(published|derived|estimate|measured): \S")
Json = dict[str, Any]


def documents(path: Path) -> list[tuple[bytes, str]]:
    """One or more BOMs as bytes with their media type."""
    if path.suffix == ".csv":
        return [(path.read_bytes(), "text/csv")]
    return [(json.dumps(d).encode(), "application/json") for d in read_plant(path.read_bytes())]


def files(family: str = "*") -> list[Path]:
    found = (p for p in FOLDER.glob(f"{family}/*") if p.suffix in {".json", ".csv"})
    return sorted(
        p for p in found if p.parent.name not in ("cbam", "batch")
    )  # installations and goods without a rule; many in one file


def boms(family: str = "*") -> list[Any]:
    found = []
    for path in files(family):
        for i, (data, media_type) in enumerate(documents(path)):
            found.append(pytest.param(path, data, media_type, id=f"{path.parent.name}/{path.name}-{i}"))
    return found


def readme(path: Path) -> str:
    """The README beside an inventory; that of beer for the same figures under the formula."""
    beside = path.with_name("README.md").read_text(encoding="utf-8")
    return beside + (FOLDER / "beer" / "README.md").read_text(encoding="utf-8") if "beer-cff" in path.parts else beside


@cache
def footprint(data: bytes, media_type: str, boundary: str | None = None) -> Footprint:
    bom = read_bom(data, media_type)
    return calculate(bom, find_rule(bom.category), default_release(), boundary)


@pytest.mark.parametrize(("path", "data", "media_type"), boms())
def test_partitions_add_up(path: Path, data: bytes, media_type: str) -> None:
    for boundary in ("cradle_to_gate", "cradle_to_grave"):
        answer = body(footprint(data, media_type, boundary))
        total = answer["total"]["value"]
        assert total > 0
        for partition in ("stages", "lines", "gases"):
            assert sum(x["value"] for x in answer[partition]) == pytest.approx(total, rel=1e-9)


@pytest.mark.parametrize(("path", "data", "media_type"), boms())
def test_warnings_are_those_that_the_readme_admits(path: Path, data: bytes, media_type: str) -> None:
    answer = body(footprint(data, media_type))
    raised = {w.get("rule_id", "") for w in answer["warnings"]}
    assert raised == _admitted(path, answer["product"]["id"])


def _admitted(path: Path, product: str) -> set[str]:
    part = readme(path).split("Warnings to be expected", 1)[1].split("\n## ", 1)[0]
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")]
    return {rule_id for row in rows if product in row[0].split(", ") for rule_id in row[1].split(", ")}


@pytest.mark.parametrize(("path", "data", "media_type"), boms("beer*"))
def test_packaging_of_beer_is_complete(path: Path, data: bytes, media_type: str) -> None:
    """A container, a pallet and film; a closure and a label unless the container brings them."""
    roles = {line.role for line in read_bom(data, media_type).lines}
    assert {"pallet", "film"} <= roles
    assert "can" in roles or ({"crown_cork", "closure_plastic"} & roles and "label" in roles)
    assert roles & {"carton", "crate", "keg"}


def entries(path: Path) -> list[tuple[str, Json, float]]:
    """Every line, activity and co-product with the output, in its own unit, that it belongs to."""
    document = json.loads(path.read_bytes())
    owners = [*document.get("products", [document])]
    pairs = [(owner, owner["output"]["amount"] if "output" in owner else 1) for owner in owners]
    if "shared" in document:
        pairs.append((document["shared"], sum(hl for _, hl in pairs)))
    return [(row.get("id", "?"), row, hl) for owner, hl in pairs for row in _rows(owner)]


def _rows(owner: Json) -> list[Json]:
    activities = [row for rows in owner.get("activities", {}).values() for row in rows]
    return [*owner.get("lines", []), *activities, *owner.get("co_products", [])]


@pytest.mark.parametrize("path", [p for p in files() if p.suffix == ".json"], ids=lambda p: p.name)
def test_every_figure_has_its_status_and_stands_in_the_readme(path: Path) -> None:
    for name, row, output in entries(path):
        assert STATUS.match(row.get("note", "")), name
        status = row["note"].partition(":")[0]
        shown = f"| {row['amount']:,.15g} {row['unit']} | {row['amount'] / output:.4g} {row['unit']}"
        found = [x for x in readme(path).splitlines() if x.startswith(f"| `{name}` ") and shown in x]
        assert any(f"| {status} |" in x for x in found), (name, shown)


@pytest.mark.parametrize("path", [p for p in files() if p.suffix == ".json"], ids=lambda p: p.name)
def test_unread_sources_are_estimates(path: Path) -> None:
    for name, row, _ in entries(path):
        if re.search(r"unverified|recollection|no source", row["note"]):
            assert row["note"].startswith("estimate:") or "(estimate" in row["note"], name


def test_the_products_together_receive_the_shared_totals() -> None:
    """Conservation: the sum over the products of amount per hl times output is the total."""
    rule = find_rule("beer")
    read: list[Bom] = [read_bom(data, media) for data, media in documents(PLANT)]
    shared = json.loads(PLANT.read_bytes())["shared"]
    totals = {row["id"]: row["amount"] for row in _rows(shared)}
    received = dict.fromkeys(totals, 0.0)
    for bom in read:
        assert bom.output is not None
        every = [*all_lines(bom, rule), *all_activities(bom, rule), *all_co_products(bom, rule)]
        for entry, factor in every:
            if entry.id in received:
                output = bom.output.to("hl") / rule.declared_unit.to("hl")
                received[entry.id] += entry.quantity.amount * factor * output
    assert received == pytest.approx(totals, rel=1e-12)
    assert len(read) == 2


def test_json_and_csv_agree() -> None:
    answers = []
    for path in (CRAFT, CRAFT.with_suffix(".csv")):
        [(data, media_type)] = documents(path)
        answers.append(body(footprint(data, media_type)))
    as_json, as_csv = answers
    assert as_csv["total"]["value"] == pytest.approx(as_json["total"]["value"], rel=1e-12)
    for partition, key in (("stages", "stage"), ("lines", "line"), ("gases", "gas")):
        for one, other in zip(as_json[partition], as_csv[partition], strict=True):
            assert one[key] == other[key]
            assert other["value"] == pytest.approx(one["value"], rel=1e-12, abs=1e-12)
