"""A default value and its mark-up: IR (EU) 2025/2621 Annexes I and IV, as replaced by IR (EU) 2026/1740.

The mark-up is applied once, to the printed total, and the product is not rounded: the printed marked-up columns of the first
version of the act were rounded, and partly wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lcaengine.cbam.tables import OTHER, DefaultValue, default_values, markup, normal_cn
from lcaengine.problems import Problem, Refused

Text = dict[str, str]
FIRST_YEAR = 2026
PRE_CORRECTION = "pre-correction"
ELECTRICITY = "2716"

# How people name the clinker and the cement that the act calls grey and white.
_COLOURS = {"灰": "grey", "gray": "grey", "白": "white"}

_TEMPLATE_ROUTES = {
    "basic_oxygen_steelmaking": "C/F",
    "primary_electrolytic_smelting": "K",
    "secondary_melting_recycling": "L",
}

UNROUNDED: Text = {
    "zh": "加成后的默认值不取整即参与计算；若先取整到三位小数，证书数的第四位有效数字可能不同。",
    "en": "The marked-up value is used unrounded; rounding it to three decimals first can change the fourth digit of the "
    "certificates.",
}
_UNCORRECTED: Text = {
    "zh": "该值取自 (EU) 2025/2621 更正前的文本；(EU) 2026/1740 追溯至 2026 年 1 月 1 日替换了附件一和附件四，使用前请核对。",
    "en": "The value is from the text of (EU) 2025/2621 before its correction; (EU) 2026/1740 replaced Annexes I and IV with effect "
    "from 1 January 2026. Check it before you rely on it.",
}
_UNKNOWN_ORIGIN: Text = {
    "zh": "原产国不明：采用附件四，即所有国家中的最高值。",
    "en": "The country of origin is unknown: Annex IV applies, the highest value of any country.",
}


@dataclass(frozen=True, slots=True)
class MarkedUp:
    """A default value of one year: ``value = base.total · (1 + markup)``, t CO2e per tonne of product, unrounded."""

    base: DefaultValue
    year: int
    markup: float
    value: float
    notes: tuple[Text, ...]

    def as_dict(self) -> dict[str, Any]:
        return {
            "year": self.year,
            "markup": self.markup,
            "value": self.value,
            "unit": "t CO2e/t",
            "base": base_body(self.base),
        }


def chosen_default(
    cn: str,
    country: str | None,
    year: int,
    route: str | None = None,
    description: str | None = None,
    where: str = "",
) -> MarkedUp:
    """The default value of a CN code and country with the mark-up of a year (IR 2025/2621 Art. 1 and Annex I).

    ``country`` is an ISO code; None or "unknown" means Annex IV. ``route`` (its letter) and ``description`` ("grey", "white")
    choose among several rows. Raises `Refused`: ``cbam_default_ambiguous`` when a choice is left, ``cbam_no_default`` when
    no table has a value, ``cbam_default_year`` before 2026; and as `default_values`, for the EU and exempt origins among others.
    """
    if year < FIRST_YEAR:
        raise Refused(Problem("cbam_default_year", where, {"year": year}))
    return marked_up(chosen_base(cn, country, route, description, where), cn, country, year)


def chosen_base(
    cn: str, country: str | None, route: str | None = None, description: str | None = None, where: str = ""
) -> DefaultValue:
    """The one row of the tables that applies, before mark-up; raises as `chosen_default`."""
    try:
        code = normal_cn(cn)
        rows = () if code.startswith(ELECTRICITY) else default_values(code, country)
    except Refused as refused:
        raise Refused([replace(p, where=p.where or where) for p in refused.problems]) from refused
    if code.startswith(ELECTRICITY):
        raise Refused(Problem("cbam_default_electricity", where, {"cn": code}))
    if not rows:
        raise Refused(Problem("cbam_no_default", where, {"cn": code, "country": shown_country(country)}))
    left = _matching(rows, route, description)
    if len(left) != 1:
        options = [option(row) for row in rows]
        raise Refused(Problem("cbam_default_ambiguous", where, {"cn": code, "options": options}))
    return left[0]


def marked_up(base: DefaultValue, cn: str, country: str | None, year: int) -> MarkedUp:
    """The mark-up of the sector and year on the total, once; what a reader must know goes to the notes."""
    share = markup(base.sector, year)
    return MarkedUp(base, year, share, base.total * (1.0 + share), tuple(_notes(base, normal_cn(cn), country)))


def letters(route: str | None) -> frozenset[str]:
    """The routes of an indicator: "C/F" is C for carbon steel and F for low-alloy steel; what is no letter is left out.

    The template's names of routes stand for a letter only where there is one: an electric arc furnace may be D, E, G, H or J.
    """
    text = _TEMPLATE_ROUTES.get((route or "").strip(), route or "")
    return frozenset(part.strip().upper() for part in text.split("/") if len(part.strip()) == 1)


def option(row: DefaultValue) -> Text:
    """A row as an answer to "which one?"."""
    route_zh = f"，路线 {row.route}" if row.route else ""
    route_en = f", route {row.route}" if row.route else ""
    return {
        "zh": f"{row.cn_code} {row.description}（{row.total:g} t CO2e/t{route_zh}）",
        "en": f"{row.cn_code} {row.description} ({row.total:g} t CO2e/t{route_en})",
    }


def base_body(row: DefaultValue) -> dict[str, Any]:
    """The row as results show it: figures as printed, with act, annex and state."""
    return {
        "country": row.country, "cn_code": row.cn_code, "description": row.description,
        "direct": row.direct, "indirect": row.indirect, "total": row.total, "unit": "t CO2e/t",
        "route": row.route, "sector": row.sector, "table": row.table, "looked_up": [dict(reason) for reason in row.why],
        "act": row.act, "annex": row.annex, "state": row.state, "read_in": row.read_in,
    }  # fmt: skip


def shown_country(country: str | None) -> str | Text:
    return {"zh": "原产国不明", "en": "unknown origin"} if country in (None, "unknown") else str(country)


def _matching(rows: Sequence[DefaultValue], route: str | None, description: str | None) -> tuple[DefaultValue, ...]:
    """The rows left by the user's choice; the same value printed twice is one row. A single row needs no choice."""
    left = _once(rows)
    if len(left) > 1 and letters(route):
        left = _narrowed(left, lambda row: bool(letters(route) & letters(row.route)))
    if len(left) > 1 and description:
        text = description.strip().casefold()
        wanted = next((english for colour, english in _COLOURS.items() if colour in text), text)
        exact = [row for row in left if row.description.casefold() == text]
        left = tuple(exact) or _narrowed(left, lambda row: wanted in row.description.casefold())
    return left


