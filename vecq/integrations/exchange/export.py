"""Export of the graph of an index, to other libraries and to indexes with other codecs."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq._native import ffi, lib
from vecq.core.arrays import pointer
from vecq.core.errors import call
from vecq.core.native_index import NativeIndex
from vecq.core.structs import new_struct
from vecq.integrations.exchange.graph import NONE, ROWS_AT_ONCE, Graph
from vecq.search.items import all_numbers

# Native code adds this to the level of a free slot.
VACANT = 128


def graph_of(native: NativeIndex) -> Graph:
    """Return the graph of an index, in the order of its ids."""
    with native.changing:
        graph, items = _exported(native, keep=True)
        if native.has_names:
            graph.ids[items] = _positions(native, graph.ids[items])
    return graph.select(items[np.argsort(graph.ids[items], kind="stable")])


def _positions(native: NativeIndex, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the place of each item among all, for libraries without string ids."""
    all_of_them = all_numbers(native)
    order = np.argsort(all_of_them)
    return order[np.searchsorted(all_of_them, numbers, sorter=order)]


def links_of(native: NativeIndex, rows: NDArray[Any]) -> Graph:
    """Return the graph of an index that holds exactly these rows, without ids."""
    with native.changing:
        graph, items = _exported(native, keep=False)
    own = graph.select(items[np.argsort(graph.ids[items], kind="stable")])
    return replace(own, vectors=rows, ids=own.ids[:0])


def _exported(native: NativeIndex, keep: bool) -> tuple[Graph, NDArray[np.int64]]:
    """Return the graph of all slots, and the slots that hold items; `keep` keeps the vectors."""
    shape = new_struct("vecq_graph")
    call(lib.vecq_index_export_graph, native.handle, shape)
    count = shape.rows
    ids, levels = np.empty(count, np.int64), np.empty(count, np.uint8)
    vectors = np.empty((count if keep else min(count, ROWS_AT_ONCE), native.dim), np.float32)
    for first in range(0, count, ROWS_AT_ONCE):
        last = min(first + ROWS_AT_ONCE, count)
        block = vectors[first:last] if keep else vectors[: last - first]
        call(
            lib.vecq_index_export_rows,
            *(native.handle, first, len(block), pointer(levels[first:last], "uint8_t[]")),
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
            *(native.handle, number, 0, len(lists), pointer(lists, "uint32_t[]"), width),
        )
        graph.layers.append(lists)
    if shape.entry_count > 1:
        entries = np.array(ffi.unpack(shape.entries, shape.entry_count))
        _raise_entries(graph, np.sort(entries), shape.max_degree // 2)
    return graph, items


def _raise_entries(graph: Graph, entries: NDArray[np.int64], width: int) -> None:
    """Link the entry points by a layer: walks of other libraries start at one of them."""
    graph.levels[entries] = 1
    places = np.arange(len(entries))
    steps = np.arange(1, min(width, len(entries) - 1) + 1)
    lists = np.full((len(entries), width), NONE)
    lists[:, : len(steps)] = entries[(places[:, None] + steps) % len(entries)]
    graph.layers.append(lists)
