"""Errors as RFC 9457 problem details, with a code, the place and the next action. No stack trace leaves the server."""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, current_app, json, request
from sqlalchemy.exc import DatabaseError, DBAPIError, InterfaceError, InternalError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from lcaengine.bom.reading import pointer
from lcaengine.problems import Problem, Refused
from lcaengine.sheets import MAX_BYTES

from . import metrics
from .context import language
from .pact_host import is_pact, pact_error
from .requests import request_id

_BY_STATUS = {
    400: "not_http", 404: "not_found", 408: "request_slow", 405: "bad_method", 415: "media_type", 429: "too_many_requests",
}  # fmt: skip
_OF_THE_DATABASE = (OperationalError, InterfaceError, InternalError, PoolTimeout)
RETRY_SECONDS = 5


def register_errors(app: Flask) -> None:
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(SQLAlchemyError, database_failed)
    app.register_error_handler(Exception, crashed)


def problem_response(problems: tuple[Problem, ...], status: int) -> Response:
    """One answer for any number of problems; the first gives code and detail."""
    if is_pact(request.path):
        return pact_error(problems, status)
    lang = language()
    shown = [p.as_dict(lang) for p in problems]
    body = {
        "type": f"urn:lcaengine:problem:{shown[0]['code']}",
        "title": shown[0]["message"],
        "status": status,
        "code": shown[0]["code"],
        "detail": "; ".join(f"{p['pointer']}: {p['message']}" if p["pointer"] else p["message"] for p in shown[:20]),
        "next_action": shown[0]["next_action"],
        "instance": request.path,
        "request_id": request_id(),
        "errors": shown,
    }
    response = Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json")
    response.headers["Content-Language"] = lang
    response.headers["Vary"] = "Accept-Language"
    if status == 503:
        response.headers["Retry-After"] = str(RETRY_SECONDS)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="lcaengine"'
    return response


def refused(error: Refused) -> Response:
    return problem_response(error.problems, error.status)


def http_error(error: HTTPException) -> Response:
    """What Flask, Werkzeug and flask-smorest raise themselves."""
    status = error.code or 500
    if status == 413:
        size = request.content_length or 0
        limit = request.max_content_length or MAX_BYTES
        return problem_response((Problem("too_large", "", {"bytes": size, "limit": limit}),), 413)
    if status == 422:
        return problem_response(
            tuple(_query_problems(error)) or (Problem("bad_query", "", {"field": "–", "value": "–"}),), 422
        )
    if status >= 500:
        return crashed(error)
    values = {"value": request.mimetype or "–"}
    response = problem_response((Problem(_BY_STATUS.get(status, "not_found"), "", values),), status)
    if status == 405:
        response.headers["Allow"] = ", ".join(getattr(error, "valid_methods", None) or [])
    return response


def _query_problems(error: HTTPException) -> list[Problem]:
    messages: dict[str, Any] = getattr(error, "data", {}).get("messages", {})
    return [
        Problem("bad_query", pointer(place, name), {"field": name, "value": "; ".join(map(str, texts))})
        for place, fields in messages.items()
        for name, texts in (fields.items() if isinstance(fields, dict) else [(place, fields)])
    ]


def database_failed(error: SQLAlchemyError) -> Response:
    """The database is gone, full or out of reach: nothing of the request was kept, and it may be sent again."""
    gone = isinstance(error, _OF_THE_DATABASE) or type(error) is DatabaseError
    if not gone and not (isinstance(error, DBAPIError) and error.connection_invalidated):
        return crashed(error)
    metrics.DATABASE_ERRORS.inc()
    current_app.logger.error(
        "database error: %s",
        type(error.__cause__ or error).__name__,
        exc_info=error,
        extra={"request_id": request_id()},
    )
    return problem_response((Problem("database_gone"),), 503)


def crashed(error: Exception) -> Response:
    """Our own mistake: logged with a number, which is all that the user gets."""
    current_app.logger.error("internal error", exc_info=error, extra={"request_id": request_id()})
    return problem_response((Problem("internal_error", "", {"id": request_id()}),), 500)
