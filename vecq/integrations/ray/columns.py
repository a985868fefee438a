"""Columns of Arrow tables as arrays: ids, vectors, biases, attributes, and lists of ids."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError
from vecq.sharding.hashes import Floats, Numbers

TEXTS = ("string", "large_string", "string_view")


@dataclass(frozen=True)
class ItemColumns:
    """The columns of a data set of items or changes."""

    id: str
    vector: str
    bias: str | None = None
    attributes: tuple[str, ...] = ()

    def selected(self, dataset: Any) -> Any:
        """Return the data set with these columns alone.

        Raises:
            ArgumentError: It lacks one.
        """
        named = {"id_column": self.id, "vector_column": self.vector, "bias_column": self.bias}
        require_columns(dataset, {key: name for key, name in named.items() if name is not None})
        for name in self.attributes:
            require_columns(dataset, {"attributes": name})
        names = [name for name in named.values() if name is not None]
        return dataset.select_columns(list(dict.fromkeys([*names, *self.attributes])))

    def has_string_ids(self, dataset: Any) -> bool:
        """Whether the column of ids has strings."""
        schema = dataset.schema()
        kind = str(dict(zip(schema.names, schema.types, strict=True))[self.id])
        return kind in TEXTS or any(kind.startswith(f"dictionary<values={one}") for one in TEXTS)


def require_columns(dataset: Any, names: Mapping[str, str]) -> None:
    """Refuse names, by argument, of columns that a data set lacks."""
    known = dataset.columns() or []
    for argument, name in names.items():
        if name not in known:
            raise ArgumentError(
                f"{argument} is {name!r}, expected one of {', '.join(known) or 'no columns'}",
                argument,
            )


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


def ids_of(table: Any, name: str, strings: bool) -> NDArray[Any]:
    """Return a column of ids: int64, or objects of str.

    Raises:
        ArgumentError: It has nulls, or another type.
    """
    return _ids(column(table, name, "id_column"), name, "id_column", strings)


def bias_of(table: Any, name: str) -> NDArray[Any]:
    """Return a column of biases.

    Raises:
        ArgumentError: It has nulls.
    """
    found = column(table, name, "bias_column")
    if found.null_count > 0:
        raise ArgumentError(
            f"bias_column {name!r} has nulls, expected a number in each row", "bias_column"
        )
    return np.asarray(found.to_numpy(zero_copy_only=False))


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


def lists_of(table: Any, name: str, strings: bool) -> tuple[Numbers, NDArray[Any]]:
    """Return a column of lists of ids as offsets and ids; a null is an empty list.

    Raises:
        ArgumentError: It is no column of lists of such ids.
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
        return np.zeros(len(offsets), np.int64), np.empty(0, object if strings else np.int64)
    return offsets, _ids(values, name, "exclude_column", strings)


def list_column(rows: NDArray[Any], counts: Numbers) -> Any:
    """Return the first `counts[i]` values of each row as an Arrow column of lists."""
    import pyarrow as pa

    places = np.arange(rows.shape[1]) < counts[:, np.newaxis]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    values = pa.array(rows[places], pa.string() if rows.dtype == object else None)
    return pa.LargeListArray.from_arrays(pa.array(offsets, pa.int64()), values)


def _ids(values: Any, name: str, argument: str, strings: bool) -> NDArray[Any]:
    import pyarrow as pa

    kind = getattr(values.type, "value_type", values.type)  # of a dictionary
    if values.null_count > 0:
        raise ArgumentError(
            f"{argument} {name!r} has nulls, expected {'strings' if strings else 'whole numbers'}",
            argument,
        )
    if strings and str(kind) in TEXTS:
        return np.asarray(values.to_numpy(zero_copy_only=False), object)
    if strings or not pa.types.is_integer(kind):
        expected = "strings" if strings else "whole numbers or strings, the same in all files"
        raise ArgumentError(f"{argument} {name!r} has type {kind}, expected {expected}", argument)
    found = values.to_numpy(zero_copy_only=False)
    if found.dtype.kind == "u" and found.size > 0 and found.max() > np.iinfo(np.int64).max:
        raise ArgumentError(f"{argument} {name!r} has {found.max()}, beyond int64", argument)
    return np.ascontiguousarray(found, np.int64)
