"""write_index, read_index, serialize_index and deserialize_index of faiss."""

import os
from io import BytesIO
from typing import IO

import numpy as np
from numpy.typing import NDArray

from vecq.core.arguments import type_of
from vecq.core.errors import ArgumentError
from vecq.integrations.exchange import faiss_format as files
from vecq.integrations.exchange.adoption import adopt, index_for
from vecq.integrations.exchange.export import graph_of
from vecq.integrations.exchange.reader import Reader
from vecq.integrations.exchange.writer import replacing
from vecq.integrations.faiss.index import METRIC_INNER_PRODUCT, METRIC_L2, METRICS, IndexHNSWFlat
from vecq.integrations.faiss.maps import IndexIDMap, IndexIDMap2
from vecq.integrations.faiss.settings import threads

AnyIndex = IndexHNSWFlat | IndexIDMap
MAPS: dict[str, type[IndexIDMap]] = {"IxMp": IndexIDMap, "IxM2": IndexIDMap2}


def write_index(index: AnyIndex, fname: str | os.PathLike[str]) -> None:
    """Write an index to a file that faiss can read: an IndexHNSWFlat of decoded vectors."""
    _inner(index)
    with replacing(fname) as file:
        _encode(index, file)


def serialize_index(index: AnyIndex) -> NDArray[np.uint8]:
    """Return the bytes that `write_index` writes, as an array."""
    written = BytesIO()
    _encode(index, written)
    return np.frombuffer(written.getbuffer(), np.uint8)


def read_index(fname: str | os.PathLike[str]) -> AnyIndex:
    """Read a file that faiss or `write_index` wrote."""
    return _decode(Reader.of(fname))


def deserialize_index(data: NDArray[np.uint8]) -> AnyIndex:
    """Return the index that `serialize_index` of vecq or faiss serialized."""
    content = np.asarray(data)
    if content.dtype != np.uint8 or content.ndim != 1:
        raise ArgumentError(
            f"data has dtype {content.dtype} and {content.ndim} dimensions, expected an array of "
            "bytes",
            "data",
        )
    return _decode(Reader(np.ascontiguousarray(content), "<bytes>"))


def _inner(index: AnyIndex) -> IndexHNSWFlat:
    inner = index.index if isinstance(index, IndexIDMap) else index
    if not isinstance(inner, IndexHNSWFlat):
        raise ArgumentError(
            f"index is {type_of(inner)}, expected an IndexHNSWFlat, IndexHNSWSQ or IndexIDMap",
            "index",
        )
    return inner


def _encode(index: AnyIndex, file: IO[bytes]) -> None:
    inner = _inner(index)
    graph, metric = graph_of(inner._index()._native), METRICS[inner.metric_type]
    settings = files.Settings(inner._m, inner.hnsw.efConstruction, inner.hnsw.efSearch)
    kinds = [kind for kind, own in MAPS.items() if type(index) is own]
    files.encode(graph, file, metric, settings, kinds[0] if kinds else files.BARE)


def _decode(reader: Reader) -> AnyIndex:
    found = files.parse(reader)
    graph, settings = found.graph, found.settings
    with reader.blamed():
        if len(np.unique(graph.ids)) < len(graph.ids):
            reader.fail("an id belongs to two vectors")
        own = index_for(graph, found.metric, "fp32", None, settings.ef_construction)
        adopt(graph, own, threads(), False)
    metric = METRIC_L2 if found.metric == "l2" else METRIC_INNER_PRODUCT
    index = IndexHNSWFlat(own.dim, graph.m, metric)
    index.hnsw.efConstruction = own.ef_construction
    index.hnsw.efSearch = max(settings.ef_search, 1)
    index._own, index.hnsw.fixed = own, True
    return MAPS[found.map](index) if found.map in MAPS else index
