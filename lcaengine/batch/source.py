"""What comes in: Parquet, NDJSON, CSV or XLSX, one line of a bill of materials per row (docs/batch.md).

A Parquet file is used as it stands. The other forms are brought to one first, row by row, so that everything behind reads Parquet
and no file is held in memory. A file of which no part can be trusted (unknown columns, broken JSON, a workbook that unpacks to too
much) is refused as a whole; everything smaller is an error of its bill.
"""

from __future__ import annotations

import csv
import json
import warnings
import zipfile
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lcaengine.batch.rows import BOM, SPILLED
from lcaengine.bom.reading import json_document
from lcaengine.bom.sheet import COLUMNS, column_name
from lcaengine.problems import Malformed, Problem, Refused, TooLarge
from lcaengine.sheets import MAX_BYTES as MAX_DOCUMENT

if TYPE_CHECKING:
    pass

FORMATS = ("parquet", "ndjson", "csv", "xlsx")
MEDIA_TYPES = {
    "application/vnd.apache.parquet": "parquet", "application/x-ndjson": "ndjson", "application/jsonl": "ndjson",
    "text/csv": "csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}  # fmt: skip
SUFFIXES = {
    ".parquet": "parquet", ".pq": "parquet", ".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".xlsx": "xlsx",
}  # fmt: skip
BOM_NAMES = frozenset({"bom", "物料清单", "bom编号", "清单编号"})
DOCUMENT = "document"
MAX_ROWS = 100_000_000
MAX_GROUP_ROWS = 10_000_000  # of a row group, which a worker reads at once
MAX_UNPACKED = 20_000_000_000
MAX_SHEET_UNPACKED = 2_000_000_000
MAX_PARTS = 1000
STAGED_ROWS = 100_000

Row = Sequence[str | None]


@dataclass(frozen=True)
class Source:
    """A Parquet file of rows, or of whole documents; ``first_row``: the place of its first row in what was given."""

    path: Path
    first_row: int
    documents: bool = False


def format_of(name: str) -> str:
    """The format of a file by its name; raises `Malformed`."""
    found = SUFFIXES.get(Path(name).suffix.lower())
    if found is None:
        raise Malformed(Problem("batch_format", "", {"value": Path(name).suffix or name, "known": list(FORMATS)}))
    return found


def prepared(file: Path, form: str, folder: Path) -> Source:
    """What a batch reads: the file itself, or a Parquet file of the same rows in the folder; raises `Refused`."""
    arrow()
    if form == "parquet":
        _check_parquet(file)
        return Source(file, 1)
    target = folder / "rows.parquet"
    try:
        if form == "ndjson":
            return _staged_json(file, target)
        with closing(_csv_rows(file) if form == "csv" else _sheet_rows(file)) as rows:
            return _staged(rows, target)
    except OSError as error:
        raise Malformed(Problem("unreadable_table", "", {"why": str(error)})) from error


def arrow() -> Any:
    """pyarrow, which only batches need; raises `Refused` with what to install."""
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise Refused(Problem("batch_extra", "", {"package": "pyarrow"})) from error
    return pyarrow


# -- Parquet


def _check_parquet(file: Path) -> None:
    """Columns, types and sizes as the file's own directory has them, before a row is read."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            meta, schema = parquet.metadata, parquet.schema_arrow
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Malformed(Problem("unreadable_table", "", {"why": str(error)[:200]})) from error
    _check_columns(schema.names)
    plain = (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary, pa.types.is_integer, pa.types.is_floating,
             pa.types.is_decimal, pa.types.is_date, pa.types.is_null)  # fmt: skip
    for field in schema:
        if not any(test(field.type) for test in plain):
            raise Malformed(Problem("batch_column_type", "", {"column": field.name, "type": str(field.type)}))
    groups = [meta.row_group(i) for i in range(meta.num_row_groups)]
    unpacked = sum(group.total_byte_size for group in groups)
    if meta.num_rows > MAX_ROWS or unpacked > MAX_UNPACKED or any(g.num_rows > MAX_GROUP_ROWS for g in groups):
        values = {
            "rows": meta.num_rows,
            "bytes": unpacked,
            "most": MAX_ROWS,
            "limit": MAX_UNPACKED,
            "group": MAX_GROUP_ROWS,
        }
        raise TooLarge(Problem("batch_too_large", "", values))
    if not meta.num_rows:
        raise Malformed(Problem("empty_table", ""))


def canonical(name: str) -> str:
    """The English name of a heading; ``bom`` for the column that names the bill."""
    return BOM if name.strip().lower() in BOM_NAMES else column_name(name)


def _check_columns(names: Sequence[str]) -> None:
    found = [canonical(name) for name in names]
    problems = [
        Problem("unknown_column", f"column {i + 1}", {"column": name})
        for i, name in enumerate(found)
        if name not in COLUMNS and name != BOM
    ]
    problems += [
        Problem("duplicate_key", f"column {i + 1}", {"key": name, "first": f"column {found.index(name) + 1}"})
        for i, name in enumerate(found)
        if name in found[:i]
    ]
    if "section" not in found:
        problems.append(Problem("no_section_column", ""))
    if BOM not in found:
        problems.append(Problem("no_bom_column", ""))
    if problems:
        raise Malformed(problems)


# -- tables of text


def _csv_rows(file: Path) -> Generator[Row]:
    """UTF-8 with or without a byte-order mark, or GB18030."""
    with file.open(encoding=_encoding(file), newline="") as text:
        try:
            yield from csv.reader(text, strict=True)
        except (csv.Error, UnicodeDecodeError) as error:
            raise Malformed(Problem("unreadable_table", "", {"why": str(error)})) from error


def _encoding(file: Path) -> str:
    """The first of both in which all of a file can be read."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            with file.open(encoding=encoding) as text:
                while block := text.read(1 << 20):
                    if "\0" in block:  # UTF-16 without its mark
                        raise Malformed(Problem("not_utf8", "", {"encodings": "utf-8, gb18030"}))
            return encoding
        except UnicodeDecodeError:
            continue
    raise Malformed(Problem("not_utf8", "", {"encodings": "utf-8, gb18030"}))


def _sheet_rows(file: Path) -> Generator[Row]:
    from openpyxl import load_workbook

    _check_workbook(file)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of parts that it skips
            book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
            try:
                for row in book.worksheets[0].iter_rows(values_only=True):
                    yield [_cell(value) for value in row]
            finally:
                book.close()
    except Refused:
        raise
    except Exception as error:  # anything may be wrong in a file that only looks like one
        raise Malformed(
            Problem("unreadable_table", "", {"why": f"{type(error).__name__}: {str(error)[:120]}"})
        ) from error


def _check_workbook(file: Path) -> None:
    """What a workbook unpacks to, and that it declares no entities, before anything is parsed."""
    try:
        with zipfile.ZipFile(file) as package:
            parts = package.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MAX_PARTS or unpacked > MAX_SHEET_UNPACKED:
                values = {
                    "rows": 0,
                    "bytes": unpacked,
                    "most": MAX_ROWS,
                    "limit": MAX_SHEET_UNPACKED,
                    "group": MAX_GROUP_ROWS,
                }
                raise TooLarge(Problem("batch_too_large", "", values))
            for part in parts:
                if part.filename.lower().endswith((".xml", ".rels")):
                    with package.open(part) as content:
                        if b"<!DOCTYPE" in content.read(4096):
                            raise Malformed(Problem("unreadable_table", "", {"why": "DOCTYPE"}))
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as error:
        raise Malformed(
            Problem("unreadable_table", "", {"why": f"{type(error).__name__}: {str(error)[:120]}"})
        ) from error


def _cell(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return None if value is None else str(value)


def _staged(rows: Iterator[Row], target: Path) -> Source:
    """Rows below their heading as a Parquet file; cells beyond it are kept, to be an error of their bill."""
    place, header = 0, None
    for place, row in enumerate(rows, 1):  # noqa: B007 (the place of the heading)
        if any((cell or "").strip() for cell in row):
            header = [(cell or "").strip() for cell in row]
            break
    if header is None:
        raise Malformed(Problem("empty_table", ""))
    while header and not header[-1]:
        header.pop()
    _check_columns(header)
    names = [canonical(name) for name in header]
    width = len(names)

    def records() -> Iterator[Row]:
        for row in rows:
            cells = [cell or None for cell in row[:width]]
            spilled = ",".join(cell for cell in row[width:] if cell and cell.strip())
            yield [*cells, *[None] * (width - len(cells)), spilled or None]

    _write(records(), [*names, SPILLED], target)
    return Source(target, place + 1)


def _write(records: Iterable[Row], names: Sequence[str], target: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, pa.string()) for name in names])
    count, aside = 0, target.with_suffix(".aside")
    with pq.ParquetWriter(aside, schema) as writer:
        for block in _blocks(records):
            count += len(block)
            if count > MAX_ROWS:
                values = {"rows": count, "bytes": 0, "most": MAX_ROWS, "limit": MAX_UNPACKED, "group": MAX_GROUP_ROWS}
                raise TooLarge(Problem("batch_too_large", "", values))
            try:
                writer.write_table(
                    pa.table([pa.array(column, pa.string()) for column in zip(*block, strict=True)], schema=schema)
                )
            except UnicodeEncodeError as error:
                raise Malformed(Problem("half_character", "", {"value": repr(error.object[error.start])})) from error
    if not count:
        raise Malformed(Problem("empty_table", ""))
    aside.replace(target)


