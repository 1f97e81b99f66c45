"""Search by name: Chinese words inside longer names, English words, and text that tries to be a query language."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lcaengine.background.catalogue import Catalogue, write_catalogue

NAMES = [
    ("aluminium-cold-rolled-cn", "冷轧铝板，国内", "Aluminium sheet, cold rolled"),
    ("aluminium-slab-cn", "铝板坯", "Aluminium slab"),
    ("aluminium-can-cn", "铝罐 330 mL", "Aluminium can 330 mL"),
    ("steel-sheet-cn", "冷轧钢板", "Steel sheet, cold rolled"),
    ("malt-cn", "大麦芽，烘干", "Barley malt, kilned"),
    ("wheat-malt-cn", "小麦芽", "Wheat malt"),
    ("barley-cn", "大麦，国产", "Barley grain"),
    ("water-cn", "自来水", "Tap water"),
    ("diesel-0.5-cn", "柴油 0.5", "Diesel, 0.5 % sulphur"),
]
SYNONYMS = {
    code: [{"language": "zh", "name": name} for name in names]
    for code, names in {"malt-cn": ["啤酒麦芽", "pilsner malt"], "water-cn": ["水", "near beer water"]}.items()
}


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.sqlite"
    rows = [{"code": c, "name_zh": zh, "name_en": en, "unit": "kg", "location": "CN", "cas": ""} for c, zh, en in NAMES]
    write_catalogue(path, rows, SYNONYMS)
    return Catalogue(path)


def found(catalogue: Catalogue, text: str) -> set[str]:
    return {hit.code for hit in catalogue.search(text)}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("铝板", {"aluminium-cold-rolled-cn", "aluminium-slab-cn"}),
        ("冷轧", {"aluminium-cold-rolled-cn", "steel-sheet-cn"}),
        ("麦芽", {"malt-cn", "wheat-malt-cn"}),
        ("大麦芽", {"malt-cn"}),
        ("冷轧铝板", {"aluminium-cold-rolled-cn"}),
        ("啤酒麦芽", {"malt-cn"}),
        ("铝", {"aluminium-cold-rolled-cn", "aluminium-slab-cn", "aluminium-can-cn"}),
        ("水", {"water-cn"}),
        ("malt", {"malt-cn", "wheat-malt-cn"}),
        ("MALT", {"malt-cn", "wheat-malt-cn"}),
        ("alumin", {"aluminium-cold-rolled-cn", "aluminium-slab-cn", "aluminium-can-cn"}),
        ("rolled sheet", {"aluminium-cold-rolled-cn", "steel-sheet-cn"}),
        ("pilsner", {"malt-cn"}),
        ("铝罐 330", {"aluminium-can-cn"}),
        ("malt 麦芽 barley", {"malt-cn"}),
        ("0.5", {"diesel-0.5-cn"}),
        ("ｘｙｚ", set()),
        ("钛", set()),
    ],
)
def test_search_finds_exactly(catalogue: Catalogue, text: str, codes: set[str]) -> None:
    assert found(catalogue, text) == codes


def test_without_a_name_that_holds_every_word_any_word_will_do(catalogue: Catalogue) -> None:
    hits = catalogue.search("steel malt pilsner")
    assert hits[0].code == "malt-cn", "two words of three before one"
    assert {"steel-sheet-cn", "wheat-malt-cn"} <= {hit.code for hit in hits[1:]}


def test_the_more_exact_name_comes_first(catalogue: Catalogue) -> None:
    assert catalogue.search("铝板")[0].code == "aluminium-slab-cn"


def test_limit(catalogue: Catalogue) -> None:
    assert len(catalogue.search("cn", limit=3)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        '"',
        '""',
        "'",
        "*",
        "malt*",
        '"malt',
        'malt"; DROP TABLE processes; --',
        "NEAR",
        "NEAR(malt barley)",
        "malt AND",
        "AND",
        "OR",
        "NOT malt",
        "malt NOT barley",
        "text:malt",
        "{text}: malt",
        "^malt",
        "(malt",
        "malt)",
        "-malt",
        "+",
        "malt + barley",
        "%",
        "_",
        "\\",
        "\0",
        "malt\0barley",
        "?",
        "?1",
        ":name",
        '麦"芽',
        "铝*板",
        "😀",
        "malt " * 500,
        "麦" * 5000,
    ],
)
def test_query_languages_are_plain_text(catalogue: Catalogue, text: str) -> None:
    hits = catalogue.search(text)
    assert {hit.code for hit in hits} <= {code for code, _, _ in NAMES}
    assert catalogue.count() == len(NAMES), "nothing was dropped"


@pytest.mark.parametrize("text", ['"malt"', "malt*", "(malt)", "^malt", "malt;--", "'malt'"])
def test_special_characters_do_not_hide_a_word(catalogue: Catalogue, text: str) -> None:
    assert found(catalogue, text) == {"malt-cn", "wheat-malt-cn"}


def test_near_and_not_are_words(catalogue: Catalogue) -> None:
    assert found(catalogue, "NEAR beer") == {"water-cn"}
    assert found(catalogue, "malt NOT barley") >= {"malt-cn", "barley-cn"}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=60))
def test_any_text_can_be_searched(catalogue: Catalogue, text: str) -> None:
    hits = catalogue.search(text, limit=4)
    assert len(hits) <= 4
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("code", ["malt-cn' OR '1'='1", '"malt-cn"', "%", "malt%"])
def test_codes_are_compared_whole(catalogue: Catalogue, code: str) -> None:
    assert catalogue.process(code) is None
    assert catalogue.names([code]) == {}


def test_names_of_many_codes_come_in_one_answer(catalogue: Catalogue) -> None:
    asked = [f"nobody-{i}" for i in range(1200)] + ["malt-cn"]
    assert catalogue.names(asked) == {"malt-cn": {"zh": "大麦芽，烘干", "en": "Barley malt, kilned"}}


def test_the_catalogue_cannot_be_written(catalogue: Catalogue) -> None:
    with pytest.raises(Exception, match="readonly"):
        catalogue.query("DELETE FROM processes")
    assert catalogue.count() == len(NAMES)


def test_threads_search_at_once(catalogue: Catalogue) -> None:
    answers: list[set[str]] = []
    threads = [threading.Thread(target=lambda: answers.append(found(catalogue, "麦芽"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [{"malt-cn", "wheat-malt-cn"}] * 8


def test_catalogue_in_a_folder_with_signs_of_a_url(tmp_path: Path) -> None:
    folder = tmp_path / "缓存 #1 ?mode=rw %20"
    folder.mkdir()
    row = {"code": "malt-cn", "name_zh": "麦芽", "name_en": "Malt", "unit": "kg", "location": "CN", "cas": ""}
    write_catalogue(folder / "catalogue.sqlite", [row], {})
    assert found(Catalogue(folder / "catalogue.sqlite"), "麦芽") == {"malt-cn"}
