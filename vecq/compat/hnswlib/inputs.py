"""What callers of hnswlib pass, as arrays, and what is wrong with it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.codec import Metric

SPACES: tuple[Metric, ...] = ("l2", "ip", "cosine")
TINY = np.float32(1e-30)

Filter = Callable[[int], bool]


def checked_space(space: Any) -> Metric:
    if space not in SPACES:
        raise RuntimeError("Space name must be one of l2, ip, or cosine.")
    return space  # type: ignore[no-any-return]


def as_rows(data: Any, dim: int, space: Metric) -> NDArray[np.float32]:
    """Vectors as a matrix of float32, normalised for cosine."""
    rows = np.ascontiguousarray(data, dtype=np.float32)
    if rows.ndim not in (1, 2):
        raise RuntimeError(
            f"Input vector data wrong shape. Number of dimensions {rows.ndim}. Data must be a 1D "
            "or 2D array."
        )
    rows = np.atleast_2d(rows)
    if rows.shape[1] != dim:
        raise RuntimeError("Wrong dimensionality of the vectors")
    if space != "cosine":
        return rows
    norms = np.linalg.norm(rows, axis=1, keepdims=True) + TINY
    normalised: NDArray[np.float32] = np.divide(rows, norms, dtype=np.float32)
    return normalised


def as_labels(ids: Any, count: int) -> NDArray[np.uint64]:
    """Labels, one for each vector."""
    labels = np.asarray(ids)
    if not (labels.shape == (count,) or (labels.ndim == 0 and count == 1)):
        raise RuntimeError(
            f"The input label shape {labels.ndim} does not match the input data vector shape "
            f"{count}"
        )
    if labels.dtype.kind not in "iu" and labels.size > 0:
        raise RuntimeError(f"Labels have dtype {labels.dtype}, expected whole numbers")
    return np.atleast_1d(labels).astype(np.uint64)


def as_distances(scores: NDArray[np.float32], space: Metric) -> NDArray[np.float32]:
    """What hnswlib calls a distance: squared for l2, otherwise 1 minus the dot product."""
    if space == "l2":
        return np.maximum(-scores, 0, dtype=np.float32)
    return np.subtract(1, scores, dtype=np.float32)


def passing(verdict: Filter, labels: NDArray[np.uint64]) -> NDArray[np.bool_]:
    return np.fromiter(map(bool, map(verdict, labels.tolist())), bool, len(labels))


def require_full(counts: NDArray[np.int64], k: int) -> None:
    if (counts < k).any():
        raise RuntimeError(
            "Cannot return the results in a contiguous 2D array. Probably ef or M is too small"
        )
