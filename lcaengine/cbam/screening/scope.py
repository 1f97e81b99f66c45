"""What the tables know of one customs code on one day: Annex I, the proposed extension, and what no table can say.

The tables hold Annex I of Regulation (EU) 2023/956 and the proposal COM(2025) 989, not the whole nomenclature. So a code
outside both is "out", and whether it exists can be judged in two ways only: by the form of its chapter and heading, and where
Annex I lists its sub-heading whole, since then every eight-digit code of the sub-heading is known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from lcaengine.cbam.tables import PRECURSORS, Good, Proposed, good_of, goods_under, normal_cn, proposed, tables
from lcaengine.problems import Problem, Refused

Listed = Literal["in", "in_if", "depends", "out"]
Planned = Literal["proposed", "proposed_if", "depends", "excluded", "precursor_only", "already_in", "no"]

CHAPTERS = frozenset(range(1, 98)) - {77}  # chapter 77 is reserved in the Harmonized System
EIGHT = 8
SIX = 6


@dataclass(frozen=True, slots=True)
class Scope:
    """Whether a code is in Annex I on a day; ``goods`` are the listed goods at or below it."""

    code: str
    status: Listed
    goods: tuple[Good, ...] = ()

    @property
    def sectors(self) -> frozenset[str]:
        return frozenset(good.sector for good in self.goods)

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category that goods at or below the code have, or may have."""
        own = {good.category for good in self.goods}
        return tuple(sorted(own)) + tuple(sorted({good.also_category for good in self.goods} - own - {""}))


@dataclass(frozen=True, slots=True)
class Extension:
    """Whether COM(2025) 989 would bring a code in; ``rows`` are the rows of the proposal at, above or below it."""

    status: Planned
    rows: tuple[Proposed, ...] = ()


def shown(code: str) -> str:
    """Digits as the tariff prints them: ``8450 11``, ``7213 91 20``."""
    return " ".join(part for part in (code[:4], *(code[i : i + 2] for i in range(4, len(code), 2))) if part)


def scope_of(code: str, on: date) -> Scope:
    """Annex I of Regulation (EU) 2023/956 for a code of 4 to 10 digits on a day."""
    if len(code) >= EIGHT:
        good = good_of(code, on)
        return Scope(code, "out") if good is None else Scope(code, "in_if" if good.ex else "in", (good,))
    goods = goods_under(code, on)
    if not goods:
        return Scope(code, "out")
    return Scope(code, "in" if _listed_whole(code, goods) else "depends", goods)


def _listed_whole(code: str, goods: tuple[Good, ...]) -> bool:
    """Whether every eight-digit code of a sub-heading is in Annex I, without condition.

    A lone code that does not end in 00 has neighbours that are not listed, for the nomenclature splits a sub-heading into two
    or more. Annex I makes no exception below six digits but for 2507 00 80; above six digits it makes many (7202, 3105).
    """
    if len(code) < SIX or any(good.ex for good in goods):
        return False
    return len(goods) > 1 or goods[0].cn_code.endswith("00")


def extension_of(code: str, on: date) -> Extension:
    """COM(2025) 989 for a code; a proposal, never an obligation."""
    if scope_of(code, on).status == "in":
        return Extension("already_in")
    row = proposed(code) or _undivided(code)
    if row is not None:
        return Extension(_planned(code, row), (row,))
    below = tuple(sorted(_rows_below(code), key=lambda found: found.cn_code))
    return Extension("depends", below) if below else Extension("no")


def _planned(code: str, row: Proposed) -> Planned:
    if row.table == PRECURSORS:
        return "precursor_only"
    if any(code.startswith(out) for out in row.excludes):
        return "excluded"
    if any(out.startswith(code) for out in row.excludes):
        return "depends"
    return "proposed_if" if row.ex and not row.excludes else "proposed"


def _undivided(code: str) -> Proposed | None:
    """The row ``84501200`` for the sub-heading 8450 12, which the nomenclature does not divide."""
    return proposed(code.ljust(EIGHT, "0")) if len(code) == SIX else None


def _rows_below(code: str) -> Iterator[Proposed]:
    return (row for row in tables().downstream.values() if row.cn_code.startswith(code))


# -- codes that cannot be used


def checked_code(given: str, where: str, on: date) -> str:
    """The digits of a code; raises `Refused` when its form, its chapter or Annex I says that there is no such code."""
    try:
        code = normal_cn(given)
    except Refused as error:
        raise Refused(Problem(p.code, where, p.values) for p in error.problems) from None
    if int(code[:2]) not in CHAPTERS or code[2:4] == "00":
        raise Refused(Problem("cbam_cn_code_unknown", where, {"code": shown(code)}))
    if len(code) >= EIGHT and good_of(code, on) is None:
        _check_left(code, where, on)
    return code


def _check_left(code: str, where: str, on: date) -> None:
    """Raises `Refused` for a code that left Annex I's list, or that a sub-heading listed whole does not have."""
    known = [shown(good.cn_code) for good in goods_under(code[:SIX], on)]
    last = tables().goods.get(code[:EIGHT])
    if last is not None and last.valid_to is not None and last.valid_to < on:
        values = {"code": shown(code), "last": last.valid_to, "on": on, "known": known or ["–"]}
        raise Refused(Problem("cbam_cn_code_left", where, values))
    if scope_of(code[:SIX], on).status == "in":
        values = {"code": shown(code), "heading": shown(code[:SIX]), "known": known}
        raise Refused(Problem("cbam_cn_code_not_listed", where, values))
