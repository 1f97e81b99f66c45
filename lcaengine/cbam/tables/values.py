"""Which default value applies: Annexes I and IV of IR (EU) 2025/2621, as replaced by IR (EU) 2026/1740.

The search goes from the code to its headings. What the table of a country does not say, by a dash, a blank or no row, the table
"Other countries and territories" says, row by row. Where several rows apply, all are returned: nobody guesses which clinker it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from lcaengine.cbam.tables.codes import codes_for, levels, normal_cn
from lcaengine.cbam.tables.loading import IMPORTED, tables
from lcaengine.cbam.tables.rows import OTHER, UNKNOWN, DefaultRow, DefaultValue, Text
from lcaengine.problems import Problem, Refused

ByCode = Mapping[str, tuple[DefaultRow, ...]]
_WITHOUT = {"eu", "exempt"}
_LETTERS = 2
_EU_CODES = {"UK": "GB", "EL": "GR"}  # what EU publications write for two ISO codes

_DEFECTS: Mapping[str, Text] = {
    "shifted": {
        "zh": "更正前的文本在该行把数字错排到加成列，合计栏为“–”，按“无数值”处理",
        "en": "the text before its correction prints numbers of this row in the marked-up columns and a dash as the total: no value",
    },
    "same_key_twice": {
        "zh": "该国该编码有两行，路线不能区分，按货名对应",
        "en": "this country and code have two rows that the route does not tell apart; they are told apart by description",
    },
    "route_not_read": {
        "zh": "所读转录稿中该行没有路线标记，而基准值按路线区分：路线须另行确认",
        "en": "the transcription has no route for this row although the benchmarks depend on it: the route must be found out",
    },
}


def default_values(cn: str, country: str | None) -> tuple[DefaultValue, ...]:
    """The rows that apply to a code and a country of origin, before mark-up; none where no table has a value.

    ``country`` is an ISO code, ``other``, or None or ``unknown`` for Annex IV. Raises `Refused`: ``cbam_cn_code_form``,
    ``cbam_country_form``, ``cbam_origin_exempt`` (goods of the EU and of exempt origins have no default value).
    """
    code = normal_cn(cn)
    origin = _origin(country)
    found: dict[tuple[object, ...], DefaultValue] = {}
    for each in codes_for(code):
        for value in _highest(each) if origin == UNKNOWN else _of_country(each, origin):
            found.setdefault((value.table, value.cn_code, value.description, value.total, value.route), value)
    return tuple(found.values())


def origin_status(country: str | None) -> str:
    """``eu``, ``exempt`` (Annex III), ``listed`` (has a table of default values), ``other``, or ``unknown``."""
    code = _code_of(country)
    if code == UNKNOWN:
        return UNKNOWN
    known = tables().countries.get(code)
    return known.status if known else OTHER


def _origin(country: str | None) -> str:
    code = _code_of(country)
    named = code in {UNKNOWN, OTHER, *tables().countries}
    if not named and not (code.isascii() and code.isalpha() and len(code) == _LETTERS):
        raise Refused(Problem("cbam_country_form", "", {"country": country}))
    if origin_status(code) in _WITHOUT:
        known = tables().countries[code]
        raise Refused(Problem("cbam_origin_exempt", "", {"country": {"zh": known.name_zh, "en": known.name_en}}))
    return code


def _code_of(country: str | None) -> str:
    """ISO codes in capitals; ``unknown``, ``other`` and the names of exempt places in small letters."""
    text = UNKNOWN if country is None else country.strip()
    return text.lower() if len(text) > _LETTERS else _EU_CODES.get(text.upper(), text.upper())


def _highest(code: str) -> Iterator[DefaultValue]:
    why = {"zh": "原产国不明：附件四，各国最高值", "en": "unknown origin: Annex IV, the highest value of any country"}
    rows, how = _found(code, tables().highest)
    return (value for row in rows if (value := _value(row, "highest", [why, *how])) is not None)


def _of_country(code: str, country: str) -> Iterator[DefaultValue]:
    rows, how = _found(code, tables().defaults.get(country, {}))
    if country == OTHER:
        yield from _all(rows, OTHER, how)
        return
    others, how_other = _found(code, tables().defaults.get(OTHER, {}))
    if not rows:
        yield from _all(others, OTHER, [_nothing(code, country), *how_other])
    for row in rows:
        if (value := _value(row, "country", how)) is not None:
            yield value
        else:
            yield from _all(_alike(row, others), OTHER, [_blank(row), *_defects(row), *how_other])


def _found(code: str, by_code: ByCode) -> tuple[tuple[DefaultRow, ...], list[Text]]:
    """The rows at the code or its nearest heading, else those below it; and how they were found."""
    for level in levels(code):
        if level in by_code:
            return _by_taric(code, by_code[level]), [] if level == code else [_heading(code, level)]
    below = tuple(row for each, rows in by_code.items() if each.startswith(code) for row in rows)
    return below, [_below(code)] if below else []


def _by_taric(code: str, rows: tuple[DefaultRow, ...]) -> tuple[DefaultRow, ...]:
    """What a ten-digit code chooses among the rows of its CN code: white or grey clinker and cement."""
    chosen = tables().taric_codes.get(code)
    if chosen is None:
        return rows
    return tuple(row for row in rows if row.description.casefold().startswith(chosen.begins)) or rows


def _alike(row: DefaultRow, others: Sequence[DefaultRow]) -> list[DefaultRow]:
    """The rows of the other table that stand for a row without value: of the same description where there are several."""
    same = [other for other in others if other.description.casefold() == row.description.casefold()]
    return same or list(others)


def _all(rows: Sequence[DefaultRow], table: str, why: Sequence[Text]) -> Iterator[DefaultValue]:
    return (value for row in rows if (value := _value(row, table, why)) is not None)


def _value(row: DefaultRow, table: str, why: Sequence[Text]) -> DefaultValue | None:
    if row.total is None:
        return None
    return DefaultValue(
        row.country, row.cn_code, row.description, row.direct, row.indirect, row.total, row.route or None, row.sector, row.state,
        row.act, row.annex, row.read_in, table, (*why, _stands(row), *_defects(row), *_imported(row, table)),
    )  # fmt: skip


# -- why


def _defects(row: DefaultRow) -> list[Text]:
    found = tables().defects.get((row.country, row.cn_code, row.description), ())
    return [_DEFECTS[defect.kind] for defect in found if defect.kind in _DEFECTS]


def _imported(row: DefaultRow, table: str) -> list[Text]:
    """Results say when the default values are the user's own table (docs/cbam/law.md); Annex IV is the shipped one always."""
    if tables().imported is None or table == "highest":
        return []
    return [{
        "zh": f"默认值表由用户导入（{IMPORTED}，{row.read_in}，状态：{row.state}），整体替代随附的表",
        "en": f"the default values are a table that the user imported ({IMPORTED}, {row.read_in}, state: {row.state}), wholly in "
        "place of the shipped one",
    }]  # fmt: skip


