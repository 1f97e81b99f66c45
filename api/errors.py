"""Errors as RFC 9457 problem details, with a code, the place and the next action. No stack trace leaves the server."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Flask, Response, current_app, json, request
from werkzeug.exceptions import HTTPException

from lcaengine.bom.reading import MAX_BYTES, pointer
from lcaengine.problems import Problem, Refused

from .context import language

_BY_STATUS = {404: "not_found", 405: "bad_method", 415: "media_type"}


def register_errors(app: Flask) -> None:
    app.register_error_handler(Refused, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, crashed)


def problem_response(problems: tuple[Problem, ...], status: int) -> Response:
    """One answer for any number of problems; the first gives code and detail."""
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
        "errors": shown,
    }
    response = Response(json.dumps(body, ensure_ascii=False), status, mimetype="application/problem+json")
    response.headers["Content-Language"] = lang
    response.headers["Vary"] = "Accept-Language"
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


def crashed(error: Exception) -> Response:
    """Our own mistake: logged with a number, which is all that the user gets."""
    number = uuid.uuid4().hex[:12]
    current_app.logger.error("internal error %s", number, exc_info=error)
    return problem_response((Problem("internal_error", "", {"id": number}),), 500)
