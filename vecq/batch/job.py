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

from vecq.batch.buckets import Buckets, buckets_for
from vecq.batch.columns import id_column, integers, require_ids, texts, vector_column, vectors
from vecq.batch.seen import SeenItems
from vecq.batch.sources import Source, arrow, source_of
from vecq.batch.work import WorkFolder
from vecq.core.arguments import MOST, whole
from vecq.core.errors import ArgumentError
from vecq.core.names import arrow_names_of, find_numbers, names_version
from vecq.core.progress import Progress, Report
from vecq.index import Index
from vecq.search.exclusions import Exclusions
from vecq.search.expressions import Expression
from vecq.search.filters import filter_of
from vecq.search.knn import search_numbers
from vecq.search.result import Result

# Bytes of the vectors and results of a part, and its most and fewest users.
PART_BYTES, MOST_USERS, FEWEST_USERS = 1 << 26, 1 << 16, 256


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


def recommend(
    index: Any,
    users: Any,
    *,
    out: str | os.PathLike[str] | None = None,
    seen: Any = None,
    k: int = 100,
    threads: int = 0,
    user_column: str | None = None,
    vector_column: str | None = None,
    item_column: str | None = None,
    memory_bytes: int = 1 << 30,
    part_users: int | None = None,
    progress: Progress = None,
    **options: Any,
) -> Any:
    """Find the k best items for every user of a table, without those that the user has seen.

    Users and seen items are read in blocks, so that memory stays bounded for any number of them;
    seen items may come in any order. With `out`, parts are committed as they are finished: a job
    that was killed continues when it is called again with the same arguments and files, and its
    result is that of an undisturbed run. If a file or an argument differs, the job starts over, as
    it does for users and seen items that are no files.

    Args:
        index: A `vecq.Index`, or the path of its file. It must not change during the job.
        users: One user per row, with an id and a vector: a .parquet, .arrow or .csv file, a folder
            of such files, an Arrow table, reader or data set, or an iterable of record batches.
        out: The Parquet file to write; a folder of the same name and ".work" holds the parts.
            Default: None, return the record batches one by one.
        seen: One pair of a user and an item per row, in the same forms. Users are matched by the
            text of their ids, and items that the index does not have are ignored. Default: none.
        k: Number of items per user. Default: 100.
        threads: Threads; 0 for all cores. Default: 0.
        user_column: The column of users. Default: user, user_id, customer_id, ...
        vector_column: The column of vectors in `users`. Default: the only one of lists of numbers.
        item_column: The column of items in `seen`. Default: item, item_id, product_id, ...
        memory_bytes: Memory for seen items. More of them are split into files first, by user, in
            the work folder; users then come in another order. Default: 1 GiB.
        part_users: Users of a part, which is the work that a kill loses. Default: so many that a
            part has about 64 MiB.
        progress: As in `vecq.Index.add`, in users; the bar shows the time left.
        **options: Options of `vecq.Index.search`, except `exclude` and `explain`. `where` is one
            condition for all users.

    Returns:
        A record of the file that was written. Without `out`, an iterator over record batches. Rows
        are a user's id, as in `users`, and lists "ids" and "scores", best first.

    Raises:
        ArgumentError: A column is missing or has a wrong type, or an option is wrong; before the
            first search, where the schema tells.
        FileError: A file can't be read or written.
        UnsupportedError: pyarrow is not installed.

    >>> import pyarrow
    >>> vectors = numpy.eye(8, dtype="float32")
    >>> index = vecq.Index(8, "cosine").add(vectors)
    >>> users = pyarrow.table({"user": ["ann", "bob"], "vector": list(vectors[:2])})
    >>> seen = pyarrow.table({"user": ["bob"], "item": [1]})
    >>> [batch] = vecq.recommend(index, users, seen=seen, k=1)
    >>> batch.to_pydict()["ids"]
    [[0], [0]]
    """
    job = Job(index, users, seen, k, threads, (user_column, vector_column, item_column), options)
    job.size_parts(memory_bytes, part_users)
    if out is None:
        return job.stream(progress)
    return job.write(_checked_out(out), progress)