def _name(country: str) -> Text:
    if country == OTHER:
        return {"zh": "其他国家和地区", "en": "Other countries and territories"}
    known = tables().countries.get(country)
    return {"zh": known.name_zh, "en": known.name_en} if known else {"zh": country, "en": country}


def _stands(row: DefaultRow) -> Text:
    where = _name(row.country) if row.country else {"zh": "附件四", "en": "Annex IV"}
    figure = "–" if row.total is None else f"{row.total:.3f}"
    return {
        "zh": f"{where['zh']}，{row.cn_code}“{row.description}”：{figure} t CO2e/t",
        "en": f"{where['en']}, {row.cn_code} '{row.description}': {figure} t CO2e/t",
    }


def _heading(code: str, level: str) -> Text:
    return {"zh": f"{code} 没有单独的行，适用 {level}", "en": f"no row for {code} itself: {level} applies"}


def _below(code: str) -> Text:
    return {"zh": f"{code} 及其上级没有行，取其下级编码", "en": f"no row at or above {code}: its sub-headings decide"}


def _nothing(code: str, country: str) -> Text:
    name = _name(country)
    if country not in tables().defaults:
        return {"zh": f"{name['zh']}未单独列出", "en": f"{name['en']} is not listed"}
    return {"zh": f"{name['zh']}的表中没有 {code}", "en": f"the table of {name['en']} has no row for {code}"}


def _blank(row: DefaultRow) -> Text:
    name = _name(row.country)
    return {
        "zh": f"{name['zh']}，{row.cn_code}“{row.description}”：无数值（空白或“–”），适用“其他国家和地区”",
        "en": f"{name['en']}, {row.cn_code} '{row.description}': no value (blank or a dash), so the other countries' row applies",
    }
