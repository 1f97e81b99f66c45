"""Reading a bill of materials from JSON, CSV or a workbook: every problem named with its place, nothing guessed, nothing dropped."""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, TypeVar

from marshmallow import ValidationError

from lcaengine.bom.model import (
    KIND_FIELD,
    SECTIONS,
    Activity,
    Bom,
    CoProduct,
    EmbeddedEmissions,
    Leg,
    Line,
    Shared,
    SupplierFootprint,
)
from lcaengine.bom.sheet import Row, Sheet, located, read_sheet
from lcaengine.problems import Malformed, Problem, Refused, TooLarge
from lcaengine.sheets import CSV, MAX_BYTES, XLSX
from lcaengine.units import Quantity, factor

MAX_DEPTH = 12
_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.S)
LONE_SURROGATE = re.compile("[\0\ud800-\udfff]")
CHOICE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")  # the option of a rule's choice: a parameter that is no number
CARBON_PREFIXES = ("kg CO2e/", "kg CO2eq/", "kgCO2e/", "kg co2e/")

Json = dict[str, Any]
Owner = TypeVar("Owner", Bom, Shared)


def read_bom(data: bytes, media_type: str = "application/json") -> Bom:
    """A BOM from the bytes of JSON, CSV or a workbook; raises `Refused` with every problem found."""
    return read_document(data, media_type)[1]


def read_document(
    data: bytes, media_type: str = "application/json", complete: Callable[[Json], Json] | None = None
) -> tuple[Json, Bom]:
    """The JSON document behind some bytes, and the BOM in it; ``complete`` fills in what a JSON document refers to."""
    if "csv" in media_type:
        return _read_csv(data)
    if media_type == XLSX or data[:2] == b"PK":
        from lcaengine.bom.workbook import read_workbook

        return _read_sheet(read_workbook(data))
    document = json_document(data)
    document = complete(document) if complete else document
    return document, bom_of(document)


def read_products(data: bytes, suffix: str = "") -> list[tuple[Json, Bom]]:
    """Every product of a file by its suffix: JSON has one or is a plant, CSV and a workbook have one."""
    if suffix.lower() == ".csv":
        return [read_document(data, CSV)]
    if data[:2] == b"PK":
        return [read_document(data, XLSX)]
    return [(document, bom_of(document)) for document in read_plant(data)]


def read_plant(data: bytes) -> list[Json]:
    """The BOM documents of a plant file: products that share the totals of one site (docs/bom.md).

    A plain BOM is a plant with one product.
    """
    document = json_document(data)
    if "products" not in document:
        return [document]
    if problems := list(_plant_problems(document)):
        raise Refused(problems)
    common = {k: v for k, v in document.items() if k not in {"products", "shared"}}
    outputs = {p["product"]["id"]: p.get("output") for p in document["products"]}
    shared = {**document.get("shared", {}), "outputs": outputs}
    return [{**common, **product, "shared": shared} for product in document["products"]]


def _plant_problems(document: Json) -> Iterator[Problem]:
    """What must hold before a plant can be taken apart; all else is said of each product."""
    if not isinstance(document.get("shared", {}), dict):
        yield Problem("not_an_object", "/shared")
    if not isinstance(document["products"], list) or not document["products"]:
        yield Problem("not_a_list", "/products")
        return
    seen: dict[str, str] = {}
    for i, entry in enumerate(document["products"]):
        where = pointer("products", i, "product")
        if not isinstance(entry, dict) or not isinstance(entry.get("product"), dict):
            yield Problem("not_an_object", where)
            continue
        match entry["product"].get("id"):
            case None:
                yield Problem("required", where + "/id", {"field": "id"})
            case str(name) if name in seen:
                yield Problem("duplicate_line_id", where + "/id", {"id": name, "first": seen[name]})
            case str(name):
                seen[name] = where
            case _:
                yield Problem("not_a_text", where + "/id", {"field": "id"})


