"""What may be entered as evidence: which figure, under which name, of which type."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lcaengine.problems import Problem, Refused
from lcaengine.store.media import EXTENSIONS, sniffed

KINDS = ("footprints", "installations")
_POINTER = re.compile(r"(/([^~/]|~[01])*)*")
_UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)  # control, and what turns a name round


class WrongType(Refused):
    """A file of a kind that is not kept."""

    status = 415


@dataclass(frozen=True, slots=True)
class Figure:
    """A place in the document of a record; ``pointer`` "" is the whole document."""

    kind: str
    record: str
    pointer: str = ""


def has_place(document: Any, pointer: str) -> bool:
    """Whether a JSON pointer leads to something in a document."""
    found = document
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        if isinstance(found, dict) and key in found:
            found = found[key]
        elif isinstance(found, list) and re.fullmatch("0|[1-9][0-9]{0,8}", key) and int(key) < len(found):
            found = found[int(key)]
        else:
            return False
    return True


def figure_problems(figure: Figure) -> Iterator[Problem]:
    if figure.kind not in KINDS:
        yield Problem("statement_evidence_kind", "/kind", {"value": figure.kind, "kinds": list(KINDS)})
    if len(figure.pointer) > 300 or "\0" in figure.pointer + figure.record or not _POINTER.fullmatch(figure.pointer):
        yield Problem("statement_evidence_pointer", "/pointer", {"value": figure.pointer})


def text_problems(field: str, text: str) -> Iterator[Problem]:
    """A file's name or a person's: 1 to 200 characters, all of them visible; a name is no path."""
    path = field == "file_name" and re.search(r'[\\/:"*?<>|]|^\.', text)
    if not 1 <= len(text) <= 200 or _UNSEEN.search(text) or path:
        yield Problem("statement_evidence_text", f"/{field}", {"field": field, "value": text})


def media_type_of(data: bytes, name: str) -> str:
    """The type of a file by its content, which its name must not contradict; raises `WrongType`."""
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    found = sniffed(data, extension)
    allowed = [e for each in EXTENSIONS.values() for e in each]
    if found is None:
        raise WrongType(Problem("statement_evidence_type", "/file_name", {"name": name, "allowed": allowed}))
    if extension not in EXTENSIONS[found]:
        values = {"name": name, "found": found, "extensions": list(EXTENSIONS[found])}
        raise WrongType(Problem("statement_evidence_extension", "/file_name", values))
    return found
