"""Building: seconds in bulk, incrementally and by hnswlib, and the cost of searching the graphs.

The cost is the scored items per query and the microseconds of a single query, both at equal recall;
the speed is also shown relative to the incremental graph. Builds and queries are interleaved.
Usage: make bench-build DATA='FILE.hdf5 ...' ARGS='--rows 200000 --generated 200000'
"""

import argparse
import statistics
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.truth import GroundTruth, ground_truth
from vecq.core.ranking import Truth
from vecq.datasets import Dataset, read_hdf5

from .timing import interleaved

KS, LEVELS = (10, 100), (0.95, 0.98)
WIDENING = (1, 1.2, 1.5, 2, 2.5, 3.2, 4, 5, 6.4, 8, 12, 16, 24, 32, 64, 100)
BUILDS = ("bulk", "incremental")
LINKS, EF_CONSTRUCTION, QUERIES = 16, 200, 1000
REPLACED = 500  # rows per call of replacement
TIMED, ROUNDS = 200, 9  # single queries per timing, and timings


def generated(rows: int, dim: int = 128) -> Dataset:
    """Make clusters of 2,000 rows on average, under l2."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((max(16, rows // 2000), dim), dtype=np.float32)
    members = centers[rng.integers(0, len(centers), rows + QUERIES)]
    members += 0.5 * rng.standard_normal(members.shape, dtype=np.float32)
    return Dataset(f"generated-{rows}", "l2", members[:rows], members[rows:])


def built(data: Dataset, build: Any, threads: int, width: int = EF_CONSTRUCTION) -> vecq.Index:
    index = vecq.Index(data.train.shape[1], data.metric, "int8", ef_construction=width)
    return index.add(data.train, build=build, threads=threads, progress=False)


def turned_over(data: Dataset, times: int, width: int) -> vecq.Index:
    """Replace all rows in random order under new ids, several times; then restore the ids."""
    index = built(data, "incremental", 1, width)
    rng, ids = np.random.default_rng(2), np.arange(len(data.train))
    for _ in range(times):
        order = rng.permutation(len(ids))
        for first in range(0, len(ids), REPLACED):
            rows = order[first : first + REPLACED]
            index.remove(ids[rows], progress=False)
            ids[rows] += len(ids)
            index.add(data.train[rows], ids[rows], threads=1, progress=False)
    return index


def build_hnswlib(data: Dataset, threads: int) -> None:
    import hnswlib

    index = hnswlib.Index(data.metric, data.train.shape[1])
    index.init_index(len(data.train), EF_CONSTRUCTION, LINKS)
    index.add_items(data.train, num_threads=threads)


def curve(
    index: vecq.Index, queries: NDArray[np.float32], k: int, recall: Callable[..., float]
) -> list[tuple[float, float]]:
    """Recall and scored items per query of beam widths up to the highest recall.

    The id of a row is its number, plus a multiple of their number after replacements.
    """
    points = []
    for factor in WIDENING:
        result = index.search(queries, k, ef=int(k * factor), plan="walk", threads=0)
        points.append((recall(result.ids % len(index)), result.n_scored / len(queries)))
        if points[-1][0] >= LEVELS[-1]:
            break
    return points


def scored_at(points: list[tuple[float, float]], level: float) -> float:
    """Interpolate the logarithm of the scored items; not a number if the recall is not reached."""
    if points[0][0] >= level:
        return points[0][1]
    for (low, before), (high, after) in pairwise(points):
        if low < level <= high:
            return float(before * (after / before) ** ((level - low) / (high - low)))
    return float("nan")


def least_ef(index: vecq.Index, data: Dataset, truth: Truth, level: float) -> int:
    """Bisect the least beam width that reaches a recall, or the widest of the curve."""
    k = truth.k
    low, high = k, k * WIDENING[-1]
    while low < high:
        ef = (low + high) // 2
        found = index.search(data.test, k, ef=ef, plan="walk", threads=0)
        low, high = (low, ef) if truth.recall(found.ids) >= level else (ef + 1, high)
    return int(low)


def search_singly(index: vecq.Index, data: Dataset, k: int, ef: int) -> None:
    for query in data.test[:TIMED]:
        index.search(query, k, ef=ef, plan="walk")


def print_times(graphs: dict[str, vecq.Index], data: Dataset, truth: GroundTruth) -> None:
    cells = [(k, level) for k in KS for level in LEVELS]
    works = {}
    for name, index in graphs.items():
        for k, level in cells:
            ef = least_ef(index, data, truth.at(k), level)
            works[f"{name} {k} {level}"] = partial(search_singly, index, data, k, ef)
    times = interleaved(works, ROUNDS)
    print(f"{'us per single query':<40}" + "".join(f"{f'k={k} at {at}':>16}" for k, at in cells))
    for name in graphs:
        line = f"{name:<40}"
        for k, level in cells:
            own, base = (times[f"{one} {k} {level}"].median for one in (name, BUILDS[1]))
            line += f"{own / TIMED * 1e6:>9.1f} {f'({base / own:.2f})':>6}"
        print(line, flush=True)


def print_builds(
    data: Dataset, threads: int, repetitions: int, widths: list[int], turnover: int
) -> None:
    data = Dataset(data.name, data.metric, data.train, data.test[:QUERIES])
    truth = ground_truth(data, max(KS), threads)
    builds = {build: partial(built, data, build, threads) for build in BUILDS}
    for width in widths:
        builds[f"incremental efc={width}"] = partial(built, data, "incremental", threads, width)
    works: dict[str, Callable[[], object]] = {**builds}
    works[f"hnswlib M={LINKS} efc={EF_CONSTRUCTION}"] = lambda: build_hnswlib(data, threads)
    times = interleaved(works, repetitions)
    graphs: dict[str, vecq.Index] = {}
    print(f"{data.name}: {len(data.train):,} x {data.train.shape[1]} {data.metric}, int8")
    heads = "".join(f"{f'k={k} at {level}':>16}" for k in KS for level in LEVELS)
    print(f"{'built':<24}{'seconds':>16}{heads}")
    for name, timing in times.items():
        line = f"{name:<24}{statistics.median(timing.seconds):>10.2f} {f'({timing.spread:.0%})':>5}"
        if name in builds:
            graphs[name] = builds[name]()
            line += costs(graphs[name], data, truth)
        print(line, flush=True)
    print_times(graphs, data, truth)
    for width in (EF_CONSTRUCTION, *widths) if turnover else ():
        name = f"replaced x{turnover} efc={width}"
        index = turned_over(data, turnover, width)
        print(f"{name:<40}{costs(index, data, truth)}", flush=True)
    print()


def costs(index: vecq.Index, data: Dataset, truth: GroundTruth) -> str:
    """Format the scored items of each k and recall."""
    cells = ""
    for k in KS:
        points = curve(index, data.test, k, truth.at(k).recall)
        cells += "".join(f"{scored_at(points, level):>16,.0f}" for level in LEVELS)
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*")
    parser.add_argument("--rows", type=int, default=0, help="use the first rows (default: all)")
    parser.add_argument("--generated", type=int, default=0, help="also generate so many rows")
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument(
        "--ef-construction",
        type=int,
        nargs="+",
        default=[],
        metavar="N",
        help="also build incrementally with these beam widths",
    )
    parser.add_argument(
        "--turnover",
        type=int,
        default=0,
        metavar="N",
        help="also replace all rows N times, with each of these beam widths",
    )
    arguments = parser.parse_args()
    sets = [read_hdf5(path) for path in arguments.files]
    if arguments.generated:
        sets.append(generated(arguments.generated))
    for data in sets:
        if arguments.rows and len(data.train) > arguments.rows:
            data = Dataset(data.name, data.metric, data.train[: arguments.rows], data.test)
        print_builds(
            data,
            arguments.threads,
            arguments.repetitions,
            arguments.ef_construction,
            arguments.turnover,
        )


if __name__ == "__main__":
    main()
