"""Units as people write them, in two languages."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lcaengine import units
from lcaengine.units import NotFinite, Quantity, UnknownUnit, WrongDimension


@pytest.mark.parametrize(
    ("text", "target", "factor"),
    [
        ("公斤", "kg", 1),
        ("千克", "kg", 1),
        ("克", "kg", 0.001),
        ("毫克", "g", 0.001),
        ("吨", "kg", 1000),
        ("万吨", "t", 10_000),  # 万 = 10⁴
        ("升", "m3", 0.001),
        ("百升", "L", 100),
        ("千升", "hl", 10),
        ("毫升", "cl", 0.1),
        ("标准立方米", "L", 1000),
        ("方", "m3", 1),
        ("度", "MJ", 3.6),  # 1 kWh = 3.6 MJ
        ("千瓦时", "kJ", 3600),
        ("吉焦", "kWh", 1000 / 3.6),
        ("百万千焦", "GJ", 1),
        ("兆瓦时", "GJ", 3.6),
        ("吨公里", "kg*km", 1000),
        ("吨·公里", "t*km", 1),
        ("公里", "m", 1000),
        ("平方米", "m2", 1),
        ("瓶", "piece", 1),
        ("罐", "个", 1),
        ("元", "CNY", 1),
        ("天", "h", 24),
        ("年", "d", 365.25),
    ],
)
def test_chinese_units(text: str, target: str, factor: float) -> None:
    assert units.factor(text, target) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "target", "factor"),
    [
        ("t", "kg", 1000),
        ("lb", "kg", 0.45359237),  # international pound, 1959
        ("hL", "L", 100),
        ("m³", "L", 1000),
        ("m^3", "m3", 1),
        ("Nm3", "m3", 1),
        ("kl", "hl", 10),
        ("cL", "ml", 10),
        ("MWh", "kWh", 1000),
        ("GWh", "TJ", 3.6),
        ("KWh", "kWh", 1),
        ("kwh", "kWh", 1),
        ("TJ", "GJ", 1000),
        ("tkm", "t*km", 1),
        ("t·km", "t*km", 1),
        ("tonne-km", "t*km", 1),
        ("bottles", "piece", 1),
        ("kegs", "pcs", 1),
        (" kg ", "kg", 1),
        ("Tonnes", "kg", 1000),
        ("litre", "L", 1),
    ],
)
def test_english_units(text: str, target: str, factor: float) -> None:
    assert units.factor(text, target) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "target", "factor"),
    [
        ("kWh/hl", "MJ/m3", 36),  # 3.6 MJ per 0.1 m3
        ("千瓦时/百升", "MJ/m3", 36),
        ("g/L", "kg/m3", 1),
        ("公斤/吨", "g/kg", 1),
        ("kg/piece", "g/瓶", 1000),
        ("元/度", "CNY/MWh", 1000),
        ("km*t", "t*km", 1),
        ("kg*m/kg", "km", 0.001),
        ("吨·公里/吨", "km", 1),
    ],
)
def test_compound_units(text: str, target: str, factor: float) -> None:
    assert units.factor(text, target) == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("kWh", "kg"),
        ("t", "t*km"),
        ("L", "kg"),
        ("piece", "kg"),
        ("瓶", "升"),
        ("kg/L", "kg"),
        ("m2", "m3"),
        ("元", "kWh"),
    ],
)
def test_other_dimension_is_refused(text: str, needed: str) -> None:
    with pytest.raises(WrongDimension) as caught:
        units.factor(text, needed)
    problem = caught.value.problems[0]
    assert (problem.code, problem.values) == ("wrong_dimension", {"unit": text, "needed": needed})
    assert not units.same_dimension(text, needed)


def test_energy_is_not_mass_times_length_squared_over_time_squared() -> None:
    # In physics J = kg·m²/s²; here energy stands on its own, so freight never turns into energy.
    assert not units.same_dimension("J", "kg*m2/s/s")


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "furlong",
        "2kg",
        "kg/2",
        "kg/0",
        "kg*0",
        "0",
        "1",
        "kg*",
        "kg-",
        "kg/",
        "/kg",
        "*kg",
        "kg**2",
        "kg^2",
        "kg+kg",
        "kg - kg",
        "(kg)",
        "kg//g",
        "kg;g",
        "kg g h!",
        "__class__",
        "kg.__class__",
        "__import__('os')",
        "lambda",
        "None",
        "nan",
        "inf",
        "kg*nan",
        "kg*inf",
        "k" * 41,
        "kg/" * 40,
        "斤两",
        "℃",
        "degC",
        "kg\n",
        "kg\0",
        "ms",
    ],
)
def test_what_is_no_unit_is_refused(text: str) -> None:
    if text == "kg\n":  # only white space around a unit is forgiven
        assert units.factor(text, "kg") == 1
        return
    with pytest.raises(UnknownUnit) as caught:
        units.unit(text)
    assert caught.value.problems[0].code == "unknown_unit"


@settings(max_examples=300, deadline=None)
@given(
    st.one_of(
        st.text(max_size=12),
        st.lists(
            st.sampled_from(["kg", "km", "千克", "吨", "*", "/", ".", "-", " ", "·", "³", "2", "0", "e3", "_", "^"]),
            max_size=8,
        ).map("".join),
    )
)
def test_any_text_is_a_unit_or_refused(text: str) -> None:
    try:
        factor = units.base_factor(text)
    except UnknownUnit:
        return
    assert math.isfinite(factor)
    assert factor > 0


@given(st.sampled_from(["kg", "t", "lb", "hl", "m3", "kWh", "GJ", "t*km", "千克/百升"]), st.floats(-1e12, 1e12))
def test_there_and_back(text: str, amount: float) -> None:
    base = Quantity(amount, text).base
    assert base / units.base_factor(text) == pytest.approx(amount, rel=1e-12)


def test_quantity_converts() -> None:
    assert Quantity(2.5, "万吨").to("t") == pytest.approx(25_000)
    assert str(Quantity(12.6, "g")) == "12.6 g"


@pytest.mark.parametrize("amount", [math.nan, math.inf, -math.inf])
def test_quantity_is_finite(amount: float) -> None:
    with pytest.raises(NotFinite, match="finite"):
        Quantity(amount, "kg")
