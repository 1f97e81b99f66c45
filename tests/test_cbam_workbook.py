"""The workbook of an installation: written and read back, its bad inputs, its guide, and the worked installations."""

from __future__ import annotations

import copy
import io
import json
import re
import shutil
import string
import subprocess
import zipfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from marshmallow import fields, validate
from openpyxl import Workbook, load_workbook

from lcaengine.bom.schema import LocalText
from lcaengine.cbam.files import read_file
from lcaengine.cbam.installation import calculate_installation, installation_body
from lcaengine.cbam.installation.reading import installation_of, read_installation
from lcaengine.cbam.installation.schema import DocumentSchema
from lcaengine.cbam.tables import tables
from lcaengine.cbam.workbook import read_workbook, write_workbook
from lcaengine.cbam.workbook.layout import choices, sheets, texts, units
from lcaengine.problems import Malformed, Refused, TooLarge
from lcaengine.units import unit

Json = dict[str, Any]
FOLDER = Path(__file__).parent.parent / "inventories" / "cbam"
WORKED = ("screw-maker", "aluminium-smelter", "cement-works")
NO_PLACE = {  # a PCF offered for SEE is refused anyway; electricity has no calorific value
    *(("precursors", name) for name in ("boundary", "gwp", "supplier_footprint")),
    *(
        ("processes", "electricity", flow, "ncv", part)
        for flow in ("consumed", "exported")
        for part in ("amount", "unit")
    ),
}


def worked(name: str) -> Json:
    return json.loads((FOLDER / f"{name}.json").read_bytes())


@cache
def screws(language: str = "en") -> bytes:
    return write_workbook(worked("screw-maker"), language)  # type: ignore[arg-type]


def changed(change: Callable[[Any], None], data: bytes | None = None) -> bytes:
    """The workbook of the screw maker after somebody worked on it."""
    book = load_workbook(io.BytesIO(data or screws()))
    change(book)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def set_cell(sheet: str, cell: str, value: Any, number_format: str | None = None) -> bytes:
    def change(book: Any) -> None:
        book[sheet][cell] = value
        if number_format:
            book[sheet][cell].number_format = number_format

    return changed(change)


def repacked(part: str, change: Callable[[bytes], bytes], data: bytes | None = None) -> bytes:
    """The workbook with one part of its package changed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data or screws())) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            content = old.read(entry)
            new.writestr(entry.filename, change(content) if entry.filename == part else content)
    return out.getvalue()


def refused(data: bytes, kind: type[Refused] = Refused) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        read_workbook(data)
    assert type(caught.value) is kind
    for problem in caught.value.problems:
        assert "?" not in problem.message("en").replace("'?'", "")
        assert problem.message("zh")
    return [(p.code, p.where) for p in caught.value.problems]


def part_of(sheet: str) -> str:
    """The part of the package that holds a sheet."""
    return f"xl/worksheets/sheet{load_workbook(io.BytesIO(screws())).sheetnames.index(sheet) + 1}.xml"


# -- there and back


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("name", WORKED)
def test_worked_installations_come_back(name: str, language: str) -> None:
    document = worked(name)
    assert read_workbook(write_workbook(document, language))[0] == document  # type: ignore[arg-type]


def schema_fields(schema: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every field of the document that holds a value, with its path; lists leave no mark in it."""
    for name, field in schema.fields.items():
        at, inner = (*path, field.data_key or name), field
        if isinstance(inner, fields.List):
            inner = inner.inner
        if isinstance(inner, fields.Nested):
            yield from schema_fields(inner.schema, at)
        else:
            yield at, field


def test_every_field_of_the_document_has_a_column() -> None:
    known = {
        (*prefix, *column.path)
        for sheet in sheets().values()
        for column in sheet.columns
        for prefix in PREFIXES.get(sheet.id, [(sheet.id,)])
    }
    names = {path for path in known if path[-1] in {"zh", "en"}}
    known |= {path[:-1] for path in names}
    wanted = {path for path, _ in schema_fields(DocumentSchema())} - NO_PLACE
    held = {("processes", "goods", "parameters"), ("measured", "hourly"), ("source_streams", "attribution")}
    held |= {("measured", "attribution"), ("pfc", "attribution")}
    assert {path for path in wanted if path not in known} == held  # rows of sheets of their own, or columns by name


