"""How often a caller may ask. Three limits: of every credential (of the address, where there is none), of logging in by
address, and of wrong credentials by address. With authentication only: on loopback without it there is one caller.
"""

from __future__ import annotations

import hashlib

from flask import Flask, Response, request

from lcaengine import settings

from .access import is_public

LOGIN = ("/auth/", "/welcome/")
FREE = ("/healthz", "/readyz", "/metrics")  # asked by machines that watch over the server


def register_limits(app: Flask) -> None:
    """Before anybody's credential is looked up."""
    if not app.config["LCAENGINE_AUTH"]:
        return
    from flask_limiter import ApplicationLimit, Limiter

    app.after_request(_retry_only_when_refused)  # registered first, so that it runs after the limiter's own
    login = settings.RATE_LOGIN.value
    Limiter(
        address,
        app=app,
        storage_uri=settings.RATE_STORAGE.value(),
        headers_enabled=True,
        application_limits=[
            ApplicationLimit(settings.RATE.value, key_function=credential, scope="caller", exempt_when=_free),
            ApplicationLimit(login, key_function=address, scope="login", exempt_when=lambda: not _logging_in()),
            ApplicationLimit(login, key_function=address, scope="wrong", exempt_when=_free, deduct_when=_unknown),
        ],
    )


def _retry_only_when_refused(response: Response) -> Response:
    """The limiter says ``Retry-After`` in every answer, which means something else in most."""
    if response.status_code not in (429, 503):
        response.headers.pop("Retry-After", None)
    return response


def address() -> str:
    return request.remote_addr or "-"


def credential() -> str:
    """Who asks, as far as that can be told without looking it up: the credential's hash, else the address.

    However the header is written, it is the same credential; and where none is needed, it says nothing.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip() or is_public(request.path):
        return address()
    return hashlib.sha256(token.strip().encode()).hexdigest()


def _logging_in() -> bool:
    return request.path.startswith(LOGIN)


def _free() -> bool:
    return request.path in FREE


def _unknown(response: Response) -> bool:
    return response.status_code == 401
