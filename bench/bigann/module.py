"""The classes that the runner of big-ann-benchmarks drives, for its filter and streaming tracks."""

import importlib
from typing import Any

import numpy as np

import vecq
from vecq.bench.machine import private_bytes

METRICS = {"euclidean": "l2", "ip": "ip", "angular": "cosine"}
BLOCK = 1 << 18  # rows per call of add


class Vecq:
    """The methods of both tracks; the runner reads answers by `get_results`."""

    def __init__(self, metric: str, params: dict[str, Any]) -> None:
        if metric not in METRICS:
            raise vecq.ArgumentError(
                f"metric is {metric!r}, expected one of {', '.join(METRICS)}", "metric"
            )
        self._metric, self._params = METRICS[metric], params
        self._search: dict[str, Any] = {}
        self._found: np.ndarray = np.empty((0, 0), np.int64)

    def set_query_arguments(self, arguments: dict[str, Any]) -> None:
        """Set arguments of `vecq.Index.search`, such as {"ef": 100}."""
        self._search = arguments

    def query(self, vectors: np.ndarray, k: int) -> None:
        """Answer all queries on all cores."""
        self._found = self._index.search(_floats(vectors), k, threads=0, **self._search).ids

    def get_results(self) -> np.ndarray:
        """Return ids, a row for each query; -1 where there are fewer than k."""
        return self._found

    def get_additional(self) -> dict[str, Any]:
        return {}

    def get_memory_usage(self) -> float:
        """Return the kilobytes of this process; the runner takes differences."""
        return private_bytes() / 1024

    def load_index(self, dataset: str) -> bool:
        """Return False: no index is kept between runs."""
        return False

    def done(self) -> None:
        """Release nothing: the index goes with this object."""

    def __str__(self) -> str:
        settings = ", ".join(f"{n}={v}" for n, v in (self._params | self._search).items())
        return f"vecq({settings})"

    def _open(self, dim: int) -> None:
        self._index = vecq.Index(dim, self._metric, **self._params)


class Filtered(Vecq):
    """The filter track: results must have all tags of their query.

    >>> algorithm = Filtered("euclidean", {"codec": "int8"})
    >>> algorithm.fit("random-filter-s")
    >>> algorithm.filtered_query(queries, tags, 10)
    """

    def track(self) -> str:
        return "filter"

    def fit(self, dataset: str) -> None:
        """Build the index of a data set of the runner, and list the items of each tag."""
        data = importlib.import_module("benchmark.datasets").DATASETS[dataset]()
        for rows in data.get_dataset_iterator(BLOCK):
            if not hasattr(self, "_index"):
                self._open(rows.shape[1])
            first = len(self._index)
            self._index.add(_floats(rows), np.arange(first, first + len(rows)), progress=False)
        tags = data.get_dataset_metadata().tocsc()
        self._items, self._ends = tags.indices, tags.indptr

    def filtered_query(self, vectors: np.ndarray, tags: Any, k: int) -> None:
        """Answer all queries, one search per set of tags; `tags` is a CSR matrix."""
        found = np.full((len(vectors), k), -1, np.int64)
        alike: dict[tuple[int, ...], list[int]] = {}
        for row in range(len(vectors)):
            own = sorted(tags.indices[tags.indptr[row] : tags.indptr[row + 1]].tolist())
            alike.setdefault(tuple(own), []).append(row)
        for shared, rows in alike.items():
            allowed = self._having(shared)
            if allowed is None or len(allowed) > 0:
                part = _floats(vectors[rows])
                found[rows] = self._index.search(
                    part, k, allow=allowed, threads=0, **self._search
                ).ids
        self._found = found

    def _having(self, tags: tuple[int, ...]) -> np.ndarray | None:
        """Return the items with all of these tags; None: every item."""
        allowed: np.ndarray | None = None
        for tag in tags:
            items = np.sort(self._items[self._ends[tag] : self._ends[tag + 1]])
            allowed = items if allowed is None else np.intersect1d(allowed, items, True)
        return allowed


class Streaming(Vecq):
    """The streaming track: items are inserted and removed between queries.

    >>> algorithm = Streaming("euclidean", {"codec": "int8"})
    >>> algorithm.setup("float32", 30_000, 100)
    >>> algorithm.insert(vectors, ids)
    >>> algorithm.delete(ids[:10])
    """

    def track(self) -> str:
        return "stream"

    def setup(self, dtype: str, max_pts: int, ndims: int) -> None:
        """Make an empty index, which grows on demand."""
        self._open(ndims)

    def set_query_arguments(self, arguments: dict[str, Any]) -> None:
        """Empty the index too: the runner calls `setup` once, but repeats all other steps."""
        super().set_query_arguments(arguments)
        if hasattr(self, "_index"):
            self._open(self._index.dim)

    def insert(self, vectors: np.ndarray, ids: np.ndarray) -> None:
        """Insert vectors, or replace those of existing ids."""
        self._index.upsert(_floats(vectors), ids.astype(np.int64), progress=False)

    def replace(self, vectors: np.ndarray, ids: np.ndarray) -> None:
        """Replace the vectors of existing ids."""
        self.insert(vectors, ids)

    def delete(self, ids: np.ndarray) -> None:
        self._index.remove(ids.astype(np.int64), progress=False)


def _floats(vectors: np.ndarray) -> np.ndarray:
    """Convert vectors of any type to float32."""
    return np.asarray(vectors, np.float32)
