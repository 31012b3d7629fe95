"""Parquet and Feather files, whose columns have types."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from kansr.data.column import Column, ColumnReader
from kansr.data.delimited import MOST_CELLS
from kansr.data.names import unique_names
from kansr.data.source import Source, foreign_parser
from kansr.data.table import Table, Wish
from kansr.errors import DataError

__all__ = ["read_arrow"]

_INDEX = re.compile(r"__index_level_\d+__")
_ROWS = 100_000


def read_arrow(source: Source, wish: Wish) -> Table:
    """Reads all columns that can hold numbers, dates or texts.

    Args:
        source: The opened file.
        wish: What is wanted of the columns.

    Raises:
        DataError: If the file is damaged, too large, or has no such column or no row.
    """
    with foreign_parser(source.label, f"{source.kind} file"):
        schema, rows, batches = _opened(source)
        _check_size(source.label, rows, len(schema))
        usable = [i for i, field in enumerate(schema) if _is_usable(field.type)]
        readers = [ColumnReader() for _ in usable]
        for batch in batches:
            for reader, i in zip(readers, usable, strict=True):
                _add(reader, batch.column(i), keep_texts=wish.written(schema[i].name))
    if not usable or not rows:
        raise DataError(f"{source.label}: no rows of numbers", "a table needs columns of numbers")
    written = [schema[i].name for i in usable]
    names, renamed = unique_names(["" if _INDEX.fullmatch(name) else name for name in written], source.label)
    columns: dict[str, Column] = {
        name: wish.column(name, reader, ".") for name, reader in zip(names, readers, strict=True)
    }
    left = [f"column {field.name!r} left out: {field.type}" for field in schema if not _is_usable(field.type)]
    return Table(
        label=source.label,
        name="",
        columns=columns,
        lines=np.arange(1, rows + 1),
        unit="row",
        unnamed=frozenset(name for name, old in zip(names, written, strict=True) if not old or _INDEX.fullmatch(old)),
        notes=(*renamed, *left),
        sha256="",
    )


def _opened(source: Source) -> tuple[pa.Schema, int, Iterator[pa.RecordBatch]]:
    if source.kind == "parquet":
        file = pq.ParquetFile(source.stream)
        return file.schema_arrow, file.metadata.num_rows, file.iter_batches(_ROWS)
    reader = pa.ipc.open_file(source.stream)
    batches = (reader.get_batch(i) for i in range(reader.num_record_batches))
    return reader.schema, sum(reader.get_batch(i).num_rows for i in range(reader.num_record_batches)), batches


def _check_size(label: str, rows: int, width: int) -> None:
    if rows * width > MOST_CELLS:
        message = f"{label}: {rows:,} rows of {width} columns"
        raise DataError(message, f"at most {MOST_CELLS:,} cells fit: a sample of the rows gives the same law")


def _is_usable(kind: pa.DataType) -> bool:
    if pa.types.is_dictionary(kind):
        return _is_usable(kind.value_type)
    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_decimal, pa.types.is_boolean)
    more = (pa.types.is_timestamp, pa.types.is_date, pa.types.is_string, pa.types.is_large_string, pa.types.is_null)
    return any(test(kind) for test in (*tests, *more))


def _add(reader: ColumnReader, values: pa.Array, keep_texts: bool) -> None:
    if pa.types.is_dictionary(values.type):
        values = values.dictionary_decode()
    kind = values.type
    if keep_texts and not pa.types.is_floating(kind):
        reader.add(pd.Series(pc.cast(values, pa.string()).to_pandas(), dtype="str"))
    elif pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        moments = pc.cast(values, pa.timestamp("us"), safe=False)
        days = pc.divide(pc.cast(pc.cast(moments, pa.int64()), pa.float64()), 86_400e6)
        reader.add_days(days.to_numpy(zero_copy_only=False))
    elif pa.types.is_integer(kind) and not values.null_count:
        reader.add(pd.Series(values.to_numpy(zero_copy_only=False)))
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        reader.add(pd.Series(pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)))
    elif pa.types.is_null(kind):
        reader.add(pd.Series(np.full(len(values), np.nan)))
    else:
        reader.add(pd.Series(pc.cast(values, pa.string()).to_pandas(), dtype="str"))
