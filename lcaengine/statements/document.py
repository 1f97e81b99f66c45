"""A statement's body (docs/statements.md) as a document: what stands where; `pdf` and `html` show it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lcaengine.statements.document_results import (
    assumptions_section,
    hotspots_section,
    lines_section,
    quality_section,
    results_section,
    share_cell,
    stages_section,
)
from lcaengine.statements.document_texts import COLON, TEXTS, said, state, unit_words
from lcaengine.statements.layout import Block, Cell, Document, KeyValues, Paragraphs, Section, TableBlock, Text
from lcaengine.statements.numbers import number_language, percent, shown

Json = Mapping[str, Any]
Fact = tuple[Text, Cell]


def statement_document(
    body: Json, languages: Sequence[str] = ("zh", "en"), attachment: bytes | None = None
) -> Document:
    """The document of one statement; `attachment` is the signed file (without it, the body as it is goes along)."""
    total, issuer = body["total"], body["issuer"]["name"]
    headline = shown(total["value"], total.get("digits", 3), number_language(languages))
    sections = (
        stages_section(body), results_section(body), hotspots_section(body), lines_section(body), quality_section(body),
        assumptions_section(body), _limits(body), cbam_section(body), _standards(body), _checklist(body), _provenance(body),
    )  # fmt: skip
    return Document(
        title=TEXTS["title"], subtitle=body["product"]["name"], headline=(_headline_label(body), headline, total["unit"]),
        facts=_facts(body), sections=tuple(s for s in sections if s is not None),
        footer=TEXTS["footer"], identifier=body["id"],
        attachment=attachment if attachment is not None else json.dumps(body, ensure_ascii=False).encode(),
        issued=body["issued"], author=issuer,
    )  # fmt: skip


def _quantity(quantity: Json) -> Text:
    amount, unit = quantity["amount"], quantity["unit"]
    if unit == "ml" and amount >= 1000:
        amount, unit = amount / 1000, "L"
    words = unit_words(unit)
    return {k: f"{shown(amount, 6, k, trim=True)} {words[k]}".strip() for k in ("zh", "en")}


def _headline_label(body: Json) -> Text:
    boundary, unit = body["boundary"]["name"], _quantity(body["declared_unit"])
    return {k: TEXTS["headline"][k].format(unit=unit[k], boundary=boundary[k]) for k in ("zh", "en")}


def _facts(body: Json) -> KeyValues:
    product, rule = body["product"], body["provenance"]["rule"]
    facts: list[tuple[str, Text | str | None]] = [
        ("issuer", body["issuer"]["name"]), ("customer", (body.get("customer") or {}).get("name")), ("product", product["name"]),
        ("product_id", product.get("id")), ("gtin", product.get("gtin")), ("hs_code", product.get("hs_code")),
        ("declared_unit", _quantity(body["declared_unit"])), ("also_per", _also_per(body)), ("boundary", body["boundary"]["name"]),
        ("period", _period(body.get("period"))), ("geography", _place(body.get("geography") or {})),
        ("issued", body["issued"][:10]), ("valid_until", body["valid_until"]), ("rule", f"{rule['id']} {rule['version']}"),
        ("method", _standards_named(body["prepared_with_reference_to"])),
    ]  # fmt: skip
    return KeyValues(tuple((TEXTS[key], Cell(value)) for key, value in facts if value))


def _period(period: Json | None) -> str | None:
    return f"{period['start']} – {period['end']}" if period else None


def _place(geography: Json) -> str | None:
    return geography.get("region") or geography.get("country")


def _also_per(body: Json) -> Text | None:
    """The total in the rule's other units; a name such as "per cycle" stands for its unit."""
    if not body.get("per"):
        return None
    unit, digits = body["total"]["unit"], body["total"].get("digits", 3)

    def told(per: Json, k: str) -> str:
        what = per["name"][k] if per.get("name") else _quantity(per)[k]
        return f"{what}{COLON[k]}{shown(per['value'], digits, k)} {unit}"

    return {k: {"zh": "；", "en": "; "}[k].join(told(per, k) for per in body["per"]) for k in ("zh", "en")}


def _standards_named(standards: Sequence[Json]) -> Text:
    named = ", ".join(s["standard"] for s in standards[:3])
    return {k: named + (TEXTS["standards_more"][k] if len(standards) > 3 else "") for k in ("zh", "en")}


def _limits(body: Json) -> Section:
    blocks: list[Block] = []
    if allocation := body.get("allocation"):
        blocks.append(KeyValues(((TEXTS["allocation"], Cell(allocation)), *_cut_off_facts(body))))
    if left_out := (body.get("cut_off") or {}).get("left_out"):
        rows = tuple((Cell(c["text"]), share_cell(c["share"]), Cell(c.get("note"))) for c in left_out)
        blocks.append(TableBlock((TEXTS["left_out"], TEXTS["share"], TEXTS["note"]), rows, (3, 1, 5)))
    if limits := body.get("limits_of_use"):
        blocks.append(Paragraphs((TEXTS["limits_of_use"], *limits), "warning"))
    if warnings := body.get("warnings"):
        blocks.append(Paragraphs((TEXTS["warnings"], *map(_warning, warnings)), "warning"))
    return Section(TEXTS["limits"], tuple(blocks))


