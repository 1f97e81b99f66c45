"""An operator's report (docs/cbam/reports.md) as a document: every item under the law's number, a table where it is one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from lcaengine.statements.layout import (
    LANGUAGES,
    Block,
    Cell,
    Document,
    KeyValues,
    Paragraphs,
    Section,
    TableBlock,
    Text,
)
from lcaengine.statements.numbers import fixed, number_language

Json = Mapping[str, Any]
DIGITS = 9  # what is reported bears its own number of digits; what is calculated bears this many at most

WORDS: Mapping[str, Text] = {
    "item": {"zh": "项", "en": "Item"}, "asked": {"zh": "法规要求", "en": "What the law asks"}, "answer": {"zh": "内容", "en": "Information"},
    "missing": {"zh": "缺失", "en": "Missing"}, "missing_items": {"zh": "缺失项", "en": "What is missing"},
    "not_applicable": {"zh": "不适用", "en": "Not applicable"}, "notes": {"zh": "说明", "en": "Notes"},
    "operator": {"zh": "运营商", "en": "Operator"}, "installation": {"zh": "装置", "en": "Installation"},
    "period": {"zh": "报告期", "en": "Reporting period"}, "act": {"zh": "依据", "en": "Legal basis"}, "contact": {"zh": "联系人", "en": "Contact person"},
    "items": {"zh": "项数", "en": "Items"}, "acts": {"zh": "法规", "en": "Acts"}, "engine": {"zh": "计算软件", "en": "Engine"},
    "addendum": {"zh": "1.1.1 针对具体申报人的附录", "en": "1.1.1 Declarant-specific addendum"},
    "example": {"zh": "示例：并非真实装置，内容均为编造。", "en": "Worked example: not a real installation, the entries are invented."},
    "footer": {"zh": "按 (EU) 2025/2547 附件四编制；英文文本具有约束力", "en": "Prepared by (EU) 2025/2547 Annex IV; the English text is binding"},
    "none_missing": {"zh": "没有缺失项。", "en": "Nothing is missing."},
}  # fmt: skip


def report_document(report: Json, languages: Sequence[str] = ("zh", "en")) -> Document:
    """The document of a full or summary report, numbers in the separators of the languages. A report is not signed: none is attached."""
    about = report["act"]
    return Document(
        title=report["title"], subtitle=report["installation"], headline=_headline(report, number_language(languages)), facts=KeyValues(tuple(_facts(report))),
        sections=(_missing(report), *_items(report["items"]), *_addendum(report), _notes(report)),
        footer={k: f"{WORDS['footer'][k]} · {about['point']}" for k in LANGUAGES},
        identifier=str(report.get("id") or f"{about['id']} Annex {about['annex']} {about['point']}"),
        author=report["operator"] or "",
    )  # fmt: skip


def _headline(report: Json, language: str) -> tuple[Text, str, str] | None:
    """The total direct emissions of the period, where they are reported."""
    number = "7" if report["kind"] == "full" else "5"
    value = next(i["value"] for i in report["items"] if i["item"] == number)
    total = value["rows"][0]["value"] if isinstance(value, Mapping) else value
    if total is None:
        return None
    return (
        {"zh": "报告期直接排放总量", "en": "Total direct emissions of the reporting period"},
        fixed(total, 0, language),
        "t CO2e",
    )


def _facts(report: Json) -> Iterator[tuple[Text, Cell]]:
    about, counts = report["act"], report["counts"]
    yield WORDS["operator"], Cell(report["operator"])
    yield WORDS["installation"], Cell(report["installation"])
    yield WORDS["period"], Cell(f"{report['period']['start']} – {report['period']['end']}")
    yield WORDS["act"], Cell({
        "zh": f"(EU) {about['id']} 第 {about['article']} 条，附件四 {about['point']}",
        "en": f"(EU) {about['id']} Art. {about['article']}, Annex {about['annex']} point {about['point']}",
    })  # fmt: skip
    yield WORDS["items"], Cell({
        "zh": f"有值 {counts['value']}，缺失 {counts['missing']}，不适用 {counts['not_applicable']}",
        "en": f"{counts['value']} with a value, {counts['missing']} missing, {counts['not_applicable']} not applicable",
    })  # fmt: skip
    for person in report.get("contact_persons", ()):
        yield (
            WORDS["contact"],
            Cell(", ".join(person[k] for k in ("name", "role", "email", "telephone") if k in person)),
        )
    yield WORDS["engine"], Cell(f"lcaengine {report['engine']['version']}")


def _missing(report: Json) -> Section:
    """What is missing comes first: a reader must not have to look for it."""
    blocks: list[Block] = [Paragraphs((WORDS["example"],), "warning")] if report["example"] else []
    rows = tuple((Cell(m["item"]), Cell(m["text"]), Cell(m["reason"])) for m in report["missing"])
    columns = (WORDS["item"], WORDS["asked"], WORDS["missing"])
    blocks.append(TableBlock(columns, rows, (1, 5, 5)) if rows else Paragraphs((WORDS["none_missing"],)))
    return Section(WORDS["missing_items"], tuple(blocks))


def _addendum(report: Json) -> Iterator[Section]:
    if items := report.get("addendum"):
        yield Section(WORDS["addendum"], tuple(_blocks(items)))


def _items(items: Sequence[Json]) -> Iterator[Section]:
    """A section for every item of the law, under our short title."""
    for _, group in groupby(items, key=lambda i: i["item"].partition("(")[0]):
        members = list(group)
        first = members[0]
        yield Section({k: f"{first['item']}  {first['title'][k]}" for k in LANGUAGES}, tuple(_blocks(members)))


def _blocks(members: Sequence[Json]) -> Iterator[Block]:
    """Plain answers in one table, each table on its own under the words of the law."""
    for tabular, group in groupby(members, key=_is_table):
        found = list(group)
        if tabular:
            for item in found:
                yield from _tabular(item)
        elif all(item["heading"] for item in found):
            yield Paragraphs(tuple(_worded(item) for item in found))
        else:
            rows = tuple((Cell(i["item"]), Cell(i["text"]), _answer(i)) for i in found)
            yield TableBlock((WORDS["item"], WORDS["asked"], WORDS["answer"]), rows, (1, 6, 4))


def _tabular(item: Json) -> Iterator[Block]:
    yield Paragraphs((_worded(item),))
    if item["status"] == "missing":
        yield Paragraphs((_said(item),), "warning")
    yield _table(item["value"])


def _is_table(item: Json) -> bool:
    return isinstance(item["value"], Mapping) and "rows" in item["value"]


def _worded(item: Json) -> Text:
    return {k: f"{item['item']}  {item['text'][k]}" for k in LANGUAGES}


def _said(item: Json) -> Text:
    return {k: f"{WORDS[item['status']][k]}{'：' if k == 'zh' else ': '}{item['reason'][k]}" for k in LANGUAGES}


def _answer(item: Json) -> Cell:
    if item["heading"]:
        return Cell("")
    if item["status"] != "value":
        return Cell(_said(item), strong=item["status"] == "missing")
    return _cell(item["value"], item["unit"] or "", "left")


def _table(value: Json) -> TableBlock:
    """A precursor's number is a name."""
    columns = value["columns"]
    heads = tuple({k: c["name"][k] + (f" ({c['unit']})" if c["unit"] else "") for k in LANGUAGES} for c in columns)
    shown = [{**row, "number": str(row["number"])} if "number" in row else row for row in value["rows"]]
    rows = tuple(tuple(_cell(row[c["key"]]) for c in columns) for row in shown)
    widths = (_width([head["en"], *(row[c["key"]] for row in shown)]) for c, head in zip(columns, heads, strict=True))
    return TableBlock(heads, rows, tuple(widths))


