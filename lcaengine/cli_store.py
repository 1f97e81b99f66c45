"""``lcaengine store``: backup, restore, check; an organisation's data taken along or deleted."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from lcaengine.options import (
    database_option,
    existing_store,
    json_option,
    language_option,
    print_json,
    shows_problems,
)
from lcaengine.problems import Language, Problem, Refused
from lcaengine.terminal import Terminal

if TYPE_CHECKING:
    pass

FILE = click.Path(path_type=Path, dir_okay=False)
TEXTS = {
    "rows": ("行", "rows"), "whole": ("数据库完整。", "The database is whole."), "keys": ("签名密钥不在其中，请另行备份 LCAENGINE_KEYS 文件夹。", "Keys that sign are not in it: back up the folder LCAENGINE_KEYS, too."),
    "would": ("将删除：", "To be deleted:"), "deleted": ("已删除：", "Deleted:"), "kept": ("{0} 个证据文件须保存至 {1}。", "{0} evidence files are to be kept until {1}."),
    "type": ("请输入组织编号以确认", "Type the id of the organisation to confirm"),
}  # fmt: skip


@click.group()
def store() -> None:
    """The database: backup, restore, check, one organisation's data. 数据库：备份、恢复、检查。"""


@store.command("backup")
@click.argument("file", type=FILE)
@database_option
@json_option
@language_option
@shows_problems
def store_backup(file: Path, database: str | None, as_json: bool, lang: Language) -> None:
    """Write a backup, while servers may be writing; the same form for SQLite and PostgreSQL. 备份。

    \b
    Example:  lcaengine store backup lcaengine-2026-11-28.zip
    """
    from lcaengine.store.backup import backup

    found = backup(file, database)
    return print_json(found) if as_json else _show_backup(found, lang)


@store.command("restore")
@click.argument("file", type=FILE)
@database_option
@json_option
@language_option
@shows_problems
def store_restore(file: Path, database: str | None, as_json: bool, lang: Language) -> None:
    """Write a backup into an empty database, all or nothing, after it was checked. 恢复到空的数据库。

    \b
    Example:  lcaengine store restore lcaengine-2026-11-28.zip --database sqlite:///new.sqlite
    """
    from lcaengine.store.backup import restore

    found = restore(file, database)
    return print_json(found) if as_json else _show_backup(found, lang)


@store.command("check")
@database_option
@json_option
@language_option
@shows_problems
def store_check(database: str | None, as_json: bool, lang: Language) -> None:
    """Whether the database is whole: file, records, versions, evidence. Exit code 1 if not. 检查完整性。

    \b
    Example:  lcaengine store check
    """
    from lcaengine.store.checks import check_store

    found, problems = check_store(database)
    terminal = Terminal(lang)
    if as_json:
        print_json({**found, "problems": [problem.as_dict(lang) for problem in problems]})
    else:
        _show_rows(found["tables"], lang)
        terminal.problems(problems) if problems else terminal.say(_text("whole", lang), "bold green")
    if problems:
        sys.exit(1)


@store.command("export")
@click.argument("organisation")
@click.argument("file", type=FILE)
@database_option
@json_option
@language_option
@shows_problems
def store_export(organisation: str, file: Path, database: str | None, as_json: bool, lang: Language) -> None:
    """All data of one organisation as readable files in a zip. 导出一个组织的全部数据。

    \b
    Example:  lcaengine store export local our-data.zip
    """
    from lcaengine.store.organisation_data import export_organisation

    aside = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        aside.touch(mode=0o600)
        with existing_store(database) as kept, aside.open("wb") as written:
            counts = export_organisation(kept, organisation, written)
        aside.replace(file)
    except OSError as error:
        raise Refused(Problem("cannot_write", "", {"path": str(file), "why": error.strerror or str(error)})) from error
    finally:
        aside.unlink(missing_ok=True)
    return print_json({"file": str(file), "tables": counts}) if as_json else _show_rows(counts, lang)


@store.command("delete")
@click.argument("organisation")
@click.option("--dry-run", is_flag=True, help="Only show what would be deleted. 只显示。")
@click.option("--yes", is_flag=True, help="Do not ask. 不再询问。")
@click.option("--despite-retention", metavar="REASON", default="", help="Also evidence that is to be kept; why. 理由。")
@database_option
@json_option
@language_option
@shows_problems
def store_delete(
    organisation: str, dry_run: bool, yes: bool, despite_retention: str, database: str | None, as_json: bool, lang: Language
) -> None:  # fmt: skip
    """Delete all data of one organisation for good; export them before. 删除一个组织的全部数据。

    \b
    Example:  lcaengine store delete acme --dry-run
    """
    from lcaengine.store.organisation_data import delete_organisation, organisation_counts, retained_evidence

    with existing_store(database) as kept:
        counts, (files, until) = organisation_counts(kept, organisation), retained_evidence(kept, organisation)
        if not as_json:
            _say("would", lang)
            _show_rows(counts, lang)
            if files:
                _say("kept", lang, files, until)
        if not dry_run:
            if not yes and click.prompt(_text("type", lang), err=True) != organisation:
                raise Refused(Problem("store_name_differs", "", {"organisation": organisation}))
            counts = delete_organisation(kept, organisation, despite_retention, bool(despite_retention))
            if not as_json:
                _say("deleted", lang)
                _show_rows(counts, lang)
    if as_json:
        print_json({"organisation": organisation, "deleted": not dry_run, "retained": files, "tables": counts})


def _show_backup(found: Mapping[str, Any], lang: Language) -> None:
    terminal = Terminal(lang)
    terminal.say(f"{found['file']}  {found['bytes']:,} B  {found['database']}, {found['revision']}, {found['created']}")
    terminal.say(f"SHA-256 {found['sha256']}")
    _show_rows(found["tables"], lang)
    _say("keys", lang)


def _show_rows(tables: Mapping[str, int], lang: Language) -> None:
    for name, rows in tables.items():
        Terminal(lang).say(f"  {name}: {rows:,} {_text('rows', lang)}")


def _say(key: str, lang: Language, *values: object) -> None:
    Terminal(lang).say(_text(key, lang).format(*values))


def _text(key: str, lang: Language) -> str:
    return TEXTS[key][lang == "en"]
