"""Ground truth against numpy in float64, and against faiss."""

import faiss
import numpy as np
import pytest

import vecq
from vecq import datasets
from vecq.datasets import Dataset
from vecq.datasets.checks import scores

every_metric = pytest.mark.parametrize("metric", ["ip", "cosine", "l2"])


def sample(metric, rows=3000, dim=24, queries=40, seed=0):
    rng = np.random.default_rng(seed)
    train, test = (rng.standard_normal((n, dim), dtype=np.float32) for n in (rows, queries))
    train *= rng.lognormal(0, 0.5, (rows, 1)).astype(np.float32)
    return Dataset("sample", metric, train, test)


def distances(metric, queries, rows):
    found = scores(metric, queries, rows)
    return {"ip": found, "cosine": 1 - found, "l2": np.sqrt(np.maximum(-found, 0))}[metric]


@every_metric
@pytest.mark.parametrize("rows", [7, 3000, 40_000])
def test_truth_is_what_numpy_finds(metric, rows):
    data = datasets.with_truth(sample(metric, rows), 10)
    k = min(10, rows)
    assert data.neighbors.shape == data.distances.shape == (40, k)
    true = distances(metric, data.test, data.train)
    best = np.sort(true, axis=1)[:, ::-1] if metric == "ip" else np.sort(true, axis=1)
    np.testing.assert_allclose(data.distances, best[:, :k], rtol=1e-4, atol=1e-4)
    at = np.take_along_axis(true, data.neighbors.astype(np.int64), axis=1)
    np.testing.assert_allclose(at, best[:, :k], rtol=1e-4, atol=1e-4)
    assert all(len(set(row)) == k for row in data.neighbors)


@every_metric
def test_truth_is_what_faiss_finds(metric):
    data = datasets.with_truth(sample(metric), 50)
    train, test = data.train, data.test
    if metric == "cosine":
        train, test = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (train, test))
    kind = faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT
    found, ids = faiss.knn(test, train, 50, metric=kind)
    expected = {"ip": found, "cosine": 1 - found, "l2": np.sqrt(found)}[metric]
    np.testing.assert_allclose(data.distances, expected, rtol=1e-4, atol=1e-4)
    assert (data.neighbors == ids).mean() > 0.999


@every_metric
def test_truth_of_other_data_is_refused(metric):
    data = datasets.with_truth(sample(metric), 10)
    data.check()
    other = sample(metric, seed=1)
    wrong = Dataset("x", metric, other.train, other.test, data.neighbors, data.distances)
    with pytest.raises(vecq.DatasetError, match=f"does not fit train and test under {metric}"):
        wrong.check()


def test_k_of_0_changes_nothing():
    data = sample("ip")
    assert datasets.with_truth(data, 0) is data


@pytest.mark.parametrize("k", [-1, 1.5, "a", None])
def test_k_is_checked(k, refuse):
    refuse("k", "whole number", datasets.with_truth, sample("ip"), k)
