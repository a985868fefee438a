"""The peak memory of a build is that of the index and a few blocks, not that of the vectors. A bulk
build adds half of the index.
"""

import os
import subprocess
import sys

import numpy as np
import pytest

from vecq import datasets

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux reports the peak of a process"
)

ROWS, DIM = 400_000, 128
FLOATS = 4 * ROWS * DIM
# Beyond the index, in bytes: blocks, the sample of the codec, and scratch of the linking threads.
# Reading Parquet, Arrow keeps memory that it has freed.
SCRATCH = {".fbin": 64 << 20, ".parquet": 128 << 20}

SCRIPT = """
import re, sys
import numpy, vecq
import vecq.datasets, vecq.streams.build
if sys.argv[1].endswith(".parquet"):
    import pyarrow.compute, pyarrow.csv, pyarrow.parquet

def peak():
    # Unlike ru_maxrss, without the memory of the process that started this one.
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", file.read())[1]) << 10

before = peak()
if sys.argv[2] == "blocks":
    values = 8192 * 128
    source = (
        numpy.fromfile(sys.argv[1], "f4", values, offset=8 + 4 * first).reshape(-1, 128)
        for first in range(0, 400_000 * 128, values)
    )
else:
    source = sys.argv[1]
index = vecq.build(
    source, metric="l2", m=8, ef_construction=8, build=sys.argv[3], progress=False
)
print(len(index), index.stats().bytes, peak() - before)
"""


@pytest.fixture(scope="module")
def items(tmp_path_factory):
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("items")
    # Clusters, for which a walk is short.
    centers = 4 * rng.standard_normal((1_000, DIM), np.float32)
    blocks = (
        centers[rng.integers(0, 1_000, 10_000)] + rng.standard_normal((10_000, DIM), np.float32)
        for _ in range(ROWS // 10_000)
    )
    datasets.write_blocks(folder / "items.fbin", blocks, (ROWS, DIM))
    return folder / "items.fbin"


@pytest.mark.parametrize(
    ("suffix", "kind", "build", "most"),
    [
        (".fbin", "file", "incremental", 1),
        (".fbin", "blocks", "incremental", 1),
        (".parquet", "file", "incremental", 1),
        (".fbin", "file", "bulk", 1.5),
    ],
)
def test_the_peak_is_the_index_and_a_few_blocks(suffix, kind, build, most, items):
    path = items.with_suffix(suffix)
    if suffix == ".parquet":
        datasets.write_matrix(path, datasets.read_matrix(items))
    done = subprocess.run(
        [sys.executable, "-I", "-c", SCRIPT, path, kind, build],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "MALLOC_ARENA_MAX": "2"},
    )
    assert done.returncode == 0, done.stderr
    rows, index, peak = map(int, done.stdout.split())
    assert rows == ROWS
    print(f"index {index / 2**20:.0f} MiB, peak {peak / 2**20:.0f} MiB")
    assert peak < most * index + SCRATCH[suffix]
    assert index + SCRATCH[".fbin"] < FLOATS
