"""Is a product in CBAM on a day, which of its lines would be, and what to collect next (Regulation (EU) 2023/956).

The product's own customs code decides (Article 2(1), Annex I). What is said of lines is hypothetical: it would hold if the
line were imported under its own code. Nothing is guessed: a missing code is unknown, a short one "depends".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from lcaengine.bom.model import Bom, Line
from lcaengine.cbam.screening.answer import (
    THRESHOLD,
    WITHOUT_THRESHOLD,
    Counted,
    Findings,
    Origin,
    answer,
    reasons_of,
    said_alike,
)
from lcaengine.cbam.screening.scope import Extension, Scope, checked_code, extension_of, scope_of
from lcaengine.cbam.screening.shown import coded
from lcaengine.cbam.screening.steps import STEP_ACTS, LineIds, next_steps
from lcaengine.cbam.screening.texts import Text, said
from lcaengine.cbam.tables import acts_used, origin_status, tables
from lcaengine.problems import Problem, Refused
from lcaengine.units import Quantity

DEFINITIVE = date(2026, 1, 1)  # Regulation (EU) 2023/956, Article 32: the transitional period ends with 2025
KNOWN_UNTIL = date(2026, 11, 22)  # the day to which the law in the tables is known
PRODUCT = "/product/hs_code"
MASS = "/annual_mass"

PACKAGING_ROLES = (
    "can", "keg", "bottle", "crown", "closure", "carton", "crate", "label", "film", "pallet", "eps_packaging",
)  # fmt: skip
PACKAGING_CODES = ("7310", "7311", "7612", "7613", "830910", "830990")  # metal containers, gas cylinders and closures
ASSEMBLED = frozenset({"iron_and_steel", "aluminium"})
TYRES = ("4011", "4012")
TYRE_GOODS = (("tyre_rubber", "4011"), ("tyre_wire_rod", "72139120"), ("tyre_cord", "731210"))
_COUNTRY = re.compile(r"([A-Z]{2})(-[A-Z0-9]{1,3})?")

Json = dict[str, Any]


def screen(bom: Bom, on: date, annual_mass: Quantity | None = None) -> Json:
    """The screening of a bill of materials on a day, JSON-ready, every text in both languages.

    ``annual_mass`` is the importer's net mass of the calendar year over all goods of the four sectors, not this product's.
    Raises `Refused` with every problem: a day before 2026, a mass that is none, a code that is none or left the list.
    """
    lines = (*bom.lines, *(bom.shared.lines if bom.shared else ()))
    problems: list[Problem] = [*_day_problems(on), *_mass_problems(annual_mass)]
    code = _checked(bom.identifiers.get("hs_code"), PRODUCT, on, problems)
    codes = [_checked(line.cn_code, line.where + "/cn_code", on, problems) for line in lines]
    if problems:
        raise Refused(problems)
    scopes = {c: scope_of(c, on) for c in codes if c is not None}
    judged = [(line, scopes[c]) for line, c in zip(lines, codes, strict=True) if c is not None]
    unknown = [line for line, c in zip(lines, codes, strict=True) if c is None]
    findings = _findings(bom, code, on, annual_mass, judged, unknown)
    return _body(findings, judged, unknown, bom)


def _findings(
    bom: Bom,
    code: str | None,
    on: date,
    annual_mass: Quantity | None,
    judged: list[tuple[Line, Scope]],
    unknown: list[Line],
) -> Findings:
    ids = _line_ids(judged, unknown)
    origin, country = _origin(bom.country)
    return Findings(
        name={language: bom.name[language] for language in ("zh", "en")},
        on=on,
        scope=None if code is None else scope_of(code, on),
        extension=Extension("no") if code is None else extension_of(code, on),
        origin=origin,
        country=country,
        mass=None if annual_mass is None else annual_mass.to("t"),
        counted=Counted(len(judged) + len(unknown), len(ids.listed), len(ids.unjudged)),
    )


def _body(findings: Findings, judged: list[tuple[Line, Scope]], unknown: list[Line], bom: Bom) -> Json:
    steps = next_steps(findings, _line_ids(judged, unknown))
    scopes = [scope for scope in (findings.scope, *(scope for _, scope in judged)) if scope is not None]
    return {
        "on": findings.on.isoformat(),
        "law_known_until": KNOWN_UNTIL.isoformat(),
        "answer": answer(findings),
        "obligation_today": findings.obligation,
        "reasons": reasons_of(findings),
        "product": _product(findings),
        "origin": _origin_body(findings, bom.country),
        "threshold": _threshold(findings),
        "lines": _lines(judged, findings.on),
        "unknown": [_unknown(line) for line in unknown],
        "counts": _counts(judged, unknown),
        "tyres": _tyres(findings),
        "next_steps": steps,
        "notes": _notes(findings),
        "limits": _limits(),
        "acts": acts_used(*_acts(scopes, steps)),
    }


# -- what cannot be used


def _checked(given: str | None, where: str, on: date, problems: list[Problem]) -> str | None:
    if given is None:
        return None
    try:
        return checked_code(given, where, on)
    except Refused as error:
        problems.extend(error.problems)
        return None


def _day_problems(on: date) -> Iterator[Problem]:
    if on < DEFINITIVE:
        yield Problem("cbam_before_definitive_period", "/on", {"on": on, "first": DEFINITIVE})


def _mass_problems(mass: Quantity | None) -> Iterator[Problem]:
    if mass is None:
        return
    try:
        tonnes = mass.to("t")
    except Refused:
        yield Problem("cbam_annual_mass_unit", MASS + "/unit", {"unit": mass.unit})
        return
    if tonnes < 0:
        yield Problem("cbam_annual_mass_negative", MASS + "/amount", {"mass": mass})


# -- product, origin, threshold


def _product(findings: Findings) -> Json:
    scope = findings.scope
    if scope is None:
        return {"name": findings.name, "code": None, "why": said("no_code"), "next": said("no_code_next")}
    return {"name": findings.name, **coded(scope, findings.on)}


def _origin(code: str) -> tuple[Origin, Text]:
    """Whether goods of a country are outside CBAM (Article 2(4), Annex III point 1), and its name."""
    country, status = tables().countries.get(code), origin_status(code)
    origin: Origin = "eu" if status == "eu" else "exempt" if status == "exempt" else "listed"
    return origin, {"zh": country.name_zh, "en": country.name_en} if country else said_alike(code)


def _origin_body(findings: Findings, code: str) -> Json:
    status: str = findings.origin
    if status == "listed":
        status = "third" if code in tables().countries else "other"
    text = said(f"origin_{status}", country=findings.country)
    return {"country": code, "name": findings.country, "status": status, "text": text}


def _threshold(findings: Findings) -> Json:
    """Article 2a and Annex VII of Regulation (EU) 2023/956, as added by Regulation (EU) 2025/2083."""
    state = findings.mass_state
    text = said(state, mass=f"{findings.mass:.12g}" if findings.mass is not None else "")
    return {
        "limit": {"amount": THRESHOLD, "unit": "t"},
        "year": findings.on.year,
        "annual_mass": None if findings.mass is None else {"amount": findings.mass, "unit": "t"},
        "state": {"id": state, "text": text},
        "applies_to_product": _threshold_applies(findings.scope),
        "rule": said("threshold_rule"),
        "importer_decides": said("threshold_importer"),
        "article": "Regulation (EU) 2023/956, Article 2a and Annex VII point 1",
    }


def _threshold_applies(scope: Scope | None) -> bool | str:
    """Whether the product's mass enters the sum."""
    if scope is None:
        return "depends"
    if scope.status == "out" or scope.sectors <= WITHOUT_THRESHOLD:
        return False
    return True if scope.status == "in" else "depends"


