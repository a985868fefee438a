"""A graph in the form in which libraries exchange it: vectors, and neighbor lists by layer.

Layer 0 has all rows; each layer above has the rows of its level and higher, in the same order.
Neighbors are row numbers; a list that is not full ends with NONE.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

NONE = np.uint32(2**32 - 1)
# Layers that an index can have. Higher ones have next to no nodes and are left out.
LAYERS = 16
MOST_LINKS = 256
ROWS_AT_ONCE = 1 << 16


@dataclass
class Graph:
    """A graph and its vectors."""

    vectors: NDArray[Any]
    ids: NDArray[np.int64]  # empty if they are the row numbers
    levels: NDArray[np.uint8]
    layers: list[NDArray[np.uint32]]
    entry: int

    def rows(self, layer: int) -> NDArray[np.int64]:
        """Return the rows of a layer's nodes."""
        return np.flatnonzero(self.levels >= layer)

    @property
    def m(self) -> int:
        """The smallest `m` of an index whose lists can hold these."""
        widths = [lists.shape[1] for lists in self.layers] or [2]
        return int(max(2, -(-widths[0] // 2), *widths[1:]))

    def select(self, rows: NDArray[np.int64]) -> "Graph":
        """Return the graph of some rows, in the given order, without links to other rows."""
        places = np.full(len(self.levels) + 1, NONE)
        places[rows] = np.arange(len(rows), dtype=np.uint32)
        levels = self.levels[rows]
        layers = []
        for number in range(int(levels.max(initial=0)) + 1):
            nodes = np.empty(len(self.levels), np.int64)
            nodes[self.rows(number)] = np.arange(len(self.layers[number]))
            lists = self.layers[number][nodes[rows[levels >= number]]]
            own = np.flatnonzero(levels >= number)
            layers.append(tidy(own, places[np.minimum(lists, len(self.levels))]))
        entry = int(places[self.entry])
        if entry == NONE:
            entry = int(levels.argmax()) if len(rows) > 0 else 0
        return Graph(self.vectors[rows], self.ids[rows], levels, layers, entry)

    def without(self, dead: NDArray[np.bool_]) -> "Graph":
        """Return the graph without dead rows.

        A link to a dead row is replaced by a neighbor of that row, as far as the list has room.
        """
        if not dead.any():
            return self
        ends = np.append(dead, False)
        layers = []
        for number, lists in enumerate(self.layers):
            nodes = np.zeros(len(self.levels), np.int64)
            nodes[self.rows(number)] = np.arange(len(lists))
            bridged = lists.copy()
            node, place = np.nonzero(ends[np.minimum(lists, len(dead))])
            bridged[node, place] = lists[nodes[lists[node, place]], place]
            layers.append(bridged)
        whole = Graph(self.vectors, self.ids, self.levels, layers, self.entry)
        return whole.select(np.flatnonzero(~dead))


def tidy(rows: NDArray[np.int64], lists: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Return lists without self-links and duplicates, filled from the front.

    Threads of other libraries that link two rows to each other at the same time leave such faults.
    """
    ascending = np.sort(lists, axis=1)
    twice = (ascending[:, 1:] == ascending[:, :-1]) & (ascending[:, 1:] != NONE)
    holes = (lists[:, 1:] != NONE) & (lists[:, :-1] == NONE)
    loose = twice.any(axis=1) | holes.any(axis=1) | (lists == rows[:, None]).any(axis=1)
    if not loose.any():
        return lists
    some = lists[loose]
    order = np.argsort(some, axis=1, kind="stable")
    found = np.take_along_axis(some, order, 1)
    again = np.zeros(some.shape, bool)
    np.put_along_axis(again, order[:, 1:], found[:, 1:] == found[:, :-1], 1)
    some[again | (some == rows[loose, None])] = NONE
    tidy: NDArray[np.uint32] = lists.copy()
    tidy[loose] = np.take_along_axis(some, np.argsort(some == NONE, axis=1, kind="stable"), 1)
    return tidy


def normalized(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return vectors scaled to norm 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, np.where(norms > 0, norms, 1), dtype=np.float32)
