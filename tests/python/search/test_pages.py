"""Pages of results, neighbors of items, and score ranges."""

import numpy as np
import pytest

import vecq
from vecq.search import ranges

DIM = 16
PLANS = ["auto", "walk", "step_over", "scan"]


@pytest.mark.parametrize("page", [1, 7, 100, 1499, 1500, 1501, 2**31 - 1])
@pytest.mark.parametrize("plan", PLANS)
def test_pages_equal_one_large_search(small, page, plan):
    rng = np.random.default_rng(page)
    passing = rng.random(1500) < 0.5
    seen = np.flatnonzero(rng.random(1500) < 0.2)
    options = {"allow": passing.copy(), "exclude": [seen], "plan": plan}
    passing[seen] = False
    pages = []
    for found in small.index.search_iter(small.queries[0], page, **options):
        pages.append(found)
        if page < 100 and len(pages) == 30:
            break
    ids, scores = (np.concatenate([getattr(p, n)[0] for p in pages]) for n in ("ids", "scores"))
    wanted = min(30 * page, passing.sum()) if page < 100 else passing.sum()
    assert len(ids) == len(set(ids.tolist())) == wanted
    assert all(found.counts.tolist() == [len(found.ids[0])] for found in pages)
    assert all(len(found.ids[0]) == min(page, wanted) for found in pages[:-1])
    assert passing[ids].all()
    np.testing.assert_array_equal(scores, small.scores[0, ids])
    if plan == "scan":
        best = -np.sort(-small.scores[0, passing])[:wanted]
        np.testing.assert_array_equal(scores, best)
    big = small.index.search(small.queries[0], len(ids), **options)
    assert scores.sum() >= big.scores.sum() - 0.01 * np.abs(big.scores).sum()


def test_pages_end(small):
    assert list(vecq.Index(DIM).search_iter(np.ones(DIM))) == []
    assert list(small.index.search_iter(small.queries[0], allow=[])) == []
    assert list(small.index.search_iter(small.queries[0], exclude=[range(1500)])) == []
    (only,) = small.index.search_iter(small.queries[0], 10, allow=[3, 4], explain=True)
    assert sorted(only.ids[0].tolist()) == [3, 4]
    assert only.explanation.allowed == 2


def test_search_by_ids(world):
    own = np.array([0, 5, 1499, 5])
    found = world.index.search_by_ids(own, 20, plan="scan")
    vectors = world.index.get(own)
    expected = world.index.search(vectors, 20, plan="scan", exclude=own[:, None])
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert (found.ids != own[:, None]).all()
    assert world.index.search_by_ids(3, 2000).counts.tolist() == [1499]
    assert world.index.search_by_ids([], 5).ids.shape == (0, 5)
    assert world.index.search_by_ids([7], 5, allow=[7, 8]).ids[0].tolist() == [8, -1, -1, -1, -1]


@pytest.mark.parametrize("part", [0, 0.001, 0.01, 0.3, 1])
def test_ranges_return_every_item_above_the_threshold(world, part):
    queries = world.queries[:5]
    passing = np.random.default_rng(0).random(1500) < 0.7
    seen = [np.arange(10 * q) for q in range(5)]
    threshold = float(np.quantile(world.scores[:5], 1 - part))
    if part in (0, 1):
        threshold = np.inf if part == 0 else -np.inf
    found = world.index.search_range(queries, threshold, plan="scan", allow=passing, exclude=seen)
    assert found.indptr[0] == 0
    assert found.indptr[-1] == len(found.ids) == len(found.scores)
    slack = 0 if world.exact_codes else 1e-5 * np.abs(world.scores).max()
    for q in range(5):
        may = passing.copy()
        may[seen[q]] = False
        ids = found.ids[found.indptr[q] : found.indptr[q + 1]]
        scores = found.scores[found.indptr[q] : found.indptr[q + 1]]
        assert len(set(ids.tolist())) == len(ids)
        assert may[ids].all()
        assert (np.diff(scores) <= 0).all()
        assert (scores >= threshold).all()
        assert set(ids) >= set(np.flatnonzero(may & (world.scores[q] >= threshold + slack)))
        assert set(ids) <= set(np.flatnonzero(may & (world.scores[q] >= threshold - slack)))


@pytest.mark.filterwarnings("error")
def test_ranges_of_any_threshold(small):
    for threshold, count in ((1e300, 0), (np.inf, 0), (-1e300, 1500), (-np.inf, 1500)):
        found = small.index.search_range(small.queries[:3], threshold, plan="scan")
        assert np.diff(found.indptr).tolist() == [count] * 3


@pytest.mark.parametrize("at_once", [1, 300, 5000])
def test_ranges_of_many_queries_are_searched_in_slices(small, at_once, monkeypatch):
    threshold = float(np.quantile(small.scores, 0.8))
    options = {"plan": "scan", "exclude": [[q, q + 1] for q in range(40)]}
    whole = small.index.search_range(small.queries, threshold, **options)
    monkeypatch.setattr(ranges, "RESULTS_AT_ONCE", at_once)
    asked, search = [], ranges.search

    def spy(index, queries, k, **given):
        asked.append(len(queries) * k)
        return search(index, queries, k, **given)

    monkeypatch.setattr(ranges, "search", spy)
    parts = small.index.search_range(small.queries, threshold, **options)
    assert max(asked) <= max(at_once, 1500)
    for name in ("indptr", "ids", "scores"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_ranges_while_the_index_is_emptied(small, monkeypatch):
    index, search = vecq.Index(DIM).add(small.items), ranges.search

    def emptied(own, *given, **options):
        found = search(own, *given, **options)
        index.remove(index.ids)
        return found

    monkeypatch.setattr(ranges, "search", emptied)
    found = index.search_range(small.queries[:2], -np.inf)
    assert np.diff(found.indptr).tolist() == [0, 0]


def test_ranges_of_empty_input(small, refuse):
    found = small.index.search_range(np.empty((0, DIM)), 0)
    assert (found.indptr.tolist(), len(found.ids), len(found.scores)) == ([0], 0, 0)
    found = vecq.Index(DIM).search_range(np.ones((2, DIM)), -np.inf)
    assert (found.indptr.tolist(), len(found.ids)) == ([0, 0, 0], 0)
    for threshold in (np.nan, "a", None, [1]):
        refuse("threshold", "", small.index.search_range, small.queries, threshold)
    refuse("k", "", small.index.search_range, small.queries, 0, k=5)
    refuse("k", "", small.index.search_iter, small.queries[0], k=5)
    refuse("query", "2 rows", small.index.search_iter, small.queries[:2])
    for page in (0, -1, 1.5, 2**31):
        refuse("page", "", small.index.search_iter, small.queries[0], page)
    refuse("ids", "not in the index", small.index.search_by_ids, [3, 1500], 5)
    refuse("ids", "float64", small.index.search_by_ids, [0.5], 5)
    refuse("ids", "shape", small.index.search_by_ids, [[1], [2]], 5)
    refuse("exclude", "itself", small.index.search_by_ids, [3], 5, exclude=[[1]])
