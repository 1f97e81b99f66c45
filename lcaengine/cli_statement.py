"""``lcaengine statement`` and ``lcaengine keys``: signed statements, and the keys that sign them."""

from __future__ import annotations

import json
import sys
from datetime import UTC, date, datetime
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.parse import quote
from urllib.request import urlopen

import click
from rich.markup import escape

from lcaengine.options import json_option, language_option, print_json, read_file, shows_problems, write_file
from lcaengine.problems import Language, Problem, Refused
from lcaengine.terminal import Terminal

if TYPE_CHECKING:
    from lcaengine.statements.verifying import Verdict
    from lcaengine.store import Record, StatementRecord, Store

FILE = click.Path(path_type=Path)
DAY = click.DateTime(["%Y-%m-%d"])
SECONDS = 20
DATABASE = click.option("--database", default=None, help="Database URL. [default: SQLite in the user's data folder]")
LANGUAGES = {"zh": ("zh",), "en": ("en",), "both": ("zh", "en")}
DOCUMENT_LANGUAGE = click.option(
    "--document-lang", "document_language", type=click.Choice(list(LANGUAGES)), default="both", show_default=True,
    help="Language of a PDF, workbook or page. 文档语言。",
)  # fmt: skip
WHY = click.option("--why", required=True, help="The reason; whoever verifies reads it. 理由。")
TEXTS = {
    "issued": ("已签发声明 {0}（客户 {1}，有效至 {2}）", "Issued statement {0} (for {1}, valid until {2})"),
    "summarised": ("已汇总 {0} 个产品（共 {1} 个，取最新）：{2}", "The newest {0} of {1} products in {2}"),
    "exported": ("已写入 {0}", "Wrote {0}"),
    "bundled": ("已写入核查包 {0}（{1} 字节）", "Wrote the verifier's bundle {0} ({1} bytes)"),
    "id": ("编号", "Id"), "customer": ("客户", "Customer"), "product": ("产品", "Product"), "until": ("有效至", "Valid until"),
    "status": ("状态", "Status"), "count": ("共 {0} 份声明", "{0} statements"), "in_force": ("有效", "in force"),
    "revoked": ("已撤销", "revoked"), "superseded": ("已被取代", "superseded"), "valid": ("有效：签名与内容相符", "Valid: the signature fits the content"),
    "altered": ("已被改动", "Altered"), "unknown_key": ("未知密钥", "Unknown key"), "not_reproduced": ("签名有效，但未能重新算出", "The signature is good, but it was not reproduced"),
    "expired": ("已过期", "Expired"), "recomputed": ("重新求解：每个数字完全一致", "Solved again: every figure came out exactly"),
    "no_status": ("未查询是否已撤销或被取代（离线，或此处没有该声明的记录）", "Whether it was revoked or superseded was not asked (offline, or it is not on record here)"),
    "attachment": ("签名只涉及 PDF 所附的 JSON；请与页面上的数字核对", "Only the JSON attached to the PDF is signed; compare the figures on its pages with it"),
    "place": ("位置", "Place"), "stated": ("声明中", "Stated"), "found": ("实得", "Found"), "more": ("另有 {0} 处", "{0} more"),
    "kid": ("密钥", "Key"), "created": ("生成", "Made"), "signs": ("签名中", "signs"), "verifies": ("仅供核验", "verifies only"),
    "retired": ("已停用", "retired"), "no_keys": ("还没有密钥：第一次签发时生成", "No keys yet: one is made with the first statement"),
}  # fmt: skip
SHOWN = 40


class _Terminal(Terminal):
    def text(self, key: str, *values: object) -> str:
        return TEXTS[key][self.language == "en"].format(*values)


@click.group()
def statement() -> None:
    """Signed statements: issue, verify, revoke. 签名声明。"""


