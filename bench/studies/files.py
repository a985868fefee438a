"""Index files: speed of saving and opening, and of searches in memory-mapped files.

Speeds are medians; all searches run on the same index with the same ef, so recall is equal.
Usage: make bench-files ARGS='--rows 200000 --folder /mnt'
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.truth import brute_force
from vecq.datasets.synthetic import clustered

from .memory import drop_from_cache, limited, run_in
from .stretched import stretch
from .timing import interleaved, seconds_of

DIM, K, EF = 128, 10, 100
STRETCHED_ROWS = 10_000_000
ROUNDS = 7
# Memory of a constrained process, as a share of the file, beside the needs of Python.
SHARE = 0.25
# Targets.
SAVE_RATE, SAVE_SHARE, OPEN_SECONDS, MAPPED_SHARE = 1e9, 0.8, 0.02, 0.97

PRELOADS: tuple[Any, ...] = (False, True, "copy")

Figures = dict[str, float | str | None]


def qps(index: vecq.Index, queries: NDArray[np.float32]) -> float:
    return len(queries) / seconds_of(lambda: index.search(queries, K, ef=EF))


def saving(index: vecq.Index, path: Path) -> Figures:
    """Measure bytes per second, against dd of zeros with fsync, interleaved."""
    index.save(path)
    size, other = path.stat().st_size, path.with_name("zeros")
    blocks = -(-size >> 20)
    command = ["dd", "if=/dev/zero", f"of={other}", "bs=1M", f"count={blocks}", "conv=fsync"]
    times = interleaved(
        {
            "save": lambda: index.save(path),
            "dd": lambda: subprocess.run(command, check=True, capture_output=True),
        },
        ROUNDS,
    )
    other.unlink()
    rate, dd_rate = size / times["save"].median, (blocks << 20) / times["dd"].median
    return {
        "file bytes": size,
        "save, bytes/s": rate,
        "dd, bytes/s": dd_rate,
        "save / dd": rate / dd_rate,
        "spread of save": times["save"].spread,
        "spread of dd": times["dd"].spread,
    }


def opening(path: Path, queries: NDArray[np.float32]) -> Figures:
    """Measure seconds to open a file of ten million rows and to answer the first query."""
    large = path.with_name("large.vecq")
    stretch(path, large, STRETCHED_ROWS)
    cold, first, warm = [], [], []
    for _ in range(ROUNDS):
        drop_from_cache(large)
        start = time.perf_counter()
        index = vecq.open(large)
        cold.append(time.perf_counter() - start)
        first.append(seconds_of(partial(index.search, queries[:1], K)))
        warm.append(seconds_of(lambda: vecq.open(large)))
        del index
    figures: Figures = {
        "rows": STRETCHED_ROWS,
        "file bytes": large.stat().st_size,
        "open, cold": statistics.median(cold),
        "open, cold, slowest": max(cold),
        "first query, cold": statistics.median(first),
        "open, warm": statistics.median(warm),
    }
    large.unlink()
    return figures


def searching(
    index: vecq.Index, path: Path, vectors: NDArray[np.float32], queries: NDArray[np.float32]
) -> Figures:
    """Measure QPS on one thread, in memory and mapped, interleaved."""
    names = ("in memory", "mapped", "mapped, preloaded", "copied")
    opened = [vecq.open(path, preload=how) for how in PRELOADS]
    works = {
        name: partial(one.search, queries, K, ef=EF)
        for name, one in zip(names, (index, *opened), strict=True)
    }
    times = interleaved(works, ROUNDS)
    truth = brute_force(vectors, queries, index.metric, K).at(K)
    figures: Figures = {f"recall@{K} at ef={EF}": truth.recall(works["in memory"]().ids)}
    for name, found in times.items():
        figures[f"{name}, QPS"] = len(queries) / found.median
        figures[f"{name}, spread"] = found.spread
    for name in names[1:]:
        figures[f"{name} / in memory"] = times["in memory"].median / times[name].median
    return figures


def searching_cold(path: Path, queries: NDArray[np.float32]) -> Figures:
    """Measure QPS after the page cache was dropped: of the first queries, then of all."""
    drop_from_cache(path)
    index = vecq.open(path)
    return {
        "first 100 queries, cold, QPS": qps(index, queries[:100]),
        "all after them, QPS": qps(index, queries),
    }


CONSTRAINED = """
import sys, time
import numpy as np, vecq
queries = np.load(sys.argv[2])
index = vecq.open(sys.argv[1])
for _ in range(2):
    start = time.perf_counter()
    index.search(queries, 10, ef=100)
    seconds = time.perf_counter() - start
