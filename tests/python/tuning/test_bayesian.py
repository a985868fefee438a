"""Bayesian tuning: the process predicts, and finds good points sooner than drawing at random."""

import subprocess
import sys

import numpy as np

from vecq.quantization.codec import Codec
from vecq.tuning.space import Graph
from vecq.tuning.strategies.bayesian_strategy import _next, features_of, predict
from vecq.tuning.strategies.points import Point


def test_the_process_predicts_a_smooth_function():
    rng = np.random.default_rng(0)
    known, unknown = rng.random((60, 2)), rng.random((200, 2))

    def height(points):
        return np.sin(3 * points[:, 0]) + points[:, 1] ** 2

    values = height(known)
    mean, deviation = predict(known, (values - values.mean()) / values.std(), unknown)
    error = mean * values.std() + values.mean() - height(unknown)
    assert np.abs(error).mean() < 0.1 * values.std()
    at_known = predict(known, (values - values.mean()) / values.std(), known)[1]
    assert at_known.max() < deviation.max()


def test_the_best_point_is_found_sooner_than_at_random():
    grid = np.stack(np.meshgrid(*[np.linspace(0, 1, 8)] * 3), axis=-1).reshape(-1, 3)
    steps = []
    for seed in range(10):
        rng = np.random.default_rng(seed)
        goal = rng.random(3)
        values = -((grid - goal) ** 2).sum(axis=1)
        best = int(values.argmax())
        tried = [int(one) for one in rng.permutation(len(grid))[:5]]
        while best not in tried and len(tried) < 100:
            tried.append(_next(grid, tried, values[tried]))
        assert len(set(tried)) == len(tried)
        steps.append(len(tried))
    assert np.median(steps) < 30  # at random 256 of 512 points


def test_features_tell_points_apart_and_are_scaled():
    points = [
        Point(Codec(kind), rerank_codec, rerank, Graph(m, 100), 15, scan)
        for kind in ("int8", "fp32")
        for rerank_codec, rerank in ((None, 0.0), ("fp32", 2.0), ("fp32", 3.0))
        for m in (8, 16, 32)
        for scan in (False, True)
    ]
    features = features_of(points)
    assert len(np.unique(features, axis=0)) == len(points)
    assert features.min() == 0
    assert features.max() == 1


def test_it_needs_no_further_package():
    code = """
import sys
for name in ("torch", "scipy", "optuna", "sklearn"):
    sys.modules[name] = None
import numpy, vecq
from vecq.tuning import Space
rng = numpy.random.default_rng(0)
items, queries = (rng.standard_normal((rows, 8), numpy.float32) for rows in (1500, 60))
space = Space(codecs=["int8", "fp32"], rerank_codecs=[None], m=[8, 16], ef_construction=[50])
found = vecq.tune(items, queries, k=5, accuracy=vecq.Recall(0.8), space=space, threads=1,
                  strategy="bayesian", limits=vecq.Limits(trials=7), progress=False)
print(found.met, len([one for one in found.trials if one.measured]))
"""
    words = [sys.executable, "-I", "-W", "ignore", "-c", code]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    met, measured = done.stdout.split()
    assert met == "True"
    assert 1 <= int(measured) <= 7
