"""`vecq.from_faiss`: imports indexes of faiss."""

import os
from typing import Any

from numpy.typing import ArrayLike

from vecq.core.arguments import thread_count
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
    """Makes an index of one of faiss': with its graph, and its vectors, encoded.

    Args:
        source: an IndexHNSWFlat or IndexHNSWSQ, or one of these in an IndexIDMap, with
            METRIC_L2 or METRIC_INNER_PRODUCT; or a file of one.
        ids: of its vectors, in their order; by default those of the IndexIDMap, or 0, 1, 2, ...
        codec: how vectors are coded, as in `vecq.Index`.
        rerank_codec: keep wider codes, too, as in `vecq.Index`.
        threads: 0 for all cores.
        progress: as in `Index.add`.

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
    faiss = need("faiss", "faiss-cpu", "bringing over a live index of faiss")
    if not isinstance(source, faiss.Index):
        raise ArgumentError(
            f"source is a {type(source).__name__}, expected an index of faiss or the "
            "path of its file",
            "source",
        )
    name = type(faiss.downcast_index(source)).__name__
    return Reader(faiss.serialize_index(source), f"<{name}>")