def _narrowed(rows: Sequence[DefaultValue], keep: Callable[[DefaultValue], bool]) -> tuple[DefaultValue, ...]:
    return tuple(row for row in rows if keep(row))


def _once(rows: Sequence[DefaultValue]) -> tuple[DefaultValue, ...]:
    return tuple({(row.cn_code, row.total, row.route, row.description.casefold()): row for row in rows}.values())


def _notes(base: DefaultValue, cn: str, country: str | None) -> list[Text]:
    notes: list[Text] = []
    if base.table == "highest":
        notes.append(_UNKNOWN_ORIGIN)
    elif base.table == OTHER and country != OTHER:
        notes.append(_other_countries(country))
    if base.cn_code != cn:
        notes.append(_heading(base.cn_code, cn))
    if base.state == PRE_CORRECTION:
        notes.append(_UNCORRECTED)
    return notes


def _other_countries(country: str | None) -> Text:
    return {
        "zh": f"对 {country} 没有该编码的值（未列出、空白或“–”）：适用“其他国家和地区”表。该国有值时，不得因此表较低而选用。",
        "en": f"There is no value of this code for {country} (not listed, blank or a dash): the table of other countries and "
        "territories applies. Where a country has its own value, a lower one there may not be chosen.",
    }


def _heading(found: str, asked: str) -> Text:
    return {
        "zh": f"{asked} 没有单独的一行；适用 {found} 的值。",
        "en": f"There is no row for {asked} itself; the value of {found} applies.",
    }