PREFIXES: dict[str, list[tuple[str, ...]]] = {
    "installation": [()], "balances": [()], "goods": [("processes", "goods")], "co_products": [("processes", "co_products")],
    "process_flows": [("processes", flow) for flow in ("to_processes", "to_market", "to_non_cbam")],
    "process_heat": [("processes", "heat", flow) for flow in ("imported", "exported")],
    "waste_gas": [("processes", "waste_gas", flow) for flow in ("imported", "exported")],
    "electricity": [("processes", "electricity", flow) for flow in ("consumed", "exported")],
    "precursor_use": [("precursors", "consumed")],
}  # fmt: skip


def test_drop_downs_offer_what_the_schema_takes() -> None:
    offered = {
        (*prefix, *column.path): set(choices(column.choices))
        for sheet in sheets().values()
        for column in sheet.columns
        if column.kind == "choice"
        for prefix in PREFIXES.get(sheet.id, [(sheet.id,)])
    }
    for path, field in schema_fields(DocumentSchema()):
        for rule in field.validators:
            if isinstance(rule, validate.OneOf):
                assert offered[path] == set(rule.choices), path


def test_drop_downs_of_units_are_units() -> None:
    for name in texts()["units"]:
        for text in units(name):
            plain = re.sub(r"\b(CO2e?|C)\b(?=/|$)|1000 ", "", text).replace(" ", "").strip("/")
            unit(plain if plain[0].isalpha() else "t" + plain)


# Texts as people write them, and as they should not: blanks at the ends are lost, and labels of drop-downs are not values.
CATEGORIES = {name.casefold() for c in tables().categories.values() for name in (c.name_zh, c.name_en)}
TEXT = st.text(st.sampled_from(string.printable[:95] + "中文盘条·é€😀_\n=+-@"), min_size=1, max_size=30).filter(
    lambda t: t == t.strip() and " · " not in t and "005F" not in t and t.casefold() not in CATEGORIES
)
IDENTIFIER = st.text(st.sampled_from(string.ascii_letters + "-_=+@1"), min_size=1, max_size=8)
NUMBER = st.one_of(st.floats(0, 1e12), st.integers(0, 10**12))


def values_of(field: Any) -> st.SearchStrategy[Any]:
    """Values that fit a field of the schema."""
    match field:
        case fields.List():
            if isinstance(field.inner, fields.List):
                return st.lists(st.tuples(NUMBER, NUMBER).map(list), min_size=1, max_size=3)
            return st.lists(values_of(field.inner), min_size=1, max_size=2)
        case fields.Nested():
            return objects(field.schema)
        case LocalText():
            return TEXT | st.fixed_dictionaries({"zh": TEXT, "en": TEXT}).filter(lambda n: n["zh"] != n["en"])
        case fields.Dict():
            value = NUMBER if field.value_field else NUMBER | TEXT
            return st.dictionaries(TEXT, value, min_size=1, max_size=2)
        case fields.Date():
            return st.dates().map(str)
        case fields.Boolean():
            return st.booleans()
        case fields.Integer():
            return st.integers(1900, 2100)
        case fields.Float():
            return NUMBER
        case _:
            rules = [rule for rule in field.validators if isinstance(rule, validate.OneOf)]
            return st.sampled_from(list(rules[0].choices)) if rules else TEXT


def objects(schema: Any, path: tuple[str, ...] = ()) -> st.SearchStrategy[Json]:
    """Objects with any of the fields that have a place; those of whole documents with every section."""
    found = {f.data_key or name: f for name, f in schema.fields.items()}
    kept = {
        name: values_of(f)
        for name, f in found.items()
        if name not in {"boundary", "gwp", "supplier_footprint"} and not (name == "ncv" and "supplier" in found)
    }
    if "includes" in kept:
        kept["includes"] = st.lists(TEXT.filter(lambda t: not set(";；\n") & set(t)), min_size=1, max_size=2)
    required = {name for name, f in found.items() if f.required or isinstance(f, fields.List)} & set(kept)
    return st.fixed_dictionaries(
        {name: kept[name] for name in required}, optional={name: s for name, s in kept.items() if name not in required}
    )


