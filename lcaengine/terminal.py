"""What the command line shows: tables and bars, in Chinese or English."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from lcaengine.problems import Language, Problem

BAR = 34
TEXTS: Mapping[str, tuple[str, str]] = {
    "per": ("每", "per"), "gate": ("摇篮到大门", "cradle to gate"), "grave": ("摇篮到坟墓", "cradle to grave"),
    "stage": ("阶段", "Stage"), "line": ("物料或活动", "Line"), "value": ("kg CO2e", "kg CO2e"), "share": ("占比", "Share"),
    "cumulative": ("累计", "Cum."), "process": ("背景过程", "Background process"), "data": ("数据", "Data"),
    "indicator": ("指标", "Indicator"), "ours": ("分块消元", "Block elimination"), "bw": ("bw2calc 全解", "Full bw2calc"),
    "difference": ("相对差", "Rel. difference"), "code": ("代码", "Code"), "name": ("名称", "Name"), "unit": ("单位", "Unit"),
    "location": ("地区", "Place"), "status": ("状态", "Status"), "score": ("kg CO2e/单位", "kg CO2e/unit"),
    "rule": ("规则", "Rule"), "version": ("版本", "Version"), "parameter": ("参数", "Parameter"), "default": ("缺省值", "Default"),
    "range": ("范围", "Range"), "source": ("来源", "Source"), "role": ("角色", "Role"), "warning": ("请核对", "To check"),
    "next": ("下一步", "Next"), "lines": ("物料热点", "Hotspots: lines"), "processes": ("过程热点", "Hotspots: processes"),
    "stages": ("阶段热点", "Hotspots: stages"), "paths": ("最大的供应链路径", "Largest supply-chain paths"),
    "electricity": ("电力：位置法 {0}，市场法 {1}，规则以{2}为准", "Electricity: location-based {0}, market-based {1}; headline {2}"),
    "location_based": ("位置法", "location-based"), "market_based": ("市场法", "market-based"),
    "quality": ("初级数据 {0}，经过背景或规则的估计值 {1}，取规则缺省 {2}，未拆分 {3}",
                "Primary data {0}, through estimates of background or rule {1}, on rule defaults {2}, unsplit {3}"),
    "provenance": ("规则 {0} {1}（{2}…），背景 {3} {4}（{5}…），引擎 {6}，{7}",
                   "Rule {0} {1} ({2}…), background {3} {4} ({5}…), engine {6}, {7}"),
    "biogenic": ("生物碳：含吸收 {0}，产品含碳 {1} kg C", "Biogenic carbon: including uptake {0}, in the product {1} kg C"),
    "coverage": ("树覆盖 {0}，{1} 个节点，截断 {2}", "The tree covers {0} in {1} nodes, cut-off {2}"),
    "rest": ("其余 {0} 项", "{0} more"), "primary": ("初级", "primary"), "secondary": ("次级", "secondary"),
    "data_default": ("缺省", "default"), "proposal": ("提案", "proposal"), "inputs": ("输入与排放", "Inputs and emissions"),
    "amount": ("数量", "Amount"), "requirement": ("要求", "Requirement"), "guardrail": ("常见范围", "Usual range"),
    "quality_rating": ("数据质量：PEF DQR {0}（TeR {1}，GR {2}，TiR {3}，P {4}），PACT {5}",
                       "Data quality: PEF DQR {0} (TeR {1}, GR {2}, TiR {3}, P {4}), PACT {5}"),
    "statuses": ("按状态：实测 {0}，公布 {1}，推导 {2}，估计 {3}", "By status: measured {0}, published {1}, derived {2}, estimate {3}"),
    "excellent": ("优", "excellent"), "very_good": ("很好", "very good"), "good": ("好", "good"), "fair": ("一般", "fair"),
    "poor": ("差", "poor"), "used_by": ("用于 {0} 个过程：{1}", "Used by {0} processes: {1}"), "years": ("年份", "Years"),
    "before": ("此前", "Before"), "after": ("此后", "After"), "change": ("变化", "Change"), "through": ("经由", "Through"),
    "moved": ("{0} 个结果变化，新增 {1} 个过程，移除 {2} 个", "{0} scores moved, {1} processes new, {2} gone"),
    "at_min": ("下限", "At min"), "at_max": ("上限", "At max"), "swing": ("摆幅", "Swing"), "module": ("另行报告，不计入总量：{0} {1} kg CO2e", "Reported apart, not in the total: {0} {1} kg CO2e"),
    "benchmark": ("基准 {0}：{1} kg CO2e，本结果为其 {2} 倍", "Benchmark {0}: {1} kg CO2e; this result is {2} times that"),
    "what": ("内容", "What"), "assumed": ("缺省假设", "Assumed"), "given": ("给定", "given"), "means": ("含义", "Means"), "matched": ("依据", "By"), "match_score": ("得分", "Score"), "asked": ("请选择", "please choose"),
    "measured": ("实测", "measured"), "published": ("公布", "published"), "derived": ("推导", "derived"),
    "estimate": ("估计", "estimate"), "by_name": ("名称", "name"), "by_synonym": ("同义词", "synonym"), "by_cas": ("CAS 号", "CAS"),
    "by_hs": ("HS 编码", "HS code"), "by_code": ("代码", "code"), "by_role": ("角色", "role"), "by_process": ("过程", "process"),
    "by_supplier_footprint": ("供应商足迹", "supplier's footprint"),
    "equal": ("最大相对差 {0}", "Largest relative difference {0}"), "of_which": ("其中", "of which"),
    "state": ("发布状态", "State"), "draft": ("草稿", "draft"), "review": ("评审中", "in review"), "superseded": ("已被取代", "superseded"),
    "withdrawn": ("已撤回", "withdrawn"), "overrides": ("与所继承规则的差异（{0}）", "Differences from its base ({0})"),
    "place": ("位置", "Place"), "choices": ("选项", "Choices"), "choice": ("选项", "Choice"), "options": ("可选", "Options"),
    "circularity": ("循环足迹公式", "Circular footprint formula"), "cut_offs": ("取舍（合计 {0}，上限 {1}）", "Cut-offs (sum {0}, limit {1})"),
    "text": ("内容", "Text"), "benchmarks": ("对照值", "Benchmarks"), "to_check": ("须对照标准原文核对（{0}）", "To check with the standard in hand ({0})"),
    "reason": ("原因", "Reason"), "second_hand": ("二手来源", "second hand"), "note": ("说明", "Note"), "section": ("部分", "Section"),
    "level": ("步长", "Step"), "kind": ("类型", "Kind"), "changes": ("更改说明", "What changed and why"), "no_difference": ("没有差异", "No difference"),
    "level_needed": ("至少需要 {0} 版本步长", "Needs at least a {0} step of version"), "why": ("理由", "Why"),
    "findings": ("{0} 个问题", "{0} findings"), "no_findings": ("未发现问题", "Nothing found"), "file": ("文件", "File"), "case": ("用例", "Case"),
    "expected": ("期望", "Expected"), "found": ("实得", "Found"), "passed": ("{0} 个测试，{1} 个通过", "{0} tests, {1} passed"),
    "impact": ("{0} 份清单，{1} 份不能计算", "{0} bills of materials, {1} refused"),
    "not_allowed": ("{0} 份已存清单未获许可，未使用", "{0} stored bills of materials may not be used for this"),
    "relative": ("相对变化", "Change"),
    "distribution": ("相对变化：最小 {0}，四分位 {1} / {2} / {3}，最大 {4}", "Change: min {0}, quartiles {1} / {2} / {3}, max {4}"),
    "most_affected": ("变化最大的", "Most affected"), "histogram": ("分布", "Histogram"), "old": ("旧", "Old"), "new": ("新", "New"),
    "made": ("已生成 {0}", "Made {0}"), "recorded": ("{0} {1}：{2}（{3}）", "{0} {1}: {2} ({3})"), "major": ("major", "major"),
    "minor": ("minor", "minor"), "patch": ("patch", "patch"), "added": ("新增", "added"), "removed": ("删除", "removed"), "changed": ("更改", "changed"),
    "count": ("份数", "Count"), "running": ("计算中", "Calculating"),
}  # fmt: skip


def default_language() -> Language:
    """zh where the environment is Chinese, else en."""
    locale = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh" if locale.lower().startswith("zh") else "en"


class Terminal:
    """A console that speaks one language."""

    def __init__(self, language: Language, console: Console | None = None) -> None:
        self.language = language
        self.console = console or Console(highlight=False)

    def text(self, key: str, *values: object) -> str:
        return TEXTS[key][self.language == "en"].format(*values)

    def local(self, name: Mapping[str, str]) -> str:
        return escape(name.get(self.language) or name.get("en") or "")

    def say(self, text: str = "", style: str | None = None) -> None:
        self.console.print(text, style=style)

    def table(self, *columns: str, title: str | None = None) -> Table:
        """An empty table; a column that starts with ``>`` is right-aligned."""
        table = Table(box=box.SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", pad_edge=False)
        for column in columns:
            right = column.startswith(">")
            whole = right or column in {"role", "parameter", "rule", "unit", "code", "inputs"}
            table.add_column(self.text(column.lstrip(">")), justify="right" if right else "left", no_wrap=whole)
        return table

    # -- footprints

    def footprint(self, body: Mapping[str, Any]) -> None:
        """A result: headline, stages as bars, lines, quality, provenance, warnings."""
        declared = body["declared_unit"]
        boundary = self.text("gate" if body["boundary"] == "cradle_to_gate" else "grave")
        per = "  ".join(f"{number(p['value'])}/{p['amount']:g} {p['unit']}" for p in body["per"])
        self.console.rule(f"[bold]{self.local(body['product']['name'])}")
        self.say(
            f"[bold green]{number(body['total']['value'])} kg CO2e[/] {self.text('per')} "
            f"{declared['amount']:g} {declared['unit']}  ({boundary})   [dim]{per}[/]"
        )
        self.stage_bars(body["stages"])
        self.modules_and_benchmarks(body)
        self.electricity_and_quality(body)
        self.warnings(body["warnings"])

    def stage_bars(self, stages: Sequence[Mapping[str, Any]]) -> None:
        largest = max((abs(s["value"]) for s in stages), default=0.0) or 1.0
        table = self.table("stage", ">value", ">share")
        table.add_column("")
        for stage in stages:
            bar = Text(
                "█" * round(BAR * abs(stage["value"]) / largest),
                style="green" if stage["value"] >= 0 else "cyan",
            )
            table.add_row(self.local(stage["name"]), number(stage["value"]), percent(stage["share"]), bar)
        self.console.print(table)

    def modules_and_benchmarks(self, body: Mapping[str, Any]) -> None:
        """What the rule reports apart from the total, and published results beside ours."""
        for module in body["modules"]:
            self.say(self.text("module", escape(self.local(module["name"])), number(module["value"])))
        for benchmark in body["benchmarks"]:
            values = (escape(self.local(benchmark["name"])), number(benchmark["value"]), f"{benchmark['ratio']:.2f}")
            self.say(self.text("benchmark", *values), "dim")

    def electricity_and_quality(self, body: Mapping[str, Any]) -> None:
        e, q = body["electricity"], body["data_quality"]
        including = next(i["value"] for i in body["indicators"] if i["id"] == "gwp100_including_biogenic_uptake")
        texts = [
            self.text("electricity", number(e["location_based"]), number(e["market_based"]), self.text(e["headline"])),
            self.text("biogenic", number(including), number(body["biogenic_carbon"]["value"])),
            self.text("quality", *(percent(q[k]) for k in (
                "primary_data_share", "estimate_share", "default_share", "unsplit_share"))),
            *self.ratings(q["rating"], q["status_shares"]),
            self.text("provenance", body["rule"]["id"], body["rule"]["version"], body["rule"]["sha256"][:8],
                      body["background"]["name"], body["background"]["version"], body["background"]["id"][:8],
                      body["engine"]["version"], body["background"]["gwp"]),
        ]  # fmt: skip
        for text in texts:
            self.say(escape(text), "dim")

    def ratings(self, rating: Mapping[str, Any] | None, shares: Mapping[str, float] | None) -> list[str]:
        """Data quality in words; nothing for a zero score."""
        if rating is None or shares is None:
            return []
        pef = rating["pef"]
        shown = [f"{pef[key]:.1f}" for key in ("dqr", "ter", "gr", "tir", "p")]
        return [
            self.text("quality_rating", *shown, self.text(rating["pact"]["label"])),
            self.text("statuses", *(percent(shares[k]) for k in ("measured", "published", "derived", "estimate"))),
        ]

    def processes(self, items: Sequence[Mapping[str, Any]], count: int) -> None:
        """A page of background processes."""
        table = self.table("code", "name", ">score", "unit", "location", "status")
        for item in items:
            table.add_row(
                item["code"], self.local(item["name"]), number(item["score"]["value"]), item["unit"], item["location"],
                self.text(item["status"]),
            )  # fmt: skip
        self.console.print(table)
        if count > len(items):
            self.say(self.text("rest", count - len(items)), "dim")

    def process(self, body: Mapping[str, Any]) -> None:
        """One background process, with the source of every figure."""
        self.console.rule(f"[bold]{escape(self.local(body['name']))}  {body['code']}")
        score = body["score"]
        years = "–".join(str(y) for y in dict.fromkeys(body["years"]))
        self.say(
            f"[bold]{number(score['value'])}[/] {score['unit']}   {body['location']} {years}  {self.text(body['status'])}"
        )
        for text in (*self.ratings(body["quality"], body["status_shares"]), body["note"]):
            self.say(escape(text), "dim")
        titles = {source["id"]: source["title"] for source in body["sources"]}
        shares = {c["target"]: c["share"] for c in body["contributions"]}
        table = self.table("inputs", ">amount", "unit", ">share", "status", "source")
        for e in body["exchanges"]:
            table.add_row(
                e["target"], f"{float(e['amount']):.4g}", e["unit"], percent(shares.get(e["target"])), self.text(e["status"]),
                escape(_provenance(e, titles)),
            )  # fmt: skip
        self.console.print(table)
        users = [user["code"] for user in body["used_by"]]
        if users:
            self.say(self.text("used_by", len(users), ", ".join(users[:12])), "dim")

    def matches(self, answer: Mapping[str, Any]) -> None:
        """What each line of a bill of materials means, and what else it could."""
        table = self.table("line", "means", "matched", ">match_score")
        for line in answer["lines"]:
            given, taken, name = line["given"], line["taken"], escape(line["name"])
            if given:
                table.add_row(name, escape(", ".join(given["processes"])) or "–", self.text(f"by_{given['by']}"), "")
            elif taken:
                by = f"{self.text('by_' + taken['matched']['by'])} {taken['matched']['text']}"
                table.add_row(name, f"{taken['code']}  {self.local(taken['name'])}", by, percent(taken["score"]))
            else:
                table.add_row(name, f"[yellow]{self.text('asked')}[/]", "", "")
                for c in line["candidates"]:
                    by = f"{self.text('by_' + c['matched']['by'])} {c['matched']['text']}"
                    table.add_row("", f"{c['code']}  {self.local(c['name'])}", by, percent(c["score"]), style="dim")
        self.console.print(table)

    def explanation(self, answer: Mapping[str, Any], limit: int = 12) -> None:
        """The decisions behind each line by rule id, then what was assumed, heaviest first."""
        table = self.table("line", "rule", "what", "process", ">value", "assumed")
        for line in answer["lines"]:
            for i, d in enumerate(sorted(line["decisions"], key=lambda d: -abs(d["value"]))):
                assumed = ", ".join(p["parameter"] for p in d["parameters"] if p["status"] == "default")
                name = self.local(line["name"]) if i == 0 else ""
                table.add_row(
                    name, d["rule_id"], self.local(d["what"]), self.local(d["name"]), number(d["value"]), assumed
                )
        self.console.print(table)
        table = self.table("rule", "assumed", ">default", "unit", "status", ">at_min", ">at_max", ">swing")
        for a in answer["assumed"][:limit]:
            value = a["value"]
            table.add_row(
                a["rule_id"],
                self.local(a["name"]),
                f"{value['amount']:.4g}",
                value["unit"],
                self.text(a["evidence"]),
                number(a["at_min"]),
                number(a["at_max"]),
                percent(a["swing"]),
            )
        self.console.print(table)

    def difference(self, body: Mapping[str, Any], limit: int = 40) -> None:
        """Scores that moved between two releases."""
        self.say(self.text("moved", len(body["moved"]), len(body["added"]), len(body["removed"])))
        table = self.table("code", ">before", ">after", ">change", "through")
        for m in body["moved"][:limit]:
            causes = ", ".join(f"{c['target']} {c['own'] + c['carried']:+.3g}" for c in m["causes"][:3])
            table.add_row(m["code"], number(m["before"]), number(m["after"]), percent(m["relative"]), causes)
        self.console.print(table)
        if len(body["moved"]) > limit:
            self.say(self.text("rest", len(body["moved"]) - limit), "dim")

    def warnings(self, warnings: Sequence[Mapping[str, Any]]) -> None:
        for warning in warnings:
            rule = f" ({warning['rule_id']})" if warning.get("rule_id") else ""
            self.say(f"[yellow]{self.text('warning')}[/]{rule} {escape(warning['message'][self.language])}")

    def lines(self, body: Mapping[str, Any], limit: int | None = None) -> None:
        """Every line and stage with its process, largest first."""
        stage_names = {s["stage"]: s["name"] for s in body["stages"]}
        table = self.table("line", "stage", ">value", ">share", "process", "data")
        ranked = sorted((e for e in body["lines"] if e["value"]), key=lambda entry: -abs(entry["value"]))
        for entry in ranked[:limit]:
            used = entry.get("mix") or ([entry["process"]] if entry.get("process") else [])
            kind = entry.get("data", "default")
            table.add_row(
                self.local(entry["name"]), self.local(stage_names[entry["stage"]]), number(entry["value"]),
                percent(entry["share"]), self.mix(used),
                self.text("data_default" if kind == "default" else kind),
            )  # fmt: skip
        self.console.print(table)

    def mix(self, processes: Sequence[Mapping[str, Any]]) -> str:
        """Names of the processes behind a line, with shares where there are several."""
        if len(processes) == 1:
            return self.local(processes[0]["name"])
        return " + ".join(f"{percent(p['share'])} {self.local(p['name'])}" for p in processes) or "–"

    def ranking(self, key: str, ranking: Mapping[str, Any]) -> None:
        table = self.table("name", ">value", ">share", ">cumulative", title=self.text(key))
        for item in ranking["items"]:
            table.add_row(
                self.local(item["name"]),
                number(item["value"]),
                percent(item["share"]),
                percent(item["cumulative_share"]),
            )
        if ranking["rest"]["count"]:
            table.add_row(
                self.text("rest", ranking["rest"]["count"]),
                number(ranking["rest"]["value"]),
                "",
                "",
                style="dim",
            )
        self.console.print(table)

    def paths(self, tree: Mapping[str, Any], limit: int = 5) -> None:
        """The nodes with the largest direct emissions, each with its way from the product."""
        nodes = tree["nodes"]
        table = Table.grid(padding=(0, 1))
        table.add_column(justify="right", no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column()
        for node in sorted(nodes, key=lambda n: -abs(n["direct"]))[:limit]:
            way = [node]
            while way[-1]["parent"] is not None:
                way.append(nodes[way[-1]["parent"]])
            share = node["direct"] / tree["total"] if tree["total"] else None
            names = " › ".join(self.local(n["name"]) for n in reversed(way))
            table.add_row(number(node["direct"]), percent(share), names)
        self.say(f"[bold]{self.text('paths')}[/]")
        self.console.print(table)
        self.say(self.text("coverage", percent(tree["coverage"]), tree["count"], percent(tree["cutoff"])), "dim")

    # -- problems

    def problems(self, problems: Iterable[Problem]) -> None:
        for p in problems:
            where = f"[bold]{escape(p.where)}[/]  " if p.where else ""
            self.say(f"[red]✗[/] {where}{escape(p.message(self.language))}  [dim]\\[{p.code}][/]")
            self.say(f"    {self.text('next')}: {escape(p.next_action(self.language))}")


def _provenance(exchange: Mapping[str, Any], titles: Mapping[str, str]) -> str:
    """Where a figure comes from: document, place and year; of an estimate its reasoning."""
    if exchange["source"] == "estimate":
        return str(exchange["note"])
    return ", ".join(
        filter(None, (titles.get(exchange["source"], exchange["source"]), exchange["locator"], str(exchange["year"])))
    )


def number(value: float | None) -> str:
    """At most four significant digits: more would claim a precision that no footprint has."""
    if value is None:
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}" if value else "0"


def percent(value: float | None) -> str:
    return "–" if value is None else f"{round(100 * value, 1) + 0.0:.1f} %"
