"""What searches and indexes tell."""

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import OutOfMemoryError
from vecq.search.plan import Explanation

# Bytes of results for which it is asked how much memory there is.
ASKED_FOR = 1 << 28


class Result:
    """What a search found, a row for each query, best first: `ids, scores = result` unpacks it."""

    __slots__ = ("counts", "explanation", "hops", "ids", "n_scored", "scores")

    ids: NDArray[np.int64]  # -1 where there are fewer than k
    scores: NDArray[np.float32]
    counts: NDArray[np.int64]  # how many were found for each query
    hops: int  # items whose links were read, over all queries
    n_scored: int  # items that were scored, over all queries
    explanation: Explanation | None  # if it was asked for, and there were queries

    def __init__(
        self, ids: NDArray[np.int64], scores: NDArray[np.float32], counts: NDArray[np.int64]
    ) -> None:
        self.ids, self.scores, self.counts = ids, scores, counts
        self.hops = self.n_scored = 0
        self.explanation = None

    @classmethod
    def empty(cls, count: int, k: int) -> "Result":
        """Makes room for `k` items for each of `count` queries."""
        needed = count * (12 * k + 8)
        try:
            # The system promises more than it has; asking it takes a while.
            if needed > ASKED_FOR and needed > os.sysconf("SC_PAGE_SIZE") * os.sysconf(
                "SC_PHYS_PAGES"
            ):
                raise MemoryError
            return cls(
                np.empty((count, k), np.int64),
                np.empty((count, k), np.float32),
                np.empty(count, np.int64),
            )
        except MemoryError:
            raise OutOfMemoryError(
                f"k is {k:,} for {count:,} queries: results of {needed / 1e9:,.1f} GB are more "
                "than there is memory for",
                "k",
            ) from None

    def after(self, first: int) -> "Result":
        """Where the results go on from a query."""
        return Result(self.ids[first:], self.scores[first:], self.counts[first:])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.ids, self.scores))

    def __getitem__(self, part: int) -> NDArray[Any]:
        return (self.ids, self.scores)[part]

    def __len__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return f"<vecq.Result: {self.ids.shape[1]} items for each of {len(self.ids):,} queries>"
