"""Whether there is an obligation on a day, why, and the plain answer: two sentences in each language, from the findings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from lcaengine.cbam.screening.scope import Extension, Scope, shown
from lcaengine.cbam.screening.texts import Text, said
from lcaengine.cbam.tables import tables

WITHOUT_THRESHOLD = frozenset({"electricity", "hydrogen"})  # Regulation (EU) 2023/956, Article 2a(4)
THRESHOLD = 50.0  # t net mass; Regulation (EU) 2023/956, Annex VII point 1, as added by Regulation (EU) 2025/2083
NAMED = 6  # codes that the answer names before it counts the rest
Origin = Literal["listed", "exempt", "eu"]
_STOPS = " ,.!?。！？"
_END_OF_SENTENCE = re.compile(r"[.!?。！？]+(?=\s|$)|[。！？]")


@dataclass(frozen=True, slots=True)
class Counted:
    """How many lines there are, how many would be in Annex I, how many could not be judged."""

    lines: int
    listed: int
    unjudged: int


@dataclass(frozen=True, slots=True)
class Findings:
    """What the answer and the next steps are made from; ``mass`` is the importer's in the calendar year, t."""

    name: Text
    on: date
    scope: Scope | None
    extension: Extension
    origin: Origin
    country: Text
    mass: float | None
    counted: Counted

    @property
    def reasons(self) -> tuple[str, ...]:
        """Codes of the reasons, the deciding one last."""
        if self.scope is not None and self.scope.status == "out":
            return ("not_in_annex_i",)
        if self.origin != "listed":
            return (f"{self.origin}_origin",)
        if self.scope is None:
            return ("no_code",)
        if self.mass_state == "not_over" and not self.scope.sectors & WITHOUT_THRESHOLD:
            return (_WHY[self.scope.status], "below_threshold")
        if self.scope.status != "in":
            return (_WHY[self.scope.status],)
        return ("in_annex_i", self._threshold_reason(self.scope))

    @property
    def obligation(self) -> bool | Literal["depends"]:
        """Articles 2, 2a and 4 of Regulation (EU) 2023/956."""
        return _DECIDES.get(self.reasons[-1], "depends")

    @property
    def mass_state(self) -> Literal["over", "not_over", "unknown"]:
        """Article 2a(1): exempt while the mass does not exceed 50 t."""
        if self.mass is None:
            return "unknown"
        return "over" if self.mass > THRESHOLD else "not_over"

    def _threshold_reason(self, scope: Scope) -> str:
        if scope.sectors <= WITHOUT_THRESHOLD:
            return "no_threshold"
        return "threshold_exceeded" if self.mass_state == "over" else "threshold_unknown"


_WHY = {"in": "in_annex_i", "in_if": "ex_condition", "depends": "code_too_short"}
_DECIDES: dict[str, bool | Literal["depends"]] = {
    "not_in_annex_i": False, "exempt_origin": False, "eu_origin": False, "below_threshold": False,
    "no_threshold": True, "threshold_exceeded": True,
}  # fmt: skip


def reasons_of(findings: Findings) -> list[dict[str, Any]]:
    """Each reason as code and text."""
    condition = findings.scope.goods[0].ex if findings.scope and findings.scope.goods else ""
    return [{"code": code, "text": said(code, condition=condition)} for code in findings.reasons]


def answer(findings: Findings) -> Text:
    """Exactly two sentences in each language: what holds on the day, then what follows or what is planned."""
    first, second = _first(findings), _second(findings)
    return {"zh": first["zh"] + second["zh"], "en": f"{first['en']} {second['en']}"}


def _first(findings: Findings) -> Text:
    scope, key = findings.scope, _key(findings)
    values: dict[str, Any] = {"name": _unstopped(findings.name), "on": findings.on.isoformat()}
    if key.endswith("_origin"):
        return said(f"first_{key}", country=findings.country, **values)
    if scope is None:
        return said("first_no_code", **values)
    if key == "depends":
        values["codes"] = _codes(scope)
    return said(
        f"first_{key}", code=shown(scope.code), category=categories(scope), emissions=said(emissions(scope)), **values
    )


def _key(findings: Findings) -> str:
    if findings.reasons[-1] in {"exempt_origin", "eu_origin"}:
        return findings.reasons[-1]
    return findings.scope.status if findings.scope else "no_code"


def _second(findings: Findings) -> Text:
    year = findings.on.year
    values = {"year": year, "deadline": f"{year + 1}-09-30", "mass": _number(findings.mass)}
    match findings.reasons[-1]:
        case "not_in_annex_i":
            return said("second_plans", plan=_plan(findings.extension), lines=_lines(findings.counted))
        case "exempt_origin" | "eu_origin":
            return said("second_origin", lines=_lines(findings.counted))
        case "no_code":
            return said("second_no_code", lines=_lines(findings.counted))
        case "code_too_short":
            return said("second_code")
        case "ex_condition" if findings.scope:
            return said("second_condition", condition=_unstopped(said_alike(findings.scope.goods[0].ex)))
        case "below_threshold":
            return said("second_not_over", **values)
        case "threshold_exceeded":
            return said("second_over", **values)
        case "no_threshold":
            return said("second_no_threshold", **values)
    return said("second_duty", **values)


def _plan(extension: Extension) -> Text:
    starts = sorted({row.proposed_from.isoformat() for row in extension.rows})
    return said(f"plan_{extension.status}", start=starts[0] if starts else "")


def _lines(counted: Counted) -> Text:
    if counted.lines == 0:
        return said("lines_empty")
    if counted.unjudged == counted.lines:
        return said("lines_unjudged", count=counted.lines)
    judged = said("lines_listed" if counted.listed else "lines_none", listed=counted.listed, count=counted.lines)
    return said("lines_partly", judged=judged, unjudged=counted.unjudged) if counted.unjudged else judged


def emissions(scope: Scope) -> str:
    """``direct`` for the goods of Annex II, else ``direct_and_indirect``; goods of one sub-heading never differ."""
    known = tables().categories
    return "direct" if all(known[c].annex_ii for c in scope.categories) else "direct_and_indirect"


def categories(scope: Scope) -> Text:
    """Names of the aggregated goods categories."""
    found = [tables().categories[c] for c in scope.categories]
    return {"zh": "或".join(c.name_zh for c in found), "en": " or ".join(c.name_en for c in found)}


def said_alike(text: str) -> Text:
    """A text that is printed in one language only, as the act has it."""
    return {"zh": text, "en": text}


def _codes(scope: Scope) -> Text:
    codes = [shown(good.cn_code) for good in scope.goods]
    some, more = codes[:NAMED], len(codes) - NAMED
    if more <= 0:
        return {"zh": "、".join(some), "en": ", ".join(some)}
    return {"zh": f"{'、'.join(some)}等 {len(codes)} 个编码", "en": f"{', '.join(some)} and {more} more"}


def _unstopped(name: Text) -> Text:
    """A name without full stops, so that the answer keeps its two sentences."""
    nameless = said("nameless")
    return {
        language: _END_OF_SENTENCE.sub(",", text).strip(_STOPS) or nameless[language] for language, text in name.items()
    }


def _number(mass: float | None) -> str:
    return "" if mass is None else f"{mass:.12g}"
