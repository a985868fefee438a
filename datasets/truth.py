"""Ground truth: the exact best rows for each query, on float32."""

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.core.arguments import whole
from vecq.datasets.dataset import Dataset


def with_truth(dataset: Dataset, k: int = 100, *, threads: int = 0) -> Dataset:
    """Return the data set with the true k neighbors of its queries and their distances.

    Args:
        dataset: The data set.
        k: Number of neighbors; 0 leaves the data set unchanged. Default: 100.
        threads: Number of threads; 0 = all cores. Default: 0.

    >>> with_truth(load("items.npy"), k=10).neighbors.shape
    (1000, 10)
    """
    k = min(whole(k, "k", 0, 2**31 - 1), len(dataset.train))
    if k == 0:
        return dataset
    ids, scores = vecq.brute_force(
        dataset.train, dataset.test, k=k, metric=dataset.metric, threads=threads
    )
    return dataclasses.replace(
        dataset,
        neighbors=ids.astype(np.int32 if len(dataset.train) < 2**31 else np.int64),
        distances=distances_of(scores, dataset.metric),
    )


def distances_of(scores: NDArray[Any], metric: str) -> NDArray[np.float32]:
    """Convert scores to the distances that ann-benchmarks defines."""
    if metric == "ip":
        return scores
    if metric == "cosine":
        return np.asarray(1 - scores)
    return np.asarray(np.sqrt(np.maximum(-scores, 0)))
