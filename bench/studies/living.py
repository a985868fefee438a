"""Indexes that live: recall after everything was replaced many times, what that costs, and what
searches notice of it, beside hnswlib.

python -m vecq.bench.living [--rows N] [--dim N] [--rounds N] [--json FILE]
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.answers import recall_of

K, EF, M, EF_CONSTRUCTION = 10, 100, 16, 200
QUERIES = 500
# Items that are replaced with one call, and those of the parts that are timed item by item.
BLOCK, SINGLES = 500, 2000
LATENCIES = 20_000
# What is aimed at.
MOST_LOST, MOST_COST, MOST_P99, LEAST_SINGLE, LEAST_BLOCKS = 0.01, 2.5, 2.0, 2.0, 3.0

Floats = NDArray[np.float32]
Ids = NDArray[np.int64]
Figures = dict[str, float]


class Living(Protocol):
    name: str

    def __init__(self, dim: int, rows: int) -> None: ...
    def add(self, ids: Ids, vectors: Floats) -> None: ...
    def replace(self, old: Ids, ids: Ids, vectors: Floats) -> None: ...
    def search(self, queries: Floats) -> Any: ...


class Vecq:
    name = "vecq int8"

    def __init__(self, dim: int, rows: int) -> None:
        self.index = vecq.Index(dim, "l2", m=M, ef_construction=EF_CONSTRUCTION)

    def add(self, ids: Ids, vectors: Floats) -> None:
        self.index.add(vectors, ids, threads=1, progress=False)

    def replace(self, old: Ids, ids: Ids, vectors: Floats) -> None:
        self.index.remove(old, progress=False)
        self.add(ids, vectors)

    def search(self, queries: Floats) -> Any:
        return self.index.search(queries, K, ef=EF).ids


class Hnswlib:
    name = "hnswlib fp32"

    def __init__(self, dim: int, rows: int) -> None:
        import hnswlib

        self.index = hnswlib.Index("l2", dim)
        self.index.init_index(
            rows, ef_construction=EF_CONSTRUCTION, M=M, allow_replace_deleted=True
        )
        self.index.set_ef(EF)

    def add(self, ids: Ids, vectors: Floats) -> None:
        self.index.add_items(vectors, ids, num_threads=1)

    def replace(self, old: Ids, ids: Ids, vectors: Floats) -> None:
        for gone in old.tolist():
            self.index.mark_deleted(gone)
        self.index.add_items(vectors, ids, num_threads=1, replace_deleted=True)

    def search(self, queries: Floats) -> Any:
        return self.index.knn_query(queries, K, num_threads=1)[0].astype(np.int64)


class Clusters:
    """Vectors around centers, which drift with every round if they are told to."""

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


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def recall(index: Living, items: Floats, ids: Ids, queries: Floats) -> float:
    truth = ids[
        vecq.brute_force(items, queries, k=K, metric="l2", codec="fp32", progress=False).ids
    ]
    return float(recall_of(index.search(queries), truth))


def churn(kind: type[Living], rows: int, dim: int, rounds: int, drift: float) -> Figures:
    """Every round replaces all items, in random order, under new ids."""
    data = Clusters(dim, drift)
    items, ids = data.draw(rows), np.arange(rows)
    index = kind(dim, rows)
    inserting = seconds(lambda: index.add(ids, items))
    spent = 0.0
    for round in range(1, rounds + 1):
        data.move()
        fresh = data.draw(rows)
        order = data.rng.permutation(rows)
        for first in range(0, rows, BLOCK):
            part = order[first : first + BLOCK]
            old, new = ids[part], part + round * rows
            items[part], ids[part] = fresh[part], new
            spent += seconds(
                lambda old=old, new=new, part=part: index.replace(old, new, items[part])
            )
        print(f"  {kind.name}, round {round}", file=sys.stderr, flush=True)
    queries, again = data.draw(QUERIES), kind(dim, rows)
    again_inserting = seconds(lambda: again.add(ids, items))
    lived, fresh_recall = (recall(one, items, ids, queries) for one in (index, again))
    return {
        "recall, lived": lived,
        "recall, built anew": fresh_recall,
        "lost": fresh_recall - lived,
        "inserts/s": rows / min(inserting, again_inserting),
        "updates/s": rows * rounds / spent,
        "update / insert": spent / rounds / min(inserting, again_inserting),
    }


def latencies(index: Living, queries: Floats) -> NDArray[np.float64]:
    """Of one query per call, in milliseconds."""
    index.search(queries[:100])
    found = [
        seconds(lambda i=i: index.search(queries[i % len(queries)][None])) for i in range(LATENCIES)
    ]
    return 1e3 * np.array(found)


def under_a_writer(kind: type[Living], rows: int, dim: int) -> Figures:
    """What one searching thread waits for while another one replaces items as fast as it can."""
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
    figures = {"updates/s meanwhile": rate}
    for share in (50, 99, 99.9):
        figures[f"p{share}, ms"] = float(np.percentile(alone, share))
        figures[f"p{share} under a writer, ms"] = float(np.percentile(beside, share))
    figures["p99 under a writer / alone"] = float(
        np.percentile(beside, 99) / np.percentile(alone, 99)
    )
    return figures


def inserts(kind: type[Living], rows: int, dim: int) -> Figures:
    """Of one thread, on top of many items."""
    data = Clusters(dim, 0)
    index = kind(dim, rows + 2 * SINGLES)
    index.add(np.arange(rows), data.draw(rows))
    more, ids = data.draw(2 * SINGLES), rows + np.arange(2 * SINGLES)

    def add(first: int, last: int, step: int) -> None:
        for at in range(first, last, step):
            index.add(ids[at : at + step], more[at : at + step])

    single = seconds(lambda: add(0, SINGLES, 1))
    blocks = seconds(lambda: add(SINGLES, 2 * SINGLES, BLOCK))
    return {"one at a time, /s": SINGLES / single, "in blocks, /s": SINGLES / blocks}


def verdicts(found: dict[str, dict[str, Figures]]) -> list[str]:
    own, peer = Vecq.name, Hnswlib.name
    p99 = found["searches under a writer"][own]["p99 under a writer / alone"]
    churned = [part for part in found if part.startswith("replaced")]
    lines = [
        (f"recall lost, {part}", found[part][own]["lost"], "at most", MOST_LOST) for part in churned
    ]
    lines += [
        (f"update / insert, {part}", found[part][own]["update / insert"], "at most", MOST_COST)
        for part in churned
    ]
    lines.append(("p99 under a writer / alone", p99, "at most", MOST_P99))
    for part in ("inserts", "inserts, larger"):
        for name, mark in (("one at a time, /s", LEAST_SINGLE), ("in blocks, /s", LEAST_BLOCKS)):
            times = found[part][own][name] / found[part][peer][name]
            lines.append((f"{part}, {name} as a multiple of {peer}", times, "at least", mark))
    return [
        f"{name}: {value:.4g}; mark {side} {mark}"
        + ("" if (value <= mark) == (side == "at most") else "  SHORT")
        for name, value, side, mark in lines
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vecq.bench.living", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="items that live at a time")
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=20, help="each replaces all items")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    options = parser.parse_args()
    rows, dim, rounds = options.rows, options.dim, options.rounds
    parts: dict[str, Callable[[type[Living]], Figures]] = {
        f"replaced {rounds} times": lambda kind: churn(kind, rows, dim, rounds, 0),
        f"replaced {rounds} times, drifting": lambda kind: churn(kind, rows, dim, rounds, 0.3),
        "searches under a writer": lambda kind: under_a_writer(kind, rows, dim),
        "inserts": lambda kind: inserts(kind, rows, dim),
        "inserts, larger": lambda kind: inserts(kind, 5 * rows, 2 * dim),
    }
    kinds: tuple[type[Living], ...] = (Vecq, Hnswlib)
    found: dict[str, dict[str, Figures]] = {}
    print(f"{rows:,} x {dim}; larger: {5 * rows:,} x {2 * dim}")
    for part, measure in parts.items():
        found[part] = {kind.name: measure(kind) for kind in kinds}
        print(f"\n{part}")
        for figure in found[part][Vecq.name]:
            values = "".join(f"{found[part][kind.name][figure]:>16.5g}" for kind in kinds)
            print(f"  {figure:<32}{values}", flush=True)
    print("", *verdicts(found), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
