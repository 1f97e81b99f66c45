"""``lcaengine pact``: footprints exchanged with customers and suppliers by PACT v3."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape

from lcaengine import settings
from lcaengine.options import json_option, language_option, print_json, shows_problems, write_file
from lcaengine.problems import Language, Problem, Refused
from lcaengine.terminal import Terminal

if TYPE_CHECKING:
    from lcaengine.store.pact_partners import Received
    from lcaengine.units import Quantity

DATABASE = click.option("--database", default=None, help="Database URL. [default: SQLite in the user's data folder]")
ORGANISATION = click.option("--organisation", default="local", show_default=True, help="Whose records. 组织。")
TEXTS = {
    "publisher": ("对外名称：{0}（{1}）", "Publishes as {0} ({1})"), "registered": ("已登记伙伴 {0}：{1}", "Registered partner {0}: {1}"),
    "fetched": ("收到 {0} 个足迹", "{0} footprints received"), "published": ("已发布 {0}，接收方：{1}", "Published {0} for {1}"),
    "delivered": ("已送达 {0} 个事件，未送达 {1} 个", "{0} events delivered, {1} not"), "exported": ("已写入 {0}", "Wrote {0}"),
    "id": ("编号", "Id"), "product": ("产品", "Product"), "company": ("公司", "Company"), "value": ("kg CO2e", "kg CO2e"), "per": ("每", "per"),
    "until": ("有效至", "Valid until"), "status": ("状态", "Status"), "primary": ("初级数据", "Primary data"), "count": ("共 {0} 个", "{0} in all"),
}  # fmt: skip


class _Terminal(Terminal):
    def text(self, key: str, *values: object) -> str:
        return TEXTS[key][self.language == "en"].format(*values) if key in TEXTS else super().text(key, *values)


@click.group()
def pact() -> None:
    """PACT: suppliers' footprints, and our own for customers. 与供应商和客户交换足迹。"""


@pact.command("publisher")
@click.option("--name", required=True, help="Name of the company. 公司名称。")
@click.option("--company-id", "company_ids", multiple=True, required=True, help="URN; may be repeated. 公司编号。")
@click.option("--domain", default="", help="Makes URNs of own product ids. 域名。")
@click.option("--address", required=True, help="This server as partners see it: https://… 服务器地址。")
@ORGANISATION
@DATABASE
@language_option
@shows_problems
def pact_publisher(name: str, company_ids: tuple[str, ...], domain: str, address: str, organisation: str, database: str | None, lang: Language) -> None:  # fmt: skip
    """Say how the organisation presents itself; needed once before anything is published. 发布设置。

    \b
    Example:  lcaengine pact publisher --name "Example Brewery" --company-id urn:pact:example.com:company:1 --address https://pcf.example.com
    """
    from lcaengine.pact.publishing import introduce
    from lcaengine.store import open_store
    from lcaengine.store.pact import Publisher

    said = introduce(open_store(database), organisation, Publisher(name, company_ids, domain, address.rstrip("/")))
    _Terminal(lang).say(_Terminal(lang).text("publisher", escape(said.company_name), ", ".join(said.company_ids)))


@pact.command("partner")
@click.argument("name")
@click.option("--url", required=True, help="Where its PACT host is: https://… 地址。")
@click.option(
    "--client-id", required=True, help="Ours there; the secret is asked for, or LCAENGINE_PACT_SECRET. 客户端编号。"
)
@click.option(
    "--signs-in-as", required=True, help="Organisation or client id under which it signs in here. 对方在此登录的编号。"
)
@click.option("--auth-url", default="", help="Its token endpoint, where that is on another host. 令牌地址。")
@ORGANISATION
@DATABASE
@language_option
@shows_problems
def pact_partner(name: str, url: str, client_id: str, signs_in_as: str, auth_url: str, organisation: str, database: str | None, lang: Language) -> None:  # fmt: skip
    """Register a partner. Its secret is kept encrypted. 登记伙伴。

    \b
    Example:  lcaengine pact partner mill --url https://pcf.mill.example --client-id us --signs-in-as mill
    """
    from lcaengine.pact.partners import Registration, register
    from lcaengine.store import open_store

    secret = settings.PACT_SECRET.value() or click.prompt("client secret", hide_input=True)
    asked = Registration(name, signs_in_as, url.rstrip("/"), client_id, secret, auth_url)
    kept = register(open_store(database), organisation, asked)
    _Terminal(lang).say(_Terminal(lang).text("registered", escape(kept.name), kept.base_url))


