"""Graphs of hnswlib and faiss as they are, and brought over: how long that takes, recall and
queries per second of both at the same ef, and at equal recall. One thread, all queries in a call.

python -m vecq.bench.interop [--rows N] [FILE.hdf5 ...]
"""

import argparse
import time
from collections.abc import Callable
from typing import Any

import faiss
import hnswlib
import numpy as np

import vecq
from vecq.bench.adapters.adapter import unit
from vecq.bench.answers import recall_of
from vecq.bench.truth import true_ids
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

K, M, EF_CONSTRUCTION = 10, 16, 200
EFS = (10, 20, 40, 80, 160, 320)
LEVELS = (0.9, 0.95, 0.99)
ROUNDS = 3

Search = Callable[[Any, int], Any]
# Recall and queries per second at each of EFS.
Curve = list[tuple[float, float]]


def of_hnswlib(data: Dataset) -> tuple[Any, Search]:
    index = hnswlib.Index(data.metric, data.train.shape[1])
    index.init_index(len(data.train), M=M, ef_construction=EF_CONSTRUCTION)
    index.add_items(data.train)

    def search(queries: Any, ef: int) -> Any:
        index.set_ef(ef)
        return index.knn_query(queries, K, num_threads=1)[0]

    return index, search


def of_faiss(data: Dataset) -> tuple[Any, Search]:
    metric = faiss.METRIC_L2 if data.metric == "l2" else faiss.METRIC_INNER_PRODUCT
    index = faiss.IndexHNSWFlat(data.train.shape[1], M, metric)
    index.hnsw.efConstruction = EF_CONSTRUCTION
    # faiss has no cosine: vectors of one length stand for it.
    index.add(unit(data.train) if data.metric == "cosine" else data.train)

    def search(queries: Any, ef: int) -> Any:
        faiss.omp_set_num_threads(1)
        index.hnsw.efSearch = ef
        return index.search(queries, K)[1]

    return index, search


def of_vecq(index: vecq.Index, rerank: float | None) -> Search:
    return lambda queries, ef: index.search(queries, K, ef=ef, rerank=rerank, threads=1).ids


def measure(searches: dict[str, Search], data: Dataset, truth: Any) -> dict[str, Curve]:
    """All take turns, and the best of the rounds counts."""
    curves: dict[str, Curve] = {name: [] for name in searches}
    for ef in EFS:
        best = dict.fromkeys(searches, float("inf"))
        found: dict[str, Any] = {}
        for _ in range(ROUNDS):
            for name, search in searches.items():
                start = time.perf_counter()
                found[name] = search(data.test, ef)
                best[name] = min(best[name], time.perf_counter() - start)
        for name, ids in found.items():
            recall = recall_of(np.asarray(ids).astype(np.int64), truth)
            curves[name].append((recall, len(data.test) / best[name]))
    return curves


def speed_at(curve: Curve, level: float) -> float | None:
    """Queries per second at a recall, between the points beside it; None if it is not reached."""
    recalls, speeds = np.array(curve).T
    if recalls.max() < level:
        return None
    if recalls[0] >= level:
        return float(speeds[0])
    after = int((recalls >= level).argmax())
    share = (level - recalls[after - 1]) / (recalls[after] - recalls[after - 1])
    return float(speeds[after - 1] ** (1 - share) * speeds[after] ** share)


def print_curves(curves: dict[str, Curve], theirs: str) -> None:
    print(f"{'':<28}" + "".join(f"{f'ef {ef}':>16}" for ef in EFS))
    for name, curve in curves.items():
        print(f"{name:<28}" + "".join(f"{recall:>8.4f}{qps:>8,.0f}" for recall, qps in curve))
    for name in curves:
        speeds = [(speed_at(curves[name], at), speed_at(curves[theirs], at)) for at in LEVELS]
        ratios = (f"{own / peer:>8.2f}" if own and peer else f"{'-':>8}" for own, peer in speeds)
        shown = ", ".join(f"{at:g}" for at in LEVELS)
        print(f"{name:<28} QPS as a multiple at recall {shown}:" + "".join(ratios))
    print(flush=True)


def bring_over(
    name: str, make: Callable[[Dataset], tuple[Any, Search]], data: Dataset, truth: Any
) -> None:
    convert = {"hnswlib": vecq.from_hnswlib, "faiss": vecq.from_faiss}[name]
    start = time.perf_counter()
    source, search = make(data)
    built = time.perf_counter() - start
    start = time.perf_counter()
    plain = convert(source)
    took = time.perf_counter() - start
    print(f"{data.name}, {name}: built in {built:.1f} s, brought over in {took:.1f} s")
    wide = convert(source, rerank="fp32")
    ours = {"brought over, int8": of_vecq(plain, 0), "the same + fp32": of_vecq(wide, None)}
    print_curves(measure({name: search, **ours}, data, truth), name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of generated vectors; 0: none")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    sets = [read_hdf5(path) for path in options.files]
    if options.rows:
        sets.append(clustered(options.rows, 128))
    for data in sets:
        truth = true_ids(data, K)[0]
        bring_over("hnswlib", of_hnswlib, data, truth)
        bring_over("faiss", of_faiss, data, truth)


if __name__ == "__main__":
    main()
