"""Customs codes: their form, the goods of Annex I, the rows of the proposal (Regulation (EU) 2023/956 Annex I; COM(2025) 989)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from lcaengine.cbam.tables.loading import tables
from lcaengine.cbam.tables.rows import Good, Proposed
from lcaengine.problems import Problem, Refused

LENGTHS = (4, 6, 8, 10)
LEVELS = (10, 8, 6, 4)
EIGHT = 8


def normal_cn(text: str) -> str:
    """The digits of a CN code, HS heading or TARIC code: ``7208 36 00``, ``7208.36``; raises `Refused` (``cbam_cn_code_form``)."""
    code = re.sub(r"[\s.]", "", text)
    if not (code.isascii() and code.isdigit() and len(code) in LENGTHS):
        raise Refused(Problem("cbam_cn_code_form", "", {"code": text}))
    return code


def levels(code: str) -> Iterator[str]:
    """A code and the headings above it, the longest first: 10, 8, 6, 4 digits."""
    return (code[:n] for n in LEVELS if n <= len(code))


def codes_for(code: str) -> tuple[str, ...]:
    """The codes under which the values of a code stand: the code itself, or those that took its place."""
    replaced = tables().replaced_codes.get(code[:EIGHT], ())
    return tuple(row.replaced_by for row in replaced) or (code,)


def good_of(cn: str, on: date) -> Good | None:
    """The good of Annex I on a day, for 8 digits or the first 8 of 10; None for other codes. Raises as `normal_cn`."""
    good = tables().goods.get(normal_cn(cn)[:EIGHT])
    return good if good is not None and _listed(good, on) else None


def goods_under(cn: str, on: date) -> tuple[Good, ...]:
    """All goods of Annex I at or below a code on a day. Raises as `normal_cn`."""
    code = normal_cn(cn)[:EIGHT]
    return tuple(good for good in tables().goods.values() if good.cn_code.startswith(code) and _listed(good, on))


def proposed(cn: str) -> Proposed | None:
    """The longest row of the proposal at or above a code; not law. Raises as `normal_cn`."""
    found = (tables().downstream.get(code) for code in levels(normal_cn(cn)))
    return next((row for row in found if row is not None), None)


def _listed(good: Good, on: date) -> bool:
    return good.valid_from <= on and (good.valid_to is None or on <= good.valid_to)


def goods_found(text: str) -> tuple[Good, ...]:
    """Goods whose code starts with a text, or whose description or heading, in either language, holds it; all for none."""
    words = text.strip().casefold()
    digits = words.replace(" ", "").replace(".", "")
    return tuple(g for g in tables().goods.values() if g.cn_code.startswith(digits) or words in _described(g))


def _described(good: Good) -> str:
    heading = tables().headings.get(good.cn_code[:4])
    names = (heading.name_zh, heading.name_en) if heading else ()
    return " ".join((good.description, *names)).casefold()
