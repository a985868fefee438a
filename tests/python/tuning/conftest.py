"""Small sets that take a second to tune on."""

from collections.abc import Callable

import numpy as np
import pytest

import vecq
from vecq.tuning import Space

K = 10


@pytest.fixture(autouse=True)
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here does not depend on how exactly speeds are known."""
    monkeypatch.setattr("vecq.tuning.timing.ROUND_SECONDS", 0.001)
    monkeypatch.setattr("vecq.tuning.timing.CALL_SECONDS", 0.0)


class Data:
    """Items around a far centre, so that int8 loses much of their inner products."""

    def __init__(self, rows: int, dim: int, offset: float) -> None:
        rng = np.random.default_rng(3)
        centre = offset * rng.standard_normal(dim)
        self.items = (centre + rng.standard_normal((rows, dim))).astype(np.float32)
        self.users = rng.standard_normal((800, dim), np.float32)
        self.queries, self.fresh = self.users[:400], self.users[400:]


@pytest.fixture(scope="session")
def data() -> Data:
    return Data(3000, 24, 0)


@pytest.fixture(scope="session")
def hard() -> Data:
    return Data(3000, 24, 10)


@pytest.fixture(scope="session")
def tune(data: Data) -> Callable[..., vecq.Tuned]:
    """Tunes on one thread, in a small space."""

    def call(vectors=data.items, queries=data.queries, **options: object) -> vecq.Tuned:
        small = {"k": K, "threads": 1, "progress": False, "space": small_space()}
        return vecq.tune(vectors, queries, **{**small, **options})

    return call


def small_space(**options: object) -> Space:
    usual = {
        "codecs": ["int8", "fp32"],
        "rerank_codecs": [None, "fp32"],
        "rerank_factors": [1.5, 3.0],
    }
    return Space(**{**usual, "m": [8, 16], "ef_construction": [100], **options})


@pytest.fixture(scope="session")
def space() -> Callable[..., Space]:
    return small_space


@pytest.fixture(scope="session")
def recall() -> Callable[..., float]:
    """Recall of chosen settings on queries, by an index that is built rebuilt, and by numpy."""

    def measure(found: vecq.Tuned, items: np.ndarray, queries: np.ndarray) -> float:
        index = vecq.Index(items.shape[1], found.metric, **found.index_settings)
        index.add(items, threads=1)
        ids = index.search(queries, found.k, **found.search_settings).ids
        scores = queries.astype("f8") @ items.T.astype("f8")
        truth = np.argsort(-scores, axis=1)[:, : found.k]
        pairs = zip(ids, truth, strict=True)
        return float(np.mean([np.isin(own, row).mean() for row, own in pairs]))

    return measure
