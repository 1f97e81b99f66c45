"""A bill of materials as a table: one row per entry, a ``section`` column (docs/bom.md).

Rows become the JSON document, and every value remembers its row and column, so that a problem found later in the
document can be shown where the reader sees it.
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
    "mass_basis": "质量口径", "embedded_emissions": "隐含排放", "embedded_indirect": "间接隐含排放", "embedded_year": "隐含排放年份",
    "embedded_installation": "隐含排放装置", "embedded_verification": "隐含排放核查", "note": "备注",
}  # fmt: skip
_BY_NAME = {**{zh: en for en, zh in COLUMNS.items()}, **{en: en for en in COLUMNS}}
_SECTION_NAMES = {
    "产品": "product", "场地": "site", "周期": "period", "产量": "output", "物料": "lines", "联产品": "co_products",
    "参数": "parameters", "边界": "boundary", "基准": "basis", **{names["zh"]: section for section, names in SECTION_NAMES.items()},
}  # fmt: skip
_AMOUNT = re.compile(r"^\s*([-+]?[0-9.]+(?:[eE][-+]?[0-9]+)?)\s*([^\s\d.].*?)\s*$")
_NUMBER = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|[-+]?(?:nan|inf|infinity)", re.A | re.I)
_OPTION = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_LEG = re.compile(r"^\s*([a-z_]+)\s+([0-9.]+(?:[eE][-+]?[0-9]+)?)\s*(\S+)\s*$")
_QUANTITIES = ("unit_mass", "price", "biogenic_carbon")
_TEXTS = ("name", "unit", "role", "process", "origin", "basis", "cn_code", "cas", "evidence", "mass_basis", "note")


class Row(str):
    """A row of a table as a place: with a pointer to one of its fields added, row and column."""

    __slots__ = ()

    def __add__(self, field: str, /) -> str:
        return f"{self}, column {field.lstrip('/').replace('supplier_footprint/', 'footprint_').replace('embedded_emissions/', 'embedded_')}"


@dataclass
class Sheet:
    """The document under construction; ``places`` maps JSON pointers to rows and columns."""

    document: Json = field(default_factory=lambda: {"product": {}, "site": {}, "lines": []})
    places: dict[str, str] = field(default_factory=dict)
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
            if any(cells):
                _add_row(sheet, number, columns, cells)
    if sheet.problems:
        raise Malformed(sheet.problems)
    return sheet


def column_name(heading: str) -> str:
    """The English name of a column; a heading that is none stays as it is."""
    return _BY_NAME.get(heading.strip().lower(), heading.strip())


def located(where: str, places: Mapping[str, str]) -> str:
    """Row and column of the longest known part of a JSON pointer."""
    path = where
    while path:
        if path in places:
            return places[path]
        path = path.rpartition("/")[0]
    return where


def _add_row(sheet: Sheet, number: int, columns: Sequence[str], cells: Sequence[str]) -> None:
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        sheet.problems.append(Problem("wrong_column_count", f"row {number}"))
        return
    row = {name: cell for name, cell in zip(columns, cells, strict=False) if cell}
    written = row.pop("section", "")
    section = _SECTION_NAMES.get(written, written.lower())
    match section:
        case "product" | "site" | "period":
            _add_property(sheet, number, section, row)
        case "basis" | "boundary":
            _once(sheet, number, "/" + section)
            sheet.document[section] = row.get("name") or row.get("id")
            sheet.places["/" + section] = f"row {number}"
        case "output":
            _once(sheet, number, "/output")
            sheet.document["output"] = _pair(sheet, number, row, "/output")
        case "parameters" | "parameter":
            name = row.get("id", "")
            _once(sheet, number, f"/parameters/{name}")
            chosen = row.get("amount") or row.get("kind", "")  # where the column of amounts holds only numbers
            if not row.get("unit") and _OPTION.fullmatch(chosen) and not _NUMBER.fullmatch(chosen):
                sheet.document.setdefault("parameters", {})[name] = chosen
                return
            value = _pair(sheet, number, row, f"/parameters/{name}")
            sheet.document.setdefault("parameters", {})[name] = value if "unit" in value else value.get("amount")
        case "line" | "lines":
            _add_entry(sheet, number, row, sheet.document["lines"], "/lines")
        case "co_product" | "co_products":
            _add_entry(sheet, number, row, sheet.document.setdefault("co_products", []), "/co_products")
        case _ if section in SECTIONS:
            entries = sheet.document.setdefault("activities", {}).setdefault(section, [])
            _add_entry(sheet, number, row, entries, f"/activities/{section}", KIND_FIELD[section])
        case _:
            sheet.problems.append(Problem("unknown_section", f"row {number}, column section", {"section": section}))


def _once(sheet: Sheet, number: int, where: str) -> None:
    """What a document has once stands in one row."""
    if where in sheet.places:
        values = {"key": where.rpartition("/")[2], "first": sheet.places[where]}
        sheet.problems.append(Problem("duplicate_key", f"row {number}", values))


def _add_property(sheet: Sheet, number: int, section: str, row: Mapping[str, str]) -> None:
    """``product, declared_unit, , 1, hl`` or ``site, country, CN``."""
    name = row.get("id", "")
    target = sheet.document.setdefault(section, {})
    where = f"/{section}/{name}"
    _once(sheet, number, where)
    sheet.places[where] = f"row {number}"
    target[name] = _pair(sheet, number, row, where) if "amount" in row else row.get("name", "")


def _add_entry(
    sheet: Sheet,
    number: int,
    row: Mapping[str, str],
    entries: list[Json],
    prefix: str,
    kind: str | None = None,
) -> None:
    where = f"{prefix}/{len(entries)}"
    sheet.places[where] = f"row {number}"
    for column in row:
        sheet.places[f"{where}/{column}"] = f"row {number}, column {column}"
    entry: Json = {key: row[key] for key in _TEXTS if key in row}
    if "id" in row:
        entry["id"] = row["id"]
    entry |= _numbers(sheet, number, row, ("amount", "recycled_content"))
    if "kind" in row:
        entry[kind or "kind"] = row["kind"]
        sheet.places[f"{where}/{kind or 'kind'}"] = f"row {number}, column kind"
    for key in _QUANTITIES:
        if key in row:
            entry[key] = _quantity(sheet, number, key, row[key])
    if "transport" in row:
        entry["transport"] = list(_legs(sheet, number, row["transport"]))
    if "supplier_footprint" in row:
        entry["supplier_footprint"] = _footprint(sheet, number, row)
        for key in ("boundary", "gwp", "year", "verification"):
            sheet.places[f"{where}/supplier_footprint/{key}"] = f"row {number}, column footprint_{key}"
    if "embedded_emissions" in row:
        entry["embedded_emissions"] = _embedded(sheet, number, row)
        for key in ("indirect", "year", "installation", "verification"):
            sheet.places[f"{where}/embedded_emissions/{key}"] = f"row {number}, column embedded_{key}"
    entries.append(entry)


def _pair(sheet: Sheet, number: int, row: Mapping[str, str], where: str) -> Json:
    sheet.places[where] = f"row {number}"
    for column in ("amount", "unit"):
        sheet.places[f"{where}/{column}"] = f"row {number}, column {column}"
    unit = {"unit": row["unit"]} if "unit" in row else {}
    return _numbers(sheet, number, row, ("amount",)) | unit


def _numbers(sheet: Sheet, number: int, row: Mapping[str, str], columns: Iterable[str]) -> Json:
    return {column: _number(sheet, number, column, row[column]) for column in columns if column in row}


def _number(sheet: Sheet, number: int, column: str, text: str) -> float:
    if (found := number_of(text)) is not None:
        return found
    sheet.problems.append(Problem("not_a_number", f"row {number}, column {column}", {"value": text}))
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


def _quantity(sheet: Sheet, number: int, column: str, text: str) -> Json:
    """``12.6 g``."""
    if match := _AMOUNT.match(text):
        return {"amount": _number(sheet, number, column, match[1]), "unit": match[2]}
    sheet.problems.append(Problem("not_a_quantity", f"row {number}, column {column}", {"value": text}))
    return {"amount": 0.0, "unit": "kg"}


def _legs(sheet: Sheet, number: int, text: str) -> Iterable[Json]:
    """``road 300 km; sea 1200 km``."""
    for part in _legs_of(text):
        if match := _LEG.match(part):
            distance = {"amount": _number(sheet, number, "transport", match[2]), "unit": match[3]}
            yield {"mode": match[1], "distance": distance}
        else:
            sheet.problems.append(Problem("not_a_leg", f"row {number}, column transport", {"value": part}))


def _footprint(sheet: Sheet, number: int, row: Mapping[str, str]) -> Json:
    """``9.1 kg CO2e/kg`` and its companion columns."""
    quantity = _quantity(sheet, number, "supplier_footprint", row["supplier_footprint"])
    footprint: Json = {"value": quantity["amount"], "unit": quantity["unit"]}
    footprint |= _companions(row, "footprint", "boundary", "gwp", "verification")
    return footprint | _year(sheet, number, row, "footprint_year")


def _embedded(sheet: Sheet, number: int, row: Mapping[str, str]) -> Json:
    """``1.95 t CO2e/t`` (direct) and its companion columns."""
    quantity = _quantity(sheet, number, "embedded_emissions", row["embedded_emissions"])
    embedded: Json = {"direct": quantity["amount"], "unit": quantity["unit"]}
    if "embedded_indirect" in row:
        embedded["indirect"] = _number(sheet, number, "embedded_indirect", row["embedded_indirect"])
    embedded |= _companions(row, "embedded", "installation", "verification")
    return embedded | _year(sheet, number, row, "embedded_year")


def _companions(row: Mapping[str, str], prefix: str, *keys: str) -> Json:
    return {key: row[f"{prefix}_{key}"] for key in keys if f"{prefix}_{key}" in row}


def _year(sheet: Sheet, number: int, row: Mapping[str, str], column: str) -> Json:
    if column not in row:
        return {}
    year = _number(sheet, number, column, row[column])
    return {"year": int(year) if year.is_integer() else year}
