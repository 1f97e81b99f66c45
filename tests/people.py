"""People of organisations with API keys, as tests of access need them."""

from __future__ import annotations

import json
import re
from typing import Any

from background_fixtures import PROJECT
from flask.testing import FlaskClient

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
