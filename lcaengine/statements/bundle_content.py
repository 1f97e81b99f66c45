"""What a verifier follows a figure with: the calculation row by row, the background processes used, the sources cited."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lcaengine.background import Release
from lcaengine.background.describe import process_body
from lcaengine.footprint import Footprint, explain
from lcaengine.footprint.hotspots import carbon_name, process_contributions
from lcaengine.rules import Rule

Json = dict[str, Any]
ROW_COLUMNS = (
    "line", "line_zh", "line_en", "stage", "rule_id", "activity", "kind", "process", "process_zh", "process_en", "amount", "unit",
    "score", "score_unit", "value", "value_unit", "data", "matched_by", "parameters",
)  # fmt: skip
SOURCE_COLUMNS = (
    "id", "title", "publisher", "year", "geography", "licence", "attribution", "url_or_doi", "note", "read_in", "status", "cited_by",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def calculation_rows(footprint: Footprint) -> list[Json]:
    """One row per purchase, waste handed over or emission, per declared unit: amount × score = value (kg CO2e).

    The values of all rows add up to the headline. Waste handed over has a negative amount and the negative score of its
    treatment.
    """
    s = footprint.system
    names = s.release.catalogue.names(e.target for e in s.exchanges if e.kind in ("product", "waste"))
    amounts = (s.amount * footprint.runs[s.process]).tolist()
    scores, values = s.scores[:, s.headline].tolist(), footprint.exchange_scores[:, s.headline].tolist()
    found = []
    for e, product, amount, score, value in zip(s.exchanges, s.product.tolist(), amounts, scores, values, strict=True):
        shown = s.inventory.lines.get(e.line)
        line = dict(shown.name) if shown else carbon_name()
        target = names.get(e.target, {"zh": e.target, "en": e.target})
        unit = s.release.unit(product) if product >= 0 else "kg"
        found.append({
            "line": e.line, "line_zh": line["zh"], "line_en": line["en"], "stage": e.stage, "rule_id": e.rule_id,
            "activity": e.activity, "kind": e.kind, "process": e.target, "process_zh": target["zh"], "process_en": target["en"],
            "amount": amount, "unit": unit, "score": score, "score_unit": f"kg CO2e/{unit}", "value": value,
            "value_unit": "kg CO2e", "data": e.data, "matched_by": e.matched_by, "parameters": " ".join(e.parameters),
        })  # fmt: skip
    return found


def processes_used(footprint: Footprint, cut_off: float) -> Json:
    """The background processes whose own emissions are at least ``cut_off`` of all (absolute values), and those bought.

    With each its direct emissions for one declared unit, kg CO2e; what is left out is counted and summed.
    """
    s = footprint.system
    direct = [e for e in process_contributions(footprint) if not e["id"].startswith("foreground:")]
    gross = sum(abs(e["value"]) for e in direct)
    value = {e["id"]: float(e["value"]) for e in direct}
    bought = {s.release.codes[i] for i in s.product.tolist() if i >= 0}
    above = {code for code, v in value.items() if abs(v) >= cut_off * gross}
    used = sorted(above | bought, key=lambda code: (-abs(value.get(code, 0.0)), code))
    left = [v for code, v in value.items() if code not in above | bought]
    names = s.release.catalogue.names(used)
    return {
        "release": s.release.about(), "indicator": s.inventory.rule.indicator, "unit": "kg CO2e", "cut_off": cut_off,
        "gross": gross,
        "processes": [
            {"code": code, "name": names[code], "value": value.get(code, 0.0),
             "gross_share": abs(value.get(code, 0.0)) / gross if gross else 0.0, "bought": code in bought}
            for code in used
        ],
        "left_out": {"count": len(left), "value": sum(left), "gross_share": sum(map(abs, left)) / gross if gross else 0.0},
    }  # fmt: skip


def derived_files(footprint: Footprint, cut_off: float) -> dict[str, bytes]:
    """Every file that the calculation gives, by name: it comes out the same from the same inputs, rule and release."""
    release, rule = footprint.system.release, footprint.system.inventory.rule
    used = processes_used(footprint, cut_off)
    bodies = {p["code"]: process_body(release, p["code"]) for p in used["processes"]}
    return {
        "calculation/explanation.json": pretty(explain(footprint)),
        "calculation/rows.csv": table(ROW_COLUMNS, calculation_rows(footprint)),
        "processes/index.json": pretty(used),
        **{f"processes/{code}.json": pretty(body) for code, body in bodies.items()},
        "release.json": pretty(_release(release)),
        "sources.csv": table(SOURCE_COLUMNS, _sources(bodies, rule)),
    }


def _release(release: Release) -> Json:
    """What identifies a release, and how much is in it."""
    return {
        **release.about(), "year": release.year, "products": len(release.codes), "flows": len(release.flows),
        "indicators": [dict(i) for i in release.indicators],
    }  # fmt: skip


def _sources(bodies: Mapping[str, Json], rule: Rule) -> list[Json]:
    """Every source cited: of the figures of the processes shown, then of the rule."""
    found: dict[str, Json] = {}
    for code, body in bodies.items():
        for source in body["sources"]:
            entry = found.setdefault(source["id"], {**source, "cited_by": []})
            entry["cited_by"].append(code)
    own = [
        {
            "id": s.id,
            "title": s.title,
            "read_in": s.read_in,
            "status": s.status,
            "cited_by": [f"{rule.id}@{rule.version}"],
        }
        for s in rule.sources.values()
    ]
    rows = [*(found[i] for i in sorted(found)), *sorted(own, key=lambda s: str(s["id"]))]
    return [{**row, "cited_by": " ".join(row["cited_by"])} for row in rows]


def pretty(value: Any) -> bytes:
    """JSON that a person can read; numbers in full."""
    return (json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False) + "\n").encode()


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    """CSV in UTF-8 with a byte order mark, for spreadsheets; no text can be taken for a formula there."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(row.get(column, "")) for column in columns])
    return ("\ufeff" + text.getvalue()).encode()


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return repr(value)
    text = "" if value is None else str(value)
    return "'" + text if text.startswith(_FORMULA) else text
