"""Reading bills of materials: what is read is what was written, and whatever is written, reading refuses or reads."""

from __future__ import annotations

import copy
import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from typing import Any

import pytest
from boms import CANNED_CSV, CANNED_CSV_ZH, REMOVE, WORKED, as_bytes, canned, worked
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lcaengine.background import Release, default_release
from lcaengine.bom import Bom, bom_of, read_bom, read_document, read_plant
from lcaengine.bom.reading import MAX_DEPTH
from lcaengine.bom.sheet import COLUMNS
from lcaengine.footprint import body, calculate
from lcaengine.problems import Problem, Refused, TooLarge
from lcaengine.rules import find_rule
from lcaengine.sheets import MAX_BYTES
from lcaengine.units import Quantity

Json = dict[str, Any]


def problems(data: bytes, media: str = "application/json") -> list[tuple[str, str]]:
    with pytest.raises(Refused) as refused:
        read_bom(data, media)
    return [(p.code, p.where) for p in refused.value.problems]


def table(*rows: str) -> bytes:
    """Canned lager as a table, with rows added."""
    return (CANNED_CSV + "\n".join(rows)).encode()


# -- what is read


def test_a_bill_of_materials_is_read() -> None:
    bom = read_bom(as_bytes(canned({
        "/period": {"start": "2025-01-01", "end": "2025-12-31"}, "/output": {"amount": 5, "unit": "m3"},
        "/product/gtin": "06901234567892", "/parameters": {"return_trips": 12, "distribution_road": {"amount": 3, "unit": "km"}},
        "/lines/0/origin": "AU", "/lines/0/transport": [{"mode": "sea", "distance": {"amount": 9000, "unit": "km"}}],
        "/co_products": [{"id": "spent_grain", "amount": 17, "unit": "kg"}],
    })))  # fmt: skip
    assert (bom.product_id, bom.category, bom.country, bom.region) == ("can", "beer", "CN", "CN-SD")
    assert bom.name == {"zh": "罐装啤酒", "en": "Canned lager"}
    assert (bom.start, bom.end) == (date(2025, 1, 1), date(2025, 12, 31))
    assert (bom.declared_unit, bom.output, bom.pack) == (Quantity(1, "hl"), Quantity(5, "m3"), Quantity(330, "ml"))
    assert bom.identifiers == {"gtin": "06901234567892"}
    assert bom.parameters == {"return_trips": 12.0, "distribution_road": Quantity(3, "km")}
    malt, can = bom.lines
    assert (malt.id, malt.quantity, malt.role, malt.origin, malt.where) == (
        "malt",
        Quantity(11, "kg"),
        "malt",
        "AU",
        "/lines/0",
    )
    assert malt.transport is not None
    assert [(leg.mode, leg.distance) for leg in malt.transport] == [("sea", Quantity(9000, "km"))]
    assert (can.name, can.unit_mass, can.transport, can.recycled_content) == ("can", Quantity(13, "g"), None, 0)
    assert [(a.section, a.kind, a.quantity.unit) for a in bom.activities] == [
        ("electricity", None, "kWh"), ("fuels", "natural_gas", "m3"), ("water", None, "m3"), ("wastewater", None, "m3"),
    ]  # fmt: skip
    assert [(c.id, c.quantity) for c in bom.co_products] == [("spent_grain", Quantity(17, "kg"))]


def test_one_name_stands_for_both_languages() -> None:
    for given_name, read in (
        ("青岛", ("青岛", "青岛")),
        ({"en": "Ale"}, ("Ale", "Ale")),
        ({"zh": "啤", "en": "B"}, ("啤", "B")),
    ):
        name = read_bom(as_bytes(canned({"/product/name": given_name}))).name
        assert (name["zh"], name["en"]) == read


