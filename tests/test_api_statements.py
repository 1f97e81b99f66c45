"""Statements over HTTP: a server of its own, so that its keys are nobody's; OpenAPI is tested with all others in test_api."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from boms import INVENTORIES, as_bytes, canned
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from lcaengine.background import Release
from lcaengine.cli import main
from lcaengine.demo import running_server
from lcaengine.statements.verifying import verify

Json = dict[str, Any]
JSON = {"Content-Type": "application/json"}
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def server(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    work = tmp_path_factory.mktemp("statements")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LCAENGINE_KEYS", str(work / "keys"))
        with running_server(work) as address:
            yield address, work


@pytest.fixture(scope="module")
def http(server: tuple[str, Path]) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=server[0], timeout=60) as client:
        yield client


def test_solving_again_asks_the_issuer_too(
    http: httpx.Client, footprint: str, server: tuple[str, Path], tmp_path: Path
) -> None:
    body = issued(http, footprint)
    bundle = tmp_path / "bundle.zip"
    bundle.write_bytes(http.get(f"/v1/statements/{body['id']}/bundle").content)
    elsewhere = ("--key", server[0], "--database", f"sqlite:///{tmp_path / 'other.sqlite'}", "--recompute", "--json")
    asked = ["statement", "verify", str(bundle), *elsewhere]
    assert json.loads(CliRunner().invoke(main, asked).stdout)["outcome"] == "valid"
    revoke(http, body, {"reason": "meter"})
    told = CliRunner().invoke(main, asked)
    assert (told.exit_code, json.loads(told.stdout)["outcome"]) == (1, "revoked")


@pytest.fixture(scope="module")
def footprint(http: httpx.Client) -> str:
    answer = http.post("/v1/footprints", content=(INVENTORIES / "keg-brewery.json").read_bytes(), headers=JSON)
    return str(answer.json()["id"])


def issued(http: httpx.Client, footprint: str, **changes: Any) -> Json:
    order = {"footprint": footprint, "customer": "Example Imports GmbH", "cbam": {"on": "2026-06-30"}, **changes}
    answer = http.post("/v1/statements", json=order)
    assert answer.status_code == 201, answer.text
    body: Json = answer.json()
    assert answer.headers["Location"].endswith(body["links"]["self"])
    assert http.get(body["links"]["self"]).json() == body
    return body


def revoke(http: httpx.Client, statement: Json, asked: Json) -> httpx.Response:
    seen = http.get(statement["links"]["self"]).headers["ETag"]
    return http.post(statement["links"]["revoke"], json=asked, headers={"If-Match": seen})


def verdict(http: httpx.Client, document: Json, recompute: bool = False) -> Json:
    answer = http.post("/v1/statements/verify", json=document, params={"recompute": recompute})
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    return body


def refused(answer: httpx.Response, status: int) -> list[tuple[str, str]]:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    return [(e["code"], e["pointer"]) for e in answer.json()["errors"]]


def test_a_statement_is_issued_kept_listed_and_verified(http: httpx.Client, footprint: str) -> None:
    body = issued(http, footprint, depth="lines")
    assert (body["status"], body["footprint"], body["customer"]) == ("issued", footprint, "Example Imports GmbH")
    assert [e["event"] for e in body["events"]] == ["issued"]
    assert body["document"]["statement"]["id"] == body["id"]
    listed = http.get("/v1/statements", params={"limit": 1}).json()
    assert listed["items"] == [{k: v for k, v in body.items() if k not in ("events", "document")}]
    found = verdict(http, body["document"], recompute=True)
    assert (found["outcome"], found["status_checked"], found["recomputed"]) == ("valid", True, True)


@pytest.mark.parametrize(
    ("form", "starts"), [("pdf", b"%PDF-1.7"), ("xlsx", b"PK"), ("html", b"<!DOCTYPE html>"), ("json", b"{")]
)
@pytest.mark.parametrize("lang", ["zh", "en", "both"])
def test_a_statement_as_a_document(http: httpx.Client, footprint: str, form: str, starts: bytes, lang: str) -> None:
    identifier = issued(http, footprint)["id"]
    answer = http.get(f"/v1/statements/{identifier}/document", params={"form": form, "lang": lang})
    assert answer.status_code == 200
    assert answer.content.lower().startswith(starts.lower())
    assert f'filename="statement-{identifier}.{form}"' in answer.headers["Content-Disposition"]
    if form in ("pdf", "json"):
        found = http.post(
            "/v1/statements/verify",
            content=answer.content,
            headers={"Content-Type": "application/pdf" if form == "pdf" else "application/json"},
        ).json()
        assert found["outcome"] == "valid"
    missing = http.get(f"/v1/statements/{NOBODY}/document", params={"form": form})
    assert refused(missing, 404) == [("statement_unknown", "")]


def test_a_bundle_is_fetched_and_verified(http: httpx.Client, footprint: str) -> None:
    body = issued(http, footprint)
    answer = http.get(f"/v1/statements/{body['id']}/bundle")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/zip")
    zipped = {"Content-Type": "application/zip"}
    asked = {"recompute": True}
    found = http.post("/v1/statements/verify", content=answer.content, headers=zipped, params=asked).json()
    assert (found["outcome"], found["covers"], found["recomputed"]) == ("valid", "bundle", True)
    flipped = bytearray(answer.content)
    flipped[len(flipped) // 2] ^= 1
    found = http.post("/v1/statements/verify", content=bytes(flipped), headers=zipped).json()
    assert (found["outcome"], found["recomputed"]) == ("altered", None)
    assert refused(http.post("/v1/statements/verify", content=b"PK", headers=zipped), 400)
    revoke(http, body, {"reason": "x"})
    assert http.post("/v1/statements/verify", content=answer.content, headers=zipped).json()["outcome"] == "revoked"
    assert refused(http.get(f"/v1/statements/{NOBODY}/bundle"), 404) == [("statement_unknown", "")]


def test_the_public_keys_verify_without_the_server(http: httpx.Client, footprint: str) -> None:
    answer = http.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "x", "kid", "alg", "use"}
    document = issued(http, footprint)["document"]
    assert verify(json.dumps(document).encode(), answer.json()).outcome == "valid"


def test_revoked_and_superseded(http: httpx.Client, footprint: str) -> None:
    old = issued(http, footprint)
    new = issued(http, footprint, supersedes=old["id"], why="newer data")
    found = verdict(http, old["document"])
    assert (found["outcome"], found["superseded_by"]) == ("superseded", new["id"])
    answer = revoke(http, new, {"reason": "电表读数有误"})
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (200, "revoked", "电表读数有误")
    found = verdict(http, new["document"])
    assert found["outcome"] == "revoked"
    assert "电表读数有误" in found["findings"][0]["message"]
    assert refused(revoke(http, new, {"reason": "x"}), 409) == [("statement_is_revoked", "")]
    order = {"footprint": footprint, "customer": "A", "supersedes": new["id"]}
    assert refused(http.post("/v1/statements", json=order), 409) == [("statement_not_in_force", "")]


def test_what_was_altered_is_named(http: httpx.Client, footprint: str) -> None:
    document = issued(http, footprint)["document"]
    value = document["statement"]["total"]["value"]
    document["statement"]["total"]["value"] = 1
    found = verdict(http, document)
    assert found["outcome"] == "altered"
    assert found["differences"] == [{"pointer": "/total/value", "stated": 1, "found": value}]
    answer = http.post("/v1/statements/verify", json=document, headers={"Accept-Language": "zh"})
    assert "签名" in answer.json()["findings"][0]["message"]


def test_what_is_missing_is_named_in_the_readers_language(http: httpx.Client) -> None:
    made = http.post("/v1/footprints", content=as_bytes(canned()), headers=JSON).json()
    count = http.get("/v1/statements").json()["count"]
    order = {"footprint": made["id"], "customer": "A", "cbam": None}
    answer = http.post("/v1/statements", json=order, headers={"Accept-Language": "zh"})
    assert sorted(refused(answer, 422)) == [
        ("statement_content_missing", f"/reasons/{item}") for item in ("cbam", "issuer", "reference_period")
    ]
    assert "数据所属时期" in answer.text
    assert http.get("/v1/statements").json()["count"] == count


@pytest.mark.parametrize(
    ("changes", "status", "wanted"),
    [
        ({"footprint": NOBODY}, 404, [("unknown_footprint", "")]),
        ({"customer": None}, 422, [("null", "/customer")]),
        ({"customer": 5}, 422, [("not_a_text", "/customer")]),
        ({"cheese": 5}, 422, [("unknown_field", "/cheese")]),
        ({"depth": "all"}, 422, [("bad_query", "/depth")]),
        ({"valid_until": "soon"}, 422, [("bad_query", "/valid_until")]),
        ({"valid_until": "2020-01-01"}, 422, [("statement_expired", "/valid_until")]),
        ({"reasons": {"cheese": {"zh": "无", "en": "none"}}}, 422, [("statement_unknown_item", "/reasons/cheese")]),
        ({"reasons": {"cbam": "none"}}, 422, [("not_an_object", "/reasons/cbam")]),
        ({"cbam": {"on": "2026-13-01"}}, 422, [("bad_query", "/cbam/on")]),
        ({"cbam": {"installations": [NOBODY]}}, 404, [("cbam_unknown_record", "")]),
        ({"supersedes": NOBODY}, 404, [("statement_unknown", "")]),
    ],
    ids=str,
)  # fmt: skip
def test_bad_orders(
    http: httpx.Client, footprint: str, changes: Json, status: int, wanted: list[tuple[str, str]]
) -> None:
    order = {"footprint": footprint, "customer": "A", **changes}
    assert refused(http.post("/v1/statements", json=order), status) == wanted


@pytest.mark.parametrize("path", ["/v1/statements", f"/v1/statements/{NOBODY}/revoke", "/v1/statements/verify"])
def test_what_cannot_be_read(http: httpx.Client, path: str) -> None:
    assert refused(http.post(path, content=b"{", headers={"Content-Type": "text/csv"}), 415) == [("media_type", "")]
    assert http.post(path, content=b"{", headers=JSON).status_code == 400
    assert http.post(path, content=b"[]", headers=JSON).status_code == 400


def test_an_empty_reason_revokes_nothing(http: httpx.Client, footprint: str) -> None:
    body = issued(http, footprint)
    assert refused(revoke(http, body, {"reason": ""}), 422) == [("bad_query", "/reason")]
    for unseen in (" ", "\0"):
        assert refused(revoke(http, body, {"reason": unseen}), 422) == [("bad_query", "/reason")]
    assert refused(http.post(f"/v1/statements/{NOBODY}/revoke", json={"reason": "x"}), 404) == [
        ("statement_unknown", "")
    ]
    assert refused(http.get("/v1/statements/%00"), 404) == [("statement_unknown", "")]
    assert verdict(http, body["document"])["outcome"] == "valid"


def test_answers_have_every_field_that_openapi_says(http: httpx.Client, footprint: str) -> None:
    openapi = http.get("/openapi.json").json()
    registry = Registry().with_resource("urn:api", Resource(openapi, DRAFT202012))
    body = issued(http, footprint)
    for name, answer in (
        ("Statement", body),
        ("StatementPage", http.get("/v1/statements").json()),
        ("Verdict", verdict(http, body["document"])),
        ("Jwks", http.get("/.well-known/jwks.json").json()),
    ):
        described = openapi["components"]["schemas"][name]["properties"]
        assert set(answer) == set(described), name
        schema = {"$ref": f"urn:api#/components/schemas/{name}"}
        assert list(Draft202012Validator(schema, registry=registry).iter_errors(answer)) == [], name


def test_the_command_line_asks_the_issuers_server(
    http: httpx.Client, server: tuple[str, Path], footprint: str, tmp_path: Path
) -> None:
    body = issued(http, footprint)
    file = tmp_path / "statement.json"
    file.write_text(json.dumps(body["document"], indent=1), encoding="utf-8")
    arguments = ["statement", "verify", str(file), "--key", server[0], "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["status_checked"] is True
    revoke(http, body, {"reason": "wrong"})
    result = CliRunner().invoke(main, arguments)
    assert (result.exit_code, json.loads(result.stdout)["outcome"]) == (1, "revoked")


def test_a_restart_keeps_statements_and_keys(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LCAENGINE_KEYS", str(tmp_path / "keys"))
    with running_server(tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
        made = client.post(
            "/v1/footprints", content=(INVENTORIES / "keg-brewery.json").read_bytes(), headers=JSON
        ).json()
        body = issued(client, made["id"], depth="lines")
        public = client.get("/.well-known/jwks.json").json()
    with running_server(tmp_path) as address, httpx.Client(base_url=address, timeout=60) as client:
        assert client.get("/.well-known/jwks.json").json() == public
        assert client.get(body["links"]["self"]).json() == body
        assert verdict(client, body["document"], recompute=True)["recomputed"] is True
