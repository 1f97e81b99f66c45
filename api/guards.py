"""What a browser must not be talked into, and how its answers are to be handled.

Without authentication whoever reaches the server may do everything. It listens on loopback then, but a browser on the same
machine can be led there by any web site: by a host name that points to 127.0.0.1 (DNS rebinding), or by a form.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, Response, current_app, request

from lcaengine.problems import Problem, Refused

LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "[::1]"})
READING = frozenset({"GET", "HEAD", "OPTIONS"})
OWN = frozenset({"same-origin", "none"})  # Sec-Fetch-Site of our own pages, and of what the user typed
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
JSON_POLICY = "default-src 'none'; frame-ancestors 'none'"
YEAR = 31_536_000


class StrangeHost(Refused):
    """The request is for another host, or comes from another site."""

    status = 403


def register_guards(app: Flask) -> None:
    app.before_request(check_origin)
    app.after_request(add_headers)


def check_origin() -> None:
    """Raises `StrangeHost`."""
    if current_app.config["LCAENGINE_AUTH"]:
        return  # credentials are sent by programs, never by a browser of its own accord
    host = urlsplit(f"//{request.host}").hostname or ""
    if (f"[{host}]" if ":" in host else host) not in LOCAL_HOSTS:
        raise StrangeHost(Problem("strange_host", "Host", {"host": request.host}))
    if request.method not in READING and _from_another_site():
        raise StrangeHost(Problem("cross_site", "Origin", {"origin": request.headers.get("Origin", "–")}))


def _from_another_site() -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    return (site is not None and site not in OWN) or (
        origin is not None and origin != f"{request.scheme}://{request.host}"
    )


def add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if "json" in (response.mimetype or ""):
        response.headers.setdefault("Content-Security-Policy", JSON_POLICY)
    if request.is_secure:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")
    return response
