"""The proof: `verify` solves the same system in full with bw2calc, and would see a difference."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
from foregrounds import COLUMNS, GATE, GRAVE, Case, cases, footprint, gross, worked
from hypothesis import given, settings

from lcaengine.background import default_release
from lcaengine.footprint.verify import AGREEMENT, verify

# bw2calc says that beer flies nowhere: nothing in it is characterized by the indicator of aircraft
pytestmark = pytest.mark.filterwarnings("ignore:All values in characterization matrix are zero:UserWarning")


@pytest.mark.parametrize(("name", "boundary"), [(n, GRAVE) for n in sorted(worked())] + [("lager-can-330", GATE)])
def test_every_indicator_and_gas_of_a_worked_inventory_is_brightways(name: str, boundary: str) -> None:
    found = verify(footprint(worked()[name], boundary))
    assert {d.indicator for d in found} == set(default_release().columns)
    for difference in found:
        # what is zero in both, or cancels to zero, is compared with the headline
        small = abs(difference.ours - difference.brightway) <= 1e-12 * abs(found[0].brightway)
        assert small or difference.relative <= AGREEMENT, difference


@settings(max_examples=10, deadline=None)
@given(cases(self_inputs=True))
def test_every_column_of_a_random_foreground_is_brightways(case: Case) -> None:
    solved = case.solved
    found = verify(solved)
    assert [d.indicator for d in found] == list(COLUMNS)
    for difference in found:
        assert abs(difference.ours - difference.brightway) <= 1e-9 * gross(solved), difference


def test_a_wrong_result_would_be_seen() -> None:
    right = footprint(copy.deepcopy(worked()["lager-keg"]))
    wrong = replace(right, total=right.total * (1 + 1e-8))
    assert max(d.relative for d in verify(right)[:1]) <= AGREEMENT
    assert verify(wrong)[0].relative > AGREEMENT
