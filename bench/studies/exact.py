"""Exact scans against faiss and NumPy, exclusions, and large k: make bench-exact.

Everything runs on one thread in batches, interleaved in random order; speeds are medians. Each
comparison names the recall of both sides.
"""

import argparse
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

# One thread for BLAS and OpenMP as well, set before they are loaded.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import faiss
import hnswlib
import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.adapters.adapter import unit
from vecq.bench.truth import brute_force
from vecq.core.machine import measure_rates
from vecq.core.ranking import Truth
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

from .timing import interleaved, shown

QUERIES, K, LARGE_K, SEEN = 1000, 100, 1000, 500
EFS = (1000, 1200, 1600, 2200, 3000, 4500)
PEER_M = (16, 32)
LEVEL = 0.95

Floats = NDArray[np.float32]
Search = Callable[[], Any]


def compared(
    what: str, searches: dict[str, Search], truth: Truth, repetitions: int
) -> dict[str, Any]:
    """Time searches that return ids, and add the recall of each."""
    times = interleaved(searches, repetitions)
    recalls = {name: truth.recall(search()) for name, search in searches.items()}
    qps = {name: time.rate(len(truth)) for name, time in times.items()}
    return {"what": what, "qps": qps, "recall": recalls}


def ratio(found: dict[str, Any], *others: str) -> float:
    """Return the median QPS of the first search over that of the fastest other one."""
    first, *rest = others
    qps = {name: rate["median"] for name, rate in found["qps"].items()}
    return float(qps[first] / max(qps[name] for name in rest))


def directions(vectors: Floats, metric: str) -> Floats:
    found = unit(vectors) if metric == "cosine" else vectors
    return np.ascontiguousarray(found, np.float32)


def multiplied(queries: Floats, rows: Floats, metric: str, k: int) -> NDArray[np.int64]:
    """Search by a float32 matrix product and argpartition, 100 queries at a time."""
    norms = (rows**2).sum(axis=1) / 2 if metric == "l2" else np.zeros(len(rows), np.float32)
    parts = []
    for first in range(0, len(queries), 100):
        scores = queries[first : first + 100] @ rows.T - norms
        found = np.argpartition(-scores, k, axis=1)[:, :k]
        order = np.take_along_axis(-scores, found, 1).argsort(1)
        parts.append(np.take_along_axis(found, order, 1))
    return np.concatenate(parts)


