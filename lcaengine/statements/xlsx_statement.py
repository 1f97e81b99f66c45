"""The sheets of a statement: what is summed is summed by formulas, from the lines to the total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lcaengine.problems import Problem, Refused
from lcaengine.statements.xlsx_book import FONT, PALE, Book, Sheet
from lcaengine.statements.xlsx_cbam import write_cbam
from lcaengine.statements.xlsx_numbers import share_format
from lcaengine.statements.xlsx_summary import write_summary
from lcaengine.statements.xlsx_tables import write_assumptions, write_checklist, write_provenance
from lcaengine.statements.xlsx_texts import known, text, with_unit

Json = Mapping[str, Any]
HEADER, FIRST = 3, 4  # rows of a table's header and of its first entry
TOTAL: dict[str, Any] = {"bold": True, "top": 1, "bg_color": PALE}
MARKS = ("measured", "published", "derived", "estimate")
FIGURES = frozenset({"value", "share", "exact", *MARKS})
TOLERANCE = 1e-9  # of the total: what sums of the body may miss by rounding


def write_statement(book: Book, body: Json) -> None:
    """All sheets; raises `Refused` where the body's parts do not add up to its total."""
    _check_sums(body)
    book.properties(
        book.show(body["product"]["name"]).replace("\n", " "), str(body["issuer"]["name"]), body["id"], body["issued"]
    )
    summary = book.sheet(text("summary"), (32, 46, 12, 38), body["id"], landscape=False)
    stages = book.sheet(text("stages"), (8, 52, 16, 12, 14, 16, 16), body["id"], landscape=False)
    lines = book.sheet(text("lines"), _line_widths(body), body["id"], landscape=True)
    _Parts(book, body).write(stages, lines)
    gases = book.sheet(text("gases"), (52, 16, 12, 14, 16, 16), body["id"], landscape=False)
    _write_gases(gases, body)
    write_assumptions(book, body)
    write_cbam(book, body)
    write_provenance(book, body)
    write_checklist(book, body)
    write_summary(summary, body)


def _check_sums(body: Json) -> None:
    """Formulas show the body's figures only if those add up."""
    total = body["total"]["value"]
    limit = TOLERANCE * max(1.0, abs(total))
    stages, lines = body["stages"] or (), body["lines"]
    sums = [("/total/value", total, sum(s["value"] for s in stages))] if stages else []
    if lines is not None:
        of = dict.fromkeys((s["stage"] for s in stages), 0.0)
        for line in lines:
            of[line["stage"]] = of.get(line["stage"], 0.0) + line["value"]
        signed = {s["stage"]: s["value"] for s in stages}
        sums += [(f"/stages/{stage}", signed.get(stage, 0.0), value) for stage, value in of.items()]
    wrong = [Problem("statement_sums", where, {"stated": stated, "sum": found}) for where, stated, found in sums
             if not abs(stated - found) <= limit]  # fmt: skip
    if wrong:
        raise Refused(wrong)


