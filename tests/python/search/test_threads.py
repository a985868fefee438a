"""Concurrent searches, each with its own filter and exclusions, while another thread adds."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import numpy as np
import pytest

import vecq
from vecq.search import request
from vecq.search.exclusions import Exclusions

PLANS = ["auto", "walk", "step_over", "scan"]


def test_concurrent_searches_use_their_own_filters(small):
    rng = np.random.default_rng(0)
    calls = []
    for i in range(32):
        mask = rng.random(1500) < rng.random()
        seen = [np.flatnonzero(rng.random(1500) < 0.3 * rng.random()) for _ in range(40)]
        calls.append((PLANS[i % 4], int(rng.integers(1, 200)), 1 + i % 3, mask, seen))

    def answer(given):
        plan, k, threads, mask, seen = given
        options = {"plan": plan, "allow": mask, "exclude": seen, "threads": threads}
        found = small.index.search(small.queries, k, **options)
        passing = np.tile(mask, (40, 1))
        for row, ids in zip(passing, seen, strict=True):
            row[ids] = False
        small.check(found, passing, best=plan == "scan")
        return found.ids.tobytes()

    expected = [answer(given) for given in calls]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(answer, calls)) == expected


# Ids are 0, 1, 2, ...; even ones may be found, and a user has seen a few.
MEANWHILE = """
import faulthandler, threading
import numpy as np, vecq
faulthandler.dump_traceback_later(50, exit=True)
rows = np.random.default_rng(0).standard_normal((6000, 16)).astype("f4")
index = vecq.Index(16, {metric!r}, m=8, ef_construction=40).add(rows[:2000])
even = vecq.Filter(index, allow=range(0, 10_000, 2))
later = vecq.Filter(index, deny=range(1, 2000, 2))
done, faults = threading.Event(), []

def search(seed):
    rng = np.random.default_rng(seed)
    while not done.is_set():
        plan = ["auto", "walk", "step_over", "scan"][rng.integers(4)]
        count, k = int(rng.integers(1, 50)), int(rng.integers(1, 60))
        seen = [rng.choice(2000, 30) for _ in range(count)]
        allow = [even, later, range(0, 2000, 2)][rng.integers(3)]
        found = index.search(
            rows[:count], k, allow=allow, exclude=seen, plan=plan, threads=int(rng.integers(3))
        )
        size = len(index)
        if not 0 < len(later) <= size or len(even) != 1000 or len(index.ids) < size:
            faults.append((len(later), len(even), size))
        for ids, own, scores in zip(found.ids, seen, found.scores):
            old = ids[ids < 2000]
            if (found.counts != k).any() or len(set(ids)) != k or ids.min() < 0:
                faults.append((plan, ids))
            if np.isin(ids, own).any() or (old % 2).any() or not (np.diff(scores) <= 0).all():
                faults.append((plan, ids))
            if allow is not later and len(old) < k:
                faults.append((plan, ids))

def guarded(seed):
    try:
        search(seed)
    except BaseException as error:
        faults.append(error)

threads = [threading.Thread(target=guarded, args=(seed,)) for seed in range(6)]
for thread in threads:
    thread.start()
for first in range(2000, 6000, 400):
    index.add(rows[first : first + 400])
done.set()
for thread in threads:
    thread.join()
assert not faults, faults[0]
assert len(later) == 5000 and len(index) == 6000
"""


def test_filters_hold_while_another_thread_adds(metric, python):
    result = python(MEANWHILE.format(metric=metric), vecq.cpu().active)
    assert result.returncode == 0, result.stderr


def test_ids_can_be_read_while_another_thread_adds():
    rows = np.random.default_rng(0).standard_normal((2000, 8)).astype(np.float32)
    index, done, told = vecq.Index(8, m=4, ef_construction=10).add(rows[:10]), Event(), []

    def tell():
        while not done.is_set():
            told.append(len(index.ids))

    with ThreadPoolExecutor(4) as pool:
        telling = [pool.submit(tell) for _ in range(4)]
        for first in range(10, 2000, 10):
            index.add(rows[first : first + 10])
        done.set()
    for future in telling:
        future.result()
    assert 10 <= min(told) <= max(told) <= 2000


def test_a_progress_function_may_filter(metric):
    rows = np.random.default_rng(1).standard_normal((3000, 16)).astype(np.float32)
    index = vecq.Index(16, metric).add(rows[:500])
    before, right = vecq.Filter(index, deny=[3]), []

    def progress(done, total):
        size = len(index)
        mask = np.arange(size) % 3 == 0
        order = index.ids
        for plan in PLANS:
            found = index.search(rows[0], size, allow=mask, deny=[0], plan=plan)
            right.append(set(found.ids[0].tolist()) - {-1} == set(order[mask].tolist()) - {0})
        right.append(len(before) == size - 1)

    index.add(rows[500:], progress=progress)
    assert len(right) >= 10
    assert all(right)


@pytest.mark.parametrize("threads", [1, 2])
def test_an_interrupted_batch_leaves_the_index_whole(small, threads, monkeypatch):
    """An exception may be raised between two slices of a batch."""
    monkeypatch.setattr(request, "MOST", 16)
    calls, expected = [], small.index.search(small.queries, 5, plan="scan").ids

    def stop(*given):
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return original(*given)

    original = Exclusions.part
    with monkeypatch.context() as patched:
        patched.setattr(Exclusions, "part", stop)
        with pytest.raises(KeyboardInterrupt):
            small.index.search(small.queries, 5, exclude=[[]] * 40, threads=threads)
    found = small.index.search(small.queries, 5, plan="scan", exclude=[[]] * 40, threads=threads)
    np.testing.assert_array_equal(found.ids, expected)
