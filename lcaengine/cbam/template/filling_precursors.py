"""Sheets A and E and Summary_Products of a template filled: purchased precursors and goods."""

from __future__ import annotations

import re

from lcaengine.bom.reading import pointer
from lcaengine.cbam.template.cells import shifted
from lcaengine.cbam.template.page import Page, Row, name_of
from lcaengine.cbam.template.places import At
from lcaengine.problems import Problem, Refused

CONTENT = {"t_clinker": "clinker_fraction", "kg_n": "nitrogen_fraction"}
LETTERS = re.compile(
    r"[A-L](/[A-L])*"
)  # routes of the acts: they choose a benchmark, and the template has no place for them
GENERAL = ("process", "cn_code", "name", *CONTENT.values())


class PrecursorWriter:
    """One block of sheet E for each precursor, values per tonne of it."""

    def __init__(self, page: Page) -> None:
        self.page, self.known = page, page.known

    def write(self) -> None:
        self.page.each("precursors", self._precursor)

    def _precursor(self, i: int, row: Row, where: str) -> None:
        table, form = self.known.tables["precursors"], self.known.precursors
        category = self.page.take(row, "category", where) or _category_of_code(row["cn_code"])
        self.page.put_label(table.at(i, "category"), "category", category, where + "/category")
        self.page.take(row, "name", where)
        self.page.put(table.at(i, "name"), name_of(row))
        self._origin(i, row, where)
        route = None if LETTERS.fullmatch(row.get("route", "")) else self.page.take(row, "route", where)
        self.page.put(table.at(i, "route_1"), self.page.route_label(category, route))
        bought = self.page.amount(row, "purchased", "t", where)
        self.page.put(form.list(i, "purchased")[self.page.route_row(category, route, where)], bought)
        consumed: dict[At, float] = {}
        for j, part in enumerate(self.page.take(row, "consumed", where)):
            at = form.list(i, "consumed")[self.page.order[part["process"]]]
            consumed[at] = consumed.get(at, 0.0) + self.page.converted(part, "t", where + pointer("consumed", j))
        self.page.values.update(consumed)
        self.page.put(form.at(i, "consumed_elsewhere"), self.page.amount(row, "consumed_elsewhere", "t", where) or 0.0)
        self._embedded(i, row, category, where)

    def _origin(self, i: int, row: Row, where: str) -> None:
        code = self.page.take(row, "country", where)
        if code in self.page.cells.listed("country_codes"):
            self.page.put(self.known.tables["precursors"].at(i, "country"), code)
        elif code == "unknown":
            self.page.by_hand("Country code", self.known.tables["precursors"].at(i, "country"))
        else:
            self.page.unknown_country(code, where + "/country")

    def _embedded(self, i: int, row: Row, category: str, where: str) -> None:
        """Specific embedded emissions, in the template per tonne of the precursor."""
        form, content = self.known.precursors, self._content(row, category, where)
        evidence = self.page.take(row, "evidence", where)
        self.page.put_label(form.at(i, "see_direct_source"), "evidence", evidence, where + "/evidence")
        see = self.page.factor(row, "see_direct", "t/t", where)
        if see is None and (see := self.page.computed.get(where + "/see_direct")) is None:
            raise Refused(Problem("cbam_template_value_needed", where + "/see_direct", {"what": "SEE (direct)"}))
        self.page.put(form.at(i, "see_direct"), see * content)
        electricity = self.page.factor(row, "electricity", "MWh/t", where)
        factor = self.page.factor(row, "electricity_factor", "t/MWh", where)
        if electricity is not None:
            self.page.put(form.at(i, "electricity"), electricity * content)
            self.page.put(form.at(i, "electricity_factor"), factor)
            self.page.put_label(form.at(i, "electricity_source"), "evidence", evidence, where)
            self.page.by_hand("Source of the electricity emission factor", form.at(i, "electricity_factor_source"))
        elif row.get("see_indirect", {}).get("amount"):
            self.page.remarks.append(
                Problem("cbam_template_no_split", where + "/see_indirect", {"precursor": name_of(row)})
            )
        if evidence == "default":
            self.page.by_hand("Justification for use of default values", form.at(i, "default_justification"))

    def _content(self, row: Row, category: str, where: str) -> float:
        """Functional units per tonne, equations (64) to (66); 1 where values are per tonne already."""
        if self.page.take(row, "see_per", where) == "tonne":
            return 1.0
        key = CONTENT.get(_functional_unit(category), "")
        if not key or (category == "cement_clinker" and key not in row):
            return 1.0
        if not (fraction := self.page.take(row, key, where)):
            raise Refused(Problem("cbam_template_value_needed", f"{where}/{key}", {"what": key}))
        return float(fraction)


class GoodsWriter:
    """One row of Summary_Products for each good."""

    def __init__(self, page: Page) -> None:
        self.page, self.known = page, page.known

    def write(self) -> None:
        table, j = self.known.tables["goods"], 0
        for i, process in enumerate(self.page.document["processes"]):
            for k, good in enumerate(process.get("goods", ())):
                self.page.put(table.at(j, "process"), name_of(process))
                self._good(j, good, process, pointer("processes", i, "goods", k), pointer("processes", i))
                j += 1

    def _good(self, j: int, good: Row, process: Row, where: str, above: str) -> None:
        table = self.known.tables["goods"]
        code = self.page.take(good, "cn_code", where)
        self.page.put(table.at(j, "cn_code"), "".join(c for c in code if c.isdigit()))
        self.page.put(table.at(j, "name"), self.page.take(good, "name", where))
        for key in CONTENT.values():
            own, whole = self.page.take(good, key, where), self.page.take(process, key, above)
            self.page.put(table.at(j, key), whole if own is None else own)
        for key in good.get("parameters", {}):
            if key in table.columns and key not in GENERAL:
                self._parameter(table.at(j, key), key, good["parameters"], f"{where}/parameters")

    def _parameter(self, at: At, key: str, parameters: Row, where: str) -> None:
        value = self.page.take(parameters, key, where)
        if key in self.known.raw["labels"]:
            self.page.put_label(at, key, value, f"{where}/{key}")
        elif key.endswith("_pct") and isinstance(value, (int, float)):
            self.page.put(at, shifted(value, -2))
        elif isinstance(value, (int, float, str)):
            self.page.put(at, value)


def _functional_unit(category: str) -> str:
    from lcaengine.cbam.installation.checks import category as category_

    return category_(category).functional_unit


def _category_of_code(code: str) -> str:
    from lcaengine.cbam.installation.checks import category_of_code

    return category_of_code(code)
