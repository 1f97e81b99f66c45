"""Heat, waste gases, CO2 transfer and the balance of energy: items 2(h), 5, 6, 16(d) and 17, and 7, 9 and 10 of the summary."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcaengine.cbam.reports.values import Answer, Column, Json, not_applicable, not_stated, table, text, yes_no

CARRIERS = {
    "heat": ({"zh": "可测量热量", "en": "Measurable heat"}, "TJ"), "waste_gas": ({"zh": "废气", "en": "Waste gas"}, "TJ"),
    "electricity": ({"zh": "电力", "en": "Electricity"}, "MWh"),
}  # fmt: skip
PURPOSES = {
    "geological_storage": {"zh": "地质封存", "en": "Geological storage"},
    "permanently_bound": {"zh": "永久化学结合于产品", "en": "Permanently chemically bound in products"},
}
DIRECTIONS = {"in": {"zh": "接收", "en": "Received"}, "out": {"zh": "输出", "en": "Delivered"}}


def heat_crossing(f: Json) -> Answer:
    """Item 7 of the summary: whether, and no more."""
    return _crossing(f["heat"])


def heat_with_installations(f: Json) -> Answer:
    """Item 2(h)."""
    return _identified(f, "heat", _crossing(f["heat"]))


def waste_gases(f: Json) -> Answer:
    """Item 9 of the summary: whether, and no more."""
    gas = f["waste_gas"]
    words = {
        "zh": _yes(gas["used"], "装置内产生和使用", "zh"),
        "en": _yes(gas["used"], "Produced and used in the installation", "en"),
    }
    crossing = _crossing(gas).value
    return text(f"{words['zh']}；{crossing['zh']}", f"{words['en']}; {crossing['en']}")


def waste_gases_with_installations(f: Json) -> Answer:
    """Item 5."""
    return _identified(f, "waste_gas", waste_gases(f))


def _crossing(carrier: Json) -> Answer:
    zh = f"{_yes(carrier['imported'], '从其他装置输入', 'zh')}；{_yes(carrier['exported'], '向其他装置输出', 'zh')}"
    en = f"{_yes(carrier['imported'], 'Imported from other installations', 'en')}; {_yes(carrier['exported'], 'Exported to other installations', 'en')}"
    return text(zh, en)


def _yes(value: bool, what: str, language: str) -> str:
    return f"{what}：{'是' if value else '否'}" if language == "zh" else f"{what}: {'yes' if value else 'no'}"


def _identified(f: Json, carrier: str, plain: Answer) -> Answer:
    """With the other installations, where there are such."""
    wanted = {d for d, key in (("in", "imported"), ("out", "exported")) if f[carrier][key]}
    if not wanted:
        return plain
    found = [c for c in f["operator"].get(f"{carrier}_counterparts", []) if c["direction"] in wanted]
    if wanted - {c["direction"] for c in found}:
        return not_stated(f"{carrier}_counterparts")
    names = ", ".join(f"{c['name']} ({c['direction']}{', ' + c['address'] if 'address' in c else ''})" for c in found)
    return text(f"{plain.value['zh']}：{names}", f"{plain.value['en']}: {names}")


# -- CO2


def transfer_recipients(f: Json) -> Answer:
    """Item 6: the recipients' responsible persons are the operator's to name."""
    out = [t for t in f["transfers"] if t["direction"] == "out"]
    if not out:
        return (
            yes_no(False)
            if not f["transfers"]
            else text("仅接收 CO2，未转出", "CO2 is received only, none is transferred")
        )
    people = {r["transfer"]: r for r in f["operator"].get("co2_recipients", [])}
    rows = [
        {"transfer": t["id"], "amount": t["amount"], "recipient": t["counterpart"], **_person(people.get(t["id"], {}))}
        for t in out
    ]
    columns = (
        Column("transfer", "转移", "Transfer"), Column("amount", "数量", "Quantity", "t CO2"), Column("recipient", "接收方", "Recipient"),
        Column("contact", "负责人", "Responsible person"), Column("data", "联系方式", "Contact data"),
    )  # fmt: skip
    return table(columns, rows)


def _person(row: Mapping[str, Any]) -> Json:
    data = ", ".join(row[k] for k in ("email", "telephone", "address") if k in row)
    return {"contact": row.get("contact"), "data": data or None} | ({"recipient": row["name"]} if "name" in row else {})


def capture(f: Json) -> Answer:
    """Item 10 of the summary: whether, and to whom; no quantity."""
    names = dict.fromkeys(t["counterpart"] for t in f["transfers"] if t["direction"] == "out")
    return yes_no(bool(names), {"zh": "、".join(names), "en": ", ".join(names)})


def transferred_quantities(f: Json) -> Answer:
    """Item 16(d)."""
    if not f["transfers"]:
        return not_applicable("没有接收或输出 CO2。", "No CO2 is received or delivered.")
    columns = (
        Column("transfer", "转移", "Transfer"), Column("direction", "方向", "Direction"), Column("amount", "数量", "Quantity", "t CO2"),
        Column("purpose", "目的", "Purpose"), Column("deducted", "扣减", "Deducted", "t CO2"), Column("added", "计入", "Added", "t CO2"),
    )  # fmt: skip
    rows = [
        {**t, "transfer": t["id"], "direction": DIRECTIONS[t["direction"]], "purpose": PURPOSES[t["purpose"]]} for t in f["transfers"]
    ]  # fmt: skip
    return table(columns, rows)


# -- item 17


def balance(f: Json) -> Answer:
    """Item 17: per process, what came from outside the installation, was produced, consumed, and left the process."""
    inside = {p["id"] for p in f["processes"]} | {u["id"] for u in f["heat_units"]}
    rows = [row for p in f["processes"] for carrier in CARRIERS if (row := _balance_row(p, carrier, inside))]
    rows += [
        {"process": u["id"], "carrier": CARRIERS[c][0], "imported": 0.0, "produced": u[c]["value"], "consumed": 0.0,
         "exported": u[c]["value"], "unit": CARRIERS[c][1]}
        for u in f["heat_units"] for c in ("heat", "electricity") if u[c]["value"]
    ]  # fmt: skip
    rows += [_whole(c) for c in f["balances"] if c["where"].startswith("/balances/")]
    if not rows:
        return not_applicable("没有热量、废气和电力流。", "There are no flows of heat, waste gas or electricity.")
    columns = (
        Column("process", "过程或供热单元", "Process or heat unit"), Column("carrier", "载体", "Carrier"), Column("imported", "输入（来自装置外）", "Imported from outside"),
        Column("produced", "生产", "Produced"), Column("consumed", "消耗", "Consumed"), Column("exported", "输出过程", "Exported"), Column("unit", "单位", "Unit"),
    )  # fmt: skip
    return table(columns, rows)


def _whole(closing: Json) -> Json:
    """A carrier over the whole installation, by the balance that its document gives."""
    supplied, used = closing["supplied"], closing["used"]
    came, left = supplied.get("from_outside", 0.0), used.get("to_outside", 0.0)
    return {
        "process": {"zh": "装置合计", "en": "The installation, total"}, "carrier": CARRIERS[closing["carrier"]][0], "imported": came,
        "produced": sum(supplied.values()) - came, "consumed": sum(used.values()) - left, "exported": left, "unit": closing["unit"],
    }  # fmt: skip


def _balance_row(process: Json, carrier: str, inside: set[str]) -> Json | None:
    out = "produced" if carrier == "electricity" else "exported"
    into = process["energy"][f"{carrier}_consumed" if carrier == "electricity" else f"{carrier}_imported"]
    left = process["energy"][f"{carrier}_{out}"]
    if not into and not left:
        return None
    own = {"own_generation"}
    return {
        "process": process["name"], "carrier": CARRIERS[carrier][0],
        "imported": sum(x["amount"] for x in into if x["with"] not in inside and x["source"] not in own),
        "produced": sum(x["amount"] for x in left), "consumed": sum(x["amount"] for x in into), "exported": sum(x["amount"] for x in left),
        "unit": CARRIERS[carrier][1],
    }  # fmt: skip
