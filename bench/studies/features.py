"""What biases, groups, interests and diversity cost and recall: make bench-features.

All searches run on one thread, interleaved with the plain search that they are compared with. The
truth is a scan of the same codes under the same rule.
"""

import argparse
import json
import statistics
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.datasets import read_hdf5
from vecq.datasets.synthetic import clustered

from .timing import interleaved, seconds_of

K, QUERIES = 100, 300
SPREADS = (0.02, 0.1, 0.3, 1.0)  # of biases, relative to similarities

Work = Callable[[], vecq.Result]


def recall(found: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    return float(np.mean([np.isin(own, ids).mean() for own, ids in zip(truth, found, strict=True)]))


def biased(index: vecq.Index, queries: NDArray[np.float32], repeats: int) -> Iterator[Any]:
    """Walks of one beam width with and without biases, and the planner's choice."""
    rng, count = np.random.default_rng(0), len(index)
    sample = index.search(queries[:20], count, plan="scan", bias_weight=0)
    spread = float(sample.scores.std(axis=1).mean())
    for share in SPREADS:
        values = (share * spread * rng.standard_normal(count)).astype(np.float32)
        seconds = seconds_of(partial(index.set_bias, index.ids, values))
        truth = index.search(queries, K, plan="scan").ids
        plain = index.search(queries, K, plan="scan", bias_weight=0).ids
        works: dict[str, Work] = {
            "plain": lambda: index.search(queries, K, ef=200, bias_weight=0),
            "biased": lambda: index.search(queries, K, ef=200),
            "automatic": lambda: index.search(queries, K),
        }
        times = interleaved(works, repeats)
        yield {
            "study": "bias",
            "spread": share,
            "set_bias seconds": seconds,
            "microseconds": {n: 1e6 * t.median / len(queries) for n, t in times.items()},
            "recall": {
                "plain": recall(works["plain"]().ids, plain),
                "biased": recall(works["biased"]().ids, truth),
                "automatic": recall(works["automatic"]().ids, truth),
            },
        }
    index.set_bias(index.ids, 0)


def rebiased(index: vecq.Index, queries: NDArray[np.float32], repeats: int) -> Iterator[Any]:
    """Replace all biases while a thread searches; no query may see biases of two calls.

    A call gives all items the same bias, a multiple of `step`, so the scores of a query show which
    call each bias comes from.
    """
    scores = index.search(queries, K, bias_weight=0).scores
    step, done = float(16 * np.ptp(scores) + 1), threading.Event()
    torn: list[int] = []  # queries of each batch

    def search() -> None:
        while not done.is_set():
            calls = np.rint((index.search(queries, K).scores - scores.mean()) / step)
            torn.append(int((np.ptp(calls, axis=1) > 0).sum()))

    searching = threading.Thread(target=search)
    searching.start()
    seconds = []
    for call in range(1, 3 * repeats + 1):
        values = np.full(len(index), step * call, np.float32)
        seconds.append(seconds_of(partial(index.set_bias, index.ids, values)))
    done.set()
    searching.join()
    index.set_bias(index.ids, 0)
    yield {
        "study": "biases under searches",
        "set_bias ms": {"median": 1e3 * statistics.median(seconds), "most": 1e3 * max(seconds)},
        "calls": len(seconds),
        "queries": len(torn) * len(queries),
        "torn": sum(torn),
    }


def grouped(index: vecq.Index, queries: NDArray[np.float32], repeats: int) -> Iterator[Any]:
    """Groups of power-law sizes."""
    sizes = np.minimum(np.random.default_rng(1).zipf(1.3, len(index)), len(index) // 50)
    groups = vecq.Groups(index, index.ids, sizes)
    for per_group in (1, 3, 10):
        options: dict[str, Any] = {"group_by": groups, "per_group": per_group}
        truth = index.search(queries, K, plan="scan", **options).ids
        works: dict[str, Work] = {
            "plain": lambda: index.search(queries, K),
            "grouped": lambda o=options: index.search(queries, K, **o),  # type: ignore[misc]
        }
        times = interleaved(works, repeats)
        yield {
            "study": "groups",
            "per group": per_group,
            "microseconds": {n: 1e6 * t.median / len(queries) for n, t in times.items()},
            "recall": recall(works["grouped"]().ids, truth),
        }


def several(index: vecq.Index, queries: NDArray[np.float32], repeats: int) -> Iterator[Any]:
    """Three interests per user, against one search for all of them as single queries."""
    users = queries[: len(queries) // 3 * 3].reshape(-1, 3, queries.shape[1])
    flat = users.reshape(-1, queries.shape[1])
    works: dict[str, Work] = {
        "plain": lambda: index.search(flat, K),
        "max": lambda: index.search(users, K),
        "sum": lambda: index.search(users, K, merge="sum"),
        "quota": lambda: index.search(users, K, merge="quota", quotas=[50, 30, 20]),
    }
    times = interleaved(works, repeats)
    yield {
        "study": "interests",
        "microseconds": {n: 1e6 * t.median / len(flat) for n, t in times.items()},
        "recall": recall(works["max"]().ids, index.search(users, K, plan="scan").ids),
    }


def diverse(index: vecq.Index, queries: NDArray[np.float32], repeats: int) -> Iterator[Any]:
    """Diversity among 500 candidates, against finding 500 results by walks of the same width."""
    walk = partial(index.search, queries, ef=600, plan="walk")
    for diversity in (0.1, 0.3, 0.7):
        works: dict[str, Work] = {
            "plain": partial(walk, k=500),
            "diverse": partial(walk, k=K, diversity=diversity, candidates=500),
        }
        times = interleaved(works, repeats)
        yield {
            "study": "diversity",
            "diversity": diversity,
            "microseconds": {n: 1e6 * t.median / len(queries) for n, t in times.items()},
        }


PARTS = {study.__name__: study for study in (biased, rebiased, grouped, several, diverse)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="*", help="files in HDF5; default: clusters of --rows")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--repetitions", type=int, default=7)
    parser.add_argument(
        "--parts",
        default=",".join(PARTS),
        metavar="PART,...",
        help="default: %(default)s",
    )
    given = parser.parse_args()
    parts = given.parts.split(",")
    if unknown := sorted(set(parts) - set(PARTS)):
        parser.error(f"--parts has {unknown[0]!r}, expected {', '.join(PARTS)}")
    sets = [read_hdf5(path) for path in given.data] or [clustered(given.rows, 128, QUERIES)]
    for data in sets:
        queries = np.ascontiguousarray(data.test[:QUERIES], np.float32)
        index = vecq.Index(data.train.shape[1], data.metric).add(data.train, threads=0)
        for part in parts:
            for line in PARTS[part](index, queries, given.repetitions):
                print(json.dumps({"data": data.name, "rows": len(index)} | line), flush=True)


if __name__ == "__main__":
    main()
