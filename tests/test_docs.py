"""The examples in the documentation run, and what it states is what comes out."""

import json
import re
import shlex
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from lcaengine.background import default_release
from lcaengine.bom import read_bom
from lcaengine.bom.schema import ActivitiesSchema, BomSchema, LineSchema
from lcaengine.bom.sheet import COLUMNS
from lcaengine.cbam.installation import calculate_installation, installation_body
from lcaengine.cbam.installation.reading import read_installation
from lcaengine.cbam.installation.schema import (
    DocumentSchema,
    PfcSchema,
    PrecursorSchema,
    ProductionProcessSchema,
    SourceStreamSchema,
)
from lcaengine.cli import main
from lcaengine.footprint import calculate
from lcaengine.problems import texts
from lcaengine.rules import find_rule

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "docs" / "cbam").glob("*.md"))]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.S)


@pytest.mark.parametrize(("language", "media_type"), [("json", "application/json"), ("csv", "text/csv")])
def test_the_bill_of_materials_of_the_manual_runs(language: str, media_type: str) -> None:
    (example,) = blocks("docs/bom.md", language)
    footprint = calculate(read_bom(example.encode(), media_type), find_rule("beer"), default_release())
    assert footprint.value > 0
    assert footprint.system.inventory.boundary == "cradle_to_grave"


def test_the_manual_names_every_field_and_column() -> None:
    text = (ROOT / "docs/bom.md").read_text(encoding="utf-8")
    fields = {*BomSchema().fields, *LineSchema().fields, *ActivitiesSchema().fields, *COLUMNS}
    assert sorted(f for f in fields if f not in text) == []


def test_the_installation_of_the_manual_runs() -> None:
    (example,) = blocks("docs/cbam/installation.md", "json")
    goods = installation_body(calculate_installation(read_installation(example.encode())[1]))["goods"]
    assert [g["cn_code"] for g in goods] == ["72171039", "73181588"]
    assert all(g["see"]["declarable"]["total"]["exact"] > g["see"]["indicative"]["total"]["exact"] > 0 for g in goods)


def test_the_manual_names_every_field_of_an_installation() -> None:
    text = (ROOT / "docs/cbam/installation.md").read_text(encoding="utf-8")
    fields = {
        *DocumentSchema().fields,
        *SourceStreamSchema().fields,
        *PfcSchema().fields,
        *ProductionProcessSchema().fields,
        *PrecursorSchema().fields,
    }
    refused_or_plain = {
        "boundary",
        "gwp",
        "supplier_footprint",
        "id",
        "name",
        "note",
        "unit",
        "operator",
        "installation",
        "registry_id",
    }
    assert sorted(f for f in fields - refused_or_plain if f"`{f}`" not in text) == []


def commands() -> list[str]:
    found = [
        line
        for page in PAGES
        for block in blocks(str(page.relative_to(ROOT)), "console")
        for line in block.splitlines()
    ]
    return sorted({line.removeprefix("$ ") for line in found if line.startswith("$ lcaengine")})


def test_there_are_commands_to_try() -> None:
    assert len(commands()) >= 5


@pytest.mark.parametrize("command", commands())
def test_every_command_of_the_documentation_runs(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    result = CliRunner().invoke(main, shlex.split(command)[1:])
    assert result.exit_code == 0, result.output
    assert result.output.strip()


def test_the_error_of_the_api_page_is_the_one_answered() -> None:
    (example,) = blocks("docs/api.md", "json")
    error = json.loads(example)["errors"][0]
    assert error["code"] in texts()
    assert error["next_action"] == texts()[error["code"]]["next_en"]


def test_links_between_pages_lead_somewhere() -> None:
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_results_of_the_readme_are_what_comes_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    import results

    try:
        assert results.START + results.table() + results.END in (ROOT / "README.md").read_text(encoding="utf-8")
    finally:
        sys.modules.pop("results")
