"""The integrators' page: its examples run against a real server with authentication, as a reader would run them."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from background_fixtures import PROJECT
from people import server_set_up

from lcaengine.background import Release
from lcaengine.client import Client

PAGE = (PROJECT / "docs/integrate.md").read_text(encoding="utf-8")
TYPES = re.findall(r"^```(\w*)$", PAGE, re.M)[::2]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


@pytest.fixture(scope="module")
def server(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    """The administrator of a server with another organisation on it."""
    assert release.id  # built before
    with (
        server_set_up(tmp_path_factory.mktemp("integrate") / "server") as (address, key),
        Client(address, key=key) as api,
    ):
        api.request("POST", "/v1/organisations", json={
            "id": "haier", "name": "Haier", "roles": ["exporter"], "administrator": {"email": "a@haier.example", "name": "Li"},
        })  # fmt: skip
        yield api


@pytest.fixture
def reader(server: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Client:
    """What the page says that its reader has: an address, a key, a client, and the worked inventories."""
    (tmp_path / "inventories").symlink_to(PROJECT / "inventories")
    monkeypatch.chdir(tmp_path)
    client = server.make_key("ERP", ["footprints:read"], kind="client")
    key = server.make_key("reader", ["footprints:read", "footprints:write", "batches:read", "batches:write"])
    given = {
        "LCAENGINE": server.address,
        "KEY": key["secret"],
        "CLIENT_ID": client["id"],
        "CLIENT_SECRET": client["secret"],
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return server


def test_every_example_is_of_a_kind_that_is_run() -> None:
    assert set(TYPES) == {"text", "sh", "python", "powerquery"}
    assert len(blocks("sh")) >= 4


@pytest.mark.usefixtures("reader")
def test_the_examples_for_curl_run(server: Client) -> None:
    script = "set -euo pipefail\n" + "\necho\n".join(blocks("sh"))
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "access_token" in done.stdout
    assert '"depth": "stages"' in done.stdout
    newest = next(iter(server.footprints()))
    assert f"/v1/footprints/{newest['id']}/shares/" in done.stdout


@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("example", blocks("python"), ids=lambda text: re.findall(r"api\.(post_\w+)", text)[0])
def test_the_examples_in_python_run(example: str) -> None:
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile(example, "docs/integrate.md", "exec"), {})
    if "post_footprint" in example:
        assert re.search(r"^\d+\.\d+ kg CO2e$", said.getvalue(), re.M)
        assert "/product" in said.getvalue()  # the problems of the incomplete one, with their places
    else:
        assert said.getvalue() == "done results.csv\n"
        assert Path("results.csv").stat().st_size > 100


@pytest.mark.usefixtures("reader")
def test_the_request_of_power_query_is_answered_with_the_table_that_it_reads(server: Client) -> None:
    """Power Query itself is not here: the request as it would make it, and the answer as it would read it."""
    made = server.post_footprint("inventories/beer/craft-one-way-glass.json")
    (query,) = blocks("powerquery")
    path, accept = re.findall(r'RelativePath = "([^"]*)"', query)[0], re.findall(r'Accept = "([^"]*)"', query)[0]
    asked = dict(re.findall(r'(\w+) = "([^"]*)"', re.findall(r"Query = \[(.*?)\]", query)[0]))
    headers = {"Authorization": f"Bearer {os.environ['KEY']}", "Accept": accept}
    answer = httpx.get(f"{server.address}/{path}", params=asked, headers=headers)
    assert answer.status_code == 200
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0]["编号 Id"] == made["id"]
    assert float(rows[0]["总量 Total"]) == made["total"]["value"]
