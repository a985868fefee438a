"""Generated items and users with the properties of recommendation data, block by block.

Items vary in few directions, with falling variance, and lie in clusters of very different size.
Their norms, which stand for popularity, are log-normal. Users lie near several clusters, away from
the items. Seen and chosen items are sampled by the users' inner products with them.
"""

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vecq import ArgumentError
from vecq.core.arguments import whole
from vecq.core.progress import Progress, Report
from vecq.datasets.best import keep_best, sort_best
from vecq.datasets.dataset import Csr, Dataset
from vecq.datasets.folders import clear_folder, fill_folder
from vecq.datasets.matrices import read_matrix, write_blocks
from vecq.datasets.truth import with_truth

Floats = NDArray[np.float32]

BLOCK, USERS = 1 << 14, 1 << 11  # items and users at a time
MAPPED = ("npy", "fbin", "fvecs")
# Number of directions, the power law of their spread, and the spread in all others.
DIRECTIONS, DECAY, REST = 48, -0.2, 0.15
# The power law of cluster sizes, the mean width of clusters, their distance from the origin, and
# the standard deviation of the logarithms of norms.
SIZES, WIDTH, SHIFT, NORMS = -0.8, 1.2, 0.15, 0.5
# Clusters per user, the weight of a user's own random direction, and that of a direction shared by
# all users.
TASTES, ECCENTRICITY, LEANING = 4, 1.0, 0.6
# Items per user: median, least and most; the share held out; and the temperature of sampling.
MEDIAN, LEAST, MOST, HELD_OUT, TEMPERATURE = 40, 10, 200, 0.2, 0.38


