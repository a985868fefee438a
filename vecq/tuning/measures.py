"""What a result is worth for each of its queries, from 0 to 1."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vecq.search.result import Result

Values = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Measure:
    """How a measure is called, and whether it needs held-out interactions."""

    name: str
    held_out: bool = True


MEASURES = {
    "recall": Measure("recall", held_out=False),
    "hit_rate": Measure("hit rate"),
    "ndcg": Measure("NDCG"),
}


class Truth:
    """The true best k of each query; of rows that score the same as the last of them, any will do.

    Args:
        found: by exact search, somewhat more than k.
    """

    def __init__(self, found: Result, k: int, rows: int) -> None:
        self._k, self._rows = k, rows
        self.counts = np.minimum(found.counts, k)
        last = np.take_along_axis(found.scores, np.maximum(self.counts - 1, 0)[:, None], axis=1)
        right = (found.scores >= last) & (found.ids >= 0)
        self._keys = np.sort(self._key(found.ids)[right])

    def recall(self, found: Ids) -> Values:
        """The share of each query's truth in a row of ids."""
        hits = np.isin(self._key(found), self._keys, assume_unique=True) & (found >= 0)
        counted = np.minimum(hits.sum(axis=1), self.counts)
        return np.asarray(counted / np.maximum(self.counts, 1), np.float64)

    def _key(self, ids: Ids) -> Ids:
        """Tells ids of different queries apart; places without an id are negative, each its own."""
        numbers = np.arange(len(ids))[:, None] * self._rows + ids
        empty = -1 - np.arange(ids.size).reshape(ids.shape)
        return np.where(ids >= 0, numbers, empty)


def hit_rate(found: Ids, chosen: Sequence[Ids]) -> Values:
    """1 for each query that finds any of what was chosen, 0 for the others."""
    pairs = zip(found, chosen, strict=True)
    return np.array([float(np.isin(own, row).any()) for row, own in pairs])


def ndcg(found: Ids, chosen: Sequence[Ids]) -> Values:
    """The discounted gain of each query, as a share of the best that there could be.

    >>> ndcg(numpy.array([[3, 1]]), [numpy.array([1])])
    array([0.6309...])
    """
    gains = 1 / np.log2(np.arange(2, found.shape[1] + 2))
    values = [
        gains[np.isin(row, own)].sum() / gains[: len(own)].sum()
        for row, own in zip(found, chosen, strict=True)
    ]
    return np.array(values, np.float64)
