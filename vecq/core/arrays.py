"""Arrays for native code: checks, conversions without needless copies, and pointers."""

import mmap
from collections.abc import Collection, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi
from vecq.core.arguments import counted, type_of
from vecq.core.errors import ArgumentError

LINE = 64
MAX_DIM = 65535
BLOCK_BYTES = 16 << 20


def matrix(array: object, argument: str, dtypes: Collection[np.dtype[Any]]) -> NDArray[Any]:
    """Return `array` as a matrix; a vector becomes its only row. Never copies."""
    if not isinstance(array, np.ndarray):
        found = f"is {type_of(array)}"
    elif array.dtype not in dtypes:
        found = f"has dtype {array.dtype}"
    elif array.ndim not in (1, 2):
        found = f"has {counted(array.ndim, 'dimension')}"
    elif not array.flags.c_contiguous:
        found = "is not contiguous (numpy.ascontiguousarray copies)"
    else:
        return np.atleast_2d(array)
    expected = " or ".join(map(str, dtypes))
    raise ArgumentError(f"{argument} {found}, expected a contiguous matrix of {expected}", argument)


def aligned(count: int, row_bytes: int) -> NDArray[np.uint8]:
    """Allocate `count` rows of bytes on a cache line boundary."""
    buffer = np.empty(count * row_bytes + LINE, np.uint8)
    start = -buffer.ctypes.data % LINE
    return buffer[start : start + count * row_bytes].reshape(count, row_bytes)


def pointer(array: NDArray[Any], ctype: str = "char[]") -> Any:
    """Return a pointer to the memory of `array`, which keeps the array alive."""
    return ffi.from_buffer(ctype, array)


def release_pages(array: object) -> None:
    """Let go of the pages of a mapped file, which would count as memory of this process.

    Does nothing for other arrays, and for a copy-on-write mapping, whose pages hold changes.
    """
    mapping = getattr(array, "_mmap", None)
    if mapping is not None and getattr(array, "mode", None) in ("r", "r+"):
        mapping.madvise(mmap.MADV_DONTNEED)


def as_vectors(array: object, argument: str, dim: int | None = None) -> NDArray[Any]:
    """Return `array` as a matrix of floating-point numbers; a vector becomes its only row.

    Accepts arrays in any layout and byte order, objects with `__array__` or `__dlpack__`, such as
    tensors and data frames, and columns of lists of one length. Does not copy arrays.
    """
    try:
        found = as_array(array)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"{argument} is no array: {error}", argument) from None
    if type(found) is not np.ndarray and np.ma.is_masked(found):
        raise ArgumentError(f"{argument} has masked values, fill them first", argument)
    if found.dtype.kind != "f" or found.dtype.itemsize not in (2, 4, 8):
        raise ArgumentError(
            f"{argument} has dtype {found.dtype}, expected float32, float64 or float16 "
            f"(convert with .astype('float32') if the numbers are vectors)",
            argument,
        )
    if found.ndim not in (1, 2):
        raise ArgumentError(
            f"{argument} has {counted(found.ndim, 'dimension')}, expected 2", argument
        )
    rows = found if found.ndim == 2 else found[np.newaxis]
    if dim is not None and rows.shape[1] != dim:
        raise ArgumentError(
            f"{argument} has {counted(rows.shape[1], 'column')}, expected {dim}", argument
        )
    if not 0 < rows.shape[1] <= MAX_DIM:
        raise ArgumentError(
            f"{argument} has {counted(rows.shape[1], 'column')}, expected 1 to {MAX_DIM}", argument
        )
    return rows


def as_array(array: Any) -> NDArray[Any]:
    """Return an object that `as_vectors` accepts as an array, of any dtype."""
    if type(array) is np.ndarray and array.dtype != object:
        return array
    if getattr(array, "num_columns", 0) == 1 and hasattr(array.schema.types[0], "value_field"):
        array = array.column(0)  # an Arrow table or batch of a column of lists
    if hasattr(array, "combine_chunks"):  # an Arrow column
        array = array.combine_chunks()
    if hasattr(getattr(array, "type", None), "list_size"):  # of lists of a fixed size
        if array.null_count > 0 or array.flatten().null_count > 0:
            raise ValueError("it has nulls")
        return np.asarray(array.flatten()).reshape(len(array), array.type.list_size)
    if hasattr(array, "__dlpack__") and not hasattr(array, "__array__"):
        return np.from_dlpack(array)
    found: NDArray[Any] = np.asanyarray(array)
    if found.dtype == object and found.ndim > 0 and found.size == len(found) > 0:
        return np.stack([np.asarray(row) for row in found.ravel()])  # a column of lists
    return found


def as_ids(array: object, argument: str, count: int) -> NDArray[np.int64]:
    """Return `array` as `count` contiguous 64-bit ids."""
    try:
        found = np.asanyarray(array)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"{argument} is no array: {error}", argument) from None
    if found.dtype.kind not in "iu" and found.size > 0:
        raise ArgumentError(f"{argument} has dtype {found.dtype}, expected whole numbers", argument)
    if found.shape != (count,):
        raise ArgumentError(f"{argument} has shape {found.shape}, expected ({count},)", argument)
    if found.dtype.kind == "u" and found.size > 0 and found.max() > np.iinfo(np.int64).max:
        raise ArgumentError(f"{argument} has {found.max()}, beyond int64", argument)
    return np.ascontiguousarray(found, dtype=np.int64)


def as_biases(given: Any, argument: str, count: int) -> NDArray[np.float32]:
    """Return `count` contiguous float32; a single number stands for all."""
    try:
        found = np.asarray(given)
        if found.dtype.kind not in "fiu":
            raise TypeError(f"it has dtype {found.dtype}")
        # Values that overflow become infinite, which native code refuses.
        with np.errstate(over="ignore"):
            numbers = found.astype(np.float32)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"{argument} is no array of numbers: {error}", argument) from None
    if numbers.ndim == 0:
        return np.full(count, numbers)
    if numbers.shape != (count,):
        raise ArgumentError(
            f"{argument} has shape {numbers.shape}, expected ({count},) or one number", argument
        )
    return np.ascontiguousarray(numbers)


def as_floats(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Return rows as contiguous, aligned float32; the same array if it is that already."""
    if rows.dtype == np.float32 and rows.flags.c_contiguous and rows.flags.aligned:
        return rows
    # Values that overflow become infinite; native code names their row.
    with np.errstate(over="ignore"):
        return np.require(rows, np.float32, ["C", "A"])


def float_blocks(rows: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """Yield contiguous float32 blocks of rows, each with the number of its first row.

    At most one block is copied at a time, only if it must be. Between blocks Ctrl-C works.
    """
    step = max(1, BLOCK_BYTES // (4 * rows.shape[1]))
    for first in range(0, len(rows), step):
        yield first, as_floats(rows[first : first + step])
