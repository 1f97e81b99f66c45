"""Versions of rules over HTTP: drafts with optimistic locking, difference, impact, publishing; over a real socket."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012
from upkeep_fixtures import CHANGES, made, next_version, text_of

from lcaengine.background import Release
from lcaengine.demo import running_server
from lcaengine.rules.history import file_sha256

Json = dict[str, Any]
YAML = {"Content-Type": "text/yaml"}
WORDS = {"who": "association", "why": "approved"}
FIRST = "/v1/rules/soft-drink/versions/1.0.0"


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rules")


@pytest.fixture(scope="module")
def server(root: Path, release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server that may write to a folder of rules; nobody else's environment is changed."""
    with ExitStack() as stack:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("LCAENGINE_RULES", str(root))
            address = stack.enter_context(running_server(tmp_path_factory.mktemp("server")))
        yield stack.enter_context(httpx.Client(base_url=address, timeout=60))


@pytest.fixture
def drink(root: Path, server: httpx.Client, release: Release) -> Iterator[Path]:
    """A rule in the folder of the server, new for every test."""
    yield made(root, release)
    shutil.rmtree(root)
    root.mkdir()


def problem(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json()
    assert body["next_action"]
    assert "Traceback" not in answer.text
    return str(body["code"])


def put(server: httpx.Client, path: str, text: str | bytes, **headers: str) -> httpx.Response:
    return server.put(path, content=text, headers={**YAML, **{k.replace("_", "-"): v for k, v in headers.items()}})


# -- reading


def test_versions_and_etag(server: httpx.Client, drink: Path) -> None:
    next_version(drink, "1.1.0", CHANGES)
    listed = server.get("/v1/rules/soft-drink/versions").json()
    assert [(i["version"], i["state"]) for i in listed["items"]] == [("1.0.0", None), ("1.1.0", None)]
    answer = server.get(FIRST)
    assert answer.headers["ETag"] == f'"{file_sha256(drink)}"'
    assert answer.json()["id"] == "soft-drink"
    assert answer.json()["to_check"]
    assert server.get(FIRST, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    source = server.get(FIRST, headers={"Accept": "text/yaml"})
    assert source.content == drink.read_bytes()
    assert source.headers["Content-Type"].startswith("text/yaml")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/rules/cheese/versions"),
        ("GET", "/v1/rules/cheese/versions/1.0.0"),
        ("GET", "/v1/rules/beer/versions/9.0.0"),
        ("GET", "/v1/rules/beer/diff?old=9.0.0&new=1.0.0"),
        ("POST", "/v1/rules/beer/versions/9.0.0/publish"),
        ("POST", "/v1/rules/cheese/impact"),
    ],
)
def test_what_is_not_there(server: httpx.Client, method: str, path: str) -> None:
    given = WORDS if path.endswith("publish") else {"old": "1", "new": "1"}
    answer = server.request(method, path, json=given if method == "POST" else None)
    assert problem(answer, 404) in {"unknown_rule", "unknown_reference"}


def test_a_version_that_does_not_load_is_listed_with_its_problems(server: httpx.Client, drink: Path) -> None:
    drink.write_text("id: soft-drink\n", encoding="utf-8")
    (item,) = server.get("/v1/rules/soft-drink/versions").json()["items"]
    assert item["problems"]
    assert problem(server.get(FIRST), 422) == "required"
    assert "beer" in {rule["id"] for rule in server.get("/v1/rules").json()["items"]}


# -- drafts


def test_a_draft_is_created_and_changed(server: httpx.Client, drink: Path) -> None:
    path, text = "/v1/rules/soft-drink/versions/1.1.0", text_of(drink, {"version": "1.1.0"})
    created = put(server, path, text)
    assert created.status_code == 201, created.text
    assert created.headers["Location"].endswith(path)
    assert created.json()["state"] == "draft"
    file = drink.parent.parent / "1.1.0" / "rule.yaml"
    assert file.read_text(encoding="utf-8") == text
    assert created.headers["ETag"] == server.get(path).headers["ETag"] == f'"{file_sha256(file)}"'
    assert problem(put(server, path, text), 428) == "precondition_required"
    assert problem(put(server, path, text, If_Match='"0123"'), 412) == "precondition_failed"
    changed = put(server, path, text + "# x\n", If_Match=created.headers["ETag"])
    assert changed.status_code == 200
    assert changed.headers["ETag"] != created.headers["ETag"]
    assert problem(put(server, path, text, If_Match=created.headers["ETag"]), 412) == "precondition_failed"
    assert [h["state"] for h in changed.json()["history"]] == ["draft", "draft"]
    assert server.get("/v1/rules/soft-drink").json()["version"] == "1.0.0"  # a draft is not in force


def test_of_two_writers_with_one_etag_one_writes(server: httpx.Client, drink: Path) -> None:
    path, text = "/v1/rules/soft-drink/versions/1.1.0", text_of(drink, {"version": "1.1.0"})
    etag = put(server, path, text).headers["ETag"]
    texts = [f"{text}# writer {i}\n" for i in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda t: put(server, path, t, If_Match=etag), texts))
    assert sorted(a.status_code for a in answers) == [200] + [412] * 7
    winner = next(t for t, a in zip(texts, answers, strict=True) if a.status_code == 200)
    assert (drink.parent.parent / "1.1.0" / "rule.yaml").read_text(encoding="utf-8") == winner


