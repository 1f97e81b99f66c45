"""Formulas in data: arithmetic, dimensions, and no way to Python."""

from __future__ import annotations

import contextlib
import math
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lcaengine import formulas
from lcaengine.formulas import BadFormula, check_dimension, evaluate, names


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("-2 ** 2", -4),
        ("(-2) ** 2", 4),
        ("2 ** 3", 8),
        ("7 / 2", 3.5),
        ("2 - 3 - 4", -5),
        ("a * b", 6),
        ("max(a, b, 1)", 3),
        ("min(a, b)", 2),
        ("max(0, 1 - a)", 0),
        ("1e3 * a", 2000),
        ("+a", 2),
        ("a ** 0", 1),
        ("0.0961*25.8*0.98*44/12", 8.9092388),  # 2.47938 · 0.98 = 2.4297924; · 44 = 106.9108656; / 12
        ("  a  ", 2),
    ],
)
def test_arithmetic(text: str, value: float) -> None:
    assert evaluate(text, {"a": 2.0, "b": 3.0}) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 +",
        "a.b",
        "a.__class__",
        "().__class__.__bases__",
        "__import__('os')",
        "open('x')",
        "exec('1')",
        "abs(a)",
        "a()",
        "min()",
        "min(a, key=b)",
        "min(*a)",
        "max(**a)",
        "min(min)(a)",
        "(min)",
        "max",
        "a[0]",
        "[1, 2]",
        "(1, 2)",
        "{1}",
        "{}",
        "[x for x in a]",
        "(x for x in a)",
        "min(x for x in a)",
        "lambda: 1",
        "a if b else 1",
        "a and b",
        "not a",
        "a < b",
        "a == b",
        "a := 1",
        "a = 1",
        "(a := 1)",
        "1; 2",
        "import os",
        "'x'",
        "'x' * 9",
        "b'x'",
        "f'{a}'",
        "...",
        "None",
        "True",
        "a + True",
        "a ** True",
        "1j",
        "a % b",
        "a // b",
        "a @ b",
        "a | b",
        "a << 9",
        "~a",
        "a ** -1",
        "a ** 5",
        "a ** b",
        "a ** 0.5",
        "2 ** 3 ** 9",
        "9 ** 9 ** 9",
        "a ** 999999999",
        "await a",
        "yield a",
        "*a",
        "a\nb",
        "a\0",
        "１+１＝",
    ],
)
def test_what_is_not_arithmetic_is_refused(text: str) -> None:
    with pytest.raises(BadFormula) as caught:
        evaluate(text, {"a": 2.0, "b": 3.0})
    assert caught.value.problems[0].code == "bad_formula"


@pytest.mark.parametrize(
    "text",
    [
        "1+" * 199 + "1",
        "a" * 401,
        "(" * 200 + "1" + ")" * 200,
        "-" * 399 + "1",
        "9" * 401,
        "min(" * 90 + "1" + ")" * 90,
        "1" + "+1" * 61,
    ],
)
def test_length_bombs_are_refused(text: str) -> None:
    with pytest.raises(BadFormula):
        evaluate(text, {})


@pytest.mark.parametrize("base", ["9", "9999999999", "(0-9)", "a"])
def test_towers_of_powers_end_at_once(base: str) -> None:
    # 9^(4^30) has 10^18 digits as a whole number; as a float it overflows at the fifth step.
    text = base
    for _ in range(30):
        text = f"({text})**4"
    started = time.perf_counter()
    with pytest.raises(BadFormula):
        evaluate(text, {"a": 9})
    assert time.perf_counter() - started < 0.5


@pytest.mark.parametrize(
    "text", ["1/0", "a/(b-3)", "1e999", "1e308*10", "1e200**2", "1e999-1e999", "9" * 350, "c", "min"]
)
def test_no_finite_value_is_refused(text: str) -> None:
    with pytest.raises(BadFormula):
        evaluate(text, {"a": 2.0, "b": 3.0})


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_values_that_are_not_finite_do_not_pass(value: float) -> None:
    with pytest.raises(BadFormula):
        evaluate("a + 1", {"a": value})


def test_names() -> None:
    assert names("max(loss, 0) * mass / (1 - loss)") == {"loss", "mass"}


UNITS = {
    "mass": "kg",
    "freight": "t*km",
    "distance": "km",
    "energy": "kWh",
    "share": "",
    "density": "kg/L",
    "volume": "hl",
}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("mass * distance", "t*km"),
        ("freight / distance", "t"),
        ("density * volume", "kg"),
        ("mass * share", "g"),
        ("mass / mass", ""),
        ("mass + density * volume", "kg"),
        ("max(mass, density * volume)", "kg"),
        ("distance ** 2", "m2"),
        ("distance ** 3", "L"),
        ("distance ** 1", "m"),
        ("distance ** 0", ""),
        ("-mass", "t"),
        ("energy / volume", "MJ/m3"),
        ("1 - share", ""),
        ("2 * 3", ""),
    ],
)
def test_dimensions_that_fit(text: str, wanted: str) -> None:
    check_dimension(text, UNITS, wanted)  # raises when not
    with pytest.raises(BadFormula, match="dimension"):
        check_dimension(text, UNITS, "CNY")


@pytest.mark.parametrize(
    ("text", "wanted", "why"),
    [
        ("mass + energy", "kg", "adds or compares"),
        ("mass + 1", "kg", "adds or compares"),
        ("min(mass, volume)", "kg", "adds or compares"),
        ("mass * mass", "kg", "dimension"),
        ("mass", "kWh", "dimension"),
        ("mass", "", "a plain number"),
        ("share", "kg", "dimension"),
        ("distance ** 2", "m3", "dimension"),
        ("mass / volume", "kg", "dimension"),
        ("mass * cost", "kg", "unknown name cost"),
    ],
)
def test_dimensions_that_do_not_fit(text: str, wanted: str, why: str) -> None:
    with pytest.raises(BadFormula, match=why):
        check_dimension(text, UNITS, wanted)


def test_values_are_taken_in_base_units() -> None:
    # 1.05 kg/L · 3.3 hl = 346.5 kg: base units are kg and m3, so 1050 · 0.33.
    from lcaengine.units import Quantity

    values = {"density": Quantity(1.05, "kg/L").base, "volume": Quantity(3.3, "hl").base}
    assert evaluate("density * volume", values) == pytest.approx(346.5)


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    with contextlib.suppress(BadFormula):
        assert math.isfinite(evaluate(text, {"a": 1.0}))


@given(st.text(alphabet="0123456789.+-*/()a,eminx _", max_size=30))
def test_text_that_looks_like_arithmetic_is_a_number_or_refused(text: str) -> None:
    with contextlib.suppress(BadFormula):
        assert math.isfinite(evaluate(text, {"a": 1.0}))


def test_a_formula_is_parsed_once() -> None:
    assert formulas.parse("a + 41") is formulas.parse("a + 41")
