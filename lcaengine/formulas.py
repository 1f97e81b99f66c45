"""Formulas in data: arithmetic on named quantities, dimension-checked, that cannot run code.

Allowed: numbers, names, ``+ - * /``, ``**`` with a small whole exponent, parentheses, ``min`` and ``max``. Values are
floats in coherent base units (`lcaengine.units`); dimensions are checked apart, once, when a rule is loaded.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from functools import lru_cache

from lcaengine import units
from lcaengine.problems import Problem, Refused

MAX_LENGTH = 400
MAX_NODES = 120
MAX_EXPONENT = 4

Dimension = tuple[tuple[str, float], ...]
_OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv, ast.Pow: operator.pow,
}  # fmt: skip
_FUNCTIONS = {"min": min, "max": max}


class BadFormula(Refused):
    """Not arithmetic, too large, of a wrong dimension, or without a finite value."""


def _bad(text: str, why: str) -> BadFormula:
    return BadFormula(Problem("bad_formula", values={"formula": text, "why": why}))


@lru_cache(maxsize=4096)
def parse(text: str) -> ast.expr:
    """The checked syntax tree; raises `BadFormula`."""
    if len(text) > MAX_LENGTH:
        raise _bad(text[:40] + "…", f"longer than {MAX_LENGTH} characters")
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise _bad(text, "not an arithmetic expression") from error
    if sum(1 for _ in ast.walk(body)) > MAX_NODES:
        raise _bad(text, f"more than {MAX_NODES} parts")
    _check(body, text)
    return body


def _check(node: ast.expr, text: str) -> None:
    match node:
        case ast.Constant(value=bool()):
            raise _bad(text, "True and False are not numbers")
        case ast.Constant(value=int() | float()) | ast.Name():
            return
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand, text)
        case ast.BinOp(op=ast.Pow(), left=left, right=ast.Constant(value=int(n))) if (
            type(n) is int and 0 <= n <= MAX_EXPONENT
        ):
            _check(left, text)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div(), left=left, right=right):
            _check(left, text)
            _check(right, text)
        case ast.Call(func=ast.Name(id="min" | "max"), args=args, keywords=[]) if args:
            for arg in args:
                _check(arg, text)
        case _:
            raise _bad(text, "only numbers, names, + - * /, small powers, min and max are allowed")


@lru_cache(maxsize=4096)
def names(text: str) -> frozenset[str]:
    """The names that a formula uses."""
    return frozenset(n.id for n in ast.walk(parse(text)) if isinstance(n, ast.Name)) - set(_FUNCTIONS)


def evaluate(text: str, values: Mapping[str, float]) -> float:
    """The value of a formula; raises `BadFormula` for an unknown name, a division by zero, no finite value."""
    try:
        result = _value(parse(text), values)
    except KeyError as error:
        raise _bad(text, f"unknown name {error.args[0]}") from error
    except (ZeroDivisionError, OverflowError) as error:
        raise _bad(text, "division by zero or overflow") from error
    if not abs(result) < math.inf:
        raise _bad(text, "no finite value")
    return result


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.Constant(value=int() | float() as value):
            return float(value)  # whole numbers have no upper end: powers of them could take all memory
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=op, operand=operand):
            value = _value(operand, values)
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            return _OPERATORS[type(op)](_value(left, values), _value(right, values))
        case ast.Call(func=ast.Name(id=function), args=args):
            return _FUNCTIONS[function](_value(arg, values) for arg in args)
    raise AssertionError(ast.dump(node))  # parse() lets nothing else through


def check_dimension(text: str, units_of: Mapping[str, str], wanted: str) -> None:
    """Raise `BadFormula` unless the formula has the dimension of the unit ``wanted`` (``""``: none)."""
    found = dict(_dimension(parse(text), text, units_of))
    expected = dict(units.dimension(wanted)) if wanted else {}
    if found != expected:
        raise _bad(text, f"its dimension is {_show(found)}, {wanted or 'a plain number'} needs {_show(expected)}")


def _dimension(node: ast.expr, text: str, units_of: Mapping[str, str]) -> Dimension:
    match node:
        case ast.Constant():
            return ()
        case ast.Name(id=name):
            if name not in units_of:
                raise _bad(text, f"unknown name {name}")
            return units.dimension(units_of[name]) if units_of[name] else ()
        case ast.UnaryOp(operand=operand):
            return _dimension(operand, text, units_of)
        case ast.BinOp(op=ast.Pow(), left=left, right=ast.Constant(value=int(n))):
            return _combined(_dimension(left, text, units_of), (), n - 1, _dimension(left, text, units_of))
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            return _combined(_dimension(left, text, units_of), _dimension(right, text, units_of), 1)
        case ast.BinOp(op=ast.Div(), left=left, right=right):
            return _combined(_dimension(left, text, units_of), _dimension(right, text, units_of), -1)
        case ast.BinOp(left=left, right=right):
            return _alike([left, right], text, units_of)
        case ast.Call(args=args):
            return _alike(args, text, units_of)
    raise AssertionError(ast.dump(node))


def _combined(a: Dimension, b: Dimension, sign: int, again: Dimension = ()) -> Dimension:
    total = dict(a)
    for name, exponent in b or again:
        total[name] = total.get(name, 0.0) + sign * exponent
    return tuple(sorted((k, v) for k, v in total.items() if v))


def _alike(nodes: list[ast.expr], text: str, units_of: Mapping[str, str]) -> Dimension:
    found = {_dimension(n, text, units_of) for n in nodes}
    if len(found) > 1:
        raise _bad(text, "adds or compares " + " and ".join(_show(dict(d)) for d in found))
    return found.pop()


def _show(dimension: Mapping[str, float]) -> str:
    return "*".join(f"{k}^{v:g}" if v != 1 else k for k, v in dimension.items()) or "a plain number"
