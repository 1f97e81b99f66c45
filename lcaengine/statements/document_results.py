"""The sections of a statement that hold the footprint's figures: stages, indicators and gases, hotspots, lines, quality, assumptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lcaengine.statements.document_texts import COLON, TEXTS, said, state
from lcaengine.statements.layout import Align, Bars, Block, Cell, KeyValues, Section, TableBlock, Text
from lcaengine.statements.numbers import percent, shown
from lcaengine.statements.view import MAX_ROWS

Json = Mapping[str, Any]
STATUSES = ("measured", "published", "derived", "estimate")


def _value(value: float | None, digits: int) -> Cell:
    return Cell(value, "right", digits=digits)


def share_cell(share: float | None, align: Align = "right", *, strong: bool = False) -> Cell:
    return Cell(percent(share, "en"), align, strong=strong)


def _digits(body: Json) -> int:
    return int(body["total"].get("digits", 3))


def stages_section(body: Json) -> Section | None:
    """Bars, and the same as a table with its total."""
    stages = body.get("stages")
    if not stages:
        return None
    digits, unit = _digits(body), body["total"]["unit"]
    rows = [(Cell(s["name"]), _value(s["value"], digits), share_cell(s["share"])) for s in stages]
    total = Cell(body["total"]["value"], "right", digits=digits, strong=True)
    rows.append((Cell(TEXTS["total"], strong=True), total, share_cell(1.0, strong=True)))
    chart = Bars(TEXTS["stages_chart"], tuple((s["name"], s["value"]) for s in stages), unit, digits)
    table = TableBlock((TEXTS["stage"], _with_unit(unit), TEXTS["share"]), tuple(rows), (5, 2, 2), TEXTS["stages_note"])
    return Section(TEXTS["stages"], (chart, table))


def _with_unit(unit: str) -> Text:
    return {"zh": unit, "en": unit}


def results_section(body: Json) -> Section:
    """What ISO 14067 wants told apart: indicators, gases, electricity by both methods, biogenic carbon, land use, aircraft."""
    digits = _digits(body)
    indicators = tuple((Cell(i["name"]), _value(i["value"], digits), Cell(i["unit"])) for i in body["indicators"])
    blocks: list[Block] = [TableBlock((TEXTS["indicator"], TEXTS["amount"], TEXTS["unit"]), indicators, (5, 2, 2))]
    if gases := [g for g in body.get("gases") or () if g["value"]]:
        rows = tuple((Cell(_gas(g["gas"])), _value(g["value"], digits), Cell("kg CO2e")) for g in gases)
        columns = (TEXTS["gas"], TEXTS["amount"], TEXTS["unit"])
        blocks.append(TableBlock(columns, rows, (5, 2, 2), TEXTS["gases_note"]))
    blocks.append(KeyValues(_apart(body)))
    if modules := body.get("modules"):
        rows = tuple((Cell(m["name"]), _value(m["value"], digits), Cell(m["unit"])) for m in modules)
        blocks.append(TableBlock((TEXTS["modules"], TEXTS["amount"], TEXTS["unit"]), rows, (5, 2, 2)))
    return Section(TEXTS["results"], tuple(blocks))


def _gas(gas: str) -> Text | str:
    return TEXTS["unsplit"] if gas == "unsplit" else gas


def _apart(body: Json) -> tuple[tuple[Text, Cell], ...]:
    digits, electricity, carbon = _digits(body), body["electricity"], body["biogenic_carbon"]
    facts: list[tuple[Text, Cell]] = []
    for method in ("location_based", "market_based"):
        name = TEXTS[method]
        if electricity["headline"] == method:
            name = {k: name[k] + TEXTS["headline_method"][k] for k in name}
        facts.append((name, Cell(electricity[method], unit=body["total"]["unit"], digits=digits)))
    if claims := electricity.get("claims"):
        facts.append((TEXTS["claims"], Cell(_joined(claims))))
    facts.append((TEXTS["biogenic_carbon"], Cell(carbon["value"], unit=carbon["unit"], digits=digits)))
    facts += [(TEXTS[key], _stated(body[key], digits)) for key in ("land_use_change", "aircraft") if body.get(key)]
    return tuple(facts)


def _joined(claims: list[Json]) -> Text:
    """Supplies of electricity with their evidence; one without counts as residual mix."""
    return {
        k: "; ".join(f"{c['supply']}: {c.get('evidence') or TEXTS['no_evidence'][k]}" for c in claims)
        for k in ("zh", "en")
    }


def _stated(entry: Json, digits: int) -> Cell:
    """A value, and why it is what it is; or why there is none."""
    if entry.get("value") is not None:
        amounts = {k: f"{shown(entry['value'], digits, k)} {entry.get('unit', 'kg CO2e')}" for k in ("zh", "en")}
    else:
        told = state(entry.get("status"))
        amounts = dict(told) if isinstance(told, Mapping) else {"zh": told, "en": told}
    reason = entry.get("reason")
    return Cell({k: amounts[k] + (COLON[k] + reason[k] if reason else "") for k in amounts})


def hotspots_section(body: Json) -> Section | None:
    hotspots = body.get("hotspots")
    if not hotspots:
        return None
    digits, unit = _digits(body), body["total"]["unit"]
    rows = tuple((_with_share(h), h["value"]) for h in hotspots[:12])
    return Section(TEXTS["hotspots"], (Bars(TEXTS["hotspots_chart"], rows, unit, digits),))


def _with_share(hotspot: Json) -> Text:
    share = percent(hotspot["share"], "en")
    return {k: f"{hotspot['name'][k]} ({share})" for k in ("zh", "en")}


def lines_section(body: Json) -> Section | None:
    """Every line, where the owner allows this depth; of a long bill of materials the largest, and the rest in one sum."""
    lines = body.get("lines")
    if not lines:
        return None
    digits, stages = _digits(body), {s["stage"]: s["name"] for s in body.get("stages") or ()}
    shown_lines, rest = _largest(lines)
    rows = [
        (Cell(e["name"]), Cell(stages.get(e["stage"], e["stage"])), _value(e["value"], digits), share_cell(e["share"]),
         Cell(_weakest(e.get("status_shares"))))
        for e in shown_lines
    ]  # fmt: skip
    if rest:
        total, share = sum(e["value"] for e in rest), sum(e["share"] or 0.0 for e in rest)
        name = said("rest_lines", count=str(len(rest)))
        rows.append((Cell(name, strong=True), Cell(""), _value(total, digits), share_cell(share), Cell("")))
    columns = (TEXTS["line"], TEXTS["stage"], _with_unit(body["total"]["unit"]), TEXTS["share"], TEXTS["basis"])
    return Section(TEXTS["lines"], (TableBlock(columns, tuple(rows), (5, 3, 1.8, 1.8, 2.4), TEXTS["lines_note"]),))


def _largest(lines: Sequence[Json]) -> tuple[Sequence[Json], Sequence[Json]]:
    """The lines to show, in their order, and the small ones that are shown as a sum."""
    if len(lines) <= MAX_ROWS:
        return lines, ()
    ranked = sorted(range(len(lines)), key=lambda i: -abs(lines[i]["value"]))
    kept, summed = sorted(ranked[: MAX_ROWS - 1]), ranked[MAX_ROWS - 1 :]
    return [lines[i] for i in kept], [lines[i] for i in summed]


def _weakest(shares: Json | None) -> Text | None:
    """The status that most of a value rests on, with its share."""
    known = {k: v for k, v in (shares or {}).items() if v}
    if not known:
        return None
    key = max(known, key=lambda k: float(known[k]))
    told, share = state(key), percent(known[key], "en")
    return {k: f"{told[k] if isinstance(told, Mapping) else told} {share}" for k in ("zh", "en")}


def quality_section(body: Json) -> Section:
    quality = body["data_quality"]
    facts = [
        (TEXTS[key], share_cell(quality[key], "left"))
        for key in ("primary_data_share", "default_share", "estimate_share", "unsplit_share")
        if quality.get(key) is not None
    ]
    if shares := quality.get("status_shares"):
        facts.append((TEXTS["statuses"], Cell(_shares(shares))))
    if rating := quality.get("rating"):
        facts.append((TEXTS["dqr"], Cell(rating["pef"]["dqr"], digits=2)))
        facts.append((TEXTS["pact"], Cell(state(rating["pact"]["label"]))))
    return Section(TEXTS["quality"], (KeyValues(tuple(facts)),))


def _shares(shares: Json) -> Text:
    def told(language: str) -> str:
        known = [(state(k), shares[k]) for k in STATUSES if shares.get(k) is not None]
        return ", ".join(f"{t[language] if isinstance(t, Mapping) else t} {percent(v, 'en')}" for t, v in known)

    return {"zh": told("zh").replace(", ", "，"), "en": told("en")}


def assumptions_section(body: Json) -> Section | None:
    """Each parameter with its value, status, source and the share of the footprint that it bears on."""
    rows = tuple(_assumption(a) for a in body.get("assumptions") or ())
    if not rows:
        return None
    columns = tuple(TEXTS[k] for k in ("assumption", "amount", "status", "source", "weight"))
    return Section(TEXTS["assumptions"], (TableBlock(columns, rows, (3.2, 1.9, 1.6, 8, 1.5), TEXTS["weight_note"]),))


def _assumption(a: Json) -> tuple[Cell, ...]:
    amount, unit = a["value"]["amount"], a["value"].get("unit") or ""
    value = f"{shown(amount, 6, 'en', trim=True)} {unit}".strip() if isinstance(amount, (int, float)) else str(amount)
    told, evidence = state(a["status"]), state(a.get("evidence"))
    both = {
        k: " · ".join(t[k] if isinstance(t, Mapping) else t for t in (told, evidence) if t != "–") for k in ("zh", "en")
    }
    name = {k: f"{a['name'][k]} ({a['rule_id']})" for k in ("zh", "en")}
    return (Cell(name), Cell(value, "right"), Cell(both), Cell(a.get("source")), share_cell(a["share"]))
