"""Validation of the matrices and lists of a data set."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq import DatasetError

# Values per block.
BLOCK = 1 << 22


def blocks(rows: NDArray[Any]) -> Iterator[tuple[int, NDArray[Any]]]:
    """Yield blocks of rows, each with the number of its first row."""
    step = max(1, BLOCK // max(1, rows.shape[1]))
    for first in range(0, len(rows), step):
        yield first, rows[first : first + step]


def check_matrix(field: str, rows: NDArray[Any]) -> None:
    """Require a matrix of float32 with at least one row and column."""
    if rows.ndim != 2 or 0 in rows.shape:
        raise DatasetError(f"{field} has shape {rows.shape}, expected a nonempty matrix", field)
    if rows.dtype != np.float32:
        raise DatasetError(f"{field} has dtype {rows.dtype}, expected float32", field)


def check_neighbors(
    neighbors: NDArray[Any], distances: NDArray[Any] | None, queries: int, rows: int
) -> None:
    """Require neighbors that are rows of train, and distances of the same shape."""
    shape = neighbors.shape
    if neighbors.ndim != 2 or shape[0] != queries or shape[1] == 0:
        raise DatasetError(
            f"neighbors has shape {shape}, expected a row for each of the {queries:,} queries",
            "neighbors",
        )
    _check_rows("neighbors", neighbors, rows)
    if distances is not None and distances.shape != shape:
        raise DatasetError(
            f"distances has shape {distances.shape}, but neighbors has {shape}", "distances"
        )


def check_lists(
    field: str, indptr: NDArray[Any], indices: NDArray[Any], queries: int, rows: int
) -> None:
    """Require a valid CSR list for each query."""
    if indptr.shape != (queries + 1,) or indptr.dtype.kind not in "iu":
        raise DatasetError(
            f"{field}_indptr is {indptr.dtype} of shape {indptr.shape}, expected {queries + 1:,} "
            f"whole numbers, one more than there are queries",
            f"{field}_indptr",
        )
    if indices.ndim != 1:
        raise DatasetError(
            f"{field}_indices has shape {indices.shape}, expected one dimension", f"{field}_indices"
        )
    if indptr[0] != 0 or indptr[-1] != len(indices) or (indptr[1:] < indptr[:-1]).any():
        raise DatasetError(
            f"{field}_indptr goes from {indptr[0]} to {indptr[-1]}, expected to rise from 0 to "
            f"{len(indices)}, the length of {field}_indices",
            f"{field}_indptr",
        )
    _check_rows(f"{field}_indices", indices, rows)


def _check_rows(field: str, numbers: NDArray[Any], rows: int) -> None:
    if numbers.dtype.kind not in "iu":
        raise DatasetError(f"{field} has dtype {numbers.dtype}, expected whole numbers", field)
    if numbers.size > 0 and (numbers.min() < 0 or numbers.max() >= rows):
        wrong = numbers.min() if numbers.min() < 0 else numbers.max()
        raise DatasetError(f"{field} has row {wrong}, but train has {rows:,} rows", field)


def check_finite(field: str, rows: NDArray[Any]) -> None:
    """Require finite values."""
    for first, block in blocks(rows):
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            row = first + int(finite.argmin())
            raise DatasetError(f"{field} has a value that is not finite in row {row}", field)


def scores(metric: str, queries: NDArray[Any], rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return the scores of all pairs in float64, higher is better."""
    left, right = (np.asarray(each, np.float64) for each in (queries, rows))
    dots: NDArray[np.float64] = left @ right.T
    if metric == "ip":
        return dots
    left_squares, right_squares = (left**2).sum(axis=1)[:, None], (right**2).sum(axis=1)
    if metric == "l2":
        return np.asarray(2 * dots - right_squares - left_squares)
    norms = np.sqrt(left_squares * right_squares)
    return np.asarray(dots / np.where(norms == 0, 1, norms))


def check_truth(
    metric: str, train: NDArray[Any], test: NDArray[Any], neighbors: NDArray[Any]
) -> None:
    """Refuse neighbors that miss better rows, for most queries of a sample.

    A few queries may miss some: a truth that was computed in less than float32 has small errors.
    """
    rng = np.random.default_rng(0)
    rows = np.sort(rng.choice(len(train), min(1000, len(train)), replace=False))
    queries = np.sort(rng.choice(len(test), min(32, len(test)), replace=False))
    beaten = []
    for query in queries:
        found = scores(metric, test[query : query + 1], train[rows])[0]
        worst = scores(metric, test[query : query + 1], train[neighbors[query]]).min()
        found[np.isin(rows, neighbors[query])] = -np.inf
        best = found.max()
        if best > worst + 1e-3 * max(abs(best), abs(worst)):
            beaten.append((int(rows[found.argmax()]), int(query)))
    if 2 * len(beaten) > len(queries):
        row, query = beaten[0]
        raise DatasetError(
            f"neighbors does not fit train and test under {metric}: row {row} is missing, but "
            f"scores better for query {query} than the last neighbor",
            "neighbors",
        )
