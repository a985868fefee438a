"""Exclusions: for each query, ids that its results must not have, such as items already seen."""

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import counted, type_of
from vecq.core.arrays import as_ids, pointer
from vecq.core.errors import ArgumentError
from vecq.core.names import are_strings, as_strings, find_numbers
from vecq.core.native_index import NativeIndex

Ids = NDArray[np.int64]
FORMS = "a CSR matrix, a pair (indptr, ids), or a list of id arrays"
FOR_ALL = "; deny leaves out ids for all queries"


class Exclusions:
    """Ids of query q: `ids[offsets[q] : offsets[q + 1]]`; in a list if they are strings."""

    def __init__(self, offsets: Ids, ids: Any) -> None:
        self._offsets, self._ids = offsets, ids

    @classmethod
    def of(
        cls, given: Any, count: int, names: bool = False, hint: str = FOR_ALL
    ) -> "Exclusions | None":
        """Read the argument `exclude` of `count` queries; None if it is None.

        With `names`, ids are strings. `hint` ends the error about one list for all queries.
        """
        if given is None:
            return None
        if names:
            return cls(*_of_strings(given, count))
        if hasattr(given, "tocsr"):
            return cls(*_of_matrix(given, count))
        if isinstance(given, tuple) and len(given) == 2:
            _refuse_two_lists(given, count)
            return cls(*_checked(*given, count))
        if isinstance(given, np.ndarray) and given.ndim == 1 and given.dtype != object:
            given = [given]
        if isinstance(given, str | Mapping | Set) or not _is_iterable(given):
            raise ArgumentError(f"exclude is {type_of(given)}, expected {FORMS}", "exclude")
        lists = [_whole(ids, query) for query, ids in enumerate(given)]
        if len(lists) != count and lists and all(np.ndim(ids) == 0 for ids in given):
            raise _flat_list("ids", count, hint)
        lengths = np.cumsum([0, *map(len, lists)])
        return cls(*_checked(lengths, np.concatenate([*lists, np.empty(0, np.int64)]), count))

    @classmethod
    def read(cls, given: Any, count: int, native: NativeIndex) -> "Exclusions":
        """Read the argument `exclude`, and replace strings by their numbers in an index."""
        if not native.has_names:
            found = cls.of(given, count)
            assert found is not None
            return found
        offsets, strings = _of_strings(given, count)
        return cls(offsets, find_numbers(native, strings, "exclude"))

    def ids_of(self, query: int) -> Any:
        return self._ids[self._offsets[query] : self._offsets[query + 1]]

    def part(self, first: int, last: int) -> tuple[Any, Any]:
        """Native pointers for the queries from `first` to `last`."""
        return (
            pointer(self._offsets[first : last + 1], "int64_t[]"),
            pointer(self._ids, "int64_t[]"),
        )


def as_numbers(given: Any, argument: str) -> NDArray[Any]:
    """Return an array of ids or booleans; an empty list becomes an array of ids."""
    if isinstance(given, range | Set):
        given = list(given)
    try:
        found = np.asarray(given)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"{argument} is no array: {error}", argument) from None
    # numpy makes an empty list an array of floats.
    return found.astype(np.int64) if found.size == 0 and found.dtype != bool else found


def _each(count: int) -> str:
    return "the query" if count == 1 else f"each of {count} queries"


def _flat_list(kind: str, count: int, hint: str) -> ArgumentError:
    return ArgumentError(
        f"exclude is a list of {kind}, expected a list that holds a list of {kind} for "
        f"{_each(count)}{hint}",
        "exclude",
    )


def _is_iterable(given: Any) -> bool:
    """Whether an object has elements: an array of no dimensions only claims to."""
    return isinstance(given, Iterable) and getattr(given, "ndim", 1) != 0


