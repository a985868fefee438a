"""Converts columns of tables to the values of attributes in native form, and checks them."""

from __future__ import annotations  # short signatures in help()

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import counted, type_of
from vecq.core.errors import ArgumentError
from vecq.search.expressions import as_datetime64

DTYPES: dict[str, Any] = {
    "float32": np.float32,
    "int64": np.int64,
    "datetime": np.int64,
    "bool": np.uint8,
    "category": np.uint32,
    "tags": np.uint32,
}
# Names of the missing values of pandas.
MISSING = ("NAType", "NaTType")


@dataclass
class Values:
    """Values of one attribute in native form.

    Attributes:
        count: Number of items.
        values: A value per item, or all tags of all items; categories and tags are numbers of
            `texts`. The value of a null is 0.
        nulls: 1 for each item without a value. Default: None, NaN and NaT alone are nulls.
        offsets: Tags of item i are `values[offsets[i] : offsets[i + 1]]`.
        texts: Texts of categories and tags, each once.
    """

    count: int
    values: NDArray[Any]
    nulls: NDArray[np.uint8] | None = None
    offsets: NDArray[np.int64] | None = None
    texts: list[str] | None = None


def converted_columns(
    table: Any, schema: Mapping[str, str], count: int, argument: str = "attributes"
) -> dict[str, Values]:
    """Columns of a table of `count` rows in native form, by the kinds of a schema."""
    columns = {}
    for name, values in columns_of({} if table is None else table, argument).items():
        if name not in schema:
            raise no_attribute(name, schema, argument)
        found = native_values(values, schema[name], f"{argument} {name!r}", argument)
        if found.count != count:
            raise ArgumentError(
                f"{argument} {name!r} has {counted(found.count, 'value')}, expected {count}, one "
                "per item",
                argument,
            )
        columns[name] = found
    return columns


def no_attribute(name: object, schema: Mapping[str, str], argument: str) -> ArgumentError:
    """Return the error about a name of no attribute."""
    names = ", ".join(f'"{key}"' for key in schema)
    expected = (
        f"expected names among {names}"
        if names
        else "but the index has no attributes, which are declared by attributes= when it is made"
    )
    return ArgumentError(f"{argument} has {name!r}, {expected}", argument)


def columns_of(table: Any, argument: str) -> dict[str, Any]:
    """The columns of a dict, a data frame of pandas or polars, or an Arrow table or batch."""
    if isinstance(table, Mapping):
        return dict(table)
    if hasattr(table, "column_names") and hasattr(table, "column"):
        return {name: table.column(name) for name in table.column_names}
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return {str(name): table[name] for name in table.columns}
    raise ArgumentError(
        f"{argument} is {type_of(table)}, expected a dict of columns, a data frame, or an "
        "Arrow table",
        argument,
    )


def is_column(values: Any) -> bool:
    """Whether the value of one item is given as a column of one element."""
    return np.ndim(values) > 0 if isinstance(values, np.ndarray) else hasattr(values, "to_numpy")


def _as_list(column: Any) -> list[Any]:
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(column, method):
            return list(getattr(column, method)())
    return list(column)


def _as_array(column: Any, name: str, argument: str) -> NDArray[Any]:
    """A column as an array; Python objects where it has missing values that numpy lacks."""
    missing = getattr(column, "null_count", 0)
    is_extension = hasattr(column, "isna") and not isinstance(column.dtype, np.dtype)  # of pandas
    if is_extension or (missing() if callable(missing) else missing):
        column = _as_list(column)
    if np.ma.isMaskedArray(column):
        column = column.tolist()
    if isinstance(column, str | bytes) or not isinstance(column, Iterable):
        raise ArgumentError(f"{name} is {type_of(column)}, expected a column of values", argument)
    if isinstance(column, list | tuple) and not all(
        isinstance(one, bool | int | float | np.generic) for one in column
    ):
        found = np.empty(len(column), object)
        found[:] = column
        return found
    array: NDArray[Any] = np.asarray(column)
    if array.ndim != 1:
        raise ArgumentError(f"{name} has {counted(array.ndim, 'dimension')}, expected 1", argument)
    return array


def _is_missing(value: Any) -> bool:
    return value is None or type(value).__name__ in MISSING or bool(value != value)


def native_values(column: Any, kind: str, name: str, argument: str) -> Values:
    """Return a column in native form, which may have it already."""
    if isinstance(column, Values):
        return column
    if kind == "tags":
        return _tags(column, name, argument)
    array = _as_array(column, name, argument)
    if array.dtype == object or array.dtype.kind == "U":
        return _of_objects(array, kind, name, argument)
    wrong = f"{name} has dtype {array.dtype}, expected {_expectation(kind)}"
    if kind == "float32" and array.dtype.kind in "fiu":
        return _floats(array, name, argument)
    if kind == "int64" and array.dtype.kind in "fiu":
        return _integers(array, name, argument)
    if kind == "datetime" and array.dtype.kind == "M":
        return Values(len(array), array.astype("datetime64[us]").view(np.int64))
    if kind == "bool" and array.dtype.kind == "b":
        return Values(len(array), np.ascontiguousarray(array).view(np.uint8))
    if array.size == 0:
        return Values(0, np.empty(0, DTYPES[kind]), texts=[])
    raise ArgumentError(wrong, argument)


