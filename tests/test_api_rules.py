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
        plain = {"Accept-Encoding": "identity"}  # the ETag of a compressed answer is another
        yield stack.enter_context(httpx.Client(base_url=address, timeout=60, headers=plain))


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
    assert [i["name"] for i in answer.json()["inventories"]] == ["more-0", "more-1", "soft-drink-example"]
    seen = {"If-None-Match": answer.headers["ETag"]}
    assert server.get(FIRST, headers=seen).status_code == 200  # its state and files change without the rule's
    assert server.get(FIRST, headers={"Accept": "text/yaml", **seen}).status_code == 304
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


# -- what stands beside a rule


def put_json(server: httpx.Client, path: str, document: Any, **headers: str) -> httpx.Response:
    content = document if isinstance(document, (str, bytes)) else json.dumps(document)
    given = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return server.put(path, content=content, headers=given)


def beside(path: Path) -> tuple[str, str, list[Json]]:
    """Rule, tests and inventories of a rule as texts, as an association would send them."""
    inventories = sorted((path.parent / "inventories").glob("*.json"))
    test = (path.parent / "tests" / "example.yaml").read_text(encoding="utf-8")
    return path.read_text(encoding="utf-8"), test, [json.loads(i.read_text(encoding="utf-8")) for i in inventories]


def test_an_association_publishes_over_http_alone(server: httpx.Client, root: Path, drink: Path) -> None:
    """Nothing is in the folder at first: rule, test and three inventories come by PUT."""
    rule, test, inventories = beside(drink)
    shutil.rmtree(drink.parent.parent)
    assert put(server, FIRST, rule).status_code == 201
    etag = server.get(FIRST).headers["ETag"]
    refused = server.post(f"{FIRST}/publish", json=WORDS, headers={"If-Match": etag})
    problem(refused, 422)
    assert {e["code"] for e in refused.json()["errors"]} == {"no_tests", "few_inventories"}

    for i, document in enumerate(inventories):
        assert put_json(server, f"{FIRST}/inventories/soft-drink-{i}", document).status_code == 201
    test = test.replace("soft-drink-example.json", "soft-drink-2.json")
    made = put(server, f"{FIRST}/tests/by-hand", test)
    assert made.status_code == 201, made.text
    assert made.headers["Location"].endswith(f"{FIRST}/tests/by-hand")
    version = server.get(FIRST).json()
    assert [i["name"] for i in version["inventories"]] == ["soft-drink-0", "soft-drink-1", "soft-drink-2"]
    (entry,) = version["tests"]
    assert entry == made.json()
    kept = server.get(entry["links"]["self"])
    assert (kept.text, kept.headers["ETag"]) == (test, f'"{entry["sha256"]}"')
    assert server.get(version["inventories"][0]["links"]["self"]).json() == inventories[0]

    assert server.get(f"{FIRST}/lint").json()["findings"] == []
    results = server.post(f"{FIRST}/tests").json()
    assert (results["passed"], results["count"] > 0) == (True, True), results
    effect = server.post("/v1/rules/soft-drink/impact", json={"old": "1.0.0", "new": "1.0.0"}).json()
    assert len([e for e in effect["effects"] if e["kind"] == "inventory" and e["change"] == 0]) == 3
    matching = {"If-Match": etag}
    assert server.post(f"{FIRST}/review", json=WORDS, headers=matching).json()["state"] == "review"
    published = server.post(f"{FIRST}/publish", json=WORDS, headers=matching)
    assert (published.status_code, published.json()["state"]) == (200, "published"), published.text
    answer = server.post("/v1/footprints", json=inventories[0])
    assert answer.status_code == 201, answer.text
    assert answer.json()["rule"]["sha256"] == server.get("/v1/rules/soft-drink").json()["sha256"]

    own = {"If_Match": kept.headers["ETag"]}
    assert problem(put(server, FIRST, rule, If_Match=etag), 409) == "published_immutable"
    assert problem(put(server, f"{FIRST}/tests/by-hand", "[]", **own), 409) == "published_immutable"
    assert problem(put(server, f"{FIRST}/tests/more", test), 409) == "published_immutable"
    assert problem(put_json(server, f"{FIRST}/inventories/more", inventories[0]), 409) == "published_immutable"
    assert server.get(entry["links"]["self"]).text == test
    assert problem(server.post(f"{FIRST}/review", json=WORDS, headers=matching), 409) == "bad_transition"
    assert problem(server.post(f"{FIRST}/withdraw", json=WORDS), 428) == "precondition_required"
    assert problem(server.post(f"{FIRST}/withdraw", json=WORDS, headers={"If-Match": '"0"'}), 412)
    assert server.post(f"{FIRST}/withdraw", json=WORDS, headers=matching).json()["state"] == "withdrawn"
    assert problem(server.post("/v1/footprints", json=inventories[0]), 404) == "no_published_version"
    assert [p.name for p in root.rglob(".*")] == []


