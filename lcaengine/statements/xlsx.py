"""Statements and operators' reports as XLSX: live formulas from the lines to the total, each with its value of today."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lcaengine.statements.xlsx_book import Book
from lcaengine.statements.xlsx_numbers import Languages
from lcaengine.statements.xlsx_report import write_report
from lcaengine.statements.xlsx_statement import write_statement


def statement_xlsx(body: Mapping[str, Any], language: Languages) -> bytes:
    """A statement as a workbook: Summary, Stages, Lines, Gases, Assumptions, CBAM, Provenance, Checklist.

    A stage is SUMIFS over the lines and the total the SUM of the stages; where lines are not disclosed the stages are figures.
    Equal bodies give equal bytes. Raises `Refused` (``statement_sums``) where lines, stages and total do not add up.
    """
    book = Book(language, int(body["total"].get("digits") or 3))
    write_statement(book, body)
    return book.close()


def report_xlsx(report: Mapping[str, Any], language: Languages) -> bytes:
    """The operator's report as a workbook: Report (every item with its status), Tables, Facts."""
    book = Book(language)
    write_report(book, report)
    return book.close()
