"""Builds an index from a source that need not fit into memory.

Life cycle: the codecs are fitted to a sample; blocks are staged, which encodes them behind each
other, and dropped; then all codes are linked at once. So the index is the one that a single `add`
of all rows makes, and the memory is that of the index and of a block.
"""

from __future__ import annotations  # short signatures in help()

import os
from collections.abc import Mapping
from typing import Any, Literal

from numpy.typing import ArrayLike

from vecq.core.arguments import choose, thread_count
from vecq.core.arrays import as_vectors
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress, Report
from vecq.index import Index
from vecq.quantization.codec import Codec, Kind
from vecq.quantization.metric import Metric
from vecq.search.attributes import AttributeKind
from vecq.storage.paths import output_file
from vecq.streams.loader import Loader
from vecq.streams.opening import open_stream
from vecq.streams.tables import Columns
from vecq.updates import steps


def build(
    source: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    metric: Metric | str = "ip",
    codec: Kind | Codec = "int8",
    ids: Any = None,
    id_column: str | None = None,
    vector_column: str | None = None,
    bias: ArrayLike | None = None,
    bias_column: str | None = None,
    attributes: Mapping[str, AttributeKind] | None = None,
    users: ArrayLike | None = None,
    build: Literal["auto", "bulk", "incremental"] = "auto",
    threads: int = 0,
    progress: Progress = None,
    **settings: Any,
) -> Index:
    """Build an index from a source that may be larger than memory.

    Rows are read a block of about 16 MB at a time, encoded and dropped. The memory is that of the
    index, of the work of linking (in bulk about half of the index), and of a few blocks. The index
    is the same, bit for bit, as if `vecq.Index.add` had been given all rows at once.

    A codec with a center or a shared scale is fitted to 10,000 evenly spaced rows. Matrices are
    read at these rows only; files of columns, tables and data sets are read twice. An iterable or a
    reader is read once, and the codec is fitted to its first 10,000 rows: if they are not like the
    others, pass a `vecq.Codec` that was fitted to a better sample.

    Ctrl-C, or an error, leaves no file behind, and an older file at `path` as it was.

    Args:
        source: One of:

            - a path, or a list of paths: .parquet, .arrow or .feather files, or a folder of them;
              or matrices in .npy, .fbin, .f16bin, .u8bin, .i8bin, .fvecs or .bvecs files;
            - a table, record batch reader or data set of pyarrow, or a data frame;
            - an array, memory-mapped or not, or a data set of h5py;
            - an iterable of blocks: arrays, pairs (ids, array), or record batches. Blocks of
              thousands of rows are fast.
        path: The file to save the index to. Default: None, no file.
        metric: As for `vecq.Index`. Default: "ip".
        codec: As for `vecq.Index`. Default: "int8".
        ids: An id per row, for sources without a column of ids. Default: 0, 1, 2, ...
        id_column: Column of ids, integers or strings. Default: none.
        vector_column: Column of vectors, lists of numbers. Default: the only column of lists.
        bias: A bias per row, or one number for all. Default: 0.
        bias_column: Column of biases. Default: none.
        attributes: Names and kinds of attributes, as for `vecq.Index`. Sources with columns have
            one of each name; others leave attributes null, for `set_attributes`. Default: none.
        users: As in `vecq.Index.add`. Default: none.
        build: As in `vecq.Index.add`. Default: "auto".
        threads: Threads; 0 for all cores. Default: 0.
        progress: A function that is called with the done and the total number of rows, first while
            they are read, where a total of 0 is unknown, and again while they are linked; True for
            a bar of each, False for none. Default: a bar in terminals, for work of seconds.
        **settings: Other arguments of `vecq.Index`: m, ef_construction, seed, link, rerank_codec
            and id_type.

    Returns:
        The index, in memory.

    Raises:
        ArgumentError: The source is none of these, a column is missing, or a row has a wrong number
            of dimensions, a value that is not finite or an id that another row has. The message
            names the file or block, and the row.
        DatasetError: A file of a matrix is damaged.
        FileError: A file cannot be read or written.

    >>> items = numpy.random.default_rng(0).standard_normal((1000, 64), dtype="float32")
    >>> blocks = ((range(first, first + 100), items[first : first + 100])
    ...           for first in range(0, 1000, 100))
    >>> index = vecq.build(blocks, "items.vecq", metric="cosine")
    >>> vecq.open("items.vecq").search(items[:2], k=3).ids[:, 0]
    array([0, 1])
    """
    builder = choose(steps.BUILDS, build, "build")
    threads = thread_count(threads)
    target = None if path is None else output_file(path, "path")
    for name, given, column in (("id", ids, id_column), ("bias", bias, bias_column)):
        if given is not None and column is not None:
            raise ArgumentError(
                f"{name}_column is given, and so are values for all rows: expected one of them",
                f"{name}_column",
            )
    columns = Columns(vector_column, id_column, bias_column, tuple(attributes or ()))
    stream = open_stream(source, columns)
    index = Index(stream.dim, metric, codec, attributes=attributes, **settings)
    sample = None if users is None else as_vectors(users, "users", stream.dim)
    loader = Loader(index._native, stream, ids, bias, threads)
    with steps.addition(index._native):
        steps.choose_build(index._native, builder)
        loader.stage(progress)
        loader.warn_of_loss()
        if sample is not None:
            steps.sample_users(index._native, sample)
        with Report(progress, loader.rows, label="linking") as report:
            steps.link(index._native, threads, report)
    steps.repair(index._native, threads)
    steps.warn_of_drift(index._native)
    if target is not None:
        index.save(target, progress=progress if isinstance(progress, bool) else None)
    return index
