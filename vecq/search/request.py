"""One search of an index: its options for native code, and its queries a part at a time."""

from collections.abc import Sized
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import lib
from vecq.core.arrays import pointer
from vecq.core.errors import call
from vecq.core.structs import new_struct
from vecq.search.exclusions import Exclusions
from vecq.search.filters import Filter
from vecq.search.plan import Explanation
from vecq.search.result import Result

# Rows that are scored at most between two looks at Ctrl-C, and queries whatever that takes.
SCORES_AT_ONCE, FEWEST, MOST = 1 << 32, 256, 1 << 14


class Search:
    """What one call asks of an index."""

    def __init__(
        self, options: Any, allowed: Filter | None, excluded: Exclusions | None, items: Sized
    ) -> None:
        self._options = options
        self._allowed, self._excluded = allowed, excluded  # native code borrows from them
        self._items = items
        if allowed is not None:
            options.filter = allowed._handle

    def run(self, handle: Any, queries: NDArray[np.float32], explain: bool) -> Result:
        """Searches for all queries, so many at a time that Ctrl-C works in between."""
        count, k = len(queries), self._options.k
        result = Result.empty(count, k)
        if count <= min(FEWEST, MOST):
            reports = [self._part(handle, queries, 0, result)] if count else []
        else:
            at_once = min(max(SCORES_AT_ONCE // max(len(self._items), 1), FEWEST), MOST)
            reports = [
                self._part(handle, queries[first : first + at_once], first, result.after(first))
                for first in range(0, count, at_once)
            ]
        for report in reports:
            result.hops += report.hops
            result.n_scored += report.scored_rows
        if explain and reports:
            chosen = self._options.plan == lib.VECQ_PLAN_AUTO
            result.explanation = Explanation.of(reports, len(self._items), count, chosen)
        return result

    def _part(self, handle: Any, part: NDArray[np.float32], first: int, result: Result) -> Any:
        """Searches for some queries, from number `first` on; returns what native code reports."""
        self._options.first_query = first
        if self._excluded is not None:
            own = self._excluded.part(first, first + len(part))
            self._options.exclude_offsets, self._options.exclude_ids = own
        report = new_struct("vecq_search_report")
        call(
            lib.vecq_index_search,
            handle,
            self._options,
            pointer(part, "float[]"),
            len(part),
            pointer(result.ids, "int64_t[]"),
            pointer(result.scores, "float[]"),
            pointer(result.counts, "int64_t[]"),
            report,
        )
        return report
