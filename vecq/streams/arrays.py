"""Streams of matrices with random access: files that are mapped, arrays and lazy data sets."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arrays import release_pages
from vecq.core.errors import ArgumentError, FileError
from vecq.streams.block import Block, Stream, as_rows, rows_per_block


class ArrayStream(Stream):
    """Matrices, one after the other, of which slices are read.

    Args:
        parts: Matrices with a name each: arrays, or objects whose slices are arrays, such as data
            sets of h5py.

    Raises:
        ArgumentError: A part is no matrix, or they differ in the number of dimensions.
    """

    def __init__(self, parts: list[tuple[str, Any]]) -> None:
        for name, part in parts:
            if len(part.shape) != 2:
                raise ArgumentError(
                    f"source: {name} has shape {tuple(part.shape)}, expected a matrix, a row per "
                    "vector",
                    "source",
                )
        self._parts = parts
        name, first = parts[0]
        self.dim = as_rows(first[:0], name).shape[1]
        for name, part in parts[1:]:
            as_rows(part[:0], name, self.dim)
        self.rows = sum(int(part.shape[0]) for _, part in parts)

    def blocks(self) -> Iterator[Block]:
        step = rows_per_block(self.dim)
        for name, part in self._parts:
            for first in range(0, int(part.shape[0]), step):
                yield Block(self._rows(name, part, slice(first, first + step)), name, first)
                release_pages(part)

    def sample(self, every: int) -> NDArray[Any]:
        picked, done = [], 0
        for name, part in self._parts:
            # In pieces: a few rows of each page make all pages resident.
            step = every * max(1, rows_per_block(self.dim) // every)
            for first in range(-done % every, int(part.shape[0]), step):
                rows = slice(first, min(first + step, int(part.shape[0])), every)
                picked.append(np.array(self._rows(name, part, rows)))
                release_pages(part)
            done += int(part.shape[0])
        return np.concatenate(picked)

    def _rows(self, name: str, part: Any, rows: slice) -> NDArray[Any]:
        try:
            found = part[rows]
        except OSError as error:
            raise FileError(f"source: {name} can't be read: {error}", "source") from None
        return as_rows(found, name, self.dim)


def map_matrices(paths: list[Path]) -> ArrayStream:
    """Map files of matrices.

    Raises:
        DatasetError: A file is missing or damaged.
    """
    from vecq.datasets import read_matrix

    return ArrayStream([(str(path), read_matrix(path)) for path in paths])
