"""A document as PDF on A4, set by Typst: PDF/A-3a and PDF/UA-1, fonts embedded, outline, charts as vectors, the signed JSON attached.

Data reach Typst as JSON in `sys.inputs`, never as source. A glyph that no font has, a font that is missing and every
warning of Typst are errors.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lcaengine.problems import Problem, Refused
from lcaengine.statements import fonts
from lcaengine.statements.layout import Document
from lcaengine.statements.view import ATTACHMENT, document_view

TEMPLATES = Path(__file__).parent / "templates"
STANDARDS: list[Any] = ["a-3a", "ua-1"]  # kept for years, read aloud; both refuse a glyph that is missing


def render_pdf(document: Document, languages: Sequence[str]) -> bytes:
    """The PDF; the same document gives the same bytes where it says when it was issued.

    Raises `Refused`: ``statement_no_font``, ``statement_no_typesetter``, ``statement_not_typeset``.
    """
    available = fonts.loaded()
    view = document_view(document, languages)
    view["fonts"] = {"latin": fonts.LATIN, "chinese": fonts.CHINESE, "others": fonts.other_families()}
    view["date"] = _date(document.issued)
    inputs = {"data": json.dumps(view, ensure_ascii=False)}
    if document.attachment is not None:
        inputs["attachment"] = document.attachment.decode("utf-8")
    return typeset(TEMPLATES / "document.typ", inputs, available)


def typeset(template: Path, inputs: dict[str, str], available: Any) -> bytes:
    """What Typst makes of a template; raises `Refused` for its errors and its warnings."""
    import typst

    try:
        pdf, warnings = typst.compile_with_warnings(
            input=template, root=template.parent, font_paths=available, ignore_system_fonts=True, format="pdf",
            sys_inputs=inputs, pdf_standards=STANDARDS,
        )  # fmt: skip
    except typst.TypstError as error:
        raise Refused(_problem(error.message)) from error
    if warnings:
        raise Refused(_problem(warning.message) for warning in warnings)
    return bytes(pdf)


def attachment_of(pdf: bytes) -> bytes | None:
    """The signed JSON in a PDF of ours; None where there is none. Raises pypdf's errors for what is no PDF."""
    from pypdf import PdfReader

    found = PdfReader(io.BytesIO(pdf)).attachments.get(ATTACHMENT)
    return bytes(found[0]) if found else None


def _problem(message: str) -> Problem:
    unknown = "unknown font family: "
    if message.startswith(unknown):
        return Problem("statement_no_font", "", {"font": message.removeprefix(unknown)})
    return Problem("statement_not_typeset", "", {"message": message})


def _date(issued: str | None) -> dict[str, int] | None:
    """The time of issue in UTC as Typst wants it."""
    if issued is None:
        return None
    time = datetime.fromisoformat(issued)
    utc = time.astimezone(UTC) if time.tzinfo else time
    return {part: getattr(utc, part) for part in ("year", "month", "day", "hour", "minute", "second")}
