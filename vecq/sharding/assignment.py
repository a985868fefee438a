"""Assignment of rows to shards: by a hash of the id, or to the nearest centroid of a cluster."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from vecq.core.errors import ArgumentError, CorruptFileError
from vecq.sharding.atomic import write_file
from vecq.sharding.hashes import Floats, Numbers, mixed

ROUNDS = 10  # of k-means


class Assignment(Protocol):
    """A function of ids and vectors that returns the number of a shard for each row.

    String ids are given by their hashes.
    """

    kind: str
    shards: int

    def __call__(self, ids: Numbers, vectors: Floats) -> Numbers: ...


class HashAssignment:
    """Assigns rows by a hash of the id: shards of nearly equal size, and an id has one shard.

    >>> HashAssignment(4)(numpy.arange(6), numpy.ones((6, 2), "float32"))
    array([3, 1, 2, 1, 2, 2])
    """

    kind = "hash"

    def __init__(self, shards: int) -> None:
        self.shards = shards

    def __call__(self, ids: Numbers, vectors: Floats) -> Numbers:
        return np.asarray(mixed(ids) % np.uint64(self.shards), np.int64)


class ClusterAssignment:
    """Assigns rows to the nearest of some centroids: similar items share a shard.

    Shards differ in size as clusters do.

    Args:
        centroids: One centroid per shard.
        normalize: Compare directions, not distances. Default: False.
    """

    kind = "cluster"

    def __init__(self, centroids: Floats, normalize: bool = False) -> None:
        self.centroids = np.ascontiguousarray(centroids, np.float32)
        self.normalize = normalize
        self.shards = len(centroids)

    def __call__(self, ids: Numbers, vectors: Floats) -> Numbers:
        rows = normalized(vectors) if self.normalize else vectors
        return _nearest(rows, self.centroids)

    @classmethod
    def fit(cls, sample: Floats, shards: int, metric: str, seed: int = 0) -> "ClusterAssignment":
        """Fit centroids to a sample by k-means.

        Args:
            sample: A few thousand rows, at least as many as shards.
            shards: Number of centroids.
            metric: "ip" and "cosine" cluster directions, "l2" distances.
            seed: Seed of the first centroids. Default: 0.

        Raises:
            ArgumentError: The sample has fewer rows than there are shards.
        """
        if len(sample) < shards:
            raise ArgumentError(
                f"shards is {shards}, but clusters need at least as many rows, not {len(sample)}",
                "shards",
            )
        normalize = metric != "l2"
        rows = normalized(sample) if normalize else np.asarray(sample, np.float32)
        rng = np.random.default_rng(seed)
        centroids = rows[rng.choice(len(rows), shards, replace=False)].copy()
        for _ in range(ROUNDS):
            own = _nearest(rows, centroids)
            for number in range(shards):
                members = rows[own == number]
                empty = len(members) == 0
                centroids[number] = rows[rng.integers(len(rows))] if empty else members.mean(0)
        return cls(centroids, normalize)


def write_assignment(assignment: Assignment, folder: Path, suffix: str) -> dict[str, Any]:
    """Return the entry of an assignment in a manifest; write the file that it names."""
    if isinstance(assignment, ClusterAssignment):
        name = f"centroids-{suffix}.npz"
        arrays = {"centroids": assignment.centroids, "normalize": np.array(assignment.normalize)}
        write_file(folder / name, lambda file: np.savez(file, **arrays))  # type: ignore[arg-type]
        return {"kind": "cluster", "file": name}
    return {"kind": "hash"}


def read_assignment(entry: dict[str, Any], folder: Path, shards: int) -> Assignment:
    """Return the assignment of a manifest's entry.

    Raises:
        CorruptFileError: The entry or the file that it names is damaged.
    """
    if entry.get("kind") == "hash":
        return HashAssignment(shards)
    if entry.get("kind") != "cluster" or "file" not in entry:
        raise CorruptFileError(f"{folder}: assignment is {entry!r}", "path")
    path = folder / entry["file"]
    try:
        with np.load(path, allow_pickle=False) as arrays:
            found = ClusterAssignment(arrays["centroids"], bool(arrays["normalize"]))
    except FileNotFoundError:
        raise
    except Exception as error:  # numpy and zipfile raise a dozen kinds
        raise CorruptFileError(f"{path}: no centroids: {error}", "path") from None
    if found.shards != shards:
        raise CorruptFileError(f"{path}: {found.shards} centroids for {shards} shards", "path")
    return found


def normalized(rows: Floats) -> Floats:
    """Return rows of length 1; zero rows stay zero."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def _nearest(rows: Floats, centroids: Floats) -> Numbers:
    distances = np.square(centroids).sum(axis=1) - 2 * (rows @ centroids.T)
    return np.asarray(distances.argmin(axis=1), np.int64)
