"""The memory of a worker that builds a shard is that of the shard, not that of the data set."""

import pickle
import subprocess
import sys

import numpy as np
import pytest

from vecq.sharding import FolderLock

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="Linux reports the peak of a process"
)

ROWS, DIM, SHARDS = 640_000, 64, 8
FLOATS = 4 * ROWS * DIM // SHARDS  # bytes of a shard's vectors
SCRATCH = 48 << 20  # blocks, and scratch of the linking threads

SCRIPT = """
import pickle, re, sys
import vecq, vecq.sharding

def peak():
    with open("/proc/self/status") as file:
        return int(re.search(r"VmHWM:\\s+(\\d+) kB", file.read())[1]) << 10

with open(sys.argv[1], "rb") as file:
    task = pickle.load(file)
before = peak()
shard = vecq.sharding.build_shard(task)
print(shard.rows, shard.bytes, peak() - before)
"""


def test_a_worker_needs_the_memory_of_its_shard(tmp_path, make):
    rng = np.random.default_rng(0)
    centers = 4 * rng.standard_normal((1000, DIM), np.float32)
    items = centers[rng.integers(0, 1000, ROWS)] + rng.standard_normal((ROWS, DIM), np.float32)
    folder = tmp_path / "shards"
    folder.mkdir()
    settings = {"m": 8, "ef_construction": 8, "link": "metric"}
    with FolderLock(folder):
        builder = make.steps(folder, items, shards=SHARDS, metric="cosine", settings=settings)
        task = builder.tasks(batch_rows=50_000)[0]
        (tmp_path / "task").write_bytes(pickle.dumps(task))
        done = subprocess.run(
            [sys.executable, "-I", "-c", SCRIPT, str(tmp_path / "task")],
            capture_output=True,
            text=True,
            check=True,
        )
    rows, size, used = map(int, done.stdout.split())
    assert rows == task.rows
    assert size + FLOATS + SCRATCH < SHARDS * FLOATS  # so that the bound says something
    assert used < size + FLOATS + SCRATCH
