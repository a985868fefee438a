"""Filters and exclusions against all scores: never violated, and k results where k exist."""

import gc

import numpy as np
import pytest

import vecq
from vecq.search.filters import filter_of

PLANS = ["auto", "walk", "step_over", "scan"]
every_plan = pytest.mark.parametrize("plan", PLANS)
K = 10


def mask_of(ids, count):
    mask = np.zeros(count, bool)
    mask[np.asarray(ids, int)] = True
    return mask


@every_plan
@pytest.mark.parametrize("passing", [0, 1, K - 1, K, K + 1, 100, 1499, 1500])
def test_filters_of_any_selectivity(world, plan, passing):
    n = len(world.items)
    chosen = np.random.default_rng(passing).permutation(n)[:passing]
    mask = mask_of(chosen, n)
    for way in (
        {"allow": mask},
        {"allow": chosen},
        {"deny": ~mask},
        {"deny": np.flatnonzero(~mask)},
        {"allow": vecq.Filter(world.index, allow=mask)},
        {"exclude": [np.flatnonzero(~mask)] * 3},
    ):
        found = world.index.search(world.queries[:3], K, plan=plan, **way)
        world.check(found, mask, best=plan == "scan", queries=slice(3))


@every_plan
def test_excluding_all_items_returns_no_results(world, plan):
    everything = np.arange(len(world.items))
    passing = np.ones((3, len(world.items)), bool)
    passing[1] = False
    found = world.index.search(
        world.queries[:3], 5, plan=plan, exclude=[[], np.tile(everything, 2), []]
    )
    world.check(found, passing, queries=slice(3))


def test_filters_that_are_far_from_the_query(small):
    """The allowed items are far from the query."""
    worst = np.argsort(small.scores[0])[:30]
    for plan in PLANS:
        found = small.index.search(small.queries[0], K, allow=worst, plan=plan)
        small.check(found, mask_of(worst, len(small.items)), queries=slice(1))
        best = np.sort(small.scores[0, worst])[::-1][:K]
        np.testing.assert_array_equal(found.scores[0], best)


def test_forms_of_exclusions(small):
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    seen = [np.sort(rng.choice(1500, 200, replace=False)) for _ in range(40)]
    indptr, ids = np.arange(0, 8001, 200), np.concatenate(seen)
    passing = np.ones((40, 1500), bool)
    np.put_along_axis(passing, np.array(seen), False, axis=1)
    csr = sparse.csr_matrix((np.ones(8000), ids, indptr), shape=(40, 1500))
    expected = small.index.search(small.queries, K, exclude=seen, plan="scan")
    small.check(expected, passing, best=True)
    for exclude in (
        csr,
        sparse.csr_array(csr),
        (indptr, ids),
        (indptr.astype(np.int32), ids.astype(np.uint16)),
        (indptr + 3, np.concatenate([[7, 8, 9], ids])),
        (indptr.tolist(), ids.tolist()),
        np.array(seen),
        [row.tolist() for row in seen],
        [set(row.tolist()) for row in seen],
        [row.astype(np.uint64) for row in seen],
        [row[::-1].astype(">i4") for row in seen],
        tuple(seen),
    ):
        found = small.index.search(small.queries, K, exclude=exclude, plan="scan")
        np.testing.assert_array_equal(found.ids, expected.ids)
    one = small.index.search(small.queries[0], K, exclude=seen[0], plan="scan")
    np.testing.assert_array_equal(one.ids[0], expected.ids[0])


CHOICES = [
    range(5, 50),
    set(range(5, 50)),
    frozenset(range(5, 50)),
    list(range(5, 50)),
    np.arange(5, 50, dtype=np.uint8),
    np.arange(5, 50).astype(">i8"),
    np.arange(10, 100)[::2] // 2,
    [i in range(5, 50) for i in range(1500)],
    np.repeat(mask_of(range(5, 50), 1500), 2)[::2],
]


@pytest.mark.parametrize("choice", CHOICES, ids=lambda own: type(own).__name__)
def test_forms_of_filters(choice, small):
    assert len(vecq.Filter(small.index, allow=choice)) == 45
    assert len(vecq.Filter(small.index, deny=choice)) == 1455


def test_empty_filters(small):
    for nothing in ([], np.empty(0, np.int64), set(), np.empty(0)):
        assert len(vecq.Filter(small.index, allow=nothing)) == 0
        assert len(vecq.Filter(small.index, deny=nothing)) == 1500
        assert small.index.search(small.queries, 5, allow=nothing).counts.sum() == 0
    empty = vecq.Index(16)
    for way in ({"allow": np.empty(0, bool)}, {"deny": [3]}, {"exclude": [[1]] * 40}):
        assert empty.search(small.queries, 5, **way).counts.sum() == 0


def test_filters_are_combined(small):
    rng = np.random.default_rng(1)
    one, two = rng.random(1500) < 0.5, rng.random(1500) < 0.5
    first, second = vecq.Filter(small.index, one), vecq.Filter(small.index, two)
    for allow, deny, passing in [
        (first, second, one & ~two),
        (first, two, one & ~two),
        (one, second, one & ~two),
        (None, vecq.Filter(small.index, deny=one), one),
        (vecq.Filter(small.index, first, second), first, np.zeros(1500, bool)),
    ]:
        found = small.index.search(small.queries, 30, allow=allow, deny=deny, plan="scan")
        small.check(found, passing, best=True)
    assert repr(first) == f"<vecq.Filter: {one.sum():,} of 1,500 items are allowed>"
    assert filter_of(small.index._native, first, None) is first
    assert filter_of(small.index._native, None, None) is None


