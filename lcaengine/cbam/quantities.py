"""Factors as the act writes them: ``t CO2/TJ``, ``t C/t``, ``GJ/1000 Nm3``, ``t CO2/MWh``.

What is counted (CO2, CO2e, C) says nothing about the dimension and is set aside; the rest is a unit of `lcaengine.units`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from lcaengine.problems import Problem, Refused
from lcaengine.units import Quantity, factor

_COUNTED = re.compile(r"\s*\b(CO2eq?|CO2|CF4|Al|C)\b\s*")
_COUNTED_IN_ONE = re.compile(r"^(k?g|t)(CO2eq?|CO2|C)(?=/)")
_THOUSAND = re.compile(r"/\s*1[ ,]?000\s*")
SEE_DECIMALS = 5  # IR (EU) 2025/2547 Annex II A.1 point 8


def factor_in(value: Mapping[str, Any], needed: str) -> float:
    """A factor in the needed unit (``t/TJ``); raises `UnknownUnit`, `WrongDimension`."""
    text = _COUNTED_IN_ONE.sub(r"\1", value["unit"].strip())
    text = _COUNTED.sub("", text).replace(" ", "") if not _THOUSAND.search(text) else _COUNTED.sub("", text)
    scale = 1.0
    if _THOUSAND.search(text):
        text, scale = _THOUSAND.sub("/", text).replace(" ", ""), 1e-3
    return float(value["amount"]) * scale * factor(text, needed)


def amount_in(value: Mapping[str, Any], needed: str) -> float:
    """An amount in the needed unit; raises `UnknownUnit`, `WrongDimension`."""
    return Quantity(float(value["amount"]), value["unit"]).to(needed)


def rounded(value: float, decimals: int = SEE_DECIMALS) -> float:
    """Half-up; the acts name no mode (docs/cbam/law.md)."""
    step = Decimal(1).scaleb(-decimals)
    return float(Decimal(repr(value)).quantize(step, rounding=ROUND_HALF_UP)) + 0.0


def problem_at(refused: Refused, where: str) -> Problem:
    """The first problem of a unit conversion, with its place."""
    first = refused.problems[0]
    return Problem(first.code, where + "/unit", first.values)