def without_empty(value: Any) -> Any:
    """Without objects that say nothing."""
    if isinstance(value, dict):
        kept = {key: without_empty(part) for key, part in value.items()}
        return {key: part for key, part in kept.items() if part != {}}
    return [without_empty(part) for part in value] if isinstance(value, list) else value


def with_ids(document: Json) -> Json:
    """Ids of one's own for all that other sheets refer to."""
    for section in ("processes", "precursors", "source_streams", "measured", "pfc"):
        for i, entry in enumerate(document.get(section, [])):
            entry["id"] = f"{entry['id'].strip()}{section}{i}"
    return document


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
@given(document=objects(DocumentSchema()).map(without_empty).map(with_ids), language=st.sampled_from(["zh", "en"]))
def test_any_document_comes_back(document: Json, language: Any) -> None:
    """Read is the inverse of write for whatever fits the schema, sensible or not."""
    found, places = read_workbook(write_workbook(document, language))
    assert found == document
    for path, _ in leaves(document):
        assert re.fullmatch(r"[^!]+![A-Z]+[0-9]+", places[path]), path


def leaves(value: Any, where: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{where}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        for i, part in enumerate(value):
            yield from leaves(part, f"{where}/{i}")
    elif where.rpartition("/")[2] not in {"zh", "en"} and not (isinstance(value, list) and where.endswith("hourly")):
        yield where, value


def test_the_empty_workbook() -> None:
    for language in ("zh", "en"):
        data = write_workbook(None, language)  # type: ignore[arg-type]
        document, places = read_workbook(data)
        assert document == {}
        assert places["/installation/country"].endswith("!B12")
        assert len(data) < 150_000


def test_several_routes_are_rows_that_repeat_the_process() -> None:
    document = worked("screw-maker")
    document["processes"][0]["production"] = [
        {"amount": 60000, "unit": "t", "route": "a"}, {"amount": 2000, "unit": "t", "route": "b"},
    ]  # fmt: skip
    found, places = read_workbook(write_workbook(document, "en"))
    assert found == document
    assert places["/processes/0/production/1/amount"] == "Processes!D6"
    assert places["/processes/1/production/0/amount"] == "Processes!D7"


def test_places_are_those_that_the_reader_sees() -> None:
    _, places = read_workbook(screws())
    assert places["/processes/0/production/0/amount"] == "Processes!D5"
    assert places["/source_streams/2/ncv/amount"] == "Source streams!H7"
    assert places["/source_streams/2"] == "Source streams!A7"
    assert places["/source_streams/1/attribution/screws"] == "Attribution!C7"
    assert places["/processes/1/to_market"] == "Process flows!A9"
    assert places["/balances/electricity/losses/amount"].startswith("Balances!B")
    cells = load_workbook(io.BytesIO(screws()))
    document = worked("screw-maker")
    for pointer, value in leaves(document):
        sheet, _, cell = places[pointer].partition("!")
        shown = cells[sheet][cell].value
        assert shown == value or str(shown).split(" · ")[0] == str(value) or str(shown)[:10] == value


def test_a_later_problem_is_shown_with_its_cell() -> None:
    document = worked("screw-maker")
    document["processes"][1]["category"] = "steel"
    with pytest.raises(Refused) as caught:
        read_file(write_workbook(document, "en"))
    assert [p.code for p in caught.value.problems if p.where.startswith("Processes!G6")] == ["cbam_category"]


def test_the_order_of_columns_and_rows_above_do_not_matter() -> None:
    def moved(book: Any) -> None:
        book["Attribution"].insert_rows(1, 3)
        book["Attribution"].move_range("C7:C30", cols=4)

    assert read_workbook(changed(moved))[0] == worked("screw-maker")


def test_labels_and_numbers_as_people_type_them() -> None:
    def typed(book: Any) -> None:
        book["Source streams"]["C5"] = "燃烧"
        book["Source streams"]["C6"] = "combustion"
        book["Goods"]["B5"] = 72171050
        book["Installation"]["B19"].value = "2026-01-01"

    assert read_workbook(changed(typed))[0] == worked("screw-maker")


def test_yes_and_no() -> None:
    for shown, meant in (("yes", True), ("no", False), ("是", True), (True, True), ("FALSE", False)):
        data = set_cell("Installation", cell_of("sub_metering"), shown)
        assert read_workbook(data)[0]["sub_metering"] is meant
    assert refused(set_cell("Installation", cell_of("sub_metering"), "maybe"))[0][0] == "cbam_workbook_choice"


def cell_of(key: str) -> str:
    tab = load_workbook(io.BytesIO(screws()))["Installation"]
    return next(f"B{row[4].row}" for row in tab.iter_rows(max_col=5) if row[4].value == key)


# -- safety of what is written


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")', "\n=1", "_x0041_", "1e5"]
)
def test_no_text_becomes_a_formula(text: str) -> None:
    document = worked("screw-maker")
    document["source_streams"][0]["name"] = document["installation"]["operator"] = text.strip()
    document["processes"][0]["goods"][0]["parameters"] = {text.strip(): text.strip()}
    data = write_workbook(document, "en")
    assert read_workbook(data)[0] == document
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert not any(b"<f>" in package.read(n) for n in package.namelist() if n.startswith("xl/worksheets/"))
    assert load_workbook(io.BytesIO(data))["Source streams"]["B5"].data_type == "s"


