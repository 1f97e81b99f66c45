"""Which background process a line of a bill of materials means: candidates, ranked, each with its reasons.

A line is *taken* when its name (or CAS number) is that of exactly one process, sizes, case and punctuation aside; where both
are known, both have to mean that process. Everything else is proposed and asked for. The score of a candidate is the weighted
mean of the evidence that the line gives:

    name 0.70 · customs code 0.12 · role in the rule 0.10 · place 0.05 · year 0.03

Evidence that a line does not give (no customs code, no rule) drops out of numerator and denominator alike.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lcaengine.background import Release
from lcaengine.background.catalogue import Hit
from lcaengine.background.quality import geography
from lcaengine.bom.model import Bom, Line
from lcaengine.problems import NotFound
from lcaengine.rules import Rule, find_rule
from lcaengine.rules.template import Role

WEIGHTS = {"name": 0.70, "code": 0.12, "role": 0.10, "place": 0.05, "year": 0.03}
PLACE = {1: 1.0, 2: 0.9, 3: 0.6, 4: 0.0}  # by PEF's geographical rating
HEADING = 0.6  # the customs heading (4 digits) agrees, the subheading (6) does not
POOL = 40
OLD = 20.0  # years after which a figure's age says no more


@dataclass(frozen=True)
class Candidate:
    """A process that a line could mean; ``reasons`` are the parts of the score, 0 … 1 each."""

    hit: Hit
    score: float
    reasons: Mapping[str, float]
    roles: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        found = {**self.hit.as_dict(), "score": round(self.score, 3), "roles": list(self.roles)}
        reasons: dict[str, Any] = {key: round(value, 3) for key, value in self.reasons.items()}
        return {**found, "matched": {"by": self.hit.kind, "text": self.hit.by}, "reasons": reasons}


@dataclass(frozen=True)
class Match:
    """What was found for a line: the process taken, if any, and candidates, best first."""

    taken: Candidate | None
    candidates: tuple[Candidate, ...]

    @property
    def matched_by(self) -> str | None:
        return self.taken.hit.kind if self.taken else None


@dataclass(frozen=True)
class Evidence:
    """What is known of a line: its name, and where it gives them CAS number, customs code, role and place of origin."""

    name: str
    cas: str = ""
    cn_code: str = ""
    role: str | None = None
    place: str = ""

    @classmethod
    def of(cls, line: Line, bom: Bom) -> Evidence:
        return cls(line.name, line.cas or "", line.cn_code or "", line.role, line.origin or bom.region or bom.country)


def match(evidence: Evidence, release: Release, rule: Rule | None = None, limit: int = 5) -> Match:
    """The process that a line means, if its name says so, and the nearest candidates."""
    pool = {hit.code: hit for hit in release.catalogue.like(evidence.name, POOL)}
    for hit in by_customs_code(evidence.cn_code, release):
        pool.setdefault(hit.code, hit)
    named, numbered = _exact(evidence, release)
    ranked = _ranked({**pool, **numbered, **named}, evidence, release, rule)
    return Match(_taken(_meant(named, numbered), ranked, evidence, rule), tuple(ranked[:limit]))


def taken(evidence: Evidence, release: Release, rule: Rule | None = None) -> Candidate | None:
    """The process that a line means, if its name or number says so; what `match` takes, without ranking what it does not."""
    named, numbered = _exact(evidence, release)
    if not (meant := _meant(named, numbered)):
        return None
    hits = {code: hit for code, hit in {**numbered, **named}.items() if code in meant}
    return _taken(meant, _ranked(hits, evidence, release, rule), evidence, rule)


def _exact(evidence: Evidence, release: Release) -> tuple[dict[str, Hit], dict[str, Hit]]:
    """Processes of the very name, and those of the CAS number, by code."""
    catalogue = release.catalogue
    numbered = catalogue.by_cas(evidence.cas) or catalogue.by_cas(evidence.name)
    return {h.code: h for h in catalogue.exact(evidence.name)}, {h.code: h for h in numbered}


def _meant(named: Mapping[str, Hit], numbered: Mapping[str, Hit]) -> set[str]:
    """What name and number both mean, where both are known."""
    return named.keys() & numbered.keys() if named and numbered else named.keys() | numbered.keys()


def _ranked(pool: Mapping[str, Hit], evidence: Evidence, release: Release, rule: Rule | None) -> list[Candidate]:
    rows = release.catalogue.rows(pool)
    found = (_candidate(hit, evidence, release, rule, rows[hit.code]) for hit in pool.values())
    return sorted(found, key=lambda c: (-round(c.score, 9), c.hit.code))


def match_bom(bom: Bom, release: Release, limit: int = 5) -> dict[str, Any]:
    """What every line of a BOM means: as given, as the rule says, taken by name, or candidates; JSON-ready.

    A category that has no rule is matched without one.
    """
    try:
        rule: Rule | None = find_rule(bom.category)
    except NotFound:
        rule = None
    lines = (*bom.lines, *(bom.shared.lines if bom.shared else ()))
    return {
        "rule": rule.about() if rule else None,
        "background": release.about(),
        "lines": [_shown(line, bom, release, rule, limit) for line in lines],
    }


def role_processes(role: Role) -> frozenset[str]:
    """Every background process that a role accepts."""
    ends = (role.recycled.virgin, role.recycled.recycled) if role.recycled else ()
    return frozenset(filter(None, (role.target, *role.accepts, *ends)))


def by_customs_code(cn_code: str, release: Release) -> list[Hit]:
    """Processes of the same HS subheading as a CN code, else of the same heading."""
    digits = "".join(c for c in cn_code if c.isdigit())
    for length in (6, 4):
        if len(digits) >= length:
            rows = release.catalogue.query(
                "SELECT code, name_zh, name_en, unit, location, hs_code AS by FROM processes "
                "WHERE ';' || hs_code || ';' LIKE ? ORDER BY code",
                [f"%;{digits[:length]}%"],
            )
            if rows:
                return [
                    Hit(
                        r["code"],
                        {"zh": r["name_zh"], "en": r["name_en"]},
                        r["unit"],
                        r["location"],
                        0.0,
                        r["by"],
                        "hs",
                    )
                    for r in rows
                ]
    return []


def _taken(
    exact: Container[str], ranked: Sequence[Candidate], evidence: Evidence, rule: Rule | None
) -> Candidate | None:
    """The only process of that name; of several, the one that the line's role accepts, then the one nearest by."""
    left = [c for c in ranked if c.hit.code in exact]
    role = rule.roles.get(evidence.role or "") if rule else None
    if len(left) > 1 and role:
        accepted = role_processes(role)
        left = [c for c in left if c.hit.code in accepted] or left
    if len(left) > 1 and evidence.place:
        far = {c.hit.code: _far(c.hit.location, evidence.place) for c in left}
        left = [c for c in left if far[c.hit.code] == min(far.values())]
    return left[0] if len(left) == 1 else None


