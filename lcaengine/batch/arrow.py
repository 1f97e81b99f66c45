"""From Arrow tables to the rows of a part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.batch.rows import BOM, MISSING, NUMBERS, Column, Part

if TYPE_CHECKING:
    import pyarrow as pa


def part_of(table: pa.Table, row: int) -> Part:
    """The part that a table holds, its bills one after the other; ``row``: the place of its first row in the file."""
    columns = {name: column_of(table.column(name)) for name in table.column_names}
    bom = columns.pop(BOM)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(bom.codes)) + 1, [len(bom.codes)]))
    return Part(columns, [bom.text(int(start)) for start in starts[:-1]], starts, row)


def column_of(chunked: pa.ChunkedArray) -> Column:
    """A column of numbers as it is; of anything else as texts, each once, without blanks around; empty is missing."""
    import pyarrow as pa

    if pa.types.is_floating(chunked.type):
        array = chunked.combine_chunks()
        missing = np.asarray(array.is_null())
        values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return Column(np.where(missing, MISSING, 0).astype(np.int64), values=values)
    if not pa.types.is_dictionary(chunked.type):
        chunked = chunked.cast(pa.string()).dictionary_encode()
    array = chunked.unify_dictionaries().combine_chunks()
    return Column(*_stripped(array.indices.fill_null(MISSING).to_numpy(), array.dictionary.cast(pa.string()).to_pylist()))


def _stripped(codes: NDArray[Any], texts: list[str | None]) -> tuple[NDArray[np.int64], list[str]]:
    known: dict[str, int] = {}
    new = [MISSING if not (cell := (text or "").strip()) else known.setdefault(cell, len(known)) for text in texts]
    return np.array([*new, MISSING], dtype=np.int64)[codes], list(known)


def batches_of(table: pa.Table) -> Iterator[Part]:
    """For tests and small tables: all as one part."""
    yield part_of(table, 1)
