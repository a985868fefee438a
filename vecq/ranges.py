"""All items above a score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.arrays import as_vectors
from vecq.errors import ArgumentError
from vecq.filters import Exclusions
from vecq.searchable import Searchable

FIRST, FACTOR = 128, 8


@dataclass(frozen=True)
class Ranges:
    """Of query q, `ids[indptr[q] : indptr[q + 1]]` and their scores, best first."""

    indptr: NDArray[np.int64]
    ids: NDArray[np.int64]
    scores: NDArray[np.float32]


def search_range(
    index: Searchable, queries: ArrayLike, threshold: float, options: dict[str, Any]
) -> Ranges:
    """Asks for more and more items, until the last scores less than the threshold."""
    rows = as_vectors(queries, "queries", index._dim)
    if np.isnan(threshold):
        raise ArgumentError("threshold is nan, expected a number", "threshold")
    if "k" in options:
        raise ArgumentError("k can't be given, the threshold decides how many there are", "k")
    hidden = Exclusions.of(options.pop("exclude", None), len(rows))
    ids: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(rows)
    scores: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(rows)
    left, k = np.arange(len(rows)), min(FIRST, max(len(index), 1))
    while len(left) > 0:
        excluded = None if hidden is None else [hidden.ids_of(int(q)) for q in left]
        found = index.search(rows[left], k, exclude=excluded, **options)
        above = np.minimum((found.scores >= threshold).sum(axis=1), found.counts)
        for i, q in enumerate(left):
            ids[q], scores[q] = (
                found.ids[i, : above[i]].copy(),
                found.scores[i, : above[i]].copy(),
            )
        left = left[above == k] if k < len(index) else left[:0]
        k = min(k * FACTOR, len(index))
    indptr = np.cumsum([0, *map(len, ids)])
    return Ranges(
        indptr,
        np.concatenate([*ids, np.empty(0, np.int64)]),
        np.concatenate([*scores, np.empty(0, np.float32)]),
    )
