"""Groups of items over shards: a group may have items in several of them."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.errors import ArgumentError

NONE = -1  # number of items without a group, before they get one each


class ShardedGroups:
    """The group of each item, such as its seller, for searches of a sharded index.

    It pickles, and belongs to no index: `vecq.Groups` is its form for one.

    Args:
        ids: Ids of items, or a dict of ids to groups, as in `vecq.Groups`.
        groups: A whole number or a string per id. Default: None, `ids` is a dict.

    Raises:
        ArgumentError: They are none of these.

    >>> sellers = ShardedGroups([0, 1, 2], ["ann", "ann", "bob"])
    >>> sellers.numbers_of(numpy.array([[0, 2, 1]]))
    array([[0, 1, 0]])
    """

    def __init__(self, ids: Any, groups: ArrayLike | None = None) -> None:
        if isinstance(ids, Mapping) and groups is None:
            ids, groups = list(ids.keys()), list(ids.values())
        given, own = np.asarray(ids), np.asarray(groups)
        if given.ndim != 1 or given.shape != own.shape:
            raise ArgumentError(
                f"groups have shape {own.shape}, expected a group for each of {given.size} ids",
                "groups",
            )
        self.ids, self.groups = given, own
        _, numbers = np.unique(own.astype(str) if own.dtype == object else own, return_inverse=True)
        self._numbers = dict(zip(given.tolist(), numbers.ravel().tolist(), strict=True))

    def numbers_of(self, ids: NDArray[Any]) -> NDArray[np.int64]:
        """Return a number for the group of each id; others, and no result, have one each."""
        flat = ids.ravel().tolist()
        numbers = np.fromiter((self._numbers.get(one, NONE) for one in flat), np.int64, len(flat))
        alone = numbers == NONE
        numbers[alone] = len(self._numbers) + np.flatnonzero(alone)
        return numbers.reshape(ids.shape)
