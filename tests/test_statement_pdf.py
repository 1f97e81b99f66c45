"""Statements as PDF and HTML: figures as in the JSON, fonts, pages as pictures, names that try to break out, attachment, bounds."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pypdf import PdfReader

from lcaengine.problems import Refused
from lcaengine.statements import fonts
from lcaengine.statements.document import statement_document
from lcaengine.statements.html import render_html
from lcaengine.statements.layout import Bars, Cell, Document, KeyValues, Paragraphs, Section, TableBlock, Text
from lcaengine.statements.numbers import fixed, percent, shown
from lcaengine.statements.pdf import attachment_of, render_pdf, typeset
from lcaengine.statements.view import MAX_ROWS, breakable, document_view

DATA = Path(__file__).parent / "data" / "statement_pdf"
NAMES = ("keg-brewery", "drum-10kg-cn")
LANGUAGES: tuple[tuple[str, ...], ...] = (("zh",), ("en",), ("zh", "en"))
WRITE = "LCAENGINE_WRITE_GOLDEN"  # set to renew the pictures after looking at the pages
Json = dict[str, Any]

poppler = pytest.mark.skipif(shutil.which("pdftoppm") is None, reason="poppler-utils is not installed")


@cache
def body_of(name: str) -> Json:
    """A statement's body as it was once issued, frozen so that pictures do not change with the background data."""
    found: Json = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return found


@cache
def pdf_of(name: str, languages: tuple[str, ...]) -> bytes:
    return render_pdf(statement_document(body_of(name), languages), languages)


def squeezed(text: str) -> str:
    """Without spaces: where lines break is the typesetter's business."""
    return re.sub(r"[\s\u00a0\u202f\u200b]", "", text)


@cache
def text_of(name: str, languages: tuple[str, ...]) -> str:
    return squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf_of(name, languages))).pages))


def figure(value: float, digits: int) -> str:
    """Significant digits by Python's own formatting, as an independent reader would round."""
    plain = format(Decimal(f"{value:#.{digits}g}"), "f").replace("-", "−") if value else "0"
    return plain.rstrip(".")


def share(value: float) -> str:
    if value == 0:
        return "0%"
    return f"{'−' if value < 0 else ''}{abs(100 * value):.1f}%" if abs(value) >= 0.0005 else "0.1%"


# -- numbers


@pytest.mark.parametrize(
    ("value", "digits", "zh", "en"),
    [
        (70.47665, 3, "70.5", "70.5"), (777.54, 2, "780", "780"), (1234567.0, 3, "1\u202f230\u202f000", "1,230,000"),
        (-15.17, 3, "−15.2", "−15.2"), (0.0, 3, "0", "0"), (-0.0, 3, "0", "0"), (0.000123456, 3, "0.000123", "0.000123"),
        (2.675, 3, "2.68", "2.68"), (0.5, 3, "0.500", "0.500"), (9.996, 3, "10.0", "10.0"), (1e15, 3, "1.00 × 10¹⁵", "1.00 × 10¹⁵"),
        (-1.234e-9, 2, "−1.2 × 10⁻⁹", "−1.2 × 10⁻⁹"), (None, 3, "–", "–"), (12345.6, 6, "12\u202f345.6", "12,345.6"),
    ],
)  # fmt: skip
def test_numbers_by_language(value: float | None, digits: int, zh: str, en: str) -> None:
    assert shown(value, digits, "zh") == zh
    assert shown(value, digits, "en") == en


def test_embedded_emissions_have_five_decimals() -> None:
    assert fixed(3.5255, 5, "en") == "3.52550"
    assert fixed(1234.000005, 5, "en") == "1,234.00001"
    assert fixed(None, 5, "zh") == "–"


def test_zeros_are_left_out_of_given_amounts() -> None:
    assert shown(1.0, 6, "en", trim=True) == "1"
    assert shown(0.350, 6, "en", trim=True) == "0.35"
    assert shown(1200.0, 6, "en", trim=True) == "1,200"


def test_shares() -> None:
    assert [percent(v, "en").replace("\u00a0", " ") for v in (0.2869, 0.0, 0.0004, -0.0004, 1.0)] == [
        "28.7 %", "0 %", "< 0.1 %", "> −0.1 %", "100.0 %",
    ]  # fmt: skip


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_not_shown(value: float) -> None:
    with pytest.raises(ValueError, match="no number"):
        shown(value, 3, "en")


