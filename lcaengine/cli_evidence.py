"""``lcaengine evidence``: files attached to figures."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lcaengine.options import json_option, language_option, print_json, read_file, shows_problems, write_file
from lcaengine.problems import Language
from lcaengine.terminal import Terminal

if TYPE_CHECKING:
    from lcaengine.store.evidence import Evidence

FILE = click.Path(path_type=Path)
KIND = click.Choice(["footprints", "installations"])
DATABASE = click.option("--database", default=None, help="Database URL. [default: SQLite in the user's data folder]")
TEXTS = {
    "id": ("编号", "Id"), "figure": ("数值", "Figure"), "entered": ("登记", "Entered"), "until": ("保存至", "Kept until"),
    "version": ("版本", "Version"), "sha256": ("SHA-256", "SHA-256"), "whole": ("整份文件", "the whole document"), "count": ("共 {0} 个证据文件", "{0} evidence files"),
}  # fmt: skip


@click.group()
def evidence() -> None:
    """Evidence of figures: invoices, meter readings, reports. 数值的证据。"""


@evidence.command("add")
@click.argument("file", type=FILE)
@click.option("--record", required=True, help="Id of the footprint or installation. 记录编号。")
@click.option("--kind", type=KIND, default="footprints", show_default=True)
@click.option("--pointer", default="", help="JSON pointer into its document. [default: all of it] 位置。")
@click.option("--who", required=True, help="Who enters it. 登记人。")
@DATABASE
@json_option
@language_option
@shows_problems
def evidence_add(
    file: Path, record: str, kind: str, pointer: str, who: str, database: str | None, as_json: bool, lang: Language
) -> None:
    """Attach a file to a figure, as its newest version; kept for six years. 登记证据。

    \b
    Example:  lcaengine evidence add invoice.pdf --record 0b7c… --pointer /lines/0/amount --who "Wang Fang"
    """
    from lcaengine.store import DEFAULT_ORGANISATION, open_store
    from lcaengine.store.evidence import Figure, add_evidence

    data, store = read_file(file), open_store(database)
    kept = add_evidence(store, DEFAULT_ORGANISATION, Figure(kind, record, pointer), data, file.name, who)
    return _print(kept) if as_json else _show([kept], 1, lang)


@evidence.command("list")
@click.option("--record", default=None, help="Only of this footprint or installation. 记录编号。")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 10_000))
@DATABASE
@json_option
@language_option
@shows_problems
def evidence_list(record: str | None, limit: int, database: str | None, as_json: bool, lang: Language) -> None:
    """What is recorded of the files, newest first. 证据列表。

    \b
    Example:  lcaengine evidence list --limit 20
    """
    from lcaengine.store import DEFAULT_ORGANISATION, Page, open_store
    from lcaengine.store.evidence import list_evidence as find

    asked = Page(limit, filters={"record": record} if record else {})
    found, count, _ = find(open_store(database), DEFAULT_ORGANISATION, asked)
    if as_json:
        return print_json({"items": [_entry(e) for e in found], "count": count})
    return _show(found, count, lang)


@evidence.command("get")
@click.argument("identifier")
@click.option("--out", type=FILE, default=None, help="Write the file here; else only what is recorded. 输出文件。")
@DATABASE
@json_option
@language_option
@shows_problems
def evidence_get(identifier: str, out: Path | None, database: str | None, as_json: bool, lang: Language) -> None:
    """What is recorded of one file, and the file itself. 查看与取出证据。

    \b
    Example:  lcaengine evidence get 5f0e… --out invoice.pdf
    """
    from lcaengine.store import DEFAULT_ORGANISATION, open_store
    from lcaengine.store.evidence import evidence_file, get_evidence

    store = open_store(database)
    found = get_evidence(store, DEFAULT_ORGANISATION, identifier)
    if out:
        write_file(out, evidence_file(store, DEFAULT_ORGANISATION, identifier))
    return _print(found) if as_json else _show([found], 1, lang)


@evidence.command("remove")
@click.argument("identifier")
@click.option("--who", required=True, help="Who takes it away. 移除人。")
@DATABASE
@json_option
@language_option
@shows_problems
def evidence_remove(identifier: str, who: str, database: str | None, as_json: bool, lang: Language) -> None:
    """Take a file away after the end of its retention; what is recorded of it stays. 到期移除证据文件。

    \b
    Example:  lcaengine evidence remove 5f0e… --who "Wang Fang"
    """
    from lcaengine.store import DEFAULT_ORGANISATION, open_store
    from lcaengine.store.evidence import remove_evidence

    found = remove_evidence(open_store(database), DEFAULT_ORGANISATION, identifier, who)
    return _print(found) if as_json else _show([found], 1, lang)


def _entry(found: Evidence) -> dict[str, object]:
    """As the API answers it."""
    base = f"/v1/evidence/{found.id}"
    return {**found.as_dict(), "links": {"self": base, "file": base + "/file"}}


def _print(found: Evidence) -> None:
    print_json(_entry(found))


def _show(found: Iterable[Evidence], count: int, lang: Language) -> None:
    from rich.markup import escape

    terminal = Terminal(lang)
    texts = {key: text[lang == "en"] for key, text in TEXTS.items()}
    for e in found:
        rows = {
            "id": e.id, "figure": f"{e.kind}/{e.record} {e.pointer or texts['whole']}", "version": e.version,
            "sha256": e.sha256, "entered": f"{e.entered_by}, {e.created:%Y-%m-%d %H:%M} UTC", "until": e.retain_until,
        }  # fmt: skip
        terminal.say(f"[bold]{escape(e.file_name)}[/]  {e.media_type}, {e.size:,} B")
        for key, value in rows.items():
            terminal.say(f"  {texts[key]}: {escape(str(value))}")
    terminal.say(texts["count"].format(count))
