"""Indexes under many threads, in forked children, interrupted, and reporting their progress."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import vecq

METRICS = ["ip", "cosine", "l2"]
DIM = 24
every_metric = pytest.mark.parametrize("metric", METRICS)


def sample(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)


ITEMS, QUERIES = sample(3000), sample(200, seed=1)


@every_metric
@pytest.mark.parametrize("threads", [1, 3])
def test_searches_at_once_are_as_one_by_one(metric, threads):
    index = vecq.Index(DIM, metric, rerank_codec="fp16").add(ITEMS)
    options = [{"k": k, "query_bits": bits} for k in (1, 5, 20) for bits in (8, 15)] * 4

    def answer(some):
        found = index.search(QUERIES, ef=40, threads=threads, **some)
        return found.ids.tobytes(), found.scores.tobytes(), found.hops, found.n_scored

    expected = [answer(some) for some in options[:6]] * 4
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(answer, options)) == expected


@every_metric
def test_additions_at_once_take_turns(metric):
    index, start = vecq.Index(DIM, metric), threading.Barrier(4)

    def add(part):
        start.wait()
        for first in range(part * 750, part * 750 + 750, 250):
            index.add(ITEMS[first : first + 250], range(first, first + 250), threads=2)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add, range(4)))
    stats = index.stats()
    assert (len(index), stats.rows, stats.unreachable) == (3000, 3000, 0)
    np.testing.assert_array_equal(np.sort(index.search(QUERIES[0], 3000).ids[0]), np.arange(3000))
    if metric != "ip":
        assert (index.search(ITEMS, 1).ids[:, 0] == np.arange(3000)).mean() >= 0.99


MEANWHILE = """
import faulthandler, os, threading, time
import numpy as np, vecq
faulthandler.dump_traceback_later(50, exit=True)
rows = np.random.default_rng(0).standard_normal((6000, 24)).astype("f4")
index, done, faults = vecq.Index(24, {metric!r}).add(rows[:3000]), threading.Event(), []

def search(size):
    seen = 3000
    while not done.is_set():
        before = len(index)
        found = index.search(rows[:size], 20)
        after = len(index)
        for ids, scores, count in zip(found.ids, found.scores, found.counts):
            if count != 20 or len(set(ids)) != 20 or ids.min() < 0 or ids.max() >= 6000:
                faults.append((ids, count))
            if not (np.diff(scores) <= 0).all():
                faults.append(scores)
        stats = index.stats()
        if not seen <= before <= after <= stats.rows or stats.degrees.sum() != stats.rows:
            faults.append((seen, before, after, stats))
        seen = stats.rows
        time.sleep(0.002)

threads = [threading.Thread(target=search, args=(size,)) for size in (1, 7, 40, 150)]
for thread in threads:
    thread.start()
for first in range(3000, 6000, 500):
    index.add(rows[first : first + 500])
done.set()
for thread in threads:
    thread.join()
assert not faults, faults[0]
assert len(index) == 6000 and index.stats().unreachable == 0
"""


@every_metric
def test_searches_go_on_during_an_addition(metric, python):
    result = python(MEANWHILE.format(metric=metric), vecq.cpu().active)
    assert result.returncode == 0, result.stderr


# Four threads leave no moment without a search.
BUSY = """
import faulthandler, threading, time
import numpy as np, vecq
faulthandler.dump_traceback_later(50, exit=True)
rows = np.random.default_rng(0).standard_normal((4000, 24)).astype("f4")
index, done = vecq.Index(24, "l2").add(rows[:3000]), threading.Event()

def search():
    while not done.is_set():
        index.search(rows[:1000], 10)

threads = [threading.Thread(target=search) for _ in range(4)]
adding = threading.Thread(target=lambda: index.add(rows[3000:]))
for thread in threads:
    thread.start()
adding.start()
adding.join(5)
added = not adding.is_alive()
done.set()
for thread in [*threads, adding]:
    thread.join()
assert added, "the addition waited until nobody searched"
"""


def test_searches_do_not_keep_an_addition_waiting(python):
    result = python(BUSY, vecq.cpu().active)
    assert result.returncode == 0, result.stderr


FORK = """
import faulthandler, os, threading
import numpy as np, vecq
faulthandler.dump_traceback_later(50, exit=True)
rows = np.random.default_rng(0).standard_normal((2000, 24)).astype("f4")
for metric in ("ip", "cosine", "l2"):
    index = vecq.Index(24, metric, rerank_codec="fp16").add(rows, threads=2)
    def answers():
        return index.search(rows[:200], 5, threads=2).scores.tobytes()
    expected = answers()  # by a pool of threads that a child does not have
    idle, over = threading.Thread(target=lambda: over.wait()), threading.Event()
    idle.start()
    for _ in range(2):
        child = os.fork()
        if child == 0:
            same = answers() == expected
            index.add(rows[:300] + 1, threads=2)
            found = index.search(rows[:300] + 1, 2300, threads=2).counts
            os._exit(0 if same and len(index) == 2300 and (found == 2300).all() else 1)
        assert os.waitpid(child, 0)[1] == 0, metric
        assert answers() == expected and len(index) == 2000
    over.set()
    idle.join()
