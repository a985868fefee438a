"""Import of indexes of faiss."""

from __future__ import annotations  # short signatures in help()

import os
from typing import Any

from numpy.typing import ArrayLike

from vecq.core.arguments import thread_count, type_of
from vecq.core.arrays import as_ids
from vecq.core.errors import ArgumentError
from vecq.core.progress import Progress
from vecq.index import Index
from vecq.integrations.exchange.adoption import adopt, index_for
from vecq.integrations.exchange.faiss_format import parse
from vecq.integrations.exchange.packages import need
from vecq.integrations.exchange.reader import Reader
from vecq.quantization.codec import Codec, Kind


def from_faiss(
    source: Any,
    *,
    ids: ArrayLike | None = None,
    codec: Kind | Codec = "int8",
    rerank_codec: Kind | Codec | None = None,
    threads: int = 0,
    progress: Progress = None,
) -> Index:
    """Import an index of faiss: its graph, its ids, and its vectors, encoded.

    Args:
        source: An IndexHNSWFlat or IndexHNSWSQ with METRIC_L2 or METRIC_INNER_PRODUCT, or one
            inside an IndexIDMap; or the path of its file.
        ids: A 64-bit integer per vector, in their order. Default: those of the IndexIDMap, or
            0, 1, 2, ...
        codec: Encoding of the vectors, as in `vecq.Index`. Default: "int8".
        rerank_codec: Encoding of a rerank store, as in `vecq.Index`. Default: None.
        threads: Threads; 0 for all cores. Default: 0.
        progress: As in `vecq.Index.add`.

    Returns:
        The index, which is searched, changed and saved like any other.

    Raises:
        UnsupportedError: The index is of another kind or metric, or faiss is not installed.
        CorruptFileError: The file is no index of faiss, or is damaged.
        FileError: The system cannot read the file.

    >>> import faiss
    >>> theirs = faiss.IndexHNSWFlat(16, 8, faiss.METRIC_INNER_PRODUCT)
    >>> theirs.add(numpy.random.default_rng(0).standard_normal((1000, 16), dtype="float32"))
    >>> vecq.from_faiss(theirs)
    <vecq.Index of 1,000 x 16 int8, ip, m=8>
    """
    threads = thread_count(threads)
    reader = _reader(source)
    found = parse(reader)
    graph = found.graph
    if ids is not None:
        graph.ids = as_ids(ids, "ids", len(graph.ids))
    with reader.blamed():
        index = index_for(graph, found.metric, codec, rerank_codec, found.settings.ef_construction)
        return adopt(graph, index, threads, progress)


def _reader(source: Any) -> Reader:
    if isinstance(source, str | bytes | os.PathLike):
        return Reader.of(source)
    faiss = need("faiss", "faiss-cpu", "importing a live index of faiss")
    if not isinstance(source, faiss.Index):
        raise ArgumentError(
            f"source is {type_of(source)}, expected an index of faiss or the path of its file",
            "source",
        )
    name = type(faiss.downcast_index(source)).__name__
    return Reader(faiss.serialize_index(source), f"<{name}>")
