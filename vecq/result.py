"""What searches and indexes tell."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.errors import OutOfMemoryError
from vecq.plan import Explanation

# Bytes of results for which it is asked how much memory there is.
ASKED_FOR = 1 << 28


class Result:
    """What a search found, a row for each query, best first: `ids, scores = result` unpacks it."""

    __slots__ = ("counts", "distances", "explanation", "hops", "ids", "scores")

    ids: NDArray[np.int64]  # -1 where there are fewer than k
    scores: NDArray[np.float32]
    counts: NDArray[np.int64]  # how many were found for each query
    hops: int  # items whose links were read, over all queries
    distances: int  # items that were scored, over all queries
    explanation: Explanation | None  # if it was asked for, and there were queries

    def __init__(
        self, ids: NDArray[np.int64], scores: NDArray[np.float32], counts: NDArray[np.int64]
    ) -> None:
        self.ids, self.scores, self.counts = ids, scores, counts
        self.hops = self.distances = 0
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

    def __len__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return f"<vecq.Result: {self.ids.shape[1]} items for each of {len(self.ids):,} queries>"


@dataclass(frozen=True)
class IndexStats:
    """An index looked over."""

    rows: int
    layers: tuple[int, ...]  # items on each, layer 0 first
    degrees: NDArray[np.int64]  # how many items have 0, 1, 2, ... links on layer 0
    unreachable: int  # items that no walk can come to
    aside: int  # items left out of the graph: their inner products are all but zero
    vacant: int  # places that removed items left, for items to come
    clipped: float  # share of the values added lately beyond the range of a shared scale
    code_bytes: int
    link_bytes: int
    id_bytes: int
    rerank_bytes: int

    @property
    def bytes(self) -> int:
        return self.code_bytes + self.link_bytes + self.id_bytes + self.rerank_bytes

    @property
    def mean_degree(self) -> float:
        return float(self.degrees @ np.arange(len(self.degrees))) / max(self.rows, 1)

    def __str__(self) -> str:
        layers = ", ".join(f"{count:,}" for count in self.layers)
        return (
            f"{self.rows:,} items, on layers of {layers}; {self.aside:,} aside\n"
            f"{self.mean_degree:.1f} links per item, at most {max(len(self.degrees) - 1, 0)}; "
            f"{self.unreachable:,} items unreachable\n"
            f"{self.bytes / max(self.rows, 1):.0f} bytes per item: "
            f"codes {self.code_bytes:,}, links {self.link_bytes:,}, ids {self.id_bytes:,}, "
            f"rerank {self.rerank_bytes:,}"
        )
