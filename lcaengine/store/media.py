"""What a file is, by its content: never by what its sender says. Allowed are the few kinds that evidence comes in."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
JSON, CSV, TEXT = "application/json", "text/csv", "text/plain"

EXTENSIONS: Mapping[str, tuple[str, ...]] = {
    PDF: ("pdf",), PNG: ("png",), JPEG: ("jpg", "jpeg"), XLSX: ("xlsx",), DOCX: ("docx",), JSON: ("json",), CSV: ("csv",),
    TEXT: ("txt", "md"),
}  # fmt: skip
_SIGNATURES = ((b"%PDF-", PDF), (b"\x89PNG\r\n\x1a\n", PNG), (b"\xff\xd8\xff", JPEG))
_OFFICE = (("xl/workbook.xml", XLSX), ("word/document.xml", DOCX))
_MACROS = ("vbaProject.bin", "vbaData.xml")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MAX_PARTS = 10_000


def sniffed(data: bytes, extension: str) -> str | None:
    """The media type of a file's content, None where it is none of those allowed.

    The extension only tells kinds of plain text apart, which no content can.
    """
    for signature, media_type in _SIGNATURES:
        if data.startswith(signature):
            return media_type
    if data.startswith(b"PK\x03\x04"):
        return _office(data)
    return _text(data, extension)


def _office(data: bytes) -> str | None:
    """A workbook or document of OOXML without macros; only the list of parts is read, nothing is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            parts = archive.namelist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, UnicodeDecodeError):
        return None
    if len(parts) > MAX_PARTS or "[Content_Types].xml" not in parts or any(p.endswith(_MACROS) for p in parts):
        return None
    return next((media_type for part, media_type in _OFFICE if part in parts), None)


def _text(data: bytes, extension: str) -> str | None:
    """UTF-8 without control characters; markup (HTML, SVG) is not evidence, and must never be shown by a browser."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    if not text.strip() or _CONTROL.search(text) or text.lstrip().startswith("<"):
        return None
    if extension == "json":
        return JSON if _is_json(text) else None
    return CSV if extension == "csv" else TEXT


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
