"""People of organisations with API keys, as tests of access need them."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from background_fixtures import PROJECT
from flask.testing import FlaskClient
from servers import shipped_server

BEER = json.loads((PROJECT / "inventories/beer/craft-one-way-glass.json").read_bytes())
FORM = {
    "organisation": "青岛啤酒 Tsingtao", "roles": ["manufacturer", "association", "exporter"], "categories": "beer", "name": "王 Wang",
    "email": "wang@example.com",
}  # fmt: skip


class Person:
    """A client with an API key."""

    def __init__(self, client: FlaskClient, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def __call__(self, method: str, path: str, status: int, **given: Any) -> Any:
        headers = {**self.headers, **given.pop("headers", {})}
        found = self.client.open(path, method=method, headers=headers, **given)
        found.get_data()
        found.close()
        assert found.status_code == status, found.get_data(as_text=True)
        return found.get_json() if found.mimetype.endswith("json") else found

    def key(self, *scopes: str, **given: Any) -> Person:
        made = self("POST", "/v1/keys", 201, json={"name": "k", "scopes": list(scopes), **given})
        return Person(self.client, made["secret"])


def key_on(page: str) -> str:
    """The key that a welcome page shows."""
    return re.findall(r"lca_[0-9a-f]{16}_[\w-]{43}", page)[0]


def other(operator: Person, identifier: str = "haier", roles: tuple[str, ...] = ("manufacturer", "exporter")) -> Person:
    """The administrator of another organisation, set up as he would."""
    made = operator("POST", "/v1/organisations", 201, json={
        "id": identifier, "name": identifier.title(), "roles": list(roles),
        "administrator": {"email": f"admin@{identifier}.example", "name": "Li"},
    })  # fmt: skip
    page = operator.client.post(made["administrator"]["welcome"])
    assert page.status_code == 201
    return Person(operator.client, key_on(page.get_data(as_text=True)))


@contextmanager
def server_set_up(work: Path) -> Iterator[tuple[str, str]]:
    """A real server with authentication, set up by its first link: its address, and the administrator's key."""
    work.mkdir()
    with shipped_server(work, "--auth", LCAENGINE_RATE_LOGIN="1000 per minute") as server:
        link = _welcome(work / "server.out")
        yield server.address, key_on(httpx.post(link, data=FORM, timeout=60).text)


def _welcome(output: Path) -> str:
    """The link for the first administrator, which is printed after the address."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if found := re.findall(r"http\S+/welcome/\S+(?=\s)", output.read_text(encoding="utf-8")):
            return found[0]
        time.sleep(0.02)
    raise AssertionError(output.read_text(encoding="utf-8"))
