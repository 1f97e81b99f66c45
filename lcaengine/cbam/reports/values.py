"""What a report says of an item: a value, that it is missing and why, or that it does not apply and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
Text = Mapping[str, str]
Status = Literal["value", "missing", "not_applicable"]


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one item. ``value`` is a number, a text, ``{zh, en}`` or a table; a table that lacks cells is missing, and kept."""

    status: Status
    value: Any = None
    unit: str | None = None
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; an empty cell of a needed one makes the item missing."""

    key: str
    zh: str
    en: str
    unit: str | None = None
    needed: bool = True

    def as_dict(self) -> Json:
        return {"key": self.key, "name": {"zh": self.zh, "en": self.en}, "unit": self.unit}


def given(value: Any, unit: str | None = None) -> Answer:
    return Answer("value", value, unit)


def text(zh: str, en: str) -> Answer:
    return Answer("value", {"zh": zh, "en": en})


def yes_no(value: bool, more: Text | None = None) -> Answer:
    """Yes or no, and what the item asks beside it."""
    tail = more or {"zh": "", "en": ""}
    zh, en = ("是", "Yes") if value else ("否", "No")
    return text(zh + (f"：{tail['zh']}" if tail["zh"] else ""), en + (f": {tail['en']}" if tail["en"] else ""))


def missing(zh: str, en: str, value: Any = None) -> Answer:
    return Answer("missing", value, None, {"zh": zh, "en": en})


def not_stated(field: str) -> Answer:
    """What only the operator knows, and has not said: the field of the operator data that would say it."""
    return missing(f"运营商数据未给出 {field}。", f"Not given in the operator data: {field}.")


def of_field(value: Any, field: str) -> Answer:
    return not_stated(field) if value in (None, "") else given(value)


def not_applicable(zh: str, en: str) -> Answer:
    return Answer("not_applicable", None, None, {"zh": zh, "en": en})


def table(columns: Sequence[Column], rows: Iterable[Mapping[str, Any]]) -> Answer:
    """A table; the first column names the row. Needed cells that are empty are named, and make the item missing."""
    shown = [{c.key: row.get(c.key) for c in columns} for row in rows]
    first = columns[0].key
    lacking = [(row[first], c) for row in shown for c in columns if c.needed and row[c.key] is None]
    value = {"columns": [c.as_dict() for c in columns], "rows": shown}
    if not lacking:
        return Answer("value", value)
    zh = "；".join(f"{_name(row, 'zh')}：{c.zh}" for row, c in lacking)
    en = "; ".join(f"{_name(row, 'en')}: {c.en}" for row, c in lacking)
    return missing(f"缺少：{zh}。", f"Missing: {en}.", value)


def _name(row: Any, language: str) -> str:
    return str(row.get(language) if isinstance(row, Mapping) else row if row is not None else "–")
