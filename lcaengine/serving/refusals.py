"""Answers to what never reaches the application: a request that is too slow, too long, or no HTTP; in both languages."""

from __future__ import annotations

import json
import socket

from gunicorn.http import errors

from lcaengine.problems import Problem
from lcaengine.serving.requests import TooSlow

REASONS = {400: "Bad Request", 408: "Request Timeout", 414: "URI Too Long", 417: "Expectation Failed",
           431: "Request Header Fields Too Large", 500: "Internal Server Error", 501: "Not Implemented"}  # fmt: skip
MEDIA_TYPE = "application/problem+json"
SECONDS_TO_WRITE = 5.0


def status_of(error: BaseException) -> int:
    """400 for what is no HTTP, 500 for what is our mistake."""
    match error:
        case TooSlow():
            return 408
        case errors.LimitRequestLine():
            return 414
        case errors.ExpectationFailed():
            return 417
        case errors.LimitRequestHeaders():
            return 431
        case errors.UnsupportedTransferCoding():
            return 501
        case errors.InvalidResponseHeader() | errors.InvalidResponseHeaderName() | errors.ConfigurationProblem():
            return 500
        case errors.ParseException() | OSError():
            return 400
    return 500


def problem_of(status: int, request_id: str) -> Problem:
    match status:
        case 408:
            return Problem("request_slow")
        case 414 | 431:
            return Problem("request_head_too_large")
        case 500:
            return Problem("internal_error", "", {"id": request_id})
    return Problem("not_http")


def refuse(sock: socket.socket, status: int, request_id: str) -> None:
    """Problem details on a connection that is closed afterwards; raises `OSError` if nobody listens any more."""
    body = body_of(problem_of(status, request_id), status, request_id)
    head = (
        f"HTTP/1.1 {status} {REASONS[status]}\r\nConnection: close\r\nContent-Type: {MEDIA_TYPE}\r\n"
        f"Content-Length: {len(body)}\r\nX-Request-ID: {request_id}\r\n\r\n"
    )
    sock.settimeout(SECONDS_TO_WRITE)
    sock.sendall(head.encode() + body)


def body_of(problem: Problem, status: int, request_id: str) -> bytes:
    """Problem details; the reader's language is not known: both."""
    message, action = (f"{zh} {en}" for zh, en in ((problem.message("zh"), problem.message("en")),
                                                   (problem.next_action("zh"), problem.next_action("en"))))  # fmt: skip
    details = {
        "type": f"urn:lcaengine:problem:{problem.code}", "title": message, "status": status, "code": problem.code,
        "detail": message, "next_action": action, "instance": "", "request_id": request_id,
        "errors": [{"code": problem.code, "pointer": "", "message": message, "next_action": action}],
    }  # fmt: skip
    return json.dumps(details, ensure_ascii=False).encode()
