"""Numbers as a reader sees them: rounded half up, never more digits than asked for, separators by language.

English groups thousands with a comma. Chinese uses the narrow space that GB/T 15835-2011 allows beside the comma (ISO 80000-1 has
it, too); a document in both languages shows each number once, with that space.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

MINUS = "\N{MINUS SIGN}"
GROUP = {"zh": "\N{NARROW NO-BREAK SPACE}", "en": ","}
SPACE = "\N{NO-BREAK SPACE}"
NONE = "–"
PLAIN = range(-6, 12)  # powers of ten written out; others as a × 10ⁿ
SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def number_language(languages: Sequence[str]) -> str:
    """The language whose separators a document uses: its own, and the narrow space where there are several."""
    return languages[0] if len(languages) == 1 else "zh"


def shown(value: float | None, digits: int, language: str, *, trim: bool = False) -> str:
    """`value` with `digits` significant digits; `trim` leaves out zeros at the end (counts, given amounts).

    None is a dash; raises ValueError for what is no finite number.
    """
    if value is None:
        return NONE
    rounded = Context(prec=digits, rounding=ROUND_HALF_UP).plus(_decimal(value))
    if not rounded:
        return "0"
    power = rounded.adjusted()
    if power not in PLAIN:
        mantissa = _written(rounded.scaleb(-power), digits - 1, language, trim)
        return f"{mantissa} × 10{str(power).translate(SUPERSCRIPT)}"
    return _written(rounded, max(digits - 1 - power, 0), language, trim)


def fixed(value: float | None, decimals: int, language: str) -> str:
    """`value` with `decimals` places: specific embedded emissions bear 5."""
    return NONE if value is None else _written(_decimal(value), decimals, language, False)


def percent(share: float | None, language: str) -> str:
    """A share (1 is all) with one decimal; what is there but would be shown as 0.0 is "< 0.1 %"."""
    if share is None:
        return NONE
    if 0 < abs(share) < 0.0005:
        return f"<{SPACE}0.1{SPACE}%" if share > 0 else f">{SPACE}{MINUS}0.1{SPACE}%"
    return f"{fixed(100 * share, 1, language) if share else '0'}{SPACE}%"


def _decimal(value: float) -> Decimal:
    number = Decimal(repr(float(value)))
    if not number.is_finite():
        raise ValueError(f"{value} is no number that a document could show")
    return number


def _written(number: Decimal, decimals: int, language: str, trim: bool) -> str:
    exact = number.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP, context=Context(prec=400))
    text = f"{abs(exact):,f}".replace(",", GROUP[language])
    if trim and "." in text:
        text = text.rstrip("0").rstrip(".")
    return MINUS + text if exact < 0 else text
