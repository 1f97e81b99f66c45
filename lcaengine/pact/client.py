"""A client of PACT v3 hosts: signs in, reads footprints page by page, sends events.

What fails for a moment (connections, 429, 502, 503, 504) is tried again; a token that is not taken any more is renewed once. An answer
may have 16 MB and take 20 s, a list 1,000 pages and a minute.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin

import httpx

from lcaengine.bom.reading import json_document
from lcaengine.pact.transport import PartnerFailed, open_client
from lcaengine.problems import Problem, Refused

Json = dict[str, Any]
MAX_BYTES, MAX_SECONDS, MAX_PAGES = 16_000_000, 20.0, 1000
LIST_SECONDS = 60.0  # of all pages; a server works on a request for two minutes at most
TRIES, PAUSE = 3, 0.5
AGAIN = frozenset({429, 502, 503, 504})
DISCOVERY, TOKEN = "/.well-known/openid-configuration", "/auth/token"
EVENTS_TYPE = "application/cloudevents+json; charset=UTF-8"
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?', re.I)


class PactClient:
    """One host. ``auth_url``: its token endpoint, where it is not found on the host itself.

    >>> with PactClient("https://supplier.example", "client", "secret") as client:
    ...     footprints = list(client.footprints(productId=["urn:gtin:4712345060507"]))
    """

    def __init__(
        self, base_url: str, client_id: str, client_secret: str, auth_url: str = "", ca: str | None = None, private: bool | None = None
    ) -> None:  # fmt: skip
        self.base_url = base_url.rstrip("/")
        self._sign_in = (client_id, client_secret)
        self._auth_url = auth_url
        self._token: str | None = None
        self._http = open_client(self.base_url, ca, private)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._http.close()

    def footprints(self, **filters: str | Sequence[str]) -> Iterator[Json]:
        """Every ProductFootprint that the host shows, by the filters of PACT (``productId=[…], validOn=…, limit=…``)."""
        address, end = "/3/footprints", time.monotonic() + LIST_SECONDS
        for _ in range(MAX_PAGES):
            if time.monotonic() > end:
                raise PartnerFailed(Problem("pact_too_much", "", {"host": self.base_url, "limit": MAX_BYTES}))
            response = self._call("GET", address, **({"params": filters} if filters else {}))
            found = _json(response).get("data")
            if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
                raise PartnerFailed(Problem("pact_bad_answer", "", {"host": self.base_url, "why": "data"}))
            yield from found
            following, filters = self._next(response), {}
            if following is None:
                return
            address = following
        raise PartnerFailed(Problem("pact_bad_answer", "", {"host": self.base_url, "why": f"> {MAX_PAGES} pages"}))

    def footprint(self, identifier: str) -> Json:
        """One ProductFootprint; raises `PartnerFailed` where there is none."""
        found = _json(self._call("GET", f"/3/footprints/{identifier}")).get("data")
        if not isinstance(found, dict):
            raise PartnerFailed(Problem("pact_bad_answer", "", {"host": self.base_url, "why": "data"}))
        return found

    def send(self, event: Json) -> None:
        """Deliver a CloudEvent; raises `PartnerFailed` where it is not taken."""
        content = json.dumps(event, ensure_ascii=False).encode()
        self._call("POST", "/3/events", content=content, headers={"Content-Type": EVENTS_TYPE})

    def _next(self, response: httpx.Response) -> str | None:
        """The address of the next page; it must be on the same host."""
        found = _NEXT.search(response.headers.get("Link", ""))
        if found is None:
            return None
        address = str(urljoin(self.base_url + "/", found[1]))
        if _origin(address) != _origin(self.base_url):
            raise PartnerFailed(Problem("pact_other_host", "", {"host": self.base_url, "url": address}))
        return address

    def _call(self, method: str, address: str, **options: Any) -> httpx.Response:
        headers = options.pop("headers", {})
        for renewed in (False, True):
            signed = {**headers, "Authorization": f"Bearer {self._signed_in()}"}
            response = self._again(method, address, headers=signed, **options)
            if response.status_code == 401 and not renewed:
                self._token = None
                continue
            break
        if not response.is_success:
            raise PartnerFailed(Problem("pact_refused", "", {"host": self.base_url, "status": response.status_code, "why": _said(response)}))  # fmt: skip
        return response

    def _signed_in(self) -> str:
        """An access token by client credentials."""
        if self._token is None:
            response = self._again(
                "POST", self._token_endpoint(), auth=self._sign_in, data={"grant_type": "client_credentials"}
            )
            token = _json(response).get("access_token") if response.is_success else None
            if not isinstance(token, str) or not token:
                raise PartnerFailed(Problem("pact_no_token", "", {"host": self.base_url, "status": response.status_code}))  # fmt: skip
            self._token = token
        return self._token

    def _token_endpoint(self) -> str:
        """As registered, else as discovered if it is on the same host (our secret goes nowhere else), else the usual place."""
        if self._auth_url:
            return self._auth_url
        response = self._again("GET", DISCOVERY)
        found = _json(response).get("token_endpoint") if response.is_success else None
        if not isinstance(found, str):
            return self.base_url + TOKEN
        if _origin(found) != _origin(self.base_url):
            raise PartnerFailed(Problem("pact_other_host", "", {"host": self.base_url, "url": found}))
        return found

    def _again(self, method: str, address: str, **options: Any) -> httpx.Response:
        """A request, tried again where it fails for a moment."""
        for pause in (*(PAUSE * 2**n for n in range(TRIES - 1)), None):
            try:
                response = self._read(method, address, **options)
            except httpx.TransportError as error:
                if pause is None:
                    raise PartnerFailed(Problem("pact_unreachable", "", {"host": self.base_url, "why": str(error)[:150] or type(error).__name__})) from error  # fmt: skip
            else:
                if response.status_code not in AGAIN or pause is None:
                    return response
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _read(self, method: str, address: str, **options: Any) -> httpx.Response:
        """A request whose answer is read within limits of size and time."""
        end = time.monotonic() + MAX_SECONDS
        with self._http.stream(method, address, **options) as response:
            content = bytearray()
            for part in response.iter_bytes():
                content += part
                if len(content) > MAX_BYTES or time.monotonic() > end:
                    raise PartnerFailed(Problem("pact_too_much", "", {"host": self.base_url, "limit": MAX_BYTES}))
        headers = [(k, v) for k, v in response.headers.multi_items() if k.lower() not in ("content-encoding", "content-length")]  # fmt: skip
        return httpx.Response(response.status_code, headers=headers, content=bytes(content), request=response.request)


def _json(response: httpx.Response) -> Mapping[str, Any]:
    try:
        return json_document(response.content)
    except Refused as error:
        host = response.request.headers.get("Host", "")
        raise PartnerFailed(Problem("pact_bad_answer", "", {"host": host, "why": error.problems[0].code})) from error


def _said(response: httpx.Response) -> str:
    """What a host says of an error, as far as it is PACT's form."""
    try:
        found = json_document(response.content)
    except Refused:
        return "–"
    return " ".join(str(found[key])[:150] for key in ("code", "error", "message") if key in found) or "–"


def _origin(address: str) -> tuple[str, str, int]:
    url = httpx.URL(address)
    return url.scheme, url.host, url.port or 443
