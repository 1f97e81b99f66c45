"""Screening: the golden values are those of Regulation (EU) 2023/956, Annex I, and of the proposal COM(2025) 989."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from boms import REMOVE, as_bytes, canned
from hypothesis import given, settings
from hypothesis import strategies as st

from lcaengine.bom import Bom, bom_of, read_bom, read_plant
from lcaengine.cbam.screening import screen
from lcaengine.cbam.tables import loading
from lcaengine.data import folder
from lcaengine.problems import Refused
from lcaengine.units import Quantity

Json = dict[str, Any]
TODAY = date(2026, 11, 28)
INVENTORIES = sorted(
    p for p in folder("inventories").rglob("*.json") if {"product", "products"} & set(json.loads(p.read_bytes()))
)


def bom(code: str | None = None, country: str = "CN", **lines: str | None) -> Bom:
    """A product with a customs code, and lines ``id=cn_code``."""
    rows = [
        {"id": name, "amount": 1, "unit": "kg", **({"cn_code": given} if given is not None else {})}
        for name, given in lines.items()
    ]
    changes: Json = {"/lines": rows, "/site": {"country": country}}
    return bom_of(canned(changes | ({"/product/hs_code": code} if code is not None else {})))


def product(code: str, on: date = TODAY) -> Json:
    return screen(bom(code), on)["product"]


def codes_of(body: Json) -> list[str]:
    return [reason["code"] for reason in body["reasons"]]


def steps_of(body: Json) -> list[str]:
    return [step["id"] for step in body["next_steps"]]


def worked(name: str) -> list[Bom]:
    return [bom_of(document) for document in read_plant((folder("inventories") / name).read_bytes())]


def problems_of(document: Json, on: date = TODAY, mass: Quantity | None = None) -> dict[str, str]:
    with pytest.raises(Refused) as refused:
        screen(bom_of(document), on, mass)
    for problem in refused.value.problems:
        for language in ("zh", "en"):
            assert "{" not in problem.message(language) + problem.next_action(language)
    return {problem.where: problem.code for problem in refused.value.problems}


# -- golden: goods of the users


@pytest.mark.parametrize(
    ("code", "today", "proposal"),
    [
        ("220300", "out", "no"),
        ("2203 00 01", "out", "no"),
        ("76121000", "in", "already_in"),
        ("761290", "in", "already_in"),
        ("76129080", "in", "already_in"),
        ("731010", "in", "already_in"),
        ("7310 21", "in", "already_in"),
        ("7310.29.90", "in", "already_in"),
        ("841821", "out", "no"),
        ("841830", "out", "no"),
        ("841840", "out", "no"),
        ("841510", "out", "no"),
        ("842211", "out", "no"),
        ("841430", "out", "no"),
        ("850940", "out", "no"),
        ("851650", "out", "no"),
        ("761510", "out", "no"),
        ("401110", "out", "no"),
        ("401120", "out", "no"),
        ("401212", "out", "no"),
        ("841810", "out", "proposed"),
        ("84181020", "out", "proposed"),
        ("845011", "out", "proposed"),
        ("84501190", "out", "proposed"),
        ("845012", "out", "proposed"),
        ("84501200", "out", "proposed"),
        ("845019", "out", "proposed"),
        ("845121", "out", "proposed"),
        ("84512100", "out", "proposed"),
        ("845020", "out", "no"),
        ("84189990", "out", "proposed_if"),
        ("841899", "out", "depends"),
        ("73239400", "out", "proposed"),
        ("73239900", "out", "proposed"),
        ("731210", "out", "proposed"),
        ("73121061", "out", "proposed"),
        ("732599", "out", "proposed"),
        ("85013200", "out", "proposed"),
        ("85015381", "out", "proposed"),
        ("850153", "out", "depends"),
        ("85444920", "out", "proposed_if"),
        ("854449", "out", "depends"),
        ("870870", "out", "proposed"),
        ("870880", "out", "proposed"),
        ("940310", "out", "proposed"),
        ("940320", "out", "proposed_if"),
        ("83099090", "out", "proposed_if"),
        ("830990", "out", "depends"),
        ("87042139", "out", "excluded"),
        ("87042110", "out", "proposed"),
        ("870421", "out", "depends"),
        ("720449", "out", "precursor_only"),
        ("76020011", "out", "precursor_only"),
        ("731815", "in", "already_in"),
        ("73181595", "in", "already_in"),
        ("73269098", "in", "already_in"),
        ("761699", "in", "already_in"),
        ("760611", "in", "already_in"),
        ("760711", "in", "already_in"),
        ("72139120", "in", "already_in"),
    ],
)
def test_what_of_the_users_goods_is_in_or_out(code: str, today: str, proposal: str) -> None:
    shown = product(code)
    assert (shown["annex_i"]["status"], shown["proposal"]["status"]) == (today, proposal)
    assert shown["proposal"]["law"] is False


@pytest.mark.parametrize(
    ("code", "sector", "category", "gases", "emissions"),
    [
        ("25231000", "cement", "cement_clinker", ["CO2"], "direct_and_indirect"),
        ("25232900", "cement", "cement", ["CO2"], "direct_and_indirect"),
        ("25233000", "cement", "aluminous_cement", ["CO2"], "direct_and_indirect"),
        ("280800", "fertilisers", "nitric_acid", ["CO2", "N2O"], "direct_and_indirect"),
        ("281410", "fertilisers", "ammonia", ["CO2"], "direct_and_indirect"),
        ("310210", "fertilisers", "urea", ["CO2"], "direct_and_indirect"),
        ("31052010", "fertilisers", "mixed_fertilisers", ["CO2", "N2O"], "direct_and_indirect"),
        ("26011200", "iron_and_steel", "sintered_ore", ["CO2"], "direct_and_indirect"),
        ("720110", "iron_and_steel", "pig_iron", ["CO2"], "direct"),
        ("720241", "iron_and_steel", "alloys", ["CO2"], "direct"),
        ("720310", "iron_and_steel", "direct_reduced_iron", ["CO2"], "direct"),
        ("72071111", "iron_and_steel", "crude_steel", ["CO2"], "direct"),
        ("731815", "iron_and_steel", "iron_or_steel_products", ["CO2"], "direct"),
        ("760110", "aluminium", "unwrought_aluminium", ["CO2", "PFC"], "direct"),
        ("761290", "aluminium", "aluminium_products", ["CO2", "PFC"], "direct"),
        ("280410", "hydrogen", "hydrogen", ["CO2"], "direct"),
        ("271600", "electricity", "electricity", ["CO2"], "direct"),
    ],
)
def test_annex_i_by_category(code: str, sector: str, category: str, gases: list[str], emissions: str) -> None:
    found = product(code)["annex_i"]
    assert (found["status"], found["sector"]["id"], found["categories"]) == ("in", sector, [category])
    assert (found["gases"], found["emissions"]["id"]) == (gases, emissions)
    assert (found["act"], found["annex"], found["state"]) == ("2023/956", "I", "in force")


@pytest.mark.parametrize(
    "code",
    [
        "720221",
        "720230",
        "720250",
        "720270",
        "720280",
        "720291",
        "720292",
        "720293",
        "72029930",
        "720410",
        "760200",
        "310560",
        "761510",
    ],
)
def test_what_annex_i_leaves_out(code: str) -> None:
    assert product(code)["annex_i"] == {"status": "out", "label": {"zh": "不在附件一", "en": "not in Annex I"}}


def test_granules_may_be_pig_iron() -> None:
    assert product("720510")["annex_i"]["categories"] == ["iron_or_steel_products", "pig_iron"]


def test_a_sub_heading_with_one_listed_code_depends_on_the_eight_digits() -> None:
    found = product("250700")["annex_i"]
    assert found["status"] == "depends"
    assert [good["cn_code"] for good in found["goods"]] == ["25070080"]
    body = screen(bom("250700"), TODAY)
    assert (body["obligation_today"], codes_of(body)) == ("depends", ["code_too_short"])
    assert "2507 00 80" in body["answer"]["zh"]
    assert "cn_code_8" in steps_of(body)


def test_a_condition_of_annex_i_is_shown_and_not_decided() -> None:
    body = screen(bom("25070080"), TODAY)
    assert body["product"]["annex_i"]["status"] == "in_if"
    assert "calcined" in body["product"]["annex_i"]["goods"][0]["condition"]["en"]
    assert (body["obligation_today"], codes_of(body)) == ("depends", ["ex_condition"])
    assert "condition" in steps_of(body)


def test_a_heading_of_four_digits_is_never_taken_for_its_goods() -> None:
    found = product("7318")["annex_i"]
    assert (found["status"], len(found["goods"])) == ("depends", 31)
    assert "and 25 more" in screen(bom("7318"), TODAY)["answer"]["en"]


def test_the_proposal_shows_its_rows() -> None:
    rows = product("870421")["proposal"]["rows"]
    assert [(row["cn_code"], row["excludes"]) for row in rows] == [("870421", ["87042139", "87042199"])]
    row = product("84189990")["proposal"]["rows"][0]
    assert (row["ex"], row["proposed_from"], row["state"]) == (True, "2028-01-01", "proposal")
    assert "containing steel or aluminium" in row["description"]["en"]
    assert "制冷" in row["description"]["zh"] or "冰箱" in row["description"]["zh"]


def test_a_code_in_neither_table_says_that_nothing_else_is_known() -> None:
    assert product("220300")["listed_nowhere"]["en"].startswith("Our tables hold Annex I")
    assert product("845011")["listed_nowhere"] is None
    assert product("731815")["listed_nowhere"] is None


# -- obligation and threshold


@pytest.mark.parametrize(
    ("code", "country", "mass", "obligation", "reasons"),
    [
        ("845011", "CN", None, False, ["not_in_annex_i"]),
        ("845011", "CN", Quantity(1e6, "t"), False, ["not_in_annex_i"]),
        ("731815", "CN", None, "depends", ["in_annex_i", "threshold_unknown"]),
        ("731815", "CN", Quantity(0, "t"), False, ["in_annex_i", "below_threshold"]),
        ("731815", "CN", Quantity(50, "t"), False, ["in_annex_i", "below_threshold"]),
        ("731815", "CN", Quantity(50_000, "kg"), False, ["in_annex_i", "below_threshold"]),
        ("731815", "CN", Quantity(50.001, "t"), True, ["in_annex_i", "threshold_exceeded"]),
        ("310210", "TT", Quantity(51, "t"), True, ["in_annex_i", "threshold_exceeded"]),
        ("280410", "CN", None, True, ["in_annex_i", "no_threshold"]),
        ("280410", "CN", Quantity(1, "t"), True, ["in_annex_i", "no_threshold"]),
        ("271600", "UA", Quantity(0, "t"), True, ["in_annex_i", "no_threshold"]),
        ("731815", "CH", Quantity(500, "t"), False, ["exempt_origin"]),
        ("731815", "NO", None, False, ["exempt_origin"]),
        ("731815", "IS", None, False, ["exempt_origin"]),
        ("731815", "LI", None, False, ["exempt_origin"]),
        ("731815", "DE", None, False, ["eu_origin"]),
        ("220300", "DE", None, False, ["not_in_annex_i"]),
        ("731815", "GB", None, "depends", ["in_annex_i", "threshold_unknown"]),
        ("25070080", "CN", Quantity(10, "t"), False, ["ex_condition", "below_threshold"]),
        ("7318", "CN", Quantity(10, "t"), False, ["code_too_short", "below_threshold"]),
        (None, "CN", Quantity(500, "t"), "depends", ["no_code"]),
        (None, "CH", None, False, ["exempt_origin"]),
    ],
)
def test_obligation_by_code_origin_and_mass(
    code: str | None, country: str, mass: Quantity | None, obligation: bool | str, reasons: list[str]
) -> None:
    body = screen(bom(code, country), TODAY, mass)
    assert (body["obligation_today"], codes_of(body)) == (obligation, reasons)


def test_the_importers_total_decides() -> None:
    found = screen(bom("731815"), TODAY, Quantity(120_000, "kg"))["threshold"]
    assert found["limit"] == {"amount": 50.0, "unit": "t"}
    assert (found["year"], found["state"]["id"], found["applies_to_product"]) == (2026, "over", True)
    assert found["annual_mass"] == {"amount": pytest.approx(120), "unit": "t"}
    assert "not the quantity of this product" in found["importer_decides"]["en"]
    assert "once exceeded, everything imported in that year counts" in found["rule"]["en"]
    assert "Article 2a" in found["article"]


@pytest.mark.parametrize(
    ("code", "applies"),
    [("280410", False), ("271600", False), ("220300", False), ("250700", "depends"), (None, "depends")],
)
def test_whose_mass_enters_the_sum(code: str | None, applies: bool | str) -> None:
    assert screen(bom(code), TODAY)["threshold"]["applies_to_product"] == applies


@pytest.mark.parametrize(
    ("country", "status"), [("CH", "exempt"), ("FR", "eu"), ("VN", "third"), ("GL", "other"), ("ZZ", "other")]
)
def test_origin_of_the_product(country: str, status: str) -> None:
    body = screen(bom("731815", country), TODAY)
    assert body["origin"]["status"] == status


# -- lines


def test_lines_are_judged_under_their_own_code_and_labelled_hypothetical() -> None:
    body = screen(
        bom("845011", cabinet="7210 49", tub="390210", motor="850153", clay="250700", drum="72193310", unknown=None),
        TODAY,
    )
    assert {line["id"]: line["annex_i"]["status"] for line in body["lines"]} == {
        "cabinet": "in", "tub": "out", "motor": "out", "clay": "depends", "drum": "in",
    }  # fmt: skip
    assert all("Hypothetical" in line["hypothetical"]["en"] for line in body["lines"])
    assert [line["id"] for line in body["lines"] if line["listed_nowhere"]] == ["tub"]
    assert [line["id"] for line in body["unknown"]] == ["unknown"]
    assert body["counts"] == {"in": 2, "in_if": 0, "depends": 1, "out": 2, "unknown": 1, "lines": 6}
    assert body["obligation_today"] is False
    assert "2 of its 6 lines" in body["answer"]["en"]
    assert "and 2 could not be judged" in body["answer"]["en"]
    steps = {step["id"]: step["lines"] for step in body["next_steps"]}
    assert steps["spare_parts"] == ["cabinet", "drum"]
    assert steps["line_codes"] == ["clay", "unknown"]


def test_precursors_of_a_good_are_asked_from_their_suppliers() -> None:
    body = screen(bom("731815", rod="721391", zinc="790111"), TODAY, Quantity(80, "t"))
    steps = {step["id"]: step for step in body["next_steps"]}
    assert steps["precursors"]["lines"] == ["rod"]
    assert steps["precursors"]["from"]["id"] == "supplier"
    assert "verifier's report" in steps["precursors"]["en"]
    assert steps["monitoring"]["from"]["id"] == "operator"
    assert "direct emissions only" in steps["monitoring"]["en"]
    assert "annual_mass" not in steps
    assert all(step["article"] for step in body["next_steps"])


def test_a_line_of_exempt_origin_says_so() -> None:
    document = canned({"/lines/0/cn_code": "760611", "/lines/0/origin": "NO", "/lines/1/origin": "Shandong"})
    body = screen(bom_of(document), TODAY)
    assert body["lines"][0]["origin"]["exempt"] is True
    assert canned()["lines"][1]["id"] == "can"


@pytest.mark.parametrize(
    ("code", "empty"), [("76129080", True), ("76129020", True), ("392330", False), (None, "unknown")]
)
def test_packaging_counts_only_when_imported_empty(code: str | None, empty: bool | str) -> None:
    changes: Json = {"/product/hs_code": "220300"} | ({"/lines/1/cn_code": code} if code else {})
    body = screen(bom_of(canned(changes)), TODAY)
    (can,) = [line for line in (*body["lines"], *body["unknown"]) if line["id"] == "can"]
    assert can["packaging"]["known_by"] == "role"
    assert can["packaging"]["imported_filled"]["counts"] is False
    assert can["packaging"]["imported_empty"]["counts"] == empty
    assert "1.12" in can["packaging"]["rule"]["en"]
    assert body["obligation_today"] is False


def test_a_drum_is_packaging_by_its_code_and_malt_is_none() -> None:
    body = screen(bom("220300", drum="731010", malt="110710"), TODAY)
    assert [line["packaging"] and line["packaging"]["known_by"] for line in body["lines"]] == ["code", None]


def test_empty_cans_as_the_product_are_a_good() -> None:
    body = screen(bom("761290"), TODAY, Quantity(60, "t"))
    assert body["obligation_today"] is True
    assert len(body["notes"]) == 2


# -- worked inventories


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("washing-machine/drum-10kg-cn.json", "proposed"),
        ("washing-machine/top-loader-8kg-cn.json", "proposed"),
        ("beer/shandong-lager-plant.json", "no"),
        ("beer/keg-brewery.json", "no"),
        ("tyres/truck-11r22-5-energy-saving.json", "no"),
        ("tyres/passenger-205-55r16-standard.json", "no"),
        ("refrigerator/multi-door-500l.json", "proposed"),
        ("refrigerator/single-door-90l.json", "no"),
        ("room-air-conditioner/split-3500w-r32-cn.json", "no"),
    ],
)
def test_beer_appliances_and_tyres_have_no_obligation_today(name: str, proposal: str) -> None:
    for one in worked(name):
        body = screen(one, TODAY)
        assert (body["obligation_today"], codes_of(body)) == (False, ["not_in_annex_i"])
        assert body["product"]["proposal"]["status"] == proposal
        assert "no CBAM obligation" in body["answer"]["en"]
        assert "没有 CBAM 义务" in body["answer"]["zh"]
        assert ("2028-01-01" in body["answer"]["en"]) is (proposal == "proposed")
        assert "not law" in body["answer"]["en"]
        assert "不是法律" in body["answer"]["zh"]
        assert ("watch_proposal" in steps_of(body)) is (proposal == "proposed")


def test_tyres_say_what_of_them_is_in_and_out() -> None:
    (one,) = worked("tyres/truck-11r22-5-energy-saving.json")
    found = {row["code"]: (row["annex_i"]["status"], row["proposal"]["status"]) for row in screen(one, TODAY)["tyres"]}
    assert found == {"4011": ("out", "no"), "72139120": ("in", "already_in"), "731210": ("out", "proposed")}
    assert screen(bom("845011"), TODAY)["tyres"] is None


# -- the answer: two sentences, whatever the findings and the names

ENGLISH_STOP = re.compile(r"[.!?](?=\s|$)")
CODES = [
    "220300",
    "731815",
    "73181595",
    "250700",
    "25070080",
    "280410",
    "7318",
    "845011",
    "84189990",
    "830990",
    "87042139",
    "720449",
    None,
]
CASES = st.tuples(
    st.sampled_from(CODES), st.sampled_from(["CN", "CH", "DE", "ZZ"]),
    st.one_of(st.none(), st.floats(0, 1e7).map(lambda mass: Quantity(mass, "t"))),
)  # fmt: skip


def assert_two_sentences(text: Json) -> None:
    assert len(ENGLISH_STOP.findall(text["en"])) == 2, text["en"]
    assert text["en"].endswith(".")
    assert text["zh"].count("。") == 2, text["zh"]
    assert text["zh"].endswith("。")
    assert not set("！？") & set(text["zh"])


@pytest.mark.parametrize("path", INVENTORIES, ids=lambda p: f"{p.parent.name}/{p.stem}")
def test_two_sentences_for_every_worked_inventory(path: Path) -> None:
    for document in read_plant(path.read_bytes()):
        assert_two_sentences(screen(bom_of(document), TODAY)["answer"])


@settings(max_examples=150, deadline=None)
@given(CASES, st.text("ab .。!?！？,啤酒5", min_size=1, max_size=12))
def test_two_sentences_whatever_is_found(case: tuple[str | None, str, Quantity | None], name: str) -> None:
    code, country, mass = case
    one = dataclasses.replace(bom(code, country, a="731815", b=None), name={"zh": name, "en": name})
    assert_two_sentences(screen(one, TODAY, mass)["answer"])


def test_the_answer_of_a_screw_says_yes_and_what_applies() -> None:
    body = screen(bom("731815"), TODAY)
    assert body["answer"]["en"].startswith("Yes, ")
    assert body["answer"]["zh"].startswith("是的，")
    for said in (
        "Iron or steel products",
        "direct emissions only",
        "authorised CBAM declarant",
        "2027-09-30",
        "50 t in 2026",
    ):
        assert said in body["answer"]["en"]
    assert steps_of(body)[:3] == ["cn_code_8", "declarant", "annual_mass"]


# -- properties

LINE_CODES = st.sampled_from(
    ["731815", "73181595", "220300", "250700", "25070080", "845012", "76129080", "390210", None]
)


@settings(max_examples=100, deadline=None)
@given(CASES, st.lists(LINE_CODES, max_size=8), st.randoms())
def test_the_order_of_lines_does_not_matter_and_every_line_appears_once(
    case: tuple[str | None, str, Quantity | None], codes: list[str | None], random: Any
) -> None:
    code, country, mass = case
    one = bom(code, country, **{f"line{i}": given for i, given in enumerate(codes)})
    mixed = list(one.lines)
    random.shuffle(mixed)
    first, second = screen(one, TODAY, mass), screen(dataclasses.replace(one, lines=tuple(mixed)), TODAY, mass)
    shown = [line["id"] for line in (*first["lines"], *first["unknown"])]
    assert sorted(shown) == sorted(line.id for line in one.lines)
    for section in ("lines", "unknown"):
        first[section].sort(key=lambda line: line["id"])
        second[section].sort(key=lambda line: line["id"])
    assert first == second


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(loading.tables().goods)), st.integers(0, 99))
def test_every_good_of_annex_i_is_in_and_so_is_its_sub_heading(code: str, extra: int) -> None:
    statuses = {product(c)["annex_i"]["status"] for c in (code, f"{code}{extra:02d}")}
    whole = product(code[:6])["annex_i"]["status"]
    assert (statuses, whole) == (({"in_if"}, "depends") if code == "25070080" else ({"in"}, "in"))


def test_lines_that_products_share_are_judged_too() -> None:
    for one in worked("beer/shandong-lager-plant.json"):
        assert one.shared is not None
        body = screen(one, TODAY)
        ids = [line["id"] for line in (*body["lines"], *body["unknown"])]
        assert sorted(ids) == sorted(line.id for line in (*one.lines, *one.shared.lines))


# -- both languages, JSON, acts


def texts_in(value: Any, key: str = "") -> Iterator[tuple[str, Json]]:
    if isinstance(value, dict):
        if {"zh", "en"} & set(value):
            yield key, value
        for name, part in value.items():
            yield from texts_in(part, name)
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part, key)


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("country", ["CN", "CH", "DE"])
@pytest.mark.parametrize("mass", [None, Quantity(10, "t"), Quantity(100, "t")])
def test_everything_said_is_said_twice(code: str | None, country: str, mass: Quantity | None) -> None:
    one = dataclasses.replace(
        bom(code, country, a="73181595", b="7325", c=None, d="250700"), name={"zh": "产品", "en": "Product"}
    )
    body = screen(one, TODAY, mass)
    assert json.loads(json.dumps(body, ensure_ascii=False)) == body
    for key, text in texts_in({k: v for k, v in body.items() if k != "acts"}):
        if key != "name":
            assert re.search("[一-鿿]", text["zh"]), text
        assert not re.search("[一-鿿]", text["en"]), text
        assert "{" not in text["zh"] + text["en"]


@pytest.mark.parametrize(
    ("code", "mass", "acts"),
    [
        ("220300", None, ["2023/956", "2025/2083", "COM(2025) 989"]),
        ("731815", 60, ["2023/956", "2025/2083", "COM(2025) 989", "2025/2547", "2025/2546", "Ares(2026)4841230"]),
    ],
)
def test_acts_with_their_dates_and_status(code: str, mass: float | None, acts: list[str]) -> None:
    found = screen(bom(code), TODAY, Quantity(mass, "t") if mass else None)["acts"]
    assert [act["id"] for act in found] == acts
    assert all(act["dated"] and act["title"]["zh"] for act in found)
    assert {act["id"]: act["status"] for act in found}["COM(2025) 989"] == "proposal"


# -- bad input


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("screws", "cbam_cn_code_form"),
        ("731", "cbam_cn_code_form"),
        ("731815951010", "cbam_cn_code_form"),
        ("７３１８１５", "cbam_cn_code_form"),
        ("7318-15", "cbam_cn_code_form"),
        ("000000", "cbam_cn_code_unknown"),
        ("770110", "cbam_cn_code_unknown"),
        ("980100", "cbam_cn_code_unknown"),
        ("730015", "cbam_cn_code_unknown"),
        ("73181590", "cbam_cn_code_not_listed"),
        ("7318159001", "cbam_cn_code_not_listed"),
        ("76101090", "cbam_cn_code_not_listed"),
    ],
)
def test_codes_that_do_not_exist_are_refused_where_they_stand(code: str, problem: str) -> None:
    assert problems_of(canned({"/product/hs_code": code})) == {"/product/hs_code": problem}
    assert problems_of(canned({"/lines/1/cn_code": code})) == {"/lines/1/cn_code": problem}


def test_all_problems_at_once() -> None:
    document = canned({"/product/hs_code": "77", "/lines/0/cn_code": "malt", "/lines/1/cn_code": "990000"})
    assert problems_of(document, date(2025, 12, 31), Quantity(3, "piece")) == {
        "/on": "cbam_before_definitive_period",
        "/annual_mass/unit": "cbam_annual_mass_unit",
        "/product/hs_code": "cbam_cn_code_form",
        "/lines/0/cn_code": "cbam_cn_code_form",
        "/lines/1/cn_code": "cbam_cn_code_unknown",
    }


@pytest.mark.parametrize("unit", ["furlong", "kWh", "m3"])
def test_a_yearly_mass_that_is_none(unit: str) -> None:
    assert problems_of(canned(), mass=Quantity(1, unit)) == {"/annual_mass/unit": "cbam_annual_mass_unit"}


def test_a_negative_yearly_mass() -> None:
    assert problems_of(canned(), mass=Quantity(-1, "kg")) == {"/annual_mass/amount": "cbam_annual_mass_negative"}


def test_a_code_of_the_chinese_tariff_gets_the_codes_of_the_eu() -> None:
    with pytest.raises(Refused) as refused:
        screen(bom("73181590"), TODAY)
    (problem,) = refused.value.problems
    assert "7318 15 95" in problem.next_action("en")
    assert "中国税则" in problem.next_action("zh")


def test_the_place_in_a_table_is_the_place_in_the_table() -> None:
    text = "section,id,name,amount,unit,cn_code\nproduct,id,x,,,\nproduct,name,x,,,\nproduct,category,beer,,,\n"
    text += "product,declared_unit,,1,hl,\nsite,country,CN,,,\nbasis,,declared_unit,,,\nline,can,,1,kg,cans\n"
    with pytest.raises(Refused) as refused:
        screen(read_bom(text.encode(), "text/csv"), TODAY)
    assert [problem.where for problem in refused.value.problems] == ["row 8, column cn_code"]


def test_first_day_of_the_definitive_period() -> None:
    assert screen(bom("731815"), date(2026, 1, 1))["threshold"]["year"] == 2026


@pytest.fixture
def tables_with_a_code_that_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The real tables, with the last day of 7318 15 95 set to the end of 2026."""
    place = tmp_path / "cbam"
    shutil.copytree(folder("background_data") / "cbam", place, ignore=shutil.ignore_patterns("defaults"))
    with (place / "goods.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row["valid_to"] = "2026-12-31" if row["cn_code"] == "73181595" else row["valid_to"]
    with (place / "goods.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.setattr(loading, "folder", lambda _: tmp_path)
    loading._tables.cache_clear()
    yield
    loading._tables.cache_clear()


@pytest.mark.usefixtures("tables_with_a_code_that_left")
def test_a_code_that_left_the_list() -> None:
    assert screen(bom("73181595"), date(2026, 12, 31))["product"]["annex_i"]["status"] == "in"
    assert problems_of(canned({"/product/hs_code": "7318 15 95"}), date(2027, 1, 1)) == {
        "/product/hs_code": "cbam_cn_code_left"
    }
    assert product("731815", date(2027, 1, 1))["annex_i"]["status"] == "in"


def test_no_code_at_all_is_unknown_and_says_what_to_do() -> None:
    body = screen(bom_of(canned({"/product/hs_code": "220300"} | {"/product/id": REMOVE})), TODAY)
    assert body["product"]["code"] == "220300"
    body = screen(read_bom(as_bytes(canned())), TODAY)
    assert body["product"]["code"] is None
    assert "product.hs_code" in body["product"]["next"]["en"]
    assert steps_of(body) == ["product_code", "line_codes"]
