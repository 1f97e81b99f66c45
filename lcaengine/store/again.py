"""A stored footprint, solved again with the rule and release of its record."""

from __future__ import annotations

import json

from lcaengine.background import Release
from lcaengine.background.release import release_by_id
from lcaengine.bom import bom_of
from lcaengine.footprint import Footprint, calculate
from lcaengine.problems import Problem, Refused
from lcaengine.rules import find_rule
from lcaengine.store.records import Record


class RuleChanged(Refused):
    """The rule of a record is not what it was."""

    status = 409


def solved_again(record: Record, release: Release | None = None, boundary: str | None = None) -> Footprint:
    """A stored footprint, solved again; ``release`` saves loading it where it is the record's, ``boundary`` is another one.

    Raises `NotFound` if rule or release is gone, `RuleChanged` if the rule's file is not the one that the record was
    calculated with.
    """
    if release is None or record.background_id != release.id:
        release = release_by_id(record.background_id)
    rule = find_rule(record.category, record.rule_version)
    if rule.sha256 != record.rule_sha256:
        raise RuleChanged(Problem("rule_changed", "", {"rule": rule.id, "version": rule.version}))
    return calculate(bom_of(json.loads(record.document)), rule, release, boundary)
