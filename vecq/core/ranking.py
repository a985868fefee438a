"""How good ranked answers are: recall of true neighbors, hit rate and NDCG of later choices.

Everything that vecq says of accuracy is computed here, so that tuning, benchmarks and tests agree.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Ids = NDArray[np.int64]
Values = NDArray[np.float64]


class Truth:
    """The true k best items of each query; items that tie with the last of them count as well.

    Args:
        ids: A row for each query, best first, -1 where there are no more. To recognize ties, the
            rows hold somewhat more than k items.
        scores: The score of each id, higher is better. Default: None, ties are not recognized.
        k: The number of items. Default: all in `ids`.

    >>> truth = Truth([[4, 7, 2]], [[9.0, 5.0, 5.0]], k=2)
    >>> truth.recall([[4, 2]])
    1.0
    """

    def __init__(self, ids: ArrayLike, scores: Any = None, k: int | None = None) -> None:
        found = np.asarray(ids, np.int64)
        self.k = found.shape[1] if k is None else k
        self.counts = np.minimum((found >= 0).sum(axis=1), self.k)
        right = found >= 0
        if scores is None:
            right[:, self.k :] = False
        else:
            last = np.maximum(self.counts - 1, 0)[:, None]
            right &= np.asarray(scores) >= np.take_along_axis(np.asarray(scores), last, axis=1)
        self._stride = int(found.max(initial=-1)) + 1
        self._keys = np.sort(self._key(found)[right])

    def __len__(self) -> int:
        return len(self.counts)

    def recalls(self, found: ArrayLike) -> Values:
        """Return each query's share of true items in a row of ids; a repeated id counts once."""
        ids = np.sort(np.asarray(found, np.int64), axis=1)
        fresh = np.ones(ids.shape, bool)
        fresh[:, 1:] = ids[:, 1:] != ids[:, :-1]
        known = fresh & (ids >= 0) & (ids < self._stride)
        hits = np.isin(self._key(ids), self._keys) & known
        counted = np.minimum(hits.sum(axis=1), self.counts)
        return np.asarray(counted / np.maximum(self.counts, 1), np.float64)

    def recall(self, found: ArrayLike) -> float:
        """Return the share of all true items that were found; 0 if there are none."""
        return float((self.recalls(found) * self.counts).sum() / max(self.counts.sum(), 1))

    def _key(self, ids: Ids) -> Ids:
        """Number the pairs of query and id."""
        return np.asarray(np.arange(len(ids))[:, None] * self._stride + ids, np.int64)


def recall(found: ArrayLike, truth: ArrayLike) -> float:
    """Return the share of true ids that were found, without regard to ties.

    >>> recall([[2, 1, 0]], [[0, 1, 5]])
    0.6666666666666666
    """
    return Truth(truth).recall(found)


def score_recall(scores: NDArray[Any], least: NDArray[Any]) -> float:
    """Return the share of found items whose true score is at least that of the true k-th best."""
    return float((scores >= least).mean())


def hit_rates(found: Ids, chosen: Sequence[ArrayLike]) -> Values:
    """Return 1 for each query that finds any item that was chosen later, 0 for the others."""
    return np.array([float(hits.any()) for hits in _hits(found, chosen)], np.float64)


def choice_recalls(found: Ids, chosen: Sequence[ArrayLike]) -> Values:
    """Return each query's share of later choices that were found."""
    pairs = zip(_hits(found, chosen), chosen, strict=True)
    return np.array([hits.sum() / len(np.unique(own)) for hits, own in pairs], np.float64)


def ndcgs(found: Ids, chosen: Sequence[ArrayLike]) -> Values:
    """Return each query's discounted gain, as a share of the best possible one.

    >>> ndcgs(numpy.array([[3, 1]]), [[1]])
    array([0.6309...])
    """
    gains = 1 / np.log2(np.arange(2, found.shape[1] + 2))
    values = [
        gains[hits].sum() / gains[: len(np.unique(own))].sum()
        for hits, own in zip(_hits(found, chosen), chosen, strict=True)
    ]
    return np.array(values, np.float64)


def _hits(found: Ids, chosen: Sequence[ArrayLike]) -> list[NDArray[np.bool_]]:
    """Mark the places of each row that hold a choice; a repeated id counts where it comes first."""
    hits = []
    for row, own in zip(found, chosen, strict=True):
        first = np.zeros(len(row), bool)
        first[np.unique(row, return_index=True)[1]] = True
        hits.append(first & np.isin(row, own))
    return hits
