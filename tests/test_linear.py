"""Solving: against bw2calc, on chains and loops, and refusing what has no solution."""

from __future__ import annotations

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from background_fixtures import brightway_scores, release_of, system_of
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.sparse import csc_matrix, diags, eye, random

from lcaengine.background import linear
from lcaengine.background.quality import MARKS
from lcaengine.background.system import HEADLINE, marked_parts, score_vectors
from lcaengine.problems import NoSolution

LONG = 15_000
quick = settings(max_examples=40, deadline=None)


@dataclass(frozen=True)
class Productive:
    """A random system in which every product needs less of anything than is made."""

    A: np.ndarray
    B: np.ndarray
    C: np.ndarray
    order: list[int]


def _values(shape: tuple[int, int], low: float, high: float) -> st.SearchStrategy[np.ndarray]:
    return hnp.arrays(float, shape, elements=st.floats(low, high).map(lambda x: 0.0 if x < 1e-6 else x))


@st.composite
def productive(draw: st.DrawFn, *, waste: bool = False) -> Productive:
    n, flows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 4)), draw(st.integers(1, 2))
    inputs = draw(_values((n, n), 0.0, 1.0))
    inputs *= 0.9 / np.maximum(inputs.sum(axis=0), 0.9)  # what a unit needs is at most 0.9 units in all
    runs = draw(hnp.arrays(float, n, elements=st.floats(0.01, 100)))
    product_units = draw(hnp.arrays(float, n, elements=st.floats(0.01, 100)))
    if waste:
        product_units *= draw(hnp.arrays(float, n, elements=st.sampled_from([1.0, -1.0])))
    A = product_units[:, None] * (np.eye(n) - inputs) * runs
    B = draw(_values((flows, n), 0.01, 10.0)) * runs
    C = draw(_values((flows, columns), 0.01, 30.0))
    return Productive(A, B, C, draw(st.permutations(range(n))))


@settings(max_examples=25, deadline=None)
@given(productive(waste=True))
def test_score_vectors_are_full_solves_of_bw2calc(system: Productive) -> None:
    found = score_vectors(csc_matrix(system.A), csc_matrix(system.B), system.C)
    assert found == pytest.approx(brightway_scores(system.A, system.B, system.C), rel=1e-9)


@quick
@given(productive(waste=True), st.data())
def test_size_of_a_run_does_not_matter(system: Productive, data: st.DataObject) -> None:
    sizes = data.draw(hnp.arrays(float, len(system.A), elements=st.floats(1e-3, 1e3)))
    plain = score_vectors(csc_matrix(system.A), csc_matrix(system.B), system.C)
    scaled = score_vectors(csc_matrix(system.A * sizes), csc_matrix(system.B * sizes), system.C)
    assert scaled == pytest.approx(plain, rel=1e-9)


@quick
@given(productive(waste=True))
def test_order_of_products_does_not_matter(system: Productive) -> None:
    plain = score_vectors(csc_matrix(system.A), csc_matrix(system.B), system.C)
    moved = score_vectors(csc_matrix(system.A[system.order]), csc_matrix(system.B), system.C)
    assert moved == pytest.approx(plain[system.order], rel=1e-9)


@quick
@given(productive())
def test_a_total_is_the_sum_of_its_parts(system: Productive) -> None:
    parts = np.column_stack(
        [np.where(np.arange(len(system.C)) == i, system.C[:, 0], 0.0) for i in range(len(system.C))]
    )
    C = np.column_stack([system.C[:, 0], parts])
    columns = [HEADLINE, *(f"gas:{i}" for i in range(len(system.C)))]
    with tempfile.TemporaryDirectory() as folder:
        release = release_of(system_of(system.A, system.B, C, columns), Path(folder))
        assert release.scores[:, 1:].sum(axis=1) == pytest.approx(release.scores[:, 0], rel=1e-12)


@quick
@given(productive(), st.data())
def test_estimated_part_is_between_nothing_and_everything(system: Productive, data: st.DataObject) -> None:
    marks_A = data.draw(hnp.arrays(bool, system.A.shape)) & ~np.eye(len(system.A), dtype=bool)
    marks_B = data.draw(hnp.arrays(bool, system.B.shape))
    part, score = _estimated(system, marks_A, marks_B)
    assert (part >= -1e-9 * score).all()
    assert (part <= score * (1 + 1e-9)).all()


@quick
@given(productive())
def test_estimated_part_of_all_estimates_is_the_score(system: Productive) -> None:
    part, score = _estimated(system, ~np.eye(len(system.A), dtype=bool), np.ones(system.B.shape, dtype=bool))
    assert part == pytest.approx(score, rel=1e-9)


@quick
@given(productive())
def test_estimated_part_without_estimates_is_zero(system: Productive) -> None:
    part, _ = _estimated(system, np.zeros(system.A.shape, dtype=bool), np.zeros(system.B.shape, dtype=bool))
    assert not part.any()


@quick
@given(productive(), st.data())
def test_estimated_part_grows_with_every_estimate(system: Productive, data: st.DataObject) -> None:
    marks = data.draw(hnp.arrays(bool, system.B.shape))
    more = marks | data.draw(hnp.arrays(bool, system.B.shape))
    none = np.zeros(system.A.shape, dtype=bool)
    few, score = _estimated(system, none, marks)
    many, _ = _estimated(system, none, more)
    assert (many >= few - 1e-9 * score).all()


