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
from lcaengine.sheets.table import Filled, Table
from lcaengine.store import Listed, Page

from .tables import JSON, table_of, varied, wanted

MOST_ROWS = 5000  # of a list as CSV or XLSX
STEP = 200  # rows that are read at once
NOT_A_FILTER = ("limit", "cursor", "sort")
_READERS: dict[str, Callable[[Any], Any]] = {
    "datetime": datetime.fromisoformat, "date": date.fromisoformat, "float": float, "int": int, "str": str, "NoneType": lambda _: None,
}  # fmt: skip


def asked(query: dict[str, Any]) -> Page:
    """The page that a query asks for; whatever is no limit, cursor or order is a filter. Raises `Refused`."""
    filters = {name: value for name, value in query.items() if name not in NOT_A_FILTER}
    return Page(query["limit"], query["sort"], _mark(query.get("cursor"), query["sort"]), filters)


def listed(
    fetch: Callable[[Page], Listed], query: dict[str, Any], entry: Callable[[Any], Any], table: Table
) -> Response:
    """The page of a list that was asked for: ``items``, ``count``, ``limit`` and ``next`` (null on the last page).

    As CSV or XLSX: all rows from there on, at most `MOST_ROWS`; where there are more, the name of the file says so.
    """
    page, media = asked(query), wanted()
    found = fetch(page) if media == JSON else walked(fetch, page)
    entries = [entry(item) for item in found.items]
    following = next_address(found, page)
    if media == JSON:
        body = {"items": entries, "count": found.number, "limit": page.limit, "next": following}
        response = varied(Response(json.dumps(body, ensure_ascii=False), mimetype=JSON))
    else:
        part = f"-{len(entries)}-of-{found.number}" if following else ""
        response = table_of(
            media, [Filled(table, entries, _cut(len(entries), found.number) if following else ())], part
        )
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _cut(shown: int, number: int) -> list[dict[str, str]]:
    return [{
        "zh": f"共 {number} 行，此处为 {shown} 行；其余见 Link 头部的地址，或用筛选条件缩小范围。",
        "en": f"{shown} of {number} rows; the others are at the address in the header Link, or narrow the list by filters.",
    }]  # fmt: skip


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


def walked(fetch: Callable[[Page], Listed], page: Page) -> Listed:
    """As many rows as there are, at most `MOST_ROWS`."""
    found = fetch(replace(page, limit=STEP))
    items = found.items
    while found.after is not None and len(items) < MOST_ROWS:
        found = fetch(replace(page, after=found.after, limit=min(STEP, MOST_ROWS - len(items))))
        items += found.items
    return found._replace(items=items)


def _cursor(after: tuple[Any, Any], sort: str) -> str:
    value = after[0].isoformat() if isinstance(after[0], date) else after[0]
    text = json.dumps([type(after[0]).__name__, value, after[1]], ensure_ascii=False)
    return base64.urlsafe_b64encode(_seal(text, sort) + text.encode()).decode().rstrip("=")


def _mark(cursor: str | None, sort: str) -> tuple[Any, Any] | None:
    if cursor is None:
        return None
    try:
        data = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        text = data[8:].decode()
        if data[:8] != _seal(text, sort):
            raise _bad()
        kind, value, identifier = json.loads(text)
        if "\0" in f"{text}{value}{identifier}":  # PostgreSQL takes none
            raise _bad()
        return _READERS[kind](value), identifier
    except (ValueError, KeyError, TypeError, binascii.Error):
        raise _bad() from None


def _seal(text: str, sort: str) -> bytes:
    """Shows that a cursor is whole and of this order. It guards no secret: every list is of the caller's own records."""
    return hashlib.blake2s(f"{request.path}\n{sort}\n{text}".encode(), digest_size=8).digest()


def _bad() -> Refused:
    return Refused(Problem("bad_cursor", "/query/cursor"))
