"""Streams of tables: cut into blocks of equal size, and prepared one ahead."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from vecq.batch.sources import arrow

Block = TypeVar("Block")


def blocks_of(batches: Iterator[Any], rows: int) -> Iterator[Any]:
    """Yield tables of `rows` rows, the last with fewer."""
    pa = arrow()
    kept: list[Any] = []
    count = 0
    for batch in batches:
        while batch.num_rows > 0:
            part = batch.slice(0, rows - count)
            batch = batch.slice(part.num_rows)
            kept.append(part)
            count += part.num_rows
            if count == rows:
                yield pa.Table.from_batches(kept)
                kept, count = [], 0
    if kept:
        yield pa.Table.from_batches(kept)


def ahead(blocks: Iterator[Block], reader: ThreadPoolExecutor) -> Iterator[Block]:
    """Yield blocks that a thread prepares one ahead."""
    waiting = reader.submit(next, blocks, None)
    while (block := waiting.result()) is not None:
        waiting = reader.submit(next, blocks, None)
        yield block
