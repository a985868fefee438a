"""Reads and writes the files of faiss that hold HNSW graphs.

They are read from what faiss writes, to a file or to memory, by code of our own: faiss is needed
for live indexes only. A file is an index: four letters, a header, and what that kind of index
holds, which may be another index.
"""

import os
from dataclasses import dataclass
from io import BytesIO
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from vecq.core.errors import ArgumentError, UnsupportedError
from vecq.core.native_index import NativeIndex
from vecq.integrations.exchange.export import graph_of
from vecq.integrations.exchange.faiss_codes import decode
from vecq.integrations.exchange.faiss_kinds import named
from vecq.integrations.exchange.graph import LAYERS, NONE, Graph, normalized
from vecq.integrations.exchange.packages import need
from vecq.integrations.exchange.reader import Reader
from vecq.integrations.exchange.writer import replacing
from vecq.quantization.metric import Metric

HEADER = np.dtype(
    [("dim", "<i4"), ("count", "<i8"), ("unused", "<i8", 2), ("trained", "u1"), ("metric", "<i4")]
)
METRICS: dict[int, Metric] = {0: "ip", 1: "l2"}
GRAPHS, MAPS = ("IHNf", "IHNs"), ("IxMp", "IxM2")
FLAT, SCALAR = ("IxF2", "IxFI"), ("IxSQ",)
UNUSED, EF_SEARCH, BEAM = 1 << 20, 16, 1
# In place of what is unused in the header of an IndexIDMap, which faiss ignores: that it is there
# for the ids only, of an index which has them without one.
BARE, MARK = "bare", int.from_bytes(b"vecq", "little")


@dataclass
class Settings:
    """Settings of a graph."""

    m: int
    ef_construction: int
    ef_search: int = EF_SEARCH


@dataclass
class Found:
    """The content of a file."""

    graph: Graph
    metric: Metric
    settings: Settings
    map: str = BARE  # the kind of map it is in


def _letters(reader: Reader) -> str:
    return bytes(reader.array("u1", 4, "the kind of index")).decode("latin-1")


def _header(reader: Reader) -> tuple[int, int, Metric, bool]:
    """Return dimension, rows, metric, and whether the header has the mark of vecq."""
    header = reader.array(HEADER, 1, "the header")[0]
    dim, count, metric = int(header["dim"]), int(header["count"]), int(header["metric"])
    if not (0 < dim <= 65535 and 0 <= count < 2**31):
        reader.fail(f"{count:,} vectors of {dim:,} numbers are none that an index has")
    if metric not in METRICS:
        raise UnsupportedError(
            f"the index has metric number {metric}, expected METRIC_INNER_PRODUCT or METRIC_L2"
        )
    return dim, count, METRICS[metric], int(header["unused"][0]) == MARK


def _vector(reader: Reader, kind: str, what: str, unit: int = 1) -> NDArray[Any]:
    """Read an array that follows its length, in multiples of `unit` elements."""
    return reader.array(kind, reader.number("<u8", f"the length of {what}") * unit, what)


def parse(reader: Reader) -> Found:
    """Read an index."""
    found = _parse(reader)
    reader.finish()
    return found


def _parse(reader: Reader) -> Found:
    kind = _letters(reader)
    if kind in MAPS:
        _, count, _, marked = _header(reader)
        found = _parse_index(reader, _letters(reader))
        ids = _vector(reader, "<i8", "the ids")
        if not len(ids) == count == len(found.graph.ids):
            reader.fail(f"{len(ids):,} ids are not those of {len(found.graph.ids):,} vectors")
        found.graph.ids, found.map = ids.astype(np.int64), BARE if marked else kind
        return found
    return _parse_index(reader, kind)


def _parse_index(reader: Reader, kind: str) -> Found:
    if kind not in GRAPHS:
        raise UnsupportedError(
            f"{reader.name} is {named(kind)}, which can't be converted: expected an IndexHNSWFlat "
            "or IndexHNSWSQ, or one in an IndexIDMap"
        )
    dim, count, metric, _ = _header(reader)
    levels, layers, entry, ef, ef_search = _parse_graph(reader, count)
    vectors = _parse_storage(reader, dim, count)
    graph = Graph(vectors, np.arange(count), levels, layers, entry)
    return Found(graph, metric, Settings(graph.m, ef, ef_search))


def _parse_graph(
    reader: Reader, count: int
) -> tuple[NDArray[np.uint8], list[NDArray[np.uint32]], int, int, int]:
    """Read levels, links of all layers, the entry point, efConstruction and efSearch."""
    _vector(reader, "<f8", "the shares of levels")
    places = _vector(reader, "<i4", "the places of layers in a row's links").astype(np.int64)
    heights = _vector(reader, "<i4", "the levels").astype(np.int64)
    offsets = _vector(reader, "<u8", "the places of links")
    links = _vector(reader, "<i4", "the links")
    settings = reader.array("<i4", 5, "the settings of the graph")
    entry, _, ef, ef_search, _ = (int(one) for one in settings)
    if len(places) == 0 or places[0] != 0 or (np.diff(places) < 1).any():
        reader.fail("the layers of a row's links do not follow each other")
    if len(heights) != count or len(offsets) != count + 1:
        reader.fail(f"the graph is not of {count:,} vectors")
    if count > 0 and not 1 <= heights.min() <= heights.max() < len(places):
        reader.fail(f"levels are {heights.min()} to {heights.max()}, beyond the layers there are")
    if offsets[0] != 0 or offsets[-1] != len(links):
        reader.fail("the places of links do not end where the links do")
    if (np.diff(offsets) != places[heights].astype(np.uint64)).any():
        reader.fail("a row does not have as many links as its level says")
    starts = offsets[:-1].astype(np.int64)
    layers = []
    for layer in range(min(int(heights.max(initial=1)), LAYERS)):
        columns = np.arange(places[layer], places[layer + 1])
        lists = links[starts[heights > layer][:, None] + columns].view("<u4")
        # A list ends at the first link that is unused.
        layers.append(np.where(np.logical_or.accumulate(lists == NONE, axis=1), NONE, lists))
    levels = np.minimum(heights - 1, LAYERS - 1).astype(np.uint8)
    return levels, layers, max(entry, 0), ef, ef_search