def scans(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    """Compare exact scans of codes with exact scans of floats."""
    rows, queries = (directions(part, data.metric) for part in (data.train, data.test[:QUERIES]))
    k = min(K, len(rows) - 1)
    make = faiss.IndexFlatL2 if data.metric == "l2" else faiss.IndexFlatIP
    flat = make(rows.shape[1])
    flat.add(rows)
    scan = partial(index.search, queries, plan="scan")
    truth = brute_force(data.train, data.test[:QUERIES], data.metric, k).at(k)
    searches: dict[str, Search] = {
        "vecq": lambda: scan(k, rerank_factor=0).ids,
        "vecq reranked": lambda: scan(k).ids,
        "faiss flat": lambda: flat.search(queries, k)[1],
        "numpy": lambda: multiplied(queries, rows, data.metric, k),
    }
    found = compared(f"exact scan, k={k}", searches, truth, repetitions)
    found["ratio"] = ratio(found, "vecq", "faiss flat", "numpy")
    products = found["qps"]["vecq"]["median"] * len(rows) * rows.shape[1]
    found["multiply-adds per second"] = products
    found["share of the peak of the kernels"] = products / measure_rates(rows.shape[1], 1000).peak
    yield found


def excluded(data: Dataset, index: vecq.Index, queries: Floats) -> Iterator[tuple[str, Any]]:
    """Yield lists of excluded items: the best ones, random ones, and seen ones if known."""
    count = min(SEEN, len(index) // 2)
    each = np.arange(0, len(queries) * count + 1, count)
    best = index.search(queries, count, plan="scan", rerank_factor=0).ids
    yield f"the best {count} items", (each, best.ravel())
    drawn = np.random.default_rng(0).integers(0, len(index), best.shape)
    yield f"{count} random items", (each, drawn.ravel())
    if data.seen is not None:
        starts, items = data.seen
        starts = starts[: len(queries) + 1]
        yield f"seen items, {starts[-1] / len(queries):.0f} per query", (starts, items)


def exclusions(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    """Compare searches with and without excluded items."""
    queries, metric = data.test[:QUERIES], data.metric
    k = min(K, len(index) // 4)
    free = brute_force(data.train, queries, metric, k).at(k)
    for what, items in excluded(data, index, queries):
        right = vecq.brute_force(data.train, queries, metric, k + 1, exclude=items)
        truth = Truth(right.ids, right.scores, k)
        for plan in ("scan", "walk"):
            search = partial(index.search, queries, k, plan=plan, rerank_factor=0)
            with_items = partial(search, exclude=items)
            works: dict[str, Search] = {"without": search, "excluding": with_items}
            times = interleaved(works, repetitions)
            found = {
                "what": f"excluding {what}, {plan}",
                "qps": {name: time.rate(len(queries)) for name, time in times.items()},
                "recall": {
                    "without": free.recall(search().ids),
                    "excluding": truth.recall(with_items().ids),
                },
            }
            yield {**found, "ratio": ratio(found, "without", "excluding")}


def large_k(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    """Compare searches for 1,000 items, each with its fastest setting of recall 0.95 or more."""
    k, queries = LARGE_K, data.test[:QUERIES]
    if len(index) < 2 * k:
        return
    truth = brute_force(data.train, queries, data.metric, k).at(k)
    searches: dict[str, Search] = {"vecq": lambda: index.search(queries, k, rerank_factor=0).ids}
    for ef in EFS:
        own = partial(index.search, queries, k, ef=ef, plan="walk", rerank_factor=0)
        searches[f"vecq walk, ef={ef}"] = partial(ids_of, own)
    for m in PEER_M:
        peer = hnswlib.Index(data.metric, data.train.shape[1])
        peer.init_index(len(data.train), M=m, ef_construction=200)
        peer.add_items(data.train)
        for ef in EFS:
            searches[f"hnswlib M={m}, ef={ef}"] = partial(asked, peer, ef, queries, k)
    enough = {name: one for name, one in searches.items() if truth.recall(one()) >= LEVEL}
    found = compared(f"k={k}, batched", enough, truth, repetitions)
    best = [fastest(found, system) for system in ("vecq", "hnswlib")]
    if all(best):
        for part in ("qps", "recall"):
            found[part] = {name: found[part][name] for name in best}
        yield {**found, "ratio": ratio(found, *best)}
    else:
        print(f"  k={k}: a system does not reach recall {LEVEL}")


def ids_of(search: Search) -> Any:
    return search().ids


def asked(peer: Any, ef: int, queries: Floats, k: int) -> NDArray[np.int64]:
    """Search hnswlib on one thread."""
    peer.set_ef(ef)
    return np.asarray(peer.knn_query(queries, k, num_threads=1)[0]).astype(np.int64)


def fastest(found: dict[str, Any], system: str) -> str:
    """Return the name of the fastest search of a system, "" if there is none."""
    names = [name for name in found["qps"] if name.startswith(system)]
    return max(names, key=lambda name: found["qps"][name]["median"], default="")


def scann(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    """Compare with ScaNN, if installed, at its fastest setting of recall 0.95 or more."""
    try:
        import scann
    except ImportError:
        print("  skipped: scann is not installed")
        return
    rows, queries = (directions(part, data.metric) for part in (data.train, data.test[:QUERIES]))
    distance = "squared_l2" if data.metric == "l2" else "dot_product"
    leaves = int(np.sqrt(len(rows)))
    searcher = (
        scann.scann_ops_pybind.builder(rows, K, distance)
        .tree(num_leaves=leaves, num_leaves_to_search=leaves // 10, training_sample_size=len(rows))
        .score_ah(2, anisotropic_quantization_threshold=0.2)
        .reorder(4 * K)
        .build()
    )
    truth = brute_force(data.train, data.test[:QUERIES], data.metric, K).at(K)

    def search(visited: int, reordered: int) -> NDArray[np.int64]:
        found = searcher.search_batched(
            queries, K, pre_reorder_num_neighbors=reordered, leaves_to_search=visited
        )[0]
        return np.asarray(found).astype(np.int64)

    searches: dict[str, Search] = {
        f"scann, {max(1, leaves // part)} of {leaves} leaves, {more * K} reordered": partial(
            search, max(1, leaves // part), more * K
        )
        for part in (20, 10, 6, 4, 2, 1)
        for more in (2, 4, 8)
    }
    enough = {name: one for name, one in searches.items() if truth.recall(one()) >= LEVEL}
    if not enough:
        print(f"  scann does not reach recall {LEVEL}")
        return
    scan = partial(index.search, queries, K, plan="scan", rerank_factor=0)
    works: dict[str, Search] = {"vecq": lambda: scan().ids, **enough}
    found = compared("against scann", works, truth, repetitions)
    best = fastest(found, "scann")
    for part in ("qps", "recall"):
        found[part] = {name: found[part][name] for name in ("vecq", best)}
    yield {**found, "ratio": ratio(found, "vecq", best)}


def show(found: dict[str, Any]) -> None:
    print(f"  {found['what']}: {found['ratio']:.2f}x")
    for name, value in found["qps"].items():
        print(f"    {name:<28}{shown(value)} queries/s at recall {found['recall'][name]:.4f}")
    for name, value in found.items():
        if name.startswith(("multiply", "share")):
            print(f"    {name}: {value:,.4g}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="exact", description=__doc__)
    parser.add_argument("files", nargs="*", help="data sets in HDF5")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated set; 0: none")
    parser.add_argument("--repetitions", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    faiss.omp_set_num_threads(1)
    sets: list[Callable[[], Dataset]] = [partial(read_hdf5, file) for file in options.files]
    if options.rows:
        sets.append(lambda: clustered(options.rows, 128))
    records = []
    for make in sets:
        data = make()
        rows, dim = data.train.shape
        print(f"{data.name}: {rows:,} x {dim}, {data.metric}, one thread", flush=True)
        index = vecq.Index(dim, data.metric, rerank_codec="fp16").add(data.train, progress=False)
        for part in (scans, scann, exclusions, large_k):
            for found in part(data, index, options.repetitions):
                show(found)
                records.append({"data": data.name, **found})
    if options.json:
        options.json.write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
