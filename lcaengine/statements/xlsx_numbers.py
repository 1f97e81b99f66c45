"""Numbers in workbooks: formats that show no more digits than a figure deserves, and all digits in the file."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

Languages = Literal["zh", "en", "both"]
POWERS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")


class Exact(float):
    """A number that is written with all its digits; XlsxWriter itself writes 16, and the 17th may be lost."""

    def __format__(self, form: str) -> str:
        return repr(float(self)).removesuffix(".0")


def exponent(value: float, digits: int) -> int:
    """The power of ten of the first digit, after rounding half up to so many digits."""
    exact = abs(Decimal(repr(value)))
    rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), rounding=ROUND_HALF_UP)
    return rounded.adjusted()


def rounded(value: float, digits: int) -> float:
    """Half up to so many significant digits, as ROUND does."""
    if not value:
        return 0.0
    exact = Decimal(repr(value))
    return float(exact.quantize(Decimal(1).scaleb(exact.adjusted() - digits + 1), rounding=ROUND_HALF_UP))


def number_format(value: float, digits: int, language: Languages = "en") -> str:
    """A number format for a value that has no more than so many significant digits, or that has decimals only as far as them."""
    if not value:
        return "0"
    first = exponent(value, digits)
    decimals = max(digits - 1 - first, 0)
    if decimals > 8 or first > 11:
        return "0" + ("." + "0" * (digits - 1) if digits > 1 else "") + "E+00"
    return grouped(first, language) + ("." + "0" * decimals if decimals else "")


def exact_format(value: float, digits: int) -> str:
    """The same for an unrounded value: 0.00×10³ where integers would show more digits than there are."""
    if not value or exponent(value, digits) < digits:
        return number_format(value, digits)
    first = exponent(value, digits)
    scale = 3 * math.ceil((first - digits + 1) / 3)
    decimals = digits - 1 - (first - scale)
    return (
        "0" + ("." + "0" * decimals if decimals else "") + "," * (scale // 3) + f'"×10{str(scale).translate(POWERS)}"'
    )


def grouped(power: int, language: Languages) -> str:
    """Integer digits in groups: by the comma that a spreadsheet sets, in Chinese by the narrow space of GB/T 15835."""
    if language == "en" or power < 3:
        return "#,##0" if language == "en" else "0"
    return "#" + '"\N{NARROW NO-BREAK SPACE}"000' * (power // 3)


def given_format(value: float) -> str:
    """For an amount that was given, not calculated: its own decimals, six significant digits at most."""
    short = f"{value:.6g}"
    if "e" in short:
        return "General"
    decimals = len(short.partition(".")[2])
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def share_format(share: float, digits: int) -> str:
    """Per cent, with one decimal at most and no more digits than `digits`."""
    decimals = digits - 1 - exponent(share * 100, digits) if share else 0
    return "0.0%" if decimals >= 1 else "0%"
