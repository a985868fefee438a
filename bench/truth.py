"""The right answers: the best rows for every query, by exact scoring of all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.datasets import Csr, Dataset, with_truth
from vecq.datasets.best import keep_best, sort_best

# Scores held at a time.
SCORES_AT_ONCE = 1 << 24

Ids = NDArray[np.int64]


def true_ids(data: Dataset, k: int, threads: int = 0) -> tuple[Ids, str]:
    """The `k` best rows for every query, and where they come from.

    Those that the data set brings along are taken if they are enough.
    """
    source = "the data set's own neighbors"
    if data.neighbors is None or data.neighbors.shape[1] < k:
        data, source = with_truth(data, k, threads=threads), "exact scan of float32"
    return np.asarray(data.neighbors)[:, :k].astype(np.int64), source


def best_on_codes(
    data: Dataset,
    queries: NDArray[np.float32],
    k: int,
    kind: str,
    *,
    seen: Csr | None = None,
    threads: int = 0,
) -> Ids:
    """The `k` best rows for queries by exact scoring on codes of a kind.

    `seen` has the rows that each query may not get.
    """
    codec = vecq.Codec.of(kind, metric=data.metric)
    if codec.needs_fit:
        codec.fit(data.train)
    scores = np.full((len(queries), k), -np.inf, np.float32)
    ids = np.full(scores.shape, -1, np.int64)
    step = max(1, SCORES_AT_ONCE // len(queries))
    for first in range(0, len(data.train), step):
        codes = codec.encode(data.train[first : first + step], threads=threads)
        found = codec.score(codes, queries, data.metric, threads=threads)
        if seen is not None:
            _hide(found, seen, first)
        keep_best(scores, ids, found, first)
    scores, ids = sort_best(scores, ids)
    return np.where(scores == -np.inf, -1, ids)


def _hide(scores: NDArray[np.float32], seen: Any, first: int) -> None:
    """Gives the rows from `first` on that a query has seen the worst score."""
    queries = np.repeat(np.arange(len(scores)), np.diff(seen.indptr))
    columns = seen.indices - first
    here = (columns >= 0) & (columns < scores.shape[1])
    scores[queries[here], columns[here]] = -np.inf
