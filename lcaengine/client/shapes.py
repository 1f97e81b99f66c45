"""The shapes of answers, for type checkers and editors; every answer may have more fields (docs/api.md, /openapi.json)."""

from __future__ import annotations

from typing import Any, TypedDict

LocalText = dict[str, str]


class Amount(TypedDict):
    amount: float
    unit: str


class Total(TypedDict):
    value: float
    unit: str
    indicator: str


class Stage(TypedDict):
    stage: str
    name: LocalText
    value: float
    share: float | None


class Line(TypedDict, total=False):
    line: str
    name: LocalText
    stage: str
    value: float
    share: float | None
    amount: Amount | None
    process: dict[str, Any] | None
    data: str


class Entry(TypedDict, total=False):
    """A footprint in a list."""

    id: str
    created: str
    product: dict[str, Any]
    category: str
    declared_unit: Amount
    boundary: str
    total: Total
    links: dict[str, str]


class Footprint(Entry, total=False):
    rule: dict[str, Any]
    background: dict[str, Any]
    indicators: list[dict[str, Any]]
    electricity: dict[str, Any]
    stages: list[Stage]
    lines: list[Line]
    gases: list[dict[str, Any]]
    assumptions: list[dict[str, Any]]
    data_quality: dict[str, Any]
    warnings: list[dict[str, Any]]


class Hotspot(TypedDict, total=False):
    id: str
    name: LocalText
    value: float
    rank: int
    share: float | None
    gross_share: float | None
    cumulative_share: float | None


class Hotspots(TypedDict, total=False):
    """Each ranking has ``items`` and the ``rest`` in one sum."""

    total: float
    unit: str
    lines: dict[str, Any]
    stages: dict[str, Any]
    processes: dict[str, Any]


class Match(TypedDict, total=False):
    """What the lines of a bill of materials mean."""

    lines: list[dict[str, Any]]


class Share(TypedDict):
    id: str
    footprint: str
    owner: str
    organisation: str
    depth: str
    created: str
    ended: str | None


class Statement(TypedDict, total=False):
    id: str
    created: str
    status: str
    document: dict[str, Any]
    links: dict[str, str]


class Key(TypedDict, total=False):
    """``secret`` is there only in the answer that made it."""

    id: str
    kind: str
    name: str
    scopes: list[str]
    expires: str
    secret: str


class Batch(TypedDict, total=False):
    id: str
    state: str
    links: dict[str, str]
