"""What every operation has in common, for OpenAPI: how one is known, what that may answer, and the header of what writes."""

from __future__ import annotations

from typing import Any

from apispec import BasePlugin

from .access import is_public, reads, scope_needed

SECURITY_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "API key lca_… of POST /v1/keys"},
    "oauth2": {
        "type": "oauth2", "description": "client credentials (RFC 6749)",
        "flows": {"clientCredentials": {"tokenUrl": "/auth/token", "scopes": {}}},
    },
}  # fmt: skip
SECURITY: list[dict[str, list[str]]] = [
    {"bearer": []},
    {"oauth2": []},
    {},
]  # the last: on loopback without authentication
IDEMPOTENCY_KEY = {
    "in": "header", "name": "Idempotency-Key", "schema": {"type": "string", "minLength": 8, "maxLength": 255, "pattern": "^[!-~]*$"},
    "description": "new for every request, such as a UUID: sent again, the request is answered again and not done again",
}  # fmt: skip
UNKNOWN = {"401": "who asks is not known", "403": "the credential lacks the scope"}
OF_THE_SERVER = {
    "403": "for another host, or from another web site",
    "429": "too many requests: again after Retry-After",
    "503": "the database cannot be reached, or the server is busy: again after Retry-After",
}
OF_A_BODY = {"408": "the body was not sent in time", "413": "the body is too large"}
NOT_KEPT = {"422": "cannot be used"}


class AccessPlugin(BasePlugin):
    """Adds to each operation what `api.access` and `api.writing` do to it."""

    def operation_helper(self, path: str | None = None, operations: Any = None, **_: Any) -> None:
        for method, operation in (operations or {}).items():
            if path is None or is_public(path) or not isinstance(operation, dict):
                continue
            answers = operation.setdefault("responses", {})
            identifier = operation.get("operationId", "")
            scope = scope_needed(path, method, identifier)
            operation["x-scope"] = scope or "any"
            _add(answers, UNKNOWN)
            if not path.startswith("/3/") and method in ("post", "put", "patch", "delete"):
                operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
                _add(answers, NOT_KEPT)
                if not reads(method, identifier):
                    _add(answers, {"409": "as others write at the same place, or it is not in a state for it"})


class ServerPlugin(BasePlugin):
    """Adds what the server may answer to anything; the answer for "any other status" goes, since there is none."""

    def operation_helper(self, path: str | None = None, operations: Any = None, **_: Any) -> None:
        for method, operation in (operations or {}).items():
            if isinstance(operation, dict):
                answers = operation.setdefault("responses", {})
                answers.pop("default", None)
                pact = (path or "").startswith("/3/")
                _add(answers, OF_THE_SERVER, PACT_ERROR if pact else PROBLEM)
                if "requestBody" in operation or method in ("post", "put", "patch"):
                    _add(answers, OF_A_BODY, PACT_ERROR if pact else PROBLEM)


PROBLEM = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
PACT_ERROR = {"application/json": {"schema": {"$ref": "#/components/schemas/PactError"}}}


def _add(answers: dict[str, Any], wanted: dict[str, str], content: dict[str, Any] | None = None) -> None:
    for status, description in wanted.items():
        if status not in map(str, answers):
            content = content or PROBLEM
            answers[status] = {"description": description, "content": content}
