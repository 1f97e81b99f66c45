"""Five hundred requests made up from the OpenAPI document, half of them wrong, against the application."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from contract import filled, keeps_to_the_document
from flask import Flask
from lcaengine.api import create_app
from schemathesis.core.failures import FailureGroup

from lcaengine.background import Release
from lcaengine.store import open_store

REQUESTS = 500


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


def operations(app: Flask) -> list[Any]:
    return [found.ok() for found in schemathesis.openapi.from_wsgi("/openapi.json", app).get_all_operations()]


def test_every_answer_is_documented_and_none_is_our_mistake(app: Flask) -> None:
    client, wrong, statuses = app.test_client(), [], Counter[int]()
    known = filled(lambda path, data, media: client.post(path, data=data, content_type=media).json)
    every = operations(app)
    for operation in every:
        try:
            statuses += keeps_to_the_document(operation, REQUESTS // len(every) + 1, known)
        except Exception as error:
            wrong.append(f"{operation.label}: {getattr(error, 'exceptions', error)}")
    assert wrong == []
    assert sum(statuses.values()) >= REQUESTS * 0.8
    assert min(statuses[200], statuses[404], statuses[422]) > 20


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
