"""The Commission's communication template for installations (xlsx): read into an installation document, and filled from one.

The template is recommended, not compulsory, and knows the rules of the transitional period only: it has no field for free
allocation, for CN codes of precursors, for evidence of zero-rating or for verification reports. What one side cannot say is
never dropped in silence: it stands in the report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from lcaengine.problems import Problem

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class OwnResult:
    """What the workbook itself calculated for a process, as last saved: t CO2e and MWh per unit of the good."""

    process: str
    see_direct: float
    see_indirect: float
    embedded_electricity: float
    where: str

    def as_dict(self) -> Json:
        return {
            "process": self.process, "see_direct": self.see_direct, "see_indirect": self.see_indirect,
            "embedded_electricity": self.embedded_electricity, "where": self.where,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Report:
    """What was not carried over, and what somebody has to know.

    ``results`` are the workbook's own, empty if it was not calculated; ``places`` maps JSON pointers of the document to cells.
    """

    remarks: tuple[Problem, ...]
    results: tuple[OwnResult, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> Json:
        return {"remarks": [_shown(p) for p in self.remarks], "results": [r.as_dict() for r in self.results]}


def _shown(remark: Problem) -> Json:
    return {
        "code": remark.code, "where": remark.where,
        "message": {"zh": remark.message("zh"), "en": remark.message("en")},
        "next_action": {"zh": remark.next_action("zh"), "en": remark.next_action("en")},
    }  # fmt: skip


class Reading(NamedTuple):
    """A template read."""

    document: Json
    report: Report


class Filling(NamedTuple):
    """A template filled."""

    workbook: bytes
    report: Report


def read_template(data: bytes) -> Reading:
    """The installation document of a filled template of edition en_20241213.

    Raises `Malformed` and `TooLarge` for what is no such workbook, `Refused` with every cell that cannot be used.
    """
    from lcaengine.cbam.template.reading import reading_of

    return reading_of(data)


def fill_template(
    blank: bytes,
    document: Mapping[str, Any],
    direct: Mapping[str, float] | None = None,
    computed: Mapping[str, float] | None = None,
) -> Filling:
    """The empty template filled from an installation document that fits its schema.

    ``direct`` gives DirEm* of equation (55) by process id in t CO2e, where a process has attributed source streams and no
    ``direct_emissions`` of its own. ``computed`` gives factors that the document leaves to be calculated, by JSON pointer:
    t CO2/TJ of heat (``/processes/0/heat/imported/0``), t CO2/MWh of electricity, t CO2e/t of a precursor with a default
    value (``/precursors/0/see_direct``).

    Raises `Malformed`, `TooLarge` for what is no such workbook, `Refused` with all that does not fit.
    """
    from lcaengine.cbam.template.filling import filling_of

    return filling_of(blank, document, direct or {}, computed or {})
