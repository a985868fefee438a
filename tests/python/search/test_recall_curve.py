"""Searches with a target recall, and the recall curve that they use."""

import numpy as np

import vecq
from vecq.search.recall_curve import store_curve

DIM = 16
CENTRES = np.random.default_rng(0).standard_normal((60, 32))


def clustered(count, seed):
    rng = np.random.default_rng(seed)
    rows = CENTRES[rng.integers(60, size=count)] + 0.7 * rng.standard_normal((count, 32))
    return rows.astype(np.float32)


def recall(index, found, queries, **options):
    best = index.search(queries, found.ids.shape[1], plan="scan", **options)
    return (found.scores >= best.scores[:, -1:]).mean()


def test_a_target_recall_is_reached(metric):
    index = vecq.Index(32, metric, m=6, ef_construction=40).add(clustered(8000, seed=1))
    curve = index.measure_recall(clustered(400, seed=2), k=[100, 10])
    assert list(curve.curves) == [10, 100]
    for points in curve.curves.values():
        efforts, recalls = np.array(points).T
        assert (np.diff(efforts) > 0).all()
        assert (np.diff(recalls) > 0).all()
        assert recalls[-1] >= 0.9995 or efforts[-1] >= 64 * 10
    assert str(curve).startswith("measured on 8,000 items\nrecall@10: ")
    fresh = clustered(400, seed=3)
    for k in (1, 3, 10, 30, 100, 300, 1000):  # also beyond the measured k
        efforts = []
        for target in (0.8, 0.95, 0.99):
            found = index.search(fresh, k, target_recall=target, plan="walk")
            assert recall(index, found, fresh) >= target - 0.02, (k, target)
            efforts.append(found.n_scored)
        assert efforts == sorted(efforts)
    mask = np.random.default_rng(4).random(8000) < 0.2
    found = index.search(fresh, 10, target_recall=0.95, allow=mask)
    assert recall(index, found, fresh, allow=mask) >= 0.93


def test_a_recall_curve_holds_until_the_index_has_doubled(metric, refuse, tmp_path):
    index = vecq.Index(32, metric, m=8, ef_construction=60).add(clustered(4000, seed=1))
    assert index.measure_recall(clustered(300, seed=2)).items == 4000
    fresh = clustered(300, seed=3)
    for count in (6000, 8000):
        index.add(clustered(count - len(index), seed=count))
        for k in (10, 100):
            found = index.search(fresh, k, target_recall=0.95, plan="walk")
            assert recall(index, found, fresh) >= 0.93, (k, count)
    index.add(fresh[:1]).save(tmp_path / "grown.vecq")
    for own in (index, vecq.open(tmp_path / "grown.vecq")):
        refuse("target_recall", "4,000 items .*8,001", own.search, fresh, 5, target_recall=0.9)
    assert index.remove([7]).search(fresh, 5, target_recall=0.9).counts.min() == 5
    index.add(fresh).measure_recall(fresh, k=5)
    assert index.search(fresh, 5, target_recall=0.9).counts.min() == 5


def test_a_recall_curve_is_dropped_with_its_items(small, refuse):
    index = vecq.Index(DIM, rerank_codec="fp16").add(small.items)
    for end in (index.refit, lambda: index.remove(range(1500)).add(small.items, range(1500))):
        index.measure_recall(small.queries, 10)
        assert index.compact().search(small.queries, 5, target_recall=0.9).counts.min() == 5
        end()
        refuse("target_recall", "measure_recall", index.search, small.queries, 5, target_recall=0.9)


def test_a_recall_that_no_walk_reached_is_refused(small, refuse):
    small.index.measure_recall(small.queries, 10)
    curve = vecq.RecallCurve({10: ((10, 0.5), (20, 0.9))}, 1500)
    assert curve.ef_for(10, 0.9) == 20
    assert curve.ef_for(10, 0.7) == 15
    assert curve.ef_for(10, 0.1) == 10
    assert curve.ef_for(5, 0.9) == 20
    assert curve.ef_for(100, 0.9) == 400
    assert curve.ef_for(15, 0.9) == 45
    refuse("target_recall", 'k=10 is 0.9000.*plan="scan"', curve.ef_for, 10, 0.91)
    assert curve.ef_for(2**31 - 1, 0.9) == 2**31 - 1
    assert curve.ef_for(10, 0.9, 1000) == 20
    assert curve.ef_for(10, 0.9, 2000) == 24
    two = vecq.RecallCurve({10: ((10, 0.5), (20, 0.9)), 1000: ((1000, 0.95),)}, 1500)
    assert two.ef_for(100, 0.9) in (510, 511)
    refuse("target_recall", "k=10 is 0.9000", two.ef_for, 10, 0.95)
    refuse("target_recall", "k=10 and k=1000 is 0.9000", two.ef_for, 100, 0.95)
    assert two.ef_for(1000, 0.95) == 1000
    index = vecq.Index(DIM).add(small.items)
    store_curve(index._native, curve)
    refuse("target_recall", "0.9000", index.search, small.queries, 10, target_recall=1)


def test_a_recall_curve_is_saved_with_its_index(small, tmp_path):
    index = vecq.Index(DIM).add(small.items)
    curve = index.measure_recall(small.queries, [10, 100])
    index.save(tmp_path / "curve.vecq")
    opened = vecq.open(tmp_path / "curve.vecq")
    assert opened.recall_curve == index.recall_curve == curve
    wanted = {"k": 10, "target_recall": 0.9, "plan": "walk"}
    found, again = index.search(small.queries, **wanted), opened.search(small.queries, **wanted)
    assert (found.ids == again.ids).all()
    assert opened.check().ok


def test_measure_recall_refuses(small, refuse):
    index = vecq.Index(DIM).add(small.items)
    search = index.search
    assert index.recall_curve is None
    refuse("target_recall", "measure_recall", search, small.queries, 5, target_recall=0.9)
    refuse("queries", "empty", index.measure_recall, np.empty((0, DIM)))
    refuse("queries", "not finite", index.measure_recall, np.full((3, DIM), np.nan))
    refuse("index", "empty", vecq.Index(DIM).measure_recall, small.queries)
    for k in (0, -1, 1.5, "a", None, [], [10, 0]):
        refuse("k", "", index.measure_recall, small.queries, k)
    refuse("threads", "", index.measure_recall, small.queries, threads=-1)
    refuse("progress", "", index.measure_recall, small.queries, progress=3)
    seen = []
    index.measure_recall(small.queries, (5, 5000, 10), progress=lambda *own: seen.append(own))
    assert seen == [(1, 3), (2, 3), (3, 3)]
    refuse("ef", "both", search, small.queries, 5, ef=50, target_recall=0.9)
    for target in (0, -1, 1.01, np.nan, np.inf, "a"):
        refuse("target_recall", "", search, small.queries, 5, target_recall=target)
