"""Seeded random vectors with single properties of real data."""

import math

import numpy as np

from vecq.datasets.dataset import Dataset

# Vectors per block.
CHUNK = 1 << 16
# Number of directions that `clustered` vectors vary in, and the spread in all others.
DIRECTIONS, REST = 32, 0.05


def heavy_tailed(
    rows: int, dim: int, queries: int = 500, *, metric: str = "ip", seed: int = 0
) -> Dataset:
    """Generate random directions with log-normal norms, like items of different popularity.

    >>> heavy_tailed(1000, 64).train.shape
    (1000, 64)
    """
    rng = np.random.default_rng([seed, rows, dim])
    train = rng.standard_normal((rows, dim), np.float32)
    train *= rng.lognormal(0, 1, (rows, 1)).astype(np.float32)
    test = rng.standard_normal((queries, dim), np.float32)
    return Dataset(f"heavy-tailed-{dim}", metric, train, test)


def clustered(rows: int, dim: int, queries: int = 1000, *, seed: int = 0) -> Dataset:
    """Generate clusters in few directions, of sizes proportional to 1, 1/2, 1/3, ..., for l2.

    Clusters overlap and are anisotropic. Queries have the same distribution as rows.

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