@pytest.mark.parametrize(
    ("change", "code", "where"),
    [
        (lambda d: d["precursors"][0].update(supplier_footprint={"value": 2}), "cbam_workbook_no_place", "/precursors/0/supplier_footprint/value"),
        (lambda d: d.update(colour="red"), "cbam_workbook_no_place", "/colour"),
        (lambda d: d["processes"][0].update(name=["a"]), "cbam_workbook_no_place", "/processes/0/name"),
        (lambda d: d["source_streams"][0].update(method={"a": 1}), "cbam_workbook_no_place", "/source_streams/0/method/a"),
        (lambda d: d["processes"][0].update(includes=["a;b"]), "cbam_workbook_no_place", "/processes/0/includes"),
        (lambda d: d["processes"][1].update(id="wire"), "cbam_workbook_id", "/processes/0/id"),
        (lambda d: d["precursors"][0].pop("id"), "cbam_workbook_id", "/precursors/0/id"),
        (lambda d: d.update(note="a\x07"), "cbam_workbook_character", "/note"),
        (lambda d: d.update(note="x" * 40_000), "cbam_workbook_character", "/note"),
        (lambda d: d["source_streams"][0].update(amount=float("nan")), "not_finite", "/source_streams/0/amount"),
    ],
)  # fmt: skip
def test_what_cannot_be_written_is_said(change: Callable[[Json], None], code: str, where: str) -> None:
    document = copy.deepcopy(worked("screw-maker"))
    change(document)
    with pytest.raises(Refused) as caught:
        write_workbook(document, "en")
    assert [p.code for p in caught.value.problems if p.where.startswith(where)] == [code]
    assert all(p.message("zh") and p.next_action("en") for p in caught.value.problems)


# -- bad workbooks


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"\xd0\xcf\x11\xe0" + b"\0" * 600, b"id,name\n", b"PK\x03\x04" + b"\0" * 100]
)
def test_no_workbook(data: bytes) -> None:
    assert refused(data, Malformed)[0][0] == "workbook_unreadable"


def test_a_zip_that_is_no_workbook() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as package:
        package.writestr("hello.txt", "hello")
    assert refused(out.getvalue(), Malformed)[0][0] == "workbook_unreadable"


def test_another_workbook() -> None:
    out = io.BytesIO()
    Workbook().save(out)
    assert refused(out.getvalue(), Malformed)[0][0] == "cbam_workbook_not_ours"


def test_too_many_bytes() -> None:
    assert refused(b"PK" + b"\0" * 9_000_000, TooLarge)[0][0] == "too_large"


def test_a_zip_bomb_is_not_unpacked() -> None:
    part = part_of("Goods")
    bomb = repacked(part, lambda content: content.replace(b"</worksheet>", b" " * 70_000_000 + b"</worksheet>"))
    assert len(bomb) < 500_000
    assert refused(bomb, TooLarge)[0][0] == "workbook_too_large"


def test_a_lie_about_the_size_is_found() -> None:
    data = bytearray(screws())
    at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (10).to_bytes(4, "little")
    assert refused(bytes(data), Malformed)[0][0] == "workbook_unreadable"


