"""BFIndex of hnswlib: brute-force search."""

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.integrations.exchange.reader import Reader
from vecq.integrations.exchange.writer import replacing
from vecq.integrations.hnswlib.inputs import (
    Filter,
    as_count,
    as_distances,
    as_labels,
    as_rows,
    as_runtime_error,
    as_size,
    checked_space,
    nothing,
    passing,
    require_finite,
    require_full,
)

FULL = "The number of elements exceeds the specified limit\n"


class BFIndex:
    """Exact nearest neighbors, as `hnswlib.BFIndex`."""

    def __init__(self, space: str, dim: int) -> None:
        self._space, self._dim = checked_space(space), as_count(dim, "dim")
        self._room = -1
        self._vectors = np.empty((0, max(self._dim, 0)), np.float32)
        self._labels = np.empty(0, np.uint64)
        self._next = 0
        self.num_threads = os.cpu_count() or 1

    def init_index(self, max_elements: int) -> None:
        if self._room >= 0:
            raise RuntimeError("The index is already initiated.")
        self._room = as_size(max_elements, "max_elements")

    def add_items(self, data: Any, ids: Any = None) -> None:
        """Add vectors; a vector with a known label replaces the old one."""
        self._require()
        rows = as_rows(data, self._dim, self._space)
        if ids is None:
            labels = np.arange(self._next, self._next + len(rows), dtype=np.uint64)
        else:
            labels = as_labels(ids, len(rows))
        everything = np.append(self._labels, labels)
        # Of each label the last vector, where the first one was.
        _, first, inverse = np.unique(everything, return_index=True, return_inverse=True)
        if len(first) > self._room:
            raise RuntimeError(FULL)
        last = np.zeros(len(first), np.int64)
        np.maximum.at(last, inverse, np.arange(len(everything)))
        kept = last[np.argsort(first)]
        self._vectors = np.concatenate([self._vectors, rows])[kept]
        self._labels = everything[kept]
        self._next += len(rows)

    def delete_vector(self, label: int) -> None:
        """Remove a vector; unknown labels are ignored."""
        self._require()
        kept = self._labels != np.uint64(as_size(label, "label"))
        self._vectors, self._labels = self._vectors[kept], self._labels[kept]

    def knn_query(
        self, data: Any, k: int = 1, num_threads: int = -1, filter: Filter | None = None
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32]]:
        """Return labels and distances of the k nearest vectors, nearest first."""
        self._require()
        wanted, queries = as_size(k, "k"), as_rows(data, self._dim, self._space)
        if wanted == 0:
            return nothing(len(queries))
        threads = num_threads if num_threads > 0 else max(self.num_threads, 0)
        vectors, labels = self._vectors, self._labels
        if filter is not None:
            allowed = passing(filter, labels)
            vectors, labels = vectors[allowed], labels[allowed]
        require_full(len(labels), wanted)
        with as_runtime_error():
            found = vecq.brute_force(
                vectors, queries, k=wanted, metric=self._space, threads=min(threads, 1024)
            )
        return labels[found.ids], as_distances(found.scores, self._space)

    def save_index(self, path_to_index: str) -> None:
        """Write a file that hnswlib can read."""
        self._require()
        count = len(self._labels)
        records = np.zeros((self._room, 4 * self._dim + 8), np.uint8)
        records[:count, :-8] = self._vectors.view(np.uint8)
        records[:count, -8:] = self._labels[:, None].view(np.uint8)
        with as_runtime_error(), replacing(path_to_index) as file:
            file.write(np.array([self._room, records.shape[1], count], "<u8").tobytes())
            file.write(records.data)

    def load_index(self, path_to_index: str, max_elements: int = 0) -> None:
        """Load a file that hnswlib or `save_index` wrote."""
        least = as_size(max_elements, "max_elements")
        with as_runtime_error():
            reader = Reader.of(path_to_index)
            room, size, count = (int(one) for one in reader.array("<u8", 3, "the header"))
            if size != 4 * self._dim + 8 or count > room:
                reader.fail(f"it is no BFIndex of {self._dim} dimensions")
            records = reader.array("u1", room * size, "the records").reshape(room, size)[:count]
            reader.finish()
        vectors = np.ascontiguousarray(records[:, :-8]).view("<f4").astype(np.float32)
        require_finite(vectors, "path_to_index")
        labels = np.ascontiguousarray(records[:, -8:]).view("<u8").ravel().astype(np.uint64)
        self._vectors, self._labels = vectors, labels
        self._room, self._next = max(room, least), count

    def set_num_threads(self, num_threads: int) -> None:
        self.num_threads = as_count(num_threads, "num_threads")

    def get_max_elements(self) -> int:
        self._require()
        return self._room

    def get_current_count(self) -> int:
        self._require()
        return len(self._labels)

    def __repr__(self) -> str:
        return f"<vecq.integrations.hnswlib.BFIndex(space={self._space!r}, dim={self._dim})>"

    def _require(self) -> None:
        if self._room < 0:
            raise RuntimeError("The index is not initiated: call init_index or load_index first.")
