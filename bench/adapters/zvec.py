"""Zvec: a collection with an HNSW index over float32 and over int8."""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting

METRICS = {"ip": "IP", "cosine": "COSINE", "l2": "L2"}
# Documents per call of insert.
BLOCK = 1000


class Zvec(Adapter):
    """A collection. Its Python API takes one query per call, and answers with documents."""

    sweeps_m = True
    module = package = "zvec"
    batched = False

    def __init__(self, *, codec: str = "fp32", m: int = 16, ef_construction: int = 200) -> None:
        self.name, self.codec = f"zvec {codec}", codec
        self.settings = {"m": m, "ef_construction": ef_construction}
        self.folder: tempfile.TemporaryDirectory[str] | None = None

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        import zvec

        self.folder = tempfile.TemporaryDirectory(prefix="vecq-zvec-")
        kind = zvec.QuantizeType.INT8 if self.codec == "int8" else zvec.QuantizeType.UNDEFINED
        made = zvec.HnswIndexParam(
            getattr(zvec.MetricType, METRICS[metric]), quantize_type=kind, **self.settings
        )
        vector = zvec.VectorSchema("v", zvec.DataType.VECTOR_FP32, vectors.shape[1], made)
        schema = zvec.CollectionSchema("bench", vectors=vector)
        self.index = zvec.create_and_open(str(Path(self.folder.name) / "bench"), schema)
        for first in range(0, len(vectors), BLOCK):
            self.index.insert(
                [
                    zvec.Doc(id=str(first + number), vectors={"v": row})
                    for number, row in enumerate(vectors[first : first + BLOCK])
                ]
            )
        self.index.optimize(zvec.OptimizeOption(concurrency=threads))

    def set(self, setting: Setting, k: int, threads: int) -> None:
        import zvec

        self.query, self.options = zvec.Query, zvec.HnswQueryParam(ef=max(setting["ef"], k))

    def search(self, queries: Floats, k: int) -> Any:
        return [
            self.index.query(self.query("v", vector=query, param=self.options), topk=k)
            for query in queries
        ]

    def ids(self, answer: Any) -> Any:
        width = max((len(found) for found in answer), default=0)
        rows = [[int(doc.id) for doc in found] for found in answer]
        return np.array([row + [-1] * (width - len(row)) for row in rows], np.int64)

    def scores(self, answer: Any) -> Any:
        return None

    def file_bytes(self) -> int | None:
        if self.folder is None:
            return None
        # Its files are sparse: count allocated blocks.
        files = (path.stat() for path in Path(self.folder.name).rglob("*") if path.is_file())
        return sum(512 * file.st_blocks for file in files)

    def close(self) -> None:
        if self.folder is not None:
            self.index.destroy()
            self.folder.cleanup()
