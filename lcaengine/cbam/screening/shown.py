"""A code as a screening shows it: its heading, what Annex I says of it, what the proposal says of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from lcaengine.cbam.screening.answer import categories, emissions
from lcaengine.cbam.screening.scope import Extension, Scope, extension_of, shown
from lcaengine.cbam.screening.texts import Text, said
from lcaengine.cbam.tables import Good, Proposed, tables

Json = dict[str, Any]


def heading(code: str) -> Text | None:
    """The name of the code's heading, where the tables have one."""
    found = tables().headings.get(code[:4])
    return {"zh": found.name_zh, "en": found.name_en} if found else None


def described(code: str, text: str) -> Text:
    """The act's words; in Chinese after our name of the heading, since the acts are not in Chinese."""
    name = heading(code)
    return {"zh": f"{name['zh']}（原文：{text}）" if name else text, "en": text}


def coded(scope: Scope, on: date) -> Json:
    """A code with what Annex I and the proposal say of it."""
    extension = extension_of(scope.code, on)
    nowhere = scope.status == "out" and extension.status == "no"
    return {
        "code": scope.code,
        "code_shown": shown(scope.code),
        "heading": heading(scope.code),
        "annex_i": _annex_i(scope),
        "proposal": _proposal(extension),
        "listed_nowhere": said("nowhere") if nowhere else None,
    }


def _annex_i(scope: Scope) -> Json:
    body: Json = {"status": scope.status, "label": said(scope.status)}
    if not scope.goods:
        return body
    first, known = scope.goods[0], tables()
    sector = known.sectors[first.sector]
    return body | {
        "sector": {"id": first.sector, "name": {"zh": sector.name_zh, "en": sector.name_en}},
        "categories": list(scope.categories),
        "category": categories(scope),
        "gases": sorted({gas for good in scope.goods for gas in good.gases}),
        "emissions": {"id": emissions(scope), "name": said(emissions(scope))},
        "goods": [_good(good) for good in scope.goods],
        **_source(first),
    }


def _good(good: Good) -> Json:
    return {
        "cn_code": good.cn_code,
        "description": described(good.cn_code, good.description),
        "condition": said("condition", condition=good.ex) if good.ex else None,
    }


def _proposal(extension: Extension) -> Json:
    status = "proposed_depends" if extension.status == "depends" else extension.status
    return {
        "status": extension.status,
        "label": said(status),
        "law": False,
        "rows": [_proposed(row) for row in extension.rows],
    }


def _proposed(row: Proposed) -> Json:
    return {
        "cn_code": row.cn_code,
        "table": row.table,
        "ex": row.ex,
        "description": described(row.cn_code, row.description),
        "excludes": list(row.excludes),
        "proposed_from": row.proposed_from.isoformat(),
        **_source(row),
    }


def _source(row: Good | Proposed) -> Json:
    return {"act": row.act, "annex": row.annex, "state": row.state}
