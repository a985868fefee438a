"""Opened files: equal to the saved index, grown, preloaded, locked and shared."""

import subprocess
import sys

import numpy as np
import pytest

import vecq

from .conftest import DIM, ITEMS, QUERIES, answers, built, every_metric


@every_metric
@pytest.mark.parametrize("rerank_codec", [None, "fp16"])
@pytest.mark.parametrize("verify", ["header", "full"])
@pytest.mark.parametrize("preload", [False, "walk", True, "copy"])
def test_an_opened_index_equals_the_saved_one(metric, rerank_codec, verify, preload, path):
    index = built(metric, rerank_codec=rerank_codec)
    index.save(path)
    for writable in (False, True):
        opened = vecq.open(path, writable, verify=verify, preload=preload)
        assert repr(opened) == repr(index)
        assert (opened.dim, opened.metric, len(opened)) == (DIM, metric, 1000)
        assert answers(opened) == answers(index)
        assert opened.check().ok


@every_metric
def test_an_opened_index_grows_like_the_original(metric, path):
    index = built(metric)
    index.save(path)
    opened = vecq.open(str(path), writable=True)
    for first in (1000, 1010, 1500):
        part = ITEMS[first : first + 500]
        index.add(part, np.arange(len(part)) + 1000 * first, threads=1)
        opened.add(part, np.arange(len(part)) + 1000 * first, threads=1)
        assert answers(opened) == answers(index)
    assert len(vecq.open(path)) == 1000  # not saved yet
    opened.save(path)  # over the file that it is mapped from
    assert answers(vecq.open(path)) == answers(index) == answers(opened)
    with pytest.raises(vecq.ArgumentError, match="taken already"):
        vecq.open(path, writable=True).add(ITEMS[:1], [0])


def test_a_read_only_index_refuses_changes(path):
    built().save(path)
    opened = vecq.open(path)
    before = answers(opened)
    with pytest.raises(vecq.ReadOnlyError, match="writable=True"):
        opened.add(ITEMS)
    opened.add(ITEMS[:0])
    assert answers(opened) == before


def test_settings_survive(path):
    codec = vecq.Codec("int16", scale="global", calibration="mse", center=True, rotate=True, seed=7)
    index = vecq.Index(DIM, "l2", codec, m=5, ef_construction=33, seed=2**63, rerank_codec="fp32")
    index.save(path)
    opened = vecq.open(path, writable=True)
    assert repr(opened.codec) == repr(codec)
    assert repr(opened.rerank_codec) == repr(vecq.Codec("fp32"))
    index.add(ITEMS, threads=1)
    opened.add(ITEMS, threads=1)  # fits the codec
    assert answers(opened) == answers(index)
    opened.save(path)
    assert answers(vecq.open(path)) == answers(index)


def test_saving_an_opened_file_writes_the_same_bytes(path, tmp_path):
    index = built()
    index.save(path)
    vecq.open(path).save(tmp_path / "b.vecq")
    assert path.read_bytes() == (tmp_path / "b.vecq").read_bytes()


def test_preloaded_copies_are_read_only_unless_writable(path):
    index = built()
    index.save(path)
    opened = vecq.open(path, preload="copy")
    with pytest.raises(vecq.ReadOnlyError):
        opened.add(ITEMS)
    grown = vecq.open(path, writable=True, preload="copy").add(ITEMS[1000:], threads=1)
    assert answers(grown) == answers(index.add(ITEMS[1000:], threads=1))


def test_locking(path, refuse):
    built().save(path)
    for preload in (False, "walk", True):
        opened = vecq.open(path, preload=preload, lock=True)
        assert opened.search(QUERIES, 5).counts.min() == 5
    refuse("lock", "choose one", vecq.open, path, preload="copy", lock=True)


LOCKED = """
import resource, sys, vecq
resource.setrlimit(resource.RLIMIT_MEMLOCK, (0, 0))
try:
    vecq.open(sys.argv[1], lock=True)
except vecq.FileError as error:
    assert "ulimit -l" in str(error), error
else:
    assert open("/proc/self/status").read().split("CapEff:")[1].split()[0][-4] in "4567cdef"
"""


def test_locking_beyond_the_limit_is_refused(path):
    built().save(path)
    subprocess.run([sys.executable, "-I", "-c", LOCKED, path], check=True)


SHARING = """
import sys
import numpy as np, vecq
queries = np.random.default_rng(1).standard_normal((50, 16)).astype("f4")
sys.stdout.write(vecq.open(sys.argv[1]).search(queries, 10).ids.tobytes().hex())
"""


def test_many_processes_open_one_file(path):
    index = built()
    index.save(path)
    command = [sys.executable, "-I", "-c", SHARING, path]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    expected = index.search(QUERIES, 10).ids.tobytes().hex().encode()
    assert [process.communicate()[0] for process in running] == [expected] * 3