def bom_of(document: Any) -> Bom:
    """A BOM from parsed JSON; raises `Refused`."""
    if not isinstance(document, dict):
        raise Malformed(Problem("not_an_object", ""))
    try:
        loaded = _schema().load(document)
    except ValidationError as error:
        raise Refused(list(schema_problems(error.messages, document))) from None
    problems = list(_problems(document))
    if problems:
        raise Refused(problems)
    return _bom(document, loaded)


# -- JSON


def json_document(data: bytes) -> Json:
    """Parsed JSON within limits of size and depth, without duplicate keys; NaN is left to the schema, which has its place."""
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    text = _decoded(data, ("utf-8-sig",))
    _check_depth(text)
    try:
        document = json.loads(text, object_pairs_hook=_unique, parse_int=_integer, parse_constant=float)
    except json.JSONDecodeError as error:
        values = {"line": error.lineno, "column": error.colno, "why": error.msg}
        raise Malformed(Problem("not_json", f"line {error.lineno}, column {error.colno}", values)) from error
    if not isinstance(document, dict):
        raise Malformed(Problem("not_an_object", ""))
    if lone := LONE_SURROGATE.search(json.dumps(document, ensure_ascii=False) if "\\u" in text else ""):
        raise Malformed(Problem("half_character", "", {"value": f"\\u{ord(lone[0]):04x}"}))
    return document


def _check_depth(text: str) -> None:
    """Depth of nesting without parsing, so that a deep document costs nothing."""
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text):
        mark = token[0]
        if mark in "[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise TooLarge(Problem("too_deep", "", {"limit": MAX_DEPTH}))
        elif mark in "]}":
            depth -= 1


def _unique(pairs: list[tuple[str, Any]]) -> Json:
    found: Json = {}
    for key, value in pairs:
        if key in found:
            raise Malformed(Problem("duplicate_json_key", key, {"key": key}))
        found[key] = value
    return found


def _integer(text: str) -> int | float:
    """As JSON has it; one that no float can hold becomes infinite, for the schema to refuse with its place."""
    return int(text) if len(text) < 300 else float(text)


def _decoded(data: bytes, encodings: Sequence[str]) -> str:
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise Malformed(Problem("not_utf8", "", {"encodings": ", ".join(encodings)}))


@cache
def _schema() -> Any:
    from lcaengine.bom.schema import BomSchema

    return BomSchema()


_GENERIC = {
    "Missing data for required field.": "required", "Unknown field.": "unknown_field", "Not a valid list.": "not_a_list",
    "Invalid input type.": "not_an_object", "Field may not be null.": "null", "Not a valid string.": "not_a_text",
    "Not a valid mapping type.": "not_an_object",
}  # fmt: skip


def schema_problems(errors: Any, document: Any, path: tuple[Any, ...] = ()) -> Iterator[Problem]:
    """marshmallow's nested messages as problems with JSON pointers."""
    if isinstance(errors, dict):
        for key, nested in errors.items():
            own = key == "_schema" or (key in {"key", "value"} and not isinstance(_at(document, path), list))
            yield from schema_problems(nested, document, path if own else (*path, key))
        return
    for text in errors:
        code = _GENERIC.get(text, text)
        yield Problem(code, pointer(*path), {"field": str(path[-1]) if path else "", "value": _at(document, path)})


