"""Columns of vectors in Parquet and Arrow files, read and written by pyarrow."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import DatasetError
from vecq.datasets.paths import require

PARQUET = (".parquet", ".pq")
SUFFIXES = (*PARQUET, ".arrow", ".feather")
COLUMN = "vector"


def read_arrow(path: Path, column: str | None = None) -> NDArray[Any]:
    """Read a column of lists of equal length as a matrix.

    Args:
        path: The file.
        column: The name of the column. Default: the only one with lists of numbers.

    Returns:
        The matrix, a row for each list.

    Raises:
        DatasetError: The file is damaged, or the column is missing, ambiguous or ragged.
        UnsupportedError: pyarrow is not installed.
    """
    pyarrow = require("pyarrow", "parquet", f"reading {path.suffix}")
    try:
        values = _column(path, column)
    except pyarrow.ArrowException as error:
        raise DatasetError(f"can't be read: {error}") from error
    return _matrix(values.combine_chunks(), column or COLUMN)


def write_arrow(
    path: Path, suffix: str, blocks: Iterable[NDArray[Any]], dim: int, dtype: np.dtype[Any]
) -> None:
    """Write blocks of rows as one column of lists of equal length."""
    pyarrow = require("pyarrow", "parquet", f"writing {suffix}")
    kind = pyarrow.list_(pyarrow.from_numpy_dtype(dtype), dim)
    schema = pyarrow.schema([(COLUMN, kind)])
    if suffix in PARQUET:
        writer = require("pyarrow.parquet", "parquet", "writing Parquet").ParquetWriter(
            path, schema
        )
    else:
        writer = pyarrow.ipc.new_file(str(path), schema)
    with writer:
        for block in blocks:
            values = pyarrow.array(block.ravel())
            column = pyarrow.FixedSizeListArray.from_arrays(values, type=kind)
            writer.write(pyarrow.record_batch([column], schema=schema))


def _column(path: Path, column: str | None) -> Any:
    """Read one column only."""
    if path.suffix in PARQUET:
        parquet = require("pyarrow.parquet", "parquet", "reading Parquet")
        with parquet.ParquetFile(path) as file:
            return file.read([_choose(file.schema_arrow, column)]).column(0)
    feather = require("pyarrow.feather", "parquet", "reading Arrow")
    ipc = require("pyarrow", "parquet", "reading Arrow").ipc
    with ipc.open_file(str(path)) as file:
        name = _choose(file.schema, column)
    return feather.read_table(path, [name]).column(0)


def _choose(schema: Any, column: str | None) -> str:
    """Return the name of the column to read."""
    lists = [field.name for field in schema if _is_list_of_numbers(field.type)]
    if column is not None:
        if column not in schema.names:
            raise DatasetError(
                f"column {column!r} is missing, there are {', '.join(schema.names)}", column
            )
        return column
    if len(lists) != 1:
        found = f"{len(lists)} columns of vectors ({', '.join(lists)})" if lists else "no vectors"
        raise DatasetError(
            f"has {found} among the columns {', '.join(schema.names)}: "
            f"expected one of lists of numbers: choose it by column=",
            "column",
        )
    return str(lists[0])


def _is_list_of_numbers(kind: Any) -> bool:
    types = require("pyarrow", "parquet", "reading Arrow").types
    lists = types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind)
    return bool(lists and (types.is_floating(kind.value_type) or types.is_integer(kind.value_type)))


def _matrix(values: Any, column: str) -> NDArray[Any]:
    if not _is_list_of_numbers(values.type):
        raise DatasetError(
            f"column {column} has type {values.type}, expected lists of numbers", column
        )
    flat = values.flatten()
    if values.null_count or flat.null_count:
        raise DatasetError(f"column {column} has nulls", column)
    lengths = values.value_lengths().to_numpy(zero_copy_only=False)
    if len(lengths) == 0:
        raise DatasetError(f"column {column} is empty", column)
    wrong = lengths != lengths[0]
    if wrong.any():
        row = int(wrong.argmax())
        raise DatasetError(
            f"column {column} has dim {lengths[row]} in row {row}, but {lengths[0]} in row 0",
            column,
        )
    values_of: NDArray[Any] = flat.to_numpy(zero_copy_only=False)
    return values_of.reshape(len(lengths), -1)
