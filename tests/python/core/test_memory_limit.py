"""Threads that begin to call when memory is used up: they get errors, and the process lives."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="RLIMIT_AS limits all memory on Linux only"
)

START = """
import ctypes, os, resource, sys, threading
import numpy as np, vecq
from vecq._native import ffi, lib

UNLIMITED = (resource.RLIM_INFINITY,) * 2
rows = np.random.default_rng(0).standard_normal((3_000, 32)).astype("f4")
index = vecq.Index(32, "l2", m=8, ef_construction=50).add(rows, threads=1)

def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()

def survives(body):
    # Whether a child ran body() to its end. The loader exits where it finds no memory for a thread.
    child = os.fork()
    if child == 0:
        try:
            body()
        except BaseException as error:
            print(repr(error), file=sys.stderr, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1] == 0
"""

# All is allocated before: the threads, what they pass, and what Python and cffi keep of a thread.
FIRST_CALLS = """
THREADS = 16
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p

def exhaust():
    resource.setrlimit(resource.RLIMIT_AS, (used(), resource.RLIM_INFINITY))
    for size in [1 << power for power in range(24, 10, -1)]:
        while libc.malloc(size):
            pass
    exhaust_own()

SMALL = [ctypes.c_size_t(size) for size in range(1024, 0, -8)]

def exhaust_own():
    # What was freed by a thread is kept for it.
    for size in SMALL:
        while libc.malloc(size):
            pass

def body():
    queries = np.ascontiguousarray(rows[:1])
    search = ffi.new("vecq_search_options *", {"k": k, "ef": 10, "query_bits": 15, "threads": 1})
    search.struct_size = ffi.sizeof("vecq_search_options")
    ids, scores = ffi.new("int64_t[]", 10), ffi.new("float[]", 10)
    counts, vectors = ffi.new("int64_t[]", 1), ffi.from_buffer("float[]", queries)
    started, go = threading.Barrier(THREADS + 1), threading.Event()
    statuses = [-1] * THREADS

    def call(number):
        lib.vecq_version()
        started.wait()
        while not is_used_up[0]:
            pass
        exhaust_own()
        statuses[number] = lib.vecq_index_search(
            index._native.handle, search, vectors, 1, ids, scores, counts, ffi.NULL, ffi.NULL
        )

    is_used_up = [False]
    threads = [threading.Thread(target=call, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    started.wait()
    exhaust()
    is_used_up[0] = True
    for thread in threads:
        thread.join()
    resource.setrlimit(resource.RLIMIT_AS, UNLIMITED)
    assert set(statuses) <= expected, statuses

for k, status in ((10, lib.VECQ_OK), (0, lib.VECQ_INVALID_ARGUMENT)):
    expected = {status, lib.VECQ_OUT_OF_MEMORY}
    for round in range(4):
        assert survives(body), (k, round)
"""

# Threads of the library begin with ever more memory.
SLOWLY_MORE = """
def body():
    resource.setrlimit(resource.RLIMIT_AS, (used() + room, resource.RLIM_INFINITY))

    try:
        index.search(rows[:200], 500, threads=4)
    except MemoryError:
        pass
    try:
        index.add(rows[:500], threads=4)
    except MemoryError:
        pass

for room in [step << 18 for step in range(100)]:
    assert survives(body), room
"""


def run(script, **environment):
    result = subprocess.run(
        [sys.executable, "-I", "-c", START + script],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr[-2000:]


def test_a_thread_may_call_first_when_there_is_no_memory():
    # Else each thread has memory that was reserved for it.
    run(FIRST_CALLS, MALLOC_ARENA_MAX="1")


def test_any_room_is_enough_for_an_error():
    run(SLOWLY_MORE)
