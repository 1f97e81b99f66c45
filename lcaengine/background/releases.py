"""The releases that are built on this machine, and what one holds in numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lcaengine.background.quality import STATUSES
from lcaengine.background.release import Release
from lcaengine.background.store import release_folder


def built_releases() -> list[Path]:
    """Folders of all finished releases, by id."""
    return sorted(path.parent for path in release_folder("*").parent.glob("*/release.json"))


def release_entry(path: Path) -> dict[str, Any]:
    """One line of a list of releases, without opening its arrays."""
    meta = json.loads((path / "release.json").read_text(encoding="utf-8"))
    return {
        "id": meta["id"], "name": meta["name"], "version": meta["version"], "year": meta["year"], "gwp": meta["gwp_set"],
        "builder": meta.get("builder"),  # releases built before it was recorded lack it
        "processes": meta["rows"]["technosphere"], "flows": meta["rows"]["biosphere"],
    }  # fmt: skip


def release_body(release: Release) -> dict[str, Any]:
    """A release: what it is, its indicators, exchanges by status in each sector and in all, and how many sources it cites."""
    sectors = [_sector(row) for row in release.catalogue.sectors()]
    return {
        **release_entry(release.path), "indicators": [dict(indicator) for indicator in release.indicators], "sectors": sectors,
        "status": {status: sum(sector["status"][status] for sector in sectors) for status in STATUSES},
        "sources": release.catalogue.source_count(),
    }  # fmt: skip


def _sector(row: Mapping[str, Any]) -> dict[str, Any]:
    status = {status: row[status] for status in STATUSES}
    return {"sector": row["sector"], "processes": row["processes"], "exchanges": sum(status.values()), "status": status}
