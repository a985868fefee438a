"""Metric names of other libraries are accepted wherever a metric is."""

import numpy as np
import pytest

import vecq

ROWS = np.random.default_rng(0).standard_normal((100, 8), np.float32)
NAMES = {
    "ip": ["IP", "inner_product", "dot", "InnerProduct"],
    "cosine": ["angular", "cos", "COSINE"],
    "l2": ["euclidean", "l2sq", "L2"],
}


@pytest.mark.parametrize(("metric", "name"), [(m, n) for m, own in NAMES.items() for n in own])
def test_other_names(metric, name):
    assert vecq.Index(8, name).metric == metric
    ours, theirs = (vecq.brute_force(ROWS, ROWS[:3], own, k=5) for own in (metric, name))
    np.testing.assert_array_equal(ours.scores, theirs.scores)
    assert vecq.assess(ROWS, metric=name, k=5).metric == metric
    codec = vecq.Codec("fp32")
    codes = codec.encode(ROWS)
    np.testing.assert_array_equal(
        codec.score(codes, ROWS[:2], metric), codec.score(codes, ROWS[:2], name)
    )


@pytest.mark.parametrize("name", ["l1", "manhattan", "hamming", "", None, 2, ["ip"]])
def test_unknown_metrics_are_refused(name, refuse):
    for call in (
        lambda: vecq.Index(8, name),
        lambda: vecq.brute_force(ROWS, ROWS, name),
        lambda: vecq.assess(ROWS, metric=name),
        lambda: vecq.tune(ROWS, metric=name),
    ):
        refuse("metric", 'expected one of "ip"', call)
