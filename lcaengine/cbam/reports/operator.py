"""The operator data of a report: read, and held against the installation that they speak of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marshmallow import ValidationError

from lcaengine.bom.reading import json_document, pointer, schema_problems
from lcaengine.bom.schema import Strict
from lcaengine.cbam.installation import Result
from lcaengine.cbam.reports.schema import OperatorDataSchema, ReportRequestSchema
from lcaengine.cbam.reports.texts import items_of
from lcaengine.cbam.tables import normal_cn
from lcaengine.problems import Malformed, Problem, Refused

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OperatorData:
    """Operator data as read; `lcaengine.cbam.reports.schema` is their shape. Nothing given is nothing said."""

    document: Mapping[str, Any]
    prefix: str = ""  # where it stands in what was posted

    @property
    def withheld(self) -> frozenset[str]:
        return frozenset(self.document.get("withhold", ()))


def read_operator(data: bytes) -> OperatorData:
    """Operator data from JSON bytes; raises `Refused` with every problem found."""
    return operator_of(json_document(data))


def operator_of(document: Any) -> OperatorData:
    """Operator data from a parsed document; raises `Refused` with every problem found."""
    loaded = _loaded(OperatorDataSchema, document)
    if problems := list(_unknown_items(loaded, "")):
        raise Refused(problems)
    return OperatorData(loaded)


@dataclass(frozen=True, slots=True)
class Request:
    """Which report of which stored installation, and the operator data for it."""

    installation: str
    kind: str
    operator: OperatorData


def read_request(document: Any) -> Request:
    """A request from a parsed document; raises `Refused` with every problem found."""
    loaded = _loaded(ReportRequestSchema, document)
    operator = loaded.get("operator", {})
    if problems := list(_unknown_items(operator, "/operator")):
        raise Refused(problems)
    return Request(loaded["installation"], loaded["kind"], OperatorData(operator, "/operator"))


def _loaded(schema: type[Strict], document: Any) -> Json:
    if not isinstance(document, dict):
        raise Malformed(Problem("not_an_object", ""))
    try:
        loaded: Json = schema().load(document)
    except ValidationError as error:
        raise Refused(list(schema_problems(error.messages, document))) from None
    return loaded


def check_against(operator: OperatorData, result: Result) -> None:
    """Raises `Refused` where the operator data speak of what the installation does not have."""
    installation = result.installation
    known = {
        "process": {p.id for p in installation.processes}, "precursor": {p.id for p in installation.precursors},
        "transfer": {t.id for t in installation.transfers},
    }  # fmt: skip
    document = operator.document
    problems = [
        Problem("report_unknown_id", operator.prefix + pointer(section, i, key), {"id": row[key], "field": key})
        for section, key in (("non_cbam_goods", "process"), ("precursors", "precursor"), ("co2_recipients", "transfer"))
        for i, row in enumerate(document.get(section, []))
        if row[key] not in known[key]
    ]
    codes = {normal_cn(g.cn_code) for p in installation.processes for g in p.goods}
    for code in document.get("parameters", {}):
        if code not in codes:
            problems.append(
                Problem(
                    "report_unknown_id", operator.prefix + pointer("parameters", code), {"id": code, "field": "cn_code"}
                )
            )
    if problems:
        raise Refused(problems)


def _unknown_items(document: Mapping[str, Any], prefix: str) -> Iterator[Problem]:
    known = {i.item for i in items_of("summary")}
    for i, item in enumerate(document.get("withhold", [])):
        if item not in known:
            yield Problem("report_unknown_item", prefix + pointer("withhold", i), {"item": item})
