"""The same vectors in indexes of several libraries."""

import numpy as np
import pytest

ROWS, DIM = 3000, 24
rng = np.random.default_rng(3)
ITEMS = rng.standard_normal((ROWS, DIM), np.float32)
# Of 50 queries, recall varies by a point.
QUERIES = rng.standard_normal((500, DIM), np.float32)


def best(metric: str, k: int, items=ITEMS) -> np.ndarray:
    """The numbers of the best items for each query."""
    dots = QUERIES @ items.T
    if metric == "l2":
        scores = 2 * dots - (items**2).sum(axis=1)
    elif metric == "cosine":
        scores = dots / np.linalg.norm(items, axis=1)
    else:
        scores = dots
    return np.argsort(-scores, axis=1)[:, :k]


def recall(found: np.ndarray, true: np.ndarray) -> float:
    pairs = zip(np.asarray(found).astype(np.int64), true, strict=True)
    return float(np.mean([np.isin(own, other).mean() for own, other in pairs]))


@pytest.fixture(scope="session")
def peer():
    class Peer:
        items, queries, dim = ITEMS, QUERIES, DIM
        best, recall = staticmethod(best), staticmethod(recall)

    return Peer
