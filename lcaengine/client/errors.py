"""What can go wrong when the API is asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import httpx


class ApiError(Exception):
    """The server said no: ``code`` and ``detail``, every problem with its place in ``errors``, and what to do next."""

    def __init__(self, response: httpx.Response) -> None:
        body = _problem(response)
        self.status: int = response.status_code
        self.code: str = str(body.get("code") or body.get("error") or f"http_{response.status_code}")
        self.detail: str = str(
            body.get("detail") or body.get("error_description") or body.get("message") or _elsewhere(response)
        )
        self.next_action: str = str(body.get("next_action", ""))
        self.errors: Sequence[Mapping[str, Any]] = body.get("errors", [])
        self.request_id: str | None = response.headers.get("X-Request-ID")
        super().__init__(f"{self.status} {self.code}: {self.detail} {self.next_action}".strip())


class Unreachable(Exception):
    """The server did not answer, also not when asked again."""


def _elsewhere(response: httpx.Response) -> str:
    """Where a redirection leads, which is not followed: the address of the server is to be mended."""
    return str(response.headers.get("Location", ""))


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
