"""Filters of every width, by every plan and by the planner's choice: make bench-filters.

Each filter is tried on single queries and in batches, on one thread. A filter is drawn at random,
or "near" a direction: then what passes lies together, and half of the queries are far from it.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import faiss
import hnswlib
import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.turns import best_times
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

SHARES = (0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99)
PLANS = ("walk", "step_over", "scan", "auto")
SIZES = (10, 100)
SINGLE, BATCH = 50, 500
# What the planner may cost at most, and what recall is asked of it.
SLACK, RECALL = 1.2, 0.95

Mask = NDArray[np.bool_]


def masks(data: Dataset, seed: int = 0) -> Iterator[tuple[str, float, Mask]]:
    rng = np.random.default_rng(seed)
    rows = len(data.train)
    along = data.train @ rng.standard_normal(data.train.shape[1]).astype(np.float32)
    for share in SHARES:
        count = max(1, int(share * rows))
        drawn = np.zeros(rows, bool)
        drawn[rng.choice(rows, count, replace=False)] = True
        yield "drawn", share, drawn
        yield "near", share, along >= np.partition(along, rows - count)[rows - count]


def work_of(
    index: vecq.Index, queries: NDArray[np.float32], k: int, at_once: bool, options: Any
) -> Callable[[], Any]:
    if at_once:
        return lambda: index.search(queries, k, **options)
    return lambda: [index.search(query, k, **options) for query in queries]


def recall(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    hits = [len(np.intersect1d(a, b[b >= 0])) for a, b in zip(found, truth, strict=True)]
    return float(np.sum(hits) / (truth >= 0).sum())


def measure(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    for kind, share, mask in masks(data):
        passing = vecq.Filter(index, allow=mask)
        rows = np.flatnonzero(mask)
        for k in SIZES:
            truth = vecq.brute_force(
                data.train[rows], data.test[:BATCH], k=k, metric=data.metric
            ).ids
            truth = np.where(truth >= 0, rows[truth], -1)
            for at_once in (False, True):
                queries = data.test[: BATCH if at_once else SINGLE]

                works = {
                    plan: work_of(index, queries, k, at_once, {"allow": passing, "plan": plan})
                    for plan in PLANS
                }
                times = best_times(works, repetitions)
                some = queries if at_once else queries[:1]
                found = index.search(some, k, allow=passing, explain=True)
                ids = index.search(queries, k, allow=passing, plan=found.explanation.plan).ids
                yield {
                    "filter": kind,
                    "share": share,
                    "k": k,
                    "batched": at_once,
                    "plan": found.explanation.plan,
                    "recall": recall(ids, truth[: len(queries)]),
                    "microseconds": {p: 1e6 * t / len(queries) for p, t in times.items()},
                    "beside best": times["auto"] / min(times[p] for p in PLANS[:-1]),
                }


def peers(data: Dataset, index: vecq.Index, repetitions: int) -> dict[str, Any]:
    """A filter of a tenth, beside hnswlib's callback and the selector of faiss."""
    k, queries = 10, data.test[:200]
    mask = np.random.default_rng(1).random(len(data.train)) < 0.1
    passing = vecq.Filter(index, allow=mask)
    rows = np.flatnonzero(mask)
    truth = rows[vecq.brute_force(data.train[rows], queries, k=k, metric=data.metric).ids]
    called = hnswlib.Index(data.metric, data.train.shape[1])
    called.init_index(len(data.train), M=16, ef_construction=200)
    called.add_items(data.train)
    called.set_num_threads(1)
    train, asked = np.ascontiguousarray(data.train), np.ascontiguousarray(queries)
    metric = faiss.METRIC_L2 if data.metric == "l2" else faiss.METRIC_INNER_PRODUCT
    if data.metric == "cosine":
        train, asked = train.copy(), asked.copy()
        faiss.normalize_L2(train)
        faiss.normalize_L2(asked)
    selected = faiss.IndexHNSWFlat(train.shape[1], 32, metric)
    selected.add(train)
    faiss.omp_set_num_threads(1)
    selector = faiss.IDSelectorBatch(rows)
    works: dict[str, Callable[[], Any]] = {
        "vecq": lambda: index.search(queries, k, allow=passing).ids
    }
    for ef in (32, 64, 128, 256, 512):
        called.set_ef(ef)
        if recall(_called(called, queries, k, mask), truth) >= RECALL:
            break
    works["hnswlib"] = lambda: _called(called, queries, k, mask)
    for width in (32, 64, 128, 256, 512):
        options = faiss.SearchParametersHNSW(sel=selector, efSearch=width)
        if recall(selected.search(asked, k, params=options)[1], truth) >= RECALL:
            break
    works["faiss"] = lambda: selected.search(asked, k, params=options)[1]
    times = best_times(works, repetitions)
    return {
        "qps": {name: len(queries) / seconds for name, seconds in times.items()},
        "recall": {name: recall(work(), truth) for name, work in works.items()},
    }


def _called(index: Any, queries: Any, k: int, mask: Mask) -> NDArray[np.int64]:
    ids, _ = index.knn_query(queries, k, filter=lambda label: mask[label])
    return ids.astype(np.int64)


def show(found: dict[str, Any]) -> None:
    times = "".join(f"{found['microseconds'][plan]:>11,.1f}" for plan in PLANS)
    slow = " *" if found["beside best"] > SLACK else ""
    low = " low" if found["recall"] < RECALL else ""
    print(
        f"  {found['filter']:<6}{found['share']:>7.1%}{found['k']:>5}"
        f"{'batch' if found['batched'] else 'single':>8}{times}  {found['plan']:<10}"
        f"{found['beside best']:>6.2f}{found['recall']:>8.4f}{slow}{low}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vecq.bench.filters", description=__doc__)
    parser.add_argument("files", nargs="*", help="data sets in HDF5")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated set, 0: none")
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    asked = parser.parse_args()
    sets: list[Callable[[], Dataset]] = [lambda file=file: read_hdf5(file) for file in asked.files]
    if asked.rows:
        sets.append(lambda: clustered(asked.rows, 128))
    records = []
    for make in sets:
        data = make()
        rows, dim = data.train.shape
        print(f"{data.name}: {rows:,} x {dim}, {data.metric}; microseconds per query")
        print(
            f"  filter  share    k        {''.join(f'{plan:>11}' for plan in PLANS)}  chosen",
            end="",
        )
        print("    beside best  recall")
        index = vecq.Index(dim, data.metric).add(data.train, progress=False)
        for found in measure(data, index, asked.repetitions):
            show(found)
            records.append({"data": data.name, **found})
        beside = peers(data, index, asked.repetitions)
        print(f"  a tenth passes: {beside}")
        records.append({"data": data.name, "peers": beside})
    if asked.json:
        asked.json.write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
