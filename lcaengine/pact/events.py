"""CloudEvents of PACT v3: what is sent, and what follows from what comes.

An event is taken from registered partners only: its ``source`` must be the address of a partner that signs in under the name of the
caller. Answers go to that address, never to one that an event brought along.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from lcaengine.pact import received
from lcaengine.pact.filters import LISTS, MOMENTS, filters_of
from lcaengine.pact.schema import UUID
from lcaengine.problems import Malformed, Problem, Refused
from lcaengine.store import Store
from lcaengine.store.pact import Published, get_publisher, visible
from lcaengine.store.pact_partners import (
    FULFILLED,
    REJECTED,
    Event,
    Partner,
    add_received,
    answer_request,
    list_partners,
    partner_at,
    queue_event,
    record_event,
)

Json = dict[str, Any]
PREFIX = "org.wbcsd.pact.ProductFootprint."
REQUEST_CREATED, REQUEST_FULFILLED = PREFIX + "RequestCreatedEvent.3", PREFIX + "RequestFulfilledEvent.3"
REQUEST_REJECTED, PUBLISHED = PREFIX + "RequestRejectedEvent.3", PREFIX + "PublishedEvent.3"
TYPES = frozenset({REQUEST_CREATED, REQUEST_FULFILLED, REQUEST_REJECTED, PUBLISHED})
EVENTS_PATH = "/3/events"
MOST = 100  # footprints in one event


class UnknownSource(Refused):
    """The caller is no registered partner at the address that the event names."""

    status = 403


# -- what we send


def request_footprints(store: Store, partner: Partner, asked: Mapping[str, Any]) -> Event:
    """Ask a partner for footprints (``productId`` and the other filters, ``comment``)."""
    return queue_event(store, partner, _event(store, partner, REQUEST_CREATED, dict(asked)))


def announce(store: Store, published: Published) -> list[Event]:
    """Tell the receivers of a footprint that are registered partners."""
    partners = [p for p in list_partners(store, published.organisation_id) if p.signs_in_as in published.receivers]
    data = {"pfIds": [published.id]}
    return [queue_event(store, p, _event(store, p, PUBLISHED, data)) for p in partners]


def _event(store: Store, partner: Partner, kind: str, data: Json) -> Json:
    source = get_publisher(store, partner.organisation_id).address
    time = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"specversion": "1.0", "type": kind, "id": str(uuid.uuid4()), "source": source, "time": time, "data": data}


# -- what comes


def take(store: Store, receivers: Collection[str], event: Json) -> bool:
    """Keep an event and do what follows from it; False if it came before.

    Raises `Malformed`, and `UnknownSource` where the caller is not a partner at its source.
    """
    if problems := list(_event_problems(event)):
        raise Malformed(problems)
    partner = partner_at(store, receivers, address_of(event["source"]))
    if partner is None:
        raise UnknownSource(Problem("pact_unknown_source", "/source", {"url": event["source"]}))
    if not record_event(store, partner, event):
        return False
    match event["type"]:
        case t if t == REQUEST_CREATED:
            _answer(store, receivers, partner, event)
        case t if t == REQUEST_FULFILLED:
            _fulfilled(store, partner, event["data"])
        case t if t == REQUEST_REJECTED:
            _answered(store, partner, event["data"], REJECTED)
    return True


def address_of(source: str) -> str:
    """The base address in the source of an event: ``//host/3/events`` and ``https://host`` are the same host."""
    address = "https:" + source if source.startswith("//") else source
    return address.rstrip("/").removesuffix(EVENTS_PATH).rstrip("/").lower()


def _event_problems(event: Json) -> Iterator[Problem]:
    for name, most in (("type", 100), ("source", 300), ("id", 100)):
        if not _is_text(event.get(name), most):
            yield Problem("pact_event_field", f"/{name}", {"field": name})
    if event.get("specversion") != "1.0":
        yield Problem("pact_event_field", "/specversion", {"field": "specversion"})
    if event.get("type") not in TYPES:
        yield Problem("pact_event_type", "/type", {"value": event.get("type")})
    if not isinstance(event.get("data"), dict):
        yield Problem("pact_event_field", "/data", {"field": "data"})
        return
    yield from _data_problems(event["type"] if isinstance(event.get("type"), str) else "", event["data"])


def _data_problems(kind: str, data: Json) -> Iterator[Problem]:
    if kind == PUBLISHED:
        ids = data.get("pfIds")
        if not isinstance(ids, list) or not ids or not all(isinstance(i, str) and re.fullmatch(str(UUID["pattern"]), i) for i in ids):  # fmt: skip
            yield Problem("pact_event_field", "/data/pfIds", {"field": "pfIds"})
    elif kind == REQUEST_CREATED:
        for name in (*LISTS, *MOMENTS, "status"):
            if name in data and not all(isinstance(value, str) for value in _listed(data[name])):
                yield Problem("pact_event_field", f"/data/{name}", {"field": name})
    elif kind in (REQUEST_FULFILLED, REQUEST_REJECTED):
        if not _is_text(data.get("requestEventId"), 100):
            yield Problem("pact_event_field", "/data/requestEventId", {"field": "requestEventId"})
        if kind == REQUEST_FULFILLED and not isinstance(data.get("pfs"), list):
            yield Problem("pact_event_field", "/data/pfs", {"field": "pfs"})


def _is_text(value: Any, most: int) -> bool:
    return isinstance(value, str) and 0 < len(value) <= most and value.isprintable()


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _answer(store: Store, receivers: Collection[str], partner: Partner, event: Json) -> None:
    """What was published to the caller and fits is sent; else the request is rejected."""
    asked = {k: _listed(v) for k, v in event["data"].items() if k in (*LISTS, *MOMENTS, "status")}
    filters = filters_of({"status": ["Active"], **asked})
    matching = (f.as_pact() for f in visible(store, receivers) if filters.match(f.as_pact()))
    if found := list(islice(matching, MOST)):
        data: Json = {"requestEventId": event["id"], "pfs": found}
        queue_event(store, partner, _event(store, partner, REQUEST_FULFILLED, data))
        return
    error = {
        "code": "NotFound",
        "message": "No footprint of that product is published to you. 未向贵方发布该产品的足迹。",
    }
    data = {"requestEventId": event["id"], "error": error}
    queue_event(store, partner, _event(store, partner, REQUEST_REJECTED, data))


def _fulfilled(store: Store, partner: Partner, data: Json) -> None:
    """Footprints are kept only in answer to a request of ours."""
    footprints = [received.check(footprint) for footprint in data["pfs"][:MOST]]
    _answered(store, partner, data, FULFILLED)
    for footprint in footprints:
        add_received(store, partner.organisation_id, partner.id, footprint)


def _answered(store: Store, partner: Partner, data: Json, state: str) -> None:
    if not answer_request(store, partner, data["requestEventId"], state):
        raise Malformed(Problem("pact_unknown_request", "/data/requestEventId", {"id": data["requestEventId"]}))
