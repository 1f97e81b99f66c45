"""The search catalogue of a release: processes, their exchanges and sources, and full text over every name.

Words and likeness: `lcaengine.background.words`. SQLite FTS5 finds the names that share a term with the query; what is
shown is ranked by likeness. A word that no name holds is looked for among similar words: as a prefix, a typing mistake
(Damerau-Levenshtein) or, in Chinese, characters that sound the same (铜馆 → 铜管).
"""

from __future__ import annotations

import math
import re
import sqlite3
import threading
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lcaengine.background import words
from lcaengine.background.quality import STATUSES
from lcaengine.background.words import Words

CAS = re.compile(r"(?<!\d)\d{2,7}-\d{2}-\d(?!\d)")
MOST_TERMS = 96
MOST_NAMES = 600
WORTH_SHOWING = 0.12


@dataclass(frozen=True)
class Hit:
    """A process found by name; ``score`` 0 … 1, larger for a better match; ``by`` is the name that matched best."""

    code: str
    name: Mapping[str, str]
    unit: str
    location: str
    score: float
    by: str = ""
    kind: str = "name"

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "name": dict(self.name), "unit": self.unit, "location": self.location,
                "score": round(self.score, 3), "by": self.by}  # fmt: skip


@dataclass(frozen=True)
class Vocabulary:
    """Terms of all names: how rare each is, those of Latin letters in order, and Chinese bigrams by their sound."""

    rarity: Mapping[str, float]
    latin: tuple[str, ...]
    sounds: Mapping[str, tuple[str, ...]]

    def variants(self, query: Words) -> dict[str, dict[str, float]]:
        """Similar terms for the query's terms: longer words that begin with one, and for unknown ones what they may mean."""
        read_joined = {part for whole, parts in query.joined.items() if whole in self.rarity for part in parts}
        found = {}
        for term in query.terms:
            near = self._longer(term) if term.isascii() else {}
            if term not in self.rarity and term not in read_joined:
                near |= self._mistyped(term) if term.isascii() else self._alike(term)
            if near:
                found[term] = near
        return found

    def _longer(self, term: str) -> dict[str, float]:
        if len(term) < 3 or not term.isalpha():
            return {}
        start, found = bisect_left(self.latin, term), {}
        for other in self.latin[start : start + 20]:
            if not other.startswith(term):
                break
            if other != term:
                found[other] = words.PREFIX
        return found

    def _mistyped(self, term: str) -> dict[str, float]:
        """Only words: a wrong digit is another grade."""
        if len(term) < 4 or not term.isalpha():
            return {}
        from rapidfuzz import process
        from rapidfuzz.distance import DamerauLevenshtein

        likely = process.extract(
            term, [w for w in self.latin if w.isalpha()], scorer=DamerauLevenshtein.normalized_similarity,
            score_cutoff=words.TYPO, limit=5,
        )  # fmt: skip
        return {other: likeness for other, likeness, _ in likely}

    def _alike(self, term: str) -> dict[str, float]:
        if len(term) != 2:
            return {}
        return dict.fromkeys(self.sounds.get(sound(term), ()), words.SOUND)


def sound(term: str) -> str:
    """Pinyin without tones."""
    from pypinyin import lazy_pinyin

    return " ".join(lazy_pinyin(term))


def write_catalogue(
    path: Path,
    processes: Iterable[dict[str, Any]],
    synonyms: Mapping[str, Iterable[Mapping[str, str]]],
    exchanges: Iterable[dict[str, Any]] = (),
    sources: Iterable[dict[str, Any]] = (),
    comparisons: Iterable[dict[str, Any]] = (),
) -> None:
    """Write the catalogue; synonyms are ``{"language", "name"}`` by process."""
    from sqlite_utils import Database

    rows, names = list(processes), []
    for row in rows:
        names.append(_name(row["code"], "code", "", row["code"].replace("-", " ")))
        names.extend(_name(row["code"], "name", language, row[f"name_{language}"]) for language in ("zh", "en"))
        names.extend(_name(row["code"], "synonym", s["language"], s["name"]) for s in synonyms.get(row["code"], ()))
    db = Database(path)
    db.table("processes").insert_all(rows, pk="code")
    db.table("names").insert_all(names).create_index(["key"]).create_index(["code"])
    db.table("names").enable_fts(["terms"], tokenize="unicode61")
    db.table("vocabulary").insert_all(_vocabulary(names), pk="term")
    if exchange_rows := list(exchanges):
        db.table("exchanges").insert_all(exchange_rows).create_index(["process"]).create_index(["target"])
    if source_rows := {row["id"]: row for row in sources}:
        db.table("sources").insert_all(source_rows.values(), pk="id")
    if compared := list(comparisons):
        db.table("comparisons").insert_all(compared).create_index(["process"])
    db.close()


