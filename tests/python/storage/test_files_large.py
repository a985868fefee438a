"""Sparse files with more rows than a test could build or memory could hold."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from studies.memory import limited, run_in
from studies.stretched import stretch

import vecq
from vecq.core.memory import memory_limit

DIM = 16


def sample(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)


QUERIES = sample(50, seed=1)


@pytest.fixture
def small(tmp_path):
    """A file with enough rows for the cost model; smaller ones are scanned."""
    path = tmp_path / "small.vecq"
    vecq.Index(DIM, "l2", m=8, ef_construction=50).add(sample(1500), threads=1).save(path)
    return path


# In a process of its own, for what is mapped where is told of a process.
OPENING = """
import sys, time
import numpy as np, vecq
path = sys.argv[1]

def resident():
    found, own = 0, False
    with open("/proc/self/smaps") as file:
        for line in file:
            if "-" in line.split()[0]:
                own = line.rstrip().endswith(path)
            elif own and line.startswith("Rss:"):
                found += 1024 * int(line.split()[1])
    return found

def timed(call):
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result

queries = np.random.default_rng(1).standard_normal((50, 16)).astype("f4")
vecq.open(path)
print(min(timed(lambda: vecq.open(path))[0] for _ in range(3)))
index = vecq.open(path)
print(resident())
seconds, found = timed(lambda: index.search(queries[:1], 10, explain=True))
print(seconds)
print(resident())
print(found.explanation.plan)
print(len(index))
"""


def test_opening_time_does_not_depend_on_the_number_of_rows(small, tmp_path):
    large = tmp_path / "large.vecq"
    stretch(small, large, 10_000_000)
    assert large.stat().st_size > 1 << 30
    result = subprocess.run(
        [sys.executable, "-I", "-c", OPENING, str(large)], capture_output=True, text=True
    )
    assert result.returncode == 0, result.stderr
    opening, opened, searching, searched, plan, rows = result.stdout.split()
    assert (plan, rows) == ("walk", "10000000")
    # Generous: opening takes a millisecond or two on an idle machine.
    assert float(opening) < 0.2
    assert float(searching) < 0.5
    assert 0 < int(opened) < 4 << 20
    assert int(searched) < 32 << 20


# Searches a file of nearly the most rows as the one that it was stretched from.
SEARCHING = """
import time
import numpy as np, vecq

def memory():
    with open("/proc/self/status") as file:
        return next(1024 * int(line.split()[1]) for line in file if line.startswith("RssAnon"))

queries = np.random.default_rng(1).standard_normal((50, 16)).astype("f4")
small = vecq.open(SMALL)
options = {}, {"query_bits": 8}, {"ef": 600}, {"diversity": 0.3}
expected = [small.search(queries, 10, plan="walk", **own) for own in options]
vecq.open(LARGE)
start = time.perf_counter()
large = vecq.open(LARGE)
print(time.perf_counter() - start)
before = memory()
for own, wanted in zip(options, expected):
    for threads in 1, 2:
        found = large.search(queries, 10, plan="walk", threads=threads, **own)
        assert np.array_equal(found.ids, wanted.ids), own
        assert np.array_equal(found.scores, wanted.scores), own
print(memory() - before)
found = large.search(queries[0], 10, explain=True)
assert np.array_equal(np.ravel(found.ids), expected[0].ids[0])
print(found.explanation.plan)
print(len(large))
"""


@pytest.mark.parametrize("isa", vecq.cpu().isas, ids=lambda isa: isa.name)
@pytest.mark.parametrize(("metric", "codec"), [("l2", "int8"), ("ip", "fp32"), ("cosine", "int12")])
def test_rows_beyond_2_to_the_31_are_found(metric, codec, isa, python, tmp_path):
    if not isa.available:
        pytest.skip(f"{isa.name} can't run here: {isa.missing}")
    small, large = tmp_path / "small.vecq", tmp_path / "large.vecq"
    vecq.Index(DIM, metric, codec=codec, m=8, ef_construction=50).add(sample(1500), threads=1).save(
        small
    )
    stretch(small, large, 4_000_000_000, at_end=1200)
    result = python(f"SMALL, LARGE = {str(small)!r}, {str(large)!r}\n{SEARCHING}", isa.name)
    assert result.returncode == 0, result.stderr
    opening, searching, plan, rows = result.stdout.split()
    assert (plan, rows) == ("walk", "4000000000")
    # Generous: opening takes less than a millisecond on an idle machine.
    assert float(opening) < 0.2
    # A bit per row would take 500 MB.
    assert int(searching) < 64 << 20


def run_within(limit, code, path):
    try:
        with limited(limit) as group:
            return run_in(group, [sys.executable, "-I", "-c", code, str(path)])
    except OSError as error:
        pytest.skip(f"*** less memory is not tested: no control group can be made: {error} ***")


CRAMPED = """
import sys
import numpy as np, vecq
queries = np.random.default_rng(1).standard_normal((50, 16)).astype("f4")
index = vecq.open(sys.argv[1], preload=True)
sys.stdout.write(index.search(queries, 10).ids.tobytes().hex())
"""


def test_a_file_larger_than_memory(small, tmp_path):
    large, limit = tmp_path / "large.vecq", 200 << 20
    stretch(small, large, 3_000_000)
    assert large.stat().st_size > 2 * limit
    expected = vecq.open(large).search(QUERIES, 10).ids.tobytes().hex()
    result = run_within(limit, CRAMPED, large)
    assert (result.returncode, result.stdout) == (0, expected), result.stderr


def test_the_control_group_limits_memory(tmp_path):
    limit, code = 200 << 20, "from vecq.core.memory import memory_limit; print(memory_limit())"
    result = run_within(limit, code, tmp_path)
    assert (result.returncode, result.stdout) == (0, f"{limit}\n"), result.stderr
    assert limit < memory_limit() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


ASKING = """
import sys
import vecq
index, own, asked = vecq.open(sys.argv[1], preload=len(sys.argv) > 2), False, 0
with open("/proc/self/smaps") as file:
    for line in file:
        first, *rest = line.split()
        if not first.endswith(":"):
            own = line.rstrip().endswith(sys.argv[1])
        asked += own and first == "VmFlags:" and "hg" in rest
print(asked)
"""


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage").exists(),
    reason="*** asking for huge pages is not tested: this kernel has none ***",
)
def test_huge_pages_are_used_if_memory_suffices(small, tmp_path):
    large = tmp_path / "large.vecq"
    stretch(small, large, 300_000)
    size = large.stat().st_size
    free = subprocess.check_output([sys.executable, "-I", "-c", ASKING, str(large)])
    preloaded = subprocess.check_output([sys.executable, "-I", "-c", ASKING, str(large), "1"])
    assert int(free) > 0
    assert int(preloaded) > 0
    result = run_within(int(1.5 * size), ASKING, large)
    assert (result.returncode, result.stdout) == (0, "0\n"), result.stderr
