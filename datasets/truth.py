"""Ground truth: the exact best rows for each query, on float32."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.arguments import whole
from vecq.datasets.best import keep_best, sort_best
from vecq.datasets.dataset import Dataset

# Rows and queries that are scored at a time.
ROWS, QUERIES = 1 << 14, 1 << 11


def with_truth(dataset: Dataset, k: int = 100, *, threads: int = 0) -> Dataset:
    """The data set with the true `k` neighbors of its queries and their distances; 0: as it is.

    >>> with_truth(load("items.npy"), k=10).neighbors.shape
    (1000, 10)
    """
    k = min(whole(k, "k", 0, 2**31 - 1), len(dataset.train))
    if k == 0:
        return dataset
    ids, scores = exact(dataset.test, dataset.train, k, metric=dataset.metric, threads=threads)
    return dataclasses.replace(
        dataset,
        neighbors=ids.astype(np.int32 if len(dataset.train) < 2**31 else np.int64),
        distances=distances_of(scores, dataset.metric),
    )


def distances_of(scores: NDArray[Any], metric: str) -> NDArray[np.float32]:
    """What ann-benchmarks calls the distances of scores."""
    if metric == "ip":
        return scores
    if metric == "cosine":
        return 1 - scores
    return np.sqrt(np.maximum(-scores, 0))


def exact(
    queries: NDArray[np.float32],
    rows: NDArray[np.float32],
    k: int,
    *,
    metric: str = "ip",
    threads: int = 0,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `k` best rows for each query and their scores, best first."""
    codec = vecq.Codec("fp32")
    scores = np.full((len(queries), k), -np.inf, np.float32)
    ids = np.full(scores.shape, -1, np.int64)
    for first in range(0, len(rows), ROWS):
        codes = codec.encode(rows[first : first + ROWS], threads=threads)
        for start in range(0, len(queries), QUERIES):
            some = slice(start, start + QUERIES)
            found = codec.score(queries[some], codes, metric=metric, threads=threads)
            keep_best(scores[some], ids[some], found, first)
    scores, ids = sort_best(scores, ids)
    return ids, scores
