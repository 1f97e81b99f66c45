"""Names as purchasing departments write them: sizes, grades, spellings, slips, and how alike two names are."""

from __future__ import annotations

import time
import unicodedata
from pathlib import Path

import pytest
from background_fixtures import read_csv
from hypothesis import given
from hypothesis import strategies as st

from lcaengine.background import Release
from lcaengine.background.catalogue import Catalogue, write_catalogue
from lcaengine.background.words import key, likeness, words
from lcaengine.data import folder

NAMES = [
    ("copper-tube", "铜管", "Copper tube"),
    ("copper-wire", "铜线", "Copper wire"),
    ("steel-galvanised", "镀锌板", "Galvanised steel"),
    ("carbon-black", "炭黑 N220", "Carbon black N220"),
    ("r134a", "制冷剂 R134a", "Refrigerant R134a"),
    ("stainless", "不锈钢 SUS304", "Stainless steel SUS304"),
    ("stainless-l", "不锈钢 316L", "Stainless steel 316L"),
    ("aluminium-foil", "铝箔", "Aluminium foil"),
    ("acid", "盐酸", "Hydrochloric acid"),
]
CAS = {"acid": "7647-01-0", "copper-tube": "7440-50-8", "copper-wire": "7440-50-8;1333-86-4"}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    path = tmp_path_factory.mktemp("words") / "catalogue.sqlite"
    rows = [
        {"code": code, "name_zh": zh, "name_en": en, "unit": "kg", "location": "CN", "cas": CAS.get(code, "")}
        for code, zh, en in NAMES
    ]
    write_catalogue(path, rows, {})
    return Catalogue(path)


def found(catalogue: Catalogue, text: str) -> list[str]:
    return [hit.code for hit in catalogue.search(text)]


# -- sizes and grades


@pytest.mark.parametrize(
    "size",
    [
        "0.8mm", "0.8 mm", "０.８ｍｍ", "0.6*1250*C", "1.0×1219×2438", "10mmx20mmx3m", "Φ7*0.24", "φ 9.52", "Ø12", "t=2.0mm",
        "12*500ml", "24x330ml", "500ml*12", "330 mL", "1.5L", "25kg", "5 公斤", "70gsm", "80g/m2", "0.75mm2", "M8*20",
        "ST4.2*13", "2寸", "30丝", "1250毫米",
    ],
)  # fmt: skip
def test_a_size_does_not_make_another_name(size: str) -> None:
    assert key(f"冷轧板 {size}") == key("冷轧板")
    assert key(f"{size} 冷轧板") == key("冷轧板")
    assert set(words(f"board {size}").terms) == {"board"}


@pytest.mark.parametrize(
    "grade",
    [
        "R600a", "N330", "6063-T5", "DX51D+Z", "Sn99.3Cu0.7", "82B", "SPCC", "SUS304", "316L", "304L", "SUS 316 L", "PA66",
        "50W800", "T2", "TP2", "20#", "PP-R", "Q235", "ADC12", "72A", "HT250",
    ],
)  # fmt: skip
def test_a_grade_survives_with_and_without_a_size(grade: str) -> None:
    bare = "".join(c for c in grade.lower() if c.isalnum() or c == ".")
    for text in (grade, f"{grade} 0.6*1250", f"{grade} 25kg", f"2.0mm {grade}"):
        assert key(text) == bare, text
    assert key(f"钢 {grade}") != key("钢")


def test_a_grade_before_a_pack_size_keeps_its_digits() -> None:
    assert key("炭黑 N330*25kg") == key("炭黑 N330")
    assert key("炭黑 N330*25kg") != key("炭黑 N220*25kg")


@pytest.mark.parametrize("text", ["φ{}", "t{}", "1{}", "1{}x"])
def test_a_long_run_of_blanks_is_one_blank(text: str) -> None:
    start = time.perf_counter()
    assert key(text.format(" " * 100_000) + "钢") == key(text.format(" ") + "钢")
    assert time.perf_counter() - start < 2


def test_a_bare_size_is_the_name_of_nothing(catalogue: Catalogue) -> None:
    for text in ("0.8mm", "25kg", "1250*2500", "Φ7"):
        assert key(text) == ""
        assert catalogue.exact(text) == []
        assert words(text).terms, "but it can be searched"


# -- one name in several spellings


