"""The calls that the runner of big-ann-benchmarks makes."""

import json
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import yaml
from scipy import sparse

import vecq
from vecq.bench import bigann
from vecq.bench.bigann.module import Filtered, Streaming
from vecq.core.ranking import recall
from vecq.datasets import clustered

K, TAGS = 10, 12


@pytest.fixture(scope="module")
def data():
    return clustered(2000, 24, 40)


@pytest.fixture
def tags(data, monkeypatch):
    """Tags of items and queries, in a stub of the runner's package."""
    rng = np.random.default_rng(0)
    of_items = sparse.csr_matrix(rng.random((len(data.train), TAGS)) < 0.3)
    of_queries = np.zeros((len(data.test), TAGS), bool)
    for row, count in enumerate(rng.integers(0, 3, len(data.test))):
        of_queries[row, rng.choice(TAGS - 2, count, replace=False)] = True
    of_queries[-1] = True  # more than any item has

    class Set:
        def get_dataset_iterator(self, bs):
            yield from np.array_split(data.train, 3)

        def get_dataset_metadata(self):
            return of_items

    runner = ModuleType("benchmark.datasets")
    runner.DATASETS = {"small": Set}
    monkeypatch.setitem(sys.modules, "benchmark", ModuleType("benchmark"))
    monkeypatch.setitem(sys.modules, "benchmark.datasets", runner)
    return of_items, sparse.csr_matrix(of_queries)


def test_the_filter_track(data, tags):
    of_items, of_queries = tags
    algorithm = Filtered("euclidean", {"codec": "int8", "m": 16})
    assert algorithm.track() == "filter"
    assert algorithm.get_memory_usage() > 0
    assert not algorithm.load_index("small")
    algorithm.fit("small")
    algorithm.set_query_arguments({"ef": 200})
    assert "ef=200" in str(algorithm)
    algorithm.filtered_query(data.test, of_queries, K)
    found = algorithm.get_results()
    passes = (of_queries.toarray().astype(int) @ (1 - of_items.toarray().T.astype(int))) == 0
    assert found.shape == (len(data.test), K)
    for row, allowed in zip(found, passes, strict=True):
        assert allowed[row[row >= 0]].all()
        assert (row >= 0).sum() == min(K, allowed.sum())
    distances = ((data.test[:, None] - data.train) ** 2).sum(axis=2)
    truth = np.argsort(np.where(passes, distances, np.inf), axis=1)[:, :K]
    many = passes.sum(axis=1) >= K
    assert many.sum() > 30
    assert recall(found[many], truth[many]) > 0.97
    algorithm.query(data.test, K)
    assert algorithm.get_results().shape == (len(data.test), K)
    algorithm.done()


def test_the_streaming_track(data):
    algorithm = Streaming("euclidean", {"codec": "int8"})
    assert algorithm.track() == "stream"
    algorithm.setup("float32", 2000, 24)
    algorithm.set_query_arguments({"ef": 200})
    ids = np.arange(2000, dtype=np.uint32)
    for first in range(0, 2000, 500):
        algorithm.insert(data.train[first : first + 500], ids[first : first + 500])
    algorithm.delete(ids[:700])
    algorithm.query(data.test, K)
    found = algorithm.get_results()
    truth = 700 + vecq.brute_force(data.train[700:], data.test, k=K, metric="l2").ids
    assert found.min() >= 700
    assert recall(found, truth) > 0.95
    algorithm.insert(data.train[:100], ids[:100])
    algorithm.query(data.train[:100], 1)
    assert (algorithm.get_results()[:, 0] == np.arange(100)).mean() > 0.97
    algorithm.replace(data.train[200:300], ids[:100])
    algorithm.query(data.train[200:300], 1)
    assert (algorithm.get_results()[:, 0] == np.arange(100)).mean() > 0.97


def test_new_query_arguments_reset_the_streaming_track(data):
    algorithm = Streaming("euclidean", {"codec": "int8"})
    algorithm.setup("float32", 2000, 24)
    for first in (1000, 0):
        algorithm.set_query_arguments({"ef": 200})
        ids = np.arange(first, first + 1000, dtype=np.uint32)
        algorithm.insert(data.train[ids], ids)
        algorithm.query(data.test, K)
        assert np.isin(algorithm.get_results(), ids).all()


@pytest.mark.parametrize("track", ["filter", "streaming"])
def test_every_configuration_builds_an_index(track):
    path = Path(bigann.__file__).parent / track / "config.yaml"
    for definition in yaml.safe_load(path.read_text()).values():
        made = definition["vecq"]
        constructor = {"Filtered": Filtered, "Streaming": Streaming}[made["constructor"]]
        for group in made["run-groups"].values():
            for params in json.loads(group["args"]):
                algorithm = constructor("ip", params)
                if track == "streaming":
                    algorithm.setup("float32", 100, 8)
                for arguments in json.loads(group["query-args"]):
                    algorithm.set_query_arguments(arguments)
                    assert "vecq(codec=int8" in str(algorithm)


def test_unknown_distances_are_refused(refuse):
    refuse("metric", "expected one of euclidean, ip, angular", Filtered, "hamming", {})
