"""What differs between two JSON documents, by JSON pointer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


class _Absent:
    def __repr__(self) -> str:
        return "–"


ABSENT = _Absent()


@dataclass(frozen=True)
class Difference:
    """A place with what is stated there and what was found instead (None with ``absent`` where there is nothing)."""

    pointer: str
    stated: Any
    found: Any

    def as_dict(self) -> dict[str, Any]:
        return {
            "pointer": self.pointer,
            "stated": None if self.stated is ABSENT else self.stated,
            "found": None if self.found is ABSENT else self.found,
        }


def differences(stated: Any, found: Any, pointer: str = "") -> Iterator[Difference]:
    """Every leaf that differs; numbers are compared exactly (1 and 1.0 are the same, 1 and true are not)."""
    if isinstance(stated, dict) and isinstance(found, dict):
        for key in dict.fromkeys((*stated, *found)):
            place = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            yield from differences(stated.get(key, ABSENT), found.get(key, ABSENT), place)
    elif isinstance(stated, (list, tuple)) and isinstance(found, (list, tuple)):
        for i in range(max(len(stated), len(found))):
            own = stated[i] if i < len(stated) else ABSENT
            other = found[i] if i < len(found) else ABSENT
            yield from differences(own, other, f"{pointer}/{i}")
    elif isinstance(stated, bool) is not isinstance(found, bool) or stated != found:
        yield Difference(pointer, stated, found)
