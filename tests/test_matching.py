"""What a line of a bill of materials means: by hand on a small catalogue, by labelled names on the embedded release."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from background_fixtures import read_csv, release_of, system_of
from foregrounds import GATE, amounts, beer, exchanges, footprint, tiny
from hypothesis import given
from hypothesis import strategies as st

from lcaengine.background import Release, default_release
from lcaengine.background.catalogue import write_catalogue
from lcaengine.bom import bom_of
from lcaengine.bom.matching import Evidence, Match, match, match_bom
from lcaengine.problems import Refused
from lcaengine.rules import Rule, find_rule

near = pytest.approx
DATA = Path(__file__).parent / "data"

# -- a small catalogue: code, names, place, last year, CAS, HS, synonyms

SMALL: list[tuple[str, str, str, str, int, str, str, tuple[str, ...]]] = [
    ("malt-pale-cn", "浅色麦芽", "Pale malt", "CN", 2024, "", "110710", ("麦芽", "base malt")),
    ("malt-roasted-cn", "焦香麦芽", "Roasted malt", "CN", 2024, "", "110720", ("麦芽", "base malt")),
    ("sheet-cn", "铝板", "Aluminium sheet", "CN", 2024, "7429-90-5", "7606;760612", ("冷轧铝板", "plate")),
    ("sheet-de", "德国铝板", "German sheet", "DE", 2024, "7429-90-5", "760611", ("plate",)),
    ("sheet-eu", "欧洲铝板", "European sheet", "EU", 2024, "", "760691", ("plate",)),
    ("sheet-glo", "世界铝板", "World sheet", "GLO", 2024, "", "760692", ("plate",)),
    ("acid-cn", "盐酸", "Hydrochloric acid", "CN", 2024, "7647-01-0", "280610", ()),
    ("acid-old", "旧盐酸", "Old acid", "CN", 2006, "", "280700", ()),
    ("pipe-new", "软管", "Hose", "CN", 2024, "", "3917", ("flexible hose",)),
    ("pipe-old", "软管", "Hose", "CN", 2014, "", "3917", ("flexible hose",)),
    ("glass-treated", "玻璃填埋", "Landfill of glass", "CN", 2024, "", "", ()),
]  # fmt: skip


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Release:
    out = tmp_path_factory.mktemp("small")
    n = len(SMALL)
    release = release_of(system_of([[float(i == j) for j in range(n)] for i in range(n)], [[1.0] * n], [[1.0]]), out)
    rows = [
        {"code": code, "name_zh": zh, "name_en": en, "unit": "kg", "location": place, "year_end": year, "cas": cas,
         "hs_code": hs}
        for code, zh, en, place, year, cas, hs, _ in SMALL
    ]  # fmt: skip
    synonyms = {code: [{"language": "zh", "name": name} for name in names] for code, *_, names in SMALL}
    write_catalogue(out / "catalogue.sqlite", rows, synonyms)
    return release


@pytest.fixture(scope="module")
def rule() -> Rule:
    return find_rule("beer")


def taken(found: Match) -> tuple[str, str] | None:
    return (found.taken.hit.code, found.taken.hit.kind) if found.taken else None


def order(found: Match) -> list[str]:
    return [candidate.hit.code for candidate in found.candidates]


@pytest.mark.parametrize(
    ("line", "process"),
    [
        (Evidence("铝板"), ("sheet-cn", "name")),
        (Evidence("ALUMINUM  SHEET"), ("sheet-cn", "name")),
        (Evidence("冷轧铝板"), ("sheet-cn", "synonym")),
        (Evidence("铝板 0.8*1250*C"), ("sheet-cn", "name")),
        (Evidence("盐酸, 25kg"), ("acid-cn", "name")),
        (Evidence("某液体", cas="7647-01-0"), ("acid-cn", "cas")),
        (Evidence("某液体 CAS:7647-01-0 31%"), ("acid-cn", "cas")),
        (Evidence("盐酸", cas="7647-01-0"), ("acid-cn", "name")),
        (Evidence("冷轧铝板", cas="7429-90-5"), ("sheet-cn", "synonym")),
    ],
)
def test_a_line_with_the_name_or_number_of_one_process_is_taken(
    small: Release, line: Evidence, process: tuple[str, str]
) -> None:
    found = match(line, small)
    assert taken(found) == process
    assert found.matched_by == process[1]
    assert process[0] in order(found)


@pytest.mark.parametrize(
    "line",
    [
        Evidence("铝"),
        Evidence("铝板带"),
        Evidence("Aluminium sheets, painted"),
        Evidence("盐酸罐"),
        Evidence("麦芽"),
        Evidence("plate"),
        Evidence("某金属", cas="7429-90-5"),
        Evidence("浅色麦芽", cas="7647-01-0"),
        Evidence("盐酸", cas="7429-90-5"),
        Evidence("某液体", cas="7647-01-1"),
        Evidence("0.8mm"),
        Evidence(""),
        Evidence("铝板", cas="7647-01-0", place="CN"),
    ],
)  # fmt: skip
def test_all_else_is_asked_for(small: Release, line: Evidence) -> None:
    found = match(line, small)
    assert found.taken is None
    assert found.matched_by is None


def test_an_ambiguous_synonym_is_decided_by_the_role(small: Release, rule: Rule) -> None:
    assert set(order(match(Evidence("麦芽"), small, rule))[:2]) == {"malt-pale-cn", "malt-roasted-cn"}
    assert taken(match(Evidence("麦芽"), small, rule)) is None
    assert taken(match(Evidence("麦芽", role="malt"), small, rule)) == ("malt-pale-cn", "synonym")
    assert taken(match(Evidence("麦芽", role="malt_special"), small, rule)) == ("malt-roasted-cn", "synonym")
    assert taken(match(Evidence("麦芽", role="hops"), small, rule)) is None, "the role accepts neither"
    assert taken(match(Evidence("麦芽", role="malt"), small)) is None, "without a rule a role says nothing"


@pytest.mark.parametrize(
    ("place", "code"), [("DE", "sheet-de"), ("DE-BY", "sheet-de"), ("FR", "sheet-eu"), ("BR", "sheet-glo")]
)
def test_an_ambiguous_synonym_is_decided_by_the_nearest_place(small: Release, place: str, code: str) -> None:
    found = match(Evidence("plate", place=place), small)
    assert taken(found) == (code, "synonym")
    assert order(found)[0] == code


def test_two_of_one_name_and_place_are_asked_for(small: Release) -> None:
    found = match(Evidence("软管", place="CN"), small)
    assert found.taken is None
    assert order(found)[:2] == ["pipe-new", "pipe-old"], "the newer first"


def test_a_role_does_not_choose_against_the_name(small: Release, rule: Rule) -> None:
    assert taken(match(Evidence("焦香麦芽", role="malt"), small, rule)) == ("malt-roasted-cn", "name")


# -- the order of candidates


@pytest.mark.parametrize(
    ("code", "first"),
    [("760612", "sheet-cn"), ("7606.12.30", "sheet-cn"), ("76061191", "sheet-de"), ("760692", "sheet-glo")],
)
def test_a_customs_code_raises_its_process_and_six_digits_beat_four(small: Release, code: str, first: str) -> None:
    # all four bear the synonym; 7606 is the heading of all of them
    found = match(Evidence("plate", cn_code=code), small)
    assert order(found)[0] == first
    reasons = {c.hit.code: c.reasons["code"] for c in found.candidates if c.hit.code.startswith("sheet")}
    assert reasons == {other: (1.0 if other == first else 0.6) for other in reasons}
    assert len(reasons) == 4
    assert found.taken is None, "a customs code raises, it does not decide"


def test_a_customs_code_proposes_what_the_name_does_not(small: Release) -> None:
    assert order(match(Evidence("qqq", cn_code="28061000"), small)) == ["acid-cn"]
    assert set(order(match(Evidence("qqq", cn_code="76069900"), small))) == {
        "sheet-cn",
        "sheet-de",
        "sheet-eu",
        "sheet-glo",
    }
    assert order(match(Evidence("qqq", cn_code="99999999"), small)) == []
    assert order(match(Evidence("qqq", cn_code="76"), small)) == []


def test_the_nearest_and_the_newest_come_first(small: Release) -> None:
    assert order(match(Evidence("plate", place="DE"), small))[:3] == ["sheet-de", "sheet-eu", "sheet-glo"]
    assert order(match(Evidence("flexible hose"), small))[:2] == ["pipe-new", "pipe-old"]


def test_the_reasons_of_a_candidate_by_hand(small: Release, rule: Rule) -> None:
    # name 1 × 0.70, heading 0.6 × 0.12, role 1 × 0.10, country for region 0.9 × 0.05, two years of twenty 0.9 × 0.03
    line = Evidence("浅色麦芽", cn_code="11072000", role="malt", place="CN-SD")
    best = match(line, small, rule).candidates[0]
    assert best.hit.code == "malt-pale-cn"
    assert dict(best.reasons) == {"name": 1.0, "code": 0.6, "role": 1.0, "place": 0.9, "year": near(0.9)}
    assert best.score == near(0.70 + 0.12 * 0.6 + 0.10 + 0.05 * 0.9 + 0.03 * 0.9)
    assert best.roles == ("malt",)
    # what the line does not say drops out above and below: only name and year are left
    assert match(Evidence("浅色麦芽"), small).candidates[0].score == near((0.70 + 0.03 * 0.9) / 0.73)
    # twenty years say no more than thirty
    assert match(Evidence("旧盐酸"), small).candidates[0].reasons["year"] == 0


WEIGHTS = {"name": 0.70, "code": 0.12, "role": 0.10, "place": 0.05, "year": 0.03}


@given(
    name=st.one_of(
        st.text(max_size=20), st.sampled_from([name for row in SMALL for name in (row[1], row[2], *row[7])])
    ),
    cas=st.sampled_from(["", "7429-90-5", "7647-01-0", "1-2-3"]),
    cn_code=st.one_of(st.sampled_from(["", "7606", "76061200", "28061000"]), st.text(max_size=10)),
    role=st.sampled_from([None, "malt", "malt_special", "other", "nobody"]),
    place=st.sampled_from(["", "CN", "CN-SD", "DE", "GLO", "XX"]),
    ruled=st.booleans(),
    limit=st.integers(1, 8),
)
def test_any_evidence_gives_candidates_whose_reasons_add_up_to_the_score(
    small: Release, rule: Rule, name: str, cas: str, cn_code: str, role: str | None, place: str, ruled: bool, limit: int
) -> None:
    found = match(Evidence(name, cas, cn_code, role, place), small, rule if ruled else None, limit)
    assert len(found.candidates) <= limit
    assert len(set(order(found))) == len(found.candidates)
    given_evidence = {"name", "year"} | {k for k, v in (("code", cn_code), ("place", place), ("role", ruled)) if v}
    for candidate in found.candidates:
        assert candidate.reasons.keys() == given_evidence
        assert all(0 <= value <= 1 for value in candidate.reasons.values())
        weight = sum(WEIGHTS[key] for key in given_evidence)
        assert candidate.score == near(sum(WEIGHTS[k] * v for k, v in candidate.reasons.items()) / weight)
    scores = [candidate.score for candidate in found.candidates]
    assert scores == sorted(scores, reverse=True)
    if found.taken:
        assert found.taken.hit.score == 1
        assert found.taken.reasons["name"] == 1


# -- labelled names on the embedded release


@dataclass(frozen=True)
class Half:
    """How a half of the labelled names fares; none of the names is shown."""

    names: int
    known: int
    first: int
    in_five: int
    decoys_taken: int
    wrongly_taken: int
    missing: frozenset[str]


@cache
def half(name: str) -> Half:
    rows, release = read_csv(DATA / f"matching_{name}.csv"), default_release()
    known = first = in_five = decoys_taken = wrong = 0
    missing: set[str] = set()
    for row in rows:
        right = {row["expected"], *row["also"].split(";")} - {""}
        missing |= right - release.index.keys()
        found = match(Evidence(row["name"]), release)
        if not right:
            decoys_taken += found.taken is not None
            continue
        known += 1
        first += bool(right.intersection(order(found)[:1]))
        in_five += bool(right.intersection(order(found)[:5]))
        wrong += found.taken is not None and found.taken.hit.code not in right
    return Half(len({row["name"] for row in rows}), known, first, in_five, decoys_taken, wrong, frozenset(missing))


def test_what_was_held_out_is_found() -> None:
    held_out = half("heldout")
    assert held_out.first / held_out.known >= 0.85
    assert held_out.in_five / held_out.known >= 0.95


def test_what_was_seen_is_found() -> None:
    seen = half("seen")
    assert seen.first / seen.known >= 0.85
    assert seen.in_five / seen.known >= 0.95


@pytest.mark.parametrize("name", ["seen", "heldout"])
def test_nothing_is_taken_wrongly_and_no_decoy_at_all(name: str) -> None:
    found = half(name)
    assert found.names > found.known, "there are names of things that the background does not hold"
    assert found.decoys_taken == 0
    assert found.wrongly_taken == 0


def test_there_are_labels_enough_and_they_are_processes_of_the_release() -> None:
    halves = half("seen"), half("heldout")
    assert sum(h.known for h in halves) >= 200
    assert not halves[0].missing | halves[1].missing


def test_the_halves_share_no_name() -> None:
    seen, held_out = ({row["name"] for row in read_csv(DATA / f"matching_{name}.csv")} for name in ("seen", "heldout"))
    in_both = len(seen & held_out)  # the names themselves are not shown
    assert in_both == 0


def test_a_grade_that_the_release_does_not_hold_is_not_taken_for_its_material(release: Release) -> None:
    assert taken(match(Evidence("不锈钢"), release)) is not None
    for name in ("不锈钢 316L", "SUS316L", "不锈钢 317L 2.0mm", "R143a"):
        assert match(Evidence(name), release).taken is None, name


def test_a_name_that_several_materials_bear_is_asked_for(release: Release) -> None:
    for name, meant in {
        "Q235B": {"steel-plate-cn", "steel-section-cn", "steel-hot-rolled-cn"},
        "钢板 2.0mm": {"steel-plate-cn", "steel-hot-rolled-cn", "steel-cold-rolled-cn"},
        "840D/2": {"nylon-tyre-cord-cn", "nylon-6-tyre-cord-cn"},
    }.items():
        found = match(Evidence(name), release)
        assert found.taken is None, name
        assert {c.hit.code for c in found.candidates if c.reasons["name"] == 1.0} == meant, name


def test_a_grade_is_not_taken_for_another_material(release: Release) -> None:
    """Copper plate is no cathode, R-902 is made by the chloride route, PBT 4130 holds glass fibre, 冷柜 is a freezer."""
    assert taken(match(Evidence("铜板"), release)) == ("copper-sheet-cn", "synonym")
    assert taken(match(Evidence("尼龙66帘子布"), release)) == ("nylon-tyre-cord-cn", "synonym")
    for name in ("R-902", "PBT 4130", "冷柜"):
        assert match(Evidence(name), release).taken is None, name


def test_every_name_of_the_release_is_taken_for_its_process(release: Release) -> None:
    rows = release.catalogue.query("SELECT code, name_zh, name_en FROM processes")
    names: dict[str, set[str]] = {}
    for row in rows:
        for name in (row["name_zh"], row["name_en"]):
            names.setdefault(name, set()).add(row["code"])
    for row in rows[::16]:
        for name in (row["name_zh"], row["name_en"]):
            found = match(Evidence(name), release)
            assert taken(found) == ((row["code"], "name") if len(names[name]) == 1 else None), name


# -- lines of a bill of materials under the beer rule


def line(name: str, **other: Any) -> dict[str, Any]:
    return {"id": "x", "name": name, "amount": 2, "unit": "kg", "transport": [], **other}


def matched_by(inventory: Any) -> set[str]:
    return {e.matched_by for e in exchanges(inventory, line="x", activity="material")}


@pytest.mark.parametrize(
    ("given_line", "by", "stage"),
    [
        (line("酒花颗粒（90型）"), "name", "raw_materials"),
        (line("浅色麦芽 25kg"), "synonym", "raw_materials"),
        (line("某原料", cas="77-92-9"), "cas", "raw_materials"),
        (line("crown cork 26mm"), "synonym", "packaging"),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else None,
)
def test_a_line_with_only_a_name_gets_process_and_role(given_line: dict[str, Any], by: str, stage: str) -> None:
    codes = {"酒花颗粒（90型）": "hop-pellets", "浅色麦芽 25kg": "malt-pale-cn", "某原料": "citric-acid-cn",
             "crown cork 26mm": "crown-cork-cn"}  # fmt: skip
    roles = {"hop-pellets": "hops", "malt-pale-cn": "malt", "citric-acid-cn": "other", "crown-cork-cn": "crown_cork"}
    code = codes[given_line["name"]]
    found = beer(tiny(given_line))
    assert amounts(found, line="x", activity="material") == {code: near(2)}
    assert matched_by(found) == {by}
    assert {e.stage for e in exchanges(found, line="x")} == {stage}
    assert found.lines["x"].matched_by == by
    # the same as if role and process were written out, but for how it was found
    written = beer(tiny({**given_line, "role": roles[code], "process": code}))
    assert amounts(found, line="x") == amounts(written, line="x")
    assert found.lines["x"].stage == written.lines["x"].stage
    assert matched_by(written) == {"process"}


def test_the_virgin_name_of_a_recycled_role_is_mixed_by_the_role() -> None:
    # half of at most 0.7 recycled: half and half, as for a line that names the role
    found = beer(tiny(line("铝罐 330ml", recycled_content=0.35)))
    assert amounts(found, line="x", activity="material") == {
        "aluminium-can-cn": near(1), "aluminium-can-recycled-cn": near(1),
    }  # fmt: skip
    assert matched_by(found) == {"synonym"}


def test_the_recycled_name_of_a_recycled_role_is_that_process_alone() -> None:
    found = beer(tiny(line("再生铝易拉罐")))
    assert amounts(found, line="x", activity="material") == {"aluminium-can-recycled-cn": near(2)}
    assert {e.stage for e in exchanges(found, line="x")} == {"packaging"}


def test_the_role_other_is_kept_and_its_process_found_by_name() -> None:
    found = beer(tiny(line("浅色麦芽", role="other")))
    assert amounts(found, line="x", activity="material") == {"malt-pale-cn": near(2)}
    assert found.lines["x"].matched_by == "synonym"
    assert amounts(beer(tiny(line("铝罐", role="other"))), line="x", activity="material") == {
        "aluminium-can-cn": near(2)
    }


@pytest.mark.parametrize(
    ("name", "role", "code", "by"),
    [
        ("浅色麦芽", "malt", "malt-pale-cn", "role"),
        ("自产麦芽 2 号仓", "malt", "malt-pale-cn", "role"),
        ("澳麦麦芽", "malt", "malt-pale-imported-barley-cn", "synonym"),
        ("澳麦", "barley", "barley-au", "synonym"),
        ("澳麦", "malt", "malt-pale-cn", "role"),  # the role does not accept barley
        ("食品级磷酸 85% 吨桶", "cleaning_agent", "sodium-hydroxide-cn", "role"),  # not its whole name
        ("食品级磷酸 25kg", "cleaning_agent", "phosphoric-acid-cn", "synonym"),
        ("磷酸", "hops", "hop-pellets", "role"),
    ],
)
def test_a_line_with_a_role_keeps_its_process_unless_it_bears_the_name_of_an_accepted_one(
    name: str, role: str, code: str, by: str
) -> None:
    found = beer(tiny(line(name, role=role)))
    assert amounts(found, line="x", activity="material") == {code: near(2)}
    assert found.lines["x"].matched_by == by


def test_a_process_that_the_line_names_is_not_matched_again() -> None:
    found = beer(tiny(line("澳麦麦芽", role="malt", process="malt-pale-cn")))
    assert amounts(found, line="x", activity="material") == {"malt-pale-cn": near(2)}
    assert found.lines["x"].matched_by == "process"


def problems(document: dict[str, Any]) -> list[Any]:
    with pytest.raises(Refused) as caught:
        footprint(document, GATE)
    return list(caught.value.problems)


@pytest.mark.parametrize("role", [None, "other"])
def test_a_name_of_nobody_is_asked_for_with_candidates(role: str | None) -> None:
    (problem,) = problems(tiny(line("麦芽粉碎料", **({"role": role} if role else {}))))
    assert (problem.code, problem.where) == ("line_unmatched", "/lines/2")
    assert 1 <= len(problem.values["candidates"]) <= 5
    assert "malt-pale-cn" in [c["code"] for c in problem.values["candidates"]]
    for language in ("zh", "en"):
        assert "麦芽粉碎料" in problem.message(language)
        assert "malt-pale-cn, role malt" in problem.message(language)


@pytest.mark.parametrize("name", ["废玻璃回收", "填埋，玻璃"])
def test_a_treatment_is_never_bought(name: str) -> None:
    (problem,) = problems(tiny(line(name)))
    assert (problem.code, problem.where) == ("not_a_treatment", "/lines/2")


def test_the_origin_of_a_line_decides_before_the_site() -> None:
    document = tiny(line("x", origin="DE"), line("y", id="y"))
    bom = bom_of({**document, "site": {"country": "CN", "region": "CN-SD"}})
    assert [Evidence.of(entry, bom).place for entry in bom.lines[-2:]] == ["DE", "CN-SD"]


def test_matching_a_bill_says_what_is_given_what_is_taken_and_what_is_open(release: Release) -> None:
    footprint_given = {"value": 1, "unit": "kg CO2e/kg", "boundary": "cradle to gate", "gwp": "AR6", "year": 2024}
    document = tiny(
        line("浅色麦芽 25kg", id="taken"), line("麦芽粉碎料", id="open"), line("z", id="named", process="barley-cn"),
        line("w", id="supplied", role="malt", supplier_footprint=footprint_given),
    )  # fmt: skip
    lines = {entry["line"]: entry for entry in match_bom(bom_of(document), release, 3)["lines"]}
    assert list(lines) == ["malt", "bottle", "taken", "open", "named", "supplied"]
    assert lines["malt"]["given"] == {"by": "role", "role": "malt", "processes": ["malt-pale-cn"]}
    glass = ["container-glass-cullet-0-cn", "container-glass-cullet-80-cn"]
    assert lines["bottle"]["given"] == {"by": "role", "role": "bottle_one_way", "processes": glass}
    assert lines["named"]["given"] == {"by": "process", "processes": ["barley-cn"]}
    assert lines["supplied"]["given"]["by"] == "supplier_footprint"
    assert lines["taken"]["given"] is None
    assert (lines["taken"]["taken"]["code"], lines["taken"]["matched_by"]) == ("malt-pale-cn", "synonym")
    assert lines["taken"]["taken"]["matched"] == {"by": "synonym", "text": "浅色麦芽"}
    assert lines["taken"]["taken"]["roles"] == ["malt"]
    assert lines["open"]["taken"] is lines["open"]["matched_by"] is None
    assert len(lines["open"]["candidates"]) == 3
    assert {entry["where"] for entry in lines.values()} == {f"/lines/{i}" for i in range(6)}
