"""All items above a score."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arrays import as_vectors
from vecq.core.errors import ArgumentError
from vecq.search.exclusions import Exclusions
from vecq.search.filters import Filter
from vecq.search.searchable import Searchable

FIRST, FACTOR = 128, 8
# Of all queries that are asked at a time.
RESULTS_AT_ONCE = 1 << 23


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
    options["allow"] = Filter.of(index, options.get("allow"), options.pop("deny", None))
    with np.errstate(over="ignore"):
        least = np.float32(threshold)
    ids: list[NDArray[np.int64]] = [np.empty(0, np.int64)] * len(rows)
    scores: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(rows)
    left, size = np.arange(len(rows)), max(len(index), 1)
    k = min(FIRST, size)
    while len(left) > 0:
        full = []
        at_once = max(1, RESULTS_AT_ONCE // k)
        for part in np.split(left, range(at_once, len(left), at_once)):
            excluded = None if hidden is None else [hidden.ids_of(int(q)) for q in part]
            found = index.search(rows[part], k, exclude=excluded, **options)
            above = np.minimum((found.scores >= least).sum(axis=1), found.counts)
            for i, q in enumerate(part):
                ids[q] = found.ids[i, : above[i]].copy()
                scores[q] = found.scores[i, : above[i]].copy()
            full.append(part[above == k])
        left = np.concatenate(full) if k < size else left[:0]
        size = max(len(index), 1)
        k = min(k * FACTOR, size)
    indptr = np.cumsum([0, *map(len, ids)])
    return Ranges(
        indptr,
        np.concatenate([*ids, np.empty(0, np.int64)]),
        np.concatenate([*scores, np.empty(0, np.float32)]),
    )