def test_too_many_parts() -> None:
    out = io.BytesIO(screws())
    with zipfile.ZipFile(out, "a") as package:
        for number in range(600):
            package.writestr(f"xl/media/{number}.png", b"")
    assert refused(out.getvalue(), TooLarge)[0][0] == "workbook_too_large"


def test_too_many_cells() -> None:
    cells = b"<c/>" * 450_000
    data = repacked(part_of("Goods"), lambda c: c.replace(b"</sheetData>", b"<row>" + cells + b"</row></sheetData>"))
    assert refused(data, TooLarge)[0][0] == "workbook_too_large"


@pytest.mark.parametrize("declaration", [b'<!DOCTYPE x [<!ENTITY a "aaaa">]>', b'<!ENTITY a "a">'])
def test_xml_entities_are_not_read(declaration: bytes) -> None:
    data = repacked("xl/workbook.xml", lambda content: declaration + content)
    assert refused(data, Malformed) == [("workbook_unreadable", "")]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_damaged_workbook_is_refused_or_read(data: st.DataObject) -> None:
    """Whatever is done to a part of the package, the answer is a document or problems, nothing else."""
    names = zipfile.ZipFile(io.BytesIO(screws())).namelist()
    part = data.draw(st.sampled_from([n for n in names if "theme" not in n and "docProps" not in n]))
    content = zipfile.ZipFile(io.BytesIO(screws())).read(part)
    at = data.draw(st.integers(0, len(content) - 1))
    length = data.draw(st.integers(0, 40))
    new = data.draw(st.binary(max_size=6) | st.sampled_from([b"</c>", b'<c r="ZZZ9999999"/>', b"&#0;", b"<v>NaN</v>"]))
    damaged = repacked(part, lambda c: c[:at] + new + c[at + length :])
    with suppress(Refused):
        read_workbook(damaged)


def test_a_sheet_of_ones_own() -> None:
    def scribbled(book: Any) -> None:
        book.create_sheet("Scratch")["B2"] = 5
        book.create_sheet("Empty")

    assert refused(changed(scribbled)) == [("cbam_workbook_sheet", "Scratch")]


def test_a_renamed_sheet() -> None:
    def renamed(book: Any) -> None:
        book["Heat"].title = "Boilers"

    assert ("cbam_workbook_sheet", "Boilers") in refused(changed(renamed))


def test_a_sheet_that_is_not_needed_may_go() -> None:
    assert read_workbook(changed(lambda book: book.remove(book["PFC"])))[0] == worked("screw-maker")


@pytest.mark.parametrize(("sheet", "where"), [("Goods", "Goods"), ("Installation", "Installation")])
def test_a_key_row_that_was_deleted(sheet: str, where: str) -> None:
    assert ("cbam_workbook_key_row", where) in refused(changed(lambda book: book[sheet].delete_rows(4)))


def test_an_unknown_column() -> None:
    def added(book: Any) -> None:
        book["Measured"]["P4"] = "colour"
        book["Goods"]["Z7"] = "beside the table"

    assert refused(changed(added)) == [("cbam_workbook_column", "Measured!P4"), ("cbam_workbook_column", "Goods!Z7")]


def test_a_column_given_twice() -> None:
    assert refused(set_cell("Goods", "T4", "cn_code")) == [("cbam_workbook_column_twice", "Goods!T4")]


def test_a_parameter_of_ones_own() -> None:
    def added(book: Any) -> None:
        book["Goods"]["T4"], book["Goods"]["T5"] = "parameters.si_pct", 0.2

    document = read_workbook(changed(added))[0]
    assert document["processes"][0]["goods"][0]["parameters"]["si_pct"] == 0.2