def test_of_two_who_create_one_does(server: httpx.Client, drink: Path) -> None:
    path, text = "/v1/rules/soft-drink/versions/1.1.0", text_of(drink, {"version": "1.1.0"})
    with ThreadPoolExecutor(4) as pool:
        found = sorted(a.status_code for a in pool.map(lambda t: put(server, path, t), [text] * 4))
    assert found == [201, 428, 428, 428]


BAD: dict[str, tuple[Json, str]] = {
    "another id": ({"id": "cola"}, "rule_misplaced"),
    "another version": ({}, "rule_misplaced"),
    "unknown field": ({"version": "1.1.0", "colour": "gold"}, "unknown_field"),
    "formula bomb": ({"version": "1.1.0", "exchanges/0/amount": "9**9**9**9*declared"}, "bad_formula"),
    "code": ({"version": "1.1.0", "exchanges/0/amount": "__import__('os').getpid()"}, "bad_formula"),
    "its own base": ({"version": "1.1.0", "extends": "soft-drink@1.1.0"}, "unknown_base"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_draft_that_would_not_load_is_refused(server: httpx.Client, drink: Path, name: str) -> None:
    changes, code = BAD[name]
    answer = put(server, "/v1/rules/soft-drink/versions/1.1.0", text_of(drink, changes))
    assert code in {problem(answer, 422)} | {e["code"] for e in answer.json()["errors"]}
    assert [p.name for p in drink.parent.parent.iterdir()] == ["1.0.0"]


@pytest.mark.parametrize(
    ("text", "status", "code"),
    [
        (b"a: [1", 422, "not_yaml"),
        (b"\xff\xfe", 422, "not_yaml"),
        (b"", 422, "not_an_object"),
        (b"a: &a [x]\nb: [*a, *a]\n", 422, "yaml_alias"),
        (b"a: " + b"x" * 2_100_000, 413, "too_large"),
        (b"a: " + b"x" * 8_100_000, 413, "too_large"),
        (b"[" * 50_000, 422, "not_yaml"),
    ],
    ids=["broken", "binary", "empty", "alias", "large", "very large", "deep"],
)
def test_what_is_no_rule_is_refused(server: httpx.Client, drink: Path, text: bytes, status: int, code: str) -> None:
    assert problem(put(server, "/v1/rules/soft-drink/versions/1.1.0", text), status) == code
    assert [p.name for p in drink.parent.parent.iterdir()] == ["1.0.0"]


@pytest.mark.parametrize(
    "path",
    [
        "Soft/versions/1.0.0",
        "..%2f..%2fx/versions/1.0.0",
        "cola/versions/1.0",
        "cola/versions/..",
        "a_b/versions/1.0.0",
    ],
)
def test_names_that_are_none_are_refused(server: httpx.Client, drink: Path, path: str) -> None:
    assert put(server, f"/v1/rules/{path}", text_of(drink)).status_code in {404, 405, 422}


def test_other_types_and_a_server_that_may_not_write(http: httpx.Client, server: httpx.Client, drink: Path) -> None:
    path = "/v1/rules/soft-drink/versions/1.1.0"
    assert problem(server.put(path, json={}), 415) == "content_type"
    assert problem(server.post(f"{FIRST}/publish", content="x", headers=YAML), 415) == "content_type"
    assert problem(put(http, path, text_of(drink, {"version": "1.1.0"})), 409) == "no_rule_folder"


def test_bases_that_come_round_are_refused(server: httpx.Client, drink: Path) -> None:
    over = {"id": "cola", "version": "1.0.0", "extends": "soft-drink@1.0.0", "status": "x", "categories": ["cola"],
            "hs_codes": [], "title": {"zh": "可乐", "en": "Cola"}, "notice": {"zh": "x", "en": "x"}}  # fmt: skip
    assert put(server, "/v1/rules/cola/versions/1.0.0", yaml.safe_dump(over)).status_code == 201
    round_again = text_of(drink, {"extends": "cola@1.0.0"})
    answer = put(server, FIRST, round_again, If_Match=f'"{file_sha256(drink)}"')
    assert problem(answer, 422) == "cyclic_inheritance"


def test_what_is_published_elsewhere_is_not_changed(server: httpx.Client, drink: Path) -> None:
    etag = server.get("/v1/rules/beer/versions/1.0.0").headers["ETag"]
    source = server.get("/v1/rules/beer/versions/1.0.0", headers={"Accept": "text/yaml"}).content
    assert problem(put(server, "/v1/rules/beer/versions/1.0.0", source, If_Match=etag), 409) == "published_immutable"


# -- publishing, difference, impact


def test_publish_difference_and_impact(server: httpx.Client, drink: Path) -> None:
    etag = server.get(FIRST).headers["ETag"]
    assert problem(server.post(f"{FIRST}/publish", json=WORDS), 428) == "precondition_required"
    stale = server.post(f"{FIRST}/publish", json=WORDS, headers={"If-Match": '"0"'})
    assert problem(stale, 412) == "precondition_failed"
    nameless = server.post(f"{FIRST}/publish", json={"why": "x"}, headers={"If-Match": etag})
    assert problem(nameless, 422) == "required"
    published = server.post(f"{FIRST}/publish", json=WORDS, headers={"If-Match": etag})
    assert published.status_code == 200, published.text
    assert (published.json()["state"], published.json()["history"][0]["who"]) == ("published", "association")
    again = server.post(f"{FIRST}/publish", json=WORDS, headers={"If-Match": etag})
    assert problem(again, 409) == "bad_transition"
    assert problem(put(server, FIRST, drink.read_bytes(), If_Match=etag), 409) == "published_immutable"

    second = "/v1/rules/soft-drink/versions/1.1.0"
    text = text_of(drink, {"version": "1.1.0", **CHANGES, "parameters/distribution_road/default": 600})
    assert put(server, second, text).status_code == 201
    refused = server.post(f"{second}/publish", json=WORDS, headers={"If-Match": server.get(second).headers["ETag"]})
    assert problem(refused, 422) == "no_tests"
    versions = {"old": "1.0.0", "new": "1.1.0"}
    found = server.get("/v1/rules/soft-drink/diff", params=versions).json()
    assert (found["level"], found["counts"]) == ("minor", {"added": 0, "removed": 0, "changed": 1})
    assert "600 km" in found["changes"][0]["text"]["zh"]

    bom = json.loads(next((drink.parent / "inventories").glob("soft*.json")).read_text(encoding="utf-8"))
    stored = server.post("/v1/footprints", json=bom).json()
    withheld = server.post("/v1/footprints?impact=no", json=bom).json()
    listed = {i["id"]: i["impact_allowed"] for i in server.get("/v1/footprints").json()["items"]}
    assert (listed[stored["id"]], listed[withheld["id"]]) == (True, False)
    assert problem(server.post("/v1/footprints?impact=perhaps", json=bom), 422) == "bad_query"
    effect = server.post("/v1/rules/soft-drink/impact", json=versions).json()
    (record,) = [e for e in effect["effects"] if e["kind"] == "record"]
    assert record["id"] == stored["id"]
    assert effect["not_allowed"] == 1
    assert record["old"] == stored["total"]["value"]
    assert record["change"] == pytest.approx(0.105 * 0.0978, rel=1e-9)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [("{", 400, "not_json"), ("[]", 400, "not_an_object"), ('{"old": 1, "new": "1.0.0"}', 422, "not_a_text"), ('{"old": "1.0.0", "new": "1.0.0", "x": 1}', 422, "unknown_field")],
)  # fmt: skip
def test_bad_bodies(server: httpx.Client, body: str, status: int, code: str) -> None:
    answer = server.post("/v1/rules/beer/impact", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer, status) == code


def test_a_bad_query(server: httpx.Client) -> None:
    assert problem(server.get("/v1/rules/beer/diff?old=1.0.0"), 422) == "bad_query"


def test_an_edited_file_is_found_while_the_server_runs(server: httpx.Client, drink: Path) -> None:
    etag = server.get(FIRST).headers["ETag"]
    assert server.post(f"{FIRST}/publish", json=WORDS, headers={"If-Match": etag}).status_code == 200
    drink.write_bytes(drink.read_bytes() + b"# edited\n")
    assert problem(server.get(FIRST), 422) == "published_changed"
    assert problem(server.get("/v1/rules/soft-drink"), 422) == "published_changed"


@pytest.mark.parametrize(
    ("method", "path", "template"),
    [
        ("get", "/v1/rules/beer", "/v1/rules/{identifier}"),
        ("get", "/v1/rules/beer/versions", "/v1/rules/{identifier}/versions"),
        ("get", "/v1/rules/beer/versions/1.0.0", "/v1/rules/{identifier}/versions/{version}"),
        ("get", "/v1/rules/beer/diff?old=1.0.0&new=1.0.0", "/v1/rules/{identifier}/diff"),
        ("post", "/v1/rules/beer/impact", "/v1/rules/{identifier}/impact"),
    ],
)
def test_answers_are_as_openapi_says(server: httpx.Client, method: str, path: str, template: str) -> None:
    openapi = server.get("/openapi.json").json()
    answer = server.request(method, path, json={"old": "1.0.0", "new": "1.0.0"} if method == "post" else None)
    assert answer.status_code == 200, answer.text
    schema = openapi["paths"][template][method]["responses"]["200"]["content"]["application/json"]["schema"]
    registry = Registry().with_resource("urn:api", Resource(openapi, DRAFT202012))
    validator = Draft202012Validator({"$ref": "urn:api" + schema["$ref"]}, registry=registry)
    assert list(validator.iter_errors(answer.json())) == []
    described = openapi["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["properties"]
    assert set(described) == set(answer.json())
