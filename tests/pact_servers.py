"""Two servers that speak PACT to each other: real processes, HTTPS on loopback with a CA of the tests, each with its own database."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import trustme
from servers import shipped_server

from lcaengine.store import Store, open_store
from lcaengine.store.credentials import Caller, add_credential
from lcaengine.store.organisations import Organisation, add_organisation
from lcaengine.store.roles import SCOPES

Json = dict[str, Any]


@dataclass(frozen=True)
class Host:
    """A server with an organisation of its own, and one for its partner, which has an OAuth client."""

    address: str
    key: str
    client: tuple[str, str]
    ca: Path
    folder: Path

    def __call__(self, method: str, path: str, status: int, **given: Any) -> Any:
        with httpx.Client(
            base_url=self.address, verify=ssl.create_default_context(cafile=self.ca), timeout=30
        ) as client:
            headers = {"Authorization": f"Bearer {self.key}", **given.pop("headers", {})}
            found = client.request(method, path, headers=headers, **given)
        assert found.status_code == status, found.text
        return found.json() if found.content else None


def credentials(store: Store, organisation: str, partner: str) -> tuple[str, tuple[str, str]]:
    """A key of the organisation, and a client of its partner that may do nothing but read by PACT."""
    add_organisation(store, Organisation(organisation, organisation.title(), ("manufacturer",), ("beer",)))
    add_organisation(store, Organisation(partner, partner.title(), ("exporter",), ()))
    scopes = SCOPES - {"server:read", "server:write"}
    _, key = add_credential(store, Caller(organisation, SCOPES), "key", scopes)
    client, secret = add_credential(store, Caller(partner, SCOPES), "client", ["pact:read"], "client")
    return key, (client.id, secret)


@contextmanager
def serving(folder: Path, ca: trustme.CA, organisation: str, partner: str) -> Iterator[Host]:
    folder.mkdir()
    bundle, certificate = folder / "ca.pem", folder / "server.pem"
    ca.cert_pem.write_to_path(bundle)
    ca.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(certificate)
    database = f"sqlite:///{folder / 'store.sqlite'}"
    store = open_store(database)
    key, client = credentials(store, organisation, partner)
    store.engine.dispose()
    with shipped_server(
        folder, "--tls-cert", str(certificate), "--tls-key", str(certificate),
        LCAENGINE_DATABASE=database, LCAENGINE_AUTH="required", LCAENGINE_PACT_CA=str(bundle), LCAENGINE_PACT_PRIVATE="yes",
    ) as server:  # fmt: skip
        yield Host(f"https://localhost:{server.port}", key, client, bundle, folder)
