"""Footprints side by side: per the declared unit of the first, with the difference to it and what makes them not comparable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from lcaengine import units
from lcaengine.inventory.model import Warned
from lcaengine.problems import Problem
from lcaengine.units import Quantity

Answer = Mapping[str, Any]
NOTICE: Mapping[str, str] = {
    "zh": "仅供内部比较，不是比较性声明，也不得据此作比较性声明：ISO 14044 要求面向公众的比较性论断经鉴定性评审，ISO 14026 对足迹的比较性信息另有要求；此处均未核查。",
    "en": "For information within the organisation; no comparative claim, nor a basis for one. ISO 14044 asks for a critical review of a "
    "comparative assertion disclosed to the public, ISO 14026 sets conditions for comparative footprint communication; neither was checked here.",
}  # fmt: skip
ANOTHER_QUANTITY = frozenset({"compare_unit", "compare_boundary", "compare_indicator", "compare_gwp"})


def comparison(answers: Sequence[Answer]) -> dict[str, Any]:
    """Two or more answers beside the first, JSON-ready; an answer shared without its stages has none.

    There is no difference between what are not the same quantities (unit, boundary, indicator, GWP set); anything else that
    differs is said, and the difference given.
    """
    first = answers[0]
    items = [_compared(first, answer) for answer in answers]
    return {
        "declared_unit": first["declared_unit"],
        "unit": first["total"]["unit"],
        "comparable": all(item["comparable"] for item in items),
        "items": items,
        "stages": _stages(first, answers),
        "notice": dict(NOTICE),
    }


def _compared(first: Answer, answer: Answer) -> dict[str, Any]:
    reasons = list(_reasons(first, answer))
    factor = _factor(first, answer)
    value = None if factor is None else answer["total"]["value"] * factor
    base = first["total"]["value"]
    difference = None if value is None or ANOTHER_QUANTITY & {p.code for p in reasons} else value - base
    said = [Problem("compare_converted", "", _declared(first, answer))] if factor not in (None, 1.0) else []
    shown = {key: answer[key] for key in ("id", "product", "declared_unit", "boundary", "rule", "background", "total")}
    return {
        **shown, "value": value, "difference": difference,
        "relative": difference / abs(base) if difference is not None and base else None,
        "comparable": not reasons, "notices": [Warned(problem).as_dict() for problem in (*reasons, *said)],
        "depth": answer.get("depth"), "owner": answer.get("owner"),
    }  # fmt: skip


def _factor(first: Answer, answer: Answer) -> float | None:
    """From per declared unit of the answer to per that of the first; None where they measure different things."""
    wanted, given = Quantity(**first["declared_unit"]), Quantity(**answer["declared_unit"])
    if not units.same_dimension(wanted.unit, given.unit):
        return None
    return wanted.to(given.unit) / given.amount


def _reasons(first: Answer, answer: Answer) -> Iterator[Problem]:
    """What makes an answer not comparable to the first."""
    if _factor(first, answer) is None:
        yield Problem("compare_unit", "/declared_unit", _declared(first, answer))
    if first["boundary"] != answer["boundary"]:
        yield Problem("compare_boundary", "/boundary", _both(first, answer, "boundary"))
    if first["total"]["indicator"] != answer["total"]["indicator"]:
        yield Problem("compare_indicator", "/total/indicator", _both(first["total"], answer["total"], "indicator"))
    old, new = first["background"], answer["background"]
    if old.get("gwp") != new.get("gwp"):
        yield Problem("compare_gwp", "/background/gwp", _both(old, new, "gwp"))
    if old["id"] != new["id"]:
        yield Problem("compare_background", "/background", {"first": _release(old), "this": _release(new)})
    yield from _rule_reasons(first, answer)


def _rule_reasons(first: Answer, answer: Answer) -> Iterator[Problem]:
    old, new = first["rule"], answer["rule"]
    if old["id"] != new["id"]:
        yield Problem("compare_rule", "/rule/id", _both(old, new, "id"))
    elif (old["version"], old["sha256"]) != (new["version"], new["sha256"]):
        values = {"rule": old["id"], "first": _file(old), "this": _file(new)}
        yield Problem("compare_rule_version", "/rule/version", values)
    if (was := first["product"]["category"]) != (now := answer["product"]["category"]):
        yield Problem("compare_category", "/product/category", {"first": was, "this": now})


def _stages(first: Answer, answers: Sequence[Answer]) -> list[dict[str, Any]]:
    """Stages in the order in which they are met, each with a value per answer; null: none of its, or not shown."""
    names: dict[str, Mapping[str, str]] = {}
    columns: list[dict[str, float]] = []
    for answer in answers:
        factor, found = _factor(first, answer), answer.get("stages", [])
        names |= {s["stage"]: s["name"] for s in found if s["stage"] not in names}
        columns.append({s["stage"]: s["value"] * factor for s in found} if factor is not None else {})
    return [
        {"stage": stage, "name": name, "values": [column.get(stage) for column in columns]}
        for stage, name in names.items()
    ]


def _declared(first: Answer, answer: Answer) -> dict[str, str]:
    return {"first": str(Quantity(**first["declared_unit"])), "this": str(Quantity(**answer["declared_unit"]))}


def _both(first: Answer, answer: Answer, key: str) -> dict[str, str]:
    return {"first": str(first.get(key, "–")), "this": str(answer.get(key, "–"))}


def _release(background: Answer) -> str:
    return f"{background['name']} {background['version']} ({background['id'][:8]})"


def _file(rule: Answer) -> str:
    return f"{rule['version']} ({rule['sha256'][:8]})"
