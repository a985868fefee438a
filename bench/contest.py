"""The contestants of bench.core: indexes of vecq, hnswlib and faiss behind one face."""

import time
from collections.abc import Callable
from typing import Any

import faiss
import hnswlib
import numpy as np
from numpy.typing import NDArray

import vecq
from vecq.datasets import Dataset

Search = Callable[[NDArray[np.float32]], Any]


class Contestant:
    """An index of some library: how it is built, searched on one thread, and looked into."""

    bytes_are = "serialised"  # what is counted as its memory

    def __init__(self, name: str) -> None:
        self.name = name
        self.build_seconds = self.bytes_per_vector = 0.0
        self.queries = np.empty((0, 0), np.float32)

    def enter(self, data: Dataset, threads: int) -> None:
        """Builds the index, which is timed, from vectors in the form it wants, which is not."""
        train = self.prepare(data.train, data.metric)
        start = time.perf_counter()
        self.build(train, data.metric, threads)
        self.build_seconds = time.perf_counter() - start
        self.bytes_per_vector = self.bytes() / len(train)
        self.queries = self.prepare(data.test, data.metric)

    def summary(self) -> dict[str, object]:
        names = ("name", "build_seconds", "bytes_per_vector", "bytes_are")
        return {name: getattr(self, name) for name in names}

    def prepare(self, vectors: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
        """Vectors in the form that the index wants."""
        return vectors

    def build(self, train: NDArray[np.float32], metric: str, threads: int) -> None:
        raise NotImplementedError

    def bytes(self) -> int:
        raise NotImplementedError

    def searcher(self, k: int, ef: int) -> Search:
        """A function from queries to an answer, with as little around it as there can be."""
        raise NotImplementedError

    def ids(self, answer: Any) -> NDArray[np.int64]:
        raise NotImplementedError

    def forget(self) -> None:
        """Begins to count hops and distances anew."""

    def counts(self, answers: list[Any]) -> tuple[int, int] | None:
        """Hops and distances of these answers, the only ones since `forget`; None: not known."""
        return None


class Vecq(Contestant):
    bytes_are = "stats"

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name)
        self.options = options
        self.index: vecq.Index

    def build(self, train: NDArray[np.float32], metric: str, threads: int) -> None:
        self.index = vecq.Index(train.shape[1], metric, **self.options)
        self.index.add(train, threads=threads, progress=False)

    def bytes(self) -> int:
        return self.index.stats().bytes

    def searcher(self, k: int, ef: int) -> Search:
        search = self.index.search
        return lambda rows: search(rows, k, ef=ef, threads=1)

    def ids(self, answer: vecq.Result) -> NDArray[np.int64]:
        return answer.ids

    def counts(self, answers: list[vecq.Result]) -> tuple[int, int]:
        return sum(a.hops for a in answers), sum(a.distances for a in answers)


class Hnswlib(Contestant):
    M, EF_CONSTRUCTION = 16, 200

    def build(self, train: NDArray[np.float32], metric: str, threads: int) -> None:
        self.index = hnswlib.Index(metric, train.shape[1])
        self.index.init_index(len(train), M=self.M, ef_construction=self.EF_CONSTRUCTION)
        self.index.add_items(train, num_threads=threads)

    def bytes(self) -> int:
        return int(self.index.index_file_size())

    def searcher(self, k: int, ef: int) -> Search:
        self.index.set_ef(ef)
        search = self.index.knn_query
        return lambda rows: search(rows, k, num_threads=1)

    def ids(self, answer: Any) -> NDArray[np.int64]:
        return answer[0].astype(np.int64)


class Faiss(Contestant):
    M, EF_CONSTRUCTION = 32, 200

    def __init__(self, name: str, coded: bool) -> None:
        super().__init__(name)
        self.coded = coded

    def prepare(self, vectors: NDArray[np.float32], metric: str) -> NDArray[np.float32]:
        return unit(vectors) if metric == "cosine" else vectors

    def build(self, train: NDArray[np.float32], metric: str, threads: int) -> None:
        kind, dim = faiss_metric(metric), train.shape[1]
        if self.coded:
            self.index = faiss.IndexHNSWSQ(dim, faiss.ScalarQuantizer.QT_8bit, self.M, kind)
        else:
            self.index = faiss.IndexHNSWFlat(dim, self.M, kind)
        self.index.hnsw.efConstruction = self.EF_CONSTRUCTION
        faiss.omp_set_num_threads(threads)
        self.index.train(train)
        self.index.add(train)

    def bytes(self) -> int:
        sizes: list[int] = []
        writer = faiss.PyCallbackIOWriter(lambda part: sizes.append(len(part)))
        faiss.write_index(self.index, writer)
        return sum(sizes)

    def searcher(self, k: int, ef: int) -> Search:
        faiss.omp_set_num_threads(1)
        search, params = self.index.search, faiss.SearchParametersHNSW(efSearch=ef)
        return lambda rows: search(rows, k, params=params)

    def ids(self, answer: Any) -> NDArray[np.int64]:
        return answer[1]

    def forget(self) -> None:
        faiss.cvar.hnsw_stats.reset()

    def counts(self, answers: list[Any]) -> tuple[int, int]:
        return faiss.cvar.hnsw_stats.nhops, faiss.cvar.hnsw_stats.ndis


def contestants(only: str | None) -> list[Contestant]:
    """All of them, or those of the names that are separated by commas."""
    everyone = [
        Vecq("vecq int8"),
        Vecq("vecq fp32", codec="fp32"),
        Vecq("vecq int8+fp16", rerank="fp16"),
        Hnswlib("hnswlib FP32"),
        Faiss("faiss HNSWFlat", coded=False),
        Faiss("faiss HNSWSQ 8 bit", coded=True),
    ]
    names = None if only is None else only.split(",")
    return [one for one in everyone if names is None or one.name in names]


def true_ids(data: Dataset, k: int, threads: int) -> NDArray[np.int64]:
    """The ids of the `k` best rows for every query, by faiss's exact search."""
    faiss.omp_set_num_threads(threads)
    train, test = data.train, data.test
    if data.metric == "cosine":
        train, test = unit(train), unit(test)
    return faiss.knn(test, train, k, metric=faiss_metric(data.metric))[1]


def faiss_metric(metric: str) -> int:
    return faiss.METRIC_L2 if metric == "l2" else faiss.METRIC_INNER_PRODUCT


def unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Vectors of length 1; zero stays zero."""
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.where(norms == 0, 1, norms)
