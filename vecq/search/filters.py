"""Filters: the items that all queries of a search may return."""

from __future__ import annotations  # short signatures in help()

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq._native import ffi, lib
from vecq.core.arguments import counted, type_of
from vecq.core.arrays import as_ids, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.names import find_numbers, stable
from vecq.core.native_index import NativeIndex
from vecq.core.structs import new_struct
from vecq.search.exclusions import as_numbers


class Filter:
    """The items that searches may return, prepared once for many searches.

    Items that are added later are allowed, unless `allow` is given as ids or a mask. That holds
    also for a denied item that is removed and added again.

    Args:
        index: The `vecq.Index` to search.
        allow: Allowed items: ids, a mask of booleans in the order in which items were added, or a
            `Filter`. Ids that the index does not have are ignored. Default: all items.
        deny: Denied items, in the same forms; denied wins over allowed. Default: none.

    Raises:
        ArgumentError: `index` is not an index, or `allow` or `deny` are neither ids, a mask of one
            boolean per item, nor a filter of the same index.

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
        index: Any,
        allow: ArrayLike | Filter | None = None,
        deny: ArrayLike | Filter | None = None,
    ) -> None:
        native = index if isinstance(index, NativeIndex) else getattr(index, "_native", None)
        if not isinstance(native, NativeIndex):
            raise ArgumentError(f"index is {type_of(index)}, expected a vecq.Index", "index")
        # The native filter refers to the native index: the handle must outlive it.
        self._native, self._index_handle = native, native.handle
        self._handle = stable(native, lambda: self._open(allow, deny))

    def _open(self, allow: Any, deny: Any) -> Any:
        native = self._native
        choices = [_choice(native, allow, "allow"), _choice(native, deny, "deny")]
        handle = ffi.new("vecq_filter **")
        call(lib.vecq_filter_open, self._index_handle, *(own for own, _ in choices), handle)
        return ffi.gc(handle[0], lib.vecq_filter_close)

    def __len__(self) -> int:
        count = ffi.new("size_t *")
        call(lib.vecq_filter_count, self._handle, count)
        return int(count[0])

    def __repr__(self) -> str:
        return f"<vecq.Filter: {len(self):,} of {len(self._native):,} items are allowed>"


def filter_of(
    native: NativeIndex,
    allow: ArrayLike | Filter | None,
    deny: ArrayLike | Filter | None,
) -> Filter | None:
    """Return the filter of the two; None if all items are allowed."""
    if allow is None and deny is None:
        return None
    if isinstance(allow, Filter) and allow._native is native and deny is None:
        return allow
    return Filter(native, allow, deny)


def _choice(native: NativeIndex, given: Any, argument: str) -> tuple[Any, Any]:
    """A native choice, and the object whose memory it borrows."""
    if given is None:
        return ffi.NULL, None
    choice = new_struct("vecq_choice")
    if isinstance(given, Filter):
        choice.filter = given._handle
        return choice, given
    found: NDArray[Any] = (
        find_numbers(native, given, argument)
        if native.has_names and not _is_mask(given)
        else as_numbers(given, argument)
    )
    if found.ndim != 1:
        raise ArgumentError(
            f"{argument} has {counted(found.ndim, 'dimension')}, expected 1", argument
        )
    choice.count = len(found)
    if found.dtype == bool:
        mask = np.ascontiguousarray(found).view(np.uint8)
        choice.mask = borrowed = pointer(mask, "uint8_t[]")
    else:
        choice.ids = borrowed = pointer(as_ids(found, argument, len(found)), "int64_t[]")
    return choice, borrowed


def _is_mask(given: Any) -> bool:
    if isinstance(given, list):
        return bool(given) and isinstance(given[0], bool)
    return bool(getattr(given, "dtype", None) == np.bool_)