# -- the text of the PDF is the JSON's


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_figures_are_those_of_the_json(name: str, language: str) -> None:
    body, text = body_of(name), text_of(name, (language,))
    digits = body["total"]["digits"]
    missing = [row for row in expected_rows(body, language, digits) if squeezed(row) not in text]
    assert missing == []


def expected_rows(body: Json, language: str, digits: int) -> Iterator[str]:
    """Rows of the document, cell after cell, written from the JSON alone."""
    yield figure(body["total"]["value"], digits) + body["total"]["unit"]
    stages = {s["stage"]: s["name"][language] for s in body["stages"]}
    for s in body["stages"]:
        yield s["name"][language] + figure(s["value"], digits) + share(s["share"])
    for i in body["indicators"]:
        yield i["name"][language] + figure(i["value"], digits) + i["unit"]
    for g in body["gases"]:
        if g["value"] and g["gas"] != "unsplit":
            yield g["gas"] + figure(g["value"], digits) + "kgCO2e"
    for line in body["lines"]:
        small = "<" if 0 < line["share"] < 0.0005 else ">−" if -0.0005 < line["share"] < 0 else ""
        yield line["name"][language] + stages[line["stage"]] + figure(line["value"], digits) + small + share(line["share"])  # fmt: skip
    for method in ("location_based", "market_based"):
        yield figure(body["electricity"][method], digits) + "kgCO2e"
    for a in body["assumptions"]:
        yield a["name"][language] + f"({a['rule_id']})" + f"{a['value']['amount']:,.6g}".split("e")[0]
    for line in body["cbam"]["lines"] if body["cbam"] else ():
        yield line["name"][language] + line["cn_code"] + line["origin"] + f"{line['see']['best']:.5f}"
    yield from (body["provenance"]["rule"]["sha256"], body["provenance"]["document_sha256"], body["id"])


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_hold_both(name: str) -> None:
    body, text = body_of(name), text_of(name, ("zh", "en"))
    texts = [s["name"] for s in body["stages"]] + [i["name"] for i in body["indicators"]] + body["limits_of_use"]
    texts += [c["text"] for c in body["checklist"]] + [a["name"] for a in body["assumptions"]]
    assert [t[k] for t in texts for k in ("zh", "en") if squeezed(t[k]) not in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_html_says_what_the_pdf_says(name: str) -> None:
    body = body_of(name)
    page = Page.of(render_html(statement_document(body, ("en",)), ("en",)))
    text = squeezed(page.text)
    assert [row for row in expected_rows(body, "en", body["total"]["digits"]) if squeezed(row) not in text] == []


# -- the file


@pytest.mark.parametrize("languages", LANGUAGES, ids="+".join)
def test_pages_outline_metadata(languages: tuple[str, ...]) -> None:
    body = body_of("drum-10kg-cn")
    document = statement_document(body, languages)
    reader = PdfReader(io.BytesIO(pdf_of("drum-10kg-cn", languages)))
    assert {(round(float(p.mediabox.width)), round(float(p.mediabox.height))) for p in reader.pages} == {(595, 842)}
    titles = [str(entry.title) for entry in reader.outline if not isinstance(entry, list)]
    assert [squeezed(t) for t in titles] == [
        squeezed("".join(s.title[k] for k in languages)) for s in document.sections
    ]
    meta = reader.metadata
    assert meta is not None
    assert body["product"]["name"][languages[0]] in str(meta.title)
    assert str(meta.author) == body["issuer"]["name"]
    assert meta.creation_date is not None
    assert meta.creation_date.isoformat() == "2026-11-28T12:00:00+00:00"
    assert "pdfaid" in str(reader.xmp_metadata and reader.xmp_metadata.stream.get_data())
    for number, page in enumerate(reader.pages, 1):
        text = squeezed(page.extract_text())
        assert body["id"] in text
        words = {"zh": f"第{number}页，共{len(reader.pages)}页", "en": f"Page{number}of{len(reader.pages)}"}
        assert all(words[k] in text for k in languages)


def test_a_table_repeats_its_header() -> None:
    pages = [squeezed(p.extract_text()) for p in PdfReader(io.BytesIO(pdf_of("drum-10kg-cn", ("en",)))).pages]
    body = body_of("drum-10kg-cn")
    stages = {s["stage"]: s["name"]["en"] for s in body["stages"]}
    rows = [squeezed(line["name"]["en"] + stages[line["stage"]]) for line in body["lines"]]
    on = [i for i, text in enumerate(pages) if any(row in text for row in rows)]
    assert len(on) > 1
    assert all("LineStagekgCO2eShareRestson" in pages[i] for i in on)


def test_the_same_statement_is_the_same_file() -> None:
    document = statement_document(body_of("keg-brewery"), ("en",))
    assert render_pdf(document, ("en",)) == render_pdf(document, ("en",))


def test_attachment_comes_back_byte_for_byte() -> None:
    signed = '{"statement":{"name":"啤酒 🍺 #let"},\r\n"signature":{}}\n'.encode()
    pdf = render_pdf(statement_document(body_of("keg-brewery"), ("zh",), signed), ("zh",))
    assert attachment_of(pdf) == signed
    assert json.loads(attachment_of(pdf_of("keg-brewery", ("zh",))) or b"") == body_of("keg-brewery")
    assert attachment_of(render_pdf(small(Cell("x")), ("en",))) is None


@poppler
@pytest.mark.parametrize("languages", LANGUAGES, ids="+".join)
def test_every_font_is_embedded_and_chinese_is_there(languages: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "a.pdf").write_bytes(pdf_of("keg-brewery", languages))
    listed = subprocess.run(["pdffonts", "a.pdf"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    rows = [line.split() for line in listed.splitlines()[2:]]
    assert any("NotoSansCJKsc" in row[0] for row in rows)
    assert {row[0].split("+")[1].split("-")[0] for row in rows} <= {"NotoSans", "NotoSansCJKsc"}
    assert all(row[-5:-2] == ["yes", "yes", "yes"] for row in rows), listed  # embedded, subset, with the characters


# -- fonts


def test_a_missing_font_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "a.typ"
    template.write_text('#set document(title: "x")\n#set text(font: "No Such Font 宋")\nx', encoding="utf-8")
    with pytest.raises(Refused) as refused:
        typeset(template, {}, fonts.loaded())
    assert [(p.code, p.values["font"]) for p in refused.value.problems] == [("statement_no_font", "no such font 宋")]


def test_a_missing_glyph_is_an_error(tmp_path: Path) -> None:
    template = tmp_path / "a.typ"
    template.write_text(
        f'#set document(title: "x")\n#set text(font: "{fonts.LATIN}", fallback: false)\n中', encoding="utf-8"
    )
    with pytest.raises(Refused) as refused:
        typeset(template, {}, fonts.loaded())
    (problem,) = refused.value.problems
    assert problem.code == "statement_not_typeset"
    assert "中" in problem.message("en")


@pytest.mark.parametrize(
    ("absent", "code", "named"),
    [("manimgx_fonts_cjk", "statement_no_font", "manimgx-fonts-cjk"), ("typst", "statement_no_typesetter", "typst")],
)
def test_packages_that_are_not_installed(absent: str, code: str, named: str) -> None:
    """In a process whose import system does not find the package, as where it was never installed."""
    script = f"""
import sys
from importlib.machinery import PathFinder
class Without(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] == {absent!r} else PathFinder.find_spec(name, path, target)
sys.meta_path = [Without if f is PathFinder else f for f in sys.meta_path]
from lcaengine.problems import Refused
from lcaengine.statements.layout import Document, KeyValues
from lcaengine.statements.pdf import render_pdf
t = {{"zh": "一", "en": "a"}}
try:
    render_pdf(Document(t, t, None, KeyValues(()), (), t, "id"), ("zh",))
except Refused as refused:
    for problem in refused.problems:
        print(problem.code, *problem.values.values())
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.split() == [code, named], done.stderr


def test_nothing_is_fetched() -> None:
    """In a network namespace without any interface."""
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this system lets no process be without network")
    script = (
        "import sys, json; from lcaengine.statements.document import statement_document as d; "
        "from lcaengine.statements.pdf import render_pdf; from lcaengine.statements.html import render_html; "
        "b = json.load(open(sys.argv[1], encoding='utf-8')); o = d(b, ('zh', 'en')); "
        "print(len(render_pdf(o, ('zh', 'en'))) > 100_000 and len(render_html(o, ('en',))) > 50_000)"
    )
    command = ["unshare", "-rn", sys.executable, "-c", script, str(DATA / "keg-brewery.json")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.strip() == "True", done.stderr


# -- names that try to break out

HOSTILE = {
    "typst": '#pagebreak() #read("/etc/passwd") *b* _i_ $x^2$ `raw` @ref <label> \\ // /* = heading ]}',
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>&amp;\"'</td></table>{{ 7*7 }}{% raw %}",
    "emoji": "拉格 🍺 lager 👩‍👩‍👧 🏭",
    "rtl": "בירה لاغر abc",
    "long": "x" * 300,
    "long_chinese": "箱体镀锌板" * 60,
    "long_words": "unbreakable-" * 25,
    "long_arabic": "م" * 300,
    "unknown": "\U00013000 \ue000 \ud800",
    "controls": "a\x00b\x07c\u202ed\u2066e\r\n\tf\u2028g",
}


def small(*cells: Cell, languages: Sequence[str] = ()) -> Document:
    """A document in which the cells stand wherever text can stand."""
    texts: list[Text] = [{"zh": str(c.text), "en": str(c.text)} for c in cells]
    rows = tuple((c, c, Cell(1.5, "right"), c) for c in cells)
    title: Text = {"zh": "表", "en": "Table"}
    section = Section(
        texts[0],
        (
            TableBlock(({"zh": "名称", "en": "Name"}, title, {"zh": "值", "en": "Value"}, texts[0]), rows, (3, 1, 1, 1), texts[0]),
            KeyValues(tuple((t, c) for t, c in zip(texts, cells, strict=True))), Paragraphs(tuple(texts), "warning"),
            Bars(title, tuple((t, (-1.0) ** i * (i + 1)) for i, t in enumerate(texts)), "kg CO2e"),
        ),
    )  # fmt: skip
    return Document(title, texts[0], (texts[0], "1.5", "kg CO2e"), KeyValues(((title, cells[0]),)), (section,), texts[0], "id-1")  # fmt: skip


@poppler
@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("languages", LANGUAGES, ids="+".join)
def test_names_stay_names(name: str, languages: tuple[str, ...], tmp_path: Path) -> None:
    text = HOSTILE[name]
    pdf = render_pdf(small(Cell(text)), languages)
    reader = PdfReader(io.BytesIO(pdf))
    assert len(reader.pages) <= 4
    assert outside(pdf, tmp_path) == []
    said = squeezed("".join(p.extract_text() for p in reader.pages))
    if name in {"typst", "html", "long", "long_chinese"}:
        assert squeezed(text) in said


def outside(pdf: bytes, folder: Path) -> list[str]:
    """Words that poppler finds beyond the margins of 19 mm (with a point to spare)."""
    (folder / "a.pdf").write_bytes(pdf)
    found = subprocess.run(["pdftotext", "-bbox", "a.pdf", "-"], cwd=folder, capture_output=True, check=True).stdout
    words = re.findall(r'xMin="([-\d.]+)" yMin="[-\d.]+" xMax="([-\d.]+)"[^>]*>([^<]*)', found.decode(errors="replace"))
    assert words
    margin = 19 / 25.4 * 72 - 1
    return [word for left, right, word in words if float(left) < margin or float(right) > 595.3 - margin]


def test_characters_without_glyph_are_written_as_codes() -> None:
    assert fonts.showable("a\U00013000b\ue000\ud800") == "a[U+13000]b[U+E000][U+D800]"
    assert fonts.showable(HOSTILE["emoji"]) == HOSTILE["emoji"]
    assert fonts.showable(HOSTILE["rtl"]) == HOSTILE["rtl"]


def test_controls_do_not_turn_what_stands_beside() -> None:
    assert fonts.showable(HOSTILE["controls"]) == "abcde  \x20f g"


def test_long_words_break_and_nothing_is_lost() -> None:
    for text in HOSTILE.values():
        assert "".join(breakable(text)) == text
    for natural in (
        "anti-circumvention, procedure",
        "characterization",
        "0b7e3f52-6c1d-4a7e-9d6c-2f1f9b3f8a11",
        "(consolidated/codified)",
    ):
        assert breakable(natural) == [natural]
    assert max(len(piece) for piece in breakable("x" * 300)) == 6
    family = "👩‍👩‍👧"
    assert all(piece.count("👩") == 2 * piece.count("👧") for piece in breakable(family * 20))


@pytest.mark.parametrize("languages", [(), ("de",), ("zh", "fr")])
def test_only_languages_that_there_are(languages: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="zh, en or both"):
        document_view(small(Cell("x")), languages)


class Page(HTMLParser):
    """What a browser would see: tags, attributes, text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data

    @classmethod
    def of(cls, html: str) -> Page:
        page = cls()
        page.feed(html)
        return page


@pytest.mark.parametrize("name", HOSTILE)
def test_html_escapes(name: str) -> None:
    plain, hostile = (Page.of(render_html(small(Cell(t)), ("zh", "en"))) for t in ("x", HOSTILE[name]))
    assert hostile.tags == plain.tags
    assert {k for k, _ in hostile.attributes} == {k for k, _ in plain.attributes}
    if name in {"typst", "html", "emoji", "rtl", "long"}:
        assert HOSTILE[name] in hostile.text


def test_html_needs_nothing_from_elsewhere() -> None:
    html = render_html(statement_document(body_of("drum-10kg-cn"), ("zh", "en")), ("zh", "en"))
    page = Page.of(html)
    assert not {"script", "link", "iframe", "img", "object"} & set(page.tags)
    targets = [v or "" for k, v in page.attributes if k in {"href", "src", "action", "style"} or k.startswith("on")]
    assert all(t.startswith(("data:application/json;base64,", "width:")) for t in targets)
    assert "url(" not in html
    assert "@import" not in html
    assert "default-src 'none'" in html


# -- bounds


def many(count: int) -> Json:
    lines = [
        {"line": f"l{i}", "name": {"zh": f"零件 {i} 镀锌板", "en": f"Part {i}, galvanised"}, "stage": "materials", "value": float(1 + i % 997),
         "share": (1 + i % 997) / 1e6, "status_shares": {"estimate": 1.0}}
        for i in range(count)
    ]  # fmt: skip
    return {**body_of("drum-10kg-cn"), "lines": lines}


def test_two_thousand_lines() -> None:
    body = many(2000)
    document = statement_document(body, ("zh", "en"))
    render_pdf(document, ("en",))
    start = time.process_time()  # of all threads: the tests run side by side
    pdf = render_pdf(document, ("zh", "en"))
    assert time.process_time() - start < 3
    pages = PdfReader(io.BytesIO(pdf)).pages
    assert len(pages) <= 45
    text = squeezed("".join(p.extract_text() for p in pages))
    kept = sorted((line["value"] for line in body["lines"]), reverse=True)[: MAX_ROWS - 1]
    rest = sum(line["value"] for line in body["lines"]) - sum(kept)
    assert f"{2000 - MAX_ROWS + 1}morelines,together(intheattachedJSON)" in text
    assert squeezed(shown(rest, 2, "zh")) in text
    assert attachment_of(pdf) is not None
    assert len(json.loads(attachment_of(pdf) or b"")["lines"]) == 2000


def test_any_long_table_says_what_is_left_out() -> None:
    rows = tuple((Cell(f"row {i}"),) for i in range(MAX_ROWS + 7))
    title: Text = {"zh": "表", "en": "Table"}
    document = Document(
        title, title, None, KeyValues(()), (Section(title, (TableBlock((title,), rows),)),), title, "id"
    )
    (table,) = document_view(document, ("en",))["sections"][0]["blocks"]
    assert len(table["rows"]) == MAX_ROWS
    assert table["rest"][0]["text"] == f"{MAX_ROWS + 7} rows, of which the first {MAX_ROWS} are shown; the other 7 are in its JSON form."  # fmt: skip


def test_a_table_whose_rows_do_not_fit_is_refused() -> None:
    title: Text = {"zh": "表", "en": "Table"}
    table = TableBlock((title, title), ((Cell("a"),),))
    with pytest.raises(ValueError, match="2 columns"):
        document_view(Document(title, title, None, KeyValues(()), (Section(title, (table,)),), title, "id"), ("en",))


def test_bars_to_both_sides() -> None:
    rows = (({"zh": "甲", "en": "A"}, 30.0), ({"zh": "乙", "en": "B"}, -10.0), ({"zh": "丙", "en": "C"}, 0.0))
    title: Text = {"zh": "图", "en": "Chart"}
    document = Document(title, title, None, KeyValues(()), (Section(title, (Bars(title, rows, "kg"),)),), title, "id")
    (bars,) = document_view(document, ("zh",))["sections"][0]["blocks"]
    assert bars["zero"] == 0.25
    assert [(r["start"], r["width"]) for r in bars["rows"]] == [(0.25, 0.75), (0.0, 0.25), (0.25, 0.0)]


@pytest.mark.parametrize("depth", ["total", "stages"])
@pytest.mark.parametrize("languages", LANGUAGES, ids="+".join)
def test_a_statement_that_withholds(depth: str, languages: tuple[str, ...]) -> None:
    body: Json = {**body_of("drum-10kg-cn"), "depth": depth, "lines": None, "cbam": None}
    if depth == "total":
        body |= {"stages": [], "hotspots": []}
    text = squeezed("".join(p.extract_text() for p in PdfReader(io.BytesIO(render_pdf(statement_document(body, languages), languages))).pages))  # fmt: skip
    lines: Sequence[Mapping[str, Any]] = body_of("drum-10kg-cn")["lines"]
    assert not any(squeezed(line["name"]["zh"]) + squeezed("原材料与零部件") in text for line in lines)
    assert figure(body["total"]["value"], 2) in text


def test_documents_do_not_change() -> None:
    document = small(Cell("x"))
    with pytest.raises(dataclasses.FrozenInstanceError):
        document.identifier = "y"  # type: ignore[misc]


# -- pages as pictures

PAGES = [
    ("keg-brewery", ("zh",), 1), ("keg-brewery", ("en",), 1), ("keg-brewery", ("zh", "en"), 1), ("keg-brewery", ("zh", "en"), 3),
    ("drum-10kg-cn", ("zh", "en"), 1), ("drum-10kg-cn", ("zh",), 8), ("drum-10kg-cn", ("en",), 8), ("names", ("zh", "en"), 1),
]  # fmt: skip
DIFFERENT = 12  # grey levels of a block of 4 × 4 points
ALLOWED = 0.0001  # of the blocks: one or two; the same page twice differs in none


def picture(pdf: bytes, page: int, folder: Path) -> Image.Image:
    (folder / "a.pdf").write_bytes(pdf)
    command = ["pdftoppm", "-r", "60", "-gray", "-png", "-f", str(page), "-l", str(page), "-singlefile", "a.pdf", "a"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    with Image.open(folder / "a.png") as opened:
        return opened.convert("L")


def apart(one: Image.Image, other: Image.Image) -> float:
    """The share of blocks of 4 × 4 points that differ by more than the smoothing of letters can."""
    a, b = (np.asarray(image.reduce(4), dtype=float) for image in (one, other))
    return 1.0 if a.shape != b.shape else float((abs(a - b) > DIFFERENT).mean())


@poppler
@pytest.mark.parametrize(("name", "languages", "page"), PAGES, ids=lambda v: v if isinstance(v, str) else str(v) if isinstance(v, int) else "+".join(v))  # fmt: skip
def test_pages_look_as_they_did(name: str, languages: tuple[str, ...], page: int, tmp_path: Path) -> None:
    pdf = render_pdf(small(*map(Cell, HOSTILE.values())), languages) if name == "names" else pdf_of(name, languages)
    seen = picture(pdf, page, tmp_path)
    golden = DATA / f"{name}-{''.join(languages)}-{page}.png"
    if os.environ.get(WRITE):
        seen.save(golden, optimize=True)
    assert golden.stat().st_size < 200_000
    with Image.open(golden) as kept:
        assert apart(seen, kept.convert("L")) < ALLOWED


@poppler
@pytest.mark.parametrize("change", ["headline", "footer"])
def test_a_page_that_changed_is_seen(change: str, tmp_path: Path) -> None:
    body = copy.deepcopy(body_of("keg-brewery"))
    body["total"]["value"] *= 3 if change == "headline" else 1
    document = statement_document(body, ("en",))
    if change == "footer":
        document = dataclasses.replace(document, footer={"zh": "别的页脚", "en": "Another footer"})
    seen = picture(render_pdf(document, ("en",)), 1, tmp_path)
    with Image.open(DATA / "keg-brewery-en-1.png") as kept:
        assert apart(seen, kept.convert("L")) > ALLOWED


def test_another_page_looks_different() -> None:
    with Image.open(DATA / "keg-brewery-zh-1.png") as zh, Image.open(DATA / "keg-brewery-en-1.png") as en:
        assert apart(zh.convert("L"), en.convert("L")) > 0.01
