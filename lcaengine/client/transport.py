"""Requests with a credential and safe retries: what writes has an ``Idempotency-Key``, so that it is never done twice."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

import httpx

from lcaengine.client.errors import ApiError, Unreachable

AGAIN = frozenset({429, 502, 503, 504})
LONGEST_PAUSE = 30.0
EARLY = 30.0  # seconds before it expires that a token is renewed


class Transport:
    """One connection pool; an API key, or client credentials for access tokens, or neither."""

    def __init__(self, http: httpx.Client, key: str | None, client: tuple[str, str] | None, retries: int) -> None:
        self._http, self._key, self._client, self._retries = http, key, client, retries
        self._token, self._until = "", 0.0

    def send(self, method: str, path: str, *, stream: bool = False, **given: Any) -> httpx.Response:
        """An answer that is no error; raises `ApiError`, `Unreachable`. Asked again where that is safe and may help.

        No redirection is followed, and no other server asked: neither gets the credential. With ``stream`` its content is left to be read, and the caller closes it.
        """
        headers: dict[str, str] = dict(given.pop("headers", None) or {})
        if method != "GET":
            headers.setdefault("Idempotency-Key", str(uuid.uuid4()))
        renewed, attempt = False, 0
        while True:
            try:
                request = self._http.build_request(method, path, headers={**headers, **self._authorization()}, **given)
                self._check_server(request.url)
                response = self._http.send(request, stream=stream)
                refused = response.is_error or response.has_redirect_location
                if refused:
                    response.read()
            except httpx.TransportError as error:
                if attempt >= self._retries:
                    raise Unreachable(f"{_server(self._http.base_url)}: {error}") from error
                time.sleep(_pause(attempt))
                attempt += 1
                continue
            if response.status_code == 401 and self._client and not renewed:
                renewed, self._token = True, ""
                continue
            if response.status_code in AGAIN and attempt < self._retries:
                time.sleep(_pause(attempt, response))
                attempt += 1
                continue
            if refused:
                raise ApiError(response)
            return response

    def _check_server(self, url: httpx.URL) -> None:
        """Raises `ValueError` for the address of another server, such as a wrong one for the next page."""
        if _server(url) != (own := _server(self._http.base_url)):
            raise ValueError(f"{_server(url)} is not {own}")

    def pages(self, path: str, query: Mapping[str, Any]) -> Iterator[Any]:
        """Every item of a list, page by page, as it is read."""
        params: Mapping[str, Any] | None = {name: value for name, value in query.items() if value is not None}
        following: str | None = path
        while following is not None:
            body = self.send("GET", following, params=params).json()
            yield from body["items"]
            following, params = body.get("next"), None  # the address of the next page has it all

    def _authorization(self) -> dict[str, str]:
        if self._key:
            return {"Authorization": f"Bearer {self._key}"}
        if self._client is None:
            return {}
        if time.monotonic() >= self._until or not self._token:
            self._renew(self._client)
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self, client: tuple[str, str]) -> None:
        response = self._http.post("/auth/token", data={"grant_type": "client_credentials"}, auth=client)
        if response.is_error:
            raise ApiError(response)
        body = response.json()
        self._token, self._until = body["access_token"], time.monotonic() + float(body["expires_in"]) - EARLY


def _server(url: httpx.URL) -> str:
    """Without user and password."""
    return f"{url.scheme}://{url.netloc.decode()}"


def _pause(attempt: int, response: httpx.Response | None = None) -> float:
    """Seconds until the next try: what the server asks for, else twice as long each time, with some chance in it."""
    asked = response.headers.get("Retry-After", "") if response is not None else ""
    if asked.isdigit():
        return min(float(asked), LONGEST_PAUSE)
    return min(0.25 * 2.0**attempt, LONGEST_PAUSE) * (0.5 + random.random() / 2)