@dataclass(frozen=True)
class Population:
    """Items and users of one generated world, deterministic in the arguments.

    >>> population = Population(rows=100_000_000, dim=64, users=1000)
    >>> next(population.items()).shape
    (16384, 64)
    """

    rows: int
    dim: int
    users: int = 2000
    seed: int = 0

    def __post_init__(self) -> None:
        whole(self.rows, "rows", 2 * LEAST, 2**31 - 1)
        whole(self.dim, "dim", 2, 65535)
        whole(self.users, "users", 1, 10_000_000)
        whole(self.seed, "seed", 0, 2**63 - 1)

    def items(self) -> Iterator[Floats]:
        """Yield blocks of items."""
        world = self._world
        for block, first in enumerate(range(0, self.rows, BLOCK)):
            rng = self._rng("items", block)
            count = min(BLOCK, self.rows - first)
            cluster = rng.choice(len(world.centers), count, p=world.shares)
            inner = rng.standard_normal((count, len(world.basis)), np.float32)
            inner *= world.widths[cluster, None]
            items = world.place(inner + world.centers[cluster])
            noise = rng.standard_normal((count, self.dim), np.float32)
            items += np.float32(REST / math.sqrt(self.dim)) * noise
            items *= rng.lognormal(0, NORMS, (count, 1)).astype(np.float32)
            yield items

    @cached_property
    def queries(self) -> Floats:
        """The vectors of users."""
        world, rng = self._world, self._rng("users")
        liked = rng.choice(len(world.centers), (self.users, TASTES), p=world.shares)
        weights = rng.dirichlet(np.ones(TASTES), self.users).astype(np.float32)
        tastes = np.einsum("ut,utd->ud", weights, world.centers[liked])
        own = rng.standard_normal((self.users, len(world.basis)), np.float32)
        leaning = world.place(rng.standard_normal((1, len(world.basis)), np.float32))
        return np.asarray(world.place(tastes) + ECCENTRICITY * world.place(own) + LEANING * leaning)

    def interactions(self, progress: Progress = None) -> tuple[Csr, Csr]:
        """Sample seen and held-out items of each user, without replacement.

        The probability of an item grows with the exponential of its score. By the Gumbel trick, the
        items with the largest score plus Gumbel noise are such a sample, found block by block.
        """
        rng = self._rng("choices")
        most = min(MOST, self.rows // 2)
        drawn_counts = rng.lognormal(math.log(MEDIAN), 0.7, self.users)
        wanted = np.clip(drawn_counts, LEAST, most).astype(np.int64)
        keys = np.full((self.users, most), -np.inf, np.float32)
        ids = np.zeros((self.users, most), np.int64)
        with Report(progress, self.rows) as report:
            for block, items in enumerate(self.items()):
                noise = self._rng("noise", block)
                for start in range(0, self.users, USERS):
                    some = slice(start, start + USERS)
                    drawn = self._drawn(self.queries[some], items, noise)
                    keep_best(keys[some], ids[some], drawn, block * BLOCK)
                report(min(self.rows, (block + 1) * BLOCK), self.rows)
        return _split(sort_best(keys, ids)[1], wanted, rng)

    @staticmethod
    def _drawn(users: Floats, items: Floats, rng: np.random.Generator) -> Floats:
        """Return scores plus Gumbel noise, which is minus the log of exponential noise."""
        noise = rng.standard_exponential((len(users), len(items)), np.float32)
        np.log(np.maximum(noise, np.float32(1e-30), out=noise), out=noise)
        return np.asarray(users @ items.T / np.float32(TEMPERATURE) - noise)

    @cached_property
    def _world(self) -> "World":
        return World.of(self._rng("world"), math.isqrt(self.rows), self.dim)

    def _rng(self, part: str, number: int = 0) -> np.random.Generator:
        return np.random.default_rng([self.seed, self.rows, self.dim, number, *part.encode()])


@dataclass(frozen=True)
class World:
    """The clusters, and the directions that they vary in."""

    centers: Floats
    widths: Floats
    shares: NDArray[np.float64]
    basis: Floats

    @classmethod
    def of(cls, rng: np.random.Generator, clusters: int, dim: int) -> "World":
        directions = max(1, min(DIRECTIONS, 3 * dim // 4))
        shares = np.arange(1, clusters + 1.0) ** SIZES
        basis = np.linalg.qr(rng.standard_normal((dim, directions)))[0].T
        spread = np.arange(1, directions + 1.0)[:, None] ** DECAY
        return cls(
            rng.standard_normal((clusters, directions), np.float32),
            (WIDTH * rng.lognormal(0, 0.3, clusters)).astype(np.float32),
            shares / shares.sum(),
            (basis * spread).astype(np.float32),
        )

    def place(self, inner: Floats) -> Floats:
        """Return unit rows by their coordinates in the basis."""
        shift = np.float32(SHIFT * math.sqrt(len(self.basis))) * self.basis[0]
        rows = inner @ self.basis + shift
        return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def recommendations(
    rows: int,
    dim: int,
    users: int = 2000,
    *,
    seed: int = 0,
    k: int = 100,
    threads: int = 0,
    progress: Progress = None,
) -> Dataset:
    """Generate items, users, seen and held-out items, and the true k best items of each user.

    Args:
        rows: Number of items.
        dim: Dimension of the vectors.
        users: Number of users. Default: 2,000.
        seed: Of the random numbers. Default: 0.
        k: Number of true best items per user. Default: 100.
        threads: Number of threads; 0 = all cores. Default: 0.
        progress: Shows progress in items, as in `vecq.Index.add`. Default: None.

    Returns:
        The data set, in memory.

    >>> recommendations(10_000, 64, users=100)
    <vecq.datasets.Dataset recommendations-10000-64: 10,000 x 64, 100 queries, ip, ...>
    """
    population = Population(rows, dim, users, seed)
    train = np.concatenate(list(population.items()))
    return _complete(population, train, k, threads, progress)


def write_recommendations(
    path: str | Path,
    rows: int,
    dim: int,
    users: int = 2000,
    *,
    seed: int = 0,
    k: int = 100,
    vectors: str = "npy",
    threads: int = 0,
    progress: Progress = None,
) -> Dataset:
    """Generate the data of `recommendations` as a folder, with one block in memory at a time.

    Args:
        path: The folder.
        rows: Number of items.
        dim: Dimension of the vectors.
        users: Number of users. Default: 2,000.
        seed: Of the random numbers. Default: 0.
        k: Number of true best items per user. Default: 100.
        vectors: The format of vectors: "npy", "fbin" or "fvecs". Default: "npy".
        threads: Number of threads; 0 = all cores. Default: 0.
        progress: Shows progress in items, as in `vecq.Index.add`. Default: None.

    Returns:
        The data set, memory-mapped.

    >>> write_recommendations("million", 1_000_000, 128).train.shape
    (1000000, 128)
    """
    if vectors not in MAPPED:
        raise ArgumentError(
            f"vectors is {vectors!r}, expected one of {', '.join(MAPPED)}", "vectors"
        )
    population = Population(rows, dim, users, seed)
    folder = Path(path)
    train = folder / f"train.{vectors}"
    clear_folder(folder)
    write_blocks(train, population.items(), (rows, dim))
    data = _complete(population, read_matrix(train), k, threads, progress)
    fill_folder(data, folder, vectors, skip=("train",))
    return data


def recsys_demo() -> Dataset:
    """Generate the data set of `make demo`, in seconds."""
    data = recommendations(50_000, 64, 2000, k=1000, progress=False)
    return dataclasses.replace(data, name="recsys-demo")


def _complete(
    population: Population, train: Floats, k: int, threads: int, progress: Progress
) -> Dataset:
    seen, heldout = population.interactions(progress)
    name = f"recommendations-{population.rows}-{population.dim}"
    data = Dataset(name, "ip", train, population.queries, seen=seen, heldout=heldout)
    return with_truth(data, k, threads=threads)


def _split(
    ids: NDArray[np.int64], wanted: NDArray[np.int64], rng: np.random.Generator
) -> tuple[Csr, Csr]:
    """Split the items of each user at random into seen and held-out ones."""
    seen, heldout = [], []
    for row, count in zip(ids, wanted, strict=True):
        chosen = rng.permutation(row[:count])
        held = max(1, round(HELD_OUT * count))
        heldout.append(np.sort(chosen[:held]))
        seen.append(np.sort(chosen[held:]))
    return Csr.of(seen), Csr.of(heldout)
