"""The page that says which provision is implemented where names modules and acts that there are."""

from __future__ import annotations

import re

import pytest
from background_fixtures import PROJECT

from lcaengine.cbam.tables import tables

PAGE = (PROJECT / "docs" / "cbam" / "law.md").read_text(encoding="utf-8")
FOLDER = PROJECT / "lcaengine" / "cbam"
MODULES = {path.stem for path in FOLDER.rglob("*.py")} | {path.name for path in FOLDER.iterdir() if path.is_dir()}
IMPLEMENTED = PAGE.split("## 已实现")[1].split("\n## ")[0]


def test_every_module_named_exists() -> None:
    named = {
        name
        for row in IMPLEMENTED.splitlines()
        if row.startswith("| ")
        for name in re.findall(r"`(\w+)`", row.split("|")[-2])
    }
    assert len(named) > 15
    assert named - MODULES - {"module"} == set()


@pytest.mark.parametrize("act", [a for a in tables().acts if re.fullmatch(r"20\d\d/\d+|COM\(\d+\) \d+", a)])
def test_every_act_of_the_tables_is_named(act: str) -> None:
    assert act in PAGE


def test_every_row_is_in_both_languages() -> None:
    rows = [r for r in PAGE.splitlines() if r.startswith("| ") and not r.startswith(("| act", "| provision"))]
    assert len(rows) > 50
    for row in rows:
        assert re.search("[一-鿿]", row), row
        assert re.search("[a-z]{3}", row), row
