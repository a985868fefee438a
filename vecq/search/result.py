"""Results of a search."""

from collections.abc import Iterator
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import OutOfMemoryError
from vecq.core.html import MOST_ROWS, table
from vecq.core.memory import memory_limit
from vecq.core.plots import line
from vecq.search.plan import Explanation

# Results of fewer bytes are allocated without a look at the memory limit, which takes a while.
UNCHECKED_BYTES = 1 << 28
_empty, _int64 = np.empty, np.dtype(np.int64)
MOST_COLUMNS = 10


class Result:
    """The results of a search, one row per query, best first.

    It unpacks and indexes as a pair: `ids, scores = result`, and `result[0]` is `result.ids`.

    Attributes:
        ids: Ids, of shape (queries, k), int64 or str objects; -1 or None where a query has fewer
            than k results.
        scores: Scores, higher is better; minus infinity where there is no result.
        counts: Number of results of each query.
        hops: Nodes whose links were read, over all queries.
        n_scored: Items that were scored, over all queries.
        explanation: The plan and its cost, if the search was asked to explain.
    """

    __slots__ = ("_block", "_counts", "_hops", "_ids", "_n_scored", "_scores", "explanation")

    explanation: Explanation | None
    # Arrays, or the block of native results that they are made of, with its shape.
    _ids: NDArray[Any] | None
    _scores: NDArray[np.float32] | None
    _counts: NDArray[np.int64] | None
    _block: tuple[NDArray[np.int64], int, int] | None

    def __init__(
        self,
        ids: NDArray[Any],
        scores: NDArray[np.float32],
        counts: NDArray[np.int64],
        hops: int = 0,
        n_scored: int = 0,
    ) -> None:
        self._block = None
        self._ids, self._scores, self._counts = ids, scores, counts
        self._hops, self._n_scored = hops, n_scored
        self.explanation = None

    # Attributes of a result in a block are made when they are first read.

    @property
    def ids(self) -> NDArray[Any]:
        if self._ids is None:
            block, count, k = self._filled()
            self._ids = np.ndarray((count, k), np.int64, block)
        return self._ids

    @property
    def scores(self) -> NDArray[np.float32]:
        if self._scores is None:
            block, count, k = self._filled()
            self._scores = np.ndarray((count, k), np.float32, block, 8 * (count * k + count + 3))
        return self._scores

    @property
    def counts(self) -> NDArray[np.int64]:
        if self._counts is None:
            block, count, k = self._filled()
            self._counts = block[count * k : count * k + count]
        return self._counts

    @property
    def hops(self) -> int:
        return self._report()[0]

    @property
    def n_scored(self) -> int:
        return self._report()[1]

    def _filled(self) -> tuple[NDArray[np.int64], int, int]:
        assert self._block is not None
        return self._block

    def _report(self) -> tuple[int, int]:
        if self._block is None:
            return self._hops, self._n_scored
        block, count, k = self._block
        end = count * k + count
        return int(block[end]), int(block[end + 1])

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return iter((self.ids, self.scores))

    @overload
    def __getitem__(self, part: int) -> NDArray[Any]: ...
    @overload
    def __getitem__(self, part: slice) -> tuple[NDArray[Any], ...]: ...

    def __getitem__(self, part: int | slice) -> NDArray[Any] | tuple[NDArray[Any], ...]:
        return (self.ids, self.scores)[part]

    def __len__(self) -> int:
        return 2

    def __repr__(self) -> str:
        return f"<vecq.Result: {self.ids.shape[1]} items for each of {len(self.ids):,} queries>"

    def _repr_html_(self) -> str:
        shown = min(self.ids.shape[1], MOST_COLUMNS)
        rows = []
        for query in range(min(len(self.ids), MOST_ROWS)):
            count = min(int(self.counts[query]), shown)
            cells = [
                f"{id} ({score:.4g})"
                for id, score in zip(
                    self.ids[query, :count], self.scores[query, :count], strict=True
                )
            ]
            scores = self.scores[query, : int(self.counts[query])].tolist()
            rows.append([query, line(scores), *cells, *[""] * (shown - count)])
        header = ["query", "scores", *(str(rank) for rank in range(1, shown + 1))]
        return table(f"{self!r}: id (score) by rank".strip("<>"), header, rows)


def block_of_results(count: int, k: int) -> NDArray[np.int64]:
    """Allocate what `vecq_plain_search` fills.

    Ids, counts, hops, scored rows, the version of string ids, then scores.
    """
    return _empty(count * k + count + 3 + (count * k + 1) // 2, _int64)


def version_of_block(block: NDArray[np.int64], count: int, k: int) -> int:
    """Return the version of string ids before the search that filled a block."""
    return int(block[count * k + count + 2])


def result_of_block(block: NDArray[np.int64], count: int, k: int) -> Result:
    """Return the results in a block that native code filled."""
    result: Result = Result.__new__(Result)
    result._block = (block, count, k)
    result._ids = result._scores = result._counts = None
    result.explanation = None
    return result


def empty_result(count: int, k: int) -> Result:
    """Allocate results of `count` queries.

    Raises:
        OutOfMemoryError: The results exceed the memory of the machine or of the control group.
    """
    needed = count * (12 * k + 8)
    try:
        # The kernel promises more than it has: ask before pages are touched.
        if needed > UNCHECKED_BYTES and needed > memory_limit():
            raise MemoryError
        return Result(
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


def results_after(result: Result, first: int) -> Result:
    """Return the results from query `first` on, in the same memory."""
    return Result(result.ids[first:], result.scores[first:], result.counts[first:])
