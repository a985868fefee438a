"""Recommendations for all users of a table: the function `vecq.recommend`."""

import os
from pathlib import Path
from typing import Any

from vecq.batch.job import Job
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress


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
