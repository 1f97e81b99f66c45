"""Requests made up from the OpenAPI document, and what every answer to them must be: documented, and never our mistake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
PLAIN = {"Accept-Encoding": "identity"}
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)  # what the document allows, and what it does not


def keeps_to_the_document(
    operation: Any, requests: int, start: int = 0, done: Callable[[], None] = lambda: None
) -> Counter[int]:
    """Sends so many requests to an operation, half of them wrong on purpose; returns how often which status was answered.

    The same ``start`` makes up the same requests. Raises `FailureGroup` at the first answer that is not as documented.
    """
    statuses: Counter[int] = Counter()
    for mode in MODES:
        chosen = mode if _can(operation, mode) else GenerationMode.POSITIVE

        @seed(start)
        @settings(
            max_examples=-(-requests // len(MODES)), phases=[Phase.generate], database=None, deadline=None,
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(chosen))
        def ask(case: Case) -> None:
            answer = case.call(headers=PLAIN)
            case.validate_response(answer, checks=CHECKS)
            statuses[answer.status_code] += 1
            done()

        ask()
    return statuses


def _can(operation: Any, mode: GenerationMode) -> bool:
    """Whether there is anything about the operation that could be wrong: any text will do as part of a path."""
    raw = operation.definition.raw
    return (
        mode is GenerationMode.POSITIVE
        or "requestBody" in raw
        or any(p.get("in") != "path" for p in raw.get("parameters", ()))
    )
