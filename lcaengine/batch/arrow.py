"""From Arrow tables to the rows of a part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lcaengine.batch.rows import BOM, MISSING, NUMBERS, Column, Part

if TYPE_CHECKING:
    import pyarrow as pa


def part_of(table: pa.Table, row: int) -> Part:
    """The part that a table holds, its bills one after the other; ``row``: the place of its first row in the file."""
    columns = {name: column_of(table.column(name), name in NUMBERS) for name in table.column_names}
    bom = columns.pop(BOM)
    starts = np.concatenate(([0], np.flatnonzero(np.diff(bom.codes)) + 1, [len(bom.codes)]))
    return Part(columns, [bom.text(int(start)) for start in starts[:-1]], starts, row)


def column_of(chunked: pa.ChunkedArray, numbers: bool = False) -> Column:
    """A column of amounts that holds numbers as it is; anything else as texts, each once, without blanks; empty is missing."""
    import pyarrow as pa

    kind = chunked.type
    if pa.types.is_null(kind):  # a column in which nothing was ever given
        chunked, kind = chunked.cast(pa.string()), pa.string()
    if numbers and (pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)):
        array = chunked.combine_chunks()
        missing = np.asarray(array.is_null())
        values = array.cast(pa.float64()).to_numpy(zero_copy_only=False)
        return Column(np.where(missing, MISSING, 0).astype(np.int32), values=values)
    if not pa.types.is_dictionary(kind):
        chunked = chunked.dictionary_encode()
    array = chunked.unify_dictionaries().combine_chunks()
    texts = [_text(value) for value in array.dictionary.to_pylist()]
    return Column(*_stripped(array.indices.fill_null(MISSING).to_numpy(), texts))


def _text(value: Any) -> str:
    """A value as a reader would write it: 2025.0 from a table without whole numbers is the year 2025."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return "" if value is None else str(value)


def _stripped(codes: NDArray[Any], texts: list[str]) -> tuple[NDArray[np.int32], list[str]]:
    known: dict[str, int] = {}
    new = [MISSING if not (cell := text.strip()) else known.setdefault(cell, len(known)) for text in texts]
    return np.array([*new, MISSING], dtype=np.int32)[codes], list(known)
