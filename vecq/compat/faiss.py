"""The part of faiss' Python interface that services with an HNSW index use, over indexes of vecq.

    import vecq.compat.faiss as faiss

Unlike those of faiss, these indexes also take ids of their own and remove vectors, without an
IndexIDMap around them. Files are faiss' own: either reads what the other writes.

>>> index = vecq.compat.faiss.IndexHNSWFlat(2, 16)
>>> index.add(numpy.array([[0, 0], [3, 4]], "float32"))
>>> index.search(numpy.array([[0, 0]], "float32"), 2)
(array([[ 0., 25.]], dtype=float32), array([[0, 1]]))
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

import vecq
from vecq.arguments import whole
from vecq.arrays import as_floats, as_ids, as_vectors
from vecq.codec import Codec, Kind, Metric
from vecq.compat.distances import by_differences
from vecq.errors import ArgumentError
from vecq.interop import faiss as files
from vecq.interop.graph import adopt, graph_of, index_for
from vecq.interop.reader import Reader
from vecq.interop.writer import replacing

METRIC_INNER_PRODUCT, METRIC_L2 = 0, 1
METRICS: dict[int, Metric] = {METRIC_INNER_PRODUCT: "ip", METRIC_L2: "l2"}
# What there is for places without a result.
FARTHEST = float(np.finfo(np.float32).max)

Found = tuple[NDArray[np.float32], NDArray[np.int64]]


class ScalarQuantizer:
    """Names of codes."""

    QT_8bit, QT_fp16 = 0, 4


CODECS: dict[int, Kind] = {ScalarQuantizer.QT_8bit: "int8", ScalarQuantizer.QT_fp16: "fp16"}


@dataclass
class HNSW:
    """Settings of a graph."""

    efConstruction: int = 40  # noqa: N815
    efSearch: int = 16  # noqa: N815


@dataclass
class SearchParametersHNSW:
    """What one search asks for: its own efSearch, and ids that may be found."""

    efSearch: int = 0  # noqa: N815
    sel: ArrayLike | None = None


class IndexHNSWFlat:
    """Approximate nearest neighbours, by a graph over float32 vectors."""

    is_trained = True

    def __init__(
        self,
        d: int,
        M: int = 32,  # noqa: N803
        metric: int = METRIC_L2,
        *,
        codec: Kind | Codec = "fp32",
    ) -> None:
        if metric not in METRICS:
            raise ArgumentError(
                f"metric is {metric!r}, expected METRIC_L2 or METRIC_INNER_PRODUCT", "metric"
            )
        self.d, self.metric_type, self.hnsw = whole(d, "d", 1, 65535), metric, HNSW()
        self._m, self._codec = whole(M, "M", 2, 256), codec
        self._own: vecq.Index | None = None

    @property
    def ntotal(self) -> int:
        return 0 if self._own is None else len(self._own)

    def train(self, x: ArrayLike) -> None:
        """Does nothing but look at the vectors: codes are fitted to the first that are added."""
        as_vectors(x, "x", self.d)

    def add(self, x: ArrayLike) -> None:
        """Adds vectors, under ids that go on from the largest so far."""
        self._index().add(as_vectors(x, "x", self.d))

    def add_with_ids(self, x: ArrayLike, ids: ArrayLike) -> None:
        """Adds vectors under ids; with an id that is there already, one replaces the old."""
        self._index().update(ids, as_vectors(x, "x", self.d))

    def remove_ids(self, ids: ArrayLike) -> int:
        """Removes vectors, returns how many. Others keep their ids; unknown ones mean nothing."""
        asked = np.unique(as_ids(np.asarray(ids).ravel(), "ids", np.size(ids)))
        known = [id for id in asked.tolist() if id in self._index()]
        self._index().remove(np.array(known, np.int64))
        return len(known)

    def search(
        self, x: ArrayLike, k: int, params: SearchParametersHNSW | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Distances and ids of the `k` best of each vector; an id is -1 where there are fewer."""
        queries, wanted = as_floats(as_vectors(x, "x", self.d)), params or SearchParametersHNSW()
        found = self._index().search(
            queries,
            k,
            ef=max(wanted.efSearch or self.hnsw.efSearch, k),
            allow=_allowed(wanted.sel),
            threads=0,
        )
        return self._answer(queries, found)

    def range_search(
        self, x: ArrayLike, thresh: float
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32], NDArray[np.int64]]:
        """All that is nearer than `thresh`, or scores more, by comparing with all vectors.

        Query q has the distances and ids from the first array's number q on, up to the next.
        """
        queries = as_floats(as_vectors(x, "x", self.d))
        sign = -1 if self.metric_type == METRIC_L2 else 1
        ranges = self._index().search_range(queries, sign * thresh, exact=True)
        inside = sign * ranges.scores < thresh if sign < 0 else ranges.scores > thresh
        ends = np.append(0, np.cumsum(inside))[ranges.indptr]
        distances = sign * ranges.scores[inside]
        return ends.astype(np.uint64), distances, ranges.ids[inside]

    def reconstruct(self, key: int) -> NDArray[np.float32]:
        """The vector of an id."""
        vector: NDArray[np.float32] = self._vectors([key])[0]
        return vector

    def reconstruct_n(self, n0: int = 0, ni: int = -1) -> NDArray[np.float32]:
        """The vectors of ids that follow each other."""
        return self._vectors(range(n0, n0 + (self.ntotal - n0 if ni < 0 else ni)))

    def _vectors(self, keys: Sequence[int]) -> NDArray[np.float32]:
        missing = [key for key in keys if key not in self._index()]
        if missing:
            raise RuntimeError(f"id {missing[0]} not found")
        return self._index().get(np.array(keys, np.int64))

    def reset(self) -> None:
        """Removes everything."""
        self._own = None

    def __repr__(self) -> str:
        return f"<vecq.compat.faiss.{type(self).__name__} of {self.ntotal:,} x {self.d}>"

    def _index(self) -> vecq.Index:
        """Made when it is first needed, for by then the settings of the graph are known."""
        if self._own is None:
            self._own = vecq.Index(
                self.d,
                METRICS[self.metric_type],
                self._codec,
                m=self._m,
                ef_construction=self.hnsw.efConstruction,
            )
        return self._own

    def _answer(self, queries: NDArray[np.float32], found: vecq.Result) -> Found:
        ids, scores = found.ids, found.scores
        there = np.arange(ids.shape[1]) < found.counts[:, None]
        if self.metric_type == METRIC_INNER_PRODUCT:
            return np.where(there, scores, np.float32(-FARTHEST)), ids
        if Codec.of(self._codec).kind == "fp32":
            ids, distances = by_differences(self._index(), queries, found)
            return distances, ids
        return np.where(there, np.maximum(-scores, 0), np.float32(FARTHEST)), ids


