"""Registering a partner, and fetching its footprints."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from lcaengine.pact import received
from lcaengine.pact.courier import client_of
from lcaengine.pact.sealing import seal
from lcaengine.problems import Problem, Refused
from lcaengine.store import Store
from lcaengine.store.pact_partners import Partner, Received, add_partner, add_received

MOST = 10_000  # footprints of one fetch
_URL = re.compile(r"https://[a-z0-9.-]{1,253}(:\d{1,5})?(/[A-Za-z0-9._~/-]{0,200})?")


@dataclass(frozen=True, slots=True)
class Registration:
    """``signs_in_as``: the client id or organisation under which the partner signs in here; the rest is how we sign in there."""

    name: str
    signs_in_as: str
    base_url: str
    client_id: str
    client_secret: str
    auth_url: str = ""


def register(store: Store, organisation_id: str, asked: Registration) -> Partner:
    """Keep a partner, its secret sealed; raises `Refused` with all that cannot be, `PartnerKnown`."""
    if problems := list(_problems(asked)):
        raise Refused(problems)
    urls = asked.base_url.rstrip("/"), asked.auth_url
    sign_in = asked.client_id, seal(asked.client_secret)
    return add_partner(store, organisation_id, asked.name, asked.signs_in_as, urls, sign_in)


def fetch(store: Store, partner: Partner, **filters: list[str] | str) -> list[Received]:
    """What a partner shows, kept; raises `PartnerFailed`, and `Refused` for a footprint that no figure can be taken from.

    All of it is read before anything is kept.
    """
    with client_of(partner) as client:
        found = [received.check(footprint) for footprint in islice(client.footprints(**filters), MOST)]
    return [add_received(store, partner.organisation_id, partner.id, footprint) for footprint in found]


def _problems(asked: Registration) -> Iterator[Problem]:
    for name, most in (("name", 200), ("client_id", 300), ("client_secret", 2000)):
        value = getattr(asked, name)
        if not 0 < len(value) <= most or not value.isprintable():
            yield Problem("pact_partner_field", f"/{name}", {"field": name})
    if not re.fullmatch(r"[\x21-\x7e]{1,100}", asked.signs_in_as):
        yield Problem("pact_receiver", "/signs_in_as", {"value": asked.signs_in_as})
    for name in ("base_url", "auth_url"):
        value = getattr(asked, name)
        if (value or name == "base_url") and not _URL.fullmatch(value):
            yield Problem("pact_partner_url", f"/{name}", {"value": value})