"""


def test_a_forked_child_searches_and_adds(python):
    result = python(FORK, vecq.cpu().active)
    assert result.returncode == 0, result.stderr


CTRL_C = """
import faulthandler, os, signal, threading, time
import numpy as np, vecq
faulthandler.dump_traceback_later(50, exit=True)
signal.signal(signal.SIGINT, signal.default_int_handler)
rows = np.random.default_rng(0).standard_normal((100_000, 64)).astype("f4")
index, begun, sent = vecq.Index(64, {metric!r}, m=8, ef_construction=40), threading.Event(), []

def press():
    begun.wait()
    time.sleep(0.13)
    sent.append(time.perf_counter())
    os.kill(os.getpid(), signal.SIGINT)

def progress(done, total):
    if done >= 2000:
        begun.set()

threading.Thread(target=press).start()
try:
    index.add(rows, build="incremental", progress=progress)
    raise AssertionError("it was not interrupted")
except KeyboardInterrupt:
    waited = time.perf_counter() - sent[0]
assert waited < 1, waited
count, stats = len(index), index.stats()
assert 2000 <= count < 100_000 and stats.rows == stats.degrees.sum() == count, (count, stats)
assert stats.unreachable == 0, stats
ids = np.sort(index.search(rows[0], count).ids[0])
assert len(set(ids)) == count and ids[0] >= 0 and ids[-1] < 100_000
own = index.search(rows[ids[:500]], 10, ef=300).ids
assert (own == ids[:500, None]).any(axis=1).mean() >= 0.9
left = np.setdiff1d(np.arange(100_000), ids)[:1000]
stats = index.add(rows[left], left).stats()
assert stats.rows == count + 1000 and stats.unreachable == 0, stats
own = index.search(rows[left], 10, ef=300).ids
assert (own == left[:, None]).any(axis=1).mean() >= 0.9
assert len(index.add(rows[0])) == count + 1001
"""


@every_metric
def test_ctrl_c_ends_an_addition(metric, python):
    result = python(CTRL_C.format(metric=metric), vecq.cpu().active)
    assert result.returncode == 0, result.stderr


class EnoughError(Exception):
    pass


@every_metric
@pytest.mark.parametrize("codec", ["int8", "fp32"])
@pytest.mark.parametrize("limit", [0, 0.3, 1])
def test_a_progress_function_may_end_an_addition(metric, codec, limit):
    index = vecq.Index(DIM, metric, codec).add(ITEMS[:500])
    expected = 500

    def progress(done, total):
        nonlocal expected
        expected = 500 + min(done, 2500)
        if done >= limit * total:
            raise EnoughError

    with pytest.raises(EnoughError):
        index.add(ITEMS[500:], progress=progress)
    stats = index.stats()
    assert len(index) == stats.rows == expected
    assert stats.unreachable == 0
    ids = np.sort(index.search(QUERIES[0], 3000).ids[0, :expected])
    assert len(set(ids)) == expected
    assert index.add(ITEMS[500:]).stats().unreachable == 0
    assert len(index) == expected + 2500
    assert (index.search(QUERIES[:9], 6000).counts == len(index)).all()


@every_metric
def test_progress_rises_to_the_total(metric):
    index, seen = vecq.Index(DIM, metric), []
    users = QUERIES if metric == "ip" else None
    for count, given in [(1, None), (999, users), (2000, None)]:
        seen.clear()
        first = len(index)
        index.add(
            ITEMS[first : first + count],
            users=given,
            progress=lambda done, total: seen.append((done, total, len(index))),
        )
        done, total, rows = np.array(seen).T
        assert (np.diff(done) >= 0).all()
        assert (np.diff(rows) >= 0).all()
        assert (done <= total).all()
        assert done[-1] == total[-1] >= count
        assert (done[:-1] < total[:-1]).all()
        assert rows[-1] == first + count


def test_a_progress_function_may_search():
    index, hits = vecq.Index(DIM, "l2"), []

    def progress(done, total):
        found = index.search(QUERIES, 3, threads=2)
        hits.append(found.counts.min() == 3 and found.ids.max() < 3000)

    index.add(ITEMS, progress=progress)
    assert all(hits)


def test_bars(capsys):
    index = vecq.Index(DIM).add(ITEMS[:300], progress=True)
    assert "100%" in capsys.readouterr().err
    index.add(ITEMS[300:600]).add(ITEMS[600:900], progress=False)
    assert capsys.readouterr().err == ""
