"""CBAM on the command line: a screening, an installation, the default path, the answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from lcaengine.terminal import Terminal, number, percent

Json = Mapping[str, Any]

TEXTS = {
    "in force": ("现行", "in force"), "proposal": ("提案", "proposal"), "draft": ("草案", "draft"),
    "own_result": ("模板自身结果 {0}：直接 {1}，间接 {2} t/t", "The template's own result, {0}: direct {1}, indirect {2} t/t"),
    "today": ("今天", "Today"), "code": ("编码", "Code"), "listed": ("附件一", "Annex I"), "category": ("类别", "Category"),
    "line": ("物料", "Line"), "mass": ("t/单位", "t/unit"), "evidence": ("依据", "Evidence"), "see": ("SEE", "SEE"),
    "declarable": ("可申报", "Declarable"), "pcf": ("碳足迹", "PCF"), "own": ("EUR/t*", "EUR/t*"), "next": ("下一步", "Next"),
    "process": ("过程", "Process"), "activity": ("活动水平", "Activity level"), "direct": ("直接", "Direct"), "indirect": ("间接", "Indirect"), "total": ("合计", "Total"),
    "good": ("货物", "Good"), "given": ("原始", "As given"), "indicative": ("参考", "Indicative"), "share": ("默认占比", "Default"),
    "year": ("年份", "Year"), "markup": ("加成", "Mark-up"), "emissions": ("DV(1+m)", "DV(1+m)"), "free": ("免费配额", "Free all."),
    "certificates": ("证书/t", "Cert./t"), "eur": ("EUR/t", "EUR/t"), "piece": ("EUR/件", "EUR/piece"), "law": ("现行法律", "Law in force"),
    "not_law": ("提案，非法律：{0}", "Proposal, not law: {0}"), "acts": ("法规：{0}", "Acts: {0}"), "hypothetical": ("* 假设，并非应缴，不汇总。", "* Hypothetical, not owed, not added up."),
    "unknown": ("没有 CN 编码：{0}", "Without a CN code: {0}"), "threshold": ("50 t 门槛：{0}", "50 t threshold: {0}"),
    "direct_total": ("装置直接排放 {0} t CO2e（报告值 {1}）", "Direct emissions of the installation {0} t CO2e (reported {1})"),
    "precursor": ("前体", "Precursor"), "value": ("数值", "Value"), "verified": ("已核查", "verified"), "default": ("默认值", "default"), "exempt_origin": ("豁免产地", "exempt origin"),
    "actual": ("实际值", "actual"), "indicative_word": ("参考", "indicative"), "none": ("无", "none"),
    "lines_title": ("若单独进口会属附件一的物料；SEE、可申报、碳足迹单位 t CO2e/t", "Lines that would be Annex I goods alone; SEE, declarable and PCF in t CO2e/t"),
    "good_title": ("隐含排放强度，t CO2e/功能单位", "Specific embedded emissions, t CO2e per functional unit"),
    "proposal_line": ("若 COM(2025) 989 成为法律（2028 年起）：{0}", "If COM(2025) 989 were law (from 2028): {0}"), "id": ("编号", "Id"), "factor": ("因子", "Factor"), "unit": ("单位", "Unit"), "ncv": ("净热值 GJ/t", "NCV GJ/t"), "carbon": ("含碳量 t C/t", "Carbon t C/t"),
    "name": ("名称", "Name"), "saving": ("实际值相对默认值节省 {0} 证书/t（{1} EUR/t）", "Actual against default saves {0} certificates/t ({1} EUR/t)"),
    "item": ("项", "Item"), "asked": ("法规要求", "What the law asks"), "information": ("内容", "Information"), "missing": ("缺失", "Missing"),
    "not_applicable": ("不适用", "Not applicable"), "yes": ("是", "Yes"), "no": ("否", "No"),
    "counts": ("有值 {0}，缺失 {1}，不适用 {2}", "{0} with a value, {1} missing, {2} not applicable"),
    "product_path": ("产品自身为附件一货物：", "The product itself is a good of Annex I:"),
}  # fmt: skip


def _text(terminal: Terminal, key: str, *values: object) -> str:
    return TEXTS[key][terminal.language == "en"].format(*values)


def _table(terminal: Terminal, *columns: str, title: str | None = None) -> Table:
    from rich import box

    table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
    for column in columns:
        right = column.startswith(">")
        table.add_column(
            _text(terminal, column.lstrip(">")),
            justify="right" if right else "left",
            no_wrap=right or column in {"id", "code"},
            overflow="fold",
        )
    return table


def _notes(terminal: Terminal, notes: Iterable[Json]) -> None:
    for note in notes:
        terminal.say(f"[yellow]·[/] {terminal.local(note)}")


def _acts(terminal: Terminal, acts: Sequence[Json]) -> None:
    shown = "; ".join(f"{a['id']} ({a['dated']}, {_text(terminal, a['status'])})" for a in acts)
    terminal.say(escape(_text(terminal, "acts", shown)), "dim")


def show_screening(terminal: Terminal, body: Json) -> None:
    """The plain answer, the lines that would be goods of Annex I, what to collect next."""
    terminal.console.rule(f"[bold]CBAM  {terminal.local(body['product']['name'])}")
    terminal.say(terminal.local(body["answer"]), "bold")
    terminal.say(_text(terminal, "threshold", terminal.local(body["threshold"]["state"]["text"])), "dim")
    table = _table(terminal, "line", "code", "listed", "category")
    for row in body["lines"]:
        listed = row["annex_i"]
        category = terminal.local(listed["category"]) if listed.get("category") else "–"
        table.add_row(terminal.local(row["name"]), row["code_shown"], terminal.local(listed["label"]), category)
    if body["lines"]:
        terminal.console.print(table)
    if body["unknown"]:
        terminal.say(escape(_text(terminal, "unknown", ", ".join(row["id"] for row in body["unknown"]))), "yellow")
    terminal.say(f"[bold]{_text(terminal, 'next')}[/]")
    for step in body["next_steps"]:
        source = f"{terminal.local(step['from']['name'])}, {escape(step['article'])}"
        terminal.say(f"  · {terminal.local(step)}  [dim]({source})[/]")
    _acts(terminal, body["acts"])


def show_installation(terminal: Terminal, body: Json) -> None:
    """Emissions, processes, precursors and the SEE of every good in three readings."""
    terminal.console.rule(f"[bold]{terminal.local(body['installation']['name'])}  {body['period']['start'][:4]}")
    direct = body["emissions"]["direct"]
    terminal.say(_text(terminal, "direct_total", f"{direct['exact']:,.3f}", f"{direct['reported']:,.0f}"))
    table = _table(terminal, "process", "category", ">activity", ">direct", ">indirect")
    for p in body["processes"]:
        level, attributed = p["activity_level"], p["attributed"]
        table.add_row(
            terminal.local(p["name"]), terminal.local(p["category"]["name"]), f"{number(level['value'])} {level['unit']}",
            number(attributed["direct"]["exact"]), number(attributed["indirect"]["exact"]),
        )  # fmt: skip
    terminal.console.print(table)
    _show_precursors(terminal, body["precursors"])
    title = _text(terminal, "good_title")
    table = _table(terminal, "good", "code", ">given", ">indicative", ">declarable", ">share", title=title)
    for good in body["goods"]:
        see = good["see"]
        declared = see["declarable"]
        table.add_row(
            escape(good["name"]), good["cn_code"], _five(see["as_given"]), _five(see["indicative"]), _five(declared),
            percent(declared["default_share"] if declared else None),
        )  # fmt: skip
    terminal.console.print(table)
    _notes(terminal, body["notes"])
    terminal.say(terminal.local(body["rounding"]), "dim")
    if body.get("template"):
        show_report(terminal, body["template"])
    _acts(terminal, body["acts"])


def _show_precursors(terminal: Terminal, precursors: Sequence[Json]) -> None:
    if not precursors:
        return
    table = _table(terminal, "precursor", "code", "evidence", ">given", ">declarable")
    for p in precursors:
        see = p["see_per_tonne"]
        declared = f"{see['declarable']['total']:.5g}" if see["declarable"] else "–"
        table.add_row(
            escape(p["name"]), p["cn_code"] or "–", _text(terminal, p["declarable_basis"]), f"{p['own']['total']:.5g}", declared,
        )  # fmt: skip
    terminal.console.print(table)
    for p in precursors:
        _notes(terminal, ({k: f"{p['id']}: {v}" for k, v in note.items()} for note in p["notes"]))


def _five(reading: Json | None) -> str:
    return "–" if reading is None else f"{reading['total']['reported']:.5f}"


def show_default(terminal: Terminal, body: Json) -> None:
    """Default value with mark-up, certificates and cost by year; proposals apart."""
    value = body.get("default_value")
    if value is not None:
        terminal.console.rule(f"[bold]{value['cn_code']} {escape(value['description'])}  {value['country'] or '–'}")
        terminal.say(f"{value['total']:g} t CO2e/t  {value['act']} {value['annex']}  {value['state']}")
    _years(terminal, body["by_year"], _text(terminal, "law"))
    if body.get("proposals"):
        _years(terminal, body["proposals"]["by_year"], _text(terminal, "not_law", body["proposals"]["act"]))
        _notes(terminal, [body["proposals"]["note"]])
    _notes(terminal, body["notes"])
    _acts(terminal, body["acts"])


def _years(terminal: Terminal, rows: Sequence[Json], title: str) -> None:
    """One row a year; what is the same for pieces and the whole mass only where they are given. Reasons once each."""
    if not rows:
        return
    extra = [name for name, key in (("piece", "per_piece"), ("total", "total")) if any(row.get(key) for row in rows)]
    columns = (">year", ">markup", ">emissions", ">free", ">certificates", ">eur", *(f">{name}" for name in extra))
    table = _table(terminal, *columns, title=title)
    for row in rows:
        parts = {"piece": row.get("per_piece") or {}, "total": row.get("total") or {}}
        table.add_row(
            str(row["year"]), percent(row.get("markup")), f"{row['emissions']:.5g}", f"{row['free_allocation']:.5g}", f"{row['certificates_per_t']:.5g}",
            _money(row["eur_per_t"]), *(_money(parts[name].get("eur")) for name in extra),
        )  # fmt: skip
    terminal.console.print(table)
    _notes(terminal, {note["en"]: note for row in rows for note in row["notes"]}.values())


def _money(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.2f}" if abs(value) >= 1 or not value else f"{value:.3g}"


def show_answer(terminal: Terminal, body: Json) -> None:
    """The screening's answer, the product's own path, the lines with SEE beside PCF and their hypothetical cost."""
    show_screening(terminal, body["screening"])
    if body["goods"]:
        terminal.say(f"[bold]{_text(terminal, 'product_path')}[/]")
        _path(terminal, body["goods"])
    title = _text(terminal, "lines_title")
    table = _table(terminal, "line", "code", ">mass", "evidence", ">see", ">declarable", ">pcf", ">own", title=title)
    for row in body["lines"]:
        see, pcf, alone = row["see"], row["pcf"], row["if_imported_under_its_own_code"]["default"]["by_year"]
        mass = row["mass_per_declared_unit"]
        table.add_row(
            terminal.local(row["name"]), row["cn_code"], number(mass["value"]) if mass else "–", _word(terminal, row["evidence"]["id"]),
            number(see["best"]) if see else "–", number(see["declarable"]) if see else "–", number(pcf["per_tonne"]) if pcf else "–",
            _money(alone[0]["eur_per_t"]) if alone else "–",
        )  # fmt: skip
    if body["lines"]:
        terminal.console.print(table)
        terminal.say(_text(terminal, "hypothetical"), "yellow")
    _show_proposal(terminal, body["lines"])
    for row in body["lines"]:
        for problem in row["if_imported_under_its_own_code"]["default"].get("problems", []):
            terminal.say(f"[yellow]·[/] {row['line']}: {terminal.local(problem['message'])}")
    terminal.say(terminal.local(body["pcf"]["text"]), "dim")
    _notes(terminal, body["difference"])


def _word(terminal: Terminal, evidence: str) -> str:
    return _text(terminal, "indicative_word" if evidence == "indicative" else evidence)


def _show_proposal(terminal: Terminal, lines: Sequence[Json]) -> None:
    """What lines would add as precursors from 2028, line by line; never added up, and not law."""
    shown = []
    for row in lines:
        apart = row["if_proposal_were_law"]
        if apart and apart["by_year"]:
            first = apart["by_year"][0]
            shown.append(f"{row['line']} {first['certificates_per_t']:.4g}")
    if shown:
        terminal.say(
            _text(terminal, "proposal_line", "; ".join(shown) + f"  ({_text(terminal, 'certificates')})"), "dim"
        )


def _path(terminal: Terminal, goods: Json) -> None:
    _years(terminal, goods["default"]["by_year"], _text(terminal, "default"))
    for problem in goods["default"].get("problems", []):
        terminal.say(f"[yellow]·[/] {terminal.local(problem['message'])}")
    if actual := goods["actual"]:
        terminal.say(
            f"{terminal.local(actual['installation'])}: {actual['see']:.5g} t/t, {_plain(actual['certificates_per_t'])} / t, {_money(actual['eur_per_t'])} EUR/t"
        )
        for problem in actual["problems"]:
            terminal.say(f"[yellow]·[/] {terminal.local(problem['message'])}")
    if saving := goods["saving"]:
        terminal.say(
            _text(terminal, "saving", _plain(saving["certificates_per_t"]), _money(saving["eur_per_t"])), "green"
        )
        if saving["condition"]:
            terminal.say(terminal.local(saving["condition"]), "yellow")


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.5g}"


def show_report(terminal: Terminal, report: Json) -> None:
    """What the Commission's template calculated itself, and what it cannot carry."""
    for own in report["results"]:
        values = (own["process"], f"{own['see_direct']:.5f}", f"{own['see_indirect']:.5f}")
        terminal.say(escape(_text(terminal, "own_result", *values)), "dim")
    for remark in report["remarks"]:
        terminal.say(f"[yellow]·[/] {escape(remark['where'])}  {terminal.local(remark['message'])}")


