"""What goods, categories and routes are called by the law, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from lcaengine.cbam.tables import tables

Text = dict[str, str]
METHODS = {
    "combustion": {"zh": "燃烧", "en": "Combustion"}, "process": {"zh": "过程", "en": "Process"},
    "mass_balance": {"zh": "质量平衡", "en": "Mass balance"}, "measured": {"zh": "测量", "en": "Measurement"},
    "pfc": {"zh": "PFC（附件二 B.7）", "en": "PFC (Annex II B.7)"},
}  # fmt: skip
FUNCTIONAL_UNITS = {"t": "t", "t_clinker": "t clinker", "kg_n": "kg N", "MWh": "MWh"}


def described(code: str | None) -> Text | None:
    """A good's name by its code: its heading, and in English the tariff's own description (which marks hard blanks by a bar)."""
    found = tables().goods.get((code or "")[:8])
    if found is None:
        return None
    heading, own = tables().headings.get(found.cn_code[:4]), found.description.replace("|", "\u00a0")
    if heading is None:
        return {"zh": own, "en": own}
    return {"zh": heading.name_zh, "en": heading.name_en if own == heading.name_en else f"{heading.name_en}: {own}"}


def local(name: str | Mapping[str, str]) -> Text:
    """A name in both languages; one that is given in one language stands for the other, too."""
    if isinstance(name, str):
        return {"zh": name, "en": name}
    first = next(iter(name.values()))
    return {"zh": name.get("zh", first), "en": name.get("en", first)}


def category_name(identifier: str) -> Text:
    category = tables().categories[identifier]
    return {"zh": category.name_zh, "en": category.name_en}


def route_name(category: str, route: str) -> Text | None:
    """A route by its id; all routes where the category has only one way; None where a route is needed and not given."""
    if not route:
        relevant = tables().categories[category].route_relevant
        return None if relevant else {"zh": "所有生产路线", "en": "All production routes"}
    known = {r.route: {"zh": r.name_zh, "en": r.name_en} for r in tables().routes.get(category, ())}
    return known.get(route, {"zh": route, "en": route})
