"""What a document consists of, apart from how it is shown: `pdf` and `html` render it, others build it.

Texts are ``{"zh": …, "en": …}``; a renderer shows the languages asked for (zh above en where both). A plain string is
shown as it is in every language (identifiers, names of one language). Nothing in a document is markup: a name such as
``#pagebreak()`` or ``<b>`` is shown as these characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Text = Mapping[str, str]
Align = Literal["left", "right"]
Style = Literal["plain", "note", "warning"]
LANGUAGES = ("zh", "en")


@dataclass(frozen=True)
class Cell:
    """A text, or a number with its unit; None is shown as a dash.

    A float is shown with `digits` significant digits in the separators of the language (`numbers.shown`), or with
    `decimals` places where that is given (specific embedded emissions: 5); a share is a float with unit "%", times 100.
    """

    text: Text | str | float | None
    align: Align = "left"
    unit: str = ""
    digits: int = 3
    decimals: int | None = None
    strong: bool = False


@dataclass(frozen=True)
class TableBlock:
    """A table that breaks over pages and repeats its header; `widths` are parts of the page's width (any scale).

    More rows than `view.MAX_ROWS` are not laid out: the rest is said in a last line (the attached JSON holds all).
    """

    columns: tuple[Text, ...]
    rows: tuple[tuple[Cell, ...], ...]
    widths: tuple[float, ...] | None = None
    note: Text | None = None


@dataclass(frozen=True)
class KeyValues:
    """Facts by name, in two columns."""

    rows: tuple[tuple[Text, Cell], ...]


@dataclass(frozen=True)
class Paragraphs:
    """Running text; a note is smaller, a warning stands out."""

    texts: tuple[Text, ...]
    style: Style = "plain"


@dataclass(frozen=True)
class Bars:
    """A horizontal bar chart in vectors; negative values to the left of the axis."""

    title: Text
    rows: tuple[tuple[Text, float], ...]
    unit: str
    digits: int = 3


Block = TableBlock | KeyValues | Paragraphs | Bars


@dataclass(frozen=True)
class Section:
    """A heading (also in the outline) and what stands under it."""

    title: Text
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Document:
    """One document to send; `headline` is (label, value as shown, unit), `attachment` the signed JSON for the PDF.

    `issued` (ISO 8601, UTC) and `author` go into the PDF's metadata; without `issued` it bears the time of rendering.
    """

    title: Text
    subtitle: Text
    headline: tuple[Text, str, str] | None
    facts: KeyValues
    sections: tuple[Section, ...]
    footer: Text
    identifier: str
    attachment: bytes | None = None
    issued: str | None = None
    author: str = ""