def _far(location: str, place: str) -> tuple[int, bool]:
    """By PEF's geographical rating; for a part of a country, the country before the region that it is in."""
    return geography(location, place), location[:2] != place[:2]


def _candidate(hit: Hit, evidence: Evidence, release: Release, rule: Rule | None, row: Mapping[str, Any]) -> Candidate:
    roles = tuple(r.id for r in rule.roles.values() if hit.code in role_processes(r)) if rule else ()
    reasons = {"name": hit.score}
    if evidence.cn_code:
        reasons["code"] = _code_agrees(evidence.cn_code, row["hs_code"] or "")
    if rule:
        reasons["role"] = float(evidence.role in roles if evidence.role else bool(roles))
    if evidence.place:
        reasons["place"] = PLACE[geography(hit.location, evidence.place)]
    reasons["year"] = max(0.0, 1 - max(0, release.year - int(row["year_end"])) / OLD)
    weight = sum(WEIGHTS[key] for key in reasons)
    return Candidate(hit, sum(WEIGHTS[key] * value for key, value in reasons.items()) / weight, reasons, roles)


def _code_agrees(cn_code: str, hs_codes: str) -> float:
    digits = "".join(c for c in cn_code if c.isdigit())
    known = [code for code in hs_codes.split(";") if code]
    if any(len(code) == 6 and digits.startswith(code) for code in known):
        return 1.0
    return HEADING if any(digits[:4] == code[:4] for code in known) else 0.0


def _shown(line: Line, bom: Bom, release: Release, rule: Rule | None, limit: int) -> dict[str, Any]:
    found = match(Evidence.of(line, bom), release, rule, limit)
    return {
        "line": line.id, "name": line.name, "where": line.where, "given": _given(line, rule),
        "taken": found.taken.as_dict() if found.taken else None, "matched_by": found.matched_by,
        "candidates": [c.as_dict() for c in found.candidates],
    }  # fmt: skip


def _given(line: Line, rule: Rule | None) -> dict[str, Any] | None:
    """What the line says itself: a process, a supplier's footprint, or a role with a process of its own."""
    if line.supplier_footprint:
        return {"by": "supplier_footprint", "processes": []}
    if line.process:
        return {"by": "process", "processes": [line.process]}
    role = rule.roles.get(line.role or "") if rule else None
    return {"by": "role", "role": role.id, "processes": sorted(_default(role))} if role and _default(role) else None


def _default(role: Role) -> Iterable[str]:
    return filter(None, (role.recycled.virgin, role.recycled.recycled) if role.recycled else (role.target,))
