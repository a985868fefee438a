"""Checks arguments of the hnswlib interface, and raises the errors that hnswlib raises."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import whole
from vecq.core.arrays import as_array
from vecq.core.errors import ArgumentError, VecqError
from vecq.quantization.metric import Metric

SPACES: tuple[Metric, ...] = ("l2", "ip", "cosine")
TINY = np.float32(1e-30)

Filter = Callable[[int], bool]


def as_size(value: Any, argument: str) -> int:
    """Return a non-negative integer; anything else is a TypeError, as in hnswlib."""
    return _number(value, argument, 0, 2**64 - 1)


def as_count(value: Any, argument: str) -> int:
    """Return a signed 32-bit integer, likewise."""
    return _number(value, argument, -(2**31), 2**31 - 1)


def _number(value: Any, argument: str, least: int, most: int) -> int:
    try:
        return whole(value, argument, least, most)
    except ArgumentError as error:
        raise TypeError(str(error)) from None


def checked_space(space: Any) -> Metric:
    if space not in SPACES:
        raise RuntimeError("Space name must be one of l2, ip, or cosine.")
    return space  # type: ignore[no-any-return]


def as_rows(data: Any, dim: int, space: Metric) -> NDArray[np.float32]:
    """Return vectors as a float32 matrix, normalized for cosine."""
    with np.errstate(over="ignore"):  # what becomes infinite is refused below
        rows = np.ascontiguousarray(as_array(data), dtype=np.float32)
    if rows.ndim not in (1, 2):
        raise RuntimeError(
            f"Input vector data wrong shape. Number of dimensions {rows.ndim}. Data must be a 1D "
            "or 2D array."
        )
    rows = np.atleast_2d(rows)
    if rows.shape[1] != dim:
        raise RuntimeError("Wrong dimensionality of the vectors")
    require_finite(rows, "data")
    if space != "cosine":
        return rows
    norms = np.linalg.norm(rows, axis=1, keepdims=True) + TINY
    normalised: NDArray[np.float32] = np.divide(rows, norms, dtype=np.float32)
    return normalised


def require_finite(rows: NDArray[np.float32], argument: str) -> None:
    if np.isfinite([rows.min(initial=0), rows.max(initial=0)]).all():
        return
    first = int(np.isfinite(rows).all(axis=1).argmin())
    raise RuntimeError(f"{argument} has a number in row {first} that is not finite")


def as_labels(ids: Any, count: int) -> NDArray[np.uint64]:
    """Return labels, one per vector."""
    labels = np.asarray(ids)
    if not (labels.shape == (count,) or (labels.ndim == 0 and count == 1)):
        raise RuntimeError(
            f"The input label shape {labels.ndim} does not match the input data vector shape "
            f"{count}"
        )
    if labels.dtype.kind == "f" and (labels == abs(np.rint(labels))).all():
        labels = labels.astype(np.uint64)
    if labels.dtype.kind not in "iu" and labels.size > 0:
        raise RuntimeError(f"Labels have dtype {labels.dtype}, expected whole numbers")
    return np.atleast_1d(labels).astype(np.uint64)


def as_distances(scores: NDArray[np.float32], space: Metric) -> NDArray[np.float32]:
    """Return distances of hnswlib: squared for l2, otherwise 1 minus the dot product."""
    if space == "l2":
        return np.maximum(-scores, 0, dtype=np.float32)
    return np.subtract(1, scores, dtype=np.float32)


def passing(verdict: Filter, labels: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return np.fromiter(map(bool, map(verdict, labels.tolist())), bool, len(labels))


def require_full(counts: NDArray[np.int64] | int, k: int) -> None:
    if np.less(counts, k).any():
        raise RuntimeError(
            "Cannot return the results in a contiguous 2D array. Probably ef or M is too small"
        )


def nothing(rows: int) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
    """Return the result for k = 0."""
    return np.empty((rows, 0), np.uint64), np.empty((rows, 0), np.float32)


@contextmanager
def as_runtime_error() -> Iterator[None]:
    """Turn errors of vecq into the RuntimeError of hnswlib."""
    try:
        yield
    except VecqError as error:
        raise RuntimeError(str(error)) from error
