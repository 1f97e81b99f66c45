"""From a bill of materials to the CBAM answer: what of it would be goods of Annex I, with embedded emissions beside the PCF.

The two are never mixed: embedded emissions come from the supplier, an installation's own calculation or the default values, the
PCF from the footprint. Costs of lines are hypothetical and are never added up as if they were owed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from lcaengine.background import Release
from lcaengine.background.describe import process_body
from lcaengine.bom import Bom, Line
from lcaengine.bom.matching import Evidence, taken
from lcaengine.cbam.answer_texts import DIFFERENCE, NOTES, TEXTS
from lcaengine.cbam.certificates import certificates_per_tonne, default_path
from lcaengine.cbam.certificates.price import price_of
from lcaengine.cbam.installation import Result, installation_body
from lcaengine.cbam.installation.own_allocation import own_allocation
from lcaengine.cbam.installation.precursors import DEFINITIVE
from lcaengine.cbam.screening import screen
from lcaengine.cbam.tables import acts_used, good_of, normal_cn, tables
from lcaengine.footprint import body, calculate
from lcaengine.problems import NotFound, Problem, Refused
from lcaengine.rules import find_rule
from lcaengine.units import Quantity, same_dimension

Json = dict[str, Any]
LAST_YEAR = 2034
PROPOSED_FROM = 2028  # COM(2025) 989
ISO_ORIGIN = re.compile(r"([A-Z]{2})(-[A-Z0-9]{1,3})?")


@dataclass(frozen=True)
class Assumptions:
    """The day, the quarter of importation, and the user's own price in EUR per t CO2e."""

    on: date
    quarter: str | None = None
    price: float | None = None

    @property
    def year(self) -> int:
        return self.on.year


def cbam_answer(bom: Bom, release: Release, results: Sequence[Result], assumed: Assumptions) -> Json:
    """The answer, JSON-ready, in both languages; raises `Refused` as `screen` and the footprint do."""
    screening = screen(bom, assumed.on)
    pcf = _footprint_of_lines(bom, release)
    own = _own_goods(results, assumed.year)
    lines = {line.id: line for line in (*bom.lines, *(bom.shared.lines if bom.shared else ()))}
    proposed = screening["product"].get("proposal", {}).get("status") in {"proposed", "proposed_if", "depends"}
    listed = [row for row in screening["lines"] if row["annex_i"]["status"] != "out"]
    return {
        "product": screening["product"],
        "on": assumed.on.isoformat(),
        "screening": screening,
        "goods": _product(bom, screening, own, assumed),
        "pcf": pcf.about,
        "lines": [_line(lines[row["id"]], row, bom, pcf, own, proposed, assumed) for row in listed],
        "difference": [dict(text) for text in DIFFERENCE],
        "notes": [dict(text) for text in NOTES],
        "acts": acts_used("2023/956", "2025/2083", "2025/2547", "2025/2620", "2025/2621", "2026/1740", "2025/2548", "COM(2025) 989"),
    }  # fmt: skip


# -- the product itself


def _product(bom: Bom, screening: Json, own: Sequence[Json], assumed: Assumptions) -> Json | None:
    """The product's own path, where its code is a good of Annex I: by default values, and by its installation's figures."""
    code = bom.identifiers.get("hs_code")
    if code is None or screening["product"]["annex_i"]["status"] == "out":
        return None
    mass = _piece_mass(bom)
    found = _costs(code, bom.country, mass, assumed)
    makers = [good for good in own if good["cn_code"] == normal_cn(code)]
    if len(makers) > 1:
        names = [good["installation"] for good in makers]
        raise Refused(Problem("cbam_two_makers", "/product/hs_code", {"code": code, "names": names}))
    actual = _actual(makers[0] if makers else None, mass, assumed)
    return {
        "cn_code": normal_cn(code), "mass_per_declared_unit": _tonnes(mass), "default": found, "actual": actual,
        "saving": _saving(found, actual), "obligation_today": screening["obligation_today"],
    }  # fmt: skip


def _piece_mass(bom: Bom) -> float | None:
    """Tonnes of a declared unit that is a mass; a piece's mass is not known from a bill of materials."""
    return bom.declared_unit.to("t") if same_dimension(bom.declared_unit.unit, "t") else None


# -- lines


def _line(
    line: Line, row: Json, bom: Bom, pcf: _Pcf, own: Sequence[Json], proposed: bool, assumed: Assumptions
) -> Json:
    """A line that would be a good of Annex I: mass, embedded emissions by the best evidence, PCF, hypothetical cost."""
    mass = line_mass(line, bom)
    code = normal_cn(line.cn_code or "")
    default = _costs(code, line.origin, mass, assumed)
    actual = _actual(_maker(line, code, own), mass, assumed) or _supplied(line, code, mass)
    beside = pcf.of(line, mass)
    return {
        "line": line.id, "name": row["name"], "where": line.where, "cn_code": code, "category": row["annex_i"].get("category"),
        "origin": line.origin or "unknown",
        "mass_per_declared_unit": _tonnes(mass),
        "mass_basis": {"id": line.mass_basis or "not_given", "text": TEXTS[f"mass_{line.mass_basis or 'not_given'}"]},
        "evidence": _evidence(actual, default),
        "see": _see(actual, default, assumed),
        "pcf": beside,
        "ratio": _ratio(beside, _see(actual, default, assumed)),
        "obligation": {"owed": 0.0, "text": TEXTS["line_obligation"]},
        "if_imported_under_its_own_code": {"label": TEXTS["own_code"], "hypothetical": True, "default": default, "actual": actual,
                                           "saving": _saving(default, actual)},
        "if_proposal_were_law": _if_law(default, line) if proposed else None,
    }  # fmt: skip