def _estimated(system: Productive, marks_A: np.ndarray, marks_B: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    whole = system_of(
        system.A,
        system.B,
        system.C,
        [HEADLINE, "other"][: system.C.shape[1]],
        marked={"estimate": (system.A * marks_A, system.B * marks_B)},
    )
    scores = score_vectors(whole.A, whole.B, whole.C)
    return marked_parts(whole, scores)[:, MARKS.index("estimate")], scores[:, 0]


def test_chain_of_15000_processes(tmp_path: Path) -> None:
    # Each buys one unit of the one before and emits 1 kg: the n-th costs n kg. More links than Python may recurse.
    assert sys.getrecursionlimit() < LONG
    A = (eye(LONG) - diags([np.ones(LONG - 1)], [1])).tocsc()
    scores = score_vectors(A, csc_matrix(np.ones((1, LONG))), np.ones((1, 1)))
    assert scores[:, 0] == pytest.approx(np.arange(1, LONG + 1), rel=1e-9)


def test_chain_of_15000_processes_in_a_scrambled_order() -> None:
    order = np.random.default_rng(3).permutation(LONG)
    A = (eye(LONG) - diags([np.ones(LONG - 1)], [1])).tocsr()[order][:, order]
    scores = score_vectors(A.tocsc(), csc_matrix(np.ones((1, LONG))), np.ones((1, 1)))
    assert scores[:, 0] == pytest.approx(order + 1, rel=1e-9)


@pytest.mark.parametrize("length", [1, 2, 3, 2000])
def test_loop_of_gain_0_999(length: int) -> None:
    # Only the first emits (1 kg); round the loop 0.999 comes back: 1/(1 − 0.999) = 1000.
    scores = score_vectors(_loop(length, 0.999), csc_matrix(([1.0], ([0], [0])), shape=(1, length)), np.ones((1, 1)))
    assert scores[0, 0] == pytest.approx(1000, rel=1e-6)


@pytest.mark.parametrize("length", [1, 2, 3, 50, 2000])
def test_loop_of_gain_one_has_no_solution(length: int) -> None:
    with pytest.raises(NoSolution) as caught:
        linear.solve(_loop(length, 1.0), np.ones(length))
    assert caught.value.problems[0].code == "no_solution"


def _loop(length: int, gain: float) -> csc_matrix:
    A = eye(length, format="lil")
    for i in range(length):
        A[(i + 1) % length, i] -= gain if i == length - 1 else 1.0
    return A.tocsc()


@pytest.mark.parametrize("gains", [(0.1, 0.2, 50), (0.1, 0.3, 1 / 0.03), (1 / 7, 7 / 3, 3), (1 / 49, 49)])
@pytest.mark.parametrize("transposed", [False, True])
def test_loop_of_gain_one_with_rounding_has_no_solution(gains: tuple[float, ...], transposed: bool) -> None:
    # The gains multiply to 1, but not exactly in floating point: elimination leaves a pivot of 1e-16, not 0,
    # and an answer of 1e16 that fits the equations to the last digit of its own size.
    A = np.eye(len(gains))
    for i, gain in enumerate(gains):
        A[(i + 1) % len(gains), i] -= gain
    with pytest.raises(NoSolution):
        linear.solve(csc_matrix(A.T if transposed else A), np.ones(len(gains)))


def test_loop_of_gain_just_below_one_is_solved() -> None:
    # 1/(1 − 0.999999) = 1e6, to the digits that 1 − 0.999999 has left.
    assert linear.solve(_loop(3, 0.999999), np.array([1.0, 0.0, 0.0])).x == pytest.approx([1e6, 1e6, 1e6], rel=1e-9)


def test_two_products_of_one_process_pair_are_singular() -> None:
    with pytest.raises(NoSolution):
        linear.solve(csc_matrix([[1.0, 2.0], [2.0, 4.0]]), np.array([1.0, 0.0]))


@pytest.mark.parametrize("garbage", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("place", ["matrix", "demand"])
@pytest.mark.parametrize("n", [3, 2000])
def test_garbage_is_refused(garbage: float, place: str, n: int) -> None:
    A, b = eye(n, format="lil"), np.ones(n)
    if place == "matrix":
        A[0, 1] = garbage
    else:
        b[1] = garbage
    with pytest.raises(NoSolution):
        linear.solve(A.tocsc(), b)


def test_the_residual_decides_which_method_is_believed() -> None:
    # The iteration cannot cross 15,000 links in its 400 steps and its answer is thrown away; two links it can.
    chain = (eye(LONG) - diags([np.ones(LONG - 1)], [1])).T.tocsc()
    assert linear.solve(chain, np.ones(LONG)).method == "direct"
    shallow = linear.solve((eye(LONG) * 2).tocsc(), np.full(LONG, 6.0))
    assert shallow.method == "krylov"
    assert shallow.residual < 1e-11
    assert shallow.x == pytest.approx(np.full(LONG, 3.0))


def test_units_far_apart_keep_every_digit() -> None:
    # Products in units from 1e-9 to 1e9 of a plain one, 2000 of them (the iterative way): the answers scale with the
    # unit, compared with NumPy's dense solve in plain units.
    n, rng = 2000, np.random.default_rng(1)
    inputs = random(n, n, density=3 / n, random_state=1, data_rvs=lambda k: rng.uniform(0, 0.2, k))
    A, b, size = (eye(n) - inputs).tocsc(), rng.uniform(0, 1, (n, 3)), 10 ** rng.uniform(-9, 9, n)
    dense = np.linalg.solve(A.toarray().T, b)
    found = linear.solve((diags(size) @ A).T.tocsc(), b)
    assert found.x * size[:, None] == pytest.approx(dense, rel=1e-9)


@pytest.mark.parametrize("shape", [(5,), (5, 1), (5, 3)])
def test_shape_of_the_answer_is_that_of_the_question(shape: tuple[int, ...]) -> None:
    b = np.arange(float(np.prod(shape))).reshape(shape)
    assert np.array_equal(linear.solve((eye(5) * 0.5).tocsc(), b).x, 2 * b)
