"""One knn_query of hnswlib's Index, on a snapshot of its state; no lock is held meanwhile."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.integrations.distances import by_differences
from vecq.integrations.hnswlib.inputs import Filter, as_distances, passing, require_full
from vecq.quantization.metric import Metric

# Before a filter is asked about all labels, it is asked about so many times as are wanted.
WIDER = 8

Found = tuple[NDArray[np.uint64], NDArray[np.float32]]


@dataclass
class Query:
    """The index to search, k, and the search settings."""

    index: vecq.Index
    deleted: NDArray[np.int64]
    alive: vecq.Filter | None  # if something is deleted
    space: Metric
    sharp: bool  # whether distances are to be those of float32
    ef: int
    threads: int

    def nearest(self, queries: NDArray[np.float32], k: int) -> Found:
        return self._answer(queries, k, self.alive)

    def nearest_that_pass(self, queries: NDArray[np.float32], k: int, verdict: Filter) -> Found:
        """Call the filter for the nearest labels first, and for all if too few are allowed."""
        ids = np.setdiff1d(self.index.ids, self.deleted)
        wide = min(max(WIDER * k, self.ef), len(ids))
        if k <= wide and len(queries) * wide < len(ids):
            found, distances = self._answer(queries, wide, self.alive)
            seen, place = np.unique(found, return_inverse=True)
            passed = passing(verdict, seen)[place].reshape(found.shape)
            if (passed.sum(axis=1) >= k).all():
                best = np.argsort(~passed, axis=1, kind="stable")[:, :k]
                return np.take_along_axis(found, best, 1), np.take_along_axis(distances, best, 1)
        return self._answer(queries, k, ids[passing(verdict, ids.view(np.uint64))])

    def _answer(self, queries: NDArray[np.float32], k: int, allowed: Any) -> Found:
        found = self.index.search(
            queries, k, ef=max(self.ef, k), allow=allowed, threads=self.threads
        )
        require_full(found.counts, k)
        ids, distances = found.ids, as_distances(found.scores, self.space)
        if self.sharp:
            ids, distances = by_differences(self.index, queries, found)
        return np.ascontiguousarray(ids).view(np.uint64), distances
