"""One number of many bills of materials at once: the same rule code runs for all of them.

A *lane* is one bill. Arithmetic goes lane by lane, like that of floats. Where the code compares, the answer must be the same
in every lane; where it is not, `Split` says in which it holds, and the lanes are run again in two parts. So a run takes exactly the
branches that each of its bills would take alone.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Split(Exception):
    """Lanes take different branches: ``mask`` (L,) says where the question is answered yes."""

    def __init__(self, mask: Mask) -> None:
        super().__init__("lanes disagree")
        self.mask = mask


def agreed(mask: Mask) -> bool:
    """The answer that all lanes give; raises `Split`."""
    yes = np.count_nonzero(mask)
    if 0 < yes < mask.size:
        raise Split(mask)
    return bool(yes)


class Lanes:
    """A number per lane, (L,): what a float is in the rules' arithmetic."""

    __slots__ = ("values",)
    __array_ufunc__ = None  # NumPy's numbers leave the operation to us
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: Array) -> None:
        self.values = values

    def shown(self) -> list[str]:
        """Every lane's number as a reader sees it (as `lcaengine.problems` shows floats)."""
        return [f"{value:.6g}" for value in self.values.tolist()]

    def __bool__(self) -> bool:
        return agreed(self.values != 0)

    def __neg__(self) -> Lanes:
        return Lanes(-self.values)

    def __pos__(self) -> Lanes:
        return self

    def __abs__(self) -> Lanes:
        return Lanes(np.abs(self.values))

    def __truediv__(self, other: Any) -> Lanes:
        return Lanes(self.values / _divisor(other))

    def __rtruediv__(self, other: Any) -> Lanes:
        return Lanes(other / _divisor(self))


class Percents(Lanes):
    """Lanes that are shown as whole percents."""

    __slots__ = ()

    def shown(self) -> list[str]:
        return [f"{value:.0%}" for value in self.values.tolist()]


def _divisor(number: Any) -> Any:
    """What can be divided by; raises `ZeroDivisionError` as floats do."""
    if not number:
        raise ZeroDivisionError
    return _plain(number)


def _plain(number: Any) -> Any:
    return number.values if isinstance(number, Lanes) else number


def _arithmetic(compute: Callable[[Any, Any], Any]) -> Callable[[Lanes, Any], Lanes]:
    return lambda self, other: Lanes(compute(self.values, _plain(other)))


def _reflected(compute: Callable[[Any, Any], Any]) -> Callable[[Lanes, Any], Lanes]:
    return lambda self, other: Lanes(compute(_plain(other), self.values))


def _comparison(compare: Callable[[Any, Any], Any]) -> Callable[[Lanes, Any], bool]:
    return lambda self, other: agreed(compare(self.values, _plain(other)))


for _name in ("add", "sub", "mul", "pow"):
    setattr(Lanes, f"__{_name}__", _arithmetic(getattr(operator, _name)))
    setattr(Lanes, f"__r{_name}__", _reflected(getattr(operator, _name)))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Lanes, f"__{_name}__", _comparison(getattr(operator, _name)))


def outside(number: Any, low: float | None, high: float | None) -> bool | Mask:
    """Whether a number is out of a range, to warn of it: of lanes, in which. No branch is taken, so nothing is split."""
    value = _plain(number)
    below = False if low is None else value < low
    above = False if high is None else value > high
    return below | above


def anywhere(found: bool | Mask) -> bool:
    return bool(found.any()) if isinstance(found, np.ndarray) else found


def held_in(found: bool | Mask) -> Mask | None:
    """The lanes in which something is found, None where it is not a matter of lanes."""
    return found if isinstance(found, np.ndarray) else None


def first(number: Any) -> float:
    """A number as it is in the first lane."""
    return float(number.values[0]) if isinstance(number, Lanes) else number


def stacked(numbers: list[Any], lanes: int) -> Array:
    """Numbers below each other, (n, L); one that is the same in all lanes is repeated."""
    rows = np.empty((len(numbers), lanes))
    for row, number in zip(rows, numbers, strict=True):
        row[:] = _plain(number)
    return rows