@statement.command("issue")
@click.argument("source", metavar="FOOTPRINT_OR_BOM")
@click.option("--customer", required=True, help="Who it is for. 客户。")
@click.option(
    "--depth", type=click.Choice(["total", "stages", "lines"]), default="stages", show_default=True, help="公开深度。"
)
@click.option("--issuer", default=None, help="Name of the issuer. [default: the site's name] 出具方。")
@click.option("--valid-until", type=DAY, default=None, help="[default: three years after the period] 有效期。")
@click.option(
    "--reasons", type=FILE, default=None, help="JSON file: item → {zh, en}, why it does not apply. 不适用理由。"
)
@click.option("--product", default=None, help="Id of the product of a plant file. 产品编号。")
@click.option("--on", type=DAY, default=None, help="Day of the CBAM answer. [default: today] CBAM 日期。")
@click.option("--quarter", default=None, help="Quarter of its price, such as 2026-Q2. 季度。")
@click.option("--supersedes", default=None, help="Id of the statement whose place it takes. 所取代的声明。")
@click.option("--out", type=FILE, default=None, help="Write it here: .json, .pdf, .xlsx or .html. 输出文件。")
@DOCUMENT_LANGUAGE
@DATABASE
@json_option
@language_option
@shows_problems
def statement_issue(
    source: str, customer: str, depth: Any, issuer: str | None, valid_until: datetime | None, reasons: Path | None, product: str | None,
    on: datetime | None, quarter: str | None, supersedes: str | None, out: Path | None, document_language: str, database: str | None, as_json: bool, lang: Language,
) -> None:  # fmt: skip
    """Issue a signed statement for a stored footprint (its id) or a bill of materials (a file). 签发声明。

    \b
    Example:  lcaengine statement issue inventories/beer/keg-brewery.json --customer "Example Imports GmbH" --out keg.json
    """
    from lcaengine.statements.formats import form_of, statement_as
    from lcaengine.statements.issuing import CbamRequest, Order, issue
    from lcaengine.store import DEFAULT_ORGANISATION, open_store

    if out is not None:
        form_of(out.name)
    store = open_store(database)
    record = _footprint(store, source, product)
    order = Order(
        record.id, customer, depth, issuer, valid_until.date() if valid_until else None, _reasons(reasons),
        CbamRequest(on.date() if on else _today(), quarter), supersedes,
    )  # fmt: skip
    kept = issue(store, DEFAULT_ORGANISATION, order)
    if out is not None:
        write_file(out, statement_as(form_of(out.name), json.loads(kept.document), LANGUAGES[document_language]))
    if as_json:
        return click.echo(kept.document)
    body = json.loads(kept.document)["statement"]
    _Terminal(lang).say(_Terminal(lang).text("issued", kept.id, escape(body["customer"]["name"]), body["valid_until"]))
    return None


@statement.command("export")
@click.argument("identifier", metavar="ID")
@click.option("--out", type=FILE, required=True, help="The file: .json, .pdf, .xlsx or .html. 输出文件。")
@DOCUMENT_LANGUAGE
@DATABASE
@language_option
@shows_problems
def statement_export(identifier: str, out: Path, document_language: str, database: str | None, lang: Language) -> None:
    """Write a statement as a document: signed JSON, PDF, workbook or page. 导出声明。

    \b
    Example:  lcaengine statement export 5d3c… --out statement.pdf --document-lang both
    """
    from lcaengine.statements.formats import form_of, statement_as
    from lcaengine.store import DEFAULT_ORGANISATION, open_store

    kept = open_store(database).get_statement(DEFAULT_ORGANISATION, identifier)
    write_file(out, statement_as(form_of(out.name), json.loads(kept.document), LANGUAGES[document_language]))
    _Terminal(lang).say(_Terminal(lang).text("exported", escape(str(out))))


@statement.command("verify")
@click.argument("file", type=FILE)
@click.option("--key", default=None, help="JWKS file, or address of the issuer's server. [default: own keys] 公钥。")
@click.option("--recompute", is_flag=True, help="Solve again from the recorded inputs and release. 重新求解。")
@DATABASE
@json_option
@language_option
@shows_problems
def statement_verify(
    file: Path, key: str | None, recompute: bool, database: str | None, as_json: bool, lang: Language
) -> None:
    """Is a statement (JSON, PDF or a bundle) what was signed, and does it still hold? Exit code 1 if not. 核验声明。

    A bundle is always solved again from what is inside, where its release is on this machine.

    \b
    Example:  lcaengine statement verify keg.json --key jwks.json
    """
    from lcaengine.statements import issuing
    from lcaengine.statements.bundle import check_bundle
    from lcaengine.statements.signing import KeyStore
    from lcaengine.statements.verifying import verify
    from lcaengine.store import DEFAULT_ORGANISATION, open_store

    data = read_file(file)
    store = open_store(database) if recompute or key is None else None
    jwks = KeyStore().jwks() if key is None else _public_keys(key)

    def status(identifier: str) -> Any:
        known = store.known_statement(DEFAULT_ORGANISATION, identifier) if store is not None else None
        return known or (_status_at(key, identifier) if key and _is_address(key) else None)

    def again(found: dict[str, Any]) -> Any:
        return issuing.recompute(store, DEFAULT_ORGANISATION, found) if store is not None else []

    if data.startswith(b"PK"):
        verdict = check_bundle(data, jwks, status)
    else:
        verdict = verify(data, jwks, status, again if recompute else None)
    print_json(verdict.as_dict(lang)) if as_json else _show_verdict(_Terminal(lang), verdict)
    if verdict.outcome != "valid":
        sys.exit(1)


