"""The calls that the runner of ann-benchmarks makes."""

import importlib
import itertools
from pathlib import Path

import numpy as np
import pytest
import yaml

from vecq.bench import annbenchmarks
from vecq.bench.truth import ground_truth
from vecq.datasets import heavy_tailed

K = 10


@pytest.mark.parametrize(("distance", "metric"), [("angular", "cosine"), ("euclidean", "l2")])
def test_runner_calls_find_neighbors(distance, metric):
    data = heavy_tailed(1500, 24, 20, metric=metric)
    truth = ground_truth(data, K).at(K)
    module = importlib.import_module("vecq.bench.annbenchmarks.module")
    algorithm = module.Vecq(distance, {"codec": "int8", "m": 16, "ef_construction": 100})
    assert algorithm.get_memory_usage() > 0
    algorithm.fit(data.train)
    for ef in (5, 200):
        algorithm.set_query_arguments(ef)
        assert f"ef={ef}" in str(algorithm)
        single = np.stack([algorithm.query(query, K) for query in data.test])
        algorithm.batch_query(data.test, K)
        assert np.array_equal(np.stack(algorithm.get_batch_results()), single)
        assert algorithm.get_additional()["dist_comps"] > 0
        assert all(len(set(row)) == K for row in single)
    assert truth.recall(single) > 0.95
    algorithm.done()


def test_fewer_items_than_requested_are_all_returned():
    module = importlib.import_module("vecq.bench.annbenchmarks.module")
    algorithm = module.Vecq("euclidean", {})
    algorithm.fit(np.eye(4, dtype=np.float32))
    assert sorted(algorithm.query(np.ones(4, np.float32), 10)) == [0, 1, 2, 3]


def test_unknown_distances_are_refused(refuse):
    module = importlib.import_module("vecq.bench.annbenchmarks.module")
    refuse("metric", "expected one of angular, euclidean", module.Vecq, "hamming", {})


def test_every_configuration_builds_an_index():
    folder = Path(annbenchmarks.__file__).parent
    (definition,) = yaml.safe_load((folder / "config.yml").read_text())["float"]["any"]
    module = importlib.import_module(definition["module"] + ".module")
    constructor = getattr(module, definition["constructor"])
    for group in definition["run_groups"].values():
        assert group["query_args"][0] == sorted(group["query_args"][0])
        for values in itertools.product(*group["args"].values()):
            algorithm = constructor("angular", dict(zip(group["args"], values, strict=True)))
            algorithm.fit(np.eye(8, dtype=np.float32))
            assert algorithm.query(np.eye(8, dtype=np.float32)[3], 1)[0] == 3
