"""Text that would be SQL, a path, a header or nothing that can be seen, wherever a request takes text: refused or not found, never obeyed."""

from __future__ import annotations

import re
from itertools import product
from urllib.parse import quote

from flask import Flask
from people import BEER, Person
from sqlalchemy import text

from lcaengine.store import Store

TEXTS = {
    "sql": "x' OR '1'='1", "sql drop": "x'; DROP TABLE footprints; --", "like": "%", "path": "../../../../etc/passwd",
    "backslash": "..\\..\\windows\\win.ini", "encoded": "%2e%2e%2fetc%2fpasswd", "nul": "a\0b", "header": "a\r\nSet-Cookie: x=1",
    "half": "\ufffd\ud800".encode("utf-8", "replace").decode(), "turned": "\u202egnp.exe", "long": "x" * 5000,
    "template": "{{7*7}}${7*7}", "empty": " ",
}  # fmt: skip
SECRETS = ("root:x:0:0", "49${", "[fonts]")


def test_as_an_id_or_a_name_in_a_path(operator: Person, guarded: Flask) -> None:
    operator("POST", "/v1/footprints", 201, json=BEER)
    asked = 0
    for given, rule in product(TEXTS.values(), guarded.url_map.iter_rules()):
        if "<" not in rule.rule or not rule.rule.startswith(("/v1/", "/3/", "/welcome/")):
            continue
        path = re.sub(r"<[^>]*>", quote(given, safe=""), rule.rule)
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"}):
            found = operator.client.open(
                path, method=method, headers=operator.headers, base_url="https://localhost", json={}
            )
            told = found.get_data(as_text=True)
            found.close()
            asked += 1
            assert 400 <= found.status_code < 500, (method, path, told)
            assert not any(secret in told for secret in SECRETS)
            assert "Set-Cookie" not in found.headers
    assert asked > 50 * len(TEXTS)
    assert operator("GET", "/v1/footprints", 200)["count"] == 1


def test_as_a_filter(operator: Person, store: Store) -> None:
    """A filter that nothing fits finds nothing; one that is no text at all is refused."""
    operator("POST", "/v1/footprints", 201, json=BEER)
    for given, name in product(TEXTS.values(), ("category", "product", "gtin", "hs_code")):
        found = operator.client.get("/v1/footprints", query_string={name: given}, headers=operator.headers)
        assert found.status_code in (200, 422), found.get_data(as_text=True)
        if found.status_code == 200 and given.strip():
            assert found.get_json()["count"] == 0, name
    with store.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM footprints")).scalar() == 1


def test_as_a_header(operator: Person) -> None:
    names = ("Accept-Language", "If-None-Match", "X-Request-ID", "Origin", "Accept", "Host")
    for given, name in product((TEXTS["sql"], TEXTS["template"], "a\tb", "x" * 9000, "é"), names):
        headers = {**operator.headers, name: given.encode().decode("latin-1")}
        found = operator.client.get("/v1/footprints", headers=headers)
        assert found.status_code < 500, (name, found.get_data(as_text=True))
        assert given not in str(found.headers), name
