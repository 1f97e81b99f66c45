"""Background releases over HTTP: what is built here, what it holds, and the difference of two."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from background_fixtures import PROJECT
from click.testing import CliRunner
from flask.testing import FlaskClient
from lcaengine.api import create_app
from quick_release import only, quick_release_of, tiny

from lcaengine.background import Release
from lcaengine.background.release import release_by_id
from lcaengine.cli import main
from lcaengine.store import open_store

Json = dict[str, Any]
OLD, NEW = "0" * 64, "1" * 64


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two tiny releases as if built on this machine: in the new one a loaf takes twice the flour."""

    def edit(rows: list[dict[str, str]]) -> None:
        only(rows, process="bread", target="flour")["amount"] = "1600"  # g

    cache = tmp_path_factory.mktemp("cache")
    for identifier, edits in ((OLD, {}), (NEW, {"exchanges": edit})):
        made = quick_release_of(tiny(cache / "tables" / identifier / "tables", **edits))
        shutil.copytree(made.path, cache / "releases" / identifier)
        meta = cache / "releases" / identifier / "release.json"
        about = json.loads(meta.read_text(encoding="utf-8"))
        meta.write_text(json.dumps({**about, "id": identifier, "version": identifier[0]}), encoding="utf-8")
    (cache / "secret").mkdir()
    shutil.copy(meta, cache / "secret" / "release.json")
    return cache


@pytest.fixture
def client(cache: Path, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("LCAENGINE_CACHE", str(cache))
    release_by_id.cache_clear()
    return create_app(release, open_store(f"sqlite:///{tmp_path / 'store.sqlite'}")).test_client()


def test_what_is_built_here_is_listed_and_the_servers_own_marked(client: FlaskClient, release: Release) -> None:
    body = client.get("/v1/backgrounds").json
    assert [(item["id"], item["default"]) for item in body["items"]] == [
        (release.id, True), (NEW, False), (OLD, False),
    ]  # fmt: skip
    assert body["items"][0]["gwp"] == "IPCC AR6 GWP100 (EF 3.1)"
    assert (body["items"][1]["processes"], body["items"][1]["builder"]) == (6, None)
    one = client.get("/v1/backgrounds?limit=1&sort=version").json
    assert (one["items"][0]["id"], one["count"]) == (OLD, 3)
    assert client.get(one["next"]).json["items"][0]["id"] == NEW
    table = client.get("/v1/backgrounds", headers={"Accept": "text/csv", "Accept-Language": "en"}).text
    assert [row["Version"] for row in csv.DictReader(table.lstrip("\ufeff").splitlines())] == [
        release.version,
        "1",
        "0",
    ]


def test_the_numbers_of_the_embedded_release_are_those_of_its_tables(client: FlaskClient, release: Release) -> None:
    tables, found = PROJECT / "background_data", client.get(f"/v1/backgrounds/{release.id}")
    statuses, sectors, sources = Counter[str](), Counter[str](), set()
    for path in tables.glob("*/exchanges.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            statuses.update(row["status"] for row in csv.DictReader(file))
    for path in tables.glob("*/processes.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            sectors[path.parent.name] += len(list(csv.DictReader(file)))
    for path in (*tables.glob("sources.csv"), *tables.glob("*/sources.csv")):
        if path.parent.name == "cbam":
            continue
        with path.open(encoding="utf-8-sig", newline="") as file:
            sources |= {row["id"] for row in csv.DictReader(file)}
    body = found.json
    assert body["status"] == {name: statuses[name] for name in ("measured", "published", "derived", "estimate")}
    assert {row["sector"]: row["processes"] for row in body["sectors"]} == sectors
    assert sum(row["exchanges"] for row in body["sectors"]) == statuses.total()
    assert (body["sources"], body["processes"], body["default"]) == (len(sources), sectors.total(), True)
    assert len(body["indicators"]) == len(release.indicators) > 0
    again = client.get(f"/v1/backgrounds/{release.id}", headers={"If-None-Match": found.headers["ETag"]})
    assert again.status_code == 304


def test_the_difference_is_the_commands(client: FlaskClient) -> None:
    body = client.get(f"/v1/backgrounds/{NEW}/diff?old={OLD}").json
    (moved,) = body["moved"]
    flour = only(moved["causes"], target="flour")
    assert (moved["code"], flour["amount"]) == ("bread", {"before": 0.8, "after": 1.6})
    assert (body["old"]["id"], body["new"]["id"]) == (OLD, NEW)
    by_command = CliRunner().invoke(main, ["background", "diff", OLD, NEW, "--json"])
    assert body == json.loads(by_command.stdout)
    assert client.get(f"/v1/backgrounds/{NEW}/diff?old={OLD}&threshold=2").json["moved"] == []
    assert client.get(f"/v1/backgrounds/{NEW}/diff?old={NEW}").json["moved"] == []


@pytest.mark.parametrize(
    "identifier", ["2" * 64, "..", "../secret", "..%2Fsecret", "%2e%2e%2fsecret", "%00", "*", "0", OLD[:-1] + "G", OLD + "%0A"]
)  # fmt: skip
def test_nothing_but_an_id_of_a_built_release_is_found(client: FlaskClient, identifier: str) -> None:
    for path in (f"/v1/backgrounds/{identifier}", f"/v1/backgrounds/{identifier}/diff?old={OLD}"):
        answer = client.get(path)
        assert answer.status_code == 404, path
        assert "tiny" not in answer.text
    old = client.get(f"/v1/backgrounds/{NEW}/diff?old={identifier}")
    assert (old.status_code, old.json["code"]) == (
        (404, "no_release") if identifier == "2" * 64 else (422, "bad_query")
    )


def test_a_release_of_another_builder_is_told(cache: Path, client: FlaskClient) -> None:
    folder = cache / "releases" / ("3" * 64)
    shutil.copytree(cache / "releases" / OLD, folder)
    (folder / "scores.npy").unlink()
    answer = client.get(f"/v1/backgrounds/{folder.name}")
    shutil.rmtree(folder)
    assert (answer.status_code, answer.json["code"]) == (404, "release_unreadable")


@pytest.mark.parametrize("threshold", ["-1", "nan", "inf", "x"])
def test_a_threshold_is_a_number(client: FlaskClient, threshold: str) -> None:
    assert client.get(f"/v1/backgrounds/{NEW}/diff?old={OLD}&threshold={threshold}").status_code == 422
