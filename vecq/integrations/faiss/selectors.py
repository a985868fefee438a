"""Selectors of faiss: ids that a search may return, or that remove_ids removes."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arguments import type_of, whole
from vecq.core.arrays import as_ids
from vecq.core.errors import ArgumentError
from vecq.index import Index

Ids = NDArray[np.int64]
MOST = 2**63 - 1


class IDSelector:
    """A set of ids."""

    def chosen(self, index: Index) -> Ids:
        """Return the selected ids of an index, possibly with unknown ids."""
        raise NotImplementedError


class IDSelectorBatch(IDSelector):
    """The listed ids."""

    def __init__(self, indices: ArrayLike) -> None:
        self._ids = _distinct(indices, "indices")

    def chosen(self, index: Index) -> Ids:
        return self._ids


class IDSelectorRange(IDSelector):
    """The ids from `imin` to `imax - 1`."""

    def __init__(self, imin: int, imax: int) -> None:
        self._least = whole(imin, "imin", -MOST - 1, MOST)
        self._end = whole(imax, "imax", -MOST - 1, MOST)

    def chosen(self, index: Index) -> Ids:
        ids = index.ids
        return ids[(ids >= self._least) & (ids < self._end)]


class IDSelectorNot(IDSelector):
    """All ids that another selector does not select."""

    def __init__(self, sel: IDSelector) -> None:
        if not isinstance(sel, IDSelector):
            raise ArgumentError(f"sel is {type_of(sel)}, expected an IDSelector", "sel")
        self._other = sel

    def chosen(self, index: Index) -> Ids:
        return np.setdiff1d(index.ids, self._other.chosen(index))


Selected = IDSelector | ArrayLike


def chosen(selected: Selected, index: Index, argument: str) -> Ids:
    """Return the ids of a selector or an array."""
    if isinstance(selected, IDSelector):
        return selected.chosen(index)
    return _distinct(selected, argument)


def _distinct(ids: ArrayLike, argument: str) -> Ids:
    return np.unique(as_ids(np.asarray(ids).ravel(), argument, np.size(ids)))
