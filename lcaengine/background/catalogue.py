"""The search catalogue of a release: SQLite full text, Chinese as characters and overlapping bigrams.

SQLite's tokenizers split Chinese into whole runs or trigrams, so neither finds 铝板 in 冷轧铝板. Here every run of Chinese
is stored as its characters and its bigrams, and a query is cut the same way: a phrase of bigrams must stand in the name.
"""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WORDS = re.compile(r"[一-鿿]+|[a-z0-9]+(?:\.[0-9]+)?")


def tokens(text: str) -> list[str]:
    """Words of a text, Chinese runs as bigrams (a single character as itself)."""
    found: list[str] = []
    for run in _WORDS.findall(text.lower()):
        if "一" <= run[0] <= "鿿" and len(run) > 1:
            found.extend(run[i : i + 2] for i in range(len(run) - 1))
        else:
            found.append(run)
    return found


def indexed(text: str) -> str:
    """The text as it is stored for search: tokens, and every Chinese character alone."""
    return " ".join([*tokens(text), *(c for c in text if "一" <= c <= "鿿")])


@dataclass(frozen=True)
class Hit:
    """A process found by name; ``score`` is larger for a better match."""

    code: str
    name: Mapping[str, str]
    unit: str
    location: str
    score: float

    def as_dict(self) -> dict[str, Any]:
        return {"code": self.code, "name": dict(self.name), "unit": self.unit, "location": self.location,
                "score": round(self.score, 3)}  # fmt: skip


def write_catalogue(
    path: Path,
    processes: Iterable[dict[str, Any]],
    synonyms: Mapping[str, Iterable[str]],
    exchanges: Iterable[dict[str, Any]] = (),
    sources: Iterable[dict[str, Any]] = (),
) -> None:
    """Write the catalogue: processes, their exchanges and sources, and the full-text index of their names."""
    from sqlite_utils import Database

    rows = list(processes)
    texts = []
    for row in rows:
        names = [
            row["code"].replace("-", " "),
            row["name_zh"],
            row["name_en"],
            *synonyms.get(row["code"], ()),
        ]
        texts.append({"code": row["code"], "names": "\n".join(names), "text": indexed(" ".join(names))})
    db = Database(path)
    db.table("processes").insert_all(rows, pk="code")
    db.table("names").insert_all(texts, pk="code").enable_fts(["text"], tokenize="unicode61")
    if exchange_rows := list(exchanges):
        db.table("exchanges").insert_all(exchange_rows).create_index(["process"])
    if source_rows := {row["id"]: row for row in sources}:
        db.table("sources").insert_all(source_rows.values(), pk="id")
    db.close()


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

    def count(self, like: str = "") -> int:
        return int(self.query("SELECT count(*) AS n FROM processes WHERE code LIKE ?", [f"%{like}%"])[0]["n"])

    def process(self, code: str) -> dict[str, Any] | None:
        """The catalogue row of a process."""
        rows = self.query("SELECT * FROM processes WHERE code = ?", [code])
        return rows[0] if rows else None

    def processes(self, limit: int, offset: int) -> list[dict[str, Any]]:
        return self.query("SELECT * FROM processes ORDER BY code LIMIT ? OFFSET ?", [limit, offset])

    def names(self, codes: Iterable[str]) -> dict[str, dict[str, str]]:
        """Names in both languages of several processes."""
        wanted = list(dict.fromkeys(codes))
        found: dict[str, dict[str, str]] = {}
        for start in range(0, len(wanted), 500):
            part = wanted[start : start + 500]
            marks = ",".join("?" * len(part))
            for row in self.query(f"SELECT code, name_zh, name_en FROM processes WHERE code IN ({marks})", part):
                found[row["code"]] = {"zh": row["name_zh"], "en": row["name_en"]}
        return found

    def exchanges(self, code: str) -> list[dict[str, Any]]:
        return self.query("SELECT * FROM exchanges WHERE process = ?", [code]) if self._has("exchanges") else []

    def sources(self, ids: Iterable[str]) -> list[dict[str, Any]]:
        wanted = sorted(set(ids))
        if not wanted or not self._has("sources"):
            return []
        return self.query(f"SELECT * FROM sources WHERE id IN ({','.join('?' * len(wanted))})", wanted)

    def _has(self, table: str) -> bool:
        return bool(self.query("SELECT 1 FROM sqlite_master WHERE name = ?", [table]))

    def search(self, text: str, limit: int = 10) -> list[Hit]:
        """Processes by name in Chinese or English, best first: those that hold every word, else any word.

        The score is that of the best single name or synonym: the query's words found in it, and how much of it they are.
        """
        words = list(dict.fromkeys(tokens(text)))[:24]
        if not words:
            return []
        for joint in (" AND ", " OR "):
            match = joint.join(f'"{w}"*' if w.isascii() else f'"{w}"' for w in words)
            rows = self.query(
                "SELECT p.code, p.name_zh, p.name_en, p.unit, p.location, n.names FROM names_fts f "
                "JOIN names n ON n.rowid = f.rowid JOIN processes p ON p.code = n.code "
                "WHERE names_fts MATCH ? ORDER BY bm25(names_fts) LIMIT ?",
                [match, max(limit * 3, 30)],
            )
            if rows:
                break
        hits = [_hit(row, words) for row in rows]
        return sorted(hits, key=lambda h: (-h.score, h.code))[:limit]


def _hit(row: Mapping[str, Any], words: list[str]) -> Hit:
    score = max(_similarity(words, tokens(name)) for name in row["names"].split("\n"))
    return Hit(row["code"], {"zh": row["name_zh"], "en": row["name_en"]}, row["unit"], row["location"], score)


def _similarity(words: list[str], name: list[str]) -> float:
    """How much of the query stands in one name, and how much of that name it is."""
    found = sum(1 for w in words if any(n.startswith(w) if w.isascii() else n == w for n in name))
    return 0.7 * found / len(words) + 0.3 * min(found / len(name), 1.0) if name else 0.0