@pact.command("fetch")
@click.argument("partner")
@click.option("--product-id", "product_ids", multiple=True, help="URN; may be repeated. [default: all] 产品编号。")
@ORGANISATION
@DATABASE
@json_option
@language_option
@shows_problems
def pact_fetch(partner: str, product_ids: tuple[str, ...], organisation: str, database: str | None, as_json: bool, lang: Language) -> None:  # fmt: skip
    """Fetch what a partner (name or id) shows us, and keep it. 获取伙伴的足迹。

    \b
    Example:  lcaengine pact fetch mill --product-id urn:gtin:4712345060507
    """
    from lcaengine.pact.partners import fetch
    from lcaengine.store import open_store
    from lcaengine.store.pact_partners import get_partner

    store = open_store(database)
    filters: dict[str, list[str]] = {"productId": list(product_ids)} if product_ids else {}
    _show_received(fetch(store, get_partner(store, organisation, partner), **filters), None, as_json, lang)


@pact.command("list")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 10_000))
@ORGANISATION
@DATABASE
@json_option
@language_option
@shows_problems
def pact_list(limit: int, organisation: str, database: str | None, as_json: bool, lang: Language) -> None:
    """The footprints received, newest first. 已收到的足迹。

    \b
    Example:  lcaengine pact list --limit 10
    """
    from lcaengine.store import Page, open_store
    from lcaengine.store.pact_partners import list_received

    found = list_received(open_store(database), organisation, Page(limit))
    _show_received(found.items, found.number, as_json, lang)


@pact.command("show")
@click.argument("identifier", metavar="ID")
@ORGANISATION
@DATABASE
@json_option
@language_option
@shows_problems
def pact_show(identifier: str, organisation: str, database: str | None, as_json: bool, lang: Language) -> None:
    """A received footprint, and what must be said of it. 查看收到的足迹及提示。

    \b
    Example:  lcaengine pact show 5d3c…
    """
    from lcaengine.pact.received import warnings
    from lcaengine.store import open_store
    from lcaengine.store.pact_partners import get_received

    found = get_received(open_store(database), organisation, identifier)
    if as_json:
        return print_json(found.document)
    _show_received([found], None, False, lang)
    return Terminal(lang).problems(warnings(found.document))


@pact.command("publish")
@click.argument("footprint", metavar="FOOTPRINT")
@click.option(
    "--to", "receivers", multiple=True, required=True, help="Organisation or client; may be repeated. 接收方。"
)
@click.option("--mass", default=None, help="Of the product without packaging per declared unit: '101 kg'. 产品质量。")
@click.option("--fossil-carbon", default=None, help="In the product per declared unit: '0 kg'. 化石碳含量。")
@click.option("--product-id", "product_ids", multiple=True, help="Further URN; may be repeated. 产品编号。")
@click.option("--follows", default=None, help="Id of the published footprint whose place it takes. 所取代的足迹。")
@click.option("--valid-until", type=click.DateTime(["%Y-%m-%d"]), default=None, help="[default: three years] 有效期。")
@ORGANISATION
@DATABASE
@json_option
@language_option
@shows_problems
def pact_publish(
    footprint: str, receivers: tuple[str, ...], mass: str | None, fossil_carbon: str | None, product_ids: tuple[str, ...], follows: str | None,
    valid_until: datetime | None, organisation: str, database: str | None, as_json: bool, lang: Language,
) -> None:  # fmt: skip
    """Publish a footprint on record (its id) to named receivers, cradle to gate. 发布足迹。

    \b
    Example:  lcaengine pact publish 5d3c… --to customer --mass "101 kg" --fossil-carbon "0 kg"
    """
    from lcaengine.pact.issue import Particulars
    from lcaengine.pact.publishing import publish_footprint
    from lcaengine.store import open_store

    said = Particulars(
        _quantity("mass", mass), _quantity("fossil-carbon", fossil_carbon), product_ids, follows=follows,
        valid_until=valid_until.date() if valid_until else None,
    )  # fmt: skip
    kept = publish_footprint(open_store(database), organisation, footprint, receivers, said)
    if as_json:
        return print_json(kept.as_pact())
    return _Terminal(lang).say(_Terminal(lang).text("published", kept.id, escape(", ".join(kept.receivers))))


