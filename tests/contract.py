"""Requests made up from the OpenAPI document, and what every answer to them must be: documented, and never our mistake."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from background_fixtures import PROJECT
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from lcaengine.background import default_release

CHECKS = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_headers_conformance,
    response_schema_conformance,
]  # fmt: skip
PLAIN = {"Accept-Encoding": "identity"}
SLOW = {  # seconds each, few parameters
    "GET /v1/cbam/workbook": 2, "GET /v1/statements/{identifier}/document": 8, "GET /v1/statements/{identifier}/bundle": 4,
}  # fmt: skip
Post = Callable[[str, bytes, str], Any]
Known = Mapping[str, Mapping[str, str]]


def keeps_to_the_document(operation: Any, requests: int, known: Known, start: int = 0) -> Counter[int]:
    """Sends so many requests to an operation; returns how often which status was answered.

    Half of them are as the document allows, half of those for something that is there; the others are wrong on purpose.
    The same ``start`` makes up the same requests. Raises `FailureGroup` at the first answer that is not as documented.
    """
    statuses: Counter[int] = Counter()
    ids, names = ids_for(operation, known), path_parameters(operation)
    ways = [(GenerationMode.POSITIVE, {})]
    if names and all(name in ids for name in names):
        ways.append((GenerationMode.POSITIVE, {name: ids[name] for name in names}))
    if _can_be_wrong(operation):
        ways += [(GenerationMode.NEGATIVE, {})] * len(ways)
    for mode, path in ways:

        @seed(start)
        @settings(
            max_examples=-(-min(SLOW.get(operation.label, requests), requests) // len(ways)), phases=[Phase.generate],
            database=None, deadline=None, suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(mode, path_parameters=path or None))
        def ask(case: Case) -> None:
            answer = case.call(headers=PLAIN)
            case.validate_response(answer, checks=CHECKS)
            statuses[answer.status_code] += 1

        ask()
    return statuses


def ids_for(operation: Any, known: Known) -> Mapping[str, str]:
    """Path parameters of the operation that are there."""
    return next((ids for prefix, ids in known.items() if operation.path.startswith(prefix + "/")), {})


def path_parameters(operation: Any) -> list[str]:
    return re.findall(r"{(\w+)}", operation.path)


def _can_be_wrong(operation: Any) -> bool:
    """Any text will do as part of a path, and as a header without a form."""
    raw = operation.definition.raw
    return "requestBody" in raw or any(
        p.get("in") == "query" or (p.get("in") == "header" and "pattern" in p.get("schema", {}))
        for p in raw.get("parameters", ())
    )


def filled(post: Post) -> Known:
    """One of everything is stored; returns path parameters that are there, by the paths that take them."""
    inventories, media = PROJECT / "inventories", "application/json"
    bom = (inventories / "beer" / "craft-one-way-glass.json").read_bytes()
    footprint = post("/v1/footprints", bom, media)["id"]
    kept = post("/v1/boms", bom, media)["id"]
    screening = post("/v1/cbam/screenings", bom, media)["id"]
    answered = post("/v1/cbam/answers", bom, media)["id"]
    installation = post("/v1/cbam/installations", (inventories / "cbam" / "screw-maker.json").read_bytes(), media)["id"]
    statement = post(
        "/v1/statements", json.dumps({"footprint": footprint, "issuer": "A", "customer": "B"}).encode(), media
    )
    evidence = post(
        f"/v1/evidence?kind=footprints&record={footprint}&file_name=a.pdf&entered_by=A",
        b"%PDF-1.7\n",
        "application/pdf",
    )
    return {
        **{f"/v1/{path}": {"identifier": found} for path, found in (
            ("boms", kept), ("footprints", footprint), ("cbam/screenings", screening), ("cbam/answers", answered),
            ("cbam/installations", installation), ("statements", statement["id"]), ("evidence", evidence["id"]),
        )},
        "/v1/rules": {"identifier": "beer", "version": "1.0.0", "name": "beer"},
        "/v1/backgrounds": {"identifier": default_release().id},
        "/v1/processes": {"code": "steel-cold-rolled-cn"},
    }  # fmt: skip
