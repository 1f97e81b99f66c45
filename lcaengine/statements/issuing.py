"""Issuing a statement for a stored footprint, and solving it again from what its record holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from lcaengine.background import Release, default_release
from lcaengine.bom import bom_of
from lcaengine.cbam.answer import Assumptions, cbam_answer
from lcaengine.cbam.installation import calculate_installation
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.problems import Problem, Refused
from lcaengine.statements.content import DEPTHS, Depth, Particulars, content, statement_body
from lcaengine.statements.content_texts import Text
from lcaengine.statements.differences import Difference, differences
from lcaengine.statements.signing import KeyStore, canonical, signed
from lcaengine.store import Record, StatementRecord, Store, solved_again
from lcaengine.store.sharing import Share, visible_footprint
from lcaengine.store.statements import in_force

Json = dict[str, Any]
YEARS_VALID = 3  # PACT v3: at most three years after the end of the reference period
NAME_LENGTH = 300
WHY_LENGTH = 1000
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)  # control, and what turns text round


@dataclass(frozen=True)
class CbamRequest:
    """The day of the CBAM answer, quarter and price, and stored installations whose embedded emissions are evidence."""

    on: date
    quarter: str | None = None
    price: float | None = None
    installations: tuple[str, ...] = ()


@dataclass(frozen=True)
class Order:
    """What is asked for: for whom, how deep, until when."""

    footprint: str
    customer: str
    depth: Depth = "stages"
    issuer: str | None = None
    valid_until: date | None = None
    reasons: Mapping[str, Text] = field(default_factory=dict)
    cbam: CbamRequest | None = None
    supersedes: str | None = None
    why: str = ""


def issue(
    store: Store, organisation: str, order: Order, keys: KeyStore | None = None, release: Release | None = None
) -> StatementRecord:
    """Issue, sign and keep a statement for a footprint of an organisation.

    Raises `NotFound` for a footprint of another, `Refused` with everything that is missing or out of date.
    """
    record, share = visible_footprint(store, organisation, order.footprint)
    document = json.loads(record.document)
    today = datetime.now(UTC).date()
    last = last_day(document, today)
    if problems := [*_problems(order, last, today), *_share_problems(order, share)]:
        raise Refused(problems)
    if order.supersedes is not None:
        in_force(store.get_statement(organisation, order.supersedes))
    answer = None if order.cbam is None else _cbam_answer(store, organisation, record, order.cbam, release)
    try:
        body = statement_body(
            record, depth=order.depth, customer=order.customer.strip(),
            issuer={"organisation": organisation, "name": (order.issuer or _site_name(document)).strip()},
            valid_until=order.valid_until or last, cbam=answer, reasons=order.reasons, release=release,
        )  # fmt: skip
    except Refused as refused:
        raise refused if share is None else Refused([*_without_figures(refused.problems)]) from None
    text = canonical(signed(body, keys or KeyStore())).decode()
    return store.add_statement(organisation, body["id"], record.id, text, order.supersedes, order.why)


def last_day(document: Json, today: date) -> date:
    """The last day on which a footprint may be stated: three years after its period, else after today."""
    end = date.fromisoformat(document["period"]["end"]) if document.get("period") else today
    try:
        return end.replace(year=end.year + YEARS_VALID)
    except ValueError:  # 29 February
        return date(end.year + YEARS_VALID, 2, 28)


def _problems(order: Order, last: date, today: date) -> Iterator[Problem]:
    until = order.valid_until or last
    if last < today:
        yield Problem("statement_footprint_expired", "/footprint", {"last": last.isoformat()})
    elif until < today:
        yield Problem("statement_expired", "/valid_until", {"until": until.isoformat(), "today": today.isoformat()})
    elif until > last:
        yield Problem(
            "statement_valid_too_long", "/valid_until", {"until": until.isoformat(), "last": last.isoformat()}
        )
    if order.depth not in DEPTHS:
        yield Problem("statement_depth", "/depth", {"value": order.depth, "known": list(DEPTHS)})
    for field_name, value in (("customer", order.customer), ("issuer", order.issuer)):
        if value is not None and (not value.strip() or len(value) > NAME_LENGTH or _UNSEEN.search(value)):
            yield Problem("statement_bad_name", f"/{field_name}", {"field": field_name, "limit": NAME_LENGTH})
    if len(order.why) > WHY_LENGTH or _UNSEEN.search(order.why):
        yield Problem("statement_bad_name", "/why", {"field": "why", "limit": WHY_LENGTH})
    for name, reason in order.reasons.items():
        for language in ("zh", "en"):
            if not reason.get(language, "").strip() or _UNSEEN.search(reason[language]):
                yield Problem(
                    "statement_reason_text", f"/reasons/{name}/{language}", {"item": name, "language": language}
                )


def _share_problems(order: Order, share: Share | None) -> Iterator[Problem]:
    """A shared footprint is stated no deeper than it is shared, by whoever states it under his own name."""
    if share is None:
        return
    if order.depth in DEPTHS and DEPTHS.index(order.depth) > DEPTHS.index(share.depth):
        yield Problem("statement_too_deep", "/depth", {"value": order.depth, "allowed": share.depth})
    if not (order.issuer or "").strip():
        yield Problem("required", "/issuer", {"field": "issuer"})


def _without_figures(problems: Sequence[Problem]) -> Iterator[Problem]:
    """That a shared footprint does not come out again is told, and which of its figures only to its owner."""
    moved = "statement_not_reproduced"
    if any(p.code == moved for p in problems):
        yield Problem(moved, "/footprint", {"stated": "–", "found": "–"})
    yield from (p for p in problems if p.code != moved)


def _site_name(document: Json) -> str:
    return str(document.get("site", {}).get("name") or "")


def _cbam_answer(store: Store, organisation: str, record: Record, asked: CbamRequest, release: Release | None) -> Json:
    """The CBAM answer of the same bill of materials, with what it was asked with, so that it can be given again."""
    own = [store.get_cbam(organisation, "installations", i) for i in asked.installations]
    results = [calculate_installation(installation_of(json.loads(r.document))) for r in own]
    bom = bom_of(json.loads(record.document))
    answer = cbam_answer(bom, release or default_release(), results, Assumptions(asked.on, asked.quarter, asked.price))
    assumed = {
        "on": asked.on.isoformat(),
        "quarter": asked.quarter,
        "price": asked.price,
        "installations": list(asked.installations),
    }
    return {**answer, "assumed": assumed}


# -- solving again


def recompute(store: Store, organisation: str, statement: Json, release: Release | None = None) -> Sequence[Difference]:
    """Every figure of a statement that does not come out exactly the same from the recorded inputs, rule and release.

    Raises `NotFound` or `Refused` where they are gone or changed.
    """
    try:
        record, _ = visible_footprint(store, organisation, statement["provenance"]["footprint"])
        said = Particulars(
            statement["depth"], statement["customer"]["name"], statement["issuer"], date.fromisoformat(statement["valid_until"]),
            None, _reasons(statement), statement["id"], statement["issued"],
        )  # fmt: skip
        asked = _asked(statement)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Refused(Problem("statement_not_of_this_form", "", {"why": type(error).__name__})) from error
    if asked is not None:
        said = Particulars(**{**vars(said), "cbam": _cbam_answer(store, organisation, record, asked, release)})
    again = content(record, solved_again(record, release), said)
    return list(differences(statement, again))


def _reasons(statement: Json) -> dict[str, Text]:
    return {e["item"]: e["reason"] for e in statement["checklist"] if e["status"] == "not_applicable"}


def _asked(statement: Json) -> CbamRequest | None:
    if statement["cbam"] is None:
        return None
    a = statement["cbam"]["assumed"]
    return CbamRequest(date.fromisoformat(a["on"]), a["quarter"], a["price"], tuple(a["installations"]))