def _width(column: Sequence[Any]) -> float:
    """Characters: room for the longest word and for half of a text, so that figures never run into their neighbours."""
    texts = [
        _exact(v) if _is_number(v) else str(v["en"] if isinstance(v, Mapping) else v) for v in column if v is not None
    ]
    word = max((len(word) for text in texts for word in text.split()), default=0)
    return max(min(word, 20) + 1.5, min(max(map(len, texts)), 60) / 2)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _exact(value: float) -> str:
    """The digits that `_cell` shows, thousands apart: as wide as on the page."""
    return f"{Decimal(f'{value:.{DIGITS}g}'):,f}"


def _cell(value: Any, unit: str = "", align: Any = "right") -> Cell:
    """A number with as many digits as it has (nine at most), any other value as a text."""
    if not _is_number(value):
        return Cell(value if isinstance(value, Mapping) or value is None else str(value), unit=unit)
    exact = Decimal(f"{value:.{DIGITS}g}").normalize()
    return Cell(
        float(value), align, unit, digits=min(max(len(exact.as_tuple().digits), exact.adjusted() + 1, 1), DIGITS)
    )


def _notes(report: Json) -> Section:
    acts = tuple(
        (Cell(a["id"]), Cell(a["title"]), Cell(str(a["dated"])), Cell(str(a["status"]))) for a in report["acts"]
    )  # fmt: skip
    columns: tuple[Text, ...] = (
        WORDS["acts"],
        {"zh": "标题", "en": "Title"},
        {"zh": "日期", "en": "Dated"},
        {"zh": "状态", "en": "Status"},
    )
    return Section(
        WORDS["notes"], (Paragraphs(tuple(report["notes"]), "note"), TableBlock(columns, acts, (1.4, 6, 1.6, 1.4)))
    )
