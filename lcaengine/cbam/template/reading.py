"""From a filled communication template to an installation document: nothing guessed, nothing dropped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from lcaengine.cbam.template import OwnResult, Reading, Report
from lcaengine.cbam.template.cells import Cells, open_template
from lcaengine.cbam.template.form import Form, Json
from lcaengine.cbam.template.places import At
from lcaengine.cbam.template.reading_emissions import EmissionsReader
from lcaengine.cbam.template.reading_goods import GoodsReader
from lcaengine.cbam.template.reading_processes import ProcessReader
from lcaengine.problems import Problem, Refused

CHINESE = re.compile("[\u4e00-\u9fff]")
ADDRESS = ("street_number", "po_box", "post_code", "city")
ABOUT = ("unlocode", "representative", "email", "telephone", "economic_activity")


def reading_of(data: bytes) -> Reading:
    """The document of a filled template, and what it could not take over; raises `Refused` with every problem."""
    form = Form(Cells(open_template(data)))
    document = _document(form)
    if form.cells.problems:
        raise Refused(form.cells.problems)
    remarks = [*form.remarks, *_not_carried(form.cells)]
    return Reading(document, Report(tuple(remarks), tuple(_results(form)), form.places))


def _document(form: Form) -> Json:
    about = InstallationReader(form)
    document: Json = {"installation": about.installation(), "period": about.period()}
    reader, goods = ProcessReader(form), GoodsReader(form)
    processes, precursors = reader.processes(), reader.precursors()
    goods.categories()
    goods.goods()
    if not processes:
        form.cells.missing(form.known.tables["processes"].at(0, "category"), "processes")
    sections = {**EmissionsReader(form).sections(), "precursors": precursors}
    return {**document, "processes": processes, **{name: rows for name, rows in sections.items() if rows}}


def _not_carried(cells: Cells) -> Iterator[Problem]:
    """One remark for each kind of cell that a document has no field for."""
    groups: dict[tuple[str, str], list[tuple[At, Any]]] = {}
    for at, name, value in cells.uncarried():
        groups.setdefault((at.sheet, name), []).append((at, value))
    for (_, name), found in groups.items():
        filled = [f"{at.cell} = {value}" for at, value in found]
        yield Problem("cbam_template_not_carried", str(found[0][0]), {"field": name, "filled": filled})


class InstallationReader:
    """Sheet A: the installation and its reporting period."""

    def __init__(self, form: Form) -> None:
        self.form, self.cells, self.known = form, form.cells, form.known

    def installation(self) -> Json:
        about: Json = {}
        cells, at = self.cells, self.known.cells
        self.form.put(about, "name", self._name(), at["name_english"], "/installation")
        self.form.put(about, "country", self._country_named(), at["country_name"], "/installation")
        address = [text for name in ADDRESS if (text := cells.text(at[name]))]
        self.form.put(about, "address", ", ".join(address) or None, at["street_number"], "/installation")
        for name, limit in (("latitude", 90), ("longitude", 180)):
            self.form.put(about, name, cells.number(at[name], -limit, limit), at[name], "/installation")
        for name in ABOUT:
            self.form.put(about, name, cells.text(at[name]), at[name], "/installation")
        return about

    def _name(self) -> Json | str | None:
        """English and, where it is Chinese, local name; a lone local name serves for both."""
        at = self.known.cells
        english, local = self.cells.text(at["name_english"]), self.cells.text(at["name_local"])
        if not english:
            if not local:
                self.cells.missing(at["name_english"], "name")
            return local
        if local and not CHINESE.search(local):
            self.cells.used.discard(at["name_local"])
        return {**({"zh": local} if local and CHINESE.search(local) else {}), "en": english}

    def _country_named(self) -> str | None:
        at = self.known.cells["country_name"]
        name = self.cells.text(at)
        if name is None:
            return None
        codes = {
            str(n).casefold(): str(c)
            for c, n in zip(*map(self.cells.listed, ("country_codes", "country_names")), strict=True)
        }
        return self.form.iso(codes.get(name.casefold()), at, name)

    def period(self) -> Json:
        period: Json = {}
        for key in ("start", "end"):
            at = self.known.cells[f"period_{key}"]
            value = self.cells.day(at)
            if not self.cells.filled(at):
                self.cells.missing(at, f"period {key}")
            self.form.put(period, key, value, at, "/period")
        return period


def _results(form: Form) -> Iterator[OwnResult]:
    """The workbook's own SEE by process, if it was calculated when it was last saved."""
    place = form.known.raw["result"]
    keys = ("see_direct", "see_indirect", "embedded_electricity")
    for i, process in form.processes.items():
        row = place["rows"][0] + i
        cells = {k: At(place["sheet"], f"{column}{row}") for k, column in place["columns"].items()}
        values = [form.cells.book.at(cells[k]).value for k in keys]
        named = form.cells.book.at(cells["name"]).value
        if named not in (None, "") and all(isinstance(v, (int, float)) for v in values):
            direct, indirect, electricity = map(float, values)
            yield OwnResult(process["id"], direct, indirect, electricity, str(cells["see_direct"]))
