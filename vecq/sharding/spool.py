"""Spool files: the rows of one batch, sorted by shard, between reading a data set and building.

A task that fails leaves a file that no record names; a task that runs twice writes two files, of
which one is named. So each row counts once, and the memory of a task is bounded by its batch.

The layout, in 64-bit integers unless noted: magic, dim, shards; offsets of the upserted rows by
shard, then of the removed ones; ids; float32 vectors of the upserted rows.
"""

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import CorruptFileError
from vecq.sharding.assignment import Assignment, Floats, Numbers, mixed

MAGIC = 0x314C4F4F50535156  # "VQSPOOL1"
BLOCK = 8192  # rows that are hashed at a time


@dataclass(frozen=True)
class Spooled:
    """Record of a spool file.

    Attributes:
        name: The file, in the spool folder.
        rows: Upserted rows of each shard.
        removed: Removed rows of each shard.
        content: Digest of the upserted rows of each shard.
    """

    name: str
    rows: Numbers
    removed: Numbers
    content: NDArray[np.uint64]


def spool_rows(
    folder: str,
    ids: Numbers,
    vectors: Floats,
    assignment: Assignment,
    removed: Numbers | None = None,
) -> Spooled:
    """Write rows to a new spool file, sorted by shard.

    Args:
        folder: The spool folder.
        ids: Ids of the upserted rows.
        vectors: Their vectors.
        assignment: Assigns rows to shards.
        removed: Ids of removed rows, which a hash assigns. Default: none.

    Returns:
        The record of the file.
    """
    gone = np.empty(0, np.int64) if removed is None else removed
    own = assignment(ids, vectors)
    # Clusters assign by vector, which a removed row lacks: all shards read its id.
    own_gone = assignment(gone, vectors[:0]) if assignment.kind == "hash" else 0 * gone
    order, order_gone = (np.argsort(numbers, kind="stable") for numbers in (own, own_gone))
    rows, rows_gone = (
        np.bincount(numbers, minlength=assignment.shards) for numbers in (own, own_gone)
    )
    ids, vectors = ids[order], vectors[order]
    offsets = np.cumsum([0, *rows, *rows_gone])
    content = np.zeros(assignment.shards, np.uint64)
    np.add.at(content, own[order], row_digests(ids, vectors))
    name = f"{uuid.uuid4().hex}.rows"
    with (Path(folder) / name).open("xb") as file:
        np.array([MAGIC, vectors.shape[1], assignment.shards], np.int64).tofile(file)
        offsets.astype(np.int64).tofile(file)
        ids.tofile(file)
        gone[order_gone].tofile(file)
        vectors.tofile(file)
    return Spooled(name, rows, rows_gone, content)


class SpoolReader:
    """Reads the rows of one shard from a spool file.

    Raises:
        CorruptFileError: The file is damaged.
    """

    def __init__(self, path: Path, shard: int) -> None:
        self._path = path
        magic, self.dim, shards = self._read(0, 3).tolist()
        if magic != MAGIC or not 0 <= shard < shards:
            raise self._corrupt()
        offsets = self._read(3, 2 * shards + 1)
        self._ids_at = 3 + len(offsets)
        self._upserts, total = int(offsets[shards]), int(offsets[-1])
        self._vectors_at = 8 * (self._ids_at + total)
        self._first, self._last = offsets[[shard, shard + 1]].tolist()
        self._removed = offsets[[shards + shard, shards + shard + 1]].tolist()
        self._all_removed = self._upserts, total

    def __len__(self) -> int:
        return int(self._last - self._first)

    def ids(self) -> Numbers:
        """Ids of the shard's upserted rows."""
        return self._read(self._ids_at + self._first, len(self))

    def all_ids(self) -> Numbers:
        """Ids of the upserted rows of all shards."""
        return self._read(self._ids_at, self._upserts)

    def removed(self, everywhere: bool = False) -> Numbers:
        """Ids of the shard's removed rows, or of those of all shards."""
        first, last = self._all_removed if everywhere else self._removed
        return self._read(self._ids_at + first, last - first)

    def vectors(self) -> Floats:
        """Vectors of the shard's upserted rows."""
        found = np.fromfile(
            self._path,
            np.float32,
            len(self) * self.dim,
            offset=self._vectors_at + 4 * self.dim * self._first,
        )
        if found.size != len(self) * self.dim:
            raise self._corrupt()
        return found.reshape(len(self), self.dim)

    def _read(self, first: int, count: int) -> Numbers:
        found = np.fromfile(self._path, np.int64, count, offset=8 * first)
        if len(found) != count:
            raise self._corrupt()
        return found

    def _corrupt(self) -> CorruptFileError:
        return CorruptFileError(f"{self._path}: is damaged: run the build again", "path")


def row_digests(ids: Numbers, vectors: Floats) -> NDArray[np.uint64]:
    """Hash each row, its id and vector; the sum over rows does not depend on their order."""
    weights = mixed(np.arange(vectors.shape[1])) | np.uint64(1)
    found = mixed(ids)
    words: NDArray[Any] = np.ascontiguousarray(vectors, np.float32).view(np.uint32)
    for first in range(0, len(ids), BLOCK):
        block = words[first : first + BLOCK].astype(np.uint64)
        found[first : first + BLOCK] += np.einsum("ij,j->i", block, weights)
    return mixed(found.view(np.int64))
