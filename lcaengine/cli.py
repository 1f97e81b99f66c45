"""The command line. Every command has an example in its ``--help``; ``--json`` prints what the API would answer."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Any

import click

from lcaengine import __version__
from lcaengine.cli_access import access
from lcaengine.cli_batch import batch
from lcaengine.cli_bom import bom
from lcaengine.cli_cbam import cbam
from lcaengine.cli_evidence import evidence
from lcaengine.cli_pact import pact
from lcaengine.cli_rules import rules
from lcaengine.cli_serve import serve
from lcaengine.cli_statement import keys, statement
from lcaengine.cli_store import store
from lcaengine.options import boms_of, json_option, language_option, print_json, shows_problems
from lcaengine.problems import Language, Refused
from lcaengine.terminal import Terminal, percent

CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="lcaengine")
def main() -> None:
    """Product carbon footprints from bills of materials, on Brightway. 由物料清单计算产品碳足迹。

    \b
    lcaengine demo                                    the whole way, on real bills of materials
    lcaengine footprint inventories/beer/craft-one-way-glass.json
    lcaengine serve                                   the HTTP API and its documentation
    """


@main.command()
@language_option
@shows_problems
def demo(lang: Language) -> None:
    """Start the server, post the worked bills of materials, show results. 演示。

    \b
    Example:  lcaengine demo --lang zh
    """
    from lcaengine.demo import run_demo

    run_demo(Terminal(lang))


@main.command()
@click.argument("bom", type=click.Path(path_type=Path))
@click.option(
    "--boundary",
    type=click.Choice(["cradle_to_gate", "cradle_to_grave"]),
    default=None,
    help="[default: the rule's]",
)
@click.option("--match", is_flag=True, help="Only show which background process each line means, with candidates.")
@click.option("--explain", is_flag=True, help="Show which rule id decided what, what was given and what assumed.")
@json_option
@language_option
@shows_problems
def footprint(bom: Path, boundary: str | None, match: bool, explain: bool, as_json: bool, lang: Language) -> None:
    """The footprint of a bill of materials (JSON, CSV, XLSX, or a plant file). 计算碳足迹。

    \b
    Example:  lcaengine footprint inventories/beer/craft-one-way-glass.json --boundary cradle_to_gate
    """
    from lcaengine.footprint import body

    if match:
        return _matches(bom, as_json, lang)
    if explain:
        return _explained(bom, boundary, as_json, lang)
    bodies = [body(f) for f in _footprints(bom, boundary)]
    if as_json:
        return _print_answers(bodies)
    terminal = Terminal(lang)
    for answer in bodies:
        terminal.footprint(answer)
        terminal.lines(answer)
    return None


@main.command()
@click.argument("bom", type=click.Path(path_type=Path))
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 1000))
@click.option(
    "--cutoff",
    default=0.01,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Cut-off of the tree, share of the total.",
)
@click.option("--boundary", type=click.Choice(["cradle_to_gate", "cradle_to_grave"]), default=None)
@json_option
@language_option
@shows_problems
def hotspots(bom: Path, limit: int, cutoff: float, boundary: str | None, as_json: bool, lang: Language) -> None:
    """What weighs most: lines, stages, processes, supply-chain paths. 热点分析。

    \b
    Example:  lcaengine hotspots inventories/beer/keg-brewery.json --limit 5
    """
    from lcaengine.footprint import hotspots as ranked
    from lcaengine.footprint import trace

    terminal, answers = Terminal(lang), []
    for calculated in _footprints(bom, boundary):
        found, tree = ranked(calculated, limit), trace(calculated, cutoff).as_dict()
        answers.append({**found, "tree": tree})
        if not as_json:
            terminal.console.rule(f"[bold]{terminal.local(calculated.system.inventory.bom.name)}")
            for key in ("stages", "lines", "processes"):
                terminal.ranking(key, found[key])
            terminal.paths(tree)
    if as_json:
        _print_answers(answers)


@main.command()
@click.argument("bom", type=click.Path(path_type=Path))
@json_option
@language_option
@shows_problems
def verify(bom: Path, as_json: bool, lang: Language) -> None:
    """Solve the same system in full with bw2calc and show the differences. 用 bw2calc 全矩阵求解核对。

    \b
    Example:  lcaengine verify inventories/beer/keg-brewery.json
    """
    import warnings

    from lcaengine.footprint.verify import AGREEMENT
    from lcaengine.footprint.verify import verify as compare

    terminal, worst, answers = Terminal(lang), 0.0, []
    for calculated in _footprints(bom, None):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # bw2calc recommends pypardiso; the proof does not need it
            found = compare(calculated)
        worst = max([worst, *(d.relative for d in found)])
        differences = [{**dataclasses.asdict(d), "relative": d.relative} for d in found]
        answers.append({"product": dict(calculated.system.inventory.bom.name), "differences": differences})
        if not as_json:
            title = terminal.local(calculated.system.inventory.bom.name)
            table = terminal.table("indicator", ">ours", ">bw", ">difference", title=title)
            for d in found:
                table.add_row(d.indicator, f"{d.ours:.12g}", f"{d.brightway:.12g}", f"{d.relative:.1e}")
            terminal.console.print(table)
    if as_json:
        _print_answers(answers)
    else:
        terminal.say(terminal.text("equal", f"{worst:.1e}"), "bold green" if worst <= AGREEMENT else "bold red")
    if worst > AGREEMENT:
        sys.exit(1)


@main.group()
def background() -> None:
    """The background release: build, check, search. 背景数据。"""


@background.command("build")
@click.option(
    "--tables",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="[default: the embedded tables]",
)
@click.option("--rebuild", is_flag=True, help="Build even if it is there.")
@language_option
@shows_problems
def background_build(tables: Path | None, rebuild: bool, lang: Language) -> None:
    """Build a release from tables, through Brightway. 构建背景数据版本。

    \b
    Example:  lcaengine background build --rebuild
    """
    from lcaengine.background import load_release
    from lcaengine.background.store import built_release

    terminal = Terminal(lang)
    with terminal.console.status("Brightway …"):
        path = built_release(tables, rebuild=rebuild)
    release = load_release(path)
    terminal.say(f"{release.name} {release.version}  {len(release.codes)} × {len(release.flows)}  {release.id}\n{path}")


@background.command("check")
@click.option(
    "--tables",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="[default: the embedded tables]",
)
@language_option
@shows_problems
def background_check(tables: Path | None, lang: Language) -> None:
    """Check the tables: schema, links, units, formulas, carbon, status, sources. 检查数据表。

    \b
    Example:  lcaengine background check
    """
    from lcaengine.background.checks import check_tables
    from lcaengine.background.tables import read_tables
    from lcaengine.data import folder

    read = read_tables(tables or folder("background_data"))
    if problems := check_tables(read):
        raise Refused(problems)
    estimates = sum(row["status"] == "estimate" for row in read.exchanges)
    terminal = Terminal(lang)
    terminal.say(
        f"✓ {len(read.processes)} processes, {len(read.exchanges)} exchanges ({percent(estimates / len(read.exchanges))} estimates), "
        f"{len({row['id'] for row in read.sources})} sources"
    )


@background.command("list")
@click.option("--csv", "as_csv", is_flag=True, help="Comma-separated values, for a spreadsheet.")
@json_option
@language_option
@shows_problems
def background_list(as_csv: bool, as_json: bool, lang: Language) -> None:
    """Every process with its score, place, years and status. 全部背景过程。

    \b
    Example:  lcaengine background list --csv > processes.csv
    """
    from lcaengine.background import default_release
    from lcaengine.background.describe import find_processes, process_entry

    release = default_release()
    items = [process_entry(release, found) for found in find_processes(release)]
    count = len(items)
    if as_csv:
        return _print_csv(items)
    if as_json:
        return print_json({"items": items, "count": count})
    return Terminal(lang).processes(items, count)


@background.command("show")
@click.argument("code")
@json_option
@language_option
@shows_problems
def background_show(code: str, as_json: bool, lang: Language) -> None:
    """A process: score, quality, inputs and emissions with their sources, what uses it. 查看一个过程。

    \b
    Example:  lcaengine background show steel-cold-rolled-cn
    """
    from lcaengine.background import default_release
    from lcaengine.background.describe import process_body

    body = process_body(default_release(), code)
    return print_json(body) if as_json else Terminal(lang).process(body)


@background.command("search")
@click.argument("text")
@click.option("--limit", default=10, show_default=True, type=click.IntRange(1, 200))
@json_option
@language_option
@shows_problems
def background_search(text: str, limit: int, as_json: bool, lang: Language) -> None:
    """Find processes by name or CAS number; forgives typing mistakes. 按名称或 CAS 号查找，容错。

    \b
    Example:  lcaengine background search 铝板
    """
    from lcaengine.background import default_release
    from lcaengine.background.describe import find_processes, process_entry

    release = default_release()
    found = find_processes(release, text)
    items, count = [process_entry(release, f) for f in found[:limit]], len(found)
    return print_json({"items": items, "count": count}) if as_json else Terminal(lang).processes(items, count)


@background.command("diff")
@click.argument("old")
@click.argument("new", required=False)
@click.option("--threshold", default=0.001, show_default=True, type=click.FloatRange(0), help="Least relative change.")
@click.option("--note", is_flag=True, help="A release note in Markdown.")
@json_option
@language_option
@shows_problems
def background_diff(old: str, new: str | None, threshold: float, note: bool, as_json: bool, lang: Language) -> None:
    """Which scores moved between two releases, by how much, through which exchanges. 比较两个版本。

    OLD and NEW are folders of tables or ids of built releases; NEW is by default the embedded release.

    \b
    Example:  lcaengine background diff ../last-year/background_data --note > release-note.md
    """
    from lcaengine.background import default_release
    from lcaengine.background.difference import difference
    from lcaengine.background.release import release_of
    from lcaengine.background.report import release_note

    found = difference(release_of(old), release_of(new) if new else default_release(), threshold)
    if note:
        return click.echo(release_note(found))
    return print_json(found.as_dict()) if as_json else Terminal(lang).difference(found.as_dict())


@background.command("report")
@click.option(
    "--out", type=click.Path(file_okay=False, exists=True, path_type=Path), required=True, help="Folder of the pages."
)
@language_option
@shows_problems
def background_report(out: Path, lang: Language) -> None:
    """Write background-validation.md, and renew the generated sections of background.md. 生成验证与质量页面。

    \b
    Example:  lcaengine background report --out docs
    """
    from lcaengine.background import default_release
    from lcaengine.background.report import insert_sections, quality_sections, validation_page
    from lcaengine.background.tables import read_tables
    from lcaengine.data import folder

    release, tables = default_release(), read_tables(folder("background_data"))
    written = [out / "background-validation.md"]
    written[0].write_text(validation_page(release, tables), encoding="utf-8")
    page = out / "background.md"
    if page.is_file():
        page.write_text(
            insert_sections(page.read_text(encoding="utf-8"), quality_sections(release, tables)), encoding="utf-8"
        )
        written.append(page)
    Terminal(lang).say("\n".join(str(path) for path in written))


main.add_command(serve)
main.add_command(batch)
main.add_command(rules)
main.add_command(cbam)
main.add_command(bom)
main.add_command(statement)
main.add_command(keys)
main.add_command(evidence)
main.add_command(store)
main.add_command(access)
main.add_command(pact)


def _footprints(path: Path, boundary: str | None) -> list[Any]:
    """Every product of a file, calculated."""
    from lcaengine.background import default_release
    from lcaengine.footprint import calculate
    from lcaengine.rules import find_rule

    return [calculate(bom, find_rule(bom.category), default_release(), boundary) for bom in boms_of(path)]


def _explained(path: Path, boundary: str | None, as_json: bool, lang: Language) -> None:
    """Why the footprints of a file are what they are."""
    from lcaengine.footprint import explain

    answers = [explain(f) for f in _footprints(path, boundary)]
    if as_json:
        return _print_answers(answers)
    for answer in answers:
        Terminal(lang).explanation(answer)
    return None


def _matches(path: Path, as_json: bool, lang: Language) -> None:
    """What the lines of a file mean."""
    from lcaengine.background import default_release
    from lcaengine.bom.matching import match_bom

    answers = [match_bom(bom, default_release()) for bom in boms_of(path)]
    if as_json:
        return _print_answers(answers)
    for answer in answers:
        Terminal(lang).matches(answer)
    return None


def _print_answers(answers: list[Any]) -> None:
    """One answer as it is, those of a plant as a list."""
    print_json(answers[0] if len(answers) == 1 else answers)


def _print_csv(items: list[dict[str, Any]]) -> None:
    """Processes as a table for spreadsheets, with a byte order mark so that they read the Chinese."""
    import csv
    import io

    columns = (
        "code",
        "name_zh",
        "name_en",
        "unit",
        "location",
        "year_start",
        "year_end",
        "status",
        "tags",
        "kg_co2e_per_unit",
    )
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    for i in items:
        writer.writerow([i["code"], i["name"]["zh"], i["name"]["en"], i["unit"], i["location"], *i["years"], i["status"],
                         ";".join(i["tags"]), repr(i["score"]["value"])])  # fmt: skip
    click.echo("\ufeff" + text.getvalue(), nl=False)


if __name__ == "__main__":
    main()
