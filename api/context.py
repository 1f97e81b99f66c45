"""What belongs to one request: the services, the organisation, the reader's language."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from flask import current_app, request

from lcaengine.problems import Language
from lcaengine.store import DEFAULT_ORGANISATION

if TYPE_CHECKING:
    from .app import Services


def services() -> Services:
    return cast("Services", current_app.extensions["lcaengine"])


def organisation() -> str:
    """Until there is authentication, everything belongs to the local organisation (and the server to loopback)."""
    return DEFAULT_ORGANISATION


def language() -> Language:
    """zh or en by ``Accept-Language``; en where it says neither."""
    return cast(Language, request.accept_languages.best_match(["en", "zh"], default="en"))
