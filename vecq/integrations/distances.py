"""Distances as other libraries define them."""

import numpy as np
from numpy.typing import NDArray

import vecq

# Numbers of vectors that are taken out of an index at a time.
FLOATS_AT_ONCE = 1 << 24


def by_differences(
    index: vecq.Index, queries: NDArray[np.float32], found: vecq.Result
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return found ids sorted by squared distances that are computed from differences.

    Scores are made of dot products, in which what is near is lost where all is far from the origin.
    Places for which nothing was found are left at the largest distance.
    """
    ids = found.ids
    there = np.arange(ids.shape[1]) < found.counts[:, None]
    distances = np.full(ids.shape, np.finfo(np.float32).max)
    step = max(1, FLOATS_AT_ONCE // max(1, ids.shape[1] * index.dim))
    for first in range(0, len(ids), step):
        part = slice(first, first + step)
        query, place = np.nonzero(there[part])
        differences = index.get(ids[part][query, place]) - queries[part][query]
        distances[part][query, place] = np.einsum("nd,nd->n", differences, differences)
    order = np.argsort(distances, axis=1, kind="stable")
    return np.take_along_axis(ids, order, 1), np.take_along_axis(distances, order, 1)