def _at(document: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        try:
            document = document[key]
        except (KeyError, IndexError, TypeError):
            return None
    return document


def pointer(*parts: Any) -> str:
    """An RFC 6901 JSON pointer."""
    return "".join("/" + str(p).replace("~", "~0").replace("/", "~1") for p in parts)


# -- what the schema cannot say


def _problems(document: Json) -> Iterator[Problem]:
    shared = document.get("shared", {})
    yield from _period_problems(document)
    yield from _output_problems(document, shared)
    seen: dict[str, str] = {}
    for owner, prefix in ((document, ()), (shared, ("shared",))):
        for path, row in _entries(owner, *prefix):
            where = pointer(*path)
            yield from _unit_problems(row, where)
            if "id" in row and row["id"] in seen:
                yield Problem("duplicate_line_id", where + "/id", {"id": row["id"], "first": seen[row["id"]]})
            seen.setdefault(row.get("id", where), where)
            if prefix and row.get("basis") == "declared_unit":
                yield Problem("shared_basis", where + "/basis", {"id": row.get("id", "")})
    for name, value in document.get("parameters", {}).items():
        yield from _parameter_problems(value, pointer("parameters", name))


def _entries(owner: Mapping[str, Any], *prefix: str) -> Iterator[tuple[tuple[Any, ...], Json]]:
    """Lines, activities and co-products with their places."""
    yield from _places(owner, "lines", *prefix)
    for section, rows in owner.get("activities", {}).items():
        yield from (((*prefix, "activities", section, i), row) for i, row in enumerate(rows))
    yield from _places(owner, "co_products", *prefix)


def _places(owner: Mapping[str, Any], key: str, *prefix: str) -> list[tuple[tuple[Any, ...], Json]]:
    return [((*prefix, key, i), row) for i, row in enumerate(owner.get(key, []))]


def _period_problems(document: Json) -> Iterator[Problem]:
    period = document.get("period")
    if document["basis"] == "period" and not period:
        yield Problem("required", "/period", {"field": "period"})
    if period and period["end"] < period["start"]:
        yield Problem("period_order", "/period/end", {"start": period["start"], "end": period["end"]})


def _output_problems(document: Json, shared: Mapping[str, Any]) -> Iterator[Problem]:
    declared = document["product"]["declared_unit"]
    yield from _quantity_problems(declared, "/product/declared_unit")
    if declared["amount"] == 0:
        yield Problem("zero", "/product/declared_unit/amount", {"field": "declared_unit"})
    uses_period = document["basis"] == "period" or any(r.get("basis") == "period" for r in document["lines"])
    output = document.get("output")
    if (uses_period or shared) and not output:
        yield Problem("period_without_output", "/output", {"field": "output"})
    if output:
        yield from _quantity_problems(output, "/output", declared["unit"])
        if output["amount"] == 0:
            yield Problem("zero", "/output/amount", {"field": "output"})
    if pack := document["product"].get("pack"):
        yield from _quantity_problems(pack, "/product/pack", declared["unit"])
    if shared and document["product"].get("id") not in shared["outputs"]:
        yield Problem("shared_without_product", "/shared/outputs", {"id": document["product"].get("id")})
    wrong = [
        problem
        for name, quantity in shared.get("outputs", {}).items()
        for problem in _quantity_problems(quantity, pointer("shared", "outputs", name), declared["unit"])
    ]
    yield from wrong
    own = shared.get("outputs", {}).get(document["product"].get("id"))
    if own and output and not wrong and not _same(own, output):
        yield Problem("shared_output_differs", "/output", {"output": _quantity(output), "shared": _quantity(own)})


def _same(a: Json, b: Json) -> bool:
    return math.isclose(_quantity(a).to(b["unit"]), b["amount"], rel_tol=1e-9)


def _unit_problems(row: Json, where: str) -> Iterator[Problem]:
    yield from _quantity_problems(row, where)
    if unit_mass := row.get("unit_mass"):
        yield from _quantity_problems(unit_mass, where + "/unit_mass", "kg")
    for i, leg in enumerate(row.get("transport", [])):
        yield from _quantity_problems(leg["distance"], f"{where}/transport/{i}/distance", "km")
    if footprint := row.get("supplier_footprint"):
        per = _footprint_unit(footprint["unit"])
        if per is None:
            yield Problem("footprint_unit", where + "/supplier_footprint/unit", {"unit": footprint["unit"]})
        else:
            yield from _quantity_problems({"amount": 1, "unit": per}, where + "/supplier_footprint")


def _quantity_problems(quantity: Json, where: str, needed: str | None = None) -> Iterator[Problem]:
    try:
        factor(quantity["unit"], needed or quantity["unit"])
        if needed is None:
            Quantity(quantity["amount"], quantity["unit"]).base  # noqa: B018 - an unknown unit raises
    except Refused as error:
        yield Problem(error.problems[0].code, where + "/unit", error.problems[0].values)


def _parameter_problems(value: Any, where: str) -> Iterator[Problem]:
    if isinstance(value, dict) and set(value) == {"amount", "unit"} and isinstance(value["unit"], str):
        if not _is_number(value["amount"]):
            yield Problem("not_a_number", where + "/amount", {"value": value["amount"]})
        else:
            yield from _quantity_problems(value, where)
    elif not _is_number(value) and not (isinstance(value, str) and CHOICE.fullmatch(value)):
        yield Problem("not_a_number", where, {"value": value})


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _footprint_unit(text: str) -> str | None:
    """The ``kg`` of ``kg CO2e/kg``; None if it is no such unit."""
    for prefix in CARBON_PREFIXES:
        if text.startswith(prefix):
            return text[len(prefix) :]
    return None


# -- from documents to values


def _bom(document: Json, loaded: Json) -> Bom:
    product, site, period = document["product"], document["site"], document.get("period", {})
    shared = document.get("shared")
    return Bom(
        product_id=product.get("id", ""),
        name=loaded["product"]["name"],
        category=product["category"],
        declared_unit=_quantity(product["declared_unit"]),
        basis=document["basis"],
        boundary=document.get("boundary"),
        pack=_optional(product.get("pack")),
        country=site["country"],
        region=site.get("region"),
        start=loaded["period"]["start"] if period else None,
        end=loaded["period"]["end"] if period else None,
        output=_optional(document.get("output")),
        lines=_lines(document),
        activities=_activities(document),
        co_products=_co_products(document),
        shared=Shared(
            outputs={k: _quantity(v) for k, v in shared["outputs"].items()},
            lines=_lines(shared, "shared"),
            activities=_activities(shared, "shared"),
            co_products=_co_products(shared, "shared"),
        )
        if shared
        else None,
        parameters={
            k: _quantity(v) if isinstance(v, dict) else float(v)
            for k, v in document.get("parameters", {}).items()
            if not isinstance(v, str)
        },
        choices={k: v for k, v in document.get("parameters", {}).items() if isinstance(v, str)},
        identifiers={k: product[k] for k in ("gtin", "hs_code", "brand") if k in product},
    )


def _quantity(value: Mapping[str, Any]) -> Quantity:
    return Quantity(float(value["amount"]), value["unit"])


def _optional(value: Mapping[str, Any] | None) -> Quantity | None:
    return _quantity(value) if value else None


def _lines(owner: Json, *prefix: str) -> tuple[Line, ...]:
    return tuple(
        Line(
            id=row["id"],
            name=row.get("name") or row["id"],
            quantity=_quantity(row),
            where=pointer(*path),
            unit_mass=_optional(row.get("unit_mass")),
            transport=tuple(Leg(leg["mode"], _quantity(leg["distance"])) for leg in row["transport"])
            if "transport" in row
            else None,
            supplier_footprint=_supplier(row.get("supplier_footprint")),
            role=row.get("role"),
            process=row.get("process"),
            origin=row.get("origin"),
            basis=row.get("basis"),
            recycled_content=row.get("recycled_content"),
            cn_code=row.get("cn_code"),
            cas=row.get("cas"),
            mass_basis=row.get("mass_basis"),
            embedded_emissions=_embedded(row.get("embedded_emissions")),
        )
        for path, row in _places(owner, "lines", *prefix)
    )


def _supplier(value: Json | None) -> SupplierFootprint | None:
    if value is None:
        return None
    return SupplierFootprint(
        value=float(value["value"]),
        per=_footprint_unit(value["unit"]) or "kg",
        biogenic_carbon=_optional(value.get("biogenic_carbon")),
        verification=value.get("verification", ""),
        primary_data_share=float(value.get("primary_data_share", 1.0)),
        dqi=_ratings(value.get("dqi")),
        pact=value.get("pact"),
        **{k: value[k] for k in ("boundary", "gwp", "year")},
    )


def _ratings(value: Json | None) -> tuple[float, float, float] | None:
    if value is None:
        return None
    return float(value["technologicalDQR"]), float(value["geographicalDQR"]), float(value["temporalDQR"])


def _embedded(value: Json | None) -> EmbeddedEmissions | None:
    if value is None:
        return None
    return EmbeddedEmissions(
        direct=float(value["direct"]), indirect=value.get("indirect"), year=value["year"],
        installation=value.get("installation", ""), verification=value.get("verification", ""),
    )  # fmt: skip


def _activities(owner: Json, *prefix: str) -> tuple[Activity, ...]:
    return tuple(
        Activity(
            section=section,
            id=row.get("id", "-".join((*prefix, section, str(i + 1)))),
            name=row.get("name", ""),
            quantity=_quantity(row),
            where=pointer(*prefix, "activities", section, i),
            kind=row.get(KIND_FIELD[section]),
            evidence=row.get("evidence", ""),
            **{k: row.get(k) for k in ("process", "basis")},
        )
        for section in SECTIONS
        for i, row in enumerate(owner.get("activities", {}).get(section, []))
    )


def _co_products(owner: Json, *prefix: str) -> tuple[CoProduct, ...]:
    return tuple(
        CoProduct(
            id=row["id"],
            quantity=_quantity(row),
            where=pointer(*path),
            price=_optional(row.get("price")),
            biogenic_carbon=_optional(row.get("biogenic_carbon")),
            basis=row.get("basis"),
        )
        for path, row in _places(owner, "co_products", *prefix)
    )


# -- CSV


def _moved(problem: Problem, places: Mapping[str, str]) -> Problem:
    """A problem of the document with row and column of the table."""
    values = {k: located(v, places) if k == "first" else v for k, v in problem.values.items()}
    return Problem(problem.code, located(problem.where, places), values)


def _read_csv(data: bytes) -> tuple[Json, Bom]:
    """A BOM from CSV: UTF-8 with or without a byte-order mark, or GB18030. Problems name row and column."""
    if len(data) > MAX_BYTES:
        raise TooLarge(Problem("too_large", "", {"bytes": len(data), "limit": MAX_BYTES}))
    text = _decoded(data, ("utf-8-sig", "gb18030"))
    if "\0" in text:  # UTF-16 without its mark
        raise Malformed(Problem("not_utf8", "", {"encodings": "utf-8, gb18030"}))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as error:
        raise Malformed(Problem("unreadable_table", "", {"why": str(error)})) from error
    sheet, bom = read_rows(rows)
    return sheet.document, bom


def read_rows(rows: Sequence[Sequence[str]]) -> tuple[Sheet, Bom]:
    """A BOM from the rows of a table, the header first; what its sheet knows of places. Problems name row and column."""
    sheet = read_sheet(rows)
    return sheet, _read_sheet(sheet)[1]


def _read_sheet(sheet: Sheet) -> tuple[Json, Bom]:
    """The document behind a table, and the BOM in it; problems with their places in the table."""
    try:
        bom = bom_of(sheet.document)
    except Refused as refused:
        moved = [_moved(p, sheet.places) for p in refused.problems]
        raise type(refused)(moved) from None
    shared = _placed(bom.shared, sheet) if bom.shared else None
    return sheet.document, replace(_placed(bom, sheet), shared=shared)


def _placed(owner: Owner, sheet: Sheet) -> Owner:
    """Entries that know their row, for what is found wrong with them later."""
    kinds = ("lines", "activities", "co_products")
    placed: dict[str, Any] = {
        kind: tuple(replace(e, where=Row(sheet.rows[e.where])) for e in getattr(owner, kind)) for kind in kinds
    }
    return replace(owner, **placed)
