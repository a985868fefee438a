"""A search as a request asks for it, whatever the form of the body."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import counted
from vecq.search.result import Result
from vecq.serving.options import Option, check_value
from vecq.serving.refusal import RefusalError, argument_fault
from vecq.serving.settings import Limits

# How many ids each query excludes, and the ids of all queries.
Exclude = tuple[list[int], NDArray[np.int64] | list[str]]
# Options that are given once, or as a list with one for each query.
EACH_QUERY = ("where", "bias_weight")


@dataclass
class SearchRequest:
    """Queries and options of one request.

    `key` is equal for requests whose queries may be searched for in one call; None if they may
    not. `ids` holds the items of a search by ids, which has no queries.
    """

    k: int
    options: dict[str, Any]
    key: tuple[Any, ...] | None
    queries: NDArray[np.float32] | None = None
    exclude: Exclude | None = None
    ids: NDArray[Any] | list[str] | None = None

    @property
    def count(self) -> int:
        """Number of queries."""
        rows = self.ids if self.queries is None else self.queries
        assert rows is not None
        return len(rows)

    def part(self, first: int, last: int) -> SearchRequest:
        """Return a request for the queries from `first` to `last`."""
        if self.count <= last - first:
            return self
        options = {
            name: value[first:last] if name in EACH_QUERY and type(value) is list else value
            for name, value in self.options.items()
        }
        ids = None if self.ids is None else self.ids[first:last]
        queries = None if self.queries is None else self.queries[first:last]
        exclude = self.exclude
        if exclude is not None:
            lengths, own = exclude
            start, end = sum(lengths[:first]), sum(lengths[:last])
            exclude = lengths[first:last], own[start:end]
        return SearchRequest(self.k, options, self.key, queries, exclude, ids)

    def exclusions(self) -> Any:
        """Return the exclusions as `vecq.Index.search` takes them."""
        if self.exclude is None:
            return None
        lengths, ids = self.exclude
        if len(lengths) == 1:
            return [ids]
        return np.fromiter(accumulate(lengths, initial=0), np.int64, len(lengths) + 1), ids


@dataclass
class Answer:
    """Results of one request and the name of the version that all of them come from.

    `is_full` if every query has k results.
    """

    ids: NDArray[Any]
    scores: NDArray[np.float32]
    counts: NDArray[np.int64]
    version: str
    is_full: bool

    @classmethod
    def of(cls, found: Result, version: str) -> Answer:
        counts, k = found.counts, found.ids.shape[1]
        return cls(found.ids, found.scores, counts, version, counts.tolist() == [k] * len(counts))

    def part(self, first: int, last: int) -> Answer:
        """Return the results of the queries from `first` to `last`."""
        return Answer(
            self.ids[first:last],
            self.scores[first:last],
            self.counts[first:last],
            self.version,
            self.is_full,
        )


def checked_k(k: Any, limits: Limits) -> int:
    """Return k, a whole number from 1 to its limit."""
    if type(k) is not int or not 1 <= k <= limits.k:
        raise argument_fault(f"k is {k!r:.60}, expected a whole number from 1 to {limits.k}", "k")
    return k


def check_count(count: int, limits: Limits, argument: str) -> None:
    """Refuse a request without queries, or with too many."""
    if not 1 <= count <= limits.queries:
        raise argument_fault(
            f"{argument} has {counted(count, 'row')}, expected 1 to {limits.queries} per request",
            argument,
        )


def checked_options(
    given: dict[str, Any], table: dict[str, Option], k: int, count: int
) -> tuple[dict[str, Any], tuple[Any, ...] | None]:
    """Return the options of a request of `count` queries and its key.

    Raises:
        RefusalError: A name is unknown, or a value has a wrong type.
    """
    is_light = True
    for name, value in given.items():
        option = table.get(name)
        if option is None:
            raise RefusalError(
                422, f"{name:.60} is unknown, expected some of {', '.join(table)}", name
            )
        check_value(value, option.schema, name)
        is_light = is_light and option.is_light
        if type(value) is list and name in EACH_QUERY:
            is_light = False
            if len(value) != count:
                raise argument_fault(
                    f"{name} has {counted(len(value), 'value')}, expected one for each of "
                    f"{count} queries",
                    name,
                )
    return given, (k, *given.items()) if is_light else None
