"""Dot products of matrices by the kernels of searches, for tests and benchmarks."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import counted
from vecq.core.arrays import aligned, matrix, pointer
from vecq.core.errors import ArgumentError, call


class _Width(NamedTuple):
    code: int
    query: np.dtype[Any]
    result: np.dtype[Any]


_FLOAT, _INT = np.dtype(np.float32), np.dtype(np.int32)
_WIDTHS: dict[np.dtype[Any], _Width] = {
    np.dtype(np.int8): _Width(lib.VECQ_INT8, np.dtype(np.int8), _INT),
    np.dtype(np.int16): _Width(lib.VECQ_INT16, np.dtype(np.int16), _INT),
    np.dtype(np.float16): _Width(lib.VECQ_FP16, _FLOAT, _FLOAT),
    np.dtype(np.float32): _Width(lib.VECQ_FP32, _FLOAT, _FLOAT),
}


def dot(queries: NDArray[Any], rows: NDArray[Any]) -> NDArray[Any]:
    """Return the dot product of every query with every row, like `queries @ rows.T`.

    Rows are int8, int16, float16 or float32; queries have the dtype of the rows, but are float32
    for rows of float16. Integers give int32, exact modulo 2**32; floats give float32.

    >>> queries = numpy.array([[1, 2], [3, 4]], dtype=numpy.int8)
    >>> dot(queries, queries)
    array([[ 5, 11],
           [11, 25]], dtype=int32)
    """
    rows = matrix(rows, "rows", _WIDTHS)
    width = _WIDTHS[rows.dtype]
    queries = matrix(queries, "queries", [width.query])
    dim = rows.shape[1]
    if queries.shape[1] != dim:
        raise ArgumentError(
            f"queries has {counted(queries.shape[1], 'column')}, expected {dim}", "queries"
        )

    row_bytes = ffi.new("size_t *")
    call(lib.vecq_row_bytes, width.code, dim, row_bytes)
    packed = aligned(len(rows), row_bytes[0])
    call(lib.vecq_pack_rows, width.code, dim, pointer(rows), len(rows), pointer(packed))
    dots = np.empty((len(queries), len(rows)), width.result)
    call(
        lib.vecq_dot_block,
        *(width.code, dim, pointer(queries), len(queries)),
        *(pointer(packed), len(rows), pointer(dots)),
    )
    return dots
