"""Pages of a list, and where the next one is (`Link`, RFC 8288).

A cursor says after which row a page begins: its value in the order asked for, and its id. It is a text to be handed back
as it came; one that was cut, changed or made for another order is refused.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Response, request

from lcaengine.problems import Problem, Refused
from lcaengine.store import Listed, Page

NOT_A_FILTER = ("limit", "cursor", "sort")
_READERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat, "date": date.fromisoformat, "float": float, "str": str, "NoneType": lambda _: None,
}  # fmt: skip


def asked(query: dict[str, Any]) -> Page:
    """The page that a query asks for; whatever is no limit, cursor or order is a filter. Raises `Refused`."""
    filters = {name: value for name, value in query.items() if name not in NOT_A_FILTER}
    return Page(query["limit"], query["sort"], _mark(query.get("cursor"), query["sort"]), filters)


def listed(fetch: Callable[[Page], Listed], query: dict[str, Any], entry: Callable[[Any], Any]) -> Response:
    """The page of a list that was asked for: ``items``, ``count``, ``limit`` and ``next`` (null on the last page)."""
    page = asked(query)
    found = fetch(page)
    following = next_address(found, page)
    body = {"items": [entry(i) for i in found.items], "count": found.number, "limit": page.limit, "next": following}
    response = Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def next_address(listed: Listed, page: Page) -> str | None:
    if listed.after is None:
        return None
    given = {name: values for name, values in request.args.lists() if name != "cursor"}
    return f"{request.path}?{urlencode({**given, 'cursor': _cursor(listed.after, page.sort)}, doseq=True)}"


def part_of(items: Sequence[Any], page: Page, identifier: Callable[[Any], str]) -> Listed:
    """A page of what is at hand in full, in its order."""
    start = 0
    if page.after is not None:
        start = next((i for i, item in enumerate(items, 1) if identifier(item) == page.after[1]), -1)
        if start < 0:
            raise _bad()
    shown = list(items[start : start + page.limit])
    more = start + len(shown) < len(items)
    return Listed(shown, len(items), (None, identifier(shown[-1])) if more else None)


def walked(fetch: Callable[[Page], Listed], page: Page, most: int, step: int = 200) -> Listed:
    """As many rows as there are, at most ``most``: what a table holds."""
    found = fetch(replace(page, limit=min(step, most)))
    items = found.items
    while found.after is not None and len(items) < most:
        found = fetch(replace(page, after=found.after, limit=min(step, most - len(items))))
        items += found.items
    return found._replace(items=items)


def _cursor(after: tuple[Any, str], sort: str) -> str:
    value = after[0].isoformat() if isinstance(after[0], date) else after[0]
    text = json.dumps([type(after[0]).__name__, value, after[1]], ensure_ascii=False)
    return base64.urlsafe_b64encode(_seal(text, sort) + text.encode()).decode().rstrip("=")


def _mark(cursor: str | None, sort: str) -> tuple[Any, str] | None:
    if cursor is None:
        return None
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        text = data[8:].decode()
        if data[:8] != _seal(text, sort):
            raise _bad()
        kind, value, identifier = json.loads(text)
        if "\0" in text + str(value) + identifier:  # PostgreSQL takes none
            raise _bad()
        return _READERS[kind](value), identifier
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise _bad() from None


def _seal(text: str, sort: str) -> bytes:
    """Shows that a cursor is whole and of this order. It guards no secret: every list is of the caller's own records."""
    return hashlib.blake2s(f"{request.path}\n{sort}\n{text}".encode(), digest_size=8).digest()


def _bad() -> Refused:
    return Refused(Problem("bad_cursor", "/query/cursor"))
