"""Changing indexes against hnswlib: recall after all items were replaced many times, the cost of
updates, search latency beside a writer, and insert speed at equal recall: make bench-living.
"""

import argparse
import json
import statistics
import sys
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.truth import brute_force
from vecq.core.ranking import Truth

from .timing import seconds_of

K, EF, M, EF_CONSTRUCTION = 10, 100, 16, 200
QUERIES = 500
# Items per call of replacement, and items that are inserted one by one.
BLOCK, SINGLES = 500, 2000
LATENCIES = 20_000
INSERTS_PER_ROUND = 500
# Values of ef_construction whose insert speed and recall are measured.
EFFORTS = (50, 100, 200, 400)
# Targets.
MOST_LOST, MOST_COST, MOST_P99, LEAST_SINGLE, LEAST_BLOCKS = 0.01, 2.5, 2.0, 2.0, 3.0

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Figures = dict[str, float]
# Recall and inserts per second at each of EFFORTS.
Curve = list[tuple[float, float]]
# Curves by part, system and manner of inserting.
Inserts = dict[str, dict[str, dict[str, Curve]]]


class Living(Protocol):
    """An index that changes."""

    name: str

    def __init__(self, dim: int, rows: int, effort: int = EF_CONSTRUCTION) -> None: ...
    def add(self, ids: Ids, vectors: Floats) -> None: ...
    def replace(self, old: Ids, ids: Ids, vectors: Floats) -> None: ...
    def search(self, queries: Floats) -> Any: ...


class Vecq:
    name = "vecq int8"

    def __init__(self, dim: int, rows: int, effort: int = EF_CONSTRUCTION) -> None:
        self.index = vecq.Index(dim, "l2", m=M, ef_construction=effort)

    def add(self, ids: Ids, vectors: Floats) -> None:
        self.index.add(vectors, ids, threads=1, progress=False)

    def replace(self, old: Ids, ids: Ids, vectors: Floats) -> None:
        self.index.remove(old, progress=False)
        self.add(ids, vectors)

    def search(self, queries: Floats) -> Any:
        return self.index.search(queries, K, ef=EF).ids


class Hnswlib:
    name = "hnswlib fp32"

    def __init__(self, dim: int, rows: int, effort: int = EF_CONSTRUCTION) -> None:
        import hnswlib

        self.index = hnswlib.Index("l2", dim)
        self.index.init_index(rows, ef_construction=effort, M=M, allow_replace_deleted=True)
        self.index.set_ef(EF)

    def add(self, ids: Ids, vectors: Floats) -> None:
        self.index.add_items(vectors, ids, num_threads=1)

    def replace(self, old: Ids, ids: Ids, vectors: Floats) -> None:
        for label in old.tolist():
            self.index.mark_deleted(label)
        self.index.add_items(vectors, ids, num_threads=1, replace_deleted=True)

    def search(self, queries: Floats) -> Any:
        return self.index.knn_query(queries, K, num_threads=1)[0].astype(np.int64)


class Clusters:
    """Vectors around centers, which drift by some amount in every round."""

    def __init__(self, dim: int, drift: float) -> None:
        self.rng = np.random.default_rng([dim, int(100 * drift)])
        self.centers = self.rng.standard_normal((100, dim), np.float32)
        self.drift = drift

    def draw(self, count: int) -> Floats:
        chosen = self.rng.integers(len(self.centers), size=count)
        around = self.rng.standard_normal((count, self.centers.shape[1]), np.float32)
        return np.asarray(self.centers[chosen] + 0.6 * around, np.float32)

    def move(self) -> None:
        self.centers += self.drift * self.rng.standard_normal(self.centers.shape, np.float32)


def recall(index: Living, items: Floats, ids: Ids, queries: Floats) -> float:
    """Return recall among the current items, ties included."""
    found = brute_force(items, queries, "l2", K)
    return Truth(ids[found.ids], found.scores, K).recall(index.search(queries))