def _maker(line: Line, code: str, own: Sequence[Json]) -> Json | None:
    """The installation that a line names as its maker; that an installation makes the same code says nothing of this line."""
    named = line.embedded_emissions.installation if line.embedded_emissions else ""
    return (
        next((g for g in own if g["cn_code"] == code and named in g["installation"].values()), None) if named else None
    )


def line_mass(line: Line, bom: Bom) -> float | None:
    """Tonnes of a line in one declared unit; None where a line has no mass."""
    if same_dimension(line.quantity.unit, "t"):
        mass = line.quantity.to("t")
    elif line.unit_mass is not None and same_dimension(line.quantity.unit, "piece"):
        mass = line.quantity.to("piece") * line.unit_mass.to("t")
    else:
        return None
    if (line.basis or bom.basis) != "period":
        return mass
    whole = _output(line, bom)
    return None if whole is None else mass * bom.declared_unit.amount / whole.to(bom.declared_unit.unit)


def _output(line: Line, bom: Bom) -> Quantity | None:
    """What the line's amount was used for: the product's output, or that of all products of the plant."""
    if bom.shared and line in bom.shared.lines:
        unit = bom.declared_unit.unit
        return Quantity(sum(q.to(unit) for q in bom.shared.outputs.values()), unit)
    return bom.output


def _tonnes(mass: float | None) -> Json | None:
    return None if mass is None else {"value": mass, "unit": "t"}


def _costs(code: str, country: str | None, mass: float | None, assumed: Assumptions) -> Json:
    """The default path by year; what keeps it from being known instead."""
    try:
        return default_path(
            code, _iso(country), range(assumed.year, LAST_YEAR + 1), quarter=assumed.quarter, price=assumed.price,
            mass=None if mass is None else Quantity(mass, "t"),
        )  # fmt: skip
    except Refused as refused:
        return {"by_year": [], "problems": _both(refused.problems)}


def _iso(origin: str | None) -> str | None:
    """The country of a place of origin such as CN or CN-SD; anything else says none."""
    found = ISO_ORIGIN.fullmatch(origin or "")
    return found[1] if found else None


def _both(problems: Sequence[Problem]) -> list[Json]:
    return [
        {"code": p.code, "pointer": p.where, "message": {k: p.message(k) for k in ("zh", "en")},
         "next_action": {k: p.next_action(k) for k in ("zh", "en")}}
        for p in problems
    ]  # fmt: skip


def _own_goods(results: Sequence[Result], year: int) -> list[Json]:
    """The goods of the installations at hand, with SEE per tonne and the free allocation that goes with it."""
    found = []
    for result in results:
        allocation = own_allocation(result, year)
        for good in installation_body(result)["goods"]:
            found.append({
                "cn_code": normal_cn(good["cn_code"]), "see": good["see_per_tonne"], "installation": dict(result.installation.about["name"]),
                "period": result.installation.year, "verified": result.installation.verification is not None,
                "free_allocation": allocation.by_process.get(good["process"]),
                "problems": _both([p for some in allocation.problems.values() for p in some]),
            })  # fmt: skip
    return found


def _actual(good: Json | None, mass: float | None, assumed: Assumptions) -> Json | None:
    """The path with an installation's own figures: certificates where the free allocation is known, too."""
    if good is None:
        return None
    reading = good["see"]["declarable"] or good["see"]["indicative"]
    see = reading["total"]["exact"]
    body: Json = {
        "kind": "installation", "installation": good["installation"], "period": good["period"], "see": see, "default_share": reading["default_share"],
        "declarable": good["see"]["declarable"] is not None and good["verified"], "verified": good["verified"],
        "free_allocation": good["free_allocation"], "problems": good["problems"],
    }  # fmt: skip
    if good["free_allocation"] is None:
        return {**body, "certificates_per_t": None, "eur_per_t": None, "certificates": None, "eur": None}
    return {**body, **_money(certificates_per_tonne(see, good["free_allocation"]), mass, assumed)}


def _money(per_tonne: float, mass: float | None, assumed: Assumptions) -> Json:
    eur = price_of(assumed.year, assumed.quarter, assumed.price)["eur"]
    number = None if mass is None else per_tonne * mass
    return {
        "year": assumed.year, "certificates_per_t": per_tonne, "eur_per_t": None if eur is None else per_tonne * eur, "certificates": number,
        "eur": None if eur is None or number is None else number * eur,
    }  # fmt: skip


