"""One search: the native options, and the queries in batches between which Ctrl-C works."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import lib
from vecq.core.arrays import pointer
from vecq.core.errors import call
from vecq.core.native_index import NativeIndex
from vecq.core.structs import new_struct
from vecq.search.exclusions import Exclusions
from vecq.search.expressions import Where
from vecq.search.filters import Filter
from vecq.search.plan import explanation_of
from vecq.search.result import Result, empty_result, results_after

# A batch scores at most SCORES_AT_ONCE rows and has at most MOST queries, but at least FEWEST.
SCORES_AT_ONCE, FEWEST, MOST = 1 << 32, 256, 1 << 14


class Request:
    """Native options of a search, and the filters whose memory they borrow."""

    def __init__(
        self,
        options: Any,
        allowed: Filter | None,
        excluded: Exclusions | None,
        weights: NDArray[np.float32] | None,
        groups: Any,
        where: Where | None = None,
    ) -> None:
        self._options = options
        self._allowed, self._excluded, self._weights = allowed, excluded, weights
        self._groups, self._where = groups, where
        if allowed is not None:
            options.filter = allowed._handle

    def run(self, native: NativeIndex, queries: NDArray[np.float32], explain: bool) -> Result:
        """Search for all queries, batch by batch."""
        handle, count, k = native.handle, len(queries), self._options.k
        result = empty_result(count, k)
        if count <= min(FEWEST, MOST):
            reports = [self._batch(handle, queries, 0, result)] if count or self._where else []
        else:
            at_once = min(max(SCORES_AT_ONCE // max(len(native), 1), FEWEST), MOST)
            reports = [
                self._batch(
                    handle, queries[first : first + at_once], first, results_after(result, first)
                )
                for first in range(0, count, at_once)
            ]
        result._hops = sum(report.hops for report in reports)
        result._n_scored = sum(report.scored_rows for report in reports)
        if explain and count:
            chosen = self._options.plan == lib.VECQ_PLAN_AUTO
            result.explanation = explanation_of(reports, len(native), count, chosen)
        return result

    def _batch(self, handle: Any, batch: NDArray[np.float32], first: int, result: Result) -> Any:
        """Search for the queries from number `first` on; return the native report."""
        self._options.first_query = first
        if self._excluded is not None:
            own = self._excluded.part(first, first + len(batch))
            self._options.exclude_offsets, self._options.exclude_ids = own
        weights = None if self._weights is None else self._weights[first : first + len(batch)]
        if weights is not None:
            self._options.bias_weights = pointer(weights, "float[]")
        if self._where is not None:
            self._where.set(self._options, first, first + len(batch))
        report = new_struct("vecq_search_report")
        call(
            lib.vecq_index_search,
            handle,
            self._options,
            pointer(batch, "float[]"),
            len(batch),
            pointer(result.ids, "int64_t[]"),
            pointer(result.scores, "float[]"),
            pointer(result.counts, "int64_t[]"),
            report,
        )
        return report