def churn(kind: type[Living], rows: int, dim: int, rounds: int, drift: float) -> Figures:
    """Replace all items in every round, in random order, under new ids."""
    data = Clusters(dim, drift)
    items, ids = data.draw(rows), np.arange(rows)
    index = kind(dim, rows)
    inserting = seconds_of(lambda: index.add(ids, items))
    spent = 0.0
    for round in range(1, rounds + 1):
        data.move()
        fresh = data.draw(rows)
        order = data.rng.permutation(rows)
        for first in range(0, rows, BLOCK):
            part = order[first : first + BLOCK]
            old, new = ids[part], part + round * rows
            items[part], ids[part] = fresh[part], new
            spent += seconds_of(partial(index.replace, old, new, items[part]))
        print(f"  {kind.name}, round {round}", file=sys.stderr, flush=True)
    queries, again = data.draw(QUERIES), kind(dim, rows)
    again_inserting = seconds_of(lambda: again.add(ids, items))
    lived, fresh_recall = (recall(one, items, ids, queries) for one in (index, again))
    return {
        "recall after updates": lived,
        "recall of a new index": fresh_recall,
        "recall lost": fresh_recall - lived,
        "inserts/s": rows / min(inserting, again_inserting),
        "updates/s": rows * rounds / spent,
        "update / insert": spent / rounds / min(inserting, again_inserting),
    }


def latencies(index: Living, queries: Floats) -> NDArray[np.float64]:
    """Return the latencies of one query per call, in milliseconds."""
    index.search(queries[:100])
    calls = [partial(index.search, queries[i % len(queries)][None]) for i in range(LATENCIES)]
    return 1e3 * np.array([seconds_of(call) for call in calls])


def beside_a_writer(kind: type[Living], rows: int, dim: int) -> Figures:
    """Measure latencies alone and beside a thread that replaces items at full speed."""
    data = Clusters(dim, 0)
    items, queries = data.draw(rows), data.draw(QUERIES)
    index = kind(dim, rows)
    index.add(np.arange(rows), items)
    alone = latencies(index, queries)
    over, replaced = threading.Event(), [0]

    def write() -> None:
        while not over.is_set():
            at = replaced[0] + np.arange(10)
            index.replace(at, at + rows, items[at % rows])
            replaced[0] += 10

    writer = threading.Thread(target=write)
    writer.start()
    start = time.perf_counter()
    beside = latencies(index, queries)
    rate = replaced[0] / (time.perf_counter() - start)
    over.set()
    writer.join()
    figures = {"updates/s of the writer": rate}
    for share in (50, 99, 99.9):
        figures[f"p{share}, ms"] = float(np.percentile(alone, share))
        figures[f"p{share} beside a writer, ms"] = float(np.percentile(beside, share))
    figures["p99 beside a writer / alone"] = float(
        np.percentile(beside, 99) / np.percentile(alone, 99)
    )
    return figures


def inserts(kind: type[Living], rows: int, dim: int) -> dict[str, Curve]:
    """Measure insert speed of one thread on top of many items, and recall, at several efforts.

    Items of every round are inserted one by one, then in one block; speeds are medians of rounds.
    """
    data = Clusters(dim, 0)
    items, queries = data.draw(rows + 2 * SINGLES), data.draw(QUERIES)
    curves: dict[str, Curve] = {"one at a time": [], "in blocks": []}
    for effort in EFFORTS:
        index, ids = kind(dim, len(items), effort), np.arange(len(items))
        index.add(ids[:rows], items[:rows])
        times: dict[str, list[float]] = {name: [] for name in curves}
        for first in range(rows, len(items), 2 * INSERTS_PER_ROUND):
            middle, last = first + INSERTS_PER_ROUND, first + 2 * INSERTS_PER_ROUND
            for name, start, end, step in (
                ("one at a time", first, middle, 1),
                ("in blocks", middle, last, INSERTS_PER_ROUND),
            ):
                times[name].append(seconds_of(partial(add, index, ids, items, start, end, step)))
        reached = recall(index, items, ids, queries)
        for name, found in times.items():
            curves[name].append((reached, INSERTS_PER_ROUND / statistics.median(found)))
    return curves


def add(index: Living, ids: Ids, items: Floats, first: int, last: int, step: int) -> None:
    for at in range(first, last, step):
        index.add(ids[at : at + step], items[at : at + step])


