"""How a file is taken apart: ranges of whole bills, read one by one."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.batch.arrow import column_of, part_of
from lcaengine.batch.rows import BOM, Part
from lcaengine.batch.source import Source, canonical
from lcaengine.problems import Malformed, Problem

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 4_000_000  # of a part, at most, but for one large bill; the rule is run once per structure and part
DOCUMENTS = 1_000
TAIL = 0.1  # of a row group: less of it is read by pieces


@dataclass(frozen=True)
class Runs:
    """A range of runs, from the ``first`` of the file on; ``again`` and ``seconds`` as in `Plan`, counted from there."""

    first: int
    starts: NDArray[np.int64]
    again: list[int]
    seconds: dict[int, int]

    @property
    def count(self) -> int:
        return len(self.starts) - 1


@dataclass(frozen=True)
class Plan:
    """``starts`` (b + 1,): the first row of every run of rows of one bill; ``again``: runs whose bill has been before.

    ``seconds`` tells for a first run where its bill comes again.
    """

    starts: NDArray[np.int64]
    again: frozenset[int]
    seconds: dict[int, int]

    @property
    def bills(self) -> int:
        return len(self.starts) - 1 - len(self.again)

    def runs(self, start: int, stop: int) -> Runs:
        """What a worker has to know of a range."""
        again = [run - start for run in range(start, stop) if run in self.again] if self.again else []
        seconds = (
            {run - start: self.seconds[run] for run in range(start, stop) if run in self.seconds}
            if self.seconds
            else {}
        )
        return Runs(start, self.starts[start : stop + 1], again, seconds)

    def ranges(self, workers: int, documents: bool) -> list[tuple[int, int]]:
        """Ranges of runs: one per worker, more where the file is larger."""
        total, runs = int(self.starts[-1]), len(self.starts) - 1
        size = min(DOCUMENTS if documents else ROWS, max(1, -(-total // workers)))
        cuts = np.searchsorted(self.starts, np.arange(0, total, size))
        cuts = np.unique(np.concatenate((cuts, [runs])))
        return [(int(a), int(b)) for a, b in pairwise(cuts) if a < b]


def planned(source: Source) -> Plan:
    """Where the bills of a file begin, by its column ``bom`` alone; raises `Malformed`."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    name = _named(source, BOM)
    try:
        column = pq.read_table(source.path, columns=[name], read_dictionary=_texts(source, [name])).column(0)
        codes = column_of(column).codes
    except (pa.ArrowException, OSError, ValueError) as error:
        raise Malformed(Problem("unreadable_table", "", {"why": str(error)[:200]})) from error
    if source.documents:
        starts = np.arange(len(codes) + 1, dtype=np.int64)
    else:
        starts = np.concatenate(([0], np.flatnonzero(np.diff(codes)) + 1, [len(codes)])).astype(np.int64)
    return _repeats(codes[starts[:-1]], starts)


def _repeats(bills: NDArray[np.int32], starts: NDArray[np.int64]) -> Plan:
    _, first, where = np.unique(bills, return_index=True, return_inverse=True)
    again = np.flatnonzero(first[where] != np.arange(len(bills)))
    seconds: dict[int, int] = {}
    for run in again.tolist():
        seconds.setdefault(int(first[where[run]]), int(starts[run]))
    return Plan(starts, frozenset(again.tolist()), seconds)


def read_part(source: Source, start: int, stop: int) -> Part:
    """The rows of a range."""
    table = _read(source, start, stop)
    return part_of(table.rename_columns([canonical(name) for name in table.column_names]), source.first_row + start)


def read_documents(source: Source, start: int, stop: int) -> list[tuple[str, str]]:
    """Names and texts of whole documents."""
    table = _read(source, start, stop)
    return [(row["bom"], row["document"]) for row in table.to_pylist()]


def _read(source: Source, start: int, stop: int) -> pa.Table:
    """Rows of the row groups that hold them; of a group of which little is needed, only its beginning."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as plain:
        names = plain.schema_arrow.names
    with pq.ParquetFile(source.path, read_dictionary=_texts(source, names)) as file:
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.metadata.num_row_groups)]
        ends = np.cumsum(sizes)
        pieces, before = [], int(np.searchsorted(ends, start, side="right"))
        offset = start - (int(ends[before]) - sizes[before])
        need = offset + stop - start
        for group in range(before, len(sizes)):
            if need <= 0:
                break
            if need < TAIL * sizes[group]:
                pieces += list(_beginning(file, group, need))
            else:
                pieces.append(file.read_row_group(group))
            need -= sizes[group]
        return pa.concat_tables(pieces).slice(offset, stop - start)


def _beginning(file: Any, group: int, rows: int) -> Any:
    import pyarrow as pa

    for batch in file.iter_batches(batch_size=max(rows, 1), row_groups=[group]):
        yield pa.Table.from_batches([batch])
        return


def _named(source: Source, wanted: str) -> str:
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as file:
        names: list[str] = file.schema_arrow.names
    return next(name for name in names if canonical(name) == wanted)


def _texts(source: Source, names: list[str]) -> list[str]:
    """Columns of texts, which are read as dictionaries: most hold few different ones."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(source.path) as file:
        schema = file.schema_arrow
    return [
        n for n in names if pa.types.is_string(schema.field(n).type) or pa.types.is_large_string(schema.field(n).type)
    ]
