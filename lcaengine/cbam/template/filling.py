"""From an installation document to a filled communication template: what has no place in it is reported."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from lcaengine.bom.reading import pointer
from lcaengine.cbam.template import Filling, Report
from lcaengine.cbam.template.cells import Cells, open_template
from lcaengine.cbam.template.filling_emissions import EmissionsWriter
from lcaengine.cbam.template.filling_precursors import GoodsWriter, PrecursorWriter
from lcaengine.cbam.template.filling_processes import ProcessWriter
from lcaengine.cbam.template.page import Page, Row, name_of, names_of
from lcaengine.cbam.template.workbook import write_cells
from lcaengine.problems import Problem, Refused

NAME_LENGTH = 100
WILDCARDS = re.compile(r"[*?~]")
ABOUT = {
    "address": "street_number", "unlocode": "unlocode", "latitude": "latitude", "longitude": "longitude",
    "representative": "representative", "email": "email", "telephone": "telephone", "economic_activity": "economic_activity",
}  # fmt: skip
BY_HAND = (
    ("total_indirect", "Total indirect emissions"), ("data_quality", "General information on data quality"),
    ("quality_assurance", "Information on quality assurance"),
)  # fmt: skip
SHOWN = 5


def filling_of(blank: bytes, document: Row, direct: Mapping[str, float], computed: Mapping[str, float]) -> Filling:
    """The template filled, and what could not be written; raises `Refused` with all that does not fit."""
    cells = Cells(open_template(blank))
    if filled := [f"{at} = {value}" for at, _, value in cells.uncarried()]:
        raise Refused(Problem("cbam_template_not_blank", "", {"filled": filled[:SHOWN]}))
    page = Page(cells, document, direct, computed)
    writer = InstallationWriter(page)
    page.problems += writer.overflows()
    if not page.problems:
        writer.write()
        for part in (EmissionsWriter, ProcessWriter, PrecursorWriter, GoodsWriter):
            part(page).write()
        page.problems += _unusable_names(document)
    if page.problems:
        raise Refused(page.problems)
    remarks = (*page.remarks, *_left_out(page), *_by_hand(page), Problem("cbam_template_recalculate"))
    return Filling(write_cells(blank, page.values), Report(remarks))


class InstallationWriter:
    """Sheet A but for the precursors and the processes' own rows."""

    def __init__(self, page: Page) -> None:
        self.page, self.known = page, page.known

    def write(self) -> None:
        self._installation()
        self._goods_categories()

    def overflows(self) -> Iterator[Problem]:
        """One problem for everything that has more rows than the template."""
        document, tables = self.page.document, self.known.tables
        counts = {n: len(document.get(n, ())) for n in ("source_streams", "measured", "pfc", "processes", "precursors")}
        counts["goods"] = sum(len(process.get("goods", ())) for process in document["processes"])
        counts["goods_categories"] = len(self._categories())
        for name, count in counts.items():
            if count > len(tables[name]):
                values = {"what": name, "count": count, "capacity": len(tables[name])}
                yield Problem("cbam_template_overflow", pointer(name), values)

    def _installation(self) -> None:
        about, at = self.page.document["installation"], self.known.cells
        name = self.page.take(about, "name", "/installation")
        english, local = names_of(name)
        self.page.put(at["name_english"], english)
        self.page.put(at["name_local"], local if local != english else None)
        for key, cell in ABOUT.items():
            self.page.put(at[cell], self.page.take(about, key, "/installation"))
        self._country(about)
        for key in ("start", "end"):
            self.page.put(
                at[f"period_{key}"], date.fromisoformat(self.page.take(self.page.document["period"], key, "/period"))
            )
        verification = self.page.document.get("verification", {})
        self.page.put(at["verifier_company"], self.page.take(verification, "verifier", "/verification"))

    def _country(self, about: Row) -> None:
        codes, names = (self.page.cells.listed(name) for name in ("country_codes", "country_names"))
        code = self.page.take(about, "country", "/installation")
        if code in codes:
            self.page.put(self.known.cells["country_name"], names[codes.index(code)])
        else:
            self.page.unknown_country(code, "/installation/country")

    def _categories(self) -> dict[str, list[str]]:
        """Categories made in the installation with the labels of their routes, in the order of the processes."""
        found: dict[str, list[str]] = {}
        for process in self.page.document["processes"]:
            labels = found.setdefault(process["category"], [])
            for part in process["production"]:
                label = self.page.route_label(process["category"], part.get("route"))
                if label and label not in labels:
                    labels.append(label)
        for process in self.page.document["processes"]:
            for category in process.get("includes", ()):
                found.setdefault(category, [])
        return found

    def _goods_categories(self) -> None:
        table = self.known.tables["goods_categories"]
        for i, (category, labels) in enumerate(self._categories().items()):
            self.page.put_label(table.at(i, "category"), "category", category, "/processes")
            for j, label in enumerate(labels, 1):
                self.page.put(table.at(i, f"route_{j}"), label)


def _leaves(value: Any, where: str) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(inner, f"{where}{pointer(key)}")
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            yield from _leaves(inner, f"{where}/{i}")
    else:
        yield where


def _unusable_names(document: Row) -> Iterator[Problem]:
    """The workbook looks processes and precursors up by name, with wildcards and without regard to case."""
    seen: set[str] = set()
    for section in ("processes", "precursors"):
        for i, row in enumerate(document.get(section, ())):
            name = name_of(row)
            if name.casefold() in seen or WILDCARDS.search(name) or len(name) > NAME_LENGTH:
                yield Problem("cbam_template_name", pointer(section, i, "name"), {"name": name})
            seen.add(name.casefold())


def _left_out(page: Page) -> Iterator[Problem]:
    """What of the document was not written, one remark for each kind of field. The template numbers rows itself."""
    groups: dict[str, list[str]] = {}
    for place in _leaves(page.document, ""):
        above = {place[:i] for i, c in enumerate(place) if c == "/"} | {place}
        if not above & page.used and not place.endswith("/id"):
            groups.setdefault(re.sub(r"/\d+(?=/|$)", "/*", place), []).append(place)
    for pattern, places in groups.items():
        yield Problem("cbam_template_left_out", places[0], {"field": pattern, "count": len(places)})


def _by_hand(page: Page) -> Iterator[Problem]:
    """What only a person can fill in."""
    for name, label in BY_HAND:
        page.by_hand(label, page.known.cells[name])
    for label, cells in page.hand.items():
        yield Problem("cbam_template_by_hand", str(cells[0]), {"what": f"{label}: {', '.join(map(str, cells))}"})
