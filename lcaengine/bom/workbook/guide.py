"""The first sheet of the workbook: how it is filled in, and what the rule asks for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from openpyxl.utils import get_column_letter

from lcaengine.bom.model import SECTION_NAMES
from lcaengine.bom.workbook.rows import required_roles
from lcaengine.rules import Rule
from lcaengine.sheets.style import BAND, BLUE, GOLD, WRAP, fit_to_page, font, height, put, put_header
from lcaengine.sheets.table import Languages

WIDTHS = (26, 48, 22, 14, 14)
STEPS = (
    ("先填“产品”，再逐表填写；一张表对应一个区段，一行对应一项。", "Fill in Product first, then the other sheets: one sheet per section, one row per entry."),
    ("所有数量为正数；缺失不等于零：确为零的必填数值请写 0。", "All amounts are positive. Missing is not zero: a required figure that is truly zero is written as 0."),
    ("带 * 的为必填；灰色单元格仅供阅读，读取时略过。", "What has a * is required; grey cells are for the reader and are not read."),
    ("单位、角色、类别从下拉列表选择；列表以外但可换算的单位也可使用。", "Choose units, roles and kinds from the lists; any other unit that converts is read as well."),
    ("“参数”表留空即采用规则的缺省值。", "A parameter that is left empty keeps the rule's default."),
    ("与其他产品共用的总量，在“与其他产品共用”列写“是”，并在“各产品产量”表列出每种产品的产量。",
     "For totals that several products share, write yes in the column for that, and list the output of every product in Outputs."),
    ("请勿改动键行、键列和工作表名称；不要合并单元格。", "Leave the row and column of keys and the names of the sheets as they are; merge no cells."),
)  # fmt: skip


def write_guide(tab: Any, rule: Rule, languages: Languages) -> None:
    def shown(texts: Mapping[str, str] | tuple[str, str], between: str = "\n") -> str:
        both = {"zh": texts[0], "en": texts[1]} if isinstance(texts, tuple) else texts
        return between.join(dict.fromkeys(both[language] for language in languages if both.get(language)))

    tab.sheet_view.showGridLines = False
    tab.sheet_properties.tabColor = GOLD
    for number, width in enumerate(WIDTHS, start=1):
        tab.column_dimensions[get_column_letter(number)].width = width
    heading = ("物料清单模板：", "Bill of materials: ")
    names = [f"{dict(zip(('zh', 'en'), heading, strict=True))[lang]}{rule.title[lang]}" for lang in languages]
    row = 1
    for name in [
        *names,
        f"{rule.id} {rule.version}",
    ]:  # one below the other: a long title would shrink the printed page
        tab.cell(row, 1, name).font = font(14, bold=True, color=BLUE)
        row += 1
    row += 1
    for number, step in enumerate(STEPS, start=1):
        row = _paragraph(tab, row, f"{number}. {shown(step)}")
    row = _paragraph(tab, row + 1, shown(rule.notice))
    for title, header, rows in _tables(rule, shown):
        row = _table(tab, row + 1, title, header, rows)
    fit_to_page(tab)


def _paragraph(tab: Any, row: int, text: str) -> int:
    cell = tab.cell(row, 1, text)
    cell.alignment, cell.font = WRAP, font()
    tab.merge_cells(start_row=row, end_row=row, start_column=1, end_column=len(WIDTHS))
    tab.row_dimensions[row].height = height([(text, sum(WIDTHS))])
    return row + 1


def _tables(rule: Rule, shown: Any) -> Iterator[tuple[str, tuple[str, ...], Sequence[tuple[str, ...]]]]:
    """What the rule asks for, the roles of lines, and the kinds of activities."""
    asked = [
        (r.rule_id, shown(r.text), ", ".join(filter(None, (r.role, r.group, *r.activities))))
        for r in rule.requirements
        if r.role or r.group or r.activities
    ]
    yield shown(("规则要求填报", "What the rule asks for"), "  "), (
        shown(("规则条目", "Rule id")), shown(("要求", "Requirement")), shown(("角色或区段", "Role or section")),
    ), asked  # fmt: skip
    required, stages = required_roles(rule), {s.id: s.name for s in rule.stages}
    roles = [
        (role.id, shown(role.name), shown(stages[role.stage]) if role.stage in stages else role.stage, role.unit, "*" if role.id in required else "")
        for role in rule.roles.values()
    ]  # fmt: skip
    yield shown(("物料行的角色", "Roles of lines"), "  "), (
        shown(("角色", "Role")), shown(("含义", "Meaning")), shown(("阶段", "Stage")), shown(("单位", "Unit")), shown(("必填", "Required")),
    ), roles  # fmt: skip
    kinds = [
        (kind, shown(k.name or {}), shown(SECTION_NAMES[section]), k.unit or activity.unit,
         "*" if k.needs_evidence else "")
        for section, activity in rule.activities.items()
        for kind, k in activity.kinds.items()
    ]  # fmt: skip
    yield shown(("能源、水、废物等的类别", "Kinds of energy, water, waste"), "  "), (
        shown(("类别", "Kind")), shown(("含义", "Meaning")), shown(("工作表", "Sheet")), shown(("单位", "Unit")), shown(("须有凭证", "Needs evidence")),
    ), kinds  # fmt: skip


def _table(tab: Any, row: int, title: str, header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> int:
    for number in range(1, len(WIDTHS) + 1):
        tab.cell(row, number).fill = BAND
    tab.cell(row, 1, title).font = font(11, bold=True, color=BLUE)
    for number, text in enumerate(header, start=1):
        put_header(tab.cell(row + 1, number), text)
    tab.row_dimensions[row + 1].height = 30
    for at, entries in enumerate(rows, start=row + 2):
        for number, text in enumerate(entries, start=1):
            put(tab.cell(at, number), text, size=9)
        tab.row_dimensions[at].height = height(zip(entries, WIDTHS, strict=False))
    return row + 2 + len(rows)