class _Parts:
    """Lines, stages and total, and the formulas between them."""

    def __init__(self, book: Book, body: Json) -> None:
        self.book, self.body = book, body
        self.total: float = body["total"]["value"]
        self.unit = f"{body['total']['unit']} / {body['declared_unit']['amount']:g} {body['declared_unit']['unit']}"
        self.entries: Sequence[Json] = body["stages"] or ()
        self.lines: Sequence[Json] | None = body["lines"]
        self.position = {s["stage"]: i for i, s in enumerate(self.entries, 1)}

    def write(self, stages: Sheet, lines: Sheet) -> None:
        self._write_lines(lines)
        self._write_stages(stages)

    # -- stages and total: shown in columns A to E, calculated in F (from the lines) and G (as signed)

    def _write_stages(self, sheet: Sheet) -> None:
        note = "total_given" if not self.entries else "stages_given" if self.lines is None else "stages_of_lines"
        sheet.head(text("stages"), with_unit(note, self.unit))
        columns = ("number", "stage", "value", "share", "difference", "exact", "signed")
        sheet.header(HEADER, [text(k) for k in columns], (2, 3, 4, 5, 6))
        last = FIRST + max(len(self.entries), 1) - 1
        for row, stage in enumerate(self.entries, FIRST):
            sheet.number(row, 0, row - FIRST + 1, num_format="0", align="left")
            sheet.text(row, 1, stage["name"])
            counted = self.lines is not None
            formula = f"=SUMIFS(line_values,line_stages,A{row + 1})" if counted else ""
            self._write_sum(sheet, row, stage["value"], formula)
        sheet.book.name("stage_values", sheet.place(FIRST, 5, last))
        self._write_total(sheet, last + 1)
        sheet.fold(5, 6)
        if self.entries:
            self._chart(sheet, last)

    def _write_sum(self, sheet: Sheet, row: int, value: float, formula: str, **properties: Any) -> None:
        sheet.rounded(row, 2, f"F{row + 1}", value, **properties)
        _share(sheet, row, 3, f"F{row + 1}", value, self.total, **properties)
        _difference(sheet, row, 4, f"F{row + 1}-G{row + 1}", **properties)
        sheet.exact(row, 5, value, formula, **properties)
        sheet.exact(row, 6, value, **properties)

    def _write_total(self, sheet: Sheet, row: int) -> None:
        sheet.text(row, 0, None, **TOTAL)
        sheet.text(row, 1, text("total"), **TOTAL)
        self._write_sum(sheet, row, self.total, "=SUM(stage_values)" if self.entries else "", **TOTAL)
        sheet.book.name("total", sheet.place(row, 5))
        sheet.book.name("total_signed", sheet.place(row, 6))

    def _chart(self, sheet: Sheet, last: int) -> None:
        chart, font = self.book.bar_chart(), {"name": FONT, "size": 9}
        chart.add_series({
            "categories": [sheet.name, FIRST, 1, last, 1], "values": [sheet.name, FIRST, 2, last, 2], "gap": 60,
            "fill": {"color": "#2E75B6"}, "data_labels": {"value": True, "font": font},
        })  # fmt: skip
        chart.set_title({"name": self.unit, "name_font": {"name": FONT, "size": 10, "bold": False}})
        chart.set_legend({"none": True})
        chart.set_y_axis({"reverse": True, "num_font": font, "label_position": "low"})
        chart.set_x_axis(
            {
                "num_font": font,
                "num_format": "General",
                "major_gridlines": {"visible": True, "line": {"color": "#D9D9D9"}},
            }
        )
        chart.set_size({"width": 735, "height": 120 + 42 * len(self.entries)})
        sheet.cells.insert_chart(last + 3, 0, chart)

    # -- lines

    def _write_lines(self, sheet: Sheet) -> None:
        """Names and shares to the left, the unrounded values in the last column."""
        sheet.head(text("lines"), text("no_lines") if self.lines is None else with_unit("lines_note", self.unit))
        if self.lines is None:
            return
        columns, last = _line_columns(self.lines), FIRST + max(len(self.lines), 1) - 1
        sheet.header(HEADER, [text(c) for c in columns], [i for i, c in enumerate(columns) if c in FIGURES])
        exact = len(columns) - 1
        letter = sheet.letter(exact)
        for row, line in enumerate(self.lines, FIRST):
            self._write_line(sheet, row, line, columns, f"{letter}{row + 1}")
        sheet.book.name("line_stages", sheet.place(FIRST, 3, last))
        sheet.book.name("line_values", sheet.place(FIRST, exact, last))
        self._write_sums(sheet, columns, last)
        sheet.cells.freeze_panes(FIRST, 3)
        sheet.cells.autofilter(HEADER, 0, last, exact)
        sheet.fold(exact, exact)

    def _write_line(self, sheet: Sheet, row: int, line: Json, columns: Sequence[str], exact: str) -> None:
        at = self.position[line["stage"]]
        sheet.number(row, 0, row - FIRST + 1, num_format="0", align="left")
        sheet.text(row, 1, line["line"])
        sheet.text(row, 2, line["name"])
        sheet.number(row, 3, at, num_format="0", align="left")
        sheet.text(row, 4, self.entries[at - 1]["name"])
        sheet.rounded(row, 5, exact, line["value"])
        _share(sheet, row, 6, exact, line["value"], self.total)
        for column, key in enumerate(columns[7:-1], 7):
            _write_detail(sheet, row, column, key, line)
        sheet.exact(row, len(columns) - 1, line["value"])

    def _write_sums(self, sheet: Sheet, columns: Sequence[str], last: int) -> None:
        """Above the header, where a filter leaves them: the total, and the shares of it by status."""
        bold: dict[str, Any] = {"bold": True, "bg_color": PALE}
        for column in range(len(columns)):
            sheet.text(HEADER - 1, column, text("total") if column == 2 else None, **bold)
        exact = f"{sheet.letter(len(columns) - 1)}{HEADER}"
        sheet.rounded(HEADER - 1, 5, exact, self.total, **bold)
        _share(sheet, HEADER - 1, 6, exact, self.total, self.total, **bold)
        sheet.exact(HEADER - 1, len(columns) - 1, self.total, "=SUM(line_values)", **bold)
        for column, key in enumerate(columns):
            if key in MARKS and self.total and self.lines:
                cells = f"{sheet.letter(column)}{FIRST + 1}:{sheet.letter(column)}{last + 1}"
                value = (
                    sum(e["value"] * ((e.get("status_shares") or {}).get(key) or 0.0) for e in self.lines) / self.total
                )
                formula = f"=SUMPRODUCT(line_values,{cells})/total"
                sheet.formula(
                    HEADER - 1, column, formula, value, num_format=share_format(value, sheet.book.digits), **bold
                )