@statement.command("bundle")
@click.argument("identifier", metavar="ID")
@click.option("--out", type=FILE, required=True, help="The zip. 输出文件。")
@click.option(
    "--cut-off",
    default=0.001,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Leave out processes whose own emissions are a smaller share of all. 取舍界限。",
)
@DATABASE
@language_option
@shows_problems
def statement_bundle(identifier: str, out: Path, cut_off: float, database: str | None, lang: Language) -> None:
    """Everything a verifier needs to follow a statement: inputs, rule, processes, sources, calculation. 核查包。

    \b
    Example:  lcaengine statement bundle 5d3c… --out bundle.zip
    """
    from lcaengine.statements.bundle import bundle_of
    from lcaengine.store import DEFAULT_ORGANISATION, open_store

    data = bundle_of(open_store(database), DEFAULT_ORGANISATION, identifier, cut_off=cut_off)
    write_file(out, data)
    _Terminal(lang).say(_Terminal(lang).text("bundled", escape(str(out)), f"{len(data):,}"))


@statement.command("summary")
@click.option("--out", type=FILE, required=True, help="The file: .pdf, .xlsx, .html or .json. 输出文件。")
@click.option(
    "--limit", default=1000, show_default=True, type=click.IntRange(1, 10_000), help="The newest footprints. 最新若干。"
)
@DOCUMENT_LANGUAGE
@DATABASE
@language_option
@shows_problems
def statement_summary(out: Path, limit: int, document_language: str, database: str | None, lang: Language) -> None:
    """The stored footprints on one document, product by product; not signed. 产品足迹汇总。

    \b
    Example:  lcaengine statement summary --out products.pdf --limit 100
    """
    from lcaengine.statements.formats import form_of
    from lcaengine.statements.summary import summary_as, summary_rows
    from lcaengine.store import DEFAULT_ORGANISATION, Page, open_store

    form = form_of(out.name)
    records, count, _ = open_store(database).list(DEFAULT_ORGANISATION, Page(limit))
    rows = summary_rows(records)
    write_file(out, summary_as(form, rows, DEFAULT_ORGANISATION, LANGUAGES[document_language], count))
    _Terminal(lang).say(_Terminal(lang).text("summarised", len(rows), count, escape(str(out))))


@statement.command("schema")
@json_option
@language_option
@shows_problems
def statement_schema_command(**_: Any) -> None:
    """The JSON Schema of a signed statement. 声明的 JSON Schema。

    \b
    Example:  lcaengine statement schema > statement.schema.json
    """
    from lcaengine.statements.published import statement_schema

    print_json(statement_schema())


@statement.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@DATABASE
@json_option
@language_option
@shows_problems
def statement_list(limit: int, database: str | None, as_json: bool, lang: Language) -> None:
    """The statements on record, newest first. 已有声明。

    \b
    Example:  lcaengine statement list --limit 10
    """
    from lcaengine.store import DEFAULT_ORGANISATION, Page, open_store

    records, count, _ = open_store(database).list_statements(DEFAULT_ORGANISATION, Page(limit))
    entries = [_entry(record) for record in records]
    if as_json:
        return print_json({"items": entries, "count": count})
    terminal = _Terminal(lang)
    table = terminal.table("id", "product", "customer", "until", "status")
    table.columns[0].no_wrap, table.columns[0].min_width = True, 36
    for e in entries:
        status = "in_force" if e["status"] == "issued" else e["status"]
        table.add_row(
            e["id"], terminal.local(e["product"]), escape(e["customer"]), e["valid_until"], terminal.text(status)
        )
    terminal.console.print(table)
    return terminal.say(terminal.text("count", count))


