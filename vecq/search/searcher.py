"""A search with fixed options, which a service prepares once and calls for every request."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vecq.core.native_index import NativeIndex
from vecq.search.filters import filter_of
from vecq.search.knn import search
from vecq.search.plain import PLAIN_OPTIONS, search_plain
from vecq.search.result import Result


class Searcher:
    """Searches one index with fixed options; `vecq.Index.searcher` makes one.

    Threads may share a searcher.

    >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
    >>> find = vecq.Index(64, metric="cosine").add(items).searcher(k=3, ef=50)
    >>> find(items[7]).ids[:, 0]
    array([7])
    """

    def __init__(self, native: NativeIndex, k: int, options: dict[str, Any]) -> None:
        allow, deny = options.pop("allow", None), options.pop("deny", None)
        prepared = filter_of(native, allow, deny)
        if prepared is not None:
            options["allow"] = prepared
        self._native, self._k, self._options = native, k, options
        self._ef, self._is_plain = options.get("ef"), options.keys() <= PLAIN_OPTIONS
        search(native, np.empty((0, native.dim), np.float32), k, **options)  # checks the options

    def __call__(self, queries: ArrayLike, exclude: Any = None) -> Result:
        """Find the k best items for each query.

        Args:
            queries: One query per row; a vector is one query.
            exclude: As in `vecq.Index.search`. Default: None.

        Returns:
            Ids and scores, best first.

        Raises:
            ArgumentError: An argument is none of these.
        """
        if self._is_plain:
            found = search_plain(self._native, queries, self._k, self._ef, exclude)
            if found is not None:
                return found
        return search(self._native, queries, self._k, exclude=exclude, **self._options)

    def __repr__(self) -> str:
        options = "".join(f", {name}={value!r}" for name, value in self._options.items())
        return f"<vecq.Searcher: k={self._k}{options}>"