def show_operator_report(terminal: Terminal, body: Json) -> None:
    """Every item of Annex IV with what is reported; tables as rows; what is missing in yellow."""
    terminal.console.rule(
        f"[bold]{terminal.local(body['title'])}  {terminal.local(body['installation'])}  {body['period']['start'][:4]}"
    )
    counts = body["counts"]
    terminal.say(_text(terminal, "counts", *(counts[key] for key in ("value", "missing", "not_applicable"))))
    table = _table(terminal, "item", "asked", "information")
    for item in body["items"]:
        style = "bold" if item["level"] == 1 else None
        table.add_row(item["item"], terminal.local(item["title"] or item["text"]), _item(terminal, item), style=style)
    terminal.console.print(table)
    _notes(terminal, body["notes"])
    _acts(terminal, body["acts"])


def _item(terminal: Terminal, item: Json) -> str:
    """A value, the rows of a table, or why there is none."""
    value, shown = item["value"], []
    if item["status"] == "missing" and item["reason"]:
        shown.append(f"[yellow]{_text(terminal, 'missing')}: {terminal.local(item['reason'])}[/]")
    elif item["status"] == "not_applicable" and item["reason"]:
        shown.append(f"[dim]{_text(terminal, 'not_applicable')}: {terminal.local(item['reason'])}[/]")
    if isinstance(value, Mapping) and "rows" in value:
        shown += [" · ".join(_shown(terminal, cell) for cell in row.values()) for row in value["rows"]]
    elif value is not None:
        shown.append(f"{_shown(terminal, value)} {item['unit'] or ''}".strip())
    return "\n".join(shown)


def _shown(terminal: Terminal, value: Any) -> str:
    if isinstance(value, Mapping):
        return terminal.local(value)
    return "–" if value is None else escape(f"{value:,.9g}" if isinstance(value, float) else str(value))


def show_import(terminal: Terminal, found: Json) -> None:
    """What an imported table of default values holds, and how it differs."""
    for key, value in found.items():
        if isinstance(value, (int, float, str)):
            terminal.say(f"{key}: {value}")


def show_factors(terminal: Terminal, items: Sequence[Json]) -> None:
    table = _table(terminal, "id", "name", ">factor", "unit", ">ncv", ">carbon")
    for f in items:
        name = f["name_zh"] if terminal.language == "zh" else f["name_en"]
        table.add_row(
            f["id"], escape(name), _plain(f["emission_factor"]), f["emission_factor_unit"] or "–", _plain(f["ncv"]), _plain(f["carbon_content"]),
        )  # fmt: skip
    terminal.console.print(table)
