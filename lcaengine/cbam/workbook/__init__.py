"""The installation document as a workbook, and back (docs/cbam/installation.md).

One sheet a section; what stands where is in ``workbook.toml``. Writing and reading are inverse: what has no place in the
workbook is refused, not dropped. Empty objects, empty lists and null say nothing and are not kept; a name that is the
same in both languages is one text; texts lose blanks at their ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcaengine.problems import Language


def write_workbook(document: Mapping[str, Any] | None = None, language: Language = "zh") -> bytes:
    """XLSX bytes of a document, or of the empty workbook; ``language`` is that of tabs, help and guide, headers have both.

    Raises `Refused` where something of the document has no cell, or a text no form in a spreadsheet.
    """
    from lcaengine.cbam.workbook.writing import written

    return written(document or {}, language)


def read_workbook(data: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    """The document in a workbook, and the cell of every JSON pointer: ``/processes/0/category`` → ``Processes!G5``.

    Only the shape of the workbook is checked here; the document is checked by `installation_of`. Raises `Malformed` for
    what is no such workbook, `TooLarge`, and `Refused` with every cell that cannot be read.
    """
    from lcaengine.cbam.workbook.reading import read_cells

    assembly = read_cells(data)
    return assembly.document, assembly.places
