"""Five hundred requests made up from the OpenAPI document, half of them wrong, against the application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from contract import CHECKS, PLAIN, Known, filled, ids_for, keeps_to_the_document, path_parameters
from flask import Flask
from lcaengine.api import create_app
from schemathesis.core.failures import FailureGroup

from lcaengine.background import Release
from lcaengine.store import open_store

REQUESTS = 500
QUERIES = {
    "GET /v1/cbam/defaults": {"cn_code": "72083600", "country": "CN"},
    "GET /v1/cbam/goods": {"q": "7318"},
    "GET /v1/rules/{identifier}/diff": {"old": "1.0.0", "new": "1.0.0"},
}


@pytest.fixture(scope="module")
def app(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """With folders of its own for rules and keys, so that what is written is written."""
    work = tmp_path_factory.mktemp("contract")
    store = open_store(f"sqlite:///{work / 'store.sqlite'}")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("rules", "keys"):
            patch.setenv(f"LCAENGINE_{name.upper()}", str(work / name))
        yield create_app(release, store)
    store.engine.dispose()


@pytest.fixture(scope="module")
def known(app: Flask) -> Known:
    client = app.test_client()
    return filled(lambda path, data, media: client.post(path, data=data, content_type=media).json)


def operations(app: Flask) -> list[Any]:
    return [found.ok() for found in schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations()]


def test_every_answer_is_documented_and_none_is_our_mistake(app: Flask, known: Known) -> None:
    wrong, statuses, every = [], Counter[int](), operations(app)
    for operation in every:
        try:
            statuses += keeps_to_the_document(operation, REQUESTS // len(every) + 2, known)
        except (FailureGroup, Exception) as error:
            wrong.append(f"{operation.label}: {getattr(error, 'exceptions', error)}")
    assert wrong == []
    assert statuses.total() >= REQUESTS
    assert min(statuses[200], statuses[404], statuses[422]) > 20


def test_what_is_there_is_answered_as_documented(app: Flask, known: Known) -> None:
    """Every GET of something that is stored or shipped: made-up requests seldom find anything."""
    statuses = Counter[int]()
    for operation in operations(app):
        if operation.method == "get":
            names = path_parameters(operation)
            path = {name: ids_for(operation, known).get(name, "none") for name in names}
            case = operation.Case(path_parameters=path, query=QUERIES.get(operation.label, {}))
            answer = case.call(headers=PLAIN)
            case.validate_response(answer, checks=CHECKS)
            statuses[answer.status_code] += 1
    assert statuses[200] > 35


def test_an_answer_that_is_not_documented_is_found(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The check itself: an endpoint that answers something else is not let through."""
    health = next(o for o in operations(app) if o.path == "/healthz")
    for answer in (("", 418), ("crash", 500), ("{}", 200, {"Content-Type": "text/html"}), ({"status": 7}, 200)):
        monkeypatch.setitem(app.view_functions, "health.Healthz", lambda found=answer: found)
        with pytest.raises(FailureGroup):
            keeps_to_the_document(health, 2, {})


def test_no_operation_describes_any_other_status(app: Flask) -> None:
    document = app.test_client().get("/openapi.json").json
    for path, item in document["paths"].items():
        for method in set(item) & {"get", "post", "put", "patch", "delete"}:
            assert "default" not in item[method]["responses"], path
            assert {"403", "429", "503"} <= set(item[method]["responses"]), path
