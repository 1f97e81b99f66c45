"""What is wrong, where, and what to do next, in Chinese and English.

Every text stands in ``problems.toml``, keyed by code. One exception tree::

    Refused                 somebody gave something that cannot be used (HTTP 422)
    ├── Malformed           it could not even be read (HTTP 400)
    ├── TooLarge            over a limit of size or depth (HTTP 413)
    ├── NotFound            no such footprint, rule, process or release (HTTP 404)
    └── NoSolution          the system has no (finite) solution (HTTP 422)
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

Language = Literal["zh", "en"]


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """All problem texts: code → ``zh``, ``en``, ``next_zh``, ``next_en``."""
    return tomllib.loads((Path(__file__).parent / "problems.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong. ``where`` is a JSON pointer, or row and column of a table."""

    code: str
    where: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)

    def message(self, language: Language = "en") -> str:
        return self._text(language)

    def next_action(self, language: Language = "en") -> str:
        return self._text("next_" + language)

    def _text(self, key: str) -> str:
        return texts()[self.code][key].format_map(_Shown(self.values, key[-2:]))

    def as_dict(self, language: Language = "en") -> dict[str, Any]:
        """The form in which API and ``--json`` show it."""
        body: dict[str, Any] = {
            "code": self.code,
            "pointer": self.where,
            "message": self.message(language),
            "next_action": self.next_action(language),
        }
        if candidates := self.values.get("candidates"):
            body["candidates"] = candidates
        return body


class _Shown(dict[str, Any]):
    """Values as a reader of one language sees them: bilingual names by language, lists joined."""

    def __init__(self, values: Mapping[str, Any], language: str) -> None:
        super().__init__({k: _shown(v, language) for k, v in values.items()})

    def __missing__(self, key: str) -> str:
        return "?"


def _shown(value: Any, language: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(language) or value.get("en") or value.get("code") or dict(value)
    if isinstance(value, (list, tuple)):
        return ", ".join(str(_shown(v, language)) for v in value)
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(value)[:200]


class Refused(Exception):
    """Cannot be used as it is; ``problems`` says why."""

    status = 422

    def __init__(self, problems: Problem | Iterable[Problem]) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("; ".join(f"{p.where or '-'}: {p.message()}" for p in self.problems))


class Malformed(Refused):
    """Cannot even be read."""

    status = 400


class TooLarge(Refused):
    """Over a limit of size or depth."""

    status = 413


class NotFound(Refused):
    """There is no such thing."""

    status = 404


class NoSolution(Refused):
    """A system of equations without a finite solution."""
