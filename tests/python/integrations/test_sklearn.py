"""VecqTransformer as scikit-learn wants it, and beside its own KNeighborsTransformer."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from joblib import parallel_config
from sklearn.base import clone
from sklearn.datasets import make_blobs
from sklearn.manifold import Isomap
from sklearn.neighbors import KNeighborsClassifier, KNeighborsTransformer
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import parametrize_with_checks

import vecq
from vecq.integrations.sklearn import VecqTransformer

X, Y = make_blobs(400, 8, centers=5, random_state=0)


@parametrize_with_checks([VecqTransformer(), VecqTransformer(metric="cosine", codec="fp32")])
def test_estimator_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("metric", ["euclidean", "sqeuclidean", "cosine"])
@pytest.mark.parametrize("rows", [X, (X + 1000).astype("f4")])
def test_the_graph_is_that_of_scikit_learn(metric, rows):
    theirs = KNeighborsTransformer(n_neighbors=7, metric=metric).fit(rows)
    ours = VecqTransformer(n_neighbors=7, metric=metric, codec="fp32", ef=400).fit(rows)
    expected, found = theirs.transform(rows), ours.transform(rows)
    assert (found.format, found.shape, found.nnz) == ("csr", expected.shape, expected.nnz)
    assert (np.diff(found.indptr) == 8).all()
    tolerance = 1e-4 if metric == "cosine" else 1e-2
    assert np.allclose(np.sort(found.data), np.sort(expected.data), rtol=1e-3, atol=tolerance)
    if metric != "cosine":
        assert (found.indices.reshape(-1, 8)[:, 0] == np.arange(len(rows))).mean() > 0.99


def test_codes_find_nearly_the_same():
    exact = KNeighborsTransformer(n_neighbors=10).fit(X).kneighbors(X, 11)[1]
    found = VecqTransformer(n_neighbors=10).fit_transform(X).indices.reshape(-1, 11)
    assert np.mean([np.isin(a, b).mean() for a, b in zip(found, exact, strict=True)]) > 0.97


def test_pipelines():
    steps = VecqTransformer(n_neighbors=10), KNeighborsClassifier(10, metric="precomputed")
    pipeline = make_pipeline(*steps)
    assert pipeline.fit(X[:300], Y[:300]).score(X[300:], Y[300:]) > 0.98
    flat = make_pipeline(VecqTransformer(n_neighbors=30), Isomap(metric="precomputed"))
    assert flat.fit_transform(X[Y == 0]).shape == ((Y == 0).sum(), 2)
    assert clone(steps[0].set_params(m=9)).m == 9


@pytest.mark.parametrize("jobs", [None, -1, -2, -100, 1, 3])
def test_jobs(jobs):
    found = VecqTransformer(n_jobs=jobs).fit_transform(X)
    assert found.shape == (400, 400)


def test_jobs_are_one_unless_joblib_says_otherwise(monkeypatch):
    given = []
    add = vecq.Index.add
    monkeypatch.setattr(
        vecq.Index,
        "add",
        lambda self, rows, threads: given.append(threads) or add(self, rows, threads=threads),
    )
    VecqTransformer().fit(X)
    with parallel_config("threading", n_jobs=3):
        VecqTransformer().fit(X)
        VecqTransformer(n_jobs=2).fit(X)
    assert given == [1, 3, 2]


def test_random_states():
    near = [VecqTransformer(random_state=np.random.RandomState(3)).fit_transform(X) for _ in "ab"]
    assert (near[0] != near[1]).nnz == 0
    for state in (None, np.int64(5), np.random.mtrand._rand):
        assert VecqTransformer(random_state=state).fit_transform(X).nnz == 400 * 6


def test_pickle_of_an_estimator_that_was_not_fitted():
    assert pickle.loads(pickle.dumps(VecqTransformer(3))).n_neighbors == 3


def test_bad_arguments(refuse):
    refuse("n_neighbors", "whole number", VecqTransformer(0).fit, X)
    refuse("metric", "expected one of", VecqTransformer(metric="l1").fit, X)
    refuse("codec", "expected one of", VecqTransformer(codec="int3").fit, X)
    refuse("n_jobs", "whole number", VecqTransformer(n_jobs="a").fit, X)
    refuse("random_state", "whole number", VecqTransformer(random_state=-1).fit, X)
    for bad in ({"n_jobs": 0}, {"random_state": "a"}):
        with pytest.raises(ValueError, match=r"n_jobs == 0|used to seed"):
            VecqTransformer(**bad).fit(X)
    with pytest.raises(ValueError, match="n_samples_fit = 3"):
        VecqTransformer(3).fit(X[:3]).transform(X)


def test_what_is_missing_is_named():
    code = """
import sys
sys.modules["sklearn"] = None
import vecq
try:
    import vecq.integrations.sklearn
except vecq.UnsupportedError as error:
    assert "pip install 'vecq[sklearn]'" in str(error)
else:
    raise SystemExit("it was imported")
"""
    subprocess.run([sys.executable, "-I", "-c", code], check=True)


def test_vecq_alone_imports_none_of_it():
    code = "import sys, vecq; assert not {'sklearn', 'faiss', 'hnswlib', 'scipy'} & {*sys.modules}"
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
    assert vecq.__version__
