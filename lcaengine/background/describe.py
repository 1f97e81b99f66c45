"""What people and programs see of a background process."""

from __future__ import annotations

from typing import Any

from lcaengine.background.release import Release

SEARCH_LIMIT = 1000


def find_processes(release: Release, text: str, limit: int, offset: int) -> tuple[list[dict[str, Any]], int]:
    """A page of processes, by name if a text is given, and how many there are."""
    if not text:
        rows = release.catalogue.processes(limit, offset)
        return [_entry(release, row["code"], row) for row in rows], release.catalogue.count()
    hits = release.catalogue.search(text, SEARCH_LIMIT)
    shown = []
    for hit in hits[offset : offset + limit]:
        row = release.catalogue.process(hit.code)
        assert row is not None
        shown.append({**_entry(release, hit.code, row), "match": round(hit.score, 3)})
    return shown, len(hits)


def process_body(release: Release, code: str) -> dict[str, Any]:
    """A process with its scores, exchanges and sources; raises `NotFound`."""
    release.find(code)
    row = release.catalogue.process(code)
    assert row is not None
    exchanges = release.catalogue.exchanges(code)
    product = release.index[code]
    return {
        **_entry(release, code, row),
        "production_amount": float(release.production[product]),
        "note": row["note"],
        "scores": {name: per_unit(release, product, i) for name, i in release.column_index.items()},
        "estimate_share": _share(release, product),
        "carbon": {key: row[key] for key in ("mass_kg", "fossil_carbon_kg", "biogenic_carbon_kg")},
        "exchanges": exchanges,
        "sources": release.catalogue.sources(e["source"] for e in exchanges),
    }


def per_unit(release: Release, product: int, column: int) -> float:
    """Score of making one unit of a product, or of treating one unit of a waste."""
    sign = -1.0 if release.production[product] < 0 else 1.0
    return sign * float(release.scores[product, column]) + 0.0


def _share(release: Release, product: int) -> float | None:
    headline = float(release.scores[product, 0])
    return float(release.estimate[product]) / headline if headline else None


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
