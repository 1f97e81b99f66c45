"""What every operation has in common, for OpenAPI: how one is known, what that may answer, and the header of what writes."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from apispec import BasePlugin

from lcaengine.sheets import CSV, XLSX

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
    "414": "the address is too long",
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


TABLES = frozenset({
    "getFootprint", "getHotspots", "getContributions", "compareFootprints", "getExplanation", "getTree", "matchBom", "getCbamDefault",
})  # fmt: skip
TAGGED = frozenset({
    "getFootprint", "getHotspots", "getContributions", "compareFootprints", "getExplanation", "getTree", "getCbamScreening",
    "getCbamInstallation", "getCbamAnswer", "getCbamReport", "getEvidence", "getEvidenceFile", "getStatement", "getProcess", "getBom",
    "getBackground", "diffBackgrounds", "getRuleTest", "getRuleInventory",
})  # fmt: skip
IF_NONE_MATCH = {
    "in": "header", "name": "If-None-Match", "schema": {"type": "string"},
    "description": "ETags that the reader has: 304 where it is still one of them",
}  # fmt: skip


class WordsPlugin(BasePlugin):
    """Says what each operation and parameter is in both languages, and in which forms and with which headers it is answered."""

    def path_helper(
        self,
        path: Any = None,  # noqa: ARG002
        operations: Any = None,  # noqa: ARG002
        parameters: Any = None,
        **_: Any,
    ) -> None:
        for parameter in parameters or ():
            _describe(parameter)

    def operation_helper(self, path: str | None = None, operations: Any = None, **_: Any) -> None:  # noqa: ARG002
        for operation in (operations or {}).values():
            if isinstance(operation, dict) and "operationId" in operation:
                _say(operation)
                _show(operation)
                _forms(operation)
                for parameter in operation.get("parameters", ()):
                    _describe(parameter)


def _say(operation: dict[str, Any]) -> None:
    """Summary in both languages; a description always."""
    english, chinese = operation.get("summary", ""), words()["operations"].get(operation["operationId"], "")
    operation["summary"] = " ".join(filter(None, (english.rstrip("."), chinese)))
    operation["description"] = "\n\n".join(
        filter(None, (english, operation.get("description"), chinese and chinese + "。"))
    )


def _show(operation: dict[str, Any]) -> None:
    """A request and an answer as they were (docs/examples.py)."""
    shown = examples().get(operation["operationId"], {})
    given = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if given is not None and "request" in shown:
        given["example"] = shown["request"]
    answers = {str(status): answer for status, answer in operation.get("responses", {}).items()}
    good: dict[str, Any] = answers.get("201") or answers.get("200") or {}
    content = good.get("content", {}).get("application/json")
    if content is not None and "response" in shown:
        content["example"] = shown["response"]


def _describe(parameter: Any) -> None:
    if isinstance(parameter, dict) and not parameter.get("description"):
        known = words()["parameters"].get(parameter.get("name", ""))
        if known:
            parameter["description"] = known


def _forms(operation: dict[str, Any]) -> None:
    """CSV and XLSX of tables, the address of the next page, and ETags."""
    identifier, answers = operation["operationId"], operation.setdefault("responses", {})
    given = {str(status): answer for status, answer in answers.items()}.get("200")
    paged = "cursor" in {p.get("name") for p in operation.get("parameters", ())}
    if given and (paged or identifier in TABLES):
        binary = {"schema": {"type": "string", "format": "binary"}}
        given.setdefault("content", {}).update({CSV: {"schema": {"type": "string"}}, XLSX: binary})
        _add(answers, {"406": "neither JSON nor CSV nor XLSX is accepted"})
    if given and paged:
        given.setdefault("headers", {})["Link"] = {
            "schema": {"type": "string"},
            "description": "the next page (RFC 8288)",
        }
    if given and identifier in TAGGED:
        given.setdefault("headers", {})["ETag"] = {
            "schema": {"type": "string"},
            "description": "of this form of the answer",
        }
        operation.setdefault("parameters", []).append(IF_NONE_MATCH)
        answers.setdefault("304", {"description": "the reader has it already"})


@cache
def examples() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "examples.json").read_text(encoding="utf-8"))
    return found


@cache
def words() -> dict[str, dict[str, str]]:
    return tomllib.loads((Path(__file__).parent / "described.toml").read_text(encoding="utf-8"))


def _add(answers: dict[str, Any], wanted: dict[str, str], content: dict[str, Any] | None = None) -> None:
    for status, description in wanted.items():
        if status not in map(str, answers):
            content = content or PROBLEM
            answers[status] = {"description": description, "content": content}
