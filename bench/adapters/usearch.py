"""USearch: HNSW over float32 and over int8."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting

METRICS = {"ip": "ip", "cosine": "cos", "l2": "l2sq"}


class Usearch(Adapter):
    """HNSW over float32 or int8."""

    sweeps_m = True
    module = package = "usearch"

    def __init__(self, *, codec: str = "fp32", m: int = 16, ef_construction: int = 200) -> None:
        self.name, self.codec = f"usearch {codec}", codec
        self.settings = {"connectivity": m, "expansion_add": ef_construction}
        self.largest = 1.0

    def prepare(self, vectors: Floats, metric: str) -> Any:
        """Quantize by one scale for all: its own int8 codes drop the length of vectors."""
        if self.codec == "fp32" or metric == "cosine":
            return vectors
        self.largest = float(np.abs(vectors).max()) or 1.0
        return _coded(vectors, self.largest)

    def prepare_queries(self, queries: Floats, metric: str) -> Any:
        if self.codec == "fp32" or metric == "cosine":
            return queries
        if metric == "l2":
            return _coded(queries, self.largest)
        largest = np.abs(queries).max(axis=1, keepdims=True)
        return _coded(queries, np.where(largest == 0, 1, largest))

    def empty(self, dim: int, metric: str) -> Any:
        from usearch.index import Index

        kind = {"fp32": "f32", "int8": "i8"}[str(self.codec)]
        return Index(ndim=dim, metric=METRICS[metric], dtype=kind, **self.settings)

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        self.index = self.empty(vectors.shape[1], metric)
        self.index.add(np.arange(len(vectors), dtype=np.uint64), vectors, threads=threads)

    def set(self, setting: Setting, k: int, threads: int) -> None:
        self.index.expansion_search = max(setting["ef"], k)
        self.threads = threads

    def search(self, queries: Floats, k: int) -> Any:
        return self.index.search(queries, k, threads=self.threads)

    def ids(self, answer: Any) -> Any:
        return np.atleast_2d(answer.keys).astype(np.int64)

    def scores(self, answer: Any) -> Any:
        return np.atleast_2d(answer.distances)

    def memory(self) -> int:
        return int(self.index.memory_usage)

    def file_bytes(self) -> int:
        return int(self.index.serialized_length)

    def save(self, path: Path) -> None:
        self.index.save(str(path))

    def load(self, path: Path, metric: str, dim: int, rows: int) -> None:
        self.index = self.empty(dim, metric)
        self.index.view(str(path))


def _coded(vectors: Floats, largest: Any) -> NDArray[np.int8]:
    """Quantize to -127 .. 127, so that `largest` becomes 127."""
    codes = np.clip(np.rint(vectors * (127 / largest)), -127, 127)
    return np.asarray(codes, np.int8)
