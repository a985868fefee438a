"""For each query, items that it is not to be answered with."""

from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arrays import as_ids, pointer
from vecq.core.errors import ArgumentError

Ids = NDArray[np.int64]


class Exclusions:
    """For each query, ids that it is not to be answered with."""

    def __init__(self, offsets: Ids, ids: Ids) -> None:
        self._offsets, self._ids = offsets, ids

    @classmethod
    def of(cls, given: Any, count: int) -> "Exclusions | None":
        """From a SciPy CSR matrix, a pair (indptr, ids), or a list of id arrays, one per query."""
        if given is None:
            return None
        if hasattr(given, "tocsr"):
            if given.format != "csr":
                raise ArgumentError(
                    f"exclude is a sparse matrix in {given.format}, expected CSR (.tocsr())",
                    "exclude",
                )
            return cls(*_checked(given.indptr, given.indices, count))
        if isinstance(given, tuple) and len(given) == 2:
            _refuse_two_lists(given, count)
            return cls(*_checked(*given, count))
        if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype != object:
            given = [given]
        if isinstance(given, str | Mapping | Set) or not isinstance(given, Iterable):
            raise ArgumentError(
                f"exclude is a {type(given).__name__}, expected a CSR matrix, a pair "
                "(indptr, ids), or a list of id arrays",
                "exclude",
            )
        lists = [_whole(ids, query) for query, ids in enumerate(given)]
        lengths = np.cumsum([0, *map(len, lists)])
        return cls(*_checked(lengths, np.concatenate([*lists, np.empty(0, np.int64)]), count))

    def ids_of(self, query: int) -> Ids:
        return self._ids[self._offsets[query] : self._offsets[query + 1]]

    def part(self, first: int, last: int) -> tuple[Any, Any]:
        """Native pointers for some of the queries."""
        return (
            pointer(self._offsets[first : last + 1], "int64_t[]"),
            pointer(self._ids, "int64_t[]"),
        )


def _refuse_two_lists(given: tuple[Any, Any], count: int) -> None:
    """A tuple is a pair (indptr, ids); one of two lists may be meant as a list for each query."""
    if not all(isinstance(own, Sequence | Set) for own in given):
        return
    if count == 2 or len(given[0]) != count + 1:
        raise ArgumentError(
            f"exclude is a tuple of two lists for {count} queries: give a list that holds the ids "
            "of each query, or a pair of arrays (indptr, ids), indptr of one more than queries",
            "exclude",
        )


def _whole(given: Any, query: int) -> Ids:
    if type(given) is np.ndarray and given.dtype == np.int64 and given.ndim == 1:
        return given  # as nearly all are, of thousands
    ids = np.atleast_1d(as_numbers(given, "exclude"))
    if ids.dtype.kind not in "iu" or ids.ndim != 1:
        raise ArgumentError(
            f"exclude has dtype {ids.dtype} and {ids.ndim} dimensions for query {query}, "
            "expected a list of whole numbers",
            "exclude",
        )
    return as_ids(ids, "exclude", len(ids))


def _checked(indptr: ArrayLike, ids: ArrayLike, count: int) -> tuple[Ids, Ids]:
    lengths, numbers = as_numbers(indptr, "exclude"), as_numbers(ids, "exclude")
    if lengths.shape != (count + 1,):
        raise ArgumentError(
            f"exclude has {max(lengths.size - 1, 0)} rows, expected one for each of {count} "
            "queries",
            "exclude",
        )
    if numbers.ndim != 1:
        raise ArgumentError(f"exclude has ids of {numbers.ndim} dimensions, expected 1", "exclude")
    offsets = as_ids(lengths, "exclude", count + 1)
    if offsets[0] < 0 or (offsets[1:] < offsets[:-1]).any():
        raise ArgumentError("exclude has an indptr that falls or is negative", "exclude")
    if offsets[-1] > len(numbers):
        raise ArgumentError(
            f"exclude has an indptr that ends at {offsets[-1]}, beyond its {len(numbers)} ids",
            "exclude",
        )
    return offsets, as_ids(numbers, "exclude", len(numbers))


def as_numbers(given: Any, argument: str) -> NDArray[Any]:
    if isinstance(given, range | Set):
        given = list(given)
    try:
        found = np.asarray(given)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"{argument} is no array: {error}", argument) from None
    # An empty list is one of floats to numpy.
    return found.astype(np.int64) if found.size == 0 and found.dtype != bool else found
