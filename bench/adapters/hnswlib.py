"""hnswlib: HNSW over float32."""

from pathlib import Path
from typing import Any

from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting

# Rows per call of add_items; Ctrl-C is handled between calls.
BLOCK = 1 << 14


class Hnswlib(Adapter):
    """HNSW over float32."""

    sweeps_m = True
    name = "hnswlib FP32"
    module = package = "hnswlib"

    def __init__(self, *, m: int = 16, ef_construction: int = 200) -> None:
        self.settings = {"M": m, "ef_construction": ef_construction}

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        import hnswlib

        self.index = hnswlib.Index(metric, vectors.shape[1])
        self.index.init_index(len(vectors), **self.settings)
        for first in range(0, len(vectors), BLOCK):
            self.index.add_items(vectors[first : first + BLOCK], num_threads=threads)

    def set(self, setting: Setting, k: int, threads: int) -> None:
        self.index.set_ef(max(setting["ef"], k))
        self.threads = threads

    def search(self, queries: Floats, k: int) -> Any:
        return self.index.knn_query(queries, k, num_threads=self.threads)

    def file_bytes(self) -> int:
        return int(self.index.index_file_size())

    def save(self, path: Path) -> None:
        self.index.save_index(str(path))

    def load(self, path: Path, metric: str, dim: int, rows: int) -> None:
        import hnswlib

        self.index = hnswlib.Index(metric, dim)
        self.index.load_index(str(path), max_elements=rows)
