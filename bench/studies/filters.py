"""Filters of every selectivity, by every plan and by the planner's choice: make bench-filters.

Each filter is measured on single queries and in batches, on one thread; times are medians. Allowed
items are random ("drawn"), or lie together ("near"), so that half of the queries are far from them.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.truth import brute_force
from vecq.core.ranking import Truth
from vecq.datasets import Dataset, read_hdf5
from vecq.datasets.synthetic import clustered

from .filter_peers import against_peers
from .timing import interleaved, shown

SHARES = (0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99)
PLANS = ("walk", "step_over", "scan", "auto")
SIZES = (10, 100)
SINGLE, BATCH = 50, 500
# The most that the planner may cost relative to the best plan, and its least recall.
SLACK, RECALL = 1.2, 0.95

Mask = NDArray[np.bool_]


def masks(data: Dataset, seed: int = 0) -> Iterator[tuple[str, float, Mask]]:
    """Yield kind, share and mask of filters."""
    rng = np.random.default_rng(seed)
    rows = len(data.train)
    along = data.train @ rng.standard_normal(data.train.shape[1], np.float32)
    for share in SHARES:
        count = max(1, int(share * rows))
        drawn = np.zeros(rows, bool)
        drawn[rng.choice(rows, count, replace=False)] = True
        yield "drawn", share, drawn
        yield "near", share, along >= np.partition(along, rows - count)[rows - count]


def allowed_truth(data: Dataset, queries: NDArray[np.float32], k: int, mask: Mask) -> Truth:
    """Return the truth among allowed items."""
    rows = np.flatnonzero(mask)
    found = brute_force(data.train[rows], queries, data.metric, k)
    return Truth(np.where(found.ids >= 0, rows[found.ids], -1), found.scores, k)


def work_of(
    index: vecq.Index, queries: NDArray[np.float32], k: int, batched: bool, options: Any
) -> Callable[[], Any]:
    if batched:
        return lambda: index.search(queries, k, **options)
    return lambda: [index.search(query, k, **options) for query in queries]


def measure(data: Dataset, index: vecq.Index, repetitions: int) -> Iterator[dict[str, Any]]:
    """Measure every filter with every plan."""
    for kind, share, mask in masks(data):
        allowed = vecq.Filter(index, allow=mask)
        for k in SIZES:
            for batched in (False, True):
                queries = data.test[: BATCH if batched else SINGLE]
                truth = allowed_truth(data, queries, k, mask)
                options = {plan: {"allow": allowed, "plan": plan} for plan in PLANS}
                works = {p: work_of(index, queries, k, batched, options[p]) for p in PLANS}
                times = {name: one.median for name, one in interleaved(works, repetitions).items()}
                explained = index.search(
                    queries if batched else queries[:1], k, allow=allowed, explain=True
                )
                plan: Any = explained.explanation.plan if explained.explanation else "auto"
                ids = index.search(queries, k, allow=allowed, plan=plan).ids
                yield {
                    "filter": kind,
                    "share": share,
                    "k": k,
                    "batched": batched,
                    "plan": plan,
                    "recall": truth.recall(ids),
                    "microseconds": {p: 1e6 * t / len(queries) for p, t in times.items()},
                    "relative to best": times["auto"] / min(times[p] for p in PLANS[:-1]),
                }


def show(found: dict[str, Any]) -> None:
    times = "".join(f"{found['microseconds'][plan]:>11,.1f}" for plan in PLANS)
    slow = " slow" if found["relative to best"] > SLACK else ""
    low = " low recall" if found["recall"] < RECALL else ""
    print(
        f"  {found['filter']:<6}{found['share']:>7.1%}{found['k']:>5}"
        f"{'batch' if found['batched'] else 'single':>8}{times}  {found['plan']:<10}"
        f"{found['relative to best']:>8.2f}{found['recall']:>8.4f}{slow}{low}",
        flush=True,
    )


def show_peers(found: dict[str, Any]) -> None:
    print(
        f"  {found['share']:.0%} allowed, k={found['k']}, the fastest form of recall >= {RECALL}:"
    )
    for system, best in found["best"].items():
        if best is None:
            print(f"    {system}: no form reaches recall {RECALL}")
        else:
            print(
                f"    {shown(best['qps'])} queries/s at recall {best['recall']:.4f}: {best['name']}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(prog="filters", description=__doc__)
    parser.add_argument("files", nargs="*", help="data sets in HDF5")
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated set; 0: none")
    parser.add_argument("--repetitions", type=int, default=5, help="default: %(default)s")
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    sets: list[Callable[[], Dataset]] = [partial(read_hdf5, file) for file in options.files]
    if options.rows:
        sets.append(lambda: clustered(options.rows, 128))
    records: list[dict[str, Any]] = []
    for make in sets:
        data = make()
        rows, dim = data.train.shape
        print(f"{data.name}: {rows:,} x {dim}, {data.metric}; median microseconds per query")
        plans = "".join(f"{plan:>11}" for plan in PLANS)
        print(f"  filter  share    k        {plans}  chosen     relative  recall")
        index = vecq.Index(dim, data.metric).add(data.train, progress=False)
        for found in measure(data, index, options.repetitions):
            show(found)
            records.append({"data": data.name, **found})
        for share in (0.01, 0.1, 0.5):
            peers = against_peers(data, index, share, RECALL, options.repetitions)
            show_peers(peers)
            records.append({"data": data.name, "peers": peers})
    if options.json:
        options.json.write_text(json.dumps(records, indent=1))


if __name__ == "__main__":
    main()
