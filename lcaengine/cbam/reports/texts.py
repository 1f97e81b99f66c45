"""The items of the reports, as IR (EU) 2025/2547 Annex IV numbers and words them (``items.toml``)."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

Text = Mapping[str, str]
POINTS: Mapping[str, str] = {"full": "1.1", "addendum": "1.1.1", "summary": "1.2"}


@dataclass(frozen=True, slots=True)
class Item:
    """One item or sub-item; ``15(e)-2`` is the second dash under 15(e). ``title`` is ours, for a heading."""

    item: str
    text: Text
    title: Text | None

    @property
    def top(self) -> str:
        """The number of the item that it belongs to."""
        return re.split(r"[(-]", self.item)[0]

    @property
    def level(self) -> int:
        """1 for an item, 2 for a letter, 3 for a dash."""
        return 1 + ("(" in self.item) + ("-" in self.item)


@cache
def items_of(kind: str) -> tuple[Item, ...]:
    """The items of ``full``, ``addendum`` or ``summary``, in the act's order."""
    rows = tomllib.loads((Path(__file__).parent / "items.toml").read_text(encoding="utf-8"))[kind]
    return tuple(
        Item(item, _pair(row, ""), _pair(row, "title_") if "title_en" in row else None) for item, row in rows.items()
    )


def leaves(kind: str) -> tuple[Item, ...]:
    """The items that are answered: those that only introduce others are not."""
    items = items_of(kind)
    parents = {i.item.rpartition("-")[0] or i.item.rpartition("(")[0] for i in items if i.level > 1}
    return tuple(i for i in items if i.item not in parents)


def _pair(row: Mapping[str, str], prefix: str) -> Text:
    return {"zh": row[prefix + "zh"], "en": row[prefix + "en"]}
