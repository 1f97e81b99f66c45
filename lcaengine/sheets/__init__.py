"""Spreadsheets: reading a workbook within limits, and writing tables that no program takes for formulas."""

MAX_BYTES = 8_000_000  # of a document or workbook that is read
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv"
