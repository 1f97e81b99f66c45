"""What several test files share: one server for the session, on loopback, with a database of its own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from lcaengine.background import Release, default_release
from lcaengine.demo import running_server


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
