"""A signed statement, or an operator's report, in the form that is asked for: JSON, PDF, XLSX or HTML."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from lcaengine.problems import Problem, Refused

Json = Mapping[str, Any]
MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
}


def form_of(name: str) -> str:
    """The form that a file's name asks for; raises `Refused`."""
    form = name.rpartition(".")[2].lower()
    if form not in MEDIA_TYPES:
        raise Refused(Problem("statement_form", "--out", {"form": form, "known": list(MEDIA_TYPES)}))
    return form


def statement_as(form: str, signed: Json, languages: Sequence[str]) -> bytes:
    """A signed statement as bytes; a PDF and a page carry the signed file, a workbook carries the body's figures.

    Raises `Refused` for a form that there is not, and as `render_pdf`.
    """
    from lcaengine.statements.document import statement_document
    from lcaengine.statements.signing import canonical

    if form == "json":
        return canonical(dict(signed))
    if form == "xlsx":
        from lcaengine.statements.xlsx import statement_xlsx

        return statement_xlsx(signed["statement"], _language(languages))
    document = statement_document(signed["statement"], languages, canonical(dict(signed)))
    return rendered(form, document, languages)


def report_as(form: str, report: Json, languages: Sequence[str]) -> bytes:
    """An operator's report of Annex IV as bytes; raises as `statement_as`."""
    if form == "json":
        return json.dumps(report, ensure_ascii=False, indent=2).encode()
    if form == "xlsx":
        from lcaengine.statements.xlsx import report_xlsx

        return report_xlsx(report, _language(languages))
    from lcaengine.statements.report_document import report_document

    return rendered(form, report_document(report, languages), languages)


def rendered(form: str, document: Any, languages: Sequence[str]) -> bytes:
    """A document as PDF or page; raises `Refused` for another form."""
    if form == "pdf":
        from lcaengine.statements.pdf import render_pdf

        return render_pdf(document, languages)
    if form == "html":
        from lcaengine.statements.html import render_html

        return render_html(document, languages).encode()
    raise Refused(Problem("statement_form", "", {"form": form, "known": list(MEDIA_TYPES)}))


def _language(languages: Sequence[str]) -> Any:
    return "both" if len(languages) > 1 else languages[0]
