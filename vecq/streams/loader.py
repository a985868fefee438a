"""Stages the blocks of a stream in an index without items: the codecs first, then their codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vecq.core.arrays import as_biases, as_floats
from vecq.core.errors import ArgumentError
from vecq.core.native_index import NativeIndex
from vecq.core.progress import Progress, Report
from vecq.quantization.codec import SAMPLE
from vecq.search.attributes import native_columns
from vecq.streams.block import Block, Stream, rows_per_block
from vecq.updates import steps
from vecq.updates.changes import choose_id_type, numbers_of_ids

# Rows that the recall lost by the codec is estimated on, and blocks that they take at most.
LOSS_ROWS, LOSS_BLOCKS = 20_000, 2
# Values of a sample beyond this are left out; native code refuses them.
LARGEST = 1e33
# What to do about an error in an argument of native code.
REMEDIES = {
    "vectors": "correct or drop such rows",
    "ids": "give each row an id of its own, and all rows ids of one type",
    "bias": "correct the biases",
    "attributes": "convert the column, or leave out its attribute",
}


class Loader:
    """Stages the blocks of a stream behind each other.

    Attributes:
        rows: Number of rows that were staged.
    """

    def __init__(
        self, native: NativeIndex, stream: Stream, ids: Any, bias: ArrayLike | None, threads: int
    ) -> None:
        self._native, self._stream, self._threads = native, stream, threads
        self._ids = ids if ids is None or hasattr(ids, "__len__") else list(ids)
        self._bias: Any = bias
        self._has_ids: bool | None = None  # of the first block
        self.rows = 0
        most = LOSS_BLOCKS * rows_per_block(stream.dim)
        self._loss_rows = min(LOSS_ROWS, most)
        self._loss_sample: list[NDArray[Any]] = []
        self._require_lengths(stream.rows)

    def stage(self, progress: Progress) -> None:
        """Fit the codecs and stage all blocks."""
        if self._stream.rows is not None:
            steps.reserve(self._native, self._stream.rows)
        blocks = self._fitted() if steps.needs_fit(self._native) else self._stream.blocks()
        total = self._stream.rows or 0
        with Report(progress, total, " rows", label="reading") as report:
            for block in blocks:
                with _naming(block, self._ids is not None, self._bias is not None):
                    self._stage_block(block)
                report(self.rows, total)
        self._require_lengths(self.rows)

    def warn_of_loss(self) -> None:
        """Warn of a codec that loses much recall, before the rows are linked."""
        if self._loss_sample:
            steps.warn_of_loss_of(self._native, np.concatenate(self._loss_sample))
        self._loss_sample = []

    def _fitted(self) -> Iterator[Block]:
        """Fit the codecs to a sample, and return all blocks."""
        rows, blocks = self._stream.rows, self._stream.blocks()
        if rows == 0:
            return blocks
        sample = None if rows is None else self._stream.sample(-(-rows // SAMPLE))
        if sample is None:
            head = _first_blocks(blocks)
            sample = np.concatenate([block.vectors for block in head])
            blocks = chain(head, blocks)
        _fit(self._native, sample)
        return blocks

    def _stage_block(self, block: Block) -> None:
        native, count = self._native, len(block)
        if count == 0:
            return
        ids = block.ids if self._ids is None else self._ids[self.rows : self.rows + count]
        if self._has_ids is None:
            self._has_ids = ids is not None
            choose_id_type(native, ids)
        if self._has_ids != (ids is not None):
            raise ArgumentError(
                f"vectors {'lacks' if self._has_ids else 'has'} ids, unlike the first block", "ids"
            )
        biases = block.bias
        if self._bias is not None:
            biases = self._bias
            if np.ndim(biases) > 0:
                biases = biases[self.rows : self.rows + count]
        steps.stage_rows(
            native,
            block.vectors,
            numbers_of_ids(native, ids, count),
            self._threads,
            biases=None if biases is None else as_biases(biases, "bias", count),
            number=block.first,
        )
        if block.attributes is not None:
            table = native_columns(native, block.attributes, count)
            steps.stage_attributes(native, table, count)
        self._sample_loss(block.vectors)
        self.rows += count

    def _sample_loss(self, vectors: NDArray[Any]) -> None:
        """Keep evenly spaced rows, or the first ones where their number is unknown."""
        every = -(-(self._stream.rows or 0) // self._loss_rows) or 1
        free = self._loss_rows - sum(map(len, self._loss_sample))
        picked = vectors[-self.rows % every :: every][:free]
        if len(picked) > 0:
            self._loss_sample.append(np.array(picked, np.float32))

    def _require_lengths(self, rows: int | None) -> None:
        for name, given in (("ids", self._ids), ("bias", self._bias)):
            is_per_row = given is not None and (name == "ids" or np.ndim(given) > 0)
            if is_per_row and rows is not None and len(given) != rows:
                raise ArgumentError(
                    f"{name} has shape ({len(given)},), expected ({rows},): a value per row of "
                    "source",
                    name,
                )


def _first_blocks(blocks: Iterator[Block]) -> list[Block]:
    """Return the first blocks, of SAMPLE rows or more if there are as many.

    All but the last one are copied: an iterable may use the memory of a block again.
    """
    found: list[Block] = []
    rows = 0
    for block in blocks:
        found.append(block)
        rows += len(block)
        if rows >= SAMPLE:
            break
        block.vectors = np.array(block.vectors)
    return found


def _fit(native: NativeIndex, sample: NDArray[Any]) -> None:
    """Fit the codecs; rows that no codec takes are refused, with their place, when staged."""
    floats = as_floats(sample[:: -(-len(sample) // SAMPLE)])
    is_usable = (np.abs(floats) < LARGEST).all(axis=1)
    steps.fit_codecs(native, floats[is_usable] if is_usable.any() else np.zeros_like(floats[:1]))


@contextmanager
def _naming(block: Block, has_ids: bool, has_bias: bool) -> Iterator[None]:
    """Add place and remedy to an error in a block; arrays of all rows are arguments themselves."""
    try:
        yield
    except ArgumentError as error:
        remedy = REMEDIES.get(error.argument)
        if remedy is None:
            raise
        own = {"ids": has_ids, "bias": has_bias}.get(error.argument, False)
        text = f"source: {block.name}: {error}: {remedy}"
        raise ArgumentError(text, error.argument if own else "source") from None
