"""A document as one HTML file: nothing from elsewhere, no script, every text escaped by Jinja2."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from lcaengine.statements.layout import Document
from lcaengine.statements.view import document_view

TEMPLATES = Path(__file__).parent / "templates"


def render_html(document: Document, languages: Sequence[str]) -> str:
    """The page, with the signed JSON as a link to save where there is one."""
    attached = document.attachment
    encoded = None if attached is None else base64.b64encode(attached).decode("ascii")
    return _template().render(document_view(document, languages), attached=encoded)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )  # fmt: skip
    return environment.get_template("document.html.j2")