def _expectation(kind: str) -> str:
    return {
        "float32": "numbers",
        "int64": "whole numbers",
        "datetime": "datetimes (numpy.datetime64, datetime or ISO 8601 strs)",
        "bool": "booleans",
        "category": "strs",
        "tags": "lists of strs",
    }[kind]


def _floats(array: NDArray[Any], name: str, argument: str) -> Values:
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array, np.float32)
    beyond = np.isinf(values) & np.isfinite(array)
    if beyond.any():
        raise ArgumentError(f"{name} has {array[beyond][0]}, beyond float32", argument)
    return Values(len(values), values)


def _integers(array: NDArray[Any], name: str, argument: str) -> Values:
    if array.dtype.kind != "f":
        if array.dtype.kind == "u" and array.size and array.max() > np.iinfo(np.int64).max:
            raise ArgumentError(f"{name} has {array.max()}, beyond int64", argument)
        values, nulls = np.ascontiguousarray(array, np.int64), None
    else:
        missing = np.isnan(array)
        filled = np.where(missing, 0, array)
        wrong = (np.abs(filled) >= 2.0**63) | (filled != np.trunc(filled))
        if wrong.any():
            raise ArgumentError(
                f"{name} has {array[wrong][0]}, expected whole numbers of int64", argument
            )
        values, nulls = filled.astype(np.int64), missing.astype(np.uint8)
    return Values(len(values), values, nulls)


def _of_objects(array: NDArray[Any], kind: str, name: str, argument: str) -> Values:
    objects = array.tolist() if array.dtype.kind == "U" else list(array)
    nulls = np.fromiter((_is_missing(one) for one in objects), np.uint8, len(objects))
    present = [one for one, null in zip(objects, nulls.tolist(), strict=True) if not null]
    texts: list[str] | None = None
    if kind == "category":
        _require(present, str, kind, name, argument)
        numbers: dict[str, int] = {}
        found: Any = [numbers.setdefault(one, len(numbers)) for one in present]
        texts = list(numbers)
    elif kind == "datetime":
        found = [_microseconds(one, name, argument) for one in present]
    else:
        types: Any = bool | np.bool_ if kind == "bool" else int | float | np.number
        _require(present, types, kind, name, argument)
        try:
            numeric = np.array(present) if present else np.empty(0, DTYPES[kind])
            converted = native_values(numeric, kind, name, argument)
        except OverflowError:
            raise ArgumentError(f"{name} has a number beyond int64", argument) from None
        found = converted.values
    values = np.zeros(len(objects), DTYPES[kind])
    values[nulls == 0] = found
    return Values(len(objects), values, nulls, texts=texts)


def _require(values: list[Any], types: Any, kind: str, name: str, argument: str) -> None:
    for value in values:
        if not isinstance(value, types) or (kind != "bool" and isinstance(value, bool)):
            raise ArgumentError(f"{name} has {value!r}, expected {_expectation(kind)}", argument)


def _microseconds(value: Any, name: str, argument: str) -> int:
    try:
        if isinstance(value, str | date | np.datetime64):
            time = np.datetime64(value) if isinstance(value, str) else value
            return int(as_datetime64(time).view(np.int64))
    except ValueError:
        pass
    raise ArgumentError(f"{name} has {value!r}, expected {_expectation('datetime')}", argument)


def _tags(column: Any, name: str, argument: str) -> Values:
    if isinstance(column, str | bytes) or not isinstance(column, Iterable):
        raise ArgumentError(f"{name} is {type_of(column)}, expected a column of lists", argument)
    lists = _as_list(column)
    numbers: dict[str, int] = {}
    nulls, ends, tags = np.zeros(len(lists), np.uint8), [0], list[int]()
    for i, own in enumerate(lists):
        if own is None or (isinstance(own, float) and own != own) or type(own).__name__ in MISSING:
            nulls[i] = 1
        elif isinstance(own, str | bytes | Mapping) or not isinstance(own, Iterable):
            raise ArgumentError(f"{name} has {own!r}, expected {_expectation('tags')}", argument)
        else:
            texts = list(own)
            _require(texts, str, "tags", name, argument)
            tags += [numbers.setdefault(str(text), len(numbers)) for text in texts]
        ends.append(len(tags))
    return Values(
        len(lists),
        np.array(tags, np.uint32),
        nulls,
        np.array(ends, np.int64),
        list(numbers),
    )
