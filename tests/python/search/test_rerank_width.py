"""The number of candidates to rescore: measured, used by default, interpolated, saved."""

import numpy as np
import pytest

import vecq
from vecq.search.plain import default_rerank_count
from vecq.search.recall_curve import store_curve

DIM, ROWS, K = 48, 4_000, 10


def vectors(count, seed):
    return np.random.default_rng(seed).standard_normal((count, DIM), dtype="float32")


@pytest.fixture(scope="module")
def queries():
    return vectors(300, 2)


def index_of(metric="cosine", rows=ROWS):
    return vecq.Index(DIM, metric, "int4", rerank_codec="fp32").add(vectors(rows, 1))


def share_held(index, queries, k, width):
    """The share of float32's results among the first candidates of a scan of codes alone."""
    truth = vecq.brute_force(vectors(ROWS, 1), queries, index.metric, k=k)
    coded = index.search(queries, width, plan="scan", rerank_factor=0)
    return np.mean([np.isin(a, b).mean() for a, b in zip(truth.ids, coded.ids, strict=True)])


@pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])
@pytest.mark.parametrize("k", [1, 10, 100])
def test_the_width_is_the_least_that_holds_the_results(metric, k, queries):
    index = index_of(metric)
    width = index.measure_recall(queries, k).rerank_widths[k]
    assert share_held(index, queries, k, width) >= 0.9995
    assert width == k or share_held(index, queries, k, width - 1) < 0.9995
    assert index.recall_curve.rerank_widths == {k: width}


def test_searches_rescore_as_many_by_default(queries, tmp_path):
    index = index_of()
    coded = index.search(queries, 60, plan="scan", rerank_factor=0)
    for width in (K, 12, 14):
        curve = vecq.RecallCurve({K: ((K, 0.9),)}, ROWS, rerank_widths={K: width})
        store_curve(index._native, curve)
        index.save(tmp_path / "items.vecq", overwrite=True)
        for one in (index, vecq.open(tmp_path / "items.vecq")):
            assert one.recall_curve == curve
            found = one.search(queries, K, plan="scan")
            ranks = [
                np.flatnonzero(np.isin(a, b)) for a, b in zip(coded.ids, found.ids, strict=True)
            ]
            assert max(rank.max() for rank in ranks) == width - 1


def test_the_width_follows_k_and_the_number_of_items(queries):
    index = index_of()
    widths = {10: 20, 1000: 1000}
    store_curve(index._native, vecq.RecallCurve({10: ((10, 0.9),)}, ROWS, rerank_widths=widths))
    expected = {1: 20, 10: 20, 100: 150, 1000: 1000, 2000: 2000}
    assert {k: default_rerank_count(index._native, k) for k in expected} == expected
    index.add(vectors(ROWS, 5), np.arange(ROWS, 2 * ROWS))
    expected = {1: 39, 10: 30, 100: 200, 1000: 1000}
    assert {k: default_rerank_count(index._native, k) for k in expected} == expected


def test_without_a_measurement_it_is_a_rule():
    assert default_rerank_count(index_of(rows=200)._native, 100) == 250
    int8 = vecq.Index(DIM, rerank_codec="fp32").add(vectors(200, 1))
    assert [default_rerank_count(int8._native, k) for k in (1, 10, 100)] == [9, 20, 133]
    assert default_rerank_count(vecq.Index(DIM).add(vectors(200, 1))._native, 10) == 0


def test_a_refit_drops_it_and_a_compaction_keeps_it(queries):
    index = index_of()
    measured = index.measure_recall(queries, K).rerank_widths
    index.remove(np.arange(50))
    index.compact()
    assert index.recall_curve.rerank_widths == measured
    index.refit()
    assert index.recall_curve is None
