"""``lcaengine rules``: reading rules and keeping them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from lcaengine import terminal_rules
from lcaengine.options import json_option, language_option, print_json, shows_problems
from lcaengine.problems import Language, NotFound
from lcaengine.terminal import Terminal


@click.group()
def rules() -> None:
    """Product category rules: read, write, test, publish. 产品种类规则。"""


@rules.command("list")
@json_option
@language_option
@shows_problems
def rules_list(as_json: bool, lang: Language) -> None:
    """The rules, their versions and states. 规则列表。

    \b
    Example:  lcaengine rules list
    """
    from lcaengine.rules import list_rules
    from lcaengine.rules.library import broken_rules
    from lcaengine.rules.shown import rule_entry

    found = [rule_entry(rule) for rule in list_rules()]
    if as_json:
        return print_json({"items": found, "count": len(found)})
    terminal = Terminal(lang)
    terminal_rules.show_list(terminal, found)
    return terminal.problems(p for _, bad in broken_rules() for p in bad.problems)


@rules.command("show")
@click.argument("rule")
@json_option
@language_option
@shows_problems
def rules_show(rule: str, as_json: bool, lang: Language) -> None:
    """A rule: requirements, roles, defaults with evidence, overrides, what to check. 查看规则。

    RULE is an id, id@version, a category or a path.

    \b
    Example:  lcaengine rules show beer
    """
    from lcaengine.rules.shown import rule_body

    body = rule_body(_rule(rule))
    return print_json(body) if as_json else terminal_rules.show_rule(Terminal(lang), body)


@rules.command("schema")
@json_option
@language_option
@shows_problems
def rules_schema(**_: Any) -> None:
    """The JSON Schema of a rule file, for editors. 规则文件的 JSON Schema。

    \b
    Example:  lcaengine rules schema > rule.schema.json
    """
    from lcaengine.upkeep.json_schema import rule_schema

    print_json(rule_schema())


@rules.command("new")
@click.argument("identifier")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder of rules. 规则文件夹。"
)
@click.option("--extends", default=None, help="The rule to lay it over, id@version. 所继承的规则。")
@json_option
@language_option
@shows_problems
def rules_new(identifier: str, out: Path, extends: str | None, as_json: bool, lang: Language) -> None:
    """A new rule that runs, with tests and a worked inventory, to change. 生成可运行的规则骨架。

    \b
    Example:  lcaengine rules new soft-drink --out my-rules
    """
    from lcaengine.background import default_release
    from lcaengine.upkeep.scaffold import new_rule

    path = new_rule(identifier, out, default_release(), extends)
    if as_json:
        return print_json({"path": str(path)})
    return Terminal(lang).say(Terminal(lang).text("made", path))


@rules.command("lint")
@click.argument("references", nargs=-1, metavar="[RULE]...")
@json_option
@language_option
@shows_problems
def rules_lint(references: Sequence[str], as_json: bool, lang: Language) -> None:
    """What is wrong with rules, with line and next action; by default all. 检查规则。

    \b
    Example:  lcaengine rules lint beer
    """
    from lcaengine.background import default_release
    from lcaengine.upkeep.linting import lint_library

    findings = lint_library(default_release(), _files(references))
    if as_json:
        print_json({"findings": [f.as_dict(lang) for f in findings], "count": len(findings)})
    else:
        terminal_rules.show_findings(Terminal(lang), findings)
    if findings:
        sys.exit(2)


@rules.command("test")
@click.argument("references", nargs=-1, metavar="[RULE]...")
@json_option
@language_option
@shows_problems
def rules_test(references: Sequence[str], as_json: bool, lang: Language) -> None:
    """Run the tests beside rules; by default all. 运行规则旁的测试。

    \b
    Example:  lcaengine rules test beer
    """
    from lcaengine.background import default_release
    from lcaengine.rules import load_rule
    from lcaengine.upkeep import testing

    terminal, results, release = Terminal(lang), [], default_release()
    files = _files(references)
    with terminal_rules.progress(terminal, sum(len(list(testing.cases(f))) for f in files), not as_json) as done:
        for path in files:
            results += testing.run_tests(load_rule(path), path, release, done)
    if as_json:
        print_json({"tests": [r.as_dict(lang) for r in results], "passed": all(r.passed for r in results)})
    else:
        terminal_rules.show_tests(terminal, results)
    if not all(r.passed for r in results):
        sys.exit(2)


@rules.command("diff")
@click.argument("old")
@click.argument("new")
@json_option
@language_option
@shows_problems
def rules_diff(old: str, new: str, as_json: bool, lang: Language) -> None:
    """What differs between two versions, and why. 比较两个规则版本。

    \b
    Example:  lcaengine rules diff beer@1.0.0 beer@1.0.0
    """
    from lcaengine.upkeep.difference import difference

    body = difference(_rule(old), _rule(new)).as_dict()
    return print_json(body) if as_json else terminal_rules.show_difference(Terminal(lang), body)


@rules.command("impact")
@click.argument("old")
@click.argument("new")
@click.option("--stored/--no-stored", default=True, help="Stored bills of materials, too. 含已存物料清单。")
@click.option("--database", default=None, help="Database URL. [default: SQLite in the user's data folder]")
@json_option
@language_option
@shows_problems
def rules_impact(old: str, new: str, stored: bool, database: str | None, as_json: bool, lang: Language) -> None:
    """What a new version does to worked and stored bills of materials. 新版本对结果的影响。

    \b
    Example:  lcaengine rules impact beer@1.0.0 beer@1.0.0 --no-stored
    """
    from lcaengine.background import default_release
    from lcaengine.rules import load_rule
    from lcaengine.upkeep.impact import impact, inventory_cases, record_cases
    from lcaengine.upkeep.references import rule_file

    path = rule_file(new)
    before, after = _rule(old), load_rule(path)
    cases = inventory_cases(after, path)
    if stored:
        from lcaengine.store import DEFAULT_ORGANISATION, open_store

        cases += record_cases(open_store(database), DEFAULT_ORGANISATION, before, after)
    terminal = Terminal(lang)
    with terminal_rules.progress(terminal, len(cases), not as_json) as done:
        found = impact(before, after, cases, default_release(), done)
    body = found.as_dict(lang)
    return print_json(body) if as_json else terminal_rules.show_impact(terminal, body)


@rules.command("publish")
@click.argument("rule")
@click.option("--who", required=True, help="Who decides. 决定者。")
@click.option("--why", required=True, help="Why. 理由。")
@click.option("--review", "for_review", is_flag=True, help="Only put it up for review. 仅提交评审。")
@json_option
@language_option
@shows_problems
def rules_publish(rule: str, who: str, why: str, for_review: bool, as_json: bool, lang: Language) -> None:
    """Publish a version; refused while a test, an inventory, evidence or a reason is missing. 发布版本。

    \b
    Example:  lcaengine rules publish soft-drink@1.0.0 --who "Beverage association" --why "Approved in November"
    """
    from lcaengine.background import default_release
    from lcaengine.upkeep import publishing
    from lcaengine.upkeep.references import rule_file

    path = rule_file(rule)
    entry = publishing.review(path, who, why) if for_review else publishing.publish(path, who, why, default_release())
    _recorded(path, entry, as_json, lang)


@rules.command("withdraw")
@click.argument("rule")
@click.option("--who", required=True, help="Who decides. 决定者。")
@click.option("--why", required=True, help="Why. 理由。")
@json_option
@language_option
@shows_problems
def rules_withdraw(rule: str, who: str, why: str, as_json: bool, lang: Language) -> None:
    """Take a published version out of force. 撤回版本。

    \b
    Example:  lcaengine rules withdraw soft-drink@1.0.0 --who "Beverage association" --why "Wrong default"
    """
    from lcaengine.upkeep import publishing
    from lcaengine.upkeep.references import rule_file

    path = rule_file(rule)
    _recorded(path, publishing.withdraw(path, who, why), as_json, lang)


def _recorded(path: Path, entry: Any, as_json: bool, lang: Language) -> None:
    import dataclasses

    name = path.parent.parent.name
    if as_json:
        return print_json({"id": name, **dataclasses.asdict(entry)})
    terminal = Terminal(lang)
    return terminal.say(terminal.text("recorded", name, entry.version, terminal.text(entry.state), entry.sha256[:12]))


def _rule(reference: str) -> Any:
    """A rule by reference or category; raises `Refused`."""
    from lcaengine.rules import find_rule, load_rule
    from lcaengine.upkeep.references import rule_file

    try:
        return load_rule(rule_file(reference))
    except NotFound:
        return find_rule(reference)


def _files(references: Sequence[str]) -> list[Path]:
    """The files of some references; all rules where there are none."""
    from lcaengine.rules.library import rule_files
    from lcaengine.upkeep.references import rule_file

    return [rule_file(r) for r in references] or list(rule_files())
