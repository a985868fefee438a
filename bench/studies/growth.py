"""Growth: what building from a stream, memory and searches cost as indexes grow tenfold.

Each size is generated into an .fbin file and built in a process of its own, so that the peak of
memory is that of the build. Clusters have 2,000 rows on average, under l2. A line of JSON per size
and build. Usage: make bench-growth ARGS='--rows 100000 1000000 10000000 --builds bulk'
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq

from .timing import seconds_of

DIM, QUERIES, TRUTH, LEVEL = 128, 1000, 100, 0.95
BLOCK, WIDEST = 100_000, 3000
Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]


def generate(rows: int, folder: Path) -> None:
    """Write rows, queries and the nearest rows of each query."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((max(16, rows // 2000), DIM), dtype=np.float32)

    def draw(count: int) -> Floats:
        members = centers[rng.integers(0, len(centers), count)]
        members += 0.5 * rng.standard_normal(members.shape, dtype=np.float32)
        return members

    queries = draw(QUERIES)
    nearest = Nearest(queries)
    with open(folder / "rows.fbin", "wb") as file:
        np.array([rows, DIM], np.int32).tofile(file)
        for first in range(0, rows, BLOCK):
            block = draw(min(BLOCK, rows - first))
            block.tofile(file)
            nearest.add(block, first)
    np.save(folder / "queries.npy", queries)
    np.save(folder / "truth.npy", nearest.sorted())


class Nearest:
    """The nearest rows of queries among blocks."""

    def __init__(self, queries: Floats) -> None:
        self._queries = queries
        self._scores = np.full((len(queries), TRUTH), -np.inf, np.float32)
        self._rows = np.zeros((len(queries), TRUTH), np.int64)

    def add(self, block: Floats, first: int) -> None:
        scores = 2 * self._queries @ block.T - np.einsum("ij,ij->i", block, block)
        rows = np.broadcast_to(np.arange(first, first + len(block)), scores.shape)
        scores = np.concatenate([self._scores, scores], axis=1)
        rows = np.concatenate([self._rows, rows], axis=1)
        best = np.argpartition(-scores, TRUTH - 1, axis=1)[:, :TRUTH]
        self._scores = np.take_along_axis(scores, best, 1)
        self._rows = np.take_along_axis(rows, best, 1)

    def sorted(self) -> Numbers:
        order = np.argsort(-self._scores, axis=1)
        return np.take_along_axis(self._rows, order, 1)


def peak_bytes() -> int:
    """The most memory that this process has had."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return 1024 * int(line.split()[1])
    raise SystemExit("/proc/self/status has no line VmHWM: this study needs Linux")


def beam_width(index: vecq.Index, queries: Floats, truth: Numbers) -> tuple[int, float]:
    """Return the least ef whose recall reaches LEVEL, and the rows that a query scores at it."""
    k = truth.shape[1]

    def measured(ef: int) -> tuple[float, float]:
        found = index.search(queries, k, ef=ef, plan="walk", threads=0)
        hits = [np.isin(own, best).mean() for own, best in zip(found.ids, truth, strict=True)]
        return float(np.mean(hits)), found.n_scored / len(queries)

    low, high = k, WIDEST
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if measured(middle)[0] >= LEVEL else (middle + 1, high)
    return low, measured(low)[1]


def measure(folder: Path, build: Any, threads: int) -> dict[str, Any]:
    """Build the index of a folder and search it."""
    start = peak_bytes()
    make = partial(vecq.build, folder / "rows.fbin", metric="l2", build=build, threads=threads)
    built: list[vecq.Index] = []
    seconds = seconds_of(lambda: built.append(make(progress=False)))
    index, peak = built[0], peak_bytes() - start
    queries, truth = np.load(folder / "queries.npy"), np.load(folder / "truth.npy")
    record: dict[str, Any] = {
        "study": "growth",
        "rows": len(index),
        "build": build,
        "build seconds": seconds,
        "us per row": 1e6 * seconds / len(index),
        "peak GB": peak / 1e9,
        "index GB": index.save(folder / "items.vecq").bytes / 1e9,
    }
    for k in (10, 100):
        ef, scored = beam_width(index, queries, truth[:, :k])
        single = partial(lambda k, ef: [index.search(q, k, ef=ef) for q in queries], k, ef)
        batch = partial(index.search, queries, k, ef=ef, threads=1)
        record[f"k={k}"] = {
            "ef": ef,
            "scored": scored,
            "us online": 1e6 * statistics.median(seconds_of(single) for _ in range(3)) / QUERIES,
            "us batch": 1e6 * statistics.median(seconds_of(batch) for _ in range(3)) / QUERIES,
        }
    return record


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--builds", nargs="+", default=["bulk", "incremental"])
    parser.add_argument("--threads", type=int, default=0, help="of builds (default: all cores)")
    parser.add_argument("--folder", type=Path, help="measure the set in this folder, as a child")
    arguments = parser.parse_args()
    if arguments.folder:
        print(json.dumps(measure(arguments.folder, arguments.builds[0], arguments.threads)))
        return
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory() as folder:
            generate(rows, Path(folder))
            for build in arguments.builds:
                command = [sys.executable, "-I", str(Path(__file__).parent), "growth"]
                options = ["--folder", folder, "--builds", build, "--threads"]
                subprocess.run([*command, *options, str(arguments.threads)], check=True)


if __name__ == "__main__":
    main()