@pytest.mark.parametrize(
    ("sheet", "cell", "value", "code"),
    [
        ("Source streams", "E5", "1,740,000", "cbam_workbook_number"),
        ("Source streams", "E6", "12", "cbam_workbook_number"),
        ("Source streams", "H7", True, "cbam_workbook_number"),
        ("Processes", "D5", "62 kt", "cbam_workbook_number"),
        ("Attribution", "C6", "17 %", "cbam_workbook_number"),
        ("Source streams", "E8", "#REF!", "cbam_workbook_error_value"),
        ("Source streams", "E9", "=1+1", "cbam_workbook_formula"),
        ("Installation", "B8", 913702000000000000, "cbam_workbook_digits"),
        ("Installation", "B19", 46023, "cbam_workbook_date"),
        ("Goods", "A5", "wires", "cbam_workbook_orphan"),
        ("Precursor use", "A6", "rod-c", "cbam_workbook_orphan"),
        ("Attribution", "A5", "gas", "cbam_workbook_orphan"),
        ("Process flows", "B5", "abroad", "cbam_workbook_choice"),
        ("Balances", "A23", "more", "cbam_workbook_row"),
        ("Installation", "C7", "t", "cbam_workbook_no_unit"),
        ("Installation", "E8", "installation.operator", "cbam_workbook_column_twice"),
    ],
)  # fmt: skip
def test_a_bad_cell_is_named(sheet: str, cell: str, value: Any, code: str) -> None:
    if code == "cbam_workbook_date":
        data = set_cell(sheet, cell, value, "General")
    elif code == "cbam_workbook_column_twice":
        book = set_cell(sheet, "B8", "Another operator")
        data = changed(lambda b: b[sheet].__setitem__(cell, value), book)
    elif code == "cbam_workbook_row":
        cell, data = "E23", set_cell(sheet, "B23", 5)
    else:
        data = set_cell(sheet, cell, value)
    assert refused(data)[0] == (code, f"{sheet}!{cell}")


def test_all_bad_cells_at_once() -> None:
    def spoilt(book: Any) -> None:
        book["Source streams"]["E5"], book["Processes"]["D6"], book["Goods"]["A5"] = "a", "b", "c"

    assert [where for _, where in refused(changed(spoilt))] == ["Source streams!E5", "Processes!D6", "Goods!A5"]


def test_a_percentage_in_percent_format() -> None:
    document = worked("aluminium-smelter")
    document["pfc"] = [
        {"id": "line", "method": "overvoltage", "production": {"amount": 1, "unit": "t"}, "current_efficiency_pct": 94}
    ]
    data = write_workbook(document, "en")
    tab = load_workbook(io.BytesIO(data))["PFC"]
    cell = next(c.column_letter for c in tab[4] if c.value == "current_efficiency_pct") + "5"

    def percent(book: Any) -> None:
        book["PFC"][cell].value, book["PFC"][cell].number_format = 0.94, "0.0%"

    assert refused(changed(percent, data)) == [("cbam_workbook_percent", f"PFC!{cell}")]


def test_twice_to_market_and_a_process_given_twice() -> None:
    def twice(book: Any) -> None:
        for column, value in zip("ABDE", ("screws", "to_market", 1, "t"), strict=True):
            book["Process flows"][f"{column}20"] = value
        for column, value in zip("AG", ("wire", "cement"), strict=True):
            book["Processes"][f"{column}9"] = value
        for column, value in zip("ABC", ("gas-zinc", "screws", 0.5), strict=True):
            book["Attribution"][f"{column}20"] = value

    assert sorted(refused(changed(twice))) == [
        ("cbam_workbook_repeated", "Attribution!B20"),
        ("cbam_workbook_repeated", "Process flows!B20"),
        ("cbam_workbook_repeated", "Processes!G9"),
    ]


@pytest.mark.parametrize(("stored", "amount"), [(b"<v>62000</v>", 62000), (b"", None)])
def test_a_formula_counts_by_its_stored_result(stored: bytes, amount: float | None) -> None:
    cell = re.compile(rb'(<c r="D5"[^>]*?)( t="n")?><v>62000</v></c>')
    part = part_of("Processes")
    data = repacked(part, lambda c: cell.sub(rb"\1><f>60000+2000</f>" + stored + b"</c>", c))
    if amount is None:
        assert refused(data) == [("cbam_workbook_formula", "Processes!D5")]
    else:
        assert read_workbook(data)[0]["processes"][0]["production"][0]["amount"] == amount


