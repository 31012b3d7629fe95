"""Parquet and Feather files, whose columns have types."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from kansr.data.column import Column, ColumnReader
from kansr.data.delimited import MOST_CELLS
from kansr.data.names import unique_names
from kansr.data.source import Source, foreign_parser
from kansr.data.table import Table, Wish
from kansr.errors import DataError

__all__ = ["read_arrow"]

_INDEX = re.compile(r"__index_level_\d+__")
_ROWS = 100_000
_PER_DAY = {"day": 1.0, "s": 86_400.0, "ms": 86_400e3, "us": 86_400e6, "ns": 86_400e9}
_FIRST_DAY, _LAST_DAY = (each.toordinal() - date(1970, 1, 1).toordinal() for each in (date.min, date.max))


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
        texts: list[list[pd.Series[str]]] = [[] for _ in usable]
        beyond: Counter[int] = Counter()
        for batch in batches:
            for reader, written, i in zip(readers, texts, usable, strict=True):
                values = _decoded(batch.column(i))
                _add(reader, values)
                beyond[i] += _beyond(values)
                if wish.written(schema[i].name) and not pa.types.is_floating(values.type):
                    written.append(_texts(values))
    if not usable or not rows:
        raise DataError(f"{source.label}: no rows of numbers", "a table needs columns of numbers")
    given = [schema[i].name for i in usable]
    names, renamed = unique_names(["" if _INDEX.fullmatch(name) else name for name in given], source.label)
    columns = {
        name: _column(wish, name, reader, written) for name, reader, written in zip(names, readers, texts, strict=True)
    }
    left = [f"column {field.name!r} left out: {field.type}" for field in schema if not _is_usable(field.type)]
    far = [
        f"column {schema[i].name!r}: {count:,} dates beyond the years 1 to 9999 taken for missing"
        for i, count in beyond.items()
        if count
    ]
    return Table(
        label=source.label,
        name="",
        columns=columns,
        lines=np.arange(1, rows + 1),
        unit="row",
        unnamed=frozenset(name for name, old in zip(names, given, strict=True) if not old or _INDEX.fullmatch(old)),
        notes=(*renamed, *left, *far),
        sha256="",
    )


def _column(wish: Wish, name: str, reader: ColumnReader, texts: list[pd.Series[str]]) -> Column:
    """A column as it is wanted; its values are the same with and without texts."""
    if not texts:
        return wish.column(name, reader, ".")
    written = pd.concat(texts, ignore_index=True)
    if wish.understood(name):
        return replace(wish.column(name, reader, "."), texts=written)
    as_text = ColumnReader()
    as_text.add(written)
    return as_text.text()


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
    more = (pa.types.is_timestamp, pa.types.is_date, pa.types.is_null)
    return any(test(kind) for test in (*tests, *more)) or _is_text(kind)


def _is_text(kind: pa.DataType) -> bool:
    is_view = getattr(pa.types, "is_string_view", None)  # since pyarrow 16
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or (is_view is not None and is_view(kind))


def _decoded(values: pa.Array) -> pa.Array:
    return values.dictionary_decode() if pa.types.is_dictionary(values.type) else values


def _add(reader: ColumnReader, values: pa.Array) -> None:
    kind = values.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        reader.add_days(_days(values))
    elif pa.types.is_integer(kind) and not values.null_count:
        reader.add(pd.Series(values.to_numpy(zero_copy_only=False)))
    elif pa.types.is_integer(kind) and values.null_count < len(values):
        reader.add(pd.Series(pd.arrays.ArrowExtensionArray(values)))
    elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        reader.add(pd.Series(pc.cast(values, pa.float64(), safe=False).to_numpy(zero_copy_only=False)))
    elif pa.types.is_null(kind):
        reader.add(pd.Series(np.full(len(values), np.nan)))
    else:
        reader.add(_texts(values))


def _beyond(values: pa.Array) -> int:
    """Number of dates that no calendar here has."""
    if not (pa.types.is_timestamp(values.type) or pa.types.is_date(values.type)):
        return 0
    return int(np.isnan(_days(values)).sum()) - int(values.null_count)


def _texts(values: pa.Array) -> pd.Series[str]:
    return pd.Series(pc.cast(values, pa.string()).to_pandas(), dtype="str")


def _days(values: pa.Array) -> NDArray[np.float64]:
    """Days since 1970, without a detour over a unit that may be too fine; NaN beyond the years that a date has."""
    unit = "day" if pa.types.is_date32(values.type) else "ms" if pa.types.is_date64(values.type) else values.type.unit
    counts = values.cast(pa.int32()).cast(pa.int64()) if unit == "day" else values.cast(pa.int64())
    days = counts.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False) / _PER_DAY[unit]
    return np.where((days >= _FIRST_DAY) & (days < _LAST_DAY + 1), days, np.nan)