def _allowed(selected: ArrayLike | None) -> NDArray[np.int64] | None:
    """Ids that may be found, if not all may."""
    if selected is None:
        return None
    return as_ids(np.asarray(selected).ravel(), "sel", np.size(selected))


class IndexHNSWSQ(IndexHNSWFlat):
    """The same over codes: QT_8bit and QT_fp16."""

    def __init__(
        self,
        d: int,
        qtype: int = ScalarQuantizer.QT_8bit,
        M: int = 32,  # noqa: N803
        metric: int = METRIC_L2,
    ) -> None:
        if qtype not in CODECS:
            raise ArgumentError(f"qtype is {qtype!r}, expected QT_8bit or QT_fp16", "qtype")
        super().__init__(d, M, metric, codec=CODECS[qtype])


class IndexIDMap:
    """What faiss needs for ids of one's own; here it only passes on what it is asked."""

    def __init__(self, index: IndexHNSWFlat) -> None:
        self.index = index

    def add(self, x: ArrayLike) -> None:
        raise RuntimeError("add does not make sense with IndexIDMap, use add_with_ids")

    def __getattr__(self, name: str) -> Any:
        if name == "index":  # while it is being unpickled
            raise AttributeError(name)
        return getattr(self.index, name)


def write_index(index: IndexHNSWFlat | IndexIDMap, fname: str | os.PathLike[str]) -> None:
    """Writes an index to a file that faiss reads, too, as an IndexHNSWFlat of decoded vectors."""
    inner = index.index if isinstance(index, IndexIDMap) else index
    with replacing(fname) as file:
        metric = METRICS[inner.metric_type]
        files.encode(graph_of(inner._index()), file, metric, inner._m, inner.hnsw.efConstruction)


def read_index(fname: str | os.PathLike[str]) -> IndexHNSWFlat | IndexIDMap:
    """Reads what faiss or `write_index` wrote; with ids of its own it is an IndexIDMap."""
    reader = Reader.of(fname)
    found = files.parse(reader)
    metric = METRIC_L2 if found.metric == "l2" else METRIC_INNER_PRODUCT
    index = IndexHNSWFlat(found.graph.vectors.shape[1], found.graph.m, metric)
    index.hnsw.efConstruction = found.ef
    with reader.blamed():
        ids = found.graph.ids
        if len(np.unique(ids)) < len(ids):
            reader.fail("an id belongs to two vectors")
        own = index_for(found.graph, found.metric, index._codec, None, found.ef)
        index._own = adopt(found.graph, own, 0, False)
    return index if np.array_equal(ids, np.arange(len(ids))) else IndexIDMap(index)