def _supplied(line: Line, code: str, mass: float | None) -> Json | None:
    """A supplier's SEE as the line gives it; without its free allocation no certificates can be told."""
    given = line.embedded_emissions
    if given is None:
        return None
    good = good_of(code, DEFINITIVE)
    direct_only = good is None or tables().categories[good.category].annex_ii
    indirect = None if direct_only else given.indirect
    return {
        "kind": "supplier", "installation": {"zh": given.installation, "en": given.installation}, "period": given.year,
        "see": given.direct + (indirect or 0.0), "verified": bool(given.verification), "declarable": bool(given.verification) and given.year >= DEFINITIVE.year,
        "default_share": None, "free_allocation": None, "problems": [], "certificates_per_t": None, "eur_per_t": None, "certificates": None, "eur": None,
        "note": TEXTS["indirect_missing"] if not direct_only and given.indirect is None else None, "mass": mass,
    }  # fmt: skip


def _evidence(actual: Json | None, default: Json) -> Json:
    if actual is not None:
        key = "verified" if actual["declarable"] else "indicative"
    else:
        key = "default" if default["by_year"] else "none"
    return {"id": key, "text": TEXTS[f"evidence_{key}"]}


def _see(actual: Json | None, default: Json, assumed: Assumptions) -> Json | None:
    """t CO2e per tonne by the best evidence; beside an indicative value the default that would be declared."""
    first = default["by_year"][0] if default["by_year"] else None
    marked = None if first is None or "emissions" not in first else first["emissions"]
    if actual is None and marked is None:
        return None
    return {
        "best": actual["see"] if actual else marked, "declarable": actual["see"] if actual and actual["declarable"] else marked,
        "default_with_markup": marked, "year": assumed.year, "unit": "t CO2e/t",
    }  # fmt: skip


def _saving(default: Json, actual: Json | None) -> Json | None:
    """What the actual figures save against the default path, by certificates and at the year's price."""
    if actual is None or actual["certificates_per_t"] is None or not default["by_year"]:
        return None
    first = default["by_year"][0]
    return {
        "year": first["year"], "certificates_per_t": first["certificates_per_t"] - actual["certificates_per_t"],
        "eur_per_t": None if first["eur_per_t"] is None or actual["eur_per_t"] is None else first["eur_per_t"] - actual["eur_per_t"],
        "condition": None if actual["declarable"] else TEXTS["saving_condition"],
    }  # fmt: skip


def _if_law(default: Json, line: Line) -> Json:
    """What a line would add as a precursor of a good of the proposed extension, from 2028; the good's own part is unknown."""
    return {
        "label": TEXTS["proposal"], "law": False, "hypothetical": True,
        "by_year": [row for row in default["by_year"] if row["year"] >= PROPOSED_FROM],
        "mass_is": TEXTS[f"mass_{line.mass_basis or 'not_given'}"],
    }  # fmt: skip


# -- the footprint beside


@dataclass(frozen=True)
class _Pcf:
    """kg CO2e per declared unit by line; by its process where no rule is at hand."""

    by_line: Mapping[str, float]
    about: Json
    release: Release
    bom: Bom

    def of(self, line: Line, mass: float | None) -> Json | None:
        value = self.by_line.get(line.id)
        if value is None:
            return None
        return {
            "value": value, "unit": "kg CO2e", "per_tonne": value / 1000.0 / mass if mass else None, "source": self.about["source"],
        }  # fmt: skip


def _ratio(pcf: Json | None, see: Json | None) -> float | None:
    """PCF over SEE per tonne, to be explained, never to be calculated with."""
    if pcf is None or see is None or not pcf["per_tonne"] or not see["best"]:
        return None
    return float(pcf["per_tonne"]) / float(see["best"])


def _footprint_of_lines(bom: Bom, release: Release) -> _Pcf:
    try:
        rule = find_rule(bom.category)
    except NotFound:
        values = {line.id: v for line in bom.lines if (v := _by_process(line, bom, release)) is not None}
        return _Pcf(values, {"source": "process", "text": TEXTS["pcf_process"]}, release, bom)
    answer = body(calculate(bom, rule, release))
    by_line: dict[str, float] = {}
    for entry in answer["lines"]:
        by_line[entry["line"]] = by_line.get(entry["line"], 0.0) + entry["value"]
    about = {"source": "footprint", "rule": answer["rule"], "total": answer["total"], "boundary": answer["boundary"],
             "declared_unit": answer["declared_unit"], "text": TEXTS["pcf_footprint"]}  # fmt: skip
    return _Pcf(by_line, about, release, bom)


def _by_process(line: Line, bom: Bom, release: Release) -> float | None:
    """A line by the score of its background process, cradle to gate, where no rule of its category is at hand."""
    code = line.process
    if code is None:
        found = taken(Evidence.of(line, bom), release)
        code = None if found is None else found.hit.code
    mass = line_mass(line, bom)
    if code is None or mass is None:
        return None
    described = process_body(release, code)
    if not same_dimension(described["unit"], "kg"):
        return None
    return float(described["score"]["value"]) * Quantity(mass, "t").to(described["unit"])
