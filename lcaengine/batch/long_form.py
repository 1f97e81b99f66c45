"""A JSON bill of materials as rows of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lcaengine.bom.model import KIND_FIELD

Json = dict[str, Any]
Row = dict[str, Any]


def rows_of(document: Json) -> Iterator[Row]:
    """The rows of a JSON document, without ``bom``. ``shared`` of a plant, notes and figures for CBAM have no place in them."""
    product = document["product"]
    name = product["name"]
    yield {"section": "product", "id": "name", "name": name if isinstance(name, str) else name["en"]}
    for key in ("id", "category", "gtin", "hs_code", "brand"):
        if key in product:
            yield {"section": "product", "id": key, "name": product[key]}
    for key in ("declared_unit", "pack"):
        if key in product:
            yield {"section": "product", "id": key, **product[key]}
    for section in ("site", "period"):
        yield from ({"section": section, "id": key, "name": text} for key, text in document.get(section, {}).items())
    for key in ("basis", "boundary"):
        if key in document:
            yield {"section": key, "name": document[key]}
    if "output" in document:
        yield {"section": "output", **document["output"]}
    yield from ({"section": "line", **_cells(line)} for line in document["lines"])
    for section, entries in document.get("activities", {}).items():
        for entry in entries:
            yield {
                "section": section,
                **_cells({"kind" if k == KIND_FIELD[section] else k: v for k, v in entry.items()}),
            }
    yield from ({"section": "co_product", **_cells(entry)} for entry in document.get("co_products", []))
    for key, value in document.get("parameters", {}).items():
        given = value if isinstance(value, dict) else {"kind": value} if isinstance(value, str) else {"amount": value}
        yield {"section": "parameter", "id": key, **given}


def _cells(entry: Json) -> Row:
    found = {key: value for key, value in entry.items() if key not in ("note", "embedded_emissions", "mass_basis")}
    for key in ("unit_mass", "price", "biogenic_carbon"):
        if key in found:
            found[key] = _text(found[key])
    if "transport" in found:
        found["transport"] = "; ".join(f"{leg['mode']} {_text(leg['distance'])}" for leg in found["transport"])
    if footprint := found.pop("supplier_footprint", None):
        found["supplier_footprint"] = f"{footprint['value']!r} {footprint['unit']}"
        for key in ("boundary", "gwp", "year", "verification"):
            if key in footprint:
                found[f"footprint_{key}"] = str(footprint[key])
    return found


def _text(quantity: Json) -> str:
    return f"{quantity['amount']!r} {quantity['unit']}"
