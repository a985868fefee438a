"""Paged search: results of one query, page after page."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vecq.core.arguments import MOST
from vecq.core.arrays import as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.native_index import NativeIndex
from vecq.search.exclusions import Exclusions
from vecq.search.filters import filter_of
from vecq.search.knn import search
from vecq.search.result import Result


def search_pages(
    native: NativeIndex, query: ArrayLike, page: int, options: dict[str, Any]
) -> Iterator[Result]:
    """Search for the first page now, so that bad arguments raise now, and yield all pages."""
    rows = as_vectors(query, "query", native.dim)
    if len(rows) != 1:
        raise ArgumentError(f"query has {len(rows)} rows, expected one vector", "query")
    if "k" in options:
        raise ArgumentError("k can't be given: page is the number of results per page", "k")
    for name in ("group_by", "diversity"):
        if options.get(name) not in (None, 0):
            raise ArgumentError(f"{name} can't be given: pages rank all items", name)
    hidden = Exclusions.of(options.pop("exclude", None), 1, native.has_names)
    none = np.empty(0, object if native.has_names else np.int64)
    seen = none if hidden is None else hidden.ids_of(0)
    options["allow"] = filter_of(native, options.get("allow"), options.pop("deny", None))
    wanted = min(page, max(len(native), 1))
    found = search(native, rows, wanted, exclude=[seen], **options)
    return _pages(native, rows, page, options, seen, wanted, found)


def _pages(
    native: NativeIndex,
    query: Any,
    page: int,
    options: dict[str, Any],
    seen: Any,
    wanted: int,
    found: Result,
) -> Iterator[Result]:
    # Each search excludes the results shown so far, which still lead its walk on, and asks for
    # twice as many as the one before: all searches together cost little more than the last.
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
        seen = np.concatenate([np.asarray(seen, found.ids.dtype), found.ids[0, :count]])
        wanted = min(2 * wanted, MOST)
        found = search(native, query, wanted, exclude=[seen], **options)
