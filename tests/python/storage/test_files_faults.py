"""A save that fails or is killed at any point leaves the old file or the new one."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHIM = Path(__file__).with_name("faults.c")

# Runs in a process of its own, in an empty folder. There may be two files: `old` and `new`.
BEGIN = """
import ctypes, errno, faulthandler, os, resource, signal, sys, threading, time, traceback
import numpy as np, vecq
faulthandler.dump_traceback_later(100, exit=True)
FAIL, SHORT, KILL_BEFORE, KILL_AFTER, SLOW = range(5)
rows = np.random.default_rng(0).standard_normal((600, 16)).astype("f4")
index = vecq.Index(16, "l2", m=4, rerank_codec="fp16").add(rows[:300])

def content(path="a.vecq"):
    with open(path, "rb") as file:
        return file.read()

index.save("a.vecq")
old = content()
index.add(rows[300:])
index.save("b.vecq")
new = content("b.vecq")
os.remove("b.vecq")

def restore():
    with open("a.vecq", "wb") as file:
        file.write(old)

def sound():
    assert os.listdir() == ["a.vecq"], os.listdir()
    assert vecq.open("a.vecq", verify="full").check().ok

def set_fault(call, number, kind, value=0):
    ctypes.CDLL(None).set_fault(call.encode(), number, kind, value)

# How many such calls were still to come; from now on none meets with a fault.
def calls_left():
    left = ctypes.CDLL(None).calls_left()
    set_fault("", 0, FAIL)
    return left

# Calls `body` in a process of its own, so that this one's index still knows the old file.
def forked(body):
    child = os.fork()
    if child == 0:
        try:
            os._exit(10 + bool(body()))
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (10, 11), status
    return status == 11
"""

KILLED = """
for call in ("open", "ftruncate", "pwrite", "fsync", "close", "flock", "rename"):
    for kind in (KILL_BEFORE, KILL_AFTER):
        number, seen = 0, []
        while True:
            restore()
            number += 1
            child = os.fork()
            if child == 0:
                set_fault(call, number, kind)
                index.save("a.vecq")
                os._exit(0)
            status = os.waitpid(child, 0)[1]
            found = content()
            assert found in (old, new), (call, kind, number)
            assert vecq.open("a.vecq", verify="full").check().ok
            for name in os.listdir():  # left behind by a killed process
                if name.endswith(".tmp"):
                    os.remove(name)
            sound()
            if status == 0:
                assert found == new
                break
            assert os.WTERMSIG(status) == signal.SIGKILL, status
            seen.append(found == new)
        assert seen == sorted(seen), (call, kind, seen)  # first the old one, then the new one
        least = {
            **{"open": 4, "ftruncate": 1, "pwrite": 10, "fsync": 2, "close": 4},
            **{"flock": 2, "rename": 1},
        }
        assert len(seen) >= least[call], seen
"""

REFUSED = """
# The file has its name already when the folder cannot be written to disk.
named = [("fsync", 2)]
# Of files that were only read, and of the folder; and a lock that is released all the same.
harmless = [("close", 1), ("close", 3), ("close", 4), ("flock", 2)]

def is_the_last(call, number, code):
    set_fault(call, number, FAIL, code)
    try:
        index.save("a.vecq")
    except vecq.FileError as error:
        calls_left()
        assert (error.errno, error.filename) == (code, "a.vecq"), error
        assert "a.vecq" in str(error) and os.strerror(code) in str(error), error
    else:
        if calls_left() > 0:  # no such call is left
            assert content() == new
            return True
        assert (call, number) in harmless, (call, number)
    expected = new if (call, number) in (*named, *harmless) else old
    assert content() == expected, (call, number)
    sound()

for call in ("open", "ftruncate", "pwrite", "fsync", "close", "flock", "rename"):
    for code in (errno.EIO, errno.ENOSPC, errno.EDQUOT):
        restore()
        number = 1
        while not forked(lambda: is_the_last(call, number, code)):
            restore()
            number += 1
        assert number > 1
"""

HINDERED = """
def is_the_last(call, kind, number):
    set_fault(call, number, kind, errno.EINTR)
    index.save("a.vecq")
    left = calls_left()
    assert content() == new, (call, kind, number)
    sound()
    return left > 0

for call in ("open", "ftruncate", "pwrite", "fsync", "close", "flock"):
    for kind in (FAIL, SHORT) if call == "pwrite" else (FAIL,):
        restore()
        number = 1
        while not forked(lambda: is_the_last(call, kind, number)):
            restore()
            number += 1
        assert number > 1
"""

LOCKLESS = """
for code in (errno.EBADF, errno.ENOLCK, errno.EOPNOTSUPP):  # as on network file systems
    set_fault("flock", 1, FAIL, code)
    index.save("a.vecq")
    assert calls_left() == 0
    assert content() == new
    sound()
"""

# Each process adds items, one by one, and saves them all in one file.
# A process that is too late tries again.
RACING = """
start = len(vecq.open("a.vecq"))

def add(first):
    own = np.random.default_rng(first).standard_normal((6, 16)).astype("f4")
    saved = refused = 0
    while saved < 6:
        mine = vecq.open("a.vecq", writable=True).add(own[saved : saved + 1], [first + saved])
        set_fault("rename", 0, SLOW, 20)
        try:
            mine.save("a.vecq")
            saved += 1
        except vecq.FileChangedError:
            refused += 1
    assert refused < 500

