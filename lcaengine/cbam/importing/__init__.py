"""A table of default values from the Commission's own workbook, so that a new state of the act is one command.

The table is written as ``defaults.csv`` into a folder of the user's; `lcaengine.cbam.tables` takes it wholly instead of the shipped
one while the environment variable ``LCAENGINE_CBAM_TABLES`` names that folder, and results say so. Legal basis: IR (EU) 2025/2621
Article 1 and Annex I; the columns ``direct`` and ``indirect`` are for information, the mark-up is computed, never read.
"""

from __future__ import annotations

import csv
import hashlib
import os
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from lcaengine.cbam.importing.rows import Known, Reading, WorkbookRow, folded
from lcaengine.cbam.importing.workbook import read_defaults_workbook
from lcaengine.cbam.tables import IMPORTED, OTHER, CbamTables, markup, tables
from lcaengine.data import folder
from lcaengine.problems import Problem, Refused

TABLE = "defaults.csv"
COLUMNS = (
    "country", "cn_code", "description", "direct", "indirect", "total", "route", "sector", "act", "annex", "state", "read_in",
)  # fmt: skip
ACT = {"act": "2025/2621", "annex": "I"}
STATE_NOT_GIVEN = "state not given"
MARK_UP_TOLERANCE = 0.0012  # marked-up values were printed from totals not yet rounded: 1.3 · 0.0005 + 0.0005
# As the corrected table writes them; sheet names end after 31 characters, so the long ones are compared by their beginning.
WORKBOOK_NAMES = {
    "Other countries and territories": OTHER,
    "Congo, Democratic Republic of": "CD",
    "Equatorial Guinea": "GQ",
    "Korea, Republic of (South Korea)": "KR",
    "Liberia": "LR",
    "New Caledonia and dependencies": "NC",
    "North Korea (Democratic People’s Republic of Korea)": "KP",
}
Key = tuple[str, str]
Values = Mapping[str, Any]


def import_defaults(
    data: bytes,
    out: Path,
    *,
    state: str = STATE_NOT_GIVEN,
    countries: Mapping[str, str] | None = None,
    accept_doubtful: bool = False,
) -> dict[str, Any]:
    """Write ``out/defaults.csv`` from a workbook and say what changed against the shipped table.

    ``state`` tags every row ("corrected 2026/1740"); ``countries`` gives ISO codes for sheet names that are not known.
    Rows whose numbers cannot all be right where they stand refuse the import unless ``accept_doubtful``; then they are taken as
    printed, and listed. Raises `TooLarge`, `Malformed`, `Refused` with every problem; nothing is written then.
    """
    _check_folder(out)
    reading = read_defaults_workbook(data, _known(countries or {}))
    if refused := reading.problems + ([] if accept_doubtful else reading.doubtful):
        raise Refused(refused)
    digest = hashlib.sha256(data).hexdigest()
    rows = [_written(row, state.strip() or STATE_NOT_GIVEN, digest) for row in reading.rows]
    written = _write(out, rows)
    return {
        "table": str(written),
        "workbook_sha256": digest,
        "act": ACT,
        "state": rows[0]["state"],
        "countries": len(set(reading.sheets.values()) - {OTHER}),
        "rows": len(rows),
        "rows_without_value": sum(row["total"] == "" for row in rows),
        **_difference(_shipped(), rows),
        "not_read": {"sheets": reading.not_read, "columns": reading.columns_not_read, "see_below": reading.see_below},
        "repeated_rows": reading.repeated,
        "rounded_to_three_decimals": reading.rounded,
        "mark_up_columns": _mark_up_columns(reading),
        "doubtful": [{"zh": p.message("zh"), "en": p.message("en"), "where": p.where} for p in reading.doubtful],
        "warnings": _warnings(reading, rows[0]["state"]),
        "use": {
            "zh": f"设置环境变量 {IMPORTED}={out} 后，默认值整体取自此文件夹，结果会注明；运行中的服务须重启。",
            "en": f"Set {IMPORTED}={out}: default values then come wholly from this folder, and results say so. Restart a running "
            "server.",
        },
    }


def _check_folder(out: Path) -> None:
    shipped = folder("background_data").resolve()
    if out.resolve() == shipped or shipped in out.resolve().parents:
        raise Refused(Problem("cbam_defaults_shipped_folder", str(out)))
    if out.exists() and not out.is_dir():
        raise Refused(Problem("cbam_defaults_not_a_folder", str(out), {"path": str(out)}))


def _known(given: Mapping[str, str]) -> Known:
    known = tables()
    return Known(
        countries={**_names(known), **{folded(name): code.strip() for name, code in given.items()}},
        sectors={folded(name): s.sector for s in known.sectors.values() for name in (s.sector, s.name_en)},
        sectors_of=_sectors_of,
    )


def _names(known: CbamTables) -> dict[str, str]:
    """Folded names of countries, present and former, and of the table of other countries."""
    names = {folded(name): code for name, code in WORKBOOK_NAMES.items()}
    for country in known.countries.values():
        for name in (country.name_en, *country.name_former.split("|")):
            if name.strip():
                names[folded(name)] = country.iso2
    return names


@cache
def _sectors_of(digits: str) -> frozenset[str]:
    """The sectors of the goods at or below a code, whenever they are in Annex I: a newer table may name newer goods."""
    return frozenset(good.sector for good in tables().goods.values() if good.cn_code.startswith(digits[:8]))


