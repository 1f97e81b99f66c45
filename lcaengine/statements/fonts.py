"""The fonts of the documents: two packages of Noto fonts (OFL), never the system's, never a silent substitute.

`manimgx-fonts-cjk` holds Noto Sans CJK as one variable font, of which the family "Noto Sans CJK SC" has the forms of mainland China
in every weight; `manimgx-fonts` holds Noto Sans, Noto Emoji and Noto Sans for Arabic, Hebrew, Thai and other scripts.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from lcaengine.problems import Problem, Refused

LATIN, CHINESE = "Noto Sans", "Noto Sans CJK SC"
PACKAGES = {"manimgx-fonts": "manimgx_fonts", "manimgx-fonts-cjk": "manimgx_fonts_cjk"}
KEPT = frozenset("\u200b\u200c\u200d\ufe0e\ufe0f")  # join letters, break words or choose a form; no glyph of their own
ORDINARY = (range(0x20, 0x7F), range(0xA1, 0xAD), range(0xAE, 0x100), range(0x4E00, 0x9FA6), range(0xFF01, 0xFF5F))


def folders() -> list[Path]:
    """The installed font packages; raises `Refused` (``statement_no_font``) for each that is missing."""
    found = {package: find_spec(module) for package, module in PACKAGES.items()}
    missing = [package for package, spec in found.items() if spec is None or spec.origin is None]
    if missing:
        raise Refused(Problem("statement_no_font", "", {"font": package}) for package in missing)
    return [Path(str(spec.origin)).parent for spec in found.values() if spec is not None]


@cache
def loaded() -> Any:
    """Typst's collection of exactly these fonts; raises `Refused` where Latin or Chinese is not among them."""
    try:
        import typst
    except ImportError as error:
        raise Refused(Problem("statement_no_typesetter", "", {"library": "typst"})) from error
    fonts = typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in folders()]
    )
    missing = [family for family in (LATIN, CHINESE) if family not in fonts.families()]
    if missing:
        raise Refused(Problem("statement_no_font", "", {"font": family}) for family in missing)
    return fonts


@cache
def other_families() -> tuple[str, ...]:
    """Families for what is neither Latin nor Chinese, in the order in which a glyph is looked for."""
    return tuple(f for f in loaded().families() if "CJK" not in f and f != LATIN)


def showable(text: str) -> str:
    """`text` with every character that no font here has written as its code, ``[U+13000]``; marks without glyph are left out.

    Controls that turn the direction of writing are left out: a name must not change how the figures beside it read.
    """
    return text if _ordinary(text) else "".join(_character(c) for c in text)


def _ordinary(text: str) -> bool:
    return all(any(ord(c) in block for block in ORDINARY) for c in text)


def _character(character: str) -> str:
    if character.isspace():
        return " " if character in "\t\n\r\v\f\x1c\x1d\x1e\x1f\x85\u2028\u2029" else character
    if character in KEPT or _ordinary(character):
        return character
    if unicodedata.category(character) in {"Cc", "Cf"} or 0xFE00 <= ord(character) <= 0xFE0F:
        return ""
    return character if has_glyph(ord(character)) else f"[U+{ord(character):04X}]"


@cache
def has_glyph(code: int) -> bool:
    """Whether a font of the packages has the character; the small fonts are read first."""
    return any(code in _characters(path, number) for path, number in _files())


@cache
def _files() -> list[tuple[Path, int]]:
    used = {LATIN, CHINESE, *other_families()}
    files = {(Path(f.path), f.index) for f in loaded().fonts() if f.family in used}
    return sorted(files, key=lambda file: (file[0].stat().st_size, file[0].name))


@cache
def _characters(path: Path, number: int) -> frozenset[int]:
    from fontTools.ttLib import TTFont

    with TTFont(path, lazy=True, fontNumber=number if path.suffix == ".ttc" else -1) as font:
        return frozenset(font["cmap"].getBestCmap())