children = []
for first in (10_000, 20_000, 30_000):
    child = os.fork()
    if child == 0:
        try:
            add(first)
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    children.append(child)
assert [os.waitpid(child, 0)[1] for child in children] == [0] * 3
assert len(vecq.open("a.vecq")) == start + 18
sound()
"""

CTRL_C = """
signal.signal(signal.SIGINT, signal.default_int_handler)
large = vecq.Index(256, "l2", "fp32", m=2, ef_construction=1)
large.add(np.random.default_rng(0).standard_normal((30_000, 256)).astype("f4"))
restore()
set_fault("pwrite", 1, SLOW, 10)
sent = []

def press():
    time.sleep(0.3)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=press).start()
try:
    large.save("a.vecq")
    raise AssertionError("it was not interrupted")
except KeyboardInterrupt:
    waited = time.perf_counter() - sent[0]
assert waited < 1, waited
assert content() == old
sound()
assert len(large.add(np.ones((1, 256), "f4"))) == 30_001
"""

TOO_LARGE = """
resource.setrlimit(resource.RLIMIT_FSIZE, (len(old), resource.RLIM_INFINITY))
restore()
try:
    index.save("a.vecq")
    raise AssertionError("there was no limit")
except vecq.FileError as error:
    assert error.errno == errno.EFBIG, error
assert content() == old
sound()
"""

NO_MEMORY = """
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
wide = vecq.Index(1024, "l2", "fp32", m=2, ef_construction=1)
wide.add(np.random.default_rng(0).standard_normal((8_000, 1024)).astype("f4")).save("wide.vecq")
del wide
with open("/proc/self/statm") as file:
    used = int(file.read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (8 << 20), resource.RLIM_INFINITY))
for writable in (False, True):
    try:
        vecq.open("wide.vecq", writable)
        raise AssertionError("there was no limit")
    except MemoryError as error:
        assert isinstance(error, vecq.OutOfMemoryError)
assert vecq.open("a.vecq").search(rows[:1], 5).counts[0] == 5
"""


# What is asked of the system never comes from memory that was given back.
CRAMPED = """
index = vecq.Index(64, "l2", m=4, rerank_codec="fp32")
rows = np.random.default_rng(0).standard_normal((6_000, 64)).astype("f4")
index.add(rows[:3_000])
truth = index.search(rows[:50], 10).ids

def add():
    index.add(rows[3_000:])

def search():
    index.search(rows[:2000], 3_000)

def save():
    index.save("a.vecq")

def used():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()

def fails(call, room):
    resource.setrlimit(resource.RLIMIT_AS, (used() + room, resource.RLIM_INFINITY))
    try:
        call()
    except MemoryError:
        return True
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY,) * 2)
    return False

restore()
for call in (search, save, add):
    rooms = 0
    while fails(call, rooms << 18):
        rooms += 1
        assert content() == old
        sound()
        assert len(index) == 3_000 and index.check().ok, call
        assert (index.search(rows[:50], 10).ids == truth).all(), call
        assert rooms < 1_000
    assert rooms > 0, call
    index.save("b.vecq")
    assert vecq.open("b.vecq", verify="full").check().ok
    os.remove("b.vecq")
    restore()
assert len(index) == 6_000
"""


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip(
            "*** saves that fail are not tested: no C compiler to build the faults with ***"
        )
    library = tmp_path_factory.mktemp("shim") / "faults.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-Wall", "-o", library, SHIM, "-ldl"], check=True)
    return library


def run(code, folder, **environment):
    result = subprocess.run(
        [sys.executable, "-I", "-c", BEGIN + code],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("code", [KILLED, REFUSED, HINDERED, LOCKLESS, RACING, CTRL_C])
def test_faults(code, shim, tmp_path):
    run(code, tmp_path, LD_PRELOAD=str(shim))


@pytest.mark.parametrize("code", [TOO_LARGE, NO_MEMORY])
def test_limits(code, tmp_path):
    run(code, tmp_path)


def test_an_index_survives_failed_allocations(tmp_path):
    run(CRAMPED, tmp_path, MALLOC_MMAP_THRESHOLD_="65536", OPENBLAS_NUM_THREADS="1")


@pytest.fixture
def disk(tmp_path):
    """A file system of 1 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        pytest.skip(
            "*** full and read-only disks are not tested: no file system can be mounted here: "
            f"{mounted.stderr.strip()} ***"
        )
    yield folder
    subprocess.run(["umount", folder], check=True)


FULL = """
large = vecq.Index(256, "l2", "fp32", m=2).add(np.zeros((2000, 256), "f4"))
for _ in range(2):
    try:
        large.save("a.vecq")
        raise AssertionError("there was room")
    except vecq.FileError as error:
        assert error.errno == errno.ENOSPC, error
    assert content() == old
    sound()
index.save("a.vecq")
assert content() == new
"""

READ_ONLY = """
import subprocess
subprocess.run(["mount", "-o", "remount,ro", os.getcwd()], check=True)
try:
    index.save("a.vecq")
    raise AssertionError("it could be written to")
except vecq.FileError as error:
    assert error.errno == errno.EROFS, error
assert content() == old
sound()
"""


@pytest.mark.parametrize("code", [FULL, READ_ONLY])
def test_disks(code, disk):
    run("restore()\n" + code, disk)
