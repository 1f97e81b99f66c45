"""Quantities with dimensions.

Dimensions: mass (kg), length (m) and so volume (m3), time (s), energy (J), count (piece), currency (CNY).
Energy stands on its own: kWh never needs to be built from kg, m and s here, and a formula that multiplies
mass by length means freight (t*km), nothing else.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import pint

from lcaengine.problems import Problem, Refused

_DEFINITIONS = """
kilogram = [mass] = kg
gram = 1e-3 kg = g
milligram = 1e-6 kg = mg
tonne = 1000 kg = t
kilotonne = 1e6 kg = kt
wan_tonne = 1e7 kg = wan_t
pound = 0.45359237 kg = lb
meter = [length] = m
kilometer = 1000 m = km
centimeter = 0.01 m = cm
millimeter = 0.001 m = mm
m2 = m ** 2
m3 = m ** 3
liter = 1e-3 m ** 3 = L = l
milliliter = 1e-6 m ** 3 = ml = mL
centiliter = 1e-5 m ** 3 = cl = cL
hectoliter = 0.1 m ** 3 = hl = hL
second = [time] = s
hour = 3600 s = h
day = 86400 s = d
week = 604800 s
year = 31557600 s = a
joule = [energy] = J
kilojoule = 1e3 J = kJ
megajoule = 1e6 J = MJ
gigajoule = 1e9 J = GJ
terajoule = 1e12 J = TJ
kilowatthour = 3.6e6 J = kWh
watt = joule / second = W
kilowatt = 1e3 W = kW
megawatthour = 3.6e9 J = MWh
gigawatthour = 3.6e12 J = GWh
piece = [count] = pcs
yuan = [currency] = CNY
"""

# What people write, in two languages. Lower-case keys; tried after the exact symbol.
_ALIASES = {
    "公斤": "kg", "千克": "kg", "克": "g", "毫克": "mg", "吨": "t", "公吨": "t", "万吨": "wan_t",
    "米": "m", "公里": "km", "千米": "km", "平方米": "m2", "立方米": "m3", "方": "m3", "标准立方米": "m3",
    "升": "L", "毫升": "ml", "百升": "hl", "千升": "m3", "kl": "m3",
    "度": "kWh", "千瓦时": "kWh", "兆瓦时": "MWh", "焦": "J", "千焦": "kJ", "兆焦": "MJ", "吉焦": "GJ", "百万千焦": "GJ",
    "个": "piece", "只": "piece", "瓶": "piece", "罐": "piece", "箱": "piece", "件": "piece", "台": "piece",
    "条": "piece", "桶": "piece", "张": "piece", "套": "piece",
    "bottle": "piece", "bottles": "piece", "can": "piece", "cans": "piece", "keg": "piece", "kegs": "piece",
    "pc": "piece", "pieces": "piece", "unit": "piece", "units": "piece", "each": "piece", "ea": "piece",
    "吨公里": "t*km", "tkm": "t*km", "t·km": "t*km", "t.km": "t*km", "tonne-km": "t*km",
    "nm3": "m3", "sm3": "m3", "m³": "m3", "m^3": "m3", "m²": "m2", "kwh": "kWh", "mwh": "MWh", "mj": "MJ", "gj": "GJ",
    "kg": "kg", "g": "g", "t": "t", "hl": "hl", "l": "L", "km": "km", "m3": "m3",
    "kgs": "kg", "ton": "t", "tons": "t", "tonnes": "t", "liters": "L", "litre": "L", "litres": "L",
    "元": "CNY", "人民币": "CNY", "rmb": "CNY", "天": "d", "年": "a", "小时": "h", "yr": "a",
}  # fmt: skip

_ALLOWED = re.compile(r"^[A-Za-z0-9_*/.^ ²³·一-鿿-]{1,40}$")


class UnknownUnit(Refused):
    """No such unit."""


class NotFinite(Refused):
    """NaN, infinity, or an amount that overflowed."""


class WrongDimension(Refused):
    """A unit of another dimension than the one needed."""


@cache
def _registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry(_DEFINITIONS.strip().splitlines(), cache_folder=None)


@lru_cache(maxsize=4096)
def unit(text: str) -> pint.Unit:
    """The unit behind a text; raises `UnknownUnit`."""
    parts = re.split(r"([*/·])", _ALIASES.get(text.strip().lower(), text.strip()))
    canonical = "".join(_ALIASES.get(p.strip().lower(), p.strip()) for p in parts)
    canonical = canonical.replace("·", "*").replace("³", "3").replace("²", "2")
    if not _ALLOWED.match(canonical) or re.search(r"\*\*|//|\^", canonical) or not canonical[:1].isalpha():
        raise UnknownUnit(Problem("unknown_unit", values={"unit": text}))
    try:
        return _registry().Unit(canonical)
    except (
        pint.PintError,
        ValueError,
        TypeError,
        AttributeError,
        SyntaxError,
        KeyError,
        ArithmeticError,
        AssertionError,
    ) as error:
        raise UnknownUnit(Problem("unknown_unit", values={"unit": text})) from error


@lru_cache(maxsize=4096)
def factor(source: str, target: str) -> float:
    """What one ``source`` is in ``target``; raises `UnknownUnit`, `WrongDimension`."""
    if source == target:
        return 1.0
    try:
        return _converted(source, target)
    except pint.DimensionalityError as error:
        raise WrongDimension(Problem("wrong_dimension", values={"unit": source, "needed": target})) from error


def _converted(source: str, target: str | None) -> float:
    one = _registry().Quantity(1.0, unit(source))
    return float((one.to(unit(target)) if target else one.to_base_units()).magnitude)


@lru_cache(maxsize=4096)
def base_factor(text: str) -> float:
    """What one of this unit is in the coherent base units (kg, m, s, J, piece, CNY)."""
    return _converted(text, None)


@lru_cache(maxsize=4096)
def dimension(text: str) -> tuple[tuple[str, float], ...]:
    """Exponents of the base dimensions, sorted: ``(("[mass]", 1.0),)``."""
    return tuple(sorted((str(k), float(str(v))) for k, v in unit(text).dimensionality.items()))


def same_dimension(a: str, b: str) -> bool:
    return dimension(a) == dimension(b)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A finite amount with a unit; raises `NotFinite`."""

    amount: float
    unit: str

    def to(self, target: str) -> float:
        """The amount in another unit; raises `UnknownUnit`, `WrongDimension`."""
        return self.amount * factor(self.unit, target)

    @property
    def base(self) -> float:
        """The amount in coherent base units."""
        return self.amount * base_factor(self.unit)

    def as_dict(self) -> dict[str, Any]:
        return {"amount": self.amount, "unit": self.unit}

    def __post_init__(self) -> None:
        if not abs(self.amount) < math.inf:  # NaN neither; a float, or the numbers of many bills (lcaengine.batch)
            raise NotFinite(Problem("not_finite", values={"value": self.amount}))

    def __str__(self) -> str:
        return f"{self.amount:g} {self.unit}"
