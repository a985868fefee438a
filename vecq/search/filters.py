"""Which items searches may answer with: for all queries of a call, and for each of them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arrays import as_ids, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.structs import new_struct
from vecq.search.exclusions import as_numbers
from vecq.search.searchable import Searchable

Ids = NDArray[np.int64]


class Filter:
    """Items that searches may answer with, prepared once for many of them.

    Of what is added to the index later everything passes, unless ids or a mask say what is
    allowed: also an item that was denied, if it is removed and then added again.

    Args:
        index: what is to be searched.
        allow: ids, or a mask of booleans in the order in which items were added, or a `Filter`; by
            default everything. Ids that the index doesn't have mean nothing.
        deny: the same, of what is not to be found even if it is allowed.

    >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
    >>> index = vecq.Index(64).add(items)
    >>> in_stock = vecq.Filter(index, allow=range(0, 1000, 2), deny=[4])
    >>> len(in_stock)
    499
    >>> bool((index.search(items[:5], k=10, allow=in_stock).ids % 2).any())
    False
    """

    def __init__(
        self,
        index: Searchable,
        allow: "ArrayLike | Filter | None" = None,
        deny: "ArrayLike | Filter | None" = None,
    ) -> None:
        self._index = index  # outlives the native filter, which refers to it
        choices = [_choice(allow, "allow"), _choice(deny, "deny")]
        handle = ffi.new("vecq_filter **")
        call(lib.vecq_filter_open, index._handle, *(own for own, _ in choices), handle)
        self._handle = ffi.gc(handle[0], lib.vecq_filter_close)

    def __len__(self) -> int:
        count = ffi.new("size_t *")
        call(lib.vecq_filter_count, self._handle, count)
        return int(count[0])

    def __repr__(self) -> str:
        return f"<vecq.Filter: {len(self):,} of {len(self._index):,} items pass>"

    @classmethod
    def of(
        cls,
        index: Searchable,
        allow: "ArrayLike | Filter | None",
        deny: "ArrayLike | Filter | None",
    ) -> "Filter | None":
        """Returns the filter that the two amount to; None if everything passes."""
        if allow is None and deny is None:
            return None
        if isinstance(allow, Filter) and allow._index is index and deny is None:
            return allow
        return cls(index, allow, deny)


def _choice(given: "ArrayLike | Filter | None", argument: str) -> tuple[Any, Any]:
    """A native choice, and what it borrows its memory from."""
    if given is None:
        return ffi.NULL, None
    choice = new_struct("vecq_choice")
    if isinstance(given, Filter):
        choice.filter = given._handle
        return choice, given
    found = as_numbers(given, argument)
    if found.ndim != 1:
        raise ArgumentError(f"{argument} has {found.ndim} dimensions, expected 1", argument)
    choice.count = len(found)
    if found.dtype == bool:
        mask = np.ascontiguousarray(found).view(np.uint8)
        choice.mask = borrowed = pointer(mask, "uint8_t[]")
    else:
        choice.ids = borrowed = pointer(as_ids(found, argument, len(found)), "int64_t[]")
    return choice, borrowed
