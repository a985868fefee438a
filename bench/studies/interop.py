"""Graphs of hnswlib and faiss before and after import: make bench-interop.

The study measures the time of import, and recall and median QPS of both at equal ef and at equal
recall, on one thread with all queries in a call. The loss of recall at equal ef is printed beside
the loss of an exact scan of the codes, which is its lower bound.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import faiss
import hnswlib
import numpy as np

import vecq
from vecq.bench.adapters.adapter import unit
from vecq.bench.truth import ground_truth
from vecq.core.ranking import Truth
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

from .timing import interleaved

K, M, EF_CONSTRUCTION = 10, 16, 200
EFS = (10, 20, 40, 80, 160, 320)
LEVELS = (0.9, 0.95, 0.99)
REPETITIONS = 5
# Targets of an imported index: a multiple of the source's speed at these recalls, the recall lost
# at equal ef without and with a rerank codec, and seconds for a million rows.
SPEED, AT, LOSS, RERANKED, SECONDS, MILLION = 2.0, (0.9, 0.95), 0.005, 0.0005, 20.0, 1_000_000
PLAIN, WIDE = "imported, int8", "imported, int8+fp32"

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
    # faiss has no cosine: it takes unit vectors instead.
    index.add(unit(data.train) if data.metric == "cosine" else data.train)

    def search(queries: Any, ef: int) -> Any:
        faiss.omp_set_num_threads(1)
        index.hnsw.efSearch = ef
        return index.search(queries, K)[1]

    return index, search


def of_vecq(index: vecq.Index, rerank: float | None) -> Search:
    return lambda queries, ef: index.search(queries, K, ef=ef, rerank_factor=rerank, threads=1).ids


def measure(searches: dict[str, Search], data: Dataset, truth: Truth) -> dict[str, Curve]:
    """Measure recall and median QPS at every ef, all searches interleaved."""
    curves: dict[str, Curve] = {name: [] for name in searches}
    for ef in EFS:
        works = {name: partial(search, data.test, ef) for name, search in searches.items()}
        times = interleaved(works, REPETITIONS)
        for name, work in works.items():
            recall = truth.recall(np.asarray(work()).astype(np.int64))
            curves[name].append((recall, len(data.test) / times[name].median))
    return curves


def speed_at(curve: Curve, level: float) -> float | None:
    """Interpolate QPS at a recall; None if it is not reached."""
    recalls, speeds = np.array(curve).T
    if recalls.max() < level:
        return None
    if recalls[0] >= level:
        return float(speeds[0])
    after = int((recalls >= level).argmax())
    share = (level - recalls[after - 1]) / (recalls[after] - recalls[after - 1])
    return float(speeds[after - 1] ** (1 - share) * speeds[after] ** share)


def speedup(own: Curve, theirs: Curve, level: float) -> tuple[float, float]:
    """Return the ratio of speeds at a recall, 0 if it is not reached, and that recall.

    Curves that begin above the level are compared at the higher start.
    """
    at = max(level, own[0][0], theirs[0][0])
    speeds = speed_at(own, at), speed_at(theirs, at)
    return at, speeds[0] / speeds[1] if speeds[0] and speeds[1] else 0.0


def loss(own: Curve, theirs: Curve) -> float:
    """Return the largest loss of recall at equal ef."""
    return max(source[0] - one[0] for one, source in zip(own, theirs, strict=True))


def targets(found: dict[str, Any]) -> list[tuple[str, bool]]:
    """Return a line for each target, and whether it is met."""
    plain, wide, theirs = (found["curves"][name] for name in (PLAIN, WIDE, found["source"]))
    found_targets = []
    for name, curve in ((PLAIN, plain), (WIDE, wide)):
        for level in AT:
            at, ratio = speedup(curve, theirs, level)
            text = f"{name}: {ratio:.2f} times as fast at recall {at:.3g}, target >= {SPEED:g}"
            found_targets.append((text, ratio >= SPEED))
    lost, reranked, codes = loss(plain, theirs), loss(wide, theirs), 1 - found["exact"]
    text = f"{PLAIN}: loses {lost:.4f} of recall at equal ef, target < {LOSS:g}"
    found_targets.append((f"{text} (an exact scan of these codes loses {codes:.4f})", lost < LOSS))
    text = f"{WIDE}: loses {reranked:.4f} of recall at equal ef, target <= {RERANKED:g}"
    found_targets.append((text, reranked <= RERANKED))
    if found["rows"] >= MILLION:
        seconds = found["seconds"]
        text = f"imported in {seconds:.1f} s, target < {SECONDS:g} s for a million rows"
        found_targets.append((text, seconds < SECONDS * found["rows"] / MILLION))
    return found_targets


def show(found: dict[str, Any]) -> None:
    source = found["source"]
    print(
        f"{found['data']}, {source}: built in {found['built']:.1f} s, "
        f"imported in {found['seconds']:.1f} s; recall@{K} and median QPS"
    )
    print(f"{'':<20}" + "".join(f"{f'ef {ef}':>16}" for ef in EFS))
    for name, curve in found["curves"].items():
        print(f"{name:<20}" + "".join(f"{recall:>8.4f}{qps:>8,.0f}" for recall, qps in curve))
    for name in (PLAIN, WIDE):
        own = (speedup(found["curves"][name], found["curves"][source], at) for at in LEVELS)
        shown = ", ".join(f"{ratio:.2f} at recall {at:.3g}" if ratio else "-" for at, ratio in own)
        print(f"{name:<20} QPS as a multiple: {shown}")
    for text, met in targets(found):
        print(f"  {'met' if met else 'missed':<7}{text}")
    print(flush=True)


def imported(name: str, data: Dataset, truth: Truth) -> dict[str, Any]:
    make, convert = SOURCES[name]
    start = time.perf_counter()
    source, search = make(data)
    built = time.perf_counter() - start
    start = time.perf_counter()
    plain = convert(source)
    took = time.perf_counter() - start
    wide = convert(source, rerank_codec="fp32")
    ours = {PLAIN: of_vecq(plain, 0), WIDE: of_vecq(wide, None)}
    return {
        "data": data.name,
        "rows": len(data.train),
        "source": name,
        "built": built,
        "seconds": took,
        "curves": measure({name: search, **ours}, data, truth),
        "exact": truth.recall(plain.search(data.test, K, plan="scan", threads=0).ids),
    }


SOURCES: dict[str, tuple[Callable[[Dataset], tuple[Any, Search]], Callable[..., vecq.Index]]] = {
    "hnswlib": (of_hnswlib, vecq.from_hnswlib),
    "faiss": (of_faiss, vecq.from_faiss),
}


def main() -> None:
    parser = argparse.ArgumentParser(prog="interop", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated set; 0: none")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    sets = [read_hdf5(path) for path in options.files]
    if options.rows:
        sets.append(clustered(options.rows, 128))
    for data in sets:
        truth = ground_truth(data, K).at(K)
        for name in SOURCES:
            show(imported(name, data, truth))


if __name__ == "__main__":
    main()