def _line_columns(lines: Iterable[Json]) -> list[str]:
    """What is known of the lines decides on the columns."""
    keys = {key for line in lines for key, value in line.items() if value is not None}
    marks = {mark for line in lines for mark in line.get("status_shares") or ()}
    found = ["number", "line", "name", "stage_number", "stage", "value", "share"]
    found += ["process", "process_code", "status"] * bool({"process", "mix"} & keys)
    return found + [k for k in ("data", "source") if k in keys] + [m for m in MARKS if m in marks] + ["exact"]


def _line_widths(body: Json) -> list[float]:
    widths: dict[str, float] = {
        "number": 7,
        "line": 22,
        "name": 40,
        "stage_number": 9,
        "stage": 26,
        "process": 34,
        "process_code": 26,
        "source": 40,
    }
    return [widths.get(c, 12) for c in _line_columns(body["lines"] or ())]


def _write_detail(sheet: Sheet, row: int, column: int, key: str, line: Json) -> None:
    """Where a line's figure comes from: background process and its status, shares by status."""
    mix = line.get("mix") or ([line["process"]] if line.get("process") else [])
    match key:
        case "process":
            sheet.text(row, column, "\n".join(sheet.book.show(m["name"]) for m in mix))
        case "process_code":
            sheet.text(row, column, "\n".join(m["code"] for m in mix))
        case "status":
            sheet.text(row, column, "\n".join(dict.fromkeys(sheet.book.show(known(m["status"])) for m in mix)))
        case "data" | "source":
            sheet.text(row, column, known(str(line.get(key) or "")))
        case _:
            sheet.share(row, column, (line.get("status_shares") or {}).get(key))


# -- gases and indicators


def _write_gases(sheet: Sheet, body: Json) -> None:
    """Gases, shown in columns A to C and calculated in E; below, the indicators."""
    entries, total = body["gases"], body["total"]["value"]
    sheet.head(text("gases"), with_unit("gases_note", body["total"]["unit"]))
    sheet.header(HEADER, [text(k) for k in ("gas", "value", "share", "difference", "exact", "signed")], (1, 2, 3, 4, 5))
    end = FIRST + max(len(entries), 1)
    for row, gas in enumerate(entries, FIRST):
        sheet.text(row, 0, known(gas["gas"]))
        sheet.rounded(row, 1, f"E{row + 1}", gas["value"])
        _share(sheet, row, 2, f"E{row + 1}", gas["value"], total)
        sheet.exact(row, 4, gas["value"])
    sheet.book.name("gas_values", sheet.place(FIRST, 4, end - 1))
    _write_gas_total(sheet, end, sum(g["value"] for g in entries), total)
    sheet.fold(4, 5)
    sheet.header(end + 2, [text("indicator"), text("value"), text("unit")], (1,), freeze=False)
    for row, indicator in enumerate(body["indicators"], end + 3):
        sheet.text(row, 0, indicator["name"])
        sheet.number(row, 1, indicator["value"])
        sheet.text(row, 2, indicator["unit"])


def _write_gas_total(sheet: Sheet, row: int, found: float, total: float) -> None:
    sheet.text(row, 0, text("total"), **TOTAL)
    sheet.rounded(row, 1, f"E{row + 1}", found, **TOTAL)
    _share(sheet, row, 2, f"E{row + 1}", found, total, **TOTAL)
    _difference(sheet, row, 3, f"E{row + 1}-F{row + 1}", found - total, **TOTAL)
    sheet.exact(row, 4, found, "=SUM(gas_values)", **TOTAL)
    sheet.exact(row, 5, total, **TOTAL)


# -- formulas


def _share(sheet: Sheet, row: int, column: int, cell: str, value: float, total: float, **properties: Any) -> None:
    share = value / total if total else None
    properties = {"num_format": share_format(share or 0.0, sheet.book.digits), **properties}
    sheet.formula(row, column, f'=IF(total=0,"",{cell}/total)', share, **properties)


def _difference(sheet: Sheet, row: int, column: int, cells: str, value: float = 0.0, **properties: Any) -> None:
    properties = {"num_format": "0.0E+00;-0.0E+00;0", "font_color": "#595959", **properties}
    sheet.formula(row, column, f"=ROUND({cells},9)", round(value, 9) + 0.0, **properties)
