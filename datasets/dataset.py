"""A data set: vectors to search, queries, and what is known to be right about them."""

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
# The arrays of a data set by the names that files have for them.
ARRAYS = (
    *MATRICES,
    *TRUTH,
    *(f"{field}_{part}" for field in LISTS for part in CSR),
)


class Csr(NamedTuple):
    """A list of rows for each query: that of query i is indices[indptr[i] : indptr[i + 1]].

    >>> Csr.of([[3, 1], [], [2]])
    Csr(indptr=array([0, 2, 2, 3]), indices=array([3, 1, 2]))
    """

    indptr: NDArray[np.integer[Any]]
    indices: NDArray[np.integer[Any]]

    @classmethod
    def of(cls, lists: Sequence[ArrayLike]) -> "Csr":
        parts = [np.asarray(each, np.int64) for each in lists]
        indptr = np.cumsum([0, *map(len, parts)])
        return cls(indptr, np.concatenate([np.empty(0, np.int64), *parts]))

    def row(self, query: int) -> NDArray[np.integer[Any]]:
        return self.indices[self.indptr[query] : self.indptr[query + 1]]


@dataclass(frozen=True, repr=False)
class Dataset:
    """Vectors to search, queries, the metric they are meant for, and the right answers.

    Args:
        name: what results call it.
        metric: "ip", "cosine" or "l2".
        train: the vectors to search, float32, in memory or mapped.
        test: the queries, float32; for recommendations these are users.
        neighbors: the true best rows of `train` for each query, best first.
        distances: of these, as ann-benchmarks has them: the Euclidean distance, 1 - cosine, or the
            inner product itself.
        seen: rows of `train` that each user has had, and that must not be shown again.
        heldout: rows of `train` that each user chose later, and that recommendations should find.

    What doesn't fit together is refused at once; `check` looks at every value.

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
            raise DatasetError("distances come without neighbors", "distances")
        for field in LISTS:
            lists = getattr(self, field)
            if lists is not None:
                check_lists(field, lists.indptr, lists.indices, queries, rows)

    @classmethod
    def of(cls, name: str, metric: str, arrays: Mapping[str, NDArray[Any]]) -> "Dataset":
        """Of what a file holds, by the names of ARRAYS; numbers of any type become float32."""
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
        """All there is, by the names of ARRAYS."""
        found = {field: getattr(self, field) for field in (*MATRICES, *TRUTH)}
        for field in LISTS:
            lists = getattr(self, field)
            if lists is not None:
                found |= {f"{field}_{part}": array for part, array in lists._asdict().items()}
        return {name: array for name, array in found.items() if array is not None}

    def check(self) -> "Dataset":
        """Looks at every value: all are finite, and neighbors are those of these vectors.

        That is judged by a sample: for most queries, no row drawn at random may be better than the
        last neighbor.
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
    """Rows as float32, the same array if it is that already."""
    if rows.dtype == np.float32 and rows.dtype.isnative:
        return rows
    if rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise DatasetError(
            f"{field} is {rows.dtype} of shape {rows.shape}, expected rows of numbers", field
        )
    floats = np.empty(rows.shape, np.float32)
    with np.errstate(over="ignore"):  # what overflows becomes infinite, and is found as such
        for first, block in blocks(rows):
            floats[first : first + len(block)] = block
    return floats
