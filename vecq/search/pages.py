"""Page after page of results."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vecq.core.arguments import MOST
from vecq.core.arrays import as_vectors
from vecq.core.errors import ArgumentError
from vecq.search.exclusions import Exclusions
from vecq.search.filters import Filter
from vecq.search.result import Result
from vecq.search.searchable import Searchable


def search_pages(
    index: Searchable, query: ArrayLike, page: int, options: dict[str, Any]
) -> Iterator[Result]:
    """The first page is searched for at once, so that what is wrong is told at once."""
    rows = as_vectors(query, "query", index._dim)
    if len(rows) != 1:
        raise ArgumentError(f"query has {len(rows)} rows, expected one vector", "query")
    if "k" in options:
        raise ArgumentError("k can't be given, page says how many come at a time", "k")
    hidden = Exclusions.of(options.pop("exclude", None), 1)
    seen = np.empty(0, np.int64) if hidden is None else hidden.ids_of(0)
    options["allow"] = Filter.of(index, options.get("allow"), options.pop("deny", None))
    wanted = min(page, max(len(index), 1))
    found = index.search(rows, wanted, exclude=[seen], **options)
    return _pages(index, rows, page, options, seen, wanted, found)


def _pages(
    index: Searchable,
    query: Any,
    page: int,
    options: dict[str, Any],
    seen: Any,
    wanted: int,
    found: Result,
) -> Iterator[Result]:
    # What was shown leads the next search on but is not found again. Each search looks for twice as
    # many as the one before, so that all of them together cost little more than the last.
    while True:
        count = int(found.counts[0])
        for first in range(0, count, page):
            last = min(first + page, count)
            part = slice(first, last)
            shown = Result(found.ids[:, part], found.scores[:, part], np.array([last - first]))
            shown.explanation = found.explanation
            yield shown
        if count < wanted:
            return
        seen = np.concatenate([seen, found.ids[0, :count]])
        wanted = min(2 * wanted, MOST)
        found = index.search(query, wanted, exclude=[seen], **options)
