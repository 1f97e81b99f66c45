"""``lcaengine cbam``: screening, embedded emissions, default values, the answer for a bill of materials."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from lcaengine import terminal_cbam
from lcaengine.options import boms_of, json_option, language_option, print_json, read_file, shows_problems, write_file
from lcaengine.problems import Language, Problem, Refused
from lcaengine.terminal import Terminal
from lcaengine.units import Quantity

FILE = click.Path(path_type=Path)
ON = click.option("--on", type=click.DateTime(["%Y-%m-%d"]), default=None, help="Day. [default: today] 日期。")
QUARTER = click.option(
    "--quarter", default=None, help="Quarter of importation, 2026-Q2: its official price. 进口季度。"
)
PRICE = click.option(
    "--price", type=click.FloatRange(0), default=None, help="Your own assumption, EUR per t CO2e. 价格假设。"
)


@click.group()
def cbam() -> None:
    """The EU's carbon border adjustment: kept apart from footprints. 欧盟碳边境调节机制。"""


@cbam.command("screen")
@click.argument("bom", type=FILE)
@ON
@click.option(
    "--annual-mass", type=click.FloatRange(0), default=None, help="The importer's yearly net mass, t. 年净质量。"
)
@json_option
@language_option
@shows_problems
def cbam_screen(bom: Path, on: datetime | None, annual_mass: float | None, as_json: bool, lang: Language) -> None:
    """Is a product in CBAM today; which lines would be; what to collect next. 筛查。

    \b
    Example:  lcaengine cbam screen inventories/washing-machine/drum-10kg-cn.json
    """
    from lcaengine.cbam.screening import screen

    mass = None if annual_mass is None else Quantity(annual_mass, "t")
    answers = [screen(b, _day(on), mass) for b in boms_of(bom)]
    if as_json:
        return print_json(answers[0] if len(answers) == 1 else answers)
    for answer in answers:
        terminal_cbam.show_screening(Terminal(lang), answer)
    return None


@cbam.command("see")
@click.argument("installation", type=FILE)
@json_option
@language_option
@shows_problems
def cbam_see(installation: Path, as_json: bool, lang: Language) -> None:
    """Specific embedded emissions of an installation: JSON, workbook or communication template. 隐含排放强度。

    \b
    Example:  lcaengine cbam see inventories/cbam/screw-maker.json
    """
    from lcaengine.cbam.files import read_file as read_installation
    from lcaengine.cbam.installation import calculate_installation, installation_body

    given = read_installation(read_file(installation))
    body = {**installation_body(calculate_installation(given.installation)), "template": given.template}
    return print_json(body) if as_json else terminal_cbam.show_installation(Terminal(lang), body)


@cbam.command("answer")
@click.argument("bom", type=FILE)
@click.option(
    "--installation", "installations", type=FILE, multiple=True, help="Installations whose SEE are evidence. 装置文件。"
)
@ON
@QUARTER
@PRICE
@json_option
@language_option
@shows_problems
def cbam_answer(
    bom: Path, installations: tuple[Path, ...], on: datetime | None, quarter: str | None, price: float | None, as_json: bool, lang: Language
) -> None:  # fmt: skip
    """From a bill of materials to the CBAM answer, beside its footprint. 由物料清单回答 CBAM。

    \b
    Example:  lcaengine cbam answer inventories/washing-machine/drum-10kg-cn.json --quarter 2026-Q2
    """
    from lcaengine.background import default_release
    from lcaengine.cbam.answer import Assumptions
    from lcaengine.cbam.answer import cbam_answer as answer_of
    from lcaengine.cbam.files import read_file as read_installation
    from lcaengine.cbam.installation import calculate_installation

    results = [calculate_installation(read_installation(read_file(path)).installation) for path in installations]
    assumed = Assumptions(_day(on), quarter, price)
    answers = [answer_of(b, default_release(), results, assumed) for b in boms_of(bom)]
    if as_json:
        return print_json(answers[0] if len(answers) == 1 else answers)
    for answer in answers:
        terminal_cbam.show_answer(Terminal(lang), answer)
    return None