def test_a_formula_that_gives_no_text_is_an_empty_cell() -> None:
    part = part_of("Processes")
    cell = re.compile(rb'<c r="M5"( s="[0-9]+")?[^>]*?/>')
    data = repacked(part, lambda c: cell.sub(rb'<c r="M5"\1 t="str"><f>IF(1,"","a")</f><v></v></c>', c))
    assert data != screws()
    assert read_workbook(data)[0] == worked("screw-maker")


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_saved_by_a_spreadsheet_program(tmp_path: Path) -> None:
    """LibreOffice calculates a formula, writes the file its own way, and all comes back."""
    source = tmp_path / "in" / "screws.xlsx"
    source.parent.mkdir()
    source.write_bytes(set_cell("Processes", "D5", "=60000+2000"))
    command = ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx"]
    subprocess.run([*command, "--outdir", str(tmp_path), str(source)], check=True, capture_output=True, timeout=300)
    assert read_workbook((tmp_path / "screws.xlsx").read_bytes())[0] == worked("screw-maker")


# -- how it looks


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_sheet_has_headers_in_both_languages_keys_lists_and_help(language: str) -> None:
    book = load_workbook(io.BytesIO(screws(language)))
    assert book.sheetnames[0].startswith("Guide")
    assert book.worksheets[-1].sheet_state == "hidden"
    for sheet in sheets().values():
        tab = book[sheet.title(language)]
        assert tab.freeze_panes == "B5"
        headers = [c.value for c in tab[3] if c.value]
        assert all(re.search("[一-鿿]", h) and "\n" in h for h in headers if "UN/" not in h)
        keys = [c.value for c in tab[4] if c.value]
        assert keys == (
            ["item", "value", "unit", "about", "key"] if sheet.shape == "form" else [c.key for c in sheet.columns]
        )
        assert tab["B5"].fill.fgColor.rgb == "00FFF8E1"
        rules = tab.data_validations.dataValidation
        lists = [r for r in rules if r.type == "list"]
        assert len(lists) >= sum(c.kind in {"unit", "choice", "yes_no", "reference"} for c in sheet.columns) * 0.9
        assert all(r.prompt and r.promptTitle for r in rules)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guide_explains_every_field_with_its_article(language: str) -> None:
    tab = load_workbook(io.BytesIO(screws(language))).worksheets[0]
    rows = [[c.value for c in row] for row in tab.iter_rows(max_col=8) if row[2].value]
    explained = {(row[0], row[2]): row for row in rows}
    for sheet in sheets().values():
        for column in sheet.columns:
            if column.kind != "unit":
                key = column.key.removesuffix(".amount") or "amount"
                row = explained[sheet.title(language), key]
                assert row[7] == column.law
                assert {column.help_zh, column.help_en} == {row[5], row[6]}


def test_texts_are_in_their_language_and_name_articles() -> None:
    for sheet in sheets().values():
        for column in sheet.columns:
            assert not re.search("[一-鿿]", column.en + column.help_en + column.law)
            assert re.search("[一-鿿]", column.help_zh)
            assert re.search(r"Art\.|Annex|eq\.|20\d\d/\d+|^–$", column.law), column
    lawless = [c.key for s in sheets().values() for c in s.columns if c.law == "–"]
    assert {key.rpartition(".")[2] for key in lawless} <= {
        "id", "note", "economic_activity", "representative", "email", "telephone", "biomass_fraction", "zero_rating",
    }  # fmt: skip


# -- the worked installations


@pytest.mark.parametrize("name", WORKED)
def test_worked_installations_calculate_and_their_balances_close(name: str) -> None:
    _, installation = read_installation((FOLDER / f"{name}.json").read_bytes())
    answer = installation_body(calculate_installation(installation))
    assert answer["balances"]
    for balance in answer["balances"]:
        assert balance["difference"] == pytest.approx(0, abs=1e-6)
    for process in answer["processes"]:
        assert process["see"]["declarable"]["total"]["exact"] > 0
        assert not process["attributed"]["floored"]


def test_the_workbook_of_the_screw_maker_is_its_document() -> None:
    data = (FOLDER / "screw-maker.xlsx").read_bytes()
    assert read_workbook(data)[0] == worked("screw-maker")
    assert len(data) < 150_000
    assert installation_of(read_file(data).document) == installation_of(worked("screw-maker"))