def _of_strings(given: Any, count: int) -> tuple[Ids, Any]:
    if hasattr(given, "tocsr") or not _is_iterable(given):
        raise ArgumentError(
            f"exclude is {type_of(given)}, expected a pair (indptr, ids) or a list of id "
            "lists: the index has string ids",
            "exclude",
        )
    if isinstance(given, tuple) and len(given) == 2 and not are_strings(given[0]):
        strings = as_strings(given[1], "exclude")
        offsets, _ = _checked(given[0], np.empty(len(strings), np.int64), count)
        return offsets, strings
    if isinstance(given, np.ndarray) and given.ndim == 1 and are_strings(given):
        given = [given]
    given = list(given)
    if any(isinstance(ids, str) for ids in given):
        raise _flat_list("strings", count, FOR_ALL)
    lists = [ids if type(ids) is list else _list_of(ids) for ids in given]
    if len(lists) != count:
        raise ArgumentError(
            f"exclude has {counted(len(lists), 'row')}, expected one for {_each(count)}", "exclude"
        )
    return np.cumsum([0, *map(len, lists)]), list(chain.from_iterable(lists))


def _list_of(ids: Any) -> list[Any]:
    strings = as_strings(ids, "exclude")
    return strings if isinstance(strings, list) else strings.to_pylist()


def _of_matrix(given: Any, count: int) -> tuple[Ids, Ids]:
    form = getattr(given, "format", None)
    if form is not None and form != "csr":
        raise ArgumentError(
            f"exclude is a sparse matrix in {form}, expected CSR (.tocsr())", "exclude"
        )
    if not (hasattr(given, "indptr") and hasattr(given, "indices")):
        raise ArgumentError(
            f"exclude is {type_of(given)} without indptr and indices, expected {FORMS}",
            "exclude",
        )
    return _checked(given.indptr, given.indices, count)


def _refuse_two_lists(given: tuple[Any, Any], count: int) -> None:
    """Refuse a tuple that may be meant as the ids of two queries: a tuple is (indptr, ids).

    For two queries, lists are refused, and so are arrays unless the first one is a valid indptr:
    three numbers that begin with 0, do not fall and end with the length of the second.
    """
    lists = all(isinstance(own, Sequence | Set) for own in given)
    if lists and (count == 2 or len(given[0]) != count + 1):
        kind = "lists"
    elif count == 2 and not lists and not _is_indptr(*given):
        kind = "arrays"
    else:
        return
    raise ArgumentError(
        f"exclude is a tuple of two {kind} for {count} queries: give a list that holds the ids "
        f"of each query, or a pair of arrays (indptr, ids), indptr of {count + 1} elements",
        "exclude",
    )


def _is_indptr(indptr: Any, ids: Any) -> bool:
    offsets, count = as_numbers(indptr, "exclude"), np.size(as_numbers(ids, "exclude"))
    if offsets.shape != (3,) or offsets.dtype.kind not in "iu":
        return False
    return bool(offsets[0] == 0 and offsets[-1] == count and (np.diff(offsets) >= 0).all())


def _whole(given: Any, query: int) -> Ids:
    if type(given) is np.ndarray and given.dtype == np.int64 and given.ndim == 1:
        return given  # the usual case, which must be fast for thousands of queries
    ids = np.atleast_1d(as_numbers(given, "exclude"))
    if ids.dtype.kind not in "iu" or ids.ndim != 1:
        raise ArgumentError(
            f"exclude has dtype {ids.dtype} and {counted(ids.ndim, 'dimension')} for query "
            f"{query}, expected a list of whole numbers",
            "exclude",
        )
    return as_ids(ids, "exclude", len(ids))


def _checked(indptr: ArrayLike, ids: ArrayLike, count: int) -> tuple[Ids, Ids]:
    lengths, numbers = as_numbers(indptr, "exclude"), as_numbers(ids, "exclude")
    if lengths.shape != (count + 1,):
        raise ArgumentError(
            f"exclude has {counted(max(lengths.size - 1, 0), 'row')}, expected one for "
            f"{_each(count)}",
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
