"""Seeded vectors that are like real ones in some respect."""

import numpy as np

from vecq.datasets.hdf5 import Dataset


def heavy_tailed(
    rows: int, dim: int, queries: int = 500, *, metric: str = "ip", seed: int = 0
) -> Dataset:
    """Random directions with log-normal norms, as items of very different popularity have.

    >>> heavy_tailed(1000, 64).train.shape
    (1000, 64)
    """
    rng = np.random.default_rng([seed, rows, dim])
    train = rng.standard_normal((rows, dim), np.float32)
    train *= rng.lognormal(0, 1, (rows, 1)).astype(np.float32)
    test = rng.standard_normal((queries, dim), np.float32)
    return Dataset(f"heavy-tailed-{dim}", metric, train, test)
