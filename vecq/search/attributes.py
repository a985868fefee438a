"""Attributes of items: the schema, and tables of values on their way to native code and back."""

from __future__ import annotations  # short signatures in help()

from collections.abc import Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import choose, named
from vecq.core.arrays import pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.names import stable
from vecq.core.native_index import NativeIndex
from vecq.search.expressions import as_datetime64
from vecq.search.items import as_numbers_of

AttributeKind = Literal["float32", "int64", "datetime", "bool", "category", "tags"]

KINDS: dict[str, int] = {
    "float32": lib.VECQ_FLOAT32,
    "int64": lib.VECQ_INT64,
    "datetime": lib.VECQ_DATETIME,
    "bool": lib.VECQ_BOOL,
    "category": lib.VECQ_CATEGORY,
    "tags": lib.VECQ_TAGS,
}
DTYPES: dict[str, Any] = {
    "float32": np.float32,
    "int64": np.int64,
    "datetime": np.int64,
    "bool": np.uint8,
    "category": np.uint32,
    "tags": np.uint32,
}
MOST_ATTRIBUTES = 40
# Names of the missing values of pandas.
MISSING = ("NAType", "NaTType")


def set_schema(options: Any, attributes: Mapping[str, str] | None) -> Any:
    """Set the attributes of native index options; return the memory that they borrow."""
    if attributes is None:
        return None
    if not isinstance(attributes, Mapping):
        raise ArgumentError(
            f"attributes is a {type(attributes).__name__}, expected a dict of names and kinds",
            "attributes",
        )
    schema = ffi.new("vecq_attribute[]", max(len(attributes), 1))
    for own, (name, kind) in zip(schema, attributes.items(), strict=False):
        encoded = _encoded_name(name)
        if len(encoded) >= len(own.name):
            raise ArgumentError(
                f"attributes has a name of {len(encoded)} bytes, expected at most "
                f"{len(own.name) - 1}",
                "attributes",
            )
        own.name = encoded
        own.kind = choose(KINDS, kind, "attributes")
    options.attributes, options.attribute_count = schema, len(attributes)
    return schema


def schema_of(native: NativeIndex) -> dict[str, AttributeKind]:
    """The names and kinds of the attributes of an index."""
    found, count = ffi.new("vecq_attribute[]", MOST_ATTRIBUTES), ffi.new("size_t *")
    call(lib.vecq_index_attributes, native.handle, found, MOST_ATTRIBUTES, count)
    return {
        ffi.string(own.name).decode(): named(KINDS, own.kind)  # type: ignore[misc]
        for own in found[0 : count[0]]
    }


def native_columns(
    native: NativeIndex, table: Any, count: int, argument: str = "attributes"
) -> tuple[Any, int, Any]:
    """Native columns of a table of `count` rows, their number, and the memory they borrow."""
    columns = converted_columns(table, schema_of(native), count, argument)
    given = ffi.new("vecq_attribute_values[]", max(len(columns), 1))
    memory: list[Any] = []
    for own, (name, found) in zip(given, columns.items(), strict=False):
        encoded = ffi.new("char[]", _encoded_name(name))
        own.name, own.values = encoded, ffi.cast("void *", pointer(found.values))
        memory += [encoded, found]
        if found.nulls is not None:
            own.nulls = pointer(found.nulls, "uint8_t[]")
        if found.offsets is not None:
            own.offsets = pointer(found.offsets, "int64_t[]")
        if found.texts is not None:
            texts, ends = _packed_texts(found.texts, argument)
            own.texts, own.text_offsets = (
                ffi.from_buffer("char[]", texts),
                pointer(ends, "int64_t[]"),
            )
            own.text_count = len(found.texts)
            memory += [texts, ends]
    return given, len(columns), memory


def converted_columns(
    table: Any, schema: Mapping[str, str], count: int, argument: str = "attributes"
) -> dict[str, Values]:
    """Columns of a table of `count` rows in native form, by the kinds of a schema."""
    columns = {}
    for name, values in _columns_of({} if table is None else table, argument).items():
        if name not in schema:
            expected = (
                ", ".join(f'"{key}"' for key in schema) or "none: the index has no attributes"
            )
            raise ArgumentError(
                f"{argument} has {name!r}, expected names among {expected}", argument
            )
        found = native_values(values, schema[name], f"{argument} {name!r}", argument)
        if found.count != count:
            raise ArgumentError(
                f"{argument} {name!r} has {found.count} values, expected {count}, one per item",
                argument,
            )
        columns[name] = found
    return columns


def set_attributes(
    native: NativeIndex, ids: ArrayLike, table: Any, named_columns: dict[str, Any]
) -> None:
    """Change attributes of items, given as a table or by name."""
    if (table is None) == (not named_columns):
        raise ArgumentError(
            "a table and columns by name are both given or both missing, expected one", "table"
        )
    table = named_columns if table is None else table
    scalar = np.ndim(ids) == 0
    columns = {
        name: [values] if scalar and not _is_column(values) else values
        for name, values in _columns_of(table, "attributes").items()
    }
    # A change of items may give the numbers of string ids to others.
    with native.changing if native.has_names else nullcontext():
        numbers = as_numbers_of(native, ids)
        given, count, memory = native_columns(native, columns, len(numbers))
        call(
            lib.vecq_index_set_attributes,
            *(native.handle, pointer(numbers, "int64_t[]"), len(numbers), given, count),
        )
        del memory  # borrowed until here


