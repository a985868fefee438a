"""VSAG: HGraph over float32, and over 8-bit codes reranked on float32."""

import json
from typing import Any

import numpy as np

from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting


class Vsag(Adapter):
    """A graph whose maximum degree is 2 M. Its Python API takes one query per call.

    Saved files consist of blocks of many megabytes, so memory is the growth of the process.
    """

    sweeps_m = True
    module = package = "pyvsag"
    batched = False

    def __init__(self, *, codec: str = "fp32", m: int = 16, ef_construction: int = 200) -> None:
        self.name, self.codec = f"vsag {codec}", codec
        self.settings = {"max_degree": 2 * m, "ef_construction": ef_construction}
        coded = {"base_quantization_type": "sq8_uniform", "use_reorder": True}
        coded["precise_quantization_type"] = "fp32"
        self.settings |= {"base_quantization_type": "fp32"} if codec == "fp32" else coded

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        import pyvsag

        rows, dim = vectors.shape
        made = {**self.settings, "build_thread_count": threads}
        text = {"dtype": "float32", "metric_type": metric, "dim": dim, "index_param": made}
        self.index = pyvsag.Index("hgraph", json.dumps(text))
        self.index.build(np.ascontiguousarray(vectors).reshape(-1), np.arange(rows), rows, dim)

    def set(self, setting: Setting, k: int, threads: int) -> None:
        self.options = json.dumps({"hgraph": {"ef_search": max(setting["ef"], k)}})

    def search(self, queries: Floats, k: int) -> Any:
        return [self.index.knn_search(query, k, self.options) for query in queries]

    def ids(self, answer: Any) -> Any:
        return np.stack([ids for ids, _ in answer])

    def scores(self, answer: Any) -> Any:
        return np.stack([distances for _, distances in answer])
