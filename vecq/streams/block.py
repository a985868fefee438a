"""Blocks: the rows of a source that are in memory at a time, and where they come from."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import counted
from vecq.core.arrays import BLOCK_BYTES, MAX_DIM, as_array
from vecq.core.errors import ArgumentError


@dataclass
class Block:
    """Some rows of a source.

    Attributes:
        vectors: A matrix of numbers.
        name: What errors call the place of the rows: a file, or the number of a block.
        first: Number of the first row, counted from the start of the file or of the source.
        ids: Ids of the rows. Default: None, the source has none.
        bias: Biases of the rows. Default: None.
        attributes: An Arrow batch of the attributes of the rows. Default: None.
    """

    vectors: NDArray[Any]
    name: str
    first: int
    ids: Any = None
    bias: Any = None
    attributes: Any = None

    def __len__(self) -> int:
        return len(self.vectors)


class Stream(ABC):
    """A source of blocks.

    Attributes:
        dim: Number of dimensions.
        rows: Number of rows; None if it is not known before all were read.
    """

    dim: int
    rows: int | None

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """Yield all rows. A block is valid until the next one is asked for."""

    def sample(self, every: int) -> NDArray[Any] | None:
        """Return each `every`-th row; None if the source can be read only once."""
        return None


def rows_per_block(dim: int) -> int:
    """Return the number of rows of which a block in float32 has BLOCK_BYTES."""
    return max(1, BLOCK_BYTES // (4 * dim))


def as_rows(given: Any, name: str, dim: int | None = None) -> NDArray[Any]:
    """Return an array of numbers as a matrix; a vector becomes its only row.

    Raises:
        ArgumentError: It is no array of numbers, or not of `dim` columns.
    """
    try:
        found = as_array(given)
    except (BufferError, RuntimeError, TypeError, ValueError) as error:
        raise ArgumentError(f"source: {name} is no array: {error}", "source") from None
    if type(found) is not np.ndarray and np.ma.is_masked(found):
        raise ArgumentError(f"source: {name} has masked values, fill them first", "source")
    if found.dtype.kind not in "fiu" or found.ndim not in (1, 2):
        raise ArgumentError(
            f"source: {name} holds {found.dtype} of shape {found.shape}, expected a matrix of "
            "numbers, a row per vector",
            "source",
        )
    rows = found if found.ndim == 2 else found[np.newaxis]
    if dim is not None and rows.shape[1] != dim:
        raise ArgumentError(
            f"source: {name} has vectors of {counted(rows.shape[1], 'dimension')}, but the first "
            f"ones have {dim}: all vectors of an index are of one model",
            "source",
        )
    if not 0 < rows.shape[1] <= MAX_DIM:
        raise ArgumentError(
            f"source: {name} has {counted(rows.shape[1], 'column')}, expected 1 to {MAX_DIM}",
            "source",
        )
    return rows


def every_nth(parts: Iterator[NDArray[Any]], every: int) -> NDArray[Any]:
    """Return the rows 0, every, 2 * every, ... of consecutive parts as one copy."""
    picked, done = [], 0
    for part in parts:
        picked.append(np.array(part[-done % every :: every]))
        done += len(part)
    return np.concatenate(picked)
