"""Checks that an array is what native code expects, and lends its memory to a call."""

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi
from vecq.errors import ArgumentError

LINE = 64


def matrix(array: object, argument: str, dtypes: Collection[np.dtype[Any]]) -> NDArray[Any]:
    """Returns `array` as a matrix, a vector becoming its only row; never copies."""
    if not isinstance(array, np.ndarray):
        found = f"is a {type(array).__name__}"
    elif array.dtype not in dtypes:
        found = f"has dtype {array.dtype}"
    elif array.ndim not in (1, 2):
        found = f"has {array.ndim} dimensions"
    elif not array.flags.c_contiguous:
        found = "is not contiguous (numpy.ascontiguousarray copies)"
    else:
        return np.atleast_2d(array)
    expected = " or ".join(map(str, dtypes))
    raise ArgumentError(f"{argument} {found}, expected a contiguous matrix of {expected}", argument)


def aligned(count: int, row_bytes: int) -> NDArray[np.uint8]:
    """Allocates `count` rows of bytes on a cache line boundary."""
    room = np.empty(count * row_bytes + LINE, np.uint8)
    start = -room.ctypes.data % LINE
    return room[start : start + count * row_bytes].reshape(count, row_bytes)


def pointer(array: NDArray[Any]) -> Any:
    """Borrows the memory of `array`; what it returns keeps the array alive."""
    return ffi.from_buffer(array)
