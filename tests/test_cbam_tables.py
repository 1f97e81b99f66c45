"""The tables of CBAM law: figures of the acts, and what the tables answer."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from background_fixtures import PROJECT
from hypothesis import given
from hypothesis import strategies as st

from lcaengine.background.tables import table_files
from lcaengine.cbam.tables import (
    PRECURSORS,
    DefaultValue,
    acts_used,
    benchmarks,
    cbam_factor,
    correction_factor,
    default_values,
    good_of,
    goods_under,
    markup,
    normal_cn,
    origin_status,
    pfc_factor,
    price,
    proposed,
    standard_factor,
    tables,
)
from lcaengine.cbam.tables.loading import IMPORTED
from lcaengine.problems import Malformed, Refused

PLACE = PROJECT / "background_data" / "cbam"
GIVEN = PROJECT.parent / "shared" / "data" / "cbam"
ON = date(2026, 6, 30)
FILES = sorted(PLACE.rglob("*.csv"))
WITHOUT_ACT = {"acts", "read_in", "sectors", "headings", "standard_factor_names"}
LEGAL = [path for path in FILES if path.stem not in WITHOUT_ACT]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def one(cn: str, country: str | None) -> DefaultValue:
    (value,) = default_values(cn, country)
    return value


def codes(refused: pytest.ExceptionInfo[Refused]) -> list[str]:
    return [problem.code for problem in refused.value.problems]


# -- the files


@pytest.mark.parametrize("path", LEGAL, ids=lambda p: p.stem)
def test_every_row_names_act_annex_state_and_where_it_was_read(path: Path) -> None:
    rows = read(path)
    assert rows
    acts, publications = tables().acts, tables().read_in
    for row in rows:
        assert row["act"] in acts
        assert row["annex"]
        assert row["state"]
        assert row["read_in"] in publications


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_file_is_taken_for_a_table_of_the_background_and_none_is_large(path: Path) -> None:
    assert path not in set(table_files(PROJECT / "background_data"))
    assert path.stat().st_size < 1024 * 1024


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_no_printed_mark_up_and_no_grid_factor_is_stored(path: Path) -> None:
    header = path.read_text(encoding="utf-8").splitlines()[0].casefold()
    assert ("markup" in header) is (path.stem == "markups")
    for row in read(path):
        # Annexes II and III of 2025/2621 are electricity factors of the IEA, under a non-commercial licence
        assert (row.get("act"), row.get("annex")) not in {("2025/2621", "II"), ("2025/2621", "III")}
        assert "IEA" not in " ".join(row.values())
        assert "/MWh" not in " ".join(row.values())
        assert "/kWh" not in " ".join(row.values())


def test_no_default_and_no_benchmark_is_for_electricity() -> None:
    assert default_values("27160000", "CN") == ()
    assert default_values("27160000", None) == ()
    assert benchmarks("27160000", "B", 2026) == ()


def test_readme_describes_every_file_and_column() -> None:
    text = (PLACE / "README.md").read_text(encoding="utf-8")
    for path in FILES:
        assert (path.name if path.parent == PLACE else "defaults/*.csv") in text
        for column in read(path)[0]:
            assert f"`{column}`" in text, f"{path.name}: {column}"


def test_the_licences_travel() -> None:
    licences = PROJECT / "background_data" / "licences"
    assert "Apache License" in (licences / "LICENSE-opencbam.txt").read_text(encoding="utf-8")
    assert "IA Climate Ops" in (licences / "NOTICE-opencbam.txt").read_text(encoding="utf-8")
    notice = (PROJECT / "NOTICE").read_text(encoding="utf-8")
    assert all(word in notice for word in ("2011/833/EU", "opencbam 0.1.0", "CC BY 4.0", "2026/1740", "MIT"))


def test_transcription_gives_the_same_bytes(tmp_path: Path) -> None:
    if not GIVEN.is_dir():
        pytest.skip("what the tables were transcribed from is not beside the project")
    command = [
        sys.executable, str(PLACE / "transcribe.py"), "--opencbam", str(GIVEN / "opencbam"),
        "--corrected", str(GIVEN / "china_defaults_corrected_2026_1740.csv"), "--template-lists", str(GIVEN),
        "--factors", str(GIVEN / "std_factors_2025_2547.csv"), "--out", str(tmp_path),
    ]  # fmt: skip
    subprocess.run(command, check=True, timeout=60)
    written = sorted(tmp_path.rglob("*.csv"))
    assert len(written) == 12
    for path in written:
        assert path.read_bytes() == (PLACE / path.relative_to(tmp_path)).read_bytes(), path.name


def test_routes_and_precursors_are_the_templates() -> None:
    if not GIVEN.is_dir():
        pytest.skip("the lists of the Commission's template are not beside the project")
    import json

    known = tables()
    by_label = {c.template_label: c for c in known.categories.values()}
    for row in json.loads((GIVEN / "agc_routes_precursors.json").read_text(encoding="utf-8")):
        category = by_label[row["template_label"]]
        assert [r.name_en for r in known.routes[category.category]] == row["routes"]
        assert category.route_relevant is row["route_relevant"]
        if category.category != "electricity":  # never a question of indirect emissions
            assert category.annex_ii is not row["indirect_counts_in_law"]
        labels = {c.template_label.strip(): c.category for c in known.categories.values()}
        listed = {p.precursor for p in known.precursors.get(category.category, ()) if p.basis == "template"}
        assert listed == {labels[name] for name in row["precursors_in_template"]}


def test_default_values_load_fast() -> None:
    code = "import time; from lcaengine.cbam.tables import tables; t = time.perf_counter(); tables().defaults; print(time.perf_counter() - t)"
    seconds = min(float(subprocess.check_output([sys.executable, "-c", code], timeout=60)) for _ in range(3))
    assert seconds < 0.3


# -- codes and goods


@pytest.mark.parametrize("text", ["72083600", "7208 36 00", "7208.36.00", " 7208 3600 ", "7208\t36 00"])
def test_forms_of_a_code(text: str) -> None:
    assert normal_cn(text) == "72083600"


@pytest.mark.parametrize(
    "text", ["", "720", "72083", "7208360", "720836000", "72083600000", "7208 36 0x", "ex 7208", "７２０８"]
)
def test_no_code(text: str) -> None:
    with pytest.raises(Refused) as refused:
        normal_cn(text)
    assert codes(refused) == ["cbam_cn_code_form"]
    assert "73181595" in refused.value.problems[0].next_action("zh")


@given(st.text(max_size=14))
def test_any_text_is_a_code_or_refused(text: str) -> None:
    try:
        code = normal_cn(text)
    except Refused:
        return
    assert code.isascii()
    assert code.isdigit()
    assert len(code) in {4, 6, 8, 10}


def test_569_goods_and_the_three_codes_of_solid_and_dissolved_urea() -> None:
    states = Counter(good.state for good in tables().goods.values())
    assert states == {"in force": 569, "derived": 3}
    urea = [code for code, good in tables().goods.items() if good.category == "urea"]
    assert sorted(urea) == ["31021010", "31021012", "31021015", "31021019", "31021090"]


# Regulation (EU) 2023/956 Annex I and IR (EU) 2025/2547 Annex I Table 1; specification 2.1
@pytest.mark.parametrize(
    ("cn", "category", "gases"),
    [
        ("25070080", "calcined_clay", ("CO2",)),
        ("25231000", "cement_clinker", ("CO2",)),
        ("25232900", "cement", ("CO2",)),
        ("25233000", "aluminous_cement", ("CO2",)),
        ("28080000", "nitric_acid", ("CO2", "N2O")),
        ("28141000", "ammonia", ("CO2",)),
        ("31021090", "urea", ("CO2",)),
        ("28342100", "mixed_fertilisers", ("CO2", "N2O")),
        ("31052010", "mixed_fertilisers", ("CO2", "N2O")),
        ("26011200", "sintered_ore", ("CO2",)),
        ("72011011", "pig_iron", ("CO2",)),
        ("72021120", "alloys", ("CO2",)),
        ("72024110", "alloys", ("CO2",)),
        ("72026000", "alloys", ("CO2",)),
        ("72031000", "direct_reduced_iron", ("CO2",)),
        ("72189911", "crude_steel", ("CO2",)),
        ("72139120", "iron_or_steel_products", ("CO2",)),
        ("73181595", "iron_or_steel_products", ("CO2",)),
        ("73269098", "iron_or_steel_products", ("CO2",)),
        ("76011010", "unwrought_aluminium", ("CO2", "PFC")),
        ("76129080", "aluminium_products", ("CO2", "PFC")),
        ("28041000", "hydrogen", ("CO2",)),
        ("27160000", "electricity", ("CO2",)),
    ],
)
def test_category_and_gases_of_a_good(cn: str, category: str, gases: tuple[str, ...]) -> None:
    good = good_of(cn, ON)
    assert good is not None
    assert (good.category, good.gases) == (category, gases)
    assert good_of(cn + "10", ON) == good  # a TARIC code by its first eight digits


@pytest.mark.parametrize(
    "prefix",
    [
        "7602",
        "7615",
        "7204",
        "72022",
        "720230",
        "720250",
        "720270",
        "720280",
        "72029",
        "310560",
        "7312",
        "2203",
        "8418",
        "4011",
    ],
)
def test_not_in_annex_i(prefix: str) -> None:
    assert not [code for code in tables().goods if code.startswith(prefix)]


def test_kaolinic_clay_only_when_calcined() -> None:
    conditional = {code: good.ex for code, good in tables().goods.items() if good.ex}
    assert list(conditional) == ["25070080"]
    assert "calcined" in conditional["25070080"]


def test_granules_of_7205_are_steel_or_pig_iron() -> None:
    granules = good_of("72051000", ON)
    assert granules is not None
    assert (granules.category, granules.also_category) == ("iron_or_steel_products", "pig_iron")
    assert [good.cn_code for good in tables().goods.values() if good.also_category] == ["72051000"]


def test_goods_under_a_heading() -> None:
    assert {good.cn_code for good in goods_under("7202", ON)} == {
        "72021120", "72021180", "72021900", "72024110", "72024190", "72024910", "72024950", "72024990", "72026000",
    }  # fmt: skip
    assert goods_under("7615", ON) == ()
    assert goods_under("73181595", ON) == (good_of("73181595", ON),)


def test_nothing_is_listed_before_the_definitive_period() -> None:
    assert good_of("72083600", date(2025, 12, 31)) is None
    assert good_of("72083600", date(2026, 1, 1)) is not None


def test_every_name_that_a_row_uses_is_defined() -> None:
    known = tables()
    for good in known.goods.values():
        assert {good.category, good.also_category or good.category} <= known.categories.keys()
        assert good.sector == known.categories[good.category].sector
        assert good.cn_code[:4] in known.headings
    for category in known.categories.values():
        assert category.sector in known.sectors
        assert known.routes[category.category]
        assert {p.precursor for p in known.precursors.get(category.category, ())} <= known.categories.keys()
    assert {good.category for good in known.goods.values()} == known.categories.keys()
    assert known.defaults.keys() - {"other"} == {c.iso2 for c in known.countries.values() if c.status == "listed"}


def test_every_category_of_the_law_in_two_languages() -> None:
    units = {c.category: c.functional_unit for c in tables().categories.values()}
    assert len(units) == 18
    assert {c for c, unit in units.items() if unit == "t_clinker"} == {"cement", "cement_clinker"}
    assert {c for c, unit in units.items() if unit == "kg_n"} == {"ammonia", "nitric_acid", "urea", "mixed_fertilisers"}
    assert units["electricity"] == "MWh"
    shared = {c.category for c in tables().categories.values() if c.multifunctional}
    assert shared == {"crude_steel", "iron_or_steel_products", "unwrought_aluminium", "aluminium_products"}
    direct = {c.category for c in tables().categories.values() if c.annex_ii}
    assert "sintered_ore" not in direct
    assert {"pig_iron", "alloys", "unwrought_aluminium", "hydrogen", "electricity"} <= direct
    assert tables().categories["calcined_clay"].template_label == "Calcined clays "


def test_precursors_of_the_law_go_beyond_the_template() -> None:
    steel = tables().precursors["iron_or_steel_products"]
    assert {p.precursor for p in steel if p.basis == "template"} == {"crude_steel"}
    assert {p.precursor for p in steel if p.basis == "law"} == {
        "crude_steel", "iron_or_steel_products", "pig_iron", "direct_reduced_iron", "alloys",
    }  # fmt: skip


# -- the proposal COM(2025) 989


# specification 9
@pytest.mark.parametrize(
    "cn",
    [
        "84501110",
        "84501200",
        "84501900",
        "84512100",
        "84181020",
        "84189990",
        "73239400",
        "73121020",
        "73259910",
        "85013200",
        "85444920",
        "87087010",
        "87088020",
        "94031051",
        "94032080",
        "83099090",
    ],
)
def test_proposed(cn: str) -> None:
    row = proposed(cn)
    assert row is not None
    assert (row.act, row.state, row.proposed_from) == ("COM(2025) 989", "proposal", date(2028, 1, 1))


@pytest.mark.parametrize(
    "cn",
    [
        "84182110",
        "84183020",
        "84184020",
        "84151010",
        "84221100",
        "84146000",
        "85094000",
        "85161011",
        "22030001",
        "40111000",
        "40121100",
        "76151010",
        "72083600",
    ],
)
def test_not_proposed(cn: str) -> None:
    assert proposed(cn) is None


def test_scrap_is_proposed_as_a_precursor() -> None:
    rows = [row.cn_code for row in tables().downstream.values() if row.table == PRECURSORS]
    assert rows == ["7204", "7602"]
    assert len(tables().downstream) == 7 + 107 + 2
    closure = proposed("83099090")
    assert closure is not None
    assert closure.ex


# -- default values


# specification 6: China, t CO2e/t
@pytest.mark.parametrize(
    ("cn", "total"),
    [
        ("7201", 1.66), ("7208", 3.187), ("72083600", 3.187), ("7208360010", 3.187), ("7209", 3.205), ("7210", 3.205),
        ("7213", 3.169), ("7310", 4.312), ("7318 15", 6.375), ("73181595", 6.375), ("731816", 5.045), ("73182200", 4.555),
        ("73269098", 3.076), ("76011010", 3.0), ("7604 10 10", 4.881), ("7605", 4.881), ("7606", 4.12), ("7607", 5.559),
        ("76129080", 5.559), ("28041000", 26.64), ("26011200", 0.26), ("25232100", 1.39), ("25232900", 1.42),
        ("25233000", 2.18), ("28080000", 3.08), ("28141000", 4.36), ("31021019", 2.85),
    ],
)  # fmt: skip
def test_default_value_of_china(cn: str, total: float) -> None:
    value = one(cn, "CN")
    assert (value.total, value.table, value.country) == (total, "country", "CN")


def test_sinter_keeps_its_two_parts() -> None:
    value = one("26011200", "CN")
    assert (value.direct, value.indirect) == (0.2, 0.06)


# specification 6: other countries and territories
@pytest.mark.parametrize(
    ("cn", "total"),
    [
        ("7208", 4.049), ("7301", 4.063), ("730419", 3.981), ("7305", 4.06), ("7308", 5.064), ("7310", 4.228), ("731815", 4.801),
        ("731816", 4.693), ("73182200", 4.322), ("73269098", 4.151), ("7601", 2.203), ("28041000", 17.74),
    ],
)  # fmt: skip
def test_default_value_of_other_countries(cn: str, total: float) -> None:
    value = one(cn, "XK")
    assert (value.total, value.table, value.country) == (total, "other", "other")
    assert any("XK is not listed" in reason for reason in value.looked_up)
    assert one(cn, "other").total == total


def test_a_dash_means_other_countries_with_the_reason() -> None:
    value = one("28141000", "AL")
    assert value.table == "other"
    assert "Albania, 28141000" in value.looked_up[0]
    assert "no value" in value.looked_up[0]
    assert "无数值" in value.why[0]["zh"]


def test_a_missing_row_means_other_countries_with_the_reason() -> None:
    value = one("72031000", "CN")  # China has no 7203
    assert value.table == "other"
    assert value.looked_up[0] == "the table of China has no row for 72031000"


def test_a_heading_stands_for_its_codes() -> None:
    assert one("72083600", "CN").cn_code == "7208"
    assert one("7208360010", "CN").cn_code == "7208"
    assert one("73181595", "CN").cn_code == "731815"
    assert one("76109010", "CN").cn_code == "76109010"  # the heading 7610 90 has a row too: the longest decides


def test_grey_and_white_are_both_returned() -> None:
    clinker = default_values("25231000", "CN")
    assert {(v.description, v.total, v.route) for v in clinker} == {
        ("White clinker", 1.3, "B"),
        ("Grey clinker", 1.39, "A"),
    }
    assert [v.total for v in default_values("2523100010", "CN")] == [1.3]  # ten digits choose
    assert [v.total for v in default_values("2523100090", "CN")] == [1.39]


def test_the_published_cross_checks() -> None:
    """Specification 8.4: 100 t Turkish 7207 11 11 are 254.100 - 132.990 in 2026, Algerian grey clinker 1.28 and 0.666."""
    assert one("72071111", "TR").total * 1.1 * 100 == pytest.approx(254.1)
    route = one("72071111", "TR").route
    (benchmark,) = (row for row in benchmarks("72071111", "B", 2026) if row.route == route)
    assert benchmark.value * cbam_factor(2026) * 100 == pytest.approx(132.99)
    (clinker,) = (row for row in benchmarks("25231000", "B", 2026) if row.route == "A")
    assert clinker.value == 0.666


def test_each_colour_without_value_takes_its_own_row_of_other_countries() -> None:
    algeria = {v.description: v for v in default_values("25231000", "DZ")}
    assert (algeria["Grey clinker"].total, algeria["Grey clinker"].route, algeria["Grey clinker"].table) == (
        1.28,
        "A",
        "country",
    )
    albania = {v.description: v.table for v in default_values("25231000", "AL")}
    assert albania == {"White clinker": "other", "Grey clinker": "country"}


def test_rows_that_share_their_key_are_told_apart_by_description() -> None:
    turkey = {v.description: v for v in default_values("25231000", "TR")}
    assert set(turkey) == {"White clinker", "Grey clinker"}
    assert all(v.table == "other" for v in turkey.values())
    twice = Counter(
        (d.country, d.cn_code) for rows in tables().defects.values() for d in rows if d.kind == "same_key_twice"
    )
    assert len(twice) == 13
    assert set(twice.values()) == {2}


def test_shifted_numbers_of_albania_are_no_value() -> None:
    value = one("25232100", "AL")
    assert value.table == "other"
    assert value.total == one("25232100", "other").total
    assert any("marked-up columns" in reason for reason in value.looked_up)


def test_a_route_that_was_not_read_is_said() -> None:
    value = one("72271000", "IN")
    assert value.route is None
    assert any("route must be found out" in reason for reason in value.looked_up)
    assert one("7227", "CN").route == "C/F"  # corrected state


def test_unknown_origin_is_annex_iv() -> None:
    for country in (None, "unknown"):
        value = one("72083600", country)
        assert (value.table, value.annex) == ("highest", "IV")
    assert {v.total for v in default_values("25231000", None)} == {1.41, 1.44}
    highest = one("76011010", None).total
    assert highest >= max(row.total or 0 for codes in tables().defaults.values() for row in codes.get("7601", ()))


def test_the_code_that_was_divided_gives_all_its_parts() -> None:
    assert [v.cn_code for v in default_values("31021010", "CN")] == ["31021012", "31021015", "31021019"]
    assert len({b.cn_code for b in benchmarks("31021010", "B", 2026)}) == 3


def test_state_says_whether_a_row_is_corrected() -> None:
    assert one("72083600", "CN").state == "corrected 2026/1740"
    assert one("72083600", "IN").state == "pre-correction"
    assert one("28080000", "CN").state == "pre-correction"
    rows = [row for codes in tables().defaults.values() for found in codes.values() for row in found]
    assert Counter(row.state for row in rows) == {"pre-correction": 11391 - 224, "corrected 2026/1740": 224}
    assert {row.country for row in rows if row.state != "pre-correction"} == {"CN"}


# routes that 2026/1740 changed for China; specification 6
@pytest.mark.parametrize(
    ("cn", "route"),
    [("7205", "C/F"), ("72251990", "C"), ("72261980", "C"), ("73063018", "C"), ("73181210", None), ("73181410", None)],
)
def test_corrected_routes_of_china(cn: str, route: str | None) -> None:
    assert one(cn, "CN").route == route


def test_the_total_is_never_the_marked_up_value() -> None:
    """A total is its two parts where both are printed, to what rounding each figure leaves."""
    for codes_of in tables().defaults.values():
        for row in (row for found in codes_of.values() for row in found):
            if row.total is not None and row.direct is not None:
                assert row.total == pytest.approx(row.direct + (row.indirect or 0.0), abs=0.0105)


@pytest.mark.parametrize("country", ["DE", "de", "EL", "NO", "CH", "buesingen", "Ceuta"])
def test_goods_of_the_eu_and_exempt_origins_have_no_default(country: str) -> None:
    with pytest.raises(Refused) as refused:
        default_values("72083600", country)
    assert codes(refused) == ["cbam_origin_exempt"]


def test_status_of_an_origin() -> None:
    assert [origin_status(c) for c in ("CN", "cn", "UK", "FR", "IS", "melilla", "XK", None, "unknown")] == [
        "listed", "listed", "listed", "eu", "exempt", "exempt", "other", "unknown", "unknown",
    ]  # fmt: skip
    assert Counter(c.status for c in tables().countries.values()) == {"listed": 118, "exempt": 9, "eu": 27}


@pytest.mark.parametrize("country", ["China", "C1", "C", "", "中国"])
def test_no_country(country: str) -> None:
    with pytest.raises(Refused) as refused:
        default_values("72083600", country)
    assert codes(refused) == ["cbam_country_form"]


def goods_of_the_tables() -> Iterator[str]:
    return (code for code in tables().goods if code != "27160000")


@pytest.mark.parametrize("country", ["CN", "AL", "XK", None])
def test_every_good_but_electricity_has_a_default_value(country: str | None) -> None:
    assert [code for code in goods_of_the_tables() if not default_values(code, country)] == []


def test_default_values_of_a_user_take_the_place_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = "country,cn_code,description,direct,indirect,total,route,sector,act,annex,state,read_in\n"
    row = "CN,7208,Sheet,,,1.5,C,iron_and_steel,2025/2621,I,corrected 2026/1740,workbook-x\n"
    (tmp_path / "defaults.csv").write_text(header + row, encoding="utf-8")
    monkeypatch.setenv(IMPORTED, str(tmp_path))
    value = one("72083600", "CN")
    assert (value.total, value.read_in) == (1.5, "workbook-x")
    assert default_values("7601", "CN") == ()  # wholly, not row by row
    monkeypatch.setenv(IMPORTED, str(tmp_path / "none"))
    with pytest.raises(Malformed):
        default_values("72083600", "CN")


# -- mark-up, factors, benchmarks, prices


# IR (EU) 2025/2621 Annex I, introduction
@pytest.mark.parametrize(
    ("sector", "year", "share"),
    [
        ("iron_and_steel", 2026, 0.1), ("cement", 2027, 0.2), ("aluminium", 2028, 0.3), ("hydrogen", 2034, 0.3),
        ("fertilisers", 2026, 0.01), ("fertilisers", 2030, 0.01),
    ],
)  # fmt: skip
def test_markup(sector: str, year: int, share: float) -> None:
    assert markup(sector, year) == share


@pytest.mark.parametrize(("sector", "year"), [("cement", 2025), ("electricity", 2026), ("steel", 2026)])
def test_no_markup(sector: str, year: int) -> None:
    with pytest.raises(Refused) as refused:
        markup(sector, year)
    assert codes(refused) == ["cbam_no_markup"]


def test_cbam_factor_of_the_law_and_of_the_proposal() -> None:
    law = [cbam_factor(year) for year in range(2026, 2036)]
    assert law == [0.975, 0.95, 0.9, 0.775, 0.515, 0.39, 0.265, 0.14, 0, 0]
    plan = [cbam_factor(year, "proposal") for year in range(2026, 2040)]
    assert plan == [0.975, 0.95, 0.915, 0.81, 0.59, 0.48, 0.375, 0.27, 0.15, 0.15, 0.15, 0.15, 0, 0]
    for year, basis in ((2025, "law"), (2026, "hope")):
        with pytest.raises(Refused):
            cbam_factor(year, basis)


def test_correction_factor_is_known_for_2026_only() -> None:
    assert (correction_factor(2026).value, correction_factor(2026).assumed) == (1.0, False)
    assert (correction_factor(2027).value, correction_factor(2027).assumed) == (1.0, True)


# specification 8.1, column A | column B by route
@pytest.mark.parametrize(
    ("cn", "a", "b"),
    [
        ("72083600", 0.044, {"C": 1.37, "D": 0.481, "E": 0.072}),
        ("72091500", 0.079, {"C": 1.458, "D": 0.533, "E": 0.108}),
        ("72101100", 0.112, {"C": 1.491, "D": 0.567, "E": 0.141}),
        ("73102111", 0.112, {"C": 1.491, "D": 0.567, "E": 0.141}),
        ("73269098", 0.112, {"C": 1.491, "D": 0.567, "E": 0.141}),
        ("72139120", 0.038, {"C": 1.364, "D": 0.475, "E": 0.066}),
        ("73181595", 0.038, {"C": 1.364, "D": 0.475, "E": 0.066}),
        ("73181535", 0.038, {None: 1.154}),
        ("72172010", 0.071, {"C": 1.397, "D": 0.508, "E": 0.099}),
        ("72193100", 0.109, {None: 1.27}),
        ("76061191", 0.056, {"K": 1.485, "L": 0.148}),
        ("76041090", 0.060, {"K": 1.493, "L": 0.152}),
        ("76071111", 0.166, {"K": 1.599, "L": 0.258}),
        ("76129080", 0.166, {"K": 1.594, "L": 0.258}),
        ("76169910", 0.046, {"K": 1.506, "L": 0.14}),
        ("76169990", 0.056, {"K": 1.485, "L": 0.148}),
        ("28041000", 5.089, {None: 5.089}),
        ("25232900", 0.0, {None: 0.666}),
    ],
)
def test_benchmarks_of_2026(cn: str, a: float, b: dict[str | None, float]) -> None:
    assert [row.value for row in benchmarks(cn, "A", 2026)] == [a]
    assert {row.route: row.value for row in benchmarks(cn, "B", 2026)} == b


def test_primary_and_secondary_aluminium_in_both_columns() -> None:
    for column in "AB":
        assert {row.route: row.value for row in benchmarks("76011010", column, 2027)} == {"K": 1.423, "L": 0.091}


def test_years_of_a_benchmark() -> None:
    by_year = {
        year: [row.value for row in benchmarks("7219 31 00", "B", year)]
        for year in (2025, 2026, 2027, 2028, 2030, 2031)
    }
    assert by_year == {2025: [], 2026: [1.27], 2027: [1.27], 2028: [1.23], 2030: [1.23], 2031: []}


def test_570_codes_have_benchmarks() -> None:
    assert len(tables().benchmarks) == 570
    assert [code for code in goods_of_the_tables() if not benchmarks(code, "B", 2026)] == []
    assert len({row.cn_code for row in benchmarks("7601", "A", 2026)}) == 5
    assert benchmarks("99999999", "A", 2026) == ()


def test_only_official_prices_are_official() -> None:
    official = {p.period: (p.price_eur, p.published) for p in tables().prices.values() if p.status == "official"}
    assert official == {"2026-Q1": (75.36, date(2026, 4, 7)), "2026-Q2": (75.28, date(2026, 7, 6))}
    third = price("2026-q3")
    assert third is not None
    assert third.status == "unverified"
    assert price("2026-Q4") is None


# IR (EU) 2025/2547 Annex II
@pytest.mark.parametrize(
    ("identifier", "factor", "unit", "ncv", "carbon"),
    [
        ("natural_gas", 56.1, "t CO2/TJ", 48.0, None), ("other_bituminous_coal", 94.6, "t CO2/TJ", 25.8, None),
        ("anthracite", 98.3, "t CO2/TJ", 26.7, None), ("coke_oven_coke_and_lignite_coke", 107.0, "t CO2/TJ", 28.2, None),
        ("gas_diesel_oil", 74.1, "t CO2/TJ", 43.0, None), ("residual_fuel_oil", 77.4, "t CO2/TJ", 40.4, None),
        ("caco3", 0.44, "t CO2/t", None, None), ("eaf_carbon_electrodes", 3.0, "t CO2/t", None, 0.8188),
        ("pig_iron", 0.15, "t CO2/t", None, 0.0409), ("steel_steel_scrap", 0.04, "t CO2/t", None, 0.0109),
        ("gwp_n2o", 265, "t CO2e/t", None, None), ("gwp_cf4", 6630, "t CO2e/t", None, None), ("gwp_c2f6", 11100, "t CO2e/t", None, None),
        ("petroleum_coke", 97.5, "t CO2/TJ", 32.5, None), ("petroleum_coke_material", 3.19, "t CO2/t", None, 0.8706),
        ("waste_tyres", 85.0, "t CO2/TJ", None, None),
    ],
)  # fmt: skip
def test_standard_factor(identifier: str, factor: float, unit: str, ncv: float | None, carbon: float | None) -> None:
    row = standard_factor(identifier)
    assert (row.emission_factor, row.emission_factor_unit, row.ncv, row.carbon_content) == (factor, unit, ncv, carbon)
    assert row.ncv_unit == ("GJ/t" if ncv else "")


def test_unknown_standard_factor_names_the_nearest() -> None:
    with pytest.raises(Refused) as refused:
        standard_factor("natural gas")
    assert codes(refused) == ["cbam_standard_factor"]
    assert "natural_gas" in refused.value.problems[0].next_action("en")


def test_pfc_factors_by_technology() -> None:
    assert pfc_factor("slope", "sef_cf4", "CWPB") == 0.143
    assert pfc_factor("slope", "f_c2f6", "PFPB L") == 0.097
    assert pfc_factor("overvoltage", "ovc", "SWPB") == 3.65
    assert pfc_factor("overvoltage", "f_c2f6", "SWPB") == 0.252
    assert pfc_factor("slope", "sef_cf4", "PFPB MW") == 0.143  # no default: CWPB
    assert pfc_factor("overvoltage", "ovc", "VSS") is None
    assert pfc_factor("slope", "sef_cf4", None) is None


# -- acts


def test_acts_say_whether_they_are_law() -> None:
    shown = acts_used("2025/2621", "COM(2025) 989", "2025/2621")
    assert [act["id"] for act in shown] == ["2025/2621", "COM(2025) 989"]
    assert shown[0]["dated"] == "2025-12-16"
    assert [act["status"] for act in shown] == ["in force", "proposal"]
    assert set(shown[0]["title"]) == {"zh", "en"}
    with pytest.raises(KeyError):
        acts_used("2025/3089")  # a number that circulates and is no act
    assert {a.status for a in tables().acts.values()} == {"in force", "draft", "proposal"}
    assert {a.text_read for a in tables().acts.values()} <= {"yes", "no", "second-hand"}


def test_the_tables_are_read_once() -> None:
    assert os.environ.get(IMPORTED) is None
    assert tables() is tables()
    start = time.perf_counter()
    for _ in range(1000):
        default_values("73181595", "CN")
    assert time.perf_counter() - start < 1.0