def get_attributes(
    native: NativeIndex, ids: ArrayLike, names: Sequence[str] | None
) -> dict[str, NDArray[Any]]:
    """Read attributes of items."""
    schema = schema_of(native)
    wanted = list(schema) if names is None else [names] if isinstance(names, str) else list(names)
    for name in wanted:
        if name not in schema:
            expected = ", ".join(f'"{key}"' for key in schema) or "none"
            raise ArgumentError(f"names has {name!r}, expected names among {expected}", "names")

    def read() -> dict[str, NDArray[Any]]:
        numbers = as_numbers_of(native, ids)
        return {name: _read(native, numbers, name, schema[name]) for name in wanted}

    return stable(native, read)


def _read(
    native: NativeIndex, ids: NDArray[np.int64], name: str, kind: AttributeKind
) -> NDArray[Any]:
    count, written = len(ids), ffi.new("size_t *")
    nulls, offsets = np.zeros(count, np.uint8), np.zeros(count + 1, np.int64)
    capacity = count
    while True:  # of tags another thread may add some
        values = np.zeros(capacity, np.int64)
        call(
            lib.vecq_index_get_attribute,
            *(native.handle, _encoded_name(name), pointer(ids, "int64_t[]"), count),
            *(ffi.cast("void *", pointer(values)), capacity, pointer(nulls, "uint8_t[]")),
            *(pointer(offsets, "int64_t[]"), written),
        )
        if written[0] <= capacity:
            break
        capacity = written[0]
    found: NDArray[Any] = values.view(DTYPES[kind])[: written[0]].copy()
    if kind == "float32":
        return found
    if kind == "datetime":
        return found.view("datetime64[us]")
    texts = _texts_of(native, name) if kind in ("category", "tags") else []
    result = np.empty(count, object)
    for i in np.flatnonzero(nulls == 0).tolist():
        if kind == "tags":
            result[i] = [texts[tag] for tag in found[offsets[i] : offsets[i + 1]].tolist()]
        elif kind == "category":
            result[i] = texts[found[i]]
        else:
            result[i] = bool(found[i]) if kind == "bool" else int(found[i])
    return result


def _texts_of(native: NativeIndex, name: str) -> list[str]:
    """All texts of an attribute. They keep their numbers: only new ones are read."""
    known: list[str] = native.texts.get(name, [])
    count, size = ffi.new("size_t *"), ffi.new("size_t *")
    capacity, text_capacity = 1, 0
    while True:  # another thread may add texts between the calls
        offsets, texts = np.empty(capacity, np.int64), np.empty(text_capacity, np.uint8)
        call(
            lib.vecq_index_attribute_texts,
            *(native.handle, _encoded_name(name), len(known), pointer(texts), text_capacity),
            *(pointer(offsets, "int64_t[]"), capacity, count, size),
        )
        if count[0] < capacity and size[0] <= text_capacity:
            break
        capacity, text_capacity = count[0] + 1, size[0]
    content, ends = texts.tobytes(), offsets[: count[0] + 1].tolist()
    fresh = [content[ends[i] : ends[i + 1]].decode() for i in range(count[0])]
    native.texts[name] = known + fresh
    return native.texts[name]


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


def _columns_of(table: Any, argument: str) -> dict[str, Any]:
    """The columns of a dict, a data frame of pandas or polars, or an Arrow table or batch."""
    if isinstance(table, Mapping):
        return dict(table)
    if hasattr(table, "column_names") and hasattr(table, "column"):
        return {name: table.column(name) for name in table.column_names}
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        return {str(name): table[name] for name in table.columns}
    raise ArgumentError(
        f"{argument} is a {type(table).__name__}, expected a dict of columns, a data frame, or an "
        "Arrow table",
        argument,
    )


def _is_column(values: Any) -> bool:
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
        raise ArgumentError(
            f"{name} is a {type(column).__name__}, expected a column of values", argument
        )
    if isinstance(column, list | tuple) and not all(
        isinstance(one, bool | int | float | np.generic) for one in column
    ):
        found = np.empty(len(column), object)
        found[:] = column
        return found
    array: NDArray[Any] = np.asarray(column)
    if array.ndim != 1:
        raise ArgumentError(f"{name} has {array.ndim} dimensions, expected 1", argument)
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
        raise ArgumentError(
            f"{name} is a {type(column).__name__}, expected a column of lists", argument
        )
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


def _packed_texts(texts: list[str], argument: str) -> tuple[bytes, NDArray[np.int64]]:
    try:
        encoded = [str(text).encode() for text in texts]
    except UnicodeEncodeError:
        raise ArgumentError(f"{argument} has a str with a lone surrogate", argument) from None
    return b"".join(encoded), np.cumsum([0, *map(len, encoded)], dtype=np.int64)


def _encoded_name(name: Any) -> bytes:
    if not isinstance(name, str) or "\0" in name:
        raise ArgumentError(f"attributes has the name {name!r}, expected a str", "attributes")
    return name.encode(errors="replace")
