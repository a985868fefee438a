"""vecq.Live: versions are swapped in whole, bad files keep the old one, a fork follows on."""

import gc
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import vecq

DIM, K = 16, 5


def vectors(rows, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, DIM), dtype=np.float32)


def save(path, rows, first=0):
    """Save an index whose ids start at `first`."""
    index = vecq.Index(DIM, "cosine").add(vectors(rows), ids=np.arange(first, first + rows))
    index.save(path, overwrite=True)
    return index


def wait_for(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.fixture
def path(tmp_path):
    save(tmp_path / "items.vecq", 200)
    return tmp_path / "items.vecq"


def test_it_answers_as_the_index_does(path):
    index, queries = vecq.open(path), vectors(3, seed=1)
    with vecq.Live(path, interval=None) as live:
        for found, expected in [
            (live.search(queries, K, ef=50), index.search(queries, K, ef=50)),
            (live.search_by_ids([3], K), index.search_by_ids([3], K)),
            (live.search_range(queries, 0.5), index.search_range(queries, 0.5)),
            (live.searcher(K)(queries), index.searcher(K)(queries)),
        ]:
            assert np.array_equal(found.ids, expected.ids)
        assert next(live.search_iter(queries[0], 7)).counts.tolist() == [7]
        assert np.array_equal(live.get([1, 2]), index.get([1, 2]))
        assert live.stats().rows == index.stats().rows
        assert (live.dim, live.metric, len(live)) == (DIM, "cosine", 200)
        assert (live.codec.kind, live.rerank_codec, live.recall_curve) == ("int8", None, None)
        assert np.array_equal(live.ids, index.ids)
        assert 3 in live
        assert 300 not in live
        assert (live.swaps, live.error) == (0, None)
        assert live.version in repr(live)
    assert repr(live) == "<vecq.Live, closed>"


def test_a_new_version_is_followed(path):
    with vecq.Live(path, interval=0.01) as live:
        old, version = live.index, live.version
        save(path, 300)
        wait_for(lambda: live.swaps == 1)
        assert (len(live), len(old), live.error) == (300, 200, None)
        assert live.version != version
        assert len(old.search(vectors(1), K).ids[0]) == K  # the old version still answers


def test_the_same_content_is_no_swap(path):
    with vecq.Live(path, interval=None) as live:
        content, index = path.read_bytes(), live.index
        path.with_suffix(".new").write_bytes(content)
        path.with_suffix(".new").rename(path)
        assert not live.reload()
        assert live.index is index


def flipped(content):
    """Content whose last byte that is not zero is another one."""
    at = len(content.rstrip(b"\0")) - 1
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize("spoil", [lambda old: b"no index", flipped, lambda old: old[:-5000]])
def test_a_bad_file_keeps_the_old_version(path, spoil):
    errors, content = [], path.read_bytes()
    with vecq.Live(path, interval=0.01, on_error=errors.append) as live:
        bad = path.with_suffix(".bad")
        bad.write_bytes(spoil(content))
        bad.rename(path)
        wait_for(lambda: live.error)
        assert isinstance(live.error, vecq.CorruptFileError)
        assert str(live.error).startswith(str(path))
        assert live.error.filename == str(path)
        time.sleep(0.05)
        assert errors == [live.error]  # told once
        assert len(live.search(vectors(1), K).ids[0]) == K
        save(path, 210)
        wait_for(lambda: live.swaps == 1)
        assert live.error is None


def test_a_missing_file_keeps_the_old_version(path):
    with vecq.Live(path, interval=None) as live:
        path.unlink()
        with pytest.warns(vecq.ReloadWarning, match="the old version is kept: .*No such file"):
            assert not live.reload()
        assert isinstance(live.error, vecq.FileError)
        assert len(live) == 200
        save(path, 200)
        assert not live.reload()  # it has the same content
        assert live.error is None


def test_searches_during_swaps_see_one_version_each(path):
    """Ids of version v lie between 1000 v and 1000 v + 200."""
    stop, faults, done = threading.Event(), [], [0]

    def search(live):
        queries = vectors(40, seed=2)
        while not stop.is_set():
            ids = live.search(queries, K).ids // 1000
            done[0] += 1
            if ids.min() != ids.max():
                faults.append(ids)

    with vecq.Live(path, interval=0.001, verify="header") as live:
        threads = [threading.Thread(target=search, args=(live,)) for _ in range(3)]
        for thread in threads:
            thread.start()
        for version in range(1, 20):
            save(path, 200, first=1000 * version)
            wait_for(lambda version=version: live.swaps == version)
        stop.set()
        for thread in threads:
            thread.join()
    assert not faults
    assert done[0] > 20


def files_in_use(path):
    """Mapped files and open descriptors of a path, present or past."""
    with open("/proc/self/maps") as lines:
        mapped = {line.split()[4] for line in lines if str(path) in line}
    links = [f"/proc/self/fd/{name}" for name in os.listdir("/proc/self/fd")]
    return len(mapped), sum(str(path) in os.readlink(own) for own in links if os.path.lexists(own))


def test_old_versions_are_unmapped(path):
    with vecq.Live(path, interval=None) as live:
        before = files_in_use(path)
        for rows in range(201, 206):
            save(path, rows)
            assert live.reload()
        gc.collect()
        assert files_in_use(path) == before


def test_a_closed_or_forgotten_handle_ends_its_thread(path):
    def followers():
        return [one for one in threading.enumerate() if one.name == "vecq.Live"]

    live = vecq.Live(path, interval=0.01)
    assert len(followers()) == 1
    live.close()
    wait_for(lambda: not followers())
    closed = live
    for call in (lambda: closed.search(vectors(1), K), lambda: closed.version, closed.reload):
        with pytest.raises(vecq.ArgumentError, match="index is closed"):
            call()
    live = vecq.Live(path, interval=0.01)
    del live
    gc.collect()
    wait_for(lambda: not followers())


def test_a_callback_sees_the_new_version(path):
    seen = []
    with vecq.Live(path, interval=None, on_swap=lambda live: seen.append(len(live))) as live:
        save(path, 250)
        assert live.reload()
    assert seen == [250]


def test_a_forked_child_follows_on(path):
    code = f"""
import os, sys, time, vecq
live = vecq.Live({str(path)!r}, interval=0.01)
child = os.fork()
if child == 0:
    end = time.monotonic() + 10
    while live.swaps == 0 and time.monotonic() < end:
        time.sleep(0.01)
    found = len(live), live.search(live.get([0]), 1).ids.tolist()
    os._exit(0 if found == (220, [[0]]) else 1)
time.sleep(0.1)
vecq.open({str(path)!r}, writable=True).add({vectors(20, 3).tolist()!r}).save({str(path)!r})
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    done = subprocess.run([sys.executable, "-I", "-W", "ignore", "-c", code], check=False)
    assert done.returncode == 0


def test_wrong_arguments_are_named(path, refuse, tmp_path):
    refuse("interval", "expected seconds above 0", vecq.Live, path, interval=0)
    refuse("interval", "expected a number", vecq.Live, path, interval="soon")
    refuse("warm", "expected a whole number", vecq.Live, path, warm=-1)
    refuse("verify", "expected one of", vecq.Live, path, verify="some")
    refuse("preload", "expected True, False", vecq.Live, path, preload="some")
    refuse("path", "expected the path", vecq.Live, 7)
    with pytest.raises(vecq.FileError, match=r"nothing\.vecq: No such file"):
        vecq.Live(tmp_path / "nothing.vecq")
    with pytest.raises(vecq.FileError, match="not a regular file"):
        vecq.Live(tmp_path)
