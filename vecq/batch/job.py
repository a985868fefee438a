"""Recommendations for all users: streams users, searches block by block, commits the results.

One thread reads and prepares the next block, another writes the previous one, while native threads
search. Memory holds a few blocks, and the seen items of one bucket of users.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from vecq.batch.answers import Answers
from vecq.batch.blocks import ahead, blocks_of
from vecq.batch.buckets import Buckets, buckets_for
from vecq.batch.columns import id_column, integers, require_ids, texts, vector_column, vectors
from vecq.batch.seen import SeenItems
from vecq.batch.sources import Source, arrow, source_of
from vecq.batch.work import WorkFolder
from vecq.core.arguments import MOST, type_of, whole
from vecq.core.errors import ArgumentError
from vecq.core.names import find_numbers
from vecq.core.progress import Progress, Report
from vecq.index import Index
from vecq.search.exclusions import Exclusions
from vecq.search.expressions import Expression
from vecq.search.filters import filter_of
from vecq.search.result import Result

# Bytes of the vectors and results of a part, and its most and fewest users.
PART_BYTES, MOST_USERS, FEWEST_USERS = 1 << 26, 1 << 16, 256
# Results of a part: offsets of Arrow lists have 32 bits.
MOST_RESULTS = 2**31 - 1


@dataclass(frozen=True)
class Recommended:
    """What `vecq.recommend` wrote."""

    path: str
    users: int
    resumed: int  # users of these that an earlier run of the same job had finished
    seconds: float

    def __str__(self) -> str:
        done = self.users - self.resumed
        speed = done / max(self.seconds, 1e-9)
        again = f", {self.resumed:,} of an earlier run" if self.resumed else ""
        return (
            f"{self.path}: {self.users:,} users{again}, in {self.seconds:.3g} s, "
            f"{speed:,.0f} users/s"
        )


class Job:
    """The verified inputs of a job."""

    def __init__(
        self,
        index: Any,
        users: Any,
        seen: Any,
        k: int,
        threads: int,
        columns: tuple[str | None, str | None, str | None],
        options: dict[str, Any],
    ) -> None:
        self._identity: list[Any] | None = [repr(columns), k]
        if isinstance(index, Index):
            self._identity = None
            self._native = index._native
        else:
            self._native = Index.open(index)._native
            state = Path(index).stat()
            self._note([os.path.realpath(index), state.st_size, state.st_mtime_ns])
        where = options.get("where")
        if not isinstance(where, str | Expression | None):
            text = f"where is {type_of(where)}, expected one condition for all users"
            raise ArgumentError(text, "where")
        for name in ("exclude", "explain"):
            if name in options:
                raise ArgumentError(f"{name} can't be given: seen holds the exclusions", name)
        for name in sorted(options):
            self._note(_value_identity(options[name], name))
        self._k = whole(k, "k", 1, MOST)
        options["allow"] = filter_of(self._native, options.get("allow"), options.pop("deny", None))
        self._open_columns(users, seen, columns)
        users = self._users.schema.field(self._user)
        options["threads"] = threads
        self._answers = Answers(self._native, self._k, options, users)

    def _note(self, value: Any) -> None:
        """Add to the identity of the job; None makes it unknown."""
        if value is None:
            self._identity = None
        elif self._identity is not None:
            self._identity.append(value)

    def _open_columns(
        self, users: Any, seen: Any, columns: tuple[str | None, str | None, str | None]
    ) -> None:
        self._users = source_of(users, "users")
        self._user = id_column(self._users, columns[0], "user_column")
        self._vector = vector_column(self._users, columns[1], self._native.dim)
        require_ids(self._users, self._user, None)
        if self._user in ("ids", "scores"):
            raise self._users.refuse(f"has users in a column named {self._user!r}: rename it")
        self._note(self._users.identity())
        self._seen: Source | None = None
        if seen is None:
            return
        pa = arrow()
        self._seen = source_of(seen, "seen")
        self._seen_user = id_column(self._seen, columns[0], "user_column")
        self._item = id_column(self._seen, columns[2], "item_column")
        self._seen.texts = {
            self._seen_user: pa.string(),
            self._item: pa.string() if self._native.has_names else pa.int64(),
        }
        if not any(file.suffix in (".csv", ".tsv") for file in self._seen.files):
            require_ids(self._seen, self._seen_user, None)
            require_ids(self._seen, self._item, self._native.has_names)
        self._note(self._seen.identity())

    def size_parts(self, memory_bytes: int, part_users: int | None) -> None:
        """Choose the number of users of a part and the number of buckets."""
        memory = whole(memory_bytes, "memory_bytes", 1 << 16, 1 << 50)
        own = PART_BYTES // (12 * self._k + 4 * self._native.dim)
        most = min(MOST_RESULTS // self._k, 1 << 24)
        own = min(max(own, FEWEST_USERS), MOST_USERS, most)
        self._part_users = own if part_users is None else whole(part_users, "part_users", 1, most)
        self._buckets = 1 if self._seen is None else buckets_for(self._seen.rows, memory)
        self._note([self._part_users, self._buckets])

    def stream(self, progress: Progress) -> Iterator[Any]:
        """Yield a record batch per part."""
        done = 0
        with (
            tempfile.TemporaryDirectory() as folder,
            ThreadPoolExecutor(1) as reader,
            Report(progress, self._users.rows or 0, " users") as report,
        ):
            for _, block in ahead(self._blocks(Path(folder), lambda _: False), reader):
                users, *searched = block
                batch = self._answers.batch(users, self._answers.search(*searched))
                done += batch.num_rows
                report(done, max(done, self._users.rows or 0))
                yield batch

    def write(self, out: Path, progress: Progress) -> Recommended:
        """Write a part after the other, then the output."""
        start, work = time.perf_counter(), WorkFolder(out)
        identity = None if self._identity is None else {"job": self._identity}
        with (
            work.locked(identity),
            ThreadPoolExecutor(1) as reader,
            ThreadPoolExecutor(1) as writer,
        ):
            with Report(progress, self._users.rows or 0, " users") as report:
                done, resumed = self._write_parts(work, reader, writer, report)
            work.finish(self._answers.schema)
        return Recommended(str(out), done, resumed, time.perf_counter() - start)

    def _write_parts(
        self, work: WorkFolder, reader: ThreadPoolExecutor, writer: ThreadPoolExecutor, report: Any
    ) -> tuple[int, int]:
        """Return the number of users, and of those whose parts an earlier run has finished."""
        done = resumed = 0
        written: Future[None] | None = None

        def append(users: Any, found: Result) -> None:
            work.append(self._answers.batch(users, found))

        for number, block in ahead(self._blocks(work.path, work.has), reader):
            if block is None:
                count = work.rows(number)
                resumed += count
            else:
                users, *searched = block
                found, count = self._answers.search(*searched), len(users)
                if written is not None:
                    written.result()
                written = writer.submit(append, users, found)
            done += count
            report(done, max(done, self._users.rows or 0))
        if written is not None:
            written.result()
        return done, resumed

    def _blocks(self, folder: Path, is_done: Any) -> Iterator[tuple[int, Any]]:
        """Yield the number of each part, and its users with what they have seen; None if done."""
        number = row = 0
        for bucket in range(self._buckets):
            stream = self._user_batches(folder, bucket)
            seen: SeenItems | None = None
            for table in blocks_of(stream, self._part_users):
                if is_done(number):
                    yield number, None
                else:
                    if seen is None:
                        seen = self._seen_items(folder, bucket)
                    yield number, self._prepared(table, seen, row)
                number += 1
                row += table.num_rows

    def _prepared(self, table: Any, seen: SeenItems, row: int) -> tuple[Any, Any, Exclusions]:
        ids = table.column(self._user).combine_chunks()
        values = table.column(self._vector).combine_chunks()
        rows = vectors(self._users, self._vector, values, self._native.dim, row)
        return ids, rows, seen.of(texts(self._users, self._user, ids))

    def _user_batches(self, folder: Path, bucket: int) -> Iterator[Any]:
        columns = [self._user, self._vector]
        if self._buckets == 1:
            return self._users.batches(columns)
        buckets = Buckets(folder, self._buckets)
        buckets.split(
            "users",
            self._users.batches(columns),
            lambda table: texts(self._users, self._user, table.column(self._user).combine_chunks()),
        )
        return buckets.batches("users", bucket)

    def _seen_items(self, folder: Path, bucket: int) -> SeenItems:
        found = SeenItems()
        if self._seen is not None:
            with ThreadPoolExecutor(1) as decoder:
                for users, items in ahead(self._seen_pairs(self._seen, folder, bucket), decoder):
                    found.add(users, items)
        found.group()
        return found

    def _seen_pairs(self, seen: Source, folder: Path, bucket: int) -> Iterator[tuple[Any, Any]]:
        """Yield the texts of users and the numbers of the items that they have seen."""
        for batch in self._seen_batches(seen, folder, bucket):
            users = texts(seen, self._seen_user, batch.column(self._seen_user))
            items = batch.column(self._item)
            if self._native.has_names:
                yield users, find_numbers(self._native, texts(seen, self._item, items), "seen")
            else:
                yield users, integers(seen, self._item, items)

    def _seen_batches(self, seen: Source, folder: Path, bucket: int) -> Iterator[Any]:
        columns = [self._seen_user, self._item]
        if self._buckets == 1:
            return seen.batches(columns)
        buckets = Buckets(folder, self._buckets)
        buckets.split(
            "seen",
            seen.batches(columns),
            lambda table: texts(
                seen, self._seen_user, table.column(self._seen_user).combine_chunks()
            ),
        )
        return buckets.batches("seen", bucket)


def _value_identity(value: Any, name: str) -> Any:
    """Plain values that tell options apart; None if nothing does."""
    if isinstance(value, Expression):
        value = str(value)
    if value is None or isinstance(value, bool | int | float | str):
        return [name, value]
    try:
        content = np.asarray(value)
    except (TypeError, ValueError):
        return None
    if content.dtype == object:
        return None
    digest = hashlib.sha256(np.ascontiguousarray(content).tobytes()).hexdigest()
    return [name, str(content.dtype), list(content.shape), digest]
