"""ScaNN: a tree over anisotropic 4-bit product quantization, reordered on float32."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting, probes

DISTANCES = {"ip": "dot_product", "cosine": "dot_product", "l2": "squared_l2"}


class Scann(Adapter):
    """A tree of partitions. Its threshold of 0.2 is the one that its authors publish."""

    name, codec = "scann", "pq4"
    module = package = "scann"
    unit_vectors = True
    apart = True  # its runtime logs to stderr and owns threads
    grid: ClassVar = {"rows_per_leaf": (100, 400)}

    def __init__(self, *, rows_per_leaf: int = 100, dims_per_code: int = 2) -> None:
        self.settings = {"rows_per_leaf": rows_per_leaf, "dims_per_code": dims_per_code}

    def leaves(self, rows: int) -> int:
        return max(1, rows // int(self.settings["rows_per_leaf"]))

    def ladder(self, k: int, rows: int) -> list[Setting]:
        return [
            {"leaves": count, "reorder": k * (4 if count < 8 else 10 if count < 64 else 20)}
            for count in probes(self.leaves(rows))
        ]

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        from scann import scann_ops_pybind

        leaves, codes = self.leaves(len(vectors)), self.settings["dims_per_code"]
        # Training takes at least 10 rows per leaf, and at least the default of 100,000.
        sample = min(len(vectors), max(100_000, 10 * leaves))
        builder = scann_ops_pybind.builder(vectors, 10, DISTANCES[metric])
        builder.set_n_training_threads(threads)
        builder.tree(leaves, leaves, training_sample_size=sample, spherical=metric == "cosine")
        threshold = float("nan") if metric == "l2" else 0.2
        builder.score_ah(codes, anisotropic_quantization_threshold=threshold)
        self.index = builder.reorder(10).build()

    def set(self, setting: Setting, k: int, threads: int) -> None:
        self.setting = (max(setting["reorder"], k), setting["leaves"])
        self.index.set_num_threads(threads)
        parallel, index = threads > 1, self.index
        self.call = index.search_batched_parallel if parallel else index.search_batched

    def search(self, queries: Floats, k: int) -> Any:
        return self.call(queries, k, *self.setting)

    def ids(self, answer: Any) -> Any:
        # Where fewer were found, it pads with id 0 and NaN.
        return np.where(np.isnan(answer[1]), -1, answer[0].astype(np.int64))

    def save(self, path: Path) -> None:
        path.mkdir()
        self.index.serialize(str(path))

    def load(self, path: Path, metric: str, dim: int, rows: int) -> None:
        from scann import scann_ops_pybind

        self.index = scann_ops_pybind.load_searcher(str(path))