def test_missing_is_not_none_and_not_zero() -> None:
    """A line without transport takes the rule's; one with an empty list has none."""
    assert read_bom(as_bytes(canned())).lines[0].transport is None
    assert read_bom(as_bytes(canned({"/lines/0/transport": []}))).lines[0].transport == ()
    assert read_bom(as_bytes(canned({"/lines/1/recycled_content": REMOVE}))).lines[1].recycled_content is None


# -- tables


@pytest.mark.parametrize("text", [CANNED_CSV, CANNED_CSV_ZH], ids=["en", "zh"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_becomes_the_document(text: str, encoding: str) -> None:
    document, bom = read_document(text.encode(encoding), "text/csv; charset=" + encoding)
    if text is CANNED_CSV:
        assert document == canned({"/product/name": "罐装啤酒"})
    assert [line.quantity.base for line in bom.lines] == [11.0, 303.0]
    assert bom.lines[1].unit_mass is not None
    assert bom.lines[1].unit_mass.to("g") == pytest.approx(13)
    assert bom.declared_unit.to("hl") == pytest.approx(1)


def test_every_chinese_heading_means_its_english_one() -> None:
    header, *rows = csv.reader(io.StringIO(CANNED_CSV))
    out = io.StringIO(newline="")
    csv.writer(out).writerows([[COLUMNS[name] for name in header], *rows])
    assert read_document(out.getvalue().encode(), "text/csv")[0] == read_document(CANNED_CSV.encode(), "text/csv")[0]


def test_rows_may_be_short_blank_or_reordered() -> None:
    head, *rows = CANNED_CSV.splitlines()
    moved = [
        head,
        "",
        ",,,",
        *(row.rstrip(",") for row in reversed(rows) if not row.startswith("line")),
        *(r for r in rows if r.startswith("line")),
    ]
    again = read_document("\r\n".join(moved).encode(), "text/csv")[0]
    assert again == read_document(CANNED_CSV.encode(), "text/csv")[0]


def test_a_table_has_transport_price_and_parameters() -> None:
    text = """\
section,id,name,amount,unit,transport,price,biogenic_carbon,supplier_footprint,footprint_boundary,footprint_gwp,footprint_year,足迹初级数据占比
product,name,x
product,category,beer
product,declared_unit,,1,hl
site,country,CN
basis,,declared_unit
line,malt,,11,kg,road 300 km; sea 1.2e3 km；rail 5 km,,,0.9 kg CO2e/kg,cradle_to_gate,AR6,2024,0.4
co_product,spent_grain,,17,kg,,0.4 CNY/kg,0.1 kg/kg
parameter,return_trips,,12
parameters,distribution_road,,400,km
"""
    document = read_document(text.encode(), "text/csv")[0]
    line = document["lines"][0]
    assert [(leg["mode"], leg["distance"]) for leg in line["transport"]] == [
        ("road", {"amount": 300, "unit": "km"}), ("sea", {"amount": 1200, "unit": "km"}), ("rail", {"amount": 5, "unit": "km"}),
    ]  # fmt: skip
    assert line["supplier_footprint"] == {
        "value": 0.9, "unit": "kg CO2e/kg", "boundary": "cradle_to_gate", "gwp": "AR6", "year": 2024,
        "primary_data_share": 0.4,
    }  # fmt: skip
    assert document["co_products"][0]["price"] == {"amount": 0.4, "unit": "CNY/kg"}
    assert document["co_products"][0]["biogenic_carbon"] == {"amount": 0.1, "unit": "kg/kg"}
    assert document["parameters"] == {"return_trips": 12, "distribution_road": {"amount": 400, "unit": "km"}}


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        (["line,malt,x,1,kg,malt"], ("duplicate_line_id", "row 16, column id")),
        (["line,rice,x,1,spoon,rice"], ("unknown_unit", "row 16, column unit")),
        (["line,rice,x,,kg,rice"], ("required", "row 16")),
        (["", "line,rice,x,-1,kg,rice"], ("negative", "row 17, column amount")),
        (['line,rice,"two', 'lines",-1,kg,rice'], ("negative", "row 16, column amount")),
        (["output,,,0,hl"], ("zero", "row 16, column amount")),
        (["parameters,distribution_road,,far,km"], ("not_a_number", "row 16, column amount")),
        (["site,name,x", "site,name,y"], ("duplicate_key", "row 17")),
        (["parameters,a,,1", "parameters,a,,2"], ("duplicate_key", "row 17")),
        (["boundary,,nowhere"], ("boundary", "row 16")),
        (["lines2,x"], ("unknown_section", "row 16, column section")),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_problem_of_a_table_is_where_the_reader_sees_it(rows: list[str], found: tuple[str, str]) -> None:
    assert problems(table(*rows), "text/csv") == [found]


def test_what_the_rule_finds_in_a_table_is_where_the_reader_sees_it(release: Release) -> None:
    _, bom = read_document(CANNED_CSV.replace("kg,malt", "kWh,malt").replace("8,kWh", "8,kg").encode(), "text/csv")
    with pytest.raises(Refused) as refused:
        calculate(bom, find_rule("beer"), release)
    assert {(p.code, p.where) for p in refused.value.problems} >= {
        ("wrong_dimension", "row 10, column unit"),
        ("wrong_dimension", "row 12, column unit"),
    }


# -- limits


def test_limits_are_exact() -> None:
    document = as_bytes(canned())
    assert isinstance(read_bom(document + b" " * (MAX_BYTES - len(document))), Bom)
    with pytest.raises(TooLarge):
        read_bom(document + b" " * (MAX_BYTES - len(document) + 1))
    with pytest.raises(TooLarge):
        read_bom(b"," * (MAX_BYTES + 1), "text/csv")
    deepest = b"[" * (MAX_DEPTH - 1) + b"]" * (MAX_DEPTH - 1)
    assert problems(b'{"x": ' + deepest + b"}")[-1] == ("unknown_field", "/x")
    assert problems(b'{"x": [' + deepest + b"]}") == [("too_deep", "")]


def test_brackets_in_a_text_are_no_depth() -> None:
    for note in ("[" * 100, '"' + "{" * 100, "\\" + "[" * 100):
        assert isinstance(read_bom(as_bytes(canned({"/note": note}))), Bom)


@pytest.mark.parametrize(
    ("text", "code"),
    [("9" * 299, None), ("9" * 400, "not_finite"), ("1" * 100_000, "not_finite"), ("-" + "9" * 9999, "not_finite")],
)
def test_integers_of_any_length(text: str, code: str | None) -> None:
    data = as_bytes(canned({"/lines/0/amount": "@"})).replace(b'"@"', text.encode())
    if code is None:
        assert read_bom(data).lines[0].quantity.amount == pytest.approx(1e299)
    else:
        assert problems(data) == [(code, "/lines/0/amount")]


# -- plants


def plant(changes: Json) -> bytes:
    document = json.loads(worked("shandong-lager-plant.json"))
    for key, value in changes.items():
        owner: Any = document
        *path, last = key.split("/")[1:]
        for part in path:
            owner = owner[int(part)] if isinstance(owner, list) else owner[part]
        owner[int(last) if isinstance(owner, list) else last] = value
    return as_bytes(document)


def test_a_plant_is_taken_apart() -> None:
    first, second = read_plant(worked("shandong-lager-plant.json"))
    assert first["shared"] == second["shared"]
    assert set(first["shared"]["outputs"]) == {"lager-can-330", "lager-returnable-600"}
    assert first["shared"]["outputs"]["lager-can-330"] == first["output"]
    assert "products" not in first
    assert bom_of(first).product_id == "lager-can-330"
    assert read_plant(as_bytes(canned())) == [canned()]


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"/products": 5}, [("not_a_list", "/products")]),
        ({"/products": []}, [("not_a_list", "/products")]),
        ({"/products": None}, [("not_a_list", "/products")]),
        ({"/products/1": 5}, [("not_an_object", "/products/1/product")]),
        ({"/products/0/product": [1]}, [("not_an_object", "/products/0/product")]),
        ({"/products/0/product": {}}, [("required", "/products/0/product/id")]),
        ({"/products/0/product/id": [1]}, [("not_a_text", "/products/0/product/id")]),
        ({"/products/0/product/id": "lager-returnable-600"}, [("duplicate_line_id", "/products/1/product/id")]),
        ({"/shared": []}, [("not_an_object", "/shared")]),
    ],
    ids=str,
)
def test_a_plant_that_cannot_be_taken_apart(changes: Json, found: list[tuple[str, str]]) -> None:
    with pytest.raises(Refused) as refused:
        read_plant(plant(changes))
    assert [(p.code, p.where) for p in refused.value.problems] == found
    assert all(p.message(language) for p in refused.value.problems for language in ("zh", "en"))


