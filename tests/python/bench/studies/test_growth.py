"""The study of growth finds true neighbors and measures a small set."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
from studies.growth import Nearest

ROOT = Path(__file__).parents[4]


def test_nearest_rows_among_blocks_are_those_of_all_rows():
    rng = np.random.default_rng(0)
    rows, queries = (rng.standard_normal((n, 8), dtype=np.float32) for n in (1_000, 20))
    nearest = Nearest(queries)
    for first in range(0, 1_000, 300):
        nearest.add(rows[first : first + 300], first)
    distances = ((queries[:, None] - rows) ** 2).sum(2)
    np.testing.assert_array_equal(nearest.sorted(), np.argsort(distances, axis=1)[:, :100])


def test_a_line_per_size_and_build():
    command = [sys.executable, "-I", "bench/studies", "growth", "--rows", "4000", "6000"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(record["rows"], record["build"]) for record in records] == [
        (rows, build) for rows in (4_000, 6_000) for build in ("bulk", "incremental")
    ]
    for record in records:
        assert 0 < record["index GB"] < 0.01
        assert record["peak GB"] > 0
        assert 10 <= record["k=10"]["ef"] < 3000
