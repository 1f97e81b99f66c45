"""The app factory."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Flask
from flask_smorest import Api
from flask_swagger_ui import get_swaggerui_blueprint
from werkzeug.middleware.proxy_fix import ProxyFix

from lcaengine import __version__, settings
from lcaengine.background import Release, default_release
from lcaengine.pact.courier import Courier
from lcaengine.sheets import MAX_BYTES
from lcaengine.store import Store, open_store

from . import (
    backgrounds,
    batches,
    boms,
    cbam,
    comparisons,
    evidence,
    footprints,
    health,
    kept_boms,
    keys,
    organisations,
    pact,
    pact_host,
    processes,
    rules,
    schemas,
    shares,
    statements,
    tokens,
    welcome,
)
from .access import register_access
from .compression import register_compression
from .described import SECURITY, SECURITY_SCHEMES, AccessPlugin, ServerPlugin, WordsPlugin
from .errors import register_errors
from .guards import register_guards
from .limits import register_limits
from .requests import register_requests
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
    boms, kept_boms, footprints, comparisons, batches, shares, cbam, evidence, statements, rules, processes, backgrounds,
    organisations, keys, tokens, pact, pact_host, health,
)  # fmt: skip


def create_app(release: Release | None = None, store: Store | None = None, *, auth: bool = False) -> Flask:
    """The application; by default on the embedded release and the default store.

    With ``auth`` nobody does anything without a credential; without it whoever reaches the server is the local organisation.
    """
    app = WritingFlask("lcaengine.api", static_folder=None)
    app.extensions["lcaengine"] = Services(release or default_release(), store or open_store())
    app.extensions[
        "lcaengine"
    ].store.engine.hide_parameters = True  # what was sent does not stand in errors, nor in the log
    app.extensions["lcaengine_courier"] = Courier(app.extensions["lcaengine"].store)
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
    _behind_proxies(app)
    register_requests(app)
    register_compression(app)
    register_guards(app)
    register_limits(app)
    api = _Api(app, spec_kwargs={"extra_plugins": [AccessPlugin(), ServerPlugin(), WordsPlugin()]})
    api.DEFAULT_RESPONSE_CONTENT_TYPE = "application/json"
    for module in BLUEPRINTS:
        api.register_blueprint(module.blueprint)
    app.register_blueprint(welcome.blueprint)
    app.before_request(pact_host.only_https)
    register_access(app)
    app.register_blueprint(get_swaggerui_blueprint("/docs", "/openapi.json", config=DOCS_PAGE))
    register_errors(app)
    return app


def _behind_proxies(app: Flask) -> None:
    """Who asks, and how, is what so many proxies say; without them nobody's ``X-Forwarded-*`` is believed."""
    if count := settings.PROXIES.value():
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]