# -- whatever is written


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key, nested in (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    ):
        yield from places(nested, (*path, key))


WORKED_DOCUMENTS = [d for name in WORKED if name.endswith(".json") for d in read_plant(worked(name))]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats() | st.text(max_size=8)
    | st.sampled_from(["kg", "hl", "piece", "kWh", "m3", "malt", "period", "declared_unit", "2025-01-01", "CN", "°C", "kg/0", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.sampled_from(["amount", "unit", "id"]), inner, max_size=3),
    max_leaves=4,
)  # fmt: skip


@st.composite
def damaged(draw: st.DrawFn) -> Json:
    """A worked bill of materials with one to three values replaced, removed or added anywhere."""
    document: Json = copy.deepcopy(draw(st.sampled_from([canned(), *WORKED_DOCUMENTS])))
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from([p for p in places(document) if p]))
        owner: Any = document
        for key in path[:-1]:
            owner = owner[key]
        match draw(st.sampled_from(["replace", "replace", "remove", "add"])):
            case "remove":
                del owner[path[-1]]
            case "add" if isinstance(owner, dict):
                owner[draw(st.text(max_size=5))] = draw(ANYTHING)
            case _:
                owner[path[-1]] = draw(ANYTHING)
    return document


def attempted(step: Callable[[], Any]) -> tuple[Sequence[Problem], Any]:
    """The problems of a step, or its result."""
    try:
        return (), step()
    except Refused as refused:
        return refused.problems, None