def _name(code: str, kind: str, language: str, name: str) -> dict[str, str]:
    own = words.words(name)
    return {"code": code, "kind": kind, "language": language, "name": name, "key": words.key(name),
            "terms": " ".join(own.all)}  # fmt: skip


def _vocabulary(names: Iterable[Mapping[str, str]]) -> Iterable[dict[str, Any]]:
    """Every term with the number of processes that have it in a name, and the sound of Chinese bigrams."""
    holders: dict[str, set[str]] = {}
    for row in names:
        for term in words.words(row["name"]).all:
            holders.setdefault(term, set()).add(row["code"])
    for term, codes in holders.items():
        yield {"term": term, "count": len(codes), "sound": sound(term) if len(term) == 2 and not term.isascii() else ""}


class Catalogue:
    """Reading the catalogue: one read-only connection a thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def query(self, sql: str, parameters: Iterable[Any] = ()) -> list[dict[str, Any]]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(f"{self._path.as_uri()}?mode=ro&immutable=1", uri=True)
            connection.row_factory = sqlite3.Row
            self._local.connection = connection
        return [dict(row) for row in connection.execute(sql, tuple(parameters))]

    def count(self) -> int:
        return int(self.query("SELECT count(*) AS n FROM processes")[0]["n"])

    def process(self, code: str) -> dict[str, Any] | None:
        """The catalogue row of a process."""
        rows = self.query("SELECT * FROM processes WHERE code = ?", [code])
        return rows[0] if rows else None

    def rows(self, codes: Iterable[str]) -> dict[str, dict[str, Any]]:
        """The catalogue rows of several processes, by code."""
        wanted = list(dict.fromkeys(codes))
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            found |= {r["code"]: r for r in self.query(f"SELECT * FROM processes WHERE code IN ({marks})", part)}
        return found

    def names(self, codes: Iterable[str]) -> dict[str, dict[str, str]]:
        """Names in both languages of several processes."""
        return {code: {"zh": r["name_zh"], "en": r["name_en"]} for code, r in self.rows(codes).items()}

    def synonyms(self, code: str) -> list[dict[str, str]]:
        return self.query("SELECT language, name FROM names WHERE code = ? AND kind = 'synonym'", [code])

    def exchanges(self, code: str) -> list[dict[str, Any]]:
        """The rows of a process; of a co-product, those of the run that makes it."""
        if not self._has("exchanges"):
            return []
        run = self.query("SELECT process FROM exchanges WHERE target = ? AND kind = 'coproduct'", [code])
        return self.query("SELECT * FROM exchanges WHERE process = ?", [run[0]["process"] if run else code])

    def comparisons(self, code: str = "") -> list[dict[str, Any]]:
        """Published factors beside the scores of a process, or of all."""
        if not self._has("comparisons"):
            return []
        return self.query("SELECT * FROM comparisons WHERE ? IN ('', process) ORDER BY process, published", [code])

    def users(self, code: str) -> list[dict[str, Any]]:
        """Processes that buy this one (or hand waste to it), with amount and unit per run."""
        if not self._has("exchanges"):
            return []
        return self.query(
            "SELECT e.process AS code, p.name_zh, p.name_en, e.amount, e.unit FROM exchanges e "
            "JOIN processes p ON p.code = e.process WHERE e.target = ? AND e.kind != 'coproduct' ORDER BY e.process",
            [code],
        )

    def sources(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        wanted = sorted(set(ids))
        if not wanted or not self._has("sources"):
            return []
        return self.query(f"SELECT * FROM sources WHERE id IN ({','.join('?' * len(wanted))})", wanted)

    def source_count(self) -> int:
        return int(self.query("SELECT count(*) AS n FROM sources")[0]["n"]) if self._has("sources") else 0

    def sectors(self) -> list[dict[str, Any]]:
        """Every sector with its number of processes, and of exchanges by status."""
        exchanges = "exchanges" if self._has("exchanges") else "(SELECT '' AS process, '' AS status)"
        counts = ", ".join(f"count(CASE WHEN e.status = '{status}' THEN 1 END) AS {status}" for status in STATUSES)
        return self.query(
            f"SELECT p.sector, count(DISTINCT p.code) AS processes, {counts} FROM processes p "
            f"LEFT JOIN {exchanges} e ON e.process = p.code GROUP BY p.sector ORDER BY p.sector"
        )

    def _has(self, table: str) -> bool:
        return bool(self.query("SELECT 1 FROM sqlite_master WHERE name = ?", [table]))

    @cached_property
    def vocabulary(self) -> Vocabulary:
        rows = self.query("SELECT term, count, sound FROM vocabulary")
        total = self.count()
        sounds: dict[str, tuple[str, ...]] = {}
        for row in rows:
            if row["sound"]:
                sounds[row["sound"]] = (*sounds.get(row["sound"], ()), row["term"])
        rarity = {row["term"]: math.log(1 + total / row["count"]) for row in rows}
        return Vocabulary(rarity, tuple(sorted(t for t in rarity if t.isascii())), sounds)

    def exact(self, text: str) -> list[Hit]:
        """Processes with this very name or synonym (case, spaces, punctuation and sizes aside), names first."""
        wanted = words.key(text)
        rows = self.query(
            "SELECT n.code, n.name AS by, n.kind, p.name_zh, p.name_en, p.unit, p.location FROM names n "
            "JOIN processes p ON p.code = n.code WHERE n.key = ? AND n.kind != 'code' ORDER BY n.kind, n.code",
            [wanted],
        ) if wanted else []  # fmt: skip
        hits: dict[str, Hit] = {}
        for row in rows:
            hits.setdefault(row["code"], _hit(row, 1.0))
        return list(hits.values())

    def by_cas(self, text: str) -> list[Hit]:
        """Processes of a substance whose CAS number stands in a text."""
        found: list[Hit] = []
        for number in dict.fromkeys(CAS.findall(text)):
            rows = self.query(
                "SELECT code, name_zh, name_en, unit, location, cas AS by, 'cas' AS kind FROM processes "
                "WHERE ';' || cas || ';' LIKE ? ORDER BY code",
                [f"%;{number};%"],
            )
            found.extend(_hit(row, 1.0) for row in rows)
        return found

    def like(self, text: str, limit: int = 10) -> list[Hit]:
        """Processes by likeness of their best name, best first."""
        return [hit for hit, _ in self._ranked(text)][:limit]

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """Processes whose names hold every word of a text; where none does, those that hold any."""
        if by_cas := self.by_cas(text):
            return by_cas[:limit]
        ranked = self._ranked(text)
        complete = [hit for hit, whole in ranked if whole]
        return (complete or [hit for hit, _ in ranked])[:limit]

    def _ranked(self, text: str) -> list[tuple[Hit, bool]]:
        """Hits by likeness, with whether the process's names together hold every word of the text."""
        query = words.words(text)
        if not query.terms:
            return []
        variants = self.vocabulary.variants(query)
        asked = {*query.all, *(other for near in variants.values() for other in near)} & self.vocabulary.rarity.keys()
        wanted = sorted(asked, key=lambda term: (-self.vocabulary.rarity[term], term))
        rows = self._sharing(wanted[:MOST_TERMS])
        main = {term for term, weight in query.terms.items() if weight == 1.0}
        best: dict[str, Hit] = {}
        held: dict[str, set[str]] = {}
        for row in rows:
            name = words.words(row["by"])
            score = words.likeness(query, name, variants, self.vocabulary.rarity)
            held.setdefault(row["code"], set()).update(words.found(query, name, variants))
            if score > (best[row["code"]].score if row["code"] in best else 0.0):
                best[row["code"]] = _hit(row, score)
        ranked = sorted(best.values(), key=lambda hit: (-round(hit.score, 9), hit.code))
        return [(hit, main <= held[hit.code]) for hit in ranked if hit.score >= WORTH_SHOWING]

    def _sharing(self, terms: list[str]) -> list[dict[str, Any]]:
        """Names that share a term, those with the rarest first."""
        if not terms:
            return []
        match = " OR ".join(f'"{term}"' for term in terms)
        return self.query(
            "SELECT n.code, n.name AS by, n.kind, p.name_zh, p.name_en, p.unit, p.location FROM names_fts f "
            "JOIN names n ON n.rowid = f.rowid JOIN processes p ON p.code = n.code "
            "WHERE names_fts MATCH ? ORDER BY bm25(names_fts) LIMIT ?",
            [match, MOST_NAMES],
        )


def _hit(row: Mapping[str, Any], score: float) -> Hit:
    name = {"zh": row["name_zh"], "en": row["name_en"]}
    return Hit(row["code"], name, row["unit"], row["location"], score, row["by"], row["kind"])
