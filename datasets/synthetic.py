"""Seeded vectors that are like real ones in some respect."""

import math

import numpy as np

from vecq.datasets.dataset import Dataset

# Vectors generated at a time.
CHUNK = 1 << 16
# What `clustered` vectors vary in: so many directions, and all others by so little.
DIRECTIONS, REST = 32, 0.05


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


def clustered(rows: int, dim: int, queries: int = 1000, *, seed: int = 0) -> Dataset:
    """Clusters within few directions, of sizes in proportion to 1, 1/2, 1/3, ..., for l2.

    Clusters overlap, and each is wider in some directions than in others. Queries are drawn as the
    rows are.

    >>> clustered(1000, 64).train.shape
    (1000, 64)
    """
    rng = np.random.default_rng([seed, rows, dim])
    count, directions = max(1, math.isqrt(rows)), min(DIRECTIONS, dim)
    shares = 1 / np.arange(1, count + 1)
    centers = rng.standard_normal((count, directions), np.float32)
    widths = rng.lognormal(-1, 0.5, (count, directions)).astype(np.float32)
    basis = rng.standard_normal((directions, dim), np.float32) / np.float32(math.sqrt(directions))
    vectors = np.empty((rows + queries, dim), np.float32)
    for first in range(0, len(vectors), CHUNK):
        part = vectors[first : first + CHUNK]
        cluster = rng.choice(count, len(part), p=shares / shares.sum())
        inner = rng.standard_normal((len(part), directions), np.float32)
        np.matmul(centers[cluster] + widths[cluster] * inner, basis, out=part)
        part += np.float32(REST) * rng.standard_normal(part.shape, np.float32)
    return Dataset(f"clustered-{dim}", "l2", vectors[:rows], vectors[rows:])
