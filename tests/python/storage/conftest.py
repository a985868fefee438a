"""Small indexes that tests of files save and open, and everything that a search of them answers."""

import numpy as np
import pytest

import vecq

METRICS = ["ip", "cosine", "l2"]
DIM = 16
every_metric = pytest.mark.parametrize("metric", METRICS)


def sample(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, DIM)).astype(np.float32)


ITEMS, QUERIES = sample(2000), sample(50, seed=1)


def built(metric="l2", rows=1000, **options):
    return vecq.Index(DIM, metric, m=8, ef_construction=50, **options).add(ITEMS[:rows], threads=1)


def answers(index):
    found = index.search(QUERIES, 10, ef=110)  # wide enough for a walk
    stats = index.stats()
    graph = (
        index.ids.tolist(),
        stats.rows,
        stats.layers,
        stats.degrees.tolist(),
        stats.unreachable,
        stats.kept_out,
    )
    return found.ids.tobytes(), found.scores.tobytes(), found.hops, found.n_scored, graph


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.vecq"
