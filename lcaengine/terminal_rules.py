"""Rules on the command line: a rule, findings, tests, differences, impact."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from lcaengine.terminal import Terminal, number, percent

Json = Mapping[str, Any]
BAR = 30


@contextmanager
def progress(terminal: Terminal, count: int, shown: bool = True) -> Iterator[Callable[[], None]]:
    """A bar on the error output, so that what is printed stays clean; yields what to call after each step."""
    console = Console(stderr=True, quiet=not shown)
    with Progress(console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task(terminal.text("running"), total=count)
        yield lambda: bar.advance(task)


def show_list(terminal: Terminal, entries: Sequence[Json]) -> None:
    table = terminal.table("rule", "version", "state", "status", "name")
    for entry in entries:
        state = terminal.text(entry["state"]) if entry["state"] else "–"
        table.add_row(entry["id"], entry["version"], state, entry["status"], terminal.local(entry["title"]))
    terminal.console.print(table)


def show_rule(terminal: Terminal, body: Json) -> None:
    """The whole rule, part by part; parts that it does not have are left out."""
    state = terminal.text(body["state"]) if body["state"] else "–"
    terminal.console.rule(f"[bold]{terminal.local(body['title'])}  {body['id']} {body['version']}  {state}")
    terminal.say(terminal.local(body["notice"]), "yellow")
    if body["changes"]:
        terminal.say(f"{terminal.text('changes')}: {terminal.local(body['changes'])}")
    _show_requirements(terminal, body)
    _show_roles(terminal, body)
    _show_parameters(terminal, body)
    for show in (_show_overrides, _show_choices, _show_circularity, _show_cut_offs, _show_benchmarks, _show_to_check):
        show(terminal, body)


def _show_requirements(terminal: Terminal, body: Json) -> None:
    table = terminal.table("rule", "requirement", "source")
    for need in body["requirements"]:
        table.add_row(need["rule_id"], terminal.local(need["text"]), need["source"])
    terminal.console.print(table)


def _show_roles(terminal: Terminal, body: Json) -> None:
    table = terminal.table("role", "name", "stage", "process")
    for role in body["roles"]:
        behind = role["target"] or (role["recycled"] or {}).get("virgin") or role["circular"] or "–"
        table.add_row(role["id"], terminal.local(role["name"]), role["stage"], behind)
    terminal.console.print(table)


def _show_parameters(terminal: Terminal, body: Json) -> None:
    table = terminal.table("rule", "parameter", ">default", "unit", "range", "status", "source")
    for p in body["parameters"]:
        default = p["formula"] if p["default"] is None else f"{p['default']:g}"
        limits = f"{p['min']:g} – {p['max']:g}"
        table.add_row(p["rule_id"], p["id"], default, p["unit"], limits, p["status"], p["source"]["id"])
    terminal.console.print(table)


def _show_overrides(terminal: Terminal, body: Json) -> None:
    if not body["overrides"]:
        return
    table = terminal.table("place", "old", "new", title=terminal.text("overrides", body["extends"]))
    for change in body["overrides"]:
        table.add_row(*(escape(change[key]) for key in ("path", "base", "own")))
    terminal.console.print(table)


def _show_choices(terminal: Terminal, body: Json) -> None:
    if not body["choices"]:
        return
    table = terminal.table("rule", "choice", "name", "default", "options", title=terminal.text("choices"))
    for choice in body["choices"]:
        options = ", ".join(f"{key} ({terminal.local(name)})" for key, name in choice["options"].items())
        table.add_row(choice["rule_id"], choice["id"], terminal.local(choice["name"]), choice["default"], options)
    terminal.console.print(table)


def _show_circularity(terminal: Terminal, body: Json) -> None:
    if not body["circularity"]:
        return
    title = terminal.text("circularity")
    table = terminal.table("name", title=title)
    for symbol in ("A", "R1", "R2", "R3", "Qsin/Qp", "Qsout/Qp", "Ev", "Erec"):
        table.add_column(symbol)
    for m in body["circularity"]:
        keys = ("id", "A", "R1", "R2", "R3", "quality_in", "quality_out", "ev", "erec")
        table.add_row(*(escape(str(m[key])) for key in keys))
    terminal.console.print(table)


def _show_cut_offs(terminal: Terminal, body: Json) -> None:
    if not body["cut_offs"]:
        return
    total = percent(sum(c["share"] for c in body["cut_offs"]))
    title = terminal.text("cut_offs", total, percent(body["cut_off_limit"]))
    table = terminal.table("rule", "text", ">share", "note", title=title)
    for c in body["cut_offs"]:
        table.add_row(c["rule_id"], terminal.local(c["text"]), percent(c["share"]), escape(c["note"]))
    terminal.console.print(table)


def _show_benchmarks(terminal: Terminal, body: Json) -> None:
    if not body["benchmarks"]:
        return
    table = terminal.table("rule", "name", ">value", "source", "note", title=terminal.text("benchmarks"))
    for b in body["benchmarks"]:
        table.add_row(b["rule_id"], terminal.local(b["name"]), number(b["value"]), b["source"], escape(b["note"]))
    terminal.console.print(table)


def _show_to_check(terminal: Terminal, body: Json) -> None:
    if not body["to_check"]:
        return
    table = terminal.table(
        "rule", "name", "reason", "source", "note", title=terminal.text("to_check", len(body["to_check"]))
    )
    for item in body["to_check"]:
        where = ", ".join(filter(None, (item["source"], item["locator"])))
        table.add_row(item["rule_id"], item["id"], terminal.text(item["reason"]), escape(where), escape(item["note"]))
    terminal.console.print(table)


def show_findings(terminal: Terminal, findings: Sequence[Any]) -> None:
    """What lint found: place, rule id, message, next action."""
    for f in findings:
        rule = f" ({f.rule_id})" if f.rule_id else ""
        place = escape(f"{f.file}:{f.line}{rule} {f.problem.where}")
        code = escape(f"[{f.problem.code}]")
        terminal.say(f"[red]✗[/] [bold]{place}[/]  {escape(f.problem.message(terminal.language))}  [dim]{code}[/]")
        terminal.say(f"    {terminal.text('next')}: {escape(f.problem.next_action(terminal.language))}")
    terminal.say(terminal.text("findings", len(findings)) if findings else f"✓ {terminal.text('no_findings')}")


def show_tests(terminal: Terminal, results: Sequence[Any]) -> None:
    """Every case; for one that failed what was expected and what was found."""
    for result in results:
        mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
        terminal.say(f"{mark} {escape(result.name)}  [dim]{escape(result.file)}[/]")
        for check in (c for c in result.checks if not c.passed):
            what = f"{check.what}: {terminal.text('expected')} {check.expected}, {terminal.text('found')} {check.found}"
            terminal.say(f"    {escape(what)}")
        terminal.problems(result.problems)
    terminal.say(terminal.text("passed", len(results), sum(r.passed for r in results)))


def show_difference(terminal: Terminal, body: Json) -> None:
    if not body["changes"]:
        return terminal.say(terminal.text("no_difference"))
    if body["why"]:
        terminal.say(f"{terminal.text('changes')}: {terminal.local(body['why'])}", "yellow")
    table = terminal.table("rule", "kind", "text", "why", "level")
    for c in body["changes"]:
        table.add_row(c["rule_id"], terminal.text(c["kind"]), terminal.local(c["text"]), escape(c["why"]), c["level"])
    terminal.console.print(table)
    return terminal.say(terminal.text("level_needed", body["level"]), "bold")


def show_impact(terminal: Terminal, body: Json) -> None:
    terminal.say(terminal.text("impact", body["count"], len({f["id"] for f in body["failures"]})), "bold")
    if body["not_allowed"]:
        terminal.say(terminal.text("not_allowed", body["not_allowed"]))
    if spread := body["distribution"]:
        values = (percent(spread[key]) for key in ("min", "q1", "median", "q3", "max"))
        terminal.say(terminal.text("distribution", *values))
        _show_histogram(terminal, spread["histogram"])
    table = terminal.table("name", ">old", ">new", ">relative", title=terminal.text("most_affected"))
    for e in body["most_affected"]:
        table.add_row(
            f"{terminal.local(e['name'])}  [dim]{escape(e['id'])}[/]",
            number(e["old"]),
            number(e["new"]),
            percent(e["relative"]),
        )
    terminal.console.print(table)
    for failure in body["failures"]:
        messages = "; ".join(f"{p['pointer']} {p['message']}" for p in failure["problems"])
        terminal.say(f"[yellow]✗[/] {escape(failure['id'])} ({failure['version']}) {escape(messages)}")


def _show_histogram(terminal: Terminal, bins: Sequence[Json]) -> None:
    largest = max(b["count"] for b in bins) or 1
    table = terminal.table("range", ">count", title=terminal.text("histogram"))
    table.add_column("")
    for b in bins:
        table.add_row(
            f"{percent(b['from'])} – {percent(b['to'])}", str(b["count"]), "█" * round(BAR * b["count"] / largest)
        )
    terminal.console.print(table)