def test_a_file_beside_a_draft_is_changed_with_if_match(server: httpx.Client, drink: Path) -> None:
    _, test, _ = beside(drink)
    path = f"{FIRST}/tests/example"
    etag = server.get(path).headers["ETag"]
    assert problem(put(server, path, test), 428) == "precondition_required"
    assert problem(put(server, path, test, If_Match='"0"'), 412) == "precondition_failed"
    assert problem(put(server, f"{FIRST}/tests/new", test, If_Match=etag), 412) == "precondition_failed"
    texts = [f"{test}# writer {i}\n" for i in range(6)]
    with ThreadPoolExecutor(6) as pool:
        found = sorted(a.status_code for a in pool.map(lambda t: put(server, path, t, If_Match=etag), texts))
    assert found == [200] + [412] * 5
    assert server.get(path, headers={"If-None-Match": etag}).status_code == 200
    assert server.get(path, headers={"If-None-Match": server.get(path).headers["ETag"]}).status_code == 304


def test_a_change_beside_a_rule_under_review_makes_it_a_draft_again(server: httpx.Client, drink: Path) -> None:
    matching = {"If-Match": server.get(FIRST).headers["ETag"]}
    assert server.post(f"{FIRST}/review", json=WORDS, headers=matching).status_code == 200
    assert put(server, f"{FIRST}/tests/more", "[]").status_code == 201
    (item,) = server.get("/v1/rules/soft-drink/versions").json()["items"]
    assert [h["state"] for h in item["history"]] == ["review", "draft"]


