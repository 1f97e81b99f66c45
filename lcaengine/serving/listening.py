"""Where a server listens: the address, the certificate, how many workers and threads."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from pathlib import Path

from lcaengine.problems import Problem, Refused

LOOPBACK = ("127.0.0.1", "localhost", "::1")
BACKLOG = 512


class NoAddress(Refused):
    """The address, or the certificate for it, cannot be used."""


def loopback(host: str) -> bool:
    return host in LOOPBACK


@dataclass(frozen=True)
class Listening:
    """What ``lcaengine serve`` is asked for; ``largest_body`` is what the application takes at most, in bytes."""

    host: str
    port: int
    workers: int = 1
    threads: int = 4
    certificate: Path | None = None
    key: Path | None = None
    largest_body: int = 8_000_000

    @property
    def scheme(self) -> str:
        return "https" if self.certificate else "http"

    def address(self, port: int) -> str:
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{shown}:{port}"

    def socket(self) -> socket.socket:
        """A socket that listens; raises `NoAddress`."""
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        try:
            return socket.create_server((self.host, self.port), family=family, backlog=BACKLOG)
        except OSError as error:
            raise self.refused(error) from error

    def refused(self, error: OSError) -> NoAddress:
        values = {"host": self.host, "port": self.port, "why": error.strerror or str(error)}
        return NoAddress(Problem("no_port", "--port", values))

    def tls(self) -> ssl.SSLContext | None:
        """TLS 1.2 or newer with the certificate, if there is one; raises `NoAddress`."""
        if self.certificate is None and self.key is None:
            return None
        if self.certificate is None or self.key is None:
            raise NoAddress(Problem("tls_pair", "--tls-cert"))
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        try:
            context.load_cert_chain(self.certificate, self.key, password=_no_password)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            why = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
            raise NoAddress(Problem("tls_files", "--tls-cert", {"cert": str(self.certificate), "key": str(self.key),
                                                                "why": why})) from error  # fmt: skip
        return context


def _no_password() -> str:
    """Instead of asking at the terminal, where nobody may sit."""
    raise ValueError("the key is encrypted")
