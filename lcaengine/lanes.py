"""One number of many bills of materials at once: the same rule code runs for all of them.

A *lane* is one bill. Arithmetic goes lane by lane, like that of floats. Where the code compares, the answer must be the same
in every lane; where it is not, `Split` says in which it holds, and the lanes are run again in two parts. So a run takes exactly the
branches that each of its bills would take alone.

What a run did can be recorded, and done again with other numbers: the same operations in the same order. A lane that would answer
one of the run's questions otherwise does not belong to it, and is told so.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
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

    __slots__ = ("recording", "values")
    __array_ufunc__ = None  # NumPy's numbers leave the operation to us
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, values: Any, recording: Recording | None = None) -> None:
        self.values = values
        self.recording = recording

    def shown(self) -> list[str]:
        """Every lane's number as a reader sees it (as `lcaengine.problems` shows floats)."""
        return [f"{value:.6g}" for value in self.values.tolist()]

    def __bool__(self) -> bool:
        return self._answer(operator.ne, 0.0)

    def __neg__(self) -> Lanes:
        return self._made(operator.sub, 0.0, self)

    def __pos__(self) -> Lanes:
        return self

    def __abs__(self) -> Lanes:
        return self._made(_size, self, 0.0)

    def __truediv__(self, other: Any) -> Lanes:
        return self._made(operator.truediv, self, _divisor(other))

    def __rtruediv__(self, other: Any) -> Lanes:
        return self._made(operator.truediv, other, _divisor(self))

    def _made(self, compute: Compute, left: Any, right: Any) -> Lanes:
        made = Lanes(compute(_plain(left), _plain(right)), self.recording)
        if self.recording is not None:
            self.recording.step(compute, made, left, right)
        return made

    def _answer(self, compare: Compute, other: Any) -> bool:
        answer = agreed(compare(self.values, _plain(other)))
        if self.recording is not None:
            self.recording.step(compare, None, self, other, answer)
        return answer


Compute = Callable[[Any, Any], Any]
Step = tuple[Compute, Lanes | None, Lanes, Lanes, bool]


class Recording:
    """What was done with numbers, from `given` ones on: operations with what they made, and questions with their answers."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def step(self, compute: Compute, made: Lanes | None, left: Any, right: Any, answer: bool = False) -> None:
        self.steps.append((compute, made, _operand(left), _operand(right), answer))

    def again(self, lanes: int) -> Mask:
        """Do everything again, with what the given numbers hold now; says which lanes give the answers that were given then."""
        same = np.ones(lanes, dtype=bool)
        for compute, made, left, right, answer in self.steps:
            found = compute(left.values, right.values)
            if made is not None:
                made.values = found
            elif np.count_nonzero(found) != (lanes if answer else 0):
                same &= found if answer else ~found
        return same

    def forget(self) -> None:
        """Give the numbers back; what was done with them is kept."""
        for _, made, *_ in self.steps:
            if made is not None:
                made.values = None


class Percents(Lanes):
    """Lanes that are shown as whole percents."""

    __slots__ = ()

    def shown(self) -> list[str]:
        return [f"{value:.0%}" for value in self.values.tolist()]


def _size(number: Any, _: Any) -> Any:
    return np.abs(number)


def _divisor(number: Any) -> Any:
    """What can be divided by; raises `ZeroDivisionError` as floats do."""
    if not number:
        raise ZeroDivisionError
    return number


def _plain(number: Any) -> Any:
    return number.values if isinstance(number, Lanes) else number


def _operand(number: Any) -> Lanes:
    return number if isinstance(number, Lanes) else Lanes(number)


def _arithmetic(compute: Compute) -> Callable[[Lanes, Any], Lanes]:
    return lambda self, other: self._made(compute, self, other)


def _reflected(compute: Compute) -> Callable[[Lanes, Any], Lanes]:
    return lambda self, other: self._made(compute, other, self)


def _comparison(compare: Compute) -> Callable[[Lanes, Any], bool]:
    return lambda self, other: self._answer(compare, other)


for _name in ("add", "sub", "mul", "pow"):
    setattr(Lanes, f"__{_name}__", _arithmetic(getattr(operator, _name)))
    setattr(Lanes, f"__r{_name}__", _reflected(getattr(operator, _name)))
for _name in ("lt", "le", "gt", "ge", "eq", "ne"):
    setattr(Lanes, f"__{_name}__", _comparison(getattr(operator, _name)))


def outside(number: Any, low: float | None, high: float | None) -> bool | Lanes:
    """Whether a number is out of a range, to warn of it: of lanes, in which. No branch is taken, so nothing is split."""
    least, most = -np.inf if low is None else low, np.inf if high is None else high
    if not isinstance(number, Lanes):
        return bool(number < least or number > most)
    return number._made(_or, number._made(operator.lt, number, least), number._made(operator.gt, number, most))


def _or(left: Any, right: Any) -> Any:
    return left | right


def anywhere(found: bool | Lanes) -> bool:
    """Whether something is found in any lane; a recording that goes on without is for lanes without."""
    if not isinstance(found, Lanes):
        return found
    if found.values.any():
        return True
    return found._answer(_is, True)


def _is(left: Any, _: Any) -> Any:
    return left


def held_in(found: bool | Lanes) -> Lanes | None:
    """The lanes in which something is found, None where it is not a matter of lanes."""
    return found if isinstance(found, Lanes) else None


def first(number: Any) -> float:
    """A number as it is in the first lane."""
    return float(number.values[0]) if isinstance(number, Lanes) else number


def stacked(numbers: Sequence[Any], lanes: int) -> Array:
    """Numbers below each other, (n, L); one that is the same in all lanes is repeated."""
    rows = np.empty((len(numbers), lanes))
    for row, number in zip(rows, numbers, strict=True):
        row[:] = _plain(number)
    return rows