def test_the_loop_of_the_screw_maker_by_hand() -> None:
    """Two equations with two unknowns, from the figures of the README; the engine solves the whole system."""
    answer = installation_body(calculate_installation(installation_of(worked("screw-maker"))))
    found = {p["id"]: p["see"]["declarable"]["direct"]["exact"] for p in answer["processes"]}
    gas = 38.931e-6 * 56.1  # t CO2 per Nm3
    steam = 820_000 * gas / (28.7 - 0.4)  # per TJ delivered: the losses of the network fall on what it delivers
    own_wire = 1_740_000 * gas + 17 * steam
    own_galvanised = 0.17 * 1_536_000 * gas + 2.5 * steam
    own_screws = (0.83 * 1_536_000 + 2_790_000) * gas + 380 * 0.3749 * 3.664 + 8 * steam
    rod = (40_000 * 2.14 + 22_400 * 3.169 * 1.1) / 62_400
    # 62000 w = own_wire + 62400 rod + 600 g and 9200 g = own_galvanised + 9300 w
    wire = (own_wire + 62_400 * rod + 600 * own_galvanised / 9_200) / (62_000 - 600 * 9_300 / 9_200)
    galvanised = (own_galvanised + 9_300 * wire) / 9_200
    assert found["wire"] == pytest.approx(wire, rel=1e-12)
    assert found["galvanised"] == pytest.approx(galvanised, rel=1e-12)
    assert found["screws"] == pytest.approx((own_screws + 47_500 * wire) / 45_000, rel=1e-12)
    assert (round(wire, 4), round(galvanised, 4)) == (2.7463, 2.8554)


def test_the_smelter_by_hand() -> None:
    """PFC by equations (21) to (26), anodes by (12): what the smelting process emits."""
    answer = installation_body(calculate_installation(installation_of(worked("aluminium-smelter"))))
    cf4 = 0.12 * 2.0 * 0.104 / 1000 * 250_000
    pfc = (cf4 * 6630 + cf4 * 0.057 * 11100) / 0.98
    carbon = 3.664 * (137_500 * 0.965 - 35_000 * 0.955)
    cast_house = 0.3 * 3_600_000 * 38.931e-6 * 56.1
    direct = {p["id"]: p["attributed"]["direct"]["exact"] for p in answer["processes"]}
    assert direct["smelting"] == pytest.approx(pfc + carbon + 4_000 * 0.44 + cast_house, rel=1e-12)


def test_the_cement_works_by_hand() -> None:
    """Clinker and cement per tonne of clinker; biomass of the RDF counts zero, that of the tyres does not."""
    answer = installation_body(calculate_installation(installation_of(worked("cement-works"))))
    see = {p["id"]: p["see"]["declarable"] for p in answer["processes"]}
    minerals = 948_000 * 0.785 + 27_000 * 1.092 + 3.664 * 2_310_000 * 0.0012
    fuels = 174_000 * 22.4e-3 * 94.6 + 62_000 * 12e-3 * 92 * 0.58 + 8_000 * 28.5e-3 * 85 + 350 * 43e-3 * 74.1
    clinker = (minerals + fuels) / 1_500_000
    assert see["clinker"]["direct"]["exact"] == pytest.approx(clinker, rel=1e-12)
    mean = 0.5306 * (42_000 + 54_720) / (42_000 + 45_000 + 54_720)  # Art. 9(1): of all sources of the installation
    total = clinker + 87_000 * mean / 1_500_000
    bought = 20_000 * 1.41 * 1.1
    dryer = 9_000 * 22.4e-3 * 94.6 + 54_720 * mean
    assert see["cement"]["total"]["exact"] == pytest.approx((1_120_000 * total + bought + dryer) / 1_140_000, rel=1e-12)


@pytest.mark.parametrize("name", WORKED)
def test_every_figure_has_its_status(name: str) -> None:
    part = {"screw-maker": "Screw maker", "aluminium-smelter": "Aluminium smelter", "cement-works": "Cement works"}[
        name
    ]
    text = (FOLDER / "README.md").read_text(encoding="utf-8").split(f" {part}\n", 1)[1].split("\n## ", 1)[0]
    rows = {
        m[1]: m[2] for m in re.finditer(r"^\| `([\w-]+)` \| [^|]+ \| (published|derived|estimate) \| \S", text, re.M)
    }
    document = worked(name)
    for section in ("source_streams", "measured", "pfc", "heat", "processes", "precursors"):
        for entry in document.get(section, []):
            assert entry["id"] in rows, entry["id"]
            if "amount" in entry:
                assert f"| `{entry['id']}` | {entry['amount']:,} " in text
