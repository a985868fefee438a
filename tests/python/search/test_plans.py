"""The choice of plans, the results of each plan, and rows that are hard to scan."""

import numpy as np
import pytest

import vecq
from vecq.search import request

DIM, K = 16, 10


def same(one, two):
    for name in ("ids", "scores", "counts"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name), name)


def sample(count, dim=DIM, seed=0):
    return np.random.default_rng(seed).standard_normal((count, dim)).astype(np.float32)


@pytest.fixture
def large(metric):
    """Enough rows for sample bounds."""
    if metric not in LARGE:
        LARGE[metric] = vecq.Index(DIM, metric, m=8, ef_construction=30).add(sample(20_000))
    return LARGE[metric]


LARGE = {}


@pytest.mark.parametrize("queries", [1, 5, 200])
@pytest.mark.parametrize("share", [None, 0.002, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("k", [1, 100, 20_000])
def test_results_are_those_of_the_plan_that_is_named(large, queries, share, k):
    asked, options = sample(queries, seed=1), {}
    if k == 20_000:
        asked = asked[:3]
    if share is not None:
        options["allow"] = vecq.Filter(large, np.random.default_rng(2).random(20_000) < share)
    for exclude in (None, [[5, 6]] * len(asked)):
        chosen = large.search(asked, k, explain=True, exclude=exclude, **options)
        told = chosen.explanation
        assert told.plan in ("walk", "step_over", "scan")
        assert told.chosen
        assert told.costs[told.plan] == min(told.costs.values())
        assert set(told.costs) == {"walk", "scan", *(["step_over"] if options else [])}
        assert (told.items, told.queries) == (20_000, len(asked))
        assert told.allowed == (20_000 if share is None else len(options["allow"]))
        same(chosen, large.search(asked, k, plan=told.plan, exclude=exclude, **options))
        if k == 20_000 or share == 0.002:
            assert told.plan == "scan"


def test_costs_of_slices_are_added(large, monkeypatch):
    whole = large.search(sample(600, seed=1), K, explain=True).explanation
    monkeypatch.setattr(request, "MOST", 200)
    parts = large.search(sample(600, seed=1), K, explain=True, allow=[1, 2]).explanation
    assert (parts.queries, parts.allowed, parts.plan) == (600, 2, "scan")
    assert parts.costs["scan"] > 0
    again = large.search(sample(600, seed=1), K, explain=True).explanation
    assert again.costs["walk"] == pytest.approx(whole.costs["walk"])


def test_explanations(small):
    def told(**options):
        return small.index.search(small.queries, K, explain=True, **options).explanation

    text = str(told(allow=range(150)))
    assert text.startswith("scan: score every allowed item\n150 of 1,500 items are allowed (10.0")
    assert "chosen as the cheapest" in text
    assert all(plan in text for plan in ("walk", "step_over", "scan"))
    assert "ms estimated" in text
    walked = told(plan="walk", ef=50)
    assert str(walked).startswith(
        "walk: walk the graph\n1,500 of 1,500 items are allowed (100.00%)"
    )
    assert "asked for by the caller" in str(walked)
    assert "step_over " not in str(walked)
    over = told(plan="step_over", allow=range(150))
    assert str(over).startswith("step_over: ")
    assert "step over rejected items" in str(over)
    assert told(plan="scan").plan == "scan"
    assert not told(plan="scan").chosen
    assert told(ef=50).plan == "walk"
    assert told(allow=[]).allowed == 0
    assert "0 of 1,500" in str(told(allow=[]))
    assert small.index.search(small.queries, K).explanation is None
    assert small.index.search(np.empty((0, DIM)), K, explain=True).explanation is None
    assert "0 of 0" in str(vecq.Index(3).search(np.ones(3), 1, explain=True).explanation)


def test_starved_walks_are_completed_by_a_scan(small):
    """No allowed item links to another, so a walk that steps over rejected nodes finds few."""
    chosen = np.argsort(small.scores[0])[:40]
    found = small.index.search(
        small.queries, 50, allow=chosen, plan="step_over", explain=True, ef=1
    )
    small.check(found, np.isin(np.arange(1500), chosen))
    starved = found.explanation.completed_by_scan
    assert 0 < starved <= 40
    assert f"{starved} of 40 walks found fewer than k items" in str(found.explanation)


def test_unreachable_items_are_found(metric):
    """Few links, and additions too small to trigger repair."""
    rows = 45_000
    index = vecq.Index(DIM, metric, "fp32", m=2, ef_construction=4).add(sample(rows))
    for row in sample(60, seed=1):
        index.add(row)
    assert index.stats().unreachable > 0
    for options in ({"ef": 1}, {"plan": "walk"}, {"plan": "step_over"}, {"exclude": [[]] * 3}):
        found = index.search(sample(3, seed=2), rows + 100, **options)
        assert found.counts.tolist() == [rows + 60] * 3
        assert (np.sort(found.ids, axis=1)[:, 40:] == np.arange(rows + 60)).all()


@pytest.mark.parametrize("queries", [1, 6, 7, 31, 32, 33, 300])
def test_scans_return_the_same_on_any_number_of_threads(large, queries):
    asked = sample(queries, seed=3)
    seen = [np.arange(i % 50) for i in range(queries)]
    few = vecq.Filter(large, np.random.default_rng(0).random(20_000) < 0.4)
    for k in (1, 100):
        for options in ({}, {"exclude": seen}, {"allow": few, "exclude": seen}):
            one = large.search(asked, k, plan="scan", **options)
            for threads in (0, 2, 3):
                same(one, large.search(asked, k, plan="scan", threads=threads, **options))


def test_a_scan_is_exact_where_the_sample_misleads(metric):
    """All sampled rows, about one in sixteen, have low scores."""
    items = sample(20_000) * 0.1
    items[:, 0] = -1
    good = np.arange(20_000) % 16 > 8
    items[good, 0] = 1
    codec = vecq.Codec("int16")
    for order in (np.arange(20_000), np.argsort(good), np.argsort(~good)):
        rows = items[order]
        asked = sample(9, seed=4) * 0.1 + np.eye(DIM, dtype=np.float32)[0]
        scores = codec.score(codec.encode(rows), asked, metric)
        best = -np.sort(-scores, axis=1)[:, :300]
        for some in (slice(9), slice(3)):
            found = vecq.brute_force(rows, asked[some], k=300, metric=metric, codec=codec)
            np.testing.assert_array_equal(found.scores, best[some])


def test_identical_rows(metric):
    index = vecq.Index(8, metric, m=4, ef_construction=20).add(np.full((84_000, 8), 0.3))
    asked = sample(9, 8)
    seen = [np.arange(i % 2, 84_000, 2) for i in range(9)]
    for options in ({"plan": "scan"}, {"plan": "walk"}, {"plan": "scan", "exclude": seen}):
        for some in (slice(9), slice(2)):
            given = {name: own[some] if name == "exclude" else own for name, own in options.items()}
            found = index.search(asked[some], 500, **given)
            assert (found.counts == 500).all()
            assert np.ptp(found.scores, axis=1).max() == 0
            for i, ids in enumerate(found.ids):
                assert len(set(ids.tolist())) == 500
                assert "exclude" not in given or (ids % 2 == (i + 1) % 2).all()
    few = index.search(asked, 200, allow=np.arange(84_000) % 840 == 0, plan="scan")
    assert (few.counts == 100).all()
    assert (np.sort(few.ids, axis=1)[:, 100:] % 840 == 0).all()


def test_rows_of_zeros(metric):
    index = vecq.Index(DIM, metric).add(np.zeros((300, DIM)))
    for plan in ("auto", "walk", "step_over", "scan"):
        found = index.search(sample(9), 400, plan=plan, allow=range(50), exclude=[[3]] * 9)
        assert (found.counts == 49).all()
        assert (index.search(np.zeros((9, DIM)), 5, plan=plan).scores == 0).all()


@pytest.mark.parametrize("kind", ["fp32", "int16", "int8"])
@pytest.mark.parametrize("length", [1e-42, 1e-30, 1e-9, 0, 1, 1e9, 1e17])
@pytest.mark.parametrize("rows", [1e-12, 1, 1e15])
def test_batches_of_any_length_return_the_same_as_single_queries(metric, kind, length, rows):
    """Block kernels use other intermediate sums, which must not overflow either."""
    items = (sample(500) * rows).astype(np.float32)
    items[5] = 0
    asked = (sample(40, seed=1).astype(float) * length).astype(np.float32)
    batch = vecq.brute_force(items, asked, k=K, metric=metric, codec=kind)
    assert (batch.counts == K).all()
    for query, scores in zip(asked, batch.scores, strict=True):
        alone = vecq.brute_force(items, query, k=K, metric=metric, codec=kind)
        np.testing.assert_array_equal(alone.scores[0], scores)


def test_k_beyond_the_number_of_items(large):
    asked = sample(8, seed=5)
    many = large.search(asked, 10_000, plan="scan")
    everything = large.search(asked, 20_007, plan="scan")
    assert (many.counts == 10_000).all()
    np.testing.assert_array_equal(many.scores, everything.scores[:, :10_000])
    assert (everything.counts == 20_000).all()
    assert (np.sort(everything.ids, axis=1)[:, 7:] == np.arange(20_000)).all()
    assert (everything.ids[:, 20_000:] == -1).all()
    assert (everything.scores[:, 20_000:] == -np.inf).all()
