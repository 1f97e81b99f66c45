"""Ratings of data quality, from facts of each row to shares of a score.

Every exchange carries *marks*: "its figure is at least derived", "its figure is six years old or older". For each mark a
release holds the part of each product's score that passes through at least one marked exchange, at any depth. Marks of one
criterion are nested, so the sum of the parts over the score is the mean over all paths of the worst rating on the path:

    rating = 1 + Σ_k part(rating ≥ k) / score,  k = 2 … 5

(E[max] = Σ P(max ≥ k)). That is stricter than the mean of PEF (Guidance, eq. 20), where one bad figure early in a chain
hides behind good ones. What the scales say, and where we extend them: docs/method.md, "Data quality".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

AGES = (2, 3, 4, 5, 6, 8, 10)
MARKS = (
    "published", "derived", "estimate", "rough",
    *(f"technology_{k}" for k in (2, 3, 4, 5)),
    *(f"geography_{k}" for k in (2, 3, 4, 5)),
    *(f"age_{years}" for years in AGES),
)  # fmt: skip
BIT = {name: 1 << i for i, name in enumerate(MARKS)}
STATUSES = ("measured", "published", "derived", "estimate")
REGIONS = {
    "EU": frozenset(
        ["AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"]
    ),
    "RNA": frozenset({"US", "CA", "MX"}),
}  # fmt: skip
UNDATED = 5  # years: an activity without a period counts as this old
STATUS_MARKS = tuple(MARKS.index(status) for status in STATUSES[1:])
PEF, PACT = ("ter", "gr", "tir", "p"), ("technologicalDQR", "geographicalDQR", "temporalDQR")
COUNTED: Mapping[str, tuple[str, ...]] = {
    "ter": tuple(f"technology_{k}" for k in (2, 3, 4, 5)),
    "gr": tuple(f"geography_{k}" for k in (2, 3, 4, 5)),
    "tir": tuple(f"age_{years}" for years in (4, 6, 8, 10)),
    "p": ("estimate", "rough"),
    "technologicalDQR": ("technology_4", "technology_5"),
    "geographicalDQR": ("geography_2", "geography_3", "geography_4"),
    "temporalDQR": tuple(f"age_{years}" for years in (2, 3, 4, 5)),
}  # fmt: skip
WEIGHTS = np.array([[float(mark in COUNTED[name]) for name in (*PEF, *PACT)] for mark in MARKS])
BASE = np.array([1.0, 1, 1, 1, 3, 2, 1])  # of averages; a figure of one's own is PACT's 1 in technology and geography
OWN = np.array([0.0, 0, 0, 0, -2, -1, 0])
UNCHECKED = np.array([0.0, 0, 0, 1, 0, 0, 0])
PACT_LABELS = ((1.5, "excellent"), (2.0, "very_good"), (3.0, "good"), (4.0, "fair"))


def row_marks(exchange: Mapping[str, str], process: Mapping[str, str], year: int, estimated: bool) -> int:
    """The marks of a table row; ``estimated``: what one run makes is an estimate, so the figure per unit is one too."""
    status = "estimate" if estimated else exchange["status"]
    reliability, _, _, _, technology = (int(score) for score in exchange["pedigree"].split(";"))
    rough = status == "estimate" and reliability == 5
    return (
        _nested(STATUSES[1 : STATUSES.index(status) + 1])
        | (BIT["rough"] if rough else 0)
        | at_least("technology", technology)
        | at_least("geography", geography(exchange["geography"], process["location"]))
        | aged(year - int(exchange["year"]))
    )


def geography(figure: str, wanted: str) -> int:
    """PEF's GR of a figure of one place used for another (ISO codes): 1 same … 3 part of a wider mix, 4 similar place.

    1: the same country or a part of it; 2: the country or region that holds the place; 3: a world figure;
    4: another country, taken as similar by whoever entered it.
    """
    if figure == wanted or (figure[:2] == wanted[:2] != "GL" and len(figure) > len(wanted)):
        return 1
    if figure[:2] == wanted[:2] or wanted[:2] in REGIONS.get(figure, ()):
        return 2
    return 3 if "GLO" in (figure, wanted) else 4


def at_least(criterion: str, rating: int) -> int:
    return _nested(f"{criterion}_{k}" for k in range(2, rating + 1))


def aged(years: int) -> int:
    return _nested(f"age_{limit}" for limit in AGES if years >= limit)


def _nested(names: Any) -> int:
    return sum(BIT[name] for name in names)


def rating(
    parts: Sequence[float] | Array, score: float, own: float = 0.0, unverified: float | None = None,
    stated: Array | None = None,
) -> dict[str, Any] | None:  # fmt: skip
    """PEF's and PACT's ratings of a score from its marked parts (``len(MARKS)``,); None for a zero score.

    ``own``: the part that is the supplier's or the site's own figure; the rest are averages, for PACT at best "average of
    equivalent technology" in the right country. ``unverified``: the part whose amounts nobody checked (PEF: P is 3 at
    best); by default, for a background process, the part that is not measured.
    """
    unchecked = score + float(parts[MARKS.index("published")]) if unverified is None else 2 * unverified
    shift = None if stated is None else stated[None]
    return ratings(np.asarray(parts)[None], np.array([score]), np.array([own]), np.array([unchecked]), shift)[0]


def ratings(
    parts: Array, scores: Array, own: Array, unchecked: Array, stated: Array | None = None
) -> list[dict[str, Any] | None]:
    """The ratings of g scores at once: parts (g, len(MARKS)), scores, own and unchecked (g,), stated (g, len(PACT)).

    ``unchecked``: twice the part whose amounts nobody checked, once for "audited" (P = 1) and once for "checked" (P = 2).
    ``stated``: what PACT's ratings differ by where suppliers state their own, times the score.
    """
    numbers = rating_numbers(parts, scores, own, unchecked, stated)
    return [_shown(row) if some else None for row, some in zip(numbers.tolist(), (scores != 0).tolist(), strict=True)]


def rating_numbers(parts: Array, scores: Array, own: Array, unchecked: Array, stated: Array | None = None) -> Array:
    """The same as numbers, (g, 7): PEF's four, then PACT's three; meaningless where a score is zero."""
    safe = np.where(scores != 0, scores, 1.0)[:, None]
    numbers: Array = BASE + (parts @ WEIGHTS + own[:, None] * OWN + unchecked[:, None] * UNCHECKED) / safe
    if stated is not None:
        numbers[:, len(PEF) :] += stated / safe
    return numbers


def _shown(row: Sequence[float]) -> dict[str, Any]:
    pef, pact = dict(zip(PEF, row[:4], strict=True)), dict(zip(PACT, row[4:], strict=True))
    return {"pef": {**pef, "dqr": sum(row[:4]) / 4}, "pact": {**pact, "label": pact_label(sum(row[4:]) / 3)}}


def pact_label(mean: float) -> str:
    return next((label for limit, label in PACT_LABELS if mean < limit), "poor")


def status_shares(parts: Sequence[float] | Array, score: float) -> dict[str, float] | None:
    """Shares of a score by the weakest status on the path; they add up to one. None for a zero score."""
    if not score:
        return None
    at_least = [1.0, *(float(parts[i]) / score for i in STATUS_MARKS), 0.0]
    return {status: at_least[i] - at_least[i + 1] for i, status in enumerate(STATUSES)}
