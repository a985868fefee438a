"""Lookups by id: vectors, and the ids that there are."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arrays import as_ids, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.native_index import NativeIndex


def as_id_array(ids: ArrayLike) -> NDArray[np.int64]:
    """Return ids as an array; a single id becomes its only element."""
    return as_ids(np.atleast_1d(np.asarray(ids)), "ids", np.size(ids))


def get(native: NativeIndex, ids: ArrayLike) -> NDArray[np.float32]:
    """Decode the vectors of ids, from the rerank codes if there are any."""
    numbers = as_id_array(ids)
    vectors = np.empty((len(numbers), native.dim), np.float32)
    call(
        lib.vecq_index_get,
        *(native.handle, pointer(numbers, "int64_t[]"), len(numbers)),
        pointer(vectors, "float[]"),
    )
    return vectors


def all_ids(native: NativeIndex) -> NDArray[np.int64]:
    """All ids, in the order in which items were added."""
    count = ffi.new("size_t *", len(native))
    while True:  # another thread may add items between the two calls
        capacity = count[0]
        ids = np.empty(capacity, np.int64)
        call(lib.vecq_index_ids, native.handle, pointer(ids, "int64_t[]"), capacity, count)
        if count[0] <= capacity:
            return ids[: count[0]]


def contains(native: NativeIndex, id: object) -> bool:
    """Whether there is an item of that id; False for anything that is no id."""
    try:
        ids = as_ids(np.asarray(id).reshape(1), "id", 1)
    except (ArgumentError, TypeError, ValueError):
        return False
    return bool(native.contains(ids)[0])