def _written(row: WorkbookRow, state: str, digest: str) -> dict[str, str]:
    numbers = {
        name: "" if (v := getattr(row, name)) is None else f"{v:.3f}" for name in ("direct", "indirect", "total")
    }
    texts = {name: getattr(row, name) for name in ("country", "cn_code", "description", "route", "sector")}
    return {**texts, **numbers, **ACT, "state": state, "read_in": f"workbook-{digest[:12]}"}


def _write(out: Path, rows: Iterable[Mapping[str, str]]) -> Path:
    """Aside, then moved: a reader sees the old table or the new one."""
    out.mkdir(parents=True, exist_ok=True)
    handle, aside = tempfile.mkstemp(dir=out, prefix=".defaults-", suffix=".csv")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(aside, 0o644)  # mkstemp gives it to the owner alone
        os.replace(aside, out / TABLE)
    except BaseException:
        Path(aside).unlink(missing_ok=True)
        raise
    return out / TABLE


@cache
def _shipped() -> tuple[Values, ...]:
    """The shipped table, whatever folder the environment names."""
    rows: list[Values] = []
    for path in sorted((folder("background_data") / "cbam" / "defaults").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            rows += list(csv.DictReader(file))
    return tuple(rows)


def _difference(old: Sequence[Values], new: Sequence[Values]) -> dict[str, Any]:
    """Added, removed and changed rows; rows of one country and code are paired by description, then by route, then in order."""
    before, after = _by_code(old), _by_code(new)
    added, removed, changed, same = [], [], [], 0
    for key in sorted(before.keys() | after.keys()):
        pairs, gone, come = _paired(before.get(key, []), after.get(key, []))
        removed += [_shown(row) for row in gone]
        added += [_shown(row) for row in come]
        for a, b in pairs:
            what = [
                name
                for name in ("direct", "indirect", "total", "route")
                if _comparable(a[name]) != _comparable(b[name])
            ]
            same += not what
            if what:
                old_values, new_values = ({n: row[n] for n in what} for row in (a, b))
                changed.append({**_named(b), "old": old_values, "new": new_values})
    names_before, names_after = ({row["country"] for row in rows} for rows in (old, new))
    return {
        "compared_with": {"states": dict(Counter(str(row["state"]) for row in old)), "rows": len(old)},
        "unchanged": same,
        "changed": changed,
        "values_changed": sum("total" in row["new"] for row in changed),
        "added": added,
        "removed": removed,
        "countries_added": sorted(names_after - names_before),
        "countries_removed": sorted(names_before - names_after),
    }


def _by_code(rows: Iterable[Values]) -> dict[Key, list[Values]]:
    found: dict[Key, list[Values]] = defaultdict(list)
    for row in rows:
        found[row["country"], row["cn_code"]].append(row)
    return found


def _paired(
    old: Sequence[Values], new: Sequence[Values]
) -> tuple[list[tuple[Values, Values]], list[Values], list[Values]]:
    """Pairs, rows that are gone, rows that came; what is left alone on both sides is one row with another description."""
    pairs, gone, come = [], list(old), list(new)
    for alike in (_by_description, _by_route):
        for a in list(gone):
            if b := next((b for b in come if alike(a, b)), None):
                pairs.append((a, b))
                gone.remove(a)
                come.remove(b)
    if len(gone) == len(come) == 1:
        pairs.append((gone.pop(), come.pop()))
    return pairs, gone, come


def _by_description(a: Values, b: Values) -> bool:
    return folded(a["description"]) == folded(b["description"])


def _by_route(a: Values, b: Values) -> bool:
    return bool(a["route"]) and a["route"] == b["route"]


def _comparable(value: str) -> float | str:
    try:
        return float(value)
    except ValueError:
        return value


def _named(row: Values) -> dict[str, str]:
    return {name: row[name] for name in ("country", "cn_code", "description")}


def _shown(row: Values) -> dict[str, str]:
    return {**_named(row), "total": row["total"], "route": row["route"]}


def _mark_up_columns(reading: Reading) -> dict[str, Any]:
    """How the printed marked-up values differ from total × (1 + mark-up); they are not taken."""
    differing = [
        {
            "where": row.where,
            "year": year,
            "printed": marked,
            "computed": round(row.total * (1 + markup(row.sector, year)), 6),
        }
        for row, year, marked in reading.mark_ups
        if row.total is not None and abs(marked - row.total * (1 + markup(row.sector, year))) > MARK_UP_TOLERANCE
    ]
    return {"present": reading.mark_up_columns, "taken": False, "differing": differing}


def _warnings(reading: Reading, state: str) -> list[dict[str, str]]:
    warnings = []
    if state == STATE_NOT_GIVEN:
        warnings.append({
            "zh": "未给出法规状态；结果将写明“状态未给出”。请用 --state 注明，例如 corrected 2026/1740。",
            "en": "No state of the act was given; results will say so. Name it with --state, for example 'corrected 2026/1740'.",
        })  # fmt: skip
    if reading.mark_up_columns and "1740" in state:
        warnings.append({
            "zh": "状态写为 2026/1740 之后，但工作簿有加成列，而该法规已删除这些列：可能是更正前的表。",
            "en": "The state says 2026/1740, which removed the mark-up columns, but the workbook has them: it may be the table before "
            "the correction.",
        })  # fmt: skip
    if any("annex iv" in folded(name) for name in reading.not_read):
        warnings.append({
            "zh": "附件四（来源不明的前体）未导入，仍用随附的表。",
            "en": "Annex IV (precursors of unknown origin) was not imported; the shipped table stays in use.",
        })  # fmt: skip
    return warnings
