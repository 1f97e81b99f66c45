"""Is the server there, can it work, and how is it doing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from hmac import compare_digest

from flask import Response, jsonify, request
from flask.views import MethodView
from flask_smorest import Blueprint
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from lcaengine import __version__, settings
from lcaengine.problems import Problem, Refused
from lcaengine.statements.signing import KeyStore
from lcaengine.store.database import revisions

from . import metrics, schemas
from .context import services

blueprint = Blueprint("health", __name__, description="Health 健康检查")
LOOPBACK = ("127.0.0.1", "::1")
DATABASE_SECONDS = 3.0
_ASKING = ThreadPoolExecutor(1, "readiness")  # one question at a time: a silent database does not collect threads


class NotReady(Refused):
    """The server cannot work now."""

    status = 503


class Closed(Refused):
    """Not for everybody."""

    status = 403


@blueprint.route("/healthz")
class Healthz(MethodView):
    @blueprint.doc(operationId="health", security=[])
    @blueprint.response(200, schemas.Health)
    def get(self) -> Response:
        """The server answers, with this version and background."""
        return jsonify(status="ok", version=__version__, background=services().release.about())


@blueprint.route("/readyz")
class Readyz(MethodView):
    @blueprint.doc(operationId="ready", security=[])
    @blueprint.response(200, schemas.Ready)
    @schemas.problem(blueprint, 503, "what is missing, each with its place")
    def get(self) -> Response:
        """The server can work: its database answers and has its tables, its release is there, its keys can be read."""
        checks = {"database": _database, "background": _background, "keys": _keys}
        missing = [
            Problem("not_ready", f"/{name}", {"what": name, "why": why})
            for name, check in checks.items()
            if (why := check())
        ]
        if missing:
            raise NotReady(missing)
        return jsonify(status="ready", checks=dict.fromkeys(checks, "ok"))


@blueprint.route("/metrics")
class Metrics(MethodView):
    @blueprint.doc(operationId="metrics", security=[])
    @blueprint.response(200, {"type": "string"}, content_type="text/plain")
    @schemas.problem(blueprint, 403, "not from this address, or not with this token")
    def get(self) -> Response:
        """Counts and times for Prometheus; from loopback, or with LCAENGINE_METRICS_TOKEN as bearer token."""
        if not _may_read_metrics():
            raise Closed(Problem("metrics_closed", "Authorization"))
        body, media_type = metrics.page(services().store)
        return Response(body, content_type=media_type)


def _may_read_metrics() -> bool:
    """Whoever came through a proxy that we were not told of is not from loopback, whatever his address says."""
    if token := settings.METRICS_TOKEN.value():
        return compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
    return request.remote_addr in LOOPBACK and "X-Forwarded-For" not in request.headers


def _database() -> str:
    """Why the database cannot be used; empty if it can."""
    try:
        return _ASKING.submit(_tables, services().store.engine).result(DATABASE_SECONDS)
    except TimeoutError:
        return f"no answer within {DATABASE_SECONDS:g} s"
    except SQLAlchemyError as error:
        return type(error).__name__  # its text may name the address and the user


def _tables(engine: Engine) -> str:
    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return "" if found == revisions()[-1] else f"migration {found} instead of {revisions()[-1]}"


def _background() -> str:
    path = services().release.path
    return "" if (path / "release.json").is_file() else "files are gone"


def _keys() -> str:
    """A folder that is not there yet is made when the first statement is signed."""
    try:
        KeyStore().list()
    except Refused as refused:
        return refused.problems[0].code  # its text names the path
    return ""
