"""The RaBitQ library: SymphonyQG, HNSW and IVF over RaBitQ codes."""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from vecq.bench.adapters.adapter import Adapter, Floats
from vecq.bench.adapters.ladders import Setting, probes

# Its rotation and its k-means take vectors of at least 64 dimensions.
MIN_DIM = 64
MISSING = np.iinfo(np.uint32).max


class Rabitq(Adapter):
    """The base of all indexes of the library."""

    module = package = "rabitqlib"
    unit_vectors = True
    apart = True  # a CPU without AVX2 and FMA kills its process

    def prepare(self, vectors: Floats, metric: str) -> Floats:
        """Pad with zeros to the fewest dimensions that it takes."""
        missing = max(0, MIN_DIM - vectors.shape[1])
        return np.pad(super().prepare(vectors, metric), ((0, 0), (0, missing)))

    def empty(self, dim: int, rows: int, metric: str) -> Any:
        """Make an empty index."""
        raise NotImplementedError

    def fill(self, vectors: Floats, threads: int) -> None:
        """Build from k-means clusters."""
        import rabitqlib

        clusters = rabitqlib.RaBitQKMeans(
            vectors.shape[1], self.index_clusters(len(vectors)), num_threads=threads
        )
        clusters.train(vectors)
        self.index.build(vectors, clusters.centroids, clusters.assignments, threads)

    def index_clusters(self, rows: int) -> int:
        """Return the number of clusters whose centroids codes are relative to."""
        return min(16, rows)

    def build(self, vectors: Floats, metric: str, threads: int) -> None:
        self.index = self.empty(vectors.shape[1], len(vectors), "l2" if metric == "l2" else "ip")
        self.fill(vectors, threads)

    def set(self, setting: Setting, k: int, threads: int) -> None:
        self.width, self.threads = setting.get("nprobe") or max(setting["ef"], k), threads

    def search(self, queries: Floats, k: int) -> Any:
        return self.index.search(queries, k, self.width, num_threads=self.threads)

    def ids(self, answer: Any) -> Any:
        ids = answer[0].astype(np.int64)
        ids[answer[0] == MISSING] = -1
        return ids

    def save(self, path: Path) -> None:
        self.index.save(str(path))

    def load(self, path: Path, metric: str, dim: int, rows: int) -> None:
        self.index = type(self.empty(max(dim, MIN_DIM), rows, "l2")).load(str(path))


class SymphonyQg(Rabitq):
    """A quantized graph, built by PiPNN; its degree is a multiple of 32."""

    grid: ClassVar = {"max_degree": (32, 64)}

    def __init__(self, *, bits: int = 0, max_degree: int = 32, ef_construction: int = 200) -> None:
        self.name = f"rabitq SymphonyQG {f'{bits} bit' if bits else 'FP32'}"
        self.codec = f"rabitq{bits}" if bits else "fp32"
        self.bits = bits
        self.settings = {"max_degree": max_degree, "ef_construction": ef_construction}

    def empty(self, dim: int, rows: int, metric: str) -> Any:
        import rabitqlib

        return rabitqlib.SymqgIndex(dim, self.settings["max_degree"], metric, self.bits)

    def fill(self, vectors: Floats, threads: int) -> None:
        self.index.build(vectors, self.settings["ef_construction"], threads, init="pipnn")

    def search(self, queries: Floats, k: int) -> Any:
        return self.index.search_batch(queries, k, self.width, num_threads=self.threads)


class RabitqHnsw(Rabitq):
    """HNSW over 8-bit codes."""

    name, codec = "rabitq HNSW 8 bit", "rabitq8"
    sweeps_m = True

    def __init__(self, *, m: int = 16, ef_construction: int = 200) -> None:
        self.settings = {"M": m, "ef_construction": ef_construction}

    def empty(self, dim: int, rows: int, metric: str) -> Any:
        import rabitqlib

        return rabitqlib.HnswIndex(dim, rows, nbits=8, metric=metric, **self.settings)


class RabitqIvf(Rabitq):
    """Lists of codes; 4 and 8 bits differ in speed and in the recall that codes allow."""

    name = "rabitq IVF"
    grid: ClassVar = {"bits": (4, 8), "rows_per_list": (100, 400)}

    def __init__(self, *, bits: int = 8, rows_per_list: int = 100) -> None:
        self.codec = f"rabitq{bits}"
        self.settings = {"bits": bits, "rows_per_list": rows_per_list}

    def index_clusters(self, rows: int) -> int:
        return max(1, rows // int(self.settings["rows_per_list"]))

    def ladder(self, k: int, rows: int) -> list[Setting]:
        return [{"nprobe": count} for count in probes(self.index_clusters(rows))]

    def empty(self, dim: int, rows: int, metric: str) -> Any:
        import rabitqlib

        return rabitqlib.IvfIndex(
            dim, rows, self.index_clusters(rows), self.settings["bits"], metric
        )
