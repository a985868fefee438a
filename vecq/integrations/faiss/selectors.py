"""Which ids a search may find, or `remove_ids` takes away."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import whole
from vecq.core.arrays import as_ids
from vecq.core.errors import ArgumentError
from vecq.index import Index

Ids = NDArray[np.int64]
MOST = 2**63 - 1


class IDSelector:
    """Some of all ids."""

    def chosen(self, index: Index) -> Ids:
        """Those of an index that are selected, and maybe some that it does not have."""
        raise NotImplementedError


class IDSelectorBatch(IDSelector):
    """The ids that are named."""

    def __init__(self, indices: ArrayLike) -> None:
        self._ids = _distinct(indices, "indices")

    def chosen(self, index: Index) -> Ids:
        return self._ids


class IDSelectorRange(IDSelector):
    """The ids from `imin` on that are below `imax`."""

    def __init__(self, imin: int, imax: int) -> None:
        self._least = whole(imin, "imin", -MOST - 1, MOST)
        self._end = whole(imax, "imax", -MOST - 1, MOST)

    def chosen(self, index: Index) -> Ids:
        ids = index.ids
        return ids[(ids >= self._least) & (ids < self._end)]


class IDSelectorNot(IDSelector):
    """All other ids."""

    def __init__(self, sel: IDSelector) -> None:
        if not isinstance(sel, IDSelector):
            raise ArgumentError(f"sel is a {type(sel).__name__}, expected an IDSelector", "sel")
        self._other = sel

    def chosen(self, index: Index) -> Ids:
        return np.setdiff1d(index.ids, self._other.chosen(index))


Selected = IDSelector | ArrayLike


def chosen(selected: Selected, index: Index, argument: str) -> Ids:
    """Ids that a selector selects, or that an array names."""
    if isinstance(selected, IDSelector):
        return selected.chosen(index)
    return _distinct(selected, argument)


def _distinct(ids: ArrayLike, argument: str) -> Ids:
    return np.unique(as_ids(np.asarray(ids).ravel(), argument, np.size(ids)))