CASE = "- {name: x, input: {inventory: soft-drink-example.json}, output: {total: 1}}\n"
NO_TESTS: dict[str, tuple[str | bytes, int, str]] = {
    "broken": ("[", 422, "not_yaml"),
    "binary": (b"\xff", 422, "not_yaml"),
    "no list": ("a: 1", 422, "not_a_list"),
    "code": ("- !!python/object/apply:os.getpid []", 422, "not_yaml"),
    "large": (b"# " + b"x" * 2_100_000, 413, "too_large"),
    "bomb": ("- &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(f"- &{b} [{', '.join(['*' + a] * 10)}]\n" for a, b in zip("abcdef", "bcdefg", strict=True)), 422, "too_large"),
    "long texts": (f"- &a {'x' * 100_000}\n" + "- *a\n" * 400, 422, "too_large"),
    "within itself": ("- &a [*a]", 422, "too_large"),
    "too many": (CASE * 501, 422, "too_large"),
    "no name": ("- {input: {bom: {}}, output: {}}", 422, "required"),
    "a day": ("- {name: x, input: {bom: {period: {start: 2025-01-01}}}, output: {}}", 422, "not_a_text"),
    "bytes": ("- {name: !!binary aGk=, input: {bom: {}}, output: {}}", 422, "not_a_text"),
    "a set": ("- {name: x, input: {bom: !!set {a}}, output: {}}", 422, "not_a_text"),
    "a number as key": ("- {name: x, input: {bom: {1: 2}}, output: {}}", 422, "not_a_text"),
    "half a character": ('- {name: "\\ud800", input: {bom: {}}, output: {}}', 422, "half_character"),
    "infinite": ("- {name: x, input: {bom: {}}, output: {total: .inf}}", 422, "not_a_number"),
    "huge": ("- {name: x, input: {bom: {a: 1" + "0" * 400 + "}}, output: {}}", 422, "not_a_number"),
    "a word as total": ("- {name: x, input: {bom: {}}, output: {total: high}}", 422, "not_a_number"),
    "a word as limit": ("- {name: x, input: {bom: {}}, output: {lines: {a: {min: low}}}}", 422, "not_a_number"),
    "warnings": ("- {name: x, input: {bom: {}}, output: {warnings: 3}}", 422, "not_a_list"),
    "a list as product": ("- {name: x, input: {inventory: x, product: [1]}, output: {}}", 422, "not_a_text"),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_TESTS)
def test_what_is_no_file_of_tests_is_refused(server: httpx.Client, drink: Path, name: str) -> None:
    text, status, code = NO_TESTS[name]
    assert problem(put(server, f"{FIRST}/tests/new", text), status) == code
    assert [p.name for p in (drink.parent / "tests").iterdir()] == ["example.yaml"]


@pytest.mark.parametrize("inventory", ["../../rule.yaml", "/etc/passwd", "x" * 5000, '"a\\0b"', "nothing.json"])
def test_a_test_reads_no_other_files(server: httpx.Client, drink: Path, inventory: str) -> None:
    text = f"- {{name: x, input: {{inventory: {inventory}}}, output: {{}}}}"
    answer = put(server, f"{FIRST}/tests/new", text)
    if answer.status_code == 422:
        assert problem(answer, 422) == "half_character"
        return
    results = server.post(f"{FIRST}/tests").json()
    assert results["passed"] is False
    assert [p["code"] for t in results["tests"] for p in t["problems"]] == ["no_inventory"]


@pytest.mark.parametrize(
    ("document", "status", "code"),
    [("{", 400, "not_json"), ("[]", 400, "not_an_object"), ({}, 422, "required"), ({"lines": "x"}, 422, None), (b"x" * 2_100_000, 413, "too_large")],
)  # fmt: skip
def test_what_is_no_inventory_is_refused(
    server: httpx.Client, drink: Path, document: Any, status: int, code: str | None
) -> None:
    answer = put_json(server, f"{FIRST}/inventories/new", document)
    assert problem(answer, status) == (code or answer.json()["code"])
    assert not (drink.parent / "inventories" / "new.json").exists()


@pytest.mark.parametrize(
    "name", ["A", "a_b", "a.b", "%2e%2e", "..%2f..%2fx", "a%00b", "%E8%8C%B6", "a" * 61, ".hidden"]
)
@pytest.mark.parametrize("folder", ["tests", "inventories"])
def test_names_of_files_are_plain(server: httpx.Client, drink: Path, folder: str, name: str) -> None:
    before = sorted(drink.parent.parent.rglob("*"))
    send = put if folder == "tests" else put_json
    assert send(server, f"{FIRST}/{folder}/{name}", "[]").status_code in {404, 405, 422}
    assert server.get(f"{FIRST}/{folder}/{name}").status_code in {404, 405}
    assert sorted(drink.parent.parent.rglob("*")) == before


def test_beside_a_rule_of_another_folder_nothing_is_written(
    server: httpx.Client, http: httpx.Client, drink: Path
) -> None:
    beer = "/v1/rules/beer/versions/1.0.0"
    assert problem(put(server, f"{beer}/tests/new", "[]"), 409) == "not_writable"
    assert problem(put_json(server, f"{beer}/inventories/new", beside(drink)[2][0]), 409) == "not_writable"
    matching = {"If-Match": "*"}
    for verb in ("review", "publish", "withdraw"):
        assert problem(server.post(f"{beer}/{verb}", json=WORDS, headers=matching), 409) == "not_writable"
    assert problem(put(http, f"{beer}/tests/new", "[]"), 409) == "no_rule_folder"
    assert problem(put(server, "/v1/rules/soft-drink/versions/9.0.0/tests/new", "[]"), 404) == "unknown_reference"
    assert problem(server.get(f"{FIRST}/tests/nothing"), 404) == "nothing_beside"
    assert problem(put_json(server, f"{FIRST}/tests/new", "[]"), 415) == "content_type"
    assert problem(put(server, f"{FIRST}/inventories/new", "{}"), 415) == "content_type"


def test_there_is_a_limit_of_files(server: httpx.Client, drink: Path) -> None:
    for i in range(49):
        (drink.parent / "tests" / f"t{i}.yaml").write_text("[]", encoding="utf-8")
    assert problem(put(server, f"{FIRST}/tests/new", "[]"), 422) == "too_many_beside"


def test_lint_says_also_why_a_version_does_not_load(server: httpx.Client, drink: Path) -> None:
    drink.write_text("id: soft-drink\n", encoding="utf-8")
    body = server.get(f"{FIRST}/lint").json()
    assert body["count"] == len(body["findings"]) > 0
    assert all(f["file"] and f["line"] and f["next_action"] for f in body["findings"])
    problem(server.post(f"{FIRST}/tests"), 422)


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
        ("get", "/v1/rules/beer/versions/1.0.0/lint", "/v1/rules/{identifier}/versions/{version}/lint"),
        ("post", "/v1/rules/beer/versions/1.0.0/tests", "/v1/rules/{identifier}/versions/{version}/tests"),
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
