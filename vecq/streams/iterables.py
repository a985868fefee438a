"""Streams of an iterable, which is read once: blocks of vectors, with or without ids."""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from vecq.core.arguments import type_of
from vecq.core.errors import ArgumentError
from vecq.streams.block import Block, Stream, as_rows

ITEMS = "arrays, pairs (ids, array) or record batches"


class IterableStream(Stream):
    """Blocks that an iterable yields: arrays, or pairs (ids, array).

    Raises:
        ArgumentError: It yields nothing, or something else first.
    """

    rows = None

    def __init__(self, first: Any, rest: Iterable[Any]) -> None:
        self._given = chain([first], rest)
        self.dim = _block(first, 0, 0, None).vectors.shape[1]

    def blocks(self) -> Iterator[Block]:
        done = 0
        for number, given in enumerate(self._given):
            block = _block(given, number, done, self.dim)
            yield block
            done += len(block)


def _block(given: Any, number: int, first: int, dim: int | None) -> Block:
    is_pair = isinstance(given, tuple) and len(given) == 2
    if isinstance(given, str | bytes) or given is None:
        raise ArgumentError(
            f"source: block {number} is {type_of(given)}, expected {ITEMS}", "source"
        )
    ids, values = given if is_pair else (None, given)
    vectors = as_rows(values, f"block {number}", dim)
    if ids is not None and not hasattr(ids, "__len__"):
        ids = list(ids)
    if ids is not None and len(ids) != len(vectors):
        raise ArgumentError(
            f"source: block {number} has {len(ids)} ids and {len(vectors)} vectors, expected an id "
            "per vector",
            "source",
        )
    return Block(vectors, f"block {number}, from row {first:,} on", first, ids)
