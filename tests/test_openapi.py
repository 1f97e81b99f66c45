"""The OpenAPI document: whole, bilingual, and what the server answers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from lcaengine.api.described import words

Json = dict[str, Any]
CHINESE = re.compile("[一-鿿]")


@pytest.fixture(scope="module")
def spec(http: httpx.Client) -> Json:
    body: Json = http.get("/openapi.json").json()
    return body


def operations(spec: Json) -> Iterator[tuple[Json, Json]]:
    for item in spec["paths"].values():
        yield from (
            (operation, item)
            for method, operation in item.items()
            if method in ("get", "post", "put", "patch", "delete")
        )


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_every_operation_is_described_in_both_languages(spec: Json) -> None:
    assert spec["openapi"].startswith("3.1")
    tags = {tag["name"]: tag.get("description", "") for tag in spec["tags"]}
    identifiers = [operation["operationId"] for operation, _ in operations(spec)]
    assert len(set(identifiers)) == len(identifiers)
    for operation, item in operations(spec):
        name = operation["operationId"]
        assert CHINESE.search(operation["summary"]), name
        assert re.search("[A-Za-z]{3}", operation["summary"]), name
        assert operation["description"], name
        assert all(CHINESE.search(tags[tag]) for tag in operation["tags"]), name
        assert len(operation["tags"]) == 1, name
        for parameter in [*operation.get("parameters", []), *item.get("parameters", [])]:
            assert parameter.get("description"), (name, parameter["name"])
        for status, given in operation["responses"].items():
            answer = spec["components"]["responses"][given["$ref"].rpartition("/")[2]] if "$ref" in given else given
            assert answer.get("description"), (name, status)
            if status.startswith(("4", "5")) and name != "postToken":
                assert "application/problem+json" in answer["content"], (name, status)


def test_no_words_are_left_of_operations_that_are_gone(spec: Json) -> None:
    assert set(words()["operations"]) <= {operation["operationId"] for operation, _ in operations(spec)}


def test_every_reference_leads_somewhere(spec: Json) -> None:
    found = set(references(spec))
    assert len(found) > 30
    for reference in found:
        target: Any = spec
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        assert target


def test_the_forms_that_are_told_are_given(http: httpx.Client, spec: Json) -> None:
    for path, item in spec["paths"].items():
        operation = item.get("get", {})
        forms = operation.get("responses", {}).get("200", {}).get("content", {})
        if "text/csv" not in forms or "{" in path or any(p.get("required") for p in operation.get("parameters", [])):
            continue
        for form in forms:
            answer = http.get(path, headers={"Accept": form}, params={"limit": 1} if form == "application/json" else {})
            assert (answer.status_code, answer.headers["Content-Type"].split(";")[0]) == (200, form), path
        assert http.get(path, headers={"Accept": "image/png"}).status_code == 406
