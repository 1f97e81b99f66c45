"""What stands where in the workbook of an installation: sheets, columns, drop-down lists (``workbook.toml``).

Every table has the same rows: title, help, bilingual headers, machine keys, and then data. A form is a table, too: one
row a field, with its key in the column ``key``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

TITLE_ROW, HELP_ROW, HEADER_ROW, KEY_ROW, FIRST_ROW = 1, 2, 3, 4, 5
GUIDE, LISTS = ("Guide", "说明"), ("Lists", "列表")
PARAMETERS = "parameters."
FACTOR_TABLES = tuple("12345")  # of Annex II G: those of source streams
LABEL = " · "  # between the machine value of a drop-down entry and its label
FORM_KEYS = ("item", "value", "unit", "about", "key")
NAMES = {"zh": ("（中文）", "（英文）"), "en": (" (Chinese)", " (English)")}

Kind = Literal[
    "text", "number", "signed", "share", "percent", "date", "choice", "yes_no", "list", "reference", "unit", "any"
]
Path_ = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, or one value of a form. ``path`` leads from the object of the row to the value."""

    key: str
    kind: Kind
    zh: str
    en: str
    law: str
    help_zh: str
    help_en: str
    required: bool = False
    choices: str = ""
    sheet: str = ""

    @property
    def path(self) -> Path_:
        if self.key.startswith(PARAMETERS):
            return ("parameters", self.key[len(PARAMETERS) :])
        return tuple(self.key.split("."))


@dataclass(frozen=True, slots=True)
class Nested:
    """Rows that belong to an entry of another sheet: ``owner`` section, id column, and where they go by ``flow``."""

    owner: str
    id_column: str
    paths: Mapping[str, Path_]
    single: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sheet:
    id: str
    zh: str
    en: str
    help_zh: str
    help_en: str
    shape: str
    columns: tuple[Column, ...]

    def title(self, language: str) -> str:
        """The name on the tab."""
        return tab_title((self.en, self.zh), language)

    @property
    def by_key(self) -> dict[str, Column]:
        return {c.key: c for c in self.columns}


NESTED: Mapping[str, Nested] = MappingProxyType({
    "goods": Nested("processes", "process_id", {"": ("goods",)}),
    "co_products": Nested("processes", "process_id", {"": ("co_products",)}),
    "process_flows": Nested(
        "processes", "process_id",
        {"to_processes": ("to_processes",), "to_market": ("to_market",), "to_non_cbam": ("to_non_cbam",)},
        frozenset({"to_market", "to_non_cbam"}),
    ),
    "process_heat": Nested("processes", "process_id", {k: ("heat", k) for k in ("imported", "exported")}),
    "waste_gas": Nested("processes", "process_id", {k: ("waste_gas", k) for k in ("imported", "exported")}),
    "electricity": Nested("processes", "process_id", {k: ("electricity", k) for k in ("consumed", "exported")}),
    "precursor_use": Nested("precursors", "precursor_id", {"": ("consumed",)}),
})  # fmt: skip
EMITTING = ("source_streams", "measured", "pfc")


def tab_title(names: tuple[str, str], language: str) -> str:
    return f"{names[0]} {names[1]}" if language == "zh" else names[0]


@cache
def texts() -> Mapping[str, Any]:
    """``workbook.toml`` as it stands."""
    return tomllib.loads((Path(__file__).parent / "workbook.toml").read_text(encoding="utf-8"))


@cache
def sheets() -> Mapping[str, Sheet]:
    """All sheets of data by id, in the order of the workbook."""
    return MappingProxyType({name: _sheet(name, entry) for name, entry in texts()["sheets"].items()})


def _sheet(name: str, entry: Mapping[str, Any]) -> Sheet:
    columns = tuple(column for key, field in entry["fields"].items() for column in _columns(key, field))
    return Sheet(name, entry["zh"], entry["en"], entry["help_zh"], entry["help_en"], entry["shape"], columns)


def _columns(key: str, field: Mapping[str, Any]) -> Iterator[Column]:
    """The columns of a field: a quantity has two, its amount and its unit; so has a name in two languages."""
    common = {k: field[k] for k in ("zh", "en", "law", "help_zh", "help_en")}
    required = field.get("required", False)
    match field["kind"]:
        case "quantity":
            prefix = key + "." if key else ""
            yield Column(prefix + "amount", "number", **common, required=required)
            unit = {**common, "zh": f"{field['zh']}：单位", "en": f"{field['en']}: unit"}
            yield Column(prefix + "unit", "unit", **unit, required=required, choices=field["units"])
        case "local":
            for language, zh, en in zip(("zh", "en"), *NAMES.values(), strict=True):
                named = {**common, "zh": field["zh"] + zh, "en": field["en"] + en}
                yield Column(f"{key}.{language}", "text", **named, required=required)
        case kind:
            yield Column(
                key, kind, **common, required=required, choices=field.get("choices", ""), sheet=field.get("sheet", "")
            )


@cache
def choices(name: str) -> Mapping[str, tuple[str, str]]:
    """The entries of a drop-down list: machine value → Chinese and English label. Some come from the tables of the law."""
    if name in texts()["choices"]:
        return {value: (zh, en) for value, (zh, en) in texts()["choices"][name].items()}
    return _from_tables(name)


def _from_tables(name: str) -> dict[str, tuple[str, str]]:
    from lcaengine.cbam.tables import tables

    match name:
        case "categories":
            return {k: (c.name_zh, c.name_en) for k, c in tables().categories.items()}
        case "standard_factors":
            return {k: (f.name_zh, f.name_en) for k, f in tables().standard_factors.items() if f.table in FACTOR_TABLES}
        case "reference_fuels":
            return {r.fuel: (r.name_zh, r.name_en) for rows in tables().reference_efficiencies.values() for r in rows}
        case "routes":
            return {r.route: (r.name_zh, r.name_en) for rows in tables().routes.values() for r in rows}
        case _:
            raise KeyError(name)


def units(name: str) -> tuple[str, ...]:
    """The units that a drop-down list offers; any other that converts is read as well."""
    return tuple(texts()["units"][name])


def entry(value: str, labels: tuple[str, str], language: str) -> str:
    """How an enumeration shows in a cell: machine value, and its label where that says more."""
    label = labels[0] if language == "zh" else labels[1]
    return value if label.replace(" ", "_").lower() == value.lower() else value + LABEL + label


def parameter_column(key: str) -> Column:
    """A column that a user or a document adds to the goods: a parameter that the template does not name."""
    name = key[len(PARAMETERS) :]
    return Column(key, "any", name, name, "Annex IV point 2", "其他参数。", "Another parameter.")


def form_rows(sheet: Sheet) -> list[tuple[str, Column, Column | None]]:
    """The rows of a form: key, column of the value, and that of the unit where there is one."""
    found: list[tuple[str, Column, Column | None]] = []
    for column in sheet.columns:
        if column.kind == "unit":
            key, value, _ = found.pop()
            found.append((key.removesuffix(".amount"), value, column))
        else:
            found.append((column.key, column, None))
    return found
