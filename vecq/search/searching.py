"""What an index is asked."""

import math
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import MOST, choose, real, thread_count, whole
from vecq.core.arrays import as_floats, as_ids, as_vectors, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.progress import Progress
from vecq.core.structs import new_struct
from vecq.quantization.codec import Codec
from vecq.search.exclusions import Exclusions
from vecq.search.filters import Filter
from vecq.search.pages import search_pages
from vecq.search.plan import PLANS, Plan
from vecq.search.ranges import Ranges, search_range
from vecq.search.recall_curve import RecallCurve
from vecq.search.request import Search
from vecq.search.result import Result


class Searching:
    """How an index is searched, from any number of threads."""

    _handle: Any
    _dim: int
    _codec: Codec
    _wide: Codec | None

    def __len__(self) -> int:
        raise NotImplementedError

    def search(
        self,
        queries: ArrayLike,
        k: int,
        *,
        ef: int | None = None,
        target_recall: float | None = None,
        exclude: Any = None,
        allow: ArrayLike | Filter | None = None,
        deny: ArrayLike | Filter | None = None,
        plan: Plan | None = None,
        explain: bool = False,
        rerank_factor: float | None = None,
        query_bits: Literal[8, 15] = 15,
        threads: int = 1,
    ) -> Result:
        """Finds the `k` best items for each query; `ids, scores = index.search(...)` unpacks them.

        There are always as many results as there are items that pass, up to `k`: where a walk over
        the graph finds fewer, items are scanned.

        Args:
            queries: one row each; a vector is its only row.
            k: how many items. Where there are fewer, ids are -1 and scores minus infinity.
            ef: how many of the best a walk over the graph keeps, at least `k`. More find more, more
                slowly. By default k + 100. Given, it asks for a walk, unless there is a filter.
            target_recall: in place of `ef`, once `measure_recall` has measured what it takes, and
                until there are twice as many items.
            exclude: for each query, ids that it is not to be answered with, as those of items that
                a user has seen: a SciPy CSR matrix, a pair (indptr, ids), or a list of id arrays.
                Unknown ids mean nothing.
            allow: what all queries may be answered with: ids, a mask of booleans in the order in
                which items were added, or a `vecq.Filter`, which is prepared once for many calls.
            deny: the same, of what no query is answered with.
            plan: "walk", "step_over" or "scan", see `vecq.Explanation`; by default ("auto")
                whichever is estimated to be the fastest.
            explain: tell in the result's `explanation` what was done and why.
            rerank_factor: for an index with a rerank store, how many candidates per item asked for
                are scored on it; 2 by default, 0 for none.
            query_bits: 15, or 8 for faster and coarser scores.
            threads: for many queries, or many items to scan; 0 for all cores.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> index.search(items[:2], k=2, exclude=[[0], [1]], allow=range(100)).counts
        array([2, 2])
        """
        wanted = whole(k, "k", 1, MOST)
        rows = as_floats(as_vectors(queries, "queries", self._dim))
        options = new_struct("vecq_search_options")
        options.k = wanted
        options.rerank = self._candidates(rerank_factor, wanted)
        options.query_bits = whole(query_bits, "query_bits", 8, 15)
        options.threads = thread_count(threads)
        allowed = None
        if allow is not None or deny is not None:
            allowed = Filter.of(self, allow, deny)
        way, options.ef = self._effort(wanted, ef, target_recall, allowed is not None)
        options.plan = choose(PLANS, way if plan is None else plan, "plan")
        excluded = None if exclude is None else Exclusions.of(exclude, len(rows))
        return Search(options, allowed, excluded, self).run(self._handle, rows, explain)

    def _effort(
        self, k: int, ef: int | None, target_recall: float | None, filtered: bool
    ) -> tuple[Plan, int]:
        """Which way to go unless another is asked for, and what a walk is to keep."""
        if target_recall is None:
            if ef is None:
                return "auto", min(k + 100, MOST)
            return "auto" if filtered else "walk", whole(ef, "ef", 1, MOST)
        if ef is not None:
            raise ArgumentError("ef and target_recall are both given, expected one", "ef")
        curve = RecallCurve.stored(self._handle)
        if curve is None:
            raise ArgumentError(
                "target_recall needs a recall curve: call index.measure_recall(queries)",
                "target_recall",
            )
        return "auto", curve.ef_for(k, real(target_recall, "target_recall"), len(self))

    def measure_recall(
        self,
        queries: ArrayLike,
        k: int | Sequence[int] = (10, 100, 1000),
        *,
        threads: int = 0,
        progress: Progress = None,
    ) -> RecallCurve:
        """Measures what recall which `ef` reaches, so that searches can ask for a recall.

        The truth is what an exact scan of the same index finds: what coding itself costs is told by
        `vecq.assess`.

        It is kept and saved with the index. Searches keep more as the index grows, as the square
        root of its size; once there are twice as many items as were measured, `target_recall` is
        refused until it is measured again. `refit`, or removing every item, drops it.

        Args:
            queries: a few hundred, like those to come.
            k: for how many items, one or several. What lies between them is interpolated; for more
                than the most of them up to twice as much is kept as for these, to be safe.
            threads: 0 for all cores.
            progress: as in `add`.

        >>> items = numpy.random.default_rng(0).standard_normal((5000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> curve = index.measure_recall(items[:100], k=10)
        >>> index.search(items[:5], k=10, target_recall=0.95).counts
        array([10, 10, 10, 10, 10])
        """
        found = RecallCurve.measure(self, queries, k, threads, progress)
        found.store(self._handle)
        return found

    @property
    def recall_curve(self) -> RecallCurve | None:
        """The curve that `measure_recall` stored; None before that."""
        return RecallCurve.stored(self._handle)

    def search_by_ids(self, ids: ArrayLike, k: int, **options: Any) -> Result:
        """Finds the `k` best items for each of some items of the index, itself left out.

        Takes the options of `search`, except `exclude`.
        """
        numbers = as_ids(np.atleast_1d(np.asarray(ids)), "ids", np.size(ids))
        if "exclude" in options:
            raise ArgumentError("exclude can't be given, every item excludes itself", "exclude")
        own = (np.arange(len(numbers) + 1), numbers)
        return self.search(self.get(numbers), k, exclude=own, **options)

    def search_range(self, queries: ArrayLike, threshold: float, **options: Any) -> Ranges:
        """Finds all items that score at least `threshold` for each query.

        Takes the options of `search`, except k. What a walk does not find is missing: `plan="scan"`
        finds all.
        """
        return search_range(self, queries, real(threshold, "threshold"), options)

    def search_iter(self, query: ArrayLike, page: int = 100, **options: Any) -> Iterator[Result]:
        """Yields page after page of results for one query, each going on where the last ended.

        The first is searched for at once, the others as they are asked for. Ends when there are no
        more items that pass. Takes the options of `search`, except `k`.

        >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
        >>> index = vecq.Index(64, metric="cosine").add(items)
        >>> sum(found.counts[0] for found in index.search_iter(items[0], page=300))
        1000
        """
        return search_pages(self, query, whole(page, "page", 1, MOST), options)

    def get(self, ids: ArrayLike) -> NDArray[np.float32]:
        """Returns the vectors of ids, as far as codes tell: the wider ones if there are any."""
        numbers = as_ids(np.atleast_1d(np.asarray(ids)), "ids", np.size(ids))
        vectors = np.empty((len(numbers), self._dim), np.float32)
        call(
            lib.vecq_index_get,
            *(self._handle, pointer(numbers, "int64_t[]"), len(numbers)),
            pointer(vectors, "float[]"),
        )
        return vectors

    @property
    def ids(self) -> NDArray[np.int64]:
        """All ids, in the order in which items were added, which is that of masks."""
        count = ffi.new("size_t *", len(self))
        while True:  # it may have grown since
            room = count[0]
            numbers = np.empty(room, np.int64)
            call(lib.vecq_index_ids, self._handle, pointer(numbers, "int64_t[]"), room, count)
            if count[0] <= room:
                return numbers[: count[0]]

    def _candidates(self, rerank_factor: float | None, k: int) -> int:
        """How many candidates are scored on the wider store."""
        if rerank_factor is None:
            return 0 if self._wide is None else min(2 * k, MOST)
        factor = real(rerank_factor, "rerank_factor")
        if factor == 0:
            return 0
        if self._wide is None:
            raise ArgumentError(
                f"rerank_factor is {rerank_factor!r}, but the index has no wider store: "
                f'vecq.Index(..., rerank_codec="fp16") keeps one',
                "rerank_factor",
            )
        if not 1 <= factor <= 1000:
            raise ArgumentError(
                f"rerank_factor is {rerank_factor!r}, expected 0, or 1 to 1000", "rerank_factor"
            )
        return min(math.ceil(factor * k), MOST)