@pact.command("export")
@click.argument("identifier", metavar="ID")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file. 输出文件。")
@ORGANISATION
@DATABASE
@language_option
@shows_problems
def pact_export(identifier: str, out: Path, organisation: str, database: str | None, lang: Language) -> None:
    """Write a published or received footprint as a JSON file, as PACT has it. 导出为 PACT JSON。

    \b
    Example:  lcaengine pact export 5d3c… --out footprint.json
    """
    from lcaengine.problems import NotFound
    from lcaengine.store import open_store
    from lcaengine.store.pact import get_published
    from lcaengine.store.pact_partners import get_received

    store = open_store(database)
    try:
        document = get_published(store, organisation, identifier).as_pact()
    except NotFound:
        document = get_received(store, organisation, identifier).document
    write_file(out, json.dumps(document, ensure_ascii=False, indent=2).encode())
    _Terminal(lang).say(_Terminal(lang).text("exported", escape(str(out))))


@pact.command("deliver")
@DATABASE
@language_option
@shows_problems
def pact_deliver(database: str | None, lang: Language) -> None:
    """Send the events that are due; a server does so by itself. 发送待发事件。

    \b
    Example:  lcaengine pact deliver
    """
    from lcaengine.pact.courier import deliver_due
    from lcaengine.store import open_store

    _Terminal(lang).say(_Terminal(lang).text("delivered", *deliver_due(open_store(database))))


def _quantity(name: str, text: str | None) -> Quantity | None:
    """``101 kg``; raises `Refused`."""
    from lcaengine.units import Quantity

    if text is None:
        return None
    amount, _, unit = text.strip().partition(" ")
    try:
        return Quantity(float(amount), unit.strip() or "kg")
    except ValueError as error:
        raise Refused(Problem("not_a_quantity", f"--{name}", {"value": text})) from error


def _show_received(found: list[Received], count: int | None, as_json: bool, lang: Language) -> None:
    from lcaengine.pact.received import valid_until

    if as_json:
        return print_json([{"id": r.id, "created": r.created.isoformat(), "document": r.document} for r in found])
    terminal = _Terminal(lang)
    table = terminal.table("id", "product", "company", "value", "per", "primary", "until", "status")
    table.columns[0].no_wrap, table.columns[0].min_width = True, 36
    for r in found:
        pcf = r.document["pcf"]
        share = f"{pcf['primaryDataShare']} %" if "primaryDataShare" in pcf else "–"
        table.add_row(
            r.id, escape(str(r.document.get("productNameCompany", "–"))), escape(str(r.document.get("companyName", "–"))),
            escape(str(pcf["pcfExcludingBiogenicUptake"])), escape(f"{pcf['declaredUnitAmount']} {pcf['declaredUnitOfMeasurement']}"),
            escape(share), valid_until(r.document).date().isoformat(), escape(str(r.document.get("status", "–"))),
        )  # fmt: skip
    terminal.console.print(table)
    return terminal.say(terminal.text("fetched", len(found)) if count is None else terminal.text("count", count))
