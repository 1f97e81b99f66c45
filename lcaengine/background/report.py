"""What is written about a release: validation against published factors, shares of estimates, what to replace first."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lcaengine.background.difference import Difference
from lcaengine.background.model import build_model
from lcaengine.background.quality import BIT, MARKS, STATUSES, rating
from lcaengine.background.release import Release
from lcaengine.background.system import HEADLINE, marked
from lcaengine.background.tables import Tables
from lcaengine.background.validation import USUAL

WEAKEST = 20
BEGIN, END = "<!-- generated: {} -->", "<!-- end of generated: {} -->"
CONFLICT = re.compile(r"Conflict:\s*(.+?)(?=\s*(?:Conflict:|Balance:|Loss:)|$)", re.S)


@dataclass(frozen=True)
class Weak:
    """A process whose own figures are estimates.

    influence: mean, over all products of the release, of the share of their score that rests on the estimated figures
    entered in this process itself. dependants: products of which that share is at least one per cent.
    """

    code: str
    influence: float
    dependants: int
    own_share: float
    rating: float | None


def weakest(tables: Tables, release: Release, limit: int = WEAKEST) -> list[Weak]:
    """Processes whose replacement by sourced figures would firm up most of the release, first ones first.

    For a product j the score that enters through the estimated rows of process p is s_p(j)·x_p, with s_p(j) the runs of p
    that j needs (A⁻¹) and x_p what the estimated rows of one run of p cost.
    """
    model = build_model(tables)
    n, m, bit = len(model.codes), len(model.flows), BIT["estimate"]
    y, C = np.asarray(release.scores[:, 0]), np.asarray(release.flow_scores[:, 0])
    E_A, E_B = marked(model.technosphere, (n, n), bit), marked(model.biosphere, (m, n), bit)
    E_A.setdiag(0)
    per_run = E_B.T @ C - E_A.T @ y
    runs = np.linalg.inv(release.technosphere.matrix().toarray())
    counted = np.abs(y) > 0
    shares = np.abs(runs[:, counted] * per_run[:, None] / y[counted])
    influence, dependants = shares.mean(axis=1), (shares >= 0.01).sum(axis=1)
    found = []
    for p in [p for p in np.argsort(-influence, kind="stable")[:limit].tolist() if influence[p] > 0]:
        rated = rating(release.quality[p], float(y[p]))
        own = float(abs(per_run[p] / (release.production[p] * y[p])))
        found.append(
            Weak(model.codes[p], float(influence[p]), int(dependants[p]), own, rated["pef"]["dqr"] if rated else None)
        )
    return found


def status_of_sectors(tables: Tables, release: Release) -> list[dict[str, Any]]:
    """Processes, exchanges and shares of estimates by sector: by count, and by contribution (mean over its products)."""
    sector = {row["code"]: Path(row.file).parent.name for row in tables.processes}
    rows: dict[str, Counter[str]] = {}
    for exchange in tables.exchanges:
        rows.setdefault(sector[exchange["process"]], Counter())[exchange["status"]] += 1
    y, part = np.asarray(release.scores[:, 0]), np.asarray(release.quality[:, MARKS.index("estimate")])
    found = []
    for name in (*sorted(rows), ""):
        codes = [c for c in release.codes if (not name or sector[c] == name) and y[release.index[c]]]
        i = [release.index[c] for c in codes]
        counts = sum(rows.values(), Counter()) if not name else rows[name]
        total = sum(1 for s in sector.values() if s == name or not name)
        found.append({
            "sector": name or "all", "processes": total, "exchanges": counts.total(),
            **{status: counts[status] / counts.total() for status in STATUSES},
            "by_contribution": float((part[i] / y[i]).mean()),
        })  # fmt: skip
    return found


def conflicts(tables: Tables) -> list[tuple[str, str]]:
    """Every conflict of sources that a note records: process and text."""
    noted = [(row["code"], row["note"]) for row in tables.processes]
    noted += [(row["process"], row["note"]) for row in tables.exchanges]
    found = [(code, " ".join(text.split())) for code, note in noted for text in CONFLICT.findall(note)]
    return sorted(dict.fromkeys(found))


def validation_page(release: Release, tables: Tables) -> str:
    """docs/background-validation.md."""
    rows = sorted(
        release.catalogue.comparisons(), key=lambda r: (_sector(tables, r["process"]), r["process"], r["published"])
    )
    names, sources = release.catalogue.names(r["process"] for r in rows), {s["id"]: s for s in tables.sources}
    independent = [r for r in rows if r["independent"]]
    products = len({r["process"] for r in independent})
    usual = sum(USUAL[0] <= r["ratio"] <= USUAL[1] for r in independent)
    lines = [
        "# Background validation", "",
        "Written by `lcaengine background report` from the release and the comparison tables; not edited by hand. "
        "本页由程序生成，请勿手改。", "",
        f"Release {release.name} {release.version}, id `{release.id[:12]}`. {len(rows)} comparisons, of which "
        f"{len(independent)} are independent, over {products} products; {usual} of the independent ones lie within "
        f"{USUAL[0]}–{USUAL[1]}. Nothing was tuned to fit.", "",
        f"{len(rows)} 项比较，其中独立 {len(independent)} 项，涉及 {products} 个产品；独立比较中 {usual} 项的比值在 "
        f"{USUAL[0]}–{USUAL[1]} 之间。未为吻合而调整任何数据。", "",
        "*Independent*: less than 10 % of our score passes through figures of the same source, at any depth. *Ratio*: ours over "
        "published, kg CO2e per unit of the product, excluding biogenic uptake. Outside 0.7–1.4 the reason stands beside it.", "",
    ]  # fmt: skip
    for sector in dict.fromkeys(_sector(tables, r["process"]) for r in rows):
        lines += [f"## {sector}", "", "| product | ours | published | ratio | independent | source | reason |",
                  "|---|---:|---:|---:|---|---|---|"]  # fmt: skip
        for r in (r for r in rows if _sector(tables, r["process"]) == sector):
            name = names[r["process"]]
            source = f"{sources[r['source']]['title']}, {r['year']}, {r['geography']}" + (
                f"; {r['locator']}" if r["locator"] else ""
            )
            dependent = "yes" if r["independent"] else f"no ({r['from_same_source']:.0%} of ours)"
            cells = (f"{name['zh']} {name['en']} `{r['process']}`", f"{r['ours']:.3g}", f"{r['published']:.3g}",
                     f"{r['ratio']:.2f}", dependent, source, r["reason"])  # fmt: skip
            lines.append(_table_row(cells))
        lines.append("")
    return "\n".join(lines)


def quality_sections(release: Release, tables: Tables) -> dict[str, str]:
    """The generated sections of docs/background.md, by name."""
    return {"status": _status_table(release, tables), "weakest": _weakest_table(release, tables),
            "conflicts": _conflict_list(tables)}  # fmt: skip


def insert_sections(page: str, sections: Mapping[str, str]) -> str:
    """A page with the text between its generation marks renewed."""
    for name, text in sections.items():
        begin, end = BEGIN.format(name), END.format(name)
        before, _, rest = page.partition(begin)
        after = rest.partition(end)[2] if end in rest else rest
        page = f"{before}{begin}\n{text}\n{end}{after}"
    return page


def release_note(found: Difference, limit: int = 40) -> str:
    """A release note from the difference of two releases, in both languages."""
    old, new = found.old, found.new
    lines = [
        f"# {new.name} {new.version} ({new.id[:12]}), after {old.version} ({old.id[:12]})", "",
        f"{len(new.codes)} processes ({len(found.added)} new, {len(found.removed)} gone); {len(found.moved)} scores moved. "
        f"共 {len(new.codes)} 个过程（新增 {len(found.added)}，移除 {len(found.removed)}），{len(found.moved)} 个结果有变。", "",
    ]  # fmt: skip
    for title, codes in (
        ("New 新增", found.added),
        ("Gone 移除", found.removed),
        ("Other unit 单位改变", found.unit_changed),
    ):
        if codes:
            lines += [f"## {title}", "", ", ".join(f"`{code}`" for code in codes), ""]
    if found.moved:
        lines += ["## Moved 结果变化", "", f"`{HEADLINE}`, kg CO2e per unit of the product.", "",
                  "| process | before | after | change | through |", "|---|---:|---:|---:|---|"]  # fmt: skip
        for m in found.moved[:limit]:
            change = "–" if m.relative is None else f"{100 * m.relative:+.1f} %"
            through = "; ".join(_cause(c) for c in m.causes[:3])
            lines.append(_table_row((f"`{m.code}`", f"{m.before:.4g}", f"{m.after:.4g}", change, through)))
        if len(found.moved) > limit:
            lines.append(f"\n{len(found.moved) - limit} more 其余 {len(found.moved) - limit} 项")
    return "\n".join(lines) + "\n"


def _cause(cause: Any) -> str:
    parts = []
    if cause.own:
        parts.append(f"{cause.before:.4g} → {cause.after:.4g}: {cause.own:+.3g}")
    if cause.carried:
        parts.append(f"its own score: {cause.carried:+.3g}")
    return f"`{cause.target}` ({', '.join(parts)})"


def _sector(tables: Tables, code: str) -> str:
    return Path(tables.process[code].file).parent.name


def _table_row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(str(cell).replace("|", "/").replace("\n", " ") for cell in cells) + " |"


def _status_table(release: Release, tables: Tables) -> str:
    head = ["| sector | processes | exchanges | measured | published | derived | estimate | estimates by contribution |",
            "|---|---:|---:|---:|---:|---:|---:|---:|"]  # fmt: skip
    body = [
        _table_row((
            s["sector"], str(s["processes"]), str(s["exchanges"]), *(f"{100 * s[k]:.0f} %" for k in STATUSES),
            f"{100 * s['by_contribution']:.0f} %",
        ))
        for s in status_of_sectors(tables, release)
    ]  # fmt: skip
    return "\n".join([*head, *body])


def _weakest_table(release: Release, tables: Tables) -> str:
    found = weakest(tables, release)
    names = release.catalogue.names(w.code for w in found)
    head = ["| | process | influence | products ≥ 1 % | own share | DQR |", "|---:|---|---:|---:|---:|---:|"]
    return "\n".join([*head, *(_weak_row(i, w, names[w.code]) for i, w in enumerate(found, 1))])


def _weak_row(rank: int, weak: Weak, name: Mapping[str, str]) -> str:
    rated = "–" if weak.rating is None else f"{weak.rating:.1f}"
    return _table_row((
        str(rank), f"{name['zh']} {name['en']} `{weak.code}`", f"{100 * weak.influence:.2f} %", str(weak.dependants),
        f"{100 * weak.own_share:.0f} %", rated,
    ))  # fmt: skip


def _conflict_list(tables: Tables) -> str:
    found: Sequence[tuple[str, str]] = conflicts(tables)
    return "\n".join(f"* `{code}`: {text}" for code, text in found)
