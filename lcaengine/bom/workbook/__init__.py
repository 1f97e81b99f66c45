"""A bill of materials as a workbook, one sheet per section, and the template of a product category (docs/bom.md).

A sheet is the same table as the CSV (`lcaengine.bom.sheet`): `write_workbook` and `read_workbook` are inverse.
"""

from lcaengine.bom.workbook.reading import read_workbook
from lcaengine.bom.workbook.writing import write_workbook

__all__ = ["read_workbook", "write_workbook"]
