"""Is a statement what was signed, and does it still hold: offline with the key, and where the store is at hand, figure by figure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any, Literal, Protocol

from lcaengine.problems import Language, Malformed, Problem, Refused, TooLarge
from lcaengine.statements.differences import Difference, differences
from lcaengine.statements.signing import NotCanonical, canonical, checks, header

Json = dict[str, Any]
TYPE = "footprint_statement"
MAX_BYTES = 64_000_000
Outcome = Literal["valid", "altered", "unknown_key", "not_reproduced", "revoked", "superseded", "expired"]


class Known(Protocol):
    """What a store knows of a statement (`lcaengine.store.StatementRecord`)."""

    @property
    def document(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def superseded_by(self) -> str | None: ...
    @property
    def revoked_at(self) -> datetime | None: ...
    @property
    def reason(self) -> str | None: ...


Status = Callable[[str], Known | None]
Again = Callable[[Json], Sequence[Difference]]


@dataclass(frozen=True)
class Verdict:
    """What verifying found. ``status_checked``: whether somebody was asked if it is revoked; ``recomputed``: None if not tried."""

    outcome: Outcome
    id: str | None = None
    kid: str | None = None
    findings: tuple[Problem, ...] = ()
    differences: tuple[Difference, ...] = ()
    superseded_by: str | None = None
    status_checked: bool = False
    recomputed: bool | None = None
    covers: str = "json"

    def as_dict(self, language: Language = "en") -> Json:
        return {
            "outcome": self.outcome, "id": self.id, "kid": self.kid, "superseded_by": self.superseded_by,
            "status_checked": self.status_checked, "recomputed": self.recomputed, "covers": self.covers,
            "findings": [p.as_dict(language) for p in self.findings],
            "differences": [d.as_dict() for d in self.differences],
        }  # fmt: skip


class _Altered(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.code)
        self.problem = problem


def verify(
    data: bytes, jwks: Json | None, status: Status | None = None, again: Again | None = None, kind: str = TYPE,
    open_inputs: bool = False,
) -> Verdict:  # fmt: skip
    """Check a signed statement: JSON, or a PDF with the JSON attached.

    ``jwks``: the issuer's public keys; ``status``: what a store knows of an id; ``again``: the figures solved anew; ``kind``:
    what must have been signed, so that another text of the same issuer is none; ``open_inputs``: who asks has the inputs, so that an altered statement may be
    solved anew to name the figure. Otherwise the answer to a forged question would tell what the owner withheld. Raises `Malformed` for what is no statement at all, `Refused` where the key set is none or a PDF cannot be read here.
    """
    keys = _keys(jwks)
    text, covers = _statement_text(data)
    try:
        document = _document(text)
    except _Altered as altered:
        return Verdict("altered", findings=(altered.problem,), covers=covers)
    statement = document["statement"]
    base = Verdict("valid", id=_text(statement.get("id")), covers=covers)
    known = status(base.id) if status and base.id else None
    base = replace(base, status_checked=known is not None)
    try:
        kid = str(header(document["signature"])["kid"])
    except ValueError as error:
        return _altered(
            base, Problem("statement_altered_header", "/signature/protected", {"why": str(error)}), statement, known
        )
    base = replace(base, kid=kid)
    if kid not in keys:
        return replace(base, outcome="unknown_key", findings=(Problem("statement_unknown_key", "", {"kid": kid}),))
    if not checks(statement, document["signature"], keys[kid]):
        asked = again if open_inputs else None
        return _altered(base, Problem("statement_altered_signature", "", {"kid": kid}), statement, known, asked)
    if statement.get("type") != kind:
        raise Malformed(Problem("statement_unreadable", "/statement/type", {"why": "type"}))
    if known and (found := _other_text(statement, known)):
        return replace(
            base, outcome="altered", findings=(Problem("statement_other_text", "", {"id": base.id}),), differences=found
        )
    return _standing(_recomputed(base, statement, again), statement, known)


# -- reading


def _keys(jwks: Json | None) -> Mapping[str, Json]:
    try:
        return {str(key["kid"]): key for key in ({"keys": []} if jwks is None else jwks)["keys"]}
    except (KeyError, TypeError) as error:
        raise Malformed(Problem("statement_bad_jwks", "--key")) from error


def _statement_text(data: bytes) -> tuple[str, str]:
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    pdf = data.lstrip()[:5] == b"%PDF-"
    try:
        return (_attached(data) if pdf else data).decode("utf-8"), "attachment" if pdf else "json"
    except UnicodeDecodeError as error:
        raise Malformed(Problem("statement_unreadable", "", {"why": "UTF-8"})) from error


def _attached(data: bytes) -> bytes:
    """The one JSON file attached to a PDF."""
    try:
        from pypdf import PdfReader
    except ImportError as error:
        raise Refused(Problem("statement_no_pdf_reader")) from error
    try:
        files = PdfReader(BytesIO(data)).attachments
        found = [content for name, contents in files.items() if name.endswith(".json") for content in contents]
    except Exception as error:  # pypdf raises whatever a broken file makes it meet
        raise Malformed(Problem("statement_unreadable", "", {"why": f"PDF, {type(error).__name__}"})) from error
    if len(found) != 1:
        raise Malformed(Problem("statement_no_attachment", "", {"count": len(found)}))
    return found[0]


def _document(text: str) -> Json:
    """The signed document; raises `Malformed` if it is none, `_Altered` for what could be read in two ways."""
    try:
        found = json.loads(
            text, object_pairs_hook=_unique, parse_float=_number, parse_int=_number, parse_constant=_constant
        )
        canonical(found)
    except (json.JSONDecodeError, RecursionError) as error:
        raise Malformed(Problem("statement_unreadable", "", {"why": getattr(error, "msg", "depth")})) from error
    except NotCanonical as error:
        raise _Altered(Problem("statement_altered_form", "", {"why": str(error)})) from error
    if not isinstance(found, dict) or not isinstance(found.get("statement"), dict):
        raise Malformed(Problem("statement_unreadable", "", {"why": "statement"}))
    signature = found.get("signature")
    if (
        set(found) != {"statement", "signature"}
        or not isinstance(signature, dict)
        or set(signature) != {"protected", "signature"}
    ):
        raise _Altered(Problem("statement_altered_form", "", {"why": "statement, signature {protected, signature}"}))
    return found


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Altered(Problem("statement_altered_duplicate", "", {"keys": sorted({k for k, _ in pairs})[:20]}))
    return found


def _number(text: str) -> int | float:
    """A number whose digits are those of the value that is signed; more digits would change unseen."""
    if len(text) > 400:
        raise _Altered(Problem("statement_altered_number", "", {"value": text}))
    value = float(text)
    try:
        same = Decimal(repr(value)) == Decimal(text)
    except ArithmeticError:  # an exponent beyond all numbers
        same = False
    if value in (float("inf"), float("-inf")) or not same:
        raise _Altered(Problem("statement_altered_number", "", {"value": text}))
    return int(value) if value.is_integer() and abs(value) < 2**53 else value


def _constant(text: str) -> float:
    raise _Altered(Problem("statement_altered_number", "", {"value": text}))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


# -- judging


def _altered(
    base: Verdict, problem: Problem, statement: Json, known: Known | None, again: Again | None = None
) -> Verdict:
    """Altered, and what: against the recorded text where it is at hand, else against the figures solved anew if asked."""
    found = _other_text(statement, known) if known else ()
    if not found and again is not None:
        try:
            found = tuple(again(statement))
        except Refused as refused:
            return replace(base, outcome="altered", findings=(problem, *refused.problems))
    return replace(base, outcome="altered", findings=(problem,), differences=found)


def _other_text(statement: Json, known: Known) -> tuple[Difference, ...]:
    return tuple(differences(statement, json.loads(known.document)["statement"]))


def _recomputed(base: Verdict, statement: Json, again: Again | None) -> Verdict:
    if again is None:
        return base
    try:
        found = tuple(again(statement))
    except Refused as refused:
        return replace(base, outcome="not_reproduced", recomputed=False, findings=refused.problems)
    if not found:
        return replace(base, recomputed=True)
    problem = Problem("statement_figures_differ", "", {"count": len(found)})
    return replace(base, outcome="not_reproduced", recomputed=False, findings=(problem,), differences=found)


def _standing(base: Verdict, statement: Json, known: Known | None) -> Verdict:
    """Revoked, superseded, expired, or as it is."""
    if base.outcome != "valid":
        return base
    if known is not None and known.status == "revoked":
        values = {
            "at": (known.revoked_at or datetime.now(UTC)).isoformat(timespec="seconds"),
            "why": known.reason or "–",
        }
        return replace(base, outcome="revoked", findings=(Problem("statement_was_revoked", "", values),))
    if known is not None and known.status == "superseded":
        found = Problem("statement_was_superseded", "", {"by": known.superseded_by, "why": known.reason or "–"})
        return replace(base, outcome="superseded", superseded_by=known.superseded_by, findings=(found,))
    until = str(statement.get("valid_until", "9999"))
    if until < datetime.now(UTC).date().isoformat():
        return replace(base, outcome="expired", findings=(Problem("statement_past", "/valid_until", {"until": until}),))
    return base
