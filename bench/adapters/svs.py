"""Scalable Vector Search: a Vamana graph over float32 and over its 8-bit LVQ codes."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting

DISTANCES = {"ip": "MIP", "cosine": "MIP", "l2": "L2"}


class Svs(Adapter):
    """A Vamana graph; its maximum degree is 2 M, as that of the lowest layer of HNSW."""

    sweeps_m = True
    module, package = "svs", "scalable-vs"
    unit_vectors = True
    concurrent = False  # searches of one index share its thread pool

    def __init__(self, *, codec: str = "fp32", m: int = 16, ef_construction: int = 200) -> None:
        self.name, self.codec = f"svs {codec}", codec
        self.apart = codec != "fp32"  # it exits where the CPU does not support its codes
        self.settings = {"graph_max_degree": 2 * m, "window_size": ef_construction}

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        import svs

        distance = getattr(svs.DistanceType, DISTANCES[metric])
        parameters = svs.VamanaBuildParameters(
            alpha=1.2 if metric == "l2" else 0.95, **self.settings
        )
        if self.codec == "fp32":
            self.index = svs.Vamana.build(parameters, vectors, distance, num_threads=threads)
            return
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "vectors.fvecs"
            svs.write_vecs(vectors, path)
            data = svs.VectorDataLoader(str(path), svs.DataType.float32)
            loader = svs.LVQLoader(data, primary=8)
            self.index = svs.Vamana.build(parameters, loader, distance, num_threads=threads)

    def set(self, setting: Setting, k: int, threads: int) -> None:
        self.index.search_window_size = max(setting["ef"], k)
        if self.index.num_threads != threads:
            self.index.num_threads = threads

    def search(self, queries: Floats, k: int) -> Any:
        return self.index.search(queries, k)

    def ids(self, answer: Any) -> Any:
        return answer[0].astype(np.int64)
