"""The class that the runner of ann-benchmarks drives, by single queries or batches."""

import os
from typing import Any

import numpy as np

import vecq

METRICS = {"angular": "cosine", "euclidean": "l2"}


class Vecq:
    """An index of vecq with the methods that the runner calls.

    >>> algorithm = Vecq("angular", {"codec": "int8", "m": 16})
    >>> algorithm.fit(items)
    >>> algorithm.set_query_arguments(100)
    >>> algorithm.query(user, 10)
    array([...])
    """

    def __init__(self, metric: str, params: dict[str, Any]) -> None:
        if metric not in METRICS:
            raise vecq.ArgumentError(
                f"metric is {metric!r}, expected one of {', '.join(METRICS)}", "metric"
            )
        self._metric, self._params = METRICS[metric], params
        self._ef: int | None = None
        self._distances = 0
        self._batch: vecq.Result | None = None

    def fit(self, vectors: np.ndarray) -> None:
        """Build the index on all cores."""
        self._index = vecq.Index(vectors.shape[1], self._metric, **self._params)
        self._index.add(vectors, progress=False)

    def set_query_arguments(self, ef: int) -> None:
        self._ef, self._distances = ef, 0

    def query(self, vector: np.ndarray, n: int) -> np.ndarray:
        found = self._search(vector, n, threads=1)
        return found.ids[0, : found.counts[0]]

    def batch_query(self, vectors: np.ndarray, n: int) -> None:
        """Answer all queries on all cores; `get_batch_results` returns the answers."""
        self._batch = self._search(vectors, n, threads=0)

    def get_batch_results(self) -> list[np.ndarray]:
        found = self._batch
        if found is None:
            return []
        return [row[:count] for row, count in zip(found.ids, found.counts, strict=True)]

    def get_additional(self) -> dict[str, Any]:
        """Return the number of rows scored since the arguments were set."""
        return {"dist_comps": self._distances}

    def get_memory_usage(self) -> float:
        """Return the kilobytes of this process; the runner takes the difference around `fit`."""
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1024

    def done(self) -> None:
        """Release nothing: the index goes with this object."""

    def __str__(self) -> str:
        settings = ", ".join(f"{name}={value}" for name, value in self._params.items())
        return f"vecq({settings}, ef={self._ef})"

    def _search(self, vectors: np.ndarray, n: int, threads: int) -> vecq.Result:
        # The beam has to be at least n wide.
        ef = None if self._ef is None else max(self._ef, n)
        found = self._index.search(vectors, n, ef=ef, threads=threads)
        self._distances += found.n_scored
        return found
