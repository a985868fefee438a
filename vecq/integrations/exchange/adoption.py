"""Indexes made from an imported graph."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vecq._native import lib
from vecq.core.arrays import pointer
from vecq.core.errors import ArgumentError, UnsupportedError, call
from vecq.core.progress import Progress, Report
from vecq.index import Index
from vecq.integrations.exchange.graph import MOST_LINKS, ROWS_AT_ONCE, Graph, tidy
from vecq.quantization.codec import Codec, Kind
from vecq.quantization.metric import Metric
from vecq.updates.steps import addition, repair, stage, warn_of_loss_of


def adopt(graph: Graph, index: Index, threads: int, progress: Progress) -> Index:
    """Import a graph and its rows into an index without rows."""
    count, native = len(graph.vectors), index._native
    if count == 0:
        return index
    with Report(progress, count) as report, addition(native):
        ids = graph.ids if len(graph.ids) > 0 else None
        stage(native, graph.vectors, ids, None, threads)
        levels = np.ascontiguousarray(graph.levels)
        call(
            lib.vecq_index_import_levels,
            *(native.handle, pointer(levels, "uint8_t[]"), count),
        )
        for number, lists in enumerate(graph.layers):
            for first, part in _blocks(graph.rows(number), lists):
                call(
                    lib.vecq_index_import_links,
                    *(native.handle, number, first, len(part)),
                    *(pointer(part, "uint32_t[]"), part.shape[1]),
                )
                report(min(first, count - 1), count)
        call(lib.vecq_index_import_adopt, native.handle, graph.entry)
        report(count, count)
        call(lib.vecq_index_settle, native.handle)
        repair(native, threads)
    warn_of_loss_of(native, graph.vectors)
    return index


def _blocks(
    rows: NDArray[np.int64], lists: NDArray[np.uint32]
) -> Iterator[tuple[int, NDArray[np.uint32]]]:
    for first in range(0, len(lists), ROWS_AT_ONCE):
        part = slice(first, first + ROWS_AT_ONCE)
        yield first, np.ascontiguousarray(tidy(rows[part], lists[part]))


def index_for(
    graph: Graph, metric: Metric, codec: Kind | Codec, rerank_codec: Kind | Codec | None, ef: int
) -> Index:
    """Return an index without rows that can hold the graph."""
    if graph.m > MOST_LINKS:
        raise UnsupportedError(
            f"the graph has M={graph.m}, more than the {MOST_LINKS} that an index of vecq can have"
        )
    if metric == "ip" and isinstance(codec, Codec) and codec.settings["center"]:
        raise ArgumentError(
            "codec centers, but an imported graph for inner products needs codes that do not: "
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
        rerank_codec=rerank_codec,
    )
