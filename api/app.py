"""The app factory."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask, Response
from flask_smorest import Api
from flask_swagger_ui import get_swaggerui_blueprint

from lcaengine import __version__
from lcaengine.background import Release, default_release
from lcaengine.bom.reading import MAX_BYTES
from lcaengine.store import Store, open_store

from . import (
    batches,
    boms,
    cbam,
    evidence,
    footprints,
    health,
    keys,
    organisations,
    processes,
    rules,
    schemas,
    shares,
    statements,
    tokens,
    welcome,
)
from .access import register_access
from .described import SECURITY, SECURITY_SCHEMES, AccessPlugin
from .errors import register_errors
from .writing import WritingFlask

DESCRIPTION = """Product carbon footprints from bills of materials, with hotspots. 由物料清单计算产品碳足迹与热点。

Errors are RFC 9457 problem details with a code, the place, and what to do next; in Chinese or English by
`Accept-Language`. 错误信息按 `Accept-Language` 以中文或英文给出。"""

DOCS_PAGE = {
    "app_name": "lcaengine",
    "validatorUrl": "none",
    "deepLinking": True,
    "defaultModelsExpandDepth": 0,
}


class _Api(Api):
    """Errors that flask-smorest describes by itself are described as they are answered."""

    ERROR_SCHEMA = schemas.ProblemDetails
    DEFAULT_RESPONSE_CONTENT_TYPE = "application/problem+json"  # of errors, which are described when it is made


@dataclass(frozen=True)
class Services:
    """What the endpoints work with."""

    release: Release
    store: Store


BLUEPRINTS = (
    boms, footprints, batches, shares, cbam, evidence, statements, rules, processes, organisations, keys, tokens, health,
)  # fmt: skip


def create_app(release: Release | None = None, store: Store | None = None, *, auth: bool = False) -> Flask:
    """The application; by default on the embedded release and the default store.

    With ``auth`` nobody does anything without a credential; without it whoever reaches the server is the local organisation.
    """
    app = WritingFlask("lcaengine.api", static_folder=None)
    app.extensions["lcaengine"] = Services(release or default_release(), store or open_store())
    app.config.update(
        API_TITLE="lcaengine",
        API_VERSION=__version__,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/",
        OPENAPI_JSON_PATH="openapi.json",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION, "license": {"name": "Apache-2.0"}},
            "security": SECURITY,
            "components": {"securitySchemes": SECURITY_SCHEMES},
        },
        MAX_CONTENT_LENGTH=MAX_BYTES,
        LCAENGINE_AUTH=auth,
    )
    app.json.ensure_ascii = False  # type: ignore[attr-defined]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    api = _Api(app, spec_kwargs={"extra_plugins": [AccessPlugin()]})
    api.DEFAULT_RESPONSE_CONTENT_TYPE = "application/json"
    for module in BLUEPRINTS:
        api.register_blueprint(module.blueprint)
    app.register_blueprint(welcome.blueprint)
    register_access(app)
    app.register_blueprint(get_swaggerui_blueprint("/docs", "/openapi.json", config=DOCS_PAGE))
    register_errors(app)
    app.after_request(_headers)
    return app


def _headers(response: Response) -> Response:
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "no-referrer")
    response.headers.setdefault("X-Frame-Options", "DENY")
    return response
