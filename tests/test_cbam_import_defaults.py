"""A table of default values from the Commission's workbook.

The workbooks are made here, in the layout that public programs parse: title in row 1, labels in row 2, sector banners with the
mark-ups, goods (GitHub Ddscully/dlt-dbt-duckdb-evidence, ``scripts/build_cbam_seeds.py``, before and after the correction of
10 August 2026; labels of the corrected table from the consolidated text of IR (EU) 2025/2621 Annex I). Values are those of the act:
China, Albania and "Other countries" as printed in Annex I of IR (EU) 2025/2621; marked-up values by its percentages.
"""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from background_fixtures import PROJECT
from hypothesis import given, settings
from hypothesis import strategies as st

from lcaengine.cbam.importing import COLUMNS, import_defaults
from lcaengine.cbam.importing import workbook as defaults_workbook
from lcaengine.cbam.importing.rows import number_of
from lcaengine.cbam.tables import IMPORTED, default_values
from lcaengine.problems import Malformed, Refused, TooLarge

Row = Sequence[Any]
Sheets = Mapping[str, Sequence[Row]]

ROUTE = "Underlying production route determining CBAM BM"
LABELS = (
    "Product CN Code",
    "Description",
    *(f"Default Value ({part} emissions)" for part in ("direct", "indirect", "total")),
)
MARKED = (
    "2026 Default Value (Including mark-up)",
    "2027 Default Value (Including mark-up)",
    "2028 Default Value (Including mark-up)",
)
FIRST = (*LABELS, *MARKED, ROUTE)
UNIT = " (tCO2eq/tonne of good)"
CORRECTED = ("Product CN Code / TARIC Code", "Description", *(label + UNIT for label in LABELS[2:]), ROUTE)
CEMENT = ("Cement", None, None, None, None, "10% mark-up", "20% mark-up", "30% mark-up")
STEEL = ("Iron and Steel", None, None, None, None, "10% mark-up", "20% mark-up", "30% mark-up")
HOT_ROLLED = "Flat-rolled products of iron or non-alloy steel, of a width of >= 600 mm, hot-rolled"

CHINA: tuple[Row, ...] = (
    ("China",),
    FIRST,
    CEMENT,
    ("2523 10 00", "White clinker", 1.26, 0.04, 1.30, 1.43, 1.56, 1.69, "(B)"),
    (25231000, "Grey clinker", 1.34, 0.05, 1.39, 1.529, 1.668, 1.807, "(A)"),
    STEEL,
    ("2601 12 00", "Agglomerated iron ores and concentrates", 0.2, 0.06, 0.26, 0.286, 0.312, 0.338, "\xa0"),
    (7203, "Ferrous products obtained by direct reduction", "–", "N/A", "–", "–", "–", "–", None),
    ("7208", HOT_ROLLED, 3.187, "N/A", 3.187, 3.506, 3.824, 4.143, "(C)"),
)
OTHER: tuple[Row, ...] = (
    ("Other Countries and Territories",),
    FIRST,
    STEEL,
    ("7208", HOT_ROLLED, 4.049, "N/A", 4.049, 4.454, 4.859, 5.264, "(C)"),
)
BOTH: Sheets = {"Overview": [("Default values",)], "China": CHINA, "_Other Countries and Territorie": OTHER}
ALBANIA_AS_PRINTED = ("2523 21 00", "White Portland cement", "–", "–", "–", 1.23, 0.14, 1.37, None)

ACT = PROJECT.parent / "shared" / "data" / "cbam" / "opencbam" / "default_values_2621.json"


def workbook(sheets: Sheets) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def country(*goods: Row, name: str = "China", banner: Row = STEEL, labels: Row = FIRST) -> Sheets:
    """The two tables that every workbook needs, the first with these goods."""
    return {name: [(name,), labels, banner, *goods], "_Other Countries and Territorie": OTHER}


def steel(
    code: Any = "7208", direct: Any = 3.187, total: Any = 3.187, route: Any = "(C)", indirect: Any = "N/A"
) -> Row:
    return (code, HOT_ROLLED, direct, indirect, total, None, None, None, route)


