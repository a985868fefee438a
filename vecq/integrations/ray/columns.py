"""Columns of Arrow tables as arrays: ids, vectors, and lists of ids."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError
from vecq.sharding.assignment import Floats, Numbers


def column(table: Any, name: str, argument: str) -> Any:
    """Return a column as one Arrow array; tensors become lists.

    Raises:
        ArgumentError: The table lacks it.
    """
    if name not in table.column_names:
        raise ArgumentError(
            f"{argument} is {name!r}, expected one of {', '.join(table.column_names)}", argument
        )
    found = table.column(name).combine_chunks()
    return getattr(found, "storage", found)


def ids_of(table: Any, name: str) -> Numbers:
    """Return a column of ids.

    Raises:
        ArgumentError: It has nulls, or no whole numbers.
    """
    found = column(table, name, "id_column")
    if found.null_count > 0:
        raise ArgumentError(
            f"id_column {name!r} has nulls, expected an id in each row", "id_column"
        )
    return _whole_numbers(found, name, "id_column")


def vectors_of(table: Any, name: str, dim: int | None = None) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the vectors of a column of lists or tensors, and which rows have one.

    A null and an empty list are no vector.

    Args:
        table: An Arrow table.
        name: The column.
        dim: Number of dimensions. Default: that of the first vector.

    Raises:
        ArgumentError: A vector has another number of dimensions, a null or no floats.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = column(table, name, "vector_column")
    if not (
        pa.types.is_list(found.type)
        or pa.types.is_large_list(found.type)
        or pa.types.is_fixed_size_list(found.type)
    ):
        raise ArgumentError(
            f"vector_column {name!r} has type {found.type}, expected lists of floats",
            "vector_column",
        )
    lengths = np.asarray(pc.fill_null(pc.list_value_length(found), 0)).astype(np.int64)
    present = lengths > 0
    values = found.flatten()
    if dim is None:
        dim = int(lengths[present][0]) if present.any() else 0
    wrong = np.flatnonzero(present & (lengths != dim))
    if len(wrong) > 0:
        raise ArgumentError(
            f"vector_column {name!r} has a vector of {lengths[wrong[0]]} dimensions, expected "
            f"{dim}",
            "vector_column",
        )
    if values.null_count > 0 or not pa.types.is_floating(values.type):
        problem = "nulls" if values.null_count > 0 else f"type {values.type}"
        raise ArgumentError(
            f"vector_column {name!r} has {problem} in its vectors, expected floats", "vector_column"
        )
    flat = values.to_numpy(zero_copy_only=False).astype(np.float32, copy=False)
    return flat.reshape(-1, dim) if dim else np.empty((0, 0), np.float32), present


def lists_of(table: Any, name: str) -> tuple[Numbers, Numbers]:
    """Return a column of lists of ids as offsets and ids; a null is an empty list.

    Raises:
        ArgumentError: It is no column of lists of whole numbers.
    """
    import pyarrow.compute as pc

    found = column(table, name, "exclude_column")
    if not hasattr(found, "flatten") or not hasattr(found.type, "value_type"):
        raise ArgumentError(
            f"exclude_column {name!r} has type {found.type}, expected lists of ids",
            "exclude_column",
        )
    lengths = np.asarray(pc.fill_null(pc.list_value_length(found), 0))
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = found.flatten()
    if values.null_count == len(values):  # no ids at all, of type null
        return np.zeros(len(offsets), np.int64), np.empty(0, np.int64)
    return offsets, _whole_numbers(values, name, "exclude_column")


def list_column(rows: NDArray[Any], counts: Numbers) -> Any:
    """Return the first `counts[i]` values of each row as an Arrow column of lists."""
    import pyarrow as pa

    places = np.arange(rows.shape[1]) < counts[:, np.newaxis]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), pa.array(rows[places]))


def _whole_numbers(values: Any, name: str, argument: str) -> Numbers:
    import pyarrow as pa

    if values.null_count > 0 or not pa.types.is_integer(values.type):
        problem = "nulls" if values.null_count > 0 else f"type {values.type}"
        raise ArgumentError(
            f"{argument} {name!r} has {problem}, expected whole numbers: map other keys to "
            "64-bit integers first",
            argument,
        )
    found = values.to_numpy(zero_copy_only=False)
    if found.dtype.kind == "u" and found.size > 0 and found.max() > np.iinfo(np.int64).max:
        raise ArgumentError(f"{argument} {name!r} has {found.max()}, beyond int64", argument)
    return np.ascontiguousarray(found, np.int64)
