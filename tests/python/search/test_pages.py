"""Pages, neighbours of items, ranges of scores, and searches by the recall they are to reach."""

import numpy as np
import pytest

import vecq

DIM = 16
PLANS = ["auto", "walk", "step_over", "scan"]


@pytest.mark.parametrize("page", [1, 7, 100, 1499, 1500, 1501, 2**31 - 1])
@pytest.mark.parametrize("plan", PLANS)
def test_pages_are_one_big_search(small, page, plan):
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
    assert only.explanation.passing == 2


def test_items_are_searched_by(world):
    own = np.array([0, 5, 1499, 5])
    found = world.index.search_by_ids(own, 20, exact=True)
    vectors = world.index.get(own)
    expected = world.index.search(vectors, 20, exact=True, exclude=own[:, None])
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert (found.ids != own[:, None]).all()
    assert world.index.search_by_ids(3, 2000).counts.tolist() == [1499]
    assert world.index.search_by_ids([], 5).ids.shape == (0, 5)
    assert world.index.search_by_ids([7], 5, allow=[7, 8]).ids[0].tolist() == [8, -1, -1, -1, -1]


@pytest.mark.parametrize("part", [0, 0.001, 0.01, 0.3, 1])
def test_ranges_hold_all_above(world, part):
    queries = world.queries[:5]
    passing = np.random.default_rng(0).random(1500) < 0.7
    seen = [np.arange(10 * q) for q in range(5)]
    threshold = float(np.quantile(world.scores[:5], 1 - part))
    if part in (0, 1):
        threshold = np.inf if part == 0 else -np.inf
    found = world.index.search_range(queries, threshold, exact=True, allow=passing, exclude=seen)
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


def test_ranges_of_nothing(small, refuse):
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


CENTRES = np.random.default_rng(0).standard_normal((60, 32))


def clustered(count, seed):
    rng = np.random.default_rng(seed)
    rows = CENTRES[rng.integers(60, size=count)] + 0.7 * rng.standard_normal((count, 32))
    return rows.astype(np.float32)


def test_a_recall_that_was_asked_for_is_reached(metric):
    index = vecq.Index(32, metric, m=6, ef_construction=40).add(clustered(8000, seed=1))
    curve = index.calibrate(clustered(400, seed=2), k=[100, 10])
    assert list(curve.curves) == [10, 100]
    for points in curve.curves.values():
        efforts, recalls = np.array(points).T
        assert (np.diff(efforts) > 0).all()
        assert (np.diff(recalls) > 0).all()
        assert recalls[-1] >= 0.9995 or efforts[-1] >= 64 * 10
    assert "recall@10: " in str(curve)
    fresh = clustered(400, seed=3)
    for k in (1, 3, 10, 30, 100):
        worst = index.search(fresh, k, exact=True).scores[:, -1:]
        efforts = []
        for target in (0.8, 0.95, 0.99):
            found = index.search(fresh, k, target_recall=target, plan="walk")
            assert (found.scores >= worst).mean() >= target - 0.02, (k, target)
            efforts.append(found.distances)
        assert efforts == sorted(efforts)
    mask = np.random.default_rng(4).random(8000) < 0.2
    worst = index.search(fresh, 10, exact=True, allow=mask).scores[:, -1:]
    found = index.search(fresh, 10, target_recall=0.95, allow=mask)
    assert (found.scores >= worst).mean() >= 0.93


def test_a_recall_no_walk_reached_is_scanned_for(small):
    small.index.calibrate(small.queries, 10)
    curve = vecq.Calibration({10: ((10, 0.5), (20, 0.9))})
    assert curve.ef_for(10, 0.9) == 20
    assert curve.ef_for(10, 0.7) == 15
    assert curve.ef_for(10, 0.1) == 10
    assert curve.ef_for(5, 0.9) == 20
    assert curve.ef_for(100, 0.9) == 200
    assert curve.ef_for(10, 0.91) is None
    two = vecq.Calibration({10: ((10, 0.5), (20, 0.9)), 1000: ((1000, 0.95),)})
    assert two.ef_for(100, 0.9) in (510, 511)
    assert two.ef_for(10, 0.95) is None
    assert two.ef_for(100, 0.95) is None
    assert two.ef_for(1000, 0.95) == 1000
    index = vecq.Index(DIM).add(small.items)
    curve.store(index._handle)
    assert index.search(small.queries, 10, target_recall=1, explain=True).explanation.plan == "scan"


def test_a_calibration_is_saved_with_its_index(small, tmp_path):
    index = vecq.Index(DIM).add(small.items)
    curve = index.calibrate(small.queries, [10, 100])
    index.save(tmp_path / "calibrated.vecq")
    opened = vecq.open(tmp_path / "calibrated.vecq")
    assert vecq.Calibration.stored(opened._handle) == curve
    wanted = {"k": 10, "target_recall": 0.9, "plan": "walk"}
    found, again = index.search(small.queries, **wanted), opened.search(small.queries, **wanted)
    assert (found.ids == again.ids).all()
    assert opened.check().ok


def test_calibration_refuses(small, refuse):
    index = vecq.Index(DIM).add(small.items)
    search = index.search
    refuse("target_recall", "calibrate", search, small.queries, 5, target_recall=0.9)
    refuse("queries", "empty", index.calibrate, np.empty((0, DIM)))
    refuse("queries", "not finite", index.calibrate, np.full((3, DIM), np.nan))
    refuse("index", "empty", vecq.Index(DIM).calibrate, small.queries)
    for k in (0, -1, 1.5, "a", None, [], [10, 0]):
        refuse("k", "", index.calibrate, small.queries, k)
    refuse("threads", "", index.calibrate, small.queries, threads=-1)
    refuse("progress", "", index.calibrate, small.queries, progress=3)
    seen = []
    index.calibrate(small.queries, (5, 5000, 10), progress=lambda *own: seen.append(own))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    refuse("ef", "both", search, small.queries, 5, ef=50, target_recall=0.9)
    for target in (0, -1, 1.01, np.nan, np.inf, "a"):
        refuse("target_recall", "", search, small.queries, 5, target_recall=target)