def at_equal_recall(own: Curve, peer: Curve) -> tuple[float, float, float]:
    """Compare insert speeds at the highest recall that both reach: that recall, and both speeds.

    A curve that begins above that recall is read at its fastest point, which finds more.
    """
    level = min(max(recall for recall, _ in curve) for curve in (own, peer))
    return level, speed_at(own, level), speed_at(peer, level)


def speed_at(curve: Curve, level: float) -> float:
    """Interpolate the logarithm of the speed on the Pareto front of recall and speed."""
    front: Curve = []
    for recall, rate in sorted(curve, reverse=True):
        if not front or rate > front[-1][1]:
            front.append((recall, rate))
    recalls, rates = zip(*front[::-1], strict=True)
    return float(np.exp(np.interp(level, recalls, np.log(rates))))


def verdicts(found: dict[str, dict[str, Figures]], grown: Inserts) -> list[str]:
    """Return a line for each target, and whether it is met."""
    own, peer = Vecq.name, Hnswlib.name
    p99 = found["searches beside a writer"][own]["p99 beside a writer / alone"]
    churned = [part for part in found if part.startswith("replaced")]
    lines = [
        (f"recall lost, {part}", found[part][own]["recall lost"], "<=", MOST_LOST)
        for part in churned
    ]
    lines += [
        (f"update / insert, {part}", found[part][own]["update / insert"], "<=", MOST_COST)
        for part in churned
    ]
    lines.append(("p99 beside a writer / alone", p99, "<=", MOST_P99))
    for part, curves in grown.items():
        for name, target in (("one at a time", LEAST_SINGLE), ("in blocks", LEAST_BLOCKS)):
            level, mine, its = at_equal_recall(curves[own][name], curves[peer][name])
            text = f"{part}, {name}: multiple of {peer} at recall@{K} {level:.3f}"
            lines.append((text, mine / its, ">=", target))
    return [
        f"{name}: {value:.4g}; target {side} {target}: "
        + ("met" if (value <= target) == (side == "<=") else "missed")
        for name, value, side, target in lines
    ]


def show_inserts(part: str, curves: dict[str, dict[str, Curve]]) -> None:
    print(f"\n{part}: recall@{K} at ef={EF}, and median inserts per second on one thread")
    print(f"  {'ef_construction':<32}" + "".join(f"{effort:>18}" for effort in EFFORTS))
    for system, own in curves.items():
        for name, curve in own.items():
            cells = "".join(f"{reached:>9.4f}{rate:>9,.0f}" for reached, rate in curve)
            print(f"  {f'{system}, {name}':<32}{cells}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="living", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="default: %(default)s")
    parser.add_argument("--dim", type=int, default=64, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=20, help="default: %(default)s")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures to FILE")
    options = parser.parse_args()
    rows, dim, rounds = options.rows, options.dim, options.rounds
    parts: dict[str, Callable[[type[Living]], Figures]] = {
        f"replaced {rounds} times": lambda kind: churn(kind, rows, dim, rounds, 0),
        f"replaced {rounds} times, drifting": lambda kind: churn(kind, rows, dim, rounds, 0.3),
        "searches beside a writer": lambda kind: beside_a_writer(kind, rows, dim),
    }
    sizes = {"inserts": (rows, dim), "inserts, larger": (5 * rows, 2 * dim)}
    kinds: tuple[type[Living], ...] = (Vecq, Hnswlib)
    found: dict[str, dict[str, Figures]] = {}
    print(f"{rows:,} x {dim}; larger: {5 * rows:,} x {2 * dim}")
    for part, measure in parts.items():
        found[part] = {kind.name: measure(kind) for kind in kinds}
        print(f"\n{part}")
        for figure in found[part][Vecq.name]:
            values = "".join(f"{found[part][kind.name][figure]:>16.5g}" for kind in kinds)
            print(f"  {figure:<32}{values}", flush=True)
    grown: Inserts = {}
    for part, size in sizes.items():
        grown[part] = {kind.name: inserts(kind, *size) for kind in kinds}
        show_inserts(part, grown[part])
    print("", *verdicts(found, grown), sep="\n")
    if options.json:
        options.json.write_text(json.dumps({**found, **grown}, indent=1) + "\n")


if __name__ == "__main__":
    main()
