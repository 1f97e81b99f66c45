"""An installation from a file: our JSON, our workbook, or a filled communication template of the Commission."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lcaengine.bom.reading import json_document
from lcaengine.cbam.installation.model import Installation
from lcaengine.cbam.installation.reading import installation_of
from lcaengine.problems import Problem, Refused

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MEDIA_TYPES = ("application/json", XLSX)
TEMPLATE_SHEET = b"A_InstData"


@dataclass(frozen=True)
class FromFile:
    """The document behind a file; ``template`` is what the Commission's template says beside it, where it was one."""

    document: dict[str, Any]
    installation: Installation
    template: Mapping[str, Any] | None = None
    places: Mapping[str, str] = field(default_factory=dict)


def read_file(data: bytes, media_type: str = "") -> FromFile:
    """An installation from bytes; what they are is told by their first bytes. Raises `Refused`, in a workbook with cells."""
    if media_type == XLSX or data[:2] == b"PK":
        return _read_xlsx(data)
    document = json_document(data)
    return FromFile(document, installation_of(document))


def _read_xlsx(data: bytes) -> FromFile:
    """A workbook; problems found later in the document are told with their cells."""
    from lcaengine.cbam.template import read_template
    from lcaengine.cbam.workbook import read_workbook

    if _is_template(data):
        document, report = read_template(data)
        template, places = report.as_dict(), report.places
    else:
        document, places = read_workbook(data)
        template = None
    try:
        return FromFile(document, installation_of(document), template, places)
    except Refused as refused:
        raise type(refused)([Problem(p.code, located(p.where, places), p.values) for p in refused.problems]) from None


def _is_template(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            info = package.getinfo("xl/workbook.xml")
            return info.file_size < 1_000_000 and TEMPLATE_SHEET in package.read(info)
    except (zipfile.BadZipFile, KeyError, OSError, RuntimeError, NotImplementedError):
        return False


def located(where: str, places: Mapping[str, str]) -> str:
    """The cell of the longest known part of a JSON pointer, with the pointer."""
    path = where
    while path:
        if path in places:
            return f"{places[path]}  {where}"
        path = path.rpartition("/")[0]
    return where