@pytest.mark.parametrize(
    "same",
    [
        ("SUS 304", "SUS304", "sus-304", "ＳＵＳ３０４", "Sus_304"),
        ("R-600a", "R600a", "r 600A"),
        ("aluminum foil", "Aluminium foil", "ALUMINIUM-FOIL", "Alu foil"),
        ("sulfuric acid", "sulphuric acid"),
        ("tire", "tyre", "Tyres"),
        ("steel tubes", "steel tube"),
        ("carbon fiber", "carbon fibre"),
        ("gray iron", "grey iron"),
        ("galvanized steel", "galvanised steel"),
        ("injection molding", "injection moulding"),
        ("铝板（冷轧）", "铝板 冷轧", "铝板,冷轧"),
    ],
    ids=lambda names: names[0],
)
def test_spellings_of_one_name(same: tuple[str, ...]) -> None:
    assert len({key(name) for name in same}) == 1


def test_glass_and_gas_keep_their_s() -> None:
    assert key("glass") == "glass"
    assert key("gas") == "gas"
    assert key("brass") == "brass"


@pytest.mark.parametrize("text", ["SUS 304", "SUS304", "sus-304"])
def test_joined_and_parted_grades_are_found_alike(catalogue: Catalogue, text: str) -> None:
    assert found(catalogue, text) == ["stainless"]


# -- slips


@pytest.mark.parametrize(
    ("slip", "code"),
    [
        ("铜馆", "copper-tube"),  # guǎn, guǎn
        ("铜关", "copper-tube"),  # guǎn, guān: without tones
        ("盐算", "acid"),  # yán suān, yán suàn
        ("铝薄", "aluminium-foil"),  # bó is both
        ("galvanzied", "steel-galvanised"),
        ("galvanized", "steel-galvanised"),
        ("hydrocloric acid", "acid"),
        ("alumnium foil", "aluminium-foil"),
        ("stainles", "stainless"),
    ],
)
def test_a_slip_is_forgiven_but_is_not_the_name(catalogue: Catalogue, slip: str, code: str) -> None:
    assert found(catalogue, slip)[0] == code
    assert catalogue.search(slip)[0].score < 1 or slip == "galvanized", "that one is a spelling, not a slip"
    assert catalogue.exact(slip) == []


def test_the_word_itself_is_better_than_one_that_sounds_the_same(catalogue: Catalogue) -> None:
    assert catalogue.search("铜管")[0].score > catalogue.search("铜馆")[0].score


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("N330", "N220"), ("R143a", "R134a"), ("SUS403", "SUS304"), ("SUS 305", "SUS304"), ("317L", "316L")],
)
def test_a_digit_is_never_forgiven(catalogue: Catalogue, wrong: str, right: str) -> None:
    assert key(wrong) != key(right)
    assert found(catalogue, right), "it is there"
    by_grade = [hit for hit in catalogue.search(wrong) if hit.score > 0.5]
    assert by_grade == []
    assert catalogue.exact(wrong) == []


# -- CAS numbers


def test_cas_numbers_find_their_substances(catalogue: Catalogue) -> None:
    assert found(catalogue, "7647-01-0") == ["acid"]
    assert found(catalogue, "盐酸 31% CAS 7647-01-0 桶装") == ["acid"]
    assert found(catalogue, "7440-50-8") == ["copper-tube", "copper-wire"]
    assert found(catalogue, "1333-86-4") == ["copper-wire"]


@pytest.mark.parametrize("text", ["7647-01-00", "17647-01-0", "647-01-0", "7647-01", "1333-86-44"])
def test_part_of_a_cas_number_is_none(catalogue: Catalogue, text: str) -> None:
    assert catalogue.by_cas(text) == []


# -- likeness

_PIECES = st.sampled_from(
    ["铜管", "铜", "管", "铜线", "线束", "板", "steel", "steelwork", "sus", "304", "sus304", "r600a", "glass", "malt", "maltose", " ", "-", "，"]
)  # fmt: skip
_names = st.one_of(
    st.text(max_size=30), st.lists(_PIECES, max_size=6).map("".join), st.lists(_PIECES, max_size=6).map(" ".join)
)