@cbam.command("default")
@click.argument("cn_code")
@click.option("--country", required=True, help="ISO code of the origin, or unknown. 原产国。")
@click.option("--from", "first", default=2026, show_default=True, type=click.IntRange(2026, 2040))
@click.option("--to", "last", default=2034, show_default=True, type=click.IntRange(2026, 2040))
@click.option("--route", default=None, help="Letter of the act: C, D, E … 路线。")
@click.option("--description", default=None, help="Which row, such as grey or white. 所指行。")
@click.option("--mass", type=click.FloatRange(0, min_open=True), default=None, help="Net mass, t. 净质量。")
@click.option("--pieces", type=click.IntRange(1), default=None)
@click.option("--unit-mass", type=click.FloatRange(0, min_open=True), default=None, help="kg a piece. 单件质量。")
@QUARTER
@PRICE
@click.option(
    "--paid", type=click.FloatRange(0), default=None, help="Carbon price paid abroad (Art. 9), t CO2e per t. 已付碳价。"
)
@click.option("--paid-year", type=click.IntRange(2026, 2040), default=None, help="Year of import that it is for.")
@click.option("--paid-evidence", default=None, help="Evidence of it. 凭证。")
@click.option(
    "--paid-not-applicable", default=None, metavar="REASON", help="Why there is none to deduct. 不适用的理由。"
)
@click.option("--proposals", is_flag=True, help="Show COM(2026) 616 apart; not law. 另列提案。")
@json_option
@language_option
@shows_problems
def cbam_default(
    cn_code: str, country: str, first: int, last: int, as_json: bool, lang: Language, **options: Any
) -> None:
    """Default value, mark-up, free allocation and cost by year. 默认值路径。

    \b
    Example:  lcaengine cbam default 72083600 --country CN --quarter 2026-Q1
    """
    from lcaengine.cbam.certificates import default_path
    from lcaengine.cbam.certificates.price import paid_price

    paid = paid_price(*(options.pop(key) for key in ("paid", "paid_year", "paid_evidence", "paid_not_applicable")))
    mass, each = options.pop("mass"), options.pop("unit_mass")
    body = default_path(
        cn_code, country, range(first, last + 1), mass=None if mass is None else Quantity(mass, "t"),
        unit_mass=None if each is None else Quantity(each, "kg"), carbon_price_paid=paid, **options,
    )  # fmt: skip
    return print_json(body) if as_json else terminal_cbam.show_default(Terminal(lang), body)


@cbam.command("workbook")
@click.argument("out", type=FILE)
@click.option("--from", "document", type=FILE, default=None, help="An installation to fill in. 已有的装置文件。")
@language_option
@shows_problems
def cbam_workbook(out: Path, document: Path | None, lang: Language) -> None:
    """Write the workbook of an installation, empty or filled. 生成装置工作簿。

    \b
    Example:  lcaengine cbam workbook my-installation.xlsx --lang zh
    """
    from lcaengine.cbam.files import read_file as read_installation
    from lcaengine.cbam.workbook import write_workbook

    given = None if document is None else read_installation(read_file(document)).document
    write_file(out, write_workbook(given, lang))
    Terminal(lang).say(Terminal(lang).text("made", out))


@cbam.command("fill-template")
@click.argument("installation", type=FILE)
@click.option(
    "--blank", type=FILE, required=True, help="The Commission's blank workbook, en_20241213. 欧委会空白模板。"
)
@click.option("--out", type=FILE, required=True)
@language_option
@shows_problems
def cbam_fill_template(installation: Path, blank: Path, out: Path, lang: Language) -> None:
    """Fill the Commission's communication template from an installation. 填写欧委会沟通模板。

    \b
    Example:  lcaengine cbam fill-template inventories/cbam/screw-maker.json --blank template.xlsx --out filled.xlsx
    """
    from lcaengine.cbam.files import read_file as read_installation
    from lcaengine.cbam.installation import calculate_installation
    from lcaengine.cbam.template import fill_template
    from lcaengine.cbam.template.values import computed_factors, direct_emissions

    given = read_installation(read_file(installation))
    result = calculate_installation(given.installation)
    filled, report = fill_template(read_file(blank), given.document, direct_emissions(result), computed_factors(result))
    write_file(out, filled)
    terminal = Terminal(lang)
    terminal.say(terminal.text("made", out))
    terminal_cbam.show_report(terminal, report.as_dict())


