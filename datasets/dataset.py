"""A data set: vectors to search, queries, and the known right answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq import DatasetError
from vecq.datasets.checks import (
    blocks,
    check_finite,
    check_lists,
    check_matrix,
    check_neighbors,
    check_truth,
)

METRICS = ("ip", "cosine", "l2")
MATRICES, TRUTH, LISTS = ("train", "test"), ("neighbors", "distances"), ("seen", "heldout")
CSR = ("indptr", "indices")
# The arrays of a data set, by their names in files.
ARRAYS = (
    *MATRICES,
    *TRUTH,
    *(f"{field}_{part}" for field in LISTS for part in CSR),
)


class Csr(NamedTuple):
    """A list of rows for each query; that of query i is indices[indptr[i] : indptr[i + 1]].

    >>> Csr.of([[3, 1], [], [2]])
    Csr(indptr=array([0, 2, 2, 3]), indices=array([3, 1, 2]))
    """

    indptr: NDArray[np.integer[Any]]
    indices: NDArray[np.integer[Any]]

    @classmethod
    def of(cls, lists: Sequence[ArrayLike]) -> "Csr":
        """Make it of one list for each query."""
        parts = [np.asarray(each, np.int64) for each in lists]
        indptr = np.cumsum([0, *map(len, parts)])
        return cls(indptr, np.concatenate([np.empty(0, np.int64), *parts]))

    def row(self, query: int) -> NDArray[np.integer[Any]]:
        """Return the list of a query."""
        return self.indices[self.indptr[query] : self.indptr[query + 1]]


@dataclass(frozen=True, repr=False)
class Dataset:
    """Vectors to search, queries, the metric they are meant for, and the right answers.

    Args:
        name: Its name in results.
        metric: "ip", "cosine" or "l2".
        train: The vectors to search, float32, in memory or mapped.
        test: The queries, float32; in recommendation data, the users.
        neighbors: The true best rows of `train` for each query, best first. Default: None.
        distances: The distances of the neighbors, as ann-benchmarks defines them: Euclidean
            distance, 1 - cosine, or the inner product. Default: None.
        seen: Rows of `train` that each user has seen, to be excluded. Default: None.
        heldout: Rows of `train` that each user chose later, to be found. Default: None.

    Raises:
        DatasetError: The arrays do not fit together. Values are validated by `check`.

    >>> Dataset("tiny", "ip", numpy.eye(4, dtype="float32"), numpy.ones((1, 4), "float32"))
    <vecq.datasets.Dataset tiny: 4 x 4, 1 queries, ip>
    """

    name: str
    metric: str
    train: NDArray[np.float32]
    test: NDArray[np.float32]
    neighbors: NDArray[np.integer[Any]] | None = None
    distances: NDArray[np.floating[Any]] | None = None
    seen: Csr | None = None
    heldout: Csr | None = None

    def __post_init__(self) -> None:
        if self.metric not in METRICS:
            expected = ", ".join(METRICS)
            raise DatasetError(f"metric is {self.metric!r}, expected one of {expected}", "metric")
        for field in MATRICES:
            check_matrix(field, getattr(self, field))
        (rows, dim), (queries, other) = self.train.shape, self.test.shape
        if dim != other:
            raise DatasetError(f"test has dim {other}, but train has dim {dim}", "test")
        if self.neighbors is not None:
            check_neighbors(self.neighbors, self.distances, queries, rows)
        elif self.distances is not None:
            raise DatasetError("distances are given without neighbors", "distances")
        for field in LISTS:
            lists = getattr(self, field)
            if lists is not None:
                check_lists(field, lists.indptr, lists.indices, queries, rows)

    @classmethod
    def of(cls, name: str, metric: str, arrays: Mapping[str, NDArray[Any]]) -> "Dataset":
        """Make a data set of arrays by the names of ARRAYS; vectors of any type become float32."""
        given: dict[str, Any] = {}
        for field in MATRICES:
            if field not in arrays:
                raise DatasetError(f"{field} is missing", field)
            given[field] = as_float32(field, arrays[field])
        for field in TRUTH:
            given[field] = arrays.get(field)
        for field in LISTS:
            parts = {part: arrays[f"{field}_{part}"] for part in CSR if f"{field}_{part}" in arrays}
            missing = [f"{field}_{part}" for part in CSR if part not in parts]
            if len(missing) == 1:
                raise DatasetError(f"{missing[0]} is missing", missing[0])
            given[field] = None if missing else Csr(**parts)
        return cls(name, metric, **given).check()

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return all arrays, by the names of ARRAYS."""
        found = {field: getattr(self, field) for field in (*MATRICES, *TRUTH)}
        for field in LISTS:
            lists = getattr(self, field)
            if lists is not None:
                found |= {f"{field}_{part}": array for part, array in lists._asdict().items()}
        return {name: array for name, array in found.items() if array is not None}

    def check(self) -> "Dataset":
        """Validate all values: they are finite, and the neighbors are right.

        Neighbors are judged by a sample: for most queries, no random row may score better than the
        last neighbor.

        Returns:
            The data set itself.

        Raises:
            DatasetError: A value is not finite, or neighbors are wrong.
        """
        for field in (*MATRICES, "distances"):
            values = getattr(self, field)
            if values is not None:
                check_finite(field, values)
        if self.neighbors is not None:
            check_truth(self.metric, self.train, self.test, self.neighbors)
        return self

    def __repr__(self) -> str:
        rows, dim = self.train.shape
        also = [field for field in (*TRUTH, *LISTS) if getattr(self, field) is not None]
        return (
            f"<vecq.datasets.Dataset {self.name}: {rows:,} x {dim}, {len(self.test):,} queries, "
            f"{', '.join([self.metric, *also])}>"
        )


def as_float32(field: str, rows: NDArray[Any]) -> NDArray[np.float32]:
    """Convert rows to float32; return the same array if it is float32 already."""
    if rows.dtype == np.float32 and rows.dtype.isnative:
        return rows
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise DatasetError(
            f"{field} is {rows.dtype} of shape {rows.shape}, expected a matrix of numbers", field
        )
    floats = np.empty(rows.shape, np.float32)
    with np.errstate(over="ignore"):  # overflow becomes infinite, which check finds
        for first, block in blocks(rows):
            floats[first : first + len(block)] = block
    return floats
