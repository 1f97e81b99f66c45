"""What bills of one structure have in common, worked out once per worker and kept: the bill as read, and what its rule comes to."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field

from lcaengine.background import Release
from lcaengine.batch.filling import Given, Numbers, filled
from lcaengine.batch.rows import Part
from lcaengine.batch.solving import Skeleton, Solved, solve_lanes
from lcaengine.bom import Bom
from lcaengine.bom.reading import read_rows
from lcaengine.bom.sheet import Sheet
from lcaengine.inventory import Inventory, apply_rule
from lcaengine.lanes import Mask
from lcaengine.rules import Rule

KEPT = 400  # structures of a worker, the last used: some MB each


@dataclass
class Course:
    """One course that the rule takes: an inventory whose amounts are lanes, and how they follow from a bill's numbers."""

    given: Given
    rule: Rule
    release: Release
    inventory: Inventory
    skeleton: Skeleton | None = None

    def take(self, numbers: Numbers) -> Mask:
        """Fill the inventory from other bills; says for which of them the rule takes this course."""
        self.given.fill(numbers)
        return self.given.recording.again(numbers.lanes)

    def solved(self, lanes: int) -> Solved:
        solved, self.skeleton = solve_lanes(self.inventory, self.release, lanes, self.skeleton)
        return solved


@dataclass
class Structure:
    """Bills that are alike but for their numbers."""

    sheet: Sheet
    bom: Bom
    courses: list[Course] = field(default_factory=list)

    def course(self, numbers: Numbers, rule: Rule, release: Release) -> Course:
        """A new course, as the rule takes it for some bills; raises `Split`, `Refused`."""
        given = Given(numbers)
        inventory = apply_rule(filled(self.bom, self.sheet, given), rule, release)
        return Course(given, rule, release, inventory)


_KEPT: OrderedDict[bytes, Structure] = OrderedDict()


def structure_of(part: Part, bill: int) -> Structure:
    """The structure of a bill; raises `Refused` where the bill cannot be read."""
    key = part.key(bill)
    if key not in _KEPT:
        _KEPT[key] = Structure(*read_rows(part.table(bill)))
        if len(_KEPT) > KEPT:
            _KEPT.popitem(last=False)
    _KEPT.move_to_end(key)
    return _KEPT[key]
