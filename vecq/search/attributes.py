"""Attributes of items: the schema, and values on their way to native code and back."""

from __future__ import annotations  # short signatures in help()

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import choose, named, type_of
from vecq.core.arrays import pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.names import stable
from vecq.core.native_index import NativeIndex
from vecq.search.attribute_columns import (
    DTYPES,
    columns_of,
    converted_columns,
    is_column,
    no_attribute,
)
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
MOST_ATTRIBUTES = 40


def set_schema(options: Any, attributes: Mapping[str, str] | None) -> Any:
    """Set the attributes of native index options; return the memory that they borrow."""
    if attributes is None:
        return None
    if not isinstance(attributes, Mapping):
        raise ArgumentError(
            f"attributes is {type_of(attributes)}, expected a dict of names and kinds",
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
        own.kind = choose(KINDS, kind, "attributes", f"[{name!r}]")
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
        name: [values] if scalar and not is_column(values) else values
        for name, values in columns_of(table, "attributes").items()
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
            raise no_attribute(name, schema, "names")

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
