"""Solving A x = b and Aᵀ y = b for sparse square A, with many right-hand sides.

A direct factorisation is exact but its fill depends on the structure: a supply chain of 20,000 processes with a few hubs
(electricity, transport) can take SuperLU a minute. A Jacobi-preconditioned Krylov solve takes a fraction of a second on
the same matrix, and may fail on another. So: small systems are factorised, large ones are tried with Krylov first, and
no success flag is believed: the residual decides.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.problems import NoSolution, Problem

Array = NDArray[np.float64]
TOLERANCE = 1e-11
SMALL = 1500
MAX_ITERATIONS = 400
SINGULAR = 1e-13
GOAL = 1e-26  # of the square of the residual, relative to that of the right-hand side


@dataclass(frozen=True)
class Solution:
    """``x`` has the shape of the right-hand side; ``residual`` is the one of `residual`."""

    x: Array
    residual: float
    method: str


def solve(A: Any, b: Array, *, tolerance: float = TOLERANCE) -> Solution:
    """Solve ``A x = b``, ``A`` sparse (n × n), ``b`` (n,) or (n × k).

    Raises `NoSolution` when no method reaches the tolerance: the system is singular, or as good as.
    """
    rhs = np.asarray(b, dtype=float).reshape(len(b), -1)
    methods: list[Callable[[Any, Array], Array]] = [_krylov, _direct] if A.shape[0] > SMALL else [_direct]
    best = float("inf")
    for method in methods:
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                x = method(A, rhs)
        except (RuntimeError, ArithmeticError, ValueError, _Diverged):
            continue
        best = residual(A, x, rhs)
        if best <= tolerance:
            return Solution(x.reshape(np.shape(b)), best, method.__name__.lstrip("_"))
    raise NoSolution(Problem("no_solution", values={"residual": best}))


def residual(A: Any, x: Array, b: Array) -> float:
    """Largest backward error over the columns: max |A x − b| / (‖|A|·|x|‖ + ‖b‖)."""
    if not np.isfinite(x).all():
        return float("inf")
    scale = np.abs(b).max(axis=0) + (abs(A) @ np.abs(x)).max(axis=0)
    return float((np.abs(A @ x - b).max(axis=0) / np.where(scale > 0, scale, 1.0)).max(initial=0.0))


class _Diverged(Exception):
    pass


def _direct(A: Any, b: Array) -> Array:
    """LU with one step of refinement. With rows divided by the diagonal and diagonal pivots, a pivot is what is left of a
    product after its loops: 1e-16 means that a loop makes exactly what it needs, whatever the units. Where products stand in
    another order than processes the diagonal says nothing, and the largest entry is the pivot."""
    from scipy.sparse import csc_matrix, diags
    from scipy.sparse.linalg import splu

    diagonal = A.diagonal()
    scale = 1.0 / diagonal if np.all(diagonal) else np.ones(len(b))
    M, rhs = csc_matrix(diags(scale) @ A), scale[:, None] * b
    factorised = splu(M, diag_pivot_thresh=0.0 if np.all(diagonal) else 1.0)
    diagonal_pivots = np.all(diagonal) and np.array_equal(factorised.perm_r, factorised.perm_c)
    if diagonal_pivots and np.abs(factorised.U.diagonal()).min() < SINGULAR:
        raise _Diverged("a loop makes no more than it needs")
    x = np.asarray(factorised.solve(rhs))
    return np.asarray(x + factorised.solve(rhs - M @ x), dtype=float)


def _krylov(A: Any, b: Array) -> Array:
    """BiCGSTAB on D⁻¹A, all columns at once: van der Vorst 1992, restarted if the true residual is not small."""
    diagonal = A.diagonal()
    if not np.all(diagonal):
        raise _Diverged("a zero on the diagonal")
    M = A.tocsr().astype(float, copy=True)
    M.data /= np.repeat(diagonal, np.diff(M.indptr))
    used = np.flatnonzero(b.any(axis=0))
    c = np.ascontiguousarray(b[:, used]) / diagonal[:, None]
    solution, rest = np.zeros_like(c), c
    for _ in range(3):
        solution += _bicgstab(M, rest)
        rest = c - M @ solution
        if (_dots(rest, rest) <= GOAL * _dots(c, c)).all():
            break
    x = np.zeros_like(b)
    x[:, used] = solution
    return x


def _bicgstab(A: Any, b: Array) -> Array:
    """``A x = b`` from x = 0, in place: the vectors of all columns together do not fit a processor's cache."""
    goal = _dots(b, b) * 1e-30
    x, p, v = np.zeros_like(b), np.zeros_like(b), np.zeros_like(b)
    r, work = b.copy(), np.empty_like(b)
    rho = alpha = omega = np.ones(b.shape[1])
    for _ in range(MAX_ITERATIONS):
        live = _dots(r, r) > goal
        if not live.any():
            break
        rho_new = _dots(b, r)
        p -= _scaled(v, omega, work)
        p = _scaled(p, _ratio(rho_new, rho) * _ratio(alpha, omega), work) + r
        v = A @ p
        alpha = _ratio(rho_new, _dots(b, v)) * live
        r -= _scaled(v, alpha, work)
        t = A @ r
        omega = _ratio(_dots(t, r), _dots(t, t)) * live
        x += _scaled(p, alpha, work)
        x += _scaled(r, omega, work)
        r -= _scaled(t, omega, work)
        rho = rho_new
    return x


def _dots(a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("ij,ij->j", a, b))


def _scaled(a: Array, factors: Array, out: Array) -> Array:
    """Each column times its factor; einsum, for broadcasting along a short last axis is slow."""
    return np.asarray(np.einsum("ij,j->ij", a, factors, out=out))


def _ratio(a: Array, b: Array) -> Array:
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