@statement.command("revoke")
@click.argument("identifier", metavar="ID")
@WHY
@DATABASE
@json_option
@language_option
@shows_problems
def statement_revoke(identifier: str, why: str, database: str | None, as_json: bool, lang: Language) -> None:
    """Take a statement back. 撤销声明。

    \b
    Example:  lcaengine statement revoke 5d3c… --why "The meter reading was wrong"
    """
    from lcaengine.store import DEFAULT_ORGANISATION, open_store

    _changed(open_store(database).revoke_statement(DEFAULT_ORGANISATION, identifier, why), as_json, lang)


@statement.command("supersede")
@click.argument("identifier", metavar="ID")
@click.argument("by", metavar="NEW_ID")
@WHY
@DATABASE
@json_option
@language_option
@shows_problems
def statement_supersede(
    identifier: str, by: str, why: str, database: str | None, as_json: bool, lang: Language
) -> None:
    """Say which statement takes the place of another. 以新声明取代。

    \b
    Example:  lcaengine statement supersede 5d3c… 9e1f… --why "Data of 2026"
    """
    from lcaengine.store import DEFAULT_ORGANISATION, open_store

    _changed(open_store(database).supersede_statement(DEFAULT_ORGANISATION, identifier, by, why), as_json, lang)


@click.group()
def keys() -> None:
    """The keys that sign statements. 签名密钥。"""


@keys.command("list")
@click.option("--jwks", is_flag=True, help="The public keys as a JWK set, for whoever verifies offline. 公钥集。")
@json_option
@language_option
@shows_problems
def keys_list(jwks: bool, as_json: bool, lang: Language) -> None:
    """Every key: which one signs, which only verify. Nothing private is shown. 密钥列表。

    \b
    Example:  lcaengine keys list --jwks
    """
    from lcaengine.statements.signing import KeyStore

    found = KeyStore().list()
    if jwks:
        return print_json(KeyStore().jwks())
    return print_json([k.as_dict() for k in found]) if as_json else _show_keys(_Terminal(lang), found)


@keys.command("rotate")
@json_option
@language_option
@shows_problems
def keys_rotate(as_json: bool, lang: Language) -> None:
    """A new key signs from now on; the old one only verifies, its private part is deleted. 更换密钥。

    \b
    Example:  lcaengine keys rotate
    """
    from lcaengine.statements.signing import KeyStore

    key = KeyStore().rotate()
    return print_json(key.as_dict()) if as_json else _show_keys(_Terminal(lang), [key])


@keys.command("retire")
@click.argument("kid")
@json_option
@language_option
@shows_problems
def keys_retire(kid: str, as_json: bool, lang: Language) -> None:
    """Take an old key out of the JWK set: what it signed is not valid any more. 停用密钥。

    \b
    Example:  lcaengine keys retire 0n7ToXP-qvo0wRbZDQ4OQHNP5NpPZFwGfhi4UvaOhpQ
    """
    from lcaengine.statements.signing import KeyStore

    key = KeyStore().retire(kid)
    return print_json(key.as_dict()) if as_json else _show_keys(_Terminal(lang), [key])


# -- issuing


def _footprint(store: Store, source: str, product: str | None) -> Record:
    """A stored footprint by its id; a bill of materials is calculated and stored first."""
    from lcaengine.background import default_release
    from lcaengine.bom import bom_of, read_products
    from lcaengine.footprint import body, calculate
    from lcaengine.rules import find_rule
    from lcaengine.store import DEFAULT_ORGANISATION

    path = Path(source)
    if not path.suffix and not path.exists():
        return store.get(DEFAULT_ORGANISATION, source)
    document = _one([document for document, _ in read_products(read_file(path), path.suffix)], product)
    bom = bom_of(document)
    return store.add(DEFAULT_ORGANISATION, document, body(calculate(bom, find_rule(bom.category), default_release())))


def _one(documents: list[dict[str, Any]], product: str | None) -> dict[str, Any]:
    known = [str(d.get("product", {}).get("id", "–")) for d in documents]
    found = [d for d, name in zip(documents, known, strict=True) if product in (None, name)]
    if len(found) != 1:
        raise Refused(Problem("statement_several_products", "--product", {"count": len(documents), "known": known}))
    return found[0]


