"""Filtered search of hnswlib and faiss in every form they offer; the fastest one counts.

hnswlib calls Python for every candidate, so the callback is a C method of a set; alternatively it
returns more results, and those that are not allowed are dropped. faiss takes a bitmap, for a graph
or for an exact scan, or scans a copy of the allowed rows. vecq's planner chooses freely as well.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import faiss
import hnswlib
import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.adapters.adapter import unit
from vecq.bench.truth import brute_force
from vecq.core.ranking import Truth
from vecq.datasets import Dataset

from .timing import interleaved

K, QUERIES = 10, 200
EFS = (16, 32, 64, 128, 256, 512, 1024)
PEER_M = (16, 32)

Ids = NDArray[np.int64]
Forms = Iterator[tuple[str, Callable[[], Ids]]]


def against_peers(
    data: Dataset, index: vecq.Index, share: float, least: float, repetitions: int
) -> dict[str, Any]:
    """Compare filtered batches, each system in its fastest form of a least recall."""
    mask = np.random.default_rng(1).random(len(data.train)) < share
    rows, queries = np.flatnonzero(mask), data.test[:QUERIES]
    found = brute_force(data.train[rows], queries, data.metric, K)
    truth = Truth(np.where(found.ids >= 0, rows[found.ids], -1), found.scores, K)
    allowed = vecq.Filter(index, allow=mask)
    forms: dict[str, Callable[[], Ids]] = {
        f"vecq, ef={ef}": partial(_vecq, index, queries, allowed, ef) for ef in EFS
    }
    forms |= dict(hnswlib_forms(data, queries, rows, share))
    forms |= dict(faiss_forms(data, queries, rows))
    recalls = {name: truth.recall(form()) for name, form in forms.items()}
    enough = {name: form for name, form in forms.items() if recalls[name] >= least}
    times = interleaved(enough, repetitions)
    best: dict[str, Any] = {}
    for system in ("vecq", "hnswlib", "faiss"):
        own = [name for name in enough if name.startswith(system)]
        name = min(own, key=lambda name: times[name].median, default="")
        best[system] = name and {
            "name": name,
            "recall": recalls[name],
            "qps": times[name].rate(len(queries)),
        }
    return {"share": share, "k": K, "best": {system: one or None for system, one in best.items()}}


def hnswlib_forms(data: Dataset, queries: Any, rows: Ids, share: float) -> Forms:
    """Yield searches with a callback, and searches for more whose results are filtered."""
    allowed = set(rows.tolist())
    mask = np.isin(np.arange(len(data.train)), rows)
    for m in PEER_M:
        index = hnswlib.Index(data.metric, data.train.shape[1])
        index.init_index(len(data.train), M=m, ef_construction=200)
        index.add_items(data.train)
        for ef in EFS:
            yield (
                f"hnswlib M={m}, callback, ef={ef}",
                partial(_called_back, index, queries, ef, allowed.__contains__),
            )
        for factor in (1.5, 2, 3):
            more = min(len(data.train), int(factor * K / share))
            yield (
                f"hnswlib M={m}, {more} results, filtered",
                partial(_post_filtered, index, queries, more, mask),
            )


def faiss_forms(data: Dataset, queries: Any, rows: Ids) -> Forms:
    """Yield searches of graphs and scans with a bitmap, and scans of a copy."""
    faiss.omp_set_num_threads(1)
    train, metric = data.train, faiss.METRIC_INNER_PRODUCT
    if data.metric == "cosine":
        train, queries = unit(train), unit(queries)
    if data.metric == "l2":
        metric = faiss.METRIC_L2
    train, queries = np.ascontiguousarray(train), np.ascontiguousarray(queries)
    bits = np.packbits(np.isin(np.arange(len(train)), rows), bitorder="little")
    selector = faiss.IDSelectorBitmap(bits)
    for m in PEER_M:
        graph = faiss.IndexHNSWFlat(train.shape[1], m, metric)
        graph.hnsw.efConstruction = 200
        graph.add(train)
        for ef in EFS:
            options = faiss.SearchParametersHNSW(sel=selector, efSearch=ef)
            yield f"faiss M={m}, bitmap, ef={ef}", partial(_ids, graph, queries, options)
    flat = faiss.IndexFlat(train.shape[1], metric)
    flat.add(train)
    options = faiss.SearchParameters(sel=selector)
    yield "faiss exact, bitmap", partial(_ids, flat, queries, options)

    def copied() -> Ids:
        found = faiss.knn(queries, train[rows], K, metric=metric)[1]
        return np.where(found >= 0, rows[found], -1)

    yield "faiss exact, copied rows", copied


def _vecq(index: vecq.Index, queries: Any, allowed: vecq.Filter, ef: int) -> Ids:
    return index.search(queries, K, allow=allowed, ef=ef).ids


def _called_back(index: Any, queries: Any, ef: int, is_allowed: Callable[[int], bool]) -> Ids:
    index.set_ef(ef)
    try:
        found = index.knn_query(queries, K, num_threads=1, filter=is_allowed)[0]
    except RuntimeError:  # a query found fewer than K: this setting has no answer
        return np.full((len(queries), K), -1, np.int64)
    return np.asarray(found).astype(np.int64)


def _post_filtered(index: Any, queries: Any, more: int, mask: Any) -> Ids:
    index.set_ef(more)
    found = index.knn_query(queries, more, num_threads=1)[0].astype(np.int64)
    kept = np.where(mask[found], found, -1)
    order = np.argsort(kept < 0, axis=1, kind="stable")[:, :K]
    return np.take_along_axis(kept, order, axis=1)


def _ids(index: Any, queries: Any, options: Any) -> Ids:
    return np.asarray(index.search(queries, K, params=options)[1])
