"""A bill of materials as a table: one row per entry, a ``section`` column, or one sheet per section (docs/bom.md).

Rows become the JSON document, and every value remembers its row and column (in a workbook its cell), so that a problem
found later in the document can be shown where the reader sees it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lcaengine.bom.model import KIND_FIELD, SECTION_NAMES, SECTIONS
from lcaengine.problems import Malformed, Problem

Json = dict[str, Any]

COLUMNS = {
    "section": "区段", "id": "编号", "name": "名称", "amount": "数量", "unit": "单位", "role": "角色", "process": "过程",
    "kind": "类别", "origin": "产地", "basis": "基准", "unit_mass": "单件质量", "transport": "运输",
    "recycled_content": "再生料比例", "cn_code": "CN编码", "cas": "CAS号", "evidence": "凭证", "price": "单价",
    "biogenic_carbon": "生物碳", "supplier_footprint": "供应商足迹", "footprint_boundary": "足迹边界",
    "footprint_gwp": "足迹GWP", "footprint_year": "足迹年份", "footprint_verification": "足迹核查",
    "footprint_biogenic_carbon": "足迹生物碳", "footprint_primary_data_share": "足迹初级数据占比", "shared": "共用", "mass_basis": "质量口径", "embedded_emissions": "隐含排放", "embedded_indirect": "间接隐含排放", "embedded_year": "隐含排放年份",
    "embedded_installation": "隐含排放装置", "embedded_verification": "隐含排放核查", "note": "备注",
}  # fmt: skip
HEADERS = {**{zh: en for en, zh in COLUMNS.items()}, **{en: en for en in COLUMNS}}
_SECTION_NAMES = {
    "产品": "product", "场地": "site", "周期": "period", "产量": "output", "物料": "lines", "联产品": "co_products",
    "参数": "parameters", "边界": "boundary", "基准": "basis", "各产品产量": "outputs", "备注": "note", **{names["zh"]: section for section, names in SECTION_NAMES.items()},
}  # fmt: skip
_AMOUNT = re.compile(r"^\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*([^\s\d.].*?)\s*$")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?(?:nan|inf|infinity)", re.A | re.I)
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_LEG = re.compile(r"^\s*([a-z_]+)\s+([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(\S+)\s*$")
_QUANTITIES = ("unit_mass", "price", "biogenic_carbon")
_TEXTS = ("name", "unit", "role", "process", "origin", "basis", "cn_code", "cas", "evidence", "mass_basis", "note")


YES_NO = {"yes": True, "no": False, "true": True, "false": False, "是": True, "否": False}
_IN_FIELDS = {"supplier_footprint/": "footprint_", "embedded_emissions/": "embedded_"}
_KINDS = frozenset(KIND_FIELD.values())


class At:
    """A row of a table as a place, and its columns."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __call__(self, column: str = "") -> str:
        return f"row {self.number}, column {column}" if column else f"row {self.number}"


class Row(str):
    """The place of an entry: with a pointer to one of its fields added, the place of that field."""

    __slots__ = ("at",)
    at: At

    def __new__(cls, at: At) -> Row:
        row = super().__new__(cls, at())
        row.at = at
        return row

    def __add__(self, field: str, /) -> str:
        return self.at(column_of(field.lstrip("/")))


def column_of(field: str) -> str:
    """The column of a field of an entry, given as a pointer."""
    for path, prefix in _IN_FIELDS.items():
        field = field.replace(path, prefix)
    return "kind" if field in _KINDS else field


@dataclass
class Sheet:
    """The document under construction; ``places`` maps JSON pointers to rows and columns."""

    document: Json = field(default_factory=lambda: {"product": {}, "site": {}, "lines": []})
    places: dict[str, str] = field(default_factory=dict)
    rows: dict[str, At] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def read_sheet(rows: Sequence[Sequence[str]]) -> Sheet:
    """The document behind the rows of a table; raises `Malformed` with every row that cannot be read."""
    header = next((i for i, row in enumerate(rows) if any(cell.strip() for cell in row)), None)
    if header is None:
        raise Malformed(Problem("empty_table", ""))
    columns = [column_name(cell) for cell in rows[header]]
    sheet = Sheet()
    for i, name in enumerate(columns):
        where = f"row {header + 1}, column {i + 1}"
        if name and name not in COLUMNS:
            sheet.problems.append(Problem("unknown_column", where, {"column": name}))
        elif name and name in columns[:i]:
            first = f"row {header + 1}, column {columns.index(name) + 1}"
            sheet.problems.append(Problem("duplicate_key", where, {"key": name, "first": first}))
    if "section" not in columns:
        sheet.problems.append(Problem("no_section_column", f"row {header + 1}"))
    if not sheet.problems:
        for number, row in enumerate(rows[header + 1 :], header + 2):
            cells = [cell.strip() for cell in row]
            if len(cells) > len(columns) and any(cells[len(columns) :]):
                sheet.problems.append(Problem("wrong_column_count", f"row {number}"))
            elif any(cells):
                given = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
                add_row(sheet, At(number), given.pop("section", ""), given)
    if sheet.problems:
        raise Malformed(sheet.problems)
    return sheet