def _reasons(path: Path | None) -> dict[str, dict[str, str]]:
    if path is None:
        return {}
    from lcaengine.bom.reading import json_document

    found = json_document(read_file(path))
    if not all(isinstance(v, dict) and all(isinstance(t, str) for t in v.values()) for v in found.values()):
        raise Refused(Problem("statement_bad_reasons", "--reasons"))
    return found


def _today() -> date:
    return datetime.now(UTC).date()


# -- verifying


def _is_address(key: str) -> bool:
    return key.startswith(("http://", "https://"))


def _public_keys(key: str) -> dict[str, Any]:
    """A JWK set from a file, or from the server at an address; raises `Refused`."""
    if _is_address(key):
        found = _fetched(key.rstrip("/") + "/.well-known/jwks.json")
    else:
        try:
            found = json.loads(read_file(Path(key)))
        except ValueError as error:
            raise Refused(Problem("statement_bad_jwks", "--key")) from error
    if not isinstance(found, dict):
        raise Refused(Problem("statement_bad_jwks", "--key"))
    return found


def _status_at(address: str, identifier: str) -> StatementRecord | None:
    """What the issuer's server says of a statement; None where it knows none."""
    from lcaengine.store import StatementRecord

    try:
        found = _fetched(f"{address.rstrip('/')}/v1/statements/{quote(identifier, safe='')}")
        revoked = found["revoked_at"] and datetime.fromisoformat(found["revoked_at"])
        return StatementRecord(
            str(found["id"]), datetime.fromisoformat(found["created"]), found["footprint"], json.dumps(found["document"]), found["status"],
            found["superseded_by"], revoked, found["reason"],
        )  # fmt: skip
    except (Refused, KeyError, TypeError, ValueError):
        return None


def _fetched(address: str) -> Any:
    try:
        with urlopen(address, timeout=SECONDS) as response:
            return json.load(response)
    except (URLError, HTTPException, OSError, ValueError) as error:
        values = {"address": address, "why": str(getattr(error, "reason", error))}
        raise Refused(Problem("statement_no_server", "--key", values)) from error


# -- showing


def _entry(record: StatementRecord) -> dict[str, Any]:
    body = json.loads(record.document)["statement"]
    return {
        "id": record.id, "created": record.created.isoformat(), "footprint": record.footprint_id, "customer": body["customer"]["name"],
        "product": body["product"]["name"], "valid_until": body["valid_until"], "status": record.status,
        "superseded_by": record.superseded_by, "reason": record.reason,
    }  # fmt: skip


def _changed(record: StatementRecord, as_json: bool, lang: Language) -> None:
    if as_json:
        return print_json(_entry(record))
    return _Terminal(lang).say(f"{record.id}  {_Terminal(lang).text(record.status)}")


def _show_verdict(terminal: _Terminal, verdict: Verdict) -> None:
    good = verdict.outcome == "valid"
    terminal.say(terminal.text(verdict.outcome), "bold green" if good else "bold red")
    terminal.say(f"{verdict.id or '–'}  {terminal.text('kid')} {verdict.kid or '–'}", "dim")
    for problem in verdict.findings:
        terminal.say(escape(f"{problem.message(terminal.language)} {problem.next_action(terminal.language)}"))
    if verdict.differences:
        table = terminal.table("place", "stated", "found")
        for d in verdict.differences[:SHOWN]:
            table.add_row(*(escape(str(v)) for v in (d.pointer, d.stated, d.found)))
        terminal.console.print(table)
        if len(verdict.differences) > SHOWN:
            terminal.say(terminal.text("more", len(verdict.differences) - SHOWN))
    if verdict.recomputed:
        terminal.say(terminal.text("recomputed"))
    if not verdict.status_checked:
        terminal.say(terminal.text("no_status"), "dim")
    if verdict.covers == "attachment":
        terminal.say(terminal.text("attachment"), "dim")


def _show_keys(terminal: _Terminal, found: list[Any]) -> None:
    if not found:
        return terminal.say(terminal.text("no_keys"))
    table = terminal.table("kid", "created", "status")
    table.columns[0].no_wrap, table.columns[0].min_width = True, 43
    for key in found:
        table.add_row(key.kid, key.created.isoformat(timespec="seconds"), terminal.text(key.state))
    return terminal.console.print(table)
