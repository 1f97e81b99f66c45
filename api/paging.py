"""Pages of a list: items, how many there are, and where the next page is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from flask import Response, json, request


def page(items: Sequence[Any], count: int, query: dict[str, Any]) -> Response:
    """An answer with ``items``, ``count``, ``limit``, ``offset`` and ``next`` (null on the last page)."""
    end = query["offset"] + len(items)
    following = None
    if items and end < count:
        following = f"{request.path}?{urlencode({**query, 'offset': end})}"
    body = {
        "items": items,
        "count": count,
        "limit": query["limit"],
        "offset": query["offset"],
        "next": following,
    }
    return Response(json.dumps(body, ensure_ascii=False), mimetype="application/json")
