"""The OpenAPI document: whole, bilingual, and what the server answers."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from lcaengine.api.described import examples, words

Json = dict[str, Any]
APART = {"postToken", "listPactV3Footprints", "getPactV3Footprint", "postPactV3Event"}  # by their own protocols
ROOT = Path(__file__).resolve().parent.parent
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
            if status.startswith(("4", "5")) and name not in APART:
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


# -- examples


@pytest.fixture(scope="module")
def answered(http: httpx.Client) -> dict[str, tuple[Any, httpx.Response]]:
    """Every example asked for again (docs/examples.py)."""
    sys.path.insert(0, str(ROOT / "docs"))
    import examples as made

    try:
        return made.asked(http)
    finally:
        sys.path.remove(str(ROOT / "docs"))
        sys.modules.pop("examples")


def shape(value: Any) -> Any:
    """Keys, without what stands under ids, and what may be null."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items() if inner not in (None, [], {})}
    return (
        [shape(inner) for inner in value[:1]] if isinstance(value, list) else type(value) in (int, float) or type(value)
    )


def unknown(value: Any, schema: Json, spec: Json, where: str = "") -> Iterator[str]:
    """Fields of an answer that its schema does not have."""
    while "$ref" in schema:
        schema = spec["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        for inner in value:
            yield from unknown(inner, schema.get("items", {}), spec, where + "/*")
    elif isinstance(value, dict) and "properties" in schema:
        for key, inner in value.items():
            if key in schema["properties"]:
                yield from unknown(inner, schema["properties"][key], spec, f"{where}/{key}")
            else:
                yield f"{where}/{key}"


def test_the_examples_are_what_is_answered(answered: dict[str, tuple[Any, httpx.Response]]) -> None:
    assert set(examples()) == set(answered)
    for name, (body, answer) in answered.items():
        own = shape(examples()[name]["response"])
        now = shape(answer.json())
        more = {"next", "items"}  # other tests may have kept something before, or not
        assert set(own) - more == set(now) - more, name  # else: python docs/examples.py
        assert ("request" in examples()[name]) == (body is not None)


def test_answers_have_no_field_that_is_not_described(
    spec: Json, answered: dict[str, tuple[Any, httpx.Response]]
) -> None:
    by_name = {operation["operationId"]: operation for operation, _ in operations(spec)}
    for name, (_, answer) in answered.items():
        content = by_name[name]["responses"][str(answer.status_code)]["content"]["application/json"]
        assert content["example"] == examples()[name]["response"]
        assert list(unknown(answer.json(), content["schema"], spec)) == [], name


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("matchBom", "/v1/boms/match"), ("postFootprint", "/v1/footprints"), ("postCbamScreening", "/v1/cbam/screenings"),
        ("postCbamInstallation", "/v1/cbam/installations"), ("postCbamAnswer", "/v1/cbam/answers"),
        ("verifyStatement", "/v1/statements/verify"),
    ],
)  # fmt: skip
def test_an_example_can_be_posted_as_it_stands(http: httpx.Client, spec: Json, name: str, path: str) -> None:
    operation = spec["paths"][path]["post"]
    assert operation["operationId"] == name
    answer = http.post(path, json=operation["requestBody"]["content"]["application/json"]["example"])
    assert answer.status_code in (200, 201), answer.text
