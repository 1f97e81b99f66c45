"""Summary_Products of a template read, and the list of goods categories that repeats what the processes say."""

from __future__ import annotations

from typing import Any

from lcaengine.bom.reading import pointer
from lcaengine.cbam.template.cells import shifted
from lcaengine.cbam.template.form import Form, Json
from lcaengine.cbam.template.places import At

LABELS = ("reducing_agent", "carbon_price_type", "rebate_type")
SHARES = ("carbon_price_share", "rebate_share")
NUMBERS = ("scrap_per_t_steel", "scrap_per_t_aluminium", "carbon_price_due", "rebate_amount")
CONTENTS = ("clinker_fraction", "nitrogen_fraction")


class GoodsReader:
    """Goods of each process; needs the processes read before."""

    def __init__(self, form: Form) -> None:
        self.form, self.cells, self.known = form, form.cells, form.known

    def categories(self) -> None:
        """The list of goods repeats what the processes say; only what it has beyond them is left to be reported."""
        table = self.known.tables["goods_categories"]
        made = {
            c: set[str]() for p in self.form.processes.values() for c in (p["category"], *p.get("includes", ())) if c
        }
        for process in self.form.processes.values():
            made.setdefault(process["category"], set()).update(r.get("route", "") for r in process["production"])
        for i in range(len(table)):
            category = self.cells.label(table.at(i, "category"), "category")
            for name in list(table.columns)[1:]:
                at = table.at(i, name)
                if category and self.form.route_id(category, self.cells.text(at)) not in made.get(category, set()):
                    self.cells.used.discard(at)
            if category and category not in made:
                self.cells.used.discard(table.at(i, "category"))

    def goods(self) -> None:
        table = self.known.tables["goods"]
        names = self._process_names()
        for j in range(len(table)):
            if not self.cells.filled(*table.row(j)):
                continue
            at = table.at(j, "process")
            name = self.cells.text(at)
            if name is None:
                self.cells.missing(at, "process")
            elif (i := names.get(name.casefold())) is None:
                self.cells.unknown(at, name, list(names))
            else:
                self._good(j, i)
        for process in self.form.processes.values():
            self._common_content(process)

    def _process_names(self) -> dict[str, int]:
        """Names as the workbook looks them up: without regard to case, ``P1 - Crude steel`` for an unnamed process."""
        names: dict[str, int] = {}
        for i, process in self.form.processes.items():
            default = f"{process['id']} - {self.known.label_of('category', process['category'])}"
            name = process.get("name", default).casefold()
            if name in names:
                at = self.known.tables["processes"].at(i, "name")
                self.cells.bad("cbam_template_name", at, name=process.get("name", default))
            names.setdefault(name, i)
        return names

    def _good(self, j: int, i: int) -> None:
        goods = self.form.processes[i].setdefault("goods", [])
        where = pointer("processes", list(self.form.processes).index(i), "goods", len(goods))
        table, cells, good = self.known.tables["goods"], self.cells, Json()
        code = cells.text(table.at(j, "cn_code"))
        if code is None:
            cells.missing(table.at(j, "cn_code"), "cn_code")
        self.form.put(good, "cn_code", code, table.at(j, "cn_code"), where)
        self.form.put(good, "name", cells.text(table.at(j, "name")), table.at(j, "name"), where)
        for key in CONTENTS:
            self.form.put(good, key, cells.number(table.at(j, key), 0, 1), table.at(j, key), where)
        parameters: Json = {}
        for name in list(table.columns)[3:]:
            if name not in good and name not in CONTENTS:
                self.form.put(
                    parameters, name, self._parameter(name, table.at(j, name)), table.at(j, name), f"{where}/parameters"
                )
        if parameters:
            good["parameters"] = parameters
        goods.append(good)

    def _parameter(self, name: str, at: At) -> Any:
        cells = self.cells
        if name in LABELS:
            return cells.label(at, name)
        if name in NUMBERS:
            return cells.number(at)
        if name in SHARES:
            return cells.number(at, 0, 1)
        if name == "calcined":
            return cells.truth(at)
        if name.endswith("_pct"):
            share = cells.number(at, 0, 1)
            return None if share is None else shifted(share, 2)
        value = cells.text(at)
        if name == "carbon_price_currency" and value is not None and value not in cells.listed("currencies"):
            cells.unknown(at, value, ["CNY", "EUR", "USD", "c_CodeLists"])
        return value

    def _common_content(self, process: Json) -> None:
        """Clinker or nitrogen of the whole process, where all its goods say the same."""
        for key in CONTENTS:
            given = {good.get(key) for good in process.get("goods", [])}
            if len(given) == 1 and None not in given:
                process[key] = given.pop()
