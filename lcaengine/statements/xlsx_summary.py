"""The first sheet of a statement: what it says, and where each figure comes from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcaengine.statements.xlsx_book import PALE, Sheet
from lcaengine.statements.xlsx_numbers import share_format
from lcaengine.statements.xlsx_texts import known, text

Json = Mapping[str, Any]
COLUMNS = 4


def plain(sheet: Sheet, value: Any) -> str:
    """Anything of the body as a text."""
    if isinstance(value, Mapping):
        if {"zh", "en"} & set(value):
            return sheet.book.show(value)
        return "; ".join(f"{k}: {plain(sheet, v)}" for k, v in value.items() if v is not None)
    if isinstance(value, list | tuple):
        return "\n".join(plain(sheet, v) for v in value)
    if isinstance(value, bool):
        return sheet.book.show(text("yes" if value else "no"))
    return f"{value:g}" if isinstance(value, float) else str("" if value is None else value)


def write_summary(sheet: Sheet, body: Json) -> None:
    _Summary(sheet, body).write()


class _Summary:
    """Rows one below the other: item, value, unit, where it comes from."""

    def __init__(self, sheet: Sheet, body: Json) -> None:
        self.sheet, self.body, self.row = sheet, body, 4
        self.unit = body["total"]["unit"]

    def write(self) -> None:
        self._head()
        for part in (self._issue, self._product, self._result, self._hotspots, self._quality, self._method):
            part()
            self.row += 1
        self.sheet.cells.freeze_panes(4, 0)

    def _head(self) -> None:
        """Title, note, the product, and the footprint in as many digits as it deserves."""
        sheet, total = self.sheet, self.body["total"]["value"]
        sheet.head(text("statement"), text("live"))
        big: dict[str, Any] = {"bold": True, "bg_color": PALE, "valign": "vcenter"}
        unit = self.body["declared_unit"]
        label = {k: f"{v} {unit['amount']:g} {unit['unit']}" for k, v in text("headline").items()}
        sheet.text(
            2,
            0,
            sheet.book.show(self.body["product"]["name"]).replace("\n", "  "),
            bold=True,
            font_size=12,
            text_wrap=False,
            bottom=0,
        )
        sheet.text(3, 0, label, **big)
        sheet.rounded(3, 1, "total", total, **big, font_size=18, align="left")
        sheet.text(3, 2, self.unit, **big)
        sheet.text(3, 3, text("from_stages"), bg_color=PALE, font_color="#595959", valign="vcenter")
        sheet.heights[2], sheet.heights[3] = 22.0, max(34.0, sheet.heights[3])

    # -- rows

    def _band(self, key: str) -> None:
        self.sheet.band(self.row, text(key), COLUMNS)
        self.row += 1

    def _row(self, label: Mapping[str, str] | str, value: Any, unit: str = "", basis: str = "") -> None:
        """One row; nothing where there is no value."""
        if value is None or value in ("", []):
            return
        self.sheet.text(self.row, 0, label)
        if isinstance(value, float | int) and not isinstance(value, bool):
            self.sheet.number(self.row, 1, value, align="left")
        else:
            self.sheet.text(self.row, 1, plain(self.sheet, value))
        self._about(unit, basis)

    def _about(self, unit: str, basis: str) -> None:
        self.sheet.text(self.row, 2, unit)
        self.sheet.text(self.row, 3, known(basis), font_color="#595959")
        self.row += 1

    def _percent(self, key: str, value: float | None) -> None:
        if value is not None:
            self.sheet.text(self.row, 0, text(key))
            self.sheet.share(self.row, 1, value, align="left")
            self._about("", "engine")

    # -- parts

    def _issue(self) -> None:
        body = self.body
        self._band("issue")
        self._row(text("id"), body["id"])
        for key in ("issued", "valid_until"):
            self.sheet.text(self.row, 0, text(key))
            self.sheet.day(self.row, 1, str(body.get(key) or ""))
            self._about("", "")
        self._row(text("issuer"), body["issuer"]["name"])
        self._row(text("customer"), (body.get("customer") or {}).get("name"))
        self._row(text("depth"), known(f"depth_{body['depth']}"))
        self.sheet.text(self.row, 0, text("digits"))
        self.sheet.number(self.row, 1, self.sheet.book.digits, align="left", num_format="0")
        self.sheet.book.name("digits", self.sheet.place(self.row, 1))
        self._about("", "")

    def _product(self) -> None:
        product, unit = self.body["product"], self.body["declared_unit"]
        self._band("product")
        self._row(text("name"), product["name"])
        for key, field in (("category", "category"), ("product_id", "id"), ("gtin", "gtin"), ("hs_code", "hs_code")):
            self._row(text(key), product.get(field))
        self._row(text("declared_unit"), f"{unit['amount']:g} {unit['unit']}")
        self._row(text("boundary"), self.body["boundary"]["name"])
        if period := self.body.get("period"):
            self._row(text("period"), f"{period['start']} – {period['end']}")
        self._row(text("geography"), ", ".join((self.body.get("geography") or {}).values()))

    def _result(self) -> None:
        body = self.body
        self._band("result")
        for per in body.get("per") or ():
            what = per.get("name") or (text("pack") if per.get("what") == "pack" else {})
            label = {
                k: f"{v} {per['amount']:g} {per['unit']}  {what.get(k, '')}".strip() for k, v in text("per").items()
            }
            self._row(label, per["value"], self.unit, "engine")
        carbon = body["biogenic_carbon"]
        self._row(text("biogenic_carbon"), carbon["value"], carbon["unit"], "engine")
        for key in ("land_use_change", "aircraft"):
            self._stated(key, body.get(key) or {})
        electricity = body["electricity"]
        for key in ("location_based", "market_based"):
            self._row(text(key), electricity.get(key), self.unit, "engine")
        self._row(text("electricity_headline"), known(electricity["headline"].removesuffix("_based")))
        self._row(text("claims"), electricity.get("claims"))
        for module in body.get("modules") or ():
            self._row(module["name"], module["value"], module["unit"], "modules")

    def _stated(self, key: str, part: Json) -> None:
        """A figure that may be missing or not applicable: then the reason stands beside."""
        reason = plain(self.sheet, part.get("reason"))
        if part.get("value") is not None:
            self._row(text(key), part["value"], str(part.get("unit") or self.unit), reason or "engine")
        elif part:
            self._row(text(key), known(part["status"]), basis=reason)

    def _hotspots(self) -> None:
        total = self.body["total"]["value"]
        self._band("hotspots")
        for spot in self.body["hotspots"]:
            self.sheet.text(self.row, 0, spot["name"])
            self.sheet.number(self.row, 1, spot["value"], align="left")
            self.sheet.formula(
                self.row, 2, f'=IF(total=0,"",{spot["value"]!r}/total)', spot["value"] / total if total else None, num_format=share_format(spot["value"] / total if total else 0.0, self.sheet.book.digits), align="left",
            )  # fmt: skip
            self.sheet.text(self.row, 3, text("of_total"), font_color="#595959")
            self.row += 1

    def _quality(self) -> None:
        quality = self.body["data_quality"]
        self._band("data_quality")
        for key in ("primary_data_share", "default_share", "estimate_share", "unsplit_share"):
            self._percent(key, quality.get(key))
        rating = quality.get("rating") or {}
        if dqr := (rating.get("pef") or {}).get("dqr"):
            self.sheet.text(self.row, 0, text("dqr"))
            self.sheet.number(self.row, 1, dqr, num_format="0.0", align="left")
            self._about("", "engine")
        if pact := rating.get("pact"):
            marks = " / ".join(
                f"{pact[k]:.1f}" for k in ("technologicalDQR", "geographicalDQR", "temporalDQR") if k in pact
            )
            self._row(text("pact"), f"{marks} ({pact.get('label', '')})", basis="engine")

    def _method(self) -> None:
        body = self.body
        self._band("method")
        for entry in body["prepared_with_reference_to"]:
            unread = f" ({self.sheet.book.show(text('not_read'))})" if entry.get("clauses_not_read") else ""
            self._row(
                text("reference"),
                entry["standard"] + unread.replace("\n", " "),
                basis=plain(self.sheet, entry.get("note")),
            )
        self._row(text("allocation"), body.get("allocation"))
        self._cut_off(body.get("cut_off") or {})
        for key, found in (("limits", body.get("limits_of_use")), ("warnings", body.get("warnings"))):
            for entry in found or ():
                self._row(text(key), entry.get("message", entry) if isinstance(entry, Mapping) else entry)

    def _cut_off(self, cut_off: Json) -> None:
        if "declared_share" not in cut_off:
            return self._row(text("cut_off"), cut_off)
        self._percent("cut_off", cut_off["declared_share"])
        for entry in cut_off.get("left_out") or ():
            share = f"{entry['share']:.1%}" if entry.get("share") is not None else ""
            self._row(f"  {entry.get('rule_id', '')}", entry["text"], share, plain(self.sheet, entry.get("note")))
        return None
