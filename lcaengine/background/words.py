"""Words of names in Chinese and English, and how alike two names are.

Chinese has no spaces and SQLite's tokenizers split it into whole runs or trigrams, so neither finds 铝板 in 冷轧铝板. Here
every run of Chinese gives its overlapping bigrams and, with less weight, its single characters. Latin words are kept whole,
in one spelling (aluminum = aluminium); what a hyphen or blank separates is also read joined (R-600a = R600a). Sizes and
masses in a purchasing name (0.8mm, 1250*2500) say nothing of the material and are set aside.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

_RUN = re.compile(r"[一-鿿]+|[a-z0-9]+(?:\.[0-9]+)?")
_NUMBER = r"\d+(?:\.\d+)?"
_LENGTH = r"(?:mm2|mm|cm|um|μm|m|丝|毫米|厘米|微米|米|寸|英寸|inch|in)"
_MASS = r"(?:kgs?|mg|g|克|千克|公斤|吨|ml|毫升|升|l|lbs?|gsm)"
_UNIT = rf"(?:{_LENGTH}|{_MASS})(?!(?!x\s*\d)[a-z])"
_SIZE = re.compile(
    r"(?!3[01]\d\s?l(?![a-z0-9]))(?:"  # 304L and 316L are steels, not litres
    rf"(?:(?<![a-z0-9])(?:m|st|t)\s*=?\s*|[φøδ]\s*=?\s*|(?<![a-z0-9.]))"
    rf"{_NUMBER}(?:\s*{_UNIT})?(?:\s*[*x×]\s*{_NUMBER}(?:\s*{_UNIT})?)+(?:\s*[*x×]\s*[cl]\b)?"
    rf"|[φøδ]\s*=?\s*{_NUMBER}(?:\s*{_LENGTH})?|\bt\s*=\s*{_NUMBER}(?:\s*{_LENGTH})?"
    rf"|(?<![a-z0-9.]){_NUMBER}\s*(?:{_LENGTH}|{_MASS})(?:/(?:m2|㎡|m²|pcs?|个|只))?(?![a-z0-9]))"
)
_SPELLING = (
    ("aluminum", "aluminium"), ("sulf", "sulph"), ("fiber", "fibre"), ("galvaniz", "galvanis"), ("gray", "grey"),
    ("molding", "moulding"), ("molded", "moulded"), ("labor", "labour"), ("color", "colour"),
)  # fmt: skip
_WHOLE = {
    "tire": "tyre",
    "tires": "tyre",
    "tyres": "tyre",
    "aluminium": "aluminium",
    "alu": "aluminium",
    "alum": "aluminium",
}
CHARACTER = 0.35  # weight of a single Chinese character beside its bigrams
SOUND = 0.8  # a bigram that sounds the same: a slip of the input method
PREFIX = 0.75
TYPO = 0.72  # least likeness of a mistyped Latin word
UNKNOWN = 3.0  # rarity of a word that no name holds: it weakens a match a little
COVER = 0.55  # weight of "how much of the query" against "how much of the name"


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """Lower case, full-width forms as half-width, sizes and masses taken out.

    Blanks are made one first: the search for sizes tries every length of a run of them.
    """
    return _SIZE.sub(" ", " ".join(unicodedata.normalize("NFKC", text).lower().split()))


@lru_cache(maxsize=4096)
def key(text: str) -> str:
    """What two names share that differ only in sizes, spaces, punctuation and case; empty for a bare size."""
    return "".join(_spelled(run) for run in _RUN.findall(plain(text)))


def _spelled(word: str) -> str:
    if word in _WHOLE:
        return _WHOLE[word]
    for other, ours in _SPELLING:
        word = word.replace(other, ours)
    plural = len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")) and word.isalpha()
    return word[:-1] if plural else word


@dataclass(frozen=True)
class Words:
    """The terms of a text with their weight in it, and the joined readings of neighbouring Latin words.

    ``joined``: "sus304" → ("sus", "304"), so that "SUS 304" and "SUS304" are one.
    """

    terms: Mapping[str, float]
    joined: Mapping[str, tuple[str, str]]

    @property
    def all(self) -> Iterable[str]:
        return (*self.terms, *self.joined)


@lru_cache(maxsize=65536)
def words(text: str) -> Words:
    """The terms of a text (sizes set aside, unless nothing else is left)."""
    runs = _RUN.findall(plain(text)) or _RUN.findall(unicodedata.normalize("NFKC", text).lower())
    terms: dict[str, float] = {}
    joined: dict[str, tuple[str, str]] = {}
    before = ""
    for run in runs[:64]:
        if "一" <= run[0] <= "鿿":
            before = ""
            if len(run) == 1:
                terms[run] = 1.0
                continue
            terms.update((run[i : i + 2], 1.0) for i in range(min(len(run) - 1, 64)))
            for character in run[:64]:
                terms.setdefault(character, CHARACTER)
            continue
        word = _spelled(run)
        terms[word] = 1.0
        if before:
            joined[before + word] = (before, word)
        before = word
    return Words(terms, joined)


def found(query: Words, name: Words, variants: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """The query's terms that the name holds, each with how surely (1: as written; less: a variant of it)."""
    held: dict[str, float] = {}
    for term in query.terms:
        if term in name.terms or term in name.joined:
            held[term] = 1.0
        elif term in variants:
            best = max((weight for other, weight in variants[term].items() if other in name.terms), default=0.0)
            if best:
                held[term] = best
    for whole, parts in query.joined.items():
        if whole in name.terms:
            held.update(dict.fromkeys(parts, 1.0))
    return held


def likeness(
    query: Words, name: Words, variants: Mapping[str, Mapping[str, float]], rarity: Mapping[str, float]
) -> float:
    """0 … 1: how much of the query stands in a name and how much of the name it is, rare terms counting more."""
    held = found(query, name, variants)
    if not held:
        return 0.0
    asked = sum(_weight(term, own, rarity, variants) for term, own in query.terms.items())
    got = sum(_weight(term, query.terms[term], rarity, variants) * sure for term, sure in held.items())
    back = set(held) | {other for term, sure in held.items() if sure < 1.0 for other in variants[term]}
    back |= {part for whole, parts in name.joined.items() if whole in query.terms for part in parts}
    back |= {whole for whole, parts in query.joined.items() if whole in name.terms}
    size = sum(_weight(term, own, rarity) for term, own in name.terms.items())
    mine = sum(_weight(term, own, rarity) for term, own in name.terms.items() if term in back)
    return COVER * got / asked + (1 - COVER) * (mine / size if size else 0.0)


def _weight(
    term: str, own: float, rarity: Mapping[str, float], variants: Mapping[str, Mapping[str, float]] | None = None
) -> float:
    if term in rarity:
        return own * rarity[term]
    near = variants.get(term) if variants else None
    return own * (max(rarity.get(other, UNKNOWN) for other in near) if near else UNKNOWN)
