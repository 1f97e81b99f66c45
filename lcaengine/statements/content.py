"""The body of a footprint statement from a stored footprint (docs/statements.md): nothing invented, nothing that the owner withholds."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, Literal

import numpy as np

from lcaengine.background import Release
from lcaengine.footprint import Footprint, body, explain, hotspots
from lcaengine.problems import Problem, Refused
from lcaengine.rules.shown import to_check
from lcaengine.statements import content_texts as texts
from lcaengine.statements.checklist import checklist, checklist_problems
from lcaengine.statements.content_texts import Text
from lcaengine.statements.differences import differences
from lcaengine.statements.signing import canonical
from lcaengine.store import Record, solved_again

Json = dict[str, Any]
Depth = Literal["total", "stages", "lines"]
DEPTHS = ("total", "stages", "lines")
HOTSPOTS = 10
NAMES_SHOWN = 20
LINES_SWUNG = 60  # beyond, a statement would take seconds
WITHOUT_AMOUNTS = frozenset(
    {"dqr_above", "primary_below", "carbon_gap"}
)  # warnings that tell nothing of the bill of materials
OWN = frozenset({"id", "created", "links"})  # what the store adds to an answer


@dataclass(frozen=True)
class Particulars:
    """What the owner says of a statement, apart from the footprint."""

    depth: Depth
    customer: str
    issuer: Mapping[str, str]
    valid_until: date
    cbam: Json | None = None
    reasons: Mapping[str, Text] = field(default_factory=dict)
    identifier: str = ""
    issued: str = ""


def statement_body(
    record: Record, *, depth: Depth, customer: str, issuer: Mapping[str, str], valid_until: date, cbam: Json | None,
    reasons: Mapping[str, Text], release: Release | None = None,
) -> Json:  # fmt: skip
    """The body of a statement, JSON-ready.

    ``issuer`` has ``organisation`` and ``name``; ``cbam`` is an answer of `lcaengine.cbam.answer`; ``reasons`` say of items of
    the checklist why they do not apply. Raises `Refused` with every required item that is missing, and where the footprint
    cannot be reproduced (``rule_changed``, ``statement_not_reproduced``).
    """
    footprint = solved_again(record, release)
    if moved := moved_figures(record, footprint):
        raise Refused(moved)
    said = Particulars(depth, customer, issuer, valid_until, cbam, reasons, str(uuid.uuid4()), now())
    found = content(record, footprint, said)
    if problems := checklist_problems(found, reasons):
        raise Refused(problems)
    return found


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def moved_figures(record: Record, footprint: Footprint) -> list[Problem]:
    """What of a stored answer does not come out the same when solved again (another engine or machine)."""
    stored = {k: v for k, v in json.loads(record.body).items() if k not in OWN}
    again = json.loads(json.dumps(body(footprint)))
    moved = [d for d in differences(stored, again) if not d.pointer.startswith("/engine/")]
    return [
        Problem("statement_not_reproduced", d.pointer, {"stated": str(d.stated), "found": str(d.found)})
        for d in moved[:NAMES_SHOWN]
    ]


def content(record: Record, footprint: Footprint, said: Particulars) -> Json:
    """The body, whether complete or not; `statement_body` refuses one that is not."""
    answer = body(footprint)
    document = json.loads(record.document)
    lines = said.depth == "lines"
    found: Json = {
        "type": "footprint_statement", "schema": 1, "id": said.identifier, "issued": said.issued,
        "valid_until": said.valid_until.isoformat(),
        "issuer": dict(said.issuer), "customer": {"name": said.customer}, "depth": said.depth,
        "product": answer["product"],
        "declared_unit": answer["declared_unit"],
        "per": answer["per"],
        "boundary": {"id": answer["boundary"], "name": dict(texts.BOUNDARIES[answer["boundary"]])},
        "period": _period(document),
        "geography": {k: document["site"][k] for k in ("country", "region") if document.get("site", {}).get(k)},
        "prepared_with_reference_to": list(_standards(footprint)),
        "total": {**answer["total"], "digits": digits(answer["data_quality"])},
        "indicators": answer["indicators"],
        "biogenic_carbon": answer["biogenic_carbon"],
        "land_use_change": _indicator(footprint, answer, "land_use_change", said.reasons),
        "aircraft": _indicator(footprint, answer, "aircraft", said.reasons),
        "choices": answer["choices"],
        "electricity": {**answer["electricity"], "claims": list(_claims(footprint))},
        "stages": answer["stages"] if said.depth != "total" else [],
        "gases": answer["gases"],
        "lines": [_line(entry) for entry in answer["lines"]] if lines else None,
        "hotspots": _hotspots(footprint, said.depth),
        "data_quality": answer["data_quality"],
        "assumptions": _assumptions(footprint, answer, lines),
        "allocation": _allocation(footprint),
        "cut_off": answer["cut_off"],
        "modules": [_module(m, said.depth) for m in answer["modules"]],
        "limits_of_use": _limits(answer, lines),
        "warnings": [w for w in answer["warnings"] if lines or w["code"] in WITHOUT_AMOUNTS],
        "cbam": None if said.cbam is None else _cbam(said.cbam, lines),
        "provenance": _provenance(record, answer),
    }  # fmt: skip
    found["checklist"] = checklist(found, said.reasons)
    plain: Json = json.loads(canonical(found))
    return plain


def digits(quality: Json) -> int:
    """Significant digits to show: two where more than half of the result passes through estimates, else three."""
    return 2 if (quality["estimate_share"] or 0.0) > 0.5 else 3


def _period(document: Json) -> Json | None:
    return {k: document["period"][k] for k in ("start", "end")} if document.get("period") else None


def _standards(footprint: Footprint) -> Iterator[Json]:
    """Standards, then the sources of the rule that are known at second hand only."""
    yield from (json.loads(json.dumps(s)) for s in texts.STANDARDS)
    unread: dict[str, list[str]] = {}
    for entry in to_check(footprint.system.inventory.rule):
        if entry["reason"] == "second_hand":
            unread.setdefault(entry["source"], []).append(entry["rule_id"])
    for source, ids in unread.items():
        note = {k: v.format(ids=", ".join(sorted(set(ids)))) for k, v in texts.SECOND_HAND.items()}
        yield {"standard": source, "clauses_not_read": True, "note": note}


def _indicator(footprint: Footprint, answer: Json, name: str, reasons: Mapping[str, Text]) -> Json:
    """Land use change or aircraft: a value where the background computes it, else missing with the reason."""
    release, column = footprint.system.release, f"gwp100_{name}"
    found = next((i for i in answer["indicators"] if i["id"] == column), None)
    if found is None:
        given = reasons.get(name)
        status = "missing" if given is None else "not_applicable"
        return {"status": status, "value": None, "unit": "kg CO2e", "reason": dict(given or texts.NOT_COMPUTED)}
    flows = int(np.count_nonzero(release.direct[:, release.column_index[column]]))
    share = answer["data_quality"]["unsplit_share"] or 0.0
    reason = {k: v.format(flows=flows, share=f"{share:.0%}") for k, v in texts.COMPUTED.items()}
    return {"status": "value", "value": found["value"], "unit": found["unit"], "reason": reason}


def _claims(footprint: Footprint) -> Iterator[Json]:
    """Supplies of electricity that need evidence, with the evidence that was given; without it they count as residual mix."""
    inventory = footprint.system.inventory
    bom, template = inventory.bom, inventory.rule.activities.get("electricity")
    for activity in (*bom.activities, *(bom.shared.activities if bom.shared else ())):
        if activity.section == "electricity" and template is not None:
            for name, kind in template.kinds.items():
                if (kind.needs_evidence and activity.kind == name) or (
                    activity.process and activity.process == kind.market
                ):
                    yield {"supply": name, "evidence": activity.evidence or None}


def _line(entry: Json) -> Json:
    """A line without its amount, which would tell the recipe."""
    keys = ("line", "name", "stage", "value", "share", "quality", "status_shares", "process", "mix", "data")
    return {k: entry[k] for k in keys if k in entry}


def _module(module: Json, depth: Depth) -> Json:
    hidden = {"total": {"stages", "lines"}, "stages": {"lines"}, "lines": set()}[depth]
    return {k: v for k, v in module.items() if k not in hidden}


def _hotspots(footprint: Footprint, depth: Depth) -> list[Json]:
    """The largest contributions at the depth that the owner allows; what is not shown is summed at the end."""
    if depth == "total":
        return []
    ranked = hotspots(footprint, HOTSPOTS)[depth]
    shown = [{k: e[k] for k in ("id", "name", "value", "share")} for e in ranked["items"]]
    if ranked["rest"]["count"]:
        rest, total = ranked["rest"], footprint.value
        name = {"zh": f"其余 {rest['count']} 项", "en": f"{rest['count']} more"}
        share = rest["value"] / total if total else None
        shown.append({"id": "rest", "name": name, "value": rest["value"], "share": share})
    return shown


def _assumptions(footprint: Footprint, answer: Json, lines: bool) -> list[Json]:
    """What was assumed, with its weight; what the owner gave is told at the depth of lines only.

    How far each range moves the total (two solves an assumption) is told for bills of materials of up to `LINES_SWUNG` lines.
    """
    if len(footprint.system.inventory.bom.lines) <= LINES_SWUNG:
        explained = explain(footprint)
        found = [*explained["assumed"], *explained["given"]]
    else:
        found = [{**a, "at_min": None, "at_max": None, "swing": None} for a in answer["assumptions"]]
    return found if lines else [_blurred(a) for a in found if a["status"] != "given"]


def _blurred(assumption: Json) -> Json:
    """Its weight in whole percent: the exact one times the total may be the result of a single line, which is withheld."""
    share = assumption["share"]
    return {
        **assumption, "share": None if share is None else round(share, 2), "at_min": None, "at_max": None, "swing": None
    }  # fmt: skip


def _allocation(footprint: Footprint) -> Json:
    rule = footprint.system.inventory.rule
    said: list[Text] = [_filled("shared", rule_id=rule.shared_rule_id)]
    for co_product in rule.co_products.values():
        key = co_product.allocation if co_product.allocation in texts.ALLOCATION else "other"
        said.append(_filled(key, name=co_product.name, rule_id=co_product.rule_id))
    said.append(texts.ALLOCATION["recycling"])
    return {k: "".join(text[k] if k == "zh" else text[k] + " " for text in said).strip() for k in ("zh", "en")}


def _filled(key: str, name: Text | None = None, **values: str) -> Text:
    return {k: v.format(name=(name or {}).get(k, ""), **values) for k, v in texts.ALLOCATION[key].items()}


def _limits(answer: Json, lines: bool) -> list[Json]:
    found = [dict(text) for text in (answer["notice"], *texts.LIMITS)]
    if not lines:
        hidden = sum(w["code"] not in WITHOUT_AMOUNTS for w in answer["warnings"])
        found.append({k: v.format(warnings=hidden) for k, v in texts.WITHHELD.items()})
    return found


def _cbam(answer: Json, lines: bool) -> Json:
    """The CBAM answer apart from the footprint: no figure of the one stands in the other."""
    keys = ("line", "name", "cn_code", "category", "origin", "evidence", "see", "obligation")
    screening = answer["screening"]
    return {
        "on": answer["on"], "answer": screening["answer"], "obligation_today": screening["obligation_today"],
        "goods": answer["goods"],
        "lines": [{k: line[k] for k in keys} for line in answer["lines"]] if lines else [],
        "notes": [*answer["notes"], *answer["difference"]], "acts": answer["acts"], "assumed": answer.get("assumed"),
    }  # fmt: skip


def _provenance(record: Record, answer: Json) -> Json:
    stored = json.loads(record.body)
    return {
        "footprint": record.id, "document_sha256": document_sha256(record),
        "rule": answer["rule"], "background": answer["background"], "engine": stored["engine"], "calculated": stored["created"],
    }  # fmt: skip


def document_sha256(record: Record) -> str:
    """SHA-256 of the bill of materials in its canonical form (RFC 8785)."""
    return hashlib.sha256(canonical(json.loads(record.document))).hexdigest()