print(len(queries) / seconds)
"""


def searching_constrained(path: Path, queries: NDArray[np.float32]) -> Figures:
    """Measure QPS of a process whose memory is smaller than the file."""
    saved = path.with_name("queries.npy")
    np.save(saved, queries)
    drop_from_cache(path)
    limit = int(python_bytes() + SHARE * path.stat().st_size)
    try:
        with limited(limit) as group:
            command = [sys.executable, "-I", "-c", CONSTRAINED, str(path), str(saved)]
            result = run_in(group, command)
    except OSError as error:
        return {"QPS": None, "note": f"not measured: no control group: {error}"}
    if result.returncode != 0:
        return {"memory limit": limit, "QPS": None, "note": result.stderr.strip()}
    return {"memory limit": limit, "QPS": float(result.stdout)}


def python_bytes() -> int:
    """Return the peak memory of a process that imports vecq; getrusage includes the parent's."""
    code = "import vecq; print(open('/proc/self/status').read())"
    status = subprocess.check_output([sys.executable, "-I", "-c", code], text=True)
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def verdicts(found: dict[str, dict[str, Any]]) -> list[str]:
    """Return a line for each target, and whether it is met."""
    save, large, warm = found["saving"], found["opening"], found["searching"]
    saved = save["save, bytes/s"] >= SAVE_RATE or save["save / dd"] >= SAVE_SHARE
    lines = [
        (
            f"save: {save['save, bytes/s'] / 1e9:.2f} GB/s, {save['save / dd']:.2f} of dd; "
            f"target 1 GB/s or {SAVE_SHARE} of dd",
            saved,
        ),
        (
            f"open at {STRETCHED_ROWS:,} rows, cold: {1e3 * large['open, cold']:.2f} ms; target "
            f"< {1e3 * OPEN_SECONDS:.0f} ms",
            large["open, cold"] < OPEN_SECONDS,
        ),
    ]
    for name in ("mapped", "mapped, preloaded", "copied"):
        ratio = warm[f"{name} / in memory"]
        text = f"QPS, {name} / in memory: {ratio:.3f}; target >= {MAPPED_SHARE}"
        lines.append((text, ratio >= MAPPED_SHARE))
    return [f"{text}: {'met' if met else 'missed'}" for text, met in lines]


def shown(value: float | str | None) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.5g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(prog="files", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated set")
    parser.add_argument("--folder", type=Path, help="folder for files (default: a temporary one)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all figures to FILE")
    options = parser.parse_args()
    data = clustered(options.rows, DIM)
    print(f"vecq on {vecq.cpu().active}: building {data.name}", file=sys.stderr, flush=True)
    index = vecq.Index(DIM, data.metric).add(data.train, progress=False)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path, queries = Path(folder) / "items.vecq", data.test
        parts: dict[str, Callable[[], Figures]] = {
            "saving": lambda: saving(index, path),
            "opening": lambda: opening(path, queries),
            "searching": lambda: searching(index, path, data.train, queries),
            "searching, cache dropped": lambda: searching_cold(path, queries),
            "searching, constrained memory": lambda: searching_constrained(path, queries),
        }
        found: dict[str, Figures] = {}
        for name, part in parts.items():
            found[name] = part()
            print(f"\n{name}, {options.rows:,} x {DIM}")
            for figure, value in found[name].items():
                print(f"  {figure:<36}{shown(value):>24}", flush=True)
    print("", *verdicts(found), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