def _parse_storage(reader: Reader, dim: int, count: int) -> NDArray[np.float32]:
    kind = _letters(reader)
    if kind not in (*FLAT, *SCALAR):
        raise UnsupportedError(
            f"the vectors of the index are stored as {named(kind)}, expected an IndexFlat or an "
            "IndexScalarQuantizer"
        )
    if _header(reader)[:2] != (dim, count):
        reader.fail("the vectors are not those of the graph")
    if kind in FLAT:
        vectors = _vector(reader, "<f4", "the vectors")
        if len(vectors) != count * dim:
            reader.fail(f"{len(vectors):,} numbers are not {count:,} vectors of {dim}")
        return vectors.reshape(count, dim)
    quantizer = reader.array("<i4", 2, "the quantizer")[0]
    reader.number("<f4", "the quantizer's range")
    reader.array("<u8", 2, "the quantizer's sizes")
    trained = _vector(reader, "<f4", "what the quantizer learnt")
    codes = _vector(reader, "u1", "the codes")
    try:
        return decode(int(quantizer), codes, trained, count, dim)
    except ValueError as error:
        reader.fail(str(error))


def export(index: NativeIndex, path: str | os.PathLike[str] | None) -> Any:
    """Write an index to a file that faiss reads, or make an index of faiss."""
    if path is not None:
        with replacing(path) as file:
            _encode(index, file)
        return None
    faiss = need("faiss", "faiss-cpu", "making an index of faiss")
    written = BytesIO()
    _encode(index, written)
    return faiss.deserialize_index(np.frombuffer(written.getbuffer(), np.uint8))


def _encode(index: NativeIndex, file: IO[bytes]) -> None:
    graph = graph_of(index)
    if index.metric == "cosine":
        graph.vectors = normalized(graph.vectors)
    settings = Settings(index.m, index.ef_construction)
    encode(graph, file, index.metric, settings)


def encode(
    graph: Graph, file: IO[bytes], space: str, settings: Settings, map: str | None = None
) -> None:
    """Write an IndexHNSWFlat, within an ID map if one is named or ids are not 0, 1, 2, ..."""
    if len(graph.levels) >= 2**31:
        message = f"index has {len(graph.levels):,} items, and a graph of faiss fewer than 2^31"
        raise ArgumentError(message, "index")
    metric = 1 if space == "l2" else 0
    head = np.zeros(1, HEADER)
    head["dim"], head["count"] = graph.vectors.shape[1], len(graph.ids)
    head["unused"], head["trained"], head["metric"] = UNUSED, 1, metric
    numbered = np.array_equal(graph.ids, np.arange(len(graph.ids)))
    mapped = map in MAPS or not numbered
    if mapped:
        outer = head.copy()
        outer["unused"] = MARK if map == BARE else UNUSED
        file.write((map if map in MAPS else "IxMp").encode() + outer.tobytes())
    file.write(b"IHNf" + head.tobytes())
    _encode_graph(graph, file, settings)
    file.write((b"IxF2" if metric == 1 else b"IxFI") + head.tobytes())
    _put(file, graph.vectors.astype("<f4", copy=False))
    if mapped:
        _put(file, graph.ids.astype("<i8"))


def _encode_graph(graph: Graph, file: IO[bytes], settings: Settings) -> None:
    m = settings.m
    heights = graph.levels.astype(np.int64) + 1
    places = m * np.array([0, *range(2, LAYERS + 2)], np.int64)
    ends = np.cumsum(places[heights])
    starts = ends - places[heights]
    links = np.full(int(ends[-1]) if len(ends) > 0 else 0, NONE)
    for layer, lists in enumerate(graph.layers):
        at = starts[graph.rows(layer)][:, None] + places[layer] + np.arange(lists.shape[1])
        links[at] = lists
    shares = m ** -np.arange(LAYERS, dtype=np.float64) * (1 - 1 / m)
    _put(file, shares.astype("<f8"))
    _put(file, places.astype("<i4"))
    _put(file, heights.astype("<i4"))
    _put(file, np.append(0, ends).astype("<u8"))
    _put(file, links.astype("<u4", copy=False))
    entry, top = (graph.entry, int(graph.levels.max())) if len(heights) > 0 else (-1, -1)
    numbers = [entry, top, settings.ef_construction, settings.ef_search, BEAM]
    file.write(np.array(numbers, "<i4").tobytes())


def _put(file: IO[bytes], array: NDArray[Any]) -> None:
    """Write an array after its length."""
    file.write(np.array([array.size], "<u8").tobytes())
    file.write(np.ascontiguousarray(array).data)
