"""IndexHNSWFlat and IndexHNSWSQ of faiss, over indexes of vecq."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

import vecq
from vecq.core.arguments import whole
from vecq.core.arrays import as_floats, as_vectors
from vecq.core.errors import ArgumentError
from vecq.integrations.distances import by_differences
from vecq.integrations.faiss.selectors import Selected, chosen
from vecq.integrations.faiss.settings import HNSW, MOST, SearchParametersHNSW, threads
from vecq.quantization.codec import Codec, Kind
from vecq.quantization.metric import Metric

METRIC_INNER_PRODUCT, METRIC_L2 = 0, 1
METRICS: dict[int, Metric] = {METRIC_INNER_PRODUCT: "ip", METRIC_L2: "l2"}
# What there is for places without a result.
FARTHEST = float(np.finfo(np.float32).max)
MOST_ID = 2**63 - 1

Found = tuple[NDArray[np.float32], NDArray[np.int64]]


class ScalarQuantizer:
    """Quantizer types of faiss."""

    QT_8bit, QT_fp16 = 0, 4


CODECS: dict[int, Kind] = {ScalarQuantizer.QT_8bit: "int8", ScalarQuantizer.QT_fp16: "fp16"}


class IndexHNSWFlat:
    """HNSW graph over float32 vectors."""

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
        """Check the vectors; codecs are fitted to the first vectors that are added."""
        as_vectors(x, "x", self.d)

    def add(self, x: ArrayLike) -> None:
        """Add vectors; ids continue from the largest so far."""
        self._index().add(as_vectors(x, "x", self.d), threads=threads())

    def add_with_ids(self, x: ArrayLike, ids: ArrayLike) -> None:
        """Add vectors with ids; a vector with a known id replaces the old one."""
        self._index().upsert(as_vectors(x, "x", self.d), ids, threads=threads())

    def remove_ids(self, ids: Selected) -> int:
        """Remove vectors and return their number. Other ids stay; unknown ids are ignored."""
        own = self._index()
        known = np.intersect1d(chosen(ids, own, "ids"), own.ids)
        own.remove(known)
        return len(known)

    def search(
        self, x: ArrayLike, k: int, params: SearchParametersHNSW | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Return distances and ids of the k nearest vectors; ids are -1 if there are fewer."""
        queries, wanted = as_floats(as_vectors(x, "x", self.d)), params or SearchParametersHNSW()
        own, most = self._index(), whole(k, "k", 1, MOST)
        found = own.search(
            queries,
            most,
            ef=max(wanted.efSearch or self.hnsw.efSearch, most),
            allow=None if wanted.sel is None else chosen(wanted.sel, own, "sel"),
            threads=threads(),
        )
        return self._answer(queries, found)

    def range_search(
        self, x: ArrayLike, thresh: float
    ) -> tuple[NDArray[np.uint64], NDArray[np.float32], NDArray[np.int64]]:
        """Return all vectors nearer than `thresh`, or of a higher inner product, by a scan.

        Query q has the distances and ids from the first array's number q on, up to the next.
        """
        queries = as_floats(as_vectors(x, "x", self.d))
        sign = -1 if self.metric_type == METRIC_L2 else 1
        ranges = self._index().search_range(queries, sign * thresh, plan="scan")
        inside = sign * ranges.scores < thresh if sign < 0 else ranges.scores > thresh
        ends = np.append(0, np.cumsum(inside))[ranges.indptr]
        distances = sign * ranges.scores[inside]
        return ends.astype(np.uint64), distances, ranges.ids[inside]

    def reconstruct(self, key: int) -> NDArray[np.float32]:
        """Return the vector of an id."""
        vector: NDArray[np.float32] = self.reconstruct_n(key, 1)[0]
        return vector

    def reconstruct_n(self, n0: int = 0, ni: int = -1) -> NDArray[np.float32]:
        """Return the vectors of consecutive ids."""
        first, count = whole(n0, "n0", -MOST_ID, MOST_ID), whole(ni, "ni", -MOST_ID, MOST_ID)
        last = first + (self.ntotal - first if count < 0 else count)
        own = self._index()
        ids = own.ids
        there = np.sort(ids[(ids >= first) & (ids < last)])
        if len(there) < last - first:
            holes = there != np.arange(first, first + len(there))
            missing = first + int(np.append(holes, True).argmax())
            raise RuntimeError(f"id {missing} not found")
        return own.get(there)

    def reset(self) -> None:
        """Remove all vectors."""
        self._own, self.hnsw.fixed = None, False

    def __repr__(self) -> str:
        return f"<vecq.integrations.faiss.{type(self).__name__} of {self.ntotal:,} x {self.d}>"

    def _index(self) -> vecq.Index:
        """The index, made when it is first needed: then the graph settings are known."""
        if self._own is None:
            own = vecq.Index(
                self.d,
                METRICS[self.metric_type],
                self._codec,
                m=self._m,
                ef_construction=self.hnsw.efConstruction,
            )
            self._own, self.hnsw.fixed = own, True
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


class IndexHNSWSQ(IndexHNSWFlat):
    """HNSW graph over codes: QT_8bit and QT_fp16."""

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