def column_name(heading: str) -> str:
    """The English name of a column; a heading that is none stays as it is."""
    return HEADERS.get(heading.strip().lower(), heading.strip())


def located(where: str, places: Mapping[str, str]) -> str:
    """Row and column of the longest known part of a JSON pointer."""
    path = where
    while path:
        if path in places:
            return places[path]
        path = path.rpartition("/")[0]
    return where


def add_row(sheet: Sheet, at: At, written: str, row: Mapping[str, str]) -> None:
    """One row of a section, as texts by column."""
    section = _SECTION_NAMES.get(written, written.lower())
    match section:
        case "product" | "site" | "period":
            _add_property(sheet, at, section, row)
        case "basis" | "boundary" | "note":
            _once(sheet, at, "/" + section)
            sheet.document[section] = row.get("name") or row.get("id")
            sheet.places["/" + section] = at()
        case "output":
            _once(sheet, at, "/output")
            sheet.document["output"] = _pair(sheet, at, row, "/output")
        case "outputs":
            where = f"/shared/outputs/{row.get('id', '')}"
            _once(sheet, at, where)
            outputs = _shared(sheet).setdefault("outputs", {})
            outputs[row.get("id", "")] = _pair(sheet, at, row, where)
        case "parameters" | "parameter":
            name = row.get("id", "")
            _once(sheet, at, f"/parameters/{name}")
            chosen = (
                row.get("amount") or row.get("kind", "")
            ).strip()  # in `kind` where the column of amounts holds only numbers
            if not row.get("unit") and _OPTION.fullmatch(chosen) and not _NUMBER.fullmatch(chosen):
                sheet.document.setdefault("parameters", {})[name] = chosen
                return
            value = _pair(sheet, at, row, f"/parameters/{name}")
            sheet.document.setdefault("parameters", {})[name] = value if "unit" in value else value.get("amount")
        case "line" | "lines" | "co_product" | "co_products":
            section = section if section.endswith("s") else section + "s"
            owner, where = _owner(sheet, at, row)
            _add_entry(sheet, at, row, owner.setdefault(section, []), f"{where}/{section}")
        case _ if section in SECTIONS:
            owner, where = _owner(sheet, at, row)
            entries = owner.setdefault("activities", {}).setdefault(section, [])
            _add_entry(sheet, at, row, entries, f"{where}/activities/{section}", KIND_FIELD[section])
        case _:
            sheet.problems.append(Problem("unknown_section", at("section"), {"section": section}))


def _owner(sheet: Sheet, at: At, row: Mapping[str, str]) -> tuple[Json, str]:
    """What an entry belongs to, with its pointer: the product, or the totals that products of a plant share."""
    shared = YES_NO.get(row.get("shared", "no").lower())
    if shared is None:
        sheet.problems.append(Problem("not_yes_no", at("shared"), {"value": row["shared"]}))
    return (_shared(sheet), "/shared") if shared else (sheet.document, "")


def _shared(sheet: Sheet) -> Json:
    found: Json = sheet.document.setdefault("shared", {})
    return found


def _once(sheet: Sheet, at: At, where: str) -> None:
    """What a document has once stands in one row."""
    if where in sheet.places:
        values = {"key": where.rpartition("/")[2], "first": sheet.places[where]}
        sheet.problems.append(Problem("duplicate_key", at(), values))


def _add_property(sheet: Sheet, at: At, section: str, row: Mapping[str, str]) -> None:
    """``product, declared_unit, , 1, hl`` or ``site, country, CN``."""
    owner, _, name = row.get("id", "").rpartition(".")  # name.zh: the name in one language
    target = sheet.document.setdefault(section, {})
    target = target.setdefault(owner, {}) if owner else target
    where = f"/{section}/{owner}/{name}" if owner else f"/{section}/{name}"
    _once(sheet, at, where)
    sheet.places[where] = at()
    if not isinstance(target, dict):  # the name stands in another row already, as one text
        sheet.problems.append(
            Problem("duplicate_key", at(), {"key": owner, "first": sheet.places[f"/{section}/{owner}"]})
        )
        return
    target[name] = _pair(sheet, at, row, where) if "amount" in row else row.get("name", "")


def _add_entry(
    sheet: Sheet,
    at: At,
    row: Mapping[str, str],
    entries: list[Json],
    prefix: str,
    kind: str | None = None,
) -> None:
    where = f"{prefix}/{len(entries)}"
    sheet.places[where], sheet.rows[where] = at(), at
    for column in row:
        sheet.places[f"{where}/{column}"] = at(column)
    entry: Json = {key: row[key] for key in _TEXTS if key in row}
    if "id" in row:
        entry["id"] = row["id"]
    entry |= _numbers(sheet, at, row, ("amount", "recycled_content"))
    if "kind" in row:
        entry[kind or "kind"] = row["kind"]
        sheet.places[f"{where}/{kind or 'kind'}"] = at("kind")
    for key in _QUANTITIES:
        if key in row:
            entry[key] = _quantity(sheet, at, key, row[key])
    if "transport" in row:
        entry["transport"] = list(_legs(sheet, at, row["transport"]))
    if "supplier_footprint" in row:
        entry["supplier_footprint"] = _footprint(sheet, at, row)
        for key in ("boundary", "gwp", "year", "verification", "primary_data_share"):
            sheet.places[f"{where}/supplier_footprint/{key}"] = at(f"footprint_{key}")
    if "embedded_emissions" in row:
        entry["embedded_emissions"] = _embedded(sheet, at, row)
        for key in ("indirect", "year", "installation", "verification"):
            sheet.places[f"{where}/embedded_emissions/{key}"] = at(f"embedded_{key}")
    entries.append(entry)


