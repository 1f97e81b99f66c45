"""What stands beside the emissions of a shipment: its mass, the certificate price, the carbon price paid abroad.

No price is ever extrapolated: a quarter has its official price (IR (EU) 2025/2548), or the user's assumption, marked as one, or none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from lcaengine.cbam.certificates.defaults import Text
from lcaengine.cbam.tables import Price, acts_used, price, tables
from lcaengine.problems import Problem, Refused
from lcaengine.units import Quantity, same_dimension

DEFAULT_PRICES_FROM = 2027  # Regulation 2023/956 Art. 9: the Commission may publish yearly default carbon prices
DRAFT = "Ares(2026)4841230"
SAME = 1e-6

_NOT_CONVERTED: Text = {
    "zh": "关于第 9 条的实施法案仍为草案（Ares(2026)4841230，2026 年 5 月 13 日）：不自动折算货币，扣减量按所填数值及其证据计算。",
    "en": "The implementing act on Article 9 is still a draft (Ares(2026)4841230 of 13 May 2026): no currency is converted; the "
    "reduction counts as entered, with its evidence.",
}
_NOTHING_PAID: Text = {
    "zh": "未填写第三国已付碳价；按 0 扣减。",
    "en": "No carbon price paid in a third country was given; the deduction is 0.",
}
_NAME_THE_QUARTER: Text = {
    "zh": "2026 年的价格按进口季度公布；请给出季度，或给出自己的价格假设。",
    "en": "Prices of 2026 are published by the quarter of importation; name the quarter, or give a price of your own as an assumption.",
}
_NO_PRICE_YET: Text = {
    "zh": "该年没有已公布的价格，也不外推；请给出自己的价格假设。",
    "en": "No price of this year is published, and none is extrapolated; give a price of your own as an assumption.",
}
_ASSUMED: Text = {
    "zh": "用户的价格假设，不是官方价格，也不是预测。",
    "en": "The user's assumption of a price; neither official nor a forecast.",
}


@dataclass(frozen=True, slots=True)
class Shipment:
    """Net mass in t, pieces, and mass of a piece in t; None is not given."""

    mass_t: float | None = None
    pieces: int | None = None
    unit_mass_t: float | None = None

    def as_dict(self) -> dict[str, Any]:
        return {"mass_t": self.mass_t, "pieces": self.pieces, "unit_mass_t": self.unit_mass_t}


@dataclass(frozen=True, slots=True)
class PaidPrice:
    """A carbon price paid in the country of production (Regulation 2023/956 Art. 9): value, missing, or not applicable.

    ``reduction`` is in certificates, t CO2e per tonne of the good, of imports of ``year``. ``kind`` "certified" is a price
    effectively paid and certified by an independent person, for actual emissions; "default_price" is the Commission's yearly
    default, the only one for default emissions. ``amount`` records the sum in its own currency; nothing converts it.
    """

    status: Literal["value", "missing", "not_applicable"]
    kind: Literal["certified", "default_price"] = "certified"
    reduction: float | None = None
    year: int | None = None
    evidence: str | None = None
    amount: str | None = None
    reason: str | None = None

    def in_year(self, year: int) -> float:
        """Deduction of that year's imports, t CO2e per tonne of the good."""
        return self.reduction or 0.0 if self.status == "value" and year == self.year else 0.0

    def as_dict(self) -> dict[str, Any]:
        body: dict[str, Any] = {
            "status": self.status,
            "article": "2023/956 Art. 9",
            "acts": acts_used("2023/956", DRAFT),
        }
        if self.status == "value":
            body |= {k: getattr(self, k) for k in ("kind", "reduction", "year", "evidence", "amount")}
            return body | {"unit": "t CO2e/t", "notes": [_NOT_CONVERTED]}
        return body | {
            "reason": self.reason,
            "reduction": 0.0,
            "notes": [_NOTHING_PAID] if self.status == "missing" else [],
        }


NOT_GIVEN = PaidPrice("missing")


def paid_price(reduction: float | None, year: int | None, evidence: str | None, reason: str | None) -> PaidPrice:
    """What was entered for default emissions: a value with year and evidence, not applicable with its reason, or missing."""
    if reason is not None:
        return PaidPrice("not_applicable", reason=reason)
    if reduction is None:
        return NOT_GIVEN
    return PaidPrice("value", "default_price", reduction, year, evidence)


