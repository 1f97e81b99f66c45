"""What comes out: the tables of all parts as one, in any of the four formats; written aside and renamed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lcaengine.problems import Problem, Refused

if TYPE_CHECKING:
    import pyarrow as pa

FORMULA = r"^([=+\-@\t\r])"  # what a spreadsheet would calculate
SHEET_ROWS = 1_048_575
BATCH = 50_000


def joined(parts: list[Path], name: str, target: Path) -> int:
    """The tables of all parts below each other, in the order of the file, as Parquet; returns the number of rows."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = [part / f"{name}.parquet" for part in parts]
    schema = pa.unify_schemas([pq.read_schema(file) for file in files])
    rows, aside = 0, _aside(target)
    with pq.ParquetWriter(aside, schema, compression="zstd") as writer:
        for file in files:
            table = _with_all(pq.read_table(file), schema)
            rows += table.num_rows
            writer.write_table(table)
    os.replace(aside, target)
    return rows


def _with_all(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """A part has only the stages of its rules."""
    import pyarrow as pa

    return pa.table({
        field.name: table.column(field.name) if field.name in table.column_names else pa.nulls(table.num_rows, field.type)
        for field in schema
    }, schema=schema)  # fmt: skip


def converted(source: Path, form: str, target: Path) -> None:
    """A Parquet file in another format; raises `Refused` where a sheet has not as many rows."""
    if form == "parquet":
        raise AssertionError("it is Parquet")
    aside = _aside(target)
    try:
        {"ndjson": _ndjson, "csv": _csv, "xlsx": _xlsx}[form](source, aside)
        os.replace(aside, target)
    finally:
        aside.unlink(missing_ok=True)


def _aside(target: Path) -> Path:
    return target.with_name(f".{target.name}.{os.getpid()}")


def _tables(source: Path) -> Iterator[pa.Table]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source) as file:
        yield file.schema_arrow.empty_table()
        for batch in file.iter_batches(batch_size=BATCH):
            yield pa.Table.from_batches([batch])


def _ndjson(source: Path, target: Path) -> None:
    with target.open("w", encoding="utf-8", newline="\n") as out:
        for table in _tables(source):
            out.writelines(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in table.to_pylist())


def _csv(source: Path, target: Path) -> None:
    """With the byte-order mark that Excel asks for; no cell begins like a formula."""
    from pyarrow import csv

    with target.open("wb") as out:
        out.write(b"\xef\xbb\xbf")
        for i, table in enumerate(_tables(source)):
            csv.write_csv(_harmless(table), out, csv.WriteOptions(include_header=i == 0, quoting_style="needed"))


def _harmless(table: pa.Table) -> pa.Table:
    import pyarrow as pa
    import pyarrow.compute as pc

    for i, field in enumerate(table.schema):
        if pa.types.is_string(field.type):
            table = table.set_column(i, field.name, pc.replace_substring_regex(table.column(i), FORMULA, r"'\1"))
    return table


def _xlsx(source: Path, target: Path) -> None:
    import pyarrow.parquet as pq
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    if (rows := pq.read_metadata(source).num_rows) > SHEET_ROWS:
        raise Refused(Problem("batch_sheet_rows", "", {"rows": rows, "limit": SHEET_ROWS}))
    book = Workbook(write_only=True)
    sheet = book.create_sheet(source.stem)
    sheet.freeze_panes = "B2"

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, "".join(c for c in value if c >= " " or c in "\t\n\r"))
        made.data_type = "s"  # a text stays one, also where it begins like a formula
        made.quotePrefix = value[:1] in ("=", "+", "-", "@", "\t", "\r")
        return made

    for i, table in enumerate(_tables(source)):
        if i == 0:
            _headings(sheet, table.column_names, cell)
        for row in zip(*(column.to_pylist() for column in table.columns), strict=True):
            sheet.append([cell(value) for value in row])
    book.save(target)


def _headings(sheet: Any, names: list[str], cell: Callable[[Any], Any]) -> None:
    """Bold names over columns wide enough for them; of a write-only sheet this has to be said before the first row."""
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for number, name in enumerate(names, 1):
        sheet.column_dimensions[get_column_letter(number)].width = max(14, min(len(name) + 3, 40))
    made = [cell(name) for name in names]
    for heading in made:
        heading.font = Font(name="Calibri", size=11, bold=True)
    sheet.append(made)
