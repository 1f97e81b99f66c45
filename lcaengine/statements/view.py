"""A document as plain data for the templates: texts by language, numbers as shown, long tables cut. PDF and HTML show the same."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from lcaengine.statements.fonts import showable
from lcaengine.statements.layout import Bars, Block, Cell, Document, KeyValues, Paragraphs, TableBlock, Text
from lcaengine.statements.numbers import NONE, fixed, number_language, shown

Json = dict[str, Any]
MAX_ROWS = 500  # of one table; a bill of materials of 2,000 lines stays within 2 s and some 30 pages
MAX_BARS = 24
MAX_TEXT = 4_000  # characters of one text
WHOLE = 1_500  # characters of a cell up to which its row is kept on one page
WORD = re.compile(r"[^\s\u2E80-\uFDCF\uFF00-\uFFEF]{14,}")
_PLAIN = r"[A-Za-zÀ-ɏ0-9]{1,18}"
NATURAL = re.compile(
    rf"[(\"'“‘]*{_PLAIN}(?:[-–/'’]{_PLAIN})*[.,;:)\"'”’]*"
)  # breaks at its hyphens, or is short enough
_JOINED = r"[\u0300-\u036F\u0591-\u05C7\u064B-\u065F\u200B-\u200D\uFE00-\uFE0F\U0001F3FB-\U0001F3FF]"
PIECE = re.compile(rf"(?:.{_JOINED}*(?:(?<=\u200D).{_JOINED}*)*){{1,6}}", re.S)  # a joined mark stays with its letter
WORDS: Mapping[str, Text] = {
    "identifier": {"zh": "编号", "en": "Identifier"},
    "attached": {"zh": "本文件附有同样内容的 JSON：{name}", "en": "The same as JSON is attached to this file: {name}"},
    "page": {"zh": "第 {page} 页，共 {pages} 页", "en": "Page {page} of {pages}"},
    "contents": {"zh": "目录", "en": "Contents"},
    "rest": {
        "zh": "共 {all} 行，此处列出前 {shown} 行；其余 {rest} 行见同一文件的 JSON 格式。",
        "en": "{all} rows, of which the first {shown} are shown; the other {rest} are in its JSON form.",
    },
    "rest_bars": {"zh": "其余 {rest} 项合计", "en": "{rest} more, together"},
}
ATTACHMENT = "statement.json"


def document_view(document: Document, languages: Sequence[str]) -> Json:
    """Everything that a template shows; raises ValueError for an unknown language."""
    if not languages or set(languages) - {"zh", "en"}:
        raise ValueError(f"a document is in zh, en or both, not in {', '.join(languages) or 'none'}")
    view = _View(tuple(dict.fromkeys(languages)))
    return {
        "languages": list(view.languages),
        "title": view.text(document.title),
        "subtitle": view.text(document.subtitle),
        "headline": view.headline(document.headline),
        "facts": view.block(document.facts),
        "sections": [
            {"title": view.text(s.title), "blocks": [view.block(b) for b in s.blocks]} for s in document.sections
        ],
        "footer": view.text(document.footer),
        "identifier": view.plain(document.identifier),
        "attachment": ATTACHMENT if document.attachment is not None else None,
        "issued": document.issued,
        "author": view.plain(document.author),
        "words": {key: view.text(WORDS[key]) for key in ("identifier", "page", "contents")}
        | {"attached": view.word("attached", name=ATTACHMENT)},
    }


class _View:
    """How one document is shown in some languages."""

    def __init__(self, languages: tuple[str, ...]) -> None:
        self.languages = languages
        self.numbers = number_language(languages)

    def text(self, text: Text | str) -> list[Json]:
        """One entry per language asked for; what is the same in all of them stands once, as does a plain string."""
        if isinstance(text, str):
            return [_part("", self.plain(text))]
        found: dict[str, str] = {}
        for language in self.languages:
            known = text.get(language) or next((t for t in text.values() if t), "")
            found.setdefault(self.plain(known), language)
        return [_part(language, shown_text) for shown_text, language in found.items()]

    def plain(self, text: str) -> str:
        cut = text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"
        return showable(cut)

    def word(self, key: str, **values: object) -> list[Json]:
        return self.text({language: text.format(**values) for language, text in WORDS[key].items()})

    def headline(self, headline: tuple[Text, str, str] | None) -> Json | None:
        if headline is None:
            return None
        label, value, unit = headline
        return {"label": self.text(label), "value": self.plain(value), "unit": self.plain(unit)}

    # -- cells

    def cell(self, cell: Cell) -> Json:
        return {"parts": self.parts(cell), "align": cell.align, "strong": cell.strong}

    def parts(self, cell: Cell) -> list[Json]:
        if cell.text is None:
            return self.text(NONE)
        if isinstance(cell.text, (float, int)):
            return self.text(self.amount(cell.text, cell))
        unit = f"\N{NO-BREAK SPACE}{self.plain(cell.unit)}" if cell.unit else ""
        return [_part(part["lang"], part["text"] + unit) for part in self.text(cell.text)]

    def amount(self, value: float, cell: Cell) -> str:
        decimals = cell.decimals
        number = shown(value, cell.digits, self.numbers) if decimals is None else fixed(value, decimals, self.numbers)
        return f"{number}\N{NO-BREAK SPACE}{self.plain(cell.unit)}" if cell.unit else number

    # -- blocks

    def block(self, block: Block) -> Json:
        match block:
            case TableBlock():
                return self.table(block)
            case KeyValues(rows):
                return {"kind": "facts", "rows": [{"name": self.text(n), "value": self.cell(c)} for n, c in rows]}
            case Paragraphs(texts, style):
                return {"kind": "paragraphs", "style": style, "texts": [self.text(text) for text in texts]}
            case Bars():
                return self.bars(block)

    def table(self, table: TableBlock) -> Json:
        width = len(table.columns)
        if any(len(row) != width for row in table.rows) or (table.widths is not None and len(table.widths) != width):
            raise ValueError(f"a row or the widths of a table with {width} columns have another number of cells")
        rows = [self.row(row) for row in table.rows[:MAX_ROWS]]
        rest = len(table.rows) - len(rows)
        return {
            "kind": "table", "columns": [self.text(c) for c in table.columns], "rows": rows,
            "aligns": [table.rows[0][i].align if table.rows else "left" for i in range(width)],
            "widths": [float(w) for w in table.widths or [1.0] * width],
            "note": None if table.note is None else self.text(table.note),
            "rest": self.word("rest", all=len(table.rows), shown=len(rows), rest=rest) if rest else None,
        }  # fmt: skip

    def row(self, cells: Sequence[Cell]) -> Json:
        shown_cells = [self.cell(cell) for cell in cells]
        whole = all(sum(len(part["text"]) for part in cell["parts"]) < WHOLE for cell in shown_cells)
        return {"cells": shown_cells, "whole": whole}

    def bars(self, bars: Bars) -> Json:
        """Each bar from `start` over `width`, as parts of the whole; `zero` is the axis."""
        kept, rest = bars.rows[:MAX_BARS], bars.rows[MAX_BARS:]
        rows: list[tuple[list[Json], float]] = [(self.text(name), value) for name, value in kept]
        if rest:
            rows.append((self.word("rest_bars", rest=len(rest)), sum(value for _, value in rest)))
        low = min(0.0, *(value for _, value in rows), 0.0)
        span = (max(0.0, *(value for _, value in rows), 0.0) - low) or 1.0
        return {
            "kind": "bars", "title": self.text(bars.title), "unit": self.plain(bars.unit), "zero": -low / span,
            "rows": [
                {"name": name, "shown": shown(value, bars.digits, self.numbers), "negative": value < 0,
                 "start": (min(value, 0.0) - low) / span, "width": abs(value) / span}
                for name, value in rows
            ],
        }  # fmt: skip


def _part(language: str, text: str) -> Json:
    return {"lang": language, "text": text, "pieces": breakable(text)}


def breakable(text: str) -> list[str]:
    """`text` in pieces between which a line may break although no space is there: in words of 14 characters and more that
    are no natural words, every 6."""
    pieces: list[str] = []
    end = 0
    for word in WORD.finditer(text):
        if not NATURAL.fullmatch(word[0]):
            pieces += [text[end : word.start()], *PIECE.findall(word[0])]
            end = word.end()
    return [piece for piece in (*pieces, text[end:]) if piece]
