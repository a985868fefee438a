"""Lookups by id: vectors, and the ids that there are."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arrays import as_ids, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.names import find_numbers, names_of, require_numbers, stable
from vecq.core.native_index import NativeIndex


def as_numbers_of(native: NativeIndex, ids: Any) -> NDArray[np.int64]:
    """Return the ids that native code knows items by; a single id becomes the only element."""
    if native.has_names:
        return require_numbers(native, ids, "ids")
    return as_ids(np.atleast_1d(np.asarray(ids)), "ids", np.size(ids))


def get(native: NativeIndex, ids: ArrayLike) -> NDArray[np.float32]:
    """Decode the vectors of ids, from the rerank codes if there are any."""
    return stable(native, lambda: _get(native, as_numbers_of(native, ids)))


def _get(native: NativeIndex, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    vectors = np.empty((len(numbers), native.dim), np.float32)
    call(
        lib.vecq_index_get,
        *(native.handle, pointer(numbers, "int64_t[]"), len(numbers)),
        pointer(vectors, "float[]"),
    )
    return vectors


def all_ids(native: NativeIndex) -> NDArray[Any]:
    """All ids, in the order in which items were added."""
    if not native.has_names:
        return all_numbers(native)
    return stable(native, lambda: names_of(native, all_numbers(native)))


def all_numbers(native: NativeIndex) -> NDArray[np.int64]:
    """All ids that native code knows items by, in the order in which items were added."""
    count = ffi.new("size_t *", len(native))
    while True:  # another thread may add items between the two calls
        capacity = count[0]
        ids = np.empty(capacity, np.int64)
        call(lib.vecq_index_ids, native.handle, pointer(ids, "int64_t[]"), capacity, count)
        if count[0] <= capacity:
            return ids[: count[0]]


def contains(native: NativeIndex, id: object) -> bool:
    """Whether there is an item of that id; False for anything that is no id."""
    if native.has_names:
        return isinstance(id, str) and stable(native, lambda: _has_name(native, id))
    try:
        ids = as_ids(np.asarray(id).reshape(1), "id", 1)
    except (ArgumentError, TypeError, ValueError):
        return False
    return bool(native.contains(ids)[0])


def _has_name(native: NativeIndex, name: str) -> bool:
    try:
        return bool(native.contains(find_numbers(native, [name], "id"))[0])
    except ArgumentError:  # no string that can be an id
        return False