def sample(count, seed):
    return np.random.default_rng(seed).standard_normal((count, 16)).astype(np.float32)


class EnoughError(Exception):
    pass


@pytest.mark.parametrize("ids", [False, True])
@pytest.mark.parametrize("cut", [False, True])
def test_masks_follow_the_insertion_order(metric, ids, cut):
    """Rows are stored in another order."""
    rng, index = np.random.default_rng(2), vecq.Index(16, metric, "fp32", ef_construction=40)
    names, given, next_id = 5000 + rng.permutation(10**6), [], 0
    for count, named in [(5, False), (700, ids), (1, False), (1200, ids), (300, False)]:
        rows = sample(count, seed=count) * rng.lognormal(0, 1, (count, 1))
        own = names[2 * count : 3 * count] if named else np.arange(next_id, next_id + count)
        given += own.tolist()
        if cut and count == 1200:

            def enough(done, total):
                if done >= 400:
                    raise EnoughError

            with pytest.raises(EnoughError):
                index.add(rows, own if named else None, progress=enough)
        else:
            index.add(rows, own if named else None)
        next_id = int(index.ids.max()) + 1
    order = index.ids
    assert len(index) == len(order) == len(set(order.tolist()))
    assert len(index) < len(given) if cut else len(index) == len(given)
    places = [given.index(name) for name in order.tolist()]
    assert places == sorted(places)
    for mask in (rng.random(len(order)) < 0.3, np.arange(len(order)) == 705):
        for way in ({"allow": mask}, {"deny": ~mask}):
            for plan in PLANS:
                found = index.search(sample(3, 9), len(order), plan=plan, **way)
                assert set(found.ids[0].tolist()) == {-1, *order[mask].tolist()}
                assert (found.counts == mask.sum()).all()


def test_a_filter_holds_while_the_index_grows(metric):
    index = vecq.Index(16, metric).add(sample(70, 0))
    even = vecq.Filter(index, allow=range(0, 70, 2))
    masked = vecq.Filter(index, allow=np.arange(70) < 9)
    denied = vecq.Filter(index, deny=[1, 2, 500])
    nested = vecq.Filter(index, allow=denied, deny=even)
    but_denied = vecq.Filter(index, deny=denied)
    for grown in (70, 71, 128, 129, 1500):
        index.add(sample(grown - len(index), grown))
        assert [len(own) for own in (even, masked, denied)] == [35, 9, grown - 2]
        assert len(nested) == grown - 36
        assert len(but_denied) == 2
        for own, passing in [
            (even, range(0, 70, 2)),
            (masked, range(9)),
            (denied, [0, *range(3, grown)]),
            (nested, [*range(3, 70, 2), *range(70, grown)]),
            (but_denied, [1, 2]),
        ]:
            found = index.search(sample(2, 5), grown, allow=own)
            assert set(found.ids.ravel().tolist()) - {-1} == set(passing)


def test_a_filter_outlives_its_searches_and_its_names(small):
    index = vecq.Index(16).add(small.items)
    mask = np.arange(1500) % 3 == 0
    inner = vecq.Filter(index, allow=mask)
    outer = vecq.Filter(index, allow=inner, deny=[0, 3])
    expected = index.search(small.queries, K, allow=outer).ids
    mask[:] = False
    del inner
    gc.collect()
    np.testing.assert_array_equal(index.search(small.queries, K, allow=outer).ids, expected)
    del index
    gc.collect()
    assert len(outer) == 498


def test_a_filter_of_another_index_is_refused(small, refuse):
    other = vecq.Filter(vecq.Index(16).add(small.items), allow=[1])
    refuse("allow", "another index", small.index.search, small.queries, 5, allow=other)
    refuse("deny", "another index", small.index.search, small.queries, 5, deny=other)
    refuse("allow", "another index", vecq.Filter, small.index, other)


def test_reranking_respects_filters(small):
    index = vecq.Index(16, small.metric, m=8, ef_construction=40, rerank_codec="fp32").add(
        small.items
    )
    mask = np.random.default_rng(4).random(1500) < 0.1
    seen = [np.flatnonzero(mask)[: i * 3] for i in range(40)]
    for plan in PLANS:
        for k in (5, 200):
            found = index.search(
                small.queries, k, allow=mask, exclude=seen, plan=plan, rerank_factor=3
            )
            for ids, count, own in zip(found.ids, found.counts, seen, strict=True):
                assert count == min(k, mask.sum() - len(own)) == len(set(ids[:count]))
                assert mask[ids[:count]].all()
                assert not np.isin(ids[:count], own).any()


FORK = """
import os
import numpy as np, vecq
rows = np.random.default_rng(0).standard_normal((1540, 16)).astype("f4")
index = vecq.Index(16, {metric!r}, m=8, ef_construction=40).add(rows[:1500], threads=2)
own = vecq.Filter(index, allow=range(100))
def answers():
    return index.search(rows[1500:], 200, allow=own, threads=2).ids.tobytes()
expected = answers()  # uses the thread pool, which a child lacks
child = os.fork()
if child == 0:
    os._exit(0 if answers() == expected else 1)
assert os.waitpid(child, 0)[1] == 0
"""


def test_a_forked_child_filters(metric, python):
    result = python(FORK.format(metric=metric), vecq.cpu().active)
    assert result.returncode == 0, result.stderr
