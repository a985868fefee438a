"""Exact scans beside those of faiss and NumPy, large k, and exclusions: make bench-exact.

Everything runs on one thread, in batches, contenders in turns, the best of the repetitions.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

# One thread for BLAS and OpenMP as well, set before they are loaded.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import faiss
import hnswlib
import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.turns import best_times
from vecq.core.machine import measure_rates
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

QUERIES, K, SEEN = 1000, 100, 500
EFS = (1000, 1200, 1600, 2200, 3000, 4500)

Floats = NDArray[np.float32]


def directions(vectors: Floats, metric: str) -> Floats:
    if metric != "cosine":
        return np.ascontiguousarray(vectors, np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.ascontiguousarray(vectors / np.maximum(norms, 1e-30), np.float32)


def flat(rows: Floats, metric: str) -> Any:
    index = faiss.IndexFlatL2(rows.shape[1]) if metric == "l2" else faiss.IndexFlatIP(rows.shape[1])
    index.add(rows)
    return index


def multiplied(queries: Floats, rows: Floats, metric: str, k: int) -> Callable[[], object]:
    """A float32 matrix product and argpartition, a block of queries at a time."""
    norms = (rows**2).sum(axis=1) / 2 if metric == "l2" else np.zeros(len(rows), np.float32)

    def work() -> None:
        for first in range(0, len(queries), 100):
            scores = queries[first : first + 100] @ rows.T - norms
            found = np.argpartition(-scores, k, axis=1)[:, :k]
            np.take_along_axis(found, np.take_along_axis(-scores, found, 1).argsort(1), 1)

    return work


def recall(found: NDArray[Any], truth: NDArray[Any]) -> float:
    return float(
        np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, truth, strict=True)])
    )


def scans(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    rows, queries = directions(data.train, data.metric), directions(data.test, data.metric)
    queries = queries[:QUERIES]
    k = min(K, len(rows))
    peer = flat(rows, data.metric)
    times = best_times(
        {
            "vecq": lambda: index.search(queries, k, plan="scan", rerank_factor=0),
            "vecq reranked": lambda: index.search(queries, k, plan="scan"),
            "vecq, k=1": lambda: index.search(queries, 1, plan="scan", rerank_factor=0),
            "faiss flat": lambda: peer.search(queries, k),
            "numpy": multiplied(queries, rows, data.metric, k),
        },
        repetitions,
    )
    truth = vecq.brute_force(rows, queries, k=k, metric=data.metric).ids
    pace = len(queries) * len(rows) * rows.shape[1] / times["vecq"]
    peak = measure_rates(rows.shape[1], 1000).peak
    yield {
        "what": f"exact scan, k={k}",
        "recall": recall(index.search(queries, k, plan="scan", rerank_factor=0).ids, truth),
        "recall reranked": recall(index.search(queries, k, plan="scan").ids, truth),
        "qps": {name: len(queries) / seconds for name, seconds in times.items()},
        "ratio": min(times["faiss flat"], times["numpy"]) / times["vecq"],
        "multiply-adds per second": pace,
        "share of the peak of this CPU's instructions": pace / peak,
    }


def excluded(data: Dataset, index: vecq.Index, queries: Floats) -> Iterator[tuple[str, Any]]:
    """Items to exclude: the worst there is, some, and what users have seen, if that is known."""
    count = min(SEEN, len(index) // 2)
    each = np.arange(0, len(queries) * count + 1, count)
    best = index.search(queries, count, plan="scan", rerank_factor=0).ids
    yield f"the best {count} items", (each, best.ravel())
    drawn = np.random.default_rng(0).integers(0, len(index), best.shape)
    yield f"{count} items drawn at random", (each, drawn.ravel())
    if data.seen is not None:
        starts, items = data.seen
        starts = starts[: len(queries) + 1]
        yield f"what was seen, {starts[-1] / len(queries):.0f} items", (starts, items)


def exclusions(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    queries = data.test[:QUERIES]
    for what, items in excluded(data, index, queries):
        for plan in ("scan", "walk"):
            times = best_times(
                {
                    "without": lambda plan=plan: index.search(
                        queries, K, plan=plan, rerank_factor=0
                    ),
                    "excluding": lambda plan=plan, items=items: index.search(
                        queries, K, plan=plan, exclude=items, rerank_factor=0
                    ),
                },
                repetitions,
            )
            yield {
                "what": f"excluding {what}, {plan}",
                "qps": {name: len(queries) / seconds for name, seconds in times.items()},
                "ratio": times["without"] / times["excluding"],
            }


def large_k(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    """1,000 items for each query, hnswlib with the least ef that finds 95 % of them."""
    k, queries = 1000, data.test[:QUERIES]
    if len(index) < 2 * k:
        return
    peer = hnswlib.Index(data.metric, data.train.shape[1])
    peer.init_index(len(data.train), M=16, ef_construction=200)
    peer.add_items(data.train)
    peer.set_num_threads(1)
    truth = vecq.brute_force(data.train, queries, k=k, metric=data.metric).ids
    for ef in EFS:
        peer.set_ef(ef)
        reached = recall(peer.knn_query(queries, k)[0].astype(np.int64), truth)
        if reached >= 0.95:
            break
    times = best_times(
        {
            "vecq": lambda: index.search(queries, k, rerank_factor=0),
            "hnswlib": lambda: peer.knn_query(queries, k),
        },
        repetitions,
    )
    found = index.search(queries, k, rerank_factor=0, explain=True)
    yield {
        "what": f"k={k}, batched, by {found.explanation.plan if found.explanation else ''}",
        "recall": recall(found.ids, truth),
        "recall of hnswlib": reached,
        "ef of hnswlib": ef,
        "qps": {name: len(queries) / seconds for name, seconds in times.items()},
        "ratio": times["hnswlib"] / times["vecq"],
    }


def quantized_peer(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    """ScaNN, where it is installed, with the least that reaches 95 %."""
    try:
        import scann
    except ImportError:
        print("  skipped: scann is not installed")
        return
    rows, queries = (
        directions(data.train, data.metric),
        directions(data.test[:QUERIES], data.metric),
    )
    distance = "squared_l2" if data.metric == "l2" else "dot_product"
    leaves = int(np.sqrt(len(rows)))
    searcher = (
        scann.scann_ops_pybind.builder(rows, K, distance)
        .tree(num_leaves=leaves, num_leaves_to_search=leaves // 10, training_sample_size=len(rows))
        .score_ah(2, anisotropic_quantization_threshold=0.2)
        .reorder(4 * K)
        .build()
    )
    truth = vecq.brute_force(rows, queries, k=K, metric=data.metric).ids
    chosen = None
    for visited in (leaves // 20, leaves // 10, leaves // 6, leaves // 4, leaves // 2, leaves):
        for kept in (2 * K, 4 * K, 8 * K):
            found = searcher.search_batched(
                queries, K, pre_reorder_num_neighbors=kept, leaves_to_search=max(1, visited)
            )[0]
            reached = recall(found.astype(np.int64), truth)
            if reached >= 0.95 and chosen is None:
                chosen = (max(1, visited), kept, reached)
    if chosen is None:
        print("  scann does not reach 0.95")
        return
    times = best_times(
        {
            "vecq": lambda: index.search(queries, K, plan="scan", rerank_factor=0),
            "scann": lambda: searcher.search_batched(
                queries, K, pre_reorder_num_neighbors=chosen[1], leaves_to_search=chosen[0]
            ),
        },
        repetitions,
    )
    yield {
        "what": f"beside scann, {chosen[0]} of {leaves} leaves, {chosen[1]} reordered",
        "recall": recall(index.search(queries, K, plan="scan", rerank_factor=0).ids, truth),
        "recall of scann": chosen[2],
        "qps": {name: len(queries) / seconds for name, seconds in times.items()},
        "ratio": times["scann"] / times["vecq"],
    }


def show(found: dict[str, Any]) -> None:
    print(f"  {found['what']}: {found['ratio']:.2f}x")
    for name, value in found["qps"].items():
        print(f"    {name:<16}{value:>12,.0f} queries/s")
    for name, value in found.items():
        if name.startswith(("recall", "ef", "multiply", "share")):
            print(f"    {name}: {value:,.4g}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vecq.bench.exact", description=__doc__)
    parser.add_argument("files", nargs="*", help="data sets in HDF5")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated set, 0: none")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    asked = parser.parse_args()
    faiss.omp_set_num_threads(1)
    sets: list[Callable[[], Dataset]] = [lambda file=file: read_hdf5(file) for file in asked.files]
    if asked.rows:
        sets.append(lambda: clustered(asked.rows, 128))
    records = []
    for make in sets:
        data = make()
        rows, dim = data.train.shape
        print(f"{data.name}: {rows:,} x {dim}, {data.metric}, one thread", flush=True)
        index = vecq.Index(dim, data.metric, rerank_codec="fp16").add(data.train, progress=False)
        for part in (scans, quantized_peer, exclusions, large_k):
            for found in part(data, index, asked.repetitions):
                show(found)
                records.append({"data": data.name, **found})
    if asked.json:
        asked.json.write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
