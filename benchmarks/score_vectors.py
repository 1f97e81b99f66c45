"""All score vectors of a release: ours against SuperLU and PARDISO, same right-hand sides, same residual check.

The peers factorise Aᵀ and solve for every column, as somebody would who has no other use for the factors. Every answer,
ours and theirs, must pass the same check of the residual, and all must agree. The target is for large releases: below
`generator.SIZE` processes every solver is done at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from benchmarks.generator import SIZE
from benchmarks.timing import Row, race
from lcaengine.background import Release, linear

TARGET = 2.0
AGREEMENT = 1e-9
ZERO = 1e-9  # of the largest score

Array = NDArray[np.float64]


def rows(release: Release, label: str, peers: Sequence[str] = ("SuperLU", "PARDISO")) -> Iterator[Row]:
    """Ours against the best of the direct solvers."""
    A = csc_matrix(release.technosphere.matrix())
    rhs = np.ascontiguousarray(release.direct)
    answers: dict[str, Array] = {}

    def contestant(name: str) -> Callable[[], None]:
        return lambda: answers.update({name: SOLVERS[name](A, rhs)})

    seconds = race({name: contestant(name) for name in ("ours", *peers)})
    worst = max(linear.residual(A.T, x, rhs) for x in answers.values())
    gap = max(_gap(x, answers["ours"]) for x in answers.values())
    if worst > linear.TOLERANCE or gap > AGREEMENT:
        raise AssertionError(f"score vectors of {label}: residual {worst:.1e}, difference {gap:.1e}")
    best = min(peers, key=seconds.__getitem__)
    checked = f"residuals ≤ {worst:.0e}, scores equal to {gap:.0e}"
    target = TARGET if len(release.codes) >= SIZE else None
    yield Row("all score vectors", label, best, seconds["ours"], seconds[best], target, False, checked)


def _ours(A: Any, rhs: Array) -> Array:
    return linear.solve(A.T, rhs).x


def _superlu(A: Any, rhs: Array) -> Array:
    return np.asarray(splu(csc_matrix(A.T)).solve(rhs))


def _pardiso(A: Any, rhs: Array) -> Array:
    from pypardiso import PyPardisoSolver

    solver, M = PyPardisoSolver(), A.T.tocsr()
    try:
        solver.factorize(M)
        return np.asarray(solver.solve(M, rhs))
    finally:
        solver.free_memory(everything=True)


def _gap(x: Array, y: Array) -> float:
    """Largest difference of two sets of score vectors, relative to the scores of the product; tiny ones are zero."""
    scale = np.abs(y).max(axis=1, keepdims=True)
    return float((np.abs(x - y) / np.maximum(scale, ZERO * scale.max())).max())


SOLVERS: Mapping[str, Callable[[Any, Array], Array]] = {"ours": _ours, "SuperLU": _superlu, "PARDISO": _pardiso}