def _checked_out(out: str | os.PathLike[str]) -> Path:
    path = Path(out)
    if path.suffix not in (".parquet", ".pq"):
        raise ArgumentError(f"out is {str(path)!r}, expected a .parquet file", "out")
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise ArgumentError(f"out: {path} is a folder, or its folder does not exist", "out")
    return path


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
        if not isinstance(options.get("where"), str | Expression | None):
            raise ArgumentError("where is a list, expected one condition for all users", "where")
        for name in ("exclude", "explain"):
            if name in options:
                raise ArgumentError(f"{name} can't be given: seen holds the exclusions", name)
        for name in sorted(options):
            self._note(_value_identity(options[name], name))
        self._k, self._version = whole(k, "k", 1, MOST), names_version(self._native)
        options["allow"] = filter_of(self._native, options.get("allow"), options.pop("deny", None))
        self._options = {**options, "threads": threads}
        empty = np.empty((0, self._native.dim), np.float32)
        search_numbers(self._native, empty, self._k, **self._options)  # checks the options
        self._open_columns(users, seen, columns)

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
        own = min(max(own, FEWEST_USERS), MOST_USERS)
        self._part_users = (
            own if part_users is None else whole(part_users, "part_users", 1, 1 << 24)
        )
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
            for _, block in _ahead(self._blocks(Path(folder), lambda _: False), reader):
                batch = self._answer(*block)
                done += batch.num_rows
                report(done, max(done, self._users.rows or 0))
                yield batch

    def write(self, out: Path, progress: Progress) -> Recommended:
        """Write a part after the other, then the output."""
        start, work = time.perf_counter(), WorkFolder(out)
        identity = None if self._identity is None else {"job": self._identity}
        done = resumed = parts = 0
        schema = self._schema()
        with (
            work.locked(identity),
            ThreadPoolExecutor(1) as reader,
            ThreadPoolExecutor(1) as writer,
        ):
            with Report(progress, self._users.rows or 0, " users") as report:
                written: Future[None] | None = None
                for number, block in _ahead(self._blocks(work.path, work.has), reader):
                    parts = number + 1
                    if block is None:
                        count = work.rows(number)
                        resumed += count
                    else:
                        batch = self._answer(*block)
                        count = batch.num_rows
                        if written is not None:
                            written.result()
                        written = writer.submit(work.write, number, batch)
                    done += count
                    report(done, max(done, self._users.rows or 0))
                if written is not None:
                    written.result()
            work.join(parts, schema)
        return Recommended(str(out), done, resumed, time.perf_counter() - start)

    def _blocks(self, folder: Path, is_done: Any) -> Iterator[tuple[int, Any]]:
        """Yield the number of each part, and its users with what they have seen; None if done."""
        number = row = 0
        for bucket in range(self._buckets):
            stream = self._user_batches(folder, bucket)
            seen: SeenItems | None = None
            for table in _blocks_of(stream, self._part_users):
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
            for batch in self._seen_batches(self._seen, folder, bucket):
                users = texts(self._seen, self._seen_user, batch.column(self._seen_user))
                values = batch.column(self._item)
                if self._native.has_names:
                    items = find_numbers(
                        self._native, texts(self._seen, self._item, values), "seen"
                    )
                else:
                    items = integers(self._seen, self._item, values)
                found.add(users, items)
        found.group()
        return found

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

    def _answer(self, users: Any, rows: Any, seen: Exclusions) -> Any:
        """Search for the users of a block; return a record batch."""
        found = search_numbers(self._native, rows, self._k, exclude=seen, **self._options)
        pa, values = arrow(), self._values(found)
        offsets = np.concatenate([[0], np.cumsum(found.counts)]).astype(np.int32)
        kept = np.arange(self._k) < found.counts[:, None]
        scores = found.scores.ravel() if kept.all() else found.scores[kept]
        if names_version(self._native) != self._version:
            raise ArgumentError("index has changed during the job, start it again", "index")
        columns = [
            users,
            pa.ListArray.from_arrays(offsets, values),
            pa.ListArray.from_arrays(offsets, pa.array(scores)),
        ]
        return pa.record_batch(columns, schema=self._schema())

    def _values(self, found: Result) -> Any:
        kept = np.arange(self._k) < found.counts[:, None]
        numbers = found.ids.ravel() if kept.all() else found.ids[kept]
        if self._native.has_names:
            return arrow_names_of(self._native, np.ascontiguousarray(numbers))
        return arrow().array(numbers)

    def _schema(self) -> Any:
        pa = arrow()
        item = pa.large_string() if self._native.has_names else pa.int64()
        return pa.schema(
            [
                (self._user, self._users.schema.field(self._user).type),
                ("ids", pa.list_(item)),
                ("scores", pa.list_(pa.float32())),
            ]
        )


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


def _blocks_of(batches: Iterator[Any], rows: int) -> Iterator[Any]:
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


def _ahead(blocks: Iterator[Any], reader: ThreadPoolExecutor) -> Iterator[Any]:
    """Yield blocks that a thread prepares one ahead."""
    end = object()
    waiting = reader.submit(next, blocks, end)
    while (block := waiting.result()) is not end:
        waiting = reader.submit(next, blocks, end)
        yield block
