"""``lcaengine bom``: the workbook that a bill of materials is filled in."""

from __future__ import annotations

from pathlib import Path

import click

from lcaengine.options import language_option, shows_problems, write_file
from lcaengine.problems import Language
from lcaengine.terminal import Terminal


@click.group()
def bom() -> None:
    """Bills of materials: the template workbook of a category. 物料清单模板。"""


@bom.command("template")
@click.argument("category")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The workbook to write (.xlsx). 输出文件。")
@click.option("--example", is_flag=True, help="Filled in with a worked inventory of the category. 填入示例。")
@click.option(
    "--in", "inside", type=click.Choice(["zh", "en", "both"]), default="both", show_default=True,
    help="Language of the workbook. 工作簿语言。",
)  # fmt: skip
@language_option
@shows_problems
def bom_template(category: str, out: Path, example: bool, inside: str, lang: Language) -> None:
    """The workbook of a category, with its units, roles and kinds as lists. 生成物料清单模板。

    \b
    Example:  lcaengine bom template beer --out beer.xlsx --example
    """
    from lcaengine.upkeep.inventories import template

    write_file(out, template(category, inside, example=example))
    terminal = Terminal(lang)
    said = {
        "zh": f"已写入 {out}；填好后：lcaengine footprint {out}",
        "en": f"{out} written; filled in: lcaengine footprint {out}",
    }
    terminal.say(said[lang])