def _pair(sheet: Sheet, at: At, row: Mapping[str, str], where: str) -> Json:
    sheet.places[where] = at()
    for column in ("amount", "unit"):
        sheet.places[f"{where}/{column}"] = at(column)
    unit = {"unit": row["unit"]} if "unit" in row else {}
    return _numbers(sheet, at, row, ("amount",)) | unit


def _numbers(sheet: Sheet, at: At, row: Mapping[str, str], columns: Iterable[str]) -> Json:
    return {column: _number(sheet, at, column, row[column]) for column in columns if column in row}


def _number(sheet: Sheet, at: At, column: str, text: str) -> float:
    if (found := number_of(text)) is not None:
        return found
    sheet.problems.append(Problem("not_a_number", at(column), {"value": text}))
    return 0.0


def number_of(text: str) -> float | None:
    """The number that a cell holds, if it is one."""
    return float(text) if _NUMBER.fullmatch(text) else None


Parts = tuple[Any, tuple[float, ...]]


def quantity_parts(text: str) -> Parts:
    """A quantity's unit and number; a text that is none, as it stands."""
    match = _AMOUNT.match(text)
    amount = number_of(match[1]) if match else None
    return (text, ()) if match is None or amount is None else ((match[2],), (amount,))


def leg_parts(text: str) -> Parts:
    """Modes and units of the legs of a transport, and the distances; a text that is none, as it stands."""
    legs = [_LEG.match(part) for part in _legs_of(text)]
    numbers = [number_of(leg[2]) if leg else None for leg in legs]
    if any(number is None for number in numbers):
        return text, ()
    return tuple((leg[1], leg[3]) for leg in legs if leg), tuple(number for number in numbers if number is not None)


def _legs_of(text: str) -> list[str]:
    return [part for part in (p.strip() for p in re.split("[;；]", text)) if part]


def _quantity(sheet: Sheet, at: At, column: str, text: str) -> Json:
    """``12.6 g``."""
    if match := _AMOUNT.match(text):
        return {"amount": _number(sheet, at, column, match[1]), "unit": match[2]}
    sheet.problems.append(Problem("not_a_quantity", at(column), {"value": text}))
    return {"amount": 0.0, "unit": "kg"}


def _legs(sheet: Sheet, at: At, text: str) -> Iterable[Json]:
    """``road 300 km; sea 1200 km``."""
    for part in _legs_of(text):
        if match := _LEG.match(part):
            distance = {"amount": _number(sheet, at, "transport", match[2]), "unit": match[3]}
            yield {"mode": match[1], "distance": distance}
        else:
            sheet.problems.append(Problem("not_a_leg", at("transport"), {"value": part}))


def _footprint(sheet: Sheet, at: At, row: Mapping[str, str]) -> Json:
    """``9.1 kg CO2e/kg`` and its companion columns."""
    quantity = _quantity(sheet, at, "supplier_footprint", row["supplier_footprint"])
    footprint: Json = {"value": quantity["amount"], "unit": quantity["unit"]}
    footprint |= _companions(row, "footprint", "boundary", "gwp", "verification")
    if "footprint_biogenic_carbon" in row:
        column = "footprint_biogenic_carbon"
        footprint["biogenic_carbon"] = _quantity(sheet, at, column, row[column])
    if "footprint_primary_data_share" in row:
        column = "footprint_primary_data_share"
        footprint["primary_data_share"] = _number(sheet, at, column, row[column])
    return footprint | _year(sheet, at, row, "footprint_year")


def _embedded(sheet: Sheet, at: At, row: Mapping[str, str]) -> Json:
    """``1.95 t CO2e/t`` (direct) and its companion columns."""
    quantity = _quantity(sheet, at, "embedded_emissions", row["embedded_emissions"])
    embedded: Json = {"direct": quantity["amount"], "unit": quantity["unit"]}
    if "embedded_indirect" in row:
        embedded["indirect"] = _number(sheet, at, "embedded_indirect", row["embedded_indirect"])
    embedded |= _companions(row, "embedded", "installation", "verification")
    return embedded | _year(sheet, at, row, "embedded_year")


def _companions(row: Mapping[str, str], prefix: str, *keys: str) -> Json:
    return {key: row[f"{prefix}_{key}"] for key in keys if f"{prefix}_{key}" in row}


def _year(sheet: Sheet, at: At, row: Mapping[str, str], column: str) -> Json:
    if column not in row:
        return {}
    year = _number(sheet, at, column, row[column])
    return {"year": int(year) if year.is_integer() else year}
