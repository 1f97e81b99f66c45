"""Publishing a footprint on record to named receivers: nothing is published by itself."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from json import loads

from lcaengine.background import Release
from lcaengine.pact.events import announce
from lcaengine.pact.issue import Particulars, gate_answer, product_footprint
from lcaengine.pact.schema import URN
from lcaengine.problems import Problem, Refused
from lcaengine.store import Store
from lcaengine.store.pact import Published, Publisher, get_published, get_publisher, publish, set_publisher

MAX_RECEIVERS = 200
_DOMAIN = re.compile(r"[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]{1,253}(:\d{1,5})?(/[A-Za-z0-9._~/-]{0,100})?")
_URN = re.compile(str(URN["pattern"]))


def introduce(store: Store, organisation_id: str, publisher: Publisher) -> Publisher:
    """Keep how an organisation presents itself; raises `Refused` with all that cannot be."""
    if problems := list(_publisher_problems(publisher)):
        raise Refused(problems)
    set_publisher(store, organisation_id, publisher)
    return publisher


def publish_footprint(
    store: Store, organisation_id: str, footprint_id: str, receivers: Sequence[str], said: Particulars, release: Release | None = None
) -> Published:  # fmt: skip
    """Issue a ProductFootprint of a footprint on record, keep it for its receivers and tell those that are partners.

    Raises `NotFound`, `NotActive`, and `Refused` with all that is missing.
    """
    if problems := list(_receiver_problems(receivers)) + list(_urn_problems(said)):
        raise Refused(problems)
    publisher = get_publisher(store, organisation_id)
    record = store.get(organisation_id, footprint_id)
    if said.follows:
        get_published(store, organisation_id, said.follows)
    document = product_footprint(
        gate_answer(record, release), loads(record.document), publisher, said, str(uuid.uuid4()), _now()
    )
    published = publish(store, organisation_id, footprint_id, document, receivers)
    announce(store, published)
    return published


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)  # as PACT writes it


def _publisher_problems(publisher: Publisher) -> Iterator[Problem]:
    if not publisher.company_name.strip() or "\0" in publisher.company_name or len(publisher.company_name) > 200:
        yield Problem("pact_publisher_field", "/company_name", {"field": "company_name"})
    if not publisher.company_ids or not all(_is_urn(urn) for urn in publisher.company_ids):
        yield Problem("pact_publisher_field", "/company_ids", {"field": "company_ids"})
    if publisher.domain and not _DOMAIN.fullmatch(publisher.domain):
        yield Problem("pact_publisher_field", "/domain", {"field": "domain"})
    if not _ADDRESS.fullmatch(publisher.address) or publisher.address.endswith("/"):
        yield Problem("pact_publisher_field", "/address", {"field": "address"})


def _receiver_problems(receivers: Sequence[str]) -> Iterator[Problem]:
    if not 0 < len(receivers) <= MAX_RECEIVERS:
        yield Problem("pact_no_receivers", "/receivers", {"limit": MAX_RECEIVERS})
    for i, receiver in enumerate(receivers):
        if not re.fullmatch(r"[\x21-\x7e]{1,100}", receiver):
            yield Problem("pact_receiver", f"/receivers/{i}", {"value": receiver})


def _urn_problems(said: Particulars) -> Iterator[Problem]:
    for name, urns in (("product_ids", said.product_ids), ("classifications", said.classifications)):
        for i, urn in enumerate(urns):
            if not _is_urn(urn):
                yield Problem("pact_urn", f"/{name}/{i}", {"value": urn})


def _is_urn(text: str) -> bool:
    return len(text) <= 300 and "\0" not in text and _URN.fullmatch(text) is not None