def table(folder: Path) -> list[dict[str, str]]:
    with (folder / "defaults.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def first_row(sheets: Sheets, folder: Path) -> dict[str, str]:
    import_defaults(workbook(sheets), folder)
    return table(folder)[0]


def refused(sheets: Sheets, folder: Path, **options: Any) -> list[tuple[str, str]]:
    with pytest.raises(Refused) as caught:
        import_defaults(workbook(sheets), folder, **options)
    assert not (folder / "defaults.csv").exists()
    assert all(p.message("zh") and p.message("en") and "?" not in p.message("en") for p in caught.value.problems)
    return [(p.code, p.where) for p in caught.value.problems]


# -- what is read


def test_the_first_table_of_the_act(tmp_path: Path) -> None:
    answer = import_defaults(workbook(BOTH), tmp_path, state="pre-correction")
    rows = table(tmp_path)
    assert tuple(rows[0]) == COLUMNS
    assert [
        (r["country"], r["cn_code"], r["direct"], r["indirect"], r["total"], r["route"], r["sector"]) for r in rows
    ] == [
        ("CN", "25231000", "1.260", "0.040", "1.300", "B", "cement"),
        ("CN", "25231000", "1.340", "0.050", "1.390", "A", "cement"),
        ("CN", "26011200", "0.200", "0.060", "0.260", "", "iron_and_steel"),
        ("CN", "7203", "", "", "", "", "iron_and_steel"),
        ("CN", "7208", "3.187", "", "3.187", "C", "iron_and_steel"),
        ("other", "7208", "4.049", "", "4.049", "C", "iron_and_steel"),
    ]
    assert {(r["act"], r["annex"], r["state"]) for r in rows} == {("2025/2621", "I", "pre-correction")}
    assert (answer["countries"], answer["rows"], answer["rows_without_value"]) == (1, 6, 1)
    assert answer["not_read"] == {"sheets": ["Overview"], "columns": [], "see_below": 0}
    assert answer["mark_up_columns"] == {"present": True, "taken": False, "differing": []}
    assert answer["warnings"] == []
    assert answer["doubtful"] == []


def test_the_corrected_table_has_no_mark_ups_ten_digits_and_two_routes(tmp_path: Path) -> None:
    rows = [
        ("Albania",), CORRECTED, ("Cement",),
        ("2507 00 80 80", "Calcined clay", "-", "-", "-", None),
        ("2523 10 00 90", "Other clinker including grey clinker", "0,870", "0,000", "0,870", "(A)"),
        ("Fertilisers",),
        (3102, "Mineral or chemical fertilizers, nitrogenous", "see below", "see below", "See below", None),
        ("2808 00 00", "Nitric acid; sulphonitric acids", "2,730", "0,040", "2,760", None),
        ("Iron & steel",),
        ("7205", "Granules and powders", 2.89, "N/A", 2.89, "(C)/(F)"),
        ("(A) grey clinker / cement",),
    ]  # fmt: skip
    annex = [("Annex IV",), ("CN code", "Description", "Default value", ROUTE), ("7310", "Tanks", 8.25, "(C)")]
    sheets = {"Albania": rows, "_Other Countries and Territorie": OTHER, "Annex IV": annex}
    answer = import_defaults(workbook(sheets), tmp_path, state="corrected 2026/1740")
    assert [(r["cn_code"], r["total"], r["route"]) for r in table(tmp_path)[:-1]] == [
        ("2507008080", "", ""),
        ("2523100090", "0.870", "A"),
        ("28080000", "2.760", ""),
        ("7205", "2.890", "C/F"),
    ]
    assert answer["not_read"] == {"sheets": ["Annex IV"], "columns": [], "see_below": 1}
    # "Other countries" still has mark-up columns here, which the correction removed; Annex IV is said not to be taken
    assert ["2026/1740" in w["en"] for w in answer["warnings"]] == [True, False]
    assert "Annex IV" in answer["warnings"][1]["en"]
    assert "附件四" in answer["warnings"][1]["zh"]


@pytest.mark.parametrize("nothing", ["–", "-", "—", "_", "N/A", "n/a", "", None, "\xa0", " – "])
def test_ways_of_writing_no_value(nothing: str | None, tmp_path: Path) -> None:
    row = first_row(country(steel(direct=nothing, indirect=nothing, total=nothing, route=nothing)), tmp_path)
    assert (row["direct"], row["indirect"], row["total"], row["route"]) == ("", "", "", "")


@pytest.mark.parametrize(
    ("code", "digits"),
    [("7208 36 00", "72083600"), ("72083600", "72083600"), (72083600, "72083600"), (72083600.0, "72083600"),
     ("7208\xa036\xa000", "72083600"), ("7208.36.00", "72083600"), ("ex 7208 36 00", "72083600"), (720836, "720836"),
     ("7208 36 00 10", "7208360010")],
)  # fmt: skip
def test_codes_with_and_without_blanks(code: Any, digits: str, tmp_path: Path) -> None:
    assert first_row(country(steel(code)), tmp_path)["cn_code"] == digits


@pytest.mark.parametrize(
    ("cell", "printed"),
    [
        ("3,187", "3.187"),
        ("3.187", "3.187"),
        (3, "3.000"),
        (0.35200000000000004, "0.352"),
        (3.1875, "3.188"),
        (3.1865, "3.187"),
    ],
)
def test_numbers_as_the_act_prints_them(cell: Any, printed: str, tmp_path: Path) -> None:
    """Three decimals, half-up (of the number as it is written, not of its binary neighbour)."""
    assert first_row(country(steel(direct=cell, total=cell)), tmp_path)["total"] == printed


def test_columns_are_found_by_their_labels(tmp_path: Path) -> None:
    rows: list[Row] = [
        (None,), ("China",), (), ("for information only",),
        (None, ROUTE, "DEFAULT VALUE (TOTAL EMISSIONS)", "Description", "Note", "Product  CN\nCode"),
        (None, None, None, None, None, "Iron & Steel"),
        (None, "(C)", 3.187, HOT_ROLLED, "x", 7208),
        (None, ROUTE, "DEFAULT VALUE (TOTAL EMISSIONS)", "Description", "Note", "Product  CN\nCode"),
        (None, "(C)", 3.205, "Cold-rolled", "x", 7209),
    ]  # fmt: skip
    answer = import_defaults(workbook({"Sheet1": rows, "_Other Countries and Territorie": OTHER}), tmp_path)
    assert [(r["country"], r["cn_code"], r["total"], r["direct"]) for r in table(tmp_path)[:2]] == [
        ("CN", "7208", "3.187", ""),
        ("CN", "7209", "3.205", ""),
    ]
    assert answer["not_read"]["columns"] == ["Note"]


@pytest.mark.parametrize(
    ("sheet", "iso2"),
    [("Türkiye", "TR"), ("turkiye", "TR"), ("Myanmar_Burma", "MM"), ("Myanmar", "MM"), ("Côte d'Ivoire", "CI"), ("Ivory Coast", "CI"),
     ("Democratic Republic of the Cong", "CD"), ("Congo, Democratic Republic of", "CD"), ("Congo", "CG"), ("Vietnam", "VN"),
     ("Viet Nam", "VN"), ("Russia", "RU"), ("Russian Federation", "RU"), ("South Korea", "KR"), ("Korea, Republic of (South Korea", "KR"),
     ("North Korea", "KP"), ("North Korea (Democratic People’", "KP"), ("Iran", "IR"), ("Iran, Islamic Republic of", "IR"),
     ("Moldova", "MD"), ("Moldova, Republic of", "MD"), ("Tanzania", "TZ"), ("Tanzania, United Republic of", "TZ"), ("Liberia", "LR"),
     ("New Caledonia and dependencies", "NC"), ("Hong Kong", "HK"), ("Taiwan", "TW"), ("United States", "US")],
)  # fmt: skip
def test_names_of_sheets_in_both_states_of_the_act(sheet: str, iso2: str, tmp_path: Path) -> None:
    """Names as the act has them before and after the correction, cut off after 31 characters as Excel does."""
    assert first_row(country(steel(), name=sheet), tmp_path)["country"] == iso2


def test_a_name_can_be_given(tmp_path: Path) -> None:
    answer = import_defaults(workbook(country(steel(), name="Ruritania")), tmp_path, countries={"Ruritania": "XR"})
    assert table(tmp_path)[0]["country"] == "XR"
    assert answer["countries_added"] == ["XR"]


def test_a_row_printed_twice_alike_counts_once(tmp_path: Path) -> None:
    answer = import_defaults(workbook(country(steel(), steel("7208 "))), tmp_path)
    assert (answer["rows"], answer["repeated_rows"]) == (2, 1)


@settings(max_examples=50, deadline=None)
@given(st.decimals(min_value=0, max_value=100, places=3))
def test_what_is_printed_is_what_is_read(value: Any) -> None:
    assert number_of(f"{value}".replace(".", ",")) == number_of(float(value)) == float(value)


# -- what is refused: all at once, with sheet, row and column; nothing is written


@pytest.mark.parametrize(
    ("sheets", "problem", "where"),
    [
        (country(steel("720")), "cbam_defaults_code", "sheet 'China', row 4, column A"),
        (country(steel("7208 36 0")), "cbam_defaults_code", "sheet 'China', row 4, column A"),
        (country(steel(7208.36)), "cbam_defaults_code", "sheet 'China', row 4, column A"),
        (country(steel(None)), "cbam_defaults_code", "sheet 'China', row 4, column A"),
        (country(steel("7602 00 11")), "cbam_defaults_not_annex_i", "sheet 'China', row 4, column A"),
        (country(steel("7601", route=None)), "cbam_defaults_sector", "sheet 'China', row 4, column A"),
        (country(steel(total="3.187.5")), "cbam_defaults_number", "sheet 'China', row 4, column E"),
        (country(steel(total=-1)), "cbam_defaults_number", "sheet 'China', row 4, column E"),
        (country(steel(total=3187)), "cbam_defaults_number", "sheet 'China', row 4, column E"),
        (country(steel(total=True)), "cbam_defaults_number", "sheet 'China', row 4, column E"),
        (country(steel(total="#VALUE!")), "cbam_defaults_number", "sheet 'China', row 4, column E"),
        (country(steel(total="inf")), "cbam_defaults_number", "sheet 'China', row 4, column E"),
        (country(steel(direct=datetime(2026, 3, 1))), "cbam_defaults_number", "sheet 'China', row 4, column C"),
        (country(steel(total="=C4*1")), "cbam_defaults_formula", "sheet 'China', row 4, column E"),
        (country(steel(route="(K)")), "cbam_defaults_route", "sheet 'China', row 4, column I"),
        (country(steel(route="BF-BOF")), "cbam_defaults_route", "sheet 'China', row 4, column I"),
        (country(("Glass",), steel()), "cbam_defaults_banner", "sheet 'China', row 4, column A"),
        (country(steel(), steel(total=3.5, direct=3.5)), "cbam_defaults_duplicate", "sheet 'China', row 5, column A"),
        (country(steel(), labels=FIRST[:-1]), "cbam_defaults_header", "sheet 'China', row 2"),
        (country(steel(), labels=(*FIRST, LABELS[4])), "cbam_defaults_column_twice", "sheet 'China', row 2, column J"),
        (country(steel(), labels=("a", "b")), "cbam_defaults_header", "sheet 'China'"),
        (country(steel(), name="Chima"), "cbam_defaults_country", "sheet 'Chima'"),
        ({**BOTH, "Japan": CHINA}, "cbam_defaults_two_countries", "sheet 'Japan'"),
        ({**BOTH, "China 2": CHINA}, "cbam_defaults_country_twice", "sheet 'China 2'"),
        ({"China": CHINA}, "cbam_defaults_no_other", ""),
        ({"Overview": [("nothing",)]}, "cbam_defaults_no_table", ""),
    ],
)  # fmt: skip
def test_a_problem_has_its_place(sheets: Sheets, problem: str, where: str, tmp_path: Path) -> None:
    assert refused(sheets, tmp_path) == [(problem, where)]


def test_all_problems_at_once(tmp_path: Path) -> None:
    sheets = {**country(steel("720"), steel(total="x", route="(K)"), name="China"), "Chima": CHINA[1:]}
    assert [code for code, _ in refused(sheets, tmp_path)] == [
        "cbam_defaults_code", "cbam_defaults_number", "cbam_defaults_route", "cbam_defaults_country",
    ]  # fmt: skip


def test_an_unknown_country_gets_the_nearest_names(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        import_defaults(workbook(country(steel(), name="Chima")), tmp_path)
    assert "china (CN)" in caught.value.problems[0].values["candidates"]


# -- numbers that cannot all be right where they stand


@pytest.mark.parametrize(
    ("good", "problem"),
    [
        (ALBANIA_AS_PRINTED, "cbam_defaults_shifted"),
        (("2523 21 00", "White Portland cement", 0.14, 1.37, 1.23, 1.507, 1.644, 1.781, None), "cbam_defaults_shifted"),
        (("2523 21 00", "White Portland cement", None, 0.14, 1.37, None, None, None, None), "cbam_defaults_shifted"),
        (("2523 21 00", "White Portland cement", 1.23, 0.14, None, None, None, None, None), "cbam_defaults_shifted"),
        (("2523 21 00", "White Portland cement", 1.23, 0.14, 1.37, 0.14, 1.37, 1.507, None), "cbam_defaults_shifted"),
        (
            ("2523 21 00", "White Portland cement", "see below", 0.14, 1.37, None, None, None, None),
            "cbam_defaults_shifted",
        ),
        (("2523 21 00", "White Portland cement", 1.23, 0.14, 1.40, None, None, None, None), "cbam_defaults_sum"),
    ],
)
def test_shifted_numbers_are_refused_unless_accepted(good: Row, problem: str, tmp_path: Path) -> None:
    sheets = country(good, name="Albania", banner=CEMENT)
    assert refused(sheets, tmp_path) == [(problem, "sheet 'Albania', row 4, column E")]
    answer = import_defaults(workbook(sheets), tmp_path, accept_doubtful=True)
    assert [d["where"] for d in answer["doubtful"]] == ["sheet 'Albania', row 4, column E"]
    assert "25232100" in answer["doubtful"][0]["zh"]
    assert "25232100" in answer["doubtful"][0]["en"]


def test_a_code_outside_annex_i_is_doubtful(tmp_path: Path) -> None:
    """The act itself printed 7615 (household articles) for Tunisia where 7616 was meant."""
    good = ("7615 10 10", "Table articles, cast", 2.1, "N/A", 2.1, 2.31, 2.52, 2.73, "(K)")
    sheets = country(good, name="Tunisia", banner=("Aluminium",))
    assert refused(sheets, tmp_path) == [("cbam_defaults_not_annex_i", "sheet 'Tunisia', row 4, column A")]
    assert import_defaults(workbook(sheets), tmp_path, accept_doubtful=True)["rows"] == 2


def test_the_row_of_albania_counts_as_printed(tmp_path: Path) -> None:
    """Dashes beside numbers in the mark-up columns: the act then sends to "Other countries"."""
    import_defaults(
        workbook(country(ALBANIA_AS_PRINTED, name="Albania", banner=CEMENT)), tmp_path, accept_doubtful=True
    )
    assert table(tmp_path)[0]["total"] == ""


def test_totals_rounded_to_two_decimals_may_miss_their_sum_by_one(tmp_path: Path) -> None:
    """Albania 2808 00 00 as printed: 2.730 + 0.040, total 2.760."""
    good = ("2808 00 00", "Nitric acid", 2.73, 0.04, 2.76, 2.788, 2.788, 2.788, None)
    assert first_row(country(good, name="Albania", banner=("Fertilisers",)), tmp_path)["total"] == "2.760"


def test_mark_ups_that_compound_are_shown_and_not_taken(tmp_path: Path) -> None:
    """The mark-up is computed once, from the total (2025/2621 Annex I, introduction): 1.430 · 1.2 is not the value of 2027."""
    good = ("2523 10 00", "White clinker", 1.26, 0.04, 1.30, 1.43, 1.716, 1.69, "(B)")
    answer = import_defaults(workbook(country(good, banner=CEMENT)), tmp_path)
    assert [(d["year"], d["printed"], d["computed"]) for d in answer["mark_up_columns"]["differing"]] == [
        (2027, 1.716, 1.56)
    ]
    assert table(tmp_path)[0]["total"] == "1.300"


# -- files that are not what they seem


def test_not_a_workbook(tmp_path: Path) -> None:
    for data in (b"", b"PK", b"Product CN Code;Description", zipped({"a.txt": b"x"}), workbook(BOTH)[:2000]):
        with pytest.raises(Malformed) as caught:
            import_defaults(data, tmp_path)
        assert [p.code for p in caught.value.problems] == ["cbam_defaults_unreadable"]


def test_a_small_file_that_unpacks_to_much(tmp_path: Path) -> None:
    """200 MB of blanks pack to 200 kB; nothing is parsed before the sizes are added up."""
    data = zipped({f"xl/worksheets/sheet{i}.xml": bytes(26_000_000) for i in range(8)})
    assert len(data) < 1_000_000
    with pytest.raises(TooLarge) as caught:
        import_defaults(data, tmp_path)
    assert "208.0 MB" in caught.value.problems[0].message("en")


def test_a_large_file(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        import_defaults(bytes(defaults_workbook.MAX_BYTES + 1), tmp_path)


def test_many_parts(tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        import_defaults(zipped({f"{i}.xml": b"" for i in range(defaults_workbook.MAX_PARTS + 1)}), tmp_path)


def test_entities_are_not_expanded(tmp_path: Path) -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'
    with pytest.raises(Malformed, match="DOCTYPE"):
        import_defaults(zipped({"xl/workbook.xml": bomb}), tmp_path)


def test_too_many_rows(tmp_path: Path) -> None:
    rows = [*CHINA, *[("x",)] * defaults_workbook.MAX_ROWS]
    assert refused({"China": rows, "_Other Countries and Territorie": OTHER}, tmp_path) == [
        ("cbam_defaults_rows", "sheet 'China'")
    ]


def zipped(parts: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


# -- writing


def test_a_refused_workbook_leaves_the_table_as_it_was(tmp_path: Path) -> None:
    import_defaults(workbook(BOTH), tmp_path)
    before = (tmp_path / "defaults.csv").read_bytes()
    with pytest.raises(Refused):
        import_defaults(workbook(country(steel(total="x"))), tmp_path)
    assert (tmp_path / "defaults.csv").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["defaults.csv"]


def test_a_table_that_cannot_be_moved_into_place_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "defaults.csv").mkdir()
    with pytest.raises(OSError, match=r"defaults\.csv"):
        import_defaults(workbook(BOTH), tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["defaults.csv"]


@pytest.mark.parametrize("inside", ["background_data", "background_data/cbam", "background_data/cbam/new"])
def test_the_shipped_tables_are_not_written_to(inside: str) -> None:
    with pytest.raises(Refused) as caught:
        import_defaults(workbook(BOTH), PROJECT / inside)
    assert [p.code for p in caught.value.problems] == ["cbam_defaults_shipped_folder"]


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Refused) as caught:
        import_defaults(workbook(BOTH), tmp_path / "file")
    assert [p.code for p in caught.value.problems] == ["cbam_defaults_not_a_folder"]


# -- what changed against the shipped table


def test_what_changed(tmp_path: Path) -> None:
    """China 7208 is 3.187 and other countries' 4.049 in the shipped table, as in the act; 7208 99 99 is no row of it."""
    goods = (steel(direct=3.2, total=3.2), steel("7208 36 00", 3.3, 3.3))
    answer = import_defaults(workbook(country(*goods)), tmp_path)
    changed = [
        (c["country"], c["cn_code"], float(c["old"]["total"]), float(c["new"]["total"])) for c in answer["changed"]
    ]
    assert changed == [("CN", "7208", 3.187, 3.2)]
    assert answer["values_changed"] == 1
    assert answer["unchanged"] == 1
    assert [(a["country"], a["cn_code"], a["total"]) for a in answer["added"]] == [("CN", "72083600", "3.300")]
    assert answer["compared_with"]["rows"] == len(answer["removed"]) + answer["unchanged"] + len(answer["changed"])
    assert answer["countries_added"] == []
    assert {"AL", "TR", "JP"} <= set(answer["countries_removed"])


def test_a_changed_route_is_a_change_too(tmp_path: Path) -> None:
    answer = import_defaults(workbook(country(steel(route="(E)"))), tmp_path)
    assert [(c["old"], c["new"]) for c in answer["changed"]] == [({"route": "C"}, {"route": "E"})]
    assert answer["values_changed"] == 0


# -- the table in use


def test_an_imported_table_is_used_wholly_and_results_say_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shipped = default_values("72083600", "CN")[0]
    data = workbook(country(steel(direct=3.2, total=3.2)))
    digest = import_defaults(data, tmp_path, state="a test")["workbook_sha256"]
    monkeypatch.setenv(IMPORTED, str(tmp_path))
    (used,) = default_values("72083600", "CN")
    assert (shipped.total, used.total, used.route, used.state) == (3.187, 3.2, "C", "a test")
    assert used.read_in == f"workbook-{digest[:12]}"
    said = used.why[-1]
    assert IMPORTED in said["en"]
    assert IMPORTED in said["zh"]
    assert all(IMPORTED not in why["en"] for why in shipped.why)
    # what the table does not have is not taken from the shipped one: Japan is not listed in it
    assert [(v.total, v.table) for v in default_values("72083600", "JP")] == [(4.049, "other")]
    assert default_values("76061191", "CN") == ()
    # Annex IV is not imported, and not said to be
    assert all(IMPORTED not in why["en"] for v in default_values("72083600", None) for why in v.why)


def test_ten_digit_codes_of_the_corrected_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Albania after the correction: a dash for white clinker, so "Other countries" decides; 0.870 for other clinker."""
    white, other = "White clinker", "Other clinker including grey clinker"
    albania = [
        ("Albania",), CORRECTED, ("Cement",),
        ("2523 10 00 10", white, "-", "-", "-", None), ("2523 10 00 90", other, "0,870", "0,000", "0,870", "(A)"),
    ]  # fmt: skip
    others = [
        ("Other countries and territories",), CORRECTED, ("Cement",),
        ("2523 10 00 10", white, "1,290", "0,060", "1,350", "(B)"), ("2523 10 00 90", other, "1,400", "0,050", "1,450", "(A)"),
    ]  # fmt: skip
    data = workbook({"Albania": albania, "_Other Countries and Territorie": others})
    import_defaults(data, tmp_path, state="corrected 2026/1740")
    monkeypatch.setenv(IMPORTED, str(tmp_path))
    assert [(v.total, v.table, v.route) for v in default_values("2523 10 00", "AL")] == [
        (1.35, "other", "B"),
        (0.87, "country", "A"),
    ]
    assert [v.total for v in default_values("2523 10 00 90", "AL")] == [0.87]
    assert [v.total for v in default_values("2523 10 00 10", "AL")] == [1.35]


def test_a_folder_without_the_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(IMPORTED, str(tmp_path))
    with pytest.raises(Malformed, match=r"defaults\.csv"):
        default_values("72083600", "CN")


# -- the whole act


@pytest.mark.skipif(not ACT.is_file(), reason="the transcription of IR (EU) 2025/2621 is not beside this checkout")
def test_the_whole_table_before_its_correction(tmp_path: Path) -> None:
    """118 countries and "Other countries", 11 391 rows; the defects that others found in the printed table, and no others."""
    data = workbook(whole_act(json.loads(ACT.read_text(encoding="utf-8"))))
    with pytest.raises(Refused) as caught:
        import_defaults(data, tmp_path)
    assert Counter(p.code for p in caught.value.problems) == {
        "cbam_defaults_shifted": 1,
        "cbam_defaults_not_annex_i": 4,
    }
    answer = import_defaults(data, tmp_path, state="pre-correction", accept_doubtful=True)
    assert (answer["countries"], answer["rows"], answer["rows_without_value"]) == (118, 11391, 465)
    assert {d["where"].split(",")[0] for d in answer["doubtful"]} == {"sheet 'Albania'", "sheet 'Tunisia'"}
    compounding = {d["where"] for d in answer["mark_up_columns"]["differing"]}
    assert Counter(where.split(",")[0] for where in compounding) == {"sheet 'Angola'": 3, "sheet 'Argentina'": 2}
    assert (answer["values_changed"], answer["added"], answer["removed"]) == (0, [], [])
    # for China the shipped table is the corrected one: no value, but route indicators changed with 2026/1740
    assert {c["country"] for c in answer["changed"]} <= {"CN"}
    assert {"7205", "72251990", "72261980"} <= {c["cn_code"] for c in answer["changed"]}


def whole_act(transcribed: Sequence[Mapping[str, Any]]) -> dict[str, list[Row]]:
    """A workbook as the Commission lays it out, with three kinds of dash and codes with and without blanks."""
    sheets: dict[str, list[Row]] = {"Overview": [("Default values",)], "Version History": [("Version", "Date")]}
    sector = None
    for i, row in enumerate(transcribed):
        country = row["country"]
        name = ("_" + country if country.startswith("Other") else country.replace("/", "_"))[:31]
        if name not in sheets:
            sheets[name] = [(country,), FIRST]
            sector = None
        if row["sector"] != sector:
            sector = row["sector"]
            sheets[name].append((sector, *CEMENT[1:]))
        keys = ("direct", "indirect", "total", "markup_2026", "markup_2027", "markup_2028")
        numbers = [{"DASH": "–-_"[i % 3], "NA": "N/A"}.get(row[key]) or float(row[key]) for key in keys]
        code = row["cn_code"] if i % 2 else int(row["cn_code"].replace(" ", ""))
        sheets[name].append((code, row["description"], *numbers, f"({row['route']})" if row["route"] else "\xa0"))
    return sheets