# -- lines


def _lines(judged: list[tuple[Line, Scope]], on: date) -> list[Json]:
    known = {code: coded(scope, on) for code, scope in {scope.code: scope for _, scope in judged}.items()}
    return [
        {
            **_named(line),
            **known[scope.code],
            "hypothetical": said("if_imported"),
            "origin": _line_origin(line),
            "packaging": _packaging(line, scope),
        }
        for line, scope in judged
    ]


def _unknown(line: Line) -> Json:
    return {**_named(line), "next": said("give_cn_code"), "packaging": _packaging(line, None)}


def _named(line: Line) -> Json:
    return {"id": line.id, "name": said_alike(line.name), "where": line.where, "role": line.role}


def _line_origin(line: Line) -> Json | None:
    """The line's own origin, where it is given as a country; another text says nothing of CBAM."""
    found = _COUNTRY.fullmatch(line.origin or "")
    if found is None:
        return None
    status, name = _origin(found[1])
    return {"country": found[1], "name": name, "exempt": status == "exempt", "eu": status == "eu"}


def _packaging(line: Line, scope: Scope | None) -> Json | None:
    """When a packaging line counts; None for a line that is no packaging by its role or code."""
    role = line.role or ""
    by_role = any(role == name or role.startswith(name + "_") for name in PACKAGING_ROLES)
    by_code = scope is not None and scope.code.startswith(PACKAGING_CODES)
    if not by_role and not by_code:
        return None
    status = scope.status if scope else "unknown"
    return {
        "known_by": "role" if by_role else "code",
        "rule": said("packaging"),
        "imported_filled": {"text": said("filled"), "counts": False},
        "imported_empty": {"text": said("empty"), "counts": {"in": True, "out": False}.get(status, status)},
    }


def _line_ids(judged: Iterable[tuple[Line, Scope]], unknown: Iterable[Line]) -> LineIds:
    pairs = list(judged)
    return LineIds(
        listed=[line.id for line, scope in pairs if scope.status in {"in", "in_if"}],
        unjudged=[line.id for line, scope in pairs if scope.status == "depends"] + [line.id for line in unknown],
    )


def _counts(judged: list[tuple[Line, Scope]], unknown: list[Line]) -> dict[str, int]:
    statuses = [scope.status for _, scope in judged]
    counted = {status: statuses.count(status) for status in ("in", "in_if", "depends", "out")}
    return {**counted, "unknown": len(unknown), "lines": len(judged) + len(unknown)}


# -- what else there is to say


def _tyres(findings: Findings) -> list[Json] | None:
    """For a tyre: rubber tyres, wire rod and steel cord, as the tables have them on the day."""
    if findings.scope is None or not findings.scope.code.startswith(TYRES):
        return None
    return [{"name": said(key), **coded(scope_of(code, findings.on), findings.on)} for key, code in TYRE_GOODS]


def _notes(findings: Findings) -> list[Text]:
    scope = findings.scope
    if scope is None or scope.status == "out":
        return []
    notes = [said("assembled")] if scope.sectors & ASSEMBLED else []
    return notes + [said("packaging")] * scope.code.startswith(PACKAGING_CODES)


def _limits() -> list[Text]:
    known = KNOWN_UNTIL.isoformat()
    return [said("limit_tables"), said("limit_tariff"), said("limit_law", known_until=known), said("limit_pcf")]


def _acts(scopes: Iterable[Scope], steps: list[Json]) -> list[str]:
    """The acts that the findings rest on, in order of their first use."""
    categories = ["2025/2547"] * any(scope.goods for scope in scopes)
    return [
        "2023/956",
        "2025/2083",
        "COM(2025) 989",
        *categories,
        *(STEP_ACTS[s["id"]] for s in steps if s["id"] in STEP_ACTS),
    ]