def calculated(document: Json) -> Json:
    bom = read_bom(json.dumps(document).encode())
    return body(calculate(bom, find_rule(bom.category), default_release()))


def shown(found: Problem) -> bool:
    return all(found.message(language) and found.next_action(language) for language in ("zh", "en"))


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(damaged())
def test_a_damaged_document_is_refused_or_calculated(document: Json) -> None:
    """Nothing but `Refused` leaves the reading and the calculation, and every problem can be shown."""
    found, result = attempted(lambda: calculated(document))
    assert bool(found) != bool(result)
    assert all(map(shown, found))
    problem_texts = [p.as_dict(language) for p in found for language in ("zh", "en")]
    json.dumps([problem_texts, result], ensure_ascii=False, allow_nan=False).encode()


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200) | st.text(max_size=200).map(str.encode), st.sampled_from(["application/json", "text/csv"])
)
def test_any_bytes_are_refused(data: bytes, media: str) -> None:
    with pytest.raises(Refused) as refused:
        read_bom(data, media)
    assert all(map(shown, refused.value.problems))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_table_is_refused_or_read(data: st.DataObject) -> None:
    rows = [row.split(",") for row in CANNED_CSV.splitlines()]
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.sampled_from(rows))
        cells = st.sampled_from(
            ["", "nan", "1e999", "-1", "line", "output", "产品", "kg", "x", '"', "amount", "13 g", "１"]
        ) | st.text(max_size=4)
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(cells)
    text = "\n".join(",".join(row) for row in rows).encode("utf-8", "replace")
    found, read = attempted(lambda: read_document(text, "text/csv"))
    assert bool(found) != bool(read)
    assert all(map(shown, found))
    if read:
        assert bom_of(read[0]).category == read[1].category
