"""The CBAM answer of a statement, on a sheet of its own: no formula joins it to the footprint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lcaengine.statements.xlsx_book import Book, Sheet
from lcaengine.statements.xlsx_summary import plain
from lcaengine.statements.xlsx_texts import text

Json = Mapping[str, Any]
WIDTHS = (38, 16, 24, 12, 16, 14, 16, 16, 44)
SEE = "0.00000"  # specific embedded emissions bear five decimals (2025/2547)
LAST = len(WIDTHS) - 1


def write_cbam(book: Book, body: Json) -> None:
    """Answer, the product's own path where it is a good, its lines that would be goods, notes and acts."""
    sheet = book.sheet(text("cbam"), WIDTHS, body["id"], landscape=True)
    sheet.head(text("cbam"), text("cbam_note"))
    answer = body.get("cbam")
    if answer is None:
        sheet.text(3, 0, text("no_cbam"), text_wrap=False)
        return
    sheet.text(3, 0, text("answer"), bold=True)
    sheet.merged(3, 1, LAST, answer["answer"])
    sheet.text(4, 0, text("obligation_today"), bold=True)
    sheet.text(4, 1, plain(sheet, answer.get("obligation_today")))
    sheet.text(5, 0, text("on"), bold=True)
    sheet.day(5, 1, str(answer.get("on") or ""))
    row = _goods(sheet, answer.get("goods") or {}, 7)
    row = _lines(sheet, answer.get("lines") or (), row)
    row = _paragraphs(sheet, row, "notes", [plain(sheet, note) for note in answer.get("notes") or ()])
    _paragraphs(sheet, row, "acts", [act_line(sheet, act) for act in answer.get("acts") or ()])


def _goods(sheet: Sheet, goods: Json, row: int) -> int:
    """Certificates and their cost by year on the default path, and the installation's own figures; the next free row."""
    years = (goods.get("default") or {}).get("by_year") or ()
    if not years:
        return row
    path = text("default_path")
    sheet.band(row, {k: f"{v}: {goods['cn_code']}, {path[k]}" for k, v in text("goods").items()}, LAST + 1)
    columns = (
        ("year", ""),
        ("emissions", "t CO2e/t"),
        ("free_allocation", "t CO2e/t"),
        ("certificates", "1/t"),
        ("price", "EUR"),
        ("cost", "EUR/t"),
    )
    labels = [{k: f"{v} {unit}".strip() for k, v in text(key).items()} for key, unit in columns]
    sheet.header(row + 1, labels, range(1, len(columns)), freeze=False)
    for year in years:
        _year(sheet, row + 2, year)
        row += 1
    if goods.get("actual"):
        _actual(sheet, row + 2, goods["actual"])
        row += 1
    return row + 3


def _actual(sheet: Sheet, row: int, actual: Json) -> None:
    """The installation's own figures, and whether they may be declared."""
    sheet.text(row, 0, {k: f"{v}, {actual.get('period', '')}" for k, v in text("actual_path").items()})
    for column, key in enumerate(("see", "free_allocation", "certificates_per_t"), 1):
        sheet.number(row, column, actual.get(key), num_format=SEE)
    sheet.number(row, 5, actual.get("eur_per_t"), num_format="#,##0.00")
    declarable = text("declarable" if actual.get("declarable") else "not_declarable")
    sheet.merged(row, 6, LAST, declarable)


def _year(sheet: Sheet, row: int, year: Json) -> None:
    sheet.number(row, 0, year["year"], num_format="0", align="left")
    for column, key in enumerate(("emissions", "free_allocation", "certificates_per_t"), 1):
        sheet.number(row, column, year.get(key), num_format=SEE)
    sheet.number(row, 4, (year.get("price") or {}).get("eur"), num_format="#,##0.00")
    sheet.number(row, 5, year.get("eur_per_t"), num_format="#,##0.00")


def _lines(sheet: Sheet, lines: Sequence[Json], row: int) -> int:
    """Lines that would be goods under their own code, with their embedded emissions and what these rest on."""
    if not lines:
        return row
    columns = ("name", "cn_code", "category", "origin", "see", "unit", "pcf_per_tonne", "unit", "see_evidence")
    with_pcf = any((line.get("pcf") or {}).get("per_tonne") is not None for line in lines)
    shown = [c for i, c in enumerate(columns) if with_pcf or i not in (6, 7)]
    sheet.header(
        row, [text(k) for k in shown], [i for i, c in enumerate(shown) if c in ("see", "pcf_per_tonne")], freeze=False
    )
    for line in lines:
        row += 1
        _line(sheet, row, line, with_pcf)
    return row + 2


def _line(sheet: Sheet, row: int, line: Json, with_pcf: bool) -> None:
    see, pcf = line.get("see") or {}, line.get("pcf") or {}
    sheet.text(row, 0, line.get("name"))
    sheet.text(row, 1, str(line.get("cn_code") or ""))
    sheet.text(row, 2, plain(sheet, line.get("category")))
    sheet.text(row, 3, plain(sheet, line.get("origin")))
    sheet.number(row, 4, see.get("best"), num_format=SEE)
    sheet.text(row, 5, see.get("unit"))
    if with_pcf:
        sheet.number(row, 6, pcf.get("per_tonne"))
        sheet.text(row, 7, "t CO2e/t")
    sheet.text(row, 8 if with_pcf else 6, plain(sheet, (line.get("evidence") or {}).get("text")))


def act_line(sheet: Sheet, act: Any) -> str:
    if not isinstance(act, Mapping) or "id" not in act:
        return plain(sheet, act)
    title = plain(sheet, act.get("title")).replace("\n", " / ")
    return f"{act['id']}: {title} ({act.get('dated', '')}, {act.get('status', '')})"


def _paragraphs(sheet: Sheet, row: int, key: str, texts: Sequence[str]) -> int:
    if not texts:
        return row
    sheet.band(row, text(key), LAST + 1)
    for line in texts:
        row += 1
        sheet.merged(row, 0, LAST, line)
    return row + 2