def shipment_of(mass: Quantity | None, pieces: int | None, unit_mass: Quantity | None) -> Shipment:
    """Tonnes, pieces and tonnes a piece, each of which may follow from the other two.

    Raises `Refused` with all problems: pieces where tonnes are required, a mass of nothing, masses that contradict.
    """
    problems = list(_wrong_units(mass, "/mass")) + list(_wrong_units(unit_mass, "/unit_mass"))
    if pieces is not None and not pieces > 0:
        problems.append(Problem("cbam_shipment_amount", "/pieces", {"value": pieces}))
    if pieces is not None and mass is None and unit_mass is None:
        problems.append(Problem("cbam_pieces_need_mass", "/pieces", {"pieces": pieces}))
    if problems:
        raise Refused(problems)
    total, each = (q.to("t") if q else None for q in (mass, unit_mass))
    if pieces is None:
        return Shipment(total, None, each)
    if total is not None and each is not None and not math.isclose(total, each * pieces, rel_tol=SAME):
        values = {"mass": total, "pieces": pieces, "unit_mass": each}
        raise Refused(Problem("cbam_masses_contradict", "/mass", values))
    if each is None and total is not None:
        each = total / pieces
    return Shipment(total if total is not None else (each or 0.0) * pieces, pieces, each)


def _wrong_units(mass: Quantity | None, where: str) -> Iterator[Problem]:
    if mass is None:
        return
    if not same_dimension(mass.unit, "t"):
        yield Problem("cbam_tonnes_required", where + "/unit", {"unit": mass.unit})
    elif not mass.amount > 0:
        yield Problem("cbam_shipment_amount", where, {"value": mass.amount})


def price_problems(quarter: str | None, assumed: float | None, years: tuple[int, ...]) -> Iterator[Problem]:
    """A quarter without official price needs an assumption (IR 2025/2548); an assumption is a positive number."""
    if assumed is not None and not (math.isfinite(assumed) and assumed > 0):
        yield Problem("cbam_price_invalid", "/price", {"value": assumed})
    if quarter is None:
        return
    if not re.fullmatch(r"20\d\d-Q[1-4]", quarter):
        yield Problem("cbam_quarter_form", "/quarter", {"quarter": quarter})
    elif int(quarter[:4]) not in years:
        yield Problem("cbam_quarter_year", "/quarter", {"quarter": quarter, "years": list(years)})
    elif _official(quarter) is None and assumed is None:
        values = {"quarter": quarter, "published": [f"{p.period}: {p.price_eur:.2f}" for p in published()]}
        yield Problem("cbam_price_unpublished", "/quarter", values)


def price_of(year: int, quarter: str | None, assumed: float | None) -> dict[str, Any]:
    """EUR per certificate of a year: official of the quarter, the user's assumption, or none and why."""
    official = _official(quarter) if quarter and int(quarter[:4]) == year else None
    if official is not None:
        source = {k: getattr(official, k) for k in ("act", "state", "read_in")}
        source["published"] = official.published.isoformat() if official.published else None
        return {"eur": official.price_eur, "status": "official", "period": official.period, **source, "notes": []}
    if assumed is not None:
        return {"eur": float(assumed), "status": "assumption", "period": None, "notes": [_ASSUMED]}
    return {
        "eur": None, "status": "missing", "period": None,
        "notes": [_NAME_THE_QUARTER if year == 2026 else _NO_PRICE_YET],
    }  # fmt: skip


def published() -> tuple[Price, ...]:
    """The official prices so far."""
    return tuple(p for p in tables().prices.values() if p.status == "official")


def paid_problems(paid: PaidPrice, path: Literal["default", "actual"]) -> Iterator[Problem]:
    """What Art. 9 asks of a deduction: evidence, a year, and with default emissions the Commission's default price only."""
    where = "/carbon_price_paid"
    if paid.status == "not_applicable" and not (paid.reason or "").strip():
        yield Problem("cbam_paid_reason", where + "/reason")
    if paid.status != "value":
        return
    if paid.reduction is None or not (math.isfinite(paid.reduction) and paid.reduction >= 0):
        yield Problem("cbam_paid_amount", where + "/reduction", {"value": paid.reduction})
    if paid.year is None:
        yield Problem("cbam_paid_year", where + "/year")
    if not (paid.evidence or "").strip():
        yield Problem("cbam_paid_evidence", where + "/evidence")
    if path == "default" and paid.kind != "default_price":
        yield Problem("cbam_paid_with_defaults", where + "/kind")
    elif paid.kind == "default_price" and paid.year is not None and paid.year < DEFAULT_PRICES_FROM:
        yield Problem("cbam_paid_default_year", where + "/year", {"year": paid.year, "first": DEFAULT_PRICES_FROM})


def _official(quarter: str) -> Price | None:
    found = price(quarter)
    return found if found is not None and found.status == "official" else None