@pytest.fixture(scope="module")
def pieces(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A vocabulary in which words begin like others."""
    path = tmp_path_factory.mktemp("pieces") / "catalogue.sqlite"
    rows = [
        {"code": f"p{i}", "name_zh": zh, "name_en": en, "unit": "kg", "location": "CN", "cas": ""}
        for i, (zh, en) in enumerate(
            [("铜管", "steel"), ("线束板", "steelwork sus 304"), ("铜线管", "malt maltose r600a")]
        )
    ]
    write_catalogue(path, rows, {})
    return Catalogue(path)


@given(query=_names, name=_names)
def test_likeness_is_a_share_and_whole_only_for_the_same_words(pieces: Catalogue, query: str, name: str) -> None:
    vocabulary, asked, held = pieces.vocabulary, words(query), words(name)
    alike = likeness(asked, held, vocabulary.variants(asked), vocabulary.rarity)
    assert 0 <= alike <= 1 + 1e-12
    if alike > 1 - 1e-9:
        assert _letters(query) == _letters(name)


def _letters(text: str) -> set[str]:
    """The characters of a text, in the end the least that two names with the same words share."""
    plain = unicodedata.normalize("NFKC", text).lower()
    return {c for c in plain if "一" <= c <= "鿿" or (c.isascii() and c.isalnum())}


@given(text=_names)
def test_a_name_is_wholly_like_itself(pieces: Catalogue, text: str) -> None:
    own = words(text)
    alike = likeness(own, own, pieces.vocabulary.variants(own), pieces.vocabulary.rarity)
    assert alike == pytest.approx(1) if own.terms else alike == 0


def test_a_word_that_begins_like_another_is_not_that_other(pieces: Catalogue) -> None:
    vocabulary, asked = pieces.vocabulary, words("malt")
    alike = [
        likeness(asked, words(n), vocabulary.variants(asked), vocabulary.rarity)
        for n in ("malt", "malt maltose", "maltose", "steel")
    ]
    assert alike[0] == pytest.approx(1)
    assert alike[0] > alike[1] > alike[3] == 0
    assert alike[0] > alike[2] > 0


@given(text=st.text(max_size=80))
def test_any_text_has_words_and_a_key(text: str) -> None:
    assert all(0 < weight <= 1 for weight in words(text).terms.values())
    assert key(text) == key(text.upper().lower()) or not text.isascii()


@given(text=st.text(alphabet="0123456789.*xX× mkglLφt=", max_size=2000))
def test_any_row_of_sizes_is_read(text: str) -> None:
    assert set(key(text)) <= set("0123456789.xmkglt")


# -- Chinese words inside longer names, in the embedded release


def written_names() -> dict[str, list[str]]:
    """Names and synonyms of every process, from the tables."""
    names: dict[str, list[str]] = {}
    for path in sorted(Path(folder("background_data")).glob("*/processes.csv")):
        for row in read_csv(path):
            names.setdefault(row["code"], []).append(row["name_zh"])
    for path in sorted(Path(folder("background_data")).glob("*/synonyms.csv")):
        for row in read_csv(path):
            names[row["process"]].append(row["name"])
    return names


WORDS = (
    "铝板", "钢板", "铜管", "轮胎", "炭黑", "玻璃", "纸箱", "麦芽", "酒花", "电机", "线束", "铝箔", "铜线", "锌锭", "盐酸",
    "烧碱", "硫磺", "帘布", "钢丝", "橡胶", "大麦", "玉米", "酵母", "标签", "托盘", "水泥", "石灰", "薄膜", "螺钉", "电池",
    "电缆", "涂料", "油漆", "胶带", "尼龙", "锡膏", "磁体", "货车", "柴油", "不锈", "铸铁", "纸板", "轴承", "泡沫", "冷媒",
)  # fmt: skip


@pytest.fixture(scope="module")
def by_hand() -> dict[str, list[str]]:
    return written_names()


@pytest.mark.parametrize("word", WORDS)
def test_two_characters_find_every_process_that_has_them_in_a_name(
    release: Release, by_hand: dict[str, list[str]], word: str
) -> None:
    holders = {code for code, names in by_hand.items() if any(word in name for name in names)}
    assert holders, "the word is in the tables"
    assert {hit.code for hit in release.catalogue.search(word, 1000)} == holders


def test_a_sheet_of_aluminium_is_found_inside_longer_names(release: Release) -> None:
    hits = release.catalogue.search("铝板")
    assert hits[0].code == "aluminium-sheet-cn"
    assert release.catalogue.search("冷轧铝板")[0].code == "aluminium-sheet-cn"
    assert "再生铝板" in [s["name"] for s in release.catalogue.synonyms("aluminium-sheet-recycled-cn")]
    assert "aluminium-sheet-recycled-cn" in {hit.code for hit in hits}


@pytest.mark.parametrize(
    ("number", "code"),
    [("7647-01-0", "hydrochloric-acid-cn"), ("1333-86-4", "carbon-black-cn"), ("1310-73-2", "sodium-hydroxide-cn")],
)
def test_cas_numbers_of_the_release(release: Release, number: str, code: str) -> None:
    assert [hit.code for hit in release.catalogue.search(number)] == [code]
