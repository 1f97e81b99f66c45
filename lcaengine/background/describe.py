"""What people and programs see of a background process."""

from __future__ import annotations

from typing import Any, NamedTuple

from lcaengine.background.quality import rating, status_shares
from lcaengine.background.release import Release

SEARCH_LIMIT = 1000


class Found(NamedTuple):
    """A process that was found, and how well its name fits what was looked for."""

    code: str
    match: float | None = None


def find_processes(release: Release, text: str = "", sort: str = "match") -> list[Found]:
    """All processes, or those of a name; by ``match`` (the best first), ``code`` or ``score``, falling with ``-`` in front."""
    found = [Found(h.code, h.score) for h in release.catalogue.search(text, SEARCH_LIMIT)] if text else _all(release)
    match sort.lstrip("-"):
        case "code":
            found.sort(key=lambda f: f.code)
        case "score":
            found.sort(key=lambda f: (per_unit(release, release.index[f.code], 0), f.code))
    return found[::-1] if sort.startswith("-") else found


def _all(release: Release) -> list[Found]:
    return [Found(code) for code in sorted(release.codes)]


def process_entry(release: Release, found: Found) -> dict[str, Any]:
    """One line of a list of processes."""
    row = release.catalogue.process(found.code)
    assert row is not None
    match = {} if found.match is None else {"match": round(found.match, 3)}
    return {**_entry(release, found.code, row), **match}


def process_body(release: Release, code: str) -> dict[str, Any]:
    """A process with its scores, quality, exchanges, sources and what uses it; raises `NotFound`."""
    release.find(code)
    catalogue = release.catalogue
    row = catalogue.process(code)
    assert row is not None
    compared = catalogue.comparisons(code)
    product, exchanges, synonyms = release.index[code], catalogue.exchanges(code), catalogue.synonyms(code)
    return {
        **_entry(release, code, row),
        "sector": row["sector"],
        "codes": {key: [c for c in (row[f"{key}_code"] or "").split(";") if c] for key in ("hs", "cpc")}
        | {"cas": [c for c in (row["cas"] or "").split(";") if c]},
        "synonyms": {language: [s["name"] for s in synonyms if s["language"] == language] for language in ("zh", "en")},
        "production_amount": float(release.production[product]),
        "note": row["note"],
        "scores": {name: per_unit(release, product, i) for name, i in release.column_index.items()},
        "quality": rating(release.quality[product], float(release.scores[product, 0])),
        "status_shares": status_shares(release.quality[product], float(release.scores[product, 0])),
        "carbon": {key: row[key] for key in ("mass_kg", "fossil_carbon_kg", "biogenic_carbon_kg")},
        "contributions": contributions(release, product),
        "exchanges": exchanges,
        "sources": catalogue.sources(e["source"] for e in (*exchanges, *compared)),
        "comparisons": compared,
        "used_by": catalogue.users(code),
    }


def contributions(release: Release, product: int) -> list[dict[str, Any]]:
    """What each input and each emission of a process's own run adds to the score of one unit, largest first."""
    process = int(release.producer[product])
    per_run = float(release.production[product])
    sign = -1.0 if per_run < 0 else 1.0
    headline = per_unit(release, product, 0)
    found = []
    rows, values = release.technosphere.column(process)
    names = release.catalogue.names(release.codes[i] for i in rows.tolist())
    for i, value in zip(rows.tolist(), values.tolist(), strict=True):
        if i != product:
            found.append(
                (release.codes[i], names[release.codes[i]], sign * -value / per_run * float(release.scores[i, 0]))
            )
    rows, values = release.biosphere.column(process)
    for i, value in zip(rows.tolist(), values.tolist(), strict=True):
        name = {"zh": release.flows[i], "en": release.flows[i]}
        found.append((release.flows[i], name, sign * value / per_run * float(release.flow_scores[i, 0])))
    return [
        {"target": code, "name": name, "value": value, "share": value / headline if headline else None}
        for code, name, value in sorted(found, key=lambda entry: -abs(entry[2]))
        if value
    ]


def per_unit(release: Release, product: int, column: int) -> float:
    """Score of making one unit of a product, or of treating one unit of a waste."""
    sign = -1.0 if release.production[product] < 0 else 1.0
    return sign * float(release.scores[product, column]) + 0.0


def _entry(release: Release, code: str, row: dict[str, Any]) -> dict[str, Any]:
    product = release.index[code]
    return {
        "code": code,
        "name": {"zh": row["name_zh"], "en": row["name_en"]},
        "unit": row["unit"],
        "location": row["location"],
        "years": [int(row["year_start"]), int(row["year_end"])],
        "status": row["status"],
        "tags": [tag for tag in (row["tags"] or "").split(";") if tag],
        "score": {"value": per_unit(release, product, 0), "unit": f"kg CO2e/{row['unit']}"},
    }
