"""What belongs to one request: the services, who asks, the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, g, request

from lcaengine.problems import Language
from lcaengine.store import DEFAULT_ORGANISATION
from lcaengine.store.credentials import Caller
from lcaengine.store.roles import SCOPES

if TYPE_CHECKING:
    from lcaengine.pact.courier import Courier

    from .app import Services

LOCAL = Caller(DEFAULT_ORGANISATION, SCOPES, ("administrator",))


def services() -> Services:
    return cast("Services", current_app.extensions["lcaengine"])


def caller() -> Caller:
    """Who asks, as `api.access` found; without authentication the local organisation."""
    return cast(Caller, g.get("caller", LOCAL))


def organisation() -> str:
    """The organisation that asks, and whose records it is about."""
    return caller().organisation_id


def receivers() -> frozenset[str]:
    """The names under which the caller receives what others publish by PACT: its organisation and its client."""
    return frozenset(filter(None, (caller().organisation_id, caller().credential_id)))


def courier() -> Courier:
    """What delivers the events that wait for partners."""
    return cast("Courier", current_app.extensions["lcaengine_courier"])


def language() -> Language:
    """zh or en by ``Accept-Language``; en where it says neither."""
    return cast(Language, request.accept_languages.best_match(["en", "zh"], default="en"))
