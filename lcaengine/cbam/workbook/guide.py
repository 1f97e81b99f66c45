"""The guide of the workbook: what each field means, and the article of Implementing Regulation (EU) 2025/2547 behind it."""

from __future__ import annotations

from typing import Any

from openpyxl.utils import get_column_letter, quote_sheetname

from lcaengine.cbam.workbook.layout import Column, Sheet, choices, entry, form_rows, sheets, texts, units
from lcaengine.sheets.style import BAND, BLUE, GOLD, WRAP, fit_to_page, font, height, put, put_header

HEADERS = (
    ("工作表", "Sheet"), ("字段", "Field"), ("键", "Key"), ("必填", "Required"), ("单位或取值", "Units or values"),
    ("说明", "Explanation"), ("Explanation", "说明"), ("条款（2025/2547，另注者除外）", "Article (of 2025/2547 unless another act is named)"),
)  # fmt: skip
WIDTHS = (22, 34, 26, 10, 34, 60, 60, 34)
KINDS = {
    "number": ("数字", "number"), "signed": ("数字", "number"), "share": ("0–1", "0 to 1"), "percent": ("1–100", "1 to 100"),
    "date": ("日期", "date"), "text": ("文字", "text"), "any": ("数字或文字", "number or text"),
}  # fmt: skip


def write_guide(tab: Any, language: str) -> None:
    """Fill the first sheet: purpose and rules, then every field of every sheet."""
    guide = texts()["guide"]
    other = "en" if language == "zh" else "zh"
    tab.sheet_view.showGridLines = False
    tab.sheet_properties.tabColor = GOLD
    for number, width in enumerate(WIDTHS, start=1):
        tab.column_dimensions[get_column_letter(number)].width = width
    tab.cell(1, 1, f"{guide['title_' + language]}  {guide['title_' + other]}").font = font(16, bold=True, color=BLUE)
    row = 3
    for lang in (language, other):
        for number, line in enumerate(guide["about_" + lang], start=1):
            cell = tab.cell(row, 1, f"{number}. {line}")
            cell.alignment, cell.font = WRAP, font()
            tab.merge_cells(start_row=row, end_row=row, start_column=1, end_column=6)
            tab.row_dimensions[row].height = height([(cell.value, sum(WIDTHS[:6]))])
            row += 1
        row += 1
    _head(tab, row, language)
    tab.auto_filter.ref = f"A{row}:{get_column_letter(len(WIDTHS))}{row}"
    for sheet in sheets().values():
        row = _sheet(tab, row + 1, sheet, language)
    fit_to_page(tab)


def _head(tab: Any, row: int, language: str) -> None:
    for number, names in enumerate(HEADERS, start=1):
        put_header(tab.cell(row, number), names[0] if language == "zh" else names[1])
    tab.row_dimensions[row].height = 32


def _sheet(tab: Any, row: int, sheet: Sheet, language: str) -> int:
    """The heading of a sheet and its fields; returns the last row written."""
    title = sheet.title(language)
    values = [title, "", "", "", "", sheet.help_zh, sheet.help_en, ""]
    _line(tab, row, values, language)
    for number in range(1, len(WIDTHS) + 1):
        tab.cell(row, number).fill = BAND
    link = tab.cell(row, 1)
    link.hyperlink, link.font = f"#{quote_sheetname(title)}!A1", font(bold=True, underline="single", color=BLUE)
    for _, column, unit in form_rows(sheet):  # a quantity is one field of two columns
        row += 1
        _line(tab, row, [title, _names(column, language), column.key.removesuffix(".amount") or "amount", "*" if column.required else "",
                         _values(column, unit, language), column.help_zh, column.help_en, column.law], language)  # fmt: skip
    return row


def _names(column: Column, language: str) -> str:
    return f"{column.zh} {column.en}" if language == "zh" else f"{column.en} {column.zh}"


def _line(tab: Any, row: int, values: list[str], language: str) -> None:
    if language == "en":
        values[5], values[6] = values[6], values[5]
    for number, value in enumerate(values, start=1):
        put(tab.cell(row, number), value, size=9)
    tab.row_dimensions[row].height = height(zip(values, WIDTHS, strict=True))


def _values(column: Column, unit: Column | None, language: str) -> str:
    """What may stand in a field."""
    if unit is not None:
        return ", ".join(units(unit.choices))
    if column.choices:
        listed = [entry(k, v, language) for k, v in choices(column.choices).items()]
        return "\n".join(listed) if len(listed) <= 8 else f"{listed[0]} … ({len(listed)})"
    if column.kind == "yes_no":
        return ", ".join(entry(k, v, language) for k, v in choices("yes_no").items())
    if column.kind == "reference":
        return "→ " + sheets()[column.sheet].title(language)
    return KINDS[column.kind][0 if language == "zh" else 1]
