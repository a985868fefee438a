"""Files of indexes: how fast they are written and opened, and searched where they lie.

python -m vecq.bench.files [--rows N] [--folder FOLDER] [--json FILE]
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.bench.memory import drop_from_cache, limited, run_in
from vecq.bench.stretched import stretch
from vecq.datasets.synthetic import clustered

DIM, K, EF = 128, 10, 100
STRETCHED_ROWS = 10_000_000
ROUNDS = 7
# A process that may have only so much of the file's size beside what Python needs.
SHARE = 0.25
# What is aimed at.
SAVE_RATE, SAVE_SHARE, OPEN_SECONDS, MAPPED_SHARE = 1e9, 0.8, 0.02, 0.97

Figures = dict[str, float | str | None]


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def rates(index: vecq.Index, queries: NDArray[np.float32]) -> float:
    return len(queries) / seconds(lambda: index.search(queries, K, ef=EF))


def saving(index: vecq.Index, path: Path) -> Figures:
    """Bytes per second, against a copy of zeros that is forced to disk; turn by turn, the best."""
    index.save(path)
    size, other = path.stat().st_size, path.with_name("zeros")
    blocks = -(-size >> 20)
    command = ["dd", "if=/dev/zero", f"of={other}", "bs=1M", f"count={blocks}", "conv=fsync"]
    own, dd = [], []
    for _ in range(ROUNDS):
        own.append(seconds(lambda: index.save(path)))
        dd.append(seconds(lambda: subprocess.run(command, check=True, capture_output=True)))
    other.unlink()
    rate, dd_rate = size / min(own), (blocks << 20) / min(dd)
    return {
        "file bytes": size,
        "save, bytes/s": rate,
        "dd, bytes/s": dd_rate,
        "save / dd": rate / dd_rate,
    }


def opening(path: Path, queries: NDArray[np.float32]) -> Figures:
    """Seconds to open a file of ten million rows, and to answer a query then, cold and warm."""
    large = path.with_name("large.vecq")
    stretch(path, large, STRETCHED_ROWS)
    cold, first, warm = [], [], []
    for _ in range(ROUNDS):
        drop_from_cache(large)
        start = time.perf_counter()
        index = vecq.open(large)
        cold.append(time.perf_counter() - start)
        first.append(seconds(lambda index=index: index.search(queries[:1], K)))
        warm.append(seconds(lambda: vecq.open(large)))
        del index
    figures = {
        "rows": STRETCHED_ROWS,
        "file bytes": large.stat().st_size,
        "open, cold": max(cold),
        "first query, cold": max(first),
        "open, warm": max(warm),
    }
    large.unlink()
    return figures


def searching(index: vecq.Index, path: Path, queries: NDArray[np.float32]) -> Figures:
    """Queries per second on one thread, in memory and mapped, turn by turn, the best."""
    names = ("in memory", "mapped", "mapped, preloaded", "copied")
    found: dict[str, list[float]] = {name: [] for name in names}
    opened = [vecq.open(path, preload=how) for how in (False, True, "copy")]
    for one in (index, *opened):
        one.search(queries, K, ef=EF)
    for _ in range(ROUNDS):
        for name, one in zip(found, (index, *opened), strict=True):
            found[name].append(rates(one, queries))
    figures: Figures = {f"{name}, QPS": max(runs) for name, runs in found.items()}
    for name in names[1:]:
        figures[f"{name} / in memory"] = max(found[name]) / max(found["in memory"])
    return figures


def searching_cold(path: Path, queries: NDArray[np.float32]) -> Figures:
    """Queries per second after the page cache forgot the file: of the first, then of all."""
    drop_from_cache(path)
    index = vecq.open(path)
    return {
        "first 100 queries, cold, QPS": rates(index, queries[:100]),
        "all after them, QPS": rates(index, queries),
    }


CRAMPED = """
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


def searching_cramped(path: Path, queries: NDArray[np.float32]) -> Figures:
    """Queries per second of a process that may not hold the whole file in memory."""
    saved = path.with_name("queries.npy")
    np.save(saved, queries)
    drop_from_cache(path)
    limit = int(python_bytes() + SHARE * path.stat().st_size)
    try:
        with limited(limit) as group:
            command = [sys.executable, "-I", "-c", CRAMPED, str(path), str(saved)]
            result = run_in(group, command)
    except OSError as error:
        return {"QPS": None, "note": f"not measured, no control group can be made: {error}"}
    if result.returncode != 0:
        return {"memory limit": limit, "QPS": None, "note": result.stderr.strip()}
    return {"memory limit": limit, "QPS": float(result.stdout)}


def python_bytes() -> int:
    """What a process takes that has loaded vecq. getrusage would tell of its parent's as well."""
    code = "import vecq; print(open('/proc/self/status').read())"
    status = subprocess.check_output([sys.executable, "-I", "-c", code], text=True)
    return int(status.partition("VmHWM:")[2].split()[0]) << 10


def verdicts(found: dict[str, Figures]) -> list[str]:
    save, large, warm = found["saving"], found["opening"], found["searching"]
    reached = save["save, bytes/s"] >= SAVE_RATE or save["save / dd"] >= SAVE_SHARE
    return [
        f"save: {save['save, bytes/s'] / 1e9:.2f} GB/s, {save['save / dd']:.2f} of dd; mark 1 GB/s "
        f"or {SAVE_SHARE}{'' if reached else '  SHORT'}",
        f"open at {STRETCHED_ROWS:,} rows, cold: {1e3 * large['open, cold']:.2f} ms; mark "
        f"{1e3 * OPEN_SECONDS:.0f}{'' if large['open, cold'] < OPEN_SECONDS else '  SHORT'}",
        *(
            f"{name} / in memory: {warm[f'{name} / in memory']:.3f}; mark {MAPPED_SHARE}"
            f"{'' if warm[f'{name} / in memory'] >= MAPPED_SHARE else '  SHORT'}"
            for name in ("mapped", "mapped, preloaded", "copied")
        ),
    ]


def shown(value: float | str | None) -> str:
    if isinstance(value, float):
        return f"{value:,.0f}" if value >= 1000 else f"{value:.5g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m vecq.bench.files", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the generated set")
    parser.add_argument("--folder", type=Path, help="where files are written; a temporary one")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there too")
    options = parser.parse_args()
    data = clustered(options.rows, DIM)
    print(f"vecq on {vecq.cpu().active}: building {data.name}", file=sys.stderr, flush=True)
    index = vecq.Index(DIM, data.metric).add(data.train, progress=False)
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path, queries = Path(folder) / "items.vecq", data.test
        parts: dict[str, Callable[[], Figures]] = {
            "saving": lambda: saving(index, path),
            "opening": lambda: opening(path, queries),
            "searching": lambda: searching(index, path, queries),
            "searching, cache dropped": lambda: searching_cold(path, queries),
            "searching, cramped": lambda: searching_cramped(path, queries),
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
