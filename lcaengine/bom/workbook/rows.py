"""From a document to the rows of the sheets: every value of it in its column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lcaengine.bom.model import KIND_FIELD, SECTIONS
from lcaengine.bom.reading import pointer
from lcaengine.bom.sheet import column_of
from lcaengine.bom.workbook.layout import FIELDS, Field, columns_of
from lcaengine.rules import Rule
from lcaengine.rules.template import Parameter
from lcaengine.sheets.table import Languages

Json = Mapping[str, Any]
Row = dict[str, Any]

_PAIRS = ("unit_mass", "price", "biogenic_carbon")
_SINGLE = ("product", "site", "period", "output", "basis", "boundary", "note")
_OTHER = ("lines", "activities", "co_products", "shared", "parameters")


def field_value(field: Field, document: Json) -> tuple[Any, Any]:
    """Value and unit of a row of the form."""
    value: Any = document
    *owners, last = field.key.split(".")
    for part in owners:
        value = value.get(part) if isinstance(value, Mapping) else value
    if isinstance(value, Mapping):
        value = value.get(last)
    elif last != "zh":  # a name that is one text stands in one row
        value = None
    return (value["amount"], value["unit"]) if field.quantity and value else (value, None)


def entries_of(section: str, document: Json, rule: Rule, languages: Languages, *, empty: bool) -> list[Row]:
    """The rows of a sheet; of the empty template those that the rule asks for."""
    match section:
        case "parameters":
            return list(_parameters(document.get("parameters", {}), rule, languages))
        case "outputs":
            return [{"id": k, **v} for k, v in document.get("shared", {}).get("outputs", {}).items()]
        case "lines" if empty:
            return [{"id": role, "role": role} for role in required_roles(rule)]
    shared = document.get("shared", {})
    return [
        _row(section, entry, own)
        for owner, own in ((document, True), (shared, False))
        for entry in _entries(section, owner)
    ]


def required_roles(rule: Rule) -> list[str]:
    """Roles without which the rule does not calculate."""
    asked = [r.role for r in rule.requirements if r.role and not r.when]
    return list(dict.fromkeys([*(r.id for r in rule.roles.values() if r.required), *asked]))


def _entries(section: str, owner: Json) -> list[Json]:
    found: list[Json] = owner.get("activities", {}).get(section, []) if section in SECTIONS else owner.get(section, [])
    return found


def _row(section: str, entry: Json, own: bool) -> Row:
    row: Row = {} if own else {"shared": "yes"}
    for key, value in _flat(entry):
        row[column_of(key)] = value
    if section in SECTIONS and KIND_FIELD[section] in entry:
        row["kind"] = entry[KIND_FIELD[section]]
    return row


def _flat(entry: Json) -> Iterator[tuple[str, Any]]:
    for key, value in entry.items():
        match key:
            case "transport":
                yield key, "; ".join(f"{leg['mode']} {_quantity(leg['distance'])}" for leg in value)
            case "supplier_footprint" | "embedded_emissions":
                first = "value" if key == "supplier_footprint" else "direct"
                unit = value.get("unit", "t CO2e/t")
                yield key, _quantity({"amount": value[first], "unit": unit})
                for name, inner in value.items():
                    if name not in (first, "unit"):
                        yield f"{key}/{name}", _quantity(inner) if isinstance(inner, Mapping) else inner
            case _ if key in _PAIRS:
                yield key, _quantity(value)
            case _:
                yield key, value


def _quantity(value: Json) -> str:
    return f"{value['amount']!r} {value['unit']}"


def _parameters(given: Json, rule: Rule, languages: Languages) -> Iterator[Row]:
    """Every parameter and choice of the rule, with its default; then others that the document has."""
    for choice in rule.choices.values():
        row = {
            "id": choice.id,
            "(name)": _name(choice.name, languages),
            "(default)": choice.default,
            "(range)": ", ".join(choice.options),
        }
        yield {**row, "amount": given.get(choice.id)}
    for parameter in rule.parameters.values():
        yield {**_described(parameter, rule, languages), **_value(given.get(parameter.id), parameter)}
    for name in given.keys() - rule.choices.keys() - rule.parameters.keys():
        yield {"id": name, **_value(given[name], None)}


def _described(parameter: Parameter, rule: Rule, languages: Languages) -> Row:
    default = parameter.formula if parameter.default is None else f"{parameter.default:g} {parameter.unit}".strip()
    return {
        "id": parameter.id, "(name)": _name(parameter.name, languages), "(default)": default,
        "(range)": f"{parameter.min:g} – {parameter.max:g} {parameter.unit}".strip(),
        "(source)": f"[{parameter.status}] {rule.sources[parameter.source].title} {parameter.locator}".strip(),
    }  # fmt: skip


def _value(given: Any, parameter: Parameter | None) -> Row:
    """A figure with its own unit, or a number in the rule's unit."""
    if isinstance(given, Mapping):
        return {"amount": given["amount"], "unit": given["unit"]}
    if given is not None:
        return {"amount": given}
    return {"unit": parameter.unit} if parameter and parameter.unit else {}


def _name(texts: Mapping[str, str], languages: Languages) -> str:
    return " ".join(dict.fromkeys(texts[language] for language in languages))


def unplaced(document: Json) -> Iterator[str]:
    """Places of the document that have none in the workbook."""
    yield from (pointer(key) for key in document if key not in (*_SINGLE, *_OTHER))
    known = {field.key for field in FIELDS}
    for section in ("product", "site", "period"):
        for name in document.get(section, {}):
            if f"{section}.{name}" not in known and name != "name":
                yield pointer(section, name)
    for owner, prefix in ((document, ()), (document.get("shared", {}), ("shared",))):
        for section in ("lines", "co_products", *owner.get("activities", {})):
            places = (*prefix, "activities", section) if section in SECTIONS else (*prefix, section)
            known_columns = {*columns_of(section), KIND_FIELD.get(section, "")}
            for number, entry in enumerate(_entries(section, owner)):
                yield from (
                    pointer(*places, number, *key.split("/")) for key, _ in _flat(entry) if column_of(key) not in known_columns
                )  # fmt: skip
