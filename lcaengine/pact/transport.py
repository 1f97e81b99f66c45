"""The way out to partners: HTTPS to public addresses, and nothing else.

A name is resolved once; every address that it has must be a public one, and the connection goes to the address that was looked
at (so that a name cannot mean another machine a moment later), while the certificate must be that of the name. No proxy, no
redirect. ``LCAENGINE_PACT_PRIVATE=yes`` allows private addresses (partners within one network, tests), ``LCAENGINE_PACT_CA`` names a
bundle of CA certificates to trust instead of the system's.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl

import httpx

from lcaengine import settings
from lcaengine.problems import Problem, Refused

SECONDS = 15.0


class PartnerFailed(Refused):
    """A partner could not be reached, or answered what cannot be used."""

    status = 502


class PublicTransport(httpx.BaseTransport):
    """Sends over TLS to public addresses."""

    def __init__(self, private: bool | None = None, ca: str | None = None) -> None:
        self._private = settings.PACT_PRIVATE.value() == "yes" if private is None else private
        self._inner = httpx.HTTPTransport(verify=_trusted(ca or settings.PACT_CA.value()), trust_env=False)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Raises `PartnerFailed` for what may not be asked, `httpx.TransportError` where the network fails."""
        host = request.url.host
        if request.url.scheme != "https":
            raise PartnerFailed(Problem("pact_not_https", "", {"url": f"{request.url.scheme}://{host}"}))
        address = self._address(host, request.url.port or 443)
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=address)  # the Host header was written from the name
        return self._inner.handle_request(request)

    def _address(self, host: str, port: int) -> str:
        try:
            found = [entry[4][0] for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(f"{host}: {error}") from error
        if not self._private and not all(is_public(str(address)) for address in found):
            raise PartnerFailed(Problem("pact_private_address", "", {"host": host}))
        return str(found[0])

    def close(self) -> None:
        self._inner.close()


def _trusted(bundle: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=bundle or None)
    except OSError as error:  # ssl.SSLError is one
        raise Refused(Problem("no_file", "LCAENGINE_PACT_CA", {"path": bundle, "why": str(error)})) from error


def is_public(address: str) -> bool:
    """Whether an address is one of the Internet: not loopback, private, link-local, shared, multicast or reserved."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None) or ip
    return inner.is_global and ip.is_global and not ip.is_multicast and not inner.is_multicast


def open_client(base_url: str, ca: str | None = None, private: bool | None = None) -> httpx.Client:
    return httpx.Client(
        base_url=base_url, transport=PublicTransport(private, ca), timeout=SECONDS, follow_redirects=False, trust_env=False,
        headers={"User-Agent": "lcaengine-pact"},
    )  # fmt: skip
