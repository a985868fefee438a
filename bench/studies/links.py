"""Graphs for inner products: distances per query at equal recall, by the measure of linking.

Half of the users are queries; the other half is the `users=` of one graph. Codes are float32, so
that all loss is the graph's. Usage: make bench-links DATA='FILE.hdf5 ...'
"""

import sys
from itertools import pairwise
from typing import Any

import vecq
from vecq.bench.truth import ground_truth
from vecq.datasets import Dataset, read_hdf5

K = 100
LADDER = (100, 120, 140, 170, 200, 240, 300, 400, 600, 800, 1200, 1600)
LEVELS = (0.95, 0.99, 0.999)
GRAPHS: tuple[tuple[str, Any, bool], ...] = (
    ("inner product", "metric", False),
    ("cosine", "cosine", False),
    ("l2 of x/|x|^2, repaired by items", "moebius", False),
    ("the same, repaired by items and users", "moebius", True),
)


def distances_at(curve: list[tuple[float, float]], level: float) -> str:
    """Interpolate distances per query at a recall; "-" if it is not reached."""
    for (low, before), (high, after) in pairwise(curve):
        if low < level <= high:
            return f"{before + (after - before) * (level - low) / (high - low):,.0f}"
    return f"<{curve[0][1]:,.0f}" if curve[0][0] >= level else "-"


def print_graphs(data: Dataset) -> None:
    queries, users = data.test[::2], data.test[1::2]
    truth = ground_truth(data, K).at(K, slice(None, None, 2))
    print(f"{data.name}: distances per query, recall@{K}, {len(queries):,} held-out users")
    print(f"{'linked by':<40}" + "".join(f"{level:>10}" for level in LEVELS))
    for name, link, sampled in GRAPHS:
        index = vecq.Index(data.train.shape[1], "ip", "fp32", link=link)
        index.add(data.train, users=users if sampled else None)
        curve = []
        for ef in LADDER:
            result = index.search(queries, K, ef=ef, threads=0)
            curve.append((truth.recall(result.ids), result.n_scored / len(queries)))
            if curve[-1][0] >= LEVELS[-1]:
                break
        row = "".join(f"{distances_at(curve, level):>10}" for level in LEVELS)
        print(f"{name:<40}{row}", flush=True)
    print()


def main() -> None:
    for path in sys.argv[1:]:
        data = read_hdf5(path)
        if data.metric == "ip":
            print_graphs(data)


if __name__ == "__main__":
    main()