@cbam.command("import-defaults")
@click.argument("workbook", type=FILE)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of the table. 输出文件夹。"
)
@click.option("--state", required=True, help="What the values are, such as 'corrected 2026/1740'. 数值状态。")
@click.option("--country", "countries", multiple=True, metavar="NAME=XX", help="ISO code of a sheet's name. 国家代码。")
@click.option("--accept-doubtful", is_flag=True, help="Take the act's own misprints as no value. 接受存疑行。")
@json_option
@language_option
@shows_problems
def cbam_import_defaults(
    workbook: Path, out: Path, state: str, countries: tuple[str, ...], accept_doubtful: bool, as_json: bool, lang: Language
) -> None:  # fmt: skip
    """Read the Commission's own workbook of default values into a table of yours. 导入默认值工作簿。

    \b
    Example:  lcaengine cbam import-defaults "DVs as adopted.xlsx" --out my-tables --state "corrected 2026/1740"
    """
    from lcaengine.cbam.importing import import_defaults

    named = dict(_pair(text) for text in countries)
    found = import_defaults(read_file(workbook), out, state=state, countries=named, accept_doubtful=accept_doubtful)
    return print_json(found) if as_json else terminal_cbam.show_import(Terminal(lang), found)


@cbam.command("factors")
@json_option
@language_option
@shows_problems
def cbam_factors(as_json: bool, lang: Language) -> None:
    """The standard factors of 2025/2547 Annex II point G, with the ids that streams name. 标准因子。

    \b
    Example:  lcaengine cbam factors
    """
    from lcaengine.cbam.tables import tables

    items = [asdict(f) for f in tables().standard_factors.values()]
    return (
        print_json({"items": items, "count": len(items)})
        if as_json
        else terminal_cbam.show_factors(Terminal(lang), items)
    )


@cbam.command("report")
@click.argument("installation", type=FILE, required=False)
@click.option("--operator", type=FILE, default=None, help="What only the operator knows, JSON. 运营商数据。")
@click.option(
    "--kind", type=click.Choice(["full", "summary"]), default="full", show_default=True,
    help="For the verifier, or for the importer. 完整报告（核查机构）或摘要（进口商）。",
)  # fmt: skip
@click.option(
    "--out", type=FILE, default=None, help="Write a file: .json, .pdf, .html or .xlsx, both languages. 写入文件。"
)
@click.option("--schema", is_flag=True, help="Print the JSON Schema of the reports. 输出报告的 JSON Schema。")
@json_option
@language_option
@shows_problems
def cbam_report(
    installation: Path | None, operator: Path | None, kind: str, out: Path | None, schema: bool, as_json: bool, lang: Language
) -> None:  # fmt: skip
    """The operator's emissions report or its summary, item by item as 2025/2547 Annex IV. 运营商排放报告及摘要。

    \b
    Example:  lcaengine cbam report inventories/cbam/screw-maker.json --operator inventories/cbam/screw-maker-operator.json --kind summary
    """
    from lcaengine.cbam.files import read_file as read_installation
    from lcaengine.cbam.installation import calculate_installation
    from lcaengine.cbam.reports import report_of
    from lcaengine.cbam.reports.operator import operator_of, read_operator
    from lcaengine.cbam.reports.published import report_schema

    if schema:
        return print_json(report_schema())
    if installation is None:
        raise click.UsageError("INSTALLATION")
    given = operator_of({}) if operator is None else read_operator(read_file(operator))
    result = calculate_installation(read_installation(read_file(installation)).installation)
    body = report_of(kind, result, given)
    if out is not None:
        return _write_report(out, body, Terminal(lang))
    return print_json(body) if as_json else terminal_cbam.show_operator_report(Terminal(lang), body)


def _write_report(out: Path, body: dict[str, Any], terminal: Terminal) -> None:
    """The report in the form that the file's name asks for."""
    from lcaengine.statements.formats import MEDIA_TYPES, report_as

    form = out.suffix.lower().lstrip(".")
    if form not in MEDIA_TYPES:
        raise Refused(Problem("report_form", "--out", {"form": form or "–", "known": list(MEDIA_TYPES)}))
    write_file(out, report_as(form, body, ("zh", "en")))
    terminal.say(terminal.text("made", out))


def _pair(text: str) -> tuple[str, str]:
    name, _, code = text.rpartition("=")
    if not name or not code:
        raise click.BadParameter(f"{text!r}: NAME=XX", param_hint="--country")
    return name.strip(), code.strip().upper()


def _day(given: datetime | None) -> date:
    return given.date() if given else datetime.now(UTC).date()