def _blocks(records: Iterable[Row]) -> Iterator[list[Row]]:
    block: list[Row] = []
    for record in records:
        block.append(record)
        if len(block) == STAGED_ROWS:
            yield block
            block = []
    if block:
        yield block


# -- NDJSON


def _staged_json(file: Path, target: Path) -> Source:
    """Rows, or whole bills of materials, one per line; the first line says which."""
    with file.open("rb") as lines:
        first = next((line for line in lines if line.strip()), None)
    if first is None:
        raise Malformed(Problem("empty_table", ""))
    if "product" in _object(first, 1):
        _write(_documents(file), [BOM, DOCUMENT], target)
        return Source(target, 1, documents=True)
    names = list(dict.fromkeys(name for record in _objects(file) for name in record))
    _check_columns(names)
    _write(
        ([_json_cell(record.get(name)) for name in names] for record in _objects(file)),
        [*map(canonical, names)],
        target,
    )
    return Source(target, 1)


def _lines(file: Path) -> Iterator[tuple[int, bytes]]:
    with file.open("rb") as data:
        number = 0
        while line := data.readline(MAX_DOCUMENT + 2):
            number += 1
            if len(line) > MAX_DOCUMENT + 1:
                raise TooLarge(Problem("too_large", f"line {number}", {"bytes": len(line), "limit": MAX_DOCUMENT}))
            yield number, line


def _objects(file: Path) -> Iterator[dict[str, Any]]:
    """Every line's object; an empty line is a row without cells, so that places hold."""
    return (_object(line, number) if line.strip() else {} for number, line in _lines(file))


def _object(line: bytes, number: int) -> dict[str, Any]:
    try:
        return json_document(line)
    except Refused as refused:
        raise type(refused)([Problem(p.code, f"line {number}", p.values) for p in refused.problems]) from None


def _documents(file: Path) -> Iterator[Row]:
    """Name and text of every bill; one that cannot be read has its line for a name, and is told of when it is its turn."""
    for number, line in _lines(file):
        if line.strip():
            try:
                document = json_document(line)
                name = document.get("bom") or document.get("product", {}).get("id")
            except (Refused, AttributeError):
                name = None
            yield [
                name if isinstance(name, str) and name else f"line {number}",
                line.decode("utf-8", "replace").strip(),
            ]


def _json_cell(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, (dict, list, bool)) else repr(value)
