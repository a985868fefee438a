"""Groups: items that belong together, of which a query returns a limited number."""

from __future__ import annotations  # short signatures in help()

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from vecq._native import ffi, lib
from vecq.core.arguments import MOST, counted, type_of, whole
from vecq.core.arrays import as_ids, pointer
from vecq.core.errors import ArgumentError, call
from vecq.core.names import as_strings, find_numbers, names_version
from vecq.core.native_index import NativeIndex


class Groups:
    """The group of each item, such as its seller, prepared once for many searches.

    Groups belong to ids: an item keeps its group when it is updated, or removed and added again.
    Items without a group, such as those added later, are a group of their own each. With string
    ids, groups belong to the items that the index has when they are prepared.

    Args:
        index: The `vecq.Index` to search.
        ids: Ids of items, or a dict of ids to groups. Ids that the index does not have are ignored.
            Of an id given twice the last group counts. Strings if the index has string ids.
        groups: A whole number or a string per id. Default: None, `ids` is a dict.

    Raises:
        ArgumentError: `index` is not an index, or `groups` are not one number or string per id.

    >>> index = vecq.Index(4).add(numpy.eye(4) + 0.5)
    >>> sellers = vecq.Groups(index, [0, 1, 2, 3], ["ann", "ann", "bob", "bob"])
    >>> index.search([3.0, 2, 1, 0], k=2, group_by=sellers, per_group=1).ids
    array([[0, 2]])
    """

    def __init__(self, index: Any, ids: Any, groups: ArrayLike | None = None) -> None:
        native = index if isinstance(index, NativeIndex) else getattr(index, "_native", None)
        if not isinstance(native, NativeIndex):
            raise ArgumentError(f"index is {type_of(index)}, expected a vecq.Index", "index")
        if isinstance(ids, Mapping):
            if groups is not None:
                raise ArgumentError(
                    "groups are given besides a dict, expected one of them", "groups"
                )
            ids, groups = list(ids.keys()), list(ids.values())
        if groups is None:
            raise ArgumentError("groups are missing, expected one per id, or a dict", "groups")
        names = _names(groups)
        self._native = native
        self._names, own = np.unique(names, return_inverse=True)
        self._codes = own.astype(np.uint32).ravel()
        if native.has_names:
            self._ids = as_strings(ids, "ids")
            if len(self._ids) != len(names):
                raise ArgumentError(
                    f"ids has {counted(len(self._ids), 'string')}, expected one for each of "
                    f"{len(names)} groups",
                    "ids",
                )
        else:
            self._ids = as_ids(ids, "ids", len(names))
        self._version, self._handle = self._open()

    def _open(self) -> tuple[int, Any]:
        """The version of the index's string ids, and native groups of their numbers."""
        version, numbers, codes = 0, self._ids, self._codes
        if self._native.has_names:
            version = names_version(self._native)
            numbers = find_numbers(self._native, self._ids, "ids")
            codes, numbers = codes[numbers >= 0], numbers[numbers >= 0]
        handle = ffi.new("vecq_groups **")
        call(
            lib.vecq_groups_open,
            *(pointer(numbers, "int64_t[]"), pointer(codes, "uint32_t[]"), len(numbers), handle),
        )
        return version, ffi.gc(handle[0], lib.vecq_groups_close)

    def _current(self) -> Any:
        """The native groups; made again if string ids have got other numbers."""
        if self._native.has_names and names_version(self._native) != self._version:
            self._version, self._handle = self._open()
        return self._handle

    def __len__(self) -> int:
        return len(self._names)

    def __repr__(self) -> str:
        return f"<vecq.Groups: {len(self):,} groups>"


def _names(given: ArrayLike) -> Any:
    try:
        found = np.asarray(given)
    except (RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"groups are no array: {error}", "groups") from None
    if found.ndim != 1:
        raise ArgumentError(f"groups have {counted(found.ndim, 'dimension')}, expected 1", "groups")
    if found.dtype == object and any(
        all(isinstance(name, kind) for name in found) for kind in (str, int)
    ):
        found = np.array(found.tolist())  # such as the values of an attribute
    if found.size == 0:
        found = found.astype(np.int64)
    if found.dtype.kind not in "iuU":
        raise ArgumentError(
            f"groups have dtype {found.dtype}, expected whole numbers or strings", "groups"
        )
    return found


def group_options(native: NativeIndex, options: Any, group_by: Any, per_group: Any) -> Any:
    """Set the native options of groups; return the object whose memory they borrow."""
    if group_by is None:
        if per_group is not None:
            raise ArgumentError("per_group is given without group_by", "per_group")
        return None
    if not isinstance(group_by, Groups):
        raise _no_groups(group_by)
    if group_by._native is not native:
        raise ArgumentError("group_by has the groups of another index", "group_by")
    options.groups = handle = group_by._current()
    options.per_group = whole(1 if per_group is None else per_group, "per_group", 1, MOST)
    return handle


def _no_groups(group_by: Any) -> ArgumentError:
    shown, remedy = type_of(group_by), ""
    if isinstance(group_by, str):
        values = f"index.get_attributes(ids, [{group_by!r}])[{group_by!r}]"
        shown, remedy = repr(group_by), f": by an attribute, vecq.Groups(index, ids, {values})"
    return ArgumentError(f"group_by is {shown}, expected a vecq.Groups{remedy}", "group_by")
