"""A graph between two libraries: vectors, and for each layer the lists of its nodes.

Layer 0 holds all rows, each layer above those of its level and higher, in the same order. Lists
lead to rows, and end with NONE where they are not full.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.arrays import pointer
from vecq.codec import Codec, Kind, Metric
from vecq.errors import ArgumentError, UnsupportedError, call
from vecq.index import Index
from vecq.loss import warn_of_loss
from vecq.progress import Progress, Report
from vecq.structs import new_struct

NONE = np.uint32(2**32 - 1)
# Layers that an index can have. Higher ones hold next to nothing, and are left out.
LAYERS = 16
MOST_LINKS = 256
ROWS_AT_ONCE = 1 << 16
# Added to the level of a row that holds no item.
VACANT = 128


@dataclass
class Graph:
    """A graph and what it is over."""

    vectors: NDArray[Any]
    ids: NDArray[np.int64]  # none where they number the rows
    levels: NDArray[np.uint8]
    layers: list[NDArray[np.uint32]]
    entry: int

    def rows(self, layer: int) -> NDArray[np.int64]:
        """The rows of a layer's nodes."""
        return np.flatnonzero(self.levels >= layer)

    @property
    def m(self) -> int:
        """The smallest `m` of an index whose lists have room for these."""
        widths = [lists.shape[1] for lists in self.layers] or [2]
        return int(max(2, -(-widths[0] // 2), *widths[1:]))

    def select(self, rows: NDArray[np.int64]) -> "Graph":
        """The graph of some rows in another order, without links to others."""
        places = np.full(len(self.levels) + 1, NONE)
        places[rows] = np.arange(len(rows), dtype=np.uint32)
        levels = self.levels[rows]
        layers = []
        for number in range(int(levels.max(initial=0)) + 1):
            nodes = np.empty(len(self.levels), np.int64)
            nodes[self.rows(number)] = np.arange(len(self.layers[number]))
            lists = self.layers[number][nodes[rows[levels >= number]]]
            own = np.flatnonzero(levels >= number)
            layers.append(_tidy(own, places[np.minimum(lists, len(self.levels))]))
        entry = int(places[self.entry])
        if entry == NONE:
            entry = int(levels.argmax()) if len(rows) > 0 else 0
        return Graph(self.vectors[rows], self.ids[rows], levels, layers, entry)

    def without(self, dead: NDArray[np.bool_]) -> "Graph":
        """The graph of the rows that are not dead.

        What led to a dead row leads on to what that led to, as far as there is room.
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


def _tidy(rows: NDArray[np.int64], lists: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Lists without links to themselves or twice to another, what is unused at their end.

    Threads that link two rows to each other at the same time leave such things behind.
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


def adopt(graph: Graph, index: Index, threads: int, progress: Progress) -> Index:
    """Gives an index that has no rows a graph and its rows."""
    count = len(graph.vectors)
    if count == 0:
        return index
    with Report(progress, count) as report, index._addition():
        ids = graph.ids if len(graph.ids) > 0 else None
        index._stage(graph.vectors, ids, None, threads)
        levels = np.ascontiguousarray(graph.levels)
        call(
            lib.vecq_index_import_levels,
            *(index._handle, pointer(levels, "uint8_t[]"), count),
        )
        for number, lists in enumerate(graph.layers):
            for first, part in _blocks(graph.rows(number), lists):
                call(
                    lib.vecq_index_import_links,
                    *(index._handle, number, first, len(part)),
                    *(pointer(part, "uint32_t[]"), part.shape[1]),
                )
                report(min(first, count - 1), count)
        call(lib.vecq_index_import_adopt, index._handle, graph.entry)
        report(count, count)
        call(lib.vecq_index_settle, index._handle)
        index._repair(threads)
    if index._wide is None and index._codec.kind in ("int8", "int16"):
        warn_of_loss(index._codec, graph.vectors, index._metric)
    return index


def _blocks(
    rows: NDArray[np.int64], lists: NDArray[np.uint32]
) -> Iterator[tuple[int, NDArray[np.uint32]]]:
    for first in range(0, len(lists), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        yield first, np.ascontiguousarray(_tidy(rows[part], lists[part]))


def index_for(
    graph: Graph, metric: Metric, codec: Kind | Codec, rerank: Kind | Codec | None, ef: int
) -> Index:
    """An index without rows that can have the graph."""
    if graph.m > MOST_LINKS:
        raise UnsupportedError(
            f"the graph has M={graph.m}, more than the {MOST_LINKS} that an index of vecq can have"
        )
    if metric == "ip" and isinstance(codec, Codec) and codec.settings["center"]:
        raise ArgumentError(
            "codec centres, but codes without their mean can't be linked by inner products: "
            "expected one with center=False",
            "codec",
        )
    return Index(
        graph.vectors.shape[1],
        metric,
        codec,
        m=graph.m,
        ef_construction=min(max(ef, 1), 100_000),
        link="layered" if metric == "ip" else "auto",
        rerank=rerank,
    )


def native_options(index: Index) -> Any:
    """The settings that the index was opened with."""
    options = new_struct("vecq_index_options")
    call(lib.vecq_index_describe, index._handle, ffi.NULL, options, ffi.NULL, ffi.NULL)
    return options


def graph_of(index: Index) -> Graph:
    """The graph of an index, in the order of its ids."""
    with index._adding:
        graph, items = _exported(index, keep=True)
    return graph.select(items[np.argsort(graph.ids[items], kind="stable")])


def links_of(index: Index, rows: NDArray[Any]) -> Graph:
    """The graph of an index that these rows, and nothing else, were added to, without ids."""
    with index._adding:
        graph, items = _exported(index, keep=False)
    own = graph.select(items[np.argsort(graph.ids[items], kind="stable")])
    return replace(own, vectors=rows, ids=own.ids[:0])


def _exported(index: Index, keep: bool) -> tuple[Graph, NDArray[np.int64]]:
    """The graph of all rows, and those of them that hold items; without vectors unless kept."""
    shape = new_struct("vecq_graph")
    call(lib.vecq_index_export_graph, index._handle, shape)
    count = shape.rows
    ids, levels = np.empty(count, np.int64), np.empty(count, np.uint8)
    vectors = np.empty((count if keep else min(count, ROWS_AT_ONCE), index.dim), np.float32)
    for first in range(0, count, ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, count)
        block = vectors[first:last] if keep else vectors[: last - first]
        call(
            lib.vecq_index_export_rows,
            *(index._handle, first, len(block), pointer(levels[first:last], "uint8_t[]")),
            *(pointer(ids[first:last], "int64_t[]"), pointer(block, "float[]")),
        )
    items = np.flatnonzero(levels < VACANT)
    held = vectors if keep else np.empty((count, 0), np.float32)
    graph = Graph(held, ids, levels % VACANT, [], shape.entries[0])
    for number in range(shape.layers):
        width = shape.max_degree if number == 0 else shape.max_degree // 2
        lists = np.empty((len(graph.rows(number)), width), np.uint32)
        call(
            lib.vecq_index_export_links,
            *(index._handle, number, 0, len(lists), pointer(lists, "uint32_t[]"), width),
        )
        graph.layers.append(lists)
    if shape.entry_count > 1:
        entries = np.array(ffi.unpack(shape.entries, shape.entry_count))
        _raise_entries(graph, np.sort(entries), shape.max_degree // 2)
    return graph, items


def _raise_entries(graph: Graph, entries: NDArray[np.int64], width: int) -> None:
    """Walks of other libraries begin at one row: a layer above leads it to the best of ours."""
    graph.levels[entries] = 1
    places = np.arange(len(entries))
    steps = np.arange(1, min(width, len(entries) - 1) + 1)
    lists = np.full((len(entries), width), NONE)
    lists[:, : len(steps)] = entries[(places[:, None] + steps) % len(entries)]
    graph.layers.append(lists)