def _cut_off_facts(body: Json) -> tuple[Fact, ...]:
    cut_off = body.get("cut_off") or {}
    if cut_off.get("declared_share") is None:
        return ()
    limit = cut_off.get("limit")
    share = percent(cut_off["declared_share"], "en")
    if limit is None:
        return ((TEXTS["cut_off"], Cell(share)),)
    told = said("limit", limit=percent(limit, "en"))
    return ((TEXTS["cut_off"], Cell({k: share + told[k] for k in told})),)


def _warning(warning: Json) -> Text:
    """A warning's message, whichever of the engine's forms it has: by language, or a plain text."""
    message = warning.get("message", warning)
    return message if isinstance(message, Mapping) else {"zh": str(message), "en": str(message)}


def _standards(body: Json) -> Section:
    rows = tuple(
        (Cell(r["standard"]), Cell(state("not_read" if r["clauses_not_read"] else "is_read")), Cell(r.get("note")))
        for r in body["prepared_with_reference_to"]
    )
    return Section(
        TEXTS["standards"], (TableBlock((TEXTS["standard"], TEXTS["read"], TEXTS["note"]), rows, (3, 2, 6)),)
    )


def _checklist(body: Json) -> Section | None:
    rows = tuple(
        (Cell(c["text"]), Cell(_asked_by(c)), Cell(state(c["status"])), Cell(c.get("reason") or ""))
        for c in body.get("checklist") or ()
    )
    if not rows:
        return None
    columns = tuple(TEXTS[k] for k in ("item", "asked_by", "status", "reason"))
    return Section(TEXTS["checklist"], (TableBlock(columns, rows, (4, 3.4, 1.8, 4)),))


def _asked_by(item: Json) -> str | None:
    return "; ".join(asked["text"] for asked in item.get("asked_by") or ()) or None


def _provenance(body: Json) -> Section:
    p = body["provenance"]
    rule, background = p["rule"], p["background"]
    facts = [
        ("footprint", p["footprint"]), ("document_sha256", p["document_sha256"]), ("rule", f"{rule['id']} {rule['version']}"),
        ("rule_sha256", rule["sha256"]), ("background", f"{background['name']} {background['version']}"), ("release", background["id"]),
        ("gwp", background.get("gwp")), ("engine", f"lcaengine {p['engine']['version']}"), ("calculated", p["calculated"]),
        ("choices", "; ".join(f"{name} = {option}" for name, option in (body.get("choices") or {}).items())),
    ]  # fmt: skip
    return Section(TEXTS["provenance"], (KeyValues(tuple((TEXTS[k], Cell(v)) for k, v in facts if v)),))


# -- CBAM


def cbam_section(body: Json) -> Section | None:
    """The CBAM answer beside the footprint: obligation, embedded emissions of the lines with 5 decimals, notes, acts."""
    cbam = body.get("cbam")
    if not cbam:
        return None
    obligation = TEXTS["yes" if cbam["obligation_today"] else "no"]
    facts = [(TEXTS["obligation"], Cell(obligation))]
    if cbam.get("on"):
        facts.append((TEXTS["on"], Cell(cbam["on"])))
    blocks: list[Block] = [Paragraphs((cbam["answer"],), "warning"), KeyValues(tuple(facts))]
    if cbam.get("lines"):
        blocks.append(_cbam_lines(cbam["lines"]))
    if cbam.get("notes"):
        blocks.append(Paragraphs(tuple(cbam["notes"]), "note"))
    if cbam.get("acts"):
        columns = tuple(TEXTS[k] for k in ("act", "title_of_act", "dated", "state", "text_read"))
        rows = tuple(
            (Cell(a["id"]), Cell(a["title"]), Cell(a["dated"]), Cell(state(a["status"])), Cell(state(a["text_read"])))
            for a in cbam["acts"]
        )
        blocks.append(TableBlock(columns, rows, (3, 8, 2.2, 2, 2)))
    return Section(TEXTS["cbam"], tuple(blocks))


def _cbam_lines(lines: Sequence[Json]) -> TableBlock:
    columns = tuple(TEXTS[k] for k in ("good", "cn_code", "origin", "see", "evidence"))
    rows = tuple(
        (Cell(line["name"]), Cell(line.get("cn_code")), Cell(line.get("origin")),
         Cell((line.get("see") or {}).get("best"), "right", decimals=5), Cell((line.get("evidence") or {}).get("text")))
        for line in lines
    )  # fmt: skip
    return TableBlock(columns, rows, (4, 2, 1.6, 3.4, 4.4))
