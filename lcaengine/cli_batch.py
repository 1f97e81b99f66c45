"""``lcaengine batch``: many bills of materials at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lcaengine.options import json_option, language_option, print_json, shows_problems
from lcaengine.problems import Language
from lcaengine.terminal import Terminal

if TYPE_CHECKING:
    from lcaengine.batch import Progress, Told

FORMATS = ("parquet", "ndjson", "csv", "xlsx")
TEXTS = {
    "zh": {"bills": "份物料清单", "errors": "份有错误", "rate": "份/秒", "done": "完成"},
    "en": {"bills": "bills", "errors": "with errors", "rate": "bills/s", "done": "done"},
}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Folder for the tables. 输出文件夹。"
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default=None, help="Of the tables. [default: that of FILE]"
)
@click.option("--lines", is_flag=True, help="Also a table of every line of every bill. 另写明细表。")
@click.option("--resume", is_flag=True, help="Go on with what an interrupted run has left in the folder. 续算。")
@click.option(
    "--scheduler", default=None, help="A Dask scheduler, tcp://host:8786. [default: processes on this machine]"
)
@click.option(
    "--workers", type=click.IntRange(1, 1024), default=None, help="Processes on this machine. [default: one per core]"
)
@click.option("--memory", default=None, help="Memory of each of them, such as 2GB. [default: all, shared equally]")
@json_option
@language_option
@shows_problems
def batch(
    file: Path, out: Path, form: str | None, lines: bool, resume: bool, scheduler: str | None, workers: int | None,
    memory: str | None, as_json: bool, lang: Language,
) -> None:  # fmt: skip
    """The footprints of many bills of materials: Parquet, NDJSON, CSV or XLSX, one line of a bill per row. 批量计算。

    \b
    Example:  lcaengine batch inventories/batch/three-products.csv --out results --format xlsx
    """
    from lcaengine.batch import run

    with _bar(lang, hidden=as_json) as told:
        summary = run(
            file, out, format=form, lines=lines, resume=resume, scheduler=scheduler, workers=workers, memory=memory, progress=told
        )  # fmt: skip
    if as_json:
        return print_json(summary.as_dict())
    terminal, words = Terminal(lang), TEXTS[lang]
    terminal.say(
        f"{summary.bills:,} {words['bills']}, {summary.errors:,} {words['errors']}, {summary.rate:,.0f} {words['rate']}"
    )
    for path in summary.files.values():
        terminal.say(f"  {path}")
    return None


@contextmanager
def _bar(lang: Language, hidden: bool) -> Iterator[Told]:
    """A bar with count, errors and rate, on the error output."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    words = TEXTS[lang]
    columns = (
        BarColumn(), MofNCompleteColumn(), TextColumn(words["bills"]), TextColumn("{task.fields[rate]}"),
        TextColumn("{task.fields[errors]}"), TimeRemainingColumn(),
    )  # fmt: skip
    with Bars(*columns, console=Console(stderr=True), disable=hidden) as bars:
        task = bars.add_task("", total=None, rate="", errors="")

        def told(progress: Progress) -> None:
            errors = f"{progress.errors:,} {words['errors']}" if progress.errors else ""
            rate = f"{progress.rate:,.0f} {words['rate']}" if progress.rate else ""
            bars.update(task, total=progress.bills, completed=progress.done, rate=rate, errors=errors)

        yield told
