"""Buckets: users and seen items, split by a hash of the user into files that fit memory."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from vecq.batch.seen import hashes
from vecq.batch.sources import arrow
from vecq.batch.work import sync

# Bytes that are split at a time, and the most buckets: each is an open file.
SPLIT_BYTES, MOST_BUCKETS = 1 << 26, 512
# Memory of a seen pair: the pair itself, its sorting, and its share of the user.
PAIR_BYTES = 64
UNKNOWN_ROWS = 1 << 26  # assumed where nobody knows the number of pairs


def buckets_for(pairs: int | None, memory_bytes: int) -> int:
    """Number of buckets, so that the pairs of one fit the memory."""
    needed = PAIR_BYTES * (UNKNOWN_ROWS if pairs is None else pairs)
    return min(max(1, -(-needed // memory_bytes)), MOST_BUCKETS)


class Buckets:
    """Splits one column of batches after another; finished ones survive a kill."""

    def __init__(self, folder: Path, count: int) -> None:
        self._folder, self.count = folder, count

    def split(self, name: str, batches: Iterator[Any], users: Callable[[Any], Any]) -> None:
        """Write batches to the files of their users' buckets, unless that is done already."""
        done = self._folder / f"{name}.json"
        if done.exists():
            return
        pa = arrow()
        writers: list[Any] = [None] * self.count
        try:
            for table in _large(batches):
                own = hashes(users(table)) % np.uint64(self.count)
                order = np.argsort(own, kind="stable")
                ends = np.cumsum(np.bincount(own, minlength=self.count))
                split = table.take(pa.array(order))
                for bucket, end in enumerate(ends):
                    first = ends[bucket - 1] if bucket else 0
                    if writers[bucket] is None:
                        path = str(self._path(name, bucket))
                        writers[bucket] = pa.ipc.new_file(path, table.schema)
                    if end > first:
                        writers[bucket].write_table(split.slice(first, end - first))
        finally:
            for writer in writers:
                if writer is not None:
                    writer.close()
        for file in self._folder.glob(f"{name}-*.arrow"):
            sync(file)
        done.write_text(json.dumps(self.count))

    def batches(self, name: str, bucket: int) -> Iterator[Any]:
        """Yield the batches of a bucket."""
        pa, path = arrow(), self._path(name, bucket)
        if path.exists():
            with pa.memory_map(str(path)) as memory, pa.ipc.open_file(memory) as file:
                for number in range(file.num_record_batches):
                    yield file.get_batch(number)

    def _path(self, name: str, bucket: int) -> Path:
        return self._folder / f"{name}-{bucket:04}.arrow"


def _large(batches: Iterator[Any]) -> Iterator[Any]:
    """Yield tables of at least SPLIT_BYTES bytes, but for the last."""
    pa = arrow()
    kept: list[Any] = []
    for batch in batches:
        kept.append(batch)
        if sum(one.nbytes for one in kept) >= SPLIT_BYTES:
            yield pa.Table.from_batches(kept)
            kept = []
    if kept:
        yield pa.Table.from_batches(kept)
